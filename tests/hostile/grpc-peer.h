/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A gRPC server in a thread of the test, on a unix socket, that can misbehave. It gives the answers
 * it was given, whatever they are: it decodes no message.
 */
#ifndef HT_TESTS_GRPC_PEER_H
#define HT_TESTS_GRPC_PEER_H

#include <stddef.h>

#include "hulltop/base/str.h"

enum grpc_mode {
    GRPC_OK,
    GRPC_MUTE,       /* takes requests and never answers */
    GRPC_STALL,      /* headers, half of the answer, then nothing */
    GRPC_DRIP,       /* the answer a byte at a time, each on its own request to write */
    GRPC_CUT,        /* headers, half of the answer, then closes the connection */
    GRPC_DROP,       /* closes the connection in place of an answer */
    GRPC_RESET,      /* headers, half of the answer, then RST_STREAM with INTERNAL_ERROR */
    GRPC_REFUSE,     /* RST_STREAM with REFUSED_STREAM in place of an answer */
    GRPC_EARLY,      /* UNIMPLEMENTED before the request has ended, then RST_STREAM with NO_ERROR */
    GRPC_STATUS,     /* trailers only: the status and message set by grpc_peer_status */
    GRPC_TRAILERS,   /* the answer, then the status set by grpc_peer_status */
    GRPC_NO_STATUS,  /* the answer, and no trailers */
    GRPC_NO_MESSAGE, /* no message, status OK */
    GRPC_TWICE,      /* the answer two times, status OK */
    GRPC_SHORT,      /* a frame longer than what follows, status OK */
    GRPC_COMPRESSED, /* a frame with the flag for compression */
    GRPC_FLAGS,      /* a frame with a flag nobody knows */
    GRPC_HUGE,       /* a frame that promises 4 GiB - 1 */
    GRPC_ENDLESS,    /* zeros for ever */
    GRPC_HEADERS,    /* more metadata than anybody wants */
    GRPC_HTTP,       /* HTTP status 503 and a web page */
    GRPC_HTML,       /* HTTP status 200 and a web page */
    GRPC_NONSENSE,   /* bytes that are no HTTP/2, in place of an answer */
    GRPC_HTTP1,      /* answers everything in HTTP/1.1 from the first byte on */
};

struct grpc_peer;

/* Starts it; ends the test program with a message if that cannot be done. */
struct grpc_peer *grpc_peer_start(void);
void grpc_peer_stop(struct grpc_peer *peer);
/* Where it listens. */
const char *grpc_peer_socket(const struct grpc_peer *peer);
/* From now on, for the answers that begin then. */
void grpc_peer_mode(struct grpc_peer *peer, enum grpc_mode mode);
/* What GRPC_STATUS and GRPC_TRAILERS say; borrowed texts. */
void grpc_peer_status(struct grpc_peer *peer, const char *status, const char *message);
/* A call of path whose metadata and message hold match (NULL: any) is answered with these bytes,
 * frames included, and status OK. A later one takes the place of an earlier. Paths without an
 * answer are UNIMPLEMENTED. Bytes are copied. */
void grpc_peer_answer(struct grpc_peer *peer, const char *path, const char *match,
                      struct ht_str framed);
/* A call of path is answered by a stream: what grpc_peer_push tells from then on. */
void grpc_peer_stream(struct grpc_peer *peer, const char *path);
/* Sends bytes, frames included, on every open stream, and waits until one is open. */
void grpc_peer_push(struct grpc_peer *peer, struct ht_str framed);
/* Ends every open stream with status OK. */
void grpc_peer_end_streams(struct grpc_peer *peer);
/* Closes every connection. */
void grpc_peer_disconnect(struct grpc_peer *peer);
/* How often a path ("" for any) was called so far, and connections taken. */
unsigned grpc_peer_calls(struct grpc_peer *peer, const char *path);
unsigned grpc_peer_connections(struct grpc_peer *peer);
/* Waits until the path was called more than so often. */
void grpc_peer_wait_calls(struct grpc_peer *peer, const char *path, unsigned more_than);

#endif
