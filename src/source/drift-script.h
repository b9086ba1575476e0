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
    bool is_shell;      /* the interpreter keeps its script open */
    const char *suffix; /* of a file: what its name may lack; NULL: nothing */
    const char *first;  /* of a folder: the file in it that runs; NULL: none does */
    bool is_list;       /* of a list: all that a folder holds may be loaded */
    const char *bare;   /* the folder, below where it stands, that it lies in; NULL: none */
};

/* The name of a program without its version ("python" of "/usr/bin/python3.11"). */
struct ht_str ht_script_name(struct ht_str exe);

/* Whether the command line of that program tells of code: it interprets, or has many names. */
bool ht_script_has_argv(struct ht_str exe);
/* Whether the word behind that option is its value. */
bool ht_script_has_value(struct ht_str exe, struct ht_str option);
/* exe is the path of the program that runs ("/usr/bin/python3.11"), argv its command line. */
struct ht_script ht_script_of(struct ht_str exe, const struct ht_text_list *argv);

/* Whether that path is an open descriptor of whoever opens it ("/dev/fd/3"): its number. */
bool ht_script_is_descriptor(struct ht_str path, unsigned *ret_number);
/* Takes the next file that shell code reads in (". FILE", "source FILE") off text; borrowed. False:
 * there is none. Only what stands there in plain words is seen. */
bool ht_script_next_sourced(struct ht_str *text, struct ht_str *ret_path);

/* Steps through what a command line has an interpreter load beside its script: archives of a class
 * path, agents, modules that come first. */
struct ht_loaded_walk {
    struct ht_str exe;
    const struct ht_text_list *argv; /* borrowed */
    size_t at;                       /* the word that is next; 0: not begun */
    struct ht_str rest;              /* of a list of paths */
    bool is_list;                    /* rest is one: colons part it, and its items may be folders */
};
/* The next of them, a file, borrowed from the arguments; false at the end. */
bool ht_loaded_next(struct ht_loaded_walk *walk, struct ht_script *ret_script);

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
