/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that an interpreter was told to run, by its command line. Layer 3 (source). Pure. */
#ifndef HT_SOURCE_RUNNING_SCRIPT_H
#define HT_SOURCE_RUNNING_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "hulltop/base/str.h"

/* Whether a program of that path interprets Python, Perl, Ruby, PHP, JavaScript or Java. */
bool ht_script_is_interpreter(struct ht_str exe);
/* The absolute paths of the main script, or of the jars, in a command line whose words end in NUL;
 * at most max. Borrowed from it. Returns how many. */
size_t ht_script_paths(struct ht_str exe, struct ht_str cmdline, struct ht_str *paths, size_t max);

#endif
