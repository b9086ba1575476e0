/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Credential files at their usual places with mode and owner, and kubeconfigs that do not check
 * whom they speak to.
 */
#include <string.h>

#include "hostconf-private.h"
#include "hulltop/base/json.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/yaml.h"

static const struct ht_hostconf_known known_files[] = {
    {"/etc/kubernetes", ".conf", "client-key", "kubeconfig", false, false},
    {"/etc/kubernetes/pki", ".key", NULL, "private key", false, false},
    {"/etc/kubernetes/pki/etcd", ".key", NULL, "private key", false, false},
    {"/var/lib/kubelet/pki", ".key", NULL, "private key", false, false},
    {"/var/lib/kubelet", "config.json", "\"auth", "registry login", false, true},
    {"/var/lib/kubelet", "kubeconfig", "client-", "kubeconfig", false, true},
    {"/etc/rancher/k3s", "k3s.yaml", "client-key-data", "kubeconfig", false, true},
    {"/etc/rancher/rke2", "rke2.yaml", "client-key-data", "kubeconfig", false, true},
    {"/var/lib/rancher/k3s/server", "token", NULL, "join token", false, true},
    {"/var/lib/rancher/k3s/server", "node-token", NULL, "join token", false, true},
    {"/var/lib/rancher/rke2/server", "token", NULL, "join token", false, true},
    {"/var/lib/rancher/rke2/server", "node-token", NULL, "join token", false, true},
    {".kube", "config", "users", "kubeconfig", true, true},
    {".docker", "config.json", "\"auth", "registry login", true, true},
    {".aws", "credentials", "aws_secret_access_key", "cloud credentials", true, true},
    {".azure", "accessTokens.json", NULL, "cloud credentials", true, true},
    {"", ".netrc", "password", "netrc", true, true},
    {"", ".pgpass", ":", "pgpass", true, true},
    {"", ".my.cnf", "password", "MySQL options", true, true},
    {"", ".git-credentials", "://", "git credentials", true, true},
    {"", ".vault-token", NULL, "Vault token", true, true},
    {"", ".npmrc", "_authToken=", "npm login", true, true},
    {"", ".pypirc", "password", "PyPI login", true, true},
    {".config/gh", "hosts.yml", "oauth_token", "GitHub login", true, true},
    {".config/gcloud", "application_default_credentials.json", "refresh_token", "cloud credentials",
     true, true},
    {".config/gcloud", "credentials.db", NULL, "cloud credentials", true, true},
    {".config/containers", "auth.json", "\"auth", "registry login", true, true},
    {".m2", "settings.xml", "<password>", "Maven login", true, true},
    {".ssh", "id_rsa", "PRIVATE KEY", "private key", true, true},
    {".ssh", "id_dsa", "PRIVATE KEY", "private key", true, true},
    {".ssh", "id_ed25519", "PRIVATE KEY", "private key", true, true},
    {".ssh", "id_ecdsa", "PRIVATE KEY", "private key", true, true},
};

static void add_row(struct ht_hostconf_pass *pass, const struct ht_exposure *exposure)
{
    ht_node_add(pass->sample, ht_row_new(&ht_exposure_table, exposure));
}

void ht_hostconf_add_unverified(struct ht_hostconf_pass *pass, struct ht_str path,
                                struct ht_str name, const char *rule)
{
    const struct ht_rowset *known = ht_node_set(pass->sample, HT_TABLE_EXPOSURE);
    struct ht_str id =
        ht_arena_strf(pass->arena, "unverified %.*s %.*s", HT_STR_ARG(path), HT_STR_ARG(name));
    struct ht_exposure exposure = {0};

    for (size_t i = 0; i < known->len; i++) {
        if (ht_str_equal(ht_row_id(known->rows[i]), id))
            return; /* told already, by another line of the file */
    }
    ht_exposure_set_id(&exposure, id);
    ht_exposure_set_where(&exposure, HT_S("unverified"));
    ht_exposure_set_place(&exposure, path);
    ht_exposure_set_name(&exposure, ht_arena_str(pass->arena, name));
    ht_exposure_set_rule(&exposure, ht_str_from(rule));
    ht_exposure_set_confidence(&exposure, HT_CONFIDENCE_CERTAIN);
    add_row(pass, &exposure);
}

/* Servers that a kubeconfig speaks to without TLS or without checking them. */
static void look_kubeconfig(struct ht_hostconf_pass *pass, struct ht_str path, struct ht_str text)
{
    const struct ht_yaml *root = ht_yaml_parse_foreign(pass->scratch, "kubeconfig", text, NULL);
    const struct ht_yaml *clusters = ht_yaml_get(root, "clusters");

    for (size_t i = 0; clusters && clusters->kind == HT_YAML_LIST && i < clusters->len; i++) {
        const struct ht_yaml *cluster = ht_yaml_get(&clusters->items[i], "cluster");
        struct ht_str name = ht_yaml_text(&clusters->items[i], "name");
        bool skips = false;

        if (ht_parse_bool(ht_yaml_text(cluster, "insecure-skip-tls-verify"), &skips) == 0 && skips)
            ht_hostconf_add_unverified(pass, path, name, "insecure-skip-tls-verify");
        else if (ht_str_has_prefix(ht_yaml_text(cluster, "server"), "http://"))
            ht_hostconf_add_unverified(pass, path, name, "server without TLS");
    }
}

/* A login itself, not an empty place for one that a helper keeps elsewhere. */
static bool is_login(struct ht_arena *arena, struct ht_str text)
{
    static const char *const keys[] = {"auth", "identitytoken", "registrytoken", "password"};
    const struct ht_json *root = ht_json_parse(arena, "config.json", text, NULL);
    const struct ht_json *auths = ht_json_get(root, "auths");
    struct ht_str value;

    /* What cannot be read may hold one. */
    if (!root)
        return true;
    for (size_t i = 0; ht_json_is_object(auths) && i < auths->len; i++) {
        for (size_t j = 0; j < ARRAY_LEN(keys); j++) {
            if (ht_json_string(ht_json_get(&auths->members[i].value, keys[j]), &value) && value.len)
                return true;
        }
    }
    return false;
}

static bool has_login(struct ht_str text)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    bool is = is_login(arena, text);

    ht_arena_wipe(arena);
    return is;
}

bool ht_hostconf_is_credential(const struct ht_hostconf_known *known, struct ht_str text)
{
    if (known->content && ht_str_find(text, ht_str_from(known->content), 0) < 0)
        return false;
    return strcmp(known->rule, "registry login") != 0 || has_login(text);
}

const struct ht_hostconf_known *ht_hostconf_known_files(size_t *ret_len)
{
    *ret_len = ARRAY_LEN(known_files);
    return known_files;
}

static void look_file(struct ht_hostconf_pass *pass, const struct ht_hostconf_known *known,
                      struct ht_str path)
{
    struct ht_exposure exposure = {0};
    struct ht_str text = {0};
    ht_autofree char *name = ht_strndup(path.data, path.len);
    struct stat st;

    if (ht_root_stat(pass->root, name, &st, NULL) < 0 || !S_ISREG(st.st_mode))
        return;
    if (known->content &&
        (!ht_hostconf_read(pass, path, &text, NULL) || !ht_hostconf_is_credential(known, text)))
        return;
    if (strcmp(known->rule, "kubeconfig") == 0)
        look_kubeconfig(pass, path, text);
    ht_exposure_set_id(&exposure, ht_arena_strf(pass->arena, "file %.*s", HT_STR_ARG(path)));
    ht_exposure_set_where(&exposure, HT_S("file"));
    ht_exposure_set_place(&exposure, path);
    ht_exposure_set_rule(&exposure, ht_str_from(known->rule));
    ht_exposure_set_confidence(&exposure, HT_CONFIDENCE_CERTAIN);
    ht_exposure_set_mode(&exposure, st.st_mode & 07777);
    ht_exposure_set_uid(&exposure, st.st_uid);
    ht_exposure_set_gid(&exposure, st.st_gid);
    add_row(pass, &exposure);
}

static void look_folder(struct ht_hostconf_pass *pass, const struct ht_hostconf_known *known,
                        struct ht_str folder)
{
    if (known->exact) {
        look_file(pass, known,
                  ht_arena_strf(pass->arena, "%.*s/%s", HT_STR_ARG(folder), known->ending));
        return;
    }

    struct ht_text_list names = ht_hostconf_list(pass, folder.data);
    for (size_t i = 0; i < names.len; i++) {
        if (ht_str_has_suffix(names.items[i], known->ending))
            look_file(pass, known,
                      ht_arena_strf(pass->arena, "%.*s/%.*s", HT_STR_ARG(folder),
                                    HT_STR_ARG(names.items[i])));
    }
}

/* ---- all of them ---- */

void ht_hostconf_find_files(struct ht_hostconf_pass *pass)
{
    struct ht_text_list users = ht_hostconf_list(pass, "/home");

    for (size_t i = 0; i < ARRAY_LEN(known_files); i++) {
        const struct ht_hostconf_known *known = &known_files[i];

        if (!known->home) {
            look_folder(pass, known, ht_str_from(known->folder));
            continue;
        }
        for (size_t j = 0; j <= users.len; j++) {
            const char *slash = known->folder[0] ? "/" : "";
            struct ht_str home =
                j < users.len ? ht_arena_strf(pass->arena, "/home/%.*s", HT_STR_ARG(users.items[j]))
                              : HT_S("/root");

            look_folder(
                pass, known,
                ht_arena_strf(pass->arena, "%.*s%s%s", HT_STR_ARG(home), slash, known->folder));
        }
    }
    ht_hostconf_find_registries(pass);
}
