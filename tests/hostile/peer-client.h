/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts the misbehaving peer for a C test and tells it what to do (peer.c lists the commands). */
#ifndef HT_TESTS_PEER_CLIENT_H
#define HT_TESTS_PEER_CLIENT_H

#include <stddef.h>
#include <sys/types.h>

struct peer_client {
    pid_t pid;
    int control;
    unsigned port; /* with --tcp */
    char directory[64];
    char socket[96]; /* where it listens */
};

/* Runs it with further arguments (up to a NULL; NULL: none); tcp: on loopback instead of the
 * socket. Ends the test program with a message if that cannot be done. */
void peer_start(struct peer_client *peer, int tcp, const char *const *arguments);
void peer_stop(struct peer_client *peer);
/* Sends one command and asserts that it is answered by "ok"; what came before goes into out, if it
 * is not NULL, cut to size bytes with a NUL. */
void peer_tell(struct peer_client *peer, const char *command, char *out, size_t size);
/* What was asked for since the last call, its targets separated by blanks: the first ones in their
 * order, the rest, of which some may be under way together, in alphabetical order. What follows a
 * "?" of /events is left out. */
void peer_requests(struct peer_client *peer, size_t first, char *out, size_t size);
/* Connections so far. */
unsigned peer_connections(struct peer_client *peer);

#endif
