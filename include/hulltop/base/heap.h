/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the allocator of the C library works for a program of many threads that rest. Layer 1 (base).
 */
#ifndef HT_BASE_HEAP_H
#define HT_BASE_HEAP_H

/* Called once, before there are threads: bodies of answers, which are large and short-lived, go
 * back to the kernel at once, and threads that are seldom busy together share one heap instead of
 * leaving holes in several. */
void ht_heap_init(void);
/* Called besides, likewise, by what stays for hours: scratch of a few pages is mapped apart too, so
 * that it leaves no holes between the rows that stay. Faults of such pages make what is over in a
 * moment slower by a twentieth. */
void ht_heap_stay(void);

#endif
