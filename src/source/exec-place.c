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
#include <time.h>
#include <unistd.h>

#include "exec-private.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

enum {
    MOUNTS_MAX = 8192, /* of all containers */
    EACH_MAX = 64,     /* of one: its root, the layers below it, its volumes */
};

/* Somebody from outside ran a file of a container: after that long it is of no account. */
#define DOUBT_NS (INT64_C(60) * HT_NS_PER_S)

/* Long enough for a shell to start a program in its place; too short for its number to be given to
 * another process. */
#define EARLIER_NS (INT64_C(1) * HT_NS_PER_S)
#define SESSION_NS EARLIER_NS

/* Whose mounts are: a container, or the node. */
struct home {
    size_t mounts;
    char id[]; /* "": the node */
};

struct place {
    struct home *home;
    bool in_doubt; /* another one was told too */
    int64_t doubt_ns;
    pid_t session; /* whose processes run its files as the container's; 0: none */
    int64_t session_ns;
};

/* ---- while it lives ---- */

bool ht_exec_is_ending(struct ht_proc_reader *reader, pid_t pid)
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
    if (facts.sure != HT_CGROUP_CERTAIN && ht_exec_is_ending(reader, pid))
        ht_buf_reset(out);
}

bool ht_exec_is_later(uint64_t start, int64_t at_mono_ns)
{
    uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
    struct timespec mono, boot;
    int64_t asleep;

    clock_gettime(CLOCK_MONOTONIC, &mono);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    asleep = ht_time_of(&boot) - ht_time_of(&mono);
    return start / ticks * HT_NS_PER_S + start % ticks * (HT_NS_PER_S / ticks) >
           (uint64_t)(at_mono_ns + asleep);
}

/* ---- afterwards ---- */

static struct ht_str key_of(const uint64_t *mount)
{
    return (struct ht_str){.data = (const char *)mount, .len = sizeof(*mount)};
}

static bool is_node(const struct home *home)
{
    return *home->id == '\0';
}

static struct home *join(struct ht_exec_places *places, struct ht_str id)
{
    struct home *home = ht_map_get(places->homes, id);

    if (!home) {
        home = ht_alloc0(1, sizeof(*home) + id.len + 1);
        if (id.len)
            memcpy(home->id, id.data, id.len);
        ht_map_set(places->homes, id, home);
    }
    home->mounts++;
    return home;
}

static void free_place(struct ht_exec_places *places, struct place *place)
{
    if (--place->home->mounts == 0)
        free(ht_map_remove(places->homes, ht_str_from(place->home->id)));
    free(place);
}

struct leaving {
    struct ht_exec_places *places;
    const struct home *home; /* NULL: all containers */
};

static bool leaves(void *context, struct ht_str key, void *value)
{
    const struct leaving *leaving = context;
    struct place *place = value;

    (void)key;
    if (leaving->home ? place->home != leaving->home : is_node(place->home))
        return false;
    free_place(leaving->places, place);
    return true;
}

static void forget(struct ht_exec_places *places, const struct home *home)
{
    ht_map_remove_if(places->mounts, leaves, &(struct leaving){.places = places, .home = home});
}

void ht_exec_places_init(struct ht_exec_places *places)
{
    places->mounts = ht_map_new();
    places->homes = ht_map_new();
}

void ht_exec_places_fini(struct ht_exec_places *places)
{
    ht_map_free_values(places->mounts);
    places->mounts = ht_map_free(places->mounts);
    ht_map_free_values(places->homes);
    places->homes = ht_map_free(places->homes);
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

static void remove_mount(struct ht_exec_places *places, uint64_t mount)
{
    struct place *place = ht_map_remove(places->mounts, key_of(&mount));

    if (place)
        free_place(places, place);
}

/* A container that has too many loses its own, and nobody else's. */
static void add_mount(struct ht_exec_places *places, uint64_t mount, struct ht_str id)
{
    struct place *place = ht_new0(struct place);

    if (ht_map_len(places->mounts) >= MOUNTS_MAX)
        forget(places, NULL);
    place->home = join(places, id);
    if (id.len && place->home->mounts > EACH_MAX)
        forget(places, place->home);
    ht_map_set(places->mounts, key_of(&mount), place);
}

void ht_exec_learn_node(struct ht_exec_places *places, uint64_t mount)
{
    const char *home = ht_exec_home_of_mount(places, mount);

    if (mount == 0 || (home && *home == '\0'))
        return;
    remove_mount(places, mount);
    add_mount(places, mount, HT_S(""));
}

void ht_exec_learn_mount(struct ht_exec_places *places, uint64_t mount, struct ht_str container_id,
                         int64_t now_ns)
{
    struct place *place;

    if (mount == 0)
        return;
    place = ht_map_get(places->mounts, key_of(&mount));
    if (place && place->in_doubt && now_ns - place->doubt_ns >= DOUBT_NS) {
        remove_mount(places, mount);
        place = NULL;
    }
    if (!place) {
        if (container_id.len)
            add_mount(places, mount, container_id);
        return;
    }
    if (place->in_doubt || is_node(place->home) ||
        ht_str_equal(ht_str_from(place->home->id), container_id))
        return;
    place->in_doubt = true;
    place->doubt_ns = now_ns;
}

const char *ht_exec_home_of_mount(const struct ht_exec_places *places, uint64_t mount)
{
    const struct place *place = mount ? ht_map_get(places->mounts, key_of(&mount)) : NULL;

    return place && !place->in_doubt ? place->home->id : NULL;
}

static struct place *contained_place(const struct ht_exec_places *places, uint64_t mount)
{
    struct place *place = mount ? ht_map_get(places->mounts, key_of(&mount)) : NULL;

    return place && !place->in_doubt && !is_node(place->home) ? place : NULL;
}

pid_t ht_exec_session_of_mount(const struct ht_exec_places *places, uint64_t mount, int64_t now_ns)
{
    const struct place *place = contained_place(places, mount);

    return place && place->session && now_ns - place->session_ns < SESSION_NS ? place->session : 0;
}

bool ht_exec_is_session_due(const struct ht_exec_places *places, uint64_t mount, int64_t now_ns)
{
    const struct place *place = contained_place(places, mount);

    return place && (place->session_ns == 0 || now_ns - place->session_ns >= SESSION_NS);
}

void ht_exec_learn_session(struct ht_exec_places *places, uint64_t mount, pid_t session,
                           int64_t now_ns)
{
    struct place *place = contained_place(places, mount);

    if (!place)
        return;
    place->session = session;
    place->session_ns = now_ns;
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
