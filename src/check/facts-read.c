/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts-read.h"

#include <errno.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/mem.h"
#include "hulltop/model/field.h"
#include "hulltop/model/filter.h"

static int refuse_key(const struct fact_reader *reader, const struct ht_yaml *key,
                      const struct fact_shape *shape)
{
    enum { NAMES = 16 };
    const char *names[NAMES];
    size_t count = shape->count < NAMES ? shape->count : NAMES;

    for (size_t i = 0; i < count; i++)
        names[i] = shape->keys[i].name;

    const char *nearest = ht_nearest(key->text, names, count);
    return ht_error_set(reader->err, EINVAL, "%s:%u: no such key: %.*s%s%s%s", reader->name,
                        key->line, HT_STR_ARG(key->text), nearest ? " (did you mean " : "",
                        nearest ? nearest : "", nearest ? "?)" : "");
}

static int refuse_value(const struct fact_reader *reader, const struct ht_yaml *value,
                        const struct fact_key *key, const char *expected)
{
    return ht_error_set(reader->err, EINVAL, "%s:%u: %s: expected %s", reader->name, value->line,
                        key->name, expected);
}

/* A table that is compiled in lends its texts. */
static struct ht_str keep(const struct fact_reader *reader, struct ht_str text)
{
    return ht_mem_is_constant(text.data, text.len + 1) ? text : ht_arena_str(reader->arena, text);
}

static int read_texts(const struct fact_reader *reader, const struct ht_yaml *value,
                      const struct fact_key *key, struct ht_text_list *ret)
{
    if (value->kind != HT_YAML_LIST)
        return refuse_value(reader, value, key, "a list");

    struct ht_str *items = ht_arena_array(reader->arena, struct ht_str, value->len);
    for (size_t i = 0; i < value->len; i++) {
        if (value->items[i].kind != HT_YAML_SCALAR)
            return refuse_value(reader, &value->items[i], key, "a list of texts");
        items[i] = keep(reader, value->items[i].text);
    }
    *ret = (struct ht_text_list){.items = items, .len = value->len};
    return 0;
}

static int read_list(const struct fact_reader *reader, const struct ht_yaml *value,
                     const struct fact_key *key, struct fact_list *ret)
{
    if (value->kind != HT_YAML_LIST)
        return refuse_value(reader, value, key, "a list");

    char *items = ht_arena_alloc(reader->arena, value->len, key->sub->size);
    for (size_t i = 0; i < value->len; i++) {
        int r = ht_fact_read(reader, &value->items[i], key->sub, items + i * key->sub->size);

        if (r < 0)
            return r;
    }
    *ret = (struct fact_list){.items = items, .len = value->len};
    return 0;
}

struct fact_pair {
    struct ht_str key;
    struct ht_text_list values;
};

static int read_map(const struct fact_reader *reader, const struct ht_yaml *value,
                    const struct fact_key *key, struct fact_list *ret)
{
    if (value->kind != HT_YAML_MAP)
        return refuse_value(reader, value, key, "keys with lists");

    struct fact_pair *pairs = ht_arena_array(reader->arena, struct fact_pair, value->len);
    for (size_t i = 0; i < value->len; i++) {
        int r = read_texts(reader, &value->items[2 * i + 1], key, &pairs[i].values);

        if (r < 0)
            return r;
        pairs[i].key = keep(reader, value->items[2 * i].text);
    }
    *ret = (struct fact_list){.items = pairs, .len = value->len};
    return 0;
}

static int read_word(const struct fact_reader *reader, const struct ht_yaml *value,
                     const struct fact_key *key, int *ret)
{
    for (int i = 0; key->words[i]; i++) {
        if (ht_str_is(value->text, key->words[i])) {
            *ret = i;
            return 0;
        }
    }

    ht_autobuf struct ht_buf words = HT_BUF(256);
    for (int i = 0; key->words[i]; i++)
        ht_buf_addf(&words, "%s%s", i ? ", " : "one of ", key->words[i]);
    ht_buf_add_c(&words, '\0');
    return refuse_value(reader, value, key, words.data);
}

static int read_value(const struct fact_reader *reader, const struct ht_yaml *value,
                      const struct fact_key *key, void *ret)
{
    bool scalar = value->kind == HT_YAML_SCALAR;

    switch (key->kind) {
    case FACT_TEXT:
        if (!scalar)
            return refuse_value(reader, value, key, "a text");
        *(struct ht_str *)ret = keep(reader, value->text);
        return 0;
    case FACT_UINT:
        if (!scalar || ht_parse_u64(value->text, ret) < 0)
            return refuse_value(reader, value, key, "a number");
        return 0;
    case FACT_BOOL:
        if (!scalar || ht_parse_bool(value->text, ret) < 0)
            return refuse_value(reader, value, key, "yes or no");
        return 0;
    case FACT_WORD:
        return scalar ? read_word(reader, value, key, ret)
                      : refuse_value(reader, value, key, "a word");
    case FACT_TEXTS:
        return read_texts(reader, value, key, ret);
    case FACT_LIST:
        return read_list(reader, value, key, ret);
    case FACT_MAP:
        return read_map(reader, value, key, ret);
    }
    return -EINVAL;
}

static const struct fact_key *find_key(const struct fact_shape *shape, struct ht_str name)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (ht_str_is(name, shape->keys[i].name))
            return &shape->keys[i];
    }
    return NULL;
}

int ht_fact_read(const struct fact_reader *reader, const struct ht_yaml *map,
                 const struct fact_shape *shape, void *ret)
{
    if (map->kind != HT_YAML_MAP)
        return ht_error_set(reader->err, EINVAL, "%s:%u: expected keys and values", reader->name,
                            map->line);
    for (size_t i = 0; i < map->len; i++) {
        const struct ht_yaml *name = &map->items[2 * i];
        const struct fact_key *key = find_key(shape, name->text);

        if (!key)
            return refuse_key(reader, name, shape);

        int r = read_value(reader, &map->items[2 * i + 1], key, (char *)ret + key->offset);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < shape->count; i++) {
        if (shape->keys[i].required && !ht_yaml_get(map, shape->keys[i].name))
            return ht_error_set(reader->err, EINVAL, "%s:%u: %s is missing", reader->name,
                                map->line, shape->keys[i].name);
    }
    return 0;
}
