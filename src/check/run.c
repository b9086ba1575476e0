/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One check looks at one subject: what it calls meanwhile, and what becomes of its findings. */
#include "hulltop/check/checking.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/digest.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/catalogue.h"
#include "hulltop/model/row.h"
#include "hulltop/model/subject.h"
#include "identity.h"

/* A finding while its check runs; evidence grows in the arena. */
struct draft {
    struct ht_finding finding; /* first: ht_fire hands out its address */
    struct ht_evidence *evidence;
    size_t room;
};

struct ht_checking {
    const struct ht_check *check;
    struct ht_check_batch *batch;
    const struct ht_node *node;
    const struct ht_row *subject;
    struct ht_arena *arena;
    struct ht_vec drafts;
    struct ht_verdict *verdict;
};

const struct ht_check *ht_checking_check(const struct ht_checking *checking)
{
    return checking->check;
}

const struct ht_node *ht_checking_node(const struct ht_checking *checking)
{
    return checking->node;
}

const struct ht_facts *ht_checking_facts(const struct ht_checking *checking)
{
    return checking->batch->facts;
}

int64_t ht_checking_now(const struct ht_checking *checking)
{
    return checking->node->taken_at;
}

struct ht_arena *ht_checking_arena(struct ht_checking *checking)
{
    return checking->arena;
}

struct ht_check_batch *ht_checking_shared(struct ht_checking *checking, const struct ht_row *row)
{
    return row == checking->subject ? checking->batch : NULL;
}

static void set_texts(struct ht_checking *checking, struct ht_text_list *list,
                      const char *const *texts)
{
    size_t len = 0;

    while (texts && texts[len])
        len++;

    struct ht_str *items = ht_arena_array(checking->arena, struct ht_str, len);
    for (size_t i = 0; i < len; i++)
        items[i] = ht_str_from(texts[i]);
    *list = (struct ht_text_list){.items = items, .len = len};
}

const char *ht_check_title(const struct ht_check *check, const struct ht_row *subject)
{
    return check->title_pod && ht_row_table(subject) == &ht_pod_table ? check->title_pod
                                                                      : check->title;
}

struct ht_finding *ht_fire(struct ht_checking *checking, struct ht_str discriminator)
{
    const struct ht_check *check = checking->check;
    struct draft *draft = ht_arena_array(checking->arena, struct draft, 1);
    struct ht_finding *finding = &draft->finding;
    struct ht_text_list references;
    int64_t since;

    ht_vec_add(&checking->drafts, draft);
    ht_finding_set_check(finding, ht_str_from(check->id));
    ht_finding_set_question(finding, check->question);
    ht_finding_set_severity(finding, check->severity);
    ht_finding_set_confidence(finding, HT_CONFIDENCE_CERTAIN);
    ht_finding_set_expected(finding, false);
    ht_finding_set_posture(finding, (check->flags & HT_CHECK_POSTURE) != 0);
    ht_finding_set_title(finding, ht_str_from(ht_check_title(check, checking->subject)));
    ht_finding_set_why(finding, ht_str_from(check->why));
    ht_finding_set_fix(finding, ht_str_from(check->fix));
    ht_finding_set_object(finding, ht_arena_str(checking->arena, discriminator));
    set_texts(checking, &references, check->references);
    ht_finding_set_references(finding, references);
    ht_finding_set_last_seen(finding, checking->node->taken_at);
    ht_subject_describe(checking->node, checking->subject, ht_finding_edit_subject(finding));
    if (ht_subject_since(checking->subject, &since))
        ht_finding_set_since(finding, since);
    return finding;
}

void ht_fire_title(struct ht_checking *checking, struct ht_finding *finding, const char *format,
                   ...)
{
    ht_autobuf struct ht_buf text = HT_BUF(1024);
    va_list args;

    va_start(args, format);
    ht_buf_addv(&text, format, args);
    va_end(args);
    ht_finding_set_title(finding, ht_arena_str(checking->arena, ht_buf_str(&text)));
}

/* Most callers name sources and fields by literals. */
static struct ht_str lasting(struct ht_checking *checking, const char *text)
{
    struct ht_str str = ht_str_from(text);

    return ht_mem_is_constant(str.data, str.len + 1) ? str : ht_arena_str(checking->arena, str);
}

/* What is looked at more often is as good as new. */
#define SELDOM_NS (60 * HT_NS_PER_S)

/* When what a source tells was seen: of one that answers no more, or seldom, when it did. */
static int64_t seen_at(const struct ht_node *node, struct ht_str teller)
{
    const struct ht_source *source = ht_evidence_teller(node, teller);
    bool answers =
        !source || ((ht_source_is_good(source) || source->state == HT_SOURCE_STATE_WAIT) &&
                    source->interval <= SELDOM_NS);

    return !answers && ht_source_has_answered_at(source) && source->answered_at < node->taken_at
               ? source->answered_at
               : node->taken_at;
}

void ht_fire_evidence(struct ht_checking *checking, struct ht_finding *finding, const char *source,
                      const char *field, struct ht_str value)
{
    struct draft *draft = (struct draft *)(void *)finding;
    size_t len = finding->evidence.len;

    if (len == draft->room) {
        struct ht_evidence *more =
            ht_arena_array(checking->arena, struct ht_evidence, draft->room ? draft->room * 2 : 8);

        if (len)
            memcpy(more, draft->evidence, len * sizeof(*more));
        draft->room = draft->room ? draft->room * 2 : 8;
        draft->evidence = more;
    }

    struct ht_evidence *item = &draft->evidence[len];
    ht_evidence_set_source(item, lasting(checking, source));
    ht_evidence_set_field(item, lasting(checking, field));
    ht_evidence_set_value(item, ht_arena_str(checking->arena, value));
    ht_evidence_set_at(item, seen_at(checking->node, item->source));
    ht_finding_set_evidence(finding,
                            (struct ht_evidence_list){.items = draft->evidence, .len = len + 1});
}

void ht_fire_evidencef(struct ht_checking *checking, struct ht_finding *finding, const char *source,
                       const char *field, const char *format, ...)
{
    ht_autobuf struct ht_buf text = HT_BUF(4096);
    va_list args;

    va_start(args, format);
    ht_buf_addv(&text, format, args);
    va_end(args);
    ht_fire_evidence(checking, finding, source, field, ht_buf_str(&text));
}

/* Most of these are literals, and a node may have a million of them: only others are copied. */
static void set_missing(struct ht_checking *checking, const char *source, const char *reason,
                        const char *help)
{
    struct ht_verdict *verdict = checking->verdict;
    struct ht_str texts[] = {ht_str_from(source), ht_str_from(reason), ht_str_from(help),
                             ht_str_from(checking->check->id)};
    size_t bytes = 0;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        bytes += ht_mem_is_constant(texts[i].data, texts[i].len + 1) ? 0 : texts[i].len + 1;
    free(verdict->text);
    verdict->text = bytes ? ht_alloc0(bytes, 1) : NULL;
    for (size_t i = 0, at = 0; bytes && i < ARRAY_LEN(texts); i++) {
        if (ht_mem_is_constant(texts[i].data, texts[i].len + 1))
            continue;
        texts[i].data = memcpy(verdict->text + at, texts[i].data, texts[i].len + 1);
        at += texts[i].len + 1;
    }
    ht_missing_set_source(&verdict->missing, texts[0]);
    ht_missing_set_reason(&verdict->missing, texts[1]);
    ht_missing_set_help(&verdict->missing, texts[2]);
    ht_missing_set_check(&verdict->missing, texts[3]);
}

void ht_unknown(struct ht_checking *checking, const char *source, const char *reason,
                const char *help)
{
    if (checking->verdict->unknown)
        return; /* the first reason is the nearest one */
    checking->verdict->unknown = true;
    checking->verdict->noted = false;
    set_missing(checking, source, reason, help);
    ht_missing_set_decides(&checking->verdict->missing,
                           (checking->check->flags & HT_CHECK_DECIDES) != 0);
}

void ht_blind(struct ht_checking *checking, const char *source, const char *reason,
              const char *help)
{
    ht_unknown(checking, source, reason, help);
    checking->verdict->blind = true;
}

void ht_note(struct ht_checking *checking, const char *source, const char *reason, const char *help)
{
    if (checking->verdict->unknown || checking->verdict->noted)
        return;
    checking->verdict->noted = true;
    /* It decides nothing, not even nothing: that is what makes it a remark. */
    set_missing(checking, source, reason, help);
}

/* A sandboxed container has a kernel of its own between itself and the node: one step less. */
static void shift_severity(const struct ht_check *check, struct ht_finding *finding)
{
    if ((check->flags & HT_CHECK_BUILDING) && ht_subject_has_class(&finding->subject) &&
        finding->subject.class == HT_CLASS_BUILD && finding->severity < HT_SEVERITY_INFO) {
        ht_finding_set_original(finding, finding->severity);
        ht_finding_set_severity(finding, HT_SEVERITY_INFO);
        return;
    }
    if (!ht_subject_has_class(&finding->subject) || finding->subject.class != HT_CLASS_SANDBOXED ||
        finding->severity >= HT_SEVERITY_LOW)
        return;
    ht_finding_set_original(finding, finding->severity);
    ht_finding_set_severity(finding, (enum ht_severity)(finding->severity + 1));
}

static struct ht_row *make_row(const struct ht_checking *checking, struct ht_finding *finding)
{
    ht_autobuf struct ht_buf durable = HT_BUF(HT_LIMIT_ARG);
    ht_autobuf struct ht_buf key = HT_BUF(HT_LIMIT_ARG);
    char id[HT_SHA256_TEXT_MAX];

    shift_severity(checking->check, finding);
    ht_subject_add_durable(checking->subject, &finding->subject, &durable);
    ht_finding_set_id(
        finding, ht_finding_identity(finding->check, ht_buf_str(&durable), finding->object, id));
    ht_group_add_key(finding, &key);
    ht_finding_set_group(finding, ht_buf_str(&key));
    ht_finding_set_count(finding, 1);

    /* Who it is about is told in the subject's own words. */
    const struct ht_row *const lenders[] = {checking->subject};
    return ht_row_derive(&ht_finding_table, finding, lenders, ARRAY_LEN(lenders));
}

/* The arena is empty as a new one is. */
static void begin(struct ht_check_batch *batch, const struct ht_row *subject)
{
    if (batch->arena)
        ht_arena_reset(batch->arena);
    else
        batch->arena = ht_arena_new(HT_LIMIT_ROW);
    if (batch->subject != subject) {
        batch->viewed = batch->has_ways = batch->has_mounts = false;
        if (batch->kept)
            ht_arena_reset(batch->kept);
    }
    batch->subject = subject;
}

void ht_check_batch_fini(struct ht_check_batch *batch)
{
    batch->arena = ht_arena_free(batch->arena);
    batch->kept = ht_arena_free(batch->kept);
}

struct ht_verdict *ht_check_batch_look(struct ht_check_batch *batch, const struct ht_check *check,
                                       const struct ht_row *subject)
{
    struct ht_verdict *verdict = ht_new0(struct ht_verdict);

    begin(batch, subject);

    struct ht_checking checking = {.check = check,
                                   .batch = batch,
                                   .node = batch->node,
                                   .subject = subject,
                                   .arena = batch->arena,
                                   .verdict = verdict};

    verdict->check = check;
    verdict->subject = ht_row_ref(subject);
    verdict->times = 1;
    if (check->scope != HT_TABLE_POD && ht_row_table(subject) == &ht_pod_table)
        check->run_pod(&checking, subject);
    else
        check->run(&checking, subject);
    for (size_t i = 0; i < checking.drafts.len; i++) {
        struct draft *draft = checking.drafts.items[i];

        ht_vec_add(&verdict->findings, make_row(&checking, &draft->finding));
    }
    if (ht_arena_is_full(batch->arena) || (batch->kept && ht_arena_is_full(batch->kept)))
        ht_unknown(&checking, "hulltop", "too much to tell about this subject", "");
    ht_vec_fini(&checking.drafts);
    return verdict;
}

struct ht_verdict *ht_check_look(const struct ht_check *check, const struct ht_node *node,
                                 const struct ht_facts *facts, const struct ht_row *subject)
{
    struct ht_check_batch alone = {.node = node, .facts = facts};
    struct ht_verdict *verdict = ht_check_batch_look(&alone, check, subject);

    ht_check_batch_fini(&alone);
    return verdict;
}

struct ht_verdict *ht_verdict_free(struct ht_verdict *verdict)
{
    if (!verdict)
        return NULL;
    ht_row_unref(verdict->subject);
    for (size_t i = 0; i < verdict->findings.len; i++)
        ht_row_unref(verdict->findings.items[i]);
    ht_vec_fini(&verdict->findings);
    free(verdict->text);
    free(verdict);
    return NULL;
}

/* ---- what one subject lacks ---- */

enum { UNSEEN_MAX = 8 };

/* The row whose findings name that subject. */
static const struct ht_row *find_subject(const struct ht_node *node, enum ht_table_id table,
                                         struct ht_str subject)
{
    const struct ht_rowset *rows = ht_node_set(node, table);

    for (size_t i = 0; i < rows->len; i++) {
        if (ht_str_equal(ht_subject_id(rows->rows[i]), subject))
            return rows->rows[i];
    }
    return NULL;
}

static bool is_told(const struct ht_missing *missing, size_t len, const struct ht_missing *one)
{
    for (size_t i = 0; i < len; i++) {
        if (ht_str_equal(missing[i].source, one->source) &&
            ht_str_equal(missing[i].reason, one->reason))
            return true;
    }
    return false;
}

static struct ht_missing copy_missing(struct ht_arena *arena, const struct ht_missing *missing)
{
    struct ht_missing copy = *missing;

    copy.source = ht_arena_str(arena, missing->source);
    copy.reason = ht_arena_str(arena, missing->reason);
    copy.help = ht_arena_str(arena, missing->help);
    copy.check = ht_arena_str(arena, missing->check);
    return copy;
}

int ht_check_unseen(const struct ht_node *node, const struct ht_facts *facts,
                    const struct ht_finding *finding, struct ht_arena *arena,
                    struct ht_missing_list *ret_missing)
{
    struct ht_check_batch batch = {.node = node, .facts = facts};
    const struct ht_check *asking = ht_catalogue_find(finding->check);
    const struct ht_row *row =
        asking ? find_subject(node, asking->scope, finding->subject.id) : NULL;
    size_t count = ht_catalogue_count(), len = 0;
    ht_autofree const struct ht_check **all = ht_new_array(const struct ht_check *, count);
    struct ht_missing *missing;

    if (!row)
        return -ENOENT;
    missing = ht_arena_array(arena, struct ht_missing, UNSEEN_MAX);
    ht_catalogue_list(all);
    for (size_t i = 0; i < count && len < UNSEEN_MAX && ht_subject_runs(row); i++) {
        const struct ht_check *other = all[i];

        if (other->question != asking->question || other->scope != asking->scope)
            continue;

        struct ht_verdict *verdict = ht_check_batch_look(&batch, other, row);
        if ((verdict->unknown || verdict->noted) &&
            (other == asking || ht_check_needs(asking, verdict->missing.source)) &&
            !is_told(missing, len, &verdict->missing))
            missing[len++] = copy_missing(arena, &verdict->missing);
        ht_verdict_free(verdict);
    }
    ht_check_batch_fini(&batch);
    *ret_missing = (struct ht_missing_list){.items = missing, .len = len};
    return 0;
}
