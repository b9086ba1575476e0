/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every screen at four sizes against its golden text. HT_UPDATE_GOLDEN=1 writes them anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "hulltop/base/mem.h"

enum { GOLDEN_MAX = 1000000 };

static const struct {
    const char *name;
    const char *keys;
    bool first_run;
    enum ht_ui_recording recording;
    bool empty;             /* before the first state */
    bool packages, reading; /* of the host that is behind; while its lists are read */
    bool secrets;           /* of the node with secrets in the open */
} scenes[] = {
    {.name = "start", .empty = true},
    {.name = "home"},
    {.name = "home-swapped", .keys = "v"},
    {.name = "list", .keys = "3"},
    {.name = "list-open", .keys = "vvv3jt"},
    {.name = "list-unknown", .keys = "1"},
    {.name = "detail", .keys = "3\n"},
    {.name = "detail-raw", .keys = "3\n\t\t\t"},
    {.name = "detail-privilege", .keys = "3\noG"},
    {.name = "help", .keys = "3?"},
    {.name = "everything", .keys = "9"},
    {.name = "timeline", .keys = "8"},
    {.name = "why", .keys = "3i"},
    {.name = "sort", .keys = "9s"},
    {.name = "filter", .keys = "3/seccomp"},
    {.name = "builds-map", .keys = "7"},
    {.name = "builds-map-second", .keys = "7j"},
    {.name = "builds-text", .keys = "7Z"},
    {.name = "build-jobs", .keys = "7v"},
    {.name = "pods", .keys = "3v"},
    {.name = "pod", .keys = "3v\n"},
    {.name = "timeline-chosen", .keys = "8{"},
    {.name = "timeline-list", .keys = "8v"},
    {.name = "first-run", .first_run = true},
    {.name = "recording", .keys = "3", .recording = HT_UI_RECORDED},
    {.name = "recording-failed", .keys = "p", .recording = HT_UI_RECORDING_FAILED},
    {.name = "packages", .keys = "4", .packages = true},
    {.name = "packages-lists", .keys = "4v", .packages = true},
    {.name = "packages-pending", .keys = "4vv", .packages = true},
    {.name = "packages-running-old", .keys = "4vvv", .packages = true},
    {.name = "packages-stack", .keys = "4vvvv", .packages = true},
    {.name = "packages-support", .keys = "4vvvvv", .packages = true},
    {.name = "package", .keys = "4vv\n", .packages = true},
    {.name = "package-fix", .keys = "4vv\n\t\t", .packages = true},
    {.name = "package-fix-kernel", .keys = "4vvj\n\t\t", .packages = true},
    {.name = "package-fix-hostile", .keys = "4vvjjjj\n\t\t", .packages = true},
    {.name = "running-old-fix", .keys = "4vvvj\n\t\t", .packages = true},
    {.name = "stack-fix", .keys = "4vvvvj\n\t\t", .packages = true},
    {.name = "packages-reading", .packages = true, .reading = true},
    {.name = "secrets-home", .secrets = true},
    {.name = "secrets", .keys = "5", .secrets = true},
    {.name = "secrets-detail", .keys = "5j\n", .secrets = true},
    {.name = "secrets-allowed", .keys = "5jjj\n", .secrets = true},
    {.name = "secrets-datastore", .keys = ":view secrets-datastore\n", .secrets = true},
    {.name = "secrets-configuration", .keys = ":view secrets-configuration\n", .secrets = true},
    {.name = "secrets-evidence", .keys = ":view secrets-configuration\n\n", .secrets = true},
    {.name = "secrets-transit", .keys = ":view secrets-transit\n", .secrets = true},
    {.name = "secrets-exposed", .keys = ":view secrets-exposed\n", .secrets = true},
};

static const struct {
    int w, h;
    bool is_middle, is_large; /* the secrets' screens come in the large size in place of a middle */
} sizes[] = {{40, 12, false, false},
             {80, 24, false, false},
             {100, 30, true, false},
             {120, 40, false, false},
             {200, 50, false, true}};

static char *golden_path(size_t scene, size_t size)
{
    ht_autobuf struct ht_buf path = HT_BUF(4096);
    const char *srcdir = getenv("HT_SRCDIR");

    ht_buf_addf(&path, "%s/tests/screens/golden/%s-%dx%d.txt", srcdir ? srcdir : ".",
                scenes[scene].name, sizes[size].w, sizes[size].h);
    return ht_buf_take(&path);
}

static void render(size_t scene, size_t size, struct ht_buf *out)
{
    ht_autocanvas struct ht_canvas *canvas = ht_canvas_new(sizes[size].h, sizes[size].w);
    ht_autostate struct ht_state *state = scenes[scene].secrets ? fixture_secrets()
                                          : scenes[scene].packages
                                              ? fixture_packages(scenes[scene].reading)
                                              : fixture_state();
    struct fixture_calls record;
    struct ht_ui_calls calls = fixture_calls(&record);
    struct ht_clock clock;
    int64_t mono;
    struct ht_ui_options options = fixture_options(&mono, &clock);
    struct ht_error err = {0};
    int row, col;

    options.first_run = scenes[scene].first_run;
    struct ht_ui *ui = ht_ui_new(&options, &calls);
    if (ht_ui_open(ui, &err) < 0)
        fail_msg("%s", err.text);
    if (!scenes[scene].empty)
        ht_ui_set_state(ui, state);
    ht_ui_set_recording(ui, scenes[scene].recording);
    ht_ui_draw(ui, canvas, &row, &col);
    fixture_type(ui, scenes[scene].keys ? scenes[scene].keys : "");
    ht_ui_draw(ui, canvas, &row, &col);
    ht_canvas_text(canvas, out);
    ht_buf_addf(out, "cursor %d,%d\n", row, col);
    ht_ui_free(ui);
}

static void write_golden(const char *path, const struct ht_buf *text)
{
    ht_autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text->data, text->len), (ssize_t)text->len);
}

static void read_golden(const char *path, struct ht_buf *out)
{
    ht_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        fail_msg("%s is missing: make update-golden", path);
    for (;;) {
        size_t room;
        char *at = ht_buf_room(out, 65536, &room);
        ssize_t n = read(fd, at, room);

        assert_true(n >= 0);
        if (n == 0)
            return;
        ht_buf_grow(out, (size_t)n);
    }
}

static void the_screen_is_the_golden_one(void **state)
{
    size_t scene = *(const size_t *)*state;

    for (size_t size = 0; size < ARRAY_LEN(sizes); size++) {
        if (scenes[scene].secrets ? sizes[size].is_middle : sizes[size].is_large)
            continue;

        ht_autobuf struct ht_buf text = HT_BUF(GOLDEN_MAX);
        ht_autobuf struct ht_buf golden = HT_BUF(GOLDEN_MAX);
        ht_autofree char *path = golden_path(scene, size);

        render(scene, size, &text);
        if (getenv("HT_UPDATE_GOLDEN")) {
            write_golden(path, &text);
            continue;
        }
        read_golden(path, &golden);
        if (!ht_str_equal(ht_buf_str(&text), ht_buf_str(&golden)))
            fail_msg("%s differs; it is now:\n%s", path, text.data);
    }
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(scenes)];
    size_t numbers[ARRAY_LEN(scenes)];

    for (size_t i = 0; i < ARRAY_LEN(scenes); i++) {
        numbers[i] = i;
        tests[i] = (struct CMUnitTest){.name = scenes[i].name,
                                       .test_func = the_screen_is_the_golden_one,
                                       .initial_state = &numbers[i]};
    }
    return cmocka_run_group_tests_name("screens", tests, NULL, NULL);
}
