/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What there is to be saved of a process before it is gone. Layer 3 (source); any thread that may
 * block: memory maps and the program are read, and a process in trouble can hold its reader.
 */
#ifndef HT_SOURCE_EVIDENCE_H
#define HT_SOURCE_EVIDENCE_H

#include <stdint.h>
#include <sys/types.h>

#include "hulltop/base/tar.h"

enum { HT_EVIDENCE_PROGRAM_MAX = 64 * 1024 * 1024 /* bytes saved of a program, or of a file */ };

/* Of which process. */
struct ht_evidence_ask {
    const char *proc; /* "/proc" */
    pid_t pid;
    uint64_t start;     /* in ticks (/proc/PID/stat field 22); 0: any */
    struct ht_str code; /* path, as the process sees it, of what it loaded (a script, a library);
                         * empty: nothing but its program */
};

/* Adds to the archive, below "PID/": command line (secrets masked), names of the environment's
 * variables (never their values), status, maps, mounts, descriptors, sockets, and the program as it
 * runs, in a member of the name "program.do-not-run"; what it loaded in "code.do-not-run". What
 * could not be had is told in missing, one line each; what was read before the process ended stays.
 * 0, or -errno if the archive cannot be written. */
int ht_evidence_add(struct ht_tar *tar, const struct ht_evidence_ask *ask, struct ht_buf *missing,
                    struct ht_error *err);

#endif
