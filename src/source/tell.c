/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The source row that every sample carries. */
#include "hulltop/source/source.h"

#include <unistd.h>

void ht_source_tell(struct ht_node *sample, const char *name, enum ht_source_state state,
                    const char *detail, const char *help)
{
    struct ht_source source = {0};

    ht_source_set_id(&source, ht_str_from(name));
    ht_source_set_name(&source, source.id);
    ht_source_set_state(&source, state);
    if (detail)
        ht_source_set_detail(&source, ht_str_from(detail));
    if (help && geteuid() == 0 && ht_str_has_prefix(ht_str_from(help), "sudo hulltop"))
        help = "root cannot see it either: the kernel, a security module or another namespace "
               "hides it";
    if (help)
        ht_source_set_help(&source, ht_str_from(help));
    ht_node_add(sample, ht_row_new(&ht_source_table, &source));
}
