/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An answer over a unix socket in pieces (the first byte is their size) must be what the whole is.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "src/base/http-wire.h"

enum { BODY_MAX = 300 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int feed(struct ht_str stream, size_t piece, struct ht_buf *kept)
{
    const struct ht_http_options options = {.socket_path = "/nowhere", .body_max = BODY_MAX};
    const struct ht_http_request request = {.path = "/info"};
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;
    struct ht_http_transfer t = {.done = false};
    struct ht_error err = {0};
    struct ht_http *http = ht_http_new(&options, &err);

    if (!http)
        abort();
    ht_http_transfer_expect(&t, http, &request, &answer);
    if (ht_http_transfer_start(&t, http, &request, &err) < 0)
        abort();
    for (size_t at = 0; at < stream.len && !t.done; at += piece)
        ht_http_wire_take(&t, ht_str_sub(stream, at, piece));
    if (!t.done)
        ht_http_wire_end(&t, 0);
    ht_http_transfer_note(&t, &answer);

    int r = ht_http_transfer_judge(http, &t, &err);
    if (answer.body.len > BODY_MAX || (r == 0 && answer.status < 200))
        abort();
    if (r == 0)
        ht_buf_addf(kept, "%d\n%s\n%s\n", answer.status, ht_buf_str(&answer.headers).data,
                    ht_buf_str(&answer.trailers).data);
    if (r == 0)
        ht_buf_add_str(kept, ht_buf_str(&answer.body));
    ht_http_transfer_fini(&t);
    ht_http_free(http);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ht_buf whole = HT_BUF(1 << 24);
    struct ht_buf pieces = HT_BUF(1 << 24);
    struct ht_str stream;

    if (size < 1)
        return 0;
    stream = (struct ht_str){.data = (const char *)data + 1, .len = size - 1};

    int r = feed(stream, stream.len + 1, &whole);

    if (feed(stream, data[0] ? data[0] : 1, &pieces) != r ||
        (r && r != -EFBIG && r != -EPROTO && r != -ECONNRESET))
        abort();
    if (!ht_str_equal(ht_buf_str(&whole), ht_buf_str(&pieces)))
        abort();
    ht_buf_fini(&whole);
    ht_buf_fini(&pieces);
    return 0;
}
