/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Security facts of one process, relative to one descriptor of its directory. */
#include "proc-read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup-members.h"
#include "proc-devices.h"
#include "proc-mount-kind.h"
#include "proc-node.h"
#include "proc-sockets.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/source/source.h"

enum { LINK_MAX_BYTES = 4096 + 16, NAME_MAX_BYTES = 64, FILE_KEPT = 8 * 1024, LIBRARIES_MAX = 64 };

/* ---- the tree ---- */

int ht_proc_open_table(const char *path, struct ht_error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return ht_error_errno(err, errno, "%s", path);
    if (strcmp(path, "/proc") == 0 && faccessat(fd, "self/stat", F_OK, 0) < 0 &&
        faccessat(fd, "1/stat", F_OK, 0) < 0) {
        close(fd);
        return ht_error_set(err, ENOENT,
                            "/proc: no process table is mounted there: mount -t proc "
                            "proc /proc");
    }
    return fd;
}

int ht_proc_reader_init(struct ht_proc_reader *reader, const char *path, struct ht_error *err)
{
    int fd = ht_proc_open_table(path, err);

    if (fd < 0)
        return fd;
    ht_proc_reader_take(reader, fd);
    reader->live = strcmp(path, "/proc") == 0;
    return 0;
}

void ht_proc_reader_take(struct ht_proc_reader *reader, int proc_fd)
{
    memset(reader, 0, sizeof(*reader));
    reader->proc_fd = proc_fd;
    ht_buf_init(&reader->file, HT_LIMIT_PROC_FILE);
    ht_buf_init(&reader->mountinfo, HT_LIMIT_MOUNTINFO);
    ht_buf_init(&reader->link, LINK_MAX_BYTES);
    ht_buf_init(&reader->uid_map, HT_LIMIT_PROC_FILE);
    reader->devices = ht_map_new();
    reader->net = ht_net_cache_new();
    reader->members = ht_cgroup_members_new();
    reader->maps = (struct ht_mapped)HT_MAPPED(proc_fd);
    ht_proc_reader_refresh(reader);
}

void ht_proc_reader_fini(struct ht_proc_reader *reader)
{
    ht_cleanup_close(&reader->proc_fd);
    ht_buf_fini(&reader->file);
    ht_buf_fini(&reader->mountinfo);
    ht_buf_fini(&reader->link);
    ht_buf_fini(&reader->uid_map);
    ht_arena_free(reader->host_arena);
    ht_devices_forget(reader->devices);
    ht_net_cache_free(reader->net);
    ht_cgroup_members_free(reader->members);
    ht_mapped_fini(&reader->maps);
}

void ht_proc_reader_rest(struct ht_proc_reader *reader)
{
    ht_buf_fini(&reader->mountinfo);
    ht_mapped_fini(&reader->maps);
    ht_cgroup_members_end(reader->members);
    if (reader->file.cap > FILE_KEPT)
        ht_buf_fini(&reader->file);
}

/* Target of a link as text in reader->link; empty and errno where it cannot be read. */
static struct ht_str read_link(struct ht_proc_reader *reader, int dirfd, const char *name)
{
    size_t room;

    ht_buf_reset(&reader->link);
    char *target = ht_buf_room(&reader->link, LINK_MAX_BYTES, &room);
    ssize_t len = readlinkat(dirfd, name, target, room);
    if (len < 0)
        return (struct ht_str){0};
    ht_buf_grow(&reader->link, (size_t)len);
    return ht_buf_str(&reader->link);
}

static uint64_t read_ns(struct ht_proc_reader *reader, int dirfd, const char *name)
{
    return ht_proc_decode_ns(read_link(reader, dirfd, name));
}

/* What holds for all processes of this kernel, or of our own user namespace: asked once. */
static void read_own(struct ht_proc_reader *reader)
{
    struct ht_buf *file = &reader->file;

    reader->ns_user = read_ns(reader, reader->proc_fd, "self/ns/user");
    ht_buf_fini(&reader->uid_map);
    if (ht_read_piece_at(reader->proc_fd, "self/uid_map", file, HT_LIMIT_PROC_FILE, NULL) == 0)
        ht_buf_add_str(&reader->uid_map, ht_buf_str(file));
    /* EINVAL: there is the file, and nobody who would answer for it. */
    reader->no_labels = ht_read_piece_at(reader->proc_fd, "self/attr/apparmor/current", file,
                                         HT_LIMIT_PROC_FILE, NULL) == -ENOENT &&
                        ht_read_piece_at(reader->proc_fd, "self/attr/current", file,
                                         HT_LIMIT_PROC_FILE, NULL) == -EINVAL;
}

void ht_proc_reader_refresh(struct ht_proc_reader *reader)
{
    char name[NAME_MAX_BYTES];

    reader->is_own = !read_ns(reader, reader->proc_fd, "1/ns/pid");
    const char *base = reader->is_own ? "self" : "1";
    snprintf(name, sizeof(name), "%s/root", base);
    reader->has_root =
        ht_proc_identify(reader->proc_fd, name, &reader->root_dev, &reader->root_ino);
    snprintf(name, sizeof(name), "%s/ns/pid", base);
    reader->ns_pid = read_ns(reader, reader->proc_fd, name);
    snprintf(name, sizeof(name), "%s/ns/mnt", base);
    reader->ns_mnt = read_ns(reader, reader->proc_fd, name);

    read_own(reader);
    /* The node's mounts are read when they are needed: who reads no mounts never has them. */
    reader->host_mounts = (struct ht_host_mounts){0};
    reader->host_arena = ht_arena_free(reader->host_arena);
}

static bool look_at_path(void *context, uint64_t device, struct ht_str path,
                         enum ht_mount_kind *ret_kind)
{
    const struct ht_proc_reader *reader = context;

    return ht_mount_kind_at(reader->proc_fd, reader->is_own, device, path, ret_kind);
}

static void read_host_mounts(struct ht_proc_reader *reader)
{
    const char *name = reader->is_own ? "self/mountinfo" : "1/mountinfo";

    if (reader->host_arena)
        return;
    reader->host_arena = ht_arena_new(HT_LIMIT_MOUNTINFO);
    int code = ht_read_at(reader->proc_fd, name, &reader->mountinfo, HT_LIMIT_MOUNTINFO, NULL);
    if (code == 0 || code == -EFBIG)
        ht_mountinfo_decode_host(ht_buf_str(&reader->mountinfo), reader->host_arena,
                                 &reader->host_mounts);
    reader->host_mounts.cut = reader->host_mounts.cut || code == -EFBIG;
    if (reader->live) {
        reader->host_mounts.look = look_at_path;
        reader->host_mounts.context = reader;
    }
}

/* ---- every process ---- */

struct ht_str ht_proc_read_file(struct ht_proc_reader *reader, pid_t pid, const char *file,
                                bool *ret_gone)
{
    char name[HT_PROC_NAME_MAX];
    int r = ht_read_piece_at(reader->proc_fd, ht_proc_name(name, pid, file), &reader->file,
                             HT_LIMIT_PROC_FILE, NULL);

    *ret_gone = r == -ESRCH || r == -ENOENT;
    return ht_buf_str(&reader->file);
}

struct ht_str ht_proc_read_link(struct ht_proc_reader *reader, pid_t pid, const char *file)
{
    char name[HT_PROC_NAME_MAX];

    return read_link(reader, reader->proc_fd, ht_proc_name(name, pid, file));
}

/* Most lines name the same path: one of them is enough. */
static struct ht_str distinct_paths(struct ht_str text, struct ht_arena *arena)
{
    struct ht_buf kept = HT_BUF(HT_LIMIT_PROC_FILE);
    struct ht_str line;
    struct ht_str last = {0};

    while (ht_str_next(&text, '\n', &line)) {
        ptrdiff_t slash = ht_str_find_byte(line, '/');
        struct ht_str path = slash < 0 ? line : ht_str_sub(line, (size_t)slash, line.len);

        if (last.data && ht_str_equal(path, last))
            continue;
        last = path;
        ht_buf_add_str(&kept, line);
        ht_buf_add_c(&kept, '\n');
    }

    struct ht_str copy = ht_arena_str(arena, ht_buf_str(&kept));
    ht_buf_fini(&kept);
    return copy;
}

/* Who owns a group, in whichever hierarchy it is; one that is not root's counts. */
static void find_owner(const struct ht_proc_reader *reader, struct ht_cgroup_facts *facts)
{
    static const char *const hierarchies[] = {"",     "/unified", "/systemd", "/memory",
                                              "/cpu", "/pids",    "/devices"};
    ht_autobuf struct ht_buf path = HT_BUF(LINK_MAX_BYTES);
    struct stat st;

    /* A part that leads above our own root of the hierarchy has no place below the mount. */
    if (ht_str_find(facts->named, HT_S("/.."), 0) >= 0)
        return;
    for (size_t i = 0; i < ARRAY_LEN(hierarchies); i++) {
        ht_buf_reset(&path);
        ht_buf_addf(&path, "%s/root/sys/fs/cgroup%s", reader->is_own ? "self" : "1",
                    hierarchies[i]);
        ht_buf_add_str(&path, facts->named);
        if (ht_buf_is_full(&path) || fstatat(reader->proc_fd, path.data, &st, 0) < 0)
            continue;
        facts->owner = facts->has_owner && facts->owner ? facts->owner : st.st_uid;
        facts->has_owner = true;
    }
}

void ht_proc_decode_cgroup(struct ht_proc_reader *reader, struct ht_str text,
                           struct ht_cgroup_facts *ret_facts)
{
    ht_cgroup_decode(text, ret_facts);
    if (!ret_facts->delegable)
        return;
    find_owner(reader, ret_facts);
    ret_facts->users = !ret_facts->has_owner || ret_facts->owner != 0;
}

struct ht_str ht_proc_read_groups(struct ht_proc_reader *reader, pid_t pid, int64_t started_ns,
                                  bool *ret_gone)
{
    struct ht_str text = ht_cgroup_members_find(reader->members, pid, started_ns);

    *ret_gone = false;
    if (text.len)
        return text;
    text = ht_proc_read_file(reader, pid, "cgroup", ret_gone);
    ht_cgroup_members_met(reader->members, pid, text);
    return text;
}

int ht_proc_find_cgroup(struct ht_proc_reader *reader, pid_t pid, int64_t started_ns,
                        struct ht_arena *arena, struct ht_cgroup_facts *ret_facts)
{
    bool gone;
    struct ht_str text = ht_proc_read_groups(reader, pid, started_ns, &gone);

    if (gone)
        return -ESRCH;
    ht_proc_decode_cgroup(reader, distinct_paths(text, arena), ret_facts);
    return 0;
}

int ht_proc_read_cgroup(struct ht_proc_reader *reader, pid_t pid, struct ht_arena *arena,
                        struct ht_cgroup_facts *ret_facts)
{
    return ht_proc_find_cgroup(reader, pid, INT64_MAX, arena, ret_facts);
}

void ht_proc_read_argv(struct ht_proc_reader *reader, pid_t pid, struct ht_arena *arena,
                       struct ht_process *process)
{
    bool gone;

    /* Where it is longer, or reading ends early, its beginning is kept. */
    struct ht_str text = ht_proc_read_file(reader, pid, "cmdline", &gone);
    if (!gone)
        ht_proc_decode_cmdline(text, arena, process);
}

bool ht_proc_has_other_root(struct ht_proc_reader *reader, pid_t pid)
{
    uint64_t ns = ht_proc_decode_ns(ht_proc_read_link(reader, pid, "ns/mnt"));
    char name[HT_PROC_NAME_MAX];
    uint64_t dev, ino;

    if (ns == 0 || reader->ns_mnt == 0 || ns == reader->ns_mnt || !reader->has_root)
        return false;
    errno = 0;
    if (!ht_proc_identify(reader->proc_fd, ht_proc_name(name, pid, "root"), &dev, &ino))
        return ht_error_is_denied(-errno);
    return dev != reader->root_dev || ino != reader->root_ino;
}

bool ht_proc_is_apart(struct ht_proc_reader *reader, pid_t pid)
{
    uint64_t ns_pid = ht_proc_decode_ns(ht_proc_read_link(reader, pid, "ns/pid"));

    return (ns_pid && reader->ns_pid && ns_pid != reader->ns_pid) ||
           ht_proc_has_other_root(reader, pid);
}

bool ht_proc_read_exe(struct ht_proc_reader *reader, pid_t pid, struct ht_arena *arena,
                      struct ht_process *process, bool *ret_apart)
{
    bool readable = true;

    errno = 0;
    struct ht_str exe = ht_proc_read_link(reader, pid, "exe");
    if (exe.len)
        ht_process_set_exe(process, ht_arena_str(arena, exe));
    else
        readable = errno != EACCES && errno != EPERM;
    *ret_apart = readable && ht_proc_is_apart(reader, pid);
    return readable;
}

bool ht_proc_is_contained(struct ht_proc_reader *reader, pid_t pid,
                          const struct ht_cgroup_facts *facts)
{
    bool readable = true, apart = false;

    if (facts->sure == HT_CGROUP_POSSIBLE || (facts->sure == HT_CGROUP_CERTAIN && facts->users)) {
        errno = 0;
        readable = ht_proc_read_link(reader, pid, "exe").len || (errno != EACCES && errno != EPERM);
        apart = readable && ht_proc_is_apart(reader, pid);
    }
    return ht_cgroup_tells(facts, apart, readable);
}

/* ---- processes of containers ---- */

int ht_proc_open(const struct ht_proc_reader *reader, pid_t pid)
{
    char name[HT_PROC_NAME_MAX];
    int fd = openat(reader->proc_fd, ht_proc_name(name, pid, ""), O_PATH | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 ? -ESRCH : fd;
}

static struct ht_str read_small(struct ht_proc_reader *reader, int dirfd, const char *name)
{
    if (ht_read_piece_at(dirfd, name, &reader->file, HT_LIMIT_PROC_FILE, NULL) < 0)
        return (struct ht_str){0};
    return ht_buf_str(&reader->file);
}

static struct ht_str read_lines(struct ht_proc_reader *reader, int dirfd, const char *name)
{
    if (ht_read_at(dirfd, name, &reader->file, HT_LIMIT_PROC_FILE, NULL) < 0)
        return (struct ht_str){0};
    return ht_buf_str(&reader->file);
}

bool ht_proc_is_same(struct ht_proc_reader *reader, int dirfd, uint64_t start)
{
    struct ht_proc_stat stat;

    return ht_proc_decode_stat(read_small(reader, dirfd, "stat"), &stat) == 0 &&
           stat.start == start && stat.state != 'Z' && stat.state != 'X';
}

static void read_namespaces(struct ht_proc_reader *reader, int dirfd, struct ht_process *process)
{
    static const struct {
        const char *name;
        void (*set)(struct ht_process *process, uint64_t value);
    } kinds[] = {
        {"ns/pid", ht_process_set_ns_pid},       {"ns/net", ht_process_set_ns_net},
        {"ns/mnt", ht_process_set_ns_mnt},       {"ns/ipc", ht_process_set_ns_ipc},
        {"ns/uts", ht_process_set_ns_uts},       {"ns/user", ht_process_set_ns_user},
        {"ns/cgroup", ht_process_set_ns_cgroup},
    };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        uint64_t inode = read_ns(reader, dirfd, kinds[i].name);

        if (inode)
            kinds[i].set(process, inode);
        else if (i == 0 && errno == EACCES)
            return; /* the others are refused alike */
    }
}

static void read_label(struct ht_proc_reader *reader, int dirfd, struct ht_arena *arena,
                       struct ht_process *process)
{
    /* Where several modules are stacked, attr/current speaks for the first alone. */
    struct ht_str text = read_small(reader, dirfd, "attr/apparmor/current");

    if (text.len == 0)
        text = read_small(reader, dirfd, "attr/current");
    ht_proc_decode_lsm(text, process);
    if (ht_process_has_lsm(process))
        process->lsm = ht_arena_str(arena, process->lsm);
}

/* Most processes are in our own user namespace and have its map, which does not change. */
static void read_uid_map(struct ht_proc_reader *reader, int dirfd, struct ht_arena *arena,
                         struct ht_process *process)
{
    bool ours = reader->ns_user && process->ns_user == reader->ns_user && reader->uid_map.len;

    ht_proc_decode_uid_map(
        ours ? ht_buf_str(&reader->uid_map) : read_small(reader, dirfd, "uid_map"), arena, process);
}

bool ht_proc_read_security(struct ht_proc_reader *reader, int dirfd, struct ht_arena *arena,
                           struct ht_process *process)
{
    uint64_t dev;
    uint64_t ino;

    struct ht_str status = read_small(reader, dirfd, "status");
    if (status.len == 0 || !ht_proc_decode_status(status, arena, process))
        return false;
    struct ht_str exe = read_link(reader, dirfd, "exe");
    if (exe.len)
        ht_process_set_exe(process, ht_arena_str(arena, exe));
    if (exe.len && ht_proc_identify(dirfd, "exe", &dev, &ino)) {
        ht_process_set_exe_dev(process, dev);
        ht_process_set_exe_ino(process, ino);
    }
    read_namespaces(reader, dirfd, process);
    if (reader->has_root && ht_proc_identify(dirfd, "root", &dev, &ino))
        ht_process_set_root_host(process, dev == reader->root_dev && ino == reader->root_ino);
    if (!reader->no_labels)
        read_label(reader, dirfd, arena, process);
    read_uid_map(reader, dirfd, arena, process);
    if (!(reader->leave_out & HT_PROC_LOGIN))
        ht_proc_decode_loginuid(read_small(reader, dirfd, "loginuid"), process);
    return true;
}

/* The names of what the open process maps, each once. */
static void read_libraries(struct ht_proc_reader *reader, struct ht_arena *arena,
                           struct ht_process *process)
{
    struct ht_str *items = ht_arena_array(arena, struct ht_str, LIBRARIES_MAX);
    struct ht_text_list names = {.items = items};
    struct ht_mapping mapping;

    while (names.len < LIBRARIES_MAX && ht_mapped_next(&reader->maps, &mapping) > 0) {
        struct ht_str name = ht_str_program(mapping.path);

        if (!ht_text_list_has(&names, name))
            items[names.len++] = ht_arena_str(arena, name);
    }
    ht_process_set_wx_libraries(process, names);
}

/* It grows as programs compile: another number each time would be no news. */
static uint64_t to_power_of_two(uint64_t bytes)
{
    while (bytes & (bytes - 1))
        bytes &= bytes - 1;
    return bytes;
}

void ht_proc_read_memory(struct ht_proc_reader *reader, pid_t pid, struct ht_arena *arena,
                         struct ht_process *process)
{
    uint64_t bytes;
    int code = ht_mapped_open(&reader->maps, pid);

    if (code == 0)
        code = ht_mapped_loose(&reader->maps, &bytes);
    if (code == 0) {
        ht_process_set_wx_bytes(process, to_power_of_two(bytes));
        if (bytes)
            read_libraries(reader, arena, process);
    }
    ht_mapped_close(&reader->maps);
}

void ht_proc_read_init(struct ht_proc_reader *reader, int dirfd, struct ht_arena *arena,
                       struct ht_process *process)
{
    read_host_mounts(reader);
    int code = ht_read_at(dirfd, "mountinfo", &reader->mountinfo, HT_LIMIT_MOUNTINFO, NULL);

    if (code == 0 || code == -EFBIG)
        ht_mountinfo_decode(ht_buf_str(&reader->mountinfo), code == -EFBIG, &reader->host_mounts,
                            arena, process);
    struct ht_str packet = read_lines(reader, dirfd, "net/packet");
    if (packet.len)
        ht_process_set_packet_sockets(process, ht_proc_decode_packet(packet));
    if (reader->live)
        ht_devices_read(reader->devices, dirfd, arena, process);
}
