/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each recorded kind of container against the plain one: exactly what differs in its row; and
 * the events of containers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

#include "docker-answers.h"
#include "src/source/docker-private.h"

/* Of the run, not of the kind. */
static bool is_incidental(struct ht_str key)
{
    static const char *const keys[] = {"id",          "name", "created_at", "started_at",
                                       "finished_at", "pid",  "log_path",   "upper_dir"};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (ht_str_is(key, keys[i]))
            return true;
    }
    return false;
}

struct difference {
    struct ht_arena *arena;
    struct ht_buf *out;
};

/* The string that b has and a has not. */
static struct ht_str added_name(const struct ht_json *a, const struct ht_json *b)
{
    for (size_t i = 0; i < b->len; i++) {
        bool found = false;

        for (size_t j = 0; j < a->len; j++)
            found = found || ht_str_equal(a->items[j].string, b->items[i].string);
        if (!found)
            return b->items[i].string;
    }
    return HT_S("?");
}

static void compare_member(const struct difference *difference, const char *prefix,
                           struct ht_str key, const struct ht_json *a, const struct ht_json *b)
{
    struct ht_str before = value_text(difference->arena, a);
    struct ht_str after = value_text(difference->arena, b);
    const char *gap = difference->out->len ? " " : "";

    if (ht_str_equal(before, after))
        return;
    /* The list of names is long: what is added is told, or only how many there are. */
    if (ht_str_is(key, "caps") && b->len == a->len + 1)
        ht_buf_addf(difference->out, "%s%scaps+%.*s", gap, prefix, HT_STR_ARG(added_name(a, b)));
    else if (ht_str_is(key, "caps"))
        ht_buf_addf(difference->out, "%s%scaps=%zu", gap, prefix, b->len);
    else
        ht_buf_addf(difference->out, "%s%s%.*s=%.*s", gap, prefix, HT_STR_ARG(key),
                    HT_STR_ARG(after));
}

static void compare_objects(const struct difference *difference, const char *prefix,
                            const struct ht_json *a, const struct ht_json *b)
{
    for (size_t i = 0; i < b->len; i++) {
        struct ht_str key = b->members[i].key;
        const struct ht_json *before = ht_json_get(a, key.data);

        if (is_incidental(key))
            continue;
        if (ht_str_is(key, "declared") && before)
            compare_objects(difference, "declared.", before, &b->members[i].value);
        else
            compare_member(difference, prefix, key, before, &b->members[i].value);
    }
    for (size_t i = 0; i < a->len; i++) {
        struct ht_str key = a->members[i].key;

        if (!is_incidental(key) && !ht_json_get(b, key.data))
            compare_member(difference, prefix, key, &a->members[i].value, NULL);
    }
}

static void assert_differs(const char *name, const struct ht_row *plain, const struct ht_row *row,
                           const char *expected)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    struct ht_buf text = HT_BUF(HT_LIMIT_BODY);

    compare_objects(&(struct difference){.arena = arena, .out = &text}, "", as_json(arena, plain),
                    as_json(arena, row));
    if (!ht_str_is(ht_buf_str(&text), expected))
        fail_msg("%s differs from plain in\n%s\nexpected\n%s", name, ht_buf_str(&text).data,
                 expected);
    ht_buf_fini(&text);
}

struct kind {
    const char *name;
    const char *differs;
};

static void assert_kinds(const char *folder, const struct kind *kinds, size_t len)
{
    struct engine engine;
    char info[64], path[128];

    snprintf(info, sizeof(info), "docker/%s/info.json", folder);
    read_engine(&engine, info);
    snprintf(path, sizeof(path), "docker/%s/inspect/plain.json", folder);

    struct ht_row *plain = read_row(&engine, path);
    for (size_t i = 0; i < len; i++) {
        snprintf(path, sizeof(path), "docker/%s/inspect/%s.json", folder, kinds[i].name);
        ht_autorow struct ht_row *row = read_row(&engine, path);

        assert_true(ht_str_is(ht_container_of(row)->name, kinds[i].name));
        assert_differs(kinds[i].name, plain, row, kinds[i].differs);
    }
    ht_row_unref(plain);
    free_engine(&engine);
}
static const struct kind plain_kinds[] = {
    {"apparmor", "security_opts=[\"apparmor=unconfined\"] declared.lsm=\"unconfined\""},
    {"badargv", "command=[\"/bin/sh\",\"-c\",\"printf \\\"\\\\033[2Jx\\\" >/proc/$$/comm; sleep "
                "100000; :\",\"\\u001b[2J\\u001b[Hnothing to "
                "see\",\"new\\u000aline\",\"\\u202etxt.sh\",\"\357\277\275\357\277\275\"]"},
    {"badcmd", "state=\"created\" exit_code=127 command=[\"/nonexistent\"]"},
    {"badenv", "env={\"BIDI\":\"<6 characters>\",\"TERM_TITLE\":\"<10 characters>\",\"NL\":\"<7 "
               "characters>\",\"PATH\":\"/bin\"}"},
    {"badhost", ""},
    {"badlabel", "labels={\"com.docker.compose.project\":\"\\u001b[2J\\u001b]0;owned\\u0007\","
                 "\"com.docker.compose.service\":\"\\u202egnp.exe\"}"},
    {"capall", "cap_add=[\"ALL\"] declared.caps=41"},
    {"capdrop", "cap_drop=[\"ALL\"] declared.caps=0"},
    {"cgnshost", ""},
    {"cgnsprivate", "declared.cgroup_ns=\"own\""},
    {"cgparent", "cgroup_parent=\"/kubepods/burstable/pod0a1b2c3d-1111-2222-3333-444455556666\""},
    {"crashloop", "state=\"restarting\" exit_code=1 restarts=6 command=[\"/bin/false\"]"},
    {"created", "state=\"created\""},
    {"device",
     "devices=[{\"host_path\":\"/dev/vda\",\"path\":\"/dev/vda\",\"permissions\":\"rwm\"}]"},
    {"devkmsg",
     "devices=[{\"host_path\":\"/dev/kmsg\",\"path\":\"/dev/kmsg\",\"permissions\":\"rwm\"}]"},
    {"dsock", "mounts=[{\"origin\":\"bind\",\"source\":\"/var/run/docker.sock\",\"target\":\"/var/"
              "run/docker.sock\",\"rw\":true,\"propagation\":\"rprivate\"}]"},
    {"envsec", "env={\"DB_PASSWORD\":\"<7 characters>\",\"AWS_SECRET_ACCESS_KEY\":\"<23 "
               "characters>\",\"PATH\":\"/bin\"} "
               "secrets=[{\"where\":\"environment\",\"name\":\"DB_PASSWORD\",\"rule\":\"named\","
               "\"confidence\":\"likely\",\"length\":\"short\"}]"},
    {"etcro", "mounts=[{\"origin\":\"bind\",\"source\":\"/etc\",\"target\":\"/"
              "host-etc\",\"rw\":false,\"propagation\":\"rprivate\",\"options\":\"ro\"}]"},
    {"execplain", ""},
    {"execpriv", ""},
    {"exited", "state=\"exited\" exit_code=3 command=[\"/bin/sh\",\"-c\",\"exit 3\"]"},
    {"health", "health=\"healthy\""},
    {"hostroot", "mounts=[{\"origin\":\"bind\",\"source\":\"/\",\"target\":\"/"
                 "host\",\"rw\":true,\"propagation\":\"rslave\"}]"},
    {"hostsro", "mounts=[{\"origin\":\"bind\",\"source\":\"/etc/hosts\",\"target\":\"/etc/"
                "hosts.host\",\"rw\":false,\"propagation\":\"rprivate\",\"options\":\"ro\"}]"},
    {"initc", ""},
    {"ipchost", "security_opts=[\"label=disable\"] declared.ipc_ns=\"host\""},
    {"logro", "mounts=[{\"origin\":\"bind\",\"source\":\"/var/log\",\"target\":\"/"
              "host-log\",\"rw\":false,\"propagation\":\"rprivate\",\"options\":\"ro\"}]"},
    {"mem", "memory_limit=67108864"},
    {"netadmin", "cap_add=[\"CAP_NET_ADMIN\"] declared.caps+NET_ADMIN"},
    {"netdefault", "networks=[\"bridge\"]"},
    {"nethost", "networks=[\"host\"] declared.net_ns=\"host\""},
    {"nnp", "security_opts=[\"no-new-privileges\"] declared.no_new_privs=true"},
    {"paused", "state=\"paused\""},
    {"pidhost", "security_opts=[\"label=disable\"] declared.pid_ns=\"host\""},
    {"priv", "security_opts=[\"label=disable\"] declared.privileged=true declared.caps=41 "
             "declared.seccomp_profile=\"unconfined\" declared.masked_paths=[] "
             "declared.readonly_paths=[] declared.all_devices=true"},
    {"privdsock",
     "mounts=[{\"origin\":\"bind\",\"source\":\"/var/run/docker.sock\",\"target\":\"/var/run/"
     "docker.sock\",\"rw\":true,\"propagation\":\"rprivate\"}] security_opts=[\"label=disable\"] "
     "declared.privileged=true declared.caps=41 declared.seccomp_profile=\"unconfined\" "
     "declared.masked_paths=[] declared.readonly_paths=[] declared.all_devices=true"},
    {"propshared", "mounts=[{\"origin\":\"bind\",\"source\":\"/srv/shared\",\"target\":\"/"
                   "mnt\",\"rw\":true,\"propagation\":\"shared\",\"options\":\"shared\"}]"},
    {"ptracehost", "security_opts=[\"label=disable\"] cap_add=[\"CAP_SYS_PTRACE\"] "
                   "declared.caps+SYS_PTRACE declared.pid_ns=\"host\""},
    {"publish", "ports=[{\"host_ip\":\"0.0.0.0\",\"host_port\":18080,\"port\":80,\"protocol\":"
                "\"tcp\"}] networks=[\"labnet\"]"},
    {"publishlo", "ports=[{\"host_ip\":\"127.0.0.1\",\"host_port\":18081,\"port\":80,\"protocol\":"
                  "\"tcp\"}] networks=[\"labnet\"]"},
    {"restart", ""},
    {"ro", "declared.rootfs_ro=true"},
    {"rotmp",
     "mounts=[{\"origin\":\"tmpfs\",\"target\":\"/tmp\",\"rw\":true}] declared.rootfs_ro=true"},
    {"runmount", "mounts=[{\"origin\":\"bind\",\"source\":\"/run\",\"target\":\"/"
                 "run\",\"rw\":true,\"propagation\":\"rprivate\"}]"},
    {"seccomp", "security_opts=[\"seccomp=unconfined\"] declared.seccomp_profile=\"unconfined\""},
    {"sockdir", "mounts=[{\"origin\":\"bind\",\"source\":\"/var/run\",\"target\":\"/var/run/"
                "lab\",\"rw\":true,\"propagation\":\"rprivate\"}]"},
    {"sysadmin", "cap_add=[\"CAP_SYS_ADMIN\"] declared.caps+SYS_ADMIN"},
    {"sysctl", "sysctls={\"kernel.msgmax\":\"9000\"}"},
    {"sysctlok", "sysctls={\"net.ipv4.ip_unprivileged_port_start\":\"80\"}"},
    {"tmpfs",
     "mounts=[{\"origin\":\"tmpfs\",\"target\":\"/scratch\",\"rw\":true,\"options\":\"exec\"}]"},
    {"unmasked", "declared.masked_paths=[] declared.readonly_paths=[]"},
    {"user1000", "user=\"1000:1000\" declared.uid=1000"},
    {"usernshost", ""},
    {"utshost", "declared.uts_ns=\"host\""},
    {"volume", "mounts=[{\"origin\":\"volume\",\"source\":\"/var/lib/docker/volumes/vol1/"
               "_data\",\"target\":\"/data\",\"rw\":true,\"options\":\"z\"}]"},
};

static void every_kind_differs_from_plain_in_what_it_declares(void **state)
{
    (void)state;
    assert_kinds("plain", plain_kinds, ARRAY_LEN(plain_kinds));
}

/* Values are made up. */
static void expect_profile(const char *options, const char *name)
{
    struct engine engine;
    char text[512];

    read_engine(&engine, "docker/plain/info.json");
    snprintf(
        text, sizeof(text),
        "{\"Id\":\"a1\",\"HostConfig\":{\"Privileged\":false,\"SecurityOpt\":[\"seccomp=%s\"]}}",
        options);
    ht_autorow struct ht_row *row = row_of(&engine, text);
    assert_string_equal(
        ht_arena_str(engine.arena, ht_container_of(row)->declared.seccomp_profile).data, name);
    free_engine(&engine);
}

static void a_profile_that_lets_all_pass_is_said_so(void **state)
{
    (void)state;
    expect_profile("{\\\"defaultAction\\\":\\\"SCMP_ACT_ALLOW\\\"}", "allow-all");
    expect_profile("{\\\"defaultAction\\\":\\\"SCMP_ACT_LOG\\\",\\\"syscalls\\\":null}",
                   "allow-all");
    expect_profile("{\\\"defaultAction\\\":\\\"SCMP_ACT_ALLOW\\\",\\\"syscalls\\\":[{\\\"names\\\":"
                   "[\\\"read\\\"],\\\"action\\\":\\\"SCMP_ACT_ALLOW\\\"}]}",
                   "allow-all");
    expect_profile("{\\\"defaultAction\\\":\\\"SCMP_ACT_ERRNO\\\"}", "custom");
    expect_profile("{\\\"defaultAction\\\":", "custom");
}

/* A profile is no part of a row, however large it is. */
static void a_large_profile_leaves_room(void **state)
{
    struct engine engine;
    ht_autobuf struct ht_buf text = HT_BUF(4 * 1024 * 1024);

    (void)state;
    read_engine(&engine, "docker/plain/info.json");
    ht_buf_add_text(&text, "{\"Id\":\"a1\",\"HostConfig\":{\"Privileged\":true,\"SecurityOpt\":"
                           "[\"seccomp={\\\"syscalls\\\":[0");
    for (unsigned i = 0; i < 400000; i++)
        ht_buf_add_text(&text, ",0");
    ht_buf_add_text(&text, "]}\"]}}");
    ht_autorow struct ht_row *row = row_of(&engine, text.data);
    assert_true(ht_container_of(row)->declared.privileged);
    free_engine(&engine);
}

static void secrets_in_an_images_history_are_named(void **state)
{
    static const char text[] =
        "[{\"CreatedBy\":\"|1 NPM_TOKEN=npm_0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX /bin/sh -c npm ci"
        "\"},{\"CreatedBy\":\"ARG NPM_TOKEN=npm_0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX\"},"
        "{\"CreatedBy\":\"/bin/sh -c #(nop)  ENV DB_PASSWORD=Tr0ub4dor-and-3\"},"
        "{\"CreatedBy\":\"ENV PATH=/usr/bin\"},{\"CreatedBy\":\"ARG API_TOKEN\"},"
        "{\"CreatedBy\":\"\"},{\"CreatedBy\":7},8]";
    struct ht_error err = {0};
    ht_autorow struct ht_row *row = NULL;
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);

    (void)state;
    assert_int_equal(ht_docker_decode_history(ht_str_from(text), HT_S("sha256:ab"), &row, &err), 0);

    const struct ht_container *image = ht_container_of(row);
    assert_true(ht_str_is(image->id, "sha256:ab"));
    assert_false(ht_container_has_secrets(image));
    assert_int_equal(image->image_secrets.len, 2);
    assert_true(ht_str_is(image->image_secrets.items[0].where, "image history"));
    assert_true(ht_str_is(image->image_secrets.items[0].name, "NPM_TOKEN"));
    assert_int_equal(image->image_secrets.items[0].confidence, HT_CONFIDENCE_CERTAIN);
    assert_true(ht_str_is(image->image_secrets.items[1].name, "DB_PASSWORD"));
    assert_int_equal(image->image_secrets.items[1].confidence, HT_CONFIDENCE_LIKELY);
    struct ht_str all = value_text(arena, as_json(arena, row));
    assert_true(ht_str_find(all, HT_S("0aB1c"), 0) < 0);
    assert_true(ht_str_find(all, HT_S("Tr0ub"), 0) < 0);
}

static void what_is_no_history_is_refused(void **state)
{
    static const char *const texts[] = {"", "{}", "null", "7", "[", "[{]"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct ht_error err = {0};
        struct ht_row *row = NULL;

        assert_true(ht_docker_decode_history(ht_str_from(texts[i]), HT_S("ab"), &row, &err) < 0);
        assert_null(row);
        assert_true(err.text[0]);
    }
}

/* ---- what images are called and start, and what changed ---- */

static void an_images_entry_point_and_command_are_one(void **state)
{
    static const char text[] = "{\"Config\":{\"Entrypoint\":[\"/run.sh\"],"
                               "\"Cmd\":[\"--password=Tr0ub4dor-3\"]}}";
    struct ht_row *row = NULL;

    (void)state;
    assert_int_equal(ht_docker_decode_image(HT_S(text), HT_S("sha256:ab"), &row, NULL), 0);
    const struct ht_container *image = ht_container_of(row);
    assert_int_equal(image->image_entry.len, 2);
    assert_true(ht_str_is(image->image_entry.items[0], "/run.sh"));
    assert_true(ht_str_find(image->image_entry.items[1], HT_S("Tr0ub4dor"), 0) < 0);
    ht_row_unref(row);
    row = NULL;
    assert_int_equal(
        ht_docker_decode_image(HT_S("{\"Config\":{\"Cmd\":null}}"), HT_S("ab"), &row, NULL), 0);
    assert_true(ht_container_has_image_entry(ht_container_of(row)));
    assert_int_equal(ht_container_of(row)->image_entry.len, 0);
    ht_row_unref(row);
    assert_true(ht_docker_decode_image(HT_S("{}"), HT_S("ab"), &row, NULL) < 0);
}

static void names_of_images_are_listed(void **state)
{
    static const char text[] = "[{\"Id\":\"sha256:ab\",\"RepoTags\":[\"web:1\"],"
                               "\"RepoDigests\":[\"web@sha256:cd\"]},{\"Id\":\"sha256:ef\","
                               "\"RepoTags\":null}]";
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_docker_image_list images;

    (void)state;
    assert_int_equal(ht_docker_decode_images(arena, HT_S(text), &images, NULL), 0);
    assert_int_equal(images.len, 2);
    assert_true(ht_str_is(images.items[0].tags.items[0], "web:1"));
    assert_true(ht_str_is(images.items[0].digests.items[0], "web@sha256:cd"));
    assert_int_equal(images.items[1].tags.len, 0);
    assert_true(ht_docker_decode_images(arena, HT_S("{}"), &images, NULL) < 0);
}

static void changes_are_listed_by_their_kind(void **state)
{
    static const char text[] = "[{\"Path\":\"/bin\",\"Kind\":0},{\"Path\":\"/bin/a b\",\"Kind\":1},"
                               "{\"Path\":\"/x\",\"Kind\":2}]";
    static const char *const bad[] = {"{}", "[{\"Path\":\"x\",\"Kind\":0}]",
                                      "[{\"Path\":\"/x\",\"Kind\":3}]", "[{\"Path\":\"/x\"}]", "["};
    const struct ht_docker_changes_about about = {
        .id = HT_S("c1"), .source = HT_S("docker"), .asked_at = 7};
    struct ht_row *row = NULL;

    (void)state;
    assert_int_equal(ht_docker_decode_changes(HT_S(text), &about, &row, NULL), 0);
    const struct ht_diff *diff = ht_diff_of(row);
    assert_int_equal(diff->changed.len, 3);
    assert_true(ht_str_is(diff->changed.items[0], "C /bin"));
    assert_true(ht_str_is(diff->changed.items[1], "A /bin/a b"));
    assert_true(ht_str_is(diff->changed.items[2], "D /x"));
    assert_int_equal(diff->cut, 0);
    assert_int_equal(diff->asked_at, 7);
    ht_row_unref(row);
    row = NULL;
    /* No change at all. */
    assert_int_equal(ht_docker_decode_changes(HT_S("null"), &about, &row, NULL), 0);
    assert_true(ht_diff_has_changed(ht_diff_of(row)));
    assert_int_equal(ht_diff_of(row)->changed.len, 0);
    ht_row_unref(row);
    row = NULL;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_true(ht_docker_decode_changes(ht_str_from(bad[i]), &about, &row, NULL) < 0);
        assert_null(row);
    }
}

/* ---- when changes are asked for ---- */

enum { HIDDEN = 100 };

/* Containers of vfs, of which nothing was asked yet. */
static void make_hidden(struct ht_docker *docker, struct ht_docker_known known[HIDDEN])
{
    *docker = (struct ht_docker){.containers = ht_map_new()};
    for (int i = 0; i < HIDDEN; i++) {
        struct ht_container container = {0};

        known[i] = (struct ht_docker_known){0};
        snprintf(known[i].id, sizeof(known[i].id), "c%d", i);
        ht_container_set_id(&container, ht_str_from(known[i].id));
        ht_container_set_state(&container, HT_CONTAINER_STATE_RUNNING);
        ht_container_set_storage(&container, HT_S("vfs"));
        known[i].row = ht_row_new(&ht_container_table, &container);
        ht_map_set(docker->containers, ht_str_from(known[i].id), &known[i]);
    }
}

static void free_hidden(struct ht_docker *docker, struct ht_docker_known known[HIDDEN])
{
    for (int i = 0; i < HIDDEN; i++)
        ht_row_unref(known[i].row);
    ht_map_free(docker->containers);
}

/* One turn at that time, in which each answer takes so long: how many there were. */
static int ask_in_turn(struct ht_docker *docker, int64_t now, int64_t took)
{
    struct ht_docker_known *known;
    int count = 0;

    for (; (known = ht_docker_due_changes(docker, now)); now += took) {
        ht_docker_rest_changes(docker, known, now, now + took);
        count++;
    }
    return count;
}

static void a_hundred_that_take_little_are_seen_in_a_minute(void **state)
{
    struct ht_docker_known known[HIDDEN];
    struct ht_docker docker;
    int count = 0;

    (void)state;
    make_hidden(&docker, known);
    for (int64_t second = 1000; second <= 1060; second += 20)
        count += ask_in_turn(&docker, second * HT_NS_PER_S, 5 * HT_NS_PER_MS);
    assert_true(count >= HIDDEN);
    free_hidden(&docker, known);
}

/* However many there are, and whatever happens to them: a hundredth of the time while an answer
 * takes less than 0.6 s, an eleventh at most. */
static void a_daemon_is_asked_a_part_of_the_time(void **state)
{
    static const struct {
        int64_t took_ms;
        int least, most; /* questions in 40000 s */
    } paces[] = {{500, 790, 801}, {2000, 640, 667}, {20000, 180, 201}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(paces); i++) {
        struct ht_docker_known known[HIDDEN];
        struct ht_docker docker;
        int count = 0;

        make_hidden(&docker, known);
        for (int64_t second = 1000; second < 1000 + 40000; second++) {
            count += ask_in_turn(&docker, second * HT_NS_PER_S, paces[i].took_ms * HT_NS_PER_MS);
            ht_docker_hurry_changes(&known[0], second * HT_NS_PER_S);
        }
        assert_in_range(count, paces[i].least, paces[i].most);
        /* Who always has news keeps nobody waiting. */
        for (int j = 0; j < HIDDEN; j++)
            assert_true(known[j].diff_due_ns > 0);
        free_hidden(&docker, known);
    }
}

/* Though something happens to it each second. */
static void about_a_container_it_is_asked_a_hundredth_of_the_time(void **state)
{
    struct ht_docker_known known[HIDDEN];
    struct ht_docker docker;
    int count = 0;

    (void)state;
    make_hidden(&docker, known);
    for (int i = 1; i < HIDDEN; i++)
        known[i].diff_due_ns = INT64_MAX;
    for (int64_t second = 1000; second < 1000 + 40000; second++) {
        count += ask_in_turn(&docker, second * HT_NS_PER_S, 2 * HT_NS_PER_S);
        ht_docker_hurry_changes(&known[0], second * HT_NS_PER_S);
    }
    assert_in_range(count, 195, 200);
    free_hidden(&docker, known);
}

static void one_that_is_slow_does_not_keep_the_others_waiting(void **state)
{
    struct ht_docker_known known[HIDDEN], *next;
    struct ht_docker docker;
    int64_t last = 0, worst = 0;

    (void)state;
    make_hidden(&docker, known);
    for (int64_t second = 1000; second < 21000; second += 10) {
        int64_t now = second * HT_NS_PER_S, took;

        for (; (next = ht_docker_due_changes(&docker, now)); now += took) {
            took = next == &known[0] ? 10 * HT_NS_PER_S : 5 * HT_NS_PER_MS;
            ht_docker_rest_changes(&docker, next, now, now + took);
            if (next == &known[1]) {
                worst = last && now - last > worst ? now - last : worst;
                last = now;
            }
        }
    }
    assert_in_range(worst / HT_NS_PER_S, 60, 200);
    free_hidden(&docker, known);
}

static int64_t tell_time(void *context)
{
    return *(const int64_t *)context;
}

/* A container that was not known yet comes at that time. */
static void come_hidden(struct ht_docker *docker, struct ht_docker_known *known, int64_t now_ns)
{
    const struct ht_clock clock = {.mono_ns = tell_time, .context = &now_ns};
    const struct ht_http_options nobody = {.url = "http://127.0.0.1:1"};
    struct ht_feed feed = {.clock = &clock};
    struct ht_row *row = known->row;

    known->row = NULL;
    known->diff_due_ns = 0;
    docker->feed = &feed;
    docker->client.http = ht_http_new(&nobody, NULL);
    ht_docker_hurry_changes(known, now_ns);
    assert_true(ht_docker_set_row(docker, known, row));
    docker->client.http = ht_http_free(docker->client.http);
    docker->feed = NULL;
}

/* A job comes each minute and is gone when the next one does. */
static void newcomers_do_not_keep_the_others_waiting(void **state)
{
    struct ht_docker_known known[HIDDEN], *next;
    struct ht_docker docker;
    int old = 0, fresh = 0;

    (void)state;
    make_hidden(&docker, known);
    for (int i = 1; i < HIDDEN; i++)
        known[i].diff_due_ns = INT64_MAX;
    for (int64_t second = 0; second < (HIDDEN - 1) * 60; second++) {
        int64_t now = (1000 + second) * HT_NS_PER_S;

        if (second % 60 == 30) {
            come_hidden(&docker, &known[1 + second / 60], now);
            if (second > 60)
                known[second / 60].diff_due_ns = INT64_MAX;
        }
        if (second % 10)
            continue;
        for (; (next = ht_docker_due_changes(&docker, now)); now += HT_NS_PER_S) {
            ht_docker_rest_changes(&docker, next, now, now + HT_NS_PER_S);
            *(next == known ? &old : &fresh) += 1;
        }
    }
    assert_true(old > 30 && fresh > 30);
    free_hidden(&docker, known);
}

/* ---- events ---- */

static void events_become_kinds(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    size_t counts[HT_EVENT_KIND_MESSAGE + 1] = {0}, others = 0;
    struct ht_str rest, line;
    struct ht_buf text;

    (void)state;
    read_fixture("docker/extra/events_all.jsonl", &text);
    rest = ht_buf_str(&text);
    while (ht_str_next(&rest, '\n', &line)) {
        struct ht_docker_event event;
        struct ht_error err = {0};
        int r = ht_docker_decode_event(arena, line, &event, &err);

        assert_true(r == 0 || r == -ENODATA);
        others += r != 0;
        if (r == 0) {
            bool is_about_one =
                event.news == HT_DOCKER_NEWS_LIFE || event.news == HT_DOCKER_NEWS_ASIDE;
            assert_int_equal(event.id.len, is_about_one ? 64 : 0);
            assert_true(event.at > INT64_C(1700000000000000000));
            assert_true(ht_str_find_byte(event.action, ':') < 0);
            counts[event.kind] += event.news == HT_DOCKER_NEWS_LIFE;
        }
    }
    assert_true(counts[HT_EVENT_KIND_CONTAINER_CREATED] &&
                counts[HT_EVENT_KIND_CONTAINER_STARTED] &&
                counts[HT_EVENT_KIND_CONTAINER_STOPPED] && counts[HT_EVENT_KIND_CONTAINER_REMOVED]);
    assert_true(others > 0);
    ht_buf_fini(&text);
}

#define EVENT(type, action, rest) "{\"Type\":\"" type "\",\"Action\":\"" action "\"" rest "}"
#define OF_A1                     ",\"Actor\":{\"ID\":\"n7\",\"Attributes\":{\"container\":\"a1\"}}"

static const struct {
    const char *line;
    int result;
    enum ht_event_kind kind;
    enum ht_docker_news news;
} event_cases[] = {
    {EVENT("container", "start", ",\"Actor\":{\"ID\":\"a1\"}"), 0, HT_EVENT_KIND_CONTAINER_STARTED,
     HT_DOCKER_NEWS_LIFE},
    {EVENT("container", "remove", ",\"id\":\"a1\""), 0, HT_EVENT_KIND_CONTAINER_REMOVED,
     HT_DOCKER_NEWS_LIFE},
    {EVENT("container", "health_status: unhealthy", ",\"id\":\"a1\""), 0,
     HT_EVENT_KIND_CONTAINER_CHANGED, HT_DOCKER_NEWS_ASIDE},
    {EVENT("network", "connect", OF_A1), 0, HT_EVENT_KIND_CONTAINER_CHANGED, HT_DOCKER_NEWS_ASIDE},
    {EVENT("network", "connect", ",\"Actor\":{\"ID\":\"n7\"}"), -EINVAL, 0, 0},
    {EVENT("network", "destroy", OF_A1), 0, 0, HT_DOCKER_NEWS_NETWORKS},
    {EVENT("network", "create", ",\"Actor\":{\"ID\":\"../x\"}"), 0, 0, HT_DOCKER_NEWS_NETWORKS},
    {EVENT("network", "prune", ""), -ENODATA, 0, 0},
    {EVENT("container", "connect", ",\"id\":\"a1\""), -ENODATA, 0, 0},
    {EVENT("container", "exec_create: sh -c secret", ",\"id\":\"a1\""), -ENODATA, 0, 0},
    {EVENT("image", "pull", ",\"id\":\"web:latest\""), 0, 0, HT_DOCKER_NEWS_IMAGES},
    {EVENT("image", "push", ",\"id\":\"web:latest\""), -ENODATA, 0, 0},
    {EVENT("container", "tag", ",\"id\":\"a1\""), -ENODATA, 0, 0},
    {EVENT("container", "start", ",\"Actor\":{\"ID\":\"../../info\"}"), -EINVAL, 0, 0},
    {EVENT("container", "start", ""), -EINVAL, 0, 0},
    {"{\"Type\":\"container\"", -EINVAL, 0, 0},
    {"start", -EINVAL, 0, 0},
};

static void odd_events_are_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(event_cases); i++) {
        ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
        struct ht_docker_event event;
        struct ht_error err = {0};

        assert_int_equal(
            ht_docker_decode_event(arena, ht_str_from(event_cases[i].line), &event, &err),
            event_cases[i].result);
        if (event_cases[i].result == 0) {
            assert_int_equal(event.kind, event_cases[i].kind);
            assert_int_equal(event.news, event_cases[i].news);
            bool is_about_one =
                event.news == HT_DOCKER_NEWS_LIFE || event.news == HT_DOCKER_NEWS_ASIDE;
            assert_true(ht_str_is(event.id, is_about_one ? "a1" : ""));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_differs_from_plain_in_what_it_declares),
        cmocka_unit_test(a_profile_that_lets_all_pass_is_said_so),
        cmocka_unit_test(a_large_profile_leaves_room),
        cmocka_unit_test(secrets_in_an_images_history_are_named),
        cmocka_unit_test(what_is_no_history_is_refused),
        cmocka_unit_test(an_images_entry_point_and_command_are_one),
        cmocka_unit_test(names_of_images_are_listed),
        cmocka_unit_test(changes_are_listed_by_their_kind),
        cmocka_unit_test(a_hundred_that_take_little_are_seen_in_a_minute),
        cmocka_unit_test(a_daemon_is_asked_a_part_of_the_time),
        cmocka_unit_test(about_a_container_it_is_asked_a_hundredth_of_the_time),
        cmocka_unit_test(one_that_is_slow_does_not_keep_the_others_waiting),
        cmocka_unit_test(newcomers_do_not_keep_the_others_waiting),
        cmocka_unit_test(events_become_kinds),
        cmocka_unit_test(odd_events_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
