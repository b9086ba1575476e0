/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 20,000 of these lines are read a minute: the common ones are left after a few bytes. */
#include "running-maps.h"

#include <string.h>

#include "hulltop/base/mem.h"

/* Takes a number of that base and the byte behind it off the line. */
static bool take_number(struct ht_str *line, unsigned base, char end, uint64_t *ret_number)
{
    uint64_t number = 0;
    size_t at = 0;

    for (; at < line->len && at < 20 && line->data[at] != end; at++) {
        char c = line->data[at];
        unsigned digit = 99;

        if (c >= '0' && c <= '9')
            digit = (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (unsigned)(c - 'a') + 10;
        if (digit >= base)
            return false;
        number = number * base + digit;
    }
    if (at == 0 || at >= line->len || line->data[at] != end)
        return false;
    *line = ht_str_sub(*line, at + 1, line->len);
    *ret_number = number;
    return true;
}

bool ht_maps_is_of_file(const struct ht_mapping *mapping)
{
    return mapping->inode != 0 && mapping->path.len > 1 && mapping->path.data[0] == '/';
}

/* What is behind "addr-addr r-xp ": "offset major:minor inode   /path" */
static bool take_file(struct ht_str line, struct ht_mapping *ret)
{
    uint64_t offset;

    if (!take_number(&line, 16, ' ', &offset) || !take_number(&line, 16, ':', &ret->major) ||
        !take_number(&line, 16, ' ', &ret->minor) || !take_number(&line, 10, ' ', &ret->inode))
        return false;
    while (line.len && line.data[0] == ' ')
        line = ht_str_sub(line, 1, line.len);
    ret->path = line;
    return true;
}

static bool decode_line(struct ht_str line, struct ht_mapping *ret)
{
    ptrdiff_t blank = ht_str_find_byte(line, ' ');

    if (blank < 0 || line.len < (size_t)blank + 6 || line.data[blank + 3] != 'x')
        return false;
    return take_file(ht_str_sub(line, (size_t)blank + 6, line.len), ret) && ht_maps_is_of_file(ret);
}

bool ht_maps_next(struct ht_str *text, struct ht_mapping *ret_mapping)
{
    struct ht_str line;

    while (ht_str_next(text, '\n', &line)) {
        if (decode_line(line, ret_mapping))
            return true;
    }
    return false;
}

bool ht_maps_next_loose(struct ht_str *text, uint64_t *ret_bytes)
{
    struct ht_mapping mapping;
    uint64_t begin, end;
    struct ht_str line;

    while (ht_str_next(text, '\n', &line)) {
        if (!take_number(&line, 16, '-', &begin) || !take_number(&line, 16, ' ', &end) ||
            line.len < 5 || line.data[1] != 'w' || line.data[2] != 'x' || end <= begin)
            continue;
        if (!take_file(ht_str_sub(line, 5, line.len), &mapping) || mapping.inode != 0 ||
            ht_str_is(mapping.path, HT_MAPS_STACK))
            continue;
        *ret_bytes = end - begin;
        return true;
    }
    return false;
}

static bool is_hex_run(struct ht_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return text.len >= 8;
}

struct ht_str ht_maps_plain_path(struct ht_str path, bool *ret_deleted)
{
    static const char *const endings[] = {".dpkg-new", ".dpkg-tmp", ".dpkg-old"};

    *ret_deleted = ht_str_has_suffix(path, HT_MAPS_DELETED);
    if (*ret_deleted)
        path.len -= strlen(HT_MAPS_DELETED);
    for (size_t i = 0; *ret_deleted && i < ARRAY_LEN(endings); i++) {
        if (ht_str_has_suffix(path, endings[i]))
            path.len -= strlen(endings[i]);
    }

    ptrdiff_t mark = *ret_deleted ? ht_str_rfind_byte(path, ';') : -1;
    if (mark > 0 && is_hex_run(ht_str_sub(path, (size_t)mark + 1, path.len)))
        path.len = (size_t)mark;
    return path;
}

/* Java's native access unpacks libraries, loads and deletes them. */
static bool is_unpacked(struct ht_str path)
{
    struct ht_str name = ht_str_base(path);

    return (ht_str_has_prefix(name, "jna") && ht_str_has_suffix(name, ".tmp")) ||
           ht_str_find(path, HT_S("/.cache/JNA/"), 0) >= 0;
}

bool ht_maps_is_passing(struct ht_str path)
{
    static const char *const prefixes[] = {
        "/memfd:", "/SYSV", "/dev/",     "/[",    "/drm",      "/i915",  "/orcexec.",
        "/#",      "/tmp/", "/var/tmp/", "/run/", "/var/run/", "/proc/",
    };

    /* The root of a mount that has no place any more: runc starts itself from one. */
    if (ht_str_is(path, "/"))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        if (ht_str_has_prefix(path, prefixes[i]))
            return true;
    }

    /* An unnamed temporary file: "/DIRECTORY/#INODE". */
    ptrdiff_t slash = ht_str_rfind_byte(path, '/');
    if (slash >= 0 && (size_t)slash + 1 < path.len && path.data[slash + 1] == '#')
        return true;
    return is_unpacked(path);
}

void ht_maps_unescape(struct ht_str path, struct ht_buf *out)
{
    for (size_t i = 0; i < path.len; i++) {
        if (ht_str_has_prefix(ht_str_sub(path, i, 4), "\\012")) {
            ht_buf_add_c(out, '\n');
            i += 3;
        } else {
            ht_buf_add_c(out, path.data[i]);
        }
    }
}
