/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dashboard as lines, for screen readers, serial lines and dumb terminals. Layer 7 (app). */
#ifndef HT_APP_PLAIN_H
#define HT_APP_PLAIN_H

#include "hulltop/base/arena.h"
#include "options.h"

/* Runs until the end; why tells why there is no screen (its first line is shown), NULL: it was
 * asked for. Signals are blocked already. Returns the exit status. */
int ht_plain_run(const struct ht_options *options, struct ht_arena *arena,
                 const struct ht_error *why);

#endif
