/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that the user named: a document, a configuration; "-" is standard input. Layer 7 (app). */
#ifndef HT_APP_INPUT_H
#define HT_APP_INPUT_H

#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"

/* Appends all of path to out; more than max_bytes is -EFBIG. A pipe is allowed, a directory is not.
 */
int ht_input_read(const char *path, struct ht_buf *out, size_t max_bytes, struct ht_error *err);

#endif
