/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/model/random-row.h"

#include <string.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

static uint64_t next(struct random *random)
{
    random->state ^= random->state << 13;
    random->state ^= random->state >> 7;
    random->state ^= random->state << 17;
    return random->state;
}

uint64_t random_below(struct random *random, uint64_t end)
{
    return next(random) % end;
}

static uint64_t number(struct random *random)
{
    static const uint64_t awkward[] = {0, 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX};

    if (!random->plain && random_below(random, 3) == 0)
        return awkward[random_below(random, ARRAY_LEN(awkward))];
    return next(random) >> (20 + random_below(random, 44));
}

static struct ht_str text(struct random *random)
{
    static const struct ht_str awkward[] = {
        HT_STR(""),
        HT_STR("a\0b"),
        HT_STR("\xff\xfe"),
        HT_STR("\x1b]0;x\x07"),
        HT_STR("\xc2\x9b"),
        HT_STR("bytes:"),
        HT_STR("bytes:zz"),
        HT_STR("\\u0000\"\\"),
        HT_STR("\xe2\x80\xae"),
        HT_STR("\xed\xa0\x80"),
        HT_STR("\xf0\x9f\x98\x80"),
        HT_STR("e\xcc\x81\xcc\x81\xcc\x81"),
        HT_STR("\0"),
        HT_STR("null"),
    };
    static const char *const plain[] = {"",           "nginx", "a b",      "\\x1b",
                                        "\"quoted\"", "k=v",   "bytes:zz", "\xc3\xa4"};

    if (random->plain)
        return ht_str_from(plain[random_below(random, ARRAY_LEN(plain))]);
    if (random_below(random, 2) == 0)
        return awkward[random_below(random, ARRAY_LEN(awkward))];

    size_t len = random_below(random, 40);
    char *bytes = ht_arena_alloc(random->arena, len + 1, 1);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(unsigned char)(random_below(random, 2) ? next(random) : 'a');
    return (struct ht_str){.data = bytes, .len = len};
}

static int64_t time_ns(struct random *random)
{
    if (random->plain)
        return (int64_t)(1700000000 + random_below(random, 100000000)) * HT_NS_PER_S +
               (int64_t)random_below(random, 1000) * HT_NS_PER_MS;
    return (int64_t)(random_below(random, 2) ? number(random) : -number(random));
}

static void list(struct random *random, const struct ht_field *field, struct ht_list *ret_list)
{
    size_t size = ht_field_item_size(field);
    size_t len = random_below(random, 5);
    char *items = ht_arena_alloc(random->arena, len, size);

    for (size_t i = 0; i < len; i++) {
        char *item = items + i * size;

        if (field->kind == HT_KIND_MAP) {
            struct ht_pair *pair = (void *)item;

            pair->key = text(random);
            pair->value = text(random);
        } else if (field->item == HT_KIND_TEXT) {
            *(struct ht_str *)(void *)item = text(random);
        } else if (field->item == HT_KIND_UINT) {
            *(uint64_t *)(void *)item = number(random);
        } else {
            random_struct(random, field->sub, item);
        }
    }
    /* A report's map is an object: it keeps each key once. */
    if (field->kind == HT_KIND_MAP && random->plain && len > 1)
        len = 1;
    *ret_list = (struct ht_list){.items = items, .len = len};
}

static void value(struct random *random, const struct ht_field *field, void *at)
{
    switch (field->kind) {
    case HT_KIND_BOOL:
        *(bool *)at = random_below(random, 2) == 1;
        break;
    case HT_KIND_INT:
        *(int64_t *)at = (int64_t)number(random);
        break;
    case HT_KIND_UINT:
    case HT_KIND_HEX:
    case HT_KIND_BITS:
        *(uint64_t *)at = number(random);
        break;
    case HT_KIND_TIME:
        *(int64_t *)at = time_ns(random);
        break;
    case HT_KIND_TEXT:
    case HT_KIND_REF:
        *(struct ht_str *)at = text(random);
        break;
    case HT_KIND_ENUM:
        *(unsigned *)at = (unsigned)random_below(random, field->values->count);
        break;
    case HT_KIND_STRUCT:
        random_struct(random, field->sub, at);
        break;
    case HT_KIND_LIST:
    case HT_KIND_MAP:
        list(random, field, at);
        break;
    }
}

void random_struct(struct random *random, const struct ht_table *table, void *data)
{
    for (unsigned i = 0; i < table->count; i++) {
        const struct ht_field *field = &table->fields[i];

        if (random_below(random, 4) == 0)
            continue;
        value(random, field, (char *)data + field->offset);
        ht_field_mark_known(table, data, field);
    }
}

struct ht_row *random_row(struct random *random, const struct ht_table *table, unsigned number_of)
{
    void *data = ht_arena_alloc(random->arena, 1, table->size);
    struct ht_str id = ht_arena_strf(random->arena, "id-%05u", number_of);

    random_struct(random, table, data);
    memcpy((char *)data + table->fields[0].offset, &id, sizeof(id));
    ht_field_mark_known(table, data, &table->fields[0]);
    return ht_row_new(table, data);
}

struct ht_node *random_node(struct random *random, unsigned rows)
{
    struct ht_node *node = ht_node_new(random->plain ? time_ns(random) : (int64_t)next(random));

    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        for (unsigned i = 0; i < rows; i++)
            ht_node_add(node, random_row(random, ht_table_get((enum ht_table_id)id), i));
    }
    ht_node_sort(node);
    return node;
}

bool nodes_equal(const struct ht_node *a, const struct ht_node *b)
{
    if (a->taken_at != b->taken_at)
        return false;
    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        if (a->sets[id].len != b->sets[id].len)
            return false;
        for (size_t i = 0; i < a->sets[id].len; i++) {
            if (!ht_row_equal(a->sets[id].rows[i], b->sets[id].rows[i]))
                return false;
        }
    }
    return true;
}
