/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is left of rows that are gone: on free pages, and in the write-ahead log. */
#include <string.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "sqlite-inner.h"

enum { FREE_TRUNK = 32, /* offset of its number in the header */ PAGES_A_STEP = 256 };

/* One search. */
struct search {
    struct ht_sqlite *sqlite;
    const struct ht_sqlite_query *query;
    struct ht_sqlite_result *result;
    char *page, *frame;
    unsigned char *seen;
    uint64_t pages; /* looked at */
};

uint64_t ht_sqlite_count_mark(struct ht_str bytes, struct ht_str mark)
{
    uint64_t count = 0;

    for (ptrdiff_t at = ht_str_find(bytes, mark, 0); at >= 0;
         at = ht_str_find(bytes, mark, (size_t)at + mark.len))
        count++;
    return count;
}

static bool has_time(struct search *search)
{
    if (search->query->step && search->pages++ % PAGES_A_STEP == 0 &&
        !search->query->step(search->query->context))
        search->result->stopped = true;
    return !search->result->stopped;
}

static uint64_t count(const struct search *search, const char *page)
{
    return ht_sqlite_count_mark((struct ht_str){.data = page, .len = search->sqlite->page_size},
                                search->query->mark);
}

/* ---- free pages ---- */

static bool see(struct search *search, uint32_t number)
{
    unsigned char bit = (unsigned char)(1U << (number % 8));

    if (number < 2 || number > search->sqlite->pages || search->seen[number / 8] & bit)
        return false;
    search->seen[number / 8] |= bit;
    return true;
}

/* Pages that a trunk page lists; what is on the trunk behind its list is old, too. */
static void look_at_trunk(struct search *search)
{
    uint32_t len = ht_be32(search->page + 4), most = search->sqlite->usable / 4 - 2;

    search->result->free_marks += count(search, search->page);
    if (len > most) {
        search->result->damaged++;
        return;
    }
    for (uint32_t i = 0; i < len && has_time(search); i++) {
        uint32_t number = ht_be32(search->page + 8 + (size_t)i * 4);

        if (!see(search, number) || !ht_sqlite_page(search->sqlite, number, search->frame))
            search->result->damaged++;
        else
            search->result->free_marks += count(search, search->frame);
    }
}

static void look_at_free(struct search *search)
{
    uint32_t trunk;

    if (!ht_sqlite_page(search->sqlite, 1, search->page))
        return;
    trunk = ht_be32(search->page + FREE_TRUNK);
    while (trunk && has_time(search)) {
        if (!see(search, trunk) || !ht_sqlite_page(search->sqlite, trunk, search->page)) {
            search->result->damaged++;
            return;
        }
        look_at_trunk(search);
        trunk = ht_be32(search->page);
    }
}

/* ---- the log ---- */

/* Frames that others took the place of, and what lies behind the last one that counts: the log is
 * written anew from its beginning and never cut. */
static void look_at_frames(struct search *search)
{
    const struct ht_sqlite *sqlite = search->sqlite;
    size_t size = HT_SQLITE_FRAME_HEADER + sqlite->page_size;

    for (uint32_t number = 0; number < HT_LIMIT_BOLT_PAGES && has_time(search); number++) {
        uint64_t offset = HT_SQLITE_WAL_HEADER + (uint64_t)number * size;
        ssize_t n = ht_bolt_pread(&search->sqlite->wal, search->frame, size, offset);

        if (n <= HT_SQLITE_FRAME_HEADER)
            break;

        const struct ht_sqlite_frame *newest = ht_sqlite_find_frame(sqlite, ht_be32(search->frame));
        if (newest && newest->number == number)
            continue;
        search->result->log_marks +=
            ht_sqlite_count_mark((struct ht_str){.data = search->frame + HT_SQLITE_FRAME_HEADER,
                                                 .len = (size_t)n - HT_SQLITE_FRAME_HEADER},
                                 search->query->mark);
    }
}

/* Pages of the file that stand in the log anew: the old ones stay until the next checkpoint. */
static void look_at_replaced(struct search *search)
{
    const struct ht_sqlite *sqlite = search->sqlite;

    for (size_t i = 0; i < sqlite->frames_len && has_time(search); i++) {
        uint32_t page = sqlite->frames[i].page;

        if (page > 0 &&
            ht_bolt_pread(&search->sqlite->file, search->frame, sqlite->page_size,
                          (uint64_t)(page - 1) * sqlite->page_size) == (ssize_t)sqlite->page_size)
            search->result->log_marks += count(search, search->frame);
    }
}

void ht_sqlite_find_remnants(struct ht_sqlite *sqlite, const struct ht_sqlite_query *query,
                             struct ht_sqlite_result *ret)
{
    size_t size = HT_SQLITE_FRAME_HEADER + sqlite->page_size;
    struct search search = {.sqlite = sqlite, .query = query, .result = ret};

    search.page = ht_realloc(NULL, size, 1);
    search.frame = ht_realloc(NULL, size, 1);
    search.seen = ht_new_array(unsigned char, sqlite->pages / 8 + 1);
    look_at_free(&search);
    if (sqlite->wal.fd >= 0) {
        look_at_frames(&search);
        look_at_replaced(&search);
    }
    ht_wipe(search.page, size);
    ht_wipe(search.frame, size);
    free(search.page);
    free(search.frame);
    free(search.seen);
}
