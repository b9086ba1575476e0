/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors: a message made where it happened, that names the object and the cause.
 * Layer 1 (base). A struct ht_error belongs to its caller and to one thread.
 */
#ifndef HT_BASE_ERROR_H
#define HT_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

enum { HT_ERROR_TEXT_MAX = 512 };

/* The last parameter of every function that can fail in more than one way.
 * Text is raw (it may quote hostile names): print it through ht_printable only. */
struct ht_error {
    int code;                     /* positive errno, 0 while nothing failed */
    char text[HT_ERROR_TEXT_MAX]; /* "docker.sock: permission denied; add user to group docker" */
};

/* Fills err (NULL is allowed) with a printf-style message and returns -code, to be returned on.
 * code is a positive errno. A message that is too long is cut and ends in "...". */
int ht_error_set(struct ht_error *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Like ht_error_set, with ": strerror(code)" behind the message. */
int ht_error_errno(struct ht_error *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the message that err already holds; returns -err->code, or -EIO where
 * err is NULL. */
int ht_error_wrap(struct ht_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether a result says that a right is missing: -EACCES or -EPERM. A descriptor or a count, which
 * may be the same number without its sign, does not. */
bool ht_error_is_denied(int code);

#endif
