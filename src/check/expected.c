/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "expected.h"

#include "hulltop/base/str.h"

/* "DaemonSet/kube-proxy": the name must be the same, the kind only where both know it. */
static bool is_owner(struct ht_str wanted, struct ht_str owner)
{
    bool kind_known = ht_str_find_byte(owner, '/') > 0 && !ht_str_has_prefix(owner, "workload/");
    bool kind_wanted = ht_str_find_byte(wanted, '/') > 0;

    if (kind_known && kind_wanted)
        return ht_str_equal(wanted, owner);

    struct ht_str name = ht_str_base(owner), base = ht_str_base(wanted);
    if (ht_str_equal(name, base))
        return true;
    /* A static pod is called after its node, "etcd-node1", which has no owner to tell its name. */
    return !kind_wanted && name.len > base.len && name.data[base.len] == '-' &&
           ht_str_equal(ht_str_sub(name, 0, base.len), base);
}

static bool has_label(const struct ht_container *container, struct ht_str wanted)
{
    ptrdiff_t equals = ht_str_find_byte(wanted, '=');
    struct ht_str key = equals < 0 ? wanted : ht_str_sub(wanted, 0, (size_t)equals);

    for (size_t i = 0; i < container->labels.len; i++) {
        const struct ht_pair *pair = &container->labels.items[i];

        if (ht_str_equal(pair->key, key) &&
            (equals < 0 ||
             ht_str_equal(pair->value, ht_str_sub(wanted, (size_t)equals + 1, wanted.len))))
            return true;
    }
    return false;
}

static bool has_image(const struct ht_fact_workload *workload, struct ht_str image)
{
    for (size_t i = 0; i < workload->images.len; i++) {
        if (ht_facts_image_is(workload->images.items[i], image))
            return true;
    }
    return false;
}

/* The whole of the first word, or its last path elements. */
static bool runs(const struct ht_container *container, struct ht_str wanted)
{
    struct ht_str word = container->command.len      ? container->command.items[0]
                         : container->entrypoint.len ? container->entrypoint.items[0]
                                                     : (struct ht_str){0};

    if (word.len < wanted.len)
        return false;
    return ht_str_equal(ht_str_sub(word, word.len - wanted.len, wanted.len), wanted) &&
           (word.len == wanted.len || wanted.data[0] == '/' ||
            word.data[word.len - wanted.len - 1] == '/');
}

static bool is_workload(const struct ht_fact_workload *workload,
                        const struct ht_container *container)
{
    if (workload->namespace.len && !ht_str_equal(workload->namespace, container->namespace))
        return false;
    if (workload->owner.len && !is_owner(workload->owner, container->owner))
        return false;
    for (size_t i = 0; i < workload->labels.len; i++) {
        if (!has_label(container, workload->labels.items[i]))
            return false;
    }
    return has_image(workload, container->image) &&
           (workload->command.len == 0 || runs(container, workload->command));
}

static bool is_listed(struct ht_str object, const struct ht_text_list *objects)
{
    if (object.len == 0)
        return objects->len == 0;
    for (size_t i = 0; i < objects->len; i++) {
        if (ht_str_is(objects->items[i], "*") || ht_str_equal(objects->items[i], object))
            return true;
    }
    return false;
}

/* "NET_ADMIN,SYS_TIME" is expected if each of them is. */
static bool all_listed(struct ht_str object, const struct ht_text_list *objects)
{
    struct ht_str part;

    if (ht_str_find_byte(object, ',') < 0 || is_listed(object, objects))
        return is_listed(object, objects);
    while (ht_str_next(&object, ',', &part)) {
        if (!is_listed(part, objects))
            return false;
    }
    return true;
}

bool ht_is_known_workload(const struct ht_facts *facts, const struct ht_container *container)
{
    size_t len;
    const struct ht_fact_workload *workloads = ht_facts_workloads(facts, &len);

    for (size_t i = 0; i < len; i++) {
        if (is_workload(&workloads[i], container))
            return true;
    }
    return false;
}

bool ht_is_expected(const struct ht_facts *facts, const struct ht_container *container,
                    const struct ht_finding *finding)
{
    size_t len;
    const struct ht_fact_workload *workloads = ht_facts_workloads(facts, &len);

    for (size_t i = 0; i < len; i++) {
        if (!is_workload(&workloads[i], container))
            continue;
        for (size_t j = 0; j < workloads[i].checks.len; j++) {
            const struct ht_fact_allowance *allowance = &workloads[i].checks.items[j];

            if (ht_str_equal(allowance->check, finding->check) &&
                all_listed(finding->object, &allowance->objects))
                return true;
        }
    }
    return false;
}
