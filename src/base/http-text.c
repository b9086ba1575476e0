/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of http.h that is text alone and needs no libcurl. */
#include "hulltop/base/http.h"

#include <string.h>

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~", c));
}

void ht_http_escape(struct ht_buf *out, struct ht_str text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        unsigned byte = (unsigned char)text.data[i];

        if (is_unreserved(text.data[i])) {
            ht_buf_add_c(out, text.data[i]);
        } else {
            ht_buf_add_c(out, '%');
            ht_buf_add_c(out, digits[byte >> 4]);
            ht_buf_add_c(out, digits[byte & 15]);
        }
    }
}

static bool find_header(const struct ht_buf *headers, const char *name, struct ht_str *ret_value)
{
    struct ht_str rest = ht_buf_str(headers);
    struct ht_str line;

    while (ht_str_next(&rest, '\n', &line)) {
        ptrdiff_t colon = ht_str_find_byte(line, ':');

        if (colon > 0 && ht_str_is_nocase(ht_str_sub(line, 0, (size_t)colon), name)) {
            *ret_value = ht_str_trim(ht_str_sub(line, (size_t)colon + 1, line.len));
            return true;
        }
    }
    return false;
}

struct ht_str ht_http_header(const struct ht_http_answer *answer, const char *name)
{
    struct ht_str value = HT_STR("");

    if (!find_header(&answer->headers, name, &value))
        find_header(&answer->trailers, name, &value);
    return value;
}

void ht_http_answer_fini(struct ht_http_answer *answer)
{
    ht_buf_fini(&answer->headers);
    ht_buf_fini(&answer->trailers);
    ht_buf_fini(&answer->body);
}
