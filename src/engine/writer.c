/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/file.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/log.h"
#include "hulltop/base/mem.h"

enum job_kind { JOB_SAVE, JOB_WORK, JOB_OPEN, JOB_LINE, JOB_BREAK, JOB_CLOSE };

struct job {
    struct job *next;
    enum job_kind kind;
    bool replace, quiet;
    char *path;
    char *bytes;
    size_t len;
    int64_t at_ns;              /* of JOB_LINE */
    struct ht_writer_work work; /* of JOB_WORK */
};

struct ht_writer {
    ht_writer_tell tell;
    void *context;
    pthread_t thread;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct job *first, **last;
    size_t waiting_bytes;
    bool stopping, ended, abandoned;
    struct ht_error failure; /* of a recording, the first */
    struct ht_recorded recorded;

    /* Only the writer's thread: */
    int fd; /* the recording, -1: none */
    char *fd_path;
};

static void free_job(struct job *job)
{
    if (job->work.free)
        job->work.free(job->work.context);
    free(job->path);
    free(job->bytes);
    free(job);
}

static void say(struct ht_writer *writer, const char *text)
{
    pthread_mutex_lock(&writer->lock);
    if (!writer->abandoned)
        writer->tell(writer->context, text);
    pthread_mutex_unlock(&writer->lock);
}

static void say_error(struct ht_writer *writer, const char *what, const struct ht_error *err)
{
    char text[HT_ERROR_TEXT_MAX + 64];

    snprintf(text, sizeof(text), "%s: %s", what, err->text);
    ht_log_error(HT_LOG_WARNING, "writer", err);
    say(writer, text);
}

/* The first failure of a recording stays: whoever ends the writer is told. */
static void fail(struct ht_writer *writer, const struct ht_error *err)
{
    pthread_mutex_lock(&writer->lock);
    if (!writer->failure.code)
        writer->failure = *err;
    writer->recorded.failed = true;
    pthread_mutex_unlock(&writer->lock);
}

static void set_on(struct ht_writer *writer, bool on)
{
    pthread_mutex_lock(&writer->lock);
    if (on)
        writer->recorded = (struct ht_recorded){.failed = writer->recorded.failed};
    writer->recorded.on = on;
    pthread_mutex_unlock(&writer->lock);
}

static void count_line(struct ht_writer *writer, const struct job *job)
{
    struct ht_recorded *recorded = &writer->recorded;

    pthread_mutex_lock(&writer->lock);
    if (recorded->lines == 0)
        recorded->first_ns = job->at_ns;
    recorded->last_ns = job->at_ns;
    recorded->lines++;
    recorded->bytes += job->len;
    pthread_mutex_unlock(&writer->lock);
}

static void do_save(struct ht_writer *writer, const struct job *job)
{
    struct ht_error err = {0};
    struct ht_str bytes = {job->bytes, job->len};
    ht_autobuf struct ht_buf text = HT_BUF(HT_ERROR_TEXT_MAX);

    if (ht_file_write(job->path, bytes, job->replace ? HT_FILE_REPLACE : 0, &err) < 0) {
        say_error(writer, "not saved", &err);
    } else if (!job->quiet) {
        ht_buf_add_text(&text, "saved ");
        ht_file_add_whole_path(&text, job->path);
        ht_buf_addf(&text, " (%zu bytes)", job->len);
        say(writer, text.data);
    }
}

static void do_work(struct ht_writer *writer, const struct job *job)
{
    ht_autobuf struct ht_buf told = HT_BUF(HT_ERROR_TEXT_MAX);
    struct ht_error err = {0};

    if (job->work.run(job->work.context, &told, &err) < 0) {
        say_error(writer, "not saved, or not whole", &err);
    } else if (told.len) {
        ht_buf_add_c(&told, '\0');
        say(writer, told.data);
    }
}

/* With why it failed, nobody needs to be told that it ended. */
static void do_close(struct ht_writer *writer, bool quiet)
{
    char text[HT_ERROR_TEXT_MAX];

    if (writer->fd < 0)
        return;
    snprintf(text, sizeof(text), "recording ended: %s (%llu lines)", writer->fd_path,
             (unsigned long long)writer->recorded.lines);
    /* Where a disk is far away, some errors come no earlier. */
    if (close(writer->fd) < 0) {
        struct ht_error err = {0};

        ht_error_errno(&err, errno, "%s", writer->fd_path);
        fail(writer, &err);
        say_error(writer, "recording failed", &err);
        quiet = true;
    }
    writer->fd = -1;
    free(writer->fd_path);
    writer->fd_path = NULL;
    set_on(writer, false);
    if (!quiet)
        say(writer, text);
}

static void do_open(struct ht_writer *writer, struct job *job)
{
    struct ht_error err = {0};
    char text[HT_ERROR_TEXT_MAX];

    do_close(writer, false);
    writer->fd = ht_file_create(job->path, 0, &err);
    if (writer->fd < 0) {
        writer->fd = -1;
        fail(writer, &err);
        say_error(writer, "not recording", &err);
        return;
    }
    writer->fd_path = ht_steal_ptr(job->path);
    set_on(writer, true);
    snprintf(text, sizeof(text), "recording to %s", writer->fd_path);
    say(writer, text);
}

/* A recording with a gap would tell what was not so. */
static void end_failed(struct ht_writer *writer, const struct ht_error *err)
{
    fail(writer, err);
    say_error(writer, "recording failed", err);
    do_close(writer, true);
}

static void do_line(struct ht_writer *writer, const struct job *job)
{
    struct ht_error err = {0};
    int r;

    if (writer->fd < 0)
        return;
    r = ht_write_all(writer->fd, (struct ht_str){.data = job->bytes, .len = job->len});
    if (r < 0) {
        ht_error_errno(&err, -r, "%s", writer->fd_path);
        end_failed(writer, &err);
        return;
    }
    count_line(writer, job);
}

static void do_break(struct ht_writer *writer, const struct job *job)
{
    struct ht_error err = {0};

    if (writer->fd < 0)
        return;
    ht_error_set(&err, EIO, "%s: %s", writer->fd_path, job->path);
    end_failed(writer, &err);
}

static void do_job(struct ht_writer *writer, struct job *job)
{
    switch (job->kind) {
    case JOB_SAVE:
        do_save(writer, job);
        break;
    case JOB_WORK:
        do_work(writer, job);
        break;
    case JOB_OPEN:
        do_open(writer, job);
        break;
    case JOB_LINE:
        do_line(writer, job);
        break;
    case JOB_BREAK:
        do_break(writer, job);
        break;
    case JOB_CLOSE:
        do_close(writer, false);
        break;
    }
}

/* Waits for the next job; NULL at the end. */
static struct job *next_job(struct ht_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    while (!writer->first && !writer->stopping)
        pthread_cond_wait(&writer->changed, &writer->lock);

    struct job *job = writer->first;
    if (job) {
        writer->first = job->next;
        if (!writer->first)
            writer->last = &writer->first;
        writer->waiting_bytes -= job->len;
    }
    pthread_mutex_unlock(&writer->lock);
    return job;
}

static void free_writer(struct ht_writer *writer)
{
    pthread_cond_destroy(&writer->changed);
    pthread_mutex_destroy(&writer->lock);
    free(writer);
}

static void *run(void *argument)
{
    struct ht_writer *writer = argument;

    for (struct job *job = next_job(writer); job; job = next_job(writer)) {
        do_job(writer, job);
        free_job(job);
    }
    do_close(writer, false);
    pthread_mutex_lock(&writer->lock);
    writer->ended = true;
    bool abandoned = writer->abandoned;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->lock);
    if (abandoned)
        free_writer(writer);
    return NULL;
}

struct ht_writer *ht_writer_new(ht_writer_tell tell, void *context, struct ht_error *err)
{
    struct ht_writer *writer = ht_new0(struct ht_writer);
    pthread_condattr_t attributes;
    sigset_t all, before;

    writer->tell = tell;
    writer->context = context;
    writer->last = &writer->first;
    writer->fd = -1;
    pthread_mutex_init(&writer->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&writer->thread, NULL, run, writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r != 0) {
        ht_error_errno(err, r, "writer: thread");
        free_writer(writer);
        return NULL;
    }
    pthread_setname_np(writer->thread, "writer");
    return writer;
}

static bool give(struct ht_writer *writer, struct job *job)
{
    bool taken = false;

    pthread_mutex_lock(&writer->lock);
    if (!writer->stopping && writer->waiting_bytes + job->len <= HT_LIMIT_BODY) {
        *writer->last = job;
        writer->last = &job->next;
        writer->waiting_bytes += job->len;
        pthread_cond_signal(&writer->changed);
        taken = true;
    }
    pthread_mutex_unlock(&writer->lock);
    if (!taken)
        free_job(job);
    return taken;
}

static struct job *make_job(enum job_kind kind, const char *path, struct ht_str bytes)
{
    struct job *job = ht_new0(struct job);

    job->kind = kind;
    job->path = ht_strdup(path);
    job->bytes = bytes.len ? ht_strndup(bytes.data, bytes.len) : NULL;
    job->len = bytes.len;
    return job;
}

void ht_writer_save(struct ht_writer *writer, const char *path, struct ht_str bytes, bool replace,
                    bool quiet)
{
    struct job *job = make_job(JOB_SAVE, path, bytes);

    job->replace = replace;
    job->quiet = quiet;
    if (!give(writer, job))
        say(writer, "not saved: too much waits to be written");
}

void ht_writer_do(struct ht_writer *writer, const struct ht_writer_work *work)
{
    struct job *job = make_job(JOB_WORK, NULL, HT_S(""));

    job->work = *work;
    if (!give(writer, job))
        say(writer, "not saved: too much waits to be written");
}

void ht_writer_open(struct ht_writer *writer, const char *path)
{
    if (!give(writer, make_job(JOB_OPEN, path, HT_S(""))))
        say(writer, "not recording: too much waits to be written");
}

bool ht_writer_line(struct ht_writer *writer, struct ht_str line, int64_t at_ns)
{
    struct job *job = make_job(JOB_LINE, NULL, line);

    job->at_ns = at_ns;
    return give(writer, job);
}

void ht_writer_close(struct ht_writer *writer)
{
    give(writer, make_job(JOB_CLOSE, NULL, HT_S("")));
}

void ht_writer_break(struct ht_writer *writer, const char *cause)
{
    give(writer, make_job(JOB_BREAK, cause, HT_S("")));
}

struct ht_recorded ht_writer_recorded(struct ht_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    struct ht_recorded recorded = writer->recorded;
    pthread_mutex_unlock(&writer->lock);
    return recorded;
}

int ht_writer_stop(struct ht_writer *writer, int64_t deadline_ns, struct ht_recorded *ret_recorded,
                   struct ht_error *err)
{
    struct timespec deadline = ht_timespec(deadline_ns);

    int r;

    if (!writer)
        return 0;
    pthread_mutex_lock(&writer->lock);
    writer->stopping = true;
    pthread_cond_broadcast(&writer->changed);
    while (!writer->ended) {
        if (pthread_cond_timedwait(&writer->changed, &writer->lock, &deadline) == ETIMEDOUT)
            break;
    }
    bool ended = writer->ended;
    writer->abandoned = !ended;
    if (!ended)
        pthread_detach(writer->thread);
    if (writer->failure.code && err)
        *err = writer->failure;
    if (ret_recorded)
        *ret_recorded = writer->recorded;
    r = -writer->failure.code;
    pthread_mutex_unlock(&writer->lock);
    if (!ended)
        return r < 0 ? r : ht_error_set(err, ETIMEDOUT, "a file hangs, and is not whole");
    pthread_join(writer->thread, NULL);
    free_writer(writer);
    return r;
}
