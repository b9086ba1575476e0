/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A daemon that tells more than anybody can keep: what is told of that, and what is kept. */
#include "docker-scene.h"
#include "tests/unit/skip.h"
#include "hulltop/base/limits.h"

enum { CONTAINERS = 12, PATH_LEN = 3900000, FEWER = 14, SHORTER = 1000000 };

static char *text_of(char c, size_t len)
{
    char *text = ht_alloc0(len + 1, 1);

    memset(text, c, len);
    return text;
}

/* Containers "d0" and so on. */
struct crowd {
    int count;
    size_t path_len; /* of a path in each, which no other has */
    char first;      /* byte of the first one's path */
    const char *state;
};

static void map_list(const struct crowd *crowd)
{
    ht_autobuf struct ht_buf list = HT_BUF(HT_LIMIT_FILE);

    for (int i = 0; i < crowd->count; i++)
        ht_buf_addf(&list, "%s{\"Id\":\"d%d\",\"Names\":[\"/d%d\"],\"State\":\"%s\"}",
                    i ? "," : "[", i, i, crowd->state);
    ht_buf_add_text(&list, "]");
    map("/containers/json", "list.json", list.data);
}

static void map_crowd(const struct crowd *crowd)
{
    for (int i = 0; i < crowd->count; i++) {
        ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
        char *path = text_of((char)(crowd->first + i), crowd->path_len);
        char target[64];

        ht_buf_addf(&text,
                    "{\"Id\":\"d%d\",\"Name\":\"/d%d\",\"State\":{\"Status\":\"%s\",\"Pid\":77},"
                    "\"HostConfig\":{},\"Mounts\":[{",
                    i, i, crowd->state);
        ht_buf_addf(&text, "\"Type\":\"bind\",\"Destination\":\"/x\",\"Source\":\"/%s\"}]}", path);
        snprintf(target, sizeof(target), "/containers/d%d/json", i);
        map(target, "other", text.data);
        free(path);
    }
    map_list(crowd);
}

static void start_peer_of(const char *uid)
{
    const char *arguments[] = {"--answers", folder, "--api", "1.41", "--owner", uid, NULL};

    peer_stop(&peer);
    peer_start(&peer, 0, arguments);
    unlink(address);
    assert_int_equal(symlink(peer.socket, address), 0);
}

static size_t bytes_of(struct driver *driver)
{
    size_t bytes = 0;

    pthread_mutex_lock(&driver->lock);
    const struct ht_rowset *rows = ht_node_set(driver->sample, HT_TABLE_CONTAINER);
    for (size_t i = 0; i < rows->len; i++)
        bytes += ht_row_size(rows->rows[i]);
    pthread_mutex_unlock(&driver->lock);
    return bytes;
}

static void of_a_users_daemon_less_is_kept_than_it_tells(void **state)
{
    static const struct {
        const char *uid;
        enum ht_source_state state;
        const char *detail;
    } owners[] = {
        {"0", HT_SOURCE_STATE_OK, "12 containers"},
        {"65534", HT_SOURCE_STATE_PART, "inspected: what it tells of the others takes 16 MB"},
    };

    (void)state;
    if (geteuid() != 0)
        skip_without_root("others' daemons are for root alone");
    for (size_t i = 0; i < ARRAY_LEN(owners); i++) {
        struct driver driver = {.stands = true};

        start_peer_of(owners[i].uid);
        map_crowd(&(struct crowd){CONTAINERS, PATH_LEN, 'a', "running"});
        start(&driver, PATIENT);
        expect(&driver, owners[i].state, CONTAINERS, owners[i].detail);
        /* Those under way when there is enough are taken. */
        assert_true((bytes_of(&driver) < (size_t)(5 + HT_HTTP_LANES) * PATH_LEN) == (i == 1));
        driver_stop(&driver);
    }
}

/* Whether all containers are in that state. */
static bool are_all_in(struct driver *driver, void *context)
{
    const struct ht_rowset *rows = ht_node_set(driver->sample, HT_TABLE_CONTAINER);
    const int *state = context;
    size_t count = 0;

    for (size_t i = 0; i < rows->len; i++)
        count += ht_container_of(rows->rows[i])->state == (enum ht_container_state) * state;
    return rows->len && count == rows->len;
}

static void look_again(struct driver *driver)
{
    driver_request(driver, HT_REQUEST_RESCAN, "");
    driver_advance(driver, AFTER_REST);
}

static void what_takes_the_place_of_another_is_not_counted_beside_it(void **state)
{
    struct driver driver = {.stands = true};
    int exited = HT_CONTAINER_STATE_EXITED;

    (void)state;
    if (geteuid() != 0)
        skip_without_root("others' daemons are for root alone");
    start_peer_of("65534");
    map_crowd(&(struct crowd){FEWER, SHORTER, 'a', "running"});
    start(&driver, PATIENT);
    expect(&driver, HT_SOURCE_STATE_OK, FEWER, "14 containers");
    map_crowd(&(struct crowd){FEWER, SHORTER, 'A', "exited"});
    look_again(&driver);
    assert_true(driver_wait(&driver, are_all_in, &exited));
    expect(&driver, HT_SOURCE_STATE_OK, FEWER, "14 containers");
    driver_stop(&driver);
}

/* Where no more is kept than is, state is that of now all the same: whether it was told of before,
 * or its row has to grow, or neither. */
static void of_a_daemon_that_told_enough_states_are_of_now(void **state)
{
    static const struct {
        struct crowd before, after;
        enum ht_source_state state; /* before */
        size_t most;                /* bytes of rows after */
    } scenes[] = {
        {{CONTAINERS, PATH_LEN, 'a', "running"},
         {CONTAINERS, PATH_LEN, 'A', "exited"},
         HT_SOURCE_STATE_PART,
         (size_t)(5 + HT_HTTP_LANES) * PATH_LEN},
        {{CONTAINERS, PATH_LEN, 'a', "exited"},
         {CONTAINERS, PATH_LEN, 'A', "running"},
         HT_SOURCE_STATE_PART,
         (size_t)(5 + HT_HTTP_LANES) * PATH_LEN},
        {{FEWER, SHORTER, 'a', "running"},
         {FEWER, PATH_LEN, 'A', "exited"},
         HT_SOURCE_STATE_OK,
         2 * 16 * 1024 * 1024},
    };

    (void)state;
    if (geteuid() != 0)
        skip_without_root("others' daemons are for root alone");
    for (size_t i = 0; i < ARRAY_LEN(scenes); i++) {
        struct driver driver = {.stands = true};
        int wanted = ht_enum_find(&ht_container_state_enum, ht_str_from(scenes[i].after.state));

        start_peer_of("65534");
        map_crowd(&scenes[i].before);
        start(&driver, PATIENT);
        expect(&driver, scenes[i].state, (size_t)scenes[i].before.count, "containers");
        map_crowd(&scenes[i].after);
        look_again(&driver);
        assert_true(driver_wait(&driver, are_all_in, &wanted));
        expect(&driver, HT_SOURCE_STATE_PART, (size_t)scenes[i].after.count,
               "inspected: what it tells of the others takes 16 MB");
        assert_true(bytes_of(&driver) < scenes[i].most);
        driver_stop(&driver);
    }
}

static void a_name_is_kept_as_far_as_names_go(void **state)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    char *name = text_of('n', PATH_LEN / 2);
    struct driver driver = {0};

    (void)state;
    ht_buf_addf(&text, "{\"Id\":\"b2\",\"Name\":\"/%s\",\"Config\":{\"Image\":\"%s\"}}", name,
                name);
    map("/containers/b2/json", "other", text.data);
    start(&driver, PATIENT);
    expect_ok(&driver, 3);
    ht_autorow struct ht_row *row = row_of(&driver, "b2");
    assert_int_equal(ht_container_of(row)->name.len, 1024);
    assert_int_equal(ht_container_of(row)->image.len, 1024);
    driver_stop(&driver);
    free(name);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(of_a_users_daemon_less_is_kept_than_it_tells),
        TEST(what_takes_the_place_of_another_is_not_counted_beside_it),
        TEST(of_a_daemon_that_told_enough_states_are_of_now),
        TEST(a_name_is_kept_as_far_as_names_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
