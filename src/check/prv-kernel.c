/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PRV-022, 024, 025, 027: devices, cgroups, kernel settings. */
#include "catalogue-private.h"
#include "hulltop/base/mem.h"
#include "pods.h"
#include "view.h"

/* ---- PRV-022 ---- */

static struct ht_finding *fire_device(const struct view *view, const struct ht_fact_path *fact,
                                      struct ht_str path, bool writable)
{
    bool raw = ht_facts_device_is_raw(fact);

    if (!fact)
        return NULL;

    struct ht_finding *finding = ht_fire(view->checking, path);
    ht_fire_title(view->checking, finding, "Can %s %.*s of the node",
                  raw && writable ? "write to" : "use", HT_STR_ARG(path));
    if (raw && writable)
        ht_finding_set_severity(finding, HT_SEVERITY_CRITICAL);
    /* Few are open to others; its user may still be of the group that the file is. */
    if (raw && ht_view_is_apart(view)) {
        ht_fire_title(view->checking, finding, "Was given %.*s of the node, where it is root's",
                      HT_STR_ARG(path));
        ht_finding_set_severity(finding, HT_SEVERITY_MEDIUM);
        ht_view_show_user(view, finding);
    }
    ht_fire_evidence(view->checking, finding, "paths.yaml", "what it gives", fact->gives);
    return finding;
}

/* Those of one entry that are as good as each other are one finding, whose name does not depend on
 * how many there are just now. entries: the entry of each device, or NULL. */
static struct ht_finding *fire_alike(const struct view *view, const struct ht_fact_path **entries,
                                     const struct ht_fact_path *fact)
{
    const struct ht_text_list *devices = &view->effective->devices;
    struct ht_finding *finding = ht_fire(view->checking, fact->path);
    size_t count = 0;

    ht_fire_evidence(view->checking, finding, "paths.yaml", "what they give", fact->gives);
    for (size_t i = 0; i < devices->len; i++) {
        if (entries[i] != fact)
            continue;
        ht_fire_evidence(view->checking, finding, "/proc/PID/root", "device file",
                         devices->items[i]);
        count++;
    }
    ht_fire_title(view->checking, finding, "Can use %.*s of the node (%zu device%s)",
                  HT_STR_ARG(fact->path), count, count == 1 ? "" : "s");
    return finding;
}

/* Whether one before it in the list is of the same entry. */
static bool is_told(const struct ht_fact_path **entries, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (entries[i] == entries[at])
            return true;
    }
    return false;
}

/* Declared devices of which only those that were seen in the container can tell what they are. */
struct blind {
    const struct ht_device *first;  /* NULL: there is none */
    const struct ht_device *unseen; /* the first that is no folder of which something was seen */
    size_t count;                   /* of those */
    size_t characters;              /* those of them that are no disks */
    bool beside;                    /* unseen is where nobody looks */
    bool writable;
};

static void add_blind(const struct view *view, const struct ht_device *device, struct blind *blind)
{
    if (!blind->first)
        blind->first = device;
    blind->writable = blind->writable || ht_device_may_write(device);
    if (ht_view_device_is_folder(view, device))
        return;
    if (!blind->unseen || (!blind->beside && ht_device_is_beside(device)))
        blind->unseen = device;
    blind->beside = blind->beside || ht_device_is_beside(device);
    blind->count++;
    blind->characters += ht_device_is_character(device);
}

static void show_declared(const struct view *view, struct ht_finding *finding,
                          const struct ht_device *device)
{
    ht_view_show_declared(view, finding, VIEW_FIELD_DEVICES,
                          ht_arena_strf(ht_checking_arena(view->checking), "%.*s -> %.*s %.*s",
                                        HT_STR_ARG(device->host_path), HT_STR_ARG(device->path),
                                        HT_STR_ARG(device->permissions)));
}

static struct ht_finding *fire_found(const struct view *view, const struct ht_fact_path **entries,
                                     size_t at, bool writable)
{
    struct ht_str path = view->effective->devices.items[at];
    const struct ht_fact_path *fact = entries[at];
    struct ht_finding *finding;

    if (fact && fact->kind == HT_FACT_DEVICE_ALIKE)
        return is_told(entries, at) ? NULL : fire_alike(view, entries, fact);
    finding = fire_device(view, fact, path, writable);
    if (finding)
        ht_fire_evidence(view->checking, finding, "/proc/PID/root", "device file", path);
    return finding;
}

static void unknown_device(const struct view *view, const struct ht_device *device)
{
    ht_view_unknown_effective(view, ht_arena_strf(ht_checking_arena(view->checking),
                                                  "what the device %.*s of the node is",
                                                  HT_STR_ARG(device->host_path))
                                        .data);
}

/* Says so where what was seen cannot be all of the blind ones. A character device, which it may
 * have made itself, is no disk; what comes of a folder is none of the others. */
static void doubt_unseen(const struct view *view, const struct blind *blind)
{
    const struct ht_text_list *devices = &view->effective->devices;
    size_t disks = 0, unnamed = 0;

    for (size_t i = 0; i < devices->len; i++) {
        struct ht_str path = devices->items[i];

        if (ht_view_device_is_named(view, path) || ht_view_device_folder(view, path))
            continue;
        unnamed++;
        disks += ht_view_device_is_block(view, path);
    }
    if (blind->beside || disks < blind->count - blind->characters || unnamed < blind->count)
        unknown_device(view, blind->unseen);
}

/* What each device that was seen in it is; by_blind: of those alone that were not declared by that
 * name, for they may be what a blind one leads to. */
static const struct ht_fact_path **judge_seen(const struct view *view, bool by_blind)
{
    const struct ht_text_list *devices = &view->effective->devices;
    const struct ht_fact_path **entries =
        ht_new_array(const struct ht_fact_path *, devices->len + 1);

    for (size_t i = 0; i < devices->len; i++) {
        struct ht_str path = devices->items[i];

        if (!by_blind)
            entries[i] = ht_facts_device(view->facts, path);
        else if (!ht_view_device_is_named(view, path))
            entries[i] = ht_view_device(view, path);
    }
    return entries;
}

/* Devices that are there though nobody declared them by that name. Whether the device cgroup lets
 * it use them is known where all are open; where no runtime tells, or one was given by a name that
 * tells nothing, they are hardly there for nothing. */
static void look_found_devices(const struct view *view, const struct blind *blind)
{
    const struct ht_privilege *effective = view->effective;
    bool open = ht_view_has_all_devices(view);
    bool by_blind = !open && ht_container_has_devices(view->container);

    if (!ht_privilege_has_devices(effective)) {
        if (blind->first && !open)
            unknown_device(view, blind->first);
        return;
    }
    if (by_blind && !blind->first)
        return;
    if (by_blind)
        doubt_unseen(view, blind);

    ht_autofree const struct ht_fact_path **entries = judge_seen(view, by_blind);
    for (size_t i = 0; i < effective->devices.len; i++) {
        struct ht_finding *finding =
            fire_found(view, entries, i, open || (by_blind && blind->writable));

        if (!finding)
            continue;
        const struct ht_device *folder = ht_view_device_folder(view, effective->devices.items[i]);
        if (by_blind)
            show_declared(view, finding, folder ? folder : blind->first);
        if (!open)
            ht_finding_set_confidence(finding, HT_CONFIDENCE_LIKELY);
        if (open || by_blind)
            ht_view_put_escape(view, finding);
    }
}

/* A rule of the device cgroup: "b 8:* rwm". */
struct rule {
    char type;
    struct ht_str major;
    struct ht_str minor;
    bool make;
    bool write;
    bool opens; /* for reading or writing; to make a device file alone opens nothing */
};

static struct rule parse_rule(struct ht_str text)
{
    struct rule rule = {.type = text.len ? text.data[0] : 0};
    struct ht_str word;

    (void)ht_str_next(&text, ' ', &word);
    if (!ht_str_next(&text, ' ', &word) || !ht_str_next(&word, ':', &rule.major))
        return (struct rule){.type = rule.type, .make = true, .write = true, .opens = true};
    rule.minor = word;
    rule.make = text.len == 0 || ht_str_find_byte(text, 'm') >= 0;
    rule.write = text.len == 0 || ht_str_find_byte(text, 'w') >= 0;
    rule.opens = rule.write || ht_str_find_byte(text, 'r') >= 0;
    return rule;
}

static bool is_any(struct ht_str number)
{
    return number.len == 0 || ht_str_is(number, "*");
}

/* Opens disks, or the memory of the node, whatever their device files are called. */
static bool opens_raw(const struct rule *rule)
{
    if (!rule->opens)
        return false;
    if (rule->type == 'a' || rule->type == 'b' || is_any(rule->major))
        return true;
    return rule->type == 'c' && ht_str_is(rule->major, "1") &&
           (is_any(rule->minor) || ht_str_is(rule->minor, "1") || ht_str_is(rule->minor, "2") ||
            ht_str_is(rule->minor, "4"));
}

/* A rule hands out no device file: whoever may make one needs none. */
static void look_rule(const struct view *view, struct ht_str text)
{
    struct rule rule = parse_rule(text);

    if (!opens_raw(&rule))
        return;

    struct ht_finding *finding = ht_fire(view->checking, text);
    ht_fire_title(view->checking, finding, "Disks or memory of the node are open to it (rule %.*s)",
                  HT_STR_ARG(text));
    ht_view_show_declared(view, finding, VIEW_FIELD_DEVICE_RULES, text);
    ht_view_show_caps(view, finding);
    if (!rule.make || !rule.write || ht_view_has_cap(view, HT_CAPABILITY_MKNOD) != TRI_YES)
        return;
    ht_finding_set_severity(finding, HT_SEVERITY_CRITICAL);
    ht_finding_set_escape(finding, HT_S("With MKNOD it makes a device file for the node's disk or "
                                        "memory and writes to it, past all permissions."));
}

static struct blind look_declared_devices(const struct view *view)
{
    const struct ht_device_list *devices = &view->container->devices;
    struct blind blind = {0};

    for (size_t i = 0; i < devices->len; i++) {
        const struct ht_device *device = &devices->items[i];
        struct ht_finding *finding = fire_device(view, ht_view_device(view, device->host_path),
                                                 device->host_path, ht_device_may_write(device));

        if (finding) {
            show_declared(view, finding, device);
            ht_view_put_escape(view, finding);
        } else if (ht_view_device_is_blind(view, device)) {
            add_blind(view, device, &blind);
        }
    }
    return blind;
}

static void look_rules(const struct view *view)
{
    const struct ht_container *container = view->container;

    if (!ht_container_has_device_rules(container) && !ht_view_has_all_devices(view) &&
        !ht_view_is_apart(view))
        ht_view_unknown_declared(view, "which devices the rules of its device cgroup open");
    for (size_t i = 0; i < container->device_rules.len; i++)
        look_rule(view, container->device_rules.items[i]);
}

static void look_device(struct ht_checking *checking, const struct ht_row *row)
{
    struct view view;
    struct blind blind;

    if (!ht_view_open(checking, row, &view))
        return;
    if (!ht_container_has_devices(view.container) && !ht_privilege_has_devices(view.effective)) {
        ht_view_unknown_declared(&view, "which devices of the node it may use");
        return;
    }
    blind = look_declared_devices(&view);
    look_rules(&view);
    look_found_devices(&view, &blind);
}

/* ---- PRV-024 ---- */

static void look_cgroup(struct ht_checking *checking, const struct ht_row *row)
{
    struct view view;

    if (!ht_view_open(checking, row, &view))
        return;
    if (ht_host_has_cgroup_mode(view.host) && ht_str_is(view.host->cgroup_mode, "v2"))
        return; /* the release agent is of version 1 */

    enum tri admin = ht_view_has_cap(&view, HT_CAPABILITY_SYS_ADMIN);
    bool known = ht_privilege_has_cgroup_rw(view.effective);
    if (admin == TRI_NO || (known && !view.effective->cgroup_rw))
        return;
    if (admin == TRI_UNKNOWN || !known) {
        ht_view_unknown_effective(&view, "whether it can write to a cgroup v1 hierarchy");
        return;
    }

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    for (size_t i = 0; i < view.container->kernel_mounts.len; i++) {
        const struct ht_mount *mount = &view.container->kernel_mounts.items[i];

        if (ht_str_is(mount->type, "cgroup") && ht_mount_has_rw(mount) && mount->rw)
            ht_fire_evidencef(checking, finding, "/proc mountinfo", "cgroup hierarchy",
                              "%.*s (%.*s)", HT_STR_ARG(mount->target), HT_STR_ARG(mount->options));
    }
    ht_view_show_caps(&view, finding);
    ht_finding_set_escape(
        finding, HT_S("With SYS_ADMIN and a writable cgroup v1 hierarchy it names a release "
                      "agent, which the kernel runs as root on the node."));
}

/* ---- PRV-025 ---- */

static void look_settings(struct ht_checking *checking, const struct ht_row *row)
{
    struct view view;

    if (!ht_view_open(checking, row, &view) || view.sandboxed)
        return;
    if (!ht_view_is_yes(&view, ht_view_can_write_settings(&view),
                        "whether it can change kernel settings"))
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    if (ht_privilege_has_readonly_paths(view.declared))
        ht_view_show_declared(&view, finding, VIEW_FIELD_READONLY_PATHS,
                              ht_arena_strf(ht_checking_arena(checking), "%zu paths",
                                            view.declared->readonly_paths.len));
    if (ht_privilege_has_proc_sys_rw(view.effective))
        ht_fire_evidence(checking, finding, "/proc mountinfo", "/proc/sys", HT_S("read-write"));
    if (ht_host_has_core_pattern(view.host))
        ht_fire_evidence(checking, finding, "/proc/sys/kernel/core_pattern", "now",
                         view.host->core_pattern);
    ht_view_show_user(&view, finding);
    ht_view_put_escape(&view, finding);
}

/* ---- PRV-027 ---- */

static void look_sysctl(struct ht_checking *checking, const struct ht_row *row)
{
    struct view view;

    if (!ht_view_open(checking, row, &view))
        return;
    if (!ht_container_has_sysctls(view.container)) {
        ht_view_unknown_declared(&view, "which kernel settings it was given");
        return;
    }
    for (size_t i = 0; i < view.container->sysctls.len; i++) {
        const struct ht_pair *pair = &view.container->sysctls.items[i];

        if (ht_facts_sysctl_is_safe(view.facts, pair->key))
            continue;

        struct ht_finding *finding = ht_fire(checking, pair->key);
        ht_fire_title(checking, finding,
                      "Sets the kernel setting %.*s, which is not on the safe list",
                      HT_STR_ARG(pair->key));
        ht_view_show_declared(&view, finding, VIEW_FIELD_SYSCTLS,
                              ht_arena_strf(ht_checking_arena(checking), "%.*s=%.*s",
                                            HT_STR_ARG(pair->key), HT_STR_ARG(pair->value)));
    }
}

static const struct ht_check checks[] = {
    {.id = "PRV-022",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(DAEMON) | HT_READS(HOST),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "Can use a device of the node",
     .condition = "A disk, memory or other powerful device of the node is given to the container; "
                  "critical if a disk or memory can be written, medium if its root is another "
                  "user on the node; likely where it was given by another name than the kernel's "
                  "and is known by what was seen in the container.",
     .why = "A device is the node itself, past all files and permissions: whoever writes to its "
            "disk or "
            "memory writes whatever root could.",
     .fix =
         "Remove --device and device rules; use a volume or a device plugin. If a device has to "
         "stay, "
         "give that one, without `w` and `m` where reading is enough (--device /dev/x:/dev/x:r).",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("CIS Docker 1.6.0 5.18", "ATT&CK T1611"),
     .other_causes =
         HT_TEXTS("storage drivers, Ceph", "virtual machines (kvm)", "FUSE file systems"),
     .run = look_device},
    {.id = "PRV-024",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(DAEMON) | HT_READS(HOST),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_CRITICAL,
     .title = "Can make the kernel run a program through cgroups",
     .condition = "A cgroup v1 hierarchy is mounted writable in a container with SYS_ADMIN.",
     .why = "In cgroup v1 one file names a program that the kernel starts, as root on the node, "
            "when a "
            "group empties. Whoever may write it needs no further weakness.",
     .fix =
         "Drop SYS_ADMIN and remove the mount of /sys/fs/cgroup. Nodes with cgroup v2 do not have "
         "this file.",
     .needs = HT_TEXTS("proc"),
     .references = HT_TEXTS("ATT&CK T1611", "CVE-2022-0492"),
     .other_causes = HT_TEXTS("systemd in a container", "kind nodes"),
     .run = look_cgroup},
    {.id = "PRV-025",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(DAEMON) | HT_READS(HOST),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "Can change the kernel's settings",
     .condition = "/proc/sys is writable, and its root is the node's root.",
     .why = "Settings below /proc/sys hold for the whole node. Some name programs that the kernel "
            "runs "
            "as root: the handler of crashes, the loader of modules.",
     .fix =
         "Leave /proc/sys read-only (no --privileged, no systempaths=unconfined). Settings of the "
         "container's own network go into --sysctl, those of the node into its configuration.",
     .needs = HT_TEXTS("docker", "proc"),
     .references = HT_TEXTS("ATT&CK T1611", "ATT&CK T1068"),
     .other_causes = HT_TEXTS("init containers that set vm.max_map_count", "network plugins"),
     .run = look_settings},
    {.id = "PRV-027",
     .question = 3,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(HOST),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "Sets a kernel setting that is not on the safe list",
     .condition = "A declared sysctl is not in the safe set of the Pod Security Standards.",
     .why =
         "Settings on the safe list are known to stay within the container. Others can starve or "
         "weaken what else runs on the node.",
     .fix = "Remove it, or set it on the node on purpose, for all.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("Pod Security baseline: sysctls"),
     .other_causes = HT_TEXTS("databases and proxies that raise limits of their own network"),
     .run = look_sysctl,
     .run_pod = ht_pod_look},
};

const struct ht_check_group ht_checks_prv_kernel = {.checks = checks, .count = ARRAY_LEN(checks)};
