/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEC-014, SEC-018, SEC-020, SEC-023, SEC-024: secrets in files of pods, images and logs. */
#include "catalogue-private.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/checking.h"
#include "sec-exposed.h"

static void look_map(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_exposure *exposure = ht_exposure_of(row);
    struct ht_finding *finding;

    if (!ht_exposure_counts(checking, exposure, "configmap"))
        return;
    finding = ht_fire(checking, exposure->name);
    if (exposure->confidence != HT_CONFIDENCE_CERTAIN)
        ht_finding_set_severity(finding, HT_SEVERITY_MEDIUM);
    ht_exposure_show(checking, finding, "the kubelet's folder", exposure);
    ht_fire_evidence(checking, finding, "the kubelet's folder", "file", exposure->place);
    ht_fire_evidencef(checking, finding, "the kubelet's folder", "pods that mount it", "%llu",
                      (unsigned long long)exposure->count);
}

static void look_copy(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_exposure *exposure = ht_exposure_of(row);
    struct ht_finding *finding;

    if (!ht_exposure_counts(checking, exposure, "copy"))
        return;
    finding = ht_fire(checking, exposure->name);
    ht_fire_evidence(checking, finding, "contents", "secret", exposure->name);
    ht_fire_evidence(checking, finding, "contents", "the same bytes lie in", exposure->place);
    if (ht_exposure_has_layer(exposure))
        ht_fire_evidence(checking, finding, "contents", "on the node below", exposure->layer);
}

static void look_token(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_exposure *exposure = ht_exposure_of(row);
    struct ht_finding *finding;
    int64_t left;

    if (!ht_exposure_counts(checking, exposure, "token"))
        return;
    finding = ht_fire(checking, exposure->name);
    ht_fire_evidence(checking, finding, "the token", "account", exposure->name);
    ht_fire_evidence(checking, finding, "the token", "how long", exposure->rule);
    ht_fire_evidence(checking, finding, "the kubelet's folder", "file", exposure->place);
    ht_fire_evidencef(checking, finding, "the kubelet's folder", "pods that have one", "%llu",
                      (unsigned long long)exposure->count);
    if (!ht_exposure_has_expires_at(exposure))
        return;
    left = (exposure->expires_at - ht_checking_now(checking)) / (24 * 3600 * HT_NS_PER_S);
    ht_finding_set_severity(finding, HT_SEVERITY_LOW);
    ht_fire_title(checking, finding, "A token of a service account is good for long");
    ht_fire_evidencef(checking, finding, "the token", "good for", "%lld days",
                      (long long)(left < 0 ? 0 : left));
}

static void look_log(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_exposure *exposure = ht_exposure_of(row);
    struct ht_finding *finding;

    if (!ht_exposure_counts(checking, exposure, "log"))
        return;
    finding = ht_fire(checking, exposure->name);
    ht_exposure_show(checking, finding, "the end of a log", exposure);
    ht_fire_evidence(checking, finding, "the end of a log", "file", exposure->place);
    ht_fire_evidencef(checking, finding, "the end of a log", "times", "%llu",
                      (unsigned long long)exposure->count);
}

static void look_layer(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_exposure *exposure = ht_exposure_of(row);
    struct ht_finding *finding;

    if (!ht_exposure_counts(checking, exposure, "image"))
        return;
    finding = ht_fire(checking, exposure->place);
    ht_fire_evidence(checking, finding, "layer of the image", "file", exposure->place);
    ht_fire_evidence(checking, finding, "layer of the image", "recognised as", exposure->rule);
    if (ht_exposure_has_layer(exposure))
        ht_fire_evidence(checking, finding, "layer of the image", "layer", exposure->layer);
}

static const struct ht_check checks[] = {
    {.id = "SEC-014",
     .question = 5,
     .scope = HT_TABLE_EXPOSURE,
     .severity = HT_SEVERITY_HIGH,
     .title = "A secret is in a ConfigMap",
     .condition = "A ConfigMap that a pod of this node mounts has a value of a well-known shape "
                  "(high), or a secret's name and a value that is no placeholder (medium).",
     .why = "ConfigMaps are read by far more accounts than Secrets, and are seldom encrypted where "
            "they are stored.",
     .fix = "Move it to a Secret or a store of secrets; then change it, since it was readable.",
     .needs = HT_TEXTS("hostconf"),
     .references = HT_TEXTS("Trivy KSV-0109", "Kubescape C-0012", "ATT&CK T1552.001"),
     .other_causes = HT_TEXTS("values made for a test", "keys that are public by design"),
     .run = look_map},
    {.id = "SEC-018",
     .question = 5,
     .scope = HT_TABLE_EXPOSURE,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "A mounted secret was copied to a disk",
     .condition = "With --look-inside: a file of the writable layer or of an emptyDir volume has "
                  "the bytes of a secret that the same container mounts.",
     .why = "The mount is in memory so that nothing stays; the copy stays in backups and images of "
            "the disk.",
     .fix = "Have the program read the mounted file, or write what is made of it into a tmpfs.",
     .needs = HT_TEXTS("hostconf"),
     .references = HT_TEXTS("ATT&CK T1552.001"),
     .other_causes = HT_TEXTS("configuration that is made from templates"),
     .run = look_copy},
    {.id = "SEC-020",
     .question = 5,
     .scope = HT_TABLE_EXPOSURE,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "A token of a service account does not end",
     .condition = "A token that the kubelet gives to a pod of this node has no end (medium), or is "
                  "good for more than two days (low).",
     .why = "Who copies it once is that account until somebody deletes it.",
     .fix = "Use projected tokens, which are renewed each hour; delete the Secret of the old "
            "one. --service-account-extend-token-expiration=false ends those of a year.",
     .needs = HT_TEXTS("hostconf"),
     .references = HT_TEXTS("CIS Kubernetes 1.8 1.2.30", "CIS Kubernetes 1.8 5.1.6",
                            "Kubescape C-0261", "ATT&CK T1528"),
     .other_causes = HT_TEXTS("systems outside of the cluster that cannot renew one"),
     .run = look_token},
    {.id = "SEC-023",
     .question = 5,
     .scope = HT_TABLE_EXPOSURE,
     .severity = HT_SEVERITY_HIGH,
     .title = "A secret is in a container's log",
     .condition = "With --look-inside: in the last 64 KiB of a container's log something has a "
                  "well-known shape.",
     .why = "Logs are collected, copied and kept for long, and are read by many.",
     .fix = "Have the program not log it; change the secret; delete it from where logs are kept.",
     .needs = HT_TEXTS("hostconf"),
     .references = HT_TEXTS("ATT&CK T1552"),
     .other_causes = HT_TEXTS("values made for a test"),
     .run = look_log},
    {.id = "SEC-024",
     .question = 5,
     .scope = HT_TABLE_EXPOSURE,
     .severity = HT_SEVERITY_HIGH,
     .title = "A credential lies in a layer of an image that runs here",
     .condition = "A layer holds a private key, a login or a file of settings with secrets at the "
                  "places where such files are kept, though a later layer may cover it.",
     .why = "Everybody who can pull the image has it, on every registry and node that it was ever "
            "copied to.",
     .fix = "Build again with RUN --mount=type=secret in place of COPY; then change it.",
     .needs = HT_TEXTS("hostconf"),
     .references = HT_TEXTS("CIS Docker 1.6.0 4.10", "ATT&CK T1552.001"),
     .other_causes = HT_TEXTS("keys of examples and tests"),
     .run = look_layer},
};

const struct ht_check_group ht_checks_sec_lying = {.checks = checks, .count = ARRAY_LEN(checks)};
