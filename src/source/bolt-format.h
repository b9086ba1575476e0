/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The format of a bolt file (the database below etcd), bytes only. Layer 3 (source); pure.
 *
 * A file is pages of one size. Page 0 and 1 are metas: the valid one with the higher transaction
 * id names the root bucket's page. Branch pages lead to leaf pages; a leaf element whose flag says
 * so is a bucket, a tree of its own. All numbers are little-endian. Every offset is checked against
 * the bytes that are there.
 */
#ifndef HT_SOURCE_BOLT_FORMAT_H
#define HT_SOURCE_BOLT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hulltop/base/str.h"

enum {
    HT_BOLT_HEAD = 16,    /* bytes of a page's header */
    HT_BOLT_ELEMENT = 16, /* bytes of an element, branch or leaf */
    HT_BOLT_META = 80,    /* bytes of a meta page that say something, header included */
    HT_BOLT_PAGE_MIN = 1024,
    HT_BOLT_PAGE_MAX = 65536,

    HT_BOLT_BRANCH = 0x01,
    HT_BOLT_LEAF = 0x02,
    HT_BOLT_IS_META = 0x04,
    HT_BOLT_FREELIST = 0x10,

    HT_BOLT_IS_BUCKET = 0x01, /* flag of a leaf element */
};

/* The free list is not kept in the file. */
#define HT_BOLT_NO_FREELIST UINT64_MAX

struct ht_bolt_meta {
    uint32_t page_size;
    uint64_t root; /* page of the root bucket */
    uint64_t freelist;
    uint64_t high_water; /* pages from here on were never used */
    uint64_t txid;
};

struct ht_bolt_head {
    uint64_t id;
    uint16_t flags;
    uint16_t count;    /* elements */
    uint32_t overflow; /* pages that continue this one */
};

/* An element of a leaf; offsets count from the page's first byte. */
struct ht_bolt_leaf {
    uint32_t flags;
    uint64_t key;
    uint32_t key_len;
    uint64_t value;
    uint32_t value_len;
};

uint16_t ht_le16(const char *bytes);
uint32_t ht_le32(const char *bytes);
uint64_t ht_le64(const char *bytes);
uint64_t ht_be64(const char *bytes);

/* Reads a meta page. False: not one, or damaged (magic, version, checksum, impossible numbers). */
bool ht_bolt_meta_parse(struct ht_str page, struct ht_bolt_meta *ret);
/* The checksum that a meta page should have; page has HT_BOLT_META bytes. */
uint64_t ht_bolt_meta_sum(const char *page);
/* Reads a page's header; false: fewer than HT_BOLT_HEAD bytes. */
bool ht_bolt_head_parse(struct ht_str page, struct ht_bolt_head *ret);
/* Element i of a branch page: its first key and the page it leads to. False: out of bounds. */
bool ht_bolt_branch_at(struct ht_str page, unsigned i, struct ht_str *ret_key, uint64_t *ret_page);
/* Element i of a leaf page of len bytes, of which table holds the first ones (all elements, not
 * necessarily keys and values). False: key or value lies outside of the page. */
bool ht_bolt_leaf_at(struct ht_str table, uint64_t len, unsigned i, struct ht_bolt_leaf *ret);

#endif
