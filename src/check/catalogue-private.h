/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The groups of checks, one a file; catalogue.c lists them. Layer 3 (check), private. */
#ifndef HT_CHECK_CATALOGUE_PRIVATE_H
#define HT_CHECK_CATALOGUE_PRIVATE_H

#include <stddef.h>

#include "hulltop/model/check.h"

extern const struct ht_check_group ht_checks_bld_place;
extern const struct ht_check_group ht_checks_bld_power;
extern const struct ht_check_group ht_checks_bld_supply;
extern const struct ht_check_group ht_checks_drf_behaviour;
extern const struct ht_check_group ht_checks_drf_server;
extern const struct ht_check_group ht_checks_drf_intruder;
extern const struct ht_check_group ht_checks_drf_miner;
extern const struct ht_check_group ht_checks_drf_code;
extern const struct ht_check_group ht_checks_drf_config;
extern const struct ht_check_group ht_checks_drf_layer;
extern const struct ht_check_group ht_checks_drf_lock;
extern const struct ht_check_group ht_checks_drf_origin;
extern const struct ht_check_group ht_checks_drf_tamper;
extern const struct ht_check_group ht_checks_drf_upper;
extern const struct ht_check_group ht_checks_drf_place;
extern const struct ht_check_group ht_checks_prv_privileged;
extern const struct ht_check_group ht_checks_prv_capabilities;
extern const struct ht_check_group ht_checks_prv_sockets;
extern const struct ht_check_group ht_checks_prv_paths;
extern const struct ht_check_group ht_checks_prv_namespaces;
extern const struct ht_check_group ht_checks_prv_user;
extern const struct ht_check_group ht_checks_prv_confinement;
extern const struct ht_check_group ht_checks_prv_kernel;
extern const struct ht_check_group ht_checks_prv_network;
extern const struct ht_check_group ht_checks_prv_daemon;
extern const struct ht_check_group ht_checks_sec_datastore;
extern const struct ht_check_group ht_checks_sec_remnants;
extern const struct ht_check_group ht_checks_prv_pods;
extern const struct ht_check_group ht_checks_prv_differs;
extern const struct ht_check_group ht_checks_pkg_updates;
extern const struct ht_check_group ht_checks_pkg_care;
extern const struct ht_check_group ht_checks_prv_cluster;
extern const struct ht_check_group ht_checks_pkg_kernel;
extern const struct ht_check_group ht_checks_pkg_running;
extern const struct ht_check_group ht_checks_pkg_seal;
extern const struct ht_check_group ht_checks_pkg_stack;
extern const struct ht_check_group ht_checks_sec_config;
extern const struct ht_check_group ht_checks_sec_transit;
extern const struct ht_check_group ht_checks_sec_keepers;
extern const struct ht_check_group ht_checks_sec_volumes;
extern const struct ht_check_group ht_checks_sec_exposed;
extern const struct ht_check_group ht_checks_sec_lying;
extern const struct ht_check_group ht_checks_sec_network;
extern const struct ht_check_group ht_checks_sec_node;

/* The check at that place, in the order of the groups: ht_catalogue_get without its cost. */
const struct ht_check *ht_catalogue_at(size_t place);

/* Where a loop over all checks is; it begins as {0}. */
struct ht_catalogue_walk {
    size_t group;
    unsigned at;
};

/* The next check in the order of ht_catalogue_at, without counting from the first. False: there are
 * no more. */
bool ht_catalogue_next(struct ht_catalogue_walk *walk, const struct ht_check **ret_check);

/* Ends a list of ids or texts of an entry of the catalogue. */
#define HT_TEXTS(...)                                                                              \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

#endif
