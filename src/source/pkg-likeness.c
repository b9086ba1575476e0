/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packages are called as what they hold is: the library libssl.so.3 is of libssl3, libglib-2.0.so.0
 * of libglib2.0-0, /usr/sbin/nginx of nginx, /usr/lib/postgresql/15/bin/postgres of postgresql-15.
 * So letters and digits are compared, from the beginning of each part of the path on.
 */
#include "pkg-likeness.h"

#include <string.h>

#include "hulltop/base/mem.h"

enum {
    PLACES_MAX = 64,
    PARTS_MAX = 8, /* of one path, from the first on; and the last */
    FIRST_MAX = 128,
    LEAST = 4,     /* less in common is chance: "lib" */
    WEIGHT = 1024, /* one thing in common outweighs all that the package's name has besides */
};

/* A name begins here; letters and digits alone. */
struct start {
    struct ht_str text;
    const struct start *next; /* that begins with the same byte */
};

struct ht_likenesses {
    const struct start *of[FIRST_MAX];
};

/* What is replaced often, and goes by another name than its package. */
static const char *const others[][2] = {
    {"ld-linux", "libc6"},     {"libm.so", "libc6"},      {"libpthread.so", "libc6"},
    {"libdl.so", "libc6"},     {"libresolv.so", "libc6"}, {"libnss_", "libc6"},
    {"librt.so", "libc6"},     {"libz.so", "zlib1g"},     {"libcrypto.so", "libssl"},
    {"sshd", "opensshserver"}, {"ssh", "opensshclient"},  {"dockerd", "dockerce"},
};

/* Folders that no package is called by. */
static const char *const common[] = {"usr", "lib", "lib64", "bin", "sbin", "libexec", "share"};

/* What is no letter and no digit does not count, nor does the ".so" of a library. */
static struct ht_str squeeze(struct ht_str text, struct ht_arena *arena)
{
    char *out = ht_arena_alloc(arena, text.len + 1, 1);
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        struct ht_str rest = ht_str_sub(text, i, text.len);

        if (ht_str_has_prefix(rest, ".so") && (rest.len == 3 || rest.data[3] == '.'))
            i += 2;
        else if (ht_is_alnum(text.data[i]))
            out[len++] = ht_lower(text.data[i]);
    }
    return (struct ht_str){.data = out, .len = len};
}

static void add_start(struct ht_likenesses *likenesses, struct ht_str text, struct ht_arena *arena)
{
    struct start *start = ht_arena_array(arena, struct start, 1);
    unsigned char first;

    start->text = squeeze(text, arena);
    if (start->text.len < LEAST)
        return;
    first = (unsigned char)start->text.data[0];
    start->next = likenesses->of[first];
    likenesses->of[first] = start;
}

static bool is_common(struct ht_str part)
{
    for (size_t i = 0; i < ARRAY_LEN(common); i++)
        if (ht_str_is(part, common[i]))
            return true;
    return false;
}

static void add_place(struct ht_likenesses *likenesses, struct ht_str place, struct ht_arena *arena)
{
    struct ht_str rest = place, base = ht_str_base(place), part;

    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (ht_str_has_prefix(base, others[i][0])) {
            add_start(likenesses, ht_str_from(others[i][1]), arena);
            break;
        }
    for (size_t i = 0; i < PARTS_MAX && ht_str_next(&rest, '/', &part); i++)
        if (part.len && !is_common(part))
            add_start(likenesses, ht_str_sub(place, (size_t)(part.data - place.data), place.len),
                      arena);
    if (rest.len)
        add_start(likenesses, base, arena);
}

struct ht_likenesses *ht_likenesses_new(const struct ht_str *places, size_t len,
                                        struct ht_arena *arena)
{
    struct ht_likenesses *likenesses = ht_arena_array(arena, struct ht_likenesses, 1);

    for (size_t i = 0; i < len && i < PLACES_MAX; i++)
        add_place(likenesses, places[i], arena);
    return likenesses;
}

static unsigned compare(struct ht_str text, struct ht_str package)
{
    size_t alike = 0, i = 0, left = 0;

    for (; i < package.len && alike < text.len; i++) {
        if (!ht_is_alnum(package.data[i]))
            continue;
        if (ht_lower(package.data[i]) != text.data[alike])
            break;
        alike++;
    }
    if (alike < LEAST || alike >= WEIGHT)
        return 0;
    for (; i < package.len && left < WEIGHT - 1; i++)
        left += ht_is_alnum(package.data[i]);
    return (unsigned)(alike * WEIGHT + WEIGHT - 1 - left);
}

unsigned ht_likeness_of(const struct ht_likenesses *likenesses, struct ht_str package)
{
    unsigned most = 0;
    unsigned char first = package.len ? (unsigned char)ht_lower(package.data[0]) : 0;

    if (first >= FIRST_MAX)
        return 0;
    for (const struct start *start = likenesses->of[first]; start; start = start->next) {
        unsigned much = compare(start->text, package);

        if (much > most)
            most = much;
    }
    return most;
}
