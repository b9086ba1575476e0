/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * storescan FILE: reads a database of etcd's once, free pages too, and prints the CPU that took in
 * microseconds, the memory it needed in kilobytes, live keys and secrets in plaintext.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#include "hulltop/base/mem.h"
#include "src/source/etcd-store.h"

enum { ARENA = 8 * 1024 * 1024 };

static int64_t used_us(const struct rusage *usage)
{
    return ((int64_t)usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000 +
           usage->ru_utime.tv_usec + usage->ru_stime.tv_usec;
}

int main(int argc, char **argv)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    ht_autoarena struct ht_arena *arena = ht_arena_new(ARENA);
    struct ht_datastore row = {0};
    struct rusage before, after;
    struct ht_error err = {0};

    if (argc != 2 || argv[1][0] != '/' || ht_root_open(&root, "/", &err) < 0)
        return 2;
    getrusage(RUSAGE_SELF, &before);

    struct ht_etcd_store *store = ht_etcd_store_new(&root, argv[1]);
    if (ht_etcd_store_refresh(store, HT_ETCD_REMNANTS, NULL, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    getrusage(RUSAGE_SELF, &after);
    ht_etcd_store_tell(store, arena, &row);
    if (!row.exact || row.stored.len != 1)
        return 1;
    printf("%" PRId64 " %ld %" PRIu64 " %" PRIu64 "\n", used_us(&after) - used_us(&before),
           after.ru_maxrss - before.ru_maxrss, row.keys, row.stored.items[0].plaintext);
    ht_etcd_store_free(store);
    return 0;
}
