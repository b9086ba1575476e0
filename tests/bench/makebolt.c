/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * makebolt FILE KEYS BYTES: a database like etcd's with so many secrets whose values have about so
 * many bytes, a third of them in plaintext. Everything in it is made up.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hulltop/base/str.h"
#include "src/source/bolt-format.h"

enum { PAGE = 4096, PER_BRANCH = 100, LEVELS = 8 };

struct maker {
    FILE *out;
    uint64_t next; /* page */
    uint64_t random;
};

struct ref {
    uint64_t page, main;
};

static void put_le(char *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (char)(value >> (8 * i));
}

static void put_rev(char *at, uint64_t main)
{
    memset(at, 0, 17);
    for (int i = 0; i < 8; i++)
        at[i] = (char)(main >> (56 - 8 * i));
    at[8] = '_';
}

static char noise(struct maker *maker)
{
    maker->random = maker->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (char)(maker->random >> 56);
}

static size_t put_varint(char *at, uint64_t value)
{
    size_t n = 0;

    for (; value >= 0x80; value >>= 7)
        at[n++] = (char)(value | 0x80);
    at[n++] = (char)value;
    return n;
}

/* A KeyValue; returns its bytes. */
static size_t put_value(struct maker *maker, char *at, uint64_t i, size_t bytes)
{
    char key[64], *start = at;
    int key_len = snprintf(key, sizeof(key), "/registry/secrets/ns%d/s%07d", (int)(i % 50), (int)i);
    const struct ht_str plain = HT_STR("k8s\0\n\x0c\n\x02v1\x12\x06Secret\x12");
    const struct ht_str sealed = HT_STR("k8s:enc:aescbc:v1:key1:");
    struct ht_str head = i % 3 == 0 ? plain : sealed;

    bytes = bytes / 16 * 16 + head.len;
    *at++ = 0x0a;
    *at++ = (char)key_len;
    memcpy(at, key, (size_t)key_len);
    at += key_len;
    *at++ = 0x18;
    at += put_varint(at, i + 2);
    *at++ = 0x2a;
    at += put_varint(at, bytes);
    memcpy(at, head.data, head.len);
    for (size_t j = head.len; j < bytes; j++)
        at[j] = i % 3 == 0 ? "abcdefghijklmnopqrstuvwxyz012345"[noise(maker) & 31] : noise(maker);
    return (size_t)(at - start) + bytes;
}

static uint64_t write_page(struct maker *maker, char *page, size_t len, unsigned flags,
                           unsigned count)
{
    size_t pages = (len + PAGE - 1) / PAGE;
    uint64_t number = maker->next;

    put_le(page, number, 8);
    put_le(page + 8, flags, 2);
    put_le(page + 10, count, 2);
    put_le(page + 12, pages - 1, 4);
    memset(page + len, 0, pages * PAGE - len);
    if (fwrite(page, PAGE, pages, maker->out) != pages)
        exit(1);
    maker->next += pages;
    return number;
}

/* Two values or a page full of them. */
static struct ref write_leaf(struct maker *maker, uint64_t *i, uint64_t keys, size_t bytes,
                             char *page)
{
    unsigned most = bytes + 200 > PAGE / 2 ? 2 : (unsigned)(PAGE / (bytes + 200)), count = 0;
    unsigned wanted = keys - *i < most ? (unsigned)(keys - *i) : most;
    size_t at = HT_BOLT_HEAD + (size_t)wanted * HT_BOLT_ELEMENT;
    struct ref ref = {.main = *i + 2};

    for (; count < wanted; count++, ++*i) {
        size_t element = HT_BOLT_HEAD + (size_t)count * HT_BOLT_ELEMENT;
        size_t len = put_value(maker, page + at + 17, *i, bytes);

        put_rev(page + at, *i + 2);
        put_le(page + element, 0, 4);
        put_le(page + element + 4, at - element, 4);
        put_le(page + element + 8, 17, 4);
        put_le(page + element + 12, len, 4);
        at += 17 + len;
    }
    ref.page = write_page(maker, page, at, HT_BOLT_LEAF, count);
    return ref;
}

static struct ref write_branch(struct maker *maker, const struct ref *refs, size_t count,
                               char *page)
{
    size_t at = HT_BOLT_HEAD + count * HT_BOLT_ELEMENT;
    struct ref ref = {.main = refs[0].main};

    for (size_t i = 0; i < count; i++) {
        size_t element = HT_BOLT_HEAD + i * HT_BOLT_ELEMENT;

        put_le(page + element, at - element, 4);
        put_le(page + element + 4, 17, 4);
        put_le(page + element + 8, refs[i].page, 8);
        put_rev(page + at, refs[i].main);
        at += 17;
    }
    ref.page = write_page(maker, page, at, HT_BOLT_BRANCH, (unsigned)count);
    return ref;
}

static void write_metas(struct maker *maker, uint64_t root)
{
    char page[PAGE];

    for (unsigned i = 0; i < 2; i++) {
        char *body = page + HT_BOLT_HEAD;

        memset(page, 0, sizeof(page));
        put_le(page, i, 8);
        put_le(page + 8, HT_BOLT_IS_META, 2);
        put_le(body, 0xED0CDAED, 4);
        put_le(body + 4, 2, 4);
        put_le(body + 8, PAGE, 4);
        put_le(body + 16, root, 8);
        put_le(body + 32, HT_BOLT_NO_FREELIST, 8);
        put_le(body + 40, maker->next, 8);
        put_le(body + 48, 10 + i, 8);
        put_le(body + 56, ht_bolt_meta_sum(page), 8);
        if (fseek(maker->out, (long)i * PAGE, SEEK_SET) || fwrite(page, PAGE, 1, maker->out) != 1)
            exit(1);
    }
}

/* The root bucket's leaf: the bucket "key" alone. */
static uint64_t write_root(struct maker *maker, uint64_t keys_root, char *page)
{
    size_t at = HT_BOLT_HEAD + HT_BOLT_ELEMENT;

    put_le(page + HT_BOLT_HEAD, HT_BOLT_IS_BUCKET, 4);
    put_le(page + HT_BOLT_HEAD + 4, HT_BOLT_ELEMENT, 4);
    put_le(page + HT_BOLT_HEAD + 8, 3, 4);
    put_le(page + HT_BOLT_HEAD + 12, 16, 4);
    memcpy(page + at, "key", 3);
    put_le(page + at + 3, keys_root, 8);
    put_le(page + at + 11, 0, 8);
    return write_page(maker, page, at + 19, HT_BOLT_LEAF, 1);
}

int main(int argc, char **argv)
{
    uint64_t keys = 0, bytes = 0;
    struct maker maker = {.next = 2, .random = 1};

    if (argc != 4 || ht_parse_u64(ht_str_from(argv[2]), &keys) < 0 ||
        ht_parse_u64(ht_str_from(argv[3]), &bytes) < 0 || keys == 0 || bytes > 1 << 20) {
        fprintf(stderr, "usage: makebolt FILE KEYS BYTES\n");
        return 2;
    }

    char *page = calloc(1, (bytes + 4096) * 4 + (size_t)PAGE * 4);
    struct ref *refs = calloc(keys + 1, sizeof(*refs));
    size_t len = 0;
    maker.out = fopen(argv[1], "w");
    if (!page || !refs || !maker.out || fseek(maker.out, 2L * PAGE, SEEK_SET))
        return 1;
    for (uint64_t i = 0; i < keys;)
        refs[len++] = write_leaf(&maker, &i, keys, bytes, page);
    for (int level = 0; len > 1 && level < LEVELS; level++) {
        size_t out = 0;

        for (size_t i = 0; i < len; i += PER_BRANCH)
            refs[out++] =
                write_branch(&maker, refs + i, len - i < PER_BRANCH ? len - i : PER_BRANCH, page);
        len = out;
    }
    write_metas(&maker, write_root(&maker, refs[0].page, page));
    free(refs);
    free(page);
    return fclose(maker.out) ? 1 : 0;
}
