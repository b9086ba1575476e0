/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An Ingress to a row: which of its hosts are served without TLS. */
#include "kube-private.h"

#include "hulltop/model/row.h"

enum { HOSTS_MAX = 200 };

/* Controllers that end TLS with a certificate of the cloud's are told by these. */
static bool has_certificate_elsewhere(const struct ht_json *annotations)
{
    static const char *const keys[] = {
        "alb.ingress.kubernetes.io/certificate-arn", "networking.gke.io/managed-certificates",
        "ingress.gcp.kubernetes.io/pre-shared-cert", "networking.gke.io/certmap",
        "appgw.ingress.kubernetes.io/appgw-ssl-certificate"};
    struct ht_str text;

    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        if (ht_json_string(ht_json_get(annotations, keys[i]), &text) && text.len)
            return true;
    }
    return ht_json_string(ht_json_get(annotations, "traefik.ingress.kubernetes.io/router.tls"),
                          &text) &&
           ht_str_is(text, "true");
}

/* "*.example.com" stands for one label in place of the star. */
static bool is_covered_by(struct ht_str host, struct ht_str pattern)
{
    ptrdiff_t dot = ht_str_find_byte(host, '.');

    if (ht_str_equal(host, pattern))
        return true;
    return ht_str_has_prefix(pattern, "*.") && dot > 0 &&
           ht_str_equal(ht_str_sub(host, (size_t)dot, host.len),
                        ht_str_sub(pattern, 1, pattern.len));
}

/* An entry without hosts is for all of them. */
static bool is_covered(const struct ht_json *tls, struct ht_str host)
{
    for (size_t i = 0; ht_json_is_array(tls) && i < tls->len; i++) {
        const struct ht_json *hosts = ht_json_get(&tls->items[i], "hosts");
        struct ht_str pattern;

        if (!ht_json_is_array(hosts) || hosts->len == 0)
            return true;
        for (size_t j = 0; j < hosts->len; j++) {
            if (ht_json_string(&hosts->items[j], &pattern) && is_covered_by(host, pattern))
                return true;
        }
    }
    return false;
}

/* Hosts of the rules that no entry of tls covers; what has none is served at every name. */
static struct ht_text_list plain_hosts(const struct ht_json *spec, struct ht_arena *arena,
                                       uint64_t *ret_hosts)
{
    const struct ht_json *rules = ht_json_get(spec, "rules");
    const struct ht_json *tls = ht_json_get(spec, "tls");
    size_t count = ht_json_is_array(rules) ? rules->len : 0;
    struct ht_text_list plain = {0};
    struct ht_str *items = ht_arena_array(arena, struct ht_str, HOSTS_MAX);

    *ret_hosts = count ? count : 1;
    for (size_t i = 0; i < *ret_hosts && plain.len < HOSTS_MAX; i++) {
        struct ht_str host = {0};

        if (i < count)
            ht_json_string(ht_json_get(&rules->items[i], "host"), &host);
        if (!is_covered(tls, host))
            items[plain.len++] = host.len ? host : (struct ht_str)HT_STR("*");
    }
    plain.items = items;
    return plain;
}

struct ht_row *ht_kube_make_ingress(const struct ht_json *value, struct ht_arena *arena)
{
    const struct ht_json *metadata = ht_json_get(value, "metadata");
    const struct ht_json *spec = ht_json_get(value, "spec");
    struct ht_ingress row = {0};
    struct ht_str name = {0}, namespace = {0}, text;
    uint64_t hosts;

    ht_json_string(ht_json_get(metadata, "name"), &name);
    ht_json_string(ht_json_get(metadata, "namespace"), &namespace);
    if (name.len == 0 || namespace.len == 0)
        return NULL;
    ht_ingress_set_id(&row,
                      ht_arena_strf(arena, "%.*s/%.*s", HT_STR_ARG(namespace), HT_STR_ARG(name)));
    ht_ingress_set_name(&row, name);
    ht_ingress_set_namespace(&row, namespace);
    ht_ingress_set_source(&row, HT_S("kubernetes"));
    if (ht_json_string(ht_json_get(spec, "ingressClassName"), &text))
        ht_ingress_set_class(&row, text);
    if (!ht_json_is_object(spec))
        return ht_row_new(&ht_ingress_table, &row); /* what it serves is not known */

    struct ht_text_list plain = plain_hosts(spec, arena, &hosts);
    if (has_certificate_elsewhere(ht_json_get(metadata, "annotations")))
        plain.len = 0;
    ht_ingress_set_hosts(&row, hosts);
    ht_ingress_set_plain(&row, plain);
    return ht_row_new(&ht_ingress_table, &row);
}
