/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What certificates say of themselves, as the TLS library of libcurl reads them. Layer 1 (base);
 * any thread.
 *
 * OpenSSL's is looked for among the libraries that the process has open, as it has once libcurl was
 * opened. Where libcurl works with another, nothing can be said of certificates.
 */
#ifndef HT_BASE_CERTIFICATE_H
#define HT_BASE_CERTIFICATE_H

#include <stdint.h>

#include "hulltop/base/str.h"

struct ht_certificate {
    char subject[200]; /* "/O=system:masters/CN=admin", cut; raw */
    int64_t start_ns;  /* wall clock: valid from then on */
    int64_t end_ns;    /* up to then */
};

/* Reads at most room certificates of a PEM text, in its order, and returns how many; what cannot be
 * read ends it. */
size_t ht_certificate_read(struct ht_str pem, struct ht_certificate *certificates, size_t room);

#endif
