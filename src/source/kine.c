/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kine.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "hulltop/base/mem.h"
#include "sqlite-file.h"
#include "stored-tell.h"

enum { TRIES = 5 };

/* Plaintext by resource, in rows and in what they keep of the value before. */
struct plain {
    uint64_t *rows, *old;
    size_t len;
};

struct ht_kine {
    const struct ht_root *root;
    char *path;
    struct ht_sqlite_mark mark;
    bool read; /* of the state that mark tells */
    struct ht_etcd_keys *keys;
    struct plain plain;
    struct ht_sqlite_result result;
    uint64_t marks;  /* of plaintext secrets in rows */
    uint64_t newest; /* highest row id */
    size_t frames;
    uint64_t size;
    unsigned mode, uid;
    int64_t changed_at;
    const struct ht_pace *pace;
};

struct ht_kine *ht_kine_new(const struct ht_root *root, const char *path)
{
    struct ht_kine *kine = ht_new0(struct ht_kine);

    kine->root = root;
    kine->path = ht_strdup(path);
    return kine;
}

static void forget(struct ht_kine *kine)
{
    free(kine->plain.rows);
    free(kine->plain.old);
    kine->plain = (struct plain){0};
    kine->keys = ht_etcd_keys_free(kine->keys);
    kine->newest = 0;
    kine->marks = 0;
    kine->read = false;
}

struct ht_kine *ht_kine_free(struct ht_kine *kine)
{
    if (!kine)
        return NULL;
    forget(kine);
    free(kine->path);
    free(kine);
    return NULL;
}

/* ---- rows ---- */

enum column { NAME, DELETED, VALUE, OLD_VALUE, COLUMNS };

static const char *const columns[COLUMNS + 1] = {"name", "deleted", "value", "old_value", NULL};

static void make_room(struct plain *plain, size_t resource)
{
    size_t len = resource + 16;

    if (resource < plain->len)
        return;
    plain->rows = ht_realloc(plain->rows, len, sizeof(plain->rows[0]));
    plain->old = ht_realloc(plain->old, len, sizeof(plain->old[0]));
    for (size_t i = plain->len; i < len; i++)
        plain->rows[i] = plain->old[i] = 0;
    plain->len = len;
}

static bool is_plaintext(struct ht_str value)
{
    return value.len > 0 && ht_stored_as(value, value.len).kind == HT_STORED_PLAINTEXT;
}

/* How a Secret in plaintext begins: its kind in the API server's own encoding. */
static const struct ht_str secret_mark = HT_STR("k8s\0\n\x0c\n\x02v1\x12\x06Secret");

static bool is_marked(struct ht_str value)
{
    return value.len >= secret_mark.len &&
           memcmp(value.data, secret_mark.data, secret_mark.len) == 0;
}

static bool has_time(void *context)
{
    const struct ht_kine *kine = context;

    return !kine->pace || !kine->pace->step || kine->pace->step(kine->pace->context);
}

static bool take_row(void *context, int64_t id, const struct ht_sqlite_value *values)
{
    struct ht_kine *kine = context;
    struct ht_etcd_item item = {
        .key = values[NAME].bytes, .main = (uint64_t)id, .deleted = values[DELETED].integer != 0};

    if (id <= 0)
        return true;
    if (!item.deleted)
        item.as = ht_stored_as(values[VALUE].bytes, values[VALUE].bytes.len);
    if ((uint64_t)id > kine->newest)
        kine->newest = (uint64_t)id;

    unsigned resource = ht_etcd_keys_add(kine->keys, &item);
    if (resource != HT_RESOURCE_NONE) {
        make_room(&kine->plain, resource);
        /* The row of a deletion keeps the value, too. */
        kine->plain.rows[resource] += is_plaintext(values[VALUE].bytes);
        kine->plain.old[resource] += is_plaintext(values[OLD_VALUE].bytes);
    }
    kine->marks += is_marked(values[VALUE].bytes);
    kine->marks += is_marked(values[OLD_VALUE].bytes);
    return id % 256 != 0 || has_time(kine);
}

/* ---- refresh ---- */

static bool is_same(const struct ht_sqlite_mark *a, const struct ht_sqlite_mark *b)
{
    return a->ino == b->ino && a->size == b->size && a->changed_at == b->changed_at &&
           a->wal_ino == b->wal_ino && a->wal_size == b->wal_size &&
           a->wal_changed_at == b->wal_changed_at;
}

static int read_once(struct ht_kine *kine, struct ht_error *err)
{
    struct ht_sqlite_query query = {.table = "kine",
                                    .columns = columns,
                                    .row = take_row,
                                    .context = kine,
                                    .step = has_time,
                                    .mark = secret_mark};
    struct ht_sqlite *sqlite = NULL;

    forget(kine);
    kine->keys = ht_etcd_keys_new();

    int r = ht_sqlite_open(kine->root, kine->path, &sqlite, err);
    if (r < 0)
        return r;
    r = ht_sqlite_read(sqlite, &query, &kine->result, err);

    const struct ht_bolt_file *file = ht_sqlite_file(sqlite);
    kine->frames = ht_sqlite_frames(sqlite);
    kine->size = file->size;
    kine->mode = file->mode;
    kine->uid = file->uid;
    kine->changed_at = file->changed_at;
    ht_sqlite_close(sqlite);
    return r;
}

int ht_kine_refresh(struct ht_kine *kine, const struct ht_pace *pace, struct ht_error *err)
{
    struct ht_sqlite_mark mark;
    int r = 0;

    if (!ht_sqlite_look(kine->root, kine->path, &mark)) {
        forget(kine);
        /* The same again, for its message. */
        struct ht_sqlite *sqlite = NULL;
        r = ht_sqlite_open(kine->root, kine->path, &sqlite, err);
        ht_sqlite_close(sqlite);
        return r < 0 ? r : -EAGAIN;
    }
    /* What the disk refused it may give now. */
    if (kine->read && kine->result.error == 0 && is_same(&mark, &kine->mark))
        return 0;
    kine->pace = pace;
    for (int i = 0; i < TRIES; i++) {
        r = read_once(kine, err);
        if (r < 0 || kine->result.stopped || !kine->result.moved)
            break;
    }
    kine->pace = NULL;
    if (r < 0) {
        forget(kine);
        return r;
    }
    kine->mark = mark;
    kine->read = true;
    return 1;
}

/* ---- the row ---- */

static bool is_exact(const struct ht_kine *kine)
{
    return kine->result.damaged == 0 && kine->result.error == 0 && !kine->result.no_log &&
           !kine->result.moved && !kine->result.stopped && !kine->result.journal &&
           !ht_etcd_keys_is_full(kine->keys);
}

static struct ht_str describe(const struct ht_kine *kine, struct ht_arena *arena)
{
    if (kine->result.stopped)
        return HT_S("not read to its end");
    if (kine->result.error)
        return ht_arena_strf(arena, "in part: reading failed: %s; what is counted is the rest",
                             strerror(-kine->result.error));
    if (kine->result.damaged)
        return ht_arena_strf(arena,
                             "damaged: %zu pages or rows are not readable as what they should be; "
                             "what is counted is the rest",
                             kine->result.damaged);
    if (kine->result.journal)
        return HT_S("a rollback journal lies beside it: what was interrupted is not undone yet");
    if (kine->result.no_log)
        return HT_S("in part: it is open, or was not closed, and its write-ahead log is missing");
    if (ht_etcd_keys_is_full(kine->keys))
        return HT_S("in part: more kinds of objects than can be told apart");
    if (kine->result.moved)
        return HT_S("approximate: it changes faster than it can be read");
    return ht_arena_strf(arena, "exact, up to row %" PRIu64 ", %zu pages from its write-ahead log",
                         kine->newest, kine->frames);
}

void ht_kine_tell(struct ht_kine *kine, struct ht_arena *arena, struct ht_datastore *row)
{
    struct ht_stored_tally tally = {.keys = kine->keys, .exact = is_exact(kine)};
    struct stat st;

    ht_datastore_set_id(row, ht_arena_strf(arena, "kine:%s", kine->path));
    ht_datastore_set_kind(row, HT_S("kine"));
    ht_datastore_set_path(row, ht_arena_text(arena, kine->path));
    ht_datastore_set_exact(row, tally.exact);
    ht_datastore_set_detail(row, describe(kine, arena));
    ht_datastore_set_transaction(row, kine->newest);
    ht_datastore_set_size(row, kine->size);
    ht_datastore_set_mode(row, kine->mode);
    ht_datastore_set_uid(row, kine->uid);
    ht_datastore_set_changed_at(row, kine->changed_at);

    ht_autofree char *folder = ht_strdup(kine->path);
    char *slash = strrchr(folder, '/');
    if (slash && slash != folder)
        *slash = '\0';
    if (ht_root_stat(kine->root, folder, &st, NULL) == 0) {
        ht_datastore_set_folder_mode(row, (uint64_t)st.st_mode & 07777);
        ht_datastore_set_folder_uid(row, st.st_uid);
    }
    make_room(&kine->plain, ht_etcd_keys_resources(kine->keys));
    tally.wal = ht_arena_array(arena, uint64_t, kine->plain.len);
    tally.wal_exact = tally.exact;
    ht_datastore_set_wal_files(row, kine->mark.wal_ino != 0);
    tally.wal[HT_RESOURCE_SECRETS] = kine->result.log_marks;
    tally.plain = kine->plain.rows;
    tally.copies = ht_arena_array(arena, uint64_t, kine->plain.len);
    memcpy(tally.copies, kine->plain.old, kine->plain.len * sizeof(tally.copies[0]));
    tally.copies[HT_RESOURCE_SECRETS] += kine->result.free_marks;
    /* Between the rows of a page are those that were deleted. */
    if (kine->result.marks > kine->marks)
        tally.copies[HT_RESOURCE_SECRETS] += kine->result.marks - kine->marks;
    tally.copies_exact = tally.exact;
    ht_stored_tell(&tally, arena, row);
}
