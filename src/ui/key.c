/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "hulltop/ui/key.h"

#include <stddef.h>

#include "hulltop/base/mem.h"
#include "hulltop/base/printable.h"

struct key_name {
    uint32_t code;
    const char *name;
};

static const struct key_name names[] = {
    {' ', "Space"},
    {HT_KEY_TAB, "Tab"},
    {HT_KEY_ENTER, "Enter"},
    {HT_KEY_ESC, "Esc"},
    {HT_KEY_BACKSPACE, "Backspace"},
    {HT_KEY_UP, "Up"},
    {HT_KEY_DOWN, "Down"},
    {HT_KEY_LEFT, "Left"},
    {HT_KEY_RIGHT, "Right"},
    {HT_KEY_HOME, "Home"},
    {HT_KEY_END, "End"},
    {HT_KEY_PAGE_UP, "PgUp"},
    {HT_KEY_PAGE_DOWN, "PgDn"},
    {HT_KEY_INSERT, "Ins"},
    {HT_KEY_DELETE, "Del"},
    {HT_KEY_BACKTAB, "S-Tab"},
    {HT_KEY_MOUSE, "Mouse"},
    {HT_KEY_PASTE, "Paste"},
    {HT_KEY_EOF, "EOF"},
};

bool ht_key_is_text(struct ht_key key)
{
    return key.code >= ' ' && key.code < HT_KEY_SPECIAL && key.code != HT_KEY_BACKSPACE &&
           (key.code < 0x80 || key.code > 0x9f);
}

void ht_key_name(uint32_t code, struct ht_buf *out)
{
    struct ht_key key = {.code = code};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (names[i].code == code) {
            ht_buf_add_text(out, names[i].name);
            return;
        }
    }
    if (code >= 1 && code <= 26)
        ht_buf_addf(out, "C-%c", (char)('a' + code - 1));
    else if (code >= HT_KEY_F1 && code <= HT_KEY_F12)
        ht_buf_addf(out, "F%d", (int)(code - HT_KEY_F1 + 1));
    else if (ht_key_is_text(key))
        ht_utf8_encode(out, code);
    else
        ht_buf_add_c(out, '?');
}
