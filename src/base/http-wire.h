/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP/1.1 over a unix socket, spoken without libcurl: opening that and the forty libraries that it
 * needs takes longer than a daemon's answer to all that it is asked. Layer 1 (base), private; one
 * thread.
 *
 * What an answer may be is told by http-private.h: limits, patience and who may answer are looked
 * at there. Here are the connection and the framing.
 */
#ifndef HT_BASE_HTTP_WIRE_H
#define HT_BASE_HTTP_WIRE_H

#include "http-private.h"

/* Makes the request ready; nothing is connected yet. */
void ht_http_wire_start(struct ht_http_transfer *t, const struct ht_http_request *request);
/* Connects, sends and takes what has come, without waiting; the transfer may be done then. */
void ht_http_wire_work(struct ht_http_transfer *t);
/* Waits until something may have come for one of the transfers that are driven together, or one of
 * two more descriptors (0 or less: none) is readable, which is told; so long at most. */
void ht_http_wires_wait(struct ht_http_transfer *t, const int extra[2], int timeout_ms,
                        bool ret_readable[2]);
/* Bytes of the answer have come; the other side has closed the connection (0), or it broke. For
 * ht_http_wire_work, and for tests. */
void ht_http_wire_take(struct ht_http_transfer *t, struct ht_str bytes);
void ht_http_wire_end(struct ht_http_transfer *t, int code);
/* Connected, as far as that is known. */
bool ht_http_wire_is_connected(const struct ht_http_transfer *t);
/* The first byte of the answer has come. */
bool ht_http_wire_has_begun(const struct ht_http_transfer *t);
/* 0 while there is none. */
int ht_http_wire_status(const struct ht_http_transfer *t);
/* The connection had served another request before. */
bool ht_http_wire_is_reused(const struct ht_http_transfer *t);
/* What the end of a transfer that nothing of ours stopped means: 0 or -errno. */
int ht_http_wire_judge(const struct ht_http *http, struct ht_http_transfer *t,
                       struct ht_error *err);
/* Ends the request: a connection that can serve another one is kept for that. */
void ht_http_wire_close(struct ht_http_transfer *t);
void ht_http_wire_fini(struct ht_http_transfer *t);
/* Closes what was kept. */
void ht_http_wire_forget(struct ht_http *http);

#endif
