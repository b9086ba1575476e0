/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A slot: one source's thread, its inbox of requests and its hand-over. Layer 4 (engine), private.
 *
 * The source writes through the feed, the engine takes what is newest.  A slot is
 * reference-counted: a thread that hangs keeps its slot, the engine goes on without it.
 */
#ifndef HT_ENGINE_SLOT_H
#define HT_ENGINE_SLOT_H

#include "hulltop/base/error.h"
#include "hulltop/source/source.h"

struct ht_slot;

/* Called, from the source's thread, when there is something to take; must not block. */
typedef void (*ht_slot_ring)(void *context);

struct ht_slot_options {
    struct ht_driver driver; /* taken over */
    const struct ht_clock *clock;
    ht_slot_ring ring;
    void *context; /* must outlive the slot's thread; see ht_slot_detach */
};

/* What a source has handed over since the last take. */
struct ht_slot_news {
    struct ht_node *sample;  /* the newest, owned by the caller; NULL: none since */
    struct ht_rowset events; /* owned by the caller */
    uint64_t lost;           /* events that did not fit the queue */
    int64_t said_ns;         /* monotonic time of the newest sample, or of its last confirmation */
};

/* NULL with err if descriptors cannot be had; the driver is freed then. */
struct ht_slot *ht_slot_new(const struct ht_slot_options *options, struct ht_error *err);
int ht_slot_start(struct ht_slot *slot, struct ht_error *err);
const char *ht_slot_name(const struct ht_slot *slot);
int64_t ht_slot_interval(const struct ht_slot *slot);
/* Takes the news. */
void ht_slot_take(struct ht_slot *slot, struct ht_slot_news *ret_news);
/* Whether a sample says what another one said, but for when the source answered and how long that
 * took: it confirms that, and nobody has to make anything of it. Both sorted. */
bool ht_slot_confirms(const struct ht_node *before, const struct ht_node *fresh);
/* Puts a request into the inbox; equal ones wait once, a full inbox becomes one full pass.
 * Containers that find no room wait for ht_slot_settle. */
void ht_slot_request(struct ht_slot *slot, const struct ht_request *request);
/* Asks for those together, now and then; to be called often, with the monotonic time. */
void ht_slot_settle(struct ht_slot *slot, int64_t mono_ns);
/* True if the source gave no sign of life within its limit; ret_where is a constant text. */
bool ht_slot_is_stuck(struct ht_slot *slot, int64_t mono_ns, const char **ret_where);
/* Tells the source to end. */
void ht_slot_stop(struct ht_slot *slot);
/* Waits for its thread until the monotonic deadline; false: it hangs. After it the ring is not
 * called. */
bool ht_slot_join(struct ht_slot *slot, int64_t deadline_ns);
/* A driver in place of one whose thread hangs (design: one that skips what it hangs on); ops is
 * NULL if there is none. */
struct ht_driver ht_slot_renew(struct ht_slot *slot);
/* Drops the engine's reference. */
struct ht_slot *ht_slot_unref(struct ht_slot *slot);

#endif
