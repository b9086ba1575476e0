/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/printable.h"

#include <stdbool.h>
#include <string.h>

enum {
    MARKS_KEPT = 2, /* combining marks behind one character */
    PIECE_MAX = 12, /* "\u{10ffff}" and a NUL */
};

/* The printable form of one code point or one invalid byte. */
struct piece {
    size_t taken; /* bytes of the text */
    size_t len;   /* bytes of its printable form */
    size_t cols;
    char text[PIECE_MAX];
};

size_t ht_utf8_decode(struct ht_str text, uint32_t *ret_code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char lead = (unsigned char)text.data[0];
    size_t len = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

    if (len == 0 || lead > 0xf4 || len > text.len)
        return 0;

    uint32_t code = len == 1 ? lead : lead & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        unsigned char next = (unsigned char)text.data[i];

        if ((next & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (next & 0x3f);
    }
    if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    *ret_code = code;
    return len;
}

void ht_utf8_encode(struct ht_buf *out, uint32_t code)
{
    char bytes[4];
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = len - 1; i > 0; i--, code >>= 6)
        bytes[i] = (char)(0x80 | (code & 0x3f));
    bytes[0] = (char)(leads[len] | code);
    ht_buf_add(out, bytes, len);
}

/* Length of the run of printable ASCII at from. */
static size_t ascii_run(struct ht_str text, size_t from)
{
    size_t at = from;

    while (at < text.len && (unsigned char)(text.data[at] - 0x20) < 0x7f - 0x20)
        at++;
    return at - from;
}

bool ht_utf8_is_valid(struct ht_str text)
{
    uint32_t code;

    for (size_t at = ascii_run(text, 0); at < text.len; at += ascii_run(text, at)) {
        size_t len = ht_utf8_decode(ht_str_sub(text, at, text.len), &code);

        if (len == 0)
            return false;
        at += len;
    }
    return true;
}

static void add_hex(struct piece *piece, uint32_t value, unsigned digits)
{
    while (digits-- > 0)
        piece->text[piece->len++] = "0123456789abcdef"[(value >> (4 * digits)) & 0xf];
}

static void escape_byte(struct piece *piece, unsigned char byte)
{
    memcpy(piece->text, "\\x", 2);
    piece->len = 2;
    add_hex(piece, byte, 2);
    piece->cols = piece->len;
}

static void escape_code(struct piece *piece, uint32_t code)
{
    memcpy(piece->text, "\\u{", 3);
    piece->len = 3;
    add_hex(piece, code, code > 0xfffff ? 6 : code > 0xffff ? 5 : 4);
    piece->text[piece->len++] = '}';
    piece->cols = piece->len;
}

/* Makes a piece of the start of text. *marks counts the combining marks since the last character
 * that can carry one; where there is none it is MARKS_KEPT, so that a mark at the start of a text
 * or behind an escape is escaped too. */
static void next_piece(struct ht_str text, unsigned flags, unsigned *marks, struct piece *piece)
{
    uint32_t code = 0;
    unsigned char first = (unsigned char)text.data[0];

    piece->len = 0;
    piece->cols = 0;
    piece->taken = ht_utf8_decode(text, &code);
    if (first == '\n' && (flags & HT_PRINT_NEWLINES)) {
        piece->text[piece->len++] = '\n';
        *marks = MARKS_KEPT;
        return;
    }
    if (piece->taken == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0)) {
        piece->taken += piece->taken == 0;
        escape_byte(piece, piece->taken == 2 ? (unsigned char)code : first);
        *marks = MARKS_KEPT;
        return;
    }

    int width = ht_code_width(code);
    if (width < 0 || (code > 0x7e && (flags & HT_PRINT_ASCII)) ||
        (width == 0 && *marks >= MARKS_KEPT)) {
        escape_code(piece, code);
        *marks = MARKS_KEPT;
        return;
    }
    *marks = width == 0 ? *marks + 1 : 0;
    memcpy(piece->text, text.data, piece->taken);
    piece->len = piece->taken;
    piece->cols = (size_t)width;
}

/* A piece is added as a whole or not at all: half a character would not be printable. */
static void add_piece(struct ht_buf *out, const struct piece *piece)
{
    if (piece->len > out->max - out->len)
        out->full = true;
    ht_buf_add(out, piece->text, piece->len);
}

void ht_printable(struct ht_buf *out, struct ht_str text, unsigned flags)
{
    unsigned marks = MARKS_KEPT;
    struct piece piece;
    size_t at = 0;

    while (at < text.len) {
        size_t run = ascii_run(text, at);

        if (run) {
            ht_buf_add(out, text.data + at, run);
            marks = 0;
            at += run;
            continue;
        }
        next_piece(ht_str_sub(text, at, text.len), flags, &marks, &piece);
        add_piece(out, &piece);
        at += piece.taken;
    }
}

size_t ht_printable_width(struct ht_str text, unsigned flags)
{
    unsigned marks = MARKS_KEPT;
    struct piece piece;
    size_t cols = 0;
    size_t at = 0;

    while (at < text.len) {
        size_t run = ascii_run(text, at);

        if (run) {
            marks = 0;
            cols += run;
            at += run;
            continue;
        }
        next_piece(ht_str_sub(text, at, text.len), flags, &marks, &piece);
        cols += piece.cols;
        at += piece.taken;
    }
    return cols;
}

static void shorten(struct ht_buf *out, size_t len)
{
    if (len < out->len) {
        out->len = len;
        out->data[len] = '\0';
    }
}

size_t ht_printable_cut(struct ht_buf *out, struct ht_str text, size_t width_cols, unsigned flags)
{
    unsigned marks = MARKS_KEPT;
    struct piece piece;
    size_t cols = 0;
    size_t kept_len = out->len; /* up to where a "~" still fits behind */
    size_t kept_cols = 0;

    if (width_cols == 0)
        return 0;
    for (size_t at = 0; at < text.len; at += piece.taken) {
        next_piece(ht_str_sub(text, at, text.len), flags, &marks, &piece);
        if (piece.cols > width_cols - cols) {
            shorten(out, kept_len);
            ht_buf_add_c(out, '~');
            return kept_cols + 1;
        }
        add_piece(out, &piece);
        cols += piece.cols;
        if (cols < width_cols) {
            kept_len = out->len;
            kept_cols = cols;
        }
    }
    return cols;
}
