/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts together what fanotify and the process connector tell of one start. */
#include "exec-watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec-private.h"
#include "proc-read.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum {
    ARENA_BYTES = 4 * 1024 * 1024, /* of one start */
    CGROUP_BYTES = 64 * 1024,
    ROUNDS_MAX = 64, /* readings of fanotify before the connector has its turn */
    NAME_BYTES = 64,
    /* Command lines of programs that nobody asks about, of one container in a second; what is told
     * of a container is less. */
    ARGV_MAX = 32,
};

/* A file was opened to be run. The start follows within this time, or it failed (no right to run
 * it, no such format), or the connector is not there. */
#define WAITING_NS (INT64_C(100) * HT_NS_PER_MS)
#define ALONE_NS   (INT64_C(20) * HT_NS_PER_MS)

/* What nobody asks about is given in full so often nevertheless. */
#define QUIET_NS (INT64_C(20) * HT_NS_PER_S)

/* Files that no start belongs to wait in the kernel so long at most. */
#define DRAIN_NS (INT64_C(1) * HT_NS_PER_S)

/* ---- beginning and end ---- */

struct ht_exec *ht_exec_new(const struct ht_exec_options *options)
{
    struct ht_exec *watch = ht_new0(struct ht_exec);
    struct ht_error err = {0};

    watch->clock = options->clock;
    watch->connector.fd = -1;
    watch->fanotify.fd = -1;
    watch->files_wait = watch->events_wait = true;
    watch->given_exe = watch->own_fd = -1;
    watch->arena = ht_arena_new(ARENA_BYTES);
    ht_exec_places_init(&watch->places);
    ht_exec_learn_node(&watch->places, ht_exec_mount_of(AT_FDCWD, "/proc/1/root"));
    ht_buf_init(&watch->given.cgroup, CGROUP_BYTES);
    ht_buf_init(&watch->decoded, CGROUP_BYTES);
    ht_buf_init(&watch->leader, CGROUP_BYTES);
    for (size_t i = 0; i < HT_EXEC_WAITING_MAX; i++)
        ht_buf_init(&watch->waiting[i].cgroup, CGROUP_BYTES);
    watch->has_reader = ht_proc_reader_init(&watch->reader, "/proc", &err) == 0;
    if (!watch->has_reader) {
        snprintf(watch->connector_why, HT_EXEC_DETAIL_BYTES, "%.200s", err.text);
        snprintf(watch->fanotify_why, HT_EXEC_DETAIL_BYTES, "%.200s", err.text);
        return watch;
    }
    watch->own_fd = openat(watch->reader.proc_fd, "self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (options->no_connector)
        snprintf(watch->connector_why, HT_EXEC_DETAIL_BYTES, "left out");
    else if (ht_connector_open(&watch->connector, &err) < 0)
        snprintf(watch->connector_why, HT_EXEC_DETAIL_BYTES, "%.200s", err.text);
    if (options->no_fanotify)
        snprintf(watch->fanotify_why, HT_EXEC_DETAIL_BYTES, "left out");
    else if (ht_fanotify_open(&watch->fanotify, &err) < 0)
        snprintf(watch->fanotify_why, HT_EXEC_DETAIL_BYTES, "%.200s", err.text);
    return watch;
}

static void close_files(struct ht_exec_waiting *waiting)
{
    for (size_t i = 0; i < waiting->len; i++)
        ht_cleanup_close(&waiting->files[i].fd);
    waiting->len = 0;
    waiting->pid = 0;
    waiting->is_cut = false;
    waiting->stat.at_ns = 0;
    waiting->home = 0;
    ht_buf_reset(&waiting->cgroup);
}

struct ht_exec *ht_exec_free(struct ht_exec *watch)
{
    if (!watch)
        return NULL;
    for (size_t i = 0; i < HT_EXEC_WAITING_MAX; i++) {
        close_files(&watch->waiting[i]);
        ht_buf_fini(&watch->waiting[i].cgroup);
    }
    close_files(&watch->given);
    ht_buf_fini(&watch->given.cgroup);
    ht_buf_fini(&watch->decoded);
    ht_buf_fini(&watch->leader);
    ht_cleanup_close(&watch->own_fd);
    ht_cleanup_close(&watch->given_exe);
    ht_connector_close(&watch->connector);
    ht_fanotify_close(&watch->fanotify);
    if (watch->has_reader)
        ht_proc_reader_fini(&watch->reader);
    ht_exec_seen_fini(&watch->seen);
    ht_exec_places_fini(&watch->places);
    ht_arena_free(watch->arena);
    free(watch);
    return NULL;
}

int ht_exec_mark(struct ht_exec *watch, const char *path, struct ht_error *err)
{
    int r = ht_fanotify_mark(&watch->fanotify, path, err);

    /* Others than containers see files there too. */
    if (r == 0)
        ht_exec_learn_node(&watch->places, ht_exec_mount_of(AT_FDCWD, path));
    return r;
}

void ht_exec_mark_usual(struct ht_exec *watch)
{
    static const char *const places[] = {
        "/var/lib/docker",  "/var/lib/containerd", "/var/lib/containers", "/var/lib/kubelet",
        "/var/lib/rancher", "/var/lib/k0s",        "/var/snap/microk8s",  "/var/lib/buildkit",
        "/run/containerd",  "/run/containers",
    };
    char path[NAME_BYTES + NAME_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        /* The node's own, also when we live in a container ourselves. */
        snprintf(path, sizeof(path), "/proc/1/root%s", places[i]);
        if (ht_exec_mark(watch, path, NULL) < 0)
            (void)ht_exec_mark(watch, places[i], NULL);
    }
}

size_t ht_exec_fds(const struct ht_exec *watch, struct pollfd fds[HT_EXEC_FDS])
{
    /* The files of what the connector tells were told before: they wake nobody up again. */
    int fd = watch->connector.fd >= 0 ? watch->connector.fd : watch->fanotify.fd;

    if (fd < 0)
        return 0;
    fds[0] = (struct pollfd){.fd = fd, .events = POLLIN};
    return 1;
}

void ht_exec_polled(struct ht_exec *watch, const struct pollfd *fds, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (fds[i].revents == 0)
            continue;
        if (fds[i].fd == watch->connector.fd)
            watch->events_wait = true;
        if (fds[i].fd == watch->connector.fd || fds[i].fd == watch->fanotify.fd)
            watch->files_wait = true;
    }
}

void ht_exec_ask(struct ht_exec *watch)
{
    watch->events_wait = watch->files_wait = true;
    watch->connector.is_alone = false;
}

/* ---- starts of which more may be told ---- */

static int64_t patience(const struct ht_exec *watch)
{
    return watch->connector.fd >= 0 ? WAITING_NS : ALONE_NS;
}

int64_t ht_exec_due(const struct ht_exec *watch)
{
    if (!watch->has_reader)
        return INT64_MAX;
    if (watch->connector.at < watch->connector.len || watch->files_wait || watch->events_wait)
        return 0;
    if (watch->waiting_len == 0)
        return INT64_MAX;
    return watch->waiting[0].since_ns + patience(watch);
}

static struct ht_exec_waiting *find_waiting(struct ht_exec *watch, pid_t pid)
{
    for (size_t i = watch->waiting_len; i > 0; i--) {
        if (watch->waiting[i - 1].pid == pid)
            return &watch->waiting[i - 1];
    }
    return NULL;
}

/* Takes a start out of those that wait, to be given. */
static void take_waiting(struct ht_exec *watch, struct ht_exec_waiting *waiting)
{
    struct ht_exec_waiting empty = watch->given;
    size_t at = (size_t)(waiting - watch->waiting);

    watch->given = *waiting;
    memmove(waiting, waiting + 1, (watch->waiting_len - at - 1) * sizeof(*waiting));
    watch->waiting[--watch->waiting_len] = empty;
}

/* ---- files ---- */

static bool look_at_file(struct ht_exec *watch, int fd, struct ht_exec_opened *ret_opened)
{
    const char *home;

    *ret_opened = (struct ht_exec_opened){.fd = fd};
    if (!ht_exec_look(fd, "", &ret_opened->key))
        return false;
    home = ht_exec_home_of_mount(&watch->places, ret_opened->key.mount);
    if (home && *home)
        ret_opened->key.home = ht_exec_hash_of_home(ht_str_from(home));
    return true;
}

static const struct ht_exec_seen_file *quiet_of(struct ht_exec *watch,
                                                const struct ht_exec_opened *file)
{
    return ht_exec_seen_quiet(&watch->seen, &file->key, watch->now_ns);
}

static void add_file(struct ht_exec *watch, const struct ht_fanotify_event *event)
{
    struct ht_exec_waiting *waiting = event->pid ? find_waiting(watch, event->pid) : NULL;
    struct ht_exec_opened file = {.fd = -1};

    if (!waiting) {
        waiting = &watch->waiting[watch->waiting_len++];
        waiting->pid = event->pid;
        waiting->since_ns = watch->now_ns;
        waiting->is_quiet = true;
    }
    if (waiting->len == HT_EXEC_FILES_MAX) {
        waiting->is_cut = true;
        watch->cut_files++;
    }
    if (waiting->is_cut || !look_at_file(watch, event->fd, &file) || !quiet_of(watch, &file)) {
        waiting->is_quiet = false;
        if (waiting->cgroup.len == 0 && !ht_exec_is_of_session(watch, waiting, &file.key))
            ht_exec_read_cgroup(&watch->reader, event->pid, &waiting->cgroup);
    }
    if (waiting->is_cut)
        close(event->fd);
    else
        waiting->files[waiting->len++] = file;
}

/* ---- what is given ---- */

/* What only might be a container's is judged as the node's. */
static bool is_contained(const struct ht_exec_start *start)
{
    return start->cgroup.sure == HT_CGROUP_CERTAIN && start->cgroup.container_id.len > 0;
}

/* "NUMBER" or "NUMBER/exe", without the price of snprintf: it is made some times for each start. */
static const char *name_of(char name[NAME_BYTES], int number, const char *rest)
{
    char digits[16];
    size_t len = 0, at = 0;

    for (unsigned left = (unsigned)number; len == 0 || left; left /= 10)
        digits[len++] = (char)('0' + left % 10);
    while (len)
        name[at++] = digits[--len];
    memccpy(name + at, rest, '\0', NAME_BYTES - at - 1);
    return name;
}

/* The target of a link below dirfd; empty: it cannot be read. */
static struct ht_str link_of(struct ht_exec *watch, int dirfd, const char *name)
{
    char target[PATH_MAX + NAME_BYTES];
    ssize_t len = readlinkat(dirfd, name, target, sizeof(target));

    if (len <= 0)
        return (struct ht_str){0};
    return ht_arena_str(watch->arena, (struct ht_str){.data = target, .len = (size_t)len});
}

static void read_exe(struct ht_exec *watch, struct ht_exec_start *start)
{
    char name[NAME_BYTES];
    int dirfd = watch->reader.proc_fd;

    /* Opened first: the descriptor keeps what runs, whatever becomes of the process. A file that
     * was opened to be run is another where that start failed, or the path led elsewhere since. */
    name_of(name, start->pid, "/exe");
    /* Of the node's own its files do. */
    if (start->files_len == 0 || (start->unread & HT_EXEC_NO_CGROUP) || is_contained(start)) {
        watch->given_exe = openat(dirfd, name, O_PATH | O_CLOEXEC);
        dirfd = watch->own_fd;
        name_of(name, watch->given_exe, "");
    }
    start->exe_fd = watch->given_exe;
    start->exe = link_of(watch, dirfd, name);
    if (start->exe.len == 0)
        start->unread |= HT_EXEC_NO_EXE;
}

/* Whether all of its files were given of that container before; they are remembered. */
static bool was_seen(struct ht_exec *watch, const struct ht_exec_start *start)
{
    uint64_t home = ht_exec_hash_of_home(start->cgroup.container_id);
    bool all = !watch->given.is_cut;

    if (watch->given.len == 0) {
        struct ht_exec_key exe;

        if (start->exe_fd < 0 || !ht_exec_look(start->exe_fd, "", &exe))
            return false;
        exe.home = home;
        return ht_exec_seen_before(&watch->seen, &exe);
    }
    for (size_t i = 0; i < watch->given.len; i++) {
        watch->given.files[i].key.home = home;
        all = ht_exec_seen_before(&watch->seen, &watch->given.files[i].key) && all;
    }
    return all;
}

void ht_exec_quiet(struct ht_exec *watch, const struct ht_exec_start *start)
{
    struct ht_exec_mute mute = {.until_ns = ht_clock_mono(watch->clock) + QUIET_NS};
    struct ht_exec_key exe;

    /* What it opened beyond these was not judged. */
    if (watch->given.is_cut)
        return;
    if (start->exe_fd >= 0 && ht_exec_look(start->exe_fd, "", &exe))
        mute.exe = &exe;
    for (size_t i = 0; i < start->files_len; i++) {
        const struct ht_exec_key *key = &watch->given.files[i].key;
        const char *home = ht_exec_home_of_mount(&watch->places, key->mount);

        mute.path = start->files[i].path;
        if (home && *home && ht_str_is(start->cgroup.container_id, home) && mute.path.len)
            ht_exec_seen_mute(&watch->seen, key, &mute);
    }
}

static void take_stat(const struct ht_exec_stat *stat, struct ht_exec_start *start)
{
    start->start = stat->start;
    start->ppid = stat->ppid;
    start->tty = stat->tty;
    memcpy(start->comm, stat->comm, sizeof(start->comm));
    start->unread &= ~(unsigned)HT_EXEC_NO_STAT;
}

void ht_exec_read_stat(struct ht_exec *watch, struct ht_exec_start *start)
{
    if (start->pid <= 0 || !(start->unread & HT_EXEC_NO_STAT) ||
        !ht_exec_look_at_stat(watch, start->pid, &watch->given.stat))
        return;
    take_stat(&watch->given.stat, start);
}

static void read_argv(struct ht_exec *watch, struct ht_exec_start *start)
{
    struct ht_process process = {0};

    ht_proc_read_argv(&watch->reader, start->pid, watch->arena, &process);
    if (!ht_process_has_argv(&process) || process.argv.len == 0)
        return;
    start->argv = process.argv;
    start->unread &= ~(unsigned)HT_EXEC_NO_ARGV;
}

/* Most starts are in the groups of the one before. Whose a group is that may be a user's is asked
 * each time: it may have been made anew since under the same name. */
static const struct ht_cgroup_facts *decode_cgroup(struct ht_exec *watch)
{
    struct ht_str text = ht_buf_str(&watch->given.cgroup);

    if (watch->decoded_facts.delegable || !ht_str_equal(text, ht_buf_str(&watch->decoded))) {
        ht_buf_reset(&watch->decoded);
        ht_buf_add_str(&watch->decoded, text);
        ht_proc_decode_cgroup(&watch->reader, ht_buf_str(&watch->decoded), &watch->decoded_facts);
    }
    return &watch->decoded_facts;
}

/* A group that a user may have called so says nothing of what is not apart from the node; nor, when
 * the process has ended, whether it was. */
static void doubt_users(struct ht_exec *watch, struct ht_exec_start *start)
{
    if (ht_proc_is_contained(&watch->reader, start->pid, &start->cgroup))
        return;
    if (ht_exec_is_ending(&watch->reader, start->pid))
        start->unread |= HT_EXEC_NO_CGROUP;
    start->cgroup.container_id = (struct ht_str){0};
    start->cgroup.sure = HT_CGROUP_NONE;
}

static void take_cgroup(struct ht_exec *watch, struct ht_exec_start *start)
{
    start->unread &= ~(unsigned)HT_EXEC_NO_CGROUP;
    if (watch->given.cgroup.len == 0)
        ht_exec_read_cgroup(&watch->reader, start->pid, &watch->given.cgroup);
    if (watch->given.cgroup.len)
        start->cgroup = *decode_cgroup(watch);
    else
        start->unread |= HT_EXEC_NO_CGROUP;
    if (is_contained(start) && start->cgroup.users)
        doubt_users(watch, start);
}

static void take_files(struct ht_exec *watch, struct ht_exec_start *start)
{
    char name[NAME_BYTES];

    for (size_t i = 0; i < watch->given.len; i++) {
        struct ht_exec_file *file = &start->files[start->files_len++];

        file->fd = watch->given.files[i].fd;
        file->path = link_of(watch, watch->own_fd, name_of(name, file->fd, ""));
    }
}

static void set_home(struct ht_exec *watch, struct ht_exec_start *start, struct ht_str id,
                     enum ht_exec_placed placed)
{
    start->cgroup.container_id = ht_arena_str(watch->arena, id);
    start->cgroup.sure = HT_CGROUP_CERTAIN;
    start->placed = placed;
}

/* By what was told of others, of a start whose cgroup could not be read. */
static void place(struct ht_exec *watch, struct ht_exec_start *start)
{
    struct ht_str home;

    for (size_t i = 0; i < start->files_len; i++) {
        struct ht_exec_file *file = &start->files[i];
        const char *of = ht_exec_home_of_mount(&watch->places, watch->given.files[i].key.mount);

        if (of && *of) {
            set_home(watch, start, ht_str_from(of), HT_EXEC_BY_FILE);
            return;
        }
        file->is_node = of != NULL;
    }
    home = ht_exec_home_of_pid(&watch->places, start->pid, watch->now_ns);
    if (home.len)
        set_home(watch, start, home, HT_EXEC_BY_EARLIER);
    else if (start->pid > 0)
        watch->unplaced++;
}

void ht_exec_place(struct ht_exec *watch, struct ht_exec_start *start,
                   const struct ht_exec_file *file, struct ht_str container_id)
{
    set_home(watch, start, container_id, HT_EXEC_BY_FILE);
    ht_exec_learn_mount(&watch->places, ht_exec_mount_of(file->fd, ""), container_id,
                        ht_clock_mono(watch->clock));
    if (start->pid > 0)
        watch->unplaced--;
}

/* Whether its number was given to another process since, whose the cgroup then is. */
static bool is_another(struct ht_exec *watch, const struct ht_exec_start *start)
{
    struct ht_proc_stat stat;
    bool gone;

    return ht_proc_decode_stat(ht_proc_read_file(&watch->reader, start->pid, "stat", &gone),
                               &stat) == 0 &&
           ht_exec_is_later(stat.start, start->at_mono_ns);
}

/* What its cgroup told is known of its files' mounts, and of what it starts next. */
static void learn(struct ht_exec *watch, const struct ht_exec_start *start)
{
    struct ht_str home = start->cgroup.container_id;
    bool was_asked = false;

    /* What only might be a container's tells nothing. */
    if (home.len && !is_contained(start))
        return;
    for (size_t i = 0; i < watch->given.len; i++) {
        uint64_t mount = watch->given.files[i].key.mount;
        const char *known = ht_exec_home_of_mount(&watch->places, mount);

        if (known ? *known == '\0' || ht_str_is(home, known) : home.len == 0)
            continue;
        /* Seldom: it is news. */
        if (!was_asked && is_another(watch, start))
            return;
        was_asked = true;
        ht_exec_learn_mount(&watch->places, mount, home, watch->now_ns);
    }
    if (home.len)
        ht_exec_learn_pid(&watch->places, start->pid, home, watch->now_ns);
}

/* Whether a command line may be read of a program of that container that nobody asks about. */
static bool may_read_argv(struct ht_exec *watch, uint64_t home, int64_t second)
{
    size_t at = home & (HT_EXEC_ARGV_HOMES - 1);

    if (watch->argv[at].second != second)
        watch->argv[at].len = 0;
    watch->argv[at].second = second;
    return watch->argv[at].len++ < ARGV_MAX;
}

/* Names its files. False: it is to be given in full, for one of them is somebody's concern, or what
 * runs (NULL: not known) is none of what ran by them. */
static bool take_quiet(struct ht_exec *watch, const struct ht_exec_key *exe,
                       struct ht_exec_start *start)
{
    const struct ht_exec_opened *files = watch->given.files;
    bool is_one = exe == NULL;

    for (size_t i = 0; i < watch->given.len; i++) {
        const struct ht_exec_seen_file *seen = quiet_of(watch, &files[i]);

        if (!seen || files[i].key.home != files[0].key.home)
            return false;
        is_one = is_one || ht_exec_key_is(exe, &seen->exe);
        start->files[i] = (struct ht_exec_file){
            .fd = files[i].fd,
            .path = ht_arena_text(watch->arena, seen->path),
        };
    }
    start->files_len = is_one ? watch->given.len : 0;
    return is_one;
}

/* Of a start whose files nobody asks about. It may have failed, and the next have been of a file
 * that nobody is told of: by which name that goes is for whoever has mounts of its own to choose,
 * so that the file itself is looked at. */
static bool give_quiet(struct ht_exec *watch, const struct ht_connector_event *event,
                       struct ht_exec_start *start)
{
    const struct ht_exec_key *first = &watch->given.files[0].key;
    const char *home = ht_exec_home_of_mount(&watch->places, first->mount);
    char name[NAME_BYTES];
    struct ht_exec_key exe;
    bool lives;

    if (!home || !*home || first->home != ht_exec_hash_of_home(ht_str_from(home)))
        return false;
    lives = event && ht_exec_look(watch->reader.proc_fd, name_of(name, start->pid, "/exe"), &exe);
    if (!take_quiet(watch, lives ? &exe : NULL, start))
        return false;
    start->is_quiet = start->is_known = true;
    start->unread = HT_EXEC_NO_EXE | HT_EXEC_NO_ARGV | HT_EXEC_NO_CGROUP | HT_EXEC_NO_STAT;
    set_home(watch, start, ht_str_from(home), HT_EXEC_BY_FILE);
    if (lives && may_read_argv(watch, first->home, start->at_mono_ns / HT_NS_PER_S))
        read_argv(watch, start);
    return true;
}

/* Whose it is was told by its session: what was read for that is told of it. */
static bool take_session(struct ht_exec *watch, struct ht_exec_start *start)
{
    const char *home = ht_exec_home_of_session(watch, start);

    if (!home)
        return false;
    set_home(watch, start, ht_str_from(home), HT_EXEC_BY_SESSION);
    start->unread |= HT_EXEC_NO_CGROUP;
    ht_exec_learn_pid(&watch->places, start->pid, start->cgroup.container_id, watch->now_ns);
    return true;
}

/* Of a program of a container. What was read before the program ran tells another name. */
static void take_process(struct ht_exec *watch, struct ht_exec_start *start)
{
    const struct ht_exec_stat *stat = &watch->given.stat;

    start->is_known = was_seen(watch, start);
    if (stat->at_ns && (!start->by_connector || stat->at_ns >= start->at_mono_ns))
        take_stat(stat, start);
    if (!start->is_known)
        ht_exec_read_stat(watch, start);
    read_argv(watch, start);
    ht_exec_tell_session(watch, start);
}

static void give_in_full(struct ht_exec *watch, const struct ht_connector_event *event,
                         struct ht_exec_start *start)
{
    /* What runs is read first, for it goes first; but whose it is may have been told before. */
    bool by_session = take_session(watch, start), known = by_session || watch->given.cgroup.len > 0;

    if (known && !by_session)
        take_cgroup(watch, start);
    bool wanted = !known || is_contained(start) || (start->unread & HT_EXEC_NO_CGROUP);
    if (wanted)
        take_files(watch, start);
    if (!known)
        start->unread |= HT_EXEC_NO_CGROUP;
    if (event && start->pid > 0 && wanted)
        read_exe(watch, start);
    else
        start->unread |= HT_EXEC_NO_EXE;
    if (!known)
        take_cgroup(watch, start);
    if (!(start->unread & HT_EXEC_NO_CGROUP))
        learn(watch, start);
    else if (!by_session)
        place(watch, start);
    if (start->pid > 0 && is_contained(start))
        take_process(watch, start);
}

static void give(struct ht_exec *watch, const struct ht_connector_event *event,
                 struct ht_exec_start *ret_start)
{
    /* Read is what was read: whoever places it later has read neither. */
    *ret_start = (struct ht_exec_start){
        .pid = watch->given.pid, .unread = HT_EXEC_NO_ARGV | HT_EXEC_NO_STAT, .exe_fd = -1};
    ret_start->by_fanotify = watch->given.len > 0;
    ret_start->by_connector = event != NULL;
    ret_start->at_mono_ns = event ? event->at_mono_ns : watch->given.since_ns;
    if (watch->given.len && watch->given.is_quiet && give_quiet(watch, event, ret_start))
        return;
    give_in_full(watch, event, ret_start);
}

/* What waits in fanotify belongs before what the connector told already. */
static void drain_files(struct ht_exec *watch)
{
    struct ht_fanotify_event events[HT_FANOTIFY_BATCH];

    for (size_t round = 0; round < ROUNDS_MAX; round++) {
        /* Each event may need a place of its own. */
        if (HT_EXEC_WAITING_MAX - watch->waiting_len < HT_FANOTIFY_BATCH)
            return;
        size_t len = ht_fanotify_read(&watch->fanotify, events);

        for (size_t i = 0; i < len; i++)
            add_file(watch, &events[i]);
        if (!watch->fanotify.more)
            break;
    }
    watch->files_wait = watch->fanotify.more;
    watch->is_drained = true;
    watch->drained_ns = watch->now_ns;
}

/* Brings the next of the batch whose files are all here to its head. False: there is none. */
static bool has_ready(struct ht_exec *watch)
{
    struct ht_connector *connector = &watch->connector;

    if (connector->at == connector->len)
        return false;
    if (watch->is_drained)
        return true;
    for (size_t i = connector->at; i < connector->len; i++) {
        if (find_waiting(watch, connector->batch[i].tgid)) {
            struct ht_connector_event event = connector->batch[i];

            memmove(connector->batch + connector->at + 1, connector->batch + connector->at,
                    (i - connector->at) * sizeof(event));
            connector->batch[connector->at] = event;
            return true;
        }
    }
    return false;
}

static void forget_given(struct ht_exec *watch)
{
    close_files(&watch->given);
    ht_cleanup_close(&watch->given_exe);
    watch->given_exe = -1;
    ht_arena_reset(watch->arena);
}

/* A start of which no more came in time, or for which there is no more room. */
static bool give_overdue(struct ht_exec *watch, struct ht_exec_start *ret_start)
{
    if (watch->waiting_len == 0 ||
        (watch->is_drained && watch->waiting[0].since_ns + patience(watch) > watch->now_ns))
        return false;
    take_waiting(watch, &watch->waiting[0]);
    give(watch, NULL, ret_start);
    return true;
}

bool ht_exec_next(struct ht_exec *watch, struct ht_exec_start *ret_start)
{
    struct ht_connector *connector = &watch->connector;

    forget_given(watch);
    if (!watch->has_reader)
        return false;
    watch->now_ns = ht_clock_mono(watch->clock);
    if (connector->at == connector->len) {
        if (watch->now_ns - watch->drained_ns >= DRAIN_NS)
            watch->files_wait = true;
        watch->is_drained = !watch->files_wait;
        if (watch->events_wait) {
            ht_connector_read(connector, watch->now_ns);
            watch->events_wait = connector->more;
            watch->is_drained = connector->len == 0 && watch->is_drained;
        }
    }
    if (!watch->is_drained)
        drain_files(watch);
    if (has_ready(watch)) {
        const struct ht_connector_event *event = &connector->batch[connector->at++];
        struct ht_exec_waiting *waiting = find_waiting(watch, event->tgid);

        if (waiting)
            take_waiting(watch, waiting);
        watch->given.pid = event->tgid;
        give(watch, event, ret_start);
        return true;
    }
    return give_overdue(watch, ret_start);
}
