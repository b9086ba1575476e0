/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds as processes tell them: builders in any container, builders of the node itself, and the
 * clients that have a daemon build.
 */
#include "builds-private.h"

#include <string.h>

#include "hulltop/base/mem.h"

/* Names of programs that the kernel tells in full; comm has 15 bytes of them. */
enum { COMM_LEN = 15, CHAIN_MAX = 32 };
/* Processes that build, of the node or as clients, that are compared with each other. A node that
 * has more is busy enough with those. */
enum { PROCESSES_MAX = 256 };

/* A container from which a daemon is told to build. */
static const struct ht_fact_builder asking = {.name = HT_STR("docker build"),
                                              .id = HT_STR("docker")};

static struct build_program *program(struct builds *builds, struct ht_str name)
{
    struct build_program *known = ht_map_get(builds->programs, name);

    if (!known) {
        known = ht_arena_array(builds->arena, struct build_program, 1);
        ht_map_set(builds->programs, name, known);
        /* Who may not see the executable sees its first 15 bytes. */
        if (name.len > COMM_LEN && !ht_map_get(builds->programs, ht_str_sub(name, 0, COMM_LEN)))
            ht_map_set(builds->programs, ht_str_sub(name, 0, COMM_LEN), known);
    }
    return known;
}

static void name_programs(struct builds *builds)
{
    size_t len;
    const struct ht_fact_builder *builders = ht_facts_builders(builds->facts, &len);

    for (size_t i = 0; i < len; i++) {
        for (size_t j = 0; j < builders[i].inside.len; j++)
            program(builds, builders[i].inside.items[j])->inside = &builders[i];
        for (size_t j = 0; j < builders[i].host.len; j++)
            program(builds, builders[i].host.items[j])->host = &builders[i];
    }

    const struct ht_fact_neighbour *stores = ht_facts_neighbours(builds->facts, &len);
    for (size_t i = 0; i < len; i++) {
        for (size_t j = 0; j < stores[i].processes.len; j++)
            program(builds, stores[i].processes.items[j])->store = &stores[i];
    }

    const struct ht_fact_client *clients = ht_facts_clients(builds->facts, &len);
    for (size_t i = 0; i < len; i++) {
        for (size_t j = 0; j < clients[i].programs.len; j++)
            program(builds, clients[i].programs.items[j])->client = true;
    }
}

static void add_store(struct builds *builds, const struct ht_fact_neighbour *store)
{
    for (size_t i = 0; i < builds->stores.len; i++) {
        if (builds->stores.items[i] == store)
            return;
    }
    ht_vec_add(&builds->stores, (void *)store);
}

/* ---- processes in containers ---- */

static void read_contained(struct builds *builds, struct build_member *member,
                           const struct ht_process *process, const struct build_program *is)
{
    struct ht_str name = ht_builds_program(process);

    if (is && is->inside && !member->inside) {
        member->inside = is->inside;
        member->inside_program = name;
    }
    /* A registry or vault that a build starts for its own tests is none of the cluster's. */
    if (is && is->store && !member->store && !member->system)
        member->store = is->store;
    if (!is || !is->client || !ht_facts_client(builds->facts, &process->argv))
        return;
    if (builds->clients.len < PROCESSES_MAX)
        ht_vec_add(&builds->clients, (void *)process);
    if (!member->inside) {
        member->inside = &asking;
        member->inside_program = name;
    }
}

/* Whether what a process runs is work, once it is known which builder it is of. */
static void note_work(struct builds *builds, const struct ht_process *process)
{
    struct build_member *member = ht_builds_member(builds, process);
    const struct ht_fact_builder *system = NULL;

    if (!member || !member->idle)
        return;
    system = member->system ? member->system : member->inside;
    if (system && !ht_text_list_has(&system->idle, ht_builds_program(process)))
        member->idle = false;
}

void ht_builds_read_processes(struct builds *builds)
{
    name_programs(builds);
    for (size_t i = 0; i < builds->by_pid_len; i++) {
        const struct ht_process *process = builds->by_pid[i];
        const struct build_program *is = ht_map_get(builds->programs, ht_builds_program(process));
        struct build_member *member = ht_builds_member(builds, process);

        if (member)
            read_contained(builds, member, process, is);
        else if (is && is->store)
            add_store(builds, is->store);
        else if (is && is->client && builds->clients.len < PROCESSES_MAX &&
                 ht_facts_client(builds->facts, &process->argv))
            ht_vec_add(&builds->clients, (void *)process);
    }
    for (size_t i = 0; i < builds->by_pid_len; i++)
        note_work(builds, builds->by_pid[i]);
    for (size_t i = 0; i < builds->members_len; i++) {
        if (builds->members[i].store && !builds->members[i].system)
            add_store(builds, builds->members[i].store);
    }
}

/* ---- builders of the node ---- */

static bool is_ancestor(const struct builds *builds, const struct ht_process *ancestor,
                        const struct ht_process *process)
{
    for (int i = 0; process && i < CHAIN_MAX; i++) {
        if (process == ancestor)
            return true;
        process = process->ppid ? ht_builds_process(builds, process->ppid) : NULL;
    }
    return false;
}

static void set_host_subject(const struct builds *builds, struct building *building,
                             const struct ht_process *process)
{
    struct ht_subject *subject = ht_build_edit_subject(&building->row);
    bool unit = ht_process_has_unit(process) && ht_str_has_suffix(process->unit, ".service");

    ht_subject_set_kind(subject, unit ? HT_S("unit") : HT_S("process"));
    ht_subject_set_id(subject, process->id);
    ht_subject_set_name(subject, unit ? process->unit : ht_builds_program(process));
    ht_subject_set_owner(subject,
                         ht_arena_strf(builds->arena, "host/%.*s", HT_STR_ARG(subject->name)));
    ht_subject_set_pid(subject, process->pid);
    ht_subject_set_class(subject, HT_CLASS_BUILD);
}

static struct building *add_host_build(struct builds *builds, const struct ht_process *process,
                                       struct ht_str id, struct ht_str product)
{
    struct building *building = ht_building_add(builds);
    struct ht_build *row = &building->row;

    ht_build_set_id(row, ht_arena_strf(builds->arena, "process:%.*s", HT_STR_ARG(process->id)));
    ht_build_set_system(row, id);
    ht_build_set_product(row, product);
    ht_build_set_signal(row,
                        ht_arena_strf(builds->arena, "%.*s: %.*s runs on the node",
                                      HT_STR_ARG(product), HT_STR_ARG(ht_builds_program(process))));
    ht_build_set_confidence(row, HT_CONFIDENCE_CERTAIN);
    ht_build_set_pipeline(row, false);
    set_host_subject(builds, building, process);
    ht_vec_add(&building->processes, (void *)process);
    return building;
}

static bool is_unit_of(const struct ht_fact_builder *builder, struct ht_str unit)
{
    for (size_t i = 0; i < builder->units.len; i++) {
        struct ht_str wanted = builder->units.items[i];

        if (ht_facts_is_like(wanted, unit))
            return true;
    }
    return false;
}

/* The builder whose unit a process of the node is in, or NULL. */
static const struct ht_fact_builder *builder_of_unit(const struct builds *builds,
                                                     const struct ht_process *process)
{
    size_t len;
    const struct ht_fact_builder *builders = ht_facts_builders(builds->facts, &len);

    if (!ht_process_has_unit(process) || process->unit.len == 0)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        if (is_unit_of(&builders[i], process->unit))
            return &builders[i];
    }
    return NULL;
}

/* The build of the node that a process belongs to: that of its unit, or of an ancestor. */
static struct building *build_of_host(const struct builds *builds, struct ht_map *units,
                                      const struct ht_process *process)
{
    struct building *building = process->unit.len ? ht_map_get(units, process->unit) : NULL;

    for (size_t i = 0; !building && i < builds->found.len; i++) {
        struct building *other = builds->found.items[i];

        if (other->processes.len && is_ancestor(builds, other->processes.items[0], process))
            building = other;
    }
    return building;
}

static void add_host_process(struct builds *builds, struct ht_map *units,
                             const struct ht_process *process,
                             const struct ht_fact_builder *builder)
{
    struct building *building = build_of_host(builds, units, process);

    if (!building) {
        building = add_host_build(builds, process, builder->id, builder->name);
        building->system = builder;
        if (process->unit.len && is_unit_of(builder, process->unit))
            ht_map_set(units, process->unit, building);
        return;
    }
    ht_vec_add(&building->processes, (void *)process);
    if (!ht_text_list_has(&builder->idle, ht_builds_program(process)))
        building->busy = true;
}

/* What a builder's process starts outside of containers is its work. */
static void note_children(struct builds *builds)
{
    for (size_t i = 0; i < builds->by_pid_len; i++) {
        const struct ht_process *process = builds->by_pid[i];

        if (ht_process_has_container(process) && process->container.len)
            continue;
        for (size_t j = 0; j < builds->found.len; j++) {
            struct building *building = builds->found.items[j];
            const struct ht_process *first =
                building->processes.len ? building->processes.items[0] : NULL;

            if (!first || !building->system || process->ppid != first->pid)
                continue;
            if (!ht_text_list_has(&building->system->idle, ht_builds_program(process)))
                building->busy = true;
        }
    }
}

static void find_builders(struct builds *builds, struct ht_map *units)
{
    for (size_t i = 0; i < builds->by_pid_len; i++) {
        const struct ht_process *process = builds->by_pid[i];

        if (ht_builds_member(builds, process))
            continue;

        const struct build_program *is = ht_map_get(builds->programs, ht_builds_program(process));
        const struct ht_fact_builder *builder = builder_of_unit(builds, process);
        if (!builder && is)
            builder = is->host;
        if (builder && builds->found.len < builds->members_len + PROCESSES_MAX)
            add_host_process(builds, units, process, builder);
    }
}

/* ---- clients ---- */

/* The image that is to be built: "-t NAME", "--tag=NAME". */
static struct ht_str tag_of(const struct ht_process *process)
{
    static const char *const options[] = {"--tag=", "-t="};

    for (size_t i = 1; i < process->argv.len; i++) {
        struct ht_str word = process->argv.items[i];

        if ((ht_str_is(word, "-t") || ht_str_is(word, "--tag")) && i + 1 < process->argv.len)
            return process->argv.items[i + 1];
        for (size_t j = 0; j < ARRAY_LEN(options); j++) {
            if (ht_str_has_prefix(word, options[j]))
                return ht_str_sub(word, strlen(options[j]), word.len);
        }
    }
    return (struct ht_str){0};
}

/* Plugins are children of the program that was called: one build. */
static bool has_client_parent(const struct builds *builds, const struct ht_process *process)
{
    for (size_t i = 0; i < builds->clients.len; i++) {
        const struct ht_process *other = builds->clients.items[i];

        if (other != process && other->pid == process->ppid)
            return true;
    }
    return false;
}

static bool builds_itself(const struct builds *builds, const struct ht_process *process)
{
    const struct ht_fact_client *client = ht_facts_client(builds->facts, &process->argv);

    return client && ht_str_is(client->id, "buildah");
}

/* Steps that run with another root directory and nothing else of their own. */
static bool has_chroot_steps(const struct builds *builds, const struct ht_process *client)
{
    for (size_t i = 0; i < builds->by_pid_len; i++) {
        const struct ht_process *process = builds->by_pid[i];

        if (process->argv.len && ht_str_has_prefix(process->argv.items[0], "buildah-chroot") &&
            is_ancestor(builds, client, process))
            return true;
    }
    return false;
}

/* Takes steps that descend from a process of the node into its build. */
static void take_steps(struct builds *builds, struct building *building,
                       const struct ht_process *process)
{
    for (size_t i = 0; i < builds->members_len; i++) {
        struct build_member *member = &builds->members[i];

        if (!member->build || member->build->members.len != 1 || !member->init ||
            !ht_str_is(member->container->runtime, "buildah") ||
            !is_ancestor(builds, process, member->init))
            continue;
        member->build->members.len = 0; /* a build of its own no more */
        member->build = building;
        ht_vec_add(&building->members, member);
    }
}

static void add_self_builder(struct builds *builds, const struct ht_process *process)
{
    const struct ht_fact_client *client = ht_facts_client(builds->facts, &process->argv);
    struct building *building = add_host_build(builds, process, client->id, client->name);

    if (tag_of(process).len)
        ht_build_set_name(&building->row, tag_of(process));
    building->busy = true;
    building->chroot = has_chroot_steps(builds, process);
    take_steps(builds, building, process);
}

/* ---- who had a daemon build ---- */

static bool is_of_daemon(const struct building *building)
{
    const struct build_member *first = building->members.len ? building->members.items[0] : NULL;

    return first && (ht_str_is(first->system ? first->system->id : HT_S(""), "docker-classic") ||
                     (first->container->state == HT_CONTAINER_STATE_UNMANAGED &&
                      ht_str_is(first->container->runtime, "buildkit")));
}

/* The daemon that started a step: parent of the runtime that is the parent of its first process. */
static const struct ht_process *daemon_of(const struct builds *builds,
                                          const struct build_member *member)
{
    const struct ht_process *runtime =
        member->init ? ht_builds_process(builds, member->init->ppid) : NULL;

    return runtime ? ht_builds_process(builds, runtime->ppid) : NULL;
}

static void name_daemon(struct builds *builds, struct building *building)
{
    const struct build_member *first = building->members.items[0];
    const struct ht_process *daemon;

    if (ht_str_is(first->system->id, "docker-classic")) {
        building->by_engine = true;
        return;
    }
    daemon = daemon_of(builds, first);
    if (!daemon || !ht_str_is(ht_builds_program(daemon), "dockerd"))
        return;
    building->by_engine = true;
    ht_build_set_system(&building->row, HT_S("buildkit"));
    ht_build_set_product(&building->row, HT_S("BuildKit in dockerd"));
}

/* With one client there is no doubt who asked; of several any may have. */
static void name_client(struct builds *builds, struct building *building,
                        const struct ht_process *client)
{
    building->client = client;
    building->asker = ht_builds_member(builds, client);
    if (tag_of(client).len == 0)
        return;
    ht_build_set_name(&building->row, tag_of(client));
    if (building->asker && building->asker->build)
        ht_build_set_name(&building->asker->build->row, tag_of(client));
}

/* A client that has started a build whose steps are not seen just now. */
static void add_lone_client(struct builds *builds, const struct ht_process *process)
{
    const struct ht_fact_client *client = ht_facts_client(builds->facts, &process->argv);
    struct building *building = add_host_build(builds, process, client->id, client->name);

    if (tag_of(process).len)
        ht_build_set_name(&building->row, tag_of(process));
    building->busy = true;
    building->by_engine = ht_str_is(client->id, "docker");
    building->client = process;
}

static void settle_clients(struct builds *builds)
{
    const struct ht_process *only = NULL;
    size_t asked = 0, steps = 0;

    for (size_t i = 0; i < builds->clients.len; i++) {
        const struct ht_process *process = builds->clients.items[i];

        if (builds_itself(builds, process) || has_client_parent(builds, process))
            continue;
        asked++;
        only = process;
    }
    for (size_t i = 0; i < builds->found.len; i++) {
        struct building *building = builds->found.items[i];

        if (!is_of_daemon(building))
            continue;
        steps++;
        name_daemon(builds, building);
        if (asked == 1)
            name_client(builds, building, only);
    }
    for (size_t i = 0; steps == 0 && i < builds->clients.len; i++) {
        const struct ht_process *process = builds->clients.items[i];

        if (!builds_itself(builds, process) && !has_client_parent(builds, process) &&
            !ht_builds_member(builds, process))
            add_lone_client(builds, process);
    }
}

static void drop_empty(struct builds *builds)
{
    size_t kept = 0;

    for (size_t i = 0; i < builds->found.len; i++) {
        struct building *building = builds->found.items[i];

        if (building->members.len || building->processes.len) {
            builds->found.items[kept++] = building;
            continue;
        }
        ht_vec_fini(&building->members);
        ht_vec_fini(&building->processes);
    }
    builds->found.len = kept;
}

void ht_builds_find_host(struct builds *builds)
{
    struct ht_map *units = ht_map_new();

    find_builders(builds, units);
    note_children(builds);
    ht_map_free(units);
    for (size_t i = 0; i < builds->clients.len; i++) {
        const struct ht_process *process = builds->clients.items[i];

        if (builds_itself(builds, process) && !has_client_parent(builds, process) &&
            !ht_builds_member(builds, process))
            add_self_builder(builds, process);
    }
    settle_clients(builds);
    drop_empty(builds);
}
