/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Service to a row: which of its ports others than the cluster reach without TLS. */
#include "kube-private.h"

#include "hulltop/base/mem.h"
#include "hulltop/model/row.h"

enum { PORTS_MAX = 200 };

/* What appProtocol, or the name of a port in front of its first dash, says of what is spoken. */
static const char *const plain_names[] = {
    "http", "ws",   "h2c",    "http2", "kubernetes.io/h2c", "kubernetes.io/ws", "web", "ftp",
    "ldap", "smtp", "telnet", NULL};
static const char *const sealed_names[] = {"https", "tls",   "wss",   "ssl",  "kubernetes.io/wss",
                                           "ssh",   "ldaps", "smtps", "ftps", "grpcs",
                                           NULL};
/* Ports that are for it, where nothing else is said. */
static const int64_t plain_ports[] = {21, 23, 80, 389, 8080};

/* A load balancer that ends TLS with a certificate of the cloud's; ports that it is for, where not
 * all. */
static const struct {
    const char *certificate, *ports;
} annotations_known[] = {
    {"service.beta.kubernetes.io/aws-load-balancer-ssl-cert",
     "service.beta.kubernetes.io/aws-load-balancer-ssl-ports"},
    {"service.beta.kubernetes.io/oci-load-balancer-tls-secret",
     "service.beta.kubernetes.io/oci-load-balancer-ssl-ports"},
    {"service.beta.kubernetes.io/do-loadbalancer-certificate-id",
     "service.beta.kubernetes.io/do-loadbalancer-tls-ports"},
    {"service.beta.kubernetes.io/scw-loadbalancer-certificate-ids", NULL},
};

static bool is_one_of(struct ht_str text, const char *const *names)
{
    for (; *names; names++) {
        if (ht_str_is_nocase(text, *names))
            return true;
    }
    return false;
}

static struct ht_str text_of(const struct ht_json *object, const char *key)
{
    struct ht_str text = {0};

    ht_json_string(ht_json_get(object, key), &text);
    return text;
}

/* "*", "443,https": whether the list has the port by number or name. */
static bool lists_port(struct ht_str list, int64_t port, struct ht_str name)
{
    struct ht_str entry;
    uint64_t number;

    while (ht_str_next(&list, ',', &entry)) {
        entry = ht_str_trim(entry);
        if (ht_str_is(entry, "*") || (name.len && ht_str_equal(entry, name)) ||
            (ht_parse_u64(entry, &number) == 0 && (int64_t)number == port))
            return true;
    }
    return false;
}

static bool is_sealed_elsewhere(const struct ht_json *annotations, int64_t port, struct ht_str name)
{
    for (size_t i = 0; i < ARRAY_LEN(annotations_known); i++) {
        struct ht_str ports = {0};

        if (text_of(annotations, annotations_known[i].certificate).len == 0)
            continue;
        if (annotations_known[i].ports)
            ports = text_of(annotations, annotations_known[i].ports);
        if (ports.len == 0 || lists_port(ports, port, name))
            return true;
    }
    return false;
}

/* What the port says itself comes before what its number is usually for. */
static bool is_plain(const struct ht_json *item, int64_t port, struct ht_str name)
{
    struct ht_str protocol = text_of(item, "appProtocol");
    ptrdiff_t dash = ht_str_find_byte(name, '-');
    struct ht_str word = dash < 0 ? name : ht_str_sub(name, 0, (size_t)dash);

    if (is_one_of(protocol, sealed_names) || is_one_of(protocol, plain_names))
        return is_one_of(protocol, plain_names);
    if (is_one_of(word, sealed_names) || is_one_of(word, plain_names))
        return is_one_of(word, plain_names);
    for (size_t i = 0; i < ARRAY_LEN(plain_ports); i++) {
        if (port == plain_ports[i])
            return true;
    }
    return false;
}

static struct ht_str describe(struct ht_arena *arena, const struct ht_json *item, int64_t port,
                              struct ht_str name)
{
    struct ht_str on_node = {0};
    int64_t node_port;

    if (ht_json_int(ht_json_get(item, "nodePort"), &node_port) && node_port > 0)
        on_node = ht_arena_strf(arena, ", %lld on nodes", (long long)node_port);
    return ht_arena_strf(arena, "%lld%s%.*s%s%.*s", (long long)port, name.len ? " (" : "",
                         HT_STR_ARG(name), name.len ? ")" : "", HT_STR_ARG(on_node));
}

static struct ht_text_list plain_ports_of(const struct ht_json *value, struct ht_arena *arena,
                                          size_t *ret_ports)
{
    const struct ht_json *ports = ht_json_path(value, "spec", "ports", NULL);
    const struct ht_json *annotations = ht_json_path(value, "metadata", "annotations", NULL);
    struct ht_text_list plain = {0};
    struct ht_str *items = ht_arena_array(arena, struct ht_str, PORTS_MAX);

    *ret_ports = ht_json_is_array(ports) ? ports->len : 0;
    for (size_t i = 0; i < *ret_ports && plain.len < PORTS_MAX; i++) {
        const struct ht_json *item = &ports->items[i];
        struct ht_str name = text_of(item, "name");
        int64_t port = 0;

        ht_json_int(ht_json_get(item, "port"), &port);
        if (!ht_str_is(text_of(item, "protocol"), "UDP") && is_plain(item, port, name) &&
            !is_sealed_elsewhere(annotations, port, name))
            items[plain.len++] = describe(arena, item, port, name);
    }
    plain.items = items;
    return plain;
}

/* Whether others than the cluster itself reach it. */
static bool is_open(const struct ht_json *spec, struct ht_str type)
{
    const struct ht_json *addresses = ht_json_get(spec, "externalIPs");

    return ht_str_is(type, "LoadBalancer") || ht_str_is(type, "NodePort") ||
           (ht_json_is_array(addresses) && addresses->len > 0);
}

struct ht_row *ht_kube_make_service(const struct ht_json *value, struct ht_arena *arena)
{
    const struct ht_json *spec = ht_json_get(value, "spec");
    struct ht_str name = text_of(ht_json_get(value, "metadata"), "name");
    struct ht_str namespace = text_of(ht_json_get(value, "metadata"), "namespace");
    struct ht_str type = text_of(spec, "type");
    struct ht_service row = {0};
    struct ht_text_list plain;
    size_t ports;

    if (name.len == 0 || namespace.len == 0)
        return NULL;
    ht_service_set_id(&row,
                      ht_arena_strf(arena, "%.*s/%.*s", HT_STR_ARG(namespace), HT_STR_ARG(name)));
    ht_service_set_name(&row, name);
    ht_service_set_namespace(&row, namespace);
    ht_service_set_source(&row, HT_S("kubernetes"));
    if (!ht_json_is_object(spec))
        return ht_row_new(&ht_service_table, &row); /* what it serves is not known */
    if (type.len)
        ht_service_set_type(&row, type);
    plain = plain_ports_of(value, arena, &ports);
    if (!is_open(spec, type))
        plain.len = 0;
    ht_service_set_ports(&row, ports);
    ht_service_set_plain(&row, plain);
    return ht_row_new(&ht_service_table, &row);
}
