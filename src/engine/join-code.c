/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What runs, and layers, get the container they are of. */
#include "join.h"

struct ht_row *ht_join_code(const struct ht_facts *facts, const struct ht_row *row,
                            struct ht_str container)
{
    if (ht_row_table(row) == &ht_layer_table) {
        struct ht_layer layer = *ht_layer_of(row);

        if (container.len)
            ht_layer_set_container(&layer, container);
        return ht_row_derive(&ht_layer_table, &layer, &row, 1);
    }

    struct ht_code code = *ht_code_of(row);
    const struct ht_fact_injector *injector = ht_code_has_path(&code) && ht_code_has_origin(&code)
                                                  ? ht_facts_injector(facts, code.path, code.origin)
                                                  : NULL;

    if (container.len)
        ht_code_set_container(&code, container);
    if (injector)
        ht_code_set_injector(&code, injector->name);
    return ht_row_derive(&ht_code_table, &code, &row, 1);
}
