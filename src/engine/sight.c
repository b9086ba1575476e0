/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sight.h"

#include <stdlib.h>
#include <string.h>

#include "hulltop/base/mem.h"
#include "hulltop/check/catalogue.h"
#include "hulltop/check/checking.h"

/* A source that does not answer. */
struct silence {
    uint64_t since; /* the first pass without an answer */
    bool lasts;
};

struct ht_sight {
    struct ht_map *silent; /* name of a source to struct silence */
    const struct ht_vec *verdicts;
    /* Those of them that cannot be told now, sorted by check and subject; made when it is asked for
     * the first time in a pass. */
    struct ht_vec unknown;
    bool is_sorted;
};

struct ht_sight *ht_sight_new(void)
{
    struct ht_sight *sight = ht_new0(struct ht_sight);

    sight->silent = ht_map_new();
    return sight;
}

struct ht_sight *ht_sight_free(struct ht_sight *sight)
{
    if (sight) {
        ht_map_free_values(sight->silent);
        ht_map_free(sight->silent);
        ht_vec_fini(&sight->unknown);
    }
    free(sight);
    return NULL;
}

/* ---- sources ---- */

static bool is_silent(enum ht_source_state state)
{
    switch (state) {
    case HT_SOURCE_STATE_WAIT:
    case HT_SOURCE_STATE_BROKEN:
    case HT_SOURCE_STATE_DENIED:
    case HT_SOURCE_STATE_OFF:
    case HT_SOURCE_STATE_PART: /* a row may be what it lacks */
        return true;
    case HT_SOURCE_STATE_OK:
    case HT_SOURCE_STATE_ABSENT:
    case HT_SOURCE_STATE_STALE: /* of these the rows are still there */
    case HT_SOURCE_STATE_STUCK:
    case HT_SOURCE_STATE_BUSY:
        return false;
    }
    return true;
}

static bool is_heard(void *context, struct ht_str key, void *value)
{
    struct silence *silence = value;
    bool lasts = silence->lasts;

    (void)context;
    (void)key;
    silence->lasts = false;
    if (!lasts)
        free(silence);
    return !lasts;
}

void ht_sight_look(struct ht_sight *sight, const struct ht_node *node,
                   const struct ht_vec *verdicts, uint64_t pass)
{
    const struct ht_rowset *sources = node ? ht_node_set(node, HT_TABLE_SOURCE) : NULL;

    sight->verdicts = verdicts;
    ht_vec_fini(&sight->unknown);
    sight->is_sorted = false;
    for (size_t i = 0; sources && i < sources->len; i++) {
        const struct ht_source *source = ht_source_of(sources->rows[i]);
        struct silence *silence = ht_map_get(sight->silent, source->name);

        if (!is_silent(source->state))
            continue;
        if (!silence) {
            silence = ht_new0(struct silence);
            silence->since = pass;
            ht_map_set(sight->silent, source->name, silence);
        }
        silence->lasts = true;
    }
    ht_map_remove_if(sight->silent, is_heard, NULL);
}

/* ---- verdicts ---- */

/* What is told of a subject; that of the check alone has none and stands before all of it. */
struct told {
    const char *check;
    struct ht_str subject;
};

static int compare_told(const struct told *a, const struct told *b)
{
    int order = strcmp(a->check, b->check);

    return order ? order : ht_str_compare(a->subject, b->subject);
}

static struct told told_by(const struct ht_verdict *verdict)
{
    return (struct told){.check = verdict->check->id, .subject = ht_subject_id(verdict->subject)};
}

static int compare_verdicts(const void *a, const void *b)
{
    const struct told left = told_by(*(const struct ht_verdict *const *)a);
    const struct told right = told_by(*(const struct ht_verdict *const *)b);

    return compare_told(&left, &right);
}

static void note_unknowns(struct ht_sight *sight)
{
    for (size_t i = 0; sight->verdicts && i < sight->verdicts->len; i++) {
        struct ht_verdict *verdict = sight->verdicts->items[i];

        if (verdict->unknown)
            ht_vec_add(&sight->unknown, verdict);
    }
    if (sight->unknown.len)
        qsort(sight->unknown.items, sight->unknown.len, sizeof(*sight->unknown.items),
              compare_verdicts);
    sight->is_sorted = true;
}

/* The first unknown that does not stand before it; past the last: NULL. */
static const struct ht_verdict *find_unknown(const struct ht_sight *sight, const struct told *told)
{
    size_t low = 0, high = sight->unknown.len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct told here = told_by(sight->unknown.items[middle]);

        if (compare_told(&here, told) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sight->unknown.len ? sight->unknown.items[low] : NULL;
}

/* What a posture finding tells of the node is gathered from all subjects of its check. */
static bool is_unknown(struct ht_sight *sight, const struct ht_check *check,
                       const struct ht_finding *finding)
{
    bool of_all = finding->posture && ht_finding_has_subjects(finding);
    const struct told told = {.check = check->id,
                              .subject = of_all ? (struct ht_str){0} : finding->subject.id};
    const struct ht_verdict *found;

    if (!sight->is_sorted)
        note_unknowns(sight);
    found = find_unknown(sight, &told);
    return found && strcmp(found->check->id, check->id) == 0 &&
           (of_all || ht_str_equal(ht_subject_id(found->subject), told.subject));
}

struct asking {
    const struct ht_check *check;
    uint64_t seen;
    bool ceased;
};

static void ask_silent(void *context, struct ht_str key, void *value)
{
    struct asking *asking = context;
    const struct silence *silence = value;

    /* One that was silent while the finding stood is not what it needed. */
    if (silence->since > asking->seen && ht_check_needs(asking->check, key))
        asking->ceased = true;
}

bool ht_sight_is_over(struct ht_sight *sight, const struct ht_finding *finding, uint64_t seen)
{
    struct asking asking = {.check = ht_catalogue_find(finding->check), .seen = seen};

    if (!asking.check)
        return true;
    ht_map_each(sight->silent, ask_silent, &asking);
    return !asking.ceased && !is_unknown(sight, asking.check, finding);
}
