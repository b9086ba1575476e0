/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields of core/v1 as of Kubernetes 1.37, with those that older versions had. */
#include "manifest-keys.h"

#include <stdio.h>

#include "hulltop/base/mem.h"

/* clang-format off */
static const char *const pod_keys[] = {
    "activeDeadlineSeconds", "affinity", "automountServiceAccountToken", "containers", "dnsConfig",
    "dnsPolicy", "enableServiceLinks", "ephemeralContainers", "evictionResponders", "hostAliases",
    "hostIPC", "hostNetwork", "hostPID", "hostUsers", "hostname", "hostnameOverride",
    "imagePullSecrets", "initContainers", "nodeName", "nodeSelector", "os", "overhead",
    "preemptionPolicy", "priority", "priorityClassName", "readinessGates", "resourceClaims",
    "resources", "restartPolicy", "runtimeClassName", "schedulerName", "schedulingGates",
    "schedulingGroup", "securityContext", "serviceAccount", "serviceAccountName",
    "setHostnameAsFQDN", "shareProcessNamespace", "subdomain", "terminationGracePeriodSeconds",
    "tolerations", "topologySpreadConstraints", "volumes", "workloadRef", NULL};
static const char *const pod_security_keys[] = {
    "appArmorProfile", "fsGroup", "fsGroupChangePolicy", "runAsGroup", "runAsNonRoot", "runAsUser",
    "seLinuxChangePolicy", "seLinuxOptions", "seccompProfile", "supplementalGroups",
    "supplementalGroupsPolicy", "sysctls", "windowsOptions", NULL};
static const char *const container_keys[] = {
    "args", "command", "env", "envFrom", "image", "imagePullPolicy", "lifecycle", "livenessProbe",
    "name", "ports", "readinessProbe", "resizePolicy", "resources", "restartPolicy",
    "restartPolicyRules", "securityContext", "startupProbe", "stdin", "stdinOnce",
    "targetContainerName", "terminationMessagePath", "terminationMessagePolicy", "tty",
    "volumeDevices", "volumeMounts", "workingDir", NULL};
static const char *const security_keys[] = {
    "allowPrivilegeEscalation", "appArmorProfile", "capabilities", "privileged", "procMount",
    "readOnlyRootFilesystem", "runAsGroup", "runAsNonRoot", "runAsUser", "seLinuxOptions",
    "seccompProfile", "windowsOptions", NULL};
static const char *const capability_keys[] = {"add", "drop", NULL};
static const char *const volume_keys[] = {
    "awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "configMap", "csi",
    "downwardAPI", "emptyDir", "ephemeral", "fc", "flexVolume", "flocker", "gcePersistentDisk",
    "gitRepo", "glusterfs", "hostPath", "image", "iscsi", "name", "nfs", "persistentVolumeClaim",
    "photonPersistentDisk", "portworxVolume", "projected", "quobyte", "rbd", "scaleIO", "secret",
    "storageos", "vsphereVolume", NULL};
/* clang-format on */

/* What is known of an object, and where it lies. */
struct place {
    const char *const *known;
    char path[120];
};

static bool is_known(const char *const *known, struct ht_str key)
{
    for (; *known; known++) {
        if (ht_str_is(key, *known))
            return true;
    }
    return false;
}

static void look(const struct ht_json *object, const struct place *place, struct ht_odd_keys *odd)
{
    for (size_t i = 0; ht_json_is_object(object) && i < object->len; i++) {
        const struct ht_json_member *member = &object->members[i];

        if (is_known(place->known, member->key) || odd->count++ > 0)
            continue;
        odd->line = member->value.line;
        snprintf(odd->first, sizeof(odd->first), "%s.%.*s", place->path,
                 member->key.len > 60 ? 60 : (int)member->key.len, member->key.data);
    }
}

static void look_container(const struct ht_json *container, const struct place *at,
                           struct ht_odd_keys *odd)
{
    const struct ht_json *security = ht_json_get(container, "securityContext");
    struct place inner = {.known = security_keys};

    look(container, at, odd);
    snprintf(inner.path, sizeof(inner.path), "%.60s.securityContext", at->path);
    look(security, &inner, odd);
    inner.known = capability_keys;
    snprintf(inner.path, sizeof(inner.path), "%.60s.securityContext.capabilities", at->path);
    look(ht_json_get(security, "capabilities"), &inner, odd);
}

void ht_manifest_find_odd(const struct ht_json *spec, struct ht_odd_keys *odd)
{
    static const char *const lists[] = {"initContainers", "containers", "ephemeralContainers",
                                        "volumes"};

    look(spec, &(struct place){.known = pod_keys, .path = "spec"}, odd);
    look(ht_json_get(spec, "securityContext"),
         &(struct place){.known = pod_security_keys, .path = "spec.securityContext"}, odd);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        const struct ht_json *list = ht_json_get(spec, lists[i]);
        bool volumes = lists[i][0] == 'v';

        for (size_t j = 0; ht_json_is_array(list) && j < list->len; j++) {
            struct place place = {.known = volumes ? volume_keys : container_keys};

            snprintf(place.path, sizeof(place.path), "spec.%s[%zu]", lists[i], j);
            if (volumes)
                look(&list->items[j], &place, odd);
            else
                look_container(&list->items[j], &place, odd);
        }
    }
}
