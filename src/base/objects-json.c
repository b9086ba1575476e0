/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON documents: the outermost level is read here, byte by byte; each value in it is cut out by
 * its brackets and read as a whole. */
#include "objects-private.h"

#include <errno.h>
#include <string.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { HEAD_MEMBERS = 1000 };

struct reading {
    struct ht_window *window;
    const struct ht_objects_options *options;
    ht_object_take take;
    void *context;
    struct ht_error *err;
    struct ht_arena *head_arena; /* of the document */
    struct ht_arena *item_arena; /* of one item */
    struct ht_json_member *members;
    size_t members_len;
    size_t items;
    bool is_list;
};

/* Makes the byte at a place behind the window's place readable. 1, 0 at the end, -errno. */
static int reach(struct reading *reading, size_t ahead)
{
    struct ht_window *window = reading->window;
    size_t dropped;

    while (window->len - window->at <= ahead) {
        int r = ht_window_more(window, &dropped, reading->err);

        if (r <= 0)
            return r;
    }
    return 1;
}

static int fail_end(struct reading *reading)
{
    return ht_window_fail(reading->window, reading->window->len, EINVAL, "unexpected end",
                          reading->err);
}

static int fail_here(struct reading *reading)
{
    return ht_window_fail(reading->window, reading->window->at, EINVAL, "unexpected character",
                          reading->err);
}

/* The next byte that is no blank; it stays. 1, 0 at the end, -errno. */
static int peek(struct reading *reading, char *ret)
{
    struct ht_window *window = reading->window;

    for (;;) {
        int r = reach(reading, 0);

        if (r <= 0)
            return r;
        while (window->at < window->len && ht_is_blank(window->data[window->at]))
            window->at++;
        if (window->at < window->len) {
            *ret = window->data[window->at];
            return 1;
        }
    }
}

/* The same where there must be one. */
static int peek_sure(struct reading *reading, char *ret)
{
    int r = peek(reading, ret);

    return r == 0 ? fail_end(reading) : r;
}

/* ---- cutting ---- */

/* How far a value was looked through. */
struct cut {
    size_t len;
    unsigned depth;
    bool in_string;
    bool ended;
};

/* Passes over a string's bytes; stops behind its quote. */
static void cut_string(struct cut *cut, const char *data, size_t there)
{
    size_t at = cut->len;

    while (at < there) {
        if (data[at] == '\\') {
            if (there - at < 2)
                break; /* what it escapes is not there yet */
            at += 2;
            continue;
        }
        if (data[at++] == '"') {
            cut->in_string = false;
            break;
        }
    }
    cut->len = at;
}

static void cut_bytes(struct cut *cut, const char *data, size_t there)
{
    while (cut->len < there && !cut->ended) {
        if (cut->in_string) {
            size_t before = cut->len;

            cut_string(cut, data, there);
            if (cut->in_string && cut->len == before)
                return;
            cut->ended = !cut->in_string && cut->depth == 0;
            continue;
        }
        switch (data[cut->len]) {
        case '"':
            cut->in_string = true;
            break;
        case '{':
        case '[':
            cut->depth++;
            break;
        case '}':
        case ']':
            if (cut->depth == 0) {
                cut->ended = true;
                return;
            }
            cut->ended = --cut->depth == 0;
            break;
        case ',':
        case ' ':
        case '\n':
        case '\r':
        case '\t':
            if (cut->depth == 0) {
                cut->ended = true;
                return;
            }
            break;
        }
        cut->len++;
    }
}

/* The length of the value at the window's place, which is made readable as a whole. */
static int cut_value(struct reading *reading, size_t *ret_len)
{
    struct ht_window *window = reading->window;
    struct cut cut = {0};

    for (;;) {
        cut_bytes(&cut, window->data + window->at, window->len - window->at);
        if (cut.ended)
            break;

        size_t dropped;
        int r = ht_window_more(window, &dropped, reading->err);
        if (r < 0)
            return r;
        if (r == 0 && (cut.depth || cut.in_string))
            return fail_end(reading);
        if (r == 0)
            break;
    }
    *ret_len = cut.len;
    return 0;
}

static const char too_many[] = "too many values (limit 200000)";

/* Reads the value at the window's place into arena, and passes it. */
static int read_piece(struct reading *reading, struct ht_arena *arena, struct ht_json *ret)
{
    struct ht_window *window = reading->window;
    size_t len = 0;
    int r = cut_value(reading, &len);

    if (r < 0)
        return r;

    struct ht_json_piece piece = {.text = {.data = window->data + window->at, .len = len},
                                  .skip = reading->options->skip,
                                  .line = (unsigned)ht_window_line(window, window->at),
                                  .values_max = HT_LIMIT_OBJECT_VALUES,
                                  .too_many = too_many};
    r = ht_json_piece_read(&piece, arena, ret);
    if (r < 0)
        return ht_window_fail(window, window->at + piece.bad, piece.code, piece.what, reading->err);
    window->at += len;
    return 0;
}

/* ---- items ---- */

static struct ht_json head_of(const struct reading *reading)
{
    return (struct ht_json){
        .kind = HT_JSON_OBJECT, .len = reading->members_len, .members = reading->members};
}

static int take_item(struct reading *reading, bool in_list)
{
    struct ht_json value = {0};
    struct ht_json head = head_of(reading);
    struct ht_object object = {.value = &value,
                               .head = in_list ? &head : NULL,
                               .index = reading->items,
                               .line =
                                   (unsigned)ht_window_line(reading->window, reading->window->at)};

    ht_arena_reset(reading->item_arena);
    int r = read_piece(reading, reading->item_arena, &value);
    if (r < 0)
        return r;
    reading->items++;
    return reading->take(reading->context, &object, reading->err);
}

/* At the opening bracket of a list of items. */
static int read_items(struct reading *reading, bool in_list)
{
    char c;

    reading->window->at++;
    int r = peek_sure(reading, &c);
    if (r < 0)
        return r;
    while (c != ']') {
        r = take_item(reading, in_list);
        if (r == 0)
            r = peek_sure(reading, &c);
        if (r < 0)
            return r;
        if (c != ',' && c != ']')
            return fail_here(reading);
        if (c == ']')
            break;
        reading->window->at++;
        r = peek_sure(reading, &c);
        if (r < 0)
            return r;
        if (c == ']')
            return fail_here(reading);
    }
    reading->window->at++;
    return 0;
}

/* ---- one document ---- */

static bool is_skipped(const struct reading *reading, struct ht_str key)
{
    for (const char *const *skip = reading->options->skip; skip && *skip; skip++) {
        if (ht_str_is(key, *skip))
            return true;
    }
    return false;
}

/* A value that stays until the end of its document has to be copied out of the window. */
static int read_kept(struct reading *reading, struct ht_json *ret)
{
    struct ht_window *window = reading->window;
    size_t len = 0;
    int r = cut_value(reading, &len);

    if (r < 0)
        return r;

    struct ht_str copy = ht_arena_str(
        reading->head_arena, (struct ht_str){.data = window->data + window->at, .len = len});
    struct ht_json_piece piece = {.text = copy,
                                  .skip = reading->options->skip,
                                  .line = (unsigned)ht_window_line(window, window->at),
                                  .values_max = HT_LIMIT_OBJECT_VALUES,
                                  .too_many = too_many};
    r = ht_json_piece_read(&piece, reading->head_arena, ret);
    if (r < 0)
        return ht_window_fail(window, window->at + piece.bad, piece.code, piece.what, reading->err);
    window->at += len;
    return 0;
}

static int add_member(struct reading *reading, const struct ht_json_member *member)
{
    if (reading->members_len == HEAD_MEMBERS)
        return ht_window_fail(reading->window, reading->window->at, E2BIG,
                              "too many members (limit 1000)", reading->err);
    reading->members[reading->members_len++] = *member;
    if (ht_members_twice(reading->members, reading->members_len))
        return ht_error_set(reading->err, EINVAL, "%s:%zu: key \"%.*s\" is there twice",
                            reading->window->name,
                            ht_window_line(reading->window, reading->window->at),
                            member->key.len > 80 ? 80 : (int)member->key.len, member->key.data);
    return 0;
}

/* At the quote of a key. */
static int read_member(struct reading *reading)
{
    struct ht_json key = {0};
    struct ht_json_member member = {0};
    char c;
    int r = read_kept(reading, &key);

    if (r == 0)
        r = peek_sure(reading, &c);
    if (r < 0)
        return r;
    if (key.kind != HT_JSON_STRING || c != ':')
        return fail_here(reading);
    reading->window->at++;
    r = peek_sure(reading, &c);
    if (r < 0)
        return r;
    member.key = key.string;
    if (c == '[' && ht_str_is(key.string, "items")) {
        if (reading->is_list)
            return ht_window_fail(reading->window, reading->window->at, EINVAL,
                                  "key \"items\" is there twice", reading->err);
        reading->is_list = true;
        return read_items(reading, true);
    }
    if (is_skipped(reading, key.string)) {
        size_t len = 0;

        r = cut_value(reading, &len);
        if (r == 0)
            reading->window->at += len;
        return r;
    }
    r = read_kept(reading, &member.value);
    return r < 0 ? r : add_member(reading, &member);
}

/* At the opening brace. */
static int read_document(struct reading *reading)
{
    unsigned line = (unsigned)ht_window_line(reading->window, reading->window->at);
    char c;
    int r;

    reading->window->at++;
    r = peek_sure(reading, &c);
    while (r >= 0 && c != '}') {
        if (c != '"')
            return fail_here(reading);
        r = read_member(reading);
        if (r == 0)
            r = peek_sure(reading, &c);
        if (r < 0 || c == '}')
            break;
        if (c != ',')
            return fail_here(reading);
        reading->window->at++;
        r = peek_sure(reading, &c);
        if (r > 0 && c == '}')
            return fail_here(reading);
    }
    if (r < 0)
        return r;
    reading->window->at++;

    struct ht_json head = head_of(reading);
    struct ht_object object = {
        .value = &head, .is_list = reading->is_list, .index = reading->items, .line = line};
    return reading->take(reading->context, &object, reading->err);
}

static int read_one(struct reading *reading, char c)
{
    reading->members_len = 0;
    reading->items = 0;
    reading->is_list = false;
    ht_arena_reset(reading->head_arena);
    if (c == '{')
        return read_document(reading);
    if (c == '[')
        return read_items(reading, false);
    return fail_here(reading);
}

/* "---" or "..." may stand between two values, as between documents of YAML. */
static int skip_marker(struct reading *reading)
{
    struct ht_window *window = reading->window;
    int r = reach(reading, 2);

    if (r < 0)
        return r;
    if (r == 0 || (memcmp(window->data + window->at, "---", 3) != 0 &&
                   memcmp(window->data + window->at, "...", 3) != 0))
        return fail_here(reading);
    window->at += 3;
    return 0;
}

/* Whether the brace at the window's place begins a map of YAML: its first key has no quotes, or a
 * comment stands before it. */
static int is_flow_map(struct reading *reading, bool *ret_flow)
{
    struct ht_window *window = reading->window;

    *ret_flow = false;
    for (size_t ahead = 1;; ahead++) {
        int r = reach(reading, ahead);

        if (r <= 0)
            return r;
        if (!ht_is_blank(window->data[window->at + ahead])) {
            *ret_flow = !memchr("\"}", window->data[window->at + ahead], 2);
            return 0;
        }
    }
}

/* Whether it is YAML from here on. A document begins there, or one has ended. */
static int is_yaml(struct reading *reading, char c, bool begins, bool *ret_yaml)
{
    *ret_yaml = c == '#' || (begins && !memchr("{[-.", c, 4));
    return begins && c == '{' ? is_flow_map(reading, ret_yaml) : 0;
}

static int read_all(struct reading *reading)
{
    bool begins = true;
    char c;
    int r;

    for (;;) {
        r = peek(reading, &c);
        if (r <= 0)
            return r;
        r = is_yaml(reading, c, begins, &reading->window->yaml);
        if (r < 0 || reading->window->yaml)
            return r;
        begins = c == '-' || c == '.';
        r = begins ? skip_marker(reading) : read_one(reading, c);
        if (r != 0)
            return r;
    }
}

int ht_objects_json(struct ht_window *window, const struct ht_objects_options *options,
                    ht_object_take take, void *context, struct ht_error *err)
{
    /* A tree takes several times its text. */
    ht_autoarena struct ht_arena *head = ht_arena_new((size_t)HT_LIMIT_OBJECT * 8);
    ht_autoarena struct ht_arena *item = ht_arena_new((size_t)HT_LIMIT_OBJECT * 8);
    struct reading reading = {.window = window,
                              .options = options,
                              .take = take,
                              .context = context,
                              .err = err,
                              .head_arena = head,
                              .item_arena = item};

    reading.members = ht_new_array(struct ht_json_member, HEAD_MEMBERS);
    int r = read_all(&reading);
    free(reading.members);
    return r;
}
