/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pauses, patience and ends of a source whose daemon comes and goes, on a clock of the test. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/clock.h"
#include "src/source/reconnect.h"

#define S HT_NS_PER_S

enum { SESSIONS_MAX = 12 };

struct played {
    struct ht_feed feed;
    struct ht_clock clock;
    struct ht_reconnect reconnect;
    int64_t now_ns;
    int64_t pauses[SESSIONS_MAX]; /* behind each session */
    unsigned patience[SESSIONS_MAX];
    size_t sessions, told, published;
    struct ht_trouble last_told;
    bool open;

    size_t last;      /* session behind which the end is asked for */
    size_t good;      /* session that succeeds before it fails; 0: none */
    int64_t lasts_ns; /* until it fails */
    int code;         /* with which sessions fail */
    int64_t asked_ns; /* by the server */
    bool absent;      /* nobody is there */
    bool quiet;
    bool by_socket;
    const char *named;
    int64_t rescan_ns; /* into each pause a person asks; 0: nobody does */
};

static int64_t now(void *context)
{
    return ((struct played *)context)->now_ns;
}

static struct played *played_of(struct ht_feed *feed)
{
    return (struct played *)((char *)feed - offsetof(struct played, feed));
}

static bool wait_played(struct ht_feed *feed, int64_t timeout_ns, struct ht_request *request)
{
    struct played *played = played_of(feed);
    int64_t *pause = &played->pauses[played->sessions - 1];
    int64_t until_rescan_ns = played->rescan_ns - *pause;

    memset(request, 0, sizeof(*request));
    if (timeout_ns == 0)
        return true;
    if (played->sessions == played->last)
        return false;
    if (until_rescan_ns > 0 && until_rescan_ns < timeout_ns) {
        timeout_ns = until_rescan_ns;
        request->kind = HT_REQUEST_RESCAN;
    }
    *pause += timeout_ns;
    played->now_ns += timeout_ns;
    return true;
}

static void publish(struct ht_feed *feed, struct ht_node *sample)
{
    assert_int_equal(ht_node_set(sample, HT_TABLE_SOURCE)->len, 0);
    played_of(feed)->published++;
    ht_node_unref(sample);
}

static void at(struct ht_feed *feed, const char *where)
{
    (void)feed;
    assert_non_null(where);
}

static int session(void *self, struct ht_trouble *trouble)
{
    struct played *played = self;

    assert_false(played->open);
    played->open = true;
    played->patience[played->sessions++] = played->reconnect.patience_ms;
    if (played->sessions == played->good) {
        ht_reconnect_succeeded(&played->reconnect);
        played->now_ns += played->lasts_ns;
    }
    trouble->retry_ns = played->asked_ns;
    if (played->absent)
        *trouble = (struct ht_trouble){.state = HT_SOURCE_STATE_ABSENT, .help = "none here"};
    return played->code;
}

static void disconnect(void *self)
{
    ((struct played *)self)->open = false;
}

static void tell(void *self, const struct ht_trouble *trouble)
{
    struct played *played = self;

    assert_int_equal(trouble->retry_ns, played->asked_ns);
    assert_true(played->open);
    played->last_told = *trouble;
    played->told++;
}

static void play(struct played *played)
{
    static const struct ht_reconnect_ops ops = {
        .session = session, .disconnect = disconnect, .tell = tell, .stopped = "it was stopped"};

    played->clock = (struct ht_clock){.mono_ns = now, .wall_ns = now, .context = played};
    played->feed = (struct ht_feed){
        .clock = &played->clock, .wait = wait_played, .at = at, .publish = publish};
    played->now_ns = 1000 * S + 12345678;
    ht_reconnect_init(&played->reconnect, 0, 10 * S);
    played->reconnect.quiet = played->quiet;
    played->reconnect.by_socket = played->by_socket;
    played->reconnect.named = played->named;
    ht_reconnect_run(&played->reconnect, &played->feed, &ops, played);
    assert_false(played->open);
}

static void assert_about(int64_t pause_ns, int64_t middle_ns)
{
    assert_true(pause_ns >= middle_ns / 2);
    assert_true(pause_ns <= middle_ns / 2 * 3);
}

static void pauses_grow_to_their_most(void **state)
{
    const int64_t middles[] = {S, 2 * S, 4 * S, 8 * S, 10 * S, 10 * S};
    struct played played = {.code = -ECONNREFUSED, .last = 7};

    (void)state;
    play(&played);
    assert_int_equal(played.sessions, 7);
    assert_int_equal(played.told, 7);
    for (size_t i = 0; i < sizeof(middles) / sizeof(*middles); i++)
        assert_about(played.pauses[i], middles[i]);
}

static void a_good_session_shortens_them(void **state)
{
    struct played played = {.code = -ECONNRESET, .last = 6, .good = 4, .lasts_ns = 11 * S};

    (void)state;
    play(&played);
    assert_about(played.pauses[2], 4 * S);
    assert_about(played.pauses[3], S);
    assert_about(played.pauses[4], 2 * S);
}

/* It would be asked for everything each second. */
static void one_that_ends_soon_does_not(void **state)
{
    struct played played = {.code = -ECONNRESET, .last = 6, .good = 4, .lasts_ns = 9 * S};
    struct played first = {.code = -ECONNRESET, .last = 3, .good = 1, .lasts_ns = S};

    (void)state;
    play(&played);
    assert_about(played.pauses[3], 8 * S);
    assert_about(played.pauses[4], 10 * S);
    /* What is restarted once is back at once. */
    play(&first);
    assert_about(first.pauses[0], S);
}

/* A daemon that is restarted is seen soon after it is back, however long that took. */
static void who_is_gone_is_looked_for_often(void **state)
{
    const int codes[] = {-ECONNREFUSED, -ENOENT};

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        struct played played = {.code = codes[i], .last = 10, .good = 1, .by_socket = true};

        play(&played);
        assert_int_equal(played.sessions, 10);
        for (size_t at = 0; at + 1 < 10; at++)
            assert_true(played.pauses[at] >= S / 2 && played.pauses[at] <= 2 * S);
    }
}

/* Who never was there, who does not listen at a socket of this host, and who is there and fails. */
static void of_others_pauses_grow(void **state)
{
    struct played others[] = {
        {.code = -ENOENT, .last = 7, .by_socket = true},
        {.code = -ECONNREFUSED, .last = 7, .by_socket = true},
        {.code = -ECONNREFUSED, .last = 7, .good = 1},
        {.code = -ECONNRESET, .last = 7, .good = 1, .by_socket = true},
        {.code = -ETIMEDOUT, .last = 7, .good = 1, .by_socket = true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        play(&others[i]);
        assert_about(others[i].pauses[2], 4 * S);
        assert_about(others[i].pauses[5], 10 * S);
    }
}

static void a_person_shortens_them(void **state)
{
    struct played played = {.code = -ECONNREFUSED, .last = 5, .rescan_ns = S / 4};

    (void)state;
    play(&played);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(played.pauses[i], S / 2);
}

static void late_requests_end_them_at_once(void **state)
{
    struct played played = {.code = -ECONNREFUSED, .last = 5, .rescan_ns = S};

    (void)state;
    play(&played);
    assert_int_equal(played.pauses[3], S);
}

static void what_the_server_asked_is_kept(void **state)
{
    struct played played = {.code = -EBUSY, .last = 4, .asked_ns = 30 * S, .rescan_ns = S / 4};

    (void)state;
    play(&played);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(played.pauses[i], 30 * S);
}

static void patience_grows_with_a_slow_daemon(void **state)
{
    const unsigned patience[] = {2000, 4000, 8000, 16000, 16000, 16000};
    struct played played = {.code = -ETIMEDOUT, .last = 6};

    (void)state;
    play(&played);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(played.patience[i], patience[i]);

    ht_reconnect_took(&played.reconnect, 5 * S);
    assert_int_equal(played.reconnect.patience_ms, 16000);
    for (int i = 0; i < 5; i++)
        ht_reconnect_took(&played.reconnect, S / 10);
    assert_int_equal(played.reconnect.patience_ms, 2000);
}

static void patience_stays_with_a_daemon_that_refuses(void **state)
{
    struct played played = {.code = -ECONNREFUSED, .last = 6};

    (void)state;
    play(&played);
    assert_int_equal(played.patience[5], 2000);
}

static void an_end_in_the_session_tells_nothing(void **state)
{
    struct played played = {.code = 0, .last = 1};

    (void)state;
    play(&played);
    assert_int_equal(played.sessions, 1);
    assert_int_equal(played.told, 0);
}

static void assert_last(const struct played *played, enum ht_source_state state, const char *help)
{
    assert_int_equal(played->last_told.state, state);
    assert_string_equal(played->last_told.help, help);
}

static void who_is_absent_is_told_as_what_is_known_of_it(void **state)
{
    struct played plain = {.code = -ENOENT, .absent = true, .last = 3};
    struct played named = {.code = -ENOENT, .absent = true, .last = 3, .named = "as was said"};
    struct played stopped = {
        .code = -ENOENT, .absent = true, .last = 3, .good = 1, .quiet = true, .named = "as said"};

    (void)state;
    play(&plain);
    assert_last(&plain, HT_SOURCE_STATE_ABSENT, "none here");
    play(&named);
    assert_last(&named, HT_SOURCE_STATE_BROKEN, "as was said");
    play(&stopped);
    assert_last(&stopped, HT_SOURCE_STATE_BROKEN, "it was stopped");
    assert_int_equal(plain.told + named.told + stopped.told, 9);
    assert_int_equal(plain.published + named.published + stopped.published, 0);
}

static void of_who_is_not_missed_nothing_is_told_once(void **state)
{
    struct played played = {.code = -ENOENT, .absent = true, .last = 5, .quiet = true};

    (void)state;
    play(&played);
    assert_int_equal(played.told, 0);
    assert_int_equal(played.published, 1);
}

static void the_users_timeout_has_bounds(void **state)
{
    struct ht_reconnect reconnect;

    (void)state;
    ht_reconnect_init(&reconnect, 7 * S, 10 * S);
    assert_int_equal(reconnect.least_ms, 7000);
    ht_reconnect_init(&reconnect, 61 * S, 10 * S);
    assert_int_equal(reconnect.least_ms, 2000);
    ht_reconnect_init(&reconnect, HT_NS_PER_MS - 1, 10 * S);
    assert_int_equal(reconnect.least_ms, 2000);
    ht_reconnect_init(&reconnect, -1, 10 * S);
    assert_int_equal(reconnect.least_ms, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_grow_to_their_most),
        cmocka_unit_test(a_good_session_shortens_them),
        cmocka_unit_test(one_that_ends_soon_does_not),
        cmocka_unit_test(who_is_gone_is_looked_for_often),
        cmocka_unit_test(of_others_pauses_grow),
        cmocka_unit_test(a_person_shortens_them),
        cmocka_unit_test(late_requests_end_them_at_once),
        cmocka_unit_test(what_the_server_asked_is_kept),
        cmocka_unit_test(patience_grows_with_a_slow_daemon),
        cmocka_unit_test(patience_stays_with_a_daemon_that_refuses),
        cmocka_unit_test(an_end_in_the_session_tells_nothing),
        cmocka_unit_test(who_is_absent_is_told_as_what_is_known_of_it),
        cmocka_unit_test(of_who_is_not_missed_nothing_is_told_once),
        cmocka_unit_test(the_users_timeout_has_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
