/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host-socket.h"

#include <sys/stat.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/root.h"

/* "name:x:gid:member,member" of a group with that id. */
static void set_group(struct ht_arena *arena, struct ht_str line, struct ht_daemon *daemon)
{
    struct ht_str name, password, gid, rest = line, member;
    uint64_t number;

    if (!ht_str_next(&rest, ':', &name) || !ht_str_next(&rest, ':', &password) ||
        !ht_str_next(&rest, ':', &gid) || ht_parse_u64(gid, &number) < 0 ||
        number != daemon->socket_gid)
        return;

    size_t count = 1, len = 0;
    for (size_t i = 0; i < rest.len; i++)
        count += rest.data[i] == ',';

    struct ht_str *members = ht_arena_array(arena, struct ht_str, count);
    while (ht_str_next(&rest, ',', &member)) {
        if (member.len)
            members[len++] = ht_arena_str(arena, member);
    }
    ht_daemon_set_socket_group(daemon, ht_arena_str(arena, name));
    ht_daemon_set_group_members(daemon, (struct ht_text_list){.items = members, .len = len});
}

static void read_group(struct ht_arena *arena, const struct ht_root *root, struct ht_daemon *daemon)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    struct ht_str rest, line;

    if (ht_root_read(root, "/etc/group", &text, HT_LIMIT_FILE, NULL) < 0)
        return;
    rest = ht_buf_str(&text);
    while (ht_str_next(&rest, '\n', &line))
        set_group(arena, line, daemon);
}

/* Of the socket itself, or of the one that a link of root's leads to. */
static bool find_socket(const char *socket_path, struct stat *st)
{
    if (lstat(socket_path, st) < 0)
        return false;
    if (S_ISLNK(st->st_mode) && (st->st_uid != 0 || stat(socket_path, st) < 0))
        return false;
    return S_ISSOCK(st->st_mode);
}

bool ht_host_socket_facts(struct ht_arena *arena, const char *socket_path, struct ht_http_peer peer,
                          struct ht_daemon *daemon)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct stat st;

    if (peer.known)
        ht_daemon_set_socket_uid(daemon, peer.uid);
    /* Process 1 listens for services that it starts when they are called. */
    if (peer.known && peer.pid > 1)
        ht_daemon_set_pid(daemon, peer.pid);
    if (!find_socket(socket_path, &st))
        return false;
    ht_daemon_set_socket_mode(daemon, st.st_mode & 07777);
    ht_daemon_set_socket_gid(daemon, st.st_gid);
    if (ht_root_open(&root, "/", NULL) == 0)
        read_group(arena, &root, daemon);
    return true;
}

struct ht_host_socket ht_host_socket_at(const char *socket_path)
{
    struct stat st;

    if (!socket_path[0] || stat(socket_path, &st) < 0 || !S_ISSOCK(st.st_mode))
        return (struct ht_host_socket){0};
    return (struct ht_host_socket){
        .dev = st.st_dev, .ino = st.st_ino, .made_at = ht_time_of(&st.st_mtim)};
}

bool ht_host_socket_is_replaced(const char *socket_path, const struct ht_host_socket *old)
{
    struct ht_host_socket now = ht_host_socket_at(socket_path);

    return old->ino && now.ino &&
           (now.dev != old->dev || now.ino != old->ino || now.made_at != old->made_at);
}
