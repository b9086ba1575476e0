/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fanotify: files that are opened to be run. Notifications alone: no start ever waits for us. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec-private.h"
#include "exec-watch.h"
#include "hulltop/base/mem.h"

int ht_fanotify_open(struct ht_fanotify *fanotify, struct ht_error *err)
{
    fanotify->fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK,
                                 O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOATIME | O_LARGEFILE);
    if (fanotify->fd < 0)
        return ht_error_errno(err, errno, "fanotify");
    return 0;
}

void ht_fanotify_close(struct ht_fanotify *fanotify)
{
    ht_cleanup_close(&fanotify->fd);
    fanotify->fd = -1;
    free(fanotify->marks);
    fanotify->marks = NULL;
    fanotify->marks_len = 0;
    fanotify->marks_cap = 0;
}

static bool is_marked(const struct ht_fanotify *fanotify, const struct statx *facts)
{
    for (size_t i = 0; i < fanotify->marks_len; i++) {
        if (fanotify->marks[i].dev_major == facts->stx_dev_major &&
            fanotify->marks[i].dev_minor == facts->stx_dev_minor)
            return true;
    }
    return false;
}

static void remember(struct ht_fanotify *fanotify, const struct statx *facts)
{
    if (fanotify->marks_len == fanotify->marks_cap) {
        fanotify->marks_cap = fanotify->marks_cap ? 2 * fanotify->marks_cap : 8;
        fanotify->marks =
            ht_realloc(fanotify->marks, fanotify->marks_cap, sizeof(fanotify->marks[0]));
    }
    fanotify->marks[fanotify->marks_len++] = (struct ht_fanotify_mark){
        .dev_major = facts->stx_dev_major, .dev_minor = facts->stx_dev_minor};
}

int ht_fanotify_mark(struct ht_fanotify *fanotify, const char *path, struct ht_error *err)
{
    struct statx facts;

    if (fanotify->fd < 0)
        return ht_error_set(err, EOPNOTSUPP, "%s: fanotify is not there", path);
    if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &facts) < 0)
        return ht_error_errno(err, errno, "%s", path);
    if (is_marked(fanotify, &facts))
        return 0;
    if (fanotify->marks_len >= HT_EXEC_MARKS_MAX)
        return ht_error_set(err, ENOSPC, "%s: %d file systems are watched already", path,
                            HT_EXEC_MARKS_MAX);
    if (fanotify_mark(fanotify->fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN_EXEC, AT_FDCWD,
                      path) < 0)
        return ht_error_errno(err, errno, "%s: cannot be watched", path);
    remember(fanotify, &facts);
    return 0;
}

size_t ht_fanotify_read(struct ht_fanotify *fanotify,
                        struct ht_fanotify_event events[HT_FANOTIFY_BATCH])
{
    char bytes[HT_FANOTIFY_BATCH * sizeof(struct fanotify_event_metadata)];
    struct ht_fanotify_event event;
    ssize_t got;
    size_t len = 0;

    fanotify->more = false;
    if (fanotify->fd < 0)
        return 0;
    do
        got = read(fanotify->fd, bytes, sizeof(bytes));
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        /* The kernel threw an event away, for it found no descriptor or could not open the file. */
        if (errno != EAGAIN) {
            fanotify->lost++;
            fanotify->more = true;
        }
        return 0;
    }
    struct ht_str text = {.data = bytes, .len = (size_t)got};
    while (len < HT_FANOTIFY_BATCH && ht_fanotify_next(&text, &event)) {
        if (event.mask & FAN_Q_OVERFLOW)
            fanotify->lost++;
        else if (event.fd >= 0)
            events[len++] = event;
        else
            fanotify->lost++;
    }
    fanotify->events += len;
    /* A reading gives all that there is room for. */
    fanotify->more = (size_t)got + sizeof(struct fanotify_event_metadata) > sizeof(bytes);
    return len;
}
