/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the decoders of Kubernetes' objects share. Layer 3 (source), private; pure. */
#ifndef HT_SOURCE_KUBE_PRIVATE_H
#define HT_SOURCE_KUBE_PRIVATE_H

#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/base/json.h"
#include "hulltop/model/rows.h"

/* A pod under way. The readers below return true if the member is set and of its kind, and leave
 * its value in the field of that kind; a wrong kind fails the whole. where is the path of object,
 * for the message. */
struct ht_kube_decoding {
    struct ht_arena *arena;
    struct ht_pod *pod;
    struct ht_error *err;
    bool failed;
    bool boolean;
    int64_t integer;
    struct ht_str text;
    struct ht_text_list texts;
    struct ht_pair_list pairs;
};

/* "where.key: expected ..."; returns false. */
bool ht_kube_fail(struct ht_kube_decoding *decoding, const char *where, const char *key,
                  const char *expected);
const struct ht_json *ht_kube_map(struct ht_kube_decoding *decoding, const struct ht_json *object,
                                  const char *where, const char *key);
const struct ht_json *ht_kube_list(struct ht_kube_decoding *decoding, const struct ht_json *object,
                                   const char *where, const char *key);
bool ht_kube_bool(struct ht_kube_decoding *decoding, const struct ht_json *object,
                  const char *where, const char *key);
bool ht_kube_int(struct ht_kube_decoding *decoding, const struct ht_json *object, const char *where,
                 const char *key);
bool ht_kube_text(struct ht_kube_decoding *decoding, const struct ht_json *object,
                  const char *where, const char *key);
bool ht_kube_texts(struct ht_kube_decoding *decoding, const struct ht_json *object,
                   const char *where, const char *key);
/* Parts of a security context, of a pod's or a container's. */
bool ht_kube_profile(struct ht_kube_decoding *decoding, const struct ht_json *context,
                     const char *where, const char *key);
bool ht_kube_selinux(struct ht_kube_decoding *decoding, const struct ht_json *context,
                     const char *where);
bool ht_kube_host_process(struct ht_kube_decoding *decoding, const struct ht_json *context,
                          const char *where);
/* A quantity of Kubernetes ("128Mi", "0.5", "500m", "1e3") in thousandths, rounded up. False: it is
 * none, below zero, or too large. Pure. */
bool ht_kube_quantity(struct ht_str text, uint64_t *ret_thousandths);
/* The containers of a spec, of all three kinds. The volumes of the pod are set already. */
void ht_kube_decode_containers(struct ht_kube_decoding *decoding, const struct ht_json *spec);

/* The pod's resize, and the limits that its node applied, where a change of limits is under way.
 * Its containers are set already. */
void ht_kube_decode_resize(struct ht_kube_decoding *decoding, const struct ht_json *status);

/* An Ingress as a row, owned by the caller; NULL: it has no name. */
struct ht_row *ht_kube_make_ingress(const struct ht_json *value, struct ht_arena *arena);
/* The same for a Service. */
struct ht_row *ht_kube_make_service(const struct ht_json *value, struct ht_arena *arena);

#endif
