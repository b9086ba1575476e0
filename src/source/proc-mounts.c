/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/PID/mountinfo to mounts.
 *
 * A container that got the host's root lists every mount of the host below it, 15,000 lines where
 * the host is busy. What tells something is kept: the root, kernel file systems, /dev, each path of
 * the host; of mounts below such a path only the first few. The rest is counted.
 */
#include "proc-decode.h"

#include <string.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

static const char *const pseudo_types[] = {
    "proc",      "sysfs",   "cgroup", "cgroup2",     "mqueue",    "devpts",     "devtmpfs",
    "debugfs",   "tracefs", "bpf",    "securityfs",  "pstore",    "efivarfs",   "configfs",
    "selinuxfs", "fusectl", "nsfs",   "binfmt_misc", "hugetlbfs", "rpc_pipefs",
};

static bool next_word(struct ht_str *rest, struct ht_str *ret_word)
{
    do {
        if (!ht_str_next(rest, ' ', ret_word))
            return false;
    } while (ret_word->len == 0);
    return true;
}

static bool parse_device(struct ht_str text, uint64_t *ret_device)
{
    ptrdiff_t colon = ht_str_find_byte(text, ':');
    uint64_t major;
    uint64_t minor;

    if (colon < 0 || ht_parse_u64(ht_str_sub(text, 0, (size_t)colon), &major) < 0 ||
        ht_parse_u64(ht_str_sub(text, (size_t)colon + 1, text.len), &minor) < 0)
        return false;
    *ret_device = major << 32 | (minor & UINT32_MAX);
    return true;
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue" */
static bool parse_line(struct ht_str text, struct ht_mount_line *ret_line)
{
    struct ht_mount_line line = {0};
    struct ht_str word;

    if (!next_word(&text, &word) || ht_parse_u64(word, &line.id) < 0 || !next_word(&text, &word) ||
        !next_word(&text, &word) || !parse_device(word, &line.device) ||
        !next_word(&text, &line.root) || !next_word(&text, &line.point) ||
        !next_word(&text, &line.options))
        return false;
    line.tags = ht_str_sub(text, 0, 0);
    while (next_word(&text, &word) && !ht_str_is(word, "-")) {
        if (line.tags.len == 0)
            line.tags = word;
        else
            line.tags.len = (size_t)(word.data + word.len - line.tags.data);
    }
    if (!next_word(&text, &line.type))
        return false;
    /* The source may be empty, and is then left out. */
    if (next_word(&text, &line.source) && !next_word(&text, &line.super)) {
        line.super = line.source;
        line.source = HT_S("");
    }
    *ret_line = line;
    return true;
}

bool ht_mountinfo_next(struct ht_str *text, struct ht_mount_line *ret_line)
{
    struct ht_str raw;

    while (ht_str_next(text, '\n', &raw)) {
        if (parse_line(raw, ret_line))
            return true;
    }
    return false;
}

struct ht_str ht_mountinfo_unescape(struct ht_arena *arena, struct ht_str text)
{
    if (ht_str_find_byte(text, '\\') < 0)
        return text;

    char *out = ht_arena_alloc(arena, text.len + 1, 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint32_t byte;

        if (text.data[i] == '\\' && i + 3 < text.len &&
            ht_parse_octal(ht_str_sub(text, i + 1, 3), &byte) == 0 && byte < 256) {
            out[len++] = (char)(unsigned char)byte;
            i += 3;
        } else {
            out[len++] = text.data[i];
        }
    }
    return (struct ht_str){.data = out, .len = len};
}

bool ht_mountinfo_is_pseudo(struct ht_str type)
{
    for (size_t i = 0; i < sizeof(pseudo_types) / sizeof(*pseudo_types); i++) {
        if (type.len && type.data[0] == pseudo_types[i][0] && ht_str_is(type, pseudo_types[i]))
            return true;
    }
    return false;
}

static bool is_overlay(struct ht_str type)
{
    return ht_str_is(type, "overlay") || ht_str_is(type, "aufs") ||
           ht_str_is(type, "fuse.fuse-overlayfs");
}

void ht_mountinfo_decode_host(struct ht_str text, struct ht_arena *arena,
                              struct ht_host_mounts *ret_mounts)
{
    size_t most = ht_str_count(text, '\n') + 1;
    struct ht_str raw;
    struct ht_mount_line line;
    size_t len = 0;

    if (most > HT_MOUNTS_HOST_MAX)
        most = HT_MOUNTS_HOST_MAX;
    struct ht_host_mount *items = ht_arena_array(arena, struct ht_host_mount, most);
    while (len < most && ht_str_next(&text, '\n', &raw)) {
        if (!parse_line(raw, &line) || ht_mountinfo_is_pseudo(line.type) || is_overlay(line.type))
            continue;
        items[len++] = (struct ht_host_mount){
            .device = line.device,
            .root = ht_arena_str(arena, ht_mountinfo_unescape(arena, line.root)),
            .point = ht_arena_str(arena, ht_mountinfo_unescape(arena, line.point)),
            .can_hang = ht_mountinfo_can_hang(line.type),
        };
    }
    *ret_mounts = (struct ht_host_mounts){.items = items, .len = len, .cut = text.len > 0};
}

/* What is left of root below that mount of its file system. */
static struct ht_str rest_of(const struct ht_host_mount *mount, struct ht_str root)
{
    struct ht_str rest = ht_str_sub(root, mount->root.len == 1 ? 0 : mount->root.len, root.len);

    if (ht_str_is(rest, "/"))
        rest.len = 0;
    return rest;
}

static struct ht_str point_of(const struct ht_host_mount *mount)
{
    return ht_str_is(mount->point, "/") ? (struct ht_str){0} : mount->point;
}

static struct ht_str join(struct ht_arena *arena, struct ht_str a, struct ht_str b)
{
    char *both = ht_arena_alloc(arena, a.len + b.len + 1, 1);

    if (a.len)
        memcpy(both, a.data, a.len);
    if (b.len)
        memcpy(both + a.len, b.data, b.len);
    return (struct ht_str){.data = both, .len = a.len + b.len};
}

/* Of several places the shortest: a volume that is /etc by another name is /etc. */
struct ht_str ht_mountinfo_host_path(const struct ht_host_mounts *host, uint64_t device,
                                     struct ht_str root, struct ht_arena *arena)
{
    const struct ht_host_mount *best = NULL;
    size_t shortest = SIZE_MAX;

    for (size_t i = 0; host && i < host->len; i++) {
        const struct ht_host_mount *mount = &host->items[i];

        if (mount->device != device || !ht_path_lies_in(root, mount->root))
            continue;

        size_t len = point_of(mount).len + rest_of(mount, root).len;
        if (len < shortest) {
            shortest = len;
            best = mount;
        }
    }
    if (!best)
        return (struct ht_str){0};

    struct ht_str point = point_of(best), rest = rest_of(best, root);
    if (shortest == 0)
        return HT_S("/");
    return join(arena, point, rest);
}

static struct ht_str propagation_of(struct ht_str tags)
{
    bool shared = ht_str_find(tags, HT_S("shared:"), 0) >= 0;
    bool slave = ht_str_find(tags, HT_S("master:"), 0) >= 0;

    if (shared)
        return slave ? HT_S("shared,slave") : HT_S("shared");
    if (slave)
        return HT_S("slave");
    return ht_str_is(tags, "unbindable") ? HT_S("unbindable") : HT_S("private");
}

bool ht_mountinfo_can_hang(struct ht_str type)
{
    static const char *const types[] = {"nfs",    "cifs", "smb3",      "9p",       "ceph",
                                        "lustre", "gpfs", "glusterfs", "virtiofs", "autofs",
                                        "afs",    "coda", "ocfs2",     "gfs2",     "beegfs"};

    if (ht_str_has_prefix(type, "fuse"))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (ht_str_has_prefix(type, types[i]))
            return true;
    }
    return false;
}

bool ht_mountinfo_has_option(struct ht_str options, const char *wanted)
{
    struct ht_str one;

    while (ht_str_next(&options, ',', &one)) {
        if (ht_str_is(one, wanted))
            return true;
    }
    return false;
}

static enum ht_mount_origin origin_of(const struct ht_mount_line *line, struct ht_str target,
                                      struct ht_str path)
{
    if (ht_str_is(target, "/"))
        return HT_MOUNT_ORIGIN_IMAGE;
    if (ht_mountinfo_is_pseudo(line->type))
        return HT_MOUNT_ORIGIN_PSEUDO;
    /* A tmpfs that the host shows too is a path of the host, such as a socket in /run. */
    if (ht_str_is(line->type, "tmpfs") && path.len == 0)
        return HT_MOUNT_ORIGIN_TMPFS;
    if (path.len == 0 && is_overlay(line->type))
        return HT_MOUNT_ORIGIN_OTHER;
    if (ht_str_find(line->root, HT_S("/volumes/"), 0) >= 0 &&
        ht_str_find(line->root, HT_S("/_data"), 0) >= 0)
        return HT_MOUNT_ORIGIN_VOLUME;
    return path.len || !ht_str_is(line->root, "/") ? HT_MOUNT_ORIGIN_BIND : HT_MOUNT_ORIGIN_OTHER;
}

/* Options of the mount; of an overlay its writable layer too, of cgroup v1 its controllers. */
static struct ht_str options_of(const struct ht_mount_line *line, struct ht_arena *arena)
{
    struct ht_str rest = line->super;
    struct ht_str extra = {0};
    struct ht_str one;

    if (ht_str_is(line->type, "cgroup")) {
        /* Behind the "rw" or "ro" of the whole hierarchy. */
        (void)ht_str_next(&rest, ',', &one);
        extra = rest;
    } else if (ht_str_is(line->type, "overlay")) {
        while (ht_str_next(&rest, ',', &one)) {
            if (ht_str_has_prefix(one, "upperdir="))
                extra = one;
        }
    }
    if (extra.len == 0)
        return line->options;

    char *joined = ht_arena_alloc(arena, line->options.len + extra.len + 2, 1);
    memcpy(joined, line->options.data, line->options.len);
    joined[line->options.len] = ',';
    memcpy(joined + line->options.len + 1, extra.data, extra.len);
    return (struct ht_str){.data = joined, .len = line->options.len + 1 + extra.len};
}

/* Whether the way there leads through no file system whose server may never answer. */
static bool can_be_looked_at(const struct ht_host_mounts *host, struct ht_str path)
{
    if (!host || !host->look || host->cut)
        return false;
    for (size_t i = 0; i < host->len; i++) {
        if (host->items[i].can_hang && ht_path_lies_in(path, host->items[i].point))
            return false;
    }
    return true;
}

static void fill_kind(const struct ht_mount_line *line, const struct ht_host_mounts *host,
                      struct ht_mount *mount)
{
    enum ht_mount_kind kind;

    if (mount->origin == HT_MOUNT_ORIGIN_BIND && can_be_looked_at(host, mount->source) &&
        host->look(host->context, line->device, mount->source, &kind))
        ht_mount_set_kind(mount, kind);
}

static void fill_mount(const struct ht_mount_line *line, const struct ht_host_mounts *host,
                       struct ht_arena *arena, struct ht_mount *mount)
{
    struct ht_str target = ht_mountinfo_unescape(arena, line->point);
    struct ht_str root = ht_mountinfo_unescape(arena, line->root);
    struct ht_str path = ht_mountinfo_is_pseudo(line->type)
                             ? (struct ht_str){0}
                             : ht_mountinfo_host_path(host, line->device, root, arena);

    ht_mount_set_target(mount, target);
    ht_mount_set_origin(mount, origin_of(line, target, path));
    ht_mount_set_source(mount, path.len ? path : ht_mountinfo_unescape(arena, line->source));
    ht_mount_set_type(mount, line->type);
    ht_mount_set_rw(mount, !ht_mountinfo_has_option(line->options, "ro") &&
                               !ht_mountinfo_has_option(line->super, "ro"));
    ht_mount_set_propagation(mount, propagation_of(line->tags));
    ht_mount_set_options(mount, options_of(line, arena));
    ht_mount_set_root(mount, root);
    if (path.len)
        fill_kind(line, host, mount);
}

/* Below a path of the host that is in the list already: that path says enough. */
static bool is_nested(const struct ht_mount *mounts, size_t len, struct ht_str target)
{
    for (size_t i = 0; i < len; i++) {
        if ((mounts[i].origin == HT_MOUNT_ORIGIN_BIND ||
             mounts[i].origin == HT_MOUNT_ORIGIN_VOLUME) &&
            target.len > mounts[i].target.len && ht_path_lies_in(target, mounts[i].target))
            return true;
    }
    return false;
}

/* Lines of text, as many as are kept: most processes have a small part of that. */
static size_t count_lines(struct ht_str text)
{
    struct ht_str line;
    size_t count = 0;

    while (count < HT_MOUNTS_MAX && ht_str_next(&text, '\n', &line))
        count++;
    return count;
}

void ht_mountinfo_decode(struct ht_str text, bool cut, const struct ht_host_mounts *host,
                         struct ht_arena *arena, struct ht_process *process)
{
    struct ht_mount *mounts = ht_arena_array(arena, struct ht_mount, count_lines(text));
    struct ht_str raw;
    struct ht_mount_line line;
    size_t len = 0;
    size_t nested = 0;
    uint64_t left_out = cut ? 1 : 0;

    while (ht_str_next(&text, '\n', &raw)) {
        if (!parse_line(raw, &line))
            continue;
        struct ht_str target = ht_mountinfo_unescape(arena, line.point);
        bool inner = len < HT_MOUNTS_MAX && is_nested(mounts, len, target);
        if (len == HT_MOUNTS_MAX || (inner && nested == HT_MOUNTS_NESTED_MAX)) {
            left_out++;
            continue;
        }
        nested += inner;
        fill_mount(&line, host, arena, &mounts[len++]);
    }
    ht_process_set_mounts(process, (struct ht_mount_list){.items = mounts, .len = len});
    ht_process_set_mounts_cut(process, left_out);
}
