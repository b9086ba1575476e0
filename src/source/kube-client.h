/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to an API server: credentials, and what its errors mean. Layer 3 (source), private; one
 * thread.
 */
#ifndef HT_SOURCE_KUBE_CLIENT_H
#define HT_SOURCE_KUBE_CLIENT_H

#include "hulltop/base/http.h"
#include "hulltop/model/rows.h"
#include "kube-config.h"
#include "trouble.h"

struct ht_kube_client {
    struct ht_kube_access access;
    struct ht_http *http;
    struct ht_buf authorization; /* "Authorization: Bearer ..."; empty: none */
    int ca_fd, cert_fd, key_fd;  /* files without names for what was given inline */
    int stop_fd;
    const struct ht_clock *clock;
};

/* How it is opened. */
struct ht_kube_client_options {
    int stop_fd;       /* ends what waits */
    bool runs_plugins; /* --exec-credentials */
    const struct ht_clock *clock;
};

/* Takes over access. Runs its plugin if that is wanted; connects to nothing yet. */
int ht_kube_client_open(struct ht_kube_client *client, struct ht_kube_access *access,
                        const struct ht_kube_client_options *options, struct ht_trouble *trouble);
/* Closes it and wipes what is secret; it may have been zeroed only. */
void ht_kube_client_close(struct ht_kube_client *client);

/* GET of a path below the server's prefix. 0: status 200. A token that is refused is read from its
 * file again, once. -EACCES: 403; -EPERM: 401; -ENOENT: 404; -ESTALE: 410; -EAGAIN: 429 or 5xx, to
 * be tried again; others: no or no such answer. */
int ht_kube_get(struct ht_kube_client *client, const char *path, struct ht_http_answer *answer,
                struct ht_trouble *trouble);
/* Opens a watch. */
struct ht_http_stream *ht_kube_watch(struct ht_kube_client *client, const char *path,
                                     ht_http_line line, void *context, struct ht_error *err);
/* kube-certificates.c: puts into trouble, instead of what it says, which certificate is not valid
 * at this time, if one is: the client's, and after a failed verification the authority's and the
 * server's. It may ask the server, without credentials. */
void ht_kube_tell_certificates(const struct ht_kube_client *client, bool of_server,
                               struct ht_trouble *trouble);
/* Says what a failed call means; as ht_trouble_explain. */
int ht_kube_explain(const struct ht_error *err, struct ht_trouble *trouble);

#endif
