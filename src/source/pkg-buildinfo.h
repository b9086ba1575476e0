/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a Go program says about itself, without running it. Layer 3 (source). */
#ifndef HT_SOURCE_PKG_BUILDINFO_H
#define HT_SOURCE_PKG_BUILDINFO_H

#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/base/str.h"

/* Version of the main module, or the one that was linked in as "version=", from the bytes of the
 * section .go.buildinfo. False if it tells none. The text is borrowed from section. Pure. */
bool ht_buildinfo_decode(struct ht_str section, struct ht_str *ret_version);
/* The same of an ELF file (64 bit, little endian) that is open at fd; the text goes into arena. 0;
 * -ENODATA: it is another kind of file, or tells none; or what reading said. */
int ht_buildinfo_read(int fd, struct ht_arena *arena, struct ht_str *ret_version,
                      struct ht_error *err);

#endif
