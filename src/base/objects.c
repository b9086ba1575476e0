/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The window over the bytes, and which of the two languages they are. */
#include "objects-private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"

enum { READ_BYTES = 256 * 1024 };

void ht_window_open(struct ht_window *window, int fd, const char *name)
{
    *window = (struct ht_window){
        .fd = fd, .line = 1, .name = name, .read = HT_BUF(HT_LIMIT_OBJECT + READ_BYTES)};
}

void ht_window_close(struct ht_window *window)
{
    ht_buf_fini(&window->read);
}

size_t ht_window_line(struct ht_window *window, size_t at)
{
    if (at > window->len)
        at = window->len;
    while (window->counted < at) {
        const char *from = window->data + window->counted;
        const char *end = memchr(from, '\n', at - window->counted);

        if (!end) {
            window->counted = at;
            break;
        }
        window->line++;
        window->counted = (size_t)(end - window->data) + 1;
    }
    return window->line;
}

int ht_window_fail(struct ht_window *window, size_t at, int code, const char *what,
                   struct ht_error *err)
{
    return ht_error_set(err, code, "%s:%zu: %s", window->name, ht_window_line(window, at), what);
}

/* Moves what is not used yet to the front. */
static size_t drop_used(struct ht_window *window)
{
    size_t used = window->at;

    ht_window_line(window, used);
    memmove(window->read.data, window->read.data + used, window->read.len - used);
    window->read.len -= used;
    window->at = 0;
    window->counted -= used;
    return used;
}

int ht_window_more(struct ht_window *window, size_t *ret_dropped, struct ht_error *err)
{
    size_t room;
    char *to;
    ssize_t n;

    *ret_dropped = 0;
    if (window->fd < 0 || window->ended)
        return 0;
    if (window->at)
        *ret_dropped = drop_used(window);
    to = ht_buf_room(&window->read, READ_BYTES, &room);
    if (room == 0)
        return ht_window_fail(window, window->at, E2BIG,
                              "an object of more than 16 MiB begins here", err);
    do
        n = read(window->fd, to, room);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return ht_error_errno(err, errno, "%s", window->name);
    ht_buf_grow(&window->read, (size_t)n);
    window->data = window->read.data;
    window->len = window->read.len;
    window->ended = n == 0;
    return n > 0;
}

/* Editors of other systems put the mark of UTF-8 in front. */
static int skip_mark(struct ht_window *window, struct ht_error *err)
{
    static const char mark[3] = {'\xef', '\xbb', '\xbf'};
    size_t dropped;
    int r = 1;

    while (r > 0 && window->len < sizeof(mark))
        r = ht_window_more(window, &dropped, err);
    if (window->len >= sizeof(mark) && memcmp(window->data, mark, sizeof(mark)) == 0)
        window->at = sizeof(mark);
    return r < 0 ? r : 0;
}

/* Whether the first byte that is no blank begins a JSON value. */
static int is_json(struct ht_window *window, bool *ret_json, struct ht_error *err)
{
    size_t at = window->at, dropped;
    int r;

    for (;;) {
        while (at < window->len && ht_is_blank(window->data[at]))
            at++;
        if (at < window->len) {
            *ret_json = window->data[at] == '{' || window->data[at] == '[';
            return 0;
        }
        r = ht_window_more(window, &dropped, err);
        if (r < 0)
            return r;
        if (r == 0) {
            *ret_json = false;
            return 0;
        }
        at -= dropped;
    }
}

int ht_objects_read(int fd, const struct ht_objects_options *options, ht_object_take take,
                    void *context, struct ht_error *err)
{
    struct ht_window window;
    bool json = false;

    ht_window_open(&window, fd, options->name);

    int r = skip_mark(&window, err);
    if (r == 0)
        r = is_json(&window, &json, err);
    window.yaml = !json;
    if (r == 0 && json)
        r = ht_objects_json(&window, options, take, context, err);
    if (r == 0 && window.yaml)
        r = ht_objects_yaml(&window, options, take, context, err);
    ht_window_close(&window);
    return r;
}

static void open_text(struct ht_window *window, struct ht_str text, const char *name)
{
    ht_window_open(window, -1, name);
    window->data = text.data;
    window->len = text.len;
    window->ended = true;
}

int ht_objects_read_json(struct ht_str text, const struct ht_objects_options *options,
                         ht_object_take take, void *context, struct ht_error *err)
{
    struct ht_window window;

    open_text(&window, text, options->name);
    int r = ht_objects_json(&window, options, take, context, err);
    if (r == 0 && window.yaml)
        r = ht_window_fail(&window, window.at, EINVAL, "unexpected character", err);
    return r;
}

int ht_objects_read_yaml(struct ht_str text, const struct ht_objects_options *options,
                         ht_object_take take, void *context, struct ht_error *err)
{
    struct ht_window window;

    open_text(&window, text, options->name);
    return ht_objects_yaml(&window, options, take, context, err);
}

/* One of so many marks for a key; equal keys have the same. */
enum { MARKS = 1024, MARKED_MAX = 256 };

static unsigned mark_of(struct ht_str key)
{
    unsigned mark = (unsigned)key.len;

    if (key.len)
        mark += (unsigned char)key.data[0] * 37u + (unsigned char)key.data[key.len / 2] * 251u +
                (unsigned char)key.data[key.len - 1] * 73u;
    return mark % MARKS;
}

/* Few keys have a mark that one before has: only such are compared. */
static const struct ht_json_member *marked_twice(const struct ht_json_member *members, size_t len)
{
    uint64_t marked[MARKS / 64] = {0};

    for (size_t i = 0; i < len; i++) {
        unsigned mark = mark_of(members[i].key);
        uint64_t bit = UINT64_C(1) << mark % 64;

        for (size_t j = 0; marked[mark / 64] & bit && j < i; j++) {
            if (ht_str_equal(members[i].key, members[j].key))
                return &members[i];
        }
        marked[mark / 64] |= bit;
    }
    return NULL;
}

const struct ht_json_member *ht_members_twice(const struct ht_json_member *members, size_t len)
{
    const struct ht_json_member *twice = NULL;
    struct ht_map *seen;

    if (len <= MARKED_MAX)
        return marked_twice(members, len);
    seen = ht_map_new();
    for (size_t i = 0; i < len && !twice; i++) {
        if (ht_map_set(seen, members[i].key, seen))
            twice = &members[i];
    }
    ht_map_free(seen);
    return twice;
}
