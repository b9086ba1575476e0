/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where each program is comes from the usual folders and from what runs; its version from the
 * package that owns it, else from its build data. A package whose program is in none of these
 * places tells its version alone. Nothing is started to ask for its version.
 */
#include "pkg-stack.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pkg-buildinfo.h"
#include "pkg-changelog.h"
#include "pkg-owner.h"
#include "proc-node.h"
#include "running-maps.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { PROGRAMS_MAX = 64, PIDS_MAX = 500, SAME_MAX = 8 };

/* File names, the names by which the tables know them, packages that usually have them. */
static const struct {
    const char *file;
    const char *component;
    const char *packages[4];
} programs[] = {
    {"dockerd", "docker", {"docker.io", "docker-ce", "moby-engine"}},
    {"containerd", "containerd", {"containerd", "containerd.io", "moby-containerd"}},
    {"containerd-shim-runc-v2",
     "containerd-shim",
     {"containerd", "containerd.io", "moby-containerd"}},
    {"containerd-shim", "containerd-shim", {"containerd", "containerd.io", "moby-containerd"}},
    {"runc", "runc", {"runc", "containerd.io", "moby-runc"}},
    {"crun", "crun", {"crun"}},
    {"buildkitd", "buildkit", {"buildkit"}},
    {"crio", "cri-o", {"cri-o"}},
    {"kubelet", "kubelet", {"kubelet"}},
    {"kube-apiserver", "kube-apiserver", {NULL}},
    {"etcd", "etcd", {"etcd-server", "etcd"}},
    {"podman", "podman", {"podman"}},
};

/* Packages that projects publish themselves. Some distributions have packages of the same name,
 * with fixes of their own. */
static const struct {
    const char *name;
    bool shared; /* Debian and Ubuntu have, or had, one too */
} vendor_packages[] = {
    {"docker-ce", false},       {"containerd.io", false},
    {"kubelet", true},          {"moby-engine", false},
    {"moby-containerd", false}, {"moby-runc", false},
    {"moby-buildx", false},     {"cri-o", true},
};

/* Beginnings of what distributions of RPM call themselves in their packages. */
static const char *const distributors[] = {
    "AlmaLinux", "Amazon", "Azure Linux", "CentOS", "CloudLinux", "Fedora", "Mariner",
    "openSUSE",  "Oracle", "Red Hat",     "Rocky",  "SUSE",       "VMware", "Virtuozzo",
};

/* One file, on disk or running or both. */
struct program {
    size_t kind;        /* in programs */
    struct ht_str path; /* absolute */
    uint64_t *pids;
    size_t pids_len;
    pid_t old_pid;  /* a process that runs another file than the one at path; 0: none */
    int64_t oldest; /* start, ns since 1970 */
    bool compared;  /* every process of it could be compared */
};

struct stacking {
    const struct ht_stack_places *places;
    struct ht_arena *arena;
    int proc_fd;
    struct program items[PROGRAMS_MAX];
    size_t len;
    struct ht_proc_node node;
    struct ht_str changelog_of; /* package whose ids are kept, for the next of its programs */
    struct ht_changelog_ids *changelog;
    bool changelog_read;
    bool cut;           /* some were left out */
    bool owners_unread; /* not all records of files were read: no owner is not "nobody's" */
};

static bool is_ours(struct ht_str path)
{
    struct ht_str name = ht_str_base(path);

    for (size_t i = 0; i < ARRAY_LEN(programs); i++)
        if (ht_str_is(name, programs[i].file))
            return true;
    return false;
}

/* How many of the name there are: what lies in many places must not push out the others. */
static size_t count_named(const struct stacking *stacking, struct ht_str name)
{
    size_t count = 0;

    for (size_t i = 0; i < stacking->len; i++)
        count += ht_str_equal(ht_str_base(stacking->items[i].path), name);
    return count;
}

/* The entry of that path, made if it is one of ours. */
static struct program *program_at(struct stacking *stacking, struct ht_str path)
{
    struct ht_str name = ht_str_base(path);

    for (size_t i = 0; i < stacking->len; i++) {
        if (ht_str_equal(stacking->items[i].path, path))
            return &stacking->items[i];
    }
    if (count_named(stacking, name) >= SAME_MAX || stacking->len >= PROGRAMS_MAX) {
        stacking->cut = stacking->cut || is_ours(path);
        return NULL;
    }
    for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
        struct program *program = &stacking->items[stacking->len];

        if (!ht_str_is(name, programs[i].file))
            continue;
        *program = (struct program){.kind = i, .compared = true};
        program->path = ht_arena_str(stacking->arena, path);
        program->pids = ht_arena_array(stacking->arena, uint64_t, PIDS_MAX);
        stacking->len++;
        return program;
    }
    return NULL;
}

/* ---- on disk ---- */

static void find_files(struct stacking *stacking)
{
    static const char *const folders[] = {"/usr/bin", "/usr/sbin", "/usr/local/bin",
                                          "/usr/local/sbin", "/usr/libexec"};

    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        for (size_t j = 0; j < ARRAY_LEN(programs); j++) {
            struct ht_str path =
                ht_arena_strf(stacking->arena, "%s/%s", folders[i], programs[j].file);
            struct stat facts;

            /* A link to another of them is that one. */
            if (ht_root_lstat(stacking->places->root, path.data, &facts, NULL) == 0 &&
                S_ISREG(facts.st_mode))
                (void)program_at(stacking, path);
        }
    }
}

/* ---- what runs ---- */

static void compare_file(struct stacking *stacking, struct program *program, const char *pid,
                         bool deleted)
{
    struct stat running, on_disk;
    char name[64];
    uint64_t number;
    bool old = deleted;

    snprintf(name, sizeof(name), "%.20s/exe", pid);
    if (!deleted) {
        if (fstatat(stacking->proc_fd, name, &running, 0) < 0 ||
            ht_root_stat(stacking->places->root, program->path.data, &on_disk, NULL) < 0) {
            program->compared = false;
            return;
        }
        old = running.st_ino != on_disk.st_ino || running.st_dev != on_disk.st_dev;
    }
    if (old && ht_parse_u64(ht_str_from(pid), &number) == 0)
        program->old_pid = (pid_t)number;
}

static int visit_process(void *context, const char *pid, unsigned type, uint64_t inode)
{
    struct stacking *stacking = context;
    char name[64], target[4096];
    uint64_t number;
    bool deleted;

    (void)type;
    (void)inode;
    if (ht_parse_u64(ht_str_from(pid), &number) < 0)
        return 0;
    snprintf(name, sizeof(name), "%.20s/exe", pid);
    ssize_t len = readlinkat(stacking->proc_fd, name, target, sizeof(target));
    if (len <= 0 || target[0] != '/')
        return 0;

    struct ht_str exe =
        ht_maps_plain_path((struct ht_str){.data = target, .len = (size_t)len}, &deleted);
    struct program *program;

    /* A container has programs of its own at the same paths. */
    if (!is_ours(exe) || number > INT32_MAX ||
        ht_proc_node_is_elsewhere(&stacking->node, (pid_t)number))
        return 0;
    program = program_at(stacking, exe);
    if (!program)
        return 0;
    if (program->pids_len < PIDS_MAX)
        program->pids[program->pids_len++] = number;
    int64_t start = ht_proc_node_start(&stacking->node, (pid_t)number);
    if (start && (!program->oldest || start < program->oldest))
        program->oldest = start;
    compare_file(stacking, program, pid, deleted);
    return 0;
}

static void find_running(struct stacking *stacking)
{
    const struct ht_dir_visitor visitor = {
        .visit = visit_process, .context = stacking, .max_entries = HT_LIMIT_ROWS};
    ht_autoclose int list = open(stacking->places->proc, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (list < 0)
        return;
    stacking->proc_fd = list;
    ht_proc_node_look(list, &stacking->node);
    (void)ht_list_fd(list, &visitor, NULL);
    stacking->proc_fd = -1;
}

/* ---- versions ---- */

/* "1.30.2-1.1" of pkgs.k8s.io, "1.27.3-00" of the archive before it; no distribution counts so. */
static bool is_projects_revision(struct ht_str version)
{
    ptrdiff_t dash = ht_str_rfind_byte(version, '-');
    struct ht_str revision = ht_str_sub(version, (size_t)(dash + 1), version.len);

    for (size_t i = 0; i < revision.len; i++)
        if (revision.data[i] != '.' && (revision.data[i] < '0' || revision.data[i] > '9'))
            return false;
    return dash > 0 && (ht_str_is(revision, "00") || ht_str_find_byte(revision, '.') > 0);
}

static bool is_distributor(struct ht_str vendor)
{
    for (size_t i = 0; i < ARRAY_LEN(distributors); i++)
        if (ht_str_has_prefix(vendor, distributors[i]))
            return true;
    return false;
}

bool ht_stack_is_vendor(const char *system, const struct ht_installed *package)
{
    for (size_t i = 0; i < ARRAY_LEN(vendor_packages); i++) {
        if (!ht_str_is(package->name, vendor_packages[i].name))
            continue;
        if (strcmp(system, "deb") == 0)
            return !vendor_packages[i].shared || is_projects_revision(package->version);
        /* No project publishes for apk. */
        return strcmp(system, "rpm") == 0 && !is_distributor(package->origin);
    }
    return false;
}

static bool read_build(struct stacking *stacking, const struct ht_root *root, const char *path,
                       struct ht_str *ret_version)
{
    ht_autoclose int fd = ht_root_open_regular(root, path, NULL, NULL);

    return fd >= 0 && ht_buildinfo_read(fd, stacking->arena, ret_version, NULL) == 0;
}

/* containerd.io brings a runc of which its own version says nothing. */
static bool is_told_by_package(const struct program *program, struct ht_str package)
{
    return !ht_str_is(package, "containerd.io") ||
           ht_str_has_prefix(ht_str_from(programs[program->kind].component), "containerd");
}

static void set_changelog(struct stacking *stacking, const struct ht_installed *package,
                          struct ht_component *row)
{
    struct ht_changelog_ids *ids = stacking->changelog;

    if (!ids || !ht_str_equal(stacking->changelog_of, package->name)) {
        ids = ht_arena_array(stacking->arena, struct ht_changelog_ids, 1);
        ids->arena = stacking->arena;
        stacking->changelog = ids;
        stacking->changelog_of = package->name;
        stacking->changelog_read = ht_changelog_read(
            stacking->places->root, stacking->places->installed, package->name, ids);
    }
    ht_component_set_changelog_read(row, stacking->changelog_read);
    ht_component_set_changelog(row, (struct ht_text_list){.items = ids->items, .len = ids->len});
}

/* Ids of the advisory file, sorted into what hits this version and what is mended in it. */
struct advised {
    struct stacking *stacking;
    const char *system;
    struct ht_str version;
    struct ht_str *hits, *mended;
    size_t hits_len, mended_len;
};

static void visit_advisory(void *context, const struct ht_advisory_line *line)
{
    struct advised *advised = context;
    struct ht_str id = ht_arena_str(advised->stacking->arena, line->id);

    if (ht_advisory_hits(line, advised->system, advised->version)) {
        if (advised->hits_len < HT_CHANGELOG_IDS_MAX)
            advised->hits[advised->hits_len++] = id;
    } else if (advised->mended_len < HT_CHANGELOG_IDS_MAX) {
        advised->mended[advised->mended_len++] = id;
    }
}

static void set_advisories(struct stacking *stacking, const struct ht_installed *package,
                           struct ht_component *row)
{
    const struct ht_advisories *advisories = stacking->places->advisories;
    struct advised advised = {.stacking = stacking, .system = stacking->places->installed->system};
    struct ht_str source;

    if (!advisories || !advisories->has_ecosystem)
        return;
    advised.hits = ht_arena_array(stacking->arena, struct ht_str, HT_CHANGELOG_IDS_MAX);
    advised.mended = ht_arena_array(stacking->arena, struct ht_str, HT_CHANGELOG_IDS_MAX);
    ht_advisory_source(package, stacking->arena, &source, &advised.version);
    ht_advisories_each(advisories, source, visit_advisory, &advised);
    ht_component_set_advisories_read(row, true);
    ht_component_set_advisories(
        row, (struct ht_text_list){.items = advised.hits, .len = advised.hits_len});
    ht_component_set_advisories_fixed(
        row, (struct ht_text_list){.items = advised.mended, .len = advised.mended_len});
}

static void set_package(struct stacking *stacking, const struct program *program,
                        const struct ht_installed *package, struct ht_component *row)
{
    ht_component_set_package(row, package->name);
    ht_component_set_package_version(row, package->version);
    ht_component_set_source_package(row, package->source);
    ht_component_set_vendor(row, ht_stack_is_vendor(stacking->places->installed->system, package));
    if (is_told_by_package(program, package->name)) {
        ht_component_set_on_disk(row, package->version);
        ht_component_set_version_source(row, HT_S("package"));
    }
    if (!row->vendor) {
        set_changelog(stacking, package, row);
        set_advisories(stacking, package, row);
    }
}

static void set_versions(struct stacking *stacking, const struct program *program,
                         struct ht_str owner, struct ht_component *row)
{
    const struct ht_installed *package =
        owner.len ? ht_installed_find(stacking->places->installed, owner) : NULL;
    struct ht_str version;
    char path[64];

    if (package)
        set_package(stacking, program, package, row);
    else if (!stacking->owners_unread)
        ht_component_set_vendor(row, true); /* nobody's package: built by the project or by hand */
    if (!ht_component_has_on_disk(row) &&
        read_build(stacking, stacking->places->root, program->path.data, &version)) {
        ht_component_set_on_disk(row, version);
        ht_component_set_version_source(row, HT_S("build data"));
    }
    if (!program->pids_len || !program->compared)
        return;
    ht_component_set_running_old(row, program->old_pid != 0);
    if (!program->old_pid) {
        if (ht_component_has_on_disk(row))
            ht_component_set_running(row, row->on_disk);
        return;
    }
    /* The link leads to the file that runs, also when it has no name any more. */
    snprintf(path, sizeof(path), "%d/exe", (int)program->old_pid);
    ht_autoclose int fd = openat(stacking->proc_fd, path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && ht_buildinfo_read(fd, stacking->arena, &version, NULL) == 0)
        ht_component_set_running(row, version);
}

static void add_row(struct stacking *stacking, const struct program *program, struct ht_str owner,
                    struct ht_node *sample)
{
    struct ht_component row = {0};
    struct stat facts;

    ht_component_set_id(&row,
                        ht_arena_strf(stacking->arena, "%s %.*s", programs[program->kind].component,
                                      HT_STR_ARG(program->path)));
    ht_component_set_name(&row, ht_str_from(programs[program->kind].component));
    ht_component_set_path(&row, program->path);
    if (stacking->places->proc)
        ht_component_set_pids(
            &row, (struct ht_uint_list){.items = program->pids, .len = program->pids_len});
    if (program->oldest)
        ht_component_set_running_since(&row, program->oldest);
    if (ht_root_stat(stacking->places->root, program->path.data, &facts, NULL) == 0)
        ht_component_set_replaced_at(&row, ht_time_of(&facts.st_ctim));
    set_versions(stacking, program, owner, &row);
    ht_node_add(sample, ht_row_new(&ht_component_table, &row));
}

/* ---- packages whose program was not found ---- */

static bool has_component(const struct stacking *stacking, const char *component)
{
    for (size_t i = 0; i < stacking->len; i++) {
        if (strcmp(programs[stacking->items[i].kind].component, component) == 0)
            return true;
    }
    return false;
}

static void add_package(struct stacking *stacking, size_t kind, struct ht_node *sample)
{
    const struct program program = {.kind = kind};
    const struct ht_installed *package = NULL;
    struct ht_component row = {0};

    for (size_t i = 0; i < ARRAY_LEN(programs[kind].packages) && !package; i++) {
        struct ht_str name = ht_str_from(programs[kind].packages[i]);

        if (name.len && is_told_by_package(&program, name))
            package = ht_installed_find(stacking->places->installed, name);
    }
    if (!package)
        return;
    ht_component_set_id(&row, ht_arena_strf(stacking->arena, "%s package %.*s",
                                            programs[kind].component, HT_STR_ARG(package->name)));
    ht_component_set_name(&row, ht_str_from(programs[kind].component));
    if (stacking->places->proc)
        ht_component_set_pids(&row, (struct ht_uint_list){0});
    set_package(stacking, &program, package, &row);
    ht_node_add(sample, ht_row_new(&ht_component_table, &row));
}

/* A shim says nothing that its containerd does not. */
static void add_packages(struct stacking *stacking, struct ht_node *sample)
{
    for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
        if (strcmp(programs[i].component, "containerd-shim") != 0 &&
            !has_component(stacking, programs[i].component))
            add_package(stacking, i, sample);
    }
}

bool ht_stack_look(const struct ht_stack_places *places, struct ht_arena *arena,
                   struct ht_node *sample)
{
    struct stacking *stacking = ht_arena_array(arena, struct stacking, 1);
    struct ht_owned *owned = ht_arena_array(arena, struct ht_owned, PROGRAMS_MAX);

    stacking->places = places;
    stacking->arena = arena;
    stacking->proc_fd = -1;
    find_files(stacking);
    if (places->proc)
        find_running(stacking);
    for (size_t i = 0; i < stacking->len; i++) {
        owned[i].path = stacking->items[i].path;
        owned[i].likely = programs[stacking->items[i].kind].packages;
    }
    if (stacking->len)
        stacking->owners_unread =
            !ht_owners_find(places->root, places->installed->rpm, owned, stacking->len, arena) &&
            places->installed->system[0];
    ht_autoclose int proc =
        places->proc ? open(places->proc, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    stacking->proc_fd = proc;
    for (size_t i = 0; i < stacking->len; i++)
        add_row(stacking, &stacking->items[i], owned[i].package, sample);
    add_packages(stacking, sample);
    return !stacking->cut;
}
