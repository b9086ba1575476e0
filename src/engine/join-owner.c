/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose word about a container counts. Anybody can run a daemon of their own, which may call its
 * containers what it likes, by the ids of others too. A daemon is told by the user whose process
 * listens (the kernel tells it); one that is reached over the network was named by the person who
 * runs this program.
 */
#include "join.h"

#include <stdio.h>

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

bool ht_join_is_users_own(struct ht_str cgroup)
{
    struct ht_str part;

    while (ht_str_next(&cgroup, '/', &part)) {
        if (ht_str_has_prefix(part, "user@") && ht_str_has_suffix(part, ".service"))
            return true;
    }
    return false;
}

bool ht_join_may_have(const struct ht_vec *daemons, const struct ht_row *container,
                      const struct ht_process *process)
{
    const struct ht_daemon *daemon = daemon_of(daemons, container);

    if (!daemon || !is_users(daemon))
        return true;
    if (ht_process_has_euid(process) && process->euid == 0)
        return false;
    return ht_process_has_cgroup(process) && is_in_slice(process->cgroup, daemon->socket_uid);
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
