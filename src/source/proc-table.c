/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking at /proc, deciding what is read when, and turning it into rows that stay. */
#include "proc-table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup-members.h"
#include "proc-kin.h"
#include "proc-node.h"
#include "proc-share.h"
#include "proc-sockets.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/model/process.h"

/* The library looks around the node before its first table, which takes as long as hundreds of
 * processes: it searches for libnuma in every folder of libraries. */
enum { READS_MAX = 2, NEIGHBOURS = 4, MANY = 1000 };

/* Of a container's first process what changes least, and takes longest to read, is read in one of
 * so many turns. */
enum { INIT_TURNS = 3 };

#define YOUNG (INT64_C(10) * HT_NS_PER_S)
#define SOON  (INT64_C(1) * HT_NS_PER_S)

/* ---- who is there ---- */

static bool is_skipped(const struct ht_proc_table *table, pid_t pid)
{
    for (size_t i = 0; i < table->avoid.skipped_len; i++) {
        if (table->avoid.skipped[i] == pid)
            return true;
    }
    return false;
}

/* A process that left takes its row along. */
static void drop(struct ht_proc_table *table, struct ht_proc_entry *entry)
{
    if (entry->row) {
        entry->row = ht_row_unref(entry->row);
        table->changed = true;
        table->crowd = true;
    }
}

static void join(void *context, void *member)
{
    const struct ht_proc_table *table = context;
    struct ht_proc_entry *entry = member;

    entry->schedule.due_ns = is_skipped(table, entry->pid) ? INT64_MAX : table->now_ns;
}

static void leave(void *context, void *member)
{
    drop(context, member);
}

static const struct ht_proc_crowd_ops crowd_ops = {.size = sizeof(struct ht_proc_entry),
                                                   .pid_at = offsetof(struct ht_proc_entry, pid),
                                                   .ino_at = offsetof(struct ht_proc_entry, ino),
                                                   .join = join,
                                                   .leave = leave};

static int list(struct ht_proc_table *table, struct ht_error *err)
{
    int r = ht_proc_crowd_look(&table->all, table->reader.proc_fd, table->now_ns, err);

    table->entries = table->all.members;
    table->len = table->all.len;
    return r;
}

/* ---- life ---- */

int ht_proc_table_init(struct ht_proc_table *table, const struct ht_proc_avoid *avoid,
                       struct ht_error *err)
{
    long hertz = sysconf(_SC_CLK_TCK);

    memset(table, 0, sizeof(*table));
    table->reader.proc_fd = -1;
    table->all = (struct ht_proc_crowd){.ops = &crowd_ops, .context = table};
    if (avoid)
        table->avoid = *avoid;
    table->arena = ht_arena_new(HT_LIMIT_ROW);
    table->tick_ns = HT_NS_PER_S / (hertz > 0 ? hertz : 100);
    table->booted_wall_ns = ht_proc_booted();
    return ht_proc_reader_init(&table->reader, "/proc", err);
}

void ht_proc_table_fini(struct ht_proc_table *table)
{
    ht_proc_crowd_fini(&table->all);
    ht_arena_free(table->arena);
    ht_proc_reader_fini(&table->reader);
}

bool ht_proc_table_learn(struct ht_proc_table *table, struct ht_proc_avoid *ret_avoid)
{
    struct ht_proc_avoid avoid = table->avoid;
    pid_t pid = atomic_load(&table->looking_at);

    /* The one that waits for its helper is at none itself. */
    if (pid == 0)
        pid = atomic_load(&table->helping_at);
    if (pid > 0 && avoid.skipped_len < HT_PROC_SKIPPED_MAX) {
        avoid.skipped[avoid.skipped_len++] = pid;
    } else if (pid == 0 && !avoid.one_by_one && atomic_load(&table->reading_all)) {
        /* The next reader takes them one by one and so finds which. */
        avoid.one_by_one = true;
    } else {
        return false;
    }
    *ret_avoid = avoid;
    return true;
}

/* ---- rows ---- */

/* What stat and the library's table tell; item is NULL without it. */
static void fill_base(struct ht_proc_table *table, const struct ht_proc_entry *entry,
                      const struct ht_procs_item *item, const struct ht_proc_stat *stat,
                      struct ht_process *process)
{
    struct ht_arena *arena = table->arena;
    const char state[] = {stat->state, '\0'};

    ht_process_set_id(
        process, ht_arena_strf(arena, "%d.%llu", (int)entry->pid, (unsigned long long)stat->start));
    ht_process_set_pid(process, (uint64_t)entry->pid);
    ht_process_set_ppid(process, stat->ppid);
    ht_process_set_start(process, stat->start);
    ht_process_set_started_at(process,
                              table->booted_wall_ns + (int64_t)stat->start * table->tick_ns);
    ht_process_set_comm(process, ht_arena_str(arena, stat->comm));
    if (item) {
        ht_process_set_euid(process, item->euid);
        ht_process_set_egid(process, item->egid);
    }
    ht_process_set_state(process, ht_arena_text(arena, state));
    ht_process_set_kernel(process, stat->kernel);
    if (stat->tty)
        ht_process_set_tty(process, ht_proc_decode_tty(stat->tty, arena));
}

static bool is_waiting(struct ht_str state)
{
    return state.len == 1 && strchr("RSDI", state.data[0]);
}

/* Running or sleeping is no news. Facts read twice alike say so in "reads"; then the time of the
 * first reading stays, and the row with it. What a runtime still prepares is not as it will be. */
static void agree(const struct ht_process *old, struct ht_process *fresh)
{
    if (ht_process_has_state(old) && is_waiting(old->state) && is_waiting(fresh->state))
        fresh->state = old->state;
    if (!ht_process_has_reads(fresh) || !ht_process_has_reads(old))
        return;

    int64_t at = fresh->read_at;
    fresh->read_at = old->read_at;
    fresh->reads = old->reads;
    if (!ht_process_is_prepared(fresh) && ht_struct_equal(&ht_process_table, old, fresh)) {
        fresh->reads = old->reads < READS_MAX ? old->reads + 1 : old->reads;
    } else {
        fresh->read_at = at;
        fresh->reads = 1;
    }
}

/* The row of a neighbour that runs the same program: what one process forked, or one engine
 * started, says much the same. */
static const struct ht_row *find_kindred(const struct ht_proc_table *table,
                                         const struct ht_proc_entry *entry,
                                         const struct ht_process *process)
{
    const struct ht_proc_entry *other = entry;

    for (int i = 0; i < NEIGHBOURS && other > table->entries + table->from; i++) {
        other--;
        if (other->row && ht_str_equal(ht_process_of(other->row)->comm, process->comm))
            return other->row;
    }
    return NULL;
}

void ht_proc_entry_keep(struct ht_proc_table *table, struct ht_proc_entry *entry,
                        const struct ht_process *process)
{
    struct ht_row *row = ht_row_keep(
        entry->row, ht_row_like(&ht_process_table, process, find_kindred(table, entry, process)));

    if (row != entry->row) {
        table->changed = true;
        table->crowd = table->crowd || !entry->row || entry->apart;
    }
    ht_row_unref(entry->row);
    entry->row = row;
}

/* Where it is dear, what a process that stays the same was found to have is kept. */
static void fill_memory(struct ht_proc_table *table, const struct ht_proc_entry *entry,
                        struct ht_process *process)
{
    struct ht_proc_reader *reader = &table->reader;
    const struct ht_process *before = entry->row ? ht_process_of(entry->row) : NULL;

    if (reader->leave_out & HT_PROC_MEMORY)
        return;
    if (!reader->maps.by_text || !before || !ht_process_has_wx_bytes(before) ||
        before->reads < READS_MAX) {
        ht_proc_read_memory(reader, entry->pid, table->arena, process);
        return;
    }
    ht_process_set_wx_bytes(process, before->wx_bytes);
    if (ht_process_has_wx_libraries(before))
        ht_process_set_wx_libraries(process, before->wx_libraries);
}

/* Whether a process is where it was, runs what it ran and may do what it did. */
static bool is_as_before(const struct ht_process *before, const struct ht_process *process)
{
    return before->ns_mnt == process->ns_mnt && before->ns_net == process->ns_net &&
           before->ns_user == process->ns_user &&
           ht_process_has_root_host(before) == ht_process_has_root_host(process) &&
           before->root_host == process->root_host && before->exe_dev == process->exe_dev &&
           before->exe_ino == process->exe_ino && before->cap_eff == process->cap_eff &&
           before->cap_prm == process->cap_prm && before->cap_bnd == process->cap_bnd &&
           before->seccomp == process->seccomp && before->no_new_privs == process->no_new_privs &&
           ht_str_equal(before->lsm, process->lsm);
}

/* Whether what ht_proc_read_init tells can be what it was: nobody asked for it, nothing else
 * changed, and it is not its turn. */
static bool keeps_init(struct ht_proc_entry *entry, const struct ht_process *process)
{
    const struct ht_process *before = entry->row ? ht_process_of(entry->row) : NULL;
    bool keeps = before && before->reads >= READS_MAX && entry->schedule.due_ns > 0 &&
                 ht_process_has_mounts(before) && is_as_before(before, process);

    entry->turns = keeps ? entry->turns + 1 : 0;
    return keeps && entry->turns % INIT_TURNS;
}

/* Mounts, devices and sockets, of a container's first process alone. */
static void fill_init(struct ht_proc_table *table, struct ht_proc_entry *entry, int dirfd,
                      struct ht_process *process)
{
    const struct ht_process *before = entry->row ? ht_process_of(entry->row) : NULL;

    if (!keeps_init(entry, process)) {
        ht_proc_read_init(&table->reader, dirfd, table->arena, process);
        return;
    }
    ht_process_set_mounts(process, before->mounts);
    ht_process_set_mounts_cut(process, before->mounts_cut);
    if (ht_process_has_packet_sockets(before))
        ht_process_set_packet_sockets(process, before->packet_sockets);
    if (ht_process_has_devices(before))
        ht_process_set_devices(process, before->devices);
    if (ht_process_has_block_devices(before))
        ht_process_set_block_devices(process, before->block_devices);
}

/* Security fields of a process that belongs to a container or stands apart. False: it is gone. */
static bool fill_security(struct ht_proc_table *table, struct ht_proc_entry *entry,
                          struct ht_process *process)
{
    struct ht_proc_reader *reader = &table->reader;
    ht_autoclose int dirfd = ht_proc_open(reader, entry->pid);

    if (dirfd < 0 || !ht_proc_read_security(reader, dirfd, table->arena, process))
        return false;
    if (process->ns_pids.len > 1) {
        entry->apart = true;
        if (process->ns_pids.items[process->ns_pids.len - 1] == 1)
            entry->first = true;
    }
    if (!(reader->leave_out & HT_PROC_CONTACTS))
        ht_proc_read_peers(reader, entry->pid, table->arena, process);
    fill_memory(table, entry, process);
    if (entry->contained && entry->first)
        fill_init(table, entry, dirfd, process);
    if (!ht_proc_is_same(reader, dirfd, entry->start))
        return false;
    ht_process_set_read_at(process, table->now_wall_ns);
    ht_process_set_reads(process, 1);
    return true;
}

/* Whether a daemon can be reached over the network is told by what it listens on. */
static void fill_listens(struct ht_proc_table *table, struct ht_proc_entry *entry,
                         struct ht_process *process)
{
    struct ht_process net = {0};

    entry->engine = ht_str_is(process->comm, "dockerd");
    if (!entry->engine || ht_process_has_listens(process))
        return;
    ht_proc_read_peers(&table->reader, entry->pid, table->arena, &net);
    if (ht_process_has_listens(&net))
        ht_process_set_listens(process, net.listens);
}

/* Everything else below /proc/PID. False: the process is gone. */
static bool fill_own(struct ht_proc_table *table, struct ht_proc_entry *entry,
                     struct ht_process *process)
{
    struct ht_cgroup_facts facts;
    bool readable = true;

    /* It started within the tick. */
    int64_t started_ns = (int64_t)(entry->start + 1) * table->tick_ns;
    if (ht_proc_find_cgroup(&table->reader, entry->pid, started_ns, table->arena, &facts) < 0)
        return false;
    if (facts.path.len)
        ht_process_set_cgroup(process, facts.path);
    if (facts.has_owner)
        ht_process_set_cgroup_uid(process, facts.owner);
    if (facts.unit.len)
        ht_process_set_unit(process, facts.unit);
    if (process->kernel) {
        ht_process_set_argv(process, (struct ht_text_list){0});
        return true;
    }
    ht_proc_read_argv(&table->reader, entry->pid, table->arena, process);
    if (!(table->reader.leave_out & HT_PROC_CONTACTS))
        ht_proc_read_stdio(&table->reader, entry->pid, table->arena, process);
    entry->apart = false;
    if (facts.sure != HT_CGROUP_CERTAIN || facts.users)
        readable =
            ht_proc_read_exe(&table->reader, entry->pid, table->arena, process, &entry->apart);
    bool named = facts.sure == HT_CGROUP_CERTAIN && ht_cgroup_tells(&facts, entry->apart, readable);
    entry->contained = named || entry->apart;
    if ((entry->contained || !readable) && !fill_security(table, entry, process))
        return false;
    fill_listens(table, entry, process);
    if (named)
        readable = ht_process_has_ns_pid(process);
    entry->contained = entry->contained || entry->apart;
    entry->limited = !readable;
    if (named ||
        (facts.sure == HT_CGROUP_POSSIBLE && ht_cgroup_tells(&facts, entry->apart, readable))) {
        ht_process_set_container_id(process, facts.container_id);
        ht_process_set_container_hint(process, HT_S("cgroup"));
    }
    return true;
}

static bool is_agreed(const struct ht_proc_entry *entry)
{
    const struct ht_process *process = entry->row ? ht_process_of(entry->row) : NULL;

    return process && ht_process_has_reads(process) && process->reads >= READS_MAX;
}

/* Only what has security fields is read again and again. */
static void schedule(const struct ht_proc_table *table, struct ht_proc_entry *entry)
{
    int64_t age = table->now_boot_ns - (int64_t)entry->start * table->tick_ns;

    ht_proc_schedule_next(&entry->schedule, entry->pid, age, table->now_ns,
                          entry->contained || entry->engine);
    /* A container that starts changes under the first reads: once more, until two agree. */
    if (entry->contained && age < YOUNG && !is_agreed(entry) &&
        entry->schedule.due_ns > table->now_ns + SOON)
        entry->schedule.due_ns = table->now_ns + SOON;
}

/* The owner of /proc/PID, as the library has it, where status was not read, which tells the same.
 * False: it is gone. */
static bool fill_owner(struct ht_proc_table *table, const struct ht_proc_entry *entry,
                       struct ht_process *process)
{
    char name[16];
    struct stat about;

    if (ht_process_has_euid(process) && ht_process_has_egid(process))
        return true;
    snprintf(name, sizeof(name), "%d", (int)entry->pid);
    if (fstatat(table->reader.proc_fd, name, &about, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    ht_process_set_euid(process, about.st_uid);
    ht_process_set_egid(process, about.st_gid);
    return true;
}

/* Reads one process into its row; item is what the library told of it, NULL: nothing. False: it is
 * gone. */
static bool read_process(struct ht_proc_table *table, struct ht_proc_entry *entry,
                         const struct ht_procs_item *item)
{
    struct ht_process process = {0};
    struct ht_proc_stat stat;
    bool gone;

    if (ht_proc_decode_stat(ht_proc_read_file(&table->reader, entry->pid, "stat", &gone), &stat) <
        0)
        return false;
    if (stat.state == 'Z' || stat.state == 'X') {
        drop(table, entry);
        entry->schedule.due_ns = INT64_MAX;
        return true;
    }
    if (entry->row && entry->start != stat.start)
        drop(table, entry);
    entry->start = stat.start;
    entry->ticks = stat.used;

    ht_arena_reset(table->arena);
    fill_base(table, entry, item, &stat, &process);
    if (!fill_own(table, entry, &process) || !fill_owner(table, entry, &process) ||
        ht_arena_is_full(table->arena))
        return false;
    if (entry->row) {
        ht_kin_carry(ht_process_of(entry->row), &process);
        agree(ht_process_of(entry->row), &process);
    }
    ht_proc_entry_keep(table, entry, &process);
    schedule(table, entry);
    return true;
}

/* Gone between the list and now: the next list leaves it out. */
static void gone(struct ht_proc_table *table, struct ht_proc_entry *entry)
{
    drop(table, entry);
    entry->schedule.due_ns = table->now_ns + HT_PROC_RETRY_NS;
}

static void visit_item(void *context, const struct ht_procs_item *item)
{
    struct ht_proc_table *table = context;
    struct ht_proc_entry *entry = ht_proc_crowd_find(&table->all, item->pid);

    if (!entry || entry->schedule.due_ns > table->now_ns || is_skipped(table, item->pid))
        return;
    atomic_store(&table->looking_at, item->pid);
    if (!read_process(table, entry, item))
        gone(table, entry);
    atomic_store(&table->looking_at, 0);
}

/* ---- a look ---- */

bool ht_proc_table_is_due(const struct ht_proc_table *table, const struct ht_proc_entry *entry)
{
    return entry->schedule.due_ns <= table->now_ns && !is_skipped(table, entry->pid);
}

/* One alone, which takes no more system calls than the library's table of all for each. */
void ht_proc_table_read(struct ht_proc_table *table, struct ht_proc_entry *entry,
                        atomic_int *looking_at)
{
    table->feed->at(table->feed, "reading processes");
    atomic_store(looking_at, entry->pid);
    if (!read_process(table, entry, NULL))
        gone(table, entry);
    atomic_store(looking_at, 0);
}

/* Most are due: the library reads all, in one go. False: it cannot. */
static bool read_all(struct ht_proc_table *table)
{
    table->feed->at(table->feed, "reading all processes");
    atomic_store(&table->reading_all, true);
    int r = ht_procs_each(visit_item, table);
    atomic_store(&table->reading_all, false);

    /* The library had memory for all of them. */
    ht_mem_trim();
    if (r < 0)
        return false;
    /* What was visited is due no longer. */
    for (size_t i = 0; i < table->len; i++) {
        if (table->entries[i].schedule.due_ns <= table->now_ns)
            gone(table, &table->entries[i]);
    }
    return true;
}

static size_t count_due(const struct ht_proc_table *table)
{
    size_t due = 0;

    for (size_t i = 0; i < table->len; i++)
        due += table->entries[i].schedule.due_ns <= table->now_ns;
    return due;
}

static void read_due(struct ht_proc_table *table)
{
    const struct ht_proc_avoid *avoid = &table->avoid;
    size_t due = count_due(table);

    ht_net_cache_forget(table->reader.net);
    /* One after the other, it is known where a reader hangs. */
    if (!avoid->one_by_one && avoid->skipped_len == 0) {
        if (ht_proc_share(table, due))
            return;
        if (due > HT_CGROUP_MEMBERS_RUN)
            ht_cgroup_members_begin(table->reader.members, table->reader.proc_fd, due);
        if (due > MANY && due > table->len / 2 && read_all(table))
            return;
    }
    for (size_t i = 0; i < table->len; i++) {
        if (ht_proc_table_is_due(table, &table->entries[i]))
            ht_proc_table_read(table, &table->entries[i], &table->looking_at);
    }
}

int ht_proc_table_look(struct ht_proc_table *table, struct ht_feed *feed, struct ht_error *err)
{
    table->feed = feed;
    table->now_ns = ht_clock_mono(feed->clock);
    table->now_wall_ns = ht_clock_wall(feed->clock);
    table->now_boot_ns = ht_proc_since_boot();
    table->changed = false;
    feed->at(feed, "listing /proc");

    int code = list(table, err);
    if (code < 0)
        return code;
    read_due(table);
    if (table->crowd) {
        table->crowd = false;
        ht_kin_settle(table);
        table->crowd = false;
    }
    ht_proc_reader_rest(&table->reader);
    return 0;
}

void ht_proc_table_request(struct ht_proc_table *table, const struct ht_request *request)
{
    struct ht_str id = ht_str_from(request->id);

    if (request->kind == HT_REQUEST_RESCAN)
        ht_proc_reader_refresh(&table->reader);
    for (size_t i = 0; i < table->len; i++) {
        struct ht_proc_entry *entry = &table->entries[i];
        bool wanted = false;

        switch (request->kind) {
        case HT_REQUEST_NONE:
            break;
        case HT_REQUEST_RESCAN:
            wanted = true;
            break;
        case HT_REQUEST_PID:
            wanted = entry->pid == request->pid;
            break;
        case HT_REQUEST_CONTAINER:
            wanted = entry->row && ht_str_equal(ht_process_of(entry->row)->container_id, id);
            break;
        case HT_REQUEST_CROWD:
            wanted = entry->row && ht_process_of(entry->row)->container_id.len > 0;
            break;
        }
        if (wanted && !is_skipped(table, entry->pid))
            entry->schedule.due_ns = 0;
    }
}

void ht_proc_table_ticks(struct ht_proc_table *table, const size_t *places, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct ht_proc_entry *entry = &table->entries[places[i]];
        struct ht_proc_stat stat;
        bool gone;

        atomic_store(&table->looking_at, entry->pid);
        if (ht_proc_decode_stat(ht_proc_read_file(&table->reader, entry->pid, "stat", &gone),
                                &stat) == 0 &&
            stat.start == entry->start)
            entry->ticks = stat.used;
    }
    atomic_store(&table->looking_at, 0);
}
