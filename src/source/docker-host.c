/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What files of the host tell about a daemon (docker-client.h). */
#include "docker-client.h"

#include <string.h>
#include <sys/stat.h>

#include "hulltop/base/json.h"
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

/* "hosts" and "tlsverify" of daemon.json; what the command line says is added by the join. */
static void read_daemon_json(struct ht_arena *arena, const struct ht_root *root,
                             struct ht_daemon *daemon)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    bool verify = false;

    if (ht_root_read(root, "/etc/docker/daemon.json", &text, HT_LIMIT_FILE, NULL) < 0)
        return;

    const struct ht_json *json =
        ht_json_parse(arena, "daemon.json", ht_arena_str(arena, ht_buf_str(&text)), NULL);
    const struct ht_json *hosts = ht_json_get(json, "hosts");
    size_t count = ht_json_is_array(hosts) ? hosts->len : 0, len = 0;
    struct ht_str *listeners = ht_arena_array(arena, struct ht_str, count);
    for (size_t i = 0; i < count; i++) {
        if (ht_json_string(&hosts->items[i], &listeners[len]) &&
            ht_str_has_prefix(listeners[len], "tcp://"))
            len++;
    }
    if (len == 0)
        return;
    ht_json_bool(ht_json_get(json, "tlsverify"), &verify);
    ht_daemon_set_tcp_listeners(daemon, (struct ht_text_list){.items = listeners, .len = len});
    ht_daemon_set_tcp_tls(daemon, verify);
}

void ht_docker_host_facts(struct ht_arena *arena, const struct ht_docker_client *client,
                          struct ht_daemon *daemon)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct stat st;

    if (!client->socket_path[0] || stat(client->socket_path, &st) < 0)
        return;
    ht_daemon_set_socket_mode(daemon, st.st_mode & 07777);
    ht_daemon_set_socket_uid(daemon, st.st_uid);
    ht_daemon_set_socket_gid(daemon, st.st_gid);
    if (ht_root_open(&root, "/", NULL) < 0)
        return;
    read_group(arena, &root, daemon);
    /* That file is of the daemon at the usual place; another one has its own. */
    if (strcmp(client->socket_path, "/run/docker.sock") == 0 ||
        strcmp(client->socket_path, "/var/run/docker.sock") == 0)
        read_daemon_json(arena, &root, daemon);
}
