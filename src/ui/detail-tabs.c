/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why, how to fix, raw, history: the tabs that are lists of what is known. */
#include <config.h>

#include "detail.h"

#include <inttypes.h>

#include "hulltop/model/subject.h"

enum { NAME_COL = 24, NARROW_COL = 18, RAW_DEPTH_MAX = 6, HISTORY_MAX = 500 };

/* ---- why and fix ---- */

static void none(struct ht_doc *doc, const char *text)
{
    ht_doc_text(doc, 1, HT_STYLE_DIM, ht_str_from(text));
}

/* A report of another version may name checks that this one does not have. */
static void put_other_causes(const struct ht_ui *ui, const struct ht_finding *finding,
                             struct ht_doc *doc)
{
    const char *const *causes =
        ui->options.other_causes ? ui->options.other_causes(finding->check) : NULL;

    if (!causes || !causes[0])
        return;
    ht_doc_head(doc, "IT MAY ALSO BE");
    for (size_t i = 0; causes[i]; i++)
        ht_doc_wrap(doc, 1, HT_STYLE_NORMAL, ht_str_from(causes[i]));
}

/* What is no finding has no reason and no cure of its own; findings about it have. */
static void put_no_finding(const struct ht_subject_rows *rows, struct ht_doc *doc, const char *has)
{
    size_t count = ht_detail_findings_count(rows);
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

    none(doc, "This is no finding.");
    if (count == 0)
        return;
    ht_doc_line(doc);
    ht_buf_addf(&text,
                count == 1 ? "%zu finding is about it, and %s:"
                           : "%zu findings are about it, and each %s:",
                count, has);
    ht_doc_wrap(doc, 1, HT_STYLE_NORMAL, ht_buf_str(&text));
    ht_detail_findings(rows, doc);
}

void ht_detail_why(const struct ht_ui *ui, const struct ht_subject_rows *rows, struct ht_doc *doc)
{
    const struct ht_finding *finding = rows->finding;

    if (!finding) {
        put_no_finding(rows, doc, "tells why it matters");
        return;
    }
    ht_doc_wrap(doc, 1, HT_STYLE_TITLE, finding->title);
    ht_doc_line(doc);
    if (ht_finding_has_why(finding))
        ht_doc_text(doc, 1, HT_STYLE_NORMAL, finding->why);
    if (ht_finding_has_escape(finding) && finding->escape.len) {
        ht_doc_head(doc, "ESCAPE PATH");
        ht_doc_wrap(doc, 1, HT_STYLE_HIGH, finding->escape);
    }
    put_other_causes(ui, finding, doc);
    ht_doc_head(doc, "REFERENCES");
    ht_doc_line(doc);
    ht_doc_put(doc, 1, HT_STYLE_NORMAL, finding->check);
    for (size_t i = 0; i < finding->references.len; i++)
        ht_doc_wrap(doc, 1, HT_STYLE_NORMAL, finding->references.items[i]);
}

void ht_detail_fix(const struct ht_subject_rows *rows, struct ht_doc *doc)
{
    if (ht_detail_packages_fix(rows, doc)) {
        ht_doc_line(doc);
        none(doc, "Text to copy (Y); this program changes nothing.");
        return;
    }
    if (!rows->finding) {
        put_no_finding(rows, doc, "tells how to fix it");
        return;
    }
    if (!ht_finding_has_fix(rows->finding)) {
        none(doc, "Nothing is known that would fix it.");
        return;
    }
    ht_doc_text(doc, 1, HT_STYLE_NORMAL, rows->finding->fix);
    ht_doc_line(doc);
    none(doc, "Text to copy (Y); this program changes nothing.");
}

/* ---- raw ---- */

static void raw_struct(struct ht_doc *doc, const struct ht_table *table, const void *data,
                       int depth);

static void raw_items(struct ht_doc *doc, const struct ht_field *field, const struct ht_list *list,
                      int depth)
{
    size_t size = ht_field_item_size(field);

    for (size_t i = 0; i < list->len; i++) {
        ht_doc_line(doc);
        ht_doc_putf(doc, 1 + 2 * depth, HT_STYLE_DIM, "%s[%zu]", field->name, i);
        raw_struct(doc, field->sub, (const char *)list->items + i * size, depth + 1);
    }
}

static void raw_field(struct ht_doc *doc, const struct ht_field *field, const void *value,
                      int depth)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_EXPORT_MAX);
    int col = doc->width < HT_DOC_NARROW ? NARROW_COL : NAME_COL;
    size_t first = doc->len;

    if (field->kind == HT_KIND_STRUCT) {
        ht_doc_line(doc);
        ht_doc_put(doc, 1 + 2 * depth, HT_STYLE_DIM, ht_str_from(field->name));
        raw_struct(doc, field->sub, value, depth + 1);
        return;
    }
    if (field->kind == HT_KIND_LIST && field->item == HT_KIND_STRUCT) {
        raw_items(doc, field, value, depth);
        return;
    }
    ht_value_format(&text, field, value, HT_FORMAT_RAW);
    ht_doc_pair(doc, col, "", ht_buf_str(&text));
    if (doc->len > first) {
        doc->lines[first].pieces[0].col = 1 + 2 * depth;
        doc->lines[first].pieces[0].width = col - 2 - 2 * depth;
        doc->lines[first].pieces[0].text = ht_str_from(field->name);
    }
}

static void raw_struct(struct ht_doc *doc, const struct ht_table *table, const void *data,
                       int depth)
{
    if (depth > RAW_DEPTH_MAX)
        return;
    for (unsigned i = 0; i < table->count; i++) {
        const struct ht_field *field = &table->fields[i];

        if (ht_field_is_known(table, data, field))
            raw_field(doc, field, (const char *)data + field->offset, depth);
    }
}

static void raw_row(struct ht_doc *doc, const struct ht_table *table, const void *data)
{
    if (!data)
        return;
    ht_doc_head(doc, table->name);
    raw_struct(doc, table, data, 0);
}

void ht_detail_raw(const struct ht_subject_rows *rows, struct ht_doc *doc)
{
    raw_row(doc, &ht_event_table, rows->event);
    raw_row(doc, &ht_container_table, rows->container);
    raw_row(doc, &ht_process_table, rows->process);
    raw_row(doc, &ht_usage_table, rows->usage);
    raw_row(doc, &ht_finding_table, rows->finding);
    if (rows->other)
        raw_row(doc, rows->other_table, rows->other);
}

/* ---- export ---- */

static void write_row(struct ht_json_writer *writer, const struct ht_table *table, const void *data)
{
    if (!data)
        return;
    ht_json_key(writer, ht_str_from(table->name));
    ht_struct_write(writer, table, data, true);
}

void ht_detail_export(const struct ht_subject_rows *rows, struct ht_buf *out)
{
    struct ht_json_writer writer;
    char time[HT_TIME_TEXT_MAX];

    ht_json_begin(&writer, out, HT_JSON_INDENTED, HT_JSON_PRINTABLE);
    ht_json_object_begin(&writer);
    ht_json_key(&writer, HT_S("schema"));
    ht_json_put_string(&writer, HT_S("hulltop-evidence/1"));
    ht_json_key(&writer, HT_S("taken_at"));
    ht_json_put_string(&writer, ht_str_from(ht_time_format_utc(rows->state->now_ns, 1, time)));
    write_row(&writer, &ht_host_table, ht_node_host(rows->state->node));
    write_row(&writer, &ht_finding_table, rows->finding);
    write_row(&writer, &ht_event_table, rows->event);
    write_row(&writer, &ht_container_table, rows->container);
    write_row(&writer, &ht_process_table, rows->process);
    if (rows->other)
        write_row(&writer, rows->other_table, rows->other);
    ht_json_object_end(&writer);
    ht_buf_add_c(out, '\n');
}

/* ---- history ---- */

static void put_time(struct ht_ui *ui, struct ht_doc *doc, int64_t at, const char *what)
{
    ht_autobuf struct ht_buf time = HT_BUF(40);

    ht_ui_time_text(ui, &time, at);
    ht_doc_line(doc);
    ht_doc_put(doc, 1, HT_STYLE_DIM, ht_buf_str(&time));
    ht_doc_put(doc, 14, HT_STYLE_NORMAL, ht_str_from(what));
}

static bool is_about(const struct ht_event *event, const struct ht_subject_rows *rows)
{
    if (rows->finding && ht_event_has_finding(event) &&
        ht_str_equal(event->finding, rows->finding->id))
        return true;
    if (rows->event && ht_event_has_finding(rows->event) && ht_event_has_finding(event) &&
        ht_str_equal(event->finding, rows->event->finding))
        return true;
    if (rows->process && ht_event_has_process(event) &&
        ht_str_equal(event->process, rows->process->id))
        return true;
    return rows->container && ht_event_has_container(event) &&
           ht_str_equal(event->container, rows->container->id);
}

void ht_detail_history(struct ht_ui *ui, const struct ht_subject_rows *rows, struct ht_doc *doc)
{
    const struct ht_finding *finding = rows->finding;
    const struct ht_rowset *events = &ui->state->events;
    size_t shown = 0;

    if (finding && ht_finding_has_since(finding))
        put_time(ui, doc, finding->since, "the fact began");
    if (finding && ht_finding_has_first_seen(finding))
        put_time(ui, doc, finding->first_seen, "hulltop first saw it");
    if (finding && ht_finding_has_last_seen(finding))
        put_time(ui, doc, ht_detail_last_seen(rows->state, finding), "hulltop last saw it");
    if (finding && ht_finding_has_acknowledged(finding))
        ht_doc_pair(doc, 14, "acknowledged", finding->acknowledged);
    ht_doc_head(doc, "EVENTS");
    for (size_t i = events->len; i-- > 0 && shown < HISTORY_MAX;) {
        const struct ht_event *event = ht_event_of(events->rows[i]);
        ht_autobuf struct ht_buf time = HT_BUF(40), text = HT_BUF(HT_SIDE_TEXT_MAX);

        if (!is_about(event, rows))
            continue;
        shown++;
        ht_ui_time_text(ui, &time, event->at);
        ht_buf_add_c(&time, '\0');
        ht_ui_event_text(&text, event, false);
        ht_doc_pair(doc, 14, time.data, ht_buf_str(&text));
    }
    if (shown == 0)
        none(doc, "no events about it since hulltop was started");
}

/* Of a row without a page of its own: it is told by its id, a process with old code by whom it
 * belongs to. */
static bool is_about_other(const struct ht_subject_rows *rows, const struct ht_subject *subject)
{
    const struct ht_stale_process *stale = rows->other;

    if (rows->other_table != &ht_stale_process_table)
        return ht_str_equal(subject->id, rows->other_id);
    return ht_str_equal(subject->id, stale->unit.len ? stale->unit : stale->name);
}

static bool is_at(const struct ht_subject_rows *rows, const struct ht_finding *finding)
{
    struct ht_subject_home home = ht_subject_home(rows->state->node, &finding->subject);

    if (rows->container)
        return ht_str_equal(home.container, rows->container->id);
    if (rows->process)
        return ht_str_equal(home.process, rows->process->id);
    if (rows->usage)
        return home.unit.len && ht_str_equal(home.unit, rows->usage->unit);
    return rows->other && is_about_other(rows, &finding->subject);
}

size_t ht_detail_findings_count(const struct ht_subject_rows *rows)
{
    const struct ht_rowset *findings = &rows->state->findings;
    size_t count = 0;

    for (size_t i = 0; i < findings->len; i++)
        count += is_at(rows, ht_finding_of(findings->rows[i]));
    return count;
}

void ht_detail_findings(const struct ht_subject_rows *rows, struct ht_doc *doc)
{
    size_t shown = 0;

    ht_doc_head(doc, "FINDINGS");
    for (size_t i = 0; i < rows->state->findings.len; i++) {
        const struct ht_finding *finding = ht_finding_of(rows->state->findings.rows[i]);
        ht_autobuf struct ht_buf word = HT_BUF(40);

        if (!is_at(rows, finding))
            continue;
        shown++;
        ht_ui_severity_text(&word, finding->severity);
        ht_doc_line(doc);
        ht_doc_put(doc, 1, ht_ui_severity_style(finding->severity), ht_buf_str(&word));
        ht_doc_putf(doc, 10, HT_STYLE_DIM, "%" PRIu64, finding->question);
        ht_doc_put(doc, 13, HT_STYLE_NORMAL, finding->title);
    }
    if (shown == 0)
        none(doc, "none");
}
