/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the HTTP client that need no libcurl (http-text.c), for http.c. */
#ifndef HT_BASE_HTTP_PRIVATE_H
#define HT_BASE_HTTP_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "hulltop/base/http.h"

/* Fills err for a connection that failed. With a socket_path the cause is looked for by a connect
 * of our own, since libcurl often does not tell it; else code is the errno it told. */
int ht_http_connect_error(const char *name, const char *socket_path, int code, const char *detail,
                          struct ht_error *err);
/* Fills err with -ETIMEDOUT: "name: text within 3 s". */
int ht_http_timeout_error(const char *name, const char *text, int64_t patience_ns,
                          struct ht_error *err);
/* 0 if the endpoint can be used. */
int ht_http_check_options(const struct ht_http_options *options, struct ht_error *err);
/* True if path can stand in a request line as it is. */
bool ht_http_is_path(const char *path);

#endif
