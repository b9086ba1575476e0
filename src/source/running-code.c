/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One pass over the process table. What most processes need is small: their mappings, and a look
 * into the table of files that were judged already. Everything else (unit, packages, sockets) is
 * asked of the few that run old code.
 */
#include "running-code.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "proc-decode.h"
#include "proc-node.h"
#include "proc-read.h"
#include "running-listens.h"
#include "running-mapped.h"
#include "running-owners.h"
#include "running-reach.h"
#include "running-script.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"

enum {
    FILE_BYTES = 8 * 1024 * 1024,
    LINK_BYTES = 8192,
    FILES_MAX = 50,        /* of one process */
    SCRIPTS_MAX = 20,      /* scripts and jars of one process */
    QUESTIONS_MAX = 10000, /* different files in one pass */
    LIKELY_BYTES = 256,    /* of a path that is compared before it is looked up */
};

struct ht_running {
    int proc_fd;
    struct ht_root root;
    struct ht_mapped mapped;
    struct ht_buf text, link, path;
    struct ht_known_owners *owners;
    const char *records;         /* whose packages are told, "dpkg"; NULL: nobody's */
    struct ht_pkg_inputs upkeep; /* what an update leaves otherwise, as the last look began */
};

/* What is written within this time of a start was there before it. */
#define SLACK_NS (2 * HT_NS_PER_S)

/* One file that is mapped, judged once a pass. */
struct judged {
    struct ht_mapping mapping; /* what was judged; no path: too long to be kept */
    struct judged *after;      /* what was mapped behind it the last time */
    struct judged *as_program; /* where it is old as a program alone */
    struct ht_str path;        /* plain; of an old one */
    bool known_program; /* the node's, at its place, and started by a process that was looked at */
    bool old;
    bool gone; /* nothing is at its path now */
    int64_t replaced_at;
    struct ht_str package;
};

/* A process that runs old code. */
struct suspect {
    pid_t pid;
    struct ht_vec files; /* struct judged *, borrowed */
    size_t cut;
    struct judged *exe; /* if that is old */
    bool scripted;      /* nothing but scripts is */
};

struct looking {
    struct ht_running *running;
    struct ht_node *sample;
    struct ht_arena *arena;
    struct ht_map *files;   /* raw path and inode to struct judged * */
    struct judged *first;   /* what was mapped first in the process before */
    struct ht_vec judged;   /* the old ones, struct judged * */
    struct ht_vec suspects; /* struct suspect *, owned */
    struct ht_running_sum sum;
    struct ht_reach reach;
    struct ht_proc_node node;
    bool among_kernels; /* the process before was a thread of the kernel's */
};

int ht_running_new(const struct ht_running_places *places, struct ht_running **ret_running,
                   struct ht_error *err)
{
    struct ht_running *running = ht_new0(struct ht_running);
    int code;

    running->root.fd = -1;
    running->owners = ht_known_owners_new(&running->root, places->cache);
    ht_buf_init(&running->text, FILE_BYTES);
    ht_buf_init(&running->link, LINK_BYTES);
    ht_buf_init(&running->path, LINK_BYTES);
    running->proc_fd = ht_proc_open_table(places->proc, err);
    code =
        running->proc_fd < 0 ? running->proc_fd : ht_root_open(&running->root, places->root, err);
    running->mapped = (struct ht_mapped)HT_MAPPED(running->proc_fd);
    if (code < 0) {
        ht_running_free(running);
        return code;
    }
    *ret_running = running;
    return 0;
}

struct ht_running *ht_running_free(struct ht_running *running)
{
    if (!running)
        return NULL;
    ht_cleanup_close(&running->proc_fd);
    ht_known_owners_free(running->owners);
    ht_root_close(&running->root);
    ht_pkg_inputs_fini(&running->upkeep);
    ht_mapped_fini(&running->mapped);
    ht_buf_fini(&running->text);
    ht_buf_fini(&running->link);
    ht_buf_fini(&running->path);
    free(running);
    return NULL;
}

/* ---- small reads ---- */

static struct ht_str read_link_at(struct ht_running *running, const char *name)
{
    size_t room;

    ht_buf_reset(&running->link);
    char *target = ht_buf_room(&running->link, LINK_BYTES - 1, &room);
    ssize_t len = readlinkat(running->proc_fd, name, target, room);
    if (len < 0)
        return (struct ht_str){0};
    ht_buf_grow(&running->link, (size_t)len);
    return ht_buf_str(&running->link);
}

static struct ht_str read_file(struct ht_running *running, pid_t pid, const char *file)
{
    char name[HT_PROC_NAME_MAX];

    int code = ht_read_at(running->proc_fd, ht_proc_name(name, pid, file), &running->text,
                          FILE_BYTES, NULL);
    /* The beginning of what is too long still tells. */
    return code < 0 && code != -EFBIG ? (struct ht_str){0} : ht_buf_str(&running->text);
}

/* ---- one file ---- */

/* 0 or -errno; -EXDEV: it lies where a look could hang. */
static int stat_mapped(struct looking *looking, struct ht_str path, struct stat *ret)
{
    struct ht_buf *text = &looking->running->path;

    ht_buf_reset(text);
    ht_buf_add_str(text, path);
    return ht_buf_is_full(text) ? -ENAMETOOLONG
                                : ht_reach_stat(&looking->reach, text->data, 0, ret);
}

/* What the kernel says is deleted: whether another file has its place, or none. */
static void judge_deleted(struct looking *looking, const struct ht_mapping *mapping,
                          struct judged *judged, struct stat *facts)
{
    /* A file may really be called "x (deleted)". */
    int code = stat_mapped(looking, mapping->path, facts);

    if (code == -EXDEV || (code == 0 && facts->st_ino == mapping->inode))
        return;
    code = stat_mapped(looking, judged->path, facts);
    judged->old = code != -EXDEV;
    judged->gone = code < 0;
}

static void judge(struct looking *looking, const struct ht_mapping *mapping, struct judged *judged)
{
    bool deleted;
    struct stat facts;

    judged->path = ht_maps_plain_path(mapping->path, &deleted);
    if (ht_maps_is_passing(judged->path))
        return;
    if (!deleted) {
        /* File systems without a device of their own have numbers that do not compare. */
        judged->old = mapping->major != 0 && stat_mapped(looking, mapping->path, &facts) == 0 &&
                      facts.st_ino != mapping->inode && major(facts.st_dev) == mapping->major &&
                      minor(facts.st_dev) == mapping->minor;
    } else {
        judge_deleted(looking, mapping, judged, &facts);
    }
    if (judged->old && !judged->gone)
        judged->replaced_at = ht_time_of(&facts.st_ctim);
}

/* Borrowed until the next path is looked at. */
static struct ht_str key_of(const struct looking *looking, const struct ht_mapping *mapping)
{
    const uint64_t file[] = {mapping->major, mapping->minor, mapping->inode};
    struct ht_buf *key = &looking->running->path;

    ht_buf_reset(key);
    ht_buf_add(key, file, sizeof(file));
    ht_buf_add_str(key, mapping->path);
    return ht_buf_str(key);
}

static bool is_of(const struct judged *judged, const struct ht_mapping *mapping)
{
    const struct ht_mapping *own = &judged->mapping;

    return own->inode == mapping->inode && own->minor == mapping->minor &&
           own->major == mapping->major && own->path.len && ht_str_equal(own->path, mapping->path);
}

/* What is known of a mapped file; NULL: nothing yet. Processes are much alike: what came here the
 * last time is compared first. */
static struct judged *find_judged(struct looking *looking, const struct ht_mapping *mapping,
                                  struct judged **likely)
{
    struct judged *judged;

    if (*likely && is_of(*likely, mapping))
        return *likely;
    judged = ht_map_get(looking->files, key_of(looking, mapping));
    if (judged)
        *likely = judged;
    return judged;
}

/* The same, made once a pass. */
static struct judged *judge_once(struct looking *looking, const struct ht_mapping *mapping,
                                 struct judged **likely)
{
    struct judged *judged = find_judged(looking, mapping, likely);

    if (judged)
        return judged;
    judged = ht_arena_array(looking->arena, struct judged, 1);
    ht_map_set(looking->files, key_of(looking, mapping), judged);
    *likely = judged;
    judge(looking, mapping, judged);
    if (judged->old && looking->judged.len < QUESTIONS_MAX) {
        judged->path = ht_arena_str(looking->arena, judged->path);
        ht_vec_add(&looking->judged, judged);
    } else {
        looking->sum.cut += judged->old;
        judged->old = false;
        judged->path = (struct ht_str){0}; /* borrowed from a buffer that goes on */
    }
    judged->mapping = *mapping;
    judged->mapping.path = mapping->path.len <= LIKELY_BYTES
                               ? ht_arena_str(looking->arena, mapping->path)
                               : (struct ht_str){0};
    return judged;
}

/* ---- one process ---- */

static void add_file(struct suspect *suspect, struct judged *judged)
{
    for (size_t i = 0; i < suspect->files.len; i++) {
        const struct judged *known = suspect->files.items[i];

        if (known == judged || ht_str_equal(known->path, judged->path))
            return;
    }
    if (suspect->files.len < FILES_MAX)
        ht_vec_add(&suspect->files, judged);
    else
        suspect->cut++;
}

/* Whether no name is left of the executable, not even a link's that is named otherwise. What the
 * kernel knows of it is enough: a server that may be silent is not asked. */
static bool has_no_name(const struct looking *looking, pid_t pid)
{
    char name[HT_PROC_NAME_MAX];
    struct statx facts;

    return statx(looking->running->proc_fd, ht_proc_name(name, pid, "exe"), AT_STATX_DONT_SYNC,
                 STATX_NLINK, &facts) < 0 ||
           facts.stx_nlink == 0;
}

/* The executable that lay where files come and go by design. One that is gone is no old code, for
 * nothing newer could be started, and told by the origin of what runs (DRF-009, DRF-010). That
 * tells nothing of one whose name is another file's now: that is old here. NULL: it is not. */
static struct judged *judge_passing(struct looking *looking, pid_t pid,
                                    const struct ht_mapping *exe)
{
    struct ht_str path = exe->path;
    struct judged *judged;
    struct stat facts;
    bool deleted;
    int code;

    if (!ht_str_has_suffix(path, HT_MAPS_DELETED) ||
        !ht_maps_is_passing(ht_maps_plain_path(path, &deleted)) ||
        (stat_mapped(looking, path, &facts) == 0 && facts.st_ino == exe->inode))
        return NULL;
    path.len -= strlen(HT_MAPS_DELETED);
    path = ht_arena_str(looking->arena, path);
    code = ht_reach_stat(&looking->reach, path.data, O_NOFOLLOW, &facts);
    if (code == -EXDEV || (code == -ENOENT && has_no_name(looking, pid)))
        return NULL;
    if (looking->judged.len >= QUESTIONS_MAX) {
        looking->sum.cut++;
        return NULL;
    }
    judged = ht_arena_array(looking->arena, struct judged, 1);
    judged->path = path;
    judged->old = true;
    judged->gone = code < 0;
    judged->replaced_at = code < 0 ? 0 : ht_time_of(&facts.st_ctim);
    ht_vec_add(&looking->judged, judged);
    return judged;
}

/* Judges the executable. It is mapped too, as a rule. */
static void look_exe(struct looking *looking, struct suspect *suspect, const struct ht_mapping *exe)
{
    struct judged *judged;

    if (!ht_str_has_prefix(exe->path, "/"))
        return;
    judged = judge_once(looking, exe, &looking->first);
    if (!judged->old && !judged->as_program)
        judged->as_program = judge_passing(looking, suspect->pid, exe);
    suspect->exe = judged->old ? judged : judged->as_program;
    if (suspect->exe)
        add_file(suspect, suspect->exe);
}

/* Whether the script changed after the process began. A script of nobody's package is left out
 * later: its owner may well write it all day. */
static void look_script(struct looking *looking, struct suspect *suspect, struct ht_str path,
                        int64_t start)
{
    struct judged *judged;
    struct stat facts;

    path = ht_arena_str(looking->arena, path);
    if (ht_reach_stat(&looking->reach, path.data, 0, &facts) < 0)
        return;
    judged = ht_arena_array(looking->arena, struct judged, 1);
    judged->path = path;
    judged->old = true;
    judged->replaced_at = ht_time_of(&facts.st_ctim);
    if (judged->replaced_at <= start + SLACK_NS)
        return;
    if (looking->judged.len >= QUESTIONS_MAX) {
        looking->sum.cut++;
        return;
    }
    ht_vec_add(&looking->judged, judged);
    add_file(suspect, judged);
    suspect->scripted = true;
}

static void look_scripts(struct looking *looking, struct suspect *suspect, struct ht_str exe)
{
    struct ht_str paths[SCRIPTS_MAX], cmdline;
    int64_t start;
    size_t len;

    bool deleted;

    exe = ht_maps_plain_path(exe, &deleted);
    if (!ht_script_is_interpreter(exe))
        return;
    start = ht_proc_node_start(&looking->node, suspect->pid);
    if (!start)
        return;
    cmdline = ht_arena_str(looking->arena, read_file(looking->running, suspect->pid, "cmdline"));
    len = ht_script_paths(exe, cmdline, paths, SCRIPTS_MAX);
    for (size_t i = 0; i < len; i++)
        look_script(looking, suspect, paths[i], start);
}

/* ---- its mappings ---- */

/* Threads of the kernel's have no executable; nor has what ended meanwhile. */
static bool has_no_program(struct looking *looking, pid_t pid)
{
    char name[HT_PROC_NAME_MAX];

    errno = 0;
    return !read_link_at(looking->running, ht_proc_name(name, pid, "exe")).len && errno == ENOENT;
}

/* Judges what is mapped, from what the first mapping was found to be on. What cannot be told to its
 * end is cut, unless the process itself has ended: one that became another program has not. */
static void look_mapped(struct looking *looking, struct suspect *suspect, struct judged *judged)
{
    struct ht_mapped *mapped = &looking->running->mapped;
    struct ht_mapping mapping;
    int code;

    for (;;) {
        if (judged->old)
            add_file(suspect, judged);
        code = ht_mapped_next(mapped, &mapping);
        if (code <= 0)
            break;
        judged = judge_once(looking, &mapping, &judged->after);
    }
    if (mapped->is_cut || (code < 0 && !(code == -ESRCH && has_no_program(looking, suspect->pid))))
        looking->sum.cut++;
}

/* Whether the first mapping of a process of the node is of its executable, and that at its place.
 * Not of interpreters: what they run is asked of each process. Nor on a file system without a
 * device of its own: a copy of it may have files of the same number. */
static bool is_program(struct looking *looking, const struct ht_mapping *first,
                       const struct ht_mapping *exe)
{
    struct stat facts;

    return first->major != 0 && first->major == exe->major && first->minor == exe->minor &&
           first->inode == exe->inode && ht_str_equal(first->path, exe->path) &&
           !ht_script_is_interpreter(exe->path) && stat_mapped(looking, exe->path, &facts) == 0 &&
           facts.st_ino == exe->inode && major(facts.st_dev) == exe->major &&
           minor(facts.st_dev) == exe->minor;
}

/* Where the link of the process leads, in the arena, and which file that is. False: it has no
 * executable, as threads of the kernel's have none. */
static bool find_exe(struct looking *looking, pid_t pid, struct ht_mapping *ret_exe)
{
    char name[HT_PROC_NAME_MAX];
    uint64_t dev;

    *ret_exe = (struct ht_mapping){0};
    ht_proc_name(name, pid, "exe");
    errno = 0;
    ret_exe->path = read_link_at(looking->running, name);
    if (!ret_exe->path.len) {
        /* The kernel tells no path that is longer than a page; what else is mapped it does. */
        looking->sum.cut += errno == ENAMETOOLONG;
        return errno == ENAMETOOLONG;
    }
    ret_exe->path = ht_arena_str(looking->arena, ret_exe->path);
    if (ht_proc_identify(looking->running->proc_fd, name, &dev, &ret_exe->inode)) {
        ret_exe->major = major(dev);
        ret_exe->minor = minor(dev);
    }
    return true;
}

/* first is NULL if nothing is mapped. 0 or -ESRCH: it has no executable. */
static int look_whole(struct looking *looking, struct suspect *suspect,
                      const struct ht_mapping *first)
{
    struct ht_mapping exe;

    if (!find_exe(looking, suspect->pid, &exe))
        return -ESRCH;
    looking->sum.compared++;
    if (first) {
        bool program = is_program(looking, first, &exe);
        struct judged *judged = judge_once(looking, first, &looking->first);

        judged->known_program = program && !judged->old;
        look_mapped(looking, suspect, judged);
    }
    look_exe(looking, suspect, &exe);
    if (!suspect->files.len)
        look_scripts(looking, suspect, exe.path);
    return 0;
}

static int look_process(struct looking *looking, pid_t pid)
{
    struct suspect suspect = {.pid = pid}, *kept;
    struct ht_mapping first;
    struct judged *judged = NULL;
    int code = ht_mapped_next(&looking->running->mapped, &first);

    if (code < 0)
        return code;
    if (code > 0)
        judged = find_judged(looking, &first, &looking->first);
    /* Of another process of a known program nothing is asked but what it maps. */
    if (judged && judged->known_program) {
        looking->sum.compared++;
        look_mapped(looking, &suspect, judged);
    } else {
        code = look_whole(looking, &suspect, code > 0 ? &first : NULL);
    }
    if (!suspect.files.len)
        return code;
    kept = ht_new0(struct suspect);
    *kept = suspect;
    ht_vec_add(&looking->suspects, kept);
    return 0;
}

/* Kernel threads have an empty command line; of one that is hidden it cannot be told. */
static void look_denied(struct looking *looking, pid_t pid)
{
    struct ht_running_sum *sum = &looking->sum;
    char name[HT_PROC_NAME_MAX];

    errno = 0;
    if (!read_file(looking->running, pid, "cmdline").len) {
        ht_autoclose int fd = openat(looking->running->proc_fd, ht_proc_name(name, pid, "cmdline"),
                                     O_RDONLY | O_CLOEXEC);

        if (fd >= 0 || (errno != EACCES && errno != EPERM))
            return;
    }
    if (sum->denied++)
        return;
    struct ht_str comm = ht_str_trim(read_file(looking->running, pid, "comm"));
    sum->denied_pid = pid;
    snprintf(sum->denied_name, sizeof(sum->denied_name), "%.*s", HT_STR_ARG(comm));
}

/* hidepid=2 leaves others' processes out of the list; a namespace has a list of its own. */
static void look_hidden(struct looking *looking)
{
    int proc_fd = looking->running->proc_fd;
    uint64_t dev, ino;
    struct ht_str link;

    if (!ht_proc_identify(proc_fd, "self", &dev, &ino))
        return; /* no process table of a kernel's */
    link = read_link_at(looking->running, "self/ns/pid");
    if (link.len && ht_proc_decode_ns(link) != HT_PROC_INIT_PID_NS)
        looking->sum.hidden = "this program sees the processes of its own pid namespace alone";
    else if (!ht_proc_identify(proc_fd, "1", &dev, &ino))
        looking->sum.hidden = "processes of others are hidden (hidepid)";
    if (looking->sum.hidden && looking->sum.denied == 0)
        looking->sum.denied = 1;
}

/* Whose root is another's is asked first, and of each: who was looked at before, and what of, must
 * not decide how a process counts. */
static void look_at(struct looking *looking, pid_t pid)
{
    struct ht_mapped *mapped = &looking->running->mapped;
    int code;

    looking->among_kernels = false;
    if (ht_proc_node_is_elsewhere(&looking->node, pid)) {
        looking->sum.contained++;
        return;
    }
    code = ht_mapped_open(mapped, pid);
    if (code == 0)
        code = look_process(looking, pid);
    ht_mapped_close(mapped);
    if (ht_error_is_denied(code))
        look_denied(looking, pid);
    else if (code < 0 && code != -ENOENT && code != -ESRCH)
        looking->sum.cut++;
    looking->among_kernels = code == -ESRCH;
}

static int visit_process(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct looking *looking = context;
    uint64_t pid;

    (void)type;
    (void)inode;
    if (ht_parse_u64(ht_str_from(name), &pid) < 0 || pid == 0 || pid > INT32_MAX)
        return 0;
    /* The kernel's threads come one after the other: of those the link is cheaper. */
    if (!looking->among_kernels || !has_no_program(looking, (pid_t)pid))
        look_at(looking, (pid_t)pid);
    return 0;
}

/* ---- what is asked of the few ---- */

static void find_packages(struct looking *looking)
{
    struct ht_running *running = looking->running;
    size_t len = looking->judged.len;
    struct ht_owned *questions = ht_arena_array(looking->arena, struct ht_owned, len + 1);

    for (size_t i = 0; i < len; i++) {
        const struct judged *judged = looking->judged.items[i];

        questions[i].path = judged->path;
    }
    running->records =
        ht_known_owners_ask(running->owners, questions, len, looking->sample->taken_at);
    for (size_t i = 0; i < len; i++) {
        struct judged *judged = looking->judged.items[i];

        judged->package = questions[i].package;
    }
}

static void set_files(struct looking *looking, const struct suspect *suspect,
                      struct ht_stale_process *row)
{
    struct ht_str *files = ht_arena_array(looking->arena, struct ht_str, suspect->files.len);
    struct ht_str *packages = ht_arena_array(looking->arena, struct ht_str, suspect->files.len);
    int64_t newest = 0;
    size_t len = 0;

    for (size_t i = 0; i < suspect->files.len; i++) {
        const struct judged *judged = suspect->files.items[i];

        files[i] = judged->path;
        if (judged->package.len &&
            !ht_text_list_has(&(struct ht_text_list){.items = packages, .len = len},
                              judged->package))
            packages[len++] = judged->package;
        if (judged->replaced_at > newest)
            newest = judged->replaced_at;
    }
    ht_stale_process_set_files(row,
                               (struct ht_text_list){.items = files, .len = suspect->files.len});
    if (suspect->cut)
        ht_stale_process_set_files_cut(row, suspect->cut);
    if (looking->running->records)
        ht_stale_process_set_packages(row, (struct ht_text_list){.items = packages, .len = len});
    if (newest)
        ht_stale_process_set_replaced_at(row, newest);
    ht_stale_process_set_kind(row, suspect->scripted    ? HT_STALE_KIND_SCRIPT
                                   : !suspect->exe      ? HT_STALE_KIND_LIBRARY
                                   : suspect->exe->gone ? HT_STALE_KIND_EXECUTABLE_GONE
                                                        : HT_STALE_KIND_EXECUTABLE);
}

/* Everything that people want to know of it; false if it is gone by now. */
static bool describe(struct looking *looking, const struct suspect *suspect,
                     struct ht_stale_process *row)
{
    struct ht_running *running = looking->running;
    struct ht_cgroup_facts cgroup;
    struct ht_text_list listens;
    char name[HT_PROC_NAME_MAX];
    struct ht_proc_stat stat;
    bool deleted;

    if (ht_proc_decode_stat(read_file(running, suspect->pid, "stat"), &stat) < 0)
        return false;
    ht_stale_process_set_id(row, ht_arena_strf(looking->arena, "%d-%llu", (int)suspect->pid,
                                               (unsigned long long)stat.start));
    ht_stale_process_set_pid(row, (uint64_t)suspect->pid);
    int64_t started = ht_proc_node_time(&looking->node, stat.start);
    if (started)
        ht_stale_process_set_started_at(row, started);

    struct ht_str comm = ht_str_trim(read_file(running, suspect->pid, "comm"));
    ht_stale_process_set_name(row, ht_arena_str(looking->arena, comm));
    struct ht_str exe = read_link_at(running, ht_proc_name(name, suspect->pid, "exe"));
    if (exe.len)
        ht_stale_process_set_exe(row,
                                 ht_arena_str(looking->arena, ht_maps_plain_path(exe, &deleted)));
    ht_cgroup_decode(read_file(running, suspect->pid, "cgroup"), &cgroup);
    if (cgroup.unit.len)
        ht_stale_process_set_unit(row, ht_arena_str(looking->arena, cgroup.unit));
    set_files(looking, suspect, row);
    if (ht_listens_of(running->proc_fd, suspect->pid, looking->arena, &listens))
        ht_stale_process_set_listens(row, listens);
    return true;
}

/* ---- the pass ---- */

static void add_rows(struct looking *looking)
{
    struct ht_running_code code = {0};

    for (size_t i = 0; i < looking->suspects.len; i++) {
        const struct suspect *suspect = looking->suspects.items[i];
        struct ht_stale_process row = {0};

        if (!describe(looking, suspect, &row) || (suspect->scripted && !row.packages.len))
            continue;
        ht_node_add(looking->sample, ht_row_new(&ht_stale_process_table, &row));
        looking->sum.stale += !suspect->scripted;
    }
    ht_running_code_set_id(&code, HT_S("running"));
    ht_running_code_set_compared(&code, looking->sum.compared);
    ht_running_code_set_denied(&code, looking->sum.denied);
    ht_running_code_set_contained(&code, looking->sum.contained);
    ht_running_code_set_stale(&code, looking->sum.stale);
    ht_running_code_set_cut(&code, looking->sum.cut);
    ht_running_code_set_far(&code, looking->sum.far);
    if (looking->running->records)
        ht_running_code_set_packages(&code, ht_str_from(looking->running->records));
    ht_node_add(looking->sample, ht_row_new(&ht_running_code_table, &code));
}

static void free_suspects(struct looking *looking)
{
    for (size_t i = 0; i < looking->suspects.len; i++) {
        struct suspect *suspect = looking->suspects.items[i];

        ht_vec_fini(&suspect->files);
        free(suspect);
    }
    ht_vec_fini(&looking->suspects);
}

/* Records of packages, and folders in which whoever replaces a program or a library has to rename a
 * file; the linker's cache stands for libraries elsewhere. */
static void look_upkeep(struct ht_running *running)
{
    static const char *const places[] = {
        "etc/ld.so.cache", "bin",           "sbin",           "lib",         "usr/bin",
        "usr/sbin",        "usr/lib",       "usr/lib64",      "usr/libexec", "usr/local/bin",
        "usr/local/sbin",  "usr/local/lib", "usr/local/lib64"};

    ht_pkg_inputs_fini(&running->upkeep);
    ht_owner_records_look(&running->upkeep, &running->root);
    for (size_t i = 0; i < ARRAY_LEN(places); i++)
        (void)ht_pkg_inputs_look(&running->upkeep, &running->root, places[i]);
}

bool ht_running_is_overtaken(const struct ht_running *running)
{
    return !ht_pkg_inputs_hold(&running->upkeep, &running->root);
}

int ht_running_look(struct ht_running *running, struct ht_node *sample,
                    struct ht_running_sum *ret_sum, struct ht_error *err)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    struct looking looking = {.running = running,
                              .sample = sample,
                              .arena = arena,
                              .files = ht_map_new(),
                              .reach = {.root = &running->root, .proc_fd = running->proc_fd}};
    const struct ht_dir_visitor visitor = {
        .visit = visit_process, .context = &looking, .max_entries = HT_LIMIT_ROWS};

    look_upkeep(running);
    ht_proc_node_look(running->proc_fd, &looking.node);
    int code = ht_list_fd(running->proc_fd, &visitor, err);
    if (code == 0) {
        looking.sum.far = looking.reach.far;
        look_hidden(&looking);
        if (looking.suspects.len)
            find_packages(&looking);
        add_rows(&looking);
        *ret_sum = looking.sum;
    }
    free_suspects(&looking);
    ht_vec_fini(&looking.judged);
    ht_map_free(looking.files);
    ht_reach_forget(&looking.reach);
    ht_mapped_fini(&running->mapped);
    ht_buf_fini(&running->text);
    return code;
}
