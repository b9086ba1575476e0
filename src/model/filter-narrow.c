/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of two filters matches less, as far as their terms tell. */
#include "src/model/filter-inner.h"

static bool is_same_path(const struct ht_path *a, const struct ht_path *b)
{
    if (a->table != b->table || a->depth != b->depth)
        return false;
    for (unsigned i = 0; i < a->depth; i++) {
        if (a->steps[i] != b->steps[i])
            return false;
    }
    return true;
}

static bool narrows(const struct ht_term *term, const struct ht_term *than);

/* Whether each (or any, if any is set) of the children narrows than. */
static bool children_narrow(const struct ht_term *term, const struct ht_term *than, bool any)
{
    const struct ht_term *child = term->first;

    while (child && narrows(child, than) != any)
        child = child->next;
    return any == !!child;
}

static bool leaf_narrows(const struct ht_term *term, const struct ht_term *than)
{
    if (term->kind != than->kind || !is_same_path(&term->path, &than->path))
        return false;
    switch (term->kind) {
    case HT_TERM_WORD:
    case HT_TERM_ANY_TEXT:
    case HT_TERM_CONTAINS:
        return ht_str_find_nocase(term->text, than->text, 0) >= 0;
    case HT_TERM_NOT:
        return narrows(than->first, term->first);
    case HT_TERM_EQUAL:
    case HT_TERM_LESS:
    case HT_TERM_GREATER:
    case HT_TERM_AT_MOST:
    case HT_TERM_AT_LEAST:
        return ht_str_equal(term->text, than->text);
    case HT_TERM_AND:
    case HT_TERM_OR:
    case HT_TERM_COLLECT:
        return false;
    }
    return false;
}

/* Whether any child of than is matched by whatever matches term. */
static bool narrows_any(const struct ht_term *term, const struct ht_term *than)
{
    const struct ht_term *child = than->first;

    while (child && !narrows(term, child))
        child = child->next;
    return child;
}

static bool narrows_each(const struct ht_term *term, const struct ht_term *than)
{
    const struct ht_term *child = than->first;

    while (child && narrows(term, child))
        child = child->next;
    return !child;
}

/* Both are trees of the parser's depth. */
static bool narrows(const struct ht_term *term, const struct ht_term *than)
{
    if (than->kind == HT_TERM_AND)
        return narrows_each(term, than);
    if (term->kind == HT_TERM_OR)
        return children_narrow(term, than, false);
    if (than->kind == HT_TERM_OR)
        return narrows_any(term, than);
    if (term->kind == HT_TERM_AND)
        return children_narrow(term, than, true);
    return leaf_narrows(term, than);
}

bool ht_filter_narrows(const struct ht_filter *filter, const struct ht_filter *than)
{
    if (!than || !than->root)
        return true;
    return filter && filter->root && filter->table == than->table &&
           narrows(filter->root, than->root);
}
