/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file of known holes, made elsewhere from the distributions' data. Layer 3 (source); one owner.
 *
 * Lines, sorted by bytes:   ecosystem TAB source package TAB fixed TAB id TAB class
 * ecosystem is "Debian:12", "Ubuntu:24.04", "Alpine:v3.20", "Rocky Linux:9"; fixed is the version
 * that mends it, empty where there is none yet, 0 where the package never had it.
 */
#ifndef HT_SOURCE_PKG_ADVISORIES_H
#define HT_SOURCE_PKG_ADVISORIES_H

#include "hulltop/base/arena.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"
#include "pkg-installed.h"

struct ht_advisories {
    struct ht_buf text;
    struct ht_str ecosystem; /* of this host; in the arena given to open */
    bool has_ecosystem;      /* there is a line about it */
    int64_t modified_at;     /* of the file, ns since 1970 */
};

struct ht_advisory_line {
    struct ht_str fixed;
    struct ht_str id;
    struct ht_str class;
};

/* Reads a file. 0; -EINVAL "FILE:LINE: why" where it is not sorted or a line has another
 * form. Give it to ht_advisories_fini in any case. */
int ht_advisories_open(struct ht_advisories *advisories, const char *path, struct ht_error *err);
void ht_advisories_fini(struct ht_advisories *advisories);
/* Takes text (moved) as the file's. The same result. Pure. */
int ht_advisories_take(struct ht_advisories *advisories, const char *name, struct ht_buf *text,
                       struct ht_error *err);
/* Chooses the ecosystem of a host; empty texts choose none. */
void ht_advisories_choose(struct ht_advisories *advisories, struct ht_str id, struct ht_str cycle,
                          struct ht_arena *arena);

/* Called for each line about a source package of the chosen ecosystem. */
typedef void (*ht_advisory_visit)(void *context, const struct ht_advisory_line *line);
void ht_advisories_each(const struct ht_advisories *advisories, struct ht_str source,
                        ht_advisory_visit visit, void *context);

/* The name and version by which advisories know an installed package: signed kernels and boot
 * loaders are built from a source of their own. Texts that are made go into arena. Pure. */
void ht_advisory_source(const struct ht_installed *package, struct ht_arena *arena,
                        struct ht_str *ret_source, struct ht_str *ret_version);
/* Whether that version has the hole, in the order of that package manager. Pure. */
bool ht_advisory_hits(const struct ht_advisory_line *line, const char *system,
                      struct ht_str version);

#endif
