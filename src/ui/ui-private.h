/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the screens share. Layer 6 (ui), private; main thread.
 *
 * A screen is a constant table of functions; a page is one screen that was opened, with what the
 * user did to it.  Pages lie on a stack, home at the bottom.  A page borrows nothing from a state
 * beyond one draw or one key: it remembers ids.
 */
#ifndef HT_UI_PRIVATE_H
#define HT_UI_PRIVATE_H

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/report/report.h"
#include "hulltop/ui/keys.h"
#include "hulltop/ui/lineedit.h"
#include "hulltop/ui/ui.h"
#include "view.h"

enum {
    HT_PAGES_MAX = 16,
    HT_MESSAGE_MAX = 300,
    HT_SIDE_TEXT_MAX = 4096,
    HT_EXPORT_MAX = 8 * 1024 * 1024,
    HT_QUESTIONS_ALL = 0x7e
};

struct ht_page;
struct ht_doc;

/* What one kind of page does. Functions that may be NULL say so. */
struct ht_screen {
    const char *title; /* its part of the breadcrumb; NULL: put_title appends it */
    const struct ht_offer *offers;
    size_t offers_len;
    /* How many of the offers the page has now; NULL: all. */
    size_t (*offered)(const struct ht_page *page);
    /* Appends the page's part of the breadcrumb (raw). */
    void (*put_title)(struct ht_ui *ui, struct ht_page *page, struct ht_buf *out);
    /* Draws into the body and sets page->cursor. */
    void (*draw)(struct ht_ui *ui, struct ht_page *page, struct ht_area body);
    /* Carries out an action that the screen offers; false: not its own. */
    bool (*act)(struct ht_ui *ui, struct ht_page *page, enum ht_action action);
    /* Puts all of the page into a text, no column cut; NULL: it offers no HT_ACTION_PLAIN_TEXT. */
    void (*text)(struct ht_ui *ui, struct ht_page *page, struct ht_doc *doc);
    /* The question that the page, or what is selected on it, is about; 0: none. Home has one
     * always, of others that have none and of NULL the page below is asked. */
    unsigned (*question)(const struct ht_ui *ui, const struct ht_page *page);
    /* A press of the mouse on a row of the body: selects what stands there; false: nothing that can
     * be opened. NULL: nothing anywhere. */
    bool (*click)(struct ht_ui *ui, struct ht_page *page, struct ht_key key);
    void (*free)(struct ht_page *page);
};

struct ht_page {
    const struct ht_screen *screen;
    int cursor_row; /* in the body */
    int cursor_col;
};

enum ht_prompt {
    HT_PROMPT_NONE,
    HT_PROMPT_FILTER,
    HT_PROMPT_SEARCH,
    HT_PROMPT_COMMAND,
    HT_PROMPT_ACKNOWLEDGE,
    HT_PROMPT_EXPORT,
    HT_PROMPT_UNLOCK,
    HT_PROMPT_COUNT,
};

/* Called with the text as it is typed (done false) and when Enter took it. Cancelled: the text from
 * before, done. The page is the topmost one. */
typedef void (*ht_prompt_take)(struct ht_ui *ui, struct ht_page *page, struct ht_str text,
                               bool done);

struct ht_ui {
    struct ht_ui_options options;
    struct ht_ui_calls calls;
    const struct ht_clock *clock;
    struct ht_views *views;
    struct ht_state *state;   /* what is shown; never NULL */
    struct ht_state *waiting; /* the newest one while paused */
    uint64_t generation;      /* grows with each state that is shown */
    bool has_state;           /* the first state has come */
    int64_t began_ns;    /* wall clock when the screens were made: live, the sources start then */
    int64_t complete_ns; /* of the first state that was complete; 0: none yet */
    bool paused;
    enum ht_ui_recording recording;
    int64_t paused_ns; /* the clock, as it was when the screen was paused */
    bool done;
    bool first_run;  /* the first-run screen may still be shown */
    bool lock_asked; /* what becomes of it is told when the engine has done it */
    /* Of a replay, until a state shows all of it: the next key goes on from there. */
    struct {
        uint64_t count; /* of all that was asked so far */
        double speed;   /* 0: nothing was asked */
        bool has_paused, paused;
        bool has_goto; /* before it began: where it reaches was not known yet */
        int64_t goto_seconds;
    } asked;
    struct ht_page *pages[HT_PAGES_MAX];
    size_t depth;
    struct ht_rect body; /* of the last draw */
    bool tiny;           /* that had no room for any page */
    struct {
        enum ht_prompt kind;
        struct ht_lineedit edits[HT_PROMPT_COUNT];
        ht_prompt_take take;
        char *before; /* for cancel */
    } prompt;
    int64_t pasted_ns; /* monotonic, of the last paste and of what came with it; 0: none */
    uint64_t moves;    /* grows with each page that opens or closes */
    char message[HT_MESSAGE_MAX];
    int64_t message_until; /* monotonic */
    struct {
        uint64_t moves;
        const struct ht_view *view;
        bool tiny;
    } message_place; /* the screen on which it was made */
};

/* ---- pages (ui.c) ---- */

/* Puts a page on the stack and owns it; when the stack is full the page is freed and a message says
 * so. */
void ht_ui_push(struct ht_ui *ui, struct ht_page *page);
/* Closes the topmost page; home stays. */
void ht_ui_pop(struct ht_ui *ui);
/* Closes all but home. */
void ht_ui_pop_all(struct ht_ui *ui);
struct ht_page *ht_ui_top(const struct ht_ui *ui);
/* The page that a page was opened from; home itself below home. */
struct ht_page *ht_ui_below(const struct ht_ui *ui, const struct ht_page *page);
/* What the key of a digit (0 to 9) leads to. */
enum ht_action ht_ui_digit_action(unsigned digit);
/* Appends the names of the commands behind ":", with blanks between them. */
void ht_ui_put_commands(struct ht_buf *out);
/* Goes to the time that was asked for before a replay had begun, once it has. */
void ht_ui_goto_asked(struct ht_ui *ui);
/* All offers of the topmost page, and of any. */
struct ht_offers ht_ui_offers(const struct ht_ui *ui);
struct ht_offers ht_ui_page_offers(const struct ht_ui *ui, const struct ht_page *page);
/* Opens a prompt on the message line. */
void ht_ui_prompt(struct ht_ui *ui, enum ht_prompt kind, struct ht_str text, ht_prompt_take take);
/* Shows a message for some seconds. */
void ht_ui_messagef(struct ht_ui *ui, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Opens the pane of question number, or the view of that id; false: there is none. */
bool ht_ui_open_question(struct ht_ui *ui, unsigned number);
bool ht_ui_open_view(struct ht_ui *ui, struct ht_str id);
/* Copies text and says what became of it. */
void ht_ui_copy(struct ht_ui *ui, struct ht_str text, const char *what);

/* The name of a file that is written, owned by the caller; NULL: it is none, and that was said. */
char *ht_ui_export_name(struct ht_ui *ui, struct ht_str path);
/* Writes the whole report to a new file of that name. */
void ht_ui_export_report(struct ht_ui *ui, struct ht_str path);
/* Appends text so that it can stand in a cell of a Markdown table. */
void ht_ui_markdown_cell(struct ht_buf *out, struct ht_str text);

/* ---- common actions and commands (act.c, command.c) ---- */

/* What every screen does with an action. */
void ht_ui_act(struct ht_ui *ui, enum ht_action action);
/* Carries out the text behind ":". */
void ht_ui_command(struct ht_ui *ui, struct ht_str text);

/* ---- the frame around the body (frame.c) ---- */

void ht_ui_draw_title(struct ht_ui *ui, struct ht_area area);
void ht_ui_draw_sources(struct ht_ui *ui, struct ht_area area);
/* The answers alone, where there is no room for more. Returns the rows that they took. */
int ht_ui_draw_status(struct ht_ui *ui, struct ht_area area);

/* ---- time (time.c) ---- */

/* The clock that ages are counted by: the state's, carried on. */
int64_t ht_ui_now(const struct ht_ui *ui);
/* The clock stands still. */
bool ht_ui_clock_stands(const struct ht_ui *ui);
/* Appends "14:02:31", with the day before it if that is not today ("11-23 14:02"). */
void ht_ui_time_text(const struct ht_ui *ui, struct ht_buf *out, int64_t at_ns);
/* Appends the time of day alone. */
void ht_ui_clock_text(const struct ht_ui *ui, struct ht_buf *out, int64_t at_ns);
/* The same in seconds of the day; 0 out of range. */
int64_t ht_ui_clock_seconds(const struct ht_ui *ui, int64_t at_ns);
/* Appends the zone's name ("CET"). */
void ht_ui_zone_text(const struct ht_ui *ui, struct ht_buf *out);
/* Appends the age of a time ("5s"), "-" where ages are not drawn. */
void ht_ui_age_text(const struct ht_ui *ui, struct ht_buf *out, int64_t at_ns);

/* ---- words and styles (words.c) ---- */

unsigned ht_ui_severity_style(enum ht_severity severity);
unsigned ht_ui_question_style(const struct ht_question *question);
unsigned ht_ui_source_style(enum ht_source_state state);
/* How this terminal shows text: flags of ht_printable. */
unsigned ht_ui_print_flags(const struct ht_ui *ui);
/* "!! CRIT", "!  HIGH". */
void ht_ui_severity_text(struct ht_buf *out, enum ht_severity severity);
/* Appends "3 findings held, last seen 12:31:05", or nothing. */
void ht_ui_held_text(const struct ht_ui *ui, struct ht_buf *out, unsigned number);
/* Appends behind a coverage that so much was seen in full, where that is known. */
void ht_ui_put_extent(struct ht_buf *out, const struct ht_question *question);
/* What stands before the text of an event: of a finding that is gone, that it is not seen any more,
 * in fewer words where it is narrow; else "". */
const char *ht_ui_event_lead(const struct ht_event *event, bool narrow);
/* Appends what happened (raw), with its lead. */
void ht_ui_event_text(struct ht_buf *out, const struct ht_event *event, bool narrow);
/* Who "subject: what it does" is about; empty: nobody. */
struct ht_str ht_ui_subject_of(struct ht_str text);
/* Appends such a text for a field of so many columns, that cuts its end: a long subject is cut
 * first, so that of what it does something is left. */
void ht_ui_fit_text(const struct ht_ui *ui, struct ht_buf *out, struct ht_str text, int width);
/* The same of an event, in a cell of so many columns. */
void ht_ui_event_cell(const struct ht_ui *ui, struct ht_buf *out, const struct ht_event *event,
                      int width);
/* What happened, in words. */
const char *ht_ui_event_kind_text(enum ht_event_kind kind);
/* What kind of thing it is, in words. */
const char *ht_ui_kind_text(const struct ht_subject *subject);
/* Appends a field of a row as a cell shows it (raw text). */
void ht_ui_cell_text(const struct ht_ui *ui, struct ht_buf *out, const struct ht_field *field,
                     const void *value);
/* Appends thousandths of a core as cores: "3.8", "0.04". */
void ht_ui_cores_text(struct ht_buf *out, uint64_t mcpu);
/* When a finding went the last time; NULL: no event that is kept tells. */
const struct ht_event *ht_ui_finding_end(const struct ht_state *state, struct ht_str finding);
/* The row's name for people. */
struct ht_str ht_ui_container_name(const struct ht_state *state, struct ht_str id);

/* ---- the screens ---- */

struct ht_page *ht_home_new(void);
struct ht_page *ht_builds_map_new(void);
struct ht_page *ht_ui_timeline_new(void);
bool ht_ui_is_timeline(const struct ht_page *page);
/* Chooses the first event at or after a time. */
void ht_ui_timeline_go_to(struct ht_ui *ui, struct ht_page *page, int64_t at_ns);
/* Opens the details of what a build runs in, or says that nothing of it is left. */
void ht_builds_open(struct ht_ui *ui, const struct ht_build *build);
struct ht_page *ht_list_new(const struct ht_view *view);
/* A list with this filter of the user; a wrong one is told and changes nothing. */
void ht_list_set_filter(struct ht_ui *ui, struct ht_page *page, struct ht_str text);
/* Lets the user type the filter of a list. */
void ht_list_ask_filter(struct ht_ui *ui, struct ht_page *page);
/* The view a list shows, NULL if the page is no list. */
const struct ht_view *ht_list_view(const struct ht_page *page);
/* Takes all marks off its lines; nothing on a page that is no list. */
void ht_list_unmark(struct ht_page *page);
/* Opens the details of a row of table (finding, container, process, event); false: there are none.
 */
bool ht_detail_open(struct ht_ui *ui, const struct ht_table *table, struct ht_str id);
/* The text of the page that is topmost now. */
struct ht_page *ht_text_page_new(void);
struct ht_page *ht_help_new(void);
struct ht_page *ht_why_new(const struct ht_ui *ui);
struct ht_page *ht_first_run_new(void);
enum ht_text { HT_TEXT_DOCTOR, HT_TEXT_LOG };
struct ht_page *ht_text_new(enum ht_text text);

/* The question that the topmost page is about; 0: none. */
unsigned ht_ui_question(const struct ht_ui *ui);

#endif
