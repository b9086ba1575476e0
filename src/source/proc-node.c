/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc-node.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "proc-decode.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/root.h"

enum { BOOT_TRIES = 3, BOOT_TICK_NS = 10 * HT_NS_PER_MS };

/* A format costs more than one of the calls that the name is for. */
const char *ht_proc_name(char out[HT_PROC_NAME_MAX], pid_t pid, const char *file)
{
    char digits[16];
    size_t len = 0, at = 0;

    for (unsigned rest = (unsigned)pid; rest || !len; rest /= 10)
        digits[len++] = (char)('0' + rest % 10);
    while (len)
        out[at++] = digits[--len];
    out[at++] = '/';
    for (; *file && at < HT_PROC_NAME_MAX - 1; file++)
        out[at++] = *file;
    out[at] = '\0';
    return out;
}

bool ht_proc_is_kernels(const struct ht_root *root)
{
    struct statfs about;

    return root->kind == HT_ROOT_HOST && statfs("/proc", &about) == 0 &&
           about.f_type == PROC_SUPER_MAGIC;
}

uint64_t ht_proc_namespace(int dirfd, const char *link)
{
    char target[64];
    ssize_t len = readlinkat(dirfd, link, target, sizeof(target));

    return len > 0 ? ht_proc_decode_ns((struct ht_str){.data = target, .len = (size_t)len}) : 0;
}

static int64_t read_clock(clockid_t id)
{
    struct timespec now = {0};

    clock_gettime(id, &now);
    return now.tv_sec * HT_NS_PER_S + now.tv_nsec;
}

int64_t ht_proc_booted(void)
{
    int64_t least = INT64_MAX, booted = 0;

    /* The two clocks cannot be read at once: the attempt counts in which least came between. */
    for (int i = 0; i < BOOT_TRIES; i++) {
        int64_t before = read_clock(CLOCK_BOOTTIME);
        int64_t wall = read_clock(CLOCK_REALTIME);
        int64_t took = read_clock(CLOCK_BOOTTIME) - before;

        if (took < least) {
            least = took;
            booted = wall - before - took / 2;
        }
    }
    return (booted + BOOT_TICK_NS / 2) / BOOT_TICK_NS * BOOT_TICK_NS;
}

int64_t ht_proc_since_boot(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

bool ht_proc_identify(int dirfd, const char *name, uint64_t *ret_dev, uint64_t *ret_ino)
{
    struct statx facts;

    if (statx(dirfd, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO, &facts) < 0)
        return false;
    *ret_dev = makedev(facts.stx_dev_major, facts.stx_dev_minor);
    *ret_ino = facts.stx_ino;
    return true;
}

/* The mount namespace of a process, as that link names it; empty: not known. */
static void read_mnt_ns(int proc_fd, const char *name, char *out, size_t size)
{
    ssize_t len = readlinkat(proc_fd, name, out, size);
    out[len > 0 && (size_t)len < size ? len : 0] = '\0';
}

static int64_t read_boot_time(int proc_fd)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_PROC_FILE);
    struct ht_str rest, line;
    uint64_t seconds;

    /* The beginning of what is too long still tells. */
    (void)ht_read_at(proc_fd, "stat", &text, HT_LIMIT_PROC_FILE, NULL);
    rest = ht_buf_str(&text);
    while (ht_str_next(&rest, '\n', &line)) {
        if (ht_str_has_prefix(line, "btime ") &&
            ht_parse_u64(ht_str_sub(line, 6, line.len), &seconds) == 0 && seconds < INT32_MAX * 8LL)
            return (int64_t)seconds;
    }
    return 0;
}

void ht_proc_node_look(int proc_fd, struct ht_proc_node *ret_node)
{
    struct ht_proc_node node = {.proc_fd = proc_fd, .booted_s = read_boot_time(proc_fd)};

    read_mnt_ns(proc_fd, "1/ns/mnt", node.mnt_ns, sizeof(node.mnt_ns));
    if (!node.mnt_ns[0])
        read_mnt_ns(proc_fd, "self/ns/mnt", node.mnt_ns, sizeof(node.mnt_ns));
    node.has_root = ht_proc_identify(proc_fd, "1/root", &node.root_dev, &node.root_ino) ||
                    ht_proc_identify(proc_fd, "self/root", &node.root_dev, &node.root_ino);
    *ret_node = node;
}

bool ht_proc_node_is_elsewhere(const struct ht_proc_node *node, pid_t pid)
{
    char name[HT_PROC_NAME_MAX], mnt_ns[sizeof(node->mnt_ns)];
    uint64_t dev, ino;

    read_mnt_ns(node->proc_fd, ht_proc_name(name, pid, "ns/mnt"), mnt_ns, sizeof(mnt_ns));
    if (mnt_ns[0] && strcmp(mnt_ns, node->mnt_ns) == 0)
        return false;
    if (!node->has_root ||
        !ht_proc_identify(node->proc_fd, ht_proc_name(name, pid, "root"), &dev, &ino))
        return mnt_ns[0] && node->mnt_ns[0]; /* by the namespace alone */
    return dev != node->root_dev || ino != node->root_ino;
}

int64_t ht_proc_node_time(const struct ht_proc_node *node, uint64_t ticks)
{
    long per_second = sysconf(_SC_CLK_TCK);

    if (!node->booted_s || per_second <= 0)
        return 0;
    return (node->booted_s + (int64_t)(ticks / (uint64_t)per_second)) * HT_NS_PER_S;
}

int64_t ht_proc_node_start(const struct ht_proc_node *node, pid_t pid)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_PROC_FILE);
    struct ht_proc_stat stat;
    char name[64];

    snprintf(name, sizeof(name), "%d/stat", (int)pid);
    if (ht_read_at(node->proc_fd, name, &text, HT_LIMIT_PROC_FILE, NULL) < 0 ||
        ht_proc_decode_stat(ht_buf_str(&text), &stat) < 0)
        return 0;
    return ht_proc_node_time(node, stat.start);
}
