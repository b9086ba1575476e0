/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is worth a finding: recall and precision on labelled lines, then rules one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/base/secret.h"

enum { PATH_BYTES = 4096, FOUND_MAX = 16, LINES_LEAST = 75 };

struct score {
    unsigned secrets, found, false_alarms;
};

/* The best of what is found, as a number; -1: nothing. */
static int judge(struct ht_str line)
{
    struct ht_secret_found found[FOUND_MAX];
    size_t len = ht_secret_judge(line, false, found, FOUND_MAX);
    int best = -1;

    for (size_t i = 0; i < len; i++) {
        assert_true(found[i].from + found[i].len <= line.len);
        if ((int)found[i].sure > best)
            best = (int)found[i].sure;
    }
    return best;
}

/* The half that nobody looks at while rules are written: by a hash of the line, so that it stays
 * what it is when lines are added. */
static bool is_held_back(struct ht_str line)
{
    return ht_str_hash(line, 0) % 2;
}

static void count(struct score *score, bool is_secret, struct ht_str line)
{
    bool is_found = judge(line) >= HT_SECRET_LIKELY;

    score->secrets += is_secret;
    score->found += is_secret && is_found;
    score->false_alarms += !is_secret && is_found;
    if (is_secret != is_found && getenv("HT_SHOW_MISSES") && !is_held_back(line))
        printf("# %s: %.*s\n", is_secret ? "missed" : "false alarm", HT_STR_ARG(line));
}

static void assert_score(const char *name, const struct score *score)
{
    double recall = (double)score->found / score->secrets;
    double precision = (double)score->found / (score->found + score->false_alarms);

    printf("# %s: %u of %u secrets, %u false alarms: recall %.3f, precision %.3f\n", name,
           score->found, score->secrets, score->false_alarms, recall, precision);
    assert_true(recall >= 0.95);
    assert_true(precision >= 0.95);
}

typedef void (*line_visit)(void *context, bool is_secret, struct ht_str line);

/* Calls visit for each labelled line of a file and returns how many there are. */
static unsigned each_line(const char *name, line_visit visit, void *context)
{
    const char *source = getenv("HT_SRCDIR");
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    char path[PATH_BYTES];
    struct ht_str line;
    unsigned lines = 0;

    snprintf(path, sizeof(path), "%s/tests/fixtures/secret-lines/%s", source ? source : ".", name);
    assert_int_equal(ht_read_at(AT_FDCWD, path, &text, HT_LIMIT_FILE, NULL), 0);

    struct ht_str rest = ht_buf_str(&text);
    while (ht_str_next(&rest, '\n', &line)) {
        struct ht_str label = {0};
        struct ht_str skipped;

        if (line.len == 0 || line.data[0] == '#')
            continue;
        ht_str_next(&line, '\t', &label);
        ht_str_next(&line, '\t', &skipped);
        ht_str_next(&line, '\t', &skipped);
        visit(context, ht_str_is(label, "T"), line);
        lines++;
    }
    return lines;
}

struct halves {
    struct score seen, held_back;
};

static void count_half(void *context, bool is_secret, struct ht_str line)
{
    struct halves *halves = context;

    count(is_held_back(line) ? &halves->held_back : &halves->seen, is_secret, line);
}

static void labelled_lines_are_told_apart(void **state)
{
    struct halves halves = {0};

    (void)state;
    assert_true(each_line("lines.tsv", count_half, &halves) >= LINES_LEAST);
    assert_score("lines that rules were written with", &halves.seen);
    assert_score("lines held back", &halves.held_back);
}

static void expect(void *context, bool is_secret, struct ht_str line)
{
    unsigned *wrong = context;

    if ((judge(line) >= HT_SECRET_LIKELY) == is_secret)
        return;
    (*wrong)++;
    printf("# %s: %.*s\n", is_secret ? "missed" : "false alarm", HT_STR_ARG(line));
}

static void no_rule_gets_lost(void **state)
{
    unsigned wrong = 0;

    (void)state;
    assert_true(each_line("more.tsv", expect, &wrong) > LINES_LEAST);
    assert_int_equal(wrong, 0);
}

static void assert_found(const char *line, enum ht_secret_sure sure, const char *rule,
                         const char *value)
{
    struct ht_secret_found found[FOUND_MAX];
    struct ht_str text = ht_str_from(line);

    assert_int_equal(ht_secret_judge(text, false, found, FOUND_MAX), 1);
    assert_int_equal(found[0].sure, sure);
    assert_string_equal(found[0].rule, rule);
    assert_true(ht_str_is(ht_str_sub(text, found[0].from, found[0].len), value));
}

static void the_reason_and_the_place_are_told(void **state)
{
    (void)state;
    assert_found("DB_PASSWORD=hunter2", HT_SECRET_LIKELY, "named", "hunter2");
    assert_found("DB_PASSWORD=changeme", HT_SECRET_HINT, "named", "changeme");
    assert_found("A=ghp_SgAvA2sGTSYqDfrCs6SiQdPwVhC6Zz8oXkS0", HT_SECRET_CERTAIN, "github-token",
                 "ghp_SgAvA2sGTSYqDfrCs6SiQdPwVhC6Zz8oXkS0");
    assert_found("U=amqp://a:Kd83hs@b", HT_SECRET_CERTAIN, "url-password", "Kd83hs");
    assert_found("mysql -pKd83hs", HT_SECRET_LIKELY, "option", "Kd83hs");
    /* A shape that stands where a name says so is one finding, the certain one, with the name. */
    struct ht_secret_found found[FOUND_MAX];
    struct ht_str text = HT_STR("API_TOKEN=ghp_SgAvA2sGTSYqDfrCs6SiQdPwVhC6Zz8oXkS0");
    assert_int_equal(ht_secret_judge(text, false, found, FOUND_MAX), 1);
    assert_int_equal(found[0].sure, HT_SECRET_CERTAIN);
    assert_true(ht_str_is(found[0].name, "API_TOKEN"));
    assert_int_equal(ht_secret_judge(text, false, found, 0), 0);

    /* What is attached to an option is no part of its name. */
    text = HT_S("mysql -pKd83hsKd83");
    assert_int_equal(ht_secret_judge(text, false, found, FOUND_MAX), 1);
    assert_true(ht_str_is(found[0].name, "-p"));
}

/* What looks like code is code in a program only; elsewhere it is told, if as a hint. */
static void code_is_no_secret_in_programs_only(void **state)
{
    (void)state;
    assert_found("DB_PASSWORD=Summer(rain)", HT_SECRET_LIKELY, "named", "Summer(rain)");
    assert_found("password=Summer(rain)", HT_SECRET_HINT, "named", "Summer(rain)");
    assert_found("password: --hunter-two", HT_SECRET_HINT, "named", "--hunter-two");
    assert_found("DB_SECRET=`hunter2 xyz`", HT_SECRET_HINT, "named", "hunter2 xyz");
    assert_int_equal(judge(HT_S("password = Summer(rain)")), -1);
    assert_int_equal(judge(HT_S("password: Optional[str]")), -1);
    assert_int_equal(judge(HT_S("app --password --hunter-two")), -1);
}

/* A pair inside a connection string is found whatever stands between the pairs. */
static void connection_strings_are_judged_by_their_pairs(void **state)
{
    struct ht_secret_found found[FOUND_MAX];
    struct ht_str text = HT_STR("CONNECTIONSTRING=h:6380,password=hunter2xyz");

    (void)state;
    assert_int_equal(ht_secret_judge(text, false, found, FOUND_MAX), 1);
    assert_int_equal(found[0].sure, HT_SECRET_LIKELY);
    assert_int_equal(judge(HT_S("CONNECTIONSTRING=h:6380,ssl=True")), HT_SECRET_HINT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labelled_lines_are_told_apart),
        cmocka_unit_test(no_rule_gets_lost),
        cmocka_unit_test(the_reason_and_the_place_are_told),
        cmocka_unit_test(code_is_no_secret_in_programs_only),
        cmocka_unit_test(connection_strings_are_judged_by_their_pairs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
