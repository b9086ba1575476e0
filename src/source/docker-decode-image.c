/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The history of an image: how each layer was made, with the values that were given to it. */
#include <errno.h>

#include "decode.h"
#include "docker-decode.h"
#include "hulltop/base/arena.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { LAYERS_MAX = 1000 };

int ht_docker_decode_history(struct ht_str text, struct ht_str id, struct ht_row **ret_row,
                             struct ht_error *err)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    const struct ht_json *layers = ht_json_parse(arena, "image history", text, err);
    struct ht_container container = {0};
    struct ht_str *commands;
    size_t len;

    if (!layers)
        return err ? -err->code : -EINVAL;
    if (!ht_json_is_array(layers))
        return ht_error_set(err, EINVAL, "image history: not a list of layers");
    if (layers->len > LAYERS_MAX)
        return ht_error_set(err, E2BIG, "image history: more than %d layers", LAYERS_MAX);
    len = layers->len;
    commands = ht_arena_array(arena, struct ht_str, len);
    for (size_t i = 0; i < len; i++)
        commands[i] = ht_decode_text(&layers->items[i], "CreatedBy");
    ht_container_set_id(&container, id);
    ht_decode_image_secrets(arena, (struct ht_text_list){.items = commands, .len = len},
                            &container);
    if (ht_arena_is_full(arena)) {
        ht_arena_wipe(arena);
        return ht_error_set(err, E2BIG, "image history: too large");
    }
    *ret_row = ht_row_new(&ht_container_table, &container);
    ht_arena_wipe(arena);
    return 0;
}
