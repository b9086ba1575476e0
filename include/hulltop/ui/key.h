/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One key press, as the terminal decodes it and everything above understands it.
 * Layer 6 (ui); pure; any thread.
 */
#ifndef HT_UI_KEY_H
#define HT_UI_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "hulltop/base/buf.h"

/* Characters are their code points, control keys 1 to 26 (except those named here); what has no
 * code point lies above Unicode. */
enum ht_key_code {
    HT_KEY_NONE = 0,   /* nothing to read */
    HT_KEY_TAB = 9,    /* the codes of these are those of the characters */
    HT_KEY_ENTER = 13, /* CR and LF and the keypad's Enter */
    HT_KEY_ESC = 27,
    HT_KEY_BACKSPACE = 127, /* BS and DEL both */
    HT_KEY_SPECIAL = 0x110000,
    HT_KEY_UP,
    HT_KEY_DOWN,
    HT_KEY_LEFT,
    HT_KEY_RIGHT,
    HT_KEY_HOME,
    HT_KEY_END,
    HT_KEY_PAGE_UP,
    HT_KEY_PAGE_DOWN,
    HT_KEY_INSERT,
    HT_KEY_DELETE,
    HT_KEY_BACKTAB,
    HT_KEY_F1,
    HT_KEY_F12 = HT_KEY_F1 + 11,
    HT_KEY_MOUSE,   /* row, col, button are set */
    HT_KEY_PASTE,   /* text is set: it was not typed */
    HT_KEY_UNKNOWN, /* a sequence that means nothing here */
    HT_KEY_EOF,     /* the terminal is gone: end the program */
};

enum ht_button {
    HT_BUTTON_NONE,
    HT_BUTTON_LEFT,
    HT_BUTTON_LEFT_DOUBLE, /* second press on the same cell within 400 ms */
    HT_BUTTON_WHEEL_UP,
    HT_BUTTON_WHEEL_DOWN,
};

struct ht_key {
    uint32_t code;
    int row; /* of a mouse event */
    int col;
    enum ht_button button;
    struct ht_str
        text;    /* of HT_KEY_PASTE: raw, as the terminal sent it, borrowed until the next key */
    bool is_cut; /* there was more of it */
};

/* Code of Control and a lower-case letter. */
#define HT_CTRL(letter) ((uint32_t)((letter)&0x1f))
/* Code of F1 to F12. */
#define HT_KEY_F(n) ((uint32_t)(HT_KEY_F1 + (n)-1))

/* True if the key enters a character (space to the end of Unicode, no control). */
bool ht_key_is_text(struct ht_key key);
/* Appends the key's name as people write it: "j", "C-d", "F10", "PgUp", "S-Tab", "Space". */
void ht_key_name(uint32_t code, struct ht_buf *out);

#endif
