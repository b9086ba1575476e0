/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of the containerd source: containerd.c is its thread, containerd-pass.c lists and looks
 * by containerd's own API, containerd-tell.c hands over. Layer 3 (source), private; all of it
 * belongs to the source's thread.
 */
#ifndef HT_SOURCE_CONTAINERD_PRIVATE_H
#define HT_SOURCE_CONTAINERD_PRIVATE_H

#include "hulltop/base/grpc.h"
#include "hulltop/base/vec.h"
#include "hulltop/source/source.h"

#include "containerd-decode.h"
#include "host-socket.h"
#include "reconnect.h"
#include "trouble.h"

#define HT_CONTAINERD_FULL_PASS_NS (60 * HT_NS_PER_S)
#define HT_CRI_PASS_NS             (5 * HT_NS_PER_S) /* it tells no events */

/* A container, by namespace and id. */
struct ht_containerd_known {
    char namespace[80], id[80], sandbox[80];
    struct ht_row *raw; /* as listed; NULL: an event told of it, not looked at yet */
    struct ht_row
        *row;        /* with task and sandbox; NULL while raw is there: no container of its own */
    uint64_t pass;   /* the last that listed it */
    uint64_t looked; /* CRI: the last that asked for its status */
    uint64_t fingerprint; /* CRI: of the list */
    bool dirty;           /* an event was about it */
};

struct ht_containerd {
    /* As configured: */
    char *name, *socket_path;

    /* Of the thread: */
    struct ht_feed *feed;
    struct ht_http *http;
    struct ht_host_socket socket; /* what was there before connecting */
    struct ht_host_access access; /* by which the daemon row tells who may open it */
    struct ht_grpc_stream *stream;
    char endpoint[300]; /* "unix:///run/containerd/containerd.sock" */
    char runtime[30];   /* "containerd", or what CRI calls it */
    char version[60];
    const char *cri; /* NULL: containerd's own API; else the interface: "runtime.v1" */
    struct ht_row *daemon, *source;
    struct ht_map *containers; /* "namespace/id" to struct ht_containerd_known */
    size_t namespaces;
    uint64_t pass;
    size_t broken; /* specifications that the last pass could not read */
    char cause[HT_ERROR_TEXT_MAX + 20];

    struct ht_reconnect reconnect;
    int64_t answered_at, took_ns;
    int64_t interval_ns; /* of full passes */
    int64_t last_full_ns, next_full_ns, next_ping_ns, told_ns;
    int64_t second_ns; /* when the counting of events began */
    size_t second_events;
    bool changed; /* since it was told */

    bool histories;        /* of images are read; as configured */
    struct ht_map *images; /* what containerd-images.c knows; NULL: nothing */
};

/* containerd-pass.c */

/* A call; metadata names the namespace if there is one. Fills trouble on failure, except that
 * -ENODATA (no such object) and -ENOSYS are the caller's. */
struct ht_containerd_call {
    const char *path;
    const char *namespace; /* NULL: none */
    struct ht_str message;
};
int ht_containerd_call(struct ht_containerd *ctd, const struct ht_containerd_call *call,
                       struct ht_buf *answer, struct ht_trouble *trouble);
/* Says what a failed call means; as ht_trouble_explain. */
int ht_containerd_explain(const struct ht_error *err, struct ht_trouble *trouble);
/* What is known about a container, made if need be. */
struct ht_containerd_known *ht_containerd_know(struct ht_containerd *ctd, struct ht_str namespace,
                                               struct ht_str id);
/* Forgets a container. */
void ht_containerd_forget(struct ht_containerd *ctd, struct ht_str namespace, struct ht_str id);
/* Frees all that is known. */
void ht_containerd_forget_all(struct ht_containerd *ctd);
/* Lists everything; -errno if the daemon fails. */
int ht_containerd_pass(struct ht_containerd *ctd, struct ht_trouble *trouble);
/* cri-pass.c: asks who is there (sets runtime, version and cri), and lists everything. */
int ht_cri_hello(struct ht_containerd *ctd, struct ht_trouble *trouble);
int ht_cri_pass(struct ht_containerd *ctd, struct ht_trouble *trouble);
/* After a full pass: forgets what it did not list, and notes the time. */
void ht_containerd_pass_over(struct ht_containerd *ctd, int64_t start_ns);
/* Looks at what events were about; -errno as above. */
int ht_containerd_look(struct ht_containerd *ctd, struct ht_trouble *trouble);

/* containerd-images.c */

/* Asks for the histories of images that are not known yet; what fails is asked for again. */
void ht_containerd_read_histories(struct ht_containerd *ctd);
/* The same container with what the history of its image tells; consumes row. */
struct ht_row *ht_containerd_add_history(const struct ht_containerd *ctd,
                                         const struct ht_containerd_known *known,
                                         struct ht_row *row);
/* Frees what is known of images. */
void ht_containerd_forget_images(struct ht_containerd *ctd);

/* containerd-host.c */

/* The TCP listener that the settings of the daemon's process name. Texts go into the arena. */
void ht_containerd_host_facts(struct ht_arena *arena, struct ht_daemon *daemon);

/* containerd-tell.c */

/* Hands over a sample with this source state and every row there is. */
void ht_containerd_tell(struct ht_containerd *ctd, enum ht_source_state state, const char *detail,
                        const char *help);
/* Hands over a sample: OK, or PART if specifications could not be read. */
void ht_containerd_tell_good(struct ht_containerd *ctd);
/* Hands over an event. */
void ht_containerd_tell_event(struct ht_containerd *ctd, const struct ht_containerd_event *event);

#endif
