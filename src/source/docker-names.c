/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What images are called on this node by now: a tag may have moved on since a container was made
 * from what it named then. One list a pass, and one where images came or changed their names.
 */
#include "docker-private.h"

#include <errno.h>
#include <string.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { NAMES_MAX = 32 * 1024 * 1024, NAMES_OF_USER_MAX = 4 * 1024 * 1024 };

/* ---- finding ---- */

static const struct ht_docker_image *image_of(const struct ht_docker *docker, struct ht_str id)
{
    for (size_t i = 0; i < docker->names.len; i++) {
        const struct ht_docker_image *image = &docker->names.items[i];
        struct ht_str own = image->id;

        /* Podman's own API leaves the algorithm out. */
        if (!ht_str_has_prefix(own, "sha256:") && ht_str_has_prefix(id, "sha256:"))
            id = ht_str_sub(id, 7, id.len);
        if (own.len && ht_str_equal(own, id))
            return image;
    }
    return NULL;
}

/* A reference without a tag is that of "latest"; Docker leaves its own registry out. */
static bool is_named(const struct ht_docker_image *image, struct ht_str reference)
{
    bool tagged = ht_str_find_byte(ht_str_base(reference), ':') >= 0;
    static const char *const usual[] = {"docker.io/library/", "docker.io/"};

    for (size_t i = 0; i < image->tags.len; i++) {
        struct ht_str tag = image->tags.items[i], name = reference;

        if (!tagged && ht_str_has_suffix(tag, ":latest"))
            tag = ht_str_sub(tag, 0, tag.len - 7);
        if (ht_str_equal(tag, name))
            return true;
        for (size_t j = 0; j < ARRAY_LEN(usual); j++) {
            if (ht_str_has_prefix(name, usual[j]) &&
                ht_str_equal(tag, ht_str_sub(name, strlen(usual[j]), name.len)))
                return true;
        }
    }
    return false;
}

/* The id that a reference stands for; empty: nothing here has that name, or it is an id itself. */
static struct ht_str find_named(const struct ht_docker *docker, struct ht_str reference)
{
    for (size_t i = 0; i < docker->names.len; i++) {
        const struct ht_docker_image *image = &docker->names.items[i];

        if (is_named(image, reference) || ht_text_list_has(&image->digests, reference))
            return image->id;
    }
    return (struct ht_str){0};
}

/* ---- telling ---- */

/* The row (taken over) with that. A list that was not asked for since may be older than its image:
 * what one that lacks it says is not told. */
static struct ht_row *add_names(struct ht_docker *docker, struct ht_row *row, bool fresh)
{
    struct ht_container container = *ht_container_of(row);
    const struct ht_docker_image *image;
    struct ht_str named;
    struct ht_row *with;

    if (docker->names.len == 0 || !ht_container_has_image_id(&container))
        return row;
    image = image_of(docker, container.image_id);
    named = ht_container_has_image(&container) ? find_named(docker, container.image)
                                               : (struct ht_str){0};
    docker->names_due = docker->names_due || (!image && !fresh);
    if (image)
        ht_container_set_image_digests(&container, image->digests);
    if (named.len && (image || fresh))
        ht_container_set_image_now(
            &container, image && ht_str_equal(named, image->id) ? container.image_id : named);
    with = ht_docker_make_row(docker, &container);
    ht_row_unref(row);
    return with;
}

struct ht_row *ht_docker_add_names(struct ht_docker *docker, struct ht_row *row)
{
    return add_names(docker, row, false);
}

static void tell_visit(void *context, struct ht_str key, void *value)
{
    struct ht_docker *docker = context;
    struct ht_docker_known *known = value;
    const struct ht_container *container = known->row ? ht_container_of(known->row) : NULL;

    (void)key;
    if (!container)
        return;
    /* What nothing is called any more is forgotten by the row of another inspect. */
    if (ht_container_has_image_now(container) && find_named(docker, container->image).len == 0)
        known->dirty = true;
    ht_docker_set_row(docker, known, add_names(docker, ht_row_ref(known->row), true));
}

int ht_docker_read_names(struct ht_docker *docker, struct ht_trouble *trouble)
{
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    struct ht_docker_image_list names;
    struct ht_arena *arena;
    int r;

    if (!docker->drift || ht_map_len(docker->containers) == 0 ||
        (docker->names_pass == docker->pass && !docker->names_due))
        return 0;
    docker->names_pass = docker->pass;
    docker->names_due = false;
    docker->feed->at(docker->feed, "asking what images are called");
    r = ht_docker_get(&docker->client, "/images/json?digests=true",
                      ht_docker_is_of_user(docker) ? NAMES_OF_USER_MAX : NAMES_MAX, &answer,
                      trouble);
    if (r < 0) {
        /* What has no answer may have one in a minute; what is refused stays so. */
        if (r != -EINTR && r != -EPROTO)
            ht_docker_ask_for_pass(docker, HT_DOCKER_FULL_PASS_NS);
        return r == -EINTR ? r : 0;
    }
    arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    if (ht_docker_decode_images(arena, ht_buf_str(&answer.body), &names, NULL) < 0) {
        ht_arena_free(arena);
        return 0;
    }
    ht_arena_free(docker->names_arena);
    docker->names_arena = arena;
    docker->names = names;
    ht_map_each(docker->containers, tell_visit, docker);
    return 0;
}
