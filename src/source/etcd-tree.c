/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leaves: which of them are new, reading them, and when that is one state. */
#include "etcd-tree.h"

#include <errno.h>
#include <string.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum {
    WAY_TRIES = 32,
    PASSES = 32,
    WINDOW = 256 * 1024, /* bytes read at once where leaves lie close together */
    NEAR_PAGES = 8,
    WHOLE = 1024 * 1024, /* leaves up to that size are read whole, others in parts */
    PLAIN_MAX = 64,      /* resources told apart in one leaf */
    STEP_LEAVES = 256,   /* between two looks at the time while nothing is read */
};

static const struct ht_etcd_rev no_end = {.main = UINT64_MAX, .low = UINT64_MAX};

/* The bytes of one leaf: whole, or as far as they are in memory. */
struct view {
    struct ht_bolt_file *file;
    const char *bytes;
    size_t len;
    uint64_t offset; /* of its first byte in the file */
    uint64_t total;
};

struct reading {
    struct ht_etcd_tree *tree;
    struct ht_etcd_keys *keys;
    const struct ht_pace *pace;
    char *window;
    size_t window_cap, window_len;
    uint64_t window_from; /* offset in the file */
    char *whole;          /* a leaf that is longer than the window */
    size_t whole_cap;
    size_t bad;
    uint32_t turn;
    bool stopped;
};

/* ---- one leaf ---- */

/* len bytes of the leaf; scratch has room for them. NULL: not readable. */
static const char *view_at(const struct view *view, uint64_t at, size_t len, char *scratch)
{
    if (at + len > view->total)
        return NULL;
    if (at + len <= view->len)
        return view->bytes + at;
    if (ht_bolt_pread(view->file, scratch, len, view->offset + at) != (ssize_t)len)
        return NULL;
    return scratch;
}

/* An item of a leaf, and where it ends: keys and values follow each other without a gap. */
struct item {
    struct ht_etcd_rev rev;
    struct ht_etcd_kv kv;
    uint64_t end;
};

/* Reads element i, which begins at item->end. False: damaged. */
static bool item_at(const struct view *view, unsigned i, struct item *item, char *scratch)
{
    struct ht_bolt_leaf leaf;
    char key_bytes[32];

    if (!ht_bolt_leaf_at((struct ht_str){.data = view->bytes, .len = view->len}, view->total, i,
                         &leaf) ||
        leaf.flags != 0 || leaf.key_len > sizeof(key_bytes) || leaf.key != item->end)
        return false;
    item->end = leaf.value + leaf.value_len;

    const char *key = view_at(view, leaf.key, leaf.key_len, key_bytes);
    if (!key || !ht_etcd_rev_parse((struct ht_str){.data = key, .len = leaf.key_len}, &item->rev))
        return false;

    size_t have = leaf.value_len;
    if (leaf.value + have > view->len && have > HT_STORED_HEAD * 2)
        have = HT_STORED_HEAD * 2;
    const char *value = view_at(view, leaf.value, have, scratch);
    return value && ht_etcd_kv_parse((struct ht_str){.data = value, .len = have},
                                     leaf.value_len - have, &item->kv);
}

static uint64_t first_at(const struct ht_bolt_head *head)
{
    return HT_BOLT_HEAD + (uint64_t)head->count * HT_BOLT_ELEMENT;
}

/* Everything in its place, before anything of it is believed. */
static bool is_sound(const struct view *view, const struct ht_bolt_head *head,
                     const struct ht_etcd_rev *from, const struct ht_etcd_rev *end)
{
    struct item item = {.end = first_at(head)};
    struct ht_etcd_rev before = {0};
    char scratch[HT_STORED_HEAD * 2];
    bool sound = true;

    for (unsigned i = 0; i < head->count && sound; i++) {
        sound = item_at(view, i, &item, scratch) &&
                ht_etcd_rev_compare(&item.rev, i ? &before : from) >= (i ? 1 : 0) &&
                ht_etcd_rev_compare(&item.rev, end) < 0;
        before = item.rev;
    }
    ht_wipe(scratch, sizeof(scratch));
    return sound;
}

static void add_plain(struct ht_leaf_plain *list, size_t *len, unsigned resource)
{
    for (size_t i = 0; i < *len; i++) {
        if (list[i].resource == resource) {
            list[i].count++;
            return;
        }
    }
    if (*len < PLAIN_MAX)
        list[(*len)++] = (struct ht_leaf_plain){.resource = (uint16_t)resource, .count = 1};
}

static void keep_plain(struct ht_etcd_tree *tree, struct ht_etcd_leaf *leaf,
                       const struct ht_leaf_plain *list, size_t len)
{
    if (tree->plain_len + len > tree->plain_cap) {
        tree->plain_cap += tree->plain_cap / 2 + len + 256;
        tree->plain = ht_realloc(tree->plain, tree->plain_cap, sizeof(tree->plain[0]));
    }
    if (len)
        memcpy(tree->plain + tree->plain_len, list, len * sizeof(list[0]));
    leaf->plain = (uint32_t)tree->plain_len;
    leaf->plain_len = (uint16_t)len;
    tree->plain_len += len;
}

static bool take_leaf(struct reading *reading, struct ht_etcd_leaf *leaf, const struct view *view,
                      const struct ht_bolt_head *head, const struct ht_etcd_rev *end)
{
    struct ht_leaf_plain plain[PLAIN_MAX];
    struct item item = {.end = first_at(head)};
    char scratch[HT_STORED_HEAD * 2];
    size_t plain_len = 0;

    if (head->flags != HT_BOLT_LEAF || !is_sound(view, head, &leaf->from, end))
        return false;
    for (unsigned i = 0; i < head->count; i++) {
        if (!item_at(view, i, &item, scratch))
            return false;

        struct ht_etcd_item revision = {.key = item.kv.key,
                                        .main = item.rev.main,
                                        .sub = (uint32_t)(item.rev.low >> 1),
                                        .deleted = item.rev.low & 1};
        if (!revision.deleted)
            revision.as = ht_stored_as(item.kv.value, item.kv.value_len);

        unsigned resource = ht_etcd_keys_add(reading->keys, &revision);
        if (resource != HT_RESOURCE_NONE && !revision.deleted &&
            revision.as.kind == HT_STORED_PLAINTEXT)
            add_plain(plain, &plain_len, resource);
    }
    ht_wipe(scratch, sizeof(scratch));
    keep_plain(reading->tree, leaf, plain, plain_len);
    leaf->count = head->count;
    leaf->turn = reading->turn;
    return true;
}

/* ---- reading leaves ---- */

static const struct ht_etcd_rev *end_of(const struct ht_etcd_way *way, size_t i)
{
    return i + 1 < way->len ? &way->leaves[i + 1].from : &no_end;
}

/* True unless the pace said to stop, now or before. */
static bool may_go_on(struct reading *reading)
{
    if (reading->pace && reading->pace->step && !reading->stopped)
        reading->stopped = !reading->pace->step(reading->pace->context);
    return !reading->stopped;
}

/* len bytes at offset, or fewer at the end of the file, in the window. */
static ssize_t fill_window(struct reading *reading, uint64_t offset, size_t len)
{
    ssize_t n = ht_bolt_pread(reading->tree->file, reading->window, len, offset);

    reading->window_from = offset;
    reading->window_len = n < 0 ? 0 : (size_t)n;
    (void)may_go_on(reading);
    return n;
}

static const char *in_window(const struct reading *reading, uint64_t offset, size_t len)
{
    if (offset < reading->window_from || offset + len > reading->window_from + reading->window_len)
        return NULL;
    return reading->window + (offset - reading->window_from);
}

/* The leaf's bytes with its overflow. False: not there. */
static bool load_leaf(struct reading *reading, struct ht_etcd_leaf *leaf, struct view *view,
                      struct ht_bolt_head *head)
{
    struct ht_bolt_file *file = reading->tree->file;
    size_t size = file->page_size;
    uint64_t offset = leaf->page * size;
    const char *bytes = in_window(reading, offset, size);

    if (!bytes || !ht_bolt_head_parse((struct ht_str){.data = bytes, .len = size}, head) ||
        head->id != leaf->page)
        return false;

    uint64_t total = (head->overflow + UINT64_C(1)) * size;
    if (total > HT_LIMIT_BOLT_PAGE || leaf->page + head->overflow >= reading->tree->way.high_water)
        return false;
    *view =
        (struct view){.file = file, .bytes = bytes, .len = size, .offset = offset, .total = total};
    leaf->pages = head->overflow + 1;
    if (total == size)
        return true;

    const char *all = total <= WINDOW ? in_window(reading, offset, (size_t)total) : NULL;
    if (all) {
        view->bytes = all;
        view->len = (size_t)total;
        return true;
    }
    /* The table of elements must be there in full; a value can be read in parts. */
    view->len = (size_t)(total < WHOLE ? total : WHOLE);
    if (reading->whole_cap < view->len) {
        reading->whole = ht_realloc(reading->whole, view->len, 1);
        reading->whole_cap = view->len;
    }
    view->bytes = reading->whole;
    return ht_bolt_pread(file, reading->whole, view->len, offset) == (ssize_t)view->len;
}

static void read_leaf(struct reading *reading, size_t i)
{
    struct ht_etcd_way *way = &reading->tree->way;
    struct ht_etcd_leaf *leaf = &way->leaves[i];
    struct ht_bolt_head head;
    struct view view;

    reading->tree->leaves_read++;
    if (load_leaf(reading, leaf, &view, &head) &&
        take_leaf(reading, leaf, &view, &head, end_of(way, i)))
        return;
    leaf->pages = 0;
    leaf->plain_len = 0;
    reading->bad++;
}

/* A leaf to read: its page, and its place in the way. */
struct task {
    uint64_t page;
    size_t place;
};

static int compare_tasks(const void *a, const void *b)
{
    const struct task *x = a, *y = b;

    return x->page < y->page ? -1 : x->page > y->page;
}

/* How many bytes from tasks[i] on are worth one reading. */
static size_t window_for(const struct reading *reading, const struct task *tasks, size_t len,
                         size_t i)
{
    size_t size = reading->tree->file->page_size;
    uint64_t first = tasks[i].page, last = first;

    while (i + 1 < len && tasks[i + 1].page - last <= NEAR_PAGES &&
           (tasks[i + 1].page - first + 1) * size <= WINDOW)
        last = tasks[++i].page;
    /* What lies up to the next one may be this one's overflow. */
    if (i + 1 < len && tasks[i + 1].page - last <= NEAR_PAGES)
        last = tasks[i + 1].page - 1;

    uint64_t bytes = (last - first + 1) * size;
    return bytes > WINDOW ? WINDOW : (size_t)bytes;
}

static void read_tasks(struct reading *reading, struct task *tasks, size_t len)
{
    size_t size = reading->tree->file->page_size;

    qsort(tasks, len, sizeof(tasks[0]), compare_tasks);
    reading->window_len = 0;
    for (size_t i = 0; i < len && !reading->stopped; i++) {
        uint64_t offset = tasks[i].page * size;

        if (!in_window(reading, offset, size))
            fill_window(reading, offset, window_for(reading, tasks, len, i));
        read_leaf(reading, tasks[i].place);
    }
}

/* ---- what is new ---- */

/* Whether the page still has as many revisions. */
static bool has_as_many(struct ht_bolt_file *file, const struct ht_etcd_leaf *leaf)
{
    char bytes[HT_BOLT_HEAD];
    struct ht_bolt_head head;

    return ht_bolt_pread(file, bytes, sizeof(bytes), leaf->page * file->page_size) ==
               (ssize_t)sizeof(bytes) &&
           ht_bolt_head_parse((struct ht_str){.data = bytes, .len = sizeof(bytes)}, &head) &&
           head.id == leaf->page && head.flags == HT_BOLT_LEAF && head.count == leaf->count &&
           head.overflow + 1 == leaf->pages;
}

/* Whether what was read of old still holds for the leaf at place i of way. */
static bool is_known(const struct ht_etcd_tree *tree, size_t old, const struct ht_etcd_way *way,
                     size_t i)
{
    const struct ht_etcd_leaf *a = &tree->way.leaves[old], *b = &way->leaves[i];
    const struct ht_etcd_facts *was = &tree->way.facts, *is = &way->facts;

    if (a->pages == 0 || a->page != b->page || ht_etcd_rev_compare(&a->from, &b->from) != 0)
        return false;
    if (i + 1 == way->len || old + 1 == tree->way.len ||
        ht_etcd_rev_compare(end_of(&tree->way, old), end_of(way, i)) != 0)
        return false;
    if (was->scheduled == is->scheduled && was->finished == is->finished &&
        is->scheduled == is->finished)
        return true;
    return a->from.main > is->scheduled || has_as_many(tree->file, a);
}

/* Takes over way and what is known of its leaves. Returns how many must be read, in tasks. */
static size_t merge(struct reading *reading, struct ht_etcd_way *way, struct task *tasks)
{
    struct ht_etcd_tree *tree = reading->tree;
    struct ht_leaf_plain *before = tree->plain;
    size_t len = 0, old = 0;

    tree->plain = NULL;
    tree->plain_len = tree->plain_cap = 0;
    for (size_t i = 0; i < way->len; i++) {
        struct ht_etcd_leaf *leaf = &way->leaves[i];

        while (old < tree->way.len &&
               ht_etcd_rev_compare(&tree->way.leaves[old].from, &leaf->from) < 0)
            old++;
        /* To know a leaf again its page may have to be looked at. */
        if (i % STEP_LEAVES == 0)
            (void)may_go_on(reading);
        if (old < tree->way.len && !reading->stopped && is_known(tree, old, way, i)) {
            const struct ht_etcd_leaf *known = &tree->way.leaves[old];

            leaf->pages = known->pages;
            leaf->count = known->count;
            leaf->turn = known->turn;
            keep_plain(tree, leaf, before + known->plain, known->plain_len);
        } else {
            tasks[len++] = (struct task){.page = leaf->page, .place = i};
        }
    }
    free(before);
    ht_etcd_way_fini(&tree->way);
    tree->way = *way;
    return len;
}

/* ---- passes ---- */

/* Reads the way down until it is one state's. 0, or -errno; *ret_good false: it was not possible,
 * or reading was stopped. */
static int find_way(struct reading *reading, struct ht_etcd_way *way, bool *ret_good,
                    struct ht_error *err)
{
    struct ht_etcd_tree *tree = reading->tree;
    struct ht_bolt_state state, after;
    int r = ht_bolt_state(tree->file, &state, err);

    *ret_good = false;
    for (int i = 0; i < WAY_TRIES && r == 0; i++) {
        if (state.meta.high_water > HT_LIMIT_BOLT_PAGES)
            return ht_error_set(err, EFBIG, "more pages than can be read");
        if (!ht_etcd_way_read(tree->file, &state.meta, reading->pace, way)) {
            reading->stopped = true;
            return 0;
        }
        r = ht_bolt_state(tree->file, &after, err);
        if (r == 0 && after.meta.txid == state.meta.txid) {
            tree->older = state.older && after.older;
            *ret_good = true;
            return 0;
        }
        /* The last one is kept: the leaves of a way that moved are better than none. */
        if (i + 1 < WAY_TRIES || r < 0)
            ht_etcd_way_fini(way);
        state = after;
    }
    return r;
}

/* The inlined bucket of a small database: read anew each time. */
static size_t read_inlined(struct reading *reading)
{
    struct ht_etcd_way *way = &reading->tree->way;
    struct ht_etcd_leaf leaf = {0};
    struct ht_bolt_head head;
    struct view view = {.bytes = way->inlined, .len = way->inlined_len, .total = way->inlined_len};
    struct ht_str page = {.data = way->inlined, .len = way->inlined_len};

    if (!way->inlined)
        return 0;
    if (!ht_bolt_head_parse(page, &head) || !take_leaf(reading, &leaf, &view, &head, &no_end))
        return 1;
    reading->tree->inlined_turn = reading->turn;
    return 0;
}

static bool is_cut(const struct ht_etcd_tree *tree)
{
    return tree->way.high_water * tree->file->page_size > tree->file->size;
}

/* One pass: true if tree is now one state, or will not become one. */
static bool pass(struct reading *reading, int *ret_error, struct ht_error *err)
{
    struct ht_etcd_tree *tree = reading->tree;
    struct ht_etcd_way way = {0};
    struct ht_bolt_state after;
    bool good;
    int r = find_way(reading, &way, &good, err);

    if (r < 0) {
        *ret_error = r;
        return true;
    }
    if (reading->stopped) {
        tree->proof = HT_ETCD_STOPPED;
        return true;
    }

    ht_autofree struct task *tasks = ht_new_array(struct task, way.len + 1);
    size_t len = merge(reading, &way, tasks);
    reading->bad = 0;
    reading->turn = ht_etcd_keys_turn(reading->keys);
    read_tasks(reading, tasks, len);
    reading->bad += read_inlined(reading);
    tree->proof = HT_ETCD_MOVING;
    if (reading->stopped) {
        tree->proof = HT_ETCD_STOPPED;
        return true;
    }
    r = ht_bolt_state(tree->file, &after, err);
    if (r < 0) {
        *ret_error = r;
        return true;
    }
    if (!good || after.meta.txid != tree->way.txid)
        return false;
    tree->damaged = tree->way.bad + reading->bad;
    if (tree->damaged && tree->passes == 1)
        return false; /* a second look at what seems damaged */
    tree->cut = is_cut(tree);
    if (!tree->way.facts.has_keys && tree->way.bad == 0)
        tree->proof = HT_ETCD_FOREIGN;
    else
        tree->proof = tree->damaged || tree->cut ? HT_ETCD_DAMAGED : HT_ETCD_EXACT;
    return true;
}

static bool is_unchanged(struct ht_etcd_tree *tree, const struct ht_bolt_state *state)
{
    /* One that was cut keeps its metas. */
    return !is_cut(tree) && tree->way.txid == state->meta.txid && tree->way.seen &&
           (tree->proof == HT_ETCD_EXACT || tree->proof == HT_ETCD_FOREIGN) &&
           tree->older == state->older;
}

/* In which turn the leaf was read where that revision would stand. */
static uint32_t place_turn(const void *context, uint64_t main, uint32_t sub)
{
    const struct ht_etcd_tree *tree = context;
    const struct ht_etcd_way *way = &tree->way;
    struct ht_etcd_rev rev = {.main = main, .low = (uint64_t)sub << 1 | 1};
    size_t low = 0, high = way->len;

    /* The last leaf that begins at or before it; the bit for tombstones does not matter. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (ht_etcd_rev_compare(&way->leaves[middle].from, &rev) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (way->len == 0)
        return tree->inlined_turn;
    return low ? way->leaves[low - 1].turn : way->leaves[0].turn;
}

int ht_etcd_tree_refresh(struct ht_etcd_tree *tree, struct ht_etcd_keys *keys,
                         const struct ht_pace *pace, struct ht_error *err)
{
    struct reading reading = {.tree = tree, .keys = keys, .pace = pace};
    struct ht_bolt_state state;
    int error = ht_bolt_state(tree->file, &state, err);

    tree->passes = 0;
    tree->leaves_read = 0;
    if (error < 0 || is_unchanged(tree, &state))
        return error;
    tree->file->error = 0;
    reading.window_cap = WINDOW;
    reading.window = ht_realloc(NULL, WINDOW, 1);
    while (tree->passes < PASSES) {
        tree->passes++;
        if (pass(&reading, &error, err))
            break;
    }
    tree->error = tree->file->error;
    /* They held values. */
    ht_wipe(reading.window, reading.window_cap);
    free(reading.window);
    if (reading.whole)
        ht_wipe(reading.whole, reading.whole_cap);
    free(reading.whole);
    if (error == 0 && tree->proof == HT_ETCD_EXACT)
        ht_etcd_keys_sweep(keys, place_turn, tree);
    return error;
}

void ht_etcd_tree_plain(const struct ht_etcd_tree *tree, uint64_t *ret, size_t resources)
{
    memset(ret, 0, resources * sizeof(ret[0]));
    for (size_t i = 0; i < tree->plain_len; i++) {
        if (tree->plain[i].resource < resources)
            ret[tree->plain[i].resource] += tree->plain[i].count;
    }
}

void ht_etcd_tree_fini(struct ht_etcd_tree *tree)
{
    ht_etcd_way_fini(&tree->way);
    free(tree->plain);
    *tree = (struct ht_etcd_tree){.file = tree->file};
}
