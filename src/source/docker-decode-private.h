/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of docker-decode.h share. Layer 3 (source), private; pure. */
#ifndef HT_SOURCE_DOCKER_DECODE_PRIVATE_H
#define HT_SOURCE_DOCKER_DECODE_PRIVATE_H

#include "decode.h"
#include "docker-decode.h"

#include "hulltop/base/json.h"

/* One container on its way from the answer to the row. */
struct ht_docker_decoding {
    struct ht_arena *arena;
    const struct ht_docker_context *context;
    const struct ht_json *root, *config, *host, *state;
    struct ht_container *container;
};

/* What a container or its image is called, as far as it is kept: every finding repeats it. No
 * engine takes longer names. */
enum { HT_DOCKER_NAME_MAX = 1024 };

static inline struct ht_str ht_docker_name(struct ht_str text)
{
    return ht_str_sub(text, 0, HT_DOCKER_NAME_MAX);
}

/* Fills container->declared from HostConfig; what HostConfig does not tell stays unknown. */
void ht_docker_decode_privilege(const struct ht_docker_decoding *decoding);

/* Whether all devices are open, by the flag of --privileged or a rule. */
void ht_docker_decode_all_devices(const struct ht_docker_decoding *decoding,
                                  struct ht_privilege *declared);

/* docker-decode-libpod.c: what Podman's own API tells beyond the compatible one, or otherwise. Does
 * nothing with an answer of another API. Comes last. */
void ht_docker_decode_libpod(const struct ht_docker_decoding *decoding);

#endif
