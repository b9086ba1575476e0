/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory: allocation that cannot fail, scope-bound cleanup, handing over.
 * Layer 1 (base). Every function may be called from any thread.
 *
 * Running out of memory ends the program with a message on stderr: a dashboard that cannot
 * allocate a row has nothing honest left to show.  Sizes that come from outside are therefore
 * checked against limits.h before they reach these functions.
 */
#ifndef HT_BASE_MEM_H
#define HT_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

/* Number of elements of a true array (not of a pointer). */
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Zeroed storage for one T, or for n of them (overflow of n * sizeof(T) ends the program). */
#define ht_new0(T)         ((T *)ht_alloc0(1, sizeof(T)))
#define ht_new_array(T, n) ((T *)ht_alloc0((n), sizeof(T)))

/* Returns n * size zeroed bytes, owned by the caller (free()); never NULL. */
void *ht_alloc0(size_t n, size_t size) __attribute__((malloc, returns_nonnull, warn_unused_result));

/* Resizes a block to n * size bytes; new bytes are not cleared; never NULL. */
void *ht_realloc(void *block, size_t n, size_t size)
    __attribute__((returns_nonnull, warn_unused_result));

/* Returns an owned copy of len bytes with a NUL behind them; never NULL. */
char *ht_strndup(const char *data, size_t len)
    __attribute__((malloc, returns_nonnull, warn_unused_result));
/* The same of a C string; NULL gives NULL. */
char *ht_strdup(const char *text) __attribute__((malloc, warn_unused_result));

/* Overwrites a block so that the compiler cannot leave it out; for tokens and keys. */
void ht_wipe(void *block, size_t len);

/* Gives freed memory back to the kernel, unless all is over in a moment: for who has used much that
 * he needs no more. It walks the whole heap, so seldom. */
void ht_mem_trim(void);
/* Whether these bytes are constants of the program itself, such as string literals: they never
 * change and never go. Thread-safe. */
bool ht_mem_is_constant(const void *at, size_t len);

/* Cleanup helpers for the attributes below; each accepts what was never set. */
void ht_cleanup_free(void *pointer_to_pointer);
void ht_cleanup_close(const int *fd);

/* Freed or closed when the variable leaves its scope. Initialise at declaration (NULL, -1). */
#define ht_autofree  __attribute__((cleanup(ht_cleanup_free)))
#define ht_autoclose __attribute__((cleanup(ht_cleanup_close)))

/* Takes a pointer or a descriptor out of a scope-bound variable, which is emptied. */
#define ht_steal_ptr(p)                                                                            \
    __extension__({                                                                                \
        __typeof__(p) *ht_steal_from = &(p);                                                       \
        __typeof__(p) ht_stolen = *ht_steal_from;                                                  \
        *ht_steal_from = NULL;                                                                     \
        ht_stolen;                                                                                 \
    })

/* Like ht_steal_ptr for a descriptor: returns *fd and leaves -1 there. */
int ht_steal_fd(int *fd);

#endif
