/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a plain scalar of YAML 1.1 is: null, truth value, number or text. */
#include "yaml-scalar.h"

#include <string.h>

#include "hulltop/base/mem.h"

static bool is_among(struct ht_str text, const char *const *words)
{
    for (; *words; words++) {
        if (ht_str_is(text, *words))
            return true;
    }
    return false;
}

static bool read_word(struct ht_str text, struct ht_json *ret)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const yes[] = {"true", "True", "TRUE", "yes", "Yes", "YES",
                                      "on",   "On",   "ON",   "y",   "Y",   NULL};
    static const char *const no[] = {"false", "False", "FALSE", "no", "No", "NO",
                                     "off",   "Off",   "OFF",   "n",  "N",  NULL};

    if (is_among(text, nulls)) {
        ret->kind = HT_JSON_NULL;
        return true;
    }
    if (!is_among(text, yes) && !is_among(text, no))
        return false;
    ret->kind = HT_JSON_BOOL;
    ret->boolean = is_among(text, yes);
    return true;
}

/* Digits of a base; an underscore between them says nothing. */
static bool read_digits(struct ht_str text, int base, uint64_t *ret)
{
    uint64_t value = 0;
    bool any = false;

    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '_')
            continue;

        int digit = ht_hex_digit(text.data[i]);
        if (digit < 0 || digit >= base || __builtin_mul_overflow(value, (uint64_t)base, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit, &value))
            return false;
        any = true;
    }
    *ret = value;
    return any;
}

static bool read_integer(struct ht_str text, struct ht_json *ret)
{
    bool negative = text.data[0] == '-';
    uint64_t value;
    int base = 10;

    if (negative || text.data[0] == '+')
        text = ht_str_sub(text, 1, text.len);
    if (ht_str_has_prefix(text, "0x") || ht_str_has_prefix(text, "0X"))
        base = 16;
    else if (ht_str_has_prefix(text, "0b") || ht_str_has_prefix(text, "0B"))
        base = 2;
    else if (ht_str_has_prefix(text, "0o") || ht_str_has_prefix(text, "0O"))
        base = 8;
    if (base != 10)
        text = ht_str_sub(text, 2, text.len);
    else if (text.len > 1 && text.data[0] == '0')
        base = 8;
    if (text.len == 0 || text.data[0] == '_' || !read_digits(text, base, &value))
        return false;
    if (negative && value > (uint64_t)INT64_MAX)
        return false;
    ret->kind = value > (uint64_t)INT64_MAX ? HT_JSON_UINT : HT_JSON_INT;
    if (ret->kind == HT_JSON_UINT)
        ret->uinteger = value;
    else
        ret->integer = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

static bool read_double(struct ht_str text, struct ht_json *ret)
{
    struct ht_str digits = text.data[0] == '+' ? ht_str_sub(text, 1, text.len) : text;
    char copy[64];

    /* ".5" and "5." are numbers here, and not there. */
    if (digits.len == 0 || digits.len > sizeof(copy) - 3)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (!strchr("0123456789.eE+-", digits.data[i]) || !digits.data[i])
            return false;
    }

    bool negative = digits.data[0] == '-';
    struct ht_str rest = negative ? ht_str_sub(digits, 1, digits.len) : digits;
    size_t len = 0;
    if (negative)
        copy[len++] = '-';
    if (rest.len && rest.data[0] == '.')
        copy[len++] = '0';
    if (rest.len)
        memcpy(copy + len, rest.data, rest.len);
    len += rest.len;
    if (copy[len - 1] == '.')
        copy[len++] = '0';
    ret->kind = HT_JSON_DOUBLE;
    return ht_parse_double((struct ht_str){.data = copy, .len = len}, &ret->number) == 0;
}

void ht_yaml_scalar(struct ht_str text, struct ht_json *ret)
{
    *ret = (struct ht_json){.kind = HT_JSON_NULL};
    if (read_word(text, ret) || read_integer(text, ret) || read_double(text, ret))
        return;
    ret->kind = HT_JSON_STRING;
    ret->string = text;
}
