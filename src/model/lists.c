/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/model/lists.h"

#include "hulltop/base/clock.h"

enum { FROZEN_DAYS = 7 };

#define FROZEN_NS (FROZEN_DAYS * INT64_C(24) * 60 * 60 * HT_NS_PER_S)

/* This system, where it gets fixes no more but by paid lists that lie here; NULL otherwise. */
static const struct ht_support *paid_system(const struct ht_node *node)
{
    const struct ht_rowset *rows = ht_node_set(node, HT_TABLE_SUPPORT);

    for (size_t i = 0; i < rows->len; i++) {
        const struct ht_support *support = ht_support_of(rows->rows[i]);

        if (ht_str_is(support->kind, "system") && ht_support_has_state(support) &&
            support->state == HT_SUPPORT_STATE_PAID_ONLY && ht_support_has_paid_at(support))
            return support;
    }
    return NULL;
}

/* Whether lists of that day have all the fixes that were free. */
static bool has_free_fixes(const struct ht_support *support, int64_t lists_at)
{
    bool has_own = ht_support_has_security_end(support);
    int64_t end = has_own ? support->security_end : support->end;

    if (!has_own && !ht_support_has_end(support))
        return false;
    return ht_time_age(end, lists_at) <= FROZEN_NS;
}

static void set_end(struct ht_package_db *living)
{
    ht_package_db_set_lists_until(
        living, ht_package_db_has_others_until(living) ? living->others_until : INT64_MAX);
    if (ht_package_db_has_others_until_of(living))
        ht_package_db_set_lists_until_of(living, living->others_until_of);
}

struct ht_package_db ht_package_db_living(const struct ht_node *node,
                                          const struct ht_package_db *db)
{
    struct ht_package_db living = *db;
    const struct ht_support *support = paid_system(node);

    if (!support || !ht_package_db_has_lists_at(db) || support->paid_at <= db->lists_at ||
        !has_free_fixes(support, db->lists_at))
        return living;
    ht_package_db_set_lists_at(&living, support->paid_at);
    set_end(&living);
    return living;
}
