/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints a PodList of so many pods, as an API server does: 7 kB each, a third of it managedFields.
 * Pods of one workload have one template and one namespace.
 * usage: podgen PODS [WORKLOADS] */
#include <stdio.h>
#include <stdlib.h>

#include "hulltop/base/str.h"

static uint64_t workloads = 2000; /* of ten pods each, where there are 20,000 */

static void put_managed(unsigned long i)
{
    printf("\"managedFields\":[{\"manager\":\"kube-controller-manager\",\"operation\":\"Update\","
           "\"apiVersion\":\"v1\",\"time\":\"2026-11-23T23:13:41Z\",\"fieldsType\":\"FieldsV1\","
           "\"fieldsV1\":{\"f:metadata\":{\"f:labels\":{");
    for (unsigned j = 0; j < 60; j++)
        printf("%s\"f:label-%lu-%u\":{\".\":{},\"f:x\":{}}", j ? "," : "", i % 7, j);
    printf("}}}}]");
}

static void put_status(unsigned long i)
{
    printf("\"status\":{\"phase\":\"Running\",\"conditions\":[");
    for (unsigned j = 0; j < 5; j++)
        printf("%s{\"type\":\"Condition%u\",\"status\":\"True\",\"lastProbeTime\":null,"
               "\"lastTransitionTime\":\"2026-11-23T23:13:41Z\"}",
               j ? "," : "", j);
    printf(
        "],\"hostIP\":\"10.0.0.1\",\"podIP\":\"10.244.%lu.%lu\",\"startTime\":"
        "\"2026-11-23T23:13:41Z\",\"containerStatuses\":[{\"name\":\"app\",\"state\":{\"running\":"
        "{\"startedAt\":\"2026-11-23T23:13:45Z\"}},\"ready\":true,\"restartCount\":0,\"image\":"
        "\"registry.example/team/app:%lu\",\"imageID\":\"sha256:%064lu\",\"containerID\":"
        "\"containerd://%064lu\",\"started\":true}],\"qosClass\":\"Burstable\"}",
        i / 250 % 250, i % 250, i % workloads % 90, i, i);
}

static void put_spec(unsigned long i)
{
    printf(
        "\"spec\":{\"volumes\":[{\"name\":\"kube-api-access\",\"projected\":{\"sources\":[{"
        "\"serviceAccountToken\":{\"expirationSeconds\":3607,\"path\":\"token\"}}],\"defaultMode\":"
        "420}}%s],\"containers\":[{\"name\":\"app\",\"image\":\"registry.example/team/app:%lu\","
        "\"env\":[",
        i % workloads % 40 == 0 ? ",{\"name\":\"logs\",\"hostPath\":{\"path\":\"/var/log\"}}" : "",
        i % workloads % 90);
    for (unsigned j = 0; j < 20; j++)
        printf("%s{\"name\":\"SETTING_%u\",\"value\":\"value %lu of the setting\"}", j ? "," : "",
               j, i);
    printf(
        "],\"resources\":{\"limits\":{\"cpu\":\"1\",\"memory\":\"512Mi\"}},\"volumeMounts\":[{"
        "\"name\":\"kube-api-access\",\"readOnly\":true,\"mountPath\":\"/var/run/secrets\"}],"
        "\"livenessProbe\":{\"httpGet\":{\"path\":\"/\",\"port\":8080}},\"securityContext\":{"
        "\"privileged\":%s,\"allowPrivilegeEscalation\":false,\"capabilities\":{\"drop\":[\"ALL\"]"
        "}}}],\"restartPolicy\":\"Always\",\"serviceAccountName\":\"default\",\"nodeName\":"
        "\"node-%lu\",\"securityContext\":{\"runAsNonRoot\":true,\"seccompProfile\":{\"type\":"
        "\"RuntimeDefault\"}},\"tolerations\":[{\"key\":\"node.kubernetes.io/not-ready\","
        "\"operator\":\"Exists\",\"effect\":\"NoExecute\",\"tolerationSeconds\":300}]},",
        i % workloads % 50 == 0 ? "true" : "false", i % 200);
}

int main(int argc, char **argv)
{
    uint64_t pods = 0;

    if (argc < 2 || argc > 3 || ht_parse_u64(ht_str_from(argv[1]), &pods) < 0 ||
        (argc == 3 && ht_parse_u64(ht_str_from(argv[2]), &workloads) < 0) || workloads == 0)
        return 2;
    printf("{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"9\"},"
           "\"items\":[");
    for (uint64_t i = 0; i < pods; i++) {
        printf(
            "%s{\"metadata\":{\"name\":\"app-%06lu\",\"namespace\":\"team-%lu\",\"uid\":"
            "\"00000000-0000-4000-8000-%012lu\",\"resourceVersion\":\"%lu\",\"creationTimestamp\":"
            "\"2026-11-23T23:13:41Z\",\"labels\":{\"app\":\"app-%lu\",\"tier\":\"web\"},"
            "\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"name\":"
            "\"app-%lu-5d9fb7c4d\",\"controller\":true}],",
            i ? "," : "", i, i % workloads % 30, i, i, i % workloads, i % workloads);
        put_managed(i);
        printf("},");
        put_spec(i);
        put_status(i);
        putchar('}');
    }
    printf("]}\n");
    return 0;
}
