/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report (hulltop/1): the answer for people and scripts. Every text in it is printable, unknown
 * is null, and its keys are a contract: rows may get further keys, none goes away. */
#include "src/model/document-inner.h"

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/model/code.h"
#include "hulltop/model/subject.h"

struct report {
    struct ht_json_writer json;
    const struct ht_state *state;
    const struct ht_report_options *options;
    const struct ht_report_rows *rows; /* NULL: those of the state */
    struct ht_error *err;
    int failed; /* -errno of a row that could not be had */
};

static void key(struct report *report, const char *name)
{
    ht_json_key(&report->json, ht_str_from(name));
}

static void put_text(struct report *report, const char *name, const char *text)
{
    key(report, name);
    ht_json_put_string(&report->json, ht_str_from(text));
}

static void put_null(struct report *report, const char *name)
{
    key(report, name);
    ht_json_put_null(&report->json);
}

static bool is_asked(const struct report *report, uint64_t question)
{
    return question < 32 && (report->options->questions >> question & 1);
}

/* Left out where there is none. */
static void put_baseline(struct report *report)
{
    const struct ht_report_baseline *baseline = &report->options->baseline;

    if (!baseline->file)
        return;
    key(report, "baseline");
    ht_json_object_begin(&report->json);
    put_text(report, "file", baseline->file);
    key(report, "findings");
    ht_json_put_uint(&report->json, baseline->known);
    key(report, "accepted");
    ht_json_put_uint(&report->json, baseline->counts.accepted);
    key(report, "new");
    ht_json_put_uint(&report->json, baseline->counts.fresh);
    ht_json_object_end(&report->json);
}

static void put_node(struct report *report)
{
    key(report, "node");
    ht_struct_write(&report->json, &ht_host_table, ht_node_host(report->state->node), true);
}

/* Both times are cut to milliseconds first, as they stand in the report. */
static void put_age(struct report *report, const struct ht_source *source)
{
    key(report, "age_ms");
    if (ht_source_has_answered_at(source))
        ht_json_put_int(&report->json,
                        report->state->now_ns / HT_NS_PER_MS - source->answered_at / HT_NS_PER_MS);
    else
        ht_json_put_null(&report->json);
}

static void put_sources(struct report *report)
{
    const struct ht_rowset *sources = ht_node_set(report->state->node, HT_TABLE_SOURCE);

    key(report, "sources");
    ht_json_array_begin(&report->json);
    for (size_t i = 0; i < sources->len; i++) {
        const struct ht_source *source = ht_source_of(sources->rows[i]);

        ht_json_object_begin(&report->json);
        ht_struct_write_fields(&report->json, &ht_source_table, source, true);
        put_age(report, source);
        ht_json_object_end(&report->json);
    }
    ht_json_array_end(&report->json);
}

static void put_questions(struct report *report)
{
    key(report, "questions");
    ht_json_array_begin(&report->json);
    for (unsigned number = 1; number <= HT_QUESTIONS; number++) {
        if (is_asked(report, number))
            ht_struct_write(&report->json, &ht_question_table,
                            ht_state_question(report->state, number), true);
    }
    ht_json_array_end(&report->json);
}

static void put_in_baseline(struct report *report, struct ht_str finding)
{
    const struct ht_report_baseline *baseline = &report->options->baseline;

    key(report, "in_baseline");
    if (baseline->file)
        ht_json_put_bool(&report->json, baseline->has(baseline->context, finding));
    else
        ht_json_put_null(&report->json);
}

/* Lists of a finding are the program's own answer: a list that it left out is an empty one. */
static void put_finding(struct report *report, const struct ht_finding *finding)
{
    struct ht_finding whole = *finding;

    if (!ht_finding_has_subjects(&whole))
        ht_finding_set_subjects(&whole, (struct ht_subject_list){0});
    if (!ht_finding_has_evidence(&whole))
        ht_finding_set_evidence(&whole, (struct ht_evidence_list){0});
    if (!ht_finding_has_implied(&whole))
        ht_finding_set_implied(&whole, (struct ht_text_list){0});
    if (!ht_finding_has_references(&whole))
        ht_finding_set_references(&whole, (struct ht_text_list){0});
    if (whole.subjects.len > HT_LIMIT_SUBJECTS)
        whole.subjects.len = HT_LIMIT_SUBJECTS;
    ht_json_object_begin(&report->json);
    ht_struct_write_fields(&report->json, &ht_finding_table, &whole, true);
    put_in_baseline(report, finding->id);
    ht_json_object_end(&report->json);
}

static void spill(struct report *report)
{
    if (report->failed == 0 && report->rows)
        report->failed = report->rows->spill(report->rows->context, report->json.out, report->err);
}

static void put_finding_rows(struct report *report)
{
    const struct ht_report_rows *rows = report->rows;

    for (size_t i = 0; i < rows->findings && report->failed == 0; i++) {
        ht_autorow struct ht_row *row = NULL;

        report->failed = rows->finding(rows->context, i, &row, report->err);
        if (report->failed == 0)
            put_finding(report, ht_finding_of(row));
        spill(report);
    }
}

static void put_group_rows(struct report *report)
{
    const struct ht_report_rows *rows = report->rows;

    for (size_t i = 0; i < rows->groups && report->failed == 0; i++) {
        ht_autorow struct ht_row *group = NULL;
        ht_autorow struct ht_row *finding = NULL;

        report->failed = rows->group(rows->context, i, &group, &finding, report->err);
        if (report->failed == 0)
            ht_struct_write(&report->json, &ht_group_table, ht_group_of(group), true);
        spill(report);
    }
}

static void put_pod_rows(struct report *report)
{
    const struct ht_report_rows *rows = report->rows;
    uint64_t from = 0;

    for (int n = 1; n > 0 && report->failed == 0; from += (uint64_t)(n > 0 ? n : 0)) {
        n = rows->pods(rows->context, from, report->json.out, report->err);
        if (n < 0)
            report->failed = n;
        spill(report);
    }
    report->json.need_comma = from > 0;
}

void ht_report_add_pod(struct ht_buf *out, const struct ht_row *pod, bool first,
                       enum ht_json_style style)
{
    /* As it is inside of the report's object and the list in it. */
    struct ht_json_writer json = {
        .out = out, .style = style, .text = HT_JSON_PRINTABLE, .depth = 2, .need_comma = !first};

    ht_struct_write(&json, &ht_pod_table, ht_pod_of(pod), true);
}

static void put_pods(struct report *report)
{
    const struct ht_rowset *pods = ht_node_set(report->state->node, HT_TABLE_POD);

    key(report, "pods");
    ht_json_array_begin(&report->json);
    if (report->rows && report->rows->pods)
        put_pod_rows(report);
    for (size_t i = 0; i < pods->len && report->failed == 0; i++) {
        ht_struct_write(&report->json, &ht_pod_table, ht_pod_of(pods->rows[i]), true);
        spill(report);
    }
    ht_json_array_end(&report->json);
}

static void put_findings(struct report *report)
{
    const struct ht_rowset *findings = &report->state->findings;

    key(report, "findings");
    ht_json_array_begin(&report->json);
    if (report->rows)
        put_finding_rows(report);
    for (size_t i = 0; i < findings->len && report->failed == 0; i++) {
        const struct ht_finding *finding = ht_finding_of(findings->rows[i]);

        if (ht_finding_has_question(finding) && is_asked(report, finding->question))
            put_finding(report, finding);
        spill(report);
    }
    ht_json_array_end(&report->json);
}

static void put_groups(struct report *report)
{
    const struct ht_rowset *groups = &report->state->groups;

    key(report, "groups");
    ht_json_array_begin(&report->json);
    if (report->rows)
        put_group_rows(report);
    for (size_t i = 0; i < groups->len; i++) {
        const struct ht_group *group = ht_group_of(groups->rows[i]);

        if (ht_group_has_question(group) && is_asked(report, group->question))
            ht_struct_write(&report->json, &ht_group_table, group, true);
    }
    ht_json_array_end(&report->json);
}

static void put_usage(struct report *report, const struct ht_row *row)
{
    const struct ht_usage *usage = row ? ht_usage_of(row) : NULL;

    key(report, "cpu_percent");
    if (usage && ht_usage_has_cpu(usage))
        ht_json_put_double(&report->json, (double)usage->cpu / 10); /* thousandths of a core */
    else
        ht_json_put_null(&report->json);
    key(report, "memory_bytes");
    if (usage && ht_usage_has_memory(usage))
        ht_json_put_uint(&report->json, usage->memory);
    else
        ht_json_put_null(&report->json);
}

static void put_containers(struct report *report)
{
    const struct ht_node *node = report->state->node;
    const struct ht_rowset *containers = ht_node_set(node, HT_TABLE_CONTAINER);

    key(report, "containers");
    ht_json_array_begin(&report->json);
    for (size_t i = 0; i < containers->len && report->failed == 0; i++) {
        const struct ht_row *row = containers->rows[i];

        ht_json_object_begin(&report->json);
        ht_struct_write_fields(&report->json, &ht_container_table, ht_container_of(row), true);
        put_usage(report, ht_node_find(node, HT_TABLE_USAGE, ht_row_id(row)));
        ht_json_object_end(&report->json);
        spill(report);
    }
    ht_json_array_end(&report->json);
}

/* The processes that an asked finding is about, each once, in the order of their ids. */
static void collect_processes(const struct report *report, struct ht_rowset *ret_rows)
{
    const struct ht_rowset *findings = &report->state->findings;

    for (size_t i = 0; i < findings->len; i++) {
        const struct ht_finding *finding = ht_finding_of(findings->rows[i]);

        if (!is_asked(report, finding->question))
            continue;

        const struct ht_subject_home home = ht_subject_home(report->state->node, &finding->subject);
        const struct ht_row *row =
            ht_node_find(report->state->node, HT_TABLE_PROCESS, home.process);
        if (row)
            ht_rowset_add(ret_rows, ht_row_ref(row));
    }
    ht_rowset_sort(ret_rows);
}

static void put_process(struct report *report, const struct ht_process *process)
{
    const struct ht_code *code = ht_code_of_process(report->state->node, process);

    ht_json_object_begin(&report->json);
    ht_struct_write_fields(&report->json, &ht_process_table, process, true);
    key(report, "executable");
    if (ht_process_has_exe(process))
        ht_json_put_string(&report->json, process->exe);
    else
        ht_json_put_null(&report->json);
    if (code && ht_code_has_origin(code))
        put_text(report, "origin", ht_enum_name(&ht_code_origin_enum, code->origin));
    else
        put_null(report, "origin");
    ht_json_object_end(&report->json);
}

static void put_processes(struct report *report)
{
    struct ht_rowset processes = {0};

    collect_processes(report, &processes);
    key(report, "processes");
    ht_json_array_begin(&report->json);
    for (size_t i = 0; i < processes.len && report->failed == 0; i++) {
        put_process(report, ht_process_of(processes.rows[i]));
        spill(report);
    }
    ht_json_array_end(&report->json);
    ht_rowset_fini(&processes);
}

static void put_builds(struct report *report)
{
    const struct ht_rowset *builds = ht_node_set(report->state->node, HT_TABLE_BUILD);

    key(report, "builds");
    ht_json_array_begin(&report->json);
    for (size_t i = 0; i < builds->len; i++)
        ht_struct_write(&report->json, &ht_build_table, ht_build_of(builds->rows[i]), true);
    ht_json_array_end(&report->json);
}

int ht_report_write_rows(struct ht_buf *out, const struct ht_state *state,
                         const struct ht_report_options *options, const struct ht_report_rows *rows,
                         struct ht_error *err)
{
    struct report report = {.state = state, .options = options, .rows = rows, .err = err};

    ht_json_begin(&report.json, out, options->style, HT_JSON_PRINTABLE);
    ht_json_object_begin(&report.json);
    put_text(&report, "schema", HT_REPORT_SCHEMA);
    put_text(&report, "version", options->version);
    key(&report, "taken_at");
    ht_document_put_time(&report.json, state->now_ns);
    put_baseline(&report);
    put_node(&report);
    put_sources(&report);
    put_questions(&report);
    put_findings(&report);
    put_groups(&report);
    put_containers(&report);
    put_pods(&report);
    put_processes(&report);
    put_builds(&report);
    key(&report, "packages");
    ht_report_put_packages(&report.json, state);
    ht_report_put_datastores(&report.json, state->node);
    key(&report, "control_plane");
    ht_control_plane_write(&report.json, state->node);
    ht_json_object_end(&report.json);
    return report.failed;
}

void ht_report_write(struct ht_buf *out, const struct ht_state *state,
                     const struct ht_report_options *options)
{
    ht_report_write_rows(out, state, options, NULL, NULL);
}
