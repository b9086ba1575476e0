/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an API server's metrics tell about storing values. Layer 3 (source), private; pure.
 *
 * Counters begin anew with the server. At its start it reads each object once: what it read in
 * plaintext since then was plaintext at some time since then, no more. No counter at all means that
 * no encryption is configured, or that the server is too old to count.
 */
#ifndef HT_SOURCE_APISERVER_METRICS_H
#define HT_SOURCE_APISERVER_METRICS_H

#include <stdbool.h>

#include "hulltop/base/arena.h"
#include "hulltop/model/rows.h"

/* Reads Prometheus' text format: sets started_at, config_sha256, reloads, reload_failures and
 * counts, as far as they are told; counts is set, if empty, whenever this returns true. Texts go
 * into the arena. False: these are no metrics of an API server. */
bool ht_apiserver_metrics_decode(struct ht_str text, struct ht_arena *arena,
                                 struct ht_api_counter *counter);

#endif
