/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading and checking of the fact tables; what they are asked is in facts-ask.c. */
#include "hulltop/check/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "facts-private.h"
#include "hulltop/base/file.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/check/catalogue.h"
#include "hulltop/model/rows.h"

enum { FACTS_BYTES = 8 * HT_LIMIT_YAML };

/* ---- rules that a shape cannot say ---- */

static bool is_digits(struct ht_str text, size_t from, size_t len)
{
    uint64_t value;

    return ht_parse_u64(ht_str_sub(text, from, len), &value) == 0 && text.len >= from + len;
}

static bool is_date(struct ht_str text)
{
    return text.len == 10 && is_digits(text, 0, 4) && text.data[4] == '-' &&
           is_digits(text, 5, 2) && text.data[7] == '-' && is_digits(text, 8, 2);
}

static int check_names(const struct ht_text_list *names, const char *file, uint64_t *ret_bits,
                       struct ht_error *err)
{
    *ret_bits = 0;
    for (size_t i = 0; i < names->len; i++) {
        int bit = ht_enum_find(&ht_capability_enum, names->items[i]);

        if (bit < 0)
            return ht_error_set(err, EINVAL, "%s: no such capability: %.*s", file,
                                HT_STR_ARG(names->items[i]));
        *ret_bits |= UINT64_C(1) << bit;
    }
    return 0;
}

static int settle_capabilities(struct ht_facts *facts, struct ht_error *err)
{
    const struct facts_capabilities *table = &facts->capabilities;
    const struct ht_fact_capability *items = table->capabilities.items;
    const struct default_set *defaults = table->defaults.items;

    for (size_t i = 0; i < table->capabilities.len; i++) {
        int bit = ht_enum_find(&ht_capability_enum, items[i].name);

        if (bit < 0 || items[i].tier < 1 || items[i].tier > 3)
            return ht_error_set(
                err, EINVAL,
                "capabilities.yaml: %.*s: no such capability, or a tier other than 1, 2, 3",
                HT_STR_ARG(items[i].name));
        facts->by_bit[bit] = &items[i];
    }
    for (size_t i = 0; i < table->defaults.len; i++) {
        uint64_t bits;
        int r = check_names(&defaults[i].names, "capabilities.yaml", &bits, err);

        if (r < 0)
            return r;
        facts->default_any |= bits;
    }
    return check_names(&table->wide, "capabilities.yaml", &facts->wide, err);
}

static int settle_expected(struct ht_facts *facts, struct ht_error *err)
{
    const struct ht_fact_workload *items = facts->expected.workloads.items;

    for (size_t i = 0; i < facts->expected.workloads.len; i++) {
        for (size_t j = 0; j < items[i].checks.len; j++) {
            struct ht_str id = items[i].checks.items[j].check;

            if (!ht_catalogue_find(id))
                return ht_error_set(err, EINVAL, "expected.yaml: %.*s: no such check: %.*s",
                                    HT_STR_ARG(items[i].name), HT_STR_ARG(id));
        }
        /* A name or a namespace alone never makes a finding expected. */
        if (items[i].images.len == 0 ||
            (items[i].labels.len == 0 && items[i].owner.len == 0 && items[i].command.len == 0))
            return ht_error_set(
                err, EINVAL, "expected.yaml: %.*s: needs an image, and an owner, label or command",
                HT_STR_ARG(items[i].name));
    }
    return 0;
}

/* A wrong day would pass for none. */
static int settle_support(struct ht_facts *facts, struct ht_error *err)
{
    const struct ht_fact_cycle *items = facts->support.cycles.items;

    for (size_t i = 0; i < facts->support.cycles.len; i++) {
        const struct ht_str days[] = {items[i].end, items[i].security, items[i].paid};

        for (size_t j = 0; j < ARRAY_LEN(days); j++) {
            if (days[j].len && !is_date(days[j]))
                return ht_error_set(err, EINVAL, "support.yaml: %.*s %.*s: expected YYYY-MM-DD",
                                    HT_STR_ARG(items[i].product), HT_STR_ARG(items[i].cycle));
        }
    }
    return 0;
}

static int settle_stack(struct ht_facts *facts, struct ht_error *err)
{
    const struct ht_fact_hole *items = facts->stack.holes.items;

    for (size_t i = 0; i < facts->stack.holes.len; i++) {
        if (!ht_facts_stack_knows(facts, items[i].component))
            return ht_error_set(err, EINVAL, "stack.yaml: %.*s: %.*s is not among the components",
                                HT_STR_ARG(items[i].id), HT_STR_ARG(items[i].component));
        for (size_t j = 0; j < items[i].ranges.len; j++) {
            struct ht_str range = items[i].ranges.items[j], from;

            if (!ht_str_next(&range, ' ', &from) || !from.len || !range.len ||
                ht_str_find_byte(range, ' ') >= 0)
                return ht_error_set(err, EINVAL, "stack.yaml: %.*s: a range is \"FROM FIXED\"",
                                    HT_STR_ARG(items[i].id));
        }
    }
    return 0;
}

/* ---- files ---- */

static int read_table(struct ht_facts *facts, const struct fact_table *table, const char *name,
                      const struct ht_yaml *map, struct ht_error *err)
{
    struct fact_reader reader = {.arena = facts->arena, .name = name, .err = err};
    char *place = (char *)facts + table->offset;
    int r = ht_fact_read(&reader, map, table->shape, place);
    if (r < 0)
        return r;
    if (!is_date(((const struct ht_str *)(const void *)place)[1]))
        return ht_error_set(err, EINVAL, "%s:%u: date: expected YYYY-MM-DD", name,
                            ht_yaml_get(map, "date")->line);
    if (ht_arena_is_full(facts->arena))
        return ht_error_set(err, E2BIG, "%s: too large", name);
    return 0;
}

static int parse_table(struct ht_facts *facts, const struct fact_table *table, const char *name,
                       struct ht_str text, struct ht_error *err)
{
    ht_autoarena struct ht_arena *tree = ht_arena_new(FACTS_BYTES);
    const struct ht_yaml *map = ht_yaml_parse(tree, name, text, err);

    return map ? read_table(facts, table, name, map, err) : -err->code;
}

/* The replacement of a table in folder: 1 read, 0 none there, or an error. */
static int load_replacement(struct ht_facts *facts, const struct fact_table *table,
                            const char *folder, struct ht_error *err)
{
    ht_autobuf struct ht_buf path = HT_BUF(4096);
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_YAML);
    ht_autoroot struct ht_root root = HT_ROOT_NONE;

    ht_buf_addf(&path, "%s/%s", folder, table->file);
    if (access(path.data, F_OK) < 0)
        return 0;

    int r = ht_file_is_trusted(path.data, err);
    if (r < 0)
        return r;
    r = ht_root_open(&root, "/", err);
    if (r < 0)
        return r;
    r = ht_root_read(&root, path.data, &text, HT_LIMIT_YAML, err);
    if (r < 0)
        return r;
    r = parse_table(facts, table, path.data, ht_buf_str(&text), err);
    return r < 0 ? r : 1;
}

static int load_table(struct ht_facts *facts, const struct fact_table *table,
                      const char *const *folders, struct ht_error *err)
{
    for (; folders && *folders; folders++) {
        int r = load_replacement(facts, table, *folders, err);

        if (r != 0)
            return r < 0 ? r : 0;
    }

    ht_autoarena struct ht_arena *tree = ht_arena_new(FACTS_BYTES);
    const struct ht_builtin *builtin =
        ht_builtin_find(ht_facts_builtin(), ht_str_from(table->file));
    const struct ht_yaml *map = builtin ? ht_yaml_read_tree(tree, ht_builtin_text(builtin)) : NULL;

    return map ? read_table(facts, table, table->file, map, err)
               : ht_error_set(err, ENOENT, "%s: not compiled in", table->file);
}

static int load(struct ht_facts *facts, const char *const *folders, struct ht_error *err)
{
    for (const struct fact_table *table = ht_fact_tables(); table->file; table++) {
        int r = load_table(facts, table, folders, err);

        if (r < 0)
            return r;
    }

    static int (*const settle[])(struct ht_facts * facts, struct ht_error * err) = {
        settle_capabilities, settle_expected, settle_support, settle_stack};
    int r = 0;

    for (size_t i = 0; r == 0 && i < ARRAY_LEN(settle); i++)
        r = settle[i](facts, err);
    return r;
}

int ht_facts_load(const char *const *folders, struct ht_facts **ret_facts, struct ht_error *err)
{
    struct ht_facts *facts = ht_new0(struct ht_facts);

    facts->arena = ht_arena_new(FACTS_BYTES);

    int r = load(facts, folders, err);
    if (r < 0) {
        ht_facts_free(facts);
        return r;
    }
    *ret_facts = facts;
    return 0;
}

struct ht_facts *ht_facts_free(struct ht_facts *facts)
{
    if (facts)
        ht_arena_free(facts->arena);
    free(facts);
    return NULL;
}
