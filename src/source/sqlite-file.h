/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One table of an SQLite file that its owner may be writing to. Layer 3 (source); one thread.
 *
 * Pages are read by pread; the newest ones come from the write-ahead log, up to its last commit. No
 * lock is taken, nothing is made beside the file: SQLite itself would have to make its shared
 * memory there, or to ignore the log. A checkpoint that comes in between shows in the file's time
 * of change, and then all is read again.
 */
#ifndef HT_SOURCE_SQLITE_FILE_H
#define HT_SOURCE_SQLITE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "bolt-file.h"
#include "hulltop/base/error.h"
#include "hulltop/base/root.h"

enum { HT_SQLITE_COLUMNS_MAX = 32 };

struct ht_sqlite;

/* One column of one row. */
struct ht_sqlite_value {
    enum { HT_SQLITE_NULL, HT_SQLITE_INT, HT_SQLITE_REAL, HT_SQLITE_TEXT, HT_SQLITE_BLOB } kind;
    int64_t integer;
    struct ht_str bytes; /* text and blob */
};

/* Called for each row, in the order of row ids; values are valid during the call only, one for each
 * column that was asked for. False ends the reading. */
typedef bool (*ht_sqlite_row)(void *context, int64_t id, const struct ht_sqlite_value *values);

struct ht_sqlite_query {
    const char *table;
    const char *const *columns; /* ended by NULL; a column that is the row id reads as null */
    ht_sqlite_row row;
    void *context;
    bool (*step)(void *context); /* asked now and then between rows; false: end. May be NULL */
    struct ht_str mark;          /* counted in the pages; empty: not looked for */
};

/* What the files looked like when they were read: equal marks mean that nothing changed. */
struct ht_sqlite_mark {
    uint64_t ino, size, wal_ino, wal_size;
    int64_t changed_at, wal_changed_at;
};

/* What reading came to. */
struct ht_sqlite_result {
    size_t damaged;      /* pages and rows that are not what they should be */
    bool moved;          /* it was changed while it was read */
    bool journal;        /* what was interrupted waits beside it to be undone */
    uint64_t marks;      /* of the query's mark: in the pages of the table, rows and gaps between */
    uint64_t free_marks; /* on pages that are free */
    uint64_t log_marks;  /* in frames that do not count any more, and in pages they replaced */
    bool stopped;
    int error;   /* of the last reading that failed, -errno or 0: what was read is a part */
    bool no_log; /* it had a log when its owner had it open, and there is none */
};

/* Opens path and path-wal (if there is one) below root. 0 or -errno with the reason. Free with
 * ht_sqlite_close. */
int ht_sqlite_open(const struct ht_root *root, const char *path, struct ht_sqlite **ret,
                   struct ht_error *err);
/* NULL is allowed; returns NULL. */
struct ht_sqlite *ht_sqlite_close(struct ht_sqlite *sqlite);
/* Fills the mark from the names, without opening; false: there is no such file. */
bool ht_sqlite_look(const struct ht_root *root, const char *path, struct ht_sqlite_mark *ret);
/* The file itself: its mode, owner, size. Borrowed. */
const struct ht_bolt_file *ht_sqlite_file(const struct ht_sqlite *sqlite);
/* Frames of the log that count. */
size_t ht_sqlite_frames(const struct ht_sqlite *sqlite);
/* Reads the table. -ENOENT: there is none of that name, or it lacks a column; other errors say that
 * the file cannot be read at all. */
int ht_sqlite_read(struct ht_sqlite *sqlite, const struct ht_sqlite_query *query,
                   struct ht_sqlite_result *ret, struct ht_error *err);

#endif
