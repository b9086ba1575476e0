/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples become one node: processes find their container, containers their init process, and what
 * no runtime lists becomes a container of its own.
 */
#include "hulltop/engine/core.h"

#include <string.h>

#include "join-cache.h"
#include "join-pods.h"
#include "join.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"
#include "hulltop/check/builds.h"
#include "hulltop/check/checking.h"
#include "hulltop/check/classify.h"
#include "hulltop/check/pod-security.h"
#include "hulltop/check/privilege.h"
#include "hulltop/check/storage.h"

enum { ENGINE_ID_LEN = 64, INPUTS = HT_JOIN_INPUTS };

struct ht_joiner {
    const struct ht_facts *facts;
    struct ht_join_cache *made;
    struct ht_rowset builds; /* of the last node */
};

/* One container while the node is put together. */
struct place {
    const struct ht_row *row;  /* as its source gave it; NULL: no runtime lists it */
    const struct ht_row *init; /* its first process, NULL: not seen */
    struct ht_str id;          /* borrowed from row or process */
    size_t processes;
    struct ht_held held;  /* by these */
    bool namespaces_only; /* told by namespaces, not by a cgroup */
    bool disowned;        /* what listed it cannot have started its processes */
    bool runs;            /* the container that was made of it */
    const char *step;     /* of a build, by this builder; NULL: of none */
};

/* One join under way. */
struct joining {
    struct ht_joiner *joiner;
    struct ht_node *node;
    struct ht_map *places;   /* container id to struct place */
    struct ht_vec order;     /* struct place *, owned */
    struct ht_vec processes; /* const struct ht_row * */
    struct ht_vec homes;     /* for each process its struct place *, or NULL */
    struct ht_vec daemons;
    struct ht_vec engines; /* processes that may be a daemon's */
    bool has_pairs;        /* an id has a slash */
    struct ht_vec upkeep;  /* support and component rows */
    struct ht_vec pods;    /* as their source gave them */
    struct ht_join_pods *by_pod;
    const struct ht_row *cluster_row, *host_row;
    struct ht_map *spaces; /* name to the const struct ht_row * of a namespace of the cluster */
    struct ht_vec codes;   /* code and layer rows */
    struct ht_map *diffs;  /* container id to the const struct ht_row * of its changes */
    struct ht_vec stored;  /* datastores and API servers */
    struct ht_vec usages;
    struct ht_map *inhabited; /* ids of containers that processes are in; NULL: nobody asked yet */
    bool unsorted;            /* processes are not in the order of their ids */
    const struct ht_host *host;
};

struct ht_joiner *ht_joiner_new(const struct ht_facts *facts)
{
    struct ht_joiner *joiner = ht_new0(struct ht_joiner);

    joiner->facts = facts;
    joiner->made = ht_join_cache_new();
    return joiner;
}

struct ht_joiner *ht_joiner_free(struct ht_joiner *joiner)
{
    if (joiner) {
        ht_join_cache_free(joiner->made);
        ht_rowset_fini(&joiner->builds);
    }
    free(joiner);
    return NULL;
}

/* ---- places ---- */

static struct place *add_place(struct joining *joining, struct ht_str id, const struct ht_row *row)
{
    struct place *place = ht_new0(struct place);

    place->id = id;
    place->row = row;
    ht_map_set(joining->places, id, place);
    ht_vec_add(&joining->order, place);
    return place;
}

/* The first source that lists a container has it, unless only a later one is root's. */
static void take_container(struct joining *joining, const struct ht_row *row)
{
    struct place *known = ht_map_get(joining->places, ht_row_id(row));

    joining->has_pairs = joining->has_pairs || ht_str_find_byte(ht_row_id(row), '/') > 0;
    if (!known)
        add_place(joining, ht_row_id(row), row);
    else if (!ht_join_is_roots(&joining->daemons, known->row) &&
             ht_join_is_roots(&joining->daemons, row)) {
        known->row = row;
        known->id = ht_row_id(row);
    }
}

/* Daemons come first: which container is whose depends on them. */
static void take_daemons(struct joining *joining, const struct ht_node *sample)
{
    const struct ht_rowset *set = ht_node_set(sample, HT_TABLE_DAEMON);

    for (size_t i = 0; i < set->len; i++)
        ht_vec_add(&joining->daemons, set->rows[i]);
}

static void take_process(struct joining *joining, const struct ht_row *row)
{
    const struct ht_vec *known = &joining->processes;

    if (known->len && ht_str_compare(ht_row_id(known->items[known->len - 1]), ht_row_id(row)) >= 0)
        joining->unsorted = true;
    ht_vec_add(&joining->processes, (void *)row);
}

/* Sorts the rows of one sample into what is taken as it is and what is derived from. */
static void take_sample(struct joining *joining, const struct ht_node *sample)
{
    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        const struct ht_rowset *set = ht_node_set(sample, (enum ht_table_id)id);

        for (size_t i = 0; i < set->len; i++) {
            const struct ht_row *row = set->rows[i];

            if (id == HT_TABLE_CONTAINER) {
                take_container(joining, row);
            } else if (id == HT_TABLE_PROCESS) {
                take_process(joining, row);
            } else if (id == HT_TABLE_CODE || id == HT_TABLE_LAYER) {
                ht_vec_add(&joining->codes, (void *)row);
            } else if (id == HT_TABLE_POD) {
                ht_vec_add(&joining->pods, (void *)row);
                ht_join_pods_add(joining->by_pod, row);
            } else if (id == HT_TABLE_DATASTORE || id == HT_TABLE_APISERVER) {
                ht_vec_add(&joining->stored, (void *)row);
            } else if (id == HT_TABLE_USAGE) {
                ht_vec_add(&joining->usages, (void *)row);
            } else if (id == HT_TABLE_SUPPORT || id == HT_TABLE_COMPONENT) {
                ht_vec_add(&joining->upkeep, (void *)row);
            } else if (id == HT_TABLE_HOST) {
                joining->host_row = row;
            } else if (id != HT_TABLE_DAEMON) {
                if (id == HT_TABLE_CLUSTER)
                    joining->cluster_row = row;
                if (id == HT_TABLE_DIFF)
                    (void)ht_map_set(joining->diffs, ht_row_id(row), (void *)row);
                if (id == HT_TABLE_SOURCE && ht_str_is(ht_row_id(row), "kubernetes"))
                    ht_join_pods_set_source(joining->by_pod, row);
                if (id == HT_TABLE_NAMESPACE)
                    (void)ht_map_set(joining->spaces, ht_row_id(row), (void *)row);
                ht_node_add(joining->node, ht_row_ref(row));
            }
        }
    }
}

/* The host with what only its cluster tells. */
static void take_host(struct joining *joining)
{
    ht_autobuf struct ht_buf buf = HT_BUF(512);
    const struct ht_row *const inputs[INPUTS] = {joining->host_row, joining->cluster_row};
    struct ht_str key;
    struct ht_row *row;

    if (!joining->host_row)
        return;
    key = ht_join_key(&buf, &ht_host_table, ht_row_id(joining->host_row));
    row = ht_join_recall(joining->joiner->made, key, inputs, 0);
    if (!row)
        row = ht_join_remember(joining->joiner->made, key, inputs, 0,
                               ht_join_host(joining->host_row, joining->cluster_row));
    joining->host_row = row;
    joining->host = ht_host_of(row);
    ht_node_add(joining->node, row);
}

/* Engines give ids of 64 hexadecimal digits. A daemon may call a container what it likes: by the
 * name of a folder, "docker", it would get every container below that. */
static bool is_engine_id(struct ht_str part)
{
    if (part.len != ENGINE_ID_LEN)
        return false;
    for (size_t i = 0; i < part.len; i++) {
        char c = part.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return true;
}

/* A known container named by any element of a cgroup path: the outermost one is meant, for a
 * runtime nested in a container has ids of its own below it. */
static struct place *place_of_cgroup(const struct joining *joining, struct ht_str cgroup)
{
    struct ht_str part;

    while (ht_str_next(&cgroup, '/', &part)) {
        static const char *const prefixes[] = {"docker-", "cri-containerd-", "crio-", "libpod-"};

        if (ht_str_has_suffix(part, ".scope"))
            part.len -= strlen(".scope");
        for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
            if (ht_str_has_prefix(part, prefixes[i]))
                part = ht_str_sub(part, strlen(prefixes[i]), part.len);
        }

        struct place *place = is_engine_id(part) ? ht_map_get(joining->places, part) : NULL;
        if (place && place->row)
            return place;
    }
    return NULL;
}

/* containerd's namespaces may have a container of one name each; the second is called
 * "namespace/name", and its cgroup ends so. */
static struct place *place_of_pair(const struct joining *joining, struct ht_str cgroup)
{
    for (size_t start = 0; start < cgroup.len; start++) {
        struct ht_str pair = ht_str_sub(cgroup, start + 1, cgroup.len);
        struct place *place;

        if (cgroup.data[start] != '/' || ht_str_find_byte(pair, '/') < 0)
            continue;
        place = ht_map_get(joining->places, pair);
        if (place && place->row)
            return place;
    }
    return NULL;
}

/* A process in namespaces and a root of its own that no runtime claims, outside of any service or
 * session: the id stands for its pid namespace. */
static bool is_unclaimed(const struct joining *joining, const struct ht_process *process)
{
    const struct ht_host *host = joining->host;

    if (!host || !ht_host_has_ns_pid(host) || !ht_process_has_ns_pid(process) ||
        process->ns_pid == host->ns_pid)
        return false;
    if (!ht_process_has_root_host(process) || process->root_host)
        return false;
    return !ht_process_has_unit(process) || process->unit.len == 0;
}

static struct place *unclaimed_place(struct joining *joining, const struct ht_row *row)
{
    const struct ht_process *process = ht_process_of(row);
    char id[40];
    struct ht_buf text = HT_BUF(sizeof(id));

    ht_buf_addf(&text, "pidns-%llu", (unsigned long long)process->ns_pid);
    struct place *place = ht_map_get(joining->places, ht_buf_str(&text));
    if (!place) {
        struct ht_str key = ht_buf_str(&text);
        char *owned = ht_strndup(key.data, key.len);

        place = add_place(joining, (struct ht_str){.data = owned, .len = key.len}, NULL);
        place->namespaces_only = true;
    }
    ht_buf_fini(&text);
    return place;
}

/* Who borrows the name of a container of root's daemon stays a process of the node. */
static bool is_borrowed(const struct joining *joining, const struct place *place,
                        const struct ht_process *process)
{
    return place && place->row && ht_join_is_borrowed(&joining->daemons, place->row, process);
}

static struct place *place_of_process(struct joining *joining, const struct ht_row *row)
{
    const struct ht_process *process = ht_process_of(row);
    struct place *place = NULL;

    if (ht_process_has_cgroup(process))
        place = place_of_cgroup(joining, process->cgroup);
    if (place)
        return is_borrowed(joining, place, process) ? NULL : place;
    if (ht_process_has_container_id(process) && process->container_id.len) {
        place = joining->has_pairs && ht_process_has_cgroup(process)
                    ? place_of_pair(joining, process->cgroup)
                    : NULL;
        if (!place)
            place = ht_map_get(joining->places, process->container_id);
        if (is_borrowed(joining, place, process))
            return NULL;
        if (!place)
            place = add_place(joining, process->container_id, NULL);
        if (!place->row && !place->step && ht_process_has_cgroup(process))
            place->step = ht_join_step(process->cgroup, process->container_id);
        return place;
    }
    if (is_unclaimed(joining, process))
        return unclaimed_place(joining, row);
    return NULL;
}

/* Whether process is a better candidate for init than the one a place has. */
static bool is_better_init(const struct place *place, const struct ht_process *process)
{
    if (place->row) {
        const struct ht_container *container = ht_container_of(place->row);

        if (ht_container_has_pid(container) && container->pid == process->pid)
            return true;
    }
    if (!place->init)
        return true;

    const struct ht_process *init = ht_process_of(place->init);
    if (place->row) {
        const struct ht_container *container = ht_container_of(place->row);

        if (ht_container_has_pid(container) && container->pid == init->pid)
            return false;
    }
    bool is_first =
        process->ns_pids.len > 1 && process->ns_pids.items[process->ns_pids.len - 1] == 1;
    bool was_first = init->ns_pids.len > 1 && init->ns_pids.items[init->ns_pids.len - 1] == 1;
    if (is_first != was_first)
        return is_first;
    return process->start < init->start;
}

/* The word of a user's daemon is not taken for what that user cannot have started: as a container
 * that no runtime lists it is judged by what its processes show. */
static void disown(struct joining *joining)
{
    for (size_t i = 0; i < joining->processes.len; i++) {
        const struct ht_row *row = joining->processes.items[i];
        struct place *place = place_of_process(joining, row);

        if (place && place->row &&
            !ht_join_may_have(&joining->daemons, place->row, ht_process_of(row))) {
            place->row = NULL;
            place->disowned = true;
        }
    }
}

static void house_processes(struct joining *joining)
{
    if (ht_join_has_users(&joining->daemons))
        disown(joining);
    for (size_t i = 0; i < joining->processes.len; i++) {
        const struct ht_row *row = joining->processes.items[i];
        struct place *place = place_of_process(joining, row);

        ht_vec_add(&joining->homes, place);
        if (!place) {
            if (ht_join_is_engine(ht_process_of(row)))
                ht_vec_add(&joining->engines, (void *)row);
            continue;
        }
        place->processes++;
        ht_privilege_hold(&place->held, joining->host, ht_process_of(row));
        if (is_better_init(place, ht_process_of(row)))
            place->init = row;
    }
}

/* ---- derived rows ---- */

static struct ht_row *make_process(struct joining *joining, const struct ht_row *row,
                                   const struct place *place)
{
    ht_autobuf struct ht_buf buf = HT_BUF(512);
    struct ht_str key = ht_join_key(&buf, &ht_process_table, ht_row_id(row));
    const struct ht_row *const inputs[INPUTS] = {row, place->row};
    uint64_t number = ht_str_hash(place->id, 0);
    struct ht_row *known = ht_join_recall(joining->joiner->made, key, inputs, number);

    if (known)
        return known;

    struct ht_process process = *ht_process_of(row);
    ht_process_set_container(&process, place->id);
    /* They stand in the container, which is made from the row as it was read. */
    ht_field_forget(&ht_process_table, &process, "mounts");
    ht_field_forget(&ht_process_table, &process, "mounts_cut");
    return ht_join_remember(joining->joiner->made, key, inputs, number,
                            ht_row_derive(&ht_process_table, &process, inputs, INPUTS));
}

/* Facts of a container that only its init process tells. */
static void apply_init(struct joining *joining, struct ht_arena *arena, const struct place *place,
                       struct ht_container *container)
{
    const struct ht_process *init = ht_process_of(place->init);

    /* A daemon's word is taken where that process is one of the container's (is_better_init). */
    ht_container_set_pid(container, init->pid);
    if (!ht_container_has_started_at(container) && ht_process_has_started_at(init))
        ht_container_set_started_at(container, init->started_at);
    if (ht_process_has_cgroup(init))
        ht_container_set_cgroup(container, init->cgroup);
    ht_privilege_effective(joining->host, init, joining->joiner->facts, arena,
                           ht_container_edit_effective(container));
    /* While runc prepares it, a container still sees the mounts of the node. */
    if (ht_process_has_mounts(init) && container->effective.known) {
        ht_container_set_kernel_mounts(container, init->mounts);
        if (ht_process_has_mounts_cut(init))
            ht_container_set_mounts_cut(container, init->mounts_cut);
    }
}

static const struct ht_process *find_parent(const struct joining *joining,
                                            const struct ht_process *process)
{
    for (size_t i = 0; i < joining->processes.len; i++) {
        const struct ht_process *other = ht_process_of(joining->processes.items[i]);

        if (other->pid == process->ppid && ht_process_has_pid(other))
            return other;
    }
    return NULL;
}

/* A step of a build is told by its cgroup, or by the runtime that started it. */
static void apply_step(const struct joining *joining, const struct place *place,
                       struct ht_container *container)
{
    const char *builder = place->step;
    const struct ht_process *parent =
        builder || !place->init ? NULL : find_parent(joining, ht_process_of(place->init));

    if (parent)
        builder = ht_join_step_parent(parent);
    if (!builder)
        return;
    ht_container_set_runtime(container, ht_str_from(builder));
    ht_container_set_unmanaged(container, HT_S("a step of a build; no runtime lists those"));
    ht_container_set_class(container, HT_CLASS_BUILD);
    ht_container_set_class_signal(container, strcmp(builder, "buildah") == 0
                                                 ? parent ? HT_S("Buildah: started by it")
                                                          : HT_S("Buildah: cgroup buildah-buildah*")
                                             : parent ? HT_S("BuildKit: started by its executor")
                                                      : HT_S("BuildKit: cgroup buildkit/*"));
}

/* A container that no runtime lists: what its processes tell is all there is. */
static void apply_unmanaged(const struct joining *joining, const struct place *place,
                            struct ht_container *container)
{
    const struct ht_process *init = place->init ? ht_process_of(place->init) : NULL;
    bool users = init && ht_join_is_users_own(init, place->id);

    ht_container_set_id(container, place->id);
    ht_container_set_name(container, ht_str_sub(place->id, 0, place->namespaces_only ? 40 : 12));
    ht_container_set_state(container, HT_CONTAINER_STATE_UNMANAGED);
    ht_container_set_runtime(container, HT_S("none"));
    ht_container_set_unmanaged(
        container,
        place->namespaces_only ? HT_S("own pid namespace and root directory, known to no runtime")
        : place->disowned ? HT_S("a user's daemon lists it, but its processes are not that user's")
        : users ? HT_S("a user called its cgroup like a container; no runtime here lists it")
                : HT_S("its cgroup names a container that no runtime here lists"));
    apply_step(joining, place, container);
    if (!init)
        return;
    if (ht_process_has_started_at(init))
        ht_container_set_started_at(container, init->started_at);
    if (ht_process_has_argv(init))
        ht_container_set_command(container, init->argv);
}

/* The parent of a container's first process, where it is a program of the node. */
static const struct ht_process *find_shim(const struct joining *joining, const struct place *place)
{
    const struct ht_process *parent = find_parent(joining, ht_process_of(place->init));

    return parent && ht_process_has_container_id(parent) && parent->container_id.len ? NULL
                                                                                     : parent;
}

/* What a container becomes, beside the row of its runtime. */
static void fill_container(struct joining *joining, struct ht_arena *arena,
                           const struct place *place, const struct ht_join_found *pod,
                           struct ht_container *container)
{
    const struct ht_facts *facts = joining->joiner->facts;

    if (place->row)
        *container = *ht_container_of(place->row);
    else
        apply_unmanaged(joining, place, container);
    if (place->init)
        apply_init(joining, arena, place, container);
    if (place->processes) {
        ht_join_apply_running(container);
        ht_privilege_put_held(&place->held, container);
    }
    /* Without a process source nothing is known about how many there are. */
    if (joining->processes.len)
        ht_container_set_processes(container, place->processes);
    if (pod->by.len)
        ht_container_set_pod_found(container, pod->by);
    if (pod->row)
        ht_join_pods_apply(pod->row, arena, container);
    ht_classify(facts, container, arena);
    if (place->init)
        ht_classify_by_proof(facts, ht_process_of(place->init), find_shim(joining, place),
                             container, arena);
    if (pod->row)
        ht_join_pods_compare(pod->row, joining->host, facts, arena, container);
}

static struct ht_join_found find_pod(const struct joining *joining, const struct place *place,
                                     struct ht_arena *arena)
{
    const struct ht_container none = {.id = place->id};
    const struct ht_process *init = place->init ? ht_process_of(place->init) : NULL;
    const struct ht_join_seeker seeker = {
        .container = place->row ? ht_container_of(place->row) : &none,
        .cgroup = init && ht_process_has_cgroup(init) ? init->cgroup : (struct ht_str){0},
        .of_root = place->row && ht_join_is_roots(&joining->daemons, place->row)};

    return ht_join_pods_find(joining->by_pod, &seeker, arena);
}

static struct ht_row *make_container(struct joining *joining, const struct place *place)
{
    ht_autobuf struct ht_buf buf = HT_BUF(512);
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_str key = ht_join_key(&buf, &ht_container_table, place->id);
    const struct ht_join_found pod = find_pod(joining, place, arena);
    const struct ht_row *const inputs[INPUTS] = {place->row, place->init, joining->host_row,
                                                 pod.row};
    uint64_t number = ht_str_hash(pod.by, place->processes * 2 + place->disowned) ^
                      ht_privilege_held_number(&place->held);
    struct ht_row *row = ht_join_recall(joining->joiner->made, key, inputs, number);
    struct ht_container container = {0};

    if (!row) {
        fill_container(joining, arena, place, &pod, &container);
        row = ht_join_remember(joining->joiner->made, key, inputs, number,
                               ht_row_derive(&ht_container_table, &container, inputs, INPUTS));
    }
    if (pod.row)
        ht_join_pods_see(joining->by_pod, pod.row, ht_container_of(row));
    return row;
}

/* A version counts where a level is asked for: "privileged" asks for nothing. */
static int minor_of(const struct ht_row *space)
{
    int minor = HT_POD_SECURITY_LATEST;

    if (space && ht_namespace_of(space)->enforce.len &&
        !ht_str_is(ht_namespace_of(space)->enforce, "privileged"))
        ht_pod_security_parse(ht_namespace_of(space)->enforce_version, &minor);
    return minor;
}

/* Made once a pod, as long as as many of its containers are seen. It is judged by the version of
 * the standards that its namespace enforces, else by the newest, as the admission does. */
static struct ht_row *make_pod(struct joining *joining, const struct ht_row *row)
{
    ht_autobuf struct ht_buf buf = HT_BUF(512);
    struct ht_str key = ht_join_key(&buf, &ht_pod_table, ht_row_id(row)), why;
    const struct ht_row *space = ht_map_get(joining->spaces, ht_pod_of(row)->namespace);
    const struct ht_row *const inputs[INPUTS] = {row, space};
    size_t seen = ht_join_pods_seen(joining->by_pod, row, joining->daemons.len, &why);
    uint64_t number = ht_str_hash(why, seen);
    struct ht_row *known = ht_join_recall(joining->joiner->made, key, inputs, number);
    struct ht_pod pod = *ht_pod_of(row);

    if (known)
        return known;
    ht_pod_set_seen(&pod, seen);
    if (why.len)
        ht_pod_set_unseen(&pod, why);
    if (space && ht_namespace_has_enforce(ht_namespace_of(space)))
        ht_pod_set_enforced(&pod, ht_namespace_of(space)->enforce);

    ht_autorow struct ht_row *counted = ht_row_derive(&ht_pod_table, &pod, inputs, INPUTS);
    return ht_join_remember(joining->joiner->made, key, inputs, number,
                            ht_pod_derive(joining->joiner->facts, counted, minor_of(space)));
}

/* What was made anew of row, or the row from before if it is equal: most checks of all containers
 * read some of these. */
static struct ht_row *made_anew(struct joining *joining, const struct ht_row *row,
                                struct ht_row *fresh)
{
    ht_autobuf struct ht_buf buf = HT_BUF(8192);
    struct ht_str key = ht_join_key(&buf, ht_row_table(row), ht_row_id(row));
    const struct ht_row *const inputs[INPUTS] = {row};

    return ht_join_remember(joining->joiner->made, key, inputs, 0, fresh);
}

/* Any process may be the daemon's. */
static struct ht_row *make_daemon(struct joining *joining, const struct ht_row *row)
{
    return made_anew(joining, row, ht_join_daemon(row, &joining->engines));
}

/* A day may have ended. */
static struct ht_row *make_upkeep(struct joining *joining, const struct ht_row *row)
{
    return made_anew(
        joining, row,
        ht_join_upkeep(joining->joiner->facts, joining->node->taken_at, row, &joining->daemons));
}

/* Where the process of that id is among them; SIZE_MAX: nowhere. */
static size_t find_process(const struct joining *joining, struct ht_str process)
{
    size_t from = 0;
    size_t to = joining->processes.len;

    if (joining->unsorted || process.len == 0)
        return SIZE_MAX;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = ht_str_compare(ht_row_id(joining->processes.items[middle]), process);

        if (order == 0)
            return middle;
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return SIZE_MAX;
}

/* The container of what runs. NULL: it is in none. */
static const struct place *home_of(const struct joining *joining, const struct ht_code *code)
{
    size_t at = find_process(joining, code->process);
    const struct place *place = at == SIZE_MAX ? NULL : joining->homes.items[at];

    if (!place && code->container_id.len)
        place = ht_map_get(joining->places, code->container_id);
    return at != SIZE_MAX &&
                   is_borrowed(joining, place, ht_process_of(joining->processes.items[at]))
               ? NULL
               : place;
}

/* What runs is of its process's container, or where that is gone, of the one that its cgroup named.
 */
static struct ht_row *make_code(struct joining *joining, const struct ht_row *row)
{
    ht_autobuf struct ht_buf buf = HT_BUF(8192);
    struct ht_str key = ht_join_key(&buf, ht_row_table(row), ht_row_id(row));
    bool layer = ht_row_table(row) == &ht_layer_table;
    const struct place *place =
        layer ? ht_map_get(joining->places, ht_row_id(row)) : home_of(joining, ht_code_of(row));
    const struct ht_row *diff = place ? ht_map_get(joining->diffs, place->id) : NULL;
    const struct ht_row *const inputs[INPUTS] = {row, place ? place->row : NULL, diff};
    uint64_t number = place ? ht_str_hash(place->id, 0) : 0;
    struct ht_row *known = ht_join_recall(joining->joiner->made, key, inputs, number);

    if (known)
        return known;
    return ht_join_remember(joining->joiner->made, key, inputs, number,
                            ht_join_code(joining->joiner->facts, row,
                                         place ? place->id : (struct ht_str){0}, diff,
                                         place && place->row ? ht_container_of(place->row) : NULL));
}

/* Containers in a container are of no place of their own. */
static bool is_nested(struct joining *joining, struct ht_str id)
{
    if (!joining->inhabited) {
        joining->inhabited = ht_map_new();
        for (size_t i = 0; i < joining->processes.len; i++) {
            const struct ht_row *row = joining->processes.items[i];

            if (ht_process_of(row)->container_id.len)
                ht_map_set(joining->inhabited, ht_process_of(row)->container_id, (void *)row);
        }
    }
    return ht_map_get(joining->inhabited, id) != NULL;
}

/* The last load of what does not run any more is no load of its own. */
static void add_usage(struct joining *joining, const struct ht_row *row)
{
    struct ht_str id = ht_usage_of(row)->container;
    const struct place *place = ht_map_get(joining->places, id);

    if (id.len == 0 || (place ? place->runs : is_nested(joining, id)))
        ht_node_add(joining->node, ht_row_ref((struct ht_row *)row));
}

static void make_rows(struct joining *joining)
{
    for (size_t i = 0; i < joining->order.len; i++) {
        struct place *place = joining->order.items[i];
        struct ht_row *row = make_container(joining, place);

        place->runs = ht_subject_runs(row);
        ht_node_add(joining->node, row);
    }
    for (size_t i = 0; i < joining->processes.len; i++) {
        const struct ht_row *row = joining->processes.items[i];
        const struct place *place = joining->homes.items[i];

        ht_node_add(joining->node, place ? make_process(joining, row, place) : ht_row_ref(row));
    }
    for (size_t i = 0; i < joining->daemons.len; i++)
        ht_node_add(joining->node, make_daemon(joining, joining->daemons.items[i]));
    for (size_t i = 0; i < joining->pods.len; i++)
        ht_node_add(joining->node, make_pod(joining, joining->pods.items[i]));
    for (size_t i = 0; i < joining->upkeep.len; i++)
        ht_node_add(joining->node, make_upkeep(joining, joining->upkeep.items[i]));
    for (size_t i = 0; i < joining->codes.len; i++)
        ht_node_add(joining->node, make_code(joining, joining->codes.items[i]));
    for (size_t i = 0; i < joining->usages.len; i++)
        add_usage(joining, joining->usages.items[i]);
    for (size_t i = 0; i < joining->stored.len; i++) {
        const struct ht_row *row = joining->stored.items[i];

        ht_node_add(
            joining->node,
            made_anew(joining, row, ht_storage_derive(joining->node, &joining->stored, row)));
    }
}

static void finish(struct joining *joining)
{
    for (size_t i = 0; i < joining->order.len; i++) {
        struct place *place = joining->order.items[i];

        if (place->namespaces_only)
            free((char *)place->id.data);
        free(place);
    }
    ht_map_free(joining->places);
    ht_map_free(joining->diffs);
    ht_map_free(joining->spaces);
    ht_map_free(joining->inhabited);
    ht_vec_fini(&joining->order);
    ht_vec_fini(&joining->processes);
    ht_vec_fini(&joining->homes);
    ht_vec_fini(&joining->daemons);
    ht_vec_fini(&joining->engines);
    ht_vec_fini(&joining->upkeep);
    ht_vec_fini(&joining->pods);
    ht_join_pods_free(joining->by_pod);
    ht_vec_fini(&joining->codes);
    ht_vec_fini(&joining->stored);
    ht_vec_fini(&joining->usages);
}

struct ht_node *ht_joiner_join(struct ht_joiner *joiner, struct ht_node *const *samples, size_t len,
                               int64_t now_ns)
{
    struct joining joining = {.joiner = joiner,
                              .node = ht_node_new(now_ns),
                              .places = ht_map_new(),
                              .diffs = ht_map_new(),
                              .spaces = ht_map_new(),
                              .by_pod = ht_join_pods_new()};

    ht_join_cache_begin(joiner->made);
    for (size_t i = 0; i < len; i++) {
        if (samples[i])
            take_daemons(&joining, samples[i]);
    }
    for (size_t i = 0; i < len; i++) {
        if (samples[i])
            take_sample(&joining, samples[i]);
    }
    take_host(&joining);
    house_processes(&joining);
    make_rows(&joining);
    finish(&joining);
    ht_join_cache_end(joiner->made);
    ht_node_sort(joining.node);
    ht_builds_derive(joining.node, joiner->facts, &joiner->builds);
    ht_rowset_fini(&joiner->builds);
    ht_rowset_share(&joiner->builds, ht_node_set(joining.node, HT_TABLE_BUILD));
    return joining.node;
}
