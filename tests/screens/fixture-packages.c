/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host that is behind: updates of every kind, old code that runs, a stack with holes. */
#include "fixture.h"

#include <string.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

#define AGO(seconds) (FIXTURE_NOW - INT64_C(seconds) * HT_NS_PER_S)
#define DAY_NS       (INT64_C(86400) * HT_NS_PER_S)
#define DAYS(days)   (FIXTURE_NOW - (days)*DAY_NS)

static void add_source(struct ht_node *node, const char *name, bool under_way)
{
    struct ht_source source = {0};

    ht_source_set_id(&source, ht_str_from(name));
    ht_source_set_name(&source, ht_str_from(name));
    ht_source_set_state(&source, under_way ? HT_SOURCE_STATE_WAIT : HT_SOURCE_STATE_OK);
    if (under_way) {
        ht_source_set_items(&source, 412);
        ht_source_set_total(&source, 1873);
    } else {
        ht_source_set_answered_at(&source, AGO(2));
    }
    ht_node_add(node, ht_row_new(&ht_source_table, &source));
}

static void add_host(struct ht_node *node)
{
    struct ht_host host = {0};

    ht_host_set_id(&host, HT_S("node-17"));
    ht_host_set_name(&host, HT_S("node-17"));
    ht_node_add(node, ht_row_new(&ht_host_table, &host));
}

/* ---- packages ---- */

struct update {
    const char *name, *installed, *candidate, *origin;
    bool security, phased, held, rebuilt;
};

static void add_updates(struct ht_node *node)
{
    static const struct update updates[] = {
        {"libssl3", "3.0.15-1~deb12u1", "3.0.17-1~deb12u3", "Debian-Security:12/stable-security",
         true, false, false, false},
        {"kubelet", "1.30.11-1.1", "1.30.14-1.1", "pkgs.k8s.io:", false, false, true, false},
        {"linux-image-6.1.0-40-amd64", "6.1.153-1", "6.1.158-1",
         "Debian-Security:12/stable-security", true, false, false, false},
        {"cloud-init", "24.4-0ubuntu1", "25.1-0ubuntu1", "Ubuntu:24.04/noble-updates", false, true,
         false, false},
        {"tool", "1.0-1", "1.0-1", "Local:1/stable", false, false, false, true},
        {"x\x1b]0;y\a", "1", "2", "Local:1/stable", false, false, false, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(updates); i++) {
        const struct update *update = &updates[i];
        struct ht_package package = {0};

        ht_package_set_id(&package, ht_str_from(update->name));
        ht_package_set_name(&package, ht_str_from(update->name));
        ht_package_set_architecture(&package, HT_S("amd64"));
        ht_package_set_system(&package, HT_S("deb"));
        ht_package_set_installed(&package, ht_str_from(update->installed));
        ht_package_set_candidate(&package, ht_str_from(update->candidate));
        ht_package_set_source(&package, ht_str_from(i == 0 ? "openssl" : update->name));
        ht_package_set_origin(&package, ht_str_from(update->origin));
        ht_package_set_security(&package, update->security);
        ht_package_set_phased(&package, update->phased);
        if (update->phased)
            ht_package_set_phased_percent(&package, 30);
        ht_package_set_held(&package, update->held);
        ht_package_set_rebuilt(&package, update->rebuilt);
        ht_node_add(node, ht_row_new(&ht_package_table, &package));
    }
}

static void add_advisory(struct ht_node *node, const char *hole, const char *fixed)
{
    struct ht_advisory advisory = {0};

    ht_advisory_set_id(&advisory, ht_str_from(hole));
    ht_advisory_set_package(&advisory, HT_S("libssl3"));
    ht_advisory_set_source(&advisory, HT_S("openssl"));
    ht_advisory_set_version(&advisory, HT_S("3.0.15-1~deb12u1"));
    ht_advisory_set_hole(&advisory, ht_str_from(hole));
    ht_advisory_set_fixed(&advisory, ht_str_from(fixed));
    ht_advisory_set_class(&advisory, HT_S("high"));
    ht_node_add(node, ht_row_new(&ht_advisory_table, &advisory));
}

static void add_db(struct ht_node *node)
{
    static const struct ht_str lists[] = {HT_STR("deb.example.net_debian_dists_bookworm_Packages"),
                                          HT_STR("security.example.net_Packages")};
    static const struct ht_str missing[] = {HT_STR("pkgs.example.net_ (docker.list:1)")};
    struct ht_package_db db = {0};

    ht_package_db_set_id(&db, HT_S("deb"));
    ht_package_db_set_system(&db, HT_S("deb"));
    ht_package_db_set_installed(&db, 1873);
    ht_package_db_set_pending(&db, 6);
    ht_package_db_set_security(&db, 2);
    ht_package_db_set_lists_at(&db, DAYS(21));
    ht_package_db_set_checked_at(&db, DAYS(20));
    ht_package_db_set_index_files(&db,
                                  (struct ht_text_list){.items = lists, .len = ARRAY_LEN(lists)});
    ht_package_db_set_missing(&db,
                              (struct ht_text_list){.items = missing, .len = ARRAY_LEN(missing)});
    ht_package_db_set_security_source(&db, true);
    ht_package_db_set_reboot(&db, true);
    ht_node_add(node, ht_row_new(&ht_package_db_table, &db));
}

/* ---- what runs ---- */

static void add_stale(struct ht_node *node, uint64_t pid, const char *name, const char *unit)
{
    static const struct ht_str files[] = {HT_STR("/usr/lib/x86_64-linux-gnu/libssl.so.3")};
    static const struct ht_str packages[] = {HT_STR("libssl3")};
    struct ht_stale_process stale = {0};

    ht_stale_process_set_id(&stale, ht_str_from(name));
    ht_stale_process_set_pid(&stale, pid);
    ht_stale_process_set_name(&stale, ht_str_from(name));
    ht_stale_process_set_kind(&stale, HT_STALE_KIND_LIBRARY);
    ht_stale_process_set_unit(&stale, ht_str_from(unit));
    ht_stale_process_set_files(&stale, (struct ht_text_list){.items = files, .len = 1});
    ht_stale_process_set_packages(&stale, (struct ht_text_list){.items = packages, .len = 1});
    ht_stale_process_set_replaced_at(&stale, DAYS(3));
    ht_node_add(node, ht_row_new(&ht_stale_process_table, &stale));
}

static void add_component(struct ht_node *node, const char *name, const char *version, bool old)
{
    static const struct ht_str ids[] = {HT_STR("CVE-2025-31133"), HT_STR("CVE-2025-52881")};
    struct ht_component component = {0};

    ht_component_set_id(&component, ht_str_from(name));
    ht_component_set_name(&component, ht_str_from(name));
    ht_component_set_path(&component, HT_S("/usr/bin/program"));
    ht_component_set_on_disk(&component, ht_str_from(version));
    ht_component_set_running_old(&component, old);
    ht_component_set_state(&component,
                           old ? HT_COMPONENT_STATE_AFFECTED : HT_COMPONENT_STATE_FIXED);
    if (old) {
        ht_component_set_affected(&component, (struct ht_text_list){.items = ids, .len = 2});
        ht_component_set_fixed(&component, HT_S("1.3.6"));
    } else {
        ht_component_set_running(&component, ht_str_from(version));
    }
    ht_node_add(node, ht_row_new(&ht_component_table, &component));
}

static void add_support(struct ht_node *node)
{
    struct ht_support support = {0};

    ht_support_set_id(&support, HT_S("debian 11"));
    ht_support_set_name(&support, HT_S("Debian 11 (bullseye)"));
    ht_support_set_product(&support, HT_S("debian"));
    ht_support_set_cycle(&support, HT_S("11"));
    ht_support_set_state(&support, HT_SUPPORT_STATE_ENDED);
    /* Days without a time, as tables have them. */
    ht_support_set_security_end(&support, DAYS(84) - DAYS(84) % DAY_NS);
    ht_support_set_table(&support, HT_S("/usr/share/distro-info/debian.csv"));
    ht_support_set_table_date(&support, DAYS(400));
    ht_node_add(node, ht_row_new(&ht_support_table, &support));
}

/* ---- all of it ---- */

static void add_finding(struct ht_state *state)
{
    struct ht_finding finding = {0};
    struct ht_subject *subject = ht_finding_edit_subject(&finding);

    ht_finding_set_id(&finding, HT_S("bb00000000000001"));
    ht_finding_set_check(&finding, HT_S("PKG-001"));
    ht_finding_set_question(&finding, 4);
    ht_finding_set_severity(&finding, HT_SEVERITY_HIGH);
    ht_finding_set_title(&finding, HT_S("At least 2 security updates wait, as of 2 Nov 2026"));
    ht_finding_set_group(&finding, HT_S("PKG-001"));
    ht_finding_set_since(&finding, DAYS(21));
    ht_subject_set_kind(subject, HT_S("node"));
    ht_subject_set_name(subject, HT_S("node-17"));
    ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
}

static void answer(struct ht_state *state, bool under_way)
{
    struct ht_question question = *ht_state_question(state, 4);

    ht_question_set_state(&question, under_way ? HT_QUESTION_STATE_WAIT : HT_QUESTION_STATE_FAIL);
    if (!under_way)
        ht_question_set_findings(&question, 1);
    ht_autorow struct ht_row *before = state->questions[3];
    state->questions[3] = ht_row_new(&ht_question_table, &question);
    (void)before;
}

struct ht_state *fixture_packages(bool under_way)
{
    struct ht_node *node = ht_node_new(FIXTURE_NOW);

    add_host(node);
    add_source(node, "packages", under_way);
    if (!under_way) {
        add_source(node, "running-old", false);
        add_source(node, "upkeep", false);
        add_updates(node);
        add_advisory(node, "CVE-2026-1000", "3.0.17-1~deb12u3");
        add_advisory(node, "CVE-2026-1001", "");
        add_db(node);
        add_stale(node, 1, "systemd", "init.scope");
        add_stale(node, 611, "sshd", "ssh.service");
        add_stale(node, 700, "worker", "user@1000.service");
        add_component(node, "runc", "1.1.5+ds1-1", true);
        add_component(node, "containerd", "2.2.5", false);
        add_support(node);
    }
    ht_node_sort(node);

    struct ht_state *state = ht_state_new(node);
    state->serial = 1;
    state->mono_ns = FIXTURE_MONO;
    state->complete = !under_way;
    if (!under_way)
        add_finding(state);
    answer(state, under_way);
    return state;
}
