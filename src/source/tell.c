/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The source row that every sample carries. */
#include "hulltop/source/source.h"

#include <unistd.h>

static void fill(struct ht_source *source, const char *name, enum ht_source_state state,
                 const char *detail, const char *help)
{
    ht_source_set_id(source, ht_str_from(name));
    ht_source_set_name(source, source->id);
    ht_source_set_state(source, state);
    if (detail)
        ht_source_set_detail(source, ht_str_from(detail));
    if (help && geteuid() == 0 && ht_str_has_prefix(ht_str_from(help), "sudo hulltop"))
        help = "root cannot see it either: the kernel, a security module or another namespace "
               "hides it";
    if (help)
        ht_source_set_help(source, ht_str_from(help));
}

void ht_source_tell(struct ht_node *sample, const char *name, enum ht_source_state state,
                    const char *detail, const char *help)
{
    struct ht_source source = {0};

    fill(&source, name, state, detail, help);
    ht_node_add(sample, ht_row_new(&ht_source_table, &source));
}

void ht_source_tell_answer(struct ht_node *sample, const struct ht_source_answer *answer)
{
    struct ht_source source = {0};

    fill(&source, answer->name, answer->state, answer->detail, answer->help);
    ht_source_set_answered_at(&source, sample->taken_at);
    ht_source_set_interval(&source, answer->interval_ns);
    ht_source_set_took(&source, answer->took_ns);
    ht_node_add(sample, ht_row_new(&ht_source_table, &source));
}
