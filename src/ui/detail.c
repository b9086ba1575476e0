/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The detail page: one finding, container, process, unit or event, in five tabs. */
#include <config.h>

#include "detail.h"
#include "list.h"

#include "hulltop/model/subject.h"

enum tab { TAB_EVIDENCE, TAB_WHY, TAB_FIX, TAB_RAW, TAB_HISTORY, TAB_COUNT };

struct detail {
    struct ht_doc_page doc;
    const struct ht_table *table;
    char *id;
    enum tab tab;
    bool archive;          /* the file that was asked for is one of the engine's evidence */
    struct ht_state *seen; /* in which it was there last; NULL: in none yet. Referenced */
};

static struct detail *of(struct ht_page *page)
{
    return (struct detail *)page;
}

/* ---- what it is about ---- */

static const struct ht_event *find_event(const struct ht_state *state, struct ht_str id)
{
    for (size_t i = 0; i < state->events.len; i++) {
        if (ht_str_equal(ht_row_id(state->events.rows[i]), id))
            return ht_event_of(state->events.rows[i]);
    }
    return NULL;
}

static const struct ht_container *find_container(const struct ht_state *state, struct ht_str id)
{
    const struct ht_row *row = ht_node_find(state->node, HT_TABLE_CONTAINER, id);

    return row ? ht_container_of(row) : NULL;
}

static const struct ht_process *find_process(const struct ht_state *state, struct ht_str id)
{
    const struct ht_row *row = ht_node_find(state->node, HT_TABLE_PROCESS, id);

    return row ? ht_process_of(row) : NULL;
}

static const struct ht_usage *find_usage(const struct ht_state *state, struct ht_str id)
{
    const struct ht_row *row = ht_node_find(state->node, HT_TABLE_USAGE, id);

    return row ? ht_usage_of(row) : NULL;
}

/* A row of a table that has no page of its own. */
static void find_other(const struct ht_state *state, const struct ht_table *table, struct ht_str id,
                       struct ht_subject_rows *rows)
{
    const struct ht_row *row;

    if (table->id < 0 || table->id >= HT_TABLE_COUNT)
        return;
    row = ht_node_find(state->node, (enum ht_table_id)table->id, id);
    rows->other_table = table;
    rows->other_id = id;
    rows->other = row ? ht_row_data(row, table) : NULL;
}

/* One that stood when it could be looked at last; NULL: none. */
static const struct ht_finding *find_held(const struct ht_state *state, struct ht_str id)
{
    const struct ht_row *row = ht_rowset_find(&state->held, id);

    return row ? ht_finding_of(row) : NULL;
}

/* False: the row is not there any more; what belongs to it may be. */
static bool find_rows(const struct ht_state *state, const struct ht_table *table, struct ht_str id,
                      struct ht_subject_rows *ret_rows)
{
    struct ht_subject_rows rows = {.state = state};

    if (table == &ht_finding_table)
        rows.finding = ht_state_finding(state, id);
    else if (table == &ht_event_table)
        rows.event = find_event(state, id);
    if (rows.event && ht_event_has_finding(rows.event))
        rows.finding = ht_state_finding(state, rows.event->finding);
    if (!rows.finding && (table == &ht_finding_table || rows.event))
        rows.finding = find_held(state, rows.event ? rows.event->finding : id);
    if (rows.finding)
        id = rows.finding->subject.id;
    else if (rows.event)
        id = ht_event_has_container(rows.event) ? rows.event->container : rows.event->process;
    rows.container = find_container(state, id);
    rows.process = find_process(state, id);
    rows.usage = find_usage(state, id);
    if (rows.process && !rows.container && ht_process_has_container(rows.process))
        rows.container = find_container(state, rows.process->container);
    if (table != &ht_finding_table && table != &ht_event_table && table != &ht_process_table &&
        table != &ht_usage_table && table != &ht_container_table)
        find_other(state, table, id, &rows);
    *ret_rows = rows;
    if (rows.other_table)
        return rows.other;
    if (table == &ht_finding_table)
        return rows.finding;
    if (table == &ht_event_table)
        return rows.event;
    if (table == &ht_process_table)
        return rows.process;
    return table == &ht_usage_table ? (const void *)rows.usage : (const void *)rows.container;
}

/* In the state that is shown, or in the last before that had it: ret_rows->state. False: in none.
 */
static bool look_up(const struct ht_ui *ui, struct detail *detail, struct ht_subject_rows *ret_rows)
{
    struct ht_str id = ht_str_from(detail->id);

    if (find_rows(ui->state, detail->table, id, ret_rows)) {
        if (detail->seen != ui->state) {
            ht_state_unref(detail->seen);
            detail->seen = ht_state_ref(ui->state);
        }
        return true;
    }
    /* A recording may be shown from an earlier time on. */
    return detail->seen && detail->seen->now_ns <= ui->state->now_ns &&
           find_rows(detail->seen, detail->table, id, ret_rows);
}

/* ---- drawing ---- */

static void put_held(const struct ht_ui *ui, const struct ht_finding *finding, struct ht_doc *doc)
{
    ht_autobuf struct ht_buf text = HT_BUF(200);

    ht_buf_add_text(&text, "HELD, last seen ");
    ht_ui_time_text(ui, &text, finding->last_seen);
    ht_buf_add_text(&text,
                    ": nobody could look whether it is over (i = why). What follows is as it "
                    "was then.");
    ht_doc_text(doc, 1, HT_STYLE_STALE, ht_buf_str(&text));
}

static void put_over(const struct ht_ui *ui, const struct ht_state *state, struct ht_doc *doc)
{
    ht_autobuf struct ht_buf text = HT_BUF(200);

    ht_buf_add_text(&text, "Not seen any more: it is over, or it could not be looked at. What "
                           "follows is as it was at ");
    ht_ui_time_text(ui, &text, state->now_ns);
    ht_buf_add_c(&text, '.');
    ht_doc_text(doc, 1, HT_STYLE_STALE, ht_buf_str(&text));
}

static void build_tab(struct ht_ui *ui, const struct detail *detail,
                      const struct ht_subject_rows *rows, struct ht_doc *doc)
{
    switch (detail->tab) {
    case TAB_EVIDENCE:
        ht_detail_evidence(ui, rows, doc);
        return;
    case TAB_WHY:
        ht_detail_why(ui, rows, doc);
        return;
    case TAB_FIX:
        ht_detail_fix(rows, doc);
        return;
    case TAB_RAW:
        ht_detail_raw(rows, doc);
        return;
    case TAB_HISTORY:
        ht_detail_history(ui, rows, doc);
        return;
    case TAB_COUNT:
        return;
    }
}

static void build(struct ht_ui *ui, struct ht_doc_page *page, struct ht_doc *doc)
{
    struct detail *detail = of(&page->page);
    struct ht_subject_rows rows;

    if (!look_up(ui, detail, &rows)) {
        ht_doc_text(
            doc, 1, HT_STYLE_STALE,
            HT_S("No source shows this now: it is over, or it could not be looked at. Esc goes "
                 "back; its history stays in the timeline (8)."));
        if (detail->tab == TAB_HISTORY)
            ht_detail_history(ui, &rows, doc);
        return;
    }
    if (rows.state != ui->state)
        put_over(ui, rows.state, doc);
    else if (rows.finding && find_held(rows.state, rows.finding->id))
        put_held(ui, rows.finding, doc);
    build_tab(ui, detail, &rows, doc);
}

static void draw_tabs(struct ht_ui *ui, const struct detail *detail, struct ht_area body)
{
    static const char *const wide[TAB_COUNT] = {"Evidence", "Why it matters", "How to fix", "Raw",
                                                "History"};
    static const char *const narrow[TAB_COUNT] = {"Evidence", "Why", "Fix", "Raw", "History"};
    const char *const *names = ht_layout_is_narrow(body.rect.w) ? narrow : wide;
    const struct ht_finding *finding = ht_state_finding(ui->state, ht_str_from(detail->id));
    const char *acknowledged = "";
    int col = 0;

    for (unsigned i = 0; i < TAB_COUNT; i++) {
        bool current = i == detail->tab;

        col += ht_draw_textf(body, (struct ht_span){.col = col, .width = body.rect.w - 1 - col},
                             current ? HT_STYLE_ACCENT | HT_ATTR_BOLD : HT_STYLE_NORMAL,
                             current ? "[%s]" : " %s ", names[i]);
    }
    if (finding && detail->table == &ht_finding_table)
        acknowledged = ht_finding_has_acknowledged(finding) ? "acknowledged" : "unacknowledged";
    if (body.rect.w - 9 - col > 16)
        ht_draw_right(body, (struct ht_span){.col = col, .width = body.rect.w - 10 - col},
                      HT_STYLE_DIM, ht_str_from(acknowledged));
}

static void detail_draw(struct ht_ui *ui, struct ht_page *page, struct ht_area body)
{
    ht_doc_page_draw(ui, page, body);
    draw_tabs(ui, of(page), body);
}

/* Where a program of the node runs: its unit, or without one its process, which may call itself
 * what it likes too. */
static struct ht_str program_home(const struct ht_state *state, const struct ht_subject *subject)
{
    struct ht_subject_home home = ht_subject_home(state->node, subject);
    const struct ht_process *process = find_process(state, home.process);

    if (home.unit.len || !process)
        return home.unit;
    return process->unit.len ? process->unit : process->comm;
}

/* A program in memory may call itself what it likes: its page is called after who runs it. */
static struct ht_str finding_title(const struct ht_state *state, const struct ht_finding *finding)
{
    const struct ht_subject *subject = &finding->subject;
    struct ht_str home = {0};

    if (ht_str_is(subject->kind, "program"))
        home = subject->pod.len || subject->container.len ? ht_subject_text(subject)
                                                          : program_home(state, subject);
    if (home.len)
        return home;
    return subject->name.len ? subject->name : ht_subject_text(subject);
}

/* Its name, or without one its id. */
static struct ht_str other_title(const struct ht_subject_rows *rows)
{
    const struct ht_field *name = ht_table_field(rows->other_table, HT_S("name"));
    const struct ht_str *text = NULL;

    if (name && name->kind == HT_KIND_TEXT &&
        ht_field_is_known(rows->other_table, rows->other, name))
        text = (const void *)((const char *)rows->other + name->offset);
    return text && text->len ? *text : ht_str_sub(rows->other_id, 0, 16);
}

static void detail_title(struct ht_ui *ui, struct ht_page *page, struct ht_buf *out)
{
    struct detail *detail = of(page);
    struct ht_subject_rows rows;
    bool found = look_up(ui, detail, &rows);

    if (found && rows.finding)
        ht_buf_add_str(out, finding_title(rows.state, rows.finding));
    else if (found && rows.process && detail->table == &ht_process_table)
        ht_buf_add_str(out, rows.process->comm);
    else if (found && rows.container)
        ht_buf_add_str(out, rows.container->name);
    else if (found && rows.event)
        ht_buf_add_text(out, ht_ui_event_kind_text(rows.event->kind));
    else if (found && rows.usage && ht_usage_has_unit(rows.usage))
        ht_buf_add_str(out, rows.usage->unit);
    else if (found && rows.other)
        ht_buf_add_str(out, other_title(&rows));
    else
        ht_buf_add_str(out, ht_str_sub(ht_str_from(detail->id), 0, 16));
}

static void detail_free(struct ht_page *page)
{
    ht_state_unref(of(page)->seen);
    free(of(page)->id);
    ht_doc_page_free(page);
}

/* ---- keys ---- */

static void take_reason(struct ht_ui *ui, struct ht_page *page, struct ht_str text, bool done)
{
    if (!done)
        return;
    if (ht_str_trim(text).len == 0) {
        ht_ui_message(ui, "not acknowledged: a reason is needed");
        return;
    }
    ui->calls.acknowledge(ui->calls.context, ht_str_from(of(page)->id), text);
    ht_ui_message(ui, "acknowledged");
}

/* ---- locks ---- */

static const struct ht_container *container_of(const struct ht_ui *ui, const struct detail *detail)
{
    struct ht_subject_rows rows;

    return find_rows(ui->state, detail->table, ht_str_from(detail->id), &rows) ? rows.container
                                                                               : NULL;
}

/* With a reason it is unlocked. */
static void wish_lock(struct ht_ui *ui, struct ht_str container, struct ht_str reason)
{
    ui->lock_asked = true;
    ui->calls.lock(ui->calls.context, container, reason);
}

static void take_unlock(struct ht_ui *ui, struct ht_page *page, struct ht_str text, bool done)
{
    const struct ht_container *container = container_of(ui, of(page));

    if (!done)
        return;
    if (ht_str_trim(text).len == 0)
        ht_ui_message(ui, "not unlocked: a reason is needed");
    else if (!container)
        ht_ui_message(ui, "not unlocked: the container is not there any more");
    else
        wish_lock(ui, container->id, text);
}

static bool is_recorded(const struct ht_ui *ui)
{
    return ui->state->origin != HT_ORIGIN_LIVE;
}

static bool can_lock(const struct ht_ui *ui, const struct ht_container *container)
{
    return container && ht_container_has_image_id(container) && !is_recorded(ui);
}

static void ask_lock(struct ht_ui *ui, const struct detail *detail)
{
    const struct ht_container *container = container_of(ui, detail);
    const struct ht_row *lock;

    if (is_recorded(ui)) {
        ht_ui_message(ui, "nothing can be locked in a recording");
        return;
    }
    if (!container || !ht_container_has_image_id(container)) {
        ht_ui_message(ui, "only containers whose image is known can be locked");
        return;
    }
    lock = ht_node_find(ui->state->node, HT_TABLE_LOCK, container->image_id);
    if (lock && ht_lock_of(lock)->locked)
        ht_ui_prompt(ui, HT_PROMPT_UNLOCK, HT_S(""), take_unlock);
    else
        wish_lock(ui, container->id, HT_S(""));
}

/* Only of a finding that stands the engine can collect more than this page has. */
static bool has_archive(const struct ht_ui *ui, const struct detail *detail)
{
    return detail->table == &ht_finding_table &&
           ht_state_finding(ui->state, ht_str_from(detail->id));
}

static void save_seen(struct ht_ui *ui, struct detail *detail, const char *name)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_EXPORT_MAX);
    struct ht_subject_rows rows;

    if (!look_up(ui, detail, &rows)) {
        ht_ui_message(ui, "nothing written: no source shows this now");
        return;
    }
    ht_detail_export(&rows, &text);
    ui->calls.save(ui->calls.context, name, ht_buf_str(&text));
    ht_ui_messagef(ui, "writing %s", name);
}

static void take_export(struct ht_ui *ui, struct ht_page *page, struct ht_str path, bool done)
{
    struct detail *detail = of(page);
    ht_autofree char *name = done ? ht_ui_export_name(ui, path) : NULL;

    if (!name)
        return;
    if (!detail->archive) {
        save_seen(ui, detail, name);
    } else if (has_archive(ui, detail)) {
        ui->calls.bundle(ui->calls.context, name, ht_str_from(detail->id));
        ht_ui_messagef(ui, "writing %s", name);
    } else {
        ht_ui_message(ui, "nothing written: it is over by now; e again writes what was seen");
    }
}

static void ask_export(struct ht_ui *ui, struct detail *detail)
{
    ht_autobuf struct ht_buf name = HT_BUF(100);
    struct ht_subject_rows rows;

    if (!look_up(ui, detail, &rows)) {
        ht_ui_message(ui, "no source shows this now: there is nothing to write");
        return;
    }
    detail->archive = has_archive(ui, detail);
    ht_buf_addf(&name, "hulltop-%s-", detail->table->name);
    for (const char *c = detail->id; *c && name.len < 60; c++) {
        bool plain = (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || *c == '-';

        ht_buf_add_c(&name, plain ? *c : '_');
    }
    ht_buf_add_text(&name, detail->archive ? ".tar" : ".json");
    ht_ui_prompt(ui, HT_PROMPT_EXPORT, ht_buf_str(&name), take_export);
}

static void copy_page(struct ht_ui *ui, struct detail *detail)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_EXPORT_MAX);
    struct ht_subject_rows rows;

    if (!look_up(ui, detail, &rows) || !rows.finding) {
        ht_doc_page_act(ui, &detail->doc.page, HT_ACTION_COPY_PAGE);
        return;
    }
    ht_report_markdown(&text, rows.finding, rows.state);
    ht_ui_copy(ui, ht_buf_str(&text), "the finding");
}

/* A row that has a page. */
struct place {
    const struct ht_table *table;
    struct ht_str id;
};

static bool is_there(const struct ht_ui *ui, struct place place)
{
    struct ht_subject_rows rows;

    return find_rows(ui->state, place.table, place.id, &rows);
}

/* What the subject of a finding runs in; a process's container. False: none is known. */
static bool find_owner(const struct ht_ui *ui, const struct detail *detail, struct place *ret_owner)
{
    struct ht_subject_rows rows;
    struct place process = {.table = &ht_process_table}, container = {.table = &ht_container_table};

    find_rows(ui->state, detail->table, ht_str_from(detail->id), &rows);
    if (rows.finding && detail->table == &ht_finding_table) {
        struct ht_subject_home home = ht_subject_home(ui->state->node, &rows.finding->subject);

        process.id = home.process;
        container.id = home.container;
    } else if (rows.container && detail->table != &ht_container_table) {
        container.id = rows.container->id;
    }
    *ret_owner = is_there(ui, process) ? process : container;
    return is_there(ui, *ret_owner);
}

static void open_owner(struct ht_ui *ui, const struct detail *detail)
{
    struct place owner;

    if (!find_owner(ui, detail, &owner) || !ht_detail_open(ui, owner.table, owner.id))
        ht_ui_message(ui, "no owner is known");
}

/* A name as one word of a filter. */
static void add_quoted(struct ht_buf *out, struct ht_str name)
{
    ht_buf_add_c(out, '"');
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == '"' || name.data[i] == '\\')
            ht_buf_add_c(out, '\\');
        ht_buf_add_c(out, name.data[i]);
    }
    ht_buf_add_c(out, '"');
}

static bool is_of_container(const struct detail *detail)
{
    return detail->table == &ht_container_table || detail->table == &ht_usage_table;
}

static bool suits_findings(const struct ht_ui *ui, const struct ht_page *page)
{
    const struct detail *detail = (const struct detail *)page;
    struct ht_subject_rows rows;

    return is_of_container(detail) &&
           find_rows(ui->state, detail->table, ht_str_from(detail->id), &rows) && rows.container &&
           ht_detail_findings_count(&rows) > 0;
}

static void list_findings(struct ht_ui *ui, const struct ht_container *container)
{
    const struct ht_view *view = ht_views_find(ui->views, HT_S("findings"));
    ht_autobuf struct ht_buf filter = HT_BUF(HT_SIDE_TEXT_MAX);

    ht_buf_add_text(&filter, "subject.container=");
    add_quoted(&filter, container->name);
    if (container->pod.len) {
        ht_buf_add_text(&filter, " subject.pod=");
        add_quoted(&filter, container->pod);
    }
    if (!view)
        return;
    ht_ui_push(ui, ht_list_new(view));
    if (ht_list_view(ht_ui_top(ui)) == view)
        ht_list_set_filter(ui, ht_ui_top(ui), ht_buf_str(&filter));
}

/* Those about the container and about what runs in it. */
static void open_findings(struct ht_ui *ui, const struct detail *detail)
{
    if (suits_findings(ui, &detail->doc.page))
        list_findings(ui, container_of(ui, detail));
    else if (is_of_container(detail))
        ht_ui_message(ui, "no finding is about it");
    else
        ht_ui_message(ui, "Enter lists the findings of a container; o leads to what it is about");
}

static void set_tab(struct detail *detail, unsigned tab)
{
    detail->tab = (enum tab)(tab % TAB_COUNT);
    detail->doc.top = 0;
    detail->doc.match = -1;
}

static bool detail_act(struct ht_ui *ui, struct ht_page *page, enum ht_action action)
{
    struct detail *detail = of(page);

    if (action == HT_ACTION_COPY_PAGE)
        copy_page(ui, detail);
    else if (action == HT_ACTION_COPY_ID)
        ht_ui_copy(ui, ht_str_from(detail->id), "the id");
    else if (action == HT_ACTION_NEXT_TAB || action == HT_ACTION_RIGHT)
        set_tab(detail, detail->tab + 1);
    else if (action == HT_ACTION_PREVIOUS_TAB || action == HT_ACTION_LEFT)
        set_tab(detail, detail->tab + TAB_COUNT - 1);
    else if (action == HT_ACTION_EXPORT)
        ask_export(ui, detail);
    else if (action == HT_ACTION_OWNER)
        open_owner(ui, detail);
    else if (action == HT_ACTION_OPEN)
        open_findings(ui, detail);
    else if (action == HT_ACTION_ACKNOWLEDGE && detail->table == &ht_finding_table)
        ht_ui_prompt(ui, HT_PROMPT_ACKNOWLEDGE, HT_S(""), take_reason);
    else if (action == HT_ACTION_ACKNOWLEDGE)
        ht_ui_message(ui, "only findings can be acknowledged");
    else if (action == HT_ACTION_LOCK)
        ask_lock(ui, detail);
    else if (action == HT_ACTION_MARK)
        ui->calls.mark(ui->calls.context, ht_str_from(detail->id));
    else
        return ht_doc_page_act(ui, page, action);
    return true;
}

/* What can be done with a thing is offered, not what can be done with others. */
static bool suits_acknowledging(const struct ht_ui *ui, const struct ht_page *page)
{
    (void)ui;
    return ((const struct detail *)page)->table == &ht_finding_table;
}

static bool suits_locking(const struct ht_ui *ui, const struct ht_page *page)
{
    return can_lock(ui, container_of(ui, (const struct detail *)page));
}

static bool suits_owner(const struct ht_ui *ui, const struct ht_page *page)
{
    struct place owner;

    return find_owner(ui, (const struct detail *)page, &owner);
}

static const struct ht_offer offers[] = {
    {.action = HT_ACTION_NEXT_TAB, .hinted = true, .keep = true, .hint = "tab", .help = "Next tab"},
    {.action = HT_ACTION_OPEN,
     .hinted = true,
     .hint = "findings",
     .help = "List its findings",
     .suits = suits_findings},
    {.action = HT_ACTION_OWNER, .hinted = true, .suits = suits_owner},
    {.action = HT_ACTION_ACKNOWLEDGE, .hinted = true, .suits = suits_acknowledging},
    {.action = HT_ACTION_LOCK, .hinted = true, .suits = suits_locking},
    {.action = HT_ACTION_COPY_ID, .hinted = true},
    {.action = HT_ACTION_EXPORT, .hinted = true},
    {.action = HT_ACTION_PREVIOUS_TAB, .help = "Previous tab"},
    {.action = HT_ACTION_LEFT, .help = "Previous tab"},
    {.action = HT_ACTION_RIGHT, .help = "Next tab"},
    {.action = HT_ACTION_COPY_PAGE},
    {.action = HT_ACTION_MARK, .help = "Set a mark in the timeline"},
    HT_DOC_OFFERS,
};

static unsigned detail_question(const struct ht_ui *ui, const struct ht_page *page)
{
    const struct detail *detail = (const struct detail *)page;
    struct ht_subject_rows rows;

    find_rows(ui->state, detail->table, ht_str_from(detail->id), &rows);
    if (rows.finding)
        return (unsigned)rows.finding->question;
    return rows.event ? (unsigned)rows.event->question : 0;
}

static const struct ht_screen detail_screen = {
    .question = detail_question,
    .offers = offers,
    .offers_len = ARRAY_LEN(offers),
    .put_title = detail_title,
    .draw = detail_draw,
    .act = detail_act,
    .text = ht_doc_page_text,
    .free = detail_free,
};

bool ht_detail_open(struct ht_ui *ui, const struct ht_table *table, struct ht_str id)
{
    struct ht_subject_rows rows;
    struct detail *detail;

    if (!find_rows(ui->state, table, id, &rows))
        return false;
    detail = ht_new0(struct detail);
    detail->doc.page.screen = &detail_screen;
    detail->doc.build = build;
    detail->doc.match = -1;
    detail->doc.head = 1;
    detail->table = table;
    detail->id = ht_strndup(id.data, id.len);
    if (table == &ht_finding_table)
        ui->calls.open(ui->calls.context, ht_str_from(detail->id));
    ht_ui_push(ui, &detail->doc.page);
    return true;
}
