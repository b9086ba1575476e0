/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sources.list and *.sources: text to entries. */
#include <errno.h>
#include <string.h>

#include "deb-sources-private.h"
#include "deb-uri.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { OPTION_MIN = 3 };

struct reader {
    struct ht_deb_sources *sources;
    const char *name;
    unsigned number; /* of the line or stanza */
    struct ht_error *err;
};

static int bad(const struct reader *reader, const char *what)
{
    return ht_error_set(reader->err, EINVAL, "%s:%u: %s", reader->name, reader->number, what);
}

static struct ht_str place(const struct reader *reader)
{
    return ht_arena_strf(reader->sources->arena, "%s:%u", reader->name, reader->number);
}

/* The URI in its normal form, with a slash at its end; empty: it is none. */
static struct ht_str normal_uri(const struct reader *reader, struct ht_str text)
{
    struct ht_arena *arena = reader->sources->arena;
    struct ht_deb_uri uri;

    if (ht_str_find_byte(text, ':') < 0)
        return (struct ht_str){0};
    uri = ht_deb_uri_parse(arena,
                           ht_deb_replace(arena, text, HT_S("$(ARCH)"), reader->sources->native));
    text = ht_deb_uri_format(arena, &uri);
    if (ht_str_has_suffix(text, "/"))
        return text;
    return ht_arena_strf(arena, "%.*s/", HT_STR_ARG(text));
}

/* ---- lines ---- */

/* A NUL ends a word too: apt sees nothing behind it. */
static bool is_gap(char c)
{
    return c == '\0' || c == ' ' || (c >= '\t' && c <= '\r');
}

static struct ht_str without_gap(struct ht_str text)
{
    while (text.len && is_gap(text.data[0]))
        text = ht_str_sub(text, 1, text.len);
    return text;
}

/* A word up to a blank outside of quotes and brackets; quotes go, %xx becomes its byte. */
static bool line_word(const struct reader *reader, struct ht_str *rest, struct ht_str *ret_word)
{
    ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_DEB_TEXT);
    size_t i = 0;
    char until = '\0';

    *rest = without_gap(*rest);
    if (!rest->len)
        return false;
    for (; i < rest->len && (until || !is_gap(rest->data[i])); i++) {
        char c = rest->data[i];

        if (until && c == until)
            until = '\0';
        else if (!until && (c == '"' || c == '['))
            until = c == '[' ? ']' : '"';
        if (c != '"')
            ht_buf_add_c(&out, c);
    }
    if (until || i == 0)
        return false;
    *ret_word = ht_deb_uri_unquote(reader->sources->arena, ht_buf_str(&out));
    *rest = without_gap(ht_str_sub(*rest, i, rest->len));
    return true;
}

static int add_option(const struct reader *reader, struct ht_deb_entry *entry, struct ht_str word)
{
    ptrdiff_t equals = ht_str_find_byte(word, '=');
    struct ht_deb_option *option;

    if (word.len < OPTION_MIN || equals <= 0 || (size_t)equals + 1 == word.len)
        return bad(reader, "an option that is none");
    if (entry->options_len == HT_DEB_OPTIONS_MAX)
        return bad(reader, "too many options");
    option = &entry->options[entry->options_len++];
    option->name = ht_str_sub(word, 0, (size_t)equals);
    option->value = ht_str_sub(word, (size_t)equals + 1, word.len);
    return 0;
}

/* "[arch=amd64 signed-by=/etc/key.gpg] rest" */
static int line_options(const struct reader *reader, struct ht_str *rest,
                        struct ht_deb_entry *entry)
{
    *rest = without_gap(*rest);
    if (!ht_str_has_prefix(*rest, "["))
        return 0;
    *rest = without_gap(ht_str_sub(*rest, 1, rest->len));
    while (!ht_str_has_prefix(*rest, "]")) {
        struct ht_str word;
        bool is_last;
        int r;

        if (!line_word(reader, rest, &word))
            return bad(reader, "options without an end");
        /* A blank before the end is not needed, one behind it is. */
        is_last = ht_str_has_suffix(word, "]");
        r = add_option(reader, entry, is_last ? ht_str_sub(word, 0, word.len - 1) : word);
        if (r < 0 || is_last)
            return r;
    }
    *rest = ht_str_sub(*rest, 1, rest->len);
    return 0;
}

/* What follows the type: options, URI, suite, components. */
static int parse_entry(const struct reader *reader, struct ht_str rest, struct ht_deb_entry *entry)
{
    struct ht_str word;
    int r = line_options(reader, &rest, entry);

    if (r < 0)
        return r;
    if (!line_word(reader, &rest, &word))
        return bad(reader, "no URI");
    entry->uri = normal_uri(reader, word);
    if (!line_word(reader, &rest, &entry->dist))
        return bad(reader, "no suite");
    if (!entry->uri.len)
        return bad(reader, "a URI that is none");
    if (ht_str_has_suffix(entry->dist, "/")) {
        if (line_word(reader, &rest, &word))
            return bad(reader, "components behind a path");
        entry->dist = ht_deb_replace(reader->sources->arena, entry->dist, HT_S("$(ARCH)"),
                                     reader->sources->native);
        return ht_deb_sources_add(reader->sources, entry, reader->err);
    }
    if (!line_word(reader, &rest, &entry->component))
        return bad(reader, "no component");
    do
        r = ht_deb_sources_add(reader->sources, entry, reader->err);
    while (r == 0 && line_word(reader, &rest, &entry->component));
    return r;
}

/* Up to a '#' that is not inside of options. */
static struct ht_str without_comment(struct ht_str line)
{
    int open = 0;

    for (size_t i = 0; i < line.len; i++) {
        open += line.data[i] == '[';
        open -= line.data[i] == ']';
        if (line.data[i] == '#' && open <= 0)
            return ht_str_sub(line, 0, i);
    }
    return line;
}

static int parse_line(const struct reader *reader, struct ht_str line)
{
    struct ht_deb_entry entry = {0};
    struct ht_str type;
    size_t end = 0;

    line = ht_str_trim(without_comment(line));
    if (!line.len)
        return 0;
    while (end < line.len && !is_gap(line.data[end]))
        end++;
    type = ht_str_sub(line, 0, end);
    if (end == line.len || (!ht_str_is(type, "deb") && !ht_str_is(type, "deb-src")))
        return bad(reader, "neither deb nor deb-src");
    entry.is_source = ht_str_is(type, "deb-src");
    entry.place = place(reader);
    return parse_entry(reader, ht_str_sub(line, end, line.len), &entry);
}

/* ---- stanzas ---- */

static struct ht_str joined(const struct reader *reader, struct ht_str words)
{
    ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_DEB_TEXT);
    struct ht_str word;

    while (ht_deb_next_word(&words, &word)) {
        if (out.len)
            ht_buf_add_c(&out, ',');
        ht_buf_add_str(&out, word);
    }
    return ht_arena_str(reader->sources->arena, ht_buf_str(&out));
}

/* The fields that are options, under the names they have in a line. */
static void stanza_options(const struct reader *reader, struct ht_str stanza,
                           struct ht_deb_entry *entry)
{
    static const struct {
        const char *field;
        const char *option;
        bool many;
    } fields[] = {
        {"Architectures", "arch", true},
        {"Architectures-Add", "arch+", true},
        {"Architectures-Remove", "arch-", true},
        {"Targets", "target", true},
        {"Targets-Add", "target+", true},
        {"Targets-Remove", "target-", true},
        {"Trusted", "trusted", false},
        {"Signed-By", "signed-by", false},
        {"Check-Valid-Until", "check-valid-until", false},
        {"Check-Date", "check-date", false},
        {"Valid-Until-Min", "valid-until-min", false},
        {"Valid-Until-Max", "valid-until-max", false},
        {"Date-Max-Future", "date-max-future", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        struct ht_str value = ht_deb_field(stanza, fields[i].field);
        struct ht_deb_option *option = &entry->options[entry->options_len];

        if (!value.len)
            continue;
        option->name = ht_str_from(fields[i].option);
        option->value =
            fields[i].many ? joined(reader, value) : ht_arena_str(reader->sources->arena, value);
        entry->options_len++;
    }
}

static int add_suite(const struct reader *reader, struct ht_deb_entry *entry,
                     struct ht_str components)
{
    int r = 0;

    if (ht_str_has_suffix(entry->dist, "/")) {
        if (components.len)
            return bad(reader, "components behind a path");
        entry->component = (struct ht_str){0};
        return ht_deb_sources_add(reader->sources, entry, reader->err);
    }
    if (!components.len)
        return bad(reader, "no component");
    while (r == 0 && ht_deb_next_word(&components, &entry->component))
        r = ht_deb_sources_add(reader->sources, entry, reader->err);
    return r;
}

/* One type: every URI with every suite and every component. */
static int add_type(const struct reader *reader, struct ht_deb_entry *entry, struct ht_str stanza)
{
    struct ht_arena *arena = reader->sources->arena;
    struct ht_str uris = ht_arena_str(arena, ht_deb_field(stanza, "URIs"));
    struct ht_str suites = ht_arena_str(arena, ht_deb_field(stanza, "Suites"));
    struct ht_str components = ht_arena_str(arena, ht_deb_field(stanza, "Components"));
    struct ht_str uri;
    int r = 0;

    if (!uris.len)
        return bad(reader, "no URI");
    if (!suites.len)
        return bad(reader, "no suite");
    while (r == 0 && ht_deb_next_word(&uris, &uri)) {
        struct ht_str rest = suites;

        entry->uri = normal_uri(reader, uri);
        if (!entry->uri.len)
            return bad(reader, "a URI that is none");
        while (r == 0 && ht_deb_next_word(&rest, &entry->dist)) {
            entry->dist =
                ht_deb_replace(arena, entry->dist, HT_S("$(ARCH)"), reader->sources->native);
            r = add_suite(reader, entry, components);
        }
    }
    return r;
}

static int parse_stanza(void *context, struct ht_str stanza)
{
    struct reader *reader = context;
    struct ht_str types = ht_deb_field(stanza, "Types");
    struct ht_str enabled = ht_deb_field(stanza, "Enabled");
    struct ht_deb_entry entry = {0};
    struct ht_str type, name, value;
    int r = 0;

    if (!ht_deb_next_field(&(struct ht_str){.data = stanza.data, .len = stanza.len}, &name, &value))
        return 0;
    reader->number++;
    if (!ht_deb_fields(stanza, NULL, 0, NULL))
        return bad(reader, "a last line that is no field");
    if (!types.data)
        return bad(reader, "no type");
    if (enabled.len && ht_deb_bool(enabled, -1) == 0)
        enabled = HT_S("no");
    else
        enabled = (struct ht_str){0};
    entry.place = place(reader);
    stanza_options(reader, stanza, &entry);
    while (r == 0 && ht_deb_next_word(&types, &type)) {
        if (!ht_str_is(type, "deb") && !ht_str_is(type, "deb-src"))
            return bad(reader, "neither deb nor deb-src");
        entry.is_source = ht_str_is(type, "deb-src");
        if (!enabled.len)
            r = add_type(reader, &entry, stanza);
    }
    return r;
}

int ht_deb_sources_parse(struct ht_deb_sources *sources, struct ht_str text, const char *name,
                         struct ht_error *err)
{
    struct reader reader = {.sources = sources, .name = name, .err = err};
    struct ht_str line;
    int r = 0;

    if (ht_str_has_suffix(ht_str_from(name), ".sources")) {
        ht_autobuf struct ht_buf copy = HT_BUF(HT_LIMIT_FILE);

        ht_buf_add_str(&copy, text);
        ht_deb_strip_comments(&copy);
        return ht_deb_each(ht_buf_str(&copy), parse_stanza, &reader);
    }
    while (r == 0 && ht_str_next(&text, '\n', &line)) {
        reader.number++;
        r = parse_line(&reader, line);
    }
    return r;
}
