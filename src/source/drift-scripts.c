/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scripts that a process interprets: what its command line says, and where that lies. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "drift-classes.h"
#include "drift-look.h"
#include "drift-script.h"
#include "hulltop/base/digest.h"
#include "hulltop/base/mem.h"
#include "hulltop/model/code.h"

enum { INLINE_DIGITS = 16, SOURCED_MAX = 4, LOADED_MAX = 512, FOLDERS_MAX = 16 };

/* ---- where it lies ---- */

static struct ht_str joined(struct ht_drift *drift, struct ht_str folder, struct ht_str name)
{
    if (!ht_str_has_prefix(folder, "/"))
        return (struct ht_str){0};
    return ht_arena_strf(drift->arena, "%.*s/%.*s", HT_STR_ARG(folder), HT_STR_ARG(name));
}

static struct ht_str working_folder(struct ht_drift_looking *looking)
{
    struct ht_drift *drift = looking->drift;

    if (!looking->asked_cwd)
        looking->cwd = ht_arena_str(
            drift->arena, ht_proc_read_link(&drift->reader, looking->process->pid, "cwd"));
    looking->asked_cwd = true;
    return looking->cwd;
}

static struct ht_str former_folder(struct ht_drift_looking *looking)
{
    return ht_environ_find(ht_drift_environment(looking), "PWD");
}

static bool judge_file(struct ht_drift_looking *looking, struct ht_str path, struct ht_code *code)
{
    *code = (struct ht_code){0};
    return path.len && ht_drift_judge_path(looking, path, HT_CODE_KIND_SCRIPT, code);
}

/* What a word leads to: the file, the file with what the interpreter adds to its name, or what it
 * begins with in a folder. */
static bool judge_word(struct ht_drift_looking *looking, const struct ht_script *script,
                       struct ht_str path, struct ht_code *code)
{
    struct ht_drift *drift = looking->drift;

    if (path.len == 0)
        return false;
    if (judge_file(looking, path, code))
        return true;
    return (script->suffix &&
            judge_file(looking,
                       ht_arena_strf(drift->arena, "%.*s%s", HT_STR_ARG(path), script->suffix),
                       code)) ||
           (script->first &&
            judge_file(looking, joined(drift, path, ht_str_from(script->first)), code));
}

/* A relative path began where the process stood at its start. It may have gone elsewhere since, to
 * where the image has one of that name; where its shell had been says its environment. What is not
 * the image's tells more, if both are to be looked at. */
static bool judge_at(struct ht_drift_looking *looking, const struct ht_script *script, bool both,
                     struct ht_code *code)
{
    struct ht_drift *drift = looking->drift;
    struct ht_str folder, was;
    struct ht_code other = {0};

    if (ht_str_has_prefix(script->text, "/"))
        return judge_word(looking, script, script->text, code);
    folder = working_folder(looking);
    bool found = judge_word(looking, script, joined(drift, folder, script->text), code);
    if (found && (!both || ht_code_class_of(code->origin) != HT_CODE_CLASS_OWN))
        return true;
    was = former_folder(looking);
    if (ht_str_equal(was, folder) ||
        !judge_word(looking, script, joined(drift, was, script->text), &other))
        return found;
    if (!found || ht_code_class_of(other.origin) != HT_CODE_CLASS_OWN)
        *code = other;
    return true;
}

/* What the kernel calls a descriptor of the process. */
static struct ht_str link_of(struct ht_drift_looking *looking, unsigned number)
{
    char name[16];

    snprintf(name, sizeof(name), "fd/%u", number);
    return ht_proc_read_link(&looking->drift->reader, looking->process->pid, name);
}

/* Whether a path, or what was deleted there, is called so. */
static bool is_called(struct ht_str path, struct ht_str name)
{
    return ht_str_equal(ht_str_program(path), name);
}

/* The descriptor by which a shell reads its script: whoever starts it may leave it others, so that
 * only one of the script's name (empty: any) is taken for that, and what is not the image's tells
 * more than what is. */
static bool judge_kept(struct ht_drift_looking *looking, struct ht_str name, struct ht_code *code)
{
    static const unsigned numbers[] = {255, 10, 11, 12};
    bool found = false;

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        struct ht_code kept = {0};

        if ((name.len && !is_called(link_of(looking, numbers[i]), name)) ||
            !ht_drift_judge_descriptor(looking, numbers[i], HT_CODE_KIND_SCRIPT, &kept))
            continue;
        if (!found || ht_code_class_of(code->origin) == HT_CODE_CLASS_OWN)
            *code = kept;
        found = true;
    }
    return found;
}

/* The path without links above its last element. */
static struct ht_str without_links(struct ht_drift_looking *looking, struct ht_str path)
{
    struct ht_drift *drift = looking->drift;
    struct ht_str above = ht_str_folder(path);
    struct ht_origin_ask ask = ht_drift_ask(looking, above, HT_CODE_KIND_SCRIPT);
    struct ht_str folder = {0};
    ht_autoclose int fd = ht_origin_open(drift->origin, &ask, drift->arena, &folder);

    if (fd < 0 || above.len < 2 || folder.len < 2)
        return path;
    return joined(drift, folder, ht_str_base(path));
}

/* Whether the image or the writable directory has a file at that path: 1, 0, or -1 where that
 * cannot be told. */
static int is_in_layers(struct ht_drift_looking *looking, struct ht_str path)
{
    struct ht_drift *drift = looking->drift;
    struct ht_origin_layers layers;
    ht_autoclose int upper = -1;
    ht_autoclose int lower = -1;

    if (ht_origin_find_layers(drift->origin, looking->process->pid,
                              ht_layers_id(looking->process->home), &layers) < 0 ||
        ht_origin_open_layers(drift->origin, &layers, path, &upper, &lower) < 0)
        return -1;
    return upper >= 0 || lower >= 0;
}

/* Nothing is there any more. What the image had there may have been the script. By told the row
 * calls it: what is no file may be a secret. */
static bool judge_gone(struct ht_drift_looking *looking, struct ht_str path, struct ht_str told,
                       struct ht_code *code)
{
    struct ht_drift *drift = looking->drift;
    struct ht_origin_ask ask = ht_drift_ask(looking, path, HT_CODE_KIND_SCRIPT);
    struct ht_str unused;
    ht_autoclose int fd = -1;
    int found = 0;

    if (!ht_str_has_prefix(path, "/"))
        return false;
    fd = ht_origin_open(drift->origin, &ask, drift->arena, &unused);
    if (fd != -ENOENT && fd != -ENOTDIR && fd != -EXDEV)
        return false;
    *code = (struct ht_code){0};
    ask.path = without_links(looking, path);
    if (ht_origin_judge_place(drift->origin, &ask, drift->arena, code) <= 0) {
        found = is_in_layers(looking, ask.path);
        ht_code_set_origin(code, found == 0 ? HT_CODE_ORIGIN_DELETED : HT_CODE_ORIGIN_BLIND);
        ht_code_set_reason(code, found == 0
                                     ? HT_S("its file is gone, and the image has none at that path")
                                     : HT_S("its file is gone; whose it was is not known"));
    }
    if (found == 1 || ht_proc_read_link(&drift->reader, ask.pid, "exe").len == 0)
        return false;
    ht_code_set_kind(code, HT_CODE_KIND_SCRIPT);
    ht_code_set_path(code, told);
    ht_code_set_container_id(code, ask.container_id);
    return true;
}

static void keep(struct ht_drift_looking *looking, struct ht_str interpreter, struct ht_code *code)
{
    ht_code_set_interpreter(code, interpreter);
    ht_drift_keep(looking, code);
}

/* By a relative path the process may be led to another file than it began with. */
static bool judge_shell(struct ht_drift_looking *looking, const struct ht_script *script,
                        struct ht_str told, struct ht_code *code)
{
    bool is_relative = !ht_str_has_prefix(script->text, "/");
    struct ht_str name = ht_str_base(script->text);

    return (is_relative && judge_kept(looking, name, code)) ||
           judge_at(looking, script, true, code) ||
           (!is_relative && judge_kept(looking, name, code)) ||
           judge_gone(looking, script->text, told, code) ||
           judge_kept(looking, (struct ht_str){0}, code);
}

static void judge_named(struct ht_drift_looking *looking, struct ht_str interpreter,
                        const struct ht_script *script, struct ht_str told)
{
    struct ht_code code = {0};
    unsigned number;
    bool found;

    if (ht_script_is_descriptor(script->text, &number))
        found = ht_drift_judge_descriptor(looking, number, HT_CODE_KIND_SCRIPT, &code);
    else if (script->is_shell)
        found = judge_shell(looking, script, told, &code);
    else
        found = judge_at(looking, script, true, &code) ||
                judge_gone(looking, script->text, told, &code);
    if (found)
        keep(looking, interpreter, &code);
}

struct ht_str ht_drift_whole_path(struct ht_drift_looking *looking, struct ht_str path)
{
    return ht_str_has_prefix(path, "/") ? path
                                        : joined(looking->drift, working_folder(looking), path);
}

/* A folder of classes, of which any may be loaded: of interest where the image does not have it
 * alone. Folders of configuration stand in class paths, too. False: there is none. */
static bool judge_classes(struct ht_drift_looking *looking, struct ht_str path,
                          struct ht_code *code)
{
    struct ht_drift *drift = looking->drift;
    struct ht_origin_ask ask =
        ht_drift_ask(looking, ht_drift_whole_path(looking, path), HT_CODE_KIND_SCRIPT);
    ht_autoclose int fd = -1;
    int place =
        ask.path.len ? ht_origin_judge_folder(drift->origin, &ask, drift->arena, code, &fd) : 0;

    if (place <= 0 || (fd >= 0 && !ht_classes_lie_in(fd)))
        return false;
    ht_code_set_kind(code, HT_CODE_KIND_SCRIPT);
    ht_code_set_path(code, ht_arena_str(drift->arena, ask.path));
    ht_code_set_container_id(code, ht_layers_id(looking->process->home));
    return true;
}

/* The image's is of no interest. */
void ht_drift_judge_beside(struct ht_drift_looking *looking, struct ht_str interpreter,
                           const struct ht_script *loaded, struct ht_str by)
{
    struct ht_script script = *loaded;
    struct ht_code code = {0};

    if (script.bare)
        script.text =
            ht_arena_strf(looking->drift->arena, "%s/%.*s", script.bare, HT_STR_ARG(loaded->text));
    if (judge_at(looking, &script, false, &code)) {
        if (ht_code_class_of(code.origin) == HT_CODE_CLASS_OWN ||
            (code.origin == HT_CODE_ORIGIN_BLIND && !ht_code_has_shared(&code)))
            return;
    } else if (!script.is_list || !judge_classes(looking, script.text, &code)) {
        return;
    }
    if (by.len)
        ht_code_set_variable(&code, ht_arena_str(looking->drift->arena, by));
    keep(looking, interpreter, &code);
}

static void judge_loaded(struct ht_drift_looking *looking, struct ht_str interpreter)
{
    struct ht_loaded_walk walk = {.exe = interpreter,
                                  .argv = ht_drift_whole_argv(looking, interpreter)};
    struct ht_script script;

    for (size_t i = 0; ht_loaded_next(&walk, &script); i++) {
        if (i == LOADED_MAX) {
            ht_drift_keep_unclear(looking, interpreter, HT_CODE_KIND_SCRIPT, (struct ht_str){0},
                                  "its command line has more than 512 files loaded");
            break;
        }
        ht_drift_judge_beside(looking, interpreter, &script, (struct ht_str){0});
    }
}

/* ---- code on the command line ---- */

/* What of a server's configuration has it start shells; empty: nothing that is known. */
static struct ht_str commanded_by(struct ht_drift *drift, pid_t pid, struct ht_str comm)
{
    struct ht_text_list argv = {.len = 0};

    if (!ht_str_is(comm, "postgres") ||
        !ht_drift_read_argv(&drift->reader, pid, drift->arena, &argv) || argv.len == 0 ||
        !ht_code_is_by_postgres(argv.items[0]))
        return (struct ht_str){0};
    return HT_S("archive_command or restore_command");
}

/* Code on a command line is everyday work of shells; it is worth a look from a server, or where
 * someone from outside runs it in the container for more than a moment (a probe's does not last).
 */
static bool is_worth(struct ht_drift *drift, const struct ht_drift_process *process,
                     struct ht_str *ret_by)
{
    static const char *const servers[] = {"nginx",  "httpd",    "apache2",     "php-fpm",
                                          "uwsgi",  "gunicorn", "tomcat",      "postgres",
                                          "mysqld", "mariadbd", "redis-server"};
    struct ht_cgroup_facts facts;
    struct ht_proc_stat stat;
    bool gone;
    uint64_t parent;

    if (ht_proc_decode_stat(ht_proc_read_file(&drift->reader, process->pid, "stat", &gone), &stat) <
            0 ||
        process->start == ht_layers_since(process->home))
        return false;
    parent = stat.ppid;
    if (ht_proc_decode_stat(ht_proc_read_file(&drift->reader, (pid_t)parent, "stat", &gone),
                            &stat) < 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
        if (ht_str_has_prefix(stat.comm, servers[i])) {
            *ret_by = commanded_by(drift, (pid_t)parent, stat.comm);
            return true;
        }
    }
    return ht_drift_age(drift, process) > HT_DRIFT_STARTING_NS &&
           ht_proc_read_cgroup(&drift->reader, (pid_t)parent, drift->arena, &facts) == 0 &&
           !ht_str_equal(facts.container_id, ht_layers_id(process->home));
}

static void judge_inline(struct ht_drift_looking *looking, struct ht_str interpreter,
                         struct ht_str text)
{
    struct ht_code code = {0};
    char digest[HT_SHA256_TEXT_MAX];
    struct ht_str by = {0};

    if (!is_worth(looking->drift, looking->process, &by))
        return;
    if (by.len)
        ht_code_set_variable(&code, by);
    ht_sha256_text(text, digest);
    ht_code_set_kind(&code, HT_CODE_KIND_INLINE);
    ht_code_set_origin(&code, HT_CODE_ORIGIN_NONE);
    ht_code_set_reason(&code, HT_S("given on the command line"));
    ht_code_set_path(&code, ht_arena_strf(looking->drift->arena, "%.*s %.*s",
                                          HT_STR_ARG(interpreter), INLINE_DIGITS, digest));
    ht_code_set_interpreter(&code, interpreter);
    ht_code_set_container_id(&code, ht_layers_id(looking->process->home));
    ht_drift_keep(looking, &code);
}

static void judge_sourced(struct ht_drift_looking *looking, struct ht_str interpreter,
                          struct ht_str text)
{
    struct ht_script script = {.kind = HT_SCRIPT_FILE};

    for (size_t i = 0; i < SOURCED_MAX && ht_script_next_sourced(&text, &script.text); i++)
        ht_drift_judge_beside(looking, interpreter, &script, (struct ht_str){0});
}

/* ---- modules of Python ---- */

struct folders {
    struct ht_str items[FOLDERS_MAX];
    size_t len;
};

static void add_folder(struct folders *folders, struct ht_str folder)
{
    if (folders->len < FOLDERS_MAX && ht_str_has_prefix(folder, "/"))
        folders->items[folders->len++] = folder;
}

/* The folders of a Python that is installed there: "/usr/bin/python3.11" has /usr/lib/python3.11.
 */
static void add_library(struct folders *folders, struct ht_arena *arena, struct ht_str program,
                        struct ht_str version)
{
    ptrdiff_t slash = ht_str_find(program, HT_S("/bin/"), 0);
    struct ht_str prefix = ht_str_sub(program, 0, slash < 0 ? 0 : (size_t)slash);

    if (slash < 0)
        return;
    add_folder(folders,
               ht_arena_strf(arena, "%.*s/lib/%.*s", HT_STR_ARG(prefix), HT_STR_ARG(version)));
    add_folder(folders, ht_arena_strf(arena, "%.*s/lib/%.*s/site-packages", HT_STR_ARG(prefix),
                                      HT_STR_ARG(version)));
    add_folder(folders, ht_arena_strf(arena, "%.*s/local/lib/%.*s/dist-packages",
                                      HT_STR_ARG(prefix), HT_STR_ARG(version)));
    add_folder(folders, ht_arena_strf(arena, "%.*s/lib/python3/dist-packages", HT_STR_ARG(prefix)));
}

/* Where Python looks for a module, as far as that can be told from outside. */
static void list_folders(struct ht_drift_looking *looking, struct ht_str interpreter,
                         struct folders *ret)
{
    struct ht_arena *arena = looking->drift->arena;
    const struct ht_text_list *argv = ht_drift_argv(looking);
    struct ht_str version = ht_str_base(interpreter);
    struct ht_str path = ht_environ_find(ht_drift_environment(looking), "PYTHONPATH");
    struct ht_str folder;

    *ret = (struct folders){.len = 0};
    add_folder(ret, working_folder(looking));
    while (ht_str_next(&path, ':', &folder))
        add_folder(ret, folder);
    /* An environment of its own is told by the link that Python was started by. */
    if (argv->len && ht_str_has_prefix(argv->items[0], "/"))
        add_library(ret, arena, argv->items[0], version);
    add_library(ret, arena, interpreter, version);
}

static void judge_module(struct ht_drift_looking *looking, struct ht_str interpreter,
                         struct ht_str name)
{
    struct ht_drift *drift = looking->drift;
    ht_autofree char *file = ht_strndup(name.data, name.len);
    struct folders folders;

    for (size_t i = 0; i < name.len; i++)
        file[i] = file[i] == '.' ? '/' : file[i];
    list_folders(looking, interpreter, &folders);
    for (size_t i = 0; i < folders.len; i++) {
        struct ht_str path = joined(drift, folders.items[i], ht_str_from(file));
        struct ht_code code;

        if (judge_file(looking, ht_arena_strf(drift->arena, "%.*s.py", HT_STR_ARG(path)), &code) ||
            judge_file(looking, ht_arena_strf(drift->arena, "%.*s/__main__.py", HT_STR_ARG(path)),
                       &code)) {
            keep(looking, interpreter, &code);
            return;
        }
    }
}

/* ---- all of it ---- */

void ht_drift_judge_script(struct ht_drift_looking *looking, struct ht_str exe)
{
    struct ht_script script = {.kind = HT_SCRIPT_NONE};
    struct ht_str told; /* as rows may have it */
    struct ht_code code = {0};

    if (!ht_script_has_argv(exe))
        return;
    script = ht_script_of(exe, ht_drift_whole_argv(looking, exe));
    told = ht_script_of(exe, ht_drift_argv(looking)).text;
    judge_loaded(looking, exe);
    switch (script.kind) {
    case HT_SCRIPT_NONE:
        break;
    case HT_SCRIPT_STDIN:
        if (ht_drift_judge_descriptor(looking, STDIN_FILENO, HT_CODE_KIND_SCRIPT, &code))
            keep(looking, exe, &code);
        break;
    case HT_SCRIPT_INLINE:
        judge_inline(looking, exe, told);
        if (script.is_shell)
            judge_sourced(looking, exe, script.text);
        break;
    case HT_SCRIPT_MODULE:
        judge_module(looking, exe, script.text);
        break;
    case HT_SCRIPT_FILE:
        judge_named(looking, exe, &script, told);
        break;
    }
}
