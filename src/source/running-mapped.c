/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel writes of a mapping into a text costs as much as asking it for one, and of ten
 * lines one is about code. Asked and read tell the same.
 */
#include "running-mapped.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "proc-node.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

/* As much as a text of HT_MAPPED_TEXT_MAX would have at most. */
enum { TOLD_MAX = 100000, TEXT_USUAL = 256 * 1024, PIECE = 16 * 1024 };

/* The kernel takes as much memory for a name as there is room for it, each time. */
enum { NAME_USUAL = 256 };

/* The kernel's own structure and bits (linux/fs.h of 6.11), so that old headers can build for a new
 * kernel. */
struct procmap_query_v0 {
    uint64_t size;
    uint64_t query_flags;
    uint64_t query_addr;
    uint64_t vma_start;
    uint64_t vma_end;
    uint64_t vma_flags;
    uint64_t vma_page_size;
    uint64_t vma_offset;
    uint64_t inode;
    uint32_t dev_major;
    uint32_t dev_minor;
    uint32_t vma_name_size; /* in: room, out: with its end */
    uint32_t build_id_size;
    uint64_t vma_name_addr;
    uint64_t build_id_addr;
};

enum {
    QUERY_WRITABLE = 0x02,
    QUERY_EXECUTABLE = 0x04,
    QUERY_COVERING_OR_NEXT = 0x10,
    QUERY_FILE_BACKED = 0x20,
};

#define QUERY _IOWR('f', 17, struct procmap_query_v0)

/* ---- asked ---- */

static int ask_kernel(const struct ht_mapped *mapped, struct procmap_query_v0 *query)
{
    return ioctl(mapped->fd, QUERY, query) < 0 ? -errno : 0;
}

/* The next executable mapping of any file, with a name of less than so many bytes. 0 or -errno:
 * -ENOENT, there is none. */
static int ask_named(struct ht_mapped *mapped, uint32_t room, struct ht_mapping *ret)
{
    struct procmap_query_v0 query = {.size = sizeof(query),
                                     .query_flags = QUERY_EXECUTABLE | QUERY_COVERING_OR_NEXT |
                                                    QUERY_FILE_BACKED,
                                     .query_addr = mapped->after,
                                     .vma_name_size = room,
                                     .vma_name_addr = (uintptr_t)mapped->path};
    int code = ask_kernel(mapped, &query);

    if (code < 0)
        return code;
    /* Each step leads on, and a name has its end. */
    if (query.vma_end <= mapped->after || query.vma_name_size > room)
        return -EPROTO;
    mapped->after = query.vma_end;
    *ret = (struct ht_mapping){
        .major = query.dev_major,
        .minor = query.dev_minor,
        .inode = query.inode,
        .path = {.data = mapped->path, .len = query.vma_name_size ? query.vma_name_size - 1 : 0}};
    return 0;
}

static int ask_any(struct ht_mapped *mapped, struct ht_mapping *ret)
{
    int code = ask_named(mapped, NAME_USUAL, ret);

    return code == -ENAMETOOLONG ? ask_named(mapped, sizeof(mapped->path), ret) : code;
}

static int ask(struct ht_mapped *mapped, struct ht_mapping *ret)
{
    int code;

    do {
        if (mapped->told++ >= TOLD_MAX) {
            mapped->is_cut = true;
            return -ENOENT;
        }
        code = ask_any(mapped, ret);
    } while (code == -EINTR || (code == 0 && !ht_maps_is_of_file(ret)));
    return code;
}

/* The next that can be written and executed. 0 or -errno: -ENOENT, there is none. */
static int ask_loose(const struct ht_mapped *mapped, uint64_t *after, uint64_t *ret_bytes)
{
    char name[NAME_USUAL] = "";
    struct procmap_query_v0 query = {.size = sizeof(query),
                                     .query_flags =
                                         QUERY_WRITABLE | QUERY_EXECUTABLE | QUERY_COVERING_OR_NEXT,
                                     .query_addr = *after,
                                     .vma_name_size = sizeof(name),
                                     .vma_name_addr = (uintptr_t)name};
    int code = ask_kernel(mapped, &query);

    /* Only a file's is so long. */
    if (code == -ENAMETOOLONG) {
        query.vma_name_size = 0;
        query.vma_name_addr = 0;
        code = ask_kernel(mapped, &query);
    }
    if (code < 0)
        return code;
    if (query.vma_end <= *after || query.vma_start >= query.vma_end)
        return -EPROTO;
    *after = query.vma_end;
    *ret_bytes = query.inode || ht_str_is(ht_str_from(name), HT_MAPS_STACK)
                     ? 0
                     : query.vma_end - query.vma_start;
    return 0;
}

/* ---- read ---- */

/* Whether that is all: on some machines the last mapping is always the same, and has no file. */
static bool is_end(struct ht_str text)
{
    static const char last[] = "ffffffffff600000-";
    ptrdiff_t before = text.len ? ht_str_rfind_byte(ht_str_sub(text, 0, text.len - 1), '\n') : -1;

    return text.len && text.data[text.len - 1] == '\n' &&
           ht_str_has_prefix(ht_str_sub(text, (size_t)(before + 1), text.len), last);
}

/* The kernel gives a page at most, and then nothing where there is no more. 0 or -errno. */
static int read_all(int fd, struct ht_buf *out)
{
    ssize_t len = 1;

    while (len > 0 && out->len < HT_MAPPED_TEXT_MAX && !is_end(ht_buf_str(out))) {
        size_t room = 0;
        char *to = ht_buf_room(out, PIECE, &room);

        do
            len = read(fd, to, room);
        while (len < 0 && errno == EINTR);
        if (len > 0)
            ht_buf_grow(out, (size_t)len);
    }
    return len < 0 ? -errno : 0;
}

static int open_maps(const struct ht_mapped *mapped)
{
    char name[HT_PROC_NAME_MAX];
    int fd;

    ht_proc_name(name, mapped->pid, "maps");
    fd = openat(mapped->proc_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return fd < 0 ? -errno : fd;
}

static int read_text(struct ht_mapped *mapped)
{
    ht_autoclose int fd = open_maps(mapped);
    size_t room;
    int code;

    ht_buf_reset(&mapped->text);
    if (fd < 0)
        return fd;
    /* Made once, so that it is not copied while it grows. */
    if (!mapped->text.cap)
        (void)ht_buf_room(&mapped->text, TEXT_USUAL, &room);
    code = read_all(fd, &mapped->text);
    /* The beginning of what is too long still tells. */
    mapped->is_cut = mapped->text.len >= HT_MAPPED_TEXT_MAX;
    mapped->rest = code == 0 ? ht_buf_str(&mapped->text) : (struct ht_str){0};
    return code;
}

static int read_next(struct ht_mapped *mapped, struct ht_mapping *ret)
{
    if (!ht_maps_next(&mapped->rest, ret))
        return 0;
    if (ht_str_find(ret->path, HT_S("\\012"), 0) >= 0) {
        ht_buf_reset(&mapped->plain);
        ht_maps_unescape(ret->path, &mapped->plain);
        ret->path = ht_buf_str(&mapped->plain);
    }
    return 1;
}

/* What cannot be asked. */
static int turn_to_text(struct ht_mapped *mapped)
{
    ht_mapped_close(mapped);
    return read_text(mapped);
}

/* ---- either ---- */

int ht_mapped_open(struct ht_mapped *mapped, pid_t pid)
{
    ht_mapped_close(mapped);
    mapped->pid = pid;
    mapped->told = 0;
    mapped->after = 0;
    mapped->is_cut = false;
    mapped->rest = (struct ht_str){0};
    if (mapped->by_text)
        return read_text(mapped);
    mapped->fd = open_maps(mapped);
    return mapped->fd < 0 ? mapped->fd : 0;
}

int ht_mapped_next(struct ht_mapped *mapped, struct ht_mapping *ret_mapping)
{
    int code;

    if (mapped->fd < 0)
        return read_next(mapped, ret_mapping);
    code = ask(mapped, ret_mapping);
    if (code == 0)
        return 1;
    if (code == -ENOENT || code == -ESRCH)
        return code == -ESRCH ? code : 0;
    /* What is longer than the kernel answers is in the text in full. */
    mapped->by_text = code != -ENAMETOOLONG;
    code = turn_to_text(mapped);
    return code < 0 ? code : read_next(mapped, ret_mapping);
}

static int sum_asked(struct ht_mapped *mapped, uint64_t *ret_bytes)
{
    uint64_t after = 0, bytes = 0;
    int code = 0;

    for (size_t told = 0; told < TOLD_MAX && (code == 0 || code == -EINTR); told++) {
        code = ask_loose(mapped, &after, &bytes);
        if (code == 0)
            *ret_bytes += bytes;
    }
    return code == -ENOENT ? 0 : code;
}

int ht_mapped_loose(struct ht_mapped *mapped, uint64_t *ret_bytes)
{
    struct ht_str text;
    uint64_t bytes;

    *ret_bytes = 0;
    if (mapped->fd >= 0) {
        int code = sum_asked(mapped, ret_bytes);

        if (code == 0 || code == -ESRCH)
            return code;
        *ret_bytes = 0;
        mapped->by_text = true;
        code = turn_to_text(mapped);
        if (code < 0)
            return code;
    }
    text = ht_buf_str(&mapped->text);
    while (ht_maps_next_loose(&text, &bytes))
        *ret_bytes += bytes;
    return 0;
}

void ht_mapped_close(struct ht_mapped *mapped)
{
    ht_cleanup_close(&mapped->fd);
    mapped->fd = -1;
}

void ht_mapped_fini(struct ht_mapped *mapped)
{
    ht_mapped_close(mapped);
    ht_buf_fini(&mapped->text);
    ht_buf_fini(&mapped->plain);
}
