/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEC-017: secrets that should lie in memory and lie on a disk. */
#include "catalogue-private.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/checking.h"

static const char accounts[] = "/run/secrets/kubernetes.io/serviceaccount";

static bool is_of_kubelet(struct ht_str path)
{
    return ht_str_find(path, HT_S("/kubernetes.io~secret/"), 0) >= 0 ||
           ht_str_find(path, HT_S("/kubernetes.io~projected/"), 0) >= 0;
}

static const struct ht_mount *mount_at(const struct ht_mount_list *mounts, struct ht_str target)
{
    target = ht_facts_plain_path(target);
    for (size_t i = 0; i < mounts->len; i++) {
        if (ht_str_equal(ht_facts_plain_path(mounts->items[i].target), target))
            return &mounts->items[i];
    }
    return NULL;
}

/* A volume of the kubelet's that holds secrets, by where it is from or where a token belongs. */
static bool is_secret(const struct ht_container *container, const struct ht_mount *mount)
{
    const struct ht_mount *declared = mount_at(&container->mounts, mount->target);

    return ht_str_is(ht_facts_plain_path(mount->target), accounts) ||
           is_of_kubelet(mount->source) || is_of_kubelet(mount->root) ||
           (declared && is_of_kubelet(declared->source));
}

/* What Compose gives as a secret is a file of the host's, wherever that lies. */
static bool is_compose(const struct ht_mount *mount)
{
    struct ht_str target = ht_facts_plain_path(mount->target);

    return ht_str_has_prefix(target, "/run/secrets/") &&
           !ht_str_has_prefix(target, "/run/secrets/kubernetes.io");
}

static bool is_memory(struct ht_str type)
{
    return ht_str_is(type, "tmpfs") || ht_str_is(type, "ramfs");
}

static void look_kernel(struct ht_checking *checking, const struct ht_container *container)
{
    for (size_t i = 0; i < container->kernel_mounts.len; i++) {
        const struct ht_mount *mount = &container->kernel_mounts.items[i];
        bool compose = is_compose(mount);

        if (is_memory(mount->type) || (!compose && !is_secret(container, mount)))
            continue;
        if (!ht_mount_has_type(mount)) {
            ht_unknown(checking, "proc", "the file system of a secret's volume", "sudo hulltop");
            continue;
        }

        struct ht_finding *finding = ht_fire(checking, ht_facts_plain_path(mount->target));
        if (compose) {
            ht_finding_set_severity(finding, HT_SEVERITY_LOW);
            ht_fire_title(checking, finding, "A secret of Compose is a plain file of the node");
        }
        ht_fire_evidence(checking, finding, "mountinfo", "mounted at", mount->target);
        ht_fire_evidence(checking, finding, "mountinfo", "file system", mount->type);
        if (ht_mount_has_root(mount))
            ht_fire_evidence(checking, finding, "mountinfo", "from", mount->root);
    }
}

static void look_volumes(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_container *container = ht_container_of(row);
    bool all = ht_container_has_kernel_mounts(container) &&
               !(ht_container_has_mounts_cut(container) && container->mounts_cut);

    if (!ht_container_has_kernel_mounts(container) && !ht_container_has_mounts(container)) {
        ht_unknown(checking, "proc", "the mounts of a container", "sudo hulltop");
        return;
    }
    look_kernel(checking, container);
    for (size_t i = 0; !all && i < container->mounts.len; i++) {
        const struct ht_mount *mount = &container->mounts.items[i];

        if ((is_secret(container, mount) || is_compose(mount)) &&
            !mount_at(&container->kernel_mounts, mount->target))
            ht_unknown(checking, "proc", "the file system of a secret's volume", "sudo hulltop");
    }
}

static const struct ht_check checks[] = {
    {.id = "SEC-017",
     .question = 5,
     .scope = HT_TABLE_CONTAINER,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "A secret's volume is on a disk",
     .condition = "A volume of the kubelet's for secrets or tokens is on another file system than "
                  "tmpfs (high); or Compose mounts a file as a secret (low).",
     .why =
         "What was once on a disk stays on it when the pod is gone: in backups, snapshots, images "
         "of the disk.",
     .fix = "Let the kubelet mount tmpfs for it; take copies of tokens off hostPath volumes, shred "
            "them, and rotate what they held.",
     .needs = HT_TEXTS("docker", "proc"),
     .references = HT_TEXTS("ATT&CK T1552.001"),
     .other_causes = HT_TEXTS("a node that itself runs in a container"),
     .run = look_volumes},
};

const struct ht_check_group ht_checks_sec_volumes = {.checks = checks, .count = ARRAY_LEN(checks)};
