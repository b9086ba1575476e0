/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests/bench/packages: one look for processes that run replaced files, as the source takes it.
 * Prints the pid of each, and in a last line "compared N".
 *   oldscan [FOLDER]    packages of files are kept there over runs */
#include <stdio.h>

#include "hulltop/base/clock.h"
#include "src/source/running-code.h"

int main(int argc, char **argv)
{
    const struct ht_running_places places = {
        .proc = "/proc", .root = "/", .cache = argc > 1 ? argv[1] : NULL};
    struct ht_running *running = NULL;
    struct ht_running_sum sum = {0};
    struct ht_error err = {0};
    struct ht_node *sample = ht_node_new(ht_clock_wall(ht_clock_system()));
    const struct ht_rowset *rows;

    if (ht_running_new(&places, &running, &err) < 0 ||
        ht_running_look(running, sample, &sum, &err) < 0) {
        fprintf(stderr, "oldscan: %s\n", err.text);
        return 1;
    }
    rows = ht_node_set(sample, HT_TABLE_STALE_PROCESS);
    for (size_t i = 0; i < rows->len; i++)
        if (ht_stale_process_of(rows->rows[i])->kind != HT_STALE_KIND_SCRIPT)
            printf("%llu\n", (unsigned long long)ht_stale_process_of(rows->rows[i])->pid);
    printf("compared %zu\n", sum.compared);
    ht_running_free(running);
    ht_node_unref(sample);
    return 0;
}
