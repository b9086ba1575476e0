/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compressed files as a stream of bytes, through a bounded window. Layer 1 (base); one owner, one
 * thread.
 *
 * What a file claims about itself is not believed: the bytes that come out are counted, in all and
 * against the bytes that went in, and a stream that ends in its middle is an error and no end.
 * Each codec but HT_CODEC_NONE is there only if its library was when hulltop was built.
 */
#ifndef HT_BASE_UNPACK_H
#define HT_BASE_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "hulltop/base/error.h"
#include "hulltop/base/str.h"

enum ht_codec {
    HT_CODEC_NONE,
    HT_CODEC_GZIP,
    HT_CODEC_BZIP2,
    HT_CODEC_XZ,
    HT_CODEC_LZMA,
    HT_CODEC_LZ4,
    HT_CODEC_ZSTD,
};

struct ht_unpack;

#define ht_autounpack __attribute__((cleanup(ht_cleanup_unpack)))

/* The codec that the end of a file's name (".xz") stands for; HT_CODEC_NONE for any other. */
enum ht_codec ht_codec_of(struct ht_str name);
/* "xz", as in messages and in the summary of configure. */
const char *ht_codec_name(enum ht_codec codec);
/* False if hulltop was built without its library. */
bool ht_codec_is_built(enum ht_codec codec);

/* Begins to read fd, which it owns from now on, even on failure; name is for messages and is
 * copied. -ENOSYS: built without that codec. */
int ht_unpack_new(int fd, const char *name, enum ht_codec codec, struct ht_unpack **ret_unpack,
                  struct ht_error *err);
/* More than max_bytes unpacked will be -EFBIG; at the beginning that is HT_LIMIT_UNPACKED. */
void ht_unpack_limit(struct ht_unpack *unpack, uint64_t max_bytes);
/* As apt does it: further streams count in gzip and Zstandard only; what follows a stream of gzip
 * and is none is left out; what should be gzip and does not begin so is taken as it is. */
void ht_unpack_as_apt(struct ht_unpack *unpack);
/* The next bytes, at least one; 0 at the end; negative errno: -EBADMSG what is no such stream, is
 * empty (but for gzip, where apt takes that for an empty list) or ends in its middle, -EFBIG a
 * limit (in all, or in relation to what was read), or of read(2). After an error every call fails.
 */
ssize_t ht_unpack_read(struct ht_unpack *unpack, void *out, size_t size, struct ht_error *err);
/* How many bytes were handed out so far. */
uint64_t ht_unpack_given(const struct ht_unpack *unpack);
/* Closes the descriptor; NULL is allowed; returns NULL. */
struct ht_unpack *ht_unpack_free(struct ht_unpack *unpack);
void ht_cleanup_unpack(struct ht_unpack **unpack);

#endif
