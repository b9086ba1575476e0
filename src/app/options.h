/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands and options: one table from which parsing, --help, the configuration file, completions
 * and the test of the manual are made. Layer 7 (app).
 */
#ifndef HT_APP_OPTIONS_H
#define HT_APP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "config-allow.h"

#include "hulltop/base/arena.h"
#include "hulltop/base/error.h"
#include "hulltop/model/rows.h"
#include "hulltop/ui/theme.h"

enum ht_command_name {
    HT_CMD_DASHBOARD,
    HT_CMD_CHECK,
    HT_CMD_DEMO,
    HT_CMD_RECORD,
    HT_CMD_REPLAY,
    HT_CMD_DOCTOR,
};

enum ht_format { HT_FORMAT_TEXT, HT_FORMAT_JSON, HT_FORMAT_SARIF, HT_FORMAT_NODE };

struct ht_options {
    enum ht_command_name command;
    const char *operand; /* FILE of record and replay, SCENARIO of demo; NULL: none */
    bool help, version;

    /* sources */
    const char *docker, *cri, *kubeconfig; /* NULL: the usual places; "none": off */
    const char *context, *node;            /* Kubernetes; NULL: the current one, found by itself */
    const char *root;                      /* "/" */
    const char *etcd, *etcd_ca, *etcd_cert, *etcd_key; /* NULL: nobody is asked */
    const char *etcd_db;                               /* NULL: what is on the node */
    unsigned lists_days;                               /* package lists are trusted for so long */
    const char *advisories;                            /* file of known holes; NULL: none */
    const char *from;                                  /* NULL: live */
    const char *manifests; /* check: judge this file in place of sources */
    int pod_security;      /* minor version of the Pod Security Standards, or the latest */

    /* answer */
    unsigned questions; /* bit n */
    enum ht_format format;
    enum ht_severity fail_on;
    const char *baseline;
    bool strict, quiet;
    bool role;             /* doctor: print the Kubernetes role */
    bool exec_credentials; /* run the kubeconfig's program for credentials */
    bool look_inside;      /* secrets: logs, and copies in what containers wrote */
    int64_t timeout_ns;    /* 0: not given */
    int64_t interval_ns;   /* between two looks at what is stored and configured; 0: not given */

    /* screen */
    const char *open;
    enum ht_color color;
    enum ht_theme theme;
    bool ascii, plain, utc, mouse;

    const char *config;
    struct ht_allowed_list allowed; /* of the configuration file */
    const char *hash_frames; /* demo: write the hash of each frame to this file, and end (tests) */
};

/* Reads the command line, then fills in from the configuration file what it did not say. Text is
 * borrowed from argv or lives in arena. -EINVAL: usage or configuration, with a message that names
 * the nearest word. */
int ht_options_parse(struct ht_arena *arena, int argc, char **argv, struct ht_options *ret_options,
                     struct ht_error *err);
/* The text of --help; fits 80x24. */
void ht_options_help(struct ht_buf *out);
/* The text of --version, with build features. */
void ht_options_version(struct ht_buf *out);

#endif
