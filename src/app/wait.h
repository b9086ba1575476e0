/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One pass without a screen: check and doctor. Layer 7 (app). */
#ifndef HT_APP_WAIT_H
#define HT_APP_WAIT_H

#include "session.h"

/* Takes the signals over. */
int ht_wait_prepare(struct ht_error *err);
/* Starts the engine and waits until every source has answered or failed, at most timeout_ns.
 * A recording is taken to its end first. ret_state is owned by the caller; it stays NULL when
 * nothing can be told, and the exit status is returned then. */
int ht_wait_for_answer(struct ht_session *session, int64_t timeout_ns, struct ht_state **ret_state);

#endif
