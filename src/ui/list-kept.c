/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of a table's rows from the state before: which did not change, and which are of a
 * view. Rows are immutable and shared between states, so the same pointer is the same row. */
#include <config.h>

#include "list.h"

#include <stdint.h>
#include <string.h>

enum { ARENA_MAX = 64 * 1024 * 1024 };

/* ---- rows ---- */

/* NULL: loads, which no state holds. */
static const struct ht_rowset *rows_of(const struct ht_state *state, const struct ht_table *table)
{
    if (table == &ht_load_table)
        return NULL;
    if (table == &ht_finding_table)
        return &state->findings;
    if (table == &ht_group_table)
        return &state->groups;
    if (table == &ht_event_table)
        return &state->events;
    return ht_node_set(state->node, (enum ht_table_id)table->id);
}

void ht_kept_fini(struct ht_kept *kept)
{
    free(kept->data);
    free(kept->in_view);
    free(kept->from);
    ht_arena_free(kept->arena);
    ht_state_unref(kept->state);
    *kept = (struct ht_kept){0};
}

/* ---- which did not change ---- */

/* Places of rows by their address. */
struct places {
    uint32_t *slots; /* place + 1; 0: free */
    size_t mask;
    struct ht_row *const *rows;
};

static size_t slot_of(const struct places *places, const struct ht_row *row)
{
    size_t at = (size_t)(((uint64_t)(uintptr_t)row * UINT64_C(0x9e3779b97f4a7c15)) >> 32);

    at &= places->mask;
    while (places->slots[at] && places->rows[places->slots[at] - 1] != row)
        at = (at + 1) & places->mask;
    return at;
}

static void fill_places(struct places *places, size_t len)
{
    places->mask = 64;
    while (places->mask < 2 * len)
        places->mask *= 2;
    places->slots = ht_new_array(uint32_t, places->mask);
    places->mask--;
    for (size_t i = 0; i < len; i++)
        places->slots[slot_of(places, places->rows[i])] = (uint32_t)i + 1;
}

/* Most rows stand behind the one they stood behind before: the others are looked up. */
static void follow_rows(struct ht_kept *kept, const struct ht_rowset *set,
                        const struct ht_rowset *before)
{
    struct places places = {.rows = before->rows};
    uint32_t next = 0;

    for (size_t i = 0; i < set->len; i++) {
        uint32_t was = next;

        if (was >= before->len || before->rows[was] != set->rows[i]) {
            if (!places.slots)
                fill_places(&places, before->len);
            /* HT_KEPT_NEW is what 0, no place, becomes. */
            was = places.slots[slot_of(&places, set->rows[i])] - 1;
        }
        kept->from[i] = was;
        if (was == HT_KEPT_NEW)
            continue;
        kept->reordered |= was < next;
        next = was + 1;
    }
    free(places.slots);
}

/* ---- a state ---- */

static void make_loads(struct ht_kept *kept, const struct ht_state *state)
{
    kept->arena = ht_arena_new(ARENA_MAX);
    const struct ht_load *loads = ht_load_all(state, kept->arena, &kept->len);

    kept->data = ht_new_array(const void *, kept->len + 1);
    for (size_t i = 0; i < kept->len; i++)
        kept->data[i] = &loads[i];
}

/* The rows of a state, with where each stood in the one before. */
static void take_rows(struct ht_kept *kept, const struct ht_rowset *set, const struct ht_view *view,
                      const struct ht_kept *before)
{
    kept->len = set->len;
    kept->data = ht_new_array(const void *, set->len + 1);
    kept->from = ht_new_array(uint32_t, set->len + 1);
    if (before->from)
        follow_rows(kept, set, rows_of(before->state, view->table));
    for (size_t i = 0; i < set->len; i++) {
        if (!before->from)
            kept->from[i] = HT_KEPT_NEW;
        kept->data[i] = kept->from[i] == HT_KEPT_NEW ? ht_row_data(set->rows[i], view->table)
                                                     : before->data[kept->from[i]];
    }
}

void ht_kept_follow(struct ht_kept *kept, const struct ht_state *state, const struct ht_view *view,
                    struct ht_kept *ret_before)
{
    const struct ht_rowset *set = rows_of(state, view->table);
    bool timed = ht_filter_is_timed(view->filter);

    if (kept->state == state)
        ht_kept_fini(kept);
    struct ht_kept before = *kept;
    *kept = (struct ht_kept){.state = ht_state_ref(state)};
    if (set)
        take_rows(kept, set, view, &before);
    else
        make_loads(kept, state);
    kept->in_view = ht_new_array(bool, kept->len + 1);
    for (size_t i = 0; i < kept->len; i++) {
        bool known = kept->from && kept->from[i] != HT_KEPT_NEW;

        kept->in_view[i] = known && !timed ? before.in_view[kept->from[i]]
                                           : ht_filter_match(view->filter, kept->data[i]);
    }
    kept->refiltered = timed || !kept->from || !before.from;
    *ret_before = before;
}

/* ---- tabs ---- */

void ht_list_tab_count(struct ht_list_tab *tab, const struct ht_state *state,
                       const struct ht_view *view)
{
    struct ht_kept before;

    ht_kept_follow(&tab->kept, state, view, &before);
    ht_kept_fini(&before);
    tab->count = 0;
    tab->worst = -1;
    for (size_t i = 0; i < tab->kept.len; i++) {
        if (!tab->kept.in_view[i])
            continue;
        tab->count++;
        if (view->table == &ht_finding_table) {
            int severity = (int)((const struct ht_finding *)tab->kept.data[i])->severity;

            if (tab->worst < 0 || severity < tab->worst)
                tab->worst = severity;
        }
    }
}
