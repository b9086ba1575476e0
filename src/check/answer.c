/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The six answers: the first state that matches, what was seen, what is missing. */
#include <string.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/catalogue.h"
#include "hulltop/check/fold.h"
#include "catalogue-private.h"
#include "identity.h"

/* More reasons than that are not read. */
enum { MISSING_MAX = 50, OTHERS_MAX = 5 };

/* What one question's verdicts, findings and sources come to. */
struct tally {
    const struct ht_answer_input *input;
    unsigned number;
    size_t deciding;     /* checks in the catalogue that decide it */
    bool cored;          /* some of them are its core */
    size_t core;         /* verdicts of its core that saw something */
    size_t looked;       /* deciding verdicts that could be given */
    size_t unknown;      /* and that could not */
    size_t subjects;     /* deciding verdicts about something that is there */
    bool serious;        /* a critical or high finding that counts */
    bool medium;         /* a medium one */
    bool waiting;        /* every source it needs has yet to answer */
    bool incomplete;     /* some of them have */
    bool stale;          /* one that it needs is too old */
    bool failed;         /* one that it needs gave nothing or not all */
    bool answered;       /* one that it needs gave an answer, or is proven not to be there */
    int64_t answered_at; /* newest answer */
    struct ht_missing missing[MISSING_MAX];
    size_t missing_len;
};

/* ---- what is counted ---- */

/* A database of packages stands for those it has installed. */
static uint64_t count_installed(const struct ht_row *row)
{
    return ht_package_db_of(row)->installed;
}

static void note_without_datastore(struct tally *tally);

/* What a question counts: the rows of a table, each for so many as count says (NULL: for one). */
struct unit {
    enum ht_table_id table;
    const char *name;
    uint64_t (*count)(const struct ht_row *row);
    /* What the answer says of a node without any; NULL: nothing. */
    void (*note)(struct tally *tally);
    const struct unit *others; /* what it counts too, ended by one without a name; NULL: nothing */
};

static const struct unit *unit_of(unsigned number)
{
    static const struct unit containers = {.table = HT_TABLE_CONTAINER, .name = "containers"};
    static const struct unit beside_datastores[] = {
        {.table = HT_TABLE_APISERVER, .name = "API servers"},
        {.table = HT_TABLE_ENCRYPTION, .name = "encryption configurations"},
        {.table = HT_TABLE_LISTENER, .name = "listeners"},
        {.table = HT_TABLE_CONTAINER, .name = "containers"},
        {0},
    };
    static const struct unit units[HT_QUESTIONS + 1] = {
        [4] = {.table = HT_TABLE_PACKAGE_DB, .name = "packages", .count = count_installed},
        [5] = {.table = HT_TABLE_DATASTORE,
               .name = "datastores",
               .note = note_without_datastore,
               .others = beside_datastores},
    };

    return units[number].name ? &units[number] : &containers;
}

/* A runtime that does not answer, not yet, or that somebody switched off, may have containers,
 * whatever its question looks at in them. */
static bool hides_containers(const struct tally *tally, const struct ht_source *source)
{
    const struct ht_check lists = {.needs = HT_TEXTS("docker")};

    if (unit_of(tally->number)->table != HT_TABLE_CONTAINER ||
        !ht_check_needs(&lists, source->name))
        return false;
    switch (source->state) {
    case HT_SOURCE_STATE_DENIED:
    case HT_SOURCE_STATE_BROKEN:
    case HT_SOURCE_STATE_STUCK:
    case HT_SOURCE_STATE_OFF:
    case HT_SOURCE_STATE_WAIT:
        return true;
    case HT_SOURCE_STATE_BUSY:
        return !ht_source_has_answered_at(source);
    case HT_SOURCE_STATE_OK:
    case HT_SOURCE_STATE_PART:
    case HT_SOURCE_STATE_STALE:
    case HT_SOURCE_STATE_ABSENT:
        break;
    }
    return false;
}

/* Whoever switches the cluster off asks about this node alone, and no container hides behind it:
 * runtimes and processes tell them all. The source's own row says that it is off. */
static bool is_left_out(const struct ht_source *source)
{
    return source->state == HT_SOURCE_STATE_OFF && ht_str_is(source->name, "kubernetes");
}

static bool needs_source(const struct tally *tally, const struct ht_source *source)
{
    unsigned relaxed = source->state == HT_SOURCE_STATE_PART ? HT_CHECK_TELLS_PART : 0;
    struct ht_catalogue_walk walk = {0};
    const struct ht_check *check;

    while (ht_catalogue_next(&walk, &check)) {
        if (check->question == tally->number && check->flags & HT_CHECK_DECIDES &&
            !(check->flags & relaxed) && ht_check_needs(check, source->name))
            return true;
    }
    return hides_containers(tally, source);
}

/* Whoever is root already is not told to become it. */
static struct ht_str fit_help(const struct tally *tally, struct ht_str help)
{
    static const char *const places[] = {"sudo hulltop on ", "sudo hulltop in ",
                                         "sudo hulltop with "};
    const struct ht_rowset *hosts = ht_node_set(tally->input->node, HT_TABLE_HOST);
    const struct ht_host *host = hosts->len ? ht_host_of(hosts->rows[0]) : NULL;

    if (!host || !ht_host_has_uid(host) || host->uid != 0)
        return help;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (ht_str_has_prefix(help, places[i]))
            return HT_S("root sees it only on the node itself, in the host's pid namespace, and "
                        "where neither the kernel nor a security module hides it");
    }
    if (ht_str_has_prefix(help, "sudo hulltop"))
        return HT_S("root cannot see it either: the kernel, a security module or another namespace "
                    "hides it");
    return help;
}

static void miss(struct tally *tally, const struct ht_missing *missing)
{
    for (size_t i = 0; i < tally->missing_len; i++) {
        struct ht_missing *known = &tally->missing[i];

        if (ht_str_equal(known->source, missing->source) &&
            ht_str_equal(known->reason, missing->reason)) {
            if (missing->decides)
                ht_missing_set_decides(known, true);
            return;
        }
    }
    if (tally->missing_len == MISSING_MAX)
        return;
    tally->missing[tally->missing_len] = *missing;
    tally->missing[tally->missing_len].help = fit_help(tally, missing->help);
    tally->missing_len++;
}

/* What a source has not told yet is not missing before it was waited for. */
static void miss_verdict(struct tally *tally, const struct ht_verdict *verdict)
{
    const struct ht_row *row = NULL;

    if (!tally->input->complete)
        row = ht_node_find(tally->input->node, HT_TABLE_SOURCE, verdict->missing.source);
    if (!row || ht_source_of(row)->state != HT_SOURCE_STATE_WAIT)
        miss(tally, &verdict->missing);
}

static void miss_text(struct tally *tally, struct ht_str source, struct ht_str reason,
                      struct ht_str help)
{
    struct ht_missing missing = {0};

    ht_missing_set_source(&missing, source);
    ht_missing_set_reason(&missing, reason);
    ht_missing_set_help(&missing, help);
    ht_missing_set_decides(&missing, true);
    miss(tally, &missing);
}

/* ---- sources ---- */

static void tally_source(struct tally *tally, const struct ht_source *source, bool *ret_waits)
{
    *ret_waits = false;
    if (ht_source_has_answered_at(source) && source->answered_at > tally->answered_at)
        tally->answered_at = source->answered_at;
    switch (source->state) {
    case HT_SOURCE_STATE_WAIT:
        *ret_waits = true;
        return;
    case HT_SOURCE_STATE_OK:
    case HT_SOURCE_STATE_ABSENT: /* none here: nothing of it can be missing */
        tally->answered = true;
        return;
    case HT_SOURCE_STATE_STALE:
        tally->stale = true;
        tally->answered = true;
        break;
    case HT_SOURCE_STATE_PART:
    case HT_SOURCE_STATE_BUSY:
        tally->answered = true;
        tally->failed = true;
        break;
    case HT_SOURCE_STATE_STUCK:
    case HT_SOURCE_STATE_BROKEN:
    case HT_SOURCE_STATE_DENIED:
    case HT_SOURCE_STATE_OFF:
        tally->failed = true;
        break;
    }
    miss_text(tally, source->name,
              source->detail.len ? source->detail
                                 : ht_str_from(ht_enum_name(&ht_source_state_enum, source->state)),
              source->help);
}

/* Why a source that waits will tell nothing. */
static struct ht_str unanswered(enum ht_origin origin)
{
    switch (origin) {
    case HT_ORIGIN_LIVE:
        break;
    case HT_ORIGIN_NODE:
        return HT_S("had not answered when the node was taken");
    case HT_ORIGIN_REPORT:
        return HT_S("had not answered when the report was made");
    case HT_ORIGIN_REPLAY:
    case HT_ORIGIN_DEMO:
        return HT_S("the recording ends before it answered");
    }
    return HT_S("has not answered");
}

/* Why an answer from part of them is from part. */
static void miss_awaited(struct tally *tally, const struct ht_rowset *sources)
{
    for (size_t i = 0; i < sources->len; i++) {
        const struct ht_source *source = ht_source_of(sources->rows[i]);

        if (source->state == HT_SOURCE_STATE_WAIT && needs_source(tally, source))
            miss_text(tally, source->name, HT_S("has not answered yet"), HT_S(""));
    }
}

static void tally_sources(struct tally *tally)
{
    const struct ht_rowset *sources = ht_node_set(tally->input->node, HT_TABLE_SOURCE);
    size_t needed = 0, waits = 0;

    for (size_t i = 0; i < sources->len; i++) {
        const struct ht_source *source = ht_source_of(sources->rows[i]);
        bool waiting;

        if (is_left_out(source) || !needs_source(tally, source))
            continue;
        needed++;
        tally_source(tally, source, &waiting);
        waits += waiting;
        if (waiting && tally->input->complete)
            miss_text(tally, source->name, unanswered(tally->input->origin), HT_S(""));
    }
    tally->waiting = waits == needed && !tally->input->complete;
    tally->incomplete = waits > 0 && !tally->input->complete;
    if (waits && !tally->waiting)
        tally->failed = true;
    if (tally->incomplete && !tally->waiting)
        miss_awaited(tally, sources);
}

/* ---- verdicts and findings ---- */

/* Whether a verdict is about something that the question asks about. That a node was looked at for
 * builds says nothing where nothing runs that builds must be kept from. */
static bool is_about(const struct tally *tally, const struct ht_row *subject)
{
    const struct ht_rowset *containers = ht_node_set(tally->input->node, HT_TABLE_CONTAINER);

    if (tally->number != 1 || ht_row_table(subject) != &ht_host_table)
        return true;
    for (size_t i = 0; i < containers->len; i++) {
        if (ht_subject_runs(containers->rows[i]))
            return true;
    }
    return false;
}

static void count_deciding(struct tally *tally)
{
    struct ht_catalogue_walk walk = {0};
    const struct ht_check *check;

    while (ht_catalogue_next(&walk, &check)) {
        if (check->question != tally->number)
            continue;
        tally->deciding += (check->flags & HT_CHECK_DECIDES) != 0;
        tally->cored = tally->cored || check->flags & HT_CHECK_CORE;
    }
}

/* What the question asks first is also told first when it could not be looked at. */
static void miss_core(struct tally *tally)
{
    const struct ht_vec *verdicts = tally->input->verdicts;

    for (size_t i = 0; i < verdicts->len; i++) {
        const struct ht_verdict *verdict = verdicts->items[i];

        if (verdict->check->question == tally->number && verdict->check->flags & HT_CHECK_CORE &&
            verdict->unknown && ht_subject_runs(verdict->subject))
            miss_verdict(tally, verdict);
    }
}

static void tally_verdicts(struct tally *tally)
{
    const struct ht_vec *verdicts = tally->input->verdicts;

    for (size_t i = 0; i < verdicts->len; i++) {
        const struct ht_verdict *verdict = verdicts->items[i];

        if (verdict->check->question != tally->number || !ht_subject_runs(verdict->subject))
            continue;
        if (verdict->unknown)
            miss_verdict(tally, verdict);
        if (!(verdict->check->flags & HT_CHECK_DECIDES))
            continue;
        /* A process of the node itself is nothing that a question about containers asks about. */
        if (ht_row_table(verdict->subject) == &ht_process_table)
            continue;
        if (is_about(tally, verdict->subject))
            tally->subjects += verdict->times;
        if (verdict->check->flags & HT_CHECK_CORE && !verdict->blind)
            tally->core += verdict->times;
        if (verdict->unknown)
            tally->unknown += verdict->times;
        else
            tally->looked += verdict->times;
    }
}

/* Whether a finding changes the answer. One that is raised above its check's severity does in any
 * case, as that of a posture check about one subject; of a check that does not decide, what is
 * grave: that it decides nothing where it cannot look makes no pass of what it saw. */
static bool counts(const struct ht_finding *finding, const struct ht_check *check)
{
    if (!check || check->flags & HT_CHECK_DECIDES || finding->severity < check->severity)
        return true;
    return !finding->posture && finding->severity <= HT_SEVERITY_HIGH;
}

static void tally_findings(struct tally *tally)
{
    const struct ht_rowset *findings = tally->input->findings;

    for (size_t i = 0; i < findings->len; i++) {
        const struct ht_finding *finding = ht_finding_of(findings->rows[i]);

        if (finding->question != tally->number || finding->expected)
            continue;
        if (!counts(finding, ht_catalogue_find(finding->check)))
            continue;
        tally->serious = tally->serious || finding->severity <= HT_SEVERITY_HIGH;
        tally->medium = tally->medium || finding->severity == HT_SEVERITY_MEDIUM;
    }
}

static bool is_partial(const struct tally *tally)
{
    return tally->unknown > 0 || tally->failed || tally->stale;
}

/* ---- remarks: beside what is missing, never the reason of the state ---- */

static void note_verdicts(struct tally *tally)
{
    const struct ht_vec *verdicts = tally->input->verdicts;

    for (size_t i = 0; i < verdicts->len; i++) {
        const struct ht_verdict *verdict = verdicts->items[i];

        if (verdict->check->question == tally->number && verdict->noted &&
            ht_subject_runs(verdict->subject))
            miss_verdict(tally, verdict);
    }
}

/* Where no cluster stores anything, what was looked at instead is part of the answer; where all of
 * it was. */
static void note_without_datastore(struct tally *tally)
{
    const struct ht_node *node = tally->input->node;
    const struct ht_rowset *containers = ht_node_set(node, HT_TABLE_CONTAINER);
    const struct ht_row *source = ht_node_find(node, HT_TABLE_SOURCE, HT_S("datastore"));
    const struct ht_row *conf = ht_node_find(node, HT_TABLE_SOURCE, HT_S("hostconf"));
    struct ht_missing missing = {0};
    bool some = false;

    if (tally->waiting || tally->incomplete || is_partial(tally))
        return;
    if (!source || ht_source_of(source)->state != HT_SOURCE_STATE_ABSENT ||
        ht_node_set(node, HT_TABLE_DATASTORE)->len || !conf ||
        ht_source_of(conf)->state != HT_SOURCE_STATE_OK)
        return;
    for (size_t i = 0; i < containers->len; i++)
        some = some || ht_subject_runs(containers->rows[i]);
    ht_missing_set_source(&missing, HT_S("datastore"));
    ht_missing_set_reason(
        &missing, some ? HT_S("no datastore on this node; environments, files and listeners "
                              "were checked")
                       : HT_S("no datastore on this node, and no container runs; files and "
                              "listeners were checked"));
    ht_missing_set_help(&missing, HT_S(""));
    miss(tally, &missing);
}

/* ---- the answer ---- */

/* Nothing of what the question asks was seen; what lies beside it is no answer. Where there is no
 * container and all that could tell of one answered, nothing was there to see. */
static bool is_dark(const struct tally *tally)
{
    if (unit_of(tally->number)->table == HT_TABLE_CONTAINER && tally->subjects == 0 &&
        tally->answered && !tally->failed && !tally->incomplete)
        return false;
    return tally->cored ? tally->core == 0 : tally->looked == 0;
}

static enum ht_question_state decide(const struct tally *tally)
{
    if (!(tally->input->questions >> tally->number & 1))
        return HT_QUESTION_STATE_OFF;
    if (tally->deciding == 0)
        return HT_QUESTION_STATE_UNKNOWN;
    if (tally->serious)
        return HT_QUESTION_STATE_FAIL;
    if (tally->waiting ||
        (tally->incomplete && is_dark(tally) && (tally->cored || tally->unknown == 0)))
        return HT_QUESTION_STATE_WAIT;
    if (is_dark(tally) && (tally->cored || tally->unknown || tally->failed || !tally->answered))
        return HT_QUESTION_STATE_UNKNOWN;
    /* FAIL and WARN keep their word when partial or old. */
    if (tally->medium)
        return HT_QUESTION_STATE_WARN;
    if (tally->stale)
        return HT_QUESTION_STATE_STALE;
    if (is_partial(tally))
        return HT_QUESTION_STATE_PART;
    return tally->subjects == 0 ? HT_QUESTION_STATE_NA : HT_QUESTION_STATE_PASS;
}

/* What is here and runs, and how much of it every deciding check could be answered about. */
static void set_covered(const struct tally *tally, const struct unit *unit,
                        struct ht_coverage *coverage)
{
    const struct ht_rowset *rows = ht_node_set(tally->input->node, unit->table);
    struct ht_map *dark = ht_map_new();
    uint64_t seen = 0, total = 0;

    for (size_t i = 0; i < tally->input->verdicts->len; i++) {
        const struct ht_verdict *verdict = tally->input->verdicts->items[i];

        if (verdict->unknown && verdict->check->question == tally->number &&
            verdict->check->flags & HT_CHECK_DECIDES &&
            ht_row_table(verdict->subject) == ht_table_get(unit->table))
            ht_map_set(dark, ht_row_id(verdict->subject), dark);
    }
    for (size_t i = 0; i < rows->len; i++) {
        uint64_t count = unit->count ? unit->count(rows->rows[i]) : 1;

        if (!ht_subject_runs(rows->rows[i]))
            continue;
        total += count;
        seen += ht_map_get(dark, ht_row_id(rows->rows[i])) ? 0 : count;
    }
    ht_coverage_set_seen(coverage, seen);
    ht_coverage_set_total(coverage, total);
    ht_coverage_set_unit(coverage, ht_str_from(unit->name));
    ht_map_free(dark);
}

/* Others of which there are none are left out. Returns how many there are. */
static size_t cover_others(const struct tally *tally, struct ht_coverage *others)
{
    size_t len = 0;

    for (const struct unit *other = unit_of(tally->number)->others; other && other->name; other++) {
        set_covered(tally, other, &others[len]);
        len += others[len].total > 0;
    }
    return len;
}

/* Lines that count: not expected, and more than a fact about the node. */
static void count_groups(const struct tally *tally, struct ht_question *question)
{
    uint64_t count = 0, fresh = 0;

    for (size_t i = 0; i < tally->input->groups->len; i++) {
        const struct ht_group *group = ht_group_of(tally->input->groups->rows[i]);

        if (group->question != tally->number || group->expected)
            continue;
        count++;
        fresh += group->new;
    }
    ht_question_set_findings(question, count);
    ht_question_set_new(question, fresh);
}

static bool asks_over_time(unsigned number)
{
    return number == 1 || number == 2 || number == 6;
}

static struct ht_row *answer(const struct ht_answer_input *input, const struct ht_row *before,
                             unsigned number)
{
    struct tally tally = {.input = input, .number = number};
    struct ht_question question = *ht_question_of(before);
    struct ht_coverage others[OTHERS_MAX] = {0};

    count_deciding(&tally);
    /* Before what single checks miss: it is the reason why. */
    if (tally.deciding == 0)
        miss_text(&tally, HT_S("hulltop"), HT_S("not looked at by this version"), HT_S(""));
    miss_core(&tally);
    tally_sources(&tally);
    tally_verdicts(&tally);
    tally_findings(&tally);
    if (tally.deciding && decide(&tally) == HT_QUESTION_STATE_UNKNOWN && tally.missing_len == 0)
        miss_text(&tally, HT_S("hulltop"), HT_S("no source answered that could tell"), HT_S(""));
    note_verdicts(&tally);
    if (unit_of(number)->note && decide(&tally) != HT_QUESTION_STATE_UNKNOWN)
        unit_of(number)->note(&tally);
    ht_question_set_state(&question, decide(&tally));
    ht_question_set_partial(&question, tally.deciding > 0 && is_partial(&tally));
    if (question.state == HT_QUESTION_STATE_OFF || question.state == HT_QUESTION_STATE_WAIT)
        ht_question_set_partial(&question, false);
    ht_question_set_missing(
        &question, (struct ht_missing_list){.items = tally.missing, .len = tally.missing_len});
    if (tally.deciding) {
        set_covered(&tally, unit_of(number), ht_question_edit_coverage(&question));
        ht_question_set_covered(
            &question,
            (struct ht_coverage_list){.items = others, .len = cover_others(&tally, others)});
    }
    count_groups(&tally, &question);
    if (tally.answered_at)
        ht_question_set_checked_at(&question, tally.answered_at);
    /* The clock of a recording may be anything. */
    int64_t watched = 0;
    if (asks_over_time(number) && tally.deciding && input->watched_since_ns &&
        !__builtin_sub_overflow(input->now_ns, input->watched_since_ns, &watched) && watched >= 0)
        ht_question_set_watched_s(&question, (uint64_t)(watched / HT_NS_PER_S));
    return ht_row_new(&ht_question_table, &question);
}

void ht_answer(const struct ht_answer_input *input, struct ht_row *questions[HT_QUESTIONS])
{
    for (unsigned number = 1; number <= HT_QUESTIONS; number++) {
        struct ht_row *fresh = answer(input, questions[number - 1], number);

        ht_row_unref(questions[number - 1]);
        questions[number - 1] = fresh;
    }
}
