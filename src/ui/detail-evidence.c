/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Evidence tab: what was seen, by whom, and what it adds up to. */
#include <config.h>

#include "detail.h"

#include "hulltop/model/subject.h"

#include <inttypes.h>
#include <string.h>

enum {
    SUMMARY_COL = 24,
    NARROW_COL = 14,
    AGE_W = 5,
    SOURCE_W = 20,
    SIDES_COL = 18,
    LABEL_COL = 12,
    PROCESSES_MAX = 12,
    IMPLIED_MAX = 3,
    NOT_SEEN_MAX = 4,
    WIDE_MIN = 100,
};

/* ---- what we saw ---- */

/* When a fact was last known to hold: when it was read, or later confirmed by its source. */
static int64_t seen_at(const struct ht_state *state, const struct ht_evidence *evidence)
{
    const struct ht_source *source = ht_evidence_teller(state->node, evidence->source);
    int64_t at = evidence->at;

    if (source && ht_source_has_answered_at(source) && source->answered_at > at)
        at = source->answered_at;
    return at;
}

int64_t ht_detail_last_seen(const struct ht_state *state, const struct ht_finding *finding)
{
    int64_t last = finding->last_seen;

    /* Held: its sources may answer, and yet nobody could look. */
    if (ht_rowset_find(&state->held, finding->id))
        return last;
    for (size_t i = 0; i < finding->evidence.len; i++) {
        const struct ht_evidence *evidence = &finding->evidence.items[i];
        int64_t at = ht_evidence_has_at(evidence) ? seen_at(state, evidence) : last;

        if (at > last)
            last = at;
    }
    return last;
}

static void put_evidence(const struct ht_ui *ui, const struct ht_state *state, struct ht_doc *doc,
                         const struct ht_evidence *evidence)
{
    int age_col = doc->width - AGE_W;
    int source_col = age_col - SOURCE_W - 1;
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);
    bool narrow = doc->width < 70;
    size_t first = doc->len;

    ht_buf_add_str(&text, evidence->field);
    if (ht_evidence_has_value(evidence)) {
        ht_buf_add_text(&text, " = ");
        ht_buf_add_str(&text, evidence->value);
    }
    /* An address or a sum that is cut is of no use. */
    ht_doc_hang(doc, 1, (narrow ? age_col : source_col) - 1, HT_STYLE_NORMAL, ht_buf_str(&text));
    if (doc->len == first) /* no more lines are taken */
        return;
    if (!narrow)
        ht_doc_beside(doc, first, source_col, HT_STYLE_ACCENT, evidence->source);
    ht_buf_reset(&text);
    if (ht_evidence_has_at(evidence))
        ht_ui_age_text(ui, &text, seen_at(state, evidence));
    else
        ht_buf_add_c(&text, '?');
    ht_doc_beside(doc, first, age_col, HT_STYLE_NORMAL | HT_ATTR_LIVE, ht_buf_str(&text));
    if (narrow)
        ht_doc_wrap(doc, 3, HT_STYLE_ACCENT, evidence->source);
}

/* What another check found, and this finding implies: its field is that check. */
static bool is_implied(const struct ht_finding *finding, const struct ht_evidence *evidence)
{
    for (size_t i = 0; i < finding->implied.len; i++) {
        if (ht_str_equal(evidence->field, finding->implied.items[i]))
            return true;
    }
    return false;
}

/* The first titles of one check, and how many more there are. */
static void put_implied_check(const struct ht_finding *finding, struct ht_str check,
                              struct ht_doc *doc)
{
    size_t found = 0;

    for (size_t i = 0; i < finding->evidence.len; i++) {
        const struct ht_evidence *evidence = &finding->evidence.items[i];

        if (!ht_str_equal(evidence->field, check) || found++ >= IMPLIED_MAX)
            continue;
        ht_doc_pair(doc, LABEL_COL, found == 1 ? check.data : "", evidence->value);
    }
    if (found > IMPLIED_MAX) {
        ht_doc_line(doc);
        ht_doc_putf(doc, LABEL_COL, HT_STYLE_DIM, "and %zu more", found - IMPLIED_MAX);
    }
    if (found == 0)
        ht_doc_pair(doc, LABEL_COL, check.data, HT_S("-"));
}

static void put_implied(const struct ht_finding *finding, struct ht_doc *doc)
{
    if (finding->implied.len)
        ht_doc_head(doc, "ALSO FOUND HERE (part of this finding)");
    for (size_t i = 0; i < finding->implied.len; i++)
        put_implied_check(finding, finding->implied.items[i], doc);
}

static void put_seen(const struct ht_ui *ui, const struct ht_subject_rows *rows, struct ht_doc *doc)
{
    const struct ht_finding *finding = rows->finding;

    ht_doc_head(doc, "WHAT WE SAW");
    if (doc->width >= 70)
        ht_doc_put(doc, doc->width - AGE_W - SOURCE_W - 1, HT_STYLE_HEADER, HT_S("SOURCE"));
    ht_doc_put(doc, doc->width - AGE_W, HT_STYLE_HEADER, HT_S("AGE"));
    for (size_t i = 0; i < finding->evidence.len; i++) {
        if (!is_implied(finding, &finding->evidence.items[i]))
            put_evidence(ui, rows->state, doc, &finding->evidence.items[i]);
    }
    if (finding->evidence.len == 0)
        ht_doc_text(doc, 1, HT_STYLE_DIM, HT_S("no evidence is recorded"));
}

/* ---- declared and effective ---- */

struct agreement {
    unsigned same;
    unsigned both; /* facts that both sides know */
};

static bool is_known_side(const struct ht_field *field, const struct ht_privilege *side)
{
    return ht_field_is_known(&ht_privilege_table, side, field);
}

static void put_side(struct ht_ui *ui, const struct ht_field *field,
                     const struct ht_privilege *side, struct ht_buf *out)
{
    if (is_known_side(field, side))
        ht_ui_cell_text(ui, out, field, (const char *)side + field->offset);
    else
        ht_buf_add_c(out, '?');
}

/* Both sides behind each other: there is no room for two columns. */
static void put_narrow_field(struct ht_ui *ui, struct ht_doc *doc, const struct ht_field *field,
                             const struct ht_container *container)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

    put_side(ui, field, &container->declared, &text);
    ht_buf_add_text(&text, " / ");
    put_side(ui, field, &container->effective, &text);
    ht_doc_pair(doc, SIDES_COL, field->name, ht_buf_str(&text));
}

static void put_wide_field(struct ht_ui *ui, struct ht_doc *doc, const struct ht_field *field,
                           const struct ht_container *container)
{
    int half = (doc->width - 20) / 2;
    const struct ht_privilege *sides[] = {&container->declared, &container->effective};

    ht_doc_line(doc);
    ht_doc_put(doc, 1, HT_STYLE_DIM, ht_str_from(field->name));
    for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
        ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

        put_side(ui, field, sides[i], &text);
        ht_doc_put(doc, SIDES_COL + (int)i * (half + 1),
                   is_known_side(field, sides[i]) ? HT_STYLE_NORMAL : HT_STYLE_UNKNOWN,
                   ht_buf_str(&text));
    }
}

static void put_privileges(struct ht_ui *ui, const struct ht_container *container,
                           struct ht_doc *doc)
{
    int half = (doc->width - 20) / 2;
    bool narrow = doc->width < HT_DOC_NARROW;

    ht_doc_head(doc, "PRIVILEGE");
    ht_doc_put(doc, SIDES_COL, HT_STYLE_HEADER,
               narrow ? HT_S("DECLARED / EFFECTIVE") : HT_S("DECLARED"));
    if (!narrow)
        ht_doc_put(doc, SIDES_COL + 1 + half, HT_STYLE_HEADER, HT_S("EFFECTIVE"));
    for (unsigned i = 0; i < ht_privilege_table.count; i++) {
        const struct ht_field *field = &ht_privilege_table.fields[i];

        if (!is_known_side(field, &container->declared) &&
            !is_known_side(field, &container->effective))
            continue;
        if (narrow)
            put_narrow_field(ui, doc, field, container);
        else
            put_wide_field(ui, doc, field, container);
    }
}

static bool is_same(const struct ht_field *field, const void *a, const void *b)
{
    ht_autobuf struct ht_buf x = HT_BUF(HT_EXPORT_MAX);
    ht_autobuf struct ht_buf y = HT_BUF(HT_EXPORT_MAX);

    ht_value_format(&x, field, a, HT_FORMAT_RAW);
    ht_value_format(&y, field, b, HT_FORMAT_RAW);
    return ht_str_equal(ht_buf_str(&x), ht_buf_str(&y));
}

static struct agreement compare_sides(const struct ht_container *container, struct ht_buf *differ)
{
    struct agreement agreement = {0};

    for (unsigned i = 0; i < ht_privilege_table.count; i++) {
        const struct ht_field *field = &ht_privilege_table.fields[i];
        const char *declared = (const char *)&container->declared;
        const char *effective = (const char *)&container->effective;

        if (!ht_field_is_known(&ht_privilege_table, declared, field) ||
            !ht_field_is_known(&ht_privilege_table, effective, field))
            continue;
        agreement.both++;
        if (is_same(field, declared + field->offset, effective + field->offset))
            agreement.same++;
        else
            ht_buf_addf(differ, "%s%s", differ->len ? ", " : "", field->name);
    }
    return agreement;
}

/* ---- who ---- */

/* What runs has done so since it was started; of any other state only how the last run went is
 * known, not when that state began. */
static void put_life(struct ht_ui *ui, const struct ht_container *container, struct ht_buf *out)
{
    bool started = ht_container_has_started_at(container);
    bool runs = !ht_container_has_state(container) ||
                container->state == HT_CONTAINER_STATE_RUNNING ||
                container->state == HT_CONTAINER_STATE_UNMANAGED;

    if (ht_container_has_state(container))
        ht_buf_addf(out, "  %s", ht_enum_name(&ht_container_state_enum, container->state));
    if (started) {
        ht_buf_add_text(out, runs ? " since " : ", started ");
        ht_ui_time_text(ui, out, container->started_at);
    }
    /* Engines keep the end of the run before while the next one lasts. */
    if (runs || !ht_container_has_finished_at(container) ||
        (started && container->finished_at < container->started_at))
        return;
    ht_buf_add_text(out, ", ended ");
    ht_ui_time_text(ui, out, container->finished_at);
    if (ht_container_has_exit_code(container))
        ht_buf_addf(out, " with status %" PRId64, container->exit_code);
}

static void put_container(struct ht_ui *ui, const struct ht_container *container,
                          struct ht_doc *doc)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

    ht_buf_add_str(&text, container->name);
    ht_buf_add_text(&text, "  id ");
    ht_buf_add_str(&text, ht_str_sub(container->id, 0, 12));
    put_life(ui, container, &text);
    ht_doc_pair(doc, LABEL_COL, "container", ht_buf_str(&text));
    if (ht_container_has_image(container))
        ht_doc_pair(doc, LABEL_COL, "image", container->image);
    if (ht_container_has_pod(container))
        ht_doc_pair(doc, LABEL_COL, "pod", container->pod);
    if (ht_container_has_owner(container))
        ht_doc_pair(doc, LABEL_COL, "owner", container->owner);
    if (ht_container_has_owner_by(container))
        ht_doc_pair(doc, LABEL_COL, "owner by", container->owner_by);
    if (ht_container_has_pod_found(container))
        ht_doc_pair(doc, LABEL_COL, "API", container->pod_found);
    for (size_t i = 0; i < container->differs.len; i++)
        ht_doc_pair(doc, LABEL_COL, i ? "" : "DIFFERS", container->differs.items[i]);
    if (ht_container_has_resizing(container))
        ht_doc_pair(doc, LABEL_COL, "resize", container->resizing);
    ht_buf_reset(&text);
    ht_buf_add_str(&text, ht_container_has_runtime(container) ? container->runtime : HT_S("?"));
    if (ht_container_has_class(container))
        ht_buf_addf(&text, "   class %s", ht_enum_name(&ht_class_enum, container->class));
    if (ht_container_has_class_signal(container)) {
        ht_buf_add_text(&text, ": ");
        ht_buf_add_str(&text, container->class_signal);
    }
    ht_doc_pair(doc, LABEL_COL, "runtime", ht_buf_str(&text));
}

static void put_processes(const struct ht_subject_rows *rows, struct ht_doc *doc)
{
    const struct ht_rowset *processes = ht_node_set(rows->state->node, HT_TABLE_PROCESS);
    const struct ht_container *container = rows->container;
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);
    size_t found = 0;

    for (size_t i = 0; i < processes->len; i++) {
        const struct ht_process *process = ht_process_of(processes->rows[i]);

        if (!ht_process_has_container(process) ||
            !ht_str_equal(process->container, container->id) || found++ >= PROCESSES_MAX)
            continue;
        if (text.len)
            ht_buf_add_text(&text, "  ");
        ht_buf_addf(&text, "%" PRIu64 " ", process->pid);
        ht_buf_add_str(&text, process->comm);
    }
    if (found > PROCESSES_MAX)
        ht_buf_addf(&text, "  and %zu more", found - PROCESSES_MAX);
    if (text.len)
        ht_doc_pair(doc, LABEL_COL, "processes", ht_buf_str(&text));
}

static void put_process(struct ht_ui *ui, const struct ht_process *process, struct ht_doc *doc)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

    ht_buf_addf(&text, "%" PRIu64 " ", process->pid);
    ht_buf_add_str(&text, process->comm);
    if (ht_process_has_started_at(process)) {
        ht_buf_add_text(&text, "  started ");
        ht_ui_time_text(ui, &text, process->started_at);
    }
    ht_doc_pair(doc, LABEL_COL, "process", ht_buf_str(&text));
    if (ht_process_has_exe(process))
        ht_doc_pair(doc, LABEL_COL, "executable", process->exe);
    ht_buf_reset(&text);
    for (size_t i = 0; i < process->argv.len; i++) {
        if (i > 0)
            ht_buf_add_c(&text, ' ');
        ht_buf_add_str(&text, process->argv.items[i]);
    }
    if (text.len)
        ht_doc_pair(doc, LABEL_COL, "command", ht_buf_str(&text));
    if (ht_process_has_unit(process))
        ht_doc_pair(doc, LABEL_COL, "unit", process->unit);
}

static void put_subjects(const struct ht_finding *finding, struct ht_doc *doc)
{
    for (size_t i = 0; i < finding->subjects.len; i++) {
        const struct ht_subject *subject = &finding->subjects.items[i];

        ht_doc_line(doc);
        ht_doc_put(doc, LABEL_COL, HT_STYLE_NORMAL, ht_subject_text(subject));
        if (ht_subject_has_image(subject))
            ht_doc_put(doc, LABEL_COL + 30, HT_STYLE_DIM, subject->image);
    }
}

/* Where the subject of a finding lives that has no row of its own. */
static void put_place(const struct ht_subject *subject, struct ht_doc *doc)
{
    if (ht_subject_has_container(subject))
        ht_doc_pair(doc, LABEL_COL, "container", subject->container);
    if (ht_subject_has_pid(subject)) {
        ht_doc_line(doc);
        ht_doc_put(doc, 1, HT_STYLE_DIM, HT_S("pid"));
        ht_doc_putf(doc, LABEL_COL, HT_STYLE_NORMAL, "%" PRIu64, subject->pid);
    }
    if (ht_subject_has_owner(subject))
        ht_doc_pair(doc, LABEL_COL, "owner", subject->owner);
    if (ht_subject_has_image(subject))
        ht_doc_pair(doc, LABEL_COL, "image", subject->image);
}

static void put_who(struct ht_ui *ui, const struct ht_subject_rows *rows, struct ht_doc *doc)
{
    ht_doc_head(doc, "WHO");
    if (rows->process)
        put_process(ui, rows->process, doc);
    if (rows->container) {
        put_container(ui, rows->container, doc);
        put_processes(rows, doc);
    }
    if (rows->finding && !rows->process && !rows->container) {
        const struct ht_subject *subject = &rows->finding->subject;

        ht_doc_pair(doc, LABEL_COL, ht_ui_kind_text(subject),
                    subject->name.len ? subject->name : ht_subject_text(subject));
        put_place(subject, doc);
    }
    if (rows->finding)
        put_subjects(rows->finding, doc);
}

/* ---- how sure ---- */

static void put_agreement(const struct ht_subject_rows *rows, struct ht_doc *doc)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);
    ht_autobuf struct ht_buf differ = HT_BUF(HT_SIDE_TEXT_MAX);

    ht_doc_line(doc);
    if (rows->container) {
        struct agreement agreement = compare_sides(rows->container, &differ);

        if (agreement.both == 0)
            ht_buf_add_text(&text, "only one side is known, so nothing could be compared");
        else
            ht_buf_addf(&text, "declared and effective agree in %u of %u facts", agreement.same,
                        agreement.both);
        if (differ.len)
            ht_buf_addf(&text, " (not in %s)", differ.data);
        ht_buf_add_text(&text, ". ");
    }
    if (rows->finding && ht_finding_has_confidence(rows->finding))
        ht_buf_addf(&text, "Confidence: %s.",
                    ht_enum_name(&ht_confidence_enum, rows->finding->confidence));
    if (text.len)
        ht_doc_pair(doc, LABEL_COL, "AGREEMENT", ht_buf_str(&text));
}

/* What is missing and the check of this finding asks for. */
static bool is_needed(const struct ht_ui *ui, const struct ht_finding *finding,
                      const struct ht_missing *missing)
{
    return !ui->options.needs || ht_str_equal(missing->check, finding->check) ||
           ui->options.needs(finding->check, missing->source);
}

/* What is not seen, as it is told. */
struct not_seen {
    struct ht_buf text;
    struct ht_str before; /* the source of the last one */
    size_t shown;
};

/* The reasons of one source stand behind its name once. */
static void add_not_seen(struct not_seen *seen, const struct ht_missing *missing)
{
    if (seen->shown >= NOT_SEEN_MAX)
        return;
    if (seen->shown++ && ht_str_equal(seen->before, missing->source)) {
        ht_buf_add_text(&seen->text, "; ");
    } else {
        if (seen->shown > 1)
            ht_buf_add_text(&seen->text, "). ");
        ht_buf_add_str(&seen->text, missing->source);
        ht_buf_add_text(&seen->text, missing->source.len ? " (" : "(");
    }
    ht_buf_add_str(&seen->text, missing->reason);
    seen->before = missing->source;
}

/* A source that is waited for has not failed to tell. */
static bool is_awaited(const struct ht_state *state, struct ht_str source)
{
    const struct ht_row *row =
        state->complete ? NULL : ht_node_find(state->node, HT_TABLE_SOURCE, source);

    return row && ht_source_of(row)->state == HT_SOURCE_STATE_WAIT;
}

/* Of this subject. False: who lacks what cannot be told; a report does not have all of its rows. */
static bool add_own(const struct ht_ui *ui, const struct ht_subject_rows *rows,
                    struct ht_arena *arena, struct not_seen *seen)
{
    struct ht_missing_list own = {0};

    if (rows->state->origin == HT_ORIGIN_REPORT ||
        ui->calls.unseen(ui->calls.context, rows->state->node, rows->finding, arena, &own) < 0)
        return false;
    for (size_t i = 0; i < own.len; i++) {
        if (!is_awaited(rows->state, own.items[i].source))
            add_not_seen(seen, &own.items[i]);
    }
    return true;
}

/* Of the question: what a source failed to tell concerns everybody, what a check could not see one
 * subject or another. */
static void add_of_question(const struct ht_ui *ui, const struct ht_subject_rows *rows,
                            bool of_checks, struct not_seen *seen)
{
    const struct ht_finding *finding = rows->finding;
    const struct ht_question *question =
        ht_state_question(rows->state, (unsigned)finding->question);

    for (size_t i = 0; i < question->missing.len; i++) {
        const struct ht_missing *missing = &question->missing.items[i];

        if (is_needed(ui, finding, missing) && (missing->check.len > 0) == of_checks)
            add_not_seen(seen, missing);
    }
}

static void put_not_seen(const struct ht_ui *ui, const struct ht_subject_rows *rows,
                         struct ht_doc *doc)
{
    const struct ht_finding *finding = rows->finding;
    ht_autoarena struct ht_arena *arena = NULL;
    struct not_seen seen = {.text = HT_BUF(HT_SIDE_TEXT_MAX)};
    struct not_seen some = {.text = HT_BUF(HT_SIDE_TEXT_MAX)};

    if (!finding || finding->question < 1 || finding->question > HT_QUESTIONS)
        return;
    arena = ht_arena_new(HT_LIMIT_ROW);
    ht_buf_add_text(&some.text, "of some that the question asks about: ");
    if (!add_own(ui, rows, arena, &seen))
        add_of_question(ui, rows, true, &some);
    add_of_question(ui, rows, false, &seen);
    ht_buf_add_c(&seen.text, ')');
    ht_buf_add_c(&some.text, ')');
    if (seen.shown)
        ht_doc_pair(doc, LABEL_COL, "NOT SEEN", ht_buf_str(&seen.text));
    if (some.shown)
        ht_doc_pair(doc, LABEL_COL, seen.shown ? "" : "NOT SEEN", ht_buf_str(&some.text));
    if (!seen.shown && !some.shown)
        ht_doc_pair(doc, LABEL_COL, "NOT SEEN", HT_S("nothing that this check needs"));
    ht_buf_fini(&seen.text);
    ht_buf_fini(&some.text);
}

/* ---- all of it ---- */

static void put_allowed(const struct ht_finding *finding, struct ht_doc *doc)
{
    ht_autobuf struct ht_buf line = HT_BUF(HT_LIMIT_ARG);

    ht_finding_put_allowed(&line, finding);
    ht_doc_text(doc, 10, HT_STYLE_DIM, ht_buf_str(&line));
}

static void put_finding(const struct ht_ui *ui, const struct ht_subject_rows *rows,
                        struct ht_doc *doc)
{
    const struct ht_finding *finding = rows->finding;
    ht_autobuf struct ht_buf word = HT_BUF(60);
    size_t first = doc->len;

    ht_ui_severity_text(&word, finding->severity);
    ht_buf_add_c(&word, '\0');
    ht_doc_pair(doc, 10, word.data, finding->title);
    if (doc->len > first)
        doc->lines[first].pieces[0].style = ht_ui_severity_style(finding->severity);
    if (ht_finding_has_allowed(finding))
        put_allowed(finding, doc);
    else if (ht_finding_has_expected(finding) && finding->expected)
        ht_doc_text(doc, 10, HT_STYLE_DIM,
                    HT_S("expected: a known system workload ships with exactly this"));
    /* The title of a posture finding says it already. */
    if (!finding->posture && ht_finding_has_count(finding) && ht_finding_has_total(finding) &&
        finding->count > 1) {
        ht_doc_line(doc);
        ht_doc_putf(doc, 10, HT_STYLE_NORMAL, "%" PRIu64 " of %" PRIu64 " subjects", finding->count,
                    finding->total);
    }
    put_seen(ui, rows, doc);
}

/* Where the text beside a long label begins; below it where there is no room for two columns. */
static int summary_col(const struct ht_doc *doc)
{
    return doc->width < HT_DOC_NARROW ? 3 : SUMMARY_COL;
}

/* Of a set how many; of seccomp the profile, where that was declared and not the mode. */
static void put_summary_side(struct ht_ui *ui, const struct ht_field *field,
                             const struct ht_privilege *side, struct ht_buf *out)
{
    if (is_known_side(field, side) && field->kind == HT_KIND_BITS)
        ht_buf_addf(out, "%d",
                    __builtin_popcountll(*(const uint64_t *)((const char *)side + field->offset)));
    else if (!is_known_side(field, side) && strcmp(field->name, "seccomp") == 0 &&
             ht_privilege_has_seccomp_profile(side) && side->seccomp_profile.len)
        ht_buf_add_str(out, side->seccomp_profile);
    else
        put_side(ui, field, side, out);
}

/* Both sides in one line: what matters most of each. */
static void put_summary(struct ht_ui *ui, const struct ht_container *container, struct ht_doc *doc)
{
    static const char *const fields[] = {"privileged", "caps", "seccomp", "lsm", "pid_ns"};
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const struct ht_field *field = ht_table_field(&ht_privilege_table, ht_str_from(fields[i]));

        ht_buf_addf(&text, "%s%s ", i > 0 ? ", " : "", fields[i]);
        put_summary_side(ui, field, &container->declared, &text);
        ht_buf_add_text(&text, " / ");
        put_summary_side(ui, field, &container->effective, &text);
    }
    ht_doc_line(doc);
    ht_doc_pair(doc, summary_col(doc), "DECLARED / EFFECTIVE", ht_buf_str(&text));
}

static void put_event(struct ht_ui *ui, const struct ht_event *event, struct ht_doc *doc)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

    ht_ui_time_text(ui, &text, event->at);
    ht_buf_add_text(&text, "  ");
    ht_ui_event_text(&text, event, false);
    ht_doc_wrap(doc, 1, HT_STYLE_TITLE, ht_buf_str(&text));
    ht_doc_line(doc);
}

/* An event outlives the finding it is about: since when that is not seen, and what is left of it.
 */
static void put_gone(const struct ht_ui *ui, const struct ht_subject_rows *rows, struct ht_doc *doc)
{
    const struct ht_event *event = rows->event,
                          *end = ht_ui_finding_end(rows->state, event->finding);
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

    ht_buf_add_text(&text, "Not seen any more");
    if (end) {
        ht_buf_add_text(&text, " since ");
        ht_ui_time_text(ui, &text, end->at);
    }
    ht_buf_add_text(&text,
                    ". Evidence is kept as long as a finding stands; of this one these facts "
                    "and its history (Tab) are left.");
    ht_doc_text(doc, 1, HT_STYLE_STALE, ht_buf_str(&text));
    ht_doc_head(doc, "WHAT IS KNOWN");
    ht_buf_reset(&text);
    ht_ui_severity_text(&text, event->severity);
    if (ht_event_has_severity(event))
        ht_doc_pair(doc, LABEL_COL, "severity", ht_buf_str(&text));
    if (event->question >= 1 && event->question <= HT_QUESTIONS)
        ht_doc_pair(doc, LABEL_COL, "question",
                    ht_str_from(ht_question_title((unsigned)event->question)));
    if (!rows->container && ht_event_has_container(event) && event->container.len)
        ht_doc_pair(doc, LABEL_COL, "container", event->container);
    if (!rows->process && ht_event_has_process(event) && event->process.len)
        ht_doc_pair(doc, LABEL_COL, "process", event->process);
    ht_doc_pair(doc, LABEL_COL, "finding", event->finding);
}

static void put_usage(struct ht_ui *ui, const struct ht_usage *usage, struct ht_doc *doc)
{
    ht_doc_head(doc, "LOAD");
    for (unsigned i = 0; i < ht_usage_table.count; i++) {
        const struct ht_field *field = &ht_usage_table.fields[i];
        ht_autobuf struct ht_buf text = HT_BUF(200);

        if (field->kind != HT_KIND_UINT || !ht_field_is_known(&ht_usage_table, usage, field))
            continue;
        /* A limit of 0 bytes would be another thing. */
        if (strcmp(field->name, "memory_max") == 0 && usage->memory_max == 0)
            ht_buf_add_text(&text, "no limit");
        else
            ht_ui_cell_text(ui, &text, field, (const char *)usage + field->offset);
        ht_doc_pair(doc, LABEL_COL, field->name, ht_buf_str(&text));
    }
}

/* A host unit is known by its load and by the processes in it. */
static void put_unit(const struct ht_subject_rows *rows, struct ht_doc *doc)
{
    const struct ht_rowset *processes = ht_node_set(rows->state->node, HT_TABLE_PROCESS);
    const struct ht_usage *usage = rows->usage;

    ht_doc_head(doc, "PROCESSES");
    for (size_t i = 0; i < processes->len; i++) {
        const struct ht_process *process = ht_process_of(processes->rows[i]);

        if (!ht_process_has_unit(process) || !ht_str_equal(process->unit, usage->unit))
            continue;
        ht_doc_line(doc);
        ht_doc_putf(doc, 1, HT_STYLE_NORMAL, "%" PRIu64, process->pid);
        ht_doc_put(doc, LABEL_COL, HT_STYLE_NORMAL, process->comm);
        if (ht_process_has_exe(process))
            ht_doc_put(doc, LABEL_COL + 18, HT_STYLE_DIM, process->exe);
    }
}

/* Each known fact of a row as a sentence and its value. */
static void put_other(const struct ht_ui *ui, const struct ht_subject_rows *rows,
                      struct ht_doc *doc)
{
    const struct ht_table *table = rows->other_table;

    if (table == &ht_datastore_table)
        ht_detail_storage(&((const struct ht_datastore *)rows->other)->proofs, doc);
    if (table == &ht_apiserver_table)
        ht_detail_storage(&((const struct ht_apiserver *)rows->other)->proofs, doc);
    ht_doc_head(doc, "WHAT WE SAW");
    for (unsigned i = 0; i < table->count; i++) {
        const struct ht_field *field = &table->fields[i];
        ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

        if (!ht_field_is_known(table, rows->other, field))
            continue;
        ht_ui_cell_text(ui, &text, field, (const char *)rows->other + field->offset);
        ht_doc_pair(doc, doc->width < HT_DOC_NARROW ? NARROW_COL : SUMMARY_COL, field->name,
                    ht_buf_str(&text));
        if (doc->width >= WIDE_MIN)
            ht_doc_wrap(doc, SUMMARY_COL, HT_STYLE_DIM, ht_str_from(field->doc));
    }
}

/* "None" is said of what findings are looked for at: of other rows they may be told by another
 * name. */
static bool has_findings(const struct ht_subject_rows *rows)
{
    if (rows->finding)
        return false;
    return rows->container || rows->process || rows->usage || ht_detail_findings_count(rows) > 0;
}

void ht_detail_evidence(struct ht_ui *ui, const struct ht_subject_rows *rows, struct ht_doc *doc)
{
    if (rows->other) {
        put_other(ui, rows, doc);
        ht_detail_packages_seen(rows, doc);
    }
    if (rows->event)
        put_event(ui, rows->event, doc);
    if (rows->event && !rows->finding && ht_event_has_finding(rows->event))
        put_gone(ui, rows, doc);
    if (rows->finding)
        put_finding(ui, rows, doc);
    if (rows->container)
        put_summary(ui, rows->container, doc);
    if (rows->finding && ht_finding_has_escape(rows->finding) && rows->finding->escape.len)
        ht_doc_pair(doc, summary_col(doc), "ESCAPE PATH", rows->finding->escape);
    if (rows->process || rows->container || rows->finding)
        put_who(ui, rows, doc);
    if (rows->finding)
        put_implied(rows->finding, doc);
    if (has_findings(rows))
        ht_detail_findings(rows, doc);
    if (!rows->finding && rows->usage)
        put_usage(ui, rows->usage, doc);
    if (!rows->container && !rows->process && rows->usage && ht_usage_has_unit(rows->usage))
        put_unit(rows, doc);
    if (rows->finding || rows->container)
        put_agreement(rows, doc);
    put_not_seen(ui, rows, doc);
    if (rows->container)
        put_privileges(ui, rows->container, doc);
}
