/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs of images that were judged in this pass. Most processes of a container run what another
 * one runs already: two calls tell that, and the judge is not asked again.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drift-look.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

enum { KNOWN_MAX = 20000, NAME_BYTES = 32, KEY_BYTES = 8192 };

#define DELETED " (deleted)"

struct ht_drift_known {
    size_t id_len;
    char id[]; /* of its code */
};

/* What is the same for all that run the same file of a container by the same path. */
struct file_key {
    uint64_t ino;
    int64_t changed_s;
    uint32_t changed_ns, dev_major, dev_minor, links;
};

void ht_drift_known_forget(struct ht_drift *drift)
{
    ht_map_free_values(drift->known);
    ht_map_free(drift->known);
    drift->known = NULL;
}

/* A process that runs another program between the two calls has a pair that nobody judged. */
void ht_drift_read_exe(struct ht_drift_looking *looking)
{
    struct ht_drift *drift = looking->drift;
    ht_autobuf struct ht_buf key = HT_BUF(KEY_BYTES);
    char name[NAME_BYTES], link[PATH_MAX];
    struct statx about;
    ssize_t len;

    snprintf(name, sizeof(name), "%d/exe", (int)looking->process->pid);
    if (statx(drift->reader.proc_fd, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_BASIC_STATS,
              &about) < 0)
        return;
    len = readlinkat(drift->reader.proc_fd, name, link, sizeof(link));
    if (len <= 0 || (size_t)len == sizeof(link))
        return;

    struct ht_str path = {.data = link, .len = (size_t)len};
    struct file_key file;
    memset(&file, 0, sizeof(file)); /* its bytes are compared */
    file.ino = about.stx_ino;
    file.changed_s = about.stx_ctime.tv_sec;
    file.changed_ns = about.stx_ctime.tv_nsec;
    file.dev_major = about.stx_dev_major;
    file.dev_minor = about.stx_dev_minor;
    file.links = about.stx_nlink;
    if (file.links == 0 || ht_str_has_suffix(path, DELETED))
        return;
    ht_buf_add(&key, &file, sizeof(file));
    ht_buf_add_str(&key, ht_layers_id(looking->process->home));
    ht_buf_add_c(&key, ' ');
    ht_buf_add_str(&key, path);
    looking->exe.key = ht_arena_str(drift->arena, ht_buf_str(&key));
    looking->exe.path = ht_arena_str(drift->arena, path);
    looking->exe.size = about.stx_size;
    looking->exe.changed_at = ht_time_of_statx(about.stx_ctime);
    looking->known = drift->known ? ht_map_get(drift->known, ht_buf_str(&key)) : NULL;
}

struct ht_str ht_drift_known_id(const struct ht_drift_known *known)
{
    return (struct ht_str){.data = known->id, .len = known->id_len};
}

void ht_drift_known_add(struct ht_drift_looking *looking, const struct ht_code *code)
{
    struct ht_drift *drift = looking->drift;
    struct ht_drift_known *known;

    /* It may have started another program meanwhile. */
    if (code->origin != HT_CODE_ORIGIN_IMAGE || looking->exe.path.len == 0 ||
        !ht_str_equal(looking->exe.path, code->path) || code->size != looking->exe.size ||
        code->changed_at != looking->exe.changed_at)
        return;
    if (!drift->known)
        drift->known = ht_map_new();
    if (ht_map_len(drift->known) >= KNOWN_MAX)
        return;
    known = ht_alloc0(1, sizeof(*known) + code->id.len + 1);
    memcpy(known->id, code->id.data, code->id.len);
    known->id_len = code->id.len;
    looking->known = known;
    free(ht_map_set(drift->known, looking->exe.key, known));
}
