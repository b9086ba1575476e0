/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "looks.h"

#include "hulltop/base/mem.h"
#include "hulltop/check/catalogue.h"

/* One subject and what each check of its table says about it. */
struct subject {
    struct ht_row *row; /* reference */
    uint64_t pass;
    struct ht_verdict **verdicts; /* by place in the table's checks */
    uint64_t *stamps;             /* of the other tables a check reads, when it ran */
    size_t len;
};

/* The checks that look at rows of one table, and their subjects. */
struct scope {
    const struct ht_check **checks;
    size_t len;
    struct ht_map *subjects; /* row id to struct subject */
};

struct ht_looks {
    const struct ht_facts *facts;
    struct scope scopes[HT_TABLE_COUNT];
    uint64_t versions[HT_TABLE_COUNT]; /* grow when the rows of a table change */
    struct ht_node *node;              /* the last one looked at */
    struct ht_vec verdicts;
    uint64_t pass;
    size_t ran;
};

static void free_subject(struct subject *subject)
{
    ht_row_unref(subject->row);
    for (size_t i = 0; i < subject->len; i++)
        ht_verdict_free(subject->verdicts[i]);
    free(subject->verdicts);
    free(subject->stamps);
    free(subject);
}

static void free_visit(void *context, struct ht_str key, void *value)
{
    (void)context;
    (void)key;
    free_subject(value);
}

struct ht_looks *ht_looks_new(const struct ht_facts *facts, unsigned questions)
{
    struct ht_looks *looks = ht_new0(struct ht_looks);
    size_t count = ht_catalogue_count();

    looks->facts = facts;
    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        looks->scopes[id].subjects = ht_map_new();
        looks->scopes[id].checks = ht_new_array(const struct ht_check *, count);
    }
    for (size_t i = 0; i < count; i++) {
        const struct ht_check *check = ht_catalogue_get(i);
        struct scope *scope = &looks->scopes[check->scope], *pods = &looks->scopes[HT_TABLE_POD];

        if (!(questions >> check->question & 1))
            continue;
        scope->checks[scope->len++] = check;
        if (check->run_pod && scope != pods)
            pods->checks[pods->len++] = check;
    }
    return looks;
}

void ht_looks_reset(struct ht_looks *looks)
{
    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        ht_map_each(looks->scopes[id].subjects, free_visit, NULL);
        ht_map_free(looks->scopes[id].subjects);
        looks->scopes[id].subjects = ht_map_new();
    }
    looks->node = ht_node_unref(looks->node);
    looks->verdicts.len = 0;
}

struct ht_looks *ht_looks_free(struct ht_looks *looks)
{
    if (!looks)
        return NULL;
    ht_looks_reset(looks);
    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        ht_map_free(looks->scopes[id].subjects);
        free(looks->scopes[id].checks);
    }
    ht_vec_fini(&looks->verdicts);
    free(looks);
    return NULL;
}

static bool same_rows(const struct ht_rowset *a, const struct ht_rowset *b)
{
    if (a->len != b->len)
        return false;
    for (size_t i = 0; i < a->len; i++) {
        if (a->rows[i] != b->rows[i])
            return false;
    }
    return true;
}

static void count_versions(struct ht_looks *looks, const struct ht_node *node)
{
    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        if (!looks->node || !same_rows(&looks->node->sets[id], &node->sets[id]))
            looks->versions[id]++;
    }
}

/* Changes whenever a table that the check reads changes: versions only grow, so their sum tells. */
static uint64_t stamp_of(const struct ht_looks *looks, const struct ht_check *check)
{
    uint64_t stamp = 1;

    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        if (check->reads >> id & 1)
            stamp += looks->versions[id];
    }
    return stamp;
}

static struct subject *get_subject(struct scope *scope, struct ht_row *row)
{
    struct subject *subject = ht_map_get(scope->subjects, ht_row_id(row));

    if (subject && subject->row == row)
        return subject;
    if (subject)
        free_subject(subject);
    subject = ht_new0(struct subject);
    subject->row = ht_row_ref(row);
    subject->len = scope->len;
    subject->verdicts = ht_new_array(struct ht_verdict *, scope->len);
    subject->stamps = ht_new_array(uint64_t, scope->len);
    ht_map_set(scope->subjects, ht_row_id(row), subject);
    return subject;
}

static void look_at(struct ht_looks *looks, struct scope *scope, struct ht_row *row,
                    const struct ht_node *node)
{
    struct subject *subject = get_subject(scope, row);

    subject->pass = looks->pass;
    for (size_t i = 0; i < scope->len; i++) {
        uint64_t stamp = stamp_of(looks, scope->checks[i]);

        /* An unknown may become known by time alone (a container that was too young). */
        if (!subject->verdicts[i] || subject->stamps[i] != stamp || subject->verdicts[i]->unknown) {
            ht_verdict_free(subject->verdicts[i]);
            subject->verdicts[i] = ht_check_look(scope->checks[i], node, looks->facts, row);
            subject->stamps[i] = stamp;
            looks->ran++;
        }
        ht_vec_add(&looks->verdicts, subject->verdicts[i]);
    }
}

static bool is_stale(void *context, struct ht_str key, void *value)
{
    const struct ht_looks *looks = context;
    struct subject *subject = value;

    (void)key;
    if (subject->pass == looks->pass)
        return false;
    free_subject(subject);
    return true;
}

static bool is_stopping(const struct ht_stop *stop)
{
    return stop && stop->is_stopping && stop->is_stopping(stop->context);
}

bool ht_looks_look(struct ht_looks *looks, const struct ht_node *node, const struct ht_stop *stop)
{
    looks->pass++;
    looks->ran = 0;
    looks->verdicts.len = 0;
    count_versions(looks, node);
    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        struct scope *scope = &looks->scopes[id];
        const struct ht_rowset *rows = &node->sets[id];

        for (size_t i = 0; scope->len && i < rows->len; i++) {
            if (is_stopping(stop)) {
                looks->verdicts.len = 0;
                return false;
            }
            look_at(looks, scope, rows->rows[i], node);
        }
        ht_map_remove_if(scope->subjects, is_stale, looks);
    }
    ht_node_unref(looks->node);
    looks->node = ht_node_ref(node);
    return true;
}

const struct ht_vec *ht_looks_verdicts(const struct ht_looks *looks)
{
    return &looks->verdicts;
}

size_t ht_looks_ran(const struct ht_looks *looks)
{
    return looks->ran;
}
