/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two readers of JSON share. Layer 1 (base), private. */
#ifndef HT_BASE_JSON_PRIVATE_H
#define HT_BASE_JSON_PRIVATE_H

#include "hulltop/base/error.h"
#include "hulltop/base/str.h"

/* What is wrong with a text, and at which byte of it. */
struct ht_json_fault {
    size_t at;
    int code; /* errno */
    const char *what;
};

/* Fails with "name: line 3, column 7: what". */
int ht_json_fail(const char *name, struct ht_str text, const struct ht_json_fault *fault,
                 struct ht_error *err);

#endif
