/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Documents of images as registries and runtimes have them. Layer 3 (source), private; pure. */
#ifndef HT_SOURCE_OCI_IMAGE_H
#define HT_SOURCE_OCI_IMAGE_H

#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/model/rows.h"

enum { HT_OCI_DIGEST_MAX = 140 };

/* "sha256:" and hexadecimal digits. */
bool ht_oci_is_digest(struct ht_str text);

/* What a manifest, or an index of them, leads to. */
struct ht_oci_next {
    struct ht_str digest; /* borrowed from the arena */
    bool is_manifest;     /* of one in an index; else of the configuration */
};
/* Of an index the manifest at that place among those for Linux. -ENODATA: it has no such place;
 * -EINVAL. */
int ht_oci_decode_manifest(struct ht_arena *arena, struct ht_str text, size_t place,
                           struct ht_oci_next *ret_next, struct ht_error *err);

/* The configuration of an image, alone or as "imageSpec" of what a runtime tells of it: a container
 * row, owned by the caller, with that id and the secrets that its history and its variables hold.
 */
int ht_oci_decode_image(struct ht_str text, struct ht_str id, struct ht_row **ret_row,
                        struct ht_error *err);

#endif
