/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Support and known holes: rows of the package source, judged by the fact tables. */
#include "join.h"

#include "hulltop/base/arena.h"
#include "hulltop/base/limits.h"
#include "hulltop/check/upkeep.h"

/* The version that the one daemon of that product told; empty if there is none, or several. */
static struct ht_str daemon_version(const struct ht_vec *daemons, struct ht_str component)
{
    struct ht_str version = {0};
    size_t found = 0;

    for (size_t i = 0; i < daemons->len; i++) {
        const struct ht_daemon *daemon = ht_daemon_of(daemons->items[i]);
        char name[32];

        if (!ht_daemon_has_name(daemon) || !ht_daemon_has_version(daemon) ||
            component.len >= sizeof(name) || !component.len)
            continue;
        for (size_t j = 0; j < component.len; j++)
            name[j] = component.data[j];
        name[component.len] = 0;
        if (ht_str_is_nocase(daemon->name, name)) {
            version = daemon->version;
            found++;
        }
    }
    return found == 1 ? version : (struct ht_str){0};
}

struct ht_row *ht_join_upkeep(const struct ht_facts *facts, int64_t now, const struct ht_row *row,
                              const struct ht_vec *daemons)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);

    if (ht_row_table(row) == &ht_support_table) {
        struct ht_support support = *ht_support_of(row);

        ht_upkeep_support(facts, now, arena, &support);
        return ht_row_new(&ht_support_table, &support);
    }
    struct ht_component component = *ht_component_of(row);

    /* A daemon tells what runs; which file that came from matters only where both are known. */
    ht_upkeep_component(facts, now, arena, daemon_version(daemons, component.name), &component);
    return ht_row_new(&ht_component_table, &component);
}
