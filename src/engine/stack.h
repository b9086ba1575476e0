/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stack of a thread that rests most of the time: what its work took goes back to the kernel.
 * Layer 4 (engine), private; each belongs to its thread.
 */
#ifndef HT_ENGINE_STACK_H
#define HT_ENGINE_STACK_H

#include <stddef.h>
#include <stdint.h>

struct ht_stack {
    char *lowest; /* its lowest byte; NULL: not known, and all is left as it is */
    size_t size;
    unsigned rests;
};

/* That of the calling thread. */
void ht_stack_find(struct ht_stack *stack);
/* The thread is about to wait for so long (ns; negative: for good): what lies below the caller's
 * frame is given back before a long wait, and before a short one now and then. On another thread's
 * stack nothing is done. */
void ht_stack_rest(struct ht_stack *stack, int64_t timeout_ns);

#endif
