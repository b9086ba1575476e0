/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers that do not end: lines or bytes are handed on as they come. */
#include <errno.h>
#include <string.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/lines.h"
#include "hulltop/base/mem.h"
#include "http-private.h"

enum { REFUSAL_MAX = 300 }; /* bytes of a refusal quoted in an error */

struct ht_http_stream {
    struct ht_http *http;
    struct ht_http_transfer transfer;
    struct ht_lines lines;
    bool by_line;
    ht_http_bytes seen;           /* of lines; NULL: nobody is told */
    struct ht_http_answer answer; /* headers, and the body of a refusal */
    char *body;
    int result; /* what ended it, 1 while it is open */
    struct ht_error error;
};

static int feed_lines(void *context, struct ht_str bytes)
{
    struct ht_http_stream *stream = context;
    int r = stream->seen ? stream->seen(stream->lines.context, bytes) : 0;

    return r ? r : ht_lines_feed(&stream->lines, bytes);
}

static struct ht_http_stream *open_stream(struct ht_http_stream *stream,
                                          const struct ht_http_request *request,
                                          struct ht_error *err)
{
    struct ht_http_request limited = *request;
    struct ht_http_transfer *t = &stream->transfer;

    stream->result = 1;
    limited.body_max = REFUSAL_MAX;
    ht_http_transfer_expect(t, stream->http, &limited, &stream->answer);
    if (request->body.len) {
        stream->body = ht_strndup(request->body.data, request->body.len);
        t->request_body = (struct ht_str){.data = stream->body, .len = request->body.len};
    }
    if (ht_http_transfer_start(t, stream->http, &limited, err) < 0)
        return ht_http_stream_close(stream);
    return stream;
}

struct ht_http_stream *ht_http_stream_open(struct ht_http *http,
                                           const struct ht_http_request *request, ht_http_line line,
                                           void *context, struct ht_error *err)
{
    struct ht_http_stream *stream = ht_new0(struct ht_http_stream);

    stream->http = http;
    stream->by_line = true;
    ht_lines_init(&stream->lines, HT_LIMIT_LINE, line, context);
    stream->transfer.feed = feed_lines;
    stream->transfer.feed_context = stream;
    stream->transfer.unit = "line";
    stream->transfer.unit_max = HT_LIMIT_LINE;
    return open_stream(stream, request, err);
}

void ht_http_stream_show(struct ht_http_stream *stream, ht_http_bytes seen)
{
    stream->seen = seen;
}

struct ht_http_stream *ht_http_stream_open_bytes(struct ht_http *http,
                                                 const struct ht_http_request *request,
                                                 ht_http_bytes bytes, void *context,
                                                 struct ht_error *err)
{
    struct ht_http_stream *stream = ht_new0(struct ht_http_stream);

    stream->http = http;
    stream->transfer.feed = bytes;
    stream->transfer.feed_context = context;
    stream->transfer.unit = "message";
    stream->transfer.unit_max = request->body_max ? request->body_max : http->options.body_max;
    stream->transfer.late_head = true;
    return open_stream(stream, request, err);
}

/* What the end of a stream means. */
static int judge_stream(struct ht_http_stream *stream, struct ht_error *err)
{
    struct ht_http_transfer *t = &stream->transfer;
    int r = ht_http_transfer_judge(stream->http, t, err);

    if (r || !stream->by_line)
        return r;
    if (stream->answer.status < 200 || stream->answer.status > 299)
        return ht_error_set(err, EPROTO, "%s: refused with status %d: %.*s", stream->http->name,
                            stream->answer.status, HT_STR_ARG(ht_buf_str(&stream->answer.body)));
    r = ht_lines_end(&stream->lines);
    if (r == -EFBIG)
        return ht_http_transfer_over(stream->http, t, err);
    return r;
}

int ht_http_stream_wait(struct ht_http_stream *stream, int wake_fd, int wait_ms,
                        struct ht_error *err)
{
    struct ht_http_transfer *t = &stream->transfer;
    int64_t until = INT64_MAX;

    if (stream->result == 1) {
        if (wait_ms >= 0)
            until = ht_clock_mono(ht_clock_system()) + wait_ms * HT_NS_PER_MS;
        t->news = false;
        stream->result = ht_http_transfer_drive(t, stream->http, wake_fd, until, &stream->error);
        ht_http_transfer_note(t, &stream->answer);
        if (stream->result == 0)
            stream->result = judge_stream(stream, &stream->error);
        if (stream->result != 1)
            ht_http_transfer_close(t);
    }
    if (stream->result < 0 && err)
        *err = stream->error;
    return stream->result;
}

int ht_http_stream_status(const struct ht_http_stream *stream)
{
    return stream->transfer.head_done ? stream->answer.status : 0;
}

const struct ht_http_answer *ht_http_stream_answer(const struct ht_http_stream *stream)
{
    return &stream->answer;
}

const struct ht_http_transfer *ht_http_stream_transfer(const struct ht_http_stream *stream)
{
    return &stream->transfer;
}

struct ht_http_stream *ht_http_stream_close(struct ht_http_stream *stream)
{
    if (!stream)
        return NULL;
    ht_http_transfer_fini(&stream->transfer);
    ht_lines_fini(&stream->lines);
    ht_http_answer_fini(&stream->answer);
    free(stream->body);
    free(stream);
    return NULL;
}

int ht_http_stream(struct ht_http *http, const char *path, ht_http_line line, void *context,
                   struct ht_error *err)
{
    struct ht_http_request request = {.path = path};
    struct ht_http_stream *stream = ht_http_stream_open(http, &request, line, context, err);
    int r = 1;

    if (!stream)
        return err ? -err->code : -EINVAL;
    while (r == 1)
        r = ht_http_stream_wait(stream, -1, -1, err);
    ht_http_stream_close(stream);
    return r;
}
