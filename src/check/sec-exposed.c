/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEC-013, SEC-015, SEC-016, SEC-019, SEC-033, SEC-035: secrets that lie where more than their user
 * can read them. */
#include "catalogue-private.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/checking.h"
#include "sec-exposed.h"

enum { OTHERS = 0077, WORLD = 0007, FIRST_USER = 1000 };

void ht_exposure_show(struct ht_checking *checking, struct ht_finding *finding, const char *source,
                      const struct ht_exposure *exposure)
{
    ht_finding_set_confidence(finding, exposure->confidence);
    ht_fire_evidence(checking, finding, source, "name",
                     exposure->name.len ? exposure->name : HT_S("(no name)"));
    if (ht_exposure_has_length(exposure))
        ht_fire_evidencef(checking, finding, source, "recognised by", "%.*s, %.*s",
                          HT_STR_ARG(exposure->rule), HT_STR_ARG(exposure->length));
    else
        ht_fire_evidence(checking, finding, source, "recognised by", exposure->rule);
    if (ht_exposure_has_secret(exposure))
        ht_fire_evidence(checking, finding, "hulltop", "the same secret has the same mark",
                         exposure->secret);
}

bool ht_exposure_counts(struct ht_checking *checking, const struct ht_exposure *exposure,
                        const char *where)
{
    if (!ht_exposure_has_where(exposure) || !ht_exposure_has_confidence(exposure)) {
        ht_unknown(checking, "hostconf", "where this secret lies is not known", "sudo hulltop");
        return false;
    }
    return ht_str_is(exposure->where, where) && exposure->confidence != HT_CONFIDENCE_HINT;
}

static void look_declared(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_container *container = ht_container_of(row);

    if (ht_container_has_state(container) && container->state == HT_CONTAINER_STATE_UNMANAGED)
        return; /* nobody declared it; its processes are looked at */
    if (!ht_container_has_secrets(container)) {
        ht_unknown(checking, "docker", "environment and command line of a container",
                   "let hulltop ask the container engine");
        return;
    }
    for (size_t i = 0; i < container->secrets.len; i++) {
        const struct ht_declared_secret *secret = &container->secrets.items[i];
        struct ht_finding *finding = ht_fire(checking, secret->name);

        if (secret->confidence != HT_CONFIDENCE_CERTAIN)
            ht_finding_set_severity(finding, HT_SEVERITY_MEDIUM);
        ht_finding_set_confidence(finding, secret->confidence);
        ht_fire_title(checking, finding, "A secret is in its declaration (%.*s)",
                      HT_STR_ARG(secret->where));
        ht_fire_evidence(checking, finding, "declaration", "name", secret->name);
        ht_fire_evidencef(checking, finding, "declaration", "recognised by", "%.*s, %.*s",
                          HT_STR_ARG(secret->rule), HT_STR_ARG(secret->length));
    }
}

static bool is_declared(const struct ht_container *container, struct ht_str name)
{
    for (size_t i = 0; i < container->secrets.len; i++) {
        if (ht_str_equal(container->secrets.items[i].name, name))
            return true;
    }
    return false;
}

static void look_image(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_container *container = ht_container_of(row);

    if (ht_container_has_state(container) && container->state == HT_CONTAINER_STATE_UNMANAGED)
        return; /* its image is not known to anybody */
    if (!ht_container_has_image_secrets(container)) {
        ht_unknown(checking, "docker", "how the image of a container was made",
                   "let hulltop ask the container engine");
        return;
    }
    for (size_t i = 0; i < container->image_secrets.len; i++) {
        const struct ht_declared_secret *secret = &container->image_secrets.items[i];

        /* The declaration has taken it over, and SEC-013 tells of it. */
        if (secret->name.len && is_declared(container, secret->name))
            continue;

        struct ht_finding *finding = ht_fire(checking, secret->name);
        if (secret->confidence == HT_CONFIDENCE_CERTAIN)
            ht_finding_set_severity(finding, HT_SEVERITY_HIGH);
        ht_finding_set_confidence(finding, secret->confidence);
        ht_fire_evidence(checking, finding, "image history", "name",
                         secret->name.len ? secret->name : HT_S("(no name)"));
        ht_fire_evidencef(checking, finding, "image history", "recognised by", "%.*s, %.*s",
                          HT_STR_ARG(secret->rule), HT_STR_ARG(secret->length));
    }
}

static void look_environment(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_exposure *exposure = ht_exposure_of(row);

    if (ht_exposure_counts(checking, exposure, "environment"))
        ht_exposure_show(checking, ht_fire(checking, exposure->name), "/proc/PID/environ",
                         exposure);
}

static void look_argument(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_exposure *exposure = ht_exposure_of(row);

    if (ht_exposure_counts(checking, exposure, "argument"))
        ht_exposure_show(checking, ht_fire(checking, exposure->name), "/proc/PID/cmdline",
                         exposure);
}

static void look_file(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_exposure *exposure = ht_exposure_of(row);

    if (!ht_exposure_counts(checking, exposure, "file"))
        return;
    if (!ht_exposure_has_mode(exposure)) {
        ht_unknown(checking, "hostconf", "mode of a credential file", "sudo hulltop");
        return;
    }
    bool is_foreign = ht_exposure_has_uid(exposure) && exposure->uid >= FIRST_USER &&
                      !ht_str_has_prefix(exposure->place, "/home/");
    if (!(exposure->mode & OTHERS) && !is_foreign)
        return;

    struct ht_finding *finding = ht_fire(checking, HT_S(""));
    if (is_foreign)
        ht_fire_title(checking, finding,
                      "A credential file of the node belongs to an ordinary user");
    else if (!(exposure->mode & WORLD))
        ht_finding_set_severity(finding, HT_SEVERITY_MEDIUM);
    ht_fire_evidencef(checking, finding, "stat", "mode", "%04llo",
                      (unsigned long long)exposure->mode);
    ht_fire_evidencef(checking, finding, "stat", "owner", "uid %llu, gid %llu",
                      (unsigned long long)exposure->uid, (unsigned long long)exposure->gid);
    ht_fire_evidence(checking, finding, "content", "recognised by", exposure->rule);
}

static void look_unverified(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_exposure *exposure = ht_exposure_of(row);

    if (!ht_exposure_counts(checking, exposure, "unverified"))
        return;

    struct ht_finding *finding = ht_fire(checking, exposure->name);
    if (ht_str_has_prefix(exposure->name, "127.") || ht_str_has_prefix(exposure->name, "localhost"))
        ht_finding_set_severity(finding, HT_SEVERITY_LOW);
    ht_fire_evidence(checking, finding, "configuration", "name", exposure->name);
    ht_fire_evidence(checking, finding, "configuration", "rule", exposure->rule);
}

static const struct ht_check checks[] = {
    {.id = "SEC-013",
     .question = 5,
     .scope = HT_TABLE_CONTAINER,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "A secret is in a container's declaration",
     .condition = "A variable, argument or label has a well-known shape (high), or a secret's name "
                  "and a value that is no placeholder (medium).",
     .why = "Whoever may ask the container engine reads it, and so does every child, dump and log.",
     .fix = "Give it as a file (a secret of Compose, Swarm or Kubernetes) or fetch it at start; "
            "then change it.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("CIS Docker 1.6.0 4.10", "ATT&CK T1552.001"),
     .other_causes = HT_TEXTS("values made for a test"),
     .run = look_declared},
    {.id = "SEC-035",
     .question = 5,
     .scope = HT_TABLE_CONTAINER,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "A secret is in the history of a container's image",
     .condition = "A command, ARG or ENV of a layer has a well-known shape (high), or a secret's "
                  "name and a value that is no placeholder (medium).",
     .why = "Everybody who can pull the image reads it (docker history), on every registry and "
            "node that it was ever copied to; a later layer takes nothing away.",
     .fix = "Build again with RUN --mount=type=secret in place of ARG and ENV; then change it.",
     .needs = HT_TEXTS("docker"),
     .references = HT_TEXTS("CIS Docker 1.6.0 4.10", "ATT&CK T1552.001"),
     .other_causes = HT_TEXTS("values made for a test"),
     .run = look_image},
    {.id = "SEC-015",
     .question = 5,
     .scope = HT_TABLE_EXPOSURE,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "A secret is in the environment of a running process",
     .condition = "A variable has a well-known shape, or a secret's name and a value that is no "
                  "placeholder.",
     .why = "An environment is seen in inspect, in /proc, in crash reports and by every child.",
     .fix = "Mount it as a file, or fetch it at start; then change it, since it was readable.",
     .needs = HT_TEXTS("hostconf"),
     .references = HT_TEXTS("CIS Docker 1.6.0 4.10", "ATT&CK T1552"),
     .other_causes = HT_TEXTS("values made for a test"),
     .run = look_environment},
    {.id = "SEC-016",
     .question = 5,
     .scope = HT_TABLE_EXPOSURE,
     .severity = HT_SEVERITY_HIGH,
     .title = "A secret is on a command line",
     .condition = "An argument has a well-known shape, or is the value of a secret's option.",
     .why = "Every user of the node reads command lines.",
     .fix = "Pass a file or standard input; then change the secret. /proc with hidepid=2 hides "
            "command lines of others.",
     .needs = HT_TEXTS("hostconf"),
     .references = HT_TEXTS("ATT&CK T1552"),
     .other_causes = HT_TEXTS("values made for a test"),
     .run = look_argument},
    {.id = "SEC-019",
     .question = 5,
     .scope = HT_TABLE_EXPOSURE,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_HIGH,
     .title = "A credential file can be read by others",
     .condition = "A kubeconfig, private key or registry login has a mode wider than 0600, or lies "
                  "outside of the homes and belongs to an ordinary user.",
     .why = "Who reads it acts as its owner.",
     .fix = "chmod 0600 on the file; take admin files off worker nodes; then change what it holds.",
     .needs = HT_TEXTS("hostconf"),
     .references = HT_TEXTS("CIS Kubernetes 1.8 1.1.13", "CIS Kubernetes 1.8 1.1.21",
                            "CIS Kubernetes 1.8 4.1.5", "ATT&CK T1552.001", "ATT&CK T1078"),
     .run = look_file},
    {.id = "SEC-033",
     .question = 5,
     .scope = HT_TABLE_EXPOSURE,
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_MEDIUM,
     .title = "A client does not check whom it speaks to",
     .condition = "A kubeconfig skips verification or names an http:// server, or a registry is "
                  "declared insecure.",
     .why = "Whoever stands in between reads the credentials, or hands over another image.",
     .fix = "Give it the CA that the server's certificate is from, and take the switch out.",
     .needs = HT_TEXTS("hostconf"),
     .references = HT_TEXTS("CIS Docker 1.6.0 2.5", "ATT&CK T1557"),
     .other_causes = HT_TEXTS("a registry on the loopback address"),
     .run = look_unverified},
};

const struct ht_check_group ht_checks_sec_exposed = {.checks = checks, .count = ARRAY_LEN(checks)};
