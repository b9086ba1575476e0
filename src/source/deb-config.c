/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deb-config.h"

#include <errno.h>
#include <string.h>

#include "deb-stanza.h"
#include "deb-uri.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { DEPTH_MAX = 10, NESTING_MAX = 64, STATEMENT_MAX = 64 * 1024, LEVELS_MAX = 8 };

/* The state of one file's reading. */
struct reader {
    struct ht_deb_config *config;
    const struct ht_deb_config_text *file;
    struct ht_buf statement; /* of the lines that did not end it */
    struct ht_str parents[NESTING_MAX];
    size_t nesting;
    unsigned line;
    bool in_comment;
};

void ht_deb_config_fini(struct ht_deb_config *config)
{
    ht_vec_fini(&config->items);
}

/* ---- the tree ---- */

static bool equal_nocase(struct ht_str a, struct ht_str b)
{
    return a.len == b.len && (a.len == 0 || ht_str_find_nocase(a, b, 0) == 0);
}

/* "A::B::C" to "A::B" and "C". */
static void split_key(struct ht_str key, struct ht_str *ret_parent, struct ht_str *ret_tag)
{
    ptrdiff_t last = -1;

    for (ptrdiff_t at = 0; (at = ht_str_find(key, HT_S("::"), (size_t)at)) >= 0; at += 2)
        last = at;
    if (last < 0) {
        *ret_parent = (struct ht_str){0};
        *ret_tag = key;
        return;
    }
    *ret_parent = ht_str_sub(key, 0, (size_t)last);
    *ret_tag = ht_str_sub(key, (size_t)last + 2, key.len);
}

static struct ht_deb_config_item *find(const struct ht_deb_config *config, struct ht_str key)
{
    struct ht_str parent, tag;

    split_key(key, &parent, &tag);
    for (size_t i = 0; tag.len && i < config->items.len; i++) {
        struct ht_deb_config_item *item = config->items.items[i];

        if (equal_nocase(item->tag, tag) && equal_nocase(item->parent, parent))
            return item;
    }
    return NULL;
}

static int set(struct reader *reader, struct ht_str key, struct ht_str value, struct ht_error *err)
{
    struct ht_deb_config *config = reader->config;
    struct ht_deb_config_item *item = find(config, key);

    if (!item) {
        if (config->items.len >= HT_LIMIT_DEB_CONFIG)
            return ht_error_set(err, EFBIG, "%s: more than %d settings", reader->file->name,
                                HT_LIMIT_DEB_CONFIG);
        item = ht_arena_array(config->arena, struct ht_deb_config_item, 1);
        split_key(ht_arena_str(config->arena, key), &item->parent, &item->tag);
        ht_vec_add(&config->items, item);
    }
    item->value = ht_arena_str(config->arena, value);
    return 0;
}

void ht_deb_config_init(struct ht_deb_config *config, struct ht_arena *arena)
{
    static const char *const items[][2] = {
        {HT_DEB_TARGET "MetaKey", "$(COMPONENT)/binary-$(ARCHITECTURE)/Packages"},
        {HT_DEB_TARGET "flatMetaKey", "Packages"},
    };
    struct reader reader = {.config = config};

    *config = (struct ht_deb_config){.arena = arena};
    for (size_t i = 0; i < ARRAY_LEN(items); i++)
        (void)set(&reader, ht_str_from(items[i][0]), ht_str_from(items[i][1]), NULL);
}

/* Forgets a key and everything below it. */
static void clear(struct ht_deb_config *config, struct ht_str key)
{
    size_t kept = 0;

    for (size_t i = 0; i < config->items.len; i++) {
        struct ht_deb_config_item *item = config->items.items[i];
        struct ht_str full = ht_arena_strf(config->arena, "%.*s%s%.*s", HT_STR_ARG(item->parent),
                                           item->parent.len ? "::" : "", HT_STR_ARG(item->tag));

        if (ht_str_find_nocase(full, key, 0) == 0 &&
            (full.len == key.len || ht_str_find(full, HT_S("::"), key.len) == (ptrdiff_t)key.len))
            continue;
        config->items.items[kept++] = item;
    }
    config->items.len = kept;
}

struct ht_str ht_deb_config_get(const struct ht_deb_config *config, const char *key)
{
    const struct ht_deb_config_item *item = find(config, ht_str_from(key));

    return item ? item->value : (struct ht_str){0};
}

bool ht_deb_config_bool(const struct ht_deb_config *config, const char *key, bool fallback)
{
    struct ht_str value = ht_deb_config_get(config, key);

    return value.len ? ht_deb_bool(value, fallback) : fallback;
}

static void add_value(const struct ht_deb_config *config, struct ht_vec *values,
                      struct ht_str value)
{
    struct ht_str *copy = ht_arena_array(config->arena, struct ht_str, 1);

    *copy = value;
    ht_vec_add(values, copy);
}

void ht_deb_config_list(const struct ht_deb_config *config, const char *key, struct ht_vec *values)
{
    struct ht_str rest = ht_deb_config_get(config, key);
    struct ht_str part;

    if (rest.len) {
        while (ht_str_next(&rest, ',', &part))
            add_value(config, values, part);
        return;
    }
    for (size_t i = 0; i < config->items.len; i++) {
        const struct ht_deb_config_item *item = config->items.items[i];

        if (equal_nocase(item->parent, ht_str_from(key)))
            add_value(config, values, item->value);
    }
}

/* What apt has built in. */
static struct ht_str built_in(struct ht_str key)
{
    static const char *const defaults[][2] = {
        {"Dir", "/"},
        {"Dir::State", "var/lib/apt"},
        {"Dir::State::lists", "lists/"},
        {"Dir::State::status", "/var/lib/dpkg/status"},
        {"Dir::Etc", "etc/apt"},
        {"Dir::Etc::main", "apt.conf"},
        {"Dir::Etc::parts", "apt.conf.d"},
        {"Dir::Etc::sourcelist", "sources.list"},
        {"Dir::Etc::sourceparts", "sources.list.d"},
        {"Dir::Etc::preferences", "preferences"},
        {"Dir::Etc::preferencesparts", "preferences.d"},
    };

    for (size_t i = 0; i < ARRAY_LEN(defaults); i++)
        if (ht_str_is_nocase(key, defaults[i][0]))
            return ht_str_from(defaults[i][1]);
    return (struct ht_str){0};
}

/* Set to nothing is not the same as not set. */
static struct ht_str part_of_path(const struct ht_deb_config *config, struct ht_str key)
{
    const struct ht_deb_config_item *item = find(config, key);

    return item ? item->value : built_in(key);
}

/* Continues nothing. */
static bool is_complete(struct ht_str path)
{
    return ht_str_has_prefix(path, "/") || ht_str_has_prefix(path, "./") ||
           ht_str_has_prefix(path, "../") || ht_str_has_prefix(path, "~/");
}

struct ht_str ht_deb_config_path(const struct ht_deb_config *config, const char *key)
{
    struct ht_str path = part_of_path(config, ht_str_from(key));
    struct ht_str top = ht_deb_config_get(config, "RootDir");
    struct ht_str rest, tag;

    if (!path.len)
        return path;
    split_key(ht_str_from(key), &rest, &tag);
    for (int level = 0; rest.len && !is_complete(path) && level < LEVELS_MAX; level++) {
        struct ht_str value = part_of_path(config, rest);

        if (value.len)
            path = ht_arena_strf(config->arena, "%.*s%s%.*s", HT_STR_ARG(value),
                                 value.data[value.len - 1] == '/' ? "" : "/", HT_STR_ARG(path));
        split_key(rest, &rest, &tag);
    }
    /* Where apt was started is not known. */
    if (!ht_str_has_prefix(path, "/") || (top.len && !ht_str_has_prefix(top, "/")))
        return (struct ht_str){0};
    if (top.len)
        path = ht_arena_strf(config->arena, "%.*s/%.*s", HT_STR_ARG(top), HT_STR_ARG(path));
    return path;
}

int ht_deb_config_promote(struct ht_deb_config *config, const char *key, struct ht_error *err)
{
    struct reader reader = {.config = config, .file = &(struct ht_deb_config_text){.name = key}};
    size_t len = config->items.len;
    size_t below = strlen(key);

    for (size_t i = 0; i < len; i++) {
        const struct ht_deb_config_item *item = config->items.items[i];
        struct ht_str full = ht_arena_strf(config->arena, "%.*s::%.*s", HT_STR_ARG(item->parent),
                                           HT_STR_ARG(item->tag));
        int r;

        if (ht_str_find_nocase(full, ht_str_from(key), 0) != 0 ||
            ht_str_find(full, HT_S("::"), below) != (ptrdiff_t)below || full.len == below + 2)
            continue;
        r = set(&reader, ht_str_sub(full, below + 2, full.len), item->value, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- the text ---- */

static int bad(const struct reader *reader, const char *what, struct ht_error *err)
{
    return ht_error_set(err, EINVAL, "%s:%u: %s", reader->file->name, reader->line, what);
}

/* A word up to a blank, outside of quotes and brackets; quotes go, %xx becomes its byte. */
static bool quote_word(struct ht_arena *arena, struct ht_str *rest, struct ht_str *ret_word)
{
    ht_autobuf struct ht_buf out = HT_BUF(STATEMENT_MAX);
    size_t i = 0;
    char until = '\0';

    *rest = ht_str_trim(*rest);
    if (!rest->len)
        return false;
    for (; i < rest->len && (until || (rest->data[i] != ' ' && rest->data[i] != '\t')); i++) {
        char c = rest->data[i];

        if (until && c == until)
            until = '\0';
        else if (!until && c == '"')
            until = '"';
        else if (!until && c == '[')
            until = ']';
        if (c != '"')
            ht_buf_add_c(&out, c);
    }
    if (until)
        return false;
    *ret_word = ht_deb_uri_unquote(arena, ht_buf_str(&out));
    *rest = ht_str_trim(ht_str_sub(*rest, i, rest->len));
    return true;
}

/* "one" "two": strings, put together; false where something else stands. */
static bool string_word(struct ht_arena *arena, struct ht_str *rest, struct ht_str *ret_word)
{
    ht_autobuf struct ht_buf out = HT_BUF(STATEMENT_MAX);
    bool blank = false;

    if (!rest->len)
        return false;
    for (size_t i = 0; i < rest->len; i++) {
        ptrdiff_t end;

        if (rest->data[i] == ' ' || rest->data[i] == '\t') {
            if (!blank)
                ht_buf_add_c(&out, ' ');
            blank = true;
            continue;
        }
        blank = false;
        if (rest->data[i] != '"')
            return false;
        end = ht_str_find(*rest, HT_S("\""), i + 1);
        if (end < 0)
            return false;
        ht_buf_add_str(&out, ht_str_sub(*rest, i + 1, (size_t)end - i - 1));
        i = (size_t)end;
    }
    *ret_word = ht_arena_str(arena, ht_buf_str(&out));
    *rest = (struct ht_str){0};
    return true;
}

static struct ht_str below(struct reader *reader, struct ht_str tag)
{
    struct ht_str parent =
        reader->nesting ? reader->parents[reader->nesting - 1] : (struct ht_str){0};

    if (!parent.len)
        return tag;
    return ht_arena_strf(reader->config->arena, "%.*s::%.*s", HT_STR_ARG(parent), HT_STR_ARG(tag));
}

static int directive(struct reader *reader, struct ht_str tag, struct ht_str word,
                     struct ht_error *err)
{
    if (reader->nesting)
        return bad(reader, "a directive inside a block", err);
    if (ht_str_is(tag, "#clear")) {
        clear(reader->config, word);
        return 0;
    }
    if (ht_str_is(tag, "#include")) {
        if (reader->file->depth >= DEPTH_MAX)
            return bad(reader, "too many includes inside each other", err);
        return reader->file->include ? reader->file->include(reader->file->context, word,
                                                             reader->file->depth + 1, err)
                                     : 0;
    }
    return ht_str_is(tag, "#x-apt-configure-index") ? 0 : bad(reader, "unknown directive", err);
}

/* "tag word" and what ended it: a semicolon sets, a brace opens or closes a block. */
static int statement(struct reader *reader, char end, struct ht_error *err)
{
    struct ht_arena *arena = reader->config->arena;
    struct ht_str rest = ht_str_trim(ht_buf_str(&reader->statement));
    struct ht_str tag, word = {0};
    bool has_word = true;

    if (!rest.len) {
        if (end == '{')
            return bad(reader, "a block without a name", err);
        if (end == '}' && reader->nesting)
            reader->nesting--;
        return 0;
    }
    if (!quote_word(arena, &rest, &tag))
        return bad(reader, "malformed name", err);
    if (!string_word(arena, &rest, &word) && !quote_word(arena, &rest, &word)) {
        has_word = end != '{';
        if (has_word) {
            word = tag;
            tag = (struct ht_str){0};
        }
    }
    if (rest.len)
        return bad(reader, "junk behind the value", err);
    if (end == '{') {
        if (reader->nesting == NESTING_MAX)
            return bad(reader, "too many blocks inside each other", err);
        reader->parents[reader->nesting] = below(reader, tag);
        reader->nesting++;
        return has_word ? set(reader, reader->parents[reader->nesting - 1], word, err) : 0;
    }
    if (ht_str_has_prefix(tag, "#"))
        return directive(reader, tag, word, err);

    int r = set(reader, below(reader, tag), word, err);
    if (end == '}' && reader->nesting)
        reader->nesting--;
    return r;
}

/* '#' begins a comment, but for the directives. */
static bool is_comment(struct ht_str line, size_t i)
{
    struct ht_str rest = ht_str_sub(line, i + 1, line.len);

    return !ht_str_has_prefix(rest, "clear") && !ht_str_has_prefix(rest, "include") &&
           !ht_str_has_prefix(rest, "x-apt-configure-index");
}

/* One line: comments are left out, statements that end in it are done. */
static int read_line(struct reader *reader, struct ht_str line, struct ht_error *err)
{
    bool quoted = false;

    if (reader->statement.len)
        ht_buf_add_c(&reader->statement, ' ');
    for (size_t i = 0; i < line.len; i++) {
        char c = line.data[i];
        char next = i + 1 < line.len ? line.data[i + 1] : '\0';
        int r;

        if (reader->in_comment) {
            reader->in_comment = !(c == '*' && next == '/');
            i += !reader->in_comment;
            continue;
        }
        if (!quoted && ((c == '/' && next == '/') || (c == '#' && is_comment(line, i))))
            return 0;
        if (!quoted && c == '/' && next == '*') {
            reader->in_comment = true;
            i++;
            continue;
        }
        quoted = quoted != (c == '"');
        if (quoted || (c != '{' && c != '}' && c != ';')) {
            ht_buf_add_c(&reader->statement, c == '\t' || c == '\r' ? ' ' : c);
            continue;
        }
        if (ht_buf_is_full(&reader->statement))
            return bad(reader, "a statement that is too long", err);
        r = statement(reader, c, err);
        if (r < 0)
            return r;
        ht_buf_reset(&reader->statement);
    }
    return 0;
}

int ht_deb_config_parse(struct ht_deb_config *config, const struct ht_deb_config_text *file,
                        struct ht_error *err)
{
    struct reader reader = {.config = config, .file = file, .statement = HT_BUF(STATEMENT_MAX)};
    struct ht_str rest = file->text;
    struct ht_str line;
    int r = 0;

    while (r == 0 && ht_str_next(&rest, '\n', &line)) {
        reader.line++;
        r = read_line(&reader, ht_str_trim(line), err);
    }
    if (r == 0 && ht_str_trim(ht_buf_str(&reader.statement)).len)
        r = bad(&reader, "junk at the end", err);
    ht_buf_fini(&reader.statement);
    return r;
}
