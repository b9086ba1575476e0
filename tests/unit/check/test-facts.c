/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"
#include "hulltop/check/catalogue.h"
#include "hulltop/check/facts.h"
#include "hulltop/model/rows.h"
#include "tests/unit/base/builtin-trees.h"

static int load_facts(void **state)
{
    struct ht_facts *facts = NULL;
    struct ht_error err = {0};

    if (ht_facts_load(NULL, &facts, &err) < 0) {
        print_error("%s\n", err.text);
        return -1;
    }
    *state = facts;
    return 0;
}

static int free_facts(void **state)
{
    *state = ht_facts_free(*state);
    return 0;
}

static void default_set_has_fourteen_capabilities(void **state)
{
    assert_int_equal(ht_facts_default_caps(*state, HT_S("docker")), 0xa80425fb);
    assert_int_equal(ht_facts_default_caps(*state, HT_S("cri-o")), 0x5fb);
    assert_int_equal(ht_facts_default_caps(*state, HT_S("")), 0xa80425fb);
}

static void every_capability_has_a_tier(void **state)
{
    for (unsigned bit = 0; bit < ht_capability_enum.count; bit++)
        assert_true(ht_facts_cap_tier(*state, bit) >= 1);
    assert_int_equal(ht_facts_cap_tier(*state, HT_CAPABILITY_SYS_ADMIN), 1);
    assert_int_equal(ht_facts_cap_tier(*state, HT_CAPABILITY_NET_ADMIN), 2);
    assert_int_equal(ht_facts_cap_tier(*state, 63), 0);
}

static void writable_paths_are_found_from_above_and_below(void **state)
{
    static const char *const opened[] = {"/",
                                         "/etc",
                                         "/etc/cron.d/",
                                         "/var",
                                         "/etc/cron.d/x",
                                         "/root",
                                         "/home/a/.ssh",
                                         "/usr/bin/ls",
                                         "/run",
                                         "/var/run",
                                         "/sys/fs/cgroup",
                                         "/var/lib/docker/volumes"};
    static const char *const closed[] = {"/srv",      "/etc/localtime", "/home/a/app", "/root/app",
                                         "/etcetera", "/opt/app",       "/run/app",    "/dev/shm"};

    for (size_t i = 0; i < ARRAY_LEN(opened); i++) {
        if (!ht_facts_path(*state, HT_FACT_PATHS_WRITABLE, ht_str_from(opened[i])))
            fail_msg("%s is not found", opened[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(closed); i++) {
        if (ht_facts_path(*state, HT_FACT_PATHS_WRITABLE, ht_str_from(closed[i])))
            fail_msg("%s is found", closed[i]);
    }
}

static void sockets_are_known_by_path_and_name(void **state)
{
    const struct ht_fact_socket *socket = ht_facts_socket(*state, HT_S("/var/run/docker.sock"));
    size_t at = 0;

    assert_non_null(socket);
    assert_true(ht_str_is(socket->kind, "docker"));
    assert_non_null(ht_facts_socket(*state, HT_S("/run/user/1000/podman/podman.sock")));
    assert_null(ht_facts_socket(*state, HT_S("/run/user/1000/x/podman/podman.sock")));
    assert_non_null(ht_facts_socket_named(*state, HT_S("/srv/data/docker.sock")));
    assert_null(ht_facts_socket_named(*state, HT_S("/srv/data/app.sock")));
    /* Slashes that stand twice part no more than one does. */
    assert_non_null(ht_facts_socket(*state, HT_S("/run//docker.sock")));
    assert_non_null(ht_facts_socket(*state, HT_S("//run/docker.sock")));
    assert_null(ht_facts_socket(*state, HT_S("/run/docker.soc")));
    assert_null(ht_facts_socket(*state, HT_S("/run/docker.sockx")));
    assert_null(ht_facts_socket(*state, HT_S("/runx/docker.sock")));
    assert_non_null(ht_facts_device(*state, HT_S("/dev/sda1")));
    assert_non_null(ht_facts_device(*state, HT_S("/dev/sd")));
    assert_non_null(ht_facts_device(*state, HT_S("/dev//disk/by-id/x")));
    assert_null(ht_facts_device(*state, HT_S("/dev/shm")));
    assert_null(ht_facts_device(*state, HT_S("/dev/s")));
    assert_non_null(ht_facts_socket_below(*state, HT_S("/var/run"), &at));
    at = 0;
    assert_null(ht_facts_socket_below(*state, HT_S("/srv"), &at));
}

static void images_compare_without_registry_defaults(void **state)
{
    (void)state;
    assert_true(ht_facts_image_is(HT_S("docker:*-dind"), HT_S("docker.io/library/docker:24-dind")));
    assert_false(ht_facts_image_is(HT_S("docker:*-dind"), HT_S("docker:24")));
    assert_true(ht_facts_image_is(HT_S("moby/buildkit"), HT_S("moby/buildkit:rootless")));
    assert_true(ht_facts_image_is(HT_S("registry.k8s.io/kube-proxy"),
                                  HT_S("registry.k8s.io/kube-proxy@sha256:00")));
    assert_false(ht_facts_image_is(HT_S("registry.k8s.io/kube-proxy"),
                                   HT_S("evil.example/registry.k8s.io/kube-proxy")));
    assert_true(ht_facts_image_is(HT_S("gitlab/x"), HT_S("gitlab/x")));
    assert_false(ht_facts_image_is(HT_S("gitlab/*"), HT_S("gitlab/x/y")));
    assert_false(ht_facts_image_is(HT_S("*"), HT_S("")));
}

static void sandboxes_are_known_by_handler(void **state)
{
    const struct ht_fact_runtime *runtime = ht_facts_runtime(*state, HT_S("kata-qemu"));

    assert_non_null(runtime);
    assert_int_equal(runtime->kind, HT_FACT_RUNTIME_VM);
    assert_int_equal(ht_facts_runtime(*state, HT_S("runc"))->kind, HT_FACT_RUNTIME_PLAIN);
    assert_null(ht_facts_runtime(*state, HT_S("nosr")));
}

/* ---- replacements ---- */

static char *make_folder(const char *name, const char *file, const char *text)
{
    const char *tmp = getenv("TMPDIR");
    char path[512];
    char *folder = NULL;

    if (asprintf(&folder, "%s/%s", tmp ? tmp : "/tmp", name) < 0)
        return NULL;
    mkdir(folder, 0700);
    snprintf(path, sizeof(path), "%s/%s", folder, file);

    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
    chmod(path, 0600);
    return folder;
}

static void expect_refused(const char *file, const char *text, const char *message)
{
    char *folder = make_folder("facts", file, text);
    const char *folders[] = {folder, NULL};
    struct ht_facts *facts = NULL;
    struct ht_error err = {0};

    assert_true(ht_facts_load(folders, &facts, &err) < 0);
    assert_null(facts);
    if (ht_str_find(ht_str_from(err.text), ht_str_from(message), 0) < 0)
        fail_msg("\"%s\" is not in \"%s\"", message, err.text);

    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, file);
    unlink(path);
    free(folder);
}

static void a_wrong_replacement_is_refused_with_its_line(void **state)
{
    (void)state;
    expect_refused("sysctls.yaml", "source: x\ndate: 2026-01-01\nsave: []\n",
                   "sysctls.yaml:3: no such key: save (did you mean safe?)");
    expect_refused("sysctls.yaml", "source: x\ndate: 2026-01-01\n", "safe is missing");
    expect_refused("sysctls.yaml", "source: x\ndate: soon\nsafe: []\n",
                   "2: date: expected YYYY-MM-DD");
    expect_refused("sysctls.yaml", "source: x\ndate: 2026-01-01\nsafe: [{ name: a }]\n",
                   "3: since is missing");
    expect_refused("masks.yaml",
                   "source: x\ndate: 2026-01-01\nmasked: []\nreadonly:\n - { path: /x, shows: y, "
                   "core: perhaps }\n",
                   "5: core: expected yes or no");
    expect_refused(
        "capabilities.yaml",
        "source: x\ndate: 2026-01-01\ndefaults: []\nwide: [SYS_ADMIM]\ncapabilities: []\n",
        "no such capability: SYS_ADMIM");
    expect_refused("expected.yaml",
                   "source: x\ndate: 2026-01-01\nworkloads:\n - { name: a, images: [b], command: "
                   "c, checks: { PRV-999: [] } }\n",
                   "no such check: PRV-999");
    expect_refused("expected.yaml",
                   "source: x\ndate: 2026-01-01\nworkloads:\n - { name: a, images: [b], checks: { "
                   "PRV-001: [] } }\n",
                   "needs an image, and an owner, label or command");
}

static void a_replacement_takes_the_place_of_a_table(void **state)
{
    char *folder =
        make_folder("facts", "sysctls.yaml",
                    "source: x\ndate: 2026-01-01\nsafe: [{ name: a.b, since: \"1.0\" }]\n");
    const char *folders[] = {"/nonexistent", folder, NULL};
    struct ht_facts *facts = NULL;
    struct ht_error err = {0};

    (void)state;
    if (ht_facts_load(folders, &facts, &err) < 0)
        fail_msg("%s", err.text);
    assert_true(ht_facts_sysctl_is_safe(facts, HT_S("a.b")));
    assert_false(ht_facts_sysctl_is_safe(facts, HT_S("net.ipv4.tcp_syncookies")));
    assert_int_equal(ht_facts_cap_tier(facts, HT_CAPABILITY_SYS_ADMIN), 1);
    ht_facts_free(facts);
    free(folder);
}

static void a_replacement_that_others_may_write_is_refused(void **state)
{
    char *folder = make_folder("facts", "sysctls.yaml", "source: x\ndate: 2026-01-01\nsafe: []\n");
    const char *folders[] = {folder, NULL};
    struct ht_facts *facts = NULL;
    struct ht_error err = {0};
    char path[512];

    (void)state;
    snprintf(path, sizeof(path), "%s/sysctls.yaml", folder);
    chmod(path, 0666);
    assert_true(ht_facts_load(folders, &facts, &err) < 0);
    unlink(path);
    free(folder);
}

static void the_catalogue_is_in_order_and_complete(void **state)
{
    static const char *const ids[] = {
        "BLD-001", "BLD-002", "BLD-003", "BLD-004", "BLD-005", "BLD-006", "BLD-007", "BLD-008",
        "BLD-009", "BLD-010", "BLD-011", "BLD-012", "BLD-013", "BLD-014", "BLD-015", "BLD-016",
        "BLD-017", "BLD-018", "BLD-019", "BLD-020", "DRF-001", "DRF-002", "DRF-003", "DRF-004",
        "DRF-005", "DRF-006", "DRF-007", "DRF-008", "DRF-009", "DRF-010", "DRF-011", "DRF-012",
        "DRF-013", "DRF-014", "DRF-015", "DRF-016", "DRF-017", "DRF-018", "DRF-019", "DRF-020",
        "DRF-021", "DRF-022", "DRF-023", "DRF-024", "DRF-025", "DRF-026", "DRF-027", "DRF-028",
        "DRF-029", "DRF-030", "DRF-031", "DRF-032", "DRF-033", "DRF-034", "DRF-035", "DRF-036",
        "DRF-037", "PKG-001", "PKG-002", "PKG-003", "PKG-004", "PKG-005", "PKG-006", "PKG-007",
        "PKG-008", "PKG-009", "PKG-010", "PKG-011", "PKG-012", "PKG-013", "PKG-014", "PKG-015",
        "PKG-016", "PKG-017", "PKG-018", "PKG-019", "PKG-020", "PRV-001", "PRV-002", "PRV-003",
        "PRV-004", "PRV-005", "PRV-006", "PRV-007", "PRV-008", "PRV-009", "PRV-010", "PRV-011",
        "PRV-012", "PRV-013", "PRV-014", "PRV-015", "PRV-016", "PRV-017", "PRV-018", "PRV-019",
        "PRV-020", "PRV-021", "PRV-022", "PRV-023", "PRV-024", "PRV-025", "PRV-026", "PRV-027",
        "PRV-028", "PRV-029", "PRV-030", "PRV-031", "PRV-032", "PRV-033", "PRV-034", "PRV-035",
        "PRV-036", "PRV-037", "PRV-038", "SEC-001", "SEC-002", "SEC-003", "SEC-004", "SEC-005",
        "SEC-006", "SEC-007", "SEC-008", "SEC-009", "SEC-010", "SEC-011", "SEC-012", "SEC-013",
        "SEC-014", "SEC-015", "SEC-016", "SEC-017", "SEC-018", "SEC-019", "SEC-020", "SEC-021",
        "SEC-022", "SEC-023", "SEC-024", "SEC-025", "SEC-026", "SEC-027", "SEC-028", "SEC-029",
        "SEC-030", "SEC-031", "SEC-032", "SEC-033", "SEC-034", "SEC-035", "SEC-036", "SEC-037",
        "SEC-038",
    };

    (void)state;
    assert_int_equal(ht_catalogue_count(), ARRAY_LEN(ids));
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        const struct ht_check *check = ht_catalogue_get(i);

        assert_string_equal(check->id, ids[i]);
        assert_ptr_equal(ht_catalogue_find(ht_str_from(ids[i])), check);
        /* Steps that are numbered stand in lines of their own. */
        for (char step[] = "1. "; strstr(check->fix, "1. ") && strstr(check->fix, step);
             step[0]++) {
            const char *at = strstr(check->fix, step);

            if (at > check->fix && at[-1] != '\n')
                fail_msg("%s: %s", ids[i], check->fix);
        }
        assert_non_null(check->run);
        assert_true(check->question >= 1 && check->question <= 6);
        assert_non_null(check->title);
        assert_non_null(check->condition);
        assert_non_null(check->why);
        assert_non_null(check->fix);
        assert_non_null(check->references);
        assert_non_null(check->needs);
        assert_true(check->title[0] && check->why[0] && check->fix[0]);
        for (size_t j = 0; check->implies && check->implies[j]; j++)
            assert_non_null(ht_catalogue_find(ht_str_from(check->implies[j])));
    }
    assert_null(ht_catalogue_get(ARRAY_LEN(ids)));
    assert_null(ht_catalogue_find(HT_S("PRV-0011")));
}

static void tables_compiled_in_are_what_libyaml_reads(void **state)
{
    (void)state;
    assert_true(compare_trees(ht_facts_builtin(), "src/facts") > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_set_has_fourteen_capabilities),
        cmocka_unit_test(every_capability_has_a_tier),
        cmocka_unit_test(writable_paths_are_found_from_above_and_below),
        cmocka_unit_test(sockets_are_known_by_path_and_name),
        cmocka_unit_test(images_compare_without_registry_defaults),
        cmocka_unit_test(sandboxes_are_known_by_handler),
        cmocka_unit_test(a_wrong_replacement_is_refused_with_its_line),
        cmocka_unit_test(a_replacement_takes_the_place_of_a_table),
        cmocka_unit_test(a_replacement_that_others_may_write_is_refused),
        cmocka_unit_test(the_catalogue_is_in_order_and_complete),
        cmocka_unit_test(tables_compiled_in_are_what_libyaml_reads),
    };

    return cmocka_run_group_tests(tests, load_facts, free_facts);
}
