/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that are compiled in: fact tables and views, as trees that ht_yaml_read_tree reads; the
 * demo, as it is. Layer 1 (base); constant data.
 *
 * src/facts/embed.awk makes a function that returns them.
 */
#ifndef HT_BASE_BUILTIN_H
#define HT_BASE_BUILTIN_H

#include <stddef.h>

#include "hulltop/base/str.h"

/* One compiled-in file. */
struct ht_builtin {
    const char *name; /* "capabilities.yaml" */
    const char *text; /* a NUL follows the last byte */
    size_t len;
};

static inline struct ht_str ht_builtin_text(const struct ht_builtin *file)
{
    return (struct ht_str){.data = file->text, .len = file->len};
}

/* The file of that name in a table that a NULL name ends, or NULL. */
static inline const struct ht_builtin *ht_builtin_find(const struct ht_builtin *table,
                                                       struct ht_str name)
{
    for (; table->name; table++) {
        if (ht_str_is(name, table->name))
            return table;
    }
    return NULL;
}

#endif
