/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What runs against what is installed: one row for each way in which they can differ. */
#include "src/source/pkg-kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum { PACKAGES = 4 };

/* Packages are "name version architecture"; a trailing ! says that the kernel's file is missing. */
struct row {
    const char *name;
    const char *system;
    const char *release, *build, *signature;
    const char *packages[PACKAGES];
    enum ht_kernel_state state;
    const char *version;   /* as the kernel tells; NULL: it does not */
    const char *installed; /* NULL: none */
};

#define DEB "#1 SMP PREEMPT_DYNAMIC Debian "

static const struct row rows[] = {
    {"equal",
     "deb",
     "6.1.0-26-amd64",
     DEB "6.1.112-1 (2024-09-30)",
     "",
     {"linux-image-6.1.0-26-amd64 6.1.112-1 amd64", "linux-image-amd64 6.1.112-1 amd64"},
     HT_KERNEL_STATE_CURRENT,
     "6.1.112-1",
     "6.1.0-26-amd64"},
    {"newer release",
     "deb",
     "6.1.0-25-amd64",
     DEB "6.1.106-3 (2024-08-26)",
     "",
     {"linux-image-6.1.0-25-amd64 6.1.106-3 amd64", "linux-image-6.1.0-26-amd64 6.1.112-1 amd64"},
     HT_KERNEL_STATE_OLDER,
     "6.1.106-3",
     "6.1.0-26-amd64"},
    {"same release, newer build",
     "deb",
     "6.1.0-26-amd64",
     DEB "6.1.112-1 (2024-09-30)",
     "",
     {"linux-image-6.1.0-26-amd64 6.1.115-1 amd64"},
     HT_KERNEL_STATE_REBUILT,
     "6.1.112-1",
     "6.1.0-26-amd64"},
    {"two kernels, deb13 and deb13.1",
     "deb",
     "6.12.90+deb13-amd64",
     DEB "6.12.90-1 (2026-06-01)",
     "",
     {"linux-image-6.12.90+deb13-amd64 6.12.90-1 amd64",
      "linux-image-6.12.90+deb13.1-amd64 6.12.90-2 amd64"},
     HT_KERNEL_STATE_OLDER,
     "6.12.90-1",
     "6.12.90+deb13.1-amd64"},
    {"the newer of two runs",
     "deb",
     "6.12.90+deb13.1-amd64",
     DEB "6.12.90-2 (2026-06-20)",
     "",
     {"linux-image-6.12.90+deb13-amd64 6.12.90-1 amd64",
      "linux-image-6.12.90+deb13.1-amd64 6.12.90-2 amd64"},
     HT_KERNEL_STATE_CURRENT,
     "6.12.90-2",
     "6.12.90+deb13.1-amd64"},
    {"metapackages and debug packages are no kernels",
     "deb",
     "6.1.0-26-amd64",
     DEB "6.1.112-1 (2024-09-30)",
     "",
     {"linux-image-6.1.0-26-amd64 6.1.112-1 amd64", "linux-image-amd64 6.1.999-1 amd64",
      "linux-image-6.1.0-27-amd64-dbg 6.1.115-1 amd64"},
     HT_KERNEL_STATE_CURRENT,
     "6.1.112-1",
     "6.1.0-26-amd64"},
    {"another flavour does not count",
     "deb",
     "6.1.0-26-amd64",
     DEB "6.1.112-1 (2024-09-30)",
     "",
     {"linux-image-6.1.0-26-amd64 6.1.112-1 amd64",
      "linux-image-6.1.0-27-cloud-amd64 6.1.115-1 amd64",
      "linux-image-6.1.0-27-rt-amd64 6.1.115-1 amd64"},
     HT_KERNEL_STATE_CURRENT,
     "6.1.112-1",
     "6.1.0-26-amd64"},
    {"a package without its file does not count",
     "deb",
     "6.1.0-26-amd64",
     DEB "6.1.112-1 (2024-09-30)",
     "",
     {"linux-image-6.1.0-26-amd64 6.1.112-1 amd64", "linux-image-6.1.0-27-amd64 6.1.115-1 amd64!"},
     HT_KERNEL_STATE_CURRENT,
     "6.1.112-1",
     "6.1.0-26-amd64"},
    {"its package is gone",
     "deb",
     "6.1.0-27-amd64",
     DEB "6.1.115-1 (2024-11-01)",
     "",
     {"linux-image-6.1.0-26-amd64 6.1.112-1 amd64"},
     HT_KERNEL_STATE_NOT_INSTALLED,
     "6.1.115-1",
     "6.1.0-26-amd64"},
    {"no kernel is installed",
     "deb",
     "6.1.0-27-amd64",
     DEB "6.1.115-1 (2024-11-01)",
     "",
     {"libc6 2.36-9 amd64"},
     HT_KERNEL_STATE_NOT_INSTALLED,
     "6.1.115-1",
     NULL},
    {"a kernel of one's own",
     "deb",
     "6.18.44-fc-v782",
     "#1 SMP PREEMPT_DYNAMIC @0",
     "",
     {"linux-image-6.1.0-26-amd64 6.1.112-1 amd64"},
     HT_KERNEL_STATE_FOREIGN,
     NULL,
     NULL},
    {"a kernel of one's own that borrows a release",
     "deb",
     "6.1.0-26-amd64",
     "#2 SMP Tue Nov 3 10:00:00 UTC 2026",
     "",
     {"linux-image-6.1.0-26-amd64 6.1.112-1 amd64"},
     HT_KERNEL_STATE_FOREIGN,
     NULL,
     "6.1.0-26-amd64"},
    {"Ubuntu's signature",
     "deb",
     "6.8.0-45-generic",
     "#45~22.04.1-Ubuntu SMP PREEMPT_DYNAMIC",
     "Ubuntu 6.8.0-45.45~22.04.1-generic 6.8.12",
     {"linux-image-6.8.0-45-generic 6.8.0-45.45~22.04.1 amd64",
      "linux-image-unsigned-6.8.0-49-generic 6.8.0-49.49~22.04.1 amd64"},
     HT_KERNEL_STATE_OLDER,
     "6.8.0-45.45~22.04.1",
     "6.8.0-49-generic"},
    {"Ubuntu without its signature",
     "deb",
     "6.8.0-45-generic",
     "#45~22.04.1-Ubuntu SMP PREEMPT_DYNAMIC",
     "",
     {"linux-image-6.8.0-45-generic 6.8.0-45.45~22.04.1 amd64"},
     HT_KERNEL_STATE_CURRENT,
     "6.8.0-45.45~22.04.1",
     "6.8.0-45-generic"},
    {"RPM, equal",
     "rpm",
     "5.14.0-427.13.1.el9_4.x86_64",
     "#1 SMP PREEMPT_DYNAMIC Wed",
     "",
     {"kernel-core 5.14.0-427.13.1.el9_4 x86_64", "kernel-tools 5.14.0-503.el9 x86_64"},
     HT_KERNEL_STATE_CURRENT,
     NULL,
     "5.14.0-427.13.1.el9_4.x86_64"},
    {"RPM, two kernels",
     "rpm",
     "5.14.0-427.13.1.el9_4.x86_64",
     "#1 SMP PREEMPT_DYNAMIC Wed",
     "",
     {"kernel-core 5.14.0-427.13.1.el9_4 x86_64", "kernel-core 5.14.0-503.11.1.el9_5 x86_64"},
     HT_KERNEL_STATE_OLDER,
     NULL,
     "5.14.0-503.11.1.el9_5.x86_64"},
    {"RPM, the debug kernel does not count",
     "rpm",
     "5.14.0-427.el9.x86_64",
     "#1 SMP",
     "",
     {"kernel-core 5.14.0-427.el9 x86_64", "kernel-debug-core 5.14.0-503.el9 x86_64"},
     HT_KERNEL_STATE_CURRENT,
     NULL,
     "5.14.0-427.el9.x86_64"},
    {"SUSE",
     "rpm",
     "6.4.0-150600.23.25-default",
     "#1 SMP PREEMPT_DYNAMIC Tue",
     "",
     {"kernel-default 6.4.0-150600.23.25.1 x86_64", "kernel-default 6.4.0-150600.23.30.1 x86_64"},
     HT_KERNEL_STATE_OLDER,
     NULL,
     "6.4.0-150600.23.30-default"},
    {"Alpine",
     "apk",
     "6.6.31-0-lts",
     "#1-Alpine SMP PREEMPT_DYNAMIC",
     "",
     {"linux-lts 6.6.31-r0 x86_64", "linux-virt 6.6.40-r0 x86_64"},
     HT_KERNEL_STATE_CURRENT,
     NULL,
     "6.6.31-0-lts"},
    {"RPM, a kernel of one's own",
     "rpm",
     "6.18.44-custom",
     "#1 SMP",
     "",
     {"kernel-core 5.14.0-427.el9 x86_64"},
     HT_KERNEL_STATE_FOREIGN,
     NULL,
     NULL},
};

static void put_file(const char *base, const char *folder, const char *name)
{
    char path[1024];

    mkdir(base, 0700);
    snprintf(path, sizeof(path), "%s/boot", base);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/%s/%s", base, folder, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fclose(out);
}

static const char *string_of(char *out, size_t size, struct ht_str text)
{
    snprintf(out, size, "%.*s", HT_STR_ARG(text));
    return out;
}

/* Fills the list, and the root with a file for each kernel that has one. */
static void put_packages(const struct row *row, const char *base, struct ht_installed_list *list)
{
    for (size_t i = 0; i < PACKAGES && row->packages[i]; i++) {
        struct ht_str rest = ht_str_from(row->packages[i]), release;
        struct ht_installed package = {0};
        char file[300], name[200];

        (void)ht_str_next(&rest, ' ', &package.name);
        (void)ht_str_next(&rest, ' ', &package.version);
        (void)ht_str_next(&rest, ' ', &package.architecture);
        bool missing = ht_str_has_suffix(package.architecture, "!");
        package.architecture.len -= missing;
        ht_installed_add(list, &package);

        release = package.name;
        if (ht_str_has_prefix(release, "linux-image-unsigned-"))
            release = ht_str_sub(release, 21, release.len);
        else if (ht_str_has_prefix(release, "linux-image-"))
            release = ht_str_sub(release, 12, release.len);
        snprintf(file, sizeof(file), "vmlinuz-%s", string_of(name, sizeof(name), release));
        if (!missing)
            put_file(base, "boot", file);
    }
    /* RPM's and apk's names do not say it. */
    if (row->installed) {
        char file[300];

        snprintf(file, sizeof(file), "vmlinuz-%s", row->installed);
        put_file(base, "boot", file);
        snprintf(file, sizeof(file), "vmlinuz-%s", row->release);
        put_file(base, "boot", file);
    }
}

static void check_row(const struct row *row, size_t number)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_FILE);
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_installed_list list;
    struct ht_kernel kernel = {0};
    const char *tmp = getenv("TMPDIR");
    char base[512];

    snprintf(base, sizeof(base), "%s/kernel-%zu", tmp ? tmp : "/tmp", number);
    ht_installed_init(&list);
    list.system = row->system;
    put_file(base, ".", "release");
    put_packages(row, base, &list);
    assert_int_equal(ht_root_open(&root, base, NULL), 0);
    ht_kernel_judge(&(struct ht_kernel_claims){.release = ht_str_from(row->release),
                                               .build = ht_str_from(row->build),
                                               .signature = ht_str_from(row->signature)},
                    &root, &list, arena, &kernel);
    if (kernel.state != row->state)
        fail_msg("%s: %s", row->name, ht_enum_name(&ht_kernel_state_enum, kernel.state));
    if (ht_kernel_has_version(&kernel) != (row->version != NULL) ||
        (row->version && !ht_str_is(kernel.version, row->version)))
        fail_msg("%s: version %.*s", row->name, HT_STR_ARG(kernel.version));
    if (row->installed && !ht_str_is(kernel.installed, row->installed))
        fail_msg("%s: installed %.*s", row->name, HT_STR_ARG(kernel.installed));
    assert_true(kernel.reason.len > 0);
    ht_installed_fini(&list);
}

static void running_kernels_are_judged_by_their_packages(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(&rows[i], i);
}

static void flavours_are_what_follows_the_numbers(void **state)
{
    static const char *const pairs[][2] = {
        {"6.1.0-26-amd64", "amd64"},
        {"6.1.0-26-cloud-amd64", "cloud-amd64"},
        {"6.12.90+deb13.1-amd64", "amd64"},
        {"6.8.0-1015-aws", "aws"},
        {"6.6.31-0-lts", "lts"},
        {"6.1", ""},
        {"", ""},
        {"--", ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        assert_true(ht_str_is(ht_kernel_flavour(ht_str_from(pairs[i][0])), pairs[i][1]));
}

static void dpkg_tells_who_is_installed(void **state)
{
    struct ht_installed_list list;

    (void)state;
    ht_installed_init(&list);
    ht_dpkg_decode(HT_S("Package: a\nStatus: install ok installed\nArchitecture: amd64\n"
                        "Source: src-a (1.0-1)\nVersion: 1.0-1+b1\nDescription: x\n"
                        " Package: not-a-field\n\n"
                        "package: b\nStatus: hold ok half-configured\nArchitecture: all\n"
                        "Version: 2\n\n"
                        "Package: c\nStatus: deinstall ok config-files\nArchitecture: all\n"
                        "Version: 3\n\n"
                        "Package: d\nStatus: install ok installed\nVersion: 4\n\n"
                        "Package: e\nStatus: install ok installed\nArchitecture: all\nVersion: 5"),
                   &list);
    assert_int_equal(list.len, 3);
    assert_true(ht_str_is(list.items[0].source, "src-a"));
    assert_true(ht_str_is(list.items[0].source_version, "1.0-1"));
    assert_true(ht_str_is(list.items[1].source, "b"));
    assert_true(ht_str_is(list.items[2].name, "e"));
    ht_installed_fini(&list);
}

static void what_the_kernels_files_say(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_FILE);
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    struct ht_kernel kernel = {0};
    const char *source = getenv("HT_SRCDIR");
    char path[4096];

    (void)state;
    snprintf(path, sizeof(path), "%s/tests/fixtures/packages/kernel", source ? source : ".");
    assert_int_equal(ht_root_open(&root, path, NULL), 0);
    ht_kernel_read(&root, arena, &kernel);
    assert_int_equal(kernel.livepatches.len, 1);
    assert_true(ht_str_is(kernel.livepatches.items[0], "fix_1"));
    assert_true(kernel.kexec_loaded);
    assert_false(kernel.virtual);
    assert_int_equal(kernel.microcode, 0xf0);
    assert_false(ht_kernel_has_microcode_available(&kernel));
    assert_int_equal(kernel.kptr_restrict, 1);
    assert_true(ht_str_is(kernel.lockdown, "integrity"));
    assert_true(kernel.unprivileged_userns);
    assert_false(ht_kernel_has_modules_signed(&kernel));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(running_kernels_are_judged_by_their_packages),
        cmocka_unit_test(flavours_are_what_follows_the_numbers),
        cmocka_unit_test(dpkg_tells_who_is_installed),
        cmocka_unit_test(what_the_kernels_files_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
