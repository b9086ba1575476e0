/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stanzas as they should not be, and what becomes of them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "src/source/deb-policy.h"
#include "src/source/deb-set.h"
#include "src/source/deb-stanza.h"

struct ground {
    struct ht_arena *arena;
    struct ht_deb_set set;
};

static int begin(void **state)
{
    struct ground *ground = ht_new0(struct ground);

    ground->arena = ht_arena_new(HT_LIMIT_DEB_ARENA);
    ht_deb_set_init(&ground->set, ground->arena, HT_S("amd64"));
    *state = ground;
    return ht_deb_set_status(&ground->set,
                             HT_S("Package: one\nStatus: install ok installed\nVersion: 1.0-1\n"
                                  "Architecture: amd64"),
                             HT_DEB_STATUS, NULL);
}

static int end(void **state)
{
    struct ground *ground = *state;

    ht_deb_set_fini(&ground->set);
    ht_arena_free(ground->arena);
    free(ground);
    return 0;
}

static const struct ht_deb_package *one(const struct ground *ground)
{
    const struct ht_deb_package *package =
        ht_deb_set_find(&ground->set, HT_S("one"), HT_S("amd64"));

    assert_non_null(package);
    return package;
}

static size_t count_versions(const struct ht_deb_package *package)
{
    size_t count = 0;

    for (const struct ht_deb_version *version = package->versions; version; version = version->next)
        count++;
    return count;
}

static void a_stanza_without_a_package_is_refused(void **state)
{
    struct ground *ground = *state;
    struct ht_error err = {0};

    assert_int_equal(ht_deb_set_offer(&ground->set, HT_S("Version: 1"), 0, &err), -EBADMSG);
    assert_int_equal(ht_deb_set_status(&ground->set, HT_S("Version: 1"), HT_DEB_STATUS, &err),
                     -EBADMSG);
    assert_int_equal(ht_deb_set_offer(&ground->set, HT_S(""), 0, &err), -EBADMSG);
}

/* apt keeps the installed one where dpkg's status names a package twice; its journal says what
 * happened since. */
static void what_is_left_of_a_package_does_not_hide_it(void **state)
{
    struct ground *ground = *state;
    const struct ht_str left = HT_S("Package: one\nStatus: deinstall ok config-files\n"
                                    "Version: 0.9\nArchitecture: amd64");

    assert_int_equal(ht_deb_set_status(&ground->set, left, HT_DEB_STATUS, NULL), 0);
    assert_int_equal(ground->set.installed, 1);
    ht_deb_set_close(&ground->set);
    assert_string_equal(one(ground)->current->text.data, "1.0-1");
}

static void the_journal_takes_a_package_away(void **state)
{
    struct ground *ground = *state;
    const struct ht_str left = HT_S("Package: one\nStatus: deinstall ok config-files\n"
                                    "Version: 1.0-1\nArchitecture: amd64");

    assert_int_equal(ht_deb_set_status(&ground->set, left, HT_DEB_JOURNAL, NULL), 0);
    assert_int_equal(ground->set.installed, 0);
    ht_deb_set_close(&ground->set);
    assert_null(one(ground)->current);
}

static void absurd_fields_are_refused(void **state)
{
    struct ground *ground = *state;
    ht_autobuf struct ht_buf text = HT_BUF(4 * HT_LIMIT_DEB_TEXT);
    struct ht_error err = {0};

    ht_buf_add_text(&text, "Package: one\nArchitecture: amd64\nVersion: 1");
    ht_buf_add_n(&text, '9', HT_LIMIT_DEB_TEXT);
    assert_int_equal(ht_deb_set_offer(&ground->set, ht_buf_str(&text), 0, &err), -EFBIG);
    assert_int_equal(count_versions(one(ground)), 0);
}

/* Numbers that are none, or too many digits of them, are as if they were not there. */
static void numbers_of_any_length_are_no_trouble(void **state)
{
    struct ground *ground = *state;

    assert_int_equal(ht_deb_set_offer(&ground->set,
                                      HT_S("Package: one\nArchitecture: amd64\nVersion: 2\n"
                                           "Size: 99999999999999999999999999\nInstalled-Size: -1\n"
                                           "Phased-Update-Percentage: 4294967297"),
                                      0, NULL),
                     0);
    assert_int_equal(one(ground)->versions->size, 0);
    assert_int_equal(one(ground)->versions->phased, HT_DEB_NO_PHASE);
}

static void a_list_that_repeats_itself_is_one_carrier(void **state)
{
    struct ground *ground = *state;

    for (int i = 0; i < 100; i++)
        assert_int_equal(ht_deb_set_offer(&ground->set,
                                          HT_S("Package: one\nArchitecture: amd64\nVersion: 2"), 0,
                                          NULL),
                         0);
    ht_deb_set_close(&ground->set);
    assert_int_equal(count_versions(one(ground)), 2); /* with the installed one */
    assert_string_equal(one(ground)->versions->text.data, "2");
    assert_null(one(ground)->versions->carriers->next);
}

/* Only the status has it: apt calls it obsolete. */
static void what_no_list_has_is_told(void **state)
{
    struct ground *ground = *state;

    ht_deb_set_close(&ground->set);
    assert_false(ht_deb_is_offered(one(ground)));
}

/* The installed version or an older one in a list is an offer too. */
static void any_version_in_a_list_is_an_offer(void **state)
{
    static const char *const versions[] = {"1.0-1", "0.9-1"};
    struct ground *ground = *state;
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_ARG);

    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        struct ht_deb_set set;

        ht_deb_set_init(&set, ground->arena, HT_S("amd64"));
        assert_int_equal(ht_deb_set_status(&set,
                                           HT_S("Package: one\nStatus: install ok installed\n"
                                                "Version: 1.0-1\nArchitecture: amd64"),
                                           HT_DEB_STATUS, NULL),
                         0);
        ht_buf_reset(&text);
        ht_buf_addf(&text, "Package: one\nVersion: %s\nArchitecture: amd64", versions[i]);
        assert_int_equal(ht_deb_set_offer(&set, ht_buf_str(&text), 1, NULL), 0);
        ht_deb_set_close(&set);
        assert_true(ht_deb_is_offered(ht_deb_set_find(&set, HT_S("one"), HT_S("amd64"))));
        ht_deb_set_fini(&set);
    }
}

static void versions_of_one_package_have_an_end(void **state)
{
    struct ground *ground = *state;
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_DEB_TEXT);
    struct ht_error err = {0};
    int r = 0;

    for (int i = 0; i <= HT_LIMIT_DEB_VERSIONS && r == 0; i++) {
        ht_buf_reset(&text);
        ht_buf_addf(&text, "Package: one\nArchitecture: amd64\nVersion: %d",
                    HT_LIMIT_DEB_VERSIONS - i);
        r = ht_deb_set_offer(&ground->set, ht_buf_str(&text), 0, &err);
    }
    assert_int_equal(r, -EBADMSG);
    assert_int_equal(count_versions(one(ground)), HT_LIMIT_DEB_VERSIONS);
}

/* Archives that keep everything have their versions in any order: that must not cost its square. */
static void versions_come_out_in_order(void **state)
{
    struct ground *ground = *state;
    uint64_t number = 1;
    uint64_t before = UINT64_MAX;

    for (int i = 0; i < HT_LIMIT_DEB_VERSIONS; i++) {
        ht_autobuf struct ht_buf text = HT_BUF(256);

        number = (number + 2003) % 5003;
        ht_buf_addf(&text, "Package: one\nArchitecture: amd64\nVersion: %llu",
                    (unsigned long long)number);
        assert_int_equal(ht_deb_set_offer(&ground->set, ht_buf_str(&text), 0, NULL), 0);
    }
    ht_deb_set_close(&ground->set);
    for (const struct ht_deb_version *version = one(ground)->versions; version;
         version = version->next) {
        if (version == one(ground)->current)
            continue;
        assert_int_equal(ht_parse_u64(version->text, &number), 0);
        assert_true(number < before);
        before = number;
    }
}

/* What is the same in two lists is one version with two carriers; what was rebuilt stands behind
 * what came first. */
static void equal_versions_stay_as_they_came(void **state)
{
    static const char *const stanzas[] = {
        "Package: one\nArchitecture: amd64\nVersion: 2\nDepends: a",
        "Package: one\nArchitecture: amd64\nVersion: 3",
        "Package: one\nArchitecture: amd64\nVersion: 2\nDepends: b",
        "Package: one\nArchitecture: amd64\nVersion: 2\nDepends: a\nSize: 7",
        "Package: one\nArchitecture: amd64\nVersion: 2.0\nDepends: c",
    };
    struct ground *ground = *state;
    const struct ht_deb_version *version;

    for (size_t i = 0; i < ARRAY_LEN(stanzas); i++)
        assert_int_equal(ht_deb_set_offer(&ground->set, ht_str_from(stanzas[i]), (uint16_t)i, NULL),
                         0);
    ht_deb_set_close(&ground->set);
    version = one(ground)->versions;
    assert_string_equal(version->text.data, "3");
    version = version->next;
    assert_string_equal(version->text.data, "2.0");
    version = version->next;
    assert_int_equal(version->carriers->file, 0);
    assert_int_equal(version->carriers->next->file, 3);
    assert_int_equal(version->size, 7);
    version = version->next;
    assert_int_equal(version->carriers->file, 2);
    assert_null(version->carriers->next);
    assert_string_equal(version->next->text.data, "1.0-1");
}

/* A pattern is compiled once, not once for each package. */
static void thousands_of_patterns_are_applied(void **state)
{
    enum { PACKAGES = 2000, PINS = 600 };
    struct ground *ground = *state;
    struct ht_deb_file files[2] = {{.priority = 0}};
    struct ht_deb_policy policy = {.arena = ground->arena, .files = files, .files_len = 2};
    const struct ht_deb_package *package;
    ht_autobuf struct ht_buf text = HT_BUF(1024 * 1024);

    for (int i = 0; i < PACKAGES; i++) {
        ht_buf_reset(&text);
        ht_buf_addf(&text,
                    "Package: p%d\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64",
                    i);
        assert_int_equal(ht_deb_set_status(&ground->set, ht_buf_str(&text), false, NULL), 0);
    }
    ht_deb_set_close(&ground->set);
    ht_buf_reset(&text);
    for (int i = 0; i < PINS; i++)
        ht_buf_addf(&text, "Package: /^P%d(9|8)+$/\nPin: version /^1/\nPin-Priority: %d\n\n", i,
                    i + 1);
    assert_int_equal(ht_deb_policy_parse(&policy, ht_buf_str(&text), "preferences", NULL), 0);
    ht_deb_policy_apply(&policy, &ground->set);
    package = ht_deb_set_find(&ground->set, HT_S("p1557"), HT_S("amd64"));
    assert_false(package->versions->is_pinned);
    package = ht_deb_set_find(&ground->set, HT_S("p1599"), HT_S("amd64"));
    assert_true(package->versions->is_pinned);
    assert_int_equal(package->versions->pin, 16);
    ht_deb_policy_fini(&policy);
}

/* To apt a name has a second one, NAME:any, as soon as a list offers it "Multi-Arch: allowed" for
 * any architecture, be it installed or not; a pattern that fits that is about all architectures. */
static void an_offer_of_another_architecture_has_a_say_in_pins(void **state)
{
    struct ground *ground = *state;
    struct ht_deb_release release = {.but_automatic_upgrades = true};
    struct ht_deb_file files[2] = {{.release = &release, .host = HT_S("a.example")}};
    struct ht_deb_policy policy = {.arena = ground->arena, .files = files, .files_len = 2};
    const struct ht_str stanzas[] = {
        HT_S("Package: lib1\nArchitecture: i386\nVersion: 2"),
        HT_S("Package: lib2\nArchitecture: i386\nVersion: 2"),
        HT_S("Package: lib1\nArchitecture: all\nVersion: 3\nMulti-Arch: allowed"),
        HT_S("Package: lib2\nArchitecture: all\nVersion: 3\nMulti-Arch: foreign"),
    };
    const struct ht_deb_package *package;

    for (int i = 1; i <= 2; i++) {
        ht_autobuf struct ht_buf text = HT_BUF(4096);

        ht_buf_addf(&text,
                    "Package: lib%d\nStatus: install ok installed\nVersion: 1\nArchitecture: i386",
                    i);
        assert_int_equal(ht_deb_set_status(&ground->set, ht_buf_str(&text), HT_DEB_STATUS, NULL),
                         0);
    }
    for (size_t i = 0; i < ARRAY_LEN(stanzas); i++)
        assert_int_equal(ht_deb_set_offer(&ground->set, stanzas[i], 0, NULL), 0);
    ht_deb_set_close(&ground->set);
    assert_int_equal(ht_deb_policy_parse(&policy,
                                         HT_S("Package: /^lib/\nPin: origin a.example\n"
                                              "Pin-Priority: 1001\n"),
                                         "preferences", NULL),
                     0);
    ht_deb_policy_apply(&policy, &ground->set);
    package = ht_deb_set_find(&ground->set, HT_S("lib1"), HT_S("i386"));
    assert_true(package->versions->is_pinned);
    assert_int_equal(count_versions(package), 2);
    package = ht_deb_set_find(&ground->set, HT_S("lib2"), HT_S("i386"));
    assert_false(package->versions->is_pinned);
    ht_deb_policy_fini(&policy);
}

/* As with apt: it has no property that a list could lack. */
static void a_release_pin_that_says_nothing_fits_the_status_alone(void **state)
{
    static const char *const pins[] = {"release x=1", "release a=", "release"};
    struct ground *ground = *state;
    struct ht_deb_release release = {.suite = HT_S("stable")};

    for (size_t i = 0; i < ARRAY_LEN(pins); i++) {
        struct ht_deb_file files[2] = {{.release = NULL}, {.release = &release}};
        struct ht_deb_policy policy = {.arena = ground->arena, .files = files, .files_len = 2};
        ht_autobuf struct ht_buf text = HT_BUF(4096);

        ht_buf_addf(&text, "Package: *\nPin: %s\nPin-Priority: 2000\n", pins[i]);
        assert_int_equal(ht_deb_policy_parse(&policy, ht_buf_str(&text), "preferences", NULL), 0);
        ht_deb_policy_apply(&policy, &ground->set);
        assert_int_equal(files[0].priority, 2000);
        assert_int_not_equal(files[1].priority, 2000);
        ht_deb_policy_fini(&policy);
    }
}

/* Bytes that a terminal would obey stay what they are; faces make them printable. */
static void control_characters_stay_raw(void **state)
{
    struct ground *ground = *state;

    assert_int_equal(ht_deb_set_offer(&ground->set,
                                      HT_S("Package: one\nArchitecture: amd64\n"
                                           "Version: 2\x1b[2J\nSource: o\x9bne (3\r)"),
                                      0, NULL),
                     0);
    assert_string_equal(one(ground)->versions->text.data, "2\x1b[2J");
    assert_string_equal(one(ground)->versions->source.data, "o\x9bne");
}

static void names_are_the_same_in_any_case(void **state)
{
    struct ground *ground = *state;

    assert_int_equal(ht_deb_set_offer(&ground->set,
                                      HT_S("VERSION: 2\nPACKAGE: ONE\nARCHITECTURE: all"), 0, NULL),
                     0);
    assert_int_equal(count_versions(one(ground)), 1);
    assert_true(one(ground)->versions->all);
}

static void the_journal_replaces_the_status(void **state)
{
    struct ground *ground = *state;

    assert_int_equal(ht_deb_set_status(&ground->set,
                                       HT_S("Package: one\nStatus: install reinstreq "
                                            "half-installed\nVersion: 1.0-2\nArchitecture: amd64"),
                                       HT_DEB_STATUS, NULL),
                     0);
    ht_deb_set_close(&ground->set);
    assert_int_equal(ground->set.installed, 1);
    assert_string_equal(one(ground)->current->text.data, "1.0-2");
    assert_true(one(ground)->broken);
    assert_int_equal(count_versions(one(ground)), 1);
}

/* ---- streams ---- */

struct counted {
    size_t stanzas;
    size_t bytes;
};

static int count(void *context, struct ht_str stanza)
{
    struct counted *counted = context;

    counted->stanzas++;
    counted->bytes += stanza.len;
    return 0;
}

static int scan(const char *piece, size_t times, struct counted *counted, struct ht_error *err)
{
    ht_autounpack struct ht_unpack *unpack = NULL;
    const char *tmp = getenv("TMPDIR");
    char path[256];
    int fd;

    snprintf(path, sizeof(path), "%s/scan.XXXXXX", tmp ? tmp : "/tmp");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    for (size_t i = 0; i < times; i++)
        assert_int_equal(write(fd, piece, strlen(piece)), (ssize_t)strlen(piece));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(ht_unpack_new(fd, "scan", HT_CODEC_NONE, &unpack, err), 0);
    return ht_deb_scan(unpack, count, counted, err);
}

/* Far more than the window holds, so that stanzas lie across its borders. */
static void stanzas_across_the_window_are_whole(void **state)
{
    static const char piece[] =
        "Package: a-name-of-some-length\nVersion: 1\nDescription: x\n .\n\n";
    enum { TIMES = 20000 };
    struct counted counted = {0};
    struct ht_error err = {0};

    (void)state;
    assert_int_equal(scan(piece, TIMES, &counted, &err), 0);
    assert_int_equal(counted.stanzas, TIMES);
    /* The line end of the last line stays outside of each, and the empty line. */
    assert_int_equal(counted.bytes, TIMES * (sizeof(piece) - 1 - 2));
}

static void carriage_returns_end_lines_too(void **state)
{
    struct counted counted = {0};
    struct ht_error err = {0};

    (void)state;
    assert_int_equal(scan("Package: x\r\nVersion: 1\r\n\r\n", 3, &counted, &err), 0);
    assert_int_equal(counted.stanzas, 3);
}

static void a_stanza_without_an_end_is_refused(void **state)
{
    struct counted counted = {0};
    struct ht_error err = {0};
    char piece[4097];

    (void)state;
    memset(piece, 'x', sizeof(piece) - 1);
    piece[sizeof(piece) - 1] = '\0';
    assert_int_equal(scan(piece, HT_LIMIT_STANZA / 4096 + 1, &counted, &err), -EFBIG);
    assert_int_equal(counted.stanzas, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_stanza_without_a_package_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(what_is_left_of_a_package_does_not_hide_it, begin, end),
        cmocka_unit_test_setup_teardown(the_journal_takes_a_package_away, begin, end),
        cmocka_unit_test_setup_teardown(absurd_fields_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(numbers_of_any_length_are_no_trouble, begin, end),
        cmocka_unit_test_setup_teardown(a_list_that_repeats_itself_is_one_carrier, begin, end),
        cmocka_unit_test_setup_teardown(what_no_list_has_is_told, begin, end),
        cmocka_unit_test_setup_teardown(any_version_in_a_list_is_an_offer, begin, end),
        cmocka_unit_test_setup_teardown(versions_of_one_package_have_an_end, begin, end),
        cmocka_unit_test_setup_teardown(versions_come_out_in_order, begin, end),
        cmocka_unit_test_setup_teardown(equal_versions_stay_as_they_came, begin, end),
        cmocka_unit_test_setup_teardown(an_offer_of_another_architecture_has_a_say_in_pins, begin,
                                        end),
        cmocka_unit_test_setup_teardown(thousands_of_patterns_are_applied, begin, end),
        cmocka_unit_test_setup_teardown(a_release_pin_that_says_nothing_fits_the_status_alone,
                                        begin, end),
        cmocka_unit_test_setup_teardown(control_characters_stay_raw, begin, end),
        cmocka_unit_test_setup_teardown(names_are_the_same_in_any_case, begin, end),
        cmocka_unit_test_setup_teardown(the_journal_replaces_the_status, begin, end),
        cmocka_unit_test(stanzas_across_the_window_are_whole),
        cmocka_unit_test(carriage_returns_end_lines_too),
        cmocka_unit_test(a_stanza_without_an_end_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
