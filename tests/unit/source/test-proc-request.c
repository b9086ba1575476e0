/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which processes a request makes due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"
#include "src/source/proc-table.h"

static const struct {
    struct ht_request request;
    bool due[4]; /* of the node; of c1; of c2; one that was not read yet */
} cases[] = {
    {{.kind = HT_REQUEST_PID, .pid = 2}, {false, true, false, false}},
    {{.kind = HT_REQUEST_CONTAINER, .id = "c2"}, {false, false, true, false}},
    /* Too many containers to name: all that is in one. */
    {{.kind = HT_REQUEST_CROWD}, {false, true, true, false}},
};

static struct ht_row *process_in(const char *container)
{
    struct ht_process process = {0};

    ht_process_set_id(&process, HT_S("p"));
    ht_process_set_container_id(&process, ht_str_from(container));
    return ht_row_new(&ht_process_table, &process);
}

static void who_is_asked_for_is_due(void **state)
{
    struct ht_proc_entry entries[] = {{.pid = 1, .row = process_in("")},
                                      {.pid = 2, .row = process_in("c1")},
                                      {.pid = 3, .row = process_in("c2")},
                                      {.pid = 4}};
    struct ht_proc_table table = {.entries = entries, .len = ARRAY_LEN(entries)};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (size_t j = 0; j < ARRAY_LEN(entries); j++)
            entries[j].schedule.due_ns = 5;
        ht_proc_table_request(&table, &cases[i].request);
        for (size_t j = 0; j < ARRAY_LEN(entries); j++)
            assert_int_equal(entries[j].schedule.due_ns, cases[i].due[j] ? 0 : 5);
    }
    for (size_t j = 0; j < ARRAY_LEN(entries); j++)
        ht_row_unref(entries[j].row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_asked_for_is_due),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
