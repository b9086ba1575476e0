/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger.h"

#include "bursts.h"
#include "sight.h"

#include <errno.h>

#include "hulltop/base/json.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/vec.h"

/* How many findings that are gone are remembered, so that one that flaps keeps its first sight. */
enum { GONE_MAX = 4096, ACKNOWLEDGED_MAX = 10000, REASON_MAX = 500 };

struct entry {
    int64_t first_seen;
    int64_t gone_at;  /* 0: alive */
    uint64_t seen_in; /* the last pass that had it */
    int64_t seen_at;  /* the time of that pass */
    bool held;        /* made is how it was seen last */
    bool stale;       /* made lacks what the ledger learned since */
    bool fresh;       /* appeared after the first complete pass, and nobody opened it */
    bool seen;        /* in this pass */
    char *reason;     /* acknowledged, NULL if not */
    size_t reason_len;
    struct ht_row *from; /* the finding as the checks gave it */
    struct ht_row *made; /* the same with what the ledger adds */
    char *container; /* where its subject ran when it was seen, NULL if in none: by the time it */
    char *process;   /* is gone, nobody else may know */
};

struct ht_ledger {
    struct ht_map *entries; /* finding id to struct entry */
    uint64_t version;
    size_t gone;
    uint64_t passes;
    struct ht_sight *sight;
};

struct ht_ledger *ht_ledger_new(void)
{
    struct ht_ledger *ledger = ht_new0(struct ht_ledger);

    ledger->entries = ht_map_new();
    ledger->sight = ht_sight_new();
    return ledger;
}

static void free_entry(struct entry *entry)
{
    ht_row_unref(entry->from);
    ht_row_unref(entry->made);
    free(entry->container);
    free(entry->process);
    free(entry->reason);
    free(entry);
}

static void free_visit(void *context, struct ht_str key, void *value)
{
    (void)context;
    (void)key;
    free_entry(value);
}

struct ht_ledger *ht_ledger_free(struct ht_ledger *ledger)
{
    if (ledger) {
        ht_map_each(ledger->entries, free_visit, NULL);
        ht_map_free(ledger->entries);
        ht_sight_free(ledger->sight);
    }
    free(ledger);
    return NULL;
}

void ht_ledger_reset(struct ht_ledger *ledger)
{
    ht_map_each(ledger->entries, free_visit, NULL);
    ht_map_free(ledger->entries);
    ledger->entries = ht_map_new();
    ledger->gone = 0;
    ledger->version++;
}

static struct entry *get_entry(struct ht_ledger *ledger, struct ht_str id)
{
    struct entry *entry = ht_map_get(ledger->entries, id);

    if (!entry) {
        entry = ht_new0(struct entry);
        ht_map_set(ledger->entries, id, entry);
    }
    return entry;
}

static void forget_made(struct entry *entry)
{
    entry->from = ht_row_unref(entry->from);
    entry->made = ht_row_unref(entry->made);
}

/* Makes the finding with the ledger's facts anew. */
static void make(struct entry *entry, struct ht_row *from)
{
    struct ht_finding finding = *ht_finding_of(from);
    ht_finding_set_first_seen(&finding, entry->first_seen);
    ht_finding_set_new(&finding, entry->fresh);
    if (entry->reason)
        ht_finding_set_acknowledged(&finding, (struct ht_str){entry->reason, entry->reason_len});
    if (entry->held)
        ht_finding_set_last_seen(&finding, entry->seen_at);

    const struct ht_row *const lenders[] = {from};
    struct ht_row *made = ht_row_keep_derived(
        entry->made, ht_row_derive(&ht_finding_table, &finding, lenders, ARRAY_LEN(lenders)));
    ht_row_ref(from);
    forget_made(entry);
    entry->from = from;
    entry->made = made;
    entry->stale = false;
}

/* The finding as it is; made anew only when either side changed. Borrowed. */
static struct ht_row *dress(struct entry *entry, struct ht_row *from)
{
    if (!entry->made || entry->from != from || entry->stale || entry->held) {
        entry->held = false;
        make(entry, from);
    }
    return entry->made;
}

static void keep_text(char **kept, struct ht_str text)
{
    if (ht_str_is(text, *kept ? *kept : ""))
        return;
    free(*kept);
    *kept = text.len ? ht_strndup(text.data, text.len) : NULL;
}

/* Notes where the subject of the finding runs. */
static void learn_home(struct entry *entry, const struct ht_node *node)
{
    struct ht_subject_home home = {0};

    if (node)
        home = ht_subject_home(node, &ht_finding_of(entry->made)->subject);
    keep_text(&entry->container, home.container);
    keep_text(&entry->process, home.process);
}

/* "debug: Runs with --privileged": who it is about may be gone when the line is read. */
static void add_text(struct ht_buf *out, const struct ht_finding *finding)
{
    struct ht_str subject = ht_subject_text(&finding->subject), title = finding->title;
    bool begins_so = ht_str_equal(ht_str_sub(title, 0, subject.len), subject);
    bool is_whole = !subject.len || title.len <= subject.len || title.data[subject.len] == ' ';

    /* Some titles begin with it. */
    if (!finding->posture && !(begins_so && is_whole)) {
        ht_buf_add_str(out, subject);
        ht_buf_add_text(out, ": ");
    }
    ht_buf_add_str(out, finding->title);
}

struct telling {
    struct ht_timeline *timeline;
    struct ht_bursts *bursts;
    enum ht_event_kind kind;
    int64_t now_ns;
};

static void tell(const struct telling *telling, const struct entry *entry)
{
    const struct ht_subject_home home = {
        .container = ht_str_from(entry->container ? entry->container : ""),
        .process = ht_str_from(entry->process ? entry->process : "")};
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_ARG);

    if (!ht_bursts_is_single(telling->bursts, entry->made, &home))
        return;
    add_text(&text, ht_finding_of(entry->made));
    const struct ht_finding_event change = {.kind = telling->kind,
                                            .finding = ht_finding_of(entry->made),
                                            .home = &home,
                                            .text = ht_buf_str(&text)};
    ht_timeline_tell_finding(telling->timeline, &change, telling->now_ns);
}

struct going {
    struct ht_ledger *ledger;
    struct telling telling;
    struct ht_rowset *rows; /* get those that are held; NULL: not asked for */
    size_t held;            /* are absent, and nobody could look whether they are over */
};

/* The finding as it was seen last, and when. */
static void hold(struct going *going, struct entry *entry)
{
    going->held++;
    if (!entry->held || entry->stale) {
        entry->held = true;
        make(entry, entry->from);
    }
    if (going->rows)
        ht_rowset_add(going->rows, ht_row_ref(entry->made));
}

static void go_visit(void *context, struct ht_str key, void *value)
{
    struct going *going = context;
    struct entry *entry = value;

    (void)key;
    bool absent = !entry->seen && !entry->gone_at && entry->made;
    if (absent &&
        !ht_sight_is_over(going->ledger->sight, ht_finding_of(entry->made), entry->seen_in)) {
        hold(going, entry);
    } else if (absent) {
        entry->gone_at = going->telling.now_ns ? going->telling.now_ns : 1;
        going->ledger->gone++;
        tell(&going->telling, entry);
        forget_made(entry);
    }
    entry->seen = false;
}

static bool is_forgotten(void *context, struct ht_str key, void *value)
{
    const struct going *going = context;
    struct entry *entry = value;
    bool absent = going->held > GONE_MAX && entry->seen_in != going->ledger->passes;

    (void)key;
    if ((!entry->gone_at && !absent) || entry->reason)
        return false;
    free_entry(entry);
    return true;
}

/* A node that churns must not grow the ledger for ever: past the limit, what is gone is forgotten,
 * and where that many wait to be looked at, those too. */
static void prune(struct ht_ledger *ledger, struct going *going)
{
    if (ledger->gone <= GONE_MAX && going->held <= GONE_MAX)
        return;
    ht_map_remove_if(ledger->entries, is_forgotten, going);
    ledger->gone = 0;
}

void ht_ledger_apply(struct ht_ledger *ledger, struct ht_rowset *findings,
                     const struct ht_ledger_pass *pass, struct ht_timeline *timeline)
{
    const struct telling coming = {.timeline = timeline,
                                   .bursts = ht_bursts_new(HT_EVENT_KIND_FINDING_NEW),
                                   .kind = HT_EVENT_KIND_FINDING_NEW,
                                   .now_ns = pass->now_ns};

    ledger->passes++;
    for (size_t i = 0; i < findings->len; i++) {
        struct ht_row *from = findings->rows[i];
        struct entry *entry = get_entry(ledger, ht_row_id(from));
        bool appeared = !entry->made, changed = entry->from != from;

        if (entry->gone_at) {
            entry->gone_at = 0;
            entry->fresh = pass->settled;
            if (ledger->gone)
                ledger->gone--;
        } else if (entry->first_seen == 0) {
            entry->first_seen = pass->now_ns;
            entry->fresh = pass->settled;
        }
        entry->seen = true;
        entry->seen_in = ledger->passes;
        entry->seen_at = pass->now_ns;
        findings->rows[i] = ht_row_ref(dress(entry, from));
        if (changed || !entry->container)
            learn_home(entry, pass->node);
        if (appeared)
            tell(&coming, entry);
        ht_row_unref(from);
    }

    ht_bursts_end(coming.bursts, timeline, pass->now_ns);
    ht_sight_look(ledger->sight, pass->node, pass->verdicts, ledger->passes);

    struct going going = {.ledger = ledger,
                          .telling = {.timeline = timeline,
                                      .bursts = ht_bursts_new(HT_EVENT_KIND_FINDING_GONE),
                                      .kind = HT_EVENT_KIND_FINDING_GONE,
                                      .now_ns = pass->now_ns},
                          .rows = pass->held};
    ht_map_each(ledger->entries, go_visit, &going);
    if (pass->held)
        ht_rowset_sort(pass->held);
    ht_bursts_end(going.telling.bursts, timeline, pass->now_ns);
    prune(ledger, &going);
}

void ht_ledger_open(struct ht_ledger *ledger, struct ht_str id)
{
    struct entry *entry = ht_map_get(ledger->entries, id);

    if (entry && entry->fresh) {
        entry->fresh = false;
        entry->stale = true;
        ledger->version++;
    }
}

void ht_ledger_acknowledge(struct ht_ledger *ledger, struct ht_str id, struct ht_str reason)
{
    struct entry *entry = get_entry(ledger, id);

    free(entry->reason);
    reason = ht_str_sub(reason, 0, REASON_MAX);
    entry->reason = reason.len ? ht_strndup(reason.data, reason.len) : NULL;
    entry->reason_len = reason.len;
    entry->fresh = false;
    entry->stale = true;
    ledger->version++;
}

uint64_t ht_ledger_version(const struct ht_ledger *ledger)
{
    return ledger->version;
}

static void write_visit(void *context, struct ht_str key, void *value)
{
    struct ht_json_writer *writer = context;
    const struct entry *entry = value;

    if (!entry->reason)
        return;
    ht_json_key(writer, key);
    ht_json_put_string(writer, (struct ht_str){entry->reason, entry->reason_len});
}

void ht_ledger_write(const struct ht_ledger *ledger, struct ht_buf *out)
{
    struct ht_json_writer writer;

    ht_json_begin(&writer, out, HT_JSON_INDENTED, HT_JSON_PRINTABLE);
    ht_json_object_begin(&writer);
    ht_map_each(ledger->entries, write_visit, &writer);
    ht_json_object_end(&writer);
}

int ht_ledger_read(struct ht_ledger *ledger, struct ht_str text, const char *name,
                   struct ht_error *err)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    const struct ht_json *json = ht_json_parse(arena, name, text, err);

    if (!json)
        return -EINVAL;
    if (!ht_json_is_object(json))
        return ht_error_set(err, EINVAL, "%s: not an object of finding ids", name);
    if (json->len > ACKNOWLEDGED_MAX)
        return ht_error_set(err, E2BIG, "%s: more than %d acknowledgements", name,
                            ACKNOWLEDGED_MAX);
    for (size_t i = 0; i < json->len; i++) {
        struct ht_str reason;

        if (!ht_json_string(&json->members[i].value, &reason))
            return ht_error_set(err, EINVAL, "%s: entry %zu: the reason is no text", name, i + 1);
        ht_ledger_acknowledge(ledger, json->members[i].key, reason);
    }
    return 0;
}
