/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the API server makes of an EncryptionConfiguration: files with a known truth, then its rules
 * one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/json.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "src/source/encryption-config.h"

enum { PATH_BYTES = 4096, FILES_LEAST = 10 };

#define KEY16  "MDEyMzQ1Njc4OWFiY2RlZg=="
#define KEY24  "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
#define KEY32  "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define HEAD   "kind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v1\n"
#define LIST   HEAD "resources:\n"
#define CBC    "aescbc: {keys: [{name: k1, secret: " KEY32 "}]}"
#define ONE(p) LIST "- resources: [secrets]\n  providers:\n  - " p "\n"
#define KMS(x) ONE("kms: {apiVersion: v2, name: vault, endpoint: 'unix:///run/k.sock'" x "}")

static struct ht_str read_file(const char *name, struct ht_buf *out)
{
    const char *source = getenv("HT_SRCDIR");
    char path[PATH_BYTES];
    struct ht_error err = {0};

    snprintf(path, sizeof(path), "%s/tests/fixtures/encryption-config/%s", source ? source : ".",
             name);
    if (ht_read_at(AT_FDCWD, path, out, HT_LIMIT_FILE, &err) < 0)
        fail_msg("%s", err.text);
    return ht_buf_str(out);
}

static struct ht_encryption decode(struct ht_str text, struct ht_arena *arena)
{
    struct ht_encryption encryption = {0};

    ht_encryption_decode(text, false, arena, &encryption);
    return encryption;
}

static void assert_text(const char *what, const struct ht_json *truth, const char *key, bool known,
                        struct ht_str value)
{
    const struct ht_json *expected = ht_json_get(truth, key);
    struct ht_str text;

    if (!expected)
        return;
    if (!ht_json_string(expected, &text) || ht_str_is(text, "unknown")) {
        if (known)
            fail_msg("%s: %s is known", what, key);
        return;
    }
    if (!known || !ht_str_equal(text, value))
        fail_msg("%s: %s is \"%.*s\"", what, key, HT_STR_ARG(value));
}

static void assert_truth(const char *name, const struct ht_json *truth,
                         const struct ht_encryption *encryption)
{
    static const struct ht_encryption_rule nothing = {0};
    const struct ht_encryption_rule *secrets = ht_encryption_rule_of(encryption, "secrets");
    const struct ht_encryption_rule *maps = ht_encryption_rule_of(encryption, "configmaps");
    bool flag = false;

    secrets = secrets ? secrets : &nothing;
    maps = maps ? maps : &nothing;
    if (ht_json_bool(ht_json_get(truth, "valid"), &flag) && flag != encryption->valid)
        fail_msg("%s: valid is %d: %.*s", name, encryption->valid, HT_STR_ARG(encryption->error));
    assert_text(name, truth, "secrets_write", ht_encryption_rule_has_writes(secrets),
                secrets->writes);
    assert_text(name, truth, "secrets_key", ht_encryption_rule_has_key(secrets), secrets->key);
    assert_text(name, truth, "configmaps_write", ht_encryption_rule_has_writes(maps), maps->writes);
    if (ht_json_bool(ht_json_get(truth, "fallback_plain_read"), &flag))
        assert_int_equal(secrets->reads_plain, flag);
}

static void every_file_has_its_truth(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_FILE);
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    ht_autobuf struct ht_buf file = HT_BUF(HT_LIMIT_FILE);
    const struct ht_json *truth =
        ht_json_parse(arena, "truth.json", read_file("truth.json", &text), NULL);

    (void)state;
    assert_true(ht_json_is_object(truth));
    assert_true(truth->len >= FILES_LEAST);
    for (size_t i = 0; i < truth->len; i++) {
        char name[PATH_BYTES];

        snprintf(name, sizeof(name), "%.*s.yaml", HT_STR_ARG(truth->members[i].key));
        struct ht_encryption encryption = decode(read_file(name, &file), arena);
        assert_truth(name, &truth->members[i].value, &encryption);
    }
}

/* writes is NULL where the file is refused. */
struct rule {
    const char *text;
    const char *writes;
    const char *key;
    const char *covered_by;
};

static void assert_rule(const struct rule *rule)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_FILE);
    struct ht_encryption encryption = decode(ht_str_from(rule->text), arena);
    const struct ht_encryption_rule *secrets = ht_encryption_rule_of(&encryption, "secrets");

    if (encryption.valid != (rule->writes != NULL))
        fail_msg("valid is %d (%.*s):\n%s", encryption.valid, HT_STR_ARG(encryption.error),
                 rule->text);
    assert_int_equal(ht_encryption_has_error(&encryption), !rule->writes);
    assert_int_equal(secrets != NULL, rule->writes != NULL);
    if (!secrets)
        return;
    if (!ht_str_is(secrets->writes, rule->writes))
        fail_msg("writes %.*s:\n%s", HT_STR_ARG(secrets->writes), rule->text);
    if (rule->key && !ht_str_is(secrets->key, rule->key))
        fail_msg("key %.*s:\n%s", HT_STR_ARG(secrets->key), rule->text);
    if (rule->covered_by)
        assert_true(ht_str_is(secrets->covered_by, rule->covered_by));
}

static void the_first_provider_of_the_closest_name_writes(void **state)
{
    static const struct rule rules[] = {
        {ONE(CBC), "aescbc", "k1", NULL},
        {ONE("aesgcm: {keys: [{name: a, secret: " KEY16 "}, {name: b, secret: " KEY24 "}]}"),
         "aesgcm", "a", NULL},
        {ONE("secretbox: {keys: [{name: 'k:1', secret: " KEY32 "}]}"), "secretbox", "k:1", NULL},
        {ONE("identity: {}"), "plaintext", NULL, NULL},
        {ONE("identity: {}\n  - " CBC), "plaintext", NULL, NULL},
        {ONE("kms: {name: 'a:b', endpoint: 'unix:///run/k.sock'}"), "kms-v1", "a:b", NULL},
        {ONE("kms: {apiVersion: v1, name: a, endpoint: 'UNIX:///run/k.sock', cachesize: -1}"),
         "kms-v1", "a", NULL},
        {KMS(", timeout: 1m0.5s"), "kms-v2", "vault", NULL},
        {LIST "- resources: [secrets.]\n  providers: [{" CBC "}]\n", "aescbc", "k1", NULL},
        {LIST "- resources: [secrets.v1]\n  providers: [{" CBC "}]\n", "plaintext", NULL, ""},
        {LIST "- resources: [secrets.example.com]\n  providers: [{" CBC "}]\n", "plaintext", NULL,
         ""},
        {LIST "- resources: ['*.']\n  providers: [{" CBC "}]\n", "aescbc", "k1", "*."},
        {LIST "- resources: ['*.apps']\n  providers: [{" CBC "}]\n", "plaintext", NULL, ""},
        {LIST "- resources: ['*.apps', '*.']\n  providers: [{" CBC "}]\n", "aescbc", "k1", "*."},
        {LIST "- resources: ['*.']\n  providers: [{identity: {}}]\n"
              "- resources: ['*.*']\n  providers: [{" CBC "}]\n",
         "plaintext", NULL, "*."},
        {LIST "- resources: [configmaps]\n  providers: [{identity: {}}]\n"
              "- resources: ['*.*']\n  providers: [{" CBC "}]\n",
         "aescbc", "k1", "*.*"},
        {LIST "- resources: [secrets]\n  providers: [{" CBC "}]\n"
              "- resources: [secrets]\n  providers: [{identity: {}}]\n",
         "aescbc", "k1", NULL},
        {LIST "- resources: [secrets]\n  providers: [{identity: {}}]\n"
              "- resources: [secrets, '*.apps']\n  providers: [{" CBC "}]\n",
         "plaintext", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        assert_rule(&rules[i]);
}

static void what_the_api_server_refuses_is_refused(void **state)
{
    static const char *const refused[] = {
        "",
        "# nothing but a comment\n",
        "just a text\n",
        "[]\n",
        HEAD,
        HEAD "resources:\n",
        HEAD "resources: []\n",
        HEAD "resources: secrets\n",
        "apiVersion: apiserver.config.k8s.io/v1\nresources: []\n",
        "kind: EncryptionConfiguration\napiVersion: v1\nresources: []\n",
        "kind: EncryptionConfig\napiVersion: apiserver.config.k8s.io/v1\nresources: []\n",
        /* names of resources */
        LIST "- resources: []\n  providers: [{identity: {}}]\n",
        LIST "- resources: secrets\n  providers: [{identity: {}}]\n",
        LIST "- resources: [Secrets]\n  providers: [{identity: {}}]\n",
        LIST "- resources: ['*']\n  providers: [{identity: {}}]\n",
        LIST "- resources: ['secrets.*']\n  providers: [{identity: {}}]\n",
        LIST "- resources: [secrets, secrets]\n  providers: [{identity: {}}]\n",
        LIST "- resources: [secrets, secrets.]\n  providers: [{identity: {}}]\n",
        LIST "- resources: [secrets, '*.']\n  providers: [{identity: {}}]\n",
        LIST "- resources: [deployments.apps, '*.*']\n  providers: [{identity: {}}]\n",
        LIST "- resources: [events.events.k8s.io]\n  providers: [{identity: {}}]\n",
        LIST "- resources: ['*.extensions']\n  providers: [{identity: {}}]\n",
        LIST "- resources: [apiserveripinfo]\n  providers: [{identity: {}}]\n",
        LIST "- resources: [1]\n  providers: [{identity: {}}]\n",
        /* a wildcard that stands before what it covers */
        LIST "- resources: ['*.*']\n  providers: [{" CBC "}]\n"
             "- resources: [secrets]\n  providers: [{identity: {}}]\n",
        LIST "- resources: ['*.']\n  providers: [{" CBC "}]\n"
             "- resources: [secrets]\n  providers: [{identity: {}}]\n",
        LIST "- resources: ['*.apps']\n  providers: [{" CBC "}]\n"
             "- resources: ['*.apps']\n  providers: [{identity: {}}]\n",
        /* providers */
        LIST "- resources: [secrets]\n",
        LIST "- resources: [secrets]\n  providers: []\n",
        ONE("identity:"),
        ONE("identity"),
        ONE("identity: {a: 1}"),
        ONE("{}"),
        ONE("rot13: {}"),
        ONE("identity: {}\n    " CBC),
        /* keys */
        ONE("aescbc: {}"),
        ONE("aescbc: {keys: []}"),
        ONE("aescbc: {keys: [{secret: " KEY32 "}]}"),
        ONE("aescbc: {keys: [{name: k1}]}"),
        ONE("aescbc: {keys: [{name: 1, secret: " KEY32 "}]}"),
        ONE("aescbc: {keys: [{name: yes, secret: " KEY32 "}]}"),
        ONE("aescbc: {keys: [{name: k1, secret: '?'}]}"),
        ONE("aescbc: {keys: [{name: k1, secret: MDEyMzQ1Njc4OWFiY2RlZg}]}"),
        ONE("aescbc: {keys: [{name: k1, secret: c2hvcnQ=}]}"),
        ONE("aescbc: {keys: [{name: k1, secret: " KEY32 ", note: x}]}"),
        ONE("secretbox: {keys: [{name: k1, secret: " KEY16 "}]}"),
        ONE("secretbox: {keys: [{name: k1, secret: " KEY24 "}]}"),
        ONE("aescbc: {keys: [{name: k1, secret: " KEY32 "}, {name: k2, secret: c2hvcnQ=}]}"),
        /* KMS plugins */
        ONE("kms: {endpoint: 'unix:///run/k.sock'}"),
        ONE("kms: {name: a}"),
        ONE("kms: {name: a, endpoint: 'tcp://127.0.0.1:1'}"),
        ONE("kms: {name: a, endpoint: /run/k.sock}"),
        ONE("kms: {name: a, endpoint: 'unix:///%zz'}"),
        ONE("kms: {name: a, endpoint: 'unix:///a', cachesize: 0}"),
        ONE("kms: {name: a, endpoint: 'unix:///a', cachesize: 1.5}"),
        ONE("kms: {name: a, endpoint: 'unix:///a', cachesize: '5'}"),
        ONE("kms: {apiVersion: v3, name: a, endpoint: 'unix:///a'}"),
        ONE("kms: {apiVersion: v2, name: 'a:b', endpoint: 'unix:///a'}"),
        KMS(", cachesize: 5"),
        KMS(", timeout: 0s"),
        KMS(", timeout: -3s"),
        KMS(", timeout: 3"),
        KMS(", timeout: 3 s"),
        KMS(", timeout: ''"),
        KMS("}\n  - kms: {apiVersion: v2, name: vault, endpoint: 'unix:///a'"),
        /* decoding */
        ONE(CBC) "extra: 1\n",
        ONE(CBC) "kind: EncryptionConfiguration\n",
        LIST "- resources: [secrets]\n\tproviders: []\n",
        "{kind: EncryptionConfiguration, apiVersion: apiserver.config.k8s.io/v1}",
        ("{\"kind\": \"EncryptionConfiguration\", \"apiVersion\": \"apiserver.config.k8s.io/v1\", "
         "\"resources\": [{\"resources\": [\"secrets\"], \"resources\": [\"secrets\"], "
         "\"providers\": [{\"identity\": {}}]}]}"),
        "{\"kind\": \"EncryptionConfiguration\", \"apiVersion\": \"apiserver.config.k8s.io/v1\", "
        "\"resources\": [{\"resources\": [\"secrets\"], \"providers\": [{\"identity\": null}]}]}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        assert_rule(&(struct rule){refused[i], NULL, NULL, NULL});
}

static void what_is_odd_and_accepted(void **state)
{
    static const struct rule rules[] = {
        {"kind: EncryptionConfig\napiVersion: v1\nresources:\n- resources: [secrets]\n"
         "  providers: [{identity: {}}]\n",
         "plaintext", NULL, NULL},
        {"\xef\xbb\xbf" ONE(CBC), "aescbc", "k1", NULL},
        {"---\n" ONE(CBC) "---\n" ONE("identity: {}"), "aescbc", "k1", NULL},
        {ONE("identity: {}") "---\n} no YAML\n", "plaintext", NULL, NULL},
        {LIST "- resources: &r [secrets]\n  providers: &p [{" CBC "}]\n"
              "- {resources: [configmaps], providers: *p}\n",
         "aescbc", "k1", NULL},
        {ONE("aescbc: {keys: [{name: '1', secret: " KEY32 "}]}"), "aescbc", "1", NULL},
        {ONE("aescbc:\n      keys:\n      - name: k1\n        secret: |\n          " KEY32),
         "aescbc", "k1", NULL},
        {ONE("{identity: {}, aescbc: null}"), "plaintext", NULL, NULL},
        {ONE("kms: {name: a, endpoint: 'unix:///a'}\n"
             "  - kms: {name: a, endpoint: 'unix:///b'}"),
         "kms-v1", "a", NULL},
        {"\n {\"kind\": \"EncryptionConfiguration\", \"apiVersion\": "
         "\"apiserver.config.k8s.io/v1\", \"resources\":\t[{\"resources\":[\"secrets\"],"
         "\"providers\":[{\"identity\":{}}]}]}\n",
         "plaintext", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        assert_rule(&rules[i]);
}

static void reload_makes_names_of_plugins_unique(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_FILE);
    struct ht_encryption encryption = {0};

    (void)state;
    ht_encryption_decode(HT_S(ONE("kms: {name: a, endpoint: 'unix:///a'}\n"
                                  "  - kms: {name: a, endpoint: 'unix:///b'}")),
                         true, arena, &encryption);
    assert_false(encryption.valid);
    assert_true(ht_str_is(encryption.error,
                          "resources[0].providers[1]: another KMS plugin has the same name"));
}

static void the_order_of_providers_is_told_and_no_key(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_FILE);
    struct ht_encryption encryption =
        decode(HT_S(LIST "- resources: [secrets, deployments.apps]\n  providers:\n"
                         "  - secretbox: {keys: [{name: new, secret: " KEY32 "}]}\n"
                         "  - aescbc: {keys: [{name: a, secret: " KEY16
                         "}, {name: b, secret: " KEY16 "}]}\n"
                         "  - kms: {name: hsm, endpoint: 'unix:///a'}\n"
                         "  - identity: {}\n"),
               arena);
    const struct ht_encryption_rule *rule = ht_encryption_rule_of(&encryption, "deployments.apps");

    (void)state;
    assert_non_null(rule);
    assert_int_equal(rule->providers.len, 4);
    assert_true(ht_str_is(rule->providers.items[0], "secretbox:new"));
    assert_true(ht_str_is(rule->providers.items[1], "aescbc:a,b"));
    assert_true(ht_str_is(rule->providers.items[2], "kms-v1:hsm"));
    assert_true(ht_str_is(rule->providers.items[3], "identity"));
    assert_true(rule->reads_plain && encryption.local_keys);
    assert_true(ht_str_is(ht_encryption_rule_of(&encryption, "configmaps")->writes, "plaintext"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_has_its_truth),
        cmocka_unit_test(the_first_provider_of_the_closest_name_writes),
        cmocka_unit_test(what_the_api_server_refuses_is_refused),
        cmocka_unit_test(what_is_odd_and_accepted),
        cmocka_unit_test(reload_makes_names_of_plugins_unique),
        cmocka_unit_test(the_order_of_providers_is_told_and_no_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
