/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DRF-035: hints at a kernel that was tampered with. */
#include "catalogue-private.h"
#include "drf.h"
#include "hulltop/base/mem.h"

/* Bits of kernel.tainted, by Documentation/admin-guide/tainted-kernels.rst. */
#define TAINT_FORCED_LOAD   (UINT64_C(1) << 1)
#define TAINT_FORCED_UNLOAD (UINT64_C(1) << 3)
#define TAINT_OUT_OF_TREE   (UINT64_C(1) << 12)
#define TAINT_UNSIGNED      (UINT64_C(1) << 13)

#define TAINT_FORCED (TAINT_FORCED_LOAD | TAINT_FORCED_UNLOAD)

/* Whether a loaded module has that letter: what taints stays told when it is gone, or hides. */
static bool is_accounted(const struct ht_tamper *tamper, char letter)
{
    for (size_t i = 0; i < tamper->modules.len; i++) {
        struct ht_str module = tamper->modules.items[i];
        ptrdiff_t flags = ht_str_find_byte(module, '(');

        if (flags >= 0 &&
            ht_str_find_byte(ht_str_sub(module, (size_t)flags, module.len), letter) >= 0)
            return true;
    }
    return !ht_tamper_has_modules(tamper);
}

static void describe(struct ht_checking *checking, struct ht_finding *finding,
                     const struct ht_tamper *tamper)
{
    bool is_signed = !(tamper->taint & (TAINT_FORCED | TAINT_UNSIGNED));
    bool hides = !is_accounted(tamper, tamper->taint & TAINT_UNSIGNED ? 'E' : 'O');

    if (tamper->taint & TAINT_FORCED)
        ht_fire_title(checking, finding, "A module was forced into or out of the kernel");
    else if (hides)
        ht_fire_title(checking, finding,
                      "What tainted the kernel is not among its modules any more, or hides");
    else if (!is_signed)
        ht_fire_title(checking, finding, "The kernel has loaded a module without a signature");
    else
        ht_fire_title(checking, finding, "The kernel has loaded a module from outside its tree");
    if (is_signed)
        ht_drf_weigh(finding, hides ? HT_SEVERITY_MEDIUM : HT_SEVERITY_LOW);
}

static void look_taint(struct ht_checking *checking, const struct ht_tamper *tamper)
{
    struct ht_finding *finding;

    if (!(tamper->taint & (TAINT_FORCED | TAINT_OUT_OF_TREE | TAINT_UNSIGNED)))
        return;
    finding = ht_fire(checking, HT_S(""));
    describe(checking, finding, tamper);
    ht_fire_evidencef(checking, finding, "/proc/sys/kernel/tainted", "taint", "%llu",
                      (unsigned long long)tamper->taint);
    for (size_t i = 0; i < tamper->modules.len; i++)
        ht_fire_evidence(checking, finding, "/proc/modules", "module", tamper->modules.items[i]);
}

static void look_hidden(struct ht_checking *checking, const struct ht_tamper *tamper)
{
    struct ht_finding *finding;

    if (!ht_tamper_has_hidden(tamper)) {
        ht_note(checking, "drift", "whether processes are hidden could not be determined",
                "sudo hulltop on the node");
        return;
    }
    if (tamper->hidden.len == 0)
        return;
    finding = ht_fire(checking, HT_S("hidden"));
    ht_fire_title(checking, finding, "%zu process%s missing in /proc: something hides %s",
                  tamper->hidden.len, tamper->hidden.len == 1 ? " is" : "es are",
                  tamper->hidden.len == 1 ? "it" : "them");
    for (size_t i = 0; i < tamper->hidden.len; i++)
        ht_fire_evidence(checking, finding, "cgroup.procs", "process that /proc does not list",
                         tamper->hidden.items[i]);
}

/* Patches of the kernel that its vendor makes while it runs are such redirections too: they go
 * through this function of the kernel itself. Of a module's function the module is told ("[rk]"),
 * and a module has any name it likes. */
static bool is_livepatch(struct ht_str redirected)
{
    return ht_str_has_suffix(redirected, " to klp_ftrace_handler");
}

static void look_redirected(struct ht_checking *checking, const struct ht_tamper *tamper)
{
    struct ht_finding *finding = NULL;

    if (!ht_tamper_has_redirected(tamper)) {
        ht_note(checking, "drift", "which functions of the kernel are traced could not be read",
                "needs root, tracefs at /sys/kernel/tracing, and a kernel that lets it be read");
        return;
    }
    for (size_t i = 0; i < tamper->redirected.len; i++) {
        if (is_livepatch(tamper->redirected.items[i]))
            continue;
        if (!finding) {
            finding = ht_fire(checking, HT_S("redirected"));
            ht_fire_title(checking, finding, "Calls of functions of the kernel are sent elsewhere");
            ht_finding_set_confidence(finding, HT_CONFIDENCE_LIKELY);
        }
        ht_fire_evidence(checking, finding, "/sys/kernel/tracing/enabled_functions",
                         "function, and who gets its calls", tamper->redirected.items[i]);
    }
}

/* What is loaded as the system is used comes one by one. */
static bool has_jumped(uint64_t first, uint64_t now)
{
    enum { FEW = 16 };

    return now >= first + FEW && now / 2 >= first;
}

static void look_counts(struct ht_checking *checking, const struct ht_tamper *tamper)
{
    struct ht_finding *finding;
    bool programs = ht_tamper_has_programs(tamper) && ht_tamper_has_programs_first(tamper) &&
                    has_jumped(tamper->programs_first, tamper->programs);
    bool traced = ht_tamper_has_traced(tamper) && ht_tamper_has_traced_first(tamper) &&
                  has_jumped(tamper->traced_first, tamper->traced);

    if (!ht_tamper_has_programs(tamper))
        ht_note(checking, "drift", "eBPF programs could not be counted",
                "sudo hulltop on the node");
    if (!programs && !traced)
        return;
    finding = ht_fire(checking, HT_S("counts"));
    ht_fire_title(checking, finding, "Much more of the kernel is watched or changed than before");
    ht_drf_weigh(finding, HT_SEVERITY_LOW);
    ht_finding_set_confidence(finding, HT_CONFIDENCE_HINT);
    if (programs)
        ht_fire_evidencef(checking, finding, "bpf(2)", "eBPF programs", "%llu, at first %llu",
                          (unsigned long long)tamper->programs,
                          (unsigned long long)tamper->programs_first);
    if (traced)
        ht_fire_evidencef(checking, finding, "/sys/kernel/tracing/enabled_functions",
                          "traced functions", "%llu, at first %llu",
                          (unsigned long long)tamper->traced,
                          (unsigned long long)tamper->traced_first);
}

static void look_kernel(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_row *found =
        ht_node_find(ht_checking_node(checking), HT_TABLE_TAMPER, HT_S("kernel"));
    const struct ht_tamper *tamper = found ? ht_tamper_of(found) : NULL;

    (void)row;
    if (!tamper || !ht_tamper_has_taint(tamper)) {
        ht_unknown(checking, "drift", "whether the kernel is tainted could not be read",
                   "run hulltop on the node itself");
        return;
    }
    look_taint(checking, tamper);
    look_hidden(checking, tamper);
    look_redirected(checking, tamper);
    look_counts(checking, tamper);
}

static const struct ht_check checks[] = {
    {.id = "DRF-035",
     .question = 6,
     .scope = HT_TABLE_HOST,
     .reads = HT_READS(TAMPER),
     .severity = HT_SEVERITY_HIGH,
     .title = "The kernel holds code that nobody vouches for",
     .condition = "kernel.tainted says that a module was forced, or has no valid signature (low "
                  "for signed modules from outside the kernel's tree, medium if none of those is "
                  "loaded now); a control group has a living process that /proc does not list; "
                  "ftrace sends calls of a function elsewhere; low if eBPF programs or traced "
                  "functions have doubled, by at least 16, since watching began.",
     .why = "Code in the kernel can hide anything from every program on the node, this one too.",
     .fix = "Find out where the module comes from (modinfo NAME), who loaded the programs "
            "(bpftool prog). If nobody knows: take an image of the disk from outside, then build "
            "the node again. What hides processes may hide more: believe no program on this node.",
     .needs = HT_TEXTS("drift"),
     .references = HT_TEXTS("ATT&CK T1014", "ATT&CK T1547.006"),
     .other_causes = HT_TEXTS("drivers that are built on the node (dkms), also ones unloaded since",
                              "monitoring agents (Cilium, Falco, Tetragon, bpftrace)"),
     .run = look_kernel},
};

const struct ht_check_group ht_checks_drf_tamper = {.checks = checks, .count = ARRAY_LEN(checks)};
