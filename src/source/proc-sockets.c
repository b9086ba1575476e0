/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc-sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "net-table.h"
#include "proc-read.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

enum { NAME_BYTES = 32, LINK_BYTES = 128, PATH_BYTES = 64, STDIO = 3 };

struct space {
    uint64_t ns;
    struct ht_net_socket *sockets;
    size_t len;
    size_t cap;
    bool whole;
};

struct ht_net_cache {
    struct space spaces[HT_NET_SPACES_MAX];
    size_t next; /* the place that is used up next */
};

struct ht_net_cache *ht_net_cache_new(void)
{
    return ht_new0(struct ht_net_cache);
}

void ht_net_cache_forget(struct ht_net_cache *cache)
{
    for (size_t i = 0; i < HT_NET_SPACES_MAX; i++) {
        free(cache->spaces[i].sockets);
        cache->spaces[i] = (struct space){0};
    }
    cache->next = 0;
}

struct ht_net_cache *ht_net_cache_free(struct ht_net_cache *cache)
{
    if (cache)
        ht_net_cache_forget(cache);
    free(cache);
    return NULL;
}

/* ---- a namespace ---- */

/* Those that wait for others, and connections; the rest says nothing. */
static void add_sockets(struct space *space, struct ht_str text, bool six)
{
    struct ht_net_socket socket;

    while (ht_net_next(&text, six, &socket)) {
        if (socket.state != HT_NET_ESTABLISHED && socket.state != HT_NET_LISTEN)
            continue;
        if (space->len == HT_NET_SOCKETS_MAX) {
            space->whole = false;
            return;
        }
        if (space->len == space->cap) {
            space->cap = space->cap ? 2 * space->cap : 16;
            space->sockets = ht_realloc(space->sockets, space->cap, sizeof(*space->sockets));
        }
        space->sockets[space->len++] = socket;
    }
}

static void read_space(struct ht_proc_reader *reader, pid_t pid, struct space *space)
{
    static const char *const tables[] = {"tcp", "tcp6"};
    char name[NAME_BYTES];

    space->whole = true;
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        snprintf(name, sizeof(name), "%d/net/%s", (int)pid, tables[i]);
        int r = ht_read_table_at(reader->proc_fd, name, &reader->file, HT_LIMIT_PROC_FILE, NULL);

        if (r == 0 || r == -EFBIG)
            add_sockets(space, ht_buf_str(&reader->file), i == 1);
        /* A kernel without IPv6 has no second table. */
        if (r < 0 && !(i == 1 && r == -ENOENT))
            space->whole = false;
    }
}

static const struct space *find_space(struct ht_proc_reader *reader, pid_t pid)
{
    struct ht_net_cache *cache = reader->net;
    uint64_t ns = ht_proc_decode_ns(ht_proc_read_link(reader, pid, "ns/net"));

    if (ns == 0)
        return NULL;
    for (size_t i = 0; i < HT_NET_SPACES_MAX; i++) {
        if (cache->spaces[i].ns == ns)
            return &cache->spaces[i];
    }
    struct space *space = &cache->spaces[cache->next++ % HT_NET_SPACES_MAX];
    free(space->sockets);
    *space = (struct space){.ns = ns};
    read_space(reader, pid, space);
    return space;
}

static const struct ht_net_socket *find_socket(const struct space *space, uint64_t inode)
{
    for (size_t i = 0; i < space->len; i++) {
        if (space->sockets[i].inode == inode)
            return &space->sockets[i];
    }
    return NULL;
}

/* ---- the first three ---- */

static struct ht_str describe(struct ht_proc_reader *reader, pid_t pid, struct ht_arena *arena,
                              struct ht_str link)
{
    char text[HT_NET_TEXT_MAX];
    uint64_t inode = ht_net_socket_inode(link);

    if (inode) {
        const struct space *space = find_space(reader, pid);
        const struct ht_net_socket *socket = space ? find_socket(space, inode) : NULL;

        if (socket && socket->state == HT_NET_ESTABLISHED)
            return ht_arena_strf(arena, "tcp %s", ht_net_format(&socket->remote, text));
        return socket ? HT_S("tcp listener") : HT_S("socket");
    }
    if (ht_str_has_prefix(link, "/dev/pts/") || ht_str_has_prefix(link, "/dev/tty") ||
        ht_str_is(link, "/dev/console"))
        return HT_S("tty");
    if (ht_str_has_prefix(link, "pipe:"))
        return HT_S("pipe");
    return ht_str_is(link, "/dev/null") ? HT_S("null") : HT_S("file");
}

void ht_proc_read_stdio(struct ht_proc_reader *reader, pid_t pid, struct ht_arena *arena,
                        struct ht_process *process)
{
    static const char *const names[STDIO] = {"fd/0", "fd/1", "fd/2"};
    struct ht_str *items = ht_arena_array(arena, struct ht_str, STDIO);

    for (size_t i = 0; i < STDIO; i++) {
        char copy[LINK_BYTES];

        errno = 0;
        struct ht_str link = ht_proc_read_link(reader, pid, names[i]);
        if (link.len == 0 && errno != ENOENT)
            return;
        /* The buffer is used again for the namespace; longer ones are files. */
        size_t len = link.len < sizeof(copy) ? link.len : sizeof(copy);
        if (len)
            memcpy(copy, link.data, len);
        items[i] = len ? describe(reader, pid, arena, (struct ht_str){.data = copy, .len = len})
                       : HT_S("closed");
    }
    ht_process_set_stdio(process, (struct ht_text_list){.items = items, .len = STDIO});
}

/* ---- all of them ---- */

struct walk {
    struct ht_proc_reader *reader;
    pid_t pid;
    const struct space *space; /* NULL: no socket was met yet */
    bool unknown;              /* one was met, but its namespace could not be told */
    struct ht_arena *arena;
    int dirfd;
    struct ht_str *peers;
    size_t peers_len;
    struct ht_str *listens;
    size_t listens_len;
};

/* Past the limit one that gives a node's identity away takes the place of the last. */
static void add_address(struct walk *walk, const struct ht_net_end *end, struct ht_str *list,
                        size_t *len)
{
    char text[HT_NET_TEXT_MAX];
    struct ht_str address = ht_str_from(ht_net_format(end, text));

    for (size_t i = 0; i < *len; i++) {
        if (ht_str_equal(list[i], address))
            return;
    }
    if (*len < HT_PROC_PEERS_MAX)
        list[(*len)++] = ht_arena_str(walk->arena, address);
    else if (ht_net_is_metadata(end))
        list[*len - 1] = ht_arena_str(walk->arena, address);
}

/* A connection to a port that somebody here listens on was opened by the other side. */
static bool is_accepted(const struct space *space, const struct ht_net_socket *socket)
{
    for (size_t i = 0; i < space->len; i++) {
        if (space->sockets[i].state == HT_NET_LISTEN &&
            space->sockets[i].local.port == socket->local.port)
            return true;
    }
    return false;
}

uint64_t ht_proc_socket_at(int dirfd, const char *path)
{
    char target[LINK_BYTES];
    ssize_t len = readlinkat(dirfd, path, target, sizeof(target));

    return len > 0 ? ht_net_socket_inode((struct ht_str){.data = target, .len = (size_t)len}) : 0;
}

/* The kernel tells by which protocol a socket was made. What it does not tell may be of TCP.
 *
 * A number can become another file's at any time, one of FUSE too, whose owner need not answer
 * when it is asked for an attribute. So it is held first, which asks nobody, and the kernel's own
 * name of what is held says whether it is the socket. */
bool ht_proc_may_be_tcp(int fd_dir, const char *name, uint64_t socket)
{
    static const char *const others[] = {"UNIX", "NETLINK", "UDP", "PACKET"};
    char path[PATH_BYTES], protocol[NAME_BYTES] = "";
    ht_autoclose int held = openat(fd_dir, name, O_PATH | O_CLOEXEC);

    if (held < 0)
        return true;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", held);
    if (ht_proc_socket_at(AT_FDCWD, path) != socket ||
        getxattr(path, "system.sockprotoname", protocol, sizeof(protocol) - 1) <= 0)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (strncmp(protocol, others[i], strlen(others[i])) == 0)
            return false;
    }
    return true;
}

/* The kernel walks all connections of the node for one namespace's table, which takes longer than
 * a hundred processes: it is read only for those that have a socket of TCP. */
static const struct ht_net_socket *find_in_space(struct walk *walk, const char *name,
                                                 uint64_t inode)
{
    if (!walk->space && !walk->unknown) {
        if (!ht_proc_may_be_tcp(walk->dirfd, name, inode))
            return NULL;
        walk->space = find_space(walk->reader, walk->pid);
        walk->unknown = !walk->space;
    }
    return walk->space ? find_socket(walk->space, inode) : NULL;
}

static int visit_fd(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct walk *walk = context;
    uint64_t wanted = ht_proc_socket_at(walk->dirfd, name);

    (void)type;
    (void)inode;
    const struct ht_net_socket *socket = wanted ? find_in_space(walk, name, wanted) : NULL;
    if (!socket)
        return 0;
    if (socket->state == HT_NET_LISTEN)
        add_address(walk, &socket->local, walk->listens, &walk->listens_len);
    else if (!ht_net_is_loopback(&socket->remote) && !is_accepted(walk->space, socket))
        add_address(walk, &socket->remote, walk->peers, &walk->peers_len);
    return 0;
}

void ht_proc_read_peers(struct ht_proc_reader *reader, pid_t pid, struct ht_arena *arena,
                        struct ht_process *process)
{
    char name[NAME_BYTES];

    snprintf(name, sizeof(name), "%d/fd", (int)pid);
    ht_autoclose int dirfd = openat(reader->proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0)
        return;

    struct walk walk = {.reader = reader,
                        .pid = pid,
                        .dirfd = dirfd,
                        .arena = arena,
                        .peers = ht_arena_array(arena, struct ht_str, HT_PROC_PEERS_MAX),
                        .listens = ht_arena_array(arena, struct ht_str, HT_PROC_PEERS_MAX)};
    const struct ht_dir_visitor visitor = {
        .visit = visit_fd, .context = &walk, .max_entries = HT_PROC_FDS_MAX};
    bool whole = ht_list_fd(dirfd, &visitor, NULL) == 0 && !walk.unknown &&
                 (!walk.space || walk.space->whole);

    if (whole || walk.peers_len)
        ht_process_set_peers(process,
                             (struct ht_text_list){.items = walk.peers, .len = walk.peers_len});
    if (whole || walk.listens_len)
        ht_process_set_listens(
            process, (struct ht_text_list){.items = walk.listens, .len = walk.listens_len});
}
