/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the table of programs is asked. */
#include "facts-private.h"
#include "hulltop/base/mem.h"

enum {
    NAME_WORDS = 3, /* "python3 -m pip": a manager may stand that far behind */
    VERB_WORDS = 8, /* options may stand before its verb */
};

bool ht_facts_program_is(const struct ht_facts *facts, enum ht_fact_programs list,
                         struct ht_str path)
{
    struct ht_str name =
        list == HT_FACT_PROGRAMS_THREAD ? path : ht_str_program(path); /* "kworker/0:1" */

    return name.len && ht_facts_has_like(&facts->programs.lists[list], name);
}

static const struct ht_fact_manager *find_manager(const struct ht_facts *facts, struct ht_str path)
{
    const struct ht_fact_manager *items = facts->programs.managers.items;
    struct ht_str name = ht_str_program(path);

    for (size_t i = 0; name.len && i < facts->programs.managers.len; i++) {
        if (ht_facts_has_like(&items[i].programs, name))
            return &items[i];
    }
    return NULL;
}

/* What only pretends may say so anywhere before the end of its options. */
static bool only_looks(const struct ht_fact_manager *manager, const struct ht_text_list *argv,
                       size_t from)
{
    for (size_t i = from; i < argv->len && !ht_str_is(argv->items[i], "--"); i++) {
        if (ht_str_has_prefix(argv->items[i], "-") &&
            ht_facts_has_like(&manager->looks, argv->items[i]))
            return true;
    }
    return false;
}

/* A word behind an option may be its value, which whoever starts the manager chooses. */
static bool may_be_value(const struct ht_text_list *argv, size_t from, size_t at)
{
    return at > from && ht_str_has_prefix(argv->items[at - 1], "-") &&
           ht_str_find_byte(argv->items[at - 1], '=') < 0;
}

static bool find_verb(const struct ht_fact_manager *manager, const struct ht_text_list *argv,
                      size_t from, struct ht_str *ret_verb)
{
    /* Some do nothing else. */
    *ret_verb = (struct ht_str){0};
    if (manager->verbs.len == 1 && ht_str_is(manager->verbs.items[0], "*"))
        return true;
    for (size_t i = from; i < argv->len && i < from + VERB_WORDS; i++) {
        if (ht_facts_has_like(&manager->verbs, argv->items[i])) {
            *ret_verb = argv->items[i];
            return !only_looks(manager, argv, from);
        }
        /* "npm run install" starts a script of that name. */
        if (ht_facts_has_like(&manager->looks, ht_str_base(argv->items[i])) &&
            !may_be_value(argv, from, i))
            return false;
    }
    return false;
}

/* npm and others write all their words into the first one, as their title. */
static bool is_title(const struct ht_text_list *argv)
{
    for (size_t i = 1; i < argv->len; i++) {
        if (argv->items[i].len)
            return false;
    }
    return argv->len && ht_str_find_byte(argv->items[0], ' ') > 0;
}

static bool title_at_work(const struct ht_facts *facts, struct ht_str title,
                          struct ht_str *ret_name, struct ht_str *ret_verb)
{
    struct ht_str words[1 + VERB_WORDS];
    struct ht_text_list list = {.items = words};
    const struct ht_fact_manager *manager;

    while (list.len < ARRAY_LEN(words) && ht_str_next(&title, ' ', &words[list.len]))
        list.len += words[list.len].len > 0;
    manager = list.len ? find_manager(facts, words[0]) : NULL;
    if (!manager)
        return false;
    *ret_name = ht_str_program(words[0]);
    return find_verb(manager, &list, 1, ret_verb);
}

bool ht_facts_manager_at_work(const struct ht_facts *facts, struct ht_str exe,
                              const struct ht_text_list *argv, struct ht_str *ret_name,
                              struct ht_str *ret_verb)
{
    const struct ht_fact_manager *manager = find_manager(facts, exe);

    if (manager) {
        *ret_name = ht_str_program(exe);
        return find_verb(manager, argv, 1, ret_verb);
    }
    if (!ht_facts_program_is(facts, HT_FACT_PROGRAMS_INTERPRETER, exe) &&
        !ht_facts_program_is(facts, HT_FACT_PROGRAMS_SHELL, exe))
        return false;
    if (is_title(argv))
        return title_at_work(facts, argv->items[0], ret_name, ret_verb);
    for (size_t i = 1; i < argv->len && i < NAME_WORDS; i++) {
        manager = find_manager(facts, argv->items[i]);
        if (!manager)
            continue;
        *ret_name = ht_str_program(argv->items[i]);
        return find_verb(manager, argv, i + 1, ret_verb);
    }
    return false;
}
