/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SHA-256, and the MD5 of package manifests. Layer 1 (base); any thread.
 */
#ifndef HT_BASE_DIGEST_H
#define HT_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "hulltop/base/error.h"
#include "hulltop/base/str.h"

enum { HT_SHA256_TEXT_MAX = 65 }; /* 64 lower-case hexadecimal digits and a NUL */

/* Writes the digest of data into out (HT_SHA256_TEXT_MAX bytes) and returns out. */
const char *ht_sha256_text(struct ht_str data, char *out);

/* HMAC-SHA256 of data under key, in the same form; returns out. */
const char *ht_hmac_sha256_text(struct ht_str key, struct ht_str data, char *out);

struct ht_sha256;

/* Piece by piece: new, add as often as needed, finish (which frees it). */
struct ht_sha256 *ht_sha256_new(void);
void ht_sha256_add(struct ht_sha256 *digest, struct ht_str data);
/* Writes the digest into out (HT_SHA256_TEXT_MAX bytes), or throws it away when out is NULL. */
void ht_sha256_finish(struct ht_sha256 *digest, char *out);

/* The digest of what fd gives from its position to its end; more than max_bytes is -EFBIG. name is
 * for messages. */
int ht_sha256_fd(int fd, const char *name, uint64_t max_bytes, char *out, struct ht_error *err);

enum { HT_MD5_TEXT_MAX = 33 };

/* The same with MD5, which dpkg's manifests have; no proof against forgery. */
int ht_md5_fd(int fd, const char *name, uint64_t max_bytes, char *out, struct ht_error *err);

#endif
