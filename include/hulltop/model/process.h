/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process is to be taken for, said once for sources and checks. Layer 2 (model); pure. */
#ifndef HT_MODEL_PROCESS_H
#define HT_MODEL_PROCESS_H

#include "hulltop/model/rows.h"

/* True if a runtime prepares it and the container's program has not begun: until then runc and its
 * kin call it "runc:[2:INIT]". A program may call itself so too: no pass follows from it. */
bool ht_process_is_prepared(const struct ht_process *process);

#endif
