/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way down: branch pages of the keys, and the small buckets in full. */
#include <string.h>

#include "etcd-tree.h"
#include "hulltop/base/json.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum bucket { BUCKET_ROOT, BUCKET_KEY, BUCKET_META, BUCKET_MEMBERS, BUCKET_CLUSTER, BUCKET_OTHER };

enum { REV_LEN = 17, MEMBER_MAX = 16 * 1024, MEMBER_ARENA = 1024 * 1024 };

static const struct ht_etcd_rev no_end = {.main = UINT64_MAX, .low = UINT64_MAX};

struct walk {
    struct ht_bolt_file *file;
    struct ht_etcd_way *way;
    const struct ht_pace *pace;
    unsigned leaf_depth; /* of the bucket "key" */
    bool stopped;        /* by the pace: nothing more is read */
};

/* A page with its overflow, in memory. */
struct loaded {
    struct ht_bolt_head head;
    char *bytes;
    size_t len;
};

/* ---- revisions, marks ---- */

bool ht_etcd_rev_parse(struct ht_str key, struct ht_etcd_rev *ret)
{
    if ((key.len != REV_LEN && key.len != REV_LEN + 1) || key.data[8] != '_' ||
        (key.len > REV_LEN && key.data[REV_LEN] != 't'))
        return false;

    uint64_t sub = ht_be64(key.data + 9);
    if (sub > UINT32_MAX)
        return false;
    *ret = (struct ht_etcd_rev){.main = ht_be64(key.data), .low = sub << 1 | (key.len > REV_LEN)};
    return true;
}

int ht_etcd_rev_compare(const struct ht_etcd_rev *a, const struct ht_etcd_rev *b)
{
    if (a->main != b->main)
        return a->main < b->main ? -1 : 1;
    return a->low < b->low ? -1 : a->low > b->low;
}

bool ht_etcd_way_is_marked(const struct ht_etcd_way *way, uint64_t page)
{
    return page < way->high_water && way->seen[page / 8] >> (page % 8) & 1;
}

bool ht_etcd_way_mark(struct ht_etcd_way *way, uint64_t page)
{
    if (page >= way->high_water || ht_etcd_way_is_marked(way, page))
        return false;
    way->seen[page / 8] |= (unsigned char)(1U << (page % 8));
    return true;
}

/* ---- pages ---- */

/* Reads a page with its overflow into loaded, whose bytes the caller frees. */
static bool read_page(struct walk *walk, uint64_t page, struct loaded *loaded)
{
    uint32_t size = walk->file->page_size;
    uint64_t offset = page * size;
    struct ht_str first = {.data = loaded->bytes, .len = size};

    if (ht_bolt_pread(walk->file, loaded->bytes, size, offset) != (ssize_t)size ||
        !ht_bolt_head_parse(first, &loaded->head) || loaded->head.id != page)
        return false;

    uint64_t all = (loaded->head.overflow + UINT64_C(1)) * size;
    if (all > HT_LIMIT_BOLT_PAGE || page + loaded->head.overflow >= walk->way->high_water)
        return false;
    for (uint32_t i = 1; i <= loaded->head.overflow; i++) {
        if (!ht_etcd_way_mark(walk->way, page + i))
            return false;
    }
    loaded->len = (size_t)all;
    if (all == size)
        return true;
    loaded->bytes = ht_realloc(loaded->bytes, loaded->len, 1);
    return ht_bolt_pread(walk->file, loaded->bytes + size, loaded->len - size, offset + size) ==
           (ssize_t)(loaded->len - size);
}

static bool may_go_on(struct walk *walk)
{
    if (walk->pace && walk->pace->step && !walk->stopped)
        walk->stopped = !walk->pace->step(walk->pace->context);
    return !walk->stopped;
}

/* Marks and loads a page. False: stopped, or damaged and counted. */
static bool load(struct walk *walk, uint64_t page, struct loaded *ret)
{
    if (!may_go_on(walk))
        return false;

    struct loaded loaded = {.bytes = ht_realloc(NULL, walk->file->page_size, 1)};
    if (page < 2 || !ht_etcd_way_mark(walk->way, page) || !read_page(walk, page, &loaded)) {
        free(loaded.bytes);
        walk->way->bad++;
        return false;
    }
    *ret = loaded;
    return true;
}

static struct ht_str page_str(const struct loaded *loaded)
{
    return (struct ht_str){.data = loaded->bytes, .len = loaded->len};
}

/* ---- what etcd says of itself ---- */

static uint64_t rev_main(struct ht_str value)
{
    return value.len >= 8 ? ht_be64(value.data) : 0;
}

static void take_member(struct ht_etcd_facts *facts, struct ht_str id, struct ht_str value)
{
    struct ht_etcd_member member = {0};
    ht_autoarena struct ht_arena *arena = ht_arena_new(MEMBER_ARENA);
    const struct ht_json *json =
        value.len <= MEMBER_MAX ? ht_json_parse(arena, "member", value, NULL) : NULL;
    struct ht_str name = {0};

    if (facts->members_len++ >= HT_ETCD_MEMBERS_MAX)
        return;
    if (id.len < sizeof(member.id))
        memcpy(member.id, id.data, id.len);
    ht_json_string(ht_json_get(json, "name"), &name);
    name = ht_str_sub(name, 0, sizeof(member.name) - 1);
    if (name.len)
        memcpy(member.name, name.data, name.len);
    facts->members[facts->members_len - 1] = member;
}

static void take_fact(struct walk *walk, enum bucket bucket, struct ht_str key, struct ht_str value)
{
    struct ht_etcd_facts *facts = &walk->way->facts;

    if (bucket == BUCKET_META && ht_str_is(key, "scheduledCompactRev"))
        facts->scheduled = rev_main(value);
    else if (bucket == BUCKET_META && ht_str_is(key, "finishedCompactRev"))
        facts->finished = rev_main(value);
    else if (bucket == BUCKET_MEMBERS)
        take_member(facts, key, value);
    else if (bucket == BUCKET_CLUSTER && ht_str_is(key, "clusterVersion") &&
             value.len < sizeof(facts->version))
        memcpy(facts->version, value.data, value.len);
}

/* ---- buckets ---- */

static void walk_page(struct walk *walk, enum bucket bucket, uint64_t page, unsigned depth);
static void walk_keys(struct walk *walk, uint64_t root);

static enum bucket bucket_named(struct ht_str name)
{
    if (ht_str_is(name, "key"))
        return BUCKET_KEY;
    if (ht_str_is(name, "meta"))
        return BUCKET_META;
    if (ht_str_is(name, "members"))
        return BUCKET_MEMBERS;
    return ht_str_is(name, "cluster") ? BUCKET_CLUSTER : BUCKET_OTHER;
}

static void walk_leaf(struct walk *walk, enum bucket bucket, struct ht_str page, unsigned depth);

static void walk_bucket(struct walk *walk, enum bucket bucket, struct ht_str value, unsigned depth)
{
    if (value.len < HT_BOLT_HEAD) {
        walk->way->bad++;
        return;
    }

    uint64_t root = ht_le64(value.data);
    if (bucket == BUCKET_KEY)
        walk->way->facts.has_keys = true;
    if (root == 0) {
        struct ht_str page = ht_str_sub(value, HT_BOLT_HEAD, value.len);

        if (bucket != BUCKET_KEY) {
            walk_leaf(walk, bucket, page, depth + 1);
            return;
        }
        free(walk->way->inlined);
        walk->way->inlined = ht_strndup(page.data, page.len);
        walk->way->inlined_len = page.len;
        return;
    }
    if (bucket == BUCKET_KEY)
        walk_keys(walk, root);
    else
        walk_page(walk, bucket, root, depth + 1);
}

static void walk_leaf(struct walk *walk, enum bucket bucket, struct ht_str page, unsigned depth)
{
    struct ht_bolt_head head;

    if (!ht_bolt_head_parse(page, &head) || head.flags != HT_BOLT_LEAF ||
        depth > HT_BOLT_DEPTH_MAX) {
        walk->way->bad++;
        return;
    }

    /* Keys and values follow each other without a gap. */
    uint64_t end = HT_BOLT_HEAD + (uint64_t)head.count * HT_BOLT_ELEMENT;
    for (unsigned i = 0; i < head.count; i++) {
        struct ht_bolt_leaf leaf;

        if (!ht_bolt_leaf_at(page, page.len, i, &leaf) || leaf.key != end) {
            walk->way->bad++;
            return;
        }
        end = leaf.value + leaf.value_len;

        struct ht_str key = ht_str_sub(page, (size_t)leaf.key, leaf.key_len);
        struct ht_str value = ht_str_sub(page, (size_t)leaf.value, leaf.value_len);
        if (leaf.flags & HT_BOLT_IS_BUCKET)
            walk_bucket(walk, bucket == BUCKET_ROOT ? bucket_named(key) : BUCKET_OTHER, value,
                        depth);
        else
            take_fact(walk, bucket, key, value);
    }
}

static void walk_page(struct walk *walk, enum bucket bucket, uint64_t page, unsigned depth)
{
    struct loaded loaded;

    if (depth > HT_BOLT_DEPTH_MAX) {
        walk->way->bad++;
        return;
    }
    if (!load(walk, page, &loaded))
        return;
    if (loaded.head.flags == HT_BOLT_LEAF) {
        walk_leaf(walk, bucket, page_str(&loaded), depth);
    } else if (loaded.head.flags == HT_BOLT_BRANCH && loaded.head.count > 0) {
        for (unsigned i = 0; i < loaded.head.count; i++) {
            struct ht_str key;
            uint64_t child;

            if (!ht_bolt_branch_at(page_str(&loaded), i, &key, &child)) {
                walk->way->bad++;
                break;
            }
            walk_page(walk, bucket, child, depth + 1);
        }
    } else {
        walk->way->bad++;
    }
    free(loaded.bytes);
}

/* ---- the keys ---- */

static void add_leaf(struct walk *walk, uint64_t page, struct ht_etcd_rev from)
{
    struct ht_etcd_way *way = walk->way;

    if (page < 2 || !ht_etcd_way_mark(way, page)) {
        way->bad++;
        return;
    }
    if (way->len == way->cap) {
        way->cap += way->cap / 2 + 256;
        way->leaves = ht_realloc(way->leaves, way->cap, sizeof(way->leaves[0]));
    }
    way->leaves[way->len++] = (struct ht_etcd_leaf){.page = page, .from = from};
}

/* Every leaf lies equally deep, so the first way down tells how deep. False: damaged. */
static bool find_leaf_depth(struct walk *walk, uint64_t page)
{
    uint32_t size = walk->file->page_size;
    ht_autofree char *bytes = ht_realloc(NULL, size, 1);

    for (unsigned depth = 0; depth <= HT_BOLT_DEPTH_MAX; depth++) {
        struct ht_str str = {.data = bytes, .len = size};
        struct ht_bolt_head head;

        if (page < 2 || page >= walk->way->high_water ||
            ht_bolt_pread(walk->file, bytes, size, page * size) != (ssize_t)size ||
            !ht_bolt_head_parse(str, &head) || head.id != page)
            return false;
        if (head.flags == HT_BOLT_LEAF) {
            walk->leaf_depth = depth;
            return true;
        }
        /* The first element lies in the first page, whatever overflows. */
        if (head.flags != HT_BOLT_BRANCH || head.count == 0)
            return false;
        page = ht_le64(bytes + HT_BOLT_HEAD + 8);
    }
    return false;
}

static void walk_branch(struct walk *walk, uint64_t page, unsigned depth, struct ht_etcd_rev from,
                        struct ht_etcd_rev end);

/* Keys follow each other without a gap: *end is where the one before ended. */
static bool child_at(const struct loaded *loaded, unsigned i, struct ht_etcd_rev *ret_from,
                     uint64_t *ret_page, size_t *end)
{
    struct ht_str key;

    if (!ht_bolt_branch_at(page_str(loaded), i, &key, ret_page) || key.data != loaded->bytes + *end)
        return false;
    *end += key.len;
    return ht_etcd_rev_parse(key, ret_from);
}

static void walk_children(struct walk *walk, const struct loaded *loaded, unsigned depth,
                          struct ht_etcd_rev from, struct ht_etcd_rev end)
{
    struct ht_etcd_rev first, next;
    uint64_t page, next_page;
    size_t at = HT_BOLT_HEAD + (size_t)loaded->head.count * HT_BOLT_ELEMENT;

    if (!child_at(loaded, 0, &first, &page, &at) || ht_etcd_rev_compare(&first, &from) < 0) {
        walk->way->bad++;
        return;
    }
    for (unsigned i = 0; i < loaded->head.count; i++) {
        next = end;
        next_page = 0;
        if (i + 1 < loaded->head.count && !child_at(loaded, i + 1, &next, &next_page, &at)) {
            walk->way->bad++;
            return;
        }
        if (ht_etcd_rev_compare(&first, &next) >= 0) {
            walk->way->bad++;
            return;
        }
        if (depth + 1 == walk->leaf_depth)
            add_leaf(walk, page, first);
        else
            walk_branch(walk, page, depth + 1, first, next);
        first = next;
        page = next_page;
    }
}

static void walk_branch(struct walk *walk, uint64_t page, unsigned depth, struct ht_etcd_rev from,
                        struct ht_etcd_rev end)
{
    struct loaded loaded;

    if (!load(walk, page, &loaded))
        return;
    if (loaded.head.flags == HT_BOLT_BRANCH && loaded.head.count > 0)
        walk_children(walk, &loaded, depth, from, end);
    else
        walk->way->bad++;
    free(loaded.bytes);
}

static void walk_keys(struct walk *walk, uint64_t root)
{
    struct ht_etcd_rev zero = {0};

    if (walk->way->len || !find_leaf_depth(walk, root)) {
        walk->way->bad++;
        return;
    }
    if (walk->leaf_depth == 0)
        add_leaf(walk, root, zero);
    else
        walk_branch(walk, root, 0, zero, no_end);
}

/* ---- all of it ---- */

static void mark_freelist(struct walk *walk, const struct ht_bolt_meta *meta)
{
    struct loaded loaded;

    if (meta->freelist == HT_BOLT_NO_FREELIST)
        return;
    if (load(walk, meta->freelist, &loaded)) {
        if (loaded.head.flags != HT_BOLT_FREELIST)
            walk->way->bad++;
        free(loaded.bytes);
    }
}

bool ht_etcd_way_read(struct ht_bolt_file *file, const struct ht_bolt_meta *meta,
                      const struct ht_pace *pace, struct ht_etcd_way *ret)
{
    struct ht_etcd_way way = {
        .txid = meta->txid, .high_water = meta->high_water, .freelist = meta->freelist};
    struct walk walk = {.file = file, .way = &way, .pace = pace};

    way.seen = ht_new_array(unsigned char, (size_t)(way.high_water / 8 + 1));
    ht_etcd_way_mark(&way, 0);
    ht_etcd_way_mark(&way, 1);
    mark_freelist(&walk, meta);
    walk_page(&walk, BUCKET_ROOT, meta->root, 0);
    if (walk.stopped)
        ht_etcd_way_fini(&way);
    else
        *ret = way;
    return !walk.stopped;
}

void ht_etcd_way_fini(struct ht_etcd_way *way)
{
    free(way->leaves);
    free(way->seen);
    if (way->inlined)
        ht_wipe(way->inlined, way->inlined_len);
    free(way->inlined);
    *way = (struct ht_etcd_way){0};
}
