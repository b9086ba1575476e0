/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever is accepted as a report gives a report again, which is JSON and printable. */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/base/printable.h"
#include "hulltop/model/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ht_report_options options = {
        .questions = 0x7e, .version = "0", .style = HT_JSON_INDENTED};
    struct ht_str text = {.data = (const char *)data, .len = size};
    ht_autoarena struct ht_arena *arena = ht_arena_new(SIZE_MAX / 2);
    ht_autobuf struct ht_buf out = HT_BUF(SIZE_MAX / 2);
    ht_autobuf struct ht_buf shown = HT_BUF(SIZE_MAX / 2);
    ht_autostate struct ht_state *state = NULL;
    struct ht_error err = {0};

    if (ht_report_read(text, "fuzz", &state, &err) < 0) {
        require(err.code != 0 && err.text[0]);
        return 0;
    }
    ht_report_write(&out, state, &options);
    require(ht_json_parse(arena, "again", ht_buf_str(&out), NULL) != NULL);
    ht_printable(&shown, ht_buf_str(&out), HT_PRINT_NEWLINES);
    require(ht_str_equal(ht_buf_str(&out), ht_buf_str(&shown)));
    return 0;
}
