/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deb-release.h"

#include <errno.h>
#include <string.h>

#include "deb-stanza.h"
#include "hulltop/base/buf.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

#define SIGNED_BEGIN    "-----BEGIN PGP SIGNED MESSAGE-----"
#define SIGNATURE_BEGIN "\n-----BEGIN PGP SIGNATURE-----"
#define SIGNATURE_END   "-----END PGP SIGNATURE-----"

enum { FIRST_YEAR = 1970, LAST_YEAR = 9999 };

/* Nothing follows the last signature. */
static bool is_closed(struct ht_str text)
{
    text = ht_str_without(text, "\n");
    text = ht_str_sub(text, (size_t)(ht_str_rfind_byte(text, '\n') + 1), text.len);
    return ht_str_has_prefix(text, SIGNATURE_END);
}

/* The text between the lines that a signature puts around it; data is NULL: apt refuses it. */
static struct ht_str signed_text(struct ht_str text)
{
    ptrdiff_t end;

    if (!text.len)
        return (struct ht_str){0};
    if (!ht_str_has_prefix(text, SIGNED_BEGIN))
        return ht_str_find(text, HT_S("\n" SIGNED_BEGIN), 0) < 0 ? text : (struct ht_str){0};
    if (!is_closed(text))
        return (struct ht_str){0};
    /* Its own head ends at an empty line. */
    ptrdiff_t head = ht_str_find(text, HT_S("\n\n"), 0);
    ptrdiff_t dos_head = ht_str_find(text, HT_S("\n\r\n"), 0);
    if (head < 0 || (dos_head >= 0 && dos_head < head))
        head = dos_head < 0 ? -1 : dos_head + 1;
    if (head < 0)
        return (struct ht_str){0};
    text = ht_str_sub(text, (size_t)head + 2, text.len);
    end = ht_str_find(text, HT_S(SIGNATURE_BEGIN), 0);
    return end < 0 ? (struct ht_str){0} : ht_str_sub(text, 0, (size_t)end);
}

/* Days since 1970 of a day in the Gregorian calendar. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool parse_number(struct ht_str text, int64_t least, int64_t most, int64_t *ret_value)
{
    return ht_parse_i64(text, ret_value) == 0 && *ret_value >= least && *ret_value <= most;
}

static bool parse_clock(struct ht_str text, int64_t *ret_seconds)
{
    struct ht_str hour, minute, second;
    int64_t h, m, s;

    if (!ht_str_next(&text, ':', &hour) || !ht_str_next(&text, ':', &minute) ||
        !ht_str_next(&text, ':', &second) || !parse_number(hour, 0, 23, &h) ||
        !parse_number(minute, 0, 59, &m) || !parse_number(second, 0, 60, &s))
        return false;
    *ret_seconds = (h * 60 + m) * 60 + s;
    return true;
}

int ht_deb_parse_date(struct ht_str text, int64_t *ret_ns)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct ht_str weekday, day, month, year, clock, zone;
    int64_t d, y, seconds;
    ptrdiff_t at;

    if (!ht_deb_next_word(&text, &weekday) || !ht_deb_next_word(&text, &day) ||
        !ht_deb_next_word(&text, &month) || !ht_deb_next_word(&text, &year) ||
        !ht_deb_next_word(&text, &clock) || !ht_deb_next_word(&text, &zone))
        return -EINVAL;
    at = month.len == 3 ? ht_str_find_nocase(ht_str_from(months), month, 0) : -1;
    if (at < 0 || at % 3 || !parse_number(day, 1, 31, &d) ||
        !parse_number(year, FIRST_YEAR, LAST_YEAR, &y) || !parse_clock(clock, &seconds) ||
        !(ht_str_is(zone, "UTC") || ht_str_is(zone, "GMT") || ht_str_is(zone, "+0000")))
        return -EINVAL;
    seconds += days_of(y, at / 3 + 1, d) * 24 * 60 * 60;
    if (seconds > INT64_MAX / HT_NS_PER_S)
        return -EINVAL;
    *ret_ns = seconds * HT_NS_PER_S;
    return 0;
}

static void take_flag(struct ht_str value, bool *flag)
{
    int said = ht_deb_bool(value, -1);

    if (said >= 0)
        *flag = said;
}

/* Only the first stanza is about the archive; the checksums below it are left where they are. */
static int take_stanza(void *context, struct ht_str stanza)
{
    *(struct ht_str *)context = stanza;
    return 1;
}

/* The lines about the lists that are read, and the first: that sizes are told at all. The rest is
 * most of the file. */
static struct ht_str sums_of_lists(struct ht_str sums, struct ht_arena *arena)
{
    ht_autobuf struct ht_buf kept = HT_BUF(HT_LIMIT_FILE);
    struct ht_str line;

    while (ht_str_next(&sums, '\n', &line)) {
        line = ht_str_trim(line);
        if (!line.len || (kept.len && !ht_str_has_suffix(line, "Packages")))
            continue;
        ht_buf_add_str(&kept, line);
        ht_buf_add_c(&kept, '\n');
    }
    return ht_arena_str(arena, ht_buf_str(&kept));
}

int ht_deb_release_parse(struct ht_str text, struct ht_arena *arena, struct ht_deb_release *release,
                         struct ht_error *err)
{
    enum {
        SUITE,
        CODENAME,
        VERSION,
        ORIGIN,
        LABEL,
        DATE,
        VALID_UNTIL,
        NOT,
        BUT,
        COMPONENTS,
        ARCHITECTURES,
        SHA256,
        SHA512,
        SHA1,
        MD5,
        FIELDS
    };
    static const char *const names[FIELDS] = {
        "Suite",       "Codename",      "Version",
        "Origin",      "Label",         "Date",
        "Valid-Until", "NotAutomatic",  "ButAutomaticUpgrades",
        "Components",  "Architectures", "SHA256",
        "SHA512",      "SHA1",          "MD5Sum"};
    struct ht_str values[FIELDS];
    struct ht_str stanza = {0};

    *release = (struct ht_deb_release){0};
    text = signed_text(text);
    if (!text.data)
        return ht_error_set(err, EBADMSG, "not signed as a whole: apt refuses it");
    /* Behind empty lines in front it says nothing more. */
    if (!ht_str_has_prefix(text, "\n\n"))
        (void)ht_deb_each(text, take_stanza, &stanza);
    if (!ht_deb_fields(stanza, names, FIELDS, values))
        return ht_error_set(err, EBADMSG, "a last line that is no field: apt refuses it");
    release->suite = ht_arena_str(arena, values[SUITE]);
    release->codename = ht_arena_str(arena, values[CODENAME]);
    release->version = ht_arena_str(arena, values[VERSION]);
    release->origin = ht_arena_str(arena, values[ORIGIN]);
    release->label = ht_arena_str(arena, values[LABEL]);
    release->components = ht_arena_str(arena, values[COMPONENTS]);
    release->architectures = ht_arena_str(arena, values[ARCHITECTURES]);
    /* Each kind of sum comes with the sizes, and they are all that is wanted here. */
    for (size_t i = SHA256; i < FIELDS && !release->sums.len; i++)
        release->sums = sums_of_lists(values[i], arena);
    (void)ht_deb_parse_date(values[DATE], &release->date_ns);
    (void)ht_deb_parse_date(values[VALID_UNTIL], &release->valid_until_ns);
    take_flag(values[NOT], &release->not_automatic);
    take_flag(values[BUT], &release->but_automatic_upgrades);
    return 0;
}

bool ht_deb_release_size(const struct ht_deb_release *release, struct ht_str file,
                         uint64_t *ret_size)
{
    struct ht_str rest = release->sums, line, sum, size, name;

    while (ht_str_next(&rest, '\n', &line))
        if (ht_str_has_suffix(ht_str_trim(line), "s") && ht_deb_next_word(&line, &sum) &&
            ht_deb_next_word(&line, &size) && ht_deb_next_word(&line, &name) &&
            ht_str_equal(name, file))
            return ht_parse_u64(size, ret_size) == 0;
    return false;
}

static bool has_word(struct ht_str words, struct ht_str wanted)
{
    struct ht_str word;

    while (ht_deb_next_word(&words, &word))
        if (ht_str_equal(word, wanted))
            return true;
    return false;
}

/* "updates/main" in Components is the component "main" of old security archives. */
static bool has_component(struct ht_str words, struct ht_str component)
{
    struct ht_str word;

    while (ht_deb_next_word(&words, &word)) {
        if (ht_str_equal(word, component) || ht_str_equal(ht_str_base(word), component))
            return true;
    }
    return false;
}

bool ht_deb_release_has(const struct ht_deb_release *release, struct ht_str component,
                        struct ht_str architecture)
{
    return (!release->components.len || has_component(release->components, component)) &&
           (!release->architectures.len || has_word(release->architectures, architecture));
}

/* Debian's LTS, once an archive of its own, and ELTS: nothing but security updates. */
static bool is_lts(const struct ht_deb_release *release)
{
    return (ht_str_has_suffix(release->suite, "-lts") ||
            ht_str_has_suffix(release->codename, "-lts")) &&
           (ht_str_is(release->origin, "Debian") ||
            ht_str_has_prefix(release->origin, "Freexian") ||
            ht_str_find(release->label, HT_S("LTS"), 0) >= 0);
}

bool ht_deb_release_is_security(const struct ht_deb_release *release)
{
    return is_lts(release) || ht_str_has_suffix(release->suite, "-security") ||
           ht_str_has_suffix(release->codename, "-security") ||
           ht_str_is(release->label, "Debian-Security");
}
