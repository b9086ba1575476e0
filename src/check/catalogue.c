/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/check/catalogue.h"

#include "catalogue-private.h"
#include "hulltop/base/mem.h"

/* Groups in any order: the place of a check follows from its id. */
static const struct ht_check_group *const groups[] = {
    &ht_checks_prv_privileged,  &ht_checks_prv_capabilities, &ht_checks_prv_sockets,
    &ht_checks_prv_paths,       &ht_checks_prv_namespaces,   &ht_checks_prv_user,
    &ht_checks_prv_confinement, &ht_checks_prv_kernel,       &ht_checks_prv_network,
    &ht_checks_prv_daemon,
};

size_t ht_catalogue_count(void)
{
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        count += groups[i]->count;
    return count;
}

const struct ht_check *ht_catalogue_at(size_t place)
{
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        if (place < groups[i]->count)
            return &groups[i]->checks[place];
        place -= groups[i]->count;
    }
    return NULL;
}

/* How many checks have an id before that one. */
static size_t rank(const struct ht_check *check)
{
    size_t before = 0;

    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        for (unsigned j = 0; j < groups[i]->count; j++)
            before +=
                ht_str_compare(ht_str_from(groups[i]->checks[j].id), ht_str_from(check->id)) < 0;
    }
    return before;
}

const struct ht_check *ht_catalogue_get(size_t wanted)
{
    for (size_t i = 0; i < ht_catalogue_count(); i++) {
        if (rank(ht_catalogue_at(i)) == wanted)
            return ht_catalogue_at(i);
    }
    return NULL;
}

const struct ht_check *ht_catalogue_find(struct ht_str id)
{
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        for (unsigned j = 0; j < groups[i]->count; j++) {
            if (ht_str_is(id, groups[i]->checks[j].id))
                return &groups[i]->checks[j];
        }
    }
    return NULL;
}
