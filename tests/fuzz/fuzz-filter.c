/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A filter parses or says where it does not; one that parses can be asked about any row, and its
 * negation says the opposite. The first byte chooses the table. */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/model/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static struct ht_row *sample(const struct ht_table *table)
{
    static const struct ht_str texts[] = {HT_STR("nginx"), HT_STR("-g")};
    static const struct ht_pair pairs[] = {{HT_STR("app"), HT_STR("web=1")}};
    ht_autoarena struct ht_arena *arena = ht_arena_new(1024 * 1024);
    char *bytes = ht_arena_alloc(arena, 1, table->size);

    for (unsigned i = 0; i < table->count; i++) {
        const struct ht_field *field = &table->fields[i];
        void *value = bytes + field->offset;

        if (field->kind == HT_KIND_TEXT || field->kind == HT_KIND_REF)
            *(struct ht_str *)value = texts[0];
        else if (field->kind == HT_KIND_MAP)
            *(struct ht_pair_list *)value = (struct ht_pair_list){.items = pairs, .len = 1};
        else if (field->kind == HT_KIND_LIST && field->item == HT_KIND_TEXT)
            *(struct ht_text_list *)value = (struct ht_text_list){.items = texts, .len = 2};
        ht_field_mark_known(table, bytes, field);
    }
    return ht_row_new(table, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;

    const struct ht_table *table = ht_table_get((enum ht_table_id)(data[0] % HT_TABLE_COUNT));
    struct ht_str text = {.data = (const char *)data + 1, .len = size - 1};
    struct ht_filter *filter = NULL;
    struct ht_filter *opposite = NULL;
    struct ht_error err = {0};

    if (ht_filter_parse(table, text, NULL, &filter, &err) < 0) {
        require(err.code != 0 && err.text[0]);
        return 0;
    }

    ht_autorow struct ht_row *row = sample(table);
    ht_autobuf struct ht_buf negated = HT_BUF(SIZE_MAX / 2);
    bool match = ht_filter_match(filter, ht_row_data(row, table));

    ht_buf_add_text(&negated, "!(");
    ht_buf_add_str(&negated, text);
    ht_buf_add_c(&negated, ')');
    /* The empty filter has no negation, and one at a limit has none either. */
    if (ht_filter_parse(table, ht_buf_str(&negated), NULL, &opposite, NULL) == 0)
        require(match != ht_filter_match(opposite, ht_row_data(row, table)));
    ht_filter_free(filter);
    ht_filter_free(opposite);
    return 0;
}
