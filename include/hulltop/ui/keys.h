/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What keys do. One table says which key asks for which action; a screen says which actions it
 * offers. Lookup, hint line, help screen and manual come from these two, so a key whose function
 * is not built is neither bound nor hinted. Layer 6 (ui); pure; any thread.
 */
#ifndef HT_UI_KEYS_H
#define HT_UI_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hulltop/base/buf.h"
#include "hulltop/ui/canvas.h"
#include "hulltop/ui/key.h"

enum ht_action {
    HT_ACTION_NONE = 0,
    HT_ACTION_DOWN,
    HT_ACTION_UP,
    HT_ACTION_LEFT,
    HT_ACTION_RIGHT,
    HT_ACTION_TOP,
    HT_ACTION_BOTTOM,
    HT_ACTION_HALF_DOWN,
    HT_ACTION_HALF_UP,
    HT_ACTION_PAGE_DOWN,
    HT_ACTION_PAGE_UP,
    HT_ACTION_OPEN,
    HT_ACTION_BACK,
    HT_ACTION_PANE_1, /* PANE_1 + n - 1 is question n */
    HT_ACTION_PANE_2,
    HT_ACTION_PANE_3,
    HT_ACTION_PANE_4,
    HT_ACTION_PANE_5,
    HT_ACTION_PANE_6,
    HT_ACTION_MAP,
    HT_ACTION_TIMELINE,
    HT_ACTION_EVERYTHING,
    HT_ACTION_HOME,
    HT_ACTION_NEXT_VIEW,
    HT_ACTION_NEXT_TAB,
    HT_ACTION_PREVIOUS_TAB,
    HT_ACTION_FILTER, /* filters a list, searches a text */
    HT_ACTION_NEXT_MATCH,
    HT_ACTION_PREVIOUS_MATCH,
    HT_ACTION_SORT,
    HT_ACTION_INVERT,
    HT_ACTION_COLUMNS,
    HT_ACTION_WIDE,
    HT_ACTION_TREE,
    HT_ACTION_ZOOM,
    HT_ACTION_WHY,
    HT_ACTION_OWNER,
    HT_ACTION_COPY_ID,
    HT_ACTION_COPY_PAGE,
    HT_ACTION_EXPORT,
    HT_ACTION_PLAIN_TEXT,
    HT_ACTION_ACKNOWLEDGE,
    HT_ACTION_MARK,
    HT_ACTION_JUMP,
    HT_ACTION_PAUSE,
    HT_ACTION_FOLLOW,
    HT_ACTION_RESCAN,
    HT_ACTION_REDRAW,
    HT_ACTION_STEP_BACK,
    HT_ACTION_STEP_FORWARD,
    HT_ACTION_PREVIOUS_FINDING,
    HT_ACTION_NEXT_FINDING,
    HT_ACTION_PLUS,
    HT_ACTION_MINUS,
    HT_ACTION_LOCK,
    HT_ACTION_RESTART,
    HT_ACTION_MOUSE,
    HT_ACTION_UTC,
    HT_ACTION_COMMAND,
    HT_ACTION_HELP,
    HT_ACTION_CLOSE,
    HT_ACTION_QUIT,
    HT_ACTION_SUSPEND,
    HT_ACTION_COUNT,
};

enum { HT_BINDING_KEYS_MAX = 5 };
/* How one action is asked for. */
struct ht_binding {
    enum ht_action action;
    uint32_t keys[HT_BINDING_KEYS_MAX]; /* the first is the one that is hinted; 0 ends */
    const char *name;                   /* for configuration and tests: "half-down" */
    const char *hint;                   /* one word for the hint line: "open" */
    const char *help;                   /* a sentence without full stop */
};

struct ht_ui;
struct ht_page;

/* What a screen offers: an action, and what its screen calls it. */
struct ht_offer {
    enum ht_action action;
    bool hinted;      /* has a place in the hint line, in the order of the offers */
    bool keep;        /* keeps its place in the hint line when space is short */
    bool late;        /* not that, but it goes after the others that are not kept */
    const char *hint; /* NULL: the binding's own */
    const char *help; /* NULL: the binding's own */
    /* Whether it does something on a page as it is now: else it is neither hinted nor in the help,
     * and its key says why not. NULL: always. */
    bool (*suits)(const struct ht_ui *ui, const struct ht_page *page);
};
/* All offers of a screen, its own first, then those every screen has; the first match counts. */
struct ht_offers {
    const struct ht_offer *own;
    size_t own_len;
    const struct ht_offer *common; /* may be NULL */
    size_t common_len;
    const struct ht_ui *ui; /* NULL only where no offer asks what suits */
    const struct ht_page *page;
};

/* The table: every action but NONE once, in the order of the help screen. */
const struct ht_binding *ht_keys_table(size_t *ret_len);
/* The binding of an action; NULL for NONE. */
const struct ht_binding *ht_keys_binding(enum ht_action action);
/* The offer of an action, or NULL. */
const struct ht_offer *ht_keys_offer(const struct ht_offers *offers, enum ht_action action);
/* The binding of a key, whether a screen offers it or not; NULL: no screen has it. */
const struct ht_binding *ht_keys_find(struct ht_key key);
/* What key asks for on a screen with these offers; NONE if nothing. */
enum ht_action ht_keys_action(const struct ht_offers *offers, struct ht_key key);
/* True for the keys that do nothing on any screen, because other programs delete or kill with
 * them. */
bool ht_keys_is_harmless(uint32_t code);
/* Appends all names of a binding's keys: "j Down". */
void ht_keys_names(const struct ht_binding *binding, struct ht_buf *out);

/* Draws the hint line into row of area: "Enter open  1-6 pane  q quit". Offers are left out from
 * the right until it fits; those marked keep go last. */
void ht_keys_draw_hints(struct ht_area area, int row, const struct ht_offers *offers);

/* One line of the help screen. */
typedef void (*ht_keys_visit)(void *context, const char *keys, const char *help);
/* Calls visit for each action that is offered and suits, in the order of the table; the six panes
 * are one line. The text is valid during the call. */
void ht_keys_each_help(const struct ht_offers *offers, ht_keys_visit visit, void *context);

#endif
