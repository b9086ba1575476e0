/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/model/document.h"
#include "tests/unit/model/random-row.h"

enum { FRAMES = 40, ROWS = 5 };

static int collect(void *context, struct ht_str line, struct ht_error *err)
{
    (void)err;
    assert_int_equal(line.data[line.len - 1], '\n');
    ht_buf_add_str(context, line);
    return 0;
}

/* A node like the last one with some rows replaced, some gone, some new. */
static struct ht_node *mutate(struct random *random, const struct ht_node *last)
{
    struct ht_node *node =
        ht_node_new(last->taken_at + (int64_t)random_below(random, 30) * HT_NS_PER_S);

    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        const struct ht_table *table = ht_table_get((enum ht_table_id)id);

        for (unsigned i = 0; i < last->sets[id].len; i++) {
            struct ht_row *row = last->sets[id].rows[i];
            uint64_t fate = random_below(random, 20);

            if (fate == 1) /* an equal row at another place in memory is no change */
                ht_node_add(node, ht_row_new(table, ht_row_data(row, table)));
            else if (fate > 1)
                ht_node_add(node, ht_row_ref(row));
        }
        if (random_below(random, 8) == 0)
            ht_node_add(node, random_row(random, table, (unsigned)random_below(random, 2 * ROWS)));
    }
    ht_node_sort(node);
    return node;
}

struct tape {
    struct ht_arena *arena;
    struct random random;
    struct ht_node *nodes[FRAMES];
    size_t len; /* nodes that gave a line */
    struct ht_buf text;
};

static void record(struct tape *tape, uint64_t seed)
{
    struct ht_recorder *recorder = ht_recorder_new(collect, &tape->text);
    struct ht_node *node;

    tape->arena = ht_arena_new(SIZE_MAX / 2);
    tape->random = (struct random){.state = seed * 0x9e3779b97f4a7c15, .arena = tape->arena};
    node = random_node(&tape->random, ROWS);
    node->taken_at = INT64_C(1763906551) * HT_NS_PER_S + 7;
    while (tape->len < FRAMES) {
        size_t before = tape->text.len;

        assert_int_equal(ht_recorder_put(recorder, node, NULL), 0);
        if (tape->text.len > before)
            tape->nodes[tape->len++] = ht_node_ref(node);

        /* The same again says nothing. */
        before = tape->text.len;
        assert_int_equal(ht_recorder_put(recorder, node, NULL), 0);
        assert_int_equal(tape->text.len, before);

        struct ht_node *next = mutate(&tape->random, node);
        ht_node_unref(node);
        node = next;
    }
    ht_node_unref(node);
    ht_recorder_free(recorder);
}

static void erase(struct tape *tape)
{
    for (size_t i = 0; i < tape->len; i++)
        ht_node_unref(tape->nodes[i]);
    ht_buf_fini(&tape->text);
    ht_arena_free(tape->arena);
}

static size_t full_frames(const struct tape *tape)
{
    size_t full = 0;
    ptrdiff_t at = -1;

    while ((at = ht_str_find(ht_buf_str(&tape->text), HT_S("\"node\":{"), (size_t)(at + 1))) >= 0)
        full++;
    return full;
}

static void a_recording_plays_what_was_recorded(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct tape tape = {.text = HT_BUF(HT_LIMIT_DOCUMENT)};
        struct ht_player *player = NULL;
        struct ht_error err = {0};

        record(&tape, seed);
        assert_true(full_frames(&tape) > 0);
        if (ht_player_new(ht_buf_str(&tape.text), "f", &player, &err) < 0)
            fail_msg("seed %d: %s", (int)seed, err.text);
        assert_int_equal(ht_player_cut_line(player), 0);
        assert_int_equal(ht_player_frames(player), FRAMES);
        for (size_t n = 0; n < 4 * FRAMES; n++) {
            /* First forward, then at random. */
            size_t frame = n < FRAMES ? n : random_below(&tape.random, FRAMES);
            ht_autonode struct ht_node *node = NULL;

            assert_int_equal(ht_player_time(player, frame), tape.nodes[frame]->taken_at);
            if (ht_player_node(player, frame, &node, &err) < 0)
                fail_msg("seed %d: %s", (int)seed, err.text);
            if (!nodes_equal(node, tape.nodes[frame]))
                fail_msg("seed %d: frame %zu differs", (int)seed, frame);
        }
        ht_player_free(player);
        erase(&tape);
    }
}

static void going_forward_shares_rows(void **state)
{
    struct tape tape = {.text = HT_BUF(HT_LIMIT_DOCUMENT)};
    struct ht_player *player = NULL;
    ht_autonode struct ht_node *first = NULL;
    ht_autonode struct ht_node *second = NULL;
    size_t shared = 0, rows = 0;

    (void)state;
    record(&tape, 99);
    assert_int_equal(ht_player_new(ht_buf_str(&tape.text), "f", &player, NULL), 0);
    assert_int_equal(ht_player_node(player, 0, &first, NULL), 0);
    assert_int_equal(ht_player_node(player, 1, &second, NULL), 0);
    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        for (size_t i = 0; i < first->sets[id].len; i++, rows++)
            shared += ht_node_find(second, (enum ht_table_id)id,
                                   ht_row_id(first->sets[id].rows[i])) == first->sets[id].rows[i];
    }
    assert_true(shared > rows / 2);
    ht_player_free(player);
    erase(&tape);
}

static int refuse(void *context, struct ht_str line, struct ht_error *err)
{
    bool *broken = context;

    (void)line;
    return *broken ? ht_error_set(err, ENOSPC, "disk full") : 0;
}

static void a_failed_line_is_tried_again(void **state)
{
    bool broken = true;
    struct ht_recorder *recorder = ht_recorder_new(refuse, &broken);
    ht_autonode struct ht_node *node = ht_node_new(1);
    struct ht_error err = {0};

    (void)state;
    assert_int_equal(ht_recorder_put(recorder, node, &err), -ENOSPC);
    assert_string_equal(err.text, "disk full");
    broken = false;
    assert_int_equal(ht_recorder_put(recorder, node, &err), 0);
    broken = true; /* nothing to write any more */
    assert_int_equal(ht_recorder_put(recorder, node, &err), 0);
    ht_recorder_free(recorder);
}

static void time_never_goes_back(void **state)
{
    ht_autobuf struct ht_buf text = HT_BUF(100000);
    struct ht_recorder *recorder = ht_recorder_new(collect, &text);
    ht_autoarena struct ht_arena *arena = ht_arena_new(1000000);
    struct random random = {.state = 5, .arena = arena, .plain = true};
    ht_autonode struct ht_node *node = ht_node_new(10 * HT_NS_PER_S);
    ht_autonode struct ht_node *earlier = ht_node_new(5 * HT_NS_PER_S);
    struct ht_player *player = NULL;

    (void)state;
    ht_node_add(earlier, random_row(&random, &ht_group_table, 1));
    assert_int_equal(ht_recorder_put(recorder, node, NULL), 0);
    assert_int_equal(ht_recorder_put(recorder, earlier, NULL), 0);
    assert_int_equal(ht_player_new(ht_buf_str(&text), "f", &player, NULL), 0);
    assert_int_equal(ht_player_time(player, 1), 10 * HT_NS_PER_S);
    ht_player_free(player);
    ht_recorder_free(recorder);
}

#define FIRST                                                                                      \
    "{\"schema\":\"hulltop-node/"                                                                  \
    "1\",\"recording\":true,\"taken_at\":5,\"containers\":[{\"id\":\"a\"},{\"id\":\"b\"}]}\n"

static void a_line_cut_off_at_the_end_is_dropped(void **state)
{
    static const char *const tails[] = {"{\"at\":6,\"put\":{\"contai", "{", "{\"at\":6"};
    static const char *const whole[] = {"", "\n", "{\"at\":6}", "{\"at\":6}\n\n"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
        ht_autobuf struct ht_buf text = HT_BUF(10000);
        struct ht_player *player = NULL;

        ht_buf_addf(&text, "%s%s", FIRST, tails[i]);
        assert_int_equal(ht_player_new(ht_buf_str(&text), "f", &player, NULL), 0);
        assert_int_equal(ht_player_cut_line(player), 2);
        assert_int_equal(ht_player_frames(player), 1);
        ht_player_free(player);
        ht_buf_add_c(&text, '\n');
        assert_int_equal(ht_player_new(ht_buf_str(&text), "f", &player, NULL), -EINVAL);
    }
    for (size_t i = 0; i < ARRAY_LEN(whole); i++) {
        ht_autobuf struct ht_buf text = HT_BUF(10000);
        struct ht_player *player = NULL;

        ht_buf_addf(&text, "%s%s", FIRST, whole[i]);
        assert_int_equal(ht_player_new(ht_buf_str(&text), "f", &player, NULL), 0);
        assert_int_equal(ht_player_cut_line(player), 0);
        assert_int_equal(ht_player_frames(player), i < 2 ? 1 : 2);
        ht_player_free(player);
    }
}

static void bad_lines_are_told_by_their_number(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"", "f: an empty recording"},
        {"{\"schema\":\"hulltop-node/1\",\"recording\":true,\"taken_at\":",
         "f: the recording ends in the middle of a record (line 1)"},
        {"{\"schema\":\"hulltop-node/1\",\"taken_at\":5}\n", "f: line 1: recording: expected true"},
        {"{\"schema\":\"hulltop-node/1\",\"recording\":true}\n",
         "f: line 1: taken_at: expected a time such as 2026-11-23T14:02:31Z"},
        {FIRST "[]\n", "f: line 2: expected an object"},
        {FIRST "{}\n", "f: line 2: at: expected a time such as 2026-11-23T14:02:31Z"},
        {FIRST "{\"at\":4}\n", "f: line 2: its time is before that of the line above"},
        {FIRST "\n{\"at\":6,\"put\":[]}\n", "f: line 3: put: expected an object"},
        {FIRST "{\"at\":6,\"node\":7}\n", "f: line 2: node: expected an object"},
        {FIRST "{\"at\":6,\"put\":{\"containers\":[{\"pid\":1}]}}\n",
         "f: line 2: containers[0].id: is missing"},
        {FIRST "{\"at\":6,\"drop\":[]}\n", "f: line 2: drop: expected an object"},
        {FIRST "{\"at\":6,\"drop\":{\"containers\":\"a\"}}\n",
         "f: line 2: drop: containers: expected a list"},
        {FIRST "{\"at\":6,\"drop\":{\"containers\":[\"a\",1]}}\n",
         "f: line 2: drop: containers[1]: expected a text"},
        {FIRST "{\"at\":6,\"drop\":{\"containers\":\"a\"}}",
         "f: line 2: drop: containers: expected a list"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_player *player = NULL;
        struct ht_error err = {0};

        assert_int_equal(ht_player_new(ht_str_from(cases[i].text), "f", &player, &err), -EINVAL);
        assert_string_equal(err.text, cases[i].message);
        assert_null(player);
    }
}

static void drops_come_before_puts_and_strangers_are_ignored(void **state)
{
    static const char text[] =
        FIRST "{\"at\":6,\"put\":{\"containers\":[{\"id\":\"a\",\"pid\":1}],\"novelties\":[1]},"
              "\"drop\":{\"containers\":[\"a\",\"b\",\"zz\"],\"novelties\":7}}\n";
    struct ht_player *player = NULL;
    ht_autonode struct ht_node *node = NULL;
    struct ht_error err = {0};

    (void)state;
    assert_int_equal(ht_player_new(ht_str_from(text), "f", &player, &err), 0);
    assert_int_equal(ht_player_node(player, 1, &node, &err), 0);
    assert_int_equal(node->taken_at, 6);
    assert_int_equal(node->sets[HT_TABLE_CONTAINER].len, 1);
    assert_int_equal(ht_container_of(node->sets[HT_TABLE_CONTAINER].rows[0])->pid, 1);

    struct ht_node *none = NULL;
    assert_int_equal(ht_player_node(player, 2, &none, &err), -ERANGE);
    assert_null(none);
    ht_player_free(player);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recording_plays_what_was_recorded),
        cmocka_unit_test(going_forward_shares_rows),
        cmocka_unit_test(a_failed_line_is_tried_again),
        cmocka_unit_test(time_never_goes_back),
        cmocka_unit_test(a_line_cut_off_at_the_end_is_dropped),
        cmocka_unit_test(bad_lines_are_told_by_their_number),
        cmocka_unit_test(drops_come_before_puts_and_strangers_are_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
