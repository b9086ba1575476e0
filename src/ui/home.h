/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the home screen. Layer 6 (ui), private. */
#ifndef HT_UI_HOME_H
#define HT_UI_HOME_H

#include "ui-private.h"

struct ht_home {
    struct ht_page page;
    unsigned question; /* selected, 1 to 6 */
    bool in_findings;  /* the selection stands in the worst findings, not in the questions */
    size_t finding;    /* row of the selected one among those shown */
    char *chosen;      /* its id, as it was drawn last; NULL: none was, or another was selected */
    size_t findings;   /* how many are shown */
    size_t last;       /* place of what is shown last: the selected one is kept there */
    bool swapped;      /* v: worst findings instead of panes, and the other way round */
    bool zoomed;       /* one pane has the whole body */
    bool has_panes;    /* v had room for what it shows, at the last draw that was not zoomed */
    struct ht_rect question_rects[HT_QUESTIONS]; /* of the last draw, for the mouse */
    int findings_row;
    int findings_w;
};

/* One line of a pane: a group of equal findings by its worst one, or a finding alone. */
struct ht_home_line {
    const struct ht_finding *finding; /* NULL: there are not so many */
    uint64_t count;                   /* findings in the group, or subjects of the finding */
    uint64_t total;                   /* 0: unknown */
};

/* The six lines; returns the rows used. */
int ht_home_draw_questions(struct ht_ui *ui, struct ht_home *home, struct ht_area area);
/* The six panes as tiles; false: no room, nothing drawn. */
bool ht_home_draw_tiles(struct ht_ui *ui, struct ht_home *home, struct ht_area area);
/* One line a pane: its newest worst line. */
int ht_home_draw_panes(struct ht_ui *ui, struct ht_area area);
/* The worst findings, as many as there is room for; remembers them for the selection, which stays
 * with its finding when others come. */
int ht_home_draw_findings(struct ht_ui *ui, struct ht_home *home, struct ht_area area);
/* The line that was drawn in that row. */
struct ht_home_line ht_home_line_in_row(const struct ht_ui *ui, const struct ht_home *home,
                                        size_t row);
/* What is over, what is not known, and why: as many lines as there is room for. */
void ht_home_draw_notes(struct ht_ui *ui, struct ht_area area);
/* "busiest: ..." */
void ht_home_draw_busiest(struct ht_ui *ui, struct ht_area area);
/* What is selected, and what changed last: the right side of a wide screen. */
void ht_home_draw_side(struct ht_ui *ui, const struct ht_home *home, struct ht_area area);
/* Whether it says something how many were found: it was looked, or some were. */
bool ht_home_is_counted(const struct ht_question *question);
/* What a pane without lines says; static. */
const char *ht_home_empty_pane(const struct ht_question *question);
/* The first of what a question misses, wrapped, from row on; returns the row behind it. */
int ht_home_draw_missing(struct ht_area area, int row, const struct ht_question *question);
/* Line n of a question (0: of all questions), in the order of display. */
struct ht_home_line ht_home_line(const struct ht_state *state, unsigned question, size_t n);
/* Appends the title of a line, with "(3 of 41)" where it stands for several. */
void ht_home_line_text(struct ht_buf *out, const struct ht_home_line *line);
/* Appends "41 of 41 containers", or with the mark of what is not: "3 of 41 containers in full". */
void ht_home_coverage(struct ht_buf *out, const struct ht_question *question, const char *mark);
/* Draws an hour as 12 letters; returns the columns used. */
int ht_home_draw_trend(struct ht_ui *ui, struct ht_area area, struct ht_span span, unsigned number);

#endif
