/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One look at one process: its program, a file that it was told to use. */
#include "drift-look.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "drift-script.h"
#include "origin-file.h"
#include "running-maps.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/digest.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/secret.h"
#include "hulltop/model/code.h"

enum { PARENTS_MAX = 8, FIRST_LINE_MAX = 200, WORDS_MAX = 16384 };

#define PARENT_NS (INT64_C(1) * HT_NS_PER_S)

/* ---- whose it is ---- */

/* By the list of its group, which was read after the look had begun: what was no young process then
 * is the same process still, and where it belongs. */
static int read_cgroup(struct ht_drift *drift, const struct ht_drift_process *process,
                       struct ht_cgroup_facts *ret_facts)
{
    struct ht_str listed = {0};

    if (drift->groups && ht_drift_age(drift, process) >= HT_DRIFT_STARTING_NS)
        listed = ht_groups_find(drift->groups, process->pid);
    if (listed.len == 0)
        return ht_proc_read_cgroup(&drift->reader, process->pid, drift->arena, ret_facts);
    *ret_facts = (struct ht_cgroup_facts){.sure = HT_CGROUP_CERTAIN, .container_id = listed};
    return 0;
}

bool ht_drift_scout(struct ht_drift *drift, struct ht_drift_process *process)
{
    struct ht_cgroup_facts facts;
    struct ht_proc_stat stat;
    bool gone;
    struct ht_str text = ht_proc_read_file(&drift->reader, process->pid, "stat", &gone);

    if (ht_proc_decode_stat(text, &stat) < 0 || stat.state == 'Z' || stat.state == 'X')
        return false;
    if (process->start && process->start != stat.start)
        ht_drift_drop(drift, process);
    process->kin_asked = process->kin_asked && process->start == stat.start;
    process->start = stat.start;
    process->ticks = stat.used;
    if (stat.kernel)
        return true;
    ht_arena_reset(drift->arena);
    if (read_cgroup(drift, process, &facts) < 0)
        return false;

    struct ht_str id = ht_proc_is_contained(&drift->reader, process->pid, &facts)
                           ? facts.container_id
                           : (struct ht_str){0};
    bool silent = facts.sure == HT_CGROUP_NONE && !facts.monitor;
    if (silent && process->kin_asked)
        return true;
    if (silent)
        id = ht_drift_kin_id(drift, process->pid, stat.ppid);
    /* A young one may not have moved to its root yet. */
    process->kin_asked = silent && process->schedule.stage > 1;
    process->by_kin = silent || facts.users;
    if (process->home && ht_str_equal(ht_layers_id(process->home), id))
        return true;
    ht_drift_drop(drift, process);
    if (id.len) {
        process->home = ht_layers_join(drift->layers, id, stat.start, process->by_kin);
        ht_layers_offer(process->home, process->pid, process->start, process->by_kin);
    }
    return true;
}

/* ---- what a row says of the process ---- */

/* What starts one program after another has the same parents for each. Who is told of is read; of
 * those beyond what was read a moment ago holds, as long as they run nothing else. */
static struct ht_drift_parent *parent_of(struct ht_drift *drift, uint64_t pid)
{
    return &drift->parents[pid % HT_DRIFT_PARENTS];
}

void ht_drift_forget_parent(struct ht_drift *drift, pid_t pid)
{
    struct ht_drift_parent *parent = parent_of(drift, (uint64_t)pid);

    if (parent->pid == (uint64_t)pid)
        parent->pid = 0;
}

static const struct ht_drift_parent *read_parent(struct ht_drift *drift, uint64_t pid, bool fresh)
{
    struct ht_drift_parent *parent = parent_of(drift, pid);
    struct ht_proc_stat stat;
    bool gone;

    if (!fresh && parent->pid == pid && drift->now_ns - parent->read_ns < PARENT_NS)
        return parent;
    if (ht_proc_decode_stat(ht_proc_read_file(&drift->reader, (pid_t)pid, "stat", &gone), &stat) <
        0)
        return NULL;
    parent->pid = pid;
    parent->ppid = stat.ppid;
    parent->read_ns = drift->now_ns;
    snprintf(parent->comm, sizeof(parent->comm), "%.*s", HT_STR_ARG(stat.comm));
    return parent;
}

void ht_drift_add_parents(struct ht_drift *drift, uint64_t ppid, struct ht_code *code)
{
    struct ht_str *items = ht_arena_array(drift->arena, struct ht_str, PARENTS_MAX);
    const struct ht_drift_parent *parent;
    size_t len = 0;

    while (ppid > 0 && len < PARENTS_MAX && (parent = read_parent(drift, ppid, len == 0))) {
        items[len++] =
            ht_arena_strf(drift->arena, "%s (%llu)", parent->comm, (unsigned long long)ppid);
        ppid = parent->ppid;
    }
    ht_code_set_parents(code, (struct ht_text_list){.items = items, .len = len});
}

static void add_login(struct ht_drift *drift, pid_t pid, struct ht_code *code)
{
    struct ht_process login = {0};
    bool gone;

    ht_proc_decode_loginuid(ht_proc_read_file(&drift->reader, pid, "loginuid", &gone), &login);
    if (ht_process_has_login_uid(&login))
        ht_code_set_login_uid(code, login.login_uid);
}

bool ht_drift_read_argv(struct ht_proc_reader *reader, pid_t pid, struct ht_arena *arena,
                        struct ht_text_list *ret_argv)
{
    struct ht_process process = {0};

    ht_proc_read_argv(reader, pid, arena, &process);
    /* A program may empty its command line; one that has ended has no executable either. */
    if (!ht_process_has_argv(&process) ||
        (process.argv.len == 0 && ht_proc_read_link(reader, pid, "exe").len == 0))
        return false;
    *ret_argv = process.argv;
    return true;
}

/* Of several readings the newest that told something: it may run another program since. */
static void read_argv(void *context)
{
    struct ht_drift_looking *looking = context;
    struct ht_drift *drift = looking->drift;

    looking->asked_argv = true;
    if (ht_drift_read_argv(&drift->reader, looking->process->pid, drift->arena, &looking->argv))
        looking->has_argv = true;
}

const struct ht_text_list *ht_drift_argv(struct ht_drift_looking *looking)
{
    if (!looking->asked_argv)
        read_argv(looking);
    return &looking->argv;
}

static bool is_masked(struct ht_str word)
{
    return ht_str_find(word, HT_S("***"), 0) >= 0;
}

/* Whether words of it are cut, masked or left out. */
static bool is_short(const struct ht_text_list *argv)
{
    for (size_t i = 0; i < argv->len; i++) {
        if (argv->items[i].len >= HT_LIMIT_ARG || is_masked(argv->items[i]))
            return true;
    }
    return argv->len >= HT_LIMIT_ARGV;
}

/* All words of a command line; none where it is longer than is read. */
static struct ht_text_list read_words(struct ht_drift_looking *looking)
{
    struct ht_drift *drift = looking->drift;
    bool gone;
    struct ht_str text = ht_proc_read_file(&drift->reader, looking->process->pid, "cmdline", &gone);
    size_t count = ht_str_count(text, '\0'), len = 0;
    struct ht_str *items, word;

    if (text.len >= HT_LIMIT_PROC_FILE || count > WORDS_MAX)
        return (struct ht_text_list){.len = 0};
    text = ht_arena_str(drift->arena, text);
    items = ht_arena_array(drift->arena, struct ht_str, count + 1);
    while (len <= count && ht_str_next(&text, '\0', &word))
        items[len++] = word;
    return (struct ht_text_list){.items = items, .len = len};
}

const struct ht_text_list *ht_drift_whole_argv(struct ht_drift_looking *looking, struct ht_str exe)
{
    if (looking->asked_whole_argv)
        return &looking->whole_argv;
    looking->asked_whole_argv = true;
    looking->whole_argv = *ht_drift_argv(looking);
    if (is_short(&looking->argv)) {
        struct ht_text_list words = read_words(looking);
        struct ht_str name = looking->argv.items[0];

        /* It may have been written anew since its start. */
        if (words.len >= looking->argv.len &&
            (ht_str_equal(words.items[0], name) || is_masked(name)))
            looking->whole_argv = words;
        else
            ht_drift_keep_unclear(looking, exe, HT_CODE_KIND_SCRIPT, (struct ht_str){0},
                                  "its command line is longer than is read");
    }
    return &looking->whole_argv;
}

struct ht_str ht_drift_environment(struct ht_drift_looking *looking)
{
    bool gone;

    if (!looking->asked_environment) {
        struct ht_str text =
            ht_proc_read_file(&looking->drift->reader, looking->process->pid, "environ", &gone);

        /* The reader reads other files meanwhile. */
        looking->environment =
            (struct ht_str){.data = ht_strndup(text.data, text.len), .len = text.len};
    }
    looking->asked_environment = true;
    return looking->environment;
}

void ht_drift_forget_environment(struct ht_drift_looking *looking)
{
    char *bytes = (char *)(uintptr_t)looking->environment.data;

    if (bytes)
        ht_wipe(bytes, looking->environment.len);
    free(bytes);
    looking->environment = (struct ht_str){0};
    looking->asked_environment = false;
}

static void add_argv(struct ht_drift_looking *looking, struct ht_code *code)
{
    const struct ht_text_list *argv = ht_drift_argv(looking);
    struct ht_str *unread;

    if (looking->has_argv) {
        ht_code_set_argv(code, *argv);
        return;
    }
    unread = ht_arena_array(looking->drift->arena, struct ht_str, 1);
    *unread = HT_S("command line");
    ht_code_set_unread(code, (struct ht_text_list){.items = unread, .len = 1});
}

/* What the start told is older than all that the program can have made of it; of another program
 * that runs by now it says nothing. */
static void take_argv(struct ht_drift_looking *looking, const struct ht_exec_start *start,
                      struct ht_str path)
{
    bool deleted;

    if (!start || (start->unread & HT_EXEC_NO_ARGV) || start->argv.len == 0 ||
        !ht_str_equal(ht_maps_plain_path(start->exe, &deleted), path))
        return;
    looking->argv = start->argv;
    looking->asked_argv = looking->has_argv = true;
}

/* Everything about the process, of code that is not the image's. */
static void add_process(struct ht_drift_looking *looking, struct ht_code *code)
{
    struct ht_drift *drift = looking->drift;
    const struct ht_drift_process *process = looking->process;
    struct ht_arena *arena = drift->arena;
    struct ht_proc_stat stat;
    bool gone;

    ht_code_set_process(code, ht_arena_strf(arena, "%d.%llu", (int)process->pid,
                                            (unsigned long long)process->start));
    ht_code_set_pid(code, (uint64_t)process->pid);
    ht_code_set_started_at(code, drift->booted_wall_ns + (int64_t)process->start * drift->tick_ns);
    add_argv(looking, code);
    add_login(drift, process->pid, code);
    if (ht_proc_decode_stat(ht_proc_read_file(&drift->reader, process->pid, "stat", &gone), &stat) <
        0)
        return;
    if (stat.tty)
        ht_code_set_tty(code, ht_proc_decode_tty(stat.tty, arena));
    ht_drift_add_parents(drift, stat.ppid, code);
}

void ht_drift_add_before(struct ht_drift *drift, const struct ht_layers_entry *home,
                         struct ht_code *code)
{
    if (home && ht_code_has_born_at(code) && ht_exec_is_live(drift->watch) &&
        code->born_at >= drift->watched_since)
        ht_code_set_before(code, ht_layers_before(home, code->born_at, drift->arena));
}

static void add_unit(struct ht_drift *drift, pid_t pid, struct ht_code *code)
{
    struct ht_cgroup_facts facts;

    if (ht_proc_read_cgroup(&drift->reader, pid, drift->arena, &facts) == 0 && facts.unit.len)
        ht_code_set_unit(code, facts.unit);
}

/* ---- what it runs, kept ---- */

static bool takes_over(struct ht_drift_looking *looking, struct ht_str id,
                       const struct ht_code *code)
{
    struct ht_vec *old = &looking->process->codes;

    for (size_t i = 0; i < looking->fresh.len; i++) {
        if (ht_str_equal(ht_codes_id(looking->fresh.items[i]), id))
            return true;
    }
    for (size_t i = 0; i < old->len; i++) {
        if (!old->items[i] || !ht_str_equal(ht_codes_id(old->items[i]), id))
            continue;
        ht_codes_renew(looking->drift->codes, old->items[i], code);
        ht_vec_add(&looking->fresh, old->items[i]);
        old->items[i] = NULL;
        return true;
    }
    return false;
}

void ht_drift_keep(struct ht_drift_looking *looking, struct ht_code *code)
{
    struct ht_drift *drift = looking->drift;
    struct ht_drift_process *process = looking->process;
    struct ht_str home = process->home ? ht_layers_id(process->home) : HT_S("host");
    struct ht_codes_entry *entry;

    ht_code_set_id(code, ht_arena_strf(drift->arena, "%.*s:%s:%.*s", HT_STR_ARG(home),
                                       ht_enum_name(&ht_code_kind_enum, code->kind),
                                       HT_STR_ARG(code->path)));
    if (ht_code_class_of(code->origin) != HT_CODE_CLASS_OWN) {
        add_process(looking, code);
        ht_drift_add_before(drift, process->home, code);
    }
    if (takes_over(looking, code->id, code))
        return;
    entry = ht_codes_start(drift->codes, code, drift->now_wall_ns, drift->seen_by);
    if (entry)
        ht_vec_add(&looking->fresh, entry);
}

void ht_drift_keep_unclear(struct ht_drift_looking *looking, struct ht_str exe,
                           enum ht_code_kind kind, struct ht_str by, const char *reason)
{
    struct ht_code code = {0};

    ht_code_set_kind(&code, kind);
    ht_code_set_path(&code, exe);
    ht_code_set_container_id(&code, ht_layers_id(looking->process->home));
    ht_code_set_origin(&code, HT_CODE_ORIGIN_BLIND);
    ht_code_set_reason(&code, ht_str_from(reason));
    if (kind == HT_CODE_KIND_SCRIPT)
        ht_code_set_interpreter(&code, exe);
    if (by.len)
        ht_code_set_variable(&code, ht_arena_str(looking->drift->arena, by));
    ht_drift_keep(looking, &code);
}

/* Of a program that was judged before. False: it is to be judged again. */
static bool keep_known(struct ht_drift_looking *looking)
{
    struct ht_vec *old = &looking->process->codes;
    struct ht_str id = ht_drift_known_id(looking->known);
    struct ht_codes_entry *entry;

    for (size_t i = 0; i < old->len; i++) {
        entry = old->items[i];
        if (!entry || !ht_str_equal(ht_codes_id(entry), id))
            continue;
        if (!ht_codes_is_image(entry))
            return false;
        ht_vec_add(&looking->fresh, entry);
        old->items[i] = NULL;
        return true;
    }
    entry = ht_codes_start_known(looking->drift->codes, id);
    if (entry)
        ht_vec_add(&looking->fresh, entry);
    return entry != NULL;
}

/* What is told from its mappings, or with them, stays while these are not read. */
static bool stays(const struct ht_drift_looking *looking, const struct ht_codes_entry *entry)
{
    enum ht_code_kind kind = ht_codes_kind(entry);

    return !looking->mapped && (kind == HT_CODE_KIND_LIBRARY || kind == HT_CODE_KIND_PRELOAD ||
                                ht_codes_is_brought(entry));
}

/* What it ran before and runs no more ends. */
static void settle(struct ht_drift_looking *looking, bool gone)
{
    struct ht_vec *old = &looking->process->codes;

    for (size_t i = 0; i < old->len; i++) {
        if (!old->items[i])
            continue;
        if (!gone && stays(looking, old->items[i]))
            ht_vec_add(&looking->fresh, old->items[i]);
        else
            ht_codes_end(looking->drift->codes, old->items[i], looking->drift->now_wall_ns);
    }
    ht_vec_fini(old);
    *old = looking->fresh;
}

/* ---- the program ---- */

static bool is_starting(struct ht_drift *drift, const struct ht_drift_process *process,
                        const struct ht_code *code)
{
    struct ht_drift_starter who = {.pid = process->pid,
                                   .container_id = ht_layers_id(process->home),
                                   .is_first = process->start <= ht_layers_since(process->home),
                                   .origin = code->origin,
                                   .path = code->path};
    struct ht_proc_stat stat;
    bool gone;

    if (ht_drift_age(drift, process) > HT_DRIFT_STARTING_NS ||
        !ht_drift_may_start_from(code->origin) ||
        ht_proc_decode_stat(ht_proc_read_file(&drift->reader, process->pid, "stat", &gone), &stat) <
            0)
        return false;
    who.ppid = stat.ppid;
    who.comm = ht_arena_str(drift->arena, stat.comm);
    return ht_drift_is_starting(drift, &who);
}

/* Most processes of the node run files of the node: one link tells. */
static bool is_plain_host(struct ht_drift *drift, pid_t pid)
{
    struct ht_str exe = ht_proc_read_link(&drift->reader, pid, "exe");

    return exe.len == 0 || !ht_str_has_suffix(exe, " (deleted)");
}

static int judge_program(struct ht_drift_looking *looking, const struct ht_exec_start *start,
                         struct ht_code *code)
{
    struct ht_drift *drift = looking->drift;
    struct ht_drift_process *process = looking->process;
    struct ht_origin_ask ask = {.pid = process->pid,
                                .start = process->start,
                                .proc_ino = process->ino,
                                .kind = HT_CODE_KIND_EXECUTABLE,
                                .fd = -1,
                                .reading = read_argv,
                                .context = looking};
    int r;

    if (process->home)
        ht_drift_read_exe(looking);
    if (looking->known && keep_known(looking)) {
        code->origin = HT_CODE_ORIGIN_IMAGE;
        code->path = looking->exe.path;
        take_argv(looking, start, code->path);
        return 0;
    }
    if (process->home) {
        ask.container_id = ht_layers_id(process->home);
        ask.first = ht_layers_pid(process->home);
    }
    r = ht_origin_judge(drift->origin, &ask, drift->arena, code);
    if (r < 0)
        return r;
    take_argv(looking, start, code->path);
    if (process->home && is_starting(drift, process, code))
        return 0;
    if (code->origin == HT_CODE_ORIGIN_HOST)
        return 0;
    if (!process->home)
        add_unit(drift, process->pid, code);
    ht_drift_keep(looking, code);
    if (process->home)
        ht_drift_known_add(looking, code);
    return 0;
}

/* ---- a file ---- */

static void add_first_line(struct ht_drift *drift, struct ht_str bytes, struct ht_code *code)
{
    struct ht_str text = ht_script_first_line(bytes);

    if (text.len)
        ht_code_set_first_line(code, ht_secret_mask_text(drift->arena, text));
}

static void read_first_line(struct ht_drift *drift, int fd, struct ht_code *code)
{
    char *line = ht_arena_alloc(drift->arena, FIRST_LINE_MAX, 1);
    ssize_t len = pread(fd, line, FIRST_LINE_MAX, 0);

    add_first_line(drift, (struct ht_str){.data = line, .len = len > 0 ? (size_t)len : 0}, code);
}

/* A file that may only be looked at by a helper. False: it is not there. */
static bool judge_far(struct ht_drift *drift, const struct ht_origin_ask *ask, struct ht_code *code)
{
    ht_autobuf struct ht_buf line = HT_BUF(FIRST_LINE_MAX);
    int r = ht_origin_judge_far(drift->origin, ask, drift->arena, code);

    if (r == -ENOENT || r == -ESRCH)
        return false;
    if (r == 0) {
        if (ask->kind == HT_CODE_KIND_SCRIPT &&
            ht_origin_read_far(drift->origin, ask, FIRST_LINE_MAX, &line))
            add_first_line(drift, ht_arena_str(drift->arena, ht_buf_str(&line)), code);
        return true;
    }
    ht_code_set_kind(code, ask->kind);
    ht_code_set_path(code, ask->path);
    ht_code_set_container_id(code, ask->container_id);
    ht_code_set_origin(code, HT_CODE_ORIGIN_BLIND);
    ht_code_set_reason(
        code, r == -ETIMEDOUT ? HT_S("the file system of this container does not answer")
              : r == -EBUSY   ? HT_S("file systems that can hang took too long in this minute")
                              : HT_S("not opened: a file system of this container can hang"));
    return true;
}

/* A file that the process has, or would have, open. */
static bool judge_open(struct ht_drift_looking *looking, struct ht_origin_ask *ask,
                       struct ht_code *code)
{
    struct ht_drift *drift = looking->drift;
    ht_autoclose int readable = -1;

    if (!looking->asked_argv)
        ask->reading = read_argv;
    if (ht_origin_judge(drift->origin, ask, drift->arena, code) < 0)
        return false;
    if (ht_code_class_of(code->origin) != HT_CODE_CLASS_OWN && ask->kind == HT_CODE_KIND_SCRIPT) {
        readable = ht_file_reopen(ask->fd);
        if (readable >= 0)
            read_first_line(drift, readable, code);
    }
    return true;
}

struct ht_origin_ask ht_drift_ask(struct ht_drift_looking *looking, struct ht_str path,
                                  enum ht_code_kind kind)
{
    const struct ht_drift_process *process = looking->process;

    return (struct ht_origin_ask){.pid = process->pid,
                                  .start = process->start,
                                  .proc_ino = process->ino,
                                  .first = ht_layers_pid(process->home),
                                  .container_id = ht_layers_id(process->home),
                                  .kind = kind,
                                  .fd = -1,
                                  .path = path,
                                  .context = looking};
}

static bool judge_asked(struct ht_drift_looking *looking, struct ht_origin_ask *ask,
                        struct ht_code *code)
{
    struct ht_drift *drift = looking->drift;
    ht_autoclose int fd = ht_origin_open(drift->origin, ask, drift->arena, &ask->path);
    struct stat about;

    if (fd == -EXDEV)
        return judge_far(drift, ask, code);
    if (fd < 0 || (fstat(fd, &about) == 0 && S_ISDIR(about.st_mode)))
        return false;
    ask->fd = fd;
    return judge_open(looking, ask, code);
}

bool ht_drift_judge_path(struct ht_drift_looking *looking, struct ht_str path,
                         enum ht_code_kind kind, struct ht_code *code)
{
    struct ht_origin_ask ask = ht_drift_ask(looking, path, kind);

    return judge_asked(looking, &ask, code);
}

bool ht_drift_judge_path_of_first(struct ht_drift_looking *looking, struct ht_str path,
                                  enum ht_code_kind kind, struct ht_code *code)
{
    struct ht_origin_ask ask = ht_drift_ask(looking, path, kind);

    if (ask.first == 0 || ask.first == ask.pid)
        return false;
    ask.pid = ask.first;
    ask.start = ask.proc_ino = 0;
    return judge_asked(looking, &ask, code);
}

bool ht_drift_judge_descriptor(struct ht_drift_looking *looking, unsigned number,
                               enum ht_code_kind kind, struct ht_code *code)
{
    struct ht_origin_ask ask = ht_drift_ask(looking, (struct ht_str){0}, kind);
    ht_autoclose int fd = ht_origin_open_descriptor(looking->drift->origin, &ask, number,
                                                    looking->drift->arena, &ask.path);

    if (fd == -EXDEV && ht_str_has_prefix(ask.path, "/"))
        return ht_drift_judge_path(looking, ask.path, kind, code);
    if (fd < 0)
        return false;
    ask.fd = fd;
    return judge_open(looking, &ask, code);
}

/* ---- one look ---- */

static void judge_all(struct ht_drift_looking *looking, const struct ht_exec_start *start,
                      bool *ret_gone, bool *ret_unread)
{
    struct ht_drift_process *process = looking->process;
    struct ht_code code = {0};
    int r;

    r = judge_program(looking, start, &code);
    *ret_gone = r == -ESRCH;
    *ret_unread = r < 0 && !*ret_gone;
    if (r < 0 || !process->home || code.origin == HT_CODE_ORIGIN_HOST)
        return;
    ht_drift_judge_script(looking, code.path);
    ht_drift_judge_maps(looking, code.path);
    if (looking->mapped)
        ht_drift_judge_environment(looking, code.path);
}

bool ht_drift_judge(struct ht_drift *drift, struct ht_drift_process *process,
                    const struct ht_exec_start *start)
{
    struct ht_drift_looking looking = {.drift = drift, .process = process};
    bool gone = false;
    bool unread = false;

    ht_arena_reset(drift->arena);
    if (process->home || !is_plain_host(drift, process->pid))
        judge_all(&looking, start, &gone, &unread);
    settle(&looking, gone);
    ht_drift_forget_environment(&looking);
    if (process->home && !gone)
        ht_layers_looked(process->home, unread);
    return !gone;
}
