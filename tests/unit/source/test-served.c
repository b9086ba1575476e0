/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is open to others: Services, networks of Swarm's; and what the documents of an image hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>

#include <cmocka.h>

#include "src/source/docker-decode.h"
#include "src/source/kube-decode.h"
#include "src/source/oci-image.h"

#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

static void take_service(void *context, struct ht_row *row)
{
    struct ht_row **place = context;

    ht_row_unref(*place);
    *place = row;
}

/* Its ports without TLS with "; " between, from the inside of metadata and spec. */
static void assert_plain(const char *metadata, const char *spec, const char *expected)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(1 << 20);
    ht_autobuf struct ht_buf text = HT_BUF(10000), plain = HT_BUF(10000);
    ht_autorow struct ht_row *row = NULL;
    const struct ht_kube_taker taker = {.take = take_service, .context = &row};
    struct ht_kube_page page;
    struct ht_error err = {0};

    ht_buf_addf(
        &text,
        "{\"kind\":\"ServiceList\",\"metadata\":{},\"items\":[{\"metadata\":{\"name\":\"a\","
        "\"namespace\":\"b\"%s},\"spec\":{%s}}]}",
        metadata, spec);
    assert_int_equal(ht_kube_decode_page(arena, ht_buf_str(&text), &taker, &page, &err), 0);
    assert_non_null(row);
    assert_true(ht_service_has_plain(ht_service_of(row)));
    for (size_t i = 0; i < ht_service_of(row)->plain.len; i++) {
        ht_buf_add_str(&plain, ht_service_of(row)->plain.items[i]);
        ht_buf_add_text(&plain, "; ");
    }
    ht_buf_add_c(&plain, '\0');
    assert_string_equal(plain.data, expected);
}

#define OPEN       "\"type\":\"LoadBalancer\","
#define PORTS(...) "\"ports\":[" __VA_ARGS__ "]"

static void what_a_port_says_comes_before_its_number(void **state)
{
    (void)state;
    assert_plain("", OPEN PORTS("{\"port\":80,\"nodePort\":30080}"), "80, 30080 on nodes; ");
    assert_plain("", OPEN PORTS("{\"port\":80,\"name\":\"https\"}"), "");
    assert_plain("", OPEN PORTS("{\"port\":80,\"appProtocol\":\"https\"}"), "");
    assert_plain("", OPEN PORTS("{\"port\":9000,\"name\":\"http-web\"}"), "9000 (http-web); ");
    assert_plain("", OPEN PORTS("{\"port\":9000,\"appProtocol\":\"kubernetes.io/h2c\"}"), "9000; ");
    assert_plain("", OPEN PORTS("{\"port\":443},{\"port\":9000}"), "");
    assert_plain("", OPEN PORTS("{\"port\":80,\"protocol\":\"UDP\"}"), "");
}

static void only_what_others_reach_counts(void **state)
{
    (void)state;
    assert_plain("", PORTS("{\"port\":80}"), "");
    assert_plain("", "\"type\":\"ClusterIP\"," PORTS("{\"port\":80}"), "");
    assert_plain("", "\"type\":\"NodePort\"," PORTS("{\"port\":80}"), "80; ");
    assert_plain("", "\"externalIPs\":[\"10.0.0.1\"]," PORTS("{\"port\":80}"), "80; ");
    assert_plain("", OPEN "\"x\":1", "");
}

#define CERTIFICATE "\"service.beta.kubernetes.io/aws-load-balancer-ssl-cert\":\"arn:x\""

static void a_certificate_of_the_cloud_is_for_the_ports_it_names(void **state)
{
    (void)state;
    assert_plain(",\"annotations\":{" CERTIFICATE "}", OPEN PORTS("{\"port\":80}"), "");
    assert_plain(",\"annotations\":{" CERTIFICATE
                 ",\"service.beta.kubernetes.io/aws-load-balancer-ssl-ports\":\"443,api\"}",
                 OPEN PORTS("{\"port\":80},{\"port\":8080,\"name\":\"api\"}"), "80; ");
}

static void only_networks_over_several_nodes_are_told(void **state)
{
    struct ht_rowset rows = {0};
    struct ht_error err = {0};

    (void)state;
    assert_int_equal(
        ht_docker_decode_networks(
            HT_S("[{\"Id\":\"a\",\"Name\":\"x\",\"Driver\":\"overlay\",\"Options\":{\"encrypted\":"
                 "\"\"}},{\"Id\":\"b\",\"Driver\":\"bridge\",\"Options\":{}},"
                 "{\"Id\":\"c\",\"Driver\":\"overlay\",\"Options\":null,\"Peers\":[{}]},"
                 "{\"Id\":\"d\",\"Driver\":\"overlay\"}]"),
            HT_S("docker"), &rows, &err),
        0);
    assert_int_equal(rows.len, 3);
    assert_true(ht_network_of(rows.rows[0])->encrypted);
    assert_true(ht_network_has_encrypted(ht_network_of(rows.rows[1])));
    assert_false(ht_network_of(rows.rows[1])->encrypted);
    assert_int_equal(ht_network_of(rows.rows[1])->peers, 1);
    assert_false(ht_network_has_encrypted(ht_network_of(rows.rows[2])));
    assert_int_equal(ht_docker_decode_networks(HT_S("{}"), HT_S("docker"), &rows, &err), -EINVAL);
    assert_int_equal(rows.len, 3); /* what was known stays */

    /* Why nothing more is known stands beside it, once, until there is a list. */
    ht_docker_note_networks(HT_S("docker"), "refused", &rows);
    ht_docker_note_networks(HT_S("docker"), "refused", &rows);
    assert_int_equal(rows.len, 4);
    assert_true(ht_str_is(ht_network_of(rows.rows[3])->name, "refused"));
    assert_false(ht_network_has_driver(ht_network_of(rows.rows[3])));
    assert_int_equal(ht_docker_decode_networks(HT_S("[]"), HT_S("docker"), &rows, &err), 0);
    assert_int_equal(rows.len, 0);
    ht_rowset_fini(&rows);
}

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void an_index_leads_to_a_manifest_for_linux(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(1 << 20);
    const struct ht_str index = HT_STR(
        "{\"manifests\":[{\"digest\":\"x\",\"platform\":{\"os\":\"unknown\"}},"
        "{\"digest\":\"" DIGEST "\",\"platform\":{\"os\":\"linux\"}},{\"digest\":\"../../etc\"}]}");
    struct ht_oci_next next = {0};

    (void)state;
    assert_int_equal(ht_oci_decode_manifest(arena, index, 0, &next, NULL), 0);
    assert_true(next.is_manifest && ht_str_is(next.digest, DIGEST));
    assert_int_equal(ht_oci_decode_manifest(arena, index, 1, &next, NULL), -EINVAL);
    assert_int_equal(ht_oci_decode_manifest(arena, index, 2, &next, NULL), -ENODATA);
    assert_int_equal(ht_oci_decode_manifest(arena, HT_S("{\"config\":{\"digest\":\"" DIGEST "\"}}"),
                                            0, &next, NULL),
                     0);
    assert_false(next.is_manifest);
}

static void assert_secrets(struct ht_str text, size_t expected)
{
    ht_autorow struct ht_row *row = NULL;
    struct ht_error err = {0};

    assert_int_equal(ht_oci_decode_image(text, HT_S("web"), &row, &err), 0);
    assert_true(ht_container_has_image_secrets(ht_container_of(row)));
    assert_int_equal(ht_container_of(row)->image_secrets.len, expected);
}

static void secrets_of_an_image_stand_in_its_history_and_variables(void **state)
{
    struct ht_row *row = NULL;
    struct ht_error err = {0};

    (void)state;
    assert_secrets(HT_S("{\"rootfs\":{},\"history\":[]}"), 0);
    assert_secrets(HT_S("{\"history\":[{\"created_by\":\"ENV DB_PASSWORD=Qz7-unguessable-1\"}],"
                        "\"config\":{\"Env\":[\"DB_PASSWORD=Qz7-unguessable-1\",\"PATH=/bin\"]}}"),
                   1);
    assert_secrets(HT_S("{\"imageSpec\":{\"rootfs\":{},\"config\":{\"Env\":"
                        "[\"API_TOKEN=Qz7-unguessable-1\"]}}}"),
                   1);
    assert_int_equal(ht_oci_decode_image(HT_S("{\"manifests\":[]}"), HT_S("web"), &row, &err),
                     -EINVAL);
    assert_null(row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_port_says_comes_before_its_number),
        cmocka_unit_test(only_what_others_reach_counts),
        cmocka_unit_test(a_certificate_of_the_cloud_is_for_the_ports_it_names),
        cmocka_unit_test(only_networks_over_several_nodes_are_told),
        cmocka_unit_test(an_index_leads_to_a_manifest_for_linux),
        cmocka_unit_test(secrets_of_an_image_stand_in_its_history_and_variables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
