/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words and marks that every face uses. */
#include "hulltop/report/report.h"

#include <inttypes.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/printable.h"

static const struct {
    const char *glyph;
    const char *word;
} severities[] = {
    [HT_SEVERITY_CRITICAL] = {"!!", "CRIT"}, [HT_SEVERITY_HIGH] = {"!", "HIGH"},
    [HT_SEVERITY_MEDIUM] = {"*", "MED"},     [HT_SEVERITY_LOW] = {"-", "LOW"},
    [HT_SEVERITY_INFO] = {".", "INFO"},
};

const char *ht_severity_glyph(enum ht_severity severity)
{
    return (size_t)severity < ARRAY_LEN(severities) ? severities[severity].glyph : "?";
}

const char *ht_severity_word(enum ht_severity severity)
{
    return (size_t)severity < ARRAY_LEN(severities) ? severities[severity].word : "?";
}

const char *ht_question_word(const struct ht_question *question)
{
    bool weak = ht_question_has_partial(question) && question->partial;

    switch (question->state) {
    case HT_QUESTION_STATE_FAIL:
        return weak ? "FAIL~" : "FAIL";
    case HT_QUESTION_STATE_WARN:
        return weak ? "WARN~" : "WARN";
    case HT_QUESTION_STATE_PART:
        return "PARTIAL";
    case HT_QUESTION_STATE_NA:
        return "N/A";
    case HT_QUESTION_STATE_OFF:
    case HT_QUESTION_STATE_WAIT:
    case HT_QUESTION_STATE_UNKNOWN:
    case HT_QUESTION_STATE_STALE:
    case HT_QUESTION_STATE_PASS:
        return ht_enum_name(&ht_question_state_enum, question->state);
    }
    return "?";
}

const char *ht_question_aside(const struct ht_question *question)
{
    if (question->findings == 0 ||
        (question->state != HT_QUESTION_STATE_PASS && question->state != HT_QUESTION_STATE_NA))
        return "";
    return question->findings == 1 ? ", changes no answer" : ", change no answer";
}

static bool is_counted(const struct ht_coverage *coverage)
{
    return ht_coverage_has_seen(coverage) && ht_coverage_has_total(coverage);
}

static bool is_lacking(const struct ht_coverage *coverage)
{
    return coverage->seen < coverage->total;
}

/* The first kind is the question's own. */
static const struct ht_coverage *coverage_at(const struct ht_question *question, size_t i)
{
    return i == 0 ? &question->coverage : &question->covered.items[i - 1];
}

/* Where a runtime does not answer there may be containers that nobody knows: all of those that are
 * known is not all. */
static bool is_of_known(const struct ht_question *question, const struct ht_coverage *coverage)
{
    bool whole =
        question->state == HT_QUESTION_STATE_PASS || question->state == HT_QUESTION_STATE_NA ||
        ((question->state == HT_QUESTION_STATE_FAIL || question->state == HT_QUESTION_STATE_WARN) &&
         !question->partial);

    return !whole && !is_lacking(coverage) && ht_str_is(coverage->unit, "containers");
}

void ht_question_put_coverage(struct ht_buf *out, const struct ht_question *question,
                              const char *mark)
{
    const size_t kinds = 1 + question->covered.len;
    const char *between = "";

    if (!ht_question_has_coverage(question) || !is_counted(&question->coverage))
        return;
    /* Once around for what lacks something, and once for the others. */
    for (size_t i = 0; i < 2 * kinds; i++) {
        const struct ht_coverage *coverage = coverage_at(question, i % kinds);

        if (!is_counted(coverage) || coverage->total == 0 || is_lacking(coverage) != (i < kinds))
            continue;
        ht_buf_addf(out, "%s%" PRIu64 " of %" PRIu64 " %s", between, coverage->seen,
                    coverage->total, is_of_known(question, coverage) ? "known " : "");
        ht_printable(out, coverage->unit, 0);
        ht_buf_add_text(out, !*between && is_lacking(coverage) ? mark : "");
        between = ", ";
    }
    if (*between || question->state == HT_QUESTION_STATE_WAIT)
        return;
    /* None of none is neither all nor nothing: whether there are any, the state says. */
    ht_buf_add_text(out, "no ");
    ht_printable(out, question->coverage.unit, 0);
    ht_buf_add_text(out, question->state == HT_QUESTION_STATE_NA ? " here" : " seen");
}

void ht_finding_put_allowed(struct ht_buf *out, const struct ht_finding *finding)
{
    char until[HT_TIME_TEXT_MAX];

    ht_buf_addf(out, "allowed until %.10s by %.*s: %.*s",
                ht_time_format_utc(finding->allowed_until, 0, until),
                HT_STR_ARG(finding->allowed_by), HT_STR_ARG(finding->allowed));
}

enum ht_extent ht_question_extent(const struct ht_question *question)
{
    bool some = false, lacking = false;

    if (!ht_question_has_coverage(question))
        return HT_EXTENT_NONE;
    for (size_t i = 0; i <= question->covered.len; i++) {
        const struct ht_coverage *coverage = coverage_at(question, i);

        some = some || coverage->total > 0;
        lacking = lacking || is_lacking(coverage);
    }
    return lacking ? HT_EXTENT_PART : some ? HT_EXTENT_ALL : HT_EXTENT_NONE;
}

bool ht_question_has_reason(const struct ht_question *question)
{
    switch (question->state) {
    case HT_QUESTION_STATE_FAIL:
    case HT_QUESTION_STATE_WARN:
    case HT_QUESTION_STATE_PASS:
    case HT_QUESTION_STATE_NA:
        return false;
    case HT_QUESTION_STATE_OFF:
    case HT_QUESTION_STATE_WAIT:
    case HT_QUESTION_STATE_UNKNOWN:
    case HT_QUESTION_STATE_STALE:
    case HT_QUESTION_STATE_PART:
        return question->missing.len > 0;
    }
    return false;
}

const char *ht_question_nothing(const struct ht_question *question)
{
    switch (question->state) {
    case HT_QUESTION_STATE_OFF:
        return "OFF: this question is not asked.";
    case HT_QUESTION_STATE_WAIT:
        return "WAIT: no answer yet.";
    case HT_QUESTION_STATE_UNKNOWN:
        return "UNKNOWN: nothing that decides could be looked at. This is not a pass.";
    case HT_QUESTION_STATE_STALE:
        return "STALE: the answer is old. Nothing was found when it was fresh.";
    case HT_QUESTION_STATE_PART:
        return "PARTIAL: nothing found in the part that could be looked at.";
    case HT_QUESTION_STATE_NA:
        return "N/A: what this question asks about is proven not to be here.";
    case HT_QUESTION_STATE_FAIL:
    case HT_QUESTION_STATE_WARN:
    case HT_QUESTION_STATE_PASS:
        return NULL;
    }
    return NULL;
}

void ht_missing_put(struct ht_buf *out, const struct ht_missing *missing, unsigned flags)
{
    ht_printable(out, missing->source, flags);
    if (missing->source.len)
        ht_buf_add_text(out, ": ");
    ht_printable(out, missing->reason, flags);
}

bool ht_missing_is_unknown(const struct ht_missing *missing)
{
    return ht_missing_has_decides(missing);
}

const char *ht_question_lead(const struct ht_question *question, const struct ht_missing *missing)
{
    if (ht_question_has_reason(question))
        return "";
    return ht_missing_is_unknown(missing) ? "not known: " : "note: ";
}

size_t ht_question_unknowns(const struct ht_question *question)
{
    size_t count = 0;

    for (size_t i = 0; i < question->missing.len; i++)
        count += ht_missing_is_unknown(&question->missing.items[i]);
    return count;
}

void ht_age_text(struct ht_buf *out, int64_t age_ns)
{
    int64_t seconds = age_ns < 0 ? 0 : age_ns / HT_NS_PER_S;

    if (seconds < 100)
        ht_buf_addf(out, "%" PRId64 "s", seconds);
    else if (seconds < 100 * 60)
        ht_buf_addf(out, "%" PRId64 "m", seconds / 60);
    else if (seconds < 48 * 3600)
        ht_buf_addf(out, "%" PRId64 "h", seconds / 3600);
    else
        ht_buf_addf(out, "%" PRId64 "d", seconds / 86400);
}
