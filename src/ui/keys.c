/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "hulltop/ui/keys.h"

#include <string.h>

#include "hulltop/base/mem.h"

enum { HINT_GAP = 2, HINTS_MAX = HT_ACTION_COUNT };

#define BIND(action_, name_, hint_, help_, ...)                                                    \
    {                                                                                              \
        .action = (action_), .name = (name_), .hint = (hint_), .help = (help_), .keys = {          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

/* clang-format off */
static const struct ht_binding bindings[] = {
    BIND(HT_ACTION_DOWN, "down", "down", "Move down", 'j', HT_KEY_DOWN),
    BIND(HT_ACTION_UP, "up", "up", "Move up", 'k', HT_KEY_UP),
    BIND(HT_ACTION_LEFT, "left", "left", "Move or scroll left", HT_KEY_LEFT),
    BIND(HT_ACTION_RIGHT, "right", "right", "Move or scroll right", HT_KEY_RIGHT),
    BIND(HT_ACTION_TOP, "top", "top", "Go to the first line", 'g', HT_KEY_HOME),
    BIND(HT_ACTION_BOTTOM, "bottom", "bottom", "Go to the last line", 'G', HT_KEY_END),
    BIND(HT_ACTION_HALF_DOWN, "half-down", "half down", "Move half a page down", HT_CTRL('d')),
    BIND(HT_ACTION_HALF_UP, "half-up", "half up", "Move half a page up", HT_CTRL('u')),
    BIND(HT_ACTION_PAGE_DOWN, "page-down", "page down", "Move a page down", HT_KEY_PAGE_DOWN, HT_CTRL('f')),
    BIND(HT_ACTION_PAGE_UP, "page-up", "page up", "Move a page up", HT_KEY_PAGE_UP, HT_CTRL('b')),
    BIND(HT_ACTION_OPEN, "open", "open", "Open what is selected", HT_KEY_ENTER),
    BIND(HT_ACTION_BACK, "back", "back", "Go back", HT_KEY_ESC, HT_KEY_BACKSPACE),
    BIND(HT_ACTION_PANE_1, "pane-1", "pane", "Question 1: do builds run apart from production", '1'),
    BIND(HT_ACTION_PANE_2, "pane-2", "pane", "Question 2: is all code added at build time", '2'),
    BIND(HT_ACTION_PANE_3, "pane-3", "pane", "Question 3: do containers run without --privileged", '3'),
    BIND(HT_ACTION_PANE_4, "pane-4", "pane", "Question 4: is the host up to date", '4'),
    BIND(HT_ACTION_PANE_5, "pane-5", "pane", "Question 5: are secrets encrypted", '5'),
    BIND(HT_ACTION_PANE_6, "pane-6", "pane", "Question 6: are containers kept from drifting", '6'),
    BIND(HT_ACTION_MAP, "map", "map", "Builds and applications on this node", '7'),
    BIND(HT_ACTION_TIMELINE, "timeline", "time", "What happened when", '8'),
    BIND(HT_ACTION_EVERYTHING, "everything", "all", "All containers, host units and unmanaged processes", '9'),
    BIND(HT_ACTION_HOME, "home", "home", "The six questions", '0'),
    BIND(HT_ACTION_NEXT_VIEW, "next-view", "view", "Next view of this question", 'v'),
    BIND(HT_ACTION_NEXT_TAB, "next-tab", "pane", "Next pane or tab", HT_KEY_TAB),
    BIND(HT_ACTION_PREVIOUS_TAB, "previous-tab", "back", "Previous pane or tab", HT_KEY_BACKTAB),
    BIND(HT_ACTION_FILTER, "filter", "filter", "Filter a list, search a text; !x negates, field:value", '/', '\\', HT_KEY_F(4)),
    BIND(HT_ACTION_NEXT_MATCH, "next-match", "next", "Next match", 'n'),
    BIND(HT_ACTION_PREVIOUS_MATCH, "previous-match", "previous", "Previous match", 'N'),
    BIND(HT_ACTION_SORT, "sort", "sort", "Sort by another column", 's', '>', HT_KEY_F(6)),
    BIND(HT_ACTION_INVERT, "invert", "invert", "Turn the order around", 'I'),
    BIND(HT_ACTION_COLUMNS, "columns", "columns", "Choose columns", 'c'),
    BIND(HT_ACTION_WIDE, "wide", "wide", "Show all columns, scrolling sideways", 'w'),
    BIND(HT_ACTION_TREE, "tree", "tree", "Show as a tree", 't'),
    BIND(HT_ACTION_ZOOM, "zoom", "zoom", "Use the whole screen for this pane", 'z'),
    BIND(HT_ACTION_WHY, "why", "why", "Why this is PARTIAL or UNKNOWN, and what would help", 'i'),
    BIND(HT_ACTION_OWNER, "owner", "owner", "Go to the owner: process, container, pod, node", 'o'),
    BIND(HT_ACTION_COPY_ID, "copy-id", "copy", "Copy the id or full hash to the clipboard", 'y'),
    BIND(HT_ACTION_COPY_PAGE, "copy-page", "copy page", "Copy this page as Markdown", 'Y'),
    BIND(HT_ACTION_EXPORT, "export", "export", "Write this to a file; on a finding its evidence", 'e'),
    BIND(HT_ACTION_PLAIN_TEXT, "plain-text", "text", "Show plain text that can be selected", 'Z'),
    BIND(HT_ACTION_ACKNOWLEDGE, "acknowledge", "ack", "Acknowledge with a reason (only here, changes nothing else)", 'a'),
    BIND(HT_ACTION_MARK, "mark", "mark", "Mark this line", 'm'),
    BIND(HT_ACTION_JUMP, "jump", "jump", "Jump to a mark", '\''),
    BIND(HT_ACTION_PAUSE, "pause", "pause", "Hold the screen; sources go on", 'p'),
    BIND(HT_ACTION_FOLLOW, "follow", "follow", "Follow what is newest", 'F'),
    BIND(HT_ACTION_RESCAN, "rescan", "rescan", "Ask all sources now", 'r'),
    BIND(HT_ACTION_REDRAW, "redraw", "redraw", "Draw the screen again", HT_CTRL('l')),
    BIND(HT_ACTION_STEP_BACK, "step-back", "step", "One step back in time", '['),
    BIND(HT_ACTION_STEP_FORWARD, "step-forward", "step", "One step forward in time", ']'),
    BIND(HT_ACTION_PREVIOUS_FINDING, "previous-finding", "finding", "Previous finding in time", '{'),
    BIND(HT_ACTION_NEXT_FINDING, "next-finding", "finding", "Next finding in time", '}'),
    BIND(HT_ACTION_PLUS, "plus", "closer", "Closer, or a faster replay", '+', '='),
    BIND(HT_ACTION_MINUS, "minus", "wider", "Wider, or a slower replay", '-'),
    BIND(HT_ACTION_LOCK, "lock", "lock", "Lock or unlock a container's baseline", 'L'),
    BIND(HT_ACTION_RESTART, "restart", "again", "Start the recording again from its first frame", 'R'),
    BIND(HT_ACTION_MOUSE, "mouse", "mouse", "Mouse on or off", 'M'),
    BIND(HT_ACTION_UTC, "utc", "UTC", "Times in UTC or local", 'U'),
    BIND(HT_ACTION_COMMAND, "command", "command", "Command line", ':'),
    BIND(HT_ACTION_HELP, "help", "help", "Keys of this screen, what its columns mean", '?', HT_KEY_F(1), HT_KEY_F(7)),
    BIND(HT_ACTION_CLOSE, "close", "quit", "Close this screen; quit on the first one", 'q'),
    BIND(HT_ACTION_QUIT, "quit", "quit", "Quit at once", 'Q', HT_KEY_F(10), HT_CTRL('c')),
    BIND(HT_ACTION_SUSPEND, "suspend", "suspend", "Suspend (fg brings it back)", HT_CTRL('z')),
};
/* clang-format on */

/* In other programs these delete, kill or detach. */
static const uint32_t harmless[] = {'d', 'x', 'D', 'K', 'X', HT_CTRL('a'), HT_CTRL('k')};

const struct ht_binding *ht_keys_table(size_t *ret_len)
{
    *ret_len = ARRAY_LEN(bindings);
    return bindings;
}

const struct ht_binding *ht_keys_binding(enum ht_action action)
{
    for (size_t i = 0; i < ARRAY_LEN(bindings); i++) {
        if (bindings[i].action == action)
            return &bindings[i];
    }
    return NULL;
}

static size_t offers_len(const struct ht_offers *offers)
{
    return offers->own_len + offers->common_len;
}

static const struct ht_offer *offer_at(const struct ht_offers *offers, size_t i)
{
    return i < offers->own_len ? &offers->own[i] : &offers->common[i - offers->own_len];
}

/* The first, or NULL; suiting: that does something now. */
static const struct ht_offer *find_offer(const struct ht_offers *offers, enum ht_action action,
                                         bool suiting)
{
    for (size_t i = 0; i < offers_len(offers); i++) {
        const struct ht_offer *offer = offer_at(offers, i);

        if (offer->action == action &&
            (!suiting || !offer->suits || offer->suits(offers->ui, offers->page)))
            return offer;
    }
    return NULL;
}

const struct ht_offer *ht_keys_offer(const struct ht_offers *offers, enum ht_action action)
{
    return find_offer(offers, action, false);
}

static bool has_key(const struct ht_binding *binding, uint32_t code)
{
    for (size_t i = 0; i < HT_BINDING_KEYS_MAX && binding->keys[i] != 0; i++) {
        if (binding->keys[i] == code)
            return true;
    }
    return false;
}

const struct ht_binding *ht_keys_find(struct ht_key key)
{
    for (size_t i = 0; i < ARRAY_LEN(bindings) && key.code != HT_KEY_NONE; i++) {
        if (has_key(&bindings[i], key.code))
            return &bindings[i];
    }
    return NULL;
}

enum ht_action ht_keys_action(const struct ht_offers *offers, struct ht_key key)
{
    for (size_t i = 0; i < ARRAY_LEN(bindings) && key.code != HT_KEY_NONE; i++) {
        if (has_key(&bindings[i], key.code) && ht_keys_offer(offers, bindings[i].action))
            return bindings[i].action;
    }
    return HT_ACTION_NONE;
}

bool ht_keys_is_harmless(uint32_t code)
{
    for (size_t i = 0; i < ARRAY_LEN(harmless); i++) {
        if (harmless[i] == code)
            return true;
    }
    return false;
}

void ht_keys_names(const struct ht_binding *binding, struct ht_buf *out)
{
    for (size_t i = 0; i < HT_BINDING_KEYS_MAX && binding->keys[i] != 0; i++) {
        if (i > 0)
            ht_buf_add_c(out, ' ');
        ht_key_name(binding->keys[i], out);
    }
}

/* --- the hint line ------------------------------------------------------------------------- */

struct hint {
    const struct ht_offer *offer;
    const char *text;
    char key[16];
    int width;
};

static bool is_pane(enum ht_action action)
{
    return action >= HT_ACTION_PANE_1 && action <= HT_ACTION_PANE_6;
}

/* The keys of all panes that are offered: "1-6", "3", "2 3 5" is written "2-5". */
static void pane_keys(const struct ht_offers *offers, struct ht_buf *out)
{
    char first = '\0';
    char last = '\0';

    for (int i = 0; i < 6; i++) {
        if (ht_keys_offer(offers, (enum ht_action)(HT_ACTION_PANE_1 + i))) {
            last = (char)('1' + i);
            if (first == '\0')
                first = last;
        }
    }
    ht_buf_add_c(out, first);
    if (last != first)
        ht_buf_addf(out, "-%c", last);
}

static bool make_hint(const struct ht_offers *offers, const struct ht_offer *offer,
                      struct hint *ret_hint)
{
    const struct ht_binding *binding = ht_keys_binding(offer->action);
    ht_autobuf struct ht_buf key = HT_BUF(sizeof(ret_hint->key) - 1);

    if (!offer->hinted || !binding || find_offer(offers, offer->action, true) != offer)
        return false;
    if (is_pane(offer->action))
        pane_keys(offers, &key);
    else
        ht_key_name(binding->keys[0], &key);
    *ret_hint = (struct hint){.offer = offer, .text = offer->hint ? offer->hint : binding->hint};
    memcpy(ret_hint->key, key.data, key.len);
    ret_hint->width = (int)(key.len + 1 + strlen(ret_hint->text));
    return true;
}

static void remove_hint(struct hint *hints, size_t *n, size_t at)
{
    memmove(hints + at, hints + at + 1, (*n - at - 1) * sizeof(*hints));
    (*n)--;
}

static int hints_width(const struct hint *hints, size_t n)
{
    int width = 0;

    for (size_t i = 0; i < n; i++)
        width += hints[i].width + (i > 0 ? HINT_GAP : 0);
    return width;
}

static int worth(const struct ht_offer *offer)
{
    if (offer->keep)
        return 2;
    return offer->late ? 1 : 0;
}

/* Leaves out hints from the right, those to keep only when there is nothing else. */
static void fit_hints(struct hint *hints, size_t *n, int width)
{
    while (*n > 0 && hints_width(hints, *n) > width) {
        size_t victim = *n - 1;

        for (size_t i = *n - 1; i-- > 0;) {
            if (worth(hints[i].offer) < worth(hints[victim].offer))
                victim = i;
        }
        remove_hint(hints, n, victim);
    }
}

void ht_keys_draw_hints(struct ht_area area, int row, const struct ht_offers *offers)
{
    struct hint hints[HINTS_MAX];
    size_t n = 0;
    bool pane_seen = false;
    int col = 0;

    for (size_t i = 0; i < offers_len(offers) && n < HINTS_MAX; i++) {
        const struct ht_offer *offer = offer_at(offers, i);

        if ((is_pane(offer->action) && pane_seen) || !make_hint(offers, offer, &hints[n]))
            continue;
        pane_seen = pane_seen || is_pane(offer->action);
        n++;
    }
    fit_hints(hints, &n, area.rect.w);
    for (size_t i = 0; i < n; i++) {
        col += ht_draw_text(area, row, col, HT_STYLE_KEY, ht_str_from(hints[i].key));
        col++;
        col += ht_draw_text(area, row, col, HT_STYLE_NORMAL, ht_str_from(hints[i].text));
        col += HINT_GAP;
    }
}

void ht_keys_each_help(const struct ht_offers *offers, ht_keys_visit visit, void *context)
{
    bool pane_seen = false;

    for (size_t i = 0; i < ARRAY_LEN(bindings); i++) {
        const struct ht_offer *offer = find_offer(offers, bindings[i].action, true);
        ht_autobuf struct ht_buf keys = HT_BUF(128);
        const char *help = NULL;

        if (!offer || (is_pane(bindings[i].action) && pane_seen))
            continue;
        help = offer->help ? offer->help : bindings[i].help;
        if (is_pane(bindings[i].action)) {
            pane_seen = true;
            pane_keys(offers, &keys);
            help = offer->help ? offer->help : "The question of that number";
        } else {
            ht_keys_names(&bindings[i], &keys);
        }
        visit(context, keys.data, help);
    }
}
