/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hulltop doctor: what can be seen, as whom, and what would help. */
#include <config.h>

#include "commands.h"

#include <errno.h>

#include "session.h"
#include "wait.h"

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/printable.h"
#include "hulltop/report/report.h"

#define DEFAULT_TIMEOUT_NS (10 * HT_NS_PER_S)

/* What the configuration allows, and what it allowed and no longer does. */
static void put_exceptions(const struct ht_allowed_list *list, int64_t now_ns, struct ht_buf *out)
{
    if (list->len)
        ht_buf_add_text(out, "\nExceptions of the configuration:\n");
    for (size_t i = 0; i < list->len; i++) {
        const struct ht_allowed *allowed = &list->items[i];
        ht_autobuf struct ht_buf line = HT_BUF(HT_LIMIT_ARG);
        char until[HT_TIME_TEXT_MAX];

        ht_time_format_utc(allowed->until_ns, 0, until);
        ht_buf_addf(&line, "%.*s: %.*s %.*s%s%.*s, %s %.10s: %.*s", HT_STR_ARG(allowed->told_by),
                    HT_STR_ARG(allowed->check), HT_STR_ARG(allowed->image),
                    allowed->image.len && allowed->name.len ? " " : "", HT_STR_ARG(allowed->name),
                    now_ns < allowed->until_ns ? "until" : "HAS ENDED on", until,
                    HT_STR_ARG(allowed->reason));
        ht_buf_add_text(out, "  ");
        ht_printable(out, ht_buf_str(&line), 0);
        ht_buf_add_c(out, '\n');
    }
}

static int tell(struct ht_session *session)
{
    const struct ht_options *options = session->options;
    ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_BODY);
    ht_autostate struct ht_state *state = NULL;
    int status = ht_wait_for_answer(
        session, options->timeout_ns ? options->timeout_ns : DEFAULT_TIMEOUT_NS, &state);

    if (!state)
        return status;
    ht_report_doctor(&out, state);
    put_exceptions(&options->allowed, state->now_ns, &out);
    return ht_print_all(ht_buf_str(&out));
}

/* What the Kubernetes source asks for, and no more: never a secret. */
static const char role[] = "apiVersion: rbac.authorization.k8s.io/v1\n"
                           "kind: ClusterRole\n"
                           "metadata:\n"
                           "  name: hulltop\n"
                           "rules:\n"
                           "- apiGroups: [\"\"]\n"
                           "  resources: [nodes, namespaces, services]\n"
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
                           "  verbs: [get]\n"
                           "- apiGroups: [networking.k8s.io]\n"
                           "  resources: [ingresses]\n"
                           "  verbs: [list]\n";

int ht_command_doctor(const struct ht_options *options, struct ht_arena *arena)
{
    struct ht_session session = {.options = options};
    struct ht_error err = {0};
    int status;

    if (options->role)
        return ht_print_all(ht_str_from(role));
    if (ht_wait_prepare(&err) < 0 || ht_session_open(&session, options, arena, &err) < 0 ||
        ht_session_engine(&session, false, &err) < 0) {
        ht_complain(&err);
        status = HT_STATUS_USAGE;
    } else {
        status = tell(&session);
    }
    return ht_session_close(&session, HT_NS_PER_S, status);
}
