/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fact tables: what is known about capabilities, paths, sockets, builders, system workloads.
 * Layer 3 (check). Immutable after loading; any thread.
 *
 * Each is a file src/facts/NAME.yaml with a date and a source, compiled in as text; a trusted file
 * of the same name in the configuration folders replaces one.
 */
#ifndef HT_CHECK_FACTS_H
#define HT_CHECK_FACTS_H

#include <stdint.h>

#include "hulltop/base/error.h"
#include "hulltop/base/str.h"
#include "hulltop/base/yaml.h"

struct ht_facts;

/* One compiled-in text file (a fact table, a view, the demo). */
struct ht_builtin {
    const char *name; /* "capabilities.yaml" */
    const char *text;
    size_t len;
};
/* The compiled-in fact tables, ended by a NULL name. */
const struct ht_builtin *ht_facts_builtin(void);

/* Loads all tables. folders: NULL-terminated list of folders to look for replacements in, first one
 * wins (NULL: none). Fails with "FILE:LINE: cause" when a replacement is wrong or not trusted. */
int ht_facts_load(const char *const *folders, struct ht_facts **ret_facts, struct ht_error *err);
/* NULL is allowed; returns NULL. */
struct ht_facts *ht_facts_free(struct ht_facts *facts);

#endif
