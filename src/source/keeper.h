/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tools that keep secrets or hand them out: what they are known by, and where the values are. Of
 * most of them the values are in the datastore all the same. Layer 3 (source), private; pure.
 */
#ifndef HT_SOURCE_KEEPER_H
#define HT_SOURCE_KEEPER_H

#include <stdbool.h>

#include "hulltop/base/arena.h"
#include "hulltop/model/node.h"

enum { HT_KEEPERS_MAX = 16, HT_KEEPER_SIGNS = 16 };

/* What was seen of each; zeroed but for the arena, which gets the texts. */
struct ht_keepers {
    struct ht_arena *arena;
    struct {
        struct ht_str items[HT_KEEPER_SIGNS];
        size_t len;
    } signs[HT_KEEPERS_MAX]; /* by their place in the table of keepers */
    bool has_classes;        /* SecretProviderClasses were looked through */
    bool copies;             /* one of them copies values into Secrets */
};

/* A container of a pod (NAMESPACE/NAME) runs that image. */
void ht_keepers_see_image(struct ht_keepers *keepers, struct ht_str image, struct ht_str pod);
/* That pod has an annotation by which an agent is asked for. */
void ht_keepers_see_annotation(struct ht_keepers *keepers, const struct ht_pair *annotation,
                               struct ht_str pod);
/* The API has that group. */
void ht_keepers_see_group(struct ht_keepers *keepers, struct ht_str group);
/* A process of that program runs. */
void ht_keepers_see_program(struct ht_keepers *keepers, struct ht_str program, uint64_t pid);
/* The socket of a KMS plugin that a configuration names, and what is known of it. */
void ht_keepers_see_kms(struct ht_keepers *keepers, struct ht_str sign);
/* The socket of the driver that mounts secrets. */
void ht_keepers_see_driver(struct ht_keepers *keepers, struct ht_str path);
/* Whether a program is one of them. */
bool ht_keeper_is_program(struct ht_str program);
/* Groups of an APIGroupList, and whether a list of SecretProviderClasses has one that copies.
 * False: the text is no such thing. */
bool ht_keepers_decode_groups(struct ht_keepers *keepers, struct ht_str text);
bool ht_keepers_decode_classes(struct ht_keepers *keepers, struct ht_str text);
/* Whether the driver that mounts secrets was seen. */
bool ht_keepers_has_driver(const struct ht_keepers *keepers);
/* Adds a row for each that was seen. */
void ht_keepers_tell(const struct ht_keepers *keepers, const char *source, struct ht_node *sample);

#endif
