/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Structs to JSON by their field tables: nothing here knows a kind of row. */
#include "src/model/document-inner.h"

#include <stdio.h>
#include <string.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/vec.h"

/* Seconds since 1970 that ht_parse_time reads back: the years 1700 to 2250. */
static const int64_t first_second = INT64_C(-8520336000);
static const int64_t last_second = INT64_C(8867491199);

static void put_c_text(struct ht_json_writer *writer, const char *text)
{
    ht_json_put_string(writer, ht_str_from(text));
}

/* Times that RFC 3339 cannot carry keep their number in a lossless document, and are no times for
 * people. */
void ht_document_put_time(struct ht_json_writer *writer, int64_t ns)
{
    char text[HT_TIME_TEXT_MAX];
    int64_t fraction = (ns % HT_NS_PER_S + HT_NS_PER_S) % HT_NS_PER_S;
    int64_t seconds = ns / HT_NS_PER_S - (ns % HT_NS_PER_S < 0 ? 1 : 0);
    bool lossless = writer->text == HT_JSON_LOSSLESS;

    if (seconds < first_second || seconds > last_second) {
        if (lossless)
            ht_json_put_int(writer, ns);
        else
            ht_json_put_null(writer);
        return;
    }
    ht_time_format_utc(ns, !lossless, text);
    if (lossless && fraction) {
        size_t len = strlen(text) - 1; /* without the Z */

        snprintf(text + len, sizeof(text) - len, ".%09dZ", (int)fraction);
    }
    put_c_text(writer, text);
}

static void put_hex(struct ht_json_writer *writer, uint64_t value)
{
    char text[16];

    for (size_t i = sizeof(text); i > 0; value >>= 4)
        text[--i] = "0123456789abcdef"[value & 0xf];
    ht_json_put_string(writer, (struct ht_str){.data = text, .len = sizeof(text)});
}

static void put_enum(struct ht_json_writer *writer, const struct ht_enum *values, unsigned value)
{
    if (value < values->count)
        put_c_text(writer, values->values[value].name);
    else
        ht_json_put_null(writer);
}

static void put_bits(struct ht_json_writer *writer, const struct ht_enum *values, uint64_t bits)
{
    ht_json_array_begin(writer);
    for (unsigned bit = 0; bit < 64; bit++) {
        char number[4];

        if (!(bits >> bit & 1))
            continue;
        if (bit >= values->count)
            snprintf(number, sizeof(number), "%u", bit);
        put_c_text(writer, bit < values->count ? values->values[bit].name : number);
    }
    ht_json_array_end(writer);
}

/* Whether a key of the map stands in it twice, or holds a NUL, which a JSON key cannot keep. */
static bool is_awkward(const struct ht_pair_list *map)
{
    enum { FEW = 16 };
    bool awkward = false;

    for (size_t i = 0; i < map->len && !awkward; i++)
        awkward = ht_str_find_byte(map->items[i].key, '\0') >= 0;
    if (awkward || map->len <= FEW) {
        for (size_t i = 0; i < map->len && !awkward; i++) {
            for (size_t j = 0; j < i && !awkward; j++)
                awkward = ht_str_equal(map->items[i].key, map->items[j].key);
        }
        return awkward;
    }

    struct ht_map *keys = ht_map_new();
    for (size_t i = 0; i < map->len && !awkward; i++)
        awkward = ht_map_set(keys, map->items[i].key, keys) != NULL;
    ht_map_free(keys);
    return awkward;
}

/* A map is an object; where an object would lose something a lossless document has a list of
 * [key, value]. */
static void put_map(struct ht_json_writer *writer, const struct ht_pair_list *map)
{
    bool pairs = writer->text == HT_JSON_LOSSLESS && is_awkward(map);

    if (pairs)
        ht_json_array_begin(writer);
    else
        ht_json_object_begin(writer);
    for (size_t i = 0; i < map->len; i++) {
        if (pairs) {
            ht_json_array_begin(writer);
            ht_json_put_string(writer, map->items[i].key);
        } else {
            ht_json_key(writer, map->items[i].key);
        }
        ht_json_put_string(writer, map->items[i].value);
        if (pairs)
            ht_json_array_end(writer);
    }
    if (pairs)
        ht_json_array_end(writer);
    else
        ht_json_object_end(writer);
}

static void put_list(struct ht_json_writer *writer, const struct ht_field *field,
                     const struct ht_list *list, bool with_nulls)
{
    size_t size = ht_field_item_size(field);

    ht_json_array_begin(writer);
    for (size_t i = 0; i < list->len; i++) {
        const void *item = (const char *)list->items + i * size;

        if (field->item == HT_KIND_TEXT)
            ht_json_put_string(writer, *(const struct ht_str *)item);
        else if (field->item == HT_KIND_UINT)
            ht_json_put_uint(writer, *(const uint64_t *)item);
        else
            ht_struct_write(writer, field->sub, item, with_nulls);
    }
    ht_json_array_end(writer);
}

static void put_value(struct ht_json_writer *writer, const struct ht_field *field,
                      const void *value, bool with_nulls)
{
    switch (field->kind) {
    case HT_KIND_BOOL:
        ht_json_put_bool(writer, *(const bool *)value);
        break;
    case HT_KIND_INT:
        ht_json_put_int(writer, *(const int64_t *)value);
        break;
    case HT_KIND_UINT:
        ht_json_put_uint(writer, *(const uint64_t *)value);
        break;
    case HT_KIND_HEX:
        put_hex(writer, *(const uint64_t *)value);
        break;
    case HT_KIND_TIME:
        ht_document_put_time(writer, *(const int64_t *)value);
        break;
    case HT_KIND_TEXT:
        if (field->flags & HT_FIELD_LINES)
            ht_json_put_lines(writer, *(const struct ht_str *)value);
        else
            ht_json_put_string(writer, *(const struct ht_str *)value);
        break;
    case HT_KIND_REF:
        ht_json_put_string(writer, *(const struct ht_str *)value);
        break;
    case HT_KIND_ENUM:
        put_enum(writer, field->values, *(const unsigned *)value);
        break;
    case HT_KIND_BITS:
        put_bits(writer, field->values, *(const uint64_t *)value);
        break;
    case HT_KIND_STRUCT:
        ht_struct_write(writer, field->sub, value, with_nulls);
        break;
    case HT_KIND_LIST:
        put_list(writer, field, value, with_nulls);
        break;
    case HT_KIND_MAP:
        put_map(writer, value);
        break;
    }
}

void ht_struct_write_fields(struct ht_json_writer *writer, const struct ht_table *table,
                            const void *data, bool with_nulls)
{
    for (unsigned i = 0; i < table->count; i++) {
        const struct ht_field *field = &table->fields[i];
        bool known = ht_field_is_known(table, data, field);

        if (!known && !with_nulls)
            continue;
        ht_json_name(writer, field->name);
        if (known)
            put_value(writer, field, (const char *)data + field->offset, with_nulls);
        else
            ht_json_put_null(writer);
    }
}

void ht_struct_write(struct ht_json_writer *writer, const struct ht_table *table, const void *data,
                     bool with_nulls)
{
    ht_json_object_begin(writer);
    ht_struct_write_fields(writer, table, data, with_nulls);
    ht_json_object_end(writer);
}
