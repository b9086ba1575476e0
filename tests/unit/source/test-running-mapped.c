/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel answers of mappings is what it writes into /proc/PID/maps. */
#include "src/source/running-mapped.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/file.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

enum { PAGE = 4096, LIST_MAX = 1024 * 1024 };

struct ground {
    int proc_fd;
    struct ht_mapped mapped;
    char base[512];
    void *map; /* of a file of the test's own */
};

/* Lines "MAJOR:MINOR INODE PATH" with NUL at their ends. Not read in full: false. */
static bool list(struct ht_mapped *mapped, pid_t pid, struct ht_buf *out)
{
    struct ht_mapping mapping;
    int code = ht_mapped_open(mapped, pid);

    ht_buf_reset(out);
    while (code == 0 && (code = ht_mapped_next(mapped, &mapping)) == 1) {
        ht_buf_addf(out, "%llx:%llx %llu %.*s", (unsigned long long)mapping.major,
                    (unsigned long long)mapping.minor, (unsigned long long)mapping.inode,
                    HT_STR_ARG(mapping.path));
        ht_buf_add_c(out, '\0');
        code = 0;
    }
    ht_mapped_close(mapped);
    return code == 0 && !mapped->is_cut;
}

static int set_up(void **state)
{
    struct ground *ground = ht_new0(struct ground);
    const char *tmp = getenv("TMPDIR");

    ground->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(ground->proc_fd >= 0);
    ground->mapped = (struct ht_mapped)HT_MAPPED(ground->proc_fd);
    snprintf(ground->base, sizeof(ground->base), "%s/mapped-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(ground->base));
    *state = ground;
    return 0;
}

static int tear_down(void **state)
{
    struct ground *ground = *state;

    if (ground->map)
        munmap(ground->map, PAGE);
    ht_mapped_fini(&ground->mapped);
    ht_cleanup_close(&ground->proc_fd);
    free(ground);
    return 0;
}

static void require_asking(struct ground *ground)
{
    struct ht_mapping mapping;

    assert_int_equal(ht_mapped_open(&ground->mapped, getpid()), 0);
    assert_int_equal(ht_mapped_next(&ground->mapped, &mapping), 1);
    ht_mapped_close(&ground->mapped);
    if (ground->mapped.by_text)
        skip(); /* a kernel before 6.11, or a sandbox */
}

/* Maps a file for running it; skips where files below the folder must not be run. */
static void map_file(struct ground *ground, int dirfd, const char *name)
{
    ht_autoclose int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC, 0700);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, PAGE), 0);
    ground->map = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    if (ground->map == MAP_FAILED) {
        ground->map = NULL;
        skip();
    }
}

/* The path, among what this process maps, that begins with the folder; the test ends without. */
static void find_own(struct ground *ground, bool by_text, struct ht_buf *ret_path)
{
    struct ht_mapping mapping;

    ht_buf_reset(ret_path);
    ground->mapped.by_text = by_text;
    assert_int_equal(ht_mapped_open(&ground->mapped, getpid()), 0);
    while (ht_mapped_next(&ground->mapped, &mapping) == 1) {
        if (ht_str_has_prefix(mapping.path, ground->base)) {
            ht_buf_reset(ret_path);
            ht_buf_add_str(ret_path, mapping.path);
        }
    }
    ht_mapped_close(&ground->mapped);
    assert_int_equal(ground->mapped.by_text, by_text);
    assert_true(ret_path->len > 0);
}

struct comparing {
    struct ground *ground;
    struct ht_buf before, asked, after;
    size_t compared;
};

/* What changes meanwhile cannot be compared. */
enum outcome { CHANGES, SAME, DIFFERENT };

static enum outcome compare_once(struct comparing *comparing, pid_t pid)
{
    struct ht_mapped *mapped = &comparing->ground->mapped;
    bool told;

    mapped->by_text = true;
    told = list(mapped, pid, &comparing->before);
    mapped->by_text = false;
    told = list(mapped, pid, &comparing->asked) && told;
    mapped->by_text = true;
    told = list(mapped, pid, &comparing->after) && told;
    if (!told || !ht_str_equal(ht_buf_str(&comparing->before), ht_buf_str(&comparing->after)))
        return CHANGES;
    return ht_str_equal(ht_buf_str(&comparing->before), ht_buf_str(&comparing->asked)) ? SAME
                                                                                       : DIFFERENT;
}

static int compare(void *context, const char *name, unsigned type, uint64_t inode)
{
    enum { TRIES = 10 };
    struct comparing *comparing = context;
    enum outcome outcome = DIFFERENT;
    uint64_t number;

    (void)type;
    (void)inode;
    if (ht_parse_u64(ht_str_from(name), &number) < 0 || number == 0 || number > INT32_MAX)
        return 0;
    /* Something may have been mapped just between the first and the third list. */
    for (int i = 0; i < TRIES && outcome == DIFFERENT; i++)
        outcome = compare_once(comparing, (pid_t)number);
    comparing->compared += outcome != CHANGES;
    if (outcome == DIFFERENT)
        fail_msg("pid %d: not told the same", (int)number);
    return 0;
}

static void asked_and_read_tell_the_same(void **state)
{
    struct ground *ground = *state;
    struct comparing comparing = {.ground = ground,
                                  .before = HT_BUF(LIST_MAX),
                                  .asked = HT_BUF(LIST_MAX),
                                  .after = HT_BUF(LIST_MAX)};
    const struct ht_dir_visitor visitor = {.visit = compare, .context = &comparing};

    require_asking(ground);
    assert_int_equal(ht_list_fd(ground->proc_fd, &visitor, NULL), 0);
    assert_true(comparing.compared > 0); /* this process, for one */
    ht_buf_fini(&comparing.before);
    ht_buf_fini(&comparing.asked);
    ht_buf_fini(&comparing.after);
}

static void names_are_as_on_disk(void **state)
{
    struct ground *ground = *state;
    ht_autobuf struct ht_buf asked = HT_BUF(PATH_MAX), read = HT_BUF(PATH_MAX);
    ht_autoclose int dirfd = open(ground->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    map_file(ground, dirfd, "line\nbreak.so");
    require_asking(ground);
    find_own(ground, true, &read);
    assert_true(ht_str_has_suffix(ht_buf_str(&read), "/line\nbreak.so"));
    find_own(ground, false, &asked);
    assert_true(ht_str_equal(ht_buf_str(&asked), ht_buf_str(&read)));

    assert_int_equal(unlinkat(dirfd, "line\nbreak.so", 0), 0);
    find_own(ground, false, &asked);
    assert_true(ht_str_has_suffix(ht_buf_str(&asked), "/line\nbreak.so (deleted)"));
}

/* Around the room that is given to usual names. */
static void names_of_every_length_are_told_in_full(void **state)
{
    struct ground *ground = *state;
    ht_autobuf struct ht_buf asked = HT_BUF(PATH_MAX), read = HT_BUF(PATH_MAX);
    ht_autoclose int dirfd = open(ground->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char name[256];

    require_asking(ground);
    for (size_t len = 200; len < sizeof(name); len++) {
        memset(name, 'n', len);
        name[len] = '\0';
        map_file(ground, dirfd, name);
        find_own(ground, true, &read);
        assert_true(ht_str_has_suffix(ht_buf_str(&read), name));
        find_own(ground, false, &asked);
        assert_true(ht_str_equal(ht_buf_str(&asked), ht_buf_str(&read)));
        assert_int_equal(munmap(ground->map, PAGE), 0);
        ground->map = NULL;
        assert_int_equal(unlinkat(dirfd, name, 0), 0);
    }
}

/* The kernel answers no path that is longer than PATH_MAX, but writes it. */
static void long_names_are_read(void **state)
{
    struct ground *ground = *state;
    ht_autobuf struct ht_buf path = HT_BUF(LIST_MAX);
    int dirfd = open(ground->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char name[201];

    memset(name, 'd', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    for (int i = 0; i < 25; i++) {
        int below;

        assert_int_equal(mkdirat(dirfd, name, 0700), 0);
        below = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(below >= 0);
        close(dirfd);
        dirfd = below;
    }
    map_file(ground, dirfd, "x.so");
    close(dirfd);
    require_asking(ground);
    find_own(ground, false, &path);
    assert_true(path.len > PATH_MAX);
    assert_true(ht_str_has_suffix(ht_buf_str(&path), "/x.so"));
}

static void what_has_no_memory_is_told(void **state)
{
    struct ground *ground = *state;
    struct ht_mapping mapping;
    pid_t pid = fork();
    siginfo_t ended;

    if (pid == 0)
        _exit(0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT), 0);
    require_asking(ground);
    /* It ended, and nobody took note of it yet. */
    int code = ht_mapped_open(&ground->mapped, pid);
    if (code == 0)
        code = ht_mapped_next(&ground->mapped, &mapping);
    assert_true(code == -ESRCH || code == -EACCES);
    assert_int_equal(waitid(P_PID, (id_t)pid, &ended, WEXITED), 0);
    assert_int_equal(ht_mapped_open(&ground->mapped, pid), -ENOENT);
}

/* ---- memory that can be written and executed ---- */

static uint64_t sum_loose(struct ground *ground, bool by_text)
{
    uint64_t bytes = UINT64_MAX;

    ground->mapped.by_text = by_text;
    assert_int_equal(ht_mapped_open(&ground->mapped, getpid()), 0);
    assert_int_equal(ht_mapped_loose(&ground->mapped, &bytes), 0);
    ht_mapped_close(&ground->mapped);
    return bytes;
}

static void check_loose(struct ground *ground, bool by_text)
{
    enum { PAGES = 3 };
    uint64_t before = sum_loose(ground, by_text);
    char *loose = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (loose == MAP_FAILED)
        skip(); /* a policy of the machine's forbids it */
    assert_true(sum_loose(ground, by_text) == before + (uint64_t)PAGES * PAGE);
    /* What can only be executed is none. */
    assert_int_equal(mprotect(loose, PAGE, PROT_READ | PROT_EXEC), 0);
    assert_true(sum_loose(ground, by_text) == before + (uint64_t)(PAGES - 1) * PAGE);
    munmap(loose, (size_t)PAGES * PAGE);
    assert_true(sum_loose(ground, by_text) == before);
}

static void loose_memory_is_asked_for(void **state)
{
    require_asking(*state);
    check_loose(*state, false);
}

static void loose_memory_is_read(void **state)
{
    check_loose(*state, true);
}

static void only_memory_of_no_file_is_loose(void **state)
{
    struct ht_str text = HT_S("00400000-00401000 rwxp 00000000 fe:00 11   /bin/x\n"
                              "00500000-00502000 rwxp 00000000 00:00 0 \n"
                              "00600000-00601000 rw-p 00000000 00:00 0 \n"
                              "00700000-00701000 r-xp 00000000 00:00 0 \n"
                              "nonsense\n00800000-00700000 rwxp 00000000 00:00 0 \n"
                              "01000000-01001000 rwxp 00000000 00:00 0   [heap]\n"
                              "7ff000000000-7ff000001000 rwxp 00000000 00:00 0   [stack]\n");
    uint64_t bytes = 0;

    (void)state;
    assert_true(ht_maps_next_loose(&text, &bytes));
    assert_int_equal(bytes, 2 * PAGE);
    assert_true(ht_maps_next_loose(&text, &bytes));
    assert_int_equal(bytes, PAGE);
    assert_false(ht_maps_next_loose(&text, &bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(asked_and_read_tell_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_are_as_on_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_of_every_length_are_told_in_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_names_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_has_no_memory_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(loose_memory_is_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(loose_memory_is_read, set_up, tear_down),
        cmocka_unit_test(only_memory_of_no_file_is_loose),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
