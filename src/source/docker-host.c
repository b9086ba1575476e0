/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What files of the host tell about a daemon (docker-client.h). */
#include "docker-client.h"

#include <errno.h>
#include <string.h>

#include "host-socket.h"

#include "hulltop/base/json.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

#define CONFIG "/etc/docker/daemon.json"

/* Addresses of TCP, one without a scheme among them. False if there is something that is none, and
 * may be a socket of any kind. */
static bool read_hosts(struct ht_arena *arena, const struct ht_json *hosts,
                       struct ht_text_list *ret)
{
    size_t count = ht_json_is_array(hosts) ? hosts->len : 0;
    struct ht_str *listeners = ht_arena_array(arena, struct ht_str, count), host;
    bool whole = !hosts || ht_json_is_array(hosts);

    *ret = (struct ht_text_list){.items = listeners};
    for (size_t i = 0; i < count; i++) {
        if (!ht_json_string(&hosts->items[i], &host)) {
            whole = false;
            continue;
        }
        host = ht_str_trim(host);
        whole = whole && !ht_str_has_prefix(host, "fd:");
        if (ht_str_has_prefix(host, "tcp://"))
            listeners[ret->len++] = host;
        else if (host.len && ht_str_find(host, HT_S("://"), 0) < 0)
            listeners[ret->len++] = ht_arena_strf(arena, "tcp://%.*s", HT_STR_ARG(host));
    }
    return whole;
}

void ht_docker_decode_config(struct ht_arena *arena, struct ht_str text, struct ht_daemon *daemon)
{
    const struct ht_json *json =
        ht_json_parse(arena, "daemon.json", ht_arena_str(arena, text), NULL);
    struct ht_text_list listeners;
    bool verify = false;

    if (!ht_json_is_object(json))
        return;
    if (read_hosts(arena, ht_json_get(json, "hosts"), &listeners))
        ht_daemon_set_config_file(daemon, HT_S(CONFIG));
    if (listeners.len)
        ht_daemon_set_tcp_listeners(daemon, listeners);
    ht_json_bool(ht_json_get(json, "tlsverify"), &verify);
    if (listeners.len || verify)
        ht_daemon_set_tcp_tls(daemon, verify);
}

/* "hosts" and "tlsverify" of daemon.json; what the command line says is added by the join. */
static void read_daemon_json(struct ht_arena *arena, const struct ht_root *root,
                             struct ht_daemon *daemon)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    int r = ht_root_read(root, CONFIG, &text, HT_LIMIT_FILE, NULL);

    if (r == -ENOENT)
        ht_daemon_set_config_file(daemon, HT_S(CONFIG));
    else if (r == 0)
        ht_docker_decode_config(arena, ht_buf_str(&text), daemon);
}

void ht_docker_host_facts(struct ht_arena *arena, const struct ht_docker_client *client,
                          struct ht_daemon *daemon)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;

    if (!client->socket_path[0] ||
        !ht_host_socket_facts(arena, client->socket_path, ht_http_peer(client->http), daemon))
        return;
    if (ht_root_open(&root, "/", NULL) < 0)
        return;
    /* That file is of the daemon at the usual place; another one has its own. */
    if (strcmp(client->socket_path, "/run/docker.sock") == 0 ||
        strcmp(client->socket_path, "/var/run/docker.sock") == 0)
        read_daemon_json(arena, &root, daemon);
}
