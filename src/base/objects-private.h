/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two languages of objects.h share. Layer 1 (base), private. */
#ifndef HT_BASE_OBJECTS_PRIVATE_H
#define HT_BASE_OBJECTS_PRIVATE_H

#include "hulltop/base/buf.h"
#include "hulltop/base/objects.h"

/* Where bytes come from: read ahead of those that are used, as far as one object needs. */
struct ht_window {
    int fd;           /* -1: all of it is there */
    const char *data; /* what is there */
    size_t len;
    size_t at;          /* the next byte */
    size_t line;        /* on which at stands */
    size_t counted;     /* up to where lines were counted */
    struct ht_buf read; /* what data points into when it is read from fd */
    bool ended;         /* no more will come */
    bool yaml;          /* what the reader of JSON left is YAML */
    const char *name;
};

void ht_window_open(struct ht_window *window, int fd, const char *name);
void ht_window_close(struct ht_window *window);
/* Reads more behind what is there. Returns 1, 0 at the end, or -errno. What was used before at is
 * dropped, so that places before the call move by *ret_dropped. */
int ht_window_more(struct ht_window *window, size_t *ret_dropped, struct ht_error *err);
/* The line of the byte at the given place, which is not before the last one asked about. */
size_t ht_window_line(struct ht_window *window, size_t at);
/* Fails with "name:LINE: what". */
int ht_window_fail(struct ht_window *window, size_t at, int code, const char *what,
                   struct ht_error *err);

/* A piece of text that is exactly one JSON value. */
struct ht_json_piece {
    struct ht_str text;
    const char *const *skip;
    unsigned line;        /* on which it begins, from 1 */
    size_t values_max;    /* values and keys it may have */
    const char *too_many; /* what is wrong with more of them */
    size_t bad;           /* where it went wrong */
    const char *what;     /* what is wrong there */
    int code;
};

/* Reads it into ret (what it points at is borrowed from the arena and the text). 0, or -errno with
 * bad and what set. */
int ht_json_piece_read(struct ht_json_piece *piece, struct ht_arena *arena, struct ht_json *ret);

/* Ends before what can only be YAML, with window->yaml set. */
int ht_objects_json(struct ht_window *window, const struct ht_objects_options *options,
                    ht_object_take take, void *context, struct ht_error *err);
int ht_objects_yaml(struct ht_window *window, const struct ht_objects_options *options,
                    ht_object_take take, void *context, struct ht_error *err);

/* A key that stands twice among members, or NULL. */
const struct ht_json_member *ht_members_twice(const struct ht_json_member *members, size_t len);

#endif
