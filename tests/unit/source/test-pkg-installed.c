/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Installed packages of apk and of RPM, against what the managers themselves told. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "src/source/pkg-apk.h"
#include "src/source/pkg-owner.h"
#include "src/source/pkg-rpm-copy.h"
#include "src/source/pkg-rpm.h"

/* librpm forgets the handle of a database that it cannot open. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libsqlite3\n";
}

static void open_fixture(const char *name, struct ht_root *root)
{
    const char *source = getenv("HT_SRCDIR");
    char path[4096];

    snprintf(path, sizeof(path), "%s/tests/fixtures/packages/%s", source ? source : ".", name);
    assert_int_equal(ht_root_open(root, path, NULL), 0);
}

/* ---- apk ---- */

static void apk_tells_name_version_origin_and_tag(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_installed_list list;
    struct ht_error err = {0};

    (void)state;
    open_fixture("apk", &root);
    ht_installed_init(&list);
    assert_int_equal(ht_apk_read(&root, &list, &err), 0);
    assert_int_equal(list.len, 4);
    assert_int_equal(list.left_out, 1); /* the one without a version */

    const struct ht_installed *package = ht_installed_find(&list, HT_S("libcrypto3"));
    assert_non_null(package);
    assert_true(ht_str_is(package->version, "3.3.0-r2"));
    assert_true(ht_str_is(package->source, "openssl"));
    assert_true(ht_str_is(package->architecture, "x86_64"));
    assert_true(ht_str_is(ht_installed_find(&list, HT_S("runc"))->origin, "edge"));
    package = ht_installed_find(&list, HT_S("last-without-origin"));
    assert_true(ht_str_is(package->source, "last-without-origin"));
    assert_null(ht_installed_find(&list, HT_S("no-version")));
    ht_installed_fini(&list);
}

static void apk_without_a_database_is_told(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_installed_list list;
    struct ht_error err = {0};

    (void)state;
    open_fixture("rpmdb", &root);
    ht_installed_init(&list);
    assert_int_equal(ht_apk_read(&root, &list, &err), -ENOENT);
    assert_true(err.text[0] != 0);
    ht_installed_fini(&list);
}

static void absurd_fields_are_left_out(void **state)
{
    struct ht_installed_list list;
    struct ht_buf text = HT_BUF(64 * 1024);

    (void)state;
    ht_buf_add_text(&text, "P:");
    ht_buf_add_n(&text, 'x', 5000);
    ht_buf_add_text(&text, "\nV:1-r0\n\nP:good\r\nV:1-r0\r\n\r\n:\n\nP\n\nV:\nP:empty\n");
    ht_installed_init(&list);
    ht_apk_decode(ht_buf_str(&text), &list);
    assert_int_equal(list.len, 1);
    assert_true(ht_str_is(list.items[0].name, "good"));
    assert_int_equal(list.left_out, 2);
    ht_installed_fini(&list);
    ht_buf_fini(&text);
}

/* ---- dpkg ---- */

static void put(const char *folder, const char *name, const char *text)
{
    char path[4096];
    FILE *out;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    for (char *slash = strchr(path + strlen(folder) + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0755);
        *slash = '/';
    }
    out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

/* What dpkg has begun to write counts, as it does to dpkg itself. */
static void dpkgs_journal_counts(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_installed_list list;
    struct ht_error err = {0};
    const char *tmp = getenv("TMPDIR");
    char folder[2048];

    (void)state;
    snprintf(folder, sizeof(folder), "%s/dpkg-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    put(folder, "var/lib/dpkg/status",
        "Package: runc\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.1.5\n");
    put(folder, "var/lib/dpkg/updates/0001",
        "Package: runc\nStatus: install ok unpacked\nArchitecture: amd64\nVersion: 1.1.15\n"
        "Source: runc-app (1.1.15-2)\n");
    assert_int_equal(ht_root_open(&root, folder, &err), 0);
    ht_installed_init(&list);
    assert_int_equal(ht_installed_read(&root, &list, &err), 0);
    assert_string_equal(list.system, "deb");
    assert_int_equal(list.len, 1);
    assert_true(ht_str_is(list.items[0].version, "1.1.15"));
    assert_true(ht_str_is(list.items[0].source, "runc-app"));
    assert_true(ht_str_is(list.items[0].source_version, "1.1.15-2"));
    ht_installed_fini(&list);
}

/* ---- RPM ---- */

/* librpm may leave files beside the database, so it reads a copy. */
static void open_copy(struct ht_root *root)
{
    ht_autoroot struct ht_root fixture = HT_ROOT_NONE;
    ht_autobuf struct ht_buf bytes = HT_BUF(HT_LIMIT_FILE);
    static const char *const folders[] = {"", "/var", "/var/lib", "/var/lib/rpm"};
    const char *tmp = getenv("TMPDIR");
    char path[4096];

    open_fixture("rpmdb", &fixture);
    assert_int_equal(
        ht_root_read(&fixture, "var/lib/rpm/rpmdb.sqlite", &bytes, HT_LIMIT_FILE, NULL), 0);
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        snprintf(path, sizeof(path), "%s/rpm-root%s", tmp ? tmp : "/tmp", folders[i]);
        mkdir(path, 0700);
    }
    snprintf(path, sizeof(path), "%s/rpm-root/var/lib/rpm/rpmdb.sqlite", tmp ? tmp : "/tmp");

    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes.data, 1, bytes.len, out), bytes.len);
    fclose(out);
    snprintf(path, sizeof(path), "%s/rpm-root", tmp ? tmp : "/tmp");
    assert_int_equal(ht_root_open(root, path, NULL), 0);
}

/* The columns of expected.tsv: name, epoch, version, release, architecture, source package. */
static void expect_package(const struct ht_installed_list *list, struct ht_str line)
{
    struct ht_str column[6] = {0};
    struct ht_buf version = HT_BUF(256);
    struct ht_buf source = HT_BUF(256);

    for (size_t i = 0; i < ARRAY_LEN(column); i++)
        assert_true(ht_str_next(&line, '\t', &column[i]));
    if (!ht_str_is(column[1], "0"))
        ht_buf_addf(&version, "%.*s:", HT_STR_ARG(column[1]));
    ht_buf_addf(&version, "%.*s-%.*s", HT_STR_ARG(column[2]), HT_STR_ARG(column[3]));
    for (size_t i = 0; i < list->len; i++) {
        const struct ht_installed *package = &list->items[i];

        if (!ht_str_equal(package->name, column[0]) ||
            !ht_str_equal(package->version, ht_buf_str(&version)))
            continue;
        ht_buf_addf(&source, "%.*s-%.*s.src.rpm", HT_STR_ARG(package->source),
                    HT_STR_ARG(package->source_version));
        assert_true(ht_str_equal(ht_buf_str(&source), column[5]));
        assert_true(ht_str_equal(package->architecture, column[4]));
        ht_buf_fini(&version);
        ht_buf_fini(&source);
        return;
    }
    fail_msg("%.*s is missing", HT_STR_ARG(column[0]));
}

static int read_rpm(const struct ht_root *root, struct ht_installed_list *list,
                    struct ht_error *err)
{
    int code = ht_rpm_open(root, &list->rpm, err);

    if (code == 0)
        code = ht_rpm_read(list->rpm, list, err);
    list->rpm = ht_rpm_close(list->rpm);
    return code;
}

static void rpm_tells_what_rpm_tells(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    ht_autoroot struct ht_root fixture = HT_ROOT_NONE;
    ht_autobuf struct ht_buf truth = HT_BUF(HT_LIMIT_FILE);
    struct ht_installed_list list;
    struct ht_error err = {0};
    size_t lines = 0;

    (void)state;
    open_copy(&root);
    open_fixture("rpmdb", &fixture);
    ht_installed_init(&list);

    int code = read_rpm(&root, &list, &err);
    if (code == -ENOSYS) {
        assert_non_null(strstr(err.text, "librpm"));
        ht_installed_fini(&list);
        skip();
    }
    assert_string_equal(err.text, "");
    assert_int_equal(code, 0);
    assert_int_equal(ht_root_read(&fixture, "expected.tsv", &truth, HT_LIMIT_FILE, NULL), 0);

    struct ht_str rest = ht_buf_str(&truth), line;
    while (ht_str_next(&rest, '\n', &line)) {
        if (line.len) {
            expect_package(&list, line);
            lines++;
        }
    }
    assert_int_equal(list.len, lines);
    assert_int_equal(lines, 7);
    assert_true(ht_installed_find(&list, HT_S("kernel"))->many);
    assert_false(ht_installed_find(&list, HT_S("runc"))->many);
    ht_installed_fini(&list);
}

static void count_text(void *context, struct ht_str text)
{
    *(size_t *)context += text.len;
}

static void rpm_tells_changelogs(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_error err = {0};
    size_t bytes = 0;

    (void)state;
    open_copy(&root);

    struct ht_rpm *rpm = NULL;
    int code = ht_rpm_open(&root, &rpm, &err);
    if (code == -ENOSYS)
        skip();
    assert_int_equal(code, 0);
    assert_int_equal(ht_rpm_changelog(rpm, "runc", count_text, &bytes, &err), 0);
    assert_true(bytes > 0);
    assert_int_equal(ht_rpm_changelog(rpm, "no-such-package", count_text, &bytes, &err), -ENOENT);
    ht_rpm_close(rpm);
}

/* A signal may end the program while it reads: the next run clears up, but takes nothing from one
 * that reads at the same time. */
static void copies_that_were_left_are_removed(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_rpm_copy first = {0}, second = {0};
    struct ht_error err = {0};
    const char *tmp = getenv("TMPDIR");
    ht_autobuf struct ht_buf left = HT_BUF(4096), file = HT_BUF(4096), used = HT_BUF(4096);

    (void)state;
    open_copy(&root);
    assert_int_equal(ht_rpm_copy_make(&root, "var/lib/rpm", &first, &err), 0);
    ht_buf_addf(&used, "%s/rpmdb.sqlite", first.folder);
    ht_buf_addf(&left, "%s/hulltop-rpm-before", tmp ? tmp : "/tmp");
    ht_buf_addf(&file, "%s/rpmdb.sqlite", left.data);
    assert_int_equal(mkdir(left.data, 0700), 0);
    assert_true(close(open(file.data, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) == 0);
    assert_int_equal(ht_rpm_copy_make(&root, "var/lib/rpm", &second, &err), 0);
    assert_int_equal(access(left.data, F_OK), -1);
    assert_int_equal(access(used.data, F_OK), 0);
    ht_rpm_copy_drop(&second);
    ht_rpm_copy_drop(&first);
    assert_int_equal(access(used.data, F_OK), -1);
}

/* Both lists name the file: whose is read first has it, and the other is not needed. */
static void lists_that_are_likely_are_read_first(void **state)
{
    static const char *const one[] = {"nobody", "one", NULL}, *const two[] = {"two:amd64", NULL};
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    struct ht_owned first = {.path = HT_S("/usr/bin/runc"), .likely = one};
    struct ht_owned second = {.path = HT_S("/usr/bin/runc"), .likely = two};
    struct ht_owned many[] = {{.path = HT_S("/usr/bin/runc"), .likely = one},
                              {.path = HT_S("/usr/lib/libz.so.1"), .likely = one},
                              {.path = HT_S("/usr/bin/nobodys")}};
    const char *tmp = getenv("TMPDIR");
    char folder[256];

    (void)state;
    snprintf(folder, sizeof(folder), "%.200s/owner-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    put(folder, "var/lib/dpkg/info/one.list", "/.\n/usr/bin/runc\n");
    put(folder, "var/lib/dpkg/info/two:amd64.list", "/.\n/usr/bin/runc\n");
    put(folder, "var/lib/dpkg/info/zlib1g:amd64.list", "/.\n/lib/libz.so.1\n");
    assert_int_equal(ht_root_open(&root, folder, NULL), 0);

    assert_string_equal(ht_owners_find(&root, NULL, &first, 1, arena), "dpkg");
    assert_true(ht_str_is(first.package, "one"));
    assert_string_equal(ht_owners_find(&root, NULL, &second, 1, arena), "dpkg");
    assert_true(ht_str_is(second.package, "two"));
    assert_string_equal(ht_owners_find(&root, NULL, many, ARRAY_LEN(many), arena), "dpkg");
    assert_true(ht_str_is(many[0].package, "one"));
    assert_true(ht_str_is(many[1].package, "zlib1g"));
    assert_int_equal(many[2].package.len, 0);
}

/* Longer than what is read at once: the path wanted lies over the end of the first piece, and
 * behind a line that is no path. */
static const char *long_list(void)
{
    enum { PIECE = 64 * 1024 };
    static char text[4 * PIECE];
    size_t len = PIECE - 10;

    memset(text, 'x', len);
    text[len - 1] = '\n';
    len += (size_t)snprintf(text + len, 64, "/usr/bin/middle\n");
    memset(text + len, 'y', 2 * PIECE);
    len += 2 * PIECE;
    text[len++] = '\n';
    text[len] = '\0';
    return text;
}

/* Few questions are searched for, many are looked up line by line: the answers are the same. */
static void few_and_many_questions_have_the_same_answers(void **state)
{
    enum { MANY = 30 };
    static const char list[] = "/.\n/usr/lib/x\n/usr/lib/x/runc\n/usr/bin/runc.old\n/bin/runc";
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    struct ht_owned questions[MANY] = {0};
    const char *tmp = getenv("TMPDIR");
    char folder[256];

    (void)state;
    snprintf(folder, sizeof(folder), "%.200s/owner-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    put(folder, "var/lib/dpkg/info/runc.list", list); /* without a last end of line */
    put(folder, "var/lib/dpkg/info/empty.list", "");
    put(folder, "var/lib/dpkg/info/long.list", long_list());
    assert_int_equal(ht_root_open(&root, folder, NULL), 0);
    for (size_t len = 4; len <= MANY; len += MANY - 4) {
        for (size_t i = 0; i < len; i++)
            questions[i] =
                (struct ht_owned){.path = ht_arena_strf(arena, "/usr/lib/nobodys-%zu", i)};
        questions[0].path = HT_S("/usr/bin/runc"); /* recorded as /bin/runc, last */
        questions[1].path = HT_S("/usr/bin/run");
        questions[2].path = HT_S("/usr/lib/x/run");
        questions[3].path = HT_S("/usr/bin/middle"); /* across pieces of a long list */
        assert_string_equal(ht_owners_find(&root, NULL, questions, len, arena), "dpkg");
        assert_true(ht_str_is(questions[0].package, "runc"));
        assert_true(ht_str_is(questions[3].package, "long"));
        for (size_t i = 1; i < len; i++)
            assert_true(i == 3 || questions[i].package.len == 0);
    }
}

/* A new root with one list, in which /usr/bin/runc is of runc; folder has 256 bytes. */
static void begin_owners(char *folder, struct ht_root *root)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(folder, 256, "%.200s/owner-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    put(folder, "var/lib/dpkg/info/runc.list", "/.\n/usr/bin/runc\n/lib/x\n");
    assert_int_equal(ht_root_open(root, folder, NULL), 0);
}

static const char *ask_owner(const struct ht_root *root, const char *path, const char *expected)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    struct ht_owned question = {.path = ht_str_from(path)};
    const char *records = ht_owners_find(root, NULL, &question, 1, arena);

    assert_true(ht_str_is(question.package, expected));
    return records;
}

/* Each list names all of them: that of the package that is called as the file has it, wherever it
 * lies in the folder. */
static void the_list_that_a_file_resembles_is_read_first(void **state)
{
    static const char list[] = "/.\n/usr/sbin/nginx\n/usr/sbin/haproxy\n/usr/lib/libssl.so.3\n";
    static const char *const cases[][2] = {{"/usr/sbin/nginx", "nginx"},
                                           {"/usr/sbin/haproxy", "haproxy"},
                                           {"/usr/lib/libssl.so.3", "libssl3"}};
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    char folder[256];

    (void)state;
    begin_owners(folder, &root);
    put(folder, "var/lib/dpkg/info/nginx.list", list);
    put(folder, "var/lib/dpkg/info/libssl3:amd64.list", list);
    put(folder, "var/lib/dpkg/info/haproxy.list", list);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(ask_owner(&root, cases[i][0], cases[i][1]), "dpkg");
}

static void equal_questions_have_the_same_answer(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    struct ht_owned questions[] = {{.path = HT_S("/bin/runc")},   {.path = HT_S("/usr/bin/runc")},
                                   {.path = HT_S("/usr/lib/x")},  {.path = HT_S("/lib/x")},
                                   {.path = HT_S("/usr/lib/x")},  {.path = HT_S("/usr/lib/none")},
                                   {.path = HT_S("/usr/share/x")}};
    char folder[256];

    (void)state;
    begin_owners(folder, &root);
    assert_string_equal(ht_owners_find(&root, NULL, questions, ARRAY_LEN(questions), arena),
                        "dpkg");
    for (size_t i = 0; i < ARRAY_LEN(questions); i++)
        assert_true(ht_str_is(questions[i].package, i < 5 ? "runc" : ""));
}

/* Whether it was read since the year 1970, in which nobody did. */
static bool was_read(const char *folder)
{
    struct stat facts;
    char path[300];

    snprintf(path, sizeof(path), "%s/var/lib/dpkg/info/runc.list", folder);
    assert_int_equal(stat(path, &facts), 0);
    return facts.st_atim.tv_sec > 1;
}

/* Whether who may not leave that out is answered all the same. */
static bool is_told_to_others(const char *folder, const struct ht_root *root)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    struct ht_owned question = {.path = HT_S("/usr/bin/runc")};
    int status = 0;
    pid_t pid;

    assert_int_equal(chmod(folder, 0755), 0);
    pid = fork();
    if (pid == 0)
        _exit(seteuid(65534) != 0 || !ht_owners_find(root, NULL, &question, 1, arena) ||
              !ht_str_is(question.package, "runc"));
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void asking_leaves_no_trace_on_lists(void **state)
{
    static const struct timespec times[] = {{.tv_sec = 1}, {.tv_nsec = UTIME_OMIT}};
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    char folder[256], path[300];

    (void)state;
    begin_owners(folder, &root);
    snprintf(path, sizeof(path), "%s/var/lib/dpkg/info/runc.list", folder);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_string_equal(ask_owner(&root, "/usr/bin/runc", "runc"), "dpkg");
    assert_false(was_read(folder));
    /* As the host's own are opened. */
    root.kind = HT_ROOT_HOST;
    assert_string_equal(ask_owner(&root, "/usr/bin/runc", "runc"), "dpkg");
    assert_false(was_read(folder));
    if (geteuid() == 0)
        assert_true(is_told_to_others(folder, &root));
}

/* Nobody's file is told only if every list was read. */
static void a_list_that_cannot_be_read_may_own_the_rest(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    char folder[256], path[300];

    (void)state;
    begin_owners(folder, &root);
    assert_string_equal(ask_owner(&root, "/usr/bin/nobodys", ""), "dpkg");

    /* Longer than any list is. */
    put(folder, "var/lib/dpkg/info/long.list", "/.\n");
    snprintf(path, sizeof(path), "%s/var/lib/dpkg/info/long.list", folder);
    assert_int_equal(truncate(path, HT_LIMIT_FILE + 1), 0);
    assert_null(ask_owner(&root, "/usr/bin/nobodys", ""));
    (void)ask_owner(&root, "/bin/runc", "runc");
    assert_int_equal(unlink(path), 0);

    assert_int_equal(mkfifo(path, 0600), 0);
    assert_null(ask_owner(&root, "/usr/bin/nobodys", ""));
    assert_int_equal(unlink(path), 0);

    put(folder, "elsewhere", "/usr/bin/mine\n");
    assert_int_equal(symlink("../../../../elsewhere", path), 0);
    assert_null(ask_owner(&root, "/usr/bin/mine", ""));
    assert_int_equal(unlink(path), 0);
    assert_string_equal(ask_owner(&root, "/usr/bin/nobodys", ""), "dpkg");
}

/* Each is short enough; all together are not. */
static void lists_of_a_container_are_read_within_limits(void **state)
{
    enum { LISTS = HT_LIMIT_BODY / HT_LIMIT_FILE };
    ht_autoroot struct ht_root root = HT_ROOT_NONE, inside = HT_ROOT_NONE;
    char folder[256], name[64], path[400];
    int fd;

    (void)state;
    if (!ht_root_can_confine())
        skip();
    begin_owners(folder, &root);
    fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(ht_root_from_fd(&inside, fd, "container", NULL), 0);
    assert_string_equal(ask_owner(&inside, "/usr/bin/nobodys", ""), "dpkg");
    for (int i = 0; i < LISTS; i++) {
        snprintf(name, sizeof(name), "var/lib/dpkg/info/long%d.list", i);
        put(folder, name, "/.\n");
        snprintf(path, sizeof(path), "%s/%s", folder, name);
        assert_int_equal(truncate(path, HT_LIMIT_FILE), 0);
    }
    assert_null(ask_owner(&inside, "/usr/bin/nobodys", ""));
}

/* One arena has the answers about all files of a process. */
static void names_of_lists_are_kept_no_longer_than_they_are_read(void **state)
{
    enum { LISTS = 500, KEPT_MAX = 4096 };
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_owned question = {.path = HT_STR("/usr/bin/nobodys")};
    char folder[256], name[64];

    (void)state;
    begin_owners(folder, &root);
    for (int i = 0; i < LISTS; i++) {
        snprintf(name, sizeof(name), "var/lib/dpkg/info/nobody%d.list", i);
        put(folder, name, "/.\n");
    }
    assert_string_equal(ht_owners_find(&root, NULL, &question, 1, arena), "dpkg");
    if (ht_arena_used(arena) > KEPT_MAX)
        fail_msg("%zu bytes", ht_arena_used(arena));
}

/* Sources read it from threads of their own. */
static void *read_often(void *context)
{
    size_t *found = context;

    for (int i = 0; i < 5; i++) {
        ht_autoroot struct ht_root root = HT_ROOT_NONE;
        struct ht_installed_list list;
        struct ht_owned question = {.path = HT_S("/usr/bin/runc")};
        ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);

        open_fixture("rpmdb", &root);
        ht_installed_init(&list);
        (void)ht_installed_read(&root, &list, NULL);
        *found += list.len;
        (void)ht_owners_find(&root, list.rpm, &question, 1, arena);
        *found += question.package.len > 0;
        ht_installed_fini(&list);
    }
    return NULL;
}

static void threads_take_turns_at_librpm(void **state)
{
    enum { THREADS = 3 };
    pthread_t threads[THREADS];
    size_t found[THREADS] = {0};

    (void)state;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_often, &found[i]), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 1; i < THREADS; i++)
        assert_int_equal(found[i], found[0]);
}

static void a_broken_database_of_rpm_is_told(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_installed_list list;
    struct ht_error err = {0};
    const char *tmp = getenv("TMPDIR");
    char path[4096];

    (void)state;
    open_copy(&root);
    snprintf(path, sizeof(path), "%s/rpm-root/var/lib/rpm/rpmdb.sqlite", tmp ? tmp : "/tmp");

    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs("this is no database, whatever its name says", out);
    fclose(out);
    ht_installed_init(&list);
    assert_true(read_rpm(&root, &list, &err) < 0);
    assert_true(err.text[0] != 0);
    assert_int_equal(list.len, 0);
    ht_installed_fini(&list);
}

static int count_file(void *context, const char *name, unsigned type, uint64_t inode)
{
    size_t *count = context;

    (void)name;
    (void)type;
    (void)inode;
    (*count)++;
    return 0;
}

static size_t count_files(const char *path)
{
    size_t count = 0;
    const struct ht_dir_visitor visitor = {.visit = count_file, .context = &count};
    ht_autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(ht_list_fd(fd, &visitor, NULL), 0);
    return count;
}

/* RPM itself writes locks and journals beside a database that it reads. */
static void nothing_is_written_to_read_rpms_database(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_installed_list list;
    struct stat before, after;
    const char *tmp = getenv("TMPDIR");
    char path[4096];
    size_t files;

    (void)state;
    open_copy(&root);
    files = count_files(tmp ? tmp : "/tmp");
    assert_int_equal(ht_root_stat(&root, "var/lib/rpm/rpmdb.sqlite", &before, NULL), 0);
    ht_installed_init(&list);
    (void)read_rpm(&root, &list, NULL);
    ht_installed_fini(&list);
    snprintf(path, sizeof(path), "%s/rpm-root/var/lib/rpm", tmp ? tmp : "/tmp");
    assert_int_equal(count_files(path), 1);
    assert_int_equal(ht_root_stat(&root, "var/lib/rpm/rpmdb.sqlite", &after, NULL), 0);
    assert_int_equal(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    if (tmp) /* nobody else's: the private copy is gone too */
        assert_int_equal(count_files(tmp), files);
}

/* A link of a root leads into that root, wherever it points. */
static void rpms_database_is_not_looked_for_outside(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_installed_list list;
    struct ht_error err = {0};
    const char *tmp = getenv("TMPDIR");
    char path[4096], outside[4096];

    (void)state;
    open_copy(&root);
    snprintf(path, sizeof(path), "%s/rpm-root/var/lib/rpm", tmp ? tmp : "/tmp");
    snprintf(outside, sizeof(outside), "%s/rpm-outside-%d", tmp ? tmp : "/tmp", (int)getpid());
    assert_int_equal(rename(path, outside), 0);
    assert_int_equal(symlink(outside, path), 0);
    assert_null(ht_rpm_path(&root));
    ht_installed_init(&list);
    assert_true(read_rpm(&root, &list, &err) < 0);
    assert_int_equal(list.len, 0);
    assert_int_equal(unlink(path), 0);

    /* The same with the file alone. */
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/rpm-root/var/lib/rpm/rpmdb.sqlite", tmp ? tmp : "/tmp");
    snprintf(outside, sizeof(outside), "../../../../rpm-outside-%d/rpmdb.sqlite", (int)getpid());
    assert_int_equal(symlink(outside, path), 0);
    assert_null(ht_rpm_path(&root));
    assert_true(read_rpm(&root, &list, &err) < 0);
    assert_int_equal(list.len, 0);
    ht_installed_fini(&list);
    assert_int_equal(unlink(path), 0);
}

static void names_of_source_packages_are_split(void **state)
{
    struct ht_str name, version;

    (void)state;
    assert_true(ht_rpm_split_source(HT_S("git-pre-2.43.0^git5-1.el9.src.rpm"), &name, &version));
    assert_true(ht_str_is(name, "git-pre"));
    assert_true(ht_str_is(version, "2.43.0^git5-1.el9"));
    assert_false(ht_rpm_split_source(HT_S("1.0-1.src.rpm"), &name, &version));
    assert_false(ht_rpm_split_source(HT_S("-1-1.src.rpm"), &name, &version));
    assert_false(ht_rpm_split_source(HT_S("(none)"), &name, &version));
    assert_false(ht_rpm_split_source(HT_S(""), &name, &version));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apk_tells_name_version_origin_and_tag),
        cmocka_unit_test(apk_without_a_database_is_told),
        cmocka_unit_test(absurd_fields_are_left_out),
        cmocka_unit_test(dpkgs_journal_counts),
        cmocka_unit_test(rpm_tells_what_rpm_tells),
        cmocka_unit_test(rpm_tells_changelogs),
        cmocka_unit_test(copies_that_were_left_are_removed),
        cmocka_unit_test(lists_that_are_likely_are_read_first),
        cmocka_unit_test(the_list_that_a_file_resembles_is_read_first),
        cmocka_unit_test(few_and_many_questions_have_the_same_answers),
        cmocka_unit_test(equal_questions_have_the_same_answer),
        cmocka_unit_test(asking_leaves_no_trace_on_lists),
        cmocka_unit_test(a_list_that_cannot_be_read_may_own_the_rest),
        cmocka_unit_test(lists_of_a_container_are_read_within_limits),
        cmocka_unit_test(names_of_lists_are_kept_no_longer_than_they_are_read),
        cmocka_unit_test(threads_take_turns_at_librpm),
        cmocka_unit_test(a_broken_database_of_rpm_is_told),
        cmocka_unit_test(nothing_is_written_to_read_rpms_database),
        cmocka_unit_test(rpms_database_is_not_looked_for_outside),
        cmocka_unit_test(names_of_source_packages_are_split),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
