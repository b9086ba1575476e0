/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports for people: a state as text. Layer 5 (report); pure.  The JSON report is ht_report_write
 * of the model.
 */
#ifndef HT_REPORT_REPORT_H
#define HT_REPORT_REPORT_H

#include "hulltop/base/buf.h"
#include "hulltop/model/document.h"
#include "hulltop/model/state.h"

/* Appends the answer as lines: groups of findings, worst first, the asked questions, what could not
 * be looked at. One group is one line; everything is printable. */
void ht_report_text(struct ht_buf *out, const struct ht_state *state,
                    const struct ht_report_options *options);
/* The same of a state whose findings and groups are elsewhere: fails as their rows do. */
int ht_report_text_rows(struct ht_buf *out, const struct ht_state *state,
                        const struct ht_report_options *options, const struct ht_report_rows *rows,
                        struct ht_error *err);
/* Appends the findings as SARIF 2.1.0, for tools that show them beside the code. rows NULL: those
 * of the state, and it cannot fail. */
int ht_report_sarif(struct ht_buf *out, const struct ht_state *state,
                    const struct ht_report_options *options, const struct ht_report_rows *rows,
                    struct ht_error *err);
/* Appends what can be seen, as whom, and what would help (hulltop doctor, the first-run screen). */
void ht_report_doctor(struct ht_buf *out, const struct ht_state *state);
/* Appends one finding as Markdown: title, evidence, why, fix (for copying). */
void ht_report_markdown(struct ht_buf *out, const struct ht_finding *finding,
                        const struct ht_state *state);

/* The marks of a severity: "!!" "!" "*" "-" "." and "CRIT" "HIGH" "MED" "LOW" "INFO". */
const char *ht_severity_glyph(enum ht_severity severity);
const char *ht_severity_word(enum ht_severity severity);
/* A question's state as a word on screen: "PARTIAL" for PART, "N/A" for NA, with "~" behind FAIL
 * and WARN from partial or old data. The text is constant. */
const char *ht_question_word(const struct ht_question *question);
/* What is to be said behind the number of what was found: that it changes no answer, where the word
 * is PASS or N/A and yet some was; or "". Constant. */
const char *ht_question_aside(const struct ht_question *question);
/* Appends how much of what the question asks about was looked at, each kind of it: "3 of 41
 * containers", "3 of 41 containers, 1 of 1 datastores", "no containers seen"; nothing if that is
 * not known. What lacks something goes first, and mark (" in full", "" for nothing) is put behind
 * the first of that: a line that is cut does not look whole. "3 of 3 known containers" where the
 * answer is not from all: there may be others. */
void ht_question_put_coverage(struct ht_buf *out, const struct ht_question *question,
                              const char *mark);
/* Appends until when a finding is allowed, by whom and why; what was configured is raw. */
void ht_finding_put_allowed(struct ht_buf *out, const struct ht_finding *finding);
/* How much that is: nothing is there or it is not known, some was not seen in full, all was. */
enum ht_extent { HT_EXTENT_NONE, HT_EXTENT_PART, HT_EXTENT_ALL };
enum ht_extent ht_question_extent(const struct ht_question *question);
/* What a list of the question's findings says when it is empty, by its state: "UNKNOWN: nothing
 * that decides could be looked at. This is not a pass."; NULL where nothing more is to be said than
 * that it is empty. Static. */
const char *ht_question_nothing(const struct ht_question *question);
/* What is missing is the reason of the question's state (UNKNOWN, PARTIAL), not a fact beside it.
 */
bool ht_question_has_reason(const struct ht_question *question);
/* A fact that a check or the answer asks for and could not get; else a remark, which is known by
 * its `decides` being left out. */
bool ht_missing_is_unknown(const struct ht_missing *missing);
/* Appends what is missing and why, in printable form with these flags of ht_printable: "containerd:
 * root only"; the reason alone where no source is named. */
void ht_missing_put(struct ht_buf *out, const struct ht_missing *missing, unsigned flags);
/* What goes before a fact that is missing: nothing before a reason, else "not known: " or, before a
 * remark, "note: ". Static. */
const char *ht_question_lead(const struct ht_question *question, const struct ht_missing *missing);
/* How many facts are missing; remarks are none. */
size_t ht_question_unknowns(const struct ht_question *question);
/* Appends an age in words: "5s", "3m", "2h", "4d". Negative ages are "0s". */
void ht_age_text(struct ht_buf *out, int64_t age_ns);

#endif
