/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order in which findings are shown, and the lines that people see. */
#include "hulltop/check/fold.h"

#include <stdlib.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/mem.h"

static bool is_new(const struct ht_finding *finding)
{
    return ht_finding_has_new(finding) && finding->new;
}

/* One that came while it was watched for stays where it is when it was opened: whoever goes through
 * a list must find the next line below the one before. */
static bool came_late(const struct ht_finding *finding, int64_t watched_since_ns)
{
    return is_new(finding) || (watched_since_ns && ht_finding_has_first_seen(finding) &&
                               finding->first_seen > watched_since_ns);
}

static int compare_findings(const void *a, const void *b, void *context)
{
    const int64_t *watched_since_ns = context;
    const struct ht_row *row_a = *(struct ht_row *const *)a, *row_b = *(struct ht_row *const *)b;
    const struct ht_finding *x = ht_finding_of(row_a), *y = ht_finding_of(row_b);

    if (x->expected != y->expected)
        return x->expected ? 1 : -1;
    if (x->severity != y->severity)
        return x->severity < y->severity ? -1 : 1;
    if (came_late(x, *watched_since_ns) != came_late(y, *watched_since_ns))
        return came_late(x, *watched_since_ns) ? -1 : 1;
    if (ht_finding_has_since(x) != ht_finding_has_since(y))
        return ht_finding_has_since(x) ? -1 : 1;
    if (ht_finding_has_since(x) && x->since != y->since)
        return x->since > y->since ? -1 : 1;
    if (!ht_str_equal(x->check, y->check))
        return ht_str_compare(x->check, y->check);
    return ht_str_compare(ht_row_id(row_a), ht_row_id(row_b));
}

void ht_fold_order(struct ht_rowset *findings, int64_t watched_since_ns)
{
    if (findings->len)
        qsort_r(findings->rows, findings->len, sizeof(*findings->rows), compare_findings,
                &watched_since_ns);
}

/* A group while its findings are counted; the first finding is the worst. */
struct line {
    struct ht_group group;
    const struct ht_finding *first;
    size_t findings;
};

static void begin_line(struct line *line, const struct ht_finding *finding)
{
    line->first = finding;
    ht_group_set_key(&line->group, finding->group);
    ht_group_set_check(&line->group, finding->check);
    ht_group_set_question(&line->group, finding->question);
    ht_group_set_severity(&line->group, finding->severity);
    ht_group_set_finding(&line->group, finding->id);
    ht_group_set_title(&line->group, finding->title);
    ht_group_set_expected(&line->group, finding->expected);
    ht_group_set_count(&line->group, 0);
    ht_group_set_total(&line->group, ht_finding_has_total(finding) ? finding->total : 1);
    ht_group_set_new(&line->group, 0);
}

static void add_to_line(struct line *line, const struct ht_finding *finding)
{
    line->findings++;
    line->group.count += finding->posture && finding->subjects.len ? finding->count : 1;
    line->group.new += is_new(finding);
    if (line->group.total < line->group.count)
        line->group.total = line->group.count;
}

static struct ht_row *end_line(struct line *line)
{
    struct ht_buf title = HT_BUF(256);

    if (ht_finding_has_allowed(line->first)) {
        ht_buf_addf(&title, "Allowed: %.*s", HT_STR_ARG(line->first->title));
        if (line->findings > 1)
            ht_buf_addf(&title, ", and %zu more", line->findings - 1);
        ht_group_set_title(&line->group, ht_buf_str(&title));
    } else if (line->first->expected && line->findings > 1) {
        ht_buf_addf(&title, "Expected of known system workloads: %zu findings", line->findings);
        ht_group_set_title(&line->group, ht_buf_str(&title));
    } else if (line->first->expected) {
        ht_buf_addf(&title, "Expected: %.*s", HT_STR_ARG(line->first->title));
        ht_group_set_title(&line->group, ht_buf_str(&title));
    }

    struct ht_row *row = ht_row_new(&ht_group_table, &line->group);
    ht_buf_fini(&title);
    return row;
}

struct ht_row *ht_fold_group(const struct ht_finding *first, size_t findings)
{
    struct line line = {.first = first, .findings = findings};

    begin_line(&line, first);
    ht_group_set_count(&line.group,
                       first->posture && first->subjects.len ? first->count : findings);
    if (line.group.total < line.group.count)
        line.group.total = line.group.count;
    return end_line(&line);
}

void ht_fold_groups(const struct ht_rowset *findings, struct ht_rowset *ret_groups)
{
    struct line *lines = ht_new_array(struct line, findings->len);
    struct ht_map *places = ht_map_new();
    size_t len = 0;

    for (size_t i = 0; i < findings->len; i++) {
        const struct ht_finding *finding = ht_finding_of(findings->rows[i]);
        struct line *line = ht_map_get(places, finding->group);

        if (!line) {
            line = &lines[len++];
            begin_line(line, finding);
            ht_map_set(places, finding->group, line);
        }
        add_to_line(line, finding);
    }
    for (size_t i = 0; i < len; i++)
        ht_rowset_add(ret_groups, end_line(&lines[i]));
    ht_map_free(places);
    free(lines);
}
