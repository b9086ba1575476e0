/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host row: kernel, release, namespaces, security modules. */
#include "proc-host.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "host-memory.h"
#include "proc-decode.h"
#include "proc-node.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

enum { SMALL = 64 * 1024 };

/* A kernel file's first line, in the arena. */
static bool read_line(const char *path, struct ht_arena *arena, struct ht_str *ret_line)
{
    ht_autobuf struct ht_buf text = HT_BUF(SMALL);
    struct ht_str rest;
    struct ht_str line = {0};

    if (ht_read_at(AT_FDCWD, path, &text, SMALL, NULL) < 0)
        return false;
    rest = ht_buf_str(&text);
    (void)ht_str_next(&rest, '\n', &line);
    *ret_line = ht_arena_str(arena, ht_str_trim(line));
    return true;
}

static void read_release(const struct ht_root *root, struct ht_arena *arena, struct ht_host *host)
{
    ht_autobuf struct ht_buf text = HT_BUF(SMALL);
    struct ht_error err = {0};
    struct ht_str value;

    if (ht_root_read(root, "etc/os-release", &text, SMALL, &err) < 0) {
        ht_buf_reset(&text);
        if (ht_root_read(root, "usr/lib/os-release", &text, SMALL, &err) < 0)
            return;
    }
    value = ht_proc_decode_os_release(ht_buf_str(&text), "PRETTY_NAME", arena);
    if (value.len)
        ht_host_set_os(host, value);
    value = ht_proc_decode_os_release(ht_buf_str(&text), "ID", arena);
    if (value.len)
        ht_host_set_os_id(host, value);
    value = ht_proc_decode_os_release(ht_buf_str(&text), "VERSION_ID", arena);
    if (value.len)
        ht_host_set_os_version(host, value);
}

/* The name in /etc/passwd: asking NSS could wait for a directory server. */
static void read_user(struct ht_arena *arena, struct ht_host *host)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    struct ht_str rest;
    struct ht_str line;

    ht_host_set_uid(host, geteuid());
    if (ht_read_at(AT_FDCWD, "/etc/passwd", &text, HT_LIMIT_FILE, NULL) < 0)
        return;
    rest = ht_buf_str(&text);
    while (ht_str_next(&rest, '\n', &line)) {
        struct ht_str name;
        struct ht_str field;
        uint64_t uid;

        if (ht_str_next(&line, ':', &name) && ht_str_next(&line, ':', &field) &&
            ht_str_next(&line, ':', &field) && ht_parse_u64(field, &uid) == 0 && uid == geteuid()) {
            ht_host_set_user(host, ht_arena_str(arena, name));
            return;
        }
    }
}

static void read_namespaces(struct ht_host *host)
{
    static const struct {
        const char *name;
        void (*set)(struct ht_host *host, uint64_t value);
    } kinds[] = {
        {"pid", ht_host_set_ns_pid},       {"net", ht_host_set_ns_net},
        {"mnt", ht_host_set_ns_mnt},       {"ipc", ht_host_set_ns_ipc},
        {"uts", ht_host_set_ns_uts},       {"user", ht_host_set_ns_user},
        {"cgroup", ht_host_set_ns_cgroup},
    };
    static const char *const bases[] = {"/proc/1/ns/", "/proc/self/ns/"};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        /* Without rights over pid 1 our own namespaces stand for the node's. */
        for (size_t j = 0; j < ARRAY_LEN(bases); j++) {
            char path[64];
            struct ht_buf joined = HT_BUF(sizeof(path));

            ht_buf_add_text(&joined, bases[j]);
            ht_buf_add_text(&joined, kinds[i].name);
            uint64_t inode = ht_proc_namespace(AT_FDCWD, joined.data);
            ht_buf_fini(&joined);
            if (inode) {
                kinds[i].set(host, inode);
                break;
            }
        }
    }
}

static struct ht_str cgroup_mode(void)
{
    struct statfs facts;

    if (statfs("/sys/fs/cgroup", &facts) < 0)
        return (struct ht_str){0};
    if (facts.f_type == CGROUP2_SUPER_MAGIC)
        return HT_S("v2");
    if (statfs("/sys/fs/cgroup/unified", &facts) == 0 && facts.f_type == CGROUP2_SUPER_MAGIC)
        return HT_S("hybrid");
    return HT_S("v1");
}

static void read_modules(struct ht_arena *arena, struct ht_host *host)
{
    struct ht_str line;

    if (read_line("/sys/module/apparmor/parameters/enabled", arena, &line))
        ht_host_set_apparmor(host, ht_str_is(line, "Y"));
    else if (access("/sys/module", F_OK) == 0)
        ht_host_set_apparmor(host, false);
    if (read_line("/sys/fs/selinux/enforce", arena, &line))
        ht_host_set_selinux(host, ht_str_is(line, "1") ? HT_S("enforcing") : HT_S("permissive"));
    else if (access("/sys/fs", F_OK) == 0)
        ht_host_set_selinux(host, HT_S("disabled"));
}

static void read_numbers(struct ht_arena *arena, struct ht_host *host)
{
    ht_autobuf struct ht_buf text = HT_BUF(SMALL);
    struct ht_str line;
    uint64_t number;

    ht_host_set_booted_at(host, ht_proc_booted());
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    if (cpus > 0)
        ht_host_set_cpus(host, (uint64_t)cpus);
    if (read_line("/proc/sys/kernel/cap_last_cap", arena, &line) &&
        ht_parse_u64(line, &number) == 0)
        ht_host_set_cap_last_cap(host, number);
    if (ht_read_at(AT_FDCWD, "/proc/meminfo", &text, SMALL, NULL) == 0) {
        struct ht_str rest = ht_buf_str(&text);

        while (ht_str_next(&rest, '\n', &line)) {
            if (!ht_str_has_prefix(line, "MemTotal:") || !ht_str_has_suffix(line, " kB"))
                continue;
            line = ht_str_trim(ht_str_sub(line, 9, line.len - 9 - 3));
            if (ht_parse_u64(line, &number) == 0)
                ht_host_set_memory(host, number * 1024);
        }
    }
}

static void read_kernel(struct ht_arena *arena, struct ht_host *host)
{
    struct utsname names;
    struct ht_str line;

    if (uname(&names) == 0) {
        ht_host_set_id(host, ht_arena_text(arena, names.nodename));
        ht_host_set_name(host, host->id);
        ht_host_set_kernel(host, ht_arena_text(arena, names.release));
        ht_host_set_architecture(host, ht_arena_text(arena, names.machine));
    }
    if (read_line("/proc/sys/kernel/random/boot_id", arena, &line))
        ht_host_set_boot_id(host, line);
    if (read_line("/proc/sys/kernel/core_pattern", arena, &line))
        ht_host_set_core_pattern(host, line);
    line = cgroup_mode();
    if (line.len)
        ht_host_set_cgroup_mode(host, line);
    read_modules(arena, host);
    read_numbers(arena, host);
    read_namespaces(host);
}

/* Without a running kernel the host's name is what its files say. */
static void read_name(const struct ht_root *root, struct ht_arena *arena, struct ht_host *host)
{
    ht_autobuf struct ht_buf text = HT_BUF(SMALL);
    struct ht_error err = {0};
    struct ht_str rest;
    struct ht_str line = {0};

    if (ht_root_read(root, "etc/hostname", &text, SMALL, &err) == 0) {
        rest = ht_buf_str(&text);
        (void)ht_str_next(&rest, '\n', &line);
        line = ht_str_trim(line);
    }
    ht_host_set_id(host, line.len ? ht_arena_str(arena, line) : HT_S("host"));
    if (line.len)
        ht_host_set_name(host, host->id);
}

int ht_host_read(const char *root_path, bool live, struct ht_arena *arena, struct ht_host *host,
                 struct ht_error *err)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    int code = ht_root_open(&root, root_path, err);

    ht_host_set_root(host, ht_arena_text(arena, root_path));
    if (live)
        read_kernel(arena, host);
    if (code == 0) {
        if (!live)
            read_name(&root, arena, host);
        read_release(&root, arena, host);
        ht_host_read_memory(&root, live, arena, host);
    }
    if (!ht_host_has_id(host))
        ht_host_set_id(host, HT_S("host"));
    read_user(arena, host);
    return code;
}

bool ht_host_is_contained(const struct ht_host *host)
{
    return ht_host_has_ns_pid(host) && host->ns_pid != HT_PROC_INIT_PID_NS;
}
