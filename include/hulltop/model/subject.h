/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who a finding is about, in words, said once for every face. Layer 2 (model); pure. */
#ifndef HT_MODEL_SUBJECT_H
#define HT_MODEL_SUBJECT_H

#include "hulltop/base/buf.h"
#include "hulltop/base/str.h"
#include "hulltop/model/node.h"
#include "hulltop/model/row.h"

/* Where a subject runs. Borrowed from the node and the subject; empty: in none, or not known. */
struct ht_subject_home {
    struct ht_str container; /* id */
    struct ht_str process;   /* id */
    struct ht_str unit;      /* name */
};

/* In one word where it is: the pod, or else the container around it, the name, the owner, the kind.
 * Raw, borrowed from the subject. */
struct ht_str ht_subject_text(const struct ht_subject *subject);
/* Appends its name, raw, behind the container that it is in: "web-1: sleep". That of
 * a container, of a pod and of what is in none stands alone. */
void ht_subject_put_name(struct ht_buf *out, const struct ht_subject *subject);
/* Appends where to look for it, raw, from the outside in: "shop/web-1/app sh", "shop/web web-1 sh",
 * "nginx.service". Of what many pods have in common, and nobody else is named for, it names the
 * first pods. */
void ht_finding_put_subject(struct ht_buf *out, const struct ht_finding *finding);
/* The source that tells what evidence names as its own: "docker inspect" is of docker, what begins
 * with /proc of proc. Borrowed from the node; NULL: none, or one that is no row. */
const struct ht_source *ht_evidence_teller(const struct ht_node *node, struct ht_str source);
/* Whether the last thing that a source told is an answer, of all or of a part. */
bool ht_source_is_good(const struct ht_source *source);
/* Where it runs: a container is its own home; that of a process, of code and of a secret in the
 * open is what they run or lie in. Looks up at most three rows. */
struct ht_subject_home ht_subject_home(const struct ht_node *node,
                                       const struct ht_subject *subject);

#endif
