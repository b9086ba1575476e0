/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the HTTP client share: http.c alone knows libcurl, http-text.c needs none of
 * it, http-stream.c has the answers that do not end, http-batch.c requests that go out together. */
#ifndef HT_BASE_HTTP_PRIVATE_H
#define HT_BASE_HTTP_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "hulltop/base/http.h"

struct curl_slist;

enum { HT_HTTP_DETAIL_MAX = 256, HT_HTTP_SOCKETS = 2 * HT_HTTP_LANES + 8 };

/* One request on its way. */
struct ht_http_transfer {
    void *easy, *multi;            /* handles of libcurl */
    struct ht_http_transfer *next; /* driven together with this one, over the same multi */
    struct curl_slist *headers;
    char detail[HT_HTTP_DETAIL_MAX]; /* libcurl's words for what went wrong */
    struct ht_str request_body;      /* borrowed or owned by the stream */

    struct ht_buf *head; /* where the answer goes */
    struct ht_buf *trailers;
    struct ht_buf *body;
    ht_http_bytes feed; /* a stream: where a 2xx body goes instead */
    void *feed_context;
    const char *unit; /* what feed counts, for messages: "line" */
    size_t unit_max;  /* bytes of it */

    int64_t started_ns;
    int64_t byte_ns; /* when the newest byte came, 0: none yet */
    int64_t connect_ns, total_ns, stall_ns;
    bool late_head;         /* the headers of a stream may come when they like */
    bool added;             /* to multi */
    bool head_done;         /* the headers are complete */
    bool news;              /* headers or bytes have come since somebody looked */
    bool done;              /* code is known */
    bool kept;              /* multi holds a connection that has worked */
    bool over;              /* stopped is about a limit */
    bool late;              /* its patience ended */
    bool plain;             /* easy has the options of a plain GET */
    int code;               /* libcurl's, once done */
    int stopped;            /* by a callback of ours: -errno, or what feed returned */
    int protocol;           /* 1 or 2 once an answer has begun, else 0 */
    bool only_closed;       /* HTTP/2: the stream was closed, but not on an error */
    struct ht_http *client; /* whose it is */
};

struct ht_http {
    char *name;
    char *base; /* "http://localhost", put in front of paths */
    char *socket_path;
    char *ca_file, *cert_file, *key_file, *proxy;
    struct ht_http_options options;
    struct ht_http_peer peer;   /* who answered first */
    int fresh[HT_HTTP_SOCKETS]; /* sockets whose other end was not looked at; 0: a free place */
    bool by_others;             /* another user has answered too */
    struct ht_http_transfer transfer; /* of ht_http_send */
    struct ht_http_lane {
        struct ht_http_transfer transfer; /* borrows the multi of the one above */
        struct ht_http_answer answer;
        size_t index;
        bool busy;
    } lanes[HT_HTTP_LANES]; /* of ht_http_get_all */
};

/* Says where the answer goes, and by when it has to come. */
void ht_http_transfer_expect(struct ht_http_transfer *t, struct ht_http *http,
                             const struct ht_http_request *request, struct ht_http_answer *answer);
/* Gives the request to libcurl; nothing is sent yet. */
int ht_http_transfer_start(struct ht_http_transfer *t, const struct ht_http *http,
                           const struct ht_http_request *request, struct ht_error *err);
/* Works until the transfer, or one driven together with it, is done (0), there is news of a stream,
 * wake_fd is readable or until_ns passed (1), one is late (-ETIMEDOUT), or on a failure of the
 * waiting itself (-errno). */
int ht_http_transfer_drive(struct ht_http_transfer *t, const struct ht_http *http, int wake_fd,
                           int64_t until_ns, struct ht_error *err);
/* What libcurl knows by now of status, connection and time. */
void ht_http_transfer_note(struct ht_http_transfer *t, struct ht_http_answer *answer);
/* What the end of a transfer means: 0, -errno, or what feed returned. */
int ht_http_transfer_judge(const struct ht_http *http, struct ht_http_transfer *t,
                           struct ht_error *err);
/* Fill err for what answers but not in HTTP, for a connection that ended, and for an HTTP/2 stream
 * that was closed before its end. */
int ht_http_not_http(const struct ht_http *http, const struct ht_http_transfer *t,
                     struct ht_error *err);
int ht_http_closed(const struct ht_http *http, const struct ht_http_transfer *t,
                   struct ht_error *err);
int ht_http_reset(const struct ht_http *http, const struct ht_http_transfer *t,
                  struct ht_error *err);
/* Fills err for a limit that was reached. */
int ht_http_transfer_over(const struct ht_http *http, const struct ht_http_transfer *t,
                          struct ht_error *err);
/* Makes sure that http->transfer has its multi. */
int ht_http_multi(struct ht_http *http, struct ht_error *err);
/* Ends the request; the connection is kept. */
void ht_http_transfer_close(struct ht_http_transfer *t);
/* Ends everything; multi too, unless it was taken out before. */
void ht_http_transfer_fini(struct ht_http_transfer *t);

/* The transfer of a stream, for what it knows of its end. */
const struct ht_http_transfer *ht_http_stream_transfer(const struct ht_http_stream *stream);

/* Fills err for a connection that failed. With a socket_path the cause is looked for by a connect
 * of our own, since libcurl often does not tell it; else code is the errno it told. */
int ht_http_connect_error(const char *name, const char *socket_path, int code, const char *detail,
                          struct ht_error *err);
/* 0 if some files can be opened, else -EMFILE: a library that could not be opened for that reason
 * counts as missing ever after. */
int ht_http_may_open(const char *name, struct ht_error *err);
/* Fills err with -ETIMEDOUT: "name: text within 3 s". */
int ht_http_timeout_error(const char *name, const char *text, int64_t patience_ns,
                          struct ht_error *err);
/* Looks at who listens at the other end of connections that are new; false if one of them was ever
 * another user than the first. */
bool ht_http_peers_agree(struct ht_http *http);
/* 0 if the endpoint can be used. */
int ht_http_check_options(const struct ht_http_options *options, struct ht_error *err);
/* True if path can stand in a request line as it is. */
bool ht_http_is_path(const char *path);

#endif
