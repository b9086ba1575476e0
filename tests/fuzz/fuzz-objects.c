/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Streams of objects: read as YAML and as JSON; a JSON value that ht_json_parse takes must be read
 * to the same tree, but for keys that stand twice and limits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/objects.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    struct ht_buf text;
    size_t objects;
    bool is_list;
};

static void put(struct ht_buf *out, const struct ht_json *value)
{
    struct ht_json_writer json;

    ht_json_begin(&json, out, HT_JSON_COMPACT, HT_JSON_LOSSLESS);
    ht_json_put(&json, value);
}

/* Whole numbers beyond 64 bits become doubles in both, rounded at another digit. */
static bool has_big_number(struct ht_str text)
{
    size_t digits = 0;

    for (size_t i = 0; i < text.len && digits < 19; i++)
        digits = text.data[i] >= '0' && text.data[i] <= '9' ? digits + 1 : 0;
    return digits >= 19;
}

static int take(void *context, const struct ht_object *object, struct ht_error *err)
{
    struct seen *seen = context;

    (void)err;
    if (object->line == 0)
        abort();
    if (seen->objects++ == 0)
        put(&seen->text, object->value);
    if (object->is_list || object->head)
        seen->is_list = true;
    return 0;
}

/* Only a document that is one map and no list of items is given as a whole. */
static void compare(struct ht_str text, const struct seen *seen, int r)
{
    struct ht_arena *arena = ht_arena_new(64 * 1024 * 1024);
    struct ht_buf wanted = HT_BUF(HT_LIMIT_BODY);
    const struct ht_json *value = ht_json_parse(arena, "fuzz", text, NULL);

    /* A stream may go on with an empty list, which gives no object. */
    if (r == 0 && !value && seen->objects == 1 && ht_str_find_byte(text, '[') < 0)
        abort(); /* too kind */
    if (r == 0 && value && ht_json_is_object(value) && !seen->is_list) {
        put(&wanted, value);
        if (seen->objects != 1 || !ht_str_equal(ht_buf_str(&wanted), ht_buf_str(&seen->text)))
            abort();
    }
    ht_buf_fini(&wanted);
    ht_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ht_objects_options options = {.name = "fuzz"};
    struct ht_str text = {.data = (const char *)data, .len = size};
    struct seen seen = {.text = HT_BUF(HT_LIMIT_BODY)};
    struct ht_error err = {0};
    int r = ht_objects_read_json(text, &options, take, &seen, &err);

    if (r < 0 && !err.text[0])
        abort();
    /* A marker between values, and a NUL in a key, are read differently on purpose. */
    if (!memmem(data, size, "---", 3) && !memmem(data, size, "\\u0000", 6) && !has_big_number(text))
        compare(text, &seen, r);
    ht_buf_reset(&seen.text);
    ht_objects_read_yaml(text, &options, take, &seen, &err);
    ht_buf_fini(&seen.text);
    return 0;
}
