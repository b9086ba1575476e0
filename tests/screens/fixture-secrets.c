/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A control plane with secrets in the open; one who named a file wants to write on the screen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fixture.h"
#include "hulltop/base/mem.h"
#include "hulltop/model/document.h"

static const char node_text[] =
    "{\"schema\":\"hulltop-node/1\",\"taken_at\":\"2026-11-23T14:02:31Z\","
    "\"host\":[{\"id\":\"node-17\",\"name\":\"node-17\",\"cluster\":\"prod-eu\",\"user\":\"root\","
    "\"uid\":0}],"
    "\"sources\":[{\"id\":\"datastore\",\"name\":\"datastore\",\"state\":\"OK\","
    "\"detail\":\"1 datastore\",\"answered_at\":\"2026-11-23T14:02:20Z\"},"
    "{\"id\":\"hostconf\",\"name\":\"hostconf\",\"state\":\"PART\","
    "\"detail\":\"a Kubernetes API server runs here; 1 file could not be read\","
    "\"answered_at\":\"2026-11-23T14:02:25Z\"}],"
    "\"datastores\":[{\"id\":\"/var/lib/etcd/member/snap/db\",\"kind\":\"etcd\",\"exact\":true,"
    "\"path\":\"/var/lib/etcd/member/snap/db\","
    "\"verdict\":\"1204 secrets: 1201 encrypted (aescbc key1), 3 plaintext | old revisions 311 "
    "plain "
    "-> compaction | free pages 212 -> defragment | member 1 of 3\"}],"
    "\"apiservers\":[{\"id\":\"kube-apiserver\",\"found\":\"process\",\"flavour\":\"kubeadm\","
    "\"pid\":2041,\"encryption_config\":\"/etc/kubernetes/enc/enc.yaml\",\"reload\":false,"
    "\"etcd_tls\":true,\"differs\":[\"--encryption-provider-config\"],"
    "\"grade\":\"plaintext\",\"agreement\":\"differ\",\"writes\":\"aescbc key1\","
    "\"counted\":\"12 encrypted since the start\",\"proofs\":["
    "{\"resource\":\"secrets\",\"bytes\":\"1201 aescbc key1, 3 plaintext\","
    "\"configured\":\"aescbc key1, then identity\",\"counted\":\"12 encrypted since the start\","
    "\"grade\":\"plaintext\",\"agreement\":\"differ\","
    "\"reason\":\"3 of 1204 were written before encryption was set up: write them again\"},"
    "{\"resource\":\"configmaps\",\"configured\":\"not encrypted\",\"grade\":\"plaintext\","
    "\"agreement\":\"alone\"}]}],"
    "\"listeners\":[{\"id\":\"a\",\"kind\":\"etcd-client\",\"url\":\"http://0.0.0.0:2379\","
    "\"reach\":\"all\",\"tls\":false,\"client_auth\":false,\"program\":\"etcd\",\"pid\":1988,"
    "\"told_by\":\"--listen-client-urls\",\"running\":true,\"listening\":true},"
    "{\"id\":\"b\",\"kind\":\"kubelet\",\"url\":\"https://0.0.0.0:10250\",\"reach\":\"all\","
    "\"tls\":true,\"client_auth\":true,\"anonymous\":false,\"program\":\"kubelet\",\"pid\":801,"
    "\"running\":true,\"listening\":true},"
    "{\"id\":\"c\",\"kind\":\"docker\",\"url\":\"tcp://127.0.0.1:2376\",\"reach\":\"loopback\","
    "\"tls\":true,\"client_auth\":false,\"program\":\"dockerd\",\"pid\":655,\"running\":true}],"
    "\"exposures\":[{\"id\":\"1\",\"where\":\"environment\",\"place\":\"java\","
    "\"name\":\"DB_PASSWORD\",\"rule\":\"named\",\"confidence\":\"likely\",\"secret\":\"a1b2c3d4\","
    "\"length\":\"medium\",\"pid\":4711,\"count\":3},"
    "{\"id\":\"2\",\"where\":\"argument\",\"place\":\"curl\",\"name\":\"-u\",\"rule\":\"option\","
    "\"confidence\":\"likely\",\"length\":\"short\",\"pid\":4712,\"count\":1},"
    "{\"id\":\"3\",\"where\":\"file\","
    "\"place\":\"/etc/kubernetes/\\u001b[2J\\u001b[31mCLEAN\\u001b[0m\\u202egpj.\\u0000/"
    "admin.conf\","
    "\"rule\":\"kubeconfig\",\"confidence\":\"certain\",\"mode\":420,\"uid\":0,\"gid\":0},"
    "{\"id\":\"4\",\"where\":\"unverified\",\"place\":\"/etc/docker/daemon.json\","
    "\"name\":\"r\\r\\n  PASS  nothing found\",\"rule\":\"insecure-registries\","
    "\"confidence\":\"certain\"}]}";

/* What is found, the worst first. */
static const struct sketch {
    const char *id, *check, *title, *name, *field, *value;
    enum ht_severity severity;
    bool is_allowed;
} sketches[] = {
    {"bb00000000000001", "SEC-001", "3 of 1204 secrets are stored in plaintext",
     "/var/lib/etcd/member/snap/db", "plaintext", "shop/db-login, shop/smtp, ci/deploy",
     HT_SEVERITY_CRITICAL, false},
    {"bb00000000000002", "SEC-019", "A credential file can be read by others",
     "/etc/kubernetes/\x1b[2J\x1b[31mCLEAN\x1b[0m\xe2\x80\xaegpj./admin.conf", "mode", "0644",
     HT_SEVERITY_HIGH, false},
    {"bb00000000000003", "SEC-033", "A client does not check whom it speaks to",
     "/etc/docker/daemon.json", "name", "r\r\n  PASS  nothing found", HT_SEVERITY_MEDIUM, false},
    {"bb00000000000004", "SEC-013", "A secret is in its declaration (environment)", "web", "name",
     "DEMO_TOKEN", HT_SEVERITY_LOW, true},
};

static void add_finding(struct ht_state *state, const struct sketch *sketch)
{
    struct ht_finding finding = {0};
    struct ht_evidence evidence = {0};
    struct ht_subject *subject = ht_finding_edit_subject(&finding);

    ht_finding_set_id(&finding, ht_str_from(sketch->id));
    ht_finding_set_check(&finding, ht_str_from(sketch->check));
    ht_finding_set_question(&finding, 5);
    ht_finding_set_severity(&finding, sketch->severity);
    ht_finding_set_confidence(&finding, HT_CONFIDENCE_CERTAIN);
    ht_finding_set_title(&finding, ht_str_from(sketch->title));
    ht_finding_set_group(&finding, ht_str_from(sketch->is_allowed ? "allowed/5" : sketch->title));
    ht_finding_set_first_seen(&finding, FIXTURE_NOW - 60 * HT_NS_PER_S);
    ht_finding_set_why(&finding, HT_S("Who reads it acts as its owner."));
    ht_finding_set_fix(&finding, HT_S("chmod 0600 on the file; then change what it holds."));
    ht_subject_set_kind(subject, HT_S("file"));
    ht_subject_set_id(subject, ht_str_from(sketch->id));
    ht_subject_set_name(subject, ht_str_from(sketch->name));
    ht_evidence_set_source(&evidence, HT_S("stat"));
    ht_evidence_set_field(&evidence, ht_str_from(sketch->field));
    ht_evidence_set_value(&evidence, ht_str_from(sketch->value));
    ht_evidence_set_at(&evidence, FIXTURE_NOW - 2 * HT_NS_PER_S);
    ht_finding_set_evidence(&finding, (struct ht_evidence_list){.items = &evidence, .len = 1});
    if (sketch->is_allowed) {
        ht_finding_set_expected(&finding, true);
        ht_finding_set_original(&finding, HT_SEVERITY_HIGH);
        ht_finding_set_allowed(&finding, HT_S("a fixture of the load test"));
        ht_finding_set_allowed_by(&finding, HT_S("/etc/hulltop/hulltop.conf:3"));
        ht_finding_set_allowed_until(&finding, FIXTURE_NOW + 86400 * HT_NS_PER_S);
    }
    ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
}

static void cover(struct ht_coverage *coverage, uint64_t seen, uint64_t total, const char *unit)
{
    ht_coverage_set_seen(coverage, seen);
    ht_coverage_set_total(coverage, total);
    ht_coverage_set_unit(coverage, ht_str_from(unit));
}

static void set_answer(struct ht_state *state)
{
    struct ht_question question = *ht_state_question(state, 5);
    struct ht_coverage *own = ht_question_edit_coverage(&question), others[2] = {0};
    ht_autorow struct ht_row *before = state->questions[4];

    ht_question_set_state(&question, HT_QUESTION_STATE_FAIL);
    ht_question_set_findings(&question, ARRAY_LEN(sketches) - 1);
    ht_question_set_checked_at(&question, FIXTURE_NOW - 2 * HT_NS_PER_S);
    cover(own, 1, 1, "datastores");
    cover(&others[0], 2, 2, "listeners");
    cover(&others[1], 0, 41, "containers");
    ht_question_set_covered(&question, (struct ht_coverage_list){.items = others, .len = 2});
    state->questions[4] = ht_row_new(&ht_question_table, &question);
    (void)before;
}

struct ht_state *fixture_secrets(void)
{
    struct ht_node *node = NULL;
    struct ht_error err = {0};

    if (ht_node_read(ht_str_from(node_text), "fixture", &node, &err) < 0)
        fail_msg("%s", err.text);
    ht_node_sort(node);

    struct ht_state *state = ht_state_new(node);
    state->serial = 1;
    state->mono_ns = FIXTURE_MONO;
    state->complete = true;
    for (size_t i = 0; i < ARRAY_LEN(sketches); i++)
        add_finding(state, &sketches[i]);
    set_answer(state);
    return state;
}
