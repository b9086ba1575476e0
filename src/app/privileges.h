/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Root is normal, more than needed is not. Layer 7 (app); main thread, before any other starts. */
#ifndef HT_APP_PRIVILEGES_H
#define HT_APP_PRIVILEGES_H

#include <stdbool.h>

#include "hulltop/base/error.h"

/* -EPERM with a message if the program runs set-user-id, set-group-id or with file capabilities. */
int ht_privileges_refuse_setuid(struct ht_error *err);
/* Keeps only the capabilities that sources use (reading other processes and root's files; watching
 * programs start, where that is wanted), sets no-new-privileges, forbids core dumps and tracing.
 * What the kernel does not know is skipped. */
void ht_privileges_drop(bool watches_starts);

#endif
