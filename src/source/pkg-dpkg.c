/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is installed by dpkg, as deb-set.h reads it, and the choice of manager. */
#include <errno.h>

#include "deb.h"
#include "pkg-apk.h"
#include "pkg-installed.h"
#include "pkg-rpm.h"
#include "deb-stanza.h"
#include "hulltop/base/limits.h"

/* Copies what is installed of a closed set. */
static void list_set(const struct ht_deb_set *set, struct ht_installed_list *list)
{
    for (size_t i = 0; i < set->packages.len; i++) {
        const struct ht_deb_package *package = set->packages.items[i];
        const struct ht_deb_version *version = package->current;
        struct ht_installed installed;

        /* To apt one without an architecture is none of what the lists offer. */
        if (!version || ht_str_is(package->architecture, "none"))
            continue;
        installed = (struct ht_installed){.name = package->name,
                                          .version = version->text,
                                          .architecture = package->architecture,
                                          .source = version->source};
        if (version->all)
            installed.architecture = HT_S("all");
        if (!ht_str_equal(version->source_version, version->text))
            installed.source_version = version->source_version;
        ht_installed_add(list, &installed);
    }
}

static int take_stanza(void *context, struct ht_str stanza)
{
    struct ht_error err;

    (void)ht_deb_set_status(context, stanza, HT_DEB_STATUS, &err);
    return 0;
}

void ht_dpkg_decode(struct ht_str text, struct ht_installed_list *list)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DEB_ARENA);
    struct ht_deb_set set;

    ht_deb_set_init(&set, arena, HT_S("all"));
    (void)ht_deb_each(text, take_stanza, &set);
    ht_deb_set_close(&set);
    list_set(&set, list);
    ht_deb_set_fini(&set);
}

static int read_dpkg(const struct ht_root *root, struct ht_installed_list *list,
                     struct ht_error *err)
{
    struct ht_deb_answer *answer = NULL;
    int code = ht_deb_read_installed(root, &answer, err);

    if (code < 0)
        return code;
    list_set(&answer->set, list);
    ht_deb_free(answer);
    return 0;
}

int ht_installed_read(const struct ht_root *root, struct ht_installed_list *list,
                      struct ht_error *err)
{
    int code = read_dpkg(root, list, err);

    if (code != -ENOENT) {
        list->system = "deb";
        return code;
    }
    if (ht_apk_path(root)) {
        list->system = "apk";
        return ht_apk_read(root, list, err);
    }
    if (ht_rpm_path(root)) {
        list->system = "rpm";
        code = ht_rpm_open(root, &list->rpm, err);
        return code < 0 ? code : ht_rpm_read(list->rpm, list, err);
    }
    return ht_error_set(err, ENOENT, "no package database that is known");
}
