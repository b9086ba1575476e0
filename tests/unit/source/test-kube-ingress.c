/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which hosts an Ingress serves without TLS. */
#include "src/source/kube-decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/mem.h"

static void take_ingress(void *context, struct ht_row *row)
{
    struct ht_row **place = context;

    ht_row_unref(*place);
    *place = row;
}

/* Its plain hosts with blanks between, from the spec of one Ingress. */
static void assert_plain(const char *metadata, const char *spec, const char *expected)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(1 << 20);
    ht_autobuf struct ht_buf text = HT_BUF(10000), plain = HT_BUF(10000);
    ht_autorow struct ht_row *row = NULL;
    const struct ht_kube_taker taker = {.take = take_ingress, .context = &row};
    struct ht_kube_page page;
    struct ht_error err = {0};

    ht_buf_addf(
        &text,
        "{\"kind\":\"IngressList\",\"metadata\":{},\"items\":[{\"metadata\":{\"name\":\"a\","
        "\"namespace\":\"b\"%s},\"spec\":%s}]}",
        metadata, spec);
    assert_int_equal(ht_kube_decode_page(arena, ht_buf_str(&text), &taker, &page, &err), 0);
    assert_non_null(row);
    for (size_t i = 0; i < ht_ingress_of(row)->plain.len; i++) {
        ht_buf_add_str(&plain, ht_ingress_of(row)->plain.items[i]);
        ht_buf_add_c(&plain, ' ');
    }
    ht_buf_add_c(&plain, '\0');
    assert_string_equal(plain.data, expected);
}

#define RULES(...) "{\"rules\":[" __VA_ARGS__ "]"
#define HOST(name) "{\"host\":\"" name "\"}"

static void each_host_needs_an_entry_of_tls(void **state)
{
    (void)state;
    assert_plain("", RULES(HOST("a.x") "," HOST("b.x")) "}", "a.x b.x ");
    assert_plain("", RULES(HOST("a.x") "," HOST("b.x")) ",\"tls\":[{\"hosts\":[\"b.x\"]}]}",
                 "a.x ");
    assert_plain("",
                 RULES(HOST("a.x.y") "," HOST("x.y") "," HOST(
                     "a.b.x.y")) ",\"tls\":[{\"hosts\":[\"*.x.y\"]}]}",
                 "x.y a.b.x.y ");
    assert_plain("", RULES(HOST("a.x")) ",\"tls\":[{\"secretName\":\"s\"}]}", "");
    assert_plain("", RULES(HOST("a.x")) ",\"tls\":[]}", "a.x ");
    assert_plain("", RULES(HOST("a.x")) ",\"tls\":null}", "a.x ");
    assert_plain("", "{\"defaultBackend\":{}}", "* ");
    assert_plain("", "{\"defaultBackend\":{},\"tls\":[{}]}", "");
    assert_plain(",\"annotations\":{\"alb.ingress.kubernetes.io/certificate-arn\":\"arn:x\"}",
                 RULES(HOST("a.x")) "}", "");
    assert_plain(",\"annotations\":{\"alb.ingress.kubernetes.io/certificate-arn\":\"\"}",
                 RULES(HOST("a.x")) "}", "a.x ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_host_needs_an_entry_of_tls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
