/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hints at a kernel that was tampered with. Layer 3 (source), of the source "drift". */
#ifndef HT_SOURCE_DRIFT_TAMPER_H
#define HT_SOURCE_DRIFT_TAMPER_H

#include "drift-groups.h"
#include "hulltop/base/arena.h"
#include "hulltop/model/node.h"

enum { HT_TAMPER_MODULES_MAX = 4096, HT_TAMPER_LISTED_MAX = 20 };

/* The modules of /proc/modules that taint the kernel, the first of them, "NAME (OE)", in the arena.
 * Pure, any thread. */
struct ht_text_list ht_tamper_modules(struct ht_str text, struct ht_arena *arena);
/* What enabled_functions of tracefs lists: how many functions are traced, and of those whose calls
 * go elsewhere the first ("FUNCTION to WHO"), in the arena. Pure, any thread. */
struct ht_traced {
    uint64_t count;
    struct ht_text_list redirected;
};
void ht_tamper_traced(struct ht_str text, struct ht_arena *arena, struct ht_traced *ret_traced);
/* The same as fields of a row; of a list that was cut only what was found. */
void ht_tamper_take_traced(struct ht_str text, bool cut, struct ht_arena *arena,
                           struct ht_tamper *tamper);
/* Reads the row below proc_fd ("/proc"), NULL if the taint cannot be read; what else cannot be read
 * stays unknown. before (NULL: none) is the row of the last look, whose first counts stay. A
 * reference for the caller. groups (NULL allowed) is told by ht_hidden_read. */
struct ht_row *ht_tamper_read(int proc_fd, struct ht_groups *groups, const struct ht_row *before);

#endif
