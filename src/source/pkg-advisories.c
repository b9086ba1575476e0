/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pkg-advisories.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/base/version.h"

enum { TABS = 4 };

/* ---- the file ---- */

static bool has_form(struct ht_str line)
{
    size_t tabs = 0;

    for (size_t i = 0; i < line.len; i++)
        tabs += line.data[i] == '\t';
    return tabs == TABS && line.data[0] != '\t'; /* so it is not empty */
}

int ht_advisories_take(struct ht_advisories *advisories, const char *name, struct ht_buf *text,
                       struct ht_error *err)
{
    struct ht_str rest, line, before = {0};
    size_t number = 0;

    *advisories = (struct ht_advisories){.text = *text};
    *text = (struct ht_buf){.max = text->max};
    rest = ht_buf_str(&advisories->text);
    while (ht_str_next(&rest, '\n', &line)) {
        number++;
        if (!has_form(line))
            return ht_error_set(err, EINVAL,
                                "%s:%zu: expected ecosystem, source, fixed, id and class with tabs "
                                "between them",
                                name, number);
        if (ht_str_compare(before, line) > 0)
            return ht_error_set(err, EINVAL, "%s:%zu: is not sorted (LC_ALL=C sort)", name, number);
        before = line;
    }
    return 0;
}

int ht_advisories_open(struct ht_advisories *advisories, const char *path, struct ht_error *err)
{
    struct ht_buf text = HT_BUF(HT_LIMIT_BODY);
    struct stat facts;
    int code;

    *advisories = (struct ht_advisories){0};
    ht_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &facts) < 0)
        return ht_error_errno(err, errno, "%s", path);
    if (!S_ISREG(facts.st_mode))
        return ht_error_set(err, EINVAL, "%s: is no file", path);
    code = ht_read_fd(fd, path, &text, HT_LIMIT_BODY, err);
    if (code == 0)
        code = ht_advisories_take(advisories, path, &text, err);
    advisories->modified_at = ht_time_of(&facts.st_mtim);
    ht_buf_fini(&text);
    return code;
}

void ht_advisories_fini(struct ht_advisories *advisories)
{
    ht_buf_fini(&advisories->text);
    *advisories = (struct ht_advisories){0};
}

/* ---- looking up ---- */

/* Start of the line that holds the byte at. */
static size_t line_start(struct ht_str text, size_t at)
{
    while (at > 0 && text.data[at - 1] != '\n')
        at--;
    return at;
}

static struct ht_str line_at(struct ht_str text, size_t at)
{
    struct ht_str rest = ht_str_sub(text, at, text.len), line = {0};

    (void)ht_str_next(&rest, '\n', &line);
    return line;
}

/* Start of the first line that is not before key. */
static size_t find_first(struct ht_str text, struct ht_str key)
{
    size_t low = 0, high = text.len;

    while (low < high) {
        size_t start = line_start(text, low + (high - low) / 2);
        struct ht_str line = line_at(text, start);

        if (ht_str_compare(line, key) < 0)
            low = start + line.len + 1;
        else
            high = start;
    }
    return low < text.len ? low : text.len;
}

static bool begins_with(struct ht_str text, struct ht_str key)
{
    return ht_str_equal(ht_str_sub(text, 0, key.len), key);
}

void ht_advisories_each(const struct ht_advisories *advisories, struct ht_str source,
                        ht_advisory_visit visit, void *context)
{
    ht_autobuf struct ht_buf key = HT_BUF(4096);
    struct ht_str text = ht_buf_str(&advisories->text), line;

    if (!advisories->ecosystem.len || !source.len)
        return;
    ht_buf_add_str(&key, advisories->ecosystem);
    ht_buf_add_c(&key, '\t');
    ht_buf_add_str(&key, source);
    ht_buf_add_c(&key, '\t');
    if (ht_buf_is_full(&key))
        return;
    text = ht_str_sub(text, find_first(text, ht_buf_str(&key)), text.len);
    while (ht_str_next(&text, '\n', &line)) {
        struct ht_advisory_line found;
        struct ht_str rest = ht_str_sub(line, key.len, line.len);

        if (!begins_with(line, ht_buf_str(&key)))
            break;
        if (ht_str_next(&rest, '\t', &found.fixed) && ht_str_next(&rest, '\t', &found.id)) {
            found.class = rest;
            visit(context, &found);
        }
    }
}

void ht_advisories_choose(struct ht_advisories *advisories, struct ht_str id, struct ht_str cycle,
                          struct ht_arena *arena)
{
    static const struct {
        const char *id;
        const char *prefix;
    } names[] = {
        {"debian", "Debian:"},          {"ubuntu", "Ubuntu:"},       {"alpine", "Alpine:v"},
        {"rocky", "Rocky Linux:"},      {"almalinux", "AlmaLinux:"}, {"rhel", "Red Hat:"},
        {"opensuse-leap", "openSUSE:"}, {"sles", "SUSE:"},
    };
    struct ht_str text = ht_buf_str(&advisories->text);

    advisories->ecosystem = (struct ht_str){0};
    advisories->has_ecosystem = false;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct ht_str key;

        if (!ht_str_is(id, names[i].id) || !cycle.len)
            continue;
        advisories->ecosystem = ht_arena_strf(arena, "%s%.*s", names[i].prefix, HT_STR_ARG(cycle));
        key = ht_arena_strf(arena, "%.*s\t", HT_STR_ARG(advisories->ecosystem));
        advisories->has_ecosystem = begins_with(line_at(text, find_first(text, key)), key);
    }
}

/* ---- matching ---- */

/* A signed kernel's source writes + for the - of the kernel's: 6.1.112+1 is 6.1.112-1. */
static struct ht_str unsigned_version(struct ht_str version, struct ht_arena *arena)
{
    ptrdiff_t plus = ht_str_rfind_byte(version, '+');

    if (plus < 0)
        return version;
    return ht_arena_strf(arena, "%.*s-%.*s", HT_STR_ARG(ht_str_sub(version, 0, (size_t)plus)),
                         HT_STR_ARG(ht_str_sub(version, (size_t)plus + 1, version.len)));
}

void ht_advisory_source(const struct ht_installed *package, struct ht_arena *arena,
                        struct ht_str *ret_source, struct ht_str *ret_version)
{
    struct ht_str source = package->source.len ? package->source : package->name;
    struct ht_str version =
        package->source_version.len ? package->source_version : package->version;

    *ret_source = source;
    *ret_version = version;
    if (ht_str_has_prefix(source, "linux-signed-")) {
        *ret_source = HT_S("linux");
        *ret_version = unsigned_version(version, arena);
    } else if (ht_str_is(source, "linux-signed") || ht_str_is(source, "linux-meta")) {
        *ret_source = HT_S("linux");
    } else if (ht_str_has_prefix(source, "grub-efi-") && ht_str_has_suffix(source, "-signed")) {
        *ret_source = HT_S("grub2");
    } else if (ht_str_is(source, "shim-signed")) {
        *ret_source = HT_S("shim");
    }
}

bool ht_advisory_hits(const struct ht_advisory_line *line, const char *system,
                      struct ht_str version)
{
    if (!line->fixed.len)
        return true;
    if (ht_str_is(line->fixed, "0"))
        return false;
    if (strcmp(system, "deb") == 0)
        return ht_version_compare_deb(version, line->fixed) < 0;
    if (strcmp(system, "apk") == 0)
        return ht_version_compare_apk(version, line->fixed) < 0;
    return ht_version_compare_rpm(version, line->fixed) < 0;
}
