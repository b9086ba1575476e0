/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "looks.h"

#include <string.h>

#include "hulltop/base/mem.h"
#include "hulltop/check/catalogue.h"

/* One subject, and what checks said about it that is worth keeping. */
struct subject {
    struct ht_row *row; /* reference */
    struct ht_vec said; /* struct ht_verdict *, owned, in the order of the scope's checks */
    bool unknown;       /* one of them is */
    uint64_t look;      /* the last look in which its checks ran; 0: none */
};

/* The checks that look at rows of one table, and their subjects. Of most subjects most checks have
 * nothing to say: those verdicts are not kept, only counted. */
struct scope {
    const struct ht_check **checks;
    size_t *readings_of; /* of a check: place of what it reads in the list below */
    size_t len;
    uint64_t *readings; /* sets of other tables that checks read, each once */
    uint64_t *stamps;   /* of each of them, now */
    uint64_t *changes;  /* the look in which each of them changed last */
    uint64_t change;    /* the newest of these */
    size_t readings_len;
    struct subject **subjects; /* in the order of the rows looked at last, sorted by id */
    size_t subjects_len;
    struct ht_row *runner;    /* borrowed: one subject that runs; NULL: none does */
    size_t running;           /* subjects that run */
    size_t *said;             /* by check: verdicts that are kept, of subjects that run */
    struct ht_verdict *quiet; /* by check: stands for all that are not kept */
};

struct ht_looks {
    const struct ht_facts *facts;
    struct scope scopes[HT_TABLE_COUNT];
    uint64_t versions[HT_TABLE_COUNT]; /* grow when the rows of a table change */
    struct ht_node *node;              /* the last one looked at */
    uint64_t look;                     /* number of the one under way */
    struct ht_vec verdicts;
    size_t ran;
    bool moved;      /* what findings are folded from, since the look before */
    bool unfinished; /* the last look was stopped */
};

static void free_subject(struct subject *subject)
{
    ht_row_unref(subject->row);
    for (size_t i = 0; i < subject->said.len; i++)
        ht_verdict_free(subject->said.items[i]);
    ht_vec_fini(&subject->said);
    free(subject);
}

/* Room for so many checks. */
static void make_scope(struct scope *scope, size_t checks)
{
    scope->checks = ht_new_array(const struct ht_check *, checks);
    scope->readings_of = ht_new_array(size_t, checks);
    scope->readings = ht_new_array(uint64_t, checks);
    scope->stamps = ht_new_array(uint64_t, checks);
    scope->changes = ht_new_array(uint64_t, checks);
    scope->said = ht_new_array(size_t, checks);
    scope->quiet = ht_new_array(struct ht_verdict, checks);
}

static void add_check(struct scope *scope, const struct ht_check *check)
{
    size_t place = 0;

    while (place < scope->readings_len && scope->readings[place] != check->reads)
        place++;
    if (place == scope->readings_len)
        scope->readings[scope->readings_len++] = check->reads;
    scope->quiet[scope->len].check = check;
    scope->readings_of[scope->len] = place;
    scope->checks[scope->len++] = check;
}

static void forget_subjects(struct scope *scope)
{
    for (size_t i = 0; i < scope->subjects_len; i++)
        free_subject(scope->subjects[i]);
    free(scope->subjects);
    scope->subjects = NULL;
    scope->subjects_len = 0;
}

static void free_scope(struct scope *scope)
{
    forget_subjects(scope);
    free(scope->checks);
    free(scope->readings_of);
    free(scope->readings);
    free(scope->stamps);
    free(scope->changes);
    free(scope->said);
    free(scope->quiet);
}

/* Whether a check looks at rows of that table. */
static bool is_of(const struct ht_check *check, int table)
{
    return check->scope == (enum ht_table_id)table || (table == HT_TABLE_POD && check->run_pod);
}

struct ht_looks *ht_looks_new(const struct ht_facts *facts, unsigned questions)
{
    struct ht_looks *looks = ht_new0(struct ht_looks);
    size_t count = ht_catalogue_count();
    ht_autofree const struct ht_check **all = ht_new_array(const struct ht_check *, count);
    ht_autovec struct ht_vec asked = {0};

    looks->facts = facts;
    ht_catalogue_list(all);
    for (size_t i = 0; i < count; i++) {
        if (questions >> all[i]->question & 1)
            ht_vec_add(&asked, (void *)all[i]);
    }
    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        size_t own = 0;

        for (size_t i = 0; i < asked.len; i++)
            own += is_of(asked.items[i], id);
        make_scope(&looks->scopes[id], own);
        for (size_t i = 0; i < asked.len; i++) {
            if (is_of(asked.items[i], id))
                add_check(&looks->scopes[id], asked.items[i]);
        }
    }
    return looks;
}

void ht_looks_reset(struct ht_looks *looks)
{
    for (int id = 0; id < HT_TABLE_COUNT; id++)
        forget_subjects(&looks->scopes[id]);
    looks->node = ht_node_unref(looks->node);
    looks->verdicts.len = 0;
}

struct ht_looks *ht_looks_free(struct ht_looks *looks)
{
    if (!looks)
        return NULL;
    ht_looks_reset(looks);
    for (int id = 0; id < HT_TABLE_COUNT; id++)
        free_scope(&looks->scopes[id]);
    ht_vec_fini(&looks->verdicts);
    free(looks);
    return NULL;
}

/* Whether findings or who they are about are made of rows of that table. */
static bool is_folded(const struct ht_looks *looks, int table)
{
    bool apart = table == HT_TABLE_SOURCE || table == HT_TABLE_USAGE || table == HT_TABLE_EVENT;

    return !apart || looks->scopes[table].len;
}

static void count_versions(struct ht_looks *looks, const struct ht_node *node)
{
    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        if (looks->node && ht_rowset_same(&looks->node->sets[id], &node->sets[id]))
            continue;
        looks->versions[id]++;
        looks->moved = looks->moved || is_folded(looks, id);
    }
}

/* A stamp changes whenever a table of its set does: versions only grow, so their sum tells. */
static void begin_scope(const struct ht_looks *looks, struct scope *scope)
{
    for (size_t i = 0; i < scope->readings_len; i++) {
        uint64_t stamp = 1;

        for (int id = 0; id < HT_TABLE_COUNT; id++) {
            if (scope->readings[i] >> id & 1)
                stamp += looks->versions[id];
        }
        if (stamp != scope->stamps[i])
            scope->change = scope->changes[i] = looks->look;
        scope->stamps[i] = stamp;
    }
    scope->runner = NULL;
    scope->running = 0;
    memset(scope->said, 0, scope->len * sizeof(*scope->said));
}

static struct subject *new_subject(struct ht_row *row)
{
    struct subject *subject = ht_new0(struct subject);

    subject->row = ht_row_ref(row);
    return subject;
}

/* The subjects of these rows, those from before where the row is the same: both are sorted. */
static void meet_subjects(struct scope *scope, const struct ht_rowset *rows)
{
    struct subject **met = rows->len ? ht_new_array(struct subject *, rows->len) : NULL;
    size_t at = 0;

    for (size_t i = 0; i < rows->len; i++) {
        struct ht_row *row = rows->rows[i];

        while (at < scope->subjects_len &&
               ht_str_compare(ht_row_id(scope->subjects[at]->row), ht_row_id(row)) < 0)
            free_subject(scope->subjects[at++]);
        if (at < scope->subjects_len && scope->subjects[at]->row == row)
            met[i] = scope->subjects[at++];
        else
            met[i] = new_subject(row);
    }
    while (at < scope->subjects_len)
        free_subject(scope->subjects[at++]);
    free(scope->subjects);
    scope->subjects = met;
    scope->subjects_len = rows->len;
}

static bool says_something(const struct ht_verdict *verdict)
{
    return verdict->findings.len || verdict->unknown || verdict->noted;
}

/* Whether what a check says now (NULL: nothing) makes no other findings than what it said. */
static bool folds_alike(const struct ht_verdict *before, const struct ht_verdict *now)
{
    bool was_unknown = before && before->unknown, is_unknown = now && now->unknown;

    return was_unknown == is_unknown && !(before && before->findings.len) &&
           !(now && now->findings.len);
}

/* What the check says now, in the place of what it said. */
static struct ht_verdict *ask_again(struct ht_looks *looks, const struct ht_check *check,
                                    const struct subject *subject, struct ht_check_batch *batch,
                                    struct ht_verdict *before)
{
    struct ht_verdict *now = ht_check_batch_look(batch, check, subject->row);

    looks->moved = looks->moved || !folds_alike(before, now);
    looks->ran++;
    ht_verdict_free(before);
    return now;
}

/* Runs the checks for which something has changed. An unknown may become known by time alone (a
 * container that was too young). */
static void renew(struct ht_looks *looks, const struct scope *scope, struct subject *subject,
                  struct ht_check_batch *batch)
{
    struct ht_vec before = subject->said;
    size_t next = 0;

    subject->said = (struct ht_vec){0};
    subject->unknown = false;
    for (size_t i = 0; i < scope->len; i++) {
        uint64_t change = scope->changes[scope->readings_of[i]];
        struct ht_verdict *verdict = NULL;

        if (next < before.len &&
            ((struct ht_verdict *)before.items[next])->check == scope->checks[i])
            verdict = before.items[next++];
        if (change > subject->look || !subject->look || (verdict && verdict->unknown))
            verdict = ask_again(looks, scope->checks[i], subject, batch, verdict);
        if (verdict && says_something(verdict)) {
            subject->unknown = subject->unknown || verdict->unknown;
            ht_vec_add(&subject->said, verdict);
        } else {
            ht_verdict_free(verdict);
        }
    }
    ht_vec_fini(&before);
    subject->look = looks->look;
}

static void count_said(struct scope *scope, const struct subject *subject)
{
    for (size_t i = 0, next = 0; next < subject->said.len; i++) {
        if (scope->checks[i] != ((const struct ht_verdict *)subject->said.items[next])->check)
            continue;
        scope->said[i]++;
        next++;
    }
}

static void look_at(struct ht_looks *looks, struct scope *scope, struct subject *subject,
                    struct ht_check_batch *batch)
{
    if (subject->unknown || !subject->look || scope->change > subject->look)
        renew(looks, scope, subject, batch);
    for (size_t i = 0; i < subject->said.len; i++)
        ht_vec_add(&looks->verdicts, subject->said.items[i]);
    if (ht_subject_runs(subject->row)) {
        scope->runner = subject->row;
        scope->running++;
        count_said(scope, subject);
    }
}

/* One verdict of each check for all about which it has nothing to say. */
static void end_scope(struct ht_looks *looks, struct scope *scope)
{
    for (size_t i = 0; i < scope->len; i++) {
        scope->quiet[i].subject = scope->runner;
        scope->quiet[i].times = scope->running - scope->said[i];
        if (scope->quiet[i].times)
            ht_vec_add(&looks->verdicts, &scope->quiet[i]);
    }
}

static bool is_stopping(const struct ht_stop *stop)
{
    return stop && stop->is_stopping && stop->is_stopping(stop->context);
}

/* False: it was told to stop. */
static bool look_at_all(struct ht_looks *looks, struct ht_check_batch *batch,
                        const struct ht_stop *stop)
{
    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        struct scope *scope = &looks->scopes[id];

        begin_scope(looks, scope);
        if (scope->len)
            meet_subjects(scope, &batch->node->sets[id]);
        for (size_t i = 0; i < scope->subjects_len; i++) {
            if (is_stopping(stop))
                return false;
            look_at(looks, scope, scope->subjects[i], batch);
        }
        end_scope(looks, scope);
    }
    return true;
}

bool ht_looks_look(struct ht_looks *looks, const struct ht_node *node, const struct ht_stop *stop)
{
    struct ht_check_batch batch = {.node = node, .facts = looks->facts};

    looks->ran = 0;
    looks->moved = looks->unfinished;
    looks->look++;
    looks->verdicts.len = 0;
    count_versions(looks, node);
    bool whole = look_at_all(looks, &batch, stop);
    ht_check_batch_fini(&batch);
    looks->unfinished = !whole;
    if (!whole) {
        looks->verdicts.len = 0;
        return false;
    }
    ht_node_unref(looks->node);
    looks->node = ht_node_ref(node);
    return true;
}

const struct ht_vec *ht_looks_verdicts(const struct ht_looks *looks)
{
    return &looks->verdicts;
}

bool ht_looks_moved(const struct ht_looks *looks)
{
    return looks->moved;
}

size_t ht_looks_ran(const struct ht_looks *looks)
{
    return looks->ran;
}
