/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sockets of the node that wait for others, and whose they are. What a daemon was told is one
 * thing, what it does another: the owner is known by the socket's inode below /proc/PID/fd.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hostconf-private.h"
#include "net-table.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { FDS_MAX = 65536, SOCKETS_MAX = 8192, LINK_BYTES = 64, PATH_LIMIT = 320 };

struct socket {
    struct ht_listening at;
    uint64_t pid;    /* of its owner among the daemons; 0: none of them */
    bool is_claimed; /* a listener that was told is there */
};

struct ht_hostconf_sockets {
    struct socket *items;
    size_t len;
    bool is_known; /* the tables could be read */
};

static int read_table(const struct ht_hostconf_pass *pass, const char *table, struct ht_buf *text)
{
    char path[32];

    snprintf(path, sizeof(path), "proc/1/net/%s", table);
    ht_buf_reset(text);
    return pass->is_kernels ? ht_read_table_at(pass->proc->fd, path, text, HT_LIMIT_PROC_FILE, NULL)
                            : ht_root_read(pass->proc, path, text, HT_LIMIT_PROC_FILE, NULL);
}

static void take_table(struct ht_hostconf_pass *pass, const char *table, struct ht_buf *text)
{
    struct ht_hostconf_sockets *sockets = pass->sockets;
    struct ht_listening found;

    if (read_table(pass, table, text) < 0)
        return;
    sockets->is_known = true;

    struct ht_str rest = ht_buf_str(text);
    while (ht_listen_next(&rest, table, &found)) {
        if (sockets->len == SOCKETS_MAX) {
            pass->cut++;
            return;
        }
        sockets->items[sockets->len++] = (struct socket){.at = found};
    }
}

/* ---- owners ---- */

struct walk {
    struct ht_hostconf_pass *pass;
    const struct ht_hostconf_process *process;
    ht_hostconf_visit_socket visit;
    void *context;
};

static int visit_fd(void *context, const char *name, unsigned type, uint64_t inode)
{
    const struct walk *walk = context;
    ht_autobuf struct ht_buf path = HT_BUF(PATH_LIMIT), link = HT_BUF(LINK_BYTES);
    uint64_t socket;

    (void)type;
    (void)inode;
    ht_buf_addf(&path, "proc/%llu/fd/%s", (unsigned long long)walk->process->pid, name);
    if (ht_root_readlink(walk->pass->proc, path.data, &link, NULL) < 0)
        return 0;
    socket = ht_net_socket_inode(ht_buf_str(&link));
    if (socket)
        walk->visit(walk->context, walk->process, socket);
    return 0;
}

int ht_hostconf_walk_sockets(struct ht_hostconf_pass *pass,
                             const struct ht_hostconf_process *process,
                             ht_hostconf_visit_socket visit, void *context)
{
    struct walk walk = {.pass = pass, .process = process, .visit = visit, .context = context};
    const struct ht_dir_visitor visitor = {
        .visit = visit_fd, .context = &walk, .max_entries = FDS_MAX};
    ht_autobuf struct ht_buf path = HT_BUF(PATH_LIMIT);

    ht_buf_addf(&path, "proc/%llu/fd", (unsigned long long)process->pid);
    return ht_root_list(pass->proc, path.data, &visitor, NULL);
}

static void own(void *context, const struct ht_hostconf_process *process, uint64_t inode)
{
    struct ht_hostconf_sockets *sockets = context;

    for (size_t i = 0; i < sockets->len; i++) {
        if (sockets->items[i].at.inode == inode && !sockets->items[i].pid)
            sockets->items[i].pid = process->pid;
    }
}

void ht_hostconf_find_sockets(struct ht_hostconf_pass *pass)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_PROC_FILE);

    pass->sockets = ht_arena_array(pass->arena, struct ht_hostconf_sockets, 1);
    pass->sockets->items = ht_arena_array(pass->arena, struct socket, SOCKETS_MAX);
    take_table(pass, "tcp", &text);
    take_table(pass, "tcp6", &text);
    for (size_t i = 0; i < pass->processes_len; i++) {
        struct ht_hostconf_process *process = &pass->processes[i];

        if (!process->has_own_net && !process->is_keeper)
            process->has_fds = ht_hostconf_walk_sockets(pass, process, own, pass->sockets) == 0;
    }
}

/* ---- what was told against what is ---- */

/* The port behind the last colon of an address or URL; empty: none. */
static struct ht_str port_of(struct ht_str address)
{
    ptrdiff_t colon = ht_str_rfind_byte(address, ':');
    struct ht_str port =
        colon < 0 ? (struct ht_str){0} : ht_str_sub(address, (size_t)colon + 1, SIZE_MAX);
    ptrdiff_t slash = ht_str_find_byte(port, '/');

    return slash < 0 ? port : ht_str_sub(port, 0, (size_t)slash);
}

bool ht_hostconf_is_listening(const struct ht_hostconf_pass *pass,
                              const struct ht_hostconf_process *process, struct ht_str url,
                              bool *ret_is)
{
    struct ht_hostconf_sockets *sockets = pass->sockets;
    struct ht_str port = port_of(url);

    if (!sockets || !sockets->is_known || !process->has_fds || port.len == 0)
        return false;
    *ret_is = false;
    for (size_t i = 0; i < sockets->len; i++) {
        struct socket *socket = &sockets->items[i];

        if (socket->pid != process->pid ||
            !ht_str_equal(port_of(ht_str_from(socket->at.address)), port))
            continue;
        socket->is_claimed = true;
        *ret_is = true;
    }
    return true;
}

static const struct ht_hostconf_process *process_of(const struct ht_hostconf_pass *pass,
                                                    uint64_t pid)
{
    for (size_t i = 0; i < pass->processes_len; i++) {
        if (pass->processes[i].pid == pid)
            return &pass->processes[i];
    }
    return NULL;
}

void ht_hostconf_add_other_sockets(struct ht_hostconf_pass *pass)
{
    for (size_t i = 0; i < pass->sockets->len; i++) {
        const struct socket *socket = &pass->sockets->items[i];
        const struct ht_hostconf_process *process = process_of(pass, socket->pid);
        struct ht_listener listener = {0};

        if (!socket->pid || socket->is_claimed || !process)
            continue;

        /* "tcp 0.0.0.0:22" becomes "tcp://0.0.0.0:22". */
        struct ht_str address = ht_str_from(socket->at.address + strlen("tcp "));
        struct ht_str url = ht_arena_strf(pass->arena, "tcp://%.*s", HT_STR_ARG(address));
        bool is_all = ht_str_has_prefix(address, "0.0.0.0:") || ht_str_has_prefix(address, "[::]:");
        ht_listener_set_id(&listener, ht_arena_strf(pass->arena, "other %.*s", HT_STR_ARG(url)));
        ht_listener_set_kind(&listener, HT_S("other"));
        ht_listener_set_url(&listener, url);
        ht_listener_set_reach(&listener, socket->at.loopback ? HT_S("loopback")
                                         : is_all            ? HT_S("all")
                                                             : HT_S("address"));
        ht_listener_set_program(&listener, process->name);
        ht_listener_set_pid(&listener, process->pid);
        ht_listener_set_running(&listener, true);
        ht_listener_set_listening(&listener, true);
        ht_node_add(pass->sample, ht_row_new(&ht_listener_table, &listener));
    }
}
