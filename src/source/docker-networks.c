/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Networks over several nodes, where the daemon is part of a swarm: whether they are encrypted. */
#include "docker-private.h"

#include <errno.h>

#include "decode.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { NETWORKS_MAX = 4 * 1024 * 1024 };

/* The option is there or not; its value is not looked at, as the driver does. */
static void set_encrypted(const struct ht_json *network, struct ht_network *row)
{
    const struct ht_json *options = ht_json_get(network, "Options");

    if (ht_json_is_object(options))
        ht_network_set_encrypted(row, ht_json_get(options, "encrypted") != NULL);
    else if (options && options->kind == HT_JSON_NULL)
        ht_network_set_encrypted(row, false);
}

static struct ht_row *decode_network(struct ht_arena *arena, const struct ht_json *network,
                                     struct ht_str source)
{
    const struct ht_json *peers = ht_json_get(network, "Peers");
    struct ht_network row = {0};
    struct ht_str text;

    if (!ht_decode_has_text(network, "Id", &text))
        return NULL;
    ht_network_set_id(&row, text);
    ht_network_set_source(&row, source);
    if (ht_decode_has_text(network, "Name", &text))
        ht_network_set_name(&row, ht_arena_str(arena, text));
    if (ht_decode_has_text(network, "Driver", &text))
        ht_network_set_driver(&row, text);
    if (ht_json_is_array(peers))
        ht_network_set_peers(&row, peers->len);
    set_encrypted(network, &row);
    return ht_row_new(&ht_network_table, &row);
}

int ht_docker_decode_networks(struct ht_str text, struct ht_str source, struct ht_rowset *rows,
                              struct ht_error *err)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    const struct ht_json *list = ht_json_parse(arena, "networks", text, err);

    if (!list)
        return err ? -err->code : -EINVAL;
    if (!ht_json_is_array(list) || list->len > HT_LIMIT_ITEMS)
        return ht_error_set(err, EINVAL, "networks: the answer is no list");
    ht_rowset_fini(rows);
    for (size_t i = 0; i < list->len; i++) {
        struct ht_row *row;

        if (!ht_str_is(ht_decode_text(&list->items[i], "Driver"), "overlay"))
            continue;
        row = decode_network(arena, &list->items[i], source);
        if (row)
            ht_rowset_add(rows, row);
    }
    ht_rowset_sort(rows);
    return 0;
}

void ht_docker_note_networks(struct ht_str source, const char *cause, struct ht_rowset *rows)
{
    struct ht_network row = {0};

    ht_network_set_id(&row, source);
    ht_network_set_source(&row, source);
    ht_network_set_name(&row, ht_str_from(cause));
    for (size_t i = 0; i < rows->len; i++) {
        if (ht_str_equal(ht_row_id(rows->rows[i]), source))
            return;
    }
    ht_rowset_add(rows, ht_row_new(&ht_network_table, &row));
    ht_rowset_sort(rows);
}

int ht_docker_read_networks(struct ht_docker *docker, struct ht_trouble *trouble)
{
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    const struct ht_daemon *daemon = docker->daemon ? ht_daemon_of(docker->daemon) : NULL;
    struct ht_str source = ht_str_from(docker->name);
    struct ht_error err = {0};
    const char *cause = trouble->detail;
    int r;

    docker->networks_changed = false;
    if (!docker->histories || !daemon || !ht_str_is(daemon->swarm, "active"))
        return 0;
    docker->changed = true;
    docker->feed->at(docker->feed, "asking for the networks of the swarm");
    r = ht_docker_get(&docker->client, "/networks", NETWORKS_MAX, &answer, trouble);
    if (r == -EINTR)
        return r;
    if (r == 0) {
        r = ht_docker_decode_networks(ht_buf_str(&answer.body), source, &docker->networks, &err);
        cause = err.text;
    }
    if (r < 0)
        ht_docker_note_networks(source, cause, &docker->networks);
    return 0;
}
