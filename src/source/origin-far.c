/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of containers whose root is on a file system that can hang, as a helper sees them. */
#include "origin.h"

#include <errno.h>
#include <sys/stat.h>

#include "origin-inner.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

/* Whether its file system did not answer. Once all helpers that were given up are forgiven, so are
 * those they looked for. */
static bool is_silent(struct ht_origin *origin, struct ht_str container_id)
{
    if (ht_map_len(origin->silent) && ht_helper_given_up(origin->spawner) == 0) {
        ht_map_free(origin->silent);
        origin->silent = ht_map_new();
    }
    return ht_map_get(origin->silent, container_id);
}

/* A question gets what is left of the pass's patience, which is enough as long as half of it is;
 * past that the others wait for the next pass. One that did not answer holds a helper for ever, and
 * there are few. */
static int ask_helper(struct ht_origin *origin, const struct ht_origin_ask *ask,
                      enum ht_helper_operation operation, size_t max)
{
    ht_autofree char *path = ht_strndup(ask->path.data, ask->path.len);
    struct ht_helper_request request = {.operation = operation,
                                        .pid = ask->pid,
                                        .start_time = ask->start,
                                        .path = path,
                                        .max_bytes = max};
    struct ht_error err = {0};
    int64_t began;
    int r;

    if (!origin->spawner || !ht_helper_is_on(origin->spawner))
        return -EXDEV;
    if (is_silent(origin, ask->container_id))
        return -ETIMEDOUT;
    if (origin->waited_ns > origin->patience_ns / 2)
        return -EBUSY;
    request.timeout_ms = (unsigned)((origin->patience_ns - origin->waited_ns) / HT_NS_PER_MS);
    began = ht_clock_mono(ht_clock_system());
    r = ht_helper_ask(origin->spawner, &request, &origin->heard, &err);
    origin->waited_ns += ht_clock_mono(ht_clock_system()) - began;
    if (r == -ETIMEDOUT)
        ht_map_set(origin->silent, ask->container_id, origin);
    return r;
}

static void describe(const struct stat *about, struct ht_code *code)
{
    ht_code_set_size(code, (uint64_t)about->st_size);
    ht_code_set_unlinked(code, about->st_nlink == 0);
    ht_code_set_mode(code, about->st_mode & 07777);
    ht_code_set_uid(code, about->st_uid);
    ht_code_set_gid(code, about->st_gid);
    ht_code_set_modified_at(code, ht_time_of(&about->st_mtim));
    ht_code_set_changed_at(code, ht_time_of(&about->st_ctim));
}

int ht_origin_judge_far(struct ht_origin *origin, const struct ht_origin_ask *ask,
                        struct ht_arena *arena, struct ht_code *code)
{
    struct ht_space *space;
    struct ht_str place;
    int dirfd, r = ht_origin_enter(origin, ask, &dirfd, &space);

    if (r < 0)
        return r;
    if (!space->root || space->is_overlay || !ht_mountinfo_can_hang(space->root->type))
        return -EXDEV;
    r = ask_helper(origin, ask, HT_HELPER_STAT, 0);
    if (r < 0)
        return r == -ENOTDIR || r == -ELOOP ? -ENOENT : r;
    if (!S_ISREG(origin->heard.stat.st_mode))
        return -ENOENT;
    place = ht_buf_str(&origin->heard.data);
    ht_code_set_kind(code, ask->kind);
    ht_code_set_path(code, ht_arena_str(arena, place.len ? place : ask->path));
    ht_code_set_container_id(code, ask->container_id);
    ht_code_set_pid(code, (uint64_t)ask->pid);
    describe(&origin->heard.stat, code);
    ht_origin_tell_shared(space, arena, code);
    return 0;
}

bool ht_origin_read_far(struct ht_origin *origin, const struct ht_origin_ask *ask, size_t max,
                        struct ht_buf *out)
{
    if (ask_helper(origin, ask, HT_HELPER_READ, max) < 0)
        return false;
    ht_buf_add_str(out, ht_buf_str(&origin->heard.data));
    return true;
}
