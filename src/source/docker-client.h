/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection to one Docker engine: where it is, which API version it speaks, what went wrong in
 * words for the source line. Layer 3 (source), private; the source's thread.
 */
#ifndef HT_SOURCE_DOCKER_CLIENT_H
#define HT_SOURCE_DOCKER_CLIENT_H

#include "hulltop/base/http.h"
#include "hulltop/model/rows.h"
#include "hulltop/source/source.h"

#include "host-socket.h"
#include "trouble.h"

struct ht_docker_client {
    struct ht_http *http;
    char endpoint[300];           /* "unix:///run/docker.sock", "tcp://host:2376" */
    char socket_path[256];        /* of a unix socket, else empty */
    struct ht_host_socket socket; /* what was there before connecting */
    char version[16];             /* "1.41" */
    char libpod[16];              /* version of Podman's own API, "4.3.1"; empty: there is none */
    bool podman;                  /* its headers say that it is one */
    unsigned answer_ms;           /* patience with one answer */
};

struct ht_docker_target {
    const char *url; /* NULL: the first of places that exists */
    const char *cert_path;
    bool tls_verify;
    const char *const *places; /* socket paths, NULL ends; '*' stands for a user id */
    unsigned rank;             /* which of the users that have a socket, by their ids */
    int64_t timeout_ns;        /* for one answer; 0: 2 s */
    int stop_fd;
};

/* Connects and negotiates. -errno with the trouble filled in; the client is closed then. */
int ht_docker_connect(struct ht_docker_client *client, const struct ht_docker_target *target,
                      struct ht_trouble *trouble);
/* Closes it; may be called twice. */
void ht_docker_close(struct ht_docker_client *client);
/* GET /vVERSION/PATH, of at most body_max bytes. 0 only with status 200; 404 is -ESRCH, another
 * status -EPROTO (answer->status tells). */
int ht_docker_get(struct ht_docker_client *client, const char *path, size_t body_max,
                  struct ht_http_answer *answer, struct ht_trouble *trouble);
/* Appends the path with the API's version in front. */
void ht_docker_path(const struct ht_docker_client *client, const char *path, struct ht_buf *out);
/* Appends the path of the list of all containers, or of one: in Podman's own API where there is
 * one, which tells more. */
void ht_docker_list_path(const struct ht_docker_client *client, struct ht_buf *out);
void ht_docker_inspect_path(const struct ht_docker_client *client, const char *id,
                            struct ht_buf *out);
/* Finds the unix socket that a target without an address stands for: the first of its places that
 * exists, else the first place. Returns how many users have a socket at the place with a '*' (0
 * without one). */
size_t ht_docker_find_place(const struct ht_docker_target *target, char *path, size_t size);
/* What became of a request that ht_http made. */
struct ht_docker_reply {
    const char *path;
    int result; /* as ht_http_send's */
    const struct ht_http_answer *answer;
    const struct ht_error *err;
};
/* What it means; as ht_docker_get returns it. */
int ht_docker_judge(const struct ht_docker_client *client, const struct ht_docker_reply *reply,
                    struct ht_trouble *trouble);
/* GET /_ping: 0 if a daemon answers. */
int ht_docker_ping(struct ht_docker_client *client, struct ht_trouble *trouble);
struct ht_docker_stream {
    const char *path;
    ht_http_line line;
    ht_http_bytes seen; /* the bytes of lines, before them; NULL: not shown */
    void *context;
};
/* Opens GET /vVERSION/PATH as a stream and waits until the daemon has agreed. */
int ht_docker_open_stream(struct ht_docker_client *client, const struct ht_docker_stream *wanted,
                          struct ht_http_stream **ret_stream, struct ht_trouble *trouble);
/* Says what a failed call means; as ht_trouble_explain. */
int ht_docker_explain(const struct ht_error *err, struct ht_trouble *trouble);

/* What a daemon.json tells: hosts and tlsverify. Texts go into the arena. */
void ht_docker_decode_config(struct ht_arena *arena, struct ht_str text, struct ht_daemon *daemon);
/* What the host's files tell about the daemon behind a unix socket: mode, owner, group and its
 * members, listeners of daemon.json. Texts go into the arena. */
void ht_docker_host_facts(struct ht_arena *arena, const struct ht_docker_client *client,
                          struct ht_daemon *daemon);

#endif
