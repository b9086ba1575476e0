/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The looks: what every check of the catalogue says about every subject, made again only where a
 * check's inputs changed. Layer 4 (engine), private; the engine's thread.
 */
#ifndef HT_ENGINE_LOOKS_H
#define HT_ENGINE_LOOKS_H

#include "hulltop/base/vec.h"
#include "hulltop/check/checking.h"
#include "hulltop/engine/core.h"

struct ht_looks;

/* questions: bit n: checks of question n run. facts are borrowed. */
struct ht_looks *ht_looks_new(const struct ht_facts *facts, unsigned questions);
/* NULL is allowed; returns NULL. */
struct ht_looks *ht_looks_free(struct ht_looks *looks);
void ht_looks_reset(struct ht_looks *looks);
/* Looks at a node: runs what has to run. False if stop (NULL: never) said so in between: then
 * there are no verdicts. */
bool ht_looks_look(struct ht_looks *looks, const struct ht_node *node, const struct ht_stop *stop);
/* All verdicts of the last look (const struct ht_verdict *), borrowed until the next one. */
const struct ht_vec *ht_looks_verdicts(const struct ht_looks *looks);
/* Whether ht_fold_findings may make other findings of them than of those of the look before, but
 * for exceptions that end. */
bool ht_looks_moved(const struct ht_looks *looks);
/* Checks run by the last look, for tests and the bench. */
size_t ht_looks_ran(const struct ht_looks *looks);

#endif
