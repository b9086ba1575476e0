/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings as SARIF 2.1.0 (OASIS). Rules are made from the findings that name them, so they stand
 * behind the results. */
#include "hulltop/report/report.h"

#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"

struct sarif {
    struct ht_json_writer json;
    const struct ht_report_options *options;
    struct ht_map *places; /* check to struct rule */
    struct ht_vec rules;   /* struct rule, in the order of their first results */
};

struct rule {
    struct ht_row *finding; /* the first of it, which is the worst */
    size_t index;
};

static void key(struct sarif *sarif, const char *name)
{
    ht_json_key(&sarif->json, ht_str_from(name));
}

static void put_text(struct sarif *sarif, const char *name, struct ht_str text)
{
    key(sarif, name);
    ht_json_put_string(&sarif->json, text);
}

static void begin(struct sarif *sarif, const char *name)
{
    key(sarif, name);
    ht_json_object_begin(&sarif->json);
}

static void begin_list(struct sarif *sarif, const char *name)
{
    key(sarif, name);
    ht_json_array_begin(&sarif->json);
}

static void end(struct sarif *sarif)
{
    ht_json_object_end(&sarif->json);
}

static void end_list(struct sarif *sarif)
{
    ht_json_array_end(&sarif->json);
}

/* A message of one text. */
static void put_message(struct sarif *sarif, const char *name, struct ht_str text)
{
    begin(sarif, name);
    put_text(sarif, "text", text);
    end(sarif);
}

static const char *level_of(enum ht_severity severity)
{
    switch (severity) {
    case HT_SEVERITY_CRITICAL:
    case HT_SEVERITY_HIGH:
        return "error";
    case HT_SEVERITY_MEDIUM:
        return "warning";
    case HT_SEVERITY_LOW:
    case HT_SEVERITY_INFO:
        return "note";
    }
    return "none";
}

/* What GitHub and others sort by: 0.0 to 10.0. */
static const char *score_of(enum ht_severity severity)
{
    switch (severity) {
    case HT_SEVERITY_CRITICAL:
        return "9.5";
    case HT_SEVERITY_HIGH:
        return "8.0";
    case HT_SEVERITY_MEDIUM:
        return "5.0";
    case HT_SEVERITY_LOW:
        return "2.0";
    case HT_SEVERITY_INFO:
        return "0.5";
    }
    return "0.0";
}

/* ---- results ---- */

static size_t rule_index(struct sarif *sarif, const struct ht_finding *finding)
{
    struct rule *rule = ht_map_get(sarif->places, finding->check);

    if (rule)
        return rule->index;
    rule = ht_new0(struct rule);
    rule->finding = ht_row_new(&ht_finding_table, finding);
    rule->index = sarif->rules.len;
    ht_vec_add(&sarif->rules, rule);
    ht_map_set(sarif->places, finding->check, rule);
    return rule->index;
}

/* Title, and the facts it was concluded from. */
static void put_result_message(struct sarif *sarif, const struct ht_finding *finding)
{
    enum { SHOWN = 10, TEXT_MAX = 8192 };
    ht_autobuf struct ht_buf text = HT_BUF(TEXT_MAX);

    ht_buf_add_str(&text, finding->title);
    for (size_t i = 0; i < finding->evidence.len && i < SHOWN; i++) {
        const struct ht_evidence *evidence = &finding->evidence.items[i];

        ht_buf_add_text(&text, i ? "; " : ": ");
        ht_buf_add_str(&text, evidence->field);
        ht_buf_add_text(&text, " = ");
        ht_buf_add_str(&text, evidence->value);
    }
    put_message(sarif, "message", ht_buf_str(&text));
}

/* Bytes of a path that a URI reference takes as they are. */
static bool is_uri_byte(char c)
{
    return ht_is_alnum(c) || ht_str_find_byte(HT_S("/-._~"), c) >= 0;
}

static void put_uri(struct sarif *sarif, struct ht_str path)
{
    enum { URI_MAX = 16384 };
    ht_autobuf struct ht_buf uri = HT_BUF(URI_MAX);

    if (ht_str_is(path, "-"))
        path = HT_S("stdin");
    else if (ht_str_has_prefix(path, "/"))
        ht_buf_add_text(&uri, "file://");
    for (size_t i = 0; i < path.len; i++) {
        if (is_uri_byte(path.data[i]))
            ht_buf_add_c(&uri, path.data[i]);
        else
            ht_buf_addf(&uri, "%%%02X", (unsigned)(unsigned char)path.data[i]);
    }
    put_text(sarif, "uri", ht_buf_str(&uri));
}

static void put_physical(struct sarif *sarif, const struct ht_subject *subject)
{
    begin(sarif, "physicalLocation");
    begin(sarif, "artifactLocation");
    put_uri(sarif, subject->file);
    end(sarif);
    /* A file may be none of lines, or which one it is nobody knows: viewers show what has a line.
     */
    begin(sarif, "region");
    key(sarif, "startLine");
    ht_json_put_uint(&sarif->json,
                     ht_subject_has_line(subject) && subject->line ? subject->line : 1);
    end(sarif);
    end(sarif);
}

static void add_part(struct ht_buf *out, struct ht_str part)
{
    if (part.len == 0)
        return;
    if (out->len)
        ht_buf_add_c(out, '/');
    ht_buf_add_str(out, part);
}

/* That of a pod changes with each of its replicas, and a container is named behind its owner. */
static bool is_named_by_owner(const struct ht_subject *subject)
{
    return subject->owner.len &&
           (ht_str_is(subject->kind, "pod") || ht_str_is(subject->kind, "container"));
}

static void put_logical(struct sarif *sarif, const struct ht_subject *subject)
{
    enum { NAME_MAX_BYTES = 4096 };
    ht_autobuf struct ht_buf name = HT_BUF(NAME_MAX_BYTES);

    add_part(&name, subject->namespace);
    add_part(&name, subject->owner);
    if (!ht_str_equal(subject->container, subject->name) || is_named_by_owner(subject))
        add_part(&name, subject->container);
    if (!is_named_by_owner(subject))
        add_part(&name, subject->name);
    begin_list(sarif, "logicalLocations");
    ht_json_object_begin(&sarif->json);
    if (subject->name.len)
        put_text(sarif, "name", subject->name);
    put_text(sarif, "fullyQualifiedName", name.len ? ht_buf_str(&name) : subject->kind);
    put_text(sarif, "kind", subject->kind);
    end(sarif);
    end_list(sarif);
}

static void put_location(struct sarif *sarif, const struct ht_subject *subject)
{
    ht_json_object_begin(&sarif->json);
    if (ht_subject_has_file(subject) && subject->file.len)
        put_physical(sarif, subject);
    put_logical(sarif, subject);
    end(sarif);
}

/* A finding about the node as a whole stands where its first subject does, and names the others. */
static void put_locations(struct sarif *sarif, const struct ht_finding *finding)
{
    const struct ht_subject_list *subjects = &finding->subjects;
    size_t from = subjects->len ? 1 : 0;

    begin_list(sarif, "locations");
    put_location(sarif, subjects->len ? &subjects->items[0] : &finding->subject);
    end_list(sarif);
    if (subjects->len < 2)
        return;
    begin_list(sarif, "relatedLocations");
    for (size_t i = from; i < subjects->len; i++)
        put_location(sarif, &subjects->items[i]);
    end_list(sarif);
}

static void put_suppression(struct sarif *sarif, const struct ht_finding *finding)
{
    bool acknowledged = ht_finding_has_acknowledged(finding) && finding->acknowledged.len;

    if (!finding->expected && !acknowledged)
        return;
    begin_list(sarif, "suppressions");
    ht_json_object_begin(&sarif->json);
    put_text(sarif, "kind", HT_S("external"));
    put_text(sarif, "justification",
             acknowledged                      ? finding->acknowledged
             : ht_finding_has_allowed(finding) ? finding->allowed
                                               : HT_S("ships with a known workload of the cluster "
                                                      "itself"));
    end(sarif);
    end_list(sarif);
}

/* Only a report against another says it, and then of each result. */
static void put_baseline_state(struct sarif *sarif, const struct ht_finding *finding)
{
    const struct ht_report_baseline *baseline = &sarif->options->baseline;

    if (baseline->file)
        put_text(sarif, "baselineState",
                 baseline->has(baseline->context, finding->id) ? HT_S("unchanged") : HT_S("new"));
}

static void put_result(struct sarif *sarif, const struct ht_finding *finding)
{
    ht_json_object_begin(&sarif->json);
    put_text(sarif, "ruleId", finding->check);
    key(sarif, "ruleIndex");
    ht_json_put_uint(&sarif->json, rule_index(sarif, finding));
    put_text(sarif, "level", ht_str_from(level_of(finding->severity)));
    put_result_message(sarif, finding);
    put_locations(sarif, finding);
    begin(sarif, "partialFingerprints");
    put_text(sarif, "hulltopFinding/v1", finding->id);
    end(sarif);
    put_baseline_state(sarif, finding);
    put_suppression(sarif, finding);
    begin(sarif, "properties");
    put_text(sarif, "severity", ht_str_from(ht_enum_name(&ht_severity_enum, finding->severity)));
    put_text(sarif, "confidence",
             ht_str_from(ht_enum_name(&ht_confidence_enum, finding->confidence)));
    key(sarif, "question");
    ht_json_put_uint(&sarif->json, finding->question);
    end(sarif);
    end(sarif);
}

static bool is_asked(const struct sarif *sarif, const struct ht_finding *finding)
{
    return finding->question > HT_QUESTIONS || sarif->options->questions >> finding->question & 1;
}

static int put_rows(struct sarif *sarif, const struct ht_report_rows *rows, struct ht_error *err)
{
    for (size_t i = 0; i < rows->findings; i++) {
        ht_autorow struct ht_row *row = NULL;
        int r = rows->finding(rows->context, i, &row, err);

        if (r < 0)
            return r;
        put_result(sarif, ht_finding_of(row));
        r = rows->spill(rows->context, sarif->json.out, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- rules ---- */

static void put_rule(struct sarif *sarif, const struct ht_finding *finding)
{
    ht_json_object_begin(&sarif->json);
    put_text(sarif, "id", finding->check);
    put_message(sarif, "shortDescription", finding->title);
    put_message(sarif, "fullDescription", finding->why);
    begin(sarif, "help");
    key(sarif, "text");
    ht_json_put_lines(&sarif->json, finding->fix);
    end(sarif);
    begin(sarif, "defaultConfiguration");
    put_text(sarif, "level", ht_str_from(level_of(finding->severity)));
    end(sarif);
    begin(sarif, "properties");
    put_text(sarif, "security-severity", ht_str_from(score_of(finding->severity)));
    begin_list(sarif, "tags");
    ht_json_put_string(&sarif->json, HT_S("security"));
    for (size_t i = 0; i < finding->references.len; i++)
        ht_json_put_string(&sarif->json, finding->references.items[i]);
    end_list(sarif);
    end(sarif);
    end(sarif);
}

static void put_tool(struct sarif *sarif)
{
    begin(sarif, "tool");
    begin(sarif, "driver");
    put_text(sarif, "name", HT_S("hulltop"));
    put_text(sarif, "version", ht_str_from(sarif->options->version));
    begin_list(sarif, "rules");
    for (size_t i = 0; i < sarif->rules.len; i++)
        put_rule(sarif, ht_finding_of(((struct rule *)sarif->rules.items[i])->finding));
    end_list(sarif);
    end(sarif);
    end(sarif);
}

/* What could not be looked at: a run without it would look like a clean one. */
static void put_invocation(struct sarif *sarif, const struct ht_state *state)
{
    begin_list(sarif, "invocations");
    ht_json_object_begin(&sarif->json);
    key(sarif, "executionSuccessful");
    ht_json_put_bool(&sarif->json, true);
    begin_list(sarif, "toolExecutionNotifications");
    for (unsigned number = 1; number <= HT_QUESTIONS; number++) {
        const struct ht_question *question = ht_state_question(state, number);

        for (size_t i = 0; sarif->options->questions >> number & 1 && i < question->missing.len;
             i++) {
            const struct ht_missing *missing = &question->missing.items[i];
            ht_autobuf struct ht_buf text = HT_BUF(4096);

            ht_buf_addf(&text, "%s: ", ht_question_name(number));
            ht_missing_put(&text, missing, 0);
            ht_json_object_begin(&sarif->json);
            put_text(sarif, "level", HT_S("warning"));
            put_message(sarif, "message", ht_buf_str(&text));
            end(sarif);
        }
    }
    end_list(sarif);
    end(sarif);
    end_list(sarif);
}

int ht_report_sarif(struct ht_buf *out, const struct ht_state *state,
                    const struct ht_report_options *options, const struct ht_report_rows *rows,
                    struct ht_error *err)
{
    struct sarif sarif = {.options = options, .places = ht_map_new()};
    int r = 0;

    ht_json_begin(&sarif.json, out, options->style, HT_JSON_PRINTABLE);
    ht_json_object_begin(&sarif.json);
    put_text(&sarif, "$schema", HT_S("https://json.schemastore.org/sarif-2.1.0.json"));
    put_text(&sarif, "version", HT_S("2.1.0"));
    begin_list(&sarif, "runs");
    ht_json_object_begin(&sarif.json);
    begin_list(&sarif, "results");
    for (size_t i = 0; i < state->findings.len; i++) {
        const struct ht_finding *finding = ht_finding_of(state->findings.rows[i]);

        if (is_asked(&sarif, finding))
            put_result(&sarif, finding);
    }
    if (rows)
        r = put_rows(&sarif, rows, err);
    end_list(&sarif);
    put_tool(&sarif);
    put_invocation(&sarif, state);
    put_text(&sarif, "columnKind", HT_S("unicodeCodePoints"));
    end(&sarif);
    end_list(&sarif);
    end(&sarif);
    for (size_t i = 0; i < sarif.rules.len; i++) {
        struct rule *rule = sarif.rules.items[i];

        ht_row_unref(rule->finding);
        free(rule);
    }
    ht_vec_fini(&sarif.rules);
    ht_map_free(sarif.places);
    return r;
}
