/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Containers for tests, as the join would make them. */
#ifndef HT_TESTS_CHECK_ROWS_H
#define HT_TESTS_CHECK_ROWS_H

#include "hulltop/check/catalogue.h"
#include "hulltop/check/checking.h"
#include "hulltop/check/fold.h"
#include "hulltop/model/node.h"

enum { DEFAULT_CAPS = 0xa80425fb };

static inline struct ht_privilege default_privilege(void)
{
    static const struct ht_str masked[] = {HT_STR("/proc/kcore"), HT_STR("/proc/keys"),
                                           HT_STR("/proc/timer_list")};
    static const struct ht_str readonly[] = {HT_STR("/proc/sys"), HT_STR("/proc/sysrq-trigger")};
    struct ht_privilege privilege = {0};

    ht_privilege_set_privileged(&privilege, false);
    ht_privilege_set_caps(&privilege, DEFAULT_CAPS);
    ht_privilege_set_bounding(&privilege, DEFAULT_CAPS);
    ht_privilege_set_seccomp(&privilege, HT_SECCOMP_MODE_FILTER);
    ht_privilege_set_no_new_privs(&privilege, false);
    ht_privilege_set_uid(&privilege, 0);
    ht_privilege_set_host_uid(&privilege, 0);
    ht_privilege_set_pid_ns(&privilege, HT_NS_SCOPE_OWN);
    ht_privilege_set_net_ns(&privilege, HT_NS_SCOPE_OWN);
    ht_privilege_set_ipc_ns(&privilege, HT_NS_SCOPE_OWN);
    ht_privilege_set_user_ns(&privilege, HT_NS_SCOPE_HOST);
    ht_privilege_set_rootfs_ro(&privilege, false);
    ht_privilege_set_masked_paths(&privilege, (struct ht_text_list){.items = masked, .len = 3});
    ht_privilege_set_readonly_paths(&privilege, (struct ht_text_list){.items = readonly, .len = 2});
    ht_privilege_set_proc_sys_rw(&privilege, false);
    ht_privilege_set_cgroup_rw(&privilege, false);
    return privilege;
}

static inline struct ht_container default_container(const char *id, const char *name)
{
    struct ht_container container = {0};

    ht_container_set_id(&container, ht_str_from(id));
    ht_container_set_name(&container, ht_str_from(name));
    ht_container_set_runtime(&container, HT_S("docker"));
    ht_container_set_image(&container, HT_S("app:1"));
    ht_container_set_state(&container, HT_CONTAINER_STATE_RUNNING);
    ht_container_set_class(&container, HT_CLASS_APP);
    ht_container_set_labels(&container, (struct ht_pair_list){0});
    ht_container_set_pid(&container, 411);
    ht_container_set_started_at(&container, 1000);
    ht_container_set_mounts(&container, (struct ht_mount_list){0});
    ht_container_set_ports(&container, (struct ht_port_list){0});
    ht_container_set_devices(&container, (struct ht_device_list){0});
    ht_container_set_device_rules(&container, (struct ht_text_list){0});
    ht_container_set_sysctls(&container, (struct ht_pair_list){0});
    *ht_container_edit_declared(&container) = default_privilege();
    *ht_container_edit_effective(&container) = default_privilege();
    return container;
}

static inline void make_privileged(struct ht_container *container)
{
    struct ht_privilege *sides[] = {&container->declared, &container->effective};

    for (size_t i = 0; i < 2; i++) {
        ht_privilege_set_privileged(sides[i], true);
        ht_privilege_set_caps(sides[i], (UINT64_C(1) << 38) - 1);
        ht_privilege_set_bounding(sides[i], (UINT64_C(1) << 38) - 1);
        ht_privilege_set_seccomp(sides[i], HT_SECCOMP_MODE_DISABLED);
        ht_privilege_set_masked_paths(sides[i], (struct ht_text_list){0});
        ht_privilege_set_readonly_paths(sides[i], (struct ht_text_list){0});
        ht_privilege_set_proc_sys_rw(sides[i], true);
        ht_privilege_set_cgroup_rw(sides[i], true);
    }
}

static inline void add_container(struct ht_node *node, const struct ht_container *container)
{
    ht_node_add(node, ht_row_new(&ht_container_table, container));
}

static inline void add_source(struct ht_node *node, const char *name, enum ht_source_state state)
{
    struct ht_source source = {0};

    ht_source_set_id(&source, ht_str_from(name));
    ht_source_set_name(&source, ht_str_from(name));
    ht_source_set_state(&source, state);
    ht_source_set_answered_at(&source, 5000);
    ht_node_add(node, ht_row_new(&ht_source_table, &source));
}

static inline void add_host(struct ht_node *node)
{
    struct ht_host host = {0};

    ht_host_set_id(&host, HT_S("node-17"));
    ht_host_set_name(&host, HT_S("node-17"));
    ht_host_set_apparmor(&host, false);
    ht_host_set_selinux(&host, HT_S("disabled"));
    ht_host_set_cgroup_mode(&host, HT_S("v1"));
    ht_node_add(node, ht_row_new(&ht_host_table, &host));
}

static inline void look_at_set(const struct ht_check *check, const struct ht_node *node,
                               const struct ht_facts *facts, const struct ht_rowset *set,
                               struct ht_vec *verdicts)
{
    for (size_t i = 0; i < set->len; i++)
        ht_vec_add(verdicts, ht_check_look(check, node, facts, set->rows[i]));
}

/* All checks on all their subjects; free_verdicts follows. */
static inline void look_at_all(const struct ht_node *node, const struct ht_facts *facts,
                               struct ht_vec *verdicts)
{
    for (size_t i = 0; i < ht_catalogue_count(); i++) {
        const struct ht_check *check = ht_catalogue_get(i);

        look_at_set(check, node, facts, ht_node_set(node, check->scope), verdicts);
        if (check->run_pod && check->scope != HT_TABLE_POD)
            look_at_set(check, node, facts, ht_node_set(node, HT_TABLE_POD), verdicts);
    }
}

static inline void free_verdicts(struct ht_vec *verdicts)
{
    for (size_t i = 0; i < verdicts->len; i++)
        ht_verdict_free(verdicts->items[i]);
    ht_vec_fini(verdicts);
}

#endif
