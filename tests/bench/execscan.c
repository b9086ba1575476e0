/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: execscan both|fanotify|connector|bare|none FOLDER COUNT [GROUP [again]]
 *
 * Writes COUNT programs into FOLDER, each another file that lives for a millisecond, runs each once
 * and removes it as soon as it runs. Meanwhile it watches, by our watch with all it has or one way
 * of it, or as a bare reader of the process connector that reads one link and nothing else, or not
 * at all. Prints seen=N hashed=N lost=N unplaced=N p50=US p90=US cpu=US: starts whose path was
 * told, whose content could be read, that the kernel dropped, that ended before it could be told
 * whose they were; the time from a start to its path; the watcher's CPU for each start on the node.
 * With GROUP, the folder of a control group that is named as a container's, what is started is in
 * that group, on a mount and of a session of its own, as runtimes make it; else it is the node's,
 * of which no more is asked than that it is. With "again" it is one program that is not removed,
 * and nobody asks about it. 77: not on this machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/source/exec-decode.h"
#include "src/source/exec-private.h"
#include "src/source/exec-watch.h"
#include "hulltop/base/digest.h"
#include "hulltop/base/mem.h"

enum { PATH_BYTES = 512, STARTS_MAX = 100000, SKIPPED = 77, QUIET_MS = 300, LIMIT = 1 << 20 };

/* ---- what is started ---- */

/* nanosleep({0, 1000000}, NULL); exit(0) */
#if defined(__x86_64__)
enum { MACHINE = 62 };
static const unsigned char code[] = {
    0xb8, 0x23, 0x00, 0x00, 0x00,             /* mov $35, %eax */
    0x48, 0x8d, 0x3d, 0x12, 0x00, 0x00, 0x00, /* lea time(%rip), %rdi */
    0x31, 0xf6, 0x0f, 0x05,                   /* xor %esi, %esi; syscall */
    0xb8, 0x3c, 0x00, 0x00, 0x00,             /* mov $60, %eax */
    0x31, 0xff, 0x0f, 0x05,                   /* xor %edi, %edi; syscall */
    0x90, 0x90, 0x90, 0x90, 0x90,             /* time: */
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x42, 0x0f, 0x00, 0x00, 0x00, 0x00, 0x00,
};
#elif defined(__aarch64__)
enum { MACHINE = 183 };
static const unsigned char code[] = {
    0xa8, 0x0c, 0x80, 0xd2, 0xe0, 0x00, 0x00, 0x10, /* mov x8, #101; adr x0, time */
    0x01, 0x00, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4, /* mov x1, #0; svc #0 */
    0xa8, 0x0b, 0x80, 0xd2, 0x00, 0x00, 0x80, 0xd2, /* mov x8, #93; mov x0, #0 */
    0x01, 0x00, 0x00, 0xd4, 0x1f, 0x20, 0x03, 0xd5, /* svc #0; nop */
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x40, 0x42, 0x0f, 0x00, 0x00, 0x00, 0x00, 0x00,
};
#else
enum { MACHINE = 0 };
static const unsigned char code[] = {0};
#endif

struct program {
    unsigned char ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, segments_at, sections_at;
    uint32_t flags;
    uint16_t head_bytes, segment_bytes, segments, section_bytes, sections, names;
    uint32_t load_type, load_flags;
    uint64_t offset, address, physical, file_bytes, memory_bytes, align;
    unsigned char code[sizeof(code)];
    uint64_t number; /* makes each another file */
};

static bool write_program(const char *path, uint64_t number)
{
    struct program program = {
        .ident = {0x7f, 'E', 'L', 'F', 2, 1, 1},
        .type = 2,
        .machine = MACHINE,
        .version = 1,
        .entry = 0x400000 + offsetof(struct program, code),
        .segments_at = offsetof(struct program, load_type),
        .head_bytes = offsetof(struct program, load_type),
        .segment_bytes = 56,
        .segments = 1,
        .load_type = 1,
        .load_flags = 5,
        .address = 0x400000,
        .physical = 0x400000,
        .file_bytes = sizeof(program),
        .memory_bytes = sizeof(program),
        .align = 0x1000,
        .number = number,
    };
    ht_autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

    memcpy(program.code, code, sizeof(code));
    return fd >= 0 && write(fd, &program, sizeof(program)) == (ssize_t)sizeof(program);
}

static bool run_program(char *path, bool keep)
{
    char *const argv[] = {path, NULL};
    int status = 0;
    pid_t child = vfork();

    if (child == 0) {
        execv(path, argv);
        _exit(127);
    }
    if (!keep)
        unlink(path); /* as soon as it runs */
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static bool join_group(const char *group)
{
    char path[PATH_BYTES];
    ht_autoclose int fd = -1;

    snprintf(path, sizeof(path), "%s/cgroup.procs", group);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && write(fd, "0", 1) == 1;
}

/* A container sees its files by mounts of its own. */
static bool mount_own(const char *folder)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount(folder, folder, NULL, MS_BIND, NULL) == 0;
}

/* Runs in a process of its own; its end closes the pipe. */
static void run_all(const char *folder, unsigned count, const char *group, bool again)
{
    if (group && (!mount_own(folder) || !join_group(group) || setsid() < 0))
        _exit(1);
    for (unsigned i = 0; i < count; i++) {
        char path[PATH_BYTES];

        snprintf(path, sizeof(path), "%s/t%u", folder, again ? 0 : i);
        if (((!again || i == 0) && !write_program(path, i)) || !run_program(path, again))
            _exit(1);
    }
    _exit(0);
}

/* ---- who watches ---- */

struct score {
    struct ht_str folder;
    unsigned seen, hashed;
    uint64_t starts, lost, unplaced;
    bool again;
    double *us; /* of those that were seen */
};

static bool is_ours(const struct score *score, struct ht_str path)
{
    return path.len > score->folder.len &&
           ht_str_equal(ht_str_sub(path, 0, score->folder.len), score->folder);
}

static void count_seen(struct score *score, int64_t at_ns)
{
    if (score->seen < STARTS_MAX)
        score->us[score->seen++] = (double)(ht_clock_mono(ht_clock_system()) - at_ns) / 1000;
}

static bool can_hash(int fd)
{
    char digest[HT_SHA256_TEXT_MAX];

    return ht_sha256_fd(fd, "program", LIMIT, digest, NULL) == 0;
}

static void take_start(struct score *score, struct ht_exec *watch,
                       const struct ht_exec_start *start)
{
    score->starts++;
    for (size_t i = 0; i < start->files_len; i++) {
        if (is_ours(score, start->files[i].path)) {
            count_seen(score, start->at_mono_ns);
            /* What was given before was hashed then. */
            score->hashed += start->is_known || can_hash(start->files[i].fd);
            /* As hulltop does with what is the image's. */
            if (score->again && !start->is_quiet && start->cgroup.container_id.len)
                ht_exec_quiet(watch, start);
            return;
        }
    }
    if (start->exe_fd >= 0 && is_ours(score, start->exe)) {
        char link[64];

        count_seen(score, start->at_mono_ns);
        snprintf(link, sizeof(link), "/proc/self/fd/%d", start->exe_fd);
        ht_autoclose int fd = open(link, O_RDONLY | O_CLOEXEC);
        score->hashed += fd >= 0 && can_hash(fd);
    }
}

static int timeout_of(const struct ht_exec *watch)
{
    int64_t due = ht_exec_due(watch), now = ht_clock_mono(ht_clock_system());

    if (due == INT64_MAX || due > now + QUIET_MS * HT_NS_PER_MS)
        return QUIET_MS;
    return due <= now ? 0 : (int)((due - now) / HT_NS_PER_MS) + 1;
}

/* Until a while after the other end of done was closed: others start programs all the time. */
static void watch_ours(struct score *score, struct ht_exec *watch, int done)
{
    struct pollfd fds[HT_EXEC_FDS + 1];
    struct ht_exec_start start;
    size_t len = ht_exec_fds(watch, fds);
    int64_t end_ns = INT64_MAX;

    while (ht_clock_mono(ht_clock_system()) < end_ns) {
        fds[len] = (struct pollfd){.fd = end_ns < INT64_MAX ? -1 : done, .events = POLLIN};
        if (poll(fds, len + 1, timeout_of(watch)) > 0)
            ht_exec_polled(watch, fds, len);
        if (fds[len].revents)
            end_ns = ht_clock_mono(ht_clock_system()) + QUIET_MS * HT_NS_PER_MS;
        while (ht_exec_next(watch, &start))
            take_start(score, watch, &start);
    }
    score->lost = ht_exec_lost(watch);
    score->unplaced = ht_exec_unplaced(watch);
}

/* The floor: one message, one link. */
static void watch_bare(struct score *score, int done, int fd)
{
    struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = done, .events = POLLIN}};
    int64_t end_ns = INT64_MAX;

    while (ht_clock_mono(ht_clock_system()) < end_ns) {
        char bytes[4096], name[64], target[PATH_BYTES];
        ssize_t got;

        (void)poll(fds, 2, QUIET_MS);
        if (fds[1].revents) {
            end_ns = ht_clock_mono(ht_clock_system()) + QUIET_MS * HT_NS_PER_MS;
            fds[1].fd = -1;
        }
        while ((got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
            struct ht_str text = {.data = bytes, .len = (size_t)got};
            struct ht_connector_event event;

            if (!ht_connector_next(&text, &event) || event.what != 2)
                continue;
            score->starts++;
            snprintf(name, sizeof(name), "/proc/%d/exe", (int)event.tgid);
            ssize_t len = readlink(name, target, sizeof(target));
            if (len > 0 && is_ours(score, (struct ht_str){.data = target, .len = (size_t)len}))
                count_seen(score, event.at_mono_ns);
        }
        if (got < 0 && errno == ENOBUFS)
            score->lost++;
    }
}

/* ---- what comes out ---- */

static int compare(const void *a, const void *b)
{
    const double *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

static double cpu_us(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static void tell(struct score *score, double cpu)
{
    qsort(score->us, score->seen, sizeof(double), compare);
    printf("seen=%u hashed=%u lost=%llu unplaced=%llu p50=%.0f p90=%.0f cpu=%.1f\n", score->seen,
           score->hashed, (unsigned long long)score->lost, (unsigned long long)score->unplaced,
           score->seen ? score->us[score->seen / 2] : 0,
           score->seen ? score->us[score->seen * 9 / 10] : 0,
           score->starts ? cpu / (double)score->starts : 0);
}

int main(int argc, char **argv)
{
    struct ht_exec *watch = NULL;
    struct ht_connector bare = {.fd = -1};
    uint64_t count;
    int done[2];
    const char *group = argc > 4 ? argv[4] : NULL;
    bool again = argc == 6 && strcmp(argv[5], "again") == 0;

    if (argc < 4 || argc > 6 || (argc == 6 && !again) ||
        ht_parse_u64(ht_str_from(argv[3]), &count) < 0 || count > STARTS_MAX)
        return 2;
    if (MACHINE == 0 || pipe2(done, O_CLOEXEC) < 0)
        return SKIPPED;
    if (strcmp(argv[1], "none") == 0)
        run_all(argv[2], (unsigned)count, group, again);
    if (strcmp(argv[1], "bare") == 0) {
        if (ht_connector_open(&bare, NULL) < 0)
            return SKIPPED;
    } else {
        watch = ht_exec_new(
            &(struct ht_exec_options){.clock = ht_clock_system(),
                                      .no_fanotify = strcmp(argv[1], "connector") == 0,
                                      .no_connector = strcmp(argv[1], "fanotify") == 0});
        (void)ht_exec_mark(watch, argv[2], NULL);
        if (!ht_exec_is_live(watch))
            return SKIPPED;
    }
    pid_t child = fork();
    if (child == 0)
        run_all(argv[2], (unsigned)count, group, again);
    close(done[1]);

    struct score score = {
        .folder = ht_str_from(argv[2]), .again = again, .us = ht_new_array(double, STARTS_MAX)};
    double before = cpu_us();
    if (watch)
        watch_ours(&score, watch, done[0]);
    else
        watch_bare(&score, done[0], bare.fd);
    double used = cpu_us() - before;
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        return 1;
    tell(&score, used);
    free(score.us);
    ht_exec_free(watch);
    ht_connector_close(&bare);
    return 0;
}
