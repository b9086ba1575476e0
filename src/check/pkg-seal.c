/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PKG-014: files that matter most against what their packages brought. */
#include "catalogue-private.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/checking.h"
#include "pkg.h"

enum { SHOWN = 20 };

static void show(struct ht_checking *checking, struct ht_finding *finding, const char *field,
                 struct ht_text_list list)
{
    for (size_t i = 0; i < list.len && i < SHOWN; i++)
        ht_fire_evidence(checking, finding, "dpkg's md5sums", field, list.items[i]);
    if (list.len > SHOWN)
        ht_fire_evidencef(checking, finding, "dpkg's md5sums", field, "and %zu more",
                          list.len - SHOWN);
}

/* Records without a single one of the files: no system runs like that. Below --root it is a copy
 * that was made without them. */
static bool has_no_files(const struct ht_package_seal *seal)
{
    return ht_package_seal_has_compared(seal) && !seal->compared && !seal->differing.len &&
           seal->missing.len;
}

static void fire_files(struct ht_checking *checking, const struct ht_package_seal *seal)
{
    size_t count = seal->differing.len + seal->missing.len;
    struct ht_finding *finding = ht_fire(checking, HT_S(""));

    if (!seal->differing.len)
        ht_finding_set_severity(finding, HT_SEVERITY_MEDIUM);
    ht_fire_title(checking, finding, "%zu file%s of runtime, login or libc %s not what %s brought",
                  count, count == 1 ? "" : "s", count == 1 ? "is" : "are",
                  count == 1 ? "its package" : "their packages");
    show(checking, finding, "another content", seal->differing);
    show(checking, finding, "not there", seal->missing);
}

static void look_seal(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_package_seal *seal = ht_package_seal_of(row);
    struct ht_arena *arena = ht_checking_arena(checking);
    bool has_none = has_no_files(seal);

    if (!has_none && (seal->differing.len || seal->missing.len))
        fire_files(checking, seal);
    if (!ht_package_seal_has_compared(seal) || !ht_package_seal_has_differing(seal))
        ht_unknown(checking, "upkeep",
                   "whether runtime, login and libc are what their packages brought is not known: "
                   "their sums were not read",
                   "ask the package manager itself (rpm -V, apk audit)");
    else if (has_none)
        ht_unknown(checking, "upkeep",
                   "whether runtime, login and libc are what their packages brought is not known: "
                   "none of their files is there",
                   "with --root: name a root that has the programs, too");
    else if (seal->unread.len)
        ht_unknown(checking, "upkeep",
                   ht_arena_strf(arena, "not all files were compared with their packages: %.*s",
                                 HT_STR_ARG(seal->unread.items[0]))
                       .data,
                   "sudo hulltop; a package without sums: install it again");
    else if (!seal->compared)
        ht_unknown(checking, "upkeep",
                   "whether runtime, login and libc are what their packages brought is not known: "
                   "no package has a sum of any of them",
                   "install their packages again");
}

static const struct ht_check checks[] = {
    {.id = "PKG-014",
     .question = 4,
     .scope = HT_TABLE_PACKAGE_SEAL,
     .severity = HT_SEVERITY_CRITICAL,
     .flags = HT_CHECK_DECIDES,
     .title = "Files of the runtime, login or libc are not what their packages brought",
     .condition =
         "runc, crun, containerd and its shims, dockerd, kubelet, sshd, the loader, libc "
         "or a PAM module differs from the sum in dpkg's records; medium where it is "
         "only gone. A file whose last change (ctime) is of the time when dpkg unpacked its "
         "package and wrote its records, on the same mount as these, has not been "
         "written to since, and is not read. A package without sums, or without the sum of "
         "such a file that its list names, is unknown.",
     .why = "Whoever replaces one of these files owns every login and every container. The records "
            "lie on the same disk, and root can set the clock: that all agrees proves nothing.",
     .fix = "Treat it as a break-in until it is explained: take the node out of service, keep its "
            "disk, look who wrote the file. Then install the package again.",
     .needs = HT_TEXTS("upkeep"),
     .references = HT_TEXTS("ATT&CK T1554", "ATT&CK T1014", "Lynis PKGS-7370"),
     .other_causes = HT_TEXTS("An operator who put another build over the package's.",
                              "An update that runs just now."),
     .run = look_seal},
};

const struct ht_check_group ht_checks_pkg_seal = {.checks = checks, .count = ARRAY_LEN(checks)};
