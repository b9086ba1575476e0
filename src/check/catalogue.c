/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/check/catalogue.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue-private.h"
#include "hulltop/base/mem.h"

/* Groups in any order. */
static const struct ht_check_group *const groups[] = {
    &ht_checks_drf_behaviour,   &ht_checks_drf_intruder,     &ht_checks_drf_miner,
    &ht_checks_bld_place,       &ht_checks_bld_power,        &ht_checks_bld_supply,
    &ht_checks_prv_privileged,  &ht_checks_prv_capabilities, &ht_checks_prv_sockets,
    &ht_checks_prv_paths,       &ht_checks_prv_namespaces,   &ht_checks_prv_user,
    &ht_checks_prv_confinement, &ht_checks_prv_kernel,       &ht_checks_prv_network,
    &ht_checks_prv_daemon,      &ht_checks_prv_pods,         &ht_checks_sec_datastore,
    &ht_checks_sec_remnants,    &ht_checks_pkg_updates,      &ht_checks_pkg_care,
    &ht_checks_prv_cluster,     &ht_checks_prv_differs,      &ht_checks_pkg_kernel,
    &ht_checks_pkg_running,     &ht_checks_pkg_stack,        &ht_checks_sec_config,
    &ht_checks_sec_transit,     &ht_checks_sec_exposed,      &ht_checks_drf_code,
    &ht_checks_drf_layer,       &ht_checks_drf_origin,       &ht_checks_drf_place,
    &ht_checks_pkg_seal,        &ht_checks_sec_keepers,      &ht_checks_drf_lock,
    &ht_checks_drf_upper,       &ht_checks_drf_tamper,       &ht_checks_sec_volumes,
};

/* All checks by their ids, put in order when they are first asked for; by any thread. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static const struct ht_check **sorted;
static size_t sorted_len;

static int compare_ids(const void *a, const void *b)
{
    const struct ht_check *const *left = a;
    const struct ht_check *const *right = b;

    return strcmp((*left)->id, (*right)->id);
}

static void sort_checks(void)
{
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        count += groups[i]->count;
    sorted = ht_new_array(const struct ht_check *, count);
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        for (unsigned j = 0; j < groups[i]->count; j++)
            sorted[sorted_len++] = &groups[i]->checks[j];
    }
    qsort(sorted, sorted_len, sizeof(*sorted), compare_ids);
}

size_t ht_catalogue_count(void)
{
    pthread_once(&once, sort_checks);
    return sorted_len;
}

const struct ht_check *ht_catalogue_get(size_t i)
{
    return i < ht_catalogue_count() ? sorted[i] : NULL;
}

static int compare_with_id(const void *key, const void *item)
{
    const struct ht_str *id = key;
    const struct ht_check *const *check = item;

    return ht_str_compare(*id, ht_str_from((*check)->id));
}

const struct ht_check *ht_catalogue_find(struct ht_str id)
{
    size_t count = ht_catalogue_count();
    const struct ht_check *const *found =
        bsearch(&id, sorted, count, sizeof(*sorted), compare_with_id);

    return found ? *found : NULL;
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
        const struct ht_check *check = ht_catalogue_get(i);

        if (questions >> check->question & 1 && ht_check_needs(check, source))
            return true;
    }
    return false;
}
