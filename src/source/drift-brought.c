/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an interpreter loads though no word of its command line is that file: by variables, by files
 * of arguments, out of folders. It is looked at where mappings are, not in each look. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "drift-environ.h"
#include "drift-look.h"
#include "origin-file.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

/* For one process. */
enum {
    FILES_MAX = 512,  /* that are judged */
    NAMES_MAX = 4096, /* in one folder */
    LISTED_MAX = 32,  /* folders */
    READ_MAX = 32     /* files of arguments */
};

#define ARGUMENTS_MAX ((size_t)64 * 1024)

struct bringing {
    struct ht_drift_looking *looking;
    struct ht_str exe;
    struct ht_str by; /* the variable or the argument that names it */
    size_t files;     /* that were judged */
    size_t folders;   /* that were listed */
    size_t arguments; /* files of arguments that were read */
};

/* What was not looked at may be anything. */
static void leave_out(struct bringing *bringing, const char *reason)
{
    ht_drift_keep_unclear(bringing->looking, bringing->exe, HT_CODE_KIND_SCRIPT, bringing->by,
                          reason);
}

static bool is_full(const struct bringing *bringing)
{
    return bringing->files > FILES_MAX;
}

static void judge(struct bringing *bringing, const struct ht_script *script)
{
    if (bringing->files < FILES_MAX)
        ht_drift_judge_beside(bringing->looking, bringing->exe, script, bringing->by);
    else if (bringing->files == FILES_MAX)
        leave_out(bringing, "more files are loaded than are looked at");
    bringing->files += !is_full(bringing);
}

static void judge_path(struct bringing *bringing, struct ht_str path)
{
    const struct ht_script script = {.kind = HT_SCRIPT_FILE, .text = path};

    if (path.len)
        judge(bringing, &script);
}

static struct ht_str in_folder(const struct bringing *bringing, struct ht_str folder,
                               struct ht_str name)
{
    return ht_arena_strf(bringing->looking->drift->arena, "%.*s/%.*s", HT_STR_ARG(folder),
                         HT_STR_ARG(name));
}

/* ---- all archives of a folder ---- */

struct listing {
    struct bringing *bringing;
    struct ht_str folder;
};

static int take_archive(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct listing *listing = context;
    struct ht_str text = ht_str_from(name);

    (void)inode;
    if (type != DT_DIR && (ht_str_has_suffix(text, ".jar") || ht_str_has_suffix(text, ".JAR")))
        judge_path(listing->bringing, in_folder(listing->bringing, listing->folder, text));
    return is_full(listing->bringing);
}

static void judge_folder(struct bringing *bringing, struct ht_str folder)
{
    struct ht_drift_looking *looking = bringing->looking;
    struct listing listing = {.bringing = bringing, .folder = folder};
    const struct ht_dir_visitor visitor = {
        .visit = take_archive, .context = &listing, .max_entries = NAMES_MAX};
    struct ht_origin_ask ask =
        ht_drift_ask(looking, ht_drift_whole_path(looking, folder), HT_CODE_KIND_SCRIPT);
    struct ht_str path;
    ht_autoclose int fd = -1;
    ht_autoclose int open = -1;

    if (ask.path.len == 0 || bringing->folders++ >= LISTED_MAX) {
        leave_out(bringing, "a folder of archives was not looked into");
        return;
    }
    fd = ht_origin_open(looking->drift->origin, &ask, looking->drift->arena, &path);
    if (fd == -ENOENT || fd == -ENOTDIR)
        return;
    open = fd < 0 ? -1 : openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (open < 0 || ht_list_fd(open, &visitor, NULL) < 0)
        leave_out(bringing, "a folder of archives could not be read, or has too many names");
}

/* "FOLDER/\*" stands for all archives in it. */
static void judge_classes(struct bringing *bringing, struct ht_str path)
{
    if (ht_str_is(path, "*"))
        judge_folder(bringing, HT_S("."));
    else if (ht_str_has_suffix(path, "/*"))
        judge_folder(bringing, ht_str_sub(path, 0, path.len - 2));
}

/* ---- words ---- */

static void check_words(struct bringing *bringing, const struct ht_text_list *words)
{
    if (words->len >= HT_ENVIRON_WORDS_MAX)
        leave_out(bringing, "more options are told than are looked at");
}

static void judge_words(struct bringing *bringing, const struct ht_text_list *words)
{
    struct ht_loaded_walk walk = {.exe = bringing->exe, .argv = words};
    struct ht_script script;

    check_words(bringing, words);
    while (!is_full(bringing) && ht_loaded_next(&walk, &script)) {
        if (walk.is_list && ht_str_has_suffix(script.text, "*"))
            judge_classes(bringing, script.text);
        else
            judge(bringing, &script);
    }
}

/* Reads a file of arguments of Java. 0; -ENOENT there is none; else -errno, -EFBIG: out has its
 * beginning. */
static int read_arguments(struct ht_drift_looking *looking, struct ht_str path, struct ht_buf *out)
{
    struct ht_origin_ask ask =
        ht_drift_ask(looking, ht_drift_whole_path(looking, path), HT_CODE_KIND_SCRIPT);
    struct ht_str unused;
    ht_autoclose int fd = -1;
    ht_autoclose int readable = -1;

    if (ask.path.len == 0)
        return -EIO; /* where it stands is not known */
    fd = ht_origin_open(looking->drift->origin, &ask, looking->drift->arena, &unused);
    if (fd == -EXDEV) {
        if (!ht_origin_read_far(looking->drift->origin, &ask, ARGUMENTS_MAX, out))
            return -EIO;
        return out->len < ARGUMENTS_MAX ? 0 : -EFBIG;
    }
    readable = fd < 0 ? fd : ht_file_reopen(fd);
    return readable < 0 ? readable : ht_read_fd(readable, "arguments", out, ARGUMENTS_MAX, NULL);
}

/* before: the word in front of those in the file, whose value may be the first of them. Returns the
 * last of them. */
static struct ht_str judge_arguments(struct bringing *bringing, struct ht_str path,
                                     struct ht_str before)
{
    struct ht_arena *arena = bringing->looking->drift->arena;
    ht_autobuf struct ht_buf text = HT_BUF(ARGUMENTS_MAX + 1);
    int r =
        bringing->arguments++ < READ_MAX ? read_arguments(bringing->looking, path, &text) : -E2BIG;

    if (r < 0 && r != -ENOENT)
        leave_out(bringing, r == -EFBIG ? "a file of arguments is longer than is read"
                                        : "a file of arguments was not read");
    if (r < 0 && r != -EFBIG)
        return (struct ht_str){0};

    const struct ht_text_list words =
        ht_environ_split(ht_buf_str(&text), bringing->exe, before, true, arena);
    struct ht_script script = ht_script_of(bringing->exe, &words);
    if (script.kind == HT_SCRIPT_FILE)
        judge(bringing, &script);
    judge_words(bringing, &words);
    return words.items[words.len - 1];
}

static bool is_before_program(struct ht_str word)
{
    return ht_str_is(word, "-jar") || ht_str_is(word, "-m") || ht_str_is(word, "--module");
}

/* Those stand before what is run, or name it. */
static void judge_files_of_arguments(struct bringing *bringing, const struct ht_text_list *argv)
{
    struct ht_str before = {0};

    for (size_t i = 1; i < argv->len; i++) {
        struct ht_str word = argv->items[i];

        if (word.len > 1 && word.data[0] == '@') {
            bringing->by = word;
            before = judge_arguments(bringing, ht_str_sub(word, 1, word.len), before);
        } else if (!ht_str_has_prefix(word, "-") && (!before.len || is_before_program(before))) {
            return;
        } else {
            before = word;
        }
        if (!is_before_program(before) && !ht_script_has_value(bringing->exe, before))
            before = (struct ht_str){0};
    }
}

/* Folders that the command line names; files that it names are looked at each time. */
static void judge_wildcards(struct bringing *bringing, const struct ht_text_list *argv)
{
    struct ht_loaded_walk walk = {.exe = bringing->exe, .argv = argv};
    struct ht_script script;

    while (!is_full(bringing) && ht_loaded_next(&walk, &script)) {
        bringing->by = script.text;
        if (walk.is_list)
            judge_classes(bringing, script.text);
    }
}

/* ---- variables ---- */

/* As a class path on a command line. */
static void judge_list(struct bringing *bringing, struct ht_str list)
{
    struct ht_script script = {.kind = HT_SCRIPT_FILE, .is_list = true};

    while (!is_full(bringing) && ht_str_next(&list, ':', &script.text)) {
        if (ht_str_has_suffix(script.text, "*"))
            judge_classes(bringing, script.text);
        else if (script.text.len)
            judge(bringing, &script);
    }
}

/* What Python runs before all else, where one of its folders has it. */
static void judge_sites(struct bringing *bringing, struct ht_str list)
{
    static const char *const names[] = {"sitecustomize", "usercustomize"};
    struct ht_str folder;

    while (!is_full(bringing) && ht_str_next(&list, ':', &folder)) {
        for (size_t j = 0; folder.len && j < ARRAY_LEN(names); j++) {
            const struct ht_script script = {.kind = HT_SCRIPT_FILE,
                                             .text =
                                                 in_folder(bringing, folder, ht_str_from(names[j])),
                                             .suffix = ".py",
                                             .first = "__init__.py"};

            judge(bringing, &script);
        }
    }
}

/* Folders that Perl searches before its own. */
struct folders {
    struct ht_str items[FILES_MAX + 1]; /* of more, files would be left out anyway */
    size_t len;
};

static void add_folder(struct folders *folders, struct ht_str folder)
{
    if (folder.len && folders->len < ARRAY_LEN(folders->items))
        folders->items[folders->len++] = folder;
}

static void list_folders(struct bringing *bringing, const struct ht_text_list *words,
                         struct folders *ret)
{
    struct ht_str list = ht_environ_find(ht_drift_environment(bringing->looking), "PERL5LIB");
    struct ht_str folder;

    ret->len = 0;
    for (size_t i = 1; i < words->len; i++) {
        if (ht_str_has_prefix(words->items[i], "-I/"))
            add_folder(ret, ht_str_sub(words->items[i], 2, words->items[i].len));
    }
    while (ht_str_next(&list, ':', &folder))
        add_folder(ret, folder);
}

/* Once for all modules: an environment may have as many of these as bytes. */
static void judge_modules(struct bringing *bringing, struct ht_str options)
{
    struct ht_arena *arena = bringing->looking->drift->arena;
    const struct ht_text_list words =
        ht_environ_split(options, bringing->exe, HT_S(""), false, arena);
    struct folders folders;

    check_words(bringing, &words);
    list_folders(bringing, &words, &folders);
    for (size_t i = 1; i < words.len && folders.len && !is_full(bringing); i++) {
        struct ht_str file = ht_environ_module(words.items[i], arena);

        for (size_t j = 0; file.len && j < folders.len && !is_full(bringing); j++)
            judge_path(bringing, in_folder(bringing, folders.items[j], file));
    }
}

static void judge_variable(struct bringing *bringing, const struct ht_environ_walk *walk)
{
    struct ht_arena *arena = bringing->looking->drift->arena;

    bringing->by = ht_str_from(walk->variable);
    switch (walk->kind) {
    case HT_ENVIRON_WORDS: {
        const struct ht_text_list words =
            ht_environ_split(walk->value, bringing->exe, HT_S(""), false, arena);

        judge_words(bringing, &words);
        judge_files_of_arguments(bringing, &words);
        break;
    }
    case HT_ENVIRON_LIST:
        judge_list(bringing, walk->value);
        break;
    case HT_ENVIRON_FILE:
        judge_path(bringing, walk->value);
        break;
    case HT_ENVIRON_SITE:
        judge_sites(bringing, walk->value);
        break;
    case HT_ENVIRON_CODE:
        leave_out(bringing, "the variable brings code, or names a file as a shell makes it");
        break;
    case HT_ENVIRON_MODULES:
        judge_modules(bringing, walk->value);
        break;
    }
}

void ht_drift_judge_brought(struct ht_drift_looking *looking, struct ht_str exe)
{
    struct bringing bringing = {.looking = looking, .exe = exe};
    struct ht_environ_walk walk = {.exe = exe,
                                   .argv = ht_drift_whole_argv(looking, exe),
                                   .environment = ht_drift_environment(looking)};

    if (ht_str_is(ht_script_name(exe), "java")) {
        judge_wildcards(&bringing, walk.argv);
        judge_files_of_arguments(&bringing, walk.argv);
    }
    while (ht_environ_next(&walk))
        judge_variable(&bringing, &walk);
}
