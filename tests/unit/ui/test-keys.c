/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"
#include "hulltop/ui/keys.h"

static const struct ht_offer home_own[] = {
    {.action = HT_ACTION_OPEN, .hinted = true},
    {.action = HT_ACTION_PANE_1, .hinted = true},
    {.action = HT_ACTION_PANE_2, .hinted = true},
    {.action = HT_ACTION_PANE_6, .hinted = true},
    {.action = HT_ACTION_NEXT_VIEW,
     .hinted = true,
     .hint = "panes",
     .help = "Panes or worst findings"},
    {.action = HT_ACTION_DOWN},
};
static const struct ht_offer common[] = {
    {.action = HT_ACTION_HELP, .hinted = true},
    {.action = HT_ACTION_CLOSE, .hinted = true, .keep = true},
    {.action = HT_ACTION_NEXT_VIEW, .hinted = true, .hint = "never seen"},
};
static const struct ht_offers home = {.own = home_own,
                                      .own_len = ARRAY_LEN(home_own),
                                      .common = common,
                                      .common_len = ARRAY_LEN(common)};

static void every_action_has_one_binding(void **state)
{
    size_t n = 0;
    const struct ht_binding *table = ht_keys_table(&n);

    (void)state;
    assert_int_equal(n, HT_ACTION_COUNT - 1);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(ht_keys_binding(table[i].action), &table[i]);
        assert_true(table[i].keys[0] != 0);
        assert_true(strlen(table[i].name) > 0 && strlen(table[i].hint) > 0);
        assert_true(strlen(table[i].help) > 0 && strlen(table[i].help) < 64);
        for (size_t k = i + 1; k < n; k++)
            assert_string_not_equal(table[i].name, table[k].name);
    }
    assert_null(ht_keys_binding(HT_ACTION_NONE));
}

static void no_key_asks_for_two_actions(void **state)
{
    size_t n = 0;
    const struct ht_binding *table = ht_keys_table(&n);
    uint32_t seen[HT_ACTION_COUNT * HT_BINDING_KEYS_MAX];
    size_t seen_len = 0;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < HT_BINDING_KEYS_MAX && table[i].keys[k] != 0; k++) {
            for (size_t s = 0; s < seen_len; s++)
                assert_int_not_equal(seen[s], table[i].keys[k]);
            seen[seen_len++] = table[i].keys[k];
        }
    }
}

static void keys_of_deletion_are_never_bound(void **state)
{
    static const uint32_t never[] = {'d', 'x', 'D', 'K', 'X', HT_CTRL('a'), HT_CTRL('k')};
    size_t n = 0;
    const struct ht_binding *table = ht_keys_table(&n);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(never); i++) {
        assert_true(ht_keys_is_harmless(never[i]));
        for (size_t b = 0; b < n; b++) {
            for (size_t k = 0; k < HT_BINDING_KEYS_MAX; k++)
                assert_int_not_equal(table[b].keys[k], never[i]);
        }
    }
    assert_false(ht_keys_is_harmless('j'));
}

static void every_function_key_has_a_letter(void **state)
{
    size_t n = 0;
    const struct ht_binding *table = ht_keys_table(&n);

    (void)state;
    for (size_t i = 0; i < n; i++)
        assert_false(table[i].keys[0] >= HT_KEY_F1 && table[i].keys[0] <= HT_KEY_F12);
}

static void what_is_not_offered_is_not_bound(void **state)
{
    (void)state;
    assert_int_equal(ht_keys_action(&home, (struct ht_key){.code = HT_KEY_ENTER}), HT_ACTION_OPEN);
    assert_int_equal(ht_keys_action(&home, (struct ht_key){.code = HT_KEY_F(1)}), HT_ACTION_HELP);
    assert_int_equal(ht_keys_action(&home, (struct ht_key){.code = HT_KEY_DOWN}), HT_ACTION_DOWN);
    assert_int_equal(ht_keys_action(&home, (struct ht_key){.code = 's'}), HT_ACTION_NONE);
    assert_int_equal(ht_keys_action(&home, (struct ht_key){.code = '3'}), HT_ACTION_NONE);
    assert_int_equal(ht_keys_action(&home, (struct ht_key){.code = HT_KEY_NONE}), HT_ACTION_NONE);
}

static void assert_hints(int width, const char *expected)
{
    ht_autocanvas struct ht_canvas *canvas = ht_canvas_new(2, width);
    ht_autobuf struct ht_buf text = HT_BUF(4096);

    ht_keys_draw_hints(ht_area_all(canvas), 0, &home);
    ht_canvas_text(canvas, &text);
    assert_int_equal(strncmp(text.data, expected, strlen(expected)), 0);
    assert_int_equal(text.data[strlen(expected)], '\n');
}

static void hints_are_left_out_until_they_fit(void **state)
{
    (void)state;
    assert_hints(80, "Enter open  1-6 pane  v panes  ? help  q quit");
    assert_hints(45, "Enter open  1-6 pane  v panes  ? help  q quit");
    assert_hints(44, "Enter open  1-6 pane  v panes  q quit");
    assert_hints(30, "Enter open  1-6 pane  q quit");
    assert_hints(8, "q quit");
    assert_hints(5, "");
}

struct help {
    struct ht_buf text;
};

static void add_help(void *context, const char *keys, const char *help)
{
    struct help *all = context;

    ht_buf_addf(&all->text, "%s: %s\n", keys, help);
}

static void help_lists_what_is_offered(void **state)
{
    struct help all = {.text = HT_BUF(4096)};

    (void)state;
    ht_keys_each_help(&home, add_help, &all);
    assert_string_equal(all.text.data, "j Down: Move down\n"
                                       "Enter: Open what is selected\n"
                                       "1-6: The question of that number\n"
                                       "v: Panes or worst findings\n"
                                       "? F1 F7: Keys of this screen, what its columns mean\n"
                                       "q: Close this screen; quit on the first one\n");
    ht_buf_fini(&all.text);
}

static void assert_name(uint32_t code, const char *expected)
{
    ht_autobuf struct ht_buf name = HT_BUF(32);

    ht_key_name(code, &name);
    assert_string_equal(name.data, expected);
}

static void keys_have_the_names_people_use(void **state)
{
    (void)state;
    assert_name('j', "j");
    assert_name(HT_CTRL('d'), "C-d");
    assert_name(HT_KEY_F(10), "F10");
    assert_name(HT_KEY_BACKTAB, "S-Tab");
    assert_name(HT_KEY_TAB, "Tab");
    assert_name(' ', "Space");
    assert_name(HT_KEY_PAGE_UP, "PgUp");
    assert_name(0xe9, "\xc3\xa9");
    assert_name(HT_KEY_UNKNOWN, "?");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_action_has_one_binding),
        cmocka_unit_test(no_key_asks_for_two_actions),
        cmocka_unit_test(keys_of_deletion_are_never_bound),
        cmocka_unit_test(every_function_key_has_a_letter),
        cmocka_unit_test(what_is_not_offered_is_not_bound),
        cmocka_unit_test(hints_are_left_out_until_they_fit),
        cmocka_unit_test(help_lists_what_is_offered),
        cmocka_unit_test(keys_have_the_names_people_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
