/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mounts that a container's processes see, and where its overlay lies on the node.
 * Layer 3 (source), of the judge (origin.h); its thread.
 */
#ifndef HT_SOURCE_ORIGIN_SPACE_H
#define HT_SOURCE_ORIGIN_SPACE_H

#include "origin-overlay.h"
#include "proc-decode.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/vec.h"

enum { HT_SPACE_MOUNTS_MAX = 20000 };

/* What spaces are read with. */
struct ht_space_reader {
    int root_fd;            /* below it are the node's files */
    struct ht_buf file;     /* scratch */
    struct ht_map *settled; /* layers by their names in mount options to char *, where they lie:
                             * many containers are of one image */
    struct ht_map *images;  /* the lower directories of one, joined, to size_t *, its number */
    const struct ht_text_list
        *hanging; /* where the node has file systems that can hang; borrowed */
};

struct ht_space_mount {
    uint64_t id;
    uint64_t device;
    struct ht_str root, point, options, type, source, super;
};

/* One mount namespace of one container. */
struct ht_space {
    struct ht_arena *arena;
    const struct ht_space_mount *mounts;
    size_t len;
    bool whole;                        /* all mounts were read, not only those up to the root */
    bool again;                        /* they were read anew, for what they said made no sense */
    const struct ht_space_mount *root; /* the one at "/", or NULL */
    bool is_overlay;                   /* the root is an overlay whose directories are known */
    bool is_user;                      /* of an overlay: as in struct ht_overlay */
    enum ht_tristate is_runtimes;      /* that overlay is one that a runtime mounted */
    struct ht_str upper;               /* on the node, without links; empty: none, or not found */
    uint64_t upper_dev;                /* of stat(2) of that; 0: none */
    bool upper_missing;                /* there is one, but it was not found on the node */
    struct ht_text_list lowers;        /* likewise; one that was not found is empty */
    size_t init;  /* which of these holds what Docker lays below /etc and /dev and nothing else;
                   * lowers.len: none */
    size_t image; /* a number for those from image_first on, which are all but init: the same for
                   * all containers that have these, until the reader rests; 0: not told */
    size_t image_first;
};

void ht_space_reader_init(struct ht_space_reader *reader, int root_fd,
                          const struct ht_text_list *hanging);
/* Whether a path of the node leads to, or into, one of the file systems that can hang. */
bool ht_space_hangs(const struct ht_space_reader *reader, struct ht_str path);
/* Where layers lie is asked anew. */
void ht_space_reader_rest(struct ht_space_reader *reader);
/* Does not close root_fd. */
void ht_space_reader_fini(struct ht_space_reader *reader);

/* Reads the mounts of the process whose directory is dirfd, up to and with the first at "/", or all
 * of them. Replaces what the space held. 0 or -errno. */
int ht_space_read(struct ht_space *space, int dirfd, bool whole, struct ht_space_reader *reader);
/* Frees what it holds. */
void ht_space_fini(struct ht_space *space);
/* Whether the lower directory of that number can hold something at that path of the container. */
bool ht_space_lower_has(const struct ht_space *space, size_t lower, struct ht_str path);
/* The mount of that number, or NULL. */
const struct ht_space_mount *ht_space_find(const struct ht_space *space, uint64_t id);
/* The same, though only the first mounts were read so far: then all are, of the process whose
 * directory is dirfd. */
const struct ht_space_mount *ht_space_look(struct ht_space *space, uint64_t id, int dirfd,
                                           struct ht_space_reader *reader);

/* A file at a path of a mount, by the path of the root of its file system; in the arena. */
struct ht_str ht_space_below(const struct ht_space_mount *mount, struct ht_str path,
                             struct ht_arena *arena);
/* Whether it shows a volume of a runtime or of the kubelet, and its name ("vol1", "emptydir
 * scratch"; in the arena). */
bool ht_space_is_volume(const struct ht_space_mount *mount, struct ht_arena *arena,
                        struct ht_str *ret_name);

#endif
