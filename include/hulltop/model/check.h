/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a check is: a pure function over rows of the node, with everything a person needs to know
 * about it beside it. Layer 2 (model); constant data.
 *
 * A check looks at one subject (a row of the table its scope names, or the node).  It either fires
 * (ht_fire, perhaps several times), or says what it could not see (ht_unknown), or returns quietly,
 * which means: looked at in full, nothing found.  Missing data is unknown, never quiet.  A check of
 * containers may look at pods too, by a function of its own.
 */
#ifndef HT_MODEL_CHECK_H
#define HT_MODEL_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "hulltop/model/node.h"

/* One run of one check on one subject; its parts are known to src/check alone. */
struct ht_checking;

/* Looks at one subject: a row of the table of the check's scope; for HT_TABLE_HOST the node's one
 * host row. Runs in the engine's thread, keeps nothing, reads no clock but ht_checking_now(). */
typedef void (*ht_check_run)(struct ht_checking *checking, const struct ht_row *subject);

enum ht_check_flags {
    HT_CHECK_DECIDES = 1 << 0, /* takes part in the state of its question */
    HT_CHECK_POSTURE = 1 << 1, /* its findings are folded into one for the node, with a count */
    HT_CHECK_BUILDING =
        1 << 2,             /* what builds do all day: in a build it is a fact without judgement */
    HT_CHECK_CORE = 1 << 3, /* what its question asks first: where no such check saw anything, the
                               question is not answered, whatever else was looked at */
    HT_CHECK_TELLS_PART = 1 << 4, /* what a source that answers in part lacks for it, it tells
                                     itself; what else that source lacks is nothing to it */
};

/* Bit of a table in ht_check.reads. */
#define HT_READS(table) (UINT64_C(1) << HT_TABLE_##table)

/* An entry of the catalogue. Texts are for a tired person: short sentences, no jargon unexplained.
 */
struct ht_check {
    const char *id;         /* "PRV-001" */
    unsigned question;      /* 1 to 6 */
    enum ht_table_id scope; /* what it looks at */
    uint64_t reads; /* other tables it reads (HT_READS), so that it runs again when they change */
    const char *const *fields; /* of those it looks at, what costs so much to read that it is read
                                  only where a check that is asked names it: stdio, peers,
                                  listens, login_uid and wx_bytes of processes */
    unsigned flags;
    enum ht_severity severity; /* default; for class app */
    const char *title;         /* default title of its findings, one line */
    const char *title_pod;     /* the same of findings about pods, whose manifest promises less than
                                  what runs; NULL: title */
    const char *condition;     /* when it fires, in words, for the manual */
    const char *why;           /* what an attacker gains, one paragraph */
    const char *fix;           /* the smallest change first; text to copy, never executed */
    const char *const
        *implies; /* ids of checks whose findings on the same subject become its evidence */
    const char *const *needs;      /* sources whose facts it cannot do without ("docker", "proc") */
    const char *const *references; /* stable ids: "CIS Docker 5.5", "ATT&CK T1611" */
    const char *const *other_causes; /* known harmless causes */
    ht_check_run run;
    /* The same asked of a pod, as its manifest declares it: of pods whose containers no runtime
     * here shows. NULL: a manifest says nothing about it. */
    ht_check_run run_pod;
};

/* Checks of one file; the catalogue is a list of these. */
struct ht_check_group {
    const struct ht_check *checks;
    unsigned count;
};

#endif
