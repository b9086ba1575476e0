/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line and the configuration file. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "options.h"

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

struct parsed {
    struct ht_arena *arena;
    struct ht_options options;
    struct ht_error err;
    int result;
};

/* Parses words up to NULL. */
static void parse(struct parsed *parsed, const char *const *words)
{
    char *argv[16] = {(char *)"hulltop"};
    int argc = 1;

    while (words[argc - 1]) {
        argv[argc] = (char *)words[argc - 1];
        argc++;
    }
    memset(parsed, 0, sizeof(*parsed));
    parsed->arena = ht_arena_new(1 << 20);
    parsed->result = ht_options_parse(parsed->arena, argc, argv, &parsed->options, &parsed->err);
}

#define PARSE(parsed, ...) parse(parsed, (const char *const[]){__VA_ARGS__, NULL})

static void fini(struct parsed *parsed)
{
    ht_arena_free(parsed->arena);
}

static void without_words_it_is_the_dashboard(void **state)
{
    struct parsed parsed;

    (void)state;
    parse(&parsed, (const char *const[]){NULL});
    assert_int_equal(parsed.result, 0);
    assert_int_equal(parsed.options.command, HT_CMD_DASHBOARD);
    assert_int_equal(parsed.options.questions, 0x7e);
    assert_int_equal(parsed.options.fail_on, HT_SEVERITY_HIGH);
    fini(&parsed);
}

static void values_stand_apart_or_behind_an_equals_sign(void **state)
{
    struct parsed parsed;

    (void)state;
    PARSE(&parsed, "check", "--format=json", "--only", "privileged,drift", "--timeout", "2.5",
          "--interval", "7", "--docker", "none", "--fail-on=medium", "--strict");
    assert_int_equal(parsed.result, 0);
    assert_int_equal(parsed.options.command, HT_CMD_CHECK);
    assert_int_equal(parsed.options.format, HT_FORMAT_JSON);
    assert_int_equal(parsed.options.questions, 1u << 3 | 1u << 6);
    assert_int_equal(parsed.options.timeout_ns, 5 * HT_NS_PER_S / 2);
    assert_int_equal(parsed.options.interval_ns, 7 * HT_NS_PER_S);
    assert_int_equal(parsed.options.fail_on, HT_SEVERITY_MEDIUM);
    assert_true(parsed.options.strict);
    fini(&parsed);
}

static void a_text_or_a_switch_is_kept_where_it_belongs(void **state)
{
    struct parsed parsed;
    const struct ht_options *options = &parsed.options;

    (void)state;
    PARSE(&parsed, "--kubeconfig=a", "--context=b", "--node=c", "--etcd-ca=d", "--etcd-cert=e",
          "--etcd-key=f", "--open=g", "--exec-credentials", "--look-inside", "--ascii");
    assert_int_equal(parsed.result, 0);
    assert_string_equal(options->kubeconfig, "a");
    assert_string_equal(options->context, "b");
    assert_string_equal(options->node, "c");
    assert_string_equal(options->etcd_ca, "d");
    assert_string_equal(options->etcd_cert, "e");
    assert_string_equal(options->etcd_key, "f");
    assert_string_equal(options->open, "g");
    assert_true(options->exec_credentials && options->look_inside && options->ascii);
    assert_false(options->plain || options->utc || options->mouse || options->strict);
    fini(&parsed);
    PARSE(&parsed, "--plain", "--mouse", "--utc", "--from", "h");
    assert_int_equal(parsed.result, 0);
    assert_string_equal(options->from, "h");
    assert_true(options->plain && options->mouse && options->utc);
    assert_false(options->ascii || options->role);
    fini(&parsed);
    PARSE(&parsed, "check", "--quiet", "--baseline", "i");
    assert_int_equal(parsed.result, 0);
    assert_string_equal(options->baseline, "i");
    assert_true(options->quiet && !options->strict);
    fini(&parsed);
    PARSE(&parsed, "doctor", "--role");
    assert_int_equal(parsed.result, 0);
    assert_true(options->role && !options->help && !options->version);
    fini(&parsed);
}

static void questions_named_twice_add_up(void **state)
{
    struct parsed parsed;

    (void)state;
    PARSE(&parsed, "check", "--only", "privileged", "--only=drift,privileged");
    assert_int_equal(parsed.result, 0);
    assert_int_equal(parsed.options.questions, 1u << 3 | 1u << 6);
    fini(&parsed);
    PARSE(&parsed, "check", "--only", "3, drift", "--only=1");
    assert_int_equal(parsed.result, 0);
    assert_int_equal(parsed.options.questions, 1u << 1 | 1u << 3 | 1u << 6);
    fini(&parsed);
    PARSE(&parsed, "check", "--only", "drift", "--only", "privileged", "--manifests", "x");
    assert_int_equal(parsed.result, 0);
    assert_int_equal(parsed.options.questions, 1u << 3);
    fini(&parsed);
}

/* Words that must fail, and what the message must say. */
static const struct {
    const char *words[6];
    const char *says;
} bad[] = {
    {{"chek"}, "did you mean check?"},
    {{"vesion"}, "no command \"vesion\" (did you mean version?)"},
    {{"hepl"}, "did you mean help?"},
    {{"--vesion"}, "no option --vesion (did you mean --version?)"},
    {{"--formt", "json"}, "did you mean --format?"},
    {{"--format"}, "needs a value"},
    {{"--format", "xml"}, "xml"},
    {{"doctor", "--format", "text"}, "--format does nothing with doctor; it goes with check"},
    {{"--baseline", "x"}, "--baseline does nothing with the dashboard; it goes with check"},
    {{"check", "--open", "drift"},
     "with check; it goes with the dashboard, demo, record and replay"},
    {{"doctor", "--open=6"}, "--open does nothing with doctor"},
    {{"record", "x", "--quiet"}, "--quiet does nothing with record; it goes with check"},
    {{"--strict"}, "--strict does nothing with the dashboard"},
    {{"demo", "--fail-on", "low"}, "--fail-on does nothing with demo"},
    {{"check", "--role"}, "--role does nothing with check; it goes with doctor"},
    {{"replay", "x", "--from", "y"}, "with replay; it goes with the dashboard and check"},
    {{"demo", "--docker", "/run/docker.sock"},
     "with demo; it goes with the dashboard, check, record and doctor"},
    {{"replay", "x", "--root", "/"}, "--root does nothing with replay"},
    {{"replay", "x", "--interval", "9"}, "--interval does nothing with replay"},
    {{"--from", "x", "--docker", "/run/docker.sock"}, "--docker does nothing with --from"},
    {{"check", "--look-inside", "--from=x"}, "--look-inside does nothing with --from"},
    {{"check", "--manifests", "x", "--node=n"}, "--node does nothing with --manifests"},
    {{"check", "--pod-security-version=v1.30"}, "--pod-security-version goes with --manifests"},
    {{"doctor", "--role", "--cri", "/run/x.sock"}, "--cri does nothing with --role"},
    {{"doctor", "--role", "--only", "drift"}, "--only does nothing with --role"},
    {{"--only", "privilege"}, "did you mean privileged?"},
    {{"--only", ""}, "no question"},
    {{"--only", "0"}, "called \"0\""},
    {{"--only", "7"}, "called \"7\""},
    {{"--only", "33"}, "called \"33\""},
    {{"--timeout", "0"}, "above 0"},
    {{"--timeout", "nan"}, "seconds"},
    {{"--interval", "0"}, "from 1 to 3600"},
    {{"--interval", "3601"}, "from 1 to 3600"},
    {{"--strict=yes"}, "takes no value"},
    {{"--docker", "ftp://x"}, "ftp://x"},
    {{"--cri", "run/x.sock"}, "none"},
    {{"--cri", "tcp://x"}, "none"},
    {{"check", "--pod-security-version", "v2.0"}, "latest"},
    {{"-v"}, "no option -v"},
    {{"--manifests", "x"}, "check"},
    {{"check", "--manifests", "x", "--manifests", "y"}, "one file alone"},
    {{"check", "--manifests", "x", "--from", "y"}, "--from does nothing with --manifests"},
    {{"check", "--manifests", "x", "--format", "node"}, "no node"},
    {{"check", "--manifests", "x", "--only", "drift"}, "question 3"},
    {{"check", "--role"}, "doctor"},
    {{"check", "--only", "nothing-like-it"}, "they are 1 to 6, or builds, added-code"},
    {{"check", "--etcd-db", "/nowhere/db"}, "--etcd-db: /nowhere/db: No such file"},
    {{"--root", "nonexistent/folder"}, "nonexistent"},
    {{"--root", ""}, "no folder"},
    {{"--root", "/nowhere/at/all"}, "--root /nowhere/at/all: No such file"},
    {{"--root", "/dev/null"}, "--root /dev/null: Not a directory"},
    {{"record"}, "needs a file"},
    {{"check", "x"}, "too many"},
    {{"check", "3"}, "(a question is asked by --only 3)"},
    {{"drift"}, "(a question is opened by --open drift)"},
    {{"demo", "other"}, "incident"},
    {{"doctor", "--from", "x"}, "--from"},
    {{"-x"}, "-x"},
    {{"--color", "sometimes"}, "sometimes"},
    {{"--config", "/nonexistent/hulltop.conf"}, "/nonexistent"},
};

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct parsed parsed;

        parse(&parsed, bad[i].words);
        assert_true(parsed.result < 0);
        if (!strstr(parsed.err.text, bad[i].says))
            fail_msg("\"%s\" does not say \"%s\"", parsed.err.text, bad[i].says);
        fini(&parsed);
    }
}

static void a_password_in_an_address_is_not_quoted(void **state)
{
    struct parsed parsed;

    (void)state;
    PARSE(&parsed, "--etcd", "https://admin:hunter2@host:2379");
    assert_int_equal(parsed.result, -EINVAL);
    assert_null(strstr(parsed.err.text, "hunter2"));
    fini(&parsed);
    PARSE(&parsed, "--etcd=admin:hunter2@host:2379");
    assert_int_equal(parsed.result, -EINVAL);
    assert_null(strstr(parsed.err.text, "hunter2"));
    fini(&parsed);
}

static void the_version_names_every_runtime_that_is_asked(void **state)
{
    static const char *const names[] = {" docker ", " podman ",     " containerd ",
                                        " cri-o ",  " kubernetes ", " proc "};
    ht_autobuf struct ht_buf out = HT_BUF(1000);

    (void)state;
    ht_options_version(&out);
    ht_buf_add_c(&out, '\0');
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_non_null(strstr(out.data, names[i]));
}

static void help_and_version_have_the_names_they_have_elsewhere(void **state)
{
    struct parsed parsed;

    (void)state;
    PARSE(&parsed, "help", "record");
    assert_int_equal(parsed.result, 0);
    assert_true(parsed.options.help && !parsed.options.version);
    fini(&parsed);
    PARSE(&parsed, "version");
    assert_int_equal(parsed.result, 0);
    assert_true(parsed.options.version && !parsed.options.help);
    fini(&parsed);
    PARSE(&parsed, "-V");
    assert_int_equal(parsed.result, 0);
    assert_true(parsed.options.version);
    fini(&parsed);
}

static void help_fits_a_terminal(void **state)
{
    ht_autobuf struct ht_buf out = HT_BUF(64 * 1024);
    struct ht_str rest, line;
    size_t lines = 0;

    (void)state;
    ht_options_help(&out);
    rest = ht_buf_str(&out);
    while (ht_str_next(&rest, '\n', &line)) {
        lines++;
        if (line.len > 79)
            fail_msg("too wide: %.*s", HT_STR_ARG(line));
    }
    assert_true(lines <= 24);
    /* Numbers go one by one: "1-6" is no value that the option takes. */
    assert_non_null(strstr(out.data, "--only NAME|NUMBER,..."));
    assert_null(strstr(out.data, "1-6"));
}

static void what_does_something_or_no_harm_is_taken(void **state)
{
    static const char *const taken[][8] = {
        {"check", "--from", "x", "--format", "json", "--timeout", "9", "--strict"},
        {"check", "--manifests", "x", "--format=sarif", "--baseline=y", "--fail-on=low", "--quiet"},
        {"check", "--manifests", "x", "--pod-security-version", "v1.30"},
        {"--from", "x", "--theme", "light", "--plain", "--open", "drift"},
        {"record", "x", "--plain", "--timeout", "9", "--docker", "none"},
        {"replay", "x", "--color=never", "--ascii", "--utc", "--mouse", "--only=drift"},
        {"demo", "incident", "--open", "6", "--timeout=9"},
        {"doctor", "--root", "/", "--cri=none", "--only", "3", "--lists-days=3"},
        {"doctor", "--role"},
        {"check", "--theme", "light", "--mouse", "--plain", "--color=never"},
        {"doctor", "--ascii", "--utc"},
        {"check", "--manifests", "x", "--timeout", "9"},
        {"check", "--from", "x", "--docker", "none", "--cri=none", "--kubeconfig=none"},
        {"demo", "--docker", "none"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        const char *words[9] = {NULL};
        struct parsed parsed;

        memcpy(words, taken[i], sizeof(taken[i]));
        parse(&parsed, words);
        if (parsed.result < 0)
            fail_msg("%zu: %s", i, parsed.err.text);
        fini(&parsed);
    }
}

static void write_config(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void the_command_line_wins_over_the_configuration(void **state)
{
    char folder[] = "/tmp/hulltop-options-XXXXXX", path[64];
    struct parsed parsed;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/hulltop.conf", folder);
    write_config(path, "theme: light\nutc: yes\nfail-on: low\nopen: drift\n", 0600);
    PARSE(&parsed, "check", "--config", path, "--fail-on", "critical");
    assert_int_equal(parsed.result, 0);
    assert_int_equal(parsed.options.theme, HT_THEME_LIGHT);
    assert_true(parsed.options.utc);
    assert_int_equal(parsed.options.fail_on, HT_SEVERITY_CRITICAL);
    fini(&parsed);
    PARSE(&parsed, "--config", path);
    assert_int_equal(parsed.result, 0);
    assert_int_equal(parsed.options.fail_on, HT_SEVERITY_LOW);
    assert_string_equal(parsed.options.open, "drift");
    fini(&parsed);

    write_config(path, "theme: light\nthem: x\n", 0600);
    PARSE(&parsed, "--config", path);
    assert_true(parsed.result < 0);
    assert_non_null(strstr(parsed.err.text, ":2: "));
    assert_non_null(strstr(parsed.err.text, "did you mean theme?"));
    fini(&parsed);

    write_config(path, "theme: light\n", 0666);
    PARSE(&parsed, "--config", path);
    assert_true(parsed.result < 0);
    fini(&parsed);

    write_config(path, "format: json\n", 0600);
    PARSE(&parsed, "--config", path);
    assert_true(parsed.result < 0);
    assert_non_null(strstr(parsed.err.text, "command line"));
    fini(&parsed);
    unlink(path);
    rmdir(folder);
}

/* It is read for every command, and has options of all of them. */
static void what_the_configuration_says_fails_no_command(void **state)
{
    static const char *const commands[][3] = {
        {"check"},  {"check", "--from", "x"}, {"check", "--manifests", "x"},
        {"demo"},   {"replay", "x"},          {"record", "x"},
        {"doctor"}, {"doctor", "--role"},     {"--from", "x"},
    };
    char folder[] = "/tmp/hulltop-options-XXXXXX", path[64];

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/hulltop.conf", folder);
    write_config(path,
                 "docker: none\ninterval: 9\nlook-inside: yes\ntheme: light\nplain: yes\n"
                 "open: drift\nstrict: yes\nfail-on: low\npod-security-version: v1.30\n"
                 "timeout: 9\nonly: drift\n",
                 0600);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        const char *words[6] = {"--config", path, commands[i][0], commands[i][1], commands[i][2]};
        struct parsed parsed;

        parse(&parsed, words);
        if (parsed.result < 0)
            fail_msg("%zu: %s", i, parsed.err.text);
        assert_string_equal(parsed.options.docker, "none");
        fini(&parsed);
    }
    unlink(path);
    rmdir(folder);
}

/* Parses this configuration alone. */
static void parse_config(struct parsed *parsed, const char *text)
{
    char folder[] = "/tmp/hulltop-options-XXXXXX", path[64];

    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/hulltop.conf", folder);
    write_config(path, text, 0600);
    PARSE(parsed, "--config", path);
    unlink(path);
    rmdir(folder);
}

static void exceptions_have_a_reason_and_an_end(void **state)
{
    struct parsed parsed;
    const struct ht_allowed *allowed;

    (void)state;
    parse_config(&parsed, "utc: yes\nallow:\n"
                          "- { check: SEC-013, image: shop/web, name: DEMO_*, reason: a fixture,"
                          " until: 2026-12-31 }\n"
                          "- check: SEC-019\n  name: /root/.netrc\n  reason: ticket 7\n"
                          "  until: 2027-02-28\n");
    assert_int_equal(parsed.result, 0);
    assert_true(parsed.options.utc);
    assert_int_equal(parsed.options.allowed.len, 2);
    allowed = parsed.options.allowed.items;
    assert_true(ht_str_is(allowed[0].check, "SEC-013"));
    assert_true(ht_str_is(allowed[0].image, "shop/web"));
    assert_true(ht_str_is(allowed[0].name, "DEMO_*"));
    assert_true(ht_str_is(allowed[0].reason, "a fixture"));
    assert_true(ht_str_has_suffix(allowed[0].told_by, "hulltop.conf:3"));
    assert_int_equal(allowed[0].until_ns, INT64_C(1798761599) * HT_NS_PER_S);
    assert_int_equal(allowed[1].image.len, 0);
    assert_true(ht_str_has_suffix(allowed[1].told_by, "hulltop.conf:4"));
    fini(&parsed);
}

static void an_exception_that_says_too_little_is_refused(void **state)
{
#define WHAT "- { check: SEC-013, name: N, reason: r, until: 2026-12-31"
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"allow: yes\n", ":1: allow: expected a list"},
        {"allow:\n- x\n", ":2: allow: expected check"},
        {"allow:\n" WHAT ", nam: x }\n", "did you mean name?"},
        {"allow:\n" WHAT ", image: [x] }\n", ":2: allow: image: expected a text"},
        {"allow:\n- { check: SEC-999, name: N, reason: r, until: 2026-12-31 }\n", "no such check"},
        {"allow:\n- { check: PRV-012, name: N, reason: r, until: 2026-12-31 }\n", "whole node"},
        {"allow:\n- { check: SEC-013, reason: r, until: 2026-12-31 }\n", "as a whole"},
        {"allow:\n- { check: SEC-013, name: N, until: 2026-12-31 }\n", "needs a reason"},
        {"allow:\n- { check: SEC-013, name: N, reason: r }\n", "YYYY-MM-DD"},
        {"allow:\n- { check: SEC-013, name: N, reason: r, until: 2026-02-30 }\n", "YYYY-MM-DD"},
        {"allow:\n- { check: SEC-013, name: N, reason: r, until: never }\n", "YYYY-MM-DD"},
        {"theme: [light]\n", ":1: the value is no single word"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct parsed parsed;

        parse_config(&parsed, cases[i].text);
        assert_true(parsed.result < 0);
        if (!strstr(parsed.err.text, cases[i].message))
            fail_msg("%zu: %s", i, parsed.err.text);
        fini(&parsed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_words_it_is_the_dashboard),
        cmocka_unit_test(values_stand_apart_or_behind_an_equals_sign),
        cmocka_unit_test(a_text_or_a_switch_is_kept_where_it_belongs),
        cmocka_unit_test(questions_named_twice_add_up),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(what_does_something_or_no_harm_is_taken),
        cmocka_unit_test(what_the_configuration_says_fails_no_command),
        cmocka_unit_test(a_password_in_an_address_is_not_quoted),
        cmocka_unit_test(the_version_names_every_runtime_that_is_asked),
        cmocka_unit_test(help_and_version_have_the_names_they_have_elsewhere),
        cmocka_unit_test(help_fits_a_terminal),
        cmocka_unit_test(the_command_line_wins_over_the_configuration),
        cmocka_unit_test(exceptions_have_a_reason_and_an_end),
        cmocka_unit_test(an_exception_that_says_too_little_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
