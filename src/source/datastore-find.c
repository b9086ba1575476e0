/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "datastore-find.h"

#include <errno.h>
#include <string.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
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
    if (places->len < HT_PLACES_MAX)
        places->items[places->len++] =
            (struct ht_place){.kind = kind, .path = ht_strndup(path, strlen(path)), .lone = lone};
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

static struct ht_str variable(struct ht_str words, const char *name)
{
    struct ht_str word;

    while (ht_str_next(&words, '\0', &word)) {
        if (ht_str_has_prefix(word, name) && word.len > strlen(name) &&
            word.data[strlen(name)] == '=')
            return ht_str_sub(word, strlen(name) + 1, word.len);
    }
    return (struct ht_str){0};
}

struct process {
    const struct ht_root *root;
    const char *pid;
    struct ht_places *places;
};

static int read_of(const struct process *process, const char *file, struct ht_buf *out)
{
    ht_autobuf struct ht_buf path = HT_BUF(PATH_LIMIT);

    ht_buf_addf(&path, "/proc/%s/%s", process->pid, file);
    ht_buf_reset(out);

    int r = ht_root_read(process->root, path.data, out, out->max, NULL);
    /* What fits will do. */
    return r == -EFBIG ? 0 : r;
}

static bool is_there(const struct ht_root *root, const char *path)
{
    struct stat st;
    int r = ht_root_lstat(root, path, &st, NULL);

    /* What may not be looked at is there, or somebody took care that it could not be told. */
    return r == 0 || r == -EACCES || r == -EPERM;
}

/* DIR/member/snap/db as the process sees it: the same path here, or one through its root. */
static void add_data_dir(const struct process *process, struct ht_str dir)
{
    ht_autobuf struct ht_buf path = HT_BUF(PATH_LIMIT);
    ht_autobuf struct ht_buf inside = HT_BUF(PATH_LIMIT);

    if (dir.len && dir.data[0] == '/')
        ht_buf_addf(&path, "%.*s/member/snap/db", HT_STR_ARG(dir));
    else
        ht_buf_addf(&path, "/proc/%s/cwd/%.*s/member/snap/db", process->pid, HT_STR_ARG(dir));
    ht_buf_addf(&inside, "/proc/%s/root%s", process->pid, path.data);
    if (is_there(process->root, path.data))
        ht_places_add(process->places, HT_PLACE_ETCD, path.data, false);
    else if (is_there(process->root, inside.data))
        ht_places_add(process->places, HT_PLACE_ETCD, inside.data, false);
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

static struct ht_str last_part(struct ht_str path)
{
    return ht_str_sub(path, (size_t)(ht_str_rfind_byte(path, '/') + 1), path.len);
}

/* A name in argv proves nothing, and need not: the file that it leads to is what is looked at. */
static bool is_etcd(const struct process *process, struct ht_str cmdline)
{
    ht_autobuf struct ht_buf path = HT_BUF(PATH_LIMIT), exe = HT_BUF(PATH_LIMIT);
    struct ht_str first;

    if (!ht_str_next(&cmdline, '\0', &first))
        return false;
    if (ht_str_is(last_part(first), "etcd"))
        return true;
    ht_buf_addf(&path, "/proc/%s/exe", process->pid);
    return ht_root_readlink(process->root, path.data, &exe, NULL) == 0 &&
           ht_str_is(last_part(ht_buf_str(&exe)), "etcd");
}

static int look_at_process(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct process *process = context;
    ht_autobuf struct ht_buf words = HT_BUF(CMDLINE_MAX), env = HT_BUF(CMDLINE_MAX);

    (void)type, (void)inode;
    if (name[0] < '1' || name[0] > '9')
        return 0;
    process->pid = name;
    if (read_of(process, "cmdline", &words) < 0 || !is_etcd(process, ht_buf_str(&words)))
        return 0;

    /* A configuration file is the only thing that counts where there is one. */
    struct ht_str file = argument(ht_buf_str(&words), "config-file");
    struct ht_str dir = argument(ht_buf_str(&words), "data-dir");
    struct ht_str member = argument(ht_buf_str(&words), "name");
    if (read_of(process, "environ", &env) == 0) {
        if (!file.len)
            file = variable(ht_buf_str(&env), "ETCD_CONFIG_FILE");
        if (!dir.len)
            dir = variable(ht_buf_str(&env), "ETCD_DATA_DIR");
        if (!member.len)
            member = variable(ht_buf_str(&env), "ETCD_NAME");
    }
    if (!(file.len && add_config_file(process, file))) {
        ht_autobuf struct ht_buf usual = HT_BUF(PATH_LIMIT);

        ht_buf_addf(&usual, "%.*s.etcd", HT_STR_ARG(member.len ? member : HT_S("default")));
        add_data_dir(process, dir.len ? dir : ht_buf_str(&usual));
    }
    /* Names of secrets may stand in an environment, and values. */
    if (env.data)
        ht_wipe(env.data, env.len);
    return 0;
}

void ht_places_find(const struct ht_root *root, struct ht_places *ret)
{
    struct process process = {.root = root, .places = ret};
    struct ht_dir_visitor visitor = {.visit = look_at_process, .context = &process};

    (void)ht_root_list(root, "/proc", &visitor, NULL);
    for (size_t i = 0; i < ARRAY_LEN(usual_places); i++) {
        if (is_there(root, usual_places[i].path))
            ht_places_add(ret, usual_places[i].kind, usual_places[i].path, false);
    }
}
