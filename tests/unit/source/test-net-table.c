/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP sockets as the kernel lists them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "src/source/net-table.h"

static const char four[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n"
    "   0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
    "901 1 0000000000000000 100 0 0 10 0\n"
    "   1: 0200000A:C001 057100CB:115C 01 00000000:00000000 00:00000000 00000000     0        0 "
    "902 1 0000000000000000 100 0 0 10 0\n";
static const char six[] =
    "   0: 00000000000000000000000001000000:0050 B80D0120000000000000000001000000:9C40 01 "
    "00000000:00000000 00:00000000 00000000     0        0 903 1\n"
    "   1: 0000000000000000FFFF00000100007F:0050 0000000000000000FFFF0000057100CB:9C40 01 "
    "00000000:00000000 00:00000000 00000000     0        0 904 1\n";

static void sockets_have_both_ends(void **state)
{
    struct ht_str text = HT_S(four);
    struct ht_net_socket socket;
    char out[HT_NET_TEXT_MAX];

    (void)state;
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    skip(); /* the kernel writes words in its own order */
#endif
    assert_true(ht_net_next(&text, false, &socket));
    assert_int_equal(socket.state, HT_NET_LISTEN);
    assert_int_equal(socket.inode, 901);
    assert_true(ht_net_is_loopback(&socket.local));
    assert_string_equal(ht_net_format(&socket.local, out), "127.0.0.1:22");
    assert_true(ht_net_next(&text, false, &socket));
    assert_int_equal(socket.state, HT_NET_ESTABLISHED);
    assert_false(ht_net_is_loopback(&socket.remote));
    assert_string_equal(ht_net_format(&socket.remote, out), "203.0.113.5:4444");
    assert_false(ht_net_next(&text, false, &socket));
}

static void mapped_address_is_what_it_is(void **state)
{
    struct ht_str text = HT_S(six);
    struct ht_net_socket socket;
    char out[HT_NET_TEXT_MAX];

    (void)state;
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    skip();
#endif
    assert_true(ht_net_next(&text, true, &socket));
    assert_true(ht_net_is_loopback(&socket.local));
    assert_string_equal(ht_net_format(&socket.remote, out), "[2001:db8::1]:40000");
    assert_true(ht_net_next(&text, true, &socket));
    assert_true(ht_net_is_loopback(&socket.local));
    assert_string_equal(ht_net_format(&socket.remote, out), "203.0.113.5:40000");
}

static void lines_that_are_none_are_passed_over(void **state)
{
    static const char *const wrong[] = {
        "",
        "\n\n",
        "   0: 0100007F:0016 00000000:0000 0A 0 0 0 0 0\n",
        "   0: 0100007F:00160 00000000:0000 0A 0 0 0 0 0 901\n",
        "   0: 0100007F0016 00000000:0000 0A 0 0 0 0 0 901\n",
        "   0: 0100007F:0016 00000000:0000 FFF 0 0 0 0 0 901\n",
        "   0: 0100007F:0016 00000000:0000 0A 0 0 0 0 0 -1\n",
        "   0: 010000ZF:0016 00000000:0000 0A 0 0 0 0 0 901\n",
    };
    struct ht_net_socket socket;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct ht_str text = ht_str_from(wrong[i]);

        assert_false(ht_net_next(&text, false, &socket));
        assert_int_equal(text.len, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_have_both_ends),
        cmocka_unit_test(mapped_address_is_what_it_is),
        cmocka_unit_test(lines_that_are_none_are_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
