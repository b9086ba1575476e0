/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a source stays with its daemon: a session until it fails, a pause that grows from one failure
 * to the next, another session. Layer 3 (source), private; all of it in the source's thread.
 */
#ifndef HT_SRC_SOURCE_RECONNECT_H
#define HT_SRC_SOURCE_RECONNECT_H

#include <stdint.h>

#include "hulltop/source/source.h"

#include "trouble.h"

struct ht_reconnect_ops {
    /* Connects and works until the daemon fails (-errno and the trouble); 0: the end was asked for.
     * Calls ht_reconnect_succeeded when it has what it came for. */
    int (*session)(void *self, struct ht_trouble *trouble);
    /* Hands over what is known, with the trouble; the connection is still there. */
    void (*tell)(void *self, const struct ht_trouble *trouble);
    /* Closes what is open, if anything is. */
    void (*disconnect)(void *self);
    const char *stopped; /* the help where what was there is absent now; NULL: absent it is */
};

struct ht_reconnect {
    const char *named;    /* by the user: the help where it is absent all the same, constant; NULL:
                             nobody said that there is one */
    bool quiet;           /* that it is absent is not worth telling */
    bool by_socket;       /* it listens at a socket of this host: whether it does costs nobody
                             anything to ask */
    unsigned least_ms;    /* patience with one answer, at first */
    unsigned patience_ms; /* the same now: it grows while the daemon is slow */
    int64_t pause_ns;     /* before the next attempt */
    int64_t pause_max_ns;
    bool good;       /* the session under way has what it came for */
    bool was_there;  /* once */
    bool told_quiet; /* that there is nothing was handed over, without a word */
};

/* named, quiet and by_socket are the caller's to set. timeout_ns is the user's for one answer; out
 * of bounds (0: none was given): two seconds. */
void ht_reconnect_init(struct ht_reconnect *reconnect, int64_t timeout_ns, int64_t pause_max_ns);
/* Returns when the end is asked for; nothing is open then. */
void ht_reconnect_run(struct ht_reconnect *reconnect, struct ht_feed *feed,
                      const struct ht_reconnect_ops *ops, void *self);
/* The daemon is there: if the session lasts longer than the longest pause, the next one is short
 * again. */
void ht_reconnect_succeeded(struct ht_reconnect *reconnect);
/* A whole pass took so long. What was slow and is quick again gets less patience, so that a daemon
 * that stops is noticed. */
void ht_reconnect_took(struct ht_reconnect *reconnect, int64_t took_ns);

#endif
