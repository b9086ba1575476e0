/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube-config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "hulltop/base/base64.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/base/yaml.h"

enum { PEM_MAX = 512 * 1024, SHOWN_MAX = 80 };

struct reading {
    const char *name;
    struct ht_kube_access *access;
    struct ht_error *err;
};

static void init_buffers(struct ht_kube_access *access)
{
    ht_buf_init(&access->ca.bytes, PEM_MAX);
    ht_buf_init(&access->cert.bytes, PEM_MAX);
    ht_buf_init(&access->key.bytes, PEM_MAX);
    ht_buf_init(&access->token, PEM_MAX);
}

static void wipe_buffer(struct ht_buf *buf)
{
    if (buf->data)
        ht_wipe(buf->data, buf->cap);
    ht_buf_fini(buf);
}

static void free_pem(struct ht_kube_pem *pem)
{
    wipe_buffer(&pem->bytes);
    free(pem->file);
}

void ht_kube_access_fini(struct ht_kube_access *access)
{
    free(access->server);
    free(access->prefix);
    free(access->cluster);
    free(access->proxy);
    free_pem(&access->ca);
    free_pem(&access->cert);
    free_pem(&access->key);
    wipe_buffer(&access->token);
    free(access->token_file);
    ht_kube_plugin_free(access->plugin);
    *access = (struct ht_kube_access){0};
}

static char *copy(struct ht_str text)
{
    return ht_strndup(text.data ? text.data : "", text.len);
}

static int shown(struct ht_str text)
{
    return text.len > SHOWN_MAX ? SHOWN_MAX : (int)text.len;
}

/* ---- kubeconfig ---- */

/* "NAME" among the entries of a list of {name, WHAT}; its WHAT. */
static const struct ht_yaml *find_entry(const struct ht_yaml *root, const char *list,
                                        const char *what, struct ht_str name)
{
    const struct ht_yaml *entries = ht_yaml_get(root, list);

    for (size_t i = 0; entries && entries->kind == HT_YAML_LIST && i < entries->len; i++) {
        if (ht_str_equal(ht_yaml_text(&entries->items[i], "name"), name))
            return ht_yaml_get(&entries->items[i], what);
    }
    return NULL;
}

/* A file beside the configuration, unless its path says more. */
static char *beside(const struct reading *reading, struct ht_str path)
{
    const char *slash = strrchr(reading->name, '/');
    ht_autobuf struct ht_buf whole = HT_BUF(HT_LIMIT_ARG);

    if (path.data[0] == '/' || !slash)
        return copy(path);
    ht_buf_add(&whole, reading->name, (size_t)(slash - reading->name) + 1);
    ht_buf_add_str(&whole, path);
    return ht_buf_take(&whole);
}

/* KEY-data before KEY, as kubectl has it. */
static int read_pem(struct reading *reading, const struct ht_yaml *map, const char *key,
                    struct ht_kube_pem *pem)
{
    ht_autobuf struct ht_buf data_key = HT_BUF(64);
    struct ht_str data, file = ht_yaml_text(map, key);

    ht_buf_addf(&data_key, "%s-data", key);
    data = ht_yaml_text(map, data_key.data);
    if (data.len) {
        if (ht_base64_decode(data, &pem->bytes) < 0)
            return ht_error_set(reading->err, EINVAL, "%s: %s: not base64", reading->name,
                                data_key.data);
        return 0;
    }
    if (file.len)
        pem->file = beside(reading, file);
    return 0;
}

static bool is_true(struct ht_str text)
{
    bool value = false;

    return ht_parse_bool(text, &value) == 0 && value;
}

/* "https://host:port/prefix" in its parts. */
static int read_server(struct reading *reading, struct ht_str server)
{
    ptrdiff_t scheme = ht_str_find(server, HT_S("://"), 0);
    ptrdiff_t path;

    if (!ht_str_has_prefix(server, "https://") && !ht_str_has_prefix(server, "http://"))
        return ht_error_set(reading->err, EINVAL, "%s: server: neither https:// nor http://",
                            reading->name);
    path = ht_str_find(server, HT_S("/"), (size_t)scheme + 3);
    if (path < 0)
        path = (ptrdiff_t)server.len;

    /* It is in rows and messages from here on, and a password would be with it. */
    if (ht_str_find_byte(server, '@') >= 0)
        return ht_error_set(reading->err, EINVAL,
                            "%s: server: an address with a user's name cannot be used",
                            reading->name);
    struct ht_str prefix = ht_str_sub(server, (size_t)path, server.len);
    while (ht_str_has_suffix(prefix, "/"))
        prefix.len--;
    reading->access->server = copy(ht_str_sub(server, 0, (size_t)path));
    reading->access->prefix = copy(prefix);
    return 0;
}

static int read_cluster(struct reading *reading, const struct ht_yaml *root, struct ht_str name)
{
    const struct ht_yaml *cluster = find_entry(root, "clusters", "cluster", name);
    struct ht_str server = ht_yaml_text(cluster, "server");

    if (server.len == 0)
        return ht_error_set(reading->err, EINVAL,
                            "%s: cluster \"%.*s\" is not in it, or has no "
                            "server",
                            reading->name, shown(name), name.data);
    reading->access->cluster = copy(name);
    if (ht_yaml_text(cluster, "proxy-url").len)
        reading->access->proxy = copy(ht_yaml_text(cluster, "proxy-url"));
    reading->access->insecure = is_true(ht_yaml_text(cluster, "insecure-skip-tls-verify"));

    int r = read_server(reading, server);
    return r < 0 ? r : read_pem(reading, cluster, "certificate-authority", &reading->access->ca);
}

static int read_user(struct reading *reading, const struct ht_yaml *root, struct ht_str name)
{
    const struct ht_yaml *user = find_entry(root, "users", "user", name);
    struct ht_kube_access *access = reading->access;
    struct ht_str token = ht_yaml_text(user, "token"), file = ht_yaml_text(user, "tokenFile");
    int r;

    if (!user)
        return ht_error_set(reading->err, EINVAL, "%s: user \"%.*s\" is not in it", reading->name,
                            shown(name), name.data);
    if (ht_yaml_get(user, "username") || ht_yaml_get(user, "auth-provider"))
        return ht_error_set(reading->err, EINVAL,
                            "%s: user \"%.*s\": names, passwords and auth-provider are not "
                            "supported: certificate, token or tokenFile",
                            reading->name, shown(name), name.data);
    ht_buf_add_str(&access->token, token);
    if (file.len)
        access->token_file = beside(reading, file);
    if (ht_yaml_get(user, "exec")) {
        access->plugin = ht_kube_plugin_decode(
            ht_yaml_get(user, "exec"), ht_str_folder(ht_str_from(reading->name)), reading->err);
        if (!access->plugin)
            return -EINVAL;
    }
    r = read_pem(reading, user, "client-certificate", &access->cert);
    return r < 0 ? r : read_pem(reading, user, "client-key", &access->key);
}

static int read_context(struct reading *reading, const struct ht_yaml *root, struct ht_str name)
{
    const struct ht_yaml *context;
    int r;

    if (name.len == 0)
        name = ht_yaml_text(root, "current-context");
    if (name.len == 0)
        return ht_error_set(reading->err, EINVAL, "%s: no current-context", reading->name);
    context = find_entry(root, "contexts", "context", name);
    if (!context)
        return ht_error_set(reading->err, EINVAL, "%s: context \"%.*s\" is not in it",
                            reading->name, shown(name), name.data);
    r = read_cluster(reading, root, ht_yaml_text(context, "cluster"));
    return r < 0 ? r : read_user(reading, root, ht_yaml_text(context, "user"));
}

int ht_kube_config_decode(struct ht_str text, const char *name, const char *context,
                          struct ht_kube_access *ret, struct ht_error *err)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(8 * HT_LIMIT_YAML);
    struct ht_kube_access access = {0};
    struct reading reading = {.name = name, .access = &access, .err = err};
    const struct ht_yaml *root = ht_yaml_parse_foreign(arena, name, text, err);
    int r;

    if (!root) {
        ht_arena_wipe(arena);
        return err ? -err->code : -EINVAL;
    }
    init_buffers(&access);
    r = read_context(&reading, root, ht_str_from(context));
    ht_arena_wipe(arena); /* keys and tokens are in it */
    if (r < 0) {
        ht_kube_access_fini(&access);
        return r;
    }
    *ret = access;
    return 0;
}

static int read_file(const char *path, struct ht_buf *out, struct ht_error *err)
{
    ht_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0)
        return ht_error_errno(err, errno, "%s", path);
    return ht_read_fd(fd, path, out, HT_LIMIT_YAML, err);
}

int ht_kube_config_read(const char *path, const char *context, struct ht_kube_access *ret,
                        struct ht_error *err)
{
    struct ht_buf text = HT_BUF(HT_LIMIT_YAML);
    int r = read_file(path, &text, err);

    if (r == 0)
        r = ht_kube_config_decode(ht_buf_str(&text), path, context, ret, err);
    wipe_buffer(&text);
    return r;
}

int ht_kube_in_cluster(const char *folder, const char *host, const char *port,
                       struct ht_kube_access *ret, struct ht_error *err)
{
    struct ht_kube_access access = {0};
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_ARG);
    bool wide = host && strchr(host, ':'); /* an address of IPv6 */

    if (!host || !host[0] || !port || !port[0] || strchr(host, '@'))
        return ht_error_set(err, ENOENT, "not in a pod");
    init_buffers(&access);
    ht_buf_addf(&text, "%s/token", folder);
    access.token_file = ht_buf_take(&text);
    if (faccessat(AT_FDCWD, access.token_file, R_OK, AT_EACCESS) < 0) {
        ht_kube_access_fini(&access);
        return ht_error_set(err, ENOENT, "%s: this pod has no token", folder);
    }
    ht_buf_addf(&text, "%s/ca.crt", folder);
    access.ca.file = ht_buf_take(&text);
    ht_buf_addf(&text, "https://%s%s%s:%s", wide ? "[" : "", host, wide ? "]" : "", port);
    access.server = ht_buf_take(&text);
    access.prefix = copy(HT_S(""));
    access.cluster = copy(HT_S("in-cluster"));
    *ret = access;
    return 0;
}
