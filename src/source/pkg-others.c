/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hosts of RPM and apk: what is installed is known; which updates wait is not, and that is said. */
#include <errno.h>

#include "pkg-apk.h"
#include "pkg-installed.h"
#include "pkg-rpm.h"
#include "pkg-system.h"

int ht_pkg_read_others(struct ht_pkg_reading *reading, struct ht_node *sample, struct ht_error *err)
{
    const char *apk = ht_apk_path(reading->root);
    const char *path = apk ? apk : ht_rpm_path(reading->root);
    struct ht_installed_list list;
    struct ht_package_db db = {0};
    int r;

    if (!path)
        return ht_error_set(err, ENOENT, "neither RPM nor apk is used here");
    (void)ht_pkg_inputs_look(reading->inputs, reading->root, path);
    ht_installed_init(&list);
    r = apk ? ht_apk_read(reading->root, &list, err) : ht_rpm_open(reading->root, &list.rpm, err);
    if (r == 0 && list.rpm)
        r = ht_rpm_read(list.rpm, &list, err);
    if (r == 0) {
        struct ht_str system = apk ? HT_S("apk") : HT_S("rpm");

        ht_package_db_set_id(&db, system);
        ht_package_db_set_system(&db, system);
        ht_package_db_set_installed(&db, list.len);
        ht_node_add(sample, ht_row_new(&ht_package_db_table, &db));
        reading->installed = list.len;
        reading->summary =
            ht_arena_strf(reading->arena, "%.*s: %zu packages", HT_STR_ARG(system), list.len);
        reading->trouble = HT_S("hulltop cannot tell which updates wait here");
        reading->help = HT_S("ask the package manager itself, or give --advisories");
    }
    ht_installed_fini(&list);
    return r;
}
