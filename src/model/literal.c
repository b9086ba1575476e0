/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values as people write them in a filter, in the field's own unit. */
#include "src/model/filter-inner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

struct unit {
    const char *name;
    int64_t factor;
};

/* Times all factor units; fractions allowed. False if it is no such number. */
static bool scale(struct ht_str digits, int64_t factor, uint64_t *ret_value)
{
    uint64_t whole;
    double value;

    if (ht_parse_u64(digits, &whole) == 0)
        return !__builtin_mul_overflow(whole, (uint64_t)factor, ret_value);
    if (ht_parse_double(digits, &value) < 0 || value < 0 || value * (double)factor >= 1.8e19)
        return false;
    *ret_value = (uint64_t)(value * (double)factor + 0.5);
    return true;
}

/* A number with one of the units behind it, or none. */
static bool parse_scaled(struct ht_str text, const struct unit *units, size_t count,
                         uint64_t *ret_value)
{
    size_t len = 0;

    while (len < text.len &&
           (text.data[len] == '.' || (text.data[len] >= '0' && text.data[len] <= '9')))
        len++;

    struct ht_str name = ht_str_sub(text, len, text.len);
    for (size_t i = 0; i < count; i++) {
        if (ht_str_is_nocase(name, units[i].name))
            return scale(ht_str_sub(text, 0, len), units[i].factor, ret_value);
    }
    return false;
}

static bool parse_bytes(struct ht_str text, uint64_t *ret_value)
{
    static const struct unit units[] = {
        {"", 1},        {"K", 1 << 10},          {"M", 1 << 20},
        {"G", 1 << 30}, {"T", INT64_C(1) << 40}, {"P", INT64_C(1) << 50}};

    if (ht_str_has_suffix(text, "iB"))
        text.len -= 2;
    else if (ht_str_has_suffix(text, "B"))
        text.len -= 1;
    return parse_scaled(text, units, ARRAY_LEN(units), ret_value);
}

static bool parse_cores(struct ht_str text, uint64_t *ret_value)
{
    static const struct unit units[] = {{"", 1000}, {"m", 1}};

    return parse_scaled(text, units, ARRAY_LEN(units), ret_value);
}

/* "90s", "1h30m"; seconds if plain_ok and there is no unit. */
static bool parse_duration(struct ht_str text, bool plain_ok, int64_t *ret_ns)
{
    static const struct unit units[] = {{"ms", HT_NS_PER_MS},       {"s", HT_NS_PER_S},
                                        {"m", 60 * HT_NS_PER_S},    {"h", 3600 * HT_NS_PER_S},
                                        {"d", 86400 * HT_NS_PER_S}, {"w", 604800 * HT_NS_PER_S}};
    static const struct unit plain[] = {{"", HT_NS_PER_S}};
    int64_t sum = 0;
    uint64_t part;

    if (plain_ok && parse_scaled(text, plain, 1, &part) && part <= INT64_MAX) {
        *ret_ns = (int64_t)part;
        return true;
    }
    if (text.len == 0)
        return false;
    while (text.len) {
        size_t len = 0;

        while (len < text.len && !(text.data[len] >= 'a' && text.data[len] <= 'z'))
            len++;
        while (len < text.len && text.data[len] >= 'a' && text.data[len] <= 'z')
            len++;
        if (!parse_scaled(ht_str_sub(text, 0, len), units, ARRAY_LEN(units), &part) ||
            part > INT64_MAX || __builtin_add_overflow(sum, (int64_t)part, &sum))
            return false;
        text = ht_str_sub(text, len, text.len);
    }
    *ret_ns = sum;
    return true;
}

static int fail(struct ht_error *err, const char *expected)
{
    return ht_error_set(err, EINVAL, "expected %s", expected);
}

static int parse_uint(const char *unit, struct ht_str text, struct ht_literal *literal,
                      struct ht_error *err)
{
    uint32_t octal;
    int64_t ns;

    if (strcmp(unit, "bytes") == 0)
        return parse_bytes(text, &literal->natural) ? 0 : fail(err, "a size such as 10M");
    if (strcmp(unit, "mcpu") == 0)
        return parse_cores(text, &literal->natural) ? 0 : fail(err, "cores such as 0.5 or 500m");
    if (strcmp(unit, "octal") == 0) {
        if (ht_parse_octal(text, &octal) < 0)
            return fail(err, "an octal number such as 0660");
        literal->natural = octal;
        return 0;
    }
    if (strcmp(unit, "s") == 0) {
        if (!parse_duration(text, true, &ns))
            return fail(err, "a duration such as 5m");
        literal->natural = (uint64_t)(ns / HT_NS_PER_S);
        return 0;
    }
    if (strcmp(unit, "percent") == 0 && ht_str_has_suffix(text, "%"))
        text.len--;
    return ht_parse_u64(text, &literal->natural) == 0 ? 0 : fail(err, "a number");
}

static int parse_int(const char *unit, struct ht_str text, struct ht_literal *literal,
                     struct ht_error *err)
{
    if (strcmp(unit, "ns") == 0)
        return parse_duration(text, true, &literal->number) ? 0
                                                            : fail(err, "a duration such as 5m");
    return ht_parse_i64(text, &literal->number) == 0 ? 0 : fail(err, "a number");
}

/* A date is its first moment in UTC. */
static int parse_time(struct ht_str text, struct ht_literal *literal, struct ht_error *err)
{
    enum { DATE_LEN = 10 };
    ht_autobuf struct ht_buf whole = HT_BUF(64);

    literal->is_age = parse_duration(text, false, &literal->number);
    if (literal->is_age)
        return 0;
    ht_buf_add_str(&whole, text);
    if (text.len == DATE_LEN)
        ht_buf_add_text(&whole, "T00:00:00Z");
    if (ht_parse_time(ht_buf_str(&whole), &literal->number) == 0)
        return 0;
    return fail(err, "an age such as 5m, or a time such as 2026-11-23T14:02:31Z");
}

static int fail_name(const struct ht_enum *values, struct ht_str text, struct ht_error *err)
{
    enum { NAMED_MAX = 10 };
    const char *near = ht_enum_nearest(values, text);
    ht_autobuf struct ht_buf all = HT_BUF(1000);

    for (unsigned i = 0; !near && values->count <= NAMED_MAX && i < values->count; i++)
        ht_buf_addf(&all, "%s%s", i ? " " : "; one of ", values->values[i].name);
    if (near)
        ht_buf_addf(&all, " (did you mean %s?)", near);
    return ht_error_set(err, EINVAL, "no %s %.*s%s", values->name,
                        HT_STR_ARG(ht_str_sub(text, 0, 80)), all.len ? all.data : "");
}

static int parse_name(const struct ht_enum *values, struct ht_str text, bool bits,
                      struct ht_literal *literal, struct ht_error *err)
{
    uint64_t number;

    if (values == &ht_capability_enum && ht_str_is_nocase(ht_str_sub(text, 0, 4), "CAP_"))
        text = ht_str_sub(text, 4, text.len);
    for (unsigned i = 0; i < values->count; i++) {
        if (ht_str_is_nocase(text, values->values[i].name)) {
            literal->number = i;
            return 0;
        }
    }
    if (bits && ht_parse_u64(text, &number) == 0 && number < 64) {
        literal->number = (int64_t)number;
        return 0;
    }

    int begun = bits || text.len < 2 ? -1 : ht_enum_find_beginning(values, text);
    if (begun < 0)
        return fail_name(values, text, err);
    literal->number = begun;
    return 0;
}

enum ht_kind ht_field_leaf(const struct ht_field *field)
{
    return field->kind == HT_KIND_LIST ? field->item : field->kind;
}

int ht_literal_parse(const struct ht_field *field, struct ht_str text,
                     struct ht_literal *ret_literal, struct ht_error *err)
{
    const char *unit = field->unit ? field->unit : "";
    bool yes;

    *ret_literal = (struct ht_literal){0};
    switch (ht_field_leaf(field)) {
    case HT_KIND_BOOL:
        if (ht_parse_bool(text, &yes) < 0)
            return fail(err, "yes or no");
        ret_literal->number = yes;
        return 0;
    case HT_KIND_INT:
        return parse_int(unit, text, ret_literal, err);
    case HT_KIND_UINT:
        return parse_uint(unit, text, ret_literal, err);
    case HT_KIND_HEX:
        return ht_parse_hex64(text, &ret_literal->natural) == 0 ? 0
                                                                : fail(err, "a hexadecimal number");
    case HT_KIND_TIME:
        return parse_time(text, ret_literal, err);
    case HT_KIND_ENUM:
        return parse_name(field->values, text, false, ret_literal, err);
    case HT_KIND_BITS:
        return parse_name(field->values, text, true, ret_literal, err);
    case HT_KIND_TEXT:
    case HT_KIND_REF:
    case HT_KIND_STRUCT:
    case HT_KIND_LIST:
    case HT_KIND_MAP:
        return 0; /* compared as text */
    }
    return 0;
}
