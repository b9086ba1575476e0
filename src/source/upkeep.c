/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The source "upkeep": support of the host's releases, the running kernel, the container stack. It
 * is apart from the package databases since it changes with processes and time, not with files.
 */

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/source/source.h"
#include "pkg-look.h"
#include "pkg-seal.h"

#define NAME        "upkeep"
#define INTERVAL_NS (300 * HT_NS_PER_S)
#define LIMIT_NS    (120 * HT_NS_PER_S)

struct upkeep {
    char *root_path;
    char *advisories;
    bool live;
    struct ht_sums *sums;
};

static void look(const struct upkeep *self, struct ht_feed *feed)
{
    struct ht_node *sample = ht_node_new(ht_clock_wall(feed->clock));
    int64_t began = ht_clock_mono(feed->clock);
    struct ht_root root = {0};
    struct ht_error err = {0};
    int r = ht_root_open(&root, self->root_path, &err);

    feed->at(feed, "looking at kernel, releases and container stack");
    if (r < 0) {
        ht_source_tell(sample, NAME, HT_SOURCE_STATE_BROKEN, err.text, NULL);
    } else {
        const struct ht_pkg_look how = {
            .root = &root, .live = self->live, .advisories = self->advisories, .sums = self->sums};

        r = ht_pkg_look_host(&how, sample, &err);
        ht_source_tell_answer(
            sample, &(struct ht_source_answer){
                        .name = NAME,
                        .state = r < 0 ? HT_SOURCE_STATE_PART : HT_SOURCE_STATE_OK,
                        .detail = r < 0 ? err.text : "kernel, releases and container stack",
                        .took_ns = ht_clock_mono(feed->clock) - began,
                        .interval_ns = INTERVAL_NS});
    }
    ht_root_close(&root);
    feed->publish(feed, sample);
}

static void run(void *context, struct ht_feed *feed)
{
    struct ht_request request;

    do
        look(context, feed);
    while (feed->wait(feed, INTERVAL_NS, &request));
}

static void free_upkeep(void *context)
{
    struct upkeep *self = context;

    free(self->root_path);
    free(self->advisories);
    ht_sums_free(self->sums);
    free(self);
}

struct ht_driver ht_upkeep_driver(const struct ht_upkeep_options *options)
{
    static const struct ht_driver_ops ops = {.name = NAME,
                                             .interval_ns = INTERVAL_NS,
                                             .limit_ns = LIMIT_NS,
                                             .run = run,
                                             .free = free_upkeep};
    struct upkeep *self = ht_new0(struct upkeep);

    self->root_path = ht_strdup(options->root);
    self->advisories = ht_strdup(options->advisories);
    self->live = options->live;
    self->sums = ht_sums_new(options->cache_folder, options->root);
    return (struct ht_driver){.ops = &ops, .self = self};
}
