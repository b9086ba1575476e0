/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "datastore-find.h"

#include <errno.h>
#include <string.h>

#include "proc-node.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/str.h"
#include "hulltop/base/yaml.h"

enum { PATH_LIMIT = 4096, CMDLINE_MAX = 64 * 1024, YAML_ARENA = 4 * 1024 * 1024 };

static const struct usual {
    enum ht_place_kind kind;
    const char *path;
} usual_places[] = {
    {HT_PLACE_ETCD, "/var/lib/etcd/member/snap/db"},         /* kubeadm, Talos, OpenShift */
    {HT_PLACE_ETCD, "/var/lib/etcd/default/member/snap/db"}, /* Debian's own package */
    {HT_PLACE_ETCD, "/var/lib/minikube/etcd/member/snap/db"},
    {HT_PLACE_ETCD, "/var/lib/rancher/k3s/server/db/etcd/member/snap/db"},
    {HT_PLACE_ETCD, "/var/lib/rancher/rke2/server/db/etcd/member/snap/db"},
    {HT_PLACE_ETCD, "/var/lib/microshift/etcd/member/snap/db"},
    {HT_PLACE_ETCD, "/var/lib/k0s/etcd/member/snap/db"},
    {HT_PLACE_KINE, "/var/lib/rancher/k3s/server/db/state.db"},
    {HT_PLACE_KINE, "/var/lib/rancher/rke2/server/db/state.db"},
    {HT_PLACE_KINE, "/var/lib/k0s/db/state.db"},
    {HT_PLACE_DQLITE, "/var/snap/microk8s/current/var/kubernetes/backend"},
};

void ht_places_add(struct ht_places *places, enum ht_place_kind kind, const char *path, bool lone)
{
    for (size_t i = 0; i < places->len; i++) {
        if (strcmp(places->items[i].path, path) == 0)
            return;
    }
    if (places->len == HT_PLACES_MAX)
        places->more++;
    else
        places->items[places->len++] =
            (struct ht_place){.kind = kind, .path = ht_strdup(path), .lone = lone};
}

void ht_places_fini(struct ht_places *places)
{
    for (size_t i = 0; i < places->len; i++)
        free(places->items[i].path);
    *places = (struct ht_places){0};
}

/* ---- what a running etcd says ---- */

/* The value of "--name VALUE", "--name=VALUE" or "-name ..." in NUL-separated words. */
static struct ht_str argument(struct ht_str words, const char *name)
{
    struct ht_str word, found = {0};
    bool next = false;

    while (ht_str_next(&words, '\0', &word)) {
        if (next)
            found = word;
        next = false;
        if (!ht_str_has_prefix(word, "-"))
            continue;
        word = ht_str_sub(word, ht_str_has_prefix(word, "--") ? 2 : 1, word.len);
        if (ht_str_is(word, name))
            next = true;
        else if (ht_str_has_prefix(word, name) && word.data[strlen(name)] == '=')
            found = ht_str_sub(word, strlen(name) + 1, word.len);
    }
    return found;
}

struct process {
    const struct ht_root *root;
    bool is_kernels; /* its /proc is */
    struct ht_proc_ignored *ignored;
    const char *pid;
    struct ht_places *places; /* of the process that is looked at: one of those below */
    struct ht_places *proven; /* of executables that are an etcd */
    struct ht_places *named;  /* of what calls itself so */
};

static int read_of(const struct process *process, const char *file, struct ht_buf *out)
{
    ht_autobuf struct ht_buf path = HT_BUF(PATH_LIMIT);

    ht_buf_addf(&path, "/proc/%s/%s", process->pid, file);
    ht_buf_reset(out);

    int r = process->is_kernels
                ? ht_read_piece_at(process->root->fd, path.data + 1, out, out->max, NULL)
                : ht_root_read(process->root, path.data, out, out->max, NULL);
    /* What fits will do. */
    return r == -EFBIG ? 0 : r;
}

/* We have nothing left to look with, which tells nothing about what is there. */
static bool is_shortage(int r)
{
    return r == -EMFILE || r == -ENFILE || r == -ENOMEM;
}

/* What may not be looked at is there, or somebody took care that it could not be told. */
static bool is_denied(int r)
{
    return ht_error_is_denied(r) || is_shortage(r);
}

static bool is_there(const struct ht_root *root, const char *path)
{
    struct stat st;
    int r = ht_root_lstat(root, path, &st, NULL);

    return r == 0 || is_denied(r);
}

/* What the process sees at path: links are resolved from its root there, not from ours. 0 or
 * -errno; -ENOSYS: this kernel cannot do that. */
static int look_from_its_root(const struct process *process, const char *path, struct stat *ret)
{
    ht_autobuf struct ht_buf name = HT_BUF(PATH_LIMIT);
    ht_autoroot struct ht_root inside = HT_ROOT_NONE;

    ht_buf_addf(&name, "%s/proc/%s/root", process->root->path ? process->root->path : "",
                process->pid);

    int r = ht_root_open(&inside, name.data, NULL);
    return r < 0 ? r : ht_root_lstat(&inside, path, ret, NULL);
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* path as the process sees it: through its root where that is another file, and the same path
 * here. Where a link in its root leads somewhere else for us, its database is not looked at, and
 * what we are led to is not its own. */
static void add_seen(const struct process *process, enum ht_place_kind kind, const char *path)
{
    ht_autobuf struct ht_buf inside = HT_BUF(PATH_LIMIT);
    struct stat here, there, its;
    int ours = ht_root_lstat(process->root, path, &here, NULL), theirs, seen;

    ht_buf_addf(&inside, "/proc/%s/root%s", process->pid, path);
    theirs = ht_root_lstat(process->root, inside.data, &there, NULL);
    seen = look_from_its_root(process, path, &its);
    if (seen == -ENOSYS) {
        seen = theirs;
        its = there;
    }
    if (seen == 0 && (theirs == 0 ? !is_same_file(&its, &there) : !is_denied(theirs)))
        process->places->more++;
    else if (seen == 0 && theirs == 0 && (ours < 0 || !is_same_file(&here, &there)))
        ht_places_add(process->places, kind, inside.data, false);
    if (ours == 0 || is_denied(ours))
        ht_places_add(process->places, kind, path, false);
    else if (is_denied(theirs))
        ht_places_add(process->places, kind, inside.data, false);
}

/* BELOW in DIR, which may be relative to where the process is. */
static void add_below(const struct process *process, enum ht_place_kind kind, struct ht_str dir,
                      const char *below)
{
    ht_autobuf struct ht_buf path = HT_BUF(PATH_LIMIT);

    if (dir.len && dir.data[0] == '/')
        ht_buf_addf(&path, "%.*s%s", HT_STR_ARG(dir), below);
    else
        ht_buf_addf(&path, "/proc/%s/cwd/%.*s%s", process->pid, HT_STR_ARG(dir), below);
    if (ht_buf_is_full(&path))
        process->places->more++;
    else if (dir.len && dir.data[0] == '/')
        add_seen(process, kind, path.data);
    else if (is_there(process->root, path.data))
        ht_places_add(process->places, kind, path.data, false);
}

static void add_data_dir(const struct process *process, struct ht_str dir)
{
    add_below(process, HT_PLACE_ETCD, dir, "/member/snap/db");
}

static bool add_config_file(const struct process *process, struct ht_str file)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(YAML_ARENA);
    ht_autobuf struct ht_buf path = HT_BUF(PATH_LIMIT), text = HT_BUF(HT_LIMIT_YAML);

    ht_buf_addf(&path, "/proc/%s/root/%.*s", process->pid, HT_STR_ARG(file));
    if (ht_root_read(process->root, path.data, &text, HT_LIMIT_YAML, NULL) < 0) {
        ht_buf_reset(&path);
        ht_buf_addf(&path, "%.*s", HT_STR_ARG(file));
        if (ht_root_read(process->root, path.data, &text, HT_LIMIT_YAML, NULL) < 0)
            return false;
    }

    const struct ht_yaml *yaml = ht_yaml_parse(arena, path.data, ht_buf_str(&text), NULL);
    struct ht_str dir = yaml ? ht_yaml_text(yaml, "data-dir") : (struct ht_str){0};
    if (dir.len)
        add_data_dir(process, dir);
    return dir.len > 0;
}

/* The executable's path; in a copy of /proc it may be a file that holds the path. */
static void read_exe(const struct process *process, struct ht_buf *out)
{
    ht_autobuf struct ht_buf path = HT_BUF(PATH_LIMIT);

    ht_buf_addf(&path, "/proc/%s/exe", process->pid);
    if (ht_root_readlink(process->root, path.data, out, NULL) < 0 &&
        process->root->kind != HT_ROOT_HOST && read_of(process, "exe", out) < 0)
        ht_buf_reset(out);
}

enum program { PROGRAM_OTHER, PROGRAM_ETCD, PROGRAM_RANCHER, PROGRAM_K0S };

static enum program program_of(struct ht_str path)
{
    struct ht_str name = ht_str_program(ht_str_trim(path));

    if (ht_str_is(name, "etcd"))
        return PROGRAM_ETCD;
    if (ht_str_is(name, "k3s") || ht_str_is(name, "k3s-server") || ht_str_is(name, "rke2"))
        return PROGRAM_RANCHER;
    return ht_str_is(name, "k0s") ? PROGRAM_K0S : PROGRAM_OTHER;
}

/* What the process is; its own name for itself proves nothing, and need not: the file that it leads
 * to is what is looked at, if others left room for it. */
static enum program what_is(struct process *process, struct ht_str cmdline)
{
    ht_autobuf struct ht_buf exe = HT_BUF(PATH_LIMIT);
    struct ht_str first;
    enum program program;

    if (!ht_str_next(&cmdline, '\0', &first))
        return PROGRAM_OTHER;
    /* k3s writes its arguments over with "/path/k3s server". */
    (void)ht_str_next(&first, ' ', &first);
    read_exe(process, &exe);
    program = program_of(ht_buf_str(&exe));
    process->places = process->proven;
    if (program != PROGRAM_OTHER)
        return program;
    process->places = process->named;
    return program_of(first);
}

static void look_at_etcd(const struct process *process, struct ht_str words)
{
    ht_autobuf struct ht_buf env = HT_BUF(CMDLINE_MAX);
    /* A configuration file is the only thing that counts where there is one. */
    struct ht_str file = argument(words, "config-file");
    struct ht_str dir = argument(words, "data-dir");
    struct ht_str member = argument(words, "name");

    if (read_of(process, "environ", &env) == 0) {
        if (!file.len)
            file = ht_environ_find(ht_buf_str(&env), "ETCD_CONFIG_FILE");
        if (!dir.len)
            dir = ht_environ_find(ht_buf_str(&env), "ETCD_DATA_DIR");
        if (!member.len)
            member = ht_environ_find(ht_buf_str(&env), "ETCD_NAME");
    }
    if (!(file.len && add_config_file(process, file))) {
        ht_autobuf struct ht_buf usual = HT_BUF(PATH_LIMIT);

        ht_buf_addf(&usual, "%.*s.etcd", HT_STR_ARG(member.len ? member : HT_S("default")));
        add_data_dir(process, dir.len ? dir : ht_buf_str(&usual));
    }
    /* Names of secrets may stand in an environment, and values. */
    if (env.data)
        ht_wipe(env.data, env.len);
}

static void look_at_rancher(const struct process *process, struct ht_str dir)
{
    if (!dir.len)
        return;
    add_below(process, HT_PLACE_KINE, dir, "/server/db/state.db");
    add_below(process, HT_PLACE_ETCD, dir, "/server/db/etcd/member/snap/db");
}

static int look_at_process(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct process *process = context;
    ht_autobuf struct ht_buf words = HT_BUF(CMDLINE_MAX);
    uint64_t pid;

    (void)type;
    if (ht_parse_u64(ht_str_from(name), &pid) < 0)
        return 0;
    process->pid = name;

    bool ignored = ht_proc_ignored_has(process->ignored, pid, inode);
    int r = ignored ? 0 : read_of(process, "cmdline", &words);
    if (is_shortage(r)) {
        process->proven->error = r;
        return 0;
    }
    if (ignored || r < 0) {
        ht_proc_ignored_add(process->ignored, pid, inode);
        return 0;
    }

    enum program program = what_is(process, ht_buf_str(&words));
    struct ht_str dir = argument(ht_buf_str(&words), "data-dir");
    if (!dir.len && program != PROGRAM_ETCD)
        dir = argument(ht_buf_str(&words), "d");
    switch (program) {
    case PROGRAM_OTHER:
        ht_proc_ignored_add(process->ignored, pid, inode);
        break;
    case PROGRAM_ETCD:
        look_at_etcd(process, ht_buf_str(&words));
        break;
    case PROGRAM_RANCHER:
        look_at_rancher(process, dir);
        break;
    case PROGRAM_K0S:
        if (dir.len) {
            add_below(process, HT_PLACE_KINE, dir, "/db/state.db");
            add_below(process, HT_PLACE_ETCD, dir, "/etcd/member/snap/db");
        }
        break;
    }
    return 0;
}

/* ---- what distributions are told ---- */

/* The data directory that a server of k3s or rke2 is told by its file. */
static void add_configured(const struct ht_root *root, const char *file, struct ht_places *places)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(YAML_ARENA);
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_YAML);

    if (ht_root_read(root, file, &text, HT_LIMIT_YAML, NULL) < 0)
        return;

    const struct ht_yaml *yaml = ht_yaml_parse_foreign(arena, file, ht_buf_str(&text), NULL);
    struct ht_str dir = yaml ? ht_yaml_text(yaml, "data-dir") : (struct ht_str){0};
    struct process here = {.root = root, .pid = "1", .places = places};
    if (dir.len && dir.data[0] == '/')
        look_at_rancher(&here, dir);
    if (text.len)
        ht_wipe(text.data, text.len);
}

static void move(struct ht_places *to, struct ht_places *from)
{
    for (size_t i = 0; i < from->len; i++)
        ht_places_add(to, from->items[i].kind, from->items[i].path, from->items[i].lone);
    to->more += from->more;
    to->error = from->error ? from->error : to->error;
    ht_places_fini(from);
}

void ht_places_find(const struct ht_root *root, struct ht_proc_ignored *ignored,
                    struct ht_places *ret)
{
    struct ht_places proven = {0}, named = {0};
    struct process process = {.root = root,
                              .is_kernels = ht_proc_is_kernels(root),
                              .ignored = ignored,
                              .proven = &proven,
                              .named = &named};
    struct ht_dir_visitor visitor = {.visit = look_at_process, .context = &process};

    int r = ht_root_list(root, "/proc", &visitor, NULL);
    if (is_shortage(r))
        ret->error = r;
    for (size_t i = 0; i < ARRAY_LEN(usual_places); i++) {
        if (is_there(root, usual_places[i].path))
            ht_places_add(ret, usual_places[i].kind, usual_places[i].path, false);
    }
    add_configured(root, "/etc/rancher/k3s/config.yaml", ret);
    add_configured(root, "/etc/rancher/rke2/config.yaml", ret);
    move(ret, &proven);
    move(ret, &named);
}
