/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which version apt would install: priorities of lists and of versions, pins, the candidate. Pure.
 */
#ifndef HT_SOURCE_DEB_POLICY_H
#define HT_SOURCE_DEB_POLICY_H

#include "deb-release.h"
#include "deb-set.h"

/* A list as pins see it. */
struct ht_deb_file {
    const struct ht_deb_release *release; /* NULL: dpkg's status */
    struct ht_str host;                   /* of its archive */
    struct ht_str component;
    struct ht_str architecture;
    int16_t priority; /* what ht_deb_policy_files finds */
};

enum ht_deb_pin_kind { HT_DEB_PIN_VERSION, HT_DEB_PIN_RELEASE, HT_DEB_PIN_ORIGIN };

struct ht_deb_pin {
    enum ht_deb_pin_kind kind;
    struct ht_str name; /* empty: for lists. Else a package, a pattern, "src:NAME" */
    struct ht_str data; /* "1.2*", "a=stable, l=Debian", "mirror.example.net" */
    int16_t priority;
};

/* No version of a list with this priority is ever installed. */
enum { HT_DEB_PIN_NEVER = INT16_MIN, HT_DEB_PIN_DEFAULT_RELEASE = 990 };

/* Regular expressions that were compiled; starts as zeros, one owner. */
enum { HT_DEB_MATCHER_KEPT = 8 };
struct ht_deb_regex;
struct ht_deb_matcher {
    char *patterns[HT_DEB_MATCHER_KEPT];
    struct ht_deb_regex *regexes[HT_DEB_MATCHER_KEPT];
    size_t next; /* place that is given up first */
};
void ht_deb_matcher_fini(struct ht_deb_matcher *matcher);

struct ht_deb_policy {
    struct ht_arena *arena;
    struct ht_deb_matcher matcher;
    struct ht_vec pins;        /* struct ht_deb_pin, the first that fits counts */
    struct ht_deb_file *files; /* the lists, dpkg's status last; borrowed */
    size_t files_len;
};

/* Adds the pins of a file of preferences. A fault ends it (-EINVAL, apt then refuses to work) and
 * leaves what came before. */
int ht_deb_policy_parse(struct ht_deb_policy *policy, struct ht_str text, const char *name,
                        struct ht_error *err);
/* Pins a release to 990, before all other pins; false where no list belongs to it: apt then refuses
 * to work. */
bool ht_deb_policy_default_release(struct ht_deb_policy *policy, struct ht_str release);
/* Gives every list its priority and every version of the set its pin. */
void ht_deb_policy_apply(struct ht_deb_policy *policy, struct ht_deb_set *set);
/* The version that apt would install, or NULL. ceiling says of a version that a phased update keeps
 * it back already here (apt's Phase-Policy); NULL: of none. */
typedef bool (*ht_deb_keeps)(void *context, const struct ht_deb_version *version);
const struct ht_deb_version *ht_deb_policy_candidate(const struct ht_deb_policy *policy,
                                                     const struct ht_deb_package *package,
                                                     ht_deb_keeps keeps, void *context);
void ht_deb_policy_fini(struct ht_deb_policy *policy);

#endif
