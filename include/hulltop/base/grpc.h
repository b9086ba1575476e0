/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gRPC calls over the HTTP client. Layer 1 (base). Messages are bytes: who calls encodes and
 * decodes them. Uses a struct ht_http made with .http2 = true, in its thread.
 *
 * Besides the errors of http.h, where the connection failed, a call fails with what the server
 * said of it. HTTP's own status says nothing: a refusal comes with 200.
 *
 *   -ENOSYS      the server has no such service or method (UNIMPLEMENTED)
 *   -EACCES      PERMISSION_DENIED, UNAUTHENTICATED: with this identity it will not work
 *   -ENODATA     NOT_FOUND                      -EAGAIN      UNAVAILABLE: later perhaps
 *   -ETIMEDOUT   DEADLINE_EXCEEDED              -EFBIG       RESOURCE_EXHAUSTED, or over a limit
 *   -EREMOTEIO   any other status; the text names it
 *   -EPROTO      no gRPC: another content type, broken frames, a compressed message, no status
 */
#ifndef HT_BASE_GRPC_H
#define HT_BASE_GRPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hulltop/base/http.h"

/* A call. Everything is borrowed during the call. */
struct ht_grpc_request {
    const char *path;            /* "/package.Service/Method" */
    const char *const *metadata; /* "name: value", up to a NULL; NULL: none */
    struct ht_str message;       /* may be empty */
    unsigned total_ms;           /* instead of the endpoint's; 0: the endpoint's */
    size_t message_max;          /* bytes of an answer [HT_LIMIT_GRPC_MESSAGE] */
};

/* Calls a method that answers with one message, which is appended to message, emptied before; its
 * limit is set to the request's. On failure it is empty. */
int ht_grpc_call(struct ht_http *http, const struct ht_grpc_request *request,
                 struct ht_buf *message, struct ht_error *err);

/* Called by ht_grpc_stream_wait in its thread, with each message, which is valid during the call
 * only. Rules as for ht_http_line. */
typedef int (*ht_grpc_message)(void *context, struct ht_str message);

struct ht_grpc_stream;

/* Calls a method that answers with a stream of messages. Returns at once, everything happens in
 * ht_grpc_stream_wait; NULL on unusable input only. total_ms is not used: a stream may be silent
 * for ever, before its first message too. */
struct ht_grpc_stream *ht_grpc_stream_open(struct ht_http *http,
                                           const struct ht_grpc_request *request,
                                           ht_grpc_message visit, void *context,
                                           struct ht_error *err);
/* Works on the stream until it ends, something came, wait_ms passed (-1: for ever) or wake_fd (-1:
 * none) is readable. Returns 1 while it is open, 0 once the server ended it with status OK, -errno
 * on failure. What ended it is returned again and again. */
int ht_grpc_stream_wait(struct ht_grpc_stream *stream, int wake_fd, int wait_ms,
                        struct ht_error *err);
/* True once the server has begun to answer. Many do so only with their first message. */
bool ht_grpc_stream_begun(const struct ht_grpc_stream *stream);
/* Closes it; NULL is allowed; returns NULL. */
struct ht_grpc_stream *ht_grpc_stream_close(struct ht_grpc_stream *stream);

/* --- the framing, for who has it without a connection (recorded answers) -----------------------
 */

/* Cuts bytes, as they arrive, into messages: one byte of flags, four of length, the message. */
struct ht_grpc_frames {
    struct ht_buf rest; /* of a frame whose end has not come */
    ht_grpc_message visit;
    void *context;
    const char *fault; /* after -EPROTO: what is wrong. Static text */
};

/* Begins; a message of more than max_bytes will be refused as soon as it says so. */
void ht_grpc_frames_init(struct ht_grpc_frames *frames, size_t max_bytes, ht_grpc_message visit,
                         void *context);
void ht_grpc_frames_fini(struct ht_grpc_frames *frames);
/* Takes the next bytes: 0, what visit returned, -EFBIG or -EPROTO. */
int ht_grpc_frames_feed(struct ht_grpc_frames *frames, struct ht_str bytes);
/* True in the middle of a frame. */
bool ht_grpc_frames_inside(const struct ht_grpc_frames *frames);
/* Appends text with its %XX decoded, as grpc-message has it; what is no %XX stays as it is. */
void ht_grpc_decode_text(struct ht_buf *out, struct ht_str text);

#endif
