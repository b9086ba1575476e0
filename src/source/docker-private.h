/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Docker source's parts: docker.c is its thread, docker-pass.c lists and inspects,
 * docker-images.c asks for what their images are made of, docker-names.c for what these are called,
 * docker-changes.c for what changed in them, docker-tell.c hands over. Layer 3
 * (source), private; all of it belongs to the source's thread.
 */
#ifndef HT_SOURCE_DOCKER_PRIVATE_H
#define HT_SOURCE_DOCKER_PRIVATE_H

#include "docker-client.h"
#include "docker-decode.h"
#include "reconnect.h"

#include "hulltop/base/vec.h"

#define HT_DOCKER_FULL_PASS_NS (60 * HT_NS_PER_S)
/* The same while events tell all that there is to know: a list of a hundred containers costs the
 * daemon as much as some minutes of its own. */
#define HT_DOCKER_REST_PASS_NS (1200 * HT_NS_PER_S)
/* A daemon at rest that is woken for one answer uses half a millisecond. One that ends is noticed
 * at once, by its stream; this is for one that was stopped or hangs. */
#define HT_DOCKER_PING_NS (20 * HT_NS_PER_S)
/* The last sign of life may be a whole wait old: the stream's waits end with the next ping. */
#define HT_DOCKER_LIMIT_NS (3 * HT_DOCKER_PING_NS)

/* A container that the list or an event named. */
struct ht_docker_known {
    char id[132];
    struct ht_row *row;   /* NULL: not seen yet */
    struct ht_row *told;  /* what was told in place of row last; NULL: row itself */
    struct ht_row *diff;  /* what the daemon says changed in it; NULL: not asked for */
    int64_t diff_due_ns;  /* when that is asked for again */
    int64_t diff_rest_ns; /* and not before, whatever happens to it */
    uint64_t fingerprint; /* of the list's entry when it was inspected */
    uint64_t shown;       /* of the one that row is as old as; 0: row is older than an event */
    uint64_t pass;        /* that listed it last */
    uint64_t inspected;   /* pass in which it was inspected last */
    bool dirty;           /* an event was about it */
    bool aside;           /* one was about its health or networks: the next ping's turn looks */
    bool missing;         /* this pass's list names it, and the daemon did not know it then */
    bool failed;          /* it could not be inspected; row has name and state of the list */
    bool bare;            /* row has nothing else */
};

struct ht_docker {
    /* As configured: */
    char *name, *url, *cert_path;
    bool tls_verify;
    const char *const *places;
    unsigned rank;  /* of the user whose socket it is, where places say "any user" */
    unsigned ranks; /* sources that share those users among them; 0: it is none of the last */

    /* Of the thread: */
    struct ht_feed *feed;
    struct ht_docker_client client;
    struct ht_http_stream *stream;
    struct ht_arena *daemon_arena; /* holds the context's texts */
    struct ht_docker_context context;
    struct ht_row *daemon, *source;
    struct ht_host_access access; /* by which the daemon row tells who may open its socket */
    int64_t info_ns;              /* when it was asked about itself */
    struct ht_map *containers;    /* id to struct ht_docker_known */
    struct ht_row *like;          /* one of theirs, whose texts the others share; NULL: none */
    uint64_t pass;
    size_t total;                  /* containers of the last list */
    size_t bytes;                  /* that all rows take, as of the last look at them */
    unsigned slow;                 /* inspects of this pass that got no answer */
    size_t users;                  /* that have a socket at the places */
    bool everything;               /* the next pass inspects all of them */
    char cause[HT_ERROR_TEXT_MAX]; /* why an inspect failed last */

    struct ht_reconnect reconnect;
    int64_t answered_at, took_ns;
    int64_t pause_ns; /* between passes, as the last one found it; 0: none was yet */
    int64_t last_full_ns, next_full_ns, next_ping_ns, told_ns;
    int64_t second_ns; /* when the counting of events began */
    size_t second_events, second_bytes;
    size_t pass_events;    /* since the last pass began */
    bool images_changed;   /* an event said so */
    bool networks_changed; /* likewise */
    bool changed;          /* since it was told */

    bool histories;        /* of images are read; as configured */
    struct ht_map *images; /* what docker-images.c knows; NULL: nothing */

    bool drift;                        /* as configured */
    int64_t diff_rest_ns;              /* changes of none are asked for before */
    struct ht_arena *names_arena;      /* holds the names */
    struct ht_docker_image_list names; /* of all images, as of the last pass */
    uint64_t names_pass;
    bool names_due;            /* they are asked for before the next pass */
    struct ht_rowset networks; /* of a swarm */
};

/* docker.c */

/* A source of that name; texts but places are copied. Goes into a driver with these functions. */
struct ht_docker *ht_docker_make(const char *name, const struct ht_docker_options *options,
                                 const char *const *places);
void ht_docker_run(void *self, struct ht_feed *feed);
void ht_docker_free(void *self);

/* What /info tells becomes the daemon row and the context; -errno if it is no such answer. */
int ht_docker_take_info(struct ht_docker *docker, struct ht_str info, struct ht_trouble *trouble);

/* docker-pass.c */

/* What is known about an id, made if need be. */
struct ht_docker_known *ht_docker_know(struct ht_docker *docker, struct ht_str id);
/* Forgets a container. */
void ht_docker_forget(struct ht_docker *docker, struct ht_str id);
/* The next pass comes so long after the last, unless it comes sooner. */
void ht_docker_ask_for_pass(struct ht_docker *docker, int64_t gap_ns);
/* The list, and everything on it that is new, changed, long not looked at or marked dirty; where
 * everything is asked for, and as often as of a daemon at rest, with /info, which takes as long as
 * many containers. -errno if the daemon as a whole fails; a container that cannot be inspected is
 * marked so. */
int ht_docker_pass(struct ht_docker *docker, struct ht_trouble *trouble);
/* Inspects what events were about, with aside also what they told of health and networks; -errno
 * as above. */
int ht_docker_look(struct ht_docker *docker, bool aside, struct ht_trouble *trouble);
/* The row (taken over) becomes a container's, unless it says what that one's says; what it takes is
 * counted in place of what that one did. False, and nothing is done: it takes more, and all rows
 * would take more than twice what they may. */
bool ht_docker_set_row(struct ht_docker *docker, struct ht_docker_known *known, struct ht_row *row);
/* The row of a container that may say much the same as the others do. */
struct ht_row *ht_docker_make_row(const struct ht_docker *docker,
                                  const struct ht_container *container);
/* Whether another user than root listens there, by what the kernel tells. */
bool ht_docker_is_of_user(const struct ht_docker *docker);
/* Whether all that is known takes as much as it may, which is less where the daemon is not root's:
 * nothing that a row is made of is asked for then, but for rows that take the place of others. */
bool ht_docker_is_full(const struct ht_docker *docker);
/* Frees all that is known. */
void ht_docker_forget_all(struct ht_docker *docker);

/* docker-images.c */

/* Asks for the histories of images that containers have and that are not known yet, and for what
 * they start, and adds what they tell to the rows. -EINTR: the end was asked for; all else is no
 * failure. */
int ht_docker_read_histories(struct ht_docker *docker, struct ht_trouble *trouble);
/* The row (taken over) with what the history of its image tells, if that is known. */
struct ht_row *ht_docker_add_history(const struct ht_docker *docker, struct ht_row *row);
/* Bytes that rows of images take. */
size_t ht_docker_images_size(const struct ht_docker *docker);
/* Frees all that is known of images. */
void ht_docker_forget_images(struct ht_docker *docker);

/* docker-names.c */

/* Asks for the names of all images once a pass and when they are due, and tells the rows what
 * theirs is called by now. A daemon that does not answer is none the worse. -EINTR: the end was
 * asked for. */
int ht_docker_read_names(struct ht_docker *docker, struct ht_trouble *trouble);
/* The row (taken over) with that. Names that lack its image may be older than it is: they are due,
 * and not told. */
struct ht_row *ht_docker_add_names(struct ht_docker *docker, struct ht_row *row);

/* docker-changes.c */

/* Asks for the changes of running containers whose storage keeps them with their image's files,
 * when they are due. Likewise. */
int ht_docker_read_changes(struct ht_docker *docker, struct ht_trouble *trouble);
/* The container that is asked about now: of those that are due, the one that is longest. NULL:
 * none is, or the daemon rests. */
struct ht_docker_known *ht_docker_due_changes(const struct ht_docker *docker, int64_t now_ns);
/* It was asked about one, from began to ended: when that is due again, and how long it rests. */
void ht_docker_rest_changes(struct ht_docker *docker, struct ht_docker_known *known, int64_t began,
                            int64_t ended);
/* Something happened to a container: they are due as soon as it has rested. */
void ht_docker_hurry_changes(struct ht_docker_known *known, int64_t now_ns);
/* Before a container's row becomes this one: if changes are asked for only from now on (it is new,
 * or was started), it waits behind those that are due already. */
void ht_docker_queue_changes(const struct ht_docker *docker, struct ht_docker_known *known,
                             const struct ht_row *row, int64_t now_ns);

/* docker-tell.c */

/* Hands over a sample with this source state and every row there is. */
void ht_docker_tell(struct ht_docker *docker, enum ht_source_state state, const char *detail,
                    const char *help);
/* Hands over a sample: OK, or PART if containers could not be inspected. */
void ht_docker_tell_good(struct ht_docker *docker);
/* Says how far the first pass is, now and then. */
void ht_docker_tell_progress(struct ht_docker *docker, size_t done);
/* Hands over an event. */
void ht_docker_tell_event(struct ht_docker *docker, const struct ht_docker_event *event);

/* docker-networks.c */

/* Lists the networks of a swarm, where the daemon is in one and secrets are asked about; 0, or
 * -EINTR when the end was asked for. */
int ht_docker_read_networks(struct ht_docker *docker, struct ht_trouble *trouble);

#endif
