/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config-allow.h"

#include <errno.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/check/catalogue.h"
#include "hulltop/model/filter.h"

/* One exception while it is read. */
struct reading {
    struct ht_arena *arena;
    const char *file;
    const struct ht_yaml *map;
    struct ht_allowed *allowed;
    struct ht_error *err;
};

static int fail(const struct reading *reading, const char *cause)
{
    return ht_error_set(reading->err, EINVAL, "%s:%u: allow: %s", reading->file, reading->map->line,
                        cause);
}

static struct ht_str text_of(const struct reading *reading, const char *key)
{
    return ht_arena_str(reading->arena, ht_str_trim(ht_yaml_text(reading->map, key)));
}

static int check_keys(const struct reading *reading)
{
    static const char *const names[] = {"check", "image", "name", "reason", "until"};

    for (size_t i = 0; i < reading->map->len; i++) {
        const struct ht_yaml *key = &reading->map->items[2 * i];
        const char *near = ht_nearest(key->text, names, ARRAY_LEN(names));
        bool is_known = near && ht_str_is(key->text, near);

        if (!is_known)
            return ht_error_set(reading->err, EINVAL, "%s:%u: allow: no key \"%.*s\"%s%s%s",
                                reading->file, key->line, HT_STR_ARG(key->text),
                                near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
        if (reading->map->items[2 * i + 1].kind != HT_YAML_SCALAR)
            return ht_error_set(reading->err, EINVAL, "%s:%u: allow: %.*s: expected a text",
                                reading->file, key->line, HT_STR_ARG(key->text));
    }
    return 0;
}

/* The end of that day, UTC. */
static int read_until(const struct reading *reading)
{
    struct ht_str day = text_of(reading, "until");
    struct ht_str end = ht_arena_strf(reading->arena, "%.*sT23:59:59Z", HT_STR_ARG(day));
    char again[HT_TIME_TEXT_MAX];

    /* The 30th of February would become a day of March. */
    if (day.len != 10 || ht_parse_time(end, &reading->allowed->until_ns) < 0 ||
        !ht_str_is(end, ht_time_format_utc(reading->allowed->until_ns, 0, again)))
        return fail(reading, "until: expected a day, YYYY-MM-DD");
    return 0;
}

static int read_one(const struct reading *reading)
{
    struct ht_allowed *allowed = reading->allowed;
    const struct ht_check *check;
    int r = check_keys(reading);

    if (r < 0)
        return r;
    allowed->told_by = ht_arena_strf(reading->arena, "%s:%u", reading->file, reading->map->line);
    allowed->check = text_of(reading, "check");
    allowed->image = text_of(reading, "image");
    allowed->name = text_of(reading, "name");
    allowed->reason = text_of(reading, "reason");
    check = ht_catalogue_find(allowed->check);
    if (!check)
        return fail(reading, "check: no such check (hulltop-checks(7) lists them)");
    if (check->flags & HT_CHECK_POSTURE)
        return fail(reading, "check: it counts over the whole node, nothing of it can be allowed");
    if (!allowed->image.len && !allowed->name.len)
        return fail(reading,
                    "needs an image, a name, or both: a check is never allowed as a whole");
    if (!allowed->reason.len)
        return fail(reading, "needs a reason");
    return read_until(reading);
}

int ht_config_read_allowed(struct ht_arena *arena, const struct ht_config_entry *entry,
                           struct ht_allowed_list *ret_list, struct ht_error *err)
{
    const struct ht_yaml *list = entry->node;
    struct ht_allowed *items;

    if (list->kind != HT_YAML_LIST)
        return ht_error_set(err, EINVAL, "%s:%u: allow: expected a list", entry->file, entry->line);
    if (list->len > HT_LIMIT_ALLOWED)
        return ht_error_set(err, E2BIG, "%s:%u: allow: more than %d entries", entry->file,
                            entry->line, HT_LIMIT_ALLOWED);
    items = ht_arena_array(arena, struct ht_allowed, list->len);
    for (size_t i = 0; i < list->len; i++) {
        const struct reading reading = {.arena = arena,
                                        .file = entry->file,
                                        .map = &list->items[i],
                                        .allowed = &items[i],
                                        .err = err};

        if (reading.map->kind != HT_YAML_MAP)
            return fail(&reading, "expected check, image, name, reason and until");

        int r = read_one(&reading);
        if (r < 0)
            return r;
    }
    *ret_list = (struct ht_allowed_list){.items = items, .len = list->len};
    return 0;
}
