/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/model/field.h"

#include <assert.h>
#include <string.h>

#include "hulltop/model/row.h"

const struct ht_field *ht_table_field(const struct ht_table *table, struct ht_str name)
{
    for (unsigned i = 0; i < table->count; i++) {
        if (ht_str_is(name, table->fields[i].name))
            return &table->fields[i];
    }
    return NULL;
}

const struct ht_table *ht_table_find(struct ht_str name)
{
    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        const struct ht_table *table = ht_table_get((enum ht_table_id)id);

        if (ht_str_is(name, table->name) || ht_str_is(name, table->plural))
            return table;
    }
    return NULL;
}

bool ht_text_list_has(const struct ht_text_list *list, struct ht_str text)
{
    for (size_t i = 0; i < list->len; i++) {
        if (ht_str_equal(list->items[i], text))
            return true;
    }
    return false;
}

static uint64_t known_bit(const struct ht_table *table, const struct ht_field *field)
{
    assert(field >= table->fields && field < table->fields + table->count);
    return UINT64_C(1) << (field - table->fields);
}

bool ht_field_is_known(const struct ht_table *table, const void *data, const struct ht_field *field)
{
    const uint64_t *known = data; /* the first member of every struct */

    return (*known & known_bit(table, field)) != 0;
}

void ht_field_mark_known(const struct ht_table *table, void *data, const struct ht_field *field)
{
    uint64_t *known = data;

    *known |= known_bit(table, field);
}

void ht_field_forget(const struct ht_table *table, void *data, const char *name)
{
    uint64_t *known = data; /* the first member of every struct */

    *known &= ~known_bit(table, ht_table_field(table, ht_str_from(name)));
}

size_t ht_field_item_size(const struct ht_field *field)
{
    if (field->kind == HT_KIND_MAP)
        return sizeof(struct ht_pair);
    if (field->item == HT_KIND_TEXT)
        return sizeof(struct ht_str);
    if (field->item == HT_KIND_UINT)
        return sizeof(uint64_t);
    return field->sub->size;
}

int ht_enum_find(const struct ht_enum *values, struct ht_str name)
{
    for (unsigned i = 0; i < values->count; i++) {
        if (ht_str_is(name, values->values[i].name))
            return (int)i;
    }
    return -1;
}

int ht_enum_find_beginning(const struct ht_enum *values, struct ht_str text)
{
    int found = -1;

    for (unsigned i = 0; i < values->count; i++) {
        if (ht_str_find_nocase(ht_str_from(values->values[i].name), text, 0) != 0)
            continue;
        if (found >= 0)
            return -1;
        found = (int)i;
    }
    return found;
}

const char *ht_enum_name(const struct ht_enum *values, unsigned value)
{
    return value < values->count ? values->values[value].name : "?";
}
