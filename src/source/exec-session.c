/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose a start is where programs start one after another: a file of a mount that is a container's
 * alone says that who runs it sees the container's files, as somebody from outside may too. A
 * session has nobody who does not descend from who began it, and is left for a new one alone. Where
 * that one is in the same groups as a process of the container was a moment ago, so is what
 * descends from it, and its groups, which are dear to read, need not be asked. Who was moved out of
 * the groups by hand and still runs the container's files counts as the container's meanwhile.
 */
#include <string.h>

#include "exec-private.h"

bool ht_exec_look_at_stat(struct ht_exec *watch, pid_t pid, struct ht_exec_stat *ret_stat)
{
    int64_t now_ns = ht_clock_mono(watch->clock);
    struct ht_proc_stat stat;
    size_t len;
    bool gone;

    if (ht_proc_decode_stat(ht_proc_read_file(&watch->reader, pid, "stat", &gone), &stat) < 0)
        return false;
    *ret_stat = (struct ht_exec_stat){
        .at_ns = now_ns,
        .start = stat.start,
        .ppid = (pid_t)stat.ppid,
        .session = (pid_t)stat.session,
        .tty = stat.tty,
    };
    len = stat.comm.len < sizeof(ret_stat->comm) ? stat.comm.len : sizeof(ret_stat->comm) - 1;
    memcpy(ret_stat->comm, stat.comm.data, len);
    return true;
}

bool ht_exec_is_of_session(struct ht_exec *watch, struct ht_exec_waiting *waiting,
                           const struct ht_exec_key *key)
{
    pid_t session =
        key->home ? ht_exec_session_of_mount(&watch->places, key->mount, watch->now_ns) : 0;

    if (session == 0 || (waiting->home && waiting->home != key->home))
        return false;
    if (waiting->stat.at_ns == 0 && !ht_exec_look_at_stat(watch, waiting->pid, &waiting->stat))
        return false;
    if (waiting->stat.session != session)
        return false;
    waiting->home = key->home;
    return true;
}

const char *ht_exec_home_of_session(struct ht_exec *watch, const struct ht_exec_start *start)
{
    const struct ht_exec_waiting *given = &watch->given;
    const char *home;

    if (given->home == 0 || given->cgroup.len)
        return NULL;
    for (size_t i = 0; i < given->len; i++) {
        if (given->files[i].key.home != given->home)
            return NULL;
    }
    home = ht_exec_home_of_mount(&watch->places, given->files[0].key.mount);
    if (!home || ht_exec_hash_of_home(ht_str_from(home)) != given->home)
        return NULL;
    return ht_exec_is_later(given->stat.start, start->at_mono_ns) ? NULL : home;
}

/* Whether who began the session is in the very groups that were given. */
static bool is_leader_there(struct ht_exec *watch, pid_t session, pid_t pid)
{
    if (session == pid)
        return true;
    ht_exec_read_cgroup(&watch->reader, session, &watch->leader);
    return ht_str_equal(ht_buf_str(&watch->leader), ht_buf_str(&watch->given.cgroup));
}

void ht_exec_tell_session(struct ht_exec *watch, const struct ht_exec_start *start)
{
    struct ht_exec_waiting *given = &watch->given;
    pid_t session = given->stat.session;

    /* A group that a user may have called so is none. */
    if (given->stat.at_ns == 0 || session <= 0 || given->cgroup.len == 0 || start->cgroup.users ||
        given->len == 0 ||
        !ht_exec_is_session_due(&watch->places, given->files[0].key.mount, watch->now_ns))
        return;
    if (ht_exec_is_later(given->stat.start, start->at_mono_ns) ||
        !is_leader_there(watch, session, start->pid))
        session = 0;
    for (size_t i = 0; i < given->len; i++) {
        uint64_t mount = given->files[i].key.mount;
        const char *home = ht_exec_home_of_mount(&watch->places, mount);

        if (home && ht_str_is(start->cgroup.container_id, home))
            ht_exec_learn_session(&watch->places, mount, session, watch->now_ns);
    }
}
