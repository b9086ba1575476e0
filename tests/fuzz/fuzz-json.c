/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever is accepted as JSON is written as printable bytes in every style, and what is written
 * without loss is read back as the same tree. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/base/json.h"
#include "hulltop/base/printable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_printable(const struct ht_buf *out)
{
    ht_autobuf struct ht_buf shown = HT_BUF(SIZE_MAX / 2);

    ht_printable(&shown, ht_buf_str(out), HT_PRINT_NEWLINES);
    require(ht_str_equal(ht_buf_str(out), ht_buf_str(&shown)));
}

static void write_value(struct ht_buf *out, const struct ht_json *value, enum ht_json_style style,
                        enum ht_json_text text)
{
    struct ht_json_writer writer;

    ht_json_begin(&writer, out, style, text);
    ht_json_put(&writer, value);
    require(writer.depth == 0);
    check_printable(out);
}

static void require_equal(struct ht_arena *arena, const struct ht_json *a, const struct ht_json *b)
{
    struct ht_str text = {0};

    switch (a->kind) {
    case HT_JSON_NULL:
    case HT_JSON_DOUBLE: /* six digits are kept */
        break;
    case HT_JSON_BOOL:
        require(b->kind == a->kind && b->boolean == a->boolean);
        break;
    case HT_JSON_INT:
        require(b->kind == a->kind && b->integer == a->integer);
        break;
    case HT_JSON_UINT:
        require(b->kind == a->kind && b->uinteger == a->uinteger);
        break;
    case HT_JSON_STRING:
        require(ht_json_lossless_string(b, arena, &text) && ht_str_equal(text, a->string));
        break;
    case HT_JSON_ARRAY:
        require(b->kind == a->kind && b->len == a->len);
        for (size_t i = 0; i < a->len; i++)
            require_equal(arena, &a->items[i], &b->items[i]);
        break;
    case HT_JSON_OBJECT:
        require(b->kind == a->kind && b->len == a->len);
        for (size_t i = 0; i < a->len; i++) {
            require(ht_json_lossless_key(b->members[i].key, arena, &text));
            require(ht_str_equal(text, a->members[i].key));
            require_equal(arena, &a->members[i].value, &b->members[i].value);
        }
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(64 * 1024 * 1024);
    ht_autobuf struct ht_buf report = HT_BUF(SIZE_MAX / 2);
    ht_autobuf struct ht_buf node = HT_BUF(SIZE_MAX / 2);
    struct ht_str text = {.data = (const char *)data, .len = size};
    struct ht_error err = {0};
    const struct ht_json *value = ht_json_parse(arena, "fuzz", text, &err);

    if (!value) {
        require(err.code != 0 && err.text[0]);
        return 0;
    }
    write_value(&report, value, HT_JSON_INDENTED, HT_JSON_PRINTABLE);
    require(ht_json_parse(arena, "report", ht_buf_str(&report), NULL) != NULL);

    write_value(&node, value, HT_JSON_COMPACT, HT_JSON_LOSSLESS);
    const struct ht_json *again = ht_json_parse(arena, "node", ht_buf_str(&node), &err);
    /* A string of bytes is an object, and so one level deeper. */
    require(again || err.code == E2BIG);
    if (again)
        require_equal(arena, value, again);
    return 0;
}
