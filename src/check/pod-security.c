/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One function a check of the standards; the table at the end says from which version on. */
#include "hulltop/check/pod-security.h"

#include <string.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

/* A list that grows in the arena. */
struct texts {
    struct ht_str *items;
    size_t len;
    size_t room;
};

struct judging {
    const struct ht_pod *pod;
    int minor;
    struct ht_arena *arena;
    struct texts fields, values, containers; /* of the check under way */
};

/* ---- fields ---- */

static void add_text(struct judging *judging, struct texts *texts, struct ht_str text)
{
    if (texts->len == texts->room) {
        size_t room = texts->room ? texts->room * 2 : 4;
        struct ht_str *more = ht_arena_array(judging->arena, struct ht_str, room);

        if (texts->len)
            memcpy(more, texts->items, texts->len * sizeof(*more));
        texts->items = more;
        texts->room = room;
    }
    texts->items[texts->len++] = text;
}

static void add_field(struct judging *judging, struct ht_str field, struct ht_str value,
                      struct ht_str container)
{
    add_text(judging, &judging->fields, field);
    add_text(judging, &judging->values, value);
    add_text(judging, &judging->containers, container);
}

/* A field of the pod's spec. */
static void bad_spec(struct judging *judging, const char *field, struct ht_str value)
{
    add_field(judging,
              ht_arena_strf(judging->arena, "%s.%s", ht_pod_spec_path(judging->pod), field), value,
              (struct ht_str){0});
}

/* A field of a container. */
static void bad_field(struct judging *judging, const struct ht_pod_container *container,
                      struct ht_str field, struct ht_str value)
{
    struct ht_str place = ht_pod_container_path(container, judging->arena);

    add_field(judging,
              ht_arena_strf(judging->arena, "%s.%.*s %.*s", ht_pod_spec_path(judging->pod),
                            HT_STR_ARG(place), HT_STR_ARG(field)),
              value, container->name);
}

/* A field of a container's security context. */
static void bad_context(struct judging *judging, const struct ht_pod_container *container,
                        const char *field, struct ht_str value)
{
    bad_field(judging, container, ht_arena_strf(judging->arena, "securityContext.%s", field),
              value);
}

typedef void (*look_at)(struct judging *judging, const struct ht_pod_container *container);

static void each_container(struct judging *judging, look_at look)
{
    for (size_t i = 0; i < judging->pod->containers.len; i++)
        look(judging, &judging->pod->containers.items[i]);
}

static bool is_among(struct ht_str text, const char *const *words)
{
    for (; *words; words++) {
        if (ht_str_is(text, *words))
            return true;
    }
    return false;
}

/* Since 1.35 a user namespace of its own excuses some fields. */
static bool has_own_users(const struct judging *judging)
{
    return judging->minor >= 35 && ht_pod_has_host_users(judging->pod) && !judging->pod->host_users;
}

/* Since 1.25 pods for Windows need not set what Windows does not have. */
static bool is_for_windows(const struct judging *judging)
{
    return judging->minor >= 25 && ht_str_is(judging->pod->os, "windows");
}

/* ---- baseline ---- */

static void look_privileged(struct judging *judging, const struct ht_pod_container *container)
{
    if (container->privileged)
        bad_context(judging, container, "privileged", HT_S("true"));
}

static void judge_privileged(struct judging *judging)
{
    each_container(judging, look_privileged);
}

static void judge_host_namespaces(struct judging *judging)
{
    if (judging->pod->host_network)
        bad_spec(judging, "hostNetwork", HT_S("true"));
    if (judging->pod->host_pid)
        bad_spec(judging, "hostPID", HT_S("true"));
    if (judging->pod->host_ipc)
        bad_spec(judging, "hostIPC", HT_S("true"));
}

static void bad_volume(struct judging *judging, const struct ht_pod_volume *volume)
{
    add_field(judging,
              ht_arena_strf(judging->arena, "%s.volumes[%llu] (%.*s) %.*s",
                            ht_pod_spec_path(judging->pod), (unsigned long long)volume->index,
                            HT_STR_ARG(volume->name), HT_STR_ARG(volume->source)),
              volume->path, (struct ht_str){0});
}

static void judge_host_paths(struct judging *judging)
{
    for (size_t i = 0; i < judging->pod->volumes.len; i++) {
        if (ht_str_is(judging->pod->volumes.items[i].source, "hostPath"))
            bad_volume(judging, &judging->pod->volumes.items[i]);
    }
}

static void look_host_ports(struct judging *judging, const struct ht_pod_container *container)
{
    for (size_t i = 0; i < container->host_ports.len; i++)
        bad_field(judging, container, container->host_ports.items[i].key,
                  container->host_ports.items[i].value);
}

static void judge_host_ports(struct judging *judging)
{
    each_container(judging, look_host_ports);
}

/* Those of the capabilities that are not allowed, joined by commas; no data: none. */
static struct ht_str not_allowed(struct judging *judging, const struct ht_text_list *caps,
                                 const char *const *allowed)
{
    ht_autobuf struct ht_buf bad = HT_BUF(HT_LIMIT_ARG);
    bool any = false;

    for (size_t i = 0; i < caps->len; i++) {
        if (is_among(caps->items[i], allowed))
            continue;
        if (any)
            ht_buf_add_c(&bad, ',');
        ht_buf_add_str(&bad, caps->items[i]);
        any = true;
    }
    return any ? ht_arena_str(judging->arena, ht_buf_str(&bad)) : (struct ht_str){0};
}

static void look_added(struct judging *judging, const struct ht_pod_container *container)
{
    static const char *const allowed[] = {"AUDIT_WRITE",      "CHOWN",   "DAC_OVERRIDE", "FOWNER",
                                          "FSETID",           "KILL",    "MKNOD",        "SETGID",
                                          "NET_BIND_SERVICE", "SETFCAP", "SETUID",       "SETPCAP",
                                          "SYS_CHROOT",       NULL};
    struct ht_str bad = not_allowed(judging, &container->cap_add, allowed);

    if (bad.data)
        bad_context(judging, container, "capabilities.add", bad);
}

static void judge_added(struct judging *judging)
{
    each_container(judging, look_added);
}

static bool is_allowed_profile(struct ht_str type)
{
    return ht_str_is(type, "RuntimeDefault") || ht_str_is(type, "Localhost");
}

static void bad_annotation(struct judging *judging, const struct ht_pair *pair)
{
    /* Beside the spec. */
    const char *spec = ht_pod_spec_path(judging->pod);

    add_field(judging,
              ht_arena_strf(judging->arena, "%.*smetadata.annotations[%.*s]",
                            (int)(strlen(spec) - strlen("spec")), spec, HT_STR_ARG(pair->key)),
              pair->value, (struct ht_str){0});
}

static void look_apparmor(struct judging *judging, const struct ht_pod_container *container)
{
    if (ht_pod_container_has_apparmor(container) && !is_allowed_profile(container->apparmor))
        bad_context(judging, container, "appArmorProfile.type", container->apparmor);
}

static void judge_apparmor(struct judging *judging)
{
    const struct ht_pod *pod = judging->pod;

    if (ht_pod_has_apparmor(pod) && !is_allowed_profile(pod->apparmor))
        bad_spec(judging, "securityContext.appArmorProfile.type", pod->apparmor);
    each_container(judging, look_apparmor);
    for (size_t i = 0; i < pod->annotations.len; i++) {
        const struct ht_pair *pair = &pod->annotations.items[i];

        if (ht_str_has_prefix(pair->key, "container.apparmor.security.beta.kubernetes.io/") &&
            pair->value.len && !ht_str_is(pair->value, "runtime/default") &&
            !ht_str_has_prefix(pair->value, "localhost/"))
            bad_annotation(judging, pair);
    }
}

static bool is_bad_selinux(const struct judging *judging, const struct ht_pair *option)
{
    static const char *const types[] = {"", "container_t", "container_init_t", "container_kvm_t",
                                        NULL};

    if (!ht_str_is(option->key, "type"))
        return option->value.len != 0;
    return !is_among(option->value, types) &&
           !(judging->minor >= 31 && ht_str_is(option->value, "container_engine_t"));
}

static const char *selinux_field(struct judging *judging, const struct ht_pair *option)
{
    return ht_arena_strf(judging->arena, "seLinuxOptions.%.*s", HT_STR_ARG(option->key)).data;
}

static void look_selinux(struct judging *judging, const struct ht_pod_container *container)
{
    for (size_t i = 0; i < container->selinux.len; i++) {
        const struct ht_pair *option = &container->selinux.items[i];

        if (is_bad_selinux(judging, option))
            bad_context(judging, container, selinux_field(judging, option), option->value);
    }
}

static void judge_selinux(struct judging *judging)
{
    for (size_t i = 0; i < judging->pod->selinux.len; i++) {
        const struct ht_pair *option = &judging->pod->selinux.items[i];

        if (is_bad_selinux(judging, option))
            bad_spec(
                judging,
                ht_arena_strf(judging->arena, "securityContext.%s", selinux_field(judging, option))
                    .data,
                option->value);
    }
    each_container(judging, look_selinux);
}

static void look_proc_mount(struct judging *judging, const struct ht_pod_container *container)
{
    if (ht_pod_container_has_proc_mount(container) && !ht_str_is(container->proc_mount, "Default"))
        bad_context(judging, container, "procMount", container->proc_mount);
}

static void judge_proc_mount(struct judging *judging)
{
    if (!has_own_users(judging))
        each_container(judging, look_proc_mount);
}

static bool is_allowed_annotation(struct ht_str value)
{
    return ht_str_is(value, "runtime/default") || ht_str_is(value, "docker/default") ||
           ht_str_has_prefix(value, "localhost/");
}

/* Whether an annotation of seccomp is about the pod, or a container that it has. */
static bool is_about_pod(const struct ht_pod *pod, struct ht_str key)
{
    static const char prefix[] = "container.seccomp.security.alpha.kubernetes.io/";

    if (ht_str_is(key, "seccomp.security.alpha.kubernetes.io/pod"))
        return true;
    if (!ht_str_has_prefix(key, prefix))
        return false;
    for (size_t i = 0; i < pod->containers.len; i++) {
        if (ht_str_equal(pod->containers.items[i].name,
                         ht_str_sub(key, sizeof(prefix) - 1, key.len)))
            return true;
    }
    return false;
}

static void look_seccomp(struct judging *judging, const struct ht_pod_container *container)
{
    if (ht_pod_container_has_seccomp(container) && !is_allowed_profile(container->seccomp))
        bad_context(judging, container, "seccompProfile.type", container->seccomp);
}

static void judge_seccomp(struct judging *judging)
{
    const struct ht_pod *pod = judging->pod;

    for (size_t i = 0; judging->minor < 19 && i < pod->annotations.len; i++) {
        const struct ht_pair *pair = &pod->annotations.items[i];

        if (is_about_pod(pod, pair->key) && !is_allowed_annotation(pair->value))
            bad_annotation(judging, pair);
    }
    if (judging->minor < 19)
        return;
    if (ht_pod_has_seccomp(pod) && !is_allowed_profile(pod->seccomp))
        bad_spec(judging, "securityContext.seccompProfile.type", pod->seccomp);
    each_container(judging, look_seccomp);
}

static bool is_safe_sysctl(int minor, struct ht_str name)
{
    static const struct {
        const char *name;
        int since;
    } safe[] = {{"kernel.shm_rmid_forced", 0},
                {"net.ipv4.ip_local_port_range", 0},
                {"net.ipv4.tcp_syncookies", 0},
                {"net.ipv4.ping_group_range", 0},
                {"net.ipv4.ip_unprivileged_port_start", 0},
                {"net.ipv4.ip_local_reserved_ports", 27},
                {"net.ipv4.tcp_keepalive_time", 29},
                {"net.ipv4.tcp_fin_timeout", 29},
                {"net.ipv4.tcp_keepalive_intvl", 29},
                {"net.ipv4.tcp_keepalive_probes", 29},
                {"net.ipv4.tcp_rmem", 32},
                {"net.ipv4.tcp_wmem", 32},
                {"net.ipv4.tcp_slow_start_after_idle", 37},
                {"net.ipv4.tcp_notsent_lowat", 37}};

    for (size_t i = 0; i < ARRAY_LEN(safe); i++) {
        if (minor >= safe[i].since && ht_str_is(name, safe[i].name))
            return true;
    }
    return false;
}

static void judge_sysctls(struct judging *judging)
{
    for (size_t i = 0; i < judging->pod->sysctls.len; i++) {
        struct ht_str name = judging->pod->sysctls.items[i].key;

        if (!is_safe_sysctl(judging->minor, name))
            bad_spec(judging,
                     ht_arena_strf(judging->arena, "securityContext.sysctls[%zu].name", i).data,
                     name);
    }
}

static void look_host_process(struct judging *judging, const struct ht_pod_container *container)
{
    if (container->host_process)
        bad_context(judging, container, "windowsOptions.hostProcess", HT_S("true"));
}

static void judge_host_process(struct judging *judging)
{
    if (judging->pod->host_process)
        bad_spec(judging, "securityContext.windowsOptions.hostProcess", HT_S("true"));
    each_container(judging, look_host_process);
}

static void look_hosts(struct judging *judging, const struct ht_pod_container *container)
{
    for (size_t i = 0; i < container->hosts.len; i++)
        bad_field(judging, container, container->hosts.items[i].key,
                  container->hosts.items[i].value);
}

static void judge_hosts(struct judging *judging)
{
    each_container(judging, look_hosts);
}

/* ---- restricted ---- */

static void judge_volumes(struct judging *judging)
{
    for (size_t i = 0; i < judging->pod->volumes.len; i++)
        bad_volume(judging, &judging->pod->volumes.items[i]);
}

static void look_escalation(struct judging *judging, const struct ht_pod_container *container)
{
    if (!ht_pod_container_has_escalation(container) || container->escalation)
        bad_context(judging, container, "allowPrivilegeEscalation",
                    container->escalation ? HT_S("true") : (struct ht_str){0});
}

static void judge_escalation(struct judging *judging)
{
    if (!is_for_windows(judging))
        each_container(judging, look_escalation);
}

static void look_non_root(struct judging *judging, const struct ht_pod_container *container)
{
    if (ht_pod_container_has_non_root(container) ? !container->non_root : !judging->pod->non_root)
        bad_context(judging, container, "runAsNonRoot",
                    ht_pod_container_has_non_root(container) ? HT_S("false") : (struct ht_str){0});
}

static void judge_non_root(struct judging *judging)
{
    if (has_own_users(judging))
        return;
    if (ht_pod_has_non_root(judging->pod) && !judging->pod->non_root)
        bad_spec(judging, "securityContext.runAsNonRoot", HT_S("false"));
    each_container(judging, look_non_root);
}

static void look_uid(struct judging *judging, const struct ht_pod_container *container)
{
    if (ht_pod_container_has_uid(container) && container->uid == 0)
        bad_context(judging, container, "runAsUser", HT_S("0"));
}

static void judge_uid(struct judging *judging)
{
    if (has_own_users(judging))
        return;
    if (ht_pod_has_uid(judging->pod) && judging->pod->uid == 0)
        bad_spec(judging, "securityContext.runAsUser", HT_S("0"));
    each_container(judging, look_uid);
}

static void look_own_seccomp(struct judging *judging, const struct ht_pod_container *container)
{
    const struct ht_pod *pod = judging->pod;
    bool pod_allowed = ht_pod_has_seccomp(pod) && is_allowed_profile(pod->seccomp);

    if (ht_pod_container_has_seccomp(container) ? !is_allowed_profile(container->seccomp)
                                                : !pod_allowed)
        bad_context(judging, container, "seccompProfile.type", container->seccomp);
}

static void judge_own_seccomp(struct judging *judging)
{
    const struct ht_pod *pod = judging->pod;

    if (is_for_windows(judging))
        return;
    if (ht_pod_has_seccomp(pod) && !is_allowed_profile(pod->seccomp))
        bad_spec(judging, "securityContext.seccompProfile.type", pod->seccomp);
    each_container(judging, look_own_seccomp);
}

static bool drops_all(const struct ht_pod_container *container)
{
    for (size_t i = 0; i < container->cap_drop.len; i++) {
        if (ht_str_is(container->cap_drop.items[i], "ALL"))
            return true;
    }
    return false;
}

static void look_capabilities(struct judging *judging, const struct ht_pod_container *container)
{
    static const char *const allowed[] = {"NET_BIND_SERVICE", NULL}, *const none[] = {NULL};
    struct ht_str bad = not_allowed(judging, &container->cap_add, allowed);

    if (!drops_all(container))
        bad_context(judging, container, "capabilities.drop",
                    not_allowed(judging, &container->cap_drop, none));
    if (bad.data)
        bad_context(judging, container, "capabilities.add", bad);
}

static void judge_capabilities(struct judging *judging)
{
    if (!is_for_windows(judging))
        each_container(judging, look_capabilities);
}

static void judge_any_proc_mount(struct judging *judging)
{
    each_container(judging, look_proc_mount);
}

/* ---- all of them ---- */

static const struct {
    const char *id;
    bool restricted;
    int since;
    void (*judge)(struct judging *judging);
} checks[] = {
    {"privileged", false, 0, judge_privileged},
    {"hostNamespaces", false, 0, judge_host_namespaces},
    {"hostPathVolumes", false, 0, judge_host_paths},
    {"hostPorts", false, 0, judge_host_ports},
    {"capabilities_baseline", false, 0, judge_added},
    {"appArmorProfile", false, 0, judge_apparmor},
    {"seLinuxOptions", false, 0, judge_selinux},
    {"procMount", false, 0, judge_proc_mount},
    {"seccompProfile_baseline", false, 0, judge_seccomp},
    {"sysctls", false, 0, judge_sysctls},
    {"windowsHostProcess", false, 0, judge_host_process},
    {"hostProbesAndHostLifecycle", false, 34, judge_hosts},
    {"restrictedVolumes", true, 0, judge_volumes},
    {"allowPrivilegeEscalation", true, 8, judge_escalation},
    {"runAsNonRoot", true, 0, judge_non_root},
    {"runAsUser", true, 23, judge_uid},
    {"seccompProfile_restricted", true, 19, judge_own_seccomp},
    {"capabilities_restricted", true, 22, judge_capabilities},
    {"procMount_restricted", true, 35, judge_any_proc_mount},
};

static void judge_all(struct judging *judging, struct ht_pod_security *ret)
{
    struct ht_pod_violation *violations =
        ht_arena_array(judging->arena, struct ht_pod_violation, ARRAY_LEN(checks));
    struct texts baseline = {0}, restricted = {0};
    size_t len = 0;

    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        struct ht_pod_violation *violation = &violations[len];

        judging->fields = (struct texts){0};
        judging->values = (struct texts){0};
        judging->containers = (struct texts){0};
        if (judging->minor >= checks[i].since)
            checks[i].judge(judging);
        if (judging->fields.len == 0)
            continue;
        len++;
        add_text(judging, checks[i].restricted ? &restricted : &baseline,
                 ht_str_from(checks[i].id));
        ht_pod_violation_set_check(violation, ht_str_from(checks[i].id));
        ht_pod_violation_set_level(violation,
                                   checks[i].restricted ? HT_S("restricted") : HT_S("baseline"));
        ht_pod_violation_set_fields(violation, (struct ht_text_list){.items = judging->fields.items,
                                                                     .len = judging->fields.len});
        ht_pod_violation_set_values(violation, (struct ht_text_list){.items = judging->values.items,
                                                                     .len = judging->values.len});
        ht_pod_violation_set_containers(violation,
                                        (struct ht_text_list){.items = judging->containers.items,
                                                              .len = judging->containers.len});
    }
    ht_pod_security_set_baseline(
        ret, (struct ht_text_list){.items = baseline.items, .len = baseline.len});
    ht_pod_security_set_restricted(
        ret, (struct ht_text_list){.items = restricted.items, .len = restricted.len});
    ht_pod_security_set_violations(ret,
                                   (struct ht_pod_violation_list){.items = violations, .len = len});
}

bool ht_pod_security_judge(const struct ht_pod *pod, int minor, struct ht_arena *arena,
                           struct ht_pod_security *ret)
{
    struct judging judging = {.pod = pod, .minor = minor, .arena = arena};

    if (!ht_pod_has_containers(pod))
        return false;
    ht_pod_security_set_version(ret, minor == HT_POD_SECURITY_LATEST
                                         ? HT_S("latest")
                                         : ht_arena_strf(arena, "v1.%d", minor));
    judge_all(&judging, ret);
    return true;
}

bool ht_pod_security_parse(struct ht_str text, int *ret_minor)
{
    enum { MINOR_MAX = 9999 };
    uint64_t minor;

    if (ht_str_is(text, "latest")) {
        *ret_minor = HT_POD_SECURITY_LATEST;
        return true;
    }
    if (ht_str_has_prefix(text, "v"))
        text = ht_str_sub(text, 1, text.len);
    if (!ht_str_has_prefix(text, "1.") || ht_parse_u64(ht_str_sub(text, 2, text.len), &minor) < 0 ||
        minor > MINOR_MAX)
        return false;
    *ret_minor = (int)minor;
    return true;
}

const char *ht_pod_spec_path(const struct ht_pod *pod)
{
    if (ht_str_is(pod->kind, "Pod") || pod->kind.len == 0)
        return "spec";
    if (ht_str_is(pod->kind, "PodTemplate"))
        return "template.spec";
    if (ht_str_is(pod->kind, "CronJob"))
        return "spec.jobTemplate.spec.template.spec";
    return "spec.template.spec";
}

struct ht_str ht_pod_container_path(const struct ht_pod_container *container,
                                    struct ht_arena *arena)
{
    static const char *const keys[] = {[HT_POD_CONTAINER_KIND_CONTAINER] = "containers",
                                       [HT_POD_CONTAINER_KIND_INIT] = "initContainers",
                                       [HT_POD_CONTAINER_KIND_EPHEMERAL] = "ephemeralContainers"};

    return ht_arena_strf(arena, "%s[%llu] (%.*s)", keys[container->kind],
                         (unsigned long long)container->index, HT_STR_ARG(container->name));
}
