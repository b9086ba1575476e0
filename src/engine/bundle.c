/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/file.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/tar.h"
#include "hulltop/source/evidence.h"

enum { MISSING_MAX = 64 * 1024 };

static const char readme[] =
    "Evidence of one finding, as hulltop saved it.\n"
    "\n"
    "finding.json           the finding and all rows about it\n"
    "times.txt              when what happened, in UTC and in the zone of the node\n"
    "process-tree.txt       its processes, those of its container, their parents\n"
    "packages.txt           packages that are not as the image has them\n"
    "mounts.txt             mounts of its container\n"
    "PID/                   what was read of a living process\n"
    "PID/program.do-not-run the program as it ran. DO NOT RUN IT: it has no mode\n"
    "                       bits so that nobody does by mistake.\n"
    "PID/code.do-not-run    the script or library that the finding is about, as it lies there now\n"
    "MISSING.txt            what could not be had, and why\n"
    "SHA256SUMS             of all files above: sha256sum -c SHA256SUMS\n"
    "\n"
    "Values of environment variables are not in here; secrets in command lines\n"
    "are masked. The program may hold secrets: keep this file to yourself.\n";

/* An archive under way. */
struct writing {
    const struct ht_bundle *bundle;
    const struct ht_bundle_about *about;
    struct ht_tar *tar;
    struct ht_buf text;    /* of the next member */
    struct ht_buf missing; /* what could not be had */
    struct ht_error *err;
};

/* The text, if something is known of it; it is empty afterwards. */
static int add_text(struct writing *writing, const char *name, bool known)
{
    int r = 0;

    if (ht_buf_is_full(&writing->text))
        ht_buf_addf(&writing->missing, "%s: only its beginning, it is too long\n", name);
    if (known)
        r = ht_tar_add(writing->tar, name, 0400, ht_buf_str(&writing->text), writing->err);
    else
        ht_buf_addf(&writing->missing, "%s: nothing is known of it\n", name);
    ht_buf_reset(&writing->text);
    return r;
}

/* What the state tells. */
static int add_told(struct writing *writing)
{
    const struct ht_bundle_about *about = writing->about;
    struct ht_buf *text = &writing->text;
    bool known;
    int r = ht_tar_add(writing->tar, "README.txt", 0400, ht_str_from(readme), writing->err);

    if (r < 0)
        return r;
    ht_bundle_write_finding(about, writing->bundle->now_ns, text);
    r = add_text(writing, "finding.json", true);
    if (r < 0)
        return r;
    ht_bundle_write_times(about, writing->bundle->now_ns, text);
    r = add_text(writing, "times.txt", true);
    if (r < 0)
        return r;
    ht_bundle_write_tree(about, text);
    r = add_text(writing, "process-tree.txt", text->len > 0);
    if (r < 0)
        return r;
    known = ht_bundle_write_packages(about, text);
    r = add_text(writing, "packages.txt", known);
    if (r < 0)
        return r;
    known = ht_bundle_write_mounts(about, text);
    return add_text(writing, "mounts.txt", known);
}

/* What only living processes show. */
static int add_living(struct writing *writing)
{
    const struct ht_bundle_about *about = writing->about;
    const char *proc = writing->bundle->proc;
    int r = 0;

    if (!proc || about->processes_len == 0)
        ht_buf_addf(&writing->missing, "program, maps, sockets, names of the environment: %s\n",
                    proc ? "no process of it is known"
                         : "this is a recording, which does not hold them");
    for (size_t i = 0; proc && i < about->processes_len && r == 0; i++)
        r = ht_evidence_add(writing->tar,
                            &(struct ht_evidence_ask){.proc = proc,
                                                      .pid = (pid_t)about->processes[i].pid,
                                                      .start = about->processes[i].start,
                                                      .code = about->processes[i].code},
                            &writing->missing, writing->err);
    return r;
}

static size_t count_lines(const struct ht_buf *text)
{
    size_t count = 0;

    for (size_t i = 0; i < text->len; i++)
        count += text->data[i] == '\n';
    return count;
}

/* The living part is read first: the rest can wait, a process that ends does not. */
static int fill(struct writing *writing)
{
    int r = add_living(writing);

    if (r == 0)
        r = add_told(writing);
    if (r == 0)
        r = ht_tar_add(writing->tar, "MISSING.txt", 0400, ht_buf_str(&writing->missing),
                       writing->err);
    return r == 0 ? ht_tar_end(writing->tar, writing->err) : r;
}

int ht_bundle_save(const struct ht_bundle *bundle, const char *path, struct ht_buf *told,
                   struct ht_error *err)
{
    struct ht_bundle_about about;
    struct ht_tar tar;
    struct writing writing = {.bundle = bundle, .about = &about, .tar = &tar, .err = err};
    ht_autoclose int fd = -1;
    int r;

    if (!ht_bundle_find(bundle->state, bundle->finding, &about))
        return ht_error_set(err, ENOENT, "%s: the finding is gone", path);
    fd = ht_file_create(path, 0, err);
    if (fd < 0)
        return fd;
    ht_buf_init(&writing.text, HT_LIMIT_BODY);
    ht_buf_init(&writing.missing, MISSING_MAX);
    ht_tar_init(&tar, fd, path, bundle->now_ns / HT_NS_PER_S);
    r = fill(&writing);
    if (r == 0) {
        ht_buf_add_text(told, "saved");
        if (writing.missing.len) /* in front: a narrow screen cuts the path */
            ht_buf_addf(told, " (%zu missing: see MISSING.txt in it)",
                        count_lines(&writing.missing));
        ht_buf_add_text(told, " ");
        ht_file_add_whole_path(told, path);
    }
    ht_tar_fini(&tar);
    ht_buf_fini(&writing.text);
    ht_buf_fini(&writing.missing);
    return r;
}
