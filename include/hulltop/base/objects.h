/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects out of a stream of YAML or JSON documents, one at a time. Layer 1 (base); the caller's
 * thread.
 *
 * A document that is a map with a list under "items" is given item by item and never held as a
 * whole, so memory depends on the largest object alone; its other members are its head.  Both
 * languages give the same trees: plain scalars of YAML are numbers, truth values and null as YAML
 * 1.1 has them.  Size, depth and number of values of one object are limited by limits.h; a key that
 * stands twice in a map is refused.  Anchors of YAML may be used within one object; what aliases
 * stand for counts like the values themselves.
 */
#ifndef HT_BASE_OBJECTS_H
#define HT_BASE_OBJECTS_H

#include "hulltop/base/error.h"
#include "hulltop/base/json.h"

/* What the stream gives; borrowed until the callback returns. */
struct ht_object {
    const struct ht_json *value; /* a document, an item, or the head of a list behind its items */
    const struct ht_json
        *head;     /* of an item: the members of its list before it, a map; else NULL */
    bool is_list;  /* value is the head of a list */
    size_t index;  /* of an item in its list; of a head: how many items there were */
    unsigned line; /* on which it begins, from 1 */
};

/* Other than 0 ends the stream and is returned: -errno with err filled. */
typedef int (*ht_object_take)(void *context, const struct ht_object *object, struct ht_error *err);

struct ht_objects_options {
    const char *name; /* begins messages: "name:3: what" */
    const char *const
        *skip; /* keys whose values are passed over unread, up to a NULL; NULL: none */
};

/* Reads fd to its end; what begins with [, or { and a key in quotes, is JSON (several values may
 * follow each other), all else YAML, which may stand behind JSON and "---" too. -EINVAL: not such a
 * text; -E2BIG: an object over a limit; others from reading. */
int ht_objects_read(int fd, const struct ht_objects_options *options, ht_object_take take,
                    void *context, struct ht_error *err);
/* The same of JSON that lies in memory. */
int ht_objects_read_json(struct ht_str text, const struct ht_objects_options *options,
                         ht_object_take take, void *context, struct ht_error *err);
/* The same of YAML that lies in memory. */
int ht_objects_read_yaml(struct ht_str text, const struct ht_objects_options *options,
                         ht_object_take take, void *context, struct ht_error *err);

/* One JSON value as ht_json_parse reads it, without json-c's objects and at a fifth of its price:
 * for answers that come by the hundred. Strings may point into text, which has to stay as long as
 * they do; a key that stands twice is refused (-EINVAL), a NUL in a key stays one. Members whose
 * key is in skip (as in the options), wherever they stand, are passed over. */
const struct ht_json *ht_json_read(struct ht_arena *arena, const char *name, struct ht_str text,
                                   const char *const *skip, struct ht_error *err);

#endif
