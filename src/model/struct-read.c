/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON to structs by their field tables. What is read may be hostile: every size is checked before
 * it is used, and a message names the place by names of the schema and numbers alone. */
#include "hulltop/model/document.h"

#include <errno.h>
#include <stdio.h>

#include "hulltop/base/limits.h"
#include "hulltop/model/filter.h"

enum { NO_INDEX = -1 };

/* Where a value stands, for messages: a chain up to the root, made of the callers' frames. */
struct place {
    const struct place *up;
    const char *name; /* of the field, or the root's path */
    ptrdiff_t index;  /* of the item in it, or NO_INDEX */
};

struct reader {
    struct ht_arena *arena;
    struct ht_error *err;
};

static void place_text(const struct place *place, struct ht_buf *out)
{
    if (place->up) {
        place_text(place->up, out);
        ht_buf_add_c(out, '.');
    }
    ht_buf_add_text(out, place->name);
    if (place->index != NO_INDEX)
        ht_buf_addf(out, "[%td]", place->index);
}

static int fail(const struct reader *reader, const struct place *place, int code, const char *what)
{
    ht_autobuf struct ht_buf path = HT_BUF(HT_ERROR_TEXT_MAX);

    place_text(place, &path);
    return ht_error_set(reader->err, code, "%.*s: %s", HT_STR_ARG(ht_buf_str(&path)), what);
}

static int read_struct(const struct reader *reader, const struct ht_json *object,
                       const struct ht_table *table, void *data, const struct place *place);

static int read_text(const struct reader *reader, const struct ht_json *json,
                     struct ht_str *ret_text, const struct place *place)
{
    struct ht_str text;

    if (!ht_json_lossless_string(json, reader->arena, &text))
        return fail(reader, place, EINVAL, "expected a text");
    *ret_text = ht_arena_str(reader->arena, text);
    return 0;
}

static int read_number(const struct reader *reader, const struct ht_json *json, bool sign,
                       void *ret_value, const struct place *place)
{
    double number;
    bool fits = sign ? ht_json_int(json, ret_value) : ht_json_uint(json, ret_value);

    if (fits)
        return 0;
    if (!ht_json_number(json, &number))
        return fail(reader, place, EINVAL, "expected a number");
    if (!sign && number < 0)
        return fail(reader, place, EINVAL, "expected a number that is not negative");
    return fail(reader, place, EINVAL, "expected a whole number of 64 bits");
}

static int read_hex(const struct reader *reader, const struct ht_json *json, uint64_t *ret_value,
                    const struct place *place)
{
    struct ht_str text;

    if (!ht_json_string(json, &text) || text.len > 16 || ht_parse_hex64(text, ret_value) < 0)
        return fail(reader, place, EINVAL, "expected a text of at most 16 hexadecimal digits");
    return 0;
}

/* 1: a time that says "never", or that no clock of ours can hold: unknown. */
static int read_time(const struct reader *reader, const struct ht_json *json, int64_t *ret_ns,
                     const struct place *place)
{
    struct ht_str text;

    if (ht_json_int(json, ret_ns))
        return 0;
    if (ht_json_string(json, &text)) {
        int r = ht_parse_time(text, ret_ns);

        if (r == 0)
            return 0;
        if (r == -ENODATA || r == -ERANGE)
            return 1;
    }
    return fail(reader, place, EINVAL, "expected a time such as 2026-11-23T14:02:31Z");
}

static int fail_name(const struct reader *reader, const struct ht_enum *values, struct ht_str name,
                     const struct place *place)
{
    const char *near = ht_enum_nearest(values, name);
    char what[128];

    snprintf(what, sizeof(what), "not a %s%s%s%s", values->name, near ? " (did you mean " : "",
             near ? near : "", near ? "?)" : "");
    return fail(reader, place, EINVAL, what);
}

static int read_enum(const struct reader *reader, const struct ht_json *json,
                     const struct ht_field *field, unsigned *ret_value, const struct place *place)
{
    struct ht_str name;

    if (!ht_json_string(json, &name))
        return fail(reader, place, EINVAL, "expected a name");

    int value = ht_enum_find(field->values, name);
    if (value < 0)
        return fail_name(reader, field->values, name, place);
    *ret_value = (unsigned)value;
    return 0;
}

static int read_bits(const struct reader *reader, const struct ht_json *json,
                     const struct ht_field *field, uint64_t *ret_value, const struct place *place)
{
    uint64_t bits = 0;

    if (!ht_json_is_array(json))
        return fail(reader, place, EINVAL, "expected a list of names");
    for (size_t i = 0; i < json->len; i++) {
        const struct place here = {.up = place->up, .name = place->name, .index = (ptrdiff_t)i};
        struct ht_str name;
        uint64_t number;

        if (!ht_json_string(&json->items[i], &name))
            return fail(reader, &here, EINVAL, "expected a name");

        int value = ht_enum_find(field->values, name);
        if (value < 0 && ht_parse_u64(name, &number) == 0 && number < 64)
            value = (int)number;
        if (value < 0)
            return fail_name(reader, field->values, name, &here);
        bits |= UINT64_C(1) << value;
    }
    *ret_value = bits;
    return 0;
}

static int fail_many(const struct reader *reader, const struct place *place)
{
    char what[64];

    snprintf(what, sizeof(what), "too many items (limit %d)", (int)HT_LIMIT_ITEMS);
    return fail(reader, place, E2BIG, what);
}

static int read_item(const struct reader *reader, const struct ht_json *json,
                     const struct ht_field *field, void *item, const struct place *place)
{
    if (field->item == HT_KIND_TEXT)
        return read_text(reader, json, item, place);
    if (field->item == HT_KIND_UINT)
        return read_number(reader, json, false, item, place);
    return read_struct(reader, json, field->sub, item, place);
}

static int read_list(const struct reader *reader, const struct ht_json *json,
                     const struct ht_field *field, struct ht_list *ret_list,
                     const struct place *place)
{
    size_t size = ht_field_item_size(field);

    if (!ht_json_is_array(json))
        return fail(reader, place, EINVAL, "expected a list");
    if (json->len > HT_LIMIT_ITEMS)
        return fail_many(reader, place);

    char *items = json->len ? ht_arena_alloc(reader->arena, json->len, size) : NULL;
    for (size_t i = 0; i < json->len; i++) {
        const struct place here = {.up = place->up, .name = place->name, .index = (ptrdiff_t)i};
        int r = read_item(reader, &json->items[i], field, items + i * size, &here);

        if (r < 0)
            return r;
        if (ht_arena_is_full(reader->arena))
            return fail(reader, &here, E2BIG, "too much data for one row (limit 8 MiB)");
    }
    *ret_list = (struct ht_list){.items = items, .len = json->len};
    return 0;
}

/* One entry of a map: a member of an object, or a list of key and value. */
static int read_pair(const struct reader *reader, const struct ht_json *json, size_t i,
                     struct ht_pair *pair, const struct place *place)
{
    if (json->kind == HT_JSON_ARRAY) {
        const struct ht_json *entry = &json->items[i];

        if (!ht_json_is_array(entry) || entry->len != 2)
            return fail(reader, place, EINVAL, "expected a list of key and value");

        int r = read_text(reader, &entry->items[0], &pair->key, place);
        return r < 0 ? r : read_text(reader, &entry->items[1], &pair->value, place);
    }

    /* Only lossless documents write a key in hex; a report may have any text behind "bytes:". */
    struct ht_str key = json->members[i].key;
    if (!ht_json_lossless_key(key, reader->arena, &key))
        key = json->members[i].key;
    pair->key = ht_arena_str(reader->arena, key);
    return read_text(reader, &json->members[i].value, &pair->value, place);
}

static int read_map(const struct reader *reader, const struct ht_json *json,
                    struct ht_pair_list *ret_map, const struct place *place)
{
    if (!ht_json_is_object(json) && !ht_json_is_array(json))
        return fail(reader, place, EINVAL, "expected an object");
    if (json->len > HT_LIMIT_ITEMS)
        return fail_many(reader, place);

    struct ht_pair *items =
        json->len ? ht_arena_array(reader->arena, struct ht_pair, json->len) : NULL;
    for (size_t i = 0; i < json->len; i++) {
        const struct place here = {.up = place->up, .name = place->name, .index = (ptrdiff_t)i};
        int r = read_pair(reader, json, i, &items[i], &here);

        if (r < 0)
            return r;
        if (ht_arena_is_full(reader->arena))
            return fail(reader, &here, E2BIG, "too much data for one row (limit 8 MiB)");
    }
    *ret_map = (struct ht_pair_list){.items = items, .len = json->len};
    return 0;
}

/* 1: the value says that the field is unknown. */
static int read_value(const struct reader *reader, const struct ht_json *json,
                      const struct ht_field *field, void *value, const struct place *place)
{
    switch (field->kind) {
    case HT_KIND_BOOL:
        if (!ht_json_bool(json, value))
            return fail(reader, place, EINVAL, "expected true or false");
        return 0;
    case HT_KIND_INT:
        return read_number(reader, json, true, value, place);
    case HT_KIND_UINT:
        return read_number(reader, json, false, value, place);
    case HT_KIND_HEX:
        return read_hex(reader, json, value, place);
    case HT_KIND_TIME:
        return read_time(reader, json, value, place);
    case HT_KIND_TEXT:
    case HT_KIND_REF:
        return read_text(reader, json, value, place);
    case HT_KIND_ENUM:
        return read_enum(reader, json, field, value, place);
    case HT_KIND_BITS:
        return read_bits(reader, json, field, value, place);
    case HT_KIND_STRUCT:
        return read_struct(reader, json, field->sub, value, place);
    case HT_KIND_LIST:
        return read_list(reader, json, field, value, place);
    case HT_KIND_MAP:
        return read_map(reader, json, value, place);
    }
    return fail(reader, place, EINVAL, "cannot be read");
}

/* Documents have their keys in the order of the table, so the search begins behind the last one. */
static const struct ht_field *next_field(const struct ht_table *table, struct ht_str name,
                                         unsigned *from)
{
    for (unsigned n = 0; n < table->count; n++) {
        unsigned i = (*from + n) % table->count;

        if (ht_str_is(name, table->fields[i].name)) {
            *from = i + 1;
            return &table->fields[i];
        }
    }
    return NULL;
}

static int read_struct(const struct reader *reader, const struct ht_json *object,
                       const struct ht_table *table, void *data, const struct place *place)
{
    unsigned from = 0;

    if (!ht_json_is_object(object))
        return fail(reader, place, EINVAL, "expected an object");
    for (size_t i = 0; i < object->len; i++) {
        const struct ht_json_member *member = &object->members[i];
        const struct ht_field *field = next_field(table, member->key, &from);

        if (!field || member->value.kind == HT_JSON_NULL)
            continue;

        const struct place here = {.up = place, .name = field->name, .index = NO_INDEX};
        int r = read_value(reader, &member->value, field, (char *)data + field->offset, &here);
        if (r < 0)
            return r;
        if (r == 0)
            ht_field_mark_known(table, data, field);
    }
    if (ht_arena_is_full(reader->arena))
        return fail(reader, place, E2BIG, "too much data for one row (limit 8 MiB)");
    return 0;
}

int ht_struct_read(const struct ht_json *object, const struct ht_table *table,
                   const struct ht_reading *reading, void *ret_data, struct ht_error *err)
{
    const struct reader reader = {.arena = reading->arena, .err = err};
    const struct place root = {.name = reading->path, .index = NO_INDEX};

    return read_struct(&reader, object, table, ret_data, &root);
}
