/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which packages a file may well be of, by its name alone. Layer 3 (source). */
#ifndef HT_SOURCE_PKG_LIKENESS_H
#define HT_SOURCE_PKG_LIKENESS_H

#include "hulltop/base/arena.h"
#include "hulltop/base/str.h"

struct ht_likenesses;

/* To compare packages with the files at len places, which are absolute paths and borrowed; of very
 * many only the first count. Lives in the arena. */
struct ht_likenesses *ht_likenesses_new(const struct ht_str *places, size_t len,
                                        struct ht_arena *arena);

/* How much the name of a package resembles that of the file that it resembles most, "libssl3" that
 * of /usr/lib/x86_64-linux-gnu/libssl.so.3: more is likelier, 0 says nothing. Only a guess where to
 * look first. Pure. */
unsigned ht_likeness_of(const struct ht_likenesses *likenesses, struct ht_str package);

#endif
