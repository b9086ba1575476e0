/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hulltop/base/mem.h"
#include "hulltop/model/state.h"
#include "src/ui/view.h"
#include "tests/unit/base/builtin-trees.h"

#define GOOD                                                                                       \
    "id: mine\nquestion: 3\ntitle: Mine\nrows: finding\ngroup: subject\n"                          \
    "filter: question=3\nsort: [severity:desc, since]\nopen: finding\ncolumns:\n"                  \
    "  - { head: SEV, field: severity, width: 7 }\n"                                               \
    "  - { head: WHO, field: subject.container, width: rest, min: 9, drop: 2, label: L }\n"        \
    "help: What it is.\n"

static int parse(const char *text, struct ht_view **ret_view, struct ht_error *err,
                 struct ht_arena *arena)
{
    return ht_view_parse(arena, "views/x.yaml", ht_str_from(text), ret_view, err);
}

static void a_view_is_what_its_file_says(void **unused)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(1000000);
    struct ht_view *view = NULL;
    struct ht_error err = {0};

    (void)unused;
    assert_int_equal(parse(GOOD, &view, &err, arena), 0);
    assert_true(ht_str_is(view->id, "mine"));
    assert_int_equal(view->question, 3);
    assert_ptr_equal(view->table, &ht_finding_table);
    assert_true(view->grouped);
    assert_non_null(view->filter);
    assert_int_equal(view->sort_len, 2);
    assert_true(view->sort[0].descending);
    assert_false(view->sort[1].descending);
    assert_int_equal(view->open, HT_VIEW_OPEN_FINDING);
    assert_int_equal(view->columns_len, 2);
    assert_int_equal(view->columns[0].layout.width, 7);
    assert_int_equal(view->columns[1].layout.width, HT_COLUMN_REST);
    assert_int_equal(view->columns[1].layout.drop, 2);
    assert_true(ht_str_is(view->columns[1].label, "L"));
    ht_view_fini(view);
}

static const struct {
    const char *text;
    const char *message;
} wrong[] = {
    {"id: a\ntitle: b\nrows: finding\ncolumns:\n  - { head: X, field: contaner, width: 3 }\n",
     "views/x.yaml:5: no field contaner in finding"},
    {"id: a\ntitle: b\nrows: finding\ncolumns:\n  - { head: X, field: titel, width: 3 }\n",
     "views/x.yaml:5: no field titel in finding (did you mean title?)"},
    {"id: a\ntitle: b\nrows: findng\ncolumns: []\n",
     "views/x.yaml:3: no rows findng (did you mean finding?)"},
    {"id: a\ntitle: b\nrows: finding\nfiltre: x\ncolumns: []\n",
     "views/x.yaml:4: no key filtre (did you mean filter?)"},
    {"id: a\nrows: finding\n", "views/x.yaml:1: title is missing"},
    {"id: a\ntitle: b\nrows: finding\n", "views/x.yaml:1: columns is missing"},
    {"id: a\ntitle: b\nrows: finding\ncolumns: []\n", "views/x.yaml:4: expected a list of columns"},
    {"id: a\ntitle: b\nrows: finding\nquestion: 7\ncolumns: []\n",
     "views/x.yaml:4: expected a number up to 6"},
    {"id: a\ntitle: b\nrows: finding\nsort: [severity:up]\ncolumns: []\n",
     "views/x.yaml:4: a sort field ends in :asc or :desc"},
    {"id: a\ntitle: b\nrows: finding\nopen: shell\ncolumns: []\n", "views/x.yaml:4: no open shell"},
    {"id: a\ntitle: b\nrows: finding\ncolumns:\n  - { head: X, field: title }\n",
     "views/x.yaml:5: a column needs head, field and width"},
    {"id: a\ntitle: b\nrows: finding\ncolumns:\n  - { head: X, run: title, width: 3 }\n",
     "views/x.yaml:5: no key of a column run"},
    {"id: a\ntitle: b\nrows: finding\ncolumns:\n  - { head: X, field: title, width: 900 }\n",
     "views/x.yaml:5: expected a number up to 200"},
    {"id: a\ntitle: b\nrows: finding\nfilter: \"titel=x\"\ncolumns: []\n", "views/x.yaml:4: "},
    {"[a, b]", "views/x.yaml:1: expected keys"},
};

static void a_wrong_view_is_told_with_its_line(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        ht_autoarena struct ht_arena *arena = ht_arena_new(1000000);
        struct ht_view *view = NULL;
        struct ht_error err = {0};

        if (parse(wrong[i].text, &view, &err, arena) == 0)
            fail_msg("%zu was accepted", i);
        if (strncmp(err.text, wrong[i].message, strlen(wrong[i].message)) != 0)
            fail_msg("%zu: \"%s\" instead of \"%s\"", i, err.text, wrong[i].message);
        assert_null(view);
    }
}

static void every_question_has_a_view(void **unused)
{
    const struct ht_view *first = NULL;
    struct ht_views *views = NULL;
    struct ht_error err = {0};

    (void)unused;
    if (ht_views_load(NULL, &views, &err) < 0)
        fail_msg("%s", err.text);
    for (unsigned number = 1; number <= HT_QUESTIONS; number++) {
        const struct ht_view *view = ht_views_question(views, number);

        assert_non_null(view);
        assert_true(ht_str_is(view->id, ht_question_name(number)));
    }
    assert_non_null(ht_views_find(views, HT_S("everything")));
    assert_null(ht_views_find(views, HT_S("everythin")));
    assert_true(ht_views_find_first(views, "everythin", &first, &err) < 0);
    assert_string_equal(err.text, "no pane or view everythin (did you mean everything?)");
    ht_views_free(views);
}

static void write_file(const char *folder, const char *name, const char *text, mode_t mode)
{
    ht_autobuf struct ht_buf path = HT_BUF(4096);

    ht_buf_addf(&path, "%s/%s", folder, name);
    ht_autoclose int fd = open(path.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
}

static void remove_file(const char *folder, const char *name)
{
    ht_autobuf struct ht_buf path = HT_BUF(4096);

    ht_buf_addf(&path, "%s/%s", folder, name);
    assert_int_equal(unlink(path.data), 0);
}

static void a_users_view_replaces_and_only_if_trusted(void **unused)
{
    char folder[] = "/tmp/ht-views-XXXXXX";
    const char *dirs[] = {"/nonexistent/views", folder, NULL};
    struct ht_views *views = NULL;
    struct ht_error err = {0};

    (void)unused;
    assert_non_null(mkdtemp(folder));
    write_file(folder, "privileged.yaml", GOOD, 0600);
    if (ht_views_load(dirs, &views, &err) < 0)
        fail_msg("%s", err.text);
    assert_null(ht_views_find(views, HT_S("privileged")));
    assert_non_null(ht_views_find(views, HT_S("mine")));
    views = ht_views_free(views);
    write_file(folder, "other.yaml", GOOD, 0600);
    assert_true(ht_views_load(dirs, &views, &err) < 0);
    assert_string_equal(err.text, "two views have the id mine");
    write_file(folder, "other.yaml", GOOD, 0622);
    assert_true(ht_views_load(dirs, &views, &err) < 0);
    assert_non_null(strstr(err.text, "other.yaml"));
    assert_null(views);
    remove_file(folder, "other.yaml");
    remove_file(folder, "privileged.yaml");
    assert_int_equal(rmdir(folder), 0);
}

static void views_compiled_in_are_what_libyaml_reads(void **state)
{
    (void)state;
    assert_true(compare_trees(ht_views_builtin(), "views") > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_view_is_what_its_file_says),
        cmocka_unit_test(a_wrong_view_is_told_with_its_line),
        cmocka_unit_test(every_question_has_a_view),
        cmocka_unit_test(a_users_view_replaces_and_only_if_trusted),
        cmocka_unit_test(views_compiled_in_are_what_libyaml_reads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
