/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the source "drift" share. Layer 3 (source), private; its one thread. */
#ifndef HT_SOURCE_DRIFT_INNER_H
#define HT_SOURCE_DRIFT_INNER_H

#include "drift-codes.h"
#include "drift-groups.h"
#include "drift-layers.h"
#include "exec-watch.h"
#include "origin.h"
#include "proc-change.h"
#include "proc-read.h"
#include "running-mapped.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/vec.h"
#include "hulltop/source/source.h"

/* A process as young as that is about to run another program, as a rule. */
#define HT_DRIFT_STARTING_NS (INT64_C(3) * HT_NS_PER_S)

/* A process between two looks. */
struct ht_drift_process {
    pid_t pid;
    uint64_t ino;      /* of /proc/PID: another one is another process */
    uint64_t start;    /* ticks since boot; 0: not read yet */
    uint64_t ticks;    /* CPU used when last read */
    int64_t mapped_ns; /* when its mappings were read for good; 0: not yet */
    struct ht_proc_schedule schedule;
    bool kin_asked; /* its cgroup is silent, and whose it is by its ancestors was asked */
    bool by_kin;    /* home is told by its ancestors alone, or by a group that a user named */
    struct ht_layers_entry *home; /* its container; NULL: of the node, or not known yet */
    struct ht_vec codes;          /* struct ht_codes_entry *, what it runs */
};

enum {
    HT_DRIFT_PATH_BYTES = 256,
    HT_DRIFT_RAN = 256,       /* processes that ran a program in a container */
    HT_DRIFT_PARENTS = 64,    /* processes of which it is known who they are */
    HT_DRIFT_COMM_BYTES = 80, /* the kernel's own have up to 63 */
};

/* A process that ran a program in a container. */
struct ht_drift_ran {
    pid_t pid;     /* 0: free */
    int64_t at_ns; /* monotonic */
};

/* A process that started others. */
struct ht_drift_parent {
    uint64_t pid; /* 0: free */
    uint64_t ppid;
    int64_t read_ns; /* monotonic: in which look, or at which start */
    char comm[HT_DRIFT_COMM_BYTES];
};

struct ht_drift {
    bool live;
    bool opened;
    struct ht_spawner *spawner; /* of helpers; NULL: there are none */
    struct ht_proc_reader reader;
    struct ht_origin *origin;
    struct ht_codes *codes;
    struct ht_layers *layers;
    struct ht_arena *arena;             /* of the process that is looked at */
    struct ht_proc_crowd all;           /* struct ht_drift_process */
    struct ht_drift_process *processes; /* its members, as of its last look */
    size_t len;
    struct ht_mapped maps; /* of the process that is looked at */
    struct ht_map *mapped; /* mappings that are the image's, told in this pass */
    struct ht_map *known;  /* and programs, to struct ht_drift_known; NULL: none */
    int64_t tick_ns;
    int64_t booted_wall_ns;
    int64_t now_ns, now_wall_ns; /* of the look under way */
    int64_t now_boot_ns;         /* likewise, since the boot: for ages */
    struct ht_row *tamper;       /* of the kernel, as read in this pass; NULL: not to be read */
    bool tamper_changed;
    int64_t pass_due_ns;      /* when tables are read anew */
    int64_t shown_ns;         /* when progress was shown last */
    bool first;               /* the first look is under way */
    struct ht_groups *groups; /* as listed when that began; NULL: not any more */
    bool failed;              /* the last look did; the next is told though nothing changed */
    unsigned silent;          /* helpers that were given up, as was told last */
    const char *seen_by;      /* who made the look under way look */
    struct ht_exec *watch;    /* of starts of programs */
    int64_t watched_since;    /* wall time */
    uint64_t unplaced;        /* starts that are not known to be of a container, not told yet */
    int64_t unplaced_ns;      /* when such were told last; 0: never */
    char unplaced_path[HT_DRIFT_PATH_BYTES]; /* what one of them ran, where that is known */
    int64_t sought_s;     /* the second in which files were looked for in containers last */
    size_t sought;        /* what that cost, in that second */
    int64_t published_ns; /* monotonic */
    struct ht_drift_parent parents[HT_DRIFT_PARENTS]; /* by number */
    struct ht_drift_ran ran[HT_DRIFT_RAN];            /* likewise */
    struct ht_feed *feed;
};

/* A new pass: what programs are is asked anew. */
void ht_drift_known_forget(struct ht_drift *drift);

void ht_drift_crowd_init(struct ht_drift *drift);
/* Lists /proc where somebody came or went; what is new is due at once, what left ends what it ran.
 * 0 or -errno. */
int ht_drift_list(struct ht_drift *drift, struct ht_error *err);
/* Looks at what is due: busiest first, then newest. told (NULL allowed) is called now and then with
 * how far it is. */
void ht_drift_look_due(struct ht_drift *drift,
                       void (*told)(struct ht_drift *drift, size_t done, size_t total));
/* Ends what the process ran and forgets it. */
void ht_drift_drop(struct ht_drift *drift, struct ht_drift_process *process);

/* How old it is at this look, ns; by its start, not by a clock that somebody sets. */
int64_t ht_drift_age(const struct ht_drift *drift, const struct ht_drift_process *process);
/* Reads stat and cgroup of a process: home, start and ticks. False: it is gone. */
bool ht_drift_scout(struct ht_drift *drift, struct ht_drift_process *process);
/* The container of a process with mounts and a root of its own, by its ancestors, in drift's arena:
 * by the nearest monitor of the node's own, or else by the nearest at all. Empty: none, or not
 * told.
 */
struct ht_str ht_drift_kin_id(struct ht_drift *drift, pid_t pid, uint64_t ppid);
/* Judges what the process, which was scouted, runs; start (NULL allowed) is what a watch told of
 * its newest program. False: it is gone. */
bool ht_drift_judge(struct ht_drift *drift, struct ht_drift_process *process,
                    const struct ht_exec_start *start);
/* Tells what was started in its container before the code's file was made, where that was watched.
 */
void ht_drift_add_before(struct ht_drift *drift, const struct ht_layers_entry *home,
                         struct ht_code *code);
/* Sets the names of a process's parents, nearest first. The nearest is read, the others are as they
 * were within the last second, or in this look. */
void ht_drift_add_parents(struct ht_drift *drift, uint64_t ppid, struct ht_code *code);
/* That process runs something else now. */
void ht_drift_forget_parent(struct ht_drift *drift, pid_t pid);
struct ht_drift_starter {
    pid_t pid;
    uint64_t ppid;      /* 0: not known */
    struct ht_str comm; /* its name; empty: not known */
    struct ht_str container_id;
    bool is_first; /* no process of the container is older, as far as is known */
    enum ht_code_origin origin;
    struct ht_str path; /* of what it runs; empty: not known */
};

/* Whether a runtime may start from code of that origin: from memory, or a mount of its own. */
bool ht_drift_may_start_from(enum ht_code_origin origin);
/* Whether a young process that runs code of that origin is a runtime's, about to become the
 * container's program: it has a runtime's name, ran nothing of the container before, and was
 * started by a runtime outside of it, or is its first. False where that cannot be told. */
bool ht_drift_is_starting(struct ht_drift *drift, const struct ht_drift_starter *who);
/* That process ran a program in a container. */
void ht_drift_note_run(struct ht_drift *drift, pid_t pid);
/* Tells of starts of which it is not known whose they were: at once, then at most once a minute
 * with their number. */
void ht_drift_tell_unplaced(struct ht_drift *drift);
/* Takes note of such a start. */
void ht_drift_add_unplaced(struct ht_drift *drift, const struct ht_exec_start *start);
/* Takes what the watch has; false if there was nothing. */
bool ht_drift_take_starts(struct ht_drift *drift);

#endif
