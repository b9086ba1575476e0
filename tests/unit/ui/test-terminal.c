/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal on a pseudo terminal whose other end this test holds. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"
#include "hulltop/ui/terminal.h"

enum { DEADLINE_MS = 100000 };

struct fixture {
    int master;
    int slave;
    struct ht_terminal *terminal;
    struct ht_canvas *canvas;
    struct ht_buf seen; /* what came out so far */
};

static int setup(void **state)
{
    struct fixture *f = ht_new0(struct fixture);
    struct winsize size = {.ws_row = 24, .ws_col = 80};

    setenv("TERM", "xterm-256color", 1);
    setenv("ESCDELAY", "25", 1);
    unsetenv("NO_COLOR");
    /* Left over from a smaller window: the kernel knows better. */
    setenv("LINES", "10", 1);
    setenv("COLUMNS", "30", 1);
    assert_int_equal(openpty(&f->master, &f->slave, NULL, NULL, &size), 0);
    assert_int_equal(fcntl(f->master, F_SETFL, O_NONBLOCK), 0);
    f->canvas = ht_canvas_new(24, 80);
    ht_buf_init(&f->seen, (size_t)64 << 20);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    if (f->master >= 0)
        close(f->master);
    ht_terminal_close(f->terminal);
    close(f->slave);
    ht_canvas_free(f->canvas);
    ht_buf_fini(&f->seen);
    free(f);
    return 0;
}

static struct ht_terminal_options options_of(const struct fixture *f)
{
    return (struct ht_terminal_options){.in_fd = f->slave, .out_fd = f->slave};
}

static void open_terminal(struct fixture *f, enum ht_color color)
{
    struct ht_terminal_options options = options_of(f);
    struct ht_error err = {0};

    options.color = color;
    assert_int_equal(ht_terminal_open(&options, &f->terminal, &err), 0);
}

/* Reads what has come; waits until len bytes have. */
static void read_until(struct fixture *f, uint64_t len)
{
    char piece[4096];

    while (f->seen.len < len) {
        struct pollfd fd = {.fd = f->master, .events = POLLIN};
        ssize_t n = 0;

        assert_int_equal(poll(&fd, 1, DEADLINE_MS), 1);
        n = read(f->master, piece, sizeof(piece));
        assert_true(n > 0);
        ht_buf_add(&f->seen, piece, (size_t)n);
    }
}

/* Waits for everything that was sent since the terminal was opened. */
static void read_sent(struct fixture *f)
{
    read_until(f, ht_terminal_bytes(f->terminal));
    assert_int_equal(f->seen.len, ht_terminal_bytes(f->terminal));
}

static bool has(const struct fixture *f, const char *text)
{
    return ht_str_find(ht_buf_str(&f->seen), ht_str_from(text), 0) >= 0;
}

/* True if a colour is set: a sequence CSI ... m with a parameter from 30 to 49 or from 90 on. */
static bool has_colour(const struct fixture *f)
{
    struct ht_str s = ht_buf_str(&f->seen);

    for (ptrdiff_t at = ht_str_find(s, HT_S("\033["), 0); at >= 0;
         at = ht_str_find(s, HT_S("\033["), (size_t)at + 2)) {
        size_t end = (size_t)at + 2;
        struct ht_str parameters;
        struct ht_str one;

        while (end < s.len && (unsigned char)s.data[end] < 0x40)
            end++;
        if (end == s.len || s.data[end] != 'm')
            continue;
        parameters = ht_str_sub(s, (size_t)at + 2, end - (size_t)at - 2);
        while (ht_str_next(&parameters, ';', &one)) {
            uint64_t n = 0;

            if (ht_parse_u64(one, &n) == 0 && ((n >= 30 && n <= 49) || n >= 90))
                return true;
        }
    }
    return false;
}

static void draw_all_styles(struct fixture *f)
{
    struct ht_area all = ht_area_all(f->canvas);

    for (int role = 0; role < HT_STYLE_COUNT; role++)
        ht_draw_textf(all, (struct ht_span){role, 0, 40}, (unsigned)role, "role %d", role);
    ht_draw_attr(all, (struct ht_span){3, 0, 79}, HT_ATTR_SELECTED);
}

static void colours_are_sent_when_wanted(void **state)
{
    struct fixture *f = *state;

    open_terminal(f, HT_COLOR_AUTO);
    draw_all_styles(f);
    assert_true(ht_terminal_show(f->terminal, f->canvas, 0, 0) > 0);
    read_sent(f);
    assert_true(has_colour(f));
    assert_true(has(f, "role 15"));
}

static void show_and_close_without_colour(struct fixture *f, enum ht_color color)
{
    open_terminal(f, color);
    draw_all_styles(f);
    ht_terminal_show(f->terminal, f->canvas, 0, 0);
    ht_terminal_set_theme(f->terminal, HT_THEME_LIGHT);
    ht_terminal_show(f->terminal, f->canvas, 0, 0);
    read_sent(f);
    assert_false(has_colour(f));
    assert_true(has(f, "\033["));
    assert_true(has(f, "role 15"));
}

static void no_color_sends_no_colour(void **state)
{
    setenv("NO_COLOR", "1", 1);
    show_and_close_without_colour(*state, HT_COLOR_AUTO);
}

static void color_never_sends_no_colour(void **state)
{
    show_and_close_without_colour(*state, HT_COLOR_NEVER);
}

static void unchanged_frame_sends_nothing(void **state)
{
    struct fixture *f = *state;
    uint64_t before = 0;

    open_terminal(f, HT_COLOR_AUTO);
    draw_all_styles(f);
    ht_terminal_show(f->terminal, f->canvas, 2, 0);
    before = ht_terminal_bytes(f->terminal);
    assert_true(before > 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(ht_terminal_show(f->terminal, f->canvas, 2, 0), 0);
    assert_true(ht_terminal_bytes(f->terminal) == before);
}

static void small_change_sends_few_bytes(void **state)
{
    struct fixture *f = *state;
    int sent = 0;

    open_terminal(f, HT_COLOR_AUTO);
    draw_all_styles(f);
    ht_terminal_show(f->terminal, f->canvas, 2, 0);
    ht_draw_text(ht_area_all(f->canvas), 0, 70, 0, HT_S("2"));
    sent = ht_terminal_show(f->terminal, f->canvas, 2, 0);
    assert_in_range(sent, 1, 40);
    ht_terminal_redraw(f->terminal);
    assert_true(ht_terminal_show(f->terminal, f->canvas, 2, 0) > sent);
}

static void first_frame_is_small(void **state)
{
    struct fixture *f = *state;

    open_terminal(f, HT_COLOR_AUTO);
    for (int row = 0; row < 24; row++)
        ht_draw_text(ht_area_all(f->canvas), row, 0, (unsigned)row % HT_STYLE_COUNT,
                     HT_S("a line of text that fills a good part of the row"));
    assert_true(ht_terminal_show(f->terminal, f->canvas, 0, 0) > 0);
    assert_in_range(ht_terminal_bytes(f->terminal), 24 * 48, 2560);
}

static void cursor_is_never_hidden(void **state)
{
    struct fixture *f = *state;

    open_terminal(f, HT_COLOR_AUTO);
    draw_all_styles(f);
    ht_terminal_show(f->terminal, f->canvas, 4, 3);
    ht_terminal_suspend(f->terminal);
    ht_terminal_resume(f->terminal);
    ht_terminal_show(f->terminal, f->canvas, 4, 3);
    read_sent(f);
    assert_false(has(f, "\033[?25l"));
    assert_true(has(f, "\033[5;4H"));
}

static void close_restores_screen_and_modes(void **state)
{
    struct fixture *f = *state;
    struct termios before = {0};
    struct termios during = {0};
    struct termios after = {0};
    uint64_t shown = 0;

    tcgetattr(f->slave, &before);
    open_terminal(f, HT_COLOR_AUTO);
    tcgetattr(f->slave, &during);
    assert_false(during.c_lflag & (ICANON | ECHO));
    assert_true(during.c_lflag & ISIG);
    ht_terminal_set_mouse(f->terminal, true);
    draw_all_styles(f);
    ht_terminal_show(f->terminal, f->canvas, 0, 0);
    read_sent(f);
    assert_true(has(f, "\033[?1049h"));
    shown = f->seen.len;
    f->terminal = ht_terminal_close(f->terminal);
    tcgetattr(f->slave, &after);
    assert_memory_equal(&before, &after, sizeof(before));
    read_until(f, shown + 1);
    while (!has(f, "\033[?1049l"))
        read_until(f, f->seen.len + 1);
    while (!has(f, "\033[?1l"))
        read_until(f, f->seen.len + 1);
    assert_true(has(f, "1000l"));
}

static void suspend_gives_the_terminal_back_and_resume_takes_it(void **state)
{
    struct fixture *f = *state;
    struct termios modes;

    open_terminal(f, HT_COLOR_AUTO);
    draw_all_styles(f);
    ht_terminal_show(f->terminal, f->canvas, 0, 0);
    ht_terminal_suspend(f->terminal);
    ht_terminal_suspend(f->terminal);
    tcgetattr(f->slave, &modes);
    assert_true(modes.c_lflag & ICANON);
    assert_int_equal(ht_terminal_show(f->terminal, f->canvas, 0, 0), -EAGAIN);
    read_sent(f);
    assert_true(has(f, "\033[?1049l"));
    ht_buf_reset(&f->seen);
    uint64_t before = ht_terminal_bytes(f->terminal);
    ht_terminal_resume(f->terminal);
    ht_terminal_resume(f->terminal);
    assert_true(ht_terminal_show(f->terminal, f->canvas, 0, 0) > 0);
    tcgetattr(f->slave, &modes);
    assert_false(modes.c_lflag & ICANON);
    read_until(f, ht_terminal_bytes(f->terminal) - before);
    assert_true(has(f, "\033[?1049h"));
    assert_true(has(f, "role 15"));
}

static void emergency_restores_once(void **state)
{
    struct fixture *f = *state;
    struct termios modes;

    ht_terminal_emergency(); /* nothing is open: nothing happens */
    open_terminal(f, HT_COLOR_AUTO);
    draw_all_styles(f);
    ht_terminal_show(f->terminal, f->canvas, 0, 0);
    read_sent(f);
    ht_buf_reset(&f->seen);
    ht_terminal_emergency();
    while (!has(f, "\033[?1049l"))
        read_until(f, f->seen.len + 1);
    assert_false(has(f, "$<"));
    tcgetattr(f->slave, &modes);
    assert_true(modes.c_lflag & ICANON);
    assert_true(modes.c_lflag & ECHO);
    ht_terminal_emergency();
    struct pollfd fd = {.fd = f->master, .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 0), 0);
}

/* After su the device cannot be opened a second time, and a write to it may wait for ever. */
static void emergency_waits_for_no_stalled_terminal(void **state)
{
    enum { SOMEBODY = 60533 };
    struct fixture *f = *state;
    uid_t self = geteuid();
    struct termios modes;

    assert_int_equal(fchmod(f->slave, 0), 0);
    if (self == 0)
        assert_int_equal(seteuid(SOMEBODY), 0);
    open_terminal(f, HT_COLOR_AUTO);
    if (self == 0)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(tcflow(f->slave, TCOOFF), 0);
    alarm(DEADLINE_MS / 1000);
    ht_terminal_emergency();
    alarm(0);
    tcflow(f->slave, TCOON);
    tcgetattr(f->slave, &modes);
    assert_true(modes.c_lflag & ICANON);
}

static void resize_is_seen_and_drawn(void **state)
{
    struct fixture *f = *state;
    struct winsize size = {.ws_row = 40, .ws_col = 120};
    int h = 0;
    int w = 0;

    open_terminal(f, HT_COLOR_AUTO);
    assert_false(ht_terminal_update_size(f->terminal));
    ht_terminal_show(f->terminal, f->canvas, 0, 0);
    assert_int_equal(ioctl(f->master, TIOCSWINSZ, &size), 0);
    assert_true(ht_terminal_update_size(f->terminal));
    assert_false(ht_terminal_update_size(f->terminal));
    ht_terminal_size(f->terminal, &h, &w);
    assert_int_equal(h, 40);
    assert_int_equal(w, 120);
    ht_canvas_resize(f->canvas, h, w);
    ht_draw_text(ht_area_all(f->canvas), 39, 110, 0, HT_S("corner"));
    assert_true(ht_terminal_show(f->terminal, f->canvas, 39, 110) > 0);
    read_sent(f);
    assert_true(has(f, "corner"));
    /* A canvas of the old size is cut, not written outside of the screen. */
    size = (struct winsize){.ws_row = 5, .ws_col = 20};
    ioctl(f->master, TIOCSWINSZ, &size);
    assert_true(ht_terminal_update_size(f->terminal));
    assert_true(ht_terminal_show(f->terminal, f->canvas, 39, 110) >= 0);
}

static void stalled_terminal_skips_frames_and_holds_nobody_up(void **state)
{
    struct fixture *f = *state;
    int r = 0;
    int frames = 0;

    open_terminal(f, HT_COLOR_AUTO);
    while (r >= 0) {
        char c = (char)('a' + frames % 26);

        assert_true(frames++ < 10000);
        for (int row = 0; row < 24; row++) {
            char line[80];

            memset(line, c, sizeof(line));
            ht_draw_text(ht_area_all(f->canvas), row, 0, 0, (struct ht_str){line, sizeof(line)});
        }
        r = ht_terminal_show(f->terminal, f->canvas, 0, 0);
    }
    assert_int_equal(r, -EAGAIN);
    struct pollfd fds[2];
    ht_terminal_poll(f->terminal, fds);
    assert_true(fds[1].fd >= 0);
    assert_int_equal(ht_terminal_copy(f->terminal, HT_S("x")), -EAGAIN);
    while (ht_terminal_flush(f->terminal) == -EAGAIN)
        read_until(f, f->seen.len + 1);
    ht_canvas_clear(f->canvas);
    ht_draw_text(ht_area_all(f->canvas), 5, 5, 0, HT_S("NEWEST"));
    while (ht_terminal_show(f->terminal, f->canvas, 0, 0) == -EAGAIN)
        read_until(f, f->seen.len + 1);
    while (ht_terminal_flush(f->terminal) == -EAGAIN)
        read_until(f, f->seen.len + 1);
    read_sent(f);
    assert_true(has(f, "NEWEST"));
}

static struct ht_key next_key(struct fixture *f)
{
    struct ht_key key = ht_terminal_read_key(f->terminal);

    while (key.code == HT_KEY_NONE) {
        struct pollfd fds[2];

        ht_terminal_poll(f->terminal, fds);
        assert_int_equal(poll(fds, 1, DEADLINE_MS), 1);
        key = ht_terminal_read_key(f->terminal);
    }
    return key;
}

static void keys_are_decoded(void **state)
{
    static const struct {
        const char *bytes;
        uint32_t code;
    } cases[] = {
        {"j", 'j'},
        {"\r", HT_KEY_ENTER},
        {"\n", HT_KEY_ENTER},
        {"\177", HT_KEY_BACKSPACE},
        {"\b", HT_KEY_BACKSPACE},
        {"\t", HT_KEY_TAB},
        {"\033[Z", HT_KEY_BACKTAB},
        {"\033OA", HT_KEY_UP},
        {"\033OH", HT_KEY_HOME},
        {"\033[5~", HT_KEY_PAGE_UP},
        {"\033[3~", HT_KEY_DELETE},
        {"\033OP", HT_KEY_F(1)},
        {"\033[21~", HT_KEY_F(10)},
        {"\004", HT_CTRL('d')},
        {"\014", HT_CTRL('l')},
        {"\xc3\xa9", 0xe9},
        {"\033[<0;5;8M", HT_KEY_UNKNOWN}, /* what is no key is not the keys that it looks like */
        {"\033[201~", HT_KEY_UNKNOWN},    /* the end of a paste that has no beginning */
        {"\033[97;5u", HT_KEY_UNKNOWN},
        {"\033Oz", HT_KEY_UNKNOWN},
        {"j", 'j'},
        {"\033", HT_KEY_ESC},
        {"[", '['},
    };
    struct fixture *f = *state;

    open_terminal(f, HT_COLOR_AUTO);
    ht_terminal_show(f->terminal, f->canvas, 0, 0);
    assert_int_equal(ht_terminal_read_key(f->terminal).code, HT_KEY_NONE);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t len = strlen(cases[i].bytes);

        assert_int_equal(write(f->master, cases[i].bytes, len), len);
        assert_int_equal(next_key(f).code, cases[i].code);
    }
    assert_int_equal(write(f->master, "\033j", 2), 2); /* two keys, though quick ones */
    assert_int_equal(next_key(f).code, HT_KEY_ESC);
    assert_int_equal(next_key(f).code, 'j');
    /* So are these, as long as nothing follows that would make them a sequence. */
    assert_int_equal(write(f->master, "\033[", 2), 2);
    assert_int_equal(next_key(f).code, HT_KEY_ESC);
    assert_int_equal(next_key(f).code, '[');
    assert_int_equal(ht_terminal_read_key(f->terminal).code, HT_KEY_NONE);
}

static void send(struct fixture *f, const char *bytes)
{
    size_t len = strlen(bytes);

    assert_int_equal(write(f->master, bytes, len), len);
}

static void assert_pasted(struct fixture *f, const char *text, bool is_cut)
{
    struct ht_key key = next_key(f);

    assert_int_equal(key.code, HT_KEY_PASTE);
    assert_true(ht_str_is(key.text, text));
    assert_int_equal(key.is_cut, is_cut);
}

/* No letter of it is a key, whatever it looks like, and the key behind it is one. */
static void what_is_pasted_is_one_key(void **state)
{
    struct fixture *f = *state;

    open_terminal(f, HT_COLOR_AUTO);
    ht_terminal_show(f->terminal, f->canvas, 0, 0);
    send(f, "k\033[200~q:quit\r\033[201~\033OA\033[200~\033[201~j");
    assert_int_equal(next_key(f).code, 'k');
    assert_pasted(f, "q:quit\r", false);
    assert_int_equal(next_key(f).code, HT_KEY_UP);
    assert_pasted(f, "", false);
    assert_int_equal(next_key(f).code, 'j');
    /* In pieces, the marks too; behind what is no whole sequence. */
    send(f, "\033[\033[200~\033[31mred\033[20");
    assert_int_equal(next_key(f).code, HT_KEY_ESC);
    assert_int_equal(next_key(f).code, '[');
    assert_int_equal(ht_terminal_read_key(f->terminal).code, HT_KEY_NONE);
    send(f, "1");
    assert_int_equal(ht_terminal_read_key(f->terminal).code, HT_KEY_NONE);
    send(f, "~\t");
    assert_pasted(f, "\033[31mred", false);
    assert_int_equal(next_key(f).code, HT_KEY_TAB);
    assert_int_equal(ht_terminal_read_key(f->terminal).code, HT_KEY_NONE);
}

static void of_a_huge_paste_nothing_is_a_key(void **state)
{
    struct fixture *f = *state;
    char piece[1000];

    memset(piece, 'q', sizeof(piece));
    open_terminal(f, HT_COLOR_AUTO);
    ht_terminal_show(f->terminal, f->canvas, 0, 0);
    send(f, "\033[200~");
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(write(f->master, piece, sizeof(piece)), sizeof(piece));
        assert_int_equal(ht_terminal_read_key(f->terminal).code, HT_KEY_NONE);
    }
    send(f, "\033[201~z");
    struct ht_key key = next_key(f);
    assert_int_equal(key.code, HT_KEY_PASTE);
    assert_true(key.is_cut);
    assert_in_range(key.text.len, 1024, 10000);
    assert_int_equal(next_key(f).code, 'z');
}

static void see_sent(struct fixture *f, const char *text)
{
    while (!has(f, text))
        read_until(f, f->seen.len + 1);
    ht_buf_reset(&f->seen);
}

/* Else the shell behind us would see the marks. */
static void pastes_are_told_from_keys_only_while_it_is_open(void **state)
{
    struct fixture *f = *state;

    open_terminal(f, HT_COLOR_AUTO);
    ht_terminal_show(f->terminal, f->canvas, 0, 0);
    see_sent(f, "\033[?2004h");
    send(f, "\033[200~half");
    assert_int_equal(ht_terminal_read_key(f->terminal).code, HT_KEY_NONE);
    ht_terminal_suspend(f->terminal);
    see_sent(f, "\033[?2004l");
    ht_terminal_resume(f->terminal);
    ht_terminal_show(f->terminal, f->canvas, 0, 0);
    see_sent(f, "\033[?2004h");
    send(f, "j");
    assert_int_equal(next_key(f).code, 'j');
    ht_terminal_emergency();
    see_sent(f, "\033[?2004l");
    f->terminal = ht_terminal_close(f->terminal);
    see_sent(f, "\033[?2004l");
}

/* It would show what it does not know. */
static void a_terminal_of_another_kind_is_not_asked(void **state)
{
    struct fixture *f = *state;

    setenv("TERM", "vt52", 1);
    open_terminal(f, HT_COLOR_AUTO);
    ht_terminal_show(f->terminal, f->canvas, 0, 0);
    read_sent(f);
    f->terminal = ht_terminal_close(f->terminal);
    assert_false(has(f, "2004"));
}

static void mouse_is_off_until_asked_for(void **state)
{
    struct fixture *f = *state;
    struct ht_key key;

    open_terminal(f, HT_COLOR_AUTO);
    ht_terminal_show(f->terminal, f->canvas, 0, 0);
    read_sent(f);
    assert_false(has(f, "1000h"));
    ht_terminal_set_mouse(f->terminal, true);
    read_sent(f);
    assert_true(has(f, "1000h"));
    /* Press of the left button at column 11, row 6, in the form that was asked for. */
    const char *press = has(f, "1006") ? "\033[<0;11;6M" : "\033[M +&";
    assert_int_equal(write(f->master, press, strlen(press)), strlen(press));
    key = next_key(f);
    assert_int_equal(key.code, HT_KEY_MOUSE);
    assert_int_equal(key.row, 5);
    assert_int_equal(key.col, 10);
    assert_int_equal(key.button, HT_BUTTON_LEFT);
}

static void lost_terminal_is_end_of_input_for_ever(void **state)
{
    struct fixture *f = *state;

    open_terminal(f, HT_COLOR_AUTO);
    ht_terminal_show(f->terminal, f->canvas, 0, 0);
    close(f->master);
    f->master = -1;
    for (int i = 0; i < 3; i++)
        assert_int_equal(next_key(f).code, HT_KEY_EOF);
    ht_draw_text(ht_area_all(f->canvas), 0, 0, 0, HT_S("x"));
    assert_int_equal(ht_terminal_show(f->terminal, f->canvas, 0, 0), -EPIPE);
}

/* C-c in the middle of a look: it drops what was typed before it. */
static bool drops_input;

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...)
{
    va_list args;

    va_start(args, request);
    void *argument = va_arg(args, void *);
    va_end(args);
    if (drops_input && request == FIONREAD)
        tcflush(fd, TCIFLUSH);
    return __real_ioctl(fd, request, argument);
}

static void input_that_is_dropped_is_no_end(void **state)
{
    struct fixture *f = *state;

    open_terminal(f, HT_COLOR_AUTO);
    ht_terminal_show(f->terminal, f->canvas, 0, 0);
    send(f, "jj");
    drops_input = true;
    assert_int_equal(ht_terminal_read_key(f->terminal).code, HT_KEY_NONE);
    drops_input = false;
    send(f, "k");
    assert_int_equal(next_key(f).code, 'k');
    f->terminal = ht_terminal_close(f->terminal);
    see_sent(f, "\033[?1049l");
}

static void copy_is_base64_of_printable_text(void **state)
{
    struct fixture *f = *state;
    ht_autofree char *large = ht_alloc0(HT_COPY_TEXT_MAX + 1, 1);

    open_terminal(f, HT_COLOR_AUTO);
    assert_int_equal(ht_terminal_copy(f->terminal, HT_S("a\033b")), 0);
    read_sent(f);
    assert_true(has(f, "\033]52;c;YVx4MWJi\a")); /* a\x1bb */
    memset(large, 'a', HT_COPY_TEXT_MAX + 1);
    assert_int_equal(ht_terminal_copy(f->terminal, (struct ht_str){large, HT_COPY_TEXT_MAX + 1}),
                     -E2BIG);
    assert_int_equal(ht_terminal_copy(f->terminal, (struct ht_str){large, HT_COPY_TEXT_MAX}), 0);
    while (ht_terminal_flush(f->terminal) == -EAGAIN)
        read_until(f, f->seen.len + 1);
    read_sent(f);
    assert_in_range(f->seen.len, HT_COPY_MAX, HT_COPY_MAX + 1000);
}

static int lines_of(const char *text)
{
    int n = 1;

    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

static void unusable_terminals_are_refused_in_three_lines(void **state)
{
    static const struct {
        const char *term;
        int code;
    } cases[] = {{"dumb", -ENOTTY}, {"", -ENOTTY}, {"no-such-terminal-xyz", -ENOENT}};
    struct fixture *f = *state;
    struct ht_terminal_options options = options_of(f);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ht_error err = {0};

        setenv("TERM", cases[i].term, 1);
        assert_int_equal(ht_terminal_open(&options, &f->terminal, &err), cases[i].code);
        assert_int_equal(lines_of(err.text), 3);
        assert_null(f->terminal);
    }
    struct ht_error err = {0};
    setenv("TERM", "xterm", 1);
    options.in_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    assert_int_equal(ht_terminal_check(&options, &err), -ENOTTY);
    assert_int_equal(lines_of(err.text), 3);
    close(options.in_fd);
    unsetenv("TERM");
    options.in_fd = f->slave;
    assert_int_equal(ht_terminal_check(&options, &err), -ENOTTY);
}

/* The entry of the Linux console tells no size. */
static void terminal_type_without_a_size_is_opened(void **state)
{
    struct fixture *f = *state;
    int h = 0;
    int w = 0;

    setenv("TERM", "linux", 1);
    open_terminal(f, HT_COLOR_AUTO);
    ht_terminal_size(f->terminal, &h, &w);
    assert_int_equal(h, 24);
    assert_int_equal(w, 80);
}

static void signal_handlers_stay_as_they_were(void **state)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH};

    open_terminal(*state, HT_COLOR_AUTO);
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        struct sigaction action;

        assert_int_equal(sigaction(signals[i], NULL, &action), 0);
        assert_true(action.sa_handler == SIG_DFL);
    }
}

static void wide_characters_keep_their_columns(void **state)
{
    struct fixture *f = *state;

    open_terminal(f, HT_COLOR_AUTO);
    ht_draw_text(ht_area_all(f->canvas), 0, 0, 0, HT_S("\xe4\xb8\xad\xe6\x96\x87|e\xcc\x81|"));
    ht_terminal_show(f->terminal, f->canvas, 0, 0);
    read_sent(f);
    assert_true(has(f, "\xe4\xb8\xad\xe6\x96\x87|e\xcc\x81|"));
}

#define TERMINAL_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TERMINAL_TEST(colours_are_sent_when_wanted),
        TERMINAL_TEST(no_color_sends_no_colour),
        TERMINAL_TEST(color_never_sends_no_colour),
        TERMINAL_TEST(unchanged_frame_sends_nothing),
        TERMINAL_TEST(small_change_sends_few_bytes),
        TERMINAL_TEST(first_frame_is_small),
        TERMINAL_TEST(cursor_is_never_hidden),
        TERMINAL_TEST(close_restores_screen_and_modes),
        TERMINAL_TEST(suspend_gives_the_terminal_back_and_resume_takes_it),
        TERMINAL_TEST(emergency_restores_once),
        TERMINAL_TEST(emergency_waits_for_no_stalled_terminal),
        TERMINAL_TEST(resize_is_seen_and_drawn),
        TERMINAL_TEST(stalled_terminal_skips_frames_and_holds_nobody_up),
        TERMINAL_TEST(keys_are_decoded),
        TERMINAL_TEST(what_is_pasted_is_one_key),
        TERMINAL_TEST(of_a_huge_paste_nothing_is_a_key),
        TERMINAL_TEST(pastes_are_told_from_keys_only_while_it_is_open),
        TERMINAL_TEST(a_terminal_of_another_kind_is_not_asked),
        TERMINAL_TEST(mouse_is_off_until_asked_for),
        TERMINAL_TEST(lost_terminal_is_end_of_input_for_ever),
        TERMINAL_TEST(input_that_is_dropped_is_no_end),
        TERMINAL_TEST(copy_is_base64_of_printable_text),
        TERMINAL_TEST(unusable_terminals_are_refused_in_three_lines),
        TERMINAL_TEST(terminal_type_without_a_size_is_opened),
        TERMINAL_TEST(signal_handlers_stay_as_they_were),
        TERMINAL_TEST(wide_characters_keep_their_columns),
    };

    setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
