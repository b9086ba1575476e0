/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a detail page says of the host's packages beyond the fields of the row: known holes, what to
 * run, what has to start anew. All of it is text; of names only those that are nothing but a name
 * become a part of it.
 */
#include <config.h>

#include "detail.h"

#include <inttypes.h>
#include <string.h>

enum { HOLE_COL = 1, FIXED_COL = 20, CLASS_COL = 46, HOLES_MAX = 50, UNITS_MAX = 20 };

/* ---- names ---- */

static bool is_made_of(struct ht_str text, const char *more)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && (!c || !strchr(more, c)))
            return false;
    }
    return text.len > 0 && text.data[0] != '-';
}

static bool is_package_name(struct ht_str name)
{
    return is_made_of(name, ".+-");
}

/* A backslash begins an escape in unit names, and in shells. */
static bool is_unit_name(struct ht_str name)
{
    return is_made_of(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ.:_-@") &&
           ht_str_has_suffix(name, ".service");
}

static void say(struct ht_doc *doc, const char *text)
{
    ht_doc_text(doc, 1, HT_STYLE_NORMAL, ht_str_from(text));
}

static void say_command(struct ht_doc *doc, const char *command, struct ht_str name)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

    ht_buf_addf(&text, "%s %.*s", command, HT_STR_ARG(name));
    ht_doc_text(doc, 1, HT_STYLE_NORMAL, ht_buf_str(&text));
}

/* ---- holes ---- */

static void put_hole(const struct ht_advisory *advisory, size_t number, struct ht_doc *doc)
{
    if (number == 0) {
        ht_doc_head(doc, "KNOWN HOLES");
        ht_doc_put(doc, FIXED_COL, HT_STYLE_HEADER, HT_S("FIXED IN"));
    }
    ht_doc_line(doc);
    ht_doc_put(doc, HOLE_COL, HT_STYLE_NORMAL, advisory->hole);
    ht_doc_put(doc, FIXED_COL, HT_STYLE_NORMAL,
               advisory->fixed.len ? advisory->fixed : HT_S("no version yet"));
    ht_doc_put(doc, CLASS_COL, HT_STYLE_DIM, advisory->class);
}

static void put_holes(const struct ht_state *state, struct ht_str package, struct ht_doc *doc)
{
    const struct ht_rowset *rows = ht_node_set(state->node, HT_TABLE_ADVISORY);
    size_t found = 0;

    for (size_t i = 0; i < rows->len; i++) {
        const struct ht_advisory *advisory = ht_advisory_of(rows->rows[i]);

        if (!ht_str_equal(advisory->package, package))
            continue;
        if (found < HOLES_MAX)
            put_hole(advisory, found, doc);
        found++;
    }
    if (found > HOLES_MAX) {
        ht_doc_line(doc);
        ht_doc_putf(doc, HOLE_COL, HT_STYLE_DIM, "and %zu more", found - HOLES_MAX);
    }
}

void ht_detail_packages_seen(const struct ht_subject_rows *rows, struct ht_doc *doc)
{
    if (rows->other_table == &ht_package_table)
        put_holes(rows->state, ((const struct ht_package *)rows->other)->name, doc);
    else if (rows->other_table == &ht_component_table)
        put_holes(rows->state, ((const struct ht_component *)rows->other)->package, doc);
}

/* ---- what has to start anew ---- */

static const struct ht_package_db *find_db(const struct ht_state *state)
{
    const struct ht_rowset *rows = ht_node_set(state->node, HT_TABLE_PACKAGE_DB);

    return rows->len ? ht_package_db_of(rows->rows[0]) : NULL;
}

static bool needs_reboot(const struct ht_state *state, struct ht_str package)
{
    static const char *const beginnings[] = {"linux-image-", "intel-microcode", "amd64-microcode",
                                             "systemd", "dbus"};
    const struct ht_package_db *db = find_db(state);

    for (size_t i = 0; i < ARRAY_LEN(beginnings); i++)
        if (ht_str_has_prefix(package, beginnings[i]))
            return true;
    return db && ht_text_list_has(&db->reboot_packages, package);
}

/* How a process gets the new code. */
static void restart_process(const struct ht_stale_process *process, struct ht_doc *doc)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

    if (process->pid == 1) {
        say(doc, "sudo systemctl daemon-reexec");
    } else if (ht_str_has_prefix(process->unit, "dbus")) {
        say(doc, "Restart the host: the system bus cannot be restarted alone.");
    } else if (ht_str_has_prefix(process->unit, "user@")) {
        say(doc, "Its user has to log out everywhere and in again.");
    } else if (is_unit_name(process->unit)) {
        say_command(doc, "sudo systemctl restart", process->unit);
    } else {
        ht_buf_addf(&text, "Start it again by hand: process %" PRIu64 " belongs to no service.",
                    process->pid);
        ht_doc_text(doc, 1, HT_STYLE_NORMAL, ht_buf_str(&text));
    }
}

/* The units that run replaced code of a package, each once. */
static void put_units(const struct ht_state *state, struct ht_str package, struct ht_doc *doc)
{
    const struct ht_rowset *rows = ht_node_set(state->node, HT_TABLE_STALE_PROCESS);
    struct ht_str said[UNITS_MAX];
    struct ht_text_list list = {.items = said};
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);
    size_t more = 0;

    for (size_t i = 0; i < rows->len; i++) {
        const struct ht_stale_process *process = ht_stale_process_of(rows->rows[i]);

        if (!ht_text_list_has(&process->packages, package) ||
            (process->unit.len && ht_text_list_has(&list, process->unit)))
            continue;
        if (list.len == UNITS_MAX) {
            more++;
            continue;
        }
        if (!list.len)
            ht_doc_head(doc, "STILL RUNS CODE THAT AN EARLIER UPDATE REPLACED");
        said[list.len++] = process->unit;
        restart_process(process, doc);
    }
    if (more) {
        ht_buf_addf(&text, "and %zu more process%s, listed in \"Old code that runs\" (4, v)", more,
                    more == 1 ? "" : "es");
        ht_doc_wrap(doc, 1, HT_STYLE_DIM, ht_buf_str(&text));
    }
    if (!list.len)
        say(doc, "What still runs its old code then stands in \"Old code that runs\" (4, v).");
}

static void fix_package(const struct ht_state *state, const struct ht_package *package,
                        struct ht_doc *doc)
{
    if (ht_package_has_held(package) && package->held)
        say(doc, "It is held back by hand: find out why before you let it go.");
    if (ht_package_has_phased(package) && package->phased)
        say(doc, "It has not come to this machine yet: it will by itself.");
    if (ht_str_is(package->system, "deb") && is_package_name(package->name))
        say_command(doc, "sudo apt-get install --only-upgrade", package->name);
    else
        say(doc, "Update it with the package manager.");
    ht_doc_head(doc, "AFTER THAT");
    if (needs_reboot(state, package->name))
        say(doc, "Restart the host: nothing less gets rid of the old code.");
    else
        put_units(state, package->name, doc);
}

static void fix_component(const struct ht_component *component, struct ht_doc *doc)
{
    if (component->affected.len && ht_component_has_fixed(component))
        say_command(doc, "Upgrade at least to", component->fixed);
    else if (component->affected.len)
        say(doc, "Upgrade it: the tables know no version without a known hole.");
    if (ht_component_has_running_old(component) && component->running_old)
        say(doc, "What runs is not the file on disk: restart its service. Shims live as long as "
                 "their container: restart that.");
    if (ht_component_has_ended(component) && component->ended)
        say(doc, "Move to a release line that is supported.");
}

static void fix_db(const struct ht_package_db *db, struct ht_doc *doc)
{
    bool listed = ht_package_db_has_index_files(db);

    if (listed && ht_package_db_has_security_source(db) && !db->security_source)
        say(doc, "Name the source of security updates in /etc/apt/sources.list.");
    if (listed)
        say(doc, "sudo apt-get update");
    if (ht_package_db_has_unoffered(db) && db->unoffered)
        say(doc, "Installed packages that no list has get no update: replace or remove them "
                 "(apt list '?obsolete').");
    if (db->broken.len || db->journal)
        say(doc, "sudo dpkg --configure -a");
    if (ht_package_db_has_reboot(db) && db->reboot)
        say(doc, "A restart of the host was asked for: drain the node first.");
}

static void fix_support(const struct ht_support *support, struct ht_doc *doc)
{
    switch (support->state) {
    case HT_SUPPORT_STATE_ENDED:
    case HT_SUPPORT_STATE_SECURITY_ONLY:
        say(doc,
            "Move to a release that is supported, or configure the paid support for this one.");
        return;
    case HT_SUPPORT_STATE_UNKNOWN:
        say(doc, "Install distro-info-data, or put a newer support.yaml into /etc/hulltop.");
        return;
    case HT_SUPPORT_STATE_SUPPORTED:
    case HT_SUPPORT_STATE_PAID_ONLY:
        return;
    }
}

bool ht_detail_packages_fix(const struct ht_subject_rows *rows, struct ht_doc *doc)
{
    size_t before = doc->len;

    if (!rows->other)
        return false;
    if (rows->other_table == &ht_package_table)
        fix_package(rows->state, rows->other, doc);
    else if (rows->other_table == &ht_stale_process_table)
        restart_process(rows->other, doc);
    else if (rows->other_table == &ht_component_table)
        fix_component(rows->other, doc);
    else if (rows->other_table == &ht_package_db_table)
        fix_db(rows->other, doc);
    else if (rows->other_table == &ht_support_table)
        fix_support(rows->other, doc);
    return doc->len > before;
}
