/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Releases compare badly: the same one is built again with fixes, and names of flavours get into
 * the way. So packages' versions are compared, within one flavour; the running one's comes from the
 * kernel itself.
 */
#include "pkg-kernel.h"

#include <stdio.h>
#include <string.h>

#include "hulltop/base/mem.h"
#include "hulltop/base/version.h"

/* An installed kernel. */
struct candidate {
    const struct ht_installed *package;
    struct ht_str release;
};

struct judging {
    const struct ht_root *root;
    const char *system;
    struct ht_arena *arena;
    struct ht_str running; /* release */
    struct ht_str flavour;
};

/* ---- what the kernel says ---- */

/* The word behind prefix, up to a blank. */
static struct ht_str word_after(struct ht_str text, const char *prefix)
{
    ptrdiff_t at = ht_str_find(text, ht_str_from(prefix), 0);
    struct ht_str word = {0};

    if (at < 0)
        return word;
    text = ht_str_sub(text, (size_t)at + strlen(prefix), text.len);
    (void)ht_str_next(&text, ' ', &word);
    return word;
}

struct ht_str ht_kernel_flavour(struct ht_str release)
{
    struct ht_str rest = release, part;

    while (ht_str_next(&rest, '-', &part)) {
        if (part.len && !ht_is_digit(part.data[0]))
            return ht_str_sub(release, (size_t)(part.data - release.data), release.len);
    }
    return (struct ht_str){0};
}

/* "#45~22.04.1-Ubuntu" of release 6.8.0-45-generic was built as 6.8.0-45.45~22.04.1. */
static struct ht_str ubuntu_version(const struct ht_kernel_claims *claims, struct ht_arena *arena)
{
    ptrdiff_t end = ht_str_find(claims->build, HT_S("-Ubuntu"), 0);
    struct ht_str flavour = ht_kernel_flavour(claims->release);

    if (end < 2 || claims->build.data[0] != '#' || flavour.len + 1 >= claims->release.len)
        return (struct ht_str){0};
    struct ht_str abi = ht_str_sub(claims->release, 0, claims->release.len - flavour.len - 1);
    struct ht_str upload = ht_str_sub(claims->build, 1, (size_t)end - 1);
    return ht_arena_strf(arena, "%.*s.%.*s", HT_STR_ARG(abi), HT_STR_ARG(upload));
}

struct ht_str ht_kernel_version(const struct ht_kernel_claims *claims, struct ht_arena *arena)
{
    struct ht_str word = word_after(claims->build, " Debian ");
    struct ht_str flavour = ht_kernel_flavour(claims->release);

    if (word.len && ht_is_digit(word.data[0]))
        return ht_arena_str(arena, word);
    word = word_after(claims->signature, "Ubuntu ");
    if (word.len) {
        /* "6.8.0-45.45~22.04.1-generic" */
        if (flavour.len && ht_str_has_suffix(word, ht_arena_str(arena, flavour).data))
            word.len -= flavour.len + 1;
        return ht_arena_str(arena, word);
    }
    return ubuntu_version(claims, arena);
}

/* ---- installed kernels ---- */

static bool has_files(const struct judging *judging, struct ht_str release)
{
    static const char *const places[] = {"boot/vmlinuz-", "lib/modules/", "usr/lib/modules/"};
    struct stat facts;

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        struct ht_str path =
            ht_arena_strf(judging->arena, "%s%.*s", places[i], HT_STR_ARG(release));

        if (ht_root_stat(judging->root, path.data, &facts, NULL) == 0)
            return true;
    }
    return false;
}

/* linux-image-6.1.0-26-amd64; metapackages have no number there. */
static struct ht_str deb_release(const struct ht_installed *package)
{
    static const char *const prefixes[] = {"linux-image-unsigned-", "linux-image-"};
    struct ht_str name = package->name;

    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        if (!ht_str_has_prefix(name, prefixes[i]))
            continue;
        name = ht_str_sub(name, strlen(prefixes[i]), name.len);
        if (!name.len || !ht_is_digit(name.data[0]) || ht_str_has_suffix(name, "-dbg") ||
            ht_str_has_suffix(name, "-dbgsym"))
            break;
        return name;
    }
    return (struct ht_str){0};
}

/* kernel-core 5.14.0-427.el9 runs as 5.14.0-427.el9.x86_64; SUSE's kernel-default 6.4.0-1.2.1 as
 * 6.4.0-1.2-default. */
static struct ht_str rpm_release(const struct judging *judging, const struct ht_installed *package)
{
    static const struct {
        const char *name;
        const char *variant;
    } kinds[] = {{"kernel-core", ""},        {"kernel", ""},     {"kernel-rt-core", "+rt"},
                 {"kernel-uek-core", ""},    {"kernel-uek", ""}, {"kernel-debug-core", "+debug"},
                 {"kernel-64k-core", "+64k"}};
    struct ht_str version = package->version;
    ptrdiff_t colon = ht_str_find_byte(version, ':');

    version = ht_str_sub(version, (size_t)(colon + 1), version.len);
    if (ht_str_is(package->name, "kernel-default")) {
        ptrdiff_t dot = ht_str_rfind_byte(version, '.');

        return ht_arena_strf(
            judging->arena, "%.*s-default",
            HT_STR_ARG(ht_str_sub(version, 0, dot < 0 ? version.len : (size_t)dot)));
    }
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (ht_str_is(package->name, kinds[i].name))
            return ht_arena_strf(judging->arena, "%.*s.%.*s%s", HT_STR_ARG(version),
                                 HT_STR_ARG(package->architecture), kinds[i].variant);
    }
    return (struct ht_str){0};
}

/* linux-lts 6.6.31-r0 runs as 6.6.31-0-lts. */
static struct ht_str apk_release(const struct judging *judging, const struct ht_installed *package)
{
    ptrdiff_t dash = ht_str_rfind_byte(package->version, '-');

    if (!ht_str_has_prefix(package->name, "linux-") || dash <= 0 ||
        !ht_str_has_prefix(ht_str_sub(package->version, (size_t)dash, 2), "-r"))
        return (struct ht_str){0};
    return ht_arena_strf(
        judging->arena, "%.*s-%.*s-%.*s", HT_STR_ARG(ht_str_sub(package->version, 0, (size_t)dash)),
        HT_STR_ARG(ht_str_sub(package->version, (size_t)dash + 2, package->version.len)),
        HT_STR_ARG(ht_str_sub(package->name, 6, package->name.len)));
}

static struct ht_str release_of(const struct judging *judging, const struct ht_installed *package)
{
    if (strcmp(judging->system, "deb") == 0)
        return deb_release(package);
    if (strcmp(judging->system, "rpm") == 0)
        return rpm_release(judging, package);
    return apk_release(judging, package);
}

static int compare_versions(const struct judging *judging, struct ht_str a, struct ht_str b)
{
    if (strcmp(judging->system, "deb") == 0)
        return ht_version_compare_deb(a, b);
    return strcmp(judging->system, "rpm") == 0 ? ht_version_compare_rpm(a, b)
                                               : ht_version_compare_apk(a, b);
}

/* RPM's releases carry the architecture and the variant where others have a flavour. */
static bool same_flavour(const struct judging *judging, struct ht_str release)
{
    if (strcmp(judging->system, "rpm") != 0)
        return ht_str_equal(ht_kernel_flavour(release), judging->flavour);

    ptrdiff_t dot = ht_str_rfind_byte(release, '.');
    ptrdiff_t own = ht_str_rfind_byte(judging->running, '.');
    if (ht_str_has_suffix(release, "-default") || ht_str_has_suffix(judging->running, "-default"))
        return ht_str_has_suffix(release, "-default") &&
               ht_str_has_suffix(judging->running, "-default");
    return dot > 0 && own > 0 &&
           ht_str_equal(ht_str_sub(release, (size_t)dot, release.len),
                        ht_str_sub(judging->running, (size_t)own, judging->running.len));
}

static void find_kernels(const struct judging *judging, const struct ht_installed_list *list,
                         struct candidate *ret_newest, struct candidate *ret_running)
{
    for (size_t i = 0; i < list->len; i++) {
        struct candidate found = {.package = &list->items[i]};
        int order = 1;

        found.release = release_of(judging, found.package);
        if (!found.release.len || !has_files(judging, found.release))
            continue;
        if (ht_str_equal(found.release, judging->running))
            *ret_running = found;
        if (!same_flavour(judging, found.release))
            continue;
        if (ret_newest->package)
            order = compare_versions(judging, found.package->version, ret_newest->package->version);
        if (order == 0)
            order = ht_version_compare_deb(found.release, ret_newest->release);
        if (order > 0)
            *ret_newest = found;
    }
}

/* ---- the verdict ---- */

static void put(struct ht_kernel *row, enum ht_kernel_state state, struct ht_str reason)
{
    ht_kernel_set_state(row, state);
    ht_kernel_set_reason(row, reason);
}

static void judge(const struct judging *judging, const struct candidate *newest,
                  const struct candidate *running, struct ht_kernel *row)
{
    struct ht_str version = row->version;

    if (!version.len && running->package)
        version = running->package->version;
    /* RPM's and apk's releases name the version; dpkg's do not, and a kernel built by hand may have
     * any release. */
    if (!row->version.len && (strcmp(judging->system, "deb") == 0 || !running->package)) {
        put(row, HT_KERNEL_STATE_FOREIGN,
            HT_S("the running kernel does not say that it was built as a package"));
        return;
    }
    if (!newest->package) {
        put(row, HT_KERNEL_STATE_NOT_INSTALLED,
            HT_S("no kernel package of its flavour is installed"));
        return;
    }

    int order = compare_versions(judging, newest->package->version, version);
    bool same = ht_str_equal(newest->release, judging->running);
    if (order > 0 && same)
        put(row, HT_KERNEL_STATE_REBUILT, HT_S("the same release was built again since"));
    else if (order > 0)
        put(row, HT_KERNEL_STATE_OLDER, HT_S("a newer kernel waits for a restart"));
    else if (!running->package)
        put(row, HT_KERNEL_STATE_NOT_INSTALLED, HT_S("the package of the running kernel is gone"));
    else
        put(row, HT_KERNEL_STATE_CURRENT, HT_S("the newest installed kernel runs"));
}

void ht_kernel_judge(const struct ht_kernel_claims *claims, const struct ht_root *root,
                     const struct ht_installed_list *list, struct ht_arena *arena,
                     struct ht_kernel *row)
{
    const struct judging judging = {.root = root,
                                    .system = list->system,
                                    .arena = arena,
                                    .running = claims->release,
                                    .flavour = ht_kernel_flavour(claims->release)};
    struct candidate newest = {0}, running = {0};
    struct ht_str version = ht_kernel_version(claims, arena);

    ht_kernel_set_release(row, ht_arena_str(arena, claims->release));
    ht_kernel_set_build(row, ht_arena_str(arena, claims->build));
    if (version.len)
        ht_kernel_set_version(row, version);
    find_kernels(&judging, list, &newest, &running);
    if (newest.package) {
        ht_kernel_set_installed(row, ht_arena_str(arena, newest.release));
        ht_kernel_set_installed_version(row, ht_arena_str(arena, newest.package->version));
        ht_kernel_set_package(row, ht_arena_str(arena, newest.package->name));
    }
    judge(&judging, &newest, &running, row);
}

/* ---- its line ---- */

bool ht_support_of_kernel(struct ht_str release, struct ht_arena *arena, struct ht_support *ret)
{
    struct ht_str rest = release, major, minor;
    uint64_t number;
    size_t len = 0;

    if (!ht_str_next(&rest, '.', &major) || ht_parse_u64(major, &number) < 0 ||
        !ht_str_next(&rest, '.', &minor))
        return false;
    while (len < minor.len && ht_is_digit(minor.data[len]))
        len++;
    if (!len)
        return false;
    ht_support_set_product(ret, HT_S("linux"));
    ht_support_set_cycle(ret, ht_arena_str(arena, ht_str_sub(release, 0, major.len + 1 + len)));
    ht_support_set_id(ret, ht_arena_strf(arena, "linux %.*s", HT_STR_ARG(ret->cycle)));
    ht_support_set_name(ret, ht_arena_strf(arena, "Linux %.*s", HT_STR_ARG(ret->cycle)));
    ht_support_set_kind(ret, HT_S("component"));
    ht_support_set_version(ret, ht_arena_str(arena, release));
    return true;
}
