/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one function that makes text from outside safe to show. Layer 1 (base); pure; any thread.
 *
 * Strict UTF-8 is kept; invalid bytes, C0, DEL and C1 become \xNN; bidirectional controls,
 * zero-width characters, line and paragraph separators, tag characters, private use and unassigned
 * code points become \u{NNNN}; of the combining marks behind one character only two are kept as
 * they are, further ones are written \u{NNNN}.  The output holds only printable characters of known
 * width, and is left unchanged by a second pass (idempotent).  Escapes are shown, never removed:
 * the analyst must see the attack.
 */
#ifndef HT_BASE_PRINTABLE_H
#define HT_BASE_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/str.h"

enum ht_printable_flags {
    HT_PRINT_ASCII = 1 << 0,    /* everything above 0x7e is escaped too */
    HT_PRINT_NEWLINES = 1 << 1, /* \n stays (text that is ours and has several lines) */
};

/* Appends text in printable form to out. */
void ht_printable(struct ht_buf *out, struct ht_str text, unsigned flags);

/* Appends at most width_cols columns of text in printable form and returns the columns used. Text
 * that had to be cut ends in "~" (in its last column). A wide character is never split. */
size_t ht_printable_cut(struct ht_buf *out, struct ht_str text, size_t width_cols, unsigned flags);

/* Columns that text takes in printable form. */
size_t ht_printable_width(struct ht_str text, unsigned flags);

/* Decodes one code point of strict UTF-8 at the start of text (text.len > 0) and returns the bytes
 * it takes, or 0 if the first byte begins no valid sequence. */
size_t ht_utf8_decode(struct ht_str text, uint32_t *ret_code);
/* Appends the UTF-8 form of code (a valid scalar value). */
void ht_utf8_encode(struct ht_buf *out, uint32_t code);
/* True if all of text is strict UTF-8. */
bool ht_utf8_is_valid(struct ht_str text);
/* Columns of one code point by our own table (independent of the locale): 0 combining, 1, 2, or -1
 * for what ht_printable escapes. */
int ht_code_width(uint32_t code);

#endif
