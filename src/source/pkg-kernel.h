/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The running kernel against the installed ones. Layer 3 (source). */
#ifndef HT_SOURCE_PKG_KERNEL_H
#define HT_SOURCE_PKG_KERNEL_H

#include "pkg-installed.h"
#include "hulltop/model/rows.h"

/* What the running kernel says of itself. */
struct ht_kernel_claims {
    struct ht_str release;   /* uname -r */
    struct ht_str build;     /* uname -v */
    struct ht_str signature; /* /proc/version_signature; Ubuntu alone has it */
};

/* Version of the package that the running kernel was built as, in the arena; empty if it does not
 * tell: then it is none of a distribution. Pure. */
struct ht_str ht_kernel_version(const struct ht_kernel_claims *claims, struct ht_arena *arena);
/* Flavour of a release ("cloud-amd64" of "6.1.0-26-cloud-amd64"). Pure. */
struct ht_str ht_kernel_flavour(struct ht_str release);

/* Sets release, build, version, state, reason and what is installed of row. A package counts as a
 * kernel if its files are below the root. Texts are in the arena. */
void ht_kernel_judge(const struct ht_kernel_claims *claims, const struct ht_root *root,
                     const struct ht_installed_list *list, struct ht_arena *arena,
                     struct ht_kernel *row);

/* Sets what the kernel's files tell: live patches, kexec, microcode, settings that expose it. root
 * is the running system's. */
void ht_kernel_read(const struct ht_root *root, struct ht_arena *arena, struct ht_kernel *row);

/* The row about the release line of a kernel that no distribution maintains: a line is what
 * kernel.org supports. False: the release names none. Pure. */
bool ht_support_of_kernel(struct ht_str release, struct ht_arena *arena, struct ht_support *ret);

#endif
