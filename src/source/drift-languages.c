/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "drift-languages.h"

#include <string.h>

#include "hulltop/base/json.h"
#include "hulltop/base/mem.h"

static const char pip[] = "pip", npm[] = "npm", gem[] = "gem";

/* ---- what a path stands for ---- */

static struct ht_str folder_of(struct ht_str path)
{
    ptrdiff_t slash = ht_str_rfind_byte(path, '/');

    return slash < 0 ? (struct ht_str){0} : ht_str_sub(path, 0, (size_t)slash);
}

/* "NAME-VERSION": the version begins with a digit. */
static bool split(struct ht_str text, struct ht_language_package *package)
{
    for (size_t i = 1; i + 1 < text.len; i++) {
        if (text.data[i] == '-' && ht_is_digit(text.data[i + 1])) {
            package->name = ht_str_sub(text, 0, i);
            package->version = ht_str_sub(text, i + 1, text.len);
            return true;
        }
    }
    return false;
}

/* .../site-packages/NAME-VERSION.dist-info, .../NAME-VERSION-py3.11.egg-info */
static bool is_pip(struct ht_str path, struct ht_arena *arena, struct ht_language_package *package)
{
    static const char dist[] = ".dist-info", egg[] = ".egg-info";
    struct ht_str name = ht_str_base(path);
    struct ht_str folder = ht_str_base(folder_of(path));
    ptrdiff_t python;

    if (!ht_str_is(folder, "site-packages") && !ht_str_is(folder, "dist-packages"))
        return false;
    bool new = ht_str_has_suffix(name, dist);
    if (!new && !ht_str_has_suffix(name, egg))
        return false;
    if (!split(ht_str_sub(name, 0, name.len - (new ? sizeof(dist) : sizeof(egg)) + 1), package))
        return false;
    python = ht_str_find(package->version, HT_S("-py"), 0);
    if (python > 0)
        package->version = ht_str_sub(package->version, 0, (size_t)python);
    package->manager = pip;
    package->folder = folder_of(path);
    package->proof =
        ht_arena_strf(arena, "%.*s/%s", HT_STR_ARG(path), new ? "METADATA" : "PKG-INFO");
    return true;
}

/* .../specifications/NAME-VERSION.gemspec */
static bool is_gem(struct ht_str path, struct ht_arena *arena, struct ht_language_package *package)
{
    static const char suffix[] = ".gemspec";
    struct ht_str name = ht_str_base(path);
    struct ht_str folder = folder_of(path);

    if (!ht_str_has_suffix(name, suffix) || (!ht_str_has_suffix(folder, "/specifications") &&
                                             !ht_str_has_suffix(folder, "/specifications/default")))
        return false;
    if (!split(ht_str_sub(name, 0, name.len - sizeof(suffix) + 1), package))
        return false;
    package->manager = gem;
    package->folder = folder;
    package->proof = ht_arena_str(arena, path);
    return true;
}

/* .../node_modules/NAME/package.json, .../node_modules/@SCOPE/NAME/package.json; deleted, it is the
 * folder. */
static bool is_npm(struct ht_str path, struct ht_arena *arena, struct ht_language_package *package)
{
    bool file = ht_str_has_suffix(path, "/package.json");
    struct ht_str folder = file ? folder_of(path) : path;
    struct ht_str name = ht_str_base(folder);
    struct ht_str above = folder_of(folder);

    if (ht_str_has_prefix(ht_str_base(above), "@")) {
        name = ht_str_sub(folder, folder.len - name.len - ht_str_base(above).len - 1, folder.len);
        above = folder_of(above);
    }
    if (!ht_str_is(ht_str_base(above), "node_modules") || name.len == 0 || name.data[0] == '.')
        return false;
    package->manager = npm;
    package->folder = above;
    package->name = name;
    package->proof = ht_arena_strf(arena, "%.*s/package.json", HT_STR_ARG(folder));
    return true;
}

bool ht_language_find(struct ht_str path, struct ht_arena *arena,
                      struct ht_language_package *ret_package)
{
    struct ht_language_package package = {0};

    if (!is_pip(path, arena, &package) && !is_gem(path, arena, &package) &&
        !is_npm(path, arena, &package))
        return false;
    *ret_package = package;
    return true;
}

struct ht_str ht_language_version(struct ht_str text, struct ht_arena *arena)
{
    const struct ht_json *package = ht_json_parse(arena, "package.json", text, NULL);
    struct ht_str version;

    return package && ht_json_string(ht_json_get(package, "version"), &version)
               ? ht_arena_str(arena, version)
               : (struct ht_str){0};
}

bool ht_language_is_folder(struct ht_str path)
{
    static const char *const names[] = {"site-packages", "dist-packages", "node_modules",
                                        "specifications"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (ht_str_is(ht_str_base(path), names[i]))
            return true;
    }
    return false;
}

bool ht_language_is(struct ht_str manager)
{
    return ht_str_is(manager, pip) || ht_str_is(manager, npm) || ht_str_is(manager, gem);
}

/* ---- changes ---- */

static struct ht_package_change *find(struct ht_languages *languages,
                                      const struct ht_language_package *package)
{
    for (size_t i = 0; i < languages->len; i++) {
        if (ht_str_is(languages->items[i].manager, package->manager) &&
            ht_str_equal(languages->items[i].name, package->name) &&
            ht_str_equal(languages->folders[i], package->folder))
            return &languages->items[i];
    }
    return NULL;
}

void ht_languages_add(struct ht_languages *languages, const struct ht_language_package *package,
                      struct ht_str now, struct ht_str image)
{
    struct ht_package_change *change = find(languages, package);

    if (ht_str_equal(now, image))
        return;
    if (!change) {
        if (languages->len == HT_PACKAGE_CHANGES_MAX) {
            languages->cut++;
            return;
        }
        languages->folders[languages->len] = ht_arena_str(languages->arena, package->folder);
        change = &languages->items[languages->len++];
        *change = (struct ht_package_change){0};
        ht_package_change_set_manager(change, ht_str_from(package->manager));
        ht_package_change_set_name(change, ht_arena_str(languages->arena, package->name));
    }
    if (now.len)
        ht_package_change_set_now(change, ht_arena_str(languages->arena, now));
    if (image.len)
        ht_package_change_set_image(change, ht_arena_str(languages->arena, image));
}

struct ht_package_change_list ht_languages_changes(struct ht_languages *languages)
{
    struct ht_package_change *items =
        ht_arena_array(languages->arena, struct ht_package_change, languages->len + 1);

    for (size_t i = 0; i < languages->len; i++) {
        struct ht_package_change *change = &languages->items[i];
        bool now = ht_package_change_has_now(change), image = ht_package_change_has_image(change);

        ht_package_change_set_change(change, now && image ? HT_PACKAGE_CHANGE_KIND_CHANGED
                                             : now        ? HT_PACKAGE_CHANGE_KIND_ADDED
                                                          : HT_PACKAGE_CHANGE_KIND_REMOVED);
    }
    if (languages->len)
        memcpy(items, languages->items, languages->len * sizeof(*items));
    return (struct ht_package_change_list){.items = items, .len = languages->len};
}
