/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "drf-live.h"

#include "hulltop/base/buf.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/model/code.h"
#include "view.h"

enum { PARENTS = 8, TITLE_BYTES = 512 };

/* One file that is many programs: which one, its first word tells. */
static bool is_many(struct ht_str name)
{
    return ht_str_is(name, "busybox") || ht_str_is(name, "toybox") ||
           ht_str_is(name, "coreutils") || ht_str_is(name, "busybox.nosuid");
}

struct ht_str ht_live_program(const struct ht_process *process)
{
    struct ht_str path = ht_str_without(process->exe, " (deleted)");

    if (!ht_process_has_exe(process))
        return process->comm;
    if (is_many(ht_str_base(path)) && process->argv.len) {
        struct ht_str word = process->argv.items[ht_live_words(process) - 1];

        return ht_str_has_prefix(word, "-") ? ht_str_sub(word, 1, word.len) : word;
    }
    return path;
}

size_t ht_live_words(const struct ht_process *process)
{
    const struct ht_text_list *argv = &process->argv;

    if (argv->len > 1 && ht_process_has_exe(process) && is_many(ht_str_program(process->exe)) &&
        is_many(ht_str_base(argv->items[0])))
        return 2;
    return argv->len ? 1 : 0;
}

bool ht_live_peek(struct ht_checking *checking, const struct ht_row *row, bool host,
                  struct live *live)
{
    const struct ht_process *process = ht_process_of(row);

    *live = (struct live){.checking = checking,
                          .facts = ht_checking_facts(checking),
                          .process = process,
                          .program = ht_live_program(process),
                          .on_host = !ht_process_has_container_id(process)};
    live->name = ht_str_base(live->program);
    if (!ht_process_has_kernel(process) ||
        (live->on_host && !process->kernel && !ht_process_has_cgroup(process))) {
        ht_unknown(checking, "proc", "whose a process is could not be read", "sudo hulltop");
        return false;
    }
    return !process->kernel && (host || !live->on_host);
}

bool ht_live_is_first(const struct live *live)
{
    const struct ht_process *process = live->process;

    return process->ns_pids.len > 1 && process->ns_pids.items[process->ns_pids.len - 1] == 1;
}

bool ht_live_open(struct ht_checking *checking, const struct ht_row *row, bool host,
                  struct live *live)
{
    if (!ht_live_peek(checking, row, host, live))
        return false;
    if (!ht_process_has_exe(live->process) || !ht_process_has_argv(live->process)) {
        ht_unknown(checking, "proc", "what a process runs could not be read", "sudo hulltop");
        return false;
    }
    return true;
}

bool ht_live_is(const struct live *live, enum ht_fact_programs list)
{
    return ht_facts_program_is(live->facts, list, live->program);
}

const struct ht_process *ht_live_parent(const struct live *live)
{
    if (!ht_process_has_ppid(live->process) || live->process->ppid == 0)
        return NULL;
    return ht_view_find_process(ht_checking_node(live->checking), live->process->ppid);
}

bool ht_live_origin(const struct live *live, enum ht_code_origin *ret_origin)
{
    return ht_live_origin_of(live, HT_CODE_KIND_EXECUTABLE,
                             ht_str_without(live->process->exe, " (deleted)"), ret_origin);
}

bool ht_live_origin_of(const struct live *live, enum ht_code_kind kind, struct ht_str path,
                       enum ht_code_origin *ret_origin)
{
    const struct ht_code *code =
        ht_code_find(ht_checking_node(live->checking), live->process->container_id, kind, path);

    if (!code || !ht_code_has_origin(code))
        return false;
    *ret_origin = code->origin;
    return true;
}

struct ht_finding *ht_live_fire(const struct live *live, const char *format, ...)
{
    ht_autobuf struct ht_buf title = HT_BUF(TITLE_BYTES);
    struct ht_finding *finding = ht_fire(live->checking, live->name);
    va_list args;

    if (live->on_host) {
        struct ht_subject *subject = ht_finding_edit_subject(finding);
        bool has_unit = ht_process_has_unit(live->process);

        ht_buf_add_text(&title, "HOST: ");
        ht_subject_set_kind(subject, has_unit ? HT_S("unit") : HT_S("program"));
        /* A pid does not last; the unit, or what runs, does. */
        ht_subject_set_id(subject, has_unit ? live->process->unit : live->program);
        ht_subject_set_name(subject, has_unit ? live->process->unit : live->name);
    }
    va_start(args, format);
    ht_buf_addv(&title, format, args);
    va_end(args);
    ht_finding_set_title(finding,
                         ht_arena_str(ht_checking_arena(live->checking), ht_buf_str(&title)));
    return finding;
}

static void show_parents(const struct live *live, struct ht_finding *finding)
{
    const struct ht_node *node = ht_checking_node(live->checking);
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_ARG);
    uint64_t pid = live->process->ppid;

    for (int i = 0; i < PARENTS && pid; i++) {
        const struct ht_process *parent = ht_view_find_process(node, pid);

        if (!parent)
            break;
        ht_buf_addf(&text, "%s%.*s (%llu)", text.len ? ", " : "", HT_STR_ARG(parent->comm),
                    (unsigned long long)pid);
        pid = parent->ppid;
    }
    if (text.len)
        ht_fire_evidence(live->checking, finding, "/proc/PID/stat", "parents, nearest first",
                         ht_buf_str(&text));
}

static void show_argv(const struct live *live, struct ht_finding *finding)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_ARG);

    for (size_t i = 0; i < live->process->argv.len; i++) {
        if (i)
            ht_buf_add_c(&text, ' ');
        ht_buf_add_str(&text, live->process->argv.items[i]);
    }
    if (text.len)
        ht_fire_evidence(live->checking, finding, "/proc/PID/cmdline", "command line",
                         ht_buf_str(&text));
}

void ht_live_show(const struct live *live, struct ht_finding *finding)
{
    const struct ht_process *process = live->process;
    char time[HT_TIME_TEXT_MAX];

    if (ht_process_has_exe(process))
        ht_fire_evidence(live->checking, finding, "/proc/PID/exe", "file", process->exe);
    show_argv(live, finding);
    ht_fire_evidencef(live->checking, finding, "/proc/PID/stat", "process", "%.*s, pid %llu",
                      HT_STR_ARG(process->comm), (unsigned long long)process->pid);
    show_parents(live, finding);
    if (ht_process_has_tty(process))
        ht_fire_evidence(live->checking, finding, "/proc/PID/stat", "terminal", process->tty);
    if (ht_process_has_login_uid(process))
        ht_fire_evidencef(live->checking, finding, "/proc/PID/loginuid", "user that logged in",
                          "%llu", (unsigned long long)process->login_uid);
    if (ht_process_has_started_at(process)) {
        ht_time_format_utc(process->started_at, 0, time);
        ht_fire_evidence(live->checking, finding, "/proc/PID/stat", "started", ht_str_from(time));
        ht_finding_set_since(finding, process->started_at);
    }
    for (size_t i = 0; i < process->peers.len; i++)
        ht_fire_evidence(live->checking, finding, "/proc/PID/net/tcp", "connected to",
                         process->peers.items[i]);
}
