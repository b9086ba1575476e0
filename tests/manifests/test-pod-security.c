/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Manifests in, violations of the Pod Security Standards out: pod-security.tsv, and the shapes in
 * which pods come. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"
#include "hulltop/check/pod-security.h"
#include "hulltop/source/manifests.h"
#include "src/check/pods.h"

/* ---- reading ---- */

static int add_row(void *context, struct ht_row *pod, struct ht_error *err)
{
    (void)err;
    ht_vec_add(context, pod);
    return 0;
}

static int read_text(struct ht_str text, struct ht_vec *pods, struct ht_manifests_count *count,
                     struct ht_error *err)
{
    ht_autoclose int fd = memfd_create("manifests", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.data, text.len), (ssize_t)text.len);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return ht_manifests_read(
        fd, &(struct ht_manifests_reader){.name = "m.yaml", .take = add_row, .context = pods},
        count, err);
}

static void free_pods(struct ht_vec *pods)
{
    for (size_t i = 0; i < pods->len; i++)
        ht_row_unref(pods->items[i]);
    ht_vec_fini(pods);
}

static const struct ht_pod *pod_at(const struct ht_vec *pods, size_t i)
{
    assert_true(i < pods->len);
    return ht_pod_of(pods->items[i]);
}

static void read_good(const char *text, struct ht_vec *pods, struct ht_manifests_count *count)
{
    struct ht_error err = {0};

    if (read_text(ht_str_from(text), pods, count, &err) < 0)
        fail_msg("%s", err.text);
}

static void assert_refused(const char *text, int code, const char *message)
{
    ht_autovec struct ht_vec pods = {0};
    struct ht_manifests_count count = {0};
    struct ht_error err = {0};

    assert_int_equal(read_text(ht_str_from(text), &pods, &count, &err), -code);
    assert_string_equal(err.text, message);
    free_pods(&pods);
}

/* ---- the table ---- */

static void expand(struct ht_buf *out, struct ht_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        struct ht_str rest = ht_str_sub(text, i, text.len);

        if (ht_str_has_prefix(rest, "@P"))
            ht_buf_add_text(out, "runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}");
        else if (ht_str_has_prefix(rest, "@S"))
            ht_buf_add_text(out, "allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}");
        else
            ht_buf_add_c(out, text.data[i]);
        i += text.data[i] == '@';
    }
}

static void join(struct ht_buf *out, const struct ht_text_list *ids)
{
    for (size_t i = 0; i < ids->len; i++) {
        if (i)
            ht_buf_add_c(out, ',');
        ht_buf_add_str(out, ids->items[i]);
    }
    if (ids->len == 0)
        ht_buf_add_c(out, '-');
}

/* Version, ids of baseline, ids of restricted, the manifest. */
static void judge_line(struct ht_str line)
{
    ht_autobuf struct ht_buf text = HT_BUF(65536), got = HT_BUF(65536), wanted = HT_BUF(65536);
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autovec struct ht_vec pods = {0};
    struct ht_manifests_count count;
    struct ht_pod_security security = {0};
    struct ht_str part[4], rest = line;
    int minor;

    for (size_t i = 0; i < 4; i++)
        assert_true(ht_str_next(&rest, '\t', &part[i]));
    assert_true(ht_pod_security_parse(part[0], &minor));
    expand(&text, part[3]);
    ht_buf_add_c(&text, '\0');
    /* As YAML: with a marker in front it is no JSON. */
    ht_autobuf struct ht_buf document = HT_BUF(65536);
    ht_buf_addf(&document, "--- %s\n", text.data);
    read_good(document.data, &pods, &count);
    assert_true(ht_pod_security_judge(pod_at(&pods, 0), minor, arena, &security));
    join(&got, &security.baseline);
    ht_buf_add_c(&got, ' ');
    join(&got, &security.restricted);
    ht_buf_addf(&wanted, "%.*s %.*s", HT_STR_ARG(part[1]), HT_STR_ARG(part[2]));
    if (!ht_str_equal(ht_buf_str(&got), ht_buf_str(&wanted)))
        fail_msg("%s: %.*s\ngot    %s\nwanted %s", "pod-security.tsv", HT_STR_ARG(line), got.data,
                 wanted.data);
    assert_int_equal(security.violations.len, security.baseline.len + security.restricted.len);
    for (size_t i = 0; i < security.violations.len; i++) {
        const struct ht_pod_violation *violation = &security.violations.items[i];

        assert_true(violation->fields.len > 0);
        assert_int_equal(violation->values.len, violation->fields.len);
        assert_int_equal(violation->containers.len, violation->fields.len);
    }
    free_pods(&pods);
}

static void every_check_is_judged_by_its_versions(void **state)
{
    const char *srcdir = getenv("HT_SRCDIR");
    char path[4096], line[4096];
    size_t lines = 0;

    (void)state;
    snprintf(path, sizeof(path), "%s/tests/manifests/pod-security.tsv", srcdir ? srcdir : ".");
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    while (fgets(line, sizeof(line), in)) {
        struct ht_str text = ht_str_trim(ht_str_from(line));

        if (text.len == 0 || text.data[0] == '#')
            continue;
        judge_line(text);
        lines++;
    }
    fclose(in);
    assert_true(lines > 150);
}

static void versions_are_read(void **state)
{
    int minor;

    (void)state;
    assert_true(ht_pod_security_parse(HT_S("v1.28"), &minor));
    assert_int_equal(minor, 28);
    assert_true(ht_pod_security_parse(HT_S("1.0"), &minor));
    assert_int_equal(minor, 0);
    assert_true(ht_pod_security_parse(HT_S("latest"), &minor));
    assert_int_equal(minor, HT_POD_SECURITY_LATEST);
    assert_false(ht_pod_security_parse(HT_S("v2.0"), &minor));
    assert_false(ht_pod_security_parse(HT_S("v1."), &minor));
    assert_false(ht_pod_security_parse(HT_S("v1.-1"), &minor));
    assert_false(ht_pod_security_parse(HT_S(""), &minor));
    assert_false(ht_pod_security_parse(HT_S("v1.28.3"), &minor));
}

/* ---- fields ---- */

static void expect_field(const struct ht_pod *pod, const char *check, size_t i, const char *field,
                         const char *value)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_pod_security security = {0};

    assert_true(ht_pod_security_judge(pod, HT_POD_SECURITY_LATEST, arena, &security));
    for (size_t j = 0; j < security.violations.len; j++) {
        const struct ht_pod_violation *violation = &security.violations.items[j];

        if (!ht_str_is(violation->check, check))
            continue;
        assert_true(i < violation->fields.len);
        assert_string_equal(violation->fields.items[i].data, field);
        if (violation->values.items[i].len || value[0])
            assert_string_equal(violation->values.items[i].data, value);
        return;
    }
    fail_msg("%s is not violated", check);
}

/* What a namespace enforces is the admission's measure, and no reason to be silent. */
static void findings_go_by_the_newest_version_whatever_is_enforced(void **state)
{
    ht_autovec struct ht_vec pods = {0};
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_manifests_count count;
    struct ht_pod_security old = {0}, judged = {0};

    (void)state;
    read_good("kind: Pod\n"
              "metadata: {name: web}\n"
              "spec: {containers: [{name: a, image: b}]}\n",
              &pods, &count);
    struct ht_pod pod = *pod_at(&pods, 0);
    assert_true(ht_pod_security_judge(&pod, 0, arena, &old));
    *ht_pod_edit_pod_security(&pod) = old;
    ht_pod_security_of(&pod, arena, &judged); /* asked for */
    assert_int_equal(judged.restricted.len, old.restricted.len);
    ht_pod_set_enforced(&pod, HT_S("baseline"));
    ht_pod_security_of(&pod, arena, &judged);
    assert_true(judged.restricted.len > old.restricted.len);
    free_pods(&pods);
}

static void fields_are_named_with_their_places(void **state)
{
    ht_autovec struct ht_vec pods = {0};
    struct ht_manifests_count count;

    (void)state;
    read_good("kind: Deployment\n"
              "metadata: {name: web}\n"
              "spec:\n"
              "  template:\n"
              "    metadata: {annotations: {container.apparmor.security.beta.kubernetes.io/a: x}}\n"
              "    spec:\n"
              "      securityContext: {sysctls: [{name: a.b, value: '1'}], runAsUser: 0}\n"
              "      initContainers: [{name: i, securityContext: {privileged: true}}]\n"
              "      containers:\n"
              "      - {name: a, ports: [{containerPort: 1}, {hostPort: 53},"
              " {hostPort: 54, hostIP: '::1'}, {hostPort: 55, hostIP: 10.0.0.1}]}\n"
              "      - {name: b, securityContext: {capabilities: {add: [CHOWN, BPF, SYS_TIME]}},\n"
              "         lifecycle: {preStop: {httpGet: {host: 169.254.169.254}}}}\n"
              "      volumes: [{name: e, emptyDir: {}}, {name: h, hostPath: {path: /etc}}]\n",
              &pods, &count);
    const struct ht_pod *pod = pod_at(&pods, 0);
    expect_field(pod, "privileged", 0,
                 "spec.template.spec.initContainers[0] (i) securityContext.privileged", "true");
    expect_field(pod, "hostPorts", 0, "spec.template.spec.containers[0] (a) ports[1].hostPort",
                 "53");
    expect_field(pod, "hostPorts", 1, "spec.template.spec.containers[0] (a) ports[2].hostPort",
                 "[::1]:54");
    expect_field(pod, "hostPorts", 2, "spec.template.spec.containers[0] (a) ports[3].hostPort",
                 "10.0.0.1:55");
    expect_field(pod, "capabilities_baseline", 0,
                 "spec.template.spec.containers[1] (b) securityContext.capabilities.add",
                 "BPF,SYS_TIME");
    expect_field(pod, "hostProbesAndHostLifecycle", 0,
                 "spec.template.spec.containers[1] (b) lifecycle.preStop.httpGet.host",
                 "169.254.169.254");
    expect_field(pod, "sysctls", 0, "spec.template.spec.securityContext.sysctls[0].name", "a.b");
    expect_field(pod, "hostPathVolumes", 0, "spec.template.spec.volumes[1] (h) hostPath", "/etc");
    expect_field(pod, "appArmorProfile", 0,
                 "spec.template.metadata.annotations[container.apparmor.security.beta.kubernetes."
                 "io/a]",
                 "x");
    expect_field(pod, "runAsUser", 0, "spec.template.spec.securityContext.runAsUser", "0");
    expect_field(pod, "runAsNonRoot", 2,
                 "spec.template.spec.containers[1] (b) securityContext.runAsNonRoot", "");
    assert_string_equal(pod->owner.data, "Deployment/web");
    assert_int_equal(pod->line, 1);
    free_pods(&pods);
}

/* ---- shapes ---- */

static void every_kind_of_workload_is_found(void **state)
{
    static const char *const templates[] = {
        "Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "ReplicationController", "Job"};
    ht_autobuf struct ht_buf text = HT_BUF(65536);
    ht_autovec struct ht_vec pods = {0};
    struct ht_manifests_count count;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(templates); i++)
        ht_buf_addf(&text,
                    "kind: %s\nmetadata: {name: w}\nspec: {template: {spec: {hostPID: true, "
                    "containers: []}}}\n---\n",
                    templates[i]);
    ht_buf_add_text(&text, "kind: CronJob\nspec: {jobTemplate: {spec: {template: {spec: {hostPID: "
                           "true, containers: []}}}}}\n---\n"
                           "kind: PodTemplate\ntemplate: {spec: {hostPID: true, containers: []}}\n"
                           "---\n# nothing here\n---\nkind: Service\nspec: {template: 3}\n"
                           "---\nkind: Pod\nspec: {hostPID: true, containers: []}\n");
    read_good(text.data, &pods, &count);
    assert_int_equal(pods.len, 9);
    assert_int_equal(count.pods, 1);
    assert_int_equal(count.templates, 8);
    assert_int_equal(count.others, 1);
    for (size_t i = 0; i < pods.len; i++)
        assert_true(pod_at(&pods, i)->host_pid);
    assert_string_equal(pod_at(&pods, 0)->owner.data, "Deployment/w");
    free_pods(&pods);
}

static void lists_are_read_as_kubectl_and_the_api_print_them(void **state)
{
    static const char *const texts[] = {
        /* kubectl get -o yaml: the kind behind the items */
        "apiVersion: v1\nitems:\n- kind: Pod\n  spec:\n    hostPID: true\n    containers: []\n"
        "- kind: Pod\n  spec:\n    hostPID: true\n    containers: []\nkind: List\n",
        /* -o json */
        "{\"apiVersion\":\"v1\",\"items\":[{\"kind\":\"Pod\",\"spec\":{\"hostPID\":true,"
        "\"containers\":[]}},{\"kind\":\"Pod\",\"spec\":{\"hostPID\":true,\"containers\":[]}}],"
        "\"kind\":\"List\",\"metadata\":{}}",
        /* the API itself: items without a kind */
        "{\"kind\":\"PodList\",\"items\":[{\"spec\":{\"hostPID\":true,\"containers\":[]}},"
        "{\"spec\":{\"hostPID\":true,\"containers\":null}}]}",
        /* the same with its members in order */
        "{\"items\":[{\"spec\":{\"hostPID\":true,\"containers\":[]}},"
        "{\"spec\":{\"hostPID\":true,\"containers\":[]}}],\"kind\":\"PodList\"}",
        /* jq .items, and jq .items[] */
        "[{\"kind\":\"Pod\",\"spec\":{\"hostPID\":true}},{\"kind\":\"Pod\",\"spec\":{\"hostPID\":"
        "true}}]",
        "{\"kind\":\"Pod\",\"spec\":{\"hostPID\":true}}\n{\"kind\":\"Pod\",\"spec\":{\"hostPID\":"
        "true}}\n",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        ht_autovec struct ht_vec pods = {0};
        struct ht_manifests_count count;

        read_good(texts[i], &pods, &count);
        assert_int_equal(pods.len, 2);
        assert_true(pod_at(&pods, 0)->host_pid && pod_at(&pods, 1)->host_pid);
        assert_true(!ht_str_equal(pod_at(&pods, 0)->id, pod_at(&pods, 1)->id) || i > 0);
        free_pods(&pods);
    }
}

static void owners_are_told_as_far_as_the_pod_knows_them(void **state)
{
    ht_autovec struct ht_vec pods = {0};
    struct ht_manifests_count count;

    (void)state;
    read_good("kind: Pod\nmetadata: {labels: {pod-template-hash: 5d9fb7c4d}, ownerReferences: "
              "[{kind: ReplicaSet, name: web-5d9fb7c4d, controller: true}]}\nspec: {}\n"
              "---\nkind: Pod\nmetadata: {ownerReferences: [{kind: Job, name: b-29012345}]}\n"
              "spec: {}\n---\nkind: Pod\nmetadata: {name: x}\nspec: {}\n",
              &pods, &count);
    assert_string_equal(pod_at(&pods, 0)->owner.data, "Deployment/web");
    assert_string_equal(pod_at(&pods, 1)->owner.data, "CronJob/b");
    assert_false(ht_pod_has_owner(pod_at(&pods, 2)));
    free_pods(&pods);
}

static void bad_input_is_refused_with_its_line(void **state)
{
    (void)state;
    assert_refused("", EINVAL, "m.yaml: no object of Kubernetes in it");
    assert_refused("# nothing\n---\n", EINVAL, "m.yaml: no object of Kubernetes in it");
    assert_refused("a: 1\n", EINVAL, "m.yaml:1: an object without a kind");
    assert_refused("kind: Pod\n---\nkind: Pod\nspec: {}\n", EINVAL,
                   "m.yaml:1: Pod : spec: expected the spec of a pod");
    assert_refused("kind: Pod\nmetadata: {name: x}\nspec: {hostPID: \"true\"}\n", EINVAL,
                   "m.yaml:3: Pod x: spec.hostPID: expected true or false");
    assert_refused("kind: Pod\nspec:\n  containers:\n  - securityContext: {privileged: 1}\n",
                   EINVAL,
                   "m.yaml:4: Pod : spec.containers[0].securityContext.privileged: expected true "
                   "or false");
    assert_refused("kind: Pod\nspec: {containers: {}}\n", EINVAL,
                   "m.yaml:2: Pod : spec.containers: expected a list");
    assert_refused("kind: ConfigMap\nitems: [{kind: Pod, spec: {}}]\n", EINVAL,
                   "m.yaml:1: pods as items of something that is no List");
    assert_refused("kind: List\nitems:\n- {kind: ConfigMap, items: [{kind: Pod, spec: {}}]}\n",
                   EINVAL, "m.yaml:3: pods as items of something that is no List");
    assert_refused("kind: List\nitems:\n- kind: Heap\n  items: [{kind: List, items: [{spec: "
                   "{containers: [{name: c}]}}]}]\n",
                   EINVAL, "m.yaml:3: pods as items of something that is no List");
    assert_refused("items: [{spec: {containers: []}}]\nkind: TeapotList\n", EINVAL,
                   "m.yaml:1: items without a kind stand before the kind of their list");
    assert_refused("{\"kind\":\"Pod\",\n\"spec\":{\"a\":1,\"a\":2}}", EINVAL,
                   "m.yaml:2: a key is there twice in the map that begins here");
    assert_refused("just text\n", EINVAL, "m.yaml:1: neither a map nor a list");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_check_is_judged_by_its_versions),
        cmocka_unit_test(versions_are_read),
        cmocka_unit_test(findings_go_by_the_newest_version_whatever_is_enforced),
        cmocka_unit_test(fields_are_named_with_their_places),
        cmocka_unit_test(every_kind_of_workload_is_found),
        cmocka_unit_test(lists_are_read_as_kubectl_and_the_api_print_them),
        cmocka_unit_test(owners_are_told_as_far_as_the_pod_knows_them),
        cmocka_unit_test(bad_input_is_refused_with_its_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
