/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command lines of API servers. Flags are read as the server's own library reads them: "--name
 * value" or "--name=value", "_" for "-", the last of a repeated one counts, lists add up, a truth
 * value needs "=" to be false, "--" ends them.
 */
#include <string.h>

#include "apiserver.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"

static const char k3s_data[] = "/var/lib/rancher/k3s";
static const char rke2_data[] = "/var/lib/rancher/rke2";

struct ht_text_list ht_apiserver_words(struct ht_str cmdline, struct ht_arena *arena)
{
    size_t count = 0;
    size_t len = 0;
    struct ht_str rest = cmdline;
    struct ht_str word;

    for (size_t i = 0; i < cmdline.len; i++)
        count += cmdline.data[i] == '\0';

    struct ht_str *words = ht_arena_array(arena, struct ht_str, count + 1);
    while (ht_str_next(&rest, '\0', &word))
        words[len++] = word;
    if (len && words[len - 1].len == 0)
        len--; /* behind the last NUL */
    return (struct ht_text_list){.items = words, .len = len};
}

/* kube-apiserver, and what is called after it to tell copies apart (kube-apiserver-1.30-eks,
 * kube-apiserver-real); not its neighbours, nor files that are called after it. */
static bool is_kube_name(struct ht_str name)
{
    static const char *const neighbours[] = {
        "proxy",           "network-proxy", "healthcheck", "health-check", "operator", "exporter",
        "check-endpoints", "cert",          "insecure",    "recovery",     "audit",    "builder"};
    static const char *const files[] = {".log",        ".yaml",    ".yml",  ".json", ".conf",
                                        ".sock",       ".pem",     ".crt",  ".key",  ".env",
                                        ".kubeconfig", ".service", ".args", ".txt"};

    if (!ht_str_has_prefix(name, "kube-apiserver"))
        return false;
    name = ht_str_sub(name, strlen("kube-apiserver"), name.len);
    if (name.len == 0)
        return true;
    if (!strchr("-_.", name.data[0]))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        if (ht_str_has_suffix(name, files[i]))
            return false;
    }
    name = ht_str_sub(name, 1, name.len);
    for (size_t i = 0; i < ARRAY_LEN(neighbours); i++) {
        size_t len = strlen(neighbours[i]);

        if (ht_str_has_prefix(name, neighbours[i]) &&
            (name.len == len || strchr("-_.", name.data[len])))
            return false;
    }
    return true;
}

/* Index of the first word that is no flag, behind the program's; flags of k3s that take a value
 * are known. */
static size_t find_subcommand(struct ht_text_list words)
{
    size_t at = 1;

    while (at < words.len && ht_str_has_prefix(words.items[at], "-")) {
        bool has_value = ht_str_is(words.items[at], "--data-dir") ||
                         ht_str_is(words.items[at], "-d") ||
                         ht_str_is(words.items[at], "--config") || ht_str_is(words.items[at], "-c");

        at += has_value ? 2 : 1;
    }
    return at;
}

static enum ht_apiserver_program with_subcommand(struct ht_text_list words, const char *command,
                                                 enum ht_apiserver_program program,
                                                 size_t *ret_flags)
{
    size_t at = find_subcommand(words);

    if (at >= words.len || !ht_str_is(words.items[at], command))
        return HT_APISERVER_NONE;
    *ret_flags = 1; /* flags in front of the subcommand count too */
    return program;
}

static enum ht_apiserver_program hyperkube(struct ht_text_list words, size_t *ret_flags)
{
    struct ht_str first = words.len ? ht_str_program(words.items[0]) : (struct ht_str){0};

    if (is_kube_name(first))
        return HT_APISERVER_KUBE;
    if (words.len < 2 ||
        !(ht_str_is(words.items[1], "kube-apiserver") || ht_str_is(words.items[1], "apiserver")))
        return HT_APISERVER_NONE;
    *ret_flags = 2;
    return HT_APISERVER_KUBE;
}

enum ht_apiserver_program ht_apiserver_program(struct ht_str exe, struct ht_text_list words,
                                               size_t *ret_flags)
{
    struct ht_str name = ht_str_program(exe.len || !words.len ? exe : words.items[0]);
    enum ht_apiserver_program program = HT_APISERVER_NONE;
    size_t flags = 1;

    if (is_kube_name(name))
        program = HT_APISERVER_KUBE;
    else if (ht_str_is(name, "hyperkube"))
        program = hyperkube(words, &flags);
    else if (ht_str_is(name, "k3s") || ht_str_is(name, "k3s-server"))
        program = with_subcommand(words, "server", HT_APISERVER_K3S, &flags);
    else if (ht_str_is(name, "rke2"))
        program = with_subcommand(words, "server", HT_APISERVER_RKE2, &flags);
    else if (ht_str_is(name, "kubelite"))
        program = HT_APISERVER_KUBELITE;
    if (ht_str_is(name, "k3s-server") && program == HT_APISERVER_NONE)
        program = HT_APISERVER_K3S; /* the name holds the subcommand */
    if (ret_flags)
        *ret_flags = flags;
    return program;
}

/* ---- flags ---- */

/* One flag of a list of words; at is where the next one is looked for. */
struct flag {
    struct ht_str name; /* as written, without dashes */
    struct ht_str value;
    bool has_value; /* behind "=" */
};

static bool is_named(struct ht_str name, const char *wanted)
{
    if (name.len != strlen(wanted))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] != wanted[i] && !(name.data[i] == '_' && wanted[i] == '-'))
            return false;
    }
    return true;
}

/* Steps to the next "--name" or "--name=value"; false at the end. */
static bool next_flag(struct ht_text_list words, size_t *at, struct flag *ret_flag)
{
    while (*at < words.len) {
        struct ht_str word = words.items[(*at)++];

        if (ht_str_is(word, "--")) {
            *at = words.len;
            return false;
        }
        if (!ht_str_has_prefix(word, "--"))
            continue;

        ptrdiff_t sep = ht_str_find_byte(word, '=');
        size_t end = sep < 0 ? word.len : (size_t)sep;
        *ret_flag = (struct flag){.name = ht_str_sub(word, 2, end - 2), .has_value = sep >= 0};
        if (sep >= 0)
            ret_flag->value = ht_str_sub(word, end + 1, word.len);
        return true;
    }
    return false;
}

/* The value of a flag that needs one: the next word where it has none of its own. */
static struct ht_str value_of(struct ht_text_list words, size_t *at, const struct flag *flag)
{
    if (flag->has_value || *at >= words.len)
        return flag->value;
    return words.items[(*at)++];
}

struct ht_str ht_apiserver_flag(struct ht_text_list words, const char *name)
{
    struct ht_str value = {0};
    struct flag flag;
    size_t at = 0;

    while (next_flag(words, &at, &flag)) {
        if (is_named(flag.name, name))
            value = value_of(words, &at, &flag);
    }
    return value;
}

/* A truth value as the server reads it; false if it would not start with it. */
static bool read_bool(const struct flag *flag, bool *ret_value)
{
    static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
    static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};

    if (!flag->has_value) {
        *ret_value = true;
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (ht_str_is(flag->value, yes[i]) || ht_str_is(flag->value, no[i])) {
            *ret_value = ht_str_is(flag->value, yes[i]);
            return true;
        }
    }
    return false;
}

/* ---- kube-apiserver ---- */

struct decoding {
    struct ht_arena *arena;
    struct ht_apiserver *apiserver;
    struct ht_vec servers; /* struct ht_str in the arena */
};

static void add_servers(struct decoding *decoding, struct ht_str value)
{
    struct ht_str part;

    while (ht_str_next(&value, ',', &part)) {
        struct ht_str *kept = ht_arena_array(decoding->arena, struct ht_str, 1);

        *kept = ht_arena_str(decoding->arena, part);
        ht_vec_add(&decoding->servers, kept);
    }
}

/* "/RESOURCE#SERVER;SERVER,/RESOURCE#..."; a later flag takes the place of an earlier one. */
static void set_overrides(struct decoding *decoding, struct ht_str value)
{
    struct ht_str rest = value, part;
    struct ht_str *items = ht_arena_array(decoding->arena, struct ht_str, value.len + 1);
    size_t len = 0;

    while (ht_str_next(&rest, ',', &part)) {
        if (ht_str_trim(part).len)
            items[len++] = ht_arena_str(decoding->arena, ht_str_trim(part));
    }
    ht_apiserver_set_etcd_overrides(decoding->apiserver,
                                    (struct ht_text_list){.items = items, .len = len});
}

static bool is_tls(struct ht_str server)
{
    server = ht_str_trim(server);
    return ht_str_is_nocase(ht_str_sub(server, 0, 8), "https://") ||
           ht_str_is_nocase(ht_str_sub(server, 0, 8), "unixs://");
}

/* All servers of an override. */
static bool are_tls(struct ht_str override)
{
    ptrdiff_t hash = ht_str_find_byte(override, '#');
    struct ht_str rest = ht_str_sub(override, (size_t)(hash + 1), SIZE_MAX), server;
    bool tls = true;

    while (ht_str_next(&rest, ';', &server))
        tls = tls && is_tls(server);
    return tls;
}

static void set_servers(struct decoding *decoding)
{
    size_t len = decoding->servers.len;
    struct ht_str *servers = ht_arena_array(decoding->arena, struct ht_str, len);
    bool tls = true;

    for (size_t i = 0; i < len; i++) {
        servers[i] = *(struct ht_str *)decoding->servers.items[i];
        tls = tls && is_tls(servers[i]);
    }
    ht_vec_fini(&decoding->servers);
    if (len)
        ht_apiserver_set_etcd_servers(decoding->apiserver,
                                      (struct ht_text_list){.items = servers, .len = len});
    for (size_t i = 0; i < decoding->apiserver->etcd_overrides.len; i++)
        tls = tls && are_tls(decoding->apiserver->etcd_overrides.items[i]);
    if (len || decoding->apiserver->etcd_overrides.len)
        ht_apiserver_set_etcd_tls(decoding->apiserver, tls);
}

typedef void (*text_setter)(struct ht_apiserver *apiserver, struct ht_str value);
typedef void (*port_setter)(struct ht_apiserver *apiserver, uint64_t value);

static bool set_text(struct decoding *decoding, struct ht_str name, struct ht_str value)
{
    static const struct {
        const char *name;
        text_setter set;
    } texts[] = {
        {"encryption-provider-config", ht_apiserver_set_encryption_config},
        {"experimental-encryption-provider-config", ht_apiserver_set_encryption_config},
        {"etcd-prefix", ht_apiserver_set_etcd_prefix},
        {"etcd-cafile", ht_apiserver_set_etcd_ca},
        {"etcd-certfile", ht_apiserver_set_etcd_cert},
        {"insecure-bind-address", ht_apiserver_set_insecure_address},
        {"storage-media-type", ht_apiserver_set_storage},
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (!is_named(name, texts[i].name))
            continue;
        texts[i].set(decoding->apiserver, ht_arena_str(decoding->arena, value));
        return true;
    }
    return false;
}

static void set_port(struct decoding *decoding, port_setter set, struct ht_str value)
{
    uint64_t port;

    if (ht_parse_u64(value, &port) == 0 && port <= UINT16_MAX)
        set(decoding->apiserver, port);
}

/* Names that take a value, so that a value of its own word is not taken for a flag. */
static bool takes_value(struct ht_str name)
{
    static const char *const names[] = {"encryption-provider-config",
                                        "experimental-encryption-provider-config",
                                        "etcd-prefix",
                                        "etcd-cafile",
                                        "etcd-certfile",
                                        "insecure-bind-address",
                                        "storage-media-type",
                                        "etcd-servers",
                                        "etcd-servers-overrides",
                                        "insecure-port",
                                        "secure-port"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (is_named(name, names[i]))
            return true;
    }
    return false;
}

static void read_switch(struct decoding *decoding, const struct flag *flag)
{
    bool is_on;

    if (is_named(flag->name, "encryption-provider-config-automatic-reload")) {
        if (read_bool(flag, &is_on))
            ht_apiserver_set_reload(decoding->apiserver, is_on);
    } else if (is_named(flag->name, "anonymous-auth")) {
        if (read_bool(flag, &is_on))
            ht_apiserver_set_anonymous(decoding->apiserver, is_on ? HT_S("true") : HT_S("false"));
    }
}

static void read_flags(struct decoding *decoding, struct ht_text_list words)
{
    struct flag flag;
    size_t at = 0;

    while (next_flag(words, &at, &flag)) {
        if (!takes_value(flag.name)) {
            read_switch(decoding, &flag);
            continue;
        }

        struct ht_str value = value_of(words, &at, &flag);
        if (is_named(flag.name, "etcd-servers"))
            add_servers(decoding, value);
        else if (is_named(flag.name, "etcd-servers-overrides"))
            set_overrides(decoding, value);
        else if (is_named(flag.name, "insecure-port"))
            set_port(decoding, ht_apiserver_set_insecure_port, value);
        else if (is_named(flag.name, "secure-port"))
            set_port(decoding, ht_apiserver_set_secure_port, value);
        else
            set_text(decoding, flag.name, value);
    }
}

static void set_defaults(struct ht_apiserver *apiserver)
{
    ht_apiserver_set_encryption_config(apiserver, HT_S(""));
    ht_apiserver_set_reload(apiserver, false);
    ht_apiserver_set_etcd_prefix(apiserver, HT_S("/registry"));
    ht_apiserver_set_anonymous(apiserver, HT_S("default-true"));
}

/* ---- k3s and rke2 ---- */

/* Flags of these may have one dash. */
static bool next_rancher_flag(struct ht_text_list words, size_t *at, struct flag *ret_flag)
{
    while (*at < words.len) {
        struct ht_str word = words.items[(*at)++];
        size_t dashes = ht_str_has_prefix(word, "--") ? 2 : ht_str_has_prefix(word, "-") ? 1 : 0;
        ptrdiff_t sep = ht_str_find_byte(word, '=');
        size_t end = sep < 0 ? word.len : (size_t)sep;

        if (dashes == 0 || word.len == dashes)
            continue;
        *ret_flag =
            (struct flag){.name = ht_str_sub(word, dashes, end - dashes), .has_value = sep >= 0};
        if (sep >= 0)
            ret_flag->value = ht_str_sub(word, end + 1, word.len);
        return true;
    }
    return false;
}

/* "name=value" or "--name=value" for the API server inside, as a word of its own command line. */
static void pass_on(struct decoding *decoding, struct ht_str value)
{
    struct ht_str word = ht_str_has_prefix(value, "--")
                             ? value
                             : ht_arena_strf(decoding->arena, "--%.*s", HT_STR_ARG(value));

    read_flags(decoding, (struct ht_text_list){.items = &word, .len = 1});
}

static void read_rancher(struct decoding *decoding, struct ht_text_list words, bool is_rke2)
{
    struct ht_str data = ht_str_from(is_rke2 ? rke2_data : k3s_data);
    bool is_encrypting = is_rke2; /* which it is by default there */
    struct flag flag;

    for (size_t at = 0; next_rancher_flag(words, &at, &flag);) {
        if (is_named(flag.name, "secrets-encryption"))
            read_bool(&flag, &is_encrypting);
        else if (is_named(flag.name, "data-dir") || ht_str_is(flag.name, "d"))
            data = value_of(words, &at, &flag);
    }
    if (is_encrypting)
        ht_apiserver_set_encryption_config(decoding->apiserver,
                                           ht_arena_strf(decoding->arena,
                                                         "%.*s/server/cred/encryption-config.json",
                                                         HT_STR_ARG(data)));
    for (size_t at = 0; next_rancher_flag(words, &at, &flag);) {
        if (is_named(flag.name, "kube-apiserver-arg"))
            pass_on(decoding, value_of(words, &at, &flag));
    }
}

void ht_apiserver_decode(enum ht_apiserver_program program, struct ht_text_list words,
                         struct ht_arena *arena, struct ht_apiserver *apiserver)
{
    static const char *const flavours[] = {[HT_APISERVER_KUBE] = "kubernetes",
                                           [HT_APISERVER_K3S] = "k3s",
                                           [HT_APISERVER_RKE2] = "rke2",
                                           [HT_APISERVER_KUBELITE] = "microk8s"};
    struct decoding decoding = {.arena = arena, .apiserver = apiserver};

    set_defaults(apiserver);
    switch (program) {
    case HT_APISERVER_NONE:
        return;
    case HT_APISERVER_KUBE:
    case HT_APISERVER_KUBELITE:
        read_flags(&decoding, words);
        break;
    case HT_APISERVER_K3S:
    case HT_APISERVER_RKE2:
        read_rancher(&decoding, words, program == HT_APISERVER_RKE2);
        break;
    }
    set_servers(&decoding);
    ht_apiserver_set_flavour(apiserver, ht_str_from(flavours[program]));
}

/* ---- two of them ---- */

static bool same_servers(const struct ht_apiserver *a, const struct ht_apiserver *b)
{
    if (ht_apiserver_has_etcd_servers(a) != ht_apiserver_has_etcd_servers(b) ||
        a->etcd_servers.len != b->etcd_servers.len)
        return false;
    for (size_t i = 0; i < a->etcd_servers.len; i++) {
        if (!ht_str_equal(a->etcd_servers.items[i], b->etcd_servers.items[i]))
            return false;
    }
    return true;
}

struct ht_text_list ht_apiserver_differences(const struct ht_apiserver *a,
                                             const struct ht_apiserver *b, struct ht_arena *arena)
{
    const struct {
        const char *name;
        bool is_same;
    } facts[] = {
        {"--encryption-provider-config", ht_str_equal(a->encryption_config, b->encryption_config)},
        {"--encryption-provider-config-automatic-reload", a->reload == b->reload},
        {"--etcd-prefix", ht_str_equal(a->etcd_prefix, b->etcd_prefix)},
        {"--etcd-servers", same_servers(a, b)},
        {"--etcd-cafile", ht_str_equal(a->etcd_ca, b->etcd_ca)},
        {"--etcd-certfile", ht_str_equal(a->etcd_cert, b->etcd_cert)},
        {"--insecure-port", a->insecure_port == b->insecure_port},
        {"--anonymous-auth", ht_str_equal(a->anonymous, b->anonymous)},
    };
    struct ht_str *names = ht_arena_array(arena, struct ht_str, ARRAY_LEN(facts));
    size_t len = 0;

    for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
        if (!facts[i].is_same)
            names[len++] = ht_arena_text(arena, facts[i].name);
    }
    return (struct ht_text_list){.items = names, .len = len};
}
