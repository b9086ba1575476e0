/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The source of packages over a private root: rows, what it says of itself, what it remembers. */
#include <fcntl.h>
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

#include "tests/unit/tree.h"
#include "feed.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "src/source/pkg-inputs.h"

enum { PATH_BYTES = 512, LIMIT_DAYS = 7 };

#define LISTS "/var/lib/apt/lists/"

struct ground {
    char root[PATH_BYTES / 2];
    char cache[PATH_BYTES / 2];
};

static void put(const struct ground *ground, const char *name, const char *text)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s%s", ground->root, name);
    for (char *slash = strchr(path + strlen(ground->root) + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    ht_test_write_file(path, text);
}

static const char release[] = "Origin: Debian\nLabel: Debian-Security\nSuite: stable-security\n"
                              "Codename: bookworm-security\nDate: Sat, 21 Nov 2026 08:12:01 UTC\n"
                              "SHA256:\n aa 3 main/binary-s390x/Packages\n";
static const char list[] = "Package: one\nVersion: 1.0-2\nArchitecture: amd64\n\n"
                           "Package: two\nVersion: 9\nArchitecture: amd64\n";

static void fill(const struct ground *ground)
{
    put(ground, "/var/lib/dpkg/status",
        "Package: one\nStatus: install ok installed\nVersion: 1.0-1\nArchitecture: amd64\n\n"
        "Package: three\nStatus: hold ok installed\nVersion: 3\nArchitecture: all\n");
    put(ground, "/etc/apt/sources.list",
        "deb http://deb.example.net/debian-security bookworm-security main\n");
    put(ground, "/usr/lib/os-release", "ID=debian\nVERSION_CODENAME=bookworm\n");
    put(ground, "/etc/apt/apt.conf.d/01arch", "APT::Architecture \"amd64\";\n");
    put(ground, LISTS "deb.example.net_debian-security_dists_bookworm-security_InRelease", release);
    put(ground,
        LISTS "deb.example.net_debian-security_dists_bookworm-security_main_binary-amd64_Packages",
        list);
}

static int make_ground(void **state)
{
    struct ground *ground = ht_new0(struct ground);
    const char *tmp = getenv("TMPDIR");

    snprintf(ground->root, sizeof(ground->root), "%s/pkgs.XXXXXX", tmp ? tmp : "/tmp");
    snprintf(ground->cache, sizeof(ground->cache), "%s/cache.XXXXXX", tmp ? tmp : "/tmp");
    *state = ground;
    if (!mkdtemp(ground->root) || !mkdtemp(ground->cache))
        return -1;
    fill(ground);
    return 0;
}

static int remove_ground(void **state)
{
    struct ground *ground = *state;

    ht_test_remove_tree(ground->root);
    ht_test_remove_tree(ground->cache);
    free(ground);
    return 0;
}

/* Runs the driver; script says when it ends and what happens before. */
static void run(struct ht_test_feed *test, const struct ground *ground, const char *cache,
                bool (*script)(struct ht_test_feed *feed, unsigned wait,
                               struct ht_request *request))
{
    struct ht_driver driver = ht_packages_driver(&(struct ht_packages_options){
        .root = ground->root, .lists_limit_days = LIMIT_DAYS, .cache_folder = cache});

    *test = (struct ht_test_feed){.script = script, .context = (void *)ground};
    ht_test_feed_init(test);
    driver.ops->run(driver.self, &test->feed);
    driver.ops->free(driver.self);
}

static bool once(struct ht_test_feed *feed, unsigned wait, struct ht_request *request)
{
    (void)feed;
    (void)wait;
    (void)request;
    return false;
}

static const struct ht_source *source_of(const struct ht_test_feed *test)
{
    const struct ht_row *row = ht_node_find(test->sample, HT_TABLE_SOURCE, HT_S("packages"));

    assert_non_null(row);
    return ht_source_of(row);
}

static const struct ht_package_db *db_of(const struct ht_test_feed *test)
{
    const struct ht_row *row = ht_node_find(test->sample, HT_TABLE_PACKAGE_DB, HT_S("deb"));

    assert_non_null(row);
    return ht_package_db_of(row);
}

static bool cannot_confine(void)
{
    if (ht_root_can_confine())
        return false;
    print_message("SKIP packages: this kernel or sandbox has no openat2\n");
    return true;
}

static void an_update_is_a_row(void **state)
{
    struct ht_test_feed test;
    const struct ht_row *row;

    if (cannot_confine())
        return;
    run(&test, *state, NULL, once);
    row = ht_node_find(test.sample, HT_TABLE_PACKAGE, HT_S("one:amd64"));
    assert_non_null(row);
    assert_string_equal(ht_package_of(row)->candidate.data, "1.0-2");
    assert_true(ht_package_of(row)->security);
    assert_int_equal(ht_node_set(test.sample, HT_TABLE_PACKAGE)->len, 1);
    assert_int_equal(db_of(&test)->installed, 2);
    assert_int_equal(db_of(&test)->pending, 1);
    assert_int_equal(db_of(&test)->lists_limit, LIMIT_DAYS);
    assert_true(db_of(&test)->security_source);
    assert_int_equal(source_of(&test)->state, HT_SOURCE_STATE_OK);
    assert_int_equal(source_of(&test)->items, 2);
    ht_node_unref(test.sample);
}

/* The free lists run out with their release; what is paid for goes on, and ends by itself. */
static void ends_of_free_lists_and_of_others_are_told_apart(void **state)
{
    static const char others[] =
        "Origin: Freexian\nSuite: bookworm\nCodename: bookworm\n"
        "Date: Sat, 21 Nov 2026 08:12:01 UTC\nValid-Until: Mon, 30 Nov 2026 08:12:01 UTC\n"
        "SHA256:\n aa 3 main/binary-s390x/Packages\n";
    const struct ground *ground = *state;
    char mine[600];
    struct ht_test_feed test;

    if (cannot_confine())
        return;
    snprintf(mine, sizeof(mine), "Valid-Until: Sat, 28 Nov 2026 08:12:01 UTC\n%s", release);
    put(ground, LISTS "deb.example.net_debian-security_dists_bookworm-security_InRelease", mine);
    run(&test, ground, NULL, once);
    assert_true(ht_package_db_has_lists_until(db_of(&test)));
    assert_false(ht_package_db_has_others_until(db_of(&test)));
    ht_node_unref(test.sample);

    put(ground, "/etc/apt/sources.list",
        "deb http://deb.example.net/debian-security bookworm-security main\n"
        "deb http://elts.example.net/extended-lts bookworm main\n");
    put(ground, LISTS "elts.example.net_extended-lts_dists_bookworm_InRelease", others);
    put(ground, LISTS "elts.example.net_extended-lts_dists_bookworm_main_binary-amd64_Packages",
        list);
    run(&test, ground, NULL, once);
    assert_int_equal(db_of(&test)->others_until - db_of(&test)->lists_until,
                     INT64_C(2) * 24 * 60 * 60 * HT_NS_PER_S);
    assert_true(ht_str_has_prefix(db_of(&test)->others_until_of, "elts."));
    ht_node_unref(test.sample);
}

static void a_missing_list_is_told(void **state)
{
    const struct ground *ground = *state;
    struct ht_test_feed test;

    if (cannot_confine())
        return;
    put(ground, "/etc/apt/sources.list.d/x.list", "deb http://x.example.net/x x main\n");
    run(&test, ground, NULL, once);
    assert_int_equal(source_of(&test)->state, HT_SOURCE_STATE_PART);
    assert_int_equal(db_of(&test)->missing.len, 1);
    assert_int_equal(db_of(&test)->pending, 1);
    assert_non_null(strstr(source_of(&test)->detail.data, "x.example.net"));
    ht_node_unref(test.sample);
}

static void a_damaged_list_is_named(void **state)
{
    const struct ground *ground = *state;
    struct ht_test_feed test;

    if (cannot_confine())
        return;
    put(ground, "/etc/apt/sources.list.d/x.list", "deb http://x.example.net/x x main\n");
    put(ground, LISTS "x.example.net_x_dists_x_main_binary-amd64_Packages.gz", "no gzip at all");
    run(&test, ground, NULL, once);
    assert_int_equal(source_of(&test)->state, HT_SOURCE_STATE_PART);
    assert_int_equal(db_of(&test)->unreadable.len, 1);
    assert_int_equal(db_of(&test)->index_files.len, 2);
    ht_node_unref(test.sample);
}

static void sources_that_apt_refuses_are_told(void **state)
{
    const struct ground *ground = *state;
    struct ht_test_feed test;

    if (cannot_confine())
        return;
    put(ground, "/etc/apt/sources.list.d/x.list", "deb http://x.example.net/x\n");
    run(&test, ground, NULL, once);
    assert_int_equal(source_of(&test)->state, HT_SOURCE_STATE_PART);
    assert_non_null(strstr(source_of(&test)->detail.data, "x.list:1"));
    ht_node_unref(test.sample);
}

static void a_host_without_packages_knows_nothing(void **state)
{
    const struct ground *ground = *state;
    struct ht_test_feed test;
    char path[PATH_BYTES];

    if (cannot_confine())
        return;
    snprintf(path, sizeof(path), "%s/var/lib/dpkg/status", ground->root);
    assert_int_equal(unlink(path), 0);
    run(&test, ground, NULL, once);
    assert_int_equal(source_of(&test)->state, HT_SOURCE_STATE_PART);
    assert_int_equal(ht_node_set(test.sample, HT_TABLE_PACKAGE_DB)->len, 0);
    ht_node_unref(test.sample);
}

/* What fails for another reason than permission does not ask for root. */
static void a_damaged_database_does_not_ask_for_root(void **state)
{
    const struct ground *ground = *state;
    char path[PATH_BYTES];
    struct ht_test_feed test;

    if (cannot_confine())
        return;
    snprintf(path, sizeof(path), "%s/var/lib/dpkg/status", ground->root);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0755), 0);
    run(&test, ground, NULL, once);
    assert_int_equal(source_of(&test)->state, HT_SOURCE_STATE_BROKEN);
    assert_true(ht_str_has_prefix(source_of(&test)->help, "the system's own tool"));
    ht_node_unref(test.sample);
}

static void a_host_of_apk_cannot_tell_its_updates(void **state)
{
    const struct ground *ground = *state;
    struct ht_test_feed test;
    char path[PATH_BYTES];

    if (cannot_confine())
        return;
    snprintf(path, sizeof(path), "%s/var/lib/dpkg/status", ground->root);
    assert_int_equal(unlink(path), 0);
    put(ground, "/lib/apk/db/installed", "P:busybox\nV:1.36.1-r0\nA:x86_64\n\n");
    run(&test, ground, NULL, once);
    assert_int_equal(source_of(&test)->state, HT_SOURCE_STATE_PART);
    assert_non_null(strstr(source_of(&test)->detail.data, "cannot tell which updates"));

    const struct ht_row *row = ht_node_find(test.sample, HT_TABLE_PACKAGE_DB, HT_S("apk"));
    assert_non_null(row);
    assert_int_equal(ht_package_db_of(row)->installed, 1);
    assert_false(ht_package_db_has_security(ht_package_db_of(row)));
    ht_node_unref(test.sample);
}

/* First pass reads, the second finds everything as it was, the third finds a new list. */
static bool three_passes(struct ht_test_feed *feed, unsigned wait, struct ht_request *request)
{
    const struct ground *ground = feed->context;

    (void)request;
    if (wait == 0) {
        assert_int_equal(feed->confirmed, 0);
        return true;
    }
    if (wait == 1) {
        assert_int_equal(feed->confirmed, 1);
        put(ground,
            LISTS
            "deb.example.net_debian-security_dists_bookworm-security_main_binary-all_Packages",
            "Package: three\nVersion: 4\nArchitecture: all\n");
        return true;
    }
    return false;
}

static void only_a_change_is_read(void **state)
{
    struct ht_test_feed test;

    if (cannot_confine())
        return;
    run(&test, *state, NULL, three_passes);
    assert_int_equal(test.confirmed, 1);
    assert_int_equal(db_of(&test)->pending, 2);
    assert_int_equal(db_of(&test)->held, 1);
    ht_node_unref(test.sample);
}

/* Writes into the file what it has, until the kernel's clock of files has gone on, and puts its
 * modification time back. */
static void touch_unseen(const char *path, const struct stat *before)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, before->st_mtim};
    ht_autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);
    struct stat now;

    assert_true(fd >= 0);
    do {
        assert_int_equal(pwrite(fd, "x", 1, 0), 1);
        assert_int_equal(futimens(fd, times), 0);
        assert_int_equal(fstat(fd, &now), 0);
    } while (now.st_ctim.tv_sec == before->st_ctim.tv_sec &&
             now.st_ctim.tv_nsec == before->st_ctim.tv_nsec);
}

static void a_write_is_noticed_though_size_and_time_are_put_back(void **state)
{
    const struct ground *ground = *state;
    struct ht_pkg_inputs inputs = {0}, kept = {0};
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    ht_autobuf struct ht_buf text = HT_BUF(4096);
    struct stat before;
    char path[PATH_BYTES];

    if (cannot_confine())
        return;
    snprintf(path, sizeof(path), "%s/var/lib/dpkg/status", ground->root);
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(ht_root_open(&root, ground->root, NULL), 0);
    assert_int_equal(ht_pkg_inputs_look(&inputs, &root, "var/lib/dpkg/status"), 0);
    ht_pkg_inputs_write(&inputs, &text);
    assert_true(ht_pkg_inputs_read(&kept, ht_buf_str(&text)));
    assert_true(ht_pkg_inputs_hold(&inputs, &root));
    assert_true(ht_pkg_inputs_hold(&kept, &root));
    touch_unseen(path, &before);
    assert_false(ht_pkg_inputs_hold(&inputs, &root));
    assert_false(ht_pkg_inputs_hold(&kept, &root));
    ht_pkg_inputs_fini(&inputs);
    ht_pkg_inputs_fini(&kept);
}

static void the_answer_outlives_the_run(void **state)
{
    const struct ground *ground = *state;
    struct ht_test_feed test;
    struct stat whole;
    char path[PATH_BYTES];

    if (cannot_confine())
        return;
    run(&test, ground, ground->cache, once);
    unsigned published = test.published;
    ht_node_unref(test.sample);

    run(&test, ground, ground->cache, once);
    assert_int_equal(test.published, 1); /* at once, without progress */
    assert_true(published > 1);
    assert_int_equal(db_of(&test)->pending, 1);
    assert_int_equal(source_of(&test)->state, HT_SOURCE_STATE_OK);
    ht_node_unref(test.sample);

    put(ground, "/var/lib/dpkg/status",
        "Package: one\nStatus: install ok installed\nVersion: 1.0-2\nArchitecture: amd64\n");
    run(&test, ground, ground->cache, once);
    assert_int_equal(db_of(&test)->pending, 0);
    ht_node_unref(test.sample);

    /* A file that is no such answer, or not all of it, is written anew. */
    snprintf(path, sizeof(path), "%s/packages", ground->cache);
    assert_int_equal(stat(path, &whole), 0);
    for (off_t lost = 2; lost < whole.st_size; lost += lost / 2) {
        assert_int_equal(truncate(path, whole.st_size - lost), 0);
        run(&test, ground, ground->cache, once);
        assert_true(test.published > 1);
        assert_int_equal(db_of(&test)->installed, 1);
        ht_node_unref(test.sample);
    }
}

static void links_lead_nowhere_outside(void **state)
{
    const struct ground *ground = *state;
    struct ht_test_feed test;
    char path[PATH_BYTES];

    if (cannot_confine())
        return;
    snprintf(path, sizeof(path), "%s/etc/apt/sources.list.d", ground->root);
    mkdir(path, 0755);
    snprintf(path, sizeof(path), "%s/etc/apt/sources.list.d/out.list", ground->root);
    assert_int_equal(symlink("../../../../../../../../../../etc/passwd", path), 0);
    run(&test, ground, NULL, once);
    /* Below the root there is no etc/passwd: nothing was read, so nothing is malformed. */
    assert_int_equal(source_of(&test)->state, HT_SOURCE_STATE_OK);
    ht_node_unref(test.sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_update_is_a_row, make_ground, remove_ground),
        cmocka_unit_test_setup_teardown(ends_of_free_lists_and_of_others_are_told_apart,
                                        make_ground, remove_ground),
        cmocka_unit_test_setup_teardown(a_missing_list_is_told, make_ground, remove_ground),
        cmocka_unit_test_setup_teardown(a_damaged_list_is_named, make_ground, remove_ground),
        cmocka_unit_test_setup_teardown(sources_that_apt_refuses_are_told, make_ground,
                                        remove_ground),
        cmocka_unit_test_setup_teardown(a_host_without_packages_knows_nothing, make_ground,
                                        remove_ground),
        cmocka_unit_test_setup_teardown(a_damaged_database_does_not_ask_for_root, make_ground,
                                        remove_ground),
        cmocka_unit_test_setup_teardown(a_host_of_apk_cannot_tell_its_updates, make_ground,
                                        remove_ground),
        cmocka_unit_test_setup_teardown(only_a_change_is_read, make_ground, remove_ground),
        cmocka_unit_test_setup_teardown(a_write_is_noticed_though_size_and_time_are_put_back,
                                        make_ground, remove_ground),
        cmocka_unit_test_setup_teardown(the_answer_outlives_the_run, make_ground, remove_ground),
        cmocka_unit_test_setup_teardown(links_lead_nowhere_outside, make_ground, remove_ground),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
