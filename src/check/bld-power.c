/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BLD-004 to 008, 012, 015, 017: what a build may do to its node, and what keeps it. */
#include "bld.h"
#include "builds-private.h"
#include "catalogue-private.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/privilege.h"

/* A job that takes longer has been forgotten. */
#define LONG_NS (6 * INT64_C(3600) * HT_NS_PER_S)

/* ---- BLD-004 ---- */

static void look_socket(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_build *build = ht_bld_open(row);

    if (!build)
        return;
    if (!ht_build_has_shares(build)) {
        ht_bld_unknown(checking, "whether it has the socket of a container runtime");
        return;
    }

    const struct ht_share *share = ht_bld_share(build, HT_SHARE_KIND_RUNTIME_SOCKET);
    if (!share)
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    const struct ht_row *asker =
        ht_build_has_started_by(build)
            ? ht_node_find(ht_checking_node(checking), HT_TABLE_CONTAINER, build->started_by)
            : NULL;
    ht_fire_title(checking, finding, "%.*s %s the runtime's socket",
                  HT_STR_ARG(ht_bld_title(checking, finding, build)),
                  asker ? "was started through" : "gives orders through");
    ht_fire_evidence(checking, finding, "hulltop", "socket", share->object);
    if (asker)
        ht_fire_evidence(checking, finding, "hulltop", "socket is held by",
                         ht_builds_name(ht_container_of(asker)));
    ht_bld_show(checking, finding, build);
    ht_fire_evidencef(checking, finding, "hulltop", "applications in its reach", "%llu",
                      (unsigned long long)share->count);
    ht_finding_set_escape(finding,
                          HT_S("One request to this socket starts a privileged container with the "
                               "node's disk: root on the node in one step."));
}

/* ---- BLD-005 ---- */

/* 1: privileged, 0: not, -1: cannot be told. */
static int is_privileged(const struct ht_container *container)
{
    const struct ht_privilege *effective = &container->effective;
    const struct ht_privilege *declared = &container->declared;

    if (ht_privilege_is_remapped(effective))
        return 0;
    if ((ht_privilege_has_privileged(effective) && effective->privileged) ||
        (ht_privilege_has_privileged(declared) && declared->privileged))
        return 1;
    return ht_privilege_has_privileged(effective) || ht_privilege_has_privileged(declared) ? 0 : -1;
}

static void fire_privileged(struct ht_checking *checking, const struct ht_build *build,
                            const struct ht_container *container)
{
    struct ht_finding *finding = ht_fire(checking, HT_S(""));

    ht_fire_title(checking, finding, "%.*s is privileged",
                  HT_STR_ARG(ht_bld_title(checking, finding, build)));
    ht_fire_evidence(checking, finding, "hulltop", "container", container->name);
    if (ht_privilege_has_privileged(&container->declared))
        ht_fire_evidence(checking, finding, "container runtime", "privileged, as declared",
                         container->declared.privileged ? HT_S("true") : HT_S("false"));
    if (ht_privilege_has_privileged(&container->effective))
        ht_fire_evidence(checking, finding, "/proc", "as wide as privileged",
                         container->effective.privileged ? HT_S("true") : HT_S("false"));
    ht_bld_show(checking, finding, build);
    if (build->applications) {
        ht_fire_evidencef(checking, finding, "hulltop", "applications beside it", "%llu",
                          (unsigned long long)build->applications);
        ht_finding_set_severity(finding, HT_SEVERITY_CRITICAL);
    }
}

static void look_privileged(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_build *build = ht_bld_open(row);
    const struct ht_container *container;
    size_t at = 0, unknown = 0;

    if (!build)
        return;
    if (!ht_build_has_containers(build)) {
        ht_bld_unknown(checking, "which containers it runs in");
        return;
    }
    for (container = ht_bld_next(checking, build, &at); container;
         container = ht_bld_next(checking, build, &at)) {
        int privileged = is_privileged(container);

        if (privileged > 0) {
            fire_privileged(checking, build, container);
            return;
        }
        unknown += privileged < 0;
    }
    if (unknown)
        ht_bld_unknown(checking, "whether it is privileged");
}

/* ---- BLD-006, 007 ---- */

static bool has_grade(struct ht_checking *checking, const struct ht_build *build,
                      enum ht_build_grade grade)
{
    if (!ht_build_has_grade(build)) {
        ht_bld_unknown(checking, "how far a build is kept apart");
        return false;
    }
    return build->grade == grade;
}

static void look_rootless(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_build *build = ht_bld_open(row);

    if (build && has_grade(checking, build, HT_BUILD_GRADE_C))
        ht_bld_show(checking, ht_fire(checking, HT_S("")), build);
}

static void look_sandboxed(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_build *build = ht_bld_open(row);

    if (build && has_grade(checking, build, HT_BUILD_GRADE_B))
        ht_bld_show(checking, ht_fire(checking, HT_S("")), build);
}

/* ---- BLD-008, 015: command lines of builders ---- */

static bool has_word(const struct ht_text_list *argv, const char *word)
{
    return ht_text_list_has(argv, ht_str_from(word));
}

/* Whether a builder's command line lets it listen on TCP without asking for a certificate. */
static struct ht_str open_listener(const struct ht_text_list *argv)
{
    struct ht_str address = {0};

    for (size_t i = 1; i < argv->len; i++) {
        struct ht_str word = argv->items[i];
        ptrdiff_t at = ht_str_find(word, HT_S("tcp://"), 0);

        if (ht_str_has_prefix(word, "--tlsverify") || ht_str_has_prefix(word, "--tlscacert"))
            return (struct ht_str){0};
        if (at >= 0 && ht_str_find(word, HT_S("//127."), 0) < 0 &&
            ht_str_find(word, HT_S("//localhost"), 0) < 0)
            address = ht_str_sub(word, (size_t)at, word.len);
    }
    return address;
}

static const struct ht_text_list *command_of(struct ht_checking *checking,
                                             const struct ht_build *build, size_t *at)
{
    const struct ht_node *node = ht_checking_node(checking);
    size_t containers = build->containers.len;

    while (*at < containers) {
        const struct ht_container *container = ht_bld_next(checking, build, at);

        if (container && ht_container_has_command(container))
            return &container->command;
    }
    while (*at < containers + build->processes.len) {
        const struct ht_row *row =
            ht_node_find(node, HT_TABLE_PROCESS, build->processes.items[(*at)++ - containers]);

        if (row && ht_process_has_argv(ht_process_of(row)))
            return &ht_process_of(row)->argv;
    }
    return NULL;
}

static void look_process_sandbox(struct ht_checking *checking, const struct ht_row *row)
{
    static const char word[] = "--oci-worker-no-process-sandbox";
    const struct ht_build *build = ht_bld_open(row);
    const struct ht_text_list *argv;
    size_t at = 0;

    if (!build)
        return;
    if (!ht_build_has_containers(build)) {
        ht_bld_unknown(checking, "how the builder was started");
        return;
    }
    for (argv = command_of(checking, build, &at); argv; argv = command_of(checking, build, &at)) {
        if (has_word(argv, word)) {
            ht_fire_evidence(checking, ht_fire(checking, HT_S("")), "command line", "argument",
                             HT_S(word));
            return;
        }
    }
}

static void look_listener(struct ht_checking *checking, const struct ht_build *build)
{
    const struct ht_text_list *argv;
    size_t at = 0;

    for (argv = command_of(checking, build, &at); argv; argv = command_of(checking, build, &at)) {
        struct ht_str address = open_listener(argv);

        if (address.len == 0)
            continue;

        struct ht_finding *finding = ht_fire(checking, HT_S("listener"));
        ht_finding_set_severity(finding, HT_SEVERITY_CRITICAL);
        ht_fire_title(checking, finding, "%.*s takes orders from the network without a certificate",
                      HT_STR_ARG(ht_bld_title(checking, finding, build)));
        ht_fire_evidence(checking, finding, "command line", "listens on", address);
        return;
    }
}

static void look_age(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_build *build = ht_bld_open(row);
    int64_t age;

    if (!build)
        return;
    if (!ht_build_has_started_at(build) || !ht_build_has_state(build)) {
        ht_bld_unknown(checking, "how long a build runs");
        return;
    }
    look_listener(checking, build);
    age = ht_bld_age(checking, build->started_at);
    if (build->state != HT_BUILD_STATE_RUNNING || age < LONG_NS)
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S("age"));
    ht_fire_title(checking, finding, "%.*s runs for more than 6 hours",
                  HT_STR_ARG(ht_bld_title(checking, finding, build)));
    ht_bld_show(checking, finding, build);
}

/* ---- BLD-012 ---- */

static void look_paths(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_build *build = ht_bld_open(row);

    if (!build)
        return;
    if (!ht_build_has_shares(build)) {
        ht_bld_unknown(checking, "which folders of the node it has");
        return;
    }
    for (size_t i = 0; i < build->shares.len; i++) {
        const struct ht_share *share = &build->shares.items[i];

        if (share->kind != HT_SHARE_KIND_HOST_PATH)
            continue;

        struct ht_finding *finding = ht_fire(checking, share->object);
        ht_fire_title(checking, finding, "%.*s has %.*s of the node",
                      HT_STR_ARG(ht_bld_title(checking, finding, build)),
                      HT_STR_ARG(share->object));
        ht_bld_show_share(checking, finding, share);
        if (ht_share_has_writable(share))
            ht_fire_evidence(checking, finding, "container runtime", "writable",
                             share->writable ? HT_S("true") : HT_S("false"));
        if (share->count)
            ht_finding_set_severity(finding, HT_SEVERITY_HIGH);
    }
}

/* ---- BLD-017 ---- */

static void show_limits(struct ht_checking *checking, const struct ht_container *container)
{
    struct ht_finding *finding = ht_fire(checking, HT_S(""));

    ht_fire_evidence(checking, finding, "container runtime", "memory limit",
                     container->memory_limit ? HT_S("set") : HT_S("none"));
    ht_fire_evidence(checking, finding, "container runtime", "CPU limit",
                     container->cpu_limit ? HT_S("set") : HT_S("none"));
    ht_fire_evidence(checking, finding, "container runtime", "limit of processes",
                     container->pids_limit > 0 ? HT_S("set") : HT_S("none"));
}

static void look_limits(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_build *build = ht_bld_open(row);
    const struct ht_container *container;
    size_t at = 0, unknown = 0;

    if (!build)
        return;
    if (!ht_build_has_containers(build)) {
        ht_bld_unknown(checking, "which containers it runs in");
        return;
    }
    for (container = ht_bld_next(checking, build, &at); container;
         container = ht_bld_next(checking, build, &at)) {
        if (!ht_container_has_memory_limit(container) || !ht_container_has_cpu_limit(container)) {
            unknown++;
        } else if (container->memory_limit == 0 || container->cpu_limit == 0 ||
                   container->pids_limit <= 0) {
            show_limits(checking, container);
            return;
        }
    }
    if (unknown || build->containers.len == 0)
        ht_bld_unknown(checking, "how much a build may use up");
}

static const struct ht_check checks[] = {
    {.id = "BLD-004",
     .question = 1,
     .scope = HT_TABLE_BUILD,
     .reads = HT_READS(CONTAINER),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_CRITICAL,
     .title = "A build uses the socket of the container runtime",
     .condition = "The socket of a container runtime is mounted into a build, or a build was "
                  "started through it by a container that holds it.",
     .why = "Whoever may talk to this socket is root on the node and master of every container "
            "here. A build runs code that strangers may have written.",
     .fix = "Use a builder that needs no daemon: rootless BuildKit, Buildah, or a builder on "
            "another machine.",
     .needs = HT_TEXTS("docker", "proc"),
     .references = HT_TEXTS("CIS Docker 1.6.0 5.32", "ATT&CK T1610", "ATT&CK T1612"),
     .other_causes = HT_TEXTS("a Docker of its own that shares its socket between two containers"),
     .run = look_socket},
    {.id = "BLD-005",
     .question = 1,
     .scope = HT_TABLE_BUILD,
     .reads = HT_READS(CONTAINER),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "A build is privileged",
     .condition = "A container of a build is privileged, as declared or as the kernel has it. "
                  "Beside applications that is critical.",
     .why = "A privileged container can do to the node what root can: load modules, mount its "
            "disk, read every process. The build's code has that power.",
     .fix = "Use the rootless variant of the builder, a user namespace, or a sandbox with a "
            "kernel of its own.",
     .needs = HT_TEXTS("docker", "proc"),
     .references = HT_TEXTS("CIS Docker 1.6.0 5.5", "CIS Kubernetes 1.12 5.2.2", "ATT&CK T1611"),
     .other_causes = HT_TEXTS("builders of hardware on nodes of their own"),
     .run = look_privileged},
    {.id = "BLD-006",
     .question = 1,
     .scope = HT_TABLE_BUILD,
     .severity = HT_SEVERITY_INFO,
     .title = "A build is kept apart by a user namespace",
     .condition = "The build's root is nobody on the node: grade C.",
     .why = "Out of its container the build would be an ordinary user. The kernel is still the "
            "same for all.",
     .fix = "Keep it so. A kernel of its own keeps it further apart.",
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("ATT&CK T1612"),
     .run = look_rootless},
    {.id = "BLD-007",
     .question = 1,
     .scope = HT_TABLE_BUILD,
     .severity = HT_SEVERITY_INFO,
     .title = "A build runs in a sandbox",
     .condition = "The build has a kernel of its own, proven by its shim or its sandbox: grade B.",
     .why = "A hole in the node's kernel is out of its reach. Nobody on the node can look into it, "
            "hulltop neither.",
     .fix = "Keep it so.",
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("Kubescape C-0297"),
     .run = look_sandboxed},
    {.id = "BLD-008",
     .question = 1,
     .scope = HT_TABLE_BUILD,
     .reads = HT_READS(CONTAINER) | HT_READS(PROCESS),
     .severity = HT_SEVERITY_LOW,
     .title = "Steps of a build can see and trace each other",
     .condition = "BuildKit was started with --oci-worker-no-process-sandbox.",
     .why = "All builds of this daemon share one set of process ids: one of them can end or read "
            "the others.",
     .fix = "Where the cluster has user namespaces, use BuildKit's manifests for them instead.",
     .needs = HT_TEXTS("docker", "proc"),
     .references = HT_TEXTS("BuildKit pull request 5765"),
     .other_causes = HT_TEXTS("clusters without user namespaces have no other rootless choice"),
     .run = look_process_sandbox},
    {.id = "BLD-012",
     .question = 1,
     .scope = HT_TABLE_BUILD,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "A build works in a folder of the node",
     .condition = "A folder of the node is mounted into a build. Where an application has it too, "
                  "that is high.",
     .why = "What one build leaves there the next one runs, and so may applications: a way in "
            "that survives every clean-up.",
     .fix = "A volume for each job, or emptyDir. Share caches through a registry.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("Kubescape C-0045"),
     .other_causes = HT_TEXTS("caches on disks of nodes that only build"),
     .run = look_paths},
    {.id = "BLD-015",
     .question = 1,
     .scope = HT_TABLE_BUILD,
     .reads = HT_READS(CONTAINER) | HT_READS(PROCESS),
     .severity = HT_SEVERITY_MEDIUM,
     .title = "A build runs far too long, or its builder listens to anybody",
     .condition = "A build job runs for more than 6 hours, or a builder listens on TCP without "
                  "asking for a certificate (critical).",
     .why = "A forgotten job is a place where nobody looks. An open builder builds, and so runs, "
            "what anybody sends it.",
     .fix = "Give jobs a time limit. Let builders listen on a unix socket, or ask for client "
            "certificates.",
     .needs = HT_TEXTS("docker", "proc"),
     .references = HT_TEXTS("CIS Docker 1.6.0 2.7"),
     .other_causes = HT_TEXTS("builds of whole distributions"),
     .run = look_age},
    {.id = "BLD-017",
     .question = 1,
     .scope = HT_TABLE_BUILD,
     .reads = HT_READS(CONTAINER),
     .severity = HT_SEVERITY_LOW,
     .title = "A build may use up the node",
     .condition = "A container of a build has no limit of memory, CPU or processes.",
     .why = "Builds take what they get. Without limits they starve the applications beside them.",
     .fix = "Set limits on build jobs. Docker and Podman: --memory, --cpus, --pids-limit.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("CIS Docker 1.6.0 5.11", "CIS Docker 1.6.0 5.12",
                            "CIS Docker 1.6.0 5.29", "Kubescape C-0009"),
     .other_causes = HT_TEXTS("nodes that only build"),
     .run = look_limits},
};

const struct ht_check_group ht_checks_bld_power = {.checks = checks, .count = ARRAY_LEN(checks)};
