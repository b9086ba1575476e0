/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters against structs. Nothing here allocates but a map's term with an equals sign in it. */
#include "src/model/filter-inner.h"

#include <string.h>

static bool contains(struct ht_str text, struct ht_str needle)
{
    return ht_str_find_nocase(text, needle, 0) >= 0;
}

/* A piece ends where no word can go on. */
static bool collect(const struct ht_term *term, struct ht_str text)
{
    ht_buf_add_str(term->into, text);
    ht_buf_add_c(term->into, '\0');
    return false;
}

/* A text without an equals sign is in key=value where it is in one of the two. */
static bool collect_pair(const struct ht_term *term, const struct ht_pair *pair)
{
    ht_buf_add_str(term->into, pair->key);
    ht_buf_add_c(term->into, '=');
    return collect(term, pair->value);
}

/* Whether a pair, written key=value, is or contains the text. */
static bool match_pair(const struct ht_pair *pair, const struct ht_term *term)
{
    bool whole = term->kind == HT_TERM_EQUAL;

    if (term->kind == HT_TERM_COLLECT)
        return collect_pair(term, pair);
    if (whole ? ht_str_equal(pair->key, term->text)
              : contains(pair->key, term->text) || contains(pair->value, term->text))
        return true;
    if (ht_str_find_byte(term->text, '=') < 0)
        return false;

    ht_autobuf struct ht_buf both = HT_BUF(SIZE_MAX / 2);
    ht_buf_add_str(&both, pair->key);
    ht_buf_add_c(&both, '=');
    ht_buf_add_str(&both, pair->value);
    return whole ? ht_str_equal(ht_buf_str(&both), term->text)
                 : contains(ht_buf_str(&both), term->text);
}

static bool match_text(struct ht_str text, const struct ht_term *term)
{
    if (term->kind == HT_TERM_COLLECT)
        return collect(term, text);
    return term->kind == HT_TERM_EQUAL ? ht_str_equal(text, term->text)
                                       : contains(text, term->text);
}

static bool match_name(const char *name, const struct ht_term *term)
{
    if (term->kind == HT_TERM_COLLECT)
        return collect(term, ht_str_from(name));
    return term->kind == HT_TERM_EQUAL ? ht_str_is_nocase(term->text, name)
                                       : contains(ht_str_from(name), term->text);
}

/* The texts in a struct: for words, and for structs as a whole. */
static bool match_texts(const struct ht_table *table, const void *data, const struct ht_term *term);

static bool match_texts_of_list(const struct ht_field *field, const struct ht_list *list,
                                const struct ht_term *term)
{
    size_t size = ht_field_item_size(field);

    for (size_t i = 0; i < list->len; i++) {
        const void *item = (const char *)list->items + i * size;

        if (field->kind == HT_KIND_MAP ? match_pair(item, term)
            : field->item == HT_KIND_TEXT
                ? match_text(*(const struct ht_str *)item, term)
                : field->item == HT_KIND_STRUCT && match_texts(field->sub, item, term))
            return true;
    }
    return false;
}

static bool match_bits(const struct ht_enum *values, uint64_t bits, const struct ht_term *term)
{
    for (unsigned bit = 0; bit < values->count; bit++) {
        if ((bits >> bit & 1) && match_name(values->values[bit].name, term))
            return true;
    }
    return false;
}

static bool match_texts_of_field(const struct ht_field *field, const void *value,
                                 const struct ht_term *term)
{
    switch (field->kind) {
    case HT_KIND_TEXT:
    case HT_KIND_REF:
        return match_text(*(const struct ht_str *)value, term);
    case HT_KIND_ENUM:
        return match_name(ht_enum_name(field->values, *(const unsigned *)value), term);
    case HT_KIND_BITS:
        return match_bits(field->values, *(const uint64_t *)value, term);
    case HT_KIND_STRUCT:
        return match_texts(field->sub, value, term);
    case HT_KIND_LIST:
    case HT_KIND_MAP:
        return match_texts_of_list(field, value, term);
    case HT_KIND_BOOL:
    case HT_KIND_INT:
    case HT_KIND_UINT:
    case HT_KIND_HEX:
    case HT_KIND_TIME:
        return false;
    }
    return false;
}

static bool match_texts(const struct ht_table *table, const void *data, const struct ht_term *term)
{
    for (unsigned i = 0; i < table->count; i++) {
        const struct ht_field *field = &table->fields[i];

        if (ht_field_is_known(table, data, field) &&
            match_texts_of_field(field, (const char *)data + field->offset, term))
            return true;
    }
    return false;
}

/* ---- one field ---- */

static bool holds(const struct ht_term *term, int order)
{
    if (term->kind == HT_TERM_LESS)
        return order < 0;
    if (term->kind == HT_TERM_GREATER)
        return order > 0;
    if (term->kind == HT_TERM_AT_MOST)
        return order <= 0;
    if (term->kind == HT_TERM_AT_LEAST)
        return order >= 0;
    return order == 0;
}

static bool match_int(const struct ht_term *term, int64_t value)
{
    return holds(term, (value > term->literal.number) - (value < term->literal.number));
}

static bool match_uint(const struct ht_term *term, uint64_t value)
{
    return holds(term, (value > term->literal.natural) - (value < term->literal.natural));
}

static bool match_time(const struct ht_filter *filter, const struct ht_term *term, int64_t value)
{
    int64_t age;

    if (!term->literal.is_age)
        return match_int(term, value);
    if (!filter->has_now || __builtin_sub_overflow(filter->now_ns, value, &age))
        return false;
    return match_int(term, age);
}

static bool match_enum(const struct ht_term *term, const struct ht_enum *values, unsigned value)
{
    int rank = (int)ht_enum_rank(values, value);

    return holds(term, rank - (int)ht_enum_rank(values, (unsigned)term->literal.number));
}

/* Numbers, times and yes/no contain a text as they are written in full. */
static bool shows(const struct ht_field *field, const void *value, const struct ht_term *term)
{
    ht_autobuf struct ht_buf text = HT_BUF(64);

    ht_value_format(&text, field, value, HT_FORMAT_RAW);
    return match_text(ht_buf_str(&text), term);
}

static bool is_in_text(const struct ht_term *term)
{
    return term->kind == HT_TERM_CONTAINS || term->kind == HT_TERM_COLLECT;
}

static bool match_numbers(const struct ht_field *field, const struct ht_uint_list *list,
                          const struct ht_term *term)
{
    const struct ht_field one = {.kind = HT_KIND_UINT, .unit = field->unit};

    for (size_t i = 0; i < list->len; i++) {
        if (is_in_text(term) ? shows(&one, &list->items[i], term)
                             : match_uint(term, list->items[i]))
            return true;
    }
    return false;
}

static bool match_value(const struct ht_filter *filter, const struct ht_term *term,
                        const struct ht_field *field, const void *value)
{
    bool in_text = is_in_text(term);

    switch (field->kind) {
    case HT_KIND_BOOL:
        return in_text ? shows(field, value, term)
                       : *(const bool *)value == (term->literal.number != 0);
    case HT_KIND_INT:
        return in_text ? shows(field, value, term) : match_int(term, *(const int64_t *)value);
    case HT_KIND_UINT:
    case HT_KIND_HEX:
        return in_text ? shows(field, value, term) : match_uint(term, *(const uint64_t *)value);
    case HT_KIND_TIME:
        return in_text ? shows(field, value, term)
                       : match_time(filter, term, *(const int64_t *)value);
    case HT_KIND_ENUM:
        return in_text ? match_texts_of_field(field, value, term)
                       : match_enum(term, field->values, *(const unsigned *)value);
    case HT_KIND_BITS:
        return in_text ? match_texts_of_field(field, value, term)
                       : *(const uint64_t *)value >> term->literal.number & 1;
    case HT_KIND_LIST:
        if (field->item == HT_KIND_UINT)
            return match_numbers(field, value, term);
        return match_texts_of_field(field, value, term);
    case HT_KIND_TEXT:
    case HT_KIND_REF:
    case HT_KIND_STRUCT:
    case HT_KIND_MAP:
        return match_texts_of_field(field, value, term);
    }
    return false;
}

/* Follows the path; of a list on the way any item may match. */
static bool match_path(const struct ht_filter *filter, const struct ht_term *term, unsigned step,
                       const struct ht_table *table, const void *data)
{
    const struct ht_field *field = term->path.steps[step];
    const void *value = (const char *)data + field->offset;

    if (!ht_field_is_known(table, data, field))
        return false;
    if (step + 1 == term->path.depth)
        return match_value(filter, term, field, value);
    if (field->kind == HT_KIND_STRUCT)
        return match_path(filter, term, step + 1, field->sub, value);

    const struct ht_list *list = value;
    for (size_t i = 0; i < list->len; i++) {
        const void *item = (const char *)list->items + i * field->sub->size;

        if (match_path(filter, term, step + 1, field->sub, item))
            return true;
    }
    return false;
}

static bool match_term(const struct ht_filter *filter, const struct ht_term *term, const void *data,
                       const struct ht_str *in);

static bool match_one_of(const struct ht_filter *filter, const struct ht_term *child,
                         const void *data, const struct ht_str *in)
{
    while (child && !match_term(filter, child, data, in))
        child = child->next;
    return child;
}

/* Recursion is bounded by the parser's depth. in: what words are looked for in, NULL: the fields.
 */
static bool match_term(const struct ht_filter *filter, const struct ht_term *term, const void *data,
                       const struct ht_str *in)
{
    const struct ht_term *child = term->first;

    switch (term->kind) {
    case HT_TERM_AND:
        while (child && match_term(filter, child, data, in))
            child = child->next;
        return !child;
    case HT_TERM_WORD:
        if (in && term->folded.len)
            return ht_str_find(*in, term->folded, 0) >= 0;
        return match_one_of(filter, child, data, in);
    case HT_TERM_OR:
        return match_one_of(filter, child, data, in);
    case HT_TERM_NOT:
        return !match_term(filter, child, data, in);
    case HT_TERM_ANY_TEXT:
        return match_texts(filter->table, data, term);
    case HT_TERM_CONTAINS:
    case HT_TERM_EQUAL:
    case HT_TERM_LESS:
    case HT_TERM_GREATER:
    case HT_TERM_AT_MOST:
    case HT_TERM_AT_LEAST:
    case HT_TERM_COLLECT:
        return match_path(filter, term, 0, filter->table, data);
    }
    return false;
}

void ht_filter_set_now(struct ht_filter *filter, int64_t now_ns)
{
    if (!filter)
        return;
    filter->now_ns = now_ns;
    filter->has_now = true;
}

static bool is_timed(const struct ht_term *term)
{
    bool timed = term->literal.is_age;

    for (const struct ht_term *child = term->first; child && !timed; child = child->next)
        timed = is_timed(child);
    return timed;
}

bool ht_filter_is_timed(const struct ht_filter *filter)
{
    return filter && filter->root && is_timed(filter->root);
}

bool ht_filter_match(const struct ht_filter *filter, const void *data)
{
    return !filter || !filter->root || match_term(filter, filter->root, data, NULL);
}

bool ht_filter_match_in(const struct ht_filter *filter, const void *data, struct ht_str words)
{
    return !filter || !filter->root || match_term(filter, filter->root, data, &words);
}

void ht_filter_words_text(const struct ht_filter_words *words, const void *data, struct ht_buf *out)
{
    size_t from = out->len;

    for (size_t i = 0; i < words->len; i++) {
        const struct ht_term term = {.kind = HT_TERM_COLLECT, .path = words->paths[i], .into = out};

        match_path(NULL, &term, 0, words->paths[i].table, data);
    }
    ht_str_fold(out->data + from, out->len - from);
}
