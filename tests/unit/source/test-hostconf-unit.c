/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The unit that declares an API server, below a root of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hostconf-place.h"
#include "src/source/hostconf-private.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/model/document.h"

/* --encryption-provider-config of what is found now; "?": not known. */
static void assert_config(struct place *place, const char *expected)
{
    const struct ht_apiserver *server = only_server(look(place));

    if (ht_apiserver_has_encryption_config(server))
        assert_true(ht_str_is(server->encryption_config, expected));
    else
        assert_string_equal(expected, "?");
    place->feed.sample = ht_node_unref(place->feed.sample);
}

static const char unit[] = "etc/systemd/system/kube-apiserver.service";
static void a_unit_is_read_with_what_is_dropped_into_it(void **state)
{
    struct place *place = *state;

    put(place, unit,
        HT_S("[Service]\nEnvironment=ARGS=--encryption-provider-config=/a.yaml\n"
             "ExecStart=/usr/bin/kube-apiserver $ARGS\n"));
    assert_config(place, "/a.yaml");
    put(place, "etc/systemd/system/kube-apiserver.service.d/20.conf",
        HT_S("[Service]\nEnvironment=ARGS=--encryption-provider-config=/c.yaml\n"));
    put(place, "run/systemd/system/kube-apiserver.service.d/30.conf",
        HT_S("Environment=ARGS=--v=2\n"));
    put(place, "usr/lib/systemd/system/service.d/10.conf",
        HT_S("[Service]\nEnvironment=ARGS=--encryption-provider-config=/b.yaml\n"));
    put(place, "usr/lib/systemd/system/kube-apiserver.service.d/20.conf",
        HT_S("[Service]\nEnvironment=ARGS=--encryption-provider-config=/hidden.yaml\n"));
    assert_config(place, "/c.yaml");
    put(place, "run/systemd/system/kube-apiserver.service.d/30.conf",
        HT_S("[Service]\nExecStart=\nExecStart=/usr/bin/kube-apiserver\n"));
    assert_config(place, "");
}

static void a_drop_in_that_cannot_be_read_leaves_the_flags_unknown(void **state)
{
    struct place *place = *state;

    put(place, unit,
        HT_S("[Service]\nEnvironmentFile=-/none\n"
             "ExecStart=/usr/bin/kube-apiserver --encryption-provider-config=/a.yaml\n"));
    assert_config(place, "/a.yaml");
    put_link(place, "etc/systemd/system/kube-apiserver.service.d/20.conf", "/none");
    assert_config(place, "?");
}

/* A link to nothing, or an empty file, hides what has its name elsewhere; so it does a unit. */
static void what_is_masked_does_not_count(void **state)
{
    struct place *place = *state;

    put(place, unit, HT_S("[Service]\nExecStart=/usr/bin/kube-apiserver $ARGS\n"));
    put(place, "usr/lib/systemd/system/kube-apiserver.service.d/20.conf",
        HT_S("[Service]\nEnvironment=ARGS=--encryption-provider-config=/b.yaml\n"));
    put(place, "usr/lib/systemd/system/kube-apiserver.service.d/30.conf",
        HT_S("[Service]\nEnvironment=ARGS=--encryption-provider-config=/c.yaml\n"));
    put(place, "usr/lib/systemd/system/kube-apiserver.service.d/40.conf",
        HT_S("[Service]\nEnvironment=ARGS=--encryption-provider-config=/d.yaml\n"));
    assert_config(place, "/d.yaml");
    put_link(place, "etc/systemd/system/kube-apiserver.service.d/40.conf", "/dev/null");
    assert_config(place, "/c.yaml");
    put(place, "run/systemd/system/kube-apiserver.service.d/30.conf", HT_S(""));
    assert_config(place, "/b.yaml");
    put_link(place, "etc/systemd/system.control/kube-apiserver.service", "/dev/null");
    assert_int_equal(only_server(look(place))->found, HT_APISERVER_FOUND_NONE);
}

/* Of one name the first folder counts, whichever of the unit's names it is for; a folder for all
 * services comes last. */
static void drop_ins_of_one_name_are_taken_from_the_first_folder(void **state)
{
    struct place *place = *state;

    put(place, "run/systemd/system/kube-apiserver.service",
        HT_S("[Service]\nExecStart=/usr/bin/kube-apiserver $ARGS\n"));
    put(place, "etc/systemd/system/service.d/20.conf",
        HT_S("[Service]\nEnvironment=ARGS=--encryption-provider-config=/any.yaml\n"));
    assert_config(place, "/any.yaml");
    put(place, "usr/local/lib/systemd/system/kube-apiserver.service.d/20.conf",
        HT_S("[Service]\nEnvironment=ARGS=--encryption-provider-config=/local.yaml\n"));
    assert_config(place, "/local.yaml");
    put(place, "etc/systemd/system/kube-.service.d/20.conf",
        HT_S("[Service]\nEnvironment=ARGS=--encryption-provider-config=/a.yaml\n"));
    assert_config(place, "/a.yaml");
}

static void assert_unclear(struct place *place, const char *expected)
{
    const struct ht_apiserver *server = only_server(look(place));

    assert_false(ht_apiserver_has_encryption_config(server));
    if (!ht_str_is(server->unclear, expected))
        fail_msg("%.*s", HT_STR_ARG(server->unclear));
    place->feed.sample = ht_node_unref(place->feed.sample);
}

static void a_file_of_variables_that_cannot_be_read_leaves_the_flags_unknown(void **state)
{
    struct place *place = *state;

    put(place, unit,
        HT_S("[Service]\nEnvironment=ARGS=--v=2\nEnvironmentFile=/etc/folder\n"
             "ExecStart=/usr/bin/kube-apiserver $ARGS\n"));
    assert_unclear(place, "/etc/folder is not there");
    put(place, "etc/folder/file", HT_S(""));
    assert_unclear(place, "/etc/folder cannot be read");
}

/* The path is the whole line, with specifiers and a pattern; files that match come in order. */
static void files_of_variables_are_found_as_systemd_finds_them(void **state)
{
    struct place *place = *state;

    put(place, unit,
        HT_S("[Service]\nEnvironment=ARGS=--v=2\nEnvironmentFile=-%E/k 8s/%p.[a-c]*/*.env\n"
             "ExecStart=/usr/bin/kube-apiserver $ARGS\n"));
    assert_config(place, "");
    put(place, "etc/k", HT_S("ARGS=--encryption-provider-config=/wrong.yaml\n"));
    put(place, "etc/k 8s/kube-apiserver.d/9.env",
        HT_S("ARGS=--encryption-provider-config=/wrong.yaml\n"));
    put(place, "etc/k 8s/kube-apiserver.b/.9.env",
        HT_S("ARGS=--encryption-provider-config=/wrong.yaml\n"));
    assert_config(place, "");
    put(place, "etc/k 8s/kube-apiserver.b/2.env",
        HT_S("ARGS=--encryption-provider-config=/b.yaml\n"));
    put(place, "etc/k 8s/kube-apiserver.a/3.env",
        HT_S("ARGS=--encryption-provider-config=/a.yaml\n"));
    assert_config(place, "/b.yaml");
    /* The order is that of whole paths: "." is less than "/". */
    put(place, "etc/k 8s/kube-apiserver.a.b/1.env",
        HT_S("ARGS=--encryption-provider-config=/c.yaml\n"));
    put(place, "etc/k 8s/kube-apiserver.b/2.env", HT_S(""));
    assert_config(place, "/a.yaml");
    put(place, unit,
        HT_S("[Service]\nEnvironment=ARGS=--v=2\nEnvironmentFile=/etc/%m.env\n"
             "ExecStart=/usr/bin/kube-apiserver $ARGS\n"));
    assert_unclear(place, "what %m stands for is not known");
    put(place, "etc/machine-id", HT_S("0123456789abcdef0123456789abcdef\n"));
    put(place, "etc/0123456789abcdef0123456789abcdef.env",
        HT_S("ARGS=--encryption-provider-config=/m.yaml\n"));
    assert_config(place, "/m.yaml");
}

/* Below a root of somebody else's making the names may be made to cost. */
static void more_files_of_variables_than_can_be_looked_for_leave_the_flags_unknown(void **state)
{
    enum { FOLDERS = 64, PARTS = 1900, LONG = 4096 };
    struct place *place = *state;
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_YAML);

    for (unsigned i = 0; i < FOLDERS; i++) {
        char name[PATH_BYTES];

        snprintf(name, sizeof(name), "etc/many/%02u/file", i);
        put(place, name, HT_S(""));
    }
    ht_buf_add_text(&text, "[Service]\nExecStart=/usr/bin/kube-apiserver\n"
                           "EnvironmentFile=-/etc/many/*");
    for (unsigned i = 0; i < PARTS; i++)
        ht_buf_add_text(&text, "/a");
    put(place, unit, ht_buf_str(&text));
    assert_unclear(place,
                   "kube-apiserver.service names more files of variables than can be looked for");
    ht_buf_add_n(&text, 'a', LONG);
    put(place, unit, ht_buf_str(&text));

    const struct ht_apiserver *server = only_server(look(place));
    assert_true(ht_str_has_suffix(server->unclear, " is too long for a path"));
}

/* One that runs is known by its process; what it is compared with is not. */
static void an_unclear_unit_is_compared_with_nobody(void **state)
{
    struct place *place = *state;

    put(place, "proc/5/cmdline", HT_S("/usr/bin/kube-apiserver\0--etcd-prefix=/x\0"));
    put(place, unit,
        HT_S("[Service]\nEnvironmentFile=/none\nExecStart=/usr/bin/kube-apiserver $ARGS\n"));

    const struct ht_apiserver *server = only_server(look(place));
    assert_int_equal(server->found, HT_APISERVER_FOUND_PROCESS);
    assert_true(ht_str_is(server->etcd_prefix, "/x"));
    assert_false(ht_apiserver_has_differs(server));
    assert_true(ht_str_is(server->unclear, "/none is not there"));
}

/* A folder that nobody may look into may have a unit, which would count: it is not said to be
 * there.
 */
static void a_folder_that_cannot_be_read_declares_nothing(void **state)
{
    enum { NOBODY = 65534 };
    struct place *place = *state;
    char folder[PATH_BYTES];
    uid_t euid = geteuid();

    put(place, "etc/systemd/system/other.service", HT_S("[Service]\n"));
    path_in(place, "etc/systemd/system", folder);
    assert_int_equal(chmod(folder, 0), 0);
    assert_int_equal(chmod(place->root, 0755), 0);
    assert_int_equal(seteuid(euid ? euid : NOBODY), 0); /* nothing is hidden from root */
    assert_int_equal(only_server(look(place))->found, HT_APISERVER_FOUND_NONE);
    place->feed.sample = ht_node_unref(place->feed.sample);
    assert_int_equal(seteuid(euid), 0);
    put(place, "usr/lib/systemd/system/kube-apiserver.service",
        HT_S("[Service]\nExecStart=/usr/bin/kube-apiserver --v=2\n"));
    assert_int_equal(seteuid(euid ? euid : NOBODY), 0);
    assert_unclear(place, "/etc/systemd/system/kube-apiserver.service cannot be read");
    assert_int_equal(seteuid(euid), 0);
    assert_int_equal(chmod(folder, 0755), 0);
}

/* A script that starts it is not "no API server here"; what k3s says counts before that. */
static void a_unit_that_starts_something_else_is_not_passed_over(void **state)
{
    struct place *place = *state;

    put(place, unit, HT_S("[Service]\nExecStart=/opt/start.sh --v=2\n"));
    assert_unclear(place, "its unit starts /opt/start.sh, and what that starts is not known");
    put(place, "var/lib/rancher/k3s/server/token", HT_S("x"));

    const struct ht_apiserver *server = only_server(look(place));
    assert_true(ht_str_is(server->manifest, "/var/lib/rancher/k3s/server"));
    assert_false(ht_apiserver_has_unclear(server));
}

/* What is another unit's name has that one's drop-ins. */
static void another_name_of_a_unit_leaves_the_flags_unknown(void **state)
{
    struct place *place = *state;

    put(place, "etc/systemd/system/other.service",
        HT_S("[Service]\nExecStart=/usr/bin/kube-apiserver --v=2\n"));
    put_link(place, unit, "other.service");
    assert_unclear(place,
                   "/etc/systemd/system/kube-apiserver.service is another unit by its own name");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_read_declares_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_unclear_unit_is_compared_with_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(a_unit_is_read_with_what_is_dropped_into_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_drop_in_that_cannot_be_read_leaves_the_flags_unknown,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_masked_does_not_count, setup, teardown),
        cmocka_unit_test_setup_teardown(drop_ins_of_one_name_are_taken_from_the_first_folder, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_file_of_variables_that_cannot_be_read_leaves_the_flags_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(files_of_variables_are_found_as_systemd_finds_them, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            more_files_of_variables_than_can_be_looked_for_leave_the_flags_unknown, setup,
            teardown),
        cmocka_unit_test_setup_teardown(a_unit_that_starts_something_else_is_not_passed_over, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(another_name_of_a_unit_leaves_the_flags_unknown, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
