/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apiserver-metrics.h"

#include <string.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

enum { LABELS_MAX = 32, LABEL_BYTES = 256, COUNTS_MAX = 256 };

#define COUNT_MAX  9e15 /* what a double counts exactly */
#define SECOND_MAX 9e9  /* since 1970 */

/* One line of Prometheus' text format: NAME{LABEL="VALUE",...} NUMBER [TIME]. */
struct sample {
    struct ht_str labels; /* between the braces */
    double value;
};

struct decoding {
    struct ht_arena *arena;
    struct ht_api_counter *counter;
    struct ht_counted *counts;
    size_t len;
};

/* ---- lines ---- */

/* Where the braces end: quotes may hold one. SIZE_MAX: nowhere. */
static size_t find_brace(struct ht_str text)
{
    bool quoted = false;

    for (size_t i = 0; i < text.len; i++) {
        if (quoted && text.data[i] == '\\')
            i++;
        else if (text.data[i] == '"')
            quoted = !quoted;
        else if (text.data[i] == '}' && !quoted)
            return i;
    }
    return SIZE_MAX;
}

/* What stands behind the name of a metric. */
static bool parse_sample(struct ht_str rest, struct sample *ret)
{
    struct sample sample = {0};
    struct ht_str number;

    if (ht_str_has_prefix(rest, "{")) {
        rest = ht_str_sub(rest, 1, SIZE_MAX);

        size_t end = find_brace(rest);
        if (end == SIZE_MAX)
            return false;
        sample.labels = ht_str_sub(rest, 0, end);
        rest = ht_str_sub(rest, end + 1, SIZE_MAX);
    }
    rest = ht_str_trim(rest);
    if (!ht_str_next(&rest, ' ', &number) || ht_parse_double(number, &sample.value) < 0)
        return false;
    *ret = sample;
    return true;
}

/* Takes name and value of a label off the front of rest; the value, unescaped, replaces what out
 * holds. False: there is no more, or none that can be read. */
static bool next_label(struct ht_str *rest, struct ht_str *ret_name, struct ht_buf *out)
{
    ptrdiff_t equals = ht_str_find_byte(*rest, '=');
    size_t at;

    if (equals < 0 || (size_t)equals + 1 >= rest->len || rest->data[equals + 1] != '"')
        return false;
    *ret_name = ht_str_trim(ht_str_sub(*rest, 0, (size_t)equals));
    ht_buf_reset(out);
    for (at = (size_t)equals + 2; at < rest->len && rest->data[at] != '"'; at++) {
        if (rest->data[at] == '\\' && ++at < rest->len && rest->data[at] == 'n')
            ht_buf_add_c(out, '\n');
        else if (at < rest->len)
            ht_buf_add_c(out, rest->data[at]);
    }
    if (at >= rest->len)
        return false;
    *rest = ht_str_trim(ht_str_sub(*rest, at + 1, SIZE_MAX));
    if (ht_str_has_prefix(*rest, ","))
        *rest = ht_str_sub(*rest, 1, SIZE_MAX);
    return true;
}

/* The value of a label; false: it is not there, or longer than any of these. */
static bool find_label(const struct sample *sample, const char *name, struct ht_buf *out)
{
    struct ht_str rest = sample->labels, label;

    for (int i = 0; i < LABELS_MAX && next_label(&rest, &label, out); i++) {
        if (ht_str_is(label, name))
            return !ht_buf_is_full(out);
    }
    return false;
}

static bool is_label(const struct sample *sample, const char *name, const char *value)
{
    ht_autobuf struct ht_buf out = HT_BUF(LABEL_BYTES);

    return find_label(sample, name, &out) && ht_str_is(ht_buf_str(&out), value);
}

static uint64_t count_of(const struct sample *sample)
{
    return sample->value >= 0 && sample->value < COUNT_MAX ? (uint64_t)sample->value : 0;
}

/* ---- what matters here ---- */

static void take_start(struct decoding *decoding, const struct sample *sample)
{
    if (sample->value > 0 && sample->value < SECOND_MAX)
        ht_api_counter_set_started_at(decoding->counter,
                                      (int64_t)(sample->value * 1000) * HT_NS_PER_MS);
}

static bool is_hex(struct ht_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return text.len > 0;
}

static void take_hash(struct decoding *decoding, const struct sample *sample)
{
    enum { DIGITS = 64 };
    static const struct ht_str prefix = HT_STR("sha256:");
    ht_autobuf struct ht_buf out = HT_BUF(LABEL_BYTES);

    if (!(sample->value > 0) || !find_label(sample, "hash", &out) ||
        !ht_str_has_prefix(ht_buf_str(&out), prefix.data))
        return;

    struct ht_str hash = ht_str_sub(ht_buf_str(&out), prefix.len, SIZE_MAX);
    if (hash.len == DIGITS && is_hex(hash))
        ht_api_counter_set_config_sha256(decoding->counter, ht_arena_str(decoding->arena, hash));
}

static void take_reload(struct decoding *decoding, const struct sample *sample)
{
    struct ht_api_counter *counter = decoding->counter;

    if (is_label(sample, "status", "success"))
        ht_api_counter_set_reloads(counter, counter->reloads + count_of(sample));
    else if (is_label(sample, "status", "failure"))
        ht_api_counter_set_reload_failures(counter, counter->reload_failures + count_of(sample));
}

/* Provider and key of a transformer's prefix. False: it is the name of a key, under which each
 * operation is counted once more. */
static bool split_prefix(struct ht_str prefix, struct ht_counted *counted)
{
    static const struct {
        struct ht_str prefix;
        const char *provider;
    } known[] = {
        {HT_STR("aescbc:v1:"), "aescbc"},       {HT_STR("aesgcm:v1:"), "aesgcm"},
        {HT_STR("kms:v1:"), "kms-v1"},          {HT_STR("kms:v2:"), "kms-v2"},
        {HT_STR("secretbox:v1:"), "secretbox"},
    };
    static const struct ht_str mark = HT_STR("k8s:enc:");

    if (prefix.len == 0 || ht_str_is(prefix, "identity")) {
        ht_counted_set_provider(counted, HT_S("plaintext"));
        return true;
    }
    if (!ht_str_has_prefix(prefix, mark.data))
        return false;
    prefix = ht_str_sub(prefix, mark.len, SIZE_MAX);
    ht_counted_set_provider(counted, HT_S("other"));
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (!ht_str_has_prefix(prefix, known[i].prefix.data))
            continue;

        struct ht_str key = ht_str_sub(prefix, known[i].prefix.len, SIZE_MAX);
        if (ht_str_has_suffix(key, ":"))
            key.len--;
        ht_counted_set_provider(counted, ht_str_from(known[i].provider));
        if (key.len)
            ht_counted_set_key(counted, key);
    }
    return true;
}

/* The count of that resource, provider and key: made if there is none; NULL: no room. */
static struct ht_counted *find_count(struct decoding *decoding, const struct ht_counted *like)
{
    for (size_t i = 0; i < decoding->len; i++) {
        struct ht_counted *counted = &decoding->counts[i];

        if (ht_str_equal(counted->resource, like->resource) &&
            ht_str_equal(counted->provider, like->provider) &&
            ht_str_equal(counted->key, like->key))
            return counted;
    }
    if (decoding->len == COUNTS_MAX)
        return NULL;

    struct ht_counted *counted = &decoding->counts[decoding->len++];
    *counted = (struct ht_counted){0};
    ht_counted_set_resource(counted, ht_arena_str(decoding->arena, like->resource));
    ht_counted_set_provider(counted, like->provider);
    if (ht_counted_has_key(like))
        ht_counted_set_key(counted, ht_arena_str(decoding->arena, like->key));
    ht_counted_set_reads(counted, 0);
    ht_counted_set_writes(counted, 0);
    ht_counted_set_failed(counted, 0);
    return counted;
}

static void take_transform(struct decoding *decoding, const struct sample *sample)
{
    ht_autobuf struct ht_buf prefix = HT_BUF(LABEL_BYTES), resource = HT_BUF(LABEL_BYTES);
    bool is_write = is_label(sample, "transformation_type", "to_storage");
    struct ht_counted like = {0};

    if ((!is_write && !is_label(sample, "transformation_type", "from_storage")) ||
        !find_label(sample, "transformer_prefix", &prefix) ||
        !split_prefix(ht_buf_str(&prefix), &like))
        return;
    /* Old versions tell no resource. */
    if (find_label(sample, "resource", &resource))
        like.resource = ht_buf_str(&resource);

    struct ht_counted *counted = find_count(decoding, &like);
    if (!counted)
        return;
    if (!is_label(sample, "status", "OK"))
        counted->failed += count_of(sample);
    else if (is_write)
        counted->writes += count_of(sample);
    else
        counted->reads += count_of(sample);
}

static const struct metric {
    struct ht_str name;
    void (*take)(struct decoding *decoding, const struct sample *sample);
} metrics[] = {
    {HT_STR("apiserver_encryption_config_controller_automatic_reloads_total"), take_reload},
    {HT_STR("apiserver_encryption_config_controller_last_config_info"), take_hash},
    {HT_STR("apiserver_storage_transformation_operations_total"), take_transform},
    {HT_STR("process_start_time_seconds"), take_start},
};

static void take_line(struct decoding *decoding, struct ht_str line)
{
    for (size_t i = 0; i < ARRAY_LEN(metrics); i++) {
        struct ht_str name = metrics[i].name;
        struct sample sample;

        if (!ht_str_has_prefix(line, name.data) || line.len <= name.len ||
            (line.data[name.len] != '{' && line.data[name.len] != ' '))
            continue;
        if (parse_sample(ht_str_sub(line, name.len, SIZE_MAX), &sample))
            metrics[i].take(decoding, &sample);
    }
}

bool ht_apiserver_metrics_decode(struct ht_str text, struct ht_arena *arena,
                                 struct ht_api_counter *counter)
{
    struct decoding decoding = {.arena = arena,
                                .counter = counter,
                                .counts = ht_arena_array(arena, struct ht_counted, COUNTS_MAX)};
    struct ht_str line;
    bool is_apiserver = false;

    while (ht_str_next(&text, '\n', &line)) {
        is_apiserver = is_apiserver || ht_str_has_prefix(line, "apiserver_");
        take_line(&decoding, line);
    }
    if (!is_apiserver)
        return false;
    /* A version that tells of configurations told of none. */
    ht_api_counter_set_counts(
        counter, (struct ht_counted_list){.items = decoding.counts, .len = decoding.len});
    return true;
}
