/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tabs of a detail page. Layer 6 (ui), private. */
#ifndef HT_UI_DETAIL_H
#define HT_UI_DETAIL_H

#include "doc.h"

/* One row in all its aspects. Everything is borrowed from the state; what is not there is NULL. */
struct ht_subject_rows {
    const struct ht_state *state; /* that has them: the shown one, or the last before that had */
    const struct ht_finding *finding;
    const struct ht_container *container;
    const struct ht_process *process;
    const struct ht_usage *usage;
    const struct ht_event *event;
    const struct ht_table *other_table; /* of any other row, such as a package */
    const void *other;
    struct ht_str other_id;
};

/* Evidence: what was seen, declared and effective, escape path, who, agreement, not seen. */
void ht_detail_evidence(struct ht_ui *ui, const struct ht_subject_rows *rows, struct ht_doc *doc);
/* How each resource is stored, the three kinds of evidence side by side. */
void ht_detail_storage(const struct ht_proof_list *proofs, struct ht_doc *doc);
void ht_detail_why(const struct ht_ui *ui, const struct ht_subject_rows *rows, struct ht_doc *doc);
void ht_detail_fix(const struct ht_subject_rows *rows, struct ht_doc *doc);
/* Of rows about the host's packages: known holes, behind the fields; and what to run, what has to
 * start anew. False: there is nothing to run for such a row. */
void ht_detail_packages_seen(const struct ht_subject_rows *rows, struct ht_doc *doc);
bool ht_detail_packages_fix(const struct ht_subject_rows *rows, struct ht_doc *doc);
/* Every known field of every row, by the field tables. */
void ht_detail_raw(const struct ht_subject_rows *rows, struct ht_doc *doc);
/* When a finding of that state was last known to hold, as the ages on Evidence say it; ns since the
 * epoch. */
int64_t ht_detail_last_seen(const struct ht_state *state, const struct ht_finding *finding);
/* Of what is gone, too: the events are those of the shown state. */
void ht_detail_history(struct ht_ui *ui, const struct ht_subject_rows *rows, struct ht_doc *doc);
/* Appends all of them as JSON. */
void ht_detail_export(const struct ht_subject_rows *rows, struct ht_buf *out);
/* Findings about the container and what is in it, or the process, or what the unit runs, or any
 * other row that is their subject. */
size_t ht_detail_findings_count(const struct ht_subject_rows *rows);
void ht_detail_findings(const struct ht_subject_rows *rows, struct ht_doc *doc);

#endif
