/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the table of builders is asked. */
#include "facts-private.h"

const struct ht_fact_builder *ht_facts_builders(const struct ht_facts *facts, size_t *ret_len)
{
    *ret_len = facts->builders.systems.len;
    return facts->builders.systems.items;
}

const struct ht_fact_client *ht_facts_clients(const struct ht_facts *facts, size_t *ret_len)
{
    *ret_len = facts->builders.clients.len;
    return facts->builders.clients.items;
}

/* Whether one of the first words of argv is of the client's before one of another command is.
 * Values of options may stand between them. */
static bool says(const struct ht_facts *facts, const struct ht_fact_client *client,
                 const struct ht_text_list *argv)
{
    enum { WORDS = 12 };

    for (size_t i = 1; i < argv->len && i < WORDS; i++) {
        if (ht_text_list_has(&client->words, argv->items[i]))
            return true;
        if (ht_text_list_has(&facts->builders.others, argv->items[i]))
            return false;
    }
    return false;
}

const struct ht_fact_client *ht_facts_client(const struct ht_facts *facts,
                                             const struct ht_text_list *argv)
{
    const struct ht_fact_client *clients = facts->builders.clients.items;

    if (argv->len == 0)
        return NULL;

    struct ht_str word = argv->items[0];
    struct ht_str program = ht_str_base(word);
    for (size_t i = 0; i < facts->builders.clients.len; i++) {
        if (ht_text_list_has(&clients[i].programs, program) && says(facts, &clients[i], argv))
            return &clients[i];
    }
    return NULL;
}

const struct ht_fact_neighbour *ht_facts_neighbours(const struct ht_facts *facts, size_t *ret_len)
{
    *ret_len = facts->builders.neighbours.len;
    return facts->builders.neighbours.items;
}

const struct ht_fact_version *ht_facts_version(const struct ht_facts *facts, struct ht_str image)
{
    const struct ht_fact_version *versions = facts->builders.versions.items;

    for (size_t i = 0; i < facts->builders.versions.len; i++) {
        for (size_t j = 0; j < versions[i].images.len; j++) {
            if (ht_facts_image_is(versions[i].images.items[j], image))
                return &versions[i];
        }
    }
    return NULL;
}

bool ht_facts_is_untrusted(const struct ht_facts *facts, struct ht_str trigger)
{
    return ht_text_list_has(&facts->builders.untrusted, trigger);
}

bool ht_facts_is_credential(const struct ht_facts *facts, struct ht_str name)
{
    return ht_text_list_has(&facts->builders.credentials, name);
}

bool ht_facts_is_credential_file(const struct ht_facts *facts, struct ht_str path)
{
    const struct ht_text_list *files = &facts->builders.credential_files;

    path = ht_facts_plain_path(path);
    for (size_t i = 0; i < files->len; i++) {
        struct ht_str file = files->items[i];

        if (path.len > file.len && path.data[path.len - file.len - 1] == '/' &&
            ht_str_equal(ht_str_sub(path, path.len - file.len, file.len), file))
            return true;
    }
    return false;
}
