/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "hulltop/ui/lineedit.h"

#include <string.h>

#include "hulltop/base/mem.h"
#include "hulltop/base/printable.h"

void ht_lineedit_init(struct ht_lineedit *edit)
{
    *edit = (struct ht_lineedit){0};
    ht_buf_init(&edit->text, HT_LINEEDIT_MAX);
    ht_buf_init(&edit->unsaved, HT_LINEEDIT_MAX);
}

void ht_lineedit_fini(struct ht_lineedit *edit)
{
    for (size_t i = 0; i < edit->history.len; i++)
        free(edit->history.items[i]);
    ht_vec_fini(&edit->history);
    ht_buf_fini(&edit->text);
    ht_buf_fini(&edit->unsaved);
    edit->cursor = 0;
    edit->history_at = 0;
}

/* Adds of text what keys could enter, whole characters up to so many bytes. */
static void add_text(struct ht_buf *out, struct ht_str text, size_t room)
{
    while (text.len > 0) {
        uint32_t code = 0;
        size_t used = ht_utf8_decode(text, &code);

        if (used > room)
            break;
        if (used > 0 && ht_key_is_text((struct ht_key){.code = code})) {
            ht_buf_add(out, text.data, used);
            room -= used;
        }
        text = ht_str_sub(text, used > 0 ? used : 1, text.len);
    }
}

/* A buffer that was full ignores what comes; an edited line must go on after something was taken
 * away. */
static void set_line(struct ht_lineedit *edit, struct ht_str text)
{
    ht_buf_reset(&edit->text);
    add_text(&edit->text, text, HT_LINEEDIT_MAX);
    edit->cursor = edit->text.len;
}

void ht_lineedit_start(struct ht_lineedit *edit, struct ht_str text)
{
    set_line(edit, text);
    edit->history_at = edit->history.len;
    ht_buf_reset(&edit->unsaved);
}

struct ht_str ht_lineedit_text(const struct ht_lineedit *edit)
{
    return ht_buf_str(&edit->text);
}

/* --- changes ------------------------------------------------------------------------------- */

/* Combining marks move with the character that they stand on. */
static size_t next_at(const struct ht_lineedit *edit, size_t at)
{
    struct ht_str text = ht_buf_str(&edit->text);
    uint32_t code = 0;

    if (at >= text.len)
        return text.len;
    at += ht_utf8_decode(ht_str_sub(text, at, text.len), &code);
    while (at < text.len) {
        size_t used = ht_utf8_decode(ht_str_sub(text, at, text.len), &code);

        if (ht_code_width(code) != 0)
            break;
        at += used;
    }
    return at;
}

static size_t previous_at(const struct ht_lineedit *edit, size_t at)
{
    size_t before = 0;

    for (size_t i = 0; i < at; i = next_at(edit, i))
        before = i;
    return before;
}

static enum ht_lineedit_result cut(struct ht_lineedit *edit, size_t from, size_t to)
{
    struct ht_buf left = HT_BUF(HT_LINEEDIT_MAX);
    struct ht_str text = ht_buf_str(&edit->text);

    if (from >= to)
        return HT_LINEEDIT_MOVED;
    ht_buf_add_str(&left, ht_str_sub(text, 0, from));
    ht_buf_add_str(&left, ht_str_sub(text, to, text.len));
    ht_buf_fini(&edit->text);
    edit->text = left;
    edit->cursor = from;
    return HT_LINEEDIT_CHANGED;
}

enum ht_lineedit_result ht_lineedit_insert(struct ht_lineedit *edit, struct ht_str text)
{
    struct ht_str old = ht_buf_str(&edit->text);
    ht_autobuf struct ht_buf typed = HT_BUF(HT_LINEEDIT_MAX);
    struct ht_buf all = HT_BUF(HT_LINEEDIT_MAX);

    add_text(&typed, text, HT_LINEEDIT_MAX - old.len);
    if (typed.len == 0)
        return HT_LINEEDIT_IGNORED;
    ht_buf_add_str(&all, ht_str_sub(old, 0, edit->cursor));
    ht_buf_add_str(&all, ht_buf_str(&typed));
    ht_buf_add_str(&all, ht_str_sub(old, edit->cursor, old.len));
    ht_buf_fini(&edit->text);
    edit->text = all;
    edit->cursor += typed.len;
    return HT_LINEEDIT_CHANGED;
}

static enum ht_lineedit_result insert(struct ht_lineedit *edit, uint32_t code)
{
    ht_autobuf struct ht_buf typed = HT_BUF(8);

    ht_utf8_encode(&typed, code);
    return ht_lineedit_insert(edit, ht_buf_str(&typed));
}

static size_t word_before(const struct ht_lineedit *edit)
{
    size_t at = edit->cursor;

    while (at > 0 && edit->text.data[at - 1] == ' ')
        at--;
    while (at > 0 && edit->text.data[at - 1] != ' ')
        at--;
    return at;
}

static enum ht_lineedit_result move_to(struct ht_lineedit *edit, size_t at)
{
    edit->cursor = at;
    return HT_LINEEDIT_MOVED;
}

/* --- history ------------------------------------------------------------------------------- */

static void remember(struct ht_lineedit *edit)
{
    struct ht_vec *history = &edit->history;
    const char *last = history->len > 0 ? history->items[history->len - 1] : NULL;
    struct ht_str text = ht_buf_str(&edit->text);

    if (text.len > 0 && !(last && ht_str_is(text, last))) {
        if (history->len == HT_LINEEDIT_HISTORY_MAX) {
            free(history->items[0]);
            memmove(history->items, history->items + 1,
                    (history->len - 1) * sizeof(*history->items));
            history->len--;
        }
        ht_vec_add(history, ht_strndup(text.data, text.len));
    }
    edit->history_at = history->len;
}

static enum ht_lineedit_result step_history(struct ht_lineedit *edit, bool older)
{
    size_t at = edit->history_at;

    if (older ? at == 0 : at == edit->history.len)
        return HT_LINEEDIT_MOVED;
    if (at == edit->history.len) {
        ht_buf_reset(&edit->unsaved);
        ht_buf_add_str(&edit->unsaved, ht_buf_str(&edit->text));
    }
    at = older ? at - 1 : at + 1;
    edit->history_at = at;
    set_line(edit, at == edit->history.len ? ht_buf_str(&edit->unsaved)
                                           : ht_str_from(edit->history.items[at]));
    return HT_LINEEDIT_CHANGED;
}

enum ht_lineedit_result ht_lineedit_key(struct ht_lineedit *edit, struct ht_key key)
{
    if (ht_key_is_text(key))
        return insert(edit, key.code);
    switch (key.code) {
    case HT_KEY_ENTER:
        remember(edit);
        return HT_LINEEDIT_DONE;
    case HT_KEY_ESC:
    case HT_CTRL('g'):
        return HT_LINEEDIT_CANCEL;
    case HT_KEY_BACKSPACE:
    case HT_CTRL('h'):
        if (edit->text.len == 0)
            return HT_LINEEDIT_CANCEL;
        return cut(edit, previous_at(edit, edit->cursor), edit->cursor);
    case HT_KEY_DELETE:
    case HT_CTRL('d'):
        return cut(edit, edit->cursor, next_at(edit, edit->cursor));
    case HT_CTRL('w'):
        return cut(edit, word_before(edit), edit->cursor);
    case HT_CTRL('u'):
        return cut(edit, 0, edit->cursor);
    case HT_CTRL('k'):
        return cut(edit, edit->cursor, edit->text.len);
    case HT_KEY_LEFT:
    case HT_CTRL('b'):
        return move_to(edit, previous_at(edit, edit->cursor));
    case HT_KEY_RIGHT:
    case HT_CTRL('f'):
        return move_to(edit, next_at(edit, edit->cursor));
    case HT_KEY_HOME:
    case HT_CTRL('a'):
        return move_to(edit, 0);
    case HT_KEY_END:
    case HT_CTRL('e'):
        return move_to(edit, edit->text.len);
    case HT_KEY_UP:
    case HT_CTRL('p'):
        return step_history(edit, true);
    case HT_KEY_DOWN:
    case HT_CTRL('n'):
        return step_history(edit, false);
    default: /* key.code is a number, not an enum */
        return HT_LINEEDIT_IGNORED;
    }
}

int ht_lineedit_draw(const struct ht_lineedit *edit, struct ht_area area, struct ht_span span,
                     const char *prompt)
{
    unsigned flags = ht_canvas_print_flags(area.canvas);
    struct ht_str text = ht_buf_str(&edit->text);
    size_t from = 0;
    int room = 0;
    int used = 0;

    ht_draw_fill(area, (struct ht_rect){span.row, span.col, 1, span.width}, HT_STYLE_PROMPT);
    used = ht_draw_field(area, span, HT_STYLE_PROMPT, ht_str_from(prompt));
    /* A column stays free for the cursor, and one for the mark of text that is cut. */
    room = span.width - used - 2;
    if (room < 1)
        return span.col + used;
    while (from < edit->cursor &&
           ht_printable_width(ht_str_sub(text, from, edit->cursor - from), flags) > (size_t)room)
        from = next_at(edit, from);
    ht_draw_field(area, (struct ht_span){span.row, span.col + used, span.width - used},
                  HT_STYLE_PROMPT, ht_str_sub(text, from, text.len));
    return span.col + used +
           (int)ht_printable_width(ht_str_sub(text, from, edit->cursor - from), flags);
}
