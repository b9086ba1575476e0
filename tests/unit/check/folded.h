/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a node of rows.h to findings, groups and the six answers, as the engine goes. */
#ifndef HT_TESTS_CHECK_FOLDED_H
#define HT_TESTS_CHECK_FOLDED_H

#include "tests/unit/check/rows.h"

/* A node and what becomes of it. */
struct folded {
    struct ht_node *node;
    struct ht_vec verdicts;
    struct ht_rowset findings, groups;
    struct ht_row *questions[HT_QUESTIONS];
};

static inline struct ht_node *new_node(void)
{
    struct ht_node *node = ht_node_new(9000);

    add_host(node);
    add_source(node, "docker", HT_SOURCE_STATE_OK);
    add_source(node, "proc", HT_SOURCE_STATE_OK);
    return node;
}

static inline struct ht_answer_input input_of(const struct folded *folded)
{
    return (struct ht_answer_input){.node = folded->node,
                                    .verdicts = &folded->verdicts,
                                    .findings = &folded->findings,
                                    .groups = &folded->groups,
                                    .questions = 0x7e,
                                    .complete = true,
                                    .watched_since_ns = 1,
                                    .now_ns = 9000};
}

/* Consumes node; unfold follows. */
static inline struct folded fold_by(const struct ht_facts *facts, struct ht_node *node)
{
    struct folded folded = {.node = node};
    struct ht_state *empty = ht_state_new(ht_node_new(0));

    ht_node_sort(node);
    look_at_all(node, facts, &folded.verdicts);
    ht_fold_findings(node, facts, &folded.verdicts, &folded.findings);
    ht_fold_order(&folded.findings, 0);
    ht_fold_groups(&folded.findings, &folded.groups);
    for (size_t i = 0; i < HT_QUESTIONS; i++)
        folded.questions[i] = ht_row_ref(empty->questions[i]);
    ht_state_unref(empty);

    struct ht_answer_input input = input_of(&folded);
    ht_answer(&input, folded.questions);
    return folded;
}

static inline void unfold(struct folded *folded)
{
    for (size_t i = 0; i < HT_QUESTIONS; i++)
        ht_row_unref(folded->questions[i]);
    ht_rowset_fini(&folded->findings);
    ht_rowset_fini(&folded->groups);
    free_verdicts(&folded->verdicts);
    ht_node_unref(folded->node);
}

static inline const struct ht_question *question(const struct folded *folded, unsigned number)
{
    return ht_question_of(folded->questions[number - 1]);
}

static inline const struct ht_finding *find(const struct folded *folded, const char *check)
{
    for (size_t i = 0; i < folded->findings.len; i++) {
        const struct ht_finding *finding = ht_finding_of(folded->findings.rows[i]);

        if (ht_str_is(finding->check, check))
            return finding;
    }
    return NULL;
}

static inline bool implied(const struct ht_finding *finding, const char *check)
{
    for (size_t i = 0; i < finding->implied.len; i++) {
        if (ht_str_is(finding->implied.items[i], check))
            return true;
    }
    return false;
}

#endif
