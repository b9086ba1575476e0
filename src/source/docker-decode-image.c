/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images: how each layer was made, with the values that were given to it; what they start; what
 * they are called; and what changed in a container since. */
#include <errno.h>

#include "decode.h"
#include "docker-decode.h"
#include "hulltop/base/arena.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { LAYERS_MAX = 1000, IMAGES_MAX = 20000 };

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

/* ---- what it starts ---- */

int ht_docker_decode_image(struct ht_str text, struct ht_str id, struct ht_row **ret_row,
                           struct ht_error *err)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    const struct ht_json *image = ht_json_parse(arena, "image", text, err);
    const struct ht_json *config = ht_json_get(image, "Config");
    struct ht_container container = {0};
    struct ht_text_list entry = {0}, command = {0};
    struct ht_str *words;

    if (!image)
        return err ? -err->code : -EINVAL;
    if (!ht_json_is_object(config))
        return ht_error_set(err, EINVAL, "image: no configuration");
    /* Neither has to be there. */
    (void)ht_decode_has_texts(arena, ht_json_get(config, "Entrypoint"), &entry);
    (void)ht_decode_has_texts(arena, ht_json_get(config, "Cmd"), &command);
    words = ht_arena_array(arena, struct ht_str, entry.len + command.len + 1);
    for (size_t i = 0; i < entry.len; i++)
        words[i] = entry.items[i];
    for (size_t i = 0; i < command.len; i++)
        words[entry.len + i] = command.items[i];
    ht_container_set_id(&container, id);
    ht_container_set_image_entry(&container,
                                 ht_decode_command(arena, words, entry.len + command.len));
    if (ht_arena_is_full(arena)) {
        ht_arena_wipe(arena);
        return ht_error_set(err, E2BIG, "image: too large");
    }
    *ret_row = ht_row_new(&ht_container_table, &container);
    ht_arena_wipe(arena);
    return 0;
}

/* ---- what they are called ---- */

int ht_docker_decode_images(struct ht_arena *arena, struct ht_str text,
                            struct ht_docker_image_list *ret_list, struct ht_error *err)
{
    const struct ht_json *images = ht_json_parse(arena, "images", text, err);
    struct ht_docker_image *items;

    if (!images)
        return err ? -err->code : -EINVAL;
    if (!ht_json_is_array(images))
        return ht_error_set(err, EINVAL, "images: not a list");
    if (images->len > IMAGES_MAX)
        return ht_error_set(err, E2BIG, "images: more than %d", IMAGES_MAX);
    items = ht_arena_array(arena, struct ht_docker_image, images->len);
    for (size_t i = 0; i < images->len; i++) {
        const struct ht_json *image = &images->items[i];

        items[i].id = ht_decode_text(image, "Id");
        (void)ht_decode_has_texts(arena, ht_json_get(image, "RepoTags"), &items[i].tags);
        (void)ht_decode_has_texts(arena, ht_json_get(image, "RepoDigests"), &items[i].digests);
    }
    if (ht_arena_is_full(arena))
        return ht_error_set(err, E2BIG, "images: too large");
    *ret_list = (struct ht_docker_image_list){.items = items, .len = images->len};
    return 0;
}

/* ---- what changed ---- */

/* Kind: 0 changed, 1 added, 2 deleted. Without changes the whole answer is null. */
int ht_docker_decode_changes(struct ht_str text, const struct ht_docker_changes_about *about,
                             struct ht_row **ret_row, struct ht_error *err)
{
    static const char letters[] = "CAD";
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    const struct ht_json *changes = ht_json_parse(arena, "changes", text, err);
    struct ht_diff diff = {0};
    struct ht_str *items = ht_arena_array(arena, struct ht_str, HT_DOCKER_CHANGES_MAX);
    size_t len = 0, all = 0, cut = 0;

    if (!changes)
        return err ? -err->code : -EINVAL;
    if (!ht_decode_has_list(changes, &all))
        return ht_error_set(err, EINVAL, "changes: not a list");
    for (size_t i = 0; i < all; i++) {
        struct ht_str path = ht_decode_text(&changes->items[i], "Path");
        uint64_t kind;

        if (!ht_str_has_prefix(path, "/") ||
            !ht_json_uint(ht_json_get(&changes->items[i], "Kind"), &kind) || kind > 2)
            return ht_error_set(err, EINVAL, "changes: one without path or kind");
        if (len == HT_DOCKER_CHANGES_MAX)
            cut++;
        else
            items[len++] = ht_arena_strf(arena, "%c %.*s", letters[kind], HT_STR_ARG(path));
    }
    ht_diff_set_id(&diff, about->id);
    ht_diff_set_source(&diff, about->source);
    ht_diff_set_asked_at(&diff, about->asked_at);
    ht_diff_set_changed(&diff, (struct ht_text_list){.items = items, .len = len});
    ht_diff_set_cut(&diff, cut);
    if (ht_arena_is_full(arena))
        return ht_error_set(err, E2BIG, "changes: too large");
    *ret_row = ht_row_new(&ht_diff_table, &diff);
    return 0;
}
