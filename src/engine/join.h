/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of the join that have a file of their own. Layer 4 (engine), private. */
#ifndef HT_ENGINE_JOIN_H
#define HT_ENGINE_JOIN_H

#include "hulltop/base/vec.h"
#include "hulltop/model/row.h"

/* The daemon row with what the command line of its process tells (TCP listeners, TLS); processes
 * holds const struct ht_row *. Returns a new reference. */
struct ht_row *ht_join_daemon(const struct ht_row *daemon, const struct ht_vec *processes);

#endif
