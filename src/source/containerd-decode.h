/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * containerd's messages (containerd.proto) to rows: bytes in, rows out, nothing else; and the few
 * requests it is asked. Layer 3 (source), private; pure. Secrets are masked here.
 */
#ifndef HT_SOURCE_CONTAINERD_DECODE_H
#define HT_SOURCE_CONTAINERD_DECODE_H

#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"
#include "hulltop/model/row.h"

/* What a container's declaration depends on besides its message. */
struct ht_containerd_context {
    struct ht_str source;    /* name of the source row */
    struct ht_str daemon;    /* id of the daemon row */
    struct ht_str namespace; /* containerd's, in which it was asked */
    struct ht_str runtime;   /* "containerd", "cri-o" */
};

/* Names that go into metadata and keys: short, of letters, digits and -._ alone. */
bool ht_containerd_is_name(struct ht_str name);

/* Texts are borrowed from the arena, which holds the message decoded. */
struct ht_containerd_names {
    struct ht_str *items;
    size_t len;
};
/* Namespaces/List. A name that cannot be one is an error: its containers could not be asked for. */
int ht_containerd_decode_namespaces(struct ht_arena *arena, struct ht_str message,
                                    struct ht_containerd_names *ret_names, struct ht_error *err);

/* One container, its row not yet complete: without its task, and sharing with its sandbox. */
struct ht_containerd_item {
    struct ht_row *row;    /* owned by who has the list */
    struct ht_str id;      /* in its namespace */
    struct ht_str sandbox; /* id of its pod's sandbox; empty: none */
};
struct ht_containerd_list {
    struct ht_containerd_item *items;
    size_t len;
    size_t broken;                      /* of them, those whose specification could not be read */
    char cause[HT_ERROR_TEXT_MAX + 20]; /* why, of the last */
};
/* Containers/List. One whose specification cannot be read has a row that knows little. */
int ht_containerd_decode_containers(struct ht_arena *arena, struct ht_str message,
                                    const struct ht_containerd_context *context,
                                    struct ht_containerd_list *ret_list, struct ht_error *err);
/* Containers/Get: a list of one. */
int ht_containerd_decode_container(struct ht_arena *arena, struct ht_str message,
                                   const struct ht_containerd_context *context,
                                   struct ht_containerd_list *ret_list, struct ht_error *err);
/* Drops the rows. */
void ht_containerd_list_fini(struct ht_containerd_list *list);

struct ht_containerd_task {
    struct ht_str id; /* of the container */
    enum ht_container_state state;
    uint64_t pid; /* 0: none */
    uint64_t exit_status;
    int64_t exited_at; /* 0: it did not end */
};
struct ht_containerd_tasks {
    struct ht_containerd_task *items; /* sorted by id */
    size_t len;
};
/* Tasks/List. */
int ht_containerd_decode_tasks(struct ht_arena *arena, struct ht_str message,
                               struct ht_containerd_tasks *ret_tasks, struct ht_error *err);
/* Tasks/Get: one. */
int ht_containerd_decode_task(struct ht_arena *arena, struct ht_str message,
                              struct ht_containerd_tasks *ret_tasks, struct ht_error *err);
/* The task of a container, or NULL. */
const struct ht_containerd_task *ht_containerd_find_task(const struct ht_containerd_tasks *tasks,
                                                         struct ht_str id);

/* The row with what its task and its pod's sandbox tell (each NULL if there is none); a new
 * reference. */
struct ht_row *ht_containerd_complete(const struct ht_row *row,
                                      const struct ht_containerd_task *task,
                                      const struct ht_row *sandbox);

/* The row with what its pod's sandbox tells, a new reference. */
struct ht_row *ht_containerd_shared(const struct ht_row *row, const struct ht_row *sandbox);

/* Version/Version. Borrowed from the arena. */
int ht_containerd_decode_version(struct ht_arena *arena, struct ht_str message,
                                 struct ht_str *ret_version, struct ht_error *err);

/* One message of Events/Subscribe. */
struct ht_containerd_event {
    enum ht_event_kind kind;
    const char *action; /* "start" */
    struct ht_str namespace, id;
    int64_t at; /* ns since 1970; 0: not told */
};
/* -ENODATA: about something else than a container's life. */
int ht_containerd_decode_event(struct ht_arena *arena, struct ht_str message,
                               struct ht_containerd_event *ret_event, struct ht_error *err);

/* Appends the request of Containers/Get and Tasks/Get. */
void ht_containerd_encode_id(struct ht_buf *out, struct ht_str id);
/* Appends the request of Events/Subscribe: the life of containers, nothing else. */
void ht_containerd_encode_filters(struct ht_buf *out);

#endif
