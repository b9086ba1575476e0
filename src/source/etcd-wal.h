/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * etcd's write-ahead log: what was written, whatever became of it since. Layer 3 (source).
 *
 * Segments ("%016x-%016x.wal") are frames of an eight-byte length and a record; the space behind
 * the last frame is zero. Decoding is pure; the reader keeps what it has read and goes on from
 * there. One thread.
 */
#ifndef HT_SOURCE_ETCD_WAL_H
#define HT_SOURCE_ETCD_WAL_H

#include <stdbool.h>
#include <stdint.h>

#include "etcd-keys.h"
#include "etcd-tree.h"
#include "hulltop/base/error.h"
#include "hulltop/base/root.h"

enum {
    HT_WAL_FRAME = 8,
    HT_WAL_FILES_MAX = 64,
};

/* The length field of a frame: bytes of the record and of the padding behind it. False: an
 * impossible one, or none any more (*ret_record is 0 then). */
bool ht_wal_frame(const char bytes[HT_WAL_FRAME], uint64_t *ret_record, unsigned *ret_padding);

/* Called for each value that a record stores. */
typedef void (*ht_wal_put)(void *context, const struct ht_etcd_kv *kv);

struct ht_wal_visitor {
    ht_wal_put put;
    void *context;
    uint64_t node; /* out: id of the member whose log it is, once its record was seen */
};

/* Decodes one record. False: damaged. */
bool ht_wal_record(struct ht_str record, struct ht_wal_visitor *visitor);

struct ht_wal;

/* The log below directory, of which nothing was read yet; root is borrowed for its life. */
struct ht_wal *ht_wal_new(const struct ht_root *root, const char *directory);
/* NULL is allowed; returns NULL. */
struct ht_wal *ht_wal_free(struct ht_wal *wal);
/* Reads what was added since the last time. keys tells resources and must be the same ones each
 * time. -ENOENT: there is no log; other errors say what could not be read. */
int ht_wal_refresh(struct ht_wal *wal, struct ht_etcd_keys *keys, const struct ht_pace *pace,
                   struct ht_error *err);
/* Plaintext values by resource, ht_etcd_keys_resources() of them. */
void ht_wal_plain(const struct ht_wal *wal, uint64_t *ret, size_t resources);
/* Segments that there are, and those of them that could not be read to their end. */
size_t ht_wal_files(const struct ht_wal *wal, size_t *ret_damaged);
/* Id of the member that writes it; 0: not known. */
uint64_t ht_wal_node(const struct ht_wal *wal);

#endif
