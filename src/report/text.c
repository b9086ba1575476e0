/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report as lines for a person at a prompt. */
#include "hulltop/report/report.h"

#include <inttypes.h>
#include <string.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/printable.h"
#include "hulltop/model/subject.h"

/* Short ones stand below each other; nothing is cut, for a pipe has no width. */
enum { TITLE_COLS = 58, GONE_MAX = 50 };

static void put(struct ht_buf *out, struct ht_str text)
{
    ht_printable(out, text, 0);
}

/* Text in at least cols columns. */
static void put_column(struct ht_buf *out, struct ht_str text, size_t cols)
{
    size_t used = ht_printable_width(text, 0);

    put(out, text);
    if (used < cols)
        ht_buf_add_n(out, ' ', cols - used);
}

static void put_header(struct ht_buf *out, const struct ht_state *state,
                       const struct ht_report_options *options)
{
    const struct ht_host *host = ht_node_host(state->node);
    char time[HT_TIME_TEXT_MAX];

    const struct ht_row *manifests = ht_node_find(state->node, HT_TABLE_SOURCE, HT_S("manifests"));

    ht_buf_addf(out, "hulltop %s  ", options->version);
    if (manifests)
        put(out, ht_source_of(manifests)->detail);
    else
        put(out, ht_host_has_name(host) ? host->name : HT_S("unknown node"));
    if (ht_host_has_os(host)) {
        ht_buf_add_text(out, "  ");
        put(out, host->os);
    }
    if (ht_host_has_kernel(host)) {
        ht_buf_add_text(out, "  ");
        put(out, host->kernel);
    }
    ht_buf_addf(out, "  %s\n", ht_time_format_utc(state->now_ns, 0, time));
}

/* Where a baseline was given: a line of its findings alone does not count. */
static void put_against(struct ht_buf *out, const struct ht_report_baseline *baseline,
                        struct ht_str key)
{
    struct ht_report_against against;

    if (!baseline->file)
        return;
    against = baseline->of_group(baseline->context, key);
    if (against.fresh && against.accepted)
        ht_buf_addf(out, "  NEW (%zu, and %zu of the baseline)", against.fresh, against.accepted);
    else if (against.fresh || against.accepted)
        ht_buf_add_text(out, against.fresh ? "  NEW" : "  in the baseline");
}

/* Why nobody is alarmed, who said so, and until when it holds. */
static void put_allowed(struct ht_buf *out, const struct ht_finding *finding)
{
    ht_autobuf struct ht_buf allowed = HT_BUF(HT_LIMIT_DOCUMENT);

    ht_finding_put_allowed(&allowed, finding);
    ht_buf_add_text(out, "  ");
    put(out, ht_buf_str(&allowed));
}

/* The columns in front of a title. */
static void put_mark(struct ht_buf *out, enum ht_severity severity, struct ht_str check)
{
    ht_buf_addf(out, "%-2s %-4s  ", ht_severity_glyph(severity), ht_severity_word(severity));
    put_column(out, check, 8);
    ht_buf_add_text(out, "  ");
}

static void put_subject(struct ht_buf *out, const struct ht_finding *finding)
{
    ht_autobuf struct ht_buf subject = HT_BUF(HT_LIMIT_DOCUMENT);

    ht_buf_add_text(out, "  ");
    ht_finding_put_subject(&subject, finding);
    put(out, ht_buf_str(&subject));
}

static void put_group(struct ht_buf *out, const struct ht_report_options *options,
                      const struct ht_group *group, const struct ht_finding *finding)
{
    put_mark(out, group->severity, group->check);
    put_column(out, ht_group_has_title(group) ? group->title : finding->title, TITLE_COLS);
    put_subject(out, finding);
    /* The title of a posture finding says it already. */
    if (!finding->posture && (group->count > 1 || (ht_group_has_total(group) && group->total > 1)))
        ht_buf_addf(out, "  %" PRIu64 " of %" PRIu64, group->count,
                    ht_group_has_total(group) ? group->total : group->count);
    if (ht_finding_has_allowed(finding))
        put_allowed(out, finding);
    else if (ht_group_has_expected(group) && group->expected)
        ht_buf_add_text(out, "  expected");
    put_against(out, &options->baseline, group->key);
    ht_buf_add_c(out, '\n');
}

static int put_group_rows(struct ht_buf *out, const struct ht_report_options *options,
                          const struct ht_report_rows *rows, struct ht_error *err)
{
    for (size_t i = 0; i < rows->groups; i++) {
        ht_autorow struct ht_row *group = NULL;
        ht_autorow struct ht_row *finding = NULL;
        int r = rows->group(rows->context, i, &group, &finding, err);

        if (r < 0)
            return r;
        put_group(out, options, ht_group_of(group), ht_finding_of(finding));
        r = rows->spill(rows->context, out, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static void put_groups(struct ht_buf *out, const struct ht_state *state,
                       const struct ht_report_options *options)
{
    for (size_t i = 0; i < state->groups.len; i++) {
        const struct ht_group *group = ht_group_of(state->groups.rows[i]);
        const struct ht_finding *finding = ht_state_finding(state, group->finding);

        if (finding &&
            (group->question > HT_QUESTIONS || options->questions >> group->question & 1))
            put_group(out, options, group, finding);
    }
}

/* Where nobody could look, or not yet, none found is no number. */
static void put_found(struct ht_buf *out, const struct ht_question *question)
{
    bool unseen =
        question->state == HT_QUESTION_STATE_UNKNOWN || question->state == HT_QUESTION_STATE_WAIT;

    if (!ht_question_has_findings(question) || (question->findings == 0 && unseen))
        return;
    ht_buf_addf(out, "  %" PRIu64 " found%s", question->findings, ht_question_aside(question));
}

static void put_question(struct ht_buf *out, const struct ht_question *question)
{
    ht_autobuf struct ht_buf coverage = HT_BUF(HT_LIMIT_ARG);

    ht_buf_addf(out, "%" PRIu64 " %-10.*s  %-7s", question->number, HT_STR_ARG(question->name),
                ht_question_word(question));
    put_found(out, question);
    ht_question_put_coverage(&coverage, question, "");
    if (coverage.len) {
        ht_buf_add_text(out, "  ");
        ht_buf_add_str(out, ht_buf_str(&coverage));
        if (ht_question_extent(question) == HT_EXTENT_PART)
            ht_buf_add_text(out, " in full");
    }
    ht_buf_add_c(out, '\n');
}

static void put_fact(struct ht_buf *out, const struct ht_question *question,
                     const struct ht_missing *missing)
{
    ht_buf_addf(out, "     %s", ht_question_lead(question, missing));
    ht_missing_put(out, missing, 0);
    if (ht_missing_has_help(missing) && missing->help.len) {
        ht_buf_add_text(out, "; ");
        put(out, missing->help);
    }
}

/* The first reason for which a question is not fully answered, and where the others are. */
static void put_missing(struct ht_buf *out, const struct ht_question *question)
{
    for (size_t i = 0; i < question->missing.len; i++) {
        const struct ht_missing *missing = &question->missing.items[i];

        if (i && !(ht_missing_has_decides(missing) && missing->decides))
            continue;
        put_fact(out, question, missing);
        if (question->missing.len > 1)
            ht_buf_addf(out, "  (and %zu more: --format json)", question->missing.len - 1);
        ht_buf_add_c(out, '\n');
        return;
    }
}

/* Whether an asked question misses this source. */
static bool is_missed(const struct ht_state *state, const struct ht_report_options *options,
                      struct ht_str name)
{
    for (unsigned number = 1; number <= HT_QUESTIONS; number++) {
        const struct ht_question *question = ht_state_question(state, number);

        for (size_t i = 0; options->questions >> number & 1 && i < question->missing.len; i++) {
            if (ht_missing_is_unknown(&question->missing.items[i]) &&
                ht_str_equal(question->missing.items[i].source, name))
                return true;
        }
    }
    return false;
}

/* Nothing to tell: it answers, or is off for good, or is not on this node and nobody misses it.
 * What somebody switched off has a help. */
static bool is_fine(const struct ht_state *state, const struct ht_report_options *options,
                    const struct ht_source *source)
{
    if (source->state == HT_SOURCE_STATE_ABSENT)
        return !is_missed(state, options, source->name);
    if (source->state == HT_SOURCE_STATE_OFF)
        return source->help.len == 0;
    return source->state == HT_SOURCE_STATE_OK;
}

static void put_sources(struct ht_buf *out, const struct ht_state *state,
                        const struct ht_report_options *options)
{
    const struct ht_rowset *sources = ht_node_set(state->node, HT_TABLE_SOURCE);

    for (size_t i = 0; i < sources->len; i++) {
        const struct ht_source *source = ht_source_of(sources->rows[i]);

        if (is_fine(state, options, source))
            continue;
        ht_buf_add_text(out, "source ");
        put(out, source->name);
        ht_buf_addf(out, " %s", ht_enum_name(&ht_source_state_enum, source->state));
        if (ht_source_has_detail(source)) {
            ht_buf_add_text(out, ": ");
            put(out, source->detail);
        }
        if (ht_source_has_help(source) && source->help.len) {
            ht_buf_add_text(out, "; ");
            put(out, source->help);
        }
        ht_buf_add_c(out, '\n');
    }
}

/* Whether it is over is not known: what a silent source told stands there, too. */
static void put_gone(struct ht_buf *out, const struct ht_rowset *gone)
{
    for (size_t i = 0; i < gone->len && i < GONE_MAX; i++) {
        const struct ht_finding *finding = ht_finding_of(gone->rows[i]);

        ht_buf_add_text(out, "  not seen any more: ");
        put_mark(out, finding->severity, finding->check);
        put(out, finding->title);
        put_subject(out, finding);
        ht_buf_add_c(out, '\n');
    }
    if (gone->len > GONE_MAX)
        ht_buf_addf(out, "  and %zu more are not seen any more\n", gone->len - GONE_MAX);
}

static void put_baseline(struct ht_buf *out, const struct ht_report_baseline *baseline)
{
    const struct ht_report_against *counts = &baseline->counts;

    if (!baseline->file)
        return;
    ht_buf_add_text(out, "baseline ");
    put(out, ht_str_from(baseline->file));
    ht_buf_addf(out, ": %zu of its %zu findings %s still there and %s not count; ",
                counts->accepted, baseline->known, counts->accepted == 1 ? "is" : "are",
                counts->accepted == 1 ? "does" : "do");
    if (counts->fresh)
        ht_buf_addf(out, "%zu %s new\n", counts->fresh, counts->fresh == 1 ? "is" : "are");
    else
        ht_buf_add_text(out, "nothing is new\n");
    if (baseline->gone)
        put_gone(out, baseline->gone);
}

int ht_report_text_rows(struct ht_buf *out, const struct ht_state *state,
                        const struct ht_report_options *options, const struct ht_report_rows *rows,
                        struct ht_error *err)
{
    put_header(out, state, options);
    put_groups(out, state, options);
    if (rows) {
        int r = put_group_rows(out, options, rows, err);

        if (r < 0)
            return r;
    }
    for (unsigned number = 1; number <= HT_QUESTIONS; number++) {
        const struct ht_question *question = ht_state_question(state, number);

        if (!(options->questions >> number & 1))
            continue;
        put_question(out, question);
        put_missing(out, question);
    }
    put_sources(out, state, options);
    put_baseline(out, &options->baseline);
    return 0;
}

void ht_report_text(struct ht_buf *out, const struct ht_state *state,
                    const struct ht_report_options *options)
{
    ht_report_text_rows(out, state, options, NULL, NULL);
}

/* ---- doctor ---- */

/* What went wrong may begin with the name of what it went wrong with; a socket's is its path. */
static bool names_object(const struct ht_source *source)
{
    static const struct ht_str scheme = HT_STR("unix://");
    struct ht_str object = source->object;

    if (ht_str_equal(ht_str_sub(source->detail, 0, object.len), object))
        return true;
    if (!ht_str_equal(ht_str_sub(object, 0, scheme.len), scheme))
        return false;
    object = ht_str_sub(object, scheme.len, object.len);
    return ht_str_equal(ht_str_sub(source->detail, 0, object.len), object);
}

static void put_wrapped_source(struct ht_buf *out, const struct ht_source *source)
{
    put_column(out, source->name, 12);
    ht_buf_addf(out, " %-7s ", ht_enum_name(&ht_source_state_enum, source->state));
    if (ht_source_has_object(source) && source->object.len && !names_object(source)) {
        put(out, source->object);
        ht_buf_add_text(out, ": ");
    }
    put(out, ht_source_has_detail(source) ? source->detail : HT_S("no answer yet"));
    ht_buf_add_c(out, '\n');
    if (ht_source_has_help(source) && source->help.len) {
        ht_buf_add_n(out, ' ', 21);
        ht_buf_add_text(out, "-> ");
        put(out, source->help);
        ht_buf_add_c(out, '\n');
    }
}

void ht_report_doctor(struct ht_buf *out, const struct ht_state *state)
{
    const struct ht_host *host = ht_node_host(state->node);
    const struct ht_rowset *sources = ht_node_set(state->node, HT_TABLE_SOURCE);

    ht_buf_add_text(out, "What can be seen from here");
    if (ht_host_has_user(host) && ht_host_has_uid(host)) {
        ht_buf_add_text(out, ", as user ");
        put(out, host->user);
        ht_buf_addf(out, " (uid %" PRIu64 ")", host->uid);
    }
    ht_buf_add_text(out, ":\n\n");
    for (size_t i = 0; i < sources->len; i++)
        put_wrapped_source(out, ht_source_of(sources->rows[i]));
    ht_buf_add_text(out, "\nSo the questions stand like this:\n\n");
    for (unsigned number = 1; number <= HT_QUESTIONS; number++) {
        const struct ht_question *question = ht_state_question(state, number);

        put_question(out, question);
        for (size_t i = 0; i < question->missing.len; i++) {
            put_fact(out, question, &question->missing.items[i]);
            ht_buf_add_c(out, '\n');
        }
    }
    if (ht_host_has_uid(host) && host->uid != 0)
        ht_buf_add_text(out, "\nTo see more (you decide; nothing is changed by this program):\n\n"
                             "  sudo hulltop        all of /proc, and the runtimes' sockets\n");
}
