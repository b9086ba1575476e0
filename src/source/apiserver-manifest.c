/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that declare an API server: static pods, files of flags, systemd units, configurations of
 * k3s, rke2 and OpenShift. They tell the intent; a process tells the fact.
 */
#include <string.h>

#include "apiserver.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"
#include "hulltop/base/yaml.h"

enum { WORDS_MAX = 10000 };

struct words {
    struct ht_arena *arena;
    struct ht_vec items; /* struct ht_str in the arena */
};

static void add_word(struct words *words, struct ht_str word)
{
    struct ht_str *kept = ht_arena_array(words->arena, struct ht_str, 1);

    if (words->items.len >= WORDS_MAX)
        return;
    *kept = word;
    ht_vec_add(&words->items, kept);
}

static struct ht_text_list take_words(struct words *words)
{
    struct ht_str *items = ht_arena_array(words->arena, struct ht_str, words->items.len);
    size_t len = words->items.len;

    for (size_t i = 0; i < len; i++)
        items[i] = *(struct ht_str *)words->items.items[i];
    ht_vec_fini(&words->items);
    return (struct ht_text_list){.items = items, .len = len};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The words of a line as a shell would cut them: quotes hold together and go, a backslash in front
 * of a line's end joins it with the next. Nothing is expanded. False: a quote has no end. */
static bool add_shell_words(struct words *words, struct ht_str text)
{
    ht_autobuf struct ht_buf word = HT_BUF(HT_LIMIT_FILE);
    char quote = '\0';
    bool is_open = false;

    for (size_t i = 0; i <= text.len; i++) {
        char c = i < text.len ? text.data[i] : '\n';

        if (!quote && is_blank(c)) {
            if (is_open)
                add_word(words, ht_arena_str(words->arena, ht_buf_str(&word)));
            ht_buf_reset(&word);
            is_open = false;
        } else if (quote ? c == quote : c == '"' || c == '\'') {
            quote = quote ? '\0' : c;
            is_open = true;
        } else if (c == '\\' && quote != '\'' && i + 1 < text.len) {
            i++;
            if (text.data[i] != '\n')
                ht_buf_add_c(&word, text.data[i]);
            is_open |= text.data[i] != '\n';
        } else {
            ht_buf_add_c(&word, c);
            is_open = true;
        }
    }
    if (is_open && word.len)
        add_word(words, ht_arena_str(words->arena, ht_buf_str(&word)));
    return !quote;
}

static void add_texts(struct words *words, const struct ht_yaml *list)
{
    if (!list || list->kind != HT_YAML_LIST)
        return;
    for (size_t i = 0; i < list->len; i++) {
        if (list->items[i].kind == HT_YAML_SCALAR)
            add_word(words, list->items[i].text);
    }
}

/* ---- static pods ---- */

static bool is_shell(struct ht_str word)
{
    return ht_str_has_suffix(word, "/sh") || ht_str_has_suffix(word, "/bash") ||
           ht_str_is(word, "sh") || ht_str_is(word, "bash");
}

/* From the word on that names the server: it may stand behind others ("exec watcher -- hyperkube
 * kube-apiserver"). */
static bool find_server(struct ht_text_list words, struct ht_apiserver_manifest *manifest)
{
    for (size_t i = 0; i < words.len; i++) {
        struct ht_text_list rest = {.items = words.items + i, .len = words.len - i};
        enum ht_apiserver_program program = ht_apiserver_program((struct ht_str){0}, rest, NULL);

        /* Another program's flag may end with a path like the server's. */
        if (program == HT_APISERVER_NONE || (i && ht_str_has_prefix(words.items[i], "-")))
            continue;
        manifest->program = program;
        manifest->words = rest;
        return true;
    }
    return false;
}

static struct ht_text_list container_words(const struct ht_yaml *container, struct ht_arena *arena)
{
    struct words words = {.arena = arena};

    add_texts(&words, ht_yaml_get(container, "command"));
    add_texts(&words, ht_yaml_get(container, "args"));

    struct ht_text_list plain = take_words(&words);
    if (plain.len == 0 || !is_shell(plain.items[0]))
        return plain;
    for (size_t i = 1; i < plain.len; i++)
        add_shell_words(&words, plain.items[i]);
    return take_words(&words);
}

/* The path of the node behind a volume's name, or empty. */
static struct ht_str volume_path(const struct ht_yaml *spec, struct ht_str name)
{
    const struct ht_yaml *volumes = ht_yaml_get(spec, "volumes");

    for (size_t i = 0; volumes && volumes->kind == HT_YAML_LIST && i < volumes->len; i++) {
        const struct ht_yaml *volume = &volumes->items[i];

        if (ht_str_equal(ht_yaml_text(volume, "name"), name))
            return ht_yaml_text(ht_yaml_get(volume, "hostPath"), "path");
    }
    return (struct ht_str){0};
}

static void read_paths(const struct ht_yaml *spec, const struct ht_yaml *container,
                       struct ht_arena *arena, struct ht_apiserver_manifest *manifest)
{
    const struct ht_yaml *mounts = ht_yaml_get(container, "volumeMounts");

    if (!mounts || mounts->kind != HT_YAML_LIST)
        return;
    manifest->paths = ht_arena_array(arena, struct ht_host_path, mounts->len);
    for (size_t i = 0; i < mounts->len; i++) {
        const struct ht_yaml *mount = &mounts->items[i];
        struct ht_str host = volume_path(spec, ht_yaml_text(mount, "name"));
        struct ht_str inside = ht_yaml_text(mount, "mountPath");
        struct ht_str below = ht_yaml_text(mount, "subPath");

        if (host.len == 0 || inside.len == 0)
            continue;
        if (below.len)
            host = ht_arena_strf(arena, "%.*s/%.*s", HT_STR_ARG(host), HT_STR_ARG(below));
        manifest->paths[manifest->paths_len++] =
            (struct ht_host_path){.inside = inside, .host = host};
    }
}

bool ht_apiserver_decode_pod(struct ht_str text, struct ht_arena *arena,
                             struct ht_apiserver_manifest *ret_manifest)
{
    const struct ht_yaml *root = ht_yaml_parse_foreign(arena, "manifest", text, NULL);
    const struct ht_yaml *spec = ht_yaml_get(root, "spec");
    const struct ht_yaml *containers = ht_yaml_get(spec, "containers");

    if (!ht_str_is(ht_yaml_text(root, "kind"), "Pod"))
        return false;
    for (size_t i = 0; containers && containers->kind == HT_YAML_LIST && i < containers->len; i++) {
        const struct ht_yaml *container = &containers->items[i];
        struct ht_apiserver_manifest manifest = {0};

        if (!find_server(container_words(container, arena), &manifest))
            continue;
        read_paths(spec, container, arena, &manifest);
        *ret_manifest = manifest;
        return true;
    }
    return false;
}

bool ht_pod_decode_program(struct ht_str text, const char *program, struct ht_arena *arena,
                           struct ht_text_list *ret_words)
{
    const struct ht_yaml *root = ht_yaml_parse_foreign(arena, "manifest", text, NULL);
    const struct ht_yaml *containers = ht_yaml_get(ht_yaml_get(root, "spec"), "containers");

    for (size_t i = 0; containers && containers->kind == HT_YAML_LIST && i < containers->len; i++) {
        struct ht_text_list words = container_words(&containers->items[i], arena);
        ptrdiff_t slash = words.len ? ht_str_rfind_byte(words.items[0], '/') : -1;

        if (words.len == 0 ||
            !ht_str_is(ht_str_sub(words.items[0], (size_t)(slash + 1), words.items[0].len),
                       program))
            continue;
        *ret_words = words;
        return true;
    }
    return false;
}

static struct ht_str without_slashes(struct ht_str path)
{
    while (path.len > 1 && path.data[path.len - 1] == '/')
        path.len--;
    return path;
}

struct ht_str ht_apiserver_host_path(const struct ht_apiserver_manifest *manifest,
                                     struct ht_str path, struct ht_arena *arena)
{
    const struct ht_host_path *best = NULL;
    size_t longest = 0;

    for (size_t i = 0; i < manifest->paths_len; i++) {
        struct ht_str inside = without_slashes(manifest->paths[i].inside);

        if (ht_path_lies_in(path, inside) && inside.len >= longest) {
            best = &manifest->paths[i];
            longest = inside.len;
        }
    }
    if (!best)
        return path;

    struct ht_str host = without_slashes(best->host);
    struct ht_str below = ht_str_sub(path, longest, path.len);
    if (host.len == 1)
        host.len = 0;
    return ht_arena_strf(arena, "%.*s%.*s", HT_STR_ARG(host), HT_STR_ARG(below));
}

/* ---- other files ---- */

struct ht_text_list ht_apiserver_decode_args_file(struct ht_str text, struct ht_arena *arena)
{
    struct words words = {.arena = arena};
    struct ht_str line;

    while (ht_str_next(&text, '\n', &line)) {
        line = ht_str_trim(line);
        if (line.len && line.data[0] != '#')
            add_shell_words(&words, line);
    }
    return take_words(&words);
}

/* ---- lines of a unit ---- */

struct lines {
    struct ht_str rest;
    struct ht_buf line;
    bool is_unit;    /* else a file of variables */
    bool in_service; /* below "[Service]" */
    bool unclear;    /* there is something that is read in more than one way */
};

static bool is_continued(struct ht_str line)
{
    size_t count = 0;

    while (count < line.len && line.data[line.len - 1 - count] == '\\')
        count++;
    return count % 2;
}

/* Joins those that a backslash joins: in a unit to a blank and over comments. Borrowed until the
 * next one. */
static bool next_line(struct lines *lines, struct ht_str *ret_line)
{
    bool any = false, more = true;
    struct ht_str line;

    ht_buf_reset(&lines->line);
    while (more && ht_str_next(&lines->rest, '\n', &line)) {
        struct ht_str plain = ht_str_trim(line);

        if (ht_str_has_suffix(line, "\r"))
            line.len--;
        if (plain.len && strchr("#;", plain.data[0]) && (lines->is_unit || !any))
            continue;
        any = true;
        more = is_continued(line);
        lines->unclear |= !more && is_continued(plain);
        line.len -= more;
        ht_buf_add_str(&lines->line, line);
        if (more && lines->is_unit)
            ht_buf_add_c(&lines->line, ' ');
    }
    lines->unclear |= ht_buf_is_full(&lines->line);
    *ret_line = ht_buf_str(&lines->line);
    return any;
}

static bool next_setting(struct lines *lines, const char *key, struct ht_str *ret_value)
{
    struct ht_str line;

    while (next_line(lines, &line)) {
        line = ht_str_trim(line);
        if (ht_str_has_prefix(line, "["))
            lines->in_service = ht_str_is(line, "[Service]");

        ptrdiff_t sep = ht_str_find_byte(line, '=');
        if (!lines->in_service || sep <= 0 ||
            !ht_str_is(ht_str_trim(ht_str_sub(line, 0, (size_t)sep)), key))
            continue;
        *ret_value = ht_str_trim(ht_str_sub(line, (size_t)sep + 1, line.len));
        return true;
    }
    return false;
}

struct unit {
    struct ht_arena *arena;
    struct ht_str text;
    bool unclear;
};

/* The value of the last "ExecStart="; an empty one takes back those before it. */
static struct ht_str exec_start(struct unit *unit)
{
    struct lines lines = {.rest = unit->text, .line = HT_BUF(HT_LIMIT_FILE), .is_unit = true};
    struct ht_str found = {0};
    struct ht_str value;
    size_t count = 0;

    while (next_setting(&lines, "ExecStart", &value)) {
        count = value.len ? count + 1 : 0;
        found = ht_arena_str(unit->arena, value);
    }
    unit->unclear |= lines.unclear || count > 1;
    ht_buf_fini(&lines.line);
    return found;
}

/* ---- variables of a unit ---- */

struct variable {
    struct ht_str name;
    struct ht_str value;
};

struct variables {
    struct variable items[32];
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
    struct lines lines = {.rest = unit->text, .line = HT_BUF(HT_LIMIT_FILE), .is_unit = true};
    struct words words = {.arena = unit->arena};
    struct ht_str value;

    while (next_setting(&lines, key, &value)) {
        if (value.len == 0)
            words.items.len = 0;
        else
            unit->unclear |= !add_shell_words(&words, value);
    }
    unit->unclear |= lines.unclear;
    ht_buf_fini(&lines.line);
    return take_words(&words);
}

struct ht_text_list ht_apiserver_unit_files(struct ht_str text, struct ht_arena *arena)
{
    struct unit unit = {.arena = arena, .text = text};
    struct ht_text_list files = words_of(&unit, "EnvironmentFile");
    struct ht_str *items = ht_arena_array(arena, struct ht_str, files.len);

    for (size_t i = 0; i < files.len; i++) {
        bool is_optional = ht_str_has_prefix(files.items[i], "-");

        items[i] = ht_str_sub(files.items[i], is_optional, files.items[i].len);
    }
    return (struct ht_text_list){.items = items, .len = files.len};
}

/* A file of variables, one a line; the value reaches to the line's end, in quotes or not. */
static void read_variables(struct unit *unit, struct variables *variables, struct ht_str text)
{
    struct lines lines = {.rest = text, .line = HT_BUF(HT_LIMIT_FILE)};
    struct ht_str line;

    while (next_line(&lines, &line)) {
        struct words words = {.arena = unit->arena};

        line = ht_arena_str(unit->arena, ht_str_trim(line));
        if (ht_str_find_byte(line, '"') < 0 && ht_str_find_byte(line, '\'') < 0) {
            add_variable(variables, line);
            continue;
        }
        unit->unclear |= !add_shell_words(&words, line);

        struct ht_text_list list = take_words(&words);
        if (list.len)
            add_variable(variables, list.items[0]);
    }
    unit->unclear |= lines.unclear;
    ht_buf_fini(&lines.line);
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
static bool expand(struct words *words, struct ht_str word, struct variables *variables)
{
    ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_FILE);

    if (word.len > 1 && word.data[0] == '$' && word.data[1] != '{' && word.data[1] != '$') {
        struct ht_str *value = find_variable(variables, ht_str_sub(word, 1, word.len));

        return value && add_shell_words(words, *value);
    }
    if (!replace_names(&out, word, variables))
        return false;
    add_word(words, ht_arena_str(words->arena, ht_buf_str(&out)));
    return true;
}

bool ht_apiserver_decode_unit(struct ht_str text, struct ht_str environment, struct ht_arena *arena,
                              struct ht_apiserver_manifest *ret_manifest)
{
    struct unit unit = {.arena = arena, .text = text};
    struct words words = {.arena = arena};
    struct words expanded = {.arena = arena};
    struct variables variables = {.len = 0};
    struct ht_str line = exec_start(&unit);
    bool is_literal = false;

    while (line.len && strchr("-@:+!|", line.data[0])) { /* systemd's prefixes */
        is_literal |= line.data[0] == ':';
        line = ht_str_sub(line, 1, line.len);
    }
    unit.unclear |= !add_shell_words(&words, line);
    if (!find_server(take_words(&words), ret_manifest))
        return false;

    set_variables(&unit, environment, &variables);
    for (size_t i = 0; i < ret_manifest->words.len; i++) {
        if (is_literal)
            add_word(&expanded, ret_manifest->words.items[i]);
        else
            unit.unclear |= !expand(&expanded, ret_manifest->words.items[i], &variables);
    }
    ret_manifest->words = take_words(&expanded);
    ret_manifest->is_partial = unit.unclear;
    return true;
}

static void add_flag(struct words *words, struct ht_str name, const struct ht_yaml *value)
{
    if (value->kind == HT_YAML_SCALAR)
        add_word(words, ht_arena_strf(words->arena, "--%.*s=%.*s", HT_STR_ARG(name),
                                      HT_STR_ARG(value->text)));
    for (size_t i = 0; value->kind == HT_YAML_LIST && i < value->len; i++) {
        if (value->items[i].kind == HT_YAML_SCALAR)
            add_flag(words, name, &value->items[i]);
    }
}

static struct ht_text_list flags_of(const struct ht_yaml *map, struct ht_arena *arena)
{
    struct words words = {.arena = arena};

    for (size_t i = 0; map && map->kind == HT_YAML_MAP && i < map->len; i++)
        add_flag(&words, map->items[2 * i].text, &map->items[2 * i + 1]);
    return take_words(&words);
}

struct ht_text_list ht_apiserver_decode_rancher(struct ht_str text, struct ht_arena *arena)
{
    return flags_of(ht_yaml_parse_foreign(arena, "config.yaml", text, NULL), arena);
}

/* True if a word sets the same key: "--KEY=value" or "--KEY+=value". */
static bool sets_key(struct ht_str word, struct ht_str key)
{
    ptrdiff_t sep = ht_str_find_byte(word, '=');

    return sep > 0 && ht_str_equal(ht_str_sub(word, 0, (size_t)sep), key);
}

static bool is_replaced(struct ht_text_list later, struct ht_str word)
{
    ptrdiff_t sep = ht_str_find_byte(word, '=');

    for (size_t i = 0; sep > 0 && i < later.len; i++) {
        if (sets_key(later.items[i], ht_str_sub(word, 0, (size_t)sep)))
            return true;
    }
    return false;
}

struct ht_text_list ht_apiserver_join_rancher(struct ht_text_list words, struct ht_text_list later,
                                              struct ht_arena *arena)
{
    struct ht_str *items = ht_arena_array(arena, struct ht_str, words.len + later.len);
    size_t len = 0;

    for (size_t i = 0; i < words.len; i++) {
        if (!is_replaced(later, words.items[i]))
            items[len++] = words.items[i];
    }
    for (size_t i = 0; i < later.len; i++) {
        struct ht_str word = later.items[i];
        ptrdiff_t plus = ht_str_find(word, HT_S("+="), 0);

        if (plus > 0 && ht_str_find_byte(word, '=') == plus + 1)
            word = ht_arena_strf(arena, "%.*s%.*s", (int)plus, word.data,
                                 HT_STR_ARG(ht_str_sub(word, (size_t)plus + 1, word.len)));
        items[len++] = word;
    }
    return (struct ht_text_list){.items = items, .len = len};
}

struct ht_text_list ht_apiserver_decode_openshift(struct ht_str text, struct ht_arena *arena)
{
    const struct ht_yaml *root = ht_yaml_parse_foreign(arena, "config.yaml", text, NULL);

    return flags_of(ht_yaml_get(root, "apiServerArguments"), arena);
}
