/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One look at one process under way, for the files that share it. Layer 3 (source), private. */
#ifndef HT_SOURCE_DRIFT_LOOK_H
#define HT_SOURCE_DRIFT_LOOK_H

#include "drift-inner.h"
#include "drift-script.h"

struct ht_drift_known;

/* The file that a process runs, as two calls show it. */
struct ht_drift_exe {
    struct ht_str path; /* empty: it was not seen */
    struct ht_str key;
    uint64_t size;
    int64_t changed_at;
};

/* The codes of the process: those of before, until they are found again, and those of now. */
struct ht_drift_looking {
    struct ht_drift *drift;
    struct ht_drift_process *process;
    struct ht_text_list argv, whole_argv;
    bool asked_whole_argv;
    bool asked_argv;   /* it was read, or the start told it */
    bool has_argv;     /* and is known */
    struct ht_str cwd; /* where it stands; empty: not told */
    bool asked_cwd, asked_environment;
    struct ht_str environment; /* owned; ht_drift_environment reads it */
    struct ht_vec fresh;
    bool mapped; /* its mappings were read */
    struct ht_drift_exe exe;
    struct ht_drift_known *known; /* what it runs was judged in this pass; NULL: it was not */
};

/* Looks at the file that a process of a container runs, and whether it is known. */
void ht_drift_read_exe(struct ht_drift_looking *looking);
/* The id of the code. */
struct ht_str ht_drift_known_id(const struct ht_drift_known *known);
/* What it runs was judged; what is the image's is known from now on. */
void ht_drift_known_add(struct ht_drift_looking *looking, const struct ht_code *code);

/* Reads a command line, masked, in the arena. False: nothing is known of it, as of a process that
 * has ended: that one's is empty. */
bool ht_drift_read_argv(struct ht_proc_reader *reader, pid_t pid, struct ht_arena *arena,
                        struct ht_text_list *ret_argv);
/* The process runs that code: the row's id, and the process where it matters, are added here. */
void ht_drift_keep(struct ht_drift_looking *looking, struct ht_code *code);
/* Something of that kind was not looked at, which the program at that path has or loads: a row of
 * it says so, and why. by as for ht_drift_judge_beside. */
void ht_drift_keep_unclear(struct ht_drift_looking *looking, struct ht_str exe,
                           enum ht_code_kind kind, struct ht_str by, const char *reason);
/* Its command line; read when it is needed: what most programs of an image are told is of no
 * interest here. Borrowed. */
const struct ht_text_list *ht_drift_argv(struct ht_drift_looking *looking);
/* The same with all of its words, and unmasked: not to be told. What rows keep is cut where it is
 * long, as class paths are, and a path may look like a secret. exe is its program's path: one that
 * is longer than is read is said of it. */
const struct ht_text_list *ht_drift_whole_argv(struct ht_drift_looking *looking, struct ht_str exe);
/* Its environment (/proc/PID/environ), all of it of one reading; empty: none, or it may not be
 * read. Borrowed, until the look ends. */
struct ht_str ht_drift_environment(struct ht_drift_looking *looking);
/* The look ends: what may hold secrets is wiped. */
void ht_drift_forget_environment(struct ht_drift_looking *looking);
/* What the judge is asked about a file of the process. */
struct ht_origin_ask ht_drift_ask(struct ht_drift_looking *looking, struct ht_str path,
                                  enum ht_code_kind kind);
/* Judges a file by the path that the process would open it by; false if it is not there, or is a
 * folder. */
bool ht_drift_judge_path(struct ht_drift_looking *looking, struct ht_str path,
                         enum ht_code_kind kind, struct ht_code *code);
/* The same by the path that the oldest process of its container would open it by; false also if it
 * is that one itself. */
bool ht_drift_judge_path_of_first(struct ht_drift_looking *looking, struct ht_str path,
                                  enum ht_code_kind kind, struct ht_code *code);
/* The same of a file that the process has open for reading under that number. */
bool ht_drift_judge_descriptor(struct ht_drift_looking *looking, unsigned number,
                               enum ht_code_kind kind, struct ht_code *code);
/* Looks at what the interpreter at that path was told to run. */
void ht_drift_judge_script(struct ht_drift_looking *looking, struct ht_str exe);
/* The same of a file that it loads beside its script; kept only where it is not the image's. by is
 * the variable or the argument that names it, unless it stands on the command line itself (empty).
 */
void ht_drift_judge_beside(struct ht_drift_looking *looking, struct ht_str interpreter,
                           const struct ht_script *loaded, struct ht_str by);
/* A path as seen from where the process stands, in the arena; empty: that is not known. */
struct ht_str ht_drift_whole_path(struct ht_drift_looking *looking, struct ht_str path);
/* Looks at what variables of its environment, files of arguments and whole folders have the
 * interpreter load. */
void ht_drift_judge_brought(struct ht_drift_looking *looking, struct ht_str exe);
/* Looks at what it maps to be executed (exe is its program's path), where that is due. */
void ht_drift_judge_maps(struct ht_drift_looking *looking, struct ht_str exe);
/* Appends what the mount namespace and the root of a process are known by. */
void ht_drift_root_key(struct ht_proc_reader *reader, pid_t pid, struct ht_buf *key);
/* Looks at what /etc/ld.so.preload and its environment have it load (exe is its program's path). */
void ht_drift_judge_environment(struct ht_drift_looking *looking, struct ht_str exe);

#endif
