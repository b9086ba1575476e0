/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a source is, and what the engine offers it. Layer 3 (source).
 *
 * A source owns one thread, which may block; it connects, watches, retries, and hands over samples.
 * It knows no other source and no engine: only the feed.  A sample is a node that holds just the
 * rows this source saw, its own source row among them: the failure of a source is data too.
 */
#ifndef HT_SOURCE_SOURCE_H
#define HT_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "hulltop/base/clock.h"
#include "hulltop/model/node.h"

enum ht_request_kind {
    HT_REQUEST_NONE,      /* the wait ended by time */
    HT_REQUEST_RESCAN,    /* a full pass now */
    HT_REQUEST_PID,       /* look at this process again */
    HT_REQUEST_CONTAINER, /* look at this container again; only for drivers that say so */
    HT_REQUEST_CROWD,     /* likewise at some containers, too many to name; not soon again */
};

struct ht_request {
    enum ht_request_kind kind;
    int64_t pid;
    char id[80]; /* container id */
};

/* What a source calls, from its own thread. Implemented by the engine, and by tests. */
struct ht_feed {
    const struct ht_clock *clock;
    /* Hands over the newest sample: consumed. Never blocks. */
    void (*publish)(struct ht_feed *feed, struct ht_node *sample);
    /* Says that what was published last still holds: keeps it from getting old, costs nothing. */
    void (*confirm)(struct ht_feed *feed);
    /* Hands over an event row: consumed. The queue is bounded; losses are counted by the engine. */
    void (*event)(struct ht_feed *feed, struct ht_row *event);
    /* Sleeps until a request came, timeout_ns passed (negative: none) or the end. False: end now.
     * Requests are coalesced: each kind and target waits once. */
    bool (*wait)(struct ht_feed *feed, int64_t timeout_ns, struct ht_request *ret_request);
    /* A descriptor that becomes readable when the source must end or a request came: for poll(2)
     * beside sockets, and to give to ht_http as its cancel descriptor. */
    int (*wake_fd)(struct ht_feed *feed);
    /* A descriptor that becomes readable only when the source must end. */
    int (*stop_fd)(struct ht_feed *feed);
    /* Says what is about to be done ("reading /proc"), a constant text; shown when the source is
     * stuck. */
    void (*at)(struct ht_feed *feed, const char *where);
    /* Calls own(context), and beside it helper(context) in a thread of its own, which uses nothing
     * of the feed but at; returns once both have. False: neither was called, for there is but one
     * processor, or no thread to be had. NULL: likewise. */
    bool (*together)(struct ht_feed *feed, void (*own)(void *context),
                     void (*helper)(void *context), void *context);
};

struct ht_driver;

struct ht_driver_ops {
    const char *name;    /* "docker" */
    int64_t interval_ns; /* of a full pass */
    int64_t limit_ns;    /* without at() or publish() for so long: STUCK */
    bool containers;     /* it can look at one container: others are not woken by their events */
    /* The thread's body; returns when feed->wait says so. */
    void (*run)(void *self, struct ht_feed *feed);
    /* Frees self; called when the thread has ended, or never if it hangs. */
    void (*free)(void *self);
    /* Optional (NULL). The engine gives up a thread that hangs: this makes the driver that takes
     * its place and leaves out what the old one hung on; without ops there is none (nothing was
     * learnt, or it hung too often). self is only looked at; it stays, with its feed, as long as
     * the old thread, and what that may publish later is dropped. Called from the engine's thread.
     */
    struct ht_driver (*renew)(void *self);
};

/* The code behind a source: configured, not started yet. */
struct ht_driver {
    const struct ht_driver_ops *ops;
    void *self;
};

/* A source row's facts that most samples have; detail and help are borrowed texts. Adds it to
 * sample. Whoever is root already is not told "sudo hulltop". */
void ht_source_tell(struct ht_node *sample, const char *name, enum ht_source_state state,
                    const char *detail, const char *help);
/* The same of an answer: at sample->taken_at, after took_ns, and again after interval_ns. */
struct ht_source_answer {
    const char *name;
    enum ht_source_state state;
    const char *detail, *help; /* help may be NULL */
    int64_t took_ns, interval_ns;
};
void ht_source_tell_answer(struct ht_node *sample, const struct ht_source_answer *answer);

/* ---- the sources there are ---- */

struct ht_docker_options {
    const char *url;       /* unix:///run/docker.sock, tcp://host:2376; NULL: the usual places */
    const char *cert_path; /* DOCKER_CERT_PATH: ca.pem, cert.pem, key.pem; NULL: none */
    bool tls_verify;       /* DOCKER_TLS_VERIFY was set */
    bool histories;        /* read the histories of the images in use, for secrets in them */
    bool drift; /* ask for what images name and are called, and for changes where storage hides them
                 */
    int64_t timeout_ns; /* for one answer; 0: 2 s */
};
/* A Docker (or Podman-compatible) engine; texts are copied. */
struct ht_driver ht_docker_driver(const struct ht_docker_options *options);

enum { HT_PODMAN_SERVICES = 5 };
/* Podman at its usual places, a driver for each service: root's, and those of the users with the
 * smallest ids that have one. Those of users tell nothing while there is no socket; the last one
 * tells of users that are left out. Of the options, what is to be read counts. */
void ht_podman_drivers(const struct ht_docker_options *options,
                       struct ht_driver drivers[HT_PODMAN_SERVICES]);

enum { HT_CONTAINERD_PLACES = 5 };
struct ht_containerd_options {
    const char *socket_path; /* NULL: the usual places */
    bool histories;          /* read the histories of the images in use, for secrets in them */
    int64_t timeout_ns;      /* for one answer; 0: 2 s */
};
/* containerd by its own API, and CRI-O by the Container Runtime Interface; texts are copied. Fills
 * drivers and returns how many: one for the socket that is named, else one for each usual place
 * (containerd's own, k3s and rke2, k0s, microk8s, CRI-O). Those after the first tell nothing while
 * there is no socket. */
size_t ht_containerd_drivers(const struct ht_containerd_options *options,
                             struct ht_driver drivers[HT_CONTAINERD_PLACES]);

/* What the user may switch off. */
enum ht_off { HT_OFF_DOCKER, HT_OFF_CRI, HT_OFF_KUBE };
/* In the place of such a source: OFF, by that option (static). */
struct ht_driver ht_off_driver(enum ht_off source, const char *option);

struct ht_kube_options {
    const char *kubeconfig; /* NULL: KUBECONFIG, the pod's token, the usual places */
    const char *context;    /* NULL: the kubeconfig's current one */
    const char *node;       /* what the cluster calls this node; NULL: found by its boot or name */
    bool exec_credentials;  /* run the program that the kubeconfig names for credentials */
    bool ingresses;         /* list them and services too, of all namespaces */
};
/* The Kubernetes API: the pods of this node, namespaces; texts are copied. */
struct ht_driver ht_kube_driver(const struct ht_kube_options *options);

/* What may be left out where nobody asks for it: reading it costs as much as the rest. */
enum ht_proc_part {
    HT_PROC_LOAD = 1 << 0,     /* rows of what cgroups use */
    HT_PROC_CONTACTS = 1 << 1, /* stdio, peers, and listens (but of Docker daemons) */
    HT_PROC_LOGIN = 1 << 2,    /* login_uid */
    HT_PROC_MEMORY = 1 << 3,   /* wx_bytes, wx_libraries */
};

struct ht_proc_options {
    const char *root;   /* "/" */
    bool live;          /* false: OFF, with the reason */
    bool host_only;     /* the host row alone, then OFF */
    unsigned leave_out; /* enum ht_proc_part */
    /* Paths of which the host row tells whether sockets are there ("*": any name). */
    struct ht_text_list sockets;
};
/* The process table, cgroup usage and the host row; texts are copied. */
struct ht_driver ht_proc_driver(const struct ht_proc_options *options);

enum { HT_HOSTCONF_SALT_BYTES = 32 };

struct ht_hostconf_options {
    const char *root; /* host files are read below it */
    bool live;        /* processes are the running system's, else those of ROOT/proc */
    const char *salt; /* HT_HOSTCONF_SALT_BYTES: key of the marks of equal secrets; NULL: one of its
                         own, so that marks hold for this run only */
    bool inside;      /* look into logs, and for copies of secrets in what containers wrote */
    int64_t interval_ns; /* between two looks; 0: 30 s */
};
/* What the node's daemons are told, what they listen on, secrets that lie around; copies all. */
struct ht_driver ht_hostconf_driver(const struct ht_hostconf_options *options);

struct ht_datastore_options {
    const char *root;    /* "/" */
    const char *etcd_db; /* this file alone, wherever the root is; NULL: what is on the node */
    const char *etcd;    /* http[s]://HOST:PORT: asked instead of read; NULL: nobody is asked */
    const char *etcd_ca, *etcd_cert, *etcd_key; /* PEM files; NULL: those of kubeadm and others */
    int64_t interval_ns;                        /* between two looks; 0: 30 s */
};
/* What the cluster's datastore on this node holds, by its bytes; texts are copied. */
struct ht_driver ht_datastore_driver(const struct ht_datastore_options *options);

/* Processes that run code from replaced or deleted files ("running-old"); live as above. A source
 * of its own: it changes with the processes, not with the package databases, and it is the one that
 * needs rights over others' processes. cache_folder: where packages of files are kept over runs
 * (copied); NULL: nowhere. */
struct ht_driver ht_running_driver(bool live, const char *cache_folder);

/* What runs in containers and is not what their images hold; live as above. */
struct ht_driver ht_drift_driver(bool live);

struct ht_packages_options {
    const char *root;          /* "/" */
    bool live;                 /* root is the running system's */
    unsigned lists_limit_days; /* older lists are not to be trusted */
    const char *cache_folder;  /* where the last answer is kept; NULL: nowhere */
};
/* The host's packages and what of them waits for an update; texts are copied. */
struct ht_driver ht_packages_driver(const struct ht_packages_options *options);

struct ht_upkeep_options {
    const char *root;         /* "/" */
    bool live;                /* root is the running system's */
    const char *advisories;   /* path of a file of known holes; NULL: none */
    const char *cache_folder; /* where sums of files are kept over runs; NULL: nowhere */
};
/* Support of the host's releases, its kernel and container stack; texts are copied. */
struct ht_driver ht_upkeep_driver(const struct ht_upkeep_options *options);

#endif
