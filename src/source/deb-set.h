/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Installed packages and every version of them that a list offers, in apt's order. Pure.
 *
 * First the installed ones are taken in from dpkg's status, then the lists in apt's order, at last
 * ht_deb_set_close puts the installed versions where apt puts them. Names that are not installed
 * cost a look into a table.
 */
#ifndef HT_SOURCE_DEB_SET_H
#define HT_SOURCE_DEB_SET_H

#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/base/vec.h"

enum { HT_DEB_NO_PHASE = 100, HT_DEB_STATUS_FILE = UINT16_MAX };

/* A list that has the version, by its place in the caller's order; HT_DEB_STATUS_FILE is dpkg's
 * status. */
struct ht_deb_carrier {
    struct ht_deb_carrier *next;
    uint16_t file;
};

struct ht_deb_version {
    struct ht_deb_version *next; /* older */
    struct ht_str text;          /* "1:2.3-4" */
    struct ht_str source;        /* name and version of the source package */
    struct ht_str source_version;
    struct ht_deb_carrier *carriers; /* in the order of reading */
    uint64_t size;                   /* of the package's file; 0: not told */
    uint32_t hash;                   /* of what it depends on */
    unsigned char multi_arch;        /* HT_DEB_MULTI_* */
    unsigned char phased;            /* percent of machines that get it; 100: all */
    bool all;                        /* Architecture: all */
    bool is_pinned;
    int16_t pin;
};

struct ht_deb_package {
    struct ht_deb_package *next_arch; /* another architecture of the same name */
    struct ht_str name;
    struct ht_str architecture;      /* "all" counts as the native one */
    struct ht_deb_version *versions; /* newest first, once the set is closed */
    struct ht_deb_version *current;  /* the installed one */
    struct ht_deb_version *left; /* versions that only the status has, before the set is closed */
    size_t offered;              /* versions of lists, before the set is closed */
    bool held;
    bool broken; /* half installed, half configured, or to be installed again */
    bool installed;
    bool any; /* a list offers one of its name, of any architecture, as "Multi-Arch: allowed" */
};

struct ht_deb_set {
    struct ht_arena *arena;        /* owns everything but the tables */
    struct ht_str native;          /* architecture */
    struct ht_vec packages;        /* struct ht_deb_package, installed or known to dpkg */
    struct ht_deb_package **table; /* by name */
    size_t table_len;              /* a power of two */
    size_t installed;
};

void ht_deb_set_init(struct ht_deb_set *set, struct ht_arena *arena, struct ht_str native);
void ht_deb_set_fini(struct ht_deb_set *set);

enum ht_deb_place {
    HT_DEB_STATUS,  /* dpkg's status file */
    HT_DEB_JOURNAL, /* changes to it */
    HT_DEB_PART,    /* a file of status.d: installed without saying so */
};

/* Takes in a stanza of dpkg's status; a later one about the same package replaces the earlier, but
 * in the status itself one that is not installed replaces none that is, as apt has it. 0, or
 * -EBADMSG for what names no package, or -EFBIG for absurd fields. */
int ht_deb_set_status(struct ht_deb_set *set, struct ht_str stanza, enum ht_deb_place place,
                      struct ht_error *err);
/* Takes in a stanza of a list; errors as above. */
int ht_deb_set_offer(struct ht_deb_set *set, struct ht_str stanza, uint16_t file,
                     struct ht_error *err);
/* Every list was read. */
void ht_deb_set_close(struct ht_deb_set *set);

/* The package of that name and architecture, or NULL. */
struct ht_deb_package *ht_deb_set_find(const struct ht_deb_set *set, struct ht_str name,
                                       struct ht_str architecture);
/* True if a package of that name, of any architecture, is "Multi-Arch: allowed". */
bool ht_deb_set_has_any(const struct ht_deb_set *set, struct ht_str name);
/* True if a list has any version of the package; else apt calls it obsolete. Of a closed set. */
bool ht_deb_is_offered(const struct ht_deb_package *package);

#endif
