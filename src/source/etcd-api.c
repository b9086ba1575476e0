/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "etcd-api.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "etcd-call.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "stored-tell.h"

enum {
    PAGE_KEYS = 2000,
    PAGE_VALUES = 500,
    QUESTIONS_MAX = 600, /* then values are read */
    TRIES = 3,
    HEADER_MAX = 256,
    KEYS_MAX = 1000000,
    PREFIXES_MAX = 200,
};

static const struct ht_str any_low = HT_STR("k8s:enc:"), any_high = HT_STR("k8s:enc;");

/* The keys of a range, in their order. */
struct key_list {
    struct ht_str *items;
    size_t len, cap;
    struct ht_arena *arena;
};

struct ht_etcd_api {
    char *url, *ca_file, *cert_file, *key_file;
    int cancel_fd;
    struct ht_etcd_caller caller;
    struct ht_etcd_keys *keys;
    uint64_t others; /* keys beside them, where no secret was found; 0: not asked */
    bool by_values;  /* values were read, so malformed ones are told */
    bool exact;
    uint64_t revision;
    unsigned questions;
    /* The header that was found last, and the text just behind all that begin with it. */
    char low[HEADER_MAX], high[HEADER_MAX];
    size_t header_len;
    struct ht_stored_as header;
    uint64_t *plain;
    size_t plain_len;
};

struct ht_etcd_api *ht_etcd_api_new(const struct ht_etcd_api_options *options)
{
    struct ht_etcd_api *api = ht_new0(struct ht_etcd_api);

    api->url = ht_strdup(options->url);
    api->ca_file = ht_strdup(options->ca_file);
    api->cert_file = ht_strdup(options->cert_file);
    api->key_file = ht_strdup(options->key_file);
    api->cancel_fd = options->cancel_fd;
    return api;
}

struct ht_etcd_api *ht_etcd_api_free(struct ht_etcd_api *api)
{
    if (!api)
        return NULL;
    ht_http_free(api->caller.grpc);
    ht_http_free(api->caller.json);
    ht_etcd_keys_free(api->keys);
    free(api->plain);
    free(api->url);
    free(api->ca_file);
    free(api->cert_file);
    free(api->key_file);
    free(api);
    return NULL;
}

static int connect_once(struct ht_etcd_api *api, struct ht_error *err)
{
    if (api->caller.grpc)
        return 0;
    api->caller.options = (struct ht_http_options){.url = api->url,
                                                   .ca_file = api->ca_file,
                                                   .cert_file = api->cert_file,
                                                   .key_file = api->key_file,
                                                   .http2 = true,
                                                   .cancel_fd = api->cancel_fd};
    api->caller.grpc = ht_http_new(&api->caller.options, err);
    return api->caller.grpc ? 0 : -err->code;
}

/* ---- what was found ---- */

static void add(struct ht_etcd_api *api, struct ht_str key, struct ht_stored_as as)
{
    unsigned resource = ht_etcd_keys_add(
        api->keys, &(struct ht_etcd_item){.key = key, .main = api->revision, .as = as});

    if (resource == HT_RESOURCE_NONE || as.kind != HT_STORED_PLAINTEXT)
        return;
    if (resource >= api->plain_len) {
        api->plain = ht_realloc(api->plain, resource + 1, sizeof(api->plain[0]));
        for (; api->plain_len <= resource; api->plain_len++)
            api->plain[api->plain_len] = 0;
    }
    api->plain[resource]++;
}

static void take_value(void *context, const struct ht_etcd_kv *kv)
{
    add(context, kv->key, ht_stored_as(kv->value, kv->value_len));
}

static void take_key(void *context, const struct ht_etcd_kv *kv)
{
    struct key_list *list = context;

    if (list->len == list->cap) {
        list->cap += list->cap / 2 + 1024;
        list->items = ht_realloc(list->items, list->cap, sizeof(list->items[0]));
    }
    list->items[list->len++] = ht_arena_str(list->arena, kv->key);
}

/* ---- pages ---- */

struct paging {
    struct ht_etcd_api *api;
    const struct ht_pace *rest;
    struct ht_etcd_finder finder;
    struct ht_str last; /* key of the page's last one */
    struct ht_arena *arena;
    bool keys_only;
    size_t found;  /* keys of the page */
    bool disorder; /* one of them does not lie behind all that came before */
};

static void take_of_page(void *context, const struct ht_etcd_kv *kv)
{
    struct paging *paging = context;

    paging->finder.found(paging->finder.context, kv);
    /* The smallest key behind it has a NUL more. */
    paging->found++;
    paging->disorder = paging->disorder || ht_str_compare(kv->key, paging->last) < 0;
    char *next = ht_arena_alloc(paging->arena, kv->key.len + 2, 1);
    memcpy(next, kv->key.data, kv->key.len);
    paging->last = (struct ht_str){.data = next, .len = kv->key.len + 1};
}

static bool has_rest(const struct ht_pace *rest)
{
    return !rest || !rest->step || rest->step(rest->context);
}

/* Everything from `from` up to `end` at the revision that the first answer had. */
static int read_pages(struct paging *paging, struct ht_str from, struct ht_str end,
                      struct ht_error *err)
{
    struct ht_etcd_range range = {.key = from,
                                  .end = end,
                                  .limit = paging->keys_only ? PAGE_KEYS : PAGE_VALUES,
                                  .revision = paging->api->revision,
                                  .keys_only = paging->keys_only};
    struct ht_etcd_finder finder = {.found = take_of_page, .context = paging};
    struct ht_etcd_answer answer = {.more = true};

    while (answer.more) {
        paging->found = 0;

        int r = ht_etcd_call_range(&paging->api->caller, &range, &finder, &answer, err);

        if (r < 0)
            return r;
        if (paging->disorder || (answer.more && paging->found == 0))
            return ht_error_set(err, EPROTO, "its pages of keys do not follow each other");
        range.key = paging->last;
        if (answer.more && !has_rest(paging->rest))
            return ht_error_set(err, EINTR, "stopped");
        if (ht_arena_is_full(paging->arena))
            return ht_error_set(err, EFBIG, "more keys than can be kept");
    }
    return 0;
}

/* ---- asking without values ---- */

/* One comparison of a range of keys. */
struct question {
    struct ht_str key, end, low, high;
};

static int ask(struct ht_etcd_api *api, const struct question *question, bool *ret,
               struct ht_error *err)
{
    struct ht_etcd_compare compare = {
        .key = question->key, .end = question->end, .low = question->low, .high = question->high};
    struct ht_etcd_answer answer;
    int r = ht_etcd_call_compare(&api->caller, &compare, &answer, err);

    api->questions++;
    if (r == 0)
        *ret = answer.succeeded;
    return r;
}

/* Takes the header of an encrypted value: the text up to the colon behind the key's name. */
static void take_header(void *context, const struct ht_etcd_kv *kv)
{
    struct ht_etcd_api *api = context;
    struct ht_stored_as as = ht_stored_as(kv->value, kv->value_len);
    size_t len = as.key.len ? (size_t)(as.key.data + as.key.len - kv->value.data) + 1 : 0;

    api->header_len = 0;
    if (as.kind != HT_STORED_ENCRYPTED || len == 0 || len + 1 > HEADER_MAX)
        return;
    memcpy(api->low, kv->value.data, len);
    memcpy(api->high, kv->value.data, len);
    api->high[len - 1] = ':' + 1;
    api->header_len = len;
    api->header = as;
    api->header.key =
        (struct ht_str){.data = api->low + (as.key.data - kv->value.data), .len = as.key.len};
    api->header.key_id = (struct ht_str){0};
}

/* Reads one value that is known to be encrypted, for its header. */
static int read_header_of(struct ht_etcd_api *api, struct ht_str key, struct ht_error *err)
{
    struct ht_etcd_range range = {.key = key, .limit = 1};
    struct ht_etcd_finder finder = {.found = take_header, .context = api};
    struct ht_etcd_answer answer;

    return ht_etcd_call_range(&api->caller, &range, &finder, &answer, err);
}

static struct question of_header(const struct ht_etcd_api *api, struct ht_str key,
                                 struct ht_str end)
{
    return (struct question){.key = key,
                             .end = end,
                             .low = {.data = api->low, .len = api->header_len},
                             .high = {.data = api->high, .len = api->header_len}};
}

/* Keys [from, to) of the list, all under the header that was found last, or halved. */
struct part {
    const struct key_list *list;
    struct ht_str end; /* of the whole range */
};

static int judge_one(struct ht_etcd_api *api, struct ht_str key, struct ht_error *err)
{
    struct question question = {.key = key, .low = any_low, .high = any_high};
    bool encrypted = false;
    int r = ask(api, &question, &encrypted, err);

    if (r == 0 && !encrypted) {
        add(api, key, (struct ht_stored_as){.kind = HT_STORED_PLAINTEXT});
        return 0;
    }
    if (r == 0)
        r = read_header_of(api, key, err);
    if (r == 0)
        add(api, key,
            api->header_len ? api->header : (struct ht_stored_as){.kind = HT_STORED_MALFORMED});
    return r;
}

static int judge(struct ht_etcd_api *api, const struct part *part, size_t from, size_t to,
                 struct ht_error *err)
{
    const struct key_list *list = part->list;
    bool same = false;
    int r = 0;

    if (from == to || api->questions > QUESTIONS_MAX)
        return 0;
    if (api->header_len) {
        struct question question =
            of_header(api, list->items[from], to < list->len ? list->items[to] : part->end);

        r = ask(api, &question, &same, err);
    }
    for (size_t i = from; r == 0 && same && i < to; i++)
        add(api, list->items[i], api->header);
    if (r < 0 || same)
        return r;
    if (to - from == 1)
        return judge_one(api, list->items[from], err);
    r = judge(api, part, from, from + (to - from) / 2, err);
    return r < 0 ? r : judge(api, part, from + (to - from) / 2, to, err);
}

/* ---- one look ---- */

struct look {
    struct ht_str from, end;
    const struct ht_pace *rest;
    struct ht_arena *arena;
};

static int count_range(struct ht_etcd_api *api, const struct look *look, uint64_t revision,
                       struct ht_etcd_answer *ret, struct ht_error *err)
{
    struct ht_etcd_range range = {
        .key = look->from, .end = look->end, .revision = revision, .count_only = true};

    return ht_etcd_call_range(&api->caller, &range, NULL, ret, err);
}

/* Nothing in the range has changed since: no younger revision, and as many keys. */
static int is_still(struct ht_etcd_api *api, const struct look *look, uint64_t count, bool *ret,
                    struct ht_error *err)
{
    struct ht_etcd_compare compare = {.key = look->from,
                                      .end = look->end,
                                      .target = HT_ETCD_BY_REVISION,
                                      .below = api->revision + 1};
    struct ht_etcd_answer answer, again;
    int r = count_range(api, look, 0, &again, err);

    if (r == 0)
        r = ht_etcd_call_compare(&api->caller, &compare, &answer, err);
    if (r == 0)
        *ret = again.count == count && (answer.succeeded || count == 0);
    return r;
}

static void begin(struct ht_etcd_api *api, uint64_t revision)
{
    api->keys = ht_etcd_keys_free(api->keys);
    api->keys = ht_etcd_keys_new();
    free(api->plain);
    api->plain = NULL;
    api->plain_len = 0;
    api->revision = revision;
    api->questions = 0;
    api->header_len = 0;
    api->by_values = false;
    api->exact = false;
}

static int look_by_values(struct ht_etcd_api *api, const struct look *look, struct ht_error *err)
{
    struct paging paging = {.api = api,
                            .rest = look->rest,
                            .arena = look->arena,
                            .finder = {.found = take_value, .context = api}};

    begin(api, api->revision);
    api->by_values = true;
    api->exact = true; /* all at one revision */
    return read_pages(&paging, look->from, look->end, err);
}

static int look_by_questions(struct ht_etcd_api *api, const struct look *look, uint64_t count,
                             struct ht_error *err)
{
    struct key_list list = {.arena = look->arena};
    struct paging paging = {.api = api,
                            .rest = look->rest,
                            .arena = look->arena,
                            .keys_only = true,
                            .finder = {.found = take_key, .context = &list}};
    struct part part = {.list = &list, .end = look->end};
    int r = read_pages(&paging, look->from, look->end, err);

    if (r == 0)
        r = judge(api, &part, 0, list.len, err);
    free(list.items);
    if (r == 0 && api->questions <= QUESTIONS_MAX)
        r = is_still(api, look, count, &api->exact, err);
    return r;
}

static int look_once(struct ht_etcd_api *api, const struct look *look, struct ht_error *err)
{
    struct ht_etcd_answer answer;
    int r = count_range(api, look, 0, &answer, err);

    if (r < 0)
        return r;
    begin(api, answer.revision);
    if (answer.count > KEYS_MAX)
        return ht_error_set(err, EFBIG, "more secrets than can be kept");
    if (answer.count == 0) {
        api->exact = true;
        return 0;
    }
    r = look_by_questions(api, look, answer.count, err);
    if (r == 0 && (!api->exact || api->questions > QUESTIONS_MAX))
        r = look_by_values(api, look, err);
    return r;
}

/* ---- where the secrets are ---- */

/* The first key from `from` on, in key; empty: there is none. */
static void take_first(void *context, const struct ht_etcd_kv *kv)
{
    struct ht_buf *key = context;

    ht_buf_reset(key);
    ht_buf_add_str(key, kv->key);
}

static int first_from(struct ht_etcd_api *api, struct ht_str from, struct ht_buf *key,
                      struct ht_error *err)
{
    struct ht_etcd_range range = {.key = from, .end = HT_STR("\0"), .limit = 1, .keys_only = true};
    struct ht_etcd_finder finder = {.found = take_first, .context = key};
    struct ht_etcd_answer answer;

    ht_buf_reset(key);
    return ht_etcd_call_range(&api->caller, &range, &finder, &answer, err);
}

/* PREFIX/secrets/ and the text just behind what begins so; '0' stands behind '/'. */
static void set_range(struct look *look, struct ht_str prefix)
{
    look->from = ht_arena_strf(look->arena, "%.*s/secrets/", HT_STR_ARG(prefix));
    look->end = ht_arena_strf(look->arena, "%.*s/secrets0", HT_STR_ARG(prefix));
}

/* Whether secrets are below prefix; then look is of them. */
static int try_prefix(struct ht_etcd_api *api, struct look *look, struct ht_str prefix, bool *ret,
                      struct ht_error *err)
{
    struct ht_etcd_answer answer;
    int r;

    set_range(look, prefix);
    r = count_range(api, look, 0, &answer, err);
    *ret = r == 0 && answer.count > 0;
    return r;
}

/* Goes from prefix to prefix: behind the first key of one lies the next one. Two parts deep, since
 * a prefix of the API server's seldom has more; a part with resources of one cluster has not many
 * children. */
static int find_prefix(struct ht_etcd_api *api, struct look *look, bool *ret, struct ht_error *err)
{
    ht_autobuf struct ht_buf key = HT_BUF(HT_LIMIT_ARG), from = HT_BUF(HT_LIMIT_ARG);
    int r = 0;

    *ret = false;
    ht_buf_add_c(&from, '\0');
    for (int steps = 0; r == 0 && !*ret && steps < PREFIXES_MAX && has_rest(NULL); steps++) {
        r = first_from(api, ht_buf_str(&from), &key, err);
        if (r < 0 || key.len == 0)
            break;

        struct ht_str text = ht_buf_str(&key);
        ptrdiff_t first = ht_str_find_byte(ht_str_sub(text, 1, SIZE_MAX), '/');
        ptrdiff_t second =
            first < 0 ? -1 : ht_str_find_byte(ht_str_sub(text, (size_t)first + 2, SIZE_MAX), '/');
        size_t end = first < 0 ? text.len : (size_t)first + 1;

        if (first >= 0)
            r = try_prefix(api, look, ht_str_sub(text, 0, end), ret, err);
        if (r == 0 && !*ret && second >= 0) {
            end = (size_t)first + 2 + (size_t)second;
            r = try_prefix(api, look, ht_str_sub(text, 0, end), ret, err);
        }
        ht_buf_reset(&from);
        ht_buf_add_str(&from, ht_str_sub(text, 0, end));
        ht_buf_add_c(&from, second >= 0 ? '/' + 1 : '\0');
    }
    return r;
}

static int look_tries(struct ht_etcd_api *api, const struct look *look, struct ht_error *err)
{
    int r = -ESTALE;

    for (int tries = 0; tries < TRIES && r == -ESTALE; tries++)
        r = look_once(api, look, err);
    return r;
}

int ht_etcd_api_refresh(struct ht_etcd_api *api, const struct ht_pace *rest, struct ht_error *err)
{
    /* OpenShift's prefix where the usual one is empty. */
    static const struct ht_str usual[] = {HT_STR("/registry"), HT_STR("/kubernetes.io")};
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    struct look look = {.rest = rest, .arena = arena};
    struct look all = {.from = HT_STR("\0"), .end = HT_STR("\0")};
    struct ht_etcd_answer answer = {0};
    int r = connect_once(api, err);
    bool found = false;

    api->others = 0;
    for (size_t i = 0; i < ARRAY_LEN(usual) && r == 0 && !found; i++) {
        set_range(&look, usual[i]);
        r = look_tries(api, &look, err);
        found = r == 0 && ht_etcd_keys_live(api->keys) > 0;
    }
    if (r == 0 && !found)
        r = count_range(api, &all, 0, &answer, err);
    if (r == 0 && answer.count > 0)
        r = find_prefix(api, &look, &found, err);
    if (r == 0 && answer.count > 0 && found)
        r = look_tries(api, &look, err);
    else if (r == 0)
        api->others = answer.count;
    if (r < 0 && api->keys)
        begin(api, 0);
    return r;
}

void ht_etcd_api_tell(struct ht_etcd_api *api, struct ht_arena *arena, struct ht_datastore *row)
{
    size_t len = ht_etcd_keys_resources(api->keys);
    struct ht_stored_tally tally = {.keys = api->keys, .exact = api->exact, .newest_only = true};

    tally.plain = ht_arena_array(arena, uint64_t, len + 1);
    if (api->plain_len)
        memcpy(tally.plain, api->plain, api->plain_len * sizeof(api->plain[0]));
    ht_datastore_set_id(row, ht_arena_strf(arena, "etcd-api:%s", api->url));
    ht_datastore_set_kind(row, HT_S("etcd-api"));
    ht_datastore_set_path(row, ht_arena_text(arena, api->url));
    ht_datastore_set_exact(row, api->exact);
    ht_datastore_set_detail(
        row,
        ht_arena_strf(arena, "%s at revision %llu, asked %s%s",
                      api->exact ? "exact" : "approximate: secrets change while they are read,",
                      (unsigned long long)api->revision,
                      api->by_values ? "for values" : "without reading one in plaintext",
                      api->caller.by_json ? ", over the JSON gateway" : ""));
    ht_datastore_set_transaction(row, api->revision);
    ht_stored_tell(&tally, arena, row);
    /* What was not asked for in full is counted here, so that none at all is told from no secrets.
     */
    if (api->others)
        ht_datastore_set_keys(row, api->others);
}
