/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DRF-001, 002, 003, 004, 009, 010: programs that are not as the image has them. */
#include "catalogue-private.h"
#include "drf.h"
#include "hulltop/base/mem.h"

/* ---- DRF-001 ---- */

static bool runs_in(const struct ht_code *code, const struct ht_row *container)
{
    return ht_code_has_container(code) && ht_str_equal(code->container, ht_row_id(container));
}

static void fire_added(struct ht_checking *checking, const struct ht_code *code)
{
    struct ht_finding *finding = ht_drf_fire(checking, code);

    ht_fire_title(checking, finding, "%.*s %s and is not in the image", HT_STR_ARG(code->path),
                  ht_drf_runs(code));
    ht_drf_soften_build(finding);
}

/* Asked of containers, so that one of which nothing could be read is missing in the answer. */
static void look_added(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_rowset *codes = ht_node_set(ht_checking_node(checking), HT_TABLE_CODE);
    const struct ht_layer *layer;

    for (size_t i = 0; i < codes->len; i++) {
        const struct ht_code *code = ht_code_of(codes->rows[i]);

        if (!runs_in(code, row) || !ht_code_has_kind(code) || code->kind != HT_CODE_KIND_EXECUTABLE)
            continue;
        if (!ht_code_has_origin(code) || code->origin == HT_CODE_ORIGIN_BLIND)
            ht_unknown(checking, "drift", "where a program of a container comes from is not known",
                       "sudo hulltop on the node");
        else if (code->origin == HT_CODE_ORIGIN_ADDED)
            fire_added(checking, code);
    }
    layer = ht_drf_layer(checking, row);
    if (!layer)
        return;
    if (ht_layer_has_blind(layer))
        ht_blind(checking, "drift", "a container's layers cannot be compared",
                 "sudo hulltop on the node; a storage driver with overlay");
    else if (!ht_layer_has_unread(layer) || layer->unread)
        ht_unknown(checking, "drift", "some processes of a container could not be read",
                   "sudo hulltop");
}

/* ---- DRF-002 ---- */

static void look_modified(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_code *code = ht_drf_open(checking, row, HT_CODE_KIND_EXECUTABLE);
    struct ht_finding *finding;

    if (!code || code->origin != HT_CODE_ORIGIN_MODIFIED)
        return;
    finding = ht_drf_fire(checking, code);
    ht_fire_title(checking, finding, "%.*s %s with other content than in the image",
                  HT_STR_ARG(code->path), ht_drf_runs(code));
    /* Without the image's bytes beside it nobody can say that they differ. */
    if (!ht_code_has_image_sha256(code))
        ht_finding_set_confidence(finding, HT_CONFIDENCE_LIKELY);
    ht_drf_soften_build(finding);
}

/* ---- DRF-003 ---- */

static void look_replaced(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_code *code = ht_drf_open(checking, row, HT_CODE_KIND_EXECUTABLE);
    struct ht_finding *finding;

    if (!code ||
        (code->origin != HT_CODE_ORIGIN_REPLACED && code->origin != HT_CODE_ORIGIN_RENAMED))
        return;
    finding = ht_drf_fire(checking, code);
    if (code->origin == HT_CODE_ORIGIN_RENAMED) {
        ht_fire_title(checking, finding, "A file of the image %s as %.*s", ht_drf_runs(code),
                      HT_STR_ARG(code->path));
        ht_drf_weigh(finding, HT_SEVERITY_MEDIUM);
    } else {
        ht_fire_title(checking, finding, "%.*s %s in the place of the image's file",
                      HT_STR_ARG(code->path), ht_drf_runs(code));
    }
    ht_drf_soften_build(finding);
}

/* ---- DRF-004 ---- */

static void look_metadata(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_code *code = ht_drf_open(checking, row, HT_CODE_KIND_EXECUTABLE);

    if (!code || code->origin != HT_CODE_ORIGIN_METADATA)
        return;
    ht_fire_title(checking, ht_drf_fire(checking, code),
                  "Only owner, mode or times of %.*s were changed", HT_STR_ARG(code->path));
}

/* ---- DRF-009 ---- */

static bool is_fileless(const struct ht_code *code)
{
    if (code->origin == HT_CODE_ORIGIN_MEMFD || ht_str_has_prefix(code->path, "/dev/shm/"))
        return true;
    return code->origin == HT_CODE_ORIGIN_DELETED && ht_code_has_mount(code) &&
           ht_str_is(code->mount, "tmpfs");
}

static void look_fileless(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_code *code = ht_drf_open(checking, row, HT_CODE_KIND_EXECUTABLE);
    struct ht_finding *finding;

    if (!code || !is_fileless(code))
        return;
    finding = ht_drf_fire(checking, code);
    if (code->origin == HT_CODE_ORIGIN_MEMFD)
        ht_fire_title(checking, finding, "A program without a file %s (%.*s)", ht_drf_runs(code),
                      HT_STR_ARG(code->path));
    else
        ht_fire_title(checking, finding, "%.*s %s from memory", HT_STR_ARG(code->path),
                      ht_drf_runs(code));
    /* What compilers keep in memory is mapped, never run as a program. */
    if (ht_code_has_injector(code) && code->origin != HT_CODE_ORIGIN_MEMFD)
        ht_drf_weigh(finding, HT_SEVERITY_INFO);
    ht_drf_soften_build(finding);
}

/* ---- DRF-010 ---- */

static void look_deleted(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_code *code = ht_drf_open(checking, row, HT_CODE_KIND_EXECUTABLE);
    struct ht_finding *finding;

    if (!code || code->origin != HT_CODE_ORIGIN_DELETED || is_fileless(code))
        return;
    finding = ht_drf_fire(checking, code);
    ht_fire_title(checking, finding, "%.*s was deleted and still %s", HT_STR_ARG(code->path),
                  ht_drf_runs(code));
    ht_drf_soften_build(finding);
}

static const struct ht_check checks[] = {
    {.id = "DRF-001",
     .question = 6,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(CODE) | HT_READS(LAYER),
     .flags = HT_CHECK_DECIDES | HT_CHECK_CORE,
     .severity = HT_SEVERITY_CRITICAL,
     .title = "Runs a program that is not in the image",
     .condition = "A process of the container runs a file of its writable layer, and the image has "
                  "none at that path; for information in a build.",
     .why = "Nobody reviewed or scanned that program: it came after the image was built. This is "
            "what an intruder's tools look like.",
     .fix = HT_DRF_RESPONSE,
     .needs = HT_TEXTS("drift"),
     .references = HT_TEXTS("ATT&CK T1105", "ATT&CK T1036", "ATT&CK T1059"),
     .other_causes = HT_TEXTS("builds and CI jobs", "programs that update themselves",
                              "language version managers", "kubectl cp by whoever is on call",
                              "entry points that fetch plugins"),
     .run = look_added},
    {.id = "DRF-002",
     .question = 6,
     .scope = HT_TABLE_CODE,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_CRITICAL,
     .title = "Runs a program of the image that was modified",
     .condition = "The writable layer has a copy of the image's file with other content, and it "
                  "runs.",
     .why = "A program that everybody trusts does something else now.",
     .fix = HT_DRF_RESPONSE,
     .needs = HT_TEXTS("drift"),
     .references = HT_TEXTS("ATT&CK T1554", "ATT&CK T1574"),
     .other_causes = HT_TEXTS("entry points that patch programs", "activators of licences"),
     .run = look_modified},
    {.id = "DRF-003",
     .question = 6,
     .scope = HT_TABLE_CODE,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "Runs a program that took the place of one of the image",
     .condition = "The image's file was deleted and a new one was written at its path; medium for "
                  "a file of the image that runs under another path.",
     .why = "Whoever calls the program by its path gets another one.",
     .fix = "Find out which process wrote it (times, package runs), save the evidence, and deploy "
            "the container again from the image.",
     .needs = HT_TEXTS("drift"),
     .references = HT_TEXTS("ATT&CK T1554", "ATT&CK T1036.005"),
     .other_causes = HT_TEXTS("packages updated in the running container"),
     .run = look_replaced},
    {.id = "DRF-004",
     .question = 6,
     .scope = HT_TABLE_CODE,
     .severity = HT_SEVERITY_INFO,
     .title = "Only owner, mode or times of a program were changed",
     .condition = "The writable layer has a copy of the image's file with the same content.",
     .why = "Nothing else than the image's code runs. It is here so that it is no surprise.",
     .fix = "Set owner and mode when the image is built.",
     .needs = HT_TEXTS("drift"),
     .references = HT_TEXTS("ATT&CK T1222.002"),
     .other_causes = HT_TEXTS("chown or chmod by an entry point",
                              "owners shifted for user namespaces", "setcap at the start"),
     .run = look_metadata},
    {.id = "DRF-009",
     .question = 6,
     .scope = HT_TABLE_CODE,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_CRITICAL,
     .title = "Runs a program that has no file",
     .condition = "The executable of a process is a memfd, lies in /dev/shm, or lay on a tmpfs and "
                  "was deleted; processes of the node are judged too.",
     .why = "Code in memory alone leaves nothing to be found later: intruders start it that way.",
     .fix = HT_DRF_RESPONSE,
     .needs = HT_TEXTS("drift"),
     .references = HT_TEXTS("ATT&CK T1620", "ATT&CK T1055"),
     .other_causes = HT_TEXTS("a runtime that copies itself into memory for a moment",
                              "systemd's executor", "programs that update themselves in memory"),
     .run = look_fileless},
    {.id = "DRF-010",
     .question = 6,
     .scope = HT_TABLE_CODE,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "Runs a program that was deleted",
     .condition = "The executable of a process has no name any more and no layer of the image has "
                  "such a file; processes of the node are judged too, unless a new file has its "
                  "place.",
     .why = "Deleting what one has just started is how traces are removed.",
     .fix = "Save the evidence first: the program can still be read through /proc/PID/exe. Then "
            "deploy the container again from the image.",
     .needs = HT_TEXTS("drift"),
     .references = HT_TEXTS("ATT&CK T1070.004"),
     .other_causes =
         HT_TEXTS("packages updated in the running container", "programs that update themselves"),
     .run = look_deleted},
};

const struct ht_check_group ht_checks_drf_origin = {.checks = checks, .count = ARRAY_LEN(checks)};
