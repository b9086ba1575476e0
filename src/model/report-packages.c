/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report's "packages": what is behind on the host, and four verdicts that are never one. */
#include "src/model/document-inner.h"

#include "hulltop/base/clock.h"
#include "hulltop/model/lists.h"

struct packages {
    struct ht_json_writer *json;
    const struct ht_state *state;
    const struct ht_package_db *db;
};

static void key(const struct packages *packages, const char *name)
{
    ht_json_key(packages->json, ht_str_from(name));
}

static void put_text(const struct packages *packages, const char *name, bool known,
                     struct ht_str text)
{
    key(packages, name);
    if (known)
        ht_json_put_string(packages->json, text);
    else
        ht_json_put_null(packages->json);
}

static void put_bool(const struct packages *packages, const char *name, bool known, bool value)
{
    key(packages, name);
    if (known)
        ht_json_put_bool(packages->json, value);
    else
        ht_json_put_null(packages->json);
}

static void put_texts(const struct packages *packages, const char *name, bool known,
                      struct ht_text_list list)
{
    key(packages, name);
    if (!known) {
        ht_json_put_null(packages->json);
        return;
    }
    ht_json_array_begin(packages->json);
    for (size_t i = 0; i < list.len; i++)
        ht_json_put_string(packages->json, list.items[i]);
    ht_json_array_end(packages->json);
}

/* ---- verdicts ---- */

/* A finding that is more than low. */
static bool has_finding(const struct packages *packages, const char *check)
{
    const struct ht_rowset *findings = &packages->state->findings;

    for (size_t i = 0; i < findings->len; i++) {
        const struct ht_finding *finding = ht_finding_of(findings->rows[i]);

        if (ht_str_is(finding->check, check) && finding->severity <= HT_SEVERITY_MEDIUM)
            return true;
    }
    return false;
}

/* The check could not look at everything. */
static bool is_missing(const struct packages *packages, const char *check)
{
    const struct ht_question *question = ht_state_question(packages->state, 4);

    for (size_t i = 0; i < question->missing.len; i++)
        if (question->missing.items[i].decides &&
            ht_str_is(question->missing.items[i].check, check))
            return true;
    return false;
}

/* Nothing pending in lists that cannot be trusted is no pass. */
static const char *pending_verdict(const struct packages *packages)
{
    if (has_finding(packages, "PKG-001"))
        return "FAIL";
    if (!ht_package_db_has_security(packages->db) ||
        packages->db->index_files.len == packages->db->unreadable.len)
        return "UNKNOWN";
    return is_missing(packages, "PKG-001") || has_finding(packages, "PKG-002") ? "PART" : "PASS";
}

static const char *lists_verdict(const struct packages *packages)
{
    if (has_finding(packages, "PKG-002"))
        return "FAIL";
    return ht_package_db_has_index_files(packages->db) ? "PASS" : "UNKNOWN";
}

/* Checks that make one verdict; ended by NULL. A low finding is no failure. */
static const char *const old_code_checks[] = {"PKG-003", "PKG-004", "PKG-006",
                                              "PKG-007", "PKG-008", NULL};
static const char *const support_checks[] = {"PKG-010", "PKG-011", NULL};

static enum ht_severity worst_of(const struct packages *packages, const char *const *checks)
{
    const struct ht_rowset *findings = &packages->state->findings;
    enum ht_severity worst = HT_SEVERITY_INFO;

    for (size_t i = 0; i < findings->len; i++) {
        const struct ht_finding *finding = ht_finding_of(findings->rows[i]);

        for (const char *const *check = checks; *check; check++) {
            if (ht_str_is(finding->check, *check) && finding->severity < worst)
                worst = finding->severity;
        }
    }
    return worst;
}

/* looked: the rows that these checks look at are there. */
static const char *verdict(const struct packages *packages, const char *const *checks, bool looked)
{
    enum ht_severity worst = worst_of(packages, checks);

    if (worst <= HT_SEVERITY_HIGH)
        return "FAIL";
    if (worst == HT_SEVERITY_MEDIUM)
        return "WARN";
    if (!looked)
        return "UNKNOWN";
    for (const char *const *check = checks; *check; check++) {
        if (is_missing(packages, *check))
            return "PART";
    }
    return "PASS";
}

static bool has_rows(const struct packages *packages, enum ht_table_id table)
{
    return ht_node_set(packages->state->node, table)->len > 0;
}

static void put_verdicts(const struct packages *packages)
{
    key(packages, "verdicts");
    ht_json_object_begin(packages->json);
    put_text(packages, "pending", true, ht_str_from(pending_verdict(packages)));
    put_text(packages, "lists", true, ht_str_from(lists_verdict(packages)));
    put_text(packages, "running_old", true,
             ht_str_from(verdict(packages, old_code_checks,
                                 has_rows(packages, HT_TABLE_RUNNING_CODE) &&
                                     has_rows(packages, HT_TABLE_KERNEL))));
    put_text(packages, "support", true,
             ht_str_from(verdict(packages, support_checks, has_rows(packages, HT_TABLE_SUPPORT))));
    ht_json_object_end(packages->json);
}

/* ---- rows ---- */

static void put_package(const struct packages *packages, const struct ht_package *package)
{
    ht_json_object_begin(packages->json);
    ht_struct_write_fields(packages->json, &ht_package_table, package, true);
    ht_json_object_end(packages->json);
}

static void put_upgradable(const struct packages *packages)
{
    const struct ht_rowset *rows = ht_node_set(packages->state->node, HT_TABLE_PACKAGE);

    key(packages, "upgradable");
    if (!ht_package_db_has_pending(packages->db)) {
        ht_json_put_null(packages->json);
        return;
    }
    ht_json_array_begin(packages->json);
    for (size_t i = 0; i < rows->len; i++)
        put_package(packages, ht_package_of(rows->rows[i]));
    ht_json_array_end(packages->json);
}

static struct ht_str first_of(struct ht_text_list list)
{
    return list.len ? list.items[0] : (struct ht_str){0};
}

static void put_stale(const struct packages *packages, const struct ht_row *row)
{
    const struct ht_stale_process *stale = ht_stale_process_of(row);

    ht_struct_write_fields(packages->json, &ht_stale_process_table, stale, true);
    put_text(packages, "package", stale->packages.len > 0, first_of(stale->packages));
    put_text(packages, "path", stale->files.len > 0, first_of(stale->files));
}

/* The day from which nobody mends it for free. */
static void put_support(const struct packages *packages, const struct ht_row *row)
{
    const struct ht_support *support = ht_support_of(row);

    ht_struct_write_fields(packages->json, &ht_support_table, support, true);
    key(packages, "eol");
    if (ht_support_has_security_end(support))
        ht_document_put_time(packages->json, support->security_end);
    else if (ht_support_has_end(support))
        ht_document_put_time(packages->json, support->end);
    else
        ht_json_put_null(packages->json);
}

static void put_component(const struct packages *packages, const struct ht_row *row)
{
    const struct ht_component *component = ht_component_of(row);

    ht_struct_write_fields(packages->json, &ht_component_table, component, true);
    put_texts(packages, "ids", ht_component_has_affected(component), component->affected);
    put_text(packages, "verdict", ht_component_has_state(component),
             ht_str_from(ht_enum_name(&ht_component_state_enum, component->state)));
}

/* A list of rows of one table. */
static void put_rows(const struct packages *packages, const char *name, enum ht_table_id table,
                     void (*put)(const struct packages *packages, const struct ht_row *row))
{
    const struct ht_rowset *rows = ht_node_set(packages->state->node, table);

    key(packages, name);
    ht_json_array_begin(packages->json);
    for (size_t i = 0; i < rows->len; i++) {
        ht_json_object_begin(packages->json);
        put(packages, rows->rows[i]);
        ht_json_object_end(packages->json);
    }
    ht_json_array_end(packages->json);
}

static void put_kernel(const struct packages *packages)
{
    const struct ht_host *host = ht_node_host(packages->state->node);
    const struct ht_rowset *kernels = ht_node_set(packages->state->node, HT_TABLE_KERNEL);
    const struct ht_kernel *kernel = kernels->len ? ht_kernel_of(kernels->rows[0]) : NULL;

    key(packages, "kernel");
    ht_json_object_begin(packages->json);
    put_text(packages, "running", ht_host_has_kernel(host), host->kernel);
    put_text(packages, "installed", kernel && ht_kernel_has_installed(kernel),
             kernel ? kernel->installed : (struct ht_str){0});
    put_bool(packages, "reboot", ht_package_db_has_reboot(packages->db), packages->db->reboot);
    ht_json_object_end(packages->json);
}

/* ---- the object ---- */

/* The package manager's; an image's where there is none. */
static const struct ht_package_db *find_db(const struct ht_node *node)
{
    const struct ht_rowset *dbs = ht_node_set(node, HT_TABLE_PACKAGE_DB);
    const struct ht_package_db *found = NULL;

    for (size_t i = 0; i < dbs->len; i++) {
        const struct ht_package_db *db = ht_package_db_of(dbs->rows[i]);

        if (!found || (!ht_package_db_has_installed(found) && ht_package_db_has_installed(db)))
            found = db;
    }
    return found;
}

static void put_age(const struct packages *packages)
{
    const struct ht_package_db living = ht_package_db_living(packages->state->node, packages->db);
    int64_t age;

    key(packages, "lists_age_s");
    if (ht_package_db_has_lists_at(&living) &&
        !__builtin_sub_overflow(packages->state->now_ns, living.lists_at, &age))
        ht_json_put_int(packages->json, age / HT_NS_PER_S);
    else
        ht_json_put_null(packages->json);
}

void ht_report_put_packages(struct ht_json_writer *json, const struct ht_state *state)
{
    struct packages packages = {.json = json, .state = state, .db = find_db(state->node)};

    if (!packages.db) {
        ht_json_put_null(json);
        return;
    }
    ht_json_object_begin(json);
    put_text(&packages, "system", true, packages.db->system);
    put_age(&packages);
    put_texts(&packages, "index_files", ht_package_db_has_index_files(packages.db),
              packages.db->index_files);
    put_verdicts(&packages);
    put_upgradable(&packages);
    put_rows(&packages, "running_old", HT_TABLE_STALE_PROCESS, put_stale);
    put_kernel(&packages);
    put_rows(&packages, "support", HT_TABLE_SUPPORT, put_support);
    put_rows(&packages, "stack", HT_TABLE_COMPONENT, put_component);
    key(&packages, "database");
    ht_struct_write(json, &ht_package_db_table, packages.db, true);
    ht_json_object_end(json);
}
