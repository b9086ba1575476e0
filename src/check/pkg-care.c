/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PKG-007, 012, 013, 015, 017, 020: how the host is cared for. */
#include "catalogue-private.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/checking.h"
#include "pkg.h"

enum { SHOWN = 20, UPGRADE_DAYS = 7, IMAGE_DAYS = 60, CERTIFICATE_DAYS = 3 * 365 };

#define DAY_NS (24 * 60 * 60 * HT_NS_PER_S)

static void evidence_names(struct ht_checking *checking, struct ht_finding *finding,
                           const char *field, struct ht_text_list names)
{
    ht_fire_evidence(checking, finding, "host files", field,
                     ht_pkg_names(ht_checking_arena(checking), names, SHOWN));
}

static void look_reboot(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_package_db *db = ht_package_db_of(row);
    struct ht_finding *finding;

    if (!ht_package_db_has_reboot(db)) {
        ht_unknown(checking, "packages", "whether a restart was asked for is not known", "");
        return;
    }
    if (!db->reboot)
        return;
    finding = ht_fire(checking, HT_S(""));
    ht_fire_evidence(checking, finding, "host files", "reboot-required", HT_S("is there"));
    if (ht_package_db_has_reboot_at(db)) {
        ht_finding_set_since(finding, db->reboot_at);
        ht_fire_evidence(checking, finding, "stat", "asked for on",
                         ht_pkg_day(ht_checking_arena(checking), db->reboot_at));
    }
    if (db->reboot_packages.len)
        evidence_names(checking, finding, "packages that asked", db->reboot_packages);
}

static void look_automatic(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_package_db *db = ht_package_db_of(row);

    if (ht_pkg_is_image(db))
        return;
    if (!ht_package_db_has_automatic(db)) {
        ht_unknown(checking, "packages", "what installs updates by itself is not known", "");
        return;
    }
    if (db->automatic.len == 0)
        ht_fire_evidence(checking, ht_fire(checking, HT_S("")), "apt's configuration",
                         "APT::Periodic::Unattended-Upgrade", HT_S("off, or not installed"));
}

static void look_unfinished(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_package_db *db = ht_package_db_of(row);
    int64_t now = ht_checking_now(checking);

    if (ht_pkg_is_image(db))
        return;
    if (!ht_package_db_has_broken(db)) {
        ht_unknown(checking, "packages", "whether packages are half installed is not known", "");
        return;
    }
    if (db->broken.len || db->journal) {
        struct ht_finding *finding = ht_fire(checking, HT_S("unfinished"));

        if (db->broken.len)
            evidence_names(checking, finding, "half installed or configured", db->broken);
        if (db->journal)
            ht_fire_evidencef(checking, finding, "dpkg", "interrupted changes", "%llu",
                              (unsigned long long)db->journal);
    }
    if (ht_package_db_has_automatic_at(db) &&
        ht_time_age(now, db->automatic_at) > UPGRADE_DAYS * DAY_NS) {
        struct ht_finding *finding = ht_fire(checking, HT_S("stopped"));

        ht_fire_title(checking, finding, "Automatic updates last ran on %.*s",
                      HT_STR_ARG(ht_pkg_day(ht_checking_arena(checking), db->automatic_at)));
        ht_fire_evidence(checking, finding, "host files", "they are switched on", db->automatic);
    }
}

static void look_sources(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_package_db *db = ht_package_db_of(row);

    if (ht_pkg_is_image(db))
        return;
    if (!ht_package_db_has_unverified(db) || !ht_package_db_has_unbound(db)) {
        ht_unknown(checking, "packages", "how package sources are verified is not known", "");
        return;
    }
    if (db->unverified.len) {
        struct ht_finding *finding = ht_fire(checking, HT_S("unverified"));

        ht_fire_title(checking, finding,
                      "Packages of %zu source%s are installed without checking the signature",
                      db->unverified.len, db->unverified.len == 1 ? "" : "s");
        evidence_names(checking, finding, "trusted=yes", db->unverified);
    }
    if (db->unbound.len) {
        struct ht_finding *finding = ht_fire(checking, HT_S("unbound"));

        evidence_names(checking, finding, "no Signed-By", db->unbound);
        ht_finding_set_severity(finding, HT_SEVERITY_LOW);
    }
}

static void look_image(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_package_db *db = ht_package_db_of(row);
    struct ht_finding *finding;
    int64_t age;

    if (!ht_package_db_has_system(db)) {
        ht_unknown(checking, "packages", "what keeps this host up to date is not known", "");
        return;
    }
    if (!ht_pkg_is_image(db))
        return;
    if (!ht_package_db_has_image_at(db)) {
        ht_unknown(checking, "packages", "when this host's image was built is not known",
                   "compare its build with the newest one");
        return;
    }
    age = ht_time_age(ht_checking_now(checking), db->image_at);
    if (age < -DAY_NS) {
        ht_unknown(checking, "packages",
                   "the image is of a day that is yet to come: a clock is wrong", "set the clock");
        return;
    }
    if (age <= IMAGE_DAYS * DAY_NS)
        return;
    finding = ht_fire(checking, HT_S(""));
    ht_fire_title(checking, finding, "The host's image is %lld days old",
                  (long long)(age / DAY_NS));
    ht_fire_evidence(checking, finding, "os-release", "image", db->image);
}

static void look_time(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_package_db *db = ht_package_db_of(row);
    int64_t now = ht_checking_now(checking);

    if (!ht_package_db_has_clock_synced(db) && !ht_package_db_has_ca_at(db)) {
        ht_unknown(checking, "packages", "neither clock nor certificates could be checked", "");
        return;
    }
    if (ht_package_db_has_clock_synced(db) && !db->clock_synced)
        ht_fire_evidence(checking, ht_fire(checking, HT_S("clock")), "adjtimex", "synchronised",
                         HT_S("no"));
    if (ht_package_db_has_ca_at(db) && ht_time_age(now, db->ca_at) > CERTIFICATE_DAYS * DAY_NS) {
        struct ht_finding *finding = ht_fire(checking, HT_S("certificates"));

        ht_fire_title(checking, finding, "The CA certificates date from %.*s",
                      HT_STR_ARG(ht_pkg_day(ht_checking_arena(checking), db->ca_at)));
        ht_finding_set_why(finding, HT_S("Authorities that were distrusted since then are still "
                                         "trusted by what runs here, and new ones are not."));
        ht_finding_set_fix(finding, HT_S("sudo apt-get install --only-upgrade ca-certificates"));
        ht_fire_evidence(checking, finding, "package database", "ca-certificates", db->ca_version);
    }
}

static const struct ht_check checks[] = {
    {.id = "PKG-007",
     .question = 4,
     .scope = HT_TABLE_PACKAGE_DB,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "The distribution asks for a restart of the host",
     .condition = "/run/reboot-required (Debian, Ubuntu) or /run/reboot-needed (SUSE) is there.",
     .why = "Something was updated on the disk and its old code still runs, often the kernel.",
     .fix = "Drain the node and restart it in the next window.",
     .needs = HT_TEXTS("packages"),
     .references = HT_TEXTS("Lynis KRNL-5830"),
     .other_causes = HT_TEXTS("A flag left behind by an update that was rolled back."),
     .run = look_reboot},
    {.id = "PKG-012",
     .question = 4,
     .scope = HT_TABLE_PACKAGE_DB,
     .severity = HT_SEVERITY_LOW,
     .title = "Nothing installs security updates by itself",
     .condition = "unattended-upgrades is not installed or not switched on.",
     .why = "Updates then wait for somebody who remembers.",
     .fix = "sudo apt-get install unattended-upgrades, with restarts coordinated by kured or the "
            "like; or replace nodes every few days.",
     .needs = HT_TEXTS("packages"),
     .references = HT_TEXTS("Lynis PKGS-7420"),
     .other_causes = HT_TEXTS("Node groups that the provider replaces as a whole."),
     .run = look_automatic},
    {.id = "PKG-013",
     .question = 4,
     .scope = HT_TABLE_PACKAGE_DB,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "An update was begun and not finished",
     .condition = "Packages are half installed or half configured, dpkg's journal has entries, or "
                  "automatic updates did not run to their end for 7 days.",
     .why = "Later updates, security fixes among them, wait behind the broken one.",
     .fix = "sudo dpkg --configure -a && sudo apt-get -f install",
     .needs = HT_TEXTS("packages"),
     .references = HT_TEXTS("Lynis PKGS-7354"),
     .other_causes = HT_TEXTS("An update that runs just now."),
     .run = look_unfinished},
    {.id = "PKG-015",
     .question = 4,
     .scope = HT_TABLE_PACKAGE_DB,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "A third-party source is not bound to its key",
     .condition = "A source says trusted=yes; or one that is not the distribution's has no "
                  "Signed-By.",
     .why = "Whoever holds that mirror, or any of the keys, decides what root installs.",
     .fix = "Name the archive's key in the source: [signed-by=/etc/apt/keyrings/NAME.gpg], and "
            "take trusted=yes away.",
     .needs = HT_TEXTS("packages"),
     .references = HT_TEXTS("Lynis PKGS-7387", "Lynis PKGS-7388"),
     .other_causes = HT_TEXTS("A folder on this host as a source."),
     .run = look_sources},
    {.id = "PKG-017",
     .question = 4,
     .scope = HT_TABLE_PACKAGE_DB,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "The host's image is old",
     .condition = "The host is made of an image (Flatcar, Bottlerocket, COS, Talos, ostree, "
                  "MicroOS) that was built more than 60 days ago.",
     .why = "Such a host gets its fixes only by becoming a newer image.",
     .fix = "Roll the node to the newest image of its channel.",
     .needs = HT_TEXTS("packages"),
     .references = HT_TEXTS("Kubescape C-0226"),
     .other_causes = HT_TEXTS("A channel that is pinned on purpose."),
     .run = look_image},
    {.id = "PKG-020",
     .question = 4,
     .scope = HT_TABLE_PACKAGE_DB,
     .severity = HT_SEVERITY_LOW,
     .title = "The host's clock follows no source of time",
     .condition = "The kernel says that its clock is not synchronised, or ca-certificates is more "
                  "than three years old.",
     .why = "Certificates and the dates of package lists are checked against that clock.",
     .fix =
         "sudo apt-get install systemd-timesyncd (or chrony), and let it reach a source of time.",
     .needs = HT_TEXTS("packages"),
     .references = HT_TEXTS("NSA/CISA Kubernetes Hardening Guide: upgrading"),
     .other_causes = HT_TEXTS("A virtual machine whose hypervisor sets the clock."),
     .run = look_time},
};

const struct ht_check_group ht_checks_pkg_care = {.checks = checks, .count = ARRAY_LEN(checks)};
