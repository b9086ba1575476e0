/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fact tables: what is known about capabilities, paths, sockets, builders, system workloads.
 * Layer 3 (check). Immutable after loading; any thread.
 *
 * Each is a file src/facts/NAME.yaml with a date and a source, compiled in as a tree; a trusted
 * file of the same name in the configuration folders replaces one.
 */
#ifndef HT_CHECK_FACTS_H
#define HT_CHECK_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hulltop/base/builtin.h"
#include "hulltop/base/error.h"
#include "hulltop/base/str.h"
#include "hulltop/model/field.h"
#include "hulltop/model/rows.h"

struct ht_facts;

/* The compiled-in fact tables, ended by a NULL name. */
const struct ht_builtin *ht_facts_builtin(void);

/* Loads all tables. folders: NULL-terminated list of folders to look for replacements in, first one
 * wins (NULL: none). Fails with "FILE:LINE: cause" when a replacement is wrong or not trusted. */
int ht_facts_load(const char *const *folders, struct ht_facts **ret_facts, struct ht_error *err);
/* NULL is allowed; returns NULL. */
struct ht_facts *ht_facts_free(struct ht_facts *facts);

/* ---- what the tables say; everything is borrowed from facts ---- */

/* A capability, and what it is worth to somebody who wants the node. */
struct ht_fact_capability {
    struct ht_str name;    /* "SYS_ADMIN" */
    uint64_t tier;         /* 1 root in one or two steps, 2 a part of the node, 3 inside only */
    int needs;             /* enum ht_fact_needs */
    struct ht_str gives;   /* what its holder can do */
    struct ht_str instead; /* what to give in its place; may be empty */
};

/* Without this a capability is worth one tier less. */
enum ht_fact_needs {
    HT_FACT_NEEDS_NOTHING,
    HT_FACT_NEEDS_HOST_PID,
    HT_FACT_NEEDS_HOST_FILES,
    HT_FACT_NEEDS_DEVICES,
};

/* The capability of that bit, or NULL. */
const struct ht_fact_capability *ht_facts_capability(const struct ht_facts *facts, unsigned bit);
/* Its tier, 0 if the table does not know it. */
unsigned ht_facts_cap_tier(const struct ht_facts *facts, unsigned bit);
/* Capabilities that a runtime ("docker") gives when nobody asks; of one that is not known, all that
 * any of them gives. */
uint64_t ht_facts_default_caps(const struct ht_facts *facts, struct ht_str runtime);
/* Capabilities that whoever is as wide as privileged has. */
uint64_t ht_facts_wide_caps(const struct ht_facts *facts);

enum ht_fact_path_kind {
    HT_FACT_PATH_CODE,
    HT_FACT_PATH_FILES,
    HT_FACT_PATH_KUBELET,
    HT_FACT_PATH_MANIFESTS,
    HT_FACT_PATH_MASTERS,
    HT_FACT_PATH_RUNTIME_DATA,
    HT_FACT_PATH_LOGS,
    HT_FACT_PATH_KERNEL,
};

enum ht_fact_device_kind {
    HT_FACT_DEVICE_BLOCK,
    HT_FACT_DEVICE_MEMORY,
    HT_FACT_DEVICE_OTHER,
    HT_FACT_DEVICE_ALIKE, /* one of the entry is as good as all of them */
};

/* Of which nodes a path is. */
enum ht_fact_of {
    HT_FACT_OF_ANY,
    HT_FACT_OF_KUBELET, /* with a kubelet; all of that list are */
    HT_FACT_OF_CNI,     /* with a runtime that runs network plugins */
    /* With a kubelet; what makes one an administrator is there where an API server runs. */
    HT_FACT_OF_APISERVER,
};

/* A path of the node; kind is of the list it stands in. */
struct ht_fact_path {
    struct ht_str path;
    int match; /* 0: with what is below, 1: itself alone */
    int kind;  /* enum ht_fact_path_kind, or of a device enum ht_fact_device_kind */
    int of;    /* enum ht_fact_of */
    struct ht_str gives;
};

enum ht_fact_paths {
    HT_FACT_PATHS_WRITABLE, /* who may write there is root on the node */
    HT_FACT_PATHS_READABLE, /* who may read there knows too much */
    HT_FACT_PATHS_KUBELET,  /* the node's identity in the cluster */
    HT_FACT_PATHS_COUNT,
};

/* The entry that a mount of path opens: path itself, a folder above it (tree), or else the first
 * one that lies inside path. NULL: none. */
const struct ht_fact_path *ht_facts_path(const struct ht_facts *facts, enum ht_fact_paths list,
                                         struct ht_str path);
/* The same on a node without what absent names (1 << enum ht_fact_of): what is of that does not lie
 * inside others there. */
const struct ht_fact_path *ht_facts_path_without(const struct ht_facts *facts,
                                                 enum ht_fact_paths list, struct ht_str path,
                                                 unsigned absent);
/* Harmless when read-only. */
bool ht_facts_path_is_benign(const struct ht_facts *facts, struct ht_str path);
/* The entry of a device file of the host, or NULL. */
const struct ht_fact_path *ht_facts_device(const struct ht_facts *facts, struct ht_str path);
/* Whether that of an entry (NULL is allowed) holds the bytes of the node: a disk or memory. */
bool ht_facts_device_is_raw(const struct ht_fact_path *device);

/* A socket that controls containers or the node. */
struct ht_fact_socket {
    struct ht_str path;
    struct ht_str kind; /* "docker" */
    struct ht_str name; /* "Docker daemon" */
    int power;          /* 0: root on the node, 1: control of a part */
};

/* The socket at that path (/var/run counts as /run), or NULL. */
const struct ht_fact_socket *ht_facts_socket(const struct ht_facts *facts, struct ht_str path);
/* The first socket whose file name is that of path, wherever it lies, or NULL. */
const struct ht_fact_socket *ht_facts_socket_named(const struct ht_facts *facts,
                                                   struct ht_str path);
/* Steps through the sockets that lie below directory: NULL at the end. *at begins at 0. */
const struct ht_fact_socket *ht_facts_socket_below(const struct ht_facts *facts,
                                                   struct ht_str directory, size_t *at);

/* A path that runtimes hide or make read-only. */
struct ht_fact_mask {
    struct ht_str path;
    bool core; /* in the list of every release */
    struct ht_str shows;
};
/* Hidden ones, or those made read-only; the count is put into *ret_len. */
const struct ht_fact_mask *ht_facts_masks(const struct ht_facts *facts, bool readonly,
                                          size_t *ret_len);

enum ht_fact_runtime_kind {
    HT_FACT_RUNTIME_PLAIN,
    HT_FACT_RUNTIME_VM,
    HT_FACT_RUNTIME_USER_KERNEL,
    HT_FACT_RUNTIME_WASM,
    HT_FACT_RUNTIME_USERNS,
};

/* An OCI runtime or handler. */
struct ht_fact_runtime {
    struct ht_str name;
    int kind; /* enum ht_fact_runtime_kind */
    struct ht_text_list names;
    struct ht_text_list shims;     /* programs of the node that stand for one of its containers */
    struct ht_text_list processes; /* what the node sees in place of the container's program */
};
/* All of them; the count is put into *ret_len. */
const struct ht_fact_runtime *ht_facts_runtimes(const struct ht_facts *facts, size_t *ret_len);
/* The runtime of that handler, or NULL. */
const struct ht_fact_runtime *ht_facts_runtime(const struct ht_facts *facts, struct ht_str handler);

/* Whether a container may have that kernel setting without harm to others. */
bool ht_facts_sysctl_is_safe(const struct ht_facts *facts, struct ht_str name);

enum ht_fact_role { HT_FACT_ROLE_JOB, HT_FACT_ROLE_BUILDER, HT_FACT_ROLE_RUNNER };

/* A build system and how its jobs are known. */
struct ht_fact_builder {
    struct ht_str name;
    struct ht_str id; /* "gitlab" */
    int role;         /* enum ht_fact_role */
    bool pipeline;    /* its steps are of all kinds, builds or not */
    struct ht_text_list labels;
    struct ht_text_list images;
    struct ht_text_list processes;
    struct ht_text_list env;
    struct ht_text_list inside; /* programs that tell wherever they run in a container */
    struct ht_text_list host;   /* programs that tell outside of containers */
    struct ht_text_list idle;   /* programs of one that has nothing to do */
    struct ht_text_list units;
    struct ht_text_list job; /* names of labels or environment that tell the job's name */
    struct ht_text_list repository;
    struct ht_text_list trigger;
};
/* All of them; the count is put into *ret_len. */
const struct ht_fact_builder *ht_facts_builders(const struct ht_facts *facts, size_t *ret_len);

/* A program that has something built: which, and by which word of its command line. */
struct ht_fact_client {
    struct ht_str name;
    struct ht_str id;
    struct ht_text_list programs;
    struct ht_text_list words;
};
/* All of them; the count is put into *ret_len. */
const struct ht_fact_client *ht_facts_clients(const struct ht_facts *facts, size_t *ret_len);
/* The client whose command line that is, or NULL. */
const struct ht_fact_client *ht_facts_client(const struct ht_facts *facts,
                                             const struct ht_text_list *argv);

/* A part of the cluster, or a store of secrets, that no build should run beside. */
struct ht_fact_neighbour {
    struct ht_str name;
    struct ht_text_list processes;
    struct ht_text_list images;
};
/* All of them; the count is put into *ret_len. */
const struct ht_fact_neighbour *ht_facts_neighbours(const struct ht_facts *facts, size_t *ret_len);

/* What is known of the versions of a builder. */
struct ht_fact_version {
    struct ht_str name;
    struct ht_text_list images;
    struct ht_str fixed; /* the first version without known holes; may be empty */
    struct ht_str ended; /* when its project ended; may be empty */
    struct ht_text_list ids;
};
/* That of an image, or NULL. */
const struct ht_fact_version *ht_facts_version(const struct ht_facts *facts, struct ht_str image);

/* Whether that trigger lets a stranger say what is built. */
bool ht_facts_is_untrusted(const struct ht_facts *facts, struct ht_str trigger);
/* Whether an environment variable of that name holds a key to something beyond a build. */
bool ht_facts_is_credential(const struct ht_facts *facts, struct ht_str name);
/* Whether a path inside a container is usually a credential. */
bool ht_facts_is_credential_file(const struct ht_facts *facts, struct ht_str path);

/* A check that a known workload ships with, and what it is about there. */
struct ht_fact_allowance {
    struct ht_str check;
    struct ht_text_list objects;
};
struct ht_fact_allowances {
    const struct ht_fact_allowance *items;
    size_t len;
};
/* A known system workload; empty text and lists are not looked at. */
struct ht_fact_workload {
    struct ht_str name;
    struct ht_str namespace;
    struct ht_str owner;
    struct ht_text_list labels;
    struct ht_text_list images;
    struct ht_str command;
    struct ht_fact_allowances checks;
};
/* All of them; the count is put into *ret_len. */
const struct ht_fact_workload *ht_facts_workloads(const struct ht_facts *facts, size_t *ret_len);

/* A package manager, the words by which it changes something, and those by which it does not. */
struct ht_fact_manager {
    struct ht_text_list programs;
    struct ht_text_list verbs;
    struct ht_text_list looks;
};
/* Lists of programs, by what they do. */
enum ht_fact_programs {
    HT_FACT_PROGRAMS_DOWNLOAD,
    HT_FACT_PROGRAMS_SHELL,
    HT_FACT_PROGRAMS_INTERPRETER,
    HT_FACT_PROGRAMS_RELAY, /* what connects a stream to a socket */
    HT_FACT_PROGRAMS_SERVER,
    HT_FACT_PROGRAMS_TOOL,          /* of those who look around and break in */
    HT_FACT_PROGRAMS_JAVA_SERVER,   /* archives and classes that Java runs, for others to call */
    HT_FACT_PROGRAMS_JAVA_WORKER,   /* likewise, that start shells for their work */
    HT_FACT_PROGRAMS_JAVA_UNPACKED, /* native libraries that Java writes to load them */
    HT_FACT_PROGRAMS_SSH,           /* servers that let people in */
    HT_FACT_PROGRAMS_READER,
    HT_FACT_PROGRAMS_MONITOR,   /* of container runtimes: parents of what runs in containers */
    HT_FACT_PROGRAMS_THREAD,    /* names of kernel threads */
    HT_FACT_PROGRAMS_NODE_PART, /* what a node runs for its containers */
    HT_FACT_PROGRAMS_COMPILER,  /* what makes code while it runs */
    HT_FACT_PROGRAMS_COMPILER_LIBRARY, /* likewise, for the program that maps it */
    HT_FACT_PROGRAMS_COUNT,
};
/* Whether the file at that path, by its name, is in the list. */
bool ht_facts_program_is(const struct ht_facts *facts, enum ht_fact_programs list,
                         struct ht_str path);
/* Whether that command line has a package manager change something: its name and the verb, borrowed
 * from argv. A manager that is a script is found behind its interpreter, or in the title that it
 * gave its process. */
bool ht_facts_manager_at_work(const struct ht_facts *facts, struct ht_str exe,
                              const struct ht_text_list *argv, struct ht_str *ret_name,
                              struct ht_str *ret_verb);
/* Whether the file at that path has the name of a miner. */
bool ht_facts_is_miner(const struct ht_facts *facts, struct ht_str path);
/* The first word that only a miner is given: a switch, a wallet, a pool to mine for; empty: none.
 */
struct ht_str ht_facts_miner_word(const struct ht_facts *facts, const struct ht_text_list *argv);
/* The first word that names a mining pool, for whatever reason; empty: none. */
struct ht_str ht_facts_pool_word(const struct ht_facts *facts, const struct ht_text_list *argv);
/* Whether mining pools use that port ("3333"). */
bool ht_facts_is_pool_port(const struct ht_facts *facts, struct ht_str port);

enum ht_fact_on { HT_FACT_ON_MOUNT, HT_FACT_ON_MEMORY };

/* A tool that puts code into containers of others. */
struct ht_fact_injector {
    struct ht_str name;
    int on; /* enum ht_fact_on */
    struct ht_text_list paths;
};
/* The one that puts code of that origin at that path, or NULL. */
const struct ht_fact_injector *ht_facts_injector(const struct ht_facts *facts, struct ht_str path,
                                                 enum ht_code_origin origin);

/* A release line and until when it is supported; days as "YYYY-MM-DD", empty: none is known. */
struct ht_fact_cycle {
    struct ht_str product;
    struct ht_str cycle; /* beginning of its versions: "12", "1.30" */
    struct ht_str name;  /* "bookworm" */
    struct ht_str end;
    struct ht_str security;
    struct ht_str paid;
};
/* The line that version belongs to, the longest one that matches, or NULL. */
const struct ht_fact_cycle *ht_facts_cycle(const struct ht_facts *facts, struct ht_str product,
                                           struct ht_str version);
/* Whether the table of support has a line of that product, or of the one a component belongs to. */
bool ht_facts_support_is_about(const struct ht_facts *facts, struct ht_str name);
/* The day that the table of support is of. */
struct ht_str ht_facts_support_date(const struct ht_facts *facts);

/* A known hole in a component of the container stack. */
struct ht_fact_hole {
    struct ht_str component;
    struct ht_str id;
    struct ht_text_list ranges; /* "FROM FIXED" */
    bool escape;                /* a container's way onto the node */
};
/* All of them; the count is put into *ret_len. */
const struct ht_fact_hole *ht_facts_holes(const struct ht_facts *facts, size_t *ret_len);
/* The hole of that id in that component, or NULL. */
const struct ht_fact_hole *ht_facts_hole(const struct ht_facts *facts, struct ht_str component,
                                         struct ht_str id);
/* Whether the table is about that component at all. */
bool ht_facts_stack_knows(const struct ht_facts *facts, struct ht_str component);
/* The day that the table of holes is of. */
struct ht_str ht_facts_stack_date(const struct ht_facts *facts);

/* ---- comparing, as the tables mean it ---- */

/* Whether text is like pattern, where a * stands for any run of bytes without a slash. */
bool ht_facts_is_like(struct ht_str pattern, struct ht_str text);
/* Whether it is like one of them. */
bool ht_facts_has_like(const struct ht_text_list *patterns, struct ht_str text);
/* Whether text is pattern, or begins with it where it ends in a *. */
bool ht_facts_begins_like(struct ht_str pattern, struct ht_str text);
/* A host path without "/var" in front of "/run" and without a slash at its end; borrowed. */
struct ht_str ht_facts_plain_path(struct ht_str path);
/* Whether an image reference is of that repository: registry defaults, tag and digest are left
 * aside; a pattern with a colon compares the tag too. */
bool ht_facts_image_is(struct ht_str pattern, struct ht_str image);

#endif
