/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every interpreter has its own options; what matters of them is which ones take a value (else a
 * value is taken for the script) and which one brings code. A table of those, and one walk.
 */
#include "drift-script.h"

#include <limits.h>
#include <string.h>

#include "hulltop/base/mem.h"
#include "hulltop/model/code.h"

struct grammar {
    const char *names;    /* programs, blank-separated; digits and dots behind them are a version */
    const char *code;     /* options before inline code */
    const char *module;   /* options before a module */
    const char *file;     /* options before a file */
    const char *values;   /* options with a value of their own behind them */
    const char *standard; /* options that say: standard input */
    const char *verbs;    /* words that stand before the file */
    char cluster;         /* letter that brings code in a cluster of letters too ("-xc"); 0: none */
    bool plain;           /* the first word that is no option is the file */
    const char *loads;    /* options before a file that is loaded first; of those, too, with a = */
    const char *lists;    /* options before a list of such files */
    const char *patches;  /* options before one that replaces parts of what it names ("M=a.jar") */
    const char *agents;   /* options that such a file follows in the same word, up to a = */
    const char *bare;     /* the folder of those that are no path; "": whose is not known */
    const char *suffix;   /* what the file's name may lack */
    const char *beside;   /* the same of what is loaded first */
    const char *first;    /* the file that runs in a folder */
};

static const struct grammar grammars[] = {
    {.names = "sh dash bash ash zsh ksh ksh93 mksh rbash yash fish",
     .code = "-c --command",
     .values = "-o +o -O +O --rcfile --init-file",
     .standard = "-s",
     .cluster = 'c',
     .plain = true},
    {.names = "python pypy",
     .code = "-c",
     .module = "-m",
     .values = "-W -X -Q --check-hash-based-pycs",
     .standard = "-",
     .plain = true,
     .first = "__main__.py"},
    {.names = "perl",
     .code = "-e -E",
     .values = "-I",
     .standard = "-",
     .cluster = 'e',
     .plain = true},
    {.names = "ruby jruby",
     .code = "-e",
     .values = "-I -r -C -E",
     .standard = "-",
     .cluster = 'e',
     .plain = true,
     .loads = "-r",
     .agents = "-r",
     .bare = "",
     .beside = ".rb"},
    {.names = "node nodejs deno bun",
     .code = "-e --eval -p --print -pe",
     .values = "-r --require --import --loader --experimental-loader -C --conditions --env-file",
     .standard = "-",
     .verbs = "run",
     .plain = true,
     .loads = "-r --require --import --loader --experimental-loader",
     .bare = "node_modules",
     .suffix = ".js",
     .beside = ".js",
     .first = "index.js"},
    {.names = "php php-cgi",
     .code = "-r -R -B -E",
     .file = "-f -F",
     .values = "-c -d -S -t -z",
     .standard = "-",
     .plain = true},
    {.names = "lua luajit texlua", .code = "-e", .values = "-l", .standard = "-", .plain = true},
    {.names = "java",
     .file = "-jar",
     .values = HT_JAVA_VALUED,
     .lists = "-cp -classpath --class-path -p --module-path --upgrade-module-path",
     .patches = "--patch-module",
     .agents = "-javaagent: -agentpath: -Xbootclasspath/a: -Xbootclasspath/p: "
               "-Xbootclasspath:"},
    {.names = "Rscript tclsh wish expect guile", .plain = true},
    {.names = "awk gawk mawk", .file = "-f --file"},
};

/* "python3.11" is python. */
static struct ht_str without_version(struct ht_str name)
{
    while (name.len > 1 && strchr("0123456789.-", name.data[name.len - 1]))
        name.len--;
    return name;
}

static const struct grammar *grammar_of(struct ht_str name)
{
    struct ht_str plain = without_version(name);

    for (size_t i = 0; i < ARRAY_LEN(grammars); i++) {
        if (ht_str_is_among(name, grammars[i].names) ||
            (plain.len != name.len && ht_str_is_among(plain, grammars[i].names)))
            return &grammars[i];
    }
    return NULL;
}

/* Whether an option is a cluster of letters ("-xec") that ends in the one that brings code. */
static bool is_cluster(const struct grammar *grammar, struct ht_str option)
{
    if (!grammar->cluster || option.len < 3 || option.data[1] == '-')
        return false;
    for (size_t i = 1; i < option.len; i++) {
        char c = option.data[i];

        if (!ht_is_alnum(c))
            return false;
    }
    /* A shell takes "-ce" as well as "-ec"; others take what follows the letter as the code. */
    return grammar->cluster == 'c' ? memchr(option.data, 'c', option.len) != NULL
                                   : option.data[option.len - 1] == grammar->cluster;
}

static struct ht_script script(enum ht_script_kind kind, struct ht_str text)
{
    return (struct ht_script){.kind = kind, .text = text};
}

/* A shell's other options may stand between -c and the code. */
static struct ht_script code_behind(const struct grammar *grammar, const struct ht_text_list *argv,
                                    size_t at)
{
    while (grammar->cluster == 'c' && at < argv->len && argv->items[at].len > 1 &&
           strchr("-+", argv->items[at].data[0])) {
        at += ht_str_is_among(argv->items[at], grammar->values) ? 2 : 1;
    }
    return at < argv->len ? script(HT_SCRIPT_INLINE, argv->items[at])
                          : script(HT_SCRIPT_NONE, (struct ht_str){0});
}

static struct ht_script find_script(const struct grammar *grammar, const struct ht_text_list *argv,
                                    size_t at)
{
    struct ht_str none = {0};
    bool options = true;

    for (; at < argv->len; at++) {
        struct ht_str word = argv->items[at];
        struct ht_str next = at + 1 < argv->len ? argv->items[at + 1] : none;

        if (word.len == 0)
            return script(HT_SCRIPT_NONE, none);
        if (options && ht_str_is_among(word, grammar->standard))
            return script(HT_SCRIPT_STDIN, none);
        if (!options || !strchr("-+", word.data[0])) {
            if (ht_str_is_among(word, grammar->verbs) || (!grammar->plain && word.data[0] == '@'))
                continue;
            /* java Main.java compiles and runs it; any other word is a class of the path. */
            if (grammar->plain || ht_str_has_suffix(word, ".java"))
                return script(HT_SCRIPT_FILE, word);
            return script(HT_SCRIPT_NONE, none);
        }
        if (ht_str_is(word, "--"))
            options = false;
        else if (ht_str_is_among(word, grammar->code) || is_cluster(grammar, word))
            return code_behind(grammar, argv, at + 1);
        else if (ht_str_is_among(word, grammar->module))
            return script(next.len ? HT_SCRIPT_MODULE : HT_SCRIPT_NONE, next);
        else if (ht_str_is_among(word, grammar->file))
            return script(next.len ? HT_SCRIPT_FILE : HT_SCRIPT_NONE, next);
        else if (ht_str_is_among(word, grammar->values))
            at++;
    }
    /* Without a word to run it reads its standard input. */
    return script(grammar->plain ? HT_SCRIPT_STDIN : HT_SCRIPT_NONE, none);
}

struct ht_str ht_script_first_line(struct ht_str bytes)
{
    struct ht_str line;

    if (!ht_str_has_prefix(bytes, "#!") || !ht_str_next(&bytes, '\n', &line) ||
        ht_str_find_byte(line, '\0') >= 0)
        return (struct ht_str){0};
    return line;
}

static bool has_many_names(struct ht_str name)
{
    return ht_str_has_prefix(name, "busybox") || ht_str_has_prefix(name, "toybox");
}

struct ht_str ht_script_name(struct ht_str exe)
{
    return without_version(ht_str_base(exe));
}

bool ht_script_has_argv(struct ht_str exe)
{
    struct ht_str name = ht_str_base(exe);

    return has_many_names(name) || grammar_of(name);
}

bool ht_script_has_value(struct ht_str exe, struct ht_str option)
{
    const struct grammar *grammar = grammar_of(ht_str_base(exe));

    return grammar && ht_str_is_among(option, grammar->values);
}

/* What kind of interpreter a command line is of, and its first word behind the name. */
static const struct grammar *grammar_at(struct ht_str exe, const struct ht_text_list *argv,
                                        size_t *ret_first)
{
    struct ht_str name = ht_str_base(exe);

    *ret_first = 1;
    if (argv->len == 0)
        return NULL;
    /* One program with many names: the first word says which, or the second. */
    if (has_many_names(name)) {
        name = ht_str_base(argv->items[0]);
        if (ht_str_has_prefix(name, "-"))
            name = ht_str_sub(name, 1, name.len);
        if (has_many_names(name) && argv->len > 1) {
            name = argv->items[1];
            *ret_first = 2;
        }
    }
    return grammar_of(name);
}

struct ht_script ht_script_of(struct ht_str exe, const struct ht_text_list *argv)
{
    struct ht_script found = {.kind = HT_SCRIPT_NONE};
    size_t first;
    const struct grammar *grammar = grammar_at(exe, argv, &first);

    if (!grammar)
        return found;
    found = find_script(grammar, argv, first);
    found.is_shell = grammar->cluster == 'c';
    found.suffix = grammar->suffix;
    found.first = grammar->first;
    return found;
}

bool ht_script_is_descriptor(struct ht_str path, unsigned *ret_number)
{
    static const char *const prefixes[] = {"/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/"};
    uint64_t number;

    *ret_number = 0;
    if (ht_str_is(path, "/dev/stdin"))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        if (ht_str_has_prefix(path, prefixes[i]) &&
            ht_parse_u64(ht_str_sub(path, strlen(prefixes[i]), path.len), &number) == 0 &&
            number <= INT_MAX) {
            *ret_number = (unsigned)number;
            return true;
        }
    }
    return false;
}

/* ---- what is loaded beside it ---- */

/* The length of the one of those words that an argument begins with; 0: none. */
static size_t prefix_of(const char *list, struct ht_str word)
{
    size_t len;

    for (const char *at = list; at && *at; at += len + (at[len] == ' ')) {
        len = strcspn(at, " ");
        if (word.len > len && memcmp(at, word.data, len) == 0)
            return len;
    }
    return 0;
}

static struct ht_str until(struct ht_str text, char c)
{
    ptrdiff_t end = ht_str_find_byte(text, c);

    return end < 0 ? text : ht_str_sub(text, 0, (size_t)end);
}

/* What one word has loaded: a path, or a list of them; empty: nothing. */
static struct ht_str loaded_by(const struct grammar *grammar, struct ht_loaded_walk *walk)
{
    struct ht_str word = walk->argv->items[walk->at++];
    struct ht_str option = until(word, '=');
    size_t agent = prefix_of(grammar->agents, word);

    bool patches = ht_str_is_among(option, grammar->patches);
    struct ht_str value = {0};

    walk->is_list = agent || patches || ht_str_is_among(option, grammar->lists);
    if (agent)
        return until(ht_str_sub(word, agent, word.len), '=');
    if (!walk->is_list && !ht_str_is_among(option, grammar->loads)) {
        walk->at += ht_str_is_among(word, grammar->values);
        return value;
    }
    if (option.len < word.len)
        value = ht_str_sub(word, option.len + 1, word.len);
    else if (walk->at < walk->argv->len)
        value = walk->argv->items[walk->at++];
    return patches ? ht_str_sub(value, until(value, '=').len + 1, value.len) : value;
}

static bool next_loaded(struct ht_loaded_walk *walk, struct ht_str *ret_path)
{
    if (walk->is_list)
        return ht_str_next(&walk->rest, ':', ret_path);
    *ret_path = walk->rest;
    walk->rest = (struct ht_str){0};
    return ret_path->len > 0;
}

/* False: it is found in a way that cannot be followed. */
static bool take_loaded(const struct grammar *grammar, struct ht_str path, bool is_list,
                        struct ht_script *ret)
{
    static const char scheme[] = "file://";
    bool is_path;

    if (!is_list && ht_str_has_prefix(path, scheme))
        path = ht_str_sub(path, sizeof(scheme) - 1, path.len);
    is_path = path.len && strchr("./", path.data[0]);
    *ret = (struct ht_script){.kind = HT_SCRIPT_FILE,
                              .text = path,
                              .suffix = grammar->beside,
                              .first = grammar->first,
                              .bare = is_path ? NULL : grammar->bare,
                              .is_list = is_list};
    return path.len && (!ret->bare || ret->bare[0]);
}

bool ht_loaded_next(struct ht_loaded_walk *walk, struct ht_script *ret_script)
{
    size_t first;
    const struct grammar *grammar = grammar_at(walk->exe, walk->argv, &first);
    struct ht_str path;

    if (!grammar || (!grammar->loads && !grammar->lists))
        return false;
    if (walk->at < first)
        walk->at = first;
    for (;;) {
        while (next_loaded(walk, &path)) {
            if (take_loaded(grammar, path, walk->is_list, ret_script))
                return true;
        }
        /* What follows the script is of the script; a file of arguments has a walk of its own. */
        if (walk->at >= walk->argv->len || walk->argv->items[walk->at].len == 0 ||
            !strchr("-@", walk->argv->items[walk->at].data[0]) ||
            ht_str_is_among(walk->argv->items[walk->at], grammar->file))
            return false;
        walk->rest = loaded_by(grammar, walk);
    }
}

/* ---- what shell code reads in ---- */

static struct ht_str next_word(struct ht_str *text)
{
    size_t at = 0, end;

    while (at < text->len && strchr(" \t", text->data[at]))
        at++;
    for (end = at; end < text->len && !strchr(" \t\n;&|()<>", text->data[end]);)
        end++;

    struct ht_str word = ht_str_sub(*text, at, end - at);
    *text = ht_str_sub(*text, end, text->len);
    return word;
}

static struct ht_str unquoted(struct ht_str word)
{
    if (word.len > 2 && strchr("'\"", word.data[0]) && word.data[word.len - 1] == word.data[0])
        return ht_str_sub(word, 1, word.len - 2);
    return word;
}

bool ht_script_next_sourced(struct ht_str *text, struct ht_str *ret_path)
{
    while (text->len) {
        struct ht_str word = next_word(text);

        if (ht_str_is(word, ".") || ht_str_is(word, "source")) {
            *ret_path = unquoted(next_word(text));
            if (ret_path->len)
                return true;
        }
        /* To where the next command may begin. */
        while (text->len && !strchr("\n;&|()", text->data[0]))
            *text = ht_str_sub(*text, 1, text->len);
        while (text->len && strchr("\n;&|() \t", text->data[0]))
            *text = ht_str_sub(*text, 1, text->len);
    }
    return false;
}

/* ---- what is loaded first ---- */

static bool next_variable(struct ht_preload_walk *walk)
{
    static const char *const names[] = {"LD_PRELOAD", "LD_AUDIT"};
    struct ht_str entry;

    while (ht_str_next(&walk->environment, '\0', &entry)) {
        ptrdiff_t equals = ht_str_find_byte(entry, '=');

        for (size_t i = 0; equals > 0 && i < ARRAY_LEN(names); i++) {
            if (!ht_str_is(ht_str_sub(entry, 0, (size_t)equals), names[i]))
                continue;
            walk->variable = names[i];
            walk->value = ht_str_sub(entry, (size_t)equals + 1, entry.len);
            return true;
        }
    }
    return false;
}

/* Colons and blanks part its items. */
bool ht_preload_next(struct ht_preload_walk *walk, struct ht_str *ret_path)
{
    do {
        while (walk->value.len) {
            size_t end = 0;

            while (end < walk->value.len && walk->value.data[end] != ':' &&
                   walk->value.data[end] != ' ')
                end++;
            *ret_path = ht_str_sub(walk->value, 0, end);
            walk->value =
                ht_str_sub(walk->value, end < walk->value.len ? end + 1 : end, walk->value.len);
            if (ret_path->len)
                return true;
        }
    } while (next_variable(walk));
    return false;
}
