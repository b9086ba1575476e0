/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields of core/v1 as of Kubernetes 1.37, with those that older versions had. */
#include "manifest-keys.h"

#include <stdio.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/mem.h"

enum { SHOWN_MAX = 60 };

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
static const char *const profile_keys[] = {"localhostProfile", "type", NULL};
static const char *const selinux_keys[] = {"level", "role", "type", "user", NULL};
static const char *const windows_keys[] = {
    "gmsaCredentialSpec", "gmsaCredentialSpecName", "hostProcess", "runAsUserName", NULL};
static const char *const sysctl_keys[] = {"name", "value", NULL};
static const char *const os_keys[] = {"name", NULL};
static const char *const port_keys[] = {
    "containerPort", "hostIP", "hostPort", "name", "protocol", NULL};
static const char *const probe_keys[] = {
    "exec", "failureThreshold", "grpc", "httpGet", "initialDelaySeconds", "periodSeconds",
    "successThreshold", "tcpSocket", "terminationGracePeriodSeconds", "timeoutSeconds", NULL};
static const char *const lifecycle_keys[] = {"postStart", "preStop", "stopSignal", NULL};
static const char *const handler_keys[] = {"exec", "httpGet", "sleep", "tcpSocket", NULL};
static const char *const http_keys[] = {
    "host", "httpHeaders", "path", "port", "protocol", "scheme", NULL};
static const char *const tcp_keys[] = {"host", "port", NULL};
static const char *const mount_keys[] = {
    "mountPath", "mountPropagation", "name", "readOnly", "recursiveReadOnly", "subPath",
    "subPathExpr", NULL};
static const char *const device_keys[] = {"devicePath", "name", NULL};
static const char *const env_keys[] = {"name", "value", "valueFrom", NULL};
static const char *const value_from_keys[] = {
    "configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef", NULL};
static const char *const key_ref_keys[] = {"key", "name", "optional", NULL};
static const char *const env_from_keys[] = {"configMapRef", "prefix", "secretRef", NULL};
static const char *const ref_keys[] = {"name", "optional", NULL};
static const char *const host_path_keys[] = {"path", "type", NULL};
static const char *const projected_keys[] = {"defaultMode", "sources", NULL};
static const char *const projection_keys[] = {
    "clusterTrustBundle", "configMap", "downwardAPI", "podCertificate", "secret",
    "serviceAccountToken", NULL};
static const char *const token_keys[] = {"audience", "expirationSeconds", "path", NULL};
static const char *const volume_keys[] = {
    "awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "configMap", "csi",
    "downwardAPI", "emptyDir", "ephemeral", "fc", "flexVolume", "flocker", "gcePersistentDisk",
    "gitRepo", "glusterfs", "hostPath", "image", "iscsi", "name", "nfs", "persistentVolumeClaim",
    "photonPersistentDisk", "portworxVolume", "projected", "quobyte", "rbd", "scaleIO", "secret",
    "storageos", "vsphereVolume", NULL};
/* clang-format on */

/* A map with known keys, and what is looked into below it. */
struct shape {
    const char *const *known;
    const struct inner *inner; /* up to one without a key; NULL: nothing */
};

/* A member that is a map, or a list of maps. */
struct inner {
    const char *key;
    const struct shape *shape;
};

static const struct shape profile = {.known = profile_keys}, selinux = {.known = selinux_keys},
                          windows = {.known = windows_keys},
                          capabilities = {.known = capability_keys},
                          sysctls = {.known = sysctl_keys}, os = {.known = os_keys},
                          ports = {.known = port_keys}, http = {.known = http_keys},
                          tcp = {.known = tcp_keys}, mounts = {.known = mount_keys},
                          devices = {.known = device_keys}, key_ref = {.known = key_ref_keys},
                          ref = {.known = ref_keys}, host_path = {.known = host_path_keys},
                          token = {.known = token_keys};
static const struct inner to_hosts[] = {{"httpGet", &http}, {"tcpSocket", &tcp}, {NULL, NULL}};
static const struct shape probe = {.known = probe_keys, .inner = to_hosts};
static const struct shape handler = {.known = handler_keys, .inner = to_hosts};
static const struct inner in_lifecycle[] = {
    {"postStart", &handler}, {"preStop", &handler}, {NULL, NULL}};
static const struct shape lifecycle = {.known = lifecycle_keys, .inner = in_lifecycle};
static const struct inner in_security[] = {
    {"appArmorProfile", &profile}, {"capabilities", &capabilities}, {"seLinuxOptions", &selinux},
    {"seccompProfile", &profile},  {"windowsOptions", &windows},    {NULL, NULL}};
static const struct shape security = {.known = security_keys, .inner = in_security};
static const struct inner in_value_from[] = {
    {"configMapKeyRef", &key_ref}, {"secretKeyRef", &key_ref}, {NULL, NULL}};
static const struct shape value_from = {.known = value_from_keys, .inner = in_value_from};
static const struct inner in_env[] = {{"valueFrom", &value_from}, {NULL, NULL}};
static const struct shape env = {.known = env_keys, .inner = in_env};
static const struct inner in_env_from[] = {
    {"configMapRef", &ref}, {"secretRef", &ref}, {NULL, NULL}};
static const struct shape env_from = {.known = env_from_keys, .inner = in_env_from};
static const struct inner in_container[] = {{"env", &env},
                                            {"envFrom", &env_from},
                                            {"lifecycle", &lifecycle},
                                            {"livenessProbe", &probe},
                                            {"ports", &ports},
                                            {"readinessProbe", &probe},
                                            {"startupProbe", &probe},
                                            {"securityContext", &security},
                                            {"volumeDevices", &devices},
                                            {"volumeMounts", &mounts},
                                            {NULL, NULL}};
static const struct shape container = {.known = container_keys, .inner = in_container};
static const struct inner in_projection[] = {{"serviceAccountToken", &token}, {NULL, NULL}};
static const struct shape projection = {.known = projection_keys, .inner = in_projection};
static const struct inner in_projected[] = {{"sources", &projection}, {NULL, NULL}};
static const struct shape projected = {.known = projected_keys, .inner = in_projected};
static const struct inner in_volume[] = {
    {"hostPath", &host_path}, {"projected", &projected}, {NULL, NULL}};
static const struct shape volume = {.known = volume_keys, .inner = in_volume};
static const struct inner in_pod_security[] = {
    {"appArmorProfile", &profile}, {"seLinuxOptions", &selinux}, {"seccompProfile", &profile},
    {"sysctls", &sysctls},         {"windowsOptions", &windows}, {NULL, NULL}};
static const struct shape pod_security = {.known = pod_security_keys, .inner = in_pod_security};
static const struct inner in_pod[] = {{"containers", &container},
                                      {"ephemeralContainers", &container},
                                      {"initContainers", &container},
                                      {"os", &os},
                                      {"securityContext", &pod_security},
                                      {"volumes", &volume},
                                      {NULL, NULL}};
static const struct shape pod = {.known = pod_keys, .inner = in_pod};

static bool is_known(const char *const *known, struct ht_str key)
{
    for (; *known; known++) {
        if (ht_str_is(key, *known))
            return true;
    }
    return false;
}

/* Where a map lies in what it is in, up to the spec. */
struct place {
    const struct place *around; /* NULL: the spec */
    const char *key;
    size_t index;
    bool in_list;
};

static void write_place(const struct place *place, struct ht_buf *out)
{
    if (place->around) {
        write_place(place->around, out);
        ht_buf_add_c(out, '.');
    }
    ht_buf_add_text(out, place->key);
    if (place->in_list)
        ht_buf_addf(out, "[%zu]", place->index);
}

static void note(const struct place *place, const struct ht_json_member *member,
                 struct ht_odd_keys *odd)
{
    ht_autobuf struct ht_buf text = HT_BUF(sizeof(odd->first) - 1);

    if (odd->count++ > 0)
        return;
    write_place(place, &text);
    odd->line = member->value.line;
    snprintf(odd->first, sizeof(odd->first), "%.*s.%.*s", HT_STR_ARG(ht_buf_str(&text)),
             member->key.len > SHOWN_MAX ? SHOWN_MAX : (int)member->key.len, member->key.data);
}

static void look(const struct ht_json *object, const struct shape *shape, const struct place *place,
                 struct ht_odd_keys *odd);

static void look_inner(const struct ht_json *value, const struct inner *inner,
                       const struct place *around, struct ht_odd_keys *odd)
{
    struct place place = {.around = around, .key = inner->key};

    if (!ht_json_is_array(value)) {
        look(value, inner->shape, &place, odd);
        return;
    }
    place.in_list = true;
    for (place.index = 0; place.index < value->len; place.index++)
        look(&value->items[place.index], inner->shape, &place, odd);
}

/* As deep as the shapes are. */
static void look(const struct ht_json *object, const struct shape *shape, const struct place *place,
                 struct ht_odd_keys *odd)
{
    if (!ht_json_is_object(object))
        return;
    for (size_t i = 0; i < object->len; i++) {
        if (!is_known(shape->known, object->members[i].key))
            note(place, &object->members[i], odd);
    }
    for (const struct inner *inner = shape->inner; inner && inner->key; inner++)
        look_inner(ht_json_get(object, inner->key), inner, place, odd);
}

void ht_manifest_find_odd(const struct ht_json *spec, struct ht_odd_keys *odd)
{
    look(spec, &pod, &(struct place){.key = "spec"}, odd);
}
