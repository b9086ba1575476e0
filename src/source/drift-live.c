/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs as they start. What a watch tells of a process may be all that there ever is to know of
 * it: the file is open, so that it can be judged when the process has ended.
 */
#include "drift-inner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "origin-file.h"
#include "proc-node.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/model/code.h"

enum {
    STARTS_MAX = 512, /* taken before requests and the clock are looked at again */
    TEXT_BYTES = 512,
    SOUGHT_MAX = 2048, /* looks for a file in a container, in a second */
    MOUNTS_COST = 32,  /* more such looks, where its mounts are to be read for it */
    JUDGES_MAX = 8,    /* processes that are asked for mounts of one start */
    ID_BYTES = 48
};

#define UNPLACED_NS (INT64_C(60) * HT_NS_PER_S)

/* The file that was opened to be run as number i. */
static bool take_opened(const struct ht_exec_start *start, size_t i, struct ht_origin_ask *ask)
{
    ask->is_watched = true;
    ask->fd = start->files[i].fd;
    ask->path = start->files[i].path;
    return ask->path.len > 0;
}

/* The program itself, or where it was gone too soon the file that was opened to be run: first of
 * all of them. */
static bool take_file(const struct ht_exec_start *start, struct ht_origin_ask *ask)
{
    if (start->exe_fd < 0 || start->exe.len == 0)
        return start->files_len && take_opened(start, 0, ask);
    ask->fd = start->exe_fd;
    ask->path = start->exe;
    return true;
}

static void add_unread(struct ht_drift *drift, const struct ht_exec_start *start,
                       struct ht_code *code)
{
    static const char *const placed[] = {
        [HT_EXEC_BY_CGROUP] = "control group",
        [HT_EXEC_BY_FILE] = "control group: its file tells the container",
        [HT_EXEC_BY_EARLIER] = "control group: what it ran before tells the container",
        [HT_EXEC_BY_SESSION] = "control group: its file and its session tell the container",
    };
    const struct {
        unsigned bit;
        const char *what;
    } parts[] = {{HT_EXEC_NO_EXE, "link of the executable"},
                 {HT_EXEC_NO_ARGV, "command line"},
                 {HT_EXEC_NO_CGROUP, placed[start->placed]},
                 {HT_EXEC_NO_STAT, "parent and start"}};
    struct ht_str *items = ht_arena_array(drift->arena, struct ht_str, ARRAY_LEN(parts));
    size_t len = 0;

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (start->unread & parts[i].bit)
            items[len++] = ht_str_from(parts[i].what);
    }
    if (len)
        ht_code_set_unread(code, (struct ht_text_list){.items = items, .len = len});
}

static void set_id(struct ht_drift *drift, const struct ht_exec_start *start, struct ht_code *code)
{
    ht_code_set_id(
        code, ht_arena_strf(drift->arena, "%.*s:%s:%.*s", HT_STR_ARG(start->cgroup.container_id),
                            ht_enum_name(&ht_code_kind_enum, code->kind), HT_STR_ARG(code->path)));
    ht_code_set_pid(code, (uint64_t)start->pid);
}

/* What the watch told of the process itself. */
static void add_start(struct ht_drift *drift, const struct ht_exec_start *start,
                      struct ht_code *code)
{
    struct ht_arena *arena = drift->arena;

    add_unread(drift, start, code);
    if (!(start->unread & HT_EXEC_NO_ARGV))
        ht_code_set_argv(code, start->argv);
    if (start->unread & HT_EXEC_NO_STAT)
        return;
    ht_code_set_process(
        code, ht_arena_strf(arena, "%d.%llu", (int)start->pid, (unsigned long long)start->start));
    ht_code_set_started_at(code, drift->booted_wall_ns + (int64_t)start->start * drift->tick_ns);
    if (start->tty)
        ht_code_set_tty(code, ht_proc_decode_tty(start->tty, arena));
    ht_drift_add_parents(drift, (uint64_t)start->ppid, code);
}

/* ---- by which process it is judged ---- */

/* Its mounts are asked of a process of its container that lives: of the oldest, of another where
 * that has ended just now, of itself where there is no other. -ESRCH: all of them have ended. */
static int judge_by_any(struct ht_drift *drift, struct ht_layers_entry *home,
                        const struct ht_exec_start *start, struct ht_origin_ask *ask,
                        struct ht_code *code)
{
    size_t tries = 0;
    int r = -ESRCH;

    ask->pid = ask->first = home ? ht_layers_pid(home) : 0;
    if (ask->pid)
        r = ht_origin_judge(drift->origin, ask, drift->arena, code);
    for (size_t i = 0; r == -ESRCH && home && i < drift->len && tries < JUDGES_MAX; i++) {
        if (drift->processes[i].home != home || drift->processes[i].pid == ht_layers_pid(home))
            continue;
        tries++;
        ask->pid = drift->processes[i].pid;
        r = ht_origin_judge(drift->origin, ask, drift->arena, code);
    }
    if (r == -ESRCH && start->pid > 0) {
        ask->pid = start->pid;
        r = ht_origin_judge(drift->origin, ask, drift->arena, code);
    }
    return r;
}

/* ---- a process that is gone, or is about to be ---- */

struct leaving {
    struct ht_drift *drift;
    struct ht_exec_start *start;
    struct ht_layers_entry *home; /* NULL: no process of it was seen yet */
};

/* What was not read of a file that is known is read before its content, or when it turns out not to
 * be the image's. */
static void read_rest(void *context)
{
    struct leaving *leaving = context;

    if (leaving->start->is_known)
        ht_exec_read_stat(leaving->drift->watch, leaving->start);
    leaving->start->is_known = false;
}

static bool is_starting(const struct leaving *leaving, const struct ht_code *code)
{
    const struct ht_exec_start *start = leaving->start;
    const struct ht_drift_starter who = {
        .pid = start->pid,
        .ppid = (uint64_t)start->ppid,
        .comm = ht_str_from(start->comm),
        .container_id = start->cgroup.container_id,
        .is_first = !leaving->home || start->start <= ht_layers_since(leaving->home),
        .origin = code->origin,
        .path = code->path,
    };

    return ht_drift_is_starting(leaving->drift, &who);
}

/* What has an interpreter of its own to run it is a script, as it is where its process is looked
 * at. Its content was read before. */
static void tell_script(const struct ht_origin_ask *ask, struct ht_code *code)
{
    ht_autoclose int fd = ht_code_has_sha256(code) ? ht_file_reopen(ask->fd) : -1;
    char first[2];

    if (fd >= 0 && pread(fd, first, sizeof(first), 0) == sizeof(first) &&
        memcmp(first, "#!", sizeof(first)) == 0)
        ht_code_set_kind(code, HT_CODE_KIND_SCRIPT);
}

static void keep(struct leaving *leaving, const struct ht_origin_ask *ask, struct ht_code *code)
{
    struct ht_drift *drift = leaving->drift;
    struct ht_codes_entry *entry;

    tell_script(ask, code);
    set_id(drift, leaving->start, code);
    if (ht_code_class_of(code->origin) != HT_CODE_CLASS_OWN)
        read_rest(leaving);
    if (is_starting(leaving, code))
        return;
    ht_drift_note_run(drift, leaving->start->pid);
    /* Of the image's own its first start was told. */
    if (!leaving->start->is_known) {
        add_start(drift, leaving->start, code);
        ht_drift_add_before(drift, leaving->home, code);
    }
    entry = ht_codes_start(drift->codes, code, drift->now_wall_ns, drift->seen_by);
    if (entry)
        ht_codes_end(drift->codes, entry, drift->now_wall_ns);
}

/* The program that was judged before all others. */
struct first {
    int fd; /* -1: not known */
    struct ht_str path;
    bool is_told;                 /* by that path */
    struct ht_origin_inode layer; /* where it lies, if that was told */
};

/* Whether a file that was opened is that one. Paths say little: on one may lie one file now and
 * another a moment later. Of an overlay the watch gives the layer's own file. */
static bool is_first(const struct first *first, const struct ht_exec_file *file)
{
    struct stat one, two;

    if (first->fd < 0 || file->fd < 0 || fstat(file->fd, &one) < 0)
        return false;
    if (first->layer.ino && one.st_ino == first->layer.ino && one.st_dev == first->layer.dev)
        return ht_str_equal(file->path, first->path);
    return fstat(first->fd, &two) == 0 && one.st_ino == two.st_ino && one.st_dev == two.st_dev;
}

/* What else it opened to be run: its interpreter and loader, and where it starts one program after
 * another faster than it is read, those. Only what is not the image's is told of them. Returns
 * whether all are the image's, unchanged. */
static bool take_others(struct leaving *leaving, const struct first *first)
{
    struct ht_exec_start *start = leaving->start;
    struct ht_drift *drift = leaving->drift;
    bool all = true;

    for (size_t i = 0; i < start->files_len; i++) {
        struct ht_origin_ask ask = {.container_id = start->cgroup.container_id,
                                    .kind = HT_CODE_KIND_EXECUTABLE,
                                    .reading = read_rest,
                                    .context = leaving};
        struct ht_code code = {0};

        if (is_first(first, &start->files[i]))
            continue;
        if (!take_opened(start, i, &ask)) {
            all = false;
            continue;
        }
        if (judge_by_any(drift, leaving->home, start, &ask, &code) < 0) {
            all = false;
            continue;
        }
        if (code.origin == HT_CODE_ORIGIN_IMAGE)
            ht_drift_note_run(drift, start->pid);
        else
            all = false;
        if (ht_code_class_of(code.origin) != HT_CODE_CLASS_OWN &&
            code.origin != HT_CODE_ORIGIN_HOST &&
            !(first->is_told && ht_str_equal(code.path, first->path)))
            keep(leaving, &ask, &code);
    }
    return all;
}

/* A process that lives, but may have started another program before it could be looked at. */
static void take_replaced(struct ht_drift *drift, const struct ht_drift_process *process,
                          struct ht_exec_start *start)
{
    struct leaving leaving = {.drift = drift, .start = start, .home = process->home};
    const struct first now = {.fd = start->exe_fd, .path = start->exe, .is_told = true};

    /* A known file says nothing new, unless nothing of what runs was told: what it ran before tells
     * who it is. */
    if ((start->is_known && process->codes.len) || start->files_len == 0)
        return;
    ht_arena_reset(drift->arena);
    (void)take_others(&leaving, &now);
}

/* Its file is judged by way of another process of its container. */
static void take_gone(struct ht_drift *drift, struct ht_exec_start *start)
{
    struct leaving leaving = {.drift = drift,
                              .start = start,
                              .home = ht_layers_find(drift->layers, start->cgroup.container_id)};
    struct ht_origin_ask ask = {.container_id = start->cgroup.container_id,
                                .kind = HT_CODE_KIND_EXECUTABLE,
                                .reading = read_rest,
                                .context = &leaving};
    struct ht_origin_inode layer = {0};
    struct ht_code code = {0};
    int r = -ESRCH;

    ht_arena_reset(drift->arena);
    ask.ret_layer = &layer;
    if (take_file(start, &ask))
        r = judge_by_any(drift, leaving.home, start, &ask, &code);
    if (r < 0) {
        ht_drift_add_unplaced(drift, start);
        return;
    }
    if (code.origin != HT_CODE_ORIGIN_HOST)
        keep(&leaving, &ask, &code);

    const struct first first = {.fd = ask.fd,
                                .path = code.path,
                                .is_told = ht_code_class_of(code.origin) != HT_CODE_CLASS_OWN,
                                .layer = layer};
    if (take_others(&leaving, &first) && code.origin == HT_CODE_ORIGIN_IMAGE)
        ht_exec_quiet(drift->watch, start);
}

/* Whatever it is, it may explain what comes after it. */
static void note_start(struct ht_drift *drift, const struct ht_exec_start *start)
{
    struct ht_layers_entry *home = ht_layers_find(drift->layers, start->cgroup.container_id);
    struct ht_layers_start note = {.at = drift->now_wall_ns, .argv = start->argv};

    note.program = start->exe.len     ? start->exe
                   : start->files_len ? start->files[0].path
                                      : (struct ht_str){0};
    if (home && note.program.len)
        ht_layers_started(home, &note);
}

/* ---- whose it was is not known ---- */

void ht_drift_add_unplaced(struct ht_drift *drift, const struct ht_exec_start *start)
{
    struct ht_str path = start->files_len ? start->files[0].path : start->exe;

    drift->unplaced++;
    if (path.len)
        snprintf(drift->unplaced_path, sizeof(drift->unplaced_path), "%.*s", HT_STR_ARG(path));
}

void ht_drift_tell_unplaced(struct ht_drift *drift)
{
    int64_t now = ht_clock_mono(drift->feed->clock), wall = ht_clock_wall(drift->feed->clock);
    ht_autobuf struct ht_buf text = HT_BUF(TEXT_BYTES);
    struct ht_event event = {0};
    char id[ID_BYTES];

    if (drift->unplaced == 0 || (drift->unplaced_ns && now - drift->unplaced_ns < UNPLACED_NS))
        return;
    snprintf(id, sizeof(id), "unplaced-%020lld", (long long)wall);
    if (drift->unplaced == 1)
        ht_buf_addf(&text, "a program started and ended before it could be looked at");
    else
        ht_buf_addf(&text, "%llu programs started and ended before they could be looked at",
                    (unsigned long long)drift->unplaced);
    if (*drift->unplaced_path)
        ht_buf_addf(&text, "%s%s", drift->unplaced == 1 ? ": " : ", one: ", drift->unplaced_path);
    ht_event_set_id(&event, ht_str_from(id));
    ht_event_set_at(&event, wall);
    ht_event_set_kind(&event, HT_EVENT_KIND_PROCESS_EXEC);
    ht_event_set_text(&event, ht_buf_str(&text));
    ht_event_set_source(&event, HT_S("drift"));
    drift->feed->event(drift->feed, ht_row_new(&ht_event_table, &event));
    drift->unplaced = 0;
    drift->unplaced_ns = now;
    *drift->unplaced_path = '\0';
}

struct written {
    struct ht_drift *drift;
    const struct ht_exec_file *file;
};

/* The writable directory of a container: its layer tells it, or its mounts do, which are dear. */
static struct ht_str upper_of(struct ht_drift *drift, const struct ht_layers_entry *home)
{
    struct ht_origin_layers layers;
    struct ht_str upper;
    pid_t pid = ht_layers_pid(home);

    if (ht_layers_upper(home, &upper))
        return upper;
    drift->sought += MOUNTS_COST;
    if (pid && ht_origin_find_layers(drift->origin, pid, ht_layers_id(home), &layers) == 0)
        return layers.upper;
    return (struct ht_str){0};
}

static bool has_written(void *context, const struct ht_layers_entry *home)
{
    const struct written *written = context;
    struct ht_drift *drift = written->drift;

    if (drift->sought >= SOUGHT_MAX)
        return false;
    drift->sought++;
    return ht_origin_is_written(drift->origin, upper_of(drift, home), written->file->path,
                                written->file->fd);
}

/* A container has that very file in its writable directory. It is looked for as often as it is
 * worth the time: most starts that nobody could look at are the node's. */
static bool find_home(struct ht_drift *drift, struct ht_exec_start *start)
{
    int64_t second = ht_clock_mono(drift->feed->clock) / HT_NS_PER_S;

    if (second != drift->sought_s)
        drift->sought = 0;
    drift->sought_s = second;
    for (size_t i = 0; i < start->files_len && drift->sought < SOUGHT_MAX; i++) {
        struct written written = {.drift = drift, .file = &start->files[i]};
        const struct ht_layers_entry *home;

        if (written.file->is_node || written.file->path.len == 0)
            continue;
        home = ht_layers_first(drift->layers, has_written, &written);
        if (!home)
            continue;
        ht_exec_place(drift->watch, start, written.file, ht_layers_id(home));
        return true;
    }
    return false;
}

/* ---- all of them ---- */

static void take_start(struct ht_drift *drift, struct ht_exec_start *start)
{
    struct ht_drift_process *process;

    ht_drift_forget_parent(drift, start->pid);
    if ((start->unread & HT_EXEC_NO_CGROUP) && start->placed == HT_EXEC_BY_CGROUP &&
        !find_home(drift, start) && start->pid > 0)
        ht_drift_add_unplaced(drift, start);
    if (start->cgroup.sure != HT_CGROUP_CERTAIN || start->cgroup.container_id.len == 0)
        return;
    drift->now_ns = ht_clock_mono(drift->feed->clock);
    drift->now_wall_ns = ht_clock_wall(drift->feed->clock);
    drift->now_boot_ns = ht_proc_since_boot();
    drift->seen_by = start->by_fanotify ? "fanotify" : "exec-events";
    note_start(drift, start);
    process = ht_proc_crowd_find(&drift->all, start->pid);
    /* Of a file that nobody asks about; but one that is listed may have been told to run a script
     * or to load something, and what it ran before has ended. */
    if (start->is_quiet && !process) {
        ht_drift_note_run(drift, start->pid);
        return;
    }
    /* One that is listed runs something else now; one that is not yet will be, if it lives. */
    if (process && ht_drift_scout(drift, process) && process->home &&
        ht_drift_judge(drift, process, start)) {
        process->schedule.due_ns = 0;
        take_replaced(drift, process, start);
        return;
    }
    if (!start->is_quiet)
        take_gone(drift, start);
}

bool ht_drift_take_starts(struct ht_drift *drift)
{
    struct ht_exec_start start;
    size_t taken = 0;

    while (taken < STARTS_MAX && ht_exec_next(drift->watch, &start)) {
        take_start(drift, &start);
        taken++;
    }
    ht_drift_tell_unplaced(drift);
    return taken > 0;
}
