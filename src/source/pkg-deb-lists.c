/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far Debian's lists can be trusted: their age, their completeness, whose they are. */
#include <string.h>

#include "pkg-deb-private.h"
#include "proc-decode.h"
#include "hulltop/base/mem.h"

enum { NAMES_MAX = 100, SMALL = 64 * 1024 };

void ht_pkg_texts_add(struct ht_pkg_reading *reading, struct ht_pkg_texts *texts,
                      struct ht_str text)
{
    if (!texts->items)
        texts->items = ht_arena_array(reading->arena, struct ht_str, NAMES_MAX);
    if (texts->len < NAMES_MAX)
        texts->items[texts->len++] = ht_arena_str(reading->arena, text);
}

struct ht_text_list ht_pkg_texts_list(const struct ht_pkg_texts *texts)
{
    return (struct ht_text_list){.items = texts->items, .len = texts->len};
}

/* ---- whose an archive is ---- */

/* The distribution signs with keys that come with its own packages. */
static bool is_distribution(const struct ht_deb_release *release)
{
    static const char *const origins[] = {
        "Debian",        "Debian Backports", "Ubuntu", "UbuntuESM",
        "UbuntuESMApps", "Raspbian",         "Kali",   "Devuan"};

    for (size_t i = 0; i < ARRAY_LEN(origins); i++)
        if (ht_str_is(release->origin, origins[i]))
            return true;
    return false;
}

/* Ubuntu's paid archives add to the free ones and replace none. */
static bool is_extra(const struct ht_deb_release *release)
{
    return ht_str_has_prefix(release->origin, "UbuntuESM") ||
           ht_str_has_suffix(release->suite, "-apps-security") ||
           ht_str_has_suffix(release->suite, "-infra-security");
}

/* An archive that the distribution mends the packages of. */
static bool is_base(const struct ht_deb_release *release)
{
    return is_distribution(release) && !is_extra(release) && !release->not_automatic &&
           !ht_deb_release_is_security(release);
}

/* The archive that it mends them with. */
static bool is_mending(const struct ht_deb_release *release)
{
    return is_distribution(release) && !is_extra(release) && ht_deb_release_is_security(release);
}

/* ---- age ---- */

/* The oldest date of the archives in use that bring security updates, of all where none does. One
 * that tells none leaves the age unknown. */
static void date_lists(const struct ht_deb_answer *answer, struct ht_package_db *db)
{
    bool security = false, undated = false;
    int64_t oldest = INT64_MAX;

    for (size_t i = 0; i < answer->lists.len; i++) {
        const struct ht_deb_list *list = answer->lists.items[i];

        security = security || ht_deb_release_is_security(&list->archive->release);
    }
    for (size_t i = 0; i < answer->lists.len; i++) {
        const struct ht_deb_list *list = answer->lists.items[i];
        const struct ht_deb_release *release = &list->archive->release;

        if (ht_deb_release_is_security(release) != security)
            continue;
        undated = undated || release->date_ns == 0;
        if (release->date_ns && release->date_ns < oldest)
            oldest = release->date_ns;
    }
    if (oldest != INT64_MAX && !(security && undated))
        ht_package_db_set_lists_at(db, oldest);
}

/* What the distribution gives to all as long as the release is supported. */
static bool is_free(const struct ht_deb_archive *archive)
{
    return is_distribution(&archive->release) && !is_extra(&archive->release) &&
           !ht_deb_is_paid(archive);
}

/* Any list may run out, whoever made it. */
static void find_end(struct ht_pkg_reading *reading, const struct ht_deb_answer *answer,
                     struct ht_package_db *db)
{
    for (size_t i = 0; i < answer->lists.len; i++) {
        const struct ht_deb_archive *archive =
            ((const struct ht_deb_list *)answer->lists.items[i])->archive;
        int64_t until = archive->release.valid_until_ns;

        if (!until)
            continue;

        struct ht_str file = ht_arena_str(reading->arena, archive->file);
        if (!ht_package_db_has_lists_until(db) || until < db->lists_until) {
            ht_package_db_set_lists_until(db, until);
            ht_package_db_set_lists_until_of(db, file);
        }
        if (!is_free(archive) &&
            (!ht_package_db_has_others_until(db) || until < db->others_until)) {
            ht_package_db_set_others_until(db, until);
            ht_package_db_set_others_until_of(db, file);
        }
    }
}

/* Lists of others that an installed package comes from; marks: one for each list. */
static void mark_used(const struct ht_deb_answer *answer, bool *marks)
{
    for (size_t i = 0; i < answer->set.packages.len; i++) {
        const struct ht_deb_package *package = answer->set.packages.items[i];

        for (const struct ht_deb_version *version = package->current ? package->versions : NULL;
             version; version = version->next)
            for (const struct ht_deb_carrier *carrier = version->carriers; carrier;
                 carrier = carrier->next)
                if (carrier->file < answer->lists.len)
                    marks[carrier->file] = true;
    }
}

static void date_vendors(struct ht_pkg_reading *reading, const struct ht_deb_answer *answer,
                         struct ht_package_db *db)
{
    bool *used = ht_arena_array(reading->arena, bool, answer->lists.len + 1);

    mark_used(answer, used);
    for (size_t i = 0; i < answer->lists.len; i++) {
        const struct ht_deb_archive *archive =
            ((const struct ht_deb_list *)answer->lists.items[i])->archive;
        int64_t at = archive->release.date_ns;

        if (!used[i] || !at || is_distribution(&archive->release) ||
            (ht_package_db_has_vendor_at(db) && at >= db->vendor_at))
            continue;
        ht_package_db_set_vendor_at(db, at);
        ht_package_db_set_vendor_archive(db, ht_arena_str(reading->arena, archive->file));
    }
}

/* ---- the release ---- */

/* What this host is, by os-release; both empty: not known. */
struct host {
    struct ht_str codename;
    struct ht_str version;
};

/* A derivative names the release it is made of, which is the one that its security updates are
 * of. */
static struct host read_host(struct ht_pkg_reading *reading)
{
    static const char *const keys[] = {"UBUNTU_CODENAME", "DEBIAN_CODENAME", "VERSION_CODENAME"};
    ht_autobuf struct ht_buf text = HT_BUF(SMALL);
    struct host host = {0};

    if (!ht_pkg_read_release(reading, &text))
        return host;
    for (size_t i = 0; i < ARRAY_LEN(keys) && !host.codename.len; i++)
        host.codename = ht_proc_decode_os_release(ht_buf_str(&text), keys[i], reading->arena);
    host.version = ht_proc_decode_os_release(ht_buf_str(&text), "VERSION_ID", reading->arena);
    return host;
}

/* True if a name is the word, or the word and more: "bookworm-security", "12.5". */
static bool begins_with(struct ht_str name, struct ht_str word)
{
    return word.len && name.len >= word.len && ht_str_equal(ht_str_sub(name, 0, word.len), word) &&
           (name.len == word.len || strchr("-/.", name.data[word.len]));
}

static bool is_of_host(const struct host *host, const struct ht_deb_release *release)
{
    if (!host->codename.len)
        return begins_with(release->version, host->version);
    return begins_with(release->codename, host->codename) ||
           begins_with(release->suite, host->codename);
}

/* What is wrong with the release of the security updates; empty: nothing. */
static struct ht_str judge_release(struct ht_pkg_reading *reading, const struct host *host,
                                   const struct ht_deb_answer *answer)
{
    const struct ht_deb_release *other = NULL;

    for (size_t i = 0; i < answer->lists.len; i++) {
        const struct ht_deb_list *list = answer->lists.items[i];

        if (!is_mending(&list->archive->release))
            continue;
        if (is_of_host(host, &list->archive->release))
            return (struct ht_str){0};
        other = &list->archive->release;
    }
    if (!other)
        return (struct ht_str){0};
    if (!host->codename.len && !host->version.len)
        return HT_S("which release this host is, is not known: os-release does not tell");
    return ht_arena_strf(reading->arena, "this host is %.*s, its security updates are of %.*s",
                         HT_STR_ARG(host->codename.len ? host->codename : host->version),
                         HT_STR_ARG(other->codename.len ? other->codename : other->suite));
}

/* ---- completeness ---- */

struct part {
    struct ht_str component;
    struct ht_str architecture;
    struct ht_str key;
};

/* The archive of security updates has that part, as far as it tells, and no list of it lies
 * here. */
static bool lacks_part(const struct ht_deb_answer *answer, const struct host *host,
                       const struct part *part)
{
    bool given = false;
    uint64_t size;

    for (size_t i = 0; i < answer->lists.len; i++) {
        const struct ht_deb_list *list = answer->lists.items[i];
        const struct ht_deb_release *release = &list->archive->release;

        if (!is_mending(release) || !is_of_host(host, release))
            continue;
        if (ht_str_equal(list->index->component, part->component) &&
            ht_str_equal(list->index->architecture, part->architecture))
            return false;
        given = given || (ht_deb_release_has(release, part->component, part->architecture) &&
                          (!ht_deb_release_size(release, part->key, &size) || size > 0));
    }
    return given;
}

/* Two archives that have the same part lack it once. */
static void tell_part(struct ht_pkg_reading *reading, const struct part *part,
                      struct ht_pkg_texts *gaps)
{
    struct ht_str text =
        ht_arena_strf(reading->arena, "no list of security updates of %.*s (%.*s) is in use",
                      HT_STR_ARG(part->component), HT_STR_ARG(part->architecture));

    for (size_t i = 0; i < gaps->len; i++)
        if (ht_str_equal(gaps->items[i], text))
            return;
    ht_pkg_texts_add(reading, gaps, text);
}

/* Each part that packages are installed of needs a list of its security updates. */
static void judge_security(struct ht_pkg_reading *reading, const struct ht_deb_answer *answer,
                           const struct host *host, struct ht_pkg_texts *gaps)
{
    const struct part first = {
        .component = HT_S("main"),
        .architecture = answer->sources.native,
        .key = ht_arena_strf(reading->arena, "main/binary-%.*s/Packages",
                             HT_STR_ARG(answer->sources.native)),
    };

    if (lacks_part(answer, host, &first))
        tell_part(reading, &first, gaps);
    for (size_t i = 0; i < answer->lists.len; i++) {
        const struct ht_deb_list *list = answer->lists.items[i];
        const struct part part = {.component = list->index->component,
                                  .architecture = list->index->architecture,
                                  .key = list->index->key};

        if (is_base(&list->archive->release) && ht_deb_is_used(answer, part.architecture) &&
            lacks_part(answer, host, &part))
            tell_part(reading, &part, gaps);
    }
}

static void name_gaps(struct ht_pkg_reading *reading, const struct ht_deb_answer *answer,
                      struct ht_package_db *db)
{
    struct host host = read_host(reading);
    struct ht_pkg_texts gaps = {0};
    struct ht_str wrong = judge_release(reading, &host, answer);
    bool native = false;

    for (size_t i = 0; i < answer->lists.len; i++) {
        const struct ht_deb_list *list = answer->lists.items[i];

        native = native || (is_mending(&list->archive->release) &&
                            (!list->index->architecture.len ||
                             ht_str_equal(list->index->architecture, answer->sources.native)));
    }
    ht_package_db_set_security_source(db, native);
    if (wrong.len)
        ht_pkg_texts_add(reading, &gaps, wrong);
    else if (native)
        judge_security(reading, answer, &host, &gaps);
    for (size_t i = 0; i < answer->gaps.len; i++)
        ht_pkg_texts_add(reading, &gaps, *(const struct ht_str *)answer->gaps.items[i]);
    ht_package_db_set_gaps(db, ht_pkg_texts_list(&gaps));
}

static void name_lists(struct ht_pkg_reading *reading, const struct ht_deb_answer *answer,
                       struct ht_package_db *db)
{
    struct ht_str *names = ht_arena_array(reading->arena, struct ht_str, answer->lists.len);
    struct ht_pkg_texts unreadable = {0}, missing = {0}, problems = {0};

    for (size_t i = 0; i < answer->lists.len; i++) {
        const struct ht_deb_list *list = answer->lists.items[i];

        names[i] = list->shown;
        if (list->problem.len)
            ht_pkg_texts_add(reading, &unreadable,
                             ht_arena_strf(reading->arena, "%.*s: %.*s", HT_STR_ARG(list->file),
                                           HT_STR_ARG(list->problem)));
    }
    for (size_t i = 0; i < answer->missing.len; i++) {
        const struct ht_deb_archive *archive = answer->missing.items[i];

        ht_pkg_texts_add(reading, &missing,
                         ht_arena_strf(reading->arena, "%.*s (%.*s)", HT_STR_ARG(archive->file),
                                       HT_STR_ARG(archive->entry)));
    }
    for (size_t i = 0; i < answer->problems.len; i++)
        ht_pkg_texts_add(reading, &problems, *(const struct ht_str *)answer->problems.items[i]);
    ht_package_db_set_index_files(db,
                                  (struct ht_text_list){.items = names, .len = answer->lists.len});
    ht_package_db_set_unreadable(db, ht_pkg_texts_list(&unreadable));
    ht_package_db_set_missing(db, ht_pkg_texts_list(&missing));
    ht_package_db_set_problems(db, ht_pkg_texts_list(&problems));
}

/* ---- trust ---- */

static void judge_sources(struct ht_pkg_reading *reading, const struct ht_deb_answer *answer,
                          struct ht_package_db *db)
{
    struct ht_pkg_texts unverified = {0}, unbound = {0};

    for (size_t i = 0; i < answer->sources.archives.len; i++) {
        const struct ht_deb_archive *archive = answer->sources.archives.items[i];
        struct ht_str text = ht_arena_strf(reading->arena, "%.*s (%.*s)", HT_STR_ARG(archive->file),
                                           HT_STR_ARG(archive->entry));

        if (!archive->has_binaries)
            continue;
        if (archive->trusted)
            ht_pkg_texts_add(reading, &unverified, text);
        else if (!archive->signed_by.len && archive->has_release &&
                 !is_distribution(&archive->release))
            ht_pkg_texts_add(reading, &unbound, text);
    }
    ht_package_db_set_unverified(db, ht_pkg_texts_list(&unverified));
    ht_package_db_set_unbound(db, ht_pkg_texts_list(&unbound));
}

void ht_pkg_judge_lists(struct ht_pkg_reading *reading, const struct ht_deb_answer *answer,
                        struct ht_package_db *db)
{
    date_lists(answer, db);
    find_end(reading, answer, db);
    date_vendors(reading, answer, db);
    name_lists(reading, answer, db);
    name_gaps(reading, answer, db);
    judge_sources(reading, answer, db);
}
