/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PKG-006, 016, 018: the kernel that runs, the processor's microcode, what the kernel lets users.
 */
#include "catalogue-private.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/checking.h"

/* ---- PKG-006 ---- */

static void show_kernel(struct ht_checking *checking, struct ht_finding *finding,
                        const struct ht_kernel *kernel)
{
    ht_fire_evidence(checking, finding, "uname", "running", kernel->release);
    if (ht_kernel_has_version(kernel))
        ht_fire_evidence(checking, finding, "uname -v", "built as", kernel->version);
    if (ht_kernel_has_installed(kernel))
        ht_fire_evidencef(checking, finding, "package database", "installed", "%.*s (%.*s)",
                          HT_STR_ARG(kernel->installed), HT_STR_ARG(kernel->installed_version));
    for (size_t i = 0; i < kernel->livepatches.len; i++)
        ht_fire_evidence(checking, finding, "/sys/kernel/livepatch", "live patch",
                         kernel->livepatches.items[i]);
    if (ht_kernel_has_kexec_loaded(kernel) && kernel->kexec_loaded)
        ht_fire_evidence(checking, finding, "/sys/kernel/kexec_loaded", "waits for kexec",
                         HT_S("yes"));
}

/* Whether the kernel that waits came from a security archive. */
static bool closes_holes(struct ht_checking *checking, const struct ht_kernel *kernel)
{
    const struct ht_rowset *dbs = ht_node_set(ht_checking_node(checking), HT_TABLE_PACKAGE_DB);

    for (size_t i = 0; ht_kernel_has_package(kernel) && i < dbs->len; i++) {
        struct ht_text_list names = ht_package_db_of(dbs->rows[i])->security_kernels;

        for (size_t j = 0; j < names.len; j++)
            if (ht_str_equal(names.items[j], kernel->package))
                return true;
    }
    return false;
}

static void look_kernel(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_kernel *kernel = ht_kernel_of(row);
    struct ht_finding *finding;

    if (!ht_kernel_has_state(kernel)) {
        ht_unknown(checking, "upkeep", "which kernels are installed is not known", "");
        return;
    }
    switch (kernel->state) {
    case HT_KERNEL_STATE_CURRENT:
        return;
    case HT_KERNEL_STATE_FOREIGN:
        ht_unknown(checking, "upkeep",
                   "the running kernel is none of the distribution's packages: nothing here tells "
                   "whether it is up to date",
                   "ask whoever built it");
        return;
    case HT_KERNEL_STATE_UNKNOWN:
        ht_unknown(checking, "upkeep", "the running kernel does not compare with the packages", "");
        return;
    case HT_KERNEL_STATE_OLDER:
    case HT_KERNEL_STATE_REBUILT:
    case HT_KERNEL_STATE_NOT_INSTALLED:
        break;
    }
    finding = ht_fire(checking, HT_S(""));
    if (kernel->state == HT_KERNEL_STATE_REBUILT)
        ht_fire_title(checking, finding, "The kernel was built again with fixes, the old one runs");
    else if (kernel->state == HT_KERNEL_STATE_NOT_INSTALLED)
        ht_fire_title(checking, finding, "The package of the running kernel is not installed");
    if (kernel->state != HT_KERNEL_STATE_NOT_INSTALLED && closes_holes(checking, kernel)) {
        ht_finding_set_severity(finding, HT_SEVERITY_HIGH);
        ht_fire_evidence(checking, finding, "package lists", "security update", kernel->package);
    }
    show_kernel(checking, finding, kernel);
}

/* ---- PKG-016 ---- */

static void look_microcode(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_kernel *kernel = ht_kernel_of(row);

    if (ht_kernel_has_virtual(kernel) && kernel->virtual)
        return; /* the machine below has it */
    if (!ht_kernel_has_microcode(kernel) || !ht_kernel_has_microcode_available(kernel)) {
        ht_unknown(checking, "upkeep", "which microcode would be the newest is not known", "");
        return;
    }
    if (kernel->microcode >= kernel->microcode_available)
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    if (ht_kernel_has_cpu(kernel))
        ht_fire_evidence(checking, finding, "/proc/cpuinfo", "processor", kernel->cpu);
    ht_fire_evidencef(checking, finding, "/proc/cpuinfo", "runs", "0x%llx",
                      (unsigned long long)kernel->microcode);
    ht_fire_evidencef(checking, finding, "firmware files", "on disk", "0x%llx",
                      (unsigned long long)kernel->microcode_available);
}

/* ---- PKG-018 ---- */

/* One door: how it is called where it is set, what stands open, and its value. */
struct door {
    bool open;
    const char *name;
    const char *title;
    const char *value;
};

static void fire_doors(struct ht_checking *checking, const struct door *doors, size_t len)
{
    const struct door *first = NULL;
    struct ht_finding *finding;
    size_t open = 0;

    for (size_t i = 0; i < len; i++) {
        if (doors[i].open && open++ == 0)
            first = &doors[i];
    }
    if (!first)
        return;
    finding = ht_fire(checking, HT_S(""));
    if (open == 1)
        ht_fire_title(checking, finding, "%s", first->title);
    else
        ht_fire_title(checking, finding, "The kernel leaves %zu doors open", open);
    for (size_t i = 0; i < len; i++) {
        if (doors[i].open)
            ht_fire_evidencef(checking, finding, "kernel settings", doors[i].name, "%s: %s",
                              doors[i].value, doors[i].title);
    }
}

static void look_exposure(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_kernel *kernel = ht_kernel_of(row);
    const struct door doors[] = {
        {ht_kernel_has_unprivileged_bpf(kernel) && kernel->unprivileged_bpf == 0,
         "kernel.unprivileged_bpf_disabled", "Any user may load BPF programs", "0"},
        {ht_kernel_has_kptr_restrict(kernel) && kernel->kptr_restrict == 0, "kernel.kptr_restrict",
         "Kernel addresses are shown to users", "0"},
        {ht_kernel_has_unprivileged_userns(kernel) && kernel->unprivileged_userns,
         "user namespaces", "Any user may make user namespaces", "allowed"},
        {ht_kernel_has_kexec_allowed(kernel) && kernel->kexec_allowed, "kernel.kexec_load_disabled",
         "Root may replace the running kernel (kexec)", "0"},
        {ht_kernel_has_lockdown(kernel) && ht_str_is(kernel->lockdown, "none"), "lockdown",
         "The kernel is not locked down against root", "none"},
        {ht_kernel_has_modules_signed(kernel) && !kernel->modules_signed, "module.sig_enforce",
         "Unsigned modules can be loaded", "N"},
    };

    fire_doors(checking, doors, ARRAY_LEN(doors));
    if (!ht_kernel_has_unprivileged_bpf(kernel) || !ht_kernel_has_kptr_restrict(kernel) ||
        !ht_kernel_has_unprivileged_userns(kernel))
        ht_unknown(checking, "upkeep", "some kernel settings could not be read", "sudo hulltop");
}

static const struct ht_check checks[] = {
    {.id = "PKG-006",
     .question = 4,
     .scope = HT_TABLE_KERNEL,
     .reads = HT_READS(PACKAGE_DB),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "A newer kernel is installed than the one that runs",
     .condition = "Of the running kernel's flavour a newer package is installed, also one of the "
                  "same release; high where it came as a security update.",
     .why = "All containers of the node share its kernel. Holes that the new one closes stay open "
            "until it is started.",
     .fix = "Drain the node and reboot it in a quiet moment. Check afterwards that the boot loader "
            "took the new one (uname -v).",
     .needs = HT_TEXTS("upkeep"),
     .references = HT_TEXTS("ATT&CK T1068", "Lynis KRNL-5830"),
     .other_causes = HT_TEXTS("live patches, which close some holes without a restart"),
     .run = look_kernel},
    {.id = "PKG-016",
     .question = 4,
     .scope = HT_TABLE_KERNEL,
     .severity = HT_SEVERITY_LOW,
     .title = "Newer microcode of the processor lies on disk",
     .condition = "The microcode that runs is older than the one on disk for this processor. Not "
                  "asked in virtual machines.",
     .why = "Microcode closes holes through which one program reads another's data, across "
            "containers too.",
     .fix = "Reboot: it is loaded early at start. If that does not help, the initial RAM disk is "
            "without it.",
     .needs = HT_TEXTS("upkeep"),
     .references = HT_TEXTS("ATT&CK T1068"),
     .run = look_microcode},
    {.id = "PKG-018",
     .question = 4,
     .scope = HT_TABLE_KERNEL,
     .severity = HT_SEVERITY_LOW,
     .title = "The kernel leaves a door open",
     .condition = "A kernel setting leaves users or root more than most nodes need.",
     .why = "Most ways from a program to the kernel in recent years began at one of these doors.",
     .fix = "Set it in /etc/sysctl.d (kernel.unprivileged_bpf_disabled=1, kernel.kptr_restrict=1, "
            "user.max_user_namespaces=0, kernel.kexec_load_disabled=1), lockdown=integrity on the "
            "kernel's command line: those that the evidence names. Without user namespaces Podman "
            "and Docker of users, and sandboxes of browsers, do not start.",
     .needs = HT_TEXTS("upkeep"),
     .references = HT_TEXTS("ATT&CK T1068", "Lynis KRNL-6000"),
     .other_causes = HT_TEXTS("builders and browsers without root need user namespaces"),
     .run = look_exposure},
};

const struct ht_check_group ht_checks_pkg_kernel = {.checks = checks, .count = ARRAY_LEN(checks)};
