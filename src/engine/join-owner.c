/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose word about a container counts. Anybody can run a daemon of their own, which may call its
 * containers what it likes, by the ids of others too. A daemon is told by the user whose process
 * listens (the kernel tells it); one that is reached over the network was named by the person who
 * runs this program.
 */
#include "join.h"

#include <stdio.h>
#include <string.h>

static const struct ht_daemon *daemon_of(const struct ht_vec *daemons, const struct ht_row *row)
{
    const struct ht_container *container = ht_container_of(row);

    for (size_t i = 0; ht_container_has_daemon(container) && i < daemons->len; i++) {
        const struct ht_daemon *daemon = ht_daemon_of(daemons->items[i]);

        if (ht_str_equal(daemon->id, container->daemon))
            return daemon;
    }
    return NULL;
}

bool ht_join_is_roots(const struct ht_vec *daemons, const struct ht_row *container)
{
    const struct ht_daemon *daemon = daemon_of(daemons, container);

    return daemon && ht_daemon_has_socket_uid(daemon) && daemon->socket_uid == 0;
}

static bool is_users(const struct ht_daemon *daemon)
{
    return ht_daemon_has_socket_uid(daemon) && daemon->socket_uid != 0;
}

bool ht_join_has_users(const struct ht_vec *daemons)
{
    for (size_t i = 0; i < daemons->len; i++) {
        if (is_users(ht_daemon_of(daemons->items[i])))
            return true;
    }
    return false;
}

/* Whether a path begins with an element, or a pair, that names a container. */
static bool begins_with_name(struct ht_str path, struct ht_str id)
{
    struct ht_str part;

    if (ht_str_equal(ht_str_sub(path, 0, id.len), id) &&
        (path.len == id.len || path.data[id.len] == '/'))
        return true;
    if (!ht_str_next(&path, '/', &part))
        return false;
    if (ht_str_has_suffix(part, ".scope"))
        part.len -= strlen(".scope");
    return part.len > id.len && strchr("-.:", part.data[part.len - id.len - 1]) &&
           ht_str_equal(ht_str_sub(part, part.len - id.len, part.len), id);
}

/* Where the element begins that names a container: what stands behind is what the container calls
 * its own groups. -1: none does. */
static ptrdiff_t find_name(struct ht_str cgroup, struct ht_str id)
{
    for (size_t at = 0; id.len && at < cgroup.len; at++) {
        if ((at == 0 || cgroup.data[at - 1] == '/') &&
            begins_with_name(ht_str_sub(cgroup, at, cgroup.len), id))
            return (ptrdiff_t)at;
    }
    return -1;
}

/* systemd hands a user's part of the tree to that user; no other part can be written by one. */
static bool is_in_slice(struct ht_str cgroup, uint64_t uid)
{
    struct ht_str part;
    char slice[40];

    snprintf(slice, sizeof(slice), "user-%llu.slice", (unsigned long long)uid);
    while (ht_str_next(&cgroup, '/', &part)) {
        if (ht_str_is(part, slice))
            return true;
    }
    return false;
}

bool ht_join_is_users_own(const struct ht_process *process, struct ht_str id)
{
    struct ht_str cgroup = process->cgroup, front, part;
    bool is_owned = ht_process_has_cgroup_uid(process) && process->cgroup_uid != 0;
    ptrdiff_t named = -1;

    if (ht_process_has_cgroup(process) && (is_owned || ht_str_find(cgroup, HT_S("user@"), 0) >= 0))
        named = find_name(cgroup, id);
    if (named >= 0 && is_owned)
        return true;
    front = ht_str_sub(cgroup, 0, named < 0 ? 0 : (size_t)named);

    while (ht_str_next(&front, '/', &part)) {
        if (ht_str_has_prefix(part, "user@") && ht_str_has_suffix(part, ".service"))
            return true;
    }
    return false;
}

/* Whether a cgroup is group, or one below it. Everything is below the root, which says nothing. */
static bool is_within(struct ht_str cgroup, struct ht_str group)
{
    return !ht_str_is(group, "/") && ht_path_lies_in(cgroup, group);
}

/* Whether a cgroup is the one that its daemon tells of a container: below a user's manager too, if
 * who started it wanted that. */
static bool is_told(const struct ht_container *container, struct ht_str cgroup)
{
    struct ht_str parent = container->cgroup_parent;
    struct ht_str rest;

    while (ht_str_has_suffix(parent, "/"))
        parent.len--;
    rest = ht_str_sub(cgroup, parent.len + 1, cgroup.len);
    if (ht_container_has_cgroup(container) && is_within(cgroup, container->cgroup))
        return true;
    return ht_container_has_cgroup_parent(container) && is_within(cgroup, parent) &&
           is_within(rest, container->id);
}

bool ht_join_is_borrowed(const struct ht_vec *daemons, const struct ht_row *container,
                         const struct ht_process *process)
{
    return ht_join_is_users_own(process, ht_row_id(container)) &&
           ht_join_is_roots(daemons, container) &&
           !is_told(ht_container_of(container), process->cgroup);
}

bool ht_join_may_have(const struct ht_vec *daemons, const struct ht_row *container,
                      const struct ht_process *process)
{
    const struct ht_daemon *daemon = daemon_of(daemons, container);

    if (!daemon || !is_users(daemon))
        return true;
    if (ht_process_has_euid(process) && process->euid == 0)
        return false;
    if (!ht_process_has_cgroup(process))
        return false;

    ptrdiff_t named = find_name(process->cgroup, ht_row_id(container));
    return is_in_slice(
        ht_str_sub(process->cgroup, 0, named < 0 ? process->cgroup.len : (size_t)named),
        daemon->socket_uid);
}

void ht_join_apply_running(struct ht_container *container)
{
    if (!ht_container_has_state(container))
        return;
    switch (container->state) {
    case HT_CONTAINER_STATE_CREATED:
    case HT_CONTAINER_STATE_REMOVING:
    case HT_CONTAINER_STATE_EXITED:
    case HT_CONTAINER_STATE_DEAD:
        ht_container_set_state(container, HT_CONTAINER_STATE_RUNNING);
        break;
    case HT_CONTAINER_STATE_RUNNING:
    case HT_CONTAINER_STATE_PAUSED:
    case HT_CONTAINER_STATE_RESTARTING:
    case HT_CONTAINER_STATE_UNMANAGED:
        break;
    }
}
