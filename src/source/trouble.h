/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a failed call to a daemon means for who looks: a state of its source, the cause in words,
 * and what would help.
 */
#ifndef HT_SRC_SOURCE_TROUBLE_H
#define HT_SRC_SOURCE_TROUBLE_H

#include <stddef.h>
#include <stdint.h>

#include "hulltop/base/error.h"
#include "hulltop/model/rows.h"

struct ht_trouble {
    enum ht_source_state state;
    char detail[HT_ERROR_TEXT_MAX];
    const char *help; /* constant */
    int64_t retry_ns; /* the server asked to wait so long; 0: it did not */
};

/* What an errno of a call means. */
struct ht_trouble_cause {
    int code;
    enum ht_source_state state;
    const char *help; /* constant */
};

/* The help for what is no socket: not simply "remove it", it may be any path of the node. */
#define HT_TROUBLE_NO_SOCKET                                                                       \
    "check the address; if a container's mount made it in the socket's place, remove it and "      \
    "restart the daemon"
/* The help for a connection that failed for want of descriptors. */
#define HT_TROUBLE_FILES "raise the limit of open files: ulimit -n 1024, LimitNOFILE= of a unit"

/* Fills trouble from the cause with the error's code: without one the source is broken and asked
 * again. Returns the error's code, negative; -EIO where it has none. Any thread. */
int ht_trouble_explain(const struct ht_trouble_cause *causes, size_t len,
                       const struct ht_error *err, struct ht_trouble *trouble);
/* Another socket is in the place of the one that is connected to: no failure, but a session's end.
 * Returns -ESTALE. Any thread. */
int ht_trouble_moved(const char *endpoint, struct ht_trouble *trouble);

#endif
