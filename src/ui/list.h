/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list: the lines that a view and the user's filter make of a state's rows. Layer 6 (ui),
 * private.
 *
 * A key that moves makes nothing anew. With another state only the rows that are not those of the
 * state before are filtered and put in their places; another filter orders nothing. Cells are made
 * for visible lines alone.
 */
#ifndef HT_UI_LIST_H
#define HT_UI_LIST_H

#include "hulltop/base/vec.h"
#include "ui-private.h"

struct ht_line {
    const void *data; /* the struct whose fields are the cells; borrowed from the state */
    uint32_t group;   /* place of its group in groups, where the view has groups */
    uint32_t members; /* of a group's line; 1 if there is nothing to open */
    bool child;       /* stands below its group's line */
};

struct ht_group_of_lines {
    struct ht_str key;
    size_t first; /* first and last item in the list's items */
    size_t last;
    uint32_t members;
};

#define HT_KEPT_NEW UINT32_MAX

/* A view's rows of a state, and what the state before told about them. */
struct ht_kept {
    struct ht_state *state; /* holds the rows; NULL: nothing yet */
    struct ht_arena *arena; /* holds loads */
    const void **data;      /* the struct of each row, in the order of the state */
    bool *in_view;          /* the view's filter matches */
    uint32_t *from;         /* place in the state before, or HT_KEPT_NEW; NULL: loads */
    size_t len;
    bool refiltered; /* any verdict may be another than before */
    bool reordered;  /* rows of before stand in another order in this state */
};

/* Where in the text a row's words are; len 0: not made yet. */
struct ht_list_words_of {
    uint32_t at;
    uint32_t len;
};

struct ht_list_words {
    struct ht_buf text;
    struct ht_list_words_of *of; /* by place; NULL: no word was typed yet */
};

/* What the verdicts of the filter before tell about those of the filter now. */
enum ht_list_verdicts {
    HT_LIST_SAME,     /* all */
    HT_LIST_NARROWER, /* what did not match does not */
    HT_LIST_WIDER,    /* what matched does */
    HT_LIST_OTHER,    /* nothing */
};

struct ht_list_tab {
    struct ht_kept kept;
    size_t count;
    int worst; /* enum ht_severity, -1: none */
};

/* What is not as it was when the lines were made. */
enum ht_list_touch {
    HT_LIST_OPENED = 1 << 0,
    HT_LIST_ORDER = 1 << 1,
};

struct ht_list_page {
    struct ht_page page;
    const struct ht_view *view;
    uint64_t generation; /* of the state that the lines are from; 0: none */
    unsigned touched;    /* enum ht_list_touch */
    struct ht_kept kept;
    uint32_t *order; /* places in kept of the view's rows, in order */
    size_t order_len;
    bool *matches; /* by place: of the view, and the user's filter matches */
    enum ht_list_verdicts verdicts;
    struct ht_list_words words;
    struct ht_arena *arena; /* keys of groups */
    struct ht_line *items;  /* rows that match, in order */
    size_t *next;           /* next item of the same group, or (size_t)-1 */
    size_t items_len;
    size_t total;                     /* rows of the view before the user's filter */
    struct ht_group_of_lines *groups; /* NULL: the view has none */
    size_t groups_len;
    struct ht_line *lines; /* items, where there are no groups */
    size_t lines_len;
    struct ht_map *opened; /* keys of opened groups */
    struct ht_map *marks;  /* ids of marked lines */
    /* the user's own */
    struct ht_filter *filter;
    char *filter_text;
    char *filter_error;
    bool own_sort;
    struct ht_sort_key sort;
    bool inverted;
    uint32_t hidden; /* bit n: column n */
    uint32_t blank;  /* the same: may be dropped, and no row of the view has anything in it */
    bool wide;
    int scroll_cols; /* first column shown when wide */
    /* where the user is */
    char *selected_id;
    bool selected_child; /* it is a member of a group, not the line of one */
    size_t selected;
    int top;
    struct ht_list_tab *tabs; /* one a view: what its tab counts */
    size_t tabs_len;
    uint64_t tabs_generation;
    int first_row; /* of the lines in the body, of the last draw */
    int visible;
};

/* Makes the lines if they are not those of the state; keeps the selection by its id. */
void ht_list_update(struct ht_ui *ui, struct ht_list_page *list);
/* Takes the user's filter (NULL: none) and its text. */
void ht_list_take_filter(struct ht_list_page *list, struct ht_filter *filter, struct ht_str text);
/* Something of enum ht_list_touch changed. */
void ht_list_touch(struct ht_list_page *list, unsigned what);
/* Drops what is made from states. */
void ht_list_forget(struct ht_list_page *list);
/* Borrowed from the state. */
struct ht_str ht_line_id(const struct ht_list_page *list, const struct ht_line *line);
/* Shows another view in the same page. */
void ht_list_set_view(struct ht_list_page *list, const struct ht_view *view);
void ht_list_select(struct ht_list_page *list, size_t line);
/* Turns the order around and says so: a list may look the same. */
void ht_list_invert(struct ht_ui *ui, struct ht_list_page *list);
/* The selected line, or NULL. */
const struct ht_line *ht_list_line(const struct ht_list_page *list);
/* Appends the key of the group that the struct at data belongs to. */
void ht_list_group_key(const struct ht_view *view, const void *data, struct ht_buf *out);
/* Appends the text of a cell (raw). */
void ht_list_cell(const struct ht_ui *ui, const struct ht_list_page *list,
                  const struct ht_line *line, size_t column, struct ht_buf *out);
/* Draws the page (list-draw.c). */
void ht_list_draw(struct ht_ui *ui, struct ht_page *page, struct ht_area body);

/* list-kept.c: goes on to another state. ret_before is what kept was, the caller's to fini; what
 * kept->from says are its places. */
void ht_kept_follow(struct ht_kept *kept, const struct ht_state *state, const struct ht_view *view,
                    struct ht_kept *ret_before);
void ht_kept_fini(struct ht_kept *kept);
/* list-words.c: whether the user's filter matches the row at a place. */
bool ht_list_words_match(struct ht_list_page *list, size_t place);
/* Goes on to the rows that kept followed to. */
void ht_list_words_follow(struct ht_list_words *words, const struct ht_kept *kept);
void ht_list_words_fini(struct ht_list_words *words);
/* Worst severity of a view's rows and their number (for its tab). */
void ht_list_tab_count(struct ht_list_tab *tab, const struct ht_state *state,
                       const struct ht_view *view);

/* Everything with its load, made from a state into arena (load.c). */
const struct ht_load *ht_load_all(const struct ht_state *state, struct ht_arena *arena,
                                  size_t *ret_len);

/* Appends why a list without lines is empty, and where what was found stands. */
void ht_list_put_empty(struct ht_ui *ui, struct ht_list_page *list, struct ht_buf *out);

/* The menus of a list (menu.c): sort order and columns. */
struct ht_page *ht_menu_sort_new(struct ht_list_page *list);
struct ht_page *ht_menu_columns_new(struct ht_list_page *list);

#endif
