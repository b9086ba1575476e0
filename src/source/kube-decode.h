/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers of an API server to rows: bytes in, rows out, nothing else. Layer 3 (source), private;
 * pure.
 */
#ifndef HT_SOURCE_KUBE_DECODE_H
#define HT_SOURCE_KUBE_DECODE_H

#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/model/row.h"

/* What a page of a list says about itself; texts are in the arena. */
struct ht_kube_page {
    struct ht_str more;     /* the token of the next page; empty: this was the last */
    struct ht_str resource; /* version of the whole list, to watch from */
    size_t items;
    size_t bad; /* items that could not be read */
};

/* Who takes the rows, one by one: each is consumed. */
struct ht_kube_taker {
    void (*take)(void *context, struct ht_row *row);
    void *context;
};

/* One page of a list of pods, namespaces, nodes, runtime classes, ingresses or services, item by
 * item; what it is about comes from its kind (PodList, NamespaceList, NodeList, RuntimeClassList,
 * IngressList, ServiceList). -EINVAL: no such list. */
int ht_kube_decode_page(struct ht_arena *arena, struct ht_str text,
                        const struct ht_kube_taker *taker, struct ht_kube_page *ret,
                        struct ht_error *err);

/* One object of these kinds as a row, owned by the caller; NULL with err. */
struct ht_row *ht_kube_decode_object(struct ht_str text, struct ht_error *err);

enum ht_kube_change {
    HT_KUBE_PUT,      /* added or modified */
    HT_KUBE_DROP,     /* deleted */
    HT_KUBE_BOOKMARK, /* nothing but a newer version */
    HT_KUBE_EXPIRED,  /* 410: list again */
    HT_KUBE_ERROR,    /* another error of the server */
};

/* One line of a watch of pods. */
struct ht_kube_event {
    enum ht_kube_change change;
    struct ht_row *row;     /* of PUT: owned by the caller; of others NULL */
    struct ht_str id;       /* of DROP: uid */
    struct ht_str resource; /* newest version; may be empty */
    struct ht_str message;  /* of ERROR */
};
int ht_kube_decode_event(struct ht_arena *arena, struct ht_str line, struct ht_kube_event *ret,
                         struct ht_error *err);

/* "message" of a Status, or a short plain text; empty: neither. */
struct ht_str ht_kube_decode_message(struct ht_arena *arena, struct ht_str text);
/* "gitVersion" of /version. */
struct ht_str ht_kube_decode_version(struct ht_arena *arena, struct ht_str text);

#endif
