/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that make credentials for an API server: what a kubeconfig says of one, and running it.
 * Layer 3 (source), private; any thread.
 */
#ifndef HT_SOURCE_KUBE_PLUGIN_H
#define HT_SOURCE_KUBE_PLUGIN_H

#include "hulltop/base/buf.h"
#include "hulltop/base/error.h"
#include "hulltop/base/yaml.h"

enum { HT_KUBE_PLUGIN_WORDS = 64 };

struct ht_kube_plugin {
    char *api;                                   /* version of its protocol */
    char *argv[HT_KUBE_PLUGIN_WORDS + 2];        /* program and arguments, then NULL */
    char *environment[HT_KUBE_PLUGIN_WORDS + 1]; /* "NAME=value" beside our own, then NULL */
};

/* What "exec" of a kubeconfig says; owned by the caller. folder is where a program lies that is
 * named by a relative path, with a slash at its end. NULL with err. */
struct ht_kube_plugin *ht_kube_plugin_decode(const struct ht_yaml *exec, struct ht_str folder,
                                             struct ht_error *err);
/* NULL is allowed; returns NULL. */
struct ht_kube_plugin *ht_kube_plugin_free(struct ht_kube_plugin *plugin);

/* Credentials that a program gave; what it did not give is empty. All of it is to be wiped. */
struct ht_kube_credentials {
    struct ht_buf token, certificate, key;
};

/* Decodes what a program wrote. -EINVAL: no credentials. */
int ht_kube_plugin_read(struct ht_str text, const char *name, struct ht_kube_credentials *ret,
                        struct ht_error *err);
/* Runs it, without a shell and without our terminal, and waits for its end: at most 20 s, or until
 * stop_fd can be read. Fills ret, whose buffers are initialised. -ETIMEDOUT, -ECANCELED, or why it
 * failed; what it says on its standard error is told by nobody, for it may hold secrets. */
int ht_kube_plugin_run(const struct ht_kube_plugin *plugin, int stop_fd,
                       struct ht_kube_credentials *ret, struct ht_error *err);

#endif
