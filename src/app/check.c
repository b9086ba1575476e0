/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hulltop check: one pass, a report, an exit status. */
#include <config.h>

#include "check.h"
#include "commands.h"

#include <errno.h>
#include <stdlib.h>

#include "input.h"
#include "session.h"
#include "wait.h"

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"
#include "hulltop/check/catalogue.h"
#include "hulltop/model/document.h"
#include "hulltop/report/report.h"

#define DEFAULT_TIMEOUT_NS (30 * HT_NS_PER_S)

static int complain(const struct ht_error *err, int status)
{
    ht_complain(err);
    return status;
}

/* ---- the exit status ---- */

/* A finding of no question that there is (a report of other hands) is not passed over. */
static bool is_asked(const struct ht_options *options, uint64_t question)
{
    return question < 1 || question > HT_QUESTIONS || options->questions >> question & 1;
}

int ht_check_read_baseline(const struct ht_options *options, struct ht_map *known,
                           struct ht_state **ret_state, struct ht_error *err)
{
    const char *path = options->baseline;
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_DOCUMENT);
    ht_autostate struct ht_state *state = NULL;
    int r = ht_input_read(path, &text, HT_LIMIT_DOCUMENT, err);

    if (r == 0)
        r = ht_report_read(ht_buf_str(&text), path, &state, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < state->findings.len; i++) {
        if (is_asked(options, ht_finding_of(state->findings.rows[i])->question))
            ht_map_set(known, ht_row_id(state->findings.rows[i]), known);
    }
    if (ret_state)
        *ret_state = ht_state_ref(state);
    return 0;
}

static void add(struct ht_report_against *against, bool is_known)
{
    if (is_known)
        against->accepted++;
    else
        against->fresh++;
}

/* Made where it is not there yet. */
static struct ht_report_against *of_group(struct ht_check_found *found, struct ht_str key)
{
    struct ht_report_against *against;

    if (!found->groups)
        found->groups = ht_map_new();
    against = ht_map_get(found->groups, key);
    if (!against) {
        against = ht_new0(struct ht_report_against);
        ht_map_set(found->groups, key, against);
    }
    return against;
}

void ht_check_count(struct ht_check_found *found, const struct ht_finding *finding)
{
    bool is_known = ht_map_get(found->known, finding->id);

    if (!is_asked(found->options, finding->question))
        return;
    add(&found->against, is_known);
    if (is_known && !found->still)
        found->still = ht_map_new();
    if (is_known)
        ht_map_set(found->still, finding->id, found);
    if (found->options->baseline)
        add(of_group(found, finding->group), is_known);
    if (!is_known && finding->severity <= found->options->fail_on)
        found->counted++;
}

void ht_check_found_fini(struct ht_check_found *found)
{
    ht_map_free_values(found->groups);
    found->groups = ht_map_free(found->groups);
    found->still = ht_map_free(found->still);
    ht_rowset_fini(&found->gone);
}

/* What the baseline has and this time was not found, be it over or not to be seen. */
static void find_gone(struct ht_check_found *found, const struct ht_state *before)
{
    for (size_t i = 0; i < before->findings.len; i++) {
        struct ht_row *row = before->findings.rows[i];

        if (is_asked(found->options, ht_finding_of(row)->question) &&
            !(found->still && ht_map_get(found->still, ht_row_id(row))))
            ht_rowset_add(&found->gone, ht_row_ref(row));
    }
}

static void find(struct ht_check_found *found, const struct ht_state *state)
{
    for (size_t i = 0; i < state->findings.len; i++)
        ht_check_count(found, ht_finding_of(state->findings.rows[i]));
}

static struct ht_report_against count_group(const void *context, struct ht_str key)
{
    const struct ht_check_found *found = context;
    const struct ht_report_against *against = found->groups ? ht_map_get(found->groups, key) : NULL;

    return against ? *against : (struct ht_report_against){0};
}

static bool has_finding(const void *context, struct ht_str finding)
{
    const struct ht_check_found *found = context;

    return ht_map_get(found->known, finding);
}

struct ht_report_baseline ht_check_baseline(const struct ht_check_found *found)
{
    return (struct ht_report_baseline){.file = found->options->baseline,
                                       .known = ht_map_len(found->known),
                                       .counts = found->against,
                                       .gone = &found->gone,
                                       .of_group = count_group,
                                       .has = has_finding,
                                       .context = found};
}

/* Gave no answer. One that is busy did, if it ever answered. */
static bool has_failed(const struct ht_source *source)
{
    switch (source->state) {
    case HT_SOURCE_STATE_WAIT:
    case HT_SOURCE_STATE_STUCK:
    case HT_SOURCE_STATE_BROKEN:
    case HT_SOURCE_STATE_DENIED:
    case HT_SOURCE_STATE_ABSENT:
    case HT_SOURCE_STATE_OFF:
        return true;
    case HT_SOURCE_STATE_OK:
    case HT_SOURCE_STATE_PART:
    case HT_SOURCE_STATE_STALE:
        return false;
    case HT_SOURCE_STATE_BUSY:
        return !ht_source_has_answered_at(source);
    }
    return true;
}

/* True if no source that the asked questions need gave an answer, or none is there at all. */
static bool no_source_answered(const struct ht_state *state, const struct ht_options *options)
{
    const struct ht_rowset *sources = ht_node_set(state->node, HT_TABLE_SOURCE);
    bool failed = false;

    for (size_t i = 0; i < sources->len; i++) {
        const struct ht_source *source = ht_source_of(sources->rows[i]);

        if (!ht_catalogue_needs(options->questions, source->name))
            continue;
        if (!has_failed(source))
            return false;
        failed = true;
    }
    return failed || (state->origin == HT_ORIGIN_LIVE && sources->len == 0);
}

/* A report may answer only some questions. That is no more than it was asked for, unless others
 * were asked for by name or none is answered. */
static bool has_unanswered(const struct ht_state *state, const struct ht_options *options)
{
    unsigned answered = 0, off = 0;

    for (unsigned number = 1; number <= HT_QUESTIONS; number++) {
        const struct ht_question *question = ht_state_question(state, number);
        bool unknown = question->state == HT_QUESTION_STATE_UNKNOWN ||
                       question->state == HT_QUESTION_STATE_WAIT;
        bool weak = question->state == HT_QUESTION_STATE_PART ||
                    question->state == HT_QUESTION_STATE_STALE ||
                    (ht_question_has_partial(question) && question->partial);

        if (!(options->questions >> number & 1))
            continue;
        if (unknown || (options->strict && weak))
            return true;
        if (question->state == HT_QUESTION_STATE_OFF)
            off++;
        else
            answered++;
    }
    return answered == 0 || (off > 0 && answered + off < HT_QUESTIONS);
}

/* Set, and not to nothing. */
static const char *environment(const char *name)
{
    const char *value = getenv(name);

    return value && value[0] ? value : NULL;
}

/* A source that looks at more than the file that was named tells of that file by its name. */
static bool is_failure(const struct ht_source *source, const char *file)
{
    ht_autobuf struct ht_buf begin = HT_BUF(HT_LIMIT_ARG);

    if (source->state == HT_SOURCE_STATE_OFF)
        return false;
    if (has_failed(source))
        return true;
    if (!file)
        return false;
    ht_buf_addf(&begin, "%s:", file);
    ht_buf_add_c(&begin, '\0');
    return source->state == HT_SOURCE_STATE_PART && ht_str_has_prefix(source->detail, begin.data);
}

/* A source that was named, or whose file was, and could not be looked at; NULL: there is none. */
static const struct ht_source *find_named_failure(const struct ht_state *state,
                                                  const struct ht_options *options,
                                                  const char **ret_option)
{
    const char *docker_host = options->docker ? NULL : environment("DOCKER_HOST");
    const char *kubeconfig = options->kubeconfig ? NULL : environment("KUBECONFIG");
    const struct {
        const char *option, *value, *sources[2], *file;
    } named[] = {{"--docker", options->docker, {"docker"}, NULL},
                 {"DOCKER_HOST", docker_host, {"docker"}, NULL},
                 {"--cri", options->cri, {"containerd", "cri-o"}, NULL},
                 {"--kubeconfig", options->kubeconfig, {"kubernetes"}, NULL},
                 {"KUBECONFIG", kubeconfig, {"kubernetes"}, NULL},
                 {"--etcd-db", options->etcd_db, {"datastore"}, NULL},
                 {"--etcd", options->etcd, {"datastore"}, NULL},
                 {"--advisories", options->advisories, {"upkeep"}, options->advisories}};

    for (size_t i = 0; state->origin == HT_ORIGIN_LIVE && i < ARRAY_LEN(named); i++) {
        for (size_t j = 0; named[i].value && j < 2 && named[i].sources[j]; j++) {
            const struct ht_row *row =
                ht_node_find(state->node, HT_TABLE_SOURCE, ht_str_from(named[i].sources[j]));

            const struct ht_source *source = row ? ht_source_of(row) : NULL;

            if (!source || !is_failure(source, named[i].file))
                continue;
            *ret_option = named[i].option;
            return source;
        }
    }
    return NULL;
}

/* Whoever named it is told on stderr too, whatever the format of the report. */
static bool tell_named_failure(const struct ht_state *state, const struct ht_options *options)
{
    const char *option = NULL;
    const struct ht_source *source = find_named_failure(state, options, &option);
    struct ht_error err = {0};

    if (!source)
        return false;
    ht_error_set(&err, EIO, "%s: %.*s", option,
                 HT_STR_ARG(source->detail.len ? source->detail : HT_S("has not answered")));
    ht_complain(&err);
    return true;
}

int ht_check_status(const struct ht_state *state, const struct ht_options *options, bool found)
{
    if (found)
        return HT_STATUS_FINDINGS;
    if (no_source_answered(state, options))
        return HT_STATUS_SOURCES;
    if (has_unanswered(state, options))
        return HT_STATUS_UNKNOWN;
    return HT_STATUS_CLEAN;
}

/* ---- the report ---- */

/* A report goes out piece by piece: as a whole it takes more memory than all that it tells of. */
struct printing {
    size_t printed; /* bytes */
};

static int print_piece(struct printing *printing, struct ht_buf *out, struct ht_error *err)
{
    int r;

    printing->printed += out->len;
    if (ht_buf_is_full(out) || printing->printed > HT_LIMIT_DOCUMENT)
        return ht_error_set(err, EFBIG, "the report is larger than %d bytes", HT_LIMIT_DOCUMENT);
    r = ht_print(ht_buf_str(out), err);
    ht_buf_reset(out);
    return r;
}

static int spill(void *context, struct ht_buf *out, struct ht_error *err)
{
    enum { PIECE_BYTES = 64 * 1024 };

    return out->len < PIECE_BYTES ? 0 : print_piece(context, out, err);
}

static int print_report(const struct ht_state *state, const struct ht_options *options,
                        const struct ht_check_found *found, struct ht_error *err)
{
    const struct ht_report_baseline baseline = ht_check_baseline(found);
    ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_DOCUMENT);
    const struct ht_report_options report = {.questions = options->questions,
                                             .version = PACKAGE_VERSION,
                                             .style = HT_JSON_INDENTED,
                                             .baseline = baseline};
    struct printing printing = {0};
    const struct ht_report_rows rows = {.context = &printing, .spill = spill};
    int r = 0;

    switch (options->format) {
    case HT_FORMAT_TEXT:
        ht_report_text(&out, state, &report);
        break;
    case HT_FORMAT_JSON:
        r = ht_report_write_rows(&out, state, &report, &rows, err);
        break;
    case HT_FORMAT_SARIF:
        ht_report_sarif(&out, state, &report, NULL, err);
        break;
    case HT_FORMAT_NODE:
        ht_node_write(&out, state->node, HT_JSON_INDENTED);
        break;
    }
    return r < 0 ? r : print_piece(&printing, &out, err);
}

/* The report is of the last whole record; what came after it was lost. */
static void tell_cut(const struct ht_options *options, const struct ht_state *state)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_ERROR_TEXT_MAX);
    struct ht_error err = {0};

    if (!state->replay.cut_line)
        return;
    ht_recording_put_cut(&text, state->replay.cut_line);
    ht_error_set(&err, EINVAL, "%s: %s", options->from, text.data);
    ht_complain(&err);
}

/* before: what the baseline found; NULL: there is none. */
static int answer(struct ht_session *session, struct ht_check_found *found,
                  const struct ht_state *before)
{
    const struct ht_options *options = session->options;
    bool named_failed;
    int64_t timeout = options->timeout_ns ? options->timeout_ns : DEFAULT_TIMEOUT_NS;
    struct ht_error err = {0};
    ht_autostate struct ht_state *state = NULL;
    int status = ht_wait_for_answer(session, timeout, &state);

    if (!state)
        return status;
    tell_cut(options, state);
    named_failed = tell_named_failure(state, options);
    find(found, state);
    if (before)
        find_gone(found, before);
    if (!options->quiet && print_report(state, options, found, &err) < 0)
        return complain(&err, HT_STATUS_TERMINAL);
    status = ht_check_status(state, options, found->counted > 0);
    return status == HT_STATUS_CLEAN && named_failed ? HT_STATUS_UNKNOWN : status;
}

int ht_command_check(const struct ht_options *options, struct ht_arena *arena)
{
    struct ht_session session = {.options = options};
    struct ht_check_found found = {.options = options};
    struct ht_error err = {0};
    ht_autostate struct ht_state *before = NULL;
    struct ht_map *known;
    int status;

    if (options->manifests)
        return ht_check_manifests(options, arena);
    known = ht_map_new();
    found.known = known;
    if (ht_wait_prepare(&err) < 0)
        status = complain(&err, HT_STATUS_USAGE);
    else if (options->baseline && ht_check_read_baseline(options, known, &before, &err) < 0)
        status = complain(&err, HT_STATUS_RECORDING);
    else if (ht_session_open(&session, options, arena, &err) < 0)
        status = complain(&err, HT_STATUS_USAGE);
    else {
        int r = ht_session_engine(&session, false, &err);

        if (r < 0)
            status = complain(&err, r == -EBADMSG ? HT_STATUS_RECORDING : HT_STATUS_USAGE);
        else
            status = answer(&session, &found, before);
        status = ht_session_close(&session, HT_NS_PER_S, status);
    }
    ht_check_found_fini(&found);
    ht_map_free(known);
    return status;
}
