/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the commands share: fact tables, drivers, an engine over live sources, a document or the
 * demo. Layer 7 (app); main thread.
 */
#ifndef HT_APP_SESSION_H
#define HT_APP_SESSION_H

#include "hulltop/base/arena.h"
#include "hulltop/check/facts.h"
#include "hulltop/engine/engine.h"
#include "options.h"

/* Exit statuses (design: Answers). 128 + n: ended by signal n. */
enum ht_status {
    HT_STATUS_CLEAN = 0,
    HT_STATUS_FINDINGS = 1,
    HT_STATUS_USAGE = 2,
    HT_STATUS_UNKNOWN = 3,
    HT_STATUS_SOURCES = 4,
    HT_STATUS_RECORDING = 5,
    HT_STATUS_TERMINAL = 6,
};

struct ht_session {
    const struct ht_options *options;
    struct ht_arena *arena;
    struct ht_facts *facts;
    struct ht_engine *engine;
    struct ht_buf document; /* what is replayed or shown; the engine borrows it */
};

/* Loads the fact tables. */
int ht_session_open(struct ht_session *session, const struct ht_options *options,
                    struct ht_arena *arena, struct ht_error *err);
/* Makes the engine: --from and replay read their document, the demo takes the built-in one, else
 * live sources. Returns 0 or a negative errno; a document that cannot be used gives -EBADMSG,
 * whatever was wrong with it. */
int ht_session_engine(struct ht_session *session, bool keep_state, struct ht_error *err);
/* Ends the engine, waiting at most grace_ns, and frees everything. Returns the exit status: the one
 * given, or, where that says that nothing was wrong, that the recording is not whole, which it
 * tells on stderr, as what is in a recording. */
int ht_session_close(struct ht_session *session, int64_t grace_ns, int status);
/* The same for a face, which runs until it is ended: the signal that ends it gives it the time to
 * write the end of a recording. */
int ht_session_end(struct ht_session *session, int status);
/* Prints "hulltop: MESSAGE" on stderr, made printable. */
void ht_complain(const struct ht_error *err);
/* Writes all of it to standard output. Does not return when its reader has gone ("| head"). */
int ht_print(struct ht_str bytes, struct ht_error *err);
/* The same for all that a command has to say: a failure is told on standard error. Returns the exit
 * status, HT_STATUS_CLEAN or HT_STATUS_TERMINAL. */
int ht_print_all(struct ht_str bytes);

#endif
