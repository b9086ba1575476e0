/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hulltop check --manifests: pods out of a stream, judged one at a time. Nothing is printed before
 * all of it was read: what is found meanwhile is put away in files without names.
 */
#include <config.h>

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session.h"

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/base/spool.h"
#include "hulltop/check/judge.h"
#include "hulltop/check/pod-security.h"
#include "hulltop/model/document.h"
#include "hulltop/report/report.h"
#include "hulltop/source/manifests.h"
#include "hulltop/source/source.h"

enum { PIECE_BYTES = 64 * 1024 };

struct run {
    const struct ht_options *options;
    struct ht_session session;
    struct ht_map *known; /* of the baseline */
    struct ht_judge *judge;
    struct ht_spool *findings, *pods;
    struct ht_buf text; /* of one row */
    size_t pods_kept;
    struct ht_check_found found;
    struct ht_manifests_count count;
};

/* ---- what is put away ---- */

/* A finding is its length, a line's end, and itself as JSON. */
static int64_t keep_finding(void *context, const struct ht_row *row, struct ht_error *err)
{
    struct run *run = context;
    const struct ht_finding *finding = ht_finding_of(row);
    ht_autobuf struct ht_buf record = HT_BUF(HT_LIMIT_OBJECT);
    struct ht_json_writer json;

    ht_check_count(&run->found, finding);
    ht_buf_reset(&run->text);
    ht_json_begin(&json, &run->text, HT_JSON_COMPACT, HT_JSON_LOSSLESS);
    ht_struct_write(&json, &ht_finding_table, finding, false);
    ht_buf_addf(&record, "%016zx", run->text.len);
    ht_buf_add_str(&record, ht_buf_str(&run->text));
    return ht_spool_add(run->findings, ht_buf_str(&record), err);
}

static int get_finding(void *context, int64_t place, struct ht_row **ret_finding,
                       struct ht_error *err)
{
    enum { LENGTH_DIGITS = 16 };
    struct run *run = context;
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_reading reading = {.arena = arena, .path = "finding"};
    struct ht_finding finding = {0};
    uint64_t len = 0;
    int64_t got;

    ht_buf_reset(&run->text);
    got = ht_spool_get(run->findings, (uint64_t)place, LENGTH_DIGITS, &run->text, err);
    if (got < 0)
        return (int)got;
    if (ht_parse_hex64(ht_buf_str(&run->text), &len) < 0 || len > HT_LIMIT_OBJECT)
        return ht_error_set(err, EIO, "what was put away is not there any more");
    ht_buf_reset(&run->text);
    got = ht_spool_get(run->findings, (uint64_t)place + LENGTH_DIGITS, len, &run->text, err);
    if (got < 0)
        return (int)got;

    const struct ht_json *json =
        ht_json_parse(arena, "what was put away", ht_buf_str(&run->text), err);
    if (!json)
        return -EIO;

    int r = ht_struct_read(json, &ht_finding_table, &reading, &finding, err);
    if (r == 0)
        *ret_finding = ht_row_new(&ht_finding_table, &finding);
    return r;
}

static int keep_pod(struct run *run, const struct ht_row *pod, struct ht_error *err)
{
    int64_t place;

    if (run->options->format != HT_FORMAT_JSON || run->options->quiet)
        return 0;
    ht_buf_reset(&run->text);
    ht_report_add_pod(&run->text, pod, run->pods_kept++ == 0, HT_JSON_INDENTED);
    place = ht_spool_add(run->pods, ht_buf_str(&run->text), err);
    return place < 0 ? (int)place : 0;
}

static int take_pod(void *context, struct ht_row *row, struct ht_error *err)
{
    struct run *run = context;
    ht_autorow struct ht_row *given = row;
    ht_autorow struct ht_row *derived = NULL;
    int r = ht_judge_pod(run->judge, given, &derived, err);

    return r < 0 ? r : keep_pod(run, derived, err);
}

/* ---- the report ---- */

static int row_of_finding(void *context, size_t i, struct ht_row **ret_finding,
                          struct ht_error *err)
{
    struct run *run = context;

    return get_finding(run, ht_judge_place(run->judge, i), ret_finding, err);
}

static int row_of_group(void *context, size_t i, struct ht_row **ret_group,
                        struct ht_row **ret_finding, struct ht_error *err)
{
    struct run *run = context;

    return ht_judge_group(run->judge, i, ret_group, ret_finding, err);
}

static int piece_of_pods(void *context, uint64_t from, struct ht_buf *out, struct ht_error *err)
{
    struct run *run = context;

    return (int)ht_spool_get(run->pods, from, PIECE_BYTES, out, err);
}

static int print(struct ht_buf *out, struct ht_error *err)
{
    int r = ht_buf_is_full(out) ? ht_error_errno(err, EFBIG, "standard output")
                                : ht_print(ht_buf_str(out), err);

    ht_buf_reset(out);
    return r;
}

static int spill(void *context, struct ht_buf *out, struct ht_error *err)
{
    (void)context;
    return out->len < PIECE_BYTES ? 0 : print(out, err);
}

static int print_report(struct run *run, const struct ht_state *state, struct ht_error *err)
{
    ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_DOCUMENT);
    const struct ht_report_options options = {.questions = run->options->questions,
                                              .version = PACKAGE_VERSION,
                                              .style = HT_JSON_INDENTED,
                                              .baseline = ht_check_baseline(&run->found)};
    const struct ht_report_rows rows = {.context = run,
                                        .findings = ht_judge_count(run->judge),
                                        .groups = ht_judge_groups(run->judge),
                                        .finding = row_of_finding,
                                        .group = row_of_group,
                                        .pods = piece_of_pods,
                                        .spill = spill};
    int r = 0;

    switch (run->options->format) {
    case HT_FORMAT_TEXT:
        r = ht_report_text_rows(&out, state, &options, &rows, err);
        break;
    case HT_FORMAT_JSON:
        r = ht_report_write_rows(&out, state, &options, &rows, err);
        break;
    case HT_FORMAT_SARIF:
        r = ht_report_sarif(&out, state, &options, &rows, err);
        break;
    case HT_FORMAT_NODE:
        break; /* refused with the options */
    }
    return r < 0 ? r : print(&out, err);
}

/* ---- the run ---- */

static const char *shown_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

static struct ht_row *make_source(const struct run *run, int64_t now_ns)
{
    const struct ht_manifests_count *count = &run->count;
    ht_autobuf struct ht_buf detail = HT_BUF(HT_ERROR_TEXT_MAX);
    struct ht_source source = {0};

    ht_buf_addf(&detail, "%s: %zu pod%s and %zu template%s; %zu other object%s passed over",
                shown_name(run->options->manifests), count->pods, count->pods == 1 ? "" : "s",
                count->templates, count->templates == 1 ? "" : "s", count->others,
                count->others == 1 ? "" : "s");
    if (count->kinds[0])
        ht_buf_addf(&detail, " (%s)", count->kinds);
    if (run->options->pod_security > HT_POD_SECURITY_NEWEST &&
        run->options->pod_security != HT_POD_SECURITY_LATEST)
        ht_buf_addf(&detail, "; v1.%d is not known here, judged by v1.%d, the newest that is",
                    run->options->pod_security, HT_POD_SECURITY_NEWEST);
    ht_source_set_id(&source, HT_S("manifests"));
    ht_source_set_name(&source, HT_S("manifests"));
    if (count->odd_keys)
        ht_buf_addf(&detail, "; %zu key%s of pods that Kubernetes does not know, the first: %s",
                    count->odd_keys, count->odd_keys == 1 ? "" : "s", count->first_odd);
    ht_source_set_state(&source, count->odd_keys ? HT_SOURCE_STATE_PART : HT_SOURCE_STATE_OK);
    ht_source_set_detail(&source, ht_buf_str(&detail));
    if (count->odd_keys)
        ht_source_set_help(&source, HT_S("look for a wrong letter; what a key says that is not "
                                         "known here is not judged"));
    ht_source_set_object(&source, ht_str_from(run->options->manifests));
    ht_source_set_items(&source, count->pods + count->templates);
    ht_source_set_answered_at(&source, now_ns);
    return ht_row_new(&ht_source_table, &source);
}

static int read_manifests(struct run *run, struct ht_error *err)
{
    const char *path = run->options->manifests;
    const struct ht_manifests_reader reader = {.name = path, .take = take_pod, .context = run};

    if (strcmp(path, "-") == 0)
        return ht_manifests_read(STDIN_FILENO, &reader, &run->count, err);

    ht_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return ht_error_errno(err, errno, "%s", path);
    return ht_manifests_read(fd, &reader, &run->count, err);
}

/* YAML reads {{ as a key that is a mapping. */
static bool looks_like_template(const char *path, const char *error)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_OBJECT);
    struct ht_error ignored = {0};
    struct stat st;

    /* A pipe was read once and will not tell it again. */
    if (strcmp(path, "-") == 0)
        return strstr(error, "a key must be a plain text");
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
           ht_read_at(AT_FDCWD, path, &text, HT_LIMIT_OBJECT, &ignored) == 0 &&
           ht_str_find(ht_buf_str(&text), HT_S("{{"), 0) >= 0;
}

/* What cannot be read as a manifest may be what a chart makes manifests of. */
static void hint_template(const char *path, struct ht_error *err)
{
    const struct ht_error before = *err;

    if (looks_like_template(path, before.text))
        ht_error_set(err, before.code,
                     "%s; %s: if it is a template of Helm, render it "
                     "first (helm template CHART | hulltop check --manifests -)",
                     before.text, strcmp(path, "-") == 0 ? "{{ is read so" : "it has {{ in it");
}

static int complain(const struct ht_error *err, int status)
{
    ht_complain(err);
    return status;
}

static int judge_all(struct run *run)
{
    const struct ht_judge_store store = {.context = run, .keep = keep_finding, .get = get_finding};
    int64_t now_ns = ht_clock_wall(ht_clock_system());
    ht_autostate struct ht_state *state = NULL;
    struct ht_error err = {0};

    run->judge = ht_judge_new(&(struct ht_judge_options){.facts = run->session.facts,
                                                         .store = &store,
                                                         .pod_security = run->options->pod_security,
                                                         .now_ns = now_ns});
    if (read_manifests(run, &err) < 0) {
        hint_template(run->options->manifests, &err);
        return complain(&err, HT_STATUS_RECORDING);
    }

    ht_autorow struct ht_row *source = make_source(run, now_ns);
    if (ht_judge_end(run->judge, source, &state, &err) < 0)
        return complain(&err, HT_STATUS_USAGE);
    if (!run->options->quiet && print_report(run, state, &err) < 0)
        return complain(&err, HT_STATUS_TERMINAL);
    if (run->count.pods + run->count.templates == 0) {
        ht_error_set(&err, ENODATA, "%s: no pod and no template of one in it: nothing was judged",
                     shown_name(run->options->manifests));
        return complain(&err, HT_STATUS_UNKNOWN);
    }
    return ht_check_status(state, run->options, run->found.counted > 0);
}

int ht_check_manifests(const struct ht_options *options, struct ht_arena *arena)
{
    struct run run = {.options = options, .text = HT_BUF(HT_LIMIT_OBJECT), .known = ht_map_new()};

    run.found = (struct ht_check_found){.options = options, .known = run.known};
    struct ht_error err = {0};
    int status;

    run.findings = ht_spool_new(&err);
    run.pods = run.findings ? ht_spool_new(&err) : NULL;
    if (!run.pods || ht_session_open(&run.session, options, arena, &err) < 0)
        status = complain(&err, HT_STATUS_USAGE);
    else if (options->baseline && ht_check_read_baseline(options, run.known, NULL, &err) < 0)
        status = complain(&err, HT_STATUS_RECORDING);
    else
        status = judge_all(&run);
    ht_judge_free(run.judge);
    ht_spool_free(run.findings);
    ht_spool_free(run.pods);
    ht_buf_fini(&run.text);
    ht_check_found_fini(&run.found);
    ht_map_free(run.known);
    return ht_session_close(&run.session, 0, status);
}
