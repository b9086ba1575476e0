/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a document is, and what all of them have. */
#include "src/model/document-inner.h"

#include <errno.h>

#include "hulltop/base/limits.h"

int ht_document_parse(struct ht_arena *arena, const char *name, struct ht_str text,
                      const struct ht_json **ret_root, struct ht_error *err)
{
    struct ht_error own = {0};
    struct ht_error *said = err ? err : &own;
    const struct ht_json *root = ht_json_parse(arena, name, text, said);

    if (!root)
        return -said->code;
    if (!ht_json_is_object(root))
        return ht_error_set(err, EINVAL, "%s: expected an object", name);
    *ret_root = root;
    return 0;
}

int ht_document_time(const struct ht_json *object, const char *key, const char *name,
                     int64_t *ret_ns, struct ht_error *err)
{
    const struct ht_json *json = ht_json_get(object, key);
    struct ht_str text;

    if (ht_json_int(json, ret_ns))
        return 0;
    if (ht_json_string(json, &text) && ht_parse_time(text, ret_ns) == 0)
        return 0;
    return ht_error_set(err, EINVAL, "%s: %s: expected a time such as 2026-11-23T14:02:31Z", name,
                        key);
}

int ht_document_schema(const struct ht_json *object, const char *schema, const char *name,
                       struct ht_error *err)
{
    struct ht_str found;

    if (!ht_json_string(ht_json_get(object, "schema"), &found))
        return ht_error_set(err, EINVAL, "%s: schema: is missing (expected %s)", name, schema);
    if (!ht_str_is(found, schema))
        return ht_error_set(err, EINVAL, "%s: schema: expected %s, found %.*s", name, schema,
                            HT_STR_ARG(ht_str_sub(found, 0, 40)));
    return 0;
}

/* ---- telling what a text is, without building a tree of it ---- */

struct sniff {
    struct ht_str text;
    size_t at;
    struct ht_str schema;
    bool recording;
};

static char here(const struct sniff *sniff)
{
    return sniff->at < sniff->text.len ? sniff->text.data[sniff->at] : '\0';
}

static void skip_blanks(struct sniff *sniff)
{
    while (ht_is_blank(here(sniff)))
        sniff->at++;
}

/* Takes a string with its quotes; what is between them, escapes and all. */
static struct ht_str take_string(struct sniff *sniff)
{
    size_t from = ++sniff->at;

    while (sniff->at < sniff->text.len && here(sniff) != '"')
        sniff->at += here(sniff) == '\\' ? 2 : 1;

    struct ht_str inside = ht_str_sub(sniff->text, from, sniff->at - from);
    sniff->at++;
    return inside;
}

/* Passes a value up to the comma or brace behind it. */
static void skip_value(struct sniff *sniff)
{
    size_t depth = 0;

    while (sniff->at < sniff->text.len) {
        char c = here(sniff);

        if (c == '"') {
            take_string(sniff);
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            return;
        if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        sniff->at++;
    }
}

static void sniff_member(struct sniff *sniff)
{
    struct ht_str key = take_string(sniff);

    skip_blanks(sniff);
    if (here(sniff) == ':')
        sniff->at++;
    skip_blanks(sniff);
    if (ht_str_is(key, "schema") && here(sniff) == '"')
        sniff->schema = take_string(sniff);
    else if (ht_str_is(key, "recording"))
        sniff->recording =
            ht_str_has_prefix(ht_str_sub(sniff->text, sniff->at, sniff->text.len), "true");
    skip_value(sniff);
}

/* Looks through the members of the first object. False if the text begins with none. */
static bool sniff_object(struct sniff *sniff)
{
    skip_blanks(sniff);
    if (here(sniff) != '{')
        return false;
    sniff->at++;
    for (;;) {
        skip_blanks(sniff);
        if (here(sniff) == ',') {
            sniff->at++;
            continue;
        }
        if (here(sniff) != '"')
            return true;
        sniff_member(sniff);
    }
}

int ht_document_sniff(struct ht_str text, const char *name, enum ht_document_kind *ret_kind,
                      struct ht_error *err)
{
    struct sniff sniff = {.text = text};

    if (!sniff_object(&sniff))
        return ht_error_set(err, EINVAL,
                            "%s: not a node, report or recording: it does not begin with {", name);
    if (ht_str_is(sniff.schema, HT_NODE_SCHEMA)) {
        *ret_kind = sniff.recording ? HT_DOCUMENT_RECORDING : HT_DOCUMENT_NODE;
        return 0;
    }
    if (ht_str_is(sniff.schema, HT_REPORT_SCHEMA)) {
        *ret_kind = HT_DOCUMENT_REPORT;
        return 0;
    }
    if (ht_str_has_prefix(sniff.schema, "hulltop"))
        return ht_error_set(err, EINVAL,
                            "%s: written by another version of hulltop; this one reads %s and %s",
                            name, HT_NODE_SCHEMA, HT_REPORT_SCHEMA);
    return ht_error_set(
        err, EINVAL, "%s: not a node, report or recording: no \"schema\" of hulltop in it", name);
}
