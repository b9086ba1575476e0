/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "drift-packages.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "origin-file.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

enum { NAMES_MAX = 20000 };

/* ---- databases as text ---- */

/* One package, as its lines come; borrowed. */
struct entry {
    struct ht_str name, version, architecture;
    bool installed;
};

static struct ht_str value_behind(struct ht_str line, const char *key)
{
    return ht_str_trim(ht_str_sub(line, strlen(key), line.len));
}

static void read_dpkg_line(struct ht_str line, struct entry *entry)
{
    if (ht_str_has_prefix(line, "Package:"))
        entry->name = value_behind(line, "Package:");
    else if (ht_str_has_prefix(line, "Version:"))
        entry->version = value_behind(line, "Version:");
    else if (ht_str_has_prefix(line, "Architecture:"))
        entry->architecture = value_behind(line, "Architecture:");
    else if (ht_str_has_prefix(line, "Status:"))
        entry->installed = ht_str_has_suffix(line, " installed");
}

static void read_apk_line(struct ht_str line, struct entry *entry)
{
    if (ht_str_has_prefix(line, "P:")) {
        entry->name = value_behind(line, "P:");
        entry->installed = true;
    } else if (ht_str_has_prefix(line, "V:")) {
        entry->version = value_behind(line, "V:");
    }
}

static void add_entry(struct ht_map *map, const struct entry *entry, struct ht_arena *arena)
{
    struct ht_str key = entry->name;

    if (!entry->installed || entry->name.len == 0 || entry->version.len == 0 ||
        ht_map_len(map) >= NAMES_MAX)
        return;
    /* Of one package there may be two architectures. */
    if (entry->architecture.len)
        key = ht_arena_strf(arena, "%.*s:%.*s", HT_STR_ARG(entry->name),
                            HT_STR_ARG(entry->architecture));
    (void)ht_map_set(map, key, (char *)(uintptr_t)ht_arena_str(arena, entry->version).data);
}

struct ht_map *ht_packages_decode(enum ht_package_format format, struct ht_str text,
                                  struct ht_arena *arena)
{
    struct ht_map *map = ht_map_new();
    struct entry entry = {.installed = false};
    struct ht_str line;

    while (ht_str_next(&text, '\n', &line)) {
        if (ht_str_trim(line).len == 0) {
            add_entry(map, &entry, arena);
            entry = (struct entry){.installed = false};
            continue;
        }
        switch (format) {
        case HT_PACKAGE_FORMAT_DPKG:
            read_dpkg_line(line, &entry);
            break;
        case HT_PACKAGE_FORMAT_APK:
            read_apk_line(line, &entry);
            break;
        case HT_PACKAGE_FORMAT_BYTES:
            break;
        }
    }
    add_entry(map, &entry, arena);
    return map;
}

/* ---- comparing ---- */

struct comparing {
    const char *manager;
    struct ht_map *other;
    bool forward; /* from the image's to those of now */
    struct ht_arena *arena;
    struct ht_package_change *items;
    size_t len;
    uint64_t cut;
};

static void add_change(struct comparing *comparing, struct ht_str name,
                       enum ht_package_change_kind kind, const char *image, const char *now)
{
    struct ht_package_change *change;

    if (comparing->len == HT_PACKAGE_CHANGES_MAX) {
        comparing->cut++;
        return;
    }
    change = &comparing->items[comparing->len++];
    ht_package_change_set_manager(change, ht_str_from(comparing->manager));
    ht_package_change_set_name(change, ht_arena_str(comparing->arena, name));
    ht_package_change_set_change(change, kind);
    if (image)
        ht_package_change_set_image(change, ht_str_from(image));
    if (now)
        ht_package_change_set_now(change, ht_str_from(now));
}

static void compare_one(void *context, struct ht_str name, void *value)
{
    struct comparing *comparing = context;
    const char *version = value;
    const char *other = ht_map_get(comparing->other, name);

    if (comparing->forward && !other)
        add_change(comparing, name, HT_PACKAGE_CHANGE_KIND_REMOVED, version, NULL);
    else if (comparing->forward && strcmp(other, version) != 0)
        add_change(comparing, name, HT_PACKAGE_CHANGE_KIND_CHANGED, version, other);
    else if (!comparing->forward && !other)
        add_change(comparing, name, HT_PACKAGE_CHANGE_KIND_ADDED, NULL, version);
}

struct ht_package_change_list ht_packages_compare(const char *manager, struct ht_map *image,
                                                  struct ht_map *now, struct ht_arena *arena,
                                                  uint64_t *ret_cut)
{
    struct comparing comparing = {
        .manager = manager,
        .other = image,
        .arena = arena,
        .items = ht_arena_array(arena, struct ht_package_change, HT_PACKAGE_CHANGES_MAX)};

    /* What was added tells most, so it comes first. */
    ht_map_each(now, compare_one, &comparing);
    comparing.forward = true;
    comparing.other = now;
    ht_map_each(image, compare_one, &comparing);
    *ret_cut = comparing.cut;
    return (struct ht_package_change_list){.items = comparing.items, .len = comparing.len};
}

/* ---- a container's ---- */

static const struct database {
    const char *manager;
    const char *path;
    enum ht_package_format format;
} databases[] = {
    {"dpkg", "/var/lib/dpkg/status", HT_PACKAGE_FORMAT_DPKG},
    {"apk", "/lib/apk/db/installed", HT_PACKAGE_FORMAT_APK},
    {"apk", "/usr/lib/apk/db/installed", HT_PACKAGE_FORMAT_APK},
    {"rpm", "/var/lib/rpm/rpmdb.sqlite", HT_PACKAGE_FORMAT_BYTES},
    {"rpm", "/var/lib/rpm/Packages", HT_PACKAGE_FORMAT_BYTES},
    {"rpm", "/usr/lib/sysimage/rpm/rpmdb.sqlite", HT_PACKAGE_FORMAT_BYTES},
};

static bool compare_texts(const struct ht_package_files *files, struct ht_arena *arena,
                          struct ht_package_change_list *ret_changes, uint64_t *ret_cut)
{
    ht_autobuf struct ht_buf now = HT_BUF(HT_LIMIT_FILE);
    ht_autobuf struct ht_buf image = HT_BUF(HT_LIMIT_FILE);
    struct ht_error err = {0};
    struct ht_map *old, *fresh;

    if (ht_read_fd(files->now, files->manager, &now, HT_LIMIT_FILE, &err) < 0 ||
        (files->image >= 0 &&
         ht_read_fd(files->image, files->manager, &image, HT_LIMIT_FILE, &err) < 0))
        return false;
    fresh = ht_packages_decode(files->format, ht_buf_str(&now), arena);
    old = ht_packages_decode(files->format, ht_buf_str(&image), arena);
    *ret_changes = ht_packages_compare(files->manager, old, fresh, arena, ret_cut);
    ht_map_free(old);
    ht_map_free(fresh);
    return true;
}

static void tell_database(const struct ht_package_files *files, enum ht_package_change_kind kind,
                          struct ht_arena *arena, struct ht_package_change_list *ret_changes)
{
    struct ht_package_change *change = ht_arena_array(arena, struct ht_package_change, 1);

    ht_package_change_set_manager(change, ht_str_from(files->manager));
    ht_package_change_set_name(change, HT_S("the database itself"));
    ht_package_change_set_change(change, kind);
    *ret_changes = (struct ht_package_change_list){.items = change, .len = 1};
}

/* A database whose inside is not read: that it is another one is all that is told. */
static bool compare_bytes(const struct ht_package_files *files, struct ht_arena *arena,
                          struct ht_package_change_list *ret_changes)
{
    enum ht_tristate same =
        files->image < 0 ? HT_TRISTATE_NO : ht_file_same(files->now, files->image);

    if (same == HT_TRISTATE_NO)
        tell_database(
            files, files->image < 0 ? HT_PACKAGE_CHANGE_KIND_ADDED : HT_PACKAGE_CHANGE_KIND_CHANGED,
            arena, ret_changes);
    return same != HT_TRISTATE_UNKNOWN;
}

bool ht_packages_compare_files(const struct ht_package_files *files, struct ht_arena *arena,
                               struct ht_package_change_list *ret_changes, uint64_t *ret_cut)
{
    *ret_changes = (struct ht_package_change_list){.len = 0};
    *ret_cut = 0;
    if (files->is_gone)
        tell_database(files, HT_PACKAGE_CHANGE_KIND_REMOVED, arena, ret_changes);
    if (files->now < 0)
        return true; /* the writable directory has none of its own */
    return files->format == HT_PACKAGE_FORMAT_BYTES
               ? compare_bytes(files, arena, ret_changes)
               : compare_texts(files, arena, ret_changes, ret_cut);
}

/* All changes of a container while its databases are read. */
struct gathering {
    struct ht_arena *arena;
    struct ht_package_change *items; /* NULL: there is none */
    size_t len;
    uint64_t cut;
};

static void gather(struct gathering *gathering, struct ht_package_change_list changes, uint64_t cut)
{
    size_t room = HT_PACKAGE_CHANGES_MAX - gathering->len;
    size_t taken = changes.len < room ? changes.len : room;

    if (taken && !gathering->items)
        gathering->items =
            ht_arena_array(gathering->arena, struct ht_package_change, HT_PACKAGE_CHANGES_MAX);
    if (taken)
        memcpy(gathering->items + gathering->len, changes.items, taken * sizeof(*gathering->items));
    gathering->len += taken;
    gathering->cut += cut + (changes.len - taken);
}

uint64_t ht_drift_packages_stamp(struct ht_origin *origin, struct ht_str upper, unsigned which)
{
    uint64_t stamp = 0;

    for (size_t i = 0; i < ARRAY_LEN(databases); i++) {
        struct stat about;

        if (!(which >> i & 1) ||
            !ht_origin_stat_written(origin, upper, ht_str_from(databases[i].path), &about))
            continue;
        const uint64_t facts[] = {i, about.st_ino, (uint64_t)about.st_size,
                                  (uint64_t)ht_time_of(&about.st_ctim)};
        stamp =
            ht_str_hash((struct ht_str){.data = (const char *)facts, .len = sizeof(facts)}, stamp);
    }
    return stamp;
}

unsigned ht_drift_packages(struct ht_origin *origin, const struct ht_origin_layers *layers,
                           struct ht_arena *arena, struct ht_layer *layer)
{
    const struct ht_layer before = *layer;
    struct ht_str *managers = ht_arena_array(arena, struct ht_str, ARRAY_LEN(databases));
    struct gathering gathering = {.arena = arena};
    size_t len = 0;
    unsigned found = 0;
    bool whole = ht_layer_has_packages(layer); /* those of languages are told */

    ht_field_forget(&ht_layer_table, layer, "packages");
    ht_field_forget(&ht_layer_table, layer, "packages_cut");
    for (size_t i = 0; i < ARRAY_LEN(databases); i++) {
        ht_autoclose int now = -1;
        ht_autoclose int image = -1;
        struct ht_package_change_list changes;
        uint64_t cut;
        int gone =
            ht_origin_open_layers(origin, layers, ht_str_from(databases[i].path), &now, &image);

        if (gone < 0)
            return HT_PACKAGES_ALL;
        if (now < 0 && image < 0)
            continue;
        found |= 1u << i;
        managers[len++] = ht_str_from(databases[i].manager);
        if (ht_packages_compare_files(&(struct ht_package_files){.manager = databases[i].manager,
                                                                 .format = databases[i].format,
                                                                 .now = now,
                                                                 .image = image,
                                                                 .is_gone = gone == 1},
                                      arena, &changes, &cut))
            gather(&gathering, changes, cut);
        else
            whole = false;
    }
    if (ht_layer_has_packages(&before))
        gather(&gathering, before.packages, before.packages_cut);
    ht_layer_set_managers(layer, (struct ht_text_list){.items = managers, .len = len});
    /* Not compared is not the same as unchanged. */
    if (!whole && gathering.len == 0)
        return found;
    ht_layer_set_packages(
        layer, (struct ht_package_change_list){.items = gathering.items, .len = gathering.len});
    ht_layer_set_packages_cut(layer, gathering.cut);
    return found;
}
