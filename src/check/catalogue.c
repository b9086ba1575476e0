/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/check/catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "catalogue-private.h"
#include "hulltop/base/mem.h"

/* Groups in any order: the place of a check follows from its id. */
static const struct ht_check_group *const groups[] = {
    &ht_checks_drf_config,       &ht_checks_drf_behaviour, &ht_checks_drf_server,
    &ht_checks_drf_intruder,     &ht_checks_drf_miner,     &ht_checks_bld_place,
    &ht_checks_bld_power,        &ht_checks_bld_supply,    &ht_checks_prv_privileged,
    &ht_checks_prv_capabilities, &ht_checks_prv_sockets,   &ht_checks_prv_paths,
    &ht_checks_prv_namespaces,   &ht_checks_prv_user,      &ht_checks_prv_confinement,
    &ht_checks_prv_kernel,       &ht_checks_prv_network,   &ht_checks_prv_daemon,
    &ht_checks_prv_pods,         &ht_checks_sec_datastore, &ht_checks_sec_remnants,
    &ht_checks_pkg_updates,      &ht_checks_pkg_care,      &ht_checks_prv_cluster,
    &ht_checks_prv_differs,      &ht_checks_pkg_kernel,    &ht_checks_pkg_running,
    &ht_checks_pkg_stack,        &ht_checks_sec_config,    &ht_checks_sec_transit,
    &ht_checks_sec_exposed,      &ht_checks_drf_code,      &ht_checks_drf_layer,
    &ht_checks_drf_origin,       &ht_checks_drf_place,     &ht_checks_pkg_seal,
    &ht_checks_sec_keepers,      &ht_checks_drf_lock,      &ht_checks_drf_upper,
    &ht_checks_drf_tamper,       &ht_checks_sec_volumes,   &ht_checks_sec_network,
    &ht_checks_sec_node,         &ht_checks_sec_lying,
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

bool ht_catalogue_next(struct ht_catalogue_walk *walk, const struct ht_check **ret_check)
{
    while (walk->group < ARRAY_LEN(groups)) {
        const struct ht_check_group *group = groups[walk->group];

        if (walk->at < group->count) {
            *ret_check = &group->checks[walk->at++];
            return true;
        }
        walk->group++;
        walk->at = 0;
    }
    return false;
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

static int compare_ids(const void *a, const void *b)
{
    const struct ht_check *const *left = a;
    const struct ht_check *const *right = b;

    return strcmp((*left)->id, (*right)->id);
}

void ht_catalogue_list(const struct ht_check **ret_checks)
{
    size_t count = ht_catalogue_count();

    for (size_t i = 0; i < count; i++)
        ret_checks[i] = ht_catalogue_at(i);
    qsort(ret_checks, count, sizeof(*ret_checks), compare_ids);
}

/* Sources that tell what containers were meant to be: any of them stands for "docker". */
static bool is_engine(struct ht_str source)
{
    static const char *const engines[] = {"docker", "podman",   "containerd", "k3s",
                                          "k0s",    "microk8s", "cri-o",      "manifests"};

    for (size_t i = 0; i < ARRAY_LEN(engines); i++) {
        if (ht_str_has_prefix(source, engines[i]))
            return true;
    }
    return false;
}

bool ht_check_needs(const struct ht_check *check, struct ht_str source)
{
    for (const char *const *need = check->needs; need && *need; need++) {
        if (ht_str_is(source, *need) || (ht_str_is(HT_S("docker"), *need) && is_engine(source)))
            return true;
    }
    return false;
}

bool ht_catalogue_needs(unsigned questions, struct ht_str source)
{
    for (size_t i = 0; i < ht_catalogue_count(); i++) {
        const struct ht_check *check = ht_catalogue_at(i);

        if (questions >> check->question & 1 && ht_check_needs(check, source))
            return true;
    }
    return false;
}

bool ht_catalogue_reads_table(unsigned questions, enum ht_table_id table)
{
    for (size_t i = 0; i < ht_catalogue_count(); i++) {
        const struct ht_check *check = ht_catalogue_at(i);

        if (questions >> check->question & 1 && check->reads >> table & 1)
            return true;
    }
    return false;
}

bool ht_catalogue_reads_field(unsigned questions, const char *field)
{
    for (size_t i = 0; i < ht_catalogue_count(); i++) {
        const struct ht_check *check = ht_catalogue_at(i);

        if (!(questions >> check->question & 1))
            continue;
        for (const char *const *one = check->fields; one && *one; one++) {
            if (strcmp(*one, field) == 0)
                return true;
        }
    }
    return false;
}
