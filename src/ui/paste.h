/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A text that the terminal says was pasted: its bytes up to the mark of its end, which may come in
 * pieces, late or never. Private to src/ui; pure; one owner, one thread.
 */
#ifndef HT_UI_PASTE_H
#define HT_UI_PASTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hulltop/base/buf.h"

/* What a terminal that was asked for it puts around a text. */
#define HT_PASTE_BEGIN "\033[200~"
#define HT_PASTE_END   "\033[201~"

/* Of a text bytes are kept that are more than any prompt takes; the rest is read and dropped. */
enum { HT_PASTE_MAX = 4096 };

struct ht_paste {
    struct ht_buf text; /* raw, without the mark */
    bool is_open;
    bool is_cut;     /* there was more, or its end never came */
    size_t matched;  /* bytes of the mark that came last */
    int64_t came_ns; /* when bytes came last, monotonic */
};

void ht_paste_init(struct ht_paste *paste);
void ht_paste_fini(struct ht_paste *paste);
/* The mark of its beginning has come. */
void ht_paste_begin(struct ht_paste *paste, int64_t now_ns);
/* What is open is given up, with all that has come. */
void ht_paste_drop(struct ht_paste *paste);
/* How many bytes may be read so that none behind the end is among them; at least 1. */
size_t ht_paste_room(const struct ht_paste *paste);
/* Takes so many bytes at most, of one that is open. True: with them it has ended. */
bool ht_paste_add(struct ht_paste *paste, struct ht_str bytes, int64_t now_ns);
/* True if nothing came for so long that its end is not waited for: it has ended then. The next
 * bytes are keys. */
bool ht_paste_give_up(struct ht_paste *paste, int64_t now_ns);

#endif
