/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "etcd-keys.h"

#include <string.h>
#include <sys/random.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"
#include "siphash.h"

enum {
    CLASS_DELETED,
    CLASS_PLAINTEXT,
    CLASS_MALFORMED,
    CLASS_FIRST, /* the first of the encrypted ones */
};

struct entry {
    uint64_t hash[2];
    uint64_t main;
    uint32_t sub;
    uint32_t turn; /* in which it was found last */
    uint16_t resource;
    uint16_t class;
    uint16_t space; /* number of its namespace, secrets only */
};

/* Texts and their numbers. */
struct names {
    struct ht_map *numbers; /* to number + 1 */
    char **texts;
    size_t len, cap, max;
    bool is_full; /* one more was there */
};

struct class
{
    enum ht_provider provider;
    char *key, *key_id;
};

struct sample {
    uint64_t hash[2];
    char *name;
};

struct ht_etcd_keys {
    uint64_t secret[2];
    struct entry *entries;
    size_t len, cap;
    uint32_t *index; /* place of an entry + 1; 0 is free */
    size_t slots;    /* a power of two */
    size_t deleted;
    uint32_t turn;
    bool contradicted;
    struct names resources, spaces;
    struct class *classes;
    size_t classes_len;
    char *prefixes[HT_PREFIXES_MAX];
    size_t prefixes_len;
    /* The resource of the key that came last: the next one has it too, mostly. */
    char *last_start;
    size_t last_len;
    unsigned last_resource;
    struct sample samples[HT_SAMPLES * 4];
    size_t samples_at;
    struct ht_keys_resource *counted;
    size_t counted_len;
};

/* ---- names ---- */

static void names_init(struct names *names, size_t max)
{
    *names = (struct names){.numbers = ht_map_new(), .max = max};
}

static void names_fini(struct names *names)
{
    for (size_t i = 0; i < names->len; i++)
        free(names->texts[i]);
    free(names->texts);
    ht_map_free(names->numbers);
}

static unsigned name_number(struct names *names, struct ht_str text)
{
    void *found = ht_map_get(names->numbers, text);

    if (found)
        return (unsigned)(uintptr_t)found - 1;
    if (names->len == names->max) {
        names->is_full = true;
        return HT_RESOURCE_NONE;
    }
    if (names->len == names->cap) {
        names->cap = names->cap ? names->cap * 2 : 16;
        names->texts = ht_realloc(names->texts, names->cap, sizeof(names->texts[0]));
    }
    names->texts[names->len++] = ht_strndup(text.data, text.len);
    ht_map_set(names->numbers, text, (void *)(uintptr_t)names->len);
    return (unsigned)names->len - 1;
}

/* ---- life ---- */

struct ht_etcd_keys *ht_etcd_keys_new(void)
{
    struct ht_etcd_keys *keys = ht_new0(struct ht_etcd_keys);

    /* Without it names could be chosen that collide; where the kernel has none yet, the time will
     * do. */
    if (getrandom(keys->secret, sizeof(keys->secret), GRND_NONBLOCK) !=
        (ssize_t)sizeof(keys->secret)) {
        keys->secret[0] = (uint64_t)ht_clock_wall(ht_clock_system());
        keys->secret[1] = (uint64_t)(uintptr_t)keys;
    }
    keys->slots = 1024;
    keys->index = ht_new_array(uint32_t, keys->slots);
    names_init(&keys->resources, HT_RESOURCES_MAX);
    names_init(&keys->spaces, HT_NAMESPACES_MAX);
    keys->last_resource = HT_RESOURCE_NONE;
    /* However many kinds of objects there are: these have a number. */
    (void)name_number(&keys->resources, HT_S("secrets"));
    return keys;
}

static void drop_counts(struct ht_etcd_keys *keys)
{
    for (size_t i = 0; i < keys->counted_len; i++)
        free(keys->counted[i].under);
    free(keys->counted);
    keys->counted = NULL;
    keys->counted_len = 0;
}

struct ht_etcd_keys *ht_etcd_keys_free(struct ht_etcd_keys *keys)
{
    if (!keys)
        return NULL;
    drop_counts(keys);
    for (size_t i = 0; i < keys->classes_len; i++) {
        free(keys->classes[i].key);
        free(keys->classes[i].key_id);
    }
    for (size_t i = 0; i < keys->prefixes_len; i++)
        free(keys->prefixes[i]);
    for (size_t i = 0; i < ARRAY_LEN(keys->samples); i++)
        free(keys->samples[i].name);
    free(keys->classes);
    free(keys->last_start);
    names_fini(&keys->resources);
    names_fini(&keys->spaces);
    free(keys->index);
    free(keys->entries);
    free(keys);
    return NULL;
}

/* ---- the table ---- */

static uint32_t *slot_of(const struct ht_etcd_keys *keys, const uint64_t hash[2])
{
    size_t i = (size_t)hash[0] & (keys->slots - 1);

    while (keys->index[i]) {
        const struct entry *entry = &keys->entries[keys->index[i] - 1];

        if (entry->hash[0] == hash[0] && entry->hash[1] == hash[1])
            break;
        i = (i + 1) & (keys->slots - 1);
    }
    return &keys->index[i];
}

static void build_index(struct ht_etcd_keys *keys)
{
    memset(keys->index, 0, keys->slots * sizeof(keys->index[0]));
    for (size_t i = 0; i < keys->len; i++)
        *slot_of(keys, keys->entries[i].hash) = (uint32_t)i + 1;
}

static struct entry *add_entry(struct ht_etcd_keys *keys, uint32_t **slot, const uint64_t hash[2])
{
    if (keys->len == keys->cap) {
        /* By a half, not twice: this is most of the memory that is needed. */
        keys->cap += keys->cap / 2 + 1024;
        keys->entries = ht_realloc(keys->entries, keys->cap, sizeof(keys->entries[0]));
    }
    if (keys->len * 4 >= keys->slots * 3) {
        free(keys->index);
        keys->slots *= 2;
        keys->index = ht_new_array(uint32_t, keys->slots);
        build_index(keys);
        *slot = slot_of(keys, hash);
    }

    struct entry *entry = &keys->entries[keys->len++];
    *entry = (struct entry){.hash = {hash[0], hash[1]}};
    **slot = (uint32_t)keys->len;
    return entry;
}

/* ---- resources, classes ---- */

static void learn_prefix(struct ht_etcd_keys *keys, struct ht_str prefix)
{
    for (size_t i = 0; i < keys->prefixes_len; i++) {
        if (ht_str_is(prefix, keys->prefixes[i]))
            return;
    }
    if (keys->prefixes_len < HT_PREFIXES_MAX)
        keys->prefixes[keys->prefixes_len++] = ht_strndup(prefix.data, prefix.len);
}

/* What begins alike has the same resource: not where the rest of the key decides about it. */
static bool is_start_enough(struct ht_str key, struct ht_str resource)
{
    return ht_str_is(resource, "secrets") ||
           (ht_str_has_prefix(key, "/registry/") && ht_etcd_is_known_resource(resource));
}

static void remember_start(struct ht_etcd_keys *keys, struct ht_str key, struct ht_str resource,
                           unsigned number)
{
    free(keys->last_start);
    keys->last_start = NULL;
    keys->last_len = SIZE_MAX;
    keys->last_resource = number;
    if (!is_start_enough(key, resource))
        return;
    /* With the slash behind it. */
    keys->last_len = (size_t)(resource.data + resource.len - key.data) + 1;
    keys->last_start = ht_strndup(key.data, keys->last_len);
}

unsigned ht_etcd_keys_resource(struct ht_etcd_keys *keys, struct ht_str key)
{
    struct ht_str prefix, resource;

    if (keys->last_start && key.len > keys->last_len &&
        memcmp(key.data, keys->last_start, keys->last_len) == 0)
        return keys->last_resource;
    if (!ht_etcd_key_parts(key, &prefix, &resource))
        return HT_RESOURCE_NONE;

    unsigned number = name_number(&keys->resources, resource);
    if (number == HT_RESOURCE_NONE)
        return number;
    learn_prefix(keys, prefix);
    remember_start(keys, key, resource, number);
    return number;
}

/* The class with these names, or 0; *ret_ids counts those that differ in the id alone. */
static unsigned find_class(const struct ht_etcd_keys *keys, const struct ht_stored_as *as,
                           size_t *ret_ids)
{
    *ret_ids = 0;
    for (size_t i = keys->classes_len; i-- > 0;) {
        const struct class *class = &keys->classes[i];

        if (class->provider != as->provider || !ht_str_is(as->key, class->key))
            continue;
        if (ht_str_is(as->key_id, class->key_id))
            return CLASS_FIRST + (unsigned)i;
        ++*ret_ids;
    }
    return 0;
}

static unsigned class_of(struct ht_etcd_keys *keys, const struct ht_etcd_item *item)
{
    struct ht_stored_as as = item->as;
    size_t ids;

    if (item->deleted)
        return CLASS_DELETED;
    if (as.kind == HT_STORED_PLAINTEXT)
        return CLASS_PLAINTEXT;
    if (as.kind == HT_STORED_MALFORMED)
        return CLASS_MALFORMED;

    unsigned found = find_class(keys, &as, &ids);
    /* More names than any cluster has are told together. */
    if (!found && ids >= HT_KEY_IDS_MAX)
        as.key_id = (struct ht_str){0};
    if (!found && keys->classes_len >= HT_KEY_NAMES_MAX)
        as.key = HT_S("(other names)");
    if (!found)
        found = find_class(keys, &as, &ids);
    if (found)
        return found;
    keys->classes = ht_realloc(keys->classes, keys->classes_len + 1, sizeof(keys->classes[0]));
    keys->classes[keys->classes_len++] =
        (struct class){.provider = as.provider,
                       .key = ht_strndup(as.key.len ? as.key.data : "", as.key.len),
                       .key_id = ht_strndup(as.key_id.len ? as.key_id.data : "", as.key_id.len)};
    return CLASS_FIRST + (unsigned)keys->classes_len - 1;
}

/* "namespace/name" of a key of the resource that was looked up last. */
static struct ht_str object_name(const struct ht_etcd_keys *keys, struct ht_str key)
{
    return keys->last_len < key.len ? ht_str_sub(key, keys->last_len, key.len) : HT_S("");
}

static void take_sample(struct ht_etcd_keys *keys, const uint64_t hash[2], struct ht_str name)
{
    struct sample *sample = &keys->samples[keys->samples_at++ % ARRAY_LEN(keys->samples)];

    free(sample->name);
    *sample = (struct sample){.hash = {hash[0], hash[1]}, .name = ht_strndup(name.data, name.len)};
}

static unsigned space_of(struct ht_etcd_keys *keys, struct ht_str name)
{
    ptrdiff_t slash = ht_str_find_byte(name, '/');

    return slash <= 0 ? HT_RESOURCE_NONE
                      : name_number(&keys->spaces, ht_str_sub(name, 0, (size_t)slash));
}

unsigned ht_etcd_keys_add(struct ht_etcd_keys *keys, const struct ht_etcd_item *item)
{
    unsigned resource = ht_etcd_keys_resource(keys, item->key);
    uint64_t hash[2];

    if (resource == HT_RESOURCE_NONE)
        return resource;
    ht_siphash(keys->secret, item->key, hash);

    uint32_t *slot = slot_of(keys, hash);
    struct entry *entry = *slot ? &keys->entries[*slot - 1] : NULL;
    if (entry && entry->main == item->main && entry->sub == item->sub) {
        entry->turn = keys->turn;
        keys->contradicted = keys->contradicted || entry->class != class_of(keys, item);
    }
    if (entry &&
        (entry->main > item->main || (entry->main == item->main && entry->sub >= item->sub)))
        return resource;
    if (!entry) {
        entry = add_entry(keys, &slot, hash);
        entry->resource = (uint16_t)resource;
        entry->space = HT_RESOURCE_NONE;
        if (resource == HT_RESOURCE_SECRETS)
            entry->space = (uint16_t)space_of(keys, object_name(keys, item->key));
    } else {
        keys->deleted -= entry->class == CLASS_DELETED;
    }
    entry->main = item->main;
    entry->sub = item->sub;
    entry->turn = keys->turn;
    entry->class = (uint16_t)class_of(keys, item);
    keys->deleted += entry->class == CLASS_DELETED;
    if (entry->class == CLASS_PLAINTEXT && resource == HT_RESOURCE_SECRETS)
        take_sample(keys, hash, object_name(keys, item->key));
    return resource;
}

bool ht_etcd_keys_is_plaintext(struct ht_etcd_keys *keys, struct ht_str key)
{
    uint64_t hash[2];

    ht_siphash(keys->secret, key, hash);

    const uint32_t *slot = slot_of(keys, hash);
    return *slot && keys->entries[*slot - 1].class == CLASS_PLAINTEXT;
}

bool ht_etcd_keys_is_contradicted(const struct ht_etcd_keys *keys)
{
    return keys->contradicted;
}

bool ht_etcd_keys_is_full(const struct ht_etcd_keys *keys)
{
    return keys->resources.is_full;
}

uint32_t ht_etcd_keys_turn(struct ht_etcd_keys *keys)
{
    return ++keys->turn;
}

void ht_etcd_keys_sweep(struct ht_etcd_keys *keys, ht_etcd_place_turn place_turn,
                        const void *context)
{
    size_t kept = 0;

    for (size_t i = 0; i < keys->len; i++) {
        const struct entry *entry = &keys->entries[i];

        if (entry->turn < place_turn(context, entry->main, entry->sub))
            keys->deleted -= entry->class == CLASS_DELETED;
        else
            keys->entries[kept++] = *entry;
    }
    if (kept == keys->len)
        return;
    keys->len = kept;
    build_index(keys);
}

/* ---- counting ---- */

uint64_t ht_etcd_keys_live(const struct ht_etcd_keys *keys)
{
    return keys->len - keys->deleted;
}

size_t ht_etcd_keys_resources(const struct ht_etcd_keys *keys)
{
    return keys->resources.len;
}

static struct ht_keys_under *under_of(struct ht_keys_resource *resource, const struct class *class)
{
    for (size_t i = 0; i < resource->under_len; i++) {
        if (resource->under[i].key == class->key)
            return &resource->under[i];
    }
    resource->under =
        ht_realloc(resource->under, resource->under_len + 1, sizeof(resource->under[0]));
    resource->under[resource->under_len] = (struct ht_keys_under){
        .provider = class->provider, .key = class->key, .key_id = class->key_id};
    return &resource->under[resource->under_len++];
}

static void count_entry(struct ht_etcd_keys *keys, const struct entry *entry)
{
    struct ht_keys_resource *resource = &keys->counted[entry->resource];

    if (entry->class == CLASS_DELETED)
        return;
    if (entry->class == CLASS_PLAINTEXT) {
        resource->plaintext++;
    } else if (entry->class == CLASS_MALFORMED) {
        resource->malformed++;
    } else {
        resource->encrypted++;
        under_of(resource, &keys->classes[entry->class - CLASS_FIRST])->count++;
    }
    if (entry->main >= resource->newest) {
        resource->newest = entry->main;
        resource->newest_kind = entry->class == CLASS_PLAINTEXT   ? HT_STORED_PLAINTEXT
                                : entry->class == CLASS_MALFORMED ? HT_STORED_MALFORMED
                                                                  : HT_STORED_ENCRYPTED;
    }
}

/* The lists have their final place now. */
static void point_at_newest(struct ht_etcd_keys *keys)
{
    for (size_t i = 0; i < keys->len; i++) {
        const struct entry *entry = &keys->entries[i];
        struct ht_keys_resource *resource = &keys->counted[entry->resource];

        if (entry->class >= CLASS_FIRST && entry->main == resource->newest &&
            resource->newest_kind == HT_STORED_ENCRYPTED)
            resource->newest_under = under_of(resource, &keys->classes[entry->class - CLASS_FIRST]);
    }
}

const struct ht_keys_resource *ht_etcd_keys_count(struct ht_etcd_keys *keys)
{
    drop_counts(keys);
    keys->counted_len = keys->resources.len;
    keys->counted = ht_new_array(struct ht_keys_resource, keys->counted_len + 1);
    for (size_t i = 0; i < keys->counted_len; i++)
        keys->counted[i].name = keys->resources.texts[i];
    for (size_t i = 0; i < keys->len; i++)
        count_entry(keys, &keys->entries[i]);
    point_at_newest(keys);
    return keys->counted;
}

size_t ht_etcd_keys_prefixes(const struct ht_etcd_keys *keys, struct ht_str ret[HT_PREFIXES_MAX])
{
    for (size_t i = 0; i < keys->prefixes_len; i++)
        ret[i] = ht_str_from(keys->prefixes[i]);
    return keys->prefixes_len;
}

static bool is_sample(const struct ht_etcd_keys *keys, const struct sample *sample)
{
    const uint32_t *slot = slot_of(keys, sample->hash);

    return *slot && keys->entries[*slot - 1].class == CLASS_PLAINTEXT;
}

void ht_etcd_keys_samples(struct ht_etcd_keys *keys, ht_etcd_sample visit, void *context)
{
    size_t told = 0;

    for (size_t i = 0; i < ARRAY_LEN(keys->samples) && told < HT_SAMPLES; i++) {
        const struct sample *sample = &keys->samples[i];
        bool again = false;

        for (size_t j = 0; j < i && sample->name && !again; j++)
            again = keys->samples[j].name && strcmp(keys->samples[j].name, sample->name) == 0;
        if (!sample->name || again || !is_sample(keys, sample))
            continue;
        visit(context, ht_str_from(sample->name));
        told++;
    }
}

void ht_etcd_keys_namespaces(struct ht_etcd_keys *keys, ht_etcd_namespace visit, void *context)
{
    ht_autofree uint64_t *counts = ht_new_array(uint64_t, keys->spaces.len + 1);

    for (size_t i = 0; i < keys->len; i++) {
        const struct entry *entry = &keys->entries[i];

        if (entry->class == CLASS_PLAINTEXT && entry->space < keys->spaces.len)
            counts[entry->space]++;
    }
    for (size_t i = 0; i < keys->spaces.len; i++) {
        if (counts[i])
            visit(context, ht_str_from(keys->spaces.texts[i]), counts[i]);
    }
}
