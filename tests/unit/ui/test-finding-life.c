/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What screens say of a finding's life: when it came and was seen, that it is gone, that it is
 * locked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "hulltop/base/mem.h"
#include "bench.h"

/* A node with one container. */
static struct ht_state *with_container(const char *image_id)
{
    struct ht_node *node = ht_node_new(FIXTURE_NOW);
    struct ht_container container = {0};

    ht_container_set_id(&container, HT_S("c0ffee"));
    ht_container_set_name(&container, HT_S("web"));
    if (image_id)
        ht_container_set_image_id(&container, ht_str_from(image_id));
    ht_node_add(node, ht_row_new(&ht_container_table, &container));
    ht_node_sort(node);
    return ht_state_new(node);
}

/* One whose image is known; a mark as the engine makes it when it locked. */
static struct ht_state *lockable(const char *mark)
{
    struct ht_event event = {0};
    struct ht_state *state = with_container("sha256:1");

    if (!mark)
        return state;
    ht_event_set_id(&event, ht_str_from(mark));
    ht_event_set_at(&event, FIXTURE_NOW);
    ht_event_set_kind(&event, HT_EVENT_KIND_MARK);
    ht_event_set_text(&event, ht_str_from(mark));
    ht_rowset_add(&state->events, ht_row_new(&ht_event_table, &event));
    return state;
}

static void a_lock_is_told_to_who_asked_for_it(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *before = lockable(NULL), *marked = lockable("a person's mark"),
                                 *locked = lockable("locked app:1");

    (void)unused;
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, before);
    type(&bench, ":view containers\n\n");
    SEES(&bench, "Tab tab  L lock  y copy"); /* and nothing is acknowledged here */
    ht_ui_set_state(bench.ui, marked);
    SEES_NOT(&bench, "a person's mark"); /* nobody asked for a lock */
    ht_ui_set_state(bench.ui, before);
    type(&bench, "L");
    assert_int_equal(bench.calls.lock, 1);
    ht_ui_set_state(bench.ui, locked);
    SEES(&bench, "\nlocked app:1");
    close_bench(&bench);
}

static void a_lock_is_offered_where_it_can_be_made(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *fixture = fixture_state(), *recorded = lockable(NULL),
                                 *unknown = with_container(NULL);

    (void)unused;
    recorded->origin = unknown->origin = HT_ORIGIN_REPLAY;
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, fixture);
    type(&bench, "3\n");
    SEES(&bench, "Tab tab  o owner  a ack  y copy");
    SEES_NOT(&bench, "L lock"); /* the image of this one's container is not known */
    type(&bench, "o");
    SEES(&bench, "Tab tab  Enter findings  y copy");
    ht_ui_set_state(bench.ui, recorded);
    type(&bench, ":view containers\n\n");
    SEES(&bench, "Tab tab  y copy");
    ht_ui_set_state(bench.ui, unknown); /* no image that could be known would help */
    type(&bench, "L");
    SEES(&bench, "nothing can be locked in a recording");
    close_bench(&bench);
}

static void a_lock_is_offered_as_soon_as_it_can_be_made(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *known = lockable(NULL), *early = with_container(NULL);

    (void)unused;
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, early);
    type(&bench, ":view containers\n\n");
    SEES(&bench, "Tab tab  y copy");
    ht_ui_set_state(bench.ui, known);
    SEES(&bench, "Tab tab  L lock  y copy");
    ht_ui_set_state(bench.ui, early);
    SEES_NOT(&bench, "L lock");
    close_bench(&bench);
}

static void a_container_that_goes_is_not_unlocked_silently(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *there = lockable(NULL),
                                 *gone = ht_state_new(ht_node_new(FIXTURE_NOW + HT_NS_PER_S));
    struct ht_lock lock = {0};

    (void)unused;
    ht_lock_set_id(&lock, HT_S("sha256:1"));
    ht_lock_set_locked(&lock, true);
    ht_node_add(there->node, ht_row_new(&ht_lock_table, &lock));
    ht_node_sort(there->node);
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, there);
    type(&bench, ":view containers\n\nL");
    SEES(&bench, "reason to unlock:");
    ht_ui_set_state(bench.ui, gone);
    type(&bench, "why\n");
    SEES(&bench, "not unlocked: the container is not there any more");
    assert_int_equal(bench.calls.lock, 0);
    close_bench(&bench);
}

/* What was open when it went stays open, as it was. */
static void what_is_gone_is_shown_as_it_was(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *there = fixture_state(),
                                 *gone = ht_state_new(ht_node_new(FIXTURE_NOW + HT_NS_PER_S)),
                                 *earlier = ht_state_new(ht_node_new(FIXTURE_NOW - HT_NS_PER_S));

    (void)unused;
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, there);
    type(&bench, "3\n");
    SEES(&bench, "HostConfig.Privileged = true");
    SEES_NOT(&bench, "Not seen any more");
    ht_ui_set_state(bench.ui, gone);
    SEES(&bench, "Not seen any more: it is over, or it could not be looked at. What follows is");
    SEES(&bench, "as it was at 14:02:31.");
    SEES(&bench, "HostConfig.Privileged = true");
    SEES(&bench, "> debug");
    type(&bench, "Y");
    assert_int_equal(bench.calls.copy, 1);
    ht_ui_set_state(bench.ui, earlier); /* a recording that was turned back */
    SEES(&bench, "No source shows this now");
    ht_ui_set_state(bench.ui, there);
    SEES_NOT(&bench, "Not seen any more");
    SEES(&bench, "HostConfig.Privileged = true");
    close_bench(&bench);
}

/* An archive is the engine's, which has nothing of it any more. */
static void what_is_gone_is_written_as_it_was(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *there = fixture_state(),
                                 *gone = ht_state_new(ht_node_new(FIXTURE_NOW + HT_NS_PER_S)),
                                 *earlier = ht_state_new(ht_node_new(FIXTURE_NOW - HT_NS_PER_S));

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "3\ne");
    SEES(&bench, "aa00000000000001.tar");
    ht_ui_set_state(bench.ui, gone);
    type(&bench, "\n"); /* asked for while it was there */
    SEES(&bench, "nothing written: it is over by now; e again writes what was seen");
    assert_int_equal(bench.calls.bundle + bench.calls.save, 0);
    type(&bench, "e");
    SEES(&bench, "aa00000000000001.json");
    type(&bench, "\n");
    assert_int_equal(bench.calls.save, 1);
    assert_int_equal(bench.calls.bundle, 0);
    assert_non_null(strstr(bench.calls.text, "\"taken_at\": \"2026-11-23T14:02:31"));
    SEES(&bench, "writing hulltop-finding-aa00000000000001.json");
    ht_ui_set_state(bench.ui, earlier);
    type(&bench, "e");
    SEES(&bench, "no source shows this now: there is nothing to write");
    ht_ui_set_state(bench.ui, there);
    type(&bench, "e\n");
    assert_int_equal(bench.calls.bundle, 1);
    close_bench(&bench);
}

static void add_event(struct ht_state *state, const char *id, enum ht_event_kind kind, int64_t at)
{
    struct ht_event event = {0};

    ht_event_set_id(&event, ht_str_from(id));
    ht_event_set_at(&event, at);
    ht_event_set_kind(&event, kind);
    ht_event_set_severity(&event, HT_SEVERITY_CRITICAL);
    ht_event_set_question(&event, 3);
    ht_event_set_finding(&event, HT_S("feed"));
    ht_event_set_container(&event, HT_S("c0ffee"));
    ht_event_set_text(&event, HT_S("debug: Runs with --privileged"));
    ht_rowset_add(&state->events, ht_row_new(&ht_event_table, &event));
}

/* The timeline keeps what happened longer than the findings are there. */
static void the_page_of_an_event_tells_since_when_its_finding_is_gone(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *state = ht_state_new(ht_node_new(FIXTURE_NOW));

    (void)unused;
    add_event(state, "1", HT_EVENT_KIND_FINDING_NEW, FIXTURE_NOW - 120 * HT_NS_PER_S);
    add_event(state, "2", HT_EVENT_KIND_FINDING_GONE, FIXTURE_NOW - 60 * HT_NS_PER_S);
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, state);
    type(&bench, "8k\n");
    SEES(&bench, "8 Timeline > new finding");
    SEES(&bench, "14:00:31  debug: Runs with --privileged");
    SEES(&bench, "Not seen any more since 14:01:31. Evidence");
    SEES(&bench, "Do containers run without --privileged?");
    SEES(&bench, "container  c0ffee");
    type(&bench, "\t\t\t\t");
    SEES(&bench, "14:01:31     not seen any more: debug: Runs with --privileged");
    SEES(&bench, "14:00:31     debug: Runs with --privileged");
    close_bench(&bench);
}

/* A finding of 100 s ago; docker, which told it, answered 3 s ago and told nothing else. */
static struct ht_state *confirmed(bool held)
{
    struct ht_node *node = ht_node_new(FIXTURE_NOW);
    struct ht_source source = {0};
    struct ht_finding finding = {0};
    struct ht_evidence evidence = {0};

    ht_source_set_id(&source, HT_S("docker"));
    ht_source_set_name(&source, HT_S("docker"));
    ht_source_set_answered_at(&source, FIXTURE_NOW - 3 * HT_NS_PER_S);
    ht_node_add(node, ht_row_new(&ht_source_table, &source));
    ht_node_sort(node);
    ht_evidence_set_source(&evidence, HT_S("docker inspect"));
    ht_evidence_set_field(&evidence, HT_S("HostConfig.Privileged"));
    ht_evidence_set_at(&evidence, FIXTURE_NOW - 100 * HT_NS_PER_S);
    ht_finding_set_id(&finding, HT_S("f1"));
    ht_finding_set_question(&finding, 3);
    ht_finding_set_severity(&finding, HT_SEVERITY_CRITICAL);
    ht_finding_set_title(&finding, HT_S("Runs with --privileged"));
    ht_finding_set_last_seen(&finding, FIXTURE_NOW - 100 * HT_NS_PER_S);
    ht_finding_set_evidence(&finding, (struct ht_evidence_list){.items = &evidence, .len = 1});
    struct ht_state *state = ht_state_new(node);
    ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
    if (held)
        ht_rowset_add(&state->held, ht_row_new(&ht_finding_table, &finding));
    return state;
}

static void a_finding_was_seen_last_when_its_source_answered(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *stands = confirmed(false), *held = confirmed(true);

    (void)unused;
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, stands);
    type(&bench, "3\n\t\t\t\t");
    SEES(&bench, "14:02:28     hulltop last saw it");
    ht_ui_set_state(bench.ui, held);
    SEES(&bench, "14:00:51     hulltop last saw it");
    close_bench(&bench);
}

/* Of words that begin a line of plain letters. */
static unsigned style_of(struct bench *bench, const char *words)
{
    const char *text = screen(bench), *at = strstr(text, words), *line = at;
    int row = 0;

    assert_non_null(at);
    while (line > text && line[-1] != '\n')
        line--;
    for (const char *c = text; c < line; c++)
        row += *c == '\n';
    return ht_canvas_cell(bench->canvas, row, (int)(at - line))->style & 0xff;
}

static void a_finding_has_its_colour_below_what_is_said_of_it(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *held = confirmed(true);

    (void)unused;
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, held);
    type(&bench, "3\n");
    assert_int_equal(style_of(&bench, "HELD, last seen"), HT_STYLE_STALE);
    assert_int_equal(style_of(&bench, "!! CRIT"), HT_STYLE_CRITICAL);
    close_bench(&bench);
}

static struct ht_state *seen_first(int64_t now, int64_t first_seen)
{
    struct ht_finding finding = {0};
    struct ht_state *state = ht_state_new(ht_node_new(now));

    ht_finding_set_id(&finding, HT_S("f1"));
    ht_finding_set_question(&finding, 4);
    ht_finding_set_severity(&finding, HT_SEVERITY_HIGH);
    ht_finding_set_title(&finding, HT_S("86 security updates wait"));
    ht_finding_set_first_seen(&finding, first_seen);
    ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
    state->now_ns = now;
    state->complete = true;
    return state;
}

/* That hulltop was started then is nothing about what it found. */
static void home_tells_when_what_came_later_came(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *first = seen_first(FIXTURE_NOW, FIXTURE_NOW - HT_NS_PER_S);
    ht_autostate struct ht_state *later =
        seen_first(FIXTURE_NOW + 60 * HT_NS_PER_S, FIXTURE_NOW + 30 * HT_NS_PER_S);
    ht_autostate struct ht_state *again =
        seen_first(FIXTURE_NOW - 9 * HT_NS_PER_S, FIXTURE_NOW - 10 * HT_NS_PER_S);

    (void)unused;
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, first);
    SEES(&bench, "86 security updates wait");
    SEES_NOT(&bench, "14:02:30");
    ht_ui_set_state(bench.ui, later);
    SEES(&bench, "14:03:01");
    ht_ui_set_state(bench.ui, again);
    SEES_NOT(&bench, "14:02:21");
    close_bench(&bench);
}

static void a_finding_that_is_gone_says_so(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *empty = ht_state_new(ht_node_new(FIXTURE_NOW));

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "3\n");
    ht_ui_set_state(bench.ui, empty);
    SEES(&bench, "No source shows this now");
    type(&bench, "\x1b");
    SEES(&bench, "0 of 0 shown");
    close_bench(&bench);
}

/* The fixture's state, with so many newer critical findings than its own. */
static struct ht_state *with_newer(int count)
{
    struct ht_state *state = fixture_state();
    struct ht_rowset own = state->findings;

    state->findings = (struct ht_rowset){0};
    for (int i = 0; i < count; i++) {
        const char id[] = {'n', (char)('a' + i), '\0'};
        struct ht_finding finding = {0};

        ht_finding_set_id(&finding, ht_str_from(id));
        ht_finding_set_question(&finding, 6);
        ht_finding_set_severity(&finding, HT_SEVERITY_CRITICAL);
        ht_finding_set_title(&finding, HT_S("Came later"));
        ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
    }
    for (size_t i = 0; i < own.len; i++)
        ht_rowset_add(&state->findings, ht_row_ref(own.rows[i]));
    ht_rowset_fini(&own);
    return state;
}

/* Who chose a line opens that one, whatever comes above it meanwhile. */
static void home_stays_with_the_chosen_finding(void **unused)
{
    static const char chosen[] = "\n>!! CRIT  3  Docker socket is mounted";
    struct bench bench;
    ht_autostate struct ht_state *two = with_newer(2), *many = with_newer(20),
                                 *none = ht_state_new(ht_node_new(FIXTURE_NOW));

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "jjjjjjj");
    SEES(&bench, chosen);
    ht_ui_set_state(bench.ui, two);
    SEES(&bench, chosen);
    ht_ui_set_state(bench.ui, many);
    SEES(&bench, chosen); /* in the last line, for it would have no room */
    type(&bench, "j");
    SEES(&bench, chosen);
    type(&bench, "\n");
    SEES(&bench, "!! CRIT  Docker socket is mounted");
    type(&bench, "qk");
    SEES(&bench, "\n>!! CRIT  6  Came later");
    SEES_NOT(&bench, "Docker socket is mounted");
    ht_ui_set_state(bench.ui, none);
    SEES(&bench, "\n>6 "); /* nothing is left to be chosen there */
    ht_ui_set_state(bench.ui, bench.state);
    type(&bench, "jj"); /* Enter means what was seen, though others came or it went since */
    SEES(&bench, chosen);
    ht_ui_set_state(bench.ui, two);
    fixture_type(bench.ui, "\n");
    SEES(&bench, "!! CRIT  Docker socket is mounted");
    type(&bench, "q");
    SEES(&bench, chosen);
    ht_ui_set_state(bench.ui, none);
    fixture_type(bench.ui, "\n");
    SEES(&bench, "that finding is not seen any more");
    close_bench(&bench);
}

/* What stands below the panes, or below a pane that has all of the screen, cannot be chosen. */
static void home_opens_nothing_that_it_does_not_show(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "jjjjjjjv");
    SEES(&bench, "\n>6 ");
    type(&bench, "\n");
    SEES(&bench, "> 6 Drift alerts");
    type(&bench, "0v");
    type(&bench, "jz");
    SEES(&bench, "\n 3 Do containers run without --privileged?"); /* the finding's question */
    type(&bench, "\n");
    SEES(&bench, "> 3 Privileged containers");
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lock_is_told_to_who_asked_for_it),
        cmocka_unit_test(a_lock_is_offered_as_soon_as_it_can_be_made),
        cmocka_unit_test(a_container_that_goes_is_not_unlocked_silently),
        cmocka_unit_test(the_page_of_an_event_tells_since_when_its_finding_is_gone),
        cmocka_unit_test(what_is_gone_is_shown_as_it_was),
        cmocka_unit_test(what_is_gone_is_written_as_it_was),
        cmocka_unit_test(a_lock_is_offered_where_it_can_be_made),
        cmocka_unit_test(a_finding_was_seen_last_when_its_source_answered),
        cmocka_unit_test(a_finding_has_its_colour_below_what_is_said_of_it),
        cmocka_unit_test(home_tells_when_what_came_later_came),
        cmocka_unit_test(a_finding_that_is_gone_says_so),
        cmocka_unit_test(home_stays_with_the_chosen_finding),
        cmocka_unit_test(home_opens_nothing_that_it_does_not_show),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
