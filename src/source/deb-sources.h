/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Package sources, in lines or in stanzas, to the index files that apt keeps of them. Pure: which
 * files are there is asked elsewhere.
 */
#ifndef HT_SOURCE_DEB_SOURCES_H
#define HT_SOURCE_DEB_SOURCES_H

#include "deb-release.h"
#include "hulltop/base/error.h"
#include "hulltop/base/vec.h"

/* One list of packages. */
struct ht_deb_index {
    struct ht_str key;          /* "main/binary-amd64/Packages" */
    struct ht_str component;    /* "main"; empty for a flat archive */
    struct ht_str architecture; /* "amd64", "all"; empty for a flat archive */
    struct ht_str file;         /* its name among the lists, without a codec's ending */
};

/* One archive: what has a Release file of its own. */
enum { HT_DEB_SAID = 10 };

struct ht_deb_archive {
    struct ht_str uri;
    struct ht_str dist;      /* "bookworm-security"; ends in '/' where it is flat */
    struct ht_str host;      /* "" for files */
    struct ht_str file;      /* names of its files among the lists begin so */
    struct ht_str entry;     /* "/etc/apt/sources.list:3" of its first mention */
    struct ht_str signed_by; /* the key it is bound to, or empty */
    bool trusted;            /* [trusted=yes]: its signature is not looked at */
    bool has_binaries;       /* it gives packages, not only sources */
    bool is_said;
    struct ht_str said[HT_DEB_SAID]; /* options that each mention of it must have alike */
    struct ht_vec indexes;           /* struct ht_deb_index */
    struct ht_deb_release release;
    bool has_release;
};

struct ht_deb_sources {
    struct ht_arena *arena;      /* owns everything */
    struct ht_str key;           /* of lists, "$(COMPONENT)/binary-$(ARCHITECTURE)/Packages" */
    struct ht_str flat_key;      /* "Packages"; either may be empty: no such lists */
    bool only_named;             /* lists that the source names itself */
    struct ht_str native;        /* architecture */
    struct ht_vec architectures; /* struct ht_str, the native one among them */
    struct ht_vec archives;      /* struct ht_deb_archive, in apt's order */
};

/* Frees the arrays; the arena stays. */
void ht_deb_sources_fini(struct ht_deb_sources *sources);
/* Adds what a file says: stanzas where its name ends in ".sources", lines otherwise. A fault ends
 * it (-EINVAL, apt then works with no source at all) and leaves what came before. */
int ht_deb_sources_parse(struct ht_deb_sources *sources, struct ht_str text, const char *name,
                         struct ht_error *err);

#endif
