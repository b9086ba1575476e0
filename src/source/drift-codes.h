/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The code that runs or ran, one row for each file of each container. Layer 3 (source), of the
 * source "drift"; its thread.
 *
 * A row of code that is the image's says only that it runs: processes that come and go change
 * nothing of it. Rows of other code tell their newest process and stay when it has ended: for a
 * day, and the newest HT_CODES_ENDED_MAX of them.
 */
#ifndef HT_SOURCE_DRIFT_CODES_H
#define HT_SOURCE_DRIFT_CODES_H

#include "hulltop/model/node.h"

enum {
    HT_CODES_ENDED_MAX = 2000, /* kept of code that runs no more */
    HT_CODES_MAX = 20000,      /* in all; past it what is the image's, or not told, is left out */
};

struct ht_codes;
struct ht_codes_entry;

struct ht_codes *ht_codes_new(void);
/* NULL is allowed; returns NULL. */
struct ht_codes *ht_codes_free(struct ht_codes *codes);

/* A process runs that code, of which facts tells (its id, kind, origin and path are set; copied);
 * seen_by is constant. The entry stays valid until ht_codes_end was called as often; NULL where
 * there is no more room. */
struct ht_codes_entry *ht_codes_start(struct ht_codes *codes, const struct ht_code *facts,
                                      int64_t now, const char *seen_by);
/* Another process runs code that was told to be of its image, by the code's id; NULL where it was
 * not, or is not any more. Else as ht_codes_start. */
struct ht_codes_entry *ht_codes_start_known(struct ht_codes *codes, struct ht_str id);
/* Whether it is told to be of its image. */
bool ht_codes_is_image(const struct ht_codes_entry *entry);
/* A process that still runs it was read again. */
void ht_codes_renew(struct ht_codes *codes, struct ht_codes_entry *entry,
                    const struct ht_code *facts);
/* One of its processes runs it no more. */
void ht_codes_end(struct ht_codes *codes, struct ht_codes_entry *entry, int64_t now);
/* Its id; borrowed. */
struct ht_str ht_codes_id(const struct ht_codes_entry *entry);
enum ht_code_kind ht_codes_kind(const struct ht_codes_entry *entry);
/* Whether it is a script that a variable or the like names, other than a word of the command line.
 */
bool ht_codes_is_brought(const struct ht_codes_entry *entry);

/* How many entries are of code that is not the image's and runs. */
size_t ht_codes_drifted(const struct ht_codes *codes);
/* Whether any row is another than at the last ht_codes_put. */
bool ht_codes_changed(const struct ht_codes *codes);
/* Forgets what ended long ago. */
void ht_codes_expire(struct ht_codes *codes, int64_t now);
/* Adds all rows to a sample. */
void ht_codes_put(struct ht_codes *codes, struct ht_node *sample);

#endif
