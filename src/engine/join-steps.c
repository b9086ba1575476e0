/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps of builds that no runtime lists: BuildKit (in dockerd or alone) and Buildah start them with
 * an OCI runtime of their own.
 *
 * A container can name a cgroup only below its own, so whoever is in a known container is of that.
 */
#include "join.h"

#include <string.h>

/* BuildKit's ids: 25 letters and digits. */
enum { BUILDKIT_ID_LEN = 25 };

static bool is_word(struct ht_str text, size_t min)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
            return false;
    }
    return text.len >= min;
}

const char *ht_join_step(struct ht_str cgroup, struct ht_str id)
{
    struct ht_str part, before = {0};

    while (ht_str_next(&cgroup, '/', &part)) {
        if (ht_str_has_suffix(part, ".scope"))
            part.len -= strlen(".scope");
        if (ht_str_is(before, "buildkit") && ht_str_equal(part, id) &&
            is_word(id, BUILDKIT_ID_LEN) && id.len == BUILDKIT_ID_LEN)
            return "buildkit";
        if (ht_str_has_prefix(part, "buildah-buildah") &&
            ht_str_equal(ht_str_sub(part, strlen("buildah-"), part.len), id))
            return "buildah";
        before = part;
    }
    return NULL;
}

const char *ht_join_step_parent(const struct ht_process *parent)
{
    struct ht_str program = parent->argv.len ? ht_str_base(parent->argv.items[0]) : parent->comm;

    if (ht_str_is(program, "buildah-oci-runtime"))
        return "buildah";
    if (ht_str_is(program, "buildkit-runc"))
        return "buildkit";
    if (!ht_str_is(program, "runc") && !ht_str_is(program, "crun"))
        return NULL;
    for (size_t i = 1; i < parent->argv.len; i++) {
        if (ht_str_find(parent->argv.items[i], HT_S("/buildkit/executor/"), 0) >= 0)
            return "buildkit";
    }
    return NULL;
}
