/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "hulltop/base/heap.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#if HAVE_MALLOPT
#include <malloc.h>
#endif

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum {
    STEP_BYTES = 256 * 1024,
    LARGE_BYTES_PASSING = 4 * 1024 * 1024,
    LEAP_BYTES_MAX = 2 * LARGE_BYTES_PASSING,
    LARGE_BYTES_STAYING = 32 * 1024,
    PAD_BYTES_STAYING = 128 * 1024
};

/* Below this address all pages of the heap are there; all of memory once nothing is filled ahead.
 */
static _Atomic uintptr_t filled = UINTPTR_MAX;
static bool is_passing; /* set before there are threads */

/* A size that was set no longer grows with what was freed. */
static void set_sizes(int large, int trim, int pad)
{
#if HAVE_MALLOPT
    (void)mallopt(M_MMAP_THRESHOLD, large);
    (void)mallopt(M_TRIM_THRESHOLD, trim);
    (void)mallopt(M_TOP_PAD, pad);
#else
    (void)large;
    (void)trim;
    (void)pad;
#endif
}

void ht_heap_init(void)
{
#if HAVE_MALLOPT
    (void)mallopt(M_ARENA_MAX, 1);
#endif
    set_sizes(LARGE_BYTES_PASSING, INT_MAX, STEP_BYTES);
    is_passing = true;

    /* What libraries left of their first step is filled too. */
    void *lowest = malloc(1);
    atomic_store(&filled, lowest ? (uintptr_t)lowest : UINTPTR_MAX);
    free(lowest);
}

void ht_heap_stay(void)
{
    set_sizes(LARGE_BYTES_STAYING, 2 * LARGE_BYTES_STAYING, PAD_BYTES_STAYING);
    is_passing = false;
    atomic_store(&filled, UINTPTR_MAX);
}

/* Two threads may fill the same pages: the second finds them there. */
static void fill(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t from = (atomic_load(&filled) + page - 1) / page * page;
    uintptr_t to = (uintptr_t)sbrk(0) / page * page;

    if (to <= from)
        return; /* a block that is mapped apart */
    if (to - from > LEAP_BYTES_MAX) {
        /* More than one allocation grows it by: this heap is not the one that sbrk tells of. */
        atomic_store(&filled, UINTPTR_MAX);
        return;
    }
    atomic_store(&filled, to);
    /* Linux before 5.14 does not know it; then they come one by one. */
    (void)madvise((char *)from, to - from, MADV_POPULATE_WRITE);
}

void ht_heap_took(const void *block, size_t bytes)
{
    if ((uintptr_t)block + bytes > atomic_load_explicit(&filled, memory_order_relaxed))
        fill();
}

bool ht_heap_stays(void)
{
    return !is_passing;
}
