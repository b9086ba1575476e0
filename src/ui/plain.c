/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plain lines, for screen readers, dumb terminals and serial lines: never a redraw. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/printable.h"
#include "hulltop/base/vec.h"
#include "hulltop/model/subject.h"
#include "hulltop/report/report.h"
#include "hulltop/ui/ui.h"
#include "view.h"

enum { FINDINGS_SHOWN = 40 };

/* What was said of a question last. */
struct told {
    enum ht_question_state state;
    const char *word; /* static */
    uint64_t findings;
};

struct ht_plain {
    struct ht_ui_options options;
    struct ht_ui_calls calls;
    struct ht_state *state;             /* the last one; NULL: none yet */
    struct told told[HT_QUESTIONS + 1]; /* by number */
    bool settled;                       /* every source had answered or failed in a state before */
    unsigned listed;                    /* question of the last list, for :open */
    struct ht_views *views;
    const struct ht_view *first; /* is listed once every source has answered; NULL: nothing */
};

int ht_plain_new(const struct ht_ui_options *options, const struct ht_ui_calls *calls,
                 struct ht_plain **ret_plain, struct ht_error *err)
{
    struct ht_plain *plain = ht_new0(struct ht_plain);
    int r = ht_views_load(options->view_dirs, &plain->views, err);

    plain->options = *options;
    plain->calls = *calls;
    if (r == 0)
        r = ht_views_find_first(plain->views, options->open, &plain->first, err);
    if (r < 0) {
        ht_plain_free(plain);
        return r;
    }
    *ret_plain = plain;
    return 0;
}

struct ht_plain *ht_plain_free(struct ht_plain *plain)
{
    if (plain) {
        ht_state_unref(plain->state);
        ht_views_free(plain->views);
    }
    free(plain);
    return NULL;
}

static bool is_asked(const struct ht_plain *plain, unsigned number)
{
    return plain->options.questions == 0 || number > HT_QUESTIONS ||
           (plain->options.questions >> number & 1);
}

static unsigned print_flags(const struct ht_plain *plain)
{
    return plain->options.utf8 ? 0 : HT_PRINT_ASCII;
}

static void put(const struct ht_plain *plain, struct ht_buf *out, struct ht_str text)
{
    ht_printable(out, text, print_flags(plain));
}

/* ---- sentences ---- */

/* What was found and cannot be looked at is neither there nor over. */
static void put_held(const struct ht_plain *plain, struct ht_buf *out, unsigned number)
{
    int64_t last;
    size_t held = ht_state_held(plain->state, number, &last);
    char time[HT_TIME_TEXT_MAX];

    if (held)
        ht_buf_addf(out, ", %zu held, last seen %s", held, ht_time_format_utc(last, 0, time));
}

static void put_question(const struct ht_plain *plain, struct ht_buf *out,
                         const struct ht_question *question)
{
    unsigned number = (unsigned)question->number;

    ht_buf_addf(out, "%u. %s %s", number, ht_question_title(number), ht_question_word(question));
    if (question->state == HT_QUESTION_STATE_WAIT && ht_question_has_progress(question))
        ht_buf_addf(out, ", %" PRIu64 " percent looked at", question->progress);
    else if (ht_question_has_findings(question) && question->findings > 0)
        ht_buf_addf(out, ", %" PRIu64 " found, %" PRIu64 " new%s", question->findings,
                    question->new, ht_question_aside(question));
    put_held(plain, out, number);
    if (question->missing.len) {
        const char *lead = ht_question_lead(question, &question->missing.items[0]);

        ht_buf_addf(out, ", %s", *lead ? lead : "because ");
        ht_missing_put(out, &question->missing.items[0], print_flags(plain));
    }
    ht_buf_add_text(out, ".\n");
}

static void put_all(const struct ht_plain *plain, struct ht_buf *out)
{
    for (unsigned number = 1; number <= HT_QUESTIONS; number++) {
        if (is_asked(plain, number))
            put_question(plain, out, ht_state_question(plain->state, number));
    }
}

static void put_finding(const struct ht_plain *plain, struct ht_buf *out, const char *what,
                        const struct ht_finding *finding)
{
    ht_autobuf struct ht_buf subject = HT_BUF(HT_LIMIT_ARG);

    ht_buf_addf(out, "%s%s question %" PRIu64 ": ", what, ht_severity_word(finding->severity),
                finding->question);
    put(plain, out, finding->title);
    ht_finding_put_subject(&subject, finding);
    if (subject.len == 0)
        ht_buf_add_str(&subject, ht_subject_text(&finding->subject));
    ht_buf_add_text(out, ", ");
    put(plain, out, ht_buf_str(&subject));
    ht_buf_add_text(out, ".\n");
}

/* ---- lists ---- */

static void put_reason(const struct ht_plain *plain, struct ht_buf *out,
                       const struct ht_missing *missing)
{
    ht_buf_add_text(out, "  ");
    ht_missing_put(out, missing, print_flags(plain));
    if (ht_missing_has_help(missing) && missing->help.len) {
        ht_buf_add_text(out, "; ");
        put(plain, out, missing->help);
    }
    ht_buf_add_text(out, ".\n");
}

/* Nothing found is an answer only where it could be looked. */
static void put_nothing(const struct ht_plain *plain, struct ht_buf *out, unsigned number)
{
    const struct ht_question *question = ht_state_question(plain->state, number);
    const char *why = ht_question_nothing(question);

    ht_buf_addf(out, "%s\n", why ? why : "No findings.");
    for (size_t i = 0; ht_question_has_reason(question) && i < question->missing.len; i++)
        put_reason(plain, out, &question->missing.items[i]);
}

static void put_nothing_at_all(const struct ht_plain *plain, struct ht_buf *out)
{
    ht_buf_add_text(out, "No findings.\n");
    for (unsigned number = 1; number <= HT_QUESTIONS; number++) {
        const struct ht_question *question = ht_state_question(plain->state, number);

        if (is_asked(plain, number) && ht_question_nothing(question))
            put_question(plain, out, question);
    }
}

static void list_findings(struct ht_plain *plain, unsigned number, struct ht_buf *out)
{
    size_t shown = 0;

    plain->listed = number;
    if (number)
        put_question(plain, out, ht_state_question(plain->state, number));
    for (size_t i = 0; i < plain->state->findings.len; i++) {
        const struct ht_finding *finding = ht_finding_of(plain->state->findings.rows[i]);
        ht_autobuf struct ht_buf head = HT_BUF(40);

        if (number && finding->question != number)
            continue;
        if (shown++ == FINDINGS_SHOWN) {
            ht_buf_add_text(out, "There are more.\n");
            return;
        }
        ht_buf_addf(&head, "%zu. ", shown);
        put_finding(plain, out, head.data, finding);
    }
    if (shown == 0 && number)
        put_nothing(plain, out, number);
    else if (shown == 0)
        put_nothing_at_all(plain, out);
}

static void put_no_list(const struct ht_plain *plain, struct ht_buf *out, struct ht_str name)
{
    ht_buf_add_text(out, "Plain lines have no list \"");
    put(plain, out, name);
    ht_buf_add_text(out, "\"; :help tells which they have.\n");
}

/* What the user asked to begin with. A list of other rows is a screen's. */
static void list_first(struct ht_plain *plain, const struct ht_view *view, struct ht_buf *out)
{
    if (view->question || ht_str_is(view->id, "findings"))
        list_findings(plain, view->question, out);
    else
        put_no_list(plain, out, view->id);
}

/* ---- changes ---- */

/* While sources answer one after the other each changes what the one before it told: a question is
 * answered when it has an answer, and once more when all have told what they know. */
static bool is_news(const struct ht_plain *plain, const struct ht_question *question)
{
    const struct told *told = &plain->told[question->number];
    bool same =
        strcmp(told->word, ht_question_word(question)) == 0 && told->findings == question->findings;

    return !same && (plain->settled || told->state == HT_QUESTION_STATE_WAIT);
}

static void note_told(struct ht_plain *plain, const struct ht_question *question)
{
    plain->told[question->number] = (struct told){.state = question->state,
                                                  .word = ht_question_word(question),
                                                  .findings = question->findings};
}

static void add_ids(struct ht_map *ids, const struct ht_rowset *set)
{
    for (size_t i = 0; i < set->len; i++)
        ht_map_set(ids, ht_row_id(set->rows[i]), set->rows[i]);
}

static void put_lacking(const struct ht_plain *plain, struct ht_buf *out,
                        const struct ht_rowset *set, const struct ht_map *ids, const char *what)
{
    for (size_t i = 0; i < set->len; i++) {
        const struct ht_finding *finding = ht_finding_of(set->rows[i]);

        if (!ht_map_get(ids, finding->id) && is_asked(plain, (unsigned)finding->question))
            put_finding(plain, out, what, finding);
    }
}

/* Findings of one state that the other lacks; what is held has neither come nor gone. */
static void put_difference(const struct ht_plain *plain, struct ht_buf *out,
                           const struct ht_state *state, const struct ht_state *other,
                           const char *what)
{
    struct ht_map *ids = ht_map_new();

    if (other) {
        add_ids(ids, &other->findings);
        add_ids(ids, &other->held);
    }
    put_lacking(plain, out, &state->findings, ids, what);
    put_lacking(plain, out, &state->held, ids, what);
    ht_map_free(ids);
}

static void put_sources(const struct ht_plain *plain, struct ht_buf *out,
                        const struct ht_state *before, const struct ht_state *now)
{
    const struct ht_rowset *sources = ht_node_set(now->node, HT_TABLE_SOURCE);

    for (size_t i = 0; i < sources->len; i++) {
        const struct ht_source *source = ht_source_of(sources->rows[i]);
        const struct ht_row *old = ht_node_find(before->node, HT_TABLE_SOURCE, source->id);

        /* That one was asked is no news before it answered, or did not in time. */
        if (old ? ht_source_of(old)->state == source->state : source->state == HT_SOURCE_STATE_WAIT)
            continue;
        ht_buf_add_text(out, "source ");
        put(plain, out, source->name);
        ht_buf_addf(out, " is %s", ht_enum_name(&ht_source_state_enum, source->state));
        if (source->detail.len) {
            ht_buf_add_text(out, ": ");
            put(plain, out, source->detail);
        }
        ht_buf_add_text(out, ".\n");
    }
}

static void put_changes(struct ht_plain *plain, struct ht_buf *out, const struct ht_state *before,
                        const struct ht_state *state)
{
    put_sources(plain, out, before, state);
    put_difference(plain, out, state, before, "found: ");
    put_difference(plain, out, before, state, "not seen any more: ");
    for (unsigned number = 1; number <= HT_QUESTIONS; number++) {
        const struct ht_question *question = ht_state_question(state, number);

        if (!is_asked(plain, number) || !is_news(plain, question))
            continue;
        put_question(plain, out, question);
        note_told(plain, question);
    }
}

static bool waits(const struct ht_state *state)
{
    for (unsigned number = 1; number <= HT_QUESTIONS; number++) {
        enum ht_question_state answer = ht_state_question(state, number)->state;

        if (answer != HT_QUESTION_STATE_WAIT && answer != HT_QUESTION_STATE_OFF)
            return false;
    }
    return true;
}

static void put_first(struct ht_plain *plain, struct ht_buf *out)
{
    for (unsigned number = 1; number <= HT_QUESTIONS; number++)
        note_told(plain, ht_state_question(plain->state, number));
    if (waits(plain->state))
        ht_buf_add_text(out, "No question is answered yet.\n");
    else
        put_all(plain, out);
    put_difference(plain, out, plain->state, NULL, "found: ");
}

/* What comes after is not the end of what happened. */
static void put_cut(struct ht_buf *out, const struct ht_replay_position *replay)
{
    if (!replay->ended || !replay->cut_line)
        return;
    ht_recording_put_cut(out, replay->cut_line);
    ht_buf_add_text(out, ".\n");
}

void ht_plain_state(struct ht_plain *plain, const struct ht_state *state, struct ht_buf *out)
{
    struct ht_state *before = plain->state;

    plain->state = ht_state_ref(state);
    plain->settled = plain->settled || ht_state_is_settled(state);
    if (before)
        put_changes(plain, out, before, state);
    else
        put_first(plain, out);
    if (!before || !before->replay.ended)
        put_cut(out, &state->replay);
    if (plain->first && ht_state_is_settled(state)) {
        list_first(plain, plain->first, out);
        plain->first = NULL;
    }
    ht_state_unref(before);
}

/* ---- commands ---- */

static void open_finding(const struct ht_plain *plain, struct ht_str argument, struct ht_buf *out)
{
    uint64_t number;

    if (ht_parse_u64(argument, &number) < 0 || number == 0) {
        ht_buf_add_text(out, "open: the number of a finding in the last list\n");
        return;
    }
    for (size_t i = 0; i < plain->state->findings.len; i++) {
        const struct ht_finding *finding = ht_finding_of(plain->state->findings.rows[i]);

        if (plain->listed && finding->question != plain->listed)
            continue;
        if (--number == 0) {
            ht_report_markdown(out, finding, plain->state);
            plain->calls.open(plain->calls.context, finding->id);
            return;
        }
    }
    ht_buf_add_text(out, "open: there is no such finding in the last list\n");
}

static void rescan(struct ht_plain *plain, struct ht_buf *out)
{
    if (plain->state->origin != HT_ORIGIN_LIVE) {
        ht_buf_add_text(out, "A recording has no sources that could look again.\n");
        return;
    }
    plain->calls.rescan(plain->calls.context);
    ht_buf_add_text(out, "Asked all sources to look again.\n");
}

static void put_help(struct ht_buf *out)
{
    ht_buf_add_text(out, ":1 to :6      the findings of a question\n"
                         ":0 or :home   the six questions\n"
                         ":all          all findings\n"
                         ":open N       finding N of the last list\n"
                         ":doctor       what can be seen, and what would help\n"
                         ":rescan       ask all sources now\n"
                         ":q            quit\n");
}

static void run_known(struct ht_plain *plain, struct ht_str name, struct ht_str argument,
                      struct ht_buf *out)
{
    if (ht_str_is(name, "0") || ht_str_is(name, "home"))
        put_all(plain, out);
    else if (ht_question_find(name))
        list_findings(plain, ht_question_find(name), out);
    else if (ht_str_is(name, "all"))
        list_findings(plain, 0, out);
    else if (ht_str_is(name, "open"))
        open_finding(plain, argument, out);
    else if (ht_str_is(name, "doctor"))
        ht_report_doctor(out, plain->state);
    else if (ht_str_is(name, "rescan"))
        rescan(plain, out);
    else
        ht_buf_add_text(out, "no such command; :help lists them\n");
}

bool ht_plain_command(struct ht_plain *plain, struct ht_str line, struct ht_buf *out)
{
    struct ht_str text = ht_str_trim(line), name, argument;
    ptrdiff_t blank;

    if (ht_str_has_prefix(text, ":"))
        text = ht_str_sub(text, 1, text.len);
    blank = ht_str_find_byte(text, ' ');
    name = ht_str_sub(text, 0, blank < 0 ? text.len : (size_t)blank);
    argument = ht_str_trim(ht_str_sub(text, name.len, text.len));
    if (name.len == 0)
        return true;
    if (ht_str_is(name, "q") || ht_str_is(name, "quit"))
        return false;
    if (ht_str_is(name, "help"))
        put_help(out);
    else if (!plain->state)
        ht_buf_add_text(out, "no source has answered yet\n");
    else
        run_known(plain, name, argument, out);
    return true;
}
