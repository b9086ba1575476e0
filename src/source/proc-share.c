/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A first look at a node waits for the kernel most of the time, and for one process after the
 * other: a second thread halves that. */
#include "proc-share.h"

#include <stdatomic.h>

#include "proc-table.h"
#include "hulltop/base/limits.h"

/* Neighbours are read in a row: they say much the same, and share it. */
enum { ROW = 16 };

/* Both threads take the next places until there are none. */
struct share {
    struct ht_proc_table *whole;
    struct ht_proc_table part; /* of the second thread: what it reads with, and what it found */
    atomic_size_t next;
};

static void take_turns(struct share *share, struct ht_proc_table *table, atomic_int *looking_at)
{
    size_t len = table->len;

    for (;;) {
        size_t from = atomic_fetch_add(&share->next, ROW);

        if (from >= len)
            break;
        table->from = from;
        for (size_t i = from; i < len && i < from + ROW; i++) {
            if (ht_proc_table_is_due(table, &table->entries[i]))
                ht_proc_table_read(table, &table->entries[i], looking_at);
        }
    }
    table->from = 0;
}

static void read_own(void *context)
{
    struct share *share = context;

    take_turns(share, share->whole, &share->whole->looking_at);
}

static void help(void *context)
{
    struct share *share = context;

    take_turns(share, &share->part, &share->whole->helping_at);
}

/* What the part needs of the whole, and a reader of its own. */
static bool make_part(struct ht_proc_table *part, const struct ht_proc_table *whole)
{
    if (ht_proc_reader_init(&part->reader, "/proc", NULL) < 0)
        return false;
    part->reader.leave_out = whole->reader.leave_out;
    part->arena = ht_arena_new(HT_LIMIT_ROW);
    part->entries = whole->entries;
    part->len = whole->len;
    part->avoid = whole->avoid;
    part->booted_wall_ns = whole->booted_wall_ns;
    part->tick_ns = whole->tick_ns;
    part->now_ns = whole->now_ns;
    part->now_wall_ns = whole->now_wall_ns;
    part->now_boot_ns = whole->now_boot_ns;
    part->feed = whole->feed;
    return true;
}

bool ht_proc_share(struct ht_proc_table *table, size_t due)
{
    struct share share = {.whole = table};
    struct ht_feed *feed = table->feed;

    /* The sockets of a namespace are read for all its processes: not for each thread once more. */
    if (due < HT_PROC_SHARED_MIN || !(table->reader.leave_out & HT_PROC_CONTACTS) ||
        !feed->together || !make_part(&share.part, table))
        return false;

    bool shared = feed->together(feed, read_own, help, &share);
    table->changed = table->changed || share.part.changed;
    table->crowd = table->crowd || share.part.crowd;
    ht_arena_free(share.part.arena);
    ht_proc_reader_fini(&share.part.reader);
    return shared;
}
