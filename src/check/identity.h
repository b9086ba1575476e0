/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who a finding is about, in words that outlive a restart. Layer 3 (check), private; pure.
 *
 * Nothing durable is made of a process id, a container id, the random end of a pod's name or a
 * time.
 */
#ifndef HT_CHECK_IDENTITY_H
#define HT_CHECK_IDENTITY_H

#include "hulltop/base/buf.h"
#include "hulltop/base/digest.h"
#include "hulltop/model/check.h"

enum { HT_IDENTITY_DIGITS = 16 };

/* The title of what a check finds about a subject. */
const char *ht_check_title(const struct ht_check *check, const struct ht_row *subject);
/* Fills ret with what the row tells about itself (text borrowed); for a process in a container,
 * about the container. */
void ht_subject_describe(const struct ht_node *node, const struct ht_row *row,
                         struct ht_subject *ret);
/* When the subject began, ns since 1970; false if that is not known. */
bool ht_subject_since(const struct ht_row *row, int64_t *ret_since);
/* Appends the durable name of the subject that row describes. */
void ht_subject_add_durable(const struct ht_row *row, const struct ht_subject *subject,
                            struct ht_buf *out);
/* The id of a finding: digits of a digest in out (HT_SHA256_TEXT_MAX bytes), borrowed from there.
 */
struct ht_str ht_finding_identity(struct ht_str check, struct ht_str durable, struct ht_str object,
                                  char *out);
/* Appends the key of the group of a finding: equal for what people see as one line. */
void ht_group_add_key(const struct ht_finding *finding, struct ht_buf *out);

#endif
