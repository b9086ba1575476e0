/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "drift-groups.h"

#include <stdlib.h>

#include "proc-decode.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

struct listed {
    pid_t pid;
    uint32_t group;             /* its number */
    struct ht_str container_id; /* empty: not surely one */
};

struct ht_groups {
    struct ht_arena *arena;
    struct ht_str group; /* that was added to last */
    struct ht_str container_id;
    uint32_t count; /* of groups */
    struct listed *items;
    size_t len, cap;
    bool is_sorted;
};

struct ht_groups *ht_groups_new(void)
{
    struct ht_groups *groups = ht_new0(struct ht_groups);

    groups->arena = ht_arena_new(HT_LIMIT_FILE);
    return groups;
}

struct ht_groups *ht_groups_free(struct ht_groups *groups)
{
    if (!groups)
        return NULL;
    ht_arena_free(groups->arena);
    free(groups->items);
    free(groups);
    return NULL;
}

static void take_group(struct ht_groups *groups, struct ht_str group)
{
    struct ht_cgroup_facts facts;

    groups->count++;
    groups->group = ht_arena_str(groups->arena, group);
    ht_cgroup_decode_path(groups->group, &facts);
    /* What a user called like a container, or may have, is asked for each process in it. */
    groups->container_id = facts.sure == HT_CGROUP_CERTAIN && !facts.users && !facts.delegable
                               ? facts.container_id
                               : (struct ht_str){0};
}

void ht_groups_add(struct ht_groups *groups, pid_t pid, struct ht_str group)
{
    if (groups->count == 0 || !ht_str_equal(group, groups->group))
        take_group(groups, group);
    if (groups->len == groups->cap) {
        groups->cap = groups->cap ? 2 * groups->cap : 1024;
        groups->items = ht_realloc(groups->items, groups->cap, sizeof(*groups->items));
    }
    groups->items[groups->len++] =
        (struct listed){.pid = pid, .group = groups->count, .container_id = groups->container_id};
    groups->is_sorted = false;
}

static int compare(const void *a, const void *b)
{
    const struct listed *left = a, *right = b;

    return (left->pid > right->pid) - (left->pid < right->pid);
}

/* Whether every list that names it is of one group. */
static bool is_of_one(const struct ht_groups *groups, const struct listed *found)
{
    const struct listed *first = found, *end = groups->items + groups->len;

    while (first > groups->items && first[-1].pid == found->pid)
        first--;
    for (const struct listed *item = first; item < end && item->pid == found->pid; item++) {
        if (item->group != found->group)
            return false;
    }
    return true;
}

struct ht_str ht_groups_find(struct ht_groups *groups, pid_t pid)
{
    const struct listed wanted = {.pid = pid};
    const struct listed *found;

    if (groups->len == 0)
        return (struct ht_str){0};
    if (!groups->is_sorted)
        qsort(groups->items, groups->len, sizeof(*groups->items), compare);
    groups->is_sorted = true;
    found = bsearch(&wanted, groups->items, groups->len, sizeof(*groups->items), compare);
    return found && is_of_one(groups, found) ? found->container_id : (struct ht_str){0};
}

/* ---- which hierarchy ---- */

struct ht_str ht_groups_mounted(struct ht_str mountinfo, struct ht_str cgroup,
                                struct ht_arena *arena, bool *ret_first)
{
    struct ht_mount_line line;
    struct ht_str first = {0}, controllers = {0}, path, found = {0};
    bool named =
        ht_str_next(&cgroup, '\n', &first) && ht_cgroup_split_line(first, &controllers, &path);
    bool second = false;

    *ret_first = false;
    while (!*ret_first && ht_mountinfo_next(&mountinfo, &line)) {
        /* A mount of a part of it has a part of the processes. */
        if (!ht_str_has_prefix(line.type, "cgroup") || !ht_str_is(line.root, "/"))
            continue;
        *ret_first = named && ht_cgroup_is_mounted(&line, controllers, arena);
        if (!*ret_first && (second || (found.len && !ht_str_is(line.type, "cgroup2"))))
            continue;
        second = ht_str_is(line.type, "cgroup2");
        found = line.point;
    }
    return found.len ? ht_arena_str(arena, ht_mountinfo_unescape(arena, found)) : found;
}
