/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DRF-011, 019, 022, 023: programs that a container of an application has no use for. */
#include <string.h>

#include "catalogue-private.h"
#include "drf-live.h"
#include "hulltop/base/mem.h"

static bool is_shell(struct ht_checking *checking, const struct ht_process *process)
{
    return ht_facts_program_is(ht_checking_facts(checking), HT_FACT_PROGRAMS_SHELL,
                               ht_live_program(process));
}

/* ---- DRF-011 ---- */

static void look_manager(struct ht_checking *checking, const struct ht_row *row)
{
    struct live live;
    struct ht_str name, verb;
    struct ht_finding *finding;

    if (!ht_live_open(checking, row, false, &live))
        return;
    if (!ht_facts_manager_at_work(live.facts, live.program, &live.process->argv, &name, &verb))
        return;
    live.name = name;
    finding = ht_live_fire(
        &live, verb.len ? "Changes its packages: %.*s %.*s" : "Changes its packages: %.*s%.*s",
        HT_STR_ARG(name), HT_STR_ARG(verb));
    ht_live_show(&live, finding);
}

/* ---- DRF-019 ---- */

/* A path that leads to a shell's own input or terminal: it runs what is typed there. */
static bool is_input(struct ht_str path)
{
    static const char *const inputs[] = {"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0",
                                         "/dev/console"};

    for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
        if (ht_str_is(path, inputs[i]))
            return true;
    }
    return ht_str_has_prefix(path, "/dev/tty") || ht_str_has_prefix(path, "/dev/pts/");
}

/* Whether a shell was told what to run: then nobody types into it, though it has a terminal. */
static bool is_told(const struct ht_process *process)
{
    const struct ht_text_list *argv = &process->argv;

    for (size_t i = ht_live_words(process); i < argv->len; i++) {
        struct ht_str word = argv->items[i];

        if (ht_str_is(word, "--rcfile") || ht_str_is(word, "--init-file")) {
            i++;
        } else if (word.len < 2 || !strchr("-+", word.data[0])) {
            return word.len > 0 && !is_input(word);
        } else if (ht_str_has_prefix(word, "--")) {
            if (ht_str_is(word, "--command"))
                return true;
        } else if (memchr(word.data, 'c', word.len)) {
            return true;
        } else if (memchr(word.data, 's', word.len)) {
            return false; /* its input, whatever words follow */
        } else if (strchr("oO", word.data[word.len - 1])) {
            i++; /* the name of an option */
        }
    }
    return false;
}

static bool has_terminal(const struct ht_process *process)
{
    return process->stdio.len > 0 && ht_str_is(process->stdio.items[0], "tty");
}

/* A shell that somebody's shell began is no session of its own. */
static bool is_begun_by_session(struct ht_checking *checking, const struct live *live)
{
    const struct ht_process *parent = ht_live_parent(live);

    return parent && ht_process_has_container_id(parent) && is_shell(checking, parent) &&
           (!ht_process_has_stdio(parent) || has_terminal(parent)) && !is_told(parent);
}

static void look_session(struct ht_checking *checking, const struct ht_row *row)
{
    struct live live;
    struct ht_finding *finding;

    if (!ht_live_open(checking, row, false, &live) || !ht_live_is(&live, HT_FACT_PROGRAMS_SHELL))
        return;
    if (!ht_process_has_stdio(live.process)) {
        ht_unknown(checking, "proc", "whether a shell has a terminal could not be read",
                   "sudo hulltop");
        return;
    }
    if (!has_terminal(live.process) || is_told(live.process) ||
        is_begun_by_session(checking, &live))
        return;
    bool is_init = ht_live_is_first(&live);
    finding = ht_live_fire(&live, is_init ? "A shell with a terminal is its main program"
                                          : "Somebody has a shell with a terminal in it");
    ht_live_show(&live, finding);
    if (!is_init)
        ht_fire_evidence(checking, finding, "hulltop", "who",
                         HT_S("in a cluster the API server's audit log tells: pods/exec on this "
                              "pod at that minute; the node does not know"));
}

/* ---- DRF-022 ---- */

static void look_tool(struct ht_checking *checking, const struct ht_row *row)
{
    struct live live;
    enum ht_code_origin origin;
    struct ht_finding *finding;

    if (!ht_live_open(checking, row, false, &live) || !ht_live_is(&live, HT_FACT_PROGRAMS_TOOL))
        return;
    finding = ht_live_fire(&live, "Runs %.*s", HT_STR_ARG(live.name));
    if (ht_live_origin(&live, &origin)) {
        ht_fire_evidence(checking, finding, "hulltop", "origin",
                         ht_str_from(ht_enum_name(&ht_code_origin_enum, (int)origin)));
        if (origin == HT_CODE_ORIGIN_IMAGE || origin == HT_CODE_ORIGIN_METADATA)
            ht_finding_set_severity(finding, HT_SEVERITY_LOW);
    } else {
        ht_finding_set_confidence(finding, HT_CONFIDENCE_LIKELY);
    }
    ht_live_show(&live, finding);
}

/* ---- DRF-023 ---- */

static void look_ssh(struct ht_checking *checking, const struct ht_row *row)
{
    struct live live;
    struct ht_finding *finding;

    if (!ht_live_open(checking, row, false, &live) || !ht_live_is(&live, HT_FACT_PROGRAMS_SSH))
        return;
    /* One for each session too: the first of them says it. */
    const struct ht_process *parent = ht_live_parent(&live);
    if (parent && ht_process_has_container_id(parent) &&
        ht_facts_program_is(live.facts, HT_FACT_PROGRAMS_SSH, ht_live_program(parent)))
        return;
    finding = ht_live_fire(&live, "Lets people in by SSH (%.*s)", HT_STR_ARG(live.name));
    for (size_t i = 0; i < live.process->listens.len; i++)
        ht_fire_evidence(checking, finding, "/proc/PID/net/tcp", "listens on",
                         live.process->listens.items[i]);
    ht_live_show(&live, finding);
}

static const struct ht_check checks[] = {
    {.id = "DRF-011",
     .question = 2,
     .scope = HT_TABLE_PROCESS,
     .fields = HT_TEXTS("peers", "login_uid"),
     .flags = HT_CHECK_BUILDING,
     .severity = HT_SEVERITY_HIGH,
     .title = "Changes its packages while it runs",
     .condition = "A package manager runs in a container with a verb that installs, removes or "
                  "updates something. It is known by the file that runs, or by the script that its "
                  "interpreter runs.",
     .why = "What is installed now was in no build, no scan and no review, and is gone after the "
            "next restart. Attackers install their tools the same way.",
     .fix = "Move the install into the build of the image. Let applications not reach package "
            "mirrors.",
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("ATT&CK T1072", "ATT&CK T1105"),
     .other_causes = HT_TEXTS("jobs of a CI system", "images whose entry point installs something"),
     .run = look_manager},
    {.id = "DRF-019",
     .question = 6,
     .scope = HT_TABLE_PROCESS,
     .reads = HT_READS(PROCESS),
     .fields = HT_TEXTS("stdio", "login_uid"),
     .severity = HT_SEVERITY_LOW,
     .title = "Somebody has a shell with a terminal in it",
     .condition = "A shell in a container has a terminal as its input, was given nothing to run, "
                  "and no such shell started it.",
     .why = "Whoever types there can change and read everything that the container can. Often it "
            "is the person on call; if nobody knows of it, it is somebody else.",
     .fix = "Ask who it is. End sessions that nobody needs. Use debug containers that end by "
            "themselves.",
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("ATT&CK T1609", "ATT&CK T1059"),
     .other_causes = HT_TEXTS("the person on call", "docker run -it"),
     .run = look_session},
    {.id = "DRF-022",
     .question = 6,
     .scope = HT_TABLE_PROCESS,
     .reads = HT_READS(CODE),
     .severity = HT_SEVERITY_HIGH,
     .title = "Runs a tool for looking around or getting further",
     .condition = "A scanner, tunnel, container client or similar tool runs in a container. From "
                  "the image it is low.",
     .why = "Such tools serve those who look for the next machine or a way out of the container.",
     .fix = "Leave such tools out of images; use a debug image when they are needed. If it is not "
            "in the image, find out who brought it.",
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("ATT&CK T1046", "ATT&CK T1613"),
     .other_causes = HT_TEXTS("debug images", "images for operating a cluster"),
     .run = look_tool},
    {.id = "DRF-023",
     .question = 6,
     .scope = HT_TABLE_PROCESS,
     .fields = HT_TEXTS("listens"),
     .severity = HT_SEVERITY_MEDIUM,
     .title = "Lets people in by SSH",
     .condition = "An SSH server runs in a container.",
     .why = "It is a way into the container beside the cluster's own, with keys and passwords of "
            "its own and no audit.",
     .fix = "Remove it; use exec, which is logged and needs the cluster's permission.",
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("CIS Docker 1.6.0 5.7", "ATT&CK T1133", "ATT&CK T1021.004"),
     .other_causes = HT_TEXTS("Git servers", "SFTP services"),
     .run = look_ssh},
};

const struct ht_check_group ht_checks_drf_behaviour = {.checks = checks,
                                                       .count = ARRAY_LEN(checks)};
