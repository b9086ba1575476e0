/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Podman: root's service and those of users, which have containers of their own. It speaks Docker's
 * language beside its own (docker.c); each socket is a source.
 */
#include "docker-private.h"

#include "hulltop/base/mem.h"

static const char *const of_root[] = {"/run/podman/podman.sock", NULL};
static const char *const of_users[] = {"/run/user/*/podman/podman.sock", NULL};

/* A driver's name is its source's. */
#define OPS(source)                                                                                \
    {                                                                                              \
        .name = (source), .interval_ns = HT_DOCKER_FULL_PASS_NS, .limit_ns = HT_DOCKER_LIMIT_NS,   \
        .containers = true, .run = ht_docker_run, .free = ht_docker_free                           \
    }

static const struct {
    struct ht_driver_ops ops;
    const char *const *places;
} services[] = {
    {OPS("podman"), of_root},         {OPS("podman-user"), of_users},
    {OPS("podman-user-2"), of_users}, {OPS("podman-user-3"), of_users},
    {OPS("podman-user-4"), of_users},
};

_Static_assert(ARRAY_LEN(services) == HT_PODMAN_SERVICES, "as source.h says");

void ht_podman_drivers(const struct ht_docker_options *options,
                       struct ht_driver drivers[HT_PODMAN_SERVICES])
{
    for (unsigned i = 0; i < HT_PODMAN_SERVICES; i++) {
        struct ht_docker *docker = ht_docker_make(
            services[i].ops.name,
            &(struct ht_docker_options){.histories = options->histories, .drift = options->drift},
            services[i].places);

        /* A user's service is not missed where there is none. */
        docker->reconnect.quiet = i > 0;
        docker->rank = i > 0 ? i - 1 : 0;
        if (i == HT_PODMAN_SERVICES - 1)
            docker->ranks = HT_PODMAN_SERVICES - 1;
        drivers[i] = (struct ht_driver){.ops = &services[i].ops, .self = docker};
    }
}
