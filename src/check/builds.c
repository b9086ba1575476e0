/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From containers and processes to rows of builds. */
#include "builds-private.h"

#include <string.h>

#include "expected.h"
#include "identity.h"
#include "hulltop/check/checking.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

/* ---- small questions ---- */

struct ht_str ht_builds_name(const struct ht_container *container)
{
    if (ht_container_has_pod(container))
        return container->pod;
    if (ht_container_has_owner(container))
        return container->owner;
    return container->name;
}

struct ht_str ht_builds_program(const struct ht_process *process)
{
    struct ht_str path = process->exe.len    ? process->exe
                         : process->argv.len ? process->argv.items[0]
                                             : process->comm;
    ptrdiff_t blank = ht_str_find(path, HT_S(" (deleted)"), 0);

    if (blank > 0)
        path.len = (size_t)blank;
    return ht_str_base(path);
}

const struct ht_process *ht_builds_process(const struct builds *builds, uint64_t pid)
{
    size_t low = 0, high = builds->by_pid_len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (builds->by_pid[middle]->pid < pid)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < builds->by_pid_len && builds->by_pid[low]->pid == pid)
        return builds->by_pid[low];
    return NULL;
}

struct build_member *ht_builds_member(const struct builds *builds, const struct ht_process *process)
{
    return ht_process_has_container(process) ? ht_map_get(builds->by_container, process->container)
                                             : NULL;
}

struct building *ht_building_add(struct builds *builds)
{
    struct building *building = ht_arena_array(builds->arena, struct building, 1);

    ht_vec_add(&builds->found, building);
    return building;
}

/* A job is never idle: it ends. */
bool ht_building_is_idle(const struct building *building)
{
    if (building->busy || !building->system || building->system->role == HT_FACT_ROLE_JOB)
        return false;
    for (size_t i = 0; i < building->members.len; i++) {
        const struct build_member *member = building->members.items[i];

        if (!member->idle && member->system)
            return false;
    }
    return true;
}

/* ---- reading the node ---- */

static int compare_pids(const void *a, const void *b)
{
    const struct ht_process *x = *(const struct ht_process *const *)a;
    const struct ht_process *y = *(const struct ht_process *const *)b;

    return (x->pid > y->pid) - (x->pid < y->pid);
}

static void index_processes(struct builds *builds)
{
    const struct ht_rowset *set = ht_node_set(builds->node, HT_TABLE_PROCESS);

    builds->by_pid = ht_new_array(const struct ht_process *, set->len);
    for (size_t i = 0; i < set->len; i++) {
        const struct ht_process *process = ht_process_of(set->rows[i]);

        if (ht_process_has_pid(process) && !(ht_process_has_kernel(process) && process->kernel))
            builds->by_pid[builds->by_pid_len++] = process;
    }
    qsort(builds->by_pid, builds->by_pid_len, sizeof(*builds->by_pid), compare_pids);
}

static const struct ht_fact_neighbour *store_of(const struct builds *builds,
                                                const struct ht_container *container)
{
    size_t len;
    const struct ht_fact_neighbour *stores = ht_facts_neighbours(builds->facts, &len);

    for (size_t i = 0; i < len; i++) {
        for (size_t j = 0; j < stores[i].images.len; j++) {
            if (ht_facts_image_is(stores[i].images.items[j], container->image))
                return &stores[i];
        }
    }
    return NULL;
}

static void read_containers(struct builds *builds)
{
    const struct ht_rowset *set = ht_node_set(builds->node, HT_TABLE_CONTAINER);

    builds->members = ht_new_array(struct build_member, set->len);
    for (size_t i = 0; i < set->len; i++) {
        struct build_member *member = &builds->members[builds->members_len];

        if (!ht_subject_runs(set->rows[i]))
            continue;
        builds->members_len++;
        member->container = ht_container_of(set->rows[i]);
        member->idle = true;
        if (ht_container_has_pid(member->container) && member->container->pid)
            member->init = ht_builds_process(builds, member->container->pid);
        if (ht_container_has_image(member->container))
            member->store = store_of(builds, member->container);
        ht_map_set(builds->by_container, member->container->id, member);
        ht_builds_detect(builds, member);
    }
}

/* ---- which containers are one build ---- */

static void join_build(struct builds *builds, struct ht_map *pods, struct build_member *member)
{
    const struct ht_container *container = member->container;
    struct building *building =
        ht_container_has_pod(container) ? ht_map_get(pods, container->pod) : NULL;

    if (!building) {
        building = ht_building_add(builds);
        building->system = member->system;
        if (ht_container_has_pod(container))
            ht_map_set(pods, container->pod, building);
    }
    member->build = building;
    ht_vec_add(&building->members, member);
}

/* All containers of a pod with a build in it are of that build. */
static void group_containers(struct builds *builds)
{
    struct ht_map *pods = ht_map_new();

    for (size_t i = 0; i < builds->members_len; i++) {
        struct build_member *member = &builds->members[i];

        if (member->inside && (!member->system || member->system->pipeline)) {
            member->system = member->inside;
            member->signal =
                ht_arena_strf(builds->arena, "%.*s: %.*s runs in it",
                              HT_STR_ARG(member->inside->name), HT_STR_ARG(member->inside_program));
            member->confidence = HT_CONFIDENCE_CERTAIN;
        }
        if (member->system)
            join_build(builds, pods, member);
    }
    for (size_t i = 0; i < builds->members_len; i++) {
        struct build_member *member = &builds->members[i];
        const struct ht_container *container = member->container;
        struct building *building =
            ht_container_has_pod(container) ? ht_map_get(pods, container->pod) : NULL;

        if (!member->build && building) {
            member->build = building;
            ht_vec_add(&building->members, member);
        }
    }
    ht_map_free(pods);
}

static void count_applications(struct builds *builds)
{
    for (size_t i = 0; i < builds->members_len; i++) {
        struct build_member *member = &builds->members[i];
        enum ht_class class = member->container->class;

        member->application = !member->build && !member->store &&
                              (class == HT_CLASS_APP || class == HT_CLASS_SANDBOXED) &&
                              !ht_is_known_workload(builds->facts, member->container);
        builds->applications += member->application;
    }
}

/* ---- rows ---- */

/* The member that decided, and so stands for the build. */
static const struct build_member *first_member(const struct building *building)
{
    for (size_t i = 0; i < building->members.len; i++) {
        const struct build_member *member = building->members.items[i];

        if (member->system)
            return member;
    }
    return building->members.len ? building->members.items[0] : NULL;
}

static void set_subject(const struct builds *builds, struct building *building,
                        const struct build_member *first)
{
    struct ht_subject *subject = ht_build_edit_subject(&building->row);
    const struct ht_row *row = ht_node_find(builds->node, HT_TABLE_CONTAINER, first->container->id);

    ht_subject_describe(builds->node, row, subject);
    ht_subject_set_class(subject, HT_CLASS_BUILD);
    /* Names that the builder makes up anew each time say nothing. */
    if (ht_str_is(building->row.system, "docker-classic") || first->container->runtime.len == 0 ||
        first->container->state == HT_CONTAINER_STATE_UNMANAGED)
        ht_subject_set_container(subject, building->row.product);
}

static int64_t earliest(const struct building *building)
{
    int64_t at = 0;

    for (size_t i = 0; i < building->members.len; i++) {
        const struct build_member *member = building->members.items[i];

        if (ht_container_has_started_at(member->container) &&
            (at == 0 || member->container->started_at < at))
            at = member->container->started_at;
    }
    for (size_t i = 0; i < building->processes.len; i++) {
        const struct ht_process *process = building->processes.items[i];

        if (ht_process_has_started_at(process) && (at == 0 || process->started_at < at))
            at = process->started_at;
    }
    return at;
}

static void set_ids(const struct builds *builds, struct building *building)
{
    struct ht_str *containers = ht_arena_array(builds->arena, struct ht_str, building->members.len);
    struct ht_str *processes =
        ht_arena_array(builds->arena, struct ht_str, building->processes.len);

    for (size_t i = 0; i < building->members.len; i++)
        containers[i] = ((const struct build_member *)building->members.items[i])->container->id;
    for (size_t i = 0; i < building->processes.len; i++)
        processes[i] = ((const struct ht_process *)building->processes.items[i])->id;
    ht_build_set_containers(
        &building->row, (struct ht_text_list){.items = containers, .len = building->members.len});
    ht_build_set_processes(
        &building->row, (struct ht_text_list){.items = processes, .len = building->processes.len});
}

/* What the row says about a build of containers before it is compared with others. */
static void describe_containers(const struct builds *builds, struct building *building)
{
    const struct build_member *first = first_member(building);
    const struct ht_container *container = first->container;
    struct ht_build *row = &building->row;

    if (!ht_build_has_id(row))
        ht_build_set_id(row,
                        ht_container_has_pod(container)
                            ? ht_arena_strf(builds->arena, "pod:%.*s", HT_STR_ARG(container->pod))
                            : container->id);
    if (!ht_build_has_system(row)) {
        ht_build_set_system(row, first->system->id);
        ht_build_set_product(row, first->system->name);
    }
    if (!ht_build_has_signal(row)) {
        ht_build_set_signal(row, first->signal);
        ht_build_set_confidence(row, building->client ? HT_CONFIDENCE_CERTAIN : first->confidence);
    }
    ht_build_set_pipeline(row, first->system && first->system->pipeline);
    if (ht_container_has_source(container))
        ht_build_set_source(row, container->source);
    if (!ht_build_has_subject(row))
        set_subject(builds, building, first);
    ht_builds_describe_job(builds, building);
}

/* A build by the daemon is the same job whether its client is seen, or a step, or both. */
static void set_key(const struct builds *builds, struct building *building)
{
    struct ht_build *row = &building->row;
    const struct ht_subject *subject = &row->subject;
    bool named = row->name.len || row->repository.len || building->by_engine;
    struct ht_str system = building->by_engine ? HT_S("dockerd") : row->system;
    struct ht_str place = named                           ? (struct ht_str){0}
                          : ht_subject_has_owner(subject) ? subject->owner
                                                          : subject->container;

    ht_build_set_key(row,
                     ht_arena_strf(builds->arena, "%.*s|%.*s|%.*s|%.*s|%.*s", HT_STR_ARG(system),
                                   HT_STR_ARG(subject->namespace), HT_STR_ARG(row->repository),
                                   HT_STR_ARG(row->name), HT_STR_ARG(place)));
}

static void finish_build(const struct builds *builds, struct building *building)
{
    struct ht_build *row = &building->row;
    int64_t at = earliest(building);

    if (building->members.len)
        describe_containers(builds, building);
    if (at)
        ht_build_set_started_at(row, at);
    ht_build_set_state(row, ht_building_is_idle(building) ? HT_BUILD_STATE_STANDING
                                                          : HT_BUILD_STATE_RUNNING);
    if (!ht_build_has_source(row))
        ht_build_set_source(row, HT_S("proc"));
    if (building->asker)
        ht_build_set_started_by(row, building->asker->container->id);
    ht_build_set_applications(row, builds->applications);
    if (ht_host_has_cluster_nodes(builds->host))
        ht_build_set_one_node(row, builds->host->cluster_nodes == 1);
    set_ids(builds, building);
    set_key(builds, building);
    ht_builds_set_shares(builds, building);
    ht_builds_set_grade(builds, building);
}

static void free_builds(struct builds *builds)
{
    for (size_t i = 0; i < builds->found.len; i++) {
        struct building *building = builds->found.items[i];

        ht_vec_fini(&building->members);
        ht_vec_fini(&building->processes);
    }
    ht_vec_fini(&builds->found);
    ht_vec_fini(&builds->clients);
    ht_vec_fini(&builds->stores);
    ht_map_free(builds->by_container);
    ht_map_free(builds->programs);
    free(builds->members);
    free(builds->by_pid);
}

void ht_builds_derive(struct ht_node *node, const struct ht_facts *facts,
                      const struct ht_rowset *before)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    struct builds builds = {.node = node,
                            .facts = facts,
                            .host = ht_node_host(node),
                            .arena = arena,
                            .by_container = ht_map_new(),
                            .programs = ht_map_new()};

    index_processes(&builds);
    read_containers(&builds);
    ht_builds_read_processes(&builds);
    group_containers(&builds);
    count_applications(&builds);
    ht_builds_find_host(&builds);
    for (size_t i = 0; i < builds.found.len; i++) {
        struct building *building = builds.found.items[i];

        finish_build(&builds, building);

        const struct ht_row *old = ht_rowset_find(before, building->row.id);
        ht_node_add(node, ht_row_keep(old, ht_row_new(&ht_build_table, &building->row)));
    }
    free_builds(&builds);
    ht_node_sort(node);
}
