/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segments of a write-ahead log, from where they were read to the last time. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "etcd-wal.h"
#include "hulltop/base/mem.h"

enum { NAME_MAX_LEN = 64, BUFFER = 256 * 1024, NAME_LEN = 37 };

struct segment {
    char name[NAME_MAX_LEN];
    uint64_t ino;
    uint64_t offset; /* of the first frame that was not read */
    bool damaged;    /* the frame there is no frame */
    bool cut;        /* it may be one that is being written: the file ends in it, or in zeros */
    bool ended;      /* nothing more comes */
    bool here;       /* seen in the last listing */
    uint64_t *plain; /* by resource */
    size_t plain_len;
};

struct ht_wal {
    const struct ht_root *root;
    char *directory;
    struct segment *segments;
    size_t len;
    uint64_t node;
};

struct reading {
    struct ht_wal *wal;
    struct segment *segment;
    struct ht_etcd_keys *keys;
    struct ht_bolt_file *file;
    const struct ht_pace *pace;
    char *buffer;
    size_t cap, len;
    uint64_t from; /* offset of the buffer in the file */
};

struct ht_wal *ht_wal_new(const struct ht_root *root, const char *directory)
{
    struct ht_wal *wal = ht_new0(struct ht_wal);

    wal->root = root;
    wal->directory = ht_strdup(directory);
    return wal;
}

struct ht_wal *ht_wal_free(struct ht_wal *wal)
{
    if (!wal)
        return NULL;
    for (size_t i = 0; i < wal->len; i++)
        free(wal->segments[i].plain);
    free(wal->segments);
    free(wal->directory);
    free(wal);
    return NULL;
}

/* ---- one segment ---- */

static void take_put(void *context, const struct ht_etcd_kv *kv)
{
    struct reading *reading = context;
    struct segment *segment = reading->segment;
    unsigned resource = ht_etcd_keys_resource(reading->keys, kv->key);

    if (resource == HT_RESOURCE_NONE ||
        ht_stored_as(kv->value, kv->value_len).kind != HT_STORED_PLAINTEXT)
        return;
    if (resource >= segment->plain_len) {
        size_t len = resource + 16;

        segment->plain = ht_realloc(segment->plain, len, sizeof(segment->plain[0]));
        memset(segment->plain + segment->plain_len, 0,
               (len - segment->plain_len) * sizeof(segment->plain[0]));
        segment->plain_len = len;
    }
    segment->plain[resource]++;
}

/* len bytes at offset, in the buffer. NULL: the file ends before, or cannot be read (*ret_error).
 */
static const char *bytes_at(struct reading *reading, uint64_t offset, size_t len, int *ret_error)
{
    if (offset >= reading->from && offset + len <= reading->from + reading->len)
        return reading->buffer + (offset - reading->from);

    size_t want = len > BUFFER ? len : BUFFER;
    if (want > reading->cap) {
        ht_wipe(reading->buffer, reading->len);
        reading->buffer = ht_realloc(reading->buffer, want, 1);
        reading->cap = want;
    }

    ssize_t n = ht_bolt_pread(reading->file, reading->buffer, want, offset);
    if (n < 0)
        *ret_error = (int)n;
    reading->from = offset;
    reading->len = n < 0 ? 0 : (size_t)n;
    return reading->len >= len ? reading->buffer : NULL;
}

/* The end of a record that is not written yet: segments are filled with zeros in advance. */
static bool ends_in_zeros(struct ht_str record)
{
    enum { ZEROS = 16 };
    size_t from = record.len > ZEROS ? record.len - ZEROS : 0;

    for (size_t i = from; i < record.len; i++) {
        if (record.data[i])
            return false;
    }
    return true;
}

/* Reads the frame at the segment's offset. False: it ends here, for now. */
static bool read_frame(struct reading *reading, int *ret_error)
{
    struct segment *segment = reading->segment;
    struct ht_wal_visitor visitor = {.put = take_put, .context = reading};
    const char *head = bytes_at(reading, segment->offset, HT_WAL_FRAME, ret_error);
    uint64_t len;
    unsigned padding;

    if (!head)
        return false;
    if (!ht_wal_frame(head, &len, &padding)) {
        segment->damaged = len != 0;
        segment->cut = false;
        return false;
    }

    const char *record = bytes_at(reading, segment->offset + HT_WAL_FRAME, (size_t)len, ret_error);
    if (!record || !ht_wal_record((struct ht_str){.data = record, .len = (size_t)len}, &visitor)) {
        segment->damaged = true;
        segment->cut =
            !record || ends_in_zeros((struct ht_str){.data = record, .len = (size_t)len});
        return false;
    }
    segment->damaged = false;
    segment->offset += HT_WAL_FRAME + len + padding;
    if (visitor.node)
        reading->wal->node = visitor.node;
    return true;
}

static int read_segment(struct reading *reading, const char *path, struct ht_error *err)
{
    struct ht_bolt_file file = HT_BOLT_FILE_NONE;
    struct segment *segment = reading->segment;
    int error = ht_bolt_open(&file, reading->wal->root, path, err);

    if (error == 0) {
        if (segment->ino && (segment->ino != file.ino || segment->offset > file.size)) {
            free(segment->plain);
            segment->plain = NULL;
            segment->plain_len = 0;
            segment->offset = 0;
        }
        segment->ino = file.ino;
        reading->file = &file;
        reading->len = 0;
        while (read_frame(reading, &error)) {
            if (reading->pace && reading->pace->step &&
                !reading->pace->step(reading->pace->context)) {
                error = -EINTR;
                break;
            }
        }
        if (error < 0)
            ht_error_errno(err, -error, "%s", path);
    }
    ht_bolt_close(&file);
    return error;
}

/* ---- the log ---- */

static int compare_segments(const void *a, const void *b)
{
    const struct segment *x = a, *y = b;

    return strcmp(x->name, y->name);
}

static int see(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct ht_wal *wal = context;

    (void)type, (void)inode;
    if (strlen(name) != NAME_LEN || !ht_str_has_suffix(ht_str_from(name), ".wal"))
        return 0;
    for (size_t i = 0; i < wal->len; i++) {
        if (strcmp(wal->segments[i].name, name) == 0) {
            wal->segments[i].here = true;
            return 0;
        }
    }
    if (wal->len == HT_WAL_FILES_MAX)
        return -EFBIG;
    wal->segments = ht_realloc(wal->segments, wal->len + 1, sizeof(wal->segments[0]));
    wal->segments[wal->len] = (struct segment){.here = true};
    memcpy(wal->segments[wal->len++].name, name, NAME_LEN + 1);
    return 0;
}

static int list(struct ht_wal *wal, struct ht_error *err)
{
    struct ht_dir_visitor visitor = {.visit = see, .context = wal};
    size_t kept = 0;

    for (size_t i = 0; i < wal->len; i++)
        wal->segments[i].here = false;

    int r = ht_root_list(wal->root, wal->directory, &visitor, err);
    for (size_t i = 0; i < wal->len; i++) {
        if (r == 0 && !wal->segments[i].here)
            free(wal->segments[i].plain);
        else
            wal->segments[kept++] = wal->segments[i];
    }
    wal->len = kept;
    if (wal->len)
        qsort(wal->segments, wal->len, sizeof(wal->segments[0]), compare_segments);
    return r;
}

int ht_wal_refresh(struct ht_wal *wal, struct ht_etcd_keys *keys, const struct ht_pace *pace,
                   struct ht_error *err)
{
    struct reading reading = {.wal = wal, .keys = keys, .pace = pace};
    int r = list(wal, err);

    if (r == 0 && wal->len == 0)
        return ht_error_set(err, ENOENT, "%s: no segment of a log in it", wal->directory);
    reading.buffer = ht_realloc(NULL, BUFFER, 1);
    reading.cap = BUFFER;
    for (size_t i = 0; i < wal->len && r == 0; i++) {
        ht_autobuf struct ht_buf path = HT_BUF(8192);
        bool was_last = i + 1 == wal->len;

        ht_buf_addf(&path, "%s/%s", wal->directory, wal->segments[i].name);
        reading.segment = &wal->segments[i];
        if (reading.segment->ended)
            continue;
        r = read_segment(&reading, path.data, err);
        /* A rotated segment grows no more. */
        reading.segment->ended = r == 0 && !was_last && !reading.segment->damaged;
    }
    ht_wipe(reading.buffer, reading.cap);
    free(reading.buffer);
    return r;
}

void ht_wal_plain(const struct ht_wal *wal, uint64_t *ret, size_t resources)
{
    memset(ret, 0, resources * sizeof(ret[0]));
    for (size_t i = 0; i < wal->len; i++) {
        for (size_t j = 0; j < wal->segments[i].plain_len && j < resources; j++)
            ret[j] += wal->segments[i].plain[j];
    }
}

size_t ht_wal_files(const struct ht_wal *wal, size_t *ret_damaged)
{
    *ret_damaged = 0;
    for (size_t i = 0; i < wal->len; i++)
        /* What is written just now may not be there in full. */
        *ret_damaged += wal->segments[i].damaged && (i + 1 < wal->len || !wal->segments[i].cut);
    return wal->len;
}

uint64_t ht_wal_node(const struct ht_wal *wal)
{
    return wal->node;
}
