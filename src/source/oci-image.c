/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-image.h"

#include <errno.h>

#include "decode.h"
#include "hulltop/base/json.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { LAYERS_MAX = 1000 };

bool ht_oci_is_digest(struct ht_str text)
{
    ptrdiff_t colon = ht_str_find_byte(text, ':');

    if (colon <= 0 || text.len > HT_OCI_DIGEST_MAX || text.len < (size_t)colon + 33)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (i != (size_t)colon && !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
            return false;
    }
    return true;
}

static int take_digest(const struct ht_json *descriptor, struct ht_str *ret_digest,
                       struct ht_error *err)
{
    if (!ht_json_string(ht_json_get(descriptor, "digest"), ret_digest) ||
        !ht_oci_is_digest(*ret_digest))
        return ht_error_set(err, EINVAL, "image: no usable digest");
    return 0;
}

/* Attestations are for no platform. */
static bool is_for_linux(const struct ht_json *descriptor)
{
    struct ht_str os;

    return !ht_json_string(ht_json_path(descriptor, "platform", "os", NULL), &os) ||
           ht_str_is(os, "linux");
}

int ht_oci_decode_manifest(struct ht_arena *arena, struct ht_str text, size_t place,
                           struct ht_oci_next *ret_next, struct ht_error *err)
{
    const struct ht_json *root = ht_json_parse(arena, "image manifest", text, err);
    const struct ht_json *manifests = ht_json_get(root, "manifests");

    if (!root)
        return err ? -err->code : -EINVAL;
    ret_next->is_manifest = ht_json_is_array(manifests);
    if (!ret_next->is_manifest)
        return take_digest(ht_json_get(root, "config"), &ret_next->digest, err);
    for (size_t i = 0; i < manifests->len; i++) {
        if (is_for_linux(&manifests->items[i]) && place-- == 0)
            return take_digest(&manifests->items[i], &ret_next->digest, err);
    }
    return -ENODATA;
}

static int read_image(struct ht_arena *arena, const struct ht_json *root,
                      struct ht_container *container, struct ht_error *err)
{
    const struct ht_json *spec = ht_json_get(root, "imageSpec");
    const struct ht_json *image = spec ? spec : root;
    const struct ht_json *layers = ht_json_get(image, "history");
    struct ht_text_list env = {0};
    struct ht_str *commands;
    size_t len;

    if (!ht_json_is_array(layers) && !ht_json_is_object(ht_json_get(image, "rootfs")))
        return ht_error_set(err, EINVAL, "image: not the configuration of one");
    len = ht_json_is_array(layers) ? layers->len : 0;
    if (len > LAYERS_MAX)
        return ht_error_set(err, E2BIG, "image: more than %d layers", LAYERS_MAX);
    /* What no command of the history gave stands among the variables alone. */
    (void)ht_decode_has_texts(arena, ht_json_path(image, "config", "Env", NULL), &env);
    if (env.len > HT_LIMIT_ITEMS)
        env.len = HT_LIMIT_ITEMS;
    commands = ht_arena_array(arena, struct ht_str, len + env.len);
    for (size_t i = 0; i < len; i++)
        commands[i] = ht_decode_text(&layers->items[i], "created_by");
    for (size_t i = 0; i < env.len; i++)
        commands[len + i] = ht_arena_strf(arena, "ENV %.*s", HT_STR_ARG(env.items[i]));
    ht_decode_image_secrets(arena, (struct ht_text_list){.items = commands, .len = len + env.len},
                            container);
    return ht_arena_is_full(arena) ? ht_error_set(err, E2BIG, "image: too large") : 0;
}

int ht_oci_decode_image(struct ht_str text, struct ht_str id, struct ht_row **ret_row,
                        struct ht_error *err)
{
    struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    const struct ht_json *root = ht_json_parse(arena, "image", text, err);
    struct ht_container container = {0};
    int r = root ? 0 : err ? -err->code : -EINVAL;

    ht_container_set_id(&container, id);
    if (r == 0)
        r = read_image(arena, root, &container, err);
    if (r == 0)
        *ret_row = ht_row_new(&ht_container_table, &container);
    ht_arena_wipe(arena);
    ht_arena_free(arena);
    return r;
}
