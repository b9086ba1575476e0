/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the node's API server: the running one first, then what declares one, then that there is
 * none. An argument is the fact, a manifest the intent; paths in the arguments are those of its
 * container, and the manifest's mounts tell where they are on the node.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apiserver.h"
#include "encryption-config.h"
#include "hostconf-private.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/digest.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

/* A file that declares an API server. */
struct declared {
    struct ht_str path; /* empty: none was found */
    struct ht_apiserver_manifest manifest;
};

static const char microk8s_args[] = "/var/snap/microk8s/current/args/kube-apiserver";
static const char kubeadm_pods[] = "/etc/kubernetes/manifests";
static const char rke2_pods[] = "/var/lib/rancher/rke2/agent/pod-manifests";

/* ---- encryption configurations ---- */

static void set_stat(struct ht_encryption *encryption, const struct stat *st)
{
    ht_encryption_set_mode(encryption, st->st_mode & 07777);
    ht_encryption_set_uid(encryption, st->st_uid);
    ht_encryption_set_gid(encryption, st->st_gid);
    ht_encryption_set_changed_at(encryption, ht_time_of(&st->st_mtim));
}

/* Adds the row of the file at host; what it could not read is told in error, valid stays unknown.
 */
static void add_encryption(struct ht_hostconf_pass *pass, struct ht_str host, struct ht_str path,
                           bool reload)
{
    struct ht_encryption encryption = {0};
    struct ht_error err = {0};
    struct stat st;
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_YAML);
    ht_autofree char *name = ht_strndup(host.data, host.len);
    ht_autoclose int fd = ht_root_open_regular(pass->root, name, &st, &err);
    char sum[HT_SHA256_TEXT_MAX];
    int r = fd < 0 ? fd : ht_read_fd(fd, name, &text, HT_LIMIT_YAML, &err);

    ht_encryption_set_id(&encryption, host);
    ht_encryption_set_path(&encryption, path);
    if (fd >= 0)
        set_stat(&encryption, &st);
    if (r < 0) {
        ht_encryption_set_error(&encryption, ht_arena_text(pass->arena, err.text));
    } else {
        ht_encryption_decode(ht_buf_str(&text), reload, pass->arena, &encryption);
        ht_encryption_set_sha256(&encryption, ht_str_from(ht_sha256_text(ht_buf_str(&text), sum)));
        ht_hostconf_note_plugins(pass, ht_buf_str(&text));
    }
    if (text.len)
        ht_wipe(text.data, text.len);
    ht_node_add(pass->sample, ht_row_new(&ht_encryption_table, &encryption));
}

/* Where the file is on the node: by the manifest's mounts, else as it is named. */
static void follow_config(struct ht_hostconf_pass *pass, const struct declared *declared,
                          struct ht_apiserver *apiserver)
{
    struct ht_str path = apiserver->encryption_config;

    if (!ht_apiserver_has_encryption_config(apiserver) || path.len == 0)
        return;

    struct ht_str host = ht_apiserver_host_path(&declared->manifest, path, pass->arena);
    ht_apiserver_set_encryption(apiserver, host);
    add_encryption(pass, host, path, apiserver->reload);
}

/* ---- files that declare one ---- */

static struct ht_text_list join_words(struct ht_hostconf_pass *pass, struct ht_text_list a,
                                      struct ht_text_list b)
{
    struct ht_str *items = ht_arena_array(pass->scratch, struct ht_str, a.len + b.len);

    for (size_t i = 0; i < a.len; i++)
        items[i] = a.items[i];
    for (size_t i = 0; i < b.len; i++)
        items[a.len + i] = b.items[i];
    return (struct ht_text_list){.items = items, .len = a.len + b.len};
}

static bool find_pod(struct ht_hostconf_pass *pass, const char *folder, struct declared *declared)
{
    struct ht_text_list names = ht_hostconf_list(pass, folder);

    for (size_t i = 0; i < names.len; i++) {
        struct ht_str path =
            ht_arena_strf(pass->arena, "%s/%.*s", folder, HT_STR_ARG(names.items[i]));
        struct ht_str text;

        if (!ht_hostconf_read(pass, path, &text, NULL) ||
            !ht_apiserver_decode_pod(text, pass->scratch, &declared->manifest))
            continue;
        declared->path = path;
        return true;
    }
    return false;
}

static bool find_microk8s(struct ht_hostconf_pass *pass, struct declared *declared)
{
    struct ht_str text;

    if (!ht_hostconf_read(pass, ht_str_from(microk8s_args), &text, NULL))
        return false;
    declared->path = ht_str_from(microk8s_args);
    declared->manifest = (struct ht_apiserver_manifest){
        .program = HT_APISERVER_KUBELITE,
        .words = ht_apiserver_decode_args_file(text, pass->scratch),
    };
    return true;
}

/* config.yaml and then config.yaml.d/NAME.yaml, later ones in front of the command line. */
static struct ht_text_list rancher_words(struct ht_hostconf_pass *pass, const char *product)
{
    struct ht_str path = ht_arena_strf(pass->arena, "/etc/rancher/%s/config.yaml", product);
    struct ht_str folder = ht_arena_strf(pass->arena, "/etc/rancher/%s/config.yaml.d", product);
    struct ht_text_list words = {0};
    struct ht_str text;

    if (ht_hostconf_read(pass, path, &text, NULL))
        words = ht_apiserver_join_rancher(words, ht_apiserver_decode_rancher(text, pass->scratch),
                                          pass->scratch);

    struct ht_text_list names = ht_hostconf_list(pass, folder.data);
    for (size_t i = 0; i < names.len; i++) {
        path = ht_arena_strf(pass->arena, "%s/%.*s", folder.data, HT_STR_ARG(names.items[i]));
        if (!ht_str_has_suffix(path, ".yaml") && !ht_str_has_suffix(path, ".yml"))
            continue;
        if (ht_hostconf_read(pass, path, &text, NULL))
            words = ht_apiserver_join_rancher(
                words, ht_apiserver_decode_rancher(text, pass->scratch), pass->scratch);
    }
    return words;
}

/* A server has a folder of that name below its data; an agent has none. */
static bool find_rancher(struct ht_hostconf_pass *pass, const char *product,
                         enum ht_apiserver_program program, struct declared *declared)
{
    struct ht_text_list words = rancher_words(pass, product);
    struct ht_str data = ht_apiserver_flag(words, "data-dir");
    struct ht_str server;
    struct stat st;

    if (data.len)
        server = ht_arena_strf(pass->arena, "%.*s/server", HT_STR_ARG(data));
    else
        server = ht_arena_strf(pass->arena, "/var/lib/rancher/%s/server", product);
    if (ht_root_stat(pass->root, server.data, &st, NULL) < 0 || !S_ISDIR(st.st_mode))
        return false;

    struct ht_str config =
        ht_arena_strf(pass->arena, "%s/cred/encryption-config.json", server.data);
    struct ht_str encrypting = HT_STR("--secrets-encryption");
    bool is_encrypting = ht_root_stat(pass->root, config.data, &st, NULL) == 0;

    /* The server writes that file when it encrypts; what its configuration says counts more. */
    declared->path = server;
    declared->manifest = (struct ht_apiserver_manifest){
        .program = program,
        .words = join_words(pass, (struct ht_text_list){.items = &encrypting, .len = is_encrypting},
                            words)};
    return true;
}

static void find_declared(struct ht_hostconf_pass *pass, struct declared *declared)
{
    *declared = (struct declared){0};
    /* A unit that may start one counts where nothing else declares one. */
    if (find_pod(pass, kubeadm_pods, declared) || find_pod(pass, rke2_pods, declared) ||
        find_microk8s(pass, declared) ||
        ht_hostconf_find_unit(pass, &declared->path, &declared->manifest) ||
        find_rancher(pass, "k3s", HT_APISERVER_K3S, declared) ||
        find_rancher(pass, "rke2", HT_APISERVER_RKE2, declared))
        return;
}

/* ---- words that are not on the command line ---- */

static struct ht_text_list file_words(struct ht_hostconf_pass *pass,
                                      const struct declared *declared, struct ht_str path,
                                      bool is_openshift)
{
    struct ht_text_list none = {0};
    struct ht_str host = ht_apiserver_host_path(&declared->manifest, path, pass->arena);
    struct ht_str text;

    if (path.len == 0 || !ht_hostconf_read(pass, host, &text, NULL))
        return none;
    return is_openshift ? ht_apiserver_decode_openshift(text, pass->scratch)
                        : ht_apiserver_decode_args_file(text, pass->scratch);
}

/* Adds what the program reads from files; its own command line comes last and so counts. */
static struct ht_text_list all_words(struct ht_hostconf_pass *pass, const struct declared *declared,
                                     enum ht_apiserver_program program, struct ht_text_list words)
{
    struct ht_text_list more = {0};

    switch (program) {
    case HT_APISERVER_NONE:
        break;
    case HT_APISERVER_KUBE:
        more = file_words(pass, declared, ht_apiserver_flag(words, "openshift-config"), true);
        break;
    case HT_APISERVER_KUBELITE:
        more = file_words(pass, declared, ht_apiserver_flag(words, "apiserver-args-file"), false);
        break;
    case HT_APISERVER_K3S:
        more = rancher_words(pass, "k3s");
        break;
    case HT_APISERVER_RKE2:
        more = rancher_words(pass, "rke2");
        break;
    }
    return join_words(pass, more, words);
}

static struct ht_str flavour_of(const struct ht_apiserver *apiserver, struct ht_text_list words)
{
    if (ht_apiserver_flag(words, "openshift-config").len)
        return HT_S("openshift");
    if (ht_str_has_prefix(apiserver->exe, "/var/lib/k0s/"))
        return HT_S("k0s");
    if (ht_str_find(apiserver->encryption_config, HT_S("/rancher/rke2/"), 0) >= 0)
        return HT_S("rke2");
    return apiserver->flavour;
}

static void decode(struct ht_hostconf_pass *pass, const struct declared *declared,
                   enum ht_apiserver_program program, struct ht_text_list words,
                   struct ht_apiserver *apiserver)
{
    ht_apiserver_decode(program, all_words(pass, declared, program, words), pass->arena, apiserver);
    ht_apiserver_set_flavour(apiserver, flavour_of(apiserver, words));
}

/* ---- rows ---- */

static struct ht_text_list behind(struct ht_text_list words, size_t from)
{
    from = from < words.len ? from : words.len;
    return (struct ht_text_list){.items = words.items + from, .len = words.len - from};
}

static void add_process(struct ht_hostconf_pass *pass, const struct ht_hostconf_process *process,
                        enum ht_apiserver_program program, const struct declared *declared)
{
    struct ht_apiserver apiserver = {0};
    struct ht_apiserver intent = {0};
    size_t flags = 0;

    ht_apiserver_set_id(
        &apiserver, ht_arena_strf(pass->arena, "process.%llu", (unsigned long long)process->pid));
    ht_apiserver_set_found(&apiserver, HT_APISERVER_FOUND_PROCESS);
    ht_apiserver_set_pid(&apiserver, process->pid);
    if (process->started_at)
        ht_apiserver_set_started_at(&apiserver, process->started_at);
    ht_apiserver_set_exe(&apiserver, process->exe);
    ht_apiserver_set_by_name(&apiserver, process->by_name);
    if (process->has_words) {
        ht_apiserver_program(process->exe, process->words, &flags);
        decode(pass, declared, program, behind(process->words, flags), &apiserver);
    }
    if (declared->path.len && declared->manifest.program == program) {
        ht_apiserver_set_manifest(&apiserver, declared->path);
        decode(pass, declared, program, declared->manifest.words, &intent);
        if (process->has_words && declared->manifest.unclear.len == 0)
            ht_apiserver_set_differs(&apiserver,
                                     ht_apiserver_differences(&apiserver, &intent, pass->arena));
        if (declared->manifest.unclear.len)
            ht_apiserver_set_unclear(&apiserver, declared->manifest.unclear);
    }
    follow_config(pass, declared, &apiserver);
    ht_node_add(pass->sample, ht_row_new(&ht_apiserver_table, &apiserver));
}

static void add_declared(struct ht_hostconf_pass *pass, const struct declared *declared)
{
    struct ht_apiserver apiserver = {0};

    ht_apiserver_set_id(&apiserver,
                        ht_arena_strf(pass->arena, "manifest:%.*s", HT_STR_ARG(declared->path)));
    ht_apiserver_set_found(&apiserver, HT_APISERVER_FOUND_MANIFEST);
    ht_apiserver_set_manifest(&apiserver, declared->path);
    if (declared->manifest.unclear.len) {
        ht_apiserver_set_unclear(&apiserver, declared->manifest.unclear);
    } else {
        decode(pass, declared, declared->manifest.program, declared->manifest.words, &apiserver);
        follow_config(pass, declared, &apiserver);
    }
    ht_node_add(pass->sample, ht_row_new(&ht_apiserver_table, &apiserver));
}

/* Of kube-apiserver and the rke2 that starts it, the first one counts. One in a network of its own
 * serves a cluster inside containers, not this node's. */
static size_t add_processes(struct ht_hostconf_pass *pass, const struct declared *declared,
                            bool is_supervisor)
{
    size_t count = 0;

    for (size_t i = 0; i < pass->processes_len; i++) {
        const struct ht_hostconf_process *process = &pass->processes[i];
        enum ht_apiserver_program program = ht_apiserver_program(
            process->by_name ? process->name : process->exe, process->words, NULL);

        if (program == HT_APISERVER_NONE || process->has_own_net ||
            (program == HT_APISERVER_RKE2) != is_supervisor)
            continue;
        add_process(pass, process, program, declared);
        count++;
    }
    return count;
}

/* ---- configurations that no API server names ---- */

static void add_if_config(struct ht_hostconf_pass *pass, struct ht_str path)
{
    struct ht_str text;

    if (!ht_str_has_suffix(path, ".yaml") && !ht_str_has_suffix(path, ".yml") &&
        !ht_str_has_suffix(path, ".json"))
        return;
    if (ht_hostconf_read(pass, path, &text, NULL) &&
        ht_str_find(text, HT_S("EncryptionConfig"), 0) >= 0)
        add_encryption(pass, path, path, false);
}

static void find_configs(struct ht_hostconf_pass *pass)
{
    static const char *const folders[] = {"/etc/kubernetes",
                                          "/etc/kubernetes/enc",
                                          "/etc/kubernetes/encryption",
                                          "/etc/kubernetes/pki",
                                          "/var/lib/kubernetes",
                                          "/var/lib/rancher/k3s/server/cred",
                                          "/var/lib/rancher/rke2/server/cred",
                                          "/var/lib/k0s"};

    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        struct ht_text_list names = ht_hostconf_list(pass, folders[i]);

        for (size_t j = 0; j < names.len; j++)
            add_if_config(pass, ht_arena_strf(pass->arena, "%s/%.*s", folders[i],
                                              HT_STR_ARG(names.items[j])));
    }
}

/* A kubelet, or a k3s or rke2 agent, works for a cluster whose API server is elsewhere. */
static bool is_member(struct ht_hostconf_pass *pass)
{
    struct stat st;

    for (size_t i = 0; i < pass->processes_len; i++) {
        struct ht_str name = pass->processes[i].name;

        if (ht_str_is(name, "kubelet") || ht_str_is(name, "k3s") || ht_str_is(name, "k3s-agent") ||
            ht_str_is(name, "rke2") || ht_str_is(name, "kubelite"))
            return true;
    }
    return !pass->has_processes &&
           ht_root_stat(pass->root, "/var/lib/kubelet/config.yaml", &st, NULL) == 0;
}

void ht_hostconf_find_apiserver(struct ht_hostconf_pass *pass)
{
    struct ht_apiserver none = {0};
    struct declared declared;

    find_declared(pass, &declared);
    if (add_processes(pass, &declared, false) || add_processes(pass, &declared, true))
        return;
    if (declared.path.len) {
        add_declared(pass, &declared);
        return;
    }
    find_configs(pass);
    ht_apiserver_set_id(&none, HT_S("none"));
    ht_apiserver_set_found(&none, HT_APISERVER_FOUND_NONE);
    ht_apiserver_set_member(&none, is_member(pass));
    ht_node_add(pass->sample, ht_row_new(&ht_apiserver_table, &none));
}
