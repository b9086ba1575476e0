/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "drift-environ.h"

#include <string.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

struct variable {
    const char *program; /* without its version */
    const char *name;
    enum ht_environ_kind kind;
};

static const struct variable variables[] = {
    {"java", "JAVA_TOOL_OPTIONS", HT_ENVIRON_WORDS},
    {"java", "JDK_JAVA_OPTIONS", HT_ENVIRON_WORDS},
    {"java", "_JAVA_OPTIONS", HT_ENVIRON_WORDS},
    {"java", "CLASSPATH", HT_ENVIRON_LIST},
    {"node", "NODE_OPTIONS", HT_ENVIRON_WORDS},
    {"nodejs", "NODE_OPTIONS", HT_ENVIRON_WORDS},
    {"python", "PYTHONPATH", HT_ENVIRON_SITE},
    {"python", "PYTHONSTARTUP", HT_ENVIRON_FILE},
    {"pypy", "PYTHONPATH", HT_ENVIRON_SITE},
    {"perl", "PERL5OPT", HT_ENVIRON_MODULES},
    {"perl", "PERL5DB", HT_ENVIRON_CODE},
    {"ruby", "RUBYOPT", HT_ENVIRON_WORDS},
    {"bash", "BASH_ENV", HT_ENVIRON_FILE},
    {"lua", "LUA_INIT", HT_ENVIRON_FILE},
};

bool ht_environ_is_asked(struct ht_str exe)
{
    struct ht_str name = ht_script_name(exe);

    for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
        if (ht_str_is(name, variables[i].program))
            return true;
    }
    return false;
}

static bool is_in(const char *set, char c)
{
    return c && strchr(set, c);
}

/* ---- what a command line makes of them ---- */

/* Python with -E or -I asks no variable, with -S it has no site. Letters stand together; what
 * follows some of them is their value. */
static bool is_isolated(const struct ht_text_list *argv)
{
    for (size_t i = 1; i < argv->len; i++) {
        struct ht_str word = argv->items[i];

        if (word.len < 2 || word.data[0] != '-')
            return false;
        for (size_t j = 1; j < word.len; j++) {
            if (is_in("cm-", word.data[j]))
                return false;
            if (is_in("EIS", word.data[j]))
                return true;
            if (is_in("WXQ", word.data[j])) {
                i += j + 1 == word.len;
                break;
            }
        }
    }
    return false;
}

/* A path or an archive on the command line takes the place of CLASSPATH. */
static bool has_classes(const struct ht_text_list *argv)
{
    static const char *const options[] = {"-cp", "-classpath", "--class-path", "-jar", "-m"};

    for (size_t i = 1; i < argv->len; i++) {
        for (size_t j = 0; j < ARRAY_LEN(options); j++) {
            if (ht_str_is(argv->items[i], options[j]) ||
                ht_str_has_prefix(argv->items[i], "--class-path="))
                return true;
        }
    }
    return false;
}

/* Bash reads it for what it is told to run, under its own name. */
static bool is_told_bash(struct ht_str exe, const struct ht_text_list *argv)
{
    enum ht_script_kind kind = ht_script_of(exe, argv).kind;

    return (kind == HT_SCRIPT_FILE || kind == HT_SCRIPT_INLINE) &&
           !ht_str_is(ht_str_base(argv->items[0]), "sh");
}

/* Perl's debugger ("-d", which may stand among other letters; "-d:Name" is a module). */
static bool is_debugger(struct ht_str word)
{
    for (size_t i = 1; i < word.len && ht_str_has_prefix(word, "-"); i++) {
        if (word.data[i] == 'd')
            return i + 1 == word.len || word.data[i + 1] != ':';
        if (!is_in("acfnpsStTuUvwWX", word.data[i]))
            return false; /* what follows is its value */
    }
    return false;
}

static bool is_debugged(const struct ht_environ_walk *walk)
{
    struct ht_str options = ht_environ_find(walk->environment, "PERL5OPT");
    struct ht_str word;

    for (size_t i = 1; i < walk->argv->len && ht_str_has_prefix(walk->argv->items[i], "-"); i++) {
        if (is_debugger(walk->argv->items[i]))
            return true;
    }
    while (ht_str_next(&options, ' ', &word)) {
        if (is_debugger(word))
            return true;
    }
    return false;
}

static bool counts(const struct ht_environ_walk *walk)
{
    const char *name = walk->variable;

    if (strncmp(name, "PYTHON", 6) == 0 && is_isolated(walk->argv))
        return false;
    if (strcmp(name, "PYTHONSTARTUP") == 0)
        return ht_script_of(walk->exe, walk->argv).kind == HT_SCRIPT_STDIN;
    if (strcmp(name, "CLASSPATH") == 0)
        return !has_classes(walk->argv);
    if (strcmp(name, "BASH_ENV") == 0)
        return is_told_bash(walk->exe, walk->argv);
    if (strcmp(name, "PERL5DB") == 0)
        return is_debugged(walk);
    return true;
}

/* The same, asked once: an environment may name a variable as often as it likes. */
static bool counts_once(struct ht_environ_walk *walk, const struct variable *variable)
{
    unsigned bit = 1U << (variable - variables);

    if (!(walk->asked & bit) && counts(walk))
        walk->counted |= bit;
    walk->asked |= bit;
    return walk->counted & bit;
}

/* Lua takes a file or code; Bash makes a path of it as of a word of a script. */
static void look_at_value(struct ht_environ_walk *walk)
{
    if (strcmp(walk->variable, "LUA_INIT") == 0) {
        if (ht_str_has_prefix(walk->value, "@"))
            walk->value = ht_str_sub(walk->value, 1, walk->value.len);
        else
            walk->kind = HT_ENVIRON_CODE;
    } else if (strcmp(walk->variable, "BASH_ENV") == 0 &&
               (ht_str_find_byte(walk->value, '$') >= 0 ||
                ht_str_find_byte(walk->value, '`') >= 0)) {
        walk->kind = HT_ENVIRON_CODE;
    }
}

/* ---- the walk ---- */

static const struct variable *variable_of(struct ht_str program, struct ht_str name)
{
    for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
        if (ht_str_is(program, variables[i].program) && ht_str_is(name, variables[i].name))
            return &variables[i];
    }
    return NULL;
}

bool ht_environ_next(struct ht_environ_walk *walk)
{
    struct ht_str program = ht_script_name(walk->exe);
    struct ht_str entry;

    if (!walk->begun)
        walk->rest = walk->environment;
    walk->begun = true;
    while (ht_str_next(&walk->rest, '\0', &entry)) {
        ptrdiff_t equals = ht_str_find_byte(entry, '=');
        const struct variable *variable =
            equals > 0 ? variable_of(program, ht_str_sub(entry, 0, (size_t)equals)) : NULL;

        if (!variable)
            continue;
        walk->variable = variable->name;
        walk->kind = variable->kind;
        walk->value = ht_str_sub(entry, (size_t)equals + 1, entry.len);
        if (walk->value.len && counts_once(walk, variable)) {
            look_at_value(walk);
            return true;
        }
    }
    return false;
}

/* ---- what is in them ---- */

/* How a reader parts words. */
struct parting {
    const char *blanks;
    const char *quotes;
    bool escapes; /* a backslash in quotes stands for what follows it */
    bool comments;
};

static struct parting parting_of(struct ht_str program, bool is_file)
{
    static const char blanks[] = " \t\r\n\v\f";

    if (ht_str_has_prefix(program, "node"))
        return (struct parting){.blanks = " ", .quotes = "\"", .escapes = true};
    if (ht_str_is(program, "java"))
        return (struct parting){
            .blanks = blanks, .quotes = "\"'", .escapes = is_file, .comments = is_file};
    return (struct parting){.blanks = blanks, .quotes = ""};
}

static bool is_blank(const struct parting *parting, char c)
{
    return !c || is_in(parting->blanks, c);
}

/* What a letter behind a backslash stands for. */
static char escaped(char c)
{
    static const char letters[] = "nrtf", meant[] = "\n\r\t\f";
    const char *at = c ? strchr(letters, c) : NULL;

    return at ? meant[at - letters] : c;
}

/* Blanks and comments; a comment ends the word before it. */
static size_t skip_blanks(const struct parting *parting, struct ht_str text, size_t at)
{
    while (at < text.len &&
           (is_blank(parting, text.data[at]) || (parting->comments && text.data[at] == '#'))) {
        bool comment = text.data[at++] == '#' && parting->comments;

        while (comment && at < text.len && !is_in("\r\n", text.data[at]))
            at++;
    }
    return at;
}

/* Takes one word off text, without its quotes. False: there is none. */
static bool take_word(const struct parting *parting, struct ht_str *text, struct ht_buf *word)
{
    size_t at = skip_blanks(parting, *text, 0);
    char quote = '\0';

    ht_buf_reset(word);
    if (at == text->len)
        return false;
    for (; at < text->len && (quote || !is_blank(parting, text->data[at])); at++) {
        char c = text->data[at];

        if (!quote && parting->comments && c == '#')
            break;
        if (quote ? c == quote : is_in(parting->quotes, c))
            quote = quote ? '\0' : c;
        else if (c == '\\' && quote && parting->escapes && at + 1 < text->len)
            ht_buf_add_c(word, parting->comments ? escaped(text->data[++at]) : text->data[++at]);
        else
            ht_buf_add_c(word, c);
    }
    *text = ht_str_sub(*text, at, text->len);
    return true;
}

/* Enough for all of them, and for one in front. */
static size_t count_words(const struct parting *parting, struct ht_str text)
{
    size_t len = 3;

    for (size_t i = 0; i < text.len && len < HT_ENVIRON_WORDS_MAX; i++)
        len += is_blank(parting, text.data[i]) || (parting->comments && text.data[i] == '#');
    return len;
}

struct ht_text_list ht_environ_split(struct ht_str text, struct ht_str exe, struct ht_str before,
                                     bool is_file, struct ht_arena *arena)
{
    const struct parting parting = parting_of(ht_script_name(exe), is_file);
    size_t most = count_words(&parting, text);
    struct ht_str *items = ht_arena_array(arena, struct ht_str, most);
    ht_autobuf struct ht_buf word = HT_BUF(text.len + 1); /* a class path has no limit */
    size_t len = 1;

    items[0] = ht_arena_str(arena, exe);
    if (before.len)
        items[len++] = ht_arena_str(arena, before);
    while (len < most && take_word(&parting, &text, &word)) {
        if (word.len)
            items[len++] = ht_arena_str(arena, ht_buf_str(&word));
    }
    return (struct ht_text_list){.items = items, .len = len};
}

struct ht_str ht_environ_module(struct ht_str option, struct ht_arena *arena)
{
    bool debugger = ht_str_has_prefix(option, "-d:");
    size_t from = debugger ? 3 : 2;
    size_t end = from;

    if (!debugger && !ht_str_has_prefix(option, "-M") && !ht_str_has_prefix(option, "-m"))
        return (struct ht_str){0};
    while (end < option.len && (ht_is_alnum(option.data[end]) || strchr("_:", option.data[end])))
        end++;
    if (end == from || option.data[from] == ':')
        return (struct ht_str){0};

    ht_autobuf struct ht_buf path = HT_BUF(HT_LIMIT_ARG);
    if (debugger)
        ht_buf_add_text(&path, "Devel/");
    for (size_t i = from; i < end; i++) {
        if (option.data[i] != ':')
            ht_buf_add_c(&path, option.data[i]);
        else if (option.data[i - 1] != ':')
            ht_buf_add_c(&path, '/');
    }
    ht_buf_add_text(&path, ".pm");
    return ht_arena_str(arena, ht_buf_str(&path));
}
