/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "hulltop/base/mem.h"
#include "bench.h"

/* ---- sizes ---- */

static const char *const everywhere[] = {
    "",   "v", "z",  "3",   "3w", "3t",  "3c",        "3s",     "9",        "8",
    "3?", "1", "3i", "3\n", ":",  "3/x", "3\n\t\t\t", ":log\n", ":doctor\n"};

/* Narrow screens cut the end of long names. */
static char *first_part(const char *words)
{
    size_t len = strlen(words);

    return ht_strndup(words, len < 17 ? len : 17);
}

static void check_home(struct bench *bench, const char *text, int w)
{
    for (unsigned number = 1; number <= HT_QUESTIONS; number++) {
        const char *words = w < 80 ? ht_question_pane(number) : ht_question_title(number);
        ht_autofree char *begin = first_part(words);
        ht_autofree char *pane = first_part(ht_question_pane(number));

        if (!strstr(text, begin) && !strstr(text, pane))
            fail_msg("question %u is not on home at %d columns:\n%s", number, w, text);
    }
    SEES(bench, "FAIL~");
    SEES(bench, "UNKNOWN");
    SEES(bench, "PASS");
    SEES(bench, "N/A");
    SEES(bench, "WAIT");
}

static void every_screen_fits_every_size(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(everywhere); i++) {
        struct bench bench;
        struct ht_ui_options options = {.utf8 = i % 2 == 1};

        open_bench(&bench, &options);
        type(&bench, everywhere[i]);
        for (int w = 1; w <= 140; w += w < 40 ? 13 : 3) {
            for (int h = 1; h <= 45; h += h < 12 ? 5 : 3) {
                ht_canvas_resize(bench.canvas, h, w);
                const char *text = screen(&bench);

                assert_int_equal(ht_canvas_cell(bench.canvas, h - 1, w - 1)->code, ' ');
                for (int row = 0; row < h && w == 79; row++)
                    assert_int_equal(ht_canvas_cell(bench.canvas, row, w - 1)->code, ' ');
                if (i == 0 && w >= 40 && h >= 12)
                    check_home(&bench, text, w);
            }
        }
        close_bench(&bench);
    }
}

static void nothing_on_any_screen_is_a_control_character(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(everywhere); i++) {
        struct bench bench;

        open_bench(&bench, NULL);
        type(&bench, everywhere[i]);
        screen(&bench);
        for (size_t b = 0; b + 1 < bench.text.len; b++) {
            unsigned char c = (unsigned char)bench.text.data[b];

            if (c != '\n' && (c < ' ' || c > '~'))
                fail_msg("byte %02x on screen \"%s\"", c, everywhere[i]);
        }
        close_bench(&bench);
    }
}

/* ---- lists ---- */

static void a_filter_acts_as_it_is_typed_and_can_be_taken_back(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "3/web");
    SEES(&bench, "1 of 5 shown");
    type(&bench, "\x1b");
    SEES(&bench, "5 of 5 shown");
    type(&bench, "/severity=critical\n");
    SEES(&bench, "2 of 5 shown");
    SEES(&bench, "your filter: severity=critical");
    type(&bench, "/(((\n");
    SEES(&bench, "column 10: no severity critical(((");
    type(&bench, ":sev high\n");
    SEES(&bench, "3 of 5 shown");
    close_bench(&bench);
}

/* A container has none; of a list of findings it stays that list. */
static void rows_without_a_severity_make_way_for_findings(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "9:sev critical\n");
    SEES(&bench, "> Findings");
    SEES(&bench, "your filter: severity=critical");
    type(&bench, "\x1b");
    type(&bench, "3:sev critical\n");
    SEES(&bench, "> 3 Privileged containers");
    SEES(&bench, "2 of 5 shown");
    close_bench(&bench);
}

static void the_selection_follows_its_row(void **unused)
{
    struct bench bench;
    struct ht_row *first;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "3j");
    SEES(&bench, ">+ !  HIGH a\\x1b[2J");

    ht_autostate struct ht_state *next = fixture_state();
    first = next->findings.rows[0];
    memmove(next->findings.rows, next->findings.rows + 1,
            (next->findings.len - 1) * sizeof(next->findings.rows[0]));
    next->findings.rows[next->findings.len - 1] = first;
    ht_ui_set_state(bench.ui, next);
    SEES(&bench, ">+ !  HIGH a\\x1b[2J");
    close_bench(&bench);
}

static void groups_open_and_close(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "3");
    SEES_NOT(&bench, " . !! CRIT debug");
    type(&bench, "t");
    SEES(&bench, ">- !! CRIT debug");
    SEES(&bench, " . !! CRIT debug");
    type(&bench, "t");
    SEES_NOT(&bench, " . !! CRIT debug");
    /* What it opens is shown, also where it was the last line that had room. */
    ht_canvas_resize(bench.canvas, 12, 40);
    type(&bench, "t");
    type(&bench, "G");
    type(&bench, "kt");
    SEES(&bench, "\n>- !  HIGH");
    SEES(&bench, "\n . *  MED");
    close_bench(&bench);
}

static void sorting_and_inverting_change_the_order(void **unused)
{
    struct bench bench;
    const char *text;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "9");
    text = screen(&bench);
    assert_true(strstr(text, "debug") < strstr(text, "kubelet"));
    type(&bench, "sj\n");
    text = screen(&bench);
    assert_true(strstr(text, "debug") < strstr(text, "kubelet"));
    assert_true(strstr(text, "kubelet") < strstr(text, " web "));
    type(&bench, "I");
    text = screen(&bench);
    assert_true(strstr(text, " web ") < strstr(text, "kubelet"));
    SEES(&bench, "inverted");
    close_bench(&bench);
}

static void a_hidden_column_is_gone(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "9");
    SEES(&bench, "PLACE");
    type(&bench, "cjj\n\x1b");
    SEES_NOT(&bench, "PLACE");
    close_bench(&bench);
}

static void ten_thousand_rows_are_sorted_and_grouped(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    ht_autostate struct ht_state *many = fixture_many(10000);
    ht_ui_set_state(bench.ui, many);
    type(&bench, ":findings\n");
    SEES(&bench, "10000 of 10000 shown");
    type(&bench, ":view processes\n");
    SEES(&bench, "10000 of 10000 shown");
    type(&bench, "G");
    SEES(&bench, ">  ");
    SEES(&bench, " 10000 worker");
    close_bench(&bench);
}

/* ---- details ---- */

static void a_detail_tells_asks_and_writes(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "3\n");
    assert_int_equal(bench.calls.open, 1);
    assert_string_equal(bench.calls.text, "aa00000000000001");
    SEES(&bench, "HostConfig.Privileged = true");
    SEES_NOT(&bench, "PRV-016 =");
    SEES(&bench, "ESCAPE PATH");
    type(&bench, "jjjjjjjjjj");
    SEES(&bench, "ALSO FOUND HERE (part of this finding)");
    SEES(&bench, "PRV-016    No seccomp filter");
    type(&bench, "a\n");
    assert_int_equal(bench.calls.acknowledge, 0);
    type(&bench, "aknown\n");
    assert_int_equal(bench.calls.acknowledge, 1);
    assert_string_equal(bench.calls.text, "known");
    type(&bench, "e\n");
    assert_int_equal(bench.calls.bundle, 1);
    assert_string_equal(bench.calls.text, "hulltop-finding-aa00000000000001.tar");
    type(&bench, "y");
    assert_string_equal(bench.calls.text, "aa00000000000001");
    type(&bench, "Y");
    assert_int_equal(bench.calls.copy, 2);
    type(&bench, "o");
    SEES(&bench, "FINDINGS");
    type(&bench, "L");
    assert_int_equal(bench.calls.lock, 0); /* not every container's image is known */
    SEES(&bench, "only containers whose image is known can be locked");
    type(&bench, "e\n"); /* a container: what is known of it, as JSON */
    assert_int_equal(bench.calls.save, 1);
    assert_non_null(strstr(bench.calls.text, "hulltop-evidence/1"));
    close_bench(&bench);
}

static void a_text_is_searched(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "3\n\t\t\t");
    SEES_NOT(&bench, "known system");
    type(&bench, "/PRV-001\n");
    SEES(&bench, "PRV-001");
    type(&bench, "/nowhere at all\n");
    SEES(&bench, "not found");
    SEES(&bench, "PRV-001"); /* and not what the first letters of it led to */
    type(&bench, "g/PRV-0");
    SEES(&bench, "PRV-001");
    ht_ui_key(bench.ui, (struct ht_key){.code = HT_KEY_ESC});
    SEES(&bench, "lines 1-");
    close_bench(&bench);
}

/* ---- clock, pause, replay ---- */

static void the_clock_goes_on_and_pausing_holds_the_screen(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *empty = ht_state_new(ht_node_new(FIXTURE_NOW));

    (void)unused;
    open_bench(&bench, NULL);
    SEES(&bench, "14:02:31");
    assert_int_equal(ht_ui_next_draw(bench.ui), FIXTURE_MONO + HT_NS_PER_S);
    bench.mono += 3 * HT_NS_PER_S;
    SEES(&bench, "14:02:34");
    SEES(&bench, "docker ok  5s");
    type(&bench, "p");
    SEES(&bench, "PAUSED");
    bench.mono += 60 * HT_NS_PER_S;
    ht_ui_set_state(bench.ui, empty);
    SEES(&bench, "14:02:34");
    SEES(&bench, "FAIL~");
    type(&bench, "p");
    SEES_NOT(&bench, "FAIL~");
    close_bench(&bench);
}

/* Each cell that changes costs a terminal some bytes, every second, for weeks. */
static void a_quiet_second_changes_few_cells(void **unused)
{
    static const char *const quiet[] = {"", "3", "3\n", "9"};

    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(quiet); i++) {
        struct bench bench;
        ht_autocanvas struct ht_canvas *before = ht_canvas_new(24, 80);
        int changed = 0;

        open_bench(&bench, NULL);
        type(&bench, quiet[i]);
        screen(&bench);
        ht_canvas_copy(before, bench.canvas);
        bench.mono += HT_NS_PER_S;
        screen(&bench);
        for (int at = 0; at < 24 * 80; at++)
            changed += before->cells[at].code != bench.canvas->cells[at].code;
        assert_in_range(changed, 1, 20);
        close_bench(&bench);
    }
}

static void set_cpu(struct ht_node *node, const char *id, uint64_t cpu)
{
    struct ht_usage usage = {0};

    ht_usage_set_id(&usage, ht_str_from(id));
    ht_usage_set_cpu(&usage, cpu);
    ht_node_add(node, ht_row_new(&ht_usage_table, &usage));
}

/* What shows the same is told in the order of ids, and what shows as nothing is not told. */
static void noise_is_no_load(void **unused)
{
    struct bench bench;
    struct ht_node *idle = ht_node_new(FIXTURE_NOW), *busy = ht_node_new(FIXTURE_NOW);

    (void)unused;
    set_cpu(idle, "a", 9);
    set_cpu(idle, "b", 0);
    set_cpu(busy, "a", 21);
    set_cpu(busy, "b", 29);
    set_cpu(busy, "c", 9);
    set_cpu(busy, "d", 151);
    ht_autostate struct ht_state *idles = ht_state_new(idle), *works = ht_state_new(busy);
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, idles);
    SEES(&bench, "cpu: no container and no service is busy");
    ht_ui_set_state(bench.ui, works);
    SEES(&bench, "cpu: d 0.1 cores, a 0.02, b 0.02\n");
    close_bench(&bench);
}

static void add_part(struct ht_state *state, const char *id, const char *kind, const char *subject,
                     const char *title)
{
    struct ht_finding finding = {0};

    ht_finding_set_id(&finding, ht_str_from(id));
    ht_finding_set_check(&finding, HT_S("SEC-001"));
    ht_finding_set_question(&finding, 5);
    ht_finding_set_severity(&finding, HT_SEVERITY_CRITICAL);
    ht_finding_set_title(&finding, ht_str_from(title));
    ht_subject_set_kind(ht_finding_edit_subject(&finding), ht_str_from(kind));
    ht_subject_set_id(&finding.subject, ht_str_from(subject));
    ht_subject_set_name(&finding.subject, ht_str_from(subject));
    ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
}

/* "debug" has two of its own, kubelet.service none. */
static void a_container_has_the_findings_of_what_is_in_it(void **unused)
{
    struct bench bench;
    struct ht_exposure exposure = {0};
    ht_autostate struct ht_state *state = fixture_state();

    (void)unused;
    ht_exposure_set_id(&exposure, HT_S("an exposure"));
    ht_exposure_set_process(&exposure, HT_S("20411.900"));
    ht_node_add(state->node, ht_row_new(&ht_exposure_table, &exposure));
    ht_node_sort(state->node);
    add_part(state, "bb01", "process", "20433.901", "tcpdump listens to the network");
    add_part(state, "bb02", "process", "an exposure", "A token is in an environment");
    add_part(state, "bb03", "program", "kubelet.service", "Code of the unit was replaced");
    add_part(state, "bb04", "file", "nowhere", "A key lies about");
    open_bench(&bench, NULL);
    grow(&bench);
    ht_ui_set_state(bench.ui, state);
    type(&bench, "9");
    SEES(&bench, "debug       4");
    SEES(&bench, "  !! CRIT kubelet.service");
    type(&bench, "\n");
    SEES(&bench, "tcpdump listens to the network");
    SEES(&bench, "A token is in an environment");
    SEES_NOT(&bench, "Code of the unit");
    SEES_NOT(&bench, "A key lies about");
    type(&bench, "\x1b:view everything\n/kubelet\n\n");
    SEES(&bench, "Code of the unit was replaced");
    SEES_NOT(&bench, "A token is in an environment");
    type(&bench, "09v/token\n\no");
    SEES(&bench, "> an exposure > sh");
    close_bench(&bench);
}

static void the_timeline_follows_until_a_line_is_chosen(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "8");
    SEES(&bench, "following  events 6  marks 1");
    SEES(&bench, "HostConfig.Privileged = true");
    type(&bench, "{{");
    SEES(&bench, "F follows");
    SEES(&bench, "runner-2: Container can add CAP_SYS_ADMIN");
    type(&bench, "{");
    SEES(&bench, "none before this");
    type(&bench, "+");
    SEES(&bench, "one column = 1 min");
    type(&bench, "--");
    SEES(&bench, "one column = 5 min");
    type(&bench, "'\n");
    SEES(&bench, "before the deployment");
    type(&bench, "qF");
    SEES(&bench, "following");
    type(&bench, "0:goto 13:40\n");
    SEES(&bench, "F follows");
    SEES(&bench, "   mark");
    type(&bench, "m");
    assert_int_equal(bench.calls.mark, 1);
    type(&bench, "v");
    SEES(&bench, "6 of 6 shown");
    SEES(&bench, "new finding");
    type(&bench, "/new finding\n");
    SEES(&bench, "3 of 6 shown");
    close_bench(&bench);
}

static void an_end_is_told_from_a_beginning(void **unused)
{
    struct bench bench;
    struct ht_event event = {0};
    ht_autostate struct ht_state *later = fixture_state();

    (void)unused;
    ht_event_set_id(&event, HT_S("99"));
    ht_event_set_at(&event, FIXTURE_NOW);
    ht_event_set_kind(&event, HT_EVENT_KIND_FINDING_GONE);
    ht_event_set_severity(&event, HT_SEVERITY_CRITICAL);
    ht_event_set_text(&event, HT_S("shell: Runs with --privileged"));
    ht_rowset_add(&later->events, ht_row_new(&ht_event_table, &event));
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, later);
    type(&bench, "8");
    SEES(&bench, "not seen any more: shell: Runs with --privileged");
    type(&bench, "v");
    SEES(&bench, "not seen: shell: Runs with --pri");
    close_bench(&bench);
}

/* A finding of a program in it is found by the container's name, which no column shows. */
static void a_bare_word_finds_whose_a_finding_is(void **unused)
{
    struct bench bench;
    struct ht_finding finding = {0};
    struct ht_subject *subject = ht_finding_edit_subject(&finding);
    ht_autostate struct ht_state *later = fixture_state();

    (void)unused;
    ht_finding_set_id(&finding, HT_S("ab"));
    ht_finding_set_check(&finding, HT_S("DRF-009"));
    ht_finding_set_question(&finding, 3);
    ht_finding_set_severity(&finding, HT_SEVERITY_CRITICAL);
    ht_finding_set_title(&finding, HT_S("A program without a file runs"));
    ht_subject_set_kind(subject, HT_S("process"));
    ht_subject_set_name(subject, HT_S("/memfd:evil"));
    ht_subject_set_container(subject, HT_S("cart-one"));
    ht_rowset_add(&later->findings, ht_row_new(&ht_finding_table, &finding));
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, later);
    type(&bench, "3/cart-one\n");
    SEES(&bench, "1 of 6 shown");
    type(&bench, "/ cart-two\n");
    SEES(&bench, "0 of 6 shown");
    close_bench(&bench);
}

/* What runs at that id on the node: a process that calls itself sshd, in that unit or in none. */
static void add_code(struct ht_state *state, const char *id, const char *unit)
{
    struct ht_code code = {0};
    struct ht_process process = {0};

    ht_process_set_id(&process, HT_S("77.1"));
    ht_process_set_comm(&process, HT_S("sshd"));
    ht_process_set_unit(&process, ht_str_from(unit));
    ht_node_add(state->node, ht_row_new(&ht_process_table, &process));
    ht_code_set_id(&code, ht_str_from(id));
    ht_code_set_process(&code, process.id);
    ht_node_add(state->node, ht_row_new(&ht_code_table, &code));
    ht_node_sort(state->node);
}

/* The finding of a program in memory, in that container or, by that id, on the node. */
static struct ht_state *with_program(const char *container, const char *id)
{
    struct ht_state *state = fixture_state();
    struct ht_finding finding = {0};
    struct ht_subject *subject = ht_finding_edit_subject(&finding);

    ht_finding_set_id(&finding, HT_S("ab"));
    ht_finding_set_question(&finding, 6);
    ht_finding_set_severity(&finding, HT_SEVERITY_CRITICAL);
    ht_finding_set_title(&finding, HT_S("A program without a file runs (/memfd:evil)"));
    ht_subject_set_kind(subject, HT_S("program"));
    ht_subject_set_id(subject, ht_str_from(id));
    ht_subject_set_name(subject, HT_S("/memfd:evil"));
    if (container)
        ht_subject_set_container(subject, ht_str_from(container));
    ht_rowset_add(&state->findings, ht_row_new(&ht_finding_table, &finding));
    return state;
}

static void the_page_of_a_program_is_called_after_who_runs_it(void **unused)
{
    struct bench bench;
    ht_autostate struct ht_state *contained = with_program("cart-one", "c1:executable:/memfd:evil"),
                                 *outside = with_program(NULL, "cron.service"),
                                 *in_unit = with_program(NULL, ":executable:/memfd:evil"),
                                 *in_none = with_program(NULL, ":executable:/memfd:evil");

    (void)unused;
    add_code(in_unit, ":executable:/memfd:evil", "cron.service");
    add_code(in_none, ":executable:/memfd:evil", "");
    open_bench(&bench, NULL);
    ht_ui_set_state(bench.ui, contained);
    type(&bench, "6\n");
    SEES(&bench, "6 Drift alerts > cart-one ");
    ht_ui_set_state(bench.ui, outside);
    SEES(&bench, "6 Drift alerts > cron.service ");
    ht_ui_set_state(bench.ui, in_unit);
    SEES(&bench, "6 Drift alerts > cron.service ");
    ht_ui_set_state(bench.ui, in_none);
    SEES(&bench, "6 Drift alerts > sshd ");
    close_bench(&bench);
}

static void frames_of_a_hash_clock_do_not_depend_on_time(void **unused)
{
    struct bench bench;
    struct ht_ui_options options = {.hash_clock = true};
    uint64_t before;

    (void)unused;
    open_bench(&bench, &options);
    screen(&bench);
    before = ht_canvas_hash(bench.canvas);
    bench.mono += 77 * HT_NS_PER_S;
    screen(&bench);
    assert_true(ht_canvas_hash(bench.canvas) == before);
    assert_true(ht_ui_next_draw(bench.ui) == INT64_MAX);
    close_bench(&bench);
}

/* ---- first run, options, commands ---- */

static void the_first_look_is_left_by_any_key_of_home(void **unused)
{
    struct bench bench;
    struct ht_ui_options options = {.first_run = true};

    (void)unused;
    open_bench(&bench, &options);
    SEES(&bench, "SO THE QUESTIONS STAND LIKE THIS");
    type(&bench, "3");
    assert_int_equal(bench.calls.first_run_seen, 1);
    SEES(&bench, "5 of 5 shown");
    type(&bench, "\x1b");
    ht_ui_set_state(bench.ui, bench.state);
    SEES(&bench, "WORST FINDINGS");
    close_bench(&bench);
}

static void open_begins_with_a_pane_or_tells_the_nearest(void **unused)
{
    struct ht_ui_options options = {.open = "everythin"};
    struct fixture_calls record;
    struct ht_ui_calls calls = fixture_calls(&record);
    struct ht_error err = {0};
    struct ht_ui *ui = ht_ui_new(&options, &calls);
    struct bench bench;

    (void)unused;
    assert_true(ht_ui_open(ui, &err) < 0);
    ht_ui_free(ui);
    assert_string_equal(err.text, "no pane or view everythin (did you mean everything?)");
    options = (struct ht_ui_options){.open = "privileged", .first_run = true};
    open_bench(&bench, &options);
    SEES(&bench, "5 of 5 shown");
    close_bench(&bench);
}

/* Each digit opens what its key leads to. */
static void open_takes_the_digits_of_the_keys(void **unused)
{
    (void)unused;
    for (char digit = '0'; digit <= '9'; digit++) {
        const char keys[] = {digit, '\0'};
        struct ht_ui_options options = {.open = keys}, home = {.open = NULL};
        struct bench opened, typed;

        open_bench(&opened, &options);
        open_bench(&typed, &home);
        type(&typed, keys);
        assert_string_equal(screen(&opened), screen(&typed));
        close_bench(&opened);
        close_bench(&typed);
    }
}

static void commands_lead_and_a_wrong_one_is_told(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, ":vew x\n");
    SEES(&bench, "no command vew (did you mean view?)");
    type(&bench, ":nothing-like-it\n");
    SEES(&bench, "\nno command nothing-l~; :help lists them\n");
    type(&bench, ":view everythin\n");
    SEES(&bench, "no view everythin (did you mean everything?)");
    type(&bench, ":view\n");
    SEES(&bench, "\nwhich view; :help lists them\n");
    type(&bench, ":view privileged-containrs-but-much-longer-than-fits-into-these-columns\n");
    SEES(&bench, "; :help lists them\n");
    type(&bench, ":3\n");
    SEES(&bench, "5 of 5 shown");
    type(&bench, ":export out.json\n");
    assert_int_equal(bench.calls.save, 1);
    assert_non_null(strstr(bench.calls.text, "hulltop/1"));
    type(&bench, ":q\n");
    assert_true(ht_ui_is_done(bench.ui));
    close_bench(&bench);
}

/* What is told of the names there are is not cut: they are told, or where they stand. */
static void the_names_there_are_are_told_or_where_they_stand(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    ht_canvas_free(bench.canvas);
    bench.canvas = ht_canvas_new(12, 40);
    type(&bench, ":nothing-like-it\n");
    SEES(&bench, "\nno command nothing-l~; :help lists them\n");
    type(&bench, ":view privileged-containrs\n");
    SEES(&bench, "\ndid you mean privileged-containers?\n");
    grow(&bench);
    type(&bench, ":nothing-like-it\n");
    SEES(&bench, "no command nothing-like-it; there are view sev ns filter export theme doctor log "
                 "help home goto q quit\n");
    type(&bench, ":help\nG");
    SEES(&bench, "view sev ns filter export theme doctor log help home goto q quit\n");
    SEES(&bench, "privileged-containers");
    close_bench(&bench);
}

static void keys_that_kill_elsewhere_do_nothing(void **unused)
{
    struct bench bench;
    uint64_t before;

    (void)unused;
    open_bench(&bench, NULL);
    screen(&bench);
    before = ht_canvas_hash(bench.canvas);
    fixture_type(bench.ui, "dxDKX\x01\x0b");
    screen(&bench);
    assert_true(ht_canvas_hash(bench.canvas) == before);
    fixture_type(bench.ui, "\x1b\x1b");
    SEES(&bench, "this is the first screen: q quits");
    assert_false(ht_ui_is_done(bench.ui));
    SEES(&bench, "? help  q quit\n");
    type(&bench, "3");
    SEES(&bench, "? help  q close\n");
    type(&bench, "q");
    SEES(&bench, "? help  q quit\n");
    fixture_type(bench.ui, "3qq");
    assert_true(ht_ui_is_done(bench.ui));
    close_bench(&bench);
}

static void pages_do_not_pile_up_for_ever(void **unused)
{
    struct bench bench;

    (void)unused;
    open_bench(&bench, NULL);
    type(&bench, "9s");
    for (int i = 0; i < 40; i++)
        type(&bench, ":log\n");
    SEES(&bench, "too many pages are open");
    for (int i = 0; i < 13; i++)
        type(&bench, "\x1b");
    SEES(&bench, "SORT BY");
    type(&bench, "\n");
    SEES(&bench, "4 of 4 shown");
    close_bench(&bench);
}

static void without_containers_the_demo_is_offered(void **unused)
{
    struct bench bench;
    struct ht_ui_options options = {.offer_demo = true};
    ht_autostate struct ht_state *empty = ht_state_new(ht_node_new(FIXTURE_NOW));

    (void)unused;
    open_bench(&bench, &options);
    SEES_NOT(&bench, "hulltop demo");
    empty->complete = true;
    ht_ui_set_state(bench.ui, empty);
    SEES(&bench, "no containers here: hulltop demo shows an incident");

    /* Where nobody could look there may be some. */
    ht_autostate struct ht_state *broken = ht_state_new(ht_node_new(FIXTURE_NOW));
    broken->complete = true;
    struct ht_question unknown = *ht_state_question(broken, 3);
    ht_question_set_state(&unknown, HT_QUESTION_STATE_UNKNOWN);
    struct ht_row *row = ht_row_new(&ht_question_table, &unknown);
    ht_row_unref(broken->questions[2]);
    broken->questions[2] = row;
    ht_ui_set_state(bench.ui, broken);
    SEES_NOT(&bench, "hulltop demo");
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_screen_fits_every_size),
        cmocka_unit_test(nothing_on_any_screen_is_a_control_character),
        cmocka_unit_test(a_filter_acts_as_it_is_typed_and_can_be_taken_back),
        cmocka_unit_test(rows_without_a_severity_make_way_for_findings),
        cmocka_unit_test(the_selection_follows_its_row),
        cmocka_unit_test(groups_open_and_close),
        cmocka_unit_test(sorting_and_inverting_change_the_order),
        cmocka_unit_test(a_hidden_column_is_gone),
        cmocka_unit_test(ten_thousand_rows_are_sorted_and_grouped),
        cmocka_unit_test(a_detail_tells_asks_and_writes),
        cmocka_unit_test(a_text_is_searched),
        cmocka_unit_test(the_clock_goes_on_and_pausing_holds_the_screen),
        cmocka_unit_test(a_quiet_second_changes_few_cells),
        cmocka_unit_test(noise_is_no_load),
        cmocka_unit_test(a_container_has_the_findings_of_what_is_in_it),
        cmocka_unit_test(an_end_is_told_from_a_beginning),
        cmocka_unit_test(a_bare_word_finds_whose_a_finding_is),
        cmocka_unit_test(the_page_of_a_program_is_called_after_who_runs_it),
        cmocka_unit_test(frames_of_a_hash_clock_do_not_depend_on_time),
        cmocka_unit_test(the_first_look_is_left_by_any_key_of_home),
        cmocka_unit_test(open_begins_with_a_pane_or_tells_the_nearest),
        cmocka_unit_test(open_takes_the_digits_of_the_keys),
        cmocka_unit_test(commands_lead_and_a_wrong_one_is_told),
        cmocka_unit_test(the_timeline_follows_until_a_line_is_chosen),
        cmocka_unit_test(the_names_there_are_are_told_or_where_they_stand),
        cmocka_unit_test(keys_that_kill_elsewhere_do_nothing),
        cmocka_unit_test(pages_do_not_pile_up_for_ever),
        cmocka_unit_test(without_containers_the_demo_is_offered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
