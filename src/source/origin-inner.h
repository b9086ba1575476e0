/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the judge share. Layer 3 (source), private; the judge's thread. */
#ifndef HT_SOURCE_ORIGIN_INNER_H
#define HT_SOURCE_ORIGIN_INNER_H

#include <sys/stat.h>

#include "origin-space.h"
#include "origin.h"
#include "hulltop/base/digest.h"
#include "hulltop/base/vec.h"

/* A program, its loader and its libraries. */
enum { HT_ORIGIN_DIGESTED = 16 };

/* What may answer as slowly as it likes must not hold up who looks at all the others: that much is
 * waited in one pass, all told. */
#define HT_ORIGIN_PATIENCE_NS (INT64_C(2) * HT_NS_PER_S)

struct ht_origin {
    int proc_fd;
    uint64_t host_ns;       /* mount namespace of the node; 0: unknown */
    struct ht_map *spaces;  /* "NS CONTAINER" to struct ht_space */
    struct ht_map *answers; /* key to struct answer */
    struct ht_map *images;  /* "IMAGE PATH" to struct ht_origin_image_file *, told in this look */
    struct ht_map *folders; /* "IMAGE FOLDER" to struct ht_origin_folder *, likewise */
    struct ht_arena *host_arena;
    struct ht_host_mounts host_mounts;
    struct ht_text_list hanging; /* where file systems are mounted that can hang */
    const uint64_t *overlays;    /* devices of the node's overlays, overlays_len */
    size_t overlays_len;
    bool host_read; /* in this pass */
    unsigned pass;
    struct ht_space_reader reader; /* its root_fd is owned: the node's files */
    struct ht_buf key;
    struct ht_spawner *spawner;    /* borrowed; NULL: none */
    struct ht_helper_answer heard; /* scratch */
    int64_t patience_ns;           /* HT_ORIGIN_PATIENCE_NS, but in tests */
    int64_t waited_ns;             /* for helpers, in this pass */
    struct ht_map *silent;         /* containers whose file system did not answer a helper */
    struct ht_origin_opened {
        int fd; /* -1: none */
        pid_t pid;
        uint64_t start; /* 0: whoever had the pid */
    } opened;           /* the process that was asked for last */
    struct ht_origin_digested {
        struct stat about;
        char digest[HT_SHA256_TEXT_MAX]; /* empty: none */
    } digested[HT_ORIGIN_DIGESTED];      /* files that were read to their end in this look */
    size_t digested_next;                /* the place that is used up next */
};

/* The directory of the process that is asked for (O_PATH), borrowed until another one is asked for
 * or the judge rests; -ESRCH if it is gone or another has its pid. One that ended meanwhile cannot
 * be read any more. */
int ht_origin_process(struct ht_origin *origin, const struct ht_origin_ask *ask);
/* Whether that path leads the process to that very file; to any, where a file system can hang, or a
 * watch gave the file, which may be the layer's own. */
bool ht_origin_is_at(struct ht_origin *origin, const struct ht_origin_ask *ask, struct ht_str path,
                     const struct statx *about);
/* Inode of the mount namespace of the process whose directory that is; 0: not told. */
uint64_t ht_origin_namespace(int dirfd);
/* The mounts of that container as dirfd's process sees them, borrowed; NULL and errno if they may
 * not be read. */
struct ht_space *ht_origin_space(struct ht_origin *origin, int dirfd, uint64_t ns,
                                 struct ht_str container_id);
/* Whether the root of that space, an overlay, is one that a runtime mounted: the node sees it, or
 * the container's first process has it, too. Names of folders in another one, which any user can
 * mount in a namespace of its own, may lead elsewhere than on the node. */
bool ht_origin_is_runtimes(struct ht_origin *origin, struct ht_space *space,
                           const struct ht_origin_ask *ask);
/* Both of the process and the container that are asked about: 0; -ESRCH: it is gone; or why the
 * mounts may not be read. */
int ht_origin_enter(struct ht_origin *origin, const struct ht_origin_ask *ask, int *ret_dirfd,
                    struct ht_space **ret_space);
/* Mounts come and go. */
void ht_origin_forget_spaces(struct ht_origin *origin);
/* Closes the directory of the process that was asked for last. */
void ht_origin_let_go(struct ht_origin *origin);
/* Whether a path of the node leads into a file system that can hang. */
bool ht_origin_lies_on_hanging(struct ht_origin *origin, struct ht_str path);
/* Whether the root itself can hang: images that are fetched while they are read. */
bool ht_origin_root_can_hang(struct ht_origin *origin, const struct ht_space *space);

/* What the image of a container has at a path. */
struct ht_origin_image_file {
    enum ht_overlay_entry found; /* nothing, also where a layer took it away; a file; or unread */
    size_t lower;                /* of a file: which of the space's directories has it */
    uint64_t dev, ino, links;    /* likewise, of stat(2) */
};

/* Looks the path up, without links, in the directories below the writable one; those of an image
 * are asked once a look, for all its containers. */
struct ht_origin_image_file ht_origin_image_find(struct ht_origin *origin,
                                                 const struct ht_space *space, struct ht_str path);
/* What a directory of an overlay, on the node, has at a path; ret_about is of a file, and ret_fd
 * (NULL allowed) stands for it (O_PATH), owned by the caller. */
enum ht_overlay_entry ht_origin_look_in(const struct ht_origin *origin, struct ht_str layer,
                                        struct ht_str path, struct stat *ret_about, int *ret_fd);
/* What that directory, which has nothing at a path in that folder, leaves to be seen of those below
 * it: HT_ENTRY_NOTHING: what they have; HT_ENTRY_HIDDEN: nothing of the folder; HT_ENTRY_UNREAD:
 * that could not be told, or the folder was called something else there. is_user as in struct
 * ht_overlay. */
enum ht_overlay_entry ht_origin_look_past(const struct ht_origin *origin, struct ht_str layer,
                                          bool is_user, struct ht_str folder);
/* Opens it (O_PATH), owned by the caller; or -errno, -EIO where the directory is not known. */
int ht_origin_open_in(const struct ht_origin *origin, struct ht_str layer, struct ht_str path);
/* The package that owns that path by the records of dpkg or apk that the process of dirfd sees, and
 * may have written (RPM's are not opened: its library would read what a container wrote); empty:
 * none, or not told. */
struct ht_str ht_origin_owner(struct ht_origin *origin, int dirfd, const struct ht_space *space,
                              struct ht_str path, struct ht_arena *arena);
/* Tells of a file, which may be gone, of a mount of the container that is no overlay. */
void ht_origin_tell_mount(struct ht_origin *origin, const struct ht_space_mount *mount, bool gone,
                          struct ht_arena *arena, struct ht_code *code);
/* Tells of a file of a root whose storage keeps changed files with the image's. */
void ht_origin_tell_shared(const struct ht_space *space, struct ht_arena *arena,
                           struct ht_code *code);
/* The node's own mounts; origin->hanging is filled too. */
const struct ht_host_mounts *ht_origin_host_mounts(struct ht_origin *origin);

#endif
