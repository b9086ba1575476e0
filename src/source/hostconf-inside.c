/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is only looked for when asked: secrets in the ends of containers' logs, and copies of
 * mounted secrets in what a container wrote. Contents are compared by their keyed sums and are
 * overwritten.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hostconf-private.h"
#include "origin-overlay.h"
#include "proc-decode.h"
#include "hulltop/base/digest.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/secret.h"

enum {
    SECRETS_MAX = 64,
    SECRET_LEAST = 8,
    SECRET_BYTES = 64 * 1024,
    ENTRIES_MAX = 200000, /* of one look, as the next */
    BYTES_MAX = 64 * 1024 * 1024,
    PATH_BYTES = 4096,
    DEPTH_MAX = 16,
    LOG_BYTES = 64 * 1024,
    LOGS_MAX = 2000,
    FOUND_MAX = 8,
};

/* ---- copies ---- */

struct secret {
    size_t size;
    char sum[HT_SHA256_TEXT_MAX];
    struct ht_str name;
};

struct copies {
    struct ht_hostconf_pass *pass;
    struct ht_arena *arena; /* of this container alone */
    struct ht_str container;
    struct secret secrets[SECRETS_MAX];
    size_t len;
    struct ht_root root;   /* what is walked through */
    struct ht_str path;    /* where that is on the node */
    char file[PATH_BYTES]; /* below it */
    size_t file_len;
    unsigned depth;
};

/* False: the budget of this look has no room for another entry. */
static bool take_entry(struct ht_hostconf_pass *pass)
{
    if (pass->inside_entries >= ENTRIES_MAX || pass->inside_bytes >= BYTES_MAX)
        return false;
    pass->inside_entries++;
    return true;
}

/* What could not be looked into, unless it is gone. */
static void count_failure(struct ht_hostconf_pass *pass, const char *path, int code)
{
    if (ht_error_is_denied(code))
        ht_hostconf_deny(pass, ht_str_from(path));
    else if (code < 0 && code != -ENOENT && code != -ENOTDIR)
        pass->cut++;
}

static bool sum_file(const struct copies *copies, const struct ht_root *root, const char *path,
                     struct secret *secret)
{
    ht_autobuf struct ht_buf text = HT_BUF(SECRET_BYTES);
    struct stat st;
    ht_autoclose int fd = ht_root_open_regular(root, path, &st, NULL);
    bool is_read = fd >= 0 && st.st_size >= SECRET_LEAST && st.st_size <= SECRET_BYTES &&
                   ht_read_fd(fd, path, &text, SECRET_BYTES, NULL) == 0;

    if (is_read) {
        copies->pass->inside_bytes += text.len;
        secret->size = text.len;
        ht_hmac_sha256_text(copies->pass->salt, ht_buf_str(&text), secret->sum);
    }
    if (text.len)
        ht_wipe(text.data, text.len);
    return is_read;
}

static void note_secret(struct copies *copies, struct ht_str path, struct ht_str name)
{
    struct secret *secret = &copies->secrets[copies->len];

    if (!sum_file(copies, copies->pass->root, path.data, secret))
        return;
    secret->name = name;
    copies->len++;
}

struct folder {
    struct copies *copies;
    struct ht_str path, target;
};

static int visit_secret(void *context, const char *name, unsigned type, uint64_t inode)
{
    const struct folder *folder = context;
    struct copies *copies = folder->copies;

    (void)type;
    (void)inode;
    if (name[0] == '.')
        return 0;
    if (copies->len == SECRETS_MAX || !take_entry(copies->pass))
        return -EFBIG;
    note_secret(copies, ht_arena_strf(copies->arena, "%.*s/%s", HT_STR_ARG(folder->path), name),
                ht_arena_strf(copies->arena, "%.*s/%s", HT_STR_ARG(folder->target), name));
    return 0;
}

static void note_secrets(struct copies *copies, struct ht_str path, struct ht_str target)
{
    struct folder folder = {.copies = copies, .path = path, .target = target};
    const struct ht_dir_visitor visitor = {.visit = visit_secret, .context = &folder};
    struct stat st;

    if (ht_root_stat(copies->pass->root, path.data, &st, NULL) < 0)
        return;
    if (copies->len == SECRETS_MAX || !take_entry(copies->pass))
        copies->pass->cut++;
    else if (S_ISREG(st.st_mode))
        note_secret(copies, path, target);
    else
        count_failure(copies->pass, path.data,
                      ht_root_list(copies->pass->root, path.data, &visitor, NULL));
}

static void add_copy(const struct copies *copies, const struct secret *secret)
{
    struct ht_arena *arena = copies->arena;
    struct ht_str file = ht_str_from(copies->file);
    struct ht_exposure exposure = {0};

    ht_exposure_set_id(&exposure, ht_arena_strf(arena, "copy %.*s /%.*s",
                                                HT_STR_ARG(copies->container), HT_STR_ARG(file)));
    ht_exposure_set_where(&exposure, HT_S("copy"));
    ht_exposure_set_place(&exposure, ht_arena_strf(arena, "/%.*s", HT_STR_ARG(file)));
    ht_exposure_set_name(&exposure, secret->name);
    ht_exposure_set_rule(&exposure, HT_S("the same bytes"));
    ht_exposure_set_confidence(&exposure, HT_CONFIDENCE_CERTAIN);
    ht_exposure_set_container(&exposure, copies->container);
    ht_exposure_set_layer(&exposure, copies->path);
    ht_rowset_add(copies->pass->exposures, ht_row_new(&ht_exposure_table, &exposure));
}

/* It is summed once, and only where a secret is as long. */
static void look_file(struct copies *copies, size_t size)
{
    struct secret seen = {0};

    for (size_t i = 0; i < copies->len; i++) {
        const struct secret *secret = &copies->secrets[i];

        if (secret->size != size)
            continue;
        if (!seen.size && !sum_file(copies, &copies->root, copies->file, &seen))
            return;
        if (strcmp(seen.sum, secret->sum) == 0) {
            add_copy(copies, secret);
            return;
        }
    }
}

static int visit_entry(void *context, const char *name, unsigned type, uint64_t inode);

/* Looks into the folder whose path stands in file. */
static void look_into(struct copies *copies)
{
    const struct ht_dir_visitor visitor = {
        .visit = visit_entry, .context = copies, .max_entries = ENTRIES_MAX};

    if (copies->depth >= DEPTH_MAX) {
        copies->pass->cut++;
        return;
    }
    copies->depth++;
    count_failure(
        copies->pass, copies->file,
        ht_root_list(&copies->root, copies->file_len ? copies->file : ".", &visitor, NULL));
    copies->depth--;
}

static int visit_entry(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct copies *copies = context;
    size_t len = copies->file_len, room = PATH_BYTES - len;
    int added = snprintf(copies->file + len, room, "%s%s", len ? "/" : "", name);
    struct stat st;

    (void)type;
    (void)inode;
    if (!take_entry(copies->pass))
        return -EFBIG;
    if (added < 0 || (size_t)added >= room) {
        copies->pass->cut++;
    } else if (ht_root_lstat(&copies->root, copies->file, &st, NULL) == 0) {
        copies->file_len += (size_t)added;
        if (S_ISREG(st.st_mode))
            look_file(copies, (size_t)st.st_size);
        else if (S_ISDIR(st.st_mode))
            look_into(copies);
    }
    copies->file_len = len;
    copies->file[len] = '\0';
    return 0;
}

static void walk(struct copies *copies, struct ht_str path)
{
    ht_autofree char *name = ht_strndup(path.data, path.len);
    int r;

    if (path.len == 0)
        return; /* it cannot be written to */
    r = ht_root_openat(copies->pass->root, name, O_PATH | O_DIRECTORY, NULL);
    r = r < 0 ? r : ht_root_from_fd(&copies->root, r, name, NULL);
    if (r < 0) {
        count_failure(copies->pass, name, r);
        return;
    }
    copies->path = ht_arena_str(copies->arena, path);
    copies->file[0] = '\0';
    copies->file_len = 0;
    copies->depth = 0;
    look_into(copies);
    ht_root_close(&copies->root);
}

static bool has(struct ht_str path, const char *part)
{
    return ht_str_find(path, ht_str_from(part), 0) >= 0;
}

/* First what it mounts, then what it wrote: in its own layer, and in volumes on the disk. */
void ht_hostconf_look_copies(struct ht_hostconf_pass *pass, struct ht_str mountinfo,
                             struct ht_str container)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    struct copies *copies = ht_arena_array(arena, struct copies, 1);
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_MOUNTINFO);
    struct ht_host_mounts host = {0};
    struct ht_mount_line line;
    struct ht_overlay overlay;

    *copies =
        (struct copies){.pass = pass, .arena = arena, .container = container, .root = HT_ROOT_NONE};
    if (ht_hostconf_read_proc(pass, 1, "mountinfo", &text))
        ht_mountinfo_decode_host(ht_buf_str(&text), arena, &host);
    for (unsigned turn = 0; turn < 2; turn++) {
        struct ht_str rest = mountinfo;

        while (ht_mountinfo_next(&rest, &line)) {
            struct ht_str root = ht_mountinfo_unescape(arena, line.root);
            struct ht_str path =
                ht_arena_str(arena, ht_mountinfo_host_path(&host, line.device, root, arena));
            struct ht_str target = ht_arena_str(arena, line.point);

            if (turn == 0 && path.len &&
                (has(path, "/kubernetes.io~secret/") || ht_str_has_prefix(target, "/run/secrets/")))
                note_secrets(copies, path, target);
            else if (turn == 1 && copies->len && has(path, "/kubernetes.io~empty-dir/") &&
                     !ht_str_is(line.type, "tmpfs"))
                walk(copies, path);
            else if (turn == 1 && copies->len && ht_str_is(target, "/") &&
                     ht_str_is(line.type, "overlay") &&
                     ht_overlay_decode(line.super, arena, &overlay))
                walk(copies, overlay.upper);
        }
    }
}

/* ---- logs ---- */

struct logs {
    struct ht_hostconf_pass *pass;
    size_t len;
};

static void add_log(struct logs *logs, struct ht_str path, const struct ht_secret_found *found,
                    struct ht_str value)
{
    struct ht_arena *arena = logs->pass->arena;
    struct ht_exposure exposure = {0};

    ht_exposure_set_id(&exposure,
                       ht_arena_strf(arena, "log %.*s %s", HT_STR_ARG(path), found->rule));
    ht_exposure_set_where(&exposure, HT_S("log"));
    ht_exposure_set_place(&exposure, path);
    ht_exposure_set_name(
        &exposure, found->name.len ? ht_secret_mask_text(arena, ht_arena_str(arena, found->name))
                                   : ht_str_from(found->rule));
    ht_exposure_set_rule(&exposure, ht_str_from(found->rule));
    ht_exposure_set_confidence(&exposure, HT_CONFIDENCE_CERTAIN);
    ht_exposure_set_count(&exposure, 1);
    ht_hostconf_mark(logs->pass, value, &exposure);
    ht_rowset_add(logs->pass->exposures, ht_row_new(&ht_exposure_table, &exposure));
}

/* Only what has a well-known shape: logs are full of words that sound like secrets. The first of
 * each is told. */
static void judge_log(struct logs *logs, struct ht_str path, struct ht_str text)
{
    struct ht_secret_found found[FOUND_MAX];
    const char *told[FOUND_MAX];
    size_t told_len = 0;
    struct ht_str line;

    while (ht_str_next(&text, '\n', &line)) {
        size_t len = ht_secret_judge(line, true, found, FOUND_MAX);

        for (size_t i = 0; i < len && told_len < FOUND_MAX; i++) {
            bool known = found[i].sure != HT_SECRET_CERTAIN;

            for (size_t j = 0; j < told_len; j++)
                known = known || strcmp(told[j], found[i].rule) == 0;
            if (known)
                continue;
            told[told_len++] = found[i].rule;
            add_log(logs, path, &found[i], ht_str_sub(line, found[i].from, found[i].len));
        }
    }
}

static void look_log(struct logs *logs, struct ht_str path)
{
    ht_autobuf struct ht_buf text = HT_BUF(LOG_BYTES);
    struct stat st;
    ht_autoclose int fd = ht_root_open_regular(logs->pass->root, path.data, &st, NULL);

    if (fd < 0)
        return;
    if (logs->len++ >= LOGS_MAX) {
        logs->pass->cut++;
        return;
    }
    if (st.st_size > LOG_BYTES && lseek(fd, st.st_size - LOG_BYTES, SEEK_SET) < 0)
        return;
    (void)ht_read_fd(fd, path.data, &text, LOG_BYTES, NULL);
    judge_log(logs, path, ht_buf_str(&text));
    if (text.len)
        ht_wipe(text.data, text.len);
}

/* Files that end so, that many folders below. */
static void look_folder(struct logs *logs, struct ht_str folder, unsigned below)
{
    struct ht_text_list names = ht_hostconf_list(logs->pass, folder.data);

    for (size_t i = 0; i < names.len; i++) {
        struct ht_str path = ht_arena_strf(logs->pass->arena, "%.*s/%.*s", HT_STR_ARG(folder),
                                           HT_STR_ARG(names.items[i]));

        if (below)
            look_folder(logs, path, below - 1);
        else if (ht_str_has_suffix(path, ".log"))
            look_log(logs, path);
    }
}

void ht_hostconf_find_log_secrets(struct ht_hostconf_pass *pass)
{
    struct logs logs = {.pass = pass};

    look_folder(&logs, HT_S("/var/log/pods"), 2);
    look_folder(&logs, HT_S("/var/lib/docker/containers"), 1);
}
