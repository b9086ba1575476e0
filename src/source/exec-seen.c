/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that were given, and of these such as nobody asks about. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "exec-private.h"
#include "hulltop/base/mem.h"

void ht_exec_seen_fini(struct ht_exec_seen *seen)
{
    for (size_t i = 0; i < HT_EXEC_SEEN; i++)
        free(seen->files[i].path);
}

bool ht_exec_look(int dirfd, const char *path, struct ht_exec_key *ret_key)
{
    struct statx about;

    if (statx(dirfd, path, AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
              STATX_INO | STATX_CTIME | HT_EXEC_STATX_MOUNT, &about) < 0)
        return false;
    *ret_key = (struct ht_exec_key){
        .mount = about.stx_mask & HT_EXEC_STATX_MOUNT ? about.stx_mnt_id : 0,
        .ino = about.stx_ino,
        .changed_s = about.stx_ctime.tv_sec,
        .changed_ns = about.stx_ctime.tv_nsec,
        .dev_major = about.stx_dev_major,
        .dev_minor = about.stx_dev_minor,
    };
    return true;
}

bool ht_exec_key_is(const struct ht_exec_key *a, const struct ht_exec_key *b)
{
    return a->home == b->home && a->mount == b->mount && a->ino == b->ino &&
           a->changed_s == b->changed_s && a->changed_ns == b->changed_ns &&
           a->dev_major == b->dev_major && a->dev_minor == b->dev_minor;
}

static size_t place_of(const struct ht_exec_key *key)
{
    return (key->home ^ key->ino ^ key->ino >> 10) & (HT_EXEC_SEEN - 1);
}

bool ht_exec_seen_before(struct ht_exec_seen *seen, const struct ht_exec_key *key)
{
    struct ht_exec_seen_file *file = &seen->files[place_of(key)];

    if (ht_exec_key_is(&file->key, key))
        return true;
    free(file->path);
    *file = (struct ht_exec_seen_file){.key = *key};
    return false;
}

const struct ht_exec_seen_file *ht_exec_seen_quiet(const struct ht_exec_seen *seen,
                                                   const struct ht_exec_key *key, int64_t now_ns)
{
    const struct ht_exec_seen_file *file = &seen->files[place_of(key)];

    return key->home && file->path && ht_exec_key_is(&file->key, key) &&
                   now_ns < file->quiet_until_ns
               ? file
               : NULL;
}

void ht_exec_seen_mute(struct ht_exec_seen *seen, const struct ht_exec_key *key,
                       const struct ht_exec_mute *mute)
{
    struct ht_exec_seen_file *file = &seen->files[place_of(key)];

    if (!ht_exec_key_is(&file->key, key))
        return;
    free(file->path);
    file->path = ht_strndup(mute->path.data, mute->path.len);
    file->quiet_until_ns = mute->until_ns;
    if (mute->exe)
        file->exe = *mute->exe;
}
