/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the Container Runtime Interface (cri.proto) to rows. Layer 3 (source), private; pure.
 * Secrets are masked here.
 */
#ifndef HT_SOURCE_CRI_DECODE_H
#define HT_SOURCE_CRI_DECODE_H

#include "containerd-decode.h"

/* Version. Borrowed from the arena. */
int ht_cri_decode_version(struct ht_arena *arena, struct ht_str message, struct ht_str *ret_name,
                          struct ht_str *ret_version, struct ht_error *err);

/* A container or a pod's sandbox, as the lists have it; texts are borrowed from the arena. */
struct ht_cri_listed {
    struct ht_str id;      /* is one */
    struct ht_str sandbox; /* of a container: its pod's; of a sandbox: empty */
    bool is_sandbox;
    uint64_t fingerprint;      /* changes with the state */
    struct ht_container *base; /* what the list tells */
};
struct ht_cri_list {
    struct ht_cri_listed *items;
    size_t len;
};
/* The answers of ListPodSandbox and ListContainers. */
struct ht_cri_answers {
    struct ht_str pods, containers;
};
/* Sandboxes first. context->namespace is not used; context->runtime is what the rows name as
 * theirs. */
int ht_cri_decode_lists(struct ht_arena *arena, const struct ht_cri_answers *answers,
                        const struct ht_containerd_context *context, struct ht_cri_list *ret_list,
                        struct ht_error *err);

/* A verbose ContainerStatus or PodSandboxStatus: the row with specification and process id. Without
 * a specification in it, -ENODATA and the row of what the list tells; HT_CRI_NO_PROCESS: a pod
 * that no process stands for, so that its row is no container's. Owned by the caller. */
enum { HT_CRI_NO_PROCESS = 1 };
int ht_cri_decode_status(struct ht_arena *arena, struct ht_str message,
                         const struct ht_cri_listed *listed, struct ht_row **ret_row,
                         struct ht_error *err);

/* Appends the request of both. */
void ht_cri_encode_status(struct ht_buf *out, struct ht_str id);

#endif
