/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/model/lock.h"

#include "hulltop/model/code.h"
#include "hulltop/model/row.h"

bool ht_lock_is_about(const struct ht_code *code)
{
    return ht_code_has_kind(code) && ht_code_has_origin(code) && ht_code_has_path(code) &&
           code->kind != HT_CODE_KIND_INLINE && code->origin != HT_CODE_ORIGIN_BLIND &&
           ht_code_class_of(code->origin) != HT_CODE_CLASS_OWN;
}

struct ht_str ht_lock_code(struct ht_arena *arena, const struct ht_code *code)
{
    struct ht_str digest = ht_code_has_sha256(code) && code->sha256.len ? code->sha256 : HT_S("-");

    return ht_arena_strf(arena, "%s %.*s %.*s", ht_enum_name(&ht_code_kind_enum, code->kind),
                         HT_STR_ARG(digest), HT_STR_ARG(code->path));
}

struct ht_str ht_lock_package(struct ht_arena *arena, const struct ht_package_change *change)
{
    struct ht_str now =
        ht_package_change_has_now(change) && change->now.len ? change->now : HT_S("-");

    return ht_arena_strf(arena, "%.*s %.*s %.*s", HT_STR_ARG(change->manager),
                         HT_STR_ARG(change->name), HT_STR_ARG(now));
}
