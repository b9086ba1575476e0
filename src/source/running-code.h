/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes of the node that still run code from replaced or deleted files. Layer 3 (source); one
 * thread.
 *
 * Only processes whose root directory is the node's are compared: a container runs its image's
 * files, and no update of the node changes those. Interpreters load sources without mapping them;
 * of those only the script or the jars on the command line are seen.
 */
#ifndef HT_SOURCE_RUNNING_CODE_H
#define HT_SOURCE_RUNNING_CODE_H

#include <sys/types.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"
#include "hulltop/base/root.h"
#include "hulltop/model/node.h"

struct ht_running;

/* What to look at; all are copied. */
struct ht_running_places {
    const char *proc;  /* "/proc" */
    const char *root;  /* "/": where the files are, and the package databases */
    const char *cache; /* the folder where packages of files are kept over runs; NULL: nowhere */
};

/* Opens the first two; owned by the caller. 0 or -errno. */
int ht_running_new(const struct ht_running_places *places, struct ht_running **ret_running,
                   struct ht_error *err);
/* NULL is allowed; returns NULL. */
struct ht_running *ht_running_free(struct ht_running *running);

/* What one look found, beside the rows. */
struct ht_running_sum {
    size_t compared;  /* processes of the node */
    size_t denied;    /* could not be read */
    size_t contained; /* in a root of their own */
    size_t stale;
    size_t cut;       /* files, executables and tables of mappings left out: too many, too long */
    size_t far;       /* files that were not looked at: who has them need not answer */
    pid_t denied_pid; /* the first that could not be read; 0: none, or not known */
    char denied_name[32];
    const char *hidden; /* why some are not even listed; NULL: all are */
};

/* Says what a look found, for whoever wants to know how much to believe: first what it could not
 * see. False: it could not see all. Pure. */
bool ht_running_tell(const struct ht_running_sum *sum, bool as_root, struct ht_buf *out);

/* Whether packages, or programs at the usual places, were installed, replaced or removed since the
 * last look began; also true before the first one. Costs a few stats. */
bool ht_running_is_overtaken(const struct ht_running *running);

/* Looks at all processes: adds a stale_process row for each that runs old code and the one
 * running_code row to sample. 0, or -errno if the process table cannot be listed. */
int ht_running_look(struct ht_running *running, struct ht_node *sample,
                    struct ht_running_sum *ret_sum, struct ht_error *err);

#endif
