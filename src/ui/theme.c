/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "hulltop/ui/theme.h"

#include <stddef.h>

#include "hulltop/base/mem.h"

enum { NO = HT_LOOK_DEFAULT_COLOR };
enum { BLACK, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE };
enum {
    B = HT_LOOK_BOLD,
    D = HT_LOOK_DIM,
    U = HT_LOOK_UNDERLINE,
    R = HT_LOOK_REVERSE,
};

/* Looks by role: without colours, and with 8 and 256 of them for dark and for light backgrounds. */
static const struct ht_look mono[HT_STYLE_COUNT] = {
    [HT_STYLE_NORMAL] = {NO, NO, 0},       [HT_STYLE_DIM] = {NO, NO, D},
    [HT_STYLE_ACCENT] = {NO, NO, B},       [HT_STYLE_TITLE] = {NO, NO, B},
    [HT_STYLE_HEADER] = {NO, NO, U},       [HT_STYLE_KEY] = {NO, NO, B},
    [HT_STYLE_MATCH] = {NO, NO, R},        [HT_STYLE_PROMPT] = {NO, NO, B},
    [HT_STYLE_CRITICAL] = {NO, NO, R | B}, [HT_STYLE_HIGH] = {NO, NO, B},
    [HT_STYLE_MEDIUM] = {NO, NO, 0},       [HT_STYLE_LOW] = {NO, NO, 0},
    [HT_STYLE_INFO] = {NO, NO, D},         [HT_STYLE_GOOD] = {NO, NO, 0},
    [HT_STYLE_UNKNOWN] = {NO, NO, U},      [HT_STYLE_STALE] = {NO, NO, D},
};

static const struct ht_look dark_8[HT_STYLE_COUNT] = {
    [HT_STYLE_NORMAL] = {NO, NO, 0},        [HT_STYLE_DIM] = {NO, NO, D},
    [HT_STYLE_ACCENT] = {CYAN, NO, B},      [HT_STYLE_TITLE] = {NO, NO, B},
    [HT_STYLE_HEADER] = {CYAN, NO, 0},      [HT_STYLE_KEY] = {CYAN, NO, 0},
    [HT_STYLE_MATCH] = {BLACK, YELLOW, 0},  [HT_STYLE_PROMPT] = {NO, NO, B},
    [HT_STYLE_CRITICAL] = {WHITE, RED, B},  [HT_STYLE_HIGH] = {RED, NO, B},
    [HT_STYLE_MEDIUM] = {YELLOW, NO, 0},    [HT_STYLE_LOW] = {NO, NO, 0},
    [HT_STYLE_INFO] = {NO, NO, D},          [HT_STYLE_GOOD] = {CYAN, NO, 0},
    [HT_STYLE_UNKNOWN] = {BLUE, NO, B | U}, [HT_STYLE_STALE] = {NO, NO, D},
};

static const struct ht_look dark_256[HT_STYLE_COUNT] = {
    [HT_STYLE_NORMAL] = {NO, NO, 0},    [HT_STYLE_DIM] = {245, NO, 0},
    [HT_STYLE_ACCENT] = {116, NO, B},   [HT_STYLE_TITLE] = {NO, NO, B},
    [HT_STYLE_HEADER] = {110, NO, 0},   [HT_STYLE_KEY] = {116, NO, 0},
    [HT_STYLE_MATCH] = {16, 220, 0},    [HT_STYLE_PROMPT] = {NO, NO, B},
    [HT_STYLE_CRITICAL] = {15, 166, B}, [HT_STYLE_HIGH] = {208, NO, 0},
    [HT_STYLE_MEDIUM] = {220, NO, 0},   [HT_STYLE_LOW] = {74, NO, 0},
    [HT_STYLE_INFO] = {245, NO, 0},     [HT_STYLE_GOOD] = {36, NO, 0},
    [HT_STYLE_UNKNOWN] = {75, NO, 0},   [HT_STYLE_STALE] = {245, NO, 0},
};

static const struct ht_look light_8[HT_STYLE_COUNT] = {
    [HT_STYLE_NORMAL] = {NO, NO, 0},        [HT_STYLE_DIM] = {NO, NO, D},
    [HT_STYLE_ACCENT] = {BLUE, NO, B},      [HT_STYLE_TITLE] = {NO, NO, B},
    [HT_STYLE_HEADER] = {BLUE, NO, 0},      [HT_STYLE_KEY] = {BLUE, NO, 0},
    [HT_STYLE_MATCH] = {BLACK, CYAN, 0},    [HT_STYLE_PROMPT] = {NO, NO, B},
    [HT_STYLE_CRITICAL] = {RED, NO, R | B}, [HT_STYLE_HIGH] = {RED, NO, B},
    [HT_STYLE_MEDIUM] = {MAGENTA, NO, 0},   [HT_STYLE_LOW] = {NO, NO, 0},
    [HT_STYLE_INFO] = {NO, NO, D},          [HT_STYLE_GOOD] = {GREEN, NO, 0},
    [HT_STYLE_UNKNOWN] = {BLUE, NO, B | U}, [HT_STYLE_STALE] = {NO, NO, D},
};

static const struct ht_look light_256[HT_STYLE_COUNT] = {
    [HT_STYLE_NORMAL] = {NO, NO, 0},        [HT_STYLE_DIM] = {240, NO, 0},
    [HT_STYLE_ACCENT] = {25, NO, B},        [HT_STYLE_TITLE] = {NO, NO, B},
    [HT_STYLE_HEADER] = {24, NO, 0},        [HT_STYLE_KEY] = {25, NO, 0},
    [HT_STYLE_MATCH] = {16, 152, 0},        [HT_STYLE_PROMPT] = {NO, NO, B},
    [HT_STYLE_CRITICAL] = {124, NO, R | B}, [HT_STYLE_HIGH] = {160, NO, B},
    [HT_STYLE_MEDIUM] = {94, NO, 0},        [HT_STYLE_LOW] = {25, NO, 0},
    [HT_STYLE_INFO] = {240, NO, 0},         [HT_STYLE_GOOD] = {29, NO, 0},
    [HT_STYLE_UNKNOWN] = {26, NO, U},       [HT_STYLE_STALE] = {240, NO, 0},
};

struct theme {
    const char *name;
    const struct ht_look *few;  /* with 8 colours */
    const struct ht_look *many; /* with 256 */
};

static const struct theme themes[HT_THEME_COUNT] = {
    [HT_THEME_DEFAULT] = {.name = "default", .few = dark_8, .many = dark_256},
    [HT_THEME_LIGHT] = {.name = "light", .few = light_8, .many = light_256},
    [HT_THEME_MONO] = {.name = "mono", .few = mono, .many = mono},
    [HT_THEME_COLOUR_BLIND] = {.name = "colour-blind", .few = dark_8, .many = dark_256},
};

static const char *const color_names[] = {
    [HT_COLOR_AUTO] = "auto",
    [HT_COLOR_ALWAYS] = "always",
    [HT_COLOR_NEVER] = "never",
};

static struct ht_look base_look(enum ht_theme theme, int colors, enum ht_style role)
{
    if (colors < 8)
        return mono[role];
    /* Red and orange are what most colour-blind people cannot tell from yellow and green. */
    if (theme == HT_THEME_COLOUR_BLIND && role == HT_STYLE_HIGH)
        return (struct ht_look){colors < 256 ? MAGENTA : 175, NO, B};
    return (colors < 256 ? themes[theme].few : themes[theme].many)[role];
}

struct ht_look ht_theme_look(enum ht_theme theme, int colors, unsigned style)
{
    enum ht_style role = HT_STYLE_ROLE(style);
    struct ht_look look = base_look(theme, colors, role < HT_STYLE_COUNT ? role : HT_STYLE_NORMAL);

    if (style & HT_ATTR_BOLD)
        look.attrs |= HT_LOOK_BOLD;
    if (style & HT_ATTR_UNDERLINE)
        look.attrs |= HT_LOOK_UNDERLINE;
    if (style & HT_ATTR_REVERSE)
        look.attrs ^= HT_LOOK_REVERSE;
    if (style & HT_ATTR_SELECTED)
        look.attrs ^= HT_LOOK_REVERSE;
    return look;
}

int ht_theme_colors(enum ht_color mode, const char *no_color, int terminal_colors)
{
    if (mode == HT_COLOR_NEVER || terminal_colors < 8)
        return 0;
    if (mode == HT_COLOR_AUTO && no_color && no_color[0] != '\0')
        return 0;
    return terminal_colors >= 256 ? 256 : 8;
}

const char *ht_theme_name(enum ht_theme theme)
{
    return themes[theme].name;
}

const char *ht_color_name(enum ht_color mode)
{
    return color_names[mode];
}

bool ht_theme_parse(struct ht_str name, enum ht_theme *ret_theme)
{
    if (ht_str_is(name, "color-blind")) {
        *ret_theme = HT_THEME_COLOUR_BLIND;
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(themes); i++) {
        if (ht_str_is(name, themes[i].name)) {
            *ret_theme = (enum ht_theme)i;
            return true;
        }
    }
    return false;
}

bool ht_color_parse(struct ht_str name, enum ht_color *ret_mode)
{
    for (size_t i = 0; i < ARRAY_LEN(color_names); i++) {
        if (ht_str_is(name, color_names[i])) {
            *ret_mode = (enum ht_color)i;
            return true;
        }
    }
    return false;
}
