/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a test expects the Docker source to say. */
#ifndef HT_TESTS_DOCKER_EXPECT_H
#define HT_TESTS_DOCKER_EXPECT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "driver.h"
#include "peer-client.h"

#define AFTER_PING (21 * HT_NS_PER_S)

struct expected {
    enum ht_source_state state;
    size_t rows;
    const char *detail, *help; /* parts of the texts */
};

static inline bool contains(struct ht_str text, const char *part)
{
    return ht_str_find(text, ht_str_from(part), 0) >= 0;
}

static inline bool is_as_expected(struct driver *driver, void *context)
{
    const struct expected *expected = context;
    const struct ht_source *source = driver_source(driver, "docker");

    return source && source->state == expected->state &&
           contains(source->detail, expected->detail) && contains(source->help, expected->help) &&
           ht_node_set(driver->sample, HT_TABLE_CONTAINER)->len == expected->rows;
}

static inline void expect_in(struct driver *driver, const char *where, struct expected expected)
{
    if (driver_wait(driver, is_as_expected, &expected))
        return;

    const struct ht_source *source = driver_source(driver, "docker");
    fail_msg("%s: expected %s with %zu rows, \"%s\", \"%s\"; it is %s, %zu rows, \"%.*s\", "
             "\"%.*s\"",
             where, ht_enum_name(&ht_source_state_enum, expected.state), expected.rows,
             expected.detail, expected.help,
             source ? ht_enum_name(&ht_source_state_enum, source->state) : "silent",
             source ? ht_node_set(driver->sample, HT_TABLE_CONTAINER)->len : 0,
             source ? (int)source->detail.len : 0, source ? source->detail.data : "",
             source ? (int)source->help.len : 0, source ? source->help.data : "");
}

struct threshold {
    unsigned *counter;
    unsigned value;
};

static inline bool has_passed(struct driver *driver, void *context)
{
    const struct threshold *threshold = context;

    (void)driver;
    return *threshold->counter > threshold->value;
}

static inline void wait_past(struct driver *driver, unsigned *counter, unsigned value)
{
    assert_true(
        driver_wait(driver, has_passed, &(struct threshold){.counter = counter, .value = value}));
}

enum { REQUESTS_MAX = 4096 };

/* Whether a request for what has that part in its name comes before so many pings have ended; all
 * until then. */
static inline bool is_asked(struct driver *driver, struct peer_client *peer, const char *part,
                            unsigned pings, char ret_requests[REQUESTS_MAX])
{
    unsigned before = driver->confirmed;
    size_t len = 0;

    ret_requests[0] = '\0';
    for (unsigned i = 0; i < pings && !strstr(ret_requests, part); i++) {
        usleep(20000); /* pings are quicker than a busy peer's next line */
        driver_advance(driver, AFTER_PING);
        wait_past(driver, &driver->confirmed, before + i);
        peer_requests(peer, 0, ret_requests + len, REQUESTS_MAX - len);
        len = strlen(ret_requests);
    }
    return strstr(ret_requests, part);
}

#endif
