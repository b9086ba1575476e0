/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a check calls while it looks at its subject, and how the engine runs checks.
 * Layer 3 (check); the engine's thread.
 */
#ifndef HT_CHECK_CHECKING_H
#define HT_CHECK_CHECKING_H

#include <stdarg.h>

#include "hulltop/base/vec.h"
#include "hulltop/check/facts.h"
#include "hulltop/model/check.h"

/* ---- for checks ---- */

/* The entry of the catalogue that is at work. */
const struct ht_check *ht_checking_check(const struct ht_checking *checking);
/* The node that is looked at, borrowed. */
const struct ht_node *ht_checking_node(const struct ht_checking *checking);
/* Fact tables, borrowed. */
const struct ht_facts *ht_checking_facts(const struct ht_checking *checking);
/* The node's clock: ns since 1970 when it was taken. */
int64_t ht_checking_now(const struct ht_checking *checking);
/* Memory that lives until the check returns; findings are copied out of it. */
struct ht_arena *ht_checking_arena(struct ht_checking *checking);
/* What the checks of this row share, if it is the subject; else NULL. */
struct ht_check_batch *ht_checking_shared(struct ht_checking *checking, const struct ht_row *row);

/* Begins a finding with the entry's title, severity, confidence certain and the subject filled in,
 * to be changed by the check while it runs. discriminator tells apart several findings of one check
 * on one subject ("" if there is one); it must be durable: no pid, no container id, no time.
 * Borrowed. */
struct ht_finding *ht_fire(struct ht_checking *checking, struct ht_str discriminator);
/* Sets the title by a printf format; %.*s arguments stay raw bytes. */
void ht_fire_title(struct ht_checking *checking, struct ht_finding *finding, const char *format,
                   ...) __attribute__((format(printf, 3, 4)));
/* Adds one observed fact; source in words ("docker inspect"), field as that source calls it; it was
 * seen when the node was taken. */
void ht_fire_evidence(struct ht_checking *checking, struct ht_finding *finding, const char *source,
                      const char *field, struct ht_str value);
/* The same with a formatted value. */
void ht_fire_evidencef(struct ht_checking *checking, struct ht_finding *finding, const char *source,
                       const char *field, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Says that this check could not look at this subject, or not at all of it. reason: what is missing
 * and why; help: what would help (both one line). */
void ht_unknown(struct ht_checking *checking, const char *source, const char *reason,
                const char *help);
/* The same where nothing of what the check asks could be looked at; of a check of the core that
 * leaves the question unanswered (UNKNOWN) instead of answered in part. */
void ht_blind(struct ht_checking *checking, const char *source, const char *reason,
              const char *help);
/* Says what this check cannot tell, though its verdict stands: listed under what was not checked,
 * without a word in the question's state. */
void ht_note(struct ht_checking *checking, const char *source, const char *reason,
             const char *help);

/* ---- for the engine ---- */

/* What one check said about one subject. */
struct ht_verdict {
    const struct ht_check *check;
    struct ht_row *subject;    /* referenced */
    size_t times;              /* it stands for so many: of this subject and others about which the
                                * check has as little to say; 1 as it is made */
    struct ht_vec findings;    /* struct ht_row * of findings, each referenced */
    bool unknown;              /* could not look at all of it; the findings still count */
    bool blind;                /* unknown, and nothing of it was seen */
    bool noted;                /* not unknown, but missing says what it cannot tell */
    struct ht_missing missing; /* why; texts are static or in `text` below */
    char *text;                /* owned backing of missing's texts */
};

/* Checks that look at rows of one node, one after the other: what one of them needs, too, the next
 * finds here. Zeroed but for node and facts before the first; of one thread. */
struct ht_check_batch {
    const struct ht_node *node;   /* borrowed, as everything here but the arena */
    const struct ht_facts *facts; /* borrowed */
    struct ht_arena *arena;       /* of the check that runs; NULL: none ran yet */
    const struct ht_row *subject; /* the last one; lives as long as the batch */
    bool viewed;                  /* what follows is of that subject */
    bool sandboxed;
    const struct ht_process *init; /* its first process; NULL: not seen */
    bool has_ways;
    uint32_t ways; /* which ways out of it are open, by the place of the rule */
    bool has_mounts;
    bool mounts_told;            /* false: neither side is known */
    struct ht_mount_list mounts; /* to judge; of the row, and of the arena below */
    struct ht_arena *kept;       /* of all checks of the subject; NULL: nothing was kept yet */
};

/* Frees what the batch has of its own. */
void ht_check_batch_fini(struct ht_check_batch *batch);
/* Runs one check on one subject. The verdict is owned by the caller (ht_verdict_free). Pure. */
struct ht_verdict *ht_check_batch_look(struct ht_check_batch *batch, const struct ht_check *check,
                                       const struct ht_row *subject);
/* The same of one check alone. */
struct ht_verdict *ht_check_look(const struct ht_check *check, const struct ht_node *node,
                                 const struct ht_facts *facts, const struct ht_row *subject);
/* What the check of a finding (its check and its subject's id are asked) could not see of that
 * subject, and what the other checks of its question that look at the same row could not and this
 * one needs, each once, the first eight; they are in the arena. Returns 0; -ENOENT: there is no
 * such check or row in the node. Pure; any thread. */
int ht_check_unseen(const struct ht_node *node, const struct ht_facts *facts,
                    const struct ht_finding *finding, struct ht_arena *arena,
                    struct ht_missing_list *ret_missing);
/* True if the row is a container whose processes run, or no container at all. */
bool ht_subject_runs(const struct ht_row *row);
/* The id that findings about the row name as their subject's: its own, but a build is what it runs
 * in, and programs of a unit are the unit. Borrowed from the row. */
struct ht_str ht_subject_id(const struct ht_row *row);
/* Drops the references; NULL is allowed; returns NULL. */
struct ht_verdict *ht_verdict_free(struct ht_verdict *verdict);

#endif
