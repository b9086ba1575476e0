/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What etcd stores for Kubernetes: keys, values, and how a value is stored. Layer 3 (source); pure.
 *
 * Nothing of a value is kept: of a plaintext one only that it is plaintext, of an encrypted one
 * what its public header names (provider, key, id of the KMS key).
 */
#ifndef HT_SOURCE_ETCD_VALUE_H
#define HT_SOURCE_ETCD_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hulltop/base/str.h"

/* A reader of protobuf's wire format. */
struct ht_wire {
    struct ht_str rest; /* what is there of it */
    uint64_t cut;       /* bytes that belong to it and are not there */
    bool failed;        /* it is no protobuf */
};

struct ht_wire_field {
    uint32_t number;
    unsigned type;      /* 0 varint, 1 fixed64, 2 bytes, 5 fixed32 */
    uint64_t value;     /* varint and fixed */
    struct ht_str data; /* bytes, as far as they are there */
    uint64_t len;       /* bytes, in full */
};

/* The next field; false at the end, and at what is no protobuf (failed). A bytes field that is not
 * there in full is the last one that can be told. */
bool ht_wire_next(struct ht_wire *wire, struct ht_wire_field *ret);

/* etcd's KeyValue, or a PutRequest. */
struct ht_etcd_kv {
    struct ht_str key;
    struct ht_str value; /* as far as it is there */
    uint64_t value_len;
};

/* Reads mvccpb.KeyValue; cut bytes of it are not in bytes. False: damaged, or its key is not there.
 */
bool ht_etcd_kv_parse(struct ht_str bytes, uint64_t cut, struct ht_etcd_kv *ret);
/* The same for etcdserverpb.PutRequest. */
bool ht_etcd_put_parse(struct ht_str bytes, struct ht_etcd_kv *ret);

enum ht_stored_kind { HT_STORED_PLAINTEXT, HT_STORED_MALFORMED, HT_STORED_ENCRYPTED };

enum ht_provider {
    HT_PROVIDER_AESCBC,
    HT_PROVIDER_AESGCM,
    HT_PROVIDER_SECRETBOX,
    HT_PROVIDER_KMS_V1,
    HT_PROVIDER_KMS_V2,
};

struct ht_stored_as {
    enum ht_stored_kind kind;
    enum ht_provider provider;
    struct ht_str key;    /* name of the key or plugin, up to its first colon */
    struct ht_str key_id; /* KMS v2: id of the remote key; empty if it is not there */
};

/* How a value of len bytes is stored, of which head holds the first ones (HT_STORED_HEAD or all of
 * them are enough; the id of a KMS key needs all). Borrows from head. */
enum { HT_STORED_HEAD = 1024 };
struct ht_stored_as ht_stored_as(struct ht_str head, uint64_t len);
/* aescbc, aesgcm, secretbox, kms-v1, kms-v2. */
const char *ht_provider_name(enum ht_provider provider);

enum { HT_RESOURCE_MAX = 128 };

/* A resource that the API server stores without a group. */
bool ht_etcd_is_known_resource(struct ht_str name);

/* The parts of a key such as /registry/secrets/default/token: the prefix ends before the last
 * slash ahead of the resource ("/registry"), a resource of a group is "group/resource". False: the
 * key is none of Kubernetes' objects. Borrows from key. */
bool ht_etcd_key_parts(struct ht_str key, struct ht_str *ret_prefix, struct ht_str *ret_resource);

#endif
