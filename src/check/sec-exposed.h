/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the checks of secrets that lie around have in common. Layer 3 (check), private; pure. */
#ifndef HT_CHECK_SEC_EXPOSED_H
#define HT_CHECK_SEC_EXPOSED_H

#include "hulltop/check/checking.h"

/* Whether the exposure is of that kind ("environment") and more than a hint, which is shown in the
 * list and is no finding: it has too many other causes. Says so where that is not known. */
bool ht_exposure_counts(struct ht_checking *checking, const struct ht_exposure *exposure,
                        const char *where);
/* Confidence and evidence: name, reason, mark. */
void ht_exposure_show(struct ht_checking *checking, struct ht_finding *finding, const char *source,
                      const struct ht_exposure *exposure);

#endif
