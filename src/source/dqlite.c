/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "etcd-value.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/unpack.h"

enum {
    CHUNK = 256 * 1024,
    OVERLAP = 256, /* the beginning of a value, with the name of its key, fits in it */
    FILES_MAX = 4096,
    UNDERS_MAX = 16,
    KEY_MAX = 64,
    PATH_LIMIT = 4096,
};

/* Beginnings of values under one key. */
struct under {
    enum ht_provider provider;
    char key[KEY_MAX];
    uint64_t count;
};

/* What was found. */
struct found {
    uint64_t plaintext;
    struct under unders[UNDERS_MAX];
    size_t unders_len;
    size_t files;  /* that were searched */
    size_t failed; /* that could not be, or not to their end */
    bool stopped;
    uint64_t bytes;
};

struct ht_dqlite {
    const struct ht_root *root;
    char *path;
    uint64_t mark; /* of names, sizes and times */
    bool read;     /* what mark tells of, to its end */
    struct found found;
};

struct ht_dqlite *ht_dqlite_new(const struct ht_root *root, const char *path)
{
    struct ht_dqlite *dqlite = ht_new0(struct ht_dqlite);

    dqlite->root = root;
    dqlite->path = ht_strdup(path);
    return dqlite;
}

struct ht_dqlite *ht_dqlite_free(struct ht_dqlite *dqlite)
{
    if (dqlite)
        free(dqlite->path);
    free(dqlite);
    return NULL;
}

/* ---- how values begin ---- */

/* A Secret in the API server's own encoding. */
static const struct ht_str secret_mark = HT_STR("k8s\0\n\x0c\n\x02v1\x12\x06Secret");
static const struct ht_str encrypted_mark = HT_STR("k8s:enc:");

static void count_under(struct found *found, enum ht_provider provider, struct ht_str key)
{
    struct under *under = NULL;

    for (size_t i = 0; i < found->unders_len && !under; i++) {
        if (found->unders[i].provider == provider && ht_str_is(key, found->unders[i].key))
            under = &found->unders[i];
    }
    if (!under) {
        if (found->unders_len == UNDERS_MAX)
            return;
        under = &found->unders[found->unders_len++];
        *under = (struct under){.provider = provider};
        memcpy(under->key, key.data, key.len);
    }
    under->count++;
}

/* PROVIDER:v1:KEY: stands at the beginning of rest. */
static void take_encrypted(struct found *found, struct ht_str rest)
{
    static const struct {
        struct ht_str header;
        enum ht_provider provider;
    } known[] = {
        {HT_STR("aescbc:v1:"), HT_PROVIDER_AESCBC},
        {HT_STR("aesgcm:v1:"), HT_PROVIDER_AESGCM},
        {HT_STR("secretbox:v1:"), HT_PROVIDER_SECRETBOX},
        {HT_STR("kms:v1:"), HT_PROVIDER_KMS_V1},
        {HT_STR("kms:v2:"), HT_PROVIDER_KMS_V2},
    };

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (!ht_str_has_prefix(rest, known[i].header.data))
            continue;

        struct ht_str key = ht_str_sub(rest, known[i].header.len, KEY_MAX);
        ptrdiff_t end = ht_str_find_byte(key, ':');
        bool is_name = end > 0 && end < KEY_MAX;
        for (ptrdiff_t j = 0; is_name && j < end; j++)
            is_name = key.data[j] > 0x20 && key.data[j] < 0x7f;
        if (is_name)
            count_under(found, known[i].provider, ht_str_sub(key, 0, (size_t)end));
    }
}

/* Values that begin in the first len bytes of text; what follows helps to read the last of them. */
static void search(struct found *found, struct ht_str text, size_t len)
{
    for (ptrdiff_t at = ht_str_find(text, HT_S("k8s"), 0); at >= 0 && (size_t)at < len;
         at = ht_str_find(text, HT_S("k8s"), (size_t)at + 1)) {
        struct ht_str rest = ht_str_sub(text, (size_t)at, SIZE_MAX);

        if (rest.len >= secret_mark.len &&
            memcmp(rest.data, secret_mark.data, secret_mark.len) == 0)
            found->plaintext++;
        else if (ht_str_has_prefix(rest, encrypted_mark.data))
            take_encrypted(found, ht_str_sub(rest, encrypted_mark.len, SIZE_MAX));
    }
}

/* ---- files ---- */

static bool is_lz4(int fd)
{
    static const char magic[4] = {0x04, 0x22, 0x4d, 0x18};
    char bytes[sizeof(magic)];

    return pread(fd, bytes, sizeof(bytes), 0) == (ssize_t)sizeof(bytes) &&
           memcmp(bytes, magic, sizeof(magic)) == 0;
}

static bool has_time(const struct ht_pace *pace)
{
    return !pace || !pace->step || pace->step(pace->context);
}

/* Searches what the stream gives. False: not to its end. */
static bool search_stream(struct found *found, struct ht_unpack *unpack, char *chunk,
                          const struct ht_pace *pace)
{
    size_t kept = 0;

    for (;;) {
        ssize_t n = ht_unpack_read(unpack, chunk + kept, CHUNK, NULL);
        size_t have = kept + (n > 0 ? (size_t)n : 0);
        /* The end of a piece is searched with the next one. */
        size_t now = n > 0 && have > OVERLAP ? have - OVERLAP : n > 0 ? 0 : have;

        search(found, (struct ht_str){.data = chunk, .len = have}, now);
        if (n <= 0)
            return n == 0;
        found->bytes += (uint64_t)n;
        kept = have - now;
        memmove(chunk, chunk + now, kept);
        if (!has_time(pace)) {
            found->stopped = true;
            return false;
        }
    }
}

static void search_file(struct ht_dqlite *dqlite, const char *name, char *chunk,
                        const struct ht_pace *pace)
{
    ht_autobuf struct ht_buf path = HT_BUF(PATH_LIMIT);
    ht_autounpack struct ht_unpack *unpack = NULL;
    struct stat st;
    int fd;

    ht_buf_addf(&path, "%s/%s", dqlite->path, name);
    fd = ht_root_open_regular(dqlite->root, path.data, &st, NULL);
    if (fd >= 0 &&
        ht_unpack_new(fd, path.data, is_lz4(fd) ? HT_CODEC_LZ4 : HT_CODEC_NONE, &unpack, NULL) ==
            0 &&
        search_stream(&dqlite->found, unpack, chunk, pace))
        dqlite->found.files++;
    else
        dqlite->found.failed++;
}

/* Segments and snapshots; keys and certificates lie beside them. */
static bool is_data(struct ht_str name)
{
    bool is_closed = name.len == 33 && name.data[16] == '-';

    for (size_t i = 0; is_closed && i < name.len; i++)
        is_closed = i == 16 || (name.data[i] >= '0' && name.data[i] <= '9');
    return is_closed || ht_str_has_prefix(name, "open-") ||
           (ht_str_has_prefix(name, "snapshot-") && !ht_str_has_suffix(name, ".meta"));
}

struct listing {
    struct ht_dqlite *dqlite;
    char *names[FILES_MAX];
    size_t len, more;
    uint64_t mark;
};

static int visit(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct listing *listing = context;
    ht_autobuf struct ht_buf path = HT_BUF(PATH_LIMIT);
    struct stat st;

    (void)type;
    if (!is_data(ht_str_from(name)))
        return 0;
    if (listing->len == FILES_MAX) {
        listing->more++;
        return 0;
    }
    listing->names[listing->len++] = ht_strdup(name);
    ht_buf_addf(&path, "%s/%s", listing->dqlite->path, name);
    if (ht_root_lstat(listing->dqlite->root, path.data, &st, NULL) < 0)
        return 0;
    /* In any order: folders are listed in none. */
    ht_buf_reset(&path);
    ht_buf_addf(&path, "%s %" PRIu64 " %lld %lld.%09ld", name, inode, (long long)st.st_size,
                (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    listing->mark += ht_str_hash(ht_buf_str(&path), 0);
    return 0;
}

static void search_all(struct listing *listing, const struct ht_pace *pace)
{
    struct found *found = &listing->dqlite->found;
    ht_autofree char *chunk = ht_realloc(NULL, CHUNK + OVERLAP, 1);

    *found = (struct found){.failed = listing->more};
    for (size_t i = 0; i < listing->len && !found->stopped; i++)
        search_file(listing->dqlite, listing->names[i], chunk, pace);
    ht_wipe(chunk, CHUNK + OVERLAP);
}

int ht_dqlite_refresh(struct ht_dqlite *dqlite, const struct ht_pace *pace, struct ht_error *err)
{
    ht_autofree struct listing *listing = ht_new0(struct listing);
    struct ht_dir_visitor visitor = {.visit = visit, .context = listing};

    listing->dqlite = dqlite;

    int r = ht_root_list(dqlite->root, dqlite->path, &visitor, err);
    if (r == 0 && listing->len == 0)
        r = ht_error_set(err, ENOENT, "%s: nothing of dqlite's in it", dqlite->path);
    if (r == 0 && !(dqlite->read && listing->mark == dqlite->mark)) {
        search_all(listing, pace);
        dqlite->mark = listing->mark;
        dqlite->read = !dqlite->found.stopped;
        r = 1;
    }
    for (size_t i = 0; i < listing->len; i++)
        free(listing->names[i]);
    return r;
}

/* ---- the row ---- */

static void set_found(const struct found *found, struct ht_arena *arena, struct ht_datastore *row)
{
    struct ht_stored_under *list =
        ht_arena_array(arena, struct ht_stored_under, found->unders_len + 1);

    for (size_t i = 0; i < found->unders_len; i++) {
        ht_stored_under_set_provider(&list[i],
                                     ht_str_from(ht_provider_name(found->unders[i].provider)));
        ht_stored_under_set_key(&list[i], ht_arena_text(arena, found->unders[i].key));
        ht_stored_under_set_count(&list[i], found->unders[i].count);
    }
    ht_datastore_set_pattern_plaintext(row, found->plaintext);
    ht_datastore_set_pattern_encrypted(
        row, (struct ht_stored_under_list){.items = list, .len = found->unders_len});
}

void ht_dqlite_tell(const struct ht_dqlite *dqlite, struct ht_arena *arena,
                    struct ht_datastore *row)
{
    const struct found *found = &dqlite->found;
    struct stat st;

    ht_datastore_set_id(row, ht_arena_strf(arena, "dqlite:%s", dqlite->path));
    ht_datastore_set_kind(row, HT_S("dqlite"));
    ht_datastore_set_path(row, ht_arena_text(arena, dqlite->path));
    ht_datastore_set_exact(row, false);
    ht_datastore_set_detail(
        row, ht_arena_strf(arena,
                           "by pattern: %zu files were searched for how values begin%s%s; what is "
                           "live and what is a copy cannot be told apart",
                           found->files, found->failed ? ", others could not be read" : "",
                           found->stopped ? ", not to their end" : ""));
    ht_datastore_set_size(row, found->bytes);
    set_found(found, arena, row);
    if (ht_root_stat(dqlite->root, dqlite->path, &st, NULL) == 0) {
        ht_datastore_set_folder_mode(row, (uint64_t)st.st_mode & 07777);
        ht_datastore_set_folder_uid(row, st.st_uid);
    }
}
