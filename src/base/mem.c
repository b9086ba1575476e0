/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <config.h>

#include "hulltop/base/mem.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#if HAVE_MALLOC_TRIM
#include <malloc.h>
#endif

static _Noreturn void out_of_memory(void)
{
    static const char text[] = "hulltop: out of memory\n";

    /* No allocation, no stdio: this is the one place where nothing else can be done. */
    ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
    (void)ignored;
    abort();
}

void *ht_alloc0(size_t n, size_t size)
{
    void *block = calloc(n ? n : 1, size ? size : 1);

    if (!block)
        out_of_memory();
    return block;
}

void *ht_realloc(void *block, size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        out_of_memory();

    size_t bytes = n * size;
    void *moved = realloc(block, bytes ? bytes : 1);

    if (!moved)
        out_of_memory();
    return moved;
}

char *ht_strndup(const char *data, size_t len)
{
    char *copy = ht_alloc0(len + 1, 1);

    if (len)
        memcpy(copy, data, len);
    return copy;
}

void ht_wipe(void *block, size_t len)
{
    if (block && len)
        explicit_bzero(block, len);
}

void ht_cleanup_free(void *pointer_to_pointer)
{
    void *block;

    memcpy(&block, pointer_to_pointer, sizeof(block));
    free(block);
}

void ht_cleanup_close(const int *fd)
{
    int saved = errno;

    if (*fd >= 0)
        close(*fd);
    errno = saved;
}

int ht_steal_fd(int *fd)
{
    int stolen = *fd;

    *fd = -1;
    return stolen;
}

void ht_mem_trim(void)
{
#if HAVE_MALLOC_TRIM
    (void)malloc_trim(0);
#endif
}
