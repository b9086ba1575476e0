/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One container as the checks of question 3 see it: declared and effective side by side, and what
 * is missing. Layer 3 (check), private.
 */
#ifndef HT_CHECK_VIEW_H
#define HT_CHECK_VIEW_H

#include "hulltop/check/checking.h"

/* An answer that may be missing. */
enum tri { TRI_UNKNOWN, TRI_NO, TRI_YES };

struct view {
    struct ht_checking *checking;
    const struct ht_facts *facts;
    const struct ht_host *host;
    const struct ht_container *container;
    const struct ht_privilege *declared;  /* nothing known in it if no runtime tells */
    const struct ht_privilege *effective; /* nothing known in it if it cannot be relied on */
    const struct ht_process *init;        /* NULL: not seen */
    const char *declared_source;          /* "docker inspect" */
    bool sandboxed;                       /* the host sees the sandbox, not the program */
    const char *why_no_effective;         /* NULL: it can be relied on */
    const char *help_effective;
    struct ht_check_batch *shared; /* of all checks of the container; NULL: each for itself */
};

/* The kinds of namespaces that are judged. */
enum view_ns { VIEW_NS_PID, VIEW_NS_NET, VIEW_NS_IPC, VIEW_NS_USER };

/* The process with that pid, or NULL. */
const struct ht_process *ht_view_find_process(const struct ht_node *node, uint64_t pid);
/* Fills view; false if nothing of the container runs, so there is nothing to judge. */
bool ht_view_open(struct ht_checking *checking, const struct ht_row *row, struct view *view);
/* "/proc/411/status" of its first process: where the kernel tells its privileges. */
const char *ht_view_status(const struct view *view);

/* Whether it shares that namespace with the node, as declared or as the kernel has it. */
enum tri ht_view_shares(const struct view *view, enum view_ns ns);
/* Whether it has a user namespace of its own: its capabilities are worth nothing to the node. Whose
 * files its root may touch is another matter (ht_view_is_apart). */
enum tri ht_view_has_own_users(const struct view *view);
/* Whether it is privileged: declared so, or as wide; be it within a user namespace of its own. */
bool ht_view_is_privileged(const struct view *view);
/* Whether its root is known to be another user of the node: what is the node's root's, device files
 * and settings above all, is not its. */
bool ht_view_is_apart(const struct view *view);
/* Says so of a finding about that: severity, title and reason. */
void ht_view_tell_apart(struct ht_checking *checking, struct ht_finding *finding);
/* Capabilities beyond what runtimes give unasked, declared or effective or in the bounding set,
 * that its first process has or can get; TRI_YES fills ret_caps. Within a user namespace of its own
 * they are worth nothing to the node. */
enum tri ht_view_extra_caps(const struct view *view, uint64_t *ret_caps);
/* Those that it was given beyond that and that its first process neither has nor can get. */
uint64_t ht_view_idle_caps(const struct view *view);
/* Whether it holds that capability, be it within a user namespace of its own. */
enum tri ht_view_holds_cap(const struct view *view, unsigned bit);
/* Whether it holds that capability over the node. */
enum tri ht_view_has_cap(const struct view *view, unsigned bit);
/* Whether its seccomp profile was declared to let every call pass. */
bool ht_view_has_open_filter(const struct view *view);
/* Whether no seccomp filter that holds anything back stands between it and the kernel. */
enum tri ht_view_has_no_seccomp(const struct view *view);
/* Whether an AppArmor profile or SELinux label holds nothing back. */
bool ht_is_loose_label(struct ht_str label);
/* Whether its node enforces AppArmor or SELinux. */
enum tri ht_view_node_enforces(const struct view *view);
/* Whether no AppArmor profile or SELinux domain holds it; on a node that enforces neither, none. */
enum tri ht_view_is_unconfined(const struct view *view);
/* Whether its first process is root: inside, or as the node sees it. */
enum tri ht_view_is_root_inside(const struct view *view);
enum tri ht_view_is_root_on_node(const struct view *view);
/* Whether the kernel's settings below /proc/sys can be written over the node. */
enum tri ht_view_can_write_settings(const struct view *view);
/* Whether a kubelet runs on its node. */
enum tri ht_view_has_kubelet(const struct view *view);
/* Whether an API server of a cluster does. */
enum tri ht_view_has_apiserver(const struct view *view);
/* Whether all devices of the node are open to it. */
bool ht_view_has_all_devices(const struct view *view);
/* A disk or memory device of the node that it may write, or the empty text. */
struct ht_str ht_view_raw_device(const struct view *view);
/* What a device that it was given is: by its name, or a disk where the kernel shows a block device
 * of that name in it. Borrowed or in the arena; NULL: nothing to tell, or not known. */
const struct ht_fact_path *ht_view_device(const struct view *view, struct ht_str path);
/* Whether a device file of that name was seen in it and is a block device. */
bool ht_view_device_is_block(const struct view *view, struct ht_str path);
/* Whether a device that it has was declared by that name. */
bool ht_view_device_is_named(const struct view *view, struct ht_str path);
/* The folder that was given as a device and in which that device file of the node is, or NULL. */
const struct ht_device *ht_view_device_folder(const struct view *view, struct ht_str path);
/* Whether nothing tells what a declared device is: neither its name, nor one of that name that was
 * seen in it. */
bool ht_view_device_is_blind(const struct view *view, const struct ht_device *device);
/* Whether it was given as a folder, of which something was seen. */
bool ht_view_device_is_folder(const struct view *view, const struct ht_device *device);
/* Whether it stands in a folder of links that udev makes to character devices alone. */
bool ht_device_is_character(const struct ht_device *device);
/* Whether it is beside /dev in the container, where device files are not looked for. */
bool ht_device_is_beside(const struct ht_device *device);
/* Whether it was given for writing too. */
bool ht_device_may_write(const struct ht_device *device);

/* Path on the host that a mount gives, plain; empty if it gives none. */
struct ht_str ht_mount_host_path(const struct ht_mount *mount);
/* The entry of that list that a mount of path opens (ht_facts_path); of the data root of an engine
 * that answers, wherever it lies, one in the arena. NULL: none. */
const struct ht_fact_path *ht_view_path(const struct view *view, enum ht_fact_paths list,
                                        struct ht_str path);
/* The mounts to judge: declared ones, and those of the kernel that tell more; borrowed from the
 * arena or the row. False if neither is known. */
bool ht_view_mounts(const struct view *view, struct ht_mount_list *ret);
/* Whether a path of the node is the shared memory of a container: an engine mounts one for each in
 * the folder in which it keeps them. */
bool ht_path_is_shared_memory(struct ht_str path);
/* Whether it is a file system of the kernel's own that came along with a mount above it; its source
 * is its place on the node. */
bool ht_mount_is_brought(const struct ht_mount *mount);
/* The nearest mount of a path of the node in whose folder mount is mounted, or NULL. */
const struct ht_mount *ht_mount_above(const struct ht_mount_list *mounts,
                                      const struct ht_mount *mount);
/* The mount above it that is read-only, which does not reach it; NULL: there is none. */
const struct ht_mount *ht_mount_read_only_above(const struct ht_mount_list *mounts,
                                                const struct ht_mount *mount);
/* Whether a process of it may write what only the node's root may. */
bool ht_view_may_write_as_root(const struct view *view);
/* The same of reading. */
bool ht_view_may_read_as_root(const struct view *view);
/* Whether it may write to a mount that a read-only one above did not reach. */
bool ht_view_may_write_below(const struct view *view, const struct ht_mount *mount);
/* The path on the node of a target below the mount above it, in the arena. */
struct ht_str ht_mount_place_below(struct ht_arena *arena, const struct ht_mount *above,
                                   struct ht_str target);
/* Says so if that is not all: the kernel's list was cut, or where a declared one leads to is told
 * by the kernel alone and that was not seen. */
void ht_view_unknown_mounts(const struct view *view);
/* Whether an engine answers at the socket of that path. */
bool ht_view_is_daemon_socket(const struct view *view, struct ht_str path);
/* Whether what a mount of it gives is of that kind, as far as the node was looked at. */
bool ht_mount_may_be(const struct ht_container *container, const struct ht_mount *mount,
                     enum ht_mount_kind kind);
/* Steps through the sockets below directory by which one is root on the node: false at the end. *at
 * begins at 0; *ret_there says whether it is there. */
bool ht_view_socket_below(const struct view *view, struct ht_str directory, size_t *at,
                          const struct ht_fact_socket **ret_socket, enum tri *ret_there);
/* The socket that a mount gives, or NULL; *ret_sure says whether it is proven: an engine answers
 * there, or a socket was seen at a path that says whose. */
const struct ht_fact_socket *ht_view_mount_socket(const struct view *view,
                                                  const struct ht_mount *mount, bool *ret_sure);

/* Says that it could not be looked at, because the runtime's or the kernel's side is missing. */
void ht_view_unknown_declared(const struct view *view, const char *what);
void ht_view_unknown_effective(const struct view *view, const char *what);
/* True if the answer is yes; an unknown one is said by ht_view_unknown_effective. */
bool ht_view_is_yes(const struct view *view, enum tri answer, const char *what);

/* Names of capabilities, in the order of their numbers, joined by separator; in the arena. */
struct ht_str ht_cap_names(struct ht_arena *arena, uint64_t caps, const char *separator);
/* What a container was declared with, for evidence. */
enum view_field {
    VIEW_FIELD_PRIVILEGED,
    VIEW_FIELD_PID_NS,
    VIEW_FIELD_NET_NS,
    VIEW_FIELD_IPC_NS,
    VIEW_FIELD_CAP_ADD,
    VIEW_FIELD_NO_NEW_PRIVS,
    VIEW_FIELD_APPARMOR,
    VIEW_FIELD_SELINUX,
    VIEW_FIELD_USER,
    VIEW_FIELD_DEVICES,
    VIEW_FIELD_DEVICE_RULES,
    VIEW_FIELD_READONLY_PATHS,
    VIEW_FIELD_READONLY_ROOT,
    VIEW_FIELD_SYSCTLS,
};

/* Evidence: a field of the declaration, as its runtime calls it: Docker and Podman by the keys of
 * inspect, others by those of the OCI runtime specification. */
void ht_view_show_declared(const struct view *view, struct ht_finding *finding,
                           enum view_field field, struct ht_str value);
/* Evidence: capabilities, seccomp and LSM, as declared and as they are. */
void ht_view_show_caps(const struct view *view, struct ht_finding *finding);
void ht_view_show_seccomp(const struct view *view, struct ht_finding *finding);
void ht_view_show_lsm(const struct view *view, struct ht_finding *finding);
void ht_view_show_user(const struct view *view, struct ht_finding *finding);
/* Evidence: one mount. */
void ht_view_show_mount(const struct view *view, struct ht_finding *finding,
                        const struct ht_mount *mount);

/* The shortest way out of the container to root on the node that takes at least so many facts, as
 * one sentence in the arena, with the names of other ways behind it; empty if none is seen.
 * ret_name (NULL allowed) is its name in short.
 */
struct ht_str ht_view_escape(const struct view *view, unsigned min_links, const char **ret_name);
/* Puts the shortest of all into a finding. */
void ht_view_put_escape(const struct view *view, struct ht_finding *finding);

#endif
