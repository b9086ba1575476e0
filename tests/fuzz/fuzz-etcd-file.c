/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Database files whose metas are repaired, so that what lies behind them is reached. */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hulltop/base/mem.h"
#include "src/source/etcd-tree.h"

enum { PAGE = 4096, SIZE_MAX_BYTES = 256 * 1024 };

static void put_le(char *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (char)(value >> (8 * i));
}

/* Magic, version, size of pages, and the sum over whatever stands there. */
static void repair(char *page, size_t pages)
{
    char *body = page + HT_BOLT_HEAD;

    put_le(page + 8, HT_BOLT_IS_META, 2);
    put_le(body, 0xED0CDAED, 4);
    put_le(body + 4, 2, 4);
    put_le(body + 8, PAGE, 4);
    if (ht_le64(body + 40) > pages)
        put_le(body + 40, pages, 8);
    put_le(body + 56, ht_bolt_meta_sum(page), 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 * PAGE || size > SIZE_MAX_BYTES)
        return 0;

    ht_autoclose int fd = memfd_create("fuzz", MFD_CLOEXEC);
    ht_autofree char *bytes = ht_realloc(NULL, size, 1);
    memcpy(bytes, data, size);
    repair(bytes, size / PAGE);
    repair(bytes + PAGE, size / PAGE);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
        return 0;

    struct ht_bolt_file file = {.fd = fd};
    struct ht_etcd_tree tree = {.file = &file};
    struct ht_etcd_keys *keys = ht_etcd_keys_new();
    struct ht_remnants remnants = {0};

    if (ht_etcd_tree_refresh(&tree, keys, NULL, NULL) == 0) {
        size_t len = ht_etcd_keys_resources(keys);
        ht_autofree uint64_t *plain = ht_new_array(uint64_t, len + 1);

        ht_remnants_find(&remnants, &tree, keys, NULL);
        ht_remnants_settle(&remnants, &tree);
        ht_etcd_tree_plain(&tree, plain, len);
        ht_etcd_keys_count(keys);
    }
    ht_remnants_fini(&remnants);
    ht_etcd_tree_fini(&tree);
    ht_etcd_keys_free(keys);
    return 0;
}
