/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: paint [CELLS]
 * The floor of a screen: a bare ncurses program, linked with the libraries that hulltop is linked
 * with. It paints a frame of about the text that hulltop's first has and ends with q. With CELLS it
 * changes as many cells once a second.
 */
#include <locale.h>
#include <stdio.h>

#include <curses.h>

#include "hulltop/base/str.h"

enum { PAIR_HEAD = 1, PAIR_STATE, PAIR_DIM, MAX_CELLS = 10000 };

static const char *const questions[] = {
    "Do builds run apart from production?",          "Is all executable code added at build time?",
    "Do containers run without --privileged?",       "Is the host up to date?",
    "Are secrets encrypted at rest and in transit?", "Are containers kept from drifting?",
};

static void paint_rule(int row)
{
    mvhline(row, 0, ACS_HLINE, COLS);
}

static void paint_frame(void)
{
    attron(A_BOLD);
    mvaddstr(0, 0, "paint");
    attroff(A_BOLD);
    mvaddstr(0, COLS - 27, "READ-ONLY      00:00:00 UTC");
    mvaddstr(1, 0, "src docker WAIT 0s | proc WAIT 0s");
    paint_rule(2);
    attron(COLOR_PAIR(PAIR_HEAD));
    mvaddstr(3, 0,
             "   QUESTION                                         STATE   FOUND  NEW CHECKED");
    attroff(COLOR_PAIR(PAIR_HEAD));
    for (int i = 0; i < 6; i++) {
        mvprintw(4 + i, 1, "%d %s", i + 1, questions[i]);
        attron(COLOR_PAIR(PAIR_STATE) | A_REVERSE);
        mvaddstr(4 + i, 52, "WAIT");
        attroff(COLOR_PAIR(PAIR_STATE) | A_REVERSE);
        attron(COLOR_PAIR(PAIR_DIM));
        mvaddstr(4 + i, 64, "-    0 -");
        attroff(COLOR_PAIR(PAIR_DIM));
    }
    paint_rule(10);
    mvaddstr(11, 1, "WORST FINDINGS");
    mvaddstr(12, 1, "waiting for sources");
    paint_rule(LINES - 6);
    for (int row = LINES - 5; row < LINES - 2; row++)
        mvaddstr(row, 0, "1 is UNKNOWN: not looked at by this version. i = why");
    mvaddstr(LINES - 1, 0,
             "Enter open  1-6 pane  8 time  9 all  v panes  / filter  ? help  q quit");
    refresh();
}

static void change_cells(uint64_t cells, int round)
{
    for (uint64_t i = 0; i < cells; i++)
        mvaddch((int)(12 + (i / 40) % 5), (int)(20 + i % 40),
                (chtype)('a' + (round + (int)i) % 26));
    refresh();
}

int main(int argc, char **argv)
{
    uint64_t cells = 0;

    if (argc > 2 ||
        (argc == 2 && (ht_parse_u64(ht_str_from(argv[1]), &cells) < 0 || cells > MAX_CELLS))) {
        fprintf(stderr, "usage: paint [CELLS]\n");
        return 2;
    }
    setlocale(LC_ALL, "");
    if (!initscr())
        return 1;
    start_color();
    use_default_colors();
    init_pair(PAIR_HEAD, COLOR_CYAN, -1);
    init_pair(PAIR_STATE, COLOR_BLUE, -1);
    init_pair(PAIR_DIM, COLOR_WHITE, -1);
    noecho();
    cbreak();
    curs_set(0);
    keypad(stdscr, TRUE);
    paint_frame();
    timeout(cells ? 1000 : -1);
    for (int round = 0; getch() != 'q'; round++)
        change_cells(cells, round);
    endwin();
    return 0;
}
