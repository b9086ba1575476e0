/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What interpreters run, by their command lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/mem.h"
#include "src/source/drift-script.h"
#include "tests/unit/source/words.h"

struct command {
    const char *exe;
    const char *words; /* blank-separated */
    enum ht_script_kind kind;
    const char *text; /* NULL: none */
};

static const struct command commands[] = {
    {"/bin/dash", "sh /app/run.sh -x", HT_SCRIPT_FILE, "/app/run.sh"},
    {"/bin/bash", "bash -eu -o pipefail run.sh", HT_SCRIPT_FILE, "run.sh"},
    {"/bin/bash", "bash --rcfile /tmp/rc", HT_SCRIPT_STDIN, NULL},
    {"/bin/bash", "bash -c id", HT_SCRIPT_INLINE, "id"},
    {"/bin/bash", "bash -ec id name", HT_SCRIPT_INLINE, "id"},
    {"/bin/bash", "bash -c -e id", HT_SCRIPT_INLINE, "id"},
    {"/bin/bash", "-bash", HT_SCRIPT_STDIN, NULL},
    {"/bin/sh", "sh -s", HT_SCRIPT_STDIN, NULL},
    {"/bin/sh", "sh -- -odd.sh", HT_SCRIPT_FILE, "-odd.sh"},
    {"/bin/sh", "sh -c", HT_SCRIPT_NONE, NULL},
    {"/bin/busybox", "sh /x.sh", HT_SCRIPT_FILE, "/x.sh"},
    {"/bin/busybox", "busybox sh /x.sh", HT_SCRIPT_FILE, "/x.sh"},
    {"/bin/busybox", "sleep 10", HT_SCRIPT_NONE, NULL},
    {"/bin/busybox", "busybox", HT_SCRIPT_NONE, NULL},
    {"/usr/bin/python3.11", "python3 -u -W ignore /app/main.py a", HT_SCRIPT_FILE, "/app/main.py"},
    {"/usr/bin/python3.11", "python3 -m http.server", HT_SCRIPT_MODULE, "http.server"},
    {"/usr/bin/python3.11", "python3 -c print(1)", HT_SCRIPT_INLINE, "print(1)"},
    {"/usr/bin/python3.11", "python3 -", HT_SCRIPT_STDIN, NULL},
    {"/usr/bin/python3.11", "python3", HT_SCRIPT_STDIN, NULL},
    {"/usr/bin/perl5.36", "perl -I /lib -w x.pl", HT_SCRIPT_FILE, "x.pl"},
    {"/usr/bin/perl", "perl -lne print", HT_SCRIPT_INLINE, "print"},
    {"/usr/bin/ruby3.1", "ruby -r json x.rb", HT_SCRIPT_FILE, "x.rb"},
    {"/usr/local/bin/node", "node --max-old-space-size=99 -r dotenv /srv/s.js", HT_SCRIPT_FILE,
     "/srv/s.js"},
    {"/usr/local/bin/node", "node -e f()", HT_SCRIPT_INLINE, "f()"},
    {"/usr/bin/deno", "deno run --allow-net a.ts", HT_SCRIPT_FILE, "a.ts"},
    {"/usr/bin/php8.2", "php -d x=1 -f a.php", HT_SCRIPT_FILE, "a.php"},
    {"/usr/bin/php8.2", "php -S 0:80 -t web", HT_SCRIPT_STDIN, NULL},
    {"/usr/bin/lua5.4", "lua5.4 -l socket a.lua", HT_SCRIPT_FILE, "a.lua"},
    {"/opt/java/bin/java", "java -Xmx1g -cp /a:/b -jar /app.jar x", HT_SCRIPT_FILE, "/app.jar"},
    {"/opt/java/bin/java", "java -cp /a Main", HT_SCRIPT_NONE, NULL},
    {"/opt/java/bin/java", "java @/args -jar /x.jar", HT_SCRIPT_FILE, "/x.jar"},
    {"/opt/java/bin/java", "java Main.java", HT_SCRIPT_FILE, "Main.java"},
    {"/usr/sbin/nginx", "nginx -c /etc/nginx.conf", HT_SCRIPT_NONE, NULL},
    {"/bin/sh", "", HT_SCRIPT_NONE, NULL},
};

static void interpreters_tell_what_they_run(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        struct ht_str words[HT_TEST_WORDS_MAX];
        const struct ht_text_list argv = ht_test_words(commands[i].words, words);
        struct ht_script script = ht_script_of(ht_str_from(commands[i].exe), &argv);

        if (script.kind != commands[i].kind ||
            !ht_str_equal(script.text, ht_str_from(commands[i].text)))
            fail_msg("%s: %d %.*s", commands[i].words, (int)script.kind, HT_STR_ARG(script.text));
        /* Where the command line would tell, it is asked for. */
        if (script.kind != HT_SCRIPT_NONE && !ht_script_has_argv(ht_str_from(commands[i].exe)))
            fail_msg("%s: its command line is not read", commands[i].exe);
    }
    assert_false(ht_script_has_argv(HT_S("/usr/sbin/nginx")));
}

struct words {
    const char *exe; /* NULL: shell code */
    const char *words;
    const char *found; /* blank-separated */
};

static const struct words loaded[] = {
    {"/usr/bin/java", "java -cp /a.jar:/b:x.jar -Dx=y Main -cp /no.jar", "/a.jar /b x.jar"},
    {"/usr/bin/java", "java --class-path=/a.jar -javaagent:/g.jar=p=1 -jar /j -cp /no",
     "/a.jar /g.jar"},
    {"/usr/bin/java", "java -cp", ""},
    {"/usr/bin/java", "java -p /m -cp : Main", "/m"},
    {"/usr/bin/java", "java --patch-module java.base=/p.jar:/q -cp /a Main", "/p.jar /q /a"},
    {"/usr/bin/java", "java --patch-module=java.base=/p.jar --patch-module x Main", "/p.jar"},
    {"/usr/bin/java", "java --limit-modules a --source 21 -Xbootclasspath/p:/p.jar Main", "/p.jar"},
    {"/usr/bin/node", "node -r /p.js --import=/q.mjs -C x s.js -r /no.js", "/p.js /q.mjs"},
    {"/usr/bin/node", "node -r dotenv --import file:///q.mjs -r ./c s.js",
     "node_modules:dotenv /q.mjs ./c"},
    {"/usr/bin/ruby3.1", "ruby -r json -r/a.rb -r ./b x.rb", "/a.rb ./b"},
    {"/usr/bin/java", "java -Xbootclasspath/a:/a.jar:/b.jar @/args -agentpath:/c.so=x Main",
     "/a.jar /b.jar /c.so"},
    {"/bin/sh", "sh -r /a", ""},
    {"/bin/ls", "ls -r /a", ""},
    {NULL, ". /a.sh; true", "/a.sh"},
    {NULL, "set -e && source '/b.sh' x;. c.sh", "/b.sh c.sh"},
    {NULL, "echo . /no; ls ./x; a=. ./no", ""},
    {NULL, "(. /a) | . \"/b\"\n. /c", "/a /b /c"},
    {NULL, ".", ""},
};

static void what_is_loaded_beside_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(loaded); i++) {
        ht_autobuf struct ht_buf found = HT_BUF(4096);
        struct ht_str words[HT_TEST_WORDS_MAX], path;
        struct ht_str text = ht_str_from(loaded[i].words);
        const struct ht_text_list argv = ht_test_words(loaded[i].words, words);
        struct ht_loaded_walk walk = {.exe = ht_str_from(loaded[i].exe), .argv = &argv};
        struct ht_script script = {.kind = HT_SCRIPT_NONE};

        while (loaded[i].exe ? ht_loaded_next(&walk, &script)
                             : ht_script_next_sourced(&text, &path)) {
            if (script.bare)
                ht_buf_addf(&found, "%s%s:", found.len ? " " : "", script.bare);
            ht_buf_addf(&found, "%s%.*s", found.len && !script.bare ? " " : "",
                        HT_STR_ARG(loaded[i].exe ? script.text : path));
        }
        if (!ht_str_is(ht_buf_str(&found), loaded[i].found))
            fail_msg("%s: %.*s", loaded[i].words, HT_STR_ARG(ht_buf_str(&found)));
    }
}

static void open_descriptors_are_known(void **state)
{
    unsigned number = 0;

    (void)state;
    assert_true(ht_script_is_descriptor(HT_S("/dev/fd/63"), &number));
    assert_int_equal(number, 63);
    assert_true(ht_script_is_descriptor(HT_S("/proc/self/fd/3"), &number));
    assert_int_equal(number, 3);
    assert_true(ht_script_is_descriptor(HT_S("/dev/stdin"), &number));
    assert_int_equal(number, 0);
    assert_false(ht_script_is_descriptor(HT_S("/dev/fd/"), &number));
    assert_false(ht_script_is_descriptor(HT_S("/dev/fd/3x"), &number));
    assert_false(ht_script_is_descriptor(HT_S("/dev/fd/99999999999"), &number));
    assert_false(ht_script_is_descriptor(HT_S("/proc/1/fd/3"), &number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interpreters_tell_what_they_run),
        cmocka_unit_test(what_is_loaded_beside_is_told),
        cmocka_unit_test(open_descriptors_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
