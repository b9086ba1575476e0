/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Old code in processes, on made-up trees below a folder of the test's own. */
#include "src/source/running-code.h"
#include "src/source/running-script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "running-tree.h"

#include "hulltop/base/mem.h"
#include "hulltop/base/clock.h"
#include "src/source/net-table.h"
#include "src/source/running-maps.h"

/* ---- lines ---- */

struct line {
    const char *text;
    bool used;
    const char *plain;
    bool deleted;
    bool passing;
};

static void mappings_are_read_as_the_kernel_writes_them(void **state)
{
    static const struct line lines[] = {
        {"7f00-7f01 r-xp 00000000 fe:01 42   /usr/lib/x.so", true, "/usr/lib/x.so", false, false},
        {"7f00-7f01 r--p 00000000 fe:01 42   /usr/lib/x.so", false, NULL, false, false},
        {"7f00-7f01 r-xp 00000000 fe:01 42   /usr/lib/x.so (deleted)", true, "/usr/lib/x.so", true,
         false},
        {"7f00-7f01 r-xp 00000000 fe:01 42   /usr/lib/x.so.dpkg-new (deleted)", true,
         "/usr/lib/x.so", true, false},
        {"7f00-7f01 r-xp 00000000 fe:01 42   /usr/lib/x.so;5f3a9c01 (deleted)", true,
         "/usr/lib/x.so", true, false},
        {"7f00-7f01 r-xp 00000000 fe:01 42   /opt/a;bcd (deleted)", true, "/opt/a;bcd", true,
         false},
        {"7f00-7f01 r-xp 00000000 00:01 42   /memfd:jit (deleted)", true, "/memfd:jit", true, true},
        {"7f00-7f01 rwxs 00000000 00:05 42   /dev/zero (deleted)", true, "/dev/zero", true, true},
        {"7f00-7f01 rwxs 00000000 00:01 42   /SYSV00000000 (deleted)", true, "/SYSV00000000", true,
         true},
        {"7f00-7f01 r-xp 00000000 fe:01 42   /var/lib/x/#8812 (deleted)", true, "/var/lib/x/#8812",
         true, true},
        {"7f00-7f01 r-xp 00000000 fe:01 42   /home/u/.cache/JNA/temp/jna1.tmp (deleted)", true,
         "/home/u/.cache/JNA/temp/jna1.tmp", true, true},
        {"7f00-7f01 r-xp 00000000 fe:01 42   /srv/a b\\012c.so", true, "/srv/a b\\012c.so", false,
         false},
        {"7ffc-7ffd r-xp 00000000 00:00 0    [vdso]", false, NULL, false, false},
        {"7ffc-7ffd r-xp 00000000 00:00 0", false, NULL, false, false},
        {"7f00-7f01 r-xp 00000000 fe:01 0    /usr/lib/x.so", false, NULL, false, false},
        {"7f00-7f01 r-xp 00000000 fe:01 99999999999999999999999 /x", false, NULL, false, false},
        {"", false, NULL, false, false},
        {" r-xp", false, NULL, false, false},
        {"7f00-7f01 r-x", false, NULL, false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct ht_str text = ht_str_from(lines[i].text);
        struct ht_mapping mapping;
        bool deleted;

        if (ht_maps_next(&text, &mapping) != lines[i].used)
            fail_msg("line %zu is taken wrongly", i);
        if (!lines[i].used)
            continue;
        assert_int_equal(mapping.inode, 42);
        struct ht_str plain = ht_maps_plain_path(mapping.path, &deleted);
        if (!ht_str_is(plain, lines[i].plain) || deleted != lines[i].deleted ||
            ht_maps_is_passing(plain) != lines[i].passing)
            fail_msg("line %zu: %.*s", i, HT_STR_ARG(plain));
    }
}

static void listeners_are_told_from_the_tables(void **state)
{
    struct ht_str tcp = HT_S("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
                             "retrnsmt   uid  timeout "
                             "inode\n"
                             "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 "
                             "00000000     0        0 "
                             "111 1 0 100 0 0 10 0\n"
                             "   1: 0100007F:0CEA 00000000:0000 0A 00000000:00000000 00:00000000 "
                             "00000000     0        0 "
                             "112 1 0 100 0 0 10 0\n"
                             "   2: 0100007F:0016 0100007F:9999 01 00000000:00000000 00:00000000 "
                             "00000000     0        0 "
                             "113 1 0 100 0 0 10 0\n"
                             "broken\n   3: 00:00 00 0A\n");
    struct ht_str udp6 =
        HT_S("  0: 00000000000000000000000000000000:0035 00000000000000000000000000000000:0000 07 "
             "00000000:00000000 00:00000000 00000000 0 0 114 2 0 0\n");
    struct ht_listening listener;

    (void)state;
    assert_true(ht_listen_next(&tcp, "tcp", &listener));
    assert_string_equal(listener.address, "tcp 0.0.0.0:22");
    assert_int_equal(listener.inode, 111);
    assert_false(listener.loopback);
    assert_true(ht_listen_next(&tcp, "tcp", &listener));
    assert_true(listener.loopback);
    assert_false(ht_listen_next(&tcp, "tcp", &listener));
    assert_true(ht_listen_next(&udp6, "udp6", &listener));
    assert_string_equal(listener.address, "udp [::]:53");
}

/* ---- trees ---- */

static struct seen look(const struct tree *tree)
{
    struct ht_running *running = open_tree(tree);
    struct seen seen = look_with(running);

    ht_running_free(running);
    return seen;
}

static const struct ht_stale_process *row_of(const struct seen *seen, const char *id)
{
    const struct ht_row *row = ht_node_find(seen->node, HT_TABLE_STALE_PROCESS, ht_str_from(id));

    return row ? ht_stale_process_of(row) : NULL;
}

static void replaced_and_deleted_files_are_found(void **state)
{
    const struct tree *tree = *state;

    put(tree, "root/usr/lib/new.so", "new");
    put_process(tree, 10, "mnt:[1]", "/usr/sbin/server",
                "7f00-7f01 r-xp 00000000 fe:01 7 /usr/lib/new.so (deleted)\n"
                "7f00-7f01 r--p 00000000 fe:01 7 /usr/lib/new.so (deleted)\n"
                "7f00-7f01 r-xp 00000000 fe:01 8 /usr/lib/gone.so.dpkg-new (deleted)\n"
                "7f00-7f01 r-xp 00000000 00:01 9 /memfd:x (deleted)\n");
    put_process(tree, 11, "mnt:[1]", "/memfd:runc_cloned (deleted)",
                "7f00-7f01 r-xp 00000000 00:01 9 /memfd:runc_cloned (deleted)\n");

    struct seen seen = look(tree);
    const struct ht_stale_process *row = row_of(&seen, "10-8812");

    assert_int_equal(seen.sum.stale, 1);
    assert_int_equal(seen.sum.compared, 3);
    assert_non_null(row);
    assert_int_equal(row->files.len, 2);
    assert_true(ht_str_is(row->files.items[0], "/usr/lib/new.so"));
    assert_true(ht_str_is(row->files.items[1], "/usr/lib/gone.so"));
    assert_int_equal(row->kind, HT_STALE_KIND_LIBRARY);
    assert_true(ht_str_is(row->unit, "server.service"));
    assert_true(ht_str_is(row->name, "server"));
    assert_true(row->replaced_at > 0);
    assert_true(row->started_at ==
                (INT64_C(1795000000) + 8812 / sysconf(_SC_CLK_TCK)) * HT_NS_PER_S);
    ht_node_unref(seen.node);
}

static void a_replaced_executable_is_told_from_a_deleted_one(void **state)
{
    const struct tree *tree = *state;

    put(tree, "root/usr/sbin/server", "new");
    put_process(tree, 10, "mnt:[1]", "/usr/sbin/server (deleted)",
                "7f00-7f01 r-xp 00000000 fe:01 7 /usr/sbin/server (deleted)\n");
    put_process(tree, 12, "mnt:[1]", "/usr/sbin/agent (deleted)", "");

    struct seen seen = look(tree);
    const struct ht_stale_process *row = row_of(&seen, "10-8812");

    assert_non_null(row);
    assert_int_equal(row->kind, HT_STALE_KIND_EXECUTABLE);
    assert_int_equal(row->files.len, 1);
    assert_true(ht_str_is(row->exe, "/usr/sbin/server"));
    row = row_of(&seen, "12-8812");
    assert_non_null(row);
    assert_int_equal(row->kind, HT_STALE_KIND_EXECUTABLE_GONE);
    ht_node_unref(seen.node);
}

static void containers_are_their_images_affair(void **state)
{
    const struct tree *tree = *state;
    static const char maps[] = "7f00-7f01 r-xp 00000000 fe:01 7 /usr/lib/x.so (deleted)\n";
    char root[600];

    put_process(tree, 20, "mnt:[2]", "/usr/bin/app", maps);
    snprintf(root, sizeof(root), "%s/image", tree->base);
    put_link(tree, "proc/20/root", root);
    /* A service with PrivateTmp has a namespace of its own and the node's root. */
    put_process(tree, 21, "mnt:[3]", "/usr/bin/service", maps);
    snprintf(root, sizeof(root), "%s/root", tree->base);
    put_link(tree, "proc/21/root", root);

    struct seen seen = look(tree);
    const struct ht_row *sum = ht_node_find(seen.node, HT_TABLE_RUNNING_CODE, HT_S("running"));

    assert_null(row_of(&seen, "20-8812"));
    assert_non_null(row_of(&seen, "21-8812"));
    assert_int_equal(seen.sum.contained, 1);
    assert_non_null(sum);
    assert_int_equal(ht_running_code_of(sum)->contained, 1);
    ht_node_unref(seen.node);
}

/* Behind processes of containers the next is likely one of theirs too; whoever is not is found. */
static void nobody_is_hidden_among_containers(void **state)
{
    enum { FIRST = 100, END = 220 };
    static const char maps[] = "7f00-7f01 r-xp 00000000 fe:01 7 /usr/lib/x.so (deleted)\n";
    const struct tree *tree = *state;
    size_t own = 0;

    for (unsigned pid = FIRST; pid < END; pid++) {
        bool is_service = pid % 7 == 0, is_own = is_service || pid % 5 == 0;
        char root[600], name[64];

        own += is_own;
        put_process(tree, pid,
                    is_service ? "mnt:[3]"
                    : is_own   ? "mnt:[1]"
                               : "mnt:[2]",
                    "/usr/bin/app", maps);
        snprintf(root, sizeof(root), "%s/%s", tree->base, is_own ? "root" : "image");
        snprintf(name, sizeof(name), "proc/%u/root", pid);
        put_link(tree, name, root);
    }

    struct seen seen = look(tree);

    assert_int_equal(seen.sum.stale, own);
    assert_int_equal(seen.sum.compared, own + 1);
    assert_int_equal(seen.sum.contained, END - FIRST - own);
    for (unsigned pid = FIRST; pid < END; pid++) {
        char id[64];

        snprintf(id, sizeof(id), "%u-8812", pid);
        assert_int_equal(row_of(&seen, id) != NULL, pid % 7 == 0 || pid % 5 == 0);
    }
    ht_node_unref(seen.node);
}

/* A program at its place, as a process that runs it maps it. */
struct program {
    char path[700];
    char maps[900];
};

static void put_program(const struct tree *tree, struct program *program)
{
    char below[1300];
    struct stat facts;

    put(tree, "root/usr/bin/app", "program");
    snprintf(program->path, sizeof(program->path), "%s/root/usr/bin/app", tree->base);
    /* The links of made-up processes lead there outside of the root as well. */
    snprintf(below, sizeof(below), "root%s", program->path);
    put(tree, below, "");
    snprintf(below, sizeof(below), "%s/root%s", tree->base, program->path);
    assert_int_equal(unlink(below), 0);
    assert_int_equal(link(program->path, below), 0);
    assert_int_equal(stat(program->path, &facts), 0);
    snprintf(program->maps, sizeof(program->maps), "5500-5501 r-xp 00000000 %02x:%02x %llu %s\n",
             major(facts.st_dev), minor(facts.st_dev), (unsigned long long)facts.st_ino,
             program->path);
}

/* Of the processes of one program all but the first are asked for less; whichever that is. */
static void processes_of_one_program_are_told_apart(void **state)
{
    const struct tree *tree = *state;
    char maps[1000], root[600];
    struct program program;

    put_program(tree, &program);
    put(tree, "root/usr/lib/x.so", "new");
    snprintf(maps, sizeof(maps), "%s7f00-7f01 r-xp 00000000 fe:01 7 /usr/lib/x.so (deleted)\n",
             program.maps);
    for (unsigned pid = 20; pid < 50; pid += 3) {
        char name[64];

        put_process(tree, pid, "mnt:[1]", program.path, program.maps);
        snprintf(name, sizeof(name), "proc/%u/cmdline", pid);
        put(tree, name, "app");
        put_process(tree, pid + 1, "mnt:[1]", program.path, maps);
        put_process(tree, pid + 2, "mnt:[2]", program.path, maps);
        snprintf(root, sizeof(root), "%s/image", tree->base);
        snprintf(name, sizeof(name), "proc/%u/root", pid + 2);
        put_link(tree, name, root);
    }

    struct seen seen = look(tree);
    const struct ht_stale_process *row = row_of(&seen, "21-8812");

    assert_non_null(row);
    assert_int_equal(row->kind, HT_STALE_KIND_LIBRARY);
    assert_true(ht_str_is(row->exe, program.path));
    assert_null(row_of(&seen, "20-8812"));
    assert_null(row_of(&seen, "22-8812"));
    assert_int_equal(seen.sum.stale, 10);
    assert_int_equal(seen.sum.contained, 10);
    assert_int_equal(seen.sum.compared, 21);
    assert_int_equal(seen.sum.denied, 0);
    ht_node_unref(seen.node);
}

/* One in a root of its own that maps the node's very program, and nothing old, is its container's
 * too, whoever was looked at before. */
static void a_known_program_in_a_container_is_the_containers(void **state)
{
    const struct tree *tree = *state;
    char root[600];
    struct program program;

    put_program(tree, &program);
    snprintf(root, sizeof(root), "%s/image", tree->base);
    for (unsigned pid = 20; pid < 60; pid++) {
        bool is_own = pid % 4 < 2;
        char name[64];

        put_process(tree, pid, is_own ? "mnt:[1]" : "mnt:[2]", program.path, program.maps);
        snprintf(name, sizeof(name), "proc/%u/root", pid);
        if (!is_own)
            put_link(tree, name, root);
    }

    struct seen seen = look(tree);

    assert_int_equal(seen.sum.contained, 20);
    assert_int_equal(seen.sum.compared, 21);
    ht_node_unref(seen.node);
}

/* A file that is mapped first tells of no program: of each process the executable is asked. */
static void what_is_no_program_is_asked_about_each_time(void **state)
{
    const struct tree *tree = *state;
    struct program program;

    put_program(tree, &program);
    put_process(tree, 20, "mnt:[1]", "/usr/bin/other", program.maps);
    put_process(tree, 21, "mnt:[1]", "/usr/bin/gone (deleted)", program.maps);

    struct seen seen = look(tree);

    assert_int_equal(seen.sum.compared, 3);
    assert_non_null(row_of(&seen, "21-8812"));
    ht_node_unref(seen.node);
}

static void names_that_only_look_deleted_are_not(void **state)
{
    const struct tree *tree = *state;
    char path[1024], maps[512];
    struct stat facts;

    put(tree, "root/opt/odd (deleted)", "real");
    put(tree, "root/opt/line\nbreak.so", "real");
    snprintf(path, sizeof(path), "%s/root/opt/odd (deleted)", tree->base);
    assert_int_equal(stat(path, &facts), 0);
    snprintf(maps, sizeof(maps),
             "7f00-7f01 r-xp 00000000 fe:01 %llu /opt/odd (deleted)\n"
             "7f00-7f01 r-xp 00000000 fe:01 7 /opt/line\\012break.so (deleted)\n",
             (unsigned long long)facts.st_ino);
    put_process(tree, 30, "mnt:[1]", "/usr/bin/app", maps);

    struct seen seen = look(tree);
    const struct ht_stale_process *row = row_of(&seen, "30-8812");

    assert_non_null(row);
    assert_int_equal(row->files.len, 1);
    assert_true(ht_str_is(row->files.items[0], "/opt/line\nbreak.so"));
    assert_int_equal(row->kind, HT_STALE_KIND_LIBRARY);
    assert_true(row->replaced_at > 0);
    ht_node_unref(seen.node);
}

/* A program where files come and go, the last part of its path, and what is told of it. */
struct passing {
    const char *exe;
    const char *file; /* that is there now, below the root */
    const char *link; /* likewise, one that leads nowhere */
    bool told;
    enum ht_stale_kind kind;
};

static void programs_of_passing_places_are_old_if_others_have_them(void **state)
{
    const struct tree *tree = *state;
    static const struct passing all[] = {
        {"/tmp/gone", NULL, NULL, false, HT_STALE_KIND_EXECUTABLE},
        {"/memfd:cloned", NULL, NULL, false, HT_STALE_KIND_EXECUTABLE},
        {"/var/tmp/#12", NULL, NULL, false, HT_STALE_KIND_EXECUTABLE},
        {"/tmp/new", "root/tmp/new", NULL, true, HT_STALE_KIND_EXECUTABLE},
        {"/dev/shm/new", "root/dev/shm/new", NULL, true, HT_STALE_KIND_EXECUTABLE},
        {"/run/new.dpkg-new", "root/run/new.dpkg-new", NULL, true, HT_STALE_KIND_EXECUTABLE},
        {"/tmp/a.dpkg-new", "root/tmp/a", NULL, false, HT_STALE_KIND_EXECUTABLE},
        {"/tmp/link", NULL, "root/tmp/link", true, HT_STALE_KIND_EXECUTABLE},
        {"/tmp/file/below", "root/tmp/file", NULL, true, HT_STALE_KIND_EXECUTABLE_GONE},
    };
    size_t told = 0;

    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        char exe[128], maps[256];

        snprintf(exe, sizeof(exe), "%s (deleted)", all[i].exe);
        snprintf(maps, sizeof(maps), "5500-5501 r-xp 00000000 00:01 7 %s\n", exe);
        put_process(tree, 40 + (unsigned)i, "mnt:[1]", exe, maps);
        if (all[i].file)
            put(tree, all[i].file, "new");
        if (all[i].link)
            put_link(tree, all[i].link, "nowhere");
    }
    /* Another process of one of them, and a library alone. */
    put_process(tree, 60, "mnt:[1]", "/tmp/new (deleted)",
                "5500-5501 r-xp 00000000 00:01 7 /tmp/new (deleted)\n");
    put_process(tree, 61, "mnt:[1]", "/usr/bin/app",
                "7f00-7f01 r-xp 00000000 00:01 7 /tmp/new (deleted)\n");

    struct seen seen = look(tree);

    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        char id[32];

        snprintf(id, sizeof(id), "%zu-8812", 40 + i);
        const struct ht_stale_process *row = row_of(&seen, id);
        if (all[i].told != (row != NULL))
            fail_msg("%s is %stold", all[i].exe, row ? "" : "not ");
        told += all[i].told;
        if (!row)
            continue;
        assert_int_equal(row->kind, all[i].kind);
        assert_int_equal(row->files.len, 1);
        assert_true(ht_str_is(row->files.items[0], all[i].exe));
        assert_int_equal(ht_stale_process_has_replaced_at(row),
                         all[i].kind == HT_STALE_KIND_EXECUTABLE);
    }
    assert_non_null(row_of(&seen, "60-8812"));
    assert_null(row_of(&seen, "61-8812"));
    assert_int_equal(seen.sum.stale, told + 1);
    ht_node_unref(seen.node);
}

/* As runc starts a container: from a mount of itself that has no place any more. */
static void a_program_of_a_mount_without_a_place_is_not_replaced(void **state)
{
    const struct tree *tree = *state;
    char maps[512];
    struct stat facts;

    assert_int_equal(stat(tree->base, &facts), 0);
    snprintf(maps, sizeof(maps), "7f00-7f01 r-xp 00000000 %02x:%02x 7 /\n", major(facts.st_dev),
             minor(facts.st_dev));
    put_process(tree, 31, "mnt:[1]", "/", maps);

    struct seen seen = look(tree);
    assert_null(row_of(&seen, "31-8812"));
    assert_int_equal(seen.sum.stale, 0);
    ht_node_unref(seen.node);
}

static void packages_are_named_across_merged_folders(void **state)
{
    const struct tree *tree = *state;

    put(tree, "root/var/lib/dpkg/info/libx1:amd64.list", "/.\n/lib\n/lib/libx.so.1\n");
    put(tree, "root/var/lib/dpkg/info/server.list", "/.\n/usr/sbin/server\n");
    put(tree, "root/var/lib/dpkg/info/server.md5sums", "/usr/lib/y.so\n");
    put_process(tree, 40, "mnt:[1]", "/usr/sbin/server (deleted)",
                "7f00-7f01 r-xp 00000000 fe:01 7 /usr/sbin/server (deleted)\n"
                "7f00-7f01 r-xp 00000000 fe:01 8 /usr/lib/libx.so.1 (deleted)\n"
                "7f00-7f01 r-xp 00000000 fe:01 9 /usr/lib/y.so (deleted)\n");

    struct seen seen = look(tree);
    const struct ht_stale_process *row = row_of(&seen, "40-8812");

    assert_non_null(row);
    assert_int_equal(row->packages.len, 2);
    assert_true(ht_str_is(row->packages.items[0], "server"));
    assert_true(ht_str_is(row->packages.items[1], "libx1"));
    ht_node_unref(seen.node);
}

static void packages_of_apk_are_named_too(void **state)
{
    const struct tree *tree = *state;

    put(tree, "root/lib/apk/db/installed",
        "P:musl\nV:1.2.5-r0\nF:lib\nR:ld-musl-x86_64.so.1\n\nP:other\nV:1\nF:usr/lib\nR:z.so\n");
    put_process(tree, 41, "mnt:[1]", "/sbin/init",
                "7f00-7f01 r-xp 00000000 fe:01 7 /lib/ld-musl-x86_64.so.1 (deleted)\n");

    struct seen seen = look(tree);
    const struct ht_stale_process *row = row_of(&seen, "41-8812");

    assert_non_null(row);
    assert_int_equal(row->packages.len, 1);
    assert_true(ht_str_is(row->packages.items[0], "musl"));
    ht_node_unref(seen.node);
}

static void listening_sockets_are_told_of_old_code(void **state)
{
    const struct tree *tree = *state;

    put_process(tree, 50, "mnt:[1]", "/usr/sbin/server (deleted)", "");
    put_link(tree, "proc/50/fd/3", "socket:[111]");
    put_link(tree, "proc/50/fd/4", "socket:[112]");
    put_link(tree, "proc/50/fd/5", "/dev/null");
    put(tree, "proc/50/net/tcp",
        "  0: 00000000:0016 00000000:0000 0A 0:0 00:0 0 0 0 111 1\n"
        "  1: 0100007F:0017 00000000:0000 0A 0:0 00:0 0 0 0 112 1\n"
        "  2: 00000000:0018 00000000:0000 0A 0:0 00:0 0 0 0 999 1\n");

    struct seen seen = look(tree);
    const struct ht_stale_process *row = row_of(&seen, "50-8812");

    assert_non_null(row);
    assert_true(ht_stale_process_has_listens(row));
    assert_int_equal(row->listens.len, 1);
    assert_true(ht_str_is(row->listens.items[0], "tcp 0.0.0.0:22"));
    ht_node_unref(seen.node);
}

/* As of a path that is longer than the kernel tells: here the name is too long to be looked up. */
static void an_executable_with_too_long_a_path_is_told(void **state)
{
    const struct tree *tree = *state;
    char name[300];

    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    put_link(tree, "proc/62", name);

    struct seen seen = look(tree);
    assert_int_equal(seen.sum.cut, 1);
    ht_node_unref(seen.node);
}

static void many_files_are_cut_and_told(void **state)
{
    const struct tree *tree = *state;
    ht_autobuf struct ht_buf maps = HT_BUF(64 * 1024);

    for (int i = 0; i < 70; i++)
        ht_buf_addf(&maps, "7f00-7f01 r-xp 00000000 fe:01 %d /usr/lib/x%d.so (deleted)\n", i + 1,
                    i);
    put_process(tree, 60, "mnt:[1]", "/usr/bin/app", maps.data);

    struct seen seen = look(tree);
    const struct ht_stale_process *row = row_of(&seen, "60-8812");

    assert_non_null(row);
    assert_int_equal(row->files.len, 50);
    assert_int_equal(row->files_cut, 20);
    ht_node_unref(seen.node);
}

/* 10,050 files, fifty to a process. */
static void more_files_than_are_looked_at_are_told(void **state)
{
    const struct tree *tree = *state;

    for (unsigned pid = 0; pid < 201; pid++) {
        ht_autobuf struct ht_buf maps = HT_BUF(64 * 1024);

        for (unsigned i = 0; i < 50; i++)
            ht_buf_addf(&maps, "7f00-7f01 r-xp 00000000 fe:01 %u /usr/lib/%u-%u.so (deleted)\n",
                        pid * 50 + i + 1, pid, i);
        put_process(tree, 100 + pid, "mnt:[1]", "/usr/bin/app", maps.data);
    }

    struct seen seen = look(tree);
    const struct ht_row *row = ht_node_find(seen.node, HT_TABLE_RUNNING_CODE, HT_S("running"));

    assert_int_equal(seen.sum.cut, 50);
    assert_non_null(row);
    assert_int_equal(ht_running_code_of(row)->cut, 50);
    assert_int_equal(seen.sum.stale, 200);
    ht_node_unref(seen.node);
}

static void all_that_was_not_seen_is_told(void **state)
{
    static const struct {
        struct ht_running_sum sum;
        bool as_root, whole;
        const char *text;
    } cases[] = {
        {{.compared = 7, .stale = 2},
         true,
         true,
         "7 processes of the node compared, 2 run old code"},
        {{.compared = 7, .denied = 2, .denied_pid = 12, .denied_name = "sshd", .cut = 3},
         false,
         false,
         "2 of 9 processes of the node could not be read (pid 12, sshd, ...); more is mapped, or "
         "by "
         "longer names, than hulltop reads: 3 files or tables were left out"},
        {{.compared = 7, .denied = 1, .denied_pid = 12, .denied_name = "sshd"},
         true,
         false,
         "1 of 8 processes of the node could not be read (pid 12, sshd): a security module or "
         "another user namespace forbids it to root"},
        {{.compared = 7, .denied = 1, .hidden = "they are hidden", .cut = 1},
         false,
         false,
         "they are hidden; more is mapped, or by longer names, than hulltop reads: 1 files or "
         "tables were left out"},
        {{.compared = 7, .far = 2},
         true,
         false,
         "2 files were not looked at: they lie where an answer may never come (FUSE, NFS)"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ht_autobuf struct ht_buf text = HT_BUF(1024);

        assert_int_equal(ht_running_tell(&cases[i].sum, cases[i].as_root, &text), cases[i].whole);
        assert_string_equal(text.data, cases[i].text);
    }
}

static void the_script_of_an_interpreter_is_in_its_words(void **state)
{
    static const struct {
        const char *exe;
        const char *words; /* with '|' for NUL */
        size_t len;
        const char *first;
    } cases[] = {
        {"/usr/bin/python3.11", "python3|-u|/usr/share/x/run.py|--now", 1, "/usr/share/x/run.py"},
        {"/usr/bin/python3.11", "python3|-c|import x", 0, NULL},
        {"/usr/bin/python3", "python3|-m|/x", 0, NULL},
        {"/usr/bin/perl", "/usr/bin/perl|run.pl", 0, NULL},
        {"/usr/lib/jvm/bin/java", "java|-cp|/a.jar:b.jar:/c.jar|Main", 2, "/a.jar"},
        {"/usr/lib/jvm/bin/java", "java|-jar|/usr/share/x.jar", 1, "/usr/share/x.jar"},
        {"/usr/bin/perl", "", 0, NULL},
    };

    (void)state;
    assert_true(ht_script_is_interpreter(HT_S("/usr/bin/python3.11")));
    assert_false(ht_script_is_interpreter(HT_S("/usr/bin/python3-config")));
    assert_false(ht_script_is_interpreter(HT_S("/usr/bin/sh")));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char words[100];
        struct ht_str paths[4];
        size_t len = strlen(cases[i].words);

        snprintf(words, sizeof(words), "%s", cases[i].words);
        for (size_t j = 0; j < len; j++)
            words[j] = words[j] == '|' ? '\0' : words[j];
        assert_int_equal(ht_script_paths(ht_str_from(cases[i].exe),
                                         (struct ht_str){.data = words, .len = len}, paths,
                                         ARRAY_LEN(paths)),
                         cases[i].len);
        if (cases[i].first)
            assert_true(ht_str_is(paths[0], cases[i].first));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_script_of_an_interpreter_is_in_its_words),
        cmocka_unit_test(all_that_was_not_seen_is_told),
        cmocka_unit_test(mappings_are_read_as_the_kernel_writes_them),
        cmocka_unit_test(listeners_are_told_from_the_tables),
        cmocka_unit_test_setup_teardown(replaced_and_deleted_files_are_found, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(a_replaced_executable_is_told_from_a_deleted_one, make_tree,
                                        free_tree),
        cmocka_unit_test_setup_teardown(containers_are_their_images_affair, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(nobody_is_hidden_among_containers, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(processes_of_one_program_are_told_apart, make_tree,
                                        free_tree),
        cmocka_unit_test_setup_teardown(a_known_program_in_a_container_is_the_containers, make_tree,
                                        free_tree),
        cmocka_unit_test_setup_teardown(what_is_no_program_is_asked_about_each_time, make_tree,
                                        free_tree),
        cmocka_unit_test_setup_teardown(names_that_only_look_deleted_are_not, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(programs_of_passing_places_are_old_if_others_have_them,
                                        make_tree, free_tree),
        cmocka_unit_test_setup_teardown(a_program_of_a_mount_without_a_place_is_not_replaced,
                                        make_tree, free_tree),
        cmocka_unit_test_setup_teardown(packages_are_named_across_merged_folders, make_tree,
                                        free_tree),
        cmocka_unit_test_setup_teardown(packages_of_apk_are_named_too, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(listening_sockets_are_told_of_old_code, make_tree,
                                        free_tree),
        cmocka_unit_test_setup_teardown(an_executable_with_too_long_a_path_is_told, make_tree,
                                        free_tree),
        cmocka_unit_test_setup_teardown(many_files_are_cut_and_told, make_tree, free_tree),
        cmocka_unit_test_setup_teardown(more_files_than_are_looked_at_are_told, make_tree,
                                        free_tree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
