/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The newest revision of each key, and how its value is stored: 40 bytes and a place in an index
 * for each key. Layer 3 (source); one thread.
 *
 * Keys themselves are not kept, only two 64-bit hashes under a random key of this process. Adding
 * is free of order and may be repeated: the highest revision wins.
 */
#ifndef HT_SOURCE_ETCD_KEYS_H
#define HT_SOURCE_ETCD_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "etcd-value.h"

enum {
    HT_RESOURCE_SECRETS = 0,       /* always their number */
    HT_RESOURCE_NONE = UINT16_MAX, /* no object of Kubernetes, or too many kinds */
    HT_RESOURCES_MAX = 4096,
    HT_KEY_NAMES_MAX = 1024, /* more are told together */
    HT_KEY_IDS_MAX = 16,     /* of one key name */
    HT_NAMESPACES_MAX = 16384,
    HT_PREFIXES_MAX = 4,
    HT_SAMPLES = 16,
};

struct ht_etcd_keys;

/* One revision of one key. */
struct ht_etcd_item {
    struct ht_str key;
    uint64_t main; /* revision */
    uint32_t sub;  /* and which change of its transaction */
    bool deleted;  /* a tombstone: it has no value */
    struct ht_stored_as as;
};

/* Values of one resource under one key of one provider. */
struct ht_keys_under {
    enum ht_provider provider;
    const char *key; /* NUL-terminated, as it was found */
    const char *key_id;
    uint64_t count;
};

/* What is live of one resource. */
struct ht_keys_resource {
    const char *name;
    uint64_t plaintext;
    uint64_t malformed;
    uint64_t encrypted;
    struct ht_keys_under *under;
    size_t under_len;
    uint64_t newest;                          /* revision of its last change that is still live */
    enum ht_stored_kind newest_kind;          /* how that was stored */
    const struct ht_keys_under *newest_under; /* where it was encrypted */
};

struct ht_etcd_keys *ht_etcd_keys_new(void);
/* NULL is allowed; returns NULL. */
struct ht_etcd_keys *ht_etcd_keys_free(struct ht_etcd_keys *keys);
/* Takes a revision in and returns its resource's number, HT_RESOURCE_NONE for what is none of
 * Kubernetes' objects. */
unsigned ht_etcd_keys_add(struct ht_etcd_keys *keys, const struct ht_etcd_item *item);
/* Resource's number of a key; learns it if it is new. */
unsigned ht_etcd_keys_resource(struct ht_etcd_keys *keys, struct ht_str key);
/* Whether the newest revision of key is there and plaintext. */
bool ht_etcd_keys_is_plaintext(struct ht_etcd_keys *keys, struct ht_str key);
/* One revision was found with two contents: what was read is of two databases. */
bool ht_etcd_keys_is_contradicted(const struct ht_etcd_keys *keys);
/* There are more kinds of objects than HT_RESOURCES_MAX: those of the others are not counted. */
bool ht_etcd_keys_is_full(const struct ht_etcd_keys *keys);
/* A new turn: what is added from now on is marked with the number that is returned. */
uint32_t ht_etcd_keys_turn(struct ht_etcd_keys *keys);
/* Returns the turn in which the place where that revision would stand was read last. */
typedef uint32_t (*ht_etcd_place_turn)(const void *context, uint64_t main, uint32_t sub);
/* Forgets the keys whose newest revision was not found when its place was read last: a compaction
 * took it away. */
void ht_etcd_keys_sweep(struct ht_etcd_keys *keys, ht_etcd_place_turn place_turn,
                        const void *context);
/* Keys that are not deleted. */
uint64_t ht_etcd_keys_live(const struct ht_etcd_keys *keys);
/* How many resources have a number; they are numbered from 0. */
size_t ht_etcd_keys_resources(const struct ht_etcd_keys *keys);
/* Counts what is live; resources that have nothing live are there with zeros. Valid until the next
 * change; borrowed; ht_etcd_keys_resources() of them, by number. */
const struct ht_keys_resource *ht_etcd_keys_count(struct ht_etcd_keys *keys);
/* The prefixes that keys were found below ("/registry"). */
size_t ht_etcd_keys_prefixes(const struct ht_etcd_keys *keys, struct ht_str ret[HT_PREFIXES_MAX]);
/* Calls visit for keys of secrets (behind the resource: "namespace/name") that are plaintext now,
 * at most HT_SAMPLES of them. */
typedef void (*ht_etcd_sample)(void *context, struct ht_str name);
void ht_etcd_keys_samples(struct ht_etcd_keys *keys, ht_etcd_sample visit, void *context);
/* Calls visit for each namespace with the number of its plaintext secrets, if there are any. */
typedef void (*ht_etcd_namespace)(void *context, struct ht_str name, uint64_t plaintext);
void ht_etcd_keys_namespaces(struct ht_etcd_keys *keys, ht_etcd_namespace visit, void *context);

#endif
