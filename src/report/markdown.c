/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One finding as Markdown, for a ticket or a chat. */
#include "hulltop/report/report.h"

#include "hulltop/base/clock.h"
#include "hulltop/base/printable.h"

/* Text between back quotes: a back quote in it would end the span. */
static void put_code(struct ht_buf *out, struct ht_str text)
{
    ht_buf_add_c(out, '`');
    for (size_t i = 0; i < text.len;) {
        ptrdiff_t quote = ht_str_find_byte(ht_str_sub(text, i, text.len), '`');
        size_t len = quote < 0 ? text.len - i : (size_t)quote;

        ht_printable(out, ht_str_sub(text, i, len), 0);
        i += len;
        if (quote >= 0) {
            ht_buf_add_c(out, '\'');
            i++;
        }
    }
    ht_buf_add_c(out, '`');
}

/* Plain text: what Markdown would take for markup is escaped. */
static void put_escaped(struct ht_buf *out, struct ht_str text, bool lines)
{
    for (size_t i = 0; i < text.len; i++) {
        static const char markup[] = "\\`*_{}[]<>#|!";
        struct ht_str one = ht_str_sub(text, i, 1);

        if (text.data[i] == '\n' && lines)
            ht_buf_add_c(out, '\n');
        else if (ht_str_find_byte((struct ht_str)HT_STR(markup), text.data[i]) >= 0) {
            ht_buf_add_c(out, '\\');
            ht_buf_add_str(out, one);
        } else if ((unsigned char)text.data[i] < 0x80) {
            ht_printable(out, one, 0);
        } else {
            size_t len = 1;

            /* The bytes of one code point belong together. */
            while (i + len < text.len && ((unsigned char)text.data[i + len] & 0xc0) == 0x80)
                len++;
            ht_printable(out, ht_str_sub(text, i, len), 0);
            i += len - 1;
        }
    }
}

static void put_text(struct ht_buf *out, struct ht_str text)
{
    put_escaped(out, text, false);
}

/* What the catalogue says in several lines, as the steps of a fix. */
static void put_lines(struct ht_buf *out, struct ht_str text)
{
    put_escaped(out, text, true);
}

static void put_subject(struct ht_buf *out, const struct ht_subject *subject)
{
    ht_buf_add_text(out, "- subject: ");
    put_code(out, subject->name);
    if (subject->container.len && !ht_str_equal(subject->container, subject->name)) {
        ht_buf_add_text(out, " in container ");
        put_code(out, subject->container);
    }
    if (ht_subject_has_pod(subject)) {
        ht_buf_add_text(out, " in pod ");
        put_code(out, subject->pod);
    }
    if (ht_subject_has_image(subject)) {
        ht_buf_add_text(out, ", image ");
        put_code(out, subject->image);
    }
    ht_buf_add_c(out, '\n');
}

void ht_report_markdown(struct ht_buf *out, const struct ht_finding *finding,
                        const struct ht_state *state)
{
    const struct ht_host *host = ht_node_host(state->node);
    char time[HT_TIME_TEXT_MAX];

    ht_buf_addf(out, "## %s: ", ht_severity_word(finding->severity));
    put_text(out, finding->title);
    ht_buf_add_text(out, "\n\n- check: ");
    put_code(out, finding->check);
    ht_buf_add_text(out, ", finding ");
    put_code(out, finding->id);
    ht_buf_add_text(out, "\n- node: ");
    put_code(out, ht_host_has_name(host) ? host->name : HT_S("unknown"));
    ht_buf_addf(out, ", seen %s\n", ht_time_format_utc(state->now_ns, 0, time));
    put_subject(out, &finding->subject);
    ht_buf_add_text(out, "\n### Evidence\n\n");
    for (size_t i = 0; i < finding->evidence.len; i++) {
        const struct ht_evidence *evidence = &finding->evidence.items[i];

        ht_buf_add_text(out, "- ");
        put_code(out, evidence->field);
        ht_buf_add_text(out, " = ");
        put_code(out, evidence->value);
        ht_buf_add_text(out, " (");
        put_text(out, evidence->source);
        ht_buf_add_text(out, ")\n");
    }
    if (ht_finding_has_escape(finding) && finding->escape.len) {
        ht_buf_add_text(out, "\nEscape path: ");
        put_text(out, finding->escape);
        ht_buf_add_c(out, '\n');
    }
    if (ht_finding_has_why(finding)) {
        ht_buf_add_text(out, "\n### Why it matters\n\n");
        put_lines(out, finding->why);
        ht_buf_add_c(out, '\n');
    }
    if (ht_finding_has_fix(finding)) {
        ht_buf_add_text(out, "\n### How to fix\n\n");
        put_lines(out, finding->fix);
        ht_buf_add_c(out, '\n');
    }
}
