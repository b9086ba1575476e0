/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "src/source/kube-config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char good[] = "apiVersion: v1\n"
                           "kind: Config\n"
                           "current-context: one\n"
                           "contexts:\n"
                           "- {name: one, context: {cluster: c1, user: u1}}\n"
                           "- {name: two, context: {cluster: c2, user: u2}}\n"
                           "- {name: lost, context: {cluster: nowhere, user: u1}}\n"
                           "- {name: nobody, context: {cluster: c1, user: gone}}\n"
                           "- {name: plugin, context: {cluster: c1, user: p}}\n"
                           "clusters:\n"
                           "- name: c1\n"
                           "  cluster:\n"
                           "    server: https://10.0.0.1:6443\n"
                           "    proxy-url: http://127.0.0.1:3128\n"
                           "    certificate-authority-data: |\n      aGVs\n      bG8=\n"
                           "- name: c2\n"
                           "  cluster: {server: \"https://rancher.example/k8s/clusters/c-1/\",\n"
                           "            certificate-authority: ca.pem,\n"
                           "            insecure-skip-tls-verify: true}\n"
                           "users:\n"
                           "- name: u1\n"
                           "  user: {client-certificate-data: Y2VydA==, client-key-data: a2V5}\n"
                           "- {name: u2, user: {token: t0ken, tokenFile: /run/token}}\n"
                           "- {name: p, user: {exec: {command: aws, args: [x]}}}\n";

static void decode(const char *context, struct ht_kube_access *access)
{
    struct ht_error err = {0};

    if (ht_kube_config_decode(ht_str_from(good), "/etc/x/config", context, access, &err) < 0)
        fail_msg("%s", err.text);
}

static void assert_bytes(const struct ht_buf *buf, const char *wanted)
{
    assert_true(ht_str_is(ht_buf_str(buf), wanted));
}

static void the_current_context_is_taken(void **state)
{
    struct ht_kube_access access = {0};

    (void)state;
    decode(NULL, &access);
    assert_string_equal(access.server, "https://10.0.0.1:6443");
    assert_string_equal(access.prefix, "");
    assert_string_equal(access.cluster, "c1");
    assert_bytes(&access.ca.bytes, "hello");
    assert_bytes(&access.cert.bytes, "cert");
    assert_bytes(&access.key.bytes, "key");
    assert_false(access.insecure);
    assert_null(access.plugin);
    assert_string_equal(access.proxy, "http://127.0.0.1:3128");
    ht_kube_access_fini(&access);
}

static void another_context_can_be_named(void **state)
{
    struct ht_kube_access access = {0};

    (void)state;
    decode("two", &access);
    assert_string_equal(access.server, "https://rancher.example");
    assert_string_equal(access.prefix, "/k8s/clusters/c-1");
    assert_string_equal(access.ca.file, "/etc/x/ca.pem");
    assert_bytes(&access.token, "t0ken");
    assert_string_equal(access.token_file, "/run/token");
    assert_true(access.insecure);
    ht_kube_access_fini(&access);
    decode("plugin", &access);
    assert_string_equal(access.plugin->argv[0], "aws");
    assert_string_equal(access.plugin->argv[1], "x");
    assert_null(access.plugin->argv[2]);
    ht_kube_access_fini(&access);
}

static void refuse(const char *text, const char *context, const char *message)
{
    struct ht_kube_access access = {0};
    struct ht_error err = {0};

    assert_int_equal(ht_kube_config_decode(ht_str_from(text), "k", context, &access, &err),
                     -EINVAL);
    assert_string_equal(err.text, message);
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    refuse(good, "three", "k: context \"three\" is not in it");
    refuse(good, "lost", "k: cluster \"nowhere\" is not in it, or has no server");
    refuse(good, "nobody", "k: user \"gone\" is not in it");
    refuse("a: 1\n", NULL, "k: no current-context");
    refuse("[", NULL, "k:2: while parsing a flow node did not find expected node content");
    refuse("current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
           "clusters: [{name: c, cluster: {server: \"ftp://x\"}}]\n",
           NULL, "k: server: neither https:// nor http://");
    refuse("current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
           "clusters: [{name: c, cluster: {server: \"https://x\", certificate-authority-data: "
           "\"*\"}}]\n",
           NULL, "k: certificate-authority-data: not base64");
}

static void messages_hold_no_secret(void **state)
{
    struct ht_kube_access access = {0};
    struct ht_error err = {0};

    (void)state;
    assert_true(ht_kube_config_decode(
                    HT_S("current-context: a\ncontexts: [{name: a, context: {cluster: c, user: "
                         "u}}]\nclusters: [{name: c, cluster: {server: \"https://x\"}}]\nusers: "
                         "[{name: u, user: {client-key-data: \"hunter2!\"}}]\n"),
                    "k", NULL, &access, &err) < 0);
    assert_null(strstr(err.text, "hunter2"));
    refuse("current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n"
           "clusters: [{name: c, cluster: {server: \"https://admin:hunter2@x:6443\"}}]\n",
           NULL, "k: server: an address with a user's name cannot be used");
}

static void a_pod_knows_its_cluster(void **state)
{
    struct ht_kube_access access = {0};
    struct ht_error err = {0};
    char folder[] = "/tmp/token.XXXXXX", path[64];

    (void)state;
    assert_int_equal(ht_kube_in_cluster("/nonexistent", NULL, NULL, &access, &err), -ENOENT);
    assert_int_equal(ht_kube_in_cluster("/nonexistent", "10.0.0.1", "443", &access, &err), -ENOENT);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/token", folder);
    fclose(fopen(path, "we"));
    assert_int_equal(ht_kube_in_cluster(folder, "fd00::1", "443", &access, &err), 0);
    assert_string_equal(access.server, "https://[fd00::1]:443");
    assert_string_equal(access.token_file, path);
    ht_kube_access_fini(&access);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_current_context_is_taken),
        cmocka_unit_test(another_context_can_be_named),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(messages_hold_no_secret),
        cmocka_unit_test(a_pod_knows_its_cluster),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
