/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "etcd-value.h"

#include "hulltop/base/mem.h"
#include "bolt-format.h"

enum { NUMBER_MAX = 0x1fffffff, KEY_ID_MAX = 128 };

/* ---- protobuf ---- */

static bool take_varint(struct ht_wire *wire, uint64_t *ret)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < 10 && i < wire->rest.len; i++) {
        unsigned char c = (unsigned char)wire->rest.data[i];

        value |= (uint64_t)(c & 0x7f) << (7 * i);
        if (c < 0x80) {
            if (i == 9 && c > 1)
                return false;
            wire->rest = ht_str_sub(wire->rest, i + 1, wire->rest.len);
            *ret = value;
            return true;
        }
    }
    return false;
}

static bool take_bytes(struct ht_wire *wire, struct ht_wire_field *field)
{
    if (!take_varint(wire, &field->len))
        return false;
    if (field->len > wire->rest.len && field->len - wire->rest.len > wire->cut)
        return false;
    field->data = ht_str_sub(wire->rest, 0, (size_t)field->len);
    if (field->len > wire->rest.len) {
        wire->cut -= field->len - wire->rest.len;
        wire->rest.len = 0;
    } else {
        wire->rest = ht_str_sub(wire->rest, (size_t)field->len, wire->rest.len);
    }
    return true;
}

static bool take_fixed(struct ht_wire *wire, struct ht_wire_field *field, size_t size)
{
    if (wire->rest.len < size)
        return false;
    field->value = size == 8 ? ht_le64(wire->rest.data) : ht_le32(wire->rest.data);
    wire->rest = ht_str_sub(wire->rest, size, wire->rest.len);
    return true;
}

static bool take_field(struct ht_wire *wire, struct ht_wire_field *field)
{
    switch (field->type) {
    case 0:
        return take_varint(wire, &field->value);
    case 1:
        return take_fixed(wire, field, 8);
    case 2:
        return take_bytes(wire, field);
    case 5:
        return take_fixed(wire, field, 4);
    default:
        return false;
    }
}

bool ht_wire_next(struct ht_wire *wire, struct ht_wire_field *ret)
{
    struct ht_wire_field field = {0};
    uint64_t tag;

    if (wire->rest.len == 0 || wire->failed)
        return false;
    if (!take_varint(wire, &tag) || tag >> 3 == 0 || tag >> 3 > NUMBER_MAX) {
        /* What is not there cannot be judged: what came before it can. */
        wire->failed = wire->cut == 0;
        return false;
    }
    field.number = (uint32_t)(tag >> 3);
    field.type = (unsigned)(tag & 7);
    if (!take_field(wire, &field)) {
        wire->failed = true;
        return false;
    }
    *ret = field;
    return true;
}

static bool kv_parse(struct ht_wire wire, uint32_t value_number, struct ht_etcd_kv *ret)
{
    struct ht_etcd_kv kv = {0};
    struct ht_wire_field field;

    while (ht_wire_next(&wire, &field)) {
        if (field.type != 2)
            continue;
        if (field.number == 1) {
            if (field.data.len != field.len)
                return false;
            kv.key = field.data;
        } else if (field.number == value_number) {
            kv.value = field.data;
            kv.value_len = field.len;
        }
    }
    if (wire.failed || kv.key.len == 0)
        return false;
    *ret = kv;
    return true;
}

bool ht_etcd_kv_parse(struct ht_str bytes, uint64_t cut, struct ht_etcd_kv *ret)
{
    return kv_parse((struct ht_wire){.rest = bytes, .cut = cut}, 5, ret);
}

bool ht_etcd_put_parse(struct ht_str bytes, struct ht_etcd_kv *ret)
{
    return kv_parse((struct ht_wire){.rest = bytes}, 2, ret);
}

/* ---- values ---- */

static const struct provider {
    const char *name;
    struct ht_str header; /* behind "k8s:enc:" */
    uint64_t least;       /* bytes of the shortest body */
    uint64_t block;       /* its size is a multiple of that */
} providers[] = {
    /* An initialisation vector and one block of padding at least. */
    [HT_PROVIDER_AESCBC] = {"aescbc", HT_STR("aescbc:v1:"), 32, 16},
    /* Nonce of 12 bytes, tag of 16. */
    [HT_PROVIDER_AESGCM] = {"aesgcm", HT_STR("aesgcm:v1:"), 28, 1},
    /* Nonce of 24 bytes, tag of 16. */
    [HT_PROVIDER_SECRETBOX] = {"secretbox", HT_STR("secretbox:v1:"), 40, 1},
    [HT_PROVIDER_KMS_V1] = {"kms-v1", HT_STR("kms:v1:"), 1, 1},
    [HT_PROVIDER_KMS_V2] = {"kms-v2", HT_STR("kms:v2:"), 2, 1},
};

const char *ht_provider_name(enum ht_provider provider)
{
    return providers[provider].name;
}

static bool is_body(const struct provider *provider, uint64_t len)
{
    return len >= provider->least && len % provider->block == 0;
}

static bool is_graphic(struct ht_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.data[i] < 0x21 || (unsigned char)text.data[i] > 0x7e)
            return false;
    }
    return true;
}

/* Where the name ends. Names of local keys and of KMS v1 plugins may hold colons themselves: then
 * the end is the first one behind which a possible body begins. -1: none. */
static ptrdiff_t find_name_end(const struct provider *provider, struct ht_str rest, uint64_t len)
{
    ptrdiff_t first = ht_str_find_byte(rest, ':');
    ptrdiff_t end = first;

    if (first <= 0)
        return -1;
    while (end > 0 && is_graphic(ht_str_sub(rest, 0, (size_t)end))) {
        if (is_body(provider, len - (uint64_t)end - 1))
            return end;
        if (provider == &providers[HT_PROVIDER_KMS_V2])
            return -1;

        ptrdiff_t next = ht_str_find_byte(ht_str_sub(rest, (size_t)end + 1, rest.len), ':');
        end = next < 0 ? -1 : end + 1 + next;
    }
    /* Names are text of the configuration, so any bytes may be in them, if seldom. */
    return is_body(provider, len - (uint64_t)first - 1) ? first : -1;
}

/* The EncryptedObject of KMS v2: field 1 is the data, 2 the id of the key. */
static bool is_encrypted_object(struct ht_str body, uint64_t cut, struct ht_str *ret_key_id)
{
    struct ht_wire wire = {.rest = body, .cut = cut};
    struct ht_wire_field field;
    bool data = false;

    while (ht_wire_next(&wire, &field)) {
        if (field.number == 1 && field.type == 2)
            data = field.len > 0;
        else if (field.number == 2 && field.type == 2 && field.data.len == field.len &&
                 field.len <= KEY_ID_MAX && is_graphic(field.data))
            *ret_key_id = field.data;
    }
    return !wire.failed && data;
}

struct ht_stored_as ht_stored_as(struct ht_str head, uint64_t len)
{
    static const struct ht_str mark = HT_STR("k8s:enc:");
    struct ht_stored_as malformed = {.kind = HT_STORED_MALFORMED};

    /* Nothing at all was neither encrypted nor is it an object. */
    if (len == 0)
        return malformed;
    if (!ht_str_has_prefix(head, mark.data))
        return (struct ht_stored_as){.kind = HT_STORED_PLAINTEXT};

    struct ht_str rest = ht_str_sub(head, mark.len, head.len);
    for (size_t i = 0; i < ARRAY_LEN(providers); i++) {
        const struct provider *provider = &providers[i];
        struct ht_stored_as as = {.kind = HT_STORED_ENCRYPTED, .provider = (enum ht_provider)i};

        if (!ht_str_has_prefix(rest, provider->header.data))
            continue;
        rest = ht_str_sub(rest, provider->header.len, rest.len);

        uint64_t rest_len = len - mark.len - provider->header.len;
        ptrdiff_t end = find_name_end(provider, rest, rest_len);
        if (end < 0)
            return malformed;
        as.key = ht_str_sub(rest, 0, (size_t)ht_str_find_byte(rest, ':'));
        if (i == HT_PROVIDER_KMS_V2 &&
            !is_encrypted_object(ht_str_sub(rest, (size_t)end + 1, rest.len), rest_len - rest.len,
                                 &as.key_id))
            return malformed;
        return as;
    }
    return malformed;
}

/* ---- keys ---- */

/* Objects of the core group and of old ones are stored without their group. One of them tells where
 * an unusual prefix ends. */
bool ht_etcd_is_known_resource(struct ht_str name)
{
    static const char *const known[] = {
        "secrets",        "configmaps",      "pods",         "namespaces",
        "minions",        "serviceaccounts", "services",     "leases",
        "events",         "deployments",     "replicasets",  "daemonsets",
        "jobs",           "cronjobs",        "statefulsets", "roles",
        "rolebindings",   "endpointslices",  "clusterroles", "clusterrolebindings",
        "ranges",         "masterleases",    "controllers",  "podtemplates",
        "limitranges",    "resourcequotas",  "ingress",      "flowschemas",
        "priorityclasses"};

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (ht_str_is(name, known[i]))
            return true;
    }
    return false;
}

static bool is_usual_prefix(struct ht_str name)
{
    return ht_str_is(name, "registry") || ht_str_is(name, "kubernetes.io") ||
           ht_str_is(name, "openshift.io");
}

/* The part of key that begins at from, which is behind a slash. */
static struct ht_str part_at(struct ht_str key, size_t from)
{
    struct ht_str rest = ht_str_sub(key, from, key.len);
    ptrdiff_t slash = ht_str_find_byte(rest, '/');

    return slash < 0 ? rest : ht_str_sub(rest, 0, (size_t)slash);
}

/* Where "secrets" begins in PREFIX/secrets/NAMESPACE/NAME, however long the prefix is; 0: the key
 * is of something else. Behind a usual prefix a part with a dot is a group, whose secrets are
 * objects of its own. */
static size_t find_secret(struct ht_str key, bool is_usual)
{
    static const struct ht_str name = HT_STR("/secrets");
    struct ht_str before = key;

    for (int parts = 0; parts < 2; parts++) {
        ptrdiff_t slash = ht_str_rfind_byte(before, '/');

        if (slash <= 0 || (size_t)slash + 1 == before.len)
            return 0;
        before.len = (size_t)slash;
    }
    if (before.len <= name.len || !ht_str_has_suffix(before, name.data))
        return 0;
    before.len -= name.len;

    ptrdiff_t slash = ht_str_rfind_byte(before, '/');
    bool is_group =
        slash > 0 && ht_str_find_byte(ht_str_sub(before, (size_t)slash + 1, SIZE_MAX), '.') > 0;
    return is_usual && is_group ? 0 : before.len + 1;
}

/* Where the resource begins, or 0. */
static size_t find_resource(struct ht_str key)
{
    struct ht_str first = part_at(key, 1);
    size_t second = 1 + first.len + 1;
    bool is_usual = is_usual_prefix(first);
    size_t secret = find_secret(key, is_usual);

    if (secret)
        return secret;
    if (is_usual)
        return second;
    for (size_t at = second; at < key.len; at += part_at(key, at).len + 1) {
        struct ht_str part = part_at(key, at);

        if (ht_etcd_is_known_resource(part) || ht_str_find_byte(part, '.') > 0)
            return at;
    }
    return second;
}

bool ht_etcd_key_parts(struct ht_str key, struct ht_str *ret_prefix, struct ht_str *ret_resource)
{
    if (key.len < 2 || key.data[0] != '/')
        return false;

    size_t at = find_resource(key);
    if (at >= key.len)
        return false;

    struct ht_str resource = part_at(key, at);
    size_t end = at + resource.len;
    if (resource.len == 0 || end >= key.len)
        return false;
    /* A part with a dot is a group, if a resource and a name follow. OpenShift's tokens lie below
     * /openshift.io/oauth. */
    if (ht_str_find_byte(resource, '.') > 0 || ht_str_is(resource, "oauth")) {
        struct ht_str inner = part_at(key, end + 1);

        if (inner.len > 0 && end + 1 + inner.len < key.len)
            resource.len += 1 + inner.len;
    }
    if (resource.len > HT_RESOURCE_MAX)
        return false;
    *ret_prefix = ht_str_sub(key, 0, at - 1);
    *ret_resource = resource;
    return true;
}
