/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests that make files in a folder of their own. */
#ifndef HT_TEST_TREE_H
#define HT_TEST_TREE_H

#include <ftw.h>
#include <stdio.h>

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

#endif
