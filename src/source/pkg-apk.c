/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record is a row of lines "LETTER:value", and an empty line ends it. P name, V version, A
 * architecture, o origin (the package it was built from), s the tag of its repository; the other
 * letters are about files.
 */
#include "pkg-apk.h"

#include <errno.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

static void take_line(struct ht_installed *package, struct ht_str line)
{
    struct ht_str value = ht_str_sub(line, 2, line.len);

    if (line.len < 2 || line.data[1] != ':')
        return;
    switch (line.data[0]) {
    case 'P':
        package->name = value;
        break;
    case 'V':
        package->version = value;
        break;
    case 'A':
        package->architecture = value;
        break;
    case 'o':
        package->source = value;
        break;
    case 's':
        package->origin = value;
        break;
    default:
        break;
    }
}

static void end_record(struct ht_installed *package, struct ht_installed_list *list)
{
    if (package->name.len || package->version.len) {
        if (!package->source.len)
            package->source = package->name;
        ht_installed_add(list, package);
    }
    *package = (struct ht_installed){0};
}

void ht_apk_decode(struct ht_str text, struct ht_installed_list *list)
{
    struct ht_installed package = {0};
    struct ht_str line;

    while (ht_str_next(&text, '\n', &line)) {
        if (line.len && line.data[line.len - 1] == '\r')
            line.len--;
        if (line.len)
            take_line(&package, line);
        else
            end_record(&package, list);
    }
    end_record(&package, list);
}

const char *ht_apk_path(const struct ht_root *root)
{
    /* Version 3 keeps it below /usr where / is merged with that. */
    static const char *const paths[] = {"lib/apk/db/installed", "usr/lib/apk/db/installed"};

    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct stat facts;

        if (ht_root_stat(root, paths[i], &facts, NULL) == 0)
            return paths[i];
    }
    return NULL;
}

int ht_apk_read(const struct ht_root *root, struct ht_installed_list *list, struct ht_error *err)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_BODY);
    const char *path = ht_apk_path(root);

    if (!path)
        return ht_error_set(err, ENOENT, "lib/apk/db/installed: not there");

    int code = ht_root_read(root, path, &text, HT_LIMIT_BODY, err);
    if (code < 0)
        return code;
    ht_apk_decode(ht_buf_str(&text), list);
    return 0;
}
