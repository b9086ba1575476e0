/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bolt-format.h"

enum { MAGIC = (int)0xED0CDAED, VERSION = 2, BODY = HT_BOLT_HEAD, SUMMED = 56 };

uint16_t ht_le16(const char *bytes)
{
    const unsigned char *b = (const unsigned char *)bytes;

    return (uint16_t)(b[0] | b[1] << 8);
}

uint32_t ht_le32(const char *bytes)
{
    return ht_le16(bytes) | (uint32_t)ht_le16(bytes + 2) << 16;
}

uint64_t ht_le64(const char *bytes)
{
    return ht_le32(bytes) | (uint64_t)ht_le32(bytes + 4) << 32;
}

uint64_t ht_be64(const char *bytes)
{
    return __builtin_bswap64(ht_le64(bytes));
}

uint64_t ht_bolt_meta_sum(const char *page)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    for (int i = 0; i < SUMMED; i++)
        sum = (sum ^ (unsigned char)page[BODY + i]) * UINT64_C(0x100000001b3);
    return sum;
}

bool ht_bolt_meta_parse(struct ht_str page, struct ht_bolt_meta *ret)
{
    struct ht_bolt_head head;

    if (page.len < HT_BOLT_META || !ht_bolt_head_parse(page, &head) ||
        !(head.flags & HT_BOLT_IS_META))
        return false;

    const char *body = page.data + BODY;
    struct ht_bolt_meta meta = {
        .page_size = ht_le32(body + 8),
        .root = ht_le64(body + 16),
        .freelist = ht_le64(body + 32),
        .high_water = ht_le64(body + 40),
        .txid = ht_le64(body + 48),
    };
    if (ht_le32(body) != (uint32_t)MAGIC || ht_le32(body + 4) != VERSION ||
        ht_le64(body + SUMMED) != ht_bolt_meta_sum(page.data))
        return false;
    if (meta.page_size < HT_BOLT_PAGE_MIN || meta.page_size > HT_BOLT_PAGE_MAX ||
        (meta.page_size & (meta.page_size - 1)) != 0)
        return false;
    if (meta.root < 2 || meta.root >= meta.high_water ||
        meta.high_water > UINT64_MAX / HT_BOLT_PAGE_MAX)
        return false;
    *ret = meta;
    return true;
}

bool ht_bolt_head_parse(struct ht_str page, struct ht_bolt_head *ret)
{
    if (page.len < HT_BOLT_HEAD)
        return false;
    *ret = (struct ht_bolt_head){
        .id = ht_le64(page.data),
        .flags = ht_le16(page.data + 8),
        .count = ht_le16(page.data + 10),
        .overflow = ht_le32(page.data + 12),
    };
    return true;
}

bool ht_bolt_branch_at(struct ht_str page, unsigned i, struct ht_str *ret_key, uint64_t *ret_page)
{
    size_t at = HT_BOLT_HEAD + (size_t)i * HT_BOLT_ELEMENT;

    if (at + HT_BOLT_ELEMENT > page.len)
        return false;

    /* The position counts from the element itself. */
    uint64_t key = at + (uint64_t)ht_le32(page.data + at);
    uint64_t len = ht_le32(page.data + at + 4);
    if (key > page.len || len > page.len - key)
        return false;
    *ret_key = (struct ht_str){.data = page.data + key, .len = (size_t)len};
    *ret_page = ht_le64(page.data + at + 8);
    return true;
}

bool ht_bolt_leaf_at(struct ht_str table, uint64_t len, unsigned i, struct ht_bolt_leaf *ret)
{
    size_t at = HT_BOLT_HEAD + (size_t)i * HT_BOLT_ELEMENT;

    if (at + HT_BOLT_ELEMENT > table.len)
        return false;

    struct ht_bolt_leaf leaf = {
        .flags = ht_le32(table.data + at),
        .key = at + (uint64_t)ht_le32(table.data + at + 4),
        .key_len = ht_le32(table.data + at + 8),
        .value_len = ht_le32(table.data + at + 12),
    };
    leaf.value = leaf.key + leaf.key_len;
    if (leaf.key < at + HT_BOLT_ELEMENT || leaf.value > len || leaf.value_len > len - leaf.value)
        return false;
    *ret = leaf;
    return true;
}
