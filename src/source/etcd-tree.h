/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The B+tree of a running etcd, read without its help and proven to be one state. Layer 3 (source);
 * one thread.
 *
 * bolt copies on write: a page of transaction T is written over by T+2 at the earliest, and what
 * T+2 writes is complete before its meta is. So what is read between two looks at the metas that
 * show the same transaction is that transaction's state. The way down (the branch pages, a few
 * milliseconds) is read like that, as often as needed. Leaves take longer, so they are read on the
 * side: after them the way down is read again, and just the leaves that it newly leads to, until no
 * transaction came in between.
 *
 * A leaf keeps its place as long as nobody changes it, but two transactions later another one may
 * stand there. Revisions only grow, so one that begins and ends where it did can only have lost
 * some since, by a compaction, and then holds fewer. The last leaf is always read.
 */
#ifndef HT_SOURCE_ETCD_TREE_H
#define HT_SOURCE_ETCD_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bolt-file.h"
#include "etcd-keys.h"

enum {
    HT_BOLT_DEPTH_MAX = 24,
    HT_ETCD_MEMBERS_MAX = 64,
    HT_ETCD_NAME_MAX = 128,
};

/* A revision as the tree orders them: main, and sub with a bit for tombstones below. */
struct ht_etcd_rev {
    uint64_t main;
    uint64_t low;
};

/* Plaintext revisions of one resource in one leaf. */
struct ht_leaf_plain {
    uint16_t resource;
    uint16_t count;
};

struct ht_etcd_leaf {
    uint64_t page;
    struct ht_etcd_rev from; /* its first revision is that or a later one */
    uint32_t pages;          /* with its overflow; 0: not read */
    uint32_t plain;          /* place of its first ht_leaf_plain */
    uint32_t turn;           /* of the keys, when it was read */
    uint16_t count;          /* revisions in it */
    uint16_t plain_len;
};

struct ht_etcd_member {
    char id[24];
    char name[HT_ETCD_NAME_MAX];
};

/* What etcd says of itself in its small buckets. */
struct ht_etcd_facts {
    uint64_t scheduled; /* compaction that was begun, and the last one that ended */
    uint64_t finished;
    char version[32];
    struct ht_etcd_member members[HT_ETCD_MEMBERS_MAX];
    size_t members_len; /* may count more than there are places */
    bool has_keys;      /* there is a bucket "key": this is etcd's */
};

/* The way down of one transaction. */
struct ht_etcd_way {
    uint64_t txid;
    uint64_t high_water;
    uint64_t freelist;
    struct ht_etcd_leaf *leaves; /* in the order of revisions */
    size_t len, cap;
    unsigned char *seen; /* bits of the pages that something leads to */
    char *inlined;       /* bucket "key" inside of its own element */
    size_t inlined_len;
    struct ht_etcd_facts facts;
    size_t bad; /* pages that do not hold what they should */
};

/* Called now and then in a long reading; false: stop. */
struct ht_pace {
    bool (*step)(void *context);
    void *context;
};

/* Reads the way down of the state that file has now. What is damaged is left out and counted.
 * False: the pace (NULL: none) said to stop; what was read of it is no use then, and freed. */
bool ht_etcd_way_read(struct ht_bolt_file *file, const struct ht_bolt_meta *meta,
                      const struct ht_pace *pace, struct ht_etcd_way *ret);
void ht_etcd_way_fini(struct ht_etcd_way *way);
/* True if page is below the high-water mark and was not marked before; marks it. */
bool ht_etcd_way_mark(struct ht_etcd_way *way, uint64_t page);
bool ht_etcd_way_is_marked(const struct ht_etcd_way *way, uint64_t page);
/* Parses a key of the bucket "key". */
bool ht_etcd_rev_parse(struct ht_str key, struct ht_etcd_rev *ret);
/* <0, 0, >0. */
int ht_etcd_rev_compare(const struct ht_etcd_rev *a, const struct ht_etcd_rev *b);

enum ht_etcd_proof {
    HT_ETCD_EXACT,   /* one state, completely read */
    HT_ETCD_MOVING,  /* it changed faster than it could be read */
    HT_ETCD_DAMAGED, /* pages do not hold what they should */
    HT_ETCD_STOPPED, /* the pace said so */
    HT_ETCD_FOREIGN, /* a bolt database, but not etcd's */
};

struct ht_etcd_tree {
    struct ht_bolt_file *file;
    struct ht_etcd_way way; /* with what was read of its leaves */
    struct ht_leaf_plain *plain;
    size_t plain_len, plain_cap;
    enum ht_etcd_proof proof;
    size_t damaged;        /* pages */
    int error;             /* the last one of reading, -errno or 0 */
    bool cut;              /* the file ends before its high-water mark */
    bool older;            /* one meta is damaged */
    uint32_t inlined_turn; /* like a leaf's, where the bucket is inlined */
    unsigned passes;       /* of the last refresh */
    size_t leaves_read;
};

/* Brings tree and keys to the file's present state; only what changed is read. keys must be the
 * ones of the refreshes before, or new where tree is zeroed. 0, or -errno when not even the metas
 * can be read; else tree->proof says how good it is. */
int ht_etcd_tree_refresh(struct ht_etcd_tree *tree, struct ht_etcd_keys *keys,
                         const struct ht_pace *pace, struct ht_error *err);
/* Plaintext revisions by resource, ht_etcd_keys_resources() of them; the newest ones count too. */
void ht_etcd_tree_plain(const struct ht_etcd_tree *tree, uint64_t *ret, size_t resources);
void ht_etcd_tree_fini(struct ht_etcd_tree *tree);

/* Copies of plaintext values of one resource on one page that nothing leads to. */
struct ht_remnant {
    uint64_t page;
    uint16_t resource;
    uint16_t copies;
    uint16_t others; /* of them, of keys whose newest value is not plaintext */
};

struct ht_remnants {
    struct ht_remnant *items;
    size_t len, cap;
    uint64_t pages; /* that were looked at */
    bool complete;
};

/* Looks at the pages that are free in the tree's state; remnants is empty (zeroed). */
void ht_remnants_find(struct ht_remnants *remnants, struct ht_etcd_tree *tree,
                      struct ht_etcd_keys *keys, const struct ht_pace *pace);
/* Leaves out what is no longer free in the tree's state: to be called after another refresh, since
 * a page may come into use while it is looked at. */
void ht_remnants_settle(struct ht_remnants *remnants, struct ht_etcd_tree *tree);
void ht_remnants_fini(struct ht_remnants *remnants);

#endif
