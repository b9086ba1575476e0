/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "origin-overlay.h"

#include <string.h>

#include "proc-decode.h"

/* ---- options ---- */

/* Takes one directory of a list off, where "\:" is a colon of its name. */
static struct ht_str take_layer(struct ht_str *rest, struct ht_arena *arena)
{
    char *out = ht_arena_alloc(arena, rest->len + 1, 1);
    size_t len = 0;
    size_t at = 0;

    for (; at < rest->len && rest->data[at] != ':'; at++) {
        if (rest->data[at] == '\\' && at + 1 < rest->len)
            at++;
        out[len++] = rest->data[at];
    }
    *rest = ht_str_sub(*rest, at < rest->len ? at + 1 : at, rest->len);
    return (struct ht_str){.data = out, .len = len};
}

static void add_layers(struct ht_str list, struct ht_arena *arena, struct ht_str *items,
                       size_t *len)
{
    while (list.len && *len < HT_OVERLAY_LAYERS_MAX) {
        struct ht_str layer = take_layer(&list, arena);

        /* "::" stands before layers that hold data alone. */
        if (layer.len)
            items[(*len)++] = layer;
    }
}

bool ht_overlay_decode(struct ht_str super, struct ht_arena *arena, struct ht_overlay *ret_overlay)
{
    struct ht_overlay overlay = {0};
    struct ht_str *items = ht_arena_array(arena, struct ht_str, HT_OVERLAY_LAYERS_MAX);
    struct ht_str option;
    size_t len = 0;

    while (ht_str_next(&super, ',', &option)) {
        ptrdiff_t equals = ht_str_find_byte(option, '=');

        overlay.is_user = overlay.is_user || ht_str_is(option, "userxattr");
        if (equals < 0)
            continue;

        struct ht_str name = ht_str_sub(option, 0, (size_t)equals);
        struct ht_str value =
            ht_mountinfo_unescape(arena, ht_str_sub(option, (size_t)equals + 1, option.len));
        if (ht_str_is(name, "upperdir"))
            overlay.upper = ht_arena_str(arena, value);
        else if (ht_str_is(name, "lowerdir") || ht_str_is(name, "lowerdir+"))
            add_layers(value, arena, items, &len);
    }
    overlay.lowers = (struct ht_text_list){.items = items, .len = len};
    *ret_overlay = overlay;
    return len > 0 || overlay.upper.len > 0;
}

/* ---- the decision ---- */

static enum ht_code_origin told(enum ht_code_origin origin, const char *reason,
                                const char **ret_reason)
{
    *ret_reason = reason;
    return origin;
}

/* Its path leads to nothing, or to another file. */
static enum ht_code_origin decide_deleted(const struct ht_overlay_facts *facts,
                                          const char **ret_reason)
{
    if (facts->lower == HT_ENTRY_FILE && facts->same_content == HT_TRISTATE_YES)
        return told(HT_CODE_ORIGIN_IMAGE,
                    "as the image's file at that path, which was deleted or replaced since",
                    ret_reason);
    if (facts->lower == HT_ENTRY_UNREAD ||
        (facts->lower == HT_ENTRY_FILE && facts->same_content == HT_TRISTATE_UNKNOWN))
        return told(HT_CODE_ORIGIN_BLIND, "deleted, and the image's layers could not be read",
                    ret_reason);
    return told(HT_CODE_ORIGIN_DELETED,
                facts->links == 0 ? "no name is left, and the image has no such file"
                                  : "its path was deleted, and the image has no such file",
                ret_reason);
}

/* The writable directory has the file, made from one of the image. */
static enum ht_code_origin decide_copied(const struct ht_overlay_facts *facts,
                                         const char **ret_reason)
{
    if (facts->lower == HT_ENTRY_FILE) {
        if (facts->same_content == HT_TRISTATE_YES)
            return told(HT_CODE_ORIGIN_METADATA, "in the writable layer, content as in the image",
                        ret_reason);
        if (facts->same_content == HT_TRISTATE_NO)
            return told(HT_CODE_ORIGIN_MODIFIED,
                        "in the writable layer, content differs from the image's", ret_reason);
        return told(HT_CODE_ORIGIN_BLIND,
                    "in the writable layer; too large or not readable to be compared", ret_reason);
    }
    if (facts->same_source == HT_TRISTATE_YES)
        return told(HT_CODE_ORIGIN_RENAMED,
                    "in the writable layer, content as a file of the image at another path",
                    ret_reason);
    if (facts->same_source == HT_TRISTATE_NO)
        return told(HT_CODE_ORIGIN_MODIFIED,
                    "in the writable layer, made from a file of the image at another path",
                    ret_reason);
    return told(HT_CODE_ORIGIN_MODIFIED,
                "in the writable layer, made from a file of the image that was not found again",
                ret_reason);
}

static enum ht_code_origin decide_new(const struct ht_overlay_facts *facts, const char **ret_reason)
{
    if (facts->lower == HT_ENTRY_UNREAD)
        return told(HT_CODE_ORIGIN_ADDED,
                    "in the writable layer; the image's layers could not be read", ret_reason);
    if (facts->lower != HT_ENTRY_FILE)
        return told(HT_CODE_ORIGIN_ADDED, "in the writable layer, and the image has no such file",
                    ret_reason);
    if (facts->same_content == HT_TRISTATE_YES)
        return told(HT_CODE_ORIGIN_METADATA,
                    "written anew in the writable layer, content as in the image", ret_reason);
    return told(HT_CODE_ORIGIN_REPLACED,
                "written anew in the writable layer, in the place of a file of the image",
                ret_reason);
}

enum ht_code_origin ht_overlay_decide(const struct ht_overlay_facts *facts, const char **ret_reason)
{
    if (facts->deleted || facts->links == 0)
        return decide_deleted(facts, ret_reason);
    switch (facts->upper) {
    case HT_ENTRY_UNREAD:
        return told(HT_CODE_ORIGIN_BLIND, "its writable directory could not be read", ret_reason);
    case HT_ENTRY_FILE:
        if (facts->copied == HT_TRISTATE_YES ||
            (facts->copied == HT_TRISTATE_UNKNOWN && facts->is_upper == HT_TRISTATE_NO))
            return decide_copied(facts, ret_reason);
        return decide_new(facts, ret_reason);
    case HT_ENTRY_NOTHING:
    case HT_ENTRY_HIDDEN:
        break;
    }
    /* A name that was taken away between two looks is asked again later. */
    if (facts->lower == HT_ENTRY_FILE)
        return told(HT_CODE_ORIGIN_IMAGE, "not in the writable layer, and the image has it",
                    ret_reason);
    if (facts->lower == HT_ENTRY_UNREAD)
        return told(HT_CODE_ORIGIN_IMAGE, "not in the writable layer", ret_reason);
    return told(HT_CODE_ORIGIN_BLIND, "neither the writable layer nor the image has it now",
                ret_reason);
}
