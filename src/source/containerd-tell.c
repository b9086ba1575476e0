/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the containerd source hands over: samples and events. */
#include "containerd-private.h"

#include <inttypes.h>
#include <stdio.h>

#include "hulltop/base/mem.h"

struct telling {
    struct ht_node *sample; /* NULL: only counted */
    struct ht_map *ids;     /* to the row that has it */
    size_t items;
    size_t total; /* with those that an event named and that were not looked at yet */
};

/* Ids are unique in a namespace only: a second container of one is told by both. */
static struct ht_row *row_of(struct telling *telling, const struct ht_containerd_known *known)
{
    struct ht_container container = *ht_container_of(known->row);
    char id[sizeof(known->namespace) + sizeof(known->id) + 2];

    if (!ht_map_get(telling->ids, ht_row_id(known->row))) {
        ht_map_set(telling->ids, ht_row_id(known->row), known->row);
        return ht_row_ref(known->row);
    }
    snprintf(id, sizeof(id), "%s/%s", known->namespace, known->id);
    ht_container_set_id(&container, ht_str_from(id));
    return ht_row_new(&ht_container_table, &container);
}

static void add_container(void *context, struct ht_str key, void *value)
{
    struct telling *telling = context;
    const struct ht_containerd_known *known = value;

    (void)key;
    telling->total += known->row || !known->raw;
    if (!known->row)
        return;
    telling->items++;
    if (telling->sample)
        ht_node_add(telling->sample, row_of(telling, known));
}

void ht_containerd_tell(struct ht_containerd *ctd, enum ht_source_state state, const char *detail,
                        const char *help)
{
    struct telling telling = {.sample = ht_node_new(ht_clock_wall(ctd->feed->clock)),
                              .ids = ht_map_new()};
    struct ht_source source = {0};

    ht_map_each(ctd->containers, add_container, &telling);
    ht_map_free(telling.ids);
    ht_source_set_id(&source, ht_str_from(ctd->name));
    ht_source_set_name(&source, ht_str_from(ctd->name));
    ht_source_set_state(&source, state);
    ht_source_set_detail(&source, ht_str_from(detail));
    ht_source_set_help(&source, ht_str_from(help));
    ht_source_set_object(&source, ht_str_from(ctd->endpoint));
    ht_source_set_items(&source, telling.items);
    ht_source_set_interval(&source, ctd->interval_ns);
    if (ctd->answered_at) {
        ht_source_set_total(&source, telling.total);
        ht_source_set_answered_at(&source, ctd->answered_at);
        ht_source_set_took(&source, ctd->took_ns);
    }

    struct ht_row *row = ht_row_keep(ctd->source, ht_row_new(&ht_source_table, &source));
    ht_row_unref(ctd->source);
    ctd->source = row;
    ht_node_add(telling.sample, ht_row_ref(row));
    if (ctd->daemon)
        ht_node_add(telling.sample, ht_row_ref(ctd->daemon));
    ctd->told_ns = ht_clock_mono(ctd->feed->clock);
    ctd->changed = false;
    ctd->feed->publish(ctd->feed, telling.sample);
}

void ht_containerd_tell_good(struct ht_containerd *ctd)
{
    struct telling telling = {0};
    char detail[HT_ERROR_TEXT_MAX + 100];

    ht_map_each(ctd->containers, add_container, &telling);
    if (ctd->broken) {
        snprintf(detail, sizeof(detail), "%zu of %zu specifications could not be read: %s",
                 ctd->broken, telling.items, ctd->cause);
        ht_containerd_tell(ctd, HT_SOURCE_STATE_PART, detail,
                           "what the kernel allows them is judged all the same");
        return;
    }
    if (ctd->cri)
        snprintf(detail, sizeof(detail), "%s %s, %s, %zu container%s", ctd->runtime, ctd->version,
                 ctd->cri, telling.items, telling.items == 1 ? "" : "s");
    else
        snprintf(detail, sizeof(detail), "containerd %s, %zu namespace%s, %zu container%s",
                 ctd->version, ctd->namespaces, ctd->namespaces == 1 ? "" : "s", telling.items,
                 telling.items == 1 ? "" : "s");
    ht_containerd_tell(ctd, HT_SOURCE_STATE_OK, detail, "");
}

void ht_containerd_tell_event(struct ht_containerd *ctd, const struct ht_containerd_event *event)
{
    struct ht_event row = {0};
    char id[300], text[300];

    snprintf(id, sizeof(id), "%s-%" PRId64 "-%s-%.*s", ctd->name, event->at, event->action,
             HT_STR_ARG(ht_str_sub(event->id, 0, 100)));
    snprintf(text, sizeof(text), "%s %.*s/%.*s", event->action,
             HT_STR_ARG(ht_str_sub(event->namespace, 0, 100)),
             HT_STR_ARG(ht_str_sub(event->id, 0, 100)));
    ht_event_set_id(&row, ht_str_from(id));
    ht_event_set_at(&row, event->at ? event->at : ht_clock_wall(ctd->feed->clock));
    ht_event_set_kind(&row, event->kind);
    ht_event_set_text(&row, ht_str_from(text));
    ht_event_set_container(&row, event->id);
    ht_event_set_source(&row, ht_str_from(ctd->name));
    ctd->feed->event(ctd->feed, ht_row_new(&ht_event_table, &row));
}
