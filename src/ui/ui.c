/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The screens as a whole: making, states, pages, prompt, drawing, keys. */
#include <config.h>

#include "ui-private.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "hulltop/base/printable.h"

#define MESSAGE_NS (8 * HT_NS_PER_S)
/* Nobody who saw what was pasted has pressed a key by then. */
#define PASTE_CALM_NS (50 * HT_NS_PER_MS)

/* ---- pages ---- */

struct ht_page *ht_ui_top(const struct ht_ui *ui)
{
    return ui->pages[ui->depth - 1];
}

struct ht_page *ht_ui_below(const struct ht_ui *ui, const struct ht_page *page)
{
    size_t at = ui->depth - 1;

    while (at > 0 && ui->pages[at] != page)
        at--;
    return ui->pages[at > 0 ? at - 1 : 0];
}

static void close_page(struct ht_ui *ui, size_t at)
{
    ui->pages[at]->screen->free(ui->pages[at]);
    memmove(ui->pages + at, ui->pages + at + 1, (ui->depth - at - 1) * sizeof(ui->pages[0]));
    ui->depth--;
    ui->moves++;
}

void ht_ui_push(struct ht_ui *ui, struct ht_page *page)
{
    if (ui->depth == HT_PAGES_MAX) {
        page->screen->free(page);
        ht_ui_message(ui, "too many pages are open: Esc goes back");
        return;
    }
    ui->pages[ui->depth++] = page;
    ui->moves++;
}

void ht_ui_pop(struct ht_ui *ui)
{
    if (ui->depth > 1)
        close_page(ui, ui->depth - 1);
}

void ht_ui_pop_all(struct ht_ui *ui)
{
    while (ui->depth > 1)
        ht_ui_pop(ui);
}

unsigned ht_ui_question(const struct ht_ui *ui)
{
    const struct ht_page *top = ht_ui_top(ui);
    unsigned number = 0;

    if (ui->depth == 1)
        return top->screen->question(ui, top);
    for (size_t i = ui->depth; i-- > 1 && !number;) {
        const struct ht_page *page = ui->pages[i];

        if (page->screen->question)
            number = page->screen->question(ui, page);
    }
    return number;
}

bool ht_ui_open_view(struct ht_ui *ui, struct ht_str id)
{
    const struct ht_view *view = ht_views_find(ui->views, id);

    if (!view)
        return false;
    ht_ui_pop_all(ui);
    ht_ui_push(ui, ht_list_new(view));
    return true;
}

bool ht_ui_open_question(struct ht_ui *ui, unsigned number)
{
    const struct ht_view *view = ht_views_question(ui->views, number);

    return view && ht_ui_open_view(ui, view->id);
}

/* ---- making ---- */

static int open_first(struct ht_ui *ui, const char *name, struct ht_error *err)
{
    const struct ht_view *view = NULL;
    int status;

    /* Some keys lead to what is no list. */
    if (name && name[0] >= '0' && name[0] <= '9' && name[1] == '\0') {
        ht_ui_act(ui, ht_ui_digit_action((unsigned)(name[0] - '0')));
        return 0;
    }
    status = ht_views_find_first(ui->views, name, &view, err);
    if (view)
        ht_ui_push(ui, ht_list_new(view));
    return status;
}

struct ht_ui *ht_ui_new(const struct ht_ui_options *options, const struct ht_ui_calls *calls)
{
    struct ht_ui *ui = ht_new0(struct ht_ui);

    ui->options = *options;
    ui->calls = *calls;
    ui->clock = options->clock ? options->clock : ht_clock_system();
    ui->first_run = options->first_run && !options->open;
    ui->began_ns = ht_clock_wall(ui->clock);
    ui->state = ht_state_new(ht_node_new(ui->began_ns));
    for (size_t i = 0; i < HT_PROMPT_COUNT; i++)
        ht_lineedit_init(&ui->prompt.edits[i]);
    tzset();
    ht_ui_push(ui, ht_home_new());
    return ui;
}

int ht_ui_open(struct ht_ui *ui, struct ht_error *err)
{
    int status = ht_views_load(ui->options.view_dirs, &ui->views, err);

    return status < 0 ? status : open_first(ui, ui->options.open, err);
}

struct ht_ui *ht_ui_free(struct ht_ui *ui)
{
    if (!ui)
        return NULL;
    while (ui->depth > 0)
        close_page(ui, ui->depth - 1);
    for (size_t i = 0; i < HT_PROMPT_COUNT; i++)
        ht_lineedit_fini(&ui->prompt.edits[i]);
    free(ui->prompt.before);
    ht_state_unref(ui->state);
    ht_state_unref(ui->waiting);
    ht_views_free(ui->views);
    free(ui);
    return NULL;
}

/* ---- states ---- */

static bool is_denied(const struct ht_state *state)
{
    const struct ht_rowset *sources = ht_node_set(state->node, HT_TABLE_SOURCE);

    for (size_t i = 0; i < sources->len; i++) {
        if (ht_source_of(sources->rows[i])->state == HT_SOURCE_STATE_DENIED)
            return true;
    }
    return false;
}

/* That a lock was made or taken away stays on the timeline as a mark; who asked is told, too. */
static bool is_answer(struct ht_ui *ui, const struct ht_event *event)
{
    bool is_message = event->kind == HT_EVENT_KIND_MESSAGE;
    bool is_lock = ui->lock_asked && event->kind == HT_EVENT_KIND_MARK;

    if (is_message || is_lock)
        ui->lock_asked = false;
    return (is_message || is_lock) && ht_event_has_text(event);
}

/* Events with a message for the user that came since the last state. */
static void show_messages(struct ht_ui *ui, const struct ht_state *before)
{
    const struct ht_rowset *events = &ui->state->events;
    size_t from = before->events.len;

    if (!ui->has_state || from > events->len || ui->state->events_folded != before->events_folded)
        return;
    for (size_t i = from; i < events->len; i++) {
        const struct ht_event *event = ht_event_of(events->rows[i]);

        if (is_answer(ui, event)) {
            ht_autobuf struct ht_buf text = HT_BUF(HT_MESSAGE_MAX);

            ht_buf_add_str(&text, event->text);
            ht_buf_add_c(&text, '\0');
            ht_ui_message(ui, text.data);
        }
    }
}

/* What a state shows may be from before the last key, though it looks like what that asked for. */
static void take_asked(struct ht_ui *ui)
{
    if (ui->state->replay.obeyed < ui->asked.count)
        return;
    ui->asked.speed = 0;
    ui->asked.has_paused = false;
}

void ht_ui_set_state(struct ht_ui *ui, const struct ht_state *state)
{
    struct ht_state *before = ui->state;

    if (ui->paused) {
        ht_state_unref(ui->waiting);
        ui->waiting = ht_state_ref(state);
        return;
    }
    ui->state = ht_state_ref(state);
    ui->generation++;
    if (state->now_ns < ui->complete_ns) /* a recording began again */
        ui->complete_ns = 0;
    if (ui->complete_ns == 0 && state->complete)
        ui->complete_ns = state->now_ns;
    take_asked(ui);
    show_messages(ui, before);
    ht_state_unref(before);
    ui->has_state = true;
    ht_ui_goto_asked(ui);
    if (ui->first_run && ui->depth == 1 && is_denied(state)) {
        ui->first_run = false;
        ht_ui_push(ui, ht_first_run_new());
    }
}

void ht_ui_set_recording(struct ht_ui *ui, enum ht_ui_recording recording)
{
    ui->recording = recording;
}

/* ---- messages and prompt ---- */

void ht_ui_message(struct ht_ui *ui, const char *text)
{
    size_t len = strlen(text);

    if (len >= sizeof(ui->message))
        len = sizeof(ui->message) - 1;
    memcpy(ui->message, text, len);
    ui->message[len] = '\0';
    ui->message_until = ht_clock_mono(ui->clock) + MESSAGE_NS;
    ui->message_place.moves = ui->moves;
    ui->message_place.view = ht_list_view(ht_ui_top(ui));
    ui->message_place.tiny = ui->tiny;
}

/* A message answers what was done on its screen: on another one it would seem to speak of that. */
static void drop_old_message(struct ht_ui *ui)
{
    if (ui->message_place.moves != ui->moves ||
        ui->message_place.view != ht_list_view(ht_ui_top(ui)))
        ui->message[0] = '\0';
}

void ht_ui_messagef(struct ht_ui *ui, const char *format, ...)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_MESSAGE_MAX);
    va_list args;

    va_start(args, format);
    ht_buf_addv(&text, format, args);
    va_end(args);
    ht_ui_message(ui, text.data ? text.data : "");
}

void ht_ui_copy(struct ht_ui *ui, struct ht_str text, const char *what)
{
    if (ui->calls.copy(ui->calls.context, text))
        ht_ui_messagef(ui, "%s copied, if this terminal lets programs copy", what);
    else
        ht_ui_messagef(ui, "%s not copied: too long, or the terminal is busy", what);
}

void ht_ui_prompt(struct ht_ui *ui, enum ht_prompt kind, struct ht_str text, ht_prompt_take take)
{
    ui->message[0] = '\0'; /* read by now; it would come back as if it answered this prompt */
    ui->prompt.kind = kind;
    ui->prompt.take = take;
    free(ui->prompt.before);
    ui->prompt.before = ht_strndup(text.data ? text.data : "", text.len);
    ht_lineedit_start(&ui->prompt.edits[kind], text);
}

static void prompt_key(struct ht_ui *ui, struct ht_key key)
{
    struct ht_lineedit *edit = &ui->prompt.edits[ui->prompt.kind];
    ht_prompt_take take = ui->prompt.take;
    struct ht_page *page = ht_ui_top(ui);

    switch (ht_lineedit_key(edit, key)) {
    case HT_LINEEDIT_IGNORED:
    case HT_LINEEDIT_MOVED:
        return;
    case HT_LINEEDIT_CHANGED:
        take(ui, page, ht_lineedit_text(edit), false);
        return;
    case HT_LINEEDIT_DONE: {
        ht_autobuf struct ht_buf text = HT_BUF(HT_LINEEDIT_MAX);

        ht_buf_add_str(&text, ht_lineedit_text(edit));
        ui->prompt.kind = HT_PROMPT_NONE;
        take(ui, page, ht_buf_str(&text), true);
        return;
    }
    case HT_LINEEDIT_CANCEL:
        /* What was typed into a filter is taken back; other prompts never saw it. */
        if (ui->prompt.kind == HT_PROMPT_FILTER || ui->prompt.kind == HT_PROMPT_SEARCH)
            take(ui, page, ht_str_from(ui->prompt.before), true);
        ui->prompt.kind = HT_PROMPT_NONE;
        return;
    }
}

/* The first line that is not empty, as a prompt can show it; false: it is not all of the text. */
static bool put_line(struct ht_buf *out, struct ht_str text)
{
    ht_autobuf struct ht_buf line = HT_BUF(HT_LINEEDIT_MAX);
    size_t end = 0;

    text = ht_str_trim(text);
    while (end < text.len && text.data[end] != '\r' && text.data[end] != '\n')
        end++;
    for (size_t i = 0; i < end; i++)
        ht_buf_add_c(&line, text.data[i] == '\t' ? ' ' : text.data[i]);
    ht_printable(out, ht_buf_str(&line), 0);
    return end == text.len && !ht_buf_is_full(&line) && !ht_buf_is_full(out);
}

/* A line in a prompt, where it is seen before Enter takes it; nowhere else is text taken, for its
 * letters are keys. */
static void take_paste(struct ht_ui *ui, struct ht_key key)
{
    ht_autobuf struct ht_buf line = HT_BUF(HT_LINEEDIT_MAX);
    struct ht_lineedit *edit = &ui->prompt.edits[ui->prompt.kind];

    if (ui->tiny || ui->prompt.kind == HT_PROMPT_NONE) {
        ht_ui_message(ui, "paste dropped: only a prompt (/ or :) takes text");
        return;
    }
    size_t before = ht_lineedit_text(edit).len;
    bool is_whole = put_line(&line, key.text) && !key.is_cut;
    if (ht_lineedit_insert(edit, ht_buf_str(&line)) == HT_LINEEDIT_CHANGED)
        ui->prompt.take(ui, ht_ui_top(ui), ht_lineedit_text(edit), false);
    if (!is_whole || ht_lineedit_text(edit).len != before + line.len)
        ht_ui_message(ui, "of what was pasted only the beginning of one line was taken");
}

/* A text may hold the mark of its own end, and not every terminal takes it out: what comes with a
 * paste, without a break, is more of it. */
static bool is_behind_paste(struct ht_ui *ui)
{
    int64_t now = ht_clock_mono(ui->clock);

    if (!ui->pasted_ns || now - ui->pasted_ns >= PASTE_CALM_NS)
        return false;
    ui->pasted_ns = now;
    return true;
}

static int draw_prompt(struct ht_ui *ui, struct ht_area area)
{
    static const char *const words[HT_PROMPT_COUNT] = {
        [HT_PROMPT_NONE] = "",
        [HT_PROMPT_FILTER] = "/",
        [HT_PROMPT_SEARCH] = "/",
        [HT_PROMPT_COMMAND] = ":",
        [HT_PROMPT_ACKNOWLEDGE] = "reason: ",
        [HT_PROMPT_EXPORT] = "Enter saves, Esc does not; new file: ",
        [HT_PROMPT_UNLOCK] = "reason to unlock: ",
    };
    struct ht_span span = {.width = area.rect.w - 1};

    return ht_lineedit_draw(&ui->prompt.edits[ui->prompt.kind], area, span, words[ui->prompt.kind]);
}

/* ---- drawing ---- */

static void draw_message(struct ht_ui *ui, struct ht_area area)
{
    struct ht_span span = {.width = area.rect.w - 1};

    if (ui->message[0] && ht_clock_mono(ui->clock) < ui->message_until)
        ht_draw_field(area, span, HT_STYLE_PROMPT, ht_str_from(ui->message));
}

/* The answers are not covered: a message has the row below them, if there is one. */
static void draw_tiny(struct ht_ui *ui, struct ht_canvas *canvas)
{
    struct ht_rect rest = {.h = canvas->h, .w = canvas->w};
    int rows = ht_ui_draw_status(ui, ht_area_all(canvas));

    if (rows < rest.h) {
        ht_layout_take_top(&rest, rows);
        draw_message(ui, ht_area_of(canvas, rest));
    }
}

void ht_ui_draw(struct ht_ui *ui, struct ht_canvas *canvas, int *ret_row, int *ret_col)
{
    struct ht_page *page = ht_ui_top(ui);
    struct ht_offers offers = ht_ui_offers(ui);
    struct ht_frame frame;

    canvas->ascii = !ui->options.utf8;
    ht_canvas_clear(canvas);
    ht_layout_frame(canvas->h, canvas->w, &frame);
    *ret_row = *ret_col = 0;
    ui->body = frame.body;
    ui->tiny = frame.tiny;
    if (frame.tiny) {
        draw_tiny(ui, canvas);
        return;
    }
    if (ui->message_place.tiny)
        ui->message[0] = '\0';
    ht_ui_draw_title(ui, ht_area_of(canvas, frame.title));
    ht_ui_draw_sources(ui, ht_area_of(canvas, frame.sources));
    ht_draw_hline(ht_area_of(canvas, frame.rule), (struct ht_span){.width = frame.rule.w - 1},
                  HT_STYLE_DIM);
    page->cursor_row = page->cursor_col = 0;
    page->screen->draw(ui, page, ht_area_of(canvas, frame.body));
    ht_keys_draw_hints(ht_area_of(canvas, frame.keys), 0, &offers);
    *ret_row = frame.body.row + page->cursor_row;
    *ret_col = frame.body.col + page->cursor_col;
    if (ui->prompt.kind != HT_PROMPT_NONE) {
        *ret_col = draw_prompt(ui, ht_area_of(canvas, frame.message));
        *ret_row = frame.message.row;
    } else {
        draw_message(ui, ht_area_of(canvas, frame.message));
    }
}

int64_t ht_ui_next_draw(const struct ht_ui *ui)
{
    int64_t mono = ht_clock_mono(ui->clock);
    int64_t next = INT64_MAX;

    if (ui->message[0] && mono < ui->message_until)
        next = ui->message_until;
    if (!ht_ui_clock_stands(ui)) {
        double speed = ht_state_is_replay(ui->state) ? ui->state->replay.speed : 1.0;
        int64_t left = HT_NS_PER_S - ht_ui_now(ui) % HT_NS_PER_S;

        /* A fast replay is not drawn more than four times a second for its clock alone. */
        if (speed > 1.0)
            left = (int64_t)((double)left / speed);
        if (left < HT_NS_PER_S / 4 && speed > 1.0)
            left = HT_NS_PER_S / 4;
        if (mono + left < next)
            next = mono + left;
    }
    return next;
}

/* ---- keys ---- */

bool ht_ui_is_done(const struct ht_ui *ui)
{
    return ui->done;
}

static void press_mouse(struct ht_ui *ui, struct ht_key key)
{
    struct ht_page *page = ht_ui_top(ui);

    if (key.button == HT_BUTTON_WHEEL_UP || key.button == HT_BUTTON_WHEEL_DOWN) {
        for (int i = 0; i < 3; i++)
            ht_ui_act(ui, key.button == HT_BUTTON_WHEEL_UP ? HT_ACTION_UP : HT_ACTION_DOWN);
        return;
    }
    key.row -= ui->body.row;
    key.col -= ui->body.col;
    if (key.row < 0 || key.row >= ui->body.h || !page->screen->click)
        return;
    if (page->screen->click(ui, page, key) && key.button == HT_BUTTON_LEFT_DOUBLE)
        ht_ui_act(ui, HT_ACTION_OPEN);
}

/* A key that other screens have and this one has not is answered: silence looks as if it hung. */
static void tell_key(struct ht_ui *ui, struct ht_key key)
{
    const struct ht_binding *binding = ht_keys_find(key);
    ht_autobuf struct ht_buf name = HT_BUF(40);

    if (!binding)
        return;
    ht_key_name(key.code, &name);
    ht_ui_messagef(ui, "%s (%s): not on this screen; ? lists its keys", name.data, binding->name);
}

/* No page is seen: what a key would do there, or to a prompt, nobody could check. */
static void tiny_key(struct ht_ui *ui, struct ht_key key)
{
    const struct ht_binding *binding = ht_keys_find(key);
    bool has_prompt = ui->prompt.kind != HT_PROMPT_NONE;
    bool is_typed = has_prompt && ht_key_is_text(key);
    enum ht_action action = binding && !is_typed ? binding->action : HT_ACTION_NONE;

    if (action == HT_ACTION_CLOSE || action == HT_ACTION_QUIT)
        ui->done = true;
    else if (action == HT_ACTION_REDRAW || action == HT_ACTION_SUSPEND)
        ht_ui_act(ui, action);
    else if (binding || is_typed)
        ht_ui_messagef(ui, "too small for this key; %s quits", has_prompt ? "C-c" : "q");
}

void ht_ui_key(struct ht_ui *ui, struct ht_key key)
{
    struct ht_offers offers = ht_ui_offers(ui);

    if (key.code == HT_KEY_EOF) {
        ui->done = true;
    } else if (key.code == HT_KEY_PASTE) {
        ui->pasted_ns = ht_clock_mono(ui->clock);
        take_paste(ui, key);
    } else if (is_behind_paste(ui)) {
        return;
    } else if (ui->tiny) {
        tiny_key(ui, key);
    } else if (key.code == HT_KEY_MOUSE) {
        if (ui->prompt.kind == HT_PROMPT_NONE)
            press_mouse(ui, key);
    } else if (ui->prompt.kind != HT_PROMPT_NONE) {
        if (key.code == HT_CTRL('c'))
            ui->done = true;
        else
            prompt_key(ui, key);
    } else {
        enum ht_action action = ht_keys_action(&offers, key);

        if (action != HT_ACTION_NONE)
            ht_ui_act(ui, action);
        else
            tell_key(ui, key);
    }
    drop_old_message(ui);
}
