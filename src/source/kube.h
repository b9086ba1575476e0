/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Kubernetes source's state, and its parts. Layer 3 (source), private; the source's thread. */
#ifndef HT_SOURCE_KUBE_H
#define HT_SOURCE_KUBE_H

#include "hulltop/base/vec.h"
#include "hulltop/source/source.h"
#include "kube-client.h"
#include "keeper.h"
#include "kube-kin.h"
#include "kube-rights.h"
#include "reconnect.h"

#define HT_KUBE_FULL_PASS_NS (60 * HT_NS_PER_S)

enum { HT_KUBE_NAME_MAX = 256, HT_KUBE_PODS_MAX = 50000 /* of one node */ };

struct ht_kube {
    char *kubeconfig, *context, *node_option; /* NULL: not given */
    bool runs_plugins;
    struct ht_feed *feed;
    struct ht_kube_client client;
    struct ht_http_stream *stream;

    struct ht_map *pods;    /* uid to struct ht_row * */
    struct ht_kube_kin kin; /* of these, to share with */
    struct ht_rowset namespaces, runtime_classes, ingresses, services;
    bool wants_ingresses;          /* and services */
    bool has_ingresses;            /* they could be listed */
    bool has_services;             /* likewise */
    struct ht_kube_rights *rights; /* of service accounts; NULL: not known */
    struct ht_row *own_node;       /* of the API; NULL: not known */
    size_t nodes;                  /* of the cluster, where one_node_known says so */
    char place[HT_ERROR_TEXT_MAX]; /* where the access came from */
    char version[64];
    char node[HT_KUBE_NAME_MAX]; /* what the cluster calls this node; empty: it is none of it */
    bool one_node_known;
    bool ambiguous;                  /* several nodes could be this host */
    char missing[HT_ERROR_TEXT_MAX]; /* what could not be read, and why; empty: nothing */
    size_t bad;                      /* pods that could not be read */
    struct ht_row *counter;          /* what the API server counts; NULL: not asked yet */
    struct ht_keepers keepers;       /* of the API; its arena NULL: not asked yet */
    int64_t storage_due_ns;          /* when it is asked again */
    size_t left_out;                 /* pods beyond the limit */
    char resource[64];               /* version to watch from */

    bool watch_refused;   /* there is no right to watch pods */
    bool changed;         /* since it was told */
    int64_t watch_ns;     /* when the watch was opened; it is not opened again and again */
    int64_t watch_gap_ns; /* at least until the next; longer the more of them fail */
    int64_t told_ns, answered_at, took_ns, next_full_ns;
    struct ht_reconnect reconnect;
};

/* Finds a way in: 0, or -errno with trouble (ABSENT: there is none here). */
int ht_kube_find_access(struct ht_kube *kube, struct ht_kube_access *ret,
                        struct ht_trouble *trouble);
/* Asks for everything: version, nodes, namespaces, pods of this node. */
int ht_kube_pass(struct ht_kube *kube, struct ht_trouble *trouble);
/* Asks how secrets are kept, where that is due; what cannot be told is told in a row. */
void ht_kube_read_storage(struct ht_kube *kube);
/* Adds the rows of that, and of keepers among the pods. */
void ht_kube_tell_storage(struct ht_kube *kube, struct ht_node *sample);
/* Forgets it. */
void ht_kube_forget_storage(struct ht_kube *kube);
/* The same pod with what its service account may do, as far as that is known; consumes row. */
struct ht_row *ht_kube_with_rights(const struct ht_kube *kube, struct ht_row *row);
/* Publishes what is known, with that state. */
void ht_kube_tell(struct ht_kube *kube, enum ht_source_state state, const char *detail,
                  const char *help);
/* The same with the state that follows from what was seen. */
void ht_kube_tell_good(struct ht_kube *kube);
/* Forgets all rows. */
void ht_kube_forget(struct ht_kube *kube);

#endif
