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

static void keep(void *context, struct ht_row *row)
{
    ht_rowset_add(context, row);
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
    struct ht_rowset pods = {0};
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
                            &(struct ht_kube_taker){.take = keep, .context = &pods}, &page,
                            &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    for (size_t i = 0; i < pods.len; i++)
        privileged += is_privileged(ht_pod_of(pods.rows[i]));
    size_t kept = mallinfo2().uordblks + mallinfo2().hblkhd - before;
    getrusage(RUSAGE_SELF, &used);
    printf("%lld %zu %zu %zu\n",
           (long long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
               used.ru_utime.tv_usec + used.ru_stime.tv_usec,
           pods.len, privileged, pods.len ? kept / pods.len : 0);
    ht_rowset_fini(&pods);
    return page.bad != 0;
}
