/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From verdicts to living findings: implied, posture, expected, allowed. Order and groups:
 * fold-order.c. */
#include "hulltop/check/fold.h"

#include <string.h>

#include "catalogue-private.h"
#include "expected.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/allow.h"
#include "hulltop/check/catalogue.h"
#include "identity.h"
#include "pods.h"

/* More evidence than that on one finding is no evidence any more. */
enum { EVIDENCE_MAX = 60 };

/* One finding on its way. */
struct item {
    const struct ht_verdict *verdict;
    struct ht_row *row; /* borrowed from the verdict, or owned once it was remade */
    bool owned;
    bool folded; /* it lives on in another one */
};

struct folding {
    const struct ht_node *node;
    const struct ht_facts *facts;
    const struct ht_vec *verdicts;
    struct item *items;
    size_t len;
    struct ht_map *workloads;     /* owner, container name to number of running containers */
    const struct ht_row *posture; /* the last posture finding made, borrowed */
};

static const struct ht_finding *finding_of(const struct item *item)
{
    return ht_finding_of(item->row);
}

static void remake(struct item *item, const struct ht_finding *finding)
{
    const struct ht_row *const lenders[] = {item->row};
    struct ht_row *row = ht_row_derive(&ht_finding_table, finding, lenders, ARRAY_LEN(lenders));

    if (item->owned)
        ht_row_unref(item->row);
    item->row = row;
    item->owned = true;
}

static void collect(struct folding *folding)
{
    size_t total = 0;

    for (size_t i = 0; i < folding->verdicts->len; i++)
        total += ((const struct ht_verdict *)folding->verdicts->items[i])->findings.len;
    folding->items = ht_new_array(struct item, total);
    for (size_t i = 0; i < folding->verdicts->len; i++) {
        const struct ht_verdict *verdict = folding->verdicts->items[i];

        for (size_t j = 0; j < verdict->findings.len; j++)
            folding->items[folding->len++] =
                (struct item){.verdict = verdict, .row = verdict->findings.items[j]};
    }
}

/* By subject, so that findings on one subject stand together; then by check, the worst first. */
static int compare_items(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int order = ht_str_compare(ht_row_id(x->verdict->subject), ht_row_id(y->verdict->subject));

    if (order == 0)
        order = strcmp(x->verdict->check->id, y->verdict->check->id);
    if (order == 0)
        order = (int)finding_of(x)->severity - (int)finding_of(y)->severity;
    return order ? order : ht_str_compare(ht_row_id(x->row), ht_row_id(y->row));
}

/* ---- implication ---- */

static bool implies(const struct ht_check *check, const char *id)
{
    for (size_t i = 0; check->implies && check->implies[i]; i++) {
        if (strcmp(check->implies[i], id) == 0)
            return true;
    }
    return false;
}

static bool lists(const struct ht_str *ids, size_t len, struct ht_str id)
{
    for (size_t i = 0; i < len; i++) {
        if (ht_str_equal(ids[i], id))
            return true;
    }
    return false;
}

/* Takes those of the same subject [from, to) that the finding implies into it. */
static void absorb(struct folding *folding, struct item *strong, size_t from, size_t to)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_finding finding = *finding_of(strong);
    struct ht_evidence *evidence = ht_arena_array(arena, struct ht_evidence, EVIDENCE_MAX);
    struct ht_str *implied = ht_arena_array(arena, struct ht_str, to - from);
    size_t evidence_len = finding.evidence.len < EVIDENCE_MAX ? finding.evidence.len : EVIDENCE_MAX;
    size_t implied_len = 0;

    if (evidence_len)
        memcpy(evidence, finding.evidence.items, evidence_len * sizeof(*evidence));
    for (size_t i = from; i < to; i++) {
        struct item *weak = &folding->items[i];

        if (weak->folded || weak == strong ||
            !implies(strong->verdict->check, weak->verdict->check->id) ||
            /* What is graver is told by itself. */
            finding_of(weak)->severity < finding.severity ||
            /* A pod has several containers. */
            !ht_str_equal(finding.subject.container, finding_of(weak)->subject.container))
            continue;

        const struct ht_finding *other = finding_of(weak);
        weak->folded = true;
        if (!lists(implied, implied_len, other->check))
            implied[implied_len++] = other->check;
        if (evidence_len < EVIDENCE_MAX) {
            struct ht_evidence *also = &evidence[evidence_len++];

            ht_evidence_set_source(also, HT_S("also found"));
            ht_evidence_set_field(also, other->check);
            ht_evidence_set_value(also, other->title);
        }
    }
    if (implied_len == 0)
        return;
    ht_finding_set_implied(&finding, (struct ht_text_list){.items = implied, .len = implied_len});
    ht_finding_set_evidence(&finding,
                            (struct ht_evidence_list){.items = evidence, .len = evidence_len});
    remake(strong, &finding);
}

/* A check that implies others stands before them in no particular order, so the widest go first. */
static void imply(struct folding *folding, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        struct item *strong = &folding->items[i];

        if (!strong->folded && strong->verdict->check->implies)
            absorb(folding, strong, from, to);
    }
}

static void imply_all(struct folding *folding)
{
    for (size_t from = 0; from < folding->len;) {
        size_t to = from + 1;

        while (to < folding->len &&
               folding->items[to].verdict->subject == folding->items[from].verdict->subject)
            to++;
        imply(folding, from, to);
        from = to;
    }
}

/* ---- totals, expected, allowed ---- */

static struct ht_str workload_key(const struct ht_subject *subject, struct ht_buf *buf)
{
    ht_buf_reset(buf);
    ht_buf_add_str(buf, subject->namespace);
    ht_buf_add_c(buf, '/');
    ht_buf_add_str(buf, subject->owner);
    ht_buf_add_c(buf, '/');
    /* Containers of a compose service are numbered. */
    if (subject->namespace.len || !subject->owner.len)
        ht_buf_add_str(buf, subject->container);
    return ht_buf_str(buf);
}

static void count_workloads(struct folding *folding)
{
    const struct ht_rowset *containers = ht_node_set(folding->node, HT_TABLE_CONTAINER);
    ht_autobuf struct ht_buf buf = HT_BUF(HT_LIMIT_ARG);

    for (size_t i = 0; i < containers->len; i++) {
        struct ht_subject subject = {0};

        if (!ht_subject_runs(containers->rows[i]))
            continue;
        ht_subject_describe(folding->node, containers->rows[i], &subject);

        struct ht_str key = workload_key(&subject, &buf);
        uintptr_t count = (uintptr_t)ht_map_get(folding->workloads, key);
        ht_map_set(folding->workloads, key, (void *)(count + 1));
    }
}

static bool is_expected(const struct folding *folding, const struct ht_row *subject,
                        const struct ht_finding *finding)
{
    struct ht_container container = {0};

    if (ht_row_table(subject) == &ht_container_table)
        return ht_is_expected(folding->facts, ht_container_of(subject), finding);
    if (ht_row_table(subject) != &ht_pod_table)
        return false;
    ht_pod_as_container(ht_pod_of(subject), finding->subject.container, &container);
    return ht_is_expected(folding->facts, &container, finding);
}

/* It stays a finding, but alarms nobody. */
static void silence(struct ht_finding *finding)
{
    if (finding->severity < HT_SEVERITY_LOW) {
        if (!ht_finding_has_original(finding))
            ht_finding_set_original(finding, finding->severity);
        ht_finding_set_severity(finding, HT_SEVERITY_LOW);
    }
    ht_finding_set_expected(finding, true);
}

static void set_allowed(struct ht_finding *finding, const struct ht_allowed *allowed)
{
    ht_finding_set_allowed(finding, allowed->reason);
    ht_finding_set_allowed_by(finding, allowed->told_by);
    ht_finding_set_allowed_until(finding, allowed->until_ns);
}

/* It counts again; whoever wrote the exception is told why. */
static void add_ended(struct ht_arena *arena, struct ht_finding *finding,
                      const struct ht_allowed *allowed)
{
    size_t len = finding->evidence.len;
    struct ht_evidence *evidence = ht_arena_array(arena, struct ht_evidence, len + 1);
    char when[HT_TIME_TEXT_MAX];

    if (len)
        memcpy(evidence, finding->evidence.items, len * sizeof(*evidence));
    ht_evidence_set_source(&evidence[len], allowed->told_by);
    ht_evidence_set_field(&evidence[len], HT_S("its exception has ended"));
    ht_evidence_set_value(&evidence[len],
                          ht_arena_strf(arena, "%s: %.*s",
                                        ht_time_format_utc(allowed->until_ns, 0, when),
                                        HT_STR_ARG(allowed->reason)));
    ht_finding_set_evidence(finding, (struct ht_evidence_list){.items = evidence, .len = len + 1});
}

/* How many there are of what the finding is about, and whether it is expected or allowed there. */
static void settle(struct folding *folding, struct item *item)
{
    ht_autobuf struct ht_buf buf = HT_BUF(HT_LIMIT_ARG);
    ht_autobuf struct ht_buf key = HT_BUF(HT_LIMIT_ARG);
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_finding finding = *finding_of(item);
    uintptr_t total =
        (uintptr_t)ht_map_get(folding->workloads, workload_key(&finding.subject, &buf));
    const struct ht_row *subject = item->verdict->subject;

    ht_finding_set_total(&finding, total ? total : 1);
    const struct ht_allowed *allowed =
        ht_facts_allowed(folding->facts, &finding, folding->node->taken_at);
    bool holds = allowed && folding->node->taken_at < allowed->until_ns;
    if (holds)
        set_allowed(&finding, allowed);
    else if (allowed)
        add_ended(arena, &finding, allowed);
    if (holds || is_expected(folding, subject, &finding)) {
        silence(&finding);
        ht_buf_addf(&key, "%s/%llu", holds ? "allowed" : "expected",
                    (unsigned long long)finding.question);
        if (holds) /* one line an exception: each has a reason and an end of its own */
            ht_buf_addf(&key, "/%.*s", HT_STR_ARG(allowed->told_by));
        ht_finding_set_group(&finding, ht_buf_str(&key));
    }
    remake(item, &finding);
}

/* ---- posture ---- */

/* Its own finding, if the check raised it above what the check usually is. */
static bool is_posture(const struct item *item)
{
    return finding_of(item)->posture &&
           finding_of(item)->severity >= item->verdict->check->severity;
}

/* Pods of which a check of containers asks nothing: it asks their containers. */
static size_t count_shown_pods(const struct ht_node *node)
{
    const struct ht_rowset *pods = ht_node_set(node, HT_TABLE_POD);
    size_t shown = 0;

    for (size_t i = 0; i < pods->len; i++)
        shown += ht_subject_runs(pods->rows[i]) && ht_pod_is_shown(node, ht_pod_of(pods->rows[i]));
    return shown;
}

static size_t count_asked(const struct folding *folding, const struct ht_check *check)
{
    size_t asked = 0, of_pods = 0;

    for (size_t i = 0; i < folding->verdicts->len; i++) {
        const struct ht_verdict *verdict = folding->verdicts->items[i];

        if (verdict->check != check || verdict->unknown || !ht_subject_runs(verdict->subject))
            continue;
        asked += verdict->times;
        if (check->scope == HT_TABLE_CONTAINER && ht_row_table(verdict->subject) == &ht_pod_table &&
            verdict->findings.len == 0)
            of_pods += verdict->times;
    }
    if (of_pods) {
        size_t shown = count_shown_pods(folding->node);

        asked -= shown < of_pods ? shown : of_pods;
    }
    return asked;
}

/* How many different workloads are among the subjects. */
static size_t count_owners(const struct ht_subject *subjects, size_t len)
{
    struct ht_map *seen = ht_map_new();
    ht_autobuf struct ht_buf buf = HT_BUF(HT_LIMIT_ARG);
    size_t count;

    for (size_t i = 0; i < len; i++)
        ht_map_set(seen, workload_key(&subjects[i], &buf), seen);
    count = ht_map_len(seen);
    ht_map_free(seen);
    return count;
}

static void describe_node(const struct ht_node *node, struct ht_subject *subject)
{
    const struct ht_host *host = ht_node_host(node);

    ht_subject_set_kind(subject, HT_S("node"));
    if (ht_host_has_id(host))
        ht_subject_set_id(subject, host->id);
    if (ht_host_has_name(host))
        ht_subject_set_name(subject, host->name);
}

/* The one finding of a posture check from those of its subjects. */
static struct ht_row *make_posture(struct folding *folding, const struct item *first,
                                   const struct ht_subject *subjects, size_t len)
{
    const struct ht_check *check = first->verdict->check;
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autobuf struct ht_buf key = HT_BUF(HT_LIMIT_ARG);
    size_t total = count_asked(folding, check);
    size_t owners = count_owners(subjects, len);
    struct ht_finding finding = *finding_of(first);
    char id[HT_SHA256_TEXT_MAX];

    if (total < len)
        total = len;
    ht_finding_set_severity(&finding, check->severity);
    finding.subject = (struct ht_subject){0};
    describe_node(folding->node, ht_finding_edit_subject(&finding));
    ht_finding_set_count(&finding, len);
    ht_finding_set_total(&finding, total);
    ht_finding_set_subjects(
        &finding, (struct ht_subject_list){
                      .items = subjects, .len = len < HT_LIMIT_SUBJECTS ? len : HT_LIMIT_SUBJECTS});
    ht_finding_set_title(&finding,
                         ht_arena_strf(arena, "%s: %zu of %zu containers, %zu workload%s",
                                       check->title, len, total, owners, owners == 1 ? "" : "s"));
    ht_finding_set_object(&finding, HT_S(""));
    /* One subject's evidence stands for all; no fact began when the first of them did. */
    finding.known &= ~(UINT64_C(1) << HT_FINDING_F_SINCE | UINT64_C(1) << HT_FINDING_F_ESCAPE |
                       UINT64_C(1) << HT_FINDING_F_ORIGINAL);
    ht_finding_set_id(&finding,
                      ht_finding_identity(finding.check, HT_S("node"), finding.object, id));
    ht_group_add_key(&finding, &key);
    ht_finding_set_group(&finding, ht_buf_str(&key));

    /* Most of them are about the same containers. */
    struct ht_row *row = ht_row_like(&ht_finding_table, &finding, folding->posture);
    folding->posture = row;
    return row;
}

/* One finding for all subjects of which nothing graver says it. Those of which something does are
 * counted too, for the title tells of all containers. */
static void fold_posture(struct folding *folding, const struct ht_check *check,
                         struct ht_rowset *ret_findings)
{
    ht_autofree struct ht_subject *subjects = ht_new_array(struct ht_subject, folding->len);
    const struct item *first = NULL;
    size_t len = 0;

    for (size_t i = 0; i < folding->len; i++) {
        struct item *item = &folding->items[i];

        if (item->verdict->check != check)
            continue;
        subjects[len++] = finding_of(item)->subject;
        if (item->folded || !is_posture(item))
            continue;
        item->folded = true;
        if (!first)
            first = item;
    }
    if (first)
        ht_rowset_add(ret_findings, make_posture(folding, first, subjects, len));
}

/* ---- one id each ---- */

static int compare_by_id(const void *a, const void *b)
{
    const struct item *x = *(const struct item *const *)a, *y = *(const struct item *const *)b;
    int order = ht_str_compare(ht_row_id(x->row), ht_row_id(y->row));

    /* Replicas of one workload: by name, so that each keeps its number. */
    if (order == 0)
        order = ht_str_compare(finding_of(x)->subject.name, finding_of(y)->subject.name);
    return order ? order : ht_str_compare(finding_of(x)->subject.id, finding_of(y)->subject.id);
}

/* Replicas of a workload share their durable subject; the second and later ones are numbered. */
static void number_replicas(struct folding *folding)
{
    ht_autofree struct item **order = ht_new_array(struct item *, folding->len);
    ht_autobuf struct ht_buf durable = HT_BUF(HT_LIMIT_ARG);
    size_t len = 0, same = 0;

    for (size_t i = 0; i < folding->len; i++) {
        if (!folding->items[i].folded)
            order[len++] = &folding->items[i];
    }
    qsort(order, len, sizeof(*order), compare_by_id);

    struct ht_row *before = NULL;
    for (size_t i = 0; i < len; i++) {
        struct ht_finding finding = *finding_of(order[i]);
        char id[HT_SHA256_TEXT_MAX];

        same = before && ht_str_equal(ht_row_id(before), finding.id) ? same + 1 : 0;
        if (same == 0) {
            ht_row_unref(before);
            before = ht_row_ref(order[i]->row);
            continue;
        }
        ht_buf_reset(&durable);
        ht_buf_addf(&durable, "%.*s#%zu", HT_STR_ARG(finding.id), same + 1);
        ht_finding_set_id(
            &finding, ht_finding_identity(finding.check, ht_buf_str(&durable), finding.object, id));
        remake(order[i], &finding);
    }
    ht_row_unref(before);
}

void ht_fold_findings(const struct ht_node *node, const struct ht_facts *facts,
                      const struct ht_vec *verdicts, struct ht_rowset *ret_findings)
{
    struct folding folding = {
        .node = node, .facts = facts, .verdicts = verdicts, .workloads = ht_map_new()};
    struct ht_catalogue_walk walk = {0};
    const struct ht_check *check;

    collect(&folding);
    qsort(folding.items, folding.len, sizeof(*folding.items), compare_items);
    count_workloads(&folding);
    imply_all(&folding);
    while (ht_catalogue_next(&walk, &check)) {
        if (check->flags & HT_CHECK_POSTURE)
            fold_posture(&folding, check, ret_findings);
    }
    for (size_t i = 0; i < folding.len; i++) {
        if (!folding.items[i].folded)
            settle(&folding, &folding.items[i]);
    }
    number_replicas(&folding);
    for (size_t i = 0; i < folding.len; i++) {
        struct item *item = &folding.items[i];

        if (!item->folded)
            ht_rowset_add(ret_findings, ht_row_ref(item->row));
        if (item->owned)
            ht_row_unref(item->row);
    }
    free(folding.items);
    ht_map_free(folding.workloads);
    ht_rowset_sort(ret_findings);
}
