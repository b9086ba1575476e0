/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A peer that says it is Podman is asked in Podman's own API. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/tree.h"
#include "hulltop/base/mem.h"
#include "driver.h"
#include "peer-client.h"

static struct peer_client peer;
static char folder[64];

static const char *const files[] = {"map", "ping.http", "info.json", "list.json", "c1.json"};

static void write_file(const char *name, const char *text)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    ht_test_write_file(path, text);
}

static void answer_ping(const char *libpod)
{
    char text[300];

    snprintf(text, sizeof(text),
             "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nLibpod-Api-Version: %s\r\n"
             "Server: Libpod/%s (linux)\r\nContent-Length: 2\r\n\r\nOK",
             libpod, libpod);
    write_file("ping.http", text);
}

static int set_up(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    snprintf(folder, sizeof(folder), "%s/podman.XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    write_file("map", "/_ping ping.http\n/info info.json\n/containers/json list.json\n"
                      "/containers/c1/json c1.json\n"
                      "/v4.3.1/libpod/containers/json list.json\n"
                      "/v4.3.1/libpod/containers/c1/json c1.json\n");
    write_file("info.json", "{\"ServerVersion\":\"4.3.1\",\"SecurityOptions\":[]}");
    write_file("list.json", "[{\"Id\":\"c1\",\"Names\":[\"web\"],\"State\":\"running\"},"
                            "{\"Id\":\"b1\",\"Names\":[\"left\"],\"State\":\"storage\","
                            "\"Command\":[\"buildah\"]}]");
    write_file("c1.json", "{\"Id\":\"c1\",\"Name\":\"web\",\"State\":{\"Status\":\"running\"},"
                          "\"EffectiveCaps\":[],\"BoundingCaps\":[\"CAP_CHOWN\"],"
                          "\"HostConfig\":{\"Privileged\":false,\"CapAdd\":[],\"CapDrop\":[]}}");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[160];

        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static bool is_ok(struct driver *driver, void *context)
{
    const struct ht_row *row =
        driver->sample ? ht_node_find(driver->sample, HT_TABLE_SOURCE, HT_S("docker")) : NULL;

    (void)context;
    return row && ht_source_of(row)->state == HT_SOURCE_STATE_OK;
}

/* Starts peer and driver; requests gets what was asked for until the source was content. */
static void look(struct driver *driver, const char *libpod, char *requests, size_t size)
{
    const char *arguments[] = {"--answers", folder, NULL};

    answer_ping(libpod);
    peer_start(&peer, 0, arguments);
    const struct ht_docker_options options = {.url = peer.socket, .timeout_ns = 60 * HT_NS_PER_S};
    driver_start(driver, ht_docker_driver(&options));
    assert_true(driver_wait(driver, is_ok, NULL));
    peer_tell(&peer, "requests", requests, size);
}

static void stop(struct driver *driver)
{
    driver_stop(driver);
    peer_stop(&peer);
}

static void its_own_api_is_asked(void **state)
{
    struct driver driver = {0};
    char requests[4096];

    (void)state;
    look(&driver, "4.3.1", requests, sizeof(requests));
    assert_non_null(strstr(requests, "GET /v4.3.1/libpod/containers/json?all=true&external=true "));
    assert_non_null(strstr(requests, "GET /v4.3.1/libpod/containers/c1/json "));
    /* There is nothing more to be had about it. */
    assert_null(strstr(requests, "containers/b1/json"));
    pthread_mutex_lock(&driver.lock);
    const struct ht_rowset *set = ht_node_set(driver.sample, HT_TABLE_CONTAINER);
    assert_int_equal(set->len, 2);
    const struct ht_container *left = ht_container_of(set->rows[0]);
    const struct ht_container *web = ht_container_of(set->rows[1]);
    assert_true(ht_str_is(left->runtime, "buildah"));
    assert_int_equal(left->state, HT_CONTAINER_STATE_CREATED);
    assert_true(ht_str_is(web->runtime, "podman"));
    assert_int_equal(web->declared.caps, 1);
    pthread_mutex_unlock(&driver.lock);
    stop(&driver);
}

/* What such a version says goes into no path. */
static void without_a_usable_version_the_compatible_one_is_asked(void **state)
{
    static const char *const versions[] = {"2.2.1", "4.3", "4.3.1/../../x", "99999.0.0", "x", ""};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        struct driver driver = {0};
        char requests[4096];

        look(&driver, versions[i], requests, sizeof(requests));
        assert_null(strstr(requests, "/libpod/"));
        assert_non_null(strstr(requests, "GET /v1.41/containers/c1/json "));
        stop(&driver);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_own_api_is_asked),
        cmocka_unit_test(without_a_usable_version_the_compatible_one_is_asked),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
