/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "hulltop/base/heap.h"

#if HAVE_MALLOPT
#include <malloc.h>
#endif

enum { LARGE_BYTES = 128 * 1024 };

void ht_heap_init(void)
{
#if HAVE_MALLOPT
    /* The threshold, once set, no longer grows with what was freed. */
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, 2 * LARGE_BYTES);
    (void)mallopt(M_ARENA_MAX, 1);
#endif
}
