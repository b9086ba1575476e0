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

uint16_t ht_be16(const char *bytes);
uint32_t ht_be32(const char *bytes);
/* Reads page (from 1) into out, page_size bytes. False: there is no such page. */
bool ht_sqlite_page(struct ht_sqlite *sqlite, uint32_t page, char *out);
/* Reads the table of the query; the log was read before. */
int ht_sqlite_scan(struct ht_sqlite *sqlite, const struct ht_sqlite_query *query,
                   struct ht_sqlite_result *ret, struct ht_error *err);

#endif
