/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/check/allow.h"

#include "facts-private.h"

void ht_facts_allow(struct ht_facts *facts, const struct ht_allowed *items, size_t len)
{
    facts->allowed = items;
    facts->allowed_len = len;
}

/* What it is about on its subject; where that is nothing in particular, the subject itself, by the
 * name it has for people or by its id. */
static bool is_called(const struct ht_finding *finding, struct ht_str name)
{
    if (finding->object.len)
        return ht_facts_is_like(name, finding->object);
    return ht_facts_is_like(name, finding->subject.name) ||
           ht_facts_is_like(name, finding->subject.id);
}

static bool is_about(const struct ht_allowed *allowed, const struct ht_finding *finding)
{
    return ht_str_equal(allowed->check, finding->check) &&
           (allowed->image.len == 0 || ht_facts_image_is(allowed->image, finding->subject.image)) &&
           (allowed->name.len == 0 || is_called(finding, allowed->name));
}

const struct ht_allowed *ht_facts_allowed(const struct ht_facts *facts,
                                          const struct ht_finding *finding, int64_t now_ns)
{
    const struct ht_allowed *ended = NULL;

    for (size_t i = 0; i < facts->allowed_len; i++) {
        const struct ht_allowed *allowed = &facts->allowed[i];

        if (!is_about(allowed, finding))
            continue;
        if (now_ns < allowed->until_ns)
            return allowed;
        if (!ended)
            ended = allowed;
    }
    return ended;
}

int64_t ht_facts_allowed_until(const struct ht_facts *facts, int64_t now_ns)
{
    int64_t until_ns = INT64_MAX;

    for (size_t i = 0; i < facts->allowed_len; i++) {
        int64_t end_ns = facts->allowed[i].until_ns;

        if (end_ns > now_ns && end_ns < until_ns)
            until_ns = end_ns;
    }
    return until_ns;
}
