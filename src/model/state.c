/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/model/state.h"

#include <assert.h>
#include <string.h>

#include "hulltop/base/mem.h"

static const struct {
    const char *name;
    const char *title;
    const char *pane;
} questions[HT_QUESTIONS] = {
    {"builds", "Do builds run apart from production?", "Build jobs sharing nodes"},
    {"added-code", "Is all executable code added at build time?", "Code added after build"},
    {"privileged", "Do containers run without --privileged?", "Privileged containers"},
    {"packages", "Is the host up to date?", "Stale host packages"},
    {"secrets", "Are secrets encrypted at rest and in transit?", "Unencrypted secrets"},
    {"drift", "Are containers kept from drifting?", "Drift alerts"},
};

const char *ht_question_name(unsigned number)
{
    assert(number >= 1 && number <= HT_QUESTIONS);
    return questions[number - 1].name;
}

const char *ht_question_title(unsigned number)
{
    assert(number >= 1 && number <= HT_QUESTIONS);
    return questions[number - 1].title;
}

const char *ht_question_pane(unsigned number)
{
    assert(number >= 1 && number <= HT_QUESTIONS);
    return questions[number - 1].pane;
}

unsigned ht_question_find(struct ht_str name)
{
    if (name.len == 1 && name.data[0] >= '1' && name.data[0] < '1' + HT_QUESTIONS)
        return (unsigned)(name.data[0] - '0');
    for (unsigned number = 1; number <= HT_QUESTIONS; number++) {
        if (ht_str_is(name, ht_question_name(number)))
            return number;
    }
    return 0;
}

static struct ht_row *unanswered(unsigned number)
{
    struct ht_question question = {0};
    char id[] = {(char)('0' + number), '\0'};

    ht_question_set_id(&question, ht_str_from(id));
    ht_question_set_number(&question, number);
    ht_question_set_name(&question, ht_str_from(ht_question_name(number)));
    ht_question_set_title(&question, ht_str_from(ht_question_title(number)));
    ht_question_set_pane(&question, ht_str_from(ht_question_pane(number)));
    ht_question_set_state(&question, HT_QUESTION_STATE_WAIT);
    return ht_row_new(&ht_question_table, &question);
}

struct ht_state *ht_state_new(struct ht_node *node)
{
    struct ht_state *state = ht_new0(struct ht_state);

    atomic_init(&state->refs, 1);
    state->node = node;
    state->now_ns = node->taken_at;
    for (unsigned number = 1; number <= HT_QUESTIONS; number++)
        state->questions[number - 1] = unanswered(number);
    memset(state->trend, 255, sizeof(state->trend));
    return state;
}

struct ht_state *ht_state_ref(const struct ht_state *state)
{
    /* The count is the one mutable part of a published state. */
    struct ht_state *counted = (struct ht_state *)state;

    atomic_fetch_add_explicit(&counted->refs, 1, memory_order_relaxed);
    return counted;
}

struct ht_state *ht_state_unref(struct ht_state *state)
{
    if (!state || atomic_fetch_sub_explicit(&state->refs, 1, memory_order_acq_rel) != 1)
        return NULL;
    ht_node_unref(state->node);
    ht_rowset_fini(&state->findings);
    ht_rowset_fini(&state->held);
    ht_rowset_fini(&state->groups);
    ht_rowset_fini(&state->events);
    for (unsigned i = 0; i < HT_QUESTIONS; i++)
        ht_row_unref(state->questions[i]);
    free(state);
    return NULL;
}

void ht_cleanup_state(struct ht_state **state)
{
    ht_state_unref(*state);
}

const struct ht_finding *ht_state_finding(const struct ht_state *state, struct ht_str id)
{
    /* Findings stand in the order of display, so there is nothing to search by halves. */
    for (size_t i = 0; i < state->findings.len; i++) {
        if (ht_str_equal(ht_row_id(state->findings.rows[i]), id))
            return ht_finding_of(state->findings.rows[i]);
    }
    return NULL;
}

const struct ht_question *ht_state_question(const struct ht_state *state, unsigned number)
{
    assert(number >= 1 && number <= HT_QUESTIONS);
    return ht_question_of(state->questions[number - 1]);
}

bool ht_state_is_settled(const struct ht_state *state)
{
    return state->complete || state->origin == HT_ORIGIN_REPORT;
}

bool ht_state_is_replay(const struct ht_state *state)
{
    return state->origin == HT_ORIGIN_REPLAY || state->origin == HT_ORIGIN_DEMO;
}

size_t ht_state_held(const struct ht_state *state, unsigned number, int64_t *ret_last_ns)
{
    size_t count = 0;
    int64_t last = 0;

    for (size_t i = 0; i < state->held.len; i++) {
        const struct ht_finding *finding = ht_finding_of(state->held.rows[i]);

        if (finding->question != number)
            continue;
        count++;
        if (finding->last_seen > last)
            last = finding->last_seen;
    }
    *ret_last_ns = last;
    return count;
}
