/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What checks of running code share. Layer 3 (check), private; pure. */
#ifndef HT_CHECK_DRF_H
#define HT_CHECK_DRF_H

#include "hulltop/check/checking.h"

/* What to do where somebody's code may run: evidence first, then quiet, then clean. */
#define HT_DRF_RESPONSE                                                                            \
    "1. Save the evidence (e).\n"                                                                  \
    "2. Keep the pod but take it out of service: remove the label by which its Service and "       \
    "ReplicaSet select it (kubectl label pod POD LABEL-); a replacement starts.\n"                 \
    "3. Cut its way out: a NetworkPolicy for this pod alone that allows nothing.\n"                \
    "4. Only then freeze it: a frozen container fails its probe and is restarted.\n"               \
    "5. Deploy it again from the image.\n"                                                         \
    "6. Cordon the node (kubectl cordon NODE) if anything points at an escape."

/* The same of a container that no pod has. */
#define HT_DRF_CONTAINER_RESPONSE                                                                  \
    "1. Save the evidence (e).\n"                                                                  \
    "2. Start another one from the image, and let what stands in front of it send to that "        \
    "one.\n"                                                                                       \
    "3. Cut its way out: take it off its networks (docker network disconnect NETWORK ID).\n"       \
    "4. Only then pause it (docker pause ID): a health check may restart a paused one.\n"          \
    "5. Remove it when the evidence is safe.\n"                                                    \
    "6. Look at the node if anything points at an escape."

/* What runs on the node itself is no container's. */
#define HT_DRF_NODE_RESPONSE                                                                       \
    "1. Save the evidence (e), the program through /proc/PID/exe too.\n"                           \
    "2. Ask who started it: its unit or session, its parent, its user.\n"                          \
    "3. If nobody knows it: cordon the node and cut it off the network, but leave it on.\n"        \
    "4. Set it up anew: what ran on the node itself may have changed anything on it."

/* The code of a row, if it is of that kind and its origin is known; else NULL, and where the origin
 * cannot be told, that is said. */
const struct ht_code *ht_drf_open(struct ht_checking *checking, const struct ht_row *row,
                                  enum ht_code_kind kind);
/* Begins a finding about that code, with everything that is known of file and process as its
 * evidence; told apart by the path. Borrowed. */
struct ht_finding *ht_drf_fire(struct ht_checking *checking, const struct ht_code *code);
/* What to do, by where it runs: in a pod, in a container of no pod, on the node. */
void ht_drf_suit_fix(struct ht_finding *finding, bool on_node);
/* Adds that evidence alone. */
void ht_drf_show(struct ht_checking *checking, struct ht_finding *finding,
                 const struct ht_code *code);
/* The container it runs in, or NULL. */
const struct ht_container *ht_drf_container(const struct ht_checking *checking,
                                            const struct ht_code *code);
/* Changes the severity, and keeps the one it had. */
void ht_drf_weigh(struct ht_finding *finding, enum ht_severity severity);
/* In a build new code is what is made: such a finding is for information. */
void ht_drf_soften_build(struct ht_finding *finding);
/* In an init container what prepares the others is expected: such a finding is medium at most. */
void ht_drf_soften_init(struct ht_finding *finding);
/* Whether a command line is the declared one of the container's first program, or its end behind
 * programs that only start others: the shell of an entry point that works on beside the server that
 * it became. NULL is allowed. */
bool ht_drf_is_entry(const struct ht_container *container, const struct ht_text_list *argv);
/* The layer of a container, or NULL, and that is said: nobody compared what runs in it. */
const struct ht_layer *ht_drf_layer(struct ht_checking *checking, const struct ht_row *container);
/* Whether code of that origin was put there, or into memory, after the image was built. */
bool ht_drf_is_added(enum ht_code_origin origin);
/* Whether it lies outside of the image's own files: that, or a mount. */
bool ht_drf_is_foreign(enum ht_code_origin origin);
/* "runs" or "ran". */
const char *ht_drf_runs(const struct ht_code *code);

#endif
