/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions to etcd's API and its answers, in both of its tongues. Layer 3 (source). */
#ifndef HT_SOURCE_ETCD_CALL_H
#define HT_SOURCE_ETCD_CALL_H

#include "etcd-value.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"
#include "hulltop/base/http.h"

struct ht_etcd_range {
    struct ht_str key, end; /* [key, end); no end: the key alone */
    uint64_t limit;
    uint64_t revision;
    bool keys_only, count_only;
};

enum ht_etcd_target { HT_ETCD_BY_VALUE, HT_ETCD_BY_REVISION };

/* Whether low < x < high holds for all of [key, end): values, or (high alone) revisions. */
struct ht_etcd_compare {
    struct ht_str key, end;
    enum ht_etcd_target target;
    struct ht_str low, high;
    uint64_t below;
};

struct ht_etcd_answer {
    uint64_t revision; /* of the store, when it answered */
    uint64_t member;
    uint64_t count;
    bool more;
    bool succeeded;
};

/* Called for each key that was found, in order; valid during the call. */
typedef void (*ht_etcd_found)(void *context, const struct ht_etcd_kv *kv);

struct ht_etcd_finder {
    ht_etcd_found found; /* NULL: not asked for */
    void *context;
};

struct ht_etcd_caller {
    struct ht_http *grpc;
    struct ht_http *json;           /* NULL until the other one was refused */
    bool by_json;                   /* that one answered */
    bool by_grpc;                   /* the first one did */
    struct ht_http_options options; /* for the second */
};

/* Asks etcd. 0, -errno; -ESTALE: the revision was compacted. */
int ht_etcd_call_range(struct ht_etcd_caller *caller, const struct ht_etcd_range *range,
                       const struct ht_etcd_finder *finder, struct ht_etcd_answer *ret,
                       struct ht_error *err);
int ht_etcd_call_compare(struct ht_etcd_caller *caller, const struct ht_etcd_compare *compare,
                         struct ht_etcd_answer *ret, struct ht_error *err);

/* The decoders of answers, pure. False: not one. */
bool ht_etcd_answer_parse(struct ht_str message, const struct ht_etcd_finder *finder,
                          struct ht_etcd_answer *ret);
int ht_etcd_answer_json(struct ht_str text, const struct ht_etcd_finder *finder,
                        struct ht_etcd_answer *ret, struct ht_error *err);

#endif
