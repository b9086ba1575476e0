/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debian's packages as rows. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "deb.h"
#include "pkg-system.h"
#include "proc-decode.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

#define STAMP_UPDATED    "/var/lib/apt/periodic/update-success-stamp"
#define STAMP_UPGRADED   "/var/lib/apt/periodic/upgrade-stamp"
#define UPGRADES_PROGRAM "/usr/bin/unattended-upgrade"
#define LISTS_PARTIAL    "/var/lib/apt/lists/partial"

enum { NAMES_MAX = 100, SMALL = 64 * 1024 };

/* A list of texts that grows in an arena, up to a number worth showing. */
struct texts {
    struct ht_str *items;
    size_t len;
};

static void add_text(struct ht_pkg_reading *reading, struct texts *texts, struct ht_str text)
{
    if (!texts->items)
        texts->items = ht_arena_array(reading->arena, struct ht_str, NAMES_MAX);
    if (texts->len < NAMES_MAX)
        texts->items[texts->len++] = ht_arena_str(reading->arena, text);
}

static struct ht_text_list list_of(const struct texts *texts)
{
    return (struct ht_text_list){.items = texts->items, .len = texts->len};
}

/* ---- packages ---- */

static void add_package(struct ht_pkg_reading *reading, const struct ht_deb_answer *answer,
                        const struct ht_deb_update *update, struct ht_node *sample)
{
    const struct ht_deb_version *installed = update->package->current;
    struct ht_package package = {0};
    struct ht_str architecture = installed->all ? HT_S("all") : update->package->architecture;

    ht_package_set_id(&package,
                      ht_arena_strf(reading->arena, "%.*s:%.*s", HT_STR_ARG(update->package->name),
                                    HT_STR_ARG(update->package->architecture)));
    ht_package_set_name(&package, update->package->name);
    ht_package_set_architecture(&package, architecture);
    ht_package_set_system(&package, HT_S("deb"));
    ht_package_set_installed(&package, installed->text);
    ht_package_set_candidate(&package, update->candidate->text);
    ht_package_set_source(&package, installed->source);
    ht_package_set_source_version(&package, installed->source_version);
    ht_package_set_origin(&package, ht_deb_origin(answer, update->candidate));
    ht_package_set_security(&package, update->is_security);
    ht_package_set_phased(&package, update->is_phased);
    if (update->candidate->phased != HT_DEB_NO_PHASE)
        ht_package_set_phased_percent(&package, update->candidate->phased);
    ht_package_set_held(&package, update->package->held);
    ht_package_set_rebuilt(&package, update->is_rebuilt);
    ht_node_add(sample, ht_row_new(&ht_package_table, &package));
}

static void count_updates(struct ht_pkg_reading *reading, const struct ht_deb_answer *answer,
                          struct ht_node *sample, struct ht_package_db *db)
{
    uint64_t security = 0, held = 0, phased = 0, rebuilt = 0;

    for (size_t i = 0; i < answer->updates.len; i++) {
        const struct ht_deb_update *update = answer->updates.items[i];

        add_package(reading, answer, update, sample);
        security += update->is_security;
        held += update->package->held;
        phased += update->is_phased;
        rebuilt += update->is_rebuilt;
    }
    ht_package_db_set_pending(db, answer->updates.len);
    ht_package_db_set_security(db, security);
    ht_package_db_set_held(db, held);
    ht_package_db_set_phased(db, phased);
    ht_package_db_set_rebuilt(db, rebuilt);
}

static void name_packages(struct ht_pkg_reading *reading, const struct ht_deb_answer *answer,
                          struct ht_package_db *db)
{
    struct texts broken = {0}, hidden = {0}, kernels = {0};
    uint64_t hidden_count = 0;

    for (size_t i = 0; i < answer->set.packages.len; i++) {
        const struct ht_deb_package *package = answer->set.packages.items[i];

        if (package->broken)
            add_text(reading, &broken, package->name);
        if (package->current && ht_deb_hides_security(answer, package)) {
            hidden_count++;
            add_text(reading, &hidden, package->name);
        }
        if (package->current && ht_str_has_prefix(package->name, "linux-image-") &&
            ht_deb_is_security(answer, package->current))
            add_text(reading, &kernels, package->name);
    }
    ht_package_db_set_broken(db, list_of(&broken));
    ht_package_db_set_hidden(db, hidden_count);
    ht_package_db_set_hidden_names(db, list_of(&hidden));
    ht_package_db_set_security_kernels(db, list_of(&kernels));
    ht_package_db_set_journal(db, answer->journal);
    if (answer->default_release.len)
        ht_package_db_set_default_release(db, answer->default_release);
}

/* ---- lists ---- */

/* The oldest date of the archives in use that bring security updates; of all where none does. */
static void date_lists(const struct ht_deb_answer *answer, struct ht_package_db *db)
{
    bool security = false;

    for (size_t i = 0; i < answer->lists.len; i++) {
        const struct ht_deb_list *list = answer->lists.items[i];

        security = security || ht_deb_release_is_security(&list->archive->release);
    }
    for (size_t i = 0; i < answer->lists.len; i++) {
        const struct ht_deb_list *list = answer->lists.items[i];
        const struct ht_deb_release *release = &list->archive->release;

        if (ht_deb_release_is_security(release) != security || release->date_ns == 0)
            continue;
        if (!ht_package_db_has_lists_at(db) || release->date_ns < db->lists_at)
            ht_package_db_set_lists_at(db, release->date_ns);
        if (release->valid_until_ns &&
            (!ht_package_db_has_lists_until(db) || release->valid_until_ns < db->lists_until))
            ht_package_db_set_lists_until(db, release->valid_until_ns);
    }
    ht_package_db_set_security_source(db, security);
}

/* The sources of security updates must be of the release that this host is. */
static void check_release(struct ht_pkg_reading *reading, const struct ht_deb_answer *answer,
                          struct texts *gaps)
{
    ht_autobuf struct ht_buf text = HT_BUF(SMALL);
    struct ht_str other = {0}, codename;

    if (ht_pkg_inputs_look(reading->inputs, reading->root, "/etc/os-release") < 0 ||
        ht_root_read(reading->root, "/etc/os-release", &text, SMALL, NULL) < 0)
        return;
    codename = ht_proc_decode_os_release(ht_buf_str(&text), "VERSION_CODENAME", reading->arena);
    for (size_t i = 0; codename.len && i < answer->lists.len; i++) {
        const struct ht_deb_list *list = answer->lists.items[i];
        const struct ht_deb_release *release = &list->archive->release;

        if (!ht_deb_release_is_security(release))
            continue;
        if (ht_str_has_prefix(release->codename, codename.data) ||
            ht_str_has_prefix(release->suite, codename.data))
            return;
        other = release->codename.len ? release->codename : release->suite;
    }
    if (other.len)
        add_text(reading, gaps,
                 ht_arena_strf(reading->arena,
                               "this host is %.*s, its security updates are of %.*s",
                               HT_STR_ARG(codename), HT_STR_ARG(other)));
}

static void name_lists(struct ht_pkg_reading *reading, const struct ht_deb_answer *answer,
                       struct ht_package_db *db)
{
    struct ht_str *names = ht_arena_array(reading->arena, struct ht_str, answer->lists.len);
    struct texts unreadable = {0}, missing = {0}, problems = {0}, gaps = {0};

    for (size_t i = 0; i < answer->lists.len; i++) {
        const struct ht_deb_list *list = answer->lists.items[i];

        names[i] = list->shown;
        if (list->problem.len)
            add_text(reading, &unreadable,
                     ht_arena_strf(reading->arena, "%.*s: %.*s", HT_STR_ARG(list->file),
                                   HT_STR_ARG(list->problem)));
    }
    for (size_t i = 0; i < answer->missing.len; i++) {
        const struct ht_deb_archive *archive = answer->missing.items[i];

        add_text(reading, &missing,
                 ht_arena_strf(reading->arena, "%.*s (%.*s)", HT_STR_ARG(archive->file),
                               HT_STR_ARG(archive->entry)));
    }
    for (size_t i = 0; i < answer->problems.len; i++)
        add_text(reading, &problems, *(const struct ht_str *)answer->problems.items[i]);
    ht_package_db_set_index_files(db,
                                  (struct ht_text_list){.items = names, .len = answer->lists.len});
    ht_package_db_set_unreadable(db, list_of(&unreadable));
    ht_package_db_set_missing(db, list_of(&missing));
    ht_package_db_set_problems(db, list_of(&problems));
    for (size_t i = 0; i < answer->gaps.len; i++)
        add_text(reading, &gaps, *(const struct ht_str *)answer->gaps.items[i]);
    check_release(reading, answer, &gaps);
    ht_package_db_set_gaps(db, list_of(&gaps));
}

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

static void judge_sources(struct ht_pkg_reading *reading, const struct ht_deb_answer *answer,
                          struct ht_package_db *db)
{
    struct texts unverified = {0}, unbound = {0};

    for (size_t i = 0; i < answer->sources.archives.len; i++) {
        const struct ht_deb_archive *archive = answer->sources.archives.items[i];
        struct ht_str text = ht_arena_strf(reading->arena, "%.*s (%.*s)", HT_STR_ARG(archive->file),
                                           HT_STR_ARG(archive->entry));

        if (!archive->has_binaries)
            continue;
        if (archive->trusted)
            add_text(reading, &unverified, text);
        else if (!archive->signed_by.len && archive->has_release &&
                 !is_distribution(&archive->release))
            add_text(reading, &unbound, text);
    }
    ht_package_db_set_unverified(db, list_of(&unverified));
    ht_package_db_set_unbound(db, list_of(&unbound));
}

/* ---- what happens by itself ---- */

static bool time_of(struct ht_pkg_reading *reading, const char *path, int64_t *ret_ns)
{
    const struct ht_pkg_input *input;

    if (ht_pkg_inputs_look(reading->inputs, reading->root, path) < 0)
        return false;
    input = ht_pkg_inputs_find(reading->inputs, path);
    *ret_ns = input->changed_ns;
    return true;
}

static bool is_on(const struct ht_deb_answer *answer, const char *key)
{
    struct ht_str value = ht_deb_config_get(&answer->config, key);

    return value.len && !ht_str_is(value, "0");
}

static void read_automatic(struct ht_pkg_reading *reading, const struct ht_deb_answer *answer,
                           struct ht_package_db *db)
{
    struct ht_str enabled = ht_deb_config_get(&answer->config, "APT::Periodic::Enable");
    bool installed = ht_pkg_inputs_look(reading->inputs, reading->root, UPGRADES_PROGRAM) == 0;
    bool on =
        installed && is_on(answer, "APT::Periodic::Unattended-Upgrade") && !ht_str_is(enabled, "0");
    int64_t at;

    ht_package_db_set_automatic(db, on ? HT_S("unattended-upgrades") : HT_S(""));
    if (on && time_of(reading, STAMP_UPGRADED, &at))
        ht_package_db_set_automatic_at(db, at);
    if (time_of(reading, STAMP_UPDATED, &at) || time_of(reading, LISTS_PARTIAL, &at))
        ht_package_db_set_checked_at(db, at);
}

/* The version of ca-certificates is the day it was made: "20230311+deb12u1". */
static void read_certificates(struct ht_pkg_reading *reading, const struct ht_deb_answer *answer,
                              struct ht_package_db *db)
{
    enum { DAY_DIGITS = 8 };
    const struct ht_deb_package *package =
        ht_deb_set_find(&answer->set, HT_S("ca-certificates"), answer->set.native);
    struct ht_str version;
    int64_t ns;

    if (!package || !package->current)
        return;
    version = package->current->text;
    ht_package_db_set_ca_version(db, version);
    if (version.len < DAY_DIGITS)
        return;

    struct ht_str day = ht_arena_strf(reading->arena, "%.4s-%.2s-%.2sT00:00:00Z", version.data,
                                      version.data + 4, version.data + 6);
    if (ht_parse_time(day, &ns) == 0)
        ht_package_db_set_ca_at(db, ns);
}

/* ---- all of it ---- */

static void summarise(struct ht_pkg_reading *reading, const struct ht_deb_answer *answer,
                      const struct ht_package_db *db)
{
    reading->summary =
        ht_arena_strf(reading->arena, "deb: %llu packages, %llu updates (%llu security)",
                      (unsigned long long)db->installed, (unsigned long long)db->pending,
                      (unsigned long long)db->security);
    if (answer->problems.len) {
        reading->trouble =
            ht_arena_str(reading->arena, *(const struct ht_str *)answer->problems.items[0]);
        reading->help = HT_S("sudo apt-get update, and what it says");
    } else if (answer->missing.len) {
        const struct ht_deb_archive *archive = answer->missing.items[0];

        reading->trouble = ht_arena_strf(reading->arena, "no list of %.*s on this host (%.*s)",
                                         HT_STR_ARG(archive->file), HT_STR_ARG(archive->entry));
        reading->help = HT_S("sudo apt-get update");
    } else if (db->gaps.len) {
        reading->trouble = db->gaps.items[0];
        reading->help = HT_S("sudo apt-get update, and what it says");
    } else if (answer->sources.archives.len == 0) {
        reading->trouble = HT_S("apt has no source");
        reading->help = HT_S("name one in /etc/apt/sources.list");
    }
}

static bool is_chroot(const struct ht_pkg_reading *reading)
{
    struct stat here, first;

    return reading->live && stat("/", &here) == 0 && stat("/proc/1/root/.", &first) == 0 &&
           (here.st_dev != first.st_dev || here.st_ino != first.st_ino);
}

int ht_pkg_read_deb(struct ht_pkg_reading *reading, struct ht_node *sample, struct ht_error *err)
{
    struct ht_deb_options options = {.root = reading->root,
                                     .inputs = reading->inputs,
                                     .is_chroot = is_chroot(reading),
                                     .progress = reading->progress,
                                     .context = reading->context};
    struct ht_deb_answer *answer = NULL;
    struct ht_package_db db = {0};
    int r = ht_deb_read(&options, &answer, err);

    if (r < 0)
        return r;
    ht_package_db_set_id(&db, HT_S("deb"));
    ht_package_db_set_system(&db, HT_S("deb"));
    ht_package_db_set_installed(&db, answer->set.installed);
    count_updates(reading, answer, sample, &db);
    name_packages(reading, answer, &db);
    date_lists(answer, &db);
    name_lists(reading, answer, &db);
    judge_sources(reading, answer, &db);
    read_automatic(reading, answer, &db);
    read_certificates(reading, answer, &db);
    ht_pkg_read_reboot(reading, &db);
    if (reading->live)
        ht_pkg_read_clock(&db);
    summarise(reading, answer, &db);
    reading->installed += answer->set.installed;
    reading->vanished = answer->vanished;
    ht_node_add(sample, ht_row_new(&ht_package_db_table, &db));
    ht_deb_free(answer);
    return 0;
}
