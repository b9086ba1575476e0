/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Base64 with the standard alphabet. Layer 1 (base); any thread.
 */
#ifndef HT_BASE_BASE64_H
#define HT_BASE_BASE64_H

#include "hulltop/base/buf.h"
#include "hulltop/base/str.h"

/* Appends the bytes that text stands for. Strict: padding is needed, line ends are passed over and
 * no other blank is, and bits behind the last byte are 0. 0; -EINVAL: no base64; -EFBIG: out is
 * full. What was appended until then stays: it may be a secret's beginning. */
int ht_base64_decode(struct ht_str text, struct ht_buf *out);
/* Appends bytes as base64, with padding, in one line. */
void ht_base64_encode(struct ht_str bytes, struct ht_buf *out);

#endif
