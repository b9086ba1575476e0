/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deb-stanza.h"

#include <errno.h>
#include <string.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

/* Pages that are touched cost more than reads that are spared. */
enum { WINDOW = 64 * 1024 };

struct window {
    char *data;
    size_t cap;
    size_t start; /* of the stanza that is looked for */
    size_t seen;  /* no end was found before it */
    size_t end;
    bool first; /* no stanza was found yet */
    bool ended; /* the stream was */
};

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Looks for a line end that is followed by an empty line, which may hold carriage returns. Sets
 * where the stanza stops and where the search goes on; false: not in these bytes. */
static bool find_end(const char *data, size_t len, size_t *from, size_t *ret_stop)
{
    while (*from < len) {
        const char *newline = memchr(data + *from, '\n', len - *from);
        size_t next;

        if (!newline) {
            *from = len;
            return false;
        }
        next = (size_t)(newline - data) + 1;
        while (next < len && data[next] == '\r')
            next++;
        if (next == len) {
            *from = (size_t)(newline - data);
            return false;
        }
        if (data[next] == '\n') {
            *ret_stop = (size_t)(newline - data);
            *from = next + 1;
            return true;
        }
        *from = next;
    }
    return false;
}

static int fill(struct window *window, struct ht_unpack *unpack, struct ht_error *err)
{
    size_t kept = window->end - window->start;
    ssize_t n;

    if (window->start) {
        memmove(window->data, window->data + window->start, kept);
        window->seen -= window->start;
        window->start = 0;
        window->end = kept;
    }
    if (window->end == window->cap) {
        if (window->cap >= HT_LIMIT_STANZA)
            return ht_error_set(err, EFBIG, "a stanza of more than %d bytes", HT_LIMIT_STANZA);
        window->cap *= 2;
        window->data = ht_realloc(window->data, window->cap, 1);
    }
    n = ht_unpack_read(unpack, window->data + window->end, window->cap - window->end, err);
    if (n < 0)
        return (int)n;
    window->end += (size_t)n;
    window->ended = n == 0;
    return 0;
}

static void skip_newlines(struct window *window)
{
    while (window->start < window->end &&
           (window->data[window->start] == '\n' || window->data[window->start] == '\r'))
        window->start++;
    if (window->seen < window->start)
        window->seen = window->start;
}

/* The stanzas that are whole in the window. */
static int visit_whole(struct window *window, ht_deb_visit visit, void *context)
{
    size_t stop = 0;

    if (!window->first)
        skip_newlines(window);
    while (find_end(window->data, window->end, &window->seen, &stop)) {
        struct ht_str stanza = {.data = window->data + window->start, .len = stop - window->start};
        int r = visit(context, stanza);

        if (r)
            return r;
        window->first = false;
        window->start = window->seen;
        skip_newlines(window);
    }
    return 0;
}

int ht_deb_scan(struct ht_unpack *unpack, ht_deb_visit visit, void *context, struct ht_error *err)
{
    ht_autofree char *data = NULL;
    struct window window = {.data = ht_realloc(NULL, WINDOW, 1), .cap = WINDOW, .first = true};
    int r = 0;

    while (r == 0 && !window.ended) {
        r = fill(&window, unpack, err);
        if (r == 0)
            r = visit_whole(&window, visit, context);
    }
    if (r == 0) {
        struct ht_str rest = ht_str_trim(
            (struct ht_str){.data = window.data + window.start, .len = window.end - window.start});

        /* Nothing but blanks is one that lacks everything. */
        if (rest.len || (window.first && window.end > 0))
            r = visit(context, rest);
    }
    data = window.data;
    return r;
}

int ht_deb_each(struct ht_str text, ht_deb_visit visit, void *context)
{
    size_t start = 0, from = 0, stop = 0;
    bool more = true;

    while (more) {
        more = find_end(text.data, text.len, &from, &stop);

        struct ht_str stanza = ht_str_sub(text, start, (more ? stop : text.len) - start);
        if (ht_str_trim(stanza).len) {
            /* A line end in front is no field. */
            while (stanza.data[0] == '\n' || stanza.data[0] == '\r')
                stanza = ht_str_sub(stanza, 1, stanza.len);

            int r = visit(context, stanza);
            if (r)
                return r;
        }
        start = from;
    }
    return 0;
}

bool ht_deb_next_field(struct ht_str *rest, struct ht_str *ret_name, struct ht_str *ret_value)
{
    size_t i = 0, name_end, value;
    ptrdiff_t colon;

    /* Lines before the first field, and what is left of an earlier one. */
    while (i < rest->len && is_blank(rest->data[i])) {
        const char *newline = memchr(rest->data + i, '\n', rest->len - i);

        i = newline ? (size_t)(newline - rest->data) + 1 : rest->len;
    }
    *rest = ht_str_sub(*rest, i, rest->len);
    colon = ht_str_find_byte(*rest, ':');
    if (colon < 0)
        return false;
    name_end = (size_t)colon;
    while (name_end > 1 && is_blank(rest->data[name_end - 1]))
        name_end--;
    *ret_name = ht_str_sub(*rest, 0, name_end);
    value = (size_t)colon + 1;
    while (value < rest->len && is_blank(rest->data[value]) &&
           !(rest->data[value] == '\n' && (value + 1 == rest->len || rest->data[value + 1] != ' ')))
        value++;
    i = value;
    do {
        const char *newline = memchr(rest->data + i, '\n', rest->len - i);

        i = newline ? (size_t)(newline - rest->data) + 1 : rest->len;
    } while (i < rest->len && is_blank(rest->data[i]));

    size_t end = i;
    while (end > value && is_blank(rest->data[end - 1]))
        end--;
    *ret_value = ht_str_sub(*rest, value, end - value);
    *rest = ht_str_sub(*rest, i, rest->len);
    return true;
}

bool ht_deb_fields(struct ht_str stanza, const char *const *names, size_t count,
                   struct ht_str *values)
{
    struct ht_str name, value;

    for (size_t i = 0; i < count; i++)
        values[i] = (struct ht_str){0};
    while (ht_deb_next_field(&stanza, &name, &value))
        for (size_t i = 0; i < count; i++)
            if (ht_str_is_nocase(name, names[i])) {
                values[i] = value;
                break;
            }
    return stanza.len == 0;
}

struct ht_str ht_deb_field(struct ht_str stanza, const char *name)
{
    struct ht_str value;

    (void)ht_deb_fields(stanza, &name, 1, &value);
    return value;
}

bool ht_deb_next_word(struct ht_str *rest, struct ht_str *ret_word)
{
    size_t start = 0, end;

    while (start < rest->len && is_blank(rest->data[start]))
        start++;
    end = start;
    while (end < rest->len && !is_blank(rest->data[end]))
        end++;
    *ret_word = ht_str_sub(*rest, start, end - start);
    *rest = ht_str_sub(*rest, end, rest->len);
    return ret_word->len > 0;
}

int ht_deb_bool(struct ht_str text, int fallback)
{
    static const char *const no[] = {"0", "no", "false", "without", "off", "disable"};
    static const char *const yes[] = {"1", "yes", "true", "with", "on", "enable"};

    for (size_t i = 0; i < ARRAY_LEN(no); i++) {
        if (ht_str_is_nocase(text, no[i]))
            return 0;
        if (ht_str_is_nocase(text, yes[i]))
            return 1;
    }
    return fallback;
}

void ht_deb_strip_comments(struct ht_buf *text)
{
    size_t out = 0, in = 0;

    while (in < text->len) {
        const char *newline = memchr(text->data + in, '\n', text->len - in);
        size_t next = newline ? (size_t)(newline - text->data) + 1 : text->len;

        if (text->data[in] != '#') {
            memmove(text->data + out, text->data + in, next - in);
            out += next - in;
        }
        in = next;
    }
    text->len = out;
    if (text->data)
        text->data[out] = '\0';
}
