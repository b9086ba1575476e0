/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The menus of a list: by which column it is sorted, which columns are shown. */
#include <config.h>

#include "list.h"

struct menu {
    struct ht_page page;
    struct ht_list_page *list; /* the page below; it cannot close before the menu */
    size_t selected;
};

static struct menu *of(struct ht_page *page)
{
    return (struct menu *)page;
}

static bool is_shown(const struct ht_list_page *list, size_t column)
{
    return !(list->hidden >> column & 1);
}

static bool is_sorted_by(const struct ht_list_page *list, size_t column)
{
    const struct ht_path *by = &list->sort.path;

    if (!list->own_sort)
        by = list->view->sort_len ? &list->view->sort[0].path : NULL;
    return by && ht_path_field(by) == ht_path_field(&list->view->columns[column].path);
}

static void draw_menu(struct ht_page *page, struct ht_area body, const char *head,
                      bool (*is_on)(const struct ht_list_page *, size_t))
{
    const struct menu *menu = of(page);
    const struct ht_view *view = menu->list->view;
    int top = ht_layout_scroll(0, (int)menu->selected, body.rect.h - 1, (int)view->columns_len);

    ht_draw_text(body, 0, 1, HT_STYLE_HEADER, ht_str_from(head));
    for (int row = 1; row < body.rect.h && (size_t)(top + row - 1) < view->columns_len; row++) {
        size_t i = (size_t)(top + row - 1);
        bool on = is_on(menu->list, i);
        struct ht_str label = view->columns[i].label;

        if (label.len == 0)
            label = ht_str_from(ht_path_field(&view->columns[i].path)->doc);
        ht_draw_textf(body, (struct ht_span){.row = row, .width = 20}, HT_STYLE_NORMAL,
                      "%s[%s] %.*s", i == menu->selected ? ">" : " ", on ? "x" : " ",
                      HT_STR_ARG(view->columns[i].head));
        ht_draw_field(body, (struct ht_span){.row = row, .col = 21, .width = body.rect.w - 22},
                      HT_STYLE_DIM, label);
        if (i == menu->selected)
            ht_draw_attr(body, (struct ht_span){.row = row, .width = body.rect.w - 1},
                         HT_ATTR_SELECTED);
    }
    page->cursor_row = 1 + (int)menu->selected - top;
}

static bool move(struct menu *menu, enum ht_action action)
{
    size_t last = menu->list->view->columns_len - 1;

    if (action == HT_ACTION_DOWN)
        menu->selected += menu->selected < last;
    else if (action == HT_ACTION_UP)
        menu->selected -= menu->selected > 0;
    else if (action == HT_ACTION_TOP)
        menu->selected = 0;
    else if (action == HT_ACTION_BOTTOM)
        menu->selected = last;
    else
        return false;
    return true;
}

static void menu_free(struct ht_page *page)
{
    free(of(page));
}

static struct ht_page *menu_new(const struct ht_screen *screen, struct ht_list_page *list)
{
    struct menu *menu = ht_new0(struct menu);

    menu->page.screen = screen;
    menu->list = list;
    return &menu->page;
}

/* ---- sort ---- */

static void sort_draw(struct ht_ui *ui, struct ht_page *page, struct ht_area body)
{
    (void)ui;
    draw_menu(page, body, "SORT BY (Enter chooses, I inverts)", is_sorted_by);
}

/* Numbers, times and severities begin with the greatest, texts with a. */
static bool begins_with_greatest(const struct ht_field *field)
{
    return field->kind != HT_KIND_TEXT && field->kind != HT_KIND_REF;
}

static bool sort_act(struct ht_ui *ui, struct ht_page *page, enum ht_action action)
{
    struct menu *menu = of(page);
    struct ht_list_page *list = menu->list;
    const struct ht_path *path = &list->view->columns[menu->selected].path;

    if (move(menu, action))
        return true;
    if (action == HT_ACTION_INVERT) {
        ht_list_invert(ui, list);
        return true;
    }
    if (action != HT_ACTION_OPEN)
        return false;
    list->own_sort = true;
    list->inverted = false;
    list->sort = (struct ht_sort_key){.path = *path,
                                      .descending = begins_with_greatest(ht_path_field(path))};
    ht_list_touch(list, HT_LIST_ORDER);
    ht_ui_pop(ui);
    return true;
}

static const struct ht_offer sort_offers[] = {
    {.action = HT_ACTION_OPEN,
     .hinted = true,
     .keep = true,
     .hint = "sort",
     .help = "Sort by this"},
    {.action = HT_ACTION_INVERT, .hinted = true},
    {.action = HT_ACTION_BACK, .hinted = true, .keep = true},
    {.action = HT_ACTION_DOWN},
    {.action = HT_ACTION_UP},
    {.action = HT_ACTION_TOP},
    {.action = HT_ACTION_BOTTOM},
};

static const struct ht_screen sort_screen = {
    .title = "sort",
    .offers = sort_offers,
    .offers_len = ARRAY_LEN(sort_offers),
    .draw = sort_draw,
    .act = sort_act,
    .free = menu_free,
};

struct ht_page *ht_menu_sort_new(struct ht_list_page *list)
{
    return menu_new(&sort_screen, list);
}

/* ---- columns ---- */

static void columns_draw(struct ht_ui *ui, struct ht_page *page, struct ht_area body)
{
    (void)ui;
    draw_menu(page, body, "COLUMNS (Enter shows or hides)", is_shown);
}

static bool columns_act(struct ht_ui *ui, struct ht_page *page, enum ht_action action)
{
    struct menu *menu = of(page);
    uint32_t all = (UINT32_C(1) << menu->list->view->columns_len) - 1;
    uint32_t hidden = menu->list->hidden ^ (UINT32_C(1) << menu->selected);

    if (move(menu, action))
        return true;
    if (action != HT_ACTION_OPEN)
        return false;
    if (hidden == all)
        ht_ui_message(ui, "one column stays");
    else
        menu->list->hidden = hidden;
    return true;
}

static const struct ht_offer columns_offers[] = {
    {.action = HT_ACTION_OPEN,
     .hinted = true,
     .keep = true,
     .hint = "show or hide",
     .help = "Show or hide this column"},
    {.action = HT_ACTION_BACK, .hinted = true, .keep = true},
    {.action = HT_ACTION_DOWN},
    {.action = HT_ACTION_UP},
    {.action = HT_ACTION_TOP},
    {.action = HT_ACTION_BOTTOM},
};

static const struct ht_screen columns_screen = {
    .title = "columns",
    .offers = columns_offers,
    .offers_len = ARRAY_LEN(columns_offers),
    .draw = columns_draw,
    .act = columns_act,
    .free = menu_free,
};

struct ht_page *ht_menu_columns_new(struct ht_list_page *list)
{
    return menu_new(&columns_screen, list);
}
