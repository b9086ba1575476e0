/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is left of plaintext values on free pages. etcd does not clear what it frees. */
#include <string.h>

#include "etcd-tree.h"
#include "hulltop/base/mem.h"

enum {
    CHUNK = 256 * 1024,
    OVERLAP = 2048, /* a key, its numbers and the head of its value fit in it */
    LOOK_BACK = 4,  /* a length stands before its key */
    KEY_MAX = 1024,
    NEEDLES_MAX = HT_PREFIXES_MAX + 1,
};

struct search {
    struct ht_remnants *found;
    struct ht_etcd_keys *keys;
    const struct ht_pace *pace;
    uint32_t page_size;
    char needles[NEEDLES_MAX][HT_ETCD_NAME_MAX]; /* "/registry/" */
    size_t needles_len;
};

static void add_needle(struct search *search, struct ht_str prefix)
{
    char *needle = search->needles[search->needles_len];

    if (prefix.len + 2 > HT_ETCD_NAME_MAX || memchr(prefix.data, '\0', prefix.len))
        return;
    memcpy(needle, prefix.data, prefix.len);
    needle[prefix.len] = '/';
    needle[prefix.len + 1] = '\0';
    for (size_t i = 0; i < search->needles_len; i++) {
        if (strcmp(search->needles[i], needle) == 0)
            return;
    }
    search->needles_len++;
}

static void add_needles(struct search *search)
{
    struct ht_str prefixes[HT_PREFIXES_MAX];
    size_t len = ht_etcd_keys_prefixes(search->keys, prefixes);

    /* Also where nothing is live any more. */
    add_needle(search, HT_S("/registry"));
    for (size_t i = 0; i < len; i++)
        add_needle(search, prefixes[i]);
}

/* The length that stands before a key of a KeyValue (tag 0x0a, a varint), 0 if none does. */
static size_t key_length(struct ht_str bytes, size_t at)
{
    const unsigned char *b = (const unsigned char *)bytes.data;

    if (at >= 2 && b[at - 2] == 0x0a && b[at - 1] < 0x80)
        return b[at - 1];
    if (at >= 3 && b[at - 3] == 0x0a && b[at - 2] >= 0x80 && b[at - 1] < 0x80)
        return (size_t)(b[at - 2] & 0x7f) | (size_t)b[at - 1] << 7;
    return 0;
}

static void count(struct search *search, uint64_t page, unsigned resource, bool other)
{
    struct ht_remnants *found = search->found;
    struct ht_remnant *item = NULL;

    for (size_t i = found->len; i-- > 0 && found->items[i].page == page && !item;) {
        if (found->items[i].resource == resource)
            item = &found->items[i];
    }
    if (!item) {
        if (found->len == found->cap) {
            found->cap += found->cap / 2 + 256;
            found->items = ht_realloc(found->items, found->cap, sizeof(found->items[0]));
        }
        item = &found->items[found->len++];
        *item = (struct ht_remnant){.page = page, .resource = (uint16_t)resource};
    }
    item->copies++;
    item->others += other;
}

/* A KeyValue whose key begins at that place: counted if its value is plaintext. */
static void look_at(struct search *search, struct ht_str bytes, size_t at, uint64_t page)
{
    size_t len = key_length(bytes, at);
    struct ht_etcd_kv kv = {0};
    struct ht_wire_field field = {0};

    if (len == 0 || len > KEY_MAX || at + len > bytes.len)
        return;
    kv.key = ht_str_sub(bytes, at, len);

    /* Three numbers stand before the value; a tombstone has nothing behind its key. */
    struct ht_wire wire = {.rest = ht_str_sub(bytes, at + len, bytes.len), .cut = UINT32_MAX};
    for (uint32_t last = 1; field.number != 5; last = field.number) {
        if (!ht_wire_next(&wire, &field) || field.number <= last || field.number > 5 ||
            (field.number == 5) != (field.type == 2) || (field.number < 5 && field.type != 0))
            return;
    }

    struct ht_stored_as as = ht_stored_as(field.data, field.len);
    if (as.kind != HT_STORED_PLAINTEXT)
        return;

    unsigned resource = ht_etcd_keys_resource(search->keys, kv.key);
    if (resource != HT_RESOURCE_NONE)
        count(search, page, resource, !ht_etcd_keys_is_plaintext(search->keys, kv.key));
}

/* Bytes of free pages: some that stand before the first of them, the pages, and what follows. */
struct piece {
    struct ht_str bytes;
    size_t before;
    size_t pages; /* bytes of the pages */
    uint64_t first;
};

/* Keys that begin in the piece's pages. */
static void look_through(struct search *search, const struct piece *piece)
{
    const char *data = piece->bytes.data;

    for (size_t i = 0; i < search->needles_len; i++) {
        struct ht_str needle = ht_str_from(search->needles[i]);
        size_t at = piece->before;

        while (at < piece->bytes.len) {
            const char *hit = memmem(data + at, piece->bytes.len - at, needle.data, needle.len);

            if (!hit || (size_t)(hit - data) >= piece->before + piece->pages)
                break;
            at = (size_t)(hit - data);
            look_at(search, piece->bytes, at,
                    piece->first + (at - piece->before) / search->page_size);
            at += needle.len;
        }
    }
}

/* Pages [first, end), all free. The pieces overlap: a value may begin at the end of one. */
static bool look_at_run(struct search *search, struct ht_etcd_tree *tree, uint64_t first,
                        uint64_t end, char *chunk)
{
    uint32_t size = search->page_size;
    uint64_t step = CHUNK / size;

    for (uint64_t page = first; page < end; page += step) {
        uint64_t pages = end - page < step ? end - page : step;
        struct piece piece = {
            .before = page > first ? LOOK_BACK : 0, .pages = (size_t)(pages * size), .first = page};
        size_t more = page + pages < end ? OVERLAP : 0;
        ssize_t n = ht_bolt_pread(tree->file, chunk, piece.before + piece.pages + more,
                                  page * size - piece.before);

        if (n < 0)
            tree->error = (int)n;
        if (n < (ssize_t)(piece.before + piece.pages))
            return false;
        piece.bytes = (struct ht_str){.data = chunk, .len = (size_t)n};
        look_through(search, &piece);
        if (search->pace && search->pace->step && !search->pace->step(search->pace->context))
            return false;
    }
    return true;
}

/* What continues a leaf is in use like the leaf. */
static void mark_overflow(struct ht_etcd_way *way)
{
    for (size_t i = 0; i < way->len; i++) {
        for (uint32_t j = 1; j < way->leaves[i].pages; j++)
            ht_etcd_way_mark(way, way->leaves[i].page + j);
    }
}

void ht_remnants_find(struct ht_remnants *remnants, struct ht_etcd_tree *tree,
                      struct ht_etcd_keys *keys, const struct ht_pace *pace)
{
    struct search search = {
        .found = remnants, .keys = keys, .pace = pace, .page_size = tree->file->page_size};
    ht_autofree char *chunk = ht_realloc(NULL, CHUNK + OVERLAP + LOOK_BACK, 1);
    uint64_t first = 2;
    bool good = true;

    add_needles(&search);
    mark_overflow(&tree->way);
    while (good && first < tree->way.high_water) {
        uint64_t end = first;

        while (end < tree->way.high_water && !ht_etcd_way_is_marked(&tree->way, end))
            end++;
        if (end > first)
            good = look_at_run(&search, tree, first, end, chunk);
        remnants->pages += end - first;
        first = end + 1;
    }
    remnants->complete = good && !tree->cut;
    ht_wipe(chunk, CHUNK + OVERLAP + LOOK_BACK);
}

void ht_remnants_settle(struct ht_remnants *remnants, struct ht_etcd_tree *tree)
{
    size_t kept = 0;

    mark_overflow(&tree->way);
    for (size_t i = 0; i < remnants->len; i++) {
        if (!ht_etcd_way_is_marked(&tree->way, remnants->items[i].page))
            remnants->items[kept++] = remnants->items[i];
    }
    remnants->len = kept;
}

void ht_remnants_fini(struct ht_remnants *remnants)
{
    free(remnants->items);
    *remnants = (struct ht_remnants){0};
}
