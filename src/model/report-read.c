/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports read back, to be shown as they were recorded. */
#include "src/model/document-inner.h"

#include <errno.h>

#include "hulltop/base/mem.h"

/* A row of any table that keeps the order of the report. */
static int read_ordered(const struct ht_json *root, const struct ht_table *table, const char *name,
                        struct ht_rowset *ret_rows, struct ht_error *err)
{
    const struct ht_json *array = ht_json_get(root, table->plural);

    if (!array)
        return ht_error_set(err, EINVAL, "%s: %s: is missing", name, table->plural);
    return ht_rows_read(array, table, name, ret_rows, err);
}

/* The node is one object; hulltop's own sets are lists. */
static int read_host(const struct ht_json *root, const char *name, struct ht_node *node,
                     struct ht_error *err)
{
    const struct ht_json *host = ht_json_get(root, "node");
    const struct ht_json unnamed = {.kind = HT_JSON_STRING, .string = HT_STR("")};

    if (!ht_json_is_object(host))
        return ht_error_set(err, EINVAL, "%s: node: expected an object", name);

    /* A node whose name was unknown has no id in its report, and still is the node's one row. */
    ht_autofree struct ht_json_member *members = ht_new_array(struct ht_json_member, host->len + 1);
    size_t len = 0;
    struct ht_str id;
    if (!ht_json_string(ht_json_get(host, "id"), &id))
        members[len++] = (struct ht_json_member){.key = HT_STR("id"), .value = unnamed};
    for (size_t i = 0; i < host->len; i++) {
        if (len == 0 || !ht_str_is(host->members[i].key, "id"))
            members[len++] = host->members[i];
    }

    const struct ht_json whole = {.kind = HT_JSON_OBJECT, .len = len, .members = members};
    const struct ht_json array = {.kind = HT_JSON_ARRAY, .len = 1, .items = &whole};
    return ht_rows_read(&array, &ht_host_table, name, &node->sets[HT_TABLE_HOST], err);
}

/* Load stands with the container in a report; it gets its row back. */
static int read_usage(const struct ht_json *container, const char *name, struct ht_node *node,
                      struct ht_error *err)
{
    const struct ht_json *cpu = ht_json_get(container, "cpu_percent");
    const struct ht_json *memory = ht_json_get(container, "memory_bytes");
    struct ht_usage usage = {0};
    struct ht_str id;
    double percent;
    uint64_t bytes;

    if (!ht_json_string(ht_json_get(container, "id"), &id))
        return 0; /* the row was refused already */
    if (cpu && cpu->kind != HT_JSON_NULL) {
        if (!ht_json_number(cpu, &percent) || percent < 0 || percent > 1e9)
            return ht_error_set(err, EINVAL, "%s: containers: cpu_percent: out of range", name);
        ht_usage_set_cpu(&usage, (uint64_t)(percent * 10 + 0.5));
    }
    if (memory && memory->kind != HT_JSON_NULL) {
        if (!ht_json_uint(memory, &bytes))
            return ht_error_set(err, EINVAL, "%s: containers: memory_bytes: out of range", name);
        ht_usage_set_memory(&usage, bytes);
    }
    if (usage.known == 0)
        return 0;
    ht_usage_set_id(&usage, id);
    ht_usage_set_container(&usage, id);
    ht_node_add(node, ht_row_new(&ht_usage_table, &usage));
    return 0;
}

static int read_node(const struct ht_json *root, const char *name, int64_t taken_at,
                     struct ht_node **ret_node, struct ht_error *err)
{
    static const struct ht_table *const tables[] = {&ht_source_table, &ht_container_table,
                                                    &ht_process_table};
    /* Reports of earlier versions do not have these. */
    static const struct ht_table *const later[] = {&ht_pod_table, &ht_datastore_table,
                                                   &ht_build_table};
    const struct ht_json *containers = ht_json_get(root, "containers");
    ht_autonode struct ht_node *node = ht_node_new(taken_at);
    int r = read_host(root, name, node, err);

    for (size_t i = 0; i < ARRAY_LEN(tables) && r == 0; i++)
        r = read_ordered(root, tables[i], name, &node->sets[tables[i]->id], err);
    for (size_t i = 0; i < ARRAY_LEN(later) && r == 0; i++) {
        if (ht_json_get(root, later[i]->plural))
            r = read_ordered(root, later[i], name, &node->sets[later[i]->id], err);
    }
    for (size_t i = 0; r == 0 && ht_json_is_array(containers) && i < containers->len; i++)
        r = read_usage(&containers->items[i], name, node, err);
    if (r < 0)
        return r;
    ht_node_sort(node);
    *ret_node = ht_steal_ptr(node);
    return 0;
}

/* A question that the report does not have was not asked. */
static void switch_off(struct ht_state *state, unsigned number)
{
    struct ht_question off = *ht_state_question(state, number);
    struct ht_row *row;

    ht_question_set_state(&off, HT_QUESTION_STATE_OFF);
    row = ht_row_new(&ht_question_table, &off);
    ht_row_unref(state->questions[number - 1]);
    state->questions[number - 1] = row;
}

static int read_questions(const struct ht_json *root, const char *name, struct ht_state *state,
                          struct ht_error *err)
{
    struct ht_rowset rows = {0};
    int r = read_ordered(root, &ht_question_table, name, &rows, err);

    for (unsigned number = 1; number <= HT_QUESTIONS; number++)
        switch_off(state, number);
    for (size_t i = 0; i < rows.len && r == 0; i++) {
        const struct ht_question *question = ht_question_of(rows.rows[i]);

        if (!ht_question_has_number(question) || question->number < 1 ||
            question->number > HT_QUESTIONS || !ht_question_has_state(question)) {
            r = ht_error_set(err, EINVAL,
                             "%s: questions[%zu]: expected a number from 1 to 6 and a state", name,
                             i);
            break;
        }

        struct ht_row **place = &state->questions[question->number - 1];
        ht_row_unref(*place);
        *place = ht_row_ref(rows.rows[i]);
    }
    ht_rowset_fini(&rows);
    return r;
}

int ht_report_read(struct ht_str text, const char *name, struct ht_state **ret_state,
                   struct ht_error *err)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_DOCUMENT_TREE);
    const struct ht_json *root;
    struct ht_node *node = NULL;
    int64_t taken_at = 0;
    int r = ht_document_parse(arena, name, text, &root, err);

    if (r == 0)
        r = ht_document_schema(root, HT_REPORT_SCHEMA, name, err);
    if (r == 0)
        r = ht_document_time(root, "taken_at", name, &taken_at, err);
    if (r == 0)
        r = read_node(root, name, taken_at, &node, err);
    if (r < 0)
        return r;

    ht_autostate struct ht_state *state = ht_state_new(node);
    state->origin = HT_ORIGIN_REPORT;
    state->complete = true;
    r = read_questions(root, name, state, err);
    if (r == 0)
        r = read_ordered(root, &ht_finding_table, name, &state->findings, err);
    if (r == 0)
        r = read_ordered(root, &ht_group_table, name, &state->groups, err);
    if (r < 0)
        return r;
    *ret_state = ht_steal_ptr(state);
    return 0;
}
