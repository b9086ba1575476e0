/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registries that are spoken to without TLS or without checking who they are, by what Docker,
 * containerd, CRI-O and Podman, k3s and rke2, and BuildKit are told.
 */
#include <string.h>

#include "hostconf-private.h"
#include "hulltop/base/json.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/yaml.h"

/* ---- TOML, as far as these files need it ---- */

/* A line of TOML: "[section]" or "key = value" without its quotes. */
struct line {
    struct ht_str section; /* of this line alone; empty: it is none */
    struct ht_str key, value;
};

static struct ht_str unquote(struct ht_str text)
{
    text = ht_str_trim(text);
    if (text.len > 1 && (text.data[0] == '"' || text.data[0] == '\'')) {
        ptrdiff_t end = ht_str_find_byte(ht_str_sub(text, 1, text.len), text.data[0]);

        if (end >= 0)
            return ht_str_sub(text, 1, (size_t)end);
    }
    return text;
}

static bool next_line(struct ht_str *text, struct line *ret)
{
    struct ht_str line;

    *ret = (struct line){0};
    if (!ht_str_next(text, '\n', &line))
        return false;
    line = ht_str_trim(line);

    ptrdiff_t sep = ht_str_find_byte(line, '=');
    if (line.len && line.data[0] == '[') {
        ret->section = line;
    } else if (sep > 0 && line.data[0] != '#') {
        ret->key = unquote(ht_str_sub(line, 0, (size_t)sep));
        ret->value = unquote(ht_str_sub(line, (size_t)sep + 1, line.len));
    }
    return true;
}

static bool is_true(struct ht_str value)
{
    return ht_str_has_prefix(value, "true");
}

/* What stands in quotes in "[registry.\"HOST\"]"; else the section itself. */
static struct ht_str name_of(struct ht_str section)
{
    ptrdiff_t from = ht_str_find_byte(section, '"');
    struct ht_str rest =
        from < 0 ? (struct ht_str){0} : ht_str_sub(section, (size_t)from + 1, section.len);
    ptrdiff_t to = ht_str_find_byte(rest, '"');

    return to < 0 ? section : ht_str_sub(rest, 0, (size_t)to);
}

/* ---- Docker ---- */

static void look_docker(struct ht_hostconf_pass *pass)
{
    struct ht_str path = HT_STR("/etc/docker/daemon.json");
    struct ht_str text, name;

    if (ht_hostconf_read(pass, path, &text, NULL)) {
        const struct ht_json *root = ht_json_parse(pass->scratch, "daemon.json", text, NULL);
        const struct ht_json *list = ht_json_get(root, "insecure-registries");

        for (size_t i = 0; ht_json_is_array(list) && i < list->len; i++) {
            if (ht_json_string(&list->items[i], &name))
                ht_hostconf_add_unverified(pass, path, name, "insecure-registries");
        }
    }
    for (size_t i = 0; i < pass->processes_len; i++) {
        const struct ht_hostconf_process *process = &pass->processes[i];
        static const char flag[] = "--insecure-registry";

        for (size_t j = 0; ht_str_is(process->name, "dockerd") && j < process->words.len; j++) {
            name = process->words.items[j];
            if (ht_str_is(name, flag) && j + 1 < process->words.len)
                name = process->words.items[++j];
            else if (ht_str_has_prefix(name, flag) && name.len > strlen(flag) &&
                     name.data[strlen(flag)] == '=')
                name = ht_str_sub(name, strlen(flag) + 1, name.len);
            else
                continue;
            ht_hostconf_add_unverified(pass, HT_S("dockerd"), name, flag);
        }
    }
}

/* ---- containerd ---- */

/* The file of one registry: its server, and mirrors in sections of their own. */
static void look_hosts(struct ht_hostconf_pass *pass, struct ht_str path, struct ht_str name)
{
    struct ht_str text;
    struct line line;
    bool skips = false, plain = false;

    if (!ht_hostconf_read(pass, path, &text, NULL))
        return;
    while (next_line(&text, &line)) {
        skips = skips || (ht_str_is(line.key, "skip_verify") && is_true(line.value));
        plain = plain || ht_str_has_prefix(line.section, "[host.\"http://") ||
                (ht_str_is(line.key, "server") && ht_str_has_prefix(line.value, "http://"));
    }
    if (skips)
        ht_hostconf_add_unverified(pass, path, name, "skip_verify");
    else if (plain)
        ht_hostconf_add_unverified(pass, path, name, "server without TLS");
}

static void look_containerd(struct ht_hostconf_pass *pass)
{
    static const char folder[] = "/etc/containerd/certs.d";
    struct ht_text_list names = ht_hostconf_list(pass, folder);
    struct ht_str config = HT_STR("/etc/containerd/config.toml");
    struct ht_str text, section = {0};
    struct line line;

    for (size_t i = 0; i < names.len; i++)
        look_hosts(
            pass,
            ht_arena_strf(pass->arena, "%s/%.*s/hosts.toml", folder, HT_STR_ARG(names.items[i])),
            names.items[i]);
    if (!ht_hostconf_read(pass, config, &text, NULL))
        return;
    while (next_line(&text, &line)) {
        section = line.section.len ? line.section : section;
        if (ht_str_is(line.key, "insecure_skip_verify") && is_true(line.value))
            ht_hostconf_add_unverified(pass, config, HT_S("registry"), "insecure_skip_verify");
        else if (ht_str_is(line.key, "endpoint") &&
                 ht_str_find(line.value, HT_S("http://"), 0) >= 0)
            ht_hostconf_add_unverified(pass, config, HT_S("registry"), "endpoint without TLS");
    }
}

/* ---- CRI-O and Podman ---- */

/* "[[registry]]" with location (or prefix) and insecure, in any order. */
static void look_registries_conf(struct ht_hostconf_pass *pass, struct ht_str path)
{
    struct ht_str text, name = {0};
    struct line line;
    bool insecure = false;

    if (!ht_hostconf_read(pass, path, &text, NULL))
        return;
    for (bool more = true; more;) {
        more = next_line(&text, &line);
        if (!more || line.section.len) {
            if (insecure)
                ht_hostconf_add_unverified(pass, path, name.len ? name : HT_S("registry"),
                                           "insecure");
            insecure = false;
            name = (struct ht_str){0};
        }
        if (ht_str_is(line.key, "location") || (ht_str_is(line.key, "prefix") && !name.len))
            name = line.value;
        insecure = insecure || (ht_str_is(line.key, "insecure") && is_true(line.value));
    }
}

static void look_containers(struct ht_hostconf_pass *pass)
{
    static const char folder[] = "/etc/containers/registries.conf.d";
    struct ht_text_list names = ht_hostconf_list(pass, folder);

    look_registries_conf(pass, HT_S("/etc/containers/registries.conf"));
    for (size_t i = 0; i < names.len; i++) {
        if (ht_str_has_suffix(names.items[i], ".conf"))
            look_registries_conf(
                pass, ht_arena_strf(pass->arena, "%s/%.*s", folder, HT_STR_ARG(names.items[i])));
    }
}

/* ---- k3s, rke2 ---- */

static void look_rancher(struct ht_hostconf_pass *pass, struct ht_str path)
{
    struct ht_str text;
    const struct ht_yaml *root, *configs, *mirrors;

    if (!ht_hostconf_read(pass, path, &text, NULL))
        return;
    root = ht_yaml_parse_foreign(pass->scratch, "registries", text, NULL);
    configs = ht_yaml_get(root, "configs");
    mirrors = ht_yaml_get(root, "mirrors");
    for (size_t i = 0; configs && configs->kind == HT_YAML_MAP && i < configs->len; i++) {
        const struct ht_yaml *tls = ht_yaml_get(&configs->items[2 * i + 1], "tls");
        bool skips = false;

        if (ht_parse_bool(ht_yaml_text(tls, "insecure_skip_verify"), &skips) == 0 && skips)
            ht_hostconf_add_unverified(pass, path, configs->items[2 * i].text,
                                       "insecure_skip_verify");
    }
    for (size_t i = 0; mirrors && mirrors->kind == HT_YAML_MAP && i < mirrors->len; i++) {
        const struct ht_yaml *list = ht_yaml_get(&mirrors->items[2 * i + 1], "endpoint");

        for (size_t j = 0; list && list->kind == HT_YAML_LIST && j < list->len; j++) {
            if (ht_str_has_prefix(list->items[j].text, "http://"))
                ht_hostconf_add_unverified(pass, path, mirrors->items[2 * i].text,
                                           "endpoint without TLS");
        }
    }
}

/* ---- BuildKit ---- */

static void look_buildkit(struct ht_hostconf_pass *pass)
{
    struct ht_str path = HT_STR("/etc/buildkit/buildkitd.toml");
    struct ht_str text, section = {0};
    struct line line;

    if (!ht_hostconf_read(pass, path, &text, NULL))
        return;
    while (next_line(&text, &line)) {
        section = line.section.len ? line.section : section;
        if (ht_str_has_prefix(section, "[registry.") && is_true(line.value) &&
            (ht_str_is(line.key, "http") || ht_str_is(line.key, "insecure")))
            ht_hostconf_add_unverified(pass, path, name_of(section),
                                       ht_str_is(line.key, "http") ? "server without TLS"
                                                                   : "insecure");
    }
}

void ht_hostconf_find_registries(struct ht_hostconf_pass *pass)
{
    look_docker(pass);
    look_containerd(pass);
    look_containers(pass);
    look_rancher(pass, HT_S("/etc/rancher/k3s/registries.yaml"));
    look_rancher(pass, HT_S("/etc/rancher/rke2/registries.yaml"));
    look_buildkit(pass);
}
