/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pkg-look.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "pkg-advisories.h"
#include "pkg-kernel.h"
#include "pkg-seal.h"
#include "pkg-stack.h"
#include "pkg-support.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

#define DAY_NS (24 * 60 * 60 * HT_NS_PER_S)

/* A file of advisories that was made this long ago lacks too much. */
enum { SMALL = 64 * 1024, HOLES_MAX = 20000, ADVISORIES_OLD_DAYS = 30 };

struct looking {
    const struct ht_pkg_look *look;
    struct ht_node *sample;
    struct ht_arena *arena;
    struct ht_installed_list installed;
    struct ht_advisories advisories;
    struct ht_support support;
    const struct ht_installed *package; /* whose holes are looked up */
    struct ht_str source, version;
    size_t holes;
};

static void add_kernel(struct looking *looking)
{
    ht_autobuf struct ht_buf signature = HT_BUF(SMALL);
    struct ht_kernel row = {0};
    struct ht_support support = {0};
    struct utsname names;

    if (!looking->look->live || uname(&names) < 0)
        return;
    ht_kernel_set_id(&row, HT_S("kernel"));
    (void)ht_root_read(looking->look->root, "proc/version_signature", &signature, SMALL, NULL);

    const struct ht_kernel_claims claims = {.release = ht_str_from(names.release),
                                            .build = ht_str_from(names.version),
                                            .signature = ht_str_trim(ht_buf_str(&signature))};
    if (looking->installed.system && looking->installed.len)
        ht_kernel_judge(&claims, looking->look->root, &looking->installed, looking->arena, &row);
    else
        ht_kernel_set_release(&row, ht_arena_str(looking->arena, claims.release));
    ht_kernel_read(looking->look->root, looking->arena, &row);
    ht_node_add(looking->sample, ht_row_new(&ht_kernel_table, &row));
    if (ht_kernel_has_state(&row) && row.state == HT_KERNEL_STATE_FOREIGN &&
        ht_support_of_kernel(claims.release, looking->arena, &support))
        ht_node_add(looking->sample, ht_row_new(&ht_support_table, &support));
}

static void visit_hole(void *context, const struct ht_advisory_line *line)
{
    struct looking *looking = context;
    const struct ht_installed *package = looking->package;
    struct ht_advisory row = {0};

    if (looking->holes >= HOLES_MAX ||
        !ht_advisory_hits(line, looking->installed.system, looking->version))
        return;
    looking->holes++;
    ht_advisory_set_id(&row, ht_arena_strf(looking->arena, "%.*s %.*s", HT_STR_ARG(package->name),
                                           HT_STR_ARG(line->id)));
    ht_advisory_set_package(&row, package->name);
    ht_advisory_set_source(&row, looking->source);
    ht_advisory_set_version(&row, package->version);
    ht_advisory_set_fixed(&row, line->fixed);
    ht_advisory_set_hole(&row, line->id);
    ht_advisory_set_class(&row, line->class);
    ht_node_add(looking->sample, ht_row_new(&ht_advisory_table, &row));
}

static void add_holes(struct looking *looking)
{
    if (!looking->advisories.has_ecosystem || !looking->installed.system)
        return;
    for (size_t i = 0; i < looking->installed.len; i++) {
        looking->package = &looking->installed.items[i];
        /* Modules have versions of their own, of which a line says nothing. */
        if (looking->package->modular)
            continue;
        ht_advisory_source(looking->package, looking->arena, &looking->source, &looking->version);
        ht_advisories_each(&looking->advisories, looking->source, visit_hole, looking);
    }
}

/* A file that says nothing of this system, or nothing new, must not pass for good news. */
static int judge_advisories(const struct looking *looking, struct ht_error *err)
{
    const struct ht_advisories *advisories = &looking->advisories;
    const char *path = looking->look->advisories;
    int64_t age = 0;

    if (!advisories->ecosystem.len)
        return ht_error_set(err, ENODATA, "%s: of which system to look for lines is not known",
                            path);
    if (!advisories->has_ecosystem)
        return ht_error_set(err, ENODATA, "%s: no line is about %.*s", path,
                            HT_STR_ARG(advisories->ecosystem));
    if (!__builtin_sub_overflow(looking->sample->taken_at, advisories->modified_at, &age) &&
        age > ADVISORIES_OLD_DAYS * DAY_NS)
        return ht_error_set(err, ESTALE, "%s: is %lld days old, newer holes are not in it", path,
                            (long long)(age / DAY_NS));
    return 0;
}

static int read_advisories(struct looking *looking, struct ht_error *err)
{
    int code;

    if (!looking->look->advisories)
        return 0;
    code = ht_advisories_open(&looking->advisories, looking->look->advisories, err);
    if (code < 0)
        return code;
    ht_advisories_choose(&looking->advisories, looking->support.product, looking->support.cycle,
                         looking->arena);
    return judge_advisories(looking, err);
}

int ht_pkg_look_host(const struct ht_pkg_look *look, struct ht_node *sample, struct ht_error *err)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_BODY);
    struct looking looking = {.look = look, .sample = sample, .arena = arena};
    int code, advised;
    bool whole;

    ht_installed_init(&looking.installed);
    if (ht_support_read(look->root, arena, &looking.support))
        ht_node_add(sample, ht_row_new(&ht_support_table, &looking.support));
    code = ht_installed_read(look->root, &looking.installed, err);
    advised = read_advisories(&looking, code < 0 ? NULL : err);
    add_kernel(&looking);
    if (!looking.installed.system)
        looking.installed.system = "";
    whole = ht_stack_look(
        &(struct ht_stack_places){.root = look->root,
                                  .proc = look->live ? "/proc" : NULL,
                                  .installed = &looking.installed,
                                  .advisories = look->advisories ? &looking.advisories : NULL},
        arena, sample);
    add_holes(&looking);
    if (look->sums)
        ht_seals_look(look->sums, look->root, &looking.installed, sample);
    ht_advisories_fini(&looking.advisories);
    ht_installed_fini(&looking.installed);
    if (!whole && code == 0 && advised == 0)
        return ht_error_set(err, E2BIG,
                            "more programs of the container stack than hulltop looks at");
    return code < 0 ? code : advised;
}
