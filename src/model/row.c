/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows are copied and compared by their field tables alone: nothing here knows a kind of row. */
#include "hulltop/model/row.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "hulltop/base/mem.h"

struct ht_row {
    atomic_uint refs;
    unsigned lenders; /* rows that stand at the end of the block: texts of this one are theirs */
    const struct ht_table *table;
    size_t size; /* of the whole block */
    max_align_t data[];
};

enum { LENDERS_MAX = 8 };

/* Rows whose blocks need no copy. */
struct lending {
    const struct ht_row *rows[LENDERS_MAX];
    size_t len;
    bool used[LENDERS_MAX];
};

/* Where a copy goes: one block that was measured before, or an arena. */
struct space {
    struct ht_arena *arena; /* NULL: the block below */
    char *block;            /* NULL: nothing is copied, only measured */
    size_t used;
    struct seen *seen;       /* SEEN_MAX texts of the list that is copied; NULL: none is */
    struct lending *lending; /* NULL: nobody lends */
};

enum { SEEN_MAX = 128, SEEN_LIST_MIN = 4 };

/* A text of the block, by its hash: items of a list often say the same (types, options). */
struct seen {
    struct ht_str source;
    size_t at; /* in the block */
};

/* Where an equal text stands in the block, if one was seen lately; else the next one will be found.
 * Measuring and copying see the same texts, so both find the same. */
static bool find_seen(struct space *space, struct ht_str text, size_t *ret_at)
{
    if (!space->seen || !text.len)
        return false;

    struct seen *seen = &space->seen[ht_str_table_hash(text) % SEEN_MAX];
    if (seen->source.data && ht_str_equal(seen->source, text)) {
        *ret_at = seen->at;
        return true;
    }
    *seen = (struct seen){.source = text, .at = space->used};
    return false;
}

static struct ht_row **lenders_of(const struct ht_row *row)
{
    return (struct ht_row **)(void *)((char *)row + row->size) - row->lenders;
}

/* Whether a row lends what lies there. */
static bool find_lender(const struct space *space, const void *place)
{
    struct lending *lending = space->lending;
    uintptr_t at = (uintptr_t)place;

    for (size_t i = 0; lending && i < lending->len; i++) {
        uintptr_t from = (uintptr_t)lending->rows[i];

        if (at >= from && at < from + lending->rows[i]->size) {
            lending->used[i] = true;
            return true;
        }
    }
    return false;
}

/* A text of a row ends in a NUL; a part of one may not. Constants are everybody's. */
static bool is_lent(const struct space *space, const struct ht_str *text)
{
    return text->len &&
           (ht_mem_is_constant(text->data, text->len + 1) || find_lender(space, text->data)) &&
           text->data[text->len] == '\0';
}

static void *take(struct space *space, size_t n, size_t size, size_t align)
{
    if (space->arena)
        return ht_arena_alloc(space->arena, n, size);

    /* The block itself is aligned for anything, so that places in it can be counted from its start.
     */
    size_t start = (space->used + align - 1) / align * align;
    void *block = space->block ? space->block + start : NULL;
    space->used = start + n * size;
    return block;
}

/* Which fields are known: a bit for each, in their order. The first member of every struct. */
static uint64_t known_of(const void *data)
{
    return *(const uint64_t *)data;
}

static void copy_fields(struct space *space, const struct ht_table *table, char *dst,
                        const char *src, const char *like);
static bool equal_list(const struct ht_field *field, const struct ht_list *a,
                       const struct ht_list *b);

/* Copies the bytes of one text; dst is NULL while measuring. like: the text at the same place of a
 * row that lends, or NULL. */
static void copy_text(struct space *space, struct ht_str *dst, const struct ht_str *src,
                      const struct ht_str *like)
{
    size_t at;

    if (is_lent(space, src))
        return; /* dst is a bytewise copy */
    if (like && ht_str_equal(*like, *src) && is_lent(space, like)) {
        if (dst)
            *dst = *like;
        return;
    }
    if (find_seen(space, *src, &at)) {
        if (dst && space->block)
            *dst = (struct ht_str){.data = space->block + at, .len = src->len};
        return;
    }
    char *bytes = take(space, src->len + 1, 1, 1);

    if (!bytes)
        return;
    if (src->len)
        memcpy(bytes, src->data, src->len);
    bytes[src->len] = '\0';
    *dst = (struct ht_str){.data = bytes, .len = src->len};
}

static void copy_pair(struct space *space, struct ht_pair *dst, const struct ht_pair *src,
                      const struct ht_pair *like)
{
    copy_text(space, dst ? &dst->key : NULL, &src->key, like ? &like->key : NULL);
    copy_text(space, dst ? &dst->value : NULL, &src->value, like ? &like->value : NULL);
}

static void copy_list(struct space *space, const struct ht_field *field, struct ht_list *dst,
                      const struct ht_list *src, const struct ht_list *like)
{
    size_t size = ht_field_item_size(field);
    struct seen texts[SEEN_MAX];
    struct seen *outer = space->seen;

    if (src->len && find_lender(space, src->items))
        return;
    if (like && src->len && equal_list(field, src, like) && find_lender(space, like->items)) {
        if (dst)
            *dst = *like;
        return;
    }
    char *items = take(space, src->len, size, _Alignof(max_align_t));

    if (dst)
        *dst = (struct ht_list){.items = src->len ? items : NULL, .len = src->len};
    if (items && src->len)
        memcpy(items, src->items, src->len * size);
    if (!space->arena && !outer && src->len >= SEEN_LIST_MIN) {
        memset(texts, 0, sizeof(texts));
        space->seen = texts;
    }
    for (size_t i = 0; i < src->len; i++) {
        const char *from = (const char *)src->items + i * size;
        const char *other = like && i < like->len ? (const char *)like->items + i * size : NULL;
        char *to = items ? items + i * size : NULL;

        if (field->kind == HT_KIND_MAP)
            copy_pair(space, (void *)to, (const void *)from, (const void *)other);
        else if (field->item == HT_KIND_TEXT)
            copy_text(space, (void *)to, (const void *)from, (const void *)other);
        else if (field->item == HT_KIND_STRUCT)
            copy_fields(space, field->sub, to, from, other);
    }
    space->seen = outer;
}

/* dst already holds a bytewise copy of src (or is NULL while measuring); what src points at
 * follows. like: a struct that lends, or NULL. */
static void copy_fields(struct space *space, const struct ht_table *table, char *dst,
                        const char *src, const char *like)
{
    const uint64_t known_like = like ? known_of(like) : 0;

    for (uint64_t known = known_of(src); known; known &= known - 1) {
        int i = __builtin_ctzll(known);
        const struct ht_field *field = &table->fields[i];
        const char *from = src + field->offset;
        char *to = dst ? dst + field->offset : NULL;
        const char *other = known_like >> i & 1 ? like + field->offset : NULL;

        switch (field->kind) {
        case HT_KIND_TEXT:
        case HT_KIND_REF:
            copy_text(space, (void *)to, (const void *)from, (const void *)other);
            break;
        case HT_KIND_STRUCT:
            copy_fields(space, field->sub, to, from, other);
            break;
        case HT_KIND_LIST:
        case HT_KIND_MAP:
            copy_list(space, field, (void *)to, (const void *)from, (const void *)other);
            break;
        case HT_KIND_BOOL:
        case HT_KIND_INT:
        case HT_KIND_UINT:
        case HT_KIND_HEX:
        case HT_KIND_TIME:
        case HT_KIND_ENUM:
        case HT_KIND_BITS:
            break;
        }
    }
}

/* A bytewise copy in which unknown fields are zero, so that no stale pointer survives. */
static void copy_known(const struct ht_table *table, char *dst, const char *src)
{
    memcpy(dst, src, table->size);
    for (unsigned i = 0; i < table->count; i++) {
        const struct ht_field *field = &table->fields[i];

        if (ht_field_is_known(table, src, field))
            continue;
        if (field->kind == HT_KIND_TEXT || field->kind == HT_KIND_REF)
            memset(dst + field->offset, 0, sizeof(struct ht_str));
        else if (field->kind == HT_KIND_LIST || field->kind == HT_KIND_MAP)
            memset(dst + field->offset, 0, sizeof(struct ht_list));
        else if (field->kind == HT_KIND_STRUCT)
            memset(dst + field->offset, 0, field->sub->size);
    }
}

static void keep_lenders(struct ht_row *row, const struct lending *lending)
{
    struct ht_row **place = lenders_of(row);

    for (size_t i = 0; i < lending->len; i++) {
        if (lending->used[i])
            *place++ = ht_row_ref(lending->rows[i]);
    }
}

static struct ht_row *make(const struct ht_table *table, const void *data, struct lending *lending,
                           const void *like)
{
    const size_t align = sizeof(struct ht_row *);
    struct space measure = {.lending = lending};
    unsigned lenders = 0;

    take(&measure, 1, table->size, _Alignof(max_align_t));
    copy_fields(&measure, table, NULL, data, like);
    for (size_t i = 0; i < lending->len; i++)
        lenders += lending->used[i];

    size_t size = sizeof(struct ht_row) + measure.used;
    if (lenders)
        size = (size + align - 1) / align * align + lenders * align;
    struct ht_row *row = ht_alloc0(1, size);
    atomic_init(&row->refs, 1);
    row->lenders = lenders;
    row->table = table;
    row->size = size;

    struct space block = {.block = (char *)row->data, .lending = lending};
    char *copy = take(&block, 1, table->size, _Alignof(max_align_t));
    copy_known(table, copy, data);
    copy_fields(&block, table, copy, data, like);
    assert(block.used == measure.used);
    keep_lenders(row, lending);
    return row;
}

struct ht_row *ht_row_new(const struct ht_table *table, const void *data)
{
    struct lending nobody = {.len = 0};

    return make(table, data, &nobody, NULL);
}

static void add_lender(struct lending *lending, const struct ht_row *row)
{
    for (size_t i = 0; i < lending->len; i++) {
        if (lending->rows[i] == row)
            return;
    }
    if (row && lending->len < LENDERS_MAX)
        lending->rows[lending->len++] = row;
}

struct ht_row *ht_row_derive(const struct ht_table *table, const void *data,
                             const struct ht_row *const *lenders, size_t len)
{
    struct lending lending = {.len = 0};

    for (size_t i = 0; i < len; i++)
        add_lender(&lending, lenders[i]);
    /* What these have from others is there, not in them. */
    for (size_t i = 0; i < len; i++) {
        for (unsigned j = 0; lenders[i] && j < lenders[i]->lenders; j++)
            add_lender(&lending, lenders_of(lenders[i])[j]);
    }
    return make(table, data, &lending, NULL);
}

struct ht_row *ht_row_like(const struct ht_table *table, const void *data,
                           const struct ht_row *like)
{
    struct lending lending = {.len = 0};

    if (!like || like->table != table)
        return ht_row_new(table, data);
    /* Rows that are like each other all lend from the first: each holds one other at most. */
    if (like->lenders && lenders_of(like)[0]->table == table)
        like = lenders_of(like)[0];
    lending.rows[lending.len++] = like;
    return make(table, data, &lending, like->data);
}

void ht_struct_copy(struct ht_arena *arena, const struct ht_table *table, void *dst,
                    const void *src)
{
    struct space space = {.arena = arena};

    copy_known(table, dst, src);
    copy_fields(&space, table, dst, src, NULL);
}

struct ht_row *ht_row_ref(const struct ht_row *row)
{
    /* The count is the one mutable part of a row. */
    struct ht_row *counted = (struct ht_row *)row;

    atomic_fetch_add_explicit(&counted->refs, 1, memory_order_relaxed);
    return counted;
}

struct ht_row *ht_row_unref(struct ht_row *row)
{
    if (!row || atomic_fetch_sub_explicit(&row->refs, 1, memory_order_acq_rel) != 1)
        return NULL;
    for (unsigned i = 0; i < row->lenders; i++)
        ht_row_unref(lenders_of(row)[i]);
    free(row);
    return NULL;
}

void ht_cleanup_row(struct ht_row **row)
{
    ht_row_unref(*row);
}

const struct ht_table *ht_row_table(const struct ht_row *row)
{
    return row->table;
}

const void *ht_row_data(const struct ht_row *row, const struct ht_table *table)
{
    assert(row->table == table);
    return row->data;
}

struct ht_str ht_row_id(const struct ht_row *row)
{
    const char *data = (const char *)row->data;
    const struct ht_field *id = &row->table->fields[0];

    assert(id->kind == HT_KIND_TEXT);
    return *(const struct ht_str *)(const void *)(data + id->offset);
}

size_t ht_row_size(const struct ht_row *row)
{
    return row->size;
}

static bool equal_list(const struct ht_field *field, const struct ht_list *a,
                       const struct ht_list *b)
{
    size_t size = ht_field_item_size(field);

    if (a->len != b->len)
        return false;
    for (size_t i = 0; i < a->len; i++) {
        const void *x = (const char *)a->items + i * size;
        const void *y = (const char *)b->items + i * size;

        if (field->kind == HT_KIND_MAP) {
            const struct ht_pair *p = x, *q = y;

            if (!ht_str_equal(p->key, q->key) || !ht_str_equal(p->value, q->value))
                return false;
        } else if (field->item == HT_KIND_TEXT) {
            if (!ht_str_equal(*(const struct ht_str *)x, *(const struct ht_str *)y))
                return false;
        } else if (field->item == HT_KIND_STRUCT) {
            if (!ht_struct_equal(field->sub, x, y))
                return false;
        } else if (memcmp(x, y, size) != 0) {
            return false;
        }
    }
    return true;
}

static bool equal_field(const struct ht_field *field, const void *a, const void *b)
{
    switch (field->kind) {
    case HT_KIND_BOOL:
        return *(const bool *)a == *(const bool *)b;
    case HT_KIND_INT:
    case HT_KIND_TIME:
    case HT_KIND_UINT:
    case HT_KIND_HEX:
    case HT_KIND_BITS:
        return memcmp(a, b, sizeof(uint64_t)) == 0;
    case HT_KIND_ENUM:
        return memcmp(a, b, sizeof(enum ht_kind)) == 0;
    case HT_KIND_TEXT:
    case HT_KIND_REF:
        return ht_str_equal(*(const struct ht_str *)a, *(const struct ht_str *)b);
    case HT_KIND_STRUCT:
        return ht_struct_equal(field->sub, a, b);
    case HT_KIND_LIST:
    case HT_KIND_MAP:
        return equal_list(field, a, b);
    }
    return false;
}

bool ht_struct_equal(const struct ht_table *table, const void *a, const void *b)
{
    if (known_of(a) != known_of(b))
        return false;
    for (uint64_t known = known_of(a); known; known &= known - 1) {
        const struct ht_field *field = &table->fields[__builtin_ctzll(known)];

        if (!equal_field(field, (const char *)a + field->offset, (const char *)b + field->offset))
            return false;
    }
    return true;
}

bool ht_row_equal(const struct ht_row *a, const struct ht_row *b)
{
    if (a == b)
        return true;
    if (a->table != b->table)
        return false;
    return ht_struct_equal(a->table, a->data, b->data);
}

struct ht_row *ht_row_keep(const struct ht_row *old, struct ht_row *fresh)
{
    if (!old || !ht_row_equal(old, fresh))
        return fresh;
    ht_row_unref(fresh);
    return ht_row_ref(old);
}

struct ht_row *ht_row_keep_derived(const struct ht_row *old, struct ht_row *fresh)
{
    bool alike = old && old->lenders == fresh->lenders;

    for (unsigned i = 0; alike && i < fresh->lenders; i++)
        alike = lenders_of(old)[i] == lenders_of(fresh)[i];
    return alike ? ht_row_keep(old, fresh) : fresh;
}
