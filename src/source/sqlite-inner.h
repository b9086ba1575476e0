/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two parts of the SQLite reader share. Layer 3 (source). */
#ifndef HT_SOURCE_SQLITE_INNER_H
#define HT_SOURCE_SQLITE_INNER_H

#include "sqlite-file.h"

/* The newest frame of a page in the log. */
struct ht_sqlite_frame {
    uint32_t page;
    uint32_t number;
};

struct ht_sqlite {
    const struct ht_root *root;
    char *path;
    struct ht_bolt_file file, wal;
    uint32_t page_size;
    uint32_t usable; /* bytes of a page that are used */
    uint32_t pages;
    struct ht_sqlite_frame *frames;
    size_t frames_len, frames_cap;
};

enum { HT_SQLITE_WAL_HEADER = 32, HT_SQLITE_FRAME_HEADER = 24 };

uint16_t ht_be16(const char *bytes);
uint32_t ht_be32(const char *bytes);
/* Reads page (from 1) into out, page_size bytes. False: there is no such page. */
bool ht_sqlite_page(struct ht_sqlite *sqlite, uint32_t page, char *out);
/* Reads the table of the query; the log was read before. */
int ht_sqlite_scan(struct ht_sqlite *sqlite, const struct ht_sqlite_query *query,
                   struct ht_sqlite_result *ret, struct ht_error *err);
/* Counts the query's mark where no row is any more: on free pages, in the log and behind it. */
void ht_sqlite_find_remnants(struct ht_sqlite *sqlite, const struct ht_sqlite_query *query,
                             struct ht_sqlite_result *ret);
/* How often mark is in bytes. */
uint64_t ht_sqlite_count_mark(struct ht_str bytes, struct ht_str mark);
/* The newest frame of a page that counts, or NULL. */
const struct ht_sqlite_frame *ht_sqlite_find_frame(const struct ht_sqlite *sqlite, uint32_t page);

#endif
