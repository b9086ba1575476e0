/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The containerd source against the misbehaving peer: states, words, rows that stay, and coming
 * back. The answers are made here, of a few bytes each. */
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

#include "driver.h"
#include "grpc-peer.h"

#include "hulltop/base/buf.h"
#include "hulltop/base/mem.h"

#define VERSION    "/containerd.services.version.v1.Version/Version"
#define NAMESPACES "/containerd.services.namespaces.v1.Namespaces/List"
#define LIST       "/containerd.services.containers.v1.Containers/List"
#define GET        "/containerd.services.containers.v1.Containers/Get"
#define TASKS      "/containerd.services.tasks.v1.Tasks/List"
#define TASK       "/containerd.services.tasks.v1.Tasks/Get"
#define EVENTS     "/containerd.services.events.v1.Events/Subscribe"

#define AFTER_PING (11 * HT_NS_PER_S)
#define AFTER_PASS (61 * HT_NS_PER_S)

static struct grpc_peer *peer;

/* ---- the peer's answers ---- */

static void add_varint(struct ht_buf *out, uint64_t number)
{
    for (; number > 0x7f; number >>= 7)
        ht_buf_add_c(out, (char)(0x80 | (number & 0x7f)));
    ht_buf_add_c(out, (char)number);
}

static void add_bytes(struct ht_buf *out, unsigned field, struct ht_str bytes)
{
    add_varint(out, field << 3 | 2);
    add_varint(out, bytes.len);
    ht_buf_add_str(out, bytes);
}

static void add_text(struct ht_buf *out, unsigned field, const char *text)
{
    add_bytes(out, field, ht_str_from(text));
}

static void frame(struct ht_buf *out, const struct ht_buf *message)
{
    ht_buf_add_c(out, 0);
    for (unsigned shift = 32; shift; shift -= 8)
        ht_buf_add_c(out, (char)(message->len >> (shift - 8) & 0xff));
    ht_buf_add_str(out, ht_buf_str(message));
}

static void answer(const char *path, const char *match, const struct ht_buf *message)
{
    ht_autobuf struct ht_buf framed = HT_BUF(1 << 20);

    frame(&framed, message);
    grpc_peer_answer(peer, path, match, ht_buf_str(&framed));
}

#define PLAIN "{\"process\":{\"env\":[\"TOKEN=s3cr3t-0001\"]},\"linux\":{}}"
#define PRIVILEGED                                                                                 \
    "{\"process\":{\"capabilities\":{\"bounding\":[\"CAP_SYS_ADMIN\"]}},\"linux\":{}}"

static void add_container(struct ht_buf *list, const char *id, const char *specification)
{
    ht_autobuf struct ht_buf container = HT_BUF(4096), any = HT_BUF(4096);

    add_text(&any, 2, specification);
    add_text(&container, 1, id);
    add_text(&container, 3, "web:1");
    add_bytes(&container, 5, ht_buf_str(&any));
    add_bytes(list, 1, ht_buf_str(&container));
}

static void add_task(struct ht_buf *list, const char *id, unsigned pid)
{
    ht_autobuf struct ht_buf task = HT_BUF(4096);

    add_text(&task, 2, id);
    add_varint(&task, 3 << 3);
    add_varint(&task, pid);
    add_varint(&task, 4 << 3);
    add_varint(&task, 2);
    add_bytes(list, 1, ht_buf_str(&task));
}

/* The namespace has the containers named, each with a task. */
static void answer_list(const char *namespace, const char *const *ids)
{
    ht_autobuf struct ht_buf list = HT_BUF(1 << 16), tasks = HT_BUF(1 << 16);
    char match[100];

    for (unsigned i = 0; ids[i]; i++) {
        add_container(&list, ids[i], PLAIN);
        add_task(&tasks, ids[i], 100 + i);
    }
    snprintf(match, sizeof(match), "containerd-namespace: %s\n", namespace);
    answer(LIST, match, &list);
    answer(TASKS, match, &tasks);
}

#define IDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void answer_namespaces(const char *const *names)
{
    ht_autobuf struct ht_buf list = HT_BUF(4096);

    for (unsigned i = 0; names[i]; i++) {
        ht_autobuf struct ht_buf one = HT_BUF(100);

        add_text(&one, 1, names[i]);
        add_bytes(&list, 1, ht_buf_str(&one));
    }
    answer(NAMESPACES, NULL, &list);
}

static void push_event(const char *topic, const char *namespace, const char *id)
{
    ht_autobuf struct ht_buf payload = HT_BUF(1000), any = HT_BUF(1000), envelope = HT_BUF(1000);
    ht_autobuf struct ht_buf framed = HT_BUF(1000);

    add_text(&payload, 1, id);
    add_bytes(&any, 2, ht_buf_str(&payload));
    add_text(&envelope, 2, namespace);
    add_text(&envelope, 3, topic);
    add_bytes(&envelope, 4, ht_buf_str(&any));
    frame(&framed, &envelope);
    grpc_peer_push(peer, ht_buf_str(&framed));
}

static int set_up(void **state)
{
    ht_autobuf struct ht_buf version = HT_BUF(100);

    (void)state;
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    peer = grpc_peer_start();
    add_text(&version, 1, "1.7.1");
    answer(VERSION, NULL, &version);
    grpc_peer_stream(peer, EVENTS);
    answer_namespaces(IDS("default", "k8s.io"));
    answer_list("default", IDS("a1", "b2"));
    answer_list("k8s.io", IDS("c3"));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    grpc_peer_stop(peer);
    return 0;
}

/* ---- the driver ---- */

enum patience { BRIEF, PATIENT };

static void start(struct driver *driver, enum patience patience)
{
    const struct ht_containerd_options options = {.socket_path = grpc_peer_socket(peer),
                                                  .timeout_ns = (patience == BRIEF ? 400 : 60000) *
                                                                HT_NS_PER_MS};
    struct ht_driver drivers[HT_CONTAINERD_PLACES];

    assert_int_equal(ht_containerd_drivers(&options, drivers), 1);
    driver_start(driver, drivers[0]);
}

struct expected {
    enum ht_source_state state;
    size_t rows;
    const char *detail; /* a part of the text */
};

static bool holds(struct driver *driver, void *context)
{
    const struct expected *expected = context;
    const struct ht_source *source = driver_source(driver, "containerd");

    return source && source->state == expected->state &&
           ht_node_set(driver->sample, HT_TABLE_CONTAINER)->len == expected->rows &&
           ht_str_find(source->detail, ht_str_from(expected->detail), 0) >= 0;
}

static void assert_told(struct driver *driver, enum ht_source_state state, size_t rows,
                        const char *detail)
{
    struct expected expected = {.state = state, .rows = rows, .detail = detail};

    if (!driver_wait(driver, holds, &expected)) {
        pthread_mutex_lock(&driver->lock);
        const struct ht_source *source = driver_source(driver, "containerd");
        fail_msg(
            "state %d, %zu rows, \"%.*s\"; not %d, %zu, \"%s\"", source ? (int)source->state : -1,
            driver->sample ? ht_node_set(driver->sample, HT_TABLE_CONTAINER)->len : 0,
            HT_STR_ARG(source ? source->detail : HT_S("nothing told")), (int)state, rows, detail);
    }
}

/* ---- tests ---- */

static void what_is_there_is_told_once_connected(void **state)
{
    struct driver driver = {.ended = false};

    (void)state;
    start(&driver, PATIENT);
    assert_told(&driver, HT_SOURCE_STATE_OK, 3, "containerd 1.7.1, 2 namespaces, 3 containers");
    pthread_mutex_lock(&driver.lock);
    const struct ht_container *c =
        ht_container_of(ht_node_find(driver.sample, HT_TABLE_CONTAINER, HT_S("b2")));
    assert_int_equal(c->pid, 101);
    assert_int_equal(c->state, HT_CONTAINER_STATE_RUNNING);
    assert_int_equal(ht_str_find(c->env.items[0].value, HT_S("s3cr3t"), 0), -1);
    assert_int_equal(ht_node_set(driver.sample, HT_TABLE_DAEMON)->len, 1);
    pthread_mutex_unlock(&driver.lock);
    driver_stop(&driver);
}

static void events_change_what_they_are_about(void **state)
{
    ht_autobuf struct ht_buf one = HT_BUF(4096), task = HT_BUF(4096);
    struct driver driver = {.ended = false};

    (void)state;
    start(&driver, PATIENT);
    assert_told(&driver, HT_SOURCE_STATE_OK, 3, "3 containers");
    add_container(&one, "d4", PRIVILEGED);
    add_task(&task, "d4", 104);
    answer(GET, "d4", &one);
    answer(TASK, "d4", &task);
    answer_list("k8s.io", IDS("c3", "d4"));
    push_event("/tasks/start", "k8s.io", "d4");
    assert_told(&driver, HT_SOURCE_STATE_OK, 4, "4 containers");
    /* What the list has no more is gone with the event, not only with the next full pass. */
    answer_list("default", IDS("b2"));
    push_event("/containers/delete", "default", "a1");
    assert_told(&driver, HT_SOURCE_STATE_OK, 3, "3 containers");
    push_event("/snapshot/remove", "default", "x");
    pthread_mutex_lock(&driver.lock);
    assert_int_equal(driver.events, 2);
    pthread_mutex_unlock(&driver.lock);
    driver_stop(&driver);
}

static void a_full_pass_repairs_what_events_missed(void **state)
{
    struct driver driver = {.ended = false};

    (void)state;
    start(&driver, PATIENT);
    assert_told(&driver, HT_SOURCE_STATE_OK, 3, "3 containers");
    answer_list("default", IDS("b2", "e5", "f6"));
    driver_advance(&driver, AFTER_PASS);
    assert_told(&driver, HT_SOURCE_STATE_OK, 4, "4 containers");
    driver_stop(&driver);
}

static void one_name_in_two_namespaces_is_two_rows(void **state)
{
    struct driver driver = {.ended = false};

    (void)state;
    answer_list("k8s.io", IDS("a1"));
    start(&driver, PATIENT);
    assert_told(&driver, HT_SOURCE_STATE_OK, 3, "3 containers");
    pthread_mutex_lock(&driver.lock);
    assert_non_null(ht_node_find(driver.sample, HT_TABLE_CONTAINER, HT_S("a1")));
    assert_non_null(ht_node_find(driver.sample, HT_TABLE_CONTAINER, HT_S("k8s.io/a1")));
    pthread_mutex_unlock(&driver.lock);
    driver_stop(&driver);
}

static void a_specification_that_cannot_be_read_makes_it_part(void **state)
{
    ht_autobuf struct ht_buf list = HT_BUF(4096);
    struct driver driver = {.ended = false};

    (void)state;
    add_container(&list, "a1", "{\"process\":");
    add_container(&list, "b2", PLAIN);
    answer(LIST, "containerd-namespace: default\n", &list);
    start(&driver, PATIENT);
    assert_told(&driver, HT_SOURCE_STATE_PART, 3, "1 of 3 specifications could not be read: a1");
    driver_stop(&driver);
}

/* A failure in a mode is told so with the rows still there, and is over when the mode is. */
static void assert_trouble(enum patience patience, enum grpc_mode mode, enum ht_source_state told,
                           const char *detail)
{
    struct driver driver = {.ended = false};

    grpc_peer_mode(peer, GRPC_OK);
    start(&driver, patience);
    assert_told(&driver, HT_SOURCE_STATE_OK, 3, "3 containers");
    grpc_peer_mode(peer, mode);
    driver_advance(&driver, AFTER_PING);
    assert_told(&driver, told, 3, detail);
    grpc_peer_mode(peer, GRPC_OK);
    for (unsigned i = 0; i < 4; i++)
        driver_advance(&driver, AFTER_PING);
    assert_told(&driver, HT_SOURCE_STATE_OK, 3, "3 containers");
    driver_stop(&driver);
}

static void failures_are_named_and_rows_stay(void **state)
{
    (void)state;
    /* How long is more than was asked for where it was slow before. */
    assert_trouble(BRIEF, GRPC_MUTE, HT_SOURCE_STATE_BUSY, "no answer within ");
    assert_trouble(PATIENT, GRPC_CUT, HT_SOURCE_STATE_BROKEN, "");
    assert_trouble(PATIENT, GRPC_RESET, HT_SOURCE_STATE_BROKEN, "before its end");
    assert_trouble(PATIENT, GRPC_HTML, HT_SOURCE_STATE_BROKEN, "does not speak gRPC");
    assert_trouble(PATIENT, GRPC_SHORT, HT_SOURCE_STATE_BROKEN, "longer than the answer");
    assert_trouble(PATIENT, GRPC_ENDLESS, HT_SOURCE_STATE_BROKEN, "more than");
    grpc_peer_status(peer, "7", "not you");
    assert_trouble(PATIENT, GRPC_STATUS, HT_SOURCE_STATE_DENIED, "PERMISSION_DENIED: not you");
    grpc_peer_status(peer, "14", "later");
    assert_trouble(PATIENT, GRPC_STATUS, HT_SOURCE_STATE_BUSY, "UNAVAILABLE: later");
}

static void a_daemon_that_comes_back_is_asked_in_full(void **state)
{
    struct driver driver = {.ended = false};

    (void)state;
    grpc_peer_mode(peer, GRPC_OK);
    start(&driver, PATIENT);
    assert_told(&driver, HT_SOURCE_STATE_OK, 3, "3 containers");
    answer_list("default", IDS("b2"));
    grpc_peer_disconnect(peer);
    for (unsigned i = 0; i < 4; i++)
        driver_advance(&driver, AFTER_PING);
    assert_told(&driver, HT_SOURCE_STATE_OK, 2, "2 containers");
    driver_stop(&driver);
}

static void a_socket_in_the_place_of_another_is_spoken_to(void **state)
{
    struct driver driver = {.ended = false};
    struct ht_driver drivers[HT_CONTAINERD_PLACES];
    struct grpc_peer *old = peer;
    char link_path[256];
    const struct ht_containerd_options options = {.socket_path = link_path,
                                                  .timeout_ns = 60 * HT_NS_PER_S};

    snprintf(link_path, sizeof(link_path), "%s.link", grpc_peer_socket(old));
    assert_int_equal(symlink(grpc_peer_socket(old), link_path), 0);
    assert_int_equal(ht_containerd_drivers(&options, drivers), 1);
    driver_start(&driver, drivers[0]);
    assert_told(&driver, HT_SOURCE_STATE_OK, 3, "3 containers");

    assert_int_equal(set_up(state), 0);
    answer_list("default", IDS("b2"));
    assert_int_equal(unlink(link_path), 0);
    assert_int_equal(symlink(grpc_peer_socket(peer), link_path), 0);
    driver_advance(&driver, AFTER_PASS);
    assert_told(&driver, HT_SOURCE_STATE_WAIT, 3, "another socket takes its place");
    driver_advance(&driver, AFTER_PING);
    assert_told(&driver, HT_SOURCE_STATE_OK, 2, "2 containers");
    driver_stop(&driver);
    unlink(link_path);
    tear_down(state);
    peer = old;
}

static bool has_sample(struct driver *driver, void *context)
{
    (void)context;
    return driver->sample != NULL;
}

static void a_named_socket_that_is_none_is_broken(void **state)
{
    static const struct {
        const char *path, *detail, *help;
    } paths[] = {
        {"/nonexistent/c.sock", "no such socket", "check the socket given with --cri"},
        {"/dev/null", "is a file and no socket", "check the address"},
        {"/", "is a directory and no socket", "check the address"},
        {"/a-path-that-is-longer-than-the-address-of-a-socket-may-be-which-is-a-hundred-and-seven-"
         "bytes-as-everybody-knows",
         "no absolute path that is short enough", "check the socket given with --cri"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        const struct ht_containerd_options options = {.socket_path = paths[i].path};
        struct ht_driver drivers[HT_CONTAINERD_PLACES];
        struct driver driver = {.unprivileged = geteuid() == 0};

        assert_int_equal(ht_containerd_drivers(&options, drivers), 1);
        driver_start(&driver, drivers[0]);
        assert_told(&driver, HT_SOURCE_STATE_BROKEN, 0, paths[i].detail);
        pthread_mutex_lock(&driver.lock);
        struct ht_str help = driver_source(&driver, "containerd")->help;
        if (ht_str_find(help, ht_str_from(paths[i].help), 0) < 0)
            fail_msg("%s: \"%.*s\"", paths[i].path, HT_STR_ARG(help));
        pthread_mutex_unlock(&driver.lock);
        driver_stop(&driver);
    }
}

/* Those of the usual places that are not here are not worth a line: nothing is told of them. */
static void a_place_without_a_socket_tells_nothing(void **state)
{
    struct ht_driver drivers[HT_CONTAINERD_PLACES];
    size_t len =
        ht_containerd_drivers(&(struct ht_containerd_options){.socket_path = NULL}, drivers);

    (void)state;
    assert_int_equal(len, HT_CONTAINERD_PLACES);
    for (size_t i = 0; i < len; i++) {
        struct driver driver = {.ended = false};

        if (i != 3) {
            drivers[i].ops->free(drivers[i].self);
            continue;
        }
        if (access("/var/snap/microk8s/common/run/containerd.sock", F_OK) == 0) {
            drivers[i].ops->free(drivers[i].self);
            continue;
        }
        driver_start(&driver, drivers[i]);
        assert_true(driver_wait(&driver, has_sample, NULL));
        assert_int_equal(ht_node_set(driver.sample, HT_TABLE_SOURCE)->len, 0);
        driver_stop(&driver);
    }
}

/* ---- CRI ---- */

/* A pod with one container, by the numbers of both versions of the interface. */
static void answer_cri(const char *interface, unsigned state)
{
    ht_autobuf struct ht_buf version = HT_BUF(100), pod = HT_BUF(1000), meta = HT_BUF(1000);
    ht_autobuf struct ht_buf pods = HT_BUF(1000), container = HT_BUF(1000);
    ht_autobuf struct ht_buf containers = HT_BUF(1000), info = HT_BUF(1000), status = HT_BUF(1000);
    char path[100];

    add_text(&version, 2, "cri-o");
    add_text(&version, 3, "1.30.2");
    add_text(&meta, 1, "web-0");
    add_text(&meta, 3, "prod");
    add_text(&pod, 1, "p1");
    add_bytes(&pod, 2, ht_buf_str(&meta));
    add_bytes(&pods, 1, ht_buf_str(&pod));
    add_text(&container, 1, "c1");
    add_text(&container, 2, "p1");
    add_varint(&container, 6 << 3);
    add_varint(&container, state);
    add_bytes(&containers, 1, ht_buf_str(&container));
    add_text(&info, 1, "info");
    add_text(
        &info, 2,
        "{\"pid\":77,\"runtimeSpec\":{\"process\":{\"env\":[\"TOKEN=s3cr3t-0001\"]},\"linux\":{"
        "\"namespaces\":[{\"type\":\"pid\"}]}}}");
    add_bytes(&status, 2, ht_buf_str(&info));
    snprintf(path, sizeof(path), "/%s.RuntimeService/Version", interface);
    answer(path, NULL, &version);
    snprintf(path, sizeof(path), "/%s.RuntimeService/ListPodSandbox", interface);
    answer(path, NULL, &pods);
    snprintf(path, sizeof(path), "/%s.RuntimeService/ListContainers", interface);
    answer(path, NULL, &containers);
    snprintf(path, sizeof(path), "/%s.RuntimeService/PodSandboxStatus", interface);
    answer(path, NULL, &status);
    snprintf(path, sizeof(path), "/%s.RuntimeService/ContainerStatus", interface);
    answer(path, NULL, &status);
}

/* The same, and the pod has no process of its own. */
static void answer_bare_pod(const char *interface)
{
    ht_autobuf struct ht_buf info = HT_BUF(1000), status = HT_BUF(1000);
    char path[100];

    answer_cri(interface, 1);
    add_text(&info, 1, "info");
    add_text(&info, 2, "{}");
    add_bytes(&status, 2, ht_buf_str(&info));
    snprintf(path, sizeof(path), "/%s.RuntimeService/PodSandboxStatus", interface);
    answer(path, NULL, &status);
}

static int set_up_cri(void **state)
{
    (void)state;
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    peer = grpc_peer_start();
    return 0;
}

static void assert_cri(const char *interface, const char *detail)
{
    struct driver driver = {.ended = false};
    char status[100];

    answer_cri(interface, 1);
    snprintf(status, sizeof(status), "/%s.RuntimeService/ContainerStatus", interface);
    start(&driver, PATIENT);
    assert_told(&driver, HT_SOURCE_STATE_OK, 2, detail);
    pthread_mutex_lock(&driver.lock);
    const struct ht_container *c =
        ht_container_of(ht_node_find(driver.sample, HT_TABLE_CONTAINER, HT_S("c1")));
    assert_int_equal(c->pid, 77);
    assert_true(ht_str_is(c->runtime, "cri-o"));
    assert_int_equal(c->declared.pid_ns, HT_NS_SCOPE_OWN);
    assert_int_equal(ht_str_find(c->env.items[0].value, HT_S("s3cr3t"), 0), -1);
    pthread_mutex_unlock(&driver.lock);
    /* Another pass asks for the status of what has changed alone. */
    unsigned asked = grpc_peer_calls(peer, status);
    answer_cri(interface, 2);
    driver_advance(&driver, 6 * HT_NS_PER_S);
    grpc_peer_wait_calls(peer, status, asked);
    driver_stop(&driver);
}

static void cri_is_spoken_where_there_is_nothing_else(void **state)
{
    (void)state;
    assert_cri("runtime.v1", "cri-o 1.30.2, runtime.v1, 2 containers");
}

static void the_older_interface_is_spoken_too(void **state)
{
    (void)state;
    assert_cri("runtime.v1alpha2", "cri-o 1.30.2, runtime.v1alpha2, 2 containers");
}

static void a_pod_without_a_process_is_no_container(void **state)
{
    struct driver driver = {.ended = false};

    (void)state;
    answer_bare_pod("runtime.v1");
    start(&driver, PATIENT);
    assert_told(&driver, HT_SOURCE_STATE_OK, 1, "cri-o 1.30.2, runtime.v1, 1 container");
    pthread_mutex_lock(&driver.lock);
    assert_non_null(ht_node_find(driver.sample, HT_TABLE_CONTAINER, HT_S("c1")));
    assert_null(ht_node_find(driver.sample, HT_TABLE_CONTAINER, HT_S("p1")));
    pthread_mutex_unlock(&driver.lock);
    driver_stop(&driver);
}

static void who_speaks_neither_is_named_so(void **state)
{
    struct driver driver = {.ended = false};

    (void)state;
    start(&driver, PATIENT);
    assert_told(&driver, HT_SOURCE_STATE_BROKEN, 0, "UNIMPLEMENTED");
    driver_stop(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_there_is_told_once_connected, set_up, tear_down),
        cmocka_unit_test_setup_teardown(events_change_what_they_are_about, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_pass_repairs_what_events_missed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_name_in_two_namespaces_is_two_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_specification_that_cannot_be_read_makes_it_part, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(failures_are_named_and_rows_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_daemon_that_comes_back_is_asked_in_full, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_socket_in_the_place_of_another_is_spoken_to, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_named_socket_that_is_none_is_broken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_place_without_a_socket_tells_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cri_is_spoken_where_there_is_nothing_else, set_up_cri,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_older_interface_is_spoken_too, set_up_cri, tear_down),
        cmocka_unit_test_setup_teardown(a_pod_without_a_process_is_no_container, set_up_cri,
                                        tear_down),
        cmocka_unit_test_setup_teardown(who_speaks_neither_is_named_so, set_up_cri, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
