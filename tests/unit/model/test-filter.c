/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/model/filter.h"

static const int64_t now = INT64_C(1763906551) * HT_NS_PER_S;

static struct ht_container sample(void)
{
    static const struct ht_str args[] = {HT_STR("nginx"), HT_STR("-g"), HT_STR("daemon off;")};
    static const struct ht_pair labels[] = {{HT_STR("app"), HT_STR("web")},
                                            {HT_STR("tier"), HT_STR("front=end")}};
    static struct ht_mount mounts[2];
    struct ht_container container = {0};

    ht_mount_set_source(&mounts[0], HT_S("/var/run/docker.sock"));
    ht_mount_set_target(&mounts[0], HT_S("/run/d.sock"));
    ht_mount_set_rw(&mounts[0], false);
    ht_mount_set_source(&mounts[1], HT_S("/srv"));
    ht_mount_set_rw(&mounts[1], true);
    ht_container_set_id(&container, HT_S("c0ffee"));
    ht_container_set_name(&container, HT_S("Web-1"));
    ht_container_set_state(&container, HT_CONTAINER_STATE_RUNNING);
    ht_container_set_pid(&container, 4242);
    ht_container_set_exit_code(&container, -1);
    ht_container_set_started_at(&container, now - 180 * HT_NS_PER_S);
    ht_container_set_command(&container, (struct ht_text_list){.items = args, .len = 3});
    ht_container_set_labels(&container, (struct ht_pair_list){.items = labels, .len = 2});
    ht_container_set_cap_drop(&container, (struct ht_text_list){0});
    ht_container_set_mounts(&container, (struct ht_mount_list){.items = mounts, .len = 2});
    ht_container_set_memory_limit(&container, UINT64_C(512) << 20);
    ht_container_set_cpu_limit(&container, 500);
    ht_privilege_set_privileged(ht_container_edit_declared(&container), true);
    ht_privilege_set_caps(&container.declared, UINT64_C(1) << HT_CAPABILITY_SYS_ADMIN |
                                                   UINT64_C(1) << HT_CAPABILITY_CHOWN |
                                                   UINT64_C(1) << 60);
    return container;
}

static bool matches(const struct ht_table *table, const char *text, const void *data)
{
    struct ht_filter *filter = NULL;
    struct ht_error err = {0};

    if (ht_filter_parse(table, ht_str_from(text), NULL, &filter, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    ht_filter_set_now(filter, now);

    bool match = ht_filter_match(filter, data);
    ht_filter_free(filter);
    return match;
}

static const struct {
    const char *text;
    bool match;
} terms[] = {
    {"", true},
    {"  ", true},
    {"web", true},
    {"WEB-1", true},
    {"\"daemon off\"", true},
    {"nope", false},
    {"\"front=\"", true},
    {"-g", true},
    {"name=Web-1", true},
    {"name=web-1", false},
    {"name~eb-", true},
    {"name:WEB", true},
    {"name!=x", true},
    {"name!=Web-1", false},
    {"name='Web-1'", true},
    {"name=\"We\\b-1\"", true},
    {"state=running", true},
    {"state=RUNNING", true},
    {"state~runn", true},
    {"state!=exited", true},
    {"pid=4242", true},
    {"pid>4241", true},
    {"pid<4242", false},
    {"pid~24", true},
    {"exit_code<0", true},
    {"exit_code=-1", true},
    {"started_at<5m", true},
    {"started_at<2m", false},
    {"started_at>2m30s", true},
    {"started_at>2025-11-23", true},
    {"started_at<2025-11-23T14:02:31Z", true},
    {"started_at~2025-11", true},
    {"started_at>1d", false},
    {"command=nginx", true},
    {"command=ngin", false},
    {"command~OFF", true},
    {"command!=nginx", false},
    {"labels=app", true},
    {"labels=app=web", true},
    {"labels=web", false},
    {"labels~web", true},
    {"labels~tier=front=", true},
    {"labels~r=w", false},
    {"cap_drop~a", false},
    {"cap_drop!=a", true},
    {"!cap_drop~a", true},
    {"mounts.source~docker.sock", true},
    {"mounts.rw=yes", true},
    {"mounts.rw!=yes", false},
    {"mounts.type=x", false},
    {"mounts~docker.sock", true},
    {"mounts=/srv", true},
    {"mounts=/sr", false},
    {"memory_limit=512M", true},
    {"memory_limit>0.4GiB", true},
    {"memory_limit<512MB", false},
    {"cpu_limit=0.5", true},
    {"cpu_limit=500m", true},
    {"cpu_limit>1", false},
    {"declared.privileged=yes", true},
    {"declared.privileged=false", false},
    {"declared.privileged!=no", true},
    {"declared.caps=SYS_ADMIN", true},
    {"declared.caps=cap_sys_admin", true},
    {"declared.caps=BPF", false},
    {"declared.caps=60", true},
    {"declared.caps~admin", true},
    /* unknown */
    {"image=x", false},
    {"image~x", false},
    {"image!=x", true},
    {"!image=x", true},
    {"effective.caps=BPF", false},
    {"effective.caps!=BPF", true},
    {"finished_at<5m", false},
    {"finished_at>5m", false},
    /* structure */
    {"web pid=4242", true},
    {"web pid=1", false},
    {"pid=1 or web", true},
    {"pid=1 or pid=2", false},
    {"pid=1 or (web !nope)", true},
    {"!(web or nope)", false},
    {"! web", false},
    {"!!web", true},
    {"(pid=1 or web) nope", false},
    {"pid=1 OR(web)", true},
    {"\"or\"", false},
    {"orchard or web", true},
};

static void terms_match_what_they_say(void **state)
{
    const struct ht_container container = sample();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(terms); i++) {
        if (matches(&ht_container_table, terms[i].text, &container) != terms[i].match)
            fail_msg("%s: expected %d", terms[i].text, terms[i].match);
    }
}

static void greater_severity_is_worse(void **state)
{
    struct ht_finding finding = {0};

    (void)state;
    ht_finding_set_severity(&finding, HT_SEVERITY_HIGH);
    ht_finding_set_confidence(&finding, HT_CONFIDENCE_LIKELY);
    assert_true(matches(&ht_finding_table, "severity>medium", &finding));
    assert_false(matches(&ht_finding_table, "severity>high", &finding));
    assert_true(matches(&ht_finding_table, "severity>=high", &finding));
    assert_true(matches(&ht_finding_table, "severity<=high", &finding));
    assert_false(matches(&ht_finding_table, "severity>=critical", &finding));
    assert_false(matches(&ht_finding_table, "severity<=medium", &finding));
    assert_false(matches(&ht_finding_table, "severity>=info", &(struct ht_finding){0}));
    assert_true(matches(&ht_finding_table, "severity<critical", &finding));
    assert_true(matches(&ht_finding_table, "severity=HI", &finding)); /* as the screen says it */
    assert_true(matches(&ht_finding_table, "severity>med", &finding));
    assert_true(matches(&ht_finding_table, "confidence>hint", &finding));
    assert_false(matches(&ht_finding_table, "severity>medium", &(struct ht_finding){0}));
    assert_true(ht_value_compare(ht_table_field(&ht_finding_table, HT_S("severity")),
                                 &(enum ht_severity){HT_SEVERITY_CRITICAL},
                                 &(enum ht_severity){HT_SEVERITY_INFO}) > 0);
}

static void words_look_in_the_columns_given(void **state)
{
    const struct ht_container container = sample();
    struct ht_path paths[2];
    const struct ht_filter_words words = {.paths = paths, .len = ARRAY_LEN(paths)};
    struct ht_filter *filter = NULL;

    (void)state;
    assert_int_equal(ht_path_parse(&ht_container_table, HT_S("name"), &paths[0], NULL), 0);
    assert_int_equal(ht_path_parse(&ht_container_table, HT_S("pid"), &paths[1], NULL), 0);
    assert_int_equal(ht_filter_parse(&ht_container_table, HT_S("424"), &words, &filter, NULL), 0);
    assert_true(ht_filter_match(filter, &container));
    ht_filter_free(filter);
    assert_int_equal(ht_filter_parse(&ht_container_table, HT_S("nginx"), &words, &filter, NULL), 0);
    assert_false(ht_filter_match(filter, &container));
    ht_filter_free(filter);
    assert_true(ht_filter_match(NULL, &container));
}

/* Of a text that holds all values in small letters, as of the values themselves. */
static void words_are_found_in_their_text(void **state)
{
    static const char *const filters[] = {"WEB",    "424",          "\"app=web\"", "\"pp=we\"",
                                          "web424", "!424",         "web 424",     "\"app=4\"",
                                          "\"\"",   "web or nginx", "privileged",  "name=web",
                                          "true",   "\"=\"",        "nginx"};
    const struct ht_container container = sample();
    struct ht_path paths[4];
    const struct ht_filter_words words = {.paths = paths, .len = ARRAY_LEN(paths)};
    ht_autobuf struct ht_buf text = HT_BUF(1000);

    (void)state;
    assert_int_equal(ht_path_parse(&ht_container_table, HT_S("name"), &paths[0], NULL), 0);
    assert_int_equal(ht_path_parse(&ht_container_table, HT_S("pid"), &paths[1], NULL), 0);
    assert_int_equal(ht_path_parse(&ht_container_table, HT_S("labels"), &paths[2], NULL), 0);
    assert_int_equal(ht_path_parse(&ht_container_table, HT_S("state"), &paths[3], NULL), 0);
    ht_filter_words_text(&words, &container, &text);
    assert_true(text.len > 0);
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        struct ht_filter *filter = NULL;

        assert_int_equal(
            ht_filter_parse(&ht_container_table, ht_str_from(filters[i]), &words, &filter, NULL),
            0);
        if (ht_filter_match_in(filter, &container, ht_buf_str(&text)) !=
            ht_filter_match(filter, &container))
            fail_msg("%s", filters[i]);
        ht_filter_free(filter);
    }
    /* It is there that words are looked for, and nowhere else. */
    struct ht_filter *filter = NULL;
    assert_int_equal(ht_filter_parse(&ht_container_table, HT_S("WEB"), &words, &filter, NULL), 0);
    assert_true(ht_filter_match_in(filter, &container, HT_S("a web\0")));
    assert_false(ht_filter_match_in(filter, &container, HT_S("we\0b\0")));
    ht_filter_free(filter);
}

static struct ht_filter *parsed(const char *text)
{
    static struct ht_path path;
    const struct ht_filter_words words = {.paths = &path, .len = 1};
    struct ht_filter *filter = NULL;

    assert_int_equal(ht_path_parse(&ht_container_table, HT_S("name"), &path, NULL), 0);
    assert_int_equal(ht_filter_parse(&ht_container_table, ht_str_from(text), &words, &filter, NULL),
                     0);
    return filter;
}

/* Where the terms alone do not tell, it is not. */
static void it_is_told_which_filter_is_narrower(void **state)
{
    static const struct {
        const char *filter, *than;
        bool narrows;
    } cases[] = {
        {"web", "we", true},
        {"we", "web", false},
        {"WEB", "eb", true},
        {"web", "", true},
        {"", "web", false},
        {"", "", true},
        {"a b", "a", true},
        {"a", "a b", false},
        {"a", "a or b", true},
        {"a or b", "a", false},
        {"ab or ac", "a", true},
        {"!a", "!ab", true},
        {"!ab", "!a", false},
        {"name~ab", "name~a", true},
        {"name~ab", "image~a", false},
        {"name=ab", "name=a", false},
        {"name=a", "name=a", true},
        {"pid>1", "pid>1", true},
        {"pid>2", "pid>1", false},
        {"a pid>1", "pid>1", true},
        {"web", "name~we", false},
        {"(ab or c) d", "a or c", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_filter *filter = parsed(cases[i].filter), *than = parsed(cases[i].than);

        if (ht_filter_narrows(filter, than) != cases[i].narrows)
            fail_msg("\"%s\" than \"%s\"", cases[i].filter, cases[i].than);
        ht_filter_free(filter);
        ht_filter_free(than);
    }
    assert_true(ht_filter_narrows(NULL, NULL));
}

static void ages_match_nothing_without_a_clock(void **state)
{
    const struct ht_container container = sample();
    struct ht_filter *filter = NULL;

    (void)state;
    assert_int_equal(ht_filter_parse(&ht_container_table, HT_S("started_at<5m or started_at>5m"),
                                     NULL, &filter, NULL),
                     0);
    assert_false(ht_filter_match(filter, &container));
    ht_filter_set_now(filter, now);
    assert_true(ht_filter_match(filter, &container));
    ht_filter_free(filter);
}

static void mistakes_are_told_with_their_column(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"web nmae=x", "filter: column 5: no field nmae in container (did you mean name?)"},
        {"\xc3\xa4 zzz=x", "filter: column 3: no field zzz in container"},
        {"nginx:latest",
         "filter: column 1: no field nginx in container (quote a word that has a colon)"},
        {"mounts.sorce=x", "filter: column 1: no field sorce in mount (did you mean source?)"},
        {"cap_prm=x", "filter: column 1: no field cap_prm in container"},
        {"privileged=yes",
         "filter: column 1: no field privileged in container (did you mean declared.privileged?)"},
        {"privilegde=yes",
         "filter: column 1: no field privilegde in container (did you mean declared.privileged?)"},
        {"name.x=1", "filter: column 1: field name of container has no parts"},
        {"=x", "filter: column 1: a field name is missing"},
        {"name.=x", "filter: column 1: a field name is missing"},
        {"name=", "filter: column 6: a value is missing"},
        {"(name= )", "filter: column 7: a value is missing"},
        {"state=runing", "filter: column 7: no container_state runing (did you mean running?)"},
        {"declared.caps=SYS_ADMIM",
         "filter: column 15: no capability SYS_ADMIM (did you mean SYS_ADMIN?)"},
        {"pid=x", "filter: column 5: expected a number"},
        {"pid>-1", "filter: column 5: expected a number"},
        {"declared.privileged=maybe", "filter: column 21: expected yes or no"},
        {"started_at=5m", "filter: column 11: an age needs < or >"},
        {"started_at<soon",
         "filter: column 12: expected an age such as 5m, or a time such as 2026-11-23T14:02:31Z"},
        {"memory_limit>1X", "filter: column 14: expected a size such as 10M"},
        {"name<x", "filter: column 5: < and > need a number, a time, a size or a rank"},
        {"declared.caps>CHOWN",
         "filter: column 14: < and > need a number, a time, a size or a rank"},
        {"(web", "filter: column 1: this parenthesis is not closed"},
        {"web)", "filter: column 4: this parenthesis was not opened"},
        {"()", "filter: column 2: a term is missing"},
        {"web or", "filter: column 7: a term is missing"},
        {"or web", "filter: column 1: a term is missing"},
        {"!", "filter: column 2: a term is missing behind !"},
        {"name=\"x", "filter: column 6: this quote is not closed"},
        {"((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))",
         "filter: column 33: nested too deep (limit 32)"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_filter *filter = NULL;
        struct ht_error err = {0};

        assert_int_equal(
            ht_filter_parse(&ht_container_table, ht_str_from(cases[i].text), NULL, &filter, &err),
            -EINVAL);
        assert_string_equal(err.text, cases[i].message);
        assert_null(filter);
        assert_int_equal(
            ht_filter_parse(&ht_container_table, ht_str_from(cases[i].text), NULL, &filter, NULL),
            -EINVAL);
    }
    struct ht_filter *filter = NULL;
    struct ht_error err = {0};
    assert_int_equal(ht_filter_parse(&ht_finding_table, HT_S("sev=crit"), NULL, &filter, &err),
                     -EINVAL);
    assert_string_equal(err.text,
                        "filter: column 1: no field sev in finding (did you mean severity?)");
    assert_int_equal(ht_filter_parse(&ht_finding_table, HT_S("severity=x"), NULL, &filter, &err),
                     -EINVAL);
    assert_string_equal(err.text, "filter: column 10: no severity x; one of critical high medium "
                                  "low info");
}

static void a_filter_has_a_limit(void **state)
{
    char text[5000];
    struct ht_filter *filter = NULL;
    struct ht_error err = {0};

    (void)state;
    memset(text, 'a', sizeof(text));
    assert_int_equal(ht_filter_parse(&ht_container_table,
                                     (struct ht_str){.data = text, .len = sizeof(text)}, NULL,
                                     &filter, &err),
                     -E2BIG);
    memset(text, '!', sizeof(text));
    assert_int_equal(ht_filter_parse(&ht_container_table,
                                     (struct ht_str){.data = text, .len = 4000}, NULL, &filter,
                                     &err),
                     -EINVAL);
}

static void values_are_shown_as_columns_and_in_full(void **state)
{
    static const struct {
        const char *path;
        const char *shortly;
        const char *raw;
    } cases[] = {
        {"name", "Web-1", "Web-1"},
        {"state", "running", "running"},
        {"pid", "4242", "4242"},
        {"exit_code", "-1", "-1"},
        {"started_at", "13:59:31", "2025-11-23T13:59:31.000Z"},
        {"command", "nginx +2", "nginx, -g, daemon off;"},
        {"labels", "app=web +1", "app=web, tier=front=end"},
        {"cap_drop", "none", "none"},
        {"memory_limit", "512M", "536870912"},
        {"cpu_limit", "0.50", "500"},
        {"declared.privileged", "yes", "true"},
        {"declared.caps", "CHOWN +2", "CHOWN, SYS_ADMIN, 60"},
        {"mounts", "/var/run/docker.sock:/run/d.sock:no +1",
         "source=/var/run/docker.sock target=/run/d.sock rw=false, source=/srv rw=true"},
        {"mounts.source", "/var/run/docker.sock", "/var/run/docker.sock"},
        {"image", "", ""},
        {"effective.caps", "", ""},
    };
    const struct ht_container container = sample();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ht_autobuf struct ht_buf out = HT_BUF(1000);
        struct ht_path path;

        assert_int_equal(
            ht_path_parse(&ht_container_table, ht_str_from(cases[i].path), &path, NULL), 0);
        const void *value = ht_path_value(&path, &container);
        ht_value_format(&out, ht_path_field(&path), value, HT_FORMAT_SHORT);
        assert_string_equal(ht_buf_str(&out).data, cases[i].shortly);
        ht_buf_reset(&out);
        ht_value_format(&out, ht_path_field(&path), value, HT_FORMAT_RAW);
        assert_string_equal(ht_buf_str(&out).data, cases[i].raw);
    }
}

static void shown(const struct ht_table *table, const char *name, uint64_t value,
                  const char *expected)
{
    ht_autobuf struct ht_buf out = HT_BUF(100);
    const struct ht_field *field = ht_table_field(table, ht_str_from(name));

    assert_non_null(field);
    ht_value_format(&out, field, &value, HT_FORMAT_SHORT);
    assert_string_equal(out.data, expected);
}

static void units_are_shown_in_short(void **state)
{
    (void)state;
    shown(&ht_usage_table, "memory", 0, "0");
    shown(&ht_usage_table, "memory", 1023, "1023");
    shown(&ht_usage_table, "memory", 1024, "1.0K");
    shown(&ht_usage_table, "memory", 10 * 1024, "10K");
    shown(&ht_usage_table, "memory", 1024 * 1024 - 1, "1.0M");
    shown(&ht_usage_table, "memory", UINT64_C(1288490189), "1.2G");
    shown(&ht_usage_table, "memory", UINT64_MAX, "16E");
    shown(&ht_usage_table, "cpu", 250, "0.25");
    shown(&ht_usage_table, "cpu", 12005, "12.00");
    shown(&ht_daemon_table, "socket_mode", 0660, "0660");
    shown(&ht_question_table, "watched_s", 10800, "3h");
    shown(&ht_question_table, "progress", 40, "40%");
    shown(&ht_source_table, "interval", 5 * HT_NS_PER_S, "5s");
    shown(&ht_source_table, "interval", 180 * HT_NS_PER_S, "3m");
    shown(&ht_source_table, "interval", 7200 * HT_NS_PER_S, "2h");
    shown(&ht_source_table, "interval", 5 * 86400 * HT_NS_PER_S, "5d");
    shown(&ht_source_table, "took", 12 * HT_NS_PER_MS, "12ms");
    shown(&ht_source_table, "took", (uint64_t)INT64_MIN, "-106751d");
}

static void unknown_values_sort_last(void **state)
{
    const struct ht_field *pid = ht_table_field(&ht_container_table, HT_S("pid"));
    const struct ht_field *name = ht_table_field(&ht_container_table, HT_S("name"));
    const struct ht_field *caps = ht_table_field(&ht_privilege_table, HT_S("caps"));
    uint64_t one = 1, two = 6, max = UINT64_MAX;

    (void)state;
    assert_true(ht_value_compare(pid, &one, &max) < 0);
    assert_true(ht_value_compare(pid, NULL, &max) > 0);
    assert_true(ht_value_compare(pid, &max, NULL) < 0);
    assert_int_equal(ht_value_compare(pid, NULL, NULL), 0);
    assert_true(ht_value_compare(name, &(struct ht_str)HT_STR("b"), &(struct ht_str)HT_STR("C")) <
                0);
    assert_true(ht_value_compare(name, &(struct ht_str)HT_STR("b"), &(struct ht_str)HT_STR("B")) !=
                0);
    assert_true(ht_value_compare(caps, &two, &(uint64_t){UINT64_C(1) << 40}) > 0);
}

static void a_near_name_is_found(void **state)
{
    static const char *const names[] = {"name", "image", "started_at", "state"};

    (void)state;
    assert_string_equal(ht_nearest(HT_S("nmae"), names, 4), "name");
    assert_string_equal(ht_nearest(HT_S("Image"), names, 4), "image");
    assert_string_equal(ht_nearest(HT_S("startedat"), names, 4), "started_at");
    assert_null(ht_nearest(HT_S("zzzz"), names, 4));
    assert_null(ht_nearest(HT_S(""), names, 4));
    assert_null(ht_nearest(HT_S("name"), names, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terms_match_what_they_say),
        cmocka_unit_test(greater_severity_is_worse),
        cmocka_unit_test(words_look_in_the_columns_given),
        cmocka_unit_test(words_are_found_in_their_text),
        cmocka_unit_test(it_is_told_which_filter_is_narrower),
        cmocka_unit_test(ages_match_nothing_without_a_clock),
        cmocka_unit_test(mistakes_are_told_with_their_column),
        cmocka_unit_test(a_filter_has_a_limit),
        cmocka_unit_test(values_are_shown_as_columns_and_in_full),
        cmocka_unit_test(units_are_shown_in_short),
        cmocka_unit_test(unknown_values_sort_last),
        cmocka_unit_test(a_near_name_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
