/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screens: a state and keys in, a canvas out. Layer 6 (ui); main thread; parses nothing, opens
 * nothing, waits for nobody.  What it wants done it asks for by callbacks, which the program fills
 * in.
 */
#ifndef HT_UI_UI_H
#define HT_UI_UI_H

#include <stdbool.h>
#include <stdint.h>

#include "hulltop/base/arena.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/error.h"
#include "hulltop/model/state.h"
#include "hulltop/ui/canvas.h"
#include "hulltop/ui/key.h"
#include "hulltop/ui/theme.h"

/* What the screens ask for; context first, every one set, none may block. Strings are borrowed. */
struct ht_ui_calls {
    void *context;
    void (*rescan)(void *context);
    void (*open)(void *context, struct ht_str finding);
    void (*acknowledge)(void *context, struct ht_str finding, struct ht_str reason);
    void (*mark)(void *context, struct ht_str text);
    /* Locks the image of a container, or unlocks it with a reason. */
    void (*lock)(void *context, struct ht_str container, struct ht_str reason);
    /* Saves bytes in a new file; what became of it comes back as an event of the state. */
    void (*save)(void *context, const char *path, struct ht_str bytes);
    /* Saves the evidence of a finding likewise. */
    void (*bundle)(void *context, const char *path, struct ht_str finding);
    /* Copies printable text to the clipboard; false: too long or no terminal for it. */
    bool (*copy)(void *context, struct ht_str text);
    void (*theme)(void *context, enum ht_theme theme);
    void (*mouse)(void *context, bool on);
    void (*redraw)(void *context);
    void (*suspend)(void *context);
    /* Replay alone. */
    void (*replay_pause)(void *context, bool paused);
    void (*replay_speed)(void *context, double speed);
    void (*replay_seek)(void *context, int64_t at_ns);
    void (*replay_step)(void *context, int frames);
    void (*replay_restart)(void *context);
    /* What the check of a finding could not see of its subject in the node; likewise its
     * neighbours, where it needs that; in the arena. Returns 0; negative: that cannot be told. */
    int (*unseen)(void *context, const struct ht_node *node, const struct ht_finding *finding,
                  struct ht_arena *arena, struct ht_missing_list *ret_missing);
    /* The first-run screen was left: it need not be shown again. */
    void (*first_run_seen)(void *context);
};

struct ht_ui_options {
    const struct ht_clock *clock; /* NULL: the system's */
    const char *version;
    enum ht_theme theme;
    bool utf8; /* box characters and text above ASCII may be drawn */
    bool utc;  /* times in UTC instead of local time */
    bool mouse;
    bool first_run;     /* show the first-run screen while a source is DENIED */
    bool hash_clock;    /* draw the state's own clock and no ages: frames that can be compared */
    unsigned questions; /* bit n: question n is asked */
    const char *open;   /* pane or view to begin with, NULL: home */
    const char *const *view_dirs; /* folders with a user's views, NULL ends; NULL: none */
    bool offer_demo;              /* the node has no containers: say that there is a demo */
    /* What a check with this id may also fire on (NULL ends), NULL: nothing; static. NULL: not
     * told. */
    const char *const *(*other_causes)(struct ht_str check);
    /* Whether the check with this id asks a source for facts. NULL: each may ask each. */
    bool (*needs)(struct ht_str check, struct ht_str source);
};

struct ht_ui;

/* Makes the screens; options->open and options->view_dirs must last until ht_ui_open. All that can
 * be done before is to draw the first frame of home. */
struct ht_ui *ht_ui_new(const struct ht_ui_options *options, const struct ht_ui_calls *calls);
/* Reads the compiled-in and the user's views, once, and opens options->open. A wrong view fails
 * with "FILE:LINE: cause", an unknown options->open with the nearest name; what is left to do then
 * is to free it. 0 or -errno. */
int ht_ui_open(struct ht_ui *ui, struct ht_error *err);
/* NULL is allowed; returns NULL. */
struct ht_ui *ht_ui_free(struct ht_ui *ui);
/* Takes a new state (a reference is taken). While paused it is kept for later. */
void ht_ui_set_state(struct ht_ui *ui, const struct ht_state *state);
/* Handles one key. */
void ht_ui_key(struct ht_ui *ui, struct ht_key key);
/* The program should end. */
bool ht_ui_is_done(const struct ht_ui *ui);
/* Draws everything; ret_row and ret_col get the place of the cursor (the selected row). */
void ht_ui_draw(struct ht_ui *ui, struct ht_canvas *canvas, int *ret_row, int *ret_col);
/* Monotonic time at which the screen should be drawn again though nothing happened (clock, ages, a
 * message that ends), on the system's clock. */
int64_t ht_ui_next_draw(const struct ht_ui *ui);
/* Whether what is shown is being recorded, which the title says. */
enum ht_ui_recording { HT_UI_NOT_RECORDED, HT_UI_RECORDED, HT_UI_RECORDING_FAILED };
/* Anything but HT_UI_NOT_RECORDED stays until the next call, whatever is paused. */
void ht_ui_set_recording(struct ht_ui *ui, enum ht_ui_recording recording);
/* A message for the message line ("suspended for 3 min"). */
void ht_ui_message(struct ht_ui *ui, const char *text);

/* ---- plain lines (--plain, dumb terminals, screen readers) ---- */

struct ht_plain;
/* Owned by the caller; options and calls as for ht_ui, of which rescan and open are called.
 * Views are read and options->open is looked for as by ht_ui_open; the question that it names is
 * listed once every source has answered. Free accepts NULL and returns NULL. */
int ht_plain_new(const struct ht_ui_options *options, const struct ht_ui_calls *calls,
                 struct ht_plain **ret_plain, struct ht_error *err);
struct ht_plain *ht_plain_free(struct ht_plain *plain);
/* Appends what a new state has to say: the six questions as sentences first, then one line for each
 * change; nothing if nothing changed. */
void ht_plain_state(struct ht_plain *plain, const struct ht_state *state, struct ht_buf *out);
/* Carries out one line that was typed (":3", ":help", ":q"); appends the answer. False: end. */
bool ht_plain_command(struct ht_plain *plain, struct ht_str line, struct ht_buf *out);

#endif
