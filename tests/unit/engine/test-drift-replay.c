/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is found of drift as it happens is found again in a recording of it, frame by frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/facts.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/engine/core.h"
#include "hulltop/model/document.h"

enum { FRAMES = 3, DRIFT = 1 << 2 | 1 << 6 };

#define ID       "4f0c1e9a77b2d1b2a3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7081920"
#define TAKEN_AT (INT64_C(1800000000) * HT_NS_PER_S)

/* ---- a run ---- */

static struct ht_node *sample(const char *name, int frame)
{
    struct ht_node *node = ht_node_new(TAKEN_AT + frame * HT_NS_PER_S);
    struct ht_source source = {0};

    ht_source_set_id(&source, ht_str_from(name));
    ht_source_set_name(&source, ht_str_from(name));
    ht_source_set_state(&source, HT_SOURCE_STATE_OK);
    ht_source_set_answered_at(&source, node->taken_at);
    ht_node_add(node, ht_row_new(&ht_source_table, &source));
    return node;
}

static struct ht_node *docker_sample(int frame)
{
    struct ht_node *node = sample("docker", frame);
    struct ht_container container = {0};

    ht_container_set_id(&container, HT_S(ID));
    ht_container_set_name(&container, HT_S("web"));
    ht_container_set_image(&container, HT_S("shop/web:1.4"));
    ht_container_set_image_id(&container, HT_S("sha256:1"));
    ht_container_set_state(&container, HT_CONTAINER_STATE_RUNNING);
    ht_container_set_pid(&container, 411);
    ht_node_add(node, ht_row_new(&ht_container_table, &container));
    ht_node_sort(node);
    return node;
}

/* One code of each kind and origin that there is. */
static const struct {
    enum ht_code_kind kind;
    enum ht_code_origin origin;
    const char *path;
    int from; /* the frame in which it appears */
} codes[] = {
    {HT_CODE_KIND_EXECUTABLE, HT_CODE_ORIGIN_IMAGE, "/bin/web", 0},
    {HT_CODE_KIND_EXECUTABLE, HT_CODE_ORIGIN_ADDED, "/tmp/x", 1},
    {HT_CODE_KIND_EXECUTABLE, HT_CODE_ORIGIN_ADDED, "/tmp/a\x1b[2J\nb", 1},
    {HT_CODE_KIND_EXECUTABLE, HT_CODE_ORIGIN_MODIFIED, "/bin/ls", 1},
    {HT_CODE_KIND_EXECUTABLE, HT_CODE_ORIGIN_REPLACED, "/bin/ps", 1},
    {HT_CODE_KIND_EXECUTABLE, HT_CODE_ORIGIN_METADATA, "/bin/cat", 1},
    {HT_CODE_KIND_EXECUTABLE, HT_CODE_ORIGIN_MEMFD, "/memfd:evil", 1},
    {HT_CODE_KIND_EXECUTABLE, HT_CODE_ORIGIN_DELETED, "/tmp/gone", 2},
    {HT_CODE_KIND_EXECUTABLE, HT_CODE_ORIGIN_VOLUME, "/data/x", 2},
    {HT_CODE_KIND_SCRIPT, HT_CODE_ORIGIN_ADDED, "/opt/run.sh", 2},
    {HT_CODE_KIND_LIBRARY, HT_CODE_ORIGIN_ADDED, "/opt/x.so", 2},
    {HT_CODE_KIND_PRELOAD, HT_CODE_ORIGIN_TMPFS, "/dev/shm/first.so", 2},
};

static void add_code(struct ht_node *node, size_t i, int frame)
{
    struct ht_code code = {0};
    ht_autobuf struct ht_buf id = HT_BUF(1000);

    ht_buf_addf(&id, "%s:%s:%s", ID, ht_enum_name(&ht_code_kind_enum, codes[i].kind),
                codes[i].path);
    ht_code_set_id(&code, ht_buf_str(&id));
    ht_code_set_kind(&code, codes[i].kind);
    ht_code_set_origin(&code, codes[i].origin);
    ht_code_set_path(&code, ht_str_from(codes[i].path));
    ht_code_set_container_id(&code, HT_S(ID));
    ht_code_set_variable(&code, HT_S("LD_PRELOAD"));
    /* Each ends in the frame after its first. */
    ht_code_set_running(&code, frame == codes[i].from);
    ht_code_set_pid(&code, 500 + i);
    ht_code_set_started_at(&code, TAKEN_AT + codes[i].from * HT_NS_PER_S);
    ht_node_add(node, ht_row_new(&ht_code_table, &code));
}

static struct ht_node *drift_sample(int frame)
{
    struct ht_node *node = sample("drift", frame);
    struct ht_layer layer = {0};
    struct ht_package_change change = {0};

    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (frame >= codes[i].from)
            add_code(node, i, frame);
    }
    ht_package_change_set_manager(&change, HT_S("apk"));
    ht_package_change_set_name(&change, HT_S("nmap"));
    ht_package_change_set_change(&change, HT_PACKAGE_CHANGE_KIND_ADDED);
    ht_package_change_set_now(&change, HT_S("7.94-r0"));
    ht_layer_set_id(&layer, HT_S(ID));
    ht_layer_set_processes(&layer, 3);
    ht_layer_set_unread(&layer, 0);
    ht_layer_set_packages(&layer,
                          (struct ht_package_change_list){.items = &change, .len = frame == 2});
    ht_node_add(node, ht_row_new(&ht_layer_table, &layer));
    ht_node_sort(node);
    return node;
}

static struct ht_node *lock_sample(int frame)
{
    struct ht_node *node = ht_node_new(TAKEN_AT + frame * HT_NS_PER_S);
    struct ht_lock lock = {0};

    ht_lock_set_id(&lock, HT_S("sha256:1"));
    ht_lock_set_image(&lock, HT_S("shop/web:1.4"));
    ht_lock_set_locked(&lock, true);
    ht_node_add(node, ht_row_new(&ht_lock_table, &lock));
    ht_node_sort(node);
    return node;
}

/* ---- both ways ---- */

static struct ht_core *make_core(enum ht_origin origin)
{
    return ht_core_new(
        &(struct ht_core_options){.facts = facts, .origin = origin, .questions = DRIFT});
}

static struct ht_state *step_live(struct ht_core *core, int frame)
{
    struct ht_node *samples[] = {docker_sample(frame), drift_sample(frame), lock_sample(frame)};
    struct ht_state *state =
        ht_core_step(core, &(struct ht_step){.samples = samples,
                                             .samples_len = ARRAY_LEN(samples),
                                             .complete = true,
                                             .now_ns = TAKEN_AT + frame * HT_NS_PER_S,
                                             .mono_ns = frame * HT_NS_PER_S});

    for (size_t i = 0; i < ARRAY_LEN(samples); i++)
        ht_node_unref(samples[i]);
    return state;
}

static int append(void *context, struct ht_str line, struct ht_error *err)
{
    (void)err;
    ht_buf_add_str(context, line);
    if (line.len == 0 || line.data[line.len - 1] != '\n')
        ht_buf_add_c(context, '\n');
    return 0;
}

static void compare(const struct ht_state *live, const struct ht_state *again)
{
    assert_int_equal(live->findings.len, again->findings.len);
    for (size_t i = 0; i < live->findings.len; i++) {
        const struct ht_finding *one = ht_finding_of(live->findings.rows[i]);
        const struct ht_finding *other = ht_finding_of(again->findings.rows[i]);

        assert_true(ht_str_equal(one->id, other->id));
        assert_true(ht_str_equal(one->check, other->check));
        assert_true(ht_str_equal(one->title, other->title));
        assert_int_equal(one->severity, other->severity);
    }
    for (unsigned i = 0; i < HT_QUESTIONS; i++)
        assert_int_equal(ht_state_question(live, i + 1)->state,
                         ht_state_question(again, i + 1)->state);
}

static bool has(const struct ht_state *state, const char *check)
{
    for (size_t i = 0; i < state->findings.len; i++) {
        if (ht_str_is(ht_finding_of(state->findings.rows[i])->check, check))
            return true;
    }
    return false;
}

static void a_recording_of_drift_gives_the_same_findings(void **unused)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_BODY);
    struct ht_recorder *recorder = ht_recorder_new(append, &text);
    struct ht_core *core = make_core(HT_ORIGIN_LIVE);
    struct ht_state *states[FRAMES];
    struct ht_player *player;
    struct ht_error err = {0};

    (void)unused;
    for (int i = 0; i < FRAMES; i++) {
        states[i] = step_live(core, i);
        assert_non_null(states[i]);
        assert_int_equal(ht_recorder_put(recorder, states[i]->node, &err), 0);
    }
    ht_recorder_free(recorder);
    ht_core_free(core);
    assert_false(has(states[0], "DRF-001"));
    assert_true(has(states[1], "DRF-001"));
    assert_true(has(states[1], "DRF-009"));
    assert_true(has(states[2], "DRF-005"));
    assert_true(has(states[2], "DRF-012"));
    assert_true(has(states[2], "DRF-034"));

    assert_int_equal(ht_player_new(ht_buf_str(&text), "test", &player, &err), 0);
    assert_int_equal(ht_player_frames(player), FRAMES);
    core = make_core(HT_ORIGIN_REPLAY);
    for (int i = 0; i < FRAMES; i++) {
        struct ht_node *node;

        assert_int_equal(ht_player_node(player, (size_t)i, &node, &err), 0);
        ht_autostate struct ht_state *again = ht_core_step(
            core, &(struct ht_step){.node = node, .complete = true, .now_ns = node->taken_at});
        assert_non_null(again);
        compare(states[i], again);
        ht_node_unref(node);
        ht_state_unref(states[i]);
    }
    ht_core_free(core);
    ht_player_free(player);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recording_of_drift_gives_the_same_findings),
    };

    return cmocka_run_group_tests(tests, load_facts, free_facts);
}
