/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/source/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net-table.h"
#include "origin-file.h"
#include "origin.h"
#include "proc-decode.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/printable.h"
#include "hulltop/base/root.h"
#include "hulltop/base/secret.h"

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x00001000U
#endif

enum {
    TEXT_MAX = 4 * 1024 * 1024, /* of one member of text */
    ARENA_BYTES = 16 * 1024 * 1024,
    NAME_BYTES = 64,
    DESCRIPTORS_MAX = 4096,
};

struct taking {
    struct ht_tar *tar;
    int dirfd; /* of the process */
    pid_t pid;
    struct ht_arena *arena;
    struct ht_buf file;   /* as it was read last */
    struct ht_buf text;   /* of the member that is made */
    struct ht_buf mounts; /* mountinfo as it is */
    struct ht_buf *missing;
    uint64_t sockets[DESCRIPTORS_MAX]; /* their inodes */
    size_t sockets_len;
    struct ht_error *err;
};

/* ---- what could not be had ---- */

static void miss(struct taking *taking, const char *what, int code)
{
    const char *why = strerror(code < 0 ? -code : code);

    if (code == -ESRCH || code == -ENOENT)
        why = "the process has ended";
    else if (ht_error_is_denied(code))
        why = "not allowed; sudo hulltop";
    ht_buf_addf(taking->missing, "%d/%s: %s\n", (int)taking->pid, what, why);
}

static void cut(struct taking *taking, const char *what)
{
    ht_buf_addf(taking->missing, "%d/%s: only its beginning, it is too long\n", (int)taking->pid,
                what);
}

/* Reads a file of the process. False: it is missing, and that is told. */
static bool read_part(struct taking *taking, const char *file)
{
    int r = ht_read_at(taking->dirfd, file, &taking->file, TEXT_MAX, NULL);

    if (r == -EFBIG)
        cut(taking, file);
    else if (r < 0)
        miss(taking, file, r);
    return r == 0 || r == -EFBIG;
}

static int add_text(struct taking *taking, const char *member)
{
    char name[NAME_BYTES];

    if (ht_buf_is_full(&taking->text))
        cut(taking, member);
    snprintf(name, sizeof(name), "%d/%s", (int)taking->pid, member);
    return ht_tar_add(taking->tar, name, 0400, ht_buf_str(&taking->text), taking->err);
}

static void begin_text(struct taking *taking)
{
    ht_buf_reset(&taking->text);
    ht_arena_reset(taking->arena);
}

static void put_line(struct taking *taking, struct ht_str line)
{
    ht_printable(&taking->text, line, 0);
    ht_buf_add_c(&taking->text, '\n');
}

/* ---- small files ---- */

/* A file whose lines are told as they are, secrets in them masked. */
static int take_lines(struct taking *taking, const char *file, const char *member)
{
    struct ht_str rest, line;

    if (!read_part(taking, file))
        return 0;
    begin_text(taking);
    rest = ht_buf_str(&taking->file);
    while (ht_str_next(&rest, '\n', &line)) {
        if (line.len || rest.len)
            put_line(taking, ht_secret_mask_text(taking->arena, line));
    }
    return add_text(taking, member);
}

static int take_argv(struct taking *taking)
{
    struct ht_process process = {0};

    if (!read_part(taking, "cmdline"))
        return 0;
    begin_text(taking);
    ht_proc_decode_cmdline(ht_buf_str(&taking->file), taking->arena, &process);
    for (size_t i = 0; i < process.argv.len; i++)
        put_line(taking, process.argv.items[i]);
    return add_text(taking, "command-line.txt");
}

static int take_environment(struct taking *taking)
{
    struct ht_str rest, entry;

    if (!read_part(taking, "environ"))
        return 0;
    begin_text(taking);
    rest = ht_buf_str(&taking->file);
    while (ht_str_next(&rest, '\0', &entry)) {
        ptrdiff_t equals = ht_str_find_byte(entry, '=');

        /* What is no assignment may be anything. */
        if (equals > 0)
            put_line(taking, ht_str_sub(entry, 0, (size_t)equals));
    }
    ht_wipe(taking->file.data, taking->file.len);
    return add_text(taking, "environment-names.txt");
}

static int take_links(struct taking *taking)
{
    static const char *const names[] = {"exe",    "cwd",    "root",   "ns/mnt",  "ns/pid",
                                        "ns/net", "ns/ipc", "ns/uts", "ns/user", "ns/cgroup"};
    char target[PATH_MAX];

    begin_text(taking);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        ssize_t len = readlinkat(taking->dirfd, names[i], target, sizeof(target));

        if (len < 0) {
            miss(taking, names[i], -errno);
            continue;
        }
        ht_buf_addf(&taking->text, "%s ", names[i]);
        put_line(taking, (struct ht_str){.data = target, .len = (size_t)len});
    }
    return taking->text.len ? add_text(taking, "links.txt") : 0;
}

/* ---- descriptors and sockets ---- */

static void remember_socket(struct taking *taking, struct ht_str target)
{
    uint64_t inode = ht_net_socket_inode(target);

    if (taking->sockets_len < DESCRIPTORS_MAX && inode)
        taking->sockets[taking->sockets_len++] = inode;
}

static bool has_socket(const struct taking *taking, uint64_t inode)
{
    for (size_t i = 0; i < taking->sockets_len; i++) {
        if (taking->sockets[i] == inode)
            return true;
    }
    return false;
}

static int visit_descriptor(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct taking *taking = context;
    char path[NAME_BYTES];
    char target[PATH_MAX];
    ssize_t len;

    (void)type;
    (void)inode;
    snprintf(path, sizeof(path), "fd/%.20s", name);
    len = readlinkat(taking->dirfd, path, target, sizeof(target));
    if (len < 0)
        return 0;
    ht_buf_addf(&taking->text, "%.20s ", name);
    put_line(taking, (struct ht_str){.data = target, .len = (size_t)len});
    remember_socket(taking, (struct ht_str){.data = target, .len = (size_t)len});
    return 0;
}

static int take_descriptors(struct taking *taking)
{
    const struct ht_dir_visitor visitor = {
        .visit = visit_descriptor, .context = taking, .max_entries = DESCRIPTORS_MAX};
    ht_autoclose int fd = openat(taking->dirfd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 ? -errno : 0;

    begin_text(taking);
    if (r == 0)
        r = ht_list_fd(fd, &visitor, NULL);
    if (r == -EFBIG)
        cut(taking, "fd");
    else if (r < 0)
        miss(taking, "fd", r);
    return r == 0 || r == -EFBIG ? add_text(taking, "descriptors.txt") : 0;
}

static const char *state_name(unsigned state)
{
    switch (state) {
    case HT_NET_ESTABLISHED:
        return "connected to";
    case HT_NET_LISTEN:
        return "listens; peer";
    default:
        return "peer";
    }
}

static void add_inet(struct taking *taking, const char *table, bool six)
{
    struct ht_str rest = ht_buf_str(&taking->file);
    struct ht_net_socket socket;
    char local[HT_NET_TEXT_MAX];
    char remote[HT_NET_TEXT_MAX];

    while (ht_net_next(&rest, six, &socket)) {
        if (has_socket(taking, socket.inode))
            ht_buf_addf(&taking->text, "%s %s %s %s\n", table, ht_net_format(&socket.local, local),
                        state_name(socket.state), ht_net_format(&socket.remote, remote));
    }
}

/* "Num RefCount Protocol Flags Type St Inode Path" */
static void add_unix(struct taking *taking)
{
    enum { INODE = 6 };
    struct ht_str rest = ht_buf_str(&taking->file);
    struct ht_str line;

    while (ht_str_next(&rest, '\n', &line)) {
        struct ht_str word = {0};
        size_t at = 0;
        uint64_t inode;

        while (at <= INODE && ht_str_next(&line, ' ', &word))
            at += word.len > 0;
        if (at != INODE + 1 || ht_parse_u64(word, &inode) < 0 || !has_socket(taking, inode))
            continue;
        ht_buf_add_text(&taking->text, "unix ");
        put_line(taking, line);
    }
}

static int take_sockets(struct taking *taking)
{
    static const char *const tables[] = {"net/tcp", "net/tcp6", "net/udp", "net/udp6"};

    begin_text(taking);
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        if (read_part(taking, tables[i]))
            add_inet(taking, tables[i] + strlen("net/"), i % 2 == 1);
    }
    if (read_part(taking, "net/unix"))
        add_unix(taking);
    return add_text(taking, "sockets.txt");
}

/* ---- the program ---- */

/* Whether it lies where a server must answer before it can be read. */
static bool can_hang(struct taking *taking)
{
    struct statx about;
    struct ht_mount_line line;
    struct ht_str rest = ht_buf_str(&taking->mounts);

    if (statx(taking->dirfd, "exe", AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_MNT_ID, &about) <
            0 ||
        !(about.stx_mask & STATX_MNT_ID))
        return false;
    while (ht_mountinfo_next(&rest, &line)) {
        if (line.id == about.stx_mnt_id)
            return ht_mountinfo_can_hang(line.type);
    }
    return false;
}

/* A file's bytes, up to the limit. */
static int take_bytes(struct taking *taking, const char *member, int fd)
{
    struct stat about;
    char name[NAME_BYTES];
    uint64_t size;
    uint64_t got = 0;
    int r;

    if (fstat(fd, &about) < 0) {
        miss(taking, member, -errno);
        return 0;
    }
    if (!S_ISREG(about.st_mode) || about.st_size < 0) {
        miss(taking, member, -EINVAL);
        return 0;
    }
    size = (uint64_t)about.st_size;
    if (size > HT_EVIDENCE_PROGRAM_MAX) {
        ht_buf_addf(taking->missing, "%d/%s: the first %d of its %llu bytes\n", (int)taking->pid,
                    member, HT_EVIDENCE_PROGRAM_MAX, (unsigned long long)size);
        size = HT_EVIDENCE_PROGRAM_MAX;
    }
    snprintf(name, sizeof(name), "%d/%s", (int)taking->pid, member);
    r = ht_tar_add_fd(taking->tar, &(struct ht_tar_file){.name = name, .fd = fd, .size = size},
                      &got, taking->err);
    if (r == 0 && got < size)
        ht_buf_addf(taking->missing, "%d/%s: only %llu of %llu bytes, zeros follow\n",
                    (int)taking->pid, member, (unsigned long long)got, (unsigned long long)size);
    return r;
}

static int take_program(struct taking *taking)
{
    static const char member[] = "program.do-not-run";
    ht_autoclose int fd = -1;

    if (can_hang(taking)) {
        ht_buf_addf(taking->missing, "%d/%s: it lies on a file system that can hang\n",
                    (int)taking->pid, member);
        return 0;
    }
    fd = openat(taking->dirfd, "exe", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        miss(taking, member, -errno);
        return 0;
    }
    return take_bytes(taking, member, fd);
}

/* What lies now where the process loaded it from. */
static int take_code(struct taking *taking, const struct ht_evidence_ask *ask)
{
    static const char member[] = "code.do-not-run";
    struct ht_origin *origin = ask->code.len ? ht_origin_new(ask->proc, NULL, NULL) : NULL;
    const struct ht_origin_ask where = {.pid = ask->pid, .start = ask->start, .path = ask->code};
    ht_autoclose int found = -1;
    ht_autoclose int fd = -1;
    struct ht_str path;

    if (!origin)
        return 0;
    found = ht_origin_open(origin, &where, taking->arena, &path);
    /* What a command line calls code may be any file: nobody's secret goes into a bundle so. */
    bool secret = found >= 0 && ht_origin_is_secret(origin, &where, found, path, taking->arena);
    fd = found < 0 || secret ? -1 : ht_file_reopen(found);
    ht_origin_free(origin);
    if (fd < 0) {
        ht_buf_addf(taking->missing, "%d/%s: ", (int)taking->pid, member);
        ht_printable(taking->missing, ask->code, 0);
        ht_buf_add_text(taking->missing,
                        found == -EXDEV ? " lies on a file system that can hang\n"
                        : secret ? " lies where secrets are mounted, or its mount is unknown\n"
                                 : " cannot be opened any more\n");
        return 0;
    }
    return take_bytes(taking, member, fd);
}

/* ---- all of it ---- */

/* -ESRCH: the process that was meant is gone. */
static int open_process(struct taking *taking, const char *proc, uint64_t start)
{
    char name[NAME_BYTES];
    struct ht_proc_stat stat;
    ht_autoclose int proc_fd = open(proc, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (proc_fd < 0)
        return -errno;
    snprintf(name, sizeof(name), "%d", (int)taking->pid);
    taking->dirfd = openat(proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (taking->dirfd < 0)
        return -errno;
    if (start == 0)
        return 0;
    if (ht_read_at(taking->dirfd, "stat", &taking->file, TEXT_MAX, NULL) < 0 ||
        ht_proc_decode_stat(ht_buf_str(&taking->file), &stat) < 0 || stat.start != start)
        return -ESRCH;
    return 0;
}

/* What goes first with a process that ends comes first. */
static int take_all(struct taking *taking, const struct ht_evidence_ask *ask)
{
    int r = take_program(taking);

    if (r == 0)
        r = take_code(taking, ask);
    if (r == 0)
        r = take_argv(taking);
    if (r == 0)
        r = take_environment(taking);
    if (r == 0)
        r = take_links(taking);
    if (r == 0)
        r = take_descriptors(taking);
    if (r == 0)
        r = take_sockets(taking);
    if (r == 0)
        r = take_lines(taking, "maps", "maps.txt");
    if (r == 0)
        r = take_lines(taking, "mountinfo", "mounts.txt");
    if (r == 0)
        r = take_lines(taking, "status", "status.txt");
    if (r == 0)
        r = take_lines(taking, "stat", "stat.txt");
    if (r == 0)
        r = take_lines(taking, "cgroup", "cgroup.txt");
    return r;
}

int ht_evidence_add(struct ht_tar *tar, const struct ht_evidence_ask *ask, struct ht_buf *missing,
                    struct ht_error *err)
{
    ht_autofree struct taking *taking = ht_new0(struct taking);
    int r;

    taking->tar = tar;
    taking->pid = ask->pid;
    taking->dirfd = -1;
    taking->missing = missing;
    taking->err = err;
    taking->arena = ht_arena_new(ARENA_BYTES);
    ht_buf_init(&taking->file, TEXT_MAX);
    ht_buf_init(&taking->text, 2 * TEXT_MAX);
    ht_buf_init(&taking->mounts, HT_LIMIT_MOUNTINFO);
    r = open_process(taking, ask->proc, ask->start);
    if (r < 0) {
        miss(taking, "everything that runs", r);
        r = 0;
    } else {
        (void)ht_read_at(taking->dirfd, "mountinfo", &taking->mounts, HT_LIMIT_MOUNTINFO, NULL);
        r = take_all(taking, ask);
    }
    ht_cleanup_close(&taking->dirfd);
    ht_buf_fini(&taking->file);
    ht_buf_fini(&taking->text);
    ht_buf_fini(&taking->mounts);
    ht_arena_free(taking->arena);
    return r;
}
