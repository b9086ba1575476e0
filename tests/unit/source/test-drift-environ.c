/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What variables have interpreters load. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/mem.h"
#include "src/source/drift-environ.h"
#include "tests/unit/source/words.h"

struct asked {
    const char *exe;
    const char *argv;        /* blank-separated */
    const char *environment; /* bars stand between its entries */
    const char *found;       /* NAME=VALUE, bars between them */
};

static const struct asked table[] = {
    {"/opt/java/bin/java", "java -jar /a.jar", "A=1|JAVA_TOOL_OPTIONS=-Xmx1g|CLASSPATH=/b.jar",
     "JAVA_TOOL_OPTIONS=-Xmx1g"},
    {"/opt/java/bin/java", "java Main",
     "CLASSPATH=/b.jar:/c/*|XJAVA_TOOL_OPTIONS=x|JDK_JAVA_OPTIONS=", "CLASSPATH=/b.jar:/c/*"},
    {"/usr/bin/node", "node s.js", "NODE_OPTIONS=--require /a.js|NODE_PATH=/x",
     "NODE_OPTIONS=--require /a.js"},
    {"/usr/bin/deno", "deno run s.ts", "NODE_OPTIONS=--require /a.js", ""},
    {"/usr/bin/python3.11", "python3 /a.py -E", "PYTHONPATH=/p:/q", "PYTHONPATH=/p:/q"},
    {"/usr/bin/python3.11", "python3 -W error -Es /a.py", "PYTHONPATH=/p", ""},
    {"/usr/bin/python3.11", "python3 -I -c x", "PYTHONPATH=/p", ""},
    {"/usr/bin/python3.11", "python3 -ucimport_E", "PYTHONPATH=/p", "PYTHONPATH=/p"},
    {"/usr/bin/python3.11", "python3 -uXE /a.py", "PYTHONPATH=/p", "PYTHONPATH=/p"},
    {"/usr/bin/python3.11", "python3 -uX dev -I /a.py", "PYTHONPATH=/p", ""},
    {"/usr/bin/python3.11", "python3 -m app", "PYTHONSTARTUP=/s.py", ""},
    {"/usr/bin/python3.11", "python3", "PYTHONSTARTUP=/s.py", "PYTHONSTARTUP=/s.py"},
    {"/usr/bin/perl5.36.0", "perl /a.pl", "PERL5OPT=-MEvil|PERL5LIB=/p", "PERL5OPT=-MEvil"},
    {"/usr/bin/ruby3.1", "ruby /a.rb", "RUBYOPT=-r/x.rb", "RUBYOPT=-r/x.rb"},
    {"/bin/bash", "bash /a.sh", "BASH_ENV=/x.sh", "BASH_ENV=/x.sh"},
    {"/bin/bash", "sh /a.sh", "BASH_ENV=/x.sh", ""},
    {"/bin/bash", "bash", "BASH_ENV=/x.sh", ""},
    {"/bin/dash", "sh /a.sh", "BASH_ENV=/x.sh", ""},
    {"/usr/bin/lua5.4", "lua5.4 a.lua", "LUA_INIT=@/x.lua", "LUA_INIT=/x.lua"},
    {"/usr/bin/lua5.4", "lua5.4 a.lua", "LUA_INIT=print(1)", "LUA_INIT=print(1) (code)"},
    {"/bin/bash", "bash /a.sh", "BASH_ENV=$HOME/x.sh", "BASH_ENV=$HOME/x.sh (code)"},
    {"/bin/bash", "bash /a.sh", "BASH_ENV=`echo /x`", "BASH_ENV=`echo /x` (code)"},
    {"/usr/bin/perl", "perl /a.pl -d", "PERL5DB=BEGIN{x}", ""},
    {"/usr/bin/perl", "perl -wd /a.pl", "PERL5DB=BEGIN{x}", "PERL5DB=BEGIN{x} (code)"},
    {"/usr/bin/perl", "perl -d:Trace /a.pl", "PERL5DB=BEGIN{x}", ""},
    {"/usr/bin/perl", "perl -Mdebug /a.pl", "PERL5DB=BEGIN{x}", ""},
    {"/usr/bin/perl", "perl /a.pl", "PERL5DB=BEGIN{x}|PERL5OPT=-w -d",
     "PERL5DB=BEGIN{x} (code)|PERL5OPT=-w -d"},
    {"/usr/sbin/nginx", "nginx", "JAVA_TOOL_OPTIONS=-javaagent:/a.jar", ""},
};

static void variables_that_count_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        ht_autobuf struct ht_buf found = HT_BUF(4096);
        ht_autofree char *environment =
            ht_strndup(table[i].environment, strlen(table[i].environment));
        struct ht_str words[HT_TEST_WORDS_MAX];
        const struct ht_text_list argv = ht_test_words(table[i].argv, words);
        struct ht_environ_walk walk = {.exe = ht_str_from(table[i].exe), .argv = &argv};

        for (char *at = environment; (at = strchr(at, '|')) != NULL;)
            *at++ = '\0';
        walk.environment =
            (struct ht_str){.data = environment, .len = strlen(table[i].environment) + 1};
        while (ht_environ_next(&walk))
            ht_buf_addf(&found, "%s%s=%.*s%s", found.len ? "|" : "", walk.variable,
                        HT_STR_ARG(walk.value), walk.kind == HT_ENVIRON_CODE ? " (code)" : "");
        if (!ht_str_is(ht_buf_str(&found), table[i].found))
            fail_msg("%s, %s: %.*s", table[i].argv, table[i].environment,
                     HT_STR_ARG(ht_buf_str(&found)));
        if (found.len && !ht_environ_is_asked(walk.exe))
            fail_msg("%s: its environment is not read", table[i].exe);
    }
    assert_false(ht_environ_is_asked(HT_S("/usr/sbin/nginx")));
    assert_false(ht_environ_is_asked(HT_S("/bin/busybox")));
}

static const struct {
    const char *exe;
    const char *text;
    const char *before;
    bool is_file;
    const char *found; /* bars between the words */
} texts[] = {
    {"java", "-Xmx1g  -javaagent:/a.jar=x", "", false, "-Xmx1g|-javaagent:/a.jar=x"},
    {"java", "-Da='b c' \"-javaagent:/a\\b.jar\"", "", false, "-Da=b c|-javaagent:/a\\b.jar"},
    {"java", "# one -cp /no\n-cp \"/a\\\"b.jar\" #no\n#\nMain", "", true, "-cp|/a\"b.jar|Main"},
    {"java", "\"-javaagent:/a.jar\"#b\nc", "", true, "-javaagent:/a.jar|c"},
    {"java", "/a\\b '\\t'", "", true, "/a\\b|\t"},
    {"java", "/a.jar", "-jar", true, "-jar|/a.jar"},
    {"java", "#", "", true, ""},
    {"java", "#c", "", false, "#c"},
    {"java", " '' ", "", false, ""},
    {"java", "'open -x", "", false, "open -x"},
    {"java", "", "", false, ""},
    {"nodejs", "--require \"/a \\\"b.js\" \"-r\"/c.js", "", false, "--require|/a \"b.js|-r/c.js"},
    {"node", "-r /'x'.js -r /a\tb.js", "", false, "-r|/'x'.js|-r|/a\tb.js"},
    {"ruby3.1", "-r/'x'\t-r\"y\"", "", false, "-r/'x'|-r\"y\""},
};

static void options_are_parted_as_their_reader_does(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(0);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        ht_autobuf struct ht_buf found = HT_BUF(4096);
        const struct ht_text_list words =
            ht_environ_split(ht_str_from(texts[i].text), ht_str_from(texts[i].exe),
                             ht_str_from(texts[i].before), texts[i].is_file, arena);

        assert_true(words.len >= 1 && ht_str_is(words.items[0], texts[i].exe));
        for (size_t j = 1; j < words.len; j++)
            ht_buf_addf(&found, "%s%.*s", j > 1 ? "|" : "", HT_STR_ARG(words.items[j]));
        if (!ht_str_is(ht_buf_str(&found), texts[i].found))
            fail_msg("%s: %.*s", texts[i].text, HT_STR_ARG(ht_buf_str(&found)));
    }
}

/* A file of arguments is written where a class path is too long for a command line. */
static void a_long_word_is_whole(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(0);
    ht_autobuf struct ht_buf text = HT_BUF(64 * 1024);

    (void)state;
    ht_buf_add_text(&text, "-cp ");
    while (text.len <= 2 * HT_LIMIT_ARG)
        ht_buf_add_text(&text, "/usr/share/java/a.jar:");
    ht_buf_add_text(&text, "/tmp/b.jar Main");
    const struct ht_text_list words =
        ht_environ_split(ht_buf_str(&text), HT_S("java"), HT_S(""), true, arena);

    assert_int_equal(words.len, 4);
    assert_true(ht_str_has_suffix(words.items[2], ":/tmp/b.jar"));
}

/* Whoever writes very many options must not hide the last. */
static void last_of_many_words_is_there(void **state)
{
    enum { WORDS = 1000 };
    ht_autoarena struct ht_arena *arena = ht_arena_new(0);
    ht_autobuf struct ht_buf text = HT_BUF(16 * WORDS);

    (void)state;
    for (size_t i = 0; i < WORDS; i++)
        ht_buf_add_text(&text, "-Da=1 ");
    ht_buf_add_text(&text, "-javaagent:/a.jar");
    const struct ht_text_list words =
        ht_environ_split(ht_buf_str(&text), HT_S("java"), HT_S("-jar"), true, arena);
    assert_int_equal(words.len, WORDS + 3);
    assert_true(ht_str_is(words.items[words.len - 1], "-javaagent:/a.jar"));
}

static void modules_of_perl_are_files(void **state)
{
    static const char *const options[][2] = {{"-MEvil", "Evil.pm"},
                                             {"-mNet::FTP=x", "Net/FTP.pm"},
                                             {"-d:Trace", "Devel/Trace.pm"},
                                             {"-M-strict", ""},
                                             {"-M", ""},
                                             {"-w", ""},
                                             {"-M../../etc/x", ""},
                                             {"-M::x", ""}};
    ht_autoarena struct ht_arena *arena = ht_arena_new(0);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        struct ht_str file = ht_environ_module(ht_str_from(options[i][0]), arena);

        if (!ht_str_is(file, options[i][1]))
            fail_msg("%s: %.*s", options[i][0], HT_STR_ARG(file));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_that_count_are_told),
        cmocka_unit_test(options_are_parted_as_their_reader_does),
        cmocka_unit_test(a_long_word_is_whole),
        cmocka_unit_test(last_of_many_words_is_there),
        cmocka_unit_test(modules_of_perl_are_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
