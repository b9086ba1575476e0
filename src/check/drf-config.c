/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DRF-028, 029, 030: whether a container is what its image and its runtime say it is. */
#include <string.h>

#include "catalogue-private.h"
#include "drf.h"
#include "view.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/pod-compare.h"

static void show_words(struct ht_checking *checking, struct ht_finding *finding, const char *field,
                       struct ht_text_list words)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_ARG);

    for (size_t i = 0; i < words.len; i++) {
        if (i)
            ht_buf_add_c(&text, ' ');
        ht_buf_add_str(&text, words.items[i]);
    }
    ht_fire_evidence(checking, finding, "docker inspect", field,
                     words.len ? ht_buf_str(&text) : HT_S("nothing"));
}

/* ---- DRF-028 ---- */

static struct ht_str first_of(struct ht_text_list words)
{
    return words.len ? words.items[0] : (struct ht_str){0};
}

static void look_entry(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_container *container = ht_container_of(row);
    struct ht_finding *finding;
    struct ht_str program;

    if (!ht_subject_runs(row))
        return;
    if (!ht_container_has_command(container) || !ht_container_has_image_entry(container)) {
        ht_note(checking, "docker", "what an image would start is not known",
                "containerd does not tell; Docker and Podman do");
        return;
    }
    program = first_of(container->command);
    if (ht_str_equal(program, first_of(container->image_entry)))
        return;
    finding = ht_fire(checking, HT_S(""));
    ht_fire_title(checking, finding, "Was started with %.*s instead of what its image starts",
                  HT_STR_ARG(program.len ? program : HT_S("nothing")));
    show_words(checking, finding, "started with", container->command);
    show_words(checking, finding, "the image would start", container->image_entry);
}

/* ---- DRF-029 ---- */

/* The digest that a reference ends with; empty: none. */
static struct ht_str digest_of(struct ht_str reference)
{
    ptrdiff_t at = ht_str_find(reference, HT_S("@sha256:"), 0);

    return at < 0 ? (struct ht_str){0} : ht_str_sub(reference, (size_t)at + 1, reference.len);
}

static bool has_digest(const struct ht_container *container, struct ht_str digest)
{
    for (size_t i = 0; i < container->image_digests.len; i++) {
        if (ht_str_equal(digest_of(container->image_digests.items[i]), digest))
            return true;
    }
    return ht_str_equal(container->image_id, digest);
}

static void show_image(struct ht_checking *checking, struct ht_finding *finding,
                       const struct ht_container *container)
{
    ht_fire_evidence(checking, finding, "docker inspect", "declared image", container->image);
    ht_fire_evidence(checking, finding, "docker inspect", "image that runs", container->image_id);
    if (ht_container_has_image_now(container))
        ht_fire_evidence(checking, finding, "docker images", "image of that name now",
                         container->image_now);
    for (size_t i = 0; i < container->image_digests.len; i++)
        ht_fire_evidence(checking, finding, "docker images", "digest of the image that runs",
                         container->image_digests.items[i]);
}

static void look_digest(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_container *container = ht_container_of(row);
    struct ht_str digest;
    struct ht_finding *finding;

    if (!ht_subject_runs(row))
        return;
    digest = digest_of(container->image);
    if (!ht_container_has_image(container) || !ht_container_has_image_id(container) ||
        (digest.len ? !ht_container_has_image_digests(container)
                    : !ht_container_has_image_now(container))) {
        ht_note(checking, "docker", "what a container's image is called by now is not known",
                "its name may be gone from the node, or its runtime does not tell");
        return;
    }
    if (digest.len && !has_digest(container, digest) && container->image_digests.len == 0) {
        ht_note(checking, "docker", "which digest a container's image came by is not known",
                "it was loaded or built here, or its name is gone from the node");
    } else if (digest.len && !has_digest(container, digest)) {
        finding = ht_fire(checking, container->image);
        ht_fire_title(checking, finding, "Runs another image than the digest that was declared");
        show_image(checking, finding, container);
    } else if (!digest.len && !ht_str_equal(container->image_id, container->image_now)) {
        finding = ht_fire(checking, container->image);
        ht_fire_title(checking, finding, "%.*s names another image by now than the one that runs",
                      HT_STR_ARG(container->image));
        show_image(checking, finding, container);
    }
}

/* ---- DRF-030 ---- */

enum { DIFFERENCES_MAX = 20 };

/* One container's differences under way. */
struct differing {
    struct ht_checking *checking;
    const struct ht_container *container;
    struct ht_finding *finding; /* NULL: none yet */
    size_t count;
};

static struct ht_finding *differ(struct differing *differing)
{
    if (!differing->finding)
        differing->finding = ht_fire(differing->checking, HT_S(""));
    differing->count++;
    return differing->finding;
}

static void differ_number(struct differing *differing, const char *field, uint64_t declared,
                          uint64_t runs, const char *unit)
{
    ht_fire_evidencef(differing->checking, differ(differing), "cgroup", field,
                      "declared %llu%s, the kernel has %llu%s (0 is no limit)",
                      (unsigned long long)declared, unit, (unsigned long long)runs, unit);
}

static void compare_limits(struct differing *differing, const struct ht_row *row)
{
    const struct ht_container *container = differing->container;
    const struct ht_row *found =
        ht_node_find(ht_checking_node(differing->checking), HT_TABLE_USAGE, ht_row_id(row));
    const struct ht_usage *usage = found ? ht_usage_of(found) : NULL;

    if (!usage || !ht_usage_has_memory_max(usage) || !ht_usage_has_cpu_max(usage))
        ht_note(differing->checking, "proc", "the kernel's limits of a container were not read",
                "sudo hulltop");
    if (!usage)
        return;
    if (ht_container_has_memory_limit(container) && ht_usage_has_memory_max(usage) &&
        ht_memory_limits_differ(container->memory_limit, usage->memory_max))
        differ_number(differing, "memory limit", container->memory_limit, usage->memory_max,
                      " bytes");
    if (ht_container_has_cpu_limit(container) && ht_usage_has_cpu_max(usage) &&
        ht_cpu_limits_differ(container->cpu_limit, usage->cpu_max))
        differ_number(differing, "CPU limit", container->cpu_limit, usage->cpu_max,
                      " thousandths of a core");
}

/* Whether the kernel has another mount at the same place: it lies over the declared one. */
static bool is_stacked(const struct ht_container *container, const struct ht_mount *mount)
{
    size_t count = 0;

    for (size_t i = 0; i < container->kernel_mounts.len; i++)
        count += ht_str_equal(container->kernel_mounts.items[i].target, mount->target);
    return count > 1;
}

/* Whether a declaration brought that mount along. A whole file system that is at the same place on
 * the node came with what it is mounted in. Of a path of the node that the view does not know to
 * lie in a declared one (it may be named through links): the only mount at a declared place is it;
 * what lies over it, or below it from elsewhere, is not.
 */
static bool is_brought_by(struct ht_arena *arena, const struct ht_container *container,
                          const struct ht_mount *declared, const struct ht_mount *mount)
{
    if (!ht_path_lies_in(mount->target, declared->target))
        return false;
    if (ht_mount_host_path(declared).len == 0 || ht_mount_host_path(mount).len == 0)
        return true;
    if (mount->target.len > declared->target.len && ht_str_is(mount->root, "/") &&
        ht_str_equal(ht_mount_place_below(arena, declared, mount->target),
                     ht_mount_host_path(mount)))
        return true;
    return mount->target.len == declared->target.len && !is_stacked(container, mount);
}

/* What --init puts before the program is of the runtime, which does not list it. */
static bool is_of_init(const struct ht_mount *mount)
{
    static const char *const places[] = {"/sbin/docker-init", "/usr/sbin/docker-init", "/dev/init",
                                         "/run/podman-init"};

    if (!ht_mount_has_rw(mount) || mount->rw)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (ht_str_is(mount->target, places[i]))
            return true;
    }
    return false;
}

/* With the node's ipc namespace comes its shared memory. */
static bool is_of_ipc(const struct ht_container *container, const struct ht_mount *mount)
{
    const struct ht_privilege *declared = &container->declared;

    return ht_container_has_declared(container) && ht_privilege_has_ipc_ns(declared) &&
           declared->ipc_ns == HT_NS_SCOPE_HOST && ht_str_is(mount->target, "/dev/shm") &&
           ht_str_is(ht_mount_host_path(mount), "/dev/shm");
}

static bool is_declared(struct ht_arena *arena, const struct ht_container *container,
                        const struct ht_mount *mount)
{
    if (is_of_init(mount) || is_of_ipc(container, mount))
        return true;
    for (size_t i = 0; i < container->mounts.len; i++) {
        if (is_brought_by(arena, container, &container->mounts.items[i], mount))
            return true;
    }
    return false;
}

/* What it could not mount itself, somebody mounted from outside. */
static void compare_mounts(struct differing *differing, const struct view *view)
{
    const struct ht_container *container = differing->container;
    struct ht_mount_list mounts;

    if (!ht_container_has_mounts(container) || !ht_container_has_kernel_mounts(container) ||
        ht_view_holds_cap(view, HT_CAPABILITY_SYS_ADMIN) != TRI_NO ||
        !ht_view_mounts(view, &mounts))
        return;
    for (size_t i = container->mounts.len; i < mounts.len && differing->count < DIFFERENCES_MAX;
         i++) {
        const struct ht_mount *mount = &mounts.items[i];

        if (ht_mount_has_target(mount) &&
            !is_declared(ht_checking_arena(differing->checking), container, mount))
            ht_fire_evidencef(differing->checking, differ(differing), "/proc/PID/mountinfo",
                              "mount that nobody declared", "%.*s from %.*s",
                              HT_STR_ARG(mount->target), HT_STR_ARG(ht_mount_host_path(mount)));
    }
}

/* A change that the node is making ends. One that it puts off, refuses or fails at may last for
 * ever, and all the while the API repeats what the runtime has as what was applied before. */
static void tell_resize(struct ht_checking *checking, const struct ht_container *container)
{
    const char *help = "kubectl describe pod shows why a resize is pending";

    if (!ht_container_has_resizing(container))
        return;
    if (ht_str_is(container->resizing, "in progress"))
        ht_note(
            checking, "kubernetes",
            "limits of pods are being changed: until then what their node applied before counts",
            help);
    else
        ht_unknown(checking, "kubernetes",
                   "a pod's resize is not made: whether its limits are those from before it "
                   "is not known",
                   help);
}

static void look_config(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_container *container = ht_container_of(row);
    struct differing differing = {.checking = checking, .container = container};
    struct view view;

    if (!ht_view_open(checking, row, &view) || view.sandboxed)
        return;
    tell_resize(checking, container);
    if (!ht_container_has_mounts(container) || !ht_container_has_kernel_mounts(container)) {
        ht_note(checking, "proc",
                "a container's mounts could not be compared with what was declared",
                "sudo hulltop");
    }
    compare_limits(&differing, row);
    compare_mounts(&differing, &view);
    for (size_t i = 0; i < container->differs.len && differing.count < DIFFERENCES_MAX; i++)
        ht_fire_evidence(checking, differ(&differing), "manifest of the pod", "differs",
                         container->differs.items[i]);
    if (differing.finding)
        ht_fire_title(checking, differing.finding, "Runs with %zu setting%s that nobody declared",
                      differing.count, differing.count == 1 ? "" : "s");
}

static const struct ht_check checks[] = {
    {.id = "DRF-028",
     .question = 6,
     .scope = HT_TABLE_CONTAINER,
     .flags = HT_CHECK_POSTURE,
     .severity = HT_SEVERITY_LOW,
     .title = "Was started with another program than its image names",
     .condition = "The first word of the command that its runtime was given is not the first word "
                  "of its image's entry point and command.",
     .why = "Who may choose what an image starts needs no code of his own: a shell, or a tool "
            "that the image happens to have, will do. Scans look at what the image starts.",
     .fix = "Where it is meant, nothing. Else build what it starts into the image, or take the "
            "command out of the manifest.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("ATT&CK T1610"),
     .other_causes = HT_TEXTS("commands in manifests and on command lines, which are everyday",
                              "wrappers of Tekton, Argo and Vault", "debugging"),
     .run = look_entry},
    {.id = "DRF-029",
     .question = 6,
     .scope = HT_TABLE_CONTAINER,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "Runs another image than its name stands for",
     .condition = "The tag that it was declared with names another image on this node by now, or "
                  "the digest that was declared is none of the image's that runs.",
     .why = "What was reviewed, scanned or fixed last is not what runs: after the next restart "
            "another program is there.",
     .fix = "Start it again, and declare images by digest.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("ATT&CK T1525"),
     .other_causes = HT_TEXTS("an image that was pulled or built again since"),
     .run = look_digest},
    {.id = "DRF-030",
     .question = 6,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(USAGE) | HT_READS(PROCESS) | HT_READS(HOST),
     .severity = HT_SEVERITY_MEDIUM,
     .title = "Runs with settings that nobody declared",
     .condition = "The kernel's limit of memory or CPU is another than its runtime's, a path of "
                  "the node is mounted that its runtime does not know of (in a container that "
                  "cannot mount), or it runs otherwise than its pod's manifest says, also "
                  "with other limits; while a resize is in progress, other than its node applied "
                  "before. Limits from before a resize that is put off, refused or failed cannot "
                  "be told apart from others.",
     .why = "Somebody changed it past whoever keeps its manifest. The next restart undoes that, or "
            "keeps what nobody reviewed.",
     .fix = "Apply the manifest again, or write the change into it. Find out who entered the "
            "container's namespaces (nsenter) or wrote to its cgroup.",
     .needs = HT_TEXTS("docker", "proc"),
     .references = HT_TEXTS("ATT&CK T1611"),
     .other_causes = HT_TEXTS("limits that a scaler changes while it runs",
                              "hooks that mount drivers (NVIDIA)"),
     .run = look_config},
};

const struct ht_check_group ht_checks_drf_config = {.checks = checks, .count = ARRAY_LEN(checks)};
