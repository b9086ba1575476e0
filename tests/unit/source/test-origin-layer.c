/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which file of a layer a file of an overlay is, and what is the image's, with a real kernel. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/source/drift-layers.h"
#include "src/source/drift-packages.h"
#include "src/source/drift-upper.h"
#include "src/source/origin.h"
#include "src/source/running-maps.h"
#include "tests/unit/source/drift-alone.h"
#include "tests/unit/source/feed.h"
#include "tests/unit/tree.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/model/rows.h"
#include "tests/unit/skip.h"

enum { PATH_BYTES = 256 };

/* A process whose root is an overlay of three folders. */
struct place {
    char folder[64];
    pid_t child;
    int go; /* closed: it ends */
    struct ht_origin *origin;
    struct ht_arena *arena;
};

static const char *const folders[] = {"lower",         "lower/mem",     "lower/nested",
                                      "lower/far",     "middle",        "upper",
                                      "work",          "root",          "lower/box",
                                      "lower/bag",     "lower/alone",   "lower/blocked",
                                      "lower/instead", "lower/joined",  "lower/was",
                                      "lower/link",    "middle/alone",  "middle/folder",
                                      "middle/joined", "middle/moved",  "lower/alone/deep",
                                      "lower/lib",     "lower/lib/apk", "lower/lib/apk/db"};
static const char *const files[] = {"lower/alone/below",
                                    "lower/alone/deep/below",
                                    "middle/alone/own",
                                    "lower/blocked/below",
                                    "lower/instead/below",
                                    "middle/instead",
                                    "lower/lib/apk/db/installed",
                                    "lower/folder",
                                    "lower/joined/below",
                                    "lower/was/below",
                                    "lower/link/below",
                                    "lower/kept",
                                    "lower/changed",
                                    "lower/taken",
                                    "middle/also",
                                    "lower/removed",
                                    "lower/box/moved",
                                    "lower/bag/one",
                                    "lower/hidden",
                                    "lower/linked",
                                    "upper/new",
                                    "upper/gone"};

static const char *path_of(const struct place *place, const char *name, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/%s", place->folder, name);
    return path;
}

static void make_files(const struct place *place)
{
    char path[PATH_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(folders); i++)
        assert_int_equal(mkdir(path_of(place, folders[i], path), 0755), 0);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        ht_autoclose int fd = open(path_of(place, files[i], path), O_WRONLY | O_CREAT, 0755);

        assert_int_equal(write(fd, files[i], 8), 8);
    }
    char other[PATH_BYTES];
    assert_int_equal(
        link(path_of(place, "lower/linked", path), path_of(place, "lower/other", other)), 0);
}

/* What was changed keeps its number, elsewhere, and nothing tells of it where it was. */
static bool move_away(void)
{
    return chmod("/box/moved", 0700) == 0 && chmod("/hidden", 0700) == 0 &&
           mkdir("/hold", 0755) == 0 && rename("/box/moved", "/hold/moved") == 0 &&
           rmdir("/box") == 0 && mkdir("/box", 0755) == 0 &&
           rename("/hidden", "/hold/hidden") == 0 && mkdir("/hidden", 0755) == 0 &&
           close(creat("/bag/more", 0644)) == 0;
}

/* A layer of the image takes away what the one below has: a file, a folder with all in it; or
 * replaces a folder, or moves one. */
static bool mark(const struct place *place)
{
    char path[PATH_BYTES];

    return mknod(path_of(place, "middle/removed", path), S_IFCHR, 0) == 0 &&
           mknod(path_of(place, "middle/blocked", path), S_IFCHR, 0) == 0 &&
           symlink("box", path_of(place, "middle/link", path)) == 0 &&
           setxattr(path_of(place, "middle/alone", path), "trusted.overlay.opaque", "y", 1, 0) ==
               0 &&
           setxattr(path_of(place, "middle/moved", path), "trusted.overlay.redirect", "/was", 4,
                    0) == 0;
}

/* What it maps stays, and its mount shows nowhere. */
static bool map_and_unmount(void)
{
    int fd;

    if (mkdir("/away", 0755) < 0 || mount("none", "/away", "tmpfs", 0, NULL) < 0)
        return false;
    fd = open("/away/mapped", O_RDWR | O_CREAT | O_CLOEXEC, 0755);
    return fd >= 0 && ftruncate(fd, 4096) == 0 &&
           mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) != MAP_FAILED &&
           close(fd) == 0 && umount2("/away", MNT_DETACH) == 0;
}

/* Mounts at folders of the image, of which one is answered by nobody. */
static bool mount_more(void)
{
    char options[PATH_BYTES];
    int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

    snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
    return mount("none", "/mem", "tmpfs", 0, NULL) == 0 &&
           mount("none", "/nested", "overlay", 0, "lowerdir=/joined:/bag") == 0 &&
           (fd < 0 || mount("none", "/far", "fuse", 0, options) == 0);
}

/* In a process of its own, which tells a byte when it is there. */
static void live(const struct place *place, int told, int go)
{
    char path[PATH_BYTES], options[4 * PATH_BYTES], byte;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(options, sizeof(options),
             "lowerdir=%s/middle:%s/lower,upperdir=%s/upper,workdir=%s/work", place->folder,
             place->folder, place->folder, place->folder);
    if (!mark(place))
        _exit(77);
    path_of(place, "root", path);
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("overlay", path, "overlay", 0, options) < 0 || chdir(path) < 0 ||
        syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0 ||
        !map_and_unmount() || !mount_more() || chmod("/changed", 0700) < 0 ||
        unlink("/taken") < 0 || !move_away() || write(told, "x", 1) != 1)
        _exit(77);
    _exit(read(go, &byte, 1) == 0 ? 0 : 1);
}

static bool set_up(struct place *place)
{
    struct ht_error err = {0};
    int told[2], go[2];
    char byte;

    *place = (struct place){.folder = "/tmp/test-origin-layer-XXXXXX"};
    assert_non_null(mkdtemp(place->folder));
    make_files(place);
    assert_int_equal(pipe2(told, O_CLOEXEC), 0);
    assert_int_equal(pipe2(go, O_CLOEXEC), 0);
    place->child = fork();
    if (place->child == 0) {
        close(go[1]);
        live(place, told[1], go[0]);
    }
    close(go[0]);
    close(told[1]);
    place->go = go[1];
    place->arena = ht_arena_new(HT_LIMIT_ROW);
    place->origin = ht_origin_new("/proc", NULL, &err);
    assert_non_null(place->origin);
    ssize_t got = read(told[0], &byte, 1);
    close(told[0]);
    return got == 1;
}

static void tear_down(struct place *place)
{
    close(place->go);
    assert_int_equal(waitpid(place->child, NULL, 0), place->child);
    ht_origin_free(place->origin);
    ht_arena_free(place->arena);
    ht_test_remove_tree(place->folder);
}

static int open_inside(const struct place *place, const char *name)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "/proc/%d/root/%s", (int)place->child, name);
    return open(path, O_PATH | O_CLOEXEC);
}

static struct ht_origin_inode judge(struct place *place, int fd, const char *path,
                                    enum ht_code_origin origin)
{
    struct ht_origin_inode layer = {0};
    const struct ht_origin_ask ask = {.pid = place->child,
                                      .container_id = HT_S("c1"),
                                      .kind = HT_CODE_KIND_EXECUTABLE,
                                      .fd = fd,
                                      .path = ht_str_from(path),
                                      .ret_layer = &layer};
    struct ht_code code = {0};

    assert_int_equal(ht_origin_judge(place->origin, &ask, place->arena, &code), 0);
    assert_int_equal(code.origin, origin);
    return layer;
}

static void check_layer(const struct place *place, struct ht_origin_inode layer, const char *name)
{
    char path[PATH_BYTES];
    struct stat about;

    assert_int_equal(stat(path_of(place, name, path), &about), 0);
    assert_true(layer.ino == about.st_ino);
    assert_true(layer.dev == about.st_dev);
}

static void layer_is_told_of_a_file_that_lies_there_itself(void **state)
{
    struct place place;
    bool is_there = set_up(&place);

    (void)state;
    if (is_there) {
        ht_autoclose int kept = open_inside(&place, "kept"), fresh = open_inside(&place, "new"),
                         changed = open_inside(&place, "changed"),
                         gone = open_inside(&place, "gone");
        char path[PATH_BYTES];

        check_layer(&place, judge(&place, kept, "/kept", HT_CODE_ORIGIN_IMAGE), "lower/kept");
        check_layer(&place, judge(&place, fresh, "/new", HT_CODE_ORIGIN_ADDED), "upper/new");
        /* From memory. */
        assert_int_equal(judge(&place, fresh, "/new", HT_CODE_ORIGIN_ADDED).ino, 0);
        /* The layer has a copy of it. */
        assert_int_equal(judge(&place, changed, "/changed", HT_CODE_ORIGIN_METADATA).ino, 0);
        /* By a path where another one lies. */
        assert_int_equal(judge(&place, fresh, "/kept", HT_CODE_ORIGIN_IMAGE).ino, 0);
        snprintf(path, sizeof(path), "/proc/%d/root/gone", (int)place.child);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(judge(&place, gone, "/gone (deleted)", HT_CODE_ORIGIN_DELETED).ino, 0);
    }
    tear_down(&place);
    if (!is_there)
        skip_without_root("no right to mount");
}

/* Marks of the other kind are attributes like any, which the container can set. */
static void a_mark_that_anybody_can_set_says_nothing(void **state)
{
    struct place place;
    bool is_there = set_up(&place), is_set = false;

    (void)state;
    if (is_there) {
        ht_autoclose int fresh = open_inside(&place, "new");
        char path[PATH_BYTES];

        snprintf(path, sizeof(path), "/proc/%d/root/new", (int)place.child);
        is_set =
            setxattr(path, "user.overlay.origin", "x", 1, 0) == 0 ||
            setxattr(path_of(&place, "upper/new", path), "user.overlay.origin", "x", 1, 0) == 0;
        if (is_set)
            (void)judge(&place, fresh, "/new", HT_CODE_ORIGIN_ADDED);
    }
    tear_down(&place);
    if (!is_set)
        skip_without_root("no right to mount, or a file system without such attributes");
}

/* ---- mappings ---- */

static struct ht_origin_ask ask_of(const struct place *place)
{
    return (struct ht_origin_ask){.pid = place->child, .container_id = HT_S("c1"), .fd = -1};
}

/* As the kernel tells of a file of the container that is mapped. */
static struct ht_mapping mapping_of(const struct place *place, const char *name)
{
    ht_autoclose int fd = open_inside(place, name + 1);
    struct stat about;

    assert_int_equal(fstat(fd, &about), 0);
    return (struct ht_mapping){.major = major(about.st_dev),
                               .minor = minor(about.st_dev),
                               .inode = about.st_ino,
                               .path = ht_str_from(name)};
}

static bool is_image(const struct place *place, struct ht_mapping mapping)
{
    const struct ht_origin_ask ask = ask_of(place);

    return ht_origin_maps_image(place->origin, &ask, &mapping);
}

static void check_mappings(const struct place *place)
{
    struct ht_mapping kept = mapping_of(place, "/kept"), taken = kept;

    assert_true(is_image(place, kept));
    assert_true(is_image(place, kept)); /* from memory */
    assert_true(is_image(place, mapping_of(place, "/also")));
    /* The same number as in the image, and another file since. */
    assert_false(is_image(place, mapping_of(place, "/changed")));
    assert_false(is_image(place, mapping_of(place, "/new")));
    /* What the numbers do not tell is judged. */
    kept.inode++;
    assert_false(is_image(place, kept));
    kept.inode--;
    kept.minor++;
    assert_false(is_image(place, kept));
    taken.path = HT_S("/taken");
    assert_false(is_image(place, taken));
    taken.path = HT_S("/removed");
    assert_false(is_image(place, taken));
    taken.path = HT_S("/nothing");
    assert_false(is_image(place, taken));
    /* A folder that was copied up hides nothing. */
    assert_true(is_image(place, mapping_of(place, "/bag/one")));
    /* Of two names one may have been changed, and have its number still. */
    assert_false(is_image(place, mapping_of(place, "/linked")));
}

/* By a mount of its own somebody calls it as it was called in the image. */
static void check_moved(const struct place *place)
{
    static const struct {
        const char *now, *called;
    } cases[] = {{"/hold/moved", "/box/moved"}, {"/hold/hidden", "/hidden"}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_mapping mapping = mapping_of(place, cases[i].now);
        char name[32], path[PATH_BYTES];
        struct stat about;

        snprintf(name, sizeof(name), "lower%s", cases[i].called);
        assert_int_equal(stat(path_of(place, name, path), &about), 0);
        assert_true(mapping.inode == about.st_ino);
        mapping.path = ht_str_from(cases[i].called);
        if (is_image(place, mapping))
            fail_msg("%s is taken for %s", cases[i].now, cases[i].called);
    }
}

static void what_is_mapped_is_the_image_s_by_its_numbers(void **state)
{
    struct place place;
    bool is_there = set_up(&place);

    (void)state;
    if (is_there) {
        check_mappings(&place);
        check_moved(&place);
    }
    tear_down(&place);
    if (!is_there)
        skip_without_root("no right to mount");
}

static const struct ht_code *library_at(const struct ht_node *sample, const char *path)
{
    const struct ht_rowset *codes = ht_node_set(sample, HT_TABLE_CODE);

    for (size_t i = 0; i < codes->len; i++) {
        const struct ht_code *code = ht_code_of(codes->rows[i]);

        if (code->kind == HT_CODE_KIND_LIBRARY && ht_str_is(code->path, path))
            return code;
    }
    return NULL;
}

static void check_unmounted(const struct place *place)
{
    struct ht_drift drift;
    struct ht_drift_process process = {.pid = place->child};
    struct ht_drift_looking looking = {.drift = &drift, .process = &process};
    struct ht_node *sample = ht_node_new(1);
    const struct ht_code *code;

    assert_int_equal(ht_test_drift_begin(&drift, "/proc", NULL), 0);
    process.home = ht_layers_join(drift.layers, HT_S("c1"), 1, false);
    ht_drift_judge_maps(&looking, HT_S("/bin/app"));
    ht_codes_put(drift.codes, sample);
    code = library_at(sample, "/mapped");
    assert_non_null(code);
    assert_int_equal(code->origin, HT_CODE_ORIGIN_BLIND);
    assert_true(ht_str_is(code->reason, "its mount was taken away while it is in use"));
    for (size_t i = 0; i < looking.fresh.len; i++)
        ht_codes_end(drift.codes, looking.fresh.items[i], 1);
    ht_vec_fini(&looking.fresh);
    ht_layers_leave(drift.layers, process.home);
    ht_node_unref(sample);
    ht_test_drift_end(&drift);
}

static void what_is_mapped_of_a_mount_that_is_gone_is_told(void **state)
{
    struct place place;
    bool is_there = set_up(&place);

    (void)state;
    if (is_there)
        check_unmounted(&place);
    tear_down(&place);
    if (!is_there)
        skip_without_root("no right to mount");
}

/* ---- overlays of others ---- */

static void check_first(const struct place *place, pid_t first, bool is_runtimes)
{
    struct ht_origin_ask ask = ask_of(place);
    const struct ht_mapping kept = mapping_of(place, "/kept");
    ht_autoclose int fd = open_inside(place, "kept");
    struct ht_code code = {0};

    ht_origin_rest(place->origin);
    ask.first = first;
    assert_true(ht_origin_maps_image(place->origin, &ask, &kept) == is_runtimes);
    ask.kind = HT_CODE_KIND_EXECUTABLE;
    ask.fd = fd;
    ask.path = kept.path;
    assert_int_equal(ht_origin_judge(place->origin, &ask, place->arena, &code), 0);
    assert_int_equal(code.origin, is_runtimes ? HT_CODE_ORIGIN_IMAGE : HT_CODE_ORIGIN_BLIND);
}

/* The names of its folders may lead elsewhere on the node. */
static void an_overlay_that_no_runtime_mounted_tells_nothing(void **state)
{
    struct place place;
    bool is_there = set_up(&place);

    (void)state;
    if (is_there) {
        check_first(&place, getpid(), false); /* has another root, and the node does not see it */
        check_first(&place, place.child, true);
        check_first(&place, 0, true);
    }
    tear_down(&place);
    if (!is_there)
        skip_without_root("no right to mount");
}

/* ---- both layers ---- */

/* gone: what the image has was taken away in the container. */
static void check_layers(const struct place *place, const char *path, bool upper, bool lower,
                         bool gone)
{
    struct ht_origin_layers layers;
    int above = -1, below = -1;

    assert_int_equal(ht_origin_find_layers(place->origin, place->child, HT_S("c1"), &layers), 0);
    assert_int_equal(
        ht_origin_open_layers(place->origin, &layers, ht_str_from(path), &above, &below), gone);
    if (upper != (above >= 0) || lower != (below >= 0))
        fail_msg("%s: %d, %d", path, above, below);
    ht_cleanup_close(&above);
    ht_cleanup_close(&below);
}

static void what_a_layer_of_the_image_took_away_it_has_not(void **state)
{
    struct place place;
    bool is_there = set_up(&place);

    (void)state;
    if (is_there) {
        check_layers(&place, "/kept", false, true, false);
        check_layers(&place, "/also", false, true, false);
        check_layers(&place, "/changed", true, true, false);
        check_layers(&place, "/new", true, false, false);
        check_layers(&place, "/removed", false, false, false);
        check_layers(&place, "/taken", false, true, true); /* by the container, not by the image */
    }
    tear_down(&place);
    if (!is_there)
        skip_without_root("no right to mount");
}

static int judge_folder(const struct place *place, const char *path)
{
    struct ht_origin_ask ask = ask_of(place);
    struct ht_code code = {0};
    ht_autoclose int fd = -1;
    int r;

    ask.path = ht_str_from(path);
    r = ht_origin_judge_folder(place->origin, &ask, place->arena, &code, &fd);
    assert_int_equal(fd >= 0, r == 1);
    assert_true(ht_code_has_origin(&code) == (r == 1));
    assert_true(r != 1 || code.origin ==
                              (strcmp(path, "/mem") ? HT_CODE_ORIGIN_BLIND : HT_CODE_ORIGIN_TMPFS));
    return r;
}

static void folders_are_the_image_s_alone_or_not(void **state)
{
    struct place place;
    bool is_there = set_up(&place);

    (void)state;
    if (is_there) {
        assert_int_equal(judge_folder(&place, "/alone"), 0);
        assert_int_equal(judge_folder(&place, "/joined"), 0);
        assert_int_equal(judge_folder(&place, "/bag"), 1); /* something was written there */
        assert_int_equal(judge_folder(&place, "/hold"), 1);
        assert_int_equal(judge_folder(&place, "/kept"), 0); /* a file */
        assert_int_equal(judge_folder(&place, "/nothing"), 0);
        /* On mounts of their own, where a look would end at one that can hang. */
        assert_int_equal(judge_folder(&place, "/mem"), 1);
        assert_int_equal(judge_folder(&place, "/nested"), 1);
    }
    tear_down(&place);
    if (!is_there)
        skip_without_root("no right to mount");
}

/* What the mounted overlay shows is what the image has there. */
static void layers_of_an_image_hide_what_is_below_them(void **state)
{
    static const struct {
        const char *path;
        bool lower;
    } cases[] = {{"/alone/below", false},   {"/alone/deep/below", false}, {"/alone/own", true},
                 {"/blocked/below", false}, {"/instead", true},           {"/link/below", false},
                 {"/instead/below", false}, {"/folder", false},           {"/joined/below", true},
                 {"/joined/other", false}};
    struct place place;
    bool is_there = set_up(&place);

    (void)state;
    /* The second time from memory. */
    for (size_t i = 0; is_there && i < 2 * ARRAY_LEN(cases); i++) {
        const char *path = cases[i % ARRAY_LEN(cases)].path;
        ht_autoclose int fd = open_inside(&place, path + 1);
        struct stat about;
        bool is_shown = fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode);

        assert_true(is_shown == cases[i % ARRAY_LEN(cases)].lower);
        check_layers(&place, path, false, is_shown, false);
    }
    tear_down(&place);
    if (!is_there)
        skip_without_root("no right to mount");
}

static void a_folder_that_the_image_moved_is_not_guessed(void **state)
{
    struct place place;
    bool is_there = set_up(&place);

    (void)state;
    if (is_there) {
        struct ht_origin_layers layers;
        int above = -1, below = -1;

        assert_int_equal(ht_origin_find_layers(place.origin, place.child, HT_S("c1"), &layers), 0);
        assert_int_equal(
            ht_origin_open_layers(place.origin, &layers, HT_S("/moved/below"), &above, &below),
            -EIO);
        assert_int_equal(above, -1);
        assert_int_equal(below, -1);
    }
    tear_down(&place);
    if (!is_there)
        skip_without_root("no right to mount");
}

/* The image moved the folder, which is not followed. */
static void what_is_not_compared_is_not_called_new(void **state)
{
    struct place place;
    bool is_there = set_up(&place);

    (void)state;
    if (is_there) {
        struct ht_layer layer = {0};
        char path[PATH_BYTES];

        snprintf(path, sizeof(path), "/proc/%d/root/moved/.bashrc", (int)place.child);
        assert_int_equal(close(creat(path, 0644)), 0);
        snprintf(path, sizeof(path), "/proc/%d/root/bag/.bashrc", (int)place.child);
        assert_int_equal(close(creat(path, 0644)), 0);
        assert_int_equal(
            ht_origin_layer(place.origin, place.child, HT_S("c1"), place.arena, &layer), 0);
        assert_true(ht_drift_upper(place.origin, place.child, place.arena, &layer, 1000) > 0);
        assert_int_equal(layer.persistence.len, 2);
        for (size_t i = 0; i < 2; i++)
            assert_true(ht_str_is(layer.persistence.items[i], "/bag/.bashrc (new)") ||
                        ht_str_is(layer.persistence.items[i],
                                  "/moved/.bashrc (not compared with the image)"));
        assert_false(ht_str_equal(layer.persistence.items[0], layer.persistence.items[1]));
    }
    tear_down(&place);
    if (!is_there)
        skip_without_root("no right to mount");
}

/* ---- databases of packages ---- */

static void install(const struct place *place, const char *version)
{
    static const char *const parents[] = {"var", "var/lib", "var/lib/dpkg"};
    char path[PATH_BYTES], inside[32];

    snprintf(inside, sizeof(inside), "/proc/%d/root", (int)place->child);
    for (size_t i = 0; i < ARRAY_LEN(parents); i++) {
        snprintf(path, sizeof(path), "%s/%s", inside, parents[i]);
        (void)mkdir(path, 0755);
    }
    snprintf(path, sizeof(path), "%s/var/lib/dpkg/status", inside);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fprintf(file, "Package: hello\nStatus: install ok installed\nVersion: %s\n", version);
    assert_int_equal(fclose(file), 0);
}

/* The packages that are told after a look at that second; the version of the first in *ret_version,
 * which is of the node. */
static size_t look_at(const struct place *place, struct ht_layers *layers, int64_t second,
                      struct ht_node *node, struct ht_str *ret_version)
{
    struct ht_feed feed = {.at = ht_test_feed_at};

    ht_layers_look(layers, place->origin, second * HT_NS_PER_S, second * HT_NS_PER_S, &feed);
    ht_origin_rest(place->origin);
    ht_layers_put(layers, node);
    const struct ht_rowset *rows = ht_node_set(node, HT_TABLE_LAYER);
    assert_int_equal(rows->len, 1);
    const struct ht_package_change_list *packages = &ht_layer_of(rows->rows[0])->packages;
    if (packages->len)
        *ret_version = packages->items[0].now;
    return packages->len;
}

static void check_databases(const struct place *place)
{
    struct ht_layers *layers = ht_layers_new();
    struct ht_layers_entry *entry = ht_layers_join(layers, HT_S("c1"), 1, false);
    static const struct {
        int64_t second;
        const char *installs; /* before the look; NULL: nothing */
        const char *told;     /* NULL: no package */
    } steps[] = {
        /* Neither it nor its image had any; who writes all the time has that much looked at. */
        {1, NULL, NULL},   {2, NULL, NULL},     {3, "1.0", NULL},   {7, NULL, NULL},
        {62, NULL, "1.0"}, {63, "1.10", "1.0"}, {67, NULL, "1.10"}, {72, "2", "2"},
        {77, "30", "30"},  {82, "400", "400"},  {87, "5", "400"},   {92, "60", "400"},
        {97, NULL, "400"}, {143, NULL, "60"},
    };

    ht_layers_offer(entry, place->child, 1, false);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct ht_node *node = ht_node_new(1);
        struct ht_str version = {0};

        if (steps[i].installs)
            install(place, steps[i].installs);
        ht_layers_looked(entry, false);
        if (look_at(place, layers, steps[i].second, node, &version) != (steps[i].told != NULL) ||
            (steps[i].told && !ht_str_is(version, steps[i].told)))
            fail_msg("after %d s: '%.*s'", (int)steps[i].second, HT_STR_ARG(version));
        ht_node_unref(node);
    }
    ht_layers_leave(layers, entry);
    ht_layers_free(layers);
}

static void who_installs_is_not_waited_a_minute_for(void **state)
{
    struct place place;
    bool is_there = set_up(&place);

    (void)state;
    if (is_there)
        check_databases(&place);
    tear_down(&place);
    if (!is_there)
        skip_without_root("no right to mount");
}

static const char *inside(const struct place *place, const char *name, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "/proc/%d/root/%s", (int)place->child, name);
    return path;
}

static bool keep_database(const struct place *place)
{
    (void)place;
    return true;
}

static bool remove_database(const struct place *place)
{
    char path[PATH_BYTES];

    return unlink(inside(place, "lib/apk/db/installed", path)) == 0;
}

static bool remove_folder(const struct place *place)
{
    char path[PATH_BYTES];

    return rmdir(inside(place, "lib/apk/db", path)) == 0;
}

/* It stands for itself alone from now on. */
static bool make_folder_anew(const struct place *place)
{
    char path[PATH_BYTES];

    return mkdir(inside(place, "lib/apk/db", path), 0755) == 0;
}

/* What the packages of a layer are told as after that was done in the container. */
static void check_taken(const struct place *place, bool (*take)(const struct place *place))
{
    struct ht_origin_layers layers;
    struct ht_layer layer = {0};

    ht_layer_set_packages(&layer, (struct ht_package_change_list){.len = 0});
    assert_true(take(place));
    assert_int_equal(ht_origin_find_layers(place->origin, place->child, HT_S("c1"), &layers), 0);
    ht_drift_packages(place->origin, &layers, place->arena, &layer);
    ht_origin_rest(place->origin);
    assert_true(ht_layer_has_packages(&layer));
    assert_int_equal(layer.packages.len, take != keep_database);
    if (take == keep_database)
        return;
    assert_int_equal(layer.packages.items[0].change, HT_PACKAGE_CHANGE_KIND_REMOVED);
    assert_true(ht_str_is(layer.packages.items[0].name, "the database itself"));
    assert_true(ht_str_is(layer.packages.items[0].manager, "apk"));
}

static void a_database_that_was_taken_away_is_told(void **state)
{
    struct place place;
    bool is_there = set_up(&place);

    (void)state;
    if (is_there) {
        check_taken(&place, keep_database);
        check_taken(&place, remove_database);
        check_taken(&place, remove_folder);
        check_taken(&place, make_folder_anew);
    }
    tear_down(&place);
    if (!is_there)
        skip_without_root("no right to mount");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layer_is_told_of_a_file_that_lies_there_itself),
        cmocka_unit_test(a_mark_that_anybody_can_set_says_nothing),
        cmocka_unit_test(what_is_mapped_is_the_image_s_by_its_numbers),
        cmocka_unit_test(what_is_mapped_of_a_mount_that_is_gone_is_told),
        cmocka_unit_test(an_overlay_that_no_runtime_mounted_tells_nothing),
        cmocka_unit_test(what_a_layer_of_the_image_took_away_it_has_not),
        cmocka_unit_test(who_installs_is_not_waited_a_minute_for),
        cmocka_unit_test(folders_are_the_image_s_alone_or_not),
        cmocka_unit_test(layers_of_an_image_hide_what_is_below_them),
        cmocka_unit_test(a_folder_that_the_image_moved_is_not_guessed),
        cmocka_unit_test(what_is_not_compared_is_not_called_new),
        cmocka_unit_test(a_database_that_was_taken_away_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
