/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "protobuf.h"

#include <errno.h>

/* An arena that is full still gives memory; the library must see that there is none. */
static void *give(void *context, size_t size)
{
    struct ht_arena *arena = context;
    void *block;

    if (ht_arena_is_full(arena))
        return NULL;
    block = ht_arena_alloc(arena, 1, size ? size : 1);
    return ht_arena_is_full(arena) ? NULL : block;
}

static void let_lie(void *context, void *block)
{
    (void)context;
    (void)block;
}

void *ht_protobuf_unpack(struct ht_arena *arena, const ProtobufCMessageDescriptor *type,
                         struct ht_str message, struct ht_error *err)
{
    ProtobufCAllocator allocator = {.alloc = give, .free = let_lie, .allocator_data = arena};
    static const uint8_t nothing[1] = {0};
    const void *bytes = message.len ? message.data : (const void *)nothing;
    void *unpacked = protobuf_c_message_unpack(type, &allocator, message.len, bytes);

    if (unpacked)
        return unpacked;
    if (ht_arena_is_full(arena))
        ht_error_set(err, E2BIG, "%s: an answer that takes too much memory", type->short_name);
    else
        ht_error_set(err, EINVAL, "%s: the answer is no such message", type->short_name);
    return NULL;
}

struct ht_str ht_protobuf_str(ProtobufCBinaryData bytes)
{
    return (struct ht_str){.data = (const char *)bytes.data, .len = bytes.len};
}

static void add_varint(struct ht_buf *out, uint64_t number)
{
    for (; number > 0x7f; number >>= 7)
        ht_buf_add_c(out, (char)(0x80 | (number & 0x7f)));
    ht_buf_add_c(out, (char)number);
}

void ht_protobuf_add_bytes(struct ht_buf *out, unsigned field, struct ht_str bytes)
{
    add_varint(out, (uint64_t)field << 3 | PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED);
    add_varint(out, bytes.len);
    ht_buf_add_str(out, bytes);
}

void ht_protobuf_add_number(struct ht_buf *out, unsigned field, uint64_t number)
{
    add_varint(out, (uint64_t)field << 3 | PROTOBUF_C_WIRE_TYPE_VARINT);
    add_varint(out, number);
}
