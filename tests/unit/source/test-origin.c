/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Origins of files: options of overlays, the decision table, mounts, bytes. */
#include "src/source/origin.h"

#include <errno.h>
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

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/model/row.h"
#include "src/source/origin-file.h"
#include "src/source/origin-overlay.h"
#include "src/source/origin-space.h"

/* ---- options ---- */

static void check_overlay(const char *super, const char *upper, const char *lowers)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autobuf struct ht_buf joined = HT_BUF(4096);
    struct ht_overlay overlay = {0};

    assert_true(ht_overlay_decode(ht_str_from(super), arena, &overlay));
    for (size_t i = 0; i < overlay.lowers.len; i++)
        ht_buf_addf(&joined, "%s%.*s", i ? "|" : "", HT_STR_ARG(overlay.lowers.items[i]));
    if (!ht_str_is(overlay.upper, upper) || !ht_str_is(ht_buf_str(&joined), lowers))
        fail_msg("%s: %.*s, %s", super, HT_STR_ARG(overlay.upper), joined.data);
}

static void directories_of_overlays_are_read_as_the_kernel_writes_them(void **state)
{
    struct ht_overlay overlay;
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);

    (void)state;
    check_overlay("rw,lowerdir=/l/A:/l/B,upperdir=/x/diff,workdir=/x/work", "/x/diff", "/l/A|/l/B");
    check_overlay("ro,lowerdir=/a:/b", "", "/a|/b");
    check_overlay("rw,lowerdir+=/a,lowerdir+=/b,datadir+=/d,upperdir=/u", "/u", "/a|/b");
    check_overlay("rw,lowerdir=/a\\134:b:/c\\040d,upperdir=/u\\054v", "/u,v", "/a:b|/c d");
    check_overlay("rw,lowerdir=/a::/data,upperdir=/u", "/u", "/a|/data");
    assert_false(ht_overlay_decode(HT_S("rw,size=64k"), arena, &overlay));
    assert_false(ht_overlay_decode(HT_S(""), arena, &overlay));
}

/* ---- secrets ---- */

static void places_of_secrets_are_known(void **state)
{
    (void)state;
    assert_true(ht_origin_names_secret(HT_S("/run/secrets/db")));
    assert_true(ht_origin_names_secret(HT_S("/var/run/secrets/x/token")));
    assert_true(
        ht_origin_names_secret(HT_S("/var/lib/kubelet/pods/1/volumes/kubernetes.io~secret/db/")));
    assert_true(ht_origin_names_secret(
        HT_S("/var/lib/kubelet/pods/1/volumes/kubernetes.io~projected/t/token")));
    assert_false(ht_origin_names_secret(HT_S("/app/run/secrets.py")));
    assert_false(ht_origin_names_secret(HT_S("")));
}

static void a_file_of_ours_is_no_secret(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_origin *origin = ht_origin_new("/proc", NULL, NULL);
    ht_autoclose int fd = open("/bin/sh", O_PATH | O_CLOEXEC);
    struct ht_origin_ask ask = {.pid = getpid()};

    (void)state;
    assert_non_null(origin);
    assert_false(ht_origin_is_secret(origin, &ask, fd, HT_S("/bin/sh"), arena));
    assert_true(ht_origin_is_secret(origin, &ask, fd, HT_S("/run/secrets/sh"), arena));
    /* Nobody can tell. */
    ask.start = 1;
    assert_true(ht_origin_is_secret(origin, &ask, fd, HT_S("/bin/sh"), arena));
    ht_origin_free(origin);
}

/* ---- the table ---- */

#define YES     HT_TRISTATE_YES
#define NO      HT_TRISTATE_NO
#define UNKNOWN HT_TRISTATE_UNKNOWN

struct decided {
    const char *name;
    struct ht_overlay_facts facts;
    enum ht_code_origin origin;
};

static const struct decided table[] = {
    {"image",
     {.links = 1, .upper = HT_ENTRY_NOTHING, .lower = HT_ENTRY_FILE},
     HT_CODE_ORIGIN_IMAGE},
    {"new",
     {.links = 1, .upper = HT_ENTRY_FILE, .lower = HT_ENTRY_NOTHING, .is_upper = YES},
     HT_CODE_ORIGIN_ADDED},
    {"new, image unread",
     {.links = 1, .upper = HT_ENTRY_FILE, .lower = HT_ENTRY_UNREAD, .is_upper = YES},
     HT_CODE_ORIGIN_ADDED},
    {"new in place",
     {.links = 1,
      .upper = HT_ENTRY_FILE,
      .lower = HT_ENTRY_FILE,
      .is_upper = YES,
      .same_content = NO},
     HT_CODE_ORIGIN_REPLACED},
    {"new in place, not compared",
     {.links = 1, .upper = HT_ENTRY_FILE, .lower = HT_ENTRY_FILE, .is_upper = YES},
     HT_CODE_ORIGIN_REPLACED},
    {"put there again",
     {.links = 1,
      .upper = HT_ENTRY_FILE,
      .lower = HT_ENTRY_FILE,
      .is_upper = YES,
      .same_content = YES},
     HT_CODE_ORIGIN_METADATA},
    {"appended",
     {.links = 1,
      .upper = HT_ENTRY_FILE,
      .lower = HT_ENTRY_FILE,
      .is_upper = NO,
      .same_content = NO},
     HT_CODE_ORIGIN_MODIFIED},
    {"chmod",
     {.links = 1,
      .upper = HT_ENTRY_FILE,
      .lower = HT_ENTRY_FILE,
      .is_upper = NO,
      .same_content = YES},
     HT_CODE_ORIGIN_METADATA},
    {"chmod, too large",
     {.links = 1, .upper = HT_ENTRY_FILE, .lower = HT_ENTRY_FILE, .is_upper = NO},
     HT_CODE_ORIGIN_BLIND},
    {"renamed",
     {.links = 1,
      .upper = HT_ENTRY_FILE,
      .lower = HT_ENTRY_NOTHING,
      .is_upper = NO,
      .same_source = YES},
     HT_CODE_ORIGIN_RENAMED},
    {"renamed and changed",
     {.links = 1,
      .upper = HT_ENTRY_FILE,
      .lower = HT_ENTRY_NOTHING,
      .is_upper = NO,
      .same_source = NO},
     HT_CODE_ORIGIN_MODIFIED},
    {"renamed, source not found",
     {.links = 1, .upper = HT_ENTRY_FILE, .lower = HT_ENTRY_NOTHING, .is_upper = NO},
     HT_CODE_ORIGIN_MODIFIED},
    {"a copy by its mark, seen from below",
     {.links = 1,
      .upper = HT_ENTRY_FILE,
      .lower = HT_ENTRY_FILE,
      .is_upper = YES,
      .copied = YES,
      .same_content = NO},
     HT_CODE_ORIGIN_MODIFIED},
    {"dropped and deleted",
     {.deleted = true, .links = 0, .upper = HT_ENTRY_NOTHING, .lower = HT_ENTRY_NOTHING},
     HT_CODE_ORIGIN_DELETED},
    {"deleted under one of two names",
     {.deleted = true, .links = 1, .upper = HT_ENTRY_NOTHING, .lower = HT_ENTRY_NOTHING},
     HT_CODE_ORIGIN_DELETED},
    {"file of the image deleted",
     {.deleted = true,
      .links = 1,
      .upper = HT_ENTRY_HIDDEN,
      .lower = HT_ENTRY_FILE,
      .same_content = YES},
     HT_CODE_ORIGIN_IMAGE},
    {"another file deleted at the path of one of the image",
     {.deleted = true,
      .links = 1,
      .upper = HT_ENTRY_HIDDEN,
      .lower = HT_ENTRY_FILE,
      .same_content = NO},
     HT_CODE_ORIGIN_DELETED},
    {"deleted, image unread",
     {.deleted = true, .links = 1, .upper = HT_ENTRY_NOTHING, .lower = HT_ENTRY_UNREAD},
     HT_CODE_ORIGIN_BLIND},
    {"deleted, image not compared",
     {.deleted = true, .links = 1, .upper = HT_ENTRY_HIDDEN, .lower = HT_ENTRY_FILE},
     HT_CODE_ORIGIN_BLIND},
    {"writable directory unread",
     {.links = 1, .upper = HT_ENTRY_UNREAD, .lower = HT_ENTRY_FILE},
     HT_CODE_ORIGIN_BLIND},
    {"nowhere",
     {.links = 1, .upper = HT_ENTRY_NOTHING, .lower = HT_ENTRY_NOTHING},
     HT_CODE_ORIGIN_BLIND},
};

static void the_table_decides(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const char *reason = NULL;
        enum ht_code_origin origin = ht_overlay_decide(&table[i].facts, &reason);

        if (origin != table[i].origin)
            fail_msg("%s: %s (%s)", table[i].name, ht_enum_name(&ht_code_origin_enum, origin),
                     reason);
        assert_non_null(reason);
    }
}

/* ---- mounts ---- */

static void volumes_are_known_by_their_place(void **state)
{
    static const struct {
        const char *root;
        const char *name; /* NULL: none */
    } places[] = {
        {"/var/lib/docker/volumes/vol1/_data", "vol1"},
        {"/var/lib/kubelet/pods/0f1c/volumes/kubernetes.io~empty-dir/scratch", "empty-dir scratch"},
        {"/var/lib/kubelet/pods/0f1c/volumes/kubernetes.io~configmap/conf", "configmap conf"},
        {"/var/lib/kubelet/pods/0f1c/volume-subpaths/data/web/0", "part of data"},
        {"/srv/volumes/web", NULL},
        {"/", NULL},
    };
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        const struct ht_space_mount mount = {.root = ht_str_from(places[i].root)};
        struct ht_str name = {0};

        assert_int_equal(ht_space_is_volume(&mount, arena, &name), places[i].name != NULL);
        if (places[i].name && !ht_str_is(name, places[i].name))
            fail_msg("%s: %.*s", places[i].root, HT_STR_ARG(name));
    }
}

static void paths_are_told_by_the_root_of_their_file_system(void **state)
{
    static const struct {
        const char *root, *point, *path, *below;
    } paths[] = {
        {"/", "/", "/bin/sh", "/bin/sh"},
        {"/v/_data", "/data", "/data/x", "/v/_data/x"},
        {"/v/tool", "/usr/bin/tool", "/usr/bin/tool", "/v/tool"},
        {"/", "/data", "/other/x", ""},
    };
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        const struct ht_space_mount mount = {.root = ht_str_from(paths[i].root),
                                             .point = ht_str_from(paths[i].point)};
        struct ht_str below = ht_space_below(&mount, ht_str_from(paths[i].path), arena);

        if (!ht_str_is(below, paths[i].below))
            fail_msg("%s: %.*s", paths[i].path, HT_STR_ARG(below));
    }
}

/* ---- bytes ---- */

static char folder[] = "/tmp/hulltop-origin-XXXXXX";

static int file_of(const char *name, const char *text, size_t times)
{
    char path[128];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    for (size_t i = 0; i < times; i++)
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    return fd;
}

static void contents_are_compared_to_the_last_byte(void **state)
{
    ht_autoclose int one = file_of("one", "0123456789abcdef", 10000);
    ht_autoclose int same = file_of("same", "0123456789abcdef", 10000);
    ht_autoclose int shorter = file_of("shorter", "0123456789abcdef", 9999);
    ht_autoclose int other = file_of("other", "0123456789abcdef", 10000);
    ht_autoclose int nothing = file_of("nothing", "", 0);
    ht_autoclose int huge = file_of("huge", "", 0);
    ht_autoclose int huge_too = file_of("huge-too", "", 0);

    (void)state;
    assert_int_equal(pwrite(other, "X", 1, 159999), 1);
    assert_int_equal(ftruncate(huge, HT_LIMIT_CODE_FILE + 1L), 0);
    assert_int_equal(ftruncate(huge_too, HT_LIMIT_CODE_FILE + 1L), 0);
    assert_int_equal(ht_file_same(one, same), HT_TRISTATE_YES);
    assert_int_equal(ht_file_same(one, shorter), HT_TRISTATE_NO);
    assert_int_equal(ht_file_same(one, other), HT_TRISTATE_NO);
    assert_int_equal(ht_file_same(nothing, nothing), HT_TRISTATE_YES);
    assert_int_equal(ht_file_same(huge, huge_too), HT_TRISTATE_UNKNOWN);
}

static void only_regular_files_are_opened(void **state)
{
    char path[128];
    ht_autoclose int fifo = -1;
    ht_autoclose int dir = open(folder, O_PATH | O_CLOEXEC);
    ht_autoclose int file = file_of("plain", "x", 1);
    ht_autoclose int again = ht_file_reopen(file);

    (void)state;
    snprintf(path, sizeof(path), "%s/fifo", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    fifo = open(path, O_PATH | O_CLOEXEC);
    assert_true(again >= 0);
    assert_true(ht_file_reopen(fifo) < 0);
    assert_true(ht_file_reopen(dir) < 0);
}

static void no_link_is_followed_into_a_layer(void **state)
{
    char path[128];
    ht_autoclose int dir = open(folder, O_PATH | O_CLOEXEC);
    ht_autoclose int file = file_of("there", "x", 1);
    ht_autoclose int plain = -1;
    struct stat about;

    (void)state;
    if (!ht_root_can_confine())
        skip();
    snprintf(path, sizeof(path), "%s/link", folder);
    assert_int_equal(symlink(folder, path), 0);
    plain = ht_open_no_links(dir, "there", O_PATH);
    assert_true(plain >= 0);
    assert_true(ht_open_no_links(dir, "link/there", O_PATH) < 0);
    assert_true(ht_open_no_links(dir, "link", O_RDONLY) < 0);
    assert_true(ht_open_no_links(dir, "../there", O_PATH) < 0);
    ht_autoclose int link = ht_open_no_links(dir, "link", O_PATH);
    assert_true(link >= 0 && fstat(link, &about) == 0 && S_ISLNK(about.st_mode));
    (void)file;
}

static int create(const char *name)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

/* Whose a file is, is told by the file: the same name is in many containers. */
static void a_file_is_written_where_it_lies_itself(void **state)
{
    struct ht_origin *origin = ht_origin_new("/proc", NULL, NULL);
    ht_autoclose int one = create("one");
    ht_autoclose int other = create("other");
    struct stat ours, theirs;
    char path[128];
    struct ht_str upper = ht_str_from(folder);

    (void)state;
    assert_non_null(origin);
    snprintf(path, sizeof(path), "/proc/1/root%s", folder);
    if (stat(folder, &ours) == 0 && stat(path, &theirs) == 0 && ours.st_ino == theirs.st_ino) {
        assert_true(ht_origin_is_written(origin, upper, HT_S("/one"), one));
        assert_true(ht_origin_is_written(origin, upper, HT_S("/other"), other));
        assert_false(ht_origin_is_written(origin, upper, HT_S("/one"), other));
    }
    assert_false(ht_origin_is_written(origin, upper, HT_S("/none"), one));
    assert_false(ht_origin_is_written(origin, HT_S(""), HT_S("/one"), one));
    assert_false(ht_origin_is_written(origin, HT_S(""), ht_str_from(folder), one));
    ht_origin_free(origin);
}

static void file_systems_that_hang_are_known(void **state)
{
    (void)state;
    assert_true(ht_mountinfo_can_hang(HT_S("fuse.fuse-overlayfs")));
    assert_true(ht_mountinfo_can_hang(HT_S("nfs4")));
    assert_false(ht_mountinfo_can_hang(HT_S("ext4")));
    assert_false(ht_mountinfo_can_hang(HT_S("overlay")));
}

/* ---- ourselves ---- */

struct reading {
    const struct ht_code *code;
    unsigned calls;
};

static void count_reading(void *context)
{
    struct reading *reading = context;

    assert_false(ht_code_has_origin(reading->code)); /* nothing is judged yet */
    reading->calls++;
}

static void our_own_program_is_a_file_of_the_node(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_error err = {0};
    struct ht_origin *origin = ht_origin_new("/proc", NULL, &err);
    struct ht_code code = {0};
    struct stat self;
    struct ht_origin_ask ask = {.pid = getpid(), .kind = HT_CODE_KIND_EXECUTABLE, .fd = -1};

    (void)state;
    assert_non_null(origin);
    assert_int_equal(ht_origin_judge(origin, &ask, arena, &code), 0);
    assert_int_equal(code.origin, HT_CODE_ORIGIN_HOST);
    assert_true(ht_str_has_suffix(code.path, "test-origin"));
    assert_true(code.size > 0);
    /* The same again, from memory; then a process that it is not. */
    struct ht_code again = {0};
    assert_int_equal(ht_origin_judge(origin, &ask, arena, &again), 0);
    assert_true(ht_struct_equal(&ht_code_table, &code, &again));
    /* Of a file without an answer it is told before it is read, and of no other. */
    struct ht_code fresh = {0};
    struct reading reading = {.code = &fresh};
    ask.reading = count_reading;
    ask.context = &reading;
    assert_int_equal(ht_origin_judge(origin, &ask, arena, &fresh), 0);
    assert_int_equal(reading.calls, 0);
    struct ht_origin *other = ht_origin_new("/proc", NULL, &err);
    assert_non_null(other);
    fresh = (struct ht_code){0};
    assert_int_equal(ht_origin_judge(other, &ask, arena, &fresh), 0);
    assert_int_equal(reading.calls, 1);
    ht_origin_free(other);
    ask.reading = NULL;
    ask.start = 1;
    assert_int_equal(ht_origin_judge(origin, &ask, arena, &again), -ESRCH);
    /* Another directory is no proof; the same one is, whatever was read of it. */
    ask.proc_ino = 1;
    assert_int_equal(ht_origin_judge(origin, &ask, arena, &again), -ESRCH);
    assert_int_equal(stat("/proc/self/", &self), 0);
    ask.proc_ino = self.st_ino;
    assert_int_equal(ht_origin_judge(origin, &ask, arena, &again), 0);
    ht_origin_pass(origin);
    ht_origin_free(origin);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"one",      "same",  "shorter", "other", "nothing", "huge",
                                        "huge-too", "plain", "fifo",    "there", "link"};
    char path[128];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static void docker_s_own_layer_holds_little(void **state)
{
    struct ht_str lowers[] = {HT_S("/d/a-init/diff"), HT_S("/d/b/diff"), {0}};
    struct ht_space space = {.upper = HT_S("/d/a/diff"), .lowers = {.items = lowers, .len = 3}};

    (void)state;
    assert_true(ht_space_lower_has(&space, 0, HT_S("/etc/hosts")));
    assert_true(ht_space_lower_has(&space, 0, HT_S("/dev/console")));
    assert_false(ht_space_lower_has(&space, 0, HT_S("/bin/sh")));
    assert_true(ht_space_lower_has(&space, 1, HT_S("/bin/sh")));
    /* One that was not found holds nothing that could be looked at. */
    assert_false(ht_space_lower_has(&space, 2, HT_S("/bin/sh")));
    space.init = 3;
    assert_true(ht_space_lower_has(&space, 0, HT_S("/bin/sh")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_of_secrets_are_known),
        cmocka_unit_test(a_file_of_ours_is_no_secret),
        cmocka_unit_test(directories_of_overlays_are_read_as_the_kernel_writes_them),
        cmocka_unit_test(the_table_decides),
        cmocka_unit_test(volumes_are_known_by_their_place),
        cmocka_unit_test(paths_are_told_by_the_root_of_their_file_system),
        cmocka_unit_test(contents_are_compared_to_the_last_byte),
        cmocka_unit_test(only_regular_files_are_opened),
        cmocka_unit_test(no_link_is_followed_into_a_layer),
        cmocka_unit_test(a_file_is_written_where_it_lies_itself),
        cmocka_unit_test(file_systems_that_hang_are_known),
        cmocka_unit_test(our_own_program_is_a_file_of_the_node),
        cmocka_unit_test(docker_s_own_layer_holds_little),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
