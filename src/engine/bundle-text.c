/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a state tells of a finding, as texts of its bundle. */
#include <string.h>
#include <time.h>

#include "bundle.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/json.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/printable.h"
#include "hulltop/model/document.h"

enum { TREE_MAX = 2000, DEPTH_MAX = 64, ROWS_MAX = 500, EVENTS_MAX = 500 };

/* ---- what belongs to it ---- */

static void add_process(struct ht_bundle_about *about, int64_t pid, uint64_t start,
                        struct ht_str code)
{
    if (pid <= 0 || about->processes_len == HT_BUNDLE_PROCESSES_MAX)
        return;
    for (size_t i = 0; i < about->processes_len; i++) {
        struct ht_bundle_process *process = &about->processes[i];

        if (process->pid != pid)
            continue;
        if (!process->code.len)
            process->code = code;
        return;
    }
    about->processes[about->processes_len++] =
        (struct ht_bundle_process){.pid = pid, .start = start, .code = code};
}

/* "411.9988" */
static uint64_t start_of(struct ht_str process)
{
    ptrdiff_t dot = ht_str_find_byte(process, '.');
    uint64_t start = 0;

    if (dot < 0 || ht_parse_u64(ht_str_sub(process, (size_t)dot + 1, process.len), &start) < 0)
        return 0;
    return start;
}

static bool is_code_of(const struct ht_bundle_about *about, const struct ht_code *code)
{
    const struct ht_finding *finding = about->finding;
    bool here = about->container ? ht_code_has_container(code) &&
                                       ht_str_equal(code->container, about->container->id)
                                 : !ht_code_has_container(code);

    return here && ht_finding_has_object(finding) && finding->object.len &&
           ht_code_has_path(code) && ht_str_equal(code->path, finding->object);
}

/* The file of code that is not the process's own program; empty: there is none. */
static struct ht_str loaded(const struct ht_code *code)
{
    if (!ht_code_has_kind(code) || code->kind == HT_CODE_KIND_EXECUTABLE ||
        code->kind == HT_CODE_KIND_INLINE || !ht_str_has_prefix(code->path, "/"))
        return (struct ht_str){0};
    return code->path;
}

/* The process that runs the code, else the one it is about, else the container's first. */
static void find_processes(struct ht_bundle_about *about)
{
    const struct ht_node *node = about->state->node;
    const struct ht_rowset *codes = ht_node_set(node, HT_TABLE_CODE);
    const struct ht_subject *subject = &about->finding->subject;
    const struct ht_row *row =
        ht_subject_has_id(subject) ? ht_node_find(node, HT_TABLE_PROCESS, subject->id) : NULL;

    if (row)
        add_process(about, (int64_t)ht_process_of(row)->pid, ht_process_of(row)->start,
                    (struct ht_str){0});
    for (size_t i = 0; i < codes->len; i++) {
        const struct ht_code *code = ht_code_of(codes->rows[i]);

        if (is_code_of(about, code) && ht_code_has_pid(code))
            add_process(about, (int64_t)code->pid, start_of(code->process), loaded(code));
    }
    if (about->processes_len == 0 && ht_subject_has_pid(subject)) {
        const struct ht_rowset *processes = ht_node_set(node, HT_TABLE_PROCESS);

        for (size_t i = 0; i < processes->len; i++) {
            const struct ht_process *process = ht_process_of(processes->rows[i]);

            if (process->pid == subject->pid)
                add_process(about, (int64_t)process->pid, process->start, (struct ht_str){0});
        }
    }
}

bool ht_bundle_find(const struct ht_state *state, struct ht_str finding,
                    struct ht_bundle_about *ret_about)
{
    struct ht_bundle_about about = {.state = state, .finding = ht_state_finding(state, finding)};
    const struct ht_row *row;
    struct ht_str id;

    if (!about.finding)
        return false;
    id = about.finding->subject.id;
    row = ht_node_find(state->node, HT_TABLE_PROCESS, id);
    if (row && ht_process_has_container(ht_process_of(row)))
        id = ht_process_of(row)->container;
    row = id.len ? ht_node_find(state->node, HT_TABLE_CONTAINER, id) : NULL;
    about.container = row ? ht_container_of(row) : NULL;
    row = id.len ? ht_node_find(state->node, HT_TABLE_LAYER, id) : NULL;
    about.layer = row ? ht_layer_of(row) : NULL;
    find_processes(&about);
    *ret_about = about;
    return true;
}

/* ---- rows ---- */

static void write_one(struct ht_json_writer *writer, const struct ht_table *table, const void *data)
{
    if (!data)
        return;
    ht_json_key(writer, ht_str_from(table->name));
    ht_struct_write(writer, table, data, true);
}

static bool is_its_process(const struct ht_bundle_about *about, const struct ht_process *process)
{
    if (about->container && ht_process_has_container(process) &&
        ht_str_equal(process->container, about->container->id))
        return true;
    for (size_t i = 0; i < about->processes_len; i++) {
        if ((int64_t)process->pid == about->processes[i].pid)
            return true;
    }
    return false;
}

static void write_processes(struct ht_json_writer *writer, const struct ht_bundle_about *about)
{
    const struct ht_rowset *rows = ht_node_set(about->state->node, HT_TABLE_PROCESS);
    size_t written = 0;

    ht_json_key(writer, HT_S("processes"));
    ht_json_array_begin(writer);
    for (size_t i = 0; i < rows->len && written < ROWS_MAX; i++) {
        if (is_its_process(about, ht_process_of(rows->rows[i]))) {
            ht_struct_write(writer, &ht_process_table, ht_process_of(rows->rows[i]), true);
            written++;
        }
    }
    ht_json_array_end(writer);
}

static void write_codes(struct ht_json_writer *writer, const struct ht_bundle_about *about)
{
    const struct ht_rowset *rows = ht_node_set(about->state->node, HT_TABLE_CODE);
    size_t written = 0;

    ht_json_key(writer, HT_S("codes"));
    ht_json_array_begin(writer);
    for (size_t i = 0; i < rows->len && written < ROWS_MAX; i++) {
        const struct ht_code *code = ht_code_of(rows->rows[i]);
        bool inside = about->container && ht_code_has_container(code) &&
                      ht_str_equal(code->container, about->container->id);

        if (inside || is_code_of(about, code)) {
            ht_struct_write(writer, &ht_code_table, code, true);
            written++;
        }
    }
    ht_json_array_end(writer);
}

static void write_events(struct ht_json_writer *writer, const struct ht_bundle_about *about)
{
    const struct ht_rowset *rows = &about->state->events;
    size_t written = 0;

    ht_json_key(writer, HT_S("events"));
    ht_json_array_begin(writer);
    for (size_t i = rows->len; i-- > 0 && written < EVENTS_MAX;) {
        const struct ht_event *event = ht_event_of(rows->rows[i]);
        bool ours =
            (ht_event_has_finding(event) && ht_str_equal(event->finding, about->finding->id)) ||
            (about->container && ht_event_has_container(event) &&
             ht_str_equal(event->container, about->container->id));

        if (ours) {
            ht_struct_write(writer, &ht_event_table, event, true);
            written++;
        }
    }
    ht_json_array_end(writer);
}

void ht_bundle_write_finding(const struct ht_bundle_about *about, int64_t now_ns,
                             struct ht_buf *out)
{
    struct ht_json_writer writer;
    char time[HT_TIME_TEXT_MAX];

    ht_json_begin(&writer, out, HT_JSON_INDENTED, HT_JSON_PRINTABLE);
    ht_json_object_begin(&writer);
    ht_json_key(&writer, HT_S("schema"));
    ht_json_put_string(&writer, HT_S("hulltop-evidence/1"));
    ht_json_key(&writer, HT_S("taken_at"));
    ht_json_put_string(&writer, ht_str_from(ht_time_format_utc(now_ns, 1, time)));
    write_one(&writer, &ht_host_table, ht_node_host(about->state->node));
    write_one(&writer, &ht_finding_table, about->finding);
    write_one(&writer, &ht_container_table, about->container);
    write_one(&writer, &ht_layer_table, about->layer);
    write_processes(&writer, about);
    write_codes(&writer, about);
    write_events(&writer, about);
    ht_json_object_end(&writer);
    ht_buf_add_c(out, '\n');
}

/* ---- the tree ---- */

struct tree {
    const struct ht_process *items[TREE_MAX];
    size_t len;
    bool cut;
    struct ht_buf *out;
};

static const struct ht_process *find_pid(const struct ht_rowset *rows, uint64_t pid)
{
    for (size_t i = 0; i < rows->len; i++) {
        if (ht_process_of(rows->rows[i])->pid == pid)
            return ht_process_of(rows->rows[i]);
    }
    return NULL;
}

static bool is_in(const struct tree *tree, const struct ht_process *process)
{
    for (size_t i = 0; i < tree->len; i++) {
        if (tree->items[i] == process)
            return true;
    }
    return false;
}

/* With its parents, as far as they are not there yet. */
static void plant(struct tree *tree, const struct ht_rowset *rows, const struct ht_process *process)
{
    for (int depth = 0; process && depth < DEPTH_MAX && !is_in(tree, process); depth++) {
        if (tree->len == TREE_MAX) {
            tree->cut = true;
            return;
        }
        tree->items[tree->len++] = process;
        process =
            ht_process_has_ppid(process) && process->ppid ? find_pid(rows, process->ppid) : NULL;
    }
}

static void write_node(struct tree *tree, const struct ht_process *process, int depth)
{
    char time[HT_TIME_TEXT_MAX] = "?";

    if (ht_process_has_started_at(process))
        ht_time_format_utc(process->started_at, 1, time);
    ht_buf_addf(tree->out, "%*s%llu  uid %lld  %s  ", 2 * depth, "",
                (unsigned long long)process->pid,
                ht_process_has_euid(process) ? (long long)process->euid : -1LL, time);
    ht_printable(tree->out, process->comm, 0);
    for (size_t i = 0; i < process->argv.len; i++) {
        ht_buf_add_c(tree->out, ' ');
        ht_printable(tree->out, process->argv.items[i], 0);
    }
    if (ht_process_has_tty(process)) {
        ht_buf_add_text(tree->out, "  tty ");
        ht_printable(tree->out, process->tty, 0);
    }
    if (ht_process_has_login_uid(process))
        ht_buf_addf(tree->out, "  logged in as %llu", (unsigned long long)process->login_uid);
    ht_buf_add_c(tree->out, '\n');
}

static bool has_parent(const struct tree *tree, const struct ht_process *process)
{
    for (size_t i = 0; i < tree->len; i++) {
        if (tree->items[i] != process && tree->items[i]->pid == process->ppid)
            return true;
    }
    return false;
}

static void write_below(struct tree *tree, const struct ht_process *process, int depth)
{
    write_node(tree, process, depth);
    if (depth == DEPTH_MAX)
        return;
    for (size_t i = 0; i < tree->len; i++) {
        if (tree->items[i] != process && tree->items[i]->ppid == process->pid)
            write_below(tree, tree->items[i], depth + 1);
    }
}

void ht_bundle_write_tree(const struct ht_bundle_about *about, struct ht_buf *out)
{
    const struct ht_rowset *rows = ht_node_set(about->state->node, HT_TABLE_PROCESS);
    ht_autofree struct tree *tree = ht_new0(struct tree);

    tree->out = out;
    for (size_t i = 0; i < rows->len; i++) {
        if (is_its_process(about, ht_process_of(rows->rows[i])))
            plant(tree, rows, ht_process_of(rows->rows[i]));
    }
    for (size_t i = 0; i < tree->len; i++) {
        if (!has_parent(tree, tree->items[i]))
            write_below(tree, tree->items[i], 0);
    }
    if (tree->cut)
        ht_buf_addf(out, "(%d processes shown; there are more)\n", TREE_MAX);
}

/* ---- packages and mounts ---- */

static void put_word(struct ht_buf *out, bool known, struct ht_str text)
{
    ht_buf_add_c(out, ' ');
    ht_printable(out, known && text.len ? text : HT_S("-"), 0);
}

bool ht_bundle_write_packages(const struct ht_bundle_about *about, struct ht_buf *out)
{
    const struct ht_layer *layer = about->layer;

    if (!layer || !ht_layer_has_packages(layer))
        return false;
    ht_buf_add_text(out, "# change manager name image now\n");
    for (size_t i = 0; i < layer->packages.len; i++) {
        const struct ht_package_change *change = &layer->packages.items[i];

        ht_buf_add_text(out, ht_enum_name(&ht_package_change_kind_enum, change->change));
        put_word(out, ht_package_change_has_manager(change), change->manager);
        put_word(out, ht_package_change_has_name(change), change->name);
        put_word(out, ht_package_change_has_image(change), change->image);
        put_word(out, ht_package_change_has_now(change), change->now);
        ht_buf_add_c(out, '\n');
    }
    if (ht_layer_has_packages_cut(layer) && layer->packages_cut)
        ht_buf_addf(out, "# and %llu more\n", (unsigned long long)layer->packages_cut);
    return true;
}

/* They are read of a container's first process. */
static const struct ht_process *mounts_of(const struct ht_bundle_about *about)
{
    const struct ht_rowset *rows = ht_node_set(about->state->node, HT_TABLE_PROCESS);

    for (size_t i = 0; i < rows->len; i++) {
        const struct ht_process *process = ht_process_of(rows->rows[i]);

        if (ht_process_has_mounts(process) && is_its_process(about, process))
            return process;
    }
    return NULL;
}

bool ht_bundle_write_mounts(const struct ht_bundle_about *about, struct ht_buf *out)
{
    const struct ht_process *process = mounts_of(about);

    if (!process)
        return false;
    ht_buf_add_text(out, "# target type source root options\n");
    for (size_t i = 0; i < process->mounts.len; i++) {
        const struct ht_mount *mount = &process->mounts.items[i];

        ht_printable(out, mount->target, 0);
        put_word(out, ht_mount_has_type(mount), mount->type);
        put_word(out, ht_mount_has_source(mount), mount->source);
        put_word(out, ht_mount_has_root(mount), mount->root);
        put_word(out, ht_mount_has_options(mount), mount->options);
        ht_buf_add_c(out, '\n');
    }
    return true;
}

/* ---- times ---- */

static void put_time(struct ht_buf *out, const char *what, bool known, int64_t at_ns)
{
    char utc[HT_TIME_TEXT_MAX];
    char local[64] = "?";
    time_t seconds = (time_t)(at_ns / HT_NS_PER_S);
    struct tm tm;

    if (!known) {
        ht_buf_addf(out, "%-26s not known\n", what);
        return;
    }
    if (localtime_r(&seconds, &tm))
        (void)strftime(local, sizeof(local), "%Y-%m-%d %H:%M:%S %z (%Z)", &tm);
    ht_buf_addf(out, "%-26s %s  %s\n", what, ht_time_format_utc(at_ns, 1, utc), local);
}

void ht_bundle_write_times(const struct ht_bundle_about *about, int64_t now_ns, struct ht_buf *out)
{
    const struct ht_finding *finding = about->finding;
    const struct ht_rowset *rows = ht_node_set(about->state->node, HT_TABLE_PROCESS);

    put_time(out, "this was saved", true, now_ns);
    put_time(out, "the facts are of", true, about->state->now_ns);
    put_time(out, "the fact began", ht_finding_has_since(finding), finding->since);
    put_time(out, "hulltop first saw it", ht_finding_has_first_seen(finding), finding->first_seen);
    if (about->container)
        put_time(out, "its container was started", ht_container_has_started_at(about->container),
                 about->container->started_at);
    for (size_t i = 0; i < about->processes_len; i++) {
        const struct ht_process *process = find_pid(rows, (uint64_t)about->processes[i].pid);
        ht_autobuf struct ht_buf what = HT_BUF(40);

        ht_buf_addf(&what, "process %lld started", (long long)about->processes[i].pid);
        put_time(out, what.data, process && ht_process_has_started_at(process),
                 process ? process->started_at : 0);
    }
}
