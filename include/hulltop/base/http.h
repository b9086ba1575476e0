/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP to the APIs of daemons. Layer 1 (base). A struct ht_http belongs to one thread.
 *
 * One struct ht_http is one endpoint with one keep-alive connection, and some more for requests
 * that go out together; each open stream has a connection of its own. libcurl is opened at run time
 * by the first call of ht_http_new, so that nothing of it costs start-up time. Verification is on,
 * redirects, proxies and other protocols than http and https are off. Every wait ends: on a
 * deadline, or when cancel_fd becomes readable. The process ignores SIGPIPE.
 *
 * Errors, the same for requests and streams (a status of 400 and above is an answer, no error):
 *   -ENOENT        no such socket                  -ECONNREFUSED  nobody listens there
 *   -ENOTSOCK      something else is in its place  -EMFILE        no more files can be opened
 *   -EACCES        no permission for the socket    -EHOSTUNREACH  no such host, no way to it
 *   -ETIMEDOUT     not connected, no answer, or stalled midway, in time (the text says which)
 *   -EFBIG         headers, body or a line over the limit
 *   -EPROTO        it is not HTTP (as asked for)   -ECONNRESET    closed before the end
 *   -EKEYREJECTED  TLS failed (certificate, name, key; the text says why)
 *   -EINTR         cancelled                       -ENOTSUP       libcurl is missing or too old
 *   -EINVAL        an unusable endpoint or path    -EIO           anything else
 */
#ifndef HT_BASE_HTTP_H
#define HT_BASE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"
#include "hulltop/base/str.h"

/* Where and how. Texts are copied by ht_http_new. Zero means the default in brackets. */
struct ht_http_options {
    const char *socket_path; /* a unix socket, absolute; or */
    const char *url;         /* http://host[:port] or https://host[:port], no path */
    const char *name;        /* what errors call it [the one of these two that is given] */
    const char *ca_file;     /* PEM; NULL: the system's */
    const char *cert_file;   /* client certificate and key, PEM; NULL: none */
    const char *key_file;
    const char *proxy; /* http://host:port or the like; NULL: none, whatever the environment says */
    bool http2;        /* HTTP/2 and nothing else; over TLS by agreement, else unasked */
    bool insecure;     /* accept any server certificate: only because the user said so */
    unsigned connect_ms;  /* until connected, TLS included [2000] */
    unsigned total_ms;    /* a whole request; for a stream until its headers are there [10000] */
    unsigned stall_ms;    /* without one byte in the middle of an answer [3000] */
    size_t body_max;      /* [HT_LIMIT_BODY] */
    struct ht_buf *shown; /* gets the certificates that the server shows, as PEM; borrowed */
    int cancel_fd;        /* readable: everything ends with -EINTR; 0 or less: none. Borrowed */
};

/* A request. Everything is borrowed during the call. */
struct ht_http_request {
    const char *method;         /* NULL: GET, or POST with a body */
    const char *path;           /* "/v1.41/info?x=y", already escaped */
    const char *const *headers; /* "Name: value", up to a NULL; NULL: none */
    struct ht_str body;
    unsigned total_ms; /* instead of the endpoint's; 0: the endpoint's */
    size_t body_max;   /* likewise */
};

/* An answer: initialise it with HT_HTTP_ANSWER, use it again and again, give it to
 * ht_http_answer_fini. */
struct ht_http_answer {
    int status;  /* 200; 0 while there was none */
    bool reused; /* went over the connection of the request before */
    int64_t duration_ns;
    struct ht_buf headers;  /* lines "Name: value\n"; use ht_http_header */
    struct ht_buf trailers; /* likewise, of what came behind the body */
    struct ht_buf body;
};

#define HT_HTTP_ANSWER                                                                             \
    {                                                                                              \
        .status = 0                                                                                \
    }
#define ht_autoanswer __attribute__((cleanup(ht_http_answer_fini)))

struct ht_http;
struct ht_http_stream;

/* Who listens on a unix socket, as the kernel tells it of the connection itself: what the path
 * leads to may change at any time. */
struct ht_http_peer {
    bool known;   /* false: no answer yet, or no unix socket */
    uint64_t uid; /* of the process that made the listening socket */
    uint64_t pid; /* its id; 0: outside of this pid namespace */
};

/* Returns a client for the endpoint, owned by the caller, or NULL: ENOENT where there is no such
 * socket. Connects to nothing yet. */
struct ht_http *ht_http_new(const struct ht_http_options *options, struct ht_error *err);
/* Closes everything, at once; streams of it must have been closed. NULL is allowed; returns NULL.
 */
struct ht_http *ht_http_free(struct ht_http *http);
/* The endpoint for messages: "/var/run/docker.sock" or the URL. Borrowed. */
const char *ht_http_name(const struct ht_http *http);

/* Who gave the first answer. All others come from the same user: what another one answers fails
 * with -ECONNRESET and is not looked at. */
struct ht_http_peer ht_http_peer(const struct ht_http *http);

/* One request and its whole answer. On failure the answer holds what had arrived. Over HTTP/2, a
 * request that finds the kept connection closed is sent again, once. */
int ht_http_send(struct ht_http *http, const struct ht_http_request *request,
                 struct ht_http_answer *answer, struct ht_error *err);
/* ht_http_send of a plain GET. */
int ht_http_get(struct ht_http *http, const char *path, struct ht_http_answer *answer,
                struct ht_error *err);
/* What became of one of several requests; called by ht_http_get_all in its thread, in the order in
 * which they end. result and err are as ht_http_send's; the answer is borrowed until it returns.
 * Returns 0; 1 if no further request shall begin (those under way are waited for); -errno to end it
 * all at once. It uses neither this client nor closes its streams. */
typedef int (*ht_http_done)(void *context, size_t index, int result,
                            const struct ht_http_answer *answer, const struct ht_error *err);

enum { HT_HTTP_LANES = 4 };

/* Fills in path and limits of request number index, counted from 0; the path is borrowed until the
 * next call. False: there is none, or none yet: it is asked again when another one has ended. */
typedef bool (*ht_http_next)(void *context, size_t index, struct ht_http_request *request);

struct ht_http_batch {
    ht_http_next next;
    ht_http_done done;
    void *context;
};

/* Plain GETs over HTTP/1.1, begun in order, at most HT_HTTP_LANES at a time, each on a keep-alive
 * connection of its own: one that stalls holds up no other. 0 once all that began have
 * ended, -EINTR, or the -errno of done, which filled no err. */
int ht_http_get_all(struct ht_http *http, const struct ht_http_batch *batch, struct ht_error *err);
/* The value of a header or, if there is none of that name, trailer; ASCII case is ignored; empty if
 * there is none. Borrowed from the answer. */
struct ht_str ht_http_header(const struct ht_http_answer *answer, const char *name);
void ht_http_answer_fini(struct ht_http_answer *answer);

/* Called by ht_http_stream_wait in its thread, with the bytes of a 2xx answer as they come; like
 * ht_http_line otherwise, and -EFBIG tells that something in them is over request.body_max. */
typedef int (*ht_http_bytes)(void *context, struct ht_str bytes);
/* Called by ht_http_stream_wait in its thread, with each line without its end; empty lines are left
 * out. It may block and may use other clients, not close its own stream. Other than 0 ends the
 * stream; ht_http_stream_wait returns it then, so let it be -errno and fill no err. */
typedef int (*ht_http_line)(void *context, struct ht_str line);

/* Sends a request whose answer is a stream of lines (Docker's /events, watches). Returns at once;
 * connecting and everything else happens in ht_http_stream_wait. NULL on unusable input only. */
struct ht_http_stream *ht_http_stream_open(struct ht_http *http,
                                           const struct ht_http_request *request, ht_http_line line,
                                           void *context, struct ht_error *err);
/* From its first wait on, seen is shown the bytes of such lines as they come, before these are made
 * of them; its context is theirs, and what it returns ends the stream likewise. */
void ht_http_stream_show(struct ht_http_stream *stream, ht_http_bytes seen);
/* The same for a stream of bytes. Its headers may come as late as the server likes, once it is
 * connected; a status other than 2xx is no failure: ht_http_stream_answer tells it. */
struct ht_http_stream *ht_http_stream_open_bytes(struct ht_http *http,
                                                 const struct ht_http_request *request,
                                                 ht_http_bytes bytes, void *context,
                                                 struct ht_error *err);
/* Works on the stream until it ends, headers or lines have come (they were delivered), wait_ms
 * passed (-1: for ever) or wake_fd (-1: none) is readable. Returns 1 while it is open, 0 once its
 * end was reached properly, -errno on failure: also -EPROTO when the status is not 2xx (then
 * ht_http_stream_status and the beginning of the body in err tell). A line over HT_LIMIT_LINE is
 * -EFBIG. What ended it is returned again and again. */
int ht_http_stream_wait(struct ht_http_stream *stream, int wake_fd, int wait_ms,
                        struct ht_error *err);
/* The status once the headers are there, else 0: from then on nothing that happens is missed. */
int ht_http_stream_status(const struct ht_http_stream *stream);
/* What has come of status, headers, trailers and the body of a refusal. Borrowed. */
const struct ht_http_answer *ht_http_stream_answer(const struct ht_http_stream *stream);
/* Closes it; NULL is allowed; returns NULL. */
struct ht_http_stream *ht_http_stream_close(struct ht_http_stream *stream);
/* All of the above in one call: returns 0 at the proper end of the stream, else -errno. */
int ht_http_stream(struct ht_http *http, const char *path, ht_http_line line, void *context,
                   struct ht_error *err);

/* Appends text with everything but unreserved characters as %XX: for one part of a path or one
 * value of a query. */
void ht_http_escape(struct ht_buf *out, struct ht_str text);

#endif
