/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layers on file systems that can hang: mounts that are made up. */
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

#include "src/source/origin-inner.h"
#include "tests/unit/tree.h"
#include "hulltop/base/mem.h"

enum { PATH_BYTES = 256 };

/* The judge and a place for mounts that are made up. */
struct made_up {
    char folder[64];
    int dirfd;
    struct ht_origin *origin;
    struct ht_str points[2];
};

static struct made_up begin_made_up(void)
{
    struct made_up made = {.folder = "/tmp/test-origin-hang-XXXXXX"};

    assert_non_null(mkdtemp(made.folder));
    made.dirfd = open(made.folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    made.origin = ht_origin_new("/proc", NULL, NULL);
    assert_true(made.dirfd >= 0 && made.origin);
    return made;
}

static void end_made_up(struct made_up *made)
{
    ht_origin_free(made->origin);
    close(made->dirfd);
    ht_test_remove_tree(made->folder);
}

/* Where its layers are, by those options: "UPPER LOWER". */
static void check_settled(const struct made_up *made, const char *options, const char *wanted)
{
    ht_autobuf struct ht_buf found = HT_BUF(1024);
    struct ht_space space = {.arena = NULL};
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/mountinfo", made->folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fprintf(file, "1 0 0:9 / / rw - overlay overlay rw,%s\n", options);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(ht_space_read(&space, made->dirfd, true, &made->origin->reader), 0);
    ht_buf_addf(&found, "%.*s %.*s", HT_STR_ARG(space.upper), HT_STR_ARG(space.lowers.items[0]));
    if (!ht_str_is(ht_buf_str(&found), wanted))
        fail_msg("%s: %s", options, found.data);
    ht_space_fini(&space);
}

/* They are not there: whoever asked would not find them. */
static void layers_on_what_can_hang_are_not_asked(void **state)
{
    struct made_up made = begin_made_up();

    (void)state;
    made.points[0] = HT_S("/nowhere/dead");
    made.points[1] = HT_S("/");
    made.origin->hanging = (struct ht_text_list){.items = made.points, .len = 2};
    made.origin->host_read = true;
    check_settled(&made, "lowerdir=/nowhere/dead/a:/tmp,upperdir=/nowhere/dead",
                  "/nowhere/dead /nowhere/dead/a");
    check_settled(&made, "lowerdir=/tmp,upperdir=/nowhere/deadly", " /tmp");
    check_settled(&made, "lowerdir=/tmp/../nowhere/dead,upperdir=/tmp/../tmp", " ");
    /* A layer of an image that is fetched while it is read is such a mount itself. */
    assert_true(ht_origin_lies_on_hanging(made.origin, HT_S("/nowhere/dead")));
    assert_true(ht_origin_lies_on_hanging(made.origin, HT_S("/nowhere/dead/a")));
    assert_false(ht_origin_lies_on_hanging(made.origin, HT_S("/nowhere/deadly")));
    end_made_up(&made);
}

/* Whoever names the layers may have made links, too. */
static void links_to_what_can_hang_are_not_followed(void **state)
{
    struct made_up made = begin_made_up();
    char dead[PATH_BYTES], options[3 * PATH_BYTES], wanted[3 * PATH_BYTES];

    (void)state;
    snprintf(dead, sizeof(dead), "%s/dead", made.folder);
    assert_int_equal(mkdirat(made.dirfd, "dead", 0700), 0);
    assert_int_equal(mkdirat(made.dirfd, "l", 0700), 0);
    assert_int_equal(mkdirat(made.dirfd, "ID", 0700), 0);
    assert_int_equal(mkdirat(made.dirfd, "ID/diff", 0700), 0);
    assert_int_equal(symlinkat("dead", made.dirfd, "soon"), 0);
    assert_int_equal(symlinkat("soon/b", made.dirfd, "link"), 0);
    assert_int_equal(symlinkat("../ID/diff", made.dirfd, "l/ABC"), 0);
    assert_int_equal(symlinkat("ID/../dead", made.dirfd, "around"), 0);
    assert_int_equal(symlinkat("endless/a", made.dirfd, "endless"), 0);
    assert_int_equal(symlinkat(made.folder, made.dirfd, "here"), 0);
    made.points[0] = ht_str_from(dead);
    made.origin->hanging = (struct ht_text_list){.items = made.points, .len = 1};
    made.origin->host_read = true;
    snprintf(options, sizeof(options), "lowerdir=%s/link/c,upperdir=%s/l/ABC", made.folder,
             made.folder);
    snprintf(wanted, sizeof(wanted), "%s/ID/diff %s/b/c", made.folder, dead);
    check_settled(&made, options, wanted);
    snprintf(options, sizeof(options), "lowerdir=%s/here/here/./l//ABC,upperdir=%s/around",
             made.folder, made.folder);
    snprintf(wanted, sizeof(wanted), " %s/ID/diff", made.folder);
    check_settled(&made, options, wanted);
    snprintf(options, sizeof(options), "lowerdir=%s/endless,upperdir=%s/nowhere", made.folder,
             made.folder);
    check_settled(&made, options, " ");
    end_made_up(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_on_what_can_hang_are_not_asked),
        cmocka_unit_test(links_to_what_can_hang_are_not_followed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
