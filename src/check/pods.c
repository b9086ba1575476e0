/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which check tells of which violation of the Pod Security Standards, and how. */
#include "pods.h"

#include <string.h>

#include "hulltop/base/mem.h"
#include "hulltop/check/pod-compare.h"
#include "hulltop/check/pod-security.h"
#include "identity.h"
#include "view.h"

/* ---- the subject ---- */

/* Whether a row shows that container of the pod, or, without a name, any of them: then the row is
 * judged, by what it may. A row that is found to be of another pod is not its, whatever its status
 * says; one that has ended is not judged, so that the manifest is. */
static bool is_seen(const struct ht_node *node, const struct ht_pod *pod, struct ht_str name)
{
    for (size_t i = 0; i < pod->container_ids.len; i++) {
        struct ht_str id = pod->container_ids.items[i].value;
        const struct ht_row *row;

        if (name.len && !ht_str_equal(pod->container_ids.items[i].key, name))
            continue;
        row = ht_node_find(node, HT_TABLE_CONTAINER, ht_str_base(id));
        if (row && ht_str_equal(ht_container_of(row)->pod_row, pod->id) && ht_subject_runs(row))
            return true;
    }
    return false;
}

/* What only pods are asked is asked of all of them. */
static bool is_of_pods_alone(const struct ht_checking *checking)
{
    return ht_checking_check(checking)->scope == HT_TABLE_POD;
}

bool ht_pod_judges(const struct ht_checking *checking, const struct ht_pod *pod,
                   struct ht_str container)
{
    return is_of_pods_alone(checking) || !is_seen(ht_checking_node(checking), pod, container);
}

bool ht_pod_is_shown(const struct ht_node *node, const struct ht_pod *pod)
{
    if (!ht_pod_has_containers(pod) || !is_seen(node, pod, (struct ht_str){0}))
        return false;
    for (size_t i = 0; i < pod->containers.len; i++) {
        if (!is_seen(node, pod, pod->containers.items[i].name))
            return false;
    }
    return true;
}

static bool judges_any(const struct ht_checking *checking, const struct ht_pod *pod)
{
    return is_of_pods_alone(checking) || !ht_pod_is_shown(ht_checking_node(checking), pod);
}

bool ht_pod_open(struct ht_checking *checking, const struct ht_row *row,
                 const struct ht_pod **ret_pod)
{
    const struct ht_pod *pod = ht_pod_of(row);

    if (!ht_subject_runs(row) || !judges_any(checking, pod))
        return false;
    if (!ht_pod_has_containers(pod)) {
        ht_unknown(checking, "kubernetes", "what the pod declares is not known",
                   "grant get on pods (hulltop doctor --role)");
        return false;
    }
    *ret_pod = pod;
    return true;
}

void ht_pod_as_container(const struct ht_pod *pod, struct ht_str name, struct ht_container *ret)
{
    const struct ht_pod_container *container =
        name.len ? ht_pod_find_container(pod, name)
                 : (pod->containers.len ? &pod->containers.items[0] : NULL);

    if (ht_pod_has_namespace(pod))
        ht_container_set_namespace(ret, pod->namespace);
    if (ht_pod_has_owner(pod))
        ht_container_set_owner(ret, pod->owner);
    else if (pod->mirror && ht_pod_has_name(pod))
        ht_container_set_owner(ret, pod->name);
    if (ht_pod_has_labels(pod))
        ht_container_set_labels(ret, pod->labels);
    if (container && ht_pod_container_has_image(container))
        ht_container_set_image(ret, container->image);
}

struct ht_finding *ht_pod_fire(struct ht_checking *checking, const struct ht_pod *pod,
                               struct ht_str container, struct ht_str discriminator)
{
    struct ht_finding *finding = ht_fire(checking, discriminator);
    struct ht_subject *subject = ht_finding_edit_subject(finding);
    const struct ht_pod_container *found =
        container.len ? ht_pod_find_container(pod, container) : NULL;

    ht_subject_set_pod(subject,
                       ht_arena_strf(ht_checking_arena(checking), "%.*s%s%.*s",
                                     HT_STR_ARG(pod->namespace), pod->namespace.len ? "/" : "",
                                     HT_STR_ARG(pod->name)));
    if (container.len)
        ht_subject_set_container(subject, container);
    if (found && ht_pod_container_has_image(found))
        ht_subject_set_image(subject, found->image);
    return finding;
}

void ht_pod_show(struct ht_checking *checking, struct ht_finding *finding, struct ht_str field,
                 struct ht_str value)
{
    ht_fire_evidence(checking, finding, "manifest",
                     ht_arena_str(ht_checking_arena(checking), field).data,
                     value.len ? value : HT_S("not set"));
}

/* ---- which fields a check tells of ---- */

/* A field of a violation, on its way to a finding. */
struct broken {
    const struct ht_pod *pod;
    const struct ht_facts *facts;
    struct ht_str field, value, container;
};

/* Whether the rule tells of that field; NULL in a rule: of all. */
typedef bool (*takes_field)(const struct broken *broken);
/* Changes severity and title of the finding about it. */
typedef void (*tell_field)(struct ht_checking *checking, const struct broken *broken,
                           struct ht_finding *finding);

static bool ends_in_pid(const struct broken *broken)
{
    return ht_str_has_suffix(broken->field, ".hostPID");
}

static bool ends_in_network(const struct broken *broken)
{
    return ht_str_has_suffix(broken->field, ".hostNetwork");
}

static bool ends_in_ipc(const struct broken *broken)
{
    return ht_str_has_suffix(broken->field, ".hostIPC");
}

/* The lowest tier among capabilities joined by commas; what is not known counts as tier 2. */
static unsigned tier_of(const struct broken *broken)
{
    struct ht_str rest = broken->value, name;
    unsigned tier = 3;

    while (ht_str_next(&rest, ',', &name)) {
        unsigned own = 2;
        int bit;

        if (ht_str_has_prefix(name, "CAP_"))
            name = ht_str_sub(name, 4, name.len);
        bit = ht_enum_find(&ht_capability_enum, name);
        if (ht_str_is_nocase(name, "ALL"))
            own = 1;
        else if (bit >= 0)
            own = ht_facts_cap_tier(broken->facts, (unsigned)bit);
        if (own && own < tier)
            tier = own;
    }
    return tier;
}

static bool is_tier_one(const struct broken *broken)
{
    return tier_of(broken) == 1;
}

static bool is_tier_two(const struct broken *broken)
{
    return tier_of(broken) != 1;
}

static void tell_caps(struct ht_checking *checking, const struct broken *broken,
                      struct ht_finding *finding)
{
    ht_fire_title(checking, finding, "Has capabilities beyond the default: %.*s",
                  broken->value.len > 200 ? 200 : (int)broken->value.len, broken->value.data);
    if (tier_of(broken) > 2)
        ht_finding_set_severity(finding, HT_SEVERITY_LOW);
    /* Within a user namespace of its own they are worth nothing to the node. */
    if (ht_pod_has_host_users(broken->pod) && !broken->pod->host_users)
        ht_finding_set_severity(finding, HT_SEVERITY_LOW);
}

static void tell_privileged(struct ht_checking *checking, const struct broken *broken,
                            struct ht_finding *finding)
{
    if (ht_pod_has_host_users(broken->pod) && !broken->pod->host_users)
        ht_view_tell_apart(checking, finding);
}

static void tell_host_process(struct ht_checking *checking, const struct broken *broken,
                              struct ht_finding *finding)
{
    (void)broken;
    ht_fire_title(checking, finding, "Runs as a HostProcess container of Windows");
}

static void tell_unconfined(struct ht_checking *checking, const struct broken *broken,
                            struct ht_finding *finding)
{
    (void)checking;
    (void)broken;
    ht_finding_set_severity(finding, HT_SEVERITY_MEDIUM);
}

static void tell_sysctl(struct ht_checking *checking, const struct broken *broken,
                        struct ht_finding *finding)
{
    ht_fire_title(checking, finding, "Sets a kernel setting that is not safe: %.*s",
                  broken->value.len > 200 ? 200 : (int)broken->value.len, broken->value.data);
}

static bool is_no_host_path(const struct broken *broken)
{
    return !ht_str_has_suffix(broken->field, " hostPath");
}

enum by { BY_CONTAINER, BY_FIELD };

struct rule {
    const char *check;     /* "PRV-001" */
    const char *violation; /* id of the standards' check */
    takes_field takes;
    tell_field tell;
    enum by by; /* one finding a container, or one a field */
};

static const struct rule rules[] = {
    {"PRV-001", "privileged", NULL, tell_privileged, BY_CONTAINER},
    {"PRV-001", "windowsHostProcess", NULL, tell_host_process, BY_CONTAINER},
    {"PRV-009", "hostNamespaces", ends_in_pid, NULL, BY_CONTAINER},
    {"PRV-010", "hostNamespaces", ends_in_network, NULL, BY_CONTAINER},
    {"PRV-011", "hostNamespaces", ends_in_ipc, NULL, BY_CONTAINER},
    {"PRV-013", "capabilities_baseline", is_tier_one, tell_caps, BY_CONTAINER},
    {"PRV-014", "capabilities_baseline", is_tier_two, tell_caps, BY_CONTAINER},
    {"PRV-015", "capabilities_restricted", NULL, NULL, BY_CONTAINER},
    {"PRV-016", "seccompProfile_baseline", NULL, tell_unconfined, BY_CONTAINER},
    {"PRV-016", "seccompProfile_restricted", NULL, NULL, BY_CONTAINER},
    {"PRV-017", "appArmorProfile", NULL, NULL, BY_CONTAINER},
    {"PRV-017", "seLinuxOptions", NULL, NULL, BY_CONTAINER},
    {"PRV-018", "allowPrivilegeEscalation", NULL, NULL, BY_CONTAINER},
    {"PRV-019", "runAsNonRoot", NULL, NULL, BY_CONTAINER},
    {"PRV-019", "runAsUser", NULL, NULL, BY_CONTAINER},
    {"PRV-021", "procMount", NULL, NULL, BY_CONTAINER},
    {"PRV-021", "procMount_restricted", NULL, NULL, BY_CONTAINER},
    {"PRV-026", "hostPorts", NULL, NULL, BY_CONTAINER},
    {"PRV-027", "sysctls", NULL, tell_sysctl, BY_FIELD},
    {"PRV-032", "hostProbesAndHostLifecycle", NULL, NULL, BY_CONTAINER},
    {"PRV-035", "restrictedVolumes", is_no_host_path, NULL, BY_FIELD},
};

/* ---- one rule on one pod ---- */

/* Findings of one check on one pod, by container and discriminator. */
struct drafts {
    struct ht_finding *findings[64];
    struct ht_str containers[64];
    size_t len;
};

static struct ht_finding *draft_of(struct drafts *drafts, const struct rule *rule,
                                   struct ht_str container)
{
    for (size_t i = 0; rule->by == BY_CONTAINER && i < drafts->len; i++) {
        if (ht_str_equal(drafts->containers[i], container))
            return drafts->findings[i];
    }
    return NULL;
}

static void add_field(struct ht_checking *checking, struct drafts *drafts, const struct rule *rule,
                      const struct broken *broken)
{
    struct ht_finding *finding = draft_of(drafts, rule, broken->container);

    /* More than that on one pod says no more. */
    if (!finding && drafts->len == ARRAY_LEN(drafts->findings))
        return;
    if (!finding) {
        finding = ht_pod_fire(checking, broken->pod, broken->container,
                              rule->by == BY_FIELD ? broken->value : (struct ht_str){0});
        drafts->findings[drafts->len] = finding;
        drafts->containers[drafts->len++] = broken->container;
        if (rule->tell)
            rule->tell(checking, broken, finding);
    }
    ht_pod_show(checking, finding, broken->field, broken->value);
    for (size_t i = 0; i < finding->evidence.len; i++) {
        const struct ht_evidence *evidence = &finding->evidence.items[i];

        if (ht_str_is(evidence->source, "Pod Security") &&
            ht_str_is(evidence->value, rule->violation))
            return;
    }
    ht_fire_evidence(checking, finding, "Pod Security", "check", ht_str_from(rule->violation));
}

/* Whether that field of the pod's own security context is what the container has. */
static bool inherits(const struct ht_pod_container *container, struct ht_str field)
{
    const struct {
        const char *field;
        bool own;
    } fields[] = {
        {".securityContext.seccompProfile.type", ht_pod_container_has_seccomp(container)},
        {".securityContext.appArmorProfile.type", ht_pod_container_has_apparmor(container)},
        {".securityContext.seLinuxOptions.type", ht_pod_container_has_selinux(container)},
        {".securityContext.seLinuxOptions.user", ht_pod_container_has_selinux(container)},
        {".securityContext.seLinuxOptions.role", ht_pod_container_has_selinux(container)},
        {".securityContext.windowsOptions.hostProcess",
         ht_pod_container_has_host_process(container)},
        {".securityContext.runAsNonRoot", ht_pod_container_has_non_root(container)},
        {".securityContext.runAsUser", ht_pod_container_has_uid(container)},
    };

    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (ht_str_has_suffix(field, fields[i].field))
            return !fields[i].own;
    }
    return false;
}

/* Rows show some of the pod's containers, and they are judged by what they may; those that no row
 * shows have what the pod's field says. */
static void apply_to_unseen(struct ht_checking *checking, struct drafts *drafts,
                            const struct rule *rule, const struct broken *pods)
{
    for (size_t i = 0; i < pods->pod->containers.len; i++) {
        const struct ht_pod_container *container = &pods->pod->containers.items[i];
        struct broken broken = *pods;

        broken.container = container->name;
        if (inherits(container, pods->field) && ht_pod_judges(checking, pods->pod, container->name))
            add_field(checking, drafts, rule, &broken);
    }
}

static void apply(struct ht_checking *checking, struct drafts *drafts, const struct rule *rule,
                  const struct ht_pod *pod, const struct ht_pod_violation *violation)
{
    for (size_t i = 0; i < violation->fields.len; i++) {
        struct broken broken = {.pod = pod,
                                .facts = ht_checking_facts(checking),
                                .field = violation->fields.items[i],
                                .value = violation->values.items[i],
                                .container = violation->containers.items[i]};

        if (rule->takes && !rule->takes(&broken))
            continue;
        if (ht_pod_judges(checking, pod, broken.container))
            add_field(checking, drafts, rule, &broken);
        else if (broken.container.len == 0)
            apply_to_unseen(checking, drafts, rule, &broken);
    }
}

void ht_pod_security_of(const struct ht_pod *pod, struct ht_arena *arena,
                        struct ht_pod_security *ret)
{
    /* What a namespace enforces is the admission's measure: what it does not ask for is a danger
     * all the same. */
    if (ht_pod_has_pod_security(pod) &&
        (!ht_pod_has_enforced(pod) || ht_str_is(pod->pod_security.version, "latest")))
        *ret = pod->pod_security;
    else
        ht_pod_security_judge(pod, HT_POD_SECURITY_LATEST, arena, ret);
}

void ht_pod_look(struct ht_checking *checking, const struct ht_row *row)
{
    const char *id = ht_checking_check(checking)->id;
    const struct ht_pod *pod;
    struct ht_pod_security security = {0};
    struct drafts drafts = {.len = 0};

    if (!ht_pod_open(checking, row, &pod))
        return;
    ht_pod_security_of(pod, ht_checking_arena(checking), &security);
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (strcmp(rules[i].check, id) != 0)
            continue;
        for (size_t j = 0; j < security.violations.len; j++) {
            if (ht_str_is(security.violations.items[j].check, rules[i].violation))
                apply(checking, &drafts, &rules[i], pod, &security.violations.items[j]);
        }
    }
}

void ht_pod_look_rootfs(struct ht_checking *checking, const struct ht_row *row)
{
    struct ht_finding *finding = NULL;
    const struct ht_pod *pod;

    if (!ht_pod_open(checking, row, &pod))
        return;
    for (size_t i = 0; i < pod->containers.len; i++) {
        const struct ht_pod_container *container = &pod->containers.items[i];

        if (container->rootfs_ro || !ht_pod_judges(checking, pod, container->name))
            continue;
        if (!finding)
            finding = ht_pod_fire(checking, pod, (struct ht_str){0}, HT_S(""));
        ht_pod_show(checking, finding,
                    ht_arena_strf(
                        ht_checking_arena(checking),
                        "%s.%.*s securityContext.readOnlyRootFilesystem", ht_pod_spec_path(pod),
                        HT_STR_ARG(ht_pod_container_path(container, ht_checking_arena(checking)))),
                    ht_pod_container_has_rootfs_ro(container) ? HT_S("false") : (struct ht_str){0});
    }
}
