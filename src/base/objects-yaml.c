/* SPDX-License-Identifier: GPL-2.0-or-later */
/* YAML documents: libyaml's events become trees, one object at a time. */
#include "objects-private.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"
#include "yaml-scalar.h"

/* Comparisons of keys that one << may take. */
enum { MERGE_MAX = 1000000 };

/* What an anchor names: a value that is complete, and what it costs to say it again. */
struct anchor {
    struct ht_json value;
    size_t values;
    unsigned depth;
    bool of_item; /* goes with its item */
};

struct reading {
    yaml_parser_t parser;
    struct ht_window *window;
    size_t first_line; /* on which libyaml's text begins, from 1 */
    size_t taken;      /* bytes since the last object */
    int failed;        /* -errno of the window */
    const struct ht_objects_options *options;
    ht_object_take take;
    void *context;
    struct ht_error *err;
    struct ht_arena *head_arena;
    struct ht_arena *item_arena;
    struct ht_map *anchors;

    /* Of the object under way. */
    struct ht_arena *arena;
    bool in_item;
    size_t values;
    unsigned depth;
    unsigned deepest; /* of what was read since the last anchor began */
};

/* Values of a map or list that is not complete yet. */
struct children {
    void *items;
    size_t len;
    size_t cap;
    size_t size;
};

static size_t line_of(const struct reading *reading, const yaml_mark_t *mark)
{
    return reading->first_line + mark->line;
}

static int fail(struct reading *reading, size_t line, int code, const char *what)
{
    return ht_error_set(reading->err, code, "%s:%zu: %s", reading->window->name, line, what);
}

/* ---- bytes in, events out ---- */

/* Called by libyaml; 0 ends it with a reader error. */
static int give_bytes(void *context, unsigned char *out, size_t size, size_t *ret_len)
{
    struct reading *reading = context;
    struct ht_window *window = reading->window;
    size_t dropped, len;

    if (window->at == window->len) {
        int r = ht_window_more(window, &dropped, reading->err);

        if (r < 0) {
            reading->failed = r;
            return 0;
        }
    }
    len = window->len - window->at < size ? window->len - window->at : size;
    if (len)
        memcpy(out, window->data + window->at, len);
    window->at += len;
    reading->taken += len;
    if (reading->taken > HT_LIMIT_OBJECT) {
        reading->failed = fail(reading, line_of(reading, &reading->parser.mark), E2BIG,
                               "an object of more than 16 MiB ends behind this line");
        return 0;
    }
    *ret_len = len;
    return 1;
}

static int fail_syntax(struct reading *reading)
{
    const yaml_parser_t *parser = &reading->parser;
    const char *problem = parser->problem ? parser->problem : "not YAML";
    size_t line = line_of(reading, &parser->problem_mark);

    if (reading->failed)
        return reading->failed;
    if (parser->error == YAML_MEMORY_ERROR)
        return fail(reading, line, ENOMEM, "no memory for the parser");
    if (parser->error == YAML_READER_ERROR)
        return ht_error_set(reading->err, EINVAL, "%s:%zu: %s (byte %zu)", reading->window->name,
                            line_of(reading, &parser->mark), problem, parser->problem_offset);
    if (parser->context)
        return ht_error_set(reading->err, EINVAL, "%s:%zu: %s %s", reading->window->name, line,
                            parser->context, problem);
    return fail(reading, line, EINVAL, problem);
}

static int next_event(struct reading *reading, yaml_event_t *event)
{
    return yaml_parser_parse(&reading->parser, event) ? 0 : fail_syntax(reading);
}

/* ---- trees ---- */

static void add_child(struct children *children, const void *child)
{
    if (children->len == children->cap) {
        children->cap = children->cap ? children->cap * 2 : 8;
        children->items = ht_realloc(children->items, children->cap, children->size);
    }
    memcpy((char *)children->items + children->len++ * children->size, child, children->size);
}

/* The children in the arena, as many as there are. */
static const void *keep_children(struct reading *reading, const struct children *children)
{
    void *items = ht_arena_alloc(reading->arena, children->len, children->size);

    if (children->len)
        memcpy(items, children->items, children->len * children->size);
    return items;
}

static struct ht_str text_of(struct reading *reading, const yaml_event_t *event)
{
    return ht_arena_str(reading->arena,
                        (struct ht_str){.data = (const char *)event->data.scalar.value,
                                        .len = event->data.scalar.length});
}

static int count_value(struct reading *reading, size_t line, size_t values)
{
    reading->values += values;
    if (reading->values > HT_LIMIT_OBJECT_VALUES)
        return fail(reading, line, E2BIG, "too many values in one object (limit 200000)");
    if (ht_arena_is_full(reading->arena))
        return fail(reading, line, E2BIG, "an object needs more memory than its limit allows");
    return 0;
}

static int note_depth(struct reading *reading, size_t line, unsigned depth)
{
    if (depth > HT_LIMIT_DEPTH)
        return fail(reading, line, E2BIG, "nested too deep (limit 64)");
    if (depth > reading->deepest)
        reading->deepest = depth;
    return 0;
}

static int read_value(struct reading *reading, const yaml_event_t *event, struct ht_json *ret);

static int read_alias(struct reading *reading, const yaml_event_t *event, struct ht_json *ret)
{
    const char *name = (const char *)event->data.alias.anchor;
    const struct anchor *anchor = ht_map_get(reading->anchors, ht_str_from(name));
    size_t line = line_of(reading, &event->start_mark);
    int r;

    if (!anchor)
        return ht_error_set(reading->err, EINVAL,
                            "%s:%zu: alias of an anchor that is not in this object, or around it: "
                            "%.80s",
                            reading->window->name, line, name);
    r = count_value(reading, line, anchor->values);
    if (r == 0)
        r = note_depth(reading, line, reading->depth + anchor->depth);
    if (r == 0)
        *ret = anchor->value;
    return r;
}

static int read_scalar(struct reading *reading, const yaml_event_t *event, struct ht_json *ret)
{
    const char *tag = (const char *)event->data.scalar.tag;
    struct ht_str text = text_of(reading, event);
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

    if (tag && strcmp(tag, YAML_STR_TAG) == 0)
        plain = false;
    else if (tag && strcmp(tag, "!") == 0)
        plain = false;
    else if (tag && strcmp(tag, YAML_INT_TAG) != 0 && strcmp(tag, YAML_BOOL_TAG) != 0 &&
             strcmp(tag, YAML_NULL_TAG) != 0 && strcmp(tag, YAML_FLOAT_TAG) != 0)
        return fail(reading, line_of(reading, &event->start_mark), EINVAL, "tags are not accepted");
    else if (tag)
        plain = true;
    if (plain) {
        ht_yaml_scalar(text, ret);
    } else {
        ret->kind = HT_JSON_STRING;
        ret->string = text;
    }
    return 0;
}

static int check_tag(struct reading *reading, const yaml_event_t *event)
{
    const yaml_char_t *tag = event->type == YAML_MAPPING_START_EVENT
                                 ? event->data.mapping_start.tag
                                 : event->data.sequence_start.tag;

    if (tag && strcmp((const char *)tag, YAML_MAP_TAG) != 0 &&
        strcmp((const char *)tag, YAML_SEQ_TAG) != 0)
        return fail(reading, line_of(reading, &event->start_mark), EINVAL, "tags are not accepted");
    return 0;
}

static int read_list(struct reading *reading, struct ht_json *ret)
{
    struct children children = {.size = sizeof(struct ht_json)};
    int r;

    for (;;) {
        struct ht_json item = {0};
        yaml_event_t event;

        r = next_event(reading, &event);
        if (r < 0)
            break;

        bool ended = event.type == YAML_SEQUENCE_END_EVENT;
        if (!ended)
            r = read_value(reading, &event, &item);
        yaml_event_delete(&event);
        if (r < 0 || ended)
            break;
        add_child(&children, &item);
    }
    if (r == 0) {
        ret->kind = HT_JSON_ARRAY;
        ret->len = children.len;
        ret->items = keep_children(reading, &children);
    }
    free(children.items);
    return r;
}

/* ---- maps ---- */

static bool is_skipped(const struct reading *reading, struct ht_str key)
{
    for (const char *const *skip = reading->options->skip; skip && *skip; skip++) {
        if (ht_str_is(key, *skip))
            return true;
    }
    return false;
}

/* Passes over one value, whose events are counted and not kept. */
static int skip_value(struct reading *reading)
{
    unsigned depth = 0;

    do {
        yaml_event_t event;
        int r = next_event(reading, &event);

        if (r < 0)
            return r;
        if (event.type == YAML_MAPPING_START_EVENT || event.type == YAML_SEQUENCE_START_EVENT)
            depth++;
        else if (event.type == YAML_MAPPING_END_EVENT || event.type == YAML_SEQUENCE_END_EVENT)
            depth--;
        size_t line = line_of(reading, &event.start_mark);
        yaml_event_delete(&event);
        if (depth > HT_LIMIT_DEPTH)
            return fail(reading, line, E2BIG, "nested too deep (limit 64)");
        r = count_value(reading, line, 1);
        if (r < 0)
            return r;
    } while (depth);
    return 0;
}

static int read_key(struct reading *reading, const yaml_event_t *event, struct ht_str *ret)
{
    size_t line = line_of(reading, &event->start_mark);

    if (event->type != YAML_SCALAR_EVENT)
        return fail(reading, line, EINVAL, "a key must be a plain text");
    if (event->data.scalar.anchor)
        return fail(reading, line, EINVAL, "a key with an anchor is not accepted");
    *ret = text_of(reading, event);
    return count_value(reading, line, 1);
}

static int fail_twice(struct reading *reading, size_t line, struct ht_str key)
{
    return ht_error_set(reading->err, EINVAL, "%s:%zu: key \"%.*s\" is there twice",
                        reading->window->name, line, key.len > 80 ? 80 : (int)key.len, key.data);
}

static bool has_key(const struct children *members, struct ht_str key)
{
    const struct ht_json_member *items = members->items;

    for (size_t i = 0; i < members->len; i++) {
        if (ht_str_equal(items[i].key, key))
            return true;
    }
    return false;
}

/* "<<": the members of other maps, as far as there are none of their names. */
static int merge(struct reading *reading, size_t line, const struct ht_json *from,
                 struct children *members)
{
    if (from->kind == HT_JSON_ARRAY) {
        int r = 0;

        for (size_t i = 0; i < from->len && r == 0; i++)
            r = merge(reading, line, &from->items[i], members);
        return r;
    }
    if (from->kind != HT_JSON_OBJECT)
        return fail(reading, line, EINVAL, "<< needs a map, or a list of maps");
    if (from->len * members->len > MERGE_MAX)
        return fail(reading, line, E2BIG, "<< of maps that are too large");
    for (size_t i = 0; i < from->len; i++) {
        if (!has_key(members, from->members[i].key))
            add_child(members, &from->members[i]);
    }
    return 0;
}

static int read_member(struct reading *reading, const yaml_event_t *key_event,
                       struct children *members, struct ht_json *merged)
{
    bool plain = key_event->type == YAML_SCALAR_EVENT &&
                 key_event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct ht_json_member member = {0};
    int r = read_key(reading, key_event, &member.key);

    if (r < 0)
        return r;
    if (is_skipped(reading, member.key))
        return skip_value(reading);

    yaml_event_t event;
    r = next_event(reading, &event);
    if (r < 0)
        return r;
    r = read_value(reading, &event, &member.value);
    yaml_event_delete(&event);
    if (r < 0)
        return r;
    if (plain && ht_str_is(member.key, "<<"))
        *merged = member.value;
    else
        add_child(members, &member);
    return 0;
}

/* Behind the start of a map; line is its own. */
static int read_map(struct reading *reading, size_t line, struct ht_json *ret)
{
    struct children members = {.size = sizeof(struct ht_json_member)};
    struct ht_json merged = {.kind = HT_JSON_NULL};
    int r;

    for (;;) {
        yaml_event_t event;

        r = next_event(reading, &event);
        if (r < 0)
            break;

        bool ended = event.type == YAML_MAPPING_END_EVENT;
        if (!ended)
            r = read_member(reading, &event, &members, &merged);
        yaml_event_delete(&event);
        if (r < 0 || ended)
            break;
    }
    if (r == 0) {
        const struct ht_json_member *twice = ht_members_twice(members.items, members.len);

        if (twice)
            r = fail_twice(reading, line, twice->key);
    }
    if (r == 0 && merged.kind != HT_JSON_NULL)
        r = merge(reading, line, &merged, &members);
    if (r == 0) {
        ret->kind = HT_JSON_OBJECT;
        ret->len = members.len;
        ret->members = keep_children(reading, &members);
    }
    free(members.items);
    return r;
}

/* ---- values ---- */

static const char *anchor_of(const yaml_event_t *event)
{
    switch ((int)event->type) {
    case YAML_SCALAR_EVENT:
        return (const char *)event->data.scalar.anchor;
    case YAML_SEQUENCE_START_EVENT:
        return (const char *)event->data.sequence_start.anchor;
    case YAML_MAPPING_START_EVENT:
        return (const char *)event->data.mapping_start.anchor;
    }
    return NULL;
}

static void name_value(struct reading *reading, const char *name, const struct anchor *anchor)
{
    struct anchor *kept = ht_new0(struct anchor);

    *kept = *anchor;
    free(ht_map_set(reading->anchors, ht_str_from(name), kept));
}

static int read_nested(struct reading *reading, const yaml_event_t *event, struct ht_json *ret)
{
    size_t line = line_of(reading, &event->start_mark);
    int r = check_tag(reading, event);

    if (r == 0)
        r = note_depth(reading, line, ++reading->depth);
    if (r == 0)
        r = event->type == YAML_MAPPING_START_EVENT ? read_map(reading, line, ret)
                                                    : read_list(reading, ret);
    reading->depth--;
    return r;
}

static int read_value(struct reading *reading, const yaml_event_t *event, struct ht_json *ret)
{
    const char *name = anchor_of(event);
    size_t before = reading->values;
    unsigned outer = reading->deepest;
    int r;

    if (event->type == YAML_ALIAS_EVENT)
        return read_alias(reading, event, ret);
    r = count_value(reading, line_of(reading, &event->start_mark), 1);
    if (r < 0)
        return r;
    if (name)
        reading->deepest = reading->depth;
    r = event->type == YAML_SCALAR_EVENT ? read_scalar(reading, event, ret)
                                         : read_nested(reading, event, ret);
    ret->line = (unsigned)line_of(reading, &event->start_mark); /* of whatever kind it is */
    if (r < 0 || !name)
        return r;
    name_value(reading, name,
               &(struct anchor){.value = *ret,
                                .values = reading->values - before,
                                .depth = reading->deepest - reading->depth,
                                .of_item = reading->in_item});
    if (outer > reading->deepest)
        reading->deepest = outer;
    return 0;
}

/* ---- documents ---- */

static bool goes_with_item(void *context, struct ht_str key, void *value)
{
    struct anchor *anchor = value;

    (void)context;
    (void)key;
    if (!anchor->of_item)
        return false;
    free(anchor);
    return true;
}

static void begin_object(struct reading *reading, struct ht_arena *arena, bool in_item)
{
    reading->arena = arena;
    reading->in_item = in_item;
    reading->values = 0;
    reading->depth = 0;
    reading->deepest = 0;
    reading->taken = 0;
}

struct document {
    struct children members;
    size_t items;
    bool is_list;
    unsigned line;
};

static struct ht_json head_of(const struct document *document)
{
    return (struct ht_json){
        .kind = HT_JSON_OBJECT, .len = document->members.len, .members = document->members.items};
}

static int take_item(struct reading *reading, const yaml_event_t *event, struct document *document,
                     bool in_list)
{
    struct ht_json value = {0};
    struct ht_json head = head_of(document);
    struct ht_object object = {.value = &value,
                               .head = in_list ? &head : NULL,
                               .index = document->items,
                               .line = (unsigned)line_of(reading, &event->start_mark)};
    size_t values = reading->values;
    int r;

    ht_arena_reset(reading->item_arena);
    begin_object(reading, reading->item_arena, true);
    r = read_value(reading, event, &value);
    if (r == 0) {
        document->items++;
        r = reading->take(reading->context, &object, reading->err);
    }
    ht_map_remove_if(reading->anchors, goes_with_item, NULL);
    begin_object(reading, reading->head_arena, false);
    reading->values = values;
    reading->depth = in_list;
    return r;
}

/* Behind the start of a list of items. */
static int read_items(struct reading *reading, struct document *document, bool in_list)
{
    for (;;) {
        yaml_event_t event;
        int r = next_event(reading, &event);

        if (r < 0)
            return r;

        bool ended = event.type == YAML_SEQUENCE_END_EVENT;
        if (!ended)
            r = take_item(reading, &event, document, in_list);
        yaml_event_delete(&event);
        if (r != 0 || ended)
            return r;
    }
}

/* One member of the outermost map. */
static int read_head_member(struct reading *reading, const yaml_event_t *key_event,
                            struct document *document, struct ht_json *merged)
{
    struct ht_str key = {0};
    yaml_event_t event;
    int r;

    if (key_event->type != YAML_SCALAR_EVENT ||
        !ht_str_is((struct ht_str){.data = (const char *)key_event->data.scalar.value,
                                   .len = key_event->data.scalar.length},
                   "items"))
        return read_member(reading, key_event, &document->members, merged);
    r = read_key(reading, key_event, &key);
    if (r == 0 && document->is_list)
        r = fail_twice(reading, line_of(reading, &key_event->start_mark), key);
    if (r == 0)
        r = next_event(reading, &event);
    if (r < 0)
        return r;
    if (event.type == YAML_SEQUENCE_START_EVENT) {
        document->is_list = true;
        r = read_items(reading, document, true);
    } else {
        struct ht_json_member member = {.key = key};

        r = read_value(reading, &event, &member.value);
        if (r == 0)
            add_child(&document->members, &member);
    }
    yaml_event_delete(&event);
    return r;
}

static int read_head(struct reading *reading, struct document *document)
{
    struct ht_json merged = {.kind = HT_JSON_NULL};

    for (;;) {
        yaml_event_t event;
        int r = next_event(reading, &event);

        if (r < 0)
            return r;

        bool ended = event.type == YAML_MAPPING_END_EVENT;
        if (!ended)
            r = read_head_member(reading, &event, document, &merged);
        yaml_event_delete(&event);
        if (r != 0)
            return r;
        if (ended)
            break;
    }

    const struct ht_json_member *twice =
        ht_members_twice(document->members.items, document->members.len);
    if (twice)
        return fail_twice(reading, document->line, twice->key);
    if (merged.kind != HT_JSON_NULL)
        return merge(reading, document->line, &merged, &document->members);
    return 0;
}

/* Nothing, or null. */
static bool is_empty(const yaml_event_t *event)
{
    struct ht_json value = {0};

    if (event->type != YAML_SCALAR_EVENT || event->data.scalar.tag ||
        event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    ht_yaml_scalar((struct ht_str){.data = (const char *)event->data.scalar.value,
                                   .len = event->data.scalar.length},
                   &value);
    return value.kind == HT_JSON_NULL;
}

/* What a document begins with; an empty one is none. */
static int read_root(struct reading *reading, const yaml_event_t *event)
{
    struct document document = {.members = {.size = sizeof(struct ht_json_member)},
                                .line = (unsigned)line_of(reading, &event->start_mark)};
    struct ht_json head;
    int r = 0;

    if (is_empty(event))
        return 0;
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return read_items(reading, &document, false);
    if (event->type != YAML_MAPPING_START_EVENT)
        return fail(reading, document.line, EINVAL, "neither a map nor a list");
    if (anchor_of(event))
        r = fail(reading, document.line, EINVAL, "an anchor on a whole document is not accepted");
    if (r == 0)
        r = check_tag(reading, event);
    reading->depth = 1;
    if (r == 0)
        r = read_head(reading, &document);
    if (r == 0) {
        head = head_of(&document);
        r = reading->take(reading->context,
                          &(struct ht_object){.value = &head,
                                              .is_list = document.is_list,
                                              .index = document.items,
                                              .line = document.line},
                          reading->err);
    }
    free(document.members.items);
    return r;
}

static int read_document(struct reading *reading)
{
    yaml_event_t event;
    int r = next_event(reading, &event);

    if (r < 0)
        return r;
    ht_arena_reset(reading->head_arena);
    begin_object(reading, reading->head_arena, false);
    r = read_root(reading, &event);
    yaml_event_delete(&event);
    ht_map_free_values(reading->anchors);
    return r;
}

static int read_stream(struct reading *reading)
{
    for (;;) {
        yaml_event_t event;
        int r = next_event(reading, &event);

        if (r < 0)
            return r;

        yaml_event_type_t type = event.type;
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT)
            return 0;
        if (type == YAML_DOCUMENT_START_EVENT)
            r = read_document(reading);
        if (r != 0)
            return r;
    }
}

int ht_objects_yaml(struct ht_window *window, const struct ht_objects_options *options,
                    ht_object_take take, void *context, struct ht_error *err)
{
    ht_autoarena struct ht_arena *head = ht_arena_new((size_t)HT_LIMIT_OBJECT * 8);
    ht_autoarena struct ht_arena *item = ht_arena_new((size_t)HT_LIMIT_OBJECT * 8);
    struct reading reading = {.window = window,
                              .first_line = ht_window_line(window, window->at),
                              .options = options,
                              .take = take,
                              .context = context,
                              .err = err,
                              .head_arena = head,
                              .item_arena = item,
                              .anchors = ht_map_new()};

    if (!yaml_parser_initialize(&reading.parser)) {
        ht_map_free(reading.anchors);
        return ht_error_set(err, ENOMEM, "%s: no memory for the parser", window->name);
    }
    yaml_parser_set_encoding(&reading.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input(&reading.parser, give_bytes, &reading);

    int r = read_stream(&reading);
    yaml_parser_delete(&reading.parser);
    ht_map_free_values(reading.anchors);
    ht_map_free(reading.anchors);
    return r;
}
