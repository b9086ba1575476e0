/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "paste.h"

#include "hulltop/base/clock.h"

/* A connection may stand still in the middle of a text. Whoever waits at a terminal that lost the
 * mark must get his keys back. */
#define SILENCE_NS (5 * HT_NS_PER_S)

static const struct ht_str mark = HT_STR(HT_PASTE_END);

void ht_paste_init(struct ht_paste *paste)
{
    *paste = (struct ht_paste){.text = HT_BUF(HT_PASTE_MAX)};
}

void ht_paste_fini(struct ht_paste *paste)
{
    ht_buf_fini(&paste->text);
}

void ht_paste_drop(struct ht_paste *paste)
{
    ht_buf_reset(&paste->text);
    paste->is_open = false;
    paste->is_cut = false;
    paste->matched = 0;
}

void ht_paste_begin(struct ht_paste *paste, int64_t now_ns)
{
    ht_paste_drop(paste);
    paste->is_open = true;
    paste->came_ns = now_ns;
}

size_t ht_paste_room(const struct ht_paste *paste)
{
    return mark.len - paste->matched;
}

static void keep(struct ht_paste *paste, struct ht_str bytes)
{
    ht_buf_add_str(&paste->text, bytes);
    paste->is_cut = paste->is_cut || ht_buf_is_full(&paste->text);
}

bool ht_paste_add(struct ht_paste *paste, struct ht_str bytes, int64_t now_ns)
{
    paste->came_ns = now_ns;
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.data[i] != mark.data[paste->matched]) {
            keep(paste, ht_str_sub(mark, 0, paste->matched));
            paste->matched = 0;
        }
        /* Its first byte stands nowhere else in the mark: no other beginning is passed over. */
        if (bytes.data[i] == mark.data[paste->matched])
            paste->matched++;
        else
            keep(paste, ht_str_sub(bytes, i, 1));
    }
    if (paste->matched < mark.len)
        return false;
    paste->matched = 0;
    paste->is_open = false;
    return true;
}

bool ht_paste_give_up(struct ht_paste *paste, int64_t now_ns)
{
    if (!paste->is_open || now_ns - paste->came_ns < SILENCE_NS)
        return false;
    keep(paste, ht_str_sub(mark, 0, paste->matched));
    paste->matched = 0;
    paste->is_open = false;
    paste->is_cut = true;
    return true;
}
