/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strict reading of a YAML map into a struct by a table of keys. Layer 3 (check), private. */
#ifndef HT_CHECK_FACTS_READ_H
#define HT_CHECK_FACTS_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/base/yaml.h"

enum fact_kind {
    FACT_TEXT,  /* struct ht_str */
    FACT_UINT,  /* uint64_t */
    FACT_BOOL,  /* bool */
    FACT_WORD,  /* int: place in words */
    FACT_TEXTS, /* struct ht_text_list */
    FACT_LIST,  /* struct fact_list of sub */
    FACT_MAP,   /* struct fact_list of { struct ht_str key; struct ht_text_list values; } */
};

struct fact_shape;

struct fact_key {
    const char *name;
    enum fact_kind kind;
    size_t offset;
    bool required;
    const struct fact_shape *sub;
    const char *const *words; /* ended by NULL */
};

struct fact_shape {
    const struct fact_key *keys;
    size_t count;
    size_t size;
};

/* The shape of every list in a table. */
struct fact_list {
    const void *items;
    size_t len;
};

/* Where values are put, and what begins a message. */
struct fact_reader {
    struct ht_arena *arena;
    const char *name;
    struct ht_error *err;
};

/* Fills the zeroed struct at ret from map. A key that is not known, missing or of the wrong kind:
 * "NAME:LINE: why". */
int ht_fact_read(const struct fact_reader *reader, const struct ht_yaml *map,
                 const struct fact_shape *shape, void *ret);

#endif
