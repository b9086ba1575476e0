/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of an EncryptionConfiguration to a struct. The API server's decoder takes a text that
 * begins with "{" for JSON and anything else for YAML 1.1, and refuses a value of another type, an
 * unknown field and one that is there twice. An absent value and null are the same to it: so
 * "identity:" without "{}" is no provider.
 */
#include <errno.h>
#include <string.h>

#include "encryption-private.h"
#include "hulltop/base/json.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/yaml.h"

enum scalar { IS_TEXT, IS_NULL, IS_BOOL, IS_NUMBER };

struct reading {
    struct ht_arena *arena;
    struct ht_error *err;
};

static bool is_one_of(struct ht_str text, const char *const *words)
{
    for (; *words; words++) {
        if (ht_str_is(text, *words))
            return true;
    }
    return false;
}

static size_t skip_digits(struct ht_str text, size_t at)
{
    while (at < text.len && (ht_is_digit(text.data[at]) || text.data[at] == '_'))
        at++;
    return at;
}

static bool has_radix(struct ht_str text, size_t at)
{
    return at + 2 < text.len && text.data[at] == '0' && text.data[at + 1] &&
           strchr("xXob", text.data[at + 1]);
}

static bool is_number(struct ht_str text)
{
    static const char *const special[] = {".inf",  ".Inf",  ".INF",  "+.inf", "+.Inf",
                                          "+.INF", "-.inf", "-.Inf", "-.INF", ".nan",
                                          ".NaN",  ".NAN",  NULL};
    size_t at = text.len && (text.data[0] == '-' || text.data[0] == '+');

    if (is_one_of(text, special))
        return true;
    if (has_radix(text, at)) {
        for (at += 2; at < text.len; at++) {
            if (!ht_is_digit(text.data[at]) && text.data[at] != '_' &&
                !(text.data[at] && strchr("abcdefABCDEF", text.data[at])))
                return false;
        }
        return true;
    }

    size_t whole = skip_digits(text, at);
    size_t digits = whole - at;
    at = whole;
    if (at < text.len && text.data[at] == '.') {
        size_t end = skip_digits(text, at + 1);

        digits += end - at - 1;
        at = end;
    }
    if (digits == 0)
        return false;
    if (at < text.len && (text.data[at] == 'e' || text.data[at] == 'E')) {
        at++;
        at += at < text.len && (text.data[at] == '-' || text.data[at] == '+');

        size_t end = skip_digits(text, at);
        if (end == at)
            return false;
        at = end;
    }
    return at == text.len;
}

/* What a scalar is in JSON, or what YAML 1.1 makes of a plain one. */
static enum scalar scalar_kind(const struct ht_yaml *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const bools[] = {"y",  "Y",   "yes",  "Yes",  "YES",   "n",     "N",  "no",
                                        "No", "NO",  "true", "True", "TRUE",  "false", "on", "On",
                                        "ON", "off", "Off",  "OFF",  "False", "FALSE", NULL};

    if (node->quoted)
        return IS_TEXT;
    if (is_one_of(node->text, nulls))
        return IS_NULL;
    if (is_one_of(node->text, bools))
        return IS_BOOL;
    return is_number(node->text) ? IS_NUMBER : IS_TEXT;
}

static bool is_null(const struct ht_yaml *node)
{
    return !node || (node->kind == HT_YAML_SCALAR && scalar_kind(node) == IS_NULL);
}

static int fail(const struct reading *reading, const struct ht_yaml *node, const char *field,
                const char *what)
{
    return ht_error_set(reading->err, EINVAL, "line %u: %s %s", node->line, field, what);
}

static int read_text(const struct reading *reading, const struct ht_yaml *node, const char *field,
                     struct ht_str *ret_text)
{
    if (is_null(node))
        return 0;
    if (node->kind != HT_YAML_SCALAR || scalar_kind(node) != IS_TEXT)
        return fail(reading, node, field, "is no text");
    *ret_text = node->text;
    return 0;
}

/* A map of at most the named fields, or null, which gives no map. */
static int read_map(const struct reading *reading, const struct ht_yaml *node, const char *what,
                    const char *const *fields)
{
    if (is_null(node))
        return 0;
    if (node->kind != HT_YAML_MAP)
        return fail(reading, node, what, "is no object");
    for (size_t i = 0; i < node->len; i++) {
        const struct ht_yaml *key = &node->items[2 * i];

        if (!is_one_of(key->text, fields))
            return fail(reading, key, what,
                        "has a field that there is not (refused since Kubernetes 1.31)");
    }
    return 0;
}

static int read_list(const struct reading *reading, const struct ht_yaml *node, const char *field,
                     size_t *ret_len)
{
    *ret_len = 0;
    if (is_null(node))
        return 0;
    if (node->kind != HT_YAML_LIST)
        return fail(reading, node, field, "is no list");
    *ret_len = node->len;
    return 0;
}

static int read_keys(const struct reading *reading, const struct ht_yaml *node,
                     struct ht_provider *provider, enum ht_provider_kind kind)
{
    static const char *const fields[] = {"keys", NULL};
    static const char *const key_fields[] = {"name", "secret", NULL};
    int r = read_map(reading, node, "a provider", fields);
    const struct ht_yaml *list = ht_yaml_get(node, "keys");

    if (r < 0)
        return r;
    r = read_list(reading, list, "keys", &provider->keys_len[kind]);
    if (r < 0)
        return r;

    struct ht_provider_key *keys =
        ht_arena_array(reading->arena, struct ht_provider_key, provider->keys_len[kind]);
    provider->keys[kind] = keys;
    for (size_t i = 0; i < provider->keys_len[kind]; i++) {
        const struct ht_yaml *item = &list->items[i];

        r = read_map(reading, item, "a key", key_fields);
        if (r == 0)
            r = read_text(reading, ht_yaml_get(item, "name"), "name", &keys[i].name);
        if (r == 0)
            r = read_text(reading, ht_yaml_get(item, "secret"), "secret", &keys[i].secret);
        if (r < 0)
            return r;
    }
    return 0;
}

/* One number and unit of "1h2.5s"; false if there is none. */
static bool read_span(struct ht_str *rest, double *ret_seconds)
{
    static const struct {
        const char *name;
        double seconds;
    } units[] = {{"ns", 1e-9}, {"us", 1e-6}, {"\xc2\xb5s", 1e-6}, {"\xce\xbcs", 1e-6},
                 {"ms", 1e-3}, {"s", 1},     {"m", 60},           {"h", 3600}};
    double number = 0;
    double place = 1;
    size_t digits = 0;
    size_t points = 0;
    size_t at = 0;

    for (; at < rest->len && (ht_is_digit(rest->data[at]) || rest->data[at] == '.'); at++) {
        if (rest->data[at] == '.') {
            points++;
            continue;
        }
        digits++;
        place = points ? place / 10 : place;
        number =
            points ? number + place * (rest->data[at] - '0') : 10 * number + (rest->data[at] - '0');
    }
    if (digits == 0 || points > 1)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        /* "m" is no unit in front of "s": the longer names stand first. */
        if (!ht_str_has_prefix(ht_str_sub(*rest, at, rest->len), units[i].name))
            continue;
        *rest = ht_str_sub(*rest, at + strlen(units[i].name), rest->len);
        *ret_seconds = number * units[i].seconds;
        return true;
    }
    return false;
}

/* A duration in Go's words: "3s", "1m30s", "-1.5h", "0". */
static bool read_duration(struct ht_str text, double *ret_seconds)
{
    double sum = 0;
    bool negative = text.len && text.data[0] == '-';
    struct ht_str rest =
        ht_str_sub(text, text.len && (text.data[0] == '-' || text.data[0] == '+'), text.len);

    if (rest.len == 0)
        return false;
    if (ht_str_is(rest, "0"))
        rest.len = 0;
    while (rest.len) {
        double seconds = 0;

        if (!read_span(&rest, &seconds))
            return false;
        sum += seconds;
    }
    *ret_seconds = negative ? -sum : sum;
    return true;
}

static int read_timeout(const struct reading *reading, const struct ht_yaml *node,
                        double *ret_seconds)
{
    struct ht_str text = {0};
    int r = read_text(reading, node, "timeout", &text);

    if (r < 0 || is_null(node))
        return r;
    if (!read_duration(text, ret_seconds))
        return fail(reading, node, "timeout", "is no duration");
    return 0;
}

static int read_cachesize(const struct reading *reading, const struct ht_yaml *node,
                          struct ht_kms *kms)
{
    if (is_null(node))
        return 0;
    if (node->kind != HT_YAML_SCALAR || scalar_kind(node) != IS_NUMBER ||
        ht_parse_i64(node->text, &kms->cachesize) < 0 || kms->cachesize > INT32_MAX ||
        kms->cachesize < INT32_MIN)
        return fail(reading, node, "cachesize", "is no 32-bit number");
    kms->has_cachesize = true;
    return 0;
}

static int read_kms(const struct reading *reading, const struct ht_yaml *node, struct ht_kms *kms)
{
    static const char *const fields[] = {"apiVersion", "name",    "cachesize",
                                         "endpoint",   "timeout", NULL};
    int r = read_map(reading, node, "kms", fields);

    *kms = (struct ht_kms){.timeout_s = 3};
    if (r == 0)
        r = read_text(reading, ht_yaml_get(node, "apiVersion"), "apiVersion", &kms->api_version);
    if (r == 0)
        r = read_text(reading, ht_yaml_get(node, "name"), "name", &kms->name);
    if (r == 0)
        r = read_text(reading, ht_yaml_get(node, "endpoint"), "endpoint", &kms->endpoint);
    if (r == 0)
        r = read_cachesize(reading, ht_yaml_get(node, "cachesize"), kms);
    if (r == 0)
        r = read_timeout(reading, ht_yaml_get(node, "timeout"), &kms->timeout_s);
    if (kms->api_version.len == 0)
        kms->api_version = (struct ht_str)HT_STR("v1");
    return r;
}

static int read_provider(const struct reading *reading, const struct ht_yaml *node,
                         struct ht_provider *provider)
{
    static const char *const names[] = {"aesgcm", "aescbc", "secretbox", "identity", "kms", NULL};
    static const char *const none[] = {NULL};
    int r = read_map(reading, node, "a provider", names);

    for (unsigned kind = 0; r == 0 && kind < HT_PROVIDER_KINDS; kind++) {
        const struct ht_yaml *value = ht_yaml_get(node, names[kind]);

        if (is_null(value))
            continue;
        provider->found |= 1U << kind;
        if (kind == HT_PROVIDER_KMS)
            r = read_kms(reading, value, &provider->kms);
        else if (kind == HT_PROVIDER_IDENTITY)
            r = read_map(reading, value, "identity", none);
        else
            r = read_keys(reading, value, provider, kind);
    }
    return r;
}

static int read_entry(const struct reading *reading, const struct ht_yaml *node,
                      struct ht_provider_entry *entry)
{
    static const char *const fields[] = {"resources", "providers", NULL};
    const struct ht_yaml *names = ht_yaml_get(node, "resources");
    const struct ht_yaml *list = ht_yaml_get(node, "providers");
    int r = read_map(reading, node, "an entry of resources", fields);

    if (r == 0)
        r = read_list(reading, names, "resources", &entry->resources_len);
    if (r == 0)
        r = read_list(reading, list, "providers", &entry->providers_len);
    if (r < 0)
        return r;

    struct ht_str *resources = ht_arena_array(reading->arena, struct ht_str, entry->resources_len);
    struct ht_provider *providers =
        ht_arena_array(reading->arena, struct ht_provider, entry->providers_len);
    entry->resources = resources;
    entry->providers = providers;
    for (size_t i = 0; r == 0 && i < entry->resources_len; i++)
        r = read_text(reading, &names->items[i], "a resource", &resources[i]);
    for (size_t i = 0; r == 0 && i < entry->providers_len; i++)
        r = read_provider(reading, &list->items[i], &providers[i]);
    return r;
}

/* "v1" and EncryptionConfig are what early documents said; both are still accepted. */
static int check_kind(const struct reading *reading, const struct ht_yaml *root)
{
    struct ht_str kind = {0};
    struct ht_str version = {0};
    int r = read_text(reading, ht_yaml_get(root, "kind"), "kind", &kind);

    if (r == 0)
        r = read_text(reading, ht_yaml_get(root, "apiVersion"), "apiVersion", &version);
    if (r < 0)
        return r;
    if (kind.len == 0 || version.len == 0)
        return ht_error_set(reading->err, EINVAL, "kind or apiVersion is missing");
    if ((ht_str_is(kind, "EncryptionConfiguration") &&
         ht_str_is(version, "apiserver.config.k8s.io/v1")) ||
        (ht_str_is(kind, "EncryptionConfig") && ht_str_is(version, "v1")))
        return 0;
    return ht_error_set(reading->err, EINVAL,
                        "kind and apiVersion are not those of an EncryptionConfiguration");
}

static int read_root(const struct reading *reading, const struct ht_yaml *root,
                     struct ht_provider_config *ret_config)
{
    static const char *const fields[] = {"kind", "apiVersion", "resources", NULL};
    const struct ht_yaml *list = ht_yaml_get(root, "resources");
    struct ht_provider_config config = {0};

    if (root->kind != HT_YAML_MAP)
        return ht_error_set(reading->err, EINVAL, "it is no object");

    int r = check_kind(reading, root);
    if (r == 0)
        r = read_map(reading, root, "the configuration", fields);
    if (r == 0)
        r = read_list(reading, list, "resources", &config.len);
    if (r < 0)
        return r;

    struct ht_provider_entry *entries =
        ht_arena_array(reading->arena, struct ht_provider_entry, config.len);
    config.entries = entries;
    for (size_t i = 0; r == 0 && i < config.len; i++)
        r = read_entry(reading, &list->items[i], &entries[i]);
    if (r == 0)
        *ret_config = config;
    return r;
}

/* The blanks in front of JSON; false if no object follows them. */
static bool begins_as_json(struct ht_str text, size_t *ret_blanks)
{
    size_t at = 0;

    while (at < text.len && text.data[at] && strchr(" \t\n\v\f\r", text.data[at]))
        at++;
    *ret_blanks = at;
    return at < text.len && text.data[at] == '{';
}

/* The text without tabs in front, which YAML does not allow there: its lines keep their numbers. */
static struct ht_str without_tabs(struct ht_str text, size_t blanks, struct ht_arena *arena)
{
    char *copy = ht_arena_alloc(arena, text.len, 1);

    for (size_t i = 0; i < text.len; i++)
        copy[i] = i < blanks && text.data[i] == '\t' ? ' ' : text.data[i];
    return (struct ht_str){.data = copy, .len = text.len};
}

int ht_encryption_read(struct ht_str text, struct ht_arena *arena,
                       struct ht_provider_config *ret_config, struct ht_error *err)
{
    struct reading reading = {.arena = arena, .err = err};
    size_t blanks;

    if (text.len == 0)
        return ht_error_set(err, EINVAL, "the file is empty");
    if (begins_as_json(text, &blanks)) {
        if (!ht_json_parse(arena, "JSON", text, err))
            return -EINVAL;
        text = without_tabs(text, blanks, arena);
    }

    /* JSON is read a second time as YAML, which it is: that reading notices a key that is there
     * twice. */
    const struct ht_yaml *root = ht_yaml_parse_foreign(arena, "line", text, err);
    if (!root)
        return -EINVAL;
    return read_root(&reading, root, ret_config);
}
