/* SPDX-License-Identifier: GPL-2.0-or-later */
/* control_plane of a report: the API server's arguments, and how each resource is stored. */
#include "src/model/document-inner.h"

static void key(struct ht_json_writer *json, const char *name)
{
    ht_json_key(json, ht_str_from(name));
}

/* What is empty is as good as absent: an argument that was not given. */
static void put_text(struct ht_json_writer *json, const char *name, bool known, struct ht_str text)
{
    key(json, name);
    if (known && text.len)
        ht_json_put_string(json, text);
    else
        ht_json_put_null(json);
}

static void put_bool(struct ht_json_writer *json, const char *name, bool known, bool value)
{
    key(json, name);
    if (known)
        ht_json_put_bool(json, value);
    else
        ht_json_put_null(json);
}

static void put_uint(struct ht_json_writer *json, const char *name, bool known, uint64_t value)
{
    key(json, name);
    if (known)
        ht_json_put_uint(json, value);
    else
        ht_json_put_null(json);
}

static void put_list(struct ht_json_writer *json, const char *name, bool known,
                     struct ht_text_list list)
{
    key(json, name);
    if (!known) {
        ht_json_put_null(json);
        return;
    }
    ht_json_array_begin(json);
    for (size_t i = 0; i < list.len; i++)
        ht_json_put_string(json, list.items[i]);
    ht_json_array_end(json);
}

static void put_apiserver(struct ht_json_writer *json, const struct ht_apiserver *a)
{
    static const char *const found[] = {"process", "manifest", "none"};

    key(json, "apiserver");
    ht_json_object_begin(json);
    put_text(json, "found", ht_apiserver_has_found(a), ht_str_from(found[a->found]));
    put_text(json, "flavour", ht_apiserver_has_flavour(a), a->flavour);
    put_uint(json, "pid", ht_apiserver_has_pid(a), a->pid);
    put_text(json, "manifest", ht_apiserver_has_manifest(a), a->manifest);
    put_list(json, "differs", ht_apiserver_has_differs(a), a->differs);
    put_text(json, "encryption_config", ht_apiserver_has_encryption_config(a),
             a->encryption_config);
    put_bool(json, "reload", ht_apiserver_has_reload(a), a->reload);
    put_text(json, "etcd_prefix", ht_apiserver_has_etcd_prefix(a), a->etcd_prefix);
    put_list(json, "etcd_servers", ht_apiserver_has_etcd_servers(a), a->etcd_servers);
    put_bool(json, "etcd_tls", ht_apiserver_has_etcd_tls(a), a->etcd_tls);
    put_uint(json, "insecure_port", ht_apiserver_has_insecure_port(a), a->insecure_port);
    put_text(json, "anonymous", ht_apiserver_has_anonymous(a), a->anonymous);
    ht_json_object_end(json);
}

static void put_rule(struct ht_json_writer *json, struct ht_str resource,
                     const struct ht_encryption_rule *rule)
{
    ht_json_key(json, resource);
    ht_json_object_begin(json);
    put_text(json, "writes", ht_encryption_rule_has_writes(rule), rule->writes);
    put_text(json, "key", ht_encryption_rule_has_key(rule), rule->key);
    put_list(json, "providers", ht_encryption_rule_has_providers(rule), rule->providers);
    put_bool(json, "reads_plain", ht_encryption_rule_has_reads_plain(rule), rule->reads_plain);
    ht_json_object_end(json);
}

/* Secrets and configmaps always have a rule: an unknown one where there is no valid file. */
static void put_rules(struct ht_json_writer *json, const struct ht_encryption *encryption,
                      const struct ht_encryption_rule *otherwise)
{
    key(json, "resources");
    ht_json_object_begin(json);
    for (size_t i = 0; ht_encryption_has_rules(encryption) && i < encryption->rules.len; i++)
        put_rule(json, encryption->rules.items[i].resource, &encryption->rules.items[i]);
    if (!ht_encryption_has_rules(encryption)) {
        put_rule(json, HT_S("secrets"), otherwise);
        put_rule(json, HT_S("configmaps"), otherwise);
    }
    ht_json_object_end(json);
}

static void put_encryption(struct ht_json_writer *json, const struct ht_encryption *encryption,
                           const struct ht_encryption_rule *otherwise)
{
    key(json, "encryption");
    ht_json_object_begin(json);
    put_text(json, "path", ht_encryption_has_path(encryption), encryption->path);
    put_text(json, "file", ht_encryption_has_id(encryption), encryption->id);
    put_bool(json, "valid", ht_encryption_has_valid(encryption), encryption->valid);
    put_text(json, "error", ht_encryption_has_error(encryption), encryption->error);
    put_rules(json, encryption, otherwise);
    ht_json_object_end(json);
}

/* The file that the API server names; where there is none of those, one that lies here. */
static const struct ht_encryption *find_encryption(const struct ht_node *node,
                                                   const struct ht_apiserver *apiserver)
{
    const struct ht_rowset *files = ht_node_set(node, HT_TABLE_ENCRYPTION);
    const struct ht_row *row = NULL;

    if (ht_apiserver_has_encryption(apiserver))
        row = ht_node_find(node, HT_TABLE_ENCRYPTION, apiserver->encryption);
    else if (apiserver->found == HT_APISERVER_FOUND_NONE && files->len)
        row = files->rows[0];
    return row ? ht_encryption_of(row) : NULL;
}

void ht_control_plane_write(struct ht_json_writer *json, const struct ht_node *node)
{
    static const struct ht_encryption no_file = {0};
    const struct ht_rowset *servers = ht_node_set(node, HT_TABLE_APISERVER);
    struct ht_encryption_rule rule = {0};

    if (servers->len == 0) {
        ht_json_put_null(json);
        return;
    }

    const struct ht_apiserver *apiserver = ht_apiserver_of(servers->rows[0]);
    const struct ht_encryption *encryption = find_encryption(node, apiserver);
    /* An API server without the argument writes everything as it is. */
    if (ht_apiserver_has_encryption_config(apiserver) && apiserver->encryption_config.len == 0) {
        ht_encryption_rule_set_writes(&rule, HT_S("plaintext"));
        ht_encryption_rule_set_reads_plain(&rule, true);
    }
    ht_json_object_begin(json);
    put_apiserver(json, apiserver);
    if (encryption || ht_apiserver_has_encryption_config(apiserver)) {
        put_encryption(json, encryption ? encryption : &no_file, &rule);
    } else {
        key(json, "encryption");
        ht_json_put_null(json);
    }
    ht_json_object_end(json);
}
