/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests/bench/packages: reads a root's packages as the source does.
 *   pkgscan ROOT          prints "NAME ARCH INSTALLED CANDIDATE" of each update
 *   pkgscan ROOT ROUNDS   asks so many times whether anything changed; prints microseconds of CPU
 * of one round and the number of files */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hulltop/base/mem.h"
#include "hulltop/base/str.h"
#include "src/source/deb.h"

static double cpu_us(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec * 1e6 + (double)used.tv_nsec / 1e3;
}

static void print_updates(const struct ht_deb_answer *answer)
{
    for (size_t i = 0; i < answer->updates.len; i++) {
        const struct ht_deb_update *update = answer->updates.items[i];
        const struct ht_deb_version *installed = update->package->current;

        printf("%.*s %.*s %.*s %.*s\n", HT_STR_ARG(update->package->name),
               HT_STR_ARG(installed->all ? HT_S("all") : update->package->architecture),
               HT_STR_ARG(installed->text), HT_STR_ARG(update->candidate->text));
    }
}

static int ask_again(const struct ht_pkg_inputs *inputs, const struct ht_root *root,
                     uint64_t rounds)
{
    double before = cpu_us();

    for (uint64_t i = 0; i < rounds; i++)
        if (!ht_pkg_inputs_hold(inputs, root))
            return 1;
    printf("%.3f %zu\n", (cpu_us() - before) / (double)rounds, inputs->items.len);
    return 0;
}

int main(int argc, char **argv)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_pkg_inputs inputs = {0};
    struct ht_deb_answer *answer = NULL;
    struct ht_error err = {0};
    uint64_t rounds = 0;
    int status = 0;

    if (argc < 2 || ht_root_open(&root, argv[1], &err) < 0 ||
        ht_deb_read(&(struct ht_deb_options){.root = &root, .inputs = &inputs}, &answer, &err) <
            0) {
        fprintf(stderr, "pkgscan: %s\n", err.text);
        return 1;
    }
    if (argc > 2 && ht_parse_u64(ht_str_from(argv[2]), &rounds) == 0 && rounds)
        status = ask_again(&inputs, &root, rounds);
    else
        print_updates(answer);
    ht_deb_free(answer);
    ht_pkg_inputs_fini(&inputs);
    return status;
}
