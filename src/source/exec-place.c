/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose a start was, when its process has ended before anybody could ask. A container's root file
 * system is mounted for it alone, so that the mount of a file that was run tells the container,
 * once one of its starts was told for sure; and a process that started one program in a container
 * starts the next one there.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "exec-private.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

enum { MOUNTS_MAX = 4096 };

/* Long enough for a shell to start a program in its place; too short for its number to be given to
 * another process. */
#define EARLIER_NS (INT64_C(1) * HT_NS_PER_S)

/* Of the node, or of more than one container: it tells nothing. */
static const char nobody[] = "";

/* ---- while it lives ---- */

static bool is_ending(struct ht_proc_reader *reader, pid_t pid)
{
    struct ht_proc_stat stat;
    bool gone;

    return ht_proc_decode_stat(ht_proc_read_file(reader, pid, "stat", &gone), &stat) < 0 ||
           stat.ending;
}

void ht_exec_read_cgroup(struct ht_proc_reader *reader, pid_t pid, struct ht_buf *out)
{
    struct ht_cgroup_facts facts;
    bool gone;

    ht_buf_reset(out);
    if (pid <= 0)
        return;
    ht_buf_add_str(out, ht_proc_read_file(reader, pid, "cgroup", &gone));
    if (!ht_cgroup_is_left(ht_buf_str(out)))
        return;
    /* What cgroup v2 still says beside v1 is enough. Asked afterwards: who does not end now did not
     * when the groups were read. */
    ht_cgroup_decode(ht_buf_str(out), &facts);
    if (facts.sure != HT_CGROUP_CERTAIN && is_ending(reader, pid))
        ht_buf_reset(out);
}

/* ---- afterwards ---- */

static struct ht_str key_of(const uint64_t *mount)
{
    return (struct ht_str){.data = (const char *)mount, .len = sizeof(*mount)};
}

void ht_exec_places_init(struct ht_exec_places *places)
{
    places->mounts = ht_map_new();
}

void ht_exec_places_fini(struct ht_exec_places *places)
{
    ht_map_free_values(places->mounts);
    places->mounts = ht_map_free(places->mounts);
}

uint64_t ht_exec_mount_of(int dirfd, const char *path)
{
    struct statx about;

    if (statx(dirfd, path, AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
              HT_EXEC_STATX_MOUNT, &about) < 0 ||
        !(about.stx_mask & HT_EXEC_STATX_MOUNT))
        return 0;
    return about.stx_mnt_id;
}

static void set_mount(struct ht_exec_places *places, uint64_t mount, struct ht_str id)
{
    free(ht_map_set(places->mounts, key_of(&mount), ht_strndup(id.data, id.len)));
}

static bool is_of_container(void *context, struct ht_str key, void *value)
{
    (void)context;
    (void)key;
    if (*(const char *)value == '\0')
        return false;
    free(value);
    return true;
}

void ht_exec_learn_mount(struct ht_exec_places *places, uint64_t mount, struct ht_str container_id)
{
    const char *known;

    if (mount == 0)
        return;
    known = ht_map_get(places->mounts, key_of(&mount));
    if (known && ht_str_equal(ht_str_from(known), container_id))
        return;
    if (known) {
        if (*known)
            set_mount(places, mount, ht_str_from(nobody));
        return;
    }
    if (ht_map_len(places->mounts) >= MOUNTS_MAX)
        ht_map_remove_if(places->mounts, is_of_container, NULL);
    if (ht_map_len(places->mounts) < MOUNTS_MAX)
        set_mount(places, mount, container_id);
}

const char *ht_exec_home_of_mount(const struct ht_exec_places *places, uint64_t mount)
{
    return mount ? ht_map_get(places->mounts, key_of(&mount)) : NULL;
}

static struct ht_exec_earlier *slot_of(struct ht_exec_places *places, pid_t pid)
{
    return &places->earlier[(size_t)pid % HT_EXEC_EARLIER];
}

void ht_exec_learn_pid(struct ht_exec_places *places, pid_t pid, struct ht_str container_id,
                       int64_t now_ns)
{
    struct ht_exec_earlier *slot = slot_of(places, pid);

    if (container_id.len >= sizeof(slot->id)) {
        slot->pid = 0;
        return;
    }
    slot->pid = pid;
    slot->at_ns = now_ns;
    memcpy(slot->id, container_id.data, container_id.len);
    slot->id[container_id.len] = '\0';
}

struct ht_str ht_exec_home_of_pid(struct ht_exec_places *places, pid_t pid, int64_t now_ns)
{
    const struct ht_exec_earlier *slot = slot_of(places, pid);

    if (pid <= 0 || slot->pid != pid || now_ns - slot->at_ns > EARLIER_NS)
        return (struct ht_str){0};
    return ht_str_from(slot->id);
}
