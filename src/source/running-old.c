/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The source of running code that is older than the files on disk: all processes are compared every
 * few minutes, and within a minute where something was installed or runs old code. */
#include <string.h>
#include <unistd.h>

#include "running-code.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/source/source.h"

#define NAME        "running-old"
#define INTERVAL_NS (300 * HT_NS_PER_S)
#define GLANCE_NS   (60 * HT_NS_PER_S)
#define LIMIT_NS    (30 * HT_NS_PER_S)

struct running_source {
    bool live;
    char *cache_folder;         /* NULL: nothing is kept over runs */
    struct ht_running *running; /* NULL: not opened */
    struct ht_node *before;     /* newest sample, whose rows stay where nothing changed */
    int64_t due_ns;             /* when all is compared again, whatever happened */
};

static void add_unread(const struct ht_running_sum *sum, bool as_root, struct ht_buf *out)
{
    if (sum->hidden) {
        ht_buf_add_text(out, sum->hidden);
        return;
    }
    ht_buf_addf(out, "%zu of %zu processes of the node could not be read", sum->denied,
                sum->denied + sum->compared);
    if (sum->denied_pid)
        ht_buf_addf(out, " (pid %d, %s%s)", (int)sum->denied_pid, sum->denied_name,
                    sum->denied > 1 ? ", ..." : "");
    if (as_root)
        ht_buf_add_text(out, ": a security module or another user namespace forbids it to root");
}

bool ht_running_tell(const struct ht_running_sum *sum, bool as_root, struct ht_buf *out)
{
    bool unread = sum->hidden || sum->denied, whole = !unread && !sum->cut && !sum->far;

    ht_buf_reset(out);
    if (unread)
        add_unread(sum, as_root, out);
    if (sum->cut)
        ht_buf_addf(out,
                    "%smore is mapped, or by longer names, than hulltop reads: %zu files or tables "
                    "were left out",
                    unread ? "; " : "", sum->cut);
    if (sum->far)
        ht_buf_addf(
            out,
            "%s%zu files were not looked at: they lie where an answer may never come (FUSE, "
            "NFS)",
            unread || sum->cut ? "; " : "", sum->far);
    if (whole)
        ht_buf_addf(out, "%zu processes of the node compared, %zu run old code", sum->compared,
                    sum->stale);
    return whole;
}

static void tell(struct ht_node *sample, const struct ht_running_sum *sum, int64_t took_ns)
{
    ht_autobuf struct ht_buf detail = HT_BUF(HT_LIMIT_ARG);
    bool as_root = geteuid() == 0, unread = sum->hidden || sum->denied;
    bool whole = ht_running_tell(sum, as_root, &detail);

    ht_source_tell_answer(sample, &(struct ht_source_answer){
                                      .name = NAME,
                                      .state = whole ? HT_SOURCE_STATE_OK : HT_SOURCE_STATE_PART,
                                      .detail = detail.data,
                                      .help = whole                ? NULL
                                              : unread && !as_root ? "sudo hulltop"
                                                                   : "",
                                      .took_ns = took_ns,
                                      .interval_ns = INTERVAL_NS});
}

static struct ht_node *look(struct running_source *self, struct ht_feed *feed)
{
    const struct ht_running_places places = {
        .proc = "/proc", .root = "/", .cache = self->cache_folder};
    struct ht_node *sample = ht_node_new(ht_clock_wall(feed->clock));
    int64_t began = ht_clock_mono(feed->clock);
    struct ht_running_sum sum = {0};
    struct ht_error err = {0};
    int code = self->running ? 0 : ht_running_new(&places, &self->running, &err);

    feed->at(feed, "comparing what runs with the files on disk");
    if (code == 0)
        code = ht_running_look(self->running, sample, &sum, &err);
    self->due_ns = code < 0 ? 0 : ht_clock_mono(feed->clock) + INTERVAL_NS;
    if (code < 0)
        ht_source_tell(sample, NAME, HT_SOURCE_STATE_BROKEN, err.text, NULL);
    else
        tell(sample, &sum, ht_clock_mono(feed->clock) - began);
    ht_node_sort(sample);
    return sample;
}

/* Rows that say the same as before stay the same rows, so that nobody looks at them again. */
static void keep_rows(const struct ht_node *before, struct ht_node *sample)
{
    for (int id = 0; before && id < HT_TABLE_COUNT; id++) {
        struct ht_rowset *set = &sample->sets[id];

        for (size_t i = 0; i < set->len; i++) {
            const struct ht_row *old =
                ht_node_find(before, (enum ht_table_id)id, ht_row_id(set->rows[i]));

            set->rows[i] = ht_row_keep(old, set->rows[i]);
        }
    }
}

static void look_again(struct running_source *self, struct ht_feed *feed)
{
    struct ht_node *sample = look(self, feed);

    keep_rows(self->before, sample);
    ht_node_unref(self->before);
    self->before = ht_node_ref(sample);
    feed->publish(feed, sample);
}

/* What is old is on somebody's mind, and restarted any moment. */
static bool is_due(const struct running_source *self, struct ht_feed *feed,
                   const struct ht_request *request)
{
    return !self->before || !self->running || request->kind == HT_REQUEST_RESCAN ||
           ht_clock_mono(feed->clock) >= self->due_ns ||
           ht_node_set(self->before, HT_TABLE_STALE_PROCESS)->len ||
           ht_running_is_overtaken(self->running);
}

static void run(void *context, struct ht_feed *feed)
{
    struct running_source *self = context;
    struct ht_request request = {0};

    if (!self->live) {
        struct ht_node *sample = ht_node_new(ht_clock_wall(feed->clock));

        ht_source_tell(sample, NAME, HT_SOURCE_STATE_OFF, "nothing runs in another root", NULL);
        feed->publish(feed, sample);
        while (feed->wait(feed, -1, &request))
            ;
        return;
    }
    do {
        if (is_due(self, feed, &request))
            look_again(self, feed);
    } while (feed->wait(feed, GLANCE_NS, &request));
}

static void free_source(void *context)
{
    struct running_source *self = context;

    ht_running_free(self->running);
    ht_node_unref(self->before);
    free(self->cache_folder);
    free(self);
}

struct ht_driver ht_running_driver(bool live, const char *cache_folder)
{
    static const struct ht_driver_ops ops = {.name = NAME,
                                             .interval_ns = INTERVAL_NS,
                                             .limit_ns = LIMIT_NS,
                                             .run = run,
                                             .free = free_source};
    struct running_source *self = ht_new0(struct running_source);

    self->live = live;
    if (cache_folder)
        self->cache_folder = ht_strdup(cache_folder);
    return (struct ht_driver){.ops = &ops, .self = self};
}
