/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Manifests to pods, and what the Pod Security Standards say about them. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/pod-security.h"
#include "hulltop/source/manifests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int judge(void *context, struct ht_row *row, struct ht_error *err)
{
    static const int minors[] = {0, 18, 22, 34, HT_POD_SECURITY_LATEST};
    struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);

    (void)context;
    (void)err;
    for (size_t i = 0; i < ARRAY_LEN(minors); i++) {
        struct ht_pod_security security = {0};

        if (!ht_pod_security_judge(ht_pod_of(row), minors[i], arena, &security))
            continue;
        if (security.violations.len != security.baseline.len + security.restricted.len)
            abort();
    }
    ht_arena_free(arena);
    ht_row_unref(row);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ht_manifests_reader reader = {.name = "fuzz", .take = judge};
    struct ht_manifests_count count;
    struct ht_error err = {0};
    ht_autoclose int fd = memfd_create("fuzz", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
        return 0;
    if (ht_manifests_read(fd, &reader, &count, &err) < 0 && !err.text[0])
        abort();
    return 0;
}
