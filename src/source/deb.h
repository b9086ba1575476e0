/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What dpkg and apt's lists say about a node: what is installed, which lists are in use, what apt
 * would update. No program is started and nothing is locked; the answer is apt's own for the same
 * files. A source's thread calls it: it reads for as long as the lists are long.
 */
#ifndef HT_SOURCE_DEB_H
#define HT_SOURCE_DEB_H

#include "deb-config.h"
#include "deb-policy.h"
#include "deb-set.h"
#include "deb-sources.h"
#include "pkg-inputs.h"

/* A list that is in use and lies on the node. */
struct ht_deb_list {
    const struct ht_deb_archive *archive;
    const struct ht_deb_index *index;
    struct ht_str shown;   /* the name "apt-get indextargets" gives it */
    struct ht_str file;    /* what is read of it */
    struct ht_str problem; /* empty: it was read to its end */
};

struct ht_deb_update {
    const struct ht_deb_package *package;
    const struct ht_deb_version *candidate;
    bool is_security; /* a version above the installed one, up to the candidate, is from there */
    bool is_phased;   /* it has not come to this machine yet */
    bool is_rebuilt;  /* the same version, built again */
};

struct ht_deb_answer {
    struct ht_arena *arena;
    struct ht_deb_config config;
    struct ht_deb_set set;
    struct ht_deb_sources sources;
    struct ht_deb_policy policy;
    struct ht_deb_file *files;
    struct ht_vec lists;    /* struct ht_deb_list, in apt's order */
    struct ht_vec missing;  /* struct ht_deb_archive of which no list lies there */
    struct ht_vec gaps;     /* struct ht_str: what a source that has lists lacks */
    struct ht_vec updates;  /* struct ht_deb_update, by name */
    struct ht_vec problems; /* struct ht_str: what apt itself cannot work with, what was not read */
    struct ht_pkg_inputs *inputs; /* the caller's: every file that was looked at */
    struct ht_str machine_id;
    struct ht_str default_release;
    size_t broken;  /* packages half installed or half configured */
    size_t journal; /* files in dpkg's update journal */
    bool vanished;  /* a list went away while it was read: apt is at work */
};

struct ht_deb_options {
    const struct ht_root *root;
    struct ht_pkg_inputs *inputs; /* every file that is looked at goes in here */
    bool is_chroot;               /* apt holds no phased update back there */
    /* Called before each list is read; NULL: nobody. */
    void (*progress)(void *context, size_t done, size_t total);
    void *context;
};

/* Reads it all. -ENOENT: dpkg is not here; another error: its status could not be read. */
int ht_deb_read(const struct ht_deb_options *options, struct ht_deb_answer **ret_answer,
                struct ht_error *err);
/* Whether an archive is of paid support of the base system: Ubuntu's ESM ("infra"; "apps" and the
 * rest mend other packages), Debian's ELTS. */
bool ht_deb_is_paid(const struct ht_deb_archive *archive);
/* True if a list of paid support of the base system lies there, of an active source, and the date
 * of the oldest that brings security updates (since 1970; 0: not told); packages are not read. */
bool ht_deb_paid_list(const struct ht_root *root, int64_t *ret_date_ns);
/* What is installed and nothing else: status, journal and parts into a closed set. Owned by the
 * caller (ht_deb_free); -ENOENT: dpkg is not here. */
int ht_deb_read_installed(const struct ht_root *root, struct ht_deb_answer **ret_answer,
                          struct ht_error *err);
/* NULL is allowed; returns NULL. */
struct ht_deb_answer *ht_deb_free(struct ht_deb_answer *answer);
/* True if an archive of security updates has a version above the candidate: pins or a default
 * release keep it from being offered. */
bool ht_deb_hides_security(const struct ht_deb_answer *answer,
                           const struct ht_deb_package *package);
/* Where a version comes from as apt puts it: "Debian:12.5/stable, Debian-Security:12/..."; in the
 * answer's arena. */
struct ht_str ht_deb_origin(const struct ht_deb_answer *answer,
                            const struct ht_deb_version *version);

/* True if packages of that architecture are installed, or it is the host's own. */
bool ht_deb_is_used(const struct ht_deb_answer *answer, struct ht_str architecture);
/* True if a list of a security archive has the version. */
bool ht_deb_is_security(const struct ht_deb_answer *answer, const struct ht_deb_version *version);

#endif
