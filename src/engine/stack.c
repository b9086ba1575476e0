/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stack.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hulltop/base/clock.h"

enum {
    MARGIN = 4096, /* below the frame: what the call itself needs */
    FIRST = 8,     /* short waits before the first time, and between two times */
    EVERY = 64
};

#define LONG_NS (5 * HT_NS_PER_S)

void ht_stack_find(struct ht_stack *stack)
{
    pthread_attr_t attributes;
    void *lowest;
    size_t size;

    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    if (pthread_attr_getstack(&attributes, &lowest, &size) == 0) {
        stack->lowest = lowest;
        stack->size = size;
    }
    pthread_attr_destroy(&attributes);
}

void ht_stack_rest(struct ht_stack *stack, int64_t timeout_ns)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    uintptr_t lowest = (uintptr_t)stack->lowest;
    uintptr_t start = (lowest + page - 1) / page * page;
    uintptr_t end = (here - MARGIN) / page * page;

    if (!stack->lowest || here < lowest || here - lowest >= stack->size)
        return; /* another thread's, who may need what lies there */
    if (timeout_ns >= 0 && timeout_ns < LONG_NS && stack->rests++ % EVERY != FIRST)
        return;
    if (start < end)
        (void)madvise((void *)start, end - start, MADV_DONTNEED);
}
