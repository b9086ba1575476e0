/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happened inside: the newest lines in memory, for the screen's :log, and optionally a
 * descriptor. Layer 1 (base); any thread. The only state of the program that is not handed around.
 *
 * A message is "what failed: cause", one line, without secrets. Its text becomes printable here.
 */
#ifndef HT_BASE_LOG_H
#define HT_BASE_LOG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "hulltop/base/error.h"

enum ht_log_level { HT_LOG_ERROR, HT_LOG_WARNING, HT_LOG_INFO, HT_LOG_DEBUG };

enum {
    HT_LOG_LINES = 1000,   /* kept in memory */
    HT_LOG_TEXT_MAX = 512, /* bytes of a line; a longer one is cut and ends in "~" */
};

struct ht_log_line {
    uint64_t number; /* from 1, without gaps: what is missing was pushed out */
    int64_t wall_ns;
    enum ht_log_level level;
    const char *text; /* "module: what failed: cause", printable */
};

/* Adds a line. Levels above the set one are dropped before they are formatted. */
void ht_log(enum ht_log_level level, const char *module, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds what an error says. */
void ht_log_error(enum ht_log_level level, const char *module, const struct ht_error *err);
/* Lines up to level are kept [HT_LOG_INFO]; those up to it also go to fd, one write each with time
 * and level in front; -1 [the default]: nowhere. fd is borrowed; a failing write is ignored. */
void ht_log_configure(enum ht_log_level level, int fd);
/* The number of the newest line, 0 if there is none: tells whether something is new. */
uint64_t ht_log_newest(void);
/* Calls visit, oldest first, for each kept line with a number above after. visit must not log. */
typedef void (*ht_log_visit)(void *context, const struct ht_log_line *line);
void ht_log_each(uint64_t after, ht_log_visit visit, void *context);
/* "error", "warning", "info", "debug". */
const char *ht_log_level_name(enum ht_log_level level);

#endif
