/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes of the programs whose configuration matters. The executable decides who a process is:
 * its name and its command line are its own words. Below another root than the running system's
 * the same is read from a copy of /proc.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apiserver.h"
#include "hostconf-private.h"
#include "keeper.h"
#include "proc-decode.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { PATH_BYTES = 320, LINK_BYTES = 4096, PIDS_MAX = 200000, COMMON_MAX = 64 };

struct scan {
    struct ht_hostconf_pass *pass;
    int64_t booted_at; /* ns since 1970, 0: unknown */
    struct ht_str net; /* the node's network namespace, as the link says */
    size_t common;     /* processes of programs that anybody may run many of */
};

static bool is_wanted(struct ht_str name)
{
    static const char *const names[] = {
        "hyperkube", "k3s",        "k3s-server",     "rke2",      "kubelite", "dockerd",
        "etcd",      "kubelet",    "containerd",     "buildkitd", "k0s",      "crio",
        "podman",    "microshift", "kube-apiserver", NULL};

    for (const char *const *wanted = names; *wanted; wanted++) {
        if (ht_str_is(name, *wanted))
            return true;
    }
    return ht_str_has_prefix(name, "kube-apiserver-");
}

/* Anybody may run many of these; they must leave room for the others. */
static bool is_common(struct ht_str name)
{
    return ht_str_is(name, "podman") || ht_str_is(name, "containerd") || ht_str_is(name, "crio");
}

bool ht_hostconf_read_proc(struct ht_hostconf_pass *pass, uint64_t pid, const char *name,
                           struct ht_buf *out)
{
    char path[PATH_BYTES];
    int r;

    snprintf(path, sizeof(path), "proc/%llu/%s", (unsigned long long)pid, name);
    ht_buf_reset(out);
    /* The kernel's need not be looked at before they are read; mount tables come by lines. */
    if (pass->is_kernels && strcmp(name, "mountinfo") != 0)
        r = ht_read_piece_at(pass->proc->fd, path, out, HT_LIMIT_PROC_FILE, NULL);
    else if (pass->is_kernels)
        r = ht_read_at(pass->proc->fd, path, out, HT_LIMIT_PROC_FILE, NULL);
    else
        r = ht_root_read(pass->proc, path, out, HT_LIMIT_PROC_FILE, NULL);

    /* What others' processes may not be asked is their user's affair. */
    if (r != -EACCES && r != -EPERM)
        ht_hostconf_note_failure(pass, r, ht_str_from(path));
    return r == 0 || r == -EFBIG;
}

static bool read_proc(const struct scan *scan, uint64_t pid, const char *name, struct ht_buf *out)
{
    return ht_hostconf_read_proc(scan->pass, pid, name, out);
}

static bool read_link(const struct scan *scan, uint64_t pid, const char *name, struct ht_buf *out)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "proc/%llu/%s", (unsigned long long)pid, name);
    ht_buf_reset(out);

    int r = ht_root_readlink(scan->pass->proc, path, out, NULL);
    if (r != -EACCES && r != -EPERM)
        ht_hostconf_note_failure(scan->pass, r, ht_str_from(path));
    return r == 0;
}

/* The executable's path, or empty. In a copy of /proc it may be a file that holds the path. */
static struct ht_str read_exe(const struct scan *scan, uint64_t pid, struct ht_buf *out)
{
    if (read_link(scan, pid, "exe", out))
        return ht_buf_str(out);
    if (scan->pass->proc->kind == HT_ROOT_HOST || !read_proc(scan, pid, "exe", out) ||
        out->len > LINK_BYTES || !out->len || out->data[0] != '/')
        return (struct ht_str){0};
    return ht_str_trim(ht_buf_str(out));
}

/* What the process calls itself, for when its executable is hidden from us. */
static struct ht_str read_own_name(const struct scan *scan, uint64_t pid, struct ht_buf *out)
{
    if (read_proc(scan, pid, "comm", out))
        return ht_str_trim(ht_buf_str(out));
    if (!read_proc(scan, pid, "cmdline", out))
        return (struct ht_str){0};

    struct ht_str rest = ht_buf_str(out);
    struct ht_str word = {0};
    (void)ht_str_next(&rest, '\0', &word);
    return ht_str_program(word);
}

static void read_words(const struct scan *scan, struct ht_hostconf_process *process,
                       struct ht_buf *out)
{
    struct ht_arena *scratch = scan->pass->scratch;

    if (!read_proc(scan, process->pid, "cmdline", out) || out->len == 0)
        return;
    process->words = ht_apiserver_words(ht_arena_str(scratch, ht_buf_str(out)), scratch);
    process->has_words = process->words.len > 0;
    ht_wipe(out->data, out->len);
}

static void read_rest(const struct scan *scan, struct ht_hostconf_process *process,
                      struct ht_buf *out)
{
    struct ht_proc_stat stat;
    long hertz = sysconf(_SC_CLK_TCK);

    if (scan->booted_at && hertz > 0 && read_proc(scan, process->pid, "stat", out) &&
        ht_proc_decode_stat(ht_buf_str(out), &stat) == 0)
        process->started_at =
            scan->booted_at + (int64_t)(stat.start * (uint64_t)(HT_NS_PER_S / hertz));
    if (scan->net.len && read_link(scan, process->pid, "ns/net", out))
        process->has_own_net = !ht_str_equal(ht_buf_str(out), scan->net);
}

/* False: it is none of those that are of interest. */
static bool look_at(struct scan *scan, uint64_t pid)
{
    struct ht_hostconf_pass *pass = scan->pass;
    ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_PROC_FILE);
    struct ht_str exe = read_exe(scan, pid, &out);
    struct ht_str name = ht_str_program(exe);
    struct ht_hostconf_process process = {.pid = pid, .by_name = exe.len == 0};

    if (process.by_name)
        name = read_own_name(scan, pid, &out);
    process.is_keeper = ht_keeper_is_program(name);
    if (!is_wanted(name) && !process.is_keeper)
        return false;
    if ((is_common(name) || process.is_keeper) && ++scan->common > COMMON_MAX)
        return true;
    if (pass->processes_len == HT_HOSTCONF_PROCESSES_MAX) {
        pass->cut++;
        return true;
    }
    process.name = ht_arena_str(pass->arena, name);
    process.exe = ht_arena_str(pass->arena, exe);
    read_words(scan, &process, &out);
    read_rest(scan, &process, &out);
    pass->processes[pass->processes_len++] = process;
    return true;
}

static int visit_pid(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct scan *scan = context;
    uint64_t pid;

    (void)type;
    if (ht_parse_u64(ht_str_from(name), &pid) < 0 || pid == 0)
        return 0;
    scan->pass->has_processes = true;
    if (ht_proc_ignored_has(scan->pass->ignored, pid, inode) || !look_at(scan, pid))
        ht_proc_ignored_add(scan->pass->ignored, pid, inode);
    return 0;
}

static void read_boot(struct scan *scan)
{
    ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_PROC_FILE);
    struct ht_str line;
    uint64_t seconds;

    if (ht_root_read(scan->pass->proc, "proc/stat", &out, HT_LIMIT_PROC_FILE, NULL) < 0)
        return;

    struct ht_str rest = ht_buf_str(&out);
    while (ht_str_next(&rest, '\n', &line)) {
        if (ht_str_has_prefix(line, "btime ") &&
            ht_parse_u64(ht_str_sub(line, 6, line.len), &seconds) == 0 &&
            seconds < INT64_MAX / HT_NS_PER_S)
            scan->booted_at = (int64_t)seconds * HT_NS_PER_S;
    }
}

void ht_hostconf_find_processes(struct ht_hostconf_pass *pass)
{
    struct scan scan = {.pass = pass};
    ht_autobuf struct ht_buf net = HT_BUF(LINK_BYTES);
    const struct ht_dir_visitor visitor = {
        .visit = visit_pid, .context = &scan, .max_entries = PIDS_MAX};

    pass->processes =
        ht_arena_array(pass->arena, struct ht_hostconf_process, HT_HOSTCONF_PROCESSES_MAX);
    read_boot(&scan);
    if (read_link(&scan, 1, "ns/net", &net))
        scan.net = ht_buf_str(&net);
    ht_hostconf_note_failure(pass, ht_root_list(pass->proc, "proc", &visitor, NULL), HT_S("/proc"));
}
