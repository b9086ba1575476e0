/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PKG-008, 009, 010, 011: the container stack and the system against dated tables. */
#include "catalogue-private.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/version.h"
#include "hulltop/check/checking.h"
#include "pkg.h"

#define DAY_NS (24 * 60 * 60 * HT_NS_PER_S)

enum { SHOWN = 10, SKEW_MINORS = 3, SKEW_MINORS_BEFORE_25 = 2 };

static void show_day(struct ht_checking *checking, struct ht_finding *finding, const char *field,
                     int64_t at)
{
    char text[HT_TIME_TEXT_MAX];

    ht_time_format_utc(at, 0, text);
    ht_fire_evidence(checking, finding, "tables", field, ht_str_sub(ht_str_from(text), 0, 10));
}

static void show_ids(struct ht_checking *checking, struct ht_finding *finding, const char *field,
                     struct ht_text_list ids)
{
    for (size_t i = 0; i < ids.len && i < SHOWN; i++)
        ht_fire_evidence(checking, finding, "tables", field, ids.items[i]);
    if (ids.len > SHOWN)
        ht_fire_evidencef(checking, finding, "tables", field, "and %zu more", ids.len - SHOWN);
}

static void name_component(struct ht_finding *finding, const struct ht_component *component)
{
    struct ht_subject *subject = ht_finding_edit_subject(finding);

    ht_subject_set_kind(subject, HT_S("program"));
    ht_subject_set_name(subject, component->name);
}

static struct ht_str version_of(const struct ht_component *component)
{
    return ht_component_has_running(component) ? component->running : component->on_disk;
}

/* An answer that tables gave says when they are too old to be believed. */
static void tell_old_table(struct ht_checking *checking, bool known, bool old, int64_t date)
{
    char text[HT_TIME_TEXT_MAX];
    struct ht_arena *arena = ht_checking_arena(checking);

    if (!known || !old)
        return;
    ht_time_format_utc(date, 0, text);
    ht_unknown(
        checking, "upkeep",
        ht_arena_strf(arena, "the table for this is of %.10s, older than 180 days", text).data,
        "a newer hulltop, or newer tables in /etc/hulltop");
}

/* ---- PKG-008 ---- */

static void look_old_build(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_component *component = ht_component_of(row);
    int64_t now = ht_checking_now(checking);

    if (!ht_component_has_running_old(component)) {
        if (component->pids.len || !ht_component_has_pids(component))
            ht_unknown(checking, "upkeep", "whether what runs is what lies on disk is not known",
                       "sudo hulltop");
        return;
    }
    if (!component->running_old)
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    bool fresh = ht_component_has_replaced_at(component) &&
                 ht_time_age(now, component->replaced_at) < DAY_NS;
    name_component(finding, component);
    if (fresh)
        ht_finding_set_severity(finding, HT_SEVERITY_LOW);
    if (ht_component_has_replaced_at(component))
        ht_finding_set_since(finding, component->replaced_at);
    ht_fire_title(checking, finding, "An old %.*s still runs (%zu process%s)",
                  HT_STR_ARG(component->name), component->pids.len,
                  component->pids.len == 1 ? "" : "es");
    if (ht_component_has_running(component))
        ht_fire_evidence(checking, finding, "running program", "version", component->running);
    ht_fire_evidencef(checking, finding, "file", "on disk", "%.*s, %.*s",
                      HT_STR_ARG(component->path), HT_STR_ARG(component->on_disk));
}

/* ---- PKG-009 ---- */

static bool has_escape(struct ht_checking *checking, const struct ht_component *component)
{
    for (size_t i = 0; i < component->affected.len; i++) {
        const struct ht_fact_hole *hole = ht_facts_hole(
            ht_checking_facts(checking), component->name, component->affected.items[i]);

        if (hole && hole->escape)
            return true;
    }
    return false;
}

static void fire_affected(struct ht_checking *checking, const struct ht_component *component)
{
    struct ht_finding *finding = ht_fire(checking, HT_S(""));

    name_component(finding, component);
    ht_fire_title(checking, finding, "%.*s %.*s has %zu known hole%s", HT_STR_ARG(component->name),
                  HT_STR_ARG(version_of(component)), component->affected.len,
                  component->affected.len == 1 ? "" : "s");
    if (has_escape(checking, component)) {
        ht_finding_set_severity(finding, HT_SEVERITY_CRITICAL);
        ht_finding_set_escape(finding,
                              HT_S("At least one of these holes leads from a container, or "
                                   "an image, to root on the node."));
    }
    show_ids(checking, finding, "hole", component->affected);
    if (ht_component_has_fixed(component))
        ht_fire_evidence(checking, finding, "tables", "fixed in", component->fixed);
    if (ht_component_has_package(component))
        ht_fire_evidencef(checking, finding, "package database", "package", "%.*s %.*s",
                          HT_STR_ARG(component->package), HT_STR_ARG(component->package_version));
    if (ht_component_has_table_date(component))
        show_day(checking, finding, "table of", component->table_date);
}

static void tell_undecided(struct ht_checking *checking, const struct ht_component *component)
{
    struct ht_arena *arena = ht_checking_arena(checking);

    /* Whether the distribution has a fix that is not installed is PKG-001's question; that it has
     * none yet, only advisories tell. */
    if (component->undecided.len) {
        struct ht_str reason = ht_arena_strf(
            arena, "whether the distribution's %.*s is fixed for %.*s%s: only advisories can tell",
            HT_STR_ARG(component->name), HT_STR_ARG(component->undecided.items[0]),
            component->undecided.len > 1 ? " and others" : "");

        ht_note(checking, "upkeep", reason.data, "hulltop --advisories FILE");
        return;
    }
    if (!ht_facts_stack_knows(ht_checking_facts(checking), component->name))
        return; /* no table is about it: not asked */
    ht_unknown(checking, "upkeep",
               ht_arena_strf(arena, "the version of %.*s that runs here is not known",
                             HT_STR_ARG(component->name))
                   .data,
               "sudo hulltop");
}

static void look_holes(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_component *component = ht_component_of(row);

    if (!ht_component_has_state(component)) {
        ht_unknown(checking, "upkeep", "a part of the container stack was not judged", "");
        return;
    }
    if (component->affected.len)
        fire_affected(checking, component);
    if (component->state == HT_COMPONENT_STATE_UNKNOWN || component->undecided.len)
        tell_undecided(checking, component);
    if (component->state == HT_COMPONENT_STATE_FIXED)
        tell_old_table(checking, ht_component_has_table_old(component), component->table_old,
                       component->table_date);
}

/* ---- PKG-010 ---- */

/* Minor of "v1.30.14"; false for what has another major. */
static bool minor_of(struct ht_str version, uint64_t *ret_minor)
{
    struct ht_str part;

    if (ht_str_has_prefix(version, "v"))
        version = ht_str_sub(version, 1, version.len);
    return ht_str_next(&version, '.', &part) && ht_str_is(part, "1") &&
           ht_str_next(&version, '.', &part) && ht_parse_u64(part, ret_minor) == 0;
}

static const struct ht_component *find_api_server(struct ht_checking *checking)
{
    const struct ht_rowset *rows = ht_node_set(ht_checking_node(checking), HT_TABLE_COMPONENT);

    for (size_t i = 0; i < rows->len; i++) {
        const struct ht_component *component = ht_component_of(rows->rows[i]);

        if (ht_str_is(component->name, "kube-apiserver"))
            return component;
    }
    return NULL;
}

static void look_skew(struct ht_checking *checking, const struct ht_component *kubelet)
{
    const struct ht_component *server = find_api_server(checking);
    uint64_t own, other;

    /* A worker's API server runs elsewhere. */
    if (!server || !minor_of(version_of(kubelet), &own) || !minor_of(version_of(server), &other))
        return;

    uint64_t most = own < 25 ? SKEW_MINORS_BEFORE_25 : SKEW_MINORS;
    if (own <= other && other - own <= most)
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S("skew"));
    name_component(finding, kubelet);
    ht_fire_title(checking, finding,
                  own > other ? "The kubelet is newer than its API server"
                              : "The kubelet is too far behind its API server");
    ht_fire_evidence(checking, finding, "kubelet", "version", version_of(kubelet));
    ht_fire_evidence(checking, finding, "kube-apiserver", "version", version_of(server));
}

/* The distribution mends its own packages for as long as it is supported itself: PKG-011. */
static bool is_distributions(const struct ht_component *component)
{
    return ht_component_has_vendor(component) && !component->vendor;
}

static void tell_no_line(struct ht_checking *checking, const struct ht_component *component)
{
    const char *help = "a newer hulltop, or a newer support.yaml in /etc/hulltop";
    const char *reason = ht_arena_strf(ht_checking_arena(checking),
                                       "until when this release of %.*s is supported is not known",
                                       HT_STR_ARG(component->name))
                             .data;

    /* Of some no release line has a day at all. */
    if (!ht_facts_support_is_about(ht_checking_facts(checking), component->name))
        return;
    if (is_distributions(component))
        ht_note(checking, "upkeep", reason, help);
    else
        ht_unknown(checking, "upkeep", reason, help);
}

static void look_component_support(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_component *component = ht_component_of(row);

    if (ht_str_is(component->name, "kubelet"))
        look_skew(checking, component);
    if (!ht_component_has_ended(component)) {
        tell_no_line(checking, component);
        return;
    }
    if (!component->ended) {
        tell_old_table(checking, ht_component_has_table_old(component), component->table_old,
                       component->table_date);
        return;
    }

    struct ht_finding *finding = ht_fire(checking, HT_S("support"));
    name_component(finding, component);
    if (is_distributions(component)) {
        ht_finding_set_severity(finding, HT_SEVERITY_LOW);
        ht_fire_title(checking, finding,
                      "The project no longer fixes %.*s %.*s; the distribution may",
                      HT_STR_ARG(component->name), HT_STR_ARG(component->cycle));
    } else {
        ht_fire_title(checking, finding, "%.*s %.*s is out of support", HT_STR_ARG(component->name),
                      HT_STR_ARG(component->cycle));
    }
    ht_finding_set_since(finding, component->end);
    ht_fire_evidence(checking, finding, "running or on disk", "version", version_of(component));
    show_day(checking, finding, "support ended", component->end);
    if (ht_component_has_table_date(component))
        show_day(checking, finding, "table of", component->table_date);
}

/* ---- PKG-011 ---- */

static void show_support(struct ht_checking *checking, struct ht_finding *finding,
                         const struct ht_support *support)
{
    ht_fire_evidence(checking, finding, "os-release", "release", support->version);
    if (ht_support_has_end(support))
        show_day(checking, finding, "full support ended", support->end);
    if (ht_support_has_security_end(support))
        show_day(checking, finding, "security fixes end", support->security_end);
    if (ht_support_has_paid_end(support))
        show_day(checking, finding, "paid support ends", support->paid_end);
    ht_fire_evidence(checking, finding, "tables", "taken from", support->table);
    if (ht_support_has_table_date(support))
        show_day(checking, finding, "table of", support->table_date);
}

static void look_system(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_support *support = ht_support_of(row);
    struct ht_finding *finding = NULL;

    if (!ht_support_has_state(support) || support->state == HT_SUPPORT_STATE_UNKNOWN) {
        ht_unknown(checking, "upkeep",
                   ht_str_is(support->kind, "component")
                       ? "no table here says until when the line of this kernel is supported"
                       : "no table here says until when this system is supported",
                   "the package distro-info-data, or a newer support.yaml in /etc/hulltop");
        return;
    }
    switch (support->state) {
    case HT_SUPPORT_STATE_ENDED:
        finding = ht_fire(checking, HT_S(""));
        ht_fire_title(checking, finding, "%.*s gets no security fixes any more",
                      HT_STR_ARG(support->name));
        break;
    case HT_SUPPORT_STATE_SECURITY_ONLY:
        finding = ht_fire(checking, HT_S("security only"));
        ht_finding_set_severity(finding, HT_SEVERITY_LOW);
        ht_fire_title(checking, finding,
                      "%.*s gets only security fixes, for a part of its packages",
                      HT_STR_ARG(support->name));
        ht_finding_set_why(finding, HT_S("What is outside that part keeps its holes, other faults "
                                         "are not fixed, and the end of all fixes is near."));
        ht_finding_set_fix(finding, HT_S("Plan the move to the next release before that day."));
        break;
    case HT_SUPPORT_STATE_SUPPORTED:
    case HT_SUPPORT_STATE_PAID_ONLY:
        tell_old_table(checking, ht_support_has_table_old(support), support->table_old,
                       support->table_date);
        return;
    case HT_SUPPORT_STATE_UNKNOWN:
        return;
    }
    struct ht_subject *subject = ht_finding_edit_subject(finding);
    ht_subject_set_kind(subject, HT_S("node"));
    ht_subject_set_name(subject, support->name);
    show_support(checking, finding, support);
}

static const struct ht_check checks[] = {
    {.id = "PKG-008",
     .question = 4,
     .scope = HT_TABLE_COMPONENT,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "An old part of the container stack still runs",
     .condition =
         "A shim, runtime, daemon or kubelet runs from a file that is not the one on disk; "
         "low during the first day.",
     .why = "The update of the stack has not reached what runs: its holes are still there.",
     .fix = "Restart the daemon. Shims live as long as their container: restarting the daemon "
            "leaves them, so start the containers again, on a cluster by draining the node.",
     .implies = HT_TEXTS("PKG-004"),
     .needs = HT_TEXTS("upkeep"),
     .references = HT_TEXTS("ATT&CK T1611"),
     .other_causes = HT_TEXTS("an upgrade that is still rolling through the cluster"),
     .run = look_old_build},
    {.id = "PKG-009",
     .question = 4,
     .scope = HT_TABLE_COMPONENT,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "A part of the container stack has known holes",
     .condition = "The version that runs (or lies on disk, where nothing runs) is below a known "
                  "fix. A distribution's own package counts only by the advisory file; what its "
                  "changelog names counts as fixed. Critical for ways out of a container.",
     .why = "The container stack is the wall between containers and the node. Its holes are "
            "published with the way to use them.",
     .fix = "Upgrade to the release that is named, then start the containers again. Of a "
            "distribution's package: its newest version.",
     .needs = HT_TEXTS("upkeep"),
     .references = HT_TEXTS("ATT&CK T1611", "ATT&CK T1068"),
     .other_causes = HT_TEXTS("features that are off: some holes need one"),
     .run = look_holes},
    {.id = "PKG-010",
     .question = 4,
     .scope = HT_TABLE_COMPONENT,
     .reads = HT_READS(COMPONENT),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "A part of the container stack is out of support",
     .condition = "The end of its release line is past, by the table (low for a distribution's own "
                  "package, which the distribution maintains); or the kubelet is newer than "
                  "the API server on this node, or more than three minor releases behind it.",
     .why = "Nobody fixes holes in a line that has ended. Versions too far apart were never tested "
            "together.",
     .fix =
         "Upgrade it to a line that is supported; of Kubernetes the API server first, the kubelets "
         "after it.",
     .needs = HT_TEXTS("upkeep"),
     .references = HT_TEXTS("Kubernetes version skew policy"),
     .other_causes = HT_TEXTS("long-term lines of vendors, which no table here knows"),
     .run = look_component_support},
    {.id = "PKG-011",
     .question = 4,
     .scope = HT_TABLE_SUPPORT,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "The system gets no security fixes any more",
     .condition = "The end of the release is past, by the distribution's table on the node or the "
                  "built-in one; low while security fixes still come for a part of it. Of a kernel "
                  "that no distribution built, the end of its line at kernel.org.",
     .why = "New holes stay open for ever, and nothing pending looks like being up to date.",
     .fix = "Move to a release that is supported, or configure the paid support that covers this "
            "one.",
     .needs = HT_TEXTS("upkeep"),
     .references = HT_TEXTS("ATT&CK T1068"),
     .other_causes = HT_TEXTS("paid support whose source is not on this node"),
     .run = look_system},
};

const struct ht_check_group ht_checks_pkg_stack = {.checks = checks, .count = ARRAY_LEN(checks)};
