/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Docker source against the misbehaving peer: states, words, rows that stay, and coming back.
 */
#include "docker-scene.h"

/* ---- what is asked for: while the clock stands, no ping comes due by itself ---- */

static void everything_is_asked_for_once(void **state)
{
    struct driver driver = {.stands = true};

    (void)state;
    start(&driver, PATIENT);
    expect_ok(&driver, 3);
    /* Events before the list: what happens after it was made must not be missed. */
    assert_requests(2, "/_ping /events /v1.41/containers/a1/json /v1.41/containers/b2/json "
                       "/v1.41/containers/c3/json /v1.41/containers/json?all=1 /v1.41/info");
    driver_advance(&driver, AFTER_PING);
    wait_past(&driver, &driver.confirmed, 0);
    assert_requests(0, "/_ping");

    /* Nothing is amiss, and events would tell. */
    driver_advance(&driver, AFTER_PASS);
    wait_past(&driver, &driver.confirmed, 1);
    assert_requests(0, "/_ping");
    unsigned published = driver_published(&driver);
    driver_advance(&driver, AFTER_REST);
    wait_past(&driver, &driver.published, published);
    wait_past(&driver, &driver.confirmed, 2);
    assert_requests(0, "/_ping /v1.41/containers/json?all=1 /v1.41/info");

    /* What nothing told of in an hour is looked at again. */
    for (unsigned i = 0; i < 2; i++) {
        driver_advance(&driver, AFTER_REST);
        wait_past(&driver, &driver.confirmed, 3 + i);
    }
    assert_requests(0, "/_ping /_ping /v1.41/containers/a1/json /v1.41/containers/b2/json "
                       "/v1.41/containers/c3/json /v1.41/containers/json?all=1 "
                       "/v1.41/containers/json?all=1 /v1.41/info /v1.41/info");
    /* All over connections that were kept: one a lane, fewer where answers were quick, and that of
     * the events. */
    assert_true(peer_connections(&peer) <= 1 + HT_HTTP_LANES);

    ht_autorow struct ht_row *row = row_of(&driver, "b2");
    assert_true(ht_container_of(row)->declared.privileged);
    driver_stop(&driver);
}

static void a_rescan_inspects_everything_once(void **state)
{
    struct driver driver = {.stands = true};

    (void)state;
    start(&driver, PATIENT);
    expect_ok(&driver, 3);
    tell("requests");
    driver_advance(&driver, 2 * HT_NS_PER_S);
    unsigned published = driver_published(&driver);
    driver_request(&driver, HT_REQUEST_RESCAN, "");
    wait_past(&driver, &driver.published, published);
    assert_requests(0, "/v1.41/containers/a1/json /v1.41/containers/b2/json "
                       "/v1.41/containers/c3/json /v1.41/containers/json?all=1 /v1.41/info");
    driver_stop(&driver);
}

/* ---- the daemon itself ---- */

static const struct ht_daemon *daemon_of(const struct driver *driver)
{
    const struct ht_rowset *daemons =
        driver->sample ? ht_node_set(driver->sample, HT_TABLE_DAEMON) : NULL;

    return daemons && daemons->len ? ht_daemon_of(daemons->rows[0]) : NULL;
}

static bool has_swarm(struct driver *driver, void *context)
{
    const struct ht_daemon *daemon = daemon_of(driver);

    return daemon && ht_str_is(daemon->swarm, context);
}

/* By no event: it joins a swarm, it reads its settings again. */
static void what_it_says_of_itself_is_asked_for_again(void **state)
{
    struct driver driver = {.stands = true};
    char active[] = "active", none[] = "inactive";

    (void)state;
    start(&driver, PATIENT);
    expect_ok(&driver, 3);
    map("/info", "info.json",
        "{\"ServerVersion\":\"20.10.24\",\"Swarm\":{\"LocalNodeState\":\"active\"}}");
    driver_advance(&driver, AFTER_REST);
    assert_true(driver_wait(&driver, has_swarm, active));
    map("/info", "info.json",
        "{\"ServerVersion\":\"20.10.24\",\"Swarm\":{\"LocalNodeState\":\"inactive\"}}");
    driver_advance(&driver, 2 * HT_NS_PER_S);
    driver_request(&driver, HT_REQUEST_RESCAN, "");
    assert_true(driver_wait(&driver, has_swarm, none));
    driver_stop(&driver);
}

static bool has_mode(struct driver *driver, void *context)
{
    const struct ht_daemon *daemon = daemon_of(driver);

    return daemon && ht_daemon_has_socket_mode(daemon) &&
           daemon->socket_mode == *(const mode_t *)context;
}

static bool has_no_mode(struct driver *driver, void *context)
{
    const struct ht_daemon *daemon = daemon_of(driver);

    (void)context;
    return daemon && !ht_daemon_has_socket_mode(daemon);
}

static void who_may_open_its_socket_is_looked_at_with_each_ping(void **state)
{
    struct driver driver = {.stands = true};
    const struct ht_docker_options options = {.url = peer.socket, .timeout_ns = 60 * HT_NS_PER_S};
    mode_t modes[] = {0600, 0666};

    (void)state;
    assert_int_equal(chmod(peer.socket, modes[0]), 0);
    driver_start(&driver, ht_docker_driver(&options));
    expect_ok(&driver, 3);
    assert_true(driver_wait(&driver, has_mode, &modes[0]));
    assert_int_equal(chmod(peer.socket, modes[1]), 0);
    driver_advance(&driver, AFTER_PING);
    assert_true(driver_wait(&driver, has_mode, &modes[1]));
    tell("requests");
    assert_int_equal(unlink(peer.socket), 0);
    driver_advance(&driver, AFTER_PING);
    assert_true(driver_wait(&driver, has_no_mode, NULL));
    assert_requests(0, "/_ping");
    driver_stop(&driver);
}

/* ---- namespaces of other containers ---- */

static void write_modes(const char *id, const char *network, const char *pid)
{
    char name[16], target[40], text[300];

    snprintf(name, sizeof(name), "%s.json", id);
    snprintf(target, sizeof(target), "/containers/%s/json", id);
    snprintf(text, sizeof(text),
             "{\"Id\":\"%s\",\"State\":{\"Status\":\"running\"},\"HostConfig\":{"
             "\"NetworkMode\":\"%s\",\"PidMode\":\"%s\",\"IpcMode\":\"container:gone\"}}",
             id, network, pid);
    map(target, name, text);
}

/* The list has the newest first, so those that it took them from are seen after it. */
static void what_is_taken_from_another_container_is_that_ones(void **state)
{
    struct driver driver = {.stands = true};

    (void)state;
    write_modes("a1", "container:c3", "container:b2");
    write_modes("b2", "bridge", "");
    write_modes("c3", "host", "");
    start(&driver, PATIENT);
    expect_ok(&driver, 3);

    ht_autorow struct ht_row *row = row_of(&driver, "a1");
    const struct ht_container *container = ht_container_of(row);
    assert_int_equal(container->joins.len, 3);
    assert_int_equal(container->declared.net_ns, HT_NS_SCOPE_HOST);
    assert_int_equal(container->declared.pid_ns, HT_NS_SCOPE_OWN);
    assert_int_equal(container->declared.ipc_ns, HT_NS_SCOPE_SHARED);
    driver_stop(&driver);
}

/* ---- the whole daemon misbehaves ---- */

static const struct {
    const char *mode;
    enum ht_source_state state;
    const char *detail, *help;
} modes[] = {
    {"mute", HT_SOURCE_STATE_BUSY, "no answer within", "asked again"},
    {"stall", HT_SOURCE_STATE_BUSY, "within", "asked again"},
    {"drip 30", HT_SOURCE_STATE_BUSY, "within", "asked again"},
    {"long", HT_SOURCE_STATE_BUSY, "within", "asked again"},
    {"deaf", HT_SOURCE_STATE_BUSY, "", "asked again"},
    {"cut", HT_SOURCE_STATE_BROKEN, "closed the connection in the middle", "asked again"},
    {"drop", HT_SOURCE_STATE_BROKEN, "closed the connection without an answer", "asked again"},
    {"oversize", HT_SOURCE_STATE_BROKEN, "an answer of more than", "no sane daemon"},
    {"endless", HT_SOURCE_STATE_BROKEN, "an answer of more than", "no sane daemon"},
    {"longline", HT_SOURCE_STATE_BROKEN, "an answer of more than", "no sane daemon"},
    {"headers", HT_SOURCE_STATE_BROKEN, "bytes of headers", "no sane daemon"},
    {"html", HT_SOURCE_STATE_BROKEN, "not as a Docker daemon does", "no Docker daemon"},
    {"nonsense", HT_SOURCE_STATE_BROKEN, "does not speak HTTP", "no Docker daemon"},
    {"badchunk", HT_SOURCE_STATE_BROKEN, "does not speak HTTP", "no Docker daemon"},
    {"short", HT_SOURCE_STATE_BROKEN, "not as a Docker daemon does", "no Docker daemon"},
    {"status 500", HT_SOURCE_STATE_BROKEN, "status 500: no luck", "its log tells more"},
    {"status 404", HT_SOURCE_STATE_BROKEN, "status 404", "its log tells more"},
    {"status 302", HT_SOURCE_STATE_BROKEN, "status 302", "no Docker daemon"},
    {"status 403", HT_SOURCE_STATE_DENIED, "status 403: no luck", "authorization plugin"},
};

static void assert_mode(size_t i, struct driver *driver, size_t rows)
{
    const struct expected expected = {
        .state = modes[i].state, .rows = rows, .detail = modes[i].detail, .help = modes[i].help};

    expect_in(driver, modes[i].mode, expected);
    assert_says(driver, modes[i].mode, "docker.sock");
}

static void set_mode(const char *mode)
{
    char command[64];

    snprintf(command, sizeof(command), "mode %s", mode);
    tell(command);
}

static void a_fault_at_the_start_has_a_name_and_heals(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        struct driver driver = {0};

        set_mode(modes[i].mode);
        start(&driver, patience_for(modes[i].state));
        assert_mode(i, &driver, 0);
        pthread_mutex_lock(&driver.lock);
        assert_false(ht_source_has_answered_at(driver_source(&driver, "docker")));
        pthread_mutex_unlock(&driver.lock);
        expect_recovery(&driver, modes[i].mode);
        driver_stop(&driver);
    }
}

static void a_fault_later_leaves_the_rows_and_heals(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        struct driver driver = {0};

        start(&driver, patience_for(modes[i].state));
        expect_ok(&driver, 3);

        int64_t before = answered_at(&driver);
        set_mode(modes[i].mode);
        driver_advance(&driver, AFTER_PING);
        assert_mode(i, &driver, 3);
        assert_int_equal(answered_at(&driver), before);
        expect_recovery(&driver, modes[i].mode);
        assert_true(answered_at(&driver) > before);
        driver_stop(&driver);
    }
}

/* Odd, but HTTP. */
static void odd_framing_is_no_fault(void **state)
{
    static const char *const framings[] = {"chunked", "bare", "close", "gone"};

    (void)state;
    tell("fault /events ok");
    for (size_t i = 0; i < ARRAY_LEN(framings); i++) {
        struct driver driver = {0};

        set_mode(framings[i]);
        start(&driver, PATIENT);
        expect_ok(&driver, 3);
        driver_stop(&driver);
    }
}

/* ---- one request misbehaves ---- */

static const struct {
    const char *fault, *heal;
    enum ht_source_state state;
    const char *detail;
} faults[] = {
    {"fault /info html", "fault /info ok", HT_SOURCE_STATE_BROKEN, "info: line 1"},
    {"fault /info mute", "fault /info ok", HT_SOURCE_STATE_BUSY, "no answer"},
    {"fault /info oversize", "fault /info ok", HT_SOURCE_STATE_BROKEN, "more than"},
    {"fault /info cut", "fault /info ok", HT_SOURCE_STATE_BROKEN, "closed"},
    {"fault /containers/json html", "fault /containers/json ok", HT_SOURCE_STATE_BROKEN,
     "container list: line 1"},
    {"fault /containers/json oversize", "fault /containers/json ok", HT_SOURCE_STATE_BROKEN,
     "more than"},
    {"fault /containers/json stall", "fault /containers/json ok", HT_SOURCE_STATE_BUSY, "within"},
    {"fault /events status 403", "fault /events ok", HT_SOURCE_STATE_DENIED,
     "/events: status 403: no luck"},
    {"fault /events status 500", "fault /events ok", HT_SOURCE_STATE_BROKEN,
     "/events: status 500: no luck"},
    {"fault /events status 302", "fault /events ok", HT_SOURCE_STATE_BROKEN, "/events: status 302"},
    {"fault /events mute", "fault /events ok", HT_SOURCE_STATE_BUSY, "no answer"},
    {"fault /events longline", "fault /events ok", HT_SOURCE_STATE_BROKEN,
     "more bytes than such have"},
    {"fault /events badchunk", "fault /events ok", HT_SOURCE_STATE_BROKEN, "not speak HTTP"},
    {"fault /events drop", "fault /events ok", HT_SOURCE_STATE_BROKEN, "closed the connection"},
};

static void each_request_can_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        struct driver driver = {0};

        tell(faults[i].fault);
        start(&driver, patience_for(faults[i].state));
        expect_in(&driver, faults[i].fault,
                  (struct expected){
                      .state = faults[i].state,
                      .rows = ht_str_has_suffix(ht_str_from(faults[i].fault), "longline") ? 3 : 0,
                      .detail = faults[i].detail,
                      .help = ""});
        tell(faults[i].heal);
        expect_recovery(&driver, faults[i].fault);
        driver_stop(&driver);
    }
}

static const struct {
    const char *fault, *cause;
} lone_faults[] = {
    {"fault /containers/b2 status 500", "inspected: /containers/b2/json: status 500: no luck"},
    {"fault /containers/b2 status 409", "status 409: no luck"},
    {"fault /containers/b2 mute", "no answer"},
    {"fault /containers/b2 html", "container: line 1"},
    {"fault /containers/b2 oversize", "more than 4194304 bytes"},
    {"fault /containers/b2 nonsense", "not speak HTTP"},
    {"fault /containers/b2 cut", "closed the connection"},
};

static void one_container_cannot_hide_itself_nor_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lone_faults); i++) {
        struct driver driver = {0};

        tell(lone_faults[i].fault);
        start(&driver, strcmp(lone_faults[i].cause, "no answer") == 0 ? BRIEF : PATIENT);
        expect_in(&driver, lone_faults[i].fault,
                  (struct expected){.state = HT_SOURCE_STATE_PART,
                                    .rows = 3,
                                    .detail = "1 of 3 containers could not be inspected",
                                    .help = "asked again"});
        assert_says(&driver, lone_faults[i].fault, lone_faults[i].cause);

        ht_autorow struct ht_row *lone = row_of(&driver, "b2");
        ht_autorow struct ht_row *other = row_of(&driver, "c3");
        assert_true(ht_str_is(ht_container_of(lone)->name, "b2"));
        assert_false(ht_container_has_declared(ht_container_of(lone)));
        assert_true(ht_container_has_declared(ht_container_of(other)));
        tell("fault /containers/b2 ok");
        driver_advance(&driver, AFTER_PASS);
        expect_ok(&driver, 3);
        driver_stop(&driver);
    }
}

static bool has_exited(struct driver *driver, void *context)
{
    const struct ht_row *row = ht_node_find(driver->sample, HT_TABLE_CONTAINER, HT_S("b2"));

    (void)context;
    return row && ht_container_of(row)->state == HT_CONTAINER_STATE_EXITED;
}

#define B2_IS(state)                                                                               \
    "[" ENTRY("a1") ",{\"Id\":\"b2\",\"Names\":[\"/b2\"],\"State\":\"" state "\"}," ENTRY("c3") "]"

/* What was told of it before is not lost for that, but for what belongs to another state. */
static void one_that_cannot_be_inspected_has_the_state_of_the_list(void **state)
{
    (void)state;
    for (int seen = 0; seen < 2; seen++) {
        const struct expected failed = {.state = HT_SOURCE_STATE_PART,
                                        .rows = 3,
                                        .detail = "1 of 3 containers could not be inspected",
                                        .help = ""};
        struct driver driver = {.stands = true};

        tell(seen ? "fault /containers/b2 ok" : "fault /containers/b2 status 500");
        map("/containers/json", "list.json", B2_IS("running"));
        start(&driver, PATIENT);
        if (seen)
            expect_ok(&driver, 3);
        tell("fault /containers/b2 status 500");
        /* Asked for before the pass that is due by then, which would inspect nobody by itself. */
        driver_request(&driver, HT_REQUEST_RESCAN, "");
        driver_advance(&driver, AFTER_REST);
        expect_in(&driver, "failed", failed);
        ht_autorow struct ht_row *before = row_of(&driver, "b2");
        assert_int_equal(ht_container_has_pid(ht_container_of(before)), seen);

        map("/containers/json", "list.json", B2_IS("exited"));
        driver_advance(&driver, AFTER_PASS);
        assert_true(driver_wait(&driver, has_exited, NULL));
        ht_autorow struct ht_row *after = row_of(&driver, "b2");
        assert_int_equal(ht_container_has_declared(ht_container_of(after)), seen);
        assert_false(ht_container_has_pid(ht_container_of(after)));

        tell("fault /containers/b2 ok");
        driver_advance(&driver, AFTER_PASS);
        expect_ok(&driver, 3);
        ht_autorow struct ht_row *again = row_of(&driver, "b2");
        assert_true(ht_container_has_pid(ht_container_of(again)));
        driver_stop(&driver);
    }
}

/* One that an event was about is not left to the next pass of a daemon at rest. */
static void one_that_fails_later_is_asked_for_soon(void **state)
{
    struct driver driver = {0};

    (void)state;
    start(&driver, PATIENT);
    expect_ok(&driver, 3);
    tell("fault /containers/b2 status 500");
    driver_advance(&driver, HT_NS_PER_S);
    tell(EVENT("update", "b2"));
    expect_in(&driver, "later",
              (struct expected){.state = HT_SOURCE_STATE_PART,
                                .rows = 3,
                                .detail = "1 of 3 containers could not be inspected",
                                .help = "asked again"});
    tell("fault /containers/b2 ok");
    driver_advance(&driver, AFTER_PASS);
    expect_ok(&driver, 3);
    driver_stop(&driver);
}

/* One that was removed after the list was made is on no second one; what a daemon, or a proxy in
 * front of it, lists and does not know is there. */
static void one_that_is_listed_and_not_known_is_not_left_out(void **state)
{
    struct driver driver = {.stands = true};

    (void)state;
    tell("fault /containers/b2 status 404");
    start(&driver, PATIENT);
    expect_in(&driver, "listed",
              (struct expected){.state = HT_SOURCE_STATE_PART,
                                .rows = 3,
                                .detail = "1 of 3 containers could not be inspected",
                                .help = "asked again"});
    assert_says(&driver, "listed", "status 404");
    /* Nothing but what is in doubt is asked for twice. */
    assert_requests(2, "/_ping /events /v1.41/containers/a1/json /v1.41/containers/b2/json "
                       "/v1.41/containers/b2/json /v1.41/containers/c3/json "
                       "/v1.41/containers/json?all=1 /v1.41/containers/json?all=1 /v1.41/info");
    map("/containers/json", "list.json", "[" ENTRY("a1") "," ENTRY("c3") "]");
    driver_advance(&driver, AFTER_PASS);
    expect_ok(&driver, 2);
    driver_stop(&driver);
}

static void an_answer_about_another_container_is_not_believed(void **state)
{
    struct driver driver = {0};

    (void)state;
    map("/containers/b2/json", "other", "{\"Id\":\"a1\",\"HostConfig\":{\"Privileged\":true}}");
    start(&driver, PATIENT);
    expect(&driver, HT_SOURCE_STATE_PART, 3, "the answer is about another container");
    ht_autorow struct ht_row *row = row_of(&driver, "a1");
    assert_false(ht_container_of(row)->declared.privileged);
    driver_stop(&driver);
}

static void an_id_that_is_a_path_is_not_asked_for(void **state)
{
    struct driver driver = {0};
    char requests[4096];

    (void)state;
    map("/containers/json", "other", "[{\"Id\":\"../../images/prune\"}]");
    start(&driver, PATIENT);
    expect(&driver, HT_SOURCE_STATE_BROKEN, 0, "entry 1 has no usable Id");
    driver_stop(&driver);
    /* What it asked for beside the list, and whether again, depends on how soon it was stopped. */
    peer_requests(&peer, 0, requests, sizeof(requests));
    assert_non_null(strstr(requests, "/v1.41/containers/json?all=1"));
    assert_null(strstr(requests, "prune"));
    assert_null(strstr(requests, ".."));
}

static void podmans_null_is_an_empty_list(void **state)
{
    struct driver driver = {0};

    (void)state;
    map("/containers/json", "other", "null");
    start(&driver, PATIENT);
    expect(&driver, HT_SOURCE_STATE_OK, 0, "0 containers");
    driver_stop(&driver);
}

/* ---- versions ---- */

static void a_daemon_that_names_no_version_speaks_1_24(void **state)
{
    struct driver driver = {0};

    (void)state;
    write_file("other", "");
    char command[200];
    snprintf(command, sizeof(command), "%s/other", folder);
    unlink(command);
    write_file("ping.http", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK");
    snprintf(command, sizeof(command), "map /_ping %s/ping.http", folder);
    tell(command);
    start(&driver, PATIENT);
    expect(&driver, HT_SOURCE_STATE_OK, 3, "API 1.24");
    driver_stop(&driver);

    struct driver old = {0};
    write_file("ping.http", "HTTP/1.1 200 OK\r\nApi-Version: 1.23\r\nContent-Length: 2\r\n\r\nOK");
    tell(command);
    start(&old, PATIENT);
    expect(&old, HT_SOURCE_STATE_BROKEN, 0, "API 1.23 is too old; 1.24 is the least");
    driver_stop(&old);
    snprintf(command, sizeof(command), "%s/ping.http", folder);
    unlink(command);
}

/* ---- absent, denied, stopped, restarted ---- */

static void a_named_socket_that_is_absent_is_broken_and_may_appear(void **state)
{
    struct driver driver = {0};

    (void)state;
    unlink(address);
    start(&driver, PATIENT);
    expect_in(&driver, "absent",
              (struct expected){.state = HT_SOURCE_STATE_BROKEN,
                                .rows = 0,
                                .detail = "docker.sock: there is no such socket",
                                .help = "given with --docker"});
    assert_int_equal(symlink(peer.socket, address), 0);
    expect_recovery(&driver, "absent");
    driver_stop(&driver);
}

static void a_socket_without_permission_is_denied(void **state)
{
    struct driver driver = {.unprivileged = geteuid() == 0};

    (void)state;
    assert_int_equal(chmod(folder, 0711), 0);
    assert_int_equal(chmod(peer.directory, 0711), 0);
    assert_int_equal(chmod(peer.socket, 0), 0);
    start(&driver, PATIENT);
    expect_in(&driver, "denied",
              (struct expected){.state = HT_SOURCE_STATE_DENIED,
                                .rows = 0,
                                .detail = "docker.sock: permission denied",
                                .help = "sudo hulltop"});
    driver_stop(&driver);
}

static void a_stopped_daemon_is_busy_and_comes_back(void **state)
{
    struct driver driver = {0};

    (void)state;
    start(&driver, BRIEF);
    expect_ok(&driver, 3);
    int64_t listed_at = driver_answered_at(&driver, "docker");
    driver_advance(&driver, AFTER_PING);
    wait_past(&driver, &driver.confirmed, 0);
    assert_int_equal(kill(peer.pid, SIGSTOP), 0);
    driver_advance(&driver, AFTER_PING);
    expect_in(&driver, "stopped",
              (struct expected){.state = HT_SOURCE_STATE_BUSY,
                                .rows = 3,
                                .detail = "docker.sock",
                                .help = "overloaded or stopped"});
    assert_true(driver_answered_at(&driver, "docker") >= listed_at + AFTER_PING);
    assert_int_equal(kill(peer.pid, SIGCONT), 0);
    driver_advance(&driver, AFTER_PING);
    expect_ok(&driver, 3);
    driver_stop(&driver);
}

static void a_restarted_daemon_loses_no_container(void **state)
{
    struct driver driver = {0};

    (void)state;
    start(&driver, PATIENT);
    expect_ok(&driver, 3);
    ht_autorow struct ht_row *before = row_of(&driver, "b2");
    peer_stop(&peer);
    expect_in(&driver, "gone",
              (struct expected){
                  .state = HT_SOURCE_STATE_BROKEN, .rows = 3, .detail = "docker.sock", .help = ""});
    driver_advance(&driver, AFTER_PING);
    expect_in(&driver, "gone",
              (struct expected){.state = HT_SOURCE_STATE_BROKEN,
                                .rows = 3,
                                .detail = "there is no such socket",
                                .help = "the daemon was stopped"});
    start_peer(NULL);
    driver_advance(&driver, AFTER_PING);
    expect_ok(&driver, 3);
    ht_autorow struct ht_row *after = row_of(&driver, "b2");
    assert_ptr_equal(before, after); /* the same facts are the same row */
    driver_stop(&driver);
}

/* ---- the end ---- */

/* With a minute of patience: the end comes from the stop, or the test waits too long. */
static void the_end_waits_for_no_answer(void **state)
{
    static const char *const targets[] = {"fault /_ping mute", "fault /info mute",
                                          "fault /events mute", "fault /containers/json mute",
                                          "fault /containers/a1 stall"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        struct driver driver = {0};

        tell(targets[i]);
        start(&driver, PATIENT);
        driver_stop(&driver);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everything_is_asked_for_once),
        TEST(a_rescan_inspects_everything_once),
        TEST(what_it_says_of_itself_is_asked_for_again),
        TEST(who_may_open_its_socket_is_looked_at_with_each_ping),
        TEST(what_is_taken_from_another_container_is_that_ones),
        TEST(a_fault_at_the_start_has_a_name_and_heals),
        TEST(a_fault_later_leaves_the_rows_and_heals),
        TEST(odd_framing_is_no_fault),
        TEST(each_request_can_fail),
        TEST(one_container_cannot_hide_itself_nor_others),
        TEST(one_that_cannot_be_inspected_has_the_state_of_the_list),
        TEST(one_that_fails_later_is_asked_for_soon),
        TEST(one_that_is_listed_and_not_known_is_not_left_out),
        TEST(an_answer_about_another_container_is_not_believed),
        TEST(an_id_that_is_a_path_is_not_asked_for),
        TEST(podmans_null_is_an_empty_list),
        TEST(a_daemon_that_names_no_version_speaks_1_24),
        TEST(a_named_socket_that_is_absent_is_broken_and_may_appear),
        TEST(a_socket_without_permission_is_denied),
        TEST(a_stopped_daemon_is_busy_and_comes_back),
        TEST(a_restarted_daemon_loses_no_container),
        TEST(the_end_waits_for_no_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
