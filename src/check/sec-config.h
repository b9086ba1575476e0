/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What checks of an API server say of it alike. Layer 3 (check); one thread per checking. */
#ifndef HT_CHECK_SEC_CONFIG_H
#define HT_CHECK_SEC_CONFIG_H

#include "hulltop/check/checking.h"

/* Says that what the API server is started with is not known, and why where that was told. */
void ht_sec_unknown_arguments(struct ht_checking *checking, const struct ht_apiserver *apiserver);

#endif
