/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line and the environment of a process in one call, where its stat tells where they
 * lie: opening, reading and closing a file for each of them costs four times as much.
 * Layer 3 (source); any thread.
 */
#ifndef HT_SOURCE_PROC_WORDS_H
#define HT_SOURCE_PROC_WORDS_H

#include <stdint.h>
#include <sys/types.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/str.h"

/* In the memory of a process: its arguments, and its environment behind them. */
struct ht_proc_words {
    uint64_t at;                    /* address; 0: not told, or not in a row */
    uint32_t argv_len, environ_len; /* bytes */
};

enum { HT_PROC_WORDS_MAX = 64 * 1024 /* bytes; of those that are longer nothing is told */ };

/* Where they lie, as /proc/PID/stat tells those who may read them. */
void ht_proc_decode_words(struct ht_str stat, struct ht_proc_words *ret_words);
/* Reads both: what cmdline and then what environ has. out is replaced. 0; -EPERM, -ENOSYS: this
 * system does not let us; any other -errno: of this process the files are to be read, for it ended,
 * runs another program since it was asked where they lie, or wrote a title over its arguments. The
 * pid is one of our own pid namespace. */
int ht_proc_read_words(pid_t pid, const struct ht_proc_words *words, struct ht_buf *out);

#endif
