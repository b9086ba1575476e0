/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recording that opens plays to its end, and any frame is the same whichever way it is reached.
 */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/model/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static struct ht_node *node_at(struct ht_player *player, size_t frame)
{
    struct ht_node *node = NULL;

    require(ht_player_node(player, frame, &node, NULL) == 0);
    require(node->taken_at == ht_player_time(player, frame));
    return node;
}

static void require_equal(const struct ht_node *a, const struct ht_node *b)
{
    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        require(a->sets[id].len == b->sets[id].len);
        for (size_t i = 0; i < a->sets[id].len; i++)
            require(ht_row_equal(a->sets[id].rows[i], b->sets[id].rows[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ht_str text = {.data = (const char *)data, .len = size};
    struct ht_player *player = NULL;
    struct ht_error err = {0};

    if (ht_player_new(text, "fuzz", &player, &err) < 0) {
        require(err.code != 0 && err.text[0]);
        return 0;
    }

    size_t last = ht_player_frames(player) - 1;
    for (size_t frame = 0; frame < last; frame++)
        ht_node_unref(node_at(player, frame));

    struct ht_node *stepped = node_at(player, last);
    ht_node_unref(node_at(player, 0));
    struct ht_node *sought = node_at(player, last);
    require_equal(stepped, sought);
    ht_node_unref(stepped);
    ht_node_unref(sought);
    ht_player_free(player);
    return 0;
}
