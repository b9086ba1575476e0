/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A systemd unit that starts kube-apiserver, read as systemd.syntax(7), systemd.service(5) and
 * systemd.exec(5) say: lines are joined, values cut into words, specifiers ("%n") replaced in each
 * word, variables where the program is started. What cannot be known of that is told.
 */
#include <string.h>

#include "apiserver-words.h"
#include "apiserver.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { FILES_MAX = 64, NAMED = 64, SHOWN_BYTES = 80 };

struct unit {
    struct ht_arena *arena;
    const struct ht_unit_host *host;
    struct ht_str text;
    struct ht_str unclear; /* the first reason; empty: nothing is */
};

static void doubt(struct unit *unit, bool is, const char *why)
{
    if (is && unit->unclear.len == 0)
        unit->unclear = ht_str_from(why);
}

static const char two_ways[] = "a line of it can be read in more than one way";
static const char endless[] = "a quote in it has no end";

/* ---- settings of a unit ---- */

/* The lines that set one key, stepped through to their end. */
struct settings {
    struct unit *unit;
    const char *key;
    struct ht_str rest;
    struct ht_buf line;
    bool in_service; /* below "[Service]" */
};

static struct settings settings_of(struct unit *unit, const char *key)
{
    return (struct settings){
        .unit = unit, .key = key, .rest = unit->text, .line = HT_BUF(HT_LIMIT_FILE)};
}

static bool is_continued(struct ht_str line)
{
    size_t count = 0;

    while (count < line.len && line.data[line.len - 1 - count] == '\\')
        count++;
    return count % 2;
}

/* Joins those that a backslash joins, to a blank and over comments. Borrowed until the next one. */
static bool next_line(struct settings *settings, struct ht_str *ret_line)
{
    bool any = false, more = true;
    struct ht_str line;

    ht_buf_reset(&settings->line);
    while (more && ht_str_next(&settings->rest, '\n', &line)) {
        struct ht_str plain = ht_str_trim(line);

        if (ht_str_has_suffix(line, "\r"))
            line.len--;
        if (plain.len && strchr("#;", plain.data[0]))
            continue;
        any = true;
        more = is_continued(line);
        doubt(settings->unit, !more && is_continued(plain), two_ways);
        line.len -= more;
        ht_buf_add_str(&settings->line, line);
        if (more)
            ht_buf_add_c(&settings->line, ' ');
    }
    doubt(settings->unit, ht_buf_is_full(&settings->line), two_ways);
    *ret_line = ht_buf_str(&settings->line);
    return any;
}

/* The value of the next one, borrowed until the one behind it. False at the end, which frees. */
static bool next_setting(struct settings *settings, struct ht_str *ret_value)
{
    struct ht_str line;

    while (next_line(settings, &line)) {
        line = ht_str_trim(line);
        if (ht_str_has_prefix(line, "["))
            settings->in_service = ht_str_is(line, "[Service]");

        ptrdiff_t sep = ht_str_find_byte(line, '=');
        if (!settings->in_service || sep <= 0 ||
            !ht_str_is(ht_str_trim(ht_str_sub(line, 0, (size_t)sep)), settings->key))
            continue;
        *ret_value = ht_str_trim(ht_str_sub(line, (size_t)sep + 1, line.len));
        return true;
    }
    ht_buf_fini(&settings->line);
    return false;
}

/* The value of the last "ExecStart="; an empty one takes back those before it. */
static struct ht_str exec_start(struct unit *unit)
{
    struct settings settings = settings_of(unit, "ExecStart");
    struct ht_str found = {0};
    struct ht_str value;
    size_t count = 0;

    while (next_setting(&settings, &value)) {
        count = value.len ? count + 1 : 0;
        found = ht_arena_str(unit->arena, value);
    }
    doubt(unit, count > 1, "it has more than one ExecStart");
    return found;
}

/* ---- specifiers ---- */

/* What a letter behind a "%" stands for in the unit kube-apiserver.service of the system's manager;
 * .data NULL: it depends on what is not looked at, or nothing is known of it. */
static struct ht_str meaning_of(const struct unit *unit, char letter)
{
    static const struct {
        char letter;
        const char *meaning;
    } known[] = {{'%', "%"},
                 {'n', "kube-apiserver.service"},
                 {'N', "kube-apiserver"},
                 {'p', "kube-apiserver"},
                 {'P', "kube/apiserver"},
                 {'j', "apiserver"},
                 {'J', "apiserver"},
                 {'f', "/kube/apiserver"},
                 {'i', ""}, /* it is no instance */
                 {'I', ""},
                 {'h', "/root"},
                 {'u', "root"},
                 {'U', "0"},
                 {'g', "root"},
                 {'G', "0"},
                 {'t', "/run"},
                 {'S', "/var/lib"},
                 {'C', "/var/cache"},
                 {'L', "/var/log"},
                 {'E', "/etc"}};
    struct ht_str name = unit->host->hostname;
    ptrdiff_t dot = ht_str_find_byte(name, '.');

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (known[i].letter == letter)
            return ht_str_from(known[i].meaning);
    }
    if (letter == 'H')
        return name;
    if (letter == 'l')
        return dot < 0 ? name : ht_str_sub(name, 0, (size_t)dot);
    return letter == 'm' ? unit->host->machine_id : (struct ht_str){0};
}

/* False: one of them is not known, which is noted. A "%" in front of what cannot be one is itself.
 */
static bool replace_specifiers(struct unit *unit, struct ht_str word, struct ht_str *ret_word)
{
    ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_FILE);

    for (size_t i = 0; i < word.len; i++) {
        char next = i + 1 < word.len ? word.data[i + 1] : '\0';

        if (word.data[i] != '%' || (next != '%' && !ht_is_alpha(next))) {
            ht_buf_add_c(&out, word.data[i]);
            continue;
        }

        struct ht_str meaning = meaning_of(unit, next);
        if (!meaning.data) {
            if (unit->unclear.len == 0)
                unit->unclear =
                    ht_arena_strf(unit->arena, "what %%%c stands for is not known", next);
            return false;
        }
        ht_buf_add_str(&out, meaning);
        i++;
    }
    doubt(unit, ht_buf_is_full(&out), "a value is too long");
    *ret_word = ht_arena_str(unit->arena, ht_buf_str(&out));
    return !ht_buf_is_full(&out);
}

/* ---- words ---- */

/* Adds what "\n", "\x41" or "\101" at text stands for. Returns how many characters of text that is,
 * the backslash too; 0: it is none. */
static size_t add_escaped(struct ht_buf *out, struct ht_str text)
{
    static const char letters[] = "abfnrtvs\\\"'", meanings[] = "\a\b\f\n\r\t\v \\\"'";
    char c = text.len > 1 ? text.data[1] : '\0';
    const char *at = c ? strchr(letters, c) : NULL;
    uint64_t hex;
    uint32_t octal;

    if (at) {
        ht_buf_add_c(out, meanings[at - letters]);
        return 2;
    }
    if (c == 'x' && text.len >= 4 && ht_parse_hex64(ht_str_sub(text, 2, 2), &hex) == 0 && hex) {
        ht_buf_add_c(out, (char)hex);
        return 4;
    }
    if (text.len >= 4 && ht_parse_octal(ht_str_sub(text, 1, 3), &octal) == 0 && octal &&
        octal < 256) {
        ht_buf_add_c(out, (char)octal);
        return 4;
    }
    return 0;
}

/* The next word of a line, out of its quotes; what no backslash can stand in front of keeps it.
 * False: there is none. */
static bool next_word(struct unit *unit, struct ht_str *rest, struct ht_buf *word)
{
    char quote = '\0';
    bool is_open = false;
    size_t i = 0;

    ht_buf_reset(word);
    for (; i < rest->len; i++) {
        char c = rest->data[i];

        if (!quote && ht_is_blank(c)) {
            if (is_open)
                break;
            continue;
        }
        is_open = true;
        if (quote ? c == quote : c == '"' || c == '\'') {
            quote = quote ? '\0' : c;
        } else if (c == '\\') {
            size_t taken = add_escaped(word, ht_str_sub(*rest, i, rest->len));

            doubt(unit, i + 1 < rest->len && strchr("uU", rest->data[i + 1]),
                  "a character is given by its number");
            if (taken == 0)
                ht_buf_add_c(word, c);
            i += taken ? taken - 1 : 0;
        } else {
            ht_buf_add_c(word, c);
        }
    }
    *rest = ht_str_sub(*rest, i, rest->len);
    doubt(unit, quote, endless);
    return is_open;
}

/* Words of a value, each with its specifiers replaced. */
static void add_unit_words(struct unit *unit, struct ht_words *words, struct ht_str value)
{
    ht_autobuf struct ht_buf word = HT_BUF(HT_LIMIT_FILE);

    while (next_word(unit, &value, &word)) {
        struct ht_str plain = ht_buf_str(&word);

        if (!replace_specifiers(unit, plain, &plain))
            plain = ht_arena_str(unit->arena, plain);
        ht_words_add(words, plain);
    }
    doubt(unit, ht_buf_is_full(&word), "a value is too long");
}

/* ---- variables of a unit ---- */

struct variable {
    struct ht_str name;
    struct ht_str value;
};

struct variables {
    struct variable items[NAMED];
    size_t len;
};

/* "NAME=value"; one that is there twice counts the second time. */
static void add_variable(struct variables *variables, struct ht_str word)
{
    ptrdiff_t sep = ht_str_find_byte(word, '=');
    struct variable variable = {.value = ht_str_sub(word, (size_t)(sep + 1), word.len)};

    if (sep <= 0)
        return;
    variable.name = ht_str_sub(word, 0, (size_t)sep);
    for (size_t i = 0; i < variables->len; i++) {
        if (ht_str_equal(variables->items[i].name, variable.name)) {
            variables->items[i] = variable;
            return;
        }
    }
    if (variables->len < ARRAY_LEN(variables->items))
        variables->items[variables->len++] = variable;
}

static struct ht_str *find_variable(struct variables *variables, struct ht_str name)
{
    for (size_t i = 0; i < variables->len; i++) {
        if (ht_str_equal(variables->items[i].name, name))
            return &variables->items[i].value;
    }
    return NULL;
}

static void remove_variable(struct variables *variables, struct ht_str name)
{
    for (size_t i = 0; i < variables->len; i++) {
        if (ht_str_equal(variables->items[i].name, name))
            variables->items[i] = variables->items[--variables->len];
    }
}

/* Words of all lines of a unit that set one key; an empty one takes back those before it. */
static struct ht_text_list words_of(struct unit *unit, const char *key)
{
    struct settings settings = settings_of(unit, key);
    struct ht_words words = {.arena = unit->arena};
    struct ht_str value;

    while (next_setting(&settings, &value)) {
        if (value.len == 0)
            words.items.len = 0;
        else
            add_unit_words(unit, &words, value);
    }
    return ht_words_take(&words);
}

/* One path a line, which no quotes hold: as long as the line is. One that does not begin with a
 * slash is ignored. */
struct ht_unit_file *ht_apiserver_unit_files(struct ht_str text, const struct ht_unit_host *host,
                                             struct ht_arena *arena, size_t *ret_len,
                                             struct ht_str *ret_unclear)
{
    struct unit unit = {.arena = arena, .host = host, .text = text};
    struct settings settings = settings_of(&unit, "EnvironmentFile");
    struct ht_unit_file *files = ht_arena_array(arena, struct ht_unit_file, FILES_MAX);
    struct ht_str path;
    size_t len = 0;

    while (next_setting(&settings, &path)) {
        struct ht_unit_file file = {0};

        len = path.len ? len : 0;
        if (path.len == 0 || !replace_specifiers(&unit, path, &path))
            continue;
        file.is_optional = ht_str_has_prefix(path, "-");
        file.path = ht_str_sub(path, file.is_optional, path.len);
        doubt(&unit, len >= FILES_MAX, "it names more files of variables than are read");
        if (ht_str_has_prefix(file.path, "/") && len < FILES_MAX)
            files[len++] = file;
    }
    *ret_len = len;
    *ret_unclear = unit.unclear;
    return files;
}

/* A file of variables; out takes what they are, which is never longer, and is wiped with the arena.
 */
struct reading {
    struct unit *unit;
    struct ht_str text;
    size_t at;
    char *out;
    size_t len;
};

static char char_at(const struct reading *reading, size_t at)
{
    return at < reading->text.len ? reading->text.data[at] : '\0';
}

static bool is_line_end(const struct reading *reading)
{
    char c = char_at(reading, reading->at);

    return reading->at >= reading->text.len || c == '\n' || c == '\r';
}

static void put(struct reading *reading, char c)
{
    reading->out[reading->len++] = c;
}

/* What stands in quotes, which may be several lines. */
static void read_quoted(struct reading *reading)
{
    char quote = char_at(reading, reading->at++);

    for (; reading->at < reading->text.len; reading->at++) {
        char c = char_at(reading, reading->at), next = char_at(reading, reading->at + 1);
        bool is_escaping = c == '\\' && quote == '"' && next && strchr("\"\\`$\n", next);

        if (c == quote) {
            reading->at++;
            return;
        }
        reading->at += is_escaping;
        if (!is_escaping || next != '\n')
            put(reading, is_escaping ? next : c);
    }
    doubt(reading->unit, true, endless);
}

/* What stands behind "NAME=" up to the line's end: without the blanks around it, and the quotes
 * that it begins with; one behind anything else belongs to it. */
static void read_value(struct reading *reading)
{
    bool is_plain = false;
    size_t kept = reading->len;

    for (; !is_line_end(reading); reading->at++) {
        char c = char_at(reading, reading->at);
        bool is_blank = ht_is_blank(c), is_quote = !is_plain && (c == '"' || c == '\'');

        if (is_quote) {
            read_quoted(reading);
            reading->at--;
        } else if (c == '\\') {
            reading->at++;
            if (!is_line_end(reading))
                put(reading, char_at(reading, reading->at));
        } else if (is_plain || !is_blank) {
            put(reading, c);
        }
        is_plain |= !is_blank && !is_quote;
        kept = is_blank ? kept : reading->len;
    }
    reading->len = kept;
}

/* A variable begins a line. */
static void read_variables(struct unit *unit, struct variables *variables, struct ht_str text)
{
    struct reading reading = {
        .unit = unit, .text = text, .out = ht_arena_array(unit->arena, char, text.len)};

    for (; reading.at < text.len; reading.at++) {
        size_t line = reading.at, word = reading.len;

        while (!is_line_end(&reading) && char_at(&reading, reading.at) != '=')
            reading.at++;

        struct ht_str name = ht_str_trim(ht_str_sub(text, line, reading.at - line));
        if (name.len && strchr("#;", name.data[0])) {
            while (!is_line_end(&reading))
                reading.at++;
            /* Before version 254 it went on behind that. */
            doubt(unit, is_continued(ht_str_sub(text, line, reading.at - line)), two_ways);
        } else if (!is_line_end(&reading)) {
            for (size_t i = 0; i < name.len; i++)
                put(&reading, name.data[i]);
            put(&reading, char_at(&reading, reading.at++));
            read_value(&reading);
            add_variable(variables, (struct ht_str){reading.out + word, reading.len - word});
        }
    }
}

static void set_variables(struct unit *unit, struct ht_str environment, struct variables *variables)
{
    struct ht_text_list set = words_of(unit, "Environment");
    struct ht_text_list unset = words_of(unit, "UnsetEnvironment");

    for (size_t i = 0; i < set.len; i++)
        add_variable(variables, set.items[i]);
    read_variables(unit, variables, environment);
    for (size_t i = 0; i < unset.len; i++) {
        ptrdiff_t sep = ht_str_find_byte(unset.items[i], '='); /* of that value alone, perhaps */

        remove_variable(variables, ht_str_sub(unset.items[i], 0, sep < 0 ? SIZE_MAX : (size_t)sep));
    }
}

/* ${NAME} within a word, "$$" for a "$"; a "$" in front of anything else is one. False: a variable
 * that nothing sets. */
static bool replace_names(struct ht_buf *out, struct ht_str word, struct variables *variables)
{
    ptrdiff_t last = ht_str_rfind_byte(word, '}');

    for (size_t i = 0; i < word.len; i++) {
        char next = i + 1 < word.len ? word.data[i + 1] : '\0';
        bool is_name = next == '{' && last > (ptrdiff_t)i;

        if (word.data[i] != '$' || (next != '$' && !is_name)) {
            ht_buf_add_c(out, word.data[i]);
            continue;
        }
        i++;
        if (!is_name) {
            ht_buf_add_c(out, '$');
            continue;
        }

        struct ht_str name = ht_str_sub(word, i + 1, word.len);
        name.len = (size_t)ht_str_find_byte(name, '}');
        const struct ht_str *value = find_variable(variables, name);
        if (!value)
            return false;
        ht_buf_add_str(out, *value);
        i += name.len + 1;
    }
    return !ht_buf_is_full(out);
}

/* $NAME as a word of its own is cut into words, ${NAME} within one is not. False: a variable that
 * nothing sets. */
static bool expand(struct ht_words *words, struct ht_str word, struct variables *variables)
{
    ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_FILE);

    if (word.len > 1 && word.data[0] == '$' && word.data[1] != '{' && word.data[1] != '$') {
        struct ht_str *value = find_variable(variables, ht_str_sub(word, 1, word.len));

        return value && ht_words_add_shell(words, *value);
    }
    if (!replace_names(&out, word, variables))
        return false;
    ht_words_add(words, ht_arena_str(words->arena, ht_buf_str(&out)));
    return true;
}

/* The words of the last ExecStart; ret_literal: variables in them are none. */
static struct ht_text_list start_words(struct unit *unit, bool *ret_literal)
{
    struct ht_words words = {.arena = unit->arena};
    struct ht_str line = exec_start(unit);

    *ret_literal = false;
    while (line.len && strchr("-@:+!|", line.data[0])) { /* systemd's prefixes */
        *ret_literal |= line.data[0] == ':';
        line = ht_str_sub(line, 1, line.len);
    }
    add_unit_words(unit, &words, line);

    struct ht_text_list list = ht_words_take(&words);
    for (size_t i = 0; i < list.len; i++)
        doubt(unit, ht_str_is(list.items[i], ";"), "its ExecStart may be several commands");
    return list;
}

bool ht_apiserver_decode_unit(struct ht_str text, struct ht_str environment,
                              const struct ht_unit_host *host, struct ht_arena *arena,
                              struct ht_apiserver_manifest *ret_manifest)
{
    struct unit unit = {.arena = arena, .host = host, .text = text};
    struct ht_words expanded = {.arena = arena};
    struct variables variables = {.len = 0};
    bool is_literal;

    struct ht_text_list start = start_words(&unit, &is_literal);
    if (!ht_apiserver_find_server(start, ret_manifest)) {
        ret_manifest->unclear =
            start.len
                ? ht_arena_strf(arena, "its unit starts %.*s, and what that starts is not known",
                                HT_STR_ARG(ht_str_sub(start.items[0], 0, SHOWN_BYTES)))
                : (struct ht_str){0};
        return false;
    }

    set_variables(&unit, environment, &variables);
    for (size_t i = 0; i < ret_manifest->words.len; i++) {
        if (is_literal)
            ht_words_add(&expanded, ret_manifest->words.items[i]);
        else
            doubt(&unit, !expand(&expanded, ret_manifest->words.items[i], &variables),
                  "a variable that it uses is set nowhere");
    }
    ret_manifest->words = ht_words_take(&expanded);
    ret_manifest->unclear = unit.unclear;
    return true;
}
