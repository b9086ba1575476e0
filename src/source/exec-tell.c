/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the watch of starts tells of itself. */
#include "exec-private.h"
#include "exec-watch.h"
#include "hulltop/base/buf.h"

uint64_t ht_exec_lost(const struct ht_exec *watch)
{
    return watch->connector.lost + watch->fanotify.lost;
}

uint64_t ht_exec_unplaced(const struct ht_exec *watch)
{
    return watch->unplaced;
}

bool ht_exec_is_live(const struct ht_exec *watch)
{
    return watch->connector.fd >= 0 || (watch->fanotify.fd >= 0 && watch->fanotify.marks_len);
}

static void tell_way(struct ht_exec_watch *row, const char *id, bool active, struct ht_str detail)
{
    ht_exec_watch_set_id(row, ht_str_from(id));
    ht_exec_watch_set_active(row, active);
    ht_exec_watch_set_detail(row, detail);
}

static void add_row(struct ht_node *sample, const struct ht_exec_watch *row)
{
    ht_node_add(sample, ht_row_new(&ht_exec_watch_table, row));
}

static void tell_fanotify(const struct ht_exec *watch, int64_t since, struct ht_node *sample)
{
    const struct ht_fanotify *fanotify = &watch->fanotify;
    struct ht_exec_watch row = {0};
    ht_autobuf struct ht_buf detail = HT_BUF(HT_EXEC_DETAIL_BYTES);
    bool is_active = fanotify->fd >= 0 && fanotify->marks_len > 0;

    if (fanotify->fd < 0)
        ht_buf_addf(&detail, "%s", watch->fanotify_why);
    else if (!is_active)
        ht_buf_addf(&detail, "no container storage was found to watch");
    else
        ht_buf_addf(&detail, "programs from %zu file system%s", fanotify->marks_len,
                    fanotify->marks_len == 1 ? "" : "s");
    if (watch->cut_files)
        ht_buf_addf(&detail, "; %llu files of starts that opened more than %d were left out",
                    (unsigned long long)watch->cut_files, HT_EXEC_FILES_MAX);
    tell_way(&row, "fanotify", is_active, ht_buf_str(&detail));
    ht_exec_watch_set_blind(&row,
                            HT_S("memory files, file systems that are not watched, libraries, "
                                 "code that an interpreter or ld.so is told to load, and programs "
                                 "of containers without a control group"));
    if (is_active) {
        ht_exec_watch_set_since(&row, since);
        ht_exec_watch_set_events(&row, fanotify->events);
        ht_exec_watch_set_lost(&row, fanotify->lost);
    }
    add_row(sample, &row);
}

static void tell_connector(const struct ht_exec *watch, int64_t since, struct ht_node *sample)
{
    const struct ht_connector *connector = &watch->connector;
    struct ht_exec_watch row = {0};
    bool is_active = connector->fd >= 0;
    ht_autobuf struct ht_buf detail = HT_BUF(HT_EXEC_DETAIL_BYTES);

    ht_buf_addf(&detail, "%s", is_active ? "every start on the node" : watch->connector_why);
    if (is_active && connector->small)
        ht_buf_addf(&detail, ", with a small buffer");
    if (watch->unplaced)
        ht_buf_addf(&detail, "; %llu ended before it was known whose they were",
                    (unsigned long long)watch->unplaced);
    tell_way(&row, "exec-events", is_active, ht_buf_str(&detail));
    ht_exec_watch_set_blind(&row, HT_S("what a process ran that ended before it could be read, and "
                                       "programs of containers without a control group"));
    if (is_active) {
        ht_exec_watch_set_since(&row, since);
        ht_exec_watch_set_events(&row, connector->events);
        ht_exec_watch_set_lost(&row, connector->lost);
    }
    add_row(sample, &row);
}

void ht_exec_tell(const struct ht_exec *watch, int64_t since, struct ht_node *sample)
{
    struct ht_exec_watch polling = {0};

    tell_fanotify(watch, since, sample);
    tell_connector(watch, since, sample);
    tell_way(&polling, "polling", true, HT_S("the process table, once a second"));
    ht_exec_watch_set_since(&polling, since);
    ht_exec_watch_set_blind(&polling, HT_S("programs that end before the next look"));
    add_row(sample, &polling);
}
