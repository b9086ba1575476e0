/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Three kinds of evidence about stored values, side by side. */
#include <config.h>

#include "detail.h"

enum { LABEL_COL = 12 };

static unsigned grade_style(enum ht_storage_grade grade)
{
    switch (grade) {
    case HT_STORAGE_GRADE_PLAINTEXT:
        return HT_STYLE_CRITICAL;
    case HT_STORAGE_GRADE_LOCAL_KEY:
    case HT_STORAGE_GRADE_KMS_V1:
        return HT_STYLE_MEDIUM;
    case HT_STORAGE_GRADE_KMS_V2:
        return HT_STYLE_GOOD;
    }
    return HT_STYLE_NORMAL;
}

static void put_side(struct ht_doc *doc, const char *label, bool known, struct ht_str text)
{
    ht_doc_pair(doc, LABEL_COL, label, known ? text : HT_S("?"));
}

static void put_proof(const struct ht_proof *proof, struct ht_doc *doc)
{
    ht_doc_line(doc);
    ht_doc_put(doc, 1, HT_STYLE_TITLE, proof->resource);
    if (ht_proof_has_grade(proof))
        ht_doc_put(doc, 30, grade_style(proof->grade),
                   ht_str_from(ht_enum_name(&ht_storage_grade_enum, proof->grade)));
    else
        ht_doc_put(doc, 30, HT_STYLE_UNKNOWN, HT_S("not known"));
    if (ht_proof_has_agreement(proof))
        ht_doc_put(doc, 42,
                   proof->agreement == HT_AGREEMENT_DIFFER ? HT_STYLE_HIGH : HT_STYLE_NORMAL,
                   ht_str_from(ht_enum_name(&ht_agreement_enum, proof->agreement)));
    put_side(doc, "bytes", ht_proof_has_bytes(proof), proof->bytes);
    put_side(doc, "configured", ht_proof_has_configured(proof), proof->configured);
    put_side(doc, "counted", ht_proof_has_counted(proof), proof->counted);
    if (proof->reason.len)
        ht_doc_pair(doc, LABEL_COL, "so", proof->reason);
}

void ht_detail_storage(const struct ht_proof_list *proofs, struct ht_doc *doc)
{
    if (proofs->len)
        ht_doc_head(doc, "BYTES, CONFIGURATION AND COUNTERS");
    for (size_t i = 0; i < proofs->len; i++)
        put_proof(&proofs->items[i], doc);
}
