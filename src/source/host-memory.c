/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host-memory.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "proc-decode.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum {
    SMALL = 64 * 1024,
    SWAPS_MAX = 32,
    DUMPS_SHOWN = 16,
    DUMPS_MAX = 10000,
    STACK_MAX = 8,
    PATH_BYTES = 320,
    ELF_TYPE_AT = 16,
    ELF_BYTES = 18
};

/* ---- swap ---- */

/* Devices one on the other. */
struct device {
    const struct ht_root *root;
    unsigned depth;
    bool any, all; /* of what was looked at, one is encrypted, or each is */
    bool unread;   /* something of it could not be looked at */
};

/* Other targets of dm-crypt's family only check what they read. */
static bool is_encrypting(struct ht_str uuid)
{
    static const char *const kinds[] = {"CRYPT-PLAIN-", "CRYPT-LUKS1-", "CRYPT-LUKS2-",
                                        "CRYPT-TCRYPT-", "CRYPT-BITLK-"};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (ht_str_has_prefix(uuid, kinds[i]))
            return true;
    }
    return false;
}

static int look_device(struct device *device, const char *folder);

static int visit_slave(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct device *device = context;
    char folder[PATH_BYTES];

    (void)type;
    (void)inode;
    if (snprintf(folder, sizeof(folder), "sys/class/block/%s", name) >= (int)sizeof(folder) ||
        look_device(device, folder) < 0)
        device->unread = true;
    return 0;
}

/* A device of dm-crypt is encrypted; another one is what it lies on. -errno: it is not known. */
static int look_device(struct device *device, const char *folder)
{
    ht_autobuf struct ht_buf text = HT_BUF(SMALL);
    const struct ht_dir_visitor visitor = {
        .visit = visit_slave, .context = device, .max_entries = SWAPS_MAX};
    char path[PATH_BYTES + 16];
    struct stat st;
    int r = ht_root_stat(device->root, folder, &st, NULL);

    if (r < 0 || device->depth >= STACK_MAX)
        return r < 0 ? r : -1;
    snprintf(path, sizeof(path), "%s/dm/uuid", folder);
    if (ht_root_read(device->root, path, &text, SMALL, NULL) == 0 &&
        is_encrypting(ht_buf_str(&text))) {
        device->any = true;
        return 0;
    }

    struct device below = {.root = device->root, .depth = device->depth + 1, .all = true};
    struct ht_dir_visitor inner = visitor;
    inner.context = &below;
    snprintf(path, sizeof(path), "%s/slaves", folder);
    r = ht_root_list(device->root, path, &inner, NULL);
    device->unread = device->unread || below.unread || (r < 0 && r != -ENOENT);
    device->any = device->any || (below.any && below.all);
    device->all = device->all && below.any && below.all;
    return 0;
}

static void set_encrypted(const struct ht_root *root, const char *folder, struct ht_swap *swap)
{
    struct device device = {.root = root, .all = true};

    if (look_device(&device, folder) == 0 && !device.unread)
        ht_swap_set_encrypted(swap, device.any);
}

/* Where a compressed area writes what does not fit; empty: nowhere. False: that is not known. */
static bool read_backing(const struct ht_root *root, struct ht_str device, struct ht_arena *arena,
                         struct ht_str *ret_backing)
{
    ht_autobuf struct ht_buf text = HT_BUF(SMALL);
    char path[PATH_BYTES];
    int r;

    *ret_backing = (struct ht_str){0};
    snprintf(path, sizeof(path), "sys/class/block/%.*s/backing_dev",
             HT_STR_ARG(ht_str_sub(device, 5, PATH_BYTES / 2)));
    r = ht_root_read(root, path, &text, SMALL, NULL);
    if (r == 0 && !ht_str_is(ht_str_trim(ht_buf_str(&text)), "none"))
        *ret_backing = ht_arena_str(arena, ht_str_trim(ht_buf_str(&text)));
    return r == 0 || r == -ENOENT;
}

static void look_block(const struct ht_root *root, bool live, struct ht_str device,
                       struct ht_swap *swap)
{
    ht_autofree char *name = ht_strndup(device.data, device.len);
    struct ht_str last = ht_str_sub(device, 5, SIZE_MAX);
    char folder[PATH_BYTES];
    struct stat st;

    if (live && ht_root_stat(root, name, &st, NULL) == 0 && S_ISBLK(st.st_mode))
        snprintf(folder, sizeof(folder), "sys/dev/block/%u:%u", major(st.st_rdev),
                 minor(st.st_rdev));
    else if (ht_str_has_prefix(device, "/dev/") && device.len < PATH_BYTES / 2 &&
             ht_str_find_byte(last, '/') < 0)
        snprintf(folder, sizeof(folder), "sys/class/block/%.*s", HT_STR_ARG(last));
    else
        return;
    set_encrypted(root, folder, swap);
}

static void look_area(const struct ht_root *root, bool live, struct ht_arena *arena,
                      struct ht_swap *swap)
{
    struct ht_str device = swap->device;
    ht_autofree char *name = ht_strndup(swap->device.data, swap->device.len);
    char folder[PATH_BYTES];
    struct stat st;

    if (ht_str_has_prefix(device, "/dev/zram")) {
        if (!read_backing(root, device, arena, &device))
            return;
        ht_swap_set_memory(swap, device.len == 0);
    } else {
        ht_swap_set_memory(swap, false);
    }
    if (swap->memory)
        return;
    if (ht_str_is(swap->kind, "file")) {
        /* Some file systems have no device of their own to tell of. */
        if (live && ht_root_stat(root, name, &st, NULL) == 0 && major(st.st_dev) != 0) {
            snprintf(folder, sizeof(folder), "sys/dev/block/%u:%u", major(st.st_dev),
                     minor(st.st_dev));
            set_encrypted(root, folder, swap);
        }
    } else {
        look_block(root, live, device, swap);
    }
}

static bool next_word(struct ht_str *rest, struct ht_str *ret_word)
{
    while (ht_str_next(rest, ' ', ret_word)) {
        *ret_word = ht_str_trim(*ret_word);
        if (ret_word->len)
            return true;
    }
    return false;
}

/* "Filename Type Size Used Priority", blanks and tabs between; sizes are in KiB. */
static bool decode_area(struct ht_str line, struct ht_arena *arena, struct ht_swap *swap)
{
    struct ht_str words[4];
    struct ht_str rest = line;
    char *blanks = ht_arena_array(arena, char, line.len + 1);
    uint64_t size, used;

    memcpy(blanks, line.data, line.len);
    for (size_t i = 0; i < line.len; i++)
        blanks[i] = blanks[i] == '\t' ? ' ' : blanks[i];
    rest = (struct ht_str){.data = blanks, .len = line.len};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (!next_word(&rest, &words[i]))
            return false;
    }
    if (words[0].data[0] != '/' || ht_parse_u64(words[2], &size) < 0 ||
        ht_parse_u64(words[3], &used) < 0 || size > UINT64_MAX / 1024 || used > UINT64_MAX / 1024)
        return false;
    ht_swap_set_device(swap, ht_mountinfo_unescape(arena, words[0]));
    ht_swap_set_kind(swap, words[1]);
    ht_swap_set_size(swap, size * 1024);
    ht_swap_set_used(swap, used * 1024);
    return true;
}

static void read_swaps(const struct ht_root *root, bool live, struct ht_arena *arena,
                       struct ht_host *host)
{
    ht_autobuf struct ht_buf text = HT_BUF(SMALL);
    struct ht_swap *swaps = ht_arena_array(arena, struct ht_swap, SWAPS_MAX);
    struct ht_str rest, line;
    size_t len = 0;

    if (ht_root_read(root, "proc/swaps", &text, SMALL, NULL) < 0)
        return;
    rest = ht_buf_str(&text);
    while (len < SWAPS_MAX && ht_str_next(&rest, '\n', &line)) {
        if (!decode_area(line, arena, &swaps[len]))
            continue;
        look_area(root, live, arena, &swaps[len++]);
    }
    ht_host_set_swaps(host, (struct ht_swap_list){.items = swaps, .len = len});
}

/* ---- core dumps ---- */

/* "Storage=none" or "ProcessSizeMax=0": systemd-coredump keeps nothing. */
static void read_coredump(const struct ht_root *root, const char *path, bool *kept)
{
    ht_autobuf struct ht_buf text = HT_BUF(SMALL);
    struct ht_str rest, line;

    if (ht_root_read(root, path, &text, SMALL, NULL) < 0)
        return;
    rest = ht_buf_str(&text);
    while (ht_str_next(&rest, '\n', &line)) {
        ptrdiff_t sep = ht_str_find_byte(line, '=');
        struct ht_str key = ht_str_trim(ht_str_sub(line, 0, sep < 0 ? 0 : (size_t)sep));
        struct ht_str value = ht_str_trim(ht_str_sub(line, (size_t)(sep + 1), SIZE_MAX));

        if (ht_str_is(key, "Storage"))
            *kept = !ht_str_is(value, "none");
        else if (ht_str_is(key, "ProcessSizeMax") && ht_str_is(value, "0"))
            *kept = false;
    }
}

struct folder {
    const struct ht_root *root;
    const char *path, *ending;
    bool *kept;
    struct ht_arena *arena;
    struct ht_str *dumps;
    size_t shown, count;
    bool by_name, unread;
};

static int visit_setting(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct folder *folder = context;
    char path[PATH_BYTES * 2];

    (void)type;
    (void)inode;
    if (ht_str_has_suffix(ht_str_from(name), folder->ending) &&
        snprintf(path, sizeof(path), "%s/%s", folder->path, name) < (int)sizeof(path))
        read_coredump(folder->root, path, folder->kept);
    return 0;
}

/* The last word is that of a file in a folder of its own; their order among each other is not
 * looked at. */
static bool keeps_dumps(const struct ht_root *root)
{
    static const char *const files[] = {"usr/lib/systemd/coredump.conf",
                                        "run/systemd/coredump.conf", "etc/systemd/coredump.conf"};
    static const char *const folders[] = {"usr/lib/systemd/coredump.conf.d",
                                          "run/systemd/coredump.conf.d",
                                          "etc/systemd/coredump.conf.d"};
    bool kept = true;

    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        read_coredump(root, files[i], &kept);
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        struct folder folder = {.root = root, .path = folders[i], .ending = ".conf", .kept = &kept};
        const struct ht_dir_visitor visitor = {
            .visit = visit_setting, .context = &folder, .max_entries = DUMPS_MAX};

        (void)ht_root_list(root, folders[i], &visitor, NULL);
    }
    return kept;
}

/* A process's memory as the kernel writes it, or a report with that in it. */
static bool is_dump(struct folder *folder, const char *path)
{
    unsigned char bytes[ELF_BYTES];
    ht_autoclose int fd = ht_root_open_regular(folder->root, path, NULL, NULL);

    if (folder->by_name || ht_str_has_suffix(ht_str_from(path), ".crash"))
        return true;
    if (ht_error_is_denied(fd))
        folder->unread = true;
    return fd >= 0 && pread(fd, bytes, sizeof(bytes), 0) == (ssize_t)sizeof(bytes) &&
           memcmp(bytes, ELFMAG, SELFMAG) == 0 &&
           bytes[ELF_TYPE_AT + (bytes[EI_DATA] == ELFDATA2MSB)] == ET_CORE;
}

static int visit_dump(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct folder *folder = context;
    char path[PATH_BYTES * 2];
    struct stat st;

    (void)type;
    (void)inode;
    if (!ht_str_has_prefix(ht_str_from(name), folder->ending) ||
        snprintf(path, sizeof(path), "%s/%s", folder->path, name) >= (int)sizeof(path) ||
        ht_root_lstat(folder->root, path, &st, NULL) < 0 || !S_ISREG(st.st_mode) ||
        st.st_size == 0 || !is_dump(folder, path))
        return 0;
    folder->count++;
    if (folder->shown < DUMPS_SHOWN)
        folder->dumps[folder->shown++] =
            ht_arena_strf(folder->arena, "/%s (%lld bytes)", path, (long long)st.st_size);
    return 0;
}

static void read_dumps(const struct ht_root *root, struct ht_arena *arena, struct ht_host *host)
{
    static const struct {
        const char *path, *beginning;
        bool by_name; /* it may be packed */
    } places[] = {{"var/lib/systemd/coredump", "core.", true},
                  {"var/crash", "", false},
                  {"var/cores", "", false},
                  {"var/lib/apport/coredump", "", false},
                  {"cores", "", false},
                  {"tmp", "core.", false}};
    struct folder folder = {
        .root = root, .arena = arena, .dumps = ht_arena_array(arena, struct ht_str, DUMPS_SHOWN)};
    bool known = true;

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        const struct ht_dir_visitor visitor = {
            .visit = visit_dump, .context = &folder, .max_entries = DUMPS_MAX};
        int r;

        folder.path = places[i].path;
        folder.ending = places[i].beginning;
        folder.by_name = places[i].by_name;
        r = ht_root_list(root, places[i].path, &visitor, NULL);
        known = known && (r == 0 || r == -ENOENT || r == -ENOTDIR);
    }
    if ((!known || folder.unread) && folder.count == 0)
        return;
    ht_host_set_dumps(host, folder.count);
    ht_host_set_dump_files(host, (struct ht_text_list){.items = folder.dumps, .len = folder.shown});
}

void ht_host_read_memory(const struct ht_root *root, bool live, struct ht_arena *arena,
                         struct ht_host *host)
{
    ht_autobuf struct ht_buf text = HT_BUF(SMALL);

    read_swaps(root, live, arena, host);
    if (!ht_host_has_core_pattern(host) &&
        ht_root_read(root, "proc/sys/kernel/core_pattern", &text, SMALL, NULL) == 0)
        ht_host_set_core_pattern(host, ht_arena_str(arena, ht_str_trim(ht_buf_str(&text))));
    ht_host_set_dumps_kept(host, keeps_dumps(root));
    read_dumps(root, arena, host);
}
