/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line behind ":", and what is written to files. */
#include <config.h>

#include "ui-private.h"

#include "hulltop/base/printable.h"

/* ---- export ---- */

enum { PATH_MAX_BYTES = 1000 };

char *ht_ui_export_name(struct ht_ui *ui, struct ht_str path)
{
    if (path.len && path.len <= PATH_MAX_BYTES && ht_str_find_byte(path, '\0') < 0)
        return ht_strndup(path.data, path.len);
    ht_ui_message(ui, "export: a file name is missing");
    return NULL;
}

void ht_ui_export_report(struct ht_ui *ui, struct ht_str path)
{
    struct ht_report_options options = {
        .questions = ui->options.questions ? ui->options.questions : HT_QUESTIONS_ALL,
        .version = ui->options.version,
        .style = HT_JSON_INDENTED,
    };
    ht_autobuf struct ht_buf text = HT_BUF(HT_LIMIT_DOCUMENT);
    ht_autofree char *name = ht_ui_export_name(ui, path);

    if (!name)
        return;
    ht_report_write(&text, ui->state, &options);
    ui->calls.save(ui->calls.context, name, ht_buf_str(&text));
    ht_ui_messagef(ui, "writing %s", name);
}

void ht_ui_markdown_cell(struct ht_buf *out, struct ht_str text)
{
    static const struct ht_str markup = HT_STR("\\`*_[]<>#|");
    ht_autobuf struct ht_buf printable = HT_BUF(HT_SIDE_TEXT_MAX * 4);

    ht_printable(&printable, text, 0);
    for (size_t i = 0; i < printable.len; i++) {
        if (ht_str_find_byte(markup, printable.data[i]) >= 0)
            ht_buf_add_c(out, '\\');
        ht_buf_add_c(out, printable.data[i]);
    }
}

/* ---- commands ---- */

typedef void (*command_run)(struct ht_ui *ui, struct ht_str argument);

/* What is not known, and the name near to it; where none is, those that are. */
static void put_refusal(struct ht_buf *out, const char *what, struct ht_str name,
                        const char *const *names, size_t count)
{
    const char *near = ht_nearest(name, names, count);

    ht_buf_addf(out, name.len ? "no %s %.*s" : "which %s", what,
                HT_STR_ARG(ht_str_sub(name, 0, 60)));
    if (near)
        ht_buf_addf(out, " (did you mean %s?)", near);
    for (size_t i = 0; !near && i < count; i++)
        ht_buf_addf(out, "%s%s", i > 0 ? " " : "; there are ", names[i]);
}

/* The same where there is no room for it: the name near to it, or where those that are stand. */
static void put_short_refusal(struct ht_buf *out, const char *what, struct ht_str name,
                              const char *const *names, size_t count)
{
    enum { NAME_COLS = 10 };
    const char *near = ht_nearest(name, names, count);

    if (near) {
        ht_buf_addf(out, "did you mean %s?", near);
        return;
    }
    ht_buf_addf(out, name.len ? "no %s " : "which %s", what);
    ht_printable_cut(out, name, NAME_COLS, 0);
    ht_buf_add_text(out, "; :help lists them");
}

static void refuse(struct ht_ui *ui, const char *what, struct ht_str name, const char *const *names,
                   size_t count)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_SIDE_TEXT_MAX);

    put_refusal(&text, what, name, names, count);
    if (ht_printable_width(ht_buf_str(&text), 0) + 1 > (size_t)ui->body.w) {
        ht_buf_reset(&text);
        put_short_refusal(&text, what, name, names, count);
    }
    ht_ui_messagef(ui, "%.*s", HT_STR_ARG(ht_buf_str(&text)));
}

static void run_view(struct ht_ui *ui, struct ht_str argument)
{
    size_t count = ht_views_len(ui->views);
    ht_autofree const char **names = ht_new_array(const char *, count + 1);

    if (ht_ui_open_view(ui, argument))
        return;
    for (size_t i = 0; i < count; i++)
        names[i] = ht_views_get(ui->views, i)->id.data;
    refuse(ui, "view", argument, names, count);
}

static void filter_list(struct ht_ui *ui, struct ht_str text)
{
    if (!ht_list_view(ht_ui_top(ui)) && !ht_ui_open_view(ui, HT_S("findings")))
        return;
    ht_list_set_filter(ui, ht_ui_top(ui), text);
}

static void run_filter(struct ht_ui *ui, struct ht_str argument)
{
    filter_list(ui, argument);
}

/* That severity and worse ones; rows without one make way for the findings. */
static void run_sev(struct ht_ui *ui, struct ht_str argument)
{
    const struct ht_view *view = ht_list_view(ht_ui_top(ui));
    ht_autobuf struct ht_buf text = HT_BUF(300);
    int severity = ht_enum_find_beginning(&ht_severity_enum, argument);

    if (severity < 0) {
        ht_ui_message(ui, "sev: one of critical high medium low info");
        return;
    }
    for (int i = 0; i <= severity; i++)
        ht_buf_addf(&text, "%sseverity=%s", i > 0 ? " or " : "",
                    ht_enum_name(&ht_severity_enum, (unsigned)i));
    if (view && !ht_table_field(view->table, HT_S("severity")))
        ht_ui_open_view(ui, HT_S("findings"));
    filter_list(ui, ht_buf_str(&text));
}

static void run_ns(struct ht_ui *ui, struct ht_str argument)
{
    ht_autobuf struct ht_buf text = HT_BUF(300);

    /* A quote would end the quoted name. */
    if (argument.len == 0 || ht_str_find_byte(argument, '"') >= 0) {
        ht_ui_message(ui, "ns: the name of a namespace");
        return;
    }
    ht_buf_add_text(&text, "subject.namespace=\"");
    ht_buf_add_str(&text, argument);
    ht_buf_add_text(&text, "\"");
    ht_ui_open_view(ui, HT_S("findings"));
    filter_list(ui, ht_buf_str(&text));
}

static void run_theme(struct ht_ui *ui, struct ht_str argument)
{
    enum ht_theme theme;

    if (!ht_theme_parse(argument, &theme)) {
        ht_ui_message(ui, "theme: one of default light mono colour-blind");
        return;
    }
    ui->options.theme = theme;
    ui->calls.theme(ui->calls.context, theme);
}

static void run_doctor(struct ht_ui *ui, struct ht_str argument)
{
    (void)argument;
    ht_ui_push(ui, ht_text_new(HT_TEXT_DOCTOR));
}

static void run_log(struct ht_ui *ui, struct ht_str argument)
{
    (void)argument;
    ht_ui_push(ui, ht_text_new(HT_TEXT_LOG));
}

static void run_help(struct ht_ui *ui, struct ht_str argument)
{
    (void)argument;
    ht_ui_act(ui, HT_ACTION_HELP);
}

static void run_home(struct ht_ui *ui, struct ht_str argument)
{
    (void)argument;
    ht_ui_pop_all(ui);
}

static void run_quit(struct ht_ui *ui, struct ht_str argument)
{
    (void)argument;
    ui->done = true;
}

/* "13:58" or "13:58:40"; false: neither. */
static bool parse_clock(struct ht_str text, int64_t *ret_seconds)
{
    static const uint64_t limits[] = {24, 60, 60};
    struct ht_str part;
    int64_t seconds = 0;
    size_t n = 0;

    while (ht_str_next(&text, ':', &part)) {
        uint64_t number;

        if (n == ARRAY_LEN(limits) || ht_parse_u64(part, &number) < 0 || number >= limits[n])
            return false;
        seconds = seconds * 60 + (int64_t)number;
        n++;
    }
    if (n == 2)
        seconds *= 60;
    *ret_seconds = seconds;
    return n >= 2;
}

/* The last time the clock showed this, on the timeline. */
static void go_back_to(struct ht_ui *ui, int64_t seconds)
{
    int64_t now = ht_ui_now(ui);
    int64_t back = ht_ui_clock_seconds(ui, now) - seconds;

    if (back < 0)
        back += INT64_C(86400);
    if (!ht_ui_is_timeline(ht_ui_top(ui)))
        ht_ui_push(ui, ht_ui_timeline_new());
    ht_ui_timeline_go_to(ui, ht_ui_top(ui), now - now % HT_NS_PER_S - back * HT_NS_PER_S);
}

/* The first moment of the recording that shows this time. */
static void seek_clock(struct ht_ui *ui, int64_t seconds)
{
    const struct ht_replay_position *replay = &ui->state->replay;
    int64_t ahead = seconds - ht_ui_clock_seconds(ui, replay->start_ns);
    if (ahead < 0)
        ahead += INT64_C(86400);
    if (replay->start_ns + ahead * HT_NS_PER_S > replay->end_ns) {
        ht_ui_message(ui, "goto: the recording does not reach that time");
        return;
    }
    ui->calls.replay_seek(ui->calls.context, replay->start_ns + ahead * HT_NS_PER_S);
}

static void run_goto(struct ht_ui *ui, struct ht_str argument)
{
    int64_t seconds = 0;

    if (!parse_clock(argument, &seconds)) {
        ht_ui_message(ui, "goto: a time as HH:MM or HH:MM:SS");
    } else if (!ht_state_is_replay(ui->state)) {
        go_back_to(ui, seconds);
    } else if (ui->state->replay.end_ns == 0) {
        ui->asked.has_goto = true;
        ui->asked.goto_seconds = seconds;
    } else {
        seek_clock(ui, seconds);
    }
}

void ht_ui_goto_asked(struct ht_ui *ui)
{
    if (!ui->asked.has_goto || ui->state->replay.end_ns == 0)
        return;
    ui->asked.has_goto = false;
    seek_clock(ui, ui->asked.goto_seconds);
}

static const struct {
    const char *name;
    command_run run;
} commands[] = {
    {"view", run_view},
    {"sev", run_sev},
    {"ns", run_ns},
    {"filter", run_filter},
    {"export", ht_ui_export_report},
    {"theme", run_theme},
    {"doctor", run_doctor},
    {"log", run_log},
    {"help", run_help},
    {"home", run_home},
    {"goto", run_goto},
    {"q", run_quit},
    {"quit", run_quit},
};

void ht_ui_put_commands(struct ht_buf *out)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        ht_buf_addf(out, "%s%s", i > 0 ? " " : "", commands[i].name);
}

static void run_unknown(struct ht_ui *ui, struct ht_str name)
{
    const char *names[ARRAY_LEN(commands)];

    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        names[i] = commands[i].name;
    refuse(ui, "command", name, names, ARRAY_LEN(names));
}

enum ht_action ht_ui_digit_action(unsigned digit)
{
    return digit == 0   ? HT_ACTION_HOME
           : digit == 7 ? HT_ACTION_MAP
           : digit == 8 ? HT_ACTION_TIMELINE
           : digit == 9 ? HT_ACTION_EVERYTHING
                        : (enum ht_action)(HT_ACTION_PANE_1 + (int)digit - 1);
}

void ht_ui_command(struct ht_ui *ui, struct ht_str text)
{
    ptrdiff_t blank;
    struct ht_str name, argument;
    uint64_t number;

    text = ht_str_trim(text);
    blank = ht_str_find_byte(text, ' ');
    name = ht_str_sub(text, 0, blank < 0 ? text.len : (size_t)blank);
    argument = ht_str_trim(ht_str_sub(text, name.len, text.len));
    if (text.len == 0)
        return;
    if (ht_parse_u64(name, &number) == 0 && number <= 9) {
        ht_ui_act(ui, ht_ui_digit_action((unsigned)number));
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (ht_str_is(name, commands[i].name)) {
            commands[i].run(ui, argument);
            return;
        }
    }
    if (ht_question_find(name))
        ht_ui_open_question(ui, ht_question_find(name));
    else if (!ht_ui_open_view(ui, name))
        run_unknown(ui, name);
}
