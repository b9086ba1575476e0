/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DRF-034: containers of a locked image, against its baseline. */
#include "catalogue-private.h"
#include "drf.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/model/lock.h"

static bool is_any_locked(struct ht_checking *checking)
{
    const struct ht_rowset *locks = ht_node_set(ht_checking_node(checking), HT_TABLE_LOCK);

    for (size_t i = 0; i < locks->len; i++) {
        if (ht_lock_of(locks->rows[i])->locked)
            return true;
    }
    return false;
}

/* The lock of its image, or NULL. */
static const struct ht_lock *lock_of(struct ht_checking *checking,
                                     const struct ht_container *container)
{
    const struct ht_row *row;

    if (!ht_container_has_image_id(container)) {
        ht_unknown(checking, "docker",
                   "whether its image is locked is not known: the image is "
                   "not known",
                   "sudo hulltop");
        return NULL;
    }
    row = ht_node_find(ht_checking_node(checking), HT_TABLE_LOCK, container->image_id);
    return row && ht_lock_of(row)->locked ? ht_lock_of(row) : NULL;
}

static void show_lock(struct ht_checking *checking, struct ht_finding *finding,
                      const struct ht_lock *lock)
{
    char time[HT_TIME_TEXT_MAX];

    if (!ht_lock_has_locked_at(lock))
        return;
    ht_fire_evidence(checking, finding, "hulltop", "locked at",
                     ht_str_from(ht_time_format_utc(lock->locked_at, 0, time)));
    ht_fire_evidencef(checking, finding, "hulltop", "baseline", "the image and %zu files",
                      lock->code.len);
}

static void look_code(struct ht_checking *checking, const struct ht_row *row,
                      const struct ht_lock *lock)
{
    const struct ht_rowset *codes = ht_node_set(ht_checking_node(checking), HT_TABLE_CODE);

    for (size_t i = 0; i < codes->len; i++) {
        const struct ht_code *code = ht_code_of(codes->rows[i]);
        struct ht_finding *finding;

        if (!ht_code_has_container(code) || !ht_str_equal(code->container, ht_row_id(row)))
            continue;
        if (!ht_code_has_origin(code) || code->origin == HT_CODE_ORIGIN_BLIND) {
            ht_unknown(checking, "drift",
                       "where some of what runs in a locked container comes from is not known",
                       "sudo hulltop on the node; a storage driver with overlay");
            continue;
        }
        if (!ht_lock_is_about(code) ||
            ht_text_list_has(&lock->code, ht_lock_code(ht_checking_arena(checking), code)))
            continue;
        finding = ht_drf_fire(checking, code);
        ht_fire_title(checking, finding, "%.*s %s in a locked container, beyond its baseline",
                      HT_STR_ARG(code->path), ht_drf_runs(code));
        show_lock(checking, finding, lock);
    }
}

static void look_packages(struct ht_checking *checking, const struct ht_row *row,
                          const struct ht_lock *lock)
{
    const struct ht_layer *layer = ht_drf_layer(checking, row);

    if (!layer)
        return;
    for (size_t i = 0; i < layer->packages.len; i++) {
        const struct ht_package_change *change = &layer->packages.items[i];
        struct ht_str package = ht_lock_package(ht_checking_arena(checking), change);
        struct ht_finding *finding;

        if (ht_text_list_has(&lock->packages, package))
            continue;
        finding = ht_fire(checking, package);
        ht_fire_title(checking, finding, "The package %.*s was %s in a locked container",
                      HT_STR_ARG(change->name),
                      ht_enum_name(&ht_package_change_kind_enum, change->change));
        ht_fire_evidence(checking, finding, "drift", "package", package);
        show_lock(checking, finding, lock);
    }
}

static void look(struct ht_checking *checking, const struct ht_row *row)
{
    const struct ht_lock *lock;

    if (!is_any_locked(checking))
        return;
    lock = lock_of(checking, ht_container_of(row));
    if (!lock)
        return;
    look_code(checking, row, lock);
    look_packages(checking, row, lock);
}

static const struct ht_check checks[] = {
    {.id = "DRF-034",
     .question = 6,
     .scope = HT_TABLE_CONTAINER,
     .reads = HT_READS(CODE) | HT_READS(LAYER) | HT_READS(LOCK),
     .flags = HT_CHECK_DECIDES,
     .severity = HT_SEVERITY_CRITICAL,
     .title = "Something new in a locked container",
     .condition = "The image was locked with the key L, and a program, script, library or package "
                  "appears that is neither the image's nor had run when it was locked.",
     .why = "Somebody said that nothing new is expected here.",
     .fix = "Save the evidence (e). If it is expected, unlock the image with a reason (L) and lock "
            "it again; else deploy the container again from the image.",
     .needs = HT_TEXTS("drift"),
     .references = HT_TEXTS("ATT&CK T1105", "ATT&CK T1554"),
     .other_causes = HT_TEXTS("what starts seldom and had not run when it was locked",
                              "an update of a package in the container"),
     .run = look},
};

const struct ht_check_group ht_checks_drf_lock = {.checks = checks, .count = ARRAY_LEN(checks)};
