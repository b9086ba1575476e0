/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debian's packages as rows. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "deb.h"
#include "pkg-deb-private.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

#define STAMP_UPDATED    "/var/lib/apt/periodic/update-success-stamp"
#define STAMP_UPGRADED   "/var/lib/apt/periodic/upgrade-stamp"
#define UPGRADES_PROGRAM "/usr/bin/unattended-upgrade"
#define LISTS_PARTIAL    "/var/lib/apt/lists/partial"

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
    struct ht_pkg_texts broken = {0}, hidden = {0}, kernels = {0}, unoffered = {0};
    uint64_t hidden_count = 0, unoffered_count = 0;

    for (size_t i = 0; i < answer->set.packages.len; i++) {
        const struct ht_deb_package *package = answer->set.packages.items[i];

        if (package->broken)
            ht_pkg_texts_add(reading, &broken, package->name);
        if (package->current && ht_deb_hides_security(answer, package)) {
            hidden_count++;
            ht_pkg_texts_add(reading, &hidden, package->name);
        }
        if (package->current && !ht_deb_is_offered(package)) {
            unoffered_count++;
            ht_pkg_texts_add(reading, &unoffered, package->name);
        }
        if (package->current && ht_str_has_prefix(package->name, "linux-image-") &&
            ht_deb_is_security(answer, package->current))
            ht_pkg_texts_add(reading, &kernels, package->name);
    }
    ht_package_db_set_broken(db, ht_pkg_texts_list(&broken));
    ht_package_db_set_hidden(db, hidden_count);
    ht_package_db_set_hidden_names(db, ht_pkg_texts_list(&hidden));
    ht_package_db_set_security_kernels(db, ht_pkg_texts_list(&kernels));
    ht_package_db_set_unoffered(db, unoffered_count);
    ht_package_db_set_unoffered_names(db, ht_pkg_texts_list(&unoffered));
    ht_package_db_set_journal(db, answer->journal);
    if (answer->default_release.len)
        ht_package_db_set_default_release(db, answer->default_release);
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
    ht_pkg_judge_lists(reading, answer, &db);
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
