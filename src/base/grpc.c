/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/grpc.h"

#include <assert.h>
#include <errno.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "http-private.h"

enum {
    HEAD = 5,
    METADATA_MAX = 16, /* of one call */
    TEXT_MAX = 300,    /* bytes of a server's message quoted in an error */
    REQUEST_MAX = 1024 * 1024,
    STATUS_OK = 0,
    STATUS_UNKNOWN = 2,
    STATUS_LAST = 16,
};

/* --- status ------------------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    int code;
} statuses[STATUS_LAST + 1] = {
    {"OK", 0},
    {"CANCELLED", EREMOTEIO},
    {"UNKNOWN", EREMOTEIO},
    {"INVALID_ARGUMENT", EREMOTEIO},
    {"DEADLINE_EXCEEDED", ETIMEDOUT},
    {"NOT_FOUND", ENODATA},
    {"ALREADY_EXISTS", EREMOTEIO},
    {"PERMISSION_DENIED", EACCES},
    {"RESOURCE_EXHAUSTED", EFBIG},
    {"FAILED_PRECONDITION", EREMOTEIO},
    {"ABORTED", EREMOTEIO},
    {"OUT_OF_RANGE", EREMOTEIO},
    {"UNIMPLEMENTED", ENOSYS},
    {"INTERNAL", EREMOTEIO},
    {"UNAVAILABLE", EAGAIN},
    {"DATA_LOSS", EREMOTEIO},
    {"UNAUTHENTICATED", EACCES},
};

static int status_error(const struct ht_http *http, const char *path, uint64_t status,
                        struct ht_str message, struct ht_error *err)
{
    ht_autobuf struct ht_buf text = HT_BUF(TEXT_MAX);

    /* A status nobody knows counts as UNKNOWN. */
    if (status > STATUS_LAST)
        status = STATUS_UNKNOWN;
    ht_grpc_decode_text(&text, message);
    return ht_error_set(err, statuses[status].code, "%s: %s: %s%s%.*s", http->name, path,
                        statuses[status].name, text.len ? ": " : "", HT_STR_ARG(ht_buf_str(&text)));
}

/* What a proxy or a server that is no gRPC server means by a status of HTTP. */
static int http_status_error(const struct ht_http *http, const char *path, int status,
                             struct ht_error *err)
{
    int code = EPROTO;

    if (status == 401 || status == 403)
        code = EACCES;
    else if (status == 404)
        code = ENOSYS;
    else if (status == 429 || (status >= 502 && status <= 504))
        code = EAGAIN;
    return ht_error_set(err, code, "%s: %s: answered with HTTP status %d", http->name, path,
                        status);
}

static int broken(const struct ht_http *http, const char *path, const char *what,
                  struct ht_error *err)
{
    return ht_error_set(err, EPROTO, "%s: %s: %s", http->name, path, what);
}

/* 0 if the headers are those of gRPC and promise something. */
static int judge_headers(const struct ht_http *http, const char *path,
                         const struct ht_http_answer *answer, struct ht_error *err)
{
    if (answer->status != 200)
        return http_status_error(http, path, answer->status, err);
    if (!ht_str_has_prefix(ht_http_header(answer, "content-type"), "application/grpc"))
        return broken(http, path, "what answers there does not speak gRPC", err);
    return 0;
}

/* What a complete answer says of itself. */
static int judge_status(const struct ht_http *http, const char *path,
                        const struct ht_http_answer *answer, struct ht_error *err)
{
    struct ht_str text = ht_http_header(answer, "grpc-status");
    uint64_t status = 0;

    /* A proxy's refusal may carry the status of gRPC, a status of gRPC beats that of HTTP. */
    if (!text.len) {
        int r = judge_headers(http, path, answer, err);

        return r ? r : broken(http, path, "the answer has no status", err);
    }
    if (ht_parse_u64(text, &status) < 0)
        return broken(http, path, "the answer's status is no number", err);
    if (status != STATUS_OK)
        return status_error(http, path, status, ht_http_header(answer, "grpc-message"), err);
    return judge_headers(http, path, answer, err);
}

/* A server that knows no such service may answer before it has read the request, and tell that it
 * wants no more of it; libcurl before 8 reports the second only. */
static int judge_failure(const struct ht_http *http, const struct ht_http_transfer *t,
                         const char *path, int r, struct ht_error *err)
{
    if (r == -ECONNRESET && t->only_closed)
        return ht_error_set(err, ENOSYS, "%s: %s: UNIMPLEMENTED: it has no such service",
                            http->name, path);
    return r;
}

/* --- a request ---------------------------------------------------------------------------------
 */

struct outgoing {
    struct ht_buf body;
    const char *headers[METADATA_MAX + 3];
};

static bool is_metadata(const char *text)
{
    struct ht_str s = ht_str_from(text);

    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.data[i] < ' ' || (unsigned char)s.data[i] > '~')
            return false;
    return ht_str_find_byte(s, ':') > 0;
}

static int prepare(const struct ht_http *http, const struct ht_grpc_request *request,
                   struct outgoing *out, struct ht_error *err)
{
    size_t n = 0;
    size_t len = request->message.len;

    assert(http->options.http2);
    out->headers[n++] = "Content-Type: application/grpc";
    out->headers[n++] = "TE: trailers";
    for (size_t i = 0; request->metadata && request->metadata[i]; i++) {
        if (i == METADATA_MAX || !is_metadata(request->metadata[i]))
            return ht_error_set(err, EINVAL, "%s: %s: unusable metadata", http->name,
                                request->path);
        out->headers[n++] = request->metadata[i];
    }
    out->headers[n] = NULL;
    ht_buf_init(&out->body, REQUEST_MAX);
    ht_buf_add_c(&out->body, 0);
    for (unsigned shift = 32; shift; shift -= 8)
        ht_buf_add_c(&out->body, (char)(len >> (shift - 8) & 0xff));
    ht_buf_add_str(&out->body, request->message);
    if (ht_buf_is_full(&out->body))
        return ht_error_set(err, EFBIG, "%s: %s: a request of %zu bytes", http->name, request->path,
                            len);
    return 0;
}

static size_t message_max(const struct ht_grpc_request *request)
{
    return request->message_max ? request->message_max : HT_LIMIT_GRPC_MESSAGE;
}

/* --- one message -------------------------------------------------------------------------------
 */

struct single {
    struct ht_buf *message;
    unsigned count;
};

static int take_single(void *context, struct ht_str message)
{
    struct single *single = context;

    if (single->count++)
        return -E2BIG;
    ht_buf_add_str(single->message, message);
    return 0;
}

static int unpack(const struct ht_http *http, const char *path, struct ht_str body,
                  struct ht_buf *message, struct ht_error *err)
{
    struct single single = {.message = message};
    struct ht_grpc_frames frames;
    bool inside = false;
    int r = 0;

    ht_grpc_frames_init(&frames, message->max, take_single, &single);
    r = ht_grpc_frames_feed(&frames, body);
    inside = ht_grpc_frames_inside(&frames);
    ht_grpc_frames_fini(&frames);
    if (r == -EPROTO)
        return broken(http, path, frames.fault, err);
    if (r == -EFBIG)
        return ht_error_set(err, EFBIG, "%s: %s: a message of more than %zu bytes", http->name,
                            path, message->max);
    if (r < 0)
        return broken(http, path, "more than one message, where one was asked for", err);
    if (inside)
        return broken(http, path, "a frame that is longer than the answer", err);
    return single.count ? 0 : broken(http, path, "an answer without a message", err);
}

int ht_grpc_call(struct ht_http *http, const struct ht_grpc_request *request,
                 struct ht_buf *message, struct ht_error *err)
{
    struct outgoing out = {.body = HT_BUF(0)};
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    int r = prepare(http, request, &out, err);

    ht_buf_reset(message);
    message->max = message_max(request);
    if (r == 0) {
        struct ht_http_request sent = {.path = request->path,
                                       .headers = out.headers,
                                       .body = ht_buf_str(&out.body),
                                       .total_ms = request->total_ms,
                                       .body_max = message->max + HEAD};

        r = ht_http_send(http, &sent, &answer, err);
        /* Perhaps its status is seen the next time. */
        if (r == -ECONNRESET && http->transfer.only_closed)
            r = ht_http_send(http, &sent, &answer, err);
        if (r < 0)
            r = judge_failure(http, &http->transfer, request->path, r, err);
        else
            r = judge_status(http, request->path, &answer, err);
    }
    ht_buf_fini(&out.body);
    if (r == 0)
        r = unpack(http, request->path, ht_buf_str(&answer.body), message, err);
    if (r < 0)
        ht_buf_reset(message);
    return r;
}

/* --- a stream of messages ----------------------------------------------------------------------
 */

struct ht_grpc_stream {
    struct ht_http *http;
    struct ht_http_stream *stream;
    struct ht_grpc_frames frames;
    char *path;
    bool checked; /* the headers were gRPC's */
    int result;   /* what ended it, 1 while it is open */
    struct ht_error error;
};

static int take_bytes(void *context, struct ht_str bytes)
{
    struct ht_grpc_stream *stream = context;

    if (!stream->checked) {
        const struct ht_http_answer *answer = ht_http_stream_answer(stream->stream);

        if (!ht_str_has_prefix(ht_http_header(answer, "content-type"), "application/grpc")) {
            stream->frames.fault = "what answers there does not speak gRPC";
            return -EPROTO;
        }
        stream->checked = true;
    }
    return ht_grpc_frames_feed(&stream->frames, bytes);
}

struct ht_grpc_stream *ht_grpc_stream_open(struct ht_http *http,
                                           const struct ht_grpc_request *request,
                                           ht_grpc_message visit, void *context,
                                           struct ht_error *err)
{
    struct ht_grpc_stream *stream = ht_new0(struct ht_grpc_stream);
    struct outgoing out = {.body = HT_BUF(0)};
    int r = prepare(http, request, &out, err);

    stream->http = http;
    stream->result = 1;
    stream->path = ht_strndup(request->path, ht_str_from(request->path).len);
    ht_grpc_frames_init(&stream->frames, message_max(request), visit, context);
    if (r == 0) {
        struct ht_http_request sent = {.path = request->path,
                                       .headers = out.headers,
                                       .body = ht_buf_str(&out.body),
                                       .body_max = message_max(request)};

        stream->stream = ht_http_stream_open_bytes(http, &sent, take_bytes, stream, err);
    }
    ht_buf_fini(&out.body);
    return stream->stream ? stream : ht_grpc_stream_close(stream);
}

/* What the end of a stream means; r is what the HTTP stream came to. */
static int judge_stream(struct ht_grpc_stream *stream, int r)
{
    struct ht_error *err = &stream->error;

    if (r == -EPROTO && stream->frames.fault)
        return broken(stream->http, stream->path, stream->frames.fault, err);
    if (r < 0)
        return judge_failure(stream->http, ht_http_stream_transfer(stream->stream), stream->path, r,
                             err);
    r = judge_status(stream->http, stream->path, ht_http_stream_answer(stream->stream), err);
    if (r == 0 && ht_grpc_frames_inside(&stream->frames))
        return broken(stream->http, stream->path, "a frame that is longer than the answer", err);
    return r;
}

int ht_grpc_stream_wait(struct ht_grpc_stream *stream, int wake_fd, int wait_ms,
                        struct ht_error *err)
{
    int r = 0;

    if (stream->result == 1) {
        r = ht_http_stream_wait(stream->stream, wake_fd, wait_ms, &stream->error);
        stream->result = r == 1 ? 1 : judge_stream(stream, r);
    }
    if (stream->result < 0 && err)
        *err = stream->error;
    return stream->result;
}

bool ht_grpc_stream_begun(const struct ht_grpc_stream *stream)
{
    return ht_http_stream_status(stream->stream) != 0;
}

struct ht_grpc_stream *ht_grpc_stream_close(struct ht_grpc_stream *stream)
{
    if (!stream)
        return NULL;
    ht_http_stream_close(stream->stream);
    ht_grpc_frames_fini(&stream->frames);
    free(stream->path);
    free(stream);
    return NULL;
}
