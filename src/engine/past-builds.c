/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "past-builds.h"

#include "hulltop/base/mem.h"
#include "hulltop/model/subject.h"
#include "hulltop/base/vec.h"

/* How many jobs that ended are remembered: those that ended last. */
enum { ENDED_MAX = 100 };

struct job {
    struct ht_row *row; /* as it was last seen; once over, with its end */
    bool ended;
    bool seen; /* in this pass */
    int64_t ended_at;
};

struct ht_past_builds {
    struct ht_map *jobs; /* key of the build to struct job */
    size_t ended;
};

struct ht_past_builds *ht_past_builds_new(void)
{
    struct ht_past_builds *past = ht_new0(struct ht_past_builds);

    past->jobs = ht_map_new();
    return past;
}

static void free_job(struct job *job)
{
    ht_row_unref(job->row);
    free(job);
}

static void free_visit(void *context, struct ht_str key, void *value)
{
    (void)context;
    (void)key;
    free_job(value);
}

struct ht_past_builds *ht_past_builds_free(struct ht_past_builds *past)
{
    if (past) {
        ht_map_each(past->jobs, free_visit, NULL);
        ht_map_free(past->jobs);
    }
    free(past);
    return NULL;
}

void ht_past_builds_reset(struct ht_past_builds *past)
{
    ht_map_each(past->jobs, free_visit, NULL);
    ht_map_free(past->jobs);
    past->jobs = ht_map_new();
    past->ended = 0;
}

/* ---- one pass ---- */

struct pass {
    struct ht_past_builds *past;
    struct ht_node *node;
    int64_t now_ns;
    int64_t oldest; /* end of the job that ended first */
};

static void see(struct pass *pass, struct ht_row *row)
{
    const struct ht_build *build = ht_build_of(row);
    struct job *job = ht_map_get(pass->past->jobs, build->key);

    if (!ht_build_has_state(build) || build->state != HT_BUILD_STATE_RUNNING)
        return;
    if (!job) {
        job = ht_new0(struct job);
        ht_map_set(pass->past->jobs, build->key, job);
    }
    if (job->ended)
        pass->past->ended--;
    ht_row_unref(job->row);
    job->row = ht_row_ref(row);
    job->ended = false;
    job->seen = true;
}

/* Whether the source that told of a build still does. */
static bool still_tells(const struct pass *pass, const struct ht_build *build)
{
    const struct ht_row *row = ht_node_find(pass->node, HT_TABLE_SOURCE, build->source);

    return row && ht_source_is_good(ht_source_of(row));
}

static void end_job(struct pass *pass, struct job *job)
{
    struct ht_build build = *ht_build_of(job->row);

    ht_build_set_state(&build, HT_BUILD_STATE_ENDED);
    ht_build_set_ended_at(&build, pass->now_ns);

    struct ht_row *row = ht_row_new(&ht_build_table, &build);
    ht_row_unref(job->row);
    job->row = row;
    job->ended = true;
    job->ended_at = pass->now_ns;
    pass->past->ended++;
}

static void end_visit(void *context, struct ht_str key, void *value)
{
    struct pass *pass = context;
    struct job *job = value;

    (void)key;
    if (!job->seen && !job->ended && still_tells(pass, ht_build_of(job->row)))
        end_job(pass, job);
    if (!job->seen && !ht_node_find(pass->node, HT_TABLE_BUILD, ht_row_id(job->row)))
        ht_node_add(pass->node, ht_row_ref(job->row));
    if (job->ended && (pass->oldest == 0 || job->ended_at < pass->oldest))
        pass->oldest = job->ended_at;
    job->seen = false;
}

static bool is_oldest(void *context, struct ht_str key, void *value)
{
    struct pass *pass = context;
    struct job *job = value;

    (void)key;
    if (!job->ended || job->ended_at != pass->oldest)
        return false;
    free_job(job);
    pass->past->ended--;
    return true;
}

void ht_past_builds_apply(struct ht_past_builds *past, struct ht_node *node, int64_t now_ns)
{
    const struct ht_rowset *builds = ht_node_set(node, HT_TABLE_BUILD);
    struct pass pass = {.past = past, .node = node, .now_ns = now_ns};

    for (size_t i = 0; i < builds->len; i++)
        see(&pass, builds->rows[i]);
    ht_map_each(past->jobs, end_visit, &pass);
    if (past->ended > ENDED_MAX)
        ht_map_remove_if(past->jobs, is_oldest, &pass);
    ht_node_sort(node);
}
