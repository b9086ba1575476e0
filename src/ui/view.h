/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Views: the declaration of one list each, from views/NAME.yaml. Layer 6 (ui), private.
 * Immutable after loading.
 */
#ifndef HT_UI_VIEW_H
#define HT_UI_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "hulltop/base/builtin.h"
#include "hulltop/base/error.h"
#include "hulltop/base/yaml.h"
#include "hulltop/model/filter.h"
#include "hulltop/ui/layout.h"

enum { HT_VIEW_COLUMNS_MAX = 24, HT_VIEW_SORT_MAX = 6 };

struct ht_view_column {
    struct ht_str head;
    struct ht_str label; /* what the legend says; empty: the field's own sentence */
    struct ht_path path;
    struct ht_column layout;
};

struct ht_sort_key {
    struct ht_path path;
    bool descending;
};

/* What Enter opens. */
enum ht_view_open {
    HT_VIEW_OPEN_FINDING,
    HT_VIEW_OPEN_CONTAINER,
    HT_VIEW_OPEN_PROCESS,
    HT_VIEW_OPEN_EVENT,
    HT_VIEW_OPEN_ROW, /* whatever row the line is */
    HT_VIEW_OPEN_NOTHING,
};

struct ht_view {
    struct ht_str id;
    struct ht_str title;
    struct ht_str help;
    struct ht_str empty; /* said in place of lines, "": the question's state is */
    unsigned question;   /* 0: none */
    const struct ht_table *table;
    bool grouped;
    struct ht_path group;
    struct ht_str filter_text;
    struct ht_filter *filter; /* NULL: all */
    struct ht_sort_key sort[HT_VIEW_SORT_MAX];
    size_t sort_len;
    enum ht_view_open open;
    const struct ht_view_column *columns; /* at most HT_VIEW_COLUMNS_MAX */
    size_t columns_len;
    /* Where a bare word of a filter is looked for: the columns, and the names of who a row is
     * about, whichever of them its column shows. */
    struct ht_filter_words words;
};

/* Parses a view; name ("views/x.yaml") begins messages: "views/x.yaml:9: no field contaner in
 * finding (did you mean container?)". Text is copied into arena; the filter is the view's own. */
int ht_view_parse(struct ht_arena *arena, const char *name, struct ht_str text,
                  struct ht_view **ret_view, struct ht_error *err);
/* The same of a document that was parsed. */
int ht_view_read(struct ht_arena *arena, const char *name, const struct ht_yaml *root,
                 struct ht_view **ret_view, struct ht_error *err);
/* Frees what is not in the arena. */
void ht_view_fini(struct ht_view *view);

struct ht_views;

/* The compiled-in views, ended by a NULL name. */
const struct ht_builtin *ht_views_builtin(void);
/* Reads the compiled-in views and those in dirs (NULL ends; NULL: none). A user's file of the same
 * name replaces one; the first folder wins. */
int ht_views_load(const char *const *dirs, struct ht_views **ret_views, struct ht_error *err);
/* NULL is allowed; returns NULL. */
struct ht_views *ht_views_free(struct ht_views *views);
/* Here and below NULL are none, before any were read. */
size_t ht_views_len(const struct ht_views *views);
/* View i: those of a question together, the one that has its name first. */
const struct ht_view *ht_views_get(const struct ht_views *views, size_t i);
/* The view of that id, or NULL. */
const struct ht_view *ht_views_find(const struct ht_views *views, struct ht_str id);
/* The first view of question number, or NULL. */
const struct ht_view *ht_views_question(const struct ht_views *views, unsigned number);
/* What name begins with: a question's first view, by its name or number, or a view, by its name or
 * the digit of its key; ret_view is NULL for home, which a NULL name means too. An unknown one
 * fails with the nearest name. */
int ht_views_find_first(const struct ht_views *views, const char *name,
                        const struct ht_view **ret_view, struct ht_error *err);

#endif
