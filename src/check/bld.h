/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the checks of builds have in common. Layer 3 (check), private. */
#ifndef HT_CHECK_BLD_H
#define HT_CHECK_BLD_H

#include "hulltop/check/checking.h"

/* The build that a check looks at, or NULL if it is over, so that there is nothing to judge. */
const struct ht_build *ht_bld_open(const struct ht_row *row);
/* What to call it in a title: "A build (GitLab Runner)". In the arena. What is built, which may be
 * longer than a line, becomes evidence: of a title that is cut must be left what the build does. */
struct ht_str ht_bld_title(struct ht_checking *checking, struct ht_finding *finding,
                           const struct ht_build *build);
/* Evidence: the signal, the grade, who started it. */
void ht_bld_show(struct ht_checking *checking, struct ht_finding *finding,
                 const struct ht_build *build);
/* Evidence: with whom one thing is shared. */
void ht_bld_show_share(struct ht_checking *checking, struct ht_finding *finding,
                       const struct ht_share *share);
/* The first share of that kind, or NULL. */
const struct ht_share *ht_bld_share(const struct ht_build *build, enum ht_share_kind kind);
/* Its containers that are in the node: the next one from *at, NULL at the end. */
const struct ht_container *ht_bld_next(struct ht_checking *checking, const struct ht_build *build,
                                       size_t *at);
/* Says that facts of the build are missing that are made of containers and processes. */
void ht_bld_unknown(struct ht_checking *checking, const char *what);
/* On a node that is the whole cluster there is no other place: said, and not counted as more than
 * low. */
void ht_bld_soften(struct ht_checking *checking, struct ht_finding *finding,
                   const struct ht_build *build);
/* How long ago that was, in ns; 0 if it is yet to come. A recording's clock may be anything. */
int64_t ht_bld_age(const struct ht_checking *checking, int64_t at_ns);

#endif
