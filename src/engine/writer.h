/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writer: the one thread that may block on files. Layer 4 (engine), private.
 *
 * Jobs are owned by the queue once given and carried out in order; what became of them is told
 * through a callback from the writer's thread.
 */
#ifndef HT_ENGINE_WRITER_H
#define HT_ENGINE_WRITER_H

#include <stdbool.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"
#include "hulltop/base/str.h"
#include "hulltop/engine/engine.h"

struct ht_writer;

/* One line for people ("saved /root/x.json"); called from the writer's thread, must not block. */
typedef void (*ht_writer_tell)(void *context, const char *text);

/* Starts the thread. NULL with err on failure. */
struct ht_writer *ht_writer_new(ht_writer_tell tell, void *context, struct ht_error *err);
/* Writes bytes (copied) to a new file, or over an existing one with replace; quiet: only failures
 * are told. */
void ht_writer_save(struct ht_writer *writer, const char *path, struct ht_str bytes, bool replace,
                    bool quiet);
/* Work that writes files in its own way. */
struct ht_writer_work {
    /* In the writer's thread, where it may block. 0 and a line for people in told, or -errno. */
    int (*run)(void *context, struct ht_buf *told, struct ht_error *err);
    void (*free)(void *context); /* in any thread, also where it was never run */
    void *context;
};
/* Takes the work over. */
void ht_writer_do(struct ht_writer *writer, const struct ht_writer_work *work);
/* Opens a recording; lines follow by ht_writer_line until ht_writer_close. */
void ht_writer_open(struct ht_writer *writer, const char *path);
/* One that came at this time of the monotonic clock. False: the queue is full (HT_LIMIT_BODY bytes
 * wait), the line was not taken. */
bool ht_writer_line(struct ht_writer *writer, struct ht_str line, int64_t at_ns);
void ht_writer_close(struct ht_writer *writer);
/* Gives the recording up: what follows is not in the file. cause becomes the writer's failure. */
void ht_writer_break(struct ht_writer *writer, const char *cause);
/* How far the recording is. */
struct ht_recorded ht_writer_recorded(struct ht_writer *writer);
/* Carries out what waits until the monotonic deadline, then ends; a writer that hangs on a file is
 * left behind and frees itself if it ever gets on. 0, or the first negative errno by which a
 * recording is not whole: its file and the cause in err. ret_recorded (NULL: not asked) gets what
 * is in the file then. NULL is allowed. */
int ht_writer_stop(struct ht_writer *writer, int64_t deadline_ns, struct ht_recorded *ret_recorded,
                   struct ht_error *err);

#endif
