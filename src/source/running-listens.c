/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "running-listens.h"

#include <fcntl.h>
#include <stdio.h>

#include "net-table.h"
#include "proc-node.h"
#include "proc-sockets.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

enum {
    TABLE_BYTES = 8 * 1024 * 1024,
    SOCKETS_MAX = 4096, /* descriptors looked at of one process */
    LISTENS_MAX = 20,   /* addresses of one process */
};

/* Of one process. */
struct sockets {
    int fd; /* the folder of descriptors */
    uint64_t inodes[SOCKETS_MAX];
    size_t len;
    struct ht_arena *arena;
    struct ht_str listens[LISTENS_MAX]; /* the addresses found */
    size_t found;
};

static int visit_descriptor(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct sockets *sockets = context;
    uint64_t socket = ht_proc_socket_at(sockets->fd, name);

    (void)type;
    (void)inode;
    if (socket && sockets->len < SOCKETS_MAX)
        sockets->inodes[sockets->len++] = socket;
    return 0;
}

static bool has_socket(const struct sockets *sockets, uint64_t inode)
{
    for (size_t i = 0; i < sockets->len; i++) {
        if (sockets->inodes[i] == inode)
            return true;
    }
    return false;
}

static void add_listens(struct sockets *sockets, struct ht_str text, const char *table)
{
    struct ht_listening listener;

    while (sockets->found < LISTENS_MAX && ht_listen_next(&text, table, &listener)) {
        if (!listener.loopback && has_socket(sockets, listener.inode))
            sockets->listens[sockets->found++] = ht_arena_text(sockets->arena, listener.address);
    }
}

bool ht_listens_of(int proc_fd, pid_t pid, struct ht_arena *arena, struct ht_text_list *ret_listens)
{
    ht_autobuf struct ht_buf text = HT_BUF(TABLE_BYTES);
    struct sockets *sockets = ht_arena_array(arena, struct sockets, 1);
    const struct ht_dir_visitor visitor = {.visit = visit_descriptor, .context = sockets};
    char name[HT_PROC_NAME_MAX], file[16];

    ht_proc_name(name, pid, "fd");
    ht_autoclose int fd = openat(proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    sockets->fd = fd;
    sockets->arena = arena;
    if (fd < 0 || ht_list_fd(fd, &visitor, NULL) < 0)
        return false;
    for (size_t i = 0; sockets->len && ht_listen_tables[i]; i++) {
        snprintf(file, sizeof(file), "net/%s", ht_listen_tables[i]);
        /* The beginning of what is too long still tells. */
        (void)ht_read_table_at(proc_fd, ht_proc_name(name, pid, file), &text, TABLE_BYTES, NULL);
        add_listens(sockets, ht_buf_str(&text), ht_listen_tables[i]);
    }
    *ret_listens = (struct ht_text_list){.items = sockets->listens, .len = sockets->found};
    return true;
}
