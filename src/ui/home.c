/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Home: the six questions, what is worst, who is busiest. */
#include <config.h>

#include "doc.h"
#include "home.h"

#include "hulltop/model/subject.h"

#include <inttypes.h>

enum { SIDE_W = 37, SIDE_MIN_W = 120, SIDE_MIN_H = 35, TILES_MIN_BODY_H = 25 };

static struct ht_home *of(struct ht_page *page)
{
    return (struct ht_home *)page;
}

static void home_free(struct ht_page *page)
{
    free(of(page)->chosen);
    free(page);
}

/* ---- drawing ---- */

static struct ht_area take(struct ht_area area, struct ht_rect *rest, int rows)
{
    return ht_area_sub(area, ht_layout_take_top(rest, rows));
}

static void rule(struct ht_area area, struct ht_rect *rest)
{
    struct ht_area line = take(area, rest, 1);

    ht_draw_hline(line, (struct ht_span){.width = line.rect.w - 1}, HT_STYLE_DIM);
}

/* The lower half of both layouts: worst findings or panes, busiest, notes. */
static void draw_lower(struct ht_ui *ui, struct ht_home *home, struct ht_area area, bool panes)
{
    struct ht_rect rest = {.h = area.rect.h, .w = area.rect.w};
    int busiest = rest.h >= 3 ? 1 : 0;
    int notes = rest.h >= 11 ? 2 : rest.h >= 6 ? 1 : 0;
    struct ht_rect last = ht_layout_take_bottom(&rest, notes);
    struct ht_rect load = ht_layout_take_bottom(&rest, busiest);
    struct ht_rect line = ht_layout_take_bottom(&rest, rest.h >= 6 ? 1 : 0);

    home->findings = 0;
    home->has_panes = home->has_panes || rest.h >= HT_QUESTIONS;
    if (panes && rest.h >= HT_QUESTIONS)
        ht_home_draw_panes(ui, ht_area_sub(area, rest));
    else
        ht_home_draw_findings(ui, home, ht_area_sub(area, rest));
    if (line.h)
        ht_draw_hline(ht_area_sub(area, line), (struct ht_span){.width = area.rect.w - 1},
                      HT_STYLE_DIM);
    if (load.h)
        ht_home_draw_busiest(ui, ht_area_sub(area, load));
    if (last.h)
        ht_home_draw_notes(ui, ht_area_sub(area, last));
    home->findings_row += area.rect.row - ui->body.row;
}

static void draw_zoomed(struct ht_ui *ui, struct ht_home *home, struct ht_area body)
{
    const struct ht_question *question = ht_state_question(ui->state, home->question);
    int row = 2;

    ht_draw_textf(body, (struct ht_span){.col = 1, .width = body.rect.w - 2}, HT_STYLE_TITLE,
                  "%u %s", home->question,
                  ht_layout_is_narrow(body.rect.w) ? ht_question_pane(home->question)
                                                   : ht_question_title(home->question));
    ht_draw_textf(body, (struct ht_span){.row = 1, .col = 1, .width = body.rect.w - 2},
                  ht_ui_question_style(question), "%s", ht_question_word(question));
    for (size_t i = 0; row < body.rect.h; i++, row++) {
        struct ht_home_line line = ht_home_line(ui->state, home->question, i);
        const struct ht_finding *finding = line.finding;
        ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

        if (!finding)
            break;
        ht_ui_severity_text(&text, finding->severity);
        ht_draw_field(body, (struct ht_span){.row = row, .col = 1, .width = 8},
                      ht_ui_severity_style(finding->severity), ht_buf_str(&text));
        ht_draw_field(body, (struct ht_span){.row = row, .col = 10, .width = body.rect.w / 2 - 10},
                      HT_STYLE_NORMAL, finding->title);
        ht_draw_field(
            body,
            (struct ht_span){.row = row, .col = body.rect.w / 2 + 1, .width = body.rect.w / 2 - 3},
            HT_STYLE_ACCENT, ht_subject_text(&finding->subject));
    }
    if (row == 2)
        ht_draw_text(body, row++, 1, HT_STYLE_DIM, ht_str_from(ht_home_empty_pane(question)));
    ht_home_draw_missing(
        ht_area_sub(body, (struct ht_rect){.col = 1, .h = body.rect.h, .w = body.rect.w - 2}),
        row + 1, question);
}

static int tile_rows(int body_h)
{
    return body_h >= SIDE_MIN_H ? 18 : 15;
}

static void draw_parts(struct ht_ui *ui, struct ht_home *home, struct ht_area body)
{
    struct ht_page *page = &home->page;
    struct ht_rect parts[2];
    struct ht_rect rest;
    bool tiles = body.rect.w >= HT_TILES_MIN_W && body.rect.h >= TILES_MIN_BODY_H;
    bool side = body.rect.w >= SIDE_MIN_W && body.rect.h >= SIDE_MIN_H;

    home->findings = 0;
    if (home->zoomed) {
        home->in_findings = false;
        draw_zoomed(ui, home, body);
        return;
    }
    home->has_panes = tiles;
    rest = (struct ht_rect){.h = body.rect.h, .w = body.rect.w};
    ht_layout_split_beside(rest, side ? SIDE_W : 0, 80, parts);
    struct ht_area left = ht_area_sub(body, parts[0]);
    rest = (struct ht_rect){.h = parts[0].h, .w = parts[0].w};
    if (tiles && !home->swapped &&
        ht_home_draw_tiles(
            ui, home, ht_area_sub(left, (struct ht_rect){.h = tile_rows(rest.h), .w = rest.w})))
        ht_layout_take_top(&rest, tile_rows(rest.h));
    else
        ht_layout_take_top(&rest, ht_home_draw_questions(ui, home, left));
    if (rest.h >= 2)
        rule(left, &rest);
    draw_lower(ui, home, ht_area_sub(left, rest), home->swapped && !tiles);
    if (parts[1].w)
        ht_home_draw_side(ui, home, ht_area_sub(body, parts[1]));
    /* What is not on the screen is not opened. */
    home->in_findings = home->in_findings && home->findings > 0;
    if (home->in_findings) {
        page->cursor_row = home->findings_row + (int)home->finding;
    } else {
        page->cursor_row = home->question_rects[home->question - 1].row;
        page->cursor_col = home->question_rects[home->question - 1].col;
    }
}

static void home_draw(struct ht_ui *ui, struct ht_page *page, struct ht_area body)
{
    struct ht_home *home = of(page);
    bool in_findings = home->in_findings;

    draw_parts(ui, home, body);
    /* No finding is shown any more: then a question is selected, but was not drawn so. */
    if (in_findings && !home->in_findings)
        draw_parts(ui, home, body);
}

/* What check prints. */
static void home_text(struct ht_ui *ui, struct ht_page *page, struct ht_doc *doc)
{
    struct ht_report_options options = {.questions = HT_QUESTIONS_ALL,
                                        .version = ui->options.version};
    ht_autobuf struct ht_buf text = HT_BUF(HT_EXPORT_MAX);

    (void)page;
    if (ui->options.questions)
        options.questions = ui->options.questions;
    ht_report_text(&text, ui->state, &options);
    ht_doc_text(doc, 1, HT_STYLE_NORMAL, ht_buf_str(&text));
}

/* ---- keys ---- */

/* Selects what stands in a row of the findings. */
static void select_finding(struct ht_home *home, size_t row)
{
    /* The last row may show one that was selected where others stood: it stays there. */
    if (!home->in_findings || home->finding != row) {
        free(home->chosen);
        home->chosen = NULL;
    }
    home->in_findings = true;
    home->finding = row;
}

/* The selection runs through the questions and on into the findings below them. */
static void step(struct ht_home *home, int by)
{
    int at = home->in_findings ? HT_QUESTIONS + (int)home->finding : (int)home->question - 1;
    int last = HT_QUESTIONS + (int)home->findings - 1;

    at += by;
    at = at < 0 ? 0 : at > last ? last : at;
    if (at >= HT_QUESTIONS) {
        select_finding(home, (size_t)(at - HT_QUESTIONS));
        return;
    }
    home->in_findings = false;
    home->question = (unsigned)at + 1;
}

/* The one that was drawn as selected, wherever it stands now. NULL: a question is selected, or it
 * is not there any more. */
static const struct ht_finding *selected_finding(const struct ht_ui *ui, const struct ht_home *home)
{
    if (!home->in_findings)
        return NULL;
    return home->chosen ? ht_state_finding(ui->state, ht_str_from(home->chosen))
                        : ht_home_line_in_row(ui, home, home->finding).finding;
}

static unsigned home_question(const struct ht_ui *ui, const struct ht_page *page)
{
    const struct ht_home *home = (const struct ht_home *)page;
    const struct ht_finding *finding = selected_finding(ui, home);

    return finding ? (unsigned)finding->question : home->question;
}

static void open_selected(struct ht_ui *ui, struct ht_home *home)
{
    const struct ht_finding *finding = selected_finding(ui, home);

    if (finding)
        ht_detail_open(ui, &ht_finding_table, finding->id);
    else if (home->in_findings)
        ht_ui_message(ui, "that finding is not seen any more");
    else
        ht_ui_open_question(ui, home->question);
}

static bool act_move(struct ht_home *home, enum ht_action action)
{
    if (action == HT_ACTION_DOWN || action == HT_ACTION_RIGHT)
        step(home, 1);
    else if (action == HT_ACTION_UP || action == HT_ACTION_LEFT)
        step(home, -1);
    else if (action == HT_ACTION_TOP)
        step(home, -1000);
    else if (action == HT_ACTION_BOTTOM)
        step(home, 1000);
    else if (action == HT_ACTION_NEXT_TAB || action == HT_ACTION_PREVIOUS_TAB) {
        unsigned by = action == HT_ACTION_NEXT_TAB ? 1 : HT_QUESTIONS - 1;

        home->in_findings = false;
        home->question = (home->question - 1 + by) % HT_QUESTIONS + 1;
    } else {
        return false;
    }
    return true;
}

/* Findings and panes take turns where the six lines of the panes have room. */
static void swap(struct ht_ui *ui, struct ht_home *home)
{
    home->zoomed = false;
    if (home->has_panes)
        home->swapped = !home->swapped;
    else
        ht_ui_message(ui, "a line for each pane has no room here");
}

static bool home_act(struct ht_ui *ui, struct ht_page *page, enum ht_action action)
{
    struct ht_home *home = of(page);

    if (act_move(home, action))
        return true;
    if (action == HT_ACTION_OPEN) {
        open_selected(ui, home);
    } else if (action == HT_ACTION_NEXT_VIEW) {
        swap(ui, home);
    } else if (action == HT_ACTION_ZOOM) {
        home->question = home_question(ui, page);
        home->zoomed = !home->zoomed;
    } else if ((action == HT_ACTION_BACK || action == HT_ACTION_HOME) && home->zoomed) {
        home->zoomed = false;
    } else if (action == HT_ACTION_FILTER) {
        if (ht_ui_open_view(ui, HT_S("findings")))
            ht_list_ask_filter(ui, ht_ui_top(ui));
    } else {
        return false;
    }
    return true;
}

static bool is_inside(struct ht_rect rect, struct ht_key key)
{
    return key.row >= rect.row && key.row < rect.row + rect.h && key.col >= rect.col &&
           key.col < rect.col + rect.w;
}

static bool home_click(struct ht_ui *ui, struct ht_page *page, struct ht_key key)
{
    struct ht_home *home = of(page);
    int finding = key.row - home->findings_row;

    (void)ui;
    /* What is remembered is of the last draw that had them. */
    if (home->zoomed)
        return false;
    for (unsigned i = 0; i < HT_QUESTIONS; i++) {
        if (is_inside(home->question_rects[i], key)) {
            home->question = i + 1;
            home->in_findings = false;
            return true;
        }
    }
    if (finding < 0 || (size_t)finding >= home->findings || key.col >= home->findings_w)
        return false;
    select_finding(home, (size_t)finding);
    return true;
}

static bool suits_swapping(const struct ht_ui *ui, const struct ht_page *page)
{
    const struct ht_home *home = (const struct ht_home *)page;

    (void)ui;
    return home->has_panes;
}

static bool suits_back(const struct ht_ui *ui, const struct ht_page *page)
{
    (void)ui;
    return ((const struct ht_home *)page)->zoomed;
}

static const struct ht_offer offers[] = {
    {.action = HT_ACTION_OPEN, .hinted = true, .keep = true},
    {.action = HT_ACTION_PANE_1, .hinted = true, .keep = true},
    {.action = HT_ACTION_MAP, .hinted = true},
    {.action = HT_ACTION_TIMELINE, .hinted = true},
    {.action = HT_ACTION_EVERYTHING, .hinted = true},
    {.action = HT_ACTION_NEXT_VIEW,
     .hinted = true,
     .hint = "panes",
     .suits = suits_swapping,
     .help = "Swap worst findings and panes"},
    {.action = HT_ACTION_BACK, .suits = suits_back, .help = "Back to all panes"},
    {.action = HT_ACTION_FILTER, .hinted = true, .help = "Filter all findings"},
    {.action = HT_ACTION_NEXT_TAB, .help = "Next question"},
    {.action = HT_ACTION_PREVIOUS_TAB, .help = "Previous question"},
    {.action = HT_ACTION_DOWN},
    {.action = HT_ACTION_UP},
    {.action = HT_ACTION_LEFT},
    {.action = HT_ACTION_RIGHT},
    {.action = HT_ACTION_TOP},
    {.action = HT_ACTION_BOTTOM},
    {.action = HT_ACTION_ZOOM},
    {.action = HT_ACTION_PLAIN_TEXT},
};

static const struct ht_screen home_screen = {
    .title = "home",
    .question = home_question,
    .offers = offers,
    .offers_len = ARRAY_LEN(offers),
    .draw = home_draw,
    .act = home_act,
    .text = home_text,
    .click = home_click,
    .free = home_free,
};

struct ht_page *ht_home_new(void)
{
    struct ht_home *home = ht_new0(struct ht_home);

    home->page.screen = &home_screen;
    home->question = 1;
    return &home->page;
}
