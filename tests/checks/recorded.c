/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recorded containers through the real decoders: what each kind must be accused of.
 *
 *   recorded                 compares all recorded kinds with tests/checks/recorded.tsv
 *   recorded --table         prints that table from what is found now
 *   recorded --node SET KIND prints the node of one kind
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hulltop/base/arena.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/check/catalogue.h"
#include "hulltop/check/checking.h"
#include "hulltop/check/classify.h"
#include "hulltop/check/privilege.h"
#include "hulltop/model/document.h"
#include "src/source/docker-decode.h"
#include "src/source/proc-decode.h"

/* Everything was recorded before this moment. */
static const int64_t taken_at = INT64_C(1795564800) * HT_NS_PER_S;

struct recorded {
    const char *set;
    struct ht_arena *arena;
    struct ht_facts *facts;
    struct ht_host host;
    struct ht_host_mounts host_mounts;
    struct ht_daemon daemon;
    struct ht_docker_context context;
};

static struct ht_str read_file(struct ht_arena *arena, const char *format, const char *set,
                               const char *kind, const char *file)
{
    const char *srcdir = getenv("HT_SRCDIR");
    struct ht_str name = ht_arena_strf(arena, format, set, kind, file);
    struct ht_str path =
        ht_arena_strf(arena, "%s/tests/fixtures/%s", srcdir ? srcdir : ".", name.data);
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_MOUNTINFO);
    FILE *in = fopen(path.data, "r");
    char chunk[4096];
    size_t got;

    if (!in)
        return (struct ht_str){0};
    for (;;) {
        got = fread(chunk, 1, sizeof(chunk), in);
        if (got == 0)
            break;
        ht_buf_add(&text, chunk, got);
    }
    fclose(in);
    return ht_arena_str(arena, ht_buf_str(&text));
}

static struct ht_str read_proc(struct recorded *recorded, const char *kind, const char *file)
{
    return read_file(recorded->arena, "proc/%s/%s/%s", recorded->set, kind, file);
}

static uint64_t inode_of(struct ht_str ns, const char *name)
{
    struct ht_str line;

    while (ht_str_next(&ns, '\n', &line)) {
        size_t len = strlen(name);

        if (ht_str_has_prefix(line, name) && line.len > len && line.data[len] == ' ')
            return ht_proc_decode_ns(ht_str_sub(line, len + 1, line.len));
    }
    return 0;
}

static void read_host(struct recorded *recorded)
{
    struct ht_host *host = &recorded->host;
    struct ht_str ns = read_proc(recorded, "host", "ns");

    ht_host_set_id(host, HT_S("node-17"));
    ht_host_set_name(host, HT_S("node-17"));
    ht_host_set_cap_last_cap(host, 40);
    ht_host_set_apparmor(host, false);
    ht_host_set_selinux(host, HT_S("disabled"));
    ht_host_set_cgroup_mode(host, strcmp(recorded->set, "cgroup2") ? HT_S("hybrid") : HT_S("v2"));
    ht_host_set_ns_pid(host, inode_of(ns, "pid"));
    ht_host_set_ns_net(host, inode_of(ns, "net"));
    ht_host_set_ns_ipc(host, inode_of(ns, "ipc"));
    ht_host_set_ns_uts(host, inode_of(ns, "uts"));
    ht_host_set_ns_mnt(host, inode_of(ns, "mnt"));
    ht_host_set_ns_user(host, inode_of(ns, "user"));
    ht_host_set_ns_cgroup(host, inode_of(ns, "cgroup"));
    ht_mountinfo_decode_host(read_proc(recorded, "host", "mountinfo"), recorded->arena,
                             &recorded->host_mounts);
}

static bool read_set(struct recorded *recorded, struct ht_error *err)
{
    struct ht_docker_answers answers = {
        .info = read_file(recorded->arena, "docker/%s/%s%s", recorded->set, "info.json", ""),
        .endpoint = HT_S("unix:///run/docker.sock"),
        .source = HT_S("docker"),
        .api_version = HT_S("1.41"),
    };

    read_host(recorded);
    return ht_docker_decode_daemon(recorded->arena, &answers, &recorded->daemon, &recorded->context,
                                   err) == 0;
}

static bool read_init(struct recorded *recorded, const char *kind, struct ht_process *init)
{
    struct ht_str status = read_proc(recorded, kind, "status");
    struct ht_str ns = read_proc(recorded, kind, "ns");

    if (status.len == 0 || !ht_proc_decode_status(status, recorded->arena, init))
        return false;
    ht_proc_decode_uid_map(read_proc(recorded, kind, "uid_map"), recorded->arena, init);
    ht_mountinfo_decode(read_proc(recorded, kind, "mountinfo"), false, &recorded->host_mounts,
                        recorded->arena, init);
    ht_process_set_ns_pid(init, inode_of(ns, "pid"));
    ht_process_set_ns_net(init, inode_of(ns, "net"));
    ht_process_set_ns_ipc(init, inode_of(ns, "ipc"));
    ht_process_set_ns_uts(init, inode_of(ns, "uts"));
    ht_process_set_ns_mnt(init, inode_of(ns, "mnt"));
    ht_process_set_ns_user(init, inode_of(ns, "user"));
    ht_process_set_ns_cgroup(init, inode_of(ns, "cgroup"));
    ht_process_set_reads(init, 2);
    return true;
}

/* The node of one recorded kind, as the join would make it; NULL if there is no such recording. */
static struct ht_node *make_node(struct recorded *recorded, const char *kind)
{
    struct ht_str inspect =
        read_file(recorded->arena, "docker/%s/inspect/%s%s", recorded->set, kind, ".json");
    struct ht_row *row = NULL;
    struct ht_error err = {0};
    struct ht_process init = {0};

    if (ht_docker_decode_container(inspect, &recorded->context, &row, &err) < 0) {
        printf("not ok %s/%s: %s\n", recorded->set, kind, err.text);
        return NULL;
    }

    struct ht_container container = *ht_container_of(row);
    struct ht_node *node = ht_node_new(taken_at);
    if (read_init(recorded, kind, &init)) {
        ht_container_set_kernel_mounts(&container, init.mounts);
        ht_privilege_effective(&recorded->host, &init, recorded->facts, recorded->arena,
                               ht_container_edit_effective(&container));
    }
    ht_classify(recorded->facts, &container, recorded->arena);
    ht_node_add(node, ht_row_new(&ht_host_table, &recorded->host));
    ht_node_add(node, ht_row_new(&ht_daemon_table, &recorded->daemon));
    ht_node_add(node, ht_row_new(&ht_container_table, &container));
    ht_row_unref(row);
    ht_node_sort(node);
    return node;
}

/* "PRV-001:critical PRV-012:low unknown:PRV-022": what every check of privilege says of a
 * container.
 */
static void say_all(const struct recorded *recorded, const struct ht_node *node, struct ht_buf *out)
{
    const struct ht_row *container = ht_node_set(node, HT_TABLE_CONTAINER)->rows[0];

    for (size_t i = 0; i < ht_catalogue_count(); i++) {
        const struct ht_check *check = ht_catalogue_get(i);

        if (check->scope != HT_TABLE_CONTAINER || strncmp(check->id, "PRV", 3) != 0)
            continue;

        struct ht_verdict *verdict = ht_check_look(check, node, recorded->facts, container);
        for (size_t j = 0; j < verdict->findings.len; j++) {
            const struct ht_finding *finding = ht_finding_of(verdict->findings.items[j]);

            ht_buf_addf(out, "%s%s:%s", out->len ? " " : "", check->id,
                        ht_enum_name(&ht_severity_enum, finding->severity));
            if (finding->object.len)
                ht_buf_addf(out, "(%.*s)", HT_STR_ARG(finding->object));
        }
        if (verdict->unknown)
            ht_buf_addf(out, "%s%s:unknown", out->len ? " " : "", check->id);
        ht_verdict_free(verdict);
    }
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of the recorded kinds of a set, sorted. */
static size_t list_kinds(struct recorded *recorded, char **kinds, size_t max)
{
    const char *srcdir = getenv("HT_SRCDIR");
    struct ht_str path = ht_arena_strf(recorded->arena, "%s/tests/fixtures/docker/%s/inspect",
                                       srcdir ? srcdir : ".", recorded->set);
    DIR *dir = opendir(path.data);
    size_t len = 0;

    if (!dir)
        return 0;
    for (const struct dirent *entry = readdir(dir); entry && len < max; entry = readdir(dir)) {
        struct ht_str name = ht_str_from(entry->d_name);

        if (ht_str_has_suffix(name, ".json"))
            kinds[len++] = (char *)ht_arena_str(recorded->arena,
                                                ht_str_sub(name, 0, name.len - strlen(".json")))
                               .data;
    }
    closedir(dir);
    qsort(kinds, len, sizeof(*kinds), compare_names);
    return len;
}

/* The line of a kind in the table: what stands behind "SET\tKIND\t". */
static bool find_line(struct ht_str table, struct ht_str prefix, struct ht_str *ret_rest)
{
    struct ht_str line;

    while (ht_str_next(&table, '\n', &line)) {
        if (line.len >= prefix.len && ht_str_equal(ht_str_sub(line, 0, prefix.len), prefix)) {
            *ret_rest = ht_str_sub(line, prefix.len, line.len);
            return true;
        }
    }
    return false;
}

static void look_at_kind(struct recorded *recorded, const char *kind, struct ht_str table,
                         bool print)
{
    struct ht_node *node = make_node(recorded, kind);
    ht_autobuf struct ht_buf said = HT_BUF(64 * 1024);
    struct ht_str expected;

    if (!node)
        return;
    say_all(recorded, node, &said);
    ht_node_unref(node);
    if (said.len == 0)
        ht_buf_add_text(&said, "-");

    struct ht_str prefix = ht_arena_strf(recorded->arena, "%s\t%s\t", recorded->set, kind);
    if (print)
        printf("%s%.*s\n", prefix.data, HT_STR_ARG(ht_buf_str(&said)));
    else if (!find_line(table, prefix, &expected))
        printf("not ok recorded %s %s: not in recorded.tsv\n", recorded->set, kind);
    else if (!ht_str_equal(expected, ht_buf_str(&said)))
        printf("not ok recorded %s %s: expected %.*s, got %.*s\n", recorded->set, kind,
               HT_STR_ARG(expected), HT_STR_ARG(ht_buf_str(&said)));
    else
        printf("ok recorded %s %s\n", recorded->set, kind);
}

static int print_node(struct recorded *recorded, const char *kind)
{
    struct ht_node *node = make_node(recorded, kind);
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_DOCUMENT);

    if (!node)
        return 1;
    ht_node_write(&text, node, HT_JSON_INDENTED);
    fwrite(text.data, 1, text.len, stdout);
    ht_node_unref(node);
    return 0;
}

int main(int argc, char **argv)
{
    static const char *const sets[] = {"plain", "userns", "cgroup2"};
    enum { KINDS = 200 };
    struct ht_error err = {0};
    struct recorded recorded = {0};
    bool print = argc == 2 && strcmp(argv[1], "--table") == 0;
    int status = 0;

    if (ht_facts_load(NULL, &recorded.facts, &err) < 0) {
        printf("not ok facts: %s\n", err.text);
        return 1;
    }
    if (print)
        printf("# set\tkind\twhat the checks say of it (made by tests/checks/recorded --table; "
               "read it)\n");
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        char *kinds[KINDS];

        if (argc == 4 && strcmp(argv[2], sets[i]) != 0)
            continue;
        recorded = (struct recorded){
            .set = sets[i], .facts = recorded.facts, .arena = ht_arena_new(256 * 1024 * 1024)};
        if (!read_set(&recorded, &err)) {
            printf("not ok %s: %s\n", sets[i], err.text);
            status = 1;
        } else if (argc == 4) {
            status = print_node(&recorded, argv[3]);
        } else {
            struct ht_str table =
                read_file(recorded.arena, "../checks/%s%s%s", "recorded", ".tsv", "");
            size_t len = list_kinds(&recorded, kinds, KINDS);

            for (size_t j = 0; j < len; j++)
                look_at_kind(&recorded, kinds[j], table, print);
        }
        ht_arena_free(recorded.arena);
    }
    ht_facts_free(recorded.facts);
    return status;
}
