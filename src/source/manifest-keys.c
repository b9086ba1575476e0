/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields of core/v1 as of Kubernetes 1.37 (July 2026), with those that older versions had. */
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
    "bindMountOptions", "mountPath", "mountPropagation", "name", "readOnly", "recursiveReadOnly",
    "subPath", "subPathExpr", NULL};
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
static const char *const token_keys[] = {
    "audience", "expirationSeconds", "path", "user", NULL};
static const char *const field_keys[] = {"apiVersion", "fieldPath", NULL};
static const char *const resource_keys[] = {"containerName", "divisor", "resource", NULL};
static const char *const file_keys[] = {"key", "optional", "path", "volumeName", NULL};
static const char *const command_keys[] = {"command", NULL};
static const char *const grpc_keys[] = {"mode", "port", "service", NULL};
static const char *const sleep_keys[] = {"seconds", NULL};
static const char *const named_keys[] = {"name", NULL};
static const char *const pair_keys[] = {"name", "value", NULL};
static const char *const resources_keys[] = {"claims", "limits", "requests", NULL};
static const char *const claim_keys[] = {"name", "request", NULL};
static const char *const dns_keys[] = {"nameservers", "options", "searches", NULL};
static const char *const alias_keys[] = {"hostnames", "ip", NULL};
static const char *const toleration_keys[] = {
    "effect", "key", "operator", "tolerationSeconds", "value", NULL};
/* Of a file in a volume, and what has such files. */
static const char *const item_keys[] = {"key", "mode", "path", "user", NULL};
static const char *const downward_item_keys[] = {
    "fieldRef", "mode", "path", "resourceFieldRef", "user", NULL};
static const char *const downward_keys[] = {"defaultMode", "defaultUser", "items", NULL};
static const char *const config_map_keys[] = {
    "defaultMode", "defaultUser", "items", "name", "optional", NULL};
static const char *const secret_keys[] = {
    "defaultMode", "defaultUser", "items", "optional", "secretName", NULL};
static const char *const downward_part_keys[] = {"items", NULL};
static const char *const named_part_keys[] = {"items", "name", "optional", NULL};
static const char *const bundle_keys[] = {
    "labelSelector", "name", "optional", "path", "signerName", "user", NULL};
static const char *const certificate_keys[] = {
    "certificateChainPath", "credentialBundlePath", "keyPath", "keyType", "maxExpirationSeconds",
    "signerName", "user", "userAnnotations", NULL};
/* Volumes. */
static const char *const aws_keys[] = {"fsType", "partition", "readOnly", "volumeID", NULL};
static const char *const azure_disk_keys[] = {
    "cachingMode", "diskName", "diskURI", "fsType", "kind", "readOnly", NULL};
static const char *const azure_file_keys[] = {"readOnly", "secretName", "shareName", NULL};
static const char *const cephfs_keys[] = {
    "monitors", "path", "readOnly", "secretFile", "secretRef", "user", NULL};
static const char *const cinder_keys[] = {"fsType", "readOnly", "secretRef", "volumeID", NULL};
static const char *const csi_keys[] = {
    "driver", "fsType", "nodePublishSecretRef", "readOnly", "volumeAttributes", NULL};
static const char *const empty_dir_keys[] = {"medium", "mode", "sizeLimit", NULL};
static const char *const ephemeral_keys[] = {"readOnly", "volumeClaimTemplate", NULL};
static const char *const template_keys[] = {"metadata", "spec", NULL};
static const char *const fc_keys[] = {
    "fsType", "lun", "readOnly", "targetWWNs", "wwids", NULL};
static const char *const flex_keys[] = {
    "driver", "fsType", "options", "readOnly", "secretRef", NULL};
static const char *const flocker_keys[] = {"datasetName", "datasetUUID", NULL};
static const char *const gce_keys[] = {"fsType", "partition", "pdName", "readOnly", NULL};
static const char *const git_keys[] = {"directory", "repository", "revision", NULL};
static const char *const glusterfs_keys[] = {"endpoints", "path", "readOnly", NULL};
static const char *const image_keys[] = {"pullPolicy", "reference", NULL};
static const char *const iscsi_keys[] = {
    "chapAuthDiscovery", "chapAuthSession", "fsType", "initiatorName", "iqn", "iscsiInterface",
    "lun", "portals", "readOnly", "secretRef", "targetPortal", NULL};
static const char *const nfs_keys[] = {"path", "readOnly", "server", NULL};
static const char *const pvc_keys[] = {"claimName", "readOnly", NULL};
static const char *const photon_keys[] = {"fsType", "pdID", NULL};
static const char *const portworx_keys[] = {"fsType", "readOnly", "volumeID", NULL};
static const char *const quobyte_keys[] = {
    "group", "readOnly", "registry", "tenant", "user", "volume", NULL};
static const char *const rbd_keys[] = {
    "fsType", "image", "keyring", "monitors", "pool", "readOnly", "secretRef", "user", NULL};
static const char *const scale_io_keys[] = {
    "fsType", "gateway", "protectionDomain", "readOnly", "secretRef", "sslEnabled", "storageMode",
    "storagePool", "system", "volumeName", NULL};
static const char *const storageos_keys[] = {
    "fsType", "readOnly", "secretRef", "volumeName", "volumeNamespace", NULL};
static const char *const vsphere_keys[] = {
    "fsType", "storagePolicyID", "storagePolicyName", "volumePath", NULL};
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
                          ports = {.known = port_keys}, tcp = {.known = tcp_keys},
                          mounts = {.known = mount_keys}, devices = {.known = device_keys},
                          key_ref = {.known = key_ref_keys}, ref = {.known = ref_keys},
                          host_path = {.known = host_path_keys}, token = {.known = token_keys},
                          field = {.known = field_keys}, resource = {.known = resource_keys},
                          file = {.known = file_keys}, command = {.known = command_keys},
                          grpc = {.known = grpc_keys}, sleeping = {.known = sleep_keys},
                          named = {.known = named_keys}, pairs = {.known = pair_keys},
                          claims = {.known = claim_keys}, aliases = {.known = alias_keys},
                          tolerations = {.known = toleration_keys}, items = {.known = item_keys},
                          bundle = {.known = bundle_keys},
                          certificate = {.known = certificate_keys};
static const struct inner in_http[] = {{"httpHeaders", &pairs}, {NULL, NULL}};
static const struct shape http = {.known = http_keys, .inner = in_http};
static const struct inner in_probe[] = {
    {"exec", &command}, {"grpc", &grpc}, {"httpGet", &http}, {"tcpSocket", &tcp}, {NULL, NULL}};
static const struct inner in_handler[] = {{"exec", &command},
                                          {"httpGet", &http},
                                          {"sleep", &sleeping},
                                          {"tcpSocket", &tcp},
                                          {NULL, NULL}};
static const struct shape probe = {.known = probe_keys, .inner = in_probe};
static const struct shape handler = {.known = handler_keys, .inner = in_handler};
static const struct inner in_resources[] = {{"claims", &claims}, {NULL, NULL}};
static const struct shape resources = {.known = resources_keys, .inner = in_resources};
static const struct inner in_dns[] = {{"options", &pairs}, {NULL, NULL}};
static const struct shape dns = {.known = dns_keys, .inner = in_dns};
static const struct inner in_lifecycle[] = {
    {"postStart", &handler}, {"preStop", &handler}, {NULL, NULL}};
static const struct shape lifecycle = {.known = lifecycle_keys, .inner = in_lifecycle};
static const struct inner in_security[] = {
    {"appArmorProfile", &profile}, {"capabilities", &capabilities}, {"seLinuxOptions", &selinux},
    {"seccompProfile", &profile},  {"windowsOptions", &windows},    {NULL, NULL}};
static const struct shape security = {.known = security_keys, .inner = in_security};
static const struct inner in_value_from[] = {
    {"configMapKeyRef", &key_ref},   {"fieldRef", &field},       {"fileKeyRef", &file},
    {"resourceFieldRef", &resource}, {"secretKeyRef", &key_ref}, {NULL, NULL}};
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
                                            {"resources", &resources},
                                            {"startupProbe", &probe},
                                            {"securityContext", &security},
                                            {"volumeDevices", &devices},
                                            {"volumeMounts", &mounts},
                                            {NULL, NULL}};
static const struct shape container = {.known = container_keys, .inner = in_container};
static const struct inner in_downward_item[] = {
    {"fieldRef", &field}, {"resourceFieldRef", &resource}, {NULL, NULL}};
static const struct shape downward_items = {.known = downward_item_keys, .inner = in_downward_item};
static const struct inner in_downward[] = {{"items", &downward_items}, {NULL, NULL}};
static const struct inner in_files[] = {{"items", &items}, {NULL, NULL}};
static const struct shape downward = {.known = downward_keys, .inner = in_downward},
                          config_map = {.known = config_map_keys, .inner = in_files},
                          secret = {.known = secret_keys, .inner = in_files},
                          downward_part = {.known = downward_part_keys, .inner = in_downward},
                          named_part = {.known = named_part_keys, .inner = in_files};
static const struct inner in_projection[] = {{"clusterTrustBundle", &bundle},
                                             {"configMap", &named_part},
                                             {"downwardAPI", &downward_part},
                                             {"podCertificate", &certificate},
                                             {"secret", &named_part},
                                             {"serviceAccountToken", &token},
                                             {NULL, NULL}};
static const struct shape projection = {.known = projection_keys, .inner = in_projection};
static const struct inner in_projected[] = {{"sources", &projection}, {NULL, NULL}};
static const struct shape projected = {.known = projected_keys, .inner = in_projected};
static const struct inner in_csi[] = {{"nodePublishSecretRef", &named}, {NULL, NULL}};
static const struct inner with_secret[] = {{"secretRef", &named}, {NULL, NULL}};
static const struct shape claim_template = {.known = template_keys};
static const struct inner in_ephemeral[] = {{"volumeClaimTemplate", &claim_template}, {NULL, NULL}};
static const struct shape aws = {.known = aws_keys}, azure_disk = {.known = azure_disk_keys},
                          azure_file = {.known = azure_file_keys},
                          cephfs = {.known = cephfs_keys, .inner = with_secret},
                          cinder = {.known = cinder_keys, .inner = with_secret},
                          csi = {.known = csi_keys, .inner = in_csi},
                          empty_dir = {.known = empty_dir_keys},
                          ephemeral = {.known = ephemeral_keys, .inner = in_ephemeral},
                          fc = {.known = fc_keys},
                          flex = {.known = flex_keys, .inner = with_secret},
                          flocker = {.known = flocker_keys}, gce = {.known = gce_keys},
                          git = {.known = git_keys}, glusterfs = {.known = glusterfs_keys},
                          image = {.known = image_keys},
                          iscsi = {.known = iscsi_keys, .inner = with_secret},
                          nfs = {.known = nfs_keys}, pvc = {.known = pvc_keys},
                          photon = {.known = photon_keys}, portworx = {.known = portworx_keys},
                          quobyte = {.known = quobyte_keys},
                          rbd = {.known = rbd_keys, .inner = with_secret},
                          scale_io = {.known = scale_io_keys, .inner = with_secret},
                          storageos = {.known = storageos_keys, .inner = with_secret},
                          vsphere = {.known = vsphere_keys};
static const struct inner in_volume[] = {{"awsElasticBlockStore", &aws},
                                         {"azureDisk", &azure_disk},
                                         {"azureFile", &azure_file},
                                         {"cephfs", &cephfs},
                                         {"cinder", &cinder},
                                         {"configMap", &config_map},
                                         {"csi", &csi},
                                         {"downwardAPI", &downward},
                                         {"emptyDir", &empty_dir},
                                         {"ephemeral", &ephemeral},
                                         {"fc", &fc},
                                         {"flexVolume", &flex},
                                         {"flocker", &flocker},
                                         {"gcePersistentDisk", &gce},
                                         {"gitRepo", &git},
                                         {"glusterfs", &glusterfs},
                                         {"hostPath", &host_path},
                                         {"image", &image},
                                         {"iscsi", &iscsi},
                                         {"nfs", &nfs},
                                         {"persistentVolumeClaim", &pvc},
                                         {"photonPersistentDisk", &photon},
                                         {"portworxVolume", &portworx},
                                         {"projected", &projected},
                                         {"quobyte", &quobyte},
                                         {"rbd", &rbd},
                                         {"scaleIO", &scale_io},
                                         {"secret", &secret},
                                         {"storageos", &storageos},
                                         {"vsphereVolume", &vsphere},
                                         {NULL, NULL}};
static const struct shape volume = {.known = volume_keys, .inner = in_volume};
static const struct inner in_pod_security[] = {
    {"appArmorProfile", &profile}, {"seLinuxOptions", &selinux}, {"seccompProfile", &profile},
    {"sysctls", &sysctls},         {"windowsOptions", &windows}, {NULL, NULL}};
static const struct shape pod_security = {.known = pod_security_keys, .inner = in_pod_security};
static const struct inner in_pod[] = {{"containers", &container},
                                      {"dnsConfig", &dns},
                                      {"ephemeralContainers", &container},
                                      {"hostAliases", &aliases},
                                      {"imagePullSecrets", &named},
                                      {"initContainers", &container},
                                      {"os", &os},
                                      {"resources", &resources},
                                      {"securityContext", &pod_security},
                                      {"tolerations", &tolerations},
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
