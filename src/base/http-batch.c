/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests that go out together, each in a lane of its own. */
#include <assert.h>
#include <errno.h>

#include "http-private.h"

/* Hands over what became of a lane's request: result is what driving it said. */
static int end(struct ht_http *http, struct ht_http_lane *lane, const struct ht_http_batch *batch,
               int result, struct ht_error *err)
{
    struct ht_error own = {0};

    ht_http_transfer_note(&lane->transfer, &lane->answer);
    if (result == 0)
        result = ht_http_transfer_judge(http, &lane->transfer, &own);
    else
        own = *err;
    ht_http_transfer_close(&lane->transfer);
    lane->busy = false;
    return batch->done(batch->context, lane->index, result, &lane->answer, &own);
}

/* Begins requests as long as there are free lanes; what done returned. */
static int begin(struct ht_http *http, const struct ht_http_batch *batch, size_t *next)
{
    int r = 0;

    for (size_t i = 0; i < HT_HTTP_LANES && r == 0; i++) {
        struct ht_http_lane *lane = &http->lanes[i];
        struct ht_http_request request = {0};
        struct ht_error err = {0};

        if (lane->busy)
            continue;
        if (!batch->next(batch->context, *next, &request))
            break;
        lane->index = (*next)++;
        ht_http_transfer_expect(&lane->transfer, http, &request, &lane->answer);
        lane->transfer.multi = http->transfer.multi;
        int started = ht_http_transfer_start(&lane->transfer, http, &request, &err);
        if (started == 0)
            lane->busy = true;
        else
            r = end(http, lane, batch, started, &err);
    }
    return r;
}

/* Works until something ends, and hands that over: 0 or 1 go on, -errno. */
static int work(struct ht_http *http, const struct ht_http_batch *batch, struct ht_error *err)
{
    struct ht_http_transfer *first = NULL;
    int told = 0;

    for (size_t i = 0; i < HT_HTTP_LANES; i++) {
        if (http->lanes[i].busy) {
            http->lanes[i].transfer.next = first;
            first = &http->lanes[i].transfer;
        }
    }

    int r = ht_http_transfer_drive(first, http, -1, INT64_MAX, err);
    if (r < 0 && r != -ETIMEDOUT)
        return r;
    for (size_t i = 0; i < HT_HTTP_LANES && told >= 0; i++) {
        struct ht_http_lane *lane = &http->lanes[i];

        if (!lane->busy || (!lane->transfer.done && !lane->transfer.late))
            continue;
        r = end(http, lane, batch, lane->transfer.done ? 0 : -ETIMEDOUT, err);
        told = r ? r : told;
    }
    return told;
}

static bool is_busy(const struct ht_http *http)
{
    for (size_t i = 0; i < HT_HTTP_LANES; i++) {
        if (http->lanes[i].busy)
            return true;
    }
    return false;
}

int ht_http_get_all(struct ht_http *http, const struct ht_http_batch *batch, struct ht_error *err)
{
    size_t next = 0;
    bool enough = false;
    int r = ht_http_multi(http, err);

    assert(!http->options.http2);
    while (r >= 0) {
        if (!enough)
            r = begin(http, batch, &next);
        enough = enough || r > 0;
        if (r < 0 || !is_busy(http))
            break;
        r = work(http, batch, err);
        enough = enough || r > 0;
    }
    for (size_t i = 0; i < HT_HTTP_LANES; i++) {
        struct ht_http_lane *lane = &http->lanes[i];

        if (lane->busy)
            ht_http_transfer_close(&lane->transfer);
        lane->busy = false;
        /* Large answers are rare: their memory is not kept for the next time. */
        ht_http_answer_fini(&lane->answer);
    }
    return r < 0 ? r : 0;
}
