/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host-socket.h"

#include <string.h>
#include <sys/stat.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
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

bool ht_host_access_changed(const char *socket_path, const char *groups_path,
                            struct ht_host_access *seen)
{
    struct ht_host_access now = {0};
    struct stat st;

    if (find_socket(socket_path, &st)) {
        now.mode = st.st_mode;
        now.uid = st.st_uid;
        now.gid = st.st_gid;
    }
    if (stat(groups_path, &st) == 0) {
        now.groups_dev = st.st_dev;
        now.groups_ino = st.st_ino;
        now.groups_size = (uint64_t)st.st_size;
        now.groups_changed_at = ht_time_of(&st.st_ctim);
    }
    bool changed = memcmp(&now, seen, sizeof(now)) != 0;
    *seen = now;
    return changed;
}

struct ht_row *ht_host_access_again(const char *socket_path, struct ht_http_peer peer,
                                    struct ht_host_access *seen, struct ht_row *daemon)
{
    static const char *const told[] = {"socket_mode", "socket_gid", "socket_group",
                                       "group_members"};
    ht_autoarena struct ht_arena *arena = NULL;
    struct ht_row *row;

    if (!socket_path[0] || !daemon || !ht_host_access_changed(socket_path, HT_HOST_GROUPS, seen))
        return daemon;
    arena = ht_arena_new(HT_LIMIT_FILE);
    struct ht_daemon now = *ht_daemon_of(daemon);
    for (size_t i = 0; i < ARRAY_LEN(told); i++)
        ht_field_forget(&ht_daemon_table, &now, told[i]);
    ht_host_socket_facts(arena, socket_path, peer, &now);
    row = ht_row_keep(daemon, ht_row_new(&ht_daemon_table, &now));
    ht_row_unref(daemon);
    return row;
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
