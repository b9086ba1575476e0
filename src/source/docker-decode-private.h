/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of docker-decode.h share. Layer 3 (source), private; pure. */
#ifndef HT_SOURCE_DOCKER_DECODE_PRIVATE_H
#define HT_SOURCE_DOCKER_DECODE_PRIVATE_H

#include "docker-decode.h"

#include "hulltop/base/json.h"

/* One container on its way from the answer to the row. */
struct ht_docker_decoding {
    struct ht_arena *arena;
    const struct ht_docker_context *context;
    const struct ht_json *root, *config, *host, *state;
    struct ht_container *container;
};

/* A string, or the empty one. */
struct ht_str ht_docker_text(const struct ht_json *object, const char *key);
/* True if it is there and not empty. */
bool ht_docker_has_text(const struct ht_json *object, const char *key, struct ht_str *ret_text);
/* True if the daemon said what there is: an array, or null, which is how an empty one is written.
 * *ret_len is how many. */
bool ht_docker_has_list(const struct ht_json *list, size_t *ret_len);
/* Likewise for a list of strings. False too if there is anything else in it: what cannot be read is
 * not left out silently. */
bool ht_docker_has_texts(struct ht_arena *arena, const struct ht_json *list,
                         struct ht_text_list *ret_list);

/* Fills container->declared from HostConfig; what HostConfig does not tell stays unknown. */
void ht_docker_decode_privilege(const struct ht_docker_decoding *decoding);

#endif
