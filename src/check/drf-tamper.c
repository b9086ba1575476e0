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

static void look_kernel(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_row *found =
        ht_node_find(ht_checking_node(checking), HT_TABLE_TAMPER, HT_S("kernel"));
    const struct ht_tamper *tamper = found ? ht_tamper_of(found) : NULL;
    struct ht_finding *finding;

    (void)row;
    if (!tamper || !ht_tamper_has_taint(tamper)) {
        ht_unknown(checking, "drift", "whether the kernel is tainted could not be read",
                   "run hulltop on the node itself");
        return;
    }
    if (!(tamper->taint & (TAINT_FORCED | TAINT_OUT_OF_TREE | TAINT_UNSIGNED)))
        return;
    finding = ht_fire(checking, HT_S(""));
    describe(checking, finding, tamper);
    ht_fire_evidencef(checking, finding, "/proc/sys/kernel/tainted", "taint", "%llu",
                      (unsigned long long)tamper->taint);
    for (size_t i = 0; i < tamper->modules.len; i++)
        ht_fire_evidence(checking, finding, "/proc/modules", "module", tamper->modules.items[i]);
}

static const struct ht_check checks[] = {
    {.id = "DRF-035",
     .question = 6,
     .scope = HT_TABLE_HOST,
     .reads = HT_READS(TAMPER),
     .severity = HT_SEVERITY_HIGH,
     .title = "The kernel holds code that nobody vouches for",
     .condition = "kernel.tainted says that a module was forced, or has no valid signature; low "
                  "for signed modules from outside the kernel's tree, medium if none of those is "
                  "loaded now.",
     .why = "Code in the kernel can hide anything from every program on the node, this one too.",
     .fix = "Find out where the module comes from (modinfo NAME). If nobody knows it: take an "
            "image of the disk from outside, then build the node anew.",
     .needs = HT_TEXTS("drift"),
     .references = HT_TEXTS("ATT&CK T1014", "ATT&CK T1547.006"),
     .other_causes =
         HT_TEXTS("drivers that are built on the node (dkms), also ones unloaded since"),
     .run = look_kernel},
};

const struct ht_check_group ht_checks_drf_tamper = {.checks = checks, .count = ARRAY_LEN(checks)};
