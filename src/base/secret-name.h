/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much a name tells of its value. Private to base. */
#ifndef HT_BASE_SECRET_NAME_H
#define HT_BASE_SECRET_NAME_H

#include "hulltop/base/str.h"

enum ht_secret_strength {
    HT_SECRET_NO,
    HT_SECRET_WEAK,   /* the option may be a switch: what looks like an option is not its value */
    HT_SECRET_STRONG, /* whatever follows is the secret */
};

/* See ht_secret_is_name. */
enum ht_secret_strength ht_secret_name_strength(struct ht_str name);

#endif
