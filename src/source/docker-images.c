/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Histories of the images in use, for the secrets that stand in them, and what they start. An
 * image's id is what it is made of, so each is asked for once; one that is refused is asked for
 * again at the next pass.
 */
#include "docker-private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { HISTORY_MAX = 4 * 1024 * 1024, ID_MAX = 80, PATH_BYTES = 128 };

struct image {
    struct ht_row *found; /* a container row with nothing but what the history tells; NULL: none */
    struct ht_row *entry; /* likewise with what it starts */
    uint64_t asked;       /* pass in which it was asked for last */
    bool is_used;
};

static void free_image(struct image *image)
{
    ht_row_unref(image->found);
    ht_row_unref(image->entry);
    free(image);
}

static void free_visit(void *context, struct ht_str key, void *value)
{
    (void)context;
    (void)key;
    free_image(value);
}

void ht_docker_forget_images(struct ht_docker *docker)
{
    if (docker->images)
        ht_map_each(docker->images, free_visit, NULL);
    docker->images = ht_map_free(docker->images);
}

static void weigh_visit(void *context, struct ht_str key, void *value)
{
    size_t *bytes = context;
    const struct image *image = value;

    (void)key;
    *bytes += image->found ? ht_row_size(image->found) : 0;
    *bytes += image->entry ? ht_row_size(image->entry) : 0;
}

size_t ht_docker_images_size(const struct ht_docker *docker)
{
    size_t bytes = 0;

    if (docker->images)
        ht_map_each(docker->images, weigh_visit, &bytes);
    return bytes;
}

/* It goes into the path of a request. */
static bool is_image_id(struct ht_str id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ':'))
            return false;
    }
    return id.len > 0 && id.len <= ID_MAX;
}

struct ht_row *ht_docker_add_history(const struct ht_docker *docker, struct ht_row *row)
{
    const struct image *image = NULL;
    struct ht_container container = *ht_container_of(row);
    struct ht_row *with;

    if (docker->images && ht_container_has_image_id(&container))
        image = ht_map_get(docker->images, container.image_id);
    if (!image || (!image->found && !image->entry))
        return row;
    if (image->found)
        ht_container_set_image_secrets(&container, ht_container_of(image->found)->image_secrets);
    if (image->entry)
        ht_container_set_image_entry(&container, ht_container_of(image->entry)->image_entry);
    with = ht_docker_make_row(docker, &container);
    ht_row_unref(row);
    return with;
}

/* One thing that is asked of an image. */
struct part {
    const char *path, *doing;
    int (*decode)(struct ht_str text, struct ht_str id, struct ht_row **ret_row,
                  struct ht_error *err);
};

/* A daemon that has no answer to this is none the worse. -EINTR: the end was asked for. */
static int ask_part(struct ht_docker *docker, struct ht_str id, const struct part *part,
                    struct ht_row **ret_row, struct ht_trouble *trouble)
{
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    char path[PATH_BYTES];
    int r;

    snprintf(path, sizeof(path), "/images/%.*s/%s", HT_STR_ARG(id), part->path);
    docker->feed->at(docker->feed, part->doing);
    r = ht_docker_get(&docker->client, path, HISTORY_MAX, &answer, trouble);
    if (r == 0 && part->decode(ht_buf_str(&answer.body), id, ret_row, NULL) == 0)
        docker->bytes += ht_row_size(*ret_row);
    if (answer.body.len)
        ht_wipe(answer.body.data, answer.body.len);
    return r;
}

static int ask(struct ht_docker *docker, struct ht_str id, struct image *image,
               struct ht_trouble *trouble)
{
    static const struct part history = {"history", "asking for the history of an image",
                                        ht_docker_decode_history},
                             entry = {"json", "asking what an image starts",
                                      ht_docker_decode_image};
    int r = 0;

    image->asked = docker->pass;
    if (docker->histories && !image->found)
        r = ask_part(docker, id, &history, &image->found, trouble);
    if (docker->drift && !image->entry && r != -EINTR && r != -ETIMEDOUT)
        r = ask_part(docker, id, &entry, &image->entry, trouble);
    return r;
}

/* Whether all that was asked for is known. */
static bool is_complete(const struct ht_docker *docker, const struct image *image)
{
    return (image->found || !docker->histories) && (image->entry || !docker->drift);
}

struct collecting {
    struct ht_docker *docker;
    struct ht_vec lacking; /* struct ht_docker_known * whose image was not asked for in this pass */
};

static void collect_visit(void *context, struct ht_str key, void *value)
{
    struct collecting *collecting = context;
    struct ht_docker_known *known = value;
    const struct ht_container *container = known->row ? ht_container_of(known->row) : NULL;
    struct image *image;

    (void)key;
    if (!container || !ht_container_has_image_id(container) || !is_image_id(container->image_id))
        return;
    image = ht_map_get(collecting->docker->images, container->image_id);
    if (!image) {
        image = ht_new0(struct image);
        ht_map_set(collecting->docker->images, container->image_id, image);
    }
    image->is_used = true;
    if (!is_complete(collecting->docker, image) ||
        (image->found && !ht_container_has_image_secrets(container)) ||
        (image->entry && !ht_container_has_image_entry(container)))
        ht_vec_add(&collecting->lacking, known);
}

static bool is_unused(void *context, struct ht_str key, void *value)
{
    struct image *image = value;
    bool is_used = image->is_used;

    (void)context;
    (void)key;
    image->is_used = false;
    if (!is_used)
        free_image(image);
    return !is_used;
}

int ht_docker_read_histories(struct ht_docker *docker, struct ht_trouble *trouble)
{
    struct collecting collecting = {.docker = docker};
    int r = 0;

    if (!docker->histories && !docker->drift)
        return 0;
    if (!docker->images)
        docker->images = ht_map_new();
    ht_map_each(docker->containers, collect_visit, &collecting);
    ht_map_remove_if(docker->images, is_unused, NULL);
    for (size_t i = 0; i < collecting.lacking.len; i++) {
        struct ht_docker_known *known = collecting.lacking.items[i];
        struct ht_str id = ht_container_of(known->row)->image_id;
        struct image *image = ht_map_get(docker->images, id);

        /* One that takes too long has the rest wait for the next pass. */
        if (!is_complete(docker, image) && image->asked != docker->pass && r != -ETIMEDOUT &&
            !ht_docker_is_full(docker))
            r = ask(docker, id, image, trouble);
        if (r == -EINTR)
            break;
        docker->changed = docker->changed || image->found || image->entry;
        ht_docker_set_row(docker, known, ht_docker_add_history(docker, ht_row_ref(known->row)));
    }
    ht_vec_fini(&collecting.lacking);
    return r == -EINTR ? r : 0;
}
