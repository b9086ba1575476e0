/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <config.h>

#include "hulltop/base/mem.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#if HAVE_MALLOC_TRIM
#include <malloc.h>
#endif

#include "hulltop/base/heap.h"

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
    ht_heap_took(block, n * size);
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
    ht_heap_took(moved, bytes);
    return moved;
}

char *ht_strndup(const char *data, size_t len)
{
    char *copy = ht_alloc0(len + 1, 1);

    if (len)
        memcpy(copy, data, len);
    return copy;
}

char *ht_strdup(const char *text)
{
    return text ? ht_strndup(text, strlen(text)) : NULL;
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
    if (ht_heap_stays())
        (void)malloc_trim(0);
#endif
}

/* ---- constants ---- */

enum { SEGMENTS_MAX = 8 };

/* What of the program is mapped and cannot be written. */
static struct {
    struct {
        uintptr_t from, to;
    } segments[SEGMENTS_MAX];
    size_t len;
    uintptr_t from, to; /* all of them lie in here */
} constant;
static pthread_once_t constant_once = PTHREAD_ONCE_INIT;

static int take_program(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    (void)context;
    for (size_t i = 0; i < info->dlpi_phnum && constant.len < SEGMENTS_MAX; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t from = info->dlpi_addr + segment->p_vaddr;

        if (segment->p_type != PT_LOAD || segment->p_flags & PF_W)
            continue;
        constant.segments[constant.len].from = from;
        constant.segments[constant.len++].to = from + segment->p_memsz;
        if (constant.len == 1 || from < constant.from)
            constant.from = from;
        if (from + segment->p_memsz > constant.to)
            constant.to = from + segment->p_memsz;
    }
    return 1; /* the program comes first; libraries may be unloaded */
}

static void find_constants(void)
{
    (void)dl_iterate_phdr(take_program, NULL);
}

bool ht_mem_is_constant(const void *at, size_t len)
{
    uintptr_t from = (uintptr_t)at;

    pthread_once(&constant_once, find_constants);
    if (from < constant.from || from >= constant.to)
        return false;
    for (size_t i = 0; i < constant.len; i++) {
        if (from >= constant.segments[i].from && from < constant.segments[i].to)
            return len <= constant.segments[i].to - from;
    }
    return false;
}
