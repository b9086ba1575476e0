/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told about the socket of a daemon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "docker-client.h"
#include "host-socket.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "tests/unit/skip.h"
#include "tests/unit/tree.h"

struct place {
    struct ht_arena *arena;
    char folder[64], socket[80], link[80];
    struct ht_daemon daemon;
};

static int make(void **state)
{
    static struct place place;

    place = (struct place){.arena = ht_arena_new(HT_LIMIT_ROW), .folder = "/tmp/socket.XXXXXX"};
    assert_non_null(mkdtemp(place.folder));
    snprintf(place.socket, sizeof(place.socket), "%s/s", place.folder);
    snprintf(place.link, sizeof(place.link), "%s/l", place.folder);
    ht_test_make_socket(place.socket);
    assert_int_equal(chmod(place.socket, 0666), 0);
    assert_int_equal(symlink(place.socket, place.link), 0);
    *state = &place;
    return 0;
}

static int clear(void **state)
{
    struct place *place = *state;

    unlink(place->link);
    unlink(place->socket);
    ht_arena_free(place->arena);
    return rmdir(place->folder);
}

static const struct ht_http_peer user = {.known = true, .uid = 1000, .pid = 77};

static void the_user_is_the_one_who_listens(void **state)
{
    struct place *place = *state;

    assert_true(ht_host_socket_facts(place->arena, place->socket, user, &place->daemon));
    assert_int_equal(place->daemon.socket_uid, 1000);
    assert_int_equal(place->daemon.pid, 77);
    assert_int_equal(place->daemon.socket_mode, 0666);
}

static void a_users_link_tells_nothing(void **state)
{
    struct place *place = *state;

    if (geteuid() == 0)
        assert_int_equal(lchown(place->link, 1000, 1000), 0);
    assert_false(ht_host_socket_facts(place->arena, place->link, user, &place->daemon));
    assert_int_equal(place->daemon.socket_uid, 1000);
    assert_false(ht_daemon_has_socket_mode(&place->daemon));
}

static void a_link_of_roots_is_followed(void **state)
{
    struct place *place = *state;

    if (geteuid() != 0)
        skip_without_root("not root");
    assert_true(ht_host_socket_facts(place->arena, place->link, user, &place->daemon));
    assert_int_equal(place->daemon.socket_mode, 0666);
}

static void without_a_peer_nobody_is_named(void **state)
{
    struct place *place = *state;
    const struct ht_http_peer none = {0}, init = {.known = true, .uid = 0, .pid = 1};

    assert_true(ht_host_socket_facts(place->arena, place->socket, none, &place->daemon));
    assert_false(ht_daemon_has_socket_uid(&place->daemon));
    assert_true(ht_host_socket_facts(place->arena, place->socket, init, &place->daemon));
    assert_false(ht_daemon_has_pid(&place->daemon));
}

static void write_groups(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* As usermod does, the file is replaced. */
static void a_new_member_is_seen(void **state)
{
    struct place *place = *state;
    struct ht_host_access seen = {0};
    char groups[80], fresh[80];

    snprintf(groups, sizeof(groups), "%s/group", place->folder);
    snprintf(fresh, sizeof(fresh), "%s/group+", place->folder);
    write_groups(groups, "docker:x:999:amy\n");
    assert_true(ht_host_access_changed(place->socket, groups, &seen));
    assert_false(ht_host_access_changed(place->socket, groups, &seen));
    write_groups(fresh, "docker:x:999:eve\n");
    assert_int_equal(rename(fresh, groups), 0);
    assert_true(ht_host_access_changed(place->socket, groups, &seen));
    assert_false(ht_host_access_changed(place->socket, groups, &seen));
    assert_int_equal(unlink(groups), 0);
}

static void another_right_is_seen(void **state)
{
    struct place *place = *state;
    struct ht_host_access seen = {0};
    struct ht_row *row, *same;

    ht_daemon_set_id(&place->daemon, HT_S("here"));
    row = ht_row_new(&ht_daemon_table, &place->daemon);
    row = ht_host_access_again(place->socket, user, &seen, row);
    assert_int_equal(ht_daemon_of(row)->socket_mode, 0666);
    same = ht_host_access_again(place->socket, user, &seen, row);
    assert_ptr_equal(same, row);
    assert_int_equal(chmod(place->socket, 0660), 0);
    row = ht_host_access_again(place->socket, user, &seen, row);
    assert_int_equal(ht_daemon_of(row)->socket_mode, 0660);
    assert_int_equal(unlink(place->socket), 0);
    row = ht_host_access_again(place->socket, user, &seen, row);
    assert_false(ht_daemon_has_socket_mode(ht_daemon_of(row)));
    assert_false(ht_daemon_has_socket_gid(ht_daemon_of(row)));
    assert_int_equal(ht_daemon_of(row)->socket_uid, 1000);
    ht_row_unref(row);
}

/* An address, "" for none, NULL if the file does not tell all. */
static void assert_config(const char *text, const char *address)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_daemon daemon = {0};

    ht_docker_decode_config(arena, ht_str_from(text), &daemon);
    assert_int_equal(ht_daemon_has_config_file(&daemon), address != NULL);
    assert_int_equal(daemon.tcp_listeners.len, address && address[0]);
    if (address && address[0])
        assert_true(ht_str_is(daemon.tcp_listeners.items[0], address));
}

static void a_settings_file_is_known_when_all_of_it_is(void **state)
{
    (void)state;
    assert_config("{}", "");
    assert_config("{\"hosts\":[\"unix:///run/docker.sock\"]}", "");
    assert_config("{\"hosts\":[\"0.0.0.0:2375\"]}", "tcp://0.0.0.0:2375");
    assert_config("{\"hosts\":[\"tcp://0.0.0.0:2375\"]}", "tcp://0.0.0.0:2375");
    assert_config("{\"hosts\":[\"fd://\"]}", NULL);
    assert_config("{\"hosts\":\"tcp://0.0.0.0:2375\"}", NULL);
    assert_config("{\"hosts\":", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_user_is_the_one_who_listens, make, clear),
        cmocka_unit_test_setup_teardown(a_users_link_tells_nothing, make, clear),
        cmocka_unit_test_setup_teardown(a_link_of_roots_is_followed, make, clear),
        cmocka_unit_test_setup_teardown(a_new_member_is_seen, make, clear),
        cmocka_unit_test_setup_teardown(another_right_is_seen, make, clear),
        cmocka_unit_test(a_settings_file_is_known_when_all_of_it_is),
        cmocka_unit_test_setup_teardown(without_a_peer_nobody_is_named, make, clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
