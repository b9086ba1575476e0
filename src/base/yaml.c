/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/yaml.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"

struct reader {
    yaml_parser_t parser;
    struct ht_arena *arena;
    const char *name;
    size_t nodes;
    unsigned depth;
    struct ht_map *anchors; /* of a foreign document: name to struct anchored; else NULL */
    struct ht_error *err;
};

/* A node that has a name, complete. */
struct anchored {
    struct ht_yaml node;
    size_t nodes;   /* in it, itself included */
    unsigned depth; /* of the containers in it */
};

static int fail(struct reader *reader, size_t line, int code, const char *what)
{
    return ht_error_set(reader->err, code, "%s:%zu: %s", reader->name, line, what);
}

/* What libyaml says about a text that is no YAML. */
static int fail_syntax(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    const char *problem = parser->problem ? parser->problem : "not YAML";
    size_t line = parser->problem_mark.line + 1;

    if (parser->error == YAML_MEMORY_ERROR)
        return fail(reader, line, ENOMEM, "no memory for the parser");
    if (parser->error == YAML_READER_ERROR) {
        /* The reader knows an offset only: the bytes before it were read as they are. */
        line = parser->mark.line + 1;
        return ht_error_set(reader->err, EINVAL, "%s:%zu: %s (byte %zu)", reader->name, line,
                            problem, parser->problem_offset);
    }
    if (parser->context)
        return ht_error_set(reader->err, EINVAL, "%s:%zu: %s %s", reader->name, line,
                            parser->context, problem);
    return fail(reader, line, EINVAL, problem);
}

static int next_event(struct reader *reader, yaml_event_t *event)
{
    if (!yaml_parser_parse(&reader->parser, event))
        return fail_syntax(reader);
    return 0;
}

/* Skips an event whose kind is known (stream and document starts). */
static int skip_event(struct reader *reader)
{
    yaml_event_t event;
    int r = next_event(reader, &event);

    if (r == 0)
        yaml_event_delete(&event);
    return r;
}

static int read_node(struct reader *reader, const yaml_event_t *event, struct ht_yaml *ret_node);

static int check_duplicate(struct reader *reader, struct ht_map *seen, const struct ht_yaml *key)
{
    if (key->kind != HT_YAML_SCALAR)
        return fail(reader, key->line, EINVAL, "a key must be a plain text");
    if (!ht_map_set(seen, key->text, seen))
        return 0;
    /* In a foreign document it may be a secret, misplaced. */
    if (!reader->anchors)
        return ht_error_set(reader->err, EINVAL, "%s:%u: key \"%.*s\" is there twice", reader->name,
                            key->line, key->text.len > 80 ? 80 : (int)key->text.len,
                            key->text.data);
    return fail(reader, key->line, EINVAL, "a key is there twice");
}

/* The nodes of a list or map, as they come, until its end event. */
struct children {
    struct ht_yaml *items;
    size_t len;
    size_t cap;
    struct ht_map *seen; /* keys of a map; NULL for a list */
};

/* Makes room for one more. */
static struct ht_yaml *next_child(struct children *children)
{
    if (children->len == children->cap) {
        children->cap = children->cap ? children->cap * 2 : 8;
        children->items = ht_realloc(children->items, children->cap, sizeof(*children->items));
    }
    return &children->items[children->len];
}

static int add_child(struct reader *reader, struct children *children, const yaml_event_t *event)
{
    struct ht_yaml *child = next_child(children);
    int r = read_node(reader, event, child);
    if (r < 0)
        return r;
    if (children->seen && children->len % 2 == 0)
        r = check_duplicate(reader, children->seen, child);
    children->len++;
    return r;
}

static int read_children(struct reader *reader, yaml_event_type_t end, struct children *children)
{
    for (;;) {
        yaml_event_t event;
        int r = next_event(reader, &event);

        if (r < 0)
            return r;
        if (event.type == end) {
            yaml_event_delete(&event);
            return 0;
        }
        r = add_child(reader, children, &event);
        yaml_event_delete(&event);
        if (r < 0)
            return r;
    }
}

/* ---- what only foreign documents may have ---- */

static unsigned depth_of(const struct ht_yaml *node)
{
    size_t children = node->kind == HT_YAML_MAP ? 2 * node->len : node->len;
    unsigned deepest = 0;

    if (node->kind == HT_YAML_SCALAR)
        return 0;
    for (size_t i = 0; i < children; i++) {
        unsigned depth = depth_of(&node->items[i]);

        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

static const char *anchor_of(const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL;

    switch ((int)event->type) {
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        break;
    case YAML_ALIAS_EVENT:
        anchor = event->data.alias.anchor;
        break;
    }
    return (const char *)anchor;
}

static void keep_anchor(struct reader *reader, const yaml_event_t *event,
                        const struct ht_yaml *node, size_t nodes)
{
    const char *name = anchor_of(event);

    if (!name)
        return;

    struct anchored *anchored = ht_arena_array(reader->arena, struct anchored, 1);
    *anchored = (struct anchored){.node = *node, .nodes = nodes, .depth = depth_of(node)};
    ht_map_set(reader->anchors, ht_str_from(name), anchored);
}

/* An alias costs what it stands for, so that a few lines cannot become millions of nodes. */
static int read_alias(struct reader *reader, const yaml_event_t *event, struct ht_yaml *ret_node)
{
    size_t line = event->start_mark.line + 1;
    const struct anchored *anchored = ht_map_get(reader->anchors, ht_str_from(anchor_of(event)));

    if (!anchored)
        return fail(reader, line, EINVAL, "an alias of nothing that is complete");
    reader->nodes += anchored->nodes - 1;
    if (reader->nodes > HT_LIMIT_YAML_NODES)
        return fail(reader, line, E2BIG, "too many nodes (limit 100000)");
    if (reader->depth + anchored->depth > HT_LIMIT_DEPTH)
        return fail(reader, line, E2BIG, "nested too deep (limit 64)");
    *ret_node = anchored->node;
    return 0;
}

static bool is_merge(const struct ht_yaml *key)
{
    return !key->quoted && ht_str_is(key->text, "<<");
}

static void merge_pairs(struct ht_map *seen, const struct ht_yaml *from, struct children *into)
{
    for (size_t i = 0; i < from->len; i++) {
        const struct ht_yaml *pair = &from->items[2 * i];

        if (ht_map_set(seen, pair->text, seen))
            continue;
        for (size_t j = 0; j < 2; j++) {
            *next_child(into) = pair[j];
            into->len++;
        }
    }
}

/* Replaces "<<" and its value, a map or a list of maps, by the pairs that the map itself lacks. */
static int merge(struct reader *reader, struct children *children)
{
    size_t at = 0;

    while (at < children->len && !is_merge(&children->items[at]))
        at += 2;
    if (at >= children->len)
        return 0;

    struct ht_yaml value = children->items[at + 1];
    struct ht_yaml *maps = &value;
    const struct ht_yaml *items = value.kind == HT_YAML_LIST ? value.items : maps;
    size_t len = value.kind == HT_YAML_LIST ? value.len : 1;

    children->len -= 2;
    memmove(&children->items[at], &children->items[at + 2],
            (children->len - at) * sizeof(*children->items));
    for (size_t i = 0; i < len; i++) {
        reader->nodes += 2 * items[i].len;
        if (items[i].kind != HT_YAML_MAP)
            return fail(reader, value.line, EINVAL, "\"<<\" takes a map or a list of maps");
        if (reader->nodes > HT_LIMIT_YAML_NODES)
            return fail(reader, value.line, E2BIG, "too many nodes (limit 100000)");
        merge_pairs(children->seen, &items[i], children);
    }
    return 0;
}

static int read_container(struct reader *reader, struct ht_yaml *node)
{
    bool is_map = node->kind == HT_YAML_MAP;
    struct children children = {.seen = is_map ? ht_map_new() : NULL};

    if (reader->depth == HT_LIMIT_DEPTH) {
        ht_map_free(children.seen);
        return fail(reader, node->line, E2BIG, "nested too deep (limit 64)");
    }
    reader->depth++;

    int r =
        read_children(reader, is_map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT, &children);
    reader->depth--;
    if (r == 0 && is_map && reader->anchors)
        r = merge(reader, &children);
    if (r == 0) {
        struct ht_yaml *items = ht_arena_array(reader->arena, struct ht_yaml, children.len);

        if (children.len)
            memcpy(items, children.items, children.len * sizeof(*items));
        node->items = items;
        node->len = is_map ? children.len / 2 : children.len;
    }
    ht_map_free(children.seen);
    free(children.items);
    return r;
}

static const char *tag_of(const yaml_event_t *event)
{
    const yaml_char_t *tag = NULL;

    switch ((int)event->type) {
    case YAML_SCALAR_EVENT:
        tag = event->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        tag = event->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        tag = event->data.mapping_start.tag;
        break;
    }
    return (const char *)tag;
}

/* Tags that say what the node is anyway, or that a scalar is a text. */
static bool is_harmless_tag(const yaml_event_t *event)
{
    static const char *const tags[] = {"!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:map",
                                       "tag:yaml.org,2002:seq"};
    const char *tag = tag_of(event);

    for (size_t i = 0; tag && i < ARRAY_LEN(tags); i++) {
        if (strcmp(tag, tags[i]) == 0)
            return true;
    }
    return !tag;
}

static int accept_node(struct reader *reader, const yaml_event_t *event)
{
    size_t line = event->start_mark.line + 1;

    if (!reader->anchors && (anchor_of(event) || tag_of(event)))
        return fail(reader, line, EINVAL, "anchors, aliases and tags are not accepted");
    if (!is_harmless_tag(event))
        return fail(reader, line, EINVAL, "this tag is not accepted");
    if (++reader->nodes > HT_LIMIT_YAML_NODES)
        return fail(reader, line, E2BIG, "too many nodes (limit 100000)");
    return 0;
}

static int read_node(struct reader *reader, const yaml_event_t *event, struct ht_yaml *ret_node)
{
    struct ht_yaml node = {.line = (unsigned)event->start_mark.line + 1};
    size_t before = reader->nodes;
    int r = accept_node(reader, event);

    if (r < 0)
        return r;
    if (event->type == YAML_ALIAS_EVENT)
        return read_alias(reader, event, ret_node);
    if (event->type == YAML_SCALAR_EVENT) {
        node.kind = HT_YAML_SCALAR;
        node.quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || tag_of(event);
        node.text = ht_arena_str(reader->arena,
                                 (struct ht_str){.data = (const char *)event->data.scalar.value,
                                                 .len = event->data.scalar.length});
    } else {
        node.kind = event->type == YAML_MAPPING_START_EVENT ? HT_YAML_MAP : HT_YAML_LIST;
        r = read_container(reader, &node);
    }
    if (r < 0)
        return r;
    if (reader->anchors)
        keep_anchor(reader, event, &node, reader->nodes - before);
    *ret_node = node;
    return 0;
}

static int check_version(struct reader *reader, const yaml_event_t *event)
{
    if (reader->anchors)
        return 0;
    if (event->data.document_start.version_directive ||
        event->data.document_start.tag_directives.start !=
            event->data.document_start.tag_directives.end)
        return fail(reader, event->start_mark.line + 1, EINVAL, "directives are not accepted");
    return 0;
}

/* Behind the stream's start: nothing, or one document and the stream's end. */
static int read_stream(struct reader *reader, struct ht_yaml *root)
{
    yaml_event_t event;
    int r = next_event(reader, &event);

    if (r < 0)
        return r;
    if (event.type == YAML_STREAM_END_EVENT) {
        yaml_event_delete(&event);
        *root = (struct ht_yaml){.kind = HT_YAML_MAP, .line = 1};
        return 0;
    }
    r = check_version(reader, &event);
    yaml_event_delete(&event);
    if (r < 0)
        return r;

    r = next_event(reader, &event);
    if (r < 0)
        return r;
    r = read_node(reader, &event, root);
    yaml_event_delete(&event);
    if (r == 0)
        r = skip_event(reader); /* the document's end */
    if (r < 0 || reader->anchors)
        return r;

    r = next_event(reader, &event);
    if (r < 0)
        return r;
    if (event.type != YAML_STREAM_END_EVENT)
        r = fail(reader, event.start_mark.line + 1, EINVAL, "more than one document");
    yaml_event_delete(&event);
    return r;
}

/* "---" alone is a document of one empty plain scalar. */
static void settle_empty(struct ht_yaml *root)
{
    if (root->kind == HT_YAML_SCALAR && root->text.len == 0 && !root->quoted)
        root->kind = HT_YAML_MAP;
}

/* Files of others may come from where texts are UTF-16; the byte order mark tells. */
static yaml_encoding_t encoding_of(const struct reader *reader, struct ht_str text)
{
    bool is_utf16 = ht_str_has_prefix(text, "\xff\xfe") || ht_str_has_prefix(text, "\xfe\xff");

    return reader->anchors && is_utf16 ? YAML_ANY_ENCODING : YAML_UTF8_ENCODING;
}

static const struct ht_yaml *parse(struct reader *reader, struct ht_str text)
{
    struct ht_yaml *root = ht_arena_array(reader->arena, struct ht_yaml, 1);

    if (text.len > HT_LIMIT_YAML) {
        ht_error_set(reader->err, E2BIG, "%s: larger than 1 MiB", reader->name);
        return NULL;
    }
    if (!yaml_parser_initialize(&reader->parser)) {
        ht_error_set(reader->err, ENOMEM, "%s: no memory for the parser", reader->name);
        return NULL;
    }
    yaml_parser_set_encoding(&reader->parser, encoding_of(reader, text));
    yaml_parser_set_input_string(&reader->parser,
                                 (const unsigned char *)(text.data ? text.data : ""), text.len);

    int r = skip_event(reader); /* the stream's start */
    if (r == 0)
        r = read_stream(reader, root);
    yaml_parser_delete(&reader->parser);
    if (r == 0 && ht_arena_is_full(reader->arena))
        r = ht_error_set(reader->err, E2BIG, "%s: needs more memory than its limit allows",
                         reader->name);
    if (r < 0)
        return NULL;
    settle_empty(root);
    return root;
}

const struct ht_yaml *ht_yaml_parse(struct ht_arena *arena, const char *name, struct ht_str text,
                                    struct ht_error *err)
{
    struct reader reader = {.arena = arena, .name = name, .err = err};

    return parse(&reader, text);
}

const struct ht_yaml *ht_yaml_parse_foreign(struct ht_arena *arena, const char *name,
                                            struct ht_str text, struct ht_error *err)
{
    struct reader reader = {.arena = arena, .name = name, .anchors = ht_map_new(), .err = err};
    /* libyaml reads a byte order mark as one column, which breaks what must begin a line. */
    size_t mark = ht_str_has_prefix(text, "\xef\xbb\xbf") ? 3 : 0;
    const struct ht_yaml *root = parse(&reader, ht_str_sub(text, mark, text.len));

    ht_map_free(reader.anchors);
    return root;
}

const struct ht_yaml *ht_yaml_get(const struct ht_yaml *map, const char *key)
{
    if (!map || map->kind != HT_YAML_MAP)
        return NULL;
    for (size_t i = 0; i < map->len; i++) {
        if (ht_str_is(map->items[2 * i].text, key))
            return &map->items[2 * i + 1];
    }
    return NULL;
}

struct ht_str ht_yaml_text(const struct ht_yaml *map, const char *key)
{
    const struct ht_yaml *value = ht_yaml_get(map, key);

    return value && value->kind == HT_YAML_SCALAR ? value->text : (struct ht_str)HT_STR("");
}
