/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "etcd-call.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "hulltop/base/base64.h"
#include "hulltop/base/grpc.h"
#include "hulltop/base/json.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "protobuf.h"

enum {
    MESSAGE_MAX = 32 * 1024 * 1024,
    JSON_ARENA = 256 * 1024 * 1024,
    GREATER = 1,
    LESS = 2,
    BY_MOD = 2,
    BY_VALUE = 3,
};

/* ---- protobuf out ---- */

/* What is empty is left out: etcd takes the end of a range that is there and empty for no end. */
static void add_bytes(struct ht_buf *out, unsigned field, struct ht_str bytes)
{
    if (bytes.len)
        ht_protobuf_add_bytes(out, field, bytes);
}

static void add_number(struct ht_buf *out, unsigned field, uint64_t number)
{
    if (number)
        ht_protobuf_add_number(out, field, number);
}

static void range_message(const struct ht_etcd_range *range, struct ht_buf *out)
{
    add_bytes(out, 1, range->key);
    add_bytes(out, 2, range->end);
    add_number(out, 3, range->limit);
    add_number(out, 4, range->revision);
    add_number(out, 7, 1); /* serializable */
    add_number(out, 8, range->keys_only);
    add_number(out, 9, range->count_only);
}

static void add_compare(struct ht_buf *out, const struct ht_etcd_compare *compare, unsigned result,
                        struct ht_str value)
{
    ht_autobuf struct ht_buf inner = HT_BUF(HT_LIMIT_ARG * 4);

    add_number(&inner, 1, result);
    add_number(&inner, 2, compare->target == HT_ETCD_BY_VALUE ? BY_VALUE : BY_MOD);
    add_bytes(&inner, 3, compare->key);
    if (compare->target == HT_ETCD_BY_VALUE)
        add_bytes(&inner, 7, value);
    else
        add_number(&inner, 6, compare->below);
    add_bytes(&inner, 64, compare->end);
    add_bytes(out, 1, ht_buf_str(&inner));
}

static void compare_message(const struct ht_etcd_compare *compare, struct ht_buf *out)
{
    if (compare->target == HT_ETCD_BY_VALUE)
        add_compare(out, compare, GREATER, compare->low);
    add_compare(out, compare, LESS, compare->high);
}

/* ---- protobuf in ---- */

static void read_header(struct ht_str bytes, struct ht_etcd_answer *answer)
{
    struct ht_wire wire = {.rest = bytes};
    struct ht_wire_field field;

    while (ht_wire_next(&wire, &field)) {
        if (field.type == 0 && field.number == 2)
            answer->member = field.value;
        if (field.type == 0 && field.number == 3)
            answer->revision = field.value;
    }
}

/* Both answers begin alike; what one of them has in a field the other has with another type. */
bool ht_etcd_answer_parse(struct ht_str message, const struct ht_etcd_finder *finder,
                          struct ht_etcd_answer *ret)
{
    struct ht_wire wire = {.rest = message};
    struct ht_etcd_answer answer = {0};
    struct ht_wire_field field;

    while (ht_wire_next(&wire, &field)) {
        struct ht_etcd_kv kv;

        if (field.number == 1 && field.type == 2)
            read_header(field.data, &answer);
        else if (field.number == 2 && field.type == 0)
            answer.succeeded = field.value != 0;
        else if (field.number == 3 && field.type == 0)
            answer.more = field.value != 0;
        else if (field.number == 4 && field.type == 0)
            answer.count = field.value;
        else if (field.number == 2 && field.type == 2) {
            if (!ht_etcd_kv_parse(field.data, 0, &kv))
                return false;
            if (finder && finder->found)
                finder->found(finder->context, &kv);
        }
    }
    if (wire.failed || answer.revision == 0)
        return false;
    *ret = answer;
    return true;
}

/* ---- JSON out ---- */

static void json_bytes(struct ht_buf *out, const char *name, struct ht_str bytes)
{
    if (bytes.len == 0)
        return;
    ht_buf_addf(out, ",\"%s\":\"", name);
    ht_base64_encode(bytes, out);
    ht_buf_add_c(out, '"');
}

static void range_json(const struct ht_etcd_range *range, struct ht_buf *out)
{
    ht_buf_addf(out,
                "{\"serializable\":true,\"limit\":\"%" PRIu64 "\",\"revision\":\"%" PRIu64
                "\",\"keys_only\":%s,\"count_only\":%s",
                range->limit, range->revision, range->keys_only ? "true" : "false",
                range->count_only ? "true" : "false");
    json_bytes(out, "key", range->key);
    json_bytes(out, "range_end", range->end);
    ht_buf_add_c(out, '}');
}

static void one_compare_json(const struct ht_etcd_compare *compare, const char *result,
                             struct ht_str value, struct ht_buf *out)
{
    ht_buf_addf(out, "{\"result\":\"%s\"", result);
    json_bytes(out, "key", compare->key);
    json_bytes(out, "range_end", compare->end);
    if (compare->target == HT_ETCD_BY_VALUE) {
        ht_buf_add_text(out, ",\"target\":\"VALUE\"");
        json_bytes(out, "value", value);
    } else {
        ht_buf_addf(out, ",\"target\":\"MOD\",\"mod_revision\":\"%" PRIu64 "\"", compare->below);
    }
    ht_buf_add_c(out, '}');
}

static void compare_json(const struct ht_etcd_compare *compare, struct ht_buf *out)
{
    ht_buf_add_text(out, "{\"compare\":[");
    if (compare->target == HT_ETCD_BY_VALUE) {
        one_compare_json(compare, "GREATER", compare->low, out);
        ht_buf_add_c(out, ',');
    }
    one_compare_json(compare, "LESS", compare->high, out);
    ht_buf_add_text(out, "]}");
}

/* ---- JSON in ---- */

/* Numbers of 64 bits are texts there; what is missing is 0. */
static uint64_t json_number(const struct ht_json *object, const char *name)
{
    struct ht_str text;
    uint64_t number = 0;

    if (ht_json_string(ht_json_get(object, name), &text))
        (void)ht_parse_u64(text, &number);
    else
        (void)ht_json_uint(ht_json_get(object, name), &number);
    return number;
}

/* Replaces what out holds; what is missing is empty. */
static bool read_base64(const struct ht_json *text, struct ht_buf *out)
{
    struct ht_str digits;

    ht_buf_reset(out);
    return !text || (ht_json_string(text, &digits) && ht_base64_decode(digits, out) == 0);
}

static bool read_kvs(const struct ht_json *kvs, const struct ht_etcd_finder *finder)
{
    ht_autobuf struct ht_buf key = HT_BUF(MESSAGE_MAX), value = HT_BUF(MESSAGE_MAX);
    bool good = true;

    for (size_t i = 0; good && ht_json_is_array(kvs) && i < kvs->len; i++) {
        good = read_base64(ht_json_get(&kvs->items[i], "key"), &key) &&
               read_base64(ht_json_get(&kvs->items[i], "value"), &value) && key.len > 0;
        if (good && finder && finder->found)
            finder->found(finder->context, &(struct ht_etcd_kv){.key = ht_buf_str(&key),
                                                                .value = ht_buf_str(&value),
                                                                .value_len = value.len});
        if (value.data)
            ht_wipe(value.data, value.len);
    }
    return good;
}

int ht_etcd_answer_json(struct ht_str text, const struct ht_etcd_finder *finder,
                        struct ht_etcd_answer *ret, struct ht_error *err)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(JSON_ARENA);
    const struct ht_json *root = ht_json_parse(arena, "etcd", text, err);
    struct ht_etcd_answer answer = {0};

    if (!root)
        return -EPROTO;

    const struct ht_json *header = ht_json_get(root, "header"), *kvs = ht_json_get(root, "kvs");
    answer.revision = json_number(header, "revision");
    answer.member = json_number(header, "member_id");
    answer.count = json_number(root, "count");
    (void)ht_json_bool(ht_json_get(root, "more"), &answer.more);
    (void)ht_json_bool(ht_json_get(root, "succeeded"), &answer.succeeded);

    bool good = answer.revision > 0 && read_kvs(kvs, finder);
    /* The tree holds the values once more. */
    for (size_t i = 0; ht_json_is_array(kvs) && i < kvs->len; i++) {
        struct ht_str value;

        if (ht_json_string(ht_json_get(&kvs->items[i], "value"), &value) && value.len)
            ht_wipe((void *)(uintptr_t)value.data, value.len);
    }
    if (!good)
        return ht_error_set(err, EPROTO, "what listens there is no etcd");
    *ret = answer;
    return 0;
}

/* ---- calls ---- */

/* One call: where, what, and who takes the keys that are found. */
struct call {
    const char *path;
    struct ht_str message;
    const struct ht_etcd_finder *finder;
};

static bool is_compacted(struct ht_str text)
{
    return ht_str_find(text, HT_S("compacted"), 0) >= 0;
}

static int call_json(struct ht_etcd_caller *caller, const struct call *call,
                     struct ht_etcd_answer *ret, struct ht_error *err)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    struct ht_http_request request = {
        .path = call->path, .headers = headers, .body = call->message};
    ht_autoanswer struct ht_http_answer answer = HT_HTTP_ANSWER;

    if (!caller->json) {
        caller->options.http2 = false;
        caller->json = ht_http_new(&caller->options, err);
    }
    if (!caller->json)
        return -err->code;

    int r = ht_http_send(caller->json, &request, &answer, err);
    if (r == 0 && answer.status == 200)
        r = ht_etcd_answer_json(ht_buf_str(&answer.body), call->finder, ret, err);
    else if (r == 0 && is_compacted(ht_buf_str(&answer.body)))
        r = ht_error_set(err, ESTALE, "the revision was compacted");
    else if (r == 0)
        r = ht_error_set(err, answer.status == 401 || answer.status == 403 ? EACCES : EPROTO,
                         "%s: status %d", ht_http_name(caller->json), answer.status);
    if (answer.body.data)
        ht_wipe(answer.body.data, answer.body.len);
    return r;
}

static int call_grpc(struct ht_etcd_caller *caller, const struct call *call,
                     struct ht_etcd_answer *ret, struct ht_error *err)
{
    struct ht_grpc_request request = {
        .path = call->path, .message = call->message, .message_max = MESSAGE_MAX};
    ht_autobuf struct ht_buf answer = HT_BUF(MESSAGE_MAX);
    int r = ht_grpc_call(caller->grpc, &request, &answer, err);

    if (r == 0 && !ht_etcd_answer_parse(ht_buf_str(&answer), call->finder, ret))
        r = ht_error_set(err, EPROTO, "what listens there is no etcd");
    else if (r < 0 && is_compacted(ht_str_from(err->text)))
        r = -ESTALE;
    if (answer.data)
        ht_wipe(answer.data, answer.len);
    return r;
}

/* The gateway is tried where nobody speaks gRPC. Proxies of HTTP/1.1 refuse it, or hang up. */
static bool is_no_grpc(const struct ht_etcd_caller *caller, int r)
{
    return r == -EPROTO || r == -EOPNOTSUPP || (r == -ECONNRESET && !caller->by_grpc);
}

int ht_etcd_call_range(struct ht_etcd_caller *caller, const struct ht_etcd_range *range,
                       const struct ht_etcd_finder *finder, struct ht_etcd_answer *ret,
                       struct ht_error *err)
{
    ht_autobuf struct ht_buf message = HT_BUF(HT_LIMIT_PROC_FILE);

    if (!caller->by_json) {
        range_message(range, &message);

        int r = call_grpc(caller,
                          &(struct call){.path = "/etcdserverpb.KV/Range",
                                         .message = ht_buf_str(&message),
                                         .finder = finder},
                          ret, err);
        caller->by_grpc = r == 0 || caller->by_grpc;
        if (!is_no_grpc(caller, r))
            return r;
        ht_buf_reset(&message);
    }
    range_json(range, &message);

    int r = call_json(
        caller,
        &(struct call){.path = "/v3/kv/range", .message = ht_buf_str(&message), .finder = finder},
        ret, err);
    caller->by_json = r == 0 || caller->by_json;
    return r;
}

int ht_etcd_call_compare(struct ht_etcd_caller *caller, const struct ht_etcd_compare *compare,
                         struct ht_etcd_answer *ret, struct ht_error *err)
{
    ht_autobuf struct ht_buf message = HT_BUF(HT_LIMIT_PROC_FILE);

    if (!caller->by_json) {
        compare_message(compare, &message);
        return call_grpc(caller,
                         &(struct call){.path = "/etcdserverpb.KV/Txn",
                                        .message = ht_buf_str(&message),
                                        .finder = NULL},
                         ret, err);
    }
    compare_json(compare, &message);
    return call_json(
        caller,
        &(struct call){.path = "/v3/kv/txn", .message = ht_buf_str(&message), .finder = NULL}, ret,
        err);
}
