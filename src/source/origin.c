/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The judge: from a process or an open file to its mount, its layer, its origin. */
#include "origin.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "origin-file.h"
#include "origin-inner.h"
#include "proc-node.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/model/row.h"

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x00001000U
#endif

enum {
    ANSWERS_MAX = 20000,
    KEY_BYTES = 8192,
    SPECIAL_MAX = 4096,
    EXEC_TRIES = 5 /* looks at a process that starts one program after another */
};

#define DELETED " (deleted)"

#define EXE_FLAGS (AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT)
#define FILE_MASK (STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID)

/* What was told of a file before: a row holds its texts. */
struct answer {
    struct ht_row *row;
    unsigned pass;
};

/* One question under way. */
struct question {
    struct ht_origin *origin;
    const struct ht_origin_ask *ask;
    struct ht_arena *arena;
    struct ht_code *code;
    int dirfd;          /* of the process */
    struct statx about; /* of the file */
    struct ht_str path; /* without " (deleted)" */
    bool deleted;
    uint64_t ns;
    struct ht_space *space;
    const struct ht_space_mount *mount;
};

/* ---- life ---- */

static bool forget_all(void *context, struct ht_str key, void *value)
{
    struct answer *answer = value;

    (void)context;
    (void)key;
    ht_row_unref(answer->row);
    free(answer);
    return true;
}

uint64_t ht_origin_namespace(int dirfd)
{
    return ht_proc_namespace(dirfd, "ns/mnt");
}

struct ht_origin *ht_origin_new(const char *proc, struct ht_spawner *spawner, struct ht_error *err)
{
    ht_autoclose int proc_fd = open(proc, O_PATH | O_DIRECTORY | O_CLOEXEC);
    ht_autoclose int root_fd = -1;
    ht_autoclose int first = -1;
    struct ht_origin *origin;

    if (proc_fd < 0) {
        ht_error_errno(err, errno, "%s", proc);
        return NULL;
    }
    /* The node's files as its first process sees them: we may be in a container of our own. */
    root_fd = openat(proc_fd, "1/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root_fd < 0)
        root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    first = openat(proc_fd, "1", O_PATH | O_DIRECTORY | O_CLOEXEC);
    origin = ht_new0(struct ht_origin);
    origin->host_ns = first < 0 ? 0 : ht_origin_namespace(first);
    origin->proc_fd = ht_steal_fd(&proc_fd);
    origin->opened.fd = -1;
    origin->patience_ns = HT_ORIGIN_PATIENCE_NS;
    ht_space_reader_init(&origin->reader, ht_steal_fd(&root_fd), &origin->hanging);
    origin->spaces = ht_map_new();
    origin->answers = ht_map_new();
    origin->images = ht_map_new();
    origin->folders = ht_map_new();
    origin->host_arena = ht_arena_new(HT_LIMIT_MOUNTINFO);
    ht_buf_init(&origin->key, KEY_BYTES);
    origin->spawner = spawner;
    origin->silent = ht_map_new();
    return origin;
}

struct ht_origin *ht_origin_free(struct ht_origin *origin)
{
    if (!origin)
        return NULL;
    ht_map_remove_if(origin->answers, forget_all, NULL);
    ht_map_free(origin->answers);
    ht_origin_forget_spaces(origin);
    ht_map_free(origin->spaces);
    ht_origin_let_go(origin);
    ht_map_free_values(origin->images);
    ht_map_free(origin->images);
    ht_map_free_values(origin->folders);
    ht_map_free(origin->folders);
    ht_map_free(origin->silent);
    ht_helper_answer_fini(&origin->heard);
    ht_arena_free(origin->host_arena);
    ht_space_reader_fini(&origin->reader);
    ht_buf_fini(&origin->key);
    ht_cleanup_close(&origin->proc_fd);
    ht_cleanup_close(&origin->reader.root_fd);
    free(origin);
    return NULL;
}

static bool is_old_answer(void *context, struct ht_str key, void *value)
{
    const struct ht_origin *origin = context;
    const struct answer *answer = value;

    if (answer->pass + 1 >= origin->pass)
        return false;
    return forget_all(NULL, key, value);
}

void ht_origin_rest(struct ht_origin *origin)
{
    /* Mounts come and go. */
    ht_origin_forget_spaces(origin);
    ht_origin_let_go(origin);
    memset(origin->digested, 0, sizeof(origin->digested));
    ht_map_free_values(origin->images);
    ht_map_free_values(origin->folders);
    ht_space_reader_rest(&origin->reader);
}

void ht_origin_pass(struct ht_origin *origin)
{
    origin->pass++;
    origin->waited_ns = 0;
    origin->host_read = false;
    ht_map_remove_if(origin->answers, is_old_answer, origin);
    ht_origin_rest(origin);
}

/* ---- the mounts ---- */

/* What the mounts of the node say besides: where nobody may look, and which overlays it has. */
static void list_special(struct ht_origin *origin, struct ht_str text)
{
    size_t most = ht_str_count(text, '\n') + 1;
    struct ht_mount_line line;
    size_t hanging = 0, overlays = 0;

    if (most > SPECIAL_MAX)
        most = SPECIAL_MAX;
    struct ht_str *points = ht_arena_array(origin->host_arena, struct ht_str, most);
    uint64_t *devices = ht_arena_array(origin->host_arena, uint64_t, most);
    while (ht_mountinfo_next(&text, &line)) {
        if (hanging < most && ht_mountinfo_can_hang(line.type))
            points[hanging++] = ht_arena_str(origin->host_arena,
                                             ht_mountinfo_unescape(origin->host_arena, line.point));
        else if (overlays < most && ht_str_is(line.type, "overlay"))
            devices[overlays++] = line.device;
    }
    origin->hanging = (struct ht_text_list){.items = points, .len = hanging};
    origin->overlays = devices;
    origin->overlays_len = overlays;
}

const struct ht_host_mounts *ht_origin_host_mounts(struct ht_origin *origin)
{
    if (!origin->host_read) {
        struct ht_buf *file = &origin->reader.file;
        int r = ht_read_at(origin->proc_fd, "1/mountinfo", file, HT_LIMIT_MOUNTINFO, NULL);

        ht_arena_reset(origin->host_arena);
        origin->host_mounts = (struct ht_host_mounts){0};
        origin->hanging = (struct ht_text_list){.len = 0};
        origin->overlays_len = 0;
        if (r == 0 || r == -EFBIG) {
            ht_mountinfo_decode_host(ht_buf_str(file), origin->host_arena, &origin->host_mounts);
            list_special(origin, ht_buf_str(file));
        }
        origin->host_read = true;
    }
    return &origin->host_mounts;
}

/* ---- the file ---- */

/* The program's file, and its path: an exec may come between the two. */
static int look_at_exe(struct question *question)
{
    char link[PATH_MAX + sizeof(DELETED)];
    ssize_t len;

    if (statx(question->dirfd, "exe", EXE_FLAGS, FILE_MASK, &question->about) < 0)
        return errno == ENOENT ? -ESRCH : -errno;
    len = readlinkat(question->dirfd, "exe", link, sizeof(link));
    if (len < 0)
        return errno == ENOENT ? -ESRCH : -errno;
    question->path =
        ht_arena_str(question->arena, (struct ht_str){.data = link, .len = (size_t)len});
    return 0;
}

/* Whether the file that was looked at is still what runs, and so the path is its path. */
static bool still_runs(const struct question *question)
{
    struct statx after;

    return question->ask->fd >= 0 ||
           (statx(question->dirfd, "exe", EXE_FLAGS, STATX_INO, &after) == 0 &&
            after.stx_ino == question->about.stx_ino &&
            after.stx_dev_major == question->about.stx_dev_major &&
            after.stx_dev_minor == question->about.stx_dev_minor);
}

static int look_at_file(struct question *question)
{
    const struct ht_origin_ask *ask = question->ask;

    question->deleted = false;
    if (ask->fd >= 0) {
        if (statx(ask->fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, FILE_MASK, &question->about) < 0)
            return -errno;
        question->path = ask->path;
    } else {
        int r = look_at_exe(question);

        if (r < 0)
            return r;
    }
    /* A file may have that ending of its own: then its path is there. */
    if (ht_str_has_suffix(question->path, DELETED) &&
        (question->about.stx_nlink == 0 ||
         !ht_origin_is_at(question->origin, ask, question->path, &question->about))) {
        question->deleted = true;
        question->path.len -= strlen(DELETED);
    }
    question->path = ht_arena_str(question->arena, question->path);
    return 0;
}

static void describe_file(struct question *question)
{
    const struct statx *about = &question->about;
    struct ht_code *code = question->code;

    ht_code_set_path(code, question->path);
    ht_code_set_size(code, about->stx_size);
    ht_code_set_unlinked(code, question->deleted || about->stx_nlink == 0);
    ht_code_set_mode(code, about->stx_mode & 07777);
    ht_code_set_uid(code, about->stx_uid);
    ht_code_set_gid(code, about->stx_gid);
    ht_code_set_modified_at(code, ht_time_of_statx(about->stx_mtime));
    ht_code_set_changed_at(code, ht_time_of_statx(about->stx_ctime));
    if (about->stx_mask & STATX_BTIME)
        ht_code_set_born_at(code, ht_time_of_statx(about->stx_btime));
}

static void told(struct question *question, enum ht_code_origin origin, const char *reason)
{
    ht_code_set_origin(question->code, origin);
    ht_code_set_reason(question->code, ht_arena_text(question->arena, reason));
}

/* Opens the file for reading; never one that could hang. The descriptor, or -errno. */
static int open_file(const struct question *question)
{
    ht_autoclose int found = -1;

    if (question->mount && ht_mountinfo_can_hang(question->mount->type))
        return -EOPNOTSUPP;
    if (question->ask->fd >= 0)
        return ht_file_reopen(question->ask->fd);
    found = openat(question->dirfd, "exe", O_PATH | O_CLOEXEC);
    return found < 0 ? -errno : ht_file_reopen(found);
}

static bool is_unchanged(const struct stat *old, const struct stat *now)
{
    return now->st_ino == old->st_ino && now->st_dev == old->st_dev &&
           now->st_size == old->st_size && now->st_ctim.tv_sec == old->st_ctim.tv_sec &&
           now->st_ctim.tv_nsec == old->st_ctim.tv_nsec;
}

/* Many processes may run one file of which nothing is remembered, for whose it is cannot be told.
 * NULL: it cannot be read. */
static const char *digest_of(struct ht_origin *origin, int fd)
{
    struct ht_origin_digested *place = &origin->digested[origin->digested_next];
    struct ht_origin_digested fresh = {.digest = ""};

    if (fstat(fd, &fresh.about) < 0)
        return NULL;
    for (size_t i = 0; i < HT_ORIGIN_DIGESTED; i++) {
        struct ht_origin_digested *known = &origin->digested[i];

        if (*known->digest && is_unchanged(&known->about, &fresh.about))
            return known->digest;
    }
    if (!ht_file_digest(fd, fresh.digest))
        return NULL;
    *place = fresh;
    origin->digested_next = (origin->digested_next + 1) % HT_ORIGIN_DIGESTED;
    return place->digest;
}

static void add_digest(struct question *question)
{
    ht_autoclose int fd = open_file(question);
    const char *digest;
    uint64_t caps;

    if (fd < 0)
        return;
    digest = digest_of(question->origin, fd);
    if (digest)
        ht_code_set_sha256(question->code, ht_arena_text(question->arena, digest));
    if (ht_file_caps(fd, &caps))
        ht_code_set_file_caps(question->code, caps);
}

/* ---- overlays ---- */

/* Tells who asks which file of a layer it is. */
static void tell_layer(const struct question *question, uint64_t dev, uint64_t ino)
{
    if (question->ask->ret_layer && question->about.stx_ino == ino && !question->deleted &&
        question->about.stx_nlink)
        *question->ask->ret_layer = (struct ht_origin_inode){.dev = dev, .ino = ino};
}

static void set_host_path(const struct question *question, struct ht_str layer, struct ht_str path)
{
    ht_code_set_host_path(question->code, ht_arena_strf(question->arena, "%.*s%.*s",
                                                        HT_STR_ARG(layer), HT_STR_ARG(path)));
}

/* The file of the image that this one was made from keeps its inode number on an overlay. */
static enum ht_tristate compare_with_source(const struct question *question, int fd)
{
    const struct ht_text_list *lowers = &question->space->lowers;

    for (size_t i = 0; i < lowers->len; i++) {
        ht_autoclose int directory = -1;
        ht_autoclose int source = -1;
        ht_autoclose int readable = -1;

        if (lowers->items[i].len == 0)
            continue;
        directory = ht_open_no_links(question->origin->reader.root_fd, lowers->items[i].data,
                                     O_RDONLY | O_DIRECTORY);
        source = directory < 0 ? -1 : ht_file_open_inode(directory, question->about.stx_ino);
        readable = source < 0 ? -1 : ht_file_reopen(source);
        if (readable >= 0)
            return ht_file_same(fd, readable); /* all layers are of one file system */
    }
    return HT_TRISTATE_UNKNOWN;
}

/* Content is read where the file is not the image's own. */
static void compare(struct question *question, struct ht_str path,
                    const struct ht_origin_image_file *file, struct ht_overlay_facts *facts)
{
    bool lower = file->found == HT_ENTRY_FILE;
    bool moved = !lower && facts->upper == HT_ENTRY_FILE && facts->is_upper == HT_TRISTATE_NO;
    ht_autoclose int fd = lower || moved ? open_file(question) : -1;
    ht_autoclose int found = -1;
    ht_autoclose int other = -1;
    char digest[HT_SHA256_TEXT_MAX];

    if (fd >= 0 && moved)
        facts->same_source = compare_with_source(question, fd);
    if (fd >= 0 && lower)
        found =
            ht_origin_open_in(question->origin, question->space->lowers.items[file->lower], path);
    other = found < 0 ? -1 : ht_file_reopen(found);
    if (other < 0)
        return;
    facts->same_content = ht_file_same(fd, other);
    if (facts->same_content == HT_TRISTATE_NO && ht_file_digest(other, digest))
        ht_code_set_image_sha256(question->code, ht_arena_text(question->arena, digest));
}

/* Whose file the image has at that path. */
static void add_owner(struct question *question, struct ht_str path)
{
    struct ht_str package =
        ht_origin_owner(question->origin, question->dirfd, question->space, path, question->arena);

    if (package.len)
        ht_code_set_package(question->code, package);
}

/* What the writable directory has. */
static void look_above(struct question *question, struct ht_str path,
                       struct ht_overlay_facts *facts)
{
    const struct ht_space *space = question->space;
    ht_autoclose int fd = -1;
    struct stat about;

    facts->upper = HT_ENTRY_NOTHING;
    if (space->upper_missing)
        facts->upper = HT_ENTRY_UNREAD;
    else if (space->upper.len)
        facts->upper = ht_origin_look_in(question->origin, space->upper, path, &about, &fd);
    if (facts->upper != HT_ENTRY_FILE)
        return;
    set_host_path(question, space->upper, path);
    /* What was copied up keeps the inode number that it had in the image. */
    facts->is_upper = question->about.stx_ino == about.st_ino ? HT_TRISTATE_YES : HT_TRISTATE_NO;
    tell_layer(question, about.st_dev, about.st_ino);
    facts->copied = ht_file_is_copied(fd, space->is_user);
}

/* What the image has. */
static struct ht_origin_image_file look_below(struct question *question, struct ht_str path,
                                              struct ht_overlay_facts *facts)
{
    const struct ht_space *space = question->space;
    struct ht_origin_image_file file = ht_origin_image_find(question->origin, space, path);

    facts->lower = file.found;
    if (file.found != HT_ENTRY_FILE)
        return file;
    if (!ht_code_has_host_path(question->code))
        set_host_path(question, space->lowers.items[file.lower], path);
    if (facts->upper == HT_ENTRY_NOTHING)
        tell_layer(question, file.dev, file.ino);
    return file;
}

static void judge_overlay(struct question *question, struct ht_str path)
{
    struct ht_overlay_facts facts = {.deleted = question->deleted,
                                     .links = question->about.stx_nlink};
    struct ht_origin_image_file file;
    enum ht_code_origin origin;
    const char *reason;

    look_above(question, path, &facts);
    file = look_below(question, path, &facts);
    if (facts.upper == HT_ENTRY_FILE || facts.deleted || facts.links == 0)
        compare(question, path, &file, &facts);
    origin = ht_overlay_decide(&facts, &reason);
    told(question, origin, reason);
    if (origin == HT_CODE_ORIGIN_IMAGE)
        return;
    add_digest(question);
    if (facts.lower == HT_ENTRY_FILE)
        add_owner(question, path);
}

/* ---- other mounts ---- */

/* Programs that become a container's first process: they run from memory or from a mount of their
 * own, inside of it, until they start what the image names. */
static bool is_runtime(struct question *question)
{
    static const char *const folders[] = {"usr/bin",        "usr/sbin",    "usr/local/bin",
                                          "usr/local/sbin", "usr/libexec", "opt/bin"};
    static const char *const names[] = {"runc", "crun", "youki", "docker-runc", "buildkit-runc"};
    char ours[HT_SHA256_TEXT_MAX];
    char theirs[HT_SHA256_TEXT_MAX];
    ht_autoclose int fd = open_file(question);
    bool digested = false;

    for (size_t i = 0; fd >= 0 && i < ARRAY_LEN(folders) * ARRAY_LEN(names); i++) {
        char path[64];
        struct stat about;
        ht_autoclose int found = -1;
        ht_autoclose int other = -1;

        snprintf(path, sizeof(path), "%s/%s", folders[i / ARRAY_LEN(names)],
                 names[i % ARRAY_LEN(names)]);
        found = openat(question->origin->reader.root_fd, path, O_PATH | O_CLOEXEC);
        if (found < 0 || fstat(found, &about) < 0 ||
            (uint64_t)about.st_size != question->about.stx_size)
            continue;
        other = ht_file_reopen(found);
        if (!digested && !ht_file_digest(fd, ours))
            return false;
        digested = true;
        if (other >= 0 && ht_file_digest(other, theirs) && strcmp(ours, theirs) == 0)
            return true;
    }
    return false;
}

static bool is_memory(const struct question *question)
{
    return question->about.stx_dev_major == 0 && question->about.stx_nlink == 0 &&
           ht_str_has_prefix(question->path, "/memfd:");
}

/* No mount of the container's holds it. */
static void judge_unmounted(struct question *question)
{
    if (is_runtime(question)) {
        told(question, HT_CODE_ORIGIN_HOST, "the runtime's own program, before the image's starts");
        return;
    }
    if (is_memory(question))
        told(question, HT_CODE_ORIGIN_MEMFD, "memory without a file");
    else
        told(question, HT_CODE_ORIGIN_BLIND, "on a mount that its mount table does not show");
    add_digest(question);
}

/* Copied: the mounts may be read anew while the answer lives. */
static void set_mount(struct question *question, const struct ht_space_mount *mount)
{
    ht_code_set_mount(question->code, ht_arena_str(question->arena, mount->type));
}

static void judge_mounted(struct question *question)
{
    const struct ht_space_mount *mount = question->mount;
    struct ht_str below = ht_space_below(mount, question->path, question->arena);

    ht_origin_tell_mount(question->origin, mount, question->about.stx_nlink == 0, question->arena,
                         question->code);
    if (below.len && question->code->origin != HT_CODE_ORIGIN_TMPFS &&
        question->code->origin != HT_CODE_ORIGIN_DELETED) {
        struct ht_str path = ht_mountinfo_host_path(ht_origin_host_mounts(question->origin),
                                                    mount->device, below, question->arena);

        if (path.len)
            ht_code_set_host_path(question->code, path);
    }
    add_digest(question);
}

/* The root of the container, where the storage driver keeps no writable directory apart: nearly all
 * of it is the image's, and too much to be read before the runtime has told which is not. */
void ht_origin_tell_shared(const struct ht_space *space, struct ht_arena *arena,
                           struct ht_code *code)
{
    struct ht_str type = space->root->type;

    ht_code_set_mount(code, ht_arena_str(arena, type));
    ht_code_set_shared(code, true);
    ht_code_set_origin(code, HT_CODE_ORIGIN_BLIND);
    ht_code_set_reason(code,
                       ht_arena_strf(arena, "storage on %.*s keeps changed files with the image's",
                                     HT_STR_ARG(type)));
}

static void judge_contained(struct question *question)
{
    struct ht_space *space = question->space;
    const struct ht_space_mount *mount = question->mount;

    /* Who watches a file system sees files of the layers themselves, by no mount of the container.
     */
    if (!mount && question->ask->is_watched && space->is_overlay && !is_memory(question))
        mount = question->mount = space->root;
    if (!mount) {
        judge_unmounted(question);
        return;
    }
    if (mount != space->root && !ht_str_is(mount->type, "overlay")) {
        judge_mounted(question);
    } else if (space->is_overlay &&
               !ht_origin_is_runtimes(question->origin, space, question->ask)) {
        set_mount(question, mount);
        told(question, HT_CODE_ORIGIN_BLIND, "on an overlay that no runtime mounted");
    } else if (space->is_overlay && mount->device == space->root->device) {
        struct ht_str path = ht_space_below(mount, question->path, question->arena);

        set_mount(question, mount);
        if (path.len)
            judge_overlay(question, path);
        else
            told(question, HT_CODE_ORIGIN_BLIND, "its path lies outside of its mount");
    } else if (mount == space->root) {
        ht_origin_tell_shared(space, question->arena, question->code);
    } else {
        set_mount(question, mount);
        told(question, HT_CODE_ORIGIN_BLIND, "on an overlay inside the container");
    }
}

/* ---- the node's own processes ---- */

static void judge_host(struct question *question)
{
    struct stat now;

    if (is_memory(question)) {
        told(question, HT_CODE_ORIGIN_MEMFD, "memory without a file");
    } else if (question->deleted && question->about.stx_nlink == 0 &&
               fstatat(question->origin->reader.root_fd,
                       question->path.data + strspn(question->path.data, "/"), &now,
                       AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0 &&
               errno == ENOENT) {
        told(question, HT_CODE_ORIGIN_DELETED, "no name is left of it");
    } else {
        told(question, HT_CODE_ORIGIN_HOST,
             question->deleted ? "a file of the node, which was replaced since"
                               : "a file of the node");
        return;
    }
    add_digest(question);
}

/* ---- answers from before ---- */

static struct ht_str answer_key(struct question *question)
{
    const struct statx *about = &question->about;
    struct ht_buf *key = &question->origin->key;

    ht_buf_reset(key);
    ht_buf_addf(key, "%llu %u:%u %llu %lld.%u %u %d ", (unsigned long long)question->ns,
                about->stx_dev_major, about->stx_dev_minor, (unsigned long long)about->stx_ino,
                (long long)about->stx_ctime.tv_sec, about->stx_ctime.tv_nsec, about->stx_nlink,
                question->deleted);
    ht_buf_add_str(key, question->ask->container_id);
    ht_buf_add_c(key, ' ');
    ht_buf_add_str(key, question->path);
    return ht_buf_str(key);
}

static bool recall(struct question *question)
{
    struct answer *answer = ht_map_get(question->origin->answers, answer_key(question));

    if (!answer)
        return false;
    answer->pass = question->origin->pass;
    ht_struct_copy(question->arena, &ht_code_table, question->code, ht_code_of(answer->row));
    return true;
}

static void remember(struct question *question)
{
    struct ht_map *answers = question->origin->answers;
    struct answer *answer;

    /* What could not be told is asked again; so is what may still be about to change. */
    if (question->code->origin == HT_CODE_ORIGIN_BLIND && !ht_code_has_shared(question->code))
        return;
    if (ht_map_len(answers) >= ANSWERS_MAX)
        ht_map_remove_if(answers, forget_all, NULL);
    answer = ht_new0(struct answer);
    answer->row = ht_row_new(&ht_code_table, question->code);
    answer->pass = question->origin->pass;
    answer = ht_map_set(answers, answer_key(question), answer);
    if (answer)
        (void)forget_all(NULL, (struct ht_str){0}, answer);
}

/* ---- asking ---- */

static int find_mount(struct question *question)
{
    struct ht_origin *origin = question->origin;

    question->space =
        ht_origin_space(origin, question->dirfd, question->ns, question->ask->container_id);
    if (!question->space)
        return errno == ENOENT ? -ESRCH : -errno;
    if (!(question->about.stx_mask & STATX_MNT_ID))
        return 0;
    question->mount = ht_space_look(question->space, question->about.stx_mnt_id, question->dirfd,
                                    &origin->reader);
    return 0;
}

/* A container's mounts may have been read before it had moved into its root: once more, if what
 * they say of a file makes no sense. */
static bool reads_again(struct question *question)
{
    struct ht_space *space = question->space;

    if (!space || space->again || question->code->origin != HT_CODE_ORIGIN_BLIND ||
        !(question->about.stx_mask & STATX_MNT_ID))
        return false;
    if (ht_space_read(space, question->dirfd, true, &question->origin->reader) < 0)
        return false;
    space->again = true;
    question->mount = ht_space_find(space, question->about.stx_mnt_id);
    return true;
}

static int judge(struct question *question)
{
    const struct ht_origin_ask *ask = question->ask;
    bool host =
        ask->container_id.len == 0 || (question->ns && question->ns == question->origin->host_ns);
    int r;

    r = host ? 0 : find_mount(question);
    if (r < 0)
        return r;
    if (host)
        judge_host(question);
    else if (!(question->about.stx_mask & STATX_MNT_ID))
        told(question, HT_CODE_ORIGIN_BLIND, "this kernel does not tell mounts (before 5.8)");
    else
        judge_contained(question);
    if (reads_again(question)) {
        *question->code = (struct ht_code){0};
        judge_contained(question);
    }
    describe_file(question);
    remember(question);
    return 0;
}

/* -EAGAIN: it started another program meanwhile. */
static int look_and_judge(struct question *question, bool again)
{
    int r = look_at_file(question);

    if (r < 0)
        return r;

    bool known = recall(question);
    /* What was asked of the program before is not this one's. */
    if (question->ask->reading && (again || !known))
        question->ask->reading(question->ask->context);
    if (known)
        return r;
    /* An answer is of a file and its path; one from before tells that these belong together. */
    return still_runs(question) ? judge(question) : -EAGAIN;
}

int ht_origin_judge(struct ht_origin *origin, const struct ht_origin_ask *ask,
                    struct ht_arena *arena, struct ht_code *code)
{
    int dirfd = ht_origin_process(origin, ask);
    struct question question = {
        .origin = origin, .ask = ask, .arena = arena, .code = code, .dirfd = dirfd};
    int r = -EAGAIN;

    if (dirfd < 0)
        return dirfd;
    question.ns = ht_origin_namespace(dirfd);
    for (int tries = 0; r == -EAGAIN && tries < EXEC_TRIES; tries++)
        r = look_and_judge(&question, tries > 0);
    if (r < 0)
        return r;
    ht_code_set_kind(code, ask->kind);
    ht_code_set_pid(code, (uint64_t)ask->pid);
    if (ask->container_id.len)
        ht_code_set_container_id(code, ask->container_id);
    return 0;
}
