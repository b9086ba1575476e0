/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the decoders of container runtimes share: masked command lines, environments and labels.
 * Layer 3 (source), private; pure.
 */
#ifndef HT_SOURCE_DECODE_H
#define HT_SOURCE_DECODE_H

#include "hulltop/base/json.h"
#include "hulltop/model/row.h"

/* A string, or the empty one. */
struct ht_str ht_decode_text(const struct ht_json *object, const char *key);
/* True if it is there and not empty. */
bool ht_decode_has_text(const struct ht_json *object, const char *key, struct ht_str *ret_text);
/* True if the runtime said what there is: an array, or null, which is how an empty one is written.
 * *ret_len is how many. */
bool ht_decode_has_list(const struct ht_json *list, size_t *ret_len);
/* Likewise for a list of strings. False too if there is anything else in it: what cannot be read is
 * not left out silently. */
bool ht_decode_has_texts(struct ht_arena *arena, const struct ht_json *list,
                         struct ht_text_list *ret_list);
/* A map of strings with masked values; false if it is none. */
bool ht_decode_has_map(struct ht_arena *arena, const struct ht_json *object,
                       struct ht_pair_list *ret_list);

/* Masks a command line. Of a very long one the last word kept says how many are left out. */
struct ht_text_list ht_decode_command(struct ht_arena *arena, const struct ht_str *words,
                                      size_t len);
/* "NAME=value" entries; of values only a masked form stays. What has no name is all value. */
struct ht_pair_list ht_decode_env(struct ht_arena *arena, struct ht_text_list entries);
/* What a container was declared with, as it came. */
struct ht_declaration {
    struct ht_text_list env;
    struct ht_text_list words;    /* program and arguments */
    const struct ht_json *labels; /* an object of strings, or NULL */
};
/* Sets secrets: what masking takes out, by name, reason and class of length. */
void ht_decode_secrets(struct ht_arena *arena, const struct ht_declaration *declaration,
                       struct ht_container *container);
/* Sets image_secrets from the commands that made the layers of an image: each name once. */
void ht_decode_image_secrets(struct ht_arena *arena, struct ht_text_list commands,
                             struct ht_container *container);
/* One label or annotation; its value is masked. */
struct ht_pair ht_decode_label(struct ht_arena *arena, struct ht_str key, struct ht_str value);
/* Bits of capability names, with and without CAP_, in any case; what no kernel of today knows is
 * left out. *ret_all: ALL is among them. */
uint64_t ht_decode_caps(struct ht_text_list names, bool *ret_all);
/* Whether a seccomp profile (that of Docker, or of an OCI specification) lets every call pass. */
bool ht_decode_seccomp_is_open(const struct ht_json *profile);

#endif
