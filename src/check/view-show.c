/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Evidence of a container: what was declared beside what is. */
#include "view.h"

#include "hulltop/base/buf.h"

static const struct {
    const char *docker, *oci;
} fields[] = {
    /* The specification has no such flag: it is what the flag does. */
    [VIEW_FIELD_PRIVILEGED] = {"HostConfig.Privileged", "as wide as privileged"},
    [VIEW_FIELD_PID_NS] = {"HostConfig.PidMode", "linux.namespaces[pid]"},
    [VIEW_FIELD_NET_NS] = {"HostConfig.NetworkMode", "linux.namespaces[network]"},
    [VIEW_FIELD_IPC_NS] = {"HostConfig.IpcMode", "linux.namespaces[ipc]"},
    [VIEW_FIELD_CAP_ADD] = {"HostConfig.CapAdd", "process.capabilities"},
    [VIEW_FIELD_NO_NEW_PRIVS] = {"no-new-privileges", "process.noNewPrivileges"},
    [VIEW_FIELD_APPARMOR] = {"AppArmorProfile", "process.apparmorProfile"},
    [VIEW_FIELD_SELINUX] = {"ProcessLabel", "process.selinuxLabel"},
    [VIEW_FIELD_USER] = {"Config.User", "process.user"},
    [VIEW_FIELD_DEVICES] = {"HostConfig.Devices", "linux.devices"},
    [VIEW_FIELD_DEVICE_RULES] = {"HostConfig.DeviceCgroupRules", "linux.resources.devices"},
    [VIEW_FIELD_READONLY_PATHS] = {"HostConfig.ReadonlyPaths", "linux.readonlyPaths"},
    [VIEW_FIELD_READONLY_ROOT] = {"HostConfig.ReadonlyRootfs", "root.readonly"},
    [VIEW_FIELD_SYSCTLS] = {"HostConfig.Sysctls", "linux.sysctl"},
};

void ht_view_show_declared(const struct view *view, struct ht_finding *finding,
                           enum view_field field, struct ht_str value)
{
    struct ht_str runtime = view->container->runtime;
    bool oci = ht_str_is(runtime, "containerd") || ht_str_is(runtime, "cri-o");

    ht_fire_evidence(view->checking, finding, view->declared_source,
                     oci ? fields[field].oci : fields[field].docker, value);
}

struct ht_str ht_cap_names(struct ht_arena *arena, uint64_t caps, const char *separator)
{
    ht_autobuf struct ht_buf text = HT_BUF(2048);

    for (unsigned bit = 0; bit < 64; bit++) {
        if (!(caps >> bit & 1))
            continue;
        if (text.len)
            ht_buf_add_text(&text, separator);
        if (bit < ht_capability_enum.count)
            ht_buf_add_text(&text, ht_enum_name(&ht_capability_enum, bit));
        else
            ht_buf_addf(&text, "%u", bit);
    }
    return ht_arena_str(arena, ht_buf_str(&text));
}

/* "none", "all 41", or the names. */
static struct ht_str caps_in_words(const struct view *view, uint64_t caps)
{
    unsigned count = (unsigned)__builtin_popcountll(caps);
    unsigned there = ht_host_has_cap_last_cap(view->host) ? (unsigned)view->host->cap_last_cap + 1
                                                          : ht_capability_enum.count;
    struct ht_arena *arena = ht_checking_arena(view->checking);

    if (count == 0)
        return HT_S("none");
    if (count > 20)
        return ht_arena_strf(arena, "%u of %u", count, there);
    return ht_cap_names(arena, caps, " ");
}

void ht_view_show_caps(const struct view *view, struct ht_finding *finding)
{
    const struct ht_privilege *declared = view->declared, *effective = view->effective;
    struct ht_str words;

    if (ht_privilege_has_caps(declared)) {
        words = caps_in_words(view, declared->caps);
        ht_fire_evidencef(view->checking, finding, view->declared_source, "capabilities", "%.*s",
                          HT_STR_ARG(words));
    }
    if (ht_privilege_has_caps(effective)) {
        words = caps_in_words(view, effective->caps);
        ht_fire_evidencef(view->checking, finding, ht_view_status(view), "CapEff", "%016llx (%.*s)",
                          (unsigned long long)effective->caps, HT_STR_ARG(words));
    } else {
        ht_fire_evidencef(view->checking, finding, "/proc", "CapEff", "not known: %s",
                          view->why_no_effective ? view->why_no_effective : "not readable");
    }
    if (ht_privilege_has_bounding(effective) && effective->bounding != effective->caps) {
        words = caps_in_words(view, effective->bounding);
        ht_fire_evidencef(view->checking, finding, ht_view_status(view), "CapBnd", "%016llx (%.*s)",
                          (unsigned long long)effective->bounding, HT_STR_ARG(words));
    }
}

void ht_view_show_seccomp(const struct view *view, struct ht_finding *finding)
{
    const struct ht_privilege *declared = view->declared, *effective = view->effective;

    if (ht_privilege_has_seccomp_profile(declared))
        ht_fire_evidence(view->checking, finding, view->declared_source, "seccomp profile",
                         declared->seccomp_profile.len ? declared->seccomp_profile
                                                       : HT_S("not given"));
    else if (ht_privilege_has_seccomp(declared))
        ht_fire_evidence(view->checking, finding, view->declared_source, "seccomp",
                         ht_str_from(ht_enum_name(&ht_seccomp_mode_enum, declared->seccomp)));
    if (ht_privilege_has_seccomp(effective))
        ht_fire_evidencef(view->checking, finding, ht_view_status(view), "Seccomp", "%u (%s)",
                          (unsigned)effective->seccomp,
                          ht_enum_name(&ht_seccomp_mode_enum, effective->seccomp));
}

/* "user:role:type:level"; no name of a profile has two colons, but in front that of a namespace. */
static bool is_selinux_label(struct ht_str label)
{
    ptrdiff_t first = ht_str_find_byte(label, ':');

    return first > 0 && ht_str_rfind_byte(label, ':') > first;
}

void ht_view_show_lsm(const struct view *view, struct ht_finding *finding)
{
    struct ht_str declared = view->declared->lsm;

    if (ht_privilege_has_lsm(view->declared))
        ht_view_show_declared(view, finding,
                              is_selinux_label(declared) ? VIEW_FIELD_SELINUX : VIEW_FIELD_APPARMOR,
                              declared.len ? declared : HT_S("not given"));
    if (ht_privilege_has_lsm(view->effective))
        ht_fire_evidence(view->checking, finding,
                         ht_arena_strf(ht_checking_arena(view->checking), "/proc/%llu/attr/current",
                                       (unsigned long long)view->container->pid)
                             .data,
                         "LSM label", view->effective->lsm);
}

void ht_view_show_user(const struct view *view, struct ht_finding *finding)
{
    const struct ht_privilege *effective = view->effective;

    if (ht_container_has_user(view->container))
        ht_view_show_declared(view, finding, VIEW_FIELD_USER,
                              view->container->user.len ? view->container->user
                                                        : HT_S("not given"));
    if (ht_privilege_has_uid(effective))
        ht_fire_evidencef(view->checking, finding, ht_view_status(view), "Uid",
                          "%llu inside, %s%llu on the node", (unsigned long long)effective->uid,
                          ht_privilege_has_host_uid(effective) ? "" : "perhaps ",
                          (unsigned long long)effective->host_uid);
    if (ht_privilege_has_uid_map(effective))
        ht_fire_evidence(view->checking, finding, "/proc", "uid_map", effective->uid_map);
}

void ht_view_show_mount(const struct view *view, struct ht_finding *finding,
                        const struct ht_mount *mount)
{
    struct ht_str source = ht_mount_host_path(mount);
    bool declared = !ht_mount_has_root(mount); /* only the kernel tells that */

    ht_fire_evidencef(view->checking, finding, declared ? view->declared_source : "/proc mountinfo",
                      "mount", "%.*s -> %.*s (%s%s%.*s)", HT_STR_ARG(source),
                      HT_STR_ARG(mount->target),
                      !ht_mount_has_rw(mount) ? "rw not known"
                      : mount->rw             ? "read-write"
                                              : "read-only",
                      mount->propagation.len ? ", " : "", HT_STR_ARG(mount->propagation));
}
