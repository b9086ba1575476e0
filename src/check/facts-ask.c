/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fact tables are asked. */
#include "facts-private.h"

#include "hulltop/base/mem.h"
#include "hulltop/model/rows.h"

const struct ht_fact_capability *ht_facts_capability(const struct ht_facts *facts, unsigned bit)
{
    return bit < ARRAY_LEN(facts->by_bit) ? facts->by_bit[bit] : NULL;
}

unsigned ht_facts_cap_tier(const struct ht_facts *facts, unsigned bit)
{
    const struct ht_fact_capability *capability = ht_facts_capability(facts, bit);

    return capability ? (unsigned)capability->tier : 0;
}

static uint64_t bits_of(const struct ht_text_list *names)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < names->len; i++)
        bits |= UINT64_C(1) << ht_enum_find(&ht_capability_enum, names->items[i]);
    return bits;
}

uint64_t ht_facts_default_caps(const struct ht_facts *facts, struct ht_str runtime)
{
    const struct default_set *sets = facts->capabilities.defaults.items;

    for (size_t i = 0; i < facts->capabilities.defaults.len; i++) {
        if (ht_str_equal(sets[i].runtime, runtime))
            return bits_of(&sets[i].names);
    }
    return facts->default_any;
}

uint64_t ht_facts_wide_caps(const struct ht_facts *facts)
{
    return facts->wide;
}

static unsigned bit_of(enum ht_fact_paths list, const struct ht_fact_path *entry)
{
    int of = list == HT_FACT_PATHS_KUBELET ? HT_FACT_OF_KUBELET : entry->of;

    return of == HT_FACT_OF_ANY ? 0 : 1U << of;
}

static const struct ht_fact_path *find_path(const struct ht_facts *facts, enum ht_fact_paths list,
                                            struct ht_str path, unsigned absent)
{
    const struct ht_fact_path *entries = facts->paths.lists[list].items;
    const struct ht_fact_path *best = NULL, *inside = NULL;

    path = ht_facts_plain_path(path);
    for (size_t i = 0; i < facts->paths.lists[list].len; i++) {
        enum relation relation = ht_path_relation(entries[i].path, path);

        if (relation == RELATION_SAME || (relation == RELATION_BELOW && entries[i].match == 0)) {
            if (!best || entries[i].path.len > best->path.len)
                best = &entries[i];
        } else if (relation == RELATION_ABOVE && !inside && !(absent & bit_of(list, &entries[i]))) {
            inside = &entries[i];
        }
    }
    return best ? best : inside;
}

const struct ht_fact_path *ht_facts_path(const struct ht_facts *facts, enum ht_fact_paths list,
                                         struct ht_str path)
{
    return find_path(facts, list, path, 0);
}

const struct ht_fact_path *ht_facts_path_without(const struct ht_facts *facts,
                                                 enum ht_fact_paths list, struct ht_str path,
                                                 unsigned absent)
{
    return find_path(facts, list, path, absent);
}

bool ht_facts_path_is_benign(const struct ht_facts *facts, struct ht_str path)
{
    path = ht_facts_plain_path(path);
    for (size_t i = 0; i < facts->paths.benign.len; i++) {
        enum relation relation = ht_path_relation(facts->paths.benign.items[i], path);

        if (relation == RELATION_SAME || relation == RELATION_BELOW)
            return true;
    }
    return false;
}

const struct ht_fact_path *ht_facts_device(const struct ht_facts *facts, struct ht_str path)
{
    const struct ht_fact_path *entries = facts->paths.devices.items;

    for (size_t i = 0; i < facts->paths.devices.len; i++) {
        enum relation relation = ht_path_relation(entries[i].path, path);

        if (relation == RELATION_SAME || relation == RELATION_BELOW)
            return &entries[i];
    }
    return NULL;
}

bool ht_facts_device_is_raw(const struct ht_fact_path *device)
{
    return device &&
           (device->kind == HT_FACT_DEVICE_BLOCK || device->kind == HT_FACT_DEVICE_MEMORY);
}

const struct ht_fact_socket *ht_facts_socket(const struct ht_facts *facts, struct ht_str path)
{
    const struct ht_fact_socket *sockets = facts->sockets.sockets.items;

    path = ht_facts_plain_path(path);
    for (size_t i = 0; i < facts->sockets.sockets.len; i++) {
        if (ht_path_relation(sockets[i].path, path) == RELATION_SAME)
            return &sockets[i];
    }
    return NULL;
}

const struct ht_fact_socket *ht_facts_socket_named(const struct ht_facts *facts, struct ht_str path)
{
    const struct socket_name *names = facts->sockets.names.items;
    const struct ht_fact_socket *sockets = facts->sockets.sockets.items;
    struct ht_str file = ht_str_base(path);

    for (size_t i = 0; i < facts->sockets.names.len; i++) {
        if (!ht_str_equal(names[i].name, file))
            continue;
        for (size_t j = 0; j < facts->sockets.sockets.len; j++) {
            if (ht_str_equal(sockets[j].kind, names[i].kind))
                return &sockets[j];
        }
    }
    return NULL;
}

const struct ht_fact_socket *ht_facts_socket_below(const struct ht_facts *facts,
                                                   struct ht_str directory, size_t *at)
{
    const struct ht_fact_socket *sockets = facts->sockets.sockets.items;

    directory = ht_facts_plain_path(directory);
    while (*at < facts->sockets.sockets.len) {
        const struct ht_fact_socket *socket = &sockets[(*at)++];

        if (ht_path_relation(socket->path, directory) == RELATION_ABOVE)
            return socket;
    }
    return NULL;
}

const struct ht_fact_mask *ht_facts_masks(const struct ht_facts *facts, bool readonly,
                                          size_t *ret_len)
{
    const struct fact_list *list = readonly ? &facts->masks.readonly : &facts->masks.masked;

    *ret_len = list->len;
    return list->items;
}

const struct ht_fact_runtime *ht_facts_runtime(const struct ht_facts *facts, struct ht_str handler)
{
    const struct ht_fact_runtime *runtimes = facts->runtimes.runtimes.items;

    for (size_t i = 0; i < facts->runtimes.runtimes.len; i++) {
        for (size_t j = 0; j < runtimes[i].names.len; j++) {
            if (ht_facts_begins_like(runtimes[i].names.items[j], handler))
                return &runtimes[i];
        }
    }
    return NULL;
}

bool ht_facts_sysctl_is_safe(const struct ht_facts *facts, struct ht_str name)
{
    const struct safe_sysctl *safe = facts->sysctls.safe.items;

    for (size_t i = 0; i < facts->sysctls.safe.len; i++) {
        if (ht_str_equal(safe[i].name, name))
            return true;
    }
    return false;
}

const struct ht_fact_workload *ht_facts_workloads(const struct ht_facts *facts, size_t *ret_len)
{
    *ret_len = facts->expected.workloads.len;
    return facts->expected.workloads.items;
}

/* Where an injector's files lie, by their origin. */
static bool lies_on(const struct ht_fact_injector *injector, enum ht_code_origin origin)
{
    if (injector->on == HT_FACT_ON_MEMORY)
        return origin == HT_CODE_ORIGIN_MEMFD;
    return origin == HT_CODE_ORIGIN_VOLUME || origin == HT_CODE_ORIGIN_BIND ||
           origin == HT_CODE_ORIGIN_TMPFS;
}

const struct ht_fact_injector *ht_facts_injector(const struct ht_facts *facts, struct ht_str path,
                                                 enum ht_code_origin origin)
{
    const struct ht_fact_injector *items = facts->injectors.injectors.items;

    for (size_t i = 0; i < facts->injectors.injectors.len; i++) {
        if (!lies_on(&items[i], origin))
            continue;
        for (size_t j = 0; j < items[i].paths.len; j++) {
            enum relation relation = ht_path_relation(items[i].paths.items[j], path);

            if (relation == RELATION_SAME || relation == RELATION_BELOW)
                return &items[i];
        }
    }
    return NULL;
}

const struct ht_fact_runtime *ht_facts_runtimes(const struct ht_facts *facts, size_t *ret_len)
{
    *ret_len = facts->runtimes.runtimes.len;
    return facts->runtimes.runtimes.items;
}

/* "1.30" is the line of 1.30 and 1.30.14, not of 1.300. */
static bool is_of_cycle(struct ht_str version, struct ht_str cycle)
{
    struct ht_str front = ht_str_sub(version, 0, cycle.len);

    if (!cycle.len || !ht_str_equal(front, cycle))
        return false;
    return version.len == cycle.len || version.data[cycle.len] < '0' ||
           version.data[cycle.len] > '9';
}

const struct ht_fact_cycle *ht_facts_cycle(const struct ht_facts *facts, struct ht_str product,
                                           struct ht_str version)
{
    const struct ht_fact_cycle *cycles = facts->support.cycles.items;
    const struct ht_fact_cycle *best = NULL;

    for (size_t i = 0; i < facts->support.cycles.len; i++) {
        if (ht_str_equal(cycles[i].product, product) && is_of_cycle(version, cycles[i].cycle) &&
            (!best || cycles[i].cycle.len > best->cycle.len))
            best = &cycles[i];
    }
    return best;
}

bool ht_facts_support_is_about(const struct ht_facts *facts, struct ht_str name)
{
    const struct ht_fact_cycle *cycles = facts->support.cycles.items;
    bool kube = ht_str_is(name, "kubelet") || ht_str_is(name, "kube-apiserver");

    for (size_t i = 0; i < facts->support.cycles.len; i++) {
        if (kube ? ht_str_is(cycles[i].product, "kubernetes")
                 : ht_str_equal(cycles[i].product, name))
            return true;
    }
    return false;
}

struct ht_str ht_facts_support_date(const struct ht_facts *facts)
{
    return facts->support.date;
}

const struct ht_fact_hole *ht_facts_holes(const struct ht_facts *facts, size_t *ret_len)
{
    *ret_len = facts->stack.holes.len;
    return facts->stack.holes.items;
}

const struct ht_fact_hole *ht_facts_hole(const struct ht_facts *facts, struct ht_str component,
                                         struct ht_str id)
{
    const struct ht_fact_hole *holes = facts->stack.holes.items;

    for (size_t i = 0; i < facts->stack.holes.len; i++) {
        if (ht_str_equal(holes[i].component, component) && ht_str_equal(holes[i].id, id))
            return &holes[i];
    }
    return NULL;
}

bool ht_facts_stack_knows(const struct ht_facts *facts, struct ht_str component)
{
    return ht_text_list_has(&facts->stack.components, component);
}

struct ht_str ht_facts_stack_date(const struct ht_facts *facts)
{
    return facts->stack.date;
}
