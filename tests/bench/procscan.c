/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: procscan dents|min|table|look|refresh
 * Prints "CPU-microseconds processes" of one task:
 *   dents    floor of a refresh: the names below /proc and nothing else
 *   min      floor of a table: stat, cgroup and the executable of each process
 *   table    ours: pid, ppid, uid, start, cgroup, command line, executable of each process
 *   look     ours: the same as rows, with namespaces, secrets masked, containers found
 *   refresh  ours: a look where nothing changed, mean of ten
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "src/source/cgroup-members.h"
#include "src/source/proc-table.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

enum { TEXT_MAX = 64 * 1024, REFRESHES = 10, NAME_BYTES = 64 };

static double cpu_us(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static void tell(double us, size_t processes)
{
    printf("%.0f %zu\n", us, processes);
}

/* ---- floors ---- */

struct scan {
    int proc_fd;
    bool read;
    size_t processes;
    char text[TEXT_MAX];
};

static void read_raw(struct scan *scan, const char *pid, const char *file)
{
    char name[NAME_BYTES];

    snprintf(name, sizeof(name), "%s/%s", pid, file);
    ht_autoclose int fd = openat(scan->proc_fd, name, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && read(fd, scan->text, sizeof(scan->text)) < 0)
        return;
}

static int visit(void *context, const char *pid, unsigned type, uint64_t inode)
{
    struct scan *scan = context;
    char name[NAME_BYTES];

    (void)type;
    (void)inode;
    if (*pid < '0' || *pid > '9')
        return 0;
    scan->processes++;
    if (!scan->read)
        return 0;
    read_raw(scan, pid, "stat");
    read_raw(scan, pid, "cgroup");
    snprintf(name, sizeof(name), "%s/exe", pid);
    if (readlinkat(scan->proc_fd, name, scan->text, sizeof(scan->text)) < 0)
        return 0;
    return 0;
}

static int floor_scan(bool read)
{
    static struct scan scan;
    struct ht_error err = {0};
    const struct ht_dir_visitor visitor = {
        .visit = visit, .context = &scan, .max_entries = HT_LIMIT_ROWS};
    double before = cpu_us();

    scan.read = read;
    scan.proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (scan.proc_fd < 0 || ht_list_fd(scan.proc_fd, &visitor, &err) < 0)
        return 1;
    tell(cpu_us() - before, scan.processes);
    return 0;
}

/* ---- ours ---- */

struct taking {
    struct ht_proc_reader reader;
    struct ht_buf text;
    int64_t tick_ns;
    size_t processes;
};

struct numbers {
    pid_t pid;
    uid_t uid;
    uint64_t ppid, start;
};

static void take(void *context, const struct ht_procs_item *item)
{
    struct taking *taking = context;
    struct ht_proc_reader *reader = &taking->reader;
    struct ht_proc_stat stat;
    bool gone;

    if (ht_proc_decode_stat(ht_proc_read_file(reader, item->pid, "stat", &gone), &stat) < 0)
        return;
    const struct numbers numbers = {
        .pid = item->pid, .uid = item->euid, .ppid = stat.ppid, .start = stat.start};
    ht_buf_reset(&taking->text);
    ht_buf_add(&taking->text, &numbers, sizeof(numbers));
    ht_buf_add_str(
        &taking->text,
        ht_proc_read_groups(reader, item->pid, (int64_t)(stat.start + 1) * taking->tick_ns, &gone));
    if (!stat.kernel) {
        ht_buf_add_str(&taking->text, ht_proc_read_file(reader, item->pid, "cmdline", &gone));
        ht_buf_add_str(&taking->text, ht_proc_read_link(reader, item->pid, "exe"));
    }
    taking->processes++;
}

static int table(void)
{
    struct ht_error err = {0};
    struct taking taking = {.text = HT_BUF(HT_LIMIT_FILE),
                            .tick_ns = HT_NS_PER_S / sysconf(_SC_CLK_TCK)};
    struct stat about;
    double before = cpu_us();

    if (ht_proc_reader_init(&taking.reader, "/proc", &err) < 0 ||
        fstat(taking.reader.proc_fd, &about) < 0)
        return 1;
    /* As many as it has folders. */
    ht_cgroup_members_begin(taking.reader.members, taking.reader.proc_fd, about.st_nlink);
    if (ht_procs_each(take, &taking) < 0)
        return 1;
    tell(cpu_us() - before, taking.processes);
    ht_buf_fini(&taking.text);
    ht_proc_reader_fini(&taking.reader);
    return 0;
}

static int64_t ahead_ns;

static int64_t mono(void *context)
{
    (void)context;
    return ht_clock_mono(ht_clock_system()) + ahead_ns;
}

static int64_t wall(void *context)
{
    (void)context;
    return ht_clock_wall(ht_clock_system()) + ahead_ns;
}

static void at(struct ht_feed *feed, const char *where)
{
    (void)feed;
    (void)where;
}

static int look(bool refresh)
{
    const struct ht_clock clock = {.mono_ns = mono, .wall_ns = wall};
    struct ht_feed feed = {.clock = &clock, .at = at};
    struct ht_proc_table processes;
    struct ht_error err = {0};
    double before = cpu_us();

    if (ht_proc_table_init(&processes, NULL, &err) < 0 ||
        ht_proc_table_look(&processes, &feed, &err) < 0)
        return 1;
    if (refresh) {
        /* Past the readings of young processes; containers' rolling ones are part of it. */
        for (int i = 0; i < 4; i++) {
            ahead_ns += 4 * HT_NS_PER_S;
            if (ht_proc_table_look(&processes, &feed, &err) < 0)
                return 1;
        }
        before = cpu_us();
        for (int i = 0; i < REFRESHES; i++) {
            ahead_ns += HT_NS_PER_S;
            if (ht_proc_table_look(&processes, &feed, &err) < 0)
                return 1;
        }
    }
    tell((cpu_us() - before) / (refresh ? REFRESHES : 1), processes.len);
    ht_proc_table_fini(&processes);
    return 0;
}

int main(int argc, char **argv)
{
    const char *task = argc == 2 ? argv[1] : "";

    if (strcmp(task, "dents") == 0)
        return floor_scan(false);
    if (strcmp(task, "min") == 0)
        return floor_scan(true);
    if (strcmp(task, "table") == 0)
        return table();
    if (strcmp(task, "look") == 0)
        return look(false);
    if (strcmp(task, "refresh") == 0)
        return look(true);
    fprintf(stderr, "usage: procscan dents|min|table|look|refresh\n");
    return 2;
}
