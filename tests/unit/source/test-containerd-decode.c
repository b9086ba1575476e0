/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recorded answers of containerd to rows; and what is broken, masked or refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "grpc-answers.h"
#include "src/source/containerd-decode.h"
#include "src/source/cri-decode.h"
#include "src/source/oci-decode.h"
#include "src/source/protobuf.h"

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

#define WEB     "b8f42c47799be52dbb8335bd2df01a192ddddd6c9c9b30b03a8c5722704c9009"
#define DEBUG   "94ce124c8cbe7245e22bd03081e067612356dad4be44558461f8a0a3a28cff36"
#define SANDBOX "05204bbfac1b21bb7b63ee8f8aaf162cb05a520dcc9aec32097963e165b161bc"

static struct ht_arena *arena;
static struct ht_containerd_context context = {.source = HT_STR("containerd"),
                                               .daemon = HT_STR("unix:///x"),
                                               .namespace = HT_STR("default"),
                                               .runtime = HT_STR("containerd")};

static int setup(void **state)
{
    (void)state;
    arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = ht_arena_free(arena);
    return 0;
}

static struct ht_containerd_list read_list(const char *file)
{
    struct ht_containerd_list list;
    struct ht_error err = {.code = 0};

    if (ht_containerd_decode_containers(arena, read_message(arena, file), &context, &list, &err) <
        0)
        fail_msg("%s: %s", file, err.text);
    assert_int_equal(list.broken, 0);
    return list;
}

static const struct ht_containerd_item *find(const struct ht_containerd_list *list, const char *id)
{
    for (size_t i = 0; i < list->len; i++) {
        if (ht_str_is(list->items[i].id, id))
            return &list->items[i];
    }
    fail_msg("no container %s", id);
    return NULL;
}

static void plain_is_known_in_full(void **state)
{
    struct ht_containerd_list list = read_list("cri/containerd_Containers_List_default.bin");
    const struct ht_container *c = ht_container_of(find(&list, "c-default-plain")->row);
    const struct ht_privilege *d = &c->declared;

    (void)state;
    assert_int_equal(list.len, 3);
    assert_true(ht_str_is(c->name, "c-default-plain"));
    assert_true(ht_str_is(c->image, "localhost/bb:1"));
    assert_true(ht_str_is(c->runtime, "containerd"));
    assert_true(ht_str_is(c->oci_runtime, "io.containerd.runc.v2"));
    assert_true(ht_str_is(c->storage, "overlayfs"));
    assert_true(ht_str_is(c->cgroup_parent, "/default"));
    assert_true(c->created_at > 0);
    assert_int_equal(c->command.len, 2);
    assert_true(ht_str_is(c->command.items[0], "/bin/sleep"));
    assert_true(ht_privilege_has_privileged(d) && !d->privileged);
    assert_int_equal(d->caps, 0xa80425fb);
    assert_int_equal(d->uid, 0);
    assert_true(d->no_new_privs);
    assert_false(d->rootfs_ro);
    assert_int_equal(d->masked_paths.len, 10);
    assert_int_equal(d->readonly_paths.len, 5);
    assert_int_equal(d->seccomp, HT_SECCOMP_MODE_DISABLED);
    assert_true(ht_str_is(d->seccomp_profile, "unconfined"));
    assert_true(ht_privilege_has_all_devices(d) && !d->all_devices);
    assert_int_equal(d->pid_ns, HT_NS_SCOPE_OWN);
    assert_int_equal(d->net_ns, HT_NS_SCOPE_OWN);
    assert_int_equal(d->user_ns, HT_NS_SCOPE_HOST);
    assert_true(ht_container_has_devices(c) && c->devices.len == 0);
    assert_true(c->mounts.len > 3);
    for (size_t i = 0; i < c->mounts.len; i++)
        assert_int_not_equal(c->mounts.items[i].origin, HT_MOUNT_ORIGIN_BIND);
    ht_containerd_list_fini(&list);
}

static void privileged_is_derived(void **state)
{
    struct ht_containerd_list list = read_list("cri/containerd_Containers_List_default.bin");
    const struct ht_container *c = ht_container_of(find(&list, "c-default-priv")->row);

    (void)state;
    assert_true(c->declared.privileged && c->declared.all_devices);
    assert_true(c->declared.caps & UINT64_C(1) << HT_CAPABILITY_SYS_ADMIN);
    assert_true(ht_privilege_has_masked_paths(&c->declared) && c->declared.masked_paths.len == 0);
    assert_int_equal(c->device_rules.len, 0);
    assert_int_equal(c->devices.len, 0);
    ht_containerd_list_fini(&list);
    list = read_list("cri/containerd_Containers_List_moby.bin");
    assert_true(ht_container_of(find(&list, "c-moby-priv")->row)->declared.privileged);
    assert_false(ht_container_of(find(&list, "c-moby-plain")->row)->declared.privileged);
    ht_containerd_list_fini(&list);
}

static void a_mount_of_the_host_is_one(void **state)
{
    struct ht_containerd_list list = read_list("cri/containerd_Containers_List_default.bin");
    const struct ht_container *c = ht_container_of(find(&list, "c-hostmount")->row);
    bool found = false;

    (void)state;
    for (size_t i = 0; i < c->mounts.len; i++) {
        const struct ht_mount *m = &c->mounts.items[i];

        if (!ht_str_is(m->target, "/host"))
            continue;
        found = true;
        assert_int_equal(m->origin, HT_MOUNT_ORIGIN_BIND);
        assert_true(ht_str_is(m->source, "/") && m->rw);
    }
    assert_true(found);
    assert_int_equal(c->declared.net_ns, HT_NS_SCOPE_HOST);
    assert_int_equal(c->declared.pid_ns, HT_NS_SCOPE_OWN);
    assert_true(ht_str_is(c->labels.items[0].key, "team") ||
                ht_str_is(c->labels.items[1].key, "team"));
    ht_containerd_list_fini(&list);
}

static void containers_of_pods_share_with_their_sandbox(void **state)
{
    struct ht_containerd_list list = read_list("cri/containerd_Containers_List_k8s.io.bin");
    const struct ht_containerd_item *debug = find(&list, DEBUG), *web = find(&list, WEB);
    const struct ht_containerd_item *sandbox = find(&list, SANDBOX);

    (void)state;
    assert_int_equal(list.len, 6);
    assert_true(ht_str_is(debug->sandbox, SANDBOX));
    assert_int_equal(sandbox->sandbox.len, 0);
    assert_true(ht_str_is(ht_container_of(debug->row)->name, "debug-priv/app"));
    assert_true(ht_str_is(ht_container_of(web->row)->name, "web-0/app"));
    assert_true(ht_str_is(ht_container_of(sandbox->row)->name, "debug-priv/POD"));
    assert_int_equal(ht_container_of(debug->row)->declared.net_ns, HT_NS_SCOPE_SHARED);

    ht_autorow struct ht_row *whole = ht_containerd_complete(debug->row, NULL, sandbox->row);
    const struct ht_privilege *d = &ht_container_of(whole)->declared;
    assert_true(d->privileged);
    assert_int_equal(d->net_ns, HT_NS_SCOPE_HOST);
    assert_int_equal(d->pid_ns, HT_NS_SCOPE_HOST);
    assert_int_equal(d->uts_ns, HT_NS_SCOPE_HOST);
    assert_int_equal(d->ipc_ns, HT_NS_SCOPE_OWN);
    assert_int_equal(d->mnt_ns, HT_NS_SCOPE_OWN);
    assert_false(ht_container_of(web->row)->declared.privileged);
    assert_int_equal(ht_container_of(web->row)->declared.pid_ns, HT_NS_SCOPE_OWN);
    /* hosts, resolv.conf and shm are made for the pod; what was mounted on purpose stays. */
    unsigned bound = 0;
    for (size_t i = 0; i < ht_container_of(debug->row)->mounts.len; i++)
        bound += ht_container_of(debug->row)->mounts.items[i].origin == HT_MOUNT_ORIGIN_BIND;
    assert_int_equal(bound, 1);
    ht_containerd_list_fini(&list);
}

static void tasks_give_pid_and_state(void **state)
{
    struct ht_containerd_list list = read_list("cri/containerd_Containers_List_default.bin");
    struct ht_containerd_tasks tasks;
    const struct ht_containerd_task *task;

    (void)state;
    assert_int_equal(
        ht_containerd_decode_tasks(
            arena, read_message(arena, "cri/containerd_Tasks_List_default.bin"), &tasks, NULL),
        0);
    assert_int_equal(tasks.len, 3);
    task = ht_containerd_find_task(&tasks, HT_S("c-default-priv"));
    assert_non_null(task);
    assert_int_equal(task->pid, 30882);
    assert_int_equal(task->state, HT_CONTAINER_STATE_RUNNING);
    /* Year 1 is never. */
    assert_int_equal(task->exited_at, 0);
    assert_null(ht_containerd_find_task(&tasks, HT_S("c-default-pri")));

    ht_autorow struct ht_row *running =
        ht_containerd_complete(find(&list, "c-default-priv")->row, task, NULL);
    ht_autorow struct ht_row *ended =
        ht_containerd_complete(find(&list, "c-default-priv")->row, NULL, NULL);
    assert_int_equal(ht_container_of(running)->pid, 30882);
    assert_int_equal(ht_container_of(running)->state, HT_CONTAINER_STATE_RUNNING);
    assert_int_equal(ht_container_of(ended)->state, HT_CONTAINER_STATE_EXITED);
    assert_false(ht_container_has_pid(ht_container_of(ended)));
    ht_containerd_list_fini(&list);
}

static void namespaces_are_names(void **state)
{
    struct ht_containerd_names names;

    (void)state;
    assert_int_equal(
        ht_containerd_decode_namespaces(
            arena, read_message(arena, "cri/containerd_Namespaces_List.bin"), &names, NULL),
        0);
    assert_int_equal(names.len, 3);
    assert_true(ht_str_is(names.items[0], "default"));
    /* One with a line break would become metadata of its own. */
    assert_int_equal(ht_containerd_decode_namespaces(arena,
                                                     HT_S("\x0a\x05\x0a\x03"
                                                          "a\nb"),
                                                     &names, NULL),
                     -EINVAL);
    assert_true(ht_containerd_is_name(HT_S("k8s.io")));
    assert_false(ht_containerd_is_name(HT_S("")));
    assert_false(ht_containerd_is_name(HT_S("../x")));
    assert_false(ht_containerd_is_name(HT_S("a/b")));
}

struct counted {
    unsigned kinds[8];
    unsigned others;
};

static int count_event(void *context_, struct ht_str message)
{
    struct counted *counted = context_;
    struct ht_containerd_event event;
    struct ht_error err = {.code = 0};
    int r = ht_containerd_decode_event(arena, message, &event, &err);

    if (r == -ENODATA) {
        counted->others++;
        return 0;
    }
    if (r < 0)
        fail_msg("%s", err.text);
    assert_true(event.kind < ARRAY_LEN(counted->kinds));
    counted->kinds[event.kind]++;
    assert_true(ht_str_is(event.namespace, "default") || ht_str_is(event.namespace, "k8s.io"));
    assert_true(event.id.len > 0 && event.at > INT64_C(1600000000000000000));
    return 0;
}

static void events_are_about_the_life_of_containers(void **state)
{
    struct counted counted = {.others = 0};

    (void)state;
    each_message(arena, "cri/events_subscribe.bin", count_event, &counted);
    assert_true(counted.kinds[HT_EVENT_KIND_CONTAINER_CREATED] > 0);
    assert_true(counted.kinds[HT_EVENT_KIND_CONTAINER_STARTED] > 0);
    assert_true(counted.others > 0);
}

static void the_end_of_an_exec_is_none_of_the_container(void **state)
{
    struct ht_containerd_event event;

    (void)state;
    assert_int_equal(
        ht_containerd_decode_event(arena,
                                   HT_S("\x12\x01n\x1a\x0b/tasks/exit\x22\x08\x12\x06\x0a\x01"
                                        "c\x12\x01"
                                        "e"),
                                   &event, NULL),
        -ENODATA);
    assert_int_equal(
        ht_containerd_decode_event(arena,
                                   HT_S("\x12\x01n\x1a\x0b/tasks/exit\x22\x08\x12\x06\x0a\x01"
                                        "c\x12\x01"
                                        "c"),
                                   &event, NULL),
        0);
    assert_int_equal(event.kind, HT_EVENT_KIND_CONTAINER_STOPPED);
    assert_true(ht_str_is(event.id, "c"));
}

static void what_is_broken_is_refused(void **state)
{
    struct ht_containerd_list list;
    struct ht_containerd_tasks tasks;
    struct ht_error err;
    struct ht_str whole = read_message(arena, "cri/containerd_Containers_List_default.bin");

    (void)state;
    assert_int_equal(ht_containerd_decode_containers(arena, ht_str_sub(whole, 0, whole.len - 1),
                                                     &context, &list, &err),
                     -EINVAL);
    assert_non_null(strstr(err.text, "no such message"));
    assert_int_equal(ht_containerd_decode_container(arena, HT_S(""), &context, &list, &err),
                     -EINVAL);
    assert_int_equal(ht_containerd_decode_task(arena, HT_S(""), &tasks, &err), -EINVAL);
    /* A container without a specification is there all the same, and known as little. */
    assert_int_equal(
        ht_containerd_decode_containers(arena, HT_S("\x0a\x03\x0a\x01x"), &context, &list, &err),
        0);
    assert_int_equal(list.len, 1);
    assert_int_equal(list.broken, 1);
    assert_false(ht_privilege_has_caps(&ht_container_of(list.items[0].row)->declared));
    ht_containerd_list_fini(&list);
    /* Two bytes of a message become a hundred in memory: the arena's limit holds. */
    ht_autobuf struct ht_buf many = HT_BUF(1 << 20);
    ht_autoarena struct ht_arena *small = ht_arena_new(1 << 20);
    for (unsigned i = 0; i < 400000; i++)
        ht_protobuf_add_bytes(&many, 1, HT_S(""));
    assert_int_equal(
        ht_containerd_decode_containers(small, ht_buf_str(&many), &context, &list, &err), -E2BIG);
}

static void decode_oci(const char *text, struct ht_container *container)
{
    struct ht_oci_pod pod;
    struct ht_error err = {.code = 0};

    *container = (struct ht_container){0};
    if (ht_oci_decode(arena, ht_str_from(text), container, &pod, &err) < 0)
        fail_msg("%s", err.text);
}

static void secrets_do_not_get_in(void **state)
{
    struct ht_container c;

    (void)state;
    decode_oci("{\"process\":{\"env\":[\"DB_PASSWORD=s3cr3t-0001\",\"PATH=/bin\"],"
               "\"args\":[\"app\",\"--password=s3cr3t-0001\"]},\"linux\":{}}",
               &c);
    assert_int_equal(c.env.len, 2);
    assert_true(ht_str_is(c.env.items[0].key, "DB_PASSWORD"));
    assert_int_equal(ht_str_find(c.env.items[0].value, HT_S("s3cr3t"), 0), -1);
    assert_int_equal(ht_str_find(c.command.items[1], HT_S("s3cr3t"), 0), -1);
}

static void what_the_file_leaves_out_is_not_there(void **state)
{
    struct ht_container c;
    struct ht_oci_pod pod;
    struct ht_error err;

    (void)state;
    decode_oci("{\"process\":{},\"linux\":{}}", &c);
    assert_true(ht_privilege_has_caps(&c.declared) && c.declared.caps == 0);
    assert_int_equal(c.declared.pid_ns, HT_NS_SCOPE_HOST);
    assert_true(ht_container_has_mounts(&c) && c.mounts.len == 0);
    /* What cannot be read is unknown, not left out. */
    decode_oci("{\"process\":{\"capabilities\":{\"bounding\":[1]}},\"linux\":{\"maskedPaths\":7},"
               "\"mounts\":[\"x\"]}",
               &c);
    assert_false(ht_privilege_has_caps(&c.declared));
    assert_false(ht_privilege_has_masked_paths(&c.declared));
    assert_false(ht_container_has_mounts(&c));
    assert_false(ht_privilege_has_privileged(&c.declared));
    assert_int_equal(ht_oci_decode(arena, HT_S("{\"process\":{}}"), &c, &pod, &err), -EINVAL);
    assert_int_equal(ht_oci_decode(arena, HT_S("nothing"), &c, &pod, &err), -EINVAL);
}

static void what_is_made_for_a_pod_is_no_namespace_of_another(void **state)
{
    static const char format[] =
        "{\"process\":{},\"linux\":{\"namespaces\":[{\"type\":\"network\",\"path\":\"%s\"},"
        "{\"type\":\"user\"}]}%s}";
    static const char of_pod[] = ",\"annotations\":{\"io.kubernetes.cri.sandbox-id\":\"s-1\"}";
    static const struct {
        const char *path, *more;
        enum ht_ns_scope sandbox, container; /* of one that takes it from there */
    } cases[] = {
        {"/var/run/netns/cni-1", of_pod, HT_NS_SCOPE_OWN, HT_NS_SCOPE_OWN},
        {"/run/netns/cni-1", of_pod, HT_NS_SCOPE_OWN, HT_NS_SCOPE_OWN},
        {"/proc/1/ns/net", of_pod, HT_NS_SCOPE_HOST, HT_NS_SCOPE_HOST},
        {"/proc/77/ns/net", of_pod, HT_NS_SCOPE_SHARED, HT_NS_SCOPE_SHARED},
        /* Somebody's name for a namespace, of which nothing is known. */
        {"/run/netns/blue", "", HT_NS_SCOPE_SHARED, HT_NS_SCOPE_SHARED},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_container sandbox, container;

        decode_oci(ht_arena_strf(arena, format, cases[i].path, cases[i].more).data, &sandbox);
        assert_int_equal(sandbox.declared.net_ns, cases[i].sandbox);
        decode_oci("{\"process\":{},\"linux\":{\"namespaces\":[{\"type\":\"user\",\"path\":"
                   "\"/proc/9/ns/user\"},{\"type\":\"network\",\"path\":\"/proc/9/ns/net\"}]}}",
                   &container);
        ht_oci_share(&container, &sandbox);
        assert_int_equal(container.declared.net_ns, cases[i].container);
        assert_int_equal(container.declared.user_ns, HT_NS_SCOPE_OWN);
    }
}

static void root_is_who_the_map_says(void **state)
{
    struct ht_container sandbox, container;

    (void)state;
    decode_oci("{\"process\":{},\"linux\":{\"namespaces\":[{\"type\":\"user\"}],\"uidMappings\":["
               "{\"containerID\":1000,\"hostID\":0,\"size\":1},"
               "{\"containerID\":0,\"hostID\":70000,\"size\":1000}]}}",
               &sandbox);
    assert_true(ht_str_is(sandbox.declared.uid_map, "0 70000 1000"));
    decode_oci("{\"process\":{},\"linux\":{\"namespaces\":[{\"type\":\"user\",\"path\":"
               "\"/proc/9/ns/user\"}]}}",
               &container);
    assert_false(ht_privilege_has_uid_map(&container.declared));
    ht_oci_share(&container, &sandbox);
    assert_true(ht_str_is(container.declared.uid_map, "0 70000 1000"));
}

static void rules_of_devices_are_read_in_order(void **state)
{
    struct ht_container c;

    (void)state;
    decode_oci("{\"process\":{},\"linux\":{\"resources\":{\"devices\":["
               "{\"allow\":false,\"access\":\"rwm\"},"
               "{\"allow\":true,\"type\":\"b\",\"major\":8,\"access\":\"rw\"}]},"
               "\"devices\":[{\"path\":\"/dev/sda\",\"type\":\"b\",\"major\":8,\"minor\":0}]}}",
               &c);
    assert_false(c.declared.all_devices);
    assert_int_equal(c.device_rules.len, 1);
    assert_true(ht_str_is(c.device_rules.items[0], "b 8:* rw"));
    assert_true(ht_str_is(c.devices.items[0].host_path, "/dev/sda"));
    decode_oci("{\"process\":{},\"linux\":{\"resources\":{\"devices\":["
               "{\"allow\":true,\"access\":\"rwm\"},{\"allow\":false,\"type\":\"a\"}]}}}",
               &c);
    assert_false(c.declared.all_devices);
}

static void a_filter_that_lets_all_through_is_none(void **state)
{
    struct ht_container c;

    (void)state;
    decode_oci("{\"process\":{},\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"}}}",
               &c);
    assert_int_equal(c.declared.seccomp, HT_SECCOMP_MODE_DISABLED);
    decode_oci("{\"process\":{},\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\"}}}",
               &c);
    assert_int_equal(c.declared.seccomp, HT_SECCOMP_MODE_FILTER);
}

static void only_a_pods_own_folder_is_made_for_it(void **state)
{
    static const char format[] =
        "{\"process\":{},\"linux\":{},\"annotations\":{\"io.kubernetes.cri.sandbox-uid\":\"u-1\","
        "\"io.kubernetes.cri.sandbox-id\":\"s-1\"},\"mounts\":[{\"destination\":\"/x\","
        "\"type\":\"bind\",\"source\":\"%s\",\"options\":[\"rbind\",\"rw\"]}]}";
    static const struct {
        const char *source;
        enum ht_mount_origin origin;
    } cases[] = {
        {"/var/lib/kubelet/pods/u-1/volumes/kubernetes.io~secret/s", HT_MOUNT_ORIGIN_VOLUME},
        {"/var/lib/kubelet/pods/u-1/volume-subpaths/v/c/0", HT_MOUNT_ORIGIN_BIND},
        {"/var/lib/kubelet/pods/u-2/volumes/kubernetes.io~secret/s", HT_MOUNT_ORIGIN_BIND},
        {"/var/lib/kubelet/pods/u-1/../u-2/volumes", HT_MOUNT_ORIGIN_BIND},
        {"/var/lib/kubelet/pods/u-1", HT_MOUNT_ORIGIN_BIND},
        {"/var/lib/kubelet/pods", HT_MOUNT_ORIGIN_BIND},
        {"/a/io.containerd.grpc.v1.cri/sandboxes/s-1/hosts", HT_MOUNT_ORIGIN_VOLUME},
        {"/a/io.containerd.grpc.v1.cri/sandboxes/s-2/hosts", HT_MOUNT_ORIGIN_BIND},
        {"/run/containers/storage/overlay-containers/s-1/userdata/hosts", HT_MOUNT_ORIGIN_VOLUME},
        {"/var/run/containers/storage/overlay-containers/s-1/userdata/shm", HT_MOUNT_ORIGIN_VOLUME},
        {"/run/containers/storage/overlay-containers/s-2/userdata/hosts", HT_MOUNT_ORIGIN_BIND},
        {"/run/containers/storage/overlay-containers/s-1", HT_MOUNT_ORIGIN_BIND},
        {"/x/run/containers/storage/overlay-containers/s-1/userdata", HT_MOUNT_ORIGIN_BIND},
        {"/etc", HT_MOUNT_ORIGIN_BIND},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_container c;
        char text[1000];

        snprintf(text, sizeof(text), format, cases[i].source);
        decode_oci(text, &c);
        assert_int_equal(c.mounts.items[0].origin, cases[i].origin);
    }
}

/* ---- CRI ---- */

static const struct ht_containerd_context cri_context = {
    .source = HT_STR("cri-o"), .daemon = HT_STR("unix:///y"), .runtime = HT_STR("cri-o")};

static struct ht_cri_list read_cri_lists(void)
{
    const struct ht_cri_answers answers = {.pods = read_message(arena, "cri/v1_ListPodSandbox.bin"),
                                           .containers =
                                               read_message(arena, "cri/v1_ListContainers.bin")};
    struct ht_cri_list list;
    struct ht_error err = {.code = 0};

    if (ht_cri_decode_lists(arena, &answers, &cri_context, &list, &err) < 0)
        fail_msg("%s", err.text);
    return list;
}

static const struct ht_cri_listed *find_listed(const struct ht_cri_list *list, const char *id)
{
    for (size_t i = 0; i < list->len; i++) {
        if (ht_str_is(list->items[i].id, id))
            return &list->items[i];
    }
    fail_msg("no container %s", id);
    return NULL;
}

static void lists_of_cri_have_pods_and_containers(void **state)
{
    struct ht_cri_list list = read_cri_lists();
    const struct ht_cri_listed *web = find_listed(&list, WEB);
    const struct ht_cri_listed *sandbox = find_listed(&list, SANDBOX);

    (void)state;
    assert_int_equal(list.len, 4);
    assert_true(list.items[0].is_sandbox && list.items[1].is_sandbox);
    assert_true(ht_str_is(web->base->name, "web-0/app"));
    assert_true(ht_str_is(web->base->image, "localhost/bb:1"));
    assert_true(ht_str_is(web->base->runtime, "cri-o"));
    assert_int_equal(web->base->state, HT_CONTAINER_STATE_RUNNING);
    assert_true(web->sandbox.len == 64 && web->base->created_at > 0);
    assert_true(ht_str_is(sandbox->base->name, "debug-priv/POD"));
}

static void a_verbose_status_has_the_specification(void **state)
{
    struct ht_cri_list list = read_cri_lists();
    struct ht_row *row = NULL;

    (void)state;
    assert_int_equal(
        ht_cri_decode_status(arena,
                             read_message(arena, "cri/v1_ContainerStatus_verbose_94ce124c8cbe.bin"),
                             find_listed(&list, DEBUG), &row, NULL),
        0);
    const struct ht_container *c = ht_container_of(row);
    assert_true(c->declared.privileged && c->declared.all_devices);
    assert_int_equal(c->pid, 8104);
    assert_true(ht_str_is(c->oci_runtime, "io.containerd.runc.v2"));
    ht_row_unref(row);
    assert_int_equal(
        ht_cri_decode_status(arena,
                             read_message(arena, "cri/v1_ContainerStatus_verbose_b8f42c47799b.bin"),
                             find_listed(&list, WEB), &row, NULL),
        0);
    c = ht_container_of(row);
    assert_false(c->declared.privileged);
    for (size_t i = 0; i < c->env.len; i++)
        assert_int_equal(ht_str_find(c->env.items[i].value, HT_S("hunter2"), 0), -1);
    ht_row_unref(row);
    /* One that is not verbose tells nothing of privilege: the row is there, and says so. */
    assert_int_equal(ht_cri_decode_status(arena, HT_S(""), find_listed(&list, WEB), &row, NULL),
                     -ENODATA);
    assert_false(ht_container_has_declared(ht_container_of(row)));
    ht_row_unref(row);
}

/* Of a container or a pod of CRI-O, whose info has these bytes. */
static int read_crio_status(const char *info, bool is_sandbox, struct ht_row **ret)
{
    ht_autobuf struct ht_buf pair = HT_BUF(4000), status = HT_BUF(4000);
    struct ht_container base = {.id = HT_STR("c-1"), .state = HT_CONTAINER_STATE_RUNNING};
    const struct ht_cri_listed listed = {.id = base.id, .is_sandbox = is_sandbox, .base = &base};

    ht_container_set_id(&base, base.id);
    ht_container_set_state(&base, base.state);
    ht_protobuf_add_bytes(&pair, 1, HT_S("info"));
    ht_protobuf_add_bytes(&pair, 2, ht_str_from(info));
    ht_protobuf_add_bytes(&status, 2, ht_buf_str(&pair));
    return ht_cri_decode_status(arena, ht_buf_str(&status), &listed, ret, NULL);
}

static void cri_o_says_what_is_privileged(void **state)
{
    static const char format[] =
        "{\"sandboxID\":\"s-1\",\"pid\":77,\"runtimeSpec\":{\"process\":{},"
        "\"linux\":{}},\"privileged\":%s}";

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct ht_row *row = NULL;
        char text[300];

        snprintf(text, sizeof(text), format, i ? "true" : "false");
        assert_int_equal(read_crio_status(text, false, &row), 0);
        assert_true(ht_privilege_has_privileged(&ht_container_of(row)->declared));
        assert_int_equal(ht_container_of(row)->declared.privileged, i);
        assert_int_equal(ht_container_of(row)->pid, 77);
        ht_row_unref(row);
    }
}

static void a_pod_of_cri_o_may_have_no_process(void **state)
{
    static const struct {
        const char *info;
        bool is_sandbox;
        int result;
    } cases[] = {
        {"{\"image\":\"pause\",\"pid\":7,\"runtimeSpec\":{\"process\":{},\"linux\":{}}}", true, 0},
        {"{\"runtimeSpec\":{\"process\":{},\"linux\":{}}}", true, HT_CRI_NO_PROCESS},
        {"{}", true, HT_CRI_NO_PROCESS},
        {"{}", false, -ENODATA},
        {"", true, -ENODATA},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_row *row = NULL;

        assert_int_equal(read_crio_status(cases[i].info, cases[i].is_sandbox, &row),
                         cases[i].result);
        assert_non_null(row);
        ht_row_unref(row);
    }
}

static void containers_of_cri_have_the_runtime_of_their_pod(void **state)
{
    ht_autobuf struct ht_buf pod = HT_BUF(400), pods = HT_BUF(400), containers = HT_BUF(800);
    static const char *const sandboxes[] = {"p-1", "p-2"};
    struct ht_cri_list list;

    (void)state;
    ht_protobuf_add_bytes(&pod, 1, HT_S("p-1"));
    ht_protobuf_add_bytes(&pod, 7, HT_S("kata-qemu"));
    ht_protobuf_add_bytes(&pods, 1, ht_buf_str(&pod));
    for (size_t i = 0; i < ARRAY_LEN(sandboxes); i++) {
        ht_autobuf struct ht_buf container = HT_BUF(400);

        ht_protobuf_add_bytes(&container, 1, i ? HT_S("c-2") : HT_S("c-1"));
        ht_protobuf_add_bytes(&container, 2, ht_str_from(sandboxes[i]));
        ht_protobuf_add_bytes(&containers, 1, ht_buf_str(&container));
    }
    assert_int_equal(
        ht_cri_decode_lists(arena,
                            &(struct ht_cri_answers){.pods = ht_buf_str(&pods),
                                                     .containers = ht_buf_str(&containers)},
                            &cri_context, &list, NULL),
        0);
    assert_true(ht_str_is(find_listed(&list, "c-1")->base->oci_runtime, "kata-qemu"));
    /* Its pod is not listed. */
    assert_false(ht_container_has_oci_runtime(find_listed(&list, "c-2")->base));
}

static void a_version_of_cri_names_the_runtime(void **state)
{
    struct ht_str name, version;

    (void)state;
    assert_int_equal(ht_cri_decode_version(arena, read_message(arena, "cri/v1_Version.bin"), &name,
                                           &version, NULL),
                     0);
    assert_true(ht_str_is(name, "containerd"));
    assert_true(ht_str_has_prefix(version, "1.6"));
}

static void requests_are_encoded(void **state)
{
    ht_autobuf struct ht_buf out = HT_BUF(1000);

    (void)state;
    ht_containerd_encode_id(&out, HT_S("abc"));
    assert_true(ht_str_equal(ht_buf_str(&out), HT_S("\x0a\x03"
                                                    "abc")));
    ht_buf_reset(&out);
    ht_containerd_encode_filters(&out);
    assert_true(ht_str_has_prefix(ht_buf_str(&out), "\x0a\x1btopic==\"/containers/create\"\x0a"));
    ht_buf_reset(&out);
    ht_protobuf_add_number(&out, 2, 300);
    assert_true(ht_str_equal(ht_buf_str(&out), HT_S("\x10\xac\x02")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plain_is_known_in_full, setup, teardown),
        cmocka_unit_test_setup_teardown(privileged_is_derived, setup, teardown),
        cmocka_unit_test_setup_teardown(a_mount_of_the_host_is_one, setup, teardown),
        cmocka_unit_test_setup_teardown(containers_of_pods_share_with_their_sandbox, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(tasks_give_pid_and_state, setup, teardown),
        cmocka_unit_test_setup_teardown(namespaces_are_names, setup, teardown),
        cmocka_unit_test_setup_teardown(events_are_about_the_life_of_containers, setup, teardown),
        cmocka_unit_test_setup_teardown(the_end_of_an_exec_is_none_of_the_container, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_broken_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(secrets_do_not_get_in, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_file_leaves_out_is_not_there, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_made_for_a_pod_is_no_namespace_of_another, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(root_is_who_the_map_says, setup, teardown),
        cmocka_unit_test_setup_teardown(rules_of_devices_are_read_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(a_filter_that_lets_all_through_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(only_a_pods_own_folder_is_made_for_it, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_of_cri_have_pods_and_containers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_verbose_status_has_the_specification, setup, teardown),
        cmocka_unit_test_setup_teardown(cri_o_says_what_is_privileged, setup, teardown),
        cmocka_unit_test_setup_teardown(a_pod_of_cri_o_may_have_no_process, setup, teardown),
        cmocka_unit_test_setup_teardown(containers_of_cri_have_the_runtime_of_their_pod, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_version_of_cri_names_the_runtime, setup, teardown),
        cmocka_unit_test_setup_teardown(requests_are_encoded, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
