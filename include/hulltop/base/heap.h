/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the allocator of the C library works for a program of many threads that rest. Layer 1 (base).
 */
#ifndef HT_BASE_HEAP_H
#define HT_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* Called once, before there are threads. They share one heap, for they are seldom busy together and
 * would leave holes in several. It serves what is over in a moment: it grows in steps of 256 KiB
 * whose pages are asked for at once, for one by one each costs up to ten times as much, and gives
 * nothing back. */
void ht_heap_init(void);
/* Called besides, likewise, by what stays for hours: pages come as they are used, what is free goes
 * back to the kernel, and scratch of a few pages is mapped apart, so that it leaves no holes
 * between the rows that stay. */
void ht_heap_stay(void);
/* Told of each block that was allocated. Thread-safe, as all below. */
void ht_heap_took(const void *block, size_t bytes);
/* Whether what is freed goes back to the kernel. */
bool ht_heap_stays(void);

#endif
