/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that uses the node, with its load and its findings. */
#include <config.h>

#include "hulltop/model/subject.h"
#include "list.h"

struct loads {
    const struct ht_state *state;
    struct ht_arena *arena;
    struct ht_load *items;
    size_t len;
    struct ht_map *by_id;
};

/* Rows are made from what is known; what is not stays unknown. */
static void add_usage(struct ht_load *load, const struct ht_usage *usage)
{
    if (ht_usage_has_cpu(usage))
        ht_load_set_cpu(load, usage->cpu);
    if (ht_usage_has_cpu_5m(usage))
        ht_load_set_cpu_5m(load, usage->cpu_5m);
    if (ht_usage_has_memory(usage))
        ht_load_set_memory(load, usage->memory);
    if (ht_usage_has_processes(usage))
        ht_load_set_processes(load, usage->processes);
}

static struct ht_load *add(struct loads *loads, struct ht_str id, const char *kind)
{
    struct ht_load *load = &loads->items[loads->len++];

    ht_load_set_id(load, id);
    ht_load_set_kind(load, ht_str_from(kind));
    ht_map_set(loads->by_id, id, load);
    return load;
}

static void add_container(struct loads *loads, const struct ht_row *row)
{
    const struct ht_container *container = ht_container_of(row);
    const struct ht_row *usage = ht_node_find(loads->state->node, HT_TABLE_USAGE, container->id);
    struct ht_load *load = add(loads, container->id, "container");

    ht_load_set_name(load, ht_container_has_name(container) ? container->name
                                                            : ht_str_sub(container->id, 0, 12));
    if (ht_container_has_pod(container))
        ht_load_set_place(load, container->pod);
    else if (ht_container_has_owner(container))
        ht_load_set_place(load, container->owner);
    if (ht_container_has_processes(container))
        ht_load_set_processes(load, container->processes);
    if (ht_container_has_started_at(container))
        ht_load_set_started_at(load, container->started_at);
    if (ht_container_has_class(container))
        ht_load_set_class(load, container->class);
    if (ht_container_has_image(container))
        ht_load_set_image(load, container->image);
    if (usage)
        add_usage(load, ht_usage_of(usage));
    ht_load_set_findings(load, 0);
}

static void add_unit(struct loads *loads, const struct ht_row *row)
{
    const struct ht_usage *usage = ht_usage_of(row);
    struct ht_load *load;

    if (!ht_usage_has_unit(usage) || usage->unit.len == 0)
        return;
    load = add(loads, usage->id, "unit");
    ht_load_set_name(load, usage->unit);
    ht_load_set_place(load, HT_S("HOST"));
    add_usage(load, usage);
    ht_load_set_findings(load, 0);
}

/* A container has the findings of what is in it, a unit of what it runs. */
static struct ht_load *find(const struct loads *loads, const struct ht_subject *subject)
{
    struct ht_subject_home home = ht_subject_home(loads->state->node, subject);
    ht_autobuf struct ht_buf unit = HT_BUF(HT_SIDE_TEXT_MAX);

    if (home.container.len)
        return ht_map_get(loads->by_id, home.container);
    if (home.unit.len == 0)
        return NULL;
    ht_buf_add_text(&unit, "unit:");
    ht_buf_add_str(&unit, home.unit);
    return ht_map_get(loads->by_id, ht_buf_str(&unit));
}

static void add_finding(struct loads *loads, const struct ht_finding *finding)
{
    struct ht_load *load = find(loads, &finding->subject);

    if (!load)
        return;
    ht_load_set_findings(load, load->findings + 1);
    if (!ht_load_has_worst(load) || finding->severity < load->worst)
        ht_load_set_worst(load, finding->severity);
}

const struct ht_load *ht_load_all(const struct ht_state *state, struct ht_arena *arena,
                                  size_t *ret_len)
{
    const struct ht_rowset *containers = ht_node_set(state->node, HT_TABLE_CONTAINER);
    const struct ht_rowset *usages = ht_node_set(state->node, HT_TABLE_USAGE);
    struct loads loads = {.state = state, .arena = arena, .by_id = ht_map_new()};

    loads.items = ht_arena_array(arena, struct ht_load, containers->len + usages->len + 1);
    for (size_t i = 0; i < containers->len; i++)
        add_container(&loads, containers->rows[i]);
    for (size_t i = 0; i < usages->len; i++)
        add_unit(&loads, usages->rows[i]);
    for (size_t i = 0; i < state->findings.len; i++)
        add_finding(&loads, ht_finding_of(state->findings.rows[i]));
    ht_map_free(loads.by_id);
    *ret_len = loads.len;
    return loads.items;
}
