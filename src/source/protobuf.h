/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * protobuf-c with our arenas: what is decoded lies in an arena, whose limit ends a message that
 * would take more memory than it should. Layer 3 (source), private; pure.
 */
#ifndef HT_SOURCE_PROTOBUF_H
#define HT_SOURCE_PROTOBUF_H

#include <protobuf-c/protobuf-c.h>

#include "hulltop/base/arena.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"

/* The message as the struct of its type, in the arena, bytes copied; NULL with err: broken
 * (-EINVAL), or larger than the arena may be (-E2BIG). */
void *ht_protobuf_unpack(struct ht_arena *arena, const ProtobufCMessageDescriptor *type,
                         struct ht_str message, struct ht_error *err);
/* Borrows bytes of a decoded message. */
struct ht_str ht_protobuf_str(ProtobufCBinaryData bytes);

/* Appends a field of bytes to a request: all that is asked for is so simple. */
void ht_protobuf_add_bytes(struct ht_buf *out, unsigned field, struct ht_str bytes);
/* Appends a field that is a number or true. */
void ht_protobuf_add_number(struct ht_buf *out, unsigned field, uint64_t number);

#endif
