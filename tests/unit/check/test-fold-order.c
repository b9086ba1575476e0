/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"
#include "hulltop/check/fold.h"

static void order_is_severity_new_since(void **state)
{
    static const struct {
        const char *id;
        enum ht_severity severity;
        bool expected, new;
        int64_t since, first_seen;
    } wanted[] = {
        {"0", HT_SEVERITY_CRITICAL, false, false, 7, 1001}, /* was opened */
        {"1", HT_SEVERITY_CRITICAL, false, true, 5, 900},
        {"2", HT_SEVERITY_CRITICAL, false, false, 9, 1000},
        {"3", HT_SEVERITY_CRITICAL, false, false, 2, 900},
        {"4", HT_SEVERITY_HIGH, false, true, 7, 900},
        {"5", HT_SEVERITY_LOW, false, false, 99, 900},
        {"6", HT_SEVERITY_INFO, false, true, 1, 900},
        {"7", HT_SEVERITY_LOW, true, true, 999, 900},
    };
    struct ht_rowset set = {0};

    (void)state;
    for (size_t i = ARRAY_LEN(wanted); i-- > 0;) {
        struct ht_finding finding = {0};

        ht_finding_set_id(&finding, ht_str_from(wanted[i].id));
        ht_finding_set_severity(&finding, wanted[i].severity);
        ht_finding_set_expected(&finding, wanted[i].expected);
        ht_finding_set_new(&finding, wanted[i].new);
        ht_finding_set_since(&finding, wanted[i].since);
        ht_finding_set_first_seen(&finding, wanted[i].first_seen);
        ht_rowset_add(&set, ht_row_new(&ht_finding_table, &finding));
    }
    ht_fold_order(&set, 1000);
    for (size_t i = 0; i < set.len; i++)
        assert_true(ht_str_is(ht_row_id(set.rows[i]), wanted[i].id));
    ht_rowset_fini(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_is_severity_new_since),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
