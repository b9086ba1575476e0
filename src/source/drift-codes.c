/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "drift-codes.h"

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"
#include "hulltop/model/code.h"

#define IMAGE_KEPT_NS (INT64_C(60) * HT_NS_PER_S)
#define DRIFT_KEPT_NS (INT64_C(24) * 60 * 60 * HT_NS_PER_S)

struct ht_codes_entry {
    struct ht_row *facts; /* as they were told last; NULL: ended, and row has all of them */
    struct ht_row *row;   /* as it was put last, NULL: not yet; else it lends from facts */
    size_t running;       /* processes */
    uint64_t starts;
    int64_t seen_at;
    int64_t ended_at; /* while running is 0 */
    const char *seen_by;
    bool dirty;
};

struct ht_codes {
    struct ht_map *entries; /* by id */
    size_t drifted;         /* running, and not the image's */
    size_t ended;
    bool changed;
};

static const struct ht_code *facts_of(const struct ht_codes_entry *entry)
{
    return ht_code_of(entry->facts ? entry->facts : entry->row);
}

static bool is_own(enum ht_code_origin origin)
{
    return ht_code_class_of(origin) == HT_CODE_CLASS_OWN;
}

static bool is_image(const struct ht_codes_entry *entry)
{
    return is_own(facts_of(entry)->origin);
}

/* ---- life ---- */

struct ht_codes *ht_codes_new(void)
{
    struct ht_codes *codes = ht_new0(struct ht_codes);

    codes->entries = ht_map_new();
    return codes;
}

static bool forget(void *context, struct ht_str key, void *value)
{
    struct ht_codes_entry *entry = value;

    (void)context;
    (void)key;
    ht_row_unref(entry->facts);
    ht_row_unref(entry->row);
    free(entry);
    return true;
}

struct ht_codes *ht_codes_free(struct ht_codes *codes)
{
    if (codes) {
        ht_map_remove_if(codes->entries, forget, NULL);
        ht_map_free(codes->entries);
    }
    free(codes);
    return NULL;
}

/* ---- what runs ---- */

static void count_drift(struct ht_codes *codes, const struct ht_codes_entry *entry, bool more)
{
    if (entry->running == 0 || is_image(entry))
        return;
    if (more)
        codes->drifted++;
    else
        codes->drifted--;
}

static void set_facts(struct ht_codes *codes, struct ht_codes_entry *entry,
                      const struct ht_code *facts)
{
    struct ht_row *row = ht_row_new(&ht_code_table, facts);

    if (entry->facts)
        count_drift(codes, entry, false);
    ht_row_unref(entry->facts);
    entry->facts = row;
    count_drift(codes, entry, true);
}

struct ht_codes_entry *ht_codes_start(struct ht_codes *codes, const struct ht_code *facts,
                                      int64_t now, const char *seen_by)
{
    struct ht_codes_entry *entry = ht_map_get(codes->entries, facts->id);
    bool image = is_own(facts->origin);

    if (!entry) {
        if (ht_map_len(codes->entries) >= HT_CODES_MAX &&
            (image || facts->origin == HT_CODE_ORIGIN_BLIND))
            return NULL;
        entry = ht_new0(struct ht_codes_entry);
        entry->seen_at = now;
        entry->seen_by = seen_by;
        ht_map_set(codes->entries, facts->id, entry);
    } else if (entry->running == 0) {
        codes->ended--;
    }
    /* What is the image's looks the same whoever runs it. */
    bool known = entry->facts && image && is_image(entry);
    if (!known) {
        set_facts(codes, entry, facts);
        entry->dirty = codes->changed = true;
    }
    count_drift(codes, entry, false);
    entry->running++;
    entry->starts++;
    count_drift(codes, entry, true);
    return entry;
}

bool ht_codes_is_image(const struct ht_codes_entry *entry)
{
    return facts_of(entry)->origin == HT_CODE_ORIGIN_IMAGE;
}

struct ht_codes_entry *ht_codes_start_known(struct ht_codes *codes, struct ht_str id)
{
    struct ht_codes_entry *entry = ht_map_get(codes->entries, id);

    if (!entry || !ht_codes_is_image(entry))
        return NULL;
    if (entry->running == 0)
        codes->ended--;
    entry->running++;
    entry->starts++;
    return entry;
}

void ht_codes_renew(struct ht_codes *codes, struct ht_codes_entry *entry,
                    const struct ht_code *facts)
{
    const struct ht_code *old = facts_of(entry);

    if (is_own(facts->origin) && is_image(entry) && facts->origin == old->origin)
        return;
    /* Of several processes the newest is told of. */
    if (old->pid != facts->pid && old->started_at > facts->started_at)
        return;
    if (ht_struct_equal(&ht_code_table, old, facts))
        return;
    set_facts(codes, entry, facts);
    entry->dirty = codes->changed = true;
}

void ht_codes_end(struct ht_codes *codes, struct ht_codes_entry *entry, int64_t now)
{
    count_drift(codes, entry, false);
    entry->running--;
    count_drift(codes, entry, true);
    if (entry->running == 0) {
        entry->ended_at = now;
        codes->ended++;
    }
    if (!is_image(entry))
        entry->dirty = codes->changed = true;
}

struct ht_str ht_codes_id(const struct ht_codes_entry *entry)
{
    return facts_of(entry)->id;
}

enum ht_code_kind ht_codes_kind(const struct ht_codes_entry *entry)
{
    return facts_of(entry)->kind;
}

bool ht_codes_is_brought(const struct ht_codes_entry *entry)
{
    return ht_codes_kind(entry) == HT_CODE_KIND_SCRIPT && ht_code_has_variable(facts_of(entry));
}

size_t ht_codes_drifted(const struct ht_codes *codes)
{
    return codes->drifted;
}

bool ht_codes_changed(const struct ht_codes *codes)
{
    return codes->changed;
}

/* ---- what ran ---- */

struct expiring {
    struct ht_codes *codes;
    int64_t now;
    int64_t oldest; /* of code that is not the image's: what ended before it goes */
};

static bool is_over(void *context, struct ht_str key, void *value)
{
    struct expiring *expiring = context;
    struct ht_codes_entry *entry = value;
    int64_t limit = is_image(entry) ? expiring->now - IMAGE_KEPT_NS : expiring->oldest;

    if (entry->running || entry->ended_at > limit)
        return false;
    expiring->codes->ended--;
    expiring->codes->changed = true;
    return forget(NULL, key, value);
}

struct ages {
    int64_t *items;
    size_t len;
};

static void take_age(void *context, struct ht_str key, void *value)
{
    struct ages *ages = context;
    const struct ht_codes_entry *entry = value;

    (void)key;
    if (entry->running == 0 && !is_image(entry))
        ages->items[ages->len++] = entry->ended_at;
}

static int compare_ages(const void *a, const void *b)
{
    const int64_t *left = a;
    const int64_t *right = b;

    return (*left < *right) - (*left > *right);
}

/* When those ended that are one too many; 0: there is room for all. */
static int64_t oldest_kept(const struct ht_codes *codes)
{
    ht_autofree int64_t *items = ht_new_array(int64_t, codes->ended + 1);
    struct ages ages = {.items = items};

    ht_map_each(codes->entries, take_age, &ages);
    if (ages.len <= HT_CODES_ENDED_MAX)
        return 0;
    qsort(items, ages.len, sizeof(*items), compare_ages);
    return items[HT_CODES_ENDED_MAX];
}

void ht_codes_expire(struct ht_codes *codes, int64_t now)
{
    struct expiring expiring = {.codes = codes, .now = now, .oldest = now - DRIFT_KEPT_NS};

    if (codes->ended == 0)
        return;
    if (codes->ended > HT_CODES_ENDED_MAX) {
        int64_t kept = oldest_kept(codes);

        if (kept > expiring.oldest)
            expiring.oldest = kept;
    }
    ht_map_remove_if(codes->entries, is_over, &expiring);
}

/* ---- rows ---- */

static struct ht_row *make_row(const struct ht_codes_entry *entry)
{
    const struct ht_row *const lenders[] = {entry->facts};
    struct ht_code code = *facts_of(entry);

    if (is_image(entry)) {
        struct ht_code plain = {0};

        ht_code_set_id(&plain, code.id);
        ht_code_set_kind(&plain, code.kind);
        ht_code_set_origin(&plain, code.origin);
        ht_code_set_path(&plain, code.path);
        if (ht_code_has_container_id(&code))
            ht_code_set_container_id(&plain, code.container_id);
        if (ht_code_has_reason(&code))
            ht_code_set_reason(&plain, code.reason);
        if (ht_code_has_host_path(&code))
            ht_code_set_host_path(&plain, code.host_path);
        ht_code_set_running(&plain, true);
        return ht_row_derive(&ht_code_table, &plain, lenders, ARRAY_LEN(lenders));
    }
    ht_code_set_processes(&code, entry->running);
    ht_code_set_running(&code, entry->running > 0);
    ht_code_set_count(&code, entry->starts);
    ht_code_set_seen_at(&code, entry->seen_at);
    ht_code_set_seen_by(&code, ht_str_from(entry->seen_by));
    if (entry->running)
        return ht_row_derive(&ht_code_table, &code, lenders, ARRAY_LEN(lenders));
    ht_code_set_ended_at(&code, entry->ended_at);
    return ht_row_new(&ht_code_table, &code);
}

static void put_entry(void *context, struct ht_str key, void *value)
{
    struct ht_node *sample = context;
    struct ht_codes_entry *entry = value;

    (void)key;
    if (entry->dirty || !entry->row) {
        struct ht_row *row = ht_row_keep(entry->row, make_row(entry));

        ht_row_unref(entry->row);
        entry->row = row;
        entry->dirty = false;
    }
    /* It says all that was told, and nothing more will be until it is started again. */
    if (entry->facts && entry->running == 0 && !is_image(entry))
        entry->facts = ht_row_unref(entry->facts);
    ht_node_add(sample, ht_row_ref(entry->row));
}

void ht_codes_put(struct ht_codes *codes, struct ht_node *sample)
{
    ht_map_each(codes->entries, put_entry, sample);
    codes->changed = false;
}
