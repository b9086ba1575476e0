/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "etcd-wal.h"

#include "bolt-format.h"
#include "hulltop/base/limits.h"

/* Types of records, and numbers of the fields that lead to a value. */
enum {
    RECORD_METADATA = 1,
    RECORD_ENTRY = 2,
    RECORD_TYPES = 5,

    RECORD_TYPE = 1,
    RECORD_DATA = 3,
    METADATA_NODE = 1,
    ENTRY_TYPE = 1,
    ENTRY_DATA = 4,
    REQUEST_PUT = 4,
    REQUEST_TXN = 6,
    TXN_SUCCESS = 2,
    TXN_FAILURE = 3,
    OP_PUT = 2,
    OP_TXN = 4,

    TXN_DEPTH = 16,
};

bool ht_wal_frame(const char bytes[HT_WAL_FRAME], uint64_t *ret_record, unsigned *ret_padding)
{
    uint64_t field = ht_le64(bytes);
    unsigned top = (unsigned)(field >> 56);

    *ret_record = field & UINT64_C(0x00ffffffffffffff);
    /* The top bit says that the three below it count the bytes of padding. */
    *ret_padding = top & 0x80 ? top & 7 : 0;
    if (!(top & 0x80) && top != 0)
        return false;
    return *ret_record > 0 && *ret_record <= HT_LIMIT_WAL_RECORD;
}

static bool read_put(struct ht_str bytes, struct ht_wal_visitor *visitor)
{
    struct ht_etcd_kv kv;

    if (!ht_etcd_put_parse(bytes, &kv))
        return false;
    visitor->put(visitor->context, &kv);
    return true;
}

static bool read_txn(struct ht_str bytes, struct ht_wal_visitor *visitor, unsigned depth);

static bool read_op(struct ht_str bytes, struct ht_wal_visitor *visitor, unsigned depth)
{
    struct ht_wire wire = {.rest = bytes};
    struct ht_wire_field field;

    while (ht_wire_next(&wire, &field)) {
        if (field.type == 2 && field.number == OP_PUT && !read_put(field.data, visitor))
            return false;
        if (field.type == 2 && field.number == OP_TXN && !read_txn(field.data, visitor, depth + 1))
            return false;
    }
    return !wire.failed;
}

/* Both ways count: the bytes are there, whichever was gone. */
static bool read_txn(struct ht_str bytes, struct ht_wal_visitor *visitor, unsigned depth)
{
    struct ht_wire wire = {.rest = bytes};
    struct ht_wire_field field;

    if (depth > TXN_DEPTH)
        return false;
    while (ht_wire_next(&wire, &field)) {
        if (field.type == 2 && (field.number == TXN_SUCCESS || field.number == TXN_FAILURE) &&
            !read_op(field.data, visitor, depth))
            return false;
    }
    return !wire.failed;
}

static bool read_request(struct ht_str bytes, struct ht_wal_visitor *visitor)
{
    struct ht_wire wire = {.rest = bytes};
    struct ht_wire_field field;

    while (ht_wire_next(&wire, &field)) {
        if (field.type == 2 && field.number == REQUEST_PUT && !read_put(field.data, visitor))
            return false;
        if (field.type == 2 && field.number == REQUEST_TXN && !read_txn(field.data, visitor, 0))
            return false;
    }
    return !wire.failed;
}

static bool read_entry(struct ht_str bytes, struct ht_wal_visitor *visitor)
{
    struct ht_wire wire = {.rest = bytes};
    struct ht_wire_field field;
    struct ht_str data = {0};
    uint64_t type = 0;

    while (ht_wire_next(&wire, &field)) {
        if (field.number == ENTRY_TYPE && field.type == 0)
            type = field.value;
        else if (field.number == ENTRY_DATA && field.type == 2)
            data = field.data;
    }
    if (wire.failed)
        return false;
    /* Others change the membership. What is no request is one of etcd's old interface, which knows
     * no Kubernetes. */
    if (type == 0)
        (void)read_request(data, visitor);
    return true;
}

static void read_metadata(struct ht_str bytes, struct ht_wal_visitor *visitor)
{
    struct ht_wire wire = {.rest = bytes};
    struct ht_wire_field field;

    while (ht_wire_next(&wire, &field) > 0) {
        if (field.number == METADATA_NODE && field.type == 0)
            visitor->node = field.value;
    }
}

bool ht_wal_record(struct ht_str record, struct ht_wal_visitor *visitor)
{
    struct ht_wire wire = {.rest = record};
    struct ht_wire_field field;
    struct ht_str data = {0};
    uint64_t type = 0;

    while (ht_wire_next(&wire, &field)) {
        if (field.number == RECORD_TYPE && field.type == 0)
            type = field.value;
        else if (field.number == RECORD_DATA && field.type == 2)
            data = field.data;
    }
    if (wire.failed || type == 0 || type > RECORD_TYPES)
        return false;
    if (type == RECORD_METADATA)
        read_metadata(data, visitor);
    return type != RECORD_ENTRY || read_entry(data, visitor);
}
