/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The writing half of json.h. What it writes is printable as it is: no control byte, no invalid
 * UTF-8, no direction mark leaves it in either style. */
#include "hulltop/base/json.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "hulltop/base/printable.h"

static const char hex_digits[] = "0123456789abcdef";

void ht_json_begin(struct ht_json_writer *writer, struct ht_buf *out, enum ht_json_style style,
                   enum ht_json_text text)
{
    *writer = (struct ht_json_writer){.out = out, .style = style, .text = text};
}

static void new_line(struct ht_json_writer *writer)
{
    if (writer->style == HT_JSON_INDENTED) {
        ht_buf_add_c(writer->out, '\n');
        ht_buf_add_n(writer->out, ' ', 2 * (size_t)writer->depth);
    }
}

/* Before a key, or a value without one. */
static void separate(struct ht_json_writer *writer)
{
    if (writer->need_comma)
        ht_buf_add_c(writer->out, ',');
    if (writer->depth > 0)
        new_line(writer);
}

static void value_begin(struct ht_json_writer *writer)
{
    if (!writer->after_key)
        separate(writer);
    writer->after_key = false;
}

static void value_end(struct ht_json_writer *writer)
{
    writer->need_comma = writer->depth > 0;
    if (writer->depth == 0 && writer->style == HT_JSON_INDENTED)
        ht_buf_add_c(writer->out, '\n');
}

static void container_begin(struct ht_json_writer *writer, char bracket)
{
    value_begin(writer);
    ht_buf_add_c(writer->out, bracket);
    writer->depth++;
    writer->need_comma = false;
}

static void container_end(struct ht_json_writer *writer, char bracket)
{
    assert(writer->depth > 0 && !writer->after_key);
    writer->depth--;
    if (writer->need_comma)
        new_line(writer);
    ht_buf_add_c(writer->out, bracket);
    value_end(writer);
}

void ht_json_object_begin(struct ht_json_writer *writer)
{
    container_begin(writer, '{');
}

void ht_json_object_end(struct ht_json_writer *writer)
{
    container_end(writer, '}');
}

void ht_json_array_begin(struct ht_json_writer *writer)
{
    container_begin(writer, '[');
}

void ht_json_array_end(struct ht_json_writer *writer)
{
    container_end(writer, ']');
}

static void put_text(struct ht_json_writer *writer, const char *text)
{
    value_begin(writer);
    ht_buf_add_text(writer->out, text);
    value_end(writer);
}

void ht_json_put_null(struct ht_json_writer *writer)
{
    put_text(writer, "null");
}

void ht_json_put_bool(struct ht_json_writer *writer, bool value)
{
    put_text(writer, value ? "true" : "false");
}

static void put_digits(struct ht_json_writer *writer, bool negative, uint64_t value)
{
    char text[24];
    char *at = text + sizeof(text) - 1;

    *at = '\0';
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    if (negative)
        *--at = '-';
    put_text(writer, at);
}

void ht_json_put_int(struct ht_json_writer *writer, int64_t value)
{
    put_digits(writer, value < 0, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void ht_json_put_uint(struct ht_json_writer *writer, uint64_t value)
{
    put_digits(writer, false, value);
}

/* Whole part and fraction apart, so that no locale's decimal point gets in. */
void ht_json_put_double(struct ht_json_writer *writer, double value)
{
    if (!isfinite(value)) {
        ht_json_put_null(writer);
        return;
    }

    const double no_fraction_from = 9007199254740992.0; /* 2^53 */
    double size = value < 0 ? -value : value;
    double whole = size < no_fraction_from ? (double)(uint64_t)size : size;
    int millionths = (int)((size - whole) * 1e6 + 0.5);

    if (millionths == 1000000) {
        whole += 1;
        millionths = 0;
    }
    value_begin(writer);
    if (value < 0 && (whole > 0 || millionths > 0))
        ht_buf_add_c(writer->out, '-');
    ht_buf_addf(writer->out, "%.0f", whole);
    if (millionths > 0) {
        char digits[8] = ".";
        size_t len = 7;

        for (size_t i = 6; i > 0; i--, millionths /= 10)
            digits[i] = (char)('0' + millionths % 10);
        while (digits[len - 1] == '0')
            len--;
        ht_buf_add(writer->out, digits, len);
    }
    value_end(writer);
}

/* The high bit of each of eight bytes that is zero, which holds for bytes below 0x80. */
static uint64_t zero_bytes(uint64_t bytes)
{
    return (bytes - UINT64_C(0x0101010101010101)) & ~bytes & UINT64_C(0x8080808080808080);
}

/* Whether the eight bytes at a place are all written as they are. */
static bool is_plain(const char *at)
{
    const uint64_t each = UINT64_C(0x0101010101010101), high = each * 0x80;
    uint64_t bytes;

    memcpy(&bytes, at, sizeof(bytes));
    /* Outside of ASCII, below a blank, DEL, a quotation mark, a backslash. */
    return !((bytes | (bytes - each * 0x20)) & high) && !zero_bytes(bytes ^ (each * 0x7f)) &&
           !zero_bytes(bytes ^ (each * '"')) && !zero_bytes(bytes ^ (each * '\\'));
}

/* The same of four to eight bytes: the first four and the last. */
static bool is_plain_short(struct ht_str text)
{
    char both[sizeof(uint64_t)];

    memcpy(both, text.data, sizeof(uint32_t));
    memcpy(both + sizeof(uint32_t), text.data + text.len - sizeof(uint32_t), sizeof(uint32_t));
    return is_plain(both);
}

/* Length of the run at the start of text that every style writes as it is. */
static size_t plain_run(struct ht_str text)
{
    size_t len = 0;

    while (text.len - len >= sizeof(uint64_t) && is_plain(text.data + len))
        len += sizeof(uint64_t);
    /* What is left is looked at together with what is known to be plain, or by half of it. */
    if (text.len - len < sizeof(uint64_t) && text.len >= sizeof(uint64_t) &&
        is_plain(text.data + text.len - sizeof(uint64_t)))
        return text.len;
    if (text.len < sizeof(uint64_t) && text.len >= sizeof(uint32_t) && is_plain_short(text))
        return text.len;
    while (len < text.len && text.data[len] >= 0x20 && text.data[len] < 0x7f &&
           text.data[len] != '"' && text.data[len] != '\\')
        len++;
    return len;
}

static void add_unit(struct ht_buf *out, unsigned unit)
{
    char text[6] = {'\\', 'u'};

    for (unsigned i = 0; i < 4; i++)
        text[2 + i] = hex_digits[(unit >> (12 - 4 * i)) & 0xf];
    ht_buf_add(out, text, sizeof(text));
}

static void add_escaped(struct ht_buf *out, uint32_t code)
{
    if (code < 0x10000) {
        add_unit(out, code);
        return;
    }
    add_unit(out, 0xd800 + ((code - 0x10000) >> 10));
    add_unit(out, 0xdc00 + ((code - 0x10000) & 0x3ff));
}

static void add_quoted_char(struct ht_buf *out, char c)
{
    if (c == '"' || c == '\\')
        ht_buf_add_c(out, '\\');
    ht_buf_add_c(out, c);
}

/* Valid UTF-8, every code point of it kept; what ht_printable would change is escaped. */
static void add_lossless(struct ht_buf *out, struct ht_str text)
{
    enum { MARKS_KEPT = 2 };
    unsigned marks = MARKS_KEPT; /* behind the character before; that many where there is none */

    while (text.len) {
        uint32_t code = 0;
        size_t len = plain_run(text);

        if (len) {
            ht_buf_add(out, text.data, len);
            marks = 0;
        } else {
            len = ht_utf8_decode(text, &code);

            int width = ht_code_width(code);
            if (code < 0x80 && width > 0)
                add_quoted_char(out, (char)code);
            else if (width < 0 || (width == 0 && marks >= MARKS_KEPT))
                add_escaped(out, code);
            else
                ht_buf_add(out, text.data, len);
            if (width > 0)
                marks = 0;
            else
                marks = width < 0 ? MARKS_KEPT : marks + 1;
        }
        text = ht_str_sub(text, len, text.len);
    }
}

static void add_printable(struct ht_buf *out, struct ht_str text)
{
    size_t run = plain_run(text);

    if (run == text.len) {
        ht_buf_add_str(out, text);
        return;
    }

    ht_autobuf struct ht_buf shown = HT_BUF(SIZE_MAX / 2);
    ht_printable(&shown, text, 0);
    for (struct ht_str rest = ht_buf_str(&shown); rest.len;) {
        run = plain_run(rest);
        ht_buf_add(out, rest.data, run);
        rest = ht_str_sub(rest, run, rest.len);
        if (rest.len) {
            add_quoted_char(out, rest.data[0]);
            rest = ht_str_sub(rest, 1, rest.len);
        }
    }
}

static void add_hex(struct ht_buf *out, struct ht_str bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.data[i];
        char pair[2] = {hex_digits[byte >> 4], hex_digits[byte & 0xf]};

        ht_buf_add(out, pair, sizeof(pair));
    }
}

static const char bytes_prefix[] = "bytes:";

/* Where the next bytes go, if there is room for that many; NULL: they go the long way. */
static char *spare(const struct ht_buf *out, size_t len)
{
    bool fits = !out->full && len <= out->max - out->len && out->len + len < out->cap;

    return fits ? out->data + out->len : NULL;
}

/* A key that is written as it is: comma, line, key and colon are one piece. */
static bool put_plain_key(struct ht_json_writer *writer, struct ht_str key)
{
    bool is_indented = writer->style == HT_JSON_INDENTED;
    size_t indent = is_indented ? 1 + 2 * (size_t)writer->depth : 0;
    size_t len = writer->need_comma + indent + key.len + 3 + is_indented;
    char *at = spare(writer->out, len);

    if (!at)
        return false;
    if (writer->need_comma)
        *at++ = ',';
    if (is_indented)
        *at++ = '\n';
    if (is_indented)
        at = (char *)memset(at, ' ', indent - 1) + indent - 1;
    *at++ = '"';
    if (key.len)
        memcpy(at, key.data, key.len);
    memcpy(at + key.len, "\": ", 2 + (size_t)is_indented);
    ht_buf_grow(writer->out, len);
    return true;
}

static bool put_plain_string(struct ht_buf *out, struct ht_str value)
{
    char *at = spare(out, value.len + 2);

    if (!at || plain_run(value) < value.len)
        return false;
    *at++ = '"';
    if (value.len)
        memcpy(at, value.data, value.len);
    at[value.len] = '"';
    ht_buf_grow(out, value.len + 2);
    return true;
}

/* Most keys of a document are. */
static bool is_plain_key(const struct ht_json_writer *writer, struct ht_str key)
{
    return plain_run(key) == key.len &&
           !(writer->text == HT_JSON_LOSSLESS && ht_str_has_prefix(key, bytes_prefix));
}

void ht_json_name(struct ht_json_writer *writer, const char *name)
{
    struct ht_str key = ht_str_from(name);

    assert(writer->depth > 0 && !writer->after_key);
    if (!put_plain_key(writer, key)) {
        ht_json_key(writer, key);
        return;
    }
    writer->after_key = true;
    writer->need_comma = false;
}

void ht_json_key(struct ht_json_writer *writer, struct ht_str key)
{
    assert(writer->depth > 0 && !writer->after_key);
    writer->after_key = true;
    if (is_plain_key(writer, key) && put_plain_key(writer, key)) {
        writer->need_comma = false;
        return;
    }
    separate(writer);
    writer->need_comma = false;
    ht_buf_add_c(writer->out, '"');
    if (writer->text == HT_JSON_PRINTABLE) {
        add_printable(writer->out, key);
    } else if (!ht_utf8_is_valid(key) || ht_str_has_prefix(key, bytes_prefix)) {
        ht_buf_add_text(writer->out, bytes_prefix);
        add_hex(writer->out, key);
    } else {
        add_lossless(writer->out, key);
    }
    ht_buf_add_text(writer->out, writer->style == HT_JSON_INDENTED ? "\": " : "\":");
}

void ht_json_put_string(struct ht_json_writer *writer, struct ht_str value)
{
    struct ht_buf *out = writer->out;

    value_begin(writer);
    if (put_plain_string(out, value)) {
        value_end(writer);
        return;
    }
    if (writer->text == HT_JSON_LOSSLESS && !ht_utf8_is_valid(value)) {
        ht_buf_add_text(out, "{\"bytes\":\"");
        add_hex(out, value);
        ht_buf_add_text(out, "\"}");
    } else {
        ht_buf_add_c(out, '"');
        if (writer->text == HT_JSON_LOSSLESS)
            add_lossless(out, value);
        else
            add_printable(out, value);
        ht_buf_add_c(out, '"');
    }
    value_end(writer);
}

void ht_json_put_lines(struct ht_json_writer *writer, struct ht_str value)
{
    struct ht_str line;
    bool more = false;

    if (writer->text == HT_JSON_LOSSLESS || ht_str_find_byte(value, '\n') < 0) {
        ht_json_put_string(writer, value);
        return;
    }
    value_begin(writer);
    ht_buf_add_c(writer->out, '"');
    while (ht_str_next(&value, '\n', &line)) {
        if (more)
            ht_buf_add_text(writer->out, "\\n");
        add_printable(writer->out, line);
        more = true;
    }
    ht_buf_add_c(writer->out, '"');
    value_end(writer);
}

static void put_members(struct ht_json_writer *writer, const struct ht_json *value)
{
    ht_json_object_begin(writer);
    for (size_t i = 0; i < value->len; i++) {
        ht_json_key(writer, value->members[i].key);
        ht_json_put(writer, &value->members[i].value);
    }
    ht_json_object_end(writer);
}

void ht_json_put(struct ht_json_writer *writer, const struct ht_json *value)
{
    switch (value->kind) {
    case HT_JSON_NULL:
        ht_json_put_null(writer);
        break;
    case HT_JSON_BOOL:
        ht_json_put_bool(writer, value->boolean);
        break;
    case HT_JSON_INT:
        ht_json_put_int(writer, value->integer);
        break;
    case HT_JSON_UINT:
        ht_json_put_uint(writer, value->uinteger);
        break;
    case HT_JSON_DOUBLE:
        ht_json_put_double(writer, value->number);
        break;
    case HT_JSON_STRING:
        ht_json_put_string(writer, value->string);
        break;
    case HT_JSON_ARRAY:
        ht_json_array_begin(writer);
        for (size_t i = 0; i < value->len; i++)
            ht_json_put(writer, &value->items[i]);
        ht_json_array_end(writer);
        break;
    case HT_JSON_OBJECT:
        put_members(writer, value);
        break;
    }
}

static int hex_value(char c)
{
    const char *at = c ? strchr(hex_digits, c) : NULL;

    return at ? (int)(at - hex_digits) : -1;
}

static bool read_hex(struct ht_str hex, struct ht_arena *arena, struct ht_str *ret_bytes)
{
    if (hex.len % 2)
        return false;

    char *bytes = ht_arena_alloc(arena, hex.len / 2 + 1, 1);
    for (size_t i = 0; i < hex.len; i += 2) {
        int high = hex_value(hex.data[i]);
        int low = hex_value(hex.data[i + 1]);

        if (high < 0 || low < 0)
            return false;
        bytes[i / 2] = (char)(unsigned char)(high << 4 | low);
    }
    *ret_bytes = (struct ht_str){.data = bytes, .len = hex.len / 2};
    return true;
}

bool ht_json_lossless_string(const struct ht_json *value, struct ht_arena *arena,
                             struct ht_str *ret_value)
{
    struct ht_str hex;

    if (ht_json_string(value, ret_value))
        return true;
    if (!ht_json_is_object(value) || value->len != 1 ||
        !ht_json_string(ht_json_get(value, "bytes"), &hex))
        return false;
    return read_hex(hex, arena, ret_value);
}

bool ht_json_lossless_key(struct ht_str key, struct ht_arena *arena, struct ht_str *ret_key)
{
    if (!ht_str_has_prefix(key, bytes_prefix)) {
        *ret_key = key;
        return true;
    }
    return read_hex(ht_str_sub(key, strlen(bytes_prefix), key.len), arena, ret_key);
}
