/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a host says about restarts, its clock, and the image it is made of. */
#include <errno.h>
#include <string.h>
#include <sys/timex.h>

#include "pkg-system.h"
#include "proc-decode.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { SMALL = 64 * 1024, NAMES_MAX = 100 };

/* ---- restarts ---- */

static void read_reboot_packages(struct ht_pkg_reading *reading, const char *path,
                                 struct ht_package_db *db)
{
    ht_autobuf struct ht_buf text = HT_BUF(SMALL);
    struct ht_str *names = ht_arena_array(reading->arena, struct ht_str, NAMES_MAX);
    struct ht_error err = {0};
    struct ht_str rest, line;
    size_t len = 0;

    if (ht_pkg_inputs_look(reading->inputs, reading->root, path) < 0 ||
        ht_root_read(reading->root, path, &text, SMALL, &err) < 0)
        return;
    rest = ht_buf_str(&text);
    while (len < NAMES_MAX && ht_str_next(&rest, '\n', &line)) {
        bool known = false;

        line = ht_str_trim(line);
        for (size_t i = 0; i < len; i++)
            known = known || ht_str_equal(names[i], line);
        if (line.len && !known)
            names[len++] = ht_arena_str(reading->arena, line);
    }
    ht_package_db_set_reboot_packages(db, (struct ht_text_list){.items = names, .len = len});
}

void ht_pkg_read_reboot(struct ht_pkg_reading *reading, struct ht_package_db *db)
{
    /* Debian and Ubuntu, SUSE. */
    static const char *const flags[] = {"/run/reboot-required", "/run/reboot-needed"};

    ht_package_db_set_reboot(db, false);
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        const struct ht_pkg_input *input;

        if (ht_pkg_inputs_look(reading->inputs, reading->root, flags[i]) < 0)
            continue;
        input = ht_pkg_inputs_find(reading->inputs, flags[i]);
        ht_package_db_set_reboot(db, true);
        ht_package_db_set_reboot_at(db, input->changed_ns);
        read_reboot_packages(reading, ht_arena_strf(reading->arena, "%s.pkgs", flags[i]).data, db);
        return;
    }
}

/* ---- time ---- */

void ht_pkg_read_clock(struct ht_package_db *db)
{
    struct timex state = {0};
    int r = adjtimex(&state);

    if (r >= 0)
        ht_package_db_set_clock_synced(db, r != TIME_ERROR && !(state.status & STA_UNSYNC));
}

/* ---- images ---- */

struct image {
    const char *id;    /* of os-release; NULL: a file or the field tells */
    const char *file;  /* that is only there on such a host; NULL: none */
    const char *build; /* field of os-release with what was built */
};

static const struct image images[] = {
    {"flatcar", NULL, "BUILD_ID"},
    {"bottlerocket", NULL, "BUILD_ID"},
    {"cos", NULL, "BUILD_ID"},
    {"talos", NULL, "VERSION_ID"},
    {NULL, "/run/ostree-booted", "OSTREE_VERSION"},
    {NULL, "/ostree/repo", "OSTREE_VERSION"},
    {NULL, NULL, "OSTREE_VERSION"},
    {"opensuse-microos", NULL, "VERSION_ID"},
    {"opensuse-leap-micro", NULL, "VERSION_ID"},
    {"sle-micro", NULL, "VERSION_ID"},
    {"sl-micro", NULL, "VERSION_ID"},
};

static bool is_image(struct ht_pkg_reading *reading, struct ht_str release,
                     const struct image *image)
{
    if (image->file)
        return ht_pkg_inputs_look(reading->inputs, reading->root, image->file) == 0;
    if (image->id)
        return ht_str_is(ht_proc_decode_os_release(release, "ID", reading->arena), image->id);
    return ht_proc_decode_os_release(release, image->build, reading->arena).len > 0;
}

static const struct image *find_image(struct ht_pkg_reading *reading, struct ht_str release)
{
    for (size_t i = 0; i < ARRAY_LEN(images); i++) {
        if (is_image(reading, release, &images[i]))
            return &images[i];
    }
    return NULL;
}

/* A build that has a day in it, as Flatcar's ("2026-10-20-1733") and MicroOS' ("20261101") have,
 * was made on it. */
static bool day_of(struct ht_pkg_reading *reading, struct ht_str build, int64_t *ret_ns)
{
    enum { DIGITS = 8 };
    char digits[DIGITS];
    size_t len = 0;

    for (size_t i = 0; i < build.len && len < DIGITS; i++) {
        if (build.data[i] >= '0' && build.data[i] <= '9')
            digits[len++] = build.data[i];
        else if (build.data[i] != '-' || (len != 4 && len != 6))
            len = 0; /* "38.20231101.3.0" begins with something else */
    }
    if (len < DIGITS)
        return false;
    return ht_parse_time(ht_arena_strf(reading->arena, "%.4s-%.2s-%.2sT00:00:00Z", digits,
                                       digits + 4, digits + 6),
                         ret_ns) == 0;
}

bool ht_pkg_read_release(struct ht_pkg_reading *reading, struct ht_buf *text)
{
    static const char *const paths[] = {"/etc/os-release", "/usr/lib/os-release"};
    struct ht_error err = {0};

    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        ht_buf_reset(text);
        if (ht_pkg_inputs_look(reading->inputs, reading->root, paths[i]) == 0 &&
            ht_root_read(reading->root, paths[i], text, SMALL, &err) == 0)
            return true;
    }
    return false;
}

int ht_pkg_read_image(struct ht_pkg_reading *reading, struct ht_node *sample, struct ht_error *err)
{
    ht_autobuf struct ht_buf text = HT_BUF(SMALL);
    struct ht_package_db db = {0};
    const struct image *image;
    struct ht_str build, name;
    int64_t at;

    (void)err;
    if (!ht_pkg_read_release(reading, &text))
        return -ENOENT;
    image = find_image(reading, ht_buf_str(&text));
    if (!image)
        return -ENOENT;
    name = ht_proc_decode_os_release(ht_buf_str(&text), "PRETTY_NAME", reading->arena);
    build = ht_proc_decode_os_release(ht_buf_str(&text), image->build, reading->arena);
    ht_package_db_set_id(&db, HT_S("image"));
    ht_package_db_set_system(&db, HT_S("image"));
    ht_package_db_set_image(
        &db, ht_arena_strf(reading->arena, "%.*s %.*s", HT_STR_ARG(name), HT_STR_ARG(build)));
    if (day_of(reading, build, &at))
        ht_package_db_set_image_at(&db, at);
    ht_pkg_read_reboot(reading, &db);
    if (reading->live)
        ht_pkg_read_clock(&db);
    reading->summary = ht_arena_strf(reading->arena, "image: %.*s", HT_STR_ARG(db.image));
    ht_node_add(sample, ht_row_new(&ht_package_db_table, &db));
    return 0;
}
