/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DRF-013, 024, 025, 033: what was written into containers, whether it runs or not. */
#include "catalogue-private.h"
#include "drf.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

enum { SHOWN = 12 };

/* Growth that is told: so much since it was counted first, and at that rate. */
#define GROWN_BYTES    (UINT64_C(256) * 1024 * 1024)
#define BYTES_PER_HOUR (UINT64_C(512) * 1024 * 1024)
#define MUCH_PER_HOUR  (UINT64_C(4) * 1024 * 1024 * 1024)
#define HOUR_NS        (INT64_C(3600) * HT_NS_PER_S)

/* ---- DRF-013 ---- */

static void look_fetched(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_code *code = ht_code_of(row);
    bool script = ht_code_has_kind(code) && code->kind == HT_CODE_KIND_SCRIPT;
    const struct ht_facts *facts = ht_checking_facts(checking);

    code = ht_drf_open(checking, row, script ? HT_CODE_KIND_SCRIPT : HT_CODE_KIND_EXECUTABLE);
    if (!code || !ht_drf_is_foreign(code->origin))
        return;
    if (!ht_code_has_before(code)) {
        ht_unknown(checking, "drift",
                   "what was started before code was written is not known: it was not watched then",
                   "leave hulltop running, or record");
        return;
    }
    for (size_t i = 0; i < code->before.len; i++) {
        const struct ht_program_start *start = &code->before.items[i];
        struct ht_finding *finding;
        char time[HT_TIME_TEXT_MAX];

        if (!ht_facts_program_is(facts, HT_FACT_PROGRAMS_DOWNLOAD, start->program))
            continue;
        finding = ht_drf_fire(checking, code);
        ht_fire_title(checking, finding, "%.*s %s, written after %.*s was started",
                      HT_STR_ARG(code->path), ht_drf_runs(code), HT_STR_ARG(start->program));
        ht_fire_evidence(checking, finding, "drift", "download", start->command);
        ht_fire_evidence(checking, finding, "drift", "download started",
                         ht_str_from(ht_time_format_utc(start->at, 1, time)));
        ht_finding_set_confidence(finding, HT_CONFIDENCE_LIKELY);
        ht_drf_soften_build(finding);
        ht_drf_soften_init(finding);
        return;
    }
}

/* ---- DRF-024, 025 ---- */

static void show_list(struct ht_checking *checking, struct ht_finding *finding,
                      struct ht_text_list list)
{
    for (size_t i = 0; i < list.len && i < SHOWN; i++)
        ht_fire_evidence(checking, finding, "writable layer", "file", list.items[i]);
    if (list.len > SHOWN)
        ht_fire_evidencef(checking, finding, "writable layer", "and more", "%zu", list.len - SHOWN);
}

static const struct ht_layer *walked_layer(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_layer *layer = ht_drf_layer(checking, row);

    if (!layer)
        return NULL;
    if (!ht_layer_has_set_id(layer) || !ht_layer_has_persistence(layer)) {
        ht_unknown(checking, "drift", "a container's writable directory was not looked through",
                   "sudo hulltop on the node; a storage driver with overlay");
        return NULL;
    }
    if (ht_layer_has_counted_all(layer) && !layer->counted_all)
        ht_note(checking, "drift",
                "a container's writable directory was not looked through to its end",
                "it has too many files");
    return layer;
}

static void look_rights(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_layer *layer = walked_layer(checking, row);
    struct ht_finding *finding;

    if (!layer || layer->set_id.len == 0)
        return;
    finding = ht_fire(checking, HT_S(""));
    ht_fire_title(checking, finding, "%zu file%s with rights of another user came after the image",
                  layer->set_id.len, layer->set_id.len == 1 ? "" : "s");
    show_list(checking, finding, layer->set_id);
    ht_drf_soften_build(finding);
}

static void look_persistence(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_layer *layer = walked_layer(checking, row);
    struct ht_finding *finding;

    if (!layer || layer->persistence.len == 0)
        return;
    finding = ht_fire(checking, HT_S(""));
    ht_fire_title(
        checking, finding,
        layer->persistence.len == 1
            ? "%zu file that starts programs or lets people in was written after the image"
            : "%zu files that start programs or let people in were written after the image",
        layer->persistence.len);
    show_list(checking, finding, layer->persistence);
    ht_drf_soften_build(finding);
}

/* ---- DRF-033 ---- */

static void look_growth(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_layer *layer = ht_drf_layer(checking, row);
    struct ht_finding *finding;
    uint64_t grown;
    int64_t passed;
    double rate;

    if (!layer)
        return;
    if (!ht_layer_has_bytes(layer) || !ht_layer_has_bytes_first(layer) ||
        !ht_layer_has_counted_since(layer)) {
        ht_unknown(checking, "drift", "how much was written into a container is not known",
                   "sudo hulltop on the node; a storage driver with overlay");
        return;
    }
    grown = layer->bytes > layer->bytes_first ? layer->bytes - layer->bytes_first : 0;
    passed = ht_checking_now(checking) - layer->counted_since;
    if (grown < GROWN_BYTES || passed <= 0)
        return;
    rate = (double)grown * (double)HOUR_NS / (double)passed;
    if (rate < (double)BYTES_PER_HOUR)
        return;
    finding = ht_fire(checking, HT_S(""));
    ht_fire_title(checking, finding, "Its writable layer grows by %.1f GB an hour",
                  rate / (1024.0 * 1024 * 1024));
    ht_fire_evidencef(checking, finding, "writable layer", "grown by", "%llu bytes",
                      (unsigned long long)grown);
    for (size_t i = 0; i < layer->largest.len; i++)
        ht_fire_evidence(checking, finding, "writable layer", "holds most",
                         layer->largest.items[i]);
    if (rate >= (double)MUCH_PER_HOUR)
        ht_drf_weigh(finding, HT_SEVERITY_MEDIUM);
    ht_drf_soften_build(finding);
}

static const struct ht_check checks[] = {
    {.id = "DRF-013",
     .question = 2,
     .scope = HT_TABLE_CODE,
     .severity = HT_SEVERITY_HIGH,
     .title = "Runs what was downloaded",
     .condition = "A program or script that is not the image's runs, and within a minute before "
                  "its file was made a download tool (curl, wget, nc ...) was started in the "
                  "container; medium in an init container, for information in a build.",
     .why = "Code that comes over the network at run time was never reviewed, and may be another "
            "one tomorrow.",
     .fix = "Fetch it when the image is built, with a checksum.",
     .needs = HT_TEXTS("drift"),
     .references = HT_TEXTS("ATT&CK T1105"),
     .other_causes = HT_TEXTS("CI jobs", "init containers that fetch plugins"),
     .run = look_fetched},
    {.id = "DRF-024",
     .question = 6,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(LAYER),
     .severity = HT_SEVERITY_HIGH,
     .title = "Files with rights of another user came after the image",
     .condition = "The writable layer has a file with set-id bits or file capabilities that the "
                  "image's file at that path does not have; for information in a build.",
     .why = "Such a file makes its caller another user, most often root: a way back in that "
            "outlives the intruder's session.",
     .fix = "Set such bits when the image is built, and run with no-new-privileges.",
     .needs = HT_TEXTS("drift"),
     .references = HT_TEXTS("ATT&CK T1548.001", "CIS Docker 4.8"),
     .other_causes = HT_TEXTS("setcap in an entry point", "packages installed at run time"),
     .run = look_rights},
    {.id = "DRF-025",
     .question = 6,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(LAYER),
     .severity = HT_SEVERITY_HIGH,
     .title = "Files that start programs or let people in came after the image",
     .condition = "The writable layer has a new or changed file of cron, systemd, init, shell "
                  "profiles, PAM, sudo, ld.so or SSH keys; for information in a build.",
     .why = "This is how somebody who was inside once comes back.",
     .fix = "Look at the files, take them away, change the keys that were exposed, and deploy the "
            "container again from the image.",
     .needs = HT_TEXTS("drift"),
     .references =
         HT_TEXTS("ATT&CK T1053.003", "ATT&CK T1543", "ATT&CK T1098.004", "ATT&CK T1546.004"),
     .other_causes = HT_TEXTS("keys that an entry point puts there at the first start",
                              "images of cron that write their tables"),
     .run = look_persistence},
    {.id = "DRF-033",
     .question = 6,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(LAYER),
     .severity = HT_SEVERITY_LOW,
     .title = "Its writable layer grows fast",
     .condition = "It grew by more than 256 MB, at more than 512 MB an hour, since it was counted "
                  "first; medium from 4 GB an hour on.",
     .why = "It fills the node's disk; collected loot and encrypted copies grow like that too.",
     .fix = "Write data to a volume, logs to standard output, and set a limit of size.",
     .needs = HT_TEXTS("drift"),
     .references = HT_TEXTS("ATT&CK T1486", "ATT&CK T1105"),
     .other_causes = HT_TEXTS("logs and caches in the container"),
     .run = look_growth},
};

const struct ht_check_group ht_checks_drf_upper = {.checks = checks, .count = ARRAY_LEN(checks)};
