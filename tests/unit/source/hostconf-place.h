/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of the host configuration source: a root of its own, and looks below it. Behind
 * cmocka.h. */
#ifndef HT_TEST_HOSTCONF_PLACE_H
#define HT_TEST_HOSTCONF_PLACE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/tree.h"
#include "feed.h"
#include "src/source/hostconf-private.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

enum { ROOT_BYTES = 1024, PATH_BYTES = 4096 };

struct place {
    char root[ROOT_BYTES];
    struct ht_test_feed feed;
};

static inline int setup(void **state)
{
    struct place *place = ht_new0(struct place);
    const char *tmp = getenv("TMPDIR");

    if (!ht_root_can_confine())
        skip();
    snprintf(place->root, sizeof(place->root), "%s/hostconf-XXXXXX", tmp ? tmp : "/tmp");
    *state = place;
    return mkdtemp(place->root) ? 0 : -1;
}

static inline int teardown(void **state)
{
    struct place *place = *state;

    ht_test_remove_tree(place->root);
    ht_node_unref(place->feed.sample);
    free(place);
    return 0;
}

/* Makes the folders of a path below the root. */
static inline void path_in(const struct place *place, const char *name, char *out)
{
    snprintf(out, PATH_BYTES, "%s/%.3000s", place->root, name);
    for (char *slash = out + strlen(place->root) + 1; slash; slash = strchr(slash + 1, '/')) {
        *slash = *slash == '/' ? '\0' : *slash;
        if (*slash == '\0') {
            mkdir(out, 0755);
            *slash = '/';
        }
    }
}

static inline void put(const struct place *place, const char *name, struct ht_str content)
{
    char path[PATH_BYTES];

    path_in(place, name, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content.data, content.len), content.len);
    close(fd);
}

static inline void put_link(const struct place *place, const char *name, const char *target)
{
    char path[PATH_BYTES];

    path_in(place, name, path);
    assert_int_equal(symlink(target, path), 0);
}

static inline bool stop(struct ht_test_feed *feed, unsigned wait, struct ht_request *ret_request)
{
    (void)feed;
    (void)wait;
    (void)ret_request;
    return false;
}

static inline const struct ht_node *look(struct place *place)
{
    struct ht_driver driver =
        ht_hostconf_driver(&(struct ht_hostconf_options){.root = place->root, .live = false});

    ht_test_feed_init(&place->feed);
    place->feed.script = stop;
    driver.ops->run(driver.self, &place->feed.feed);
    driver.ops->free(driver.self);
    assert_non_null(place->feed.sample);
    return place->feed.sample;
}

static inline const struct ht_apiserver *only_server(const struct ht_node *node)
{
    const struct ht_rowset *servers = ht_node_set(node, HT_TABLE_APISERVER);

    assert_int_equal(servers->len, 1);
    return ht_apiserver_of(servers->rows[0]);
}

#endif
