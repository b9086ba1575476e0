/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A container whose root is a file system of FUSE, or who has a file of one open: one file of it is
 * told, another never answers. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/helper.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "src/source/drift-codes.h"
#include "src/source/drift-layers.h"
#include "src/source/drift-look.h"
#include "src/source/origin-inner.h"
#include "src/source/origin.h"
#include "tests/unit/source/drift-alone.h"
#include "tests/unit/tree.h"
#include "tests/unit/skip.h"

#define SCRIPT  "#!/bin/sh\necho drifted\n"
#define MUTE    "memfd:mute" /* as the kernel calls what is only in memory */
#define CHANGED INT64_C(1700000000)
/* Where an answer comes: however busy the machine is. */
#define PATIENT_NS (INT64_C(60) * HT_NS_PER_S)

enum {
    REQUEST_BYTES = 64 * 1024,
    ROOT = 1,
    FILE_NODE = 2,
    MUTE_NODE = 3, /* it can be opened, and then tells nothing */
    MUTE_FD = 255, /* where a shell has its script */
    SLOW_MS = 300, /* a slow answer takes */
};

/* ---- the file system ---- */

static struct fuse_attr attributes(uint64_t node)
{
    struct fuse_attr attr = {.ino = node,
                             .mode = node == ROOT ? S_IFDIR | 0755 : S_IFREG | 0750,
                             .nlink = node == ROOT ? 2 : 1,
                             .size = node == ROOT ? 0 : strlen(SCRIPT),
                             .uid = 7,
                             .mtime = CHANGED,
                             .ctime = CHANGED};
    return attr;
}

static void answer(int fuse, uint64_t unique, int error, const void *data, size_t len)
{
    struct fuse_out_header header = {
        .len = (uint32_t)(sizeof(header) + len), .error = error, .unique = unique};
    char out[sizeof(header) + 4096];

    memcpy(out, &header, sizeof(header));
    if (len)
        memcpy(out + sizeof(header), data, len);
    if (write(fuse, out, sizeof(header) + len) < 0 && errno != ENOENT)
        _exit(1);
}

static void look_up(int fuse, uint64_t unique, const char *name)
{
    uint64_t node = strcmp(name, MUTE) == 0 ? MUTE_NODE : FILE_NODE;
    struct fuse_entry_out entry = {.nodeid = node, .generation = 1, .attr = attributes(node)};

    if (strcmp(name, "hangs") == 0 || strcmp(name, "hangs-too") == 0)
        return;
    if (strncmp(name, "slow", 4) == 0)
        nanosleep(&(struct timespec){.tv_nsec = SLOW_MS * 1000 * 1000}, NULL);
    if (node == MUTE_NODE || strcmp(name, "script") == 0)
        answer(fuse, unique, 0, &entry, sizeof(entry));
    else
        answer(fuse, unique, -ENOENT, NULL, 0);
}

static void serve_one(int fuse, const struct fuse_in_header *request, const char *rest)
{
    struct fuse_attr_out attr = {.attr = attributes(request->nodeid)};
    struct fuse_open_out open_out = {.fh = 1};
    struct fuse_init_out init = {
        .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = 4096};

    switch (request->opcode) {
    case FUSE_INIT:
        answer(fuse, request->unique, 0, &init, sizeof(init));
        break;
    case FUSE_GETATTR:
        if (request->nodeid != MUTE_NODE)
            answer(fuse, request->unique, 0, &attr, sizeof(attr));
        break;
    case FUSE_LOOKUP:
        look_up(fuse, request->unique, rest);
        break;
    case FUSE_OPEN:
        answer(fuse, request->unique, 0, &open_out, sizeof(open_out));
        break;
    case FUSE_READ:
        answer(fuse, request->unique, 0, SCRIPT, strlen(SCRIPT));
        break;
    case FUSE_FORGET:
        break;
    default:
        answer(fuse, request->unique, -ENOSYS, NULL, 0);
    }
}

static _Noreturn void serve(int fuse)
{
    static char in[REQUEST_BYTES];
    struct fuse_in_header request;

    for (;;) {
        ssize_t len = read(fuse, in, sizeof(in) - 1);

        if (len < 0 && (errno == EINTR || errno == ENOENT))
            continue;
        if (len < (ssize_t)sizeof(request))
            _exit(0);
        in[len] = '\0';
        memcpy(&request, in, sizeof(request));
        serve_one(fuse, &request, in + sizeof(request));
    }
}

/* ---- the container ---- */

struct scene {
    char place[64];
    pid_t server, inside;
    int fuse;
};

static _Noreturn void be_inside(const struct scene *scene, int ready)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (chroot(scene->place) < 0 || write(ready, "x", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

static bool set_scene(struct scene *scene)
{
    char options[128];
    char byte;
    int ready[2];

    snprintf(scene->place, sizeof(scene->place), "/tmp/far.XXXXXX");
    assert_non_null(mkdtemp(scene->place));
    scene->fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
             scene->fuse);
    if (scene->fuse < 0 || unshare(CLONE_NEWNS) < 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("far", scene->place, "fuse.fuse-overlayfs", 0, options) < 0)
        return false;
    scene->server = fork();
    if (scene->server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(scene->fuse);
    }
    assert_true(scene->server > 0);
    assert_int_equal(pipe(ready), 0);
    scene->inside = fork();
    if (scene->inside == 0)
        be_inside(scene, ready[1]);
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return true;
}

static void clear_scene(struct scene *scene)
{
    kill(scene->inside, SIGKILL);
    kill(scene->server, SIGKILL);
    waitpid(scene->server, NULL, 0);
    /* Who hangs in it is let go when its last server's end is closed. */
    close(scene->fuse);
    waitpid(scene->inside, NULL, 0);
    umount2(scene->place, MNT_DETACH);
    rmdir(scene->place);
}

static int judge(struct ht_origin *origin, const struct scene *scene, const char *path,
                 struct ht_arena *arena, struct ht_code *code)
{
    struct ht_origin_ask ask = {.pid = scene->inside,
                                .container_id = HT_S("c1"),
                                .kind = HT_CODE_KIND_SCRIPT,
                                .fd = -1,
                                .path = ht_str_from(path)};
    struct ht_str found;

    *code = (struct ht_code){0};
    /* This thread never enters it. */
    assert_int_equal(ht_origin_open(origin, &ask, arena, &found), -EXDEV);
    return ht_origin_judge_far(origin, &ask, arena, code);
}

/* Asks for one file after the other until that is no answer any more; how often. */
static int ask_until_tired(struct ht_origin *origin, const struct scene *scene,
                           struct ht_arena *arena, int *ret_code)
{
    struct ht_code code;
    char path[32];
    int asked = 0;

    do {
        snprintf(path, sizeof(path), "/slow%d", asked++);
        *ret_code = judge(origin, scene, path, arena, &code);
    } while (*ret_code == -ENOENT && origin->waited_ns <= origin->patience_ns);
    return asked;
}

/* Each answer comes in time, and all of them together do not; the next pass asks again. On a busy
 * machine one alone may come too late, which proves nothing: it is tried with more patience. */
static void who_is_slow_is_not_waited_for(const struct scene *scene)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    int64_t patience_ns = HT_ORIGIN_PATIENCE_NS;
    int r = -ETIMEDOUT;

    while (r == -ETIMEDOUT && patience_ns <= PATIENT_NS) {
        struct ht_spawner *spawner = ht_spawner_start(NULL);
        struct ht_origin *origin = ht_origin_new("/proc", spawner, NULL);
        struct ht_code code;

        origin->patience_ns = patience_ns;
        int asked = ask_until_tired(origin, scene, arena, &r);
        if (r == -EBUSY) {
            /* Nobody was asked whom the rest could be too short for. */
            assert_in_range((uint64_t)(asked - 2) * SLOW_MS, 0,
                            (uint64_t)(patience_ns / 2 / HT_NS_PER_MS));
            origin->patience_ns = PATIENT_NS;
            ht_origin_pass(origin);
            assert_int_equal(judge(origin, scene, "/absent", arena, &code), -ENOENT);
        }
        ht_origin_free(origin);
        ht_spawner_stop(spawner);
        patience_ns *= 2;
    }
    assert_int_equal(r, -EBUSY);
}

static void a_root_of_fuse_is_looked_at_by_helpers(struct ht_spawner *spawner,
                                                   const struct scene *scene)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autobuf struct ht_buf line = HT_BUF(9);
    struct ht_origin *origin = ht_origin_new("/proc", spawner, NULL);
    struct ht_origin_ask ask = {
        .pid = scene->inside, .container_id = HT_S("c1"), .path = HT_S("/script")};
    struct ht_code code;

    assert_non_null(origin);
    origin->patience_ns = PATIENT_NS;
    assert_int_equal(judge(origin, scene, "/script", arena, &code), 0);
    assert_int_equal(code.origin, HT_CODE_ORIGIN_BLIND);
    assert_true(code.shared);
    assert_int_equal(code.size, strlen(SCRIPT));
    assert_int_equal(code.mode, 0750);
    assert_int_equal(code.uid, 7);
    assert_true(code.changed_at == CHANGED * HT_NS_PER_S);
    assert_true(ht_str_is(code.mount, "fuse.fuse-overlayfs"));
    assert_true(ht_origin_read_far(origin, &ask, 9, &line));
    assert_true(ht_str_is(ht_buf_str(&line), "#!/bin/sh"));
    assert_int_equal(judge(origin, scene, "/absent", arena, &code), -ENOENT);
    assert_int_equal(judge(origin, scene, "/", arena, &code), -ENOENT);

    /* One helper is lost to it, and then the container is left alone. */
    ht_origin_pass(origin);
    origin->patience_ns = HT_ORIGIN_PATIENCE_NS;
    assert_int_equal(ht_helper_given_up(spawner), 0);
    assert_int_equal(judge(origin, scene, "/hangs", arena, &code), -ETIMEDOUT);
    assert_int_equal(judge(origin, scene, "/hangs-too", arena, &code), -ETIMEDOUT);
    assert_int_equal(judge(origin, scene, "/script", arena, &code), -ETIMEDOUT);
    assert_int_equal(ht_helper_given_up(spawner), 1);
    ht_origin_free(origin);

    origin = ht_origin_new("/proc", NULL, NULL);
    assert_non_null(origin);
    assert_int_equal(judge(origin, scene, "/script", arena, &code), -EXDEV);
    ht_origin_free(origin);
}

/* ---- what is mapped, and has no name any more ---- */

/* A table of processes with what that one maps. */
static void write_maps(const char *proc, pid_t pid)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%d", proc, (int)pid);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/%d/maps", proc, (int)pid);
    file = fopen(path, "we");
    assert_non_null(file);
    /* The program, and what was mapped when it lay at its place. */
    assert_true(fprintf(file, "550-551 r-xp 00000000 00:2a 8 /bin/app\n"
                              "552-553 r-xp 00000000 00:2a 9 /bin/app (deleted)\n") > 0);
    for (int i = 0; i < 2; i++)
        assert_true(fprintf(file, "7f0%d-7f0%d r-xp 00000000 00:2a %d /%s (deleted)\n", i, i + 1,
                            i + 2, i ? "script" : "gone") > 0);
    assert_int_equal(fclose(file), 0);
}

static size_t count_deleted(struct ht_drift *drift)
{
    struct ht_node *sample = ht_node_new(1);
    const struct ht_rowset *codes;
    size_t count = 0;

    ht_codes_put(drift->codes, sample);
    codes = ht_node_set(sample, HT_TABLE_CODE);
    for (size_t i = 0; i < codes->len; i++)
        count += ht_code_of(codes->rows[i])->origin == HT_CODE_ORIGIN_DELETED;
    ht_node_unref(sample);
    return count;
}

/* What lies at its place by now excuses a library only where somebody could look. */
static void what_is_gone_is_told(struct ht_spawner *spawner, const struct scene *scene,
                                 size_t wanted)
{
    char proc[] = "/tmp/far-proc.XXXXXX";
    struct ht_drift drift;
    struct ht_drift_process process = {.pid = scene->inside};
    struct ht_drift_looking looking = {.drift = &drift, .process = &process};

    assert_non_null(mkdtemp(proc));
    write_maps(proc, scene->inside);
    assert_int_equal(ht_test_drift_begin(&drift, proc, spawner), 0);
    drift.origin->patience_ns = PATIENT_NS;
    process.home = ht_layers_join(drift.layers, HT_S("c1"), 1, false);
    ht_drift_judge_maps(&looking, HT_S("/bin/app"));
    assert_true(looking.mapped);
    assert_int_equal(count_deleted(&drift), wanted);
    for (size_t i = 0; i < looking.fresh.len; i++)
        ht_codes_end(drift.codes, looking.fresh.items[i], 1);
    ht_vec_fini(&looking.fresh);
    ht_layers_leave(drift.layers, process.home);
    ht_test_drift_end(&drift);
    ht_test_remove_tree(proc);
}

/* ---- what is open, and lies on no mount any more ---- */

static _Noreturn void hold_mute(const struct scene *scene, int ready)
{
    char path[128];
    int fd;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(scene->fuse);
    snprintf(path, sizeof(path), "%s/" MUTE, scene->place);
    fd = unshare(CLONE_NEWNS) < 0 ? -1 : open(path, O_RDONLY);
    if (fd < 0 || dup2(fd, MUTE_FD) < 0 || umount2(scene->place, MNT_DETACH) < 0 ||
        write(ready, "x", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

/* In a process of its own, which may hang until nobody has the server's end: 0, or what is wrong.
 */
static int look_at_mute(const struct scene *scene, pid_t holder)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_origin *origin = ht_origin_new("/proc", NULL, NULL);
    const struct ht_origin_ask ask = {.pid = holder, .container_id = HT_S("c1")};
    struct ht_str path = {0};
    int r;

    close(scene->fuse);
    r = ht_origin_open_descriptor(origin, &ask, MUTE_FD, arena, &path);
    ht_origin_free(origin);
    return !ht_str_is(path, "/" MUTE) ? 2 : r != -EXDEV;
}

/* Whether a process ended well; it is waited for as long as it takes, unless it hangs. */
static bool ends_well(pid_t pid)
{
    int64_t end = ht_clock_mono(ht_clock_system()) + PATIENT_NS;
    int status = -1;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (ht_clock_mono(ht_clock_system()) >= end)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = 10 * HT_NS_PER_MS}, NULL);
    }
    return status == 0;
}

static bool what_only_seems_memory_is_not_asked(const struct scene *scene)
{
    int ready[2];
    char byte;

    assert_int_equal(pipe(ready), 0);
    pid_t holder = fork();
    if (holder == 0)
        hold_mute(scene, ready[1]);
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    pid_t judge = fork();
    if (judge == 0)
        _exit(look_at_mute(scene, holder));
    bool ended = ends_well(judge);
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    return ended;
}

static void far_roots(void **state)
{
    struct ht_spawner *spawner = *state;
    struct scene scene = {.fuse = -1};

    if (!set_scene(&scene)) {
        print_message("fuse: %s\n", strerror(errno));
        skip_without_root("fuse cannot be mounted");
    }
    what_is_gone_is_told(spawner, &scene, 2); /* another file has the place of the third one */
    what_is_gone_is_told(NULL, &scene, 3);
    who_is_slow_is_not_waited_for(&scene);
    bool unasked = what_only_seems_memory_is_not_asked(&scene);
    a_root_of_fuse_is_looked_at_by_helpers(spawner, &scene);
    clear_scene(&scene); /* who hangs is let go */
    assert_true(unasked);
}

static int start(void **state)
{
    *state = ht_spawner_start(NULL);
    return *state ? 0 : -1;
}

static int stop(void **state)
{
    *state = ht_spawner_stop(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(far_roots, start, stop)};

    if (!ht_root_can_confine()) {
        printf("SKIP hostile/test-far-root: openat2: not in this kernel or sandbox\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
