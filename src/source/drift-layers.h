/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The containers whose processes were seen, one row each for their writable layer.
 * Layer 3 (source), of the source "drift"; its thread.
 */
#ifndef HT_SOURCE_DRIFT_LAYERS_H
#define HT_SOURCE_DRIFT_LAYERS_H

#include "origin.h"
#include "hulltop/base/buf.h"
#include "hulltop/source/source.h"

struct ht_layers;
struct ht_layers_entry;

struct ht_layers *ht_layers_new(void);
/* NULL is allowed; returns NULL. */
struct ht_layers *ht_layers_free(struct ht_layers *layers);

/* The container of that id, with one process more, which started at those ticks since boot. Valid
 * until ht_layers_leave was called as often. by_kin: as below. */
struct ht_layers_entry *ht_layers_join(struct ht_layers *layers, struct ht_str container_id,
                                       uint64_t start, bool by_kin);
void ht_layers_leave(struct ht_layers *layers, struct ht_layers_entry *entry);
/* That process of it is gone. */
void ht_layers_gone(struct ht_layers_entry *entry, pid_t pid);
/* It has that process, started then (ticks since boot): it is looked at through its oldest. What
 * only its ancestors say, or a group that a user named (by_kin), any user can make them say: it
 * stands behind all others. */
void ht_layers_offer(struct ht_layers_entry *entry, pid_t pid, uint64_t start, bool by_kin);
/* The container of that id, or NULL. */
struct ht_layers_entry *ht_layers_find(const struct ht_layers *layers, struct ht_str container_id);
/* Calls visit for each container, in no order, until it returns true; that one, or NULL. */
struct ht_layers_entry *ht_layers_first(const struct ht_layers *layers,
                                        bool (*visit)(void *context,
                                                      const struct ht_layers_entry *entry),
                                        void *context);
/* The oldest of its processes that are known; 0: none. It may have ended since. */
pid_t ht_layers_pid(const struct ht_layers_entry *entry);
/* Its writable directory on the node as it was looked at last; empty: none, or not found. Borrowed.
 * False: it was not looked at yet. */
bool ht_layers_upper(const struct ht_layers_entry *entry, struct ht_str *ret_upper);
/* Its id; borrowed. */
struct ht_str ht_layers_id(const struct ht_layers_entry *entry);
/* When the first of its processes started, ticks since boot; of those that are its own by kin alone
 * only while there was no other. */
uint64_t ht_layers_since(const struct ht_layers_entry *entry);

/* A process of it was looked at, or could not be. */
void ht_layers_looked(struct ht_layers_entry *entry, bool unread);
/* A program that was started in a container. */
struct ht_layers_start {
    int64_t at; /* wall time */
    struct ht_str program;
    struct ht_text_list argv; /* masked; may be empty */
};
/* Keeps it among the newest of its container. */
void ht_layers_started(struct ht_layers_entry *entry, const struct ht_layers_start *start);
/* What was started there in the minute before that time (wall), newest first; in the arena. */
struct ht_program_start_list ht_layers_before(const struct ht_layers_entry *entry, int64_t at,
                                              struct ht_arena *arena);
/* Looks at the layers that are due by now (monotonic), through a process of each, and gives a sign
 * of life for each. */
void ht_layers_look(struct ht_layers *layers, struct ht_origin *origin, int64_t now_ns,
                    int64_t now_wall_ns, struct ht_feed *feed);
bool ht_layers_changed(const struct ht_layers *layers);
/* How many containers there are. */
size_t ht_layers_count(const struct ht_layers *layers);
/* Processes that could not be read when their layer was looked at last. */
size_t ht_layers_unread(const struct ht_layers *layers);
/* Adds all rows to a sample. */
void ht_layers_put(struct ht_layers *layers, struct ht_node *sample);

#endif
