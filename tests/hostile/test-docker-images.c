/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Docker source asks how the images in use were made: once each, and without harm. */
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

#include "hulltop/base/mem.h"
#include "docker-expect.h"
#include "driver.h"
#include "peer-client.h"

#define HISTORY "[{\"CreatedBy\":\"ARG DB_PASSWORD=Tr0ub4dor-3\"}]"
#define INSPECT(id, image)                                                                         \
    "{\"Id\":\"" id "\",\"Name\":\"/" id "\",\"Image\":\"" image "\",\"HostConfig\":{}}"
#define ENTRY(id) "{\"Id\":\"" id "\",\"Names\":[\"/" id "\"],\"Image\":\"web\"}"

static struct peer_client peer;
static char folder[64];

/* Two containers of one image, and one whose image's id is a path. */
static const char *const files[][2] = {
    {"map", "/info info.json\n/containers/json list.json\n/containers/a1/json a1.json\n"
            "/containers/b2/json b2.json\n/containers/c3/json c3.json\n"
            "/images/sha256:ab/history history.json\n/images/sha256:ab/json image.json\n"
            "/images/json?digests=true images.json\n/containers/a1/changes changes.json\n"},
    {"info.json", "{\"ServerVersion\":\"20.10.24\"}"},
    {"list.json", "[" ENTRY("a1") "," ENTRY("b2") "," ENTRY("c3") "]"},
    {"a1.json", "{\"Id\":\"a1\",\"Name\":\"/a1\",\"Image\":\"sha256:ab\",\"HostConfig\":{},"
                "\"Driver\":\"vfs\",\"State\":{\"Status\":\"running\"},"
                "\"Config\":{\"Image\":\"web\"}}"},
    {"b2.json", INSPECT("b2", "sha256:ab")},
    {"c3.json", INSPECT("c3", "../x")},
    {"history.json", HISTORY},
    {"image.json", "{\"Config\":{\"Cmd\":[\"/web\"]}}"},
    {"images.json", "[{\"Id\":\"sha256:ab\",\"RepoTags\":null,\"RepoDigests\":[\"web@sha256:1\"]},"
                    "{\"Id\":\"sha256:cd\",\"RepoTags\":[\"web:latest\"]}]"},
    {"changes.json", "[{\"Path\":\"/tmp/x\",\"Kind\":1}]"},
};

static int set_up(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    snprintf(folder, sizeof(folder), "%s/images.XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[160];

        snprintf(path, sizeof(path), "%s/%s", folder, files[i][0]);
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        assert_true(fputs(files[i][1], file) >= 0);
        assert_int_equal(fclose(file), 0);
    }

    const char *arguments[] = {"--answers", folder, "--api", "1.41", NULL};
    peer_start(&peer, 0, arguments);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    peer_stop(&peer);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[160];

        snprintf(path, sizeof(path), "%s/%s", folder, files[i][0]);
        unlink(path);
    }
    return rmdir(folder);
}

static void start(struct driver *driver)
{
    const struct ht_docker_options options = {
        .url = peer.socket, .timeout_ns = 60 * HT_NS_PER_S, .histories = true};

    driver_start(driver, ht_docker_driver(&options));
}

static bool is_complete(struct driver *driver, void *context)
{
    const struct ht_row *row =
        driver->sample ? ht_node_find(driver->sample, HT_TABLE_SOURCE, HT_S("docker")) : NULL;

    (void)context;
    return row && ht_source_of(row)->state == HT_SOURCE_STATE_OK;
}

/* How many secrets the image of a container has; -1: that is not known. */
static int secrets_of(struct driver *driver, const char *id)
{
    int count = -1;

    pthread_mutex_lock(&driver->lock);
    const struct ht_row *row = ht_node_find(driver->sample, HT_TABLE_CONTAINER, ht_str_from(id));
    if (row && ht_container_has_image_secrets(ht_container_of(row)))
        count = (int)ht_container_of(row)->image_secrets.len;
    pthread_mutex_unlock(&driver->lock);
    return count;
}

static void assert_requests(size_t first, const char *expected)
{
    char requests[4096];

    peer_requests(&peer, first, requests, sizeof(requests));
    assert_string_equal(requests, expected);
}

static void an_images_history_is_asked_for_once(void **state)
{
    struct driver driver = {.stands = true}; /* no ping comes due by itself */

    (void)state;
    start(&driver);
    assert_true(driver_wait(&driver, is_complete, NULL));
    assert_requests(2, "/_ping /events /v1.41/containers/a1/json /v1.41/containers/b2/json "
                       "/v1.41/containers/c3/json /v1.41/containers/json?all=1 "
                       "/v1.41/images/sha256:ab/history /v1.41/info");
    assert_int_equal(secrets_of(&driver, "a1"), 1);
    assert_int_equal(secrets_of(&driver, "b2"), 1);
    assert_int_equal(secrets_of(&driver, "c3"), -1);

    /* An inspect does not lose what is known of the image. */
    driver_advance(&driver, 2 * HT_NS_PER_S);
    unsigned published = driver_published(&driver);
    driver_request(&driver, HT_REQUEST_RESCAN, "");
    assert_true(driver_wait_published(&driver, published));
    assert_requests(0, "/v1.41/containers/a1/json /v1.41/containers/b2/json "
                       "/v1.41/containers/c3/json /v1.41/containers/json?all=1 /v1.41/info");
    assert_int_equal(secrets_of(&driver, "a1"), 1);
    driver_stop(&driver);
}

static void drift_asks_for_names_entries_and_changes(void **state)
{
    const struct ht_docker_options options = {
        .url = peer.socket, .timeout_ns = 60 * HT_NS_PER_S, .drift = true};
    struct driver driver = {0};

    (void)state;
    driver_start(&driver, ht_docker_driver(&options));
    assert_true(driver_wait(&driver, is_complete, NULL));
    pthread_mutex_lock(&driver.lock);
    const struct ht_container *a1 =
        ht_container_of(ht_node_find(driver.sample, HT_TABLE_CONTAINER, HT_S("a1")));
    assert_true(ht_str_is(a1->image_now, "sha256:cd")); /* the tag has moved on */
    assert_int_equal(a1->image_digests.len, 1);
    assert_int_equal(a1->image_entry.len, 1);
    assert_false(ht_container_has_image_secrets(a1));
    /* What is on an overlay, or does not run, is not asked for. */
    assert_int_equal(ht_node_set(driver.sample, HT_TABLE_DIFF)->len, 1);
    const struct ht_diff *diff = ht_diff_of(ht_node_find(driver.sample, HT_TABLE_DIFF, HT_S("a1")));
    assert_true(ht_str_is(diff->changed.items[0], "A /tmp/x"));
    pthread_mutex_unlock(&driver.lock);
    driver_stop(&driver);
}

/* From now on the target is answered by this text, in the file of that name. */
static void answer(const char *target, const char *name, const char *text)
{
    char path[160], command[300];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    snprintf(command, sizeof(command), "map %s %s", target, path);
    peer_tell(&peer, command, NULL, 0);
}

static bool runs_ef(struct driver *driver, void *context)
{
    const struct ht_row *row = ht_node_find(driver->sample, HT_TABLE_CONTAINER, HT_S("a1"));

    (void)context;
    return row && ht_str_is(ht_container_of(row)->image_id, "sha256:ef");
}

/* The last list of images is older than that image: it names another one. The new one is told, or
 * none where it is refused. */
static void a_new_image_is_not_told_by_an_old_list(void **state)
{
    const struct ht_docker_options options = {
        .url = peer.socket, .timeout_ns = 60 * HT_NS_PER_S, .drift = true};

    (void)state;
    for (int refused = 0; refused < 2; refused++) {
        struct driver driver = {.stands = true};

        answer("/images/json?digests=true", "images.json", files[8][1]);
        answer("/containers/a1/json", "a1.json", files[3][1]);
        driver_start(&driver, ht_docker_driver(&options));
        assert_true(driver_wait(&driver, is_complete, NULL));
        driver_advance(&driver, HT_NS_PER_S);
        answer("/images/json?digests=true", "images.json",
               "[{\"Id\":\"sha256:ef\",\"RepoTags\":[\"web:latest\"]}]");
        if (refused)
            peer_tell(&peer, "fault /images/json status 500", NULL, 0);
        answer("/containers/a1/json", "a1.json",
               "{\"Id\":\"a1\",\"Name\":\"/a1\",\"Image\":\"sha256:ef\",\"HostConfig\":{},"
               "\"State\":{\"Status\":\"running\"},\"Config\":{\"Image\":\"web\"}}");
        peer_tell(&peer,
                  "event {\"Type\":\"container\",\"Action\":\"start\",\"Actor\":{\"ID\":\"a1\"}}",
                  NULL, 0);
        assert_true(driver_wait(&driver, runs_ef, NULL));
        pthread_mutex_lock(&driver.lock);
        const struct ht_container *a1 =
            ht_container_of(ht_node_find(driver.sample, HT_TABLE_CONTAINER, HT_S("a1")));
        assert_int_equal(ht_container_has_image_now(a1), !refused);
        assert_true(ht_str_is(a1->image_now, refused ? "" : "sha256:ef"));
        pthread_mutex_unlock(&driver.lock);
        driver_stop(&driver);
    }
}

static bool is_nameless(struct driver *driver)
{
    pthread_mutex_lock(&driver->lock);
    const struct ht_row *row = ht_node_find(driver->sample, HT_TABLE_CONTAINER, HT_S("a1"));
    bool has_name = ht_container_has_image_now(ht_container_of(row));
    pthread_mutex_unlock(&driver->lock);
    return !has_name;
}

/* Nothing is called so any more: what the name stood for is not told on. */
static void a_name_that_is_gone_is_forgotten(void **state)
{
    const struct ht_docker_options options = {
        .url = peer.socket, .timeout_ns = 60 * HT_NS_PER_S, .drift = true};
    struct driver driver = {.stands = true};

    (void)state;
    driver_start(&driver, ht_docker_driver(&options));
    assert_true(driver_wait(&driver, is_complete, NULL));
    assert_false(is_nameless(&driver));
    answer("/images/json?digests=true", "images.json", "[{\"Id\":\"sha256:ab\"}]");
    peer_tell(&peer, "event {\"Type\":\"image\",\"Action\":\"untag\",\"id\":\"web\"}", NULL, 0);
    for (unsigned i = 0; i < 20 && !is_nameless(&driver); i++) {
        usleep(20000); /* as is_asked */
        driver_advance(&driver, AFTER_PING);
        wait_past(&driver, &driver.confirmed, i);
    }
    assert_true(is_nameless(&driver));
    driver_stop(&driver);
}

static void names_and_networks_are_asked_for_when_they_change(void **state)
{
    static const struct {
        const char *event, *target;
    } cases[] = {
        {"event {\"Type\":\"image\",\"Action\":\"tag\",\"id\":\"web\"}",
         "/images/json?digests=true"},
        {"event {\"Type\":\"network\",\"Action\":\"create\",\"Actor\":{\"ID\":\"n7\"}}",
         "/v1.41/networks"},
    };

    (void)state;
    answer("/info", "info.json",
           "{\"ServerVersion\":\"20.10.24\",\"Swarm\":{\"LocalNodeState\":\"active\"}}");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct ht_docker_options options = {
            .url = peer.socket, .timeout_ns = 60 * HT_NS_PER_S, .histories = true, .drift = true};
        struct driver driver = {.stands = true};
        char requests[REQUESTS_MAX];

        driver_start(&driver, ht_docker_driver(&options));
        assert_true(driver_wait(&driver, is_complete, NULL));
        peer_tell(&peer, "requests", NULL, 0);
        peer_tell(&peer, cases[i].event, NULL, 0);
        assert_true(is_asked(&driver, &peer, cases[i].target, 20, requests));
        driver_stop(&driver);
    }
}

static void a_history_that_is_refused_is_no_trouble_and_unknown(void **state)
{
    static const char *const faults[] = {"fault /images/sha256:ab status 404",
                                         "fault /images/sha256:ab html"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        struct driver driver = {0};

        peer_tell(&peer, faults[i], NULL, 0);
        start(&driver);
        assert_true(driver_wait(&driver, is_complete, NULL));
        assert_int_equal(secrets_of(&driver, "a1"), -1);
        driver_stop(&driver);
    }
}

static void networks_that_are_not_listed_leave_a_reason(void **state)
{
    struct driver driver = {0};
    char path[160], command[200];

    (void)state;
    snprintf(path, sizeof(path), "%s/info.json", folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs("{\"ServerVersion\":\"20.10.24\",\"Swarm\":{\"LocalNodeState\":"
                      "\"active\"}}",
                      file) >= 0);
    assert_int_equal(fclose(file), 0);
    snprintf(command, sizeof(command), "map /info %s", path);
    peer_tell(&peer, command, NULL, 0);
    start(&driver);
    assert_true(driver_wait(&driver, is_complete, NULL));
    pthread_mutex_lock(&driver.lock);
    const struct ht_row *row = ht_node_find(driver.sample, HT_TABLE_NETWORK, HT_S("docker"));
    assert_non_null(row);
    assert_false(ht_network_has_driver(ht_network_of(row)));
    assert_true(ht_str_find(ht_network_of(row)->name, HT_S("/networks"), 0) >= 0);
    pthread_mutex_unlock(&driver.lock);
    driver_stop(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_images_history_is_asked_for_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(drift_asks_for_names_entries_and_changes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_new_image_is_not_told_by_an_old_list, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_that_is_gone_is_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_and_networks_are_asked_for_when_they_change, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(networks_that_are_not_listed_leave_a_reason, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_history_that_is_refused_is_no_trouble_and_unknown, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
