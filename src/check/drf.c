/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "drf.h"

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/model/code.h"

const struct ht_code *ht_drf_open(struct ht_checking *checking, const struct ht_row *row,
                                  enum ht_code_kind kind)
{
    const struct ht_code *code = ht_code_of(row);

    if (!ht_code_has_kind(code)) {
        ht_unknown(checking, "drift", "what kind of code runs is not known", "sudo hulltop");
        return NULL;
    }
    if (code->kind != kind)
        return NULL;
    if (!ht_code_has_origin(code) || code->origin == HT_CODE_ORIGIN_BLIND) {
        ht_unknown(checking, "drift", "where some of the code that runs comes from is not known",
                   "sudo hulltop on the node; a storage driver with overlay");
        return NULL;
    }
    return code;
}

const struct ht_container *ht_drf_container(const struct ht_checking *checking,
                                            const struct ht_code *code)
{
    const struct ht_row *row =
        ht_code_has_container(code)
            ? ht_node_find(ht_checking_node(checking), HT_TABLE_CONTAINER, code->container)
            : NULL;

    return row ? ht_container_of(row) : NULL;
}

/* Both from those words on. */
static bool is_same_end(const struct ht_text_list *argv, size_t at,
                        const struct ht_text_list *command, size_t word)
{
    if (at > argv->len || argv->len - at != command->len - word)
        return false;
    for (; at < argv->len; at++, word++) {
        if (!ht_str_equal(argv->items[at], command->items[word]))
            return false;
    }
    return true;
}

/* Whether an argument is the path of a script that the command names; one that it names by no path
 * was looked for. Code may end like one. */
static bool is_script(struct ht_str argument, struct ht_str named)
{
    if (ht_str_find_byte(argument, '/') < 0 || ht_str_has_prefix(argument, "-"))
        return false;
    for (size_t i = 0; i < argument.len; i++) {
        if (!ht_is_alnum(argument.data[i]) && !memchr("/._-+", argument.data[i], 5))
            return false;
    }
    return ht_str_equal(argument, named) ||
           (ht_str_find_byte(named, '/') < 0 && ht_str_equal(ht_str_base(argument), named));
}

/* The kernel puts "/bin/sh" and "-e" of "#!/bin/sh -e" before the path of a script. */
static bool begins_script(const struct ht_text_list *argv, size_t at, struct ht_str named)
{
    return at < argv->len && is_script(argv->items[at], named) &&
           (at == 1 ||
            (ht_str_has_prefix(argv->items[1], "-") && ht_str_find_byte(argv->items[1], 'c') < 0));
}

bool ht_drf_is_entry(const struct ht_container *container, const struct ht_text_list *argv)
{
    /* One word alone ("sh") is what anybody starts. */
    if (!container || !ht_container_has_command(container) || argv->len < 2)
        return false;
    for (size_t word = 0; word < container->command.len; word++) {
        struct ht_str named = container->command.items[word];

        if (ht_str_equal(ht_str_base(argv->items[0]), ht_str_base(named)) &&
            is_same_end(argv, 1, &container->command, word + 1))
            return true;
        for (size_t at = 1; at <= 2; at++) {
            if (begins_script(argv, at, named) &&
                is_same_end(argv, at + 1, &container->command, word + 1))
                return true;
        }
    }
    return false;
}

const struct ht_layer *ht_drf_layer(struct ht_checking *checking, const struct ht_row *container)
{
    /* Of a layer nobody made a container of, none is derived. */
    const struct ht_row *row =
        ht_node_find(ht_checking_node(checking), HT_TABLE_LAYER, ht_row_id(container));

    if (row && ht_layer_has_container(ht_layer_of(row)))
        return ht_layer_of(row);
    ht_blind(checking, "drift", "what runs in a container was not compared with its image",
             "sudo hulltop");
    return NULL;
}

bool ht_drf_is_added(enum ht_code_origin origin)
{
    return ht_code_class_of(origin) == HT_CODE_CLASS_ADDED;
}

bool ht_drf_is_foreign(enum ht_code_origin origin)
{
    return ht_drf_is_added(origin) || ht_code_class_of(origin) == HT_CODE_CLASS_MOUNT;
}

const char *ht_drf_runs(const struct ht_code *code)
{
    return ht_code_has_running(code) && !code->running ? "ran" : "runs";
}

void ht_drf_weigh(struct ht_finding *finding, enum ht_severity severity)
{
    if (finding->severity == severity)
        return;
    if (!ht_finding_has_original(finding))
        ht_finding_set_original(finding, finding->severity);
    ht_finding_set_severity(finding, severity);
}

void ht_drf_soften_build(struct ht_finding *finding)
{
    if (ht_subject_has_class(&finding->subject) && finding->subject.class == HT_CLASS_BUILD)
        ht_drf_weigh(finding, HT_SEVERITY_INFO);
}

void ht_drf_soften_init(struct ht_finding *finding)
{
    if (ht_subject_has_class(&finding->subject) && finding->subject.class == HT_CLASS_INIT &&
        finding->severity < HT_SEVERITY_MEDIUM)
        ht_drf_weigh(finding, HT_SEVERITY_MEDIUM);
}

/* ---- evidence ---- */

static void show_text(struct ht_checking *checking, struct ht_finding *finding, bool known,
                      const char *field, struct ht_str text)
{
    if (known && text.len)
        ht_fire_evidence(checking, finding, "drift", field, text);
}

static void show_time(struct ht_checking *checking, struct ht_finding *finding, bool known,
                      const char *field, int64_t time)
{
    char text[HT_TIME_TEXT_MAX];

    if (!known)
        return;
    ht_time_format_utc(time, 0, text);
    ht_fire_evidence(checking, finding, "stat", field, ht_str_from(text));
}

static struct ht_str join(struct ht_checking *checking, struct ht_text_list list,
                          const char *between)
{
    struct ht_str joined = {0};

    for (size_t i = 0; i < list.len; i++)
        joined = ht_arena_strf(ht_checking_arena(checking), "%.*s%s%.*s", HT_STR_ARG(joined),
                               i ? between : "", HT_STR_ARG(list.items[i]));
    return joined;
}

static void show_file(struct ht_checking *checking, struct ht_finding *finding,
                      const struct ht_code *code)
{
    show_text(checking, finding, ht_code_has_path(code), "path", code->path);
    show_text(checking, finding, ht_code_has_origin(code), "origin",
              ht_str_from(ht_enum_name(&ht_code_origin_enum, code->origin)));
    show_text(checking, finding, ht_code_has_reason(code), "known by", code->reason);
    show_text(checking, finding, ht_code_has_interpreter(code), "interpreter", code->interpreter);
    show_text(checking, finding, ht_code_has_variable(code), "loaded by", code->variable);
    show_text(checking, finding, ht_code_has_first_line(code), "first line", code->first_line);
    show_text(checking, finding, ht_code_has_injector(code), "known tool", code->injector);
    show_text(checking, finding, ht_code_has_mount(code), "file system", code->mount);
    show_text(checking, finding, ht_code_has_mount_source(code), "mounted from",
              code->mount_source);
    show_text(checking, finding, ht_code_has_host_path(code), "on the node", code->host_path);
    show_text(checking, finding, ht_code_has_package(code),
              "package, as the container's own records say", code->package);
    show_text(checking, finding, ht_code_has_sha256(code), "SHA-256", code->sha256);
    show_text(checking, finding, ht_code_has_image_sha256(code), "SHA-256 in the image",
              code->image_sha256);
    if (ht_code_has_size(code) && ht_code_has_mode(code) && ht_code_has_uid(code))
        ht_fire_evidencef(checking, finding, "stat", "size, mode, owner",
                          "%llu bytes, %04llo, %llu", (unsigned long long)code->size,
                          (unsigned long long)code->mode, (unsigned long long)code->uid);
    show_time(checking, finding, ht_code_has_born_at(code), "made", code->born_at);
    show_time(checking, finding, ht_code_has_changed_at(code), "changed", code->changed_at);
}

static void show_process(struct ht_checking *checking, struct ht_finding *finding,
                         const struct ht_code *code)
{
    bool several = ht_code_has_processes(code) && code->processes > 1;
    bool seen_to_start = ht_code_has_seen_by(code) && !ht_str_is(code->seen_by, "polling");
    bool ended = ht_code_has_running(code) && !code->running;

    if (ht_code_has_pid(code))
        ht_fire_evidencef(checking, finding, "/proc", several ? "newest process" : "process",
                          "%llu", (unsigned long long)code->pid);
    if (several)
        ht_fire_evidencef(checking, finding, "/proc", "processes that run it", "%llu",
                          (unsigned long long)code->processes);
    show_text(checking, finding, ht_code_has_argv(code), "command",
              join(checking, code->argv, " "));
    show_text(checking, finding, ht_code_has_parents(code), "started by",
              join(checking, code->parents, " < "));
    show_text(checking, finding, ht_code_has_unit(code), "unit", code->unit);
    show_text(checking, finding, ht_code_has_tty(code), "terminal", code->tty);
    if (ht_code_has_login_uid(code))
        ht_fire_evidencef(checking, finding, "/proc/PID/loginuid", "logged in as", "%llu",
                          (unsigned long long)code->login_uid);
    show_time(checking, finding, ht_code_has_started_at(code),
              several                  ? "newest process started"
              : seen_to_start || ended ? "process started"
                                       : "runs since",
              code->started_at);
    /* Others may have run it before. */
    if (several || !seen_to_start)
        show_time(checking, finding, ht_code_has_seen_at(code), "first seen to run", code->seen_at);
    show_time(checking, finding, ht_code_has_ended_at(code), "no longer seen", code->ended_at);
    if (ht_code_has_count(code) && code->count > 1)
        ht_fire_evidencef(checking, finding, "drift",
                          seen_to_start ? "times seen to start" : "processes seen to run it",
                          "%llu", (unsigned long long)code->count);
    show_text(checking, finding, ht_code_has_seen_by(code), "seen by", code->seen_by);
}

void ht_drf_show(struct ht_checking *checking, struct ht_finding *finding,
                 const struct ht_code *code)
{
    show_file(checking, finding, code);
    show_process(checking, finding, code);
}

void ht_drf_suit_fix(struct ht_finding *finding, bool on_node)
{
    const struct ht_subject *subject = &finding->subject;

    if (!ht_str_is(finding->fix, HT_DRF_RESPONSE))
        return;
    if (on_node)
        ht_finding_set_fix(finding, HT_S(HT_DRF_NODE_RESPONSE));
    else if (!ht_subject_has_pod(subject) && !ht_subject_has_namespace(subject))
        ht_finding_set_fix(finding, HT_S(HT_DRF_CONTAINER_RESPONSE));
}

struct ht_finding *ht_drf_fire(struct ht_checking *checking, const struct ht_code *code)
{
    struct ht_finding *finding = ht_fire(checking, code->path);

    /* The process that is told of is the newest; what it runs may have run before. Of one that had
     * ended before it was looked at, only when it was seen is known. */
    if (ht_code_has_seen_at(code) &&
        !(ht_code_has_started_at(code) && code->started_at < code->seen_at))
        ht_finding_set_since(finding, code->seen_at);
    else if (ht_code_has_started_at(code))
        ht_finding_set_since(finding, code->started_at);
    ht_drf_suit_fix(finding, !ht_code_has_container(code));
    ht_drf_show(checking, finding, code);
    return finding;
}
