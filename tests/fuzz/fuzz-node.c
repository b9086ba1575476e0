/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever is accepted as a node is written without loss: read again it has equal rows, and written
 * again it is the same text. */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/model/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void require_equal(const struct ht_node *a, const struct ht_node *b)
{
    require(a->taken_at == b->taken_at);
    for (int id = 0; id < HT_TABLE_COUNT; id++) {
        require(a->sets[id].len == b->sets[id].len);
        for (size_t i = 0; i < a->sets[id].len; i++)
            require(ht_row_equal(a->sets[id].rows[i], b->sets[id].rows[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ht_str text = {.data = (const char *)data, .len = size};
    ht_autobuf struct ht_buf first = HT_BUF(SIZE_MAX / 2);
    ht_autobuf struct ht_buf second = HT_BUF(SIZE_MAX / 2);
    ht_autonode struct ht_node *node = NULL;
    ht_autonode struct ht_node *again = NULL;
    enum ht_document_kind kind;
    struct ht_error err = {0};

    ht_document_sniff(text, "fuzz", &kind, NULL);
    if (ht_node_read(text, "fuzz", &node, &err) < 0) {
        require(err.code != 0 && err.text[0]);
        return 0;
    }
    ht_node_write(&first, node, HT_JSON_COMPACT);
    require(ht_document_sniff(ht_buf_str(&first), "again", &kind, NULL) == 0);
    require(kind == HT_DOCUMENT_NODE);
    require(ht_node_read(ht_buf_str(&first), "again", &again, &err) == 0);
    require_equal(node, again);
    ht_node_write(&second, again, HT_JSON_COMPACT);
    require(ht_str_equal(ht_buf_str(&first), ht_buf_str(&second)));
    return 0;
}
