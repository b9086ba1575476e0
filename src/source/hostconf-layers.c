/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Credentials that lie in layers of the images that run here, at the places where such files are
 * kept. A layer is read where the node keeps it, so no mount of a container is entered; what a
 * later layer covers or deletes is in the image all the same.
 */
#include <fcntl.h>
#include <string.h>

#include "hostconf-private.h"
#include "origin-overlay.h"
#include "proc-decode.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/secret.h"

enum { LAYERS_MAX = 5000, HOMES_MAX = 20, FOUND_MAX = 8, FILE_MAX = 256 * 1024 };

/* Files of settings beside programs, with values in them. */
static const char *const settings[] = {
    ".env",         "app/.env",           "srv/.env",         "srv/app/.env",
    "code/.env",    "usr/src/app/.env",   "var/www/.env",     "var/www/html/.env",
    "opt/app/.env", "usr/local/app/.env", "application/.env", "workspace/.env",
};
/* Keys of a server that every container of the image would share. */
static const char *const host_keys[] = {
    "etc/ssh/ssh_host_rsa_key",
    "etc/ssh/ssh_host_ecdsa_key",
    "etc/ssh/ssh_host_ed25519_key",
};

struct layer {
    struct ht_hostconf_layers *layers;
    struct ht_root root;
    struct ht_str path; /* where the node keeps it */
    struct ht_str container;
};

static struct ht_str read_file(struct layer *layer, const char *path, struct stat *ret_stat)
{
    struct ht_hostconf_pass *pass = layer->layers->pass;
    ht_autobuf struct ht_buf text = HT_BUF(FILE_MAX);
    ht_autoclose int fd = ht_root_open_regular(&layer->root, path, ret_stat, NULL);
    struct ht_str kept = {0};
    int r = fd < 0 ? fd : ht_read_fd(fd, path, &text, FILE_MAX, NULL);

    if (r == 0)
        kept = ht_arena_str(pass->scratch, ht_buf_str(&text));
    if (text.len)
        ht_wipe(text.data, text.len);
    return kept;
}

static void add(struct layer *layer, const char *path, const char *rule, const struct stat *st)
{
    struct ht_hostconf_pass *pass = layer->layers->pass;
    struct ht_str id = ht_arena_strf(pass->arena, "image %.*s /%s", HT_STR_ARG(layer->path), path);
    struct ht_exposure exposure = {0};

    ht_exposure_set_id(&exposure, id);
    ht_exposure_set_where(&exposure, HT_S("image"));
    ht_exposure_set_place(&exposure, ht_arena_strf(pass->arena, "/%s", path));
    ht_exposure_set_name(&exposure, ht_str_from(rule));
    ht_exposure_set_rule(&exposure, ht_str_from(rule));
    ht_exposure_set_confidence(&exposure, HT_CONFIDENCE_CERTAIN);
    ht_exposure_set_container(&exposure, layer->container);
    ht_exposure_set_layer(&exposure, layer->path);
    ht_exposure_set_mode(&exposure, st->st_mode & 07777);
    ht_exposure_set_uid(&exposure, st->st_uid);
    ht_exposure_set_gid(&exposure, st->st_gid);
    ht_rowset_add(pass->exposures, ht_row_new(&ht_exposure_table, &exposure));
}

static void look_known(struct layer *layer, const struct ht_hostconf_known *known, const char *home)
{
    struct ht_arena *arena = layer->layers->pass->arena;
    struct ht_str path = ht_arena_strf(arena, "%s/%s%s%s", home, known->folder,
                                       known->folder[0] ? "/" : "", known->ending);
    struct stat st;
    struct ht_str text = read_file(layer, path.data, &st);

    if (text.len && ht_hostconf_is_credential(layer->layers->pass, known, text))
        add(layer, path.data, known->rule, &st);
}

static void look_home(struct layer *layer, const char *home)
{
    size_t len;
    const struct ht_hostconf_known *known = ht_hostconf_known_files(&len);

    for (size_t i = 0; i < len; i++) {
        if (known[i].home && known[i].exact)
            look_known(layer, &known[i], home);
    }
}

static void look_settings(struct layer *layer, const char *path)
{
    struct ht_secret_found found[FOUND_MAX];
    struct stat st;
    struct ht_str rest = read_file(layer, path, &st), line;

    while (ht_str_next(&rest, '\n', &line)) {
        size_t len = ht_secret_judge(line, false, found, FOUND_MAX);

        for (size_t i = 0; i < len; i++) {
            if (found[i].sure == HT_SECRET_HINT)
                continue;
            add(layer, path, "settings with secrets", &st);
            return;
        }
    }
}

struct homes {
    struct layer *layer;
    size_t len;
    struct ht_str names[HOMES_MAX];
};

static int visit_home(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct homes *homes = context;

    (void)type;
    (void)inode;
    if (homes->len < HOMES_MAX)
        homes->names[homes->len++] =
            ht_arena_strf(homes->layer->layers->pass->arena, "home/%s", name);
    return 0;
}

static void look_layer(struct layer *layer)
{
    struct homes homes = {.layer = layer};
    const struct ht_dir_visitor visitor = {
        .visit = visit_home, .context = &homes, .max_entries = HT_LIMIT_ITEMS};
    struct stat st;

    if (ht_root_lstat(&layer->root, "root", &st, NULL) == 0)
        look_home(layer, "root");
    (void)ht_root_list(&layer->root, "home", &visitor, NULL);
    for (size_t i = 0; i < homes.len; i++)
        look_home(layer, homes.names[i].data);
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        look_settings(layer, settings[i]);
    for (size_t i = 0; i < ARRAY_LEN(host_keys); i++) {
        if (ht_str_find(read_file(layer, host_keys[i], &st), HT_S("PRIVATE KEY"), 0) >= 0)
            add(layer, host_keys[i], "host key of a server", &st);
    }
}

static void look_path(struct ht_hostconf_layers *layers, struct ht_str path,
                      struct ht_str container)
{
    struct ht_hostconf_pass *pass = layers->pass;
    struct layer layer = {.layers = layers, .root = HT_ROOT_NONE, .container = container};
    int fd;

    /* Relative ones are from where the runtime was when it mounted them. */
    if (path.len == 0 || path.data[0] != '/' || ht_map_get(layers->seen, path))
        return;
    if (ht_map_len(layers->seen) >= LAYERS_MAX) {
        pass->cut++;
        return;
    }
    layer.path = ht_arena_str(pass->arena, path);
    ht_map_set(layers->seen, layer.path, layers);
    ht_autofree char *name = ht_strndup(path.data, path.len);
    fd = ht_root_openat(pass->root, name, O_PATH | O_DIRECTORY, NULL);
    if (fd < 0 || ht_root_from_fd(&layer.root, fd, name, NULL) < 0)
        return;
    look_layer(&layer);
    ht_root_close(&layer.root);
}

void ht_hostconf_look_layers(struct ht_hostconf_layers *layers, uint64_t pid,
                             struct ht_str container)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_PROC_FILE);
    struct ht_str rest;
    struct ht_mount_line line;

    if (ht_map_get(layers->containers, container))
        return;
    ht_map_set(layers->containers, container, layers);
    if (!ht_hostconf_read_proc(layers->pass, pid, "mountinfo", &text))
        return;
    if (layers->pass->inside)
        ht_hostconf_look_copies(layers->pass, ht_buf_str(&text), container);
    rest = ht_buf_str(&text);
    while (ht_mountinfo_next(&rest, &line)) {
        struct ht_overlay overlay;

        if (!ht_str_is(line.point, "/") || !ht_str_is(line.type, "overlay") ||
            !ht_overlay_decode(line.super, layers->pass->arena, &overlay))
            continue;
        for (size_t i = 0; i < overlay.lowers.len; i++)
            look_path(layers, overlay.lowers.items[i], container);
    }
}

void ht_hostconf_layers_init(struct ht_hostconf_layers *layers, struct ht_hostconf_pass *pass)
{
    *layers =
        (struct ht_hostconf_layers){.pass = pass, .seen = ht_map_new(), .containers = ht_map_new()};
}

void ht_hostconf_layers_fini(struct ht_hostconf_layers *layers)
{
    ht_map_free(layers->seen);
    ht_map_free(layers->containers);
}
