/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/model/subject.h"

#include "hulltop/base/mem.h"

enum { PODS_NAMED = 8 };

/* The container that it is in; empty where it is the container itself, or in none. */
static struct ht_str container_around(const struct ht_subject *subject)
{
    return ht_str_is(subject->kind, "container") ? (struct ht_str){0} : subject->container;
}

struct ht_str ht_subject_text(const struct ht_subject *subject)
{
    const struct ht_str tries[] = {subject->pod, container_around(subject), subject->name,
                                   subject->owner};

    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        if (tries[i].len)
            return tries[i];
    }
    return ht_subject_has_kind(subject) ? subject->kind : HT_S("node");
}

void ht_subject_put_name(struct ht_buf *out, const struct ht_subject *subject)
{
    struct ht_str around = container_around(subject);
    bool is_pod = ht_str_is(subject->kind, "pod");

    if (around.len && !is_pod && !ht_str_equal(around, subject->name)) {
        ht_buf_add_str(out, around);
        ht_buf_add_text(out, ": ");
    }
    ht_buf_add_str(out, subject->name);
}

/* Containers of one pod follow each other. */
static void put_pods(struct ht_buf *out, const struct ht_subject_list *subjects)
{
    struct ht_str last = {0};
    size_t named = 0;

    for (size_t i = 0; i < subjects->len; i++) {
        struct ht_str pod = subjects->items[i].pod;

        if (pod.len == 0 || ht_str_equal(pod, last))
            continue;
        if (named++ == PODS_NAMED) {
            ht_buf_add_text(out, ", ...");
            return;
        }
        if (last.len)
            ht_buf_add_text(out, ", ");
        ht_buf_add_str(out, pod);
        last = pod;
    }
}

/* Appends the parts that say something, each once where two that follow each other are the same. */
static void put_parts(struct ht_buf *out, const struct ht_str *parts, size_t len, char between)
{
    struct ht_str last = {0};

    for (size_t i = 0; i < len; i++) {
        if (parts[i].len == 0 || ht_str_equal(parts[i], last))
            continue;
        if (last.len)
            ht_buf_add_c(out, between);
        ht_buf_add_str(out, parts[i]);
        last = parts[i];
    }
}

/* Where it is, from the outside in, and then what it is there. */
static void put_subject(struct ht_buf *out, const struct ht_subject *subject)
{
    struct ht_str around = container_around(subject);
    const struct ht_str outside[] = {subject->owner, around, subject->name};
    const struct ht_str inside[] = {subject->pod, subject->container};

    if (subject->pod.len == 0) {
        put_parts(out, outside, ARRAY_LEN(outside), ' ');
        return;
    }
    put_parts(out, inside, ARRAY_LEN(inside), '/');
    if (subject->name.len == 0 || ht_str_is(subject->kind, "pod"))
        return;
    /* A container is called what its pod calls it, if that is known. */
    if (!ht_str_is(subject->kind, "container")) {
        ht_buf_add_c(out, ' ');
        ht_buf_add_str(out, subject->name);
    } else if (subject->container.len == 0) {
        ht_buf_add_c(out, '/');
        ht_buf_add_str(out, subject->name);
    }
}

void ht_finding_put_subject(struct ht_buf *out, const struct ht_finding *finding)
{
    const struct ht_subject *subject = &finding->subject;

    if (subject->pod.len || subject->name.len || subject->owner.len || subject->container.len)
        put_subject(out, subject);
    else
        put_pods(out, &finding->subjects);
}

/* ---- where it runs ---- */

static void go_to_process(const struct ht_node *node, struct ht_str id,
                          struct ht_subject_home *home)
{
    const struct ht_row *row = ht_node_find(node, HT_TABLE_PROCESS, id);

    home->process = id;
    if (!row)
        return;
    home->unit = ht_process_of(row)->unit;
    if (ht_process_has_container(ht_process_of(row)))
        home->container = ht_process_of(row)->container;
}

static void go_to_exposure(const struct ht_node *node, const struct ht_row *row,
                           struct ht_subject_home *home)
{
    const struct ht_exposure *exposure = ht_exposure_of(row);

    if (ht_exposure_has_process(exposure))
        go_to_process(node, exposure->process, home);
    if (ht_exposure_has_container(exposure))
        home->container = exposure->container;
}

/* Code of the node is known by its unit, which is no code's id. */
static void go_to_code(const struct ht_node *node, struct ht_str id, struct ht_subject_home *home)
{
    const struct ht_row *row = ht_node_find(node, HT_TABLE_CODE, id);

    if (!row) {
        home->unit = id;
        return;
    }
    if (ht_code_has_process(ht_code_of(row)))
        home->process = ht_code_of(row)->process;
    if (ht_code_has_container(ht_code_of(row)))
        home->container = ht_code_of(row)->container;
}

struct ht_subject_home ht_subject_home(const struct ht_node *node, const struct ht_subject *subject)
{
    struct ht_subject_home home = {0};
    const struct ht_row *exposure = NULL;

    if (ht_str_is(subject->kind, "container")) {
        home.container = subject->id;
    } else if (ht_str_is(subject->kind, "unit")) {
        home.unit = subject->name;
    } else if (ht_str_is(subject->kind, "program")) {
        go_to_code(node, subject->id, &home);
    } else if (ht_str_is(subject->kind, "process") || ht_str_is(subject->kind, "file")) {
        exposure = ht_node_find(node, HT_TABLE_EXPOSURE, subject->id);
        if (exposure)
            go_to_exposure(node, exposure, &home);
        else if (ht_str_is(subject->kind, "process"))
            go_to_process(node, subject->id, &home);
    }
    return home;
}

bool ht_source_is_good(const struct ht_source *source)
{
    return ht_source_has_state(source) &&
           (source->state == HT_SOURCE_STATE_OK || source->state == HT_SOURCE_STATE_PART);
}

const struct ht_source *ht_evidence_teller(const struct ht_node *node, struct ht_str source)
{
    const struct ht_rowset *rows = ht_node_set(node, HT_TABLE_SOURCE);
    struct ht_str text = ht_str_has_prefix(source, "/proc") ? HT_S("proc") : source;
    const struct ht_source *teller = NULL;

    for (size_t i = 0; i < rows->len; i++) {
        const struct ht_source *one = ht_source_of(rows->rows[i]);

        if (one->name.len && ht_str_find(text, one->name, 0) == 0 &&
            (!teller || one->name.len > teller->name.len))
            teller = one;
    }
    return teller;
}
