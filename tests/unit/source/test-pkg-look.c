/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Support, build data, changelogs, advisories, and all of them on one small host. */
#include "src/source/pkg-look.h"

#include <errno.h>
#include <fcntl.h>
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

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/unpack.h"
#include "src/source/pkg-advisories.h"
#include "src/source/pkg-buildinfo.h"
#include "src/source/pkg-changelog.h"
#include "src/source/pkg-kernel.h"
#include "src/source/pkg-support.h"

static const char *fixture(char *out, size_t size, const char *name)
{
    const char *source = getenv("HT_SRCDIR");

    snprintf(out, size, "%s/tests/fixtures/packages/%s", source ? source : ".", name);
    return out;
}

static int64_t day(const char *text)
{
    int64_t ns = 0;

    assert_int_equal(ht_parse_time(ht_str_from(text), &ns), 0);
    return ns;
}

/* ---- support ---- */

static void release_lines_are_named_as_the_tables_have_them(void **state)
{
    static const char *const cases[][3] = {
        {"ID=debian\nVERSION_ID=\"12\"\n", "debian", "12"},
        {"ID=ubuntu\nVERSION_ID=\"24.04\"\n", "ubuntu", "24.04"},
        {"ID=alpine\nVERSION_ID=3.20.3\n", "alpine", "3.20"},
        {"ID=\"rocky\"\nVERSION_ID=\"9.4\"\n", "rocky", "9"},
        {"ID=\"sles\"\nVERSION_ID=\"15.6\"\n", "sles", "15.6"},
        {"ID=debian\nVERSION_CODENAME=forky\n", "debian", ""},
    };
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_FILE);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_support row = {0};

        assert_true(ht_support_decode_release(ht_str_from(cases[i][0]), arena, &row));
        assert_true(ht_str_is(row.product, cases[i][1]));
        assert_true(ht_str_is(row.cycle, cases[i][2]));
        assert_true(row.id.len > 0 && row.name.len > 0);
    }
    assert_false(ht_support_decode_release(HT_S("NAME=x\n"), arena, &(struct ht_support){0}));
}

static void ubuntus_days_are_read_by_column(void **state)
{
    static const struct ht_str csv = HT_STR(
        "version,codename,series,created,release,eol,eol-server,eol-esm,eol-legacy\n"
        "22.04 LTS,Jammy,jammy,2021-10-14,2022-04-21,2027-06-01,2027-06-01,2032-04-21,2034-04-25\n"
        "24.10,Oracular,oracular,2024-04-25,2024-10-10,2025-07-10\n"
        "25.10,broken,x,y,z,not-a-day!\n");
    struct ht_support row = {0};

    (void)state;
    assert_true(ht_support_decode_csv(csv, HT_S("22.04"), &row));
    assert_true(row.local_end == day("2027-06-01T00:00:00Z"));
    assert_true(row.local_paid_end == day("2034-04-25T00:00:00Z"));
    assert_false(ht_support_has_local_security_end(&row));
    row = (struct ht_support){0};
    assert_true(ht_support_decode_csv(csv, HT_S("24.10"), &row));
    assert_false(ht_support_has_local_paid_end(&row));
    assert_false(ht_support_decode_csv(csv, HT_S("25.10"), &(struct ht_support){0}));
    assert_false(ht_support_decode_csv(csv, HT_S("26.04"), &(struct ht_support){0}));
    assert_false(ht_support_decode_csv(csv, HT_S(""), &(struct ht_support){0}));
}

/* ---- build data ---- */

static void add_text(struct ht_buf *out, const char *text)
{
    size_t len = strlen(text);

    ht_buf_add_c(out, (char)((len & 0x7f) | 0x80));
    ht_buf_add_c(out, (char)(len >> 7));
    ht_buf_add(out, text, len);
}

static bool decode_build(const char *modules, struct ht_str *ret_version, struct ht_buf *section)
{
    char marked[4096];

    ht_buf_reset(section);
    ht_buf_add(section, "\xff Go buildinf:\x08\x02", 16);
    ht_buf_add_n(section, 0, 16);
    add_text(section, "go1.22.1");
    snprintf(marked, sizeof(marked), "0123456789abcdef%sfedcba9876543210", modules);
    add_text(section, marked);
    return ht_buildinfo_decode(ht_buf_str(section), ret_version);
}

static void build_data_tells_the_version(void **state)
{
    struct ht_buf section = HT_BUF(64 * 1024);
    struct ht_str version;

    (void)state;
    assert_true(decode_build("path\tx\nmod\tgithub.com/opencontainers/runc\tv1.1.12\th1:x=\n",
                             &version, &section));
    assert_true(ht_str_is(version, "v1.1.12"));
    assert_true(decode_build("mod\tx\t(devel)\t\nbuild\t-ldflags=\"-s -X main.version=1.2.3 -w\"\n",
                             &version, &section));
    assert_true(ht_str_is(version, "1.2.3"));
    assert_false(decode_build("mod\tx\t(devel)\t\n", &version, &section));
    assert_false(
        decode_build("mod\tx\tv0.0.0-20240101000000-abcdefabcdef\t\n", &version, &section));
    assert_false(decode_build("mod\tx\n", &version, &section));
    for (size_t len = 0; len < section.len; len++)
        assert_false(ht_buildinfo_decode(ht_str_sub(ht_buf_str(&section), 0, len), &version));
    ht_buf_fini(&section);
}

static void build_data_is_found_in_a_program(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_FILE);
    struct ht_str version;
    char path[4096];

    (void)state;
    fixture(path, sizeof(path), "../../fuzz/corpus/buildinfo/elf");
    ht_autoclose int program = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(program >= 0);
    assert_int_equal(ht_buildinfo_read(program, arena, &version, NULL), 0);
    assert_true(ht_str_is(version, "v1.1.12"));

    fixture(path, sizeof(path), "host/usr/sbin/runc");
    ht_autoclose int text = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(text >= 0);
    assert_int_equal(ht_buildinfo_read(text, arena, &version, NULL), -ENODATA);
}

/* ---- changelogs ---- */

static void ids_are_found_in_changelogs(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_FILE);
    struct ht_changelog_ids *ids = ht_arena_array(arena, struct ht_changelog_ids, 1);

    (void)state;
    ids->arena = arena;
    ht_changelog_scan(HT_S("CVE-2024-21626, CVE-2024-21626; CVE-24-1 CVE-2024-123 CVE-2024- "
                           "CVE-2019-1002101\nCVE-2024"),
                      ids);
    assert_int_equal(ids->len, 2);
    assert_true(ht_str_is(ids->items[0], "CVE-2024-21626"));
    assert_true(ht_str_is(ids->items[1], "CVE-2019-1002101"));
}

/* ---- advisories ---- */

static int take(struct ht_advisories *advisories, const char *text, struct ht_error *err)
{
    struct ht_buf buf = HT_BUF(64 * 1024);
    int code;

    ht_buf_add_text(&buf, text);
    code = ht_advisories_take(advisories, "x.tsv", &buf, err);
    ht_buf_fini(&buf);
    return code;
}

static void advisory_files_must_be_sorted_and_whole(void **state)
{
    struct ht_advisories advisories;
    struct ht_error err = {0};

    (void)state;
    assert_int_equal(take(&advisories, "a\tb\t1\tX-1\t\na\tc\t\tX-2\thigh\n", &err), 0);
    ht_advisories_fini(&advisories);
    assert_true(take(&advisories, "a\tc\t1\tX-1\t\na\tb\t1\tX-2\t\n", &err) < 0);
    assert_non_null(strstr(err.text, "x.tsv:2"));
    ht_advisories_fini(&advisories);
    assert_true(take(&advisories, "a\tb\t1\tX-1\n", &err) < 0);
    assert_non_null(strstr(err.text, "x.tsv:1"));
    ht_advisories_fini(&advisories);
    assert_true(take(&advisories, "a\tb\t1\tX-1\t\n\na\tc\t1\tX-1\t\n", &err) < 0);
    ht_advisories_fini(&advisories);
    assert_int_equal(take(&advisories, "", &err), 0);
    ht_advisories_fini(&advisories);
}

static void count_line(void *context, const struct ht_advisory_line *line)
{
    (void)line;
    ++*(size_t *)context;
}

static void lines_are_found_by_release_and_source(void **state)
{
    static const struct {
        const char *id, *cycle, *source;
        size_t lines;
    } cases[] = {
        {"debian", "12", "runc", 3},   {"debian", "12", "runcible", 1},
        {"debian", "12", "run", 0},    {"debian", "13", "runc", 1},
        {"debian", "11", "runc", 0},   {"alpine", "3.20", "openssl", 1},
        {"gentoo", "1", "openssl", 0}, {"debian", "12", "", 0},
    };
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_FILE);
    struct ht_advisories advisories;
    struct ht_error err = {0};
    char path[4096];

    (void)state;
    assert_int_equal(
        ht_advisories_open(&advisories, fixture(path, sizeof(path), "advisories.tsv"), &err), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t lines = 0;

        ht_advisories_choose(&advisories, ht_str_from(cases[i].id), ht_str_from(cases[i].cycle),
                             arena);
        ht_advisories_each(&advisories, ht_str_from(cases[i].source), count_line, &lines);
        if (lines != cases[i].lines)
            fail_msg("%s %s: %zu lines", cases[i].cycle, cases[i].source, lines);
    }
    ht_advisories_fini(&advisories);
    assert_true(ht_advisories_open(&advisories, "/nonexistent.tsv", &err) < 0);
    ht_advisories_fini(&advisories);
}

static void signed_packages_go_by_what_they_sign(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_FILE);
    const struct ht_installed kernel = {.name = HT_STR("linux-image-6.1.0-26-amd64"),
                                        .version = HT_STR("6.1.112-1"),
                                        .source = HT_STR("linux-signed-amd64"),
                                        .source_version = HT_STR("6.1.112+1")};
    const struct ht_installed grub = {.name = HT_STR("grub-efi-amd64-signed"),
                                      .version = HT_STR("1+2.06+13"),
                                      .source = HT_STR("grub-efi-amd64-signed")};
    struct ht_str source, version;

    (void)state;
    ht_advisory_source(&kernel, arena, &source, &version);
    assert_true(ht_str_is(source, "linux"));
    assert_true(ht_str_is(version, "6.1.112-1"));
    ht_advisory_source(&grub, arena, &source, &version);
    assert_true(ht_str_is(source, "grub2"));
}

/* ---- a host ---- */

static const struct ht_component *component(const struct ht_node *node, const char *id)
{
    const struct ht_row *row = ht_node_find(node, HT_TABLE_COMPONENT, ht_str_from(id));

    return row ? ht_component_of(row) : NULL;
}

static void a_host_is_told_from_its_files(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    ht_autonode struct ht_node *node = ht_node_new(1);
    struct ht_error err = {0};
    char path[4096], advisories[4096];

    (void)state;
    assert_int_equal(ht_root_open(&root, fixture(path, sizeof(path), "host"), &err), 0);
    const struct ht_pkg_look look = {
        .root = &root, .advisories = fixture(advisories, sizeof(advisories), "advisories.tsv")};
    assert_int_equal(ht_pkg_look_host(&look, node, &err), 0);
    ht_node_sort(node);

    const struct ht_row *row = ht_node_find(node, HT_TABLE_SUPPORT, HT_S("debian 12"));
    assert_non_null(row);
    assert_true(ht_support_of(row)->local_security_end == day("2028-06-30T00:00:00Z"));
    assert_false(ht_support_of(row)->paid); /* the only line about it is a comment */

    const struct ht_component *runc = component(node, "runc /usr/sbin/runc");
    assert_non_null(runc);
    assert_true(ht_str_is(runc->on_disk, "1.1.5+ds1-1+deb12u1"));
    assert_false(runc->vendor);
    if (ht_codec_is_built(HT_CODEC_GZIP)) {
        assert_true(runc->changelog_read);
        assert_int_equal(runc->changelog.len, 2);
    }
    assert_int_equal(runc->advisories.len, 1);
    assert_true(ht_str_is(runc->advisories.items[0], "CVE-2025-31133"));
    assert_int_equal(runc->advisories_fixed.len, 2);
    assert_true(component(node, "docker /usr/bin/dockerd")->vendor);
    /* No package and no build data: its version is not known. */
    assert_false(ht_component_has_on_disk(component(node, "podman /usr/bin/podman")));
    assert_false(ht_component_has_pids(component(node, "podman /usr/bin/podman")));

    assert_int_equal(ht_node_set(node, HT_TABLE_ADVISORY)->len, 2);
    row = ht_node_find(node, HT_TABLE_ADVISORY, HT_S("linux-image-6.1.0-26-amd64 CVE-2024-0002"));
    assert_non_null(row);
    assert_true(ht_str_is(ht_advisory_of(row)->fixed, "6.1.115-1"));
    assert_int_equal(ht_node_set(node, HT_TABLE_KERNEL)->len, 0); /* nothing runs there */
}

static void what_cannot_be_read_is_told_and_the_rest_is_there(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    ht_autonode struct ht_node *node = ht_node_new(1);
    struct ht_error err = {0};
    char path[4096];

    (void)state;
    assert_int_equal(ht_root_open(&root, fixture(path, sizeof(path), "host"), &err), 0);
    const struct ht_pkg_look look = {.root = &root, .advisories = "/nonexistent.tsv"};
    assert_true(ht_pkg_look_host(&look, node, &err) < 0);
    assert_non_null(strstr(err.text, "nonexistent"));
    assert_int_equal(ht_node_set(node, HT_TABLE_SUPPORT)->len, 1);
}

/* A file about another release, or of years ago, says nothing good about this system. */
static void a_file_of_advisories_that_does_not_fit_is_told(void **state)
{
    static const struct {
        const char *text, *told;
        int64_t days;
    } cases[] = {
        {"Debian:11\trunc\t1\tX-1\t\n", "no line is about Debian:12", 0},
        {"", "no line is about Debian:12", 0},
        {"Debian:12\trunc\t1\tX-1\t\n", "days old", 31},
        {"Debian:12\trunc\t1\tX-1\t\n", NULL, 29},
    };
    const char *tmp = getenv("TMPDIR");
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    char path[4096], file[4096];
    struct stat facts;

    (void)state;
    assert_int_equal(ht_root_open(&root, fixture(path, sizeof(path), "host"), NULL), 0);
    snprintf(file, sizeof(file), "%s/advisories-%d.tsv", tmp ? tmp : "/tmp", (int)getpid());
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct ht_pkg_look look = {.root = &root, .advisories = file};
        FILE *out = fopen(file, "w");
        struct ht_error err = {0};

        assert_non_null(out);
        fputs(cases[i].text, out);
        fclose(out);
        assert_int_equal(stat(file, &facts), 0);
        ht_autonode struct ht_node *node = ht_node_new(
            ht_time_of(&facts.st_mtim) + cases[i].days * 24 * 60 * 60 * HT_NS_PER_S + HT_NS_PER_S);
        int code = ht_pkg_look_host(&look, node, &err);

        assert_int_equal(code < 0, cases[i].told != NULL);
        if (cases[i].told && !strstr(err.text, cases[i].told))
            fail_msg("%zu: %s", i, err.text);
    }
    unlink(file);
}

static void the_line_of_a_kernel_is_its_first_two_numbers(void **state)
{
    static const struct {
        const char *release, *cycle;
    } cases[] = {{"6.18.44-fc-v782", "6.18"},
                 {"5.4-custom", "5.4"},
                 {"6.12", "6.12"},
                 {"6", NULL},
                 {"next.6", NULL},
                 {"6.x", NULL},
                 {"", NULL}};
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_FILE);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_support support = {0};

        assert_int_equal(ht_support_of_kernel(ht_str_from(cases[i].release), arena, &support),
                         cases[i].cycle != NULL);
        if (cases[i].cycle)
            assert_string_equal(support.cycle.data, cases[i].cycle);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(release_lines_are_named_as_the_tables_have_them),
        cmocka_unit_test(ubuntus_days_are_read_by_column),
        cmocka_unit_test(build_data_tells_the_version),
        cmocka_unit_test(build_data_is_found_in_a_program),
        cmocka_unit_test(ids_are_found_in_changelogs),
        cmocka_unit_test(advisory_files_must_be_sorted_and_whole),
        cmocka_unit_test(lines_are_found_by_release_and_source),
        cmocka_unit_test(signed_packages_go_by_what_they_sign),
        cmocka_unit_test(a_host_is_told_from_its_files),
        cmocka_unit_test(what_cannot_be_read_is_told_and_the_rest_is_there),
        cmocka_unit_test(a_file_of_advisories_that_does_not_fit_is_told),
        cmocka_unit_test(the_line_of_a_kernel_is_its_first_two_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
