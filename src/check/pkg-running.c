/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PKG-003, 004, 019: programs that run from files which were replaced since. */
#include <string.h>

#include "catalogue-private.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/checking.h"

enum { SHOWN = 5 };

/* What a finding is about: the unit, or where there is none the program. */
static struct ht_str home_of(const struct ht_stale_process *process)
{
    return ht_stale_process_has_unit(process) && process->unit.len ? process->unit : process->name;
}

/* Units whose old code is worth more to somebody than others'. */
static bool is_central(struct ht_str home)
{
    static const char *const prefixes[] = {
        "ssh",  "dbus",    "systemd", "init", "polkit", "docker", "containerd",
        "crio", "kubelet", "podman",  "k3s",  "rke2",   "kube-",  "etcd",
    };

    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        if (ht_str_has_prefix(home, prefixes[i]))
            return true;
    }
    return false;
}

/* Evidence is as old as the last look of this source, which is minutes at times. */
#define TELLER "running-old"

static void show_list(struct ht_checking *checking, struct ht_finding *finding, const char *field,
                      struct ht_text_list list)
{
    for (size_t i = 0; i < list.len && i < SHOWN; i++)
        ht_fire_evidence(checking, finding, TELLER, field, list.items[i]);
    if (list.len > SHOWN)
        ht_fire_evidencef(checking, finding, TELLER, field, "and %zu more", list.len - SHOWN);
}

/* Opens the finding of a home, or shows one more process of it. */
static void show_process(struct ht_checking *checking, struct ht_finding *finding,
                         const struct ht_stale_process *process)
{
    char day[HT_TIME_TEXT_MAX];

    ht_fire_evidencef(checking, finding, TELLER, "process", "%.*s, pid %llu",
                      HT_STR_ARG(process->name), (unsigned long long)process->pid);
    show_list(checking, finding, "file that was replaced", process->files);
    show_list(checking, finding, "package", process->packages);
    show_list(checking, finding, "listens on", process->listens);
    if (ht_stale_process_has_replaced_at(process)) {
        ht_time_format_utc(process->replaced_at, 0, day);
        ht_fire_evidence(checking, finding, TELLER, "replaced on", ht_str_from(day));
    }
}

static struct ht_finding *open_finding(struct ht_checking *checking,
                                       const struct ht_stale_process *process)
{
    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    struct ht_subject *subject = ht_finding_edit_subject(finding);
    struct ht_str home = home_of(process);
    bool unit = ht_stale_process_has_unit(process) && process->unit.len;

    ht_subject_set_kind(subject, unit ? HT_S("unit") : HT_S("program"));
    ht_subject_set_id(subject, home);
    ht_subject_set_name(subject, home);
    if (ht_stale_process_has_replaced_at(process))
        ht_finding_set_since(finding, process->replaced_at);
    return finding;
}

typedef bool (*is_meant)(const struct ht_stale_process *process);

/* One finding for each home of the processes that are meant, in the order of the rows. */
static void fire_homes(struct ht_checking *checking, is_meant meant,
                       void (*finish)(struct ht_checking *checking, struct ht_finding *finding,
                                      const struct ht_stale_process *process))
{
    const struct ht_rowset *rows = ht_node_set(ht_checking_node(checking), HT_TABLE_STALE_PROCESS);

    for (size_t i = 0; i < rows->len; i++) {
        const struct ht_stale_process *process = ht_stale_process_of(rows->rows[i]);
        struct ht_finding *finding;
        bool first = true;
        size_t shown = 0;

        for (size_t j = 0; j < i && first; j++) {
            const struct ht_stale_process *other = ht_stale_process_of(rows->rows[j]);

            first = !meant(other) || !ht_str_equal(home_of(other), home_of(process));
        }
        if (!meant(process) || !first)
            continue;
        finding = open_finding(checking, process);
        finish(checking, finding, process);
        for (size_t j = i; j < rows->len && shown < SHOWN; j++) {
            const struct ht_stale_process *other = ht_stale_process_of(rows->rows[j]);

            if (meant(other) && ht_str_equal(home_of(other), home_of(process))) {
                show_process(checking, finding, other);
                shown++;
            }
        }
    }
}

/* False, and said so, where nothing was compared; what could not be read is said either way. */
static bool was_compared(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_running_code *code = ht_running_code_of(row);

    if (!ht_running_code_has_compared(code) || !ht_running_code_has_denied(code)) {
        ht_unknown(checking, "running-old", "what runs was not compared with the files on disk",
                   "sudo hulltop");
        return false;
    }
    if (code->denied)
        ht_unknown(checking, "running-old", "some processes of the node could not be read",
                   "sudo hulltop");
    if (code->cut)
        ht_unknown(checking, "running-old",
                   "some files that run were left out: they are too many, or their names too long",
                   "");
    if (code->far)
        ht_unknown(checking, "running-old",
                   "some files that run were not read: they lie where an answer may never come",
                   "");
    return true;
}

/* ---- PKG-003 ---- */

static bool is_old_library(const struct ht_stale_process *process)
{
    return ht_stale_process_has_kind(process) && process->kind == HT_STALE_KIND_LIBRARY;
}

static void finish_library(struct ht_checking *checking, struct ht_finding *finding,
                           const struct ht_stale_process *process)
{
    if (is_central(home_of(process)))
        ht_finding_set_severity(finding, HT_SEVERITY_HIGH);
    if (process->packages.len)
        ht_fire_title(checking, finding, "%.*s still runs old code of %.*s%s",
                      HT_STR_ARG(home_of(process)), HT_STR_ARG(process->packages.items[0]),
                      process->packages.len > 1 ? " and others" : "");
    else
        ht_fire_title(checking, finding, "%.*s still runs a library that was replaced",
                      HT_STR_ARG(home_of(process)));
}

static void look_libraries(struct ht_checking *checking, const struct ht_row *row)
{
    if (was_compared(checking, row))
        fire_homes(checking, is_old_library, finish_library);
}

/* ---- PKG-004 ---- */

static bool is_old_program(const struct ht_stale_process *process)
{
    return ht_stale_process_has_kind(process) && process->kind != HT_STALE_KIND_LIBRARY &&
           process->kind != HT_STALE_KIND_SCRIPT;
}

static void finish_program(struct ht_checking *checking, struct ht_finding *finding,
                           const struct ht_stale_process *process)
{
    bool gone = process->kind == HT_STALE_KIND_EXECUTABLE_GONE;

    if (is_central(home_of(process)))
        ht_finding_set_severity(finding, HT_SEVERITY_HIGH);
    ht_fire_title(checking, finding,
                  gone ? "%.*s runs a program that is not on disk any more"
                       : "%.*s still runs its old program",
                  HT_STR_ARG(home_of(process)));
    ht_fire_evidence(checking, finding, TELLER, "program", process->exe);
}

static void look_programs(struct ht_checking *checking, const struct ht_row *row)
{
    if (was_compared(checking, row))
        fire_homes(checking, is_old_program, finish_program);
}

/* ---- PKG-005 ---- */

static bool is_old_script(const struct ht_stale_process *process)
{
    return ht_stale_process_has_kind(process) && process->kind == HT_STALE_KIND_SCRIPT;
}

static void finish_script(struct ht_checking *checking, struct ht_finding *finding,
                          const struct ht_stale_process *process)
{
    char day[HT_TIME_TEXT_MAX];

    ht_finding_set_confidence(finding, HT_CONFIDENCE_LIKELY);
    ht_fire_title(checking, finding, "%.*s was started before its script was replaced",
                  HT_STR_ARG(home_of(process)));
    if (ht_stale_process_has_started_at(process)) {
        ht_time_format_utc(process->started_at, 0, day);
        ht_fire_evidence(checking, finding, TELLER, "started on", ht_str_from(day));
    }
    ht_fire_evidence(checking, finding, TELLER, "interpreter", process->exe);
}

static void look_scripts(struct ht_checking *checking, const struct ht_row *row)
{
    if (was_compared(checking, row))
        fire_homes(checking, is_old_script, finish_script);
}

/* ---- PKG-019 ---- */

static bool is_reachable(const struct ht_stale_process *process)
{
    return process->listens.len > 0 && !is_old_script(process);
}

static void finish_reachable(struct ht_checking *checking, struct ht_finding *finding,
                             const struct ht_stale_process *process)
{
    ht_fire_title(checking, finding, "%.*s can be reached from the network and runs old code",
                  HT_STR_ARG(home_of(process)));
}

static void look_reachable(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_rowset *rows = ht_node_set(ht_checking_node(checking), HT_TABLE_STALE_PROCESS);

    if (!was_compared(checking, row))
        return;
    fire_homes(checking, is_reachable, finish_reachable);
    for (size_t i = 0; i < rows->len; i++) {
        if (!ht_stale_process_has_listens(ht_stale_process_of(rows->rows[i])))
            ht_unknown(checking, "running-old", "which ports a process listens on is not known",
                       "sudo hulltop");
    }
}

static const struct ht_check checks[] = {
    {.id = "PKG-003",
     .question = 4,
     .scope = HT_TABLE_RUNNING_CODE,
     .reads = HT_READS(STALE_PROCESS),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "Runs a library that was replaced",
     .condition = "A process of the node has code loaded from a file that was replaced or deleted "
                  "since; high for the machinery of the node. What is loaded from /tmp, /var/tmp, "
                  "/run, /dev or from memory comes and goes by design and does not count.",
     .why = "An update changes files, not what runs. Until it is restarted, the process keeps the "
            "holes that the update closed.",
     .fix = "Restart the unit in a quiet moment (systemctl restart UNIT). For systemd itself: "
            "systemctl daemon-reexec; for dbus and the kernel: a reboot.",
     .needs = HT_TEXTS("running-old"),
     .references = HT_TEXTS("ATT&CK T1068", "ATT&CK T1210"),
     .other_causes = HT_TEXTS("programs that unpack, load and delete libraries of their own"),
     .run = look_libraries},
    {.id = "PKG-004",
     .question = 4,
     .scope = HT_TABLE_RUNNING_CODE,
     .reads = HT_READS(STALE_PROCESS),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "Runs a program that was replaced",
     .condition = "The executable of a process of the node was replaced or deleted since; high for "
                  "the machinery of the node. One of /tmp, /var/tmp, /run, /dev/shm or memory "
                  "counts if its name is another file's now, or it has another name left: if it "
                  "has none, DRF-009 or DRF-010 tells it.",
     .why = "The new version lies on disk and the old one runs, with all its holes.",
     .fix = "Restart the unit (systemctl restart UNIT). Container shims live as long as their "
            "container: see PKG-008.",
     .needs = HT_TEXTS("running-old"),
     .references = HT_TEXTS("ATT&CK T1068"),
     .other_causes = HT_TEXTS("agents that update themselves", "programs that delete themselves"),
     .run = look_programs},
    {.id = "PKG-005",
     .question = 4,
     .scope = HT_TABLE_RUNNING_CODE,
     .reads = HT_READS(STALE_PROCESS),
     .severity = HT_SEVERITY_LOW,
     .title = "Runs a script that was replaced",
     .condition = "A Python, Perl, Ruby, PHP, JavaScript or Java process of the node was started "
                  "before the script or a jar on its command line was replaced, and the file "
                  "belongs to a package. Other modules that it loaded cannot be seen.",
     .why = "An interpreter keeps the code that it read when it began.",
     .fix = "Restart the unit (systemctl restart UNIT).",
     .needs = HT_TEXTS("running-old"),
     .references = HT_TEXTS("ATT&CK T1068"),
     .other_causes = HT_TEXTS("scripts that configuration management writes again without a change",
                              "interpreters that load a script again when it changes"),
     .run = look_scripts},
    {.id = "PKG-019",
     .question = 4,
     .scope = HT_TABLE_RUNNING_CODE,
     .reads = HT_READS(STALE_PROCESS),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "Can be reached from the network and runs old code",
     .condition = "A process that listens beyond the loopback runs code that was replaced since.",
     .why = "Holes in what listens are the ones that strangers can try.",
     .fix = "Restart this one first of all (systemctl restart UNIT); close the port meanwhile.",
     .implies = HT_TEXTS("PKG-003", "PKG-004"),
     .needs = HT_TEXTS("running-old"),
     .references = HT_TEXTS("ATT&CK T1190"),
     .run = look_reachable},
};

const struct ht_check_group ht_checks_pkg_running = {.checks = checks, .count = ARRAY_LEN(checks)};
