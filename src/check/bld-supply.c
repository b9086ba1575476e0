/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BLD-011, 013, 014, 018, 019: what goes into a build, what comes out of it, what it leaves. */
#include "bld.h"
#include "builds-private.h"
#include "catalogue-private.h"
#include "identity.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

#include <string.h>

/* What ended so long ago has no more to tell. */
#define LEFT_NS (7 * 24 * INT64_C(3600) * HT_NS_PER_S)

/* ---- BLD-011 ---- */

/* Credentials that a container was given, as evidence; how many. */
static size_t show_credentials(struct ht_checking *checking, struct ht_finding **finding,
                               const struct ht_container *container)
{
    const struct ht_facts *facts = ht_checking_facts(checking);
    size_t found = 0;

    for (size_t i = 0; i < container->env.len; i++) {
        if (!ht_facts_is_credential(facts, container->env.items[i].key))
            continue;
        if (!*finding)
            *finding = ht_fire(checking, HT_S(""));
        found++;
        ht_fire_evidence(checking, *finding, "container runtime", "environment variable",
                         container->env.items[i].key);
    }
    for (size_t i = 0; i < container->mounts.len; i++) {
        struct ht_str target = container->mounts.items[i].target;

        if (!ht_facts_is_credential_file(facts, target))
            continue;
        if (!*finding)
            *finding = ht_fire(checking, HT_S(""));
        found++;
        ht_fire_evidence(checking, *finding, "container runtime", "mounted file", target);
    }
    return found;
}

static bool is_exposed(const struct ht_build *build)
{
    return build->applications > 0 ||
           (ht_build_has_grade(build) && build->grade == HT_BUILD_GRADE_E);
}

static void look_credentials(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_build *build = ht_bld_open(row);
    const struct ht_container *container;
    struct ht_finding *finding = NULL;
    size_t at = 0, unknown = 0, found = 0;

    if (!build)
        return;
    if (!ht_build_has_containers(build)) {
        ht_bld_unknown(checking, "which containers it runs in");
        return;
    }
    for (container = ht_bld_next(checking, build, &at); container;
         container = ht_bld_next(checking, build, &at)) {
        unknown += !ht_container_has_env(container) || !ht_container_has_mounts(container);
        found += show_credentials(checking, &finding, container);
    }
    if (finding) {
        ht_fire_title(checking, finding, "%.*s holds %zu credential%s",
                      HT_STR_ARG(ht_bld_title(checking, finding, build)), found,
                      found == 1 ? "" : "s");
        if (is_exposed(build))
            ht_finding_set_severity(finding, HT_SEVERITY_HIGH);
    }
    if (unknown || build->containers.len == 0)
        ht_bld_unknown(checking, "which credentials a build was given");
}

/* ---- BLD-014 ---- */

static void look_trigger(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_build *build = ht_bld_open(row);
    const struct ht_container *container;
    struct ht_finding *finding = NULL;
    bool strong;
    size_t at = 0;

    if (!build)
        return;
    if (!ht_build_has_trigger(build)) {
        ht_unknown(checking, "docker", "what started a build: it says nothing about it", "");
        return;
    }
    if (!ht_facts_is_untrusted(ht_checking_facts(checking), build->trigger))
        return;
    strong = ht_build_has_grade(build) && build->grade == HT_BUILD_GRADE_E;
    if (strong)
        finding = ht_fire(checking, HT_S(""));
    for (container = ht_bld_next(checking, build, &at); container;
         container = ht_bld_next(checking, build, &at))
        show_credentials(checking, &finding, container);
    if (!finding)
        return;
    ht_fire_title(checking, finding, "%.*s was started by a stranger's change and %s",
                  HT_STR_ARG(ht_bld_title(checking, finding, build)),
                  strong ? "can take over the node" : "holds credentials");
    ht_bld_show(checking, finding, build);
}

/* ---- BLD-018 ---- */

/* The number at the head of text, which is taken off. */
static bool next_number(struct ht_str *text, uint64_t *ret)
{
    size_t len = 0;

    while (len < text->len && text->data[len] >= '0' && text->data[len] <= '9')
        len++;
    if (len == 0 || ht_parse_u64(ht_str_sub(*text, 0, len), ret) < 0)
        return false;
    *text = ht_str_sub(*text, len + (len < text->len && text->data[len] == '.'), text->len);
    return true;
}

/* Whether "v0.12.4-rootless" is older than "0.28.1"; false too if it is no version. */
static bool is_older(struct ht_str tag, struct ht_str fixed, bool *ret_is_version)
{
    uint64_t a = 0, b = 0;

    if (ht_str_has_prefix(tag, "v"))
        tag = ht_str_sub(tag, 1, tag.len);
    *ret_is_version = tag.len && tag.data[0] >= '0' && tag.data[0] <= '9';
    while (next_number(&fixed, &b)) {
        if (!next_number(&tag, &a))
            return false;
        if (a != b)
            return a < b;
    }
    return false;
}

static struct ht_str tag_of(struct ht_str image)
{
    ptrdiff_t at = ht_str_find_byte(image, '@');

    if (at >= 0)
        image.len = (size_t)at;

    ptrdiff_t colon = ht_str_rfind_byte(image, ':');
    return colon > ht_str_rfind_byte(image, '/') ? ht_str_sub(image, (size_t)colon + 1, image.len)
                                                 : (struct ht_str){0};
}

static void fire_version(struct ht_checking *checking, const struct ht_build *build,
                         const struct ht_container *container,
                         const struct ht_fact_version *version)
{
    struct ht_finding *finding = ht_fire(checking, HT_S(""));

    ht_fire_title(checking, finding,
                  version->ended.len ? "%.*s uses %.*s, which nobody maintains any more"
                                     : "%.*s uses a version of %.*s with known holes",
                  HT_STR_ARG(ht_bld_title(checking, finding, build)), HT_STR_ARG(version->name));
    ht_fire_evidence(checking, finding, "container runtime", "image", container->image);
    if (version->ended.len)
        ht_fire_evidence(checking, finding, "builders.yaml", "project ended", version->ended);
    else
        ht_fire_evidence(checking, finding, "builders.yaml", "fixed in", version->fixed);
    for (size_t i = 0; i < version->ids.len; i++)
        ht_fire_evidence(checking, finding, "builders.yaml", "hole", version->ids.items[i]);
}

static void look_version(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_build *build = ht_bld_open(row);
    const struct ht_container *container;
    size_t at = 0;

    if (!build)
        return;
    if (!ht_build_has_containers(build)) {
        ht_bld_unknown(checking, "which containers it runs in");
        return;
    }
    for (container = ht_bld_next(checking, build, &at); container;
         container = ht_bld_next(checking, build, &at)) {
        const struct ht_fact_version *version =
            ht_facts_version(ht_checking_facts(checking), container->image);
        bool is_version = false;

        if (!version)
            continue;
        if (version->ended.len || is_older(tag_of(container->image), version->fixed, &is_version)) {
            fire_version(checking, build, container, version);
            return;
        }
        if (!is_version)
            ht_unknown(checking, "docker", "which version a builder has: its tag does not say",
                       "name builders by version, not by \"latest\"");
    }
}

/* ---- BLD-013 ---- */

static void fire_made_here(struct ht_checking *checking, const struct ht_container *container,
                           const struct ht_build *build)
{
    struct ht_finding *finding = ht_fire(checking, HT_S(""));

    ht_fire_title(checking, finding, "Runs an image that was built on this node (%.*s)",
                  HT_STR_ARG(container->image));
    ht_fire_evidence(checking, finding, "container runtime", "image", container->image);
    ht_fire_evidencef(checking, finding, "hulltop", "built here by", "%.*s",
                      HT_STR_ARG(build->product));
    ht_finding_set_confidence(finding, HT_CONFIDENCE_LIKELY);
}

static void look_made_here(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_container *container = ht_container_of(row);
    const struct ht_rowset *builds = ht_node_set(ht_checking_node(checking), HT_TABLE_BUILD);

    if (!ht_subject_runs(row) || container->class == HT_CLASS_BUILD)
        return;
    if (!ht_container_has_image(container) || !ht_container_has_created_at(container)) {
        ht_unknown(checking, "docker", "which image a container runs", "");
        return;
    }
    for (size_t i = 0; i < builds->len; i++) {
        const struct ht_build *build = ht_build_of(builds->rows[i]);

        if (build->name.len && ht_build_has_started_at(build) &&
            ht_facts_image_is(build->name, container->image) &&
            container->created_at > build->started_at) {
            fire_made_here(checking, container, build);
            return;
        }
    }
    if (ht_str_find(container->image, HT_S("@sha256:"), 0) < 0)
        ht_unknown(checking, "docker",
                   "whether an image was built on this node before hulltop watched", "");
}

/* ---- BLD-019 ---- */

static void look_leftover(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_container *container = ht_container_of(row);
    /* What never ran has been left since it was made. */
    bool never_ran = container->state == HT_CONTAINER_STATE_CREATED &&
                     ht_container_has_state(container) && ht_container_has_created_at(container);

    if (ht_subject_runs(row) || container->class != HT_CLASS_BUILD ||
        !ht_container_has_class(container))
        return;
    if (!ht_container_has_finished_at(container) && !never_ran) {
        ht_unknown(checking, "docker", "when a build ended", "");
        return;
    }
    if (ht_bld_age(checking, ht_container_has_finished_at(container)
                                 ? container->finished_at
                                 : container->created_at) < LEFT_NS)
        return;
    ht_fire_evidence(checking, ht_fire(checking, HT_S("")), "container runtime", "known by",
                     container->class_signal);
}

static const struct ht_check checks[] = {
    {.id = "BLD-011",
     .question = 1,
     .scope = HT_TABLE_BUILD,
     .reads = HT_READS(CONTAINER),
     .severity = HT_SEVERITY_MEDIUM,
     .title = "A build holds credentials",
     .condition = "Keys to a registry, a cloud, a cluster or a repository are set in its "
                  "environment or mounted. Beside applications, or with grade E, that is high.",
     .why = "Every package that the build pulls in can read them and send them away.",
     .fix = "Tokens that live as long as the job (OIDC). Let another job, which runs no foreign "
            "code, sign and push.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("ATT&CK T1552.001", "ATT&CK T1528"),
     .other_causes = HT_TEXTS("the step that pushes needs the registry's token"),
     .run = look_credentials},
    {.id = "BLD-013",
     .question = 2,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(BUILD),
     .severity = HT_SEVERITY_HIGH,
     .title = "Runs an image that was built on this node",
     .condition = "A container runs an image whose build hulltop has seen on this node.",
     .why = "No registry scanned, signed or kept this image. Who can build here decides what runs "
            "here.",
     .fix = "Push images to a registry, scan and sign them there, and pull them by digest.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("ATT&CK T1612", "ATT&CK T1525"),
     .other_causes = HT_TEXTS("kind and minikube", "nodes without a network", "Docker Desktop"),
     .run = look_made_here},
    {.id = "BLD-014",
     .question = 1,
     .scope = HT_TABLE_BUILD,
     .reads = HT_READS(CONTAINER),
     .severity = HT_SEVERITY_HIGH,
     .title = "A stranger's change started a build that has power",
     .condition = "A pull request or fork started a build that can take over the node, or that "
                  "holds credentials.",
     .why = "The build runs what the change says before anybody has read it.",
     .fix = "Ask for approval before changes of strangers are built, give those builds no secrets, "
            "and run them in a sandbox.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("ATT&CK T1195.002", "ATT&CK T1059"),
     .other_causes = HT_TEXTS("pull requests of colleagues"),
     .run = look_trigger},
    {.id = "BLD-018",
     .question = 1,
     .scope = HT_TABLE_BUILD,
     .reads = HT_READS(CONTAINER),
     .severity = HT_SEVERITY_MEDIUM,
     .title = "The builder has known holes, or is not maintained",
     .condition = "The builder's image is older than the first version without known holes, or its "
                  "project has ended (builders.yaml).",
     .why = "Known holes of builders let a build write outside of its folder or out of its "
            "container.",
     .fix = "Upgrade the builder, or move to one that is maintained.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("ATT&CK T1611"),
     .other_causes = HT_TEXTS("forks that a vendor maintains"),
     .run = look_version},
    {.id = "BLD-019",
     .question = 1,
     .scope = HT_TABLE_CONTAINER,
     .flags = HT_CHECK_POSTURE,
     .severity = HT_SEVERITY_LOW,
     .title = "Containers of builds that ended long ago are still here",
     .condition = "A container of a build ended more than 7 days ago, or was made then and never "
                  "ran (as Buildah's working containers), and was not removed.",
     .why = "They keep sources, and often credentials, on the node's disk.",
     .fix = "docker container prune --filter until=168h; Buildah: buildah rm.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("CIS Docker 1.6.0 6.1", "CIS Docker 1.6.0 6.2"),
     .other_causes = HT_TEXTS("caches that are meant to stay"),
     .run = look_leftover},
};

const struct ht_check_group ht_checks_bld_supply = {.checks = checks, .count = ARRAY_LEN(checks)};
