/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A look at very many processes that two threads share. Layer 3 (source); called by the thread that
 * owns the table.
 */
#ifndef HT_SOURCE_PROC_SHARE_H
#define HT_SOURCE_PROC_SHARE_H

#include <stdbool.h>
#include <stddef.h>

struct ht_proc_table;

enum { HT_PROC_SHARED_MIN = 128 /* so many must be due: a thread takes as long as some of them */ };

/* Reads all that is due (so many) together with a second thread, which has ended when this returns.
 * False: nothing was read, for it would not be worth it, or cannot be. */
bool ht_proc_share(struct ht_proc_table *table, size_t due);

#endif
