/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values as text for columns and for the Raw tab, and their order. */
#include "src/model/filter-inner.h"

#include <stdio.h>
#include <string.h>

#include "hulltop/base/clock.h"

static void format_bytes(struct ht_buf *out, uint64_t bytes)
{
    static const char units[] = "KMGTPE";
    double value = (double)bytes;
    int unit = -1;

    /* What would be written as 1024 of a unit is 1.0 of the next. */
    while (value >= 1023.5 && units[unit + 1]) {
        value /= 1024;
        unit++;
    }
    if (unit < 0)
        ht_buf_addf(out, "%d", (int)bytes);
    else
        ht_buf_addf(out, value < 9.95 ? "%.1f%c" : "%.0f%c", value, units[unit]);
}

static void format_duration(struct ht_buf *out, int64_t ns)
{
    uint64_t length = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    unsigned long long s = length / (uint64_t)HT_NS_PER_S;

    if (ns < 0)
        ht_buf_add_c(out, '-');
    if (s == 0 && length > 0)
        ht_buf_addf(out, "%dms", (int)(length / (uint64_t)HT_NS_PER_MS));
    else if (s < 120)
        ht_buf_addf(out, "%llus", s);
    else if (s < 120 * 60)
        ht_buf_addf(out, "%llum", s / 60);
    else if (s < 48 * 3600)
        ht_buf_addf(out, "%lluh", s / 3600);
    else
        ht_buf_addf(out, "%llud", s / 86400);
}

static bool has_unit(const struct ht_field *field, const char *unit)
{
    return field->unit && strcmp(field->unit, unit) == 0;
}

static void format_uint(struct ht_buf *out, const struct ht_field *field, uint64_t value,
                        bool shortly)
{
    if (has_unit(field, "octal"))
        ht_buf_addf(out, "%04llo", (unsigned long long)value);
    else if (shortly && has_unit(field, "bytes"))
        format_bytes(out, value);
    else if (shortly && has_unit(field, "mcpu"))
        ht_buf_addf(out, "%llu.%02d", (unsigned long long)(value / 1000), (int)(value % 1000 / 10));
    else if (shortly && has_unit(field, "percent"))
        ht_buf_addf(out, "%llu%%", (unsigned long long)value);
    else if (shortly && has_unit(field, "s") && value < INT64_MAX / HT_NS_PER_S)
        format_duration(out, (int64_t)value * HT_NS_PER_S);
    else
        ht_buf_addf(out, "%llu", (unsigned long long)value);
}

static void format_time(struct ht_buf *out, int64_t ns, bool shortly)
{
    enum { CLOCK_AT = 11, CLOCK_LEN = 8 }; /* 2026-11-23T14:02:31Z */
    char text[HT_TIME_TEXT_MAX];
    struct ht_str whole = ht_str_from(ht_time_format_utc(ns, !shortly, text));

    if (shortly && whole.len > CLOCK_AT + CLOCK_LEN)
        whole = ht_str_sub(whole, CLOCK_AT, CLOCK_LEN);
    ht_buf_add_str(out, whole);
}

static void format_bits(struct ht_buf *out, const struct ht_enum *values, uint64_t bits,
                        bool shortly)
{
    bool first = true;

    if (bits == 0)
        ht_buf_add_text(out, "none");
    for (unsigned bit = 0; bit < 64; bit++) {
        if (!(bits >> bit & 1))
            continue;
        if (!first)
            ht_buf_add_text(out, ", ");
        first = false;
        if (bit < values->count)
            ht_buf_add_text(out, values->values[bit].name);
        else
            ht_buf_addf(out, "%u", bit);
        if (!shortly)
            continue;

        int more = __builtin_popcountll(bits) - 1;
        if (more > 0)
            ht_buf_addf(out, " +%d", more);
        return;
    }
}

static void format_item(struct ht_buf *out, const struct ht_field *field, const void *item,
                        unsigned flags);

static void format_list(struct ht_buf *out, const struct ht_field *field,
                        const struct ht_list *list, unsigned flags)
{
    size_t size = ht_field_item_size(field);

    if (list->len == 0)
        ht_buf_add_text(out, "none");
    for (size_t i = 0; i < list->len; i++) {
        if (i > 0)
            ht_buf_add_text(out, ", ");
        format_item(out, field, (const char *)list->items + i * size, flags);
        if (flags & HT_FORMAT_SHORT) {
            if (list->len > 1)
                ht_buf_addf(out, " +%zu", list->len - 1);
            return;
        }
    }
}

/* In short the first three facts, as people write a mount or a port: a:b:c. */
static void format_struct(struct ht_buf *out, const struct ht_table *table, const void *data,
                          unsigned flags)
{
    enum { SHORT_FIELDS = 3 };
    bool shortly = flags & HT_FORMAT_SHORT;
    unsigned shown = 0;

    for (unsigned i = 0; i < table->count && (!shortly || shown < SHORT_FIELDS); i++) {
        const struct ht_field *field = &table->fields[i];

        if (!ht_field_is_known(table, data, field))
            continue;
        if (shown++)
            ht_buf_add_text(out, shortly ? ":" : " ");
        if (!shortly)
            ht_buf_addf(out, "%s=", field->name);
        ht_value_format(out, field, (const char *)data + field->offset, flags);
    }
}

static void format_item(struct ht_buf *out, const struct ht_field *field, const void *item,
                        unsigned flags)
{
    if (field->kind == HT_KIND_MAP) {
        const struct ht_pair *pair = item;

        ht_buf_add_str(out, pair->key);
        ht_buf_add_c(out, '=');
        ht_buf_add_str(out, pair->value);
    } else if (field->item == HT_KIND_TEXT) {
        ht_buf_add_str(out, *(const struct ht_str *)item);
    } else if (field->item == HT_KIND_UINT) {
        format_uint(out, field, *(const uint64_t *)item, flags & HT_FORMAT_SHORT);
    } else {
        format_struct(out, field->sub, item, flags);
    }
}

void ht_value_format(struct ht_buf *out, const struct ht_field *field, const void *value,
                     unsigned flags)
{
    bool shortly = flags & HT_FORMAT_SHORT;

    if (!value)
        return;
    switch (field->kind) {
    case HT_KIND_BOOL:
        if (shortly)
            ht_buf_add_text(out, *(const bool *)value ? "yes" : "no");
        else
            ht_buf_add_text(out, *(const bool *)value ? "true" : "false");
        break;
    case HT_KIND_INT:
        if (shortly && has_unit(field, "ns"))
            format_duration(out, *(const int64_t *)value);
        else
            ht_buf_addf(out, "%lld", (long long)*(const int64_t *)value);
        break;
    case HT_KIND_UINT:
        format_uint(out, field, *(const uint64_t *)value, shortly);
        break;
    case HT_KIND_HEX:
        ht_buf_addf(out, shortly ? "%llx" : "%016llx",
                    (unsigned long long)*(const uint64_t *)value);
        break;
    case HT_KIND_TIME:
        format_time(out, *(const int64_t *)value, shortly);
        break;
    case HT_KIND_TEXT:
    case HT_KIND_REF:
        ht_buf_add_str(out, *(const struct ht_str *)value);
        break;
    case HT_KIND_ENUM:
        ht_buf_add_text(out, ht_enum_name(field->values, *(const unsigned *)value));
        break;
    case HT_KIND_BITS:
        format_bits(out, field->values, *(const uint64_t *)value, shortly);
        break;
    case HT_KIND_STRUCT:
        format_struct(out, field->sub, value, flags);
        break;
    case HT_KIND_LIST:
    case HT_KIND_MAP:
        format_list(out, field, value, flags);
        break;
    }
}

/* ---- order ---- */

unsigned ht_enum_rank(const struct ht_enum *values, unsigned value)
{
    bool greatest_first = values == &ht_severity_enum || values == &ht_confidence_enum;

    return greatest_first && value < values->count ? values->count - 1 - value : value;
}

static int order_of_text(struct ht_str a, struct ht_str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;

    for (size_t i = 0; i < shorter; i++) {
        unsigned char x = (unsigned char)ht_lower(a.data[i]);
        unsigned char y = (unsigned char)ht_lower(b.data[i]);

        if (x != y)
            return x < y ? -1 : 1;
    }
    return a.len != b.len ? (a.len < b.len ? -1 : 1) : ht_str_compare(a, b);
}

static int order_of_uint(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int order_of_int(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int order_of_struct(const struct ht_table *table, const void *a, const void *b)
{
    int order = 0;

    for (unsigned i = 0; i < table->count && order == 0; i++) {
        const struct ht_field *field = &table->fields[i];
        bool in_a = ht_field_is_known(table, a, field);
        bool in_b = ht_field_is_known(table, b, field);

        order = ht_value_compare(field, in_a ? (const char *)a + field->offset : NULL,
                                 in_b ? (const char *)b + field->offset : NULL);
    }
    return order;
}

static int order_of_list(const struct ht_field *field, const struct ht_list *a,
                         const struct ht_list *b)
{
    size_t size = ht_field_item_size(field);
    int order = 0;

    for (size_t i = 0; i < a->len && i < b->len && order == 0; i++) {
        const void *x = (const char *)a->items + i * size;
        const void *y = (const char *)b->items + i * size;

        if (field->kind == HT_KIND_MAP) {
            const struct ht_pair *p = x, *q = y;

            order = order_of_text(p->key, q->key);
            if (order == 0)
                order = order_of_text(p->value, q->value);
        } else if (field->item == HT_KIND_TEXT) {
            order = order_of_text(*(const struct ht_str *)x, *(const struct ht_str *)y);
        } else if (field->item == HT_KIND_UINT) {
            order = order_of_uint(*(const uint64_t *)x, *(const uint64_t *)y);
        } else {
            order = order_of_struct(field->sub, x, y);
        }
    }
    return order ? order : order_of_uint(a->len, b->len);
}

/* More bits are greater, so that the widest set comes first in a descending list. */
static int order_of_bits(uint64_t a, uint64_t b)
{
    int more = __builtin_popcountll(a) - __builtin_popcountll(b);

    return more ? more : order_of_uint(a, b);
}

int ht_value_compare(const struct ht_field *field, const void *a, const void *b)
{
    if (!a || !b)
        return (a == NULL) - (b == NULL);
    switch (field->kind) {
    case HT_KIND_BOOL:
        return *(const bool *)a - *(const bool *)b;
    case HT_KIND_INT:
    case HT_KIND_TIME:
        return order_of_int(*(const int64_t *)a, *(const int64_t *)b);
    case HT_KIND_UINT:
    case HT_KIND_HEX:
        return order_of_uint(*(const uint64_t *)a, *(const uint64_t *)b);
    case HT_KIND_BITS:
        return order_of_bits(*(const uint64_t *)a, *(const uint64_t *)b);
    case HT_KIND_ENUM:
        return order_of_uint(ht_enum_rank(field->values, *(const unsigned *)a),
                             ht_enum_rank(field->values, *(const unsigned *)b));
    case HT_KIND_TEXT:
    case HT_KIND_REF:
        return order_of_text(*(const struct ht_str *)a, *(const struct ht_str *)b);
    case HT_KIND_STRUCT:
        return order_of_struct(field->sub, a, b);
    case HT_KIND_LIST:
    case HT_KIND_MAP:
        return order_of_list(field, a, b);
    }
    return 0;
}
