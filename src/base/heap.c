/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "hulltop/base/heap.h"

#if HAVE_MALLOPT
#include <malloc.h>
#endif

enum { LARGE_BYTES = 128 * 1024, LARGE_BYTES_STAYING = 32 * 1024 };

static void map_apart(int bytes)
{
#if HAVE_MALLOPT
    /* The threshold, once set, no longer grows with what was freed. */
    (void)mallopt(M_MMAP_THRESHOLD, bytes);
    (void)mallopt(M_TRIM_THRESHOLD, 2 * bytes);
#else
    (void)bytes;
#endif
}

void ht_heap_init(void)
{
    map_apart(LARGE_BYTES);
#if HAVE_MALLOPT
    (void)mallopt(M_ARENA_MAX, 1);
#endif
}

void ht_heap_stay(void)
{
    map_apart(LARGE_BYTES_STAYING);
}
