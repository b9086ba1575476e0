/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "drift-hidden.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drift-tamper.h"
#include "proc-decode.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

enum {
    DEPTH_MAX = 32,
    GROUPS_MAX = 50000,
    MEMBERS_MAX = 1 << 22,
    PATH_BYTES = 4096,
    LINK_BYTES = 32,
};

struct member {
    pid_t pid;
    struct ht_str group; /* in the arena */
};

struct walk {
    struct ht_arena *arena;
    struct ht_buf path; /* of the group under way; empty: the topmost */
    struct ht_buf file;
    struct member *members;
    size_t len, cap;
    size_t groups;
    bool cut;               /* not all groups, or not all of their members, were read */
    struct ht_groups *told; /* NULL: nobody */
    int dirfd;
    size_t depth;
};

/* ---- what control groups list ---- */

static void add_member(struct walk *walk, uint64_t pid, struct ht_str group)
{
    if (walk->len == MEMBERS_MAX) {
        walk->cut = true;
        return;
    }
    if (walk->len == walk->cap) {
        walk->cap = walk->cap ? 2 * walk->cap : 256;
        walk->members = ht_realloc(walk->members, walk->cap, sizeof(*walk->members));
    }
    walk->members[walk->len++] = (struct member){.pid = (pid_t)pid, .group = group};
}

/* A group that is gone has nobody; those of a threaded one are in the group above it. */
static bool hides_nobody(int r)
{
    return r == -ENOENT || r == -ENODEV || r == -EOPNOTSUPP;
}

/* 0 stands for processes of outer pid namespaces. */
static void take_members(struct walk *walk)
{
    struct ht_str rest, line;
    struct ht_str group = {0};
    uint64_t pid;

    int r = ht_read_at(walk->dirfd, "cgroup.procs", &walk->file, HT_LIMIT_FILE, NULL);

    walk->cut = walk->cut || (r < 0 && !hides_nobody(r));
    if (r < 0 && r != -EFBIG)
        return;
    rest = ht_buf_str(&walk->file);
    while (ht_str_next(&rest, '\n', &line)) {
        if (ht_parse_u64(line, &pid) < 0 || pid == 0 || pid > INT32_MAX)
            continue;
        if (!group.data)
            group = ht_arena_str(walk->arena, walk->path.len ? ht_buf_str(&walk->path) : HT_S("/"));
        add_member(walk, pid, group);
        if (walk->told)
            ht_groups_add(walk->told, (pid_t)pid, group);
    }
}

static void take_group(struct walk *walk);

static int visit_group(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct walk *walk = context;
    size_t before = walk->path.len;
    int dirfd = walk->dirfd;

    (void)inode;
    if (type != DT_DIR)
        return 0;
    if (walk->depth >= DEPTH_MAX || walk->groups >= GROUPS_MAX) {
        walk->cut = true;
        return 0;
    }
    walk->dirfd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (walk->dirfd >= 0) {
        ht_buf_addf(&walk->path, "/%s", name);
        walk->depth++;
        take_group(walk);
        walk->depth--;
        ht_buf_cut(&walk->path, before);
        close(walk->dirfd);
    } else if (!hides_nobody(-errno)) {
        walk->cut = true;
    }
    walk->dirfd = dirfd;
    return 0;
}

/* The kernel counts the groups below one among its links; most have none. */
static bool has_groups(int dirfd)
{
    struct stat about;

    return fstat(dirfd, &about) < 0 || about.st_nlink != 2;
}

static void take_group(struct walk *walk)
{
    const struct ht_dir_visitor visitor = {.visit = visit_group, .context = walk};
    int r;

    walk->groups++;
    take_members(walk);
    if (!has_groups(walk->dirfd))
        return;
    r = ht_list_fd(walk->dirfd, &visitor, NULL);
    walk->cut = walk->cut || (r < 0 && !hides_nobody(r));
}

/* ---- what /proc lists ---- */

struct listing {
    pid_t *pids;
    size_t len, cap;
};

static int visit_process(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct listing *listing = context;
    uint64_t pid;

    (void)type;
    (void)inode;
    if (ht_parse_u64(ht_str_from(name), &pid) < 0 || pid > INT32_MAX)
        return 0;
    if (listing->len == listing->cap) {
        listing->cap = listing->cap ? 2 * listing->cap : 1024;
        listing->pids = ht_realloc(listing->pids, listing->cap, sizeof(*listing->pids));
    }
    listing->pids[listing->len++] = (pid_t)pid;
    return 0;
}

static int compare_pids(const void *a, const void *b)
{
    const pid_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

/* Keeps those members that are alive and that a listing of /proc does not have. */
static int keep_unlisted(const struct ht_hidden_ask *ask, struct walk *walk)
{
    const struct ht_dir_visitor visitor = {
        .visit = visit_process, .context = &(struct listing){0}, .max_entries = MEMBERS_MAX};
    struct listing *listing = visitor.context;
    ht_autoclose int fd = openat(ask->proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 ? -errno : ht_list_fd(fd, &visitor, NULL);
    size_t kept = 0;

    if (r == 0 && listing->len)
        qsort(listing->pids, listing->len, sizeof(pid_t), compare_pids);
    for (size_t i = 0; r == 0 && i < walk->len; i++) {
        const pid_t pid = walk->members[i].pid;
        bool listed =
            listing->len && bsearch(&pid, listing->pids, listing->len, sizeof(pid_t), compare_pids);

        if (!listed && ask->is_alive(ask->proc_fd, pid))
            walk->members[kept++] = walk->members[i];
    }
    walk->len = kept;
    free(listing->pids);
    return r;
}

/* ---- both ---- */

int ht_hidden_find(const struct ht_hidden_ask *ask, struct ht_arena *arena,
                   struct ht_text_list *ret_hidden)
{
    struct walk walk = {.arena = arena,
                        .path = HT_BUF(PATH_BYTES),
                        .file = HT_BUF(HT_LIMIT_FILE),
                        .dirfd = ask->cgroup_fd,
                        .told = ask->groups};
    struct ht_str *items = ht_arena_array(arena, struct ht_str, HT_TAMPER_LISTED_MAX);
    size_t len = 0;
    int r;

    take_group(&walk);
    /* Twice: who joins or leaves between two lists is no secret. */
    r = keep_unlisted(ask, &walk);
    if (r == 0 && walk.len)
        r = keep_unlisted(ask, &walk);
    for (size_t i = 0; r == 0 && i < walk.len && len < HT_TAMPER_LISTED_MAX; i++)
        items[len++] = ht_arena_strf(arena, "%d in %.*s", (int)walk.members[i].pid,
                                     HT_STR_ARG(walk.members[i].group));
    *ret_hidden = (struct ht_text_list){.items = items, .len = len};
    /* Nobody was found where not everybody was looked at. */
    if (r == 0 && len == 0 && walk.cut)
        r = -EFBIG;
    free(walk.members);
    ht_buf_fini(&walk.path);
    ht_buf_fini(&walk.file);
    return r;
}

/* The process that a thread is of; 0: not told. */
static uint64_t group_of(int proc_fd, pid_t pid)
{
    static const char key[] = "Tgid:";
    ht_autobuf struct ht_buf file = HT_BUF(HT_LIMIT_PROC_FILE);
    struct ht_str rest, line;
    char name[LINK_BYTES];
    uint64_t group;

    snprintf(name, sizeof(name), "%d/status", (int)pid);
    if (ht_read_at(proc_fd, name, &file, HT_LIMIT_PROC_FILE, NULL) < 0)
        return 0;
    rest = ht_buf_str(&file);
    while (ht_str_next(&rest, '\n', &line)) {
        if (ht_str_has_prefix(line, key) &&
            ht_parse_u64(ht_str_trim(ht_str_sub(line, sizeof(key) - 1, line.len)), &group) == 0)
            return group;
    }
    return 0;
}

bool ht_hidden_is_alive(int proc_fd, pid_t pid)
{
    uint64_t group;

    if (kill(pid, 0) < 0 && errno != EPERM)
        return false;
    group = group_of(proc_fd, pid);
    return group == 0 || group == (uint64_t)pid;
}

/* Whether /proc is that of our own pid namespace. */
static bool is_own(int proc_fd)
{
    char link[LINK_BYTES];
    uint64_t pid;
    ssize_t len = readlinkat(proc_fd, "self", link, sizeof(link));

    return len > 0 && ht_parse_u64((struct ht_str){.data = link, .len = (size_t)len}, &pid) == 0 &&
           pid == (uint64_t)getpid();
}

/* Whether our control groups are all there are: the node's first process lies in none above the
 * topmost that we see. file is its cgroup. */
static bool sees_all_groups(int proc_fd, struct ht_buf *file)
{
    struct ht_str rest, line;

    if (ht_read_at(proc_fd, "1/cgroup", file, HT_LIMIT_PROC_FILE, NULL) < 0)
        return false;
    rest = ht_buf_str(file);
    while (ht_str_next(&rest, '\n', &line)) {
        if (ht_str_find(line, HT_S(":/.."), 0) >= 0)
            return false;
    }
    return true;
}

static bool hides_processes(struct ht_str mounts)
{
    struct ht_mount_line line;

    while (ht_mountinfo_next(&mounts, &line)) {
        if (ht_str_is(line.type, "proc") && ht_str_is(line.point, "/proc") &&
            ht_str_find(line.super, HT_S("hidepid="), 0) >= 0)
            return true;
    }
    return false;
}

int ht_hidden_read(int proc_fd, struct ht_groups *groups, struct ht_arena *arena,
                   struct ht_text_list *ret_hidden)
{
    ht_autobuf struct ht_buf mounts = HT_BUF(HT_LIMIT_MOUNTINFO);
    ht_autobuf struct ht_buf cgroup = HT_BUF(HT_LIMIT_PROC_FILE);
    ht_autoclose int cgroup_fd = -1;
    struct ht_str point;
    bool is_first;
    int r = is_own(proc_fd)
                ? ht_read_at(proc_fd, "self/mountinfo", &mounts, HT_LIMIT_MOUNTINFO, NULL)
                : -EPERM;

    if (r < 0)
        return r;
    if (hides_processes(ht_buf_str(&mounts)) || !sees_all_groups(proc_fd, &cgroup))
        return -EPERM;
    point = ht_groups_mounted(ht_buf_str(&mounts), ht_buf_str(&cgroup), arena, &is_first);
    cgroup_fd = point.len ? open(point.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (cgroup_fd < 0)
        return -ENOENT;
    return ht_hidden_find(&(struct ht_hidden_ask){.cgroup_fd = cgroup_fd,
                                                  .proc_fd = proc_fd,
                                                  .is_alive = ht_hidden_is_alive,
                                                  .groups = is_first ? groups : NULL},
                          arena, ret_hidden);
}
