/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that declare an API server: static pods, files of flags, configurations of k3s, rke2 and
 * OpenShift; units are apiserver-unit.c's. They tell the intent; a process tells the fact.
 */
#include <string.h>

#include "apiserver-words.h"
#include "apiserver.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/yaml.h"

static void add_texts(struct ht_words *words, const struct ht_yaml *list)
{
    if (!list || list->kind != HT_YAML_LIST)
        return;
    for (size_t i = 0; i < list->len; i++) {
        if (list->items[i].kind == HT_YAML_SCALAR)
            ht_words_add(words, list->items[i].text);
    }
}

/* ---- static pods ---- */

static bool is_shell(struct ht_str word)
{
    return ht_str_has_suffix(word, "/sh") || ht_str_has_suffix(word, "/bash") ||
           ht_str_is(word, "sh") || ht_str_is(word, "bash");
}

bool ht_apiserver_find_server(struct ht_text_list words, struct ht_apiserver_manifest *manifest)
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
    struct ht_words words = {.arena = arena};

    add_texts(&words, ht_yaml_get(container, "command"));
    add_texts(&words, ht_yaml_get(container, "args"));

    struct ht_text_list plain = ht_words_take(&words);
    if (plain.len == 0 || !is_shell(plain.items[0]))
        return plain;
    for (size_t i = 1; i < plain.len; i++)
        ht_words_add_shell(&words, plain.items[i]);
    return ht_words_take(&words);
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

        if (!ht_apiserver_find_server(container_words(container, arena), &manifest))
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
    struct ht_words words = {.arena = arena};
    struct ht_str line;

    while (ht_str_next(&text, '\n', &line)) {
        line = ht_str_trim(line);
        if (line.len && line.data[0] != '#')
            ht_words_add_shell(&words, line);
    }
    return ht_words_take(&words);
}

static void add_flag(struct ht_words *words, struct ht_str name, const struct ht_yaml *value)
{
    if (value->kind == HT_YAML_SCALAR)
        ht_words_add(words, ht_arena_strf(words->arena, "--%.*s=%.*s", HT_STR_ARG(name),
                                          HT_STR_ARG(value->text)));
    for (size_t i = 0; value->kind == HT_YAML_LIST && i < value->len; i++) {
        if (value->items[i].kind == HT_YAML_SCALAR)
            add_flag(words, name, &value->items[i]);
    }
}

static struct ht_text_list flags_of(const struct ht_yaml *map, struct ht_arena *arena)
{
    struct ht_words words = {.arena = arena};

    for (size_t i = 0; map && map->kind == HT_YAML_MAP && i < map->len; i++)
        add_flag(&words, map->items[2 * i].text, &map->items[2 * i + 1]);
    return ht_words_take(&words);
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
