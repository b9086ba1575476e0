/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Load of cgroups: where their files are, reading them, rates. */
#include "proc-usage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

enum {
    STEPS = 11,       /* readings kept for the five minutes */
    UNREAD_MAX = 11,  /* readings that may pass without reading memory */
    QUIET_LEAST = 12, /* readings without load, after which every other one is left out */
    STAT_MAX = 64 * 1024,
    PATH_BYTES = 4096,
    KEY_BYTES = 512,
};

#define STEP_NS   (INT64_C(30) * HT_NS_PER_S)
#define MINUTE_NS (INT64_C(60) * HT_NS_PER_S)

/* Where one hierarchy is mounted. */
struct hierarchy {
    char *point; /* NULL: not mounted */
    char *root;
};

struct reading {
    int64_t at_ns;
    uint64_t cpu_ns;
};

/* One container or unit. */
struct load {
    char *key; /* container id, or "unit:NAME" */
    bool unit;
    bool resolved; /* the paths below were looked for */
    char *cpu;     /* file, NULL: none */
    char *memory;  /* folder, NULL: none */
    bool v2_cpu;
    bool v2_memory;
    uint64_t pass; /* last reading that counted it */
    uint64_t processes;
    uint64_t ticks;   /* sum over its processes */
    uint64_t counted; /* processes at the last reading */
    unsigned unread;  /* readings since memory was read */
    unsigned quiet;   /* readings in a row that found no load */
    bool left_out;    /* of the last reading */
    struct reading last;
    struct reading steps[STEPS];
    size_t steps_len;
    struct ht_row *row;
};

struct ht_usage_meter {
    struct hierarchy cpuacct;
    struct hierarchy memory;
    struct hierarchy unified;
    struct ht_map *loads;
    uint64_t pass;
    int64_t tick_ns;
    struct ht_buf text;
    struct ht_arena *arena;
};

/* ---- mounts ---- */

static void set_hierarchy(struct hierarchy *hierarchy, const struct ht_mount *mount)
{
    if (hierarchy->point)
        return;
    hierarchy->point = ht_strndup(mount->target.data, mount->target.len);
    hierarchy->root = ht_strndup(mount->root.data, mount->root.len);
}

struct ht_usage_meter *ht_usage_new_with(struct ht_str mountinfo)
{
    struct ht_usage_meter *meter = ht_new0(struct ht_usage_meter);
    struct ht_process process = {0};
    long hertz = sysconf(_SC_CLK_TCK);

    meter->arena = ht_arena_new(HT_LIMIT_ROW);
    meter->loads = ht_map_new();
    meter->tick_ns = HT_NS_PER_S / (hertz > 0 ? hertz : 100);
    ht_buf_init(&meter->text, STAT_MAX);
    ht_mountinfo_decode(mountinfo, false, NULL, meter->arena, &process);
    for (size_t i = 0; i < process.mounts.len; i++) {
        const struct ht_mount *mount = &process.mounts.items[i];

        if (ht_str_is(mount->type, "cgroup2"))
            set_hierarchy(&meter->unified, mount);
        else if (ht_str_is(mount->type, "cgroup") &&
                 ht_mountinfo_has_option(mount->options, "cpuacct"))
            set_hierarchy(&meter->cpuacct, mount);
        else if (ht_str_is(mount->type, "cgroup") &&
                 ht_mountinfo_has_option(mount->options, "memory"))
            set_hierarchy(&meter->memory, mount);
    }
    ht_arena_reset(meter->arena);
    return meter;
}

struct ht_usage_meter *ht_usage_new(void)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_MOUNTINFO);

    (void)ht_read_at(AT_FDCWD, "/proc/self/mountinfo", &text, HT_LIMIT_MOUNTINFO, NULL);
    return ht_usage_new_with(ht_buf_str(&text));
}

static void free_load(void *context, struct ht_str key, void *value)
{
    struct load *load = value;

    (void)context;
    (void)key;
    free(load->key);
    free(load->cpu);
    free(load->memory);
    ht_row_unref(load->row);
    free(load);
}

struct ht_usage_meter *ht_usage_free(struct ht_usage_meter *meter)
{
    if (!meter)
        return NULL;
    ht_map_each(meter->loads, free_load, NULL);
    ht_map_free(meter->loads);
    struct hierarchy *all[] = {&meter->cpuacct, &meter->memory, &meter->unified};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        free(all[i]->point);
        free(all[i]->root);
    }
    ht_buf_fini(&meter->text);
    ht_arena_free(meter->arena);
    free(meter);
    return NULL;
}

/* ---- where a load's files are ---- */

/* The path up to the element that names the container or unit: processes may sit deeper. */
static struct ht_str up_to(struct ht_str path, struct ht_str name)
{
    ptrdiff_t at = name.len ? ht_str_find(path, name, 0) : -1;

    if (at < 0)
        return path;
    size_t end = (size_t)at + name.len;
    while (end < path.len && path.data[end] != '/')
        end++;
    return ht_str_sub(path, 0, end);
}

/* Folder of a cgroup in a hierarchy, owned, or NULL if it has none to itself. */
static char *folder_of(const struct hierarchy *hierarchy, struct ht_str path, struct ht_str name)
{
    struct ht_buf folder = HT_BUF(PATH_BYTES);
    struct ht_str root = ht_str_from(hierarchy->root);

    if (!hierarchy->point || path.len < 2 || ht_str_find(path, HT_S("/.."), 0) >= 0)
        return NULL;
    path = up_to(path, name);
    if (root.len > 1) {
        if (path.len <= root.len || memcmp(path.data, root.data, root.len) != 0)
            return NULL;
        path = ht_str_sub(path, root.len, path.len);
    }
    ht_buf_add_text(&folder, hierarchy->point);
    ht_buf_add_str(&folder, path);
    return ht_buf_take(&folder);
}

static char *join(const char *folder, const char *file)
{
    struct ht_buf path = HT_BUF(PATH_BYTES);

    ht_buf_addf(&path, "%s/%s", folder, file);
    return ht_buf_take(&path);
}

static void resolve(struct ht_usage_meter *meter, struct load *load, pid_t pid,
                    const struct ht_proc_reader *reader)
{
    char file[32];
    struct ht_str name = ht_str_from(load->key);

    load->resolved = true;
    if (load->unit)
        name = ht_str_sub(name, strlen("unit:"), name.len);
    snprintf(file, sizeof(file), "%d/cgroup", (int)pid);
    if (ht_read_at(reader->proc_fd, file, &meter->text, STAT_MAX, NULL) < 0)
        return;

    struct ht_str text = ht_buf_str(&meter->text);
    ht_autofree char *v1_cpu = folder_of(&meter->cpuacct, ht_cgroup_path_of(text, "cpuacct"), name);
    char *v1_memory = folder_of(&meter->memory, ht_cgroup_path_of(text, "memory"), name);
    ht_autofree char *v2 = folder_of(&meter->unified, ht_cgroup_path_of(text, ""), name);
    if (v1_cpu)
        load->cpu = join(v1_cpu, "cpuacct.usage");
    else if (v2)
        load->cpu = join(v2, "cpu.stat");
    load->v2_cpu = !v1_cpu;
    load->memory = v1_memory ? v1_memory : ht_steal_ptr(v2);
    load->v2_memory = !v1_memory;
}

/* ---- reading ---- */

/* The number behind "key " at a line's start. */
static bool find_number(struct ht_str text, const char *key, uint64_t *ret_value)
{
    struct ht_str line;

    while (ht_str_next(&text, '\n', &line)) {
        if (ht_str_has_prefix(line, key) && line.len > strlen(key) && line.data[strlen(key)] == ' ')
            return ht_parse_u64(ht_str_trim(ht_str_sub(line, strlen(key), line.len)), ret_value) ==
                   0;
    }
    return false;
}

static bool read_cpu(struct ht_usage_meter *meter, const struct load *load, uint64_t *ret_ns)
{
    uint64_t value;

    if (!load->cpu || ht_read_piece_at(AT_FDCWD, load->cpu, &meter->text, STAT_MAX, NULL) < 0)
        return false;
    if (!load->v2_cpu)
        return ht_parse_u64(ht_str_trim(ht_buf_str(&meter->text)), ret_ns) == 0;
    if (!find_number(ht_buf_str(&meter->text), "usage_usec", &value))
        return false;
    *ret_ns = value * 1000;
    return true;
}

static bool read_file(struct ht_usage_meter *meter, const char *folder, const char *file)
{
    char path[PATH_BYTES];
    int len = snprintf(path, sizeof(path), "%s/%s", folder, file);

    return len > 0 && (size_t)len < sizeof(path) &&
           ht_read_piece_at(AT_FDCWD, path, &meter->text, STAT_MAX, NULL) == 0;
}

/* Without the page cache that the kernel gives back first, as other tools count it. */
static bool read_memory(struct ht_usage_meter *meter, const struct load *load, uint64_t *ret_bytes)
{
    uint64_t bytes;
    uint64_t cache;

    if (!load->memory ||
        !read_file(meter, load->memory,
                   load->v2_memory ? "memory.current" : "memory.usage_in_bytes") ||
        ht_parse_u64(ht_str_trim(ht_buf_str(&meter->text)), &bytes) < 0)
        return false;
    if (read_file(meter, load->memory, "memory.stat") &&
        find_number(ht_buf_str(&meter->text),
                    load->v2_memory ? "inactive_file" : "total_inactive_file", &cache))
        bytes -= cache < bytes ? cache : bytes;
    *ret_bytes = bytes;
    return true;
}

/* "max", -1 and what no machine has are no limit. */
static uint64_t limit_of(struct ht_str word)
{
    uint64_t value;

    return ht_parse_u64(ht_str_trim(word), &value) < 0 || value >= UINT64_C(1) << 62 ? 0 : value;
}

static bool read_memory_max(struct ht_usage_meter *meter, const struct load *load,
                            uint64_t *ret_bytes)
{
    if (!load->memory ||
        !read_file(meter, load->memory, load->v2_memory ? "memory.max" : "memory.limit_in_bytes"))
        return false;
    *ret_bytes = limit_of(ht_buf_str(&meter->text));
    return true;
}

/* In thousandths of a core. Version 1 has quota and period apart. */
static bool read_cpu_max(struct ht_usage_meter *meter, const struct load *load, uint64_t *ret_mcpu)
{
    ht_autofree char *folder = ht_strdup(load->cpu);
    struct ht_str text, word = {0};
    uint64_t quota, period = 100000;

    if (!folder)
        return false;
    *strrchr(folder, '/') = '\0';
    if (!read_file(meter, folder, load->v2_cpu ? "cpu.max" : "cpu.cfs_quota_us"))
        return false;
    text = ht_buf_str(&meter->text);
    (void)ht_str_next(&text, ' ', &word);
    quota = limit_of(word);
    if (load->v2_cpu)
        (void)ht_parse_u64(ht_str_trim(text), &period);
    else if (read_file(meter, folder, "cpu.cfs_period_us"))
        (void)ht_parse_u64(ht_str_trim(ht_buf_str(&meter->text)), &period);
    *ret_mcpu = period && quota < UINT64_MAX / 1000 ? quota * 1000 / period : 0;
    return true;
}

/* They seldom change: read when memory is. */
static void add_limits(struct ht_usage_meter *meter, const struct load *load, bool slept,
                       const struct ht_usage *old, struct ht_usage *usage)
{
    uint64_t value;

    if (load->unit)
        return;
    if (slept && ht_usage_has_memory_max(old))
        ht_usage_set_memory_max(usage, old->memory_max);
    else if (read_memory_max(meter, load, &value))
        ht_usage_set_memory_max(usage, value);
    if (slept && ht_usage_has_cpu_max(old))
        ht_usage_set_cpu_max(usage, old->cpu_max);
    else if (read_cpu_max(meter, load, &value))
        ht_usage_set_cpu_max(usage, value);
}

static uint64_t rate(const struct reading *from, int64_t at_ns, uint64_t cpu_ns)
{
    int64_t passed = at_ns - from->at_ns;

    /* Ticks of ended processes are missing in a sum: that is no negative load. */
    if (passed <= 0 || cpu_ns <= from->cpu_ns)
        return 0;
    return (uint64_t)((double)(cpu_ns - from->cpu_ns) * 1000.0 / (double)passed + 0.5);
}

static void step(struct load *load, int64_t now_ns, uint64_t cpu_ns)
{
    if (load->steps_len && now_ns - load->steps[load->steps_len - 1].at_ns < STEP_NS)
        return;
    if (load->steps_len == STEPS) {
        memmove(load->steps, load->steps + 1, (STEPS - 1) * sizeof(*load->steps));
        load->steps_len--;
    }
    load->steps[load->steps_len++] = (struct reading){.at_ns = now_ns, .cpu_ns = cpu_ns};
}

/* The old value where the new one is near it, so that noise makes no new row. */
static uint64_t settle(bool has_old, uint64_t old, uint64_t fresh, uint64_t least)
{
    uint64_t difference = old > fresh ? old - fresh : fresh - old;
    uint64_t slack = old / 64 > least ? old / 64 : least;

    return has_old && difference <= slack && (fresh > 0 || old == 0) ? old : fresh;
}

static bool measure(struct ht_usage_meter *meter, struct load *load, int64_t now_ns)
{
    const struct ht_usage *old = load->row ? ht_usage_of(load->row) : NULL;
    struct ht_usage usage = {0};
    uint64_t cpu_ns;
    uint64_t memory;

    if (!read_cpu(meter, load, &cpu_ns))
        cpu_ns = load->ticks * (uint64_t)meter->tick_ns;
    /* What did not run has not taken memory; what was taken from it waits for the next reading. */
    bool slept = old && load->last.at_ns && cpu_ns == load->last.cpu_ns &&
                 load->processes == load->counted && load->unread++ < UNREAD_MAX;
    if (!slept)
        load->unread = 0;
    load->counted = load->processes;
    ht_usage_set_id(&usage, ht_str_from(load->key));
    if (load->unit)
        ht_usage_set_unit(&usage, ht_str_sub(usage.id, strlen("unit:"), usage.id.len));
    else
        ht_usage_set_container(&usage, usage.id);
    if (load->last.at_ns) {
        uint64_t cpu = rate(&load->last, now_ns, cpu_ns);
        uint64_t cpu_5m = rate(&load->steps[0], now_ns, cpu_ns);

        ht_usage_set_cpu(&usage, settle(old && ht_usage_has_cpu(old), old ? old->cpu : 0, cpu, 2));
        ht_usage_set_cpu_5m(
            &usage, settle(old && ht_usage_has_cpu_5m(old), old ? old->cpu_5m : 0, cpu_5m, 2));
        ht_usage_set_cpu_span(&usage, (now_ns - load->steps[0].at_ns) / MINUTE_NS * MINUTE_NS);
    }
    load->quiet = ht_usage_has_cpu(&usage) && usage.cpu == 0 ? load->quiet + 1 : 0;
    step(load, now_ns, cpu_ns);
    load->last = (struct reading){.at_ns = now_ns, .cpu_ns = cpu_ns};
    if (slept && ht_usage_has_memory(old))
        ht_usage_set_memory(&usage, old->memory);
    else if (read_memory(meter, load, &memory))
        ht_usage_set_memory(&usage, settle(old && ht_usage_has_memory(old), old ? old->memory : 0,
                                           memory, 1024 * 1024));
    ht_usage_set_processes(&usage, load->processes);
    add_limits(meter, load, slept, old, &usage);

    struct ht_row *row = ht_row_keep(load->row, ht_row_new(&ht_usage_table, &usage));
    bool changed = row != load->row;
    ht_row_unref(load->row);
    load->row = row;
    return changed;
}

/* ---- a reading ---- */

void ht_usage_begin(struct ht_usage_meter *meter)
{
    meter->pass++;
}

bool ht_usage_count(struct ht_usage_meter *meter, const struct ht_process *process,
                    struct ht_proc_reader *reader, uint64_t ticks)
{
    char key[KEY_BYTES];
    struct ht_buf text = HT_BUF(sizeof(key));
    bool unit = !ht_process_has_container_id(process) || process->container_id.len == 0;

    if (unit && (!ht_process_has_unit(process) || !ht_str_has_suffix(process->unit, ".service")))
        return false;
    if (unit)
        ht_buf_add_text(&text, "unit:");
    ht_buf_add_str(&text, unit ? process->unit : process->container_id);

    struct load *load = ht_map_get(meter->loads, ht_buf_str(&text));
    if (!load) {
        load = ht_new0(struct load);
        load->key = ht_strndup(text.data, text.len);
        load->unit = unit;
        ht_map_set(meter->loads, ht_buf_str(&text), load);
    }
    ht_buf_fini(&text);
    if (load->pass != meter->pass) {
        load->pass = meter->pass;
        load->processes = 0;
        load->ticks = 0;
    }
    load->processes++;
    load->ticks += ticks;
    if (!load->resolved)
        resolve(meter, load, (pid_t)process->pid, reader);
    return !load->cpu;
}

static void expect_load(void *context, struct ht_str key, void *value)
{
    struct load *load = value;

    (void)context;
    (void)key;
    load->unread = UNREAD_MAX;
    load->quiet = 0;
}

void ht_usage_expect(struct ht_usage_meter *meter, struct ht_str container_id)
{
    struct load *load = ht_map_get(meter->loads, container_id);

    if (load)
        expect_load(NULL, container_id, load);
}

void ht_usage_expect_all(struct ht_usage_meter *meter)
{
    ht_map_each(meter->loads, expect_load, NULL);
}

struct finishing {
    struct ht_usage_meter *meter;
    int64_t now_ns;
    bool changed;
    struct ht_vec gone;
};

/* Whether what hardly ran for a minute, and has the same processes, may wait for the next reading.
 */
static bool is_left_out(struct load *load)
{
    load->left_out =
        !load->left_out && load->quiet >= QUIET_LEAST && load->processes == load->counted;
    load->unread += load->left_out;
    return load->left_out;
}

static void finish_load(void *context, struct ht_str key, void *value)
{
    struct finishing *finishing = context;
    struct load *load = value;

    (void)key;
    if (load->pass != finishing->meter->pass)
        ht_vec_add(&finishing->gone, load);
    else if (!is_left_out(load) && measure(finishing->meter, load, finishing->now_ns))
        finishing->changed = true;
}

bool ht_usage_finish(struct ht_usage_meter *meter, int64_t now_ns)
{
    struct finishing finishing = {.meter = meter, .now_ns = now_ns};

    ht_map_each(meter->loads, finish_load, &finishing);
    for (size_t i = 0; i < finishing.gone.len; i++) {
        struct load *load = finishing.gone.items[i];

        finishing.changed = true;
        ht_map_remove(meter->loads, ht_str_from(load->key));
        free_load(NULL, (struct ht_str){0}, load);
    }
    ht_vec_fini(&finishing.gone);
    return finishing.changed;
}

static void share_load(void *context, struct ht_str key, void *value)
{
    struct ht_node *sample = context;
    const struct load *load = value;

    (void)key;
    if (load->row)
        ht_node_add(sample, ht_row_ref(load->row));
}

void ht_usage_share(const struct ht_usage_meter *meter, struct ht_node *sample)
{
    ht_map_each(meter->loads, share_load, sample);
}
