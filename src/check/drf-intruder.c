/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DRF-021, 026, 027, 031, 032: processes that hide, or are where they should not be. */
#include "catalogue-private.h"
#include "drf-live.h"
#include "drf.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "view.h"

/* A process that a runtime has just started is not yet what it will be. */
#define SETTLED_NS (INT64_C(3) * HT_NS_PER_S)

static bool is_settled(const struct ht_process *process)
{
    return process->reads >= 2 ||
           (ht_process_has_started_at(process) && ht_process_has_read_at(process) &&
            process->read_at - process->started_at > SETTLED_NS);
}

/* ---- DRF-021 ---- */

/* A shell that was brought along may have any name. */
static bool is_brought(const struct live *live)
{
    enum ht_code_origin origin;

    return ht_live_origin(live, &origin) &&
           (ht_drf_is_foreign(origin) || origin == HT_CODE_ORIGIN_RENAMED);
}

static void look_reverse(struct ht_checking *checking, const struct ht_row *row)
{
    struct live live;
    struct ht_finding *finding;

    if (!ht_live_open(checking, row, true, &live))
        return;

    const struct ht_text_list *stdio = &live.process->stdio;
    bool known = ht_live_is(&live, HT_FACT_PROGRAMS_SHELL) ||
                 ht_live_is(&live, HT_FACT_PROGRAMS_INTERPRETER) ||
                 ht_live_is(&live, HT_FACT_PROGRAMS_RELAY);
    if (!ht_process_has_stdio(live.process) && (known || is_brought(&live))) {
        ht_unknown(checking, "proc", "where input and output of a shell go could not be read",
                   "sudo hulltop");
        return;
    }
    if (stdio->len < 2 || !ht_str_has_prefix(stdio->items[0], "tcp ") ||
        !ht_str_has_prefix(stdio->items[1], "tcp ") || !(known || is_brought(&live)))
        return;
    finding = ht_live_fire(&live, "Input and output of %.*s are a network connection",
                           HT_STR_ARG(live.name));
    for (size_t i = 0; i < stdio->len; i++) {
        static const char *const names[] = {"descriptor 0", "descriptor 1", "descriptor 2"};

        ht_fire_evidence(checking, finding, "/proc/PID/fd", i < 3 ? names[i] : "descriptor",
                         stdio->items[i]);
    }
    ht_live_show(&live, finding);
}

/* ---- DRF-026 ---- */

/* What a node runs for its containers has no file in one that somebody put there. */
static void look_part_of_node(const struct live *live)
{
    struct ht_finding *finding;
    enum ht_code_origin origin;

    if (live->on_host || !ht_live_is(live, HT_FACT_PROGRAMS_NODE_PART))
        return;
    if (!ht_live_origin(live, &origin)) {
        ht_unknown(live->checking, "drift",
                   "where a program with the name of one of the node's comes from is not known",
                   "sudo hulltop");
        return;
    }
    /* k3s has them on a volume; DRF-014 tells of what runs there. */
    if (!ht_drf_is_added(origin) && origin != HT_CODE_ORIGIN_RENAMED)
        return;
    finding =
        ht_live_fire(live, "Pretends to be a program of the node (%.*s)", HT_STR_ARG(live->name));
    ht_fire_evidence(live->checking, finding, "hulltop", "origin",
                     ht_str_from(ht_enum_name(&ht_code_origin_enum, (int)origin)));
    ht_live_show(live, finding);
}

static void look_masquerade(struct ht_checking *checking, const struct ht_row *row)
{
    struct live live;
    struct ht_finding *finding;

    if (!ht_live_peek(checking, row, true, &live))
        return;

    const struct ht_process *process = live.process;
    struct ht_str first = process->argv.len ? process->argv.items[0] : (struct ht_str){0};
    bool bracketed = first.len > 2 && first.data[0] == '[' && ht_str_has_suffix(first, "]");
    bool named = ht_facts_program_is(live.facts, HT_FACT_PROGRAMS_THREAD, process->comm);
    if (!ht_process_has_argv(process) || !ht_process_has_kernel(process)) {
        ht_unknown(checking, "proc", "what a process calls itself could not be read",
                   "sudo hulltop");
        return;
    }
    if (!bracketed && !named) {
        look_part_of_node(&live);
        return;
    }
    finding = ht_live_fire(&live, "Pretends to be a thread of the kernel (%.*s)",
                           HT_STR_ARG(bracketed ? first : process->comm));
    ht_fire_evidence(checking, finding, "/proc/PID/comm", "name", process->comm);
    ht_fire_evidence(checking, finding, "/proc/PID/stat", "kernel thread", HT_S("no"));
    ht_live_show(&live, finding);
}

/* ---- DRF-027 ---- */

/* What makes code while it runs, or maps a library that does. */
static bool compiles(const struct live *live)
{
    const struct ht_text_list *libraries = &live->process->wx_libraries;

    for (size_t i = 0; i < libraries->len; i++) {
        if (ht_facts_program_is(live->facts, HT_FACT_PROGRAMS_COMPILER_LIBRARY,
                                libraries->items[i]))
            return true;
    }
    return ht_live_is(live, HT_FACT_PROGRAMS_COMPILER);
}

static void look_memory(const struct live *live)
{
    const struct ht_process *process = live->process;
    struct ht_finding *finding;

    if (!ht_process_has_wx_bytes(process)) {
        ht_unknown(live->checking, "proc",
                   "whether memory of a process can be written and executed could not be read",
                   "sudo hulltop");
        return;
    }
    if (process->wx_bytes == 0)
        return;
    if (!ht_process_has_exe(process)) {
        ht_unknown(live->checking, "proc", "what a process runs could not be read", "sudo hulltop");
        return;
    }
    if (compiles(live))
        return;
    finding = ht_live_fire(live, "%.*s has memory that can be written and executed at once",
                           HT_STR_ARG(live->name));
    ht_fire_evidencef(live->checking, finding, "/proc/PID/maps", "of no file, rwx",
                      "at least %llu KiB", (unsigned long long)(process->wx_bytes / 1024));
    ht_live_show(live, finding);
}

/* Returns whether it is. */
static bool look_traced(const struct live *live)
{
    struct ht_checking *checking = live->checking;
    const struct ht_process *tracer;
    struct ht_finding *finding;

    if (!ht_process_has_tracer(live->process)) {
        ht_unknown(checking, "proc", "whether a process is traced could not be read",
                   "sudo hulltop");
        return false;
    }
    if (live->process->tracer == 0)
        return false;
    finding = ht_live_fire(live, "%.*s is traced by another process", HT_STR_ARG(live->name));
    tracer = ht_view_find_process(ht_checking_node(checking), live->process->tracer);
    if (tracer)
        ht_fire_evidencef(checking, finding, "/proc/PID/status", "tracer", "%.*s, pid %llu",
                          HT_STR_ARG(ht_live_program(tracer)),
                          (unsigned long long)live->process->tracer);
    else
        ht_fire_evidencef(checking, finding, "/proc/PID/status", "tracer", "pid %llu",
                          (unsigned long long)live->process->tracer);
    ht_live_show(live, finding);
    return true;
}

static void look_injected(struct ht_checking *checking, const struct ht_row *row)
{
    struct live live;

    if (!ht_live_peek(checking, row, false, &live))
        return;
    /* A debugger may have made it. */
    if (!look_traced(&live))
        look_memory(&live);
}

/* ---- DRF-031 ---- */

/* The mounts of the first process of a container; 0: not known. */
static uint64_t mounts_of(const struct ht_checking *checking, const struct ht_container *container)
{
    const struct ht_process *first =
        ht_container_has_pid(container)
            ? ht_view_find_process(ht_checking_node(checking), container->pid)
            : NULL;

    return first && ht_process_has_ns_mnt(first) ? first->ns_mnt : 0;
}

/* The container, other than its own, whose mounts a process has; NULL: none. */
static const struct ht_container *entered(const struct ht_checking *checking,
                                          const struct ht_process *process)
{
    const struct ht_node *node = ht_checking_node(checking);
    const struct ht_rowset *rows = ht_node_set(node, HT_TABLE_CONTAINER);
    const struct ht_row *own = ht_node_find(node, HT_TABLE_CONTAINER, process->container);

    if (!ht_process_has_ns_mnt(process) || process->ns_mnt == 0 ||
        (own && mounts_of(checking, ht_container_of(own)) == process->ns_mnt))
        return NULL;
    for (size_t i = 0; i < rows->len; i++) {
        if (rows->rows[i] != own &&
            mounts_of(checking, ht_container_of(rows->rows[i])) == process->ns_mnt)
            return ht_container_of(rows->rows[i]);
    }
    return NULL;
}

static void show_joined(const struct live *live, struct ht_finding *finding)
{
    const struct ht_process *process = live->process;

    if (ht_process_has_cgroup(process))
        ht_fire_evidence(live->checking, finding, "/proc/PID/cgroup", "cgroup", process->cgroup);
    ht_fire_evidencef(live->checking, finding, "/proc/PID/ns", "pid and mount namespace",
                      "%llu, %llu", (unsigned long long)process->ns_pid,
                      (unsigned long long)process->ns_mnt);
    ht_live_show(live, finding);
}

/* Its cgroup is of one container, what it sees of another. */
static void look_entered(const struct live *live)
{
    const struct ht_container *other = entered(live->checking, live->process);
    struct ht_finding *finding;

    if (!other)
        return;
    finding = ht_live_fire(live, "%.*s of this container is in the mounts of %.*s",
                           HT_STR_ARG(live->name), HT_STR_ARG(other->name));
    show_joined(live, finding);
}

static void look_joined(struct ht_checking *checking, const struct ht_row *row)
{
    struct live live;
    const struct ht_process *parent;

    if (!ht_live_peek(checking, row, false, &live) || !is_settled(live.process))
        return;
    if (!ht_process_has_container_hint(live.process)) {
        ht_unknown(checking, "proc", "how a process belongs to its container is not known",
                   "sudo hulltop");
        return;
    }
    /* Its cgroup is another's, and yet it is inside. */
    if (!ht_str_is(live.process->container_hint, "namespace")) {
        look_entered(&live);
        return;
    }
    parent = ht_live_parent(&live);
    if (parent && ht_process_has_container_id(parent) &&
        ht_str_equal(parent->container_id, live.process->container_id) &&
        ht_process_has_container_hint(parent) && ht_str_is(parent->container_hint, "namespace"))
        return; /* the one that came in says it */
    if (parent &&
        ht_facts_program_is(live.facts, HT_FACT_PROGRAMS_MONITOR, ht_live_program(parent)))
        return;
    show_joined(&live, ht_live_fire(&live, "%.*s came in from outside, not by its runtime",
                                    HT_STR_ARG(live.name)));
}

/* ---- DRF-032 ---- */

static void look_escaped(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_host *host = ht_node_host(ht_checking_node(checking));
    struct live live;
    struct ht_finding *finding;

    if (!ht_live_peek(checking, row, false, &live) || !is_settled(live.process) ||
        ht_live_is(&live, HT_FACT_PROGRAMS_MONITOR))
        return;
    if (!ht_process_has_ns_mnt(live.process) || !ht_host_has_ns_mnt(host)) {
        ht_unknown(checking, "proc", "the namespaces of a process could not be read",
                   "sudo hulltop");
        return;
    }
    /* No runtime gives a container the node's mounts. */
    if (live.process->ns_mnt != host->ns_mnt)
        return;
    finding = ht_live_fire(&live, "%.*s of this container is in the node's own mounts",
                           HT_STR_ARG(live.name));
    if (ht_process_has_cgroup(live.process))
        ht_fire_evidence(checking, finding, "/proc/PID/cgroup", "cgroup", live.process->cgroup);
    ht_fire_evidencef(checking, finding, "/proc/PID/ns/mnt", "mount namespace",
                      "%llu, as process 1 of the node", (unsigned long long)live.process->ns_mnt);
    ht_live_show(&live, finding);
}

static const struct ht_check checks[] = {
    {.id = "DRF-021",
     .question = 6,
     .scope = HT_TABLE_PROCESS,
     .reads = HT_READS(CODE),
     .fields = HT_TEXTS("stdio", "peers", "login_uid"),
     .severity = HT_SEVERITY_CRITICAL,
     .title = "Input and output of a shell are a network connection",
     .condition =
         "Input and output of a shell, an interpreter, a relay or a program that is not as "
         "in the image are TCP connections. Processes of the node are judged too.",
     .why = "Somebody elsewhere types into this shell: it is how intruders keep a session without "
            "a login.",
     .fix = "1. Save the evidence.\n"
            "2. Take the pod out of service: remove the label by which its Service selects it.\n"
            "3. Cut what it may reach.\n"
            "4. Only then freeze it.\n"
            "5. Redeploy from the image.\n"
            "6. Look at the peer and at what the container could reach.",
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("ATT&CK T1059", "ATT&CK T1071"),
     .other_causes = HT_TEXTS("inetd and sockets of systemd", "a proxy command of ssh"),
     .run = look_reverse},
    {.id = "DRF-026",
     .question = 6,
     .scope = HT_TABLE_PROCESS,
     .reads = HT_READS(CODE),
     .severity = HT_SEVERITY_HIGH,
     .title = "Pretends to be a thread of the kernel, or a program of the node",
     .condition = "A process calls itself as the kernel calls its threads, and is none; processes "
                  "of the node are judged too. Or a program of a container is called like one "
                  "that a node has for its containers (pause, containerd, kubelet), and was put "
                  "there after the image was built.",
     .why = "Nobody looks twice at a kworker or a pause: that is why malware takes such names.",
     .fix = "Look at the file that runs. Save the evidence before the process is ended.",
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("ATT&CK T1036.004", "ATT&CK T1036.005"),
     .other_causes = HT_TEXTS("programs that show their state in brackets"),
     .run = look_masquerade},
    {.id = "DRF-027",
     .question = 6,
     .scope = HT_TABLE_PROCESS,
     .fields = HT_TEXTS("wx_bytes"),
     .severity = HT_SEVERITY_MEDIUM,
     .title = "Is traced, or has memory that can be written and executed at once",
     .condition = "Another process traces a process of a container (ptrace). Or a process of a "
                  "container has memory of no file, and not its stack, that can be written and "
                  "executed at once, and neither it nor a library that it maps is known to make "
                  "code while it runs (Java, node, .NET, PHP, LuaJIT, PCRE, libffi).",
     .why = "Whoever traces a process reads its secrets and changes what it does. Code that is "
            "brought into a running program is written into such memory: it has no file, and "
            "leaves no other trace.",
     .fix = "Make sure that it is a debugger, or a compiler, of yours. If not, save the evidence "
            "and redeploy.",
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("ATT&CK T1055", "ATT&CK T1055.008"),
     .other_causes = HT_TEXTS("debuggers, strace", "sandboxes that work by ptrace (gVisor)",
                              "programs that compile while they run, and have no name that is "
                              "known for it"),
     .run = look_injected},
    {.id = "DRF-031",
     .question = 6,
     .scope = HT_TABLE_PROCESS,
     .reads = HT_READS(PROCESS) | HT_READS(CONTAINER),
     .severity = HT_SEVERITY_HIGH,
     .title = "A process came in from outside, not by its runtime",
     .condition = "A process is in the namespaces of a container, but its cgroup is not the "
                  "container's and its parent is no container runtime; or its cgroup is one "
                  "container's and its mounts are another's.",
     .why = "Somebody on the node entered the container (nsenter): no runtime and no audit log "
            "knows of it.",
     .fix = "Find the caller on the node by its parents. Let few be root there.",
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("ATT&CK T1611", "ATT&CK T1055"),
     .other_causes = HT_TEXTS("network and storage plugins", "security agents",
                              "an administrator with nsenter"),
     .run = look_joined},
    {.id = "DRF-032",
     .question = 6,
     .scope = HT_TABLE_PROCESS,
     .reads = HT_READS(HOST),
     .severity = HT_SEVERITY_CRITICAL,
     .title = "A process of a container is in the node's own mounts",
     .condition = "The cgroup of a process is a container's, but its mount namespace is the "
                  "node's. Runtimes at work are left out, and so is a process of the first three "
                  "seconds.",
     .why = "It left the container and sees the node's files as the node does.",
     .fix = "Treat it as an escape: isolate the node and save the evidence before anything else.",
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("ATT&CK T1611"),
     .other_causes = HT_TEXTS("nsenter from a privileged pod, as some operators do"),
     .run = look_escaped},
};

const struct ht_check_group ht_checks_drf_intruder = {.checks = checks, .count = ARRAY_LEN(checks)};
