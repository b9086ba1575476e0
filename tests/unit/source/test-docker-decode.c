/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers of engines to rows; and what must stay unknown, is masked or refused. */
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

static void names_and_sizes_of_labels_are_kept(void **state)
{
    struct engine engine;

    (void)state;
    read_engine(&engine, "docker/plain/info.json");
    ht_autorow struct ht_row *key = read_row(&engine, "docker/plain/inspect/badkey.json");
    ht_autorow struct ht_row *big = read_row(&engine, "docker/plain/inspect/biglabel.json");
    assert_int_equal(ht_container_of(key)->labels.len, 2);
    assert_true(ht_str_is(ht_container_of(key)->labels.items[0].key, "\033[31mkey"));
    assert_int_equal(ht_container_of(key)->labels.items[1].key.len, 300);
    assert_int_equal(ht_container_of(big)->labels.items[0].value.len, 65536);
    free_engine(&engine);
}

static void plain_is_known_in_full(void **state)
{
    struct engine engine;

    (void)state;
    read_engine(&engine, "docker/plain/info.json");
    ht_autorow struct ht_row *row = read_row(&engine, "docker/plain/inspect/plain.json");
    const struct ht_container *c = ht_container_of(row);
    const struct ht_privilege *d = &c->declared;

    assert_int_equal(c->id.len, 64);
    assert_true(ht_str_is(c->name, "plain"));
    assert_true(ht_str_is(c->runtime, "docker"));
    assert_true(ht_str_is(c->source, "docker"));
    assert_true(ht_str_is(c->daemon, "unix:///run/docker.sock"));
    assert_true(ht_str_is(c->image, "lab/app:1.0"));
    assert_true(ht_str_has_prefix(c->image_id, "sha256:"));
    assert_int_equal(c->state, HT_CONTAINER_STATE_RUNNING);
    assert_true(c->created_at > 0 && c->started_at > c->created_at && c->pid > 1);
    assert_false(ht_container_has_finished_at(c));
    assert_false(ht_container_has_exit_code(c));
    assert_int_equal(c->command.len, 2);
    assert_true(ht_str_is(c->command.items[0], "/bin/sleep"));
    assert_true(ht_container_has_entrypoint(c) && c->entrypoint.len == 0);
    assert_int_equal(c->env.len, 1);
    assert_true(ht_str_is(c->env.items[0].key, "PATH") && ht_str_is(c->env.items[0].value, "/bin"));
    assert_true(ht_container_has_mounts(c) && c->mounts.len == 0);
    assert_true(ht_container_has_ports(c) && c->ports.len == 0);
    assert_true(ht_container_has_devices(c) && c->devices.len == 0);
    assert_true(ht_container_has_sysctls(c) && c->sysctls.len == 0);
    assert_true(ht_container_has_cap_add(c) && c->cap_add.len == 0);
    assert_true(ht_container_has_security_opts(c) && c->security_opts.len == 0);
    assert_true(ht_container_has_user(c) && c->user.len == 0);
    assert_true(ht_str_has_suffix(c->upper_dir, "/diff"));
    assert_true(ht_str_is(c->storage, "overlay2"));
    assert_true(ht_container_has_pids_limit(c) && c->pids_limit == 0);
    assert_false(ht_container_has_health(c));
    assert_false(ht_container_has_effective(c));

    assert_true(ht_privilege_has_privileged(d) && !d->privileged);
    assert_int_equal(d->caps, DEFAULT_CAPS);
    assert_true(ht_str_is(d->seccomp_profile, "default"));
    assert_true(ht_privilege_has_no_new_privs(d) && !d->no_new_privs);
    assert_true(ht_privilege_has_uid(d) && d->uid == 0);
    assert_int_equal(d->pid_ns, HT_NS_SCOPE_OWN);
    assert_int_equal(d->net_ns, HT_NS_SCOPE_OWN);
    assert_int_equal(d->ipc_ns, HT_NS_SCOPE_OWN);
    assert_int_equal(d->uts_ns, HT_NS_SCOPE_OWN);
    assert_int_equal(d->user_ns, HT_NS_SCOPE_HOST);
    assert_int_equal(d->cgroup_ns, HT_NS_SCOPE_HOST);
    assert_true(ht_privilege_has_rootfs_ro(d) && !d->rootfs_ro);
    assert_true(ht_privilege_has_all_devices(d) && !d->all_devices);
    assert_int_equal(d->masked_paths.len, 10);
    assert_int_equal(d->readonly_paths.len, 5);
    assert_false(ht_privilege_has_lsm(d)); /* the host has none */
    free_engine(&engine);
}

static void a_remapped_user_namespace_is_the_daemons_word(void **state)
{
    struct engine engine;

    (void)state;
    read_engine(&engine, "docker/userns/info.json");
    assert_true(engine.daemon.userns_remap && engine.context.userns_remap);
    ht_autorow struct ht_row *plain = read_row(&engine, "docker/userns/inspect/plain.json");
    ht_autorow struct ht_row *host = read_row(&engine, "docker/userns/inspect/usernshost.json");
    ht_autorow struct ht_row *priv = read_row(&engine, "docker/userns/inspect/priv.json");
    assert_int_equal(ht_container_of(plain)->declared.user_ns, HT_NS_SCOPE_OWN);
    assert_int_equal(ht_container_of(host)->declared.user_ns, HT_NS_SCOPE_HOST);
    assert_int_equal(ht_container_of(priv)->declared.user_ns, HT_NS_SCOPE_HOST);
    assert_true(ht_container_of(priv)->declared.privileged);
    free_engine(&engine);
}

static void cgroup2_gives_private_namespaces_even_to_the_privileged(void **state)
{
    struct engine engine;

    (void)state;
    read_engine(&engine, "docker/cgroup2/info.json");
    assert_true(ht_str_is(engine.daemon.cgroup_version, "2"));
    ht_autorow struct ht_row *plain = read_row(&engine, "docker/cgroup2/inspect/plain.json");
    ht_autorow struct ht_row *host = read_row(&engine, "docker/cgroup2/inspect/cgnshost.json");
    ht_autorow struct ht_row *priv = read_row(&engine, "docker/cgroup2/inspect/priv.json");
    assert_int_equal(ht_container_of(plain)->declared.cgroup_ns, HT_NS_SCOPE_OWN);
    assert_int_equal(ht_container_of(host)->declared.cgroup_ns, HT_NS_SCOPE_HOST);
    assert_true(ht_container_of(priv)->declared.privileged);
    assert_int_equal(ht_container_of(priv)->declared.caps, ALL_CAPS);
    free_engine(&engine);
}

static void other_storage_drivers_have_no_upper_directory(void **state)
{
    struct engine engine;

    (void)state;
    read_engine(&engine, "docker/plain/info.json");
    ht_autorow struct ht_row *vfs = read_row(&engine, "docker/drivers/inspect_vfs.json");
    ht_autorow struct ht_row *btrfs = read_row(&engine, "docker/drivers/inspect_btrfs.json");
    assert_false(ht_container_has_upper_dir(ht_container_of(vfs)));
    assert_false(ht_container_has_upper_dir(ht_container_of(btrfs)));
    assert_true(ht_str_is(ht_container_of(btrfs)->storage, "btrfs"));
    free_engine(&engine);
}

/* ---- Podman ---- */

static void podman_does_not_tell_its_masks_nor_its_runtime(void **state)
{
    struct engine engine;

    (void)state;
    read_engine(&engine, "podman/compat_info.json");
    assert_true(ht_str_is(engine.daemon.name, "Podman"));
    assert_true(ht_str_is(engine.context.runtime, "podman"));
    ht_autorow struct ht_row *row = read_row(&engine, "podman/compat_inspect_plain.json");
    const struct ht_container *c = ht_container_of(row);
    assert_true(ht_str_is(c->name, "pplain"));
    assert_true(ht_str_is(c->runtime, "podman"));
    assert_false(c->declared.privileged);
    assert_false(ht_privilege_has_masked_paths(&c->declared));
    assert_false(ht_privilege_has_readonly_paths(&c->declared));
    assert_int_equal(c->declared.caps, 0x800405fb);
    assert_int_equal(c->declared.cgroup_ns, HT_NS_SCOPE_HOST); /* cgroup v1 */
    assert_true(ht_str_is(c->declared.seccomp_profile, "default"));
    assert_false(ht_container_has_oci_runtime(c));
    assert_false(ht_container_has_health(c));
    assert_int_equal(c->pids_limit, 2048);
    free_engine(&engine);
}

static void podmans_privileged_lacks_what_is_dropped(void **state)
{
    struct engine engine;

    (void)state;
    read_engine(&engine, "podman/compat_info.json");
    ht_autorow struct ht_row *row = read_row(&engine, "podman/compat_inspect_priv.json");
    const struct ht_privilege *d = &ht_container_of(row)->declared;
    assert_true(d->privileged && d->all_devices);
    assert_int_equal(d->caps, ALL_CAPS & ~(UINT64_C(1) << 24)); /* SYS_RESOURCE */
    assert_true(ht_privilege_has_masked_paths(d) && d->masked_paths.len == 0);
    assert_true(ht_str_is(d->seccomp_profile, "unconfined"));
    free_engine(&engine);
}

/* ---- what must stay unknown ---- */

/* Every field of declared that an answer without its deciding key must leave alone. */
static void an_absent_host_config_declares_nothing(void **state)
{
    static const char *const answers[] = {
        "{\"Id\":\"a1\"}",
        "{\"Id\":\"a1\",\"HostConfig\":null}",
        "{\"Id\":\"a1\",\"HostConfig\":[]}",
        "{\"Id\":\"a1\",\"HostConfig\":\"Privileged\"}",
    };
    struct engine engine;

    (void)state;
    read_engine(&engine, "docker/plain/info.json");
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        ht_autorow struct ht_row *row = row_of(&engine, answers[i]);
        const struct ht_container *c = ht_container_of(row);

        assert_false(ht_container_has_declared(c));
        assert_false(ht_container_has_name(c) || ht_container_has_mounts(c) ||
                     ht_container_has_ports(c) || ht_container_has_devices(c) ||
                     ht_container_has_env(c) || ht_container_has_labels(c) ||
                     ht_container_has_command(c) || ht_container_has_entrypoint(c) ||
                     ht_container_has_cap_add(c) || ht_container_has_security_opts(c) ||
                     ht_container_has_sysctls(c) || ht_container_has_user(c) ||
                     ht_container_has_state(c) || ht_container_has_pid(c));
    }
    free_engine(&engine);
}

static void an_empty_host_config_declares_only_what_is_always_so(void **state)
{
    struct engine engine;

    (void)state;
    read_engine(&engine, "docker/plain/info.json");
    ht_autorow struct ht_row *row = row_of(&engine, "{\"Id\":\"a1\",\"HostConfig\":{}}");
    const struct ht_privilege *d = &ht_container_of(row)->declared;
    assert_false(ht_privilege_has_privileged(d) || ht_privilege_has_caps(d) ||
                 ht_privilege_has_all_devices(d) || ht_privilege_has_seccomp_profile(d) ||
                 ht_privilege_has_no_new_privs(d) || ht_privilege_has_pid_ns(d) ||
                 ht_privilege_has_net_ns(d) || ht_privilege_has_ipc_ns(d) ||
                 ht_privilege_has_uts_ns(d) || ht_privilege_has_user_ns(d) ||
                 ht_privilege_has_rootfs_ro(d) || ht_privilege_has_masked_paths(d) ||
                 ht_privilege_has_uid(d) || ht_privilege_has_lsm(d));
    free_engine(&engine);
}

static void a_value_of_the_wrong_kind_is_unknown(void **state)
{
    struct engine engine;

    (void)state;
    read_engine(&engine, "docker/plain/info.json");
    ht_autorow struct ht_row *row = row_of(
        &engine, "{\"Id\":\"a1\",\"Mounts\":\"none\",\"Args\":{},\"Path\":\"/bin/x\","
                 "\"NetworkSettings\":{\"Ports\":3},"
                 "\"Config\":{\"Env\":{\"A\":1},\"Labels\":[],\"User\":5,\"Entrypoint\":true},"
                 "\"HostConfig\":{\"Privileged\":\"false\",\"CapAdd\":[1],\"CapDrop\":\"ALL\","
                 "\"SecurityOpt\":{},\"PidMode\":0,\"Devices\":{},\"PortBindings\":[],"
                 "\"ReadonlyRootfs\":1,\"MaskedPaths\":\"/proc\",\"Sysctls\":[],\"Memory\":-1}}");
    const struct ht_container *c = ht_container_of(row);
    const struct ht_privilege *d = &c->declared;
    assert_false(ht_container_has_mounts(c) || ht_container_has_command(c) ||
                 ht_container_has_ports(c) || ht_container_has_env(c) ||
                 ht_container_has_labels(c) || ht_container_has_user(c) ||
                 ht_container_has_entrypoint(c) || ht_container_has_cap_add(c) ||
                 ht_container_has_cap_drop(c) || ht_container_has_security_opts(c) ||
                 ht_container_has_devices(c) || ht_container_has_sysctls(c) ||
                 ht_container_has_memory_limit(c));
    assert_false(ht_privilege_has_privileged(d) || ht_privilege_has_caps(d) ||
                 ht_privilege_has_pid_ns(d) || ht_privilege_has_rootfs_ro(d) ||
                 ht_privilege_has_masked_paths(d) || ht_privilege_has_seccomp_profile(d));
    free_engine(&engine);
}

/* A Docker 1.12: no masks, no cgroup namespaces, options without "name=", colons in options. */
static void an_answer_of_api_1_24_is_understood(void **state)
{
    struct engine engine;

    (void)state;
    decode_engine(&engine,
                  HT_S("{\"Driver\":\"aufs\",\"ServerVersion\":\"1.12.6\","
                       "\"SecurityOptions\":[\"seccomp\"]}"),
                  false);
    assert_false(ht_daemon_has_cgroup_version(&engine.daemon));
    assert_false(ht_daemon_has_live_restore(&engine.daemon));
    ht_autorow struct ht_row *row = row_of(
        &engine,
        "{\"Id\":\"a1\",\"Name\":\"/old\",\"Path\":\"sh\",\"Args\":[],\"State\":{\"Running\":true,"
        "\"Paused\":true,\"Pid\":77},\"Mounts\":[],\"Config\":{\"Entrypoint\":\"run me\"},"
        "\"HostConfig\":{\"Privileged\":false,\"CapAdd\":[\"sys_admin\"],\"CapDrop\":[\"Cap_"
        "Chown\"],"
        "\"SecurityOpt\":[\"seccomp:unconfined\",\"apparmor:mine\",\"no-new-privileges\"],"
        "\"PidMode\":\"container:b2\",\"NetworkMode\":\"bridge\",\"IpcMode\":\"\",\"UTSMode\":\"\","
        "\"UsernsMode\":\"\",\"ReadonlyRootfs\":true,\"Devices\":null}}");
    const struct ht_container *c = ht_container_of(row);
    const struct ht_privilege *d = &c->declared;
    assert_int_equal(c->state, HT_CONTAINER_STATE_PAUSED);
    assert_int_equal(c->pid, 77);
    assert_true(c->entrypoint.len == 1 && ht_str_is(c->entrypoint.items[0], "run me"));
    assert_false(ht_container_has_device_rules(c) || ht_container_has_pids_limit(c) ||
                 ht_container_has_cpu_limit(c) || ht_container_has_labels(c));
    assert_true(ht_container_has_devices(c));
    assert_int_equal(d->caps, (DEFAULT_CAPS & ~UINT64_C(1)) | UINT64_C(1) << 21);
    assert_true(ht_str_is(d->seccomp_profile, "unconfined"));
    assert_true(ht_str_is(d->lsm, "mine"));
    assert_true(d->no_new_privs);
    assert_int_equal(d->pid_ns, HT_NS_SCOPE_SHARED);
    assert_int_equal(c->joins.len, 1);
    assert_true(ht_str_is(c->joins.items[0].key, "pid"));
    assert_true(ht_str_is(c->joins.items[0].value, "b2"));
    assert_int_equal(d->user_ns, HT_NS_SCOPE_HOST);
    assert_int_equal(d->cgroup_ns, HT_NS_SCOPE_HOST);
    assert_false(ht_privilege_has_masked_paths(d));
    assert_false(ht_privilege_has_uid(d));
    free_engine(&engine);
}

/* ---- details of what is declared ---- */

static const struct {
    const char *add, *drop;
    uint64_t caps;
} cap_cases[] = {
    {"[]", "[]", DEFAULT_CAPS},
    {"null", "null", DEFAULT_CAPS},
    {"[]", "[\"ALL\"]", 0},
    {"[\"NET_ADMIN\"]", "[\"all\"]", UINT64_C(1) << 12},
    {"[\"ALL\"]", "[]", ALL_CAPS},
    {"[\"all\"]", "[\"NET_RAW\"]", ALL_CAPS & ~(UINT64_C(1) << 13)},
    {"[\"ALL\"]", "[\"ALL\"]", ALL_CAPS},
    {"[\"CAP_SYS_ADMIN\",\"sys_admin\"]", "[\"SYS_ADMIN\"]", DEFAULT_CAPS | UINT64_C(1) << 21},
    {"[\"CAP_FUTURE\",\"CAP_\",\"\"]", "[]", DEFAULT_CAPS},
};

static void capabilities_are_computed_as_docker_does(void **state)
{
    struct engine engine;
    char text[300];

    (void)state;
    read_engine(&engine, "docker/plain/info.json");
    for (size_t i = 0; i < ARRAY_LEN(cap_cases); i++) {
        snprintf(text, sizeof(text),
                 "{\"Id\":\"a1\",\"HostConfig\":{\"Privileged\":false,\"CapAdd\":%s,"
                 "\"CapDrop\":%s}}",
                 cap_cases[i].add, cap_cases[i].drop);
        ht_autorow struct ht_row *row = row_of(&engine, text);
        assert_true(ht_privilege_has_caps(&ht_container_of(row)->declared));
        assert_int_equal(ht_container_of(row)->declared.caps, cap_cases[i].caps);
    }
    free_engine(&engine);
}

static const struct {
    const char *user;
    bool known;
    uint64_t uid;
} user_cases[] = {
    {"", true, 0},
    {"0", true, 0},
    {"0:0", true, 0},
    {"root:adm", true, 0},
    {"1000:1000", true, 1000},
    {"65534", true, 65534},
    {"www", false, 0},
    {"www:0", false, 0},
    {"4294967296", false, 0},
    {"-1", false, 0},
};

static void a_users_number_is_read_and_a_name_is_not_guessed(void **state)
{
    struct engine engine;
    char text[300];

    (void)state;
    read_engine(&engine, "docker/plain/info.json");
    for (size_t i = 0; i < ARRAY_LEN(user_cases); i++) {
        snprintf(text, sizeof(text),
                 "{\"Id\":\"a1\",\"Config\":{\"User\":\"%s\"},\"HostConfig\":{}}",
                 user_cases[i].user);
        ht_autorow struct ht_row *row = row_of(&engine, text);
        const struct ht_container *c = ht_container_of(row);
        assert_true(ht_str_is(c->user, user_cases[i].user));
        assert_int_equal(ht_privilege_has_uid(&c->declared), user_cases[i].known);
        if (user_cases[i].known)
            assert_int_equal(c->declared.uid, user_cases[i].uid);
    }
    free_engine(&engine);
}

static void a_profile_given_as_text_is_custom(void **state)
{
    struct engine engine;

    (void)state;
    read_engine(&engine, "docker/plain/info.json");
    ht_autorow struct ht_row *row =
        row_of(&engine, "{\"Id\":\"a1\",\"HostConfig\":{\"Privileged\":false,\"SecurityOpt\":["
                        "\"seccomp={\\\"defaultAction\\\":\\\"SCMP_ACT_ALLOW\\\",\\\"syscalls\\\":["
                        "{\\\"names\\\":[\\\"bpf\\\"],\\\"action\\\":\\\"SCMP_ACT_ERRNO\\\"}]}\","
                        "\"no-new-privileges=false\"],"
                        "\"DeviceCgroupRules\":[\"a *:* rwm\"]}}");
    const struct ht_container *c = ht_container_of(row);
    assert_true(ht_str_is(c->declared.seccomp_profile, "custom"));
    assert_true(ht_str_is(c->security_opts.items[0], "seccomp=custom"));
    assert_true(ht_privilege_has_no_new_privs(&c->declared) && !c->declared.no_new_privs);
    assert_true(c->declared.all_devices);
    free_engine(&engine);
}

/* What no-new-privileges is; -1: not known. */
static void assert_no_new_privs(const char *option, int wanted)
{
    struct engine engine;
    char text[200];

    read_engine(&engine, "docker/plain/info.json");
    snprintf(text, sizeof(text),
             "{\"Id\":\"a1\",\"HostConfig\":{\"Privileged\":false,\"SecurityOpt\":[\"%s\"]}}",
             option);
    ht_autorow struct ht_row *row = row_of(&engine, text);
    const struct ht_privilege *declared = &ht_container_of(row)->declared;
    assert_int_equal(ht_privilege_has_no_new_privs(declared) ? declared->no_new_privs : -1, wanted);
    free_engine(&engine);
}

static void a_switch_is_read_as_go_reads_it(void **state)
{
    (void)state;
    assert_no_new_privs("no-new-privileges", 1);
    assert_no_new_privs("no-new-privileges:t", 1);
    assert_no_new_privs("no-new-privileges=f", 0);
    assert_no_new_privs("no-new-privileges:F", 0);
    assert_no_new_privs("no-new-privileges=FALSE", 0);
    assert_no_new_privs("no-new-privileges=yes", -1);
    assert_no_new_privs("no-new-privileges=", -1);
}

/* {SecurityOptions of /info, seccomp of a plain container ("" unknown), user namespace is host's}
 */
static const struct {
    const char *options, *seccomp;
    int user_ns; /* -1: unknown */
} option_cases[] = {
    {"[\"name=seccomp,profile=builtin\",\"name=cgroupns\"]", "default", HT_NS_SCOPE_HOST},
    {"[\"name=seccomp,profile=unconfined\"]", "unconfined", HT_NS_SCOPE_HOST},
    {"[\"name=seccomp,profile=/etc/docker/p.json\"]", "/etc/docker/p.json", HT_NS_SCOPE_HOST},
    {"[\"name=apparmor\"]", "unconfined", HT_NS_SCOPE_HOST},
    {"[\"name=seccomp,profile=default\",\"name=rootless\"]", "default", HT_NS_SCOPE_OWN},
    {"[\"name=userns\",\"seccomp\"]", "default", HT_NS_SCOPE_OWN},
    {"[7]", "", -1},
    {"\"seccomp\"", "", -1},
};

static void defaults_follow_the_daemons_security_options(void **state)
{
    struct engine engine;
    char info[200];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(option_cases); i++) {
        snprintf(info, sizeof(info), "{\"SecurityOptions\":%s}", option_cases[i].options);
        decode_engine(&engine, ht_str_from(info), false);
        ht_autorow struct ht_row *row =
            row_of(&engine, "{\"Id\":\"a1\",\"HostConfig\":{\"Privileged\":false,"
                            "\"SecurityOpt\":null,\"UsernsMode\":\"\"}}");
        const struct ht_privilege *d = &ht_container_of(row)->declared;
        assert_true(ht_str_is(d->seccomp_profile, option_cases[i].seccomp));
        assert_int_equal(ht_privilege_has_seccomp_profile(d), option_cases[i].seccomp[0] != 0);
        assert_int_equal(ht_privilege_has_user_ns(d), option_cases[i].user_ns >= 0);
        if (option_cases[i].user_ns >= 0)
            assert_int_equal(d->user_ns, option_cases[i].user_ns);
        free_engine(&engine);
    }
}

/* ---- secrets ---- */

static void no_secret_gets_into_a_row(void **state)
{
    static const char answer[] =
        "{\"Id\":\"a1\",\"Path\":\"mysql\",\"Args\":[\"-pcanary1\",\"--password\",\"canary2\","
        "\"--token=canary3\",\"sh\",\"-c\",\"DB_PASSWORD=canary4 run\"],"
        "\"Config\":{\"Env\":[\"DB_PASSWORD=canary5\",\"ANY=canary6\",\"canary7\","
        "\"{'auth': 'canary13='}\",\"run -key canary14=\","
        "\"PATH=/bin\"],\"Entrypoint\":[\"run\",\"--secret\",\"canary8\"],"
        "\"Labels\":{\"db.password\":\"canary9\",\"cmd\":\"run --api-key=canary10\"}},"
        "\"HostConfig\":{\"SecurityOpt\":[\"seccomp={canary11}\"],"
        "\"Sysctls\":{\"kernel.token\":\"canary12\"}}}";
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    struct engine engine;

    (void)state;
    read_engine(&engine, "docker/plain/info.json");
    ht_autorow struct ht_row *row = row_of(&engine, answer);
    struct ht_str text = value_text(arena, as_json(arena, row));
    if (ht_str_find(text, HT_S("canary"), 0) >= 0)
        fail_msg("%s", text.data);
    assert_int_equal(ht_container_of(row)->env.len, 6);
    assert_true(ht_str_is(ht_container_of(row)->env.items[0].key, "DB_PASSWORD"));

    ht_autorow struct ht_row *env = read_row(&engine, "docker/plain/inspect/envsec.json");
    text = value_text(arena, as_json(arena, env));
    assert_true(ht_str_find(text, HT_S("hunter2"), 0) < 0);
    assert_true(ht_str_find(text, HT_S("EXAMPLEKEY"), 0) < 0);
    free_engine(&engine);
}

static void the_number_of_arguments_left_out_is_said(void **state)
{
    struct ht_buf text = HT_BUF(HT_LIMIT_BODY);
    struct engine engine;

    (void)state;
    read_engine(&engine, "docker/plain/info.json");
    ht_buf_add_text(&text, "{\"Id\":\"a1\",\"Path\":\"x\",\"Args\":[\"0\"");
    for (int i = 1; i < 1000; i++)
        ht_buf_addf(&text, ",\"%d\"", i);
    ht_buf_add_text(&text, "]}");
    ht_autorow struct ht_row *row = decode(&engine, ht_buf_str(&text));
    const struct ht_text_list *command = &ht_container_of(row)->command;
    assert_int_equal(command->len, HT_LIMIT_ARGV);
    assert_true(ht_str_is(command->items[HT_LIMIT_ARGV - 1], "... 746 more arguments"));
    ht_buf_fini(&text);
    free_engine(&engine);
}

/* ---- refusals ---- */

static void what_is_no_container_is_refused(void **state)
{
    static const char *const answers[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"Id\":7}",
        "{\"Id\":\"\"}",
        "{\"Id\":\"../x\"}",
        "<html>",
        "{\"Id\":\"a1\"",
        "{\"Id\":\"a b\"}",
    };
    struct engine engine;

    (void)state;
    read_engine(&engine, "docker/plain/info.json");
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct ht_error err = {0};
        struct ht_row *row = NULL;

        assert_int_equal(
            ht_docker_decode_container(ht_str_from(answers[i]), &engine.context, &row, &err),
            -EINVAL);
        assert_true(err.code == EINVAL && err.text[0]);
        assert_null(row);
    }
    free_engine(&engine);
}

static void a_container_larger_than_a_row_is_refused(void **state)
{
    struct ht_buf text = HT_BUF(HT_LIMIT_BODY);
    struct ht_error err = {0};
    struct ht_row *row = NULL;
    struct engine engine;

    (void)state;
    read_engine(&engine, "docker/plain/info.json");
    ht_buf_add_text(&text, "{\"Id\":\"a1\",\"Args\":[\"0\"");
    while (text.len < HT_LIMIT_ROW / 2)
        ht_buf_add_text(&text, ",\"0\"");
    ht_buf_add_text(&text, "]}");
    assert_int_equal(ht_docker_decode_container(ht_buf_str(&text), &engine.context, &row, &err),
                     -E2BIG);
    assert_null(row);
    ht_buf_fini(&text);
    free_engine(&engine);
}

/* ---- list ---- */

static void decode_list(struct ht_arena *arena, const char *text, struct ht_docker_list *list)
{
    struct ht_error err = {0};

    if (ht_docker_decode_list(arena, ht_str_from(text), list, &err) < 0)
        fail_msg("%s", err.text);
}

static void a_list_names_every_container(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    struct ht_docker_list list;
    struct engine engine;
    struct ht_buf text;

    (void)state;
    read_engine(&engine, "docker/plain/info.json");
    read_fixture("docker/plain/containers.json", &text);
    decode_list(arena, text.data, &list);
    assert_int_equal(list.len, 58);
    assert_int_equal(list.items[0].id.len, 64);
    assert_true(ht_str_is(list.items[0].name, "badhost"));

    ht_autorow struct ht_row *row = ht_docker_decode_listed(&list.items[0], &engine.context);
    const struct ht_container *c = ht_container_of(row);
    assert_true(ht_str_is(c->name, "badhost") && ht_str_is(c->image, "lab/app:1.0"));
    assert_int_equal(c->state, HT_CONTAINER_STATE_RUNNING);
    assert_false(ht_container_has_declared(c) || ht_container_has_mounts(c));
    ht_buf_fini(&text);

    read_fixture("podman/compat_containers.json", &text);
    decode_list(arena, text.data, &list);
    assert_true(list.len > 0 && ht_str_is(list.items[0].name, "pplain"));
    ht_buf_fini(&text);
    decode_list(arena, "null", &list);
    assert_int_equal(list.len, 0);
    decode_list(arena, "[]", &list);
    assert_int_equal(list.len, 0);
    free_engine(&engine);
}

static uint64_t fingerprint(const char *entry)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    struct ht_docker_list list;
    char text[300];

    snprintf(text, sizeof(text), "[{\"Id\":\"a1\",%s}]", entry);
    decode_list(arena, text, &list);
    return list.items[0].fingerprint;
}

static void the_fingerprint_changes_with_facts_not_with_time(void **state)
{
    uint64_t before = fingerprint("\"Names\":[\"/x\"],\"State\":\"running\",\"Status\":\"Up 4 s\"");

    (void)state;
    assert_int_equal(before,
                     fingerprint("\"Names\":[\"/x\"],\"State\":\"running\",\"Status\":\"Up 9 s\""));
    assert_int_not_equal(
        before, fingerprint("\"Names\":[\"/y\"],\"State\":\"running\",\"Status\":\"Up 4 s\""));
    assert_int_not_equal(
        before, fingerprint("\"Names\":[\"/x\"],\"State\":\"paused\",\"Status\":\"Up 4 s\""));
    assert_int_not_equal(
        before,
        fingerprint("\"Names\":[\"/x\"],\"State\":\"running\",\"Status\":\"Up 4 s (unhealthy)\""));
}

static void what_is_no_list_is_refused(void **state)
{
    static const char *const answers[] = {
        "", "{}", "7", "[null]", "[{}]", "[{\"Id\":\"a/b\"}]", "[{\"Id\":\"a1\"},{\"Id\":\"\"}]"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
        struct ht_docker_list list;
        struct ht_error err = {0};

        assert_int_equal(ht_docker_decode_list(arena, ht_str_from(answers[i]), &list, &err),
                         -EINVAL);
        assert_true(err.text[0]);
    }
}

/* ---- daemon ---- */

static void a_daemon_is_described(void **state)
{
    struct engine engine;

    (void)state;
    read_engine(&engine, "docker/plain/info.json");
    const struct ht_daemon *d = &engine.daemon;
    assert_true(ht_str_is(d->name, "Docker"));
    assert_true(ht_str_is(d->version, "20.10.24+dfsg1"));
    assert_true(ht_str_is(d->api_version, "1.41"));
    assert_true(ht_str_is(d->root_dir, "/var/lib/docker"));
    assert_true(ht_str_is(d->storage, "overlay2"));
    assert_true(ht_str_is(d->cgroup_version, "1"));
    assert_true(ht_str_is(d->default_runtime, "fewercaps"));
    assert_true(ht_daemon_has_userns_remap(d) && !d->userns_remap);
    assert_true(ht_daemon_has_rootless(d) && !d->rootless);
    assert_true(ht_daemon_has_live_restore(d) && !d->live_restore);
    assert_int_equal(d->containers, 58);
    assert_int_equal(d->warnings.len, 1);
    free_engine(&engine);

    decode_engine(&engine, HT_S("{}"), false);
    assert_false(ht_daemon_has_security_options(&engine.daemon) ||
                 ht_daemon_has_userns_remap(&engine.daemon) ||
                 ht_daemon_has_rootless(&engine.daemon) || ht_daemon_has_version(&engine.daemon) ||
                 ht_daemon_has_runtimes(&engine.daemon) || ht_daemon_has_warnings(&engine.daemon) ||
                 ht_daemon_has_root_dir(&engine.daemon));
    free_engine(&engine);
}

/* ---- errors ---- */

static void an_errors_message_is_found(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);

    (void)state;
    assert_true(
        ht_str_is(ht_docker_decode_message(arena, HT_S("{\"message\":\"no luck\"}")), "no luck"));
    assert_int_equal(ht_docker_decode_message(arena, HT_S("client version 1.11 is too old")).len,
                     0);
    assert_int_equal(ht_docker_decode_message(arena, HT_S("{\"message\":7}")).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_sizes_of_labels_are_kept),
        cmocka_unit_test(plain_is_known_in_full),
        cmocka_unit_test(a_remapped_user_namespace_is_the_daemons_word),
        cmocka_unit_test(cgroup2_gives_private_namespaces_even_to_the_privileged),
        cmocka_unit_test(other_storage_drivers_have_no_upper_directory),
        cmocka_unit_test(podman_does_not_tell_its_masks_nor_its_runtime),
        cmocka_unit_test(podmans_privileged_lacks_what_is_dropped),
        cmocka_unit_test(an_absent_host_config_declares_nothing),
        cmocka_unit_test(an_empty_host_config_declares_only_what_is_always_so),
        cmocka_unit_test(a_value_of_the_wrong_kind_is_unknown),
        cmocka_unit_test(an_answer_of_api_1_24_is_understood),
        cmocka_unit_test(capabilities_are_computed_as_docker_does),
        cmocka_unit_test(a_users_number_is_read_and_a_name_is_not_guessed),
        cmocka_unit_test(a_switch_is_read_as_go_reads_it),
        cmocka_unit_test(a_profile_given_as_text_is_custom),
        cmocka_unit_test(defaults_follow_the_daemons_security_options),
        cmocka_unit_test(no_secret_gets_into_a_row),
        cmocka_unit_test(the_number_of_arguments_left_out_is_said),
        cmocka_unit_test(what_is_no_container_is_refused),
        cmocka_unit_test(a_container_larger_than_a_row_is_refused),
        cmocka_unit_test(a_list_names_every_container),
        cmocka_unit_test(the_fingerprint_changes_with_facts_not_with_time),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(a_daemon_is_described),
        cmocka_unit_test(an_errors_message_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
