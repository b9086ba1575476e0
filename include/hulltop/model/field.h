/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model describes itself: what fields a struct has. Layer 2 (model); constant data.
 *
 * Every struct of the model begins with a 64-bit set of known fields, so a zeroed struct is wholly
 * unknown; an array or map can be known and empty.  The tables are made from src/model/schema.txt.
 */
#ifndef HT_MODEL_FIELD_H
#define HT_MODEL_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hulltop/base/str.h"

/* What a field holds, and its C type. */
enum ht_kind {
    HT_KIND_BOOL,   /* bool */
    HT_KIND_INT,    /* int64_t */
    HT_KIND_UINT,   /* uint64_t */
    HT_KIND_HEX,    /* uint64_t, shown in hexadecimal */
    HT_KIND_TIME,   /* int64_t, ns since 1970 */
    HT_KIND_TEXT,   /* struct ht_str, raw bytes */
    HT_KIND_ENUM,   /* an enum; its value is the place in values */
    HT_KIND_BITS,   /* uint64_t; bit n is named by value n */
    HT_KIND_STRUCT, /* a struct of table sub */
    HT_KIND_LIST,   /* struct ht_X_list of kind item (TEXT, UINT, or STRUCT of table sub) */
    HT_KIND_MAP,    /* struct ht_pair_list */
    HT_KIND_REF,    /* struct ht_str: id of a row of table sub */
};

enum ht_field_flags {
    HT_FIELD_MASKED = 1 << 0,  /* what is secret in it was masked by the decoder */
    HT_FIELD_DERIVED = 1 << 1, /* made by the engine; absent in what sources give */
    HT_FIELD_LINES = 1 << 2,   /* text of ours, which may have several lines */
};

struct ht_enum_value {
    const char *name;
    const char *doc;
};

struct ht_enum {
    const char *name;
    const char *doc;
    const struct ht_enum_value *values;
    unsigned count;
};

struct ht_table;

struct ht_field {
    const char *name;
    enum ht_kind kind;
    enum ht_kind item;
    uint32_t offset;
    uint32_t flags;
    const struct ht_table *sub;
    const struct ht_enum *values;
    const char *unit; /* NULL: none */
    const char *doc;
};

struct ht_table {
    const char *name;
    const char *plural; /* its key in documents */
    const char *doc;
    const struct ht_field *fields; /* field n is bit n of known; of a row, field 0 is its id */
    unsigned count;
    size_t size;
    int id; /* enum ht_table_id of a row, -1 of a plain struct */
};

/* Lists and maps, as every struct holds them; items are borrowed from the row or arena. */
struct ht_text_list {
    const struct ht_str *items;
    size_t len;
};
struct ht_uint_list {
    const uint64_t *items;
    size_t len;
};
struct ht_pair {
    struct ht_str key;
    struct ht_str value;
};
struct ht_pair_list {
    const struct ht_pair *items;
    size_t len;
};

/* The shape that all lists and maps share, for code that works by tables. */
struct ht_list {
    const void *items;
    size_t len;
};

/* Whether a list has that text. */
bool ht_text_list_has(const struct ht_text_list *list, struct ht_str text);

struct ht_row;

/* Field called name, or NULL. */
const struct ht_field *ht_table_field(const struct ht_table *table, struct ht_str name);
/* Whether a field of the struct at data is known. */
bool ht_field_is_known(const struct ht_table *table, const void *data,
                       const struct ht_field *field);
/* Marks a field as known. */
void ht_field_mark_known(const struct ht_table *table, void *data, const struct ht_field *field);
/* Makes the field called name unknown, which has to be one of the table. */
void ht_field_forget(const struct ht_table *table, void *data, const char *name);
/* Bytes that one item of a list or map takes. */
size_t ht_field_item_size(const struct ht_field *field);
/* Place of the value called name, or -1. */
int ht_enum_find(const struct ht_enum *values, struct ht_str name);
/* Place of the only value whose name begins so, ASCII letters without case, as the screen says
 * CRIT; -1: of none, or of several. */
int ht_enum_find_beginning(const struct ht_enum *values, struct ht_str text);
/* Name of a value, "?" if there is none. */
const char *ht_enum_name(const struct ht_enum *values, unsigned value);

/* The struct in a row, borrowed while the row lives; asserts that the row is of that table. */
const void *ht_row_data(const struct ht_row *row, const struct ht_table *table);

#endif
