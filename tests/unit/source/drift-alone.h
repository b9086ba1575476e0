/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A drift without its driver, for tests that judge single processes. */
#ifndef HT_TEST_DRIFT_ALONE_H
#define HT_TEST_DRIFT_ALONE_H

#include "hulltop/base/limits.h"
#include "src/source/drift-look.h"

/* Reads processes below proc and containers through the spawner (NULL: none); what watches starts
 * is left to the test. 0 or -errno. */
static inline int ht_test_drift_begin(struct ht_drift *drift, const char *proc,
                                      struct ht_spawner *spawner)
{
    struct ht_error err = {0};

    *drift = (struct ht_drift){.codes = ht_codes_new(),
                               .layers = ht_layers_new(),
                               .arena = ht_arena_new(HT_LIMIT_ROW),
                               .mapped = ht_map_new(),
                               .now_ns = 1,
                               .tick_ns = HT_NS_PER_S / 100,
                               .seen_by = "polling"};
    drift->origin = ht_origin_new("/proc", spawner, &err);
    if (!drift->origin)
        return -err.code;
    int r = ht_proc_reader_init(&drift->reader, proc, &err);
    drift->maps = (struct ht_mapped)HT_MAPPED(drift->reader.proc_fd);
    return r;
}

static inline void ht_test_drift_end(struct ht_drift *drift)
{
    ht_mapped_fini(&drift->maps);
    ht_proc_reader_fini(&drift->reader);
    ht_exec_free(drift->watch);
    ht_origin_free(drift->origin);
    ht_map_free(drift->mapped);
    ht_arena_free(drift->arena);
    ht_layers_free(drift->layers);
    ht_codes_free(drift->codes);
}

#endif
