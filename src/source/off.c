/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A source that somebody switched off: it looks at nothing, and says so. */
#include <stdlib.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"
#include "hulltop/base/mem.h"
#include "hulltop/source/source.h"

#define LIMIT_NS (10 * HT_NS_PER_S)

struct off {
    const struct ht_driver_ops *ops;
    const char *option;
};

static void run(void *self, struct ht_feed *feed)
{
    const struct off *off = self;
    ht_autobuf struct ht_buf detail = HT_BUF(HT_ERROR_TEXT_MAX);
    struct ht_node *sample = ht_node_new(ht_clock_wall(feed->clock));
    struct ht_request request;

    ht_buf_addf(&detail, "switched off by %s; what it would show is missing", off->option);
    ht_source_tell(sample, off->ops->name, HT_SOURCE_STATE_OFF, detail.data,
                   "leave that option out");
    feed->publish(feed, sample);
    while (feed->wait(feed, -1, &request))
        continue;
}

struct ht_driver ht_off_driver(enum ht_off source, const char *option)
{
    static const struct ht_driver_ops ops[] = {
        [HT_OFF_DOCKER] = {.name = "docker", .limit_ns = LIMIT_NS, .run = run, .free = free},
        [HT_OFF_CRI] = {.name = "containerd", .limit_ns = LIMIT_NS, .run = run, .free = free},
        [HT_OFF_KUBE] = {.name = "kubernetes", .limit_ns = LIMIT_NS, .run = run, .free = free},
    };
    struct off *off = ht_new0(struct off);

    *off = (struct off){.ops = &ops[source], .option = option};
    return (struct ht_driver){.ops = off->ops, .self = off};
}
