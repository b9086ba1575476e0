/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * curses writes into a file in memory, which is copied to the terminal by tty.c: so a stalled
 * terminal cannot hold up the program, the bytes can be counted, and the modes of the terminal are
 * ours alone. What curses is used for: terminfo, the cheapest way from one screen to the next, and
 * decoding of keys.
 */
#include "config.h"

#include "hulltop/ui/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wchar.h>

#include <curses.h>
#include <term.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "hulltop/base/base64.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/printable.h"
#include "paste.h"
#include "tty.h"

enum {
    DRAIN_MS = 300,
    ESCDELAY_LOCAL_MS = 25,
    ESCDELAY_SSH_MS = 200,
    RESTORE_MAX = 512,
    DOUBLE_PRESS_MS = 400,
    PASTE_TURN_BYTES = 65536, /* read at once, then the program has its turn */
    KEY_PASTE = KEY_MAX + 0x1000,
};

/* Asks the terminal to tell what is pasted from what is typed, and takes it back. */
#define PASTE_ON  "\033[?2004h"
#define PASTE_OFF "\033[?2004l"

#define MOUSE_EVENTS (BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED)

struct ht_terminal {
    struct ht_tty tty;
    SCREEN *screen;
    FILE *out;  /* the file in memory */
    FILE *keys; /* a copy of in_fd */
    struct ht_canvas *shown;
    enum ht_theme theme;
    int colors; /* 0, 8, 256 */
    int h;
    int w;
    int cursor_row;
    int cursor_col;
    bool full_redraw;
    bool suspended;
    bool mouse;
    bool has_paste; /* its sequences are those that paste.h knows */
    struct ht_paste paste;
    bool utf8;
    int64_t press_ns; /* the last press of the mouse, and where */
    int press_row;
    int press_col;
};

/* What a signal handler needs to give the terminal back: it has no other way to reach it. restore
 * holds the escape sequences, prepared when the terminal is opened. */
static struct {
    char restore[RESTORE_MAX];
    size_t restore_len;
    struct ht_tty tty; /* what is borrowed and the modes; it has no queue */
} emergency;
/* Set while emergency describes an open terminal in its dashboard modes. */
static atomic_bool emergency_armed;

/* --- opening ------------------------------------------------------------------------------- */

int ht_terminal_check(const struct ht_terminal_options *options, struct ht_error *err)
{
    const char *term = getenv("TERM");

    if (!isatty(options->in_fd) || !isatty(options->out_fd))
        return ht_error_set(err, ENOTTY,
                            "no full screen here\nstandard input or output is not a terminal\n"
                            "run it in a terminal, or use --plain or the check command");
    if (!term || term[0] == '\0')
        return ht_error_set(err, ENOTTY,
                            "no full screen here\nTERM is not set\n"
                            "set TERM to the type of this terminal (often xterm-256color)");
    if (strcmp(term, "dumb") == 0)
        return ht_error_set(err, ENOTTY,
                            "no full screen here\nTERM is \"dumb\": a terminal without a cursor\n"
                            "set TERM to the type of this terminal, or use --plain");
    return 0;
}

static const char *capability(const char *name)
{
    const char *text = tigetstr((char *)name);

    return text && text != (char *)-1 ? text : NULL;
}

/* Adds a capability without its padding marks ("$<5>"): nobody waits for a terminal today. */
static void add_restore(const char *text)
{
    while (text && *text != '\0' && emergency.restore_len < RESTORE_MAX) {
        const char *end = text[0] == '$' && text[1] == '<' ? strchr(text, '>') : NULL;

        if (end)
            text = end + 1;
        else
            emergency.restore[emergency.restore_len++] = *text++;
    }
}

static void arm_emergency(const struct ht_terminal *terminal)
{
    atomic_store(&emergency_armed, false);
    emergency.restore_len = 0;
    if (terminal->mouse)
        add_restore("\033[?1006l\033[?1000l");
    if (terminal->has_paste)
        add_restore(PASTE_OFF);
    add_restore(capability("sgr0"));
    if (terminal->colors > 0)
        add_restore(capability("op"));
    add_restore(capability("rmkx"));
    add_restore(capability("cnorm"));
    if (capability("rmcup"))
        add_restore(capability("rmcup"));
    else
        add_restore("\r\n");
    emergency.tty = (struct ht_tty){.in_fd = terminal->tty.in_fd,
                                    .out_fd = terminal->tty.out_fd,
                                    .out_blocks = terminal->tty.out_blocks,
                                    .shell = terminal->tty.shell};
    atomic_store(&emergency_armed, true);
}

void ht_terminal_emergency(void)
{
    int saved_errno = errno;
    struct ht_str left = {.data = emergency.restore, .len = emergency.restore_len};

    if (atomic_exchange(&emergency_armed, false)) {
        ht_tty_leave(&emergency.tty);
        /* What a stalled terminal does not take now is lost. */
        for (ssize_t n = ht_tty_write_now(&emergency.tty, left); n > 0;
             n = ht_tty_write_now(&emergency.tty, left))
            left = ht_str_sub(left, (size_t)n, left.len);
    }
    errno = saved_errno;
}

static int escdelay_ms(void)
{
    uint64_t value = 0;

    if (ht_parse_u64(ht_str_from(getenv("ESCDELAY")), &value) == 0 && value <= 10000)
        return (int)value;
    return getenv("SSH_CONNECTION") ? ESCDELAY_SSH_MS : ESCDELAY_LOCAL_MS;
}

/* curses never frees what it allocates before its first screen. */
static void leaks_are_expected(bool on)
{
#ifdef __SANITIZE_ADDRESS__
    if (on)
        __lsan_disable();
    else
        __lsan_enable();
#else
    (void)on;
#endif
}

/* newterm() takes these signals for itself; the program handles them in its own way. */
static const int curses_signals[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH};

static SCREEN *new_screen(const struct ht_terminal *terminal)
{
    struct sigaction before[ARRAY_LEN(curses_signals)];
    SCREEN *screen = NULL;

    for (size_t i = 0; i < ARRAY_LEN(curses_signals); i++)
        sigaction(curses_signals[i], NULL, &before[i]);
    leaks_are_expected(true);
    /* LINES and COLUMNS are copies of what the kernel knows, often old ones. A type without a size
     * of its own, such as linux, needs them or what ncurses takes in their place: newterm() fails
     * otherwise. The kernel's size is set afterwards. */
    for (int with_env = 0; with_env < 2 && !screen; with_env++) {
        use_env(with_env);
        screen = newterm(NULL, terminal->out, terminal->keys);
    }
    leaks_are_expected(false);
    for (size_t i = 0; i < ARRAY_LEN(curses_signals); i++)
        sigaction(curses_signals[i], &before[i], NULL);
    return screen;
}

static int open_files(struct ht_terminal *terminal, int in_fd, struct ht_error *err)
{
    ht_autoclose int memory = memfd_create("hulltop-frame", MFD_CLOEXEC);
    ht_autoclose int keys = fcntl(in_fd, F_DUPFD_CLOEXEC, 3);

    if (memory < 0 || keys < 0)
        return ht_error_errno(err, errno, "cannot open the terminal\nno file for frames");
    terminal->out = fdopen(memory, "w");
    if (!terminal->out)
        return ht_error_errno(err, errno, "cannot open the terminal\nno stream for frames");
    ht_steal_fd(&memory);
    terminal->keys = fdopen(keys, "r");
    if (!terminal->keys)
        return ht_error_errno(err, errno, "cannot open the terminal\nno stream for keys");
    ht_steal_fd(&keys);
    return 0;
}

static attr_t look_attrs(struct ht_look look)
{
    attr_t attrs = A_NORMAL;

    if (look.attrs & HT_LOOK_BOLD)
        attrs |= A_BOLD;
    if (look.attrs & HT_LOOK_DIM)
        attrs |= A_DIM;
    if (look.attrs & HT_LOOK_UNDERLINE)
        attrs |= A_UNDERLINE;
    if (look.attrs & HT_LOOK_REVERSE)
        attrs |= A_REVERSE;
    return attrs;
}

/* A pair for each role; pair 0 is the terminal's own colours. curses ends every frame with pair 0:
 * a clock under another pair that looks the same would be sent with the way to it and back. Beside
 * colours the pair of plain text is the shorter way. */
static short style_pair(const struct ht_terminal *terminal, unsigned style, struct ht_look look)
{
    bool is_plain = look.fg == HT_LOOK_DEFAULT_COLOR && look.bg == HT_LOOK_DEFAULT_COLOR;

    if (terminal->colors == 0 || (is_plain && (style & HT_ATTR_LIVE)))
        return 0;
    return (short)(HT_STYLE_ROLE(style) + 1);
}

static void set_pairs(const struct ht_terminal *terminal)
{
    if (terminal->colors == 0)
        return;
    for (short role = 0; role < HT_STYLE_COUNT; role++) {
        struct ht_look look = ht_theme_look(terminal->theme, terminal->colors, (unsigned)role);

        init_pair((short)(role + 1), look.fg, look.bg);
    }
}

static void set_modes(struct ht_terminal *terminal, enum ht_color color)
{
    set_escdelay(escdelay_ms());
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    leaveok(stdscr, FALSE);
    typeahead(-1); /* pending keys are applied before a frame is drawn, so it is drawn whole */
    mouseinterval(0);
    /* Terminals of this kind ignore a mode that they do not know. */
    terminal->has_paste = strncmp(capability("cup"), "\033[", 2) == 0;
    if (terminal->has_paste)
        define_key(HT_PASTE_BEGIN, KEY_PASTE);
    /* Without start_color() curses sends no colour at all. */
    terminal->colors = ht_theme_colors(color, getenv("NO_COLOR"), tigetnum((char *)"colors"));
    if (terminal->colors > 0) {
        start_color();
        use_default_colors();
        set_pairs(terminal);
    }
}

int ht_terminal_open(const struct ht_terminal_options *options, struct ht_terminal **ret_terminal,
                     struct ht_error *err)
{
    struct ht_terminal *terminal = NULL;
    int r = ht_terminal_check(options, err);

    if (r < 0)
        return r;
    terminal = ht_new0(struct ht_terminal);
    terminal->theme = options->theme;
    terminal->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    terminal->full_redraw = true;
    terminal->shown = ht_canvas_new(1, 1);
    ht_paste_init(&terminal->paste);
    r = ht_tty_init(&terminal->tty, options->in_fd, options->out_fd);
    if (r < 0)
        r = ht_error_set(err, ENOTTY,
                         "no full screen here\nthe terminal cannot be opened\nuse --plain");
    if (r == 0)
        r = open_files(terminal, options->in_fd, err);
    if (r == 0) {
        terminal->screen = new_screen(terminal);
        if (!terminal->screen)
            r = ht_error_set(err, ENOENT,
                             "terminal type \"%s\" is not known here\n"
                             "the terminfo database has no usable entry of that name\n"
                             "install it (Debian: ncurses-term), or try TERM=xterm hulltop",
                             getenv("TERM"));
        else if (!capability("cup"))
            r = ht_error_set(err, ENOTSUP,
                             "terminal type \"%s\" is not enough\nit cannot move the cursor\n"
                             "use --plain, or set TERM to the type of this terminal",
                             getenv("TERM"));
    }
    if (r < 0) {
        ht_terminal_close(terminal);
        return r;
    }
    set_modes(terminal, options->color);
    ht_tty_enter(&terminal->tty);
    ht_terminal_update_size(terminal);
    arm_emergency(terminal);
    ht_terminal_set_mouse(terminal, options->mouse);
    *ret_terminal = terminal;
    return 0;
}

/* --- output -------------------------------------------------------------------------------- */

/* Moves what curses has written into the queue of the terminal. */
static void collect(struct ht_terminal *terminal)
{
    char piece[4096];
    int fd = fileno(terminal->out);
    off_t at = 0;
    ssize_t n = 0;

    fflush(terminal->out);
    for (n = pread(fd, piece, sizeof(piece), at); n > 0; n = pread(fd, piece, sizeof(piece), at)) {
        ht_tty_add(&terminal->tty, (struct ht_str){.data = piece, .len = (size_t)n});
        at += n;
    }
    /* A truncation that fails would repeat old output; it cannot on a file in memory. */
    if (at > 0 && (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0))
        terminal->tty.out_gone = true;
}

struct ht_terminal *ht_terminal_close(struct ht_terminal *terminal)
{
    if (!terminal)
        return NULL;
    if (terminal->screen) {
        ht_terminal_suspend(terminal);
        delscreen(terminal->screen);
    }
    atomic_store(&emergency_armed, false);
    if (terminal->out)
        fclose(terminal->out);
    if (terminal->keys)
        fclose(terminal->keys);
    ht_tty_fini(&terminal->tty);
    ht_canvas_free(terminal->shown);
    ht_paste_fini(&terminal->paste);
    free(terminal);
    return NULL;
}

void ht_terminal_suspend(struct ht_terminal *terminal)
{
    if (terminal->suspended)
        return;
    terminal->suspended = true;
    if (terminal->mouse)
        mousemask(0, NULL);
    endwin();
    collect(terminal);
    if (terminal->has_paste)
        ht_tty_add(&terminal->tty, HT_S(PASTE_OFF));
    ht_paste_drop(&terminal->paste);
    ht_tty_drain(&terminal->tty, DRAIN_MS);
    ht_tty_leave(&terminal->tty);
    atomic_store(&emergency_armed, false);
}

void ht_terminal_resume(struct ht_terminal *terminal)
{
    if (!terminal->suspended)
        return;
    terminal->suspended = false;
    ht_tty_enter(&terminal->tty);
    arm_emergency(terminal);
    terminal->full_redraw = true;
    ht_terminal_update_size(terminal);
    refresh(); /* ends what endwin() began: back to the alternate screen and the keypad */
    if (terminal->mouse)
        mousemask(MOUSE_EVENTS, NULL);
    collect(terminal);
    ht_tty_flush(&terminal->tty);
}

/* A character that the C library measures differently would shift the rest of its row. */
static void cell_text(const struct ht_cell *cell, wchar_t out[4])
{
    size_t n = 1;

    memset(out, 0, 4 * sizeof(out[0]));
    out[0] = (wchar_t)cell->code;
    if (wcwidth(out[0]) != cell->width) {
        out[0] = L'?';
        return;
    }
    for (size_t i = 0; i < 2 && cell->mark[i] != 0; i++) {
        if (wcwidth((wchar_t)cell->mark[i]) == 0)
            out[n++] = (wchar_t)cell->mark[i];
    }
}

static void put_row(const struct ht_terminal *terminal, const struct ht_canvas *canvas, int row)
{
    for (int col = 0; col < canvas->w && col < terminal->w; col++) {
        const struct ht_cell *cell = ht_canvas_cell(canvas, row, col);
        struct ht_look look = ht_theme_look(terminal->theme, terminal->colors, cell->style);
        short pair = style_pair(terminal, cell->style, look);
        wchar_t text[4];
        cchar_t out;

        if (cell->width == 0 || (row == terminal->h - 1 && col == terminal->w - 1))
            continue;
        cell_text(cell, text);
        setcchar(&out, text, look_attrs(look), pair, NULL);
        mvadd_wch(row, col, &out);
        if (cell->width == 2 && text[0] == L'?' && col + 1 < terminal->w) {
            text[0] = L' ';
            setcchar(&out, text, look_attrs(look), pair, NULL);
            mvadd_wch(row, col + 1, &out);
        }
    }
}

static int clamp(int value, int end)
{
    if (value < 0)
        return 0;
    return value >= end ? end - 1 : value;
}

int ht_terminal_show(struct ht_terminal *terminal, const struct ht_canvas *canvas, int cursor_row,
                     int cursor_col)
{
    bool same_size = terminal->shown->h == canvas->h && terminal->shown->w == canvas->w;
    bool changed = terminal->full_redraw || !same_size;
    size_t before = 0;
    int r = ht_tty_flush(&terminal->tty);

    if (r < 0)
        return r;
    if (terminal->suspended)
        return -EAGAIN;
    if (terminal->full_redraw || !same_size)
        erase();
    for (int row = 0; row < canvas->h && row < terminal->h; row++) {
        if (terminal->full_redraw || !same_size ||
            !ht_canvas_row_equals(canvas, terminal->shown, row)) {
            put_row(terminal, canvas, row);
            changed = true;
        }
    }
    cursor_row = clamp(cursor_row, terminal->h);
    cursor_col = clamp(cursor_col, terminal->w);
    if (!changed && cursor_row == terminal->cursor_row && cursor_col == terminal->cursor_col)
        return 0;
    if (terminal->full_redraw)
        clearok(curscr, TRUE);
    move(cursor_row, cursor_col);
    wnoutrefresh(stdscr);
    doupdate();
    terminal->cursor_row = cursor_row;
    terminal->cursor_col = cursor_col;
    ht_canvas_copy(terminal->shown, canvas);
    before = terminal->tty.waiting.len;
    collect(terminal);
    if (terminal->full_redraw && terminal->has_paste)
        ht_tty_add(&terminal->tty, HT_S(PASTE_ON));
    terminal->full_redraw = false;
    before = terminal->tty.waiting.len - before;
    r = ht_tty_flush(&terminal->tty);
    return r == -EPIPE ? r : (int)before;
}

void ht_terminal_redraw(struct ht_terminal *terminal)
{
    terminal->full_redraw = true;
}

void ht_terminal_set_theme(struct ht_terminal *terminal, enum ht_theme theme)
{
    terminal->theme = theme;
    set_pairs(terminal);
    terminal->full_redraw = true;
}

void ht_terminal_set_mouse(struct ht_terminal *terminal, bool on)
{
    if (terminal->mouse == on)
        return;
    terminal->mouse = on;
    if (terminal->suspended)
        return;
    mousemask(on ? MOUSE_EVENTS : 0, NULL);
    arm_emergency(terminal);
    collect(terminal);
    ht_tty_flush(&terminal->tty);
}

bool ht_terminal_has_mouse(const struct ht_terminal *terminal)
{
    return terminal->mouse;
}

/* --- size, state --------------------------------------------------------------------------- */

void ht_terminal_size(const struct ht_terminal *terminal, int *ret_h, int *ret_w)
{
    *ret_h = terminal->h;
    *ret_w = terminal->w;
}

bool ht_terminal_update_size(struct ht_terminal *terminal)
{
    /* Where the kernel knows no size (serial lines) terminfo's stays. */
    int h = LINES;
    int w = COLS;

    ht_tty_size(&terminal->tty, &h, &w);
    if (h == terminal->h && w == terminal->w)
        return false;
    terminal->h = h;
    terminal->w = w;
    resize_term(h, w);
    terminal->full_redraw = true;
    return true;
}

bool ht_terminal_is_utf8(const struct ht_terminal *terminal)
{
    return terminal->utf8;
}

void ht_terminal_poll(const struct ht_terminal *terminal, struct pollfd ret_fds[2])
{
    bool waits = terminal->tty.waiting.len > 0 && !terminal->tty.out_gone;

    ret_fds[0] = (struct pollfd){.fd = terminal->tty.in_fd, .events = POLLIN};
    ret_fds[1] = (struct pollfd){.fd = waits ? terminal->tty.out_fd : -1, .events = POLLOUT};
}

int ht_terminal_flush(struct ht_terminal *terminal)
{
    return ht_tty_flush(&terminal->tty);
}

uint64_t ht_terminal_bytes(const struct ht_terminal *terminal)
{
    return terminal->tty.sent_bytes;
}

/* --- keys ---------------------------------------------------------------------------------- */

struct key_pair {
    wint_t curses;
    uint32_t code;
};

static const struct key_pair key_pairs[] = {
    {KEY_UP, HT_KEY_UP},         {KEY_DOWN, HT_KEY_DOWN},           {KEY_LEFT, HT_KEY_LEFT},
    {KEY_RIGHT, HT_KEY_RIGHT},   {KEY_HOME, HT_KEY_HOME},           {KEY_END, HT_KEY_END},
    {KEY_PPAGE, HT_KEY_PAGE_UP}, {KEY_NPAGE, HT_KEY_PAGE_DOWN},     {KEY_IC, HT_KEY_INSERT},
    {KEY_DC, HT_KEY_DELETE},     {KEY_BTAB, HT_KEY_BACKTAB},        {KEY_ENTER, HT_KEY_ENTER},
    {KEY_A1, HT_KEY_HOME},       {KEY_A3, HT_KEY_PAGE_UP},          {KEY_C1, HT_KEY_END},
    {KEY_C3, HT_KEY_PAGE_DOWN},  {KEY_BACKSPACE, HT_KEY_BACKSPACE}, {KEY_SUSPEND, HT_CTRL('z')},
};

/* curses would wait for the second press of a double click before it reports the first. */
static enum ht_button left_press(struct ht_terminal *terminal, const MEVENT *event)
{
    int64_t now_ns = ht_clock_mono(ht_clock_system());
    bool again = event->y == terminal->press_row && event->x == terminal->press_col &&
                 terminal->press_ns > 0 &&
                 now_ns - terminal->press_ns < DOUBLE_PRESS_MS * HT_NS_PER_MS;

    terminal->press_ns = again ? 0 : now_ns;
    terminal->press_row = event->y;
    terminal->press_col = event->x;
    return again ? HT_BUTTON_LEFT_DOUBLE : HT_BUTTON_LEFT;
}

static struct ht_key read_mouse(struct ht_terminal *terminal)
{
    struct ht_key key = {.code = HT_KEY_MOUSE};
    MEVENT event;

    if (getmouse(&event) != OK)
        return (struct ht_key){.code = HT_KEY_UNKNOWN};
    key.row = event.y;
    key.col = event.x;
    if (event.bstate & BUTTON1_PRESSED)
        key.button = left_press(terminal, &event);
    else if (event.bstate & BUTTON4_PRESSED)
        key.button = HT_BUTTON_WHEEL_UP;
    else if (event.bstate & BUTTON5_PRESSED)
        key.button = HT_BUTTON_WHEEL_DOWN;
    return key;
}

static uint32_t special_code(wint_t got)
{
    for (size_t i = 0; i < ARRAY_LEN(key_pairs); i++) {
        if (key_pairs[i].curses == got)
            return key_pairs[i].code;
    }
    if (got >= KEY_F(1) && got <= KEY_F(12))
        return HT_KEY_F1 + (uint32_t)(got - KEY_F(1));
    return HT_KEY_UNKNOWN;
}

static uint32_t character_code(wint_t got)
{
    switch (got) {
    case '\n':
    case '\r':
        return HT_KEY_ENTER;
    case '\b':
        return HT_KEY_BACKSPACE;
    case 0:
        return HT_KEY_UNKNOWN;
    default:
        return (uint32_t)got;
    }
}

/* False: none is there, or a key of its own, which stays to be read. */
static bool next_character(wint_t *ret_got)
{
    wint_t got = 0;
    int r = get_wch(&got);

    if (r == KEY_CODE_YES)
        ungetch((int)got);
    if (r == OK)
        *ret_got = got;
    return r == OK;
}

/* Up to the byte that ends a control sequence. */
static void skip_parameters(wint_t got)
{
    enum { SEQUENCE_MAX = 64 };

    for (int i = 0; i < SEQUENCE_MAX && (got < '@' || got > '~'); i++) {
        if (!next_character(&got))
            return;
    }
}

/* Who had the mouse before may have left it on: curses knows the beginning of what it tells, and
 * reads the rest only where it was asked for the mouse. */
static void skip_mouse(void)
{
    const char *begin = tigetstr((char *)"kmous");
    bool is_old = begin != (char *)-1 && begin && begin[0] && begin[strlen(begin) - 1] == 'M';
    wint_t got = 0;

    if (!is_old)
        skip_parameters(0);
    for (int i = 0; is_old && i < 3; i++)
        (void)next_character(&got);
}

/* The rest of what curses does not know as a key (a key with a modifier, a report that nobody asked
 * for) must not be taken for keys that somebody pressed: "1;5C" leads to panes. What comes behind
 * Esc at once is such a rest, for curses has waited for it. False: Esc stands alone. */
static bool skip_sequence(void)
{
    wint_t first = 0, got = 0;
    int r = get_wch(&first);

    if (r == ERR)
        return false;
    if (r == OK && (first == '[' || first == 'O') && next_character(&got)) {
        skip_parameters(first == '[' ? got : '@');
        return true;
    }
    if (r == KEY_CODE_YES)
        ungetch((int)first);
    else
        unget_wch((wchar_t)first);
    return false;
}

static struct ht_key pasted(const struct ht_terminal *terminal)
{
    return (struct ht_key){.code = HT_KEY_PASTE,
                           .text = ht_buf_str(&terminal->paste.text),
                           .is_cut = terminal->paste.is_cut};
}

/* Past curses, which would look for keys in it, and wait for them. What is behind its end stays
 * for curses. */
static struct ht_key read_paste(struct ht_terminal *terminal)
{
    struct ht_paste *paste = &terminal->paste;
    int64_t now_ns = ht_clock_mono(ht_clock_system());
    int left = 0;

    if (ht_paste_give_up(paste, now_ns))
        return pasted(terminal);
    if (ioctl(terminal->tty.in_fd, FIONREAD, &left) < 0)
        left = 0;
    left = left > PASTE_TURN_BYTES ? PASTE_TURN_BYTES : left;
    while (left > 0) {
        char piece[sizeof(HT_PASTE_END)];
        size_t room = ht_paste_room(paste);
        ssize_t n = read(terminal->tty.in_fd, piece, room < (size_t)left ? room : (size_t)left);

        if (n <= 0)
            break;
        left -= (int)n;
        if (ht_paste_add(paste, (struct ht_str){.data = piece, .len = (size_t)n}, now_ns))
            return pasted(terminal);
    }
    return (struct ht_key){.code = HT_KEY_NONE};
}

struct ht_key ht_terminal_read_key(struct ht_terminal *terminal)
{
    wint_t got = 0;
    int r = 0;

    if (terminal->suspended)
        return (struct ht_key){.code = HT_KEY_NONE};
    if (ht_tty_is_gone(&terminal->tty))
        return (struct ht_key){.code = HT_KEY_EOF};
    if (terminal->paste.is_open)
        return read_paste(terminal);
    r = get_wch(&got);
    bool is_skipped = r == OK && got == HT_KEY_ESC && skip_sequence();
    if (r == KEY_CODE_YES && got == KEY_MOUSE && !terminal->mouse) {
        skip_mouse();
        is_skipped = true;
    }
    /* get_wch() refreshes the screen when it thinks that it must. */
    collect(terminal);
    if (r == ERR)
        return (struct ht_key){.code = HT_KEY_NONE};
    if (is_skipped)
        return (struct ht_key){.code = HT_KEY_UNKNOWN};
    if (r == KEY_CODE_YES && got == KEY_PASTE) {
        ht_paste_begin(&terminal->paste, ht_clock_mono(ht_clock_system()));
        return read_paste(terminal);
    }
    if (r == KEY_CODE_YES && got == KEY_MOUSE)
        return read_mouse(terminal);
    return (struct ht_key){.code = r == KEY_CODE_YES ? special_code(got) : character_code(got)};
}

/* --- clipboard ----------------------------------------------------------------------------- */

int ht_terminal_copy(struct ht_terminal *terminal, struct ht_str text)
{
    ht_autobuf struct ht_buf clean = HT_BUF(HT_COPY_TEXT_MAX);
    ht_autobuf struct ht_buf out = HT_BUF(HT_COPY_MAX + 16);

    if (ht_tty_flush(&terminal->tty) < 0)
        return -EAGAIN;
    ht_printable(&clean, text, HT_PRINT_NEWLINES);
    if (ht_buf_is_full(&clean))
        return -E2BIG;
    ht_buf_add_text(&out, "\033]52;c;");
    ht_base64_encode(ht_buf_str(&clean), &out);
    ht_buf_add_c(&out, '\a');
    ht_tty_add(&terminal->tty, ht_buf_str(&out));
    ht_tty_flush(&terminal->tty);
    return 0;
}
