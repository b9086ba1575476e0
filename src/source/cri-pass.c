/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A runtime that speaks the Container Runtime Interface alone (CRI-O): lists, and the verbose
 * status of what is new, has changed, or was not asked for long. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "containerd-private.h"
#include "cri-decode.h"

#include "hulltop/base/limits.h"
#include "hulltop/base/log.h"
#include "hulltop/base/mem.h"

enum { STATUS_PASSES = 120 /* of 5 s */ };

static const char *const interfaces[] = {"runtime.v1", "runtime.v1alpha2"};

static int call(struct ht_containerd *ctd, const char *method, struct ht_str message,
                struct ht_buf *answer, struct ht_trouble *trouble)
{
    char path[100];

    snprintf(path, sizeof(path), "/%s.RuntimeService/%s", ctd->cri, method);
    return ht_containerd_call(ctd, &(struct ht_containerd_call){.path = path, .message = message},
                              answer, trouble);
}

int ht_cri_hello(struct ht_containerd *ctd, struct ht_trouble *trouble)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autobuf struct ht_buf answer = HT_BUF(0);
    struct ht_str name, version;
    struct ht_error err = {0};
    int r = -ENOSYS;

    for (size_t i = 0; r == -ENOSYS && i < ARRAY_LEN(interfaces); i++) {
        ctd->cri = interfaces[i];
        r = call(ctd, "Version", HT_S(""), &answer, trouble);
    }
    if (r == 0 && ht_cri_decode_version(arena, ht_buf_str(&answer), &name, &version, &err) < 0)
        r = ht_containerd_explain(&err, trouble);
    if (r < 0) {
        ctd->cri = NULL;
        return r;
    }
    snprintf(ctd->runtime, sizeof(ctd->runtime), "%.*s", HT_STR_ARG(ht_str_sub(name, 0, 20)));
    snprintf(ctd->version, sizeof(ctd->version), "%.*s", HT_STR_ARG(ht_str_sub(version, 0, 50)));
    return 0;
}

/* ---- one ---- */

/* A pod without a process is known for what its containers share, and told by them alone. */
static void keep_untold(struct ht_containerd *ctd, struct ht_containerd_known *known,
                        struct ht_row *raw)
{
    ctd->changed = ctd->changed || known->row;
    ht_row_unref(known->row);
    ht_row_unref(known->raw);
    known->row = NULL;
    known->raw = raw;
}

static void keep(struct ht_containerd *ctd, struct ht_containerd_known *known, struct ht_row *raw)
{
    const struct ht_containerd_known *sandbox =
        known->sandbox[0] ? ht_containerd_know(ctd, HT_S("cri"), ht_str_from(known->sandbox))
                          : NULL;
    struct ht_row *kept = ht_row_keep(
        known->row,
        ht_containerd_add_history(ctd, known,
                                  sandbox && sandbox->raw ? ht_containerd_shared(raw, sandbox->raw)
                                                          : ht_row_ref(raw)));

    ctd->changed = ctd->changed || kept != known->row;
    ht_row_unref(known->row);
    ht_row_unref(known->raw);
    known->row = kept;
    known->raw = raw;
}

static int ask_status(struct ht_containerd *ctd, struct ht_containerd_known *known,
                      const struct ht_cri_listed *listed, struct ht_trouble *trouble)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    ht_autobuf struct ht_buf request = HT_BUF(200), answer = HT_BUF(0);
    struct ht_row *row = NULL;
    struct ht_error err = {0};
    int r;

    ht_cri_encode_status(&request, listed->id);
    r = call(ctd, listed->is_sandbox ? "PodSandboxStatus" : "ContainerStatus", ht_buf_str(&request),
             &answer, trouble);
    /* Gone since it was listed. */
    if (r == -ENODATA)
        return 0;
    if (r < 0)
        return r;
    r = ht_cri_decode_status(arena, ht_buf_str(&answer), listed, &row, &err);
    if (r < 0) {
        ctd->broken++;
        snprintf(ctd->cause, sizeof(ctd->cause), "%.12s: %s", known->id,
                 err.code ? err.text : "its status has no specification");
    }
    if (!row)
        row = ht_row_new(&ht_container_table, listed->base);
    known->looked = ctd->pass;
    known->fingerprint = listed->fingerprint;
    known->dirty = r < 0; /* counted again at the next pass */
    if (r == HT_CRI_NO_PROCESS)
        keep_untold(ctd, known, row);
    else
        keep(ctd, known, row);
    return 0;
}

static int take(struct ht_containerd *ctd, const struct ht_cri_listed *listed,
                struct ht_trouble *trouble)
{
    struct ht_containerd_known *known = ht_containerd_know(ctd, HT_S("cri"), listed->id);

    known->pass = ctd->pass;
    snprintf(known->sandbox, sizeof(known->sandbox), "%.*s", HT_STR_ARG(listed->sandbox));
    if (known->raw && !known->dirty && known->fingerprint == listed->fingerprint &&
        ctd->pass - known->looked < STATUS_PASSES)
        return 0;
    ctd->feed->at(ctd->feed, "asking for the status of a container");
    return ask_status(ctd, known, listed, trouble);
}

/* ---- all of them ---- */

int ht_cri_pass(struct ht_containerd *ctd, struct ht_trouble *trouble)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    ht_autobuf struct ht_buf pods = HT_BUF(0), containers = HT_BUF(0);
    const struct ht_containerd_context context = {.source = ht_str_from(ctd->name),
                                                  .daemon = ht_str_from(ctd->endpoint),
                                                  .runtime = ht_str_from(ctd->runtime)};
    int64_t start = ht_clock_mono(ctd->feed->clock);
    struct ht_cri_list list;
    struct ht_error err = {0};
    int r;

    ctd->feed->at(ctd->feed, "listing containers");
    r = call(ctd, "ListPodSandbox", HT_S(""), &pods, trouble);
    if (r == 0)
        r = call(ctd, "ListContainers", HT_S(""), &containers, trouble);
    if (r < 0)
        return r;
    r = ht_cri_decode_lists(
        arena,
        &(struct ht_cri_answers){.pods = ht_buf_str(&pods), .containers = ht_buf_str(&containers)},
        &context, &list, &err);
    if (r < 0)
        return ht_containerd_explain(&err, trouble);
    ctd->pass++;
    ctd->broken = 0;
    for (size_t i = 0; r == 0 && i < list.len; i++)
        r = take(ctd, &list.items[i], trouble);
    if (r == 0)
        ht_containerd_pass_over(ctd, start);
    return r;
}
