/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/model/subject.h"

enum { PODS_NAMED = 8 };

struct ht_str ht_subject_text(const struct ht_subject *subject)
{
    if (ht_subject_has_pod(subject) && subject->pod.len)
        return subject->pod;
    if (ht_subject_has_name(subject) && subject->name.len)
        return subject->name;
    if (ht_subject_has_owner(subject) && subject->owner.len)
        return subject->owner;
    return ht_subject_has_kind(subject) ? subject->kind : HT_S("node");
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

void ht_finding_put_subject(struct ht_buf *out, const struct ht_finding *finding)
{
    const struct ht_subject *subject = &finding->subject;

    if (ht_subject_has_pod(subject) && subject->pod.len) {
        /* Of a pod itself the container says where in it. */
        struct ht_str inside = ht_str_is(subject->kind, "pod") ? subject->container : subject->name;

        ht_buf_add_str(out, subject->pod);
        if (inside.len)
            ht_buf_add_c(out, '/');
        ht_buf_add_str(out, inside);
        return;
    }
    if (subject->name.len == 0 && subject->owner.len == 0) {
        put_pods(out, &finding->subjects);
        return;
    }
    ht_buf_add_str(out, subject->owner.len ? subject->owner : subject->name);
    if (subject->owner.len && subject->name.len && !ht_str_equal(subject->owner, subject->name)) {
        ht_buf_add_c(out, ' ');
        ht_buf_add_str(out, subject->name);
    }
}
