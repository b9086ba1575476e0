/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stanzas of "Field: value" lines, as dpkg and apt write them. Pure but for ht_deb_scan, which
 * reads a stream.
 *
 * A stanza ends at an empty line. A field's name goes up to the colon, letters in any case; its
 * value goes on over the lines that begin with a blank. Where a stanza names a field twice the
 * last one counts.
 */
#ifndef HT_SOURCE_DEB_STANZA_H
#define HT_SOURCE_DEB_STANZA_H

#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"
#include "hulltop/base/str.h"
#include "hulltop/base/unpack.h"

/* Called with each stanza, which is valid during the call only. The second of two empty lines at a
 * file's very beginning ends an empty stanza. Other than 0 ends the reading and is returned. */
typedef int (*ht_deb_visit)(void *context, struct ht_str stanza);

/* The stanzas of a stream; -EFBIG for one of more than HT_LIMIT_STANZA bytes, or as ht_unpack_read
 * fails. */
int ht_deb_scan(struct ht_unpack *unpack, ht_deb_visit visit, void *context, struct ht_error *err);
/* The stanzas of a text; empty ones are left out. */
int ht_deb_each(struct ht_str text, ht_deb_visit visit, void *context);

/* Steps through a stanza: true and a field's name and value (trimmed, its inner line ends as they
 * are), or false at the end. */
bool ht_deb_next_field(struct ht_str *rest, struct ht_str *ret_name, struct ht_str *ret_value);
/* Looks for the named fields; those not there are {0}. False: what the stanza ends with is no
 * field. */
bool ht_deb_fields(struct ht_str stanza, const char *const *names, size_t count,
                   struct ht_str *values);
/* One field, or {0}. */
struct ht_str ht_deb_field(struct ht_str stanza, const char *name);
/* Steps through the words between blanks. */
bool ht_deb_next_word(struct ht_str *rest, struct ht_str *ret_word);
/* apt's idea of yes (1) and no (0); fallback for anything else. */
int ht_deb_bool(struct ht_str text, int fallback);
/* Takes the lines that begin with '#' out, in place. */
void ht_deb_strip_comments(struct ht_buf *text);

#endif
