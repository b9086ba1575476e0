/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions in the configuration file ("allow:"). Layer 7 (app). */
#ifndef HT_APP_CONFIG_ALLOW_H
#define HT_APP_CONFIG_ALLOW_H

#include "config-file.h"
#include "hulltop/check/allow.h"

struct ht_allowed_list {
    const struct ht_allowed *items;
    size_t len;
};

/* Reads the list of an entry; texts live in arena. -EINVAL: "FILE:LINE: cause". */
int ht_config_read_allowed(struct ht_arena *arena, const struct ht_config_entry *entry,
                           struct ht_allowed_list *ret_list, struct ht_error *err);

#endif
