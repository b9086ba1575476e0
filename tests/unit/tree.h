/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests that make files in a folder of their own. */
#ifndef HT_TEST_TREE_H
#define HT_TEST_TREE_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static inline int ht_test_remove_one(const char *path, const struct stat *about, int type,
                                     struct FTW *walk)
{
    (void)about;
    (void)type;
    (void)walk;
    return remove(path);
}

/* Removes a folder with all in it; no link is followed. 0, or what nftw tells of a failure. */
static inline int ht_test_remove_tree(const char *path)
{
    return nftw(path, ht_test_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Makes a folder for this test in path (of that size); 0, or -1 where that cannot be done. */
static inline int ht_test_make_tree(char *path, size_t size)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(path, size, "%s/tree.XXXXXX", tmp ? tmp : "/tmp");
    return mkdtemp(path) ? 0 : -1;
}

/* Writes a file anew. */
static inline void ht_test_write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Makes a socket that nobody listens at. */
static inline void ht_test_make_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
}

#endif
