/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Libraries: what processes of containers map to be executed, and what is loaded before all else.
 *
 * Most mappings are the image's and the same in every process: they are told once a pass.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "drift-environ.h"
#include "drift-look.h"
#include "drift-script.h"
#include "running-mapped.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/model/code.h"

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x00001000U
#endif

enum { FILES_MAX = 4096, KNOWN_MAX = 100000, PRELOADS_MAX = 256, PATH_BYTES = 8192 };

#define MAPS_AGAIN_NS (INT64_C(300) * HT_NS_PER_S)

/* Devices and the kernel's own objects are no code of anybody's. */
static bool is_no_code(struct ht_str path)
{
    static const char *const prefixes[] = {"/dev/zero", "/dev/dri", "/dev/nvidia", "/SYSV",
                                           "/[",        "/anon_",   "/drm",        "/i915"};

    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        if (ht_str_has_prefix(path, prefixes[i]))
            return true;
    }
    return false;
}

/* By what a mapping of the container is known in this pass to be the image's. */
static struct ht_str known_key(struct ht_drift_looking *looking, const struct ht_mapping *mapping,
                               struct ht_buf *key)
{
    const uint64_t file[] = {mapping->major, mapping->minor, mapping->inode};

    ht_buf_reset(key);
    ht_buf_add(key, file, sizeof(file));
    ht_buf_add_str(key, ht_layers_id(looking->process->home));
    ht_buf_add_str(key, mapping->path);
    return ht_buf_str(key);
}

/* What has no path any more cannot be opened: only its name is left. */
static bool judge_deleted(struct ht_drift_looking *looking, struct ht_str path,
                          struct ht_code *code)
{
    bool memory = ht_str_has_prefix(path, "/memfd:");
    struct ht_code now = {0};

    /* Another file has its place: a package was updated, and the old one may be the image's. Where
     * nobody could look at its place that excuses nothing; nor does a file where the image has
     * none, which anybody can put there. */
    if (!memory && ht_drift_judge_path(looking, path, HT_CODE_KIND_LIBRARY, &now) &&
        ht_code_has_size(&now) && now.origin != HT_CODE_ORIGIN_ADDED &&
        now.origin != HT_CODE_ORIGIN_TMPFS)
        return false;
    ht_code_set_kind(code, HT_CODE_KIND_LIBRARY);
    ht_code_set_path(code, path);
    ht_code_set_container_id(code, ht_layers_id(looking->process->home));
    ht_code_set_origin(code, memory ? HT_CODE_ORIGIN_MEMFD : HT_CODE_ORIGIN_DELETED);
    ht_code_set_reason(code, memory ? HT_S("memory without a file")
                                    : HT_S("its file is gone; whose it was is not known"));
    return true;
}

/* Of a process that went to another root (chroot) the kernel tells paths as its namespace has
 * them. */
static bool judge_named(struct ht_drift_looking *looking, struct ht_str path, struct ht_code *code)
{
    return ht_drift_judge_path(looking, path, HT_CODE_KIND_LIBRARY, code) ||
           ht_drift_judge_path_of_first(looking, path, HT_CODE_KIND_LIBRARY, code);
}

/* Nothing is at its path: it may be on a mount that was taken away and is in use still. */
static void tell_unmounted(struct ht_drift_looking *looking, const struct ht_mapping *mapping,
                           struct ht_str path)
{
    struct ht_code code = {0};
    const struct ht_origin_ask ask = ht_drift_ask(looking, path, HT_CODE_KIND_LIBRARY);

    if (ht_origin_has_mount_of(looking->drift->origin, &ask, mapping))
        return;
    ht_code_set_kind(&code, HT_CODE_KIND_LIBRARY);
    ht_code_set_path(&code, path);
    ht_code_set_container_id(&code, ht_layers_id(looking->process->home));
    ht_code_set_origin(&code, HT_CODE_ORIGIN_BLIND);
    ht_code_set_reason(&code, HT_S("its mount was taken away while it is in use"));
    ht_drift_keep(looking, &code);
}

/* Most are the image's, as the numbers of the kernel tell: nothing is opened of those. */
static bool is_images(struct ht_drift_looking *looking, const struct ht_mapping *mapping)
{
    const struct ht_origin_ask ask = ht_drift_ask(looking, mapping->path, HT_CODE_KIND_LIBRARY);

    return !ht_str_has_suffix(mapping->path, HT_MAPS_DELETED) &&
           ht_origin_maps_image(looking->drift->origin, &ask, mapping);
}

/* Returns whether it is the image's. */
static bool judge_mapping(struct ht_drift_looking *looking, const struct ht_mapping *mapping)
{
    struct ht_code code = {0};
    bool deleted;
    struct ht_str path =
        ht_arena_str(looking->drift->arena, ht_maps_plain_path(mapping->path, &deleted));

    if (deleted ? !judge_deleted(looking, path, &code) : !judge_named(looking, path, &code)) {
        if (!deleted)
            tell_unmounted(looking, mapping, path);
        return deleted;
    }
    if (ht_code_class_of(code.origin) == HT_CODE_CLASS_OWN)
        return true;
    /* What cannot be told is said of the container, not of each of its libraries; but the runtime
     * may tell. */
    if (code.origin != HT_CODE_ORIGIN_BLIND || ht_code_has_shared(&code))
        ht_drift_keep(looking, &code);
    return false;
}

/* Whether it is of the program itself: what is called so, and is one file; what was mapped from
 * that path when another one lay there is none. program: of what was told so first. */
static bool is_program(const struct ht_mapping *mapping, struct ht_str exe,
                       struct ht_mapping *program)
{
    bool deleted;

    if (!ht_str_equal(mapping->path, exe) &&
        !ht_str_equal(ht_maps_plain_path(mapping->path, &deleted), exe))
        return false;
    if (program->inode == 0)
        *program = *mapping;
    return program->inode == mapping->inode && program->major == mapping->major &&
           program->minor == mapping->minor;
}

/* 0; 1: it has more than were looked at; or -errno. */
static int read_maps(struct ht_drift_looking *looking, struct ht_str exe)
{
    struct ht_drift *drift = looking->drift;
    ht_autobuf struct ht_buf key = HT_BUF(2 * PATH_BYTES);
    ht_autobuf struct ht_buf last = HT_BUF(2 * PATH_BYTES);
    struct ht_mapping mapping, program = {0};
    size_t files = 0;
    int code = ht_mapped_next(&drift->maps, &mapping);

    for (; code > 0; code = ht_mapped_next(&drift->maps, &mapping)) {
        if (is_no_code(mapping.path) || is_program(&mapping, exe, &program) ||
            ht_str_equal(known_key(looking, &mapping, &key), ht_buf_str(&last)))
            continue;
        if (files++ == FILES_MAX)
            return 1;
        ht_buf_reset(&last);
        ht_buf_add_str(&last, ht_buf_str(&key));
        if (ht_map_get(drift->mapped, ht_buf_str(&key)))
            continue;
        if ((is_images(looking, &mapping) || judge_mapping(looking, &mapping)) &&
            ht_map_len(drift->mapped) < KNOWN_MAX)
            ht_map_set(drift->mapped, ht_buf_str(&key), drift);
    }
    return code < 0 ? code : drift->maps.is_cut;
}

void ht_drift_judge_maps(struct ht_drift_looking *looking, struct ht_str exe)
{
    struct ht_drift *drift = looking->drift;
    struct ht_drift_process *process = looking->process;
    int code;

    if (process->mapped_ns && drift->now_ns - process->mapped_ns < MAPS_AGAIN_NS)
        return;
    code = ht_mapped_open(&drift->maps, process->pid);
    if (code == 0)
        code = read_maps(looking, exe);
    ht_mapped_close(&drift->maps);
    if (code < 0) {
        /* It has ended, or is about to. */
        if (code != -ESRCH && code != -ENOENT)
            ht_drift_keep_unclear(looking, exe, HT_CODE_KIND_LIBRARY, (struct ht_str){0},
                                  "what it maps could not be read");
        return;
    }
    looking->mapped = true;
    if (code > 0)
        ht_drift_keep_unclear(looking, exe, HT_CODE_KIND_LIBRARY, (struct ht_str){0},
                              "it maps more files than are looked at");
    /* A young process may have loaded half of what it needs. */
    if (process->schedule.stage > 1)
        process->mapped_ns = drift->now_ns;
}

/* ---- what is loaded first ---- */

/* False: there is no such file. */
static bool judge_preloaded(struct ht_drift_looking *looking, struct ht_str path,
                            const char *variable)
{
    struct ht_code code = {0};

    /* A bare name is looked for in folders: what is found there shows in the mappings. */
    if (!ht_str_has_prefix(path, "/") ||
        !ht_drift_judge_path(looking, path, HT_CODE_KIND_PRELOAD, &code))
        return false;
    if (ht_code_class_of(code.origin) != HT_CODE_CLASS_OWN) {
        ht_code_set_variable(&code, ht_str_from(variable));
        ht_drift_keep(looking, &code);
    }
    return true;
}

void ht_drift_root_key(struct ht_proc_reader *reader, pid_t pid, struct ht_buf *key)
{
    struct statx about;
    char name[32];

    snprintf(name, sizeof(name), "%d/root", (int)pid);
    /* A path leads where the mount leads in which it begins; each namespace has mounts of its own.
     * Whose root cannot be told answers for itself alone. */
    if (statx(reader->proc_fd, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO | STATX_MNT_ID,
              &about) == 0 &&
        (about.stx_mask & STATX_MNT_ID))
        ht_buf_addf(key, "%llu %x:%x:%llu ", (unsigned long long)about.stx_mnt_id,
                    about.stx_dev_major, about.stx_dev_minor, (unsigned long long)about.stx_ino);
    else
        ht_buf_addf(key, "of %d ", (int)pid);
}

/* In the first look over all processes one of a container that has no such file answers for the
 * others of the same root; later each is asked when its turn comes. */
static void judge_preload_file(struct ht_drift_looking *looking)
{
    static const char file[] = "/etc/ld.so.preload";
    struct ht_drift *drift = looking->drift;
    ht_autobuf struct ht_buf key = HT_BUF(PATH_BYTES);

    if (drift->first)
        ht_drift_root_key(&drift->reader, looking->process->pid, &key);
    ht_buf_addf(&key, "%.*s %s", HT_STR_ARG(ht_layers_id(looking->process->home)), file);
    if (drift->first && ht_map_get(drift->mapped, ht_buf_str(&key)))
        return;
    if (!judge_preloaded(looking, ht_str_from(file), file) && drift->first)
        ht_map_set(drift->mapped, ht_buf_str(&key), drift);
}

static void judge_preloads(struct ht_drift_looking *looking, struct ht_str exe)
{
    struct ht_preload_walk walk = {.environment = ht_drift_environment(looking)};
    struct ht_str path;

    if (walk.environment.len >= HT_LIMIT_PROC_FILE)
        ht_drift_keep_unclear(looking, exe, HT_CODE_KIND_PRELOAD, (struct ht_str){0},
                              "its environment is longer than is read");
    if (ht_str_find(walk.environment, HT_S("LD_"), 0) < 0)
        return;
    for (size_t i = 0; ht_preload_next(&walk, &path); i++) {
        if (i == PRELOADS_MAX) {
            ht_drift_keep_unclear(looking, exe, HT_CODE_KIND_PRELOAD, (struct ht_str){0},
                                  "variables name more files than are looked at");
            return;
        }
        (void)judge_preloaded(looking, ht_arena_str(looking->drift->arena, path), walk.variable);
    }
}

void ht_drift_judge_environment(struct ht_drift_looking *looking, struct ht_str exe)
{
    judge_preload_file(looking);
    judge_preloads(looking, exe);
    if (ht_environ_is_asked(exe))
        ht_drift_judge_brought(looking, exe);
}
