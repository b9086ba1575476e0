/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PKG-001, 002: security updates that wait, and whether the lists can be trusted to say so. */
#include <time.h>

#include "catalogue-private.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/checking.h"
#include "hulltop/model/lists.h"
#include "pkg.h"

/* An archive of a vendor has a date of its own, which is that of its last change. */
enum { SHOWN = 20, LIMIT_DAYS = 7, VENDOR_DAYS = 180 };

#define DAY_NS      (24 * 60 * 60 * HT_NS_PER_S)
#define HELP_APT    "sudo apt-get update"
#define HELP_SOURCE "name one in /etc/apt/sources.list"

bool ht_pkg_is_image(const struct ht_package_db *db)
{
    return ht_str_is(db->system, "image");
}

struct ht_str ht_pkg_day(struct ht_arena *arena, int64_t at_ns)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t seconds = (time_t)(at_ns / HT_NS_PER_S);
    struct tm at;

    if (!gmtime_r(&seconds, &at))
        return HT_S("an unknown day");
    return ht_arena_strf(arena, "%d %.3s %d", at.tm_mday, months + (size_t)at.tm_mon * 3,
                         at.tm_year + 1900);
}

struct ht_str ht_pkg_names(struct ht_arena *arena, struct ht_text_list names, size_t most)
{
    ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_ARG);

    for (size_t i = 0; i < names.len && i < most; i++) {
        if (i)
            ht_buf_add_text(&out, ", ");
        ht_buf_add_str(&out, names.items[i]);
    }
    if (names.len > most)
        ht_buf_addf(&out, " and %zu more", names.len - most);
    return ht_arena_str(arena, ht_buf_str(&out));
}

/* ---- trust ---- */

static bool names_security(struct ht_text_list names)
{
    for (size_t i = 0; i < names.len; i++)
        if (ht_str_find(names.items[i], HT_S("security"), 0) >= 0)
            return true;
    return false;
}

/* What is missing, before anybody asks how old the rest is. */
static struct ht_str distrust_content(struct ht_arena *arena, const struct ht_package_db *db)
{
    if (db->problems.len)
        return ht_arena_str(arena, db->problems.items[0]);
    if (db->index_files.len == 0)
        return db->missing.len ? HT_S("no package lists lie on this host")
                               : HT_S("no package source is configured");
    if (db->unreadable.len)
        return ht_arena_strf(arena, "a package list could not be read: %.*s",
                             HT_STR_ARG(db->unreadable.items[0]));
    if (!ht_package_db_has_security_source(db) || !db->security_source)
        return names_security(db->missing) ? HT_S("no list of the security source lies here")
                                           : HT_S("no source of security updates is configured");
    if (db->missing.len)
        return ht_arena_strf(arena, "a source has no list on this host: %.*s",
                             HT_STR_ARG(db->missing.items[0]));
    if (db->gaps.len)
        return ht_arena_str(arena, db->gaps.items[0]);
    return (struct ht_str){0};
}

/* From which age on lists are too old, in ns; a document may name any number of days. */
static int64_t limit_of(const struct ht_package_db *db)
{
    uint64_t days = ht_package_db_has_lists_limit(db) ? db->lists_limit : LIMIT_DAYS;

    return days > INT64_MAX / DAY_NS ? INT64_MAX : (int64_t)days * DAY_NS;
}

struct ht_str ht_pkg_distrust(struct ht_arena *arena, const struct ht_package_db *db,
                              int64_t now_ns)
{
    struct ht_str reason = distrust_content(arena, db);
    int64_t age;

    if (reason.len)
        return reason;
    if (!ht_package_db_has_lists_at(db))
        return HT_S("how old the package lists are is not known");
    age = ht_time_age(now_ns, db->lists_at);
    if (age < -DAY_NS)
        return ht_arena_strf(arena, "the lists are dated %.*s: a clock is wrong",
                             HT_STR_ARG(ht_pkg_day(arena, db->lists_at)));
    if (age > limit_of(db))
        return ht_arena_strf(arena, "the lists are %lld days old (%.*s)", (long long)(age / DAY_NS),
                             HT_STR_ARG(ht_pkg_day(arena, db->lists_at)));
    if (ht_package_db_has_lists_until(db) && db->lists_until < now_ns)
        return ht_arena_strf(arena, "%.*s ran out on %.*s",
                             HT_STR_ARG(ht_package_db_has_lists_until_of(db) ? db->lists_until_of
                                                                             : HT_S("the lists")),
                             HT_STR_ARG(ht_pkg_day(arena, db->lists_until)));
    if (ht_package_db_has_vendor_at(db) &&
        ht_time_age(now_ns, db->vendor_at) > VENDOR_DAYS * DAY_NS)
        return ht_arena_strf(arena, "the list of %.*s is of %.*s", HT_STR_ARG(db->vendor_archive),
                             HT_STR_ARG(ht_pkg_day(arena, db->vendor_at)));
    return (struct ht_str){0};
}

/* ---- PKG-001 ---- */

/* Names of the security updates among the rows, and how many of them are held. */
static struct ht_str security_names(struct ht_checking *checking, const struct ht_package_db *db,
                                    uint64_t *ret_held)
{
    const struct ht_rowset *packages = ht_node_set(ht_checking_node(checking), HT_TABLE_PACKAGE);
    struct ht_arena *arena = ht_checking_arena(checking);
    struct ht_str *names = ht_arena_array(arena, struct ht_str, packages->len);
    struct ht_text_list list = {.items = names};

    *ret_held = 0;
    for (size_t i = 0; i < packages->len; i++) {
        const struct ht_package *package = ht_package_of(packages->rows[i]);

        if (!package->security || !ht_str_equal(package->system, db->system))
            continue;
        *ret_held += package->held;
        names[list.len++] = package->name;
    }
    return ht_pkg_names(arena, list, SHOWN);
}

static void fire_updates(struct ht_checking *checking, const struct ht_package_db *db,
                         struct ht_str distrust)
{
    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    uint64_t held;
    struct ht_str names = security_names(checking, db, &held);
    struct ht_str day = ht_package_db_has_lists_at(db)
                            ? ht_pkg_day(ht_checking_arena(checking), db->lists_at)
                            : HT_S("an unknown day");
    const char *plural = db->security == 1 ? "" : "s";

    if (distrust.len)
        ht_fire_title(checking, finding, "At least %llu security update%s wait%s, as of %.*s",
                      (unsigned long long)db->security, plural, db->security == 1 ? "s" : "",
                      HT_STR_ARG(day));
    else
        ht_fire_title(checking, finding, "%llu security update%s wait%s",
                      (unsigned long long)db->security, plural, db->security == 1 ? "s" : "");
    ht_fire_evidence(checking, finding, "package lists", "packages", names);
    ht_fire_evidence(checking, finding, "package lists", "date of the lists", day);
    if (held)
        ht_fire_evidencef(checking, finding, "package database", "held back by hand", "%llu",
                          (unsigned long long)held);
}

static void fire_hidden(struct ht_checking *checking, const struct ht_package_db *db)
{
    struct ht_finding *finding = ht_fire(checking, HT_S("hidden"));

    ht_fire_title(checking, finding,
                  "%llu security update%s not offered: pins or a default release hide %s",
                  (unsigned long long)db->hidden, db->hidden == 1 ? " is" : "s are",
                  db->hidden == 1 ? "it" : "them");
    ht_fire_evidence(checking, finding, "package lists", "packages",
                     ht_pkg_names(ht_checking_arena(checking), db->hidden_names, SHOWN));
    if (ht_package_db_has_default_release(db))
        ht_fire_evidence(checking, finding, "apt's configuration", "APT::Default-Release",
                         db->default_release);
    ht_finding_set_fix(finding,
                       HT_S("Take the pin or the default release away, or let it name the security "
                            "archive too (APT::Default-Release \"/^bookworm(|-security)$/\")."));
}

/* What the advisory file says to be mended by a version that is not installed: the same whoever
 * manages the packages. What the distribution leaves alone on purpose ("no-dsa") does not count. */
static void fire_holes(struct ht_checking *checking)
{
    const struct ht_rowset *rows = ht_node_set(ht_checking_node(checking), HT_TABLE_ADVISORY);
    struct ht_arena *arena = ht_checking_arena(checking);
    struct ht_str *packages = ht_arena_array(arena, struct ht_str, rows->len);
    struct ht_str *ids = ht_arena_array(arena, struct ht_str, rows->len);
    struct ht_text_list names = {.items = packages}, holes = {.items = ids};
    struct ht_finding *finding;

    for (size_t i = 0; i < rows->len; i++) {
        const struct ht_advisory *advisory = ht_advisory_of(rows->rows[i]);

        if (!advisory->fixed.len || ht_str_is(advisory->class, "no-dsa"))
            continue;
        /* Rows are in the order of their package. */
        if (!names.len || !ht_str_equal(packages[names.len - 1], advisory->package))
            packages[names.len++] = advisory->package;
        ids[holes.len++] =
            ht_arena_strf(arena, "%.*s: %.*s (fixed in %.*s)", HT_STR_ARG(advisory->package),
                          HT_STR_ARG(advisory->hole), HT_STR_ARG(advisory->fixed));
    }
    if (!names.len)
        return;
    finding = ht_fire(checking, HT_S("advisories"));
    ht_fire_title(checking, finding, "%zu package%s known holes that a newer version fixes",
                  names.len, names.len == 1 ? " has" : "s have");
    ht_fire_evidence(checking, finding, "advisory file", "packages",
                     ht_pkg_names(arena, names, SHOWN));
    for (size_t i = 0; i < holes.len && i < SHOWN; i++)
        ht_fire_evidence(checking, finding, "advisory file", "hole", holes.items[i]);
}

/* Such a host is replaced as a whole: PKG-017 judges it by the day it was built. */
static void tell_image(struct ht_checking *checking, const struct ht_package_db *db)
{
    struct ht_arena *arena = ht_checking_arena(checking);
    const char *help = "compare its build with the newest one of its channel";

    if (!ht_package_db_has_image_at(db) ||
        ht_time_age(ht_checking_now(checking), db->image_at) < -DAY_NS) {
        ht_blind(checking, "packages",
                 ht_arena_strf(arena,
                               "cannot tell pending updates here: the host is an image (%.*s), and "
                               "when it was built is not known",
                               HT_STR_ARG(db->image))
                     .data,
                 help);
        return;
    }
    ht_unknown(checking, "packages",
               ht_arena_strf(arena,
                             "the host is an image (%.*s): judged by its build of %.*s and its age "
                             "alone",
                             HT_STR_ARG(db->image), HT_STR_ARG(ht_pkg_day(arena, db->image_at)))
                   .data,
               help);
}

static struct ht_str cannot_tell(struct ht_arena *arena, const struct ht_package_db *db)
{
    if (!ht_package_db_has_system(db))
        return HT_S("cannot tell pending updates here");
    return ht_arena_strf(arena,
                         "cannot tell pending updates here: %.*s's repositories are not read",
                         HT_STR_ARG(db->system));
}

/* Whether a list was read at all: nothing waits in none. */
static bool has_lists(const struct ht_package_db *db)
{
    return ht_package_db_has_index_files(db) && db->index_files.len > db->unreadable.len;
}

static void look_updates(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_package_db living =
        ht_package_db_living(ht_checking_node(checking), ht_package_db_of(row));
    const struct ht_package_db *db = &living;
    struct ht_arena *arena = ht_checking_arena(checking);
    struct ht_str distrust;

    if (ht_pkg_is_image(db)) {
        tell_image(checking, db);
        return;
    }
    fire_holes(checking);
    if (!ht_package_db_has_security(db)) {
        ht_blind(checking, "packages", cannot_tell(arena, db).data,
                 "ask the package manager itself, or give --advisories");
        return;
    }
    distrust = ht_pkg_distrust(ht_checking_arena(checking), db, ht_checking_now(checking));
    if (!has_lists(db)) {
        ht_blind(checking, "packages", distrust.data,
                 db->missing.len || db->unreadable.len ? HELP_APT : HELP_SOURCE);
        return;
    }
    if (db->security)
        fire_updates(checking, db, distrust);
    if (ht_package_db_has_hidden(db) && db->hidden)
        fire_hidden(checking, db);
    if (distrust.len)
        ht_unknown(checking, "packages", distrust.data, HELP_APT);
}

/* ---- PKG-002 ---- */

/* Nobody tells of an update of what no list has: local packages, old kernels, what came from a
 * source that was taken away since. Where lists lack, that is said instead. */
static void fire_unoffered(struct ht_checking *checking, const struct ht_package_db *db)
{
    struct ht_finding *finding;

    if (!ht_package_db_has_unoffered(db) || !db->unoffered || !has_lists(db) || db->missing.len ||
        db->unreadable.len)
        return;
    finding = ht_fire(checking, HT_S("unoffered"));
    ht_finding_set_severity(finding, HT_SEVERITY_LOW);
    ht_fire_title(checking, finding,
                  "%llu installed package%s in no list: nothing tells of updates",
                  (unsigned long long)db->unoffered, db->unoffered == 1 ? " is" : "s are");
    ht_fire_evidence(checking, finding, "package lists", "without an offer",
                     ht_pkg_names(ht_checking_arena(checking), db->unoffered_names, SHOWN));
    ht_finding_set_why(finding, HT_S("A package that no source offers gets no fixes, and no update "
                                     "of it is ever pending."));
    ht_finding_set_fix(finding, HT_S("Look at apt list '?obsolete': name the source that they came "
                                     "from again, or replace or remove them."));
}

static void distrust_lists(struct ht_checking *checking, const struct ht_package_db *db,
                           struct ht_str distrust)
{
    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    struct ht_arena *arena = ht_checking_arena(checking);

    ht_fire_title(checking, finding, "Package lists cannot be trusted: %.*s", HT_STR_ARG(distrust));
    ht_fire_evidencef(checking, finding, "apt-get indextargets", "lists in use", "%zu",
                      db->index_files.len);
    if (ht_package_db_has_lists_at(db))
        ht_fire_evidence(checking, finding, "Release", "Date", ht_pkg_day(arena, db->lists_at));
    if (ht_package_db_has_checked_at(db))
        ht_fire_evidence(checking, finding, "stat", "last looked for",
                         ht_pkg_day(arena, db->checked_at));
    if (db->missing.len)
        ht_fire_evidence(checking, finding, "apt's sources", "without a list",
                         ht_pkg_names(arena, db->missing, SHOWN));
    for (size_t i = 0; i < db->gaps.len; i++)
        ht_fire_evidence(checking, finding, "package lists", "lacks", db->gaps.items[i]);
    for (size_t i = 0; i < db->unreadable.len; i++)
        ht_fire_evidence(checking, finding, "package lists", "not read", db->unreadable.items[i]);
}

static void look_lists(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_package_db living =
        ht_package_db_living(ht_checking_node(checking), ht_package_db_of(row));
    const struct ht_package_db *db = &living;
    struct ht_str distrust;

    if (ht_pkg_is_image(db))
        return;
    if (!ht_package_db_has_index_files(db)) {
        ht_unknown(checking, "packages", "which package lists are in use is not known", "");
        return;
    }
    distrust = ht_pkg_distrust(ht_checking_arena(checking), db, ht_checking_now(checking));
    if (distrust.len)
        distrust_lists(checking, db, distrust);
    fire_unoffered(checking, db);
}

static const struct ht_check checks[] = {
    {.id = "PKG-001",
     .question = 4,
     .scope = HT_TABLE_PACKAGE_DB,
     .reads = HT_READS(PACKAGE) | HT_READS(ADVISORY) | HT_READS(SUPPORT),
     .flags = HT_CHECK_DECIDES | HT_CHECK_CORE,
     .severity = HT_SEVERITY_HIGH,
     .title = "Security updates wait",
     .condition = "A list on the host has a version from a security archive between the installed "
                  "version and the one that would be installed, or one that pins hide; or the "
                  "advisory file names a hole that a newer version fixes. Where another archive "
                  "has a newer build than the security archive's, it counts too, though apt names "
                  "that other archive alone.",
     .why = "The hole and its fix are both public. Attackers compare the two.",
     .fix = "sudo apt-get update && sudo apt-get upgrade; drain the node first if the kernel or "
            "the container runtime is among them.",
     .needs = HT_TEXTS("packages"),
     .references = HT_TEXTS("ATT&CK T1068", "ATT&CK T1210", "Lynis PKGS-7392"),
     .other_causes = HT_TEXTS("Held packages, as kubeadm's guide asks for kubelet.",
                              "A private mirror that lags behind."),
     .run = look_updates},
    {.id = "PKG-002",
     .question = 4,
     .scope = HT_TABLE_PACKAGE_DB,
     .reads = HT_READS(SUPPORT),
     .severity = HT_SEVERITY_MEDIUM,
     .title = "Package lists cannot be trusted",
     .condition = "The lists of security updates are older than 7 days (--lists-days), missing, "
                  "unreadable, past their date, or there is no source of security updates. Where a "
                  "release gets fixes for those who pay alone, their lists must be fresh, and the "
                  "others no older than its last day. Low: an "
                  "installed package is in none of them.",
     .why = "\"No updates\" means nothing if nobody asked for a month.",
     .fix = "sudo apt-get update, and a timer that does it daily.",
     .needs = HT_TEXTS("packages"),
     .references = HT_TEXTS("NSA/CISA Kubernetes Hardening Guide: upgrading"),
     .other_causes = HT_TEXTS("A node without a network that gets lists weekly: --lists-days."),
     .run = look_lists},
};

const struct ht_check_group ht_checks_pkg_updates = {.checks = checks, .count = ARRAY_LEN(checks)};
