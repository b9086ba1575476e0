/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "tests/unit/check/rows.h"

static int load_facts(void **state)
{
    struct ht_facts *facts = NULL;

    assert_int_equal(ht_facts_load(NULL, &facts, NULL), 0);
    *state = facts;
    return 0;
}

static int free_facts(void **state)
{
    ht_facts_free(*state);
    return 0;
}

static void add_process(struct ht_node *node, const char *id, uint64_t pid, const char *exe)
{
    struct ht_process process = {0};

    ht_process_set_id(&process, ht_str_from(id));
    ht_process_set_pid(&process, pid);
    ht_process_set_ppid(&process, 1);
    ht_process_set_comm(&process, HT_S("app"));
    ht_process_set_exe(&process, ht_str_from(exe));
    ht_process_set_packet_sockets(&process, pid);
    ht_node_add(node, ht_row_new(&ht_process_table, &process));
}

/* A path of the node, as the kernel shows it. */
static struct ht_mount bind(const char *path, const char *target)
{
    struct ht_mount mount = {0};

    ht_mount_set_source(&mount, ht_str_from(path));
    ht_mount_set_target(&mount, ht_str_from(target));
    ht_mount_set_root(&mount, ht_str_from(path));
    ht_mount_set_type(&mount, HT_S("ext4"));
    ht_mount_set_origin(&mount, HT_MOUNT_ORIGIN_BIND);
    ht_mount_set_rw(&mount, true);
    return mount;
}

/* Two that have paths of the node, other ones each, of which only the kernel tells. */
static void add_with_mounts(struct ht_node *node)
{
    struct ht_mount etc[] = {bind("/etc", "/host/etc"), bind("/root", "/host/root")};
    struct ht_mount socket[] = {bind("/run/docker.sock", "/run/docker.sock")};
    struct ht_container container = default_container("f6", "paths");

    ht_container_set_kernel_mounts(&container, (struct ht_mount_list){.items = etc, .len = 2});
    add_container(node, &container);
    container = default_container("g7", "socket");
    ht_container_set_kernel_mounts(&container, (struct ht_mount_list){.items = socket, .len = 1});
    add_container(node, &container);
}

/* One whose first process was seen, one whose was not, one in a sandbox, one that may all, one that
 * ended, two with mounts. */
static struct ht_node *new_node(void)
{
    struct ht_node *node = ht_node_new(9000);
    struct ht_container container = default_container("a1", "seen");

    add_host(node);
    add_source(node, "docker", HT_SOURCE_STATE_OK);
    add_source(node, "proc", HT_SOURCE_STATE_OK);
    add_container(node, &container);
    container = default_container("b2", "unseen");
    ht_container_set_pid(&container, 412);
    *ht_container_edit_effective(&container) = (struct ht_privilege){0};
    add_container(node, &container);
    container = default_container("c3", "sandboxed");
    ht_container_set_pid(&container, 413);
    ht_container_set_oci_runtime(&container, HT_S("runsc"));
    add_container(node, &container);
    container = default_container("d4", "privileged");
    ht_container_set_pid(&container, 414);
    make_privileged(&container);
    add_container(node, &container);
    container = default_container("e5", "ended");
    ht_container_set_state(&container, HT_CONTAINER_STATE_EXITED);
    add_container(node, &container);
    add_with_mounts(node);
    add_process(node, "411.7", 411, "/usr/bin/app");
    add_process(node, "413.7", 413, "/usr/local/bin/runsc");
    add_process(node, "414.7", 414, "/usr/bin/app");
    ht_node_sort(node);
    return node;
}

static void assert_same(const struct ht_verdict *a, const struct ht_verdict *b)
{
    assert_true(a->unknown == b->unknown && a->blind == b->blind && a->noted == b->noted);
    assert_true(ht_str_equal(a->missing.reason, b->missing.reason));
    assert_true(ht_str_equal(a->missing.help, b->missing.help));
    assert_int_equal(a->findings.len, b->findings.len);
    for (size_t i = 0; i < a->findings.len; i++)
        assert_true(ht_row_equal(a->findings.items[i], b->findings.items[i]));
}

/* Looks at that row in the batch and alone; how much was said is added up. */
static void look(struct ht_check_batch *batch, const struct ht_check *check,
                 const struct ht_row *row, size_t *said)
{
    struct ht_verdict *together = ht_check_batch_look(batch, check, row);
    struct ht_verdict *alone = ht_check_look(check, batch->node, batch->facts, row);

    assert_same(together, alone);
    *said += together->findings.len + together->unknown;
    ht_verdict_free(together);
    ht_verdict_free(alone);
}

static void what_checks_share_changes_no_verdict(void **state)
{
    ht_autonode struct ht_node *node = new_node();
    const struct ht_rowset *containers = ht_node_set(node, HT_TABLE_CONTAINER);
    size_t said[2] = {0};

    for (int order = 0; order < 2; order++) {
        struct ht_check_batch batch = {.node = node, .facts = *state};
        size_t checks = ht_catalogue_count(), rows = containers->len;

        /* All checks of one row after the other, then all rows for one check after the other. */
        for (size_t i = 0; i < checks * rows; i++) {
            const struct ht_check *check = ht_catalogue_get(order == 0 ? i % checks : i / rows);
            const struct ht_row *row = containers->rows[order == 0 ? i / checks : i % rows];

            if (check->scope == HT_TABLE_CONTAINER)
                look(&batch, check, row, &said[order]);
        }
        ht_check_batch_fini(&batch);
    }
    assert_true(said[0] > 10);
    assert_int_equal(said[0], said[1]);
}

/* When the evidence of a source was seen, by the finding about the privileged one of a node. */
static int64_t seen_at(const struct ht_node *node, const struct ht_facts *facts, const char *prefix)
{
    struct ht_verdict *verdict = ht_check_look(ht_catalogue_find(HT_S("PRV-001")), node, facts,
                                               ht_node_find(node, HT_TABLE_CONTAINER, HT_S("d4")));
    const struct ht_finding *finding = ht_finding_of(verdict->findings.items[0]);
    int64_t at = 0;

    for (size_t i = 0; i < finding->evidence.len; i++) {
        if (ht_str_has_prefix(finding->evidence.items[i].source, prefix))
            at = finding->evidence.items[i].at;
    }
    ht_verdict_free(verdict);
    return at;
}

static void evidence_is_as_old_as_the_last_answer_of_who_answers_no_more(void **state)
{
    ht_autonode struct ht_node *node = ht_node_new(9000);
    ht_autonode struct ht_node *answers = new_node();
    struct ht_container container = default_container("d4", "privileged");

    make_privileged(&container);
    add_host(node);
    add_source(node, "docker", HT_SOURCE_STATE_BROKEN);
    add_source(node, "proc", HT_SOURCE_STATE_OK);
    add_container(node, &container);
    ht_node_sort(node);
    assert_int_equal(seen_at(node, *state, "docker inspect"), 5000);
    assert_int_equal(seen_at(node, *state, "/proc"), 9000);
    assert_int_equal(seen_at(answers, *state, "docker inspect"), 9000);

    /* Who answers, but seldom, told it when he did. */
    ht_autonode struct ht_node *seldom = ht_node_new(9000);
    struct ht_source source = {0};
    ht_source_set_id(&source, HT_S("docker"));
    ht_source_set_name(&source, HT_S("docker"));
    ht_source_set_state(&source, HT_SOURCE_STATE_OK);
    ht_source_set_answered_at(&source, 7000);
    ht_source_set_interval(&source, 300 * HT_NS_PER_S);
    add_host(seldom);
    ht_node_add(seldom, ht_row_new(&ht_source_table, &source));
    add_source(seldom, "proc", HT_SOURCE_STATE_OK);
    add_container(seldom, &container);
    ht_node_sort(seldom);
    assert_int_equal(seen_at(seldom, *state, "docker inspect"), 7000);
}

enum { LACKS_MAX = 8 };

static int lacks(const struct ht_node *node, const struct ht_facts *facts, const char *check,
                 const char *subject, struct ht_arena *arena, struct ht_missing *missing)
{
    struct ht_finding finding = {0};
    struct ht_missing_list list = {0};
    int r;

    ht_finding_set_check(&finding, ht_str_from(check));
    ht_subject_set_id(ht_finding_edit_subject(&finding), ht_str_from(subject));
    r = ht_check_unseen(node, facts, &finding, arena, &list);
    assert_in_range(list.len, 0, LACKS_MAX);
    for (size_t i = 0; i < list.len; i++)
        missing[i] = list.items[i];
    return r < 0 ? r : (int)list.len;
}

static bool says(const struct ht_missing *missing, int len, const char *words)
{
    bool found = false;

    for (int i = 0; i < len; i++)
        found = found || ht_str_find(missing[i].reason, ht_str_from(words), 0) >= 0;
    return found;
}

/* One of which neither a runtime nor the kernel tells. */
static void add_untold(struct ht_node *node)
{
    struct ht_container container = default_container("h8", "untold");

    *ht_container_edit_declared(&container) = (struct ht_privilege){0};
    *ht_container_edit_effective(&container) = (struct ht_privilege){0};
    container.known &= ~(UINT64_C(1) << HT_CONTAINER_F_DEVICE_RULES);
    add_container(node, &container);
    ht_node_sort(node);
}

/* One of which no runtime tells stands beside one that a runtime and the kernel tell of. */
static void a_subject_lacks_what_its_own_row_does(void **state)
{
    static const char *const words = "no runtime tells how the container was started";
    ht_autonode struct ht_node *node = new_node();
    ht_autoarena struct ht_arena *arena = ht_arena_new(100000);
    struct ht_missing missing[LACKS_MAX];
    int len;

    add_untold(node);
    len = lacks(node, *state, "PRV-002", "h8", arena, missing);
    assert_in_range(len, 1, LACKS_MAX);
    assert_true(says(missing, len, words));
    len = lacks(node, *state, "PRV-002", "d4", arena, missing);
    assert_in_range(len, 0, LACKS_MAX);
    assert_false(says(missing, len, words));
}

/* Each gap once, and only what the check needs. */
static void gaps_are_told_once(void **state)
{
    ht_autonode struct ht_node *node = new_node();
    ht_autoarena struct ht_arena *arena = ht_arena_new(100000);
    struct ht_missing missing[LACKS_MAX];
    int len;

    add_untold(node);
    len = lacks(node, *state, "PRV-002", "h8", arena, missing);
    assert_in_range(len, 2, LACKS_MAX);
    for (int i = 0; i < len; i++) {
        assert_true(ht_str_is(missing[i].source, "proc") || ht_str_is(missing[i].source, "docker"));
        for (int other = 0; other < i; other++)
            assert_false(ht_str_equal(missing[i].reason, missing[other].reason));
    }
}

static void nobody_lacks_nothing_where_nobody_is(void **state)
{
    ht_autonode struct ht_node *node = new_node();
    ht_autoarena struct ht_arena *arena = ht_arena_new(100000);
    struct ht_missing missing[LACKS_MAX];

    assert_int_equal(lacks(node, *state, "PRV-002", "zz", arena, missing), -ENOENT);
    assert_int_equal(lacks(node, *state, "PRV-999", "b2", arena, missing), -ENOENT);
    assert_int_equal(lacks(node, *state, "PRV-002", "e5", arena, missing), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subject_lacks_what_its_own_row_does),
        cmocka_unit_test(gaps_are_told_once),
        cmocka_unit_test(nobody_lacks_nothing_where_nobody_is),
        cmocka_unit_test(what_checks_share_changes_no_verdict),
        cmocka_unit_test(evidence_is_as_old_as_the_last_answer_of_who_answers_no_more),
    };

    return cmocka_run_group_tests(tests, load_facts, free_facts);
}
