/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever /containers/ID/json answers: a row or an error; a row can be written, and is written the
 * same after it was read back. The first byte chooses what the daemon's defaults are. */
#include <stdint.h>
#include <stdlib.h>

#include "src/source/docker-decode.h"

#include "hulltop/base/limits.h"
#include "hulltop/model/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void write_row(struct ht_buf *out, const struct ht_container *container)
{
    struct ht_json_writer writer;

    ht_json_begin(&writer, out, HT_JSON_COMPACT, HT_JSON_LOSSLESS);
    ht_struct_write(&writer, &ht_container_table, container, false);
}

static void check_row(const struct ht_row *row)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    ht_autobuf struct ht_buf first = HT_BUF(SIZE_MAX / 2), second = HT_BUF(SIZE_MAX / 2);
    const struct ht_reading reading = {.arena = arena, .path = "row"};
    struct ht_container again = {0};
    struct ht_error err = {0};

    require(ht_docker_is_id(ht_row_id(row)));
    write_row(&first, ht_container_of(row));

    const struct ht_json *json = ht_json_parse(arena, "row", ht_buf_str(&first), &err);
    if (!json)
        return; /* deeper by a level than what was read */
    require(ht_struct_read(json, &ht_container_table, &reading, &again, &err) == 0);
    write_row(&second, &again);
    require(ht_str_equal(ht_buf_str(&first), ht_buf_str(&second)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned bits = size ? data[0] : 0;
    const struct ht_docker_context context = {
        .source = HT_S("docker"),
        .daemon = HT_S("unix:///run/docker.sock"),
        .runtime = bits & 1 ? HT_S("podman") : HT_S("docker"),
        .seccomp = bits & 2 ? HT_S("default") : HT_S(""),
        .options_known = bits & 4,
        .userns_remap = bits & 8,
        .rootless = bits & 16,
        .private_cgroupns = bits & 32,
    };
    struct ht_error err = {0};
    struct ht_row *row = NULL;

    if (size == 0)
        return 0;

    struct ht_str text = {.data = (const char *)data + 1, .len = size - 1};
    int r = ht_docker_decode_container(text, &context, &row, &err);
    require(r == 0 || (r < 0 && err.code == -r && err.text[0] && !row));
    if (r == 0)
        check_row(row);
    ht_row_unref(row);
    return 0;
}
