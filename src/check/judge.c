/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/check/judge.h"

#include <errno.h>
#include <string.h>

#include "catalogue-private.h"
#include "identity.h"
#include "pods.h"

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/catalogue.h"
#include "hulltop/check/checking.h"
#include "hulltop/check/classify.h"
#include "hulltop/check/fold.h"
#include "hulltop/check/pod-security.h"

enum { NUMBER = 3 }; /* of the question that manifests answer */

/* How often a key came, and the number of the first finding that had it. 0 is no key. */
struct slot {
    uint64_t key;
    uint32_t count;
    uint32_t first;
};

struct table {
    struct slot *slots;
    size_t room; /* a power of two */
    size_t len;
};

/* A posture check over all pods. */
struct posture {
    struct ht_row *first; /* the finding about the first one */
    struct ht_arena *arena;
    struct ht_subject *subjects; /* at most HT_LIMIT_SUBJECTS */
    size_t subjects_len;
    size_t pods;  /* it holds for */
    size_t asked; /* it was asked of */
};

struct ht_judge {
    struct ht_judge_options options;
    struct table ids, groups;
    int64_t *places; /* of findings, see pack */
    size_t places_len, places_room;
    size_t pods, dark; /* judged, and those of which something is not known */

    /* By place in the catalogue: a verdict that could be given, and one that could not; the worst
     * finding that counts; what is counted over all. */
    struct ht_verdict **looked, **unknown;
    struct ht_row **worst;
    struct posture *postures;
};

struct ht_judge *ht_judge_new(const struct ht_judge_options *options)
{
    struct ht_judge *judge = ht_new0(struct ht_judge);
    size_t checks = ht_catalogue_count();

    judge->options = *options;
    judge->looked = ht_new_array(struct ht_verdict *, checks);
    judge->unknown = ht_new_array(struct ht_verdict *, checks);
    judge->worst = ht_new_array(struct ht_row *, checks);
    judge->postures = ht_new_array(struct posture, checks);
    return judge;
}

struct ht_judge *ht_judge_free(struct ht_judge *judge)
{
    if (!judge)
        return NULL;
    for (size_t i = 0; i < ht_catalogue_count(); i++) {
        ht_verdict_free(judge->looked[i]);
        ht_verdict_free(judge->unknown[i]);
        ht_row_unref(judge->worst[i]);
        ht_row_unref(judge->postures[i].first);
        ht_arena_free(judge->postures[i].arena);
        free(judge->postures[i].subjects);
    }
    free(judge->looked);
    free(judge->unknown);
    free(judge->worst);
    free(judge->postures);
    free(judge->ids.slots);
    free(judge->groups.slots);
    free(judge->places);
    free(judge);
    return NULL;
}

/* ---- counting ---- */

static struct slot *probe(const struct table *table, uint64_t key)
{
    size_t at = (size_t)(key ^ key >> 32) & (table->room - 1);

    while (table->slots[at].key && table->slots[at].key != key)
        at = (at + 1) & (table->room - 1);
    return &table->slots[at];
}

static void grow(struct table *table)
{
    struct table larger = {.room = table->room ? table->room * 2 : 256, .len = table->len};

    larger.slots = ht_new_array(struct slot, larger.room);
    for (size_t i = 0; i < table->room; i++) {
        if (table->slots[i].key)
            *probe(&larger, table->slots[i].key) = table->slots[i];
    }
    free(table->slots);
    *table = larger;
}

/* Counts the key; how often it came, this time included. */
static uint32_t count(struct table *table, uint64_t key, size_t number)
{
    struct slot *slot;

    if (table->len * 4 >= table->room * 3)
        grow(table);
    slot = probe(table, key ? key : 1);
    if (!slot->key) {
        *slot = (struct slot){.key = key ? key : 1, .first = (uint32_t)number};
        table->len++;
    }
    return ++slot->count;
}

/* ---- findings ---- */

#define PLACE_BITS 58
#define PLACE_MASK ((INT64_C(1) << PLACE_BITS) - 1)

/* Sorts as people see them: expected last, the worst first, then as they came. */
static int64_t pack(const struct ht_finding *finding, int64_t place)
{
    int64_t rank = (finding->expected ? 8 : 0) + (int64_t)finding->severity;

    return rank << PLACE_BITS | place;
}

static bool is_packed_expected(int64_t packed)
{
    return (packed >> PLACE_BITS & 8) != 0;
}

/* Replicas of a workload share their durable subject; the second and later ones are numbered. */
static void number_replica(struct ht_judge *judge, struct ht_finding *finding, char *id)
{
    ht_autobuf struct ht_buf durable = HT_BUF(HT_LIMIT_ARG);
    uint64_t key = 0;
    uint32_t nth;

    ht_parse_hex64(finding->id, &key);
    nth = count(&judge->ids, key, judge->places_len);
    if (nth == 1)
        return;
    ht_buf_addf(&durable, "%.*s#%u", HT_STR_ARG(finding->id), nth);
    ht_finding_set_id(
        finding, ht_finding_identity(finding->check, ht_buf_str(&durable), finding->object, id));
}

static int keep_finding(struct ht_judge *judge, const struct ht_finding *given,
                        struct ht_error *err)
{
    struct ht_finding finding = *given;
    char id[HT_SHA256_TEXT_MAX];
    int64_t place;

    if (judge->places_len == UINT32_MAX)
        return ht_error_set(err, E2BIG, "more findings than can be counted");
    number_replica(judge, &finding, id);
    /* No other question is asked of manifests: what is judged in them counts for that one. */
    ht_finding_set_question(&finding, NUMBER);
    ht_finding_set_first_seen(&finding, judge->options.now_ns);
    ht_autorow struct ht_row *row = ht_row_new(&ht_finding_table, &finding);
    place = judge->options.store->keep(judge->options.store->context, row, err);
    if (place < 0)
        return (int)place;
    count(&judge->groups, ht_str_hash(finding.group, 0), judge->places_len);
    if (judge->places_len == judge->places_room) {
        judge->places_room = judge->places_room ? judge->places_room * 2 : 256;
        judge->places = ht_realloc(judge->places, judge->places_room, sizeof(*judge->places));
    }
    judge->places[judge->places_len++] = pack(&finding, place);
    return 0;
}

static size_t place_of_check(struct ht_str id)
{
    size_t i = 0;

    while (!ht_str_is(id, ht_catalogue_at(i)->id))
        i++;
    return i;
}

static void note_worst(struct ht_judge *judge, struct ht_row *row)
{
    const struct ht_finding *finding = ht_finding_of(row);
    struct ht_row **worst = &judge->worst[place_of_check(finding->check)];

    if (finding->expected || (*worst && ht_finding_of(*worst)->severity <= finding->severity))
        return;
    ht_row_unref(*worst);
    *worst = ht_row_ref(row);
}

/* A posture finding about one pod joins that about all. */
static void add_posture(struct ht_judge *judge, struct ht_row *row)
{
    const struct ht_finding *finding = ht_finding_of(row);
    struct posture *posture = &judge->postures[place_of_check(finding->check)];

    if (!posture->first)
        posture->first = ht_row_ref(row);
}

/* Counts a pod for a posture check, also one of which something graver tells. */
static void count_posture(struct posture *posture, const struct ht_verdict *verdict)
{
    if (!posture->arena) {
        posture->arena = ht_arena_new(HT_LIMIT_ROW);
        posture->subjects = ht_new_array(struct ht_subject, HT_LIMIT_SUBJECTS);
    }
    posture->pods++;
    for (size_t i = 0; i < verdict->findings.len && posture->subjects_len < HT_LIMIT_SUBJECTS; i++)
        ht_struct_copy(posture->arena, &ht_subject_table,
                       &posture->subjects[posture->subjects_len++],
                       &ht_finding_of(verdict->findings.items[i])->subject);
}

static bool is_of_all(const struct ht_finding *finding)
{
    return finding->posture && ht_str_is(finding->subject.kind, "node");
}

static int take_findings(struct ht_judge *judge, const struct ht_rowset *findings,
                         struct ht_error *err)
{
    for (size_t i = 0; i < findings->len; i++) {
        const struct ht_finding *finding = ht_finding_of(findings->rows[i]);

        note_worst(judge, findings->rows[i]);
        if (is_of_all(finding)) {
            add_posture(judge, findings->rows[i]);
            continue;
        }

        int r = keep_finding(judge, finding, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- one pod ---- */

struct ht_row *ht_pod_derive(const struct ht_facts *facts, const struct ht_row *row, int minor)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_pod pod = *ht_pod_of(row);
    struct ht_container container = {0};
    struct ht_pod_security security = {0};

    ht_pod_as_container(&pod, (struct ht_str){0}, &container);
    ht_classify(facts, &container, arena);
    if (!ht_pod_has_class(&pod))
        ht_pod_set_class(&pod, container.class);
    if (ht_pod_security_judge(&pod, minor, arena, &security) && !ht_arena_is_full(arena))
        *ht_pod_edit_pod_security(&pod) = security;
    return ht_row_derive(&ht_pod_table, &pod, &row, 1);
}

/* Keeps a verdict of each kind, for the answer; the others are counted and go. */
static void note_verdict(struct ht_judge *judge, size_t check, struct ht_verdict *verdict)
{
    struct ht_verdict **place = verdict->unknown ? &judge->unknown[check] : &judge->looked[check];

    judge->postures[check].asked += !verdict->unknown;
    if (verdict->check->flags & HT_CHECK_POSTURE && verdict->findings.len)
        count_posture(&judge->postures[check], verdict);
    if (*place) {
        ht_verdict_free(verdict);
        return;
    }
    for (size_t i = 0; i < verdict->findings.len; i++)
        ht_row_unref(verdict->findings.items[i]);
    ht_vec_fini(&verdict->findings);
    *place = verdict;
}

static bool looks_at_pods(const struct ht_check *check)
{
    return check->scope == HT_TABLE_POD || check->run_pod;
}

int ht_judge_pod(struct ht_judge *judge, const struct ht_row *given, struct ht_row **ret_derived,
                 struct ht_error *err)
{
    ht_autonode struct ht_node *node = ht_node_new(judge->options.now_ns);
    ht_autorow struct ht_row *row =
        ht_pod_derive(judge->options.facts, given, judge->options.pod_security);
    struct ht_check_batch batch = {.node = node, .facts = judge->options.facts};
    ht_autovec struct ht_vec verdicts = {0};
    struct ht_rowset findings = {0};
    struct ht_catalogue_walk looking = {0}, noting = {0};
    const struct ht_check *check;
    bool unknown = false;
    int r;

    ht_node_add(node, ht_row_ref(row));
    while (ht_catalogue_next(&looking, &check)) {
        if (looks_at_pods(check))
            ht_vec_add(&verdicts, ht_check_batch_look(&batch, check, row));
    }
    ht_check_batch_fini(&batch);
    ht_fold_findings(node, judge->options.facts, &verdicts, &findings);
    for (size_t i = 0, next = 0; ht_catalogue_next(&noting, &check); i++) {
        if (!looks_at_pods(check))
            continue;

        struct ht_verdict *verdict = verdicts.items[next++];
        unknown = unknown || verdict->unknown;
        note_verdict(judge, i, verdict);
    }
    judge->pods++;
    judge->dark += unknown;
    r = take_findings(judge, &findings, err);
    ht_rowset_fini(&findings);
    if (r == 0)
        *ret_derived = ht_steal_ptr(row);
    return r;
}

/* ---- the end ---- */

static int keep_posture(struct ht_judge *judge, size_t check, struct ht_error *err)
{
    const struct posture *posture = &judge->postures[check];
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_finding finding;

    if (!posture->first)
        return 0;
    finding = *ht_finding_of(posture->first);
    ht_finding_set_title(&finding, ht_arena_strf(arena, "%s: %zu of %zu pods",
                                                 ht_catalogue_at(check)->title_pod
                                                     ? ht_catalogue_at(check)->title_pod
                                                     : ht_catalogue_at(check)->title,
                                                 posture->pods, posture->asked));
    ht_finding_set_count(&finding, posture->pods);
    ht_finding_set_total(&finding, posture->asked);
    ht_finding_set_subjects(&finding, (struct ht_subject_list){.items = posture->subjects,
                                                               .len = posture->subjects_len});
    return keep_finding(judge, &finding, err);
}

static int compare_places(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Groups by the place of their first finding; those of expected ones become one, the last. */
static int compare_slots(const void *a, const void *b)
{
    const struct slot *x = a, *y = b;

    return (x->key > y->key) - (x->key < y->key);
}

static void order_groups(struct ht_judge *judge)
{
    struct table *groups = &judge->groups;
    size_t len = 0;

    for (size_t i = 0; i < groups->room; i++) {
        struct slot slot = groups->slots[i];

        if (!slot.key)
            continue;
        /* From here on the key is what they are sorted by. */
        slot.key = (uint64_t)judge->places[slot.first];
        groups->slots[len++] = slot;
    }
    groups->len = len;
    if (len)
        qsort(groups->slots, len, sizeof(*groups->slots), compare_slots);
    for (size_t i = 0; i < groups->len; i++) {
        if (!is_packed_expected((int64_t)groups->slots[i].key))
            continue;
        for (size_t j = i + 1; j < groups->len; j++)
            groups->slots[i].count += groups->slots[j].count;
        groups->len = i + 1;
    }
}

static void set_answer(struct ht_judge *judge, struct ht_state *state)
{
    ht_autovec struct ht_vec verdicts = {0};
    struct ht_rowset findings = {0}, groups = {0};
    size_t counted = 0;

    for (size_t i = 0; i < ht_catalogue_count(); i++) {
        if (judge->looked[i])
            ht_vec_add(&verdicts, judge->looked[i]);
        if (judge->unknown[i])
            ht_vec_add(&verdicts, judge->unknown[i]);
        if (judge->worst[i])
            ht_rowset_add(&findings, ht_row_ref(judge->worst[i]));
    }
    ht_answer(&(struct ht_answer_input){.node = state->node,
                                        .verdicts = &verdicts,
                                        .findings = &findings,
                                        .groups = &groups,
                                        .questions = 1u << NUMBER,
                                        .complete = true,
                                        .now_ns = judge->options.now_ns},
              state->questions);
    ht_rowset_fini(&findings);
    for (size_t i = 0; i < judge->groups.len; i++)
        counted += !is_packed_expected((int64_t)judge->groups.slots[i].key);

    struct ht_row **place = &state->questions[NUMBER - 1];
    struct ht_question question = *ht_question_of(*place);
    struct ht_coverage *coverage = ht_question_edit_coverage(&question);
    struct ht_row *fresh;

    ht_coverage_set_seen(coverage, judge->pods - judge->dark);
    ht_coverage_set_total(coverage, judge->pods);
    ht_coverage_set_unit(coverage, HT_S("pods"));
    ht_question_set_findings(&question, counted);
    fresh = ht_row_new(&ht_question_table, &question);
    ht_row_unref(*place);
    *place = fresh;
}

int ht_judge_end(struct ht_judge *judge, const struct ht_row *source, struct ht_state **ret_state,
                 struct ht_error *err)
{
    struct ht_node *node = ht_node_new(judge->options.now_ns);

    ht_node_add(node, ht_row_ref(source));

    ht_autostate struct ht_state *state = ht_state_new(node);
    for (size_t i = 0; i < ht_catalogue_count(); i++) {
        int r = keep_posture(judge, i, err);

        if (r < 0)
            return r;
    }
    order_groups(judge);
    if (judge->places_len)
        qsort(judge->places, judge->places_len, sizeof(*judge->places), compare_places);
    state->origin = HT_ORIGIN_NODE;
    state->complete = true;
    state->now_ns = judge->options.now_ns;
    set_answer(judge, state);
    *ret_state = ht_steal_ptr(state);
    return 0;
}

size_t ht_judge_count(const struct ht_judge *judge)
{
    return judge->places_len;
}

int64_t ht_judge_place(const struct ht_judge *judge, size_t i)
{
    return judge->places[i] & PLACE_MASK;
}

size_t ht_judge_groups(const struct ht_judge *judge)
{
    return judge->groups.len;
}

int ht_judge_group(const struct ht_judge *judge, size_t i, struct ht_row **ret_group,
                   struct ht_row **ret_finding, struct ht_error *err)
{
    const struct slot *slot = &judge->groups.slots[i];
    int r = judge->options.store->get(judge->options.store->context,
                                      (int64_t)slot->key & PLACE_MASK, ret_finding, err);

    if (r == 0)
        *ret_group = ht_fold_group(ht_finding_of(*ret_finding), slot->count);
    return r;
}
