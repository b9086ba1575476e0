/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two ways by which the kernel tells of starts, and whose they are. Layer 3 (source); inside
 * exec-*.c only. */
#ifndef HT_SOURCE_EXEC_PRIVATE_H
#define HT_SOURCE_EXEC_PRIVATE_H

#include "exec-decode.h"
#include "exec-watch.h"
#include "proc-read.h"
#include "hulltop/base/error.h"
#include "hulltop/base/vec.h"

/* Whether a process is gone, or about to be. */
bool ht_exec_is_ending(struct ht_proc_reader *reader, pid_t pid);
/* Reads the cgroups of a process; empty if these are not known, as of one that ends, which cgroup
 * v1 shows in no group. */
void ht_exec_read_cgroup(struct ht_proc_reader *reader, pid_t pid, struct ht_buf *out);

/* Whether a process that started then (ticks since boot) is younger than what happened at that time
 * (CLOCK_MONOTONIC), so that it was another one's. */
bool ht_exec_is_later(uint64_t start, int64_t at_mono_ns);

/* ---- whose a start was ---- */

/* STATX_MNT_ID_UNIQUE, since Linux 6.8: unlike STATX_MNT_ID it is never given twice. */
#define HT_EXEC_STATX_MOUNT 0x00004000U

enum {
    HT_EXEC_EARLIER = 256,    /* processes that are remembered, a power of two */
    HT_EXEC_HOME_BYTES = 128, /* of a container's id, with its end; longer ones are not kept */
};

struct ht_exec_earlier {
    pid_t pid; /* 0: free */
    int64_t at_ns;
    char id[HT_EXEC_HOME_BYTES];
};

/* What was told for sure, for starts of which nothing can be read. */
struct ht_exec_places {
    struct ht_map *mounts; /* by unique number */
    struct ht_map *homes;  /* whose they are, by the container's id; "": the node */
    struct ht_exec_earlier earlier[HT_EXEC_EARLIER];
};

void ht_exec_places_init(struct ht_exec_places *places);
void ht_exec_places_fini(struct ht_exec_places *places);
/* The unique number of the mount of a path, or of dirfd itself with ""; 0: the kernel (before 6.8)
 * does not tell. */
uint64_t ht_exec_mount_of(int dirfd, const char *path);
/* That mount is the node's own: no container is told by it, whoever runs its files. */
void ht_exec_learn_node(struct ht_exec_places *places, uint64_t mount);
/* A file of that mount was run in that container, or by the node ("") for sure, at that time
 * (monotonic). Of a mount that nobody knows the node tells nothing. A container's mount of which
 * another one is told tells nothing for a minute, and is then learned anew. Of one container at
 * most 64 are kept. */
void ht_exec_learn_mount(struct ht_exec_places *places, uint64_t mount, struct ht_str container_id,
                         int64_t now_ns);
/* The container that a mount belongs to; "": it is the node's; NULL: not known. Borrowed until
 * something is learned. */
const char *ht_exec_home_of_mount(const struct ht_exec_places *places, uint64_t mount);
/* The session whose processes run files of that mount as the container's own, as was told within
 * the last second; 0: none. */
pid_t ht_exec_session_of_mount(const struct ht_exec_places *places, uint64_t mount, int64_t now_ns);
/* Whether it is time to ask for the session of a mount that is a container's. */
bool ht_exec_is_session_due(const struct ht_exec_places *places, uint64_t mount, int64_t now_ns);
/* At that time (monotonic) it was that session, or none (0). Of a mount that is no container's
 * nothing is kept. */
void ht_exec_learn_session(struct ht_exec_places *places, uint64_t mount, pid_t session,
                           int64_t now_ns);
/* That process started a program in that container. */
void ht_exec_learn_pid(struct ht_exec_places *places, pid_t pid, struct ht_str container_id,
                       int64_t now_ns);
/* Where the process started a program within the last second; empty: not known. Borrowed. */
struct ht_str ht_exec_home_of_pid(struct ht_exec_places *places, pid_t pid, int64_t now_ns);

/* ---- files that are known again ---- */

/* A file: it is told from all others, and from what it was before a change. */
struct ht_exec_key {
    uint64_t home;  /* a hash of the container's id; 0: not known */
    uint64_t mount; /* its unique number; 0: the kernel does not tell */
    uint64_t ino;
    int64_t changed_s;
    uint32_t changed_ns, dev_major, dev_minor;
};

static inline uint64_t ht_exec_hash_of_home(struct ht_str container_id)
{
    return ht_str_hash(container_id, 0);
}

/* One that was given. */
struct ht_exec_seen_file {
    struct ht_exec_key key;
    struct ht_exec_key exe; /* what ran when it was judged last; all 0: that is not known */
    int64_t quiet_until_ns; /* nobody asks about it until then (monotonic) */
    char *path;             /* of a file that is quiet */
};

enum { HT_EXEC_SEEN = 1024 /* a power of two */ };

/* By a hash of the file; the newest stays. Empty: all 0. */
struct ht_exec_seen {
    struct ht_exec_seen_file files[HT_EXEC_SEEN];
};

void ht_exec_seen_fini(struct ht_exec_seen *seen);
/* Looks at a file by its path below dirfd, or at dirfd itself with "". False: it is not to be read.
 */
bool ht_exec_look(int dirfd, const char *path, struct ht_exec_key *ret_key);
bool ht_exec_key_is(const struct ht_exec_key *a, const struct ht_exec_key *b);
/* Whether the file was asked for before; it is remembered. */
bool ht_exec_seen_before(struct ht_exec_seen *seen, const struct ht_exec_key *key);
/* A file of a known container that nobody asks about now, or NULL. Borrowed until the next call. */
const struct ht_exec_seen_file *ht_exec_seen_quiet(const struct ht_exec_seen *seen,
                                                   const struct ht_exec_key *key, int64_t now_ns);

struct ht_exec_mute {
    struct ht_str path;
    const struct ht_exec_key
        *exe; /* what runs, without its home; NULL: not known, what was stays */
    int64_t until_ns;
};
/* Nobody asks about that file until then, if it is remembered. */
void ht_exec_seen_mute(struct ht_exec_seen *seen, const struct ht_exec_key *key,
                       const struct ht_exec_mute *mute);

/* ---- process connector ---- */

enum {
    HT_CONNECTOR_BATCH = 32,  /* datagrams taken at once */
    HT_CONNECTOR_BYTES = 256, /* of one; the kernel's have 76 */
};

struct ht_connector {
    int fd; /* -1: not there */
    uint64_t events;
    uint64_t lost;
    bool small; /* its buffer could not be made large */
    struct ht_connector_event batch[HT_CONNECTOR_BATCH];
    size_t len;
    size_t at;
    size_t got;    /* datagrams of the last reading */
    bool more;     /* the last reading was full: more may wait */
    bool is_alone; /* the next one takes one datagram: poll tells of others */
};

/* Asks the kernel for starts alone. 0, or -errno and fd stays -1. */
int ht_connector_open(struct ht_connector *connector, struct ht_error *err);
void ht_connector_close(struct ht_connector *connector);
/* Fills the batch, which must be used up, with what waits, or with its first alone where the reader
 * is not behind at that time (monotonic): whether there are others is poll's to tell. Never blocks.
 */
void ht_connector_read(struct ht_connector *connector, int64_t now_ns);

/* ---- fanotify ---- */

enum { HT_FANOTIFY_BATCH = 16 /* events taken at once: each opens a descriptor */ };

struct ht_fanotify_mark {
    uint32_t dev_major;
    uint32_t dev_minor;
};

struct ht_fanotify {
    int fd; /* -1: not there */
    uint64_t events;
    uint64_t lost;
    bool more; /* the last reading was full: more may wait */
    struct ht_fanotify_mark *marks;
    size_t marks_len;
    size_t marks_cap;
};

int ht_fanotify_open(struct ht_fanotify *fanotify, struct ht_error *err);
void ht_fanotify_close(struct ht_fanotify *fanotify);
int ht_fanotify_mark(struct ht_fanotify *fanotify, const char *path, struct ht_error *err);
/* Fills events with what waits and returns how many; never blocks. */
size_t ht_fanotify_read(struct ht_fanotify *fanotify,
                        struct ht_fanotify_event events[HT_FANOTIFY_BATCH]);

/* ---- the watch ---- */

enum {
    HT_EXEC_DETAIL_BYTES = 256,
    HT_EXEC_ARGV_HOMES = 64, /* a power of two */
};

/* A file that was opened to be run. */
struct ht_exec_opened {
    int fd;
    struct ht_exec_key key; /* home is 0 where the mount does not tell it */
};

/* What /proc/PID/stat told. */
struct ht_exec_stat {
    int64_t at_ns; /* when (monotonic); 0: it was not read */
    uint64_t start;
    pid_t ppid, session;
    uint32_t tty;
    char comm[16];
};

struct ht_exec_waiting {
    pid_t pid; /* 0: free */
    int64_t since_ns;
    struct ht_exec_opened files[HT_EXEC_FILES_MAX];
    size_t len;
    bool is_quiet;            /* nobody asks about any of its files */
    bool is_cut;              /* it opened more */
    struct ht_buf cgroup;     /* read at once, as long as the process surely lives */
    struct ht_exec_stat stat; /* in its place, where that tells as much */
    uint64_t home;            /* whose it is by that; 0: it is not told so */
};

struct ht_exec {
    const struct ht_clock *clock;
    struct ht_proc_reader reader;
    bool has_reader;
    int own_fd;     /* /proc/self/fd: what a descriptor leads to */
    int64_t now_ns; /* monotonic; when the start that is given was asked for */
    struct ht_connector connector;
    struct ht_fanotify fanotify;
    char connector_why[HT_EXEC_DETAIL_BYTES];
    char fanotify_why[HT_EXEC_DETAIL_BYTES];
    struct ht_arena *arena;       /* of the start that was given last */
    struct ht_exec_waiting given; /* its files */
    bool files_wait;              /* fanotify has more, as far as is known */
    bool events_wait;             /* and the connector */
    bool is_drained;              /* fanotify has told all that belongs to the connector's batch */
    int64_t drained_ns;           /* when it was asked last */
    int given_exe;
    struct ht_buf decoded; /* the groups that were decoded last */
    struct ht_buf leader;  /* and those of who began a session */
    struct ht_cgroup_facts decoded_facts;
    struct ht_exec_seen seen;
    struct ht_exec_waiting waiting[HT_EXEC_WAITING_MAX]; /* oldest first */
    size_t waiting_len;
    struct ht_exec_places places;
    struct {
        int64_t second;         /* in which command lines of quiet programs were read last */
        unsigned len;           /* how many, in that second */
    } argv[HT_EXEC_ARGV_HOMES]; /* by a hash of the container */
    uint64_t unplaced;          /* starts of which it is not known whose they were */
    uint64_t cut_files;         /* of starts that opened too many */
};

/* ---- by session ---- */

/* Reads the stat of a process. False: it is gone, and ret_stat as it was. */
bool ht_exec_look_at_stat(struct ht_exec *watch, pid_t pid, struct ht_exec_stat *ret_stat);
/* Whether that file and the session of who opened it tell whose its start is; if so its home is set
 * there. What was read for it is kept there too. */
bool ht_exec_is_of_session(struct ht_exec *watch, struct ht_exec_waiting *waiting,
                           const struct ht_exec_key *key);
/* The container that the start that is given is told to be of so; NULL: it is not. Borrowed until
 * something is learned. */
const char *ht_exec_home_of_session(struct ht_exec *watch, const struct ht_exec_start *start);
/* A start was given whose stat and groups, the given ones, were read: they may tell whose the next
 * ones are. */
void ht_exec_tell_session(struct ht_exec *watch, const struct ht_exec_start *start);

#endif
