/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/model/process.h"

bool ht_process_is_prepared(const struct ht_process *process)
{
    return ht_str_find(process->comm, HT_S(":["), 0) > 0 && ht_str_has_suffix(process->comm, "]");
}
