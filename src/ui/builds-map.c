/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The builds map: builds on the left, applications on the right, and between them what the selected
 * build shares with whom.
 */
#include <config.h>

#include "doc.h"

#include <inttypes.h>

enum {
    LEFT_W = 28, /* where a badge has room; narrower lists leave it out */
    LEFT_WIDE_W = 36,
    MIDDLE_W = 28,
    MIDDLE_WIDE_W = 36,
    WIDE_MIN_W = 79,
    BADGE_COL = 4,
    NAME_COL = 15,
    MARKS_W = 6,    /* letters and a blank before the name */
    NAMES_MAX = 20, /* that a share lists, at most */
    FOOT_ROWS = 3,
};

struct map {
    struct ht_page page;
    char *selected; /* id of a build, NULL: the first */
    int top;
    struct ht_rect list; /* its head and its builds in the body, of the last draw */
};

static struct map *of(struct ht_page *page)
{
    return (struct map *)page;
}

static void map_free(struct ht_page *page)
{
    free(of(page)->selected);
    free(page);
}

/* ---- what is shown ---- */

/* What runs before what waits before what is over; the worst grade first, unknown ones before all.
 */
static int compare_builds(const void *a, const void *b)
{
    const struct ht_build *x = *(const struct ht_build *const *)a;
    const struct ht_build *y = *(const struct ht_build *const *)b;
    int grade_x = ht_build_has_grade(x) ? (int)x->grade : HT_BUILD_GRADE_E + 1;
    int grade_y = ht_build_has_grade(y) ? (int)y->grade : HT_BUILD_GRADE_E + 1;

    if (x->state != y->state)
        return (int)x->state - (int)y->state;
    if (grade_x != grade_y)
        return grade_y - grade_x;
    return ht_str_compare(x->id, y->id);
}

static const struct ht_build **sorted_builds(const struct ht_state *state, size_t *ret_len)
{
    const struct ht_rowset *set = ht_node_set(state->node, HT_TABLE_BUILD);
    const struct ht_build **builds = ht_new_array(const struct ht_build *, set->len + 1);

    for (size_t i = 0; i < set->len; i++)
        builds[i] = ht_build_of(set->rows[i]);
    qsort(builds, set->len, sizeof(*builds), compare_builds);
    *ret_len = set->len;
    return builds;
}

static size_t place_of(const struct map *map, const struct ht_build *const *builds, size_t len)
{
    for (size_t i = 0; map->selected && i < len; i++) {
        if (ht_str_is(builds[i]->id, map->selected))
            return i;
    }
    return 0;
}

static unsigned grade_style(const struct ht_build *build)
{
    static const unsigned styles[] = {HT_STYLE_GOOD, HT_STYLE_GOOD, HT_STYLE_MEDIUM, HT_STYLE_HIGH,
                                      HT_STYLE_CRITICAL};

    if (build->state == HT_BUILD_STATE_ENDED)
        return HT_STYLE_STALE;
    if (!ht_build_has_grade(build))
        return HT_STYLE_UNKNOWN;
    /* On a node that is the whole cluster there is no other place, so nothing is red. */
    if (ht_build_has_one_node(build) && build->one_node)
        return HT_STYLE_LOW;
    return styles[build->grade];
}

static const char *grade_word(const struct ht_build *build)
{
    return ht_build_has_grade(build) ? ht_enum_name(&ht_build_grade_enum, build->grade) : "?";
}

static const char *badge_word(const struct ht_build *build)
{
    if (build->state == HT_BUILD_STATE_ENDED)
        return "ended";
    if (build->state == HT_BUILD_STATE_STANDING)
        return "waiting";
    return ht_build_has_badge(build) ? ht_enum_name(&ht_build_badge_enum, build->badge) : "unknown";
}

/* A letter for each kind, so that an application's line can say what is shared with it. */
static char letter_of(const struct ht_share *share)
{
    static const char letters[] = {'k', 'c', 'f', 's', 'n', 'p', 'd', '!'};

    return letters[share->kind];
}

/* Letters of what the build shares with that application. */
static void marks_of(const struct ht_build *build, struct ht_str name, struct ht_buf *out)
{
    for (size_t i = 0; i < build->shares.len; i++) {
        const struct ht_share *share = &build->shares.items[i];

        for (size_t j = 0; j < share->with.len; j++) {
            if (ht_str_equal(share->with.items[j], name) &&
                ht_str_find_byte(ht_buf_str(out), letter_of(share)) < 0)
                ht_buf_add_c(out, letter_of(share));
        }
    }
}

/* ---- drawing ---- */

static void draw_build(struct ht_area area, int row, const struct ht_build *build)
{
    ht_autobuf struct ht_buf name = HT_BUF(HT_SIDE_TEXT_MAX);
    bool narrow = area.rect.w < LEFT_W;
    int name_col = narrow ? BADGE_COL : NAME_COL;

    ht_draw_textf(area, (struct ht_span){.row = row, .col = 1, .width = 2}, grade_style(build),
                  "%s", grade_word(build));
    if (!narrow)
        ht_draw_textf(area, (struct ht_span){.row = row, .col = BADGE_COL, .width = 10},
                      grade_style(build), "%s", badge_word(build));
    if (narrow && build->state == HT_BUILD_STATE_ENDED)
        ht_buf_add_text(&name, "ended ");
    if (build->name.len)
        ht_buf_add_str(&name, build->name);
    else
        ht_buf_add_str(&name, build->product);
    if (build->pipeline)
        ht_buf_add_text(&name, " (workflow)");
    ht_draw_field(
        area, (struct ht_span){.row = row, .col = name_col, .width = area.rect.w - name_col},
        build->state == HT_BUILD_STATE_ENDED ? HT_STYLE_DIM : HT_STYLE_NORMAL, ht_buf_str(&name));
}

static void draw_head(struct ht_area area, const char *text, size_t count)
{
    ht_draw_textf(area, (struct ht_span){.col = 1, .width = area.rect.w - 1}, HT_STYLE_HEADER,
                  "%s %zu", text, count);
}

static void share_text(const struct ht_share *share, struct ht_buf *out)
{
    static const char *const words[] = {"kernel",  "credentials", "folder", "socket",
                                        "network", "process ids", "daemon", "beside"};

    /* A mount may be of a socket that no table knows. */
    if (share->kind == HT_SHARE_KIND_HOST_PATH && ht_str_has_suffix(share->object, ".sock"))
        ht_buf_add_text(out, words[HT_SHARE_KIND_RUNTIME_SOCKET]);
    else
        ht_buf_add_text(out, words[share->kind]);
    if (share->object.len) {
        ht_buf_add_c(out, ' ');
        ht_buf_add_str(out, share->object);
    }
    if (share->kind != HT_SHARE_KIND_CONTROL_PLANE && share->count)
        ht_buf_addf(out, " (%" PRIu64 ")", share->count);
}

static unsigned share_style(const struct ht_share *share)
{
    switch (share->kind) {
    case HT_SHARE_KIND_RUNTIME_SOCKET:
    case HT_SHARE_KIND_CONTROL_PLANE:
        return HT_STYLE_CRITICAL;
    case HT_SHARE_KIND_NODE_CREDENTIALS:
    case HT_SHARE_KIND_PROCESS_IDS:
        return HT_STYLE_HIGH;
    case HT_SHARE_KIND_HOST_PATH:
    case HT_SHARE_KIND_NETWORK:
    case HT_SHARE_KIND_ENGINE:
        return HT_STYLE_MEDIUM;
    case HT_SHARE_KIND_KERNEL:
        return HT_STYLE_NORMAL;
    }
    return HT_STYLE_NORMAL;
}

static void draw_shares(struct ht_area area, const struct ht_build *build)
{
    size_t rows = (size_t)(area.rect.h > 1 ? area.rect.h - 1 : 0);
    size_t shown = build->shares.len <= rows ? build->shares.len : rows ? rows - 1 : 0;

    draw_head(area, "SHARED", build->shares.len);
    for (size_t i = 0; i < shown; i++) {
        ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

        ht_buf_add_c(&text, letter_of(&build->shares.items[i]));
        ht_buf_add_c(&text, ' ');
        share_text(&build->shares.items[i], &text);
        ht_draw_field(area, (struct ht_span){.row = (int)i + 1, .col = 1, .width = area.rect.w - 1},
                      share_style(&build->shares.items[i]), ht_buf_str(&text));
    }
    if (shown < build->shares.len && rows)
        ht_draw_textf(area, (struct ht_span){.row = (int)rows, .col = 1, .width = area.rect.w - 1},
                      HT_STYLE_DIM, "and %zu more", build->shares.len - shown);
}

/* Containers are counted, names are listed, each once: "6" above five lines would look as if one
 * were missing. */
static void draw_applications_head(struct ht_area area, uint64_t count, size_t names)
{
    static const char *const words[] = {"APPLICATIONS", "APPS"};
    bool differ = names > 0 && names < NAMES_MAX && names != count;
    ht_autobuf struct ht_buf text = HT_BUF(100);

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        ht_buf_reset(&text);
        ht_buf_addf(&text, "%s %" PRIu64, words[i], count);
        if (differ)
            ht_buf_addf(&text, ", names %zu", names);
        if ((int)text.len < area.rect.w)
            break;
    }
    ht_draw_field(area, (struct ht_span){.col = 1, .width = area.rect.w - 1}, HT_STYLE_HEADER,
                  ht_buf_str(&text));
}

/* The applications that the build names; all share the kernel, or the daemon, or a folder. */
static void draw_applications(struct ht_area area, const struct ht_build *build)
{
    struct ht_text_list names = {0};
    int row = 1, last = area.rect.h - 1;
    uint64_t all;

    for (size_t i = 0; i < build->shares.len; i++) {
        if (build->shares.items[i].kind != HT_SHARE_KIND_CONTROL_PLANE &&
            build->shares.items[i].with.len > names.len)
            names = build->shares.items[i].with;
    }
    draw_applications_head(area, build->applications, names.len);
    all = names.len < NAMES_MAX ? names.len : build->applications;
    for (size_t i = 0; i < all && row <= last; i++, row++) {
        ht_autobuf struct ht_buf marks = HT_BUF(16);

        if ((row == last && all > i + 1) || i == names.len) {
            ht_draw_textf(area, (struct ht_span){.row = row, .col = 1, .width = area.rect.w - 1},
                          HT_STYLE_DIM, "and %" PRIu64 " more", all - i);
            return;
        }
        marks_of(build, names.items[i], &marks);
        ht_draw_field(area, (struct ht_span){.row = row, .col = 1, .width = MARKS_W - 1},
                      marks.len > 1 ? HT_STYLE_HIGH : HT_STYLE_DIM, ht_buf_str(&marks));
        ht_draw_field(
            area, (struct ht_span){.row = row, .col = MARKS_W, .width = area.rect.w - MARKS_W - 1},
            HT_STYLE_NORMAL, names.items[i]);
    }
}

/* "docker build in angry_banach, since 14:00:56" */
static void what_text(const struct ht_ui *ui, const struct ht_build *build, struct ht_buf *out)
{
    ht_buf_add_str(out, build->product);
    if (build->subject.name.len) {
        ht_buf_add_text(out, " in ");
        ht_buf_add_str(out, build->subject.pod.len ? build->subject.pod : build->subject.name);
    }
    if (ht_build_has_ended_at(build)) {
        ht_buf_add_text(out, ", over since ");
        ht_ui_clock_text(ui, out, build->ended_at);
    } else if (ht_build_has_started_at(build)) {
        ht_buf_add_text(out, ", since ");
        ht_ui_clock_text(ui, out, build->started_at);
    }
}

/* Where there is no column for it: the shares one after the other, the worst first. */
static void shares_text(const struct ht_build *build, struct ht_buf *out)
{
    for (size_t i = build->shares.len; i-- > 0;) {
        if (out->len)
            ht_buf_add_text(out, ", ");
        share_text(&build->shares.items[i], out);
    }
    if (out->len == 0)
        ht_buf_add_text(out, "shares nothing");
}

static void narrow_text(const struct ht_ui *ui, const struct ht_build *build, struct ht_buf *out)
{
    ht_autobuf struct ht_buf shares = HT_BUF(HT_SIDE_TEXT_MAX);

    if (ht_build_has_ended_at(build)) {
        ht_buf_add_text(out, "over since ");
        ht_ui_clock_text(ui, out, build->ended_at);
        ht_buf_add_text(out, ": ");
    }
    shares_text(build, &shares);
    ht_buf_add_str(out, ht_buf_str(&shares));
}

/* What the selected build is, and why it has its grade. */
static void draw_foot(const struct ht_ui *ui, struct ht_area area, const struct ht_build *build)
{
    ht_autobuf struct ht_buf what = HT_BUF(HT_SIDE_TEXT_MAX), why = HT_BUF(HT_SIDE_TEXT_MAX);

    ht_draw_hline(area, (struct ht_span){.width = area.rect.w - 1}, HT_STYLE_DIM);
    if (area.rect.w < WIDE_MIN_W)
        narrow_text(ui, build, &what);
    else
        what_text(ui, build, &what);
    ht_draw_field(area, (struct ht_span){.row = 1, .col = 1, .width = area.rect.w - 2},
                  HT_STYLE_ACCENT, ht_buf_str(&what));
    ht_buf_addf(&why, "%s: ", grade_word(build));
    ht_buf_add_str(&why, build->reason);
    if (ht_build_has_one_node(build) && build->one_node)
        ht_buf_add_text(&why, "; the cluster is this node alone, there is no other place");
    ht_draw_field(area, (struct ht_span){.row = 2, .col = 1, .width = area.rect.w - 2},
                  HT_STYLE_NORMAL, ht_buf_str(&why));
}

/* That none runs is told where all was seen. */
static void none_text(const struct ht_ui *ui, struct ht_buf *out)
{
    const struct ht_question *question = ht_state_question(ui->state, 1);

    if (!ht_question_has_watched_s(question) || question->watched_s < 60)
        ht_buf_add_text(out, question->missing.len == 0 ? "No build runs on this node now."
                                                        : "No build is seen on this node now.");
    else if (question->watched_s < 3600)
        ht_buf_addf(out, "No build was seen on this node in %" PRIu64 " minutes of watching.",
                    question->watched_s / 60);
    else
        ht_buf_addf(out, "No build was seen on this node in %" PRIu64 " hours of watching.",
                    question->watched_s / 3600);
}

static void draw_none(const struct ht_ui *ui, struct ht_area body)
{
    const struct ht_question *question = ht_state_question(ui->state, 1);
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

    none_text(ui, &text);
    ht_draw_wrapped(
        ht_area_sub(
            body, (struct ht_rect){.row = 1, .col = 1, .h = body.rect.h - 1, .w = body.rect.w - 2}),
        0, 0, HT_STYLE_NORMAL, ht_buf_str(&text));
    if (question->missing.len == 0 || body.rect.h <= 4)
        return;
    ht_buf_reset(&text);
    ht_missing_put(&text, &question->missing.items[0], 0);
    ht_draw_field(body, (struct ht_span){.row = 4, .col = 1, .width = body.rect.w - 2},
                  HT_STYLE_UNKNOWN, ht_buf_str(&text));
}

static void draw_list(struct map *map, struct ht_area area, const struct ht_build *const *builds,
                      size_t len)
{
    size_t selected = place_of(map, builds, len);
    int visible = area.rect.h - 1;

    draw_head(area, "BUILDS", len);
    map->top = ht_layout_scroll(map->top, (int)selected, visible, (int)len);
    for (int row = 0; row < visible && (size_t)(map->top + row) < len; row++) {
        draw_build(area, row + 1, builds[map->top + row]);
        if ((size_t)(map->top + row) != selected)
            continue;
        ht_draw_attr(area, (struct ht_span){.row = row + 1, .width = area.rect.w},
                     HT_ATTR_SELECTED);
        map->page.cursor_row = row + 1;
    }
}

static void map_draw(struct ht_ui *ui, struct ht_page *page, struct ht_area body)
{
    struct map *map = of(page);
    struct ht_rect rest = {.h = body.rect.h, .w = body.rect.w}, parts[2];
    size_t len;
    ht_autofree const struct ht_build **builds = sorted_builds(ui->state, &len);
    bool wide = body.rect.w >= WIDE_MIN_W;

    if (len == 0) {
        draw_none(ui, body);
        return;
    }

    const struct ht_build *selected = builds[place_of(map, builds, len)];
    draw_foot(ui, ht_area_sub(body, ht_layout_take_bottom(&rest, FOOT_ROWS)), selected);
    int left = !wide ? rest.w / 2 : rest.w < 100 ? LEFT_W : LEFT_WIDE_W;
    ht_layout_split_beside(rest, rest.w - left - 1, 10, parts);
    map->list = parts[0];
    draw_list(map, ht_area_sub(body, parts[0]), builds, len);
    if (wide) {
        struct ht_rect right[2];
        int middle = rest.w < 100 ? MIDDLE_W : MIDDLE_WIDE_W;

        ht_layout_split_beside(parts[1], parts[1].w - middle - 1, 10, right);
        draw_shares(ht_area_sub(body, right[0]), selected);
        parts[1] = right[1];
    }
    draw_applications(ht_area_sub(body, parts[1]), selected);
}

/* ---- the same as text ---- */

static void put_build(const struct ht_ui *ui, struct ht_doc *doc, const struct ht_build *build)
{
    ht_doc_line(doc);
    ht_doc_line(doc);
    ht_doc_put(doc, 1, grade_style(build), ht_str_from(grade_word(build)));
    ht_doc_put(doc, BADGE_COL, grade_style(build), ht_str_from(badge_word(build)));
    ht_doc_put(doc, NAME_COL, HT_STYLE_ACCENT, build->name.len ? build->name : build->product);
    ht_doc_pair(doc, NAME_COL, "known by", build->signal);
    ht_doc_pair(doc, NAME_COL, "grade", build->reason);
    if (build->repository.len)
        ht_doc_pair(doc, NAME_COL, "code from", build->repository);
    if (build->trigger.len)
        ht_doc_pair(doc, NAME_COL, "started by", build->trigger);
    if (ht_build_has_started_by(build))
        ht_doc_pair(doc, NAME_COL, "through", ht_ui_container_name(ui->state, build->started_by));
    for (size_t i = 0; i < build->shares.len; i++) {
        ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);
        const struct ht_share *share = &build->shares.items[i];

        share_text(share, &text);
        for (size_t j = 0; j < share->with.len; j++) {
            ht_buf_add_text(&text, j ? ", " : ": ");
            ht_buf_add_str(&text, share->with.items[j]);
        }
        ht_doc_pair(doc, NAME_COL, "shares", ht_buf_str(&text));
    }
}

static void map_text(struct ht_ui *ui, struct ht_page *page, struct ht_doc *doc)
{
    size_t len;
    ht_autofree const struct ht_build **builds = sorted_builds(ui->state, &len);

    (void)page;
    ht_doc_line(doc);
    ht_doc_putf(doc, 1, HT_STYLE_HEADER, "BUILDS ON THIS NODE: %zu", len);
    for (size_t i = 0; i < len; i++)
        put_build(ui, doc, builds[i]);
}

/* ---- keys ---- */

static void select_at(struct map *map, const struct ht_build *const *builds, size_t len, long at)
{
    if (len == 0)
        return;
    at = at < 0 ? 0 : at >= (long)len ? (long)len - 1 : at;
    free(map->selected);
    map->selected = ht_strndup(builds[at]->id.data, builds[at]->id.len);
}

void ht_builds_open(struct ht_ui *ui, const struct ht_build *build)
{
    for (size_t i = 0; i < build->containers.len; i++) {
        if (ht_detail_open(ui, &ht_container_table, build->containers.items[i]))
            return;
    }
    for (size_t i = 0; i < build->processes.len; i++) {
        if (ht_detail_open(ui, &ht_process_table, build->processes.items[i]))
            return;
    }
    ht_ui_messagef(ui, "this build is over: nothing of it is left to open");
}

/* NULL: there is none. */
static void act_build(struct ht_ui *ui, const struct ht_build *build, enum ht_action action)
{
    if (!build)
        ht_ui_message(ui, "no build is known here");
    else if (action == HT_ACTION_OPEN)
        ht_builds_open(ui, build);
    else if (action == HT_ACTION_MARK)
        ui->calls.mark(ui->calls.context, build->id);
    else
        ht_ui_copy(ui, build->id, "the id");
}

static bool map_act(struct ht_ui *ui, struct ht_page *page, enum ht_action action)
{
    struct map *map = of(page);
    size_t len;
    ht_autofree const struct ht_build **builds = sorted_builds(ui->state, &len);
    long at = (long)place_of(map, builds, len);

    if (action == HT_ACTION_DOWN)
        select_at(map, builds, len, at + 1);
    else if (action == HT_ACTION_UP)
        select_at(map, builds, len, at - 1);
    else if (action == HT_ACTION_TOP)
        select_at(map, builds, len, 0);
    else if (action == HT_ACTION_BOTTOM)
        select_at(map, builds, len, (long)len - 1);
    else if (action == HT_ACTION_NEXT_VIEW)
        ht_ui_open_view(ui, HT_S("build-jobs"));
    else if (action == HT_ACTION_OPEN || action == HT_ACTION_MARK || action == HT_ACTION_COPY_ID)
        act_build(ui, len ? builds[at] : NULL, action);
    else
        return false;
    return true;
}

static bool map_click(struct ht_ui *ui, struct ht_page *page, struct ht_key key)
{
    struct map *map = of(page);
    size_t len;
    ht_autofree const struct ht_build **builds = sorted_builds(ui->state, &len);
    int row = key.row - map->list.row - 1;

    if (row < 0 || row + 1 >= map->list.h || key.col >= map->list.col + map->list.w ||
        (size_t)(map->top + row) >= len)
        return false;
    select_at(map, builds, len, map->top + row);
    return true;
}

static bool suits_builds(const struct ht_ui *ui, const struct ht_page *page)
{
    (void)page;
    return ht_node_set(ui->state->node, HT_TABLE_BUILD)->len > 0;
}

static const struct ht_offer offers[] = {
    {.action = HT_ACTION_OPEN,
     .hinted = true,
     .suits = suits_builds,
     .help = "Open its container or process"},
    {.action = HT_ACTION_PLAIN_TEXT, .hinted = true},
    {.action = HT_ACTION_NEXT_VIEW,
     .hinted = true,
     .hint = "list",
     .help = "The same builds as a list"},
    {.action = HT_ACTION_MARK,
     .hinted = true,
     .suits = suits_builds,
     .help = "Set a mark in the timeline"},
    {.action = HT_ACTION_BACK, .hinted = true, .keep = true},
    {.action = HT_ACTION_DOWN},
    {.action = HT_ACTION_UP},
    {.action = HT_ACTION_TOP},
    {.action = HT_ACTION_BOTTOM},
    {.action = HT_ACTION_COPY_ID, .suits = suits_builds},
};

static const struct ht_screen map_screen = {
    .title = "7 Builds map",
    .offers = offers,
    .offers_len = ARRAY_LEN(offers),
    .draw = map_draw,
    .act = map_act,
    .text = map_text,
    .click = map_click,
    .free = map_free,
};

struct ht_page *ht_builds_map_new(void)
{
    struct map *map = ht_new0(struct map);

    map->page.screen = &map_screen;
    return &map->page;
}
