/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of dpkg's status file is needed to know who is installed, and the choice of manager. */
#include <errno.h>
#include <string.h>

#include "pkg-apk.h"
#include "pkg-installed.h"
#include "pkg-rpm.h"
#include "hulltop/base/limits.h"

#define DPKG_STATUS "var/lib/dpkg/status"

static bool take_field(struct ht_str line, const char *name, struct ht_str *ret_value)
{
    size_t len = strlen(name);

    if (line.len <= len || line.data[len] != ':' ||
        !ht_str_is_nocase(ht_str_sub(line, 0, len), name))
        return false;
    *ret_value = ht_str_trim(ht_str_sub(line, len + 1, line.len));
    return true;
}

/* "linux-signed-amd64 (6.1.112+1)": its version where that is another one. */
static void split_source(struct ht_installed *package)
{
    ptrdiff_t open = ht_str_find_byte(package->source, '(');

    if (open < 0 || !ht_str_has_suffix(package->source, ")"))
        return;
    package->source_version = ht_str_trim(
        ht_str_sub(package->source, (size_t)open + 1, package->source.len - (size_t)open - 2));
    package->source = ht_str_trim(ht_str_sub(package->source, 0, (size_t)open));
}

static void end_stanza(struct ht_installed *package, struct ht_str status,
                       struct ht_installed_list *list)
{
    /* "install ok installed"; what has only its configuration left is not installed. */
    bool here = status.len && !ht_str_has_suffix(status, " not-installed") &&
                !ht_str_has_suffix(status, " config-files");

    if (here && package->architecture.len) {
        if (package->source.len)
            split_source(package);
        else
            package->source = package->name;
        ht_installed_add(list, package);
    }
    *package = (struct ht_installed){0};
}

void ht_dpkg_decode(struct ht_str text, struct ht_installed_list *list)
{
    struct ht_installed package = {0};
    struct ht_str line, status = {0};

    while (ht_str_next(&text, '\n', &line)) {
        if (!ht_str_trim(line).len) {
            end_stanza(&package, status, list);
            status = (struct ht_str){0};
            continue;
        }
        /* A continuation: text, whatever it looks like. */
        if (line.data[0] == ' ' || line.data[0] == '\t')
            continue;
        if (!take_field(line, "Package", &package.name) && !take_field(line, "Status", &status) &&
            !take_field(line, "Version", &package.version) &&
            !take_field(line, "Architecture", &package.architecture) &&
            !take_field(line, "Source", &package.source))
            (void)take_field(line, "Origin", &package.origin);
    }
    end_stanza(&package, status, list);
}

int ht_installed_read(const struct ht_root *root, struct ht_installed_list *list,
                      struct ht_error *err)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_BODY);
    struct stat facts;
    int code;

    if (ht_root_stat(root, DPKG_STATUS, &facts, NULL) == 0) {
        list->system = "deb";
        code = ht_root_read(root, DPKG_STATUS, &text, HT_LIMIT_BODY, err);
        if (code == 0)
            ht_dpkg_decode(ht_buf_str(&text), list);
        return code;
    }
    if (ht_apk_path(root)) {
        list->system = "apk";
        return ht_apk_read(root, list, err);
    }
    if (ht_rpm_path(root)) {
        list->system = "rpm";
        return ht_rpm_read(root, list, err);
    }
    return ht_error_set(err, ENOENT, "no package database that is known");
}
