/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Marks a text that vsnprintf had to cut. */
static void mark_cut(char *text, int wanted)
{
    if (wanted >= HT_ERROR_TEXT_MAX)
        memcpy(text + HT_ERROR_TEXT_MAX - 4, "...", 4);
}

int ht_error_set(struct ht_error *err, int code, const char *format, ...)
{
    if (err) {
        va_list args;

        err->code = code;
        va_start(args, format);
        mark_cut(err->text, vsnprintf(err->text, sizeof(err->text), format, args));
        va_end(args);
    }
    return -code;
}

int ht_error_errno(struct ht_error *err, int code, const char *format, ...)
{
    if (err) {
        char what[HT_ERROR_TEXT_MAX];
        char reason[128] = "";
        va_list args;

        err->code = code;
        va_start(args, format);
        mark_cut(what, vsnprintf(what, sizeof(what), format, args));
        va_end(args);
        /* The GNU strerror_r may return a static text instead of filling the buffer. */
        const char *cause = strerror_r(code, reason, sizeof(reason));
        mark_cut(err->text, snprintf(err->text, sizeof(err->text), "%s: %s", what, cause));
    }
    return -code;
}

int ht_error_wrap(struct ht_error *err, const char *format, ...)
{
    char prefix[HT_ERROR_TEXT_MAX];
    char inner[HT_ERROR_TEXT_MAX];
    va_list args;

    if (!err)
        return -EIO;
    va_start(args, format);
    mark_cut(prefix, vsnprintf(prefix, sizeof(prefix), format, args));
    va_end(args);
    memcpy(inner, err->text, sizeof(inner));
    mark_cut(err->text, snprintf(err->text, sizeof(err->text), "%s: %s", prefix, inner));
    return -err->code;
}

bool ht_error_is_denied(int code)
{
    return code == -EACCES || code == -EPERM;
}
