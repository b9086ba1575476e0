/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables that have an interpreter load code. Layer 3 (source), of the source "drift"; pure; any
 * thread. */
#ifndef HT_SOURCE_DRIFT_ENVIRON_H
#define HT_SOURCE_DRIFT_ENVIRON_H

#include "drift-script.h"
#include "hulltop/base/arena.h"

enum ht_environ_kind {
    HT_ENVIRON_WORDS,   /* options, as on a command line */
    HT_ENVIRON_LIST,    /* paths that colons part, one may be a folder and /\* */
    HT_ENVIRON_FILE,    /* a path */
    HT_ENVIRON_SITE,    /* folders that colons part, with files of certain names */
    HT_ENVIRON_MODULES, /* options of Perl that name modules */
    HT_ENVIRON_CODE,    /* code itself, or what a shell makes the name of a file of */
};

enum { HT_ENVIRON_WORDS_MAX = 4096 };

/* Steps through those of an environment (/proc/PID/environ) that count for a program. */
struct ht_environ_walk {
    struct ht_str exe;               /* the path of the program */
    const struct ht_text_list *argv; /* its command line; borrowed */
    struct ht_str environment;
    struct ht_str rest; /* of the environment; set by the first step */
    bool begun;
    unsigned asked, counted; /* bits, by the number of a variable: does it count? */
    const char *variable;    /* the name of the one found */
    enum ht_environ_kind kind;
    struct ht_str value; /* borrowed from the environment */
};

/* Whether there are any that the program at that path asks. */
bool ht_environ_is_asked(struct ht_str exe);
/* The next of them; false at the end. One that the command line makes the program ignore is left
 * out. */
bool ht_environ_next(struct ht_environ_walk *walk);

/* The words of options as the program exe parts them: behind exe and before (empty: none), which
 * stands before them; of a file of arguments of Java if is_file is set. In the arena; at most
 * HT_ENVIRON_WORDS_MAX. */
struct ht_text_list ht_environ_split(struct ht_str text, struct ht_str exe, struct ht_str before,
                                     bool is_file, struct ht_arena *arena);
/* The file of the module that an option of Perl loads ("-MFoo::Bar=x": "Foo/Bar.pm"), in the arena;
 * empty: it loads none. */
struct ht_str ht_environ_module(struct ht_str option, struct ht_arena *arena);

#endif
