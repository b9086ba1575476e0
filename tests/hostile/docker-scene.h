/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Docker source, three containers, and the misbehaving peer in the place of their daemon. */
#ifndef HT_TESTS_DOCKER_SCENE_H
#define HT_TESTS_DOCKER_SCENE_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/tree.h"
#include "hulltop/base/http.h"
#include "hulltop/base/mem.h"
#include "docker-expect.h"
#include "driver.h"
#include "peer-client.h"

#define AFTER_PASS (61 * HT_NS_PER_S)
#define AFTER_REST (1201 * HT_NS_PER_S)

/* The driver knows the peer by this link, so that another peer can take its place. */
static struct peer_client peer;
static char folder[64], address[128];

/* ---- the peer's answers ---- */

static inline void write_file(const char *name, const char *text)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    ht_test_write_file(path, text);
}

static inline void write_container(const char *id, bool privileged)
{
    char name[16], text[400];

    snprintf(name, sizeof(name), "%s.json", id);
    snprintf(text, sizeof(text),
             "{\"Id\":\"%s\",\"Name\":\"/%s\",\"State\":{\"Status\":\"running\",\"Pid\":77},"
             "\"Config\":{\"User\":\"\"},\"Mounts\":[],\"HostConfig\":{\"Privileged\":%s,"
             "\"CapAdd\":null,\"CapDrop\":null,\"SecurityOpt\":null}}",
             id, id, privileged ? "true" : "false");
    write_file(name, text);
}

#define ENTRY(id)                                                                                  \
    "{\"Id\":\"" id "\",\"Names\":[\"/" id                                                         \
    "\"],\"Image\":\"web\",\"State\":\"running\",\"Status\":\"Up 1 second\"}"

static inline void tell(const char *command)
{
    peer_tell(&peer, command, NULL, 0);
}

/* From now on the target is answered by this text. */
static inline void map(const char *target, const char *file, const char *text)
{
    char command[300];

    write_file(file, text);
    snprintf(command, sizeof(command), "map %s %s/%s", target, folder, file);
    tell(command);
}

static inline void start_peer(const char *events)
{
    const char *arguments[] = {"--answers", folder, "--api", "1.41", NULL, NULL, NULL};

    if (events) {
        arguments[4] = "--events";
        arguments[5] = events;
    }
    peer_start(&peer, 0, arguments);
    unlink(address);
    assert_int_equal(symlink(peer.socket, address), 0);
}

static inline int set_up(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    snprintf(folder, sizeof(folder), "%s/docker.XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    snprintf(address, sizeof(address), "%s/docker.sock", folder);
    write_file("map", "/info info.json\n/containers/json list.json\n"
                      "/containers/a1/json a1.json\n/containers/b2/json b2.json\n"
                      "/containers/c3/json c3.json\n");
    write_file("info.json", "{\"ServerVersion\":\"20.10.24\","
                            "\"SecurityOptions\":[\"name=seccomp,profile=default\"]}");
    write_file("list.json", "[" ENTRY("a1") "," ENTRY("b2") "," ENTRY("c3") "]");
    write_container("a1", false);
    write_container("b2", true);
    write_container("c3", false);
    start_peer(NULL);
    return 0;
}

static inline int tear_down(void **state)
{
    char command[160];
    static const char *const files[] = {"map",     "info.json", "list.json",
                                        "a1.json", "b2.json",   "c3.json",
                                        "other",   "events",    "docker.sock"};

    (void)state;
    peer_stop(&peer);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        snprintf(command, sizeof(command), "%s/%s", folder, files[i]);
        unlink(command);
    }
    return rmdir(folder);
}

/* ---- the driver ---- */

/* Brief where no answer may come, and there alone: on a busy machine an answer takes its time. */
enum patience { BRIEF, PATIENT };

static inline enum patience patience_for(enum ht_source_state state)
{
    return state == HT_SOURCE_STATE_BUSY ? BRIEF : PATIENT;
}

static inline void start(struct driver *driver, enum patience patience)
{
    const struct ht_docker_options options = {
        .url = address, .timeout_ns = (patience == BRIEF ? 400 : 60000) * HT_NS_PER_MS};

    driver_start(driver, ht_docker_driver(&options));
}

/* Of the state that it is in already. */
static inline void assert_says(struct driver *driver, const char *where, const char *detail)
{
    pthread_mutex_lock(&driver->lock);
    struct ht_str said = driver_source(driver, "docker")->detail;
    if (!contains(said, detail))
        fail_msg("%s: \"%s\" is not in \"%.*s\"", where, detail, HT_STR_ARG(said));
    pthread_mutex_unlock(&driver->lock);
}

static inline void expect(struct driver *driver, enum ht_source_state state, size_t rows,
                          const char *detail)
{
    expect_in(driver, "source",
              (struct expected){.state = state, .rows = rows, .detail = detail, .help = ""});
}

static inline void expect_ok(struct driver *driver, size_t rows)
{
    expect(driver, HT_SOURCE_STATE_OK, rows, "Docker 20.10.24, API 1.41");
}

/* The driver tries again by itself; putting its clock forward spares the pause. */
static inline void expect_recovery(struct driver *driver, const char *where)
{
    tell("mode ok");
    driver_advance(driver, AFTER_PING);
    expect_in(driver, where,
              (struct expected){
                  .state = HT_SOURCE_STATE_OK, .rows = 3, .detail = "3 containers", .help = ""});
}

static inline int64_t answered_at(struct driver *driver)
{
    pthread_mutex_lock(&driver->lock);
    int64_t at = driver_source(driver, "docker")->answered_at;
    pthread_mutex_unlock(&driver->lock);
    return at;
}

static inline struct ht_row *row_of(struct driver *driver, const char *id)
{
    pthread_mutex_lock(&driver->lock);
    const struct ht_row *row = ht_node_find(driver->sample, HT_TABLE_CONTAINER, ht_str_from(id));
    struct ht_row *kept = row ? ht_row_ref(row) : NULL;
    pthread_mutex_unlock(&driver->lock);
    return kept;
}

/* Expects these requests since the last call, the first ones in this order. */
static inline void assert_requests(size_t first, const char *expected)
{
    char requests[4096];

    peer_requests(&peer, first, requests, sizeof(requests));
    assert_string_equal(requests, expected);
}

/* Told to the peer: what happened to a container. */
#define EVENT(action, id)                                                                          \
    "event {\"Type\":\"container\",\"Action\":\"" action "\",\"Actor\":{\"ID\":\"" id "\"}}"

#endif
