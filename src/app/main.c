/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hulltop: six questions about the containers of this node. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdbool.h>
#include <unistd.h>

#include "commands.h"
#include "options.h"
#include "privileges.h"
#include "session.h"

#include "hulltop/base/heap.h"

enum { OPTIONS_MAX_BYTES = 4 * 1024 * 1024, TEXT_MAX_BYTES = 64 * 1024 };

static int print(void (*text)(struct ht_buf *out))
{
    ht_autobuf struct ht_buf out = HT_BUF(TEXT_MAX_BYTES);

    text(&out);
    return ht_print_all(ht_buf_str(&out));
}

/* Questions 2 and 6 are answered from programs as they start. */
static bool watches_starts(const struct ht_options *options)
{
    enum { ADDED_CODE = 1u << 2, DRIFT = 1u << 6 };
    bool is_recorded = options->from || options->manifests || options->command == HT_CMD_DEMO ||
                       options->command == HT_CMD_REPLAY;

    return !is_recorded && (options->questions & (ADDED_CODE | DRIFT));
}

static int run(const struct ht_options *options, struct ht_arena *arena)
{
    if (options->help)
        return print(ht_options_help);
    if (options->version)
        return print(ht_options_version);
    ht_privileges_drop(watches_starts(options));
    switch (options->command) {
    case HT_CMD_CHECK:
        return ht_command_check(options, arena);
    case HT_CMD_DOCTOR:
        return ht_command_doctor(options, arena);
    case HT_CMD_DEMO:
        if (options->hash_frames)
            return ht_command_hash_frames(options, arena);
        return ht_command_dashboard(options, arena);
    case HT_CMD_DASHBOARD:
    case HT_CMD_RECORD:
    case HT_CMD_REPLAY:
        return ht_command_dashboard(options, arena);
    }
    return HT_STATUS_USAGE;
}

/* A standard descriptor that was closed would be given to the next thing that is opened, and a
 * report be written into that. What takes its place here gives nothing and takes nothing. */
static int fill_descriptors(struct ht_error *err)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
            return ht_error_errno(err, errno, "/dev/null");
    }
    return 0;
}

int main(int argc, char **argv)
{
    ht_heap_init();

    ht_autoarena struct ht_arena *arena = ht_arena_new(OPTIONS_MAX_BYTES);
    struct ht_options options;
    struct ht_error err = {0};

    /* Characters alone are the terminal's: numbers in documents have a point and errors English
     * words, whatever the locale, as all else that is told. */
    setlocale(LC_CTYPE, "");
    if (fill_descriptors(&err) < 0 || ht_privileges_refuse_setuid(&err) < 0 ||
        ht_options_parse(arena, argc, argv, &options, &err) < 0) {
        ht_complain(&err);
        return HT_STATUS_USAGE;
    }

    int status = run(&options, arena);
#ifndef HT_SANITIZED
    /* No exit handlers: a source that was left behind, for it hangs, may be inside a library that
     * they would take down. */
    _exit(status);
#endif
    return status;
}
