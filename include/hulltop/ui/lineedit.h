/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line behind a prompt ("/", ":"): text, cursor, history. Layer 6 (ui); one owner, one thread.
 * Its control keys act only while a prompt is open; on a list they do nothing.
 */
#ifndef HT_UI_LINEEDIT_H
#define HT_UI_LINEEDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/str.h"
#include "hulltop/base/vec.h"
#include "hulltop/ui/canvas.h"
#include "hulltop/ui/key.h"

enum {
    HT_LINEEDIT_MAX = 1024, /* bytes */
    HT_LINEEDIT_HISTORY_MAX = 100,
};

enum ht_lineedit_result {
    HT_LINEEDIT_IGNORED, /* the key means nothing here */
    HT_LINEEDIT_MOVED,   /* only the cursor */
    HT_LINEEDIT_CHANGED, /* the text (filters apply as one types) */
    HT_LINEEDIT_DONE,    /* Enter: take ht_lineedit_text */
    HT_LINEEDIT_CANCEL,  /* Esc, C-g, or Backspace on the empty line */
};

struct ht_lineedit {
    struct ht_buf text;    /* UTF-8 */
    size_t cursor;         /* byte offset, at the start of a character or at the end */
    struct ht_vec history; /* char *, oldest first, owned */
    size_t history_at;     /* == history.len: the line being typed */
    struct ht_buf unsaved; /* that line, while an older one is shown */
};

/* Empty, without history. */
void ht_lineedit_init(struct ht_lineedit *edit);
/* Frees text and history; it can be used again after init. */
void ht_lineedit_fini(struct ht_lineedit *edit);
/* Begins with this text (cut at the limit, invalid UTF-8 dropped), the cursor behind it. */
void ht_lineedit_start(struct ht_lineedit *edit, struct ht_str text);
/* What is in the line; borrowed until the next key. */
struct ht_str ht_lineedit_text(const struct ht_lineedit *edit);
/* Characters insert. Left Right C-b C-f, Home End C-a C-e, Backspace C-h, Delete C-d, C-w word
 * before, C-u all before, C-k all behind the cursor, Up Down C-p C-n history. Enter puts the line
 * into the history (not twice in a row, not when empty). */
enum ht_lineedit_result ht_lineedit_key(struct ht_lineedit *edit, struct ht_key key);
/* Puts text in at the cursor, of it what keys could enter and there is room for. CHANGED, or
 * IGNORED if that is nothing. */
enum ht_lineedit_result ht_lineedit_insert(struct ht_lineedit *edit, struct ht_str text);
/* Draws prompt and text into the span, scrolled so that the cursor is visible; returns the column
 * of the cursor in the area. */
int ht_lineedit_draw(const struct ht_lineedit *edit, struct ht_area area, struct ht_span span,
                     const char *prompt);

#endif
