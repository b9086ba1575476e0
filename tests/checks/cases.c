/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cases of checks: tests/checks/ID/{fires,quiet,unknown}*.json, each a node.
 *
 * Besides the node a case may say
 *   "recording"  where its rows come from (for people)
 *   "severity"   severity of the first finding that it must give
 *   "confidence" how sure that finding must be
 *   "title"      title of that finding
 *   "object"     what that finding must be about
 *   "since"      when its fact must have begun
 *   "fires"      how many findings there must be
 *   "fix"        what must stand in its fix
 *   "shows"      "FIELD = VALUE" that must be among its evidence
 *   "hides"      what must stand nowhere in its evidence
 *   "escape"     true: that finding must have an escape path
 *   "deciding"   fields of the subject that decide, or TABLE:FIELD of the rows beside it; without
 * them the check must say that it does not know, or stay quiet if "without" is "quiet"
 *   "blind"      whether it saw nothing at all of what it asks
 *   "noted"      whether that is a remark alone, beside a pass
 *   "reason"     what must stand in the reason of one that is unknown
 *   "source"     who should have told it
 *
 *   "subjects"   "pods": pods, though rows of the check's table are there too
 *
 * The subjects are rows of the check's table or, in a case without any, pods.
 *
 * A check without all three kinds fails. For every case of a check of containers, a container of
 * which nothing but name and state is known must be unknown: missing data is never a pass.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hulltop/base/arena.h"
#include "hulltop/base/json.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/catalogue.h"
#include "hulltop/check/checking.h"
#include "hulltop/model/document.h"

/* What a check said about all subjects of a node. */
struct said {
    size_t findings;
    size_t unknown; /* or with a word about what it cannot tell */
    size_t blind;
    size_t noted;
    struct ht_str reason;
    struct ht_str source;   /* of that */
    struct ht_str severity; /* of the first finding */
    struct ht_str confidence;
    struct ht_str title;
    struct ht_str object;
    int64_t since; /* 0: unknown */
    struct ht_str fix;
    struct ht_str shows; /* lines of "FIELD = VALUE" */
    bool escape;
};

struct running {
    const struct ht_check *check;
    const struct ht_facts *facts;
    struct ht_arena *arena;
    const char *name; /* "PRV-001/fires-x.json" */
    const struct ht_json *json;
    struct ht_node *node;
    bool failed;
};

static void complain(struct running *running, const char *why)
{
    if (!running->failed)
        printf("not ok case %s: %s\n", running->name, why);
    running->failed = true;
}

/* The table of the subjects: pods, where a case has no rows of the check's own table. */
static enum ht_table_id scope_of(const struct running *running, const struct ht_node *node)
{
    const struct ht_check *check = running->check;
    struct ht_str subjects = {0};

    (void)ht_json_string(ht_json_get(running->json, "subjects"), &subjects);
    bool pods = check->run_pod &&
                (ht_str_is(subjects, "pods") || ht_node_set(node, check->scope)->len == 0);

    return pods ? HT_TABLE_POD : check->scope;
}

static struct said ask(const struct running *running, const struct ht_node *node)
{
    const struct ht_rowset *subjects = ht_node_set(node, scope_of(running, node));
    struct said said = {0};

    for (size_t i = 0; i < subjects->len; i++) {
        struct ht_verdict *verdict =
            ht_check_look(running->check, node, running->facts, subjects->rows[i]);

        for (size_t j = 0; j < verdict->findings.len; j++) {
            const struct ht_finding *finding = ht_finding_of(verdict->findings.items[j]);

            if (said.findings++)
                continue;
            said.severity = ht_str_from(ht_enum_name(&ht_severity_enum, finding->severity));
            said.confidence = ht_str_from(ht_enum_name(&ht_confidence_enum, finding->confidence));
            said.title = ht_arena_str(running->arena, finding->title);
            said.object = ht_arena_str(running->arena, finding->object);
            said.since = ht_finding_has_since(finding) ? finding->since : 0;
            said.fix = ht_arena_str(running->arena, finding->fix);
            for (size_t k = 0; k < finding->evidence.len; k++)
                said.shows =
                    ht_arena_strf(running->arena, "%.*s%.*s = %.*s\n", HT_STR_ARG(said.shows),
                                  HT_STR_ARG(finding->evidence.items[k].field),
                                  HT_STR_ARG(finding->evidence.items[k].value));
            said.escape = ht_finding_has_escape(finding) && finding->escape.len > 0;
        }
        said.unknown += (verdict->unknown || verdict->noted) && verdict->missing.reason.len > 0;
        said.blind += verdict->blind;
        said.noted += verdict->noted;
        said.reason = ht_arena_str(running->arena, verdict->missing.reason);
        said.source = ht_arena_str(running->arena, verdict->missing.source);
        ht_verdict_free(verdict);
    }
    return said;
}

/* ---- the same node with less in it ---- */

/* Takes "a.b" out of the struct at data. */
static bool forget(const struct ht_table *table, void *data, struct ht_str path)
{
    ptrdiff_t dot = ht_str_find_byte(path, '.');
    const struct ht_field *field =
        ht_table_field(table, dot < 0 ? path : ht_str_sub(path, 0, (size_t)dot));

    if (!field)
        return false;
    if (dot >= 0)
        return field->kind == HT_KIND_STRUCT && forget(field->sub, (char *)data + field->offset,
                                                       ht_str_sub(path, (size_t)dot + 1, path.len));
    *(uint64_t *)data &= ~(UINT64_C(1) << (field - table->fields));
    if (field->kind == HT_KIND_STRUCT)
        memset((char *)data + field->offset, 0, field->sub->size);
    return true;
}

/* The subject as it is without its deciding fields, or knowing little but its name. */
static struct ht_row *reduce(struct running *running, const struct ht_row *row, bool to_name)
{
    static const char *const kept[] = {"id",  "name",      "state", "class",
                                       "pid", "container", "ppid",  "comm"};
    const struct ht_table *table = ht_row_table(row);
    void *data = ht_arena_alloc(running->arena, 1, table->size);
    const struct ht_json *deciding = ht_json_get(running->json, "deciding");

    ht_struct_copy(running->arena, table, data, ht_row_data(row, table));
    for (unsigned i = 0; to_name && i < table->count; i++) {
        bool keep = false;

        for (size_t j = 0; j < ARRAY_LEN(kept); j++)
            keep = keep || strcmp(table->fields[i].name, kept[j]) == 0;
        /* A container that runs is asked more; elsewhere a state is the answer itself. */
        if (table != &ht_container_table && strcmp(table->fields[i].name, "state") == 0)
            keep = false;
        if (!keep)
            forget(table, data, ht_str_from(table->fields[i].name));
    }
    for (size_t i = 0; !to_name && ht_json_is_array(deciding) && i < deciding->len; i++) {
        struct ht_str path = {0};

        if (ht_json_string(&deciding->items[i], &path) && ht_str_find_byte(path, ':') > 0)
            continue;
        if (!path.len || !forget(table, data, path))
            complain(running, "a field in \"deciding\" is none of its subject");
    }
    return ht_row_new(table, data);
}

/* A row of another table without what decides there ("code:origin"). */
static struct ht_row *reduce_other(struct running *running, const struct ht_row *row)
{
    const struct ht_table *table = ht_row_table(row);
    void *data = ht_arena_alloc(running->arena, 1, table->size);
    const struct ht_json *deciding = ht_json_get(running->json, "deciding");

    ht_struct_copy(running->arena, table, data, ht_row_data(row, table));
    for (size_t i = 0; ht_json_is_array(deciding) && i < deciding->len; i++) {
        struct ht_str path = {0};
        ptrdiff_t colon;

        (void)ht_json_string(&deciding->items[i], &path);
        colon = ht_str_find_byte(path, ':');
        if (colon > 0 && ht_str_is(ht_str_sub(path, 0, (size_t)colon), table->name) &&
            !forget(table, data, ht_str_sub(path, (size_t)colon + 1, path.len)))
            complain(running, "a field in \"deciding\" is none of its table");
    }
    return ht_row_new(table, data);
}

/* Of what runs in a subject, nothing is known either where its name alone is. */
static bool is_part_of_subject(const struct running *running, int id)
{
    return (id == HT_TABLE_CODE || id == HT_TABLE_LAYER) &&
           running->check->scope == HT_TABLE_CONTAINER;
}

static struct ht_node *reduced(struct running *running, bool to_name)
{
    struct ht_node *node = ht_node_new(running->node->taken_at);

    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        const struct ht_rowset *set = ht_node_set(running->node, (enum ht_table_id)id);

        for (size_t i = 0; i < set->len; i++) {
            if (id == (int)scope_of(running, running->node))
                ht_node_add(node, reduce(running, set->rows[i], to_name));
            else if (!to_name || !is_part_of_subject(running, id))
                ht_node_add(node, reduce_other(running, set->rows[i]));
        }
    }
    ht_node_sort(node);
    return node;
}

static void look_without(struct running *running)
{
    struct ht_str without = HT_S("unknown");
    struct ht_node *node = reduced(running, false);
    struct said said = ask(running, node);

    ht_json_string(ht_json_get(running->json, "without"), &without);
    if (said.findings)
        complain(running, "fires without the facts that decide");
    if (ht_str_is(without, "unknown") && !said.unknown)
        complain(running, "passes without the facts that decide");
    ht_node_unref(node);
}

static void look_at_name_alone(struct running *running)
{
    struct ht_node *node = reduced(running, true);
    struct said said = ask(running, node);

    if (said.findings)
        complain(running, "fires at a subject of which nothing is known");
    if (!said.unknown)
        complain(running, "passes a subject of which nothing is known");
    ht_node_unref(node);
}

/* ---- one case ---- */

static void expect_confidence(struct running *running, struct ht_str confidence)
{
    struct ht_str wanted;

    if (ht_json_string(ht_json_get(running->json, "confidence"), &wanted) &&
        !ht_str_equal(wanted, confidence))
        complain(running, confidence.len ? confidence.data : "no confidence");
}

static void expect_since(struct running *running, int64_t since)
{
    struct ht_str text;
    int64_t wanted;

    if (ht_json_string(ht_json_get(running->json, "since"), &text) &&
        (ht_parse_time(text, &wanted) < 0 || wanted != since))
        complain(running, "began at another time");
}

static void expect_fires(struct running *running)
{
    struct said said = ask(running, running->node);
    struct ht_str wanted;
    int64_t count;
    bool escape;

    if (said.findings == 0)
        complain(running, "does not fire");
    if (ht_json_string(ht_json_get(running->json, "severity"), &wanted) &&
        !ht_str_equal(wanted, said.severity))
        complain(running, said.severity.len ? said.severity.data : "no severity");
    if (ht_json_string(ht_json_get(running->json, "title"), &wanted) &&
        !ht_str_equal(wanted, said.title))
        complain(running, said.title.len ? said.title.data : "no title");
    if (ht_json_string(ht_json_get(running->json, "object"), &wanted) &&
        !ht_str_equal(wanted, said.object))
        complain(running, said.object.len ? said.object.data : "no object");
    if (ht_json_int(ht_json_get(running->json, "fires"), &count) && (int64_t)said.findings != count)
        complain(running, "gives another number of findings");
    if (ht_json_string(ht_json_get(running->json, "fix"), &wanted) &&
        ht_str_find(said.fix, wanted, 0) < 0)
        complain(running, said.fix.len ? said.fix.data : "no fix");
    if (ht_json_string(ht_json_get(running->json, "shows"), &wanted) &&
        ht_str_find(said.shows, wanted, 0) < 0)
        complain(running, said.shows.len ? said.shows.data : "no evidence");
    if (ht_json_string(ht_json_get(running->json, "hides"), &wanted) &&
        ht_str_find(said.shows, wanted, 0) >= 0)
        complain(running, said.shows.data);
    expect_confidence(running, said.confidence);
    expect_since(running, said.since);
    if (ht_json_bool(ht_json_get(running->json, "escape"), &escape) && escape != said.escape)
        complain(running, escape ? "has no escape path" : "has an escape path");
    if (!ht_json_is_array(ht_json_get(running->json, "deciding")))
        complain(running, "does not say which fields decide");
    look_without(running);
    look_at_name_alone(running);
}

static void expect_quiet(struct running *running)
{
    struct said said = ask(running, running->node);

    if (said.findings)
        complain(running, "fires");
    if (said.unknown)
        complain(running, "is unknown");
}

static void expect_unknown(struct running *running)
{
    struct said said = ask(running, running->node);
    struct ht_str wanted;
    bool blind, noted;

    if (said.findings)
        complain(running, "fires");
    if (!said.unknown)
        complain(running, "passes");
    if (ht_json_bool(ht_json_get(running->json, "noted"), &noted) && noted != (said.noted > 0))
        complain(running, noted ? "is no remark" : "is a remark alone");
    if (ht_json_string(ht_json_get(running->json, "reason"), &wanted) &&
        ht_str_find(said.reason, wanted, 0) < 0)
        complain(running, said.reason.len ? said.reason.data : "no reason");
    if (ht_json_string(ht_json_get(running->json, "source"), &wanted) &&
        !ht_str_equal(wanted, said.source))
        complain(running, said.source.len ? said.source.data : "no source");
    if (ht_json_bool(ht_json_get(running->json, "blind"), &blind) && blind != (said.blind > 0))
        complain(running, blind ? "saw something" : "saw nothing");
}

static struct ht_str read_file(struct ht_arena *arena, const char *path)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    FILE *in = fopen(path, "r");
    char chunk[4096];

    if (!in)
        return (struct ht_str){0};
    for (size_t got = fread(chunk, 1, sizeof(chunk), in); got;
         got = fread(chunk, 1, sizeof(chunk), in))
        ht_buf_add(&text, chunk, got);
    fclose(in);
    return ht_arena_str(arena, ht_buf_str(&text));
}

static void run_case(const struct ht_check *check, const struct ht_facts *facts, const char *folder,
                     const char *file)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    struct ht_str path = ht_arena_strf(arena, "%s/%s", folder, file);
    struct ht_str name = ht_arena_strf(arena, "%s/%s", check->id, file);
    struct ht_str text = read_file(arena, path.data);
    struct running running = {.check = check, .facts = facts, .arena = arena, .name = name.data};
    struct ht_error err = {0};

    running.json = ht_json_parse(arena, file, text, &err);
    if (!running.json || ht_node_read(text, file, &running.node, &err) < 0) {
        printf("not ok case %s: %s\n", name.data, err.text);
        return;
    }
    if (strncmp(file, "fires", 5) == 0)
        expect_fires(&running);
    else if (strncmp(file, "quiet", 5) == 0)
        expect_quiet(&running);
    else
        expect_unknown(&running);
    ht_node_unref(running.node);
    if (!running.failed)
        printf("ok case %s\n", name.data);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void run_check(const struct ht_check *check, const struct ht_facts *facts)
{
    static const char *const kinds[] = {"fires", "quiet", "unknown"};
    enum { FILES = 100 };
    const char *srcdir = getenv("HT_SRCDIR");
    char folder[4096];
    char *files[FILES];
    size_t len = 0;

    snprintf(folder, sizeof(folder), "%s/tests/checks/%s", srcdir ? srcdir : ".", check->id);
    DIR *dir = opendir(folder);
    for (const struct dirent *entry = dir ? readdir(dir) : NULL; entry && len < FILES;
         entry = readdir(dir)) {
        if (ht_str_has_suffix(ht_str_from(entry->d_name), ".json"))
            files[len++] = ht_strndup(entry->d_name, strlen(entry->d_name));
    }
    if (dir)
        closedir(dir);
    qsort(files, len, sizeof(*files), compare_names);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        size_t found = 0;

        for (size_t j = 0; j < len; j++)
            found += strncmp(files[j], kinds[i], strlen(kinds[i])) == 0;
        if (!found)
            printf("not ok case %s: has no %s*.json\n", check->id, kinds[i]);
    }
    for (size_t i = 0; i < len; i++) {
        run_case(check, facts, folder, files[i]);
        free(files[i]);
    }
}

int main(void)
{
    struct ht_facts *facts = NULL;
    struct ht_error err = {0};

    if (ht_facts_load(NULL, &facts, &err) < 0) {
        printf("not ok facts: %s\n", err.text);
        return 1;
    }
    for (size_t i = 0; i < ht_catalogue_count(); i++)
        run_check(ht_catalogue_get(i), facts);
    ht_facts_free(facts);
    return 0;
}
