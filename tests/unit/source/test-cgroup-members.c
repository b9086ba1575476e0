/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lists of groups tell of processes, against what each process's own file says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup-members.h"
#include "proc-decode.h"
#include "proc-node.h"
#include "tests/unit/skip.h"
#include "tests/unit/tree.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/root.h"

enum { CHILDREN = HT_CGROUP_MEMBERS_RUN + 16, MANY = 1000000 };

struct scene {
    int proc_fd;
    struct ht_cgroup_members *members;
    struct ht_buf file;
    pid_t children[CHILDREN];
};

static int compare(const void *a, const void *b)
{
    return *(const pid_t *)a - *(const pid_t *)b;
}

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    if (!scene)
        return -1;
    scene->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    scene->members = ht_cgroup_members_new();
    ht_buf_init(&scene->file, HT_LIMIT_PROC_FILE);
    for (size_t i = 0; i < CHILDREN; i++) {
        scene->children[i] = fork();
        if (scene->children[i] == 0) {
            for (;;)
                pause();
        }
    }
    qsort(scene->children, CHILDREN, sizeof(pid_t), compare);
    *state = scene;
    return scene->proc_fd < 0 || scene->children[0] < 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    for (size_t i = 0; i < CHILDREN; i++) {
        kill(scene->children[i], SIGKILL);
        waitpid(scene->children[i], NULL, 0);
    }
    ht_cgroup_members_free(scene->members);
    ht_buf_fini(&scene->file);
    close(scene->proc_fd);
    free(scene);
    return 0;
}

static struct ht_str own_file(struct scene *scene, pid_t pid)
{
    char name[HT_PROC_NAME_MAX];

    assert_int_equal(ht_read_piece_at(scene->proc_fd, ht_proc_name(name, pid, "cgroup"),
                                      &scene->file, HT_LIMIT_PROC_FILE, NULL),
                     0);
    return ht_buf_str(&scene->file);
}

/* Whether this process may read the list of each of its own groups, where they usually are. */
static bool has_lists(struct scene *scene)
{
    struct ht_str text = own_file(scene, getpid()), line, controllers, group;

    while (ht_str_next(&text, '\n', &line) && line.len) {
        char path[4096];

        assert_true(ht_cgroup_split_line(line, &controllers, &group));
        bool unified = access("/sys/fs/cgroup/unified", F_OK) == 0;
        struct ht_str name = ht_str_has_prefix(controllers, "name=")
                                 ? ht_str_sub(controllers, strlen("name="), controllers.len)
                                 : controllers;
        snprintf(path, sizeof(path), "/sys/fs/cgroup/%.*s%s/%.*s/%s", (int)name.len, name.data,
                 controllers.len == 0 && unified ? "unified" : "", (int)group.len, group.data,
                 controllers.len ? "tasks" : "cgroup.threads");
        if (access(path, R_OK) < 0) {
            print_message("%s cannot be read\n", path);
            return false;
        }
    }
    return true;
}

/* One group more in a hierarchy: it is not everybody who is in its first. The caller removes it.
 * False: that may not be made. */
static bool divide(char *folder, size_t size)
{
    const char *at =
        access("/sys/fs/cgroup/pids", F_OK) == 0 ? "/sys/fs/cgroup/pids" : "/sys/fs/cgroup";

    snprintf(folder, size, "%s/hulltop-test-%d", at, (int)getpid());
    return mkdir(folder, 0700) == 0;
}

/* The line of that hierarchy in a process's file. */
static struct ht_str divided_line(struct ht_str text)
{
    struct ht_str line, controllers, group;

    while (ht_str_next(&text, '\n', &line)) {
        if (ht_cgroup_split_line(line, &controllers, &group) &&
            (controllers.len == 0 || ht_str_is(controllers, "pids")))
            break;
    }
    return line;
}

/* Looks at all children as a source does; how many were told by lists, each as by its file. */
static size_t look(struct scene *scene, int64_t started_ns)
{
    size_t told = 0;

    for (size_t i = 0; i < CHILDREN; i++) {
        pid_t pid = scene->children[i];
        struct ht_str text = ht_cgroup_members_find(scene->members, pid, started_ns);
        struct ht_str own = own_file(scene, pid);

        if (text.len == 0) {
            ht_cgroup_members_met(scene->members, pid, own);
            continue;
        }
        assert_true(ht_str_equal(text, own));
        told++;
    }
    return told;
}

/* A look at so many processes begins, in which each child's file says that. */
static void meet_all(struct scene *scene, size_t processes, struct ht_str text)
{
    ht_cgroup_members_begin(scene->members, scene->proc_fd, processes);
    for (size_t i = 0; i < CHILDREN; i++)
        ht_cgroup_members_met(scene->members, scene->children[i], text);
}

static void lists_tell_the_rest_of_a_run(void **state)
{
    struct scene *scene = *state;

    if (!has_lists(scene))
        skip_without("cgroup-lists", "no right to lists of groups");
    ht_cgroup_members_begin(scene->members, scene->proc_fd, MANY);
    assert_int_equal(look(scene, 1), CHILDREN - HT_CGROUP_MEMBERS_RUN);
    /* The whole look has them, and no other has. */
    assert_int_equal(look(scene, 1), CHILDREN);
    ht_cgroup_members_end(scene->members);
    assert_int_equal(look(scene, 1), 0);
    ht_cgroup_members_begin(scene->members, scene->proc_fd, MANY);
    assert_int_equal(look(scene, 1), CHILDREN - HT_CGROUP_MEMBERS_RUN);
}

static void who_started_later_is_asked_itself(void **state)
{
    struct scene *scene = *state;

    ht_cgroup_members_begin(scene->members, scene->proc_fd, MANY);
    look(scene, 1);
    assert_int_equal(look(scene, ht_proc_since_boot()), 0);
    assert_int_equal(look(scene, INT64_MAX), 0);
}

/* A process that is nobody's, and groups that are not theirs. */
static void lists_that_lack_the_process_count_for_nobody(void **state)
{
    struct scene *scene = *state;
    struct ht_str own = own_file(scene, scene->children[0]);
    char folder[128];

    if (!divide(folder, sizeof(folder)))
        skip_without("cgroup-write", "no right to make a group");
    ht_cgroup_members_begin(scene->members, scene->proc_fd, MANY);
    for (size_t i = 0; i < CHILDREN; i++)
        ht_cgroup_members_met(scene->members, INT32_MAX, own);
    rmdir(folder);
    for (size_t i = 0; i < CHILDREN; i++)
        assert_int_equal(ht_cgroup_members_find(scene->members, scene->children[i], 1).len, 0);
}

static void what_names_no_list_is_passed_over(void **state)
{
    static const char *const texts[] = {
        "0::/no-such-group\n",
        "0::/../other\n",
        "0::/../../etc\n",
        "1:no-such-controller:/\n",
        "name=systemd:/\n",
        "garbage",
        "\n",
        "",
    };
    struct scene *scene = *state;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        meet_all(scene, MANY, ht_str_from(texts[i]));
        for (size_t j = 0; j < CHILDREN; j++)
            assert_int_equal(ht_cgroup_members_find(scene->members, scene->children[j], 1).len, 0);
    }
}

/* One hierarchy's list does not tell what a file with a second line says. */
static void every_line_has_its_list(void **state)
{
    struct scene *scene = *state;
    struct ht_buf text = HT_BUF(HT_LIMIT_PROC_FILE);

    ht_buf_add_str(&text, own_file(scene, scene->children[0]));
    ht_buf_add_text(&text, "77:no-such-controller:/\n");
    meet_all(scene, MANY, ht_buf_str(&text));
    for (size_t i = 0; i < CHILDREN; i++)
        assert_int_equal(ht_cgroup_members_find(scene->members, scene->children[i], 1).len, 0);
    ht_buf_fini(&text);
}

/* Whether nobody is told that is not everybody: by what the kernel tells of the hierarchy's folder
 * and of our own namespace. */
static bool is_undivided(const char *folder)
{
    char at[128], link[64] = "";
    struct stat about;

    snprintf(at, sizeof(at), "%.*s", (int)(strrchr(folder, '/') - folder), folder);
    return stat(at, &about) == 0 && about.st_nlink == 2 &&
           readlink("/proc/self/ns/cgroup", link, sizeof(link) - 1) > 0 &&
           strcmp(link, "cgroup:[4026531835]") == 0;
}

/* Of a hierarchy without groups no list is read, however few lines may be; of any other one is. */
static void everybody_is_in_the_only_group(void **state)
{
    struct scene *scene = *state;
    struct ht_buf text = HT_BUF(HT_LIMIT_PROC_FILE);
    char folder[128];

    if (!has_lists(scene))
        skip_without("cgroup-lists", "no right to lists of groups");
    if (!divide(folder, sizeof(folder)))
        skip_without("cgroup-write", "no right to make a group");
    ht_buf_add_str(&text, divided_line(own_file(scene, scene->children[0])));
    ht_buf_add_c(&text, '\n');
    for (int divided = 1; divided >= 0; divided--) {
        if (!divided)
            rmdir(folder);
        meet_all(scene, 1, ht_buf_str(&text));
        assert_int_equal(ht_cgroup_members_find(scene->members, scene->children[0], 1).len,
                         !divided && ht_str_has_suffix(ht_buf_str(&text), ":/\n") &&
                                 is_undivided(folder)
                             ? text.len
                             : 0);
    }
    ht_buf_fini(&text);
}

static void lists_are_read_only_where_they_are_cheaper(void **state)
{
    struct scene *scene = *state;

    ht_cgroup_members_begin(scene->members, scene->proc_fd, 0);
    look(scene, 1);
    assert_int_equal(look(scene, 1), 0);
}

/* Of one group, in which there are more than may be read for so few processes. */
static void a_list_that_is_too_long_is_not_read(void **state)
{
    static const size_t processes[] = {1, MANY};
    struct scene *scene = *state;
    struct ht_buf text = HT_BUF(HT_LIMIT_PROC_FILE);
    char folder[128];

    if (!has_lists(scene))
        skip_without("cgroup-lists", "no right to lists of groups");
    if (!divide(folder, sizeof(folder)))
        skip_without("cgroup-write", "no right to make a group");
    ht_buf_add_str(&text, divided_line(own_file(scene, scene->children[0])));
    ht_buf_add_c(&text, '\n');
    for (size_t i = 0; i < 2; i++) {
        meet_all(scene, processes[i], ht_buf_str(&text));
        assert_int_equal(ht_cgroup_members_find(scene->members, scene->children[0], 1).len,
                         i == 0 ? 0 : text.len);
    }
    rmdir(folder);
    ht_buf_fini(&text);
}

/* A process table in which this process has that number, and those mounts. */
static int open_table(char *folder, size_t size, pid_t self, const char *mountinfo)
{
    char path[128], number[16];

    assert_int_equal(ht_test_make_tree(folder, size), 0);
    snprintf(number, sizeof(number), "%d", (int)self);
    snprintf(path, sizeof(path), "%s/self", folder);
    assert_int_equal(symlink(number, path), 0);
    snprintf(path, sizeof(path), "%s/%d", folder, (int)self);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/%d/mountinfo", folder, (int)self);
    ht_test_write_file(path, mountinfo);
    return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The table of another namespace has other numbers. */
static void another_process_table_has_no_lists(void **state)
{
    struct scene *scene = *state;
    struct ht_buf mountinfo = HT_BUF(HT_LIMIT_MOUNTINFO);
    const pid_t selves[] = {getpid() == 1 ? 2 : 1, getpid()};
    char folder[64];

    assert_int_equal(
        ht_read_at(scene->proc_fd, "self/mountinfo", &mountinfo, HT_LIMIT_MOUNTINFO, NULL), 0);
    for (size_t i = 0; i < 2; i++) {
        int fd = open_table(folder, sizeof(folder), selves[i], mountinfo.data);

        assert_true(fd >= 0);
        ht_cgroup_members_begin(scene->members, fd, MANY);
        look(scene, 1);
        assert_int_equal(look(scene, 1), i == 1 && has_lists(scene) ? CHILDREN : 0);
        close(fd);
        ht_test_remove_tree(folder);
    }
    ht_buf_fini(&mountinfo);
}

/* What is mounted where a hierarchy should be, and is none. */
static void a_plain_file_is_no_list(void **state)
{
    struct scene *scene = *state;
    char folder[64], path[128], text[1024] = "";

    int fd = open_table(folder, sizeof(folder), getpid(), "");
    assert_true(fd >= 0);
    for (size_t i = 0; i < CHILDREN; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%d\n", (int)scene->children[i]);
    snprintf(path, sizeof(path), "%s/cgroup.threads", folder);
    ht_test_write_file(path, text);
    snprintf(path, sizeof(path), "%s/%d/mountinfo", folder, (int)getpid());
    snprintf(text, sizeof(text), "30 1 0:26 / %s rw - cgroup2 cgroup2 rw\n", folder);
    ht_test_write_file(path, text);

    ht_cgroup_members_begin(scene->members, fd, MANY);
    for (size_t i = 0; i < CHILDREN; i++)
        ht_cgroup_members_met(scene->members, scene->children[i], HT_S("0::/\n"));
    for (size_t i = 0; i < CHILDREN; i++)
        assert_int_equal(ht_cgroup_members_find(scene->members, scene->children[i], 1).len, 0);
    close(fd);
    ht_test_remove_tree(folder);
}

static bool write_pid(const char *folder, pid_t pid)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
    FILE *file = fopen(path, "we");
    if (!file)
        return false;
    fprintf(file, "%d\n", (int)pid);
    return fclose(file) == 0;
}

/* One of them goes elsewhere, in one hierarchy alone. */
static void who_moved_is_asked_itself(void **state)
{
    struct scene *scene = *state;
    char folder[128];
    pid_t moved = scene->children[CHILDREN - 1];

    if (!has_lists(scene))
        skip_without("cgroup-lists", "no right to lists of groups");
    if (!divide(folder, sizeof(folder)))
        skip_without("cgroup-write", "no right to make a group");
    bool went = write_pid(folder, moved);
    ht_cgroup_members_begin(scene->members, scene->proc_fd, MANY);
    size_t told = look(scene, 1);
    struct ht_str text = ht_cgroup_members_find(scene->members, moved, 1);
    kill(moved, SIGKILL);
    waitpid(moved, NULL, 0);
    rmdir(folder);
    if (!went)
        skip_without_root("no right to put a process into a group");
    assert_int_equal(told, CHILDREN - HT_CGROUP_MEMBERS_RUN - 1);
    assert_int_equal(text.len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lists_tell_the_rest_of_a_run),
        TEST(who_started_later_is_asked_itself),
        TEST(lists_that_lack_the_process_count_for_nobody),
        TEST(what_names_no_list_is_passed_over),
        TEST(every_line_has_its_list),
        TEST(everybody_is_in_the_only_group),
        TEST(lists_are_read_only_where_they_are_cheaper),
        TEST(a_list_that_is_too_long_is_not_read),
        TEST(another_process_table_has_no_lists),
        TEST(a_plain_file_is_no_list),
        TEST(who_moved_is_asked_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
