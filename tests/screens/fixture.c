/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fixture.h"

#include <string.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

#define AGO(seconds) (FIXTURE_NOW - INT64_C(seconds) * HT_NS_PER_S)

/* ---- sources, host, load ---- */

static void add_source(struct ht_node *node, const char *name, enum ht_source_state state,
                       int64_t at, const char *detail)
{
    struct ht_source source = {0};

    ht_source_set_id(&source, ht_str_from(name));
    ht_source_set_name(&source, ht_str_from(name));
    ht_source_set_state(&source, state);
    ht_source_set_detail(&source, ht_str_from(detail));
    if (state == HT_SOURCE_STATE_DENIED)
        ht_source_set_help(&source, HT_S("sudo hulltop, or join the group that owns the socket"));
    if (at)
        ht_source_set_answered_at(&source, at);
    ht_node_add(node, ht_row_new(&ht_source_table, &source));
}

static void add_sources(struct ht_node *node)
{
    struct ht_host host = {0};

    ht_host_set_id(&host, HT_S("node-17"));
    ht_host_set_name(&host, HT_S("node-17"));
    ht_host_set_cluster(&host, HT_S("prod-eu"));
    ht_host_set_user(&host, HT_S("anna"));
    ht_host_set_uid(&host, 1000);
    ht_host_set_cpus(&host, 4);
    ht_node_add(node, ht_row_new(&ht_host_table, &host));
    add_source(node, "docker", HT_SOURCE_STATE_OK, AGO(2), "Docker 24.0.7, 4 containers");
    add_source(node, "proc", HT_SOURCE_STATE_PART, AGO(1),
               "caps, seccomp, cgroup of all 318; executables of 114");
    add_source(node, "containerd", HT_SOURCE_STATE_DENIED, 0,
               "/run/containerd/containerd.sock: root only");
    add_source(node, "packages", HT_SOURCE_STATE_OFF, 0, "not built in");
}

static void add_usage(struct ht_node *node, const char *container, const char *unit, uint64_t mcpu)
{
    struct ht_usage usage = {0};
    const char *id = container ? container : unit;

    ht_usage_set_id(&usage, ht_str_from(id));
    if (container)
        ht_usage_set_container(&usage, ht_str_from(container));
    else
        ht_usage_set_unit(&usage, ht_str_from(unit + strlen("unit:")));
    ht_usage_set_cpu(&usage, mcpu);
    ht_usage_set_cpu_5m(&usage, mcpu / 2);
    ht_usage_set_memory(&usage, mcpu * 100000);
    ht_usage_set_processes(&usage, 2);
    ht_node_add(node, ht_row_new(&ht_usage_table, &usage));
}

/* ---- containers and processes ---- */

static void fill_privilege(struct ht_privilege *privilege, bool wide, bool effective)
{
    ht_privilege_set_privileged(privilege, wide);
    ht_privilege_set_caps(privilege, wide ? (UINT64_C(1) << 41) - 1 : UINT64_C(0xa80425fb));
    if (effective) {
        ht_privilege_set_seccomp(privilege,
                                 wide ? HT_SECCOMP_MODE_DISABLED : HT_SECCOMP_MODE_FILTER);
        ht_privilege_set_lsm(privilege, wide ? HT_S("unconfined") : HT_S("docker-default"));
        ht_privilege_set_host_uid(privilege, 0);
        ht_privilege_set_no_new_privs(privilege, false);
    }
    ht_privilege_set_pid_ns(privilege, wide ? HT_NS_SCOPE_HOST : HT_NS_SCOPE_OWN);
}

static void add_container(struct ht_node *node, const char *id, const char *name, bool wide)
{
    struct ht_container container = {0};

    ht_container_set_id(&container, ht_str_from(id));
    ht_container_set_name(&container, ht_str_from(name));
    ht_container_set_runtime(&container, HT_S("docker"));
    ht_container_set_image(&container, HT_S("registry.local/tools/debug:1.4"));
    ht_container_set_state(&container, HT_CONTAINER_STATE_RUNNING);
    ht_container_set_started_at(&container, AGO(231));
    ht_container_set_pid(&container, 20411);
    ht_container_set_owner(&container, HT_S("compose/shop"));
    ht_container_set_class(&container, wide ? HT_CLASS_DEBUG : HT_CLASS_APP);
    ht_container_set_processes(&container, 2);
    fill_privilege(ht_container_edit_declared(&container), wide, false);
    fill_privilege(ht_container_edit_effective(&container), wide, true);
    ht_node_add(node, ht_row_new(&ht_container_table, &container));
}

static void add_process(struct ht_node *node, const char *id, uint64_t pid, struct ht_str comm,
                        const char *container)
{
    static const struct ht_str argv[] = {HT_STR("tcpdump"), HT_STR("-i"), HT_STR("any\x1b]0;x\a")};
    struct ht_process process = {0};

    ht_process_set_id(&process, ht_str_from(id));
    ht_process_set_pid(&process, pid);
    ht_process_set_comm(&process, comm);
    ht_process_set_exe(&process, HT_S("/usr/bin/tcpdump"));
    ht_process_set_argv(&process, (struct ht_text_list){.items = argv, .len = ARRAY_LEN(argv)});
    ht_process_set_started_at(&process, AGO(200));
    ht_process_set_euid(&process, 0);
    ht_process_set_kernel(&process, false);
    if (container)
        ht_process_set_container(&process, ht_str_from(container));
    else
        ht_process_set_unit(&process, HT_S("kubelet.service"));
    ht_node_add(node, ht_row_new(&ht_process_table, &process));
}

#define DEBUG_ID "4f0c1e9a77b24f0c1e9a77b24f0c1e9a77b24f0c1e9a77b24f0c1e9a77b24f0c"
#define WEB_ID   "b1c1e9a77b24f0c1e9a77b24f0c1e9a77b24f0c1e9a77b24f0c1e9a77b24f0c1"
#define EVIL_ID  "c2d1e9a77b24f0c1e9a77b24f0c1e9a77b24f0c1e9a77b24f0c1e9a77b24f0c2"
#define EVIL                                                                                       \
    "a\x1b[2J\rPASS\xe2\x80\xae"                                                                   \
    "cod\xff"

static struct ht_share share(enum ht_share_kind kind, const char *object, size_t with)
{
    static const struct ht_str names[] = {HT_STR("web"), {.data = EVIL, .len = sizeof(EVIL) - 1}};
    struct ht_share made = {0};

    ht_share_set_kind(&made, kind);
    ht_share_set_object(&made, ht_str_from(object));
    ht_share_set_with(&made, (struct ht_text_list){.items = names, .len = with});
    ht_share_set_count(&made, with);
    return made;
}

static struct ht_build build(const char *id, const char *product, const char *name,
                             enum ht_build_grade grade)
{
    struct ht_build made = {0};

    ht_build_set_id(&made, ht_str_from(id));
    ht_build_set_key(&made, ht_str_from(id));
    ht_build_set_state(&made, HT_BUILD_STATE_RUNNING);
    ht_build_set_product(&made, ht_str_from(product));
    ht_build_set_name(&made, ht_str_from(name));
    ht_build_set_grade(&made, grade);
    ht_build_set_badge(&made, (enum ht_build_badge)grade);
    ht_build_set_started_at(&made, AGO(95));
    ht_build_set_applications(&made, 2);
    ht_subject_set_name(ht_build_edit_subject(&made), HT_S("angry_banach"));
    return made;
}

static void add_builds(struct ht_node *node)
{
    const struct ht_share shares[] = {
        share(HT_SHARE_KIND_KERNEL, "", 2),
        share(HT_SHARE_KIND_RUNTIME_SOCKET, "/run/docker.sock", 2),
        share(HT_SHARE_KIND_HOST_PATH, "/srv/cache", 1),
        share(HT_SHARE_KIND_CONTROL_PLANE, "etcd", 0),
    };
    struct ht_build through = build("b1", "docker build", "shop/cart:2", HT_BUILD_GRADE_E);
    struct ht_build rootless = build("b2", "BuildKit", EVIL, HT_BUILD_GRADE_C);
    struct ht_build over = build("b3", "GitLab Runner", "compile", HT_BUILD_GRADE_D);

    ht_build_set_shares(&through, (struct ht_share_list){.items = shares, .len = 4});
    ht_build_set_reason(&through, HT_S("started through the runtime's socket by runner"));
    ht_build_set_shares(&rootless, (struct ht_share_list){.items = shares, .len = 1});
    ht_build_set_reason(&rootless, HT_S("a user namespace: it is uid 231072 here"));
    ht_build_set_shares(&over, (struct ht_share_list){.items = shares, .len = 1});
    ht_build_set_state(&over, HT_BUILD_STATE_ENDED);
    ht_build_set_ended_at(&over, AGO(40));
    ht_build_set_reason(&over, HT_S("an ordinary container: its root is the node's root"));
    ht_node_add(node, ht_row_new(&ht_build_table, &through));
    ht_node_add(node, ht_row_new(&ht_build_table, &rootless));
    ht_node_add(node, ht_row_new(&ht_build_table, &over));
}

static void add_containers(struct ht_node *node)
{
    add_container(node, DEBUG_ID, "debug", true);
    add_container(node, WEB_ID, "web", false);
    add_container(node, EVIL_ID, EVIL, false);
    add_usage(node, DEBUG_ID, NULL, 3812);
    add_usage(node, WEB_ID, NULL, 104);
    add_usage(node, NULL, "unit:kubelet.service", 40);
    add_process(node, "20411.900", 20411, HT_S("sh"), DEBUG_ID);
    add_process(node, "20433.901", 20433, HT_S("tcpdump\x1b[2J"), DEBUG_ID);
    add_process(node, "812.20", 812, HT_S("kubelet"), NULL);
}

static void add_pod(struct ht_node *node, const char *uid, const char *name, const char *unseen)
{
    static const struct ht_str broken[] = {HT_STR("privileged"), HT_STR("hostNamespaces")};
    struct ht_pod pod = {0};
    struct ht_pod_security *security = ht_pod_edit_pod_security(&pod);

    ht_pod_set_id(&pod, ht_str_from(uid));
    ht_pod_set_kind(&pod, HT_S("Pod"));
    ht_pod_set_name(&pod, ht_str_from(name));
    ht_pod_set_namespace(&pod, HT_S("shop"));
    ht_pod_set_owner(&pod, HT_S("Deployment/web"));
    ht_pod_set_phase(&pod, unseen ? HT_S("Pending") : HT_S("Running"));
    ht_pod_set_class(&pod, HT_CLASS_APP);
    ht_pod_set_seen(&pod, unseen ? 0 : 2);
    if (unseen)
        ht_pod_set_unseen(&pod, ht_str_from(unseen));
    ht_pod_security_set_version(security, HT_S("latest"));
    ht_pod_security_set_baseline(
        security, (struct ht_text_list){.items = broken, .len = unseen ? 0 : ARRAY_LEN(broken)});
    ht_node_add(node, ht_row_new(&ht_pod_table, &pod));
}

static void add_pods(struct ht_node *node)
{
    add_pod(node, "0c1d2e3f-0000-4000-8000-000000000001", "web-5d8f9c7b4-x2x5p", NULL);
    add_pod(node, "0c1d2e3f-0000-4000-8000-000000000002", EVIL, "it has not started: Pending");
}

/* ---- findings ---- */

struct sketch {
    const char *id;
    unsigned question;
    enum ht_severity severity;
    const char *title;
    const char *container;
    const char *name;
    int since;
    bool fresh;
};

static const struct sketch sketches[] = {
    {"aa00000000000001", 3, HT_SEVERITY_CRITICAL, "Container runs with --privileged", DEBUG_ID,
     "debug", 231, true},
    {"aa00000000000002", 3, HT_SEVERITY_CRITICAL, "Docker socket is mounted: root on the node",
     DEBUG_ID, "debug", 231, true},
    {"aa00000000000003", 3, HT_SEVERITY_HIGH, "CAP_SYS_ADMIN added", EVIL_ID, EVIL, 1291, false},
    {"aa00000000000004", 3, HT_SEVERITY_MEDIUM, "No seccomp filter", WEB_ID, "web", 2000, false},
    {"aa00000000000005", 3, HT_SEVERITY_MEDIUM, "No seccomp filter", EVIL_ID, EVIL, 2000, false},
};

static void fill_evidence(struct ht_finding *finding)
{
    static struct ht_evidence evidence[4];
    static const struct ht_str implied[] = {{.data = "PRV-016", .len = 7}};
    static const char *const facts[][3] = {
        {"docker inspect", "HostConfig.Privileged", "true"},
        {"docker inspect", "HostConfig.PidMode", "host"},
        {"/proc/20411/status", "CapEff", "000001ffffffffff"},
        {"also found", "PRV-016", "No seccomp filter"},
    };

    for (size_t i = 0; i < ARRAY_LEN(evidence); i++) {
        evidence[i] = (struct ht_evidence){0};
        ht_evidence_set_source(&evidence[i], ht_str_from(facts[i][0]));
        ht_evidence_set_field(&evidence[i], ht_str_from(facts[i][1]));
        ht_evidence_set_value(&evidence[i], ht_str_from(facts[i][2]));
        ht_evidence_set_at(&evidence[i], AGO(2));
    }
    ht_finding_set_evidence(
        finding, (struct ht_evidence_list){.items = evidence, .len = ARRAY_LEN(evidence)});
    ht_finding_set_implied(finding, (struct ht_text_list){.items = implied, .len = 1});
}

static void add_finding(struct ht_state *state, const struct sketch *sketch)
{
    struct ht_finding finding = {0};
    struct ht_subject *subject = ht_finding_edit_subject(&finding);

    ht_finding_set_id(&finding, ht_str_from(sketch->id));
    ht_finding_set_check(&finding, HT_S("PRV-001"));
    ht_finding_set_question(&finding, sketch->question);
    ht_finding_set_severity(&finding, sketch->severity);
    ht_finding_set_confidence(&finding, HT_CONFIDENCE_CERTAIN);
    ht_finding_set_title(&finding, ht_str_from(sketch->title));
    ht_finding_set_since(&finding, FIXTURE_NOW - sketch->since * HT_NS_PER_S);
    ht_finding_set_first_seen(&finding, FIXTURE_NOW - (sketch->since - 1) * HT_NS_PER_S);
    ht_finding_set_new(&finding, sketch->fresh);
    ht_finding_set_posture(&finding, false);
    ht_finding_set_group(&finding, ht_str_from(sketch->title));
    ht_finding_set_why(&finding, HT_S("Who controls this container controls the node: every device "
                                      "and every capability is at hand."));
    ht_finding_set_fix(&finding, HT_S("Remove --privileged. Give the one device or capability that "
                                      "is needed:\n  docker run --cap-add NET_ADMIN ...\nVerify: "
                                      "CapEff of its init has no SYS_ADMIN."));
    ht_finding_set_escape(&finding,
                          HT_S("privileged + host pid namespace -> nsenter into pid 1 -> root"));
    ht_subject_set_kind(subject, HT_S("container"));
    ht_subject_set_id(subject, ht_str_from(sketch->container));
    ht_subject_set_name(subject, ht_str_from(sketch->name));
    ht_subject_set_container(subject, ht_str_from(sketch->name));
    ht_subject_set_image(subject, HT_S("registry.local/tools/debug:1.4"));
    fill_evidence(&finding);
    ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
}

static void add_posture(struct ht_state *state)
{
    struct ht_finding finding = {0};

    ht_finding_set_id(&finding, HT_S("aa00000000000009"));
    ht_finding_set_check(&finding, HT_S("PRV-012"));
    ht_finding_set_question(&finding, 3);
    ht_finding_set_severity(&finding, HT_SEVERITY_LOW);
    ht_finding_set_title(&finding, HT_S("Runs as uid 0: 2 of 3 containers"));
    ht_finding_set_count(&finding, 2);
    ht_finding_set_total(&finding, 3);
    ht_finding_set_posture(&finding, true);
    ht_finding_set_group(&finding, HT_S("PRV-012"));
    ht_subject_set_kind(ht_finding_edit_subject(&finding), HT_S("node"));
    ht_subject_set_name(&finding.subject, HT_S("node-17"));
    ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
}

/* ---- questions and events ---- */

static void set_question(struct ht_state *state, unsigned number, enum ht_question_state answer,
                         unsigned findings)
{
    struct ht_question question = *ht_state_question(state, number);
    struct ht_missing missing = {0};

    ht_question_set_state(&question, answer);
    ht_question_set_findings(&question, findings);
    ht_question_set_new(&question, findings > 2 ? 2 : 0);
    ht_question_set_partial(&question, number == 3);
    ht_question_set_checked_at(&question, AGO(2));
    if (answer == HT_QUESTION_STATE_UNKNOWN || number == 3) {
        ht_missing_set_source(&missing, number == 3 ? HT_S("containerd") : HT_S("packages"));
        ht_missing_set_reason(&missing, number == 3 ? HT_S("containerd.sock: root only")
                                                    : HT_S("no source can tell it yet"));
        ht_missing_set_help(&missing, HT_S("sudo hulltop"));
        ht_missing_set_decides(&missing, true);
        ht_question_set_missing(&question, (struct ht_missing_list){.items = &missing, .len = 1});
    }
    if (number == 3) {
        ht_coverage_set_seen(ht_question_edit_coverage(&question), 3);
        ht_coverage_set_total(&question.coverage, 4);
        ht_coverage_set_unit(&question.coverage, HT_S("containers"));
    }
    /* Its texts are borrowed from the row that it replaces. */
    ht_autorow struct ht_row *before = state->questions[number - 1];
    state->questions[number - 1] = ht_row_new(&ht_question_table, &question);
    (void)before;
}

static void add_event(struct ht_state *state, const char *id, enum ht_event_kind kind, int ago,
                      const char *text)
{
    struct ht_event event = {0};

    ht_event_set_id(&event, ht_str_from(id));
    ht_event_set_at(&event, FIXTURE_NOW - ago * HT_NS_PER_S);
    ht_event_set_kind(&event, kind);
    ht_event_set_text(&event, ht_str_from(text));
    ht_event_set_container(&event, HT_S(DEBUG_ID));
    if (kind == HT_EVENT_KIND_FINDING_NEW) {
        ht_event_set_severity(&event, HT_SEVERITY_CRITICAL);
        ht_event_set_question(&event, 3);
        ht_event_set_finding(&event, HT_S("aa00000000000001"));
    }
    ht_rowset_add(&state->events, ht_row_new(&ht_event_table, &event));
}

/* What happened in the hour before. */
static void add_early_events(struct ht_state *state)
{
    static const struct {
        const char *id, *text;
        enum ht_event_kind kind;
        enum ht_severity severity; /* of a finding */
        int ago;
    } events[] = {
        {"a", "docker: WAIT -> OK", HT_EVENT_KIND_SOURCE_STATE, 0, 3000},
        {"b", "runner-2: Container can add CAP_SYS_ADMIN", HT_EVENT_KIND_FINDING_NEW,
         HT_SEVERITY_HIGH, 2400},
        {"c", "web: Container uses a tag that moves", HT_EVENT_KIND_FINDING_NEW, HT_SEVERITY_MEDIUM,
         2399},
        {"d", "before the deployment", HT_EVENT_KIND_MARK, 0, 1200},
    };

    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        struct ht_event event = {0};

        ht_event_set_id(&event, ht_str_from(events[i].id));
        ht_event_set_at(&event, FIXTURE_NOW - events[i].ago * HT_NS_PER_S);
        ht_event_set_kind(&event, events[i].kind);
        ht_event_set_text(&event, ht_str_from(events[i].text));
        if (events[i].kind == HT_EVENT_KIND_FINDING_NEW) {
            ht_event_set_severity(&event, events[i].severity);
            ht_event_set_question(&event, 3);
        }
        ht_rowset_add(&state->events, ht_row_new(&ht_event_table, &event));
    }
}

struct ht_state *fixture_state(void)
{
    struct ht_node *node = ht_node_new(FIXTURE_NOW);

    add_sources(node);
    add_containers(node);
    add_pods(node);
    add_builds(node);
    ht_node_sort(node);

    struct ht_state *state = ht_state_new(node);
    state->serial = 1;
    state->mono_ns = FIXTURE_MONO;
    state->complete = true;
    for (size_t i = 0; i < ARRAY_LEN(sketches); i++)
        add_finding(state, &sketches[i]);
    add_posture(state);
    set_question(state, 1, HT_QUESTION_STATE_UNKNOWN, 0);
    set_question(state, 2, HT_QUESTION_STATE_UNKNOWN, 0);
    set_question(state, 3, HT_QUESTION_STATE_FAIL, 5);
    set_question(state, 4, HT_QUESTION_STATE_PASS, 0);
    set_question(state, 5, HT_QUESTION_STATE_NA, 0);
    add_early_events(state);
    add_event(state, "1", HT_EVENT_KIND_CONTAINER_STARTED, 232, "container debug started");
    add_event(state, "2", HT_EVENT_KIND_FINDING_NEW, 230,
              "debug: Container runs with --privileged");
    state->trend[2][59] = HT_SEVERITY_CRITICAL;
    state->trend[2][50] = HT_SEVERITY_HIGH;
    return state;
}

/* ---- many ---- */

struct ht_state *fixture_many(size_t n)
{
    struct ht_node *node = ht_node_new(FIXTURE_NOW);
    struct ht_state *state;

    for (size_t i = 0; i < n; i++) {
        ht_autobuf struct ht_buf id = HT_BUF(100);

        ht_buf_addf(&id, "%zu.1", i + 1);
        add_process(node, id.data, i + 1, HT_S("worker"), NULL);
    }
    ht_node_sort(node);
    state = ht_state_new(node);
    for (size_t i = 0; i < n; i++) {
        ht_autobuf struct ht_buf id = HT_BUF(100);
        struct sketch sketch = sketches[i % ARRAY_LEN(sketches)];

        ht_buf_addf(&id, "%016zx", i * 7919 % n);
        sketch.id = id.data;
        sketch.since = (int)(i % 3000) + 10;
        add_finding(state, &sketch);
    }
    return state;
}

/* ---- calls ---- */

static void keep(struct fixture_calls *calls, struct ht_str text)
{
    size_t len = text.len < sizeof(calls->text) - 1 ? text.len : sizeof(calls->text) - 1;

    if (len > 0)
        memcpy(calls->text, text.data, len);
    calls->text[len] = '\0';
}

static void call_rescan(void *context)
{
    ((struct fixture_calls *)context)->rescan++;
}

static void call_open(void *context, struct ht_str finding)
{
    ((struct fixture_calls *)context)->open++;
    keep(context, finding);
}

static void call_acknowledge(void *context, struct ht_str finding, struct ht_str reason)
{
    (void)finding;
    ((struct fixture_calls *)context)->acknowledge++;
    keep(context, reason);
}

static int call_unseen(void *context, const struct ht_node *node, const struct ht_finding *finding,
                       struct ht_arena *arena, struct ht_missing_list *ret_missing)
{
    const struct fixture_calls *calls = context;

    (void)node;
    (void)finding;
    if (!calls->unseen)
        return -1;

    struct ht_missing *missing = ht_arena_array(arena, struct ht_missing, 1);
    ht_missing_set_source(missing, HT_S("proc"));
    ht_missing_set_reason(missing, ht_str_from(calls->unseen));
    *ret_missing = (struct ht_missing_list){.items = missing, .len = calls->unseen[0] != '\0'};
    return 0;
}

static void call_mark(void *context, struct ht_str text)
{
    ((struct fixture_calls *)context)->mark++;
    keep(context, text);
}

static void call_save(void *context, const char *path, struct ht_str bytes)
{
    (void)path;
    ((struct fixture_calls *)context)->save++;
    keep(context, bytes);
}

static void call_lock(void *context, struct ht_str container, struct ht_str reason)
{
    (void)container;
    ((struct fixture_calls *)context)->lock++;
    keep(context, reason);
}

static void call_bundle(void *context, const char *path, struct ht_str finding)
{
    (void)finding;
    ((struct fixture_calls *)context)->bundle++;
    keep(context, ht_str_from(path));
}

static bool call_copy(void *context, struct ht_str text)
{
    ((struct fixture_calls *)context)->copy++;
    keep(context, text);
    return true;
}

static void call_theme(void *context, enum ht_theme theme)
{
    (void)context;
    (void)theme;
}

static void call_mouse(void *context, bool on)
{
    (void)context;
    (void)on;
}

static void call_nothing(void *context)
{
    (void)context;
}

static void call_pause(void *context, bool paused)
{
    ((struct fixture_calls *)context)->paused += paused;
}

static void call_speed(void *context, double speed)
{
    ((struct fixture_calls *)context)->speed = speed;
}

static void call_seek(void *context, int64_t at_ns)
{
    ((struct fixture_calls *)context)->seek = at_ns;
}

static void call_step(void *context, int frames)
{
    (void)frames;
    ((struct fixture_calls *)context)->step++;
}

static void call_restart(void *context)
{
    ((struct fixture_calls *)context)->restart++;
}

static void call_first_run_seen(void *context)
{
    ((struct fixture_calls *)context)->first_run_seen++;
}

struct ht_ui_calls fixture_calls(struct fixture_calls *calls)
{
    *calls = (struct fixture_calls){0};
    return (struct ht_ui_calls){
        .context = calls,
        .rescan = call_rescan,
        .unseen = call_unseen,
        .open = call_open,
        .acknowledge = call_acknowledge,
        .mark = call_mark,
        .lock = call_lock,
        .save = call_save,
        .bundle = call_bundle,
        .copy = call_copy,
        .theme = call_theme,
        .mouse = call_mouse,
        .redraw = call_nothing,
        .suspend = call_nothing,
        .replay_pause = call_pause,
        .replay_speed = call_speed,
        .replay_seek = call_seek,
        .replay_step = call_step,
        .replay_restart = call_restart,
        .first_run_seen = call_first_run_seen,
    };
}

static int64_t fixture_mono(void *context)
{
    return *(int64_t *)context;
}

static int64_t fixture_wall(void *context)
{
    return FIXTURE_NOW + *(int64_t *)context - FIXTURE_MONO;
}

struct ht_ui_options fixture_options(int64_t *mono_ns, struct ht_clock *clock)
{
    *mono_ns = FIXTURE_MONO;
    *clock =
        (struct ht_clock){.mono_ns = fixture_mono, .wall_ns = fixture_wall, .context = mono_ns};
    return (struct ht_ui_options){.clock = clock, .version = "0", .utc = true};
}

void fixture_type(struct ht_ui *ui, const char *keys)
{
    for (; *keys; keys++) {
        struct ht_key key = {.code = (unsigned char)*keys};

        if (*keys == '\n')
            key.code = HT_KEY_ENTER;
        ht_ui_key(ui, key);
    }
}
