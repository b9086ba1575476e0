/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a pin's words fit a list, a version, a package. Pure. */
#ifndef HT_SOURCE_DEB_MATCH_H
#define HT_SOURCE_DEB_MATCH_H

#include "deb-policy.h"

/* The Package of a pin, taken apart. */
struct ht_deb_pin_name {
    struct ht_str text;         /* "libfoo*" */
    struct ht_str architecture; /* the native one where none is named */
    bool has_architecture;
    bool is_source;  /* "src:" */
    bool is_pattern; /* has '*', '[' or '?', or is a /regular expression/ */
};

/* True if text fits: a /regular expression/ is found in it, or it fits a shell pattern as a whole;
 * letters in any case. */
bool ht_deb_match(struct ht_deb_matcher *matcher, struct ht_str pattern, struct ht_str text);

struct ht_deb_pin_name ht_deb_pin_name(struct ht_str text, struct ht_str native);
/* True if the pin is about the package, or source package, of that name. */
bool ht_deb_pin_names(struct ht_deb_matcher *matcher, const struct ht_deb_pin_name *name,
                      struct ht_str package);
/* "amd64", "any", "linux-any", "any-amd64" and the like against an architecture. */
bool ht_deb_architecture_fits(struct ht_str pattern, struct ht_str architecture);
/* True if a pin of a version fits one. */
bool ht_deb_pin_fits_text(struct ht_deb_matcher *matcher, const struct ht_deb_pin *pin,
                          struct ht_str version);
/* True if a pin of a release or origin fits a list. */
bool ht_deb_pin_fits_file(struct ht_deb_matcher *matcher, const struct ht_deb_pin *pin,
                          const struct ht_deb_file *file);

#endif
