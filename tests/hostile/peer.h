/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the misbehaving peer (peer.c says what it does). */
#ifndef HT_TESTS_PEER_H
#define HT_TESTS_PEER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/str.h"
#include "hulltop/base/vec.h"

enum mode {
    OK,
    CHUNKED,
    MUTE,
    STALL,
    DRIP,
    CUT,
    DROP,
    BARE,
    CLOSE,
    GONE,
    OVERSIZE,
    ENDLESS,
    HEADERS,
    HTML,
    NONSENSE,
    BADCHUNK,
    SHORT,
    LONG,
    STATUS,
    LONGLINE,
    DEAF,
};

enum { FILE_MAX = 256 * 1024 * 1024, REQUEST_MAX = 1024 * 1024, LOG_MAX = 64 * 1024 * 1024 };

struct behaviour {
    enum mode mode;
    uint64_t argument;
};

struct answer {
    char *target;
    struct ht_buf bytes;
    unsigned status;
    bool raw; /* headers included */
};

struct fault {
    char *prefix;
    struct behaviour how;
};

/* Guarded by lock; changed wakes everybody who is held up. */
struct peer {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct behaviour how;
    unsigned generation;    /* of the behaviour */
    struct ht_vec faults;   /* of struct fault */
    struct ht_vec answers;  /* of struct answer */
    struct ht_vec events;   /* of char *, every line so far */
    size_t first_events;    /* of them, what a new stream gets; later ones are live */
    unsigned events_cut;    /* streams opened under a smaller number end */
    struct ht_buf requests; /* request lines */
    unsigned connections;
    struct ht_vec grants; /* of char *, "VERB GROUP RESOURCE"; empty: everything is granted */
    char *token;          /* who does not show it asks for /unauthorized; NULL: anybody may ask */
    uint64_t api_max, api_min; /* minor versions of 1.x; 0: not checked */
    int listener, control;
};

struct connection {
    struct peer *peer;
    int fd;
    unsigned generation;
};

/* peer-answers.c: what is answered. */

/* The next word of *line, which is left behind it. */
struct ht_str peer_word(struct ht_str *line);
bool peer_add_file(struct peer *peer, struct ht_str target, const char *file, unsigned status);
bool peer_add_map(struct peer *peer, const char *directory);
bool peer_add_recorded(struct peer *peer, const char *file);
bool peer_add_grants(struct peer *peer, const char *file);
/* /v1.41/info is /info in version 41; another version than 1.x is 999, none 0. */
struct ht_str peer_without_version(struct ht_str target, uint64_t *ret_minor);
const struct answer *peer_find_answer(const struct peer *peer, struct ht_str request);

/* peer-serve.c: how it is answered. context is a struct connection, which it frees. */
void *peer_serve(void *context);
bool peer_send(int fd, const char *data, size_t len);

#endif
