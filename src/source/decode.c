/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "decode.h"

#include <string.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/secret.h"

/* ---- JSON ---- */

struct ht_str ht_decode_text(const struct ht_json *object, const char *key)
{
    struct ht_str text = {0};

    ht_json_string(ht_json_get(object, key), &text);
    return text;
}

bool ht_decode_has_text(const struct ht_json *object, const char *key, struct ht_str *ret_text)
{
    struct ht_str text = ht_decode_text(object, key);

    if (text.len)
        *ret_text = text;
    return text.len != 0;
}

bool ht_decode_has_list(const struct ht_json *list, size_t *ret_len)
{
    if (!list || (list->kind != HT_JSON_NULL && list->kind != HT_JSON_ARRAY))
        return false;
    *ret_len = list->kind == HT_JSON_ARRAY ? list->len : 0;
    return true;
}

bool ht_decode_has_texts(struct ht_arena *arena, const struct ht_json *list,
                         struct ht_text_list *ret_list)
{
    size_t len = 0;

    if (!ht_decode_has_list(list, &len))
        return false;

    struct ht_str *items = ht_arena_array(arena, struct ht_str, len);
    for (size_t i = 0; i < len; i++) {
        if (!ht_json_string(&list->items[i], &items[i]))
            return false;
    }
    *ret_list = (struct ht_text_list){.items = items, .len = len};
    return true;
}

bool ht_decode_has_map(struct ht_arena *arena, const struct ht_json *object,
                       struct ht_pair_list *ret_list)
{
    if (object && object->kind == HT_JSON_NULL) {
        *ret_list = (struct ht_pair_list){0};
        return true;
    }
    if (!ht_json_is_object(object))
        return false;

    struct ht_pair *items = ht_arena_array(arena, struct ht_pair, object->len);
    for (size_t i = 0; i < object->len; i++) {
        struct ht_str key = object->members[i].key, value;

        if (!ht_json_string(&object->members[i].value, &value))
            return false;
        items[i] = ht_decode_label(arena, key, value);
    }
    *ret_list = (struct ht_pair_list){.items = items, .len = object->len};
    return true;
}

/* ---- masking ---- */

struct ht_text_list ht_decode_command(struct ht_arena *arena, const struct ht_str *words,
                                      size_t len)
{
    size_t kept = len > HT_LIMIT_ARGV ? HT_LIMIT_ARGV - 1 : len;
    struct ht_str *masked = ht_secret_mask_argv(arena, words, kept);

    if (kept == len)
        return (struct ht_text_list){.items = masked, .len = len};

    struct ht_str *items = ht_arena_array(arena, struct ht_str, kept + 1);
    memcpy(items, masked, kept * sizeof(*items));
    items[kept] = ht_arena_strf(arena, "... %zu more arguments", len - kept);
    return (struct ht_text_list){.items = items, .len = kept + 1};
}

/* A line of a file with a "=" somewhere has no name in front of it, and may have a secret there. */
static bool can_be_name(struct ht_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] && strchr(" \t\"'{}:/\\", name.data[i]))
            return false;
    }
    return true;
}

struct ht_pair_list ht_decode_env(struct ht_arena *arena, struct ht_text_list entries)
{
    struct ht_pair *items = ht_arena_array(arena, struct ht_pair, entries.len);

    for (size_t i = 0; i < entries.len; i++) {
        struct ht_str name = {0}, value = entries.items[i];
        ptrdiff_t equals = ht_str_find_byte(value, '=');

        if (equals >= 0 && can_be_name(ht_str_sub(value, 0, (size_t)equals))) {
            name = ht_str_sub(value, 0, (size_t)equals);
            value = ht_str_sub(value, (size_t)equals + 1, value.len);
        }
        items[i] = (struct ht_pair){.key = name, .value = ht_secret_mask_env(arena, name, value)};
    }
    return (struct ht_pair_list){.items = items, .len = entries.len};
}

struct ht_pair ht_decode_label(struct ht_arena *arena, struct ht_str key, struct ht_str value)
{
    value = ht_secret_is_name(key) ? HT_S("***") : ht_secret_mask_text(arena, value);
    return (struct ht_pair){.key = key, .value = value};
}

/* ---- capabilities ---- */

uint64_t ht_decode_caps(struct ht_text_list names, bool *ret_all)
{
    uint64_t bits = 0;

    *ret_all = false;
    for (size_t i = 0; i < names.len; i++) {
        struct ht_str name = names.items[i];

        if (name.len > 4 && ht_str_is_nocase(ht_str_sub(name, 0, 4), "CAP_"))
            name = ht_str_sub(name, 4, name.len);
        *ret_all = *ret_all || ht_str_is_nocase(name, "ALL");
        for (unsigned bit = 0; bit < ht_capability_enum.count; bit++) {
            if (ht_str_is_nocase(name, ht_capability_enum.values[bit].name))
                bits |= UINT64_C(1) << bit;
        }
    }
    return bits;
}

/* ---- seccomp ---- */

static bool lets_pass(const struct ht_json *rule, const char *key)
{
    struct ht_str action = ht_decode_text(rule, key);

    return ht_str_is(action, "SCMP_ACT_ALLOW") || ht_str_is(action, "SCMP_ACT_LOG");
}

bool ht_decode_seccomp_is_open(const struct ht_json *profile)
{
    const struct ht_json *calls = ht_json_get(profile, "syscalls");

    if (!lets_pass(profile, "defaultAction"))
        return false;
    for (size_t i = 0; ht_json_is_array(calls) && i < calls->len; i++) {
        if (!lets_pass(&calls->items[i], "action"))
            return false;
    }
    return true;
}
