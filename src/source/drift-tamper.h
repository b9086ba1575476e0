/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hints at a kernel that was tampered with. Layer 3 (source), of the source "drift". */
#ifndef HT_SOURCE_DRIFT_TAMPER_H
#define HT_SOURCE_DRIFT_TAMPER_H

#include "hulltop/base/arena.h"
#include "hulltop/model/node.h"

enum { HT_TAMPER_MODULES_MAX = 4096 };

/* The modules of /proc/modules that taint the kernel, the first of them, "NAME (OE)", in the arena.
 * Pure, any thread. */
struct ht_text_list ht_tamper_modules(struct ht_str text, struct ht_arena *arena);
/* Reads the row below proc_fd ("/proc"), NULL if the taint cannot be read; without modules if those
 * cannot. A reference for the caller. */
struct ht_row *ht_tamper_read(int proc_fd);

#endif
