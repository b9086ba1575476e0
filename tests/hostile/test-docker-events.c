/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Docker source and what the daemon tells by itself: lines, too many of them, and none. */
#include "docker-scene.h"

static bool is_privileged(struct driver *driver, void *context)
{
    const struct ht_row *row =
        ht_node_find(driver->sample, HT_TABLE_CONTAINER, ht_str_from(context));

    return row && ht_container_of(row)->declared.privileged;
}

static void an_event_costs_one_inspect(void **state)
{
    struct driver driver = {.stands = true};
    char d4[] = "d4";

    (void)state;
    start(&driver, PATIENT);
    expect_ok(&driver, 3);
    tell("requests");
    map("/containers/d4/json", "other",
        "{\"Id\":\"d4\",\"Name\":\"/d4\",\"HostConfig\":{\"Privileged\":true}}");
    driver_advance(&driver, HT_NS_PER_S); /* what is told soon after something else waits */
    tell(EVENT("start", "d4"));
    assert_true(driver_wait(&driver, is_privileged, d4));
    assert_requests(0, "/v1.41/containers/d4/json");
    driver_advance(&driver, HT_NS_PER_S);
    tell(EVENT("destroy", "d4"));
    expect_ok(&driver, 3);
    assert_requests(0, "");
    wait_past(&driver, &driver.events, 1);
    driver_stop(&driver);
}

#define CONNECT                                                                                    \
    "event {\"Type\":\"network\",\"Action\":\"connect\",\"Actor\":{\"ID\":\"n7\","                 \
    "\"Attributes\":{\"container\":\"c3\"}}}"

/* A network that it gets, or its health, is inspected and no event of its life. */
static void an_event_aside_costs_one_inspect(void **state)
{
    static const char *const lines[] = {CONNECT, EVENT("health_status: unhealthy", "c3")};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct driver driver = {.stands = true};
        char c3[] = "c3", requests[REQUESTS_MAX];

        map("/containers/c3/json", "other",
            "{\"Id\":\"c3\",\"Name\":\"/c3\",\"State\":{\"Status\":\"running\"}}");
        start(&driver, PATIENT);
        expect_ok(&driver, 3);
        tell("requests");
        map("/containers/c3/json", "other",
            "{\"Id\":\"c3\",\"Name\":\"/c3\",\"State\":{\"Status\":\"running\"},"
            "\"HostConfig\":{\"Privileged\":true}}");
        tell(lines[i]);
        assert_true(is_asked(&driver, &peer, "/v1.41/containers/c3/json", 20, requests));
        assert_true(driver_wait(&driver, is_privileged, c3));
        assert_false(is_asked(&driver, &peer, "/containers/", 3, requests));
        assert_int_equal(driver.events, 0);
        driver_stop(&driver);
    }
}

/* A daemon that starts a container keeps who asks about it waiting. */
static void what_gets_its_network_before_it_starts_is_not_asked_for_yet(void **state)
{
    struct driver driver = {.stands = true};
    char requests[REQUESTS_MAX];

    (void)state;
    map("/containers/c3/json", "other",
        "{\"Id\":\"c3\",\"Name\":\"/c3\",\"State\":{\"Status\":\"created\"}}");
    start(&driver, PATIENT);
    expect_ok(&driver, 3);
    tell("requests");
    tell(CONNECT);
    tell(EVENT("start", "a1")); /* by which the other was read, too */
    wait_past(&driver, &driver.events, 0);
    assert_true(is_asked(&driver, &peer, "/v1.41/containers/a1/json", 20, requests));
    assert_null(strstr(requests, "/v1.41/containers/c3/json"));
    assert_false(is_asked(&driver, &peer, "/v1.41/containers/c3/json", 2, requests));
    tell(EVENT("start", "c3"));
    assert_true(is_asked(&driver, &peer, "/v1.41/containers/c3/json", 20, requests));
    driver_stop(&driver);
}

static void a_container_that_is_gone_by_then_is_no_trouble(void **state)
{
    struct driver driver = {0};

    (void)state;
    start(&driver, PATIENT);
    expect_ok(&driver, 3);
    tell(EVENT("start", "e5"));
    tell(EVENT("destroy", "a1"));
    expect_ok(&driver, 2);
    /* Nor is what was removed since the list one that is not seen. */
    pthread_mutex_lock(&driver.lock);
    assert_int_equal(driver_source(&driver, "docker")->total, 2);
    pthread_mutex_unlock(&driver.lock);
    driver_stop(&driver);
}

static void an_event_stream_that_ends_is_opened_again(void **state)
{
    struct driver driver = {0};
    struct expected cut = {
        .state = HT_SOURCE_STATE_BROKEN, .rows = 3, .detail = "closed the", .help = ""};

    (void)state;
    start(&driver, PATIENT);
    expect_ok(&driver, 3);
    /* By itself it tries again soon: what it says until then may be seen by nobody. */
    driver_expect(&driver, is_as_expected, &cut);
    tell("cut-events");
    assert_true(driver_was_told(&driver));
    driver_advance(&driver, AFTER_PING);
    expect_ok(&driver, 3);
    driver_stop(&driver);
}

/* Lines of a second, as long as so many blanks make them. */
static const struct {
    const char *line;
    int width, count;
} floods[] = {
    {"{\"Type\":\"container\",\"Action\":\"start\",\"id\":\"a1\"}", 0, 20000},
    {"{\"Type\":\"volume\"}", 40000, 400},
    {"", 0, 20000},
};

static void a_flood_of_events_is_not_followed(void **state)
{
    char path[128];

    (void)state;
    snprintf(path, sizeof(path), "%s/events", folder);
    for (size_t i = 0; i < ARRAY_LEN(floods); i++) {
        struct driver driver = {.stands = true};
        FILE *file = fopen(path, "we");

        assert_non_null(file);
        for (int j = 0; j < floods[i].count; j++)
            assert_true(fprintf(file, "%*s\n", floods[i].width, floods[i].line) > 0);
        assert_int_equal(fclose(file), 0);
        peer_stop(&peer);
        start_peer(path);
        start(&driver, PATIENT);
        expect(&driver, HT_SOURCE_STATE_BROKEN, 3, "more than 5000 events in a second");
        driver_stop(&driver);
    }
}

/* So many waited that the daemon may have left out others. */
static void a_burst_of_events_is_followed_by_a_pass(void **state)
{
    struct driver driver = {.stands = true};
    char requests[REQUESTS_MAX];

    (void)state;
    start(&driver, PATIENT);
    expect_ok(&driver, 3);
    for (int i = 0; i < 300; i++)
        tell(EVENT("start", "a1"));
    wait_past(&driver, &driver.events, 299);
    tell("requests");
    /* In the turn of a ping at the latest, and long before the pass of a daemon at rest. */
    assert_true(is_asked(&driver, &peer, "/v1.41/containers/json?all=1", 20, requests));
    driver_stop(&driver);
}

/* Read slowly, more events than a daemon keeps are no burst. */
static void a_busy_daemon_is_asked_for_its_list_each_minute(void **state)
{
    struct driver driver = {.stands = true};
    char requests[REQUESTS_MAX];

    (void)state;
    start(&driver, PATIENT);
    expect_ok(&driver, 3);
    for (unsigned i = 0; i < 260; i++) {
        tell(EVENT("start", "a1"));
        if (i % 50 == 49) {
            wait_past(&driver, &driver.events, i);
            driver_advance(&driver, HT_NS_PER_S);
        }
    }
    wait_past(&driver, &driver.events, 259);
    tell("requests");
    assert_true(is_asked(&driver, &peer, "/v1.41/containers/json?all=1", 10, requests));
    driver_stop(&driver);
}

static void a_line_that_is_no_event_is_followed_by_a_pass(void **state)
{
    struct driver driver = {.stands = true};

    (void)state;
    start(&driver, PATIENT);
    expect_ok(&driver, 3);
    tell("requests");
    unsigned published = driver_published(&driver);
    driver_advance(&driver, 6 * HT_NS_PER_S);
    tell("event {\"Type\":\"container\",\"Action\":\"start\",\"id\":\"../../../x\"}");
    wait_past(&driver, &driver.published, published);
    expect_ok(&driver, 3);
    assert_requests(0, "/v1.41/containers/json?all=1");
    driver_stop(&driver);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_event_costs_one_inspect),
        TEST(an_event_aside_costs_one_inspect),
        TEST(what_gets_its_network_before_it_starts_is_not_asked_for_yet),
        TEST(a_container_that_is_gone_by_then_is_no_trouble),
        TEST(an_event_stream_that_ends_is_opened_again),
        TEST(a_flood_of_events_is_not_followed),
        TEST(a_burst_of_events_is_followed_by_a_pass),
        TEST(a_busy_daemon_is_asked_for_its_list_each_minute),
        TEST(a_line_that_is_no_event_is_followed_by_a_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
