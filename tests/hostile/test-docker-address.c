/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the Docker source is told that a daemon is, and nothing can be reached. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/tree.h"
#include "hulltop/base/mem.h"
#include "docker-expect.h"
#include "driver.h"
#include "peer-client.h"

static const struct {
    const char *url, *cert_path;
    bool tls_verify;
    const char *detail, *help;
} addresses[] = {
    {"ssh://host", NULL, false, "over ssh are not supported", "give unix:"},
    {"ssh://u:hunter2@h", NULL, false, "the daemon's address: ", "give unix:"},
    {"fd://", NULL, false, "fd://: neither unix:///PATH", "give unix:"},
    {"npipe:////./pipe/x", NULL, false, "neither unix:///PATH", "give unix:"},
    {"unix://a.sock", NULL, false, "neither unix:///PATH", "give unix:"},
    {"tcp://", NULL, false, "is not HOST:PORT", "give unix:"},
    {"tcp:///", NULL, false, "is not HOST:PORT", "give unix:"},
    {"tcp://h:99999", NULL, false, "is not HOST:PORT", "give unix:"},
    {"tcp://h:0", NULL, false, "is not HOST:PORT", "give unix:"},
    {"tcp://h:-1", NULL, false, "is not HOST:PORT", "give unix:"},
    {"tcp://h:1/x", NULL, false, "is not HOST:PORT", "give unix:"},
    {"tcp://h?x", NULL, false, "is not HOST:PORT", "give unix:"},
    {"tcp://a b:1", NULL, false, "is not HOST:PORT", "give unix:"},
    {"tcp://::1:1", NULL, false, "is not HOST:PORT", "give unix:"},
    {"tcp://[::1", NULL, false, "is not HOST:PORT", "give unix:"},
    {"tcp://[]:1", NULL, false, "is not HOST:PORT", "give unix:"},
    {"tcp://[::1]x:1", NULL, false, "is not HOST:PORT", "give unix:"},
    /* The port that Docker's own client takes, not the one of the web. */
    {"tcp://224.0.0.1", NULL, false, "tcp://224.0.0.1:2375: ", "check the address"},
    {"tcp://224.0.0.1:/", NULL, true, "tcp://224.0.0.1:2376: ", "check the address"},
    {"/", NULL, false, "/: is a directory and no socket", "check the address"},
    {"/dev/null", NULL, false, "/dev/null: is a file and no socket", "check the address"},
    {"tcp://127.0.0.1:1", "/nowhere", false, "/nowhere/ca.pem: there is no such file",
     "check DOCKER_CERT_PATH"},
};

static void expect_useless(size_t i, bool unprivileged)
{
    struct driver driver = {.unprivileged = unprivileged};
    const struct ht_docker_options options = {.url = addresses[i].url,
                                              .cert_path = addresses[i].cert_path,
                                              .tls_verify = addresses[i].tls_verify,
                                              .timeout_ns = 60 * HT_NS_PER_S};

    driver_start(&driver, ht_docker_driver(&options));
    expect_in(&driver, addresses[i].url,
              (struct expected){.state = HT_SOURCE_STATE_BROKEN,
                                .detail = addresses[i].detail,
                                .help = addresses[i].help});
    driver_stop(&driver);
}

/* Nor does whoever may not write to what is no socket hear that it may not be used. */
static void an_address_that_is_of_no_use_says_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        expect_useless(i, false);
        if (geteuid() == 0)
            expect_useless(i, true);
    }
}

/* Three files of a certificate folder; what libcurl says of them is the same for all. */
static void a_certificate_folder_says_which_file_is_amiss(void **state)
{
    static const struct {
        const char *file;
        enum ht_source_state state;
        const char *detail, *help;
    } steps[] = {
        {"ca.pem", HT_SOURCE_STATE_BROKEN, "tcp://127.0.0.1:1", ""}, /* no client certificate */
        {"cert.pem", HT_SOURCE_STATE_BROKEN, "/key.pem: there is no such file", "DOCKER_CERT_PATH"},
        {"key.pem", HT_SOURCE_STATE_DENIED, "/key.pem: permission denied", "sudo hulltop"},
    };
    const char *tmp = getenv("TMPDIR");
    char folder[64], path[160];
    const struct ht_docker_options options = {.url = "tcp://127.0.0.1:1", .cert_path = folder};

    (void)state;
    snprintf(folder, sizeof(folder), "%s/docker.XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chmod(folder, 0711), 0);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct driver driver = {.unprivileged = geteuid() == 0};

        snprintf(path, sizeof(path), "%s/%s", folder, steps[i].file);
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        assert_true(fd >= 0);
        assert_int_equal(fchmod(fd, i == 2 ? 0 : 0644), 0);
        close(fd);
        driver_start(&driver, ht_docker_driver(&options));
        expect_in(&driver, steps[i].file,
                  (struct expected){
                      .state = steps[i].state, .detail = steps[i].detail, .help = steps[i].help});
        driver_stop(&driver);
    }
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, steps[i].file);
        unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
}

static void write_answer(const char *folder, const char *name, const char *text)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    ht_test_write_file(path, text);
}

/* A daemon that hangs does not end and keeps its connections; the new one has the path. */
static void a_socket_in_the_place_of_another_is_spoken_to(void **state)
{
    static const char *const files[] = {"map", "info", "list", "docker.sock"};
    const char *tmp = getenv("TMPDIR");
    char folder[64], address[96], path[160];
    const char *arguments[] = {"--answers", folder, "--api", "1.41", NULL};
    const struct ht_docker_options options = {.url = address, .timeout_ns = 60 * HT_NS_PER_S};
    struct expected moved = {
        .state = HT_SOURCE_STATE_WAIT, .detail = "another socket takes its place", .help = ""};
    struct expected good = {.state = HT_SOURCE_STATE_OK, .detail = "0 containers", .help = ""};
    struct peer_client old = {0}, new = {0};
    struct driver driver = {0};

    (void)state;
    snprintf(folder, sizeof(folder), "%s/docker.XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    snprintf(address, sizeof(address), "%s/docker.sock", folder);
    write_answer(folder, "map", "/info info\n/containers/json list\n");
    write_answer(folder, "info", "{}");
    write_answer(folder, "list", "[]");
    peer_start(&old, 0, arguments);
    peer_start(&new, 0, arguments);
    assert_int_equal(symlink(old.socket, address), 0);
    driver_start(&driver, ht_docker_driver(&options));
    expect_in(&driver, "the old one", good);
    assert_int_equal(unlink(address), 0);
    driver_advance(&driver, AFTER_PING); /* one that is removed alone still counts */
    wait_past(&driver, &driver.confirmed, 0);
    expect_in(&driver, "without its path", good);
    assert_int_equal(symlink(new.socket, address), 0);
    driver_expect(&driver, is_as_expected, &moved);
    driver_advance(&driver, AFTER_PING);
    assert_true(driver_was_told(&driver));
    driver_advance(&driver, AFTER_PING);
    expect_in(&driver, "the new one", good);
    assert_true(peer_connections(&new) > 0);
    driver_stop(&driver);
    peer_stop(&old);
    peer_stop(&new);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_that_is_of_no_use_says_why),
        cmocka_unit_test(a_certificate_folder_says_which_file_is_amiss),
        cmocka_unit_test(a_socket_in_the_place_of_another_is_spoken_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
