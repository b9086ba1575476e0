/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words of command lines that files declare. Layer 3 (source); pure, one thread per list. Private
 * to apiserver-*.c.
 */
#ifndef HT_SOURCE_APISERVER_WORDS_H
#define HT_SOURCE_APISERVER_WORDS_H

#include <stdbool.h>

#include "apiserver.h"
#include "hulltop/base/arena.h"
#include "hulltop/base/vec.h"
#include "hulltop/model/node.h"

/* A list that grows; {.arena = arena} is an empty one. */
struct ht_words {
    struct ht_arena *arena;
    struct ht_vec items; /* struct ht_str in the arena */
};

/* Adds a word, which is borrowed: it lives as long as the arena. Beyond a limit nothing is added.
 */
void ht_words_add(struct ht_words *words, struct ht_str word);
/* The words as a list in the arena; the list is empty then. */
struct ht_text_list ht_words_take(struct ht_words *words);
/* The words of a line as a shell would cut them: quotes hold together and go, a backslash in front
 * of a line's end joins it with the next. Nothing is expanded. False: a quote has no end. */
bool ht_words_add_shell(struct ht_words *words, struct ht_str text);
/* The words from the one on that names the server, which may stand behind others ("exec watcher --
 * hyperkube kube-apiserver"), and which program it is. False: none of them does. */
bool ht_apiserver_find_server(struct ht_text_list words, struct ht_apiserver_manifest *manifest);

#endif
