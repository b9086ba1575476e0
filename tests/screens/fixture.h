/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node in trouble, with hostile names, on a clock that stands: what the screens are tested with.
 */
#ifndef HT_TESTS_SCREENS_FIXTURE_H
#define HT_TESTS_SCREENS_FIXTURE_H

#include "hulltop/model/state.h"
#include "hulltop/ui/ui.h"

/* Its time: 2026-11-23 14:02:31 UTC, and the monotonic clock at that moment. */
#define FIXTURE_NOW  (INT64_C(1795442551) * HT_NS_PER_S)
#define FIXTURE_MONO (INT64_C(1000) * HT_NS_PER_S)

/* The state, owned by the caller. */
struct ht_state *fixture_state(void);
/* A host that is behind in everything question 4 asks; or whose lists are being read. */
struct ht_state *fixture_packages(bool under_way);
/* A state of a node with secrets in the open, with question 5 alone; owned by the caller. */
struct ht_state *fixture_secrets(void);
/* A state of n containers, n findings and n processes. */
struct ht_state *fixture_many(size_t n);

/* What the screens asked for. */
struct fixture_calls {
    unsigned rescan, open, acknowledge, mark, lock, save, bundle, copy, first_run_seen, paused,
        restart, step;
    double speed;
    int64_t seek;
    char text[4096];    /* of the last call */
    const char *unseen; /* what a finding's subject lacks, "": nothing; NULL: that cannot be told */
};
struct ht_ui_calls fixture_calls(struct fixture_calls *calls);
/* Options with a clock that stands at FIXTURE_NOW unless *mono_ns moves. */
struct ht_ui_options fixture_options(int64_t *mono_ns, struct ht_clock *clock);
/* Types text as keys; \n is Enter, \x1b is Esc, \t is Tab. */
void fixture_type(struct ht_ui *ui, const char *keys);

#endif
