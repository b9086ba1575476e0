/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host configuration source: every half minute one look at what the node's daemons are told.
 * Bytes that may hold secrets live in an arena that is overwritten at the end of each look.
 */
#include "hulltop/source/source.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "hostconf-private.h"
#include "keeper.h"
#include "proc-node.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

#define INTERVAL_NS (30 * HT_NS_PER_S)
#define LIMIT_NS    (20 * HT_NS_PER_S)

/* Environments and command lines are looked through so often, and when somebody asks for a look. */
#define SECRETS_NS (60 * HT_NS_PER_S)

enum { ARENA_BYTES = 256 * 1024 * 1024, NAMES_MAX = 1000, DETAIL_MAX = 512 };

struct hostconf {
    char *root;
    bool live, inside;
    bool keyless; /* there are no marks, and no search */
    char salt[HT_HOSTCONF_SALT_BYTES];
    struct ht_rowset exposures; /* of processes; looked for less often than the rest */
    int64_t secrets_due_ns;
    size_t secrets_cut;    /* what a limit left out of them */
    size_t secrets_denied; /* what could not be read then */
    int secrets_failed;    /* why something else could not be looked at, -errno or 0 */
    char first_denied[DETAIL_MAX];
    struct ht_proc_ignored *ignored; /* processes that are of no interest */
    struct ht_proc_ignored *silent;  /* whose arguments were found to hold no secret */
    struct ht_hostconf_layers layers;
    struct ht_driver_ops ops; /* with the interval that was asked for */
};

/* ---- files ---- */

void ht_hostconf_deny(struct ht_hostconf_pass *pass, struct ht_str path)
{
    if (pass->denied++ == 0)
        pass->first_denied = ht_arena_str(pass->arena, path);
}

void ht_hostconf_note_failure(struct ht_hostconf_pass *pass, int r, struct ht_str path)
{
    if (ht_error_is_denied(r))
        ht_hostconf_deny(pass, path);
    if (r == -EIO || r == -EMFILE || r == -ENFILE || r == -ENOMEM)
        pass->failed = r;
}

bool ht_hostconf_read(struct ht_hostconf_pass *pass, struct ht_str path, struct ht_str *ret_text,
                      struct stat *ret_stat)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_YAML);
    ht_autofree char *name = ht_strndup(path.data, path.len);
    struct stat st;
    ht_autoclose int fd = ht_root_open_regular(pass->root, name, &st, NULL);
    int r = fd < 0 ? fd : ht_read_fd(fd, name, &text, HT_LIMIT_YAML, NULL);

    if (r == 0 && ht_arena_is_full(pass->scratch)) {
        pass->cut++;
        r = -EFBIG;
    }
    ht_hostconf_note_failure(pass, r, path);
    if (r == 0) {
        *ret_text = ht_arena_str(pass->scratch, ht_buf_str(&text));
        if (ret_stat)
            *ret_stat = st;
    }
    if (text.len)
        ht_wipe(text.data, text.len);
    return r == 0;
}

struct listing {
    struct ht_arena *arena;
    const char *pattern;
    struct ht_str *names;
    size_t len;
};

static int visit_name(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct listing *listing = context;

    (void)type;
    (void)inode;
    if (fnmatch(listing->pattern, name, FNM_PERIOD) != 0)
        return 0;
    if (!listing->names)
        listing->names = ht_arena_array(listing->arena, struct ht_str, NAMES_MAX);
    listing->names[listing->len++] = ht_arena_text(listing->arena, name);
    return 0;
}

static int by_bytes(const void *left, const void *right)
{
    const struct ht_str *a = left;
    const struct ht_str *b = right;

    return ht_str_compare(*a, *b);
}

int ht_hostconf_list_like(struct ht_hostconf_pass *pass, const char *path, const char *pattern,
                          struct ht_arena *arena, struct ht_text_list *ret_names)
{
    struct listing listing = {.arena = arena, .pattern = pattern};
    const struct ht_dir_visitor visitor = {
        .visit = visit_name, .context = &listing, .max_entries = NAMES_MAX};
    int r = ht_root_list(pass->root, path, &visitor, NULL);

    ht_hostconf_note_failure(pass, r, ht_str_from(path));
    if (listing.len)
        qsort(listing.names, listing.len, sizeof(*listing.names), by_bytes);
    *ret_names = (struct ht_text_list){.items = listing.names, .len = listing.len};
    return r;
}

struct ht_text_list ht_hostconf_list(struct ht_hostconf_pass *pass, const char *path)
{
    struct ht_text_list names;

    pass->cut += ht_hostconf_list_like(pass, path, "*", pass->arena, &names) == -EFBIG;
    return names;
}

/* ---- one look ---- */

static void describe(const struct ht_hostconf_pass *pass, struct ht_buf *detail)
{
    const struct ht_rowset *servers = ht_node_set(pass->sample, HT_TABLE_APISERVER);
    enum ht_apiserver_found found = HT_APISERVER_FOUND_NONE;

    for (size_t i = 0; i < servers->len; i++)
        found = ht_apiserver_of(servers->rows[i])->found;
    switch (found) {
    case HT_APISERVER_FOUND_PROCESS:
        ht_buf_add_text(detail, "a Kubernetes API server runs here");
        break;
    case HT_APISERVER_FOUND_MANIFEST:
        ht_buf_add_text(detail, "a Kubernetes API server is declared here");
        break;
    case HT_APISERVER_FOUND_NONE:
        ht_buf_add_text(detail, "no Kubernetes API server here");
        break;
    }
    if (pass->denied)
        ht_buf_addf(detail, "; %zu files could not be read, the first is %.*s", pass->denied,
                    HT_STR_ARG(ht_str_sub(pass->first_denied, 0, 200)));
    if (pass->failed)
        ht_buf_addf(detail, "; not everything was looked at: %s", strerror(-pass->failed));
    if (pass->cut)
        ht_buf_addf(detail, "; not complete: in %zu place%s there was more than hulltop reads",
                    pass->cut, pass->cut == 1 ? "" : "s");
}

static void add_source(struct ht_hostconf_pass *pass, struct ht_feed *feed, int64_t began)
{
    ht_autobuf struct ht_buf detail = HT_BUF(DETAIL_MAX);
    struct ht_source source = {0};

    describe(pass, &detail);
    ht_source_set_id(&source, HT_S("hostconf"));
    ht_source_set_name(&source, HT_S("hostconf"));
    ht_source_set_state(&source, pass->denied || pass->cut || pass->failed ? HT_SOURCE_STATE_PART
                                                                           : HT_SOURCE_STATE_OK);
    ht_source_set_detail(&source, ht_buf_str(&detail));
    if (pass->denied)
        ht_source_set_help(&source, HT_S("sudo hulltop"));
    ht_source_set_object(&source, ht_str_from(pass->root->path[0] ? pass->root->path : "/"));
    ht_source_set_answered_at(&source, ht_clock_wall(feed->clock));
    ht_source_set_interval(&source, pass->interval_ns);
    ht_source_set_took(&source, ht_clock_mono(feed->clock) - began);
    ht_node_add(pass->sample, ht_row_new(&ht_source_table, &source));
}

/* Reading every environment costs; what was found holds until the next time. */
static void look_at_secrets(struct hostconf *self, struct ht_hostconf_pass *pass, int64_t now)
{
    size_t cut = pass->cut, denied = pass->denied;
    int before = pass->failed;

    pass->failed = 0;
    if (!self->keyless && now >= self->secrets_due_ns) {
        ht_rowset_fini(&self->exposures);
        ht_proc_ignored_begin(self->silent, now);
        ht_hostconf_find_process_secrets(pass, now);
        ht_hostconf_find_pod_secrets(pass);
        if (self->inside)
            ht_hostconf_find_log_secrets(pass);
        ht_rowset_sort(&self->exposures);
        self->secrets_due_ns = now + SECRETS_NS;
        self->secrets_cut = pass->cut - cut;
        self->secrets_denied = pass->denied - denied;
        self->secrets_failed = pass->failed;
        snprintf(self->first_denied, sizeof(self->first_denied), "%.*s",
                 HT_STR_ARG(pass->first_denied));
    } else {
        pass->cut += self->secrets_cut;
        if (self->secrets_denied)
            ht_hostconf_deny(pass, ht_str_from(self->first_denied));
        pass->denied += self->secrets_denied ? self->secrets_denied - 1 : 0;
        pass->failed = self->secrets_failed;
    }
    pass->failed = before ? before : pass->failed;
    for (size_t i = 0; i < self->exposures.len; i++)
        ht_node_add(pass->sample, ht_row_ref(self->exposures.rows[i]));
}

static void look(struct hostconf *self, const struct ht_root *root, const struct ht_root *proc,
                 struct ht_feed *feed)
{
    int64_t began = ht_clock_mono(feed->clock);
    struct ht_keepers keepers = {0};
    struct ht_hostconf_pass pass = {
        .keepers = &keepers,
        .root = root,
        .proc = proc,
        .is_kernels = ht_proc_is_kernels(proc),
        .sample = ht_node_new(ht_clock_wall(feed->clock)),
        .arena = ht_arena_new(ARENA_BYTES),
        .scratch = ht_arena_new(ARENA_BYTES),
        .salt = {.data = self->salt, .len = sizeof(self->salt)},
        .exposures = &self->exposures,
        .ignored = self->ignored,
        .silent = self->silent,
        .layers = &self->layers,
        .inside = self->inside,
        .interval_ns = self->ops.interval_ns,
    };

    keepers.arena = pass.arena;
    feed->at(feed, "looking for daemons");
    ht_proc_ignored_begin(self->ignored, began);
    ht_hostconf_find_processes(&pass);
    feed->at(feed, "reading the API server's configuration");
    ht_hostconf_find_apiserver(&pass);
    ht_hostconf_find_keepers(&pass);
    ht_hostconf_find_listeners(&pass);
    feed->at(feed, "looking for secrets that lie around");
    look_at_secrets(self, &pass, began);
    ht_hostconf_find_files(&pass);
    add_source(&pass, feed, began);
    ht_arena_wipe(pass.scratch);
    ht_arena_free(pass.scratch);
    ht_arena_free(pass.arena);
    ht_node_sort(pass.sample);
    feed->publish(feed, pass.sample);
}

static void tell_broken(struct ht_feed *feed, const char *why)
{
    struct ht_node *sample = ht_node_new(ht_clock_wall(feed->clock));

    ht_source_tell(sample, "hostconf", HT_SOURCE_STATE_BROKEN, why, NULL);
    ht_node_sort(sample);
    feed->publish(feed, sample);
}

/* At all processes, and at once. */
static void look_anew(struct hostconf *self)
{
    self->secrets_due_ns = 0;
    ht_proc_ignored_free(self->silent);
    self->silent = ht_proc_ignored_new();
    ht_hostconf_layers_forget(&self->layers);
}

static void run(void *context, struct ht_feed *feed)
{
    struct hostconf *self = context;
    struct ht_request request = {0};
    struct ht_error err = {0};

    do {
        ht_autoroot struct ht_root root = HT_ROOT_NONE;
        ht_autoroot struct ht_root proc = HT_ROOT_NONE;
        int r = ht_root_open(&root, self->root, &err);

        if (request.kind == HT_REQUEST_RESCAN)
            look_anew(self);
        if (r == 0)
            r = ht_root_open(&proc, self->live ? "/" : self->root, &err);
        if (r == 0)
            look(self, &root, &proc, feed);
        else
            tell_broken(feed, err.text);
    } while (feed->wait(feed, self->ops.interval_ns, &request));
}

static void free_hostconf(void *context)
{
    struct hostconf *self = context;

    if (!self)
        return;
    ht_rowset_fini(&self->exposures);
    ht_proc_ignored_free(self->ignored);
    ht_proc_ignored_free(self->silent);
    ht_hostconf_layers_fini(&self->layers);
    ht_wipe(self->salt, sizeof(self->salt));
    free(self->root);
    free(self);
}

struct ht_driver ht_hostconf_driver(const struct ht_hostconf_options *options)
{
    static const struct ht_driver_ops ops = {.name = "hostconf",
                                             .interval_ns = INTERVAL_NS,
                                             .limit_ns = LIMIT_NS,
                                             .run = run,
                                             .free = free_hostconf};
    struct hostconf *self = ht_new0(struct hostconf);

    self->ignored = ht_proc_ignored_new();
    self->silent = ht_proc_ignored_new();
    ht_hostconf_layers_init(&self->layers);
    self->root = ht_strdup(options->root);
    self->live = options->live;
    self->inside = options->inside;
    if (options->salt)
        memcpy(self->salt, options->salt, sizeof(self->salt));
    else if (getrandom(self->salt, sizeof(self->salt), 0) != (ssize_t)sizeof(self->salt))
        self->keyless = true;
    self->ops = ops;
    if (options->interval_ns)
        self->ops.interval_ns = options->interval_ns;
    return (struct ht_driver){.ops = &self->ops, .self = self};
}
