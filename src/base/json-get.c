/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Typed reads of a tree of json.h. */
#include "hulltop/base/json.h"

#include <math.h>
#include <stdarg.h>

const struct ht_json *ht_json_get(const struct ht_json *value, const char *key)
{
    if (!ht_json_is_object(value))
        return NULL;

    struct ht_str wanted = ht_str_from(key);
    for (size_t i = 0; i < value->len; i++) {
        if (ht_str_equal(value->members[i].key, wanted))
            return &value->members[i].value;
    }
    return NULL;
}

const struct ht_json *ht_json_path(const struct ht_json *value, ...)
{
    va_list keys;

    va_start(keys, value);
    for (const char *key = va_arg(keys, const char *); key && value;
         key = va_arg(keys, const char *))
        value = ht_json_get(value, key);
    va_end(keys);
    return value;
}

bool ht_json_bool(const struct ht_json *value, bool *ret_value)
{
    if (!value || value->kind != HT_JSON_BOOL)
        return false;
    *ret_value = value->boolean;
    return true;
}

/* The smallest doubles that no longer fit: 2^63 and 2^64 are exact. */
static const double int64_end = 9223372036854775808.0;
static const double uint64_end = 18446744073709551616.0;

bool ht_json_int(const struct ht_json *value, int64_t *ret_value)
{
    if (!value)
        return false;
    if (value->kind == HT_JSON_INT) {
        *ret_value = value->integer;
        return true;
    }
    if (value->kind != HT_JSON_DOUBLE || !(value->number >= -int64_end) ||
        !(value->number < int64_end) || (double)(int64_t)value->number != value->number)
        return false;
    *ret_value = (int64_t)value->number;
    return true;
}

bool ht_json_uint(const struct ht_json *value, uint64_t *ret_value)
{
    if (!value)
        return false;
    if (value->kind == HT_JSON_UINT || (value->kind == HT_JSON_INT && value->integer >= 0)) {
        *ret_value = value->kind == HT_JSON_UINT ? value->uinteger : (uint64_t)value->integer;
        return true;
    }
    if (value->kind != HT_JSON_DOUBLE || !(value->number >= 0) || !(value->number < uint64_end) ||
        (double)(uint64_t)value->number != value->number)
        return false;
    *ret_value = (uint64_t)value->number;
    return true;
}

bool ht_json_number(const struct ht_json *value, double *ret_value)
{
    if (!value)
        return false;
    if (value->kind == HT_JSON_INT) {
        *ret_value = (double)value->integer;
        return true;
    }
    if (value->kind == HT_JSON_UINT) {
        *ret_value = (double)value->uinteger;
        return true;
    }
    if (value->kind != HT_JSON_DOUBLE || !isfinite(value->number))
        return false;
    *ret_value = value->number;
    return true;
}

bool ht_json_string(const struct ht_json *value, struct ht_str *ret_value)
{
    if (!value || value->kind != HT_JSON_STRING)
        return false;
    *ret_value = value->string;
    return true;
}

bool ht_json_is_array(const struct ht_json *value)
{
    return value && value->kind == HT_JSON_ARRAY;
}

bool ht_json_is_object(const struct ht_json *value)
{
    return value && value->kind == HT_JSON_OBJECT;
}
