/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the host configuration source looks again at what processes were told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/wait.h>

#include "hostconf-place.h"

#define CONTAINER "4f0c1e9a77b24f0c1e9a77b24f0c1e9a77b24f0c1e9a77b24f0c1e9a77b24f0c"

/* A secret comes; the second look is a turn like any other, the third was asked for, and before the
 * fourth a minute has passed and the secret is gone. */
static bool look_thrice_more(struct ht_test_feed *feed, unsigned wait,
                             struct ht_request *ret_request)
{
    static const size_t seen[] = {0, 0, 1, 0};
    const struct place *place = feed->context;
    const struct ht_rowset *exposures = ht_node_set(feed->sample, HT_TABLE_EXPOSURE);

    assert_true(wait < ARRAY_LEN(seen));
    assert_int_equal(exposures ? exposures->len : 0, seen[wait]);
    if (wait == 0)
        put(place, "proc/40/environ", HT_S("DB_PASSWORD=hunter2hunter2\0"));
    if (wait == 1)
        ret_request->kind = HT_REQUEST_RESCAN;
    if (wait == 2) {
        put(place, "proc/40/environ", HT_S("A=b\0"));
        feed->ahead_ns += 61 * HT_NS_PER_S;
    }
    return wait < 3;
}

static void environments_are_looked_at_each_minute_and_when_asked(void **state)
{
    struct place *place = *state;
    struct ht_driver driver =
        ht_hostconf_driver(&(struct ht_hostconf_options){.root = place->root, .live = false});

    put(place, "proc/40/comm", HT_S("web\n"));
    put(place, "proc/40/cmdline", HT_S("web\0"));
    put(place, "proc/40/cgroup", HT_S("0::/system.slice/docker-" CONTAINER ".scope\n"));
    put(place, "proc/40/environ", HT_S("A=b\0"));
    ht_test_feed_init(&place->feed);
    place->feed.script = look_thrice_more;
    place->feed.context = place;
    driver.ops->run(driver.self, &place->feed.feed);
    driver.ops->free(driver.self);
    assert_int_equal(place->feed.published, 4);
}

/* After two looks at arguments without a secret they are left alone, until ten minutes are over or
 * somebody asks; whoever has one is looked at each time. */
static bool look_on(struct ht_test_feed *feed, unsigned wait, struct ht_request *ret_request)
{
    static const size_t seen[] = {1, 1, 1, 2, 1};
    const struct place *place = feed->context;
    const struct ht_rowset *exposures = ht_node_set(feed->sample, HT_TABLE_EXPOSURE);

    assert_true(wait < ARRAY_LEN(seen));
    assert_int_equal(exposures ? exposures->len : 0, seen[wait]);
    feed->ahead_ns += 61 * HT_NS_PER_S;
    if (wait == 1)
        put(place, "proc/40/cmdline", HT_S("web\0--password=hunter2hunter2\0"));
    if (wait == 2)
        ret_request->kind = HT_REQUEST_RESCAN;
    if (wait == 3)
        put(place, "proc/41/cmdline", HT_S("db\0"));
    return wait < 4;
}

static void arguments_without_a_secret_are_left_alone_for_a_while(void **state)
{
    struct place *place = *state;
    struct ht_driver driver =
        ht_hostconf_driver(&(struct ht_hostconf_options){.root = place->root, .live = false});

    put(place, "proc/40/comm", HT_S("web\n"));
    put(place, "proc/40/cmdline", HT_S("web\0"));
    put(place, "proc/40/cgroup", HT_S("0::/\n"));
    put(place, "proc/41/comm", HT_S("db\n"));
    put(place, "proc/41/cmdline", HT_S("db\0--password=hunter2hunter2\0"));
    put(place, "proc/41/cgroup", HT_S("0::/\n"));
    ht_test_feed_init(&place->feed);
    place->feed.script = look_on;
    place->feed.context = place;
    driver.ops->run(driver.self, &place->feed.feed);
    driver.ops->free(driver.self);
    assert_int_equal(place->feed.published, 5);
}

/* The running system's /proc is read in another way than a copy. */
static void processes_of_the_running_system_are_looked_at(void **state)
{
    static const char script[] = "echo up; read line";
    struct place *place = *state;
    struct ht_driver driver =
        ht_hostconf_driver(&(struct ht_hostconf_options){.root = place->root, .live = true});
    const struct ht_exposure *found = NULL;
    int in[2], out[2];
    char up;

    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        execl("/bin/sh", "sh", "-c", script, "x", "--password=hunter2hunter2", (char *)NULL);
        _exit(127);
    }
    assert_true(child > 0);
    assert_int_equal(read(out[0], &up, 1), 1);
    ht_test_feed_init(&place->feed);
    place->feed.script = stop;
    driver.ops->run(driver.self, &place->feed.feed);
    driver.ops->free(driver.self);
    assert_int_equal(write(in[1], "\n", 1), 1);
    assert_int_equal(waitpid(child, NULL, 0), child);

    const struct ht_rowset *rows = ht_node_set(place->feed.sample, HT_TABLE_EXPOSURE);
    for (size_t i = 0; rows && i < rows->len && !found; i++) {
        const struct ht_exposure *exposure = ht_exposure_of(rows->rows[i]);

        if (exposure->pid == (uint64_t)child)
            found = exposure;
    }
    assert_non_null(found);
    assert_true(ht_str_is(found->where, "argument"));
    assert_true(ht_str_is(found->place, "sh") || ht_str_is(found->place, "dash"));
    for (int i = 0; i < 2; i++) {
        close(in[i]);
        close(out[i]);
    }
}

#define OTHER "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2"

static void put_container(const struct place *place, unsigned pid, const char *id)
{
    char path[64], text[256];

    snprintf(path, sizeof(path), "proc/%u/comm", pid);
    put(place, path, HT_S("web\n"));
    snprintf(path, sizeof(path), "proc/%u/mountinfo", pid);
    put(place, path, HT_S("1 0 0:9 / / rw - overlay overlay rw,lowerdir=/l/a,upperdir=/u\n"));
    snprintf(path, sizeof(path), "proc/%u/cgroup", pid);
    snprintf(text, sizeof(text), "0::/system.slice/docker-%s.scope\n", id);
    put(place, path, ht_str_from(text));
}

/* A layer is looked at once, and again after ten minutes, or when somebody asks; what was found is
 * told of a container that has it as long as there is one. */
static bool look_at_layers(struct ht_test_feed *feed, unsigned wait, struct ht_request *ret_request)
{
    static const size_t seen[] = {1, 1, 2, 1, 0};
    static bool of_first; /* whose process was met first, while that is there */
    const struct place *place = feed->context;
    const struct ht_rowset *exposures = ht_node_set(feed->sample, HT_TABLE_EXPOSURE);
    char path[PATH_BYTES];

    assert_true(wait < ARRAY_LEN(seen));
    assert_int_equal(exposures->len, seen[wait]);
    if (wait == 0)
        of_first = ht_str_is(ht_exposure_of(exposures->rows[0])->container, CONTAINER);
    for (size_t i = 0; i < exposures->len; i++)
        assert_true(ht_str_is(ht_exposure_of(exposures->rows[i])->container,
                              of_first == (wait < 2) ? CONTAINER : OTHER));
    feed->ahead_ns += 61 * HT_NS_PER_S;
    if (wait == 0)
        put(place, "l/a/srv/.env", HT_S("DB_PASSWORD=Zx9-quite-Unguessable\n"));
    if (wait == 1) {
        path_in(place, of_first ? "proc/40" : "proc/41", path);
        ht_test_remove_tree(path);
    }
    if (wait == 2) {
        put(place, "l/a/app/.env", HT_S("A=b\n"));
        feed->ahead_ns += 600 * HT_NS_PER_S;
    }
    if (wait == 3) {
        put(place, "l/a/srv/.env", HT_S("A=b\n"));
        ret_request->kind = HT_REQUEST_RESCAN;
    }
    return wait < 4;
}

static void layers_are_looked_at_once(void **state)
{
    struct place *place = *state;
    struct ht_driver driver =
        ht_hostconf_driver(&(struct ht_hostconf_options){.root = place->root, .live = false});

    put_container(place, 40, CONTAINER);
    put_container(place, 41, OTHER);
    put(place, "l/a/app/.env", HT_S("DB_PASSWORD=Zx9-quite-Unguessable\n"));
    ht_test_feed_init(&place->feed);
    place->feed.script = look_at_layers;
    place->feed.context = place;
    driver.ops->run(driver.self, &place->feed.feed);
    driver.ops->free(driver.self);
    assert_int_equal(place->feed.published, 5);
}

/* Before a runtime has moved a process to its root, that sees the node's: it has not been looked at
 * then, and no minute more is waited for than the next. */
static bool look_at_prepared(struct ht_test_feed *feed, unsigned wait,
                             struct ht_request *ret_request)
{
    static const size_t seen[] = {0, 0, 1};
    const struct place *place = feed->context;
    const struct ht_rowset *exposures = ht_node_set(feed->sample, HT_TABLE_EXPOSURE);

    (void)ret_request;
    assert_true(wait < ARRAY_LEN(seen));
    assert_int_equal(exposures ? exposures->len : 0, seen[wait]);
    feed->ahead_ns += 61 * HT_NS_PER_S;
    if (wait == 0)
        put(place, "proc/40/mountinfo", HT_S("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"));
    if (wait == 1)
        put(place, "proc/40/mountinfo",
            HT_S("1 0 0:10 / / rw - overlay overlay rw,lowerdir=/l/a,upperdir=/u\n"));
    return wait < 2;
}

static void who_is_still_prepared_is_looked_at_next_time(void **state)
{
    struct place *place = *state;
    struct ht_driver driver =
        ht_hostconf_driver(&(struct ht_hostconf_options){.root = place->root, .live = false});

    /* The node's own root is an overlay, too. */
    put_container(place, 40, CONTAINER);
    put(place, "proc/1/mountinfo",
        HT_S("1 0 0:9 / / rw - overlay overlay rw,lowerdir=/l/a,upperdir=/u\n"));
    put(place, "l/a/app/.env", HT_S("DB_PASSWORD=Zx9-quite-Unguessable\n"));
    ht_test_feed_init(&place->feed);
    place->feed.script = look_at_prepared;
    place->feed.context = place;
    driver.ops->run(driver.self, &place->feed.feed);
    driver.ops->free(driver.self);
    assert_int_equal(place->feed.published, 3);
}

/* A pid that was given away again while others were looked at is no longer who was met. */
static void who_went_is_no_witness(void **state)
{
    struct place *place = *state;
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_rowset exposures = {0};
    struct ht_hostconf_layers layers;
    struct ht_hostconf_pass pass = {.root = &root, .proc = &root, .exposures = &exposures};

    put_container(place, 40, OTHER);
    put_container(place, 41, CONTAINER);
    put(place, "l/a/app/.env", HT_S("DB_PASSWORD=Zx9-quite-Unguessable\n"));
    assert_int_equal(ht_root_open(&root, place->root, NULL), 0);
    pass.arena = ht_arena_new(1 << 20);
    pass.scratch = ht_arena_new(1 << 20);
    ht_hostconf_layers_init(&layers);
    for (unsigned i = 0; i < 2; i++) {
        ht_rowset_fini(&exposures);
        ht_hostconf_layers_begin(&layers, &pass, 1);
        ht_hostconf_layers_meet(&layers, 40, HT_S(CONTAINER));
        if (i == 1)
            ht_hostconf_layers_meet(&layers, 41, HT_S(CONTAINER));
        ht_hostconf_layers_end(&layers);
        assert_int_equal(exposures.len, i);
    }
    ht_hostconf_layers_fini(&layers);
    ht_rowset_fini(&exposures);
    ht_arena_free(pass.arena);
    ht_arena_free(pass.scratch);
}

/* Its name is its own word, and may be none at all. */
static void who_has_no_name_is_looked_at_too(void **state)
{
    struct place *place = *state;

    put(place, "proc/40/comm", HT_S("\n"));
    put(place, "proc/40/cmdline", HT_S("web\0--password=hunter2hunter2\0"));
    put(place, "proc/40/cgroup", HT_S("0::/\n"));
    const struct ht_rowset *rows = ht_node_set(look(place), HT_TABLE_EXPOSURE);
    assert_int_equal(rows->len, 1);
    assert_int_equal(ht_exposure_of(rows->rows[0])->pid, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(environments_are_looked_at_each_minute_and_when_asked,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(arguments_without_a_secret_are_left_alone_for_a_while,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(processes_of_the_running_system_are_looked_at, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(who_has_no_name_is_looked_at_too, setup, teardown),
        cmocka_unit_test_setup_teardown(layers_are_looked_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(who_is_still_prepared_is_looked_at_next_time, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(who_went_is_no_witness, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
