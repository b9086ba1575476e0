/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Release and InRelease files: what an archive says about itself. Pure. */
#ifndef HT_SOURCE_DEB_RELEASE_H
#define HT_SOURCE_DEB_RELEASE_H

#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/base/str.h"

/* Texts are empty where the file has none. */
struct ht_deb_release {
    struct ht_str suite; /* "stable-security" */
    struct ht_str codename;
    struct ht_str version;
    struct ht_str origin;
    struct ht_str label;
    struct ht_str components;    /* "main contrib" */
    struct ht_str architectures; /* "all amd64" */
    struct ht_str sums;          /* lines "SUM SIZE FILE" */
    int64_t date_ns;             /* since 1970; 0: not told */
    int64_t valid_until_ns;      /* 0: no end */
    bool not_automatic;
    bool but_automatic_upgrades;
};

/* Reads a file's text, signed or not. The signature is not looked at: apt did. -EBADMSG: apt
 * refuses the file; release is empty then. */
int ht_deb_release_parse(struct ht_str text, struct ht_arena *arena, struct ht_deb_release *release,
                         struct ht_error *err);
/* "Sat, 21 Nov 2026 08:12:01 UTC" to nanoseconds since 1970; 0 or -EINVAL. */
int ht_deb_parse_date(struct ht_str text, int64_t *ret_ns);
/* The size that the archive says a file of it has ("main/binary-amd64/Packages"); false: it does
 * not say. */
bool ht_deb_release_size(const struct ht_deb_release *release, struct ht_str file,
                         uint64_t *ret_size);
/* Whether the archive has lists of that component and architecture, as far as it tells. */
bool ht_deb_release_has(const struct ht_deb_release *release, struct ht_str component,
                        struct ht_str architecture);
/* Whether an archive brings fixes of vulnerabilities. */
bool ht_deb_release_is_security(const struct ht_deb_release *release);

#endif
