/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How to get to an API server, and as whom: kubeconfig files, and what a pod has of its cluster.
 * Layer 3 (source), private.
 */
#ifndef HT_SOURCE_KUBE_CONFIG_H
#define HT_SOURCE_KUBE_CONFIG_H

#include <stdbool.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"
#include "kube-plugin.h"

/* Certificates and keys are PEM as they were given, or the path of a file; empty: none. */
struct ht_kube_pem {
    struct ht_buf bytes;
    char *file;
};

struct ht_kube_access {
    char *server;  /* https://host:port */
    char *prefix;  /* path in front of all others, such as "/k8s/clusters/c-1"; empty mostly */
    char *cluster; /* its name in the configuration */
    char *proxy;   /* proxy-url of the cluster; NULL: none */
    struct ht_kube_pem ca, cert, key;
    struct ht_buf token;
    char *token_file; /* read again for each connection, and when the server refuses the token */
    struct ht_kube_plugin *plugin; /* makes the credentials; NULL: none does */
    bool insecure;                 /* the server's certificate is not to be verified */
};

/* Decodes a kubeconfig into ret (zeroed before). name is its path: it begins messages, and files
 * that it names lie beside it. context NULL: the current one. -EINVAL: not a kubeconfig, or what
 * the context names is not in it. */
int ht_kube_config_decode(struct ht_str text, const char *name, const char *context,
                          struct ht_kube_access *ret, struct ht_error *err);
/* Reads and decodes a file. -ENOENT: there is none. */
int ht_kube_config_read(const char *path, const char *context, struct ht_kube_access *ret,
                        struct ht_error *err);
/* What a pod has: folder with token and ca.crt, host and port from its environment. -ENOENT: this
 * is no pod, or it has no token. */
int ht_kube_in_cluster(const char *folder, const char *host, const char *port,
                       struct ht_kube_access *ret, struct ht_error *err);
/* Wipes keys and tokens and frees everything; ret may be zeroed. */
void ht_kube_access_fini(struct ht_kube_access *access);

#endif
