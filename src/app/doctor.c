/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hulltop doctor: what can be seen, as whom, and what would help. */
#include <config.h>

#include "commands.h"

#include <errno.h>

#include "session.h"
#include "wait.h"

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/report/report.h"

#define DEFAULT_TIMEOUT_NS (10 * HT_NS_PER_S)

static int tell(struct ht_session *session)
{
    const struct ht_options *options = session->options;
    ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_BODY);
    struct ht_error err = {0};
    ht_autostate struct ht_state *state = NULL;
    int status = ht_wait_for_answer(
        session, options->timeout_ns ? options->timeout_ns : DEFAULT_TIMEOUT_NS, &state);

    if (!state)
        return status;
    ht_report_doctor(&out, state);
    if (ht_print(ht_buf_str(&out), &err) < 0) {
        ht_complain(&err);
        return HT_STATUS_USAGE;
    }
    return HT_STATUS_CLEAN;
}

/* What the Kubernetes source asks for, and no more: never a secret. */
static const char role[] = "apiVersion: rbac.authorization.k8s.io/v1\n"
                           "kind: ClusterRole\n"
                           "metadata:\n"
                           "  name: hulltop\n"
                           "rules:\n"
                           "- apiGroups: [\"\"]\n"
                           "  resources: [nodes, namespaces]\n"
                           "  verbs: [list]\n"
                           "- apiGroups: [\"\"]\n"
                           "  resources: [pods]\n"
                           "  verbs: [list, watch]\n"
                           "- apiGroups: [rbac.authorization.k8s.io]\n"
                           "  resources: [clusterroles, roles, clusterrolebindings, rolebindings]\n"
                           "  verbs: [list]\n"
                           "- apiGroups: [node.k8s.io]\n"
                           "  resources: [runtimeclasses]\n"
                           "  verbs: [list]\n"
                           "- apiGroups: [secrets-store.csi.x-k8s.io]\n"
                           "  resources: [secretproviderclasses]\n"
                           "  verbs: [list]\n"
                           "- nonResourceURLs: [/metrics]\n"
                           "  verbs: [get]\n";

int ht_command_doctor(const struct ht_options *options, struct ht_arena *arena)
{
    struct ht_session session = {.options = options};
    struct ht_error err = {0};
    int status;

    if (options->role)
        return ht_print(ht_str_from(role), &err) < 0 ? HT_STATUS_USAGE : HT_STATUS_CLEAN;
    if (ht_wait_prepare(&err) < 0 || ht_session_open(&session, options, arena, &err) < 0 ||
        ht_session_engine(&session, false, &err) < 0) {
        ht_complain(&err);
        status = HT_STATUS_USAGE;
    } else {
        status = tell(&session);
    }
    return ht_session_close(&session, HT_NS_PER_S, status);
}
