/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recorded database files, unpacked below a folder of the test's own; include it behind cmocka.h.
 */
#ifndef HT_TEST_ETCD_FILES_H
#define HT_TEST_ETCD_FILES_H

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/root.h"
#include "src/source/etcd-store.h"

extern char **environ;

enum { FIXTURE_PATH = 1024, ROW_ARENA = 4 * 1024 * 1024 };

static inline const char *fixture_path(const char *name, char path[FIXTURE_PATH])
{
    const char *source = getenv("HT_SRCDIR");

    int len =
        snprintf(path, FIXTURE_PATH, "%s/tests/fixtures/datastore/%s", source ? source : ".", name);

    assert_in_range(len, 1, FIXTURE_PATH - 1);
    return path;
}

/* A new folder, removed with remove_folder. */
static inline void make_folder(char path[FIXTURE_PATH])
{
    const char *tmp = getenv("TMPDIR");

    snprintf(path, FIXTURE_PATH, "%s/hulltop-test-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(path));
}

static inline void run_program(char *const argv[], const char *output)
{
    posix_spawn_file_actions_t actions;
    int status = 0;
    pid_t pid;

    posix_spawn_file_actions_init(&actions);
    if (output)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output,
                                         O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static inline void remove_folder(char *path)
{
    run_program((char *const[]){(char *)"rm", (char *)"-rf", path, NULL}, NULL);
}

/* Unpacks the fixture name.gz as path. */
static inline void unpack(const char *name, const char *path)
{
    char packed[FIXTURE_PATH], file[128];

    snprintf(file, sizeof(file), "%s.gz", name);
    fixture_path(file, packed);
    run_program((char *const[]){(char *)"gzip", (char *)"-dc", packed, NULL}, path);
}

/* The whole of a file, to be changed and written again. */
static inline void load_file(const char *path, struct ht_buf *out)
{
    struct ht_error err = {0};

    ht_buf_init(out, HT_LIMIT_BODY);
    if (ht_read_at(AT_FDCWD, path, out, HT_LIMIT_BODY, &err) < 0)
        fail_msg("%s", err.text);
}

static inline void save_file(const char *path, const void *data, size_t len)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* What is stored of a resource, or NULL. */
static inline const struct ht_stored *stored_of(const struct ht_datastore *row,
                                                const char *resource)
{
    for (size_t i = 0; i < row->stored.len; i++) {
        if (ht_str_is(row->stored.items[i].resource, resource))
            return &row->stored.items[i];
    }
    return NULL;
}

/* Live values of a resource under a provider, all keys; plain and malformed are providers here. */
static inline uint64_t count_of(const struct ht_datastore *row, const char *resource,
                                const char *provider)
{
    const struct ht_stored *stored = stored_of(row, resource);
    uint64_t count = 0;

    if (!stored)
        return 0;
    if (ht_str_is(ht_str_from(provider), "plain"))
        return stored->plaintext;
    if (ht_str_is(ht_str_from(provider), "malformed"))
        return stored->malformed;
    for (size_t i = 0; i < stored->encrypted.len; i++) {
        if (ht_str_is(stored->encrypted.items[i].provider, provider))
            count += stored->encrypted.items[i].count;
    }
    return count;
}

#endif
