/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pkg-support.h"

#include <string.h>

#include "deb.h"
#include "proc-decode.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { SMALL = 64 * 1024, COLUMNS = 16 };

/* ---- os-release ---- */

/* Release lines of these are named by so many numbers of the version, of others by all of it. */
static const struct {
    const char *id;
    unsigned numbers;
} systems[] = {
    {"alpine", 2}, {"rhel", 1}, {"rocky", 1},         {"almalinux", 1}, {"debian", 1}, {"cos", 1},
    {"amzn", 1},   {"sles", 2}, {"opensuse-leap", 2}, {"centos", 1},    {"ol", 1},
};

static struct ht_str first_numbers(struct ht_str version, unsigned numbers)
{
    for (size_t i = 0; i < version.len; i++) {
        if (version.data[i] == '.' && --numbers == 0)
            return ht_str_sub(version, 0, i);
    }
    return version;
}

bool ht_support_decode_release(struct ht_str text, struct ht_arena *arena, struct ht_support *row)
{
    struct ht_str id = ht_proc_decode_os_release(text, "ID", arena);
    struct ht_str version = ht_proc_decode_os_release(text, "VERSION_ID", arena);
    struct ht_str name = ht_proc_decode_os_release(text, "PRETTY_NAME", arena);
    struct ht_str cycle = version;
    ht_autobuf struct ht_buf key = HT_BUF(SMALL);

    if (!id.len)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(systems); i++) {
        if (ht_str_is(id, systems[i].id))
            cycle = first_numbers(version, systems[i].numbers);
    }
    ht_buf_add_str(&key, id);
    if (cycle.len)
        ht_buf_add_c(&key, ' ');
    ht_buf_add_str(&key, cycle);
    ht_support_set_id(row, ht_arena_str(arena, ht_buf_str(&key)));
    ht_support_set_name(row, name.len ? name : id);
    ht_support_set_kind(row, HT_S("system"));
    ht_support_set_product(row, id);
    ht_support_set_cycle(row, cycle);
    ht_support_set_version(row, version);
    return true;
}

/* ---- distro-info-data ---- */

struct columns {
    struct ht_str items[COLUMNS];
    size_t len;
};

static void split(struct ht_str line, struct columns *columns)
{
    columns->len = 0;
    while (columns->len < COLUMNS && ht_str_next(&line, ',', &columns->items[columns->len])) {
        columns->items[columns->len] = ht_str_trim(columns->items[columns->len]);
        columns->len++;
    }
}

/* The day in the column of that name. */
static bool day_in(const struct columns *head, const struct columns *line, const char *name,
                   int64_t *ret_ns)
{
    for (size_t i = 0; i < head->len && i < line->len; i++) {
        char text[40];

        if (!ht_str_is(head->items[i], name) || line->items[i].len != 10)
            continue;
        memcpy(text, line->items[i].data, 10);
        memcpy(text + 10, "T00:00:00Z", 11);
        return ht_parse_time(ht_str_from(text), ret_ns) == 0;
    }
    return false;
}

static void take_days(const struct columns *head, const struct columns *line,
                      struct ht_support *row)
{
    int64_t day;

    if (day_in(head, line, "eol", &day))
        ht_support_set_local_end(row, day);
    if (day_in(head, line, "eol-lts", &day))
        ht_support_set_local_security_end(row, day);
    /* Ubuntu's last two, and Debian's, are paid; the later one counts. */
    if (day_in(head, line, "eol-esm", &day) || day_in(head, line, "eol-elts", &day))
        ht_support_set_local_paid_end(row, day);
    if (day_in(head, line, "eol-legacy", &day))
        ht_support_set_local_paid_end(row, day);
}

bool ht_support_decode_csv(struct ht_str text, struct ht_str cycle, struct ht_support *row)
{
    struct columns head = {0}, columns;
    struct ht_str line;

    while (ht_str_next(&text, '\n', &line)) {
        struct ht_str version = {0}, words;

        if (!head.len) {
            split(line, &head);
            continue;
        }
        split(line, &columns);
        /* "24.04 LTS" */
        words = columns.len ? columns.items[0] : version;
        if (!ht_str_next(&words, ' ', &version) || !ht_str_equal(version, cycle) || !cycle.len)
            continue;
        take_days(&head, &columns, row);
        return ht_support_has_local_end(row);
    }
    return false;
}

static void read_csv(const struct ht_root *root, struct ht_arena *arena, struct ht_support *row)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_FILE);
    struct ht_str path =
        ht_arena_strf(arena, "usr/share/distro-info/%.*s.csv", HT_STR_ARG(row->product));
    struct stat facts;

    if ((!ht_str_is(row->product, "debian") && !ht_str_is(row->product, "ubuntu")) ||
        ht_root_stat(root, path.data, &facts, NULL) < 0 ||
        ht_root_read(root, path.data, &text, HT_LIMIT_FILE, NULL) < 0 ||
        !ht_support_decode_csv(ht_buf_str(&text), row->cycle, row))
        return;
    ht_support_set_local_table(row, ht_arena_strf(arena, "/%s", path.data));
    /* dpkg gives files the day they were packaged on. */
    ht_support_set_local_date(row, ht_time_of(&facts.st_mtim));
}

/* ---- paid support ---- */

/* A source that is named but brought no list pays for nothing. */
static void read_paid(const struct ht_root *root, struct ht_support *row)
{
    int64_t date;

    ht_support_set_paid(row, ht_deb_paid_list(root, &date));
    if (date)
        ht_support_set_paid_at(row, date);
}

bool ht_support_read(const struct ht_root *root, struct ht_arena *arena, struct ht_support *row)
{
    ht_autobuf struct ht_buf text = HT_BUF(SMALL);

    if (ht_root_read(root, "etc/os-release", &text, SMALL, NULL) < 0) {
        ht_buf_reset(&text);
        if (ht_root_read(root, "usr/lib/os-release", &text, SMALL, NULL) < 0)
            return false;
    }
    if (!ht_support_decode_release(ht_buf_str(&text), arena, row))
        return false;
    read_paid(root, row);
    read_csv(root, arena, row);
    return true;
}
