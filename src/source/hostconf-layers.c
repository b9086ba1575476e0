/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Credentials that lie in layers of the images that run here, at the places where such files are
 * kept. A layer is read where the node keeps it, so no mount of a container is entered; what a
 * later layer covers or deletes is in the image all the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "hostconf-private.h"
#include "origin-overlay.h"
#include "proc-decode.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/secret.h"

enum {
    LAYERS_MAX = 5000,
    HOMES_MAX = 20,
    HOME_BYTES = sizeof("home/") + 255,
    PATH_BYTES = HOME_BYTES + 128,
    FOUND_MAX = 8,
    FILE_MAX = 256 * 1024,
    FILES_MAX = 20000, /* of one pass, as the next */
    BYTES_MAX = 64 * 1024 * 1024,
    ROWS_MAX = 2000,
};

/* Whoever can write to the node's storage can change a layer all the same. */
#define FORGET_NS (600 * HT_NS_PER_S)

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
    bool is_part; /* what was read last is the beginning of its file */
};

/* What is there and cannot be read is told; what is not there is not. Whether it was refused. */
static bool is_told(struct ht_hostconf_pass *pass, const char *path, int code)
{
    ht_hostconf_note_failure(pass, code, ht_str_from(path));
    return ht_error_is_denied(code);
}

static bool is_spent(const struct ht_hostconf_layers *layers)
{
    return layers->files >= FILES_MAX || layers->bytes >= BYTES_MAX ||
           layers->found.len >= ROWS_MAX;
}

/* The text is valid until conclude. */
static struct ht_str read_file(struct layer *layer, const char *path, struct stat *ret_stat)
{
    struct ht_hostconf_layers *layers = layer->layers;
    ht_autoclose int fd = ht_root_open_regular(&layer->root, path, ret_stat, NULL);
    int r;

    layer->is_part = false;
    if (fd < 0) {
        (void)is_told(layers->pass, path, fd);
        return (struct ht_str){0};
    }
    if (is_spent(layers)) {
        layers->pass->cut++;
        return (struct ht_str){0};
    }
    r = ht_read_fd(fd, path, &layers->text, FILE_MAX, NULL);
    layer->is_part = r < 0;
    layers->files++;
    layers->bytes += layers->text.len;
    return ht_buf_str(&layers->text);
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
    ht_rowset_add(&layer->layers->found, ht_row_new(&ht_exposure_table, &exposure));
}

/* Tells what was read last by its rule, NULL: nothing was in it, and overwrites it. */
static void conclude(struct layer *layer, const char *path, const char *rule, const struct stat *st)
{
    struct ht_buf *text = &layer->layers->text;

    if (rule)
        add(layer, path, rule, st);
    else if (layer->is_part)
        layer->layers->pass->cut++;
    if (text->len)
        ht_wipe(text->data, text->len);
    ht_buf_reset(text);
}

static void look_known(struct layer *layer, const struct ht_hostconf_known *known, const char *home)
{
    char path[PATH_BYTES];
    struct stat st;
    struct ht_str text;
    bool is_one;

    snprintf(path, sizeof(path), "%s/%s%s%s", home, known->folder, known->folder[0] ? "/" : "",
             known->ending);
    text = read_file(layer, path, &st);
    is_one = text.len && ht_hostconf_is_credential(known, text);
    conclude(layer, path, is_one ? known->rule : NULL, &st);
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
    bool is_one = false;

    while (!is_one && ht_str_next(&rest, '\n', &line)) {
        size_t len = ht_secret_judge(line, false, found, FOUND_MAX);

        for (size_t i = 0; i < len; i++)
            is_one = is_one || found[i].sure != HT_SECRET_HINT;
    }
    conclude(layer, path, is_one ? "settings with secrets" : NULL, &st);
}

static void look_host_key(struct layer *layer, const char *path)
{
    struct stat st;
    bool is_one = ht_str_find(read_file(layer, path, &st), HT_S("PRIVATE KEY"), 0) >= 0;

    conclude(layer, path, is_one ? "host key of a server" : NULL, &st);
}

struct homes {
    size_t len; /* those without room are counted too */
    char names[HOMES_MAX][HOME_BYTES];
};

static int visit_home(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct homes *homes = context;

    (void)type;
    (void)inode;
    if (homes->len < HOMES_MAX)
        snprintf(homes->names[homes->len], HOME_BYTES, "home/%s", name);
    homes->len++;
    return 0;
}

static void look_layer(struct layer *layer)
{
    struct ht_hostconf_pass *pass = layer->layers->pass;
    struct homes homes = {0};
    const struct ht_dir_visitor visitor = {
        .visit = visit_home, .context = &homes, .max_entries = HT_LIMIT_ITEMS};
    struct stat st;
    int r;

    r = ht_root_lstat(&layer->root, "root", &st, NULL);
    (void)is_told(pass, "root", r);
    if (r == 0)
        look_home(layer, "root");
    r = ht_root_list(&layer->root, "home", &visitor, NULL);
    (void)is_told(pass, "home", r);
    pass->cut += homes.len > HOMES_MAX || r == -EFBIG;
    for (size_t i = 0; i < homes.len && i < HOMES_MAX; i++)
        look_home(layer, homes.names[i]);
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        look_settings(layer, settings[i]);
    for (size_t i = 0; i < ARRAY_LEN(host_keys); i++)
        look_host_key(layer, host_keys[i]);
}

static void look_path(struct ht_hostconf_layers *layers, struct ht_str path,
                      struct ht_str container)
{
    struct ht_hostconf_pass *pass = layers->pass;
    struct layer layer = {.layers = layers, .root = HT_ROOT_NONE, .container = container};
    int fd, r;

    if (ht_map_get(layers->seen, path))
        return;
    /* Relative ones are from where the runtime was when it mounted them. */
    if (path.len == 0 || path.data[0] != '/' || ht_map_len(layers->seen) >= LAYERS_MAX ||
        is_spent(layers)) {
        pass->cut++;
        return;
    }
    layer.path = ht_arena_str(pass->arena, path);
    ht_map_set(layers->seen, layer.path, layers);
    ht_autofree char *name = ht_strndup(path.data, path.len);
    fd = ht_root_openat(pass->root, name, O_PATH | O_DIRECTORY, NULL);
    r = fd < 0 ? fd : ht_root_from_fd(&layer.root, fd, name, NULL);
    if (r < 0) {
        pass->cut += !is_told(pass, name, r);
        return;
    }
    look_layer(&layer);
    ht_root_close(&layer.root);
}

/* Whether the process is in that container. Asked after its mounts were read: a pid may have become
 * another's since it was met. */
static bool is_in(const struct ht_hostconf_layers *layers, uint64_t pid, struct ht_str container)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_PROC_FILE);
    struct ht_cgroup_facts facts;

    if (!ht_hostconf_read_proc(layers->pass, pid, "cgroup", &text))
        return false;
    ht_cgroup_decode(ht_buf_str(&text), &facts);
    return ht_str_equal(facts.container_id, container);
}

/* Whether that is the device of the node's root, which is asked for once a pass. Whom its runtime
 * still prepares has that root. */
static bool is_nodes_root(struct ht_hostconf_layers *layers, uint64_t device)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_MOUNTINFO);
    struct ht_mount_line line;
    struct ht_str rest;

    if (!layers->has_root_device && ht_hostconf_read_proc(layers->pass, 1, "mountinfo", &text)) {
        rest = ht_buf_str(&text);
        while (ht_mountinfo_next(&rest, &line)) {
            if (ht_str_is(line.point, "/"))
                layers->root_device = line.device;
        }
    }
    layers->has_root_device = true;
    return layers->root_device && device == layers->root_device;
}

/* False: there is nothing to look at. */
static bool read_mounts(struct ht_hostconf_layers *layers, uint64_t pid, struct ht_str container,
                        struct ht_buf *text)
{
    char path[PATH_BYTES];
    int r;

    snprintf(path, sizeof(path), "proc/%llu/mountinfo", (unsigned long long)pid);
    r = ht_root_read(layers->pass->proc, path, text, HT_LIMIT_MOUNTINFO, NULL);
    /* One that ended meanwhile, or waits for its parent, has none; another may tell. */
    if (r == -ENOENT || r == -ESRCH || r == -EINVAL || !is_in(layers, pid, container))
        return false;
    ht_map_set(layers->tried, container, layers);
    if (r < 0 && !is_told(layers->pass, path, r))
        layers->pass->cut++;
    return r == 0 || r == -EFBIG;
}

static void look_container(struct ht_hostconf_layers *layers, uint64_t pid, struct ht_str container)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_MOUNTINFO);
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    struct ht_str rest;
    struct ht_mount_line line;

    if (ht_map_get(layers->containers, container) || ht_map_get(layers->tried, container) ||
        !read_mounts(layers, pid, container, &text))
        return;
    if (layers->pass->inside)
        ht_hostconf_look_copies(layers->pass, ht_buf_str(&text), container);
    rest = ht_buf_str(&text);
    while (ht_mountinfo_next(&rest, &line)) {
        struct ht_overlay overlay;

        if (!ht_str_is(line.point, "/") || !ht_str_is(line.type, "overlay") ||
            is_nodes_root(layers, line.device) || !ht_overlay_decode(line.super, arena, &overlay))
            continue;
        for (size_t i = 0; i < overlay.lowers.len; i++)
            look_path(layers, overlay.lowers.items[i], container);
        /* One whose layers are not found is asked again in the next pass. */
        ht_map_set(layers->containers, container, layers);
    }
}

/* ---- from pass to pass ---- */

void ht_hostconf_layers_init(struct ht_hostconf_layers *layers)
{
    *layers = (struct ht_hostconf_layers){.seen = ht_map_new(), .containers = ht_map_new()};
}

void ht_hostconf_layers_fini(struct ht_hostconf_layers *layers)
{
    ht_rowset_fini(&layers->found);
    ht_map_free(layers->seen);
    ht_map_free(layers->containers);
}

void ht_hostconf_layers_forget(struct ht_hostconf_layers *layers)
{
    ht_hostconf_layers_fini(layers);
    layers->seen = ht_map_new();
    layers->containers = ht_map_new();
}

void ht_hostconf_layers_begin(struct ht_hostconf_layers *layers, struct ht_hostconf_pass *pass,
                              int64_t now_ns)
{
    size_t room;

    if (now_ns >= layers->forget_ns || pass->inside) {
        ht_hostconf_layers_forget(layers);
        layers->forget_ns = now_ns + FORGET_NS;
    }
    layers->pass = pass;
    layers->tried = ht_map_new();
    layers->has_root_device = false;
    layers->root_device = 0;
    layers->files = layers->bytes = 0;
    ht_buf_init(&layers->text, FILE_MAX);
    /* All at once: bytes that a growing buffer leaves behind could not be overwritten. */
    (void)ht_buf_room(&layers->text, FILE_MAX, &room);
}

struct met {
    uint64_t pid;
    struct ht_str container;
};

void ht_hostconf_layers_meet(struct ht_hostconf_layers *layers, uint64_t pid,
                             struct ht_str container)
{
    struct met *met = ht_arena_array(layers->pass->arena, struct met, 1);

    *met = (struct met){.pid = pid, .container = container};
    ht_vec_add(&layers->met, met);
}

static bool has_left(void *context, struct ht_str id, void *value)
{
    const struct ht_map *met = context;

    (void)value;
    return !ht_map_get(met, id);
}

/* A layer that was told of a container which is gone may be another's too, which was passed over.
 */
static bool is_told_of_gone(const struct ht_hostconf_layers *layers, const struct ht_map *met)
{
    for (size_t i = 0; i < layers->found.len; i++) {
        if (!ht_map_get(met, ht_exposure_of(layers->found.rows[i])->container))
            return true;
    }
    return false;
}

static void keep_those_met(struct ht_hostconf_layers *layers)
{
    struct ht_map *met = ht_map_new();

    for (size_t i = 0; i < layers->met.len; i++) {
        struct met *one = layers->met.items[i];

        ht_map_set(met, one->container, one);
    }
    if (is_told_of_gone(layers, met))
        ht_hostconf_layers_forget(layers);
    ht_map_remove_if(layers->containers, has_left, met);
    ht_map_free(met);
}

void ht_hostconf_layers_end(struct ht_hostconf_layers *layers)
{
    struct ht_hostconf_pass *pass = layers->pass;
    size_t cut = pass->cut, denied = pass->denied;

    keep_those_met(layers);
    for (size_t i = 0; i < layers->met.len; i++) {
        const struct met *met = layers->met.items[i];

        look_container(layers, met->pid, met->container);
    }
    ht_rowset_share(pass->exposures, &layers->found);
    ht_vec_fini(&layers->met);
    ht_buf_fini(&layers->text);
    layers->tried = ht_map_free(layers->tried);
    /* What could not be seen is tried, and told, each time. */
    if (pass->cut != cut || pass->denied != denied || pass->failed)
        layers->forget_ns = 0;
}
