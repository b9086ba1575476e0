/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the Docker source hands over: samples and events. */
#include "docker-private.h"

#include <inttypes.h>
#include <stdio.h>

#include "hulltop/base/mem.h"

#define PROGRESS_NS (500 * HT_NS_PER_MS)

struct telling {
    const struct ht_docker *docker;
    struct ht_node *sample;
    uint64_t pass; /* the last one */
    size_t items, failed;
    size_t total; /* with those that the list named and that were not looked at yet */
};

/* What a container declares, or NULL. */
static const struct ht_privilege *declared_by(const struct ht_docker *docker, struct ht_str id)
{
    const struct ht_docker_known *known = ht_map_get(docker->containers, id);

    return known && known->row && ht_container_has_declared(ht_container_of(known->row))
               ? &ht_container_of(known->row)->declared
               : NULL;
}

/* With what it takes from others, which may be known only now: a list has the newest first. */
static struct ht_row *row_of(const struct ht_docker *docker, struct ht_docker_known *known)
{
    const struct ht_container *alone = ht_container_of(known->row);
    const struct ht_row *const lenders[] = {known->row};
    struct ht_container container;
    struct ht_row *row;

    if (!alone->joins.len || !ht_container_has_declared(alone))
        return ht_row_ref(known->row);
    container = *alone;
    for (size_t i = 0; i < alone->joins.len; i++) {
        const struct ht_privilege *other = declared_by(docker, alone->joins.items[i].value);

        if (other)
            ht_docker_join(&container, alone->joins.items[i].key, other);
    }
    row = ht_row_keep(known->told,
                      ht_row_derive(&ht_container_table, &container, lenders, ARRAY_LEN(lenders)));
    ht_row_unref(known->told);
    known->told = row;
    return ht_row_ref(row);
}

static void add_container(void *context, struct ht_str key, void *value)
{
    struct telling *telling = context;
    struct ht_docker_known *known = value;

    (void)key;
    telling->failed += known->failed;
    telling->total += known->row || known->pass == telling->pass;
    if (!known->row)
        return;
    telling->items++;
    if (telling->sample)
        ht_node_add(telling->sample, row_of(telling->docker, known));
    if (telling->sample && known->diff)
        ht_node_add(telling->sample, ht_row_ref(known->diff));
}

void ht_docker_tell(struct ht_docker *docker, enum ht_source_state state, const char *detail,
                    const char *help)
{
    struct telling telling = {.docker = docker,
                              .sample = ht_node_new(ht_clock_wall(docker->feed->clock)),
                              .pass = docker->pass};
    struct ht_source source = {0};

    ht_map_each(docker->containers, add_container, &telling);
    ht_source_set_id(&source, ht_str_from(docker->name));
    ht_source_set_name(&source, ht_str_from(docker->name));
    ht_source_set_state(&source, state);
    ht_source_set_detail(&source, ht_str_from(detail));
    ht_source_set_help(&source, ht_str_from(help));
    ht_source_set_object(&source, ht_str_from(docker->client.endpoint));
    ht_source_set_items(&source, telling.items);
    /* By which an answer is stale: a daemon that answers confirms it more often than that, however
     * seldom it is asked for all of it. */
    ht_source_set_interval(&source, HT_DOCKER_FULL_PASS_NS);
    if (docker->answered_at) {
        ht_source_set_total(&source, telling.total);
        ht_source_set_answered_at(&source, docker->answered_at);
        ht_source_set_took(&source, docker->took_ns);
    }

    struct ht_row *row = ht_row_keep(docker->source, ht_row_new(&ht_source_table, &source));
    ht_row_unref(docker->source);
    docker->source = row;
    ht_node_add(telling.sample, ht_row_ref(row));
    if (docker->daemon)
        ht_node_add(telling.sample, ht_row_ref(docker->daemon));
    ht_rowset_share(&telling.sample->sets[HT_TABLE_NETWORK], &docker->networks);
    docker->told_ns = ht_clock_mono(docker->feed->clock);
    docker->changed = false;
    docker->feed->publish(docker->feed, telling.sample);
}

void ht_docker_tell_good(struct ht_docker *docker)
{
    const struct ht_daemon *daemon = ht_daemon_of(docker->daemon);
    struct telling telling = {0};
    char detail[HT_ERROR_TEXT_MAX + 100];

    ht_map_each(docker->containers, add_container, &telling);
    if (telling.failed) {
        snprintf(detail, sizeof(detail), "%zu of %zu containers could not be inspected: %s",
                 telling.failed, ht_map_len(docker->containers), docker->cause);
        ht_docker_tell(docker, HT_SOURCE_STATE_PART, detail,
                       "they are asked again at the next full pass");
        return;
    }
    if (docker->ranks && docker->users > docker->ranks) {
        snprintf(detail, sizeof(detail),
                 "%zu more users have a service; only %u of users are asked",
                 docker->users - docker->ranks, docker->ranks);
        ht_docker_tell(docker, HT_SOURCE_STATE_PART, detail, "run hulltop as the others as well");
        return;
    }
    snprintf(detail, sizeof(detail), "%.*s%s%.*s, API %s, %zu container%s",
             HT_STR_ARG(ht_str_sub(daemon->name, 0, 20)), daemon->version.len ? " " : "",
             HT_STR_ARG(ht_str_sub(daemon->version, 0, 60)), docker->client.version, telling.items,
             telling.items == 1 ? "" : "s");
    ht_docker_tell(docker, HT_SOURCE_STATE_OK, detail, "");
}

void ht_docker_tell_progress(struct ht_docker *docker, size_t done)
{
    char detail[128];

    if (docker->answered_at || ht_clock_mono(docker->feed->clock) - docker->told_ns < PROGRESS_NS)
        return;
    snprintf(detail, sizeof(detail), "inspected %zu of %zu containers", done, docker->total);
    ht_docker_tell(docker, HT_SOURCE_STATE_WAIT, detail, "");
}

void ht_docker_tell_event(struct ht_docker *docker, const struct ht_docker_event *event)
{
    struct ht_event row = {0};
    char id[80], text[300];

    snprintf(id, sizeof(id), "%s-%" PRId64 "-%.*s-%.12s", docker->name, event->at,
             HT_STR_ARG(ht_str_sub(event->action, 0, 10)), event->id.data);
    snprintf(text, sizeof(text), "%.*s %.*s", HT_STR_ARG(ht_str_sub(event->action, 0, 20)),
             HT_STR_ARG(ht_str_sub(event->name.len ? event->name : event->id, 0, 200)));
    ht_event_set_id(&row, ht_str_from(id));
    ht_event_set_at(&row, event->at ? event->at : ht_clock_wall(docker->feed->clock));
    ht_event_set_kind(&row, event->kind);
    ht_event_set_text(&row, ht_str_from(text));
    ht_event_set_container(&row, event->id);
    ht_event_set_source(&row, ht_str_from(docker->name));
    docker->feed->event(docker->feed, ht_row_new(&ht_event_table, &row));
}
