/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sight.h"

#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/catalogue.h"
#include "hulltop/check/checking.h"

/* A source that does not answer. */
struct silence {
    uint64_t since; /* the first pass without an answer */
    bool lasts;
};

struct ht_sight {
    struct ht_map *silent;  /* name of a source to struct silence */
    struct ht_map *unknown; /* what cannot be told now, by check and subject and by check alone;
                             * NULL: not asked for in this pass */
    const struct ht_vec *verdicts;
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
        ht_map_free(sight->unknown);
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
    ht_map_free(sight->unknown);
    sight->unknown = NULL;
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

static void name_verdict(struct ht_buf *out, const char *check, struct ht_str subject)
{
    ht_buf_addf(out, "%s %.*s", check, HT_STR_ARG(subject));
}

static void note_unknowns(struct ht_sight *sight)
{
    sight->unknown = ht_map_new();
    for (size_t i = 0; sight->verdicts && i < sight->verdicts->len; i++) {
        const struct ht_verdict *verdict = sight->verdicts->items[i];
        ht_autobuf struct ht_buf name = HT_BUF(HT_LIMIT_ARG);

        if (!verdict->unknown)
            continue;
        name_verdict(&name, verdict->check->id, ht_subject_id(verdict->subject));
        ht_map_set(sight->unknown, ht_buf_str(&name), sight);
        ht_map_set(sight->unknown, ht_str_from(verdict->check->id), sight);
    }
}

/* What a posture finding tells of the node is gathered from all subjects of its check. */
static bool is_unknown(struct ht_sight *sight, const struct ht_check *check,
                       const struct ht_finding *finding)
{
    ht_autobuf struct ht_buf name = HT_BUF(HT_LIMIT_ARG);

    if (!sight->unknown)
        note_unknowns(sight);
    if (finding->posture && ht_finding_has_subjects(finding))
        return ht_map_get(sight->unknown, ht_str_from(check->id)) != NULL;
    name_verdict(&name, check->id, finding->subject.id);
    return ht_map_get(sight->unknown, ht_buf_str(&name)) != NULL;
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
