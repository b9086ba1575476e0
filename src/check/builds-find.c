/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which containers build, and what they build. */
#include "builds-private.h"

#include "build-signal.h"
#include "hulltop/base/mem.h"

/* Steps that no system of the table stands for. */
static const struct ht_fact_builder buildkit_step = {.name = HT_STR("BuildKit"),
                                                     .id = HT_STR("buildkit")};
static const struct ht_fact_builder buildah_step = {.name = HT_STR("Buildah"),
                                                    .id = HT_STR("buildah")};

void ht_builds_detect(const struct builds *builds, struct build_member *member)
{
    const struct ht_container *container = member->container;
    bool unlisted = container->state == HT_CONTAINER_STATE_UNMANAGED;
    struct build_signal signal;

    if (unlisted && ht_str_is(container->runtime, "buildkit"))
        signal =
            (struct build_signal){&buildkit_step, container->class_signal, HT_CONFIDENCE_CERTAIN};
    else if (unlisted && ht_str_is(container->runtime, "buildah"))
        signal =
            (struct build_signal){&buildah_step, container->class_signal, HT_CONFIDENCE_CERTAIN};
    else if (!ht_build_signal(builds->facts, container, builds->arena, &signal))
        return;
    member->system = signal.builder;
    member->signal = signal.text;
    member->confidence = signal.confidence;
}

/* ---- the job ---- */

static struct ht_str value_of(const struct ht_container *container, struct ht_str key)
{
    const struct ht_pair_list *lists[] = {&container->labels, &container->env};

    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        for (size_t j = 0; j < lists[i]->len; j++) {
            if (ht_str_equal(lists[i]->items[j].key, key))
                return lists[i]->items[j].value;
        }
    }
    return (struct ht_str){0};
}

static struct ht_str first_value(const struct building *building, const struct ht_text_list *keys)
{
    for (size_t i = 0; i < keys->len; i++) {
        for (size_t j = 0; j < building->members.len; j++) {
            const struct build_member *member = building->members.items[j];
            struct ht_str value = value_of(member->container, keys->items[i]);

            if (value.len)
                return value;
        }
    }
    return (struct ht_str){0};
}

void ht_builds_describe_job(const struct builds *builds, struct building *building)
{
    struct ht_build *row = &building->row;
    const struct ht_fact_builder *system = building->system;

    (void)builds;
    if (!system)
        return;

    struct ht_str name = first_value(building, &system->job);
    struct ht_str repository = first_value(building, &system->repository);
    struct ht_str trigger = first_value(building, &system->trigger);
    if (name.len && !ht_build_has_name(row))
        ht_build_set_name(row, name);
    if (repository.len)
        ht_build_set_repository(row, repository);
    if (trigger.len)
        ht_build_set_trigger(row, trigger);
}
