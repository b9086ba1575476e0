/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Kubernetes API server of a node: who it is, and what its arguments, its manifest and its
 * distribution's configuration say. Layer 3 (source); any thread.
 *
 * Everything but ht_apiserver_find is pure. Words of command lines may hold secrets: they live in
 * an arena that the caller overwrites, and only the facts below leave it.
 */
#ifndef HT_SOURCE_APISERVER_H
#define HT_SOURCE_APISERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/base/root.h"
#include "hulltop/model/node.h"

enum ht_apiserver_program {
    HT_APISERVER_NONE,
    HT_APISERVER_KUBE,     /* kube-apiserver, hyperkube: its flags stand on its command line */
    HT_APISERVER_K3S,      /* k3s server: inside it */
    HT_APISERVER_RKE2,     /* rke2 server: starts one as a static pod */
    HT_APISERVER_KUBELITE, /* microk8s: flags in a file */
};

/* Words of /proc/PID/cmdline, NUL between them, borrowed from it. */
struct ht_text_list ht_apiserver_words(struct ht_str cmdline, struct ht_arena *arena);
/* Which program it is by its executable's path; where that is empty (could not be read), by the
 * first word. ret_flags (NULL allowed): index of the first word behind program and subcommand. */
enum ht_apiserver_program ht_apiserver_program(struct ht_str exe, struct ht_text_list words,
                                               size_t *ret_flags);
/* What a program's words say, with the defaults of what they leave out: fields of the row from
 * encryption_config on, and flavour. Texts go into the arena. */
void ht_apiserver_decode(enum ht_apiserver_program program, struct ht_text_list words,
                         struct ht_arena *arena, struct ht_apiserver *apiserver);
/* Value of a flag in words ("apiserver-args-file"), or empty; the last one counts. */
struct ht_str ht_apiserver_flag(struct ht_text_list words, const char *name);

/* ---- files that declare one ---- */

/* A path that a manifest mounts from the node. */
struct ht_host_path {
    struct ht_str inside;
    struct ht_str host;
};

/* What a file says: the words of a command line, and paths. */
struct ht_apiserver_manifest {
    enum ht_apiserver_program program;
    struct ht_text_list words; /* as in a process: the program first */
    struct ht_host_path *paths;
    size_t paths_len;
    struct ht_str unclear; /* why the words may be others, as what follows a colon; empty: they are
                            * these */
};

/* A static pod (YAML or JSON). False: it is none of an API server, or cannot be read. */
bool ht_apiserver_decode_pod(struct ht_str text, struct ht_arena *arena,
                             struct ht_apiserver_manifest *ret_manifest);
/* The words of another program of a static pod, itself first; false if it is none of it. */
bool ht_pod_decode_program(struct ht_str text, const char *program, struct ht_arena *arena,
                           struct ht_text_list *ret_words);
/* A file of flags, one or more a line (microk8s). */
struct ht_text_list ht_apiserver_decode_args_file(struct ht_str text, struct ht_arena *arena);
/* Keys of a k3s or rke2 config.yaml as flags: "--secrets-encryption=true". */
struct ht_text_list ht_apiserver_decode_rancher(struct ht_str text, struct ht_arena *arena);
/* Those of one file and of a later one, which replaces what it sets, lists too, unless its key ends
 * with "+". */
struct ht_text_list ht_apiserver_join_rancher(struct ht_text_list words, struct ht_text_list later,
                                              struct ht_arena *arena);
/* apiServerArguments of an OpenShift config.yaml, as flags. */
struct ht_text_list ht_apiserver_decode_openshift(struct ht_str text, struct ht_arena *arena);
/* Where a path of the container is on the node, by the manifest's mounts; itself if by none. */
struct ht_str ht_apiserver_host_path(const struct ht_apiserver_manifest *manifest,
                                     struct ht_str path, struct ht_arena *arena);
/* Names of the arguments in which two differ (what the manifest does not set counts as its
 * default). */
struct ht_text_list ht_apiserver_differences(const struct ht_apiserver *a,
                                             const struct ht_apiserver *b, struct ht_arena *arena);

/* ---- units ---- */

/* What specifiers of a unit stand for; what is empty is not known. */
struct ht_unit_host {
    struct ht_str hostname, machine_id;
};

/* A file of variables that a unit names. */
struct ht_unit_file {
    struct ht_str path; /* may be a pattern of glob(7) */
    bool is_optional;   /* the unit starts without it */
};

/* A systemd unit kube-apiserver.service, read as systemd reads it. text: the unit and what is
 * dropped into it, one behind the other, with a line "[]" in front of each but the first.
 * environment: its files of variables, one behind the other. False: it starts something else, which
 * may start one: unclear says so, and is empty where it starts nothing. */
bool ht_apiserver_decode_unit(struct ht_str text, struct ht_str environment,
                              const struct ht_unit_host *host, struct ht_arena *arena,
                              struct ht_apiserver_manifest *ret_manifest);
/* The unit's files of variables in the order in which they are read, in the arena. ret_unclear: why
 * it may be others, or empty. */
struct ht_unit_file *ht_apiserver_unit_files(struct ht_str text, const struct ht_unit_host *host,
                                             struct ht_arena *arena, size_t *ret_len,
                                             struct ht_str *ret_unclear);
#endif
