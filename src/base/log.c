/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/printable.h"

struct slot {
    int64_t wall_ns;
    enum ht_log_level level;
    char *text;
};

/* A log that had to be handed around would be missing exactly where something unforeseen happens:
 * so it is the process's, behind one lock. */
static struct {
    pthread_mutex_t lock;
    enum ht_log_level level;
    int fd;
    uint64_t newest;                 /* number of the newest line */
    struct slot slots[HT_LOG_LINES]; /* line n is in slot n % HT_LOG_LINES */
} the_log = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = HT_LOG_INFO, .fd = -1};

const char *ht_log_level_name(enum ht_log_level level)
{
    switch (level) {
    case HT_LOG_ERROR:
        return "error";
    case HT_LOG_WARNING:
        return "warning";
    case HT_LOG_INFO:
        return "info";
    case HT_LOG_DEBUG:
        return "debug";
    }
    return "?";
}

void ht_log_configure(enum ht_log_level level, int fd)
{
    pthread_mutex_lock(&the_log.lock);
    the_log.level = level;
    the_log.fd = fd;
    pthread_mutex_unlock(&the_log.lock);
}

static bool is_wanted(enum ht_log_level level)
{
    bool wanted;

    pthread_mutex_lock(&the_log.lock);
    wanted = level <= the_log.level;
    pthread_mutex_unlock(&the_log.lock);
    return wanted;
}

/* One write, so that lines of several threads do not mix. */
static void write_line(int fd, const struct slot *slot)
{
    ht_autobuf struct ht_buf line = HT_BUF(HT_LOG_TEXT_MAX + 100);
    char time[HT_TIME_TEXT_MAX];
    ssize_t ignored;

    ht_buf_addf(&line, "%s %s %s\n", ht_time_format_utc(slot->wall_ns, 1, time),
                ht_log_level_name(slot->level), slot->text);
    ignored = write(fd, line.data, line.len);
    (void)ignored;
}

/* Takes text over. */
static void add(enum ht_log_level level, char *text)
{
    struct slot *slot;

    pthread_mutex_lock(&the_log.lock);
    slot = &the_log.slots[++the_log.newest % HT_LOG_LINES];
    free(slot->text);
    *slot = (struct slot){
        .wall_ns = ht_clock_wall(ht_clock_system()),
        .level = level,
        .text = text,
    };
    if (the_log.fd >= 0)
        write_line(the_log.fd, slot);
    pthread_mutex_unlock(&the_log.lock);
}

/* Makes a "~" of the last character, of which only a part may be there. */
static void mark_cut(struct ht_buf *text)
{
    size_t len = text->len - 1;

    while (len && (text->data[len] & 0xc0) == 0x80)
        len--;
    ht_buf_cut(text, len);
    ht_buf_add_c(text, '~');
}

static void log_text(enum ht_log_level level, const char *module, struct ht_str text)
{
    ht_autobuf struct ht_buf whole = HT_BUF(16 * 1024);
    ht_autobuf struct ht_buf shown = HT_BUF(HT_LOG_TEXT_MAX - 2);

    ht_buf_addf(&whole, "%s: ", module);
    ht_buf_add_str(&whole, text);
    ht_printable(&shown, ht_buf_str(&whole), 0);
    if (ht_buf_is_full(&shown))
        mark_cut(&shown);
    add(level, ht_buf_take(&shown));
}

void ht_log(enum ht_log_level level, const char *module, const char *format, ...)
{
    int saved = errno;

    if (is_wanted(level)) {
        ht_autobuf struct ht_buf text = HT_BUF(8 * 1024);
        va_list args;

        va_start(args, format);
        ht_buf_addv(&text, format, args);
        va_end(args);
        log_text(level, module, ht_buf_str(&text));
    }
    errno = saved;
}

void ht_log_error(enum ht_log_level level, const char *module, const struct ht_error *err)
{
    if (is_wanted(level))
        log_text(level, module, ht_str_from(err->text));
}

uint64_t ht_log_newest(void)
{
    uint64_t newest;

    pthread_mutex_lock(&the_log.lock);
    newest = the_log.newest;
    pthread_mutex_unlock(&the_log.lock);
    return newest;
}

void ht_log_each(uint64_t after, ht_log_visit visit, void *context)
{
    pthread_mutex_lock(&the_log.lock);

    uint64_t oldest = the_log.newest > HT_LOG_LINES ? the_log.newest - HT_LOG_LINES + 1 : 1;

    for (uint64_t n = after >= oldest ? after + 1 : oldest; n <= the_log.newest; n++) {
        const struct slot *slot = &the_log.slots[n % HT_LOG_LINES];
        struct ht_log_line line = {
            .number = n,
            .wall_ns = slot->wall_ns,
            .level = slot->level,
            .text = slot->text,
        };

        visit(context, &line);
    }
    pthread_mutex_unlock(&the_log.lock);
}
