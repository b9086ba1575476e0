/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a style looks like. Layer 6 (ui); pure; any thread.
 */
#ifndef HT_UI_THEME_H
#define HT_UI_THEME_H

#include <stdbool.h>

#include "hulltop/base/str.h"
#include "hulltop/ui/canvas.h"

enum ht_theme {
    HT_THEME_DEFAULT,
    HT_THEME_LIGHT, /* for light backgrounds: no yellow and no white foreground */
    HT_THEME_MONO,  /* attributes only */
    HT_THEME_COLOUR_BLIND,
    HT_THEME_COUNT,
};

enum ht_color {
    HT_COLOR_AUTO, /* colours unless NO_COLOR is set and not empty */
    HT_COLOR_ALWAYS,
    HT_COLOR_NEVER, /* not one colour is sent; bold, underline, reverse are */
};

enum ht_look_attr {
    HT_LOOK_BOLD = 1 << 0,
    HT_LOOK_DIM = 1 << 1,
    HT_LOOK_UNDERLINE = 1 << 2,
    HT_LOOK_REVERSE = 1 << 3,
};

enum { HT_LOOK_DEFAULT_COLOR = -1 };
/* Colours are numbers of the terminal's palette (8 or 256), -1 the terminal's own. */
struct ht_look {
    short fg;
    short bg;
    unsigned attrs; /* enum ht_look_attr */
};

/* Look of a style (role and attributes) in a terminal with so many colours: 0, 8 or 256. */
struct ht_look ht_theme_look(enum ht_theme theme, int colors, unsigned style);
/* Colours to use: 0, 8 or 256. terminal_colors is what terminfo says (<= 0: none), no_color the
 * value of NO_COLOR or NULL. */
int ht_theme_colors(enum ht_color mode, const char *no_color, int terminal_colors);

/* Name in options and configuration ("colour-blind"); of the theme and of the colour mode. */
const char *ht_theme_name(enum ht_theme theme);
const char *ht_color_name(enum ht_color mode);
/* Reads a name; false if there is none such ("color-blind" is one too). */
bool ht_theme_parse(struct ht_str name, enum ht_theme *ret_theme);
bool ht_color_parse(struct ht_str name, enum ht_color *ret_mode);

#endif
