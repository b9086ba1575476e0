/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "identity.h"

#include <string.h>

#include "hulltop/check/checking.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

/* Of the id of a container that no runtime lists: they are its name. */
enum { UNNAMED_DIGITS = 12 };

static void describe_container(const struct ht_container *container, struct ht_subject *ret)
{
    ht_subject_set_kind(ret, HT_S("container"));
    ht_subject_set_id(ret, container->id);
    if (ht_container_has_name(container))
        ht_subject_set_name(ret, container->name);
    if (ht_container_has_namespace(container))
        ht_subject_set_namespace(ret, container->namespace);
    if (ht_container_has_owner(container))
        ht_subject_set_owner(ret, container->owner);
    if (ht_container_has_pod(container))
        ht_subject_set_pod(ret, container->pod);
    if (ht_container_has_image(container))
        ht_subject_set_image(ret, container->image);
    if (ht_container_has_pid(container) && container->pid)
        ht_subject_set_pid(ret, container->pid);
    if (ht_container_has_class(container))
        ht_subject_set_class(ret, container->class);

    /* Kubernetes' own name of the container is shorter and stays the same from pod to pod. */
    struct ht_str short_name = container->name;
    for (size_t i = 0; i < container->labels.len; i++) {
        if (ht_str_is(container->labels.items[i].key, "io.kubernetes.container.name"))
            short_name = container->labels.items[i].value;
    }
    if (short_name.len)
        ht_subject_set_container(ret, short_name);
}

static void describe_process(const struct ht_node *node, const struct ht_row *row,
                             struct ht_subject *ret)
{
    const struct ht_process *process = ht_process_of(row);
    const struct ht_row *container =
        ht_process_has_container(process)
            ? ht_node_find(node, HT_TABLE_CONTAINER, process->container)
            : NULL;

    if (container)
        describe_container(ht_container_of(container), ret);
    ht_subject_set_kind(ret, HT_S("process"));
    ht_subject_set_id(ret, process->id);
    if (ht_process_has_comm(process))
        ht_subject_set_name(ret, process->comm);
    if (ht_process_has_pid(process))
        ht_subject_set_pid(ret, process->pid);
}

static void describe_pod(const struct ht_node *node, const struct ht_row *row,
                         struct ht_subject *ret)
{
    const struct ht_pod *pod = ht_pod_of(row);

    (void)node;
    ht_subject_set_kind(ret, HT_S("pod"));
    ht_subject_set_id(ret, pod->id);
    if (ht_pod_has_name(pod))
        ht_subject_set_name(ret, pod->name);
    if (ht_pod_has_namespace(pod))
        ht_subject_set_namespace(ret, pod->namespace);
    if (ht_pod_has_owner(pod))
        ht_subject_set_owner(ret, pod->owner);
    if (ht_pod_has_class(pod))
        ht_subject_set_class(ret, pod->class);
    if (ht_pod_has_file(pod))
        ht_subject_set_file(ret, pod->file);
    if (ht_pod_has_line(pod))
        ht_subject_set_line(ret, pod->line);
}

/* A container and what ran in it are gone, and the code is told of still. Of a process that lives
 * and is in no container the name of its group says nothing: whoever made it chose that. */
static bool is_of_gone_container(const struct ht_node *node, const struct ht_code *code)
{
    return ht_code_has_container_id(code) && !ht_node_find(node, HT_TABLE_PROCESS, code->process);
}

/* What runs is of its container; on the node itself, of its unit or session. */
static void describe_code(const struct ht_node *node, const struct ht_row *row,
                          struct ht_subject *ret)
{
    const struct ht_code *code = ht_code_of(row);
    const struct ht_row *container = ht_code_has_container(code)
                                         ? ht_node_find(node, HT_TABLE_CONTAINER, code->container)
                                         : NULL;

    if (container)
        describe_container(ht_container_of(container), ret);
    else if (is_of_gone_container(node, code))
        ht_subject_set_container(ret, ht_str_sub(code->container_id, 0, UNNAMED_DIGITS));
    ht_subject_set_kind(ret, HT_S("program"));
    ht_subject_set_id(ret, ht_subject_id(row));
    ht_subject_set_name(ret, ht_code_has_path(code) ? code->path : code->id);
    if (ht_code_has_pid(code))
        ht_subject_set_pid(ret, code->pid);
}

/* A secret in a container is the container's matter; elsewhere it is told by where it lies. */
static void describe_exposure(const struct ht_node *node, const struct ht_row *row,
                              struct ht_subject *ret)
{
    const struct ht_exposure *exposure = ht_exposure_of(row);
    const struct ht_row *container =
        ht_exposure_has_container(exposure)
            ? ht_node_find(node, HT_TABLE_CONTAINER, exposure->container)
            : NULL;

    if (container)
        describe_container(ht_container_of(container), ret);
    ht_subject_set_kind(ret, ht_str_is(exposure->where, "environment") ||
                                     ht_str_is(exposure->where, "argument")
                                 ? HT_S("process")
                                 : HT_S("file"));
    ht_subject_set_id(ret, exposure->id);
    ht_subject_set_name(ret, exposure->place);
    if (ht_exposure_has_pid(exposure))
        ht_subject_set_pid(ret, exposure->pid);
}

static void describe_container_row(const struct ht_node *node, const struct ht_row *row,
                                   struct ht_subject *ret)
{
    (void)node;
    describe_container(ht_container_of(row), ret);
}

static void describe_build(const struct ht_node *node, const struct ht_row *row,
                           struct ht_subject *ret)
{
    (void)node;
    *ret = ht_build_of(row)->subject;
    if (!ht_subject_has_kind(ret))
        ht_subject_set_kind(ret, HT_S("build"));
    ht_subject_set_id(ret, ht_subject_id(row));
}

static void describe_other(const struct ht_node *node, const struct ht_row *row,
                           struct ht_subject *ret)
{
    (void)node;
    ht_subject_set_kind(ret, ht_str_from(ht_row_table(row)->name));
    ht_subject_set_id(ret, ht_row_id(row));
    ht_subject_set_name(ret, ht_row_id(row));
}

static void describe_host(const struct ht_node *node, const struct ht_row *row,
                          struct ht_subject *ret)
{
    describe_other(node, row, ret);
    ht_subject_set_kind(ret, HT_S("node"));
}

/* What is told of a package database holds for the host. */
static void describe_packages(const struct ht_node *node, const struct ht_row *row,
                              struct ht_subject *ret)
{
    bool alone = ht_node_set(node, HT_TABLE_PACKAGE_DB)->len == 1;

    describe_other(node, row, ret);
    if (alone)
        ht_subject_set_name(ret, HT_S("host"));
}

static void describe_daemon(const struct ht_node *node, const struct ht_row *row,
                            struct ht_subject *ret)
{
    describe_other(node, row, ret);
    if (ht_daemon_has_name(ht_daemon_of(row)))
        ht_subject_set_name(ret, ht_daemon_of(row)->name);
}

static void describe_datastore(const struct ht_node *node, const struct ht_row *row,
                               struct ht_subject *ret)
{
    describe_other(node, row, ret);
    if (ht_datastore_has_path(ht_datastore_of(row)))
        ht_subject_set_name(ret, ht_datastore_of(row)->path);
}

/* ---- since when ---- */

static bool container_since(const struct ht_row *row, int64_t *ret_since)
{
    *ret_since = ht_container_of(row)->started_at;
    return ht_container_has_started_at(ht_container_of(row));
}

static bool process_since(const struct ht_row *row, int64_t *ret_since)
{
    *ret_since = ht_process_of(row)->started_at;
    return ht_process_has_started_at(ht_process_of(row));
}

static bool build_since(const struct ht_row *row, int64_t *ret_since)
{
    *ret_since = ht_build_of(row)->started_at;
    return ht_build_has_started_at(ht_build_of(row));
}

static bool pod_since(const struct ht_row *row, int64_t *ret_since)
{
    const struct ht_pod *pod = ht_pod_of(row);

    *ret_since = ht_pod_has_started_at(pod) ? pod->started_at : pod->created_at;
    return ht_pod_has_started_at(pod) || ht_pod_has_created_at(pod);
}

/* ---- whether it runs ---- */

static bool container_runs(const struct ht_row *row)
{
    const struct ht_container *container = ht_container_of(row);
    if (!ht_container_has_state(container))
        return true;
    switch (container->state) {
    case HT_CONTAINER_STATE_RUNNING:
    case HT_CONTAINER_STATE_PAUSED:
    case HT_CONTAINER_STATE_RESTARTING:
    case HT_CONTAINER_STATE_UNMANAGED:
        return true;
    case HT_CONTAINER_STATE_CREATED:
    case HT_CONTAINER_STATE_REMOVING:
    case HT_CONTAINER_STATE_EXITED:
    case HT_CONTAINER_STATE_DEAD:
        return false;
    }
    return true;
}

static bool pod_runs(const struct ht_row *row)
{
    struct ht_str phase = ht_pod_of(row)->phase;

    return !ht_str_is(phase, "Succeeded") && !ht_str_is(phase, "Failed");
}

/* That there is no API server and no cluster is nothing that a question could be asked of. */
static bool apiserver_runs(const struct ht_row *row)
{
    const struct ht_apiserver *apiserver = ht_apiserver_of(row);

    return apiserver->found != HT_APISERVER_FOUND_NONE || apiserver->member;
}

/* ---- by table ---- */

/* What is NULL holds for a row of any table: described by its id, without a beginning, runs. */
static const struct kind {
    const struct ht_table *table;
    void (*describe)(const struct ht_node *node, const struct ht_row *row, struct ht_subject *ret);
    bool (*since)(const struct ht_row *row, int64_t *ret_since);
    bool (*runs)(const struct ht_row *row);
} kinds[] = {
    {&ht_container_table, describe_container_row, container_since, container_runs},
    {&ht_process_table, describe_process, process_since, NULL},
    {&ht_pod_table, describe_pod, pod_since, pod_runs},
    {&ht_build_table, describe_build, build_since, NULL},
    {&ht_exposure_table, describe_exposure, NULL, NULL},
    {&ht_code_table, describe_code, NULL, NULL},
    {&ht_host_table, describe_host, NULL, NULL},
    {&ht_package_db_table, describe_packages, NULL, NULL},
    {&ht_daemon_table, describe_daemon, NULL, NULL},
    {&ht_datastore_table, describe_datastore, NULL, NULL},
    {&ht_apiserver_table, NULL, NULL, apiserver_runs},
};

static const struct kind *kind_of(const struct ht_row *row)
{
    static const struct kind other = {.table = NULL};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (kinds[i].table == ht_row_table(row))
            return &kinds[i];
    }
    return &other;
}

void ht_subject_describe(const struct ht_node *node, const struct ht_row *row,
                         struct ht_subject *ret)
{
    const struct kind *kind = kind_of(row);

    if (kind->describe)
        kind->describe(node, row, ret);
    else
        describe_other(node, row, ret);
}

struct ht_str ht_subject_id(const struct ht_row *row)
{
    /* An id has its container's in it; a unit lasts. */
    if (ht_row_table(row) == &ht_code_table && ht_code_has_unit(ht_code_of(row)))
        return ht_code_of(row)->unit;
    if (ht_row_table(row) == &ht_build_table && ht_subject_has_id(&ht_build_of(row)->subject))
        return ht_build_of(row)->subject.id;
    return ht_row_id(row);
}

bool ht_subject_since(const struct ht_row *row, int64_t *ret_since)
{
    const struct kind *kind = kind_of(row);

    return kind->since && kind->since(row, ret_since);
}

bool ht_subject_runs(const struct ht_row *row)
{
    const struct kind *kind = kind_of(row);

    return !kind->runs || kind->runs(row);
}

/* ---- names that last ---- */

static bool is_pod(const struct ht_subject *subject)
{
    return ht_str_is(subject->kind, "pod");
}

/* Parts end in a NUL, so that no two lists of parts read the same. */
static void add_part(struct ht_buf *out, struct ht_str part)
{
    ht_buf_add_str(out, part);
    ht_buf_add_c(out, '\0');
}

/* A container that no runtime knows has no lasting name: its program stands for it. */
static struct ht_str unmanaged_program(const struct ht_row *row)
{
    if (ht_row_table(row) != &ht_container_table)
        return (struct ht_str){0};

    const struct ht_container *container = ht_container_of(row);
    if (!ht_container_has_state(container) || container->state != HT_CONTAINER_STATE_UNMANAGED)
        return (struct ht_str){0};
    return container->command.len ? container->command.items[0] : HT_S("unmanaged");
}

void ht_subject_add_durable(const struct ht_row *row, const struct ht_subject *subject,
                            struct ht_buf *out)
{
    struct ht_str program = unmanaged_program(row);

    /* Runs of one job come and go under ids and names of their own. */
    if (ht_row_table(row) == &ht_build_table && ht_build_has_key(ht_build_of(row))) {
        add_part(out, HT_S("build"));
        add_part(out, ht_build_of(row)->key);
        return;
    }
    add_part(out, subject->kind);
    if (program.len) {
        add_part(out, program);
    } else if (subject->owner.len) {
        add_part(out, subject->namespace);
        add_part(out, subject->owner);
        /* A compose project's containers are numbered; its owner tells them well enough. */
        if (subject->namespace.len || is_pod(subject))
            add_part(out, subject->container);
    } else if (is_pod(subject)) {
        /* Nobody made it: its name is its own. */
        add_part(out, subject->namespace);
        add_part(out, subject->name);
        add_part(out, subject->container);
    } else if (subject->container.len) {
        add_part(out, subject->container);
        add_part(out, subject->image);
    } else {
        /* What the host's packages are called on the screen is no part of what they are. */
        add_part(out, ht_row_table(row) == &ht_package_db_table ? subject->id : subject->name);
        add_part(out, subject->id);
    }
    if (ht_str_is(subject->kind, "process") && subject->container.len)
        add_part(out, subject->name);
}

struct ht_str ht_finding_identity(struct ht_str check, struct ht_str durable, struct ht_str object,
                                  char *out)
{
    ht_autobuf struct ht_buf text = HT_BUF(2 * HT_LIMIT_ARG);

    add_part(&text, check);
    add_part(&text, durable);
    add_part(&text, object);
    return (struct ht_str){.data = ht_sha256_text(ht_buf_str(&text), out),
                           .len = HT_IDENTITY_DIGITS};
}

void ht_group_add_key(const struct ht_finding *finding, struct ht_buf *out)
{
    const struct ht_subject *subject = &finding->subject;

    ht_buf_addf(out, "%.*s/%s", HT_STR_ARG(finding->check),
                ht_enum_name(&ht_severity_enum, finding->severity));
    if (finding->posture)
        return;

    /* The owner of a compose service is one word; its containers' names are numbered. */
    bool by_owner = subject->owner.len && !subject->namespace.len && !is_pod(subject);
    const struct ht_str parts[] = {subject->namespace, subject->owner,
                                   by_owner ? (struct ht_str){0} : subject->container,
                                   finding->object};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        ht_buf_add_c(out, '/');
        ht_buf_add_str(out, parts[i]);
    }
    if (!subject->owner.len && (!subject->container.len || is_pod(subject))) {
        ht_buf_add_c(out, '/');
        ht_buf_add_str(out, subject->id);
    }
}
