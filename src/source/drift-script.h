/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an interpreter runs, by its command line. Layer 3 (source); pure; any thread. */
#ifndef HT_SOURCE_DRIFT_SCRIPT_H
#define HT_SOURCE_DRIFT_SCRIPT_H

#include <stdbool.h>

#include "hulltop/base/str.h"
#include "hulltop/model/rows.h"

enum ht_script_kind {
    HT_SCRIPT_NONE,   /* no interpreter, or nothing that its command line tells */
    HT_SCRIPT_FILE,   /* text is the path, as it was given */
    HT_SCRIPT_MODULE, /* text is the module's name (python -m) */
    HT_SCRIPT_INLINE, /* text is the code itself */
    HT_SCRIPT_STDIN,  /* it reads its code from standard input, and was told so */
};

struct ht_script {
    enum ht_script_kind kind;
    struct ht_str text; /* borrowed from the arguments */
};

/* Whether the command line of that program tells of code: it interprets, or has many names. */
bool ht_script_has_argv(struct ht_str exe);
/* exe is the path of the program that runs ("/usr/bin/python3.11"), argv its command line. */
struct ht_script ht_script_of(struct ht_str exe, const struct ht_text_list *argv);

/* The first line of a file's bytes that says what runs it ("#!/bin/sh"); empty: it says nothing.
 * That a file is a script is what a command line claims: it may be a key, or a table of passwords.
 */
struct ht_str ht_script_first_line(struct ht_str bytes);

/* Steps through what an environment (/proc/PID/environ) has loaded before everything else. */
struct ht_preload_walk {
    struct ht_str environment; /* what is left of it; set by the caller */
    struct ht_str value;       /* what is left of the variable's value */
    const char *variable;      /* LD_PRELOAD or LD_AUDIT */
};
/* The next file that such a variable names, borrowed from the environment; false at its end. */
bool ht_preload_next(struct ht_preload_walk *walk, struct ht_str *ret_path);

#endif
