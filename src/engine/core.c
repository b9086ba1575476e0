/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One step after the other: node, verdicts, findings, ledger, answers, state. */
#include "hulltop/engine/core.h"

#include <stdio.h>
#include <string.h>

#include "ledger.h"
#include "looks.h"
#include "past-builds.h"
#include "timeline.h"

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/model/subject.h"
#include "hulltop/check/allow.h"
#include "hulltop/check/fold.h"

/* A confirmation alone makes a new state no more often than this. */
#define CONFIRM_GAP_NS (5 * HT_NS_PER_S)
/* A source whose answer is older than so many of its intervals is STALE. */
#define STALE_INTERVALS 3
/* But none is called so for less: on a busy machine a source of one second is late now and then. */
#define STALE_LEAST_NS (10 * HT_NS_PER_S)
/* An answer whose wall time is this far from what its age says is dated anew. */
#define DATE_APART_NS (2 * HT_NS_PER_S)
/* Much stays as it is once all sources have answered, and more when they have looked again; what
 * changes later leaves holes too. */
#define TRIM_SOON_NS (10 * HT_NS_PER_S)
#define TRIM_GAP_NS  (15 * HT_NS_PER_S)
/* Source events kept in the node, for recordings. */
#define NODE_EVENTS 256

struct ht_core {
    struct ht_core_options options;
    struct ht_joiner *joiner;
    struct ht_looks *looks;
    struct ht_ledger *ledger;
    struct ht_past_builds *past_builds;
    struct ht_timeline *timeline;
    uint64_t serial;

    /* What the last state was made from. */
    struct ht_node **samples; /* references */
    size_t samples_len;
    struct ht_node *given; /* the node of a replay, a reference */
    struct ht_node *node;  /* as published */
    struct ht_state *state;
    uint64_t ledger_version, timeline_version;
    bool complete;
    int64_t settled_ns; /* wall time of the first complete pass, 0: not yet */
    int64_t settled_mono_ns;
    int64_t confirmed_state_ns;         /* monotonic */
    int64_t trim_ns;                    /* monotonic, when memory is given back next */
    struct ht_rowset folded;            /* the findings before the ledger had them */
    int64_t folded_ns, folded_until_ns; /* wall time: since and until when they are those */

    struct ht_rowset events; /* the newest source events, oldest first */
};

struct ht_core *ht_core_new(const struct ht_core_options *options)
{
    struct ht_core *core = ht_new0(struct ht_core);

    core->options = *options;
    core->joiner = ht_joiner_new(options->facts);
    core->looks = ht_looks_new(options->facts, options->questions);
    core->ledger = ht_ledger_new();
    core->past_builds = ht_past_builds_new();
    core->timeline = ht_timeline_new();
    return core;
}

static void forget_inputs(struct ht_core *core)
{
    for (size_t i = 0; i < core->samples_len; i++)
        ht_node_unref(core->samples[i]);
    free(core->samples);
    core->samples = NULL;
    core->samples_len = 0;
    core->given = ht_node_unref(core->given);
    core->node = ht_node_unref(core->node);
    core->state = ht_state_unref(core->state);
    ht_rowset_fini(&core->folded);
    ht_rowset_fini(&core->events);
}

struct ht_core *ht_core_free(struct ht_core *core)
{
    if (!core)
        return NULL;
    forget_inputs(core);
    ht_joiner_free(core->joiner);
    ht_looks_free(core->looks);
    ht_ledger_free(core->ledger);
    ht_past_builds_free(core->past_builds);
    ht_timeline_free(core->timeline);
    free(core);
    return NULL;
}

void ht_core_reset(struct ht_core *core)
{
    forget_inputs(core);
    ht_looks_reset(core->looks);
    ht_ledger_reset(core->ledger);
    ht_past_builds_reset(core->past_builds);
    ht_timeline_reset(core->timeline);
    core->serial = 0;
    core->complete = false;
    core->settled_ns = 0;
    core->confirmed_state_ns = 0;
}

void ht_core_open(struct ht_core *core, struct ht_str finding)
{
    ht_ledger_open(core->ledger, finding);
}

void ht_core_acknowledge(struct ht_core *core, struct ht_str finding, struct ht_str reason)
{
    ht_ledger_acknowledge(core->ledger, finding, reason);
}

void ht_core_write_acknowledged(const struct ht_core *core, struct ht_buf *out)
{
    ht_ledger_write(core->ledger, out);
}

int ht_core_read_acknowledged(struct ht_core *core, struct ht_str text, const char *name,
                              struct ht_error *err)
{
    return ht_ledger_read(core->ledger, text, name, err);
}

/* ---- inputs ---- */

static bool same_inputs(const struct ht_core *core, const struct ht_step *step)
{
    if (step->node)
        return core->given == step->node;
    if (!core->samples || core->samples_len != step->samples_len)
        return false;
    for (size_t i = 0; i < step->samples_len; i++) {
        if (core->samples[i] != step->samples[i])
            return false;
    }
    return true;
}

static void remember_inputs(struct ht_core *core, const struct ht_step *step)
{
    struct ht_node **samples = NULL;

    if (!step->node) {
        samples = ht_new_array(struct ht_node *, step->samples_len);
        for (size_t i = 0; i < step->samples_len; i++)
            samples[i] = step->samples[i] ? ht_node_ref(step->samples[i]) : NULL;
    }
    for (size_t i = 0; i < core->samples_len; i++)
        ht_node_unref(core->samples[i]);
    free(core->samples);
    core->samples = samples;
    core->samples_len = step->node ? 0 : step->samples_len;

    struct ht_node *given = step->node ? ht_node_ref(step->node) : NULL;
    ht_node_unref(core->given);
    core->given = given;
}

/* New source events go to the timeline, and into the ring that recordings are made from. */
static void take_event(struct ht_core *core, struct ht_row *row)
{
    ht_timeline_add(core->timeline, ht_row_ref(row));
    /* What became of a file is of this run alone. */
    if (ht_event_of(row)->kind == HT_EVENT_KIND_MESSAGE) {
        ht_row_unref(row);
        return;
    }
    if (core->events.len == NODE_EVENTS) {
        ht_row_unref(core->events.rows[0]);
        core->events.len--;
        memmove(core->events.rows, core->events.rows + 1,
                core->events.len * sizeof(*core->events.rows));
    }
    ht_rowset_add(&core->events, row);
}

static bool is_known_event(const struct ht_core *core, struct ht_str id)
{
    for (size_t i = 0; i < core->events.len; i++) {
        if (ht_str_equal(ht_row_id(core->events.rows[i]), id))
            return true;
    }
    return false;
}

static void take_events(struct ht_core *core, const struct ht_step *step)
{
    if (step->events) {
        for (size_t i = 0; i < step->events->len; i++)
            take_event(core, step->events->rows[i]);
        step->events->len = 0;
        ht_rowset_fini(step->events);
    }
    if (step->node) {
        const struct ht_rowset *recorded = ht_node_set(step->node, HT_TABLE_EVENT);

        for (size_t i = 0; i < recorded->len; i++) {
            if (!is_known_event(core, ht_row_id(recorded->rows[i])))
                take_event(core, ht_row_ref(recorded->rows[i]));
        }
    }
}

/* ---- the source rows, which age ---- */

/* For how long nothing was heard about the sample that holds this source row; -1: unknown. */
static int64_t age_of(const struct ht_step *step, struct ht_str source)
{
    for (size_t i = 0; step->said_ns && i < step->samples_len; i++) {
        if (step->samples[i] && ht_node_find(step->samples[i], HT_TABLE_SOURCE, source))
            return step->said_ns[i] ? step->mono_ns - step->said_ns[i] : -1;
    }
    return -1;
}

/* The wall time that an answer of this age has, as the clock goes now. */
static void date(struct ht_source *source, int64_t now_ns, int64_t age_ns)
{
    int64_t at = now_ns - age_ns;
    int64_t apart = at > source->answered_at ? at - source->answered_at : source->answered_at - at;

    /* Whole seconds: it would else be another time at every look. */
    if (apart > DATE_APART_NS)
        ht_source_set_answered_at(source, at - at % HT_NS_PER_S);
}

static struct ht_row *aged_source(const struct ht_step *step, const struct ht_row *row)
{
    struct ht_source source = *ht_source_of(row);
    int64_t age = age_of(step, source.id);

    if (!ht_source_has_answered_at(&source) || !ht_source_is_good(&source) || age < 0)
        return ht_row_ref(row);
    date(&source, step->now_ns, age);
    if (ht_source_has_interval(&source) && source.interval > 0 &&
        age > STALE_INTERVALS * source.interval && age > STALE_LEAST_NS) {
        ht_source_set_state(&source, HT_SOURCE_STATE_STALE);
        ht_source_set_help(&source, HT_S("the last answer stays on screen; it is asked again"));
    }
    return ht_row_keep(row, ht_row_new(&ht_source_table, &source));
}

/* Replaces source rows by aged ones. */
static void age_sources(struct ht_rowset *sources, const struct ht_step *step)
{
    for (size_t i = 0; i < sources->len; i++) {
        struct ht_row *aged = aged_source(step, sources->rows[i]);

        ht_row_unref(sources->rows[i]);
        sources->rows[i] = aged;
    }
}

/* True if time alone changed the state word of a source since the last node. */
static bool source_state_changed(const struct ht_core *core, const struct ht_rowset *now)
{
    const struct ht_rowset *then = ht_node_set(core->node, HT_TABLE_SOURCE);

    if (now->len != then->len)
        return true;
    for (size_t i = 0; i < now->len; i++) {
        if (ht_source_of(now->rows[i])->state != ht_source_of(then->rows[i])->state)
            return true;
    }
    return false;
}

static void tell_sources(struct ht_core *core, const struct ht_node *node, int64_t now_ns)
{
    const struct ht_rowset *sources = ht_node_set(node, HT_TABLE_SOURCE);

    for (size_t i = 0; i < sources->len; i++) {
        const struct ht_source *now = ht_source_of(sources->rows[i]);
        const struct ht_row *before =
            core->node ? ht_node_find(core->node, HT_TABLE_SOURCE, now->id) : NULL;
        struct ht_event event = {0};
        char text[HT_ERROR_TEXT_MAX];

        if (!before || ht_source_of(before)->state == now->state)
            continue;
        snprintf(text, sizeof(text), "%.*s: %s -> %s%s%.*s", HT_STR_ARG(now->name),
                 ht_enum_name(&ht_source_state_enum, ht_source_of(before)->state),
                 ht_enum_name(&ht_source_state_enum, now->state),
                 ht_source_has_detail(now) ? ": " : "", HT_STR_ARG(now->detail));
        ht_event_set_kind(&event, HT_EVENT_KIND_SOURCE_STATE);
        ht_event_set_text(&event, ht_str_from(text));
        ht_event_set_source(&event, now->id);
        ht_timeline_tell(core->timeline, &event, now_ns);
    }
}

/* ---- the step ---- */

/* The source rows as the samples have them, as old as they are now. */
static void read_sources(const struct ht_step *step, struct ht_rowset *ret_sources)
{
    for (size_t i = 0; i < step->samples_len; i++) {
        if (step->samples[i])
            ht_rowset_share(ret_sources, ht_node_set(step->samples[i], HT_TABLE_SOURCE));
    }
    ht_rowset_sort(ret_sources);
    age_sources(ret_sources, step);
}

/* The last node again with those source rows, which it takes: nothing else has changed. */
static struct ht_node *same_node(const struct ht_core *core, const struct ht_step *step,
                                 struct ht_rowset *sources)
{
    struct ht_node *node = ht_node_share(core->node);

    ht_rowset_fini(&node->sets[HT_TABLE_SOURCE]);
    node->sets[HT_TABLE_SOURCE] = *sources;
    *sources = (struct ht_rowset){0};
    node->taken_at = step->now_ns;
    return node;
}

static struct ht_node *make_node(struct ht_core *core, const struct ht_step *step)
{
    struct ht_node *node;

    if (step->node) {
        node = ht_node_share(step->node);
    } else {
        node = ht_joiner_join(core->joiner, step->samples, step->samples_len, step->now_ns);
        age_sources(&node->sets[HT_TABLE_SOURCE], step);
        ht_past_builds_apply(core->past_builds, node, step->now_ns);
    }
    node->taken_at = step->now_ns;
    ht_rowset_fini(&node->sets[HT_TABLE_EVENT]);
    ht_rowset_share(&node->sets[HT_TABLE_EVENT], &core->events);
    ht_node_sort(node);
    return node;
}

static void note_trend(struct ht_core *core, const struct ht_rowset *findings, int64_t now_ns)
{
    uint8_t worst[HT_QUESTIONS];

    memset(worst, 255, sizeof(worst));
    for (size_t i = 0; i < findings->len; i++) {
        const struct ht_finding *finding = ht_finding_of(findings->rows[i]);

        if (finding->question >= 1 && finding->question <= HT_QUESTIONS &&
            (uint8_t)finding->severity < worst[finding->question - 1])
            worst[finding->question - 1] = (uint8_t)finding->severity;
    }
    ht_timeline_trend(core->timeline, worst, now_ns);
}

/* Wall time since when it is watched, 0: not yet. Live, the wall clock may have been set meanwhile.
 */
static int64_t watched_since(const struct ht_core *core, const struct ht_step *step)
{
    if (step->node || !core->settled_ns)
        return core->settled_ns;
    return step->now_ns - (step->mono_ns - core->settled_mono_ns);
}

/* Folds anew; of what is found again the row stays, so that nobody makes anything of it again. */
static void fold_anew(struct ht_core *core, const struct ht_node *node)
{
    struct ht_rowset before = core->folded;
    struct ht_rowset *now = &core->folded;

    *now = (struct ht_rowset){0};
    ht_fold_findings(node, core->options.facts, ht_looks_verdicts(core->looks), now);
    for (size_t i = 0; i < now->len; i++)
        now->rows[i] =
            ht_row_keep_derived(ht_rowset_find(&before, ht_row_id(now->rows[i])), now->rows[i]);
    ht_rowset_fini(&before);
}

/* The findings as the checks have them: those of the step before while nothing moved. */
static void fold(struct ht_core *core, const struct ht_node *node, struct ht_rowset *ret_findings)
{
    const struct ht_facts *facts = core->options.facts;
    int64_t now_ns = node->taken_at;

    if (ht_looks_moved(core->looks) || now_ns < core->folded_ns ||
        now_ns >= core->folded_until_ns) {
        fold_anew(core, node);
        core->folded_ns = now_ns;
        core->folded_until_ns = ht_facts_allowed_until(facts, now_ns);
    }
    ht_rowset_share(ret_findings, &core->folded);
}

/* The lines of ordered findings: those of the state before where that had the same. */
static void group(const struct ht_core *core, struct ht_state *state)
{
    const struct ht_state *before = core->state;

    if (before && ht_rowset_same(&before->findings, &state->findings))
        ht_rowset_share(&state->groups, &before->groups);
    else
        ht_fold_groups(&state->findings, &state->groups);
}

/* The next state from this node (consumed); NULL: stopped. */
static struct ht_state *make_state(struct ht_core *core, const struct ht_step *step,
                                   struct ht_node *node)
{
    struct ht_state *state = ht_state_new(node);

    state->serial = ++core->serial;
    state->now_ns = step->now_ns;
    state->mono_ns = step->mono_ns;
    state->origin = core->options.origin;
    state->complete = step->complete;

    if (!ht_looks_look(core->looks, node, &core->options.stop))
        return ht_state_unref(state);
    fold(core, node, &state->findings);
    ht_ledger_apply(core->ledger, &state->findings,
                    &(struct ht_ledger_pass){.node = node,
                                             .verdicts = ht_looks_verdicts(core->looks),
                                             .held = &state->held,
                                             .settled = core->settled_ns != 0,
                                             .now_ns = step->now_ns},
                    core->timeline);
    ht_fold_order(&state->findings, core->settled_ns);
    group(core, state);
    if (step->complete && !core->settled_ns) {
        core->settled_ns = step->now_ns;
        core->settled_mono_ns = step->mono_ns;
    }
    ht_answer(&(struct ht_answer_input){.node = node,
                                        .verdicts = ht_looks_verdicts(core->looks),
                                        .findings = &state->findings,
                                        .groups = &state->groups,
                                        .questions = core->options.questions,
                                        .complete = step->complete,
                                        .origin = core->options.origin,
                                        .watched_since_ns = watched_since(core, step),
                                        .now_ns = step->now_ns},
              state->questions);
    note_trend(core, &state->findings, step->now_ns);
    ht_timeline_fill(core->timeline, state);
    return state;
}

/* Keeps what the next step compares with, and gives the state out. */
static struct ht_state *give_out(struct ht_core *core, const struct ht_step *step,
                                 struct ht_state *state)
{
    struct ht_node *node = ht_node_ref(state->node);

    ht_node_unref(core->node);
    core->node = node;
    ht_state_unref(core->state);
    core->state = state;
    core->ledger_version = ht_ledger_version(core->ledger);
    core->timeline_version = ht_timeline_version(core->timeline);
    if (step->complete && (!core->complete || step->mono_ns >= core->trim_ns)) {
        core->trim_ns = step->mono_ns + (core->complete ? TRIM_GAP_NS : TRIM_SOON_NS);
        ht_mem_trim();
    }
    core->complete = step->complete;
    core->confirmed_state_ns = step->mono_ns;
    return ht_state_ref(state);
}

struct ht_state *ht_core_step(struct ht_core *core, const struct ht_step *step)
{
    take_events(core, step);

    bool quiet = core->state && same_inputs(core, step) && core->complete == step->complete &&
                 core->ledger_version == ht_ledger_version(core->ledger) &&
                 core->timeline_version == ht_timeline_version(core->timeline);
    /* A moving clock alone matters only for sources that get old or were confirmed. */
    if (quiet && (step->node || step->mono_ns - core->confirmed_state_ns < HT_NS_PER_S))
        return NULL;

    struct ht_rowset sources = {0};
    if (quiet)
        read_sources(step, &sources);
    if (quiet && step->mono_ns - core->confirmed_state_ns < CONFIRM_GAP_NS &&
        !source_state_changed(core, &sources)) {
        ht_rowset_fini(&sources);
        return NULL;
    }

    struct ht_node *node = quiet ? same_node(core, step, &sources) : make_node(core, step);
    tell_sources(core, node, step->now_ns);
    remember_inputs(core, step);

    struct ht_state *state = make_state(core, step, node);
    return state ? give_out(core, step, state) : NULL;
}

struct ht_state *ht_core_again(struct ht_core *core)
{
    if (!core->state)
        return NULL;

    struct ht_state *again = ht_state_new(ht_node_ref(core->state->node));
    again->serial = ++core->serial;
    again->now_ns = core->state->now_ns;
    again->mono_ns = core->state->mono_ns;
    again->origin = core->state->origin;
    again->complete = core->state->complete;
    ht_rowset_share(&again->findings, &core->state->findings);
    ht_rowset_share(&again->held, &core->state->held);
    ht_rowset_share(&again->groups, &core->state->groups);
    ht_rowset_share(&again->events, &core->state->events);
    again->events_folded = core->state->events_folded;
    memcpy(again->trend, core->state->trend, sizeof(again->trend));
    for (unsigned i = 0; i < HT_QUESTIONS; i++) {
        ht_row_unref(again->questions[i]);
        again->questions[i] = ht_row_ref(core->state->questions[i]);
    }
    return again;
}
