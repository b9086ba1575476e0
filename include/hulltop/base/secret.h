/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Masking: what a decoder does to command lines, environments and free text before they become part
 * of a row, so that no row, screen, report or recording ever holds a secret's value.
 * Layer 1 (base); pure; any thread.
 *
 * Names and positions stay, values go: "--password=***". Of a value with a well-known shape the
 * public prefix stays: "ghp_***". In doubt it is masked. Literals that cannot be secrets (true,
 * off, none, ${NAME}, $(NAME)) stay, since checks read them. A second pass over a word or a text
 * changes nothing.
 *
 * Texts that come back are borrowed from the input where nothing was masked, else from the arena.
 */
#ifndef HT_BASE_SECRET_H
#define HT_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "hulltop/base/arena.h"
#include "hulltop/base/str.h"

/* A word of a command line, or any value, on its own: well-known shapes, URLs with a password,
 * NAME= and "name: " pairs whose name tells a secret. A value at the word's start reaches to its
 * end. */
struct ht_str ht_secret_mask_arg(struct ht_arena *arena, struct ht_str arg);

/* A whole command line: as ht_secret_mask_arg, and what only the neighbours tell: "--password X",
 * "mysql -pX", "curl -u user:X". Returns len words in the arena. */
struct ht_str *ht_secret_mask_argv(struct ht_arena *arena, const struct ht_str *argv, size_t len);

/* Running text that may hold commands: a line of an image's history, a label, a shell's -c text, an
 * error message. As a command line split at blanks; values end at a blank or at their quote. */
struct ht_str ht_secret_mask_text(struct ht_arena *arena, struct ht_str text);

/* What is kept of an environment variable's value: never the value but "<16 characters>" or "<40
 * characters, shape github-token>" (counted in bytes), "<empty>", or, for a few names that hold no
 * secrets (PATH, HOME, LANG ...), the value itself, passed through ht_secret_mask_text. */
struct ht_str ht_secret_mask_env(struct ht_arena *arena, struct ht_str name, struct ht_str value);

/* "NAME=value" as it stands in an environment block, masked by ht_secret_mask_env. An entry without
 * "=" is all value. */
struct ht_str ht_secret_mask_env_entry(struct ht_arena *arena, struct ht_str entry);

/* True if a variable, option or key of this name holds a secret, judged by how the name ends:
 * DB_PASSWORD, apiKey, --client-secret, TOKEN_2; not TOKEN_FILE, SECRET_ROTATION_DAYS, PWD. */
bool ht_secret_is_name(struct ht_str name);

/* How sure it is that something is a secret. */
enum ht_secret_sure {
    HT_SECRET_HINT,    /* its name says so, but what stands there looks like something else */
    HT_SECRET_LIKELY,  /* a secret's name and a value that is no placeholder */
    HT_SECRET_CERTAIN, /* a well-known shape */
};

/* A secret that was found; the value itself stays in the text. */
struct ht_secret_found {
    enum ht_secret_sure sure;
    const char *rule;   /* name of the shape, or "named", "option", "url-password" ... */
    struct ht_str name; /* of the pair or option, borrowed from the text; may be empty */
    size_t from;        /* where the value is in the text */
    size_t len;
};

/* Where masking hides in doubt, this tells what is worth a finding: placeholders, references,
 * paths, hashes and prose are left out. Fills at most max places, in the order of the text, and
 * returns how many; one place comes once, with the best reason. is_shell as in ht_secret_mask_text;
 * a single value, argument or "NAME=value" is no shell text. */
size_t ht_secret_judge(struct ht_str text, bool is_shell, struct ht_secret_found *ret_found,
                       size_t max);

/* The name of the first well-known shape in value ("jwt", "aws-key-id", "url-password"), or NULL.
 */
const char *ht_secret_shape(struct ht_str value);

#endif
