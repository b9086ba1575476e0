/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the API server refuses in an EncryptionConfiguration that it could decode, and how each
 * resource is stored by one that it accepts.
 */
#include "encryption-config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "encryption-private.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"

/* Where in the file something is, in the API server's own words. */
struct place {
    size_t entry;
    size_t provider;
    struct ht_error *err;
};

/* A resource is named by itself and, behind the first dot, its group. */
struct group_resource {
    struct ht_str group;
    struct ht_str resource;
};

static const char *const kind_names[HT_PROVIDER_KINDS] = {
    [HT_PROVIDER_AESGCM] = "aesgcm",
    [HT_PROVIDER_AESCBC] = "aescbc",
    [HT_PROVIDER_SECRETBOX] = "secretbox",
    [HT_PROVIDER_IDENTITY] = "identity",
    [HT_PROVIDER_KMS] = "kms",
};

static struct group_resource split(struct ht_str name)
{
    ptrdiff_t dot = ht_str_find_byte(name, '.');

    if (dot < 0)
        return (struct group_resource){.resource = name};
    return (struct group_resource){.resource = ht_str_sub(name, 0, (size_t)dot),
                                   .group = ht_str_sub(name, (size_t)dot + 1, name.len)};
}

static bool is_any_resource(struct group_resource name)
{
    return ht_str_is(name.resource, "*");
}

static bool is_anything(struct group_resource name)
{
    return is_any_resource(name) && ht_str_is(name.group, "*");
}

/* ---- what is refused ---- */

static int refuse_resources(const struct place *place, const char *what)
{
    return ht_error_set(place->err, EINVAL, "resources[%zu].resources: %s", place->entry, what);
}

static int refuse_provider(const struct place *place, const char *what)
{
    return ht_error_set(place->err, EINVAL, "resources[%zu].providers[%zu]: %s", place->entry,
                        place->provider, what);
}

/* One text for a group and a resource, as a key. */
static void key_of(struct group_resource name, struct ht_buf *key)
{
    ht_buf_reset(key);
    ht_buf_add_str(key, name.resource);
    ht_buf_add_c(key, '.');
    ht_buf_add_str(key, name.group);
}

static bool is_wildcard_beside(const struct ht_provider_entry *entry, struct ht_map *groups,
                               bool is_everything)
{
    for (size_t i = 0; i < entry->resources_len; i++) {
        struct group_resource name = split(entry->resources[i]);

        if ((is_everything && !is_anything(name)) ||
            (!is_any_resource(name) && ht_map_get(groups, name.group)))
            return true;
    }
    return false;
}

static int check_overlap(const struct place *place, const struct ht_provider_entry *entry)
{
    ht_autobuf struct ht_buf key = HT_BUF(HT_LIMIT_YAML + 1);
    struct ht_map *seen = ht_map_new();
    struct ht_map *groups = ht_map_new(); /* those that "*" stands for */
    bool is_everything = false;
    bool is_twice = false;

    for (size_t i = 0; i < entry->resources_len; i++) {
        struct group_resource name = split(entry->resources[i]);

        key_of(name, &key);
        is_twice |= ht_map_set(seen, ht_buf_str(&key), seen) != NULL;
        is_everything |= is_anything(name);
        if (is_any_resource(name))
            ht_map_set(groups, name.group, groups);
    }

    bool overlaps = is_wildcard_beside(entry, groups, is_everything);
    ht_map_free(seen);
    ht_map_free(groups);
    if (is_twice)
        return refuse_resources(place, "the same resource is there twice");
    if (overlaps)
        return refuse_resources(place, "a resource and a wildcard that covers it");
    return 0;
}

static bool has_capital(struct ht_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] >= 'A' && name.data[i] <= 'Z')
            return true;
    }
    return false;
}

static int check_name(const struct place *place, struct ht_str name)
{
    struct group_resource parts = split(name);

    if (has_capital(name))
        return refuse_resources(place, "capital letters in the name of a resource");
    if (ht_str_is(name, "*"))
        return refuse_resources(place,
                                "\"*\" alone: the core group is \"*.\", everything is \"*.*\"");
    if (ht_str_is(name, "apiserveripinfo") || ht_str_is(name, "serviceipallocations") ||
        ht_str_is(name, "servicenodeportallocations"))
        return refuse_resources(place, "a resource that has no API cannot be encrypted");
    if (ht_str_is(parts.group, "events.k8s.io"))
        return refuse_resources(place, "events are stored in the core group: \"events\"");
    if (ht_str_is(parts.group, "extensions"))
        return refuse_resources(place, "the group extensions is gone");
    if (ht_str_is(parts.group, "*") && !is_any_resource(parts))
        return refuse_resources(place, "one resource across all groups");
    return 0;
}

static bool is_base64(char c)
{
    return ht_is_alnum(c) || c == '+' || c == '/';
}

/* Bytes that a text in base64 stands for, line ends left out as the API server does; -1: none. */
static ptrdiff_t base64_bytes(struct ht_str text)
{
    size_t letters = 0;
    size_t padding = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (c == '\n' || c == '\r')
            continue;
        if (c == '=')
            padding++;
        else if (is_base64(c) && padding == 0)
            letters++;
        else
            return -1;
    }
    if ((letters + padding) % 4 || padding > 2 || (padding && letters % 4 == 0))
        return -1;
    return (ptrdiff_t)(letters * 3 / 4);
}

static int check_keys(const struct place *place, const struct ht_provider *provider,
                      enum ht_provider_kind kind)
{
    if (provider->keys_len[kind] == 0)
        return refuse_provider(place, "it has no keys");
    for (size_t i = 0; i < provider->keys_len[kind]; i++) {
        const struct ht_provider_key *key = &provider->keys[kind][i];
        ptrdiff_t bytes = base64_bytes(key->secret);
        bool fits = bytes == 32 || (kind != HT_PROVIDER_SECRETBOX && (bytes == 16 || bytes == 24));

        if (key->name.len == 0)
            return refuse_provider(place, "a key without a name");
        if (key->secret.len == 0)
            return refuse_provider(place, "a key without a secret");
        if (bytes < 0)
            return refuse_provider(place, "a key that is not base64");
        if (!fits)
            return refuse_provider(place, kind == HT_PROVIDER_SECRETBOX
                                              ? "a key that is not 32 bytes long"
                                              : "a key that is not 16, 24 or 32 bytes long");
    }
    return 0;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_unix_url(struct ht_str url)
{
    if (!ht_str_is_nocase(ht_str_sub(url, 0, 5), "unix:"))
        return false;
    for (size_t i = 0; i < url.len; i++) {
        unsigned char c = (unsigned char)url.data[i];

        if (c < 0x20 || c == 0x7f)
            return false;
        if (c == '%' && !(i + 2 < url.len && is_hex(url.data[i + 1]) && is_hex(url.data[i + 2])))
            return false;
    }
    return true;
}

static int check_kms(const struct place *place, const struct ht_kms *kms, struct ht_map *names,
                     bool reload)
{
    bool is_v1 = ht_str_is(kms->api_version, "v1");
    bool is_twice = kms->name.len && ht_map_get(names, kms->name);

    if (kms->name.len)
        ht_map_set(names, kms->name, names);
    if (kms->name.len == 0)
        return refuse_provider(place, "the KMS plugin has no name");
    if (!is_v1 && ht_str_find_byte(kms->name, ':') >= 0)
        return refuse_provider(place, "the KMS plugin has \":\" in its name");
    if ((reload || !is_v1) && is_twice)
        return refuse_provider(place, "another KMS plugin has the same name");
    if (kms->timeout_s <= 0)
        return refuse_provider(place, "the timeout must be above 0");
    if (kms->endpoint.len == 0)
        return refuse_provider(place, "the KMS plugin has no endpoint");
    if (!is_unix_url(kms->endpoint))
        return refuse_provider(place, "the endpoint is not unix://PATH");
    if (!is_v1 && kms->has_cachesize)
        return refuse_provider(place, "cachesize is for KMS v1 only");
    if (is_v1 && kms->has_cachesize && kms->cachesize == 0)
        return refuse_provider(place, "cachesize must not be 0");
    if (!is_v1 && !ht_str_is(kms->api_version, "v2"))
        return refuse_provider(place, "the apiVersion is neither v1 nor v2");
    return 0;
}

/* The one provider that an element names. */
static enum ht_provider_kind kind_of(const struct ht_provider *provider)
{
    unsigned kind = 0;

    while (kind + 1 < HT_PROVIDER_KINDS && !(provider->found >> kind & 1))
        kind++;
    return kind;
}

static int check_provider(const struct place *place, const struct ht_provider *provider,
                          struct ht_map *names, bool reload)
{
    if (provider->found == 0)
        return refuse_provider(place, "no provider that there is (a bare \"identity:\" is none)");
    if (provider->found & (provider->found - 1))
        return refuse_provider(place, "more than one provider in one element");

    enum ht_provider_kind kind = kind_of(provider);
    switch (kind) {
    case HT_PROVIDER_KMS:
        return check_kms(place, &provider->kms, names, reload);
    case HT_PROVIDER_AESGCM:
    case HT_PROVIDER_AESCBC:
    case HT_PROVIDER_SECRETBOX:
        return check_keys(place, provider, kind);
    case HT_PROVIDER_IDENTITY:
    case HT_PROVIDER_KINDS:
        break;
    }
    return 0;
}

static int check_entry(const struct place *at, const struct ht_provider_entry *entry,
                       struct ht_map *names, bool reload)
{
    struct place place = *at;

    if (entry->resources_len == 0)
        return refuse_resources(&place, "none");

    int r = check_overlap(&place, entry);
    for (size_t i = 0; r == 0 && i < entry->resources_len; i++)
        r = check_name(&place, entry->resources[i]);
    if (r < 0)
        return r;
    if (entry->providers_len == 0)
        return ht_error_set(place.err, EINVAL, "resources[%zu].providers: none", place.entry);
    for (size_t i = 0; r == 0 && i < entry->providers_len; i++) {
        place.provider = i;
        r = check_provider(&place, &entry->providers[i], names, reload);
    }
    return r;
}

static int check(const struct ht_provider_config *config, bool reload, struct ht_error *err)
{
    struct place place = {.err = err};
    struct ht_map *names = ht_map_new();
    int r = 0;

    if (config->len == 0)
        r = ht_error_set(err, EINVAL, "resources: none");
    for (size_t i = 0; r == 0 && i < config->len; i++) {
        place.entry = i;
        r = check_entry(&place, &config->entries[i], names, reload);
    }
    ht_map_free(names);
    return r;
}

/* ---- how resources are stored ---- */

/* The providers of one resource, in their order, from all entries that name it. */
struct stored {
    struct group_resource name;
    struct ht_vec providers;
};

struct table {
    struct stored *items; /* in the order of the file */
    size_t len;
    struct ht_map *by_name;
    struct ht_arena *arena;
};

static struct stored *find_stored(const struct table *table, struct group_resource name)
{
    ht_autobuf struct ht_buf key = HT_BUF(HT_LIMIT_YAML + 1);

    key_of(name, &key);
    return ht_map_get(table->by_name, ht_buf_str(&key));
}

static struct stored *add_stored(struct table *table, struct group_resource name)
{
    ht_autobuf struct ht_buf key = HT_BUF(HT_LIMIT_YAML + 1);
    struct stored *stored = &table->items[table->len++];

    key_of(name, &key);
    ht_map_set(table->by_name, ht_buf_str(&key), stored);
    stored->name = name;
    return stored;
}

/* The wildcard of an earlier entry that takes the resource already. */
static const struct stored *mask_of(const struct table *table, struct group_resource name)
{
    struct group_resource group = {.group = name.group, .resource = HT_STR("*")};
    struct group_resource all = {.group = HT_STR("*"), .resource = HT_STR("*")};
    const struct stored *mask = find_stored(table, group);

    return mask ? mask : find_stored(table, all);
}

static int add_entry(struct table *table, size_t index, const struct ht_provider_entry *entry,
                     struct ht_error *err)
{
    for (size_t i = 0; i < entry->resources_len; i++) {
        struct group_resource name = split(entry->resources[i]);
        struct stored *stored = find_stored(table, name);

        if (mask_of(table, name))
            return ht_error_set(
                err, EINVAL, "resources[%zu].resources: a wildcard of an earlier entry covers it",
                index);
        if (!stored)
            stored = add_stored(table, name);
        for (size_t j = 0; j < entry->providers_len; j++)
            ht_vec_add(&stored->providers, (void *)(uintptr_t)&entry->providers[j]);
    }
    return 0;
}

static struct ht_str provider_word(const struct ht_provider *provider)
{
    enum ht_provider_kind kind = kind_of(provider);

    if (kind == HT_PROVIDER_KMS)
        return ht_str_is(provider->kms.api_version, "v2") ? HT_S("kms-v2") : HT_S("kms-v1");
    return kind == HT_PROVIDER_IDENTITY ? HT_S("plaintext") : ht_str_from(kind_names[kind]);
}

/* Empty for identity. */
static struct ht_str provider_key(const struct ht_provider *provider)
{
    enum ht_provider_kind kind = kind_of(provider);

    if (kind == HT_PROVIDER_KMS)
        return provider->kms.name;
    return kind == HT_PROVIDER_IDENTITY ? (struct ht_str){0} : provider->keys[kind][0].name;
}

static void describe(struct ht_arena *arena, const struct ht_provider *provider,
                     struct ht_str *ret_text)
{
    enum ht_provider_kind kind = kind_of(provider);
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_YAML);

    if (kind == HT_PROVIDER_IDENTITY)
        ht_buf_add_text(&text, kind_names[kind]);
    else
        ht_buf_add_str(&text, provider_word(provider));
    if (kind == HT_PROVIDER_KMS) {
        ht_buf_add_c(&text, ':');
        ht_buf_add_str(&text, provider->kms.name);
    }
    for (size_t i = 0; i < provider->keys_len[kind]; i++) {
        ht_buf_add_c(&text, i ? ',' : ':');
        ht_buf_add_str(&text, provider->keys[kind][i].name);
    }
    *ret_text = ht_arena_str(arena, ht_buf_str(&text));
}

static void fill_rule(struct ht_arena *arena, const struct stored *stored,
                      struct ht_encryption_rule *rule)
{
    const struct ht_provider *first = stored->providers.items[0];
    struct ht_str key = provider_key(first);
    struct ht_str *texts = ht_arena_array(arena, struct ht_str, stored->providers.len);
    bool reads_plain = false;

    for (size_t i = 0; i < stored->providers.len; i++) {
        const struct ht_provider *provider = stored->providers.items[i];

        describe(arena, provider, &texts[i]);
        reads_plain |= kind_of(provider) == HT_PROVIDER_IDENTITY;
    }
    ht_encryption_rule_set_writes(rule, provider_word(first));
    if (key.len)
        ht_encryption_rule_set_key(rule, ht_arena_str(arena, key));
    ht_encryption_rule_set_providers(
        rule, (struct ht_text_list){.items = texts, .len = stored->providers.len});
    ht_encryption_rule_set_reads_plain(rule, reads_plain);
}

static struct ht_str resource_word(struct ht_arena *arena, struct group_resource name)
{
    if (name.group.len == 0 && !is_any_resource(name))
        return ht_arena_str(arena, name.resource);

    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_YAML);
    ht_buf_add_str(&text, name.resource);
    ht_buf_add_c(&text, '.');
    ht_buf_add_str(&text, name.group);
    return ht_arena_str(arena, ht_buf_str(&text));
}

/* A core resource that no entry names: a wildcard's, or nobody's. */
static void fill_unnamed(const struct table *table, const char *resource,
                         struct ht_encryption_rule *rule)
{
    struct group_resource name = {.resource = ht_str_from(resource)};
    const struct stored *mask = mask_of(table, name);

    ht_encryption_rule_set_resource(rule, name.resource);
    if (mask) {
        fill_rule(table->arena, mask, rule);
        ht_encryption_rule_set_covered_by(rule, resource_word(table->arena, mask->name));
        return;
    }
    ht_encryption_rule_set_writes(rule, HT_S("plaintext"));
    ht_encryption_rule_set_covered_by(rule, HT_S(""));
    ht_encryption_rule_set_reads_plain(rule, true);
}

static void set_rules(const struct table *table, struct ht_encryption *encryption)
{
    static const char *const always[] = {"secrets", "configmaps"};
    struct ht_encryption_rule *rules =
        ht_arena_array(table->arena, struct ht_encryption_rule, table->len + ARRAY_LEN(always));
    size_t len = 0;

    for (size_t i = 0; i < ARRAY_LEN(always); i++) {
        if (!find_stored(table, (struct group_resource){.resource = ht_str_from(always[i])}))
            fill_unnamed(table, always[i], &rules[len++]);
    }
    for (size_t i = 0; i < table->len; i++) {
        ht_encryption_rule_set_resource(&rules[len],
                                        resource_word(table->arena, table->items[i].name));
        fill_rule(table->arena, &table->items[i], &rules[len++]);
    }
    ht_encryption_set_rules(encryption,
                            (struct ht_encryption_rule_list){.items = rules, .len = len});
}

static bool has_local_keys(const struct ht_provider_config *config)
{
    for (size_t i = 0; i < config->len; i++) {
        for (size_t j = 0; j < config->entries[i].providers_len; j++) {
            enum ht_provider_kind kind = kind_of(&config->entries[i].providers[j]);

            if (kind != HT_PROVIDER_KMS && kind != HT_PROVIDER_IDENTITY)
                return true;
        }
    }
    return false;
}

/* Fills the rules unless an entry is masked by an earlier wildcard. */
static int store(const struct ht_provider_config *config, struct ht_arena *arena,
                 struct ht_encryption *encryption, struct ht_error *err)
{
    size_t names = 0;
    int r = 0;

    for (size_t i = 0; i < config->len; i++)
        names += config->entries[i].resources_len;

    struct table table = {
        .items = ht_new_array(struct stored, names), .by_name = ht_map_new(), .arena = arena};
    for (size_t i = 0; r == 0 && i < config->len; i++)
        r = add_entry(&table, i, &config->entries[i], err);
    if (r == 0)
        set_rules(&table, encryption);
    for (size_t i = 0; i < table.len; i++)
        ht_vec_fini(&table.items[i].providers);
    free(table.items);
    ht_map_free(table.by_name);
    return r;
}

void ht_encryption_decode(struct ht_str text, bool reload, struct ht_arena *arena,
                          struct ht_encryption *encryption)
{
    struct ht_arena *scratch = ht_arena_new(16 * HT_LIMIT_ROW);
    struct ht_provider_config config = {0};
    struct ht_error err = {0};
    int r = ht_encryption_read(text, scratch, &config, &err);

    if (r == 0)
        r = check(&config, reload, &err);
    if (r == 0)
        r = store(&config, arena, encryption, &err);
    ht_encryption_set_valid(encryption, r == 0);
    if (r < 0)
        ht_encryption_set_error(encryption, ht_arena_text(arena, err.text));
    else
        ht_encryption_set_local_keys(encryption, has_local_keys(&config));
    ht_arena_wipe(scratch);
    ht_arena_free(scratch);
}

const struct ht_encryption_rule *ht_encryption_rule_of(const struct ht_encryption *encryption,
                                                       const char *resource)
{
    if (!ht_encryption_has_rules(encryption))
        return NULL;
    for (size_t i = 0; i < encryption->rules.len; i++) {
        if (ht_str_is(encryption->rules.items[i].resource, resource))
            return &encryption->rules.items[i];
    }
    return NULL;
}
