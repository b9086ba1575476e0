/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private roots whose answer apt itself has given: every one must come out the same. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "src/source/deb-phase.h"
#include "src/source/deb.h"

enum { PATH_BYTES = 1024, CASES_LEAST = 7, DRAWS_LEAST = 199, OUT_MAX = 1 << 20 };

static void source_path(char *path, const char *name)
{
    const char *source = getenv("HT_SRCDIR");

    snprintf(path, PATH_BYTES, "%s/tests/fixtures/%s", source ? source : ".", name);
}

/* The lines of a file without comments, in the buffer; the file may be missing. */
static struct ht_str read_lines(const char *path, struct ht_buf *out)
{
    ht_autobuf struct ht_buf raw = HT_BUF(OUT_MAX);
    struct ht_str rest, line;

    ht_buf_reset(out);
    if (ht_read_at(AT_FDCWD, path, &raw, OUT_MAX, NULL) < 0)
        return (struct ht_str){0};
    rest = ht_buf_str(&raw);
    while (ht_str_next(&rest, '\n', &line)) {
        if (!line.len || line.data[0] == '#')
            continue;
        ht_buf_add_str(out, line);
        ht_buf_add_c(out, '\n');
    }
    return ht_buf_str(out);
}

/* The first count columns of every line. */
static void cut_columns(struct ht_str rest, size_t count, struct ht_buf *out)
{
    struct ht_str line, column;

    while (ht_str_next(&rest, '\n', &line)) {
        for (size_t i = 0; i < count && ht_str_next(&line, '\t', &column); i++) {
            if (i)
                ht_buf_add_c(out, '\t');
            ht_buf_add_str(out, column);
        }
        ht_buf_add_c(out, '\n');
    }
}

static void check_same(const char *what, const struct ht_buf *got, const struct ht_buf *wanted)
{
    struct ht_str a = ht_buf_str(got), b = ht_buf_str(wanted);
    struct ht_str left = {0}, right = {0};
    bool more_left, more_right;

    if (ht_str_equal(a, b))
        return;
    do {
        left = right = (struct ht_str){0};
        more_left = ht_str_next(&a, '\n', &left);
        more_right = ht_str_next(&b, '\n', &right);
    } while ((more_left || more_right) && ht_str_equal(left, right));
    fail_msg("%s: first difference: \"%.*s\" instead of \"%.*s\"", what, HT_STR_ARG(left),
             HT_STR_ARG(right));
}

static void check_indexes(const char *folder, const struct ht_deb_answer *answer)
{
    ht_autobuf struct ht_buf wanted = HT_BUF(OUT_MAX);
    ht_autobuf struct ht_buf got = HT_BUF(OUT_MAX);
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/expected.indexfiles.txt", folder);
    read_lines(path, &wanted);
    for (size_t i = 0; i < answer->lists.len; i++) {
        const struct ht_deb_list *list = answer->lists.items[i];

        assert_int_equal(list->problem.len, 0);
        ht_buf_add_str(&got, list->shown);
        ht_buf_add_c(&got, '\n');
    }
    check_same("index files", &got, &wanted);
}

static void add_update(struct ht_buf *out, const struct ht_deb_update *update)
{
    const struct ht_deb_version *installed = update->package->current;

    ht_buf_addf(out, "%.*s\t%.*s\t%.*s\t%.*s\n", HT_STR_ARG(update->package->name),
                HT_STR_ARG(installed->all ? HT_S("all") : update->package->architecture),
                HT_STR_ARG(installed->text), HT_STR_ARG(update->candidate->text));
}

static void check_updates(const char *folder, const struct ht_deb_answer *answer, const char *file,
                          bool security)
{
    ht_autobuf struct ht_buf lines = HT_BUF(OUT_MAX);
    ht_autobuf struct ht_buf wanted = HT_BUF(OUT_MAX);
    ht_autobuf struct ht_buf got = HT_BUF(OUT_MAX);
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/%s", folder, file);
    cut_columns(read_lines(path, &lines), 4, &wanted);
    for (size_t i = 0; i < answer->updates.len; i++) {
        const struct ht_deb_update *update = answer->updates.items[i];

        if (!security || update->is_security)
            add_update(&got, update);
    }
    check_same(file, &got, &wanted);
}

static bool has_line(struct ht_str rest, struct ht_str wanted)
{
    struct ht_str line;

    while (ht_str_next(&rest, '\n', &line))
        if (ht_str_equal(line, wanted))
            return true;
    return false;
}

/* apt keeps back what is held, what is phased, and what hangs on either; an update that it made is
 * neither. */
static void check_kept(const char *folder, const struct ht_deb_answer *answer)
{
    ht_autobuf struct ht_buf kept = HT_BUF(OUT_MAX);
    ht_autobuf struct ht_buf lines = HT_BUF(OUT_MAX);
    ht_autobuf struct ht_buf made = HT_BUF(OUT_MAX);
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/expected.kept.txt", folder);
    read_lines(path, &kept);
    snprintf(path, sizeof(path), "%s/expected.distupgrade.tsv", folder);
    cut_columns(read_lines(path, &lines), 1, &made);
    for (size_t i = 0; i < answer->updates.len; i++) {
        const struct ht_deb_update *update = answer->updates.items[i];
        struct ht_str name = update->package->name;

        if (!update->is_phased && !update->package->held)
            continue;
        if (!has_line(ht_buf_str(&kept), name))
            fail_msg("%.*s is said to wait, apt does not keep it back", HT_STR_ARG(name));
        if (has_line(ht_buf_str(&made), name))
            fail_msg("%.*s is said to wait, apt updates it", HT_STR_ARG(name));
    }
}

/* Without its own update mark, the candidate of every installed package, and where from. */
static void check_policy(const char *folder, struct ht_deb_answer *answer)
{
    ht_autobuf struct ht_buf lines = HT_BUF(OUT_MAX);
    char path[PATH_BYTES];
    struct ht_str rest, line;

    snprintf(path, sizeof(path), "%s/expected.policy.tsv", folder);
    rest = read_lines(path, &lines);
    while (ht_str_next(&rest, '\n', &line)) {
        struct ht_str name = {0}, installed = {0}, candidate = {0};
        struct ht_str architecture = answer->set.native;
        const struct ht_deb_package *package;
        const struct ht_deb_version *found;
        ptrdiff_t colon;

        assert_true(ht_str_next(&line, '\t', &name) && ht_str_next(&line, '\t', &installed) &&
                    ht_str_next(&line, '\t', &candidate));
        colon = ht_str_find_byte(name, ':');
        if (colon >= 0) {
            architecture = ht_str_sub(name, (size_t)colon + 1, name.len);
            name = ht_str_sub(name, 0, (size_t)colon);
        }
        if (ht_str_is(installed, "(none)"))
            continue;
        package = ht_deb_set_find(&answer->set, name, architecture);
        if (!package || !package->current)
            fail_msg("%.*s is not installed", HT_STR_ARG(name));
        assert_true(ht_str_equal(package->current->text, installed));
        found = ht_deb_policy_candidate(&answer->policy, package, NULL, NULL);
        if (!found || !ht_str_equal(found->text, candidate))
            fail_msg("candidate of %.*s: %.*s", HT_STR_ARG(name),
                     HT_STR_ARG(found ? found->text : HT_S("none")));
    }
}

static void check_origins(const char *folder, const struct ht_deb_answer *answer)
{
    ht_autobuf struct ht_buf lines = HT_BUF(OUT_MAX);
    char path[PATH_BYTES];
    struct ht_str rest, line;

    snprintf(path, sizeof(path), "%s/expected.distupgrade.tsv", folder);
    rest = read_lines(path, &lines);
    while (ht_str_next(&rest, '\n', &line)) {
        struct ht_str name, installed, candidate, origin;

        assert_true(ht_str_next(&line, '\t', &name) && ht_str_next(&line, '\t', &installed) &&
                    ht_str_next(&line, '\t', &candidate) && ht_str_next(&line, '\t', &origin));
        for (size_t i = 0; i < answer->updates.len; i++) {
            const struct ht_deb_update *update = answer->updates.items[i];

            if (ht_str_equal(update->package->name, name) &&
                ht_str_equal(update->package->architecture, answer->set.native) &&
                !ht_str_equal(ht_deb_origin(answer, update->candidate), origin))
                fail_msg("origin of %.*s: %.*s", HT_STR_ARG(name),
                         HT_STR_ARG(ht_deb_origin(answer, update->candidate)));
        }
    }
}

static void check_case(const char *folder)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_deb_answer *answer = NULL;
    struct ht_pkg_inputs inputs = {0};
    struct ht_error err = {0};
    char path[PATH_BYTES];

    print_message("%s\n", folder);
    snprintf(path, sizeof(path), "%s/root", folder);
    if (ht_root_open(&root, path, &err) < 0 ||
        ht_deb_read(&(struct ht_deb_options){.root = &root, .inputs = &inputs}, &answer, &err) < 0)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < answer->problems.len; i++)
        fail_msg("%s", ((const struct ht_str *)answer->problems.items[i])->data);
    check_indexes(folder, answer);
    check_updates(folder, answer, "expected.upgradable.tsv", false);
    check_updates(folder, answer, "expected.security.tsv", true);
    check_kept(folder, answer);
    check_policy(folder, answer);
    check_origins(folder, answer);
    assert_true(ht_pkg_inputs_hold(&inputs, &root));
    ht_deb_free(answer);
    ht_pkg_inputs_fini(&inputs);
}

static void every_case_gives_the_answer_of_apt(void **state)
{
    char pattern[PATH_BYTES];
    glob_t cases;

    (void)state;
    if (!ht_root_can_confine()) {
        print_message("SKIP cases: this kernel or sandbox has no openat2\n");
        return;
    }
    source_path(pattern, "apt/*");
    assert_int_equal(glob(pattern, 0, NULL, &cases), 0);
    assert_true(cases.gl_pathc >= CASES_LEAST);
    for (size_t i = 0; i < cases.gl_pathc; i++)
        check_case(cases.gl_pathv[i]);
    globfree(&cases);
}

static void machines_draw_as_apt_lets_them(void **state)
{
    ht_autobuf struct ht_buf lines = HT_BUF(OUT_MAX);
    struct ht_str rest, line;
    char path[PATH_BYTES];
    size_t draws = 0;

    (void)state;
    source_path(path, "versions/phasing.tsv");
    rest = read_lines(path, &lines);
    while (ht_str_next(&rest, '\n', &line)) {
        struct ht_str seed;
        uint64_t wanted;

        assert_true(ht_str_next(&line, '\t', &seed));
        assert_int_equal(ht_parse_u64(line, &wanted), 0);
        assert_int_equal(ht_deb_phase(seed), wanted);
        draws++;
    }
    assert_true(draws >= DRAWS_LEAST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_gives_the_answer_of_apt),
        cmocka_unit_test(machines_draw_as_apt_lets_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
