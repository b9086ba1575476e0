/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where code that runs in a container comes from. Layer 3 (source); a judge belongs to one thread.
 *
 * A file is known by the mount that holds it (statx gives its number, /proc/PID/mountinfo the
 * rest). On an overlay the writable directory says the rest: what it does not have comes from the
 * image; what it has is new, or was copied up from the image, and is then compared with the layer
 * below. Files on file systems that can hang (FUSE, NFS and the like) are never opened here; a
 * helper process, which can be given up, looks at them where the root of a container is one.
 *
 * Everything of a process is read below one descriptor of its /proc/PID. Answers are kept by mount
 * namespace, device, inode, time of change and path; both they and the mount tables are bounded.
 */
#ifndef HT_SOURCE_ORIGIN_H
#define HT_SOURCE_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/base/helper.h"
#include "hulltop/model/rows.h"

struct ht_mapping;
struct ht_origin;
struct ht_space;

/* A judge that reads below proc ("/proc"); spawner (NULL: none) is borrowed. Owned by the caller,
 * or NULL. */
struct ht_origin *ht_origin_new(const char *proc, struct ht_spawner *spawner, struct ht_error *err);
/* NULL is allowed; returns NULL. */
struct ht_origin *ht_origin_free(struct ht_origin *origin);

/* A file of a layer itself, as whoever watches its file system sees it. */
struct ht_origin_inode {
    uint64_t dev, ino; /* of stat(2); both 0: not told */
};

/* A file that a process runs. */
struct ht_origin_ask {
    pid_t pid;
    uint64_t start;    /* of the process in ticks (/proc/PID/stat field 22); 0: not checked */
    uint64_t proc_ino; /* of /proc/PID when the start was read, which spares a check; 0: unknown */
    pid_t first;       /* of its container the oldest process that is known; 0: none */
    struct ht_str container_id; /* as its cgroup tells; empty: it is of the node */
    enum ht_code_kind kind;
    int fd;          /* the file, opened (O_PATH will do); borrowed. -1: the executable of pid */
    bool is_watched; /* a watch of the file system gave fd: the file may be the layer's own, which
                      * is on no mount of the container */
    struct ht_str
        path; /* what the process, or who opened fd, calls it; of an executable not asked */
    /* Called (NULL: not) before content is read of a file that has no answer yet, for each try:
     * what the process alone tells is to be had now, for it may have ended when the file was read.
     */
    void (*reading)(void *context);
    void *context;
    /* Set (NULL: not) where the file, by an overlay, is that very file of a layer, and is judged
     * now: an answer from before does not tell it. */
    struct ht_origin_inode *ret_layer;
};

/* Fills kind, container_id, pid, origin, reason, path, host_path, mount, mount_source, size, mode,
 * owner, times, file_caps of code, and sha256 and image_sha256 where content was read; what is not
 * known stays unknown. Texts live in the arena. 0, and origin is set (blind where it cannot be
 * told); -ESRCH if the process is gone or another; -EACCES, -EPERM if it may not be read. Files of
 * up to HT_LIMIT_CODE_FILE bytes are read: up to a second. */
int ht_origin_judge(struct ht_origin *origin, const struct ht_origin_ask *ask,
                    struct ht_arena *arena, struct ht_code *code);

/* Opens what ask->path leads to as the process sees it (O_PATH); links are followed inside its
 * root. ret_path is where it lies then, in the arena. The descriptor, owned by the caller, or:
 * -EXDEV on the way there may be a file system that hangs; else -errno. */
int ht_origin_open(struct ht_origin *origin, const struct ht_origin_ask *ask,
                   struct ht_arena *arena, struct ht_str *ret_path);

/* The same of what the process has open for reading under that number, if it is a regular file;
 * ret_path, which is set with -EXDEV too, is how the kernel calls it. -ENOENT: it is none; -EXDEV:
 * it is on a file system that can hang, or on one that the container does not show. */
int ht_origin_open_descriptor(struct ht_origin *origin, const struct ht_origin_ask *ask,
                              unsigned number, struct ht_arena *arena, struct ht_str *ret_path);

/* What a file would have been that is gone from ask->path, which leads over no link but may be on a
 * mount of its own: fills origin, reason, mount and mount_source of code then. 1; 0: the root would
 * hold it; else -errno. */
int ht_origin_judge_place(struct ht_origin *origin, const struct ht_origin_ask *ask,
                          struct ht_arena *arena, struct ht_code *code);

/* Where a folder lies (ask->path; links are followed) that may hold any code: fills origin, reason
 * and, on a mount of its own, mount and mount_source of code. Where a look could hang only its path
 * is asked: whatever is there, if anything is. 1; 0: it is the image's alone, or there is no
 * folder; else -errno. With 1 *ret_fd is what is not the image's of it, to be looked through
 * (O_PATH; the caller's), or -1 where it must not be. */
int ht_origin_judge_folder(struct ht_origin *origin, const struct ht_origin_ask *ask,
                           struct ht_arena *arena, struct ht_code *code, int *ret_fd);

/* The same for a path (ask->path) of a container whose root can hang, by a helper: fills what
 * ht_origin_judge fills of a file that storage keeps with the image's (shared), without a digest.
 * 0; -ENOENT no regular file is there; -ETIMEDOUT the file system does not answer, and its
 * container is not asked again; -EBUSY such file systems took too long in this pass; -EXDEV another
 * mount is on the way, or there is no helper; else -errno. Up to two seconds. */
int ht_origin_judge_far(struct ht_origin *origin, const struct ht_origin_ask *ask,
                        struct ht_arena *arena, struct ht_code *code);
/* Adds the first bytes of such a file, at most max. False: they could not be read. */
bool ht_origin_read_far(struct ht_origin *origin, const struct ht_origin_ask *ask, size_t max,
                        struct ht_buf *out);

/* Whether what a process maps (no " (deleted)" in its path) is, by the kernel's numbers, the very
 * file that its image has at that path, and its overlay's writable directory has none: then it is
 * the image's, and nothing has to be opened in the container. False: it is to be judged. */
bool ht_origin_maps_image(struct ht_origin *origin, const struct ht_origin_ask *ask,
                          const struct ht_mapping *mapping);

/* Whether the process has a mount of the file system that the mapping's file is on; true where that
 * is not known. A mount that was taken away while it is in use (lazily) shows nowhere. */
bool ht_origin_has_mount_of(struct ht_origin *origin, const struct ht_origin_ask *ask,
                            const struct ht_mapping *mapping);

/* The directories of a container's overlay. */
struct ht_origin_layers {
    const struct ht_space *space; /* borrowed from the judge */
    struct ht_str upper;          /* likewise: the writable one, on the node; empty: none */
    bool is_upper_empty; /* whoever walked the writable directory sets it: nothing is in it */
};

/* Finds them by way of one of its processes, for all that is opened in them until the judge is
 * asked about another container, or rests. 0; -ENODATA where they are not to be told apart; else
 * -errno. */
int ht_origin_find_layers(struct ht_origin *origin, pid_t pid, struct ht_str container_id,
                          struct ht_origin_layers *ret_layers);
/* Opens a path for reading as the writable directory has it and as the image does; -1 where that
 * has none; both are owned by the caller. 0; 1 where the writable directory took away what the
 * image has; else -errno, also where either could not be looked at. */
int ht_origin_open_layers(struct ht_origin *origin, const struct ht_origin_layers *layers,
                          struct ht_str path, int *ret_upper, int *ret_lower);

/* Whether fd is the very file that a writable directory (upper, or a layer's upper_dir) has at that
 * path. */
bool ht_origin_is_written(struct ht_origin *origin, struct ht_str upper, struct ht_str path,
                          int fd);

/* What a writable directory (upper_dir) has at that path. False: no regular file, or it was not
 * looked at: a file system that can hang may be on the way. */
bool ht_origin_stat_written(struct ht_origin *origin, struct ht_str upper, struct ht_str path,
                            struct stat *ret_about);

/* Opens a folder of the node by its path as a layer tells it (upper_dir). The descriptor, owned by
 * the caller, or -errno: -EXDEV where a file system that can hang may be on the way. */
int ht_origin_open_host(struct ht_origin *origin, const char *path);

/* Whether a path, in a container or of the node, is where secrets are mounted. Pure. */
bool ht_origin_names_secret(struct ht_str path);
/* Whether a file that ht_origin_open gave (path is where it lies) is a mounted secret, or whether
 * it is cannot be told. */
bool ht_origin_is_secret(struct ht_origin *origin, const struct ht_origin_ask *ask, int fd,
                         struct ht_str path, struct ht_arena *arena);

/* Fills storage, upper_dir, read_only, writable_exec, blind and help of a container's layer as a
 * process of it shows them. 0, -ESRCH, -EACCES or -EPERM. */
int ht_origin_layer(struct ht_origin *origin, pid_t pid, struct ht_str container_id,
                    struct ht_arena *arena, struct ht_layer *layer);

/* Begins a new pass: mount tables are read again when they are needed, and what the last two passes
 * did not ask for is forgotten. */
void ht_origin_pass(struct ht_origin *origin);
/* A look ended: what was read for all of it together, the mounts of its containers, is let go. */
void ht_origin_rest(struct ht_origin *origin);

#endif
