/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * etcd asked over its API, where its file is on another machine. Layer 3 (source); one thread.
 *
 * A transaction of comparisons alone says with one bool whether every value in a range lies between
 * two texts, so "all secrets are encrypted with that key" is proven without a value leaving etcd,
 * and halving the range finds the ones that are not. Only where that would take too many questions
 * are values read, and wiped. Nothing is written; reads are serializable: they cost the cluster no
 * round, and work without a leader. gRPC first, the JSON gateway where there is none.
 */
#ifndef HT_SOURCE_ETCD_API_H
#define HT_SOURCE_ETCD_API_H

#include "etcd-tree.h"
#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/model/rows.h"

struct ht_etcd_api_options {
    const char *url;                            /* http://HOST:PORT or https://HOST:PORT */
    const char *ca_file, *cert_file, *key_file; /* NULL: none */
    int cancel_fd;
};

struct ht_etcd_api;

/* A client that has asked nothing yet; texts are copied. */
struct ht_etcd_api *ht_etcd_api_new(const struct ht_etcd_api_options *options);
/* NULL is allowed; returns NULL. */
struct ht_etcd_api *ht_etcd_api_free(struct ht_etcd_api *api);
/* Asks: 0, or -errno with the reason; what was known is forgotten then. rest is called between
 * pages, for at least 250 ms; false ends the asking (-EINTR). */
int ht_etcd_api_refresh(struct ht_etcd_api *api, const struct ht_pace *rest, struct ht_error *err);
/* Fills the row's facts from the last answer; texts live in arena or until the next refresh. */
void ht_etcd_api_tell(struct ht_etcd_api *api, struct ht_arena *arena, struct ht_datastore *row);

#endif
