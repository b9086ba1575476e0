/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cgroup lines: what is found lies inside the input, and an id is never found beside a monitor. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/source/proc-decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void require_inside(struct ht_str part, struct ht_str whole)
{
    require(part.len == 0 ||
            (part.data >= whole.data && part.data + part.len <= whole.data + whole.len));
}

static void check(const struct ht_cgroup_facts *facts, struct ht_str text)
{
    require_inside(facts->path, text);
    require_inside(facts->container_id, text);
    require_inside(facts->unit, text);
    require((facts->sure == HT_CGROUP_NONE) == (facts->container_id.len == 0) ||
            facts->sure == HT_CGROUP_CERTAIN);
    require(strlen(facts->pod_uid) < sizeof(facts->pod_uid));
    require(!facts->monitor || facts->sure == HT_CGROUP_NONE || facts->container_id.len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ht_str text = {.data = (const char *)data, .len = size};
    struct ht_cgroup_facts facts;

    ht_cgroup_decode(text, &facts);
    check(&facts, text);
    if (facts.sure == HT_CGROUP_CERTAIN) {
        struct ht_cgroup_facts again;

        ht_cgroup_decode_path(facts.path, &again);
        require(ht_str_equal(again.container_id, facts.container_id));
    }
    ht_cgroup_decode_path(text, &facts);
    check(&facts, text);
    require_inside(ht_cgroup_path_of(text, "memory"), text);
    require_inside(ht_cgroup_path_of(text, ""), text);
    return 0;
}
