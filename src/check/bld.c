/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bld.h"

#include "hulltop/model/node.h"

const struct ht_build *ht_bld_open(const struct ht_row *row)
{
    const struct ht_build *build = ht_build_of(row);

    return ht_build_has_state(build) && build->state == HT_BUILD_STATE_ENDED ? NULL : build;
}

struct ht_str ht_bld_title(struct ht_checking *checking, struct ht_finding *finding,
                           const struct ht_build *build)
{
    bool standing = ht_build_has_state(build) && build->state == HT_BUILD_STATE_STANDING;
    const char *what = build->pipeline ? "A workflow step" : standing ? "A builder" : "A build";

    if (build->name.len)
        ht_fire_evidence(checking, finding, "hulltop", "what is built", build->name);
    return ht_arena_strf(ht_checking_arena(checking), "%s (%.*s)", what,
                         HT_STR_ARG(build->product));
}

void ht_bld_show(struct ht_checking *checking, struct ht_finding *finding,
                 const struct ht_build *build)
{
    if (ht_build_has_signal(build))
        ht_fire_evidence(checking, finding, "hulltop", "known by", build->signal);
    if (ht_build_has_grade(build))
        ht_fire_evidencef(checking, finding, "hulltop", "kept apart", "%s: %.*s",
                          ht_enum_name(&ht_build_grade_enum, build->grade),
                          HT_STR_ARG(build->reason));
    else if (ht_build_has_reason(build))
        ht_fire_evidencef(checking, finding, "hulltop", "kept apart", "not known: %.*s",
                          HT_STR_ARG(build->reason));
    if (build->repository.len)
        ht_fire_evidence(checking, finding, "hulltop", "code from", build->repository);
    if (build->trigger.len)
        ht_fire_evidence(checking, finding, "hulltop", "started by", build->trigger);
}

void ht_bld_show_share(struct ht_checking *checking, struct ht_finding *finding,
                       const struct ht_share *share)
{
    const char *kind = ht_enum_name(&ht_share_kind_enum, share->kind);

    if (share->object.len)
        ht_fire_evidence(checking, finding, "hulltop", kind, share->object);
    for (size_t i = 0; i < share->with.len; i++)
        ht_fire_evidencef(checking, finding, "hulltop", kind, "with %.*s",
                          HT_STR_ARG(share->with.items[i]));
    if (share->count > share->with.len)
        ht_fire_evidencef(checking, finding, "hulltop", kind, "with %llu in all",
                          (unsigned long long)share->count);
}

const struct ht_share *ht_bld_share(const struct ht_build *build, enum ht_share_kind kind)
{
    for (size_t i = 0; i < build->shares.len; i++) {
        if (build->shares.items[i].kind == kind)
            return &build->shares.items[i];
    }
    return NULL;
}

const struct ht_container *ht_bld_next(struct ht_checking *checking, const struct ht_build *build,
                                       size_t *at)
{
    while (*at < build->containers.len) {
        const struct ht_row *row = ht_node_find(ht_checking_node(checking), HT_TABLE_CONTAINER,
                                                build->containers.items[(*at)++]);

        if (row)
            return ht_container_of(row);
    }
    return NULL;
}

void ht_bld_unknown(struct ht_checking *checking, const char *what)
{
    ht_unknown(checking, "hulltop", what, "sudo hulltop in the host's pid namespace");
}

void ht_bld_soften(struct ht_checking *checking, struct ht_finding *finding,
                   const struct ht_build *build)
{
    if (!ht_build_has_one_node(build) || !build->one_node)
        return;
    ht_fire_evidence(checking, finding, "Kubernetes", "nodes of the cluster",
                     HT_S("this one alone: there is no other place for builds"));
    if (finding->severity < HT_SEVERITY_LOW) {
        ht_finding_set_original(finding, finding->severity);
        ht_finding_set_severity(finding, HT_SEVERITY_LOW);
    }
}

int64_t ht_bld_age(const struct ht_checking *checking, int64_t at_ns)
{
    int64_t age;

    if (__builtin_sub_overflow(ht_checking_now(checking), at_ns, &age))
        return at_ns < 0 ? INT64_MAX : 0;
    return age > 0 ? age : 0;
}
