/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What files of the host tell about a daemon (docker-client.h). */
#include "docker-client.h"

#include <string.h>

#include "host-socket.h"

#include "hulltop/base/json.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

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

    if (!client->socket_path[0] || !ht_host_socket_facts(arena, client->socket_path, daemon))
        return;
    if (ht_root_open(&root, "/", NULL) < 0)
        return;
    /* That file is of the daemon at the usual place; another one has its own. */
    if (strcmp(client->socket_path, "/run/docker.sock") == 0 ||
        strcmp(client->socket_path, "/var/run/docker.sock") == 0)
        read_daemon_json(arena, &root, daemon);
}
