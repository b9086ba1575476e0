/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host configuration source: what this node's daemons are told, listen on, and leave lying
 * around. Layer 3 (source); one pass belongs to one thread. Private to hostconf*.c.
 */
#ifndef HT_SOURCE_HOSTCONF_PRIVATE_H
#define HT_SOURCE_HOSTCONF_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "proc-change.h"
#include "hulltop/base/arena.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/root.h"
#include "hulltop/base/vec.h"
#include "hulltop/model/node.h"

/* A process of a program that is of interest here. */
struct ht_hostconf_process {
    uint64_t pid;
    struct ht_str name;        /* of its executable */
    struct ht_str exe;         /* empty if it could not be read */
    bool by_name;              /* so name is the process's own word for itself */
    bool has_words;            /* the command line could be read and is not empty */
    struct ht_text_list words; /* may hold secrets: in pass->scratch */
    int64_t started_at;        /* ns since 1970, 0: unknown */
    bool has_own_net;          /* not in the node's network namespace */
    bool has_fds;              /* its descriptors could be looked at */
    bool is_keeper;            /* it keeps secrets: no daemon whose listeners are judged */
};

/* A credential file: told if it is there and, where content is given, holds that. */
struct ht_hostconf_known {
    const char *folder; /* below a home where home is set */
    const char *ending; /* of its name; the whole name where exact */
    const char *content;
    const char *rule;
    bool home;
    bool exact;
};

/* What the kubelet is told about its own certificates. */
struct ht_hostconf_kubelet {
    const struct ht_hostconf_process *process; /* NULL: none runs */
    bool is_known;                             /* files and flags could all be read */
    bool rotates, serving_rotates;
    bool has_certificate;    /* it was given one to serve with */
    struct ht_str folder;    /* of its keys; empty: the usual one */
    struct ht_str bootstrap; /* file to join with; empty: the usual one */
};

struct ht_apiserver_manifest;
struct ht_hostconf_sockets;
struct ht_keepers;

/* One look at everything. */
struct ht_hostconf_pass {
    const struct ht_root *root; /* host files */
    const struct ht_root *proc; /* what "proc" is below: the same, or "/" where it is mounted */
    struct ht_node *sample;     /* gets the rows */
    struct ht_arena *arena;     /* facts: what rows are copied from */
    struct ht_arena *scratch;   /* bytes of files and command lines: overwritten at the end */
    struct ht_hostconf_process *processes;
    size_t processes_len;
    struct ht_hostconf_sockets *sockets;
    bool is_kernels;                     /* that "proc" is the running kernel's own */
    bool has_processes;                  /* there is a /proc with processes */
    struct ht_proc_ignored *ignored;     /* no daemons of interest; a walk of it was begun */
    struct ht_proc_ignored *silent;      /* whose arguments hold no secret; likewise */
    struct ht_str salt;                  /* key of the marks by which equal secrets are told */
    struct ht_rowset *exposures;         /* found when they were last looked for */
    struct ht_keepers *keepers;          /* what keeps secrets */
    bool inside;                         /* logs and copies are looked at too */
    struct ht_hostconf_layers *layers;   /* of the images that run */
    size_t inside_entries, inside_bytes; /* looked at for copies */
    int64_t interval_ns;                 /* until the next look */
    size_t cut;                          /* things that a limit left out */
    size_t denied;                       /* files that are there and could not be read */
    struct ht_str first_denied;
    int failed; /* why something else could not be looked at, -errno or 0 */
};

enum { HT_HOSTCONF_PROCESSES_MAX = 256 };

/* Fills processes: by executable where it can be read. */
void ht_hostconf_find_processes(struct ht_hostconf_pass *pass);
/* Adds rows of the API server and its encryption configuration. */
void ht_hostconf_find_apiserver(struct ht_hostconf_pass *pass);

/* Finds the node's unit of an API server. False: there is none, it is masked, or it starts nothing;
 * then ret_path is empty; or something else, which may start one: then there is a path, and the
 * manifest is unclear. Texts live in the arenas. */
bool ht_hostconf_find_unit(struct ht_hostconf_pass *pass, struct ht_str *ret_path,
                           struct ht_apiserver_manifest *ret_manifest);

/* Reads which sockets of the node wait for others, and which of the processes owns them. */
void ht_hostconf_find_sockets(struct ht_hostconf_pass *pass);
/* Called with each socket of a process. */
typedef void (*ht_hostconf_visit_socket)(void *context, const struct ht_hostconf_process *process,
                                         uint64_t inode);
/* Visits the sockets among a process's descriptors. 0, or -errno where these cannot be listed. */
int ht_hostconf_walk_sockets(struct ht_hostconf_pass *pass,
                             const struct ht_hostconf_process *process,
                             ht_hostconf_visit_socket visit, void *context);
/* Whether a socket of the process listens on the port of url. False: that cannot be told. */
bool ht_hostconf_is_listening(const struct ht_hostconf_pass *pass,
                              const struct ht_hostconf_process *process, struct ht_str url,
                              bool *ret_is);
/* Adds rows of sockets of these processes that nothing told of. */
void ht_hostconf_add_other_sockets(struct ht_hostconf_pass *pass);
/* Adds rows of what daemons were told to listen on. The API server must have been looked for. */
void ht_hostconf_find_listeners(struct ht_hostconf_pass *pass);
/* Adds rows of what keeps secrets. The API server must have been looked for. */
void ht_hostconf_find_keepers(struct ht_hostconf_pass *pass);
/* Notes the KMS plugins that an encryption configuration names. */
void ht_hostconf_note_plugins(struct ht_hostconf_pass *pass, struct ht_str text);
/* Adds rows of secrets in environments, command lines and layers to pass->exposures; expensive.
 * Now is monotonic. */
void ht_hostconf_find_process_secrets(struct ht_hostconf_pass *pass, int64_t now_ns);
/* Adds rows of secrets in the folders of pods to pass->exposures; expensive. */
void ht_hostconf_find_pod_secrets(struct ht_hostconf_pass *pass);
/* Adds rows of secrets in the ends of logs to pass->exposures. */
void ht_hostconf_find_log_secrets(struct ht_hostconf_pass *pass);
/* Adds rows of copies of secrets that a container with these mounts has, to pass->exposures. */
void ht_hostconf_look_copies(struct ht_hostconf_pass *pass, struct ht_str mountinfo,
                             struct ht_str container);
/* Adds the row of the kubelet. */
void ht_hostconf_add_kubelet(struct ht_hostconf_pass *pass,
                             const struct ht_hostconf_kubelet *kubelet);
/* Class of length of a value and, of one that cannot be guessed, the mark by which it is known. */
void ht_hostconf_mark(const struct ht_hostconf_pass *pass, struct ht_str value,
                      struct ht_exposure *exposure);
/* Files at usual places, in a static table. */
const struct ht_hostconf_known *ht_hostconf_known_files(size_t *ret_len);
/* Whether text is what known is about. */
bool ht_hostconf_is_credential(const struct ht_hostconf_known *known, struct ht_str text);

/* Layers of the images that run, each looked at once: they do not change, and what was found is
 * kept from one pass to the next. */
struct ht_hostconf_layers {
    struct ht_map *seen;       /* their paths */
    struct ht_map *containers; /* ids of those that were looked at */
    struct ht_rowset found;
    int64_t forget_ns; /* when all is looked at again, monotonic */
    /* Of the pass under way. */
    struct ht_hostconf_pass *pass;
    struct ht_vec met;    /* processes in containers; in the pass's arena */
    struct ht_map *tried; /* ids of those whose mounts were read in it */
    struct ht_buf text;   /* of the file that is looked at */
    size_t files, bytes;
    bool has_root_device; /* it was asked for */
    uint64_t root_device; /* of the node's root; 0: not known */
};
/* Empty; to be closed by ht_hostconf_layers_fini. */
void ht_hostconf_layers_init(struct ht_hostconf_layers *layers);
void ht_hostconf_layers_fini(struct ht_hostconf_layers *layers);
/* Everything is looked at again. */
void ht_hostconf_layers_forget(struct ht_hostconf_layers *layers);
/* Begins a pass at now (monotonic), which ht_hostconf_layers_end ends. */
void ht_hostconf_layers_begin(struct ht_hostconf_layers *layers, struct ht_hostconf_pass *pass,
                              int64_t now_ns);
/* That process is in that container, whose id is in the pass's arena. */
void ht_hostconf_layers_meet(struct ht_hostconf_layers *layers, uint64_t pid,
                             struct ht_str container);
/* Adds rows of credentials in the layers of all containers that were met to pass->exposures. */
void ht_hostconf_layers_end(struct ht_hostconf_layers *layers);

/* Adds rows of credential files, and of clients that do not check their servers. */
void ht_hostconf_find_files(struct ht_hostconf_pass *pass);
/* Adds rows of registries that are not checked. */
void ht_hostconf_find_registries(struct ht_hostconf_pass *pass);
/* Adds the row of a client that does not check name, as rule in the file at path says. */
void ht_hostconf_add_unverified(struct ht_hostconf_pass *pass, struct ht_str path,
                                struct ht_str name, const char *rule);

/* Reads /proc/PID/name into out, which it empties first. */
bool ht_hostconf_read_proc(struct ht_hostconf_pass *pass, uint64_t pid, const char *name,
                           struct ht_buf *out);
/* Counts a thing that is there and could not be read. */
void ht_hostconf_deny(struct ht_hostconf_pass *pass, struct ht_str path);
/* Notes why path, which is there, could not be looked at: r is 0 or -errno; what is not there is no
 * failure. */
void ht_hostconf_note_failure(struct ht_hostconf_pass *pass, int r, struct ht_str path);
/* Reads a small file of the host into scratch; false if it is not there or cannot be read, which
 * is counted. ret_stat may be NULL. */
bool ht_hostconf_read(struct ht_hostconf_pass *pass, struct ht_str path, struct ht_str *ret_text,
                      struct stat *ret_stat);
/* Names in a folder of the host in order, in the arena; those that begin with a dot are left out.
 */
struct ht_text_list ht_hostconf_list(struct ht_hostconf_pass *pass, const char *path);
/* Those that are like a pattern (fnmatch(3)), in an arena: 0, or -errno with what was found until
 * then. What may not be read is noted. */
int ht_hostconf_list_like(struct ht_hostconf_pass *pass, const char *path, const char *pattern,
                          struct ht_arena *arena, struct ht_text_list *ret_names);

#endif
