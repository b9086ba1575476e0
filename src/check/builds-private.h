/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files that find, compare and grade builds. Layer 3 (check), private; pure. */
#ifndef HT_CHECK_BUILDS_PRIVATE_H
#define HT_CHECK_BUILDS_PRIVATE_H

#include "hulltop/base/arena.h"
#include "hulltop/base/vec.h"
#include "hulltop/check/builds.h"

/* Names listed of those that something is shared with, and shares listed of one build. */
enum { BUILD_NAMES_MAX = 20, BUILD_SHARES_MAX = 40 };

struct building;

/* A container that runs. */
struct build_member {
    const struct ht_container *container;
    const struct ht_process *init;         /* NULL: not seen */
    const struct ht_fact_builder *system;  /* of what it builds; NULL: nothing */
    struct ht_str signal;                  /* that decided */
    enum ht_confidence confidence;         /* in it */
    const struct ht_fact_builder *inside;  /* a builder's program runs in it */
    struct ht_str inside_program;          /* namely this one */
    bool idle;                             /* nothing but idle programs runs in it */
    bool application;                      /* what builds must be kept from */
    const struct ht_fact_neighbour *store; /* part of the control plane, or a store of secrets */
    struct building *build;                /* that it is of */
};

/* One build while its row is made. */
struct building {
    struct ht_build row;
    const struct ht_fact_builder *system; /* NULL: known by a process alone */
    struct ht_vec members;                /* struct build_member *, borrowed */
    struct ht_vec processes;              /* const struct ht_process * of the node itself */
    const struct ht_process *client;      /* that had it started; NULL: not known */
    const struct build_member *asker;     /* the container that client runs in */
    bool by_engine;                       /* the daemon that runs the applications builds it */
    bool busy;
    bool chroot; /* its steps are processes of the node with another root directory */
};

/* A node while its builds are looked for. */
struct builds {
    struct ht_node *node;
    const struct ht_facts *facts;
    const struct ht_host *host;
    struct ht_arena *arena;
    struct build_member *members;
    size_t members_len;
    struct ht_map *by_container;      /* id to struct build_member */
    struct ht_map *programs;          /* name to struct build_program */
    const struct ht_process **by_pid; /* sorted by pid */
    size_t by_pid_len;
    struct ht_vec found;   /* struct building *, in the arena */
    struct ht_vec clients; /* const struct ht_process * that have something built */
    struct ht_vec stores;  /* const struct ht_fact_neighbour * that run here, each once */
    size_t applications;
};

/* What the name of a program stands for; NULL where it is nothing of the kind. */
struct build_program {
    const struct ht_fact_builder *inside;
    const struct ht_fact_builder *host;
    const struct ht_fact_neighbour *store;
    bool client;
};

/* ---- builds.c ---- */

/* A new build, in the arena. */
struct building *ht_building_add(struct builds *builds);
/* The process with that pid, or NULL. */
const struct ht_process *ht_builds_process(const struct builds *builds, uint64_t pid);
/* The container that a process is in, or NULL. */
struct build_member *ht_builds_member(const struct builds *builds,
                                      const struct ht_process *process);
/* What the program of a process is called. */
struct ht_str ht_builds_program(const struct ht_process *process);
/* How people call a container: by its pod, owner or name. */
struct ht_str ht_builds_name(const struct ht_container *container);
/* Whether a build waits for work, so far as is seen. */
bool ht_building_is_idle(const struct building *building);

/* ---- builds-find.c: containers ---- */

/* What kind of build a container declares itself to be. */
void ht_builds_detect(const struct builds *builds, struct build_member *member);
/* Name, repository and trigger, from labels and environment. */
void ht_builds_describe_job(const struct builds *builds, struct building *building);

/* ---- builds-host.c: processes ---- */

/* Reads all processes: builders in containers, builders and clients of the node, stores. */
void ht_builds_read_processes(struct builds *builds);
/* Builds that run outside of containers, and who had which build started. */
void ht_builds_find_host(struct builds *builds);

/* ---- builds-share.c, builds-grade.c ---- */

void ht_builds_set_shares(const struct builds *builds, struct building *building);
void ht_builds_set_grade(const struct builds *builds, struct building *building);
/* The mounts of a container that give a path of the node: declared, or else the kernel's. */
const struct ht_mount_list *ht_builds_mounts(const struct ht_container *container);
/* Path of the node that a mount gives and that the runtime did not put there itself, or empty. */
struct ht_str ht_builds_path(const struct ht_mount *mount);
/* The runtime's socket that a mount gives, or NULL. */
const struct ht_fact_socket *ht_builds_socket(const struct builds *builds,
                                              const struct ht_container *container,
                                              const struct ht_mount *mount);
/* Whether the container runs in a kernel of its own, and which runtime proves it. */
const struct ht_fact_runtime *ht_builds_sandbox(const struct builds *builds,
                                                const struct build_member *member);
/* Whether a taint keeps everything but builds from the node. */
bool ht_host_is_reserved(const struct ht_host *host);

#endif
