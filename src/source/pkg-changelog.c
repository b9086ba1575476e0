/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pkg-changelog.h"

#include <fcntl.h>
#include <string.h>

#include "pkg-rpm.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/unpack.h"

enum { CHUNK = 64 * 1024, YEAR = 4, NUMBER_MIN = 4, NUMBER_MAX = 10 };

static size_t digits_at(struct ht_str text, size_t at)
{
    size_t len = 0;

    while (at + len < text.len && text.data[at + len] >= '0' && text.data[at + len] <= '9')
        len++;
    return len;
}

static void add(struct ht_changelog_ids *ids, struct ht_str id)
{
    for (size_t i = 0; i < ids->len; i++) {
        if (ht_str_equal(ids->items[i], id))
            return;
    }
    if (ids->len < HT_CHANGELOG_IDS_MAX)
        ids->items[ids->len++] = ht_arena_str(ids->arena, id);
}

void ht_changelog_scan(struct ht_str text, struct ht_changelog_ids *ids)
{
    static const char prefix[] = "CVE-";
    const size_t front = sizeof(prefix) - 1;
    ptrdiff_t at = ht_str_find(text, HT_S(prefix), 0);

    for (; at >= 0; at = ht_str_find(text, HT_S(prefix), (size_t)at + front)) {
        size_t number = (size_t)at + front + YEAR + 1;

        if (digits_at(text, (size_t)at + front) != YEAR || number >= text.len ||
            text.data[number - 1] != '-')
            continue;
        size_t len = digits_at(text, number);
        if (len >= NUMBER_MIN && len <= NUMBER_MAX)
            add(ids, ht_str_sub(text, (size_t)at, number + len - (size_t)at));
    }
}

/* The whole text in pieces; an id may lie across two of them, never across two lines. */
static bool scan_packed(const struct ht_root *root, const char *path, struct ht_changelog_ids *ids)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_BODY);
    ht_autounpack struct ht_unpack *unpack = NULL;
    int fd = ht_root_open_regular(root, path, NULL, NULL);

    if (fd < 0 || ht_unpack_new(fd, path, HT_CODEC_GZIP, &unpack, NULL) < 0)
        return false;
    ht_unpack_limit(unpack, HT_LIMIT_FILE);
    for (;;) {
        size_t room;
        char *out = ht_buf_room(&text, CHUNK, &room);
        ssize_t got = room ? ht_unpack_read(unpack, out, room, NULL) : 0;

        if (got <= 0)
            break;
        ht_buf_grow(&text, (size_t)got);
    }
    /* What came before a limit or a broken end still tells. */
    ht_changelog_scan(ht_buf_str(&text), ids);
    return text.len > 0;
}

static bool read_deb(const struct ht_root *root, struct ht_str package,
                     struct ht_changelog_ids *ids)
{
    static const char *const names[] = {"changelog.Debian.gz", "changelog.gz"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        ht_autobuf struct ht_buf path = HT_BUF(2048);

        ht_buf_addf(&path, "usr/share/doc/%.*s/%s", HT_STR_ARG(package), names[i]);
        if (scan_packed(root, path.data, ids))
            return true;
    }
    return false;
}

struct visiting {
    struct ht_changelog_ids *ids;
    bool any;
};

static void visit_text(void *context, struct ht_str text)
{
    struct visiting *visiting = context;

    visiting->any = true;
    ht_changelog_scan(text, visiting->ids);
}

bool ht_changelog_read(const struct ht_root *root, const struct ht_installed_list *list,
                       struct ht_str package, struct ht_changelog_ids *ids)
{
    struct visiting visiting = {.ids = ids};
    ht_autofree char *name = ht_strndup(package.data, package.len);

    /* A name with a slash leads elsewhere. */
    if (!package.len || ht_str_find_byte(package, '/') >= 0)
        return false;
    if (list->system && strcmp(list->system, "deb") == 0)
        return read_deb(root, package, ids);
    return list->rpm && ht_rpm_changelog(list->rpm, name, visit_text, &visiting, NULL) == 0 &&
           visiting.any;
}
