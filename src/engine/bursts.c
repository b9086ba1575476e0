/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bursts.h"

#include "hulltop/base/buf.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"

enum { KEY_BYTES = 8 * 1024, TEXT_BYTES = 1024 };

struct burst {
    size_t count;                /* all of them */
    struct ht_row *gravest;      /* of those past the singles, the last of equals; a reference */
    struct ht_subject_home home; /* of that one; borrowed */
};

struct ht_bursts {
    enum ht_event_kind kind;
    struct ht_map *items;         /* by check and subject */
    struct ht_timeline *timeline; /* of the end */
    int64_t now_ns;
};

struct ht_bursts *ht_bursts_new(enum ht_event_kind kind)
{
    struct ht_bursts *bursts = ht_new0(struct ht_bursts);

    bursts->kind = kind;
    bursts->items = ht_map_new();
    return bursts;
}

bool ht_bursts_is_single(struct ht_bursts *bursts, const struct ht_row *finding,
                         const struct ht_subject_home *home)
{
    const struct ht_finding *facts = ht_finding_of(finding);
    ht_autobuf struct ht_buf key = HT_BUF(KEY_BYTES);
    struct burst *burst;

    ht_buf_addf(&key, "%.*s %.*s", HT_STR_ARG(facts->check), HT_STR_ARG(facts->subject.id));
    burst = ht_map_get(bursts->items, ht_buf_str(&key));
    if (!burst) {
        burst = ht_new0(struct burst);
        ht_map_set(bursts->items, ht_buf_str(&key), burst);
    }
    if (++burst->count <= HT_BURST_SINGLE)
        return true;
    if (!burst->gravest || facts->severity <= ht_finding_of(burst->gravest)->severity) {
        ht_row_unref(burst->gravest);
        burst->gravest = ht_row_ref(finding);
        burst->home = *home;
    }
    return false;
}

static bool end(void *context, struct ht_str key, void *value)
{
    const struct ht_bursts *bursts = context;
    struct burst *burst = value;
    const struct ht_finding *finding = burst->gravest ? ht_finding_of(burst->gravest) : NULL;
    ht_autobuf struct ht_buf text = HT_BUF(TEXT_BYTES);

    (void)key;
    if (finding) {
        ht_buf_addf(&text, "and %zu more like it (%.*s), one: %.*s", burst->count - HT_BURST_SINGLE,
                    HT_STR_ARG(finding->check), HT_STR_ARG(finding->title));
        const struct ht_finding_event change = {.kind = bursts->kind,
                                                .finding = finding,
                                                .home = &burst->home,
                                                .text = ht_buf_str(&text)};
        ht_timeline_tell_finding(bursts->timeline, &change, bursts->now_ns);
    }
    ht_row_unref(burst->gravest);
    free(burst);
    return true;
}

void ht_bursts_end(struct ht_bursts *bursts, struct ht_timeline *timeline, int64_t now_ns)
{
    if (!bursts)
        return;
    bursts->timeline = timeline;
    bursts->now_ns = now_ns;
    ht_map_remove_if(bursts->items, end, bursts);
    ht_map_free(bursts->items);
    free(bursts);
}
