/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was not looked at, since there is too much of it or nobody can tell what it is, is said. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/source/drift-alone.h"
#include "tests/unit/tree.h"
#include "hulltop/base/mem.h"

enum { PATH_BYTES = 128 };

/* A process as a made-up /proc has it; files of its container are those of the test. */
struct place {
    char proc[PATH_BYTES / 2];
    struct ht_drift drift;
    struct ht_drift_process process;
    struct ht_drift_looking looking;
};

static FILE *create(const struct place *place, const char *name)
{
    char path[PATH_BYTES];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%d/%s", place->proc, (int)getpid(), name);
    file = fopen(path, "we");
    assert_non_null(file);
    return file;
}

static int set_up(void **state)
{
    struct place *place = ht_new0(struct place);
    const char *tmp = getenv("TMPDIR");
    char path[PATH_BYTES];

    snprintf(place->proc, sizeof(place->proc), "%s/limits.XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(place->proc));
    snprintf(path, sizeof(path), "%s/%d", place->proc, (int)getpid());
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(ht_test_drift_begin(&place->drift, place->proc, NULL), 0);
    place->process.pid = getpid();
    place->process.home = ht_layers_join(place->drift.layers, HT_S("c1"), 1, false);
    place->looking = (struct ht_drift_looking){.drift = &place->drift, .process = &place->process};
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    struct ht_vec *fresh = &place->looking.fresh;
    int r = ht_test_remove_tree(place->proc);

    for (size_t i = 0; i < fresh->len; i++)
        ht_codes_end(place->drift.codes, fresh->items[i], 1);
    ht_vec_fini(fresh);
    ht_drift_forget_environment(&place->looking);
    ht_layers_leave(place->drift.layers, place->process.home);
    ht_test_drift_end(&place->drift);
    free(place);
    return r;
}

struct signs {
    struct ht_feed feed; /* first, so that it leads back */
    size_t of_life;
};

static void count_sign(struct ht_feed *feed, const char *where)
{
    (void)where;
    ((struct signs *)(void *)feed)->of_life++;
}

/* Many layers may be due at once, and each may take its time. */
static void each_layer_is_a_sign_of_life(void **state)
{
    struct place *place = *state;
    struct ht_drift *drift = &place->drift;
    struct ht_layers_entry *entries[3] = {place->process.home};
    struct signs signs = {.feed = {.at = count_sign}};

    entries[1] = ht_layers_join(drift->layers, HT_S("c2"), 1, false);
    entries[2] = ht_layers_join(drift->layers, HT_S("c3"), 1, false);
    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        ht_layers_offer(entries[i], getpid(), 1, false);
        ht_layers_looked(entries[i], false);
    }
    ht_layers_look(drift->layers, drift->origin, 1, 1, &signs.feed);
    assert_int_equal(signs.of_life, ARRAY_LEN(entries));
    ht_layers_leave(drift->layers, entries[1]);
    ht_layers_leave(drift->layers, entries[2]);
}

/* Whether a row says that of the kind, for that reason. */
static bool says(const struct place *place, enum ht_code_kind kind, const char *reason)
{
    struct ht_node *sample = ht_node_new(1);
    const struct ht_rowset *rows;
    bool found = false;

    ht_codes_put(place->drift.codes, sample);
    rows = ht_node_set(sample, HT_TABLE_CODE);
    for (size_t i = 0; i < rows->len; i++) {
        const struct ht_code *code = ht_code_of(rows->rows[i]);

        found = found || (code->kind == kind && code->origin == HT_CODE_ORIGIN_BLIND &&
                          ht_str_is(code->reason, reason));
    }
    ht_node_unref(sample);
    return found;
}

static void write_maps(const struct place *place, unsigned count)
{
    FILE *file = create(place, "maps");

    for (unsigned i = 0; i < count; i++)
        fprintf(file, "%x000-%x000 r-xp 00000000 00:2a %u /nowhere/%u (deleted)\n", 16 + 2 * i,
                17 + 2 * i, i + 1, i);
    assert_int_equal(fclose(file), 0);
}

static void mappings_past_the_limit_are_said(void **state)
{
    static const char reason[] = "it maps more files than are looked at";
    struct place *place = *state;

    write_maps(place, 4096);
    ht_drift_judge_maps(&place->looking, HT_S("/bin/app"));
    assert_true(place->looking.mapped);
    assert_false(says(place, HT_CODE_KIND_LIBRARY, reason));
    write_maps(place, 4097);
    ht_drift_judge_maps(&place->looking, HT_S("/bin/app"));
    assert_true(says(place, HT_CODE_KIND_LIBRARY, reason));
}

static void preloads_past_the_limit_are_said(void **state)
{
    struct place *place = *state;
    FILE *file = create(place, "environ");

    fputs("A=1", file);
    fputc('\0', file);
    fputs("LD_PRELOAD=", file);
    for (unsigned i = 0; i < 257; i++)
        fprintf(file, "/nowhere/%u:", i);
    assert_int_equal(fclose(file), 0);
    ht_drift_judge_environment(&place->looking, HT_S("/bin/app"));
    assert_true(says(place, HT_CODE_KIND_PRELOAD, "variables name more files than are looked at"));
}

static void write_variable(const struct place *place, const char *name, const char *value,
                           unsigned times)
{
    FILE *file = create(place, "environ");

    fputs(name, file);
    for (unsigned i = 0; i < times; i++)
        fputs(value, file);
    assert_int_equal(fclose(file), 0);
}

static void write_argv(struct place *place, struct ht_str *words, size_t len)
{
    place->looking.argv = (struct ht_text_list){.items = words, .len = len};
    place->looking.asked_argv = place->looking.has_argv = true;
}

static void files_past_the_limit_are_said(void **state)
{
    struct ht_str words[] = {HT_STR("java"), HT_STR("Main")};
    struct place *place = *state;

    write_argv(place, words, ARRAY_LEN(words));
    write_variable(place, "CLASSPATH=", "/nowhere/a.jar:", 512);
    ht_drift_judge_environment(&place->looking, HT_S("/usr/bin/java"));
    assert_false(says(place, HT_CODE_KIND_SCRIPT, "more files are loaded than are looked at"));
    ht_drift_forget_environment(&place->looking);
    write_variable(place, "CLASSPATH=", "/nowhere/a.jar:", 513);
    ht_drift_judge_environment(&place->looking, HT_S("/usr/bin/java"));
    assert_true(says(place, HT_CODE_KIND_SCRIPT, "more files are loaded than are looked at"));
}

/* A class path of more bytes than a row keeps, and a file behind more words. */
static void a_long_command_line_is_read_to_its_end(void **state)
{
    static const char reason[] = "its command line is longer than is read";
    struct place *place = *state;
    FILE *file = create(place, "cmdline");

    fputs("java", file);
    fputc('\0', file);
    for (unsigned i = 0; i < 300; i++)
        fprintf(file, "-Dx%u%c", i, 0);
    fputs("-cp", file);
    fputc('\0', file);
    for (unsigned i = 0; i < 600; i++)
        fputs("/nowhere/a.jar:", file);
    assert_int_equal(fclose(file), 0);
    ht_drift_judge_script(&place->looking, HT_S("/usr/bin/java"));
    assert_int_equal(place->looking.argv.len, HT_LIMIT_ARGV);
    assert_int_equal(place->looking.whole_argv.len, 303);
    assert_true(
        says(place, HT_CODE_KIND_SCRIPT, "its command line has more than 512 files loaded"));
    assert_false(says(place, HT_CODE_KIND_SCRIPT, reason));
    /* It has another one by now. */
    place->looking.asked_whole_argv = false;
    file = create(place, "cmdline");
    fputs("java", file);
    assert_int_equal(fclose(file), 0);
    ht_drift_judge_script(&place->looking, HT_S("/opt/bin/java"));
    assert_true(says(place, HT_CODE_KIND_SCRIPT, reason));
}

/* As many modules as words are kept, behind as many folders as bytes: what is looked up for each of
 * them together would take minutes. */
static void modules_past_the_limit_are_said(void **state)
{
    struct ht_str words[] = {HT_STR("perl"), HT_STR("/a.pl")};
    struct place *place = *state;
    FILE *file = create(place, "environ");

    for (unsigned i = 0; i < 300000; i++)
        fputc('\0', file);
    fputs("PERL5LIB=", file);
    for (unsigned i = 0; i < 300000; i++)
        fputc(':', file);
    fprintf(file, "/nowhere%cPERL5OPT=", 0);
    for (unsigned i = 0; i < 5000; i++)
        fputs("-Ma ", file);
    assert_int_equal(fclose(file), 0);
    write_argv(place, words, ARRAY_LEN(words));
    ht_drift_judge_environment(&place->looking, HT_S("/usr/bin/perl"));
    assert_true(says(place, HT_CODE_KIND_SCRIPT, "more options are told than are looked at"));
}

/* Whether a script is told whose path ends so. */
static bool has_script(const struct place *place, const char *end)
{
    struct ht_node *sample = ht_node_new(1);
    const struct ht_rowset *rows;
    bool found = false;

    ht_codes_put(place->drift.codes, sample);
    rows = ht_node_set(sample, HT_TABLE_CODE);
    for (size_t i = 0; i < rows->len; i++)
        found = found || ht_str_has_suffix(ht_code_of(rows->rows[i])->path, end);
    ht_node_unref(sample);
    return found;
}

/* What a row would not tell of a command line is looked at; a word that is no file is not told. */
static void a_path_like_a_secret_is_looked_at(void **state)
{
    struct place *place = *state;
    char path[PATH_BYTES];
    FILE *file = create(place, "cmdline");

    fprintf(file, "python3%c%s/password=abcd1234%c", 0, place->proc, 0);
    assert_int_equal(fclose(file), 0);
    snprintf(path, sizeof(path), "%s/%d/exe", place->proc, (int)getpid());
    assert_int_equal(symlink("/usr/bin/python3", path), 0);
    ht_drift_judge_script(&place->looking, HT_S("/usr/bin/python3"));
    assert_true(has_script(place, "/password=***"));
    assert_false(has_script(place, "abcd1234"));

    place->drift.watch = ht_exec_new(&(struct ht_exec_options){
        .clock = ht_clock_system(), .no_fanotify = true, .no_connector = true});
    snprintf(path, sizeof(path), "%s/password=abcd1234", place->proc);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    ht_drift_judge_script(&place->looking, HT_S("/usr/bin/python3"));
    assert_true(has_script(place, "/password=abcd1234"));
}

/* A folder of a class path, on a mount that each process has: told when a class lies there. */
static void folders_that_a_variable_names_are_told(void **state)
{
    struct ht_str words[] = {HT_STR("java"), HT_STR("Main")};
    char folder[] = "/dev/shm/classes.XXXXXX", inner[PATH_BYTES], class[PATH_BYTES];
    struct place *place = *state;

    if (!mkdtemp(folder))
        skip();
    snprintf(inner, sizeof(inner), "%s/org", folder);
    snprintf(class, sizeof(class), "%s/org/Main.class", folder);
    place->drift.watch = ht_exec_new(&(struct ht_exec_options){
        .clock = ht_clock_system(), .no_fanotify = true, .no_connector = true});
    write_argv(place, words, ARRAY_LEN(words));
    write_variable(place, "CLASSPATH=/nowhere:", folder, 1);
    ht_drift_judge_environment(&place->looking, HT_S("/usr/bin/java"));
    assert_false(has_script(place, folder));
    assert_int_equal(mkdir(inner, 0700), 0);
    assert_int_equal(close(creat(class, 0600)), 0);
    ht_drift_judge_environment(&place->looking, HT_S("/usr/bin/java"));
    assert_true(has_script(place, folder));
    assert_false(has_script(place, "/nowhere"));
    assert_int_equal(ht_test_remove_tree(folder), 0);
}

static void code_in_a_variable_is_said(void **state)
{
    struct ht_str words[] = {HT_STR("bash"), HT_STR("/a.sh")};
    struct place *place = *state;

    write_argv(place, words, ARRAY_LEN(words));
    write_variable(place, "BASH_ENV=", "$HOME/x.sh", 1);
    ht_drift_judge_environment(&place->looking, HT_S("/bin/bash"));
    assert_true(says(place, HT_CODE_KIND_SCRIPT,
                     "the variable brings code, or names a file as a shell makes it"));
}

static void a_folder_that_cannot_be_listed_is_said(void **state)
{
    static const char reason[] = "a folder of archives could not be read, or has too many names";
    struct ht_str words[] = {HT_STR("java"), HT_STR("-cp"), HT_STR("/jars/*"), HT_STR("Main")};
    char folder[PATH_BYTES], path[PATH_BYTES + 16];
    struct ht_str list[ARRAY_LEN(words)];
    struct place *place = *state;

    snprintf(folder, sizeof(folder), "%s/jars/*", place->proc);
    memcpy(list, words, sizeof(words));
    list[2] = ht_str_from(folder);
    write_argv(place, list, ARRAY_LEN(list));
    folder[strlen(folder) - 2] = '\0';
    assert_int_equal(mkdir(folder, 0700), 0);
    folder[strlen(folder)] = '/';
    for (unsigned i = 0; i <= 4096; i++) {
        if (i == 4096) {
            ht_drift_judge_environment(&place->looking, HT_S("/usr/bin/java"));
            assert_false(says(place, HT_CODE_KIND_SCRIPT, reason));
        }
        snprintf(path, sizeof(path), "%s/jars/%u", place->proc, i);
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        assert_int_equal(fclose(file), 0);
    }
    ht_drift_judge_environment(&place->looking, HT_S("/usr/bin/java"));
    assert_true(says(place, HT_CODE_KIND_SCRIPT, reason));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_path_like_a_secret_is_looked_at),      TEST(folders_that_a_variable_names_are_told),
        TEST(mappings_past_the_limit_are_said),       TEST(preloads_past_the_limit_are_said),
        TEST(files_past_the_limit_are_said),          TEST(modules_past_the_limit_are_said),
        TEST(a_long_command_line_is_read_to_its_end), TEST(code_in_a_variable_is_said),
        TEST(a_folder_that_cannot_be_listed_is_said), TEST(each_layer_is_a_sign_of_life),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
