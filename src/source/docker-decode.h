/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Docker's answers (and those of Podman's compatible and own API) to rows: bytes in, rows out,
 * nothing else. Layer 3 (source), private; pure. Secrets are masked here: no row holds a value of
 * an environment variable, an argument or a label that looks like one.
 */
#ifndef HT_SOURCE_DOCKER_DECODE_H
#define HT_SOURCE_DOCKER_DECODE_H

#include "hulltop/base/error.h"
#include "hulltop/model/row.h"

/* What the daemon as a whole says, and a container's declaration depends on. */
struct ht_docker_context {
    struct ht_str source;  /* name of the source row */
    struct ht_str daemon;  /* id of the daemon row */
    struct ht_str runtime; /* "docker" or "podman" */
    struct ht_str seccomp; /* profile of containers that name none; empty: not known */
    bool options_known; /* the daemon told its security options; else what follows says nothing */
    bool userns_remap;  /* containers' root is not the host's unless they say so */
    bool rootless;      /* the daemon itself lives in a user namespace */
    bool no_new_privs;  /* no-new-privileges is the default */
    bool private_cgroupns; /* the default of containers that say nothing */
};

/* Whether an id is made as ids are: it goes into paths of requests. */
bool ht_docker_is_id(struct ht_str id);

/* GET /containers/ID/json (of Podman's own API too) to a container row, owned by the caller.
 * -EINVAL: the answer is no such object; -E2BIG: it is larger than a row may be. */
int ht_docker_decode_container(struct ht_str text, const struct ht_docker_context *context,
                               struct ht_row **ret_row, struct ht_error *err);

/* What a container takes from another for that kind of namespace (net, pid, ipc) is what the other
 * declares, as far as that is known. */
void ht_docker_join(struct ht_container *container, struct ht_str kind,
                    const struct ht_privilege *other);
/* GET /images/ID/history to a container row that has the image's id and image_secrets alone, owned
 * by the caller. -EINVAL: no such list; -E2BIG: too large. */
int ht_docker_decode_history(struct ht_str text, struct ht_str id, struct ht_row **ret_row,
                             struct ht_error *err);

/* GET /images/ID/json to a container row that has the image's id and image_entry alone, likewise.
 */
int ht_docker_decode_image(struct ht_str text, struct ht_str id, struct ht_row **ret_row,
                           struct ht_error *err);

/* GET /images/json: what images are called. */
struct ht_docker_image {
    struct ht_str id;
    struct ht_text_list tags;    /* "lab/app:1.0" */
    struct ht_text_list digests; /* "lab/app@sha256:..." */
};
struct ht_docker_image_list {
    struct ht_docker_image *items; /* in the arena */
    size_t len;
};
int ht_docker_decode_images(struct ht_arena *arena, struct ht_str text,
                            struct ht_docker_image_list *ret_list, struct ht_error *err);

/* GET /containers/ID/changes to a diff row of that container, owned by the caller; the source and
 * the time of asking are as given. Errors as above. */
enum { HT_DOCKER_CHANGES_MAX = 5000 };
struct ht_docker_changes_about {
    struct ht_str id, source;
    int64_t asked_at;
};
int ht_docker_decode_changes(struct ht_str text, const struct ht_docker_changes_about *about,
                             struct ht_row **ret_row, struct ht_error *err);

/* GET /networks to rows of those that cover several nodes, which replace what rows has. -EINVAL: no
 * such list. */
int ht_docker_decode_networks(struct ht_str text, struct ht_str source, struct ht_rowset *rows,
                              struct ht_error *err);
/* Adds a row without a driver to rows, whose id is the source: its networks were not listed, and
 * its name says why. The next list that can be read takes it away. */
void ht_docker_note_networks(struct ht_str source, const char *cause, struct ht_rowset *rows);

/* One entry of GET /containers/json, of Podman's own API too; texts are borrowed from the arena. */
struct ht_docker_listed {
    struct ht_str id; /* is one */
    struct ht_str name, image, state;
    /* Of Buildah: a file system that a build changes. No engine runs it or has more to tell. */
    bool working;
    int64_t created_at; /* ns since 1970; 0: not told */
    /* Changes with name, state, health and exit status: then it is inspected again. */
    uint64_t fingerprint;
};
struct ht_docker_list {
    struct ht_docker_listed *items; /* in the arena */
    size_t len;
};
int ht_docker_decode_list(struct ht_arena *arena, struct ht_str text,
                          struct ht_docker_list *ret_list, struct ht_error *err);

/* What the list alone tells of a container that cannot be inspected: that it is there. Owned by the
 * caller. */
struct ht_row *ht_docker_decode_listed(const struct ht_docker_listed *listed,
                                       const struct ht_docker_context *context);

/* The same of one that an earlier inspect told of: name and state are the list's, and what went
 * with another state (pid, times, exit code, health, restarts) is unknown. Texts are borrowed from
 * it. */
void ht_docker_add_listed(const struct ht_docker_listed *listed, struct ht_container *container);

/* GET /info to a daemon row, and to the context (whose texts point into the arena). */
struct ht_docker_answers {
    struct ht_str info;
    bool podman;            /* the headers of its answers say so */
    struct ht_str endpoint; /* becomes the row's id */
    struct ht_str source;
    struct ht_str api_version; /* as negotiated */
};
int ht_docker_decode_daemon(struct ht_arena *arena, const struct ht_docker_answers *answers,
                            struct ht_daemon *ret_daemon, struct ht_docker_context *ret_context,
                            struct ht_error *err);

/* A user's Podman cannot do without a user namespace, and not every version says so: whose process
 * listens does. */
void ht_docker_decode_user_service(struct ht_daemon *daemon, struct ht_docker_context *context);

/* One line of GET /events. */
enum ht_docker_news {
    HT_DOCKER_NEWS_LIFE,     /* of a container: it came, went or is another now */
    HT_DOCKER_NEWS_ASIDE,    /* its health, or a network of its; nothing of its life */
    HT_DOCKER_NEWS_IMAGES,   /* images, or what they are called; no container is named */
    HT_DOCKER_NEWS_NETWORKS, /* which networks there are; likewise */
};
struct ht_docker_event {
    enum ht_docker_news news;
    enum ht_event_kind kind;
    struct ht_str action; /* "start"; what stands behind a colon (a command) is cut off */
    struct ht_str id;     /* of the container */
    struct ht_str name;
    int64_t at; /* ns since 1970 */
};
/* -ENODATA: a line about nothing that changes what is told. */
int ht_docker_decode_event(struct ht_arena *arena, struct ht_str line,
                           struct ht_docker_event *ret_event, struct ht_error *err);

/* {"message": "..."} of an error answer; empty if it is none. Borrowed from the arena. */
struct ht_str ht_docker_decode_message(struct ht_arena *arena, struct ht_str text);

#endif
