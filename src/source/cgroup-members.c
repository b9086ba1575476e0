/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists are "tasks" in version 1 and "cgroup.threads" in version 2: they go by the first thread, as
 * a process's own file does, where cgroup.procs names a process for any of its threads. Who had
 * started before a list was read and is in it is the one that the list means, for a pid is given to
 * another process only after that.
 */
#include "cgroup-members.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "proc-decode.h"
#include "proc-node.h"
#include "hulltop/base/arena.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

enum {
    LISTS_MAX = 64,    /* kept in one look */
    FAILURES_MAX = 3,  /* in one look */
    LINES_A_FILE = 12, /* so many lines of lists cost half of what a process's file costs */
    LINE_BYTES = 8     /* of one, at most: pids have up to seven digits */
};

struct pids {
    pid_t *items; /* ascending */
    size_t len;
    bool everybody; /* in place of these: all there are */
};

/* Of one group. */
struct list {
    char *line; /* of the file of who is in it */
    struct pids pids;
    int64_t read_ns; /* since boot, before it was read */
};

struct ht_cgroup_members {
    int proc_fd;       /* -1: no list is read */
    size_t lines;      /* that may be read yet */
    unsigned failures; /* groups whose lists could not be read, or lack who is in them */

    struct ht_buf text; /* what the last processes' files said */
    size_t run;         /* so many in a row */

    struct ht_buf listed; /* what the files of these say, by the lists of all its lines */
    struct pids pids;
    int64_t read_ns; /* of the oldest of the lists */

    struct list lists[LISTS_MAX];
    size_t lists_len;
    struct ht_buf list;
    struct ht_buf mountinfo;
    struct ht_arena *arena; /* scratch; NULL: mountinfo was not read */
};

struct ht_cgroup_members *ht_cgroup_members_new(void)
{
    struct ht_cgroup_members *members = ht_new0(struct ht_cgroup_members);

    members->proc_fd = -1;
    ht_buf_init(&members->text, HT_LIMIT_PROC_FILE);
    ht_buf_init(&members->listed, HT_LIMIT_PROC_FILE);
    ht_buf_init(&members->list, HT_LIMIT_FILE);
    ht_buf_init(&members->mountinfo, HT_LIMIT_MOUNTINFO);
    return members;
}

struct ht_cgroup_members *ht_cgroup_members_free(struct ht_cgroup_members *members)
{
    if (!members)
        return NULL;
    ht_cgroup_members_end(members);
    free(members);
    return NULL;
}

static void forget(struct pids *pids)
{
    free(pids->items);
    *pids = (struct pids){0};
}

void ht_cgroup_members_end(struct ht_cgroup_members *members)
{
    members->proc_fd = -1;
    members->run = 0;
    forget(&members->pids);
    for (size_t i = 0; i < members->lists_len; i++) {
        free(members->lists[i].line);
        forget(&members->lists[i].pids);
    }
    members->lists_len = 0;
    ht_buf_fini(&members->text);
    ht_buf_fini(&members->listed);
    ht_buf_fini(&members->list);
    ht_buf_fini(&members->mountinfo);
    members->arena = ht_arena_free(members->arena);
}

void ht_cgroup_members_begin(struct ht_cgroup_members *members, int proc_fd, size_t processes)
{
    char self[16] = "";
    uint64_t pid;
    ssize_t len = readlinkat(proc_fd, "self", self, sizeof(self));

    ht_cgroup_members_end(members);
    members->failures = 0;
    members->lines = processes * LINES_A_FILE;
    if (len > 0 && ht_parse_u64((struct ht_str){self, (size_t)len}, &pid) == 0 &&
        pid == (uint64_t)getpid())
        members->proc_fd = proc_fd;
}

static int compare(const void *a, const void *b)
{
    const pid_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

/* Asked for every process: calls of a function that compares would cost as much again. */
static bool has(const struct pids *pids, pid_t pid)
{
    size_t from = 0, to = pids->len;

    if (pids->everybody)
        return true;
    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (pids->items[middle] == pid)
            return true;
        if (pids->items[middle] < pid)
            from = middle + 1;
        else
            to = middle;
    }
    return false;
}

struct ht_str ht_cgroup_members_find(const struct ht_cgroup_members *members, pid_t pid,
                                     int64_t started_ns)
{
    if (!has(&members->pids, pid) || started_ns >= members->read_ns)
        return (struct ht_str){0};
    return ht_buf_str(&members->listed);
}

/* ---- lists ---- */

/* A number a line, as the kernel writes them: mostly in order. */
static void parse(struct ht_str text, size_t lines, struct pids *ret_pids)
{
    bool sorted = true;
    uint32_t pid = 0;
    size_t len = 0;

    ret_pids->items = ht_realloc(NULL, lines + 1, sizeof(*ret_pids->items));
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '\n') {
            pid = pid * 10 + (uint32_t)(text.data[i] - '0');
            continue;
        }
        sorted = sorted && (len == 0 || ret_pids->items[len - 1] < (pid_t)pid);
        ret_pids->items[len++] = (pid_t)pid;
        pid = 0;
    }
    ret_pids->len = len;
    if (!sorted)
        qsort(ret_pids->items, len, sizeof(*ret_pids->items), compare);
}

static struct pids copy(const struct pids *pids)
{
    size_t size = sizeof(*pids->items);
    struct pids same = {.items = ht_realloc(NULL, pids->len + 1, size), .len = pids->len};

    memcpy(same.items, pids->items, pids->len * size);
    return same;
}

/* Leaves those that are among the others, too. */
static void intersect(struct pids *pids, const struct pids *others)
{
    size_t kept = 0, at = 0;

    if (others->everybody)
        return;
    if (pids->everybody) {
        *pids = copy(others);
        return;
    }
    for (size_t i = 0; i < pids->len; i++) {
        while (at < others->len && others->items[at] < pids->items[i])
            at++;
        if (at < others->len && others->items[at] == pids->items[i])
            pids->items[kept++] = pids->items[i];
    }
    pids->len = kept;
}

/* Where all of the hierarchy is mounted that the kernel names so; empty: nowhere. */
static struct ht_str mounted(const struct ht_cgroup_members *members, struct ht_str controllers)
{
    struct ht_str text = ht_buf_str(&members->mountinfo);
    struct ht_mount_line line;

    while (ht_mountinfo_next(&text, &line)) {
        if (ht_cgroup_is_mounted(&line, controllers, members->arena))
            return ht_mountinfo_unescape(members->arena, line.point);
    }
    return (struct ht_str){0};
}

static bool is_of_groups(int fd)
{
    struct statfs about;

    return fd >= 0 && fstatfs(fd, &about) == 0 &&
           (about.f_type == CGROUP_SUPER_MAGIC || about.f_type == CGROUP2_SUPER_MAGIC);
}

/* Whether a hierarchy has no group but its first, which everybody is in then. Seen from another
 * namespace of groups, what is called its first is not. */
static bool is_undivided(const struct ht_cgroup_members *members, struct ht_str point)
{
    ht_autobuf struct ht_buf path = HT_BUF(HT_LIMIT_PROC_FILE);
    struct stat about;

    if (ht_proc_namespace(members->proc_fd, "self/ns/cgroup") != HT_PROC_INIT_CGROUP_NS)
        return false;
    ht_buf_add_str(&path, point);
    ht_autoclose int fd = open(path.data, O_PATH | O_DIRECTORY | O_CLOEXEC);
    /* A folder for each group below. */
    return is_of_groups(fd) && fstat(fd, &about) == 0 && about.st_nlink == 2;
}

/* The list of a group, into members->list. */
static bool read_list(struct ht_cgroup_members *members, struct ht_str point, struct ht_str group,
                      bool unified)
{
    ht_autobuf struct ht_buf path = HT_BUF(HT_LIMIT_PROC_FILE);
    /* Threads are in it, too, and nothing bounds how many a container has. */
    size_t max =
        members->lines < HT_LIMIT_FILE / LINE_BYTES ? members->lines * LINE_BYTES : HT_LIMIT_FILE;

    ht_buf_add_str(&path, point);
    ht_buf_add_str(&path, group);
    ht_buf_add_text(&path, unified ? "/cgroup.threads" : "/tasks");
    if (ht_buf_is_full(&path))
        return false;

    ht_autoclose int fd = open(path.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ht_buf_reset(&members->list);
    return is_of_groups(fd) && ht_read_fd(fd, path.data, &members->list, max, NULL) == 0;
}

static size_t count_lines(struct ht_str text)
{
    size_t lines = 0;

    for (size_t i = 0; i < text.len; i++)
        lines += text.data[i] == '\n';
    return lines;
}

static const struct list *find_list(const struct ht_cgroup_members *members, struct ht_str line)
{
    for (size_t i = 0; i < members->lists_len; i++) {
        if (ht_str_is(line, members->lists[i].line))
            return &members->lists[i];
    }
    return NULL;
}

/* Lines of text whose lists were not read yet. */
static size_t count_unread(const struct ht_cgroup_members *members, struct ht_str text)
{
    struct ht_str line;
    size_t unread = 0;

    while (ht_str_next(&text, '\n', &line))
        unread += line.len && !find_list(members, line);
    return unread;
}

/* Who is in the group that a line of a process's file names. NULL: that cannot be read. */
static const struct list *add_list(struct ht_cgroup_members *members, struct ht_str line)
{
    struct list *list = &members->lists[members->lists_len];
    struct ht_str controllers, group, point;
    int64_t now_ns = ht_proc_since_boot();
    size_t lines = 0;

    if (members->lists_len == LISTS_MAX || !ht_cgroup_split_line(line, &controllers, &group) ||
        ht_path_goes_up(group))
        return NULL;
    point = mounted(members, controllers);
    if (point.len == 0)
        return NULL;
    bool everybody = ht_str_is(group, "/") && is_undivided(members, point);
    if (!everybody) {
        if (!read_list(members, point, group, controllers.len == 0))
            return NULL;
        lines = count_lines(ht_buf_str(&members->list));
    }
    members->lines -= lines < members->lines ? lines : members->lines;
    *list = (struct list){.line = ht_strndup(line.data, line.len),
                          .pids = {.everybody = everybody},
                          .read_ns = now_ns};
    if (!everybody)
        parse(ht_buf_str(&members->list), lines, &list->pids);
    members->lists_len++;
    return list;
}

/* Who is in each group that text names. False: it names none, not all lists can be read, or, if
 * they are as long as the one before, it would cost more than it may. */
static bool read_lists(struct ht_cgroup_members *members, struct ht_str text)
{
    struct pids *pids = &members->pids;
    size_t unread = count_unread(members, text);
    size_t length = 1; /* of the last list that was read */
    bool any = false;
    struct ht_str line;

    forget(pids);
    pids->everybody = true;
    members->read_ns = INT64_MAX;
    while (ht_str_next(&text, '\n', &line)) {
        if (line.len == 0)
            continue;
        const struct list *list = find_list(members, line);
        if (!list) {
            if (unread * length > members->lines)
                return false;
            list = add_list(members, line);
            unread--;
        }
        if (!list)
            return false;
        if (list->read_ns < members->read_ns)
            members->read_ns = list->read_ns;
        intersect(pids, &list->pids);
        length = list->pids.everybody ? length : list->pids.len;
        any = true;
    }
    return any;
}

static bool ask(struct ht_cgroup_members *members, pid_t pid, struct ht_str text)
{
    if (!members->arena) {
        members->arena = ht_arena_new(HT_LIMIT_ROW);
        if (ht_read_at(members->proc_fd, "self/mountinfo", &members->mountinfo, HT_LIMIT_MOUNTINFO,
                       NULL) < 0)
            return false;
    }
    ht_arena_reset(members->arena);
    /* Lists that lack whose file it is are others than his. */
    if (!read_lists(members, text) || !has(&members->pids, pid))
        return false;
    ht_buf_reset(&members->listed);
    ht_buf_add_str(&members->listed, text);
    return true;
}

void ht_cgroup_members_met(struct ht_cgroup_members *members, pid_t pid, struct ht_str text)
{
    if (members->proc_fd < 0 || text.len == 0)
        return;
    if (members->run == 0 || !ht_str_equal(text, ht_buf_str(&members->text))) {
        members->run = 0;
        ht_buf_reset(&members->text);
        ht_buf_add_str(&members->text, text);
    }
    if (++members->run != HT_CGROUP_MEMBERS_RUN || members->failures == FAILURES_MAX)
        return;
    if (!ask(members, pid, ht_buf_str(&members->text))) {
        members->failures++;
        forget(&members->pids);
    }
}
