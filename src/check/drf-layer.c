/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DRF-012, 037: packages changed since the image was built; what keeps added code from running. */
#include "catalogue-private.h"
#include "drf.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { SHOWN = 12 };

/* ---- DRF-012 ---- */

/* " 1.0", or nothing: of a database as a whole there is no version. */
static void add_version(struct ht_buf *text, const char *before, struct ht_str version)
{
    if (!version.len)
        return;
    ht_buf_add_text(text, before);
    ht_buf_add_str(text, version);
}

static void show_change(struct ht_checking *checking, struct ht_finding *finding,
                        const struct ht_package_change *change)
{
    const char *field = ht_enum_name(&ht_package_change_kind_enum, change->change);
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_ARG);

    ht_buf_add_str(&text, change->name);
    add_version(&text, " ", change->now);
    add_version(&text, change->now.len ? ", in the image " : " ", change->image);
    ht_buf_addf(&text, " (%.*s)", HT_STR_ARG(change->manager));
    ht_fire_evidence(checking, finding, "drift", field, ht_buf_str(&text));
}

static void look_packages(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_layer *layer = ht_drf_layer(checking, row);
    struct ht_finding *finding;
    size_t changed;

    if (!layer)
        return;
    if (!ht_layer_has_packages(layer)) {
        ht_blind(checking, "drift", "a container's packages were not compared with its image's",
                 "sudo hulltop on the node; a storage driver with overlay");
        return;
    }
    if (layer->packages.len == 0)
        return;
    changed =
        layer->packages.len + (ht_layer_has_packages_cut(layer) ? (size_t)layer->packages_cut : 0);
    finding = ht_fire(checking, HT_S(""));
    ht_fire_title(checking, finding, "%zu package%s changed since the image was built", changed,
                  changed == 1 ? " was" : "s were");
    for (size_t i = 0; i < layer->packages.len && i < SHOWN; i++)
        show_change(checking, finding, &layer->packages.items[i]);
    if (changed > SHOWN)
        ht_fire_evidencef(checking, finding, "drift", "and more", "%zu", changed - SHOWN);
    ht_drf_soften_build(finding);
}

/* ---- DRF-037 ---- */

static void look_prevention(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_layer *layer = ht_drf_layer(checking, row);
    struct ht_finding *finding;

    if (!layer)
        return;
    if (!ht_layer_has_writable_exec(layer)) {
        ht_unknown(checking, "drift", "what a container can write to and run from is not known",
                   "sudo hulltop");
        return;
    }
    if (layer->writable_exec.len == 0)
        return;
    finding = ht_fire(checking, HT_S(""));
    for (size_t i = 0; i < layer->writable_exec.len && i < SHOWN; i++)
        ht_fire_evidence(checking, finding, "/proc/PID/mountinfo", "can be written to and run from",
                         layer->writable_exec.items[i]);
}

static const struct ht_check checks[] = {
    {.id = "DRF-012",
     .question = 2,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(LAYER),
     .flags = HT_CHECK_DECIDES | HT_CHECK_CORE,
     .severity = HT_SEVERITY_HIGH,
     .title = "Packages were changed since the image was built",
     .condition = "The writable layer lists other packages or versions than the image: in the "
                  "database of dpkg or apk, or what pip, npm and gem installed; of rpm, that its "
                  "database changed; of all, that the image's database was taken away. For "
                  "information in a build.",
     .why = "What was installed at run time was never scanned with the image, differs from one "
            "replica to the next, and is gone after a restart.",
     .fix = "Install in the build, and deploy the new image.",
     .needs = HT_TEXTS("drift"),
     .references = HT_TEXTS("ATT&CK T1072"),
     .other_causes = HT_TEXTS("images that install what they need when they start", "builds"),
     .run = look_packages},
    {.id = "DRF-037",
     .question = 6,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(LAYER),
     .flags = HT_CHECK_POSTURE,
     .severity = HT_SEVERITY_INFO,
     .title = "Could run code that was added",
     .condition = "A mount of the container, its root among them, can be written to and run from.",
     .why = "Drift is only found there, not prevented.",
     .fix = "readOnlyRootFilesystem (--read-only), and noexec on what must be written to.",
     .needs = HT_TEXTS("drift"),
     .references = HT_TEXTS("NSA/CISA 1.2 pod security"),
     .run = look_prevention},
};

const struct ht_check_group ht_checks_drf_layer = {.checks = checks, .count = ARRAY_LEN(checks)};
