/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MD5 sums of host files that are kept from one pass, and from one run, to the next. Layer 3
 * (source); one thread.
 *
 * A sum holds as long as the file has the same device, number, size and times; of those root can
 * set all but the last change (ctime).
 */
#ifndef HT_SOURCE_PKG_SUMS_H
#define HT_SOURCE_PKG_SUMS_H

#include <stdint.h>

#include "hulltop/base/error.h"

struct ht_sums;

/* The sums of a root's files. In folder (NULL: nowhere) they are kept from one run to the next;
 * root is the name by which they are told from another's. Owned by the caller: ht_sums_free, which
 * takes NULL. */
struct ht_sums *ht_sums_new(const char *folder, const char *root);
void ht_sums_free(struct ht_sums *sums);
/* Begins a pass at that wall time (ns since 1970, after 1970). What changed less than a minute
 * before it is read, and its sum not kept. */
void ht_sums_begin(struct ht_sums *sums, int64_t now);
/* The sum of the open file, 32 hexadecimal digits, borrowed until the next call.
 * Reads it unless the sum is known. A file of more than 512 MiB: -EFBIG; other errors are of
 * reading. */
int ht_sums_of(struct ht_sums *sums, int fd, const char *path, const char **ret_sum,
               struct ht_error *err);
/* Writes the file of sums if any is new; failing is logged and nothing else. */
void ht_sums_save(struct ht_sums *sums);

#endif
