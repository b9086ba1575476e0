/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decodes a PodList as the Kubernetes source does and keeps the rows. Prints CPU in microseconds,
 * pods, those with a privileged container, and bytes of memory kept for each pod.
 * usage: podlist FILE */
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "src/source/kube-decode.h"
#include "src/source/kube-kin.h"

struct kept {
    struct ht_rowset pods;
    struct ht_kube_kin kin;
};

static void keep(void *context, struct ht_row *row)
{
    struct kept *kept = context;

    row = ht_kube_kin_share(&kept->kin, row);
    ht_kube_kin_note(&kept->kin, row);
    ht_rowset_add(&kept->pods, row);
}

static bool is_privileged(const struct ht_pod *pod)
{
    for (size_t i = 0; i < pod->containers.len; i++) {
        if (pod->containers.items[i].privileged)
            return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    ht_autoclose int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct kept kept = {.kin = {.by_owner = NULL}};
    const struct ht_rowset *pods = &kept.pods;
    struct ht_kube_page page;
    struct ht_error err = {0};
    struct rusage used;
    struct stat st;
    size_t privileged = 0;

    if (fd < 0 || fstat(fd, &st) < 0)
        return 2;
    void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (bytes == MAP_FAILED)
        return 2;
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    if (ht_kube_decode_page(arena, (struct ht_str){.data = bytes, .len = (size_t)st.st_size},
                            &(struct ht_kube_taker){.take = keep, .context = &kept}, &page,
                            &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    for (size_t i = 0; i < pods->len; i++)
        privileged += is_privileged(ht_pod_of(pods->rows[i]));
    size_t taken = mallinfo2().uordblks + mallinfo2().hblkhd - before;
    getrusage(RUSAGE_SELF, &used);
    printf("%lld %zu %zu %zu\n",
           (long long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
               used.ru_utime.tv_usec + used.ru_stime.tv_usec,
           pods->len, privileged, pods->len ? taken / pods->len : 0);
    ht_rowset_fini(&kept.pods);
    ht_kube_kin_fini(&kept.kin);
    return page.bad != 0;
}
