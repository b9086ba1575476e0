/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recorded answers of engines for tests of the Docker decoder; include it behind cmocka.h. */
#ifndef HT_TEST_DOCKER_ANSWERS_H
#define HT_TEST_DOCKER_ANSWERS_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "hulltop/base/json.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/root.h"
#include "hulltop/model/document.h"

#include "src/source/docker-decode.h"

#define DEFAULT_CAPS UINT64_C(0xa80425fb)
#define ALL_CAPS     UINT64_C(0x1ffffffffff)

static inline void read_fixture(const char *name, struct ht_buf *text)
{
    const char *source = getenv("HT_SRCDIR");
    struct ht_error err = {0};
    char path[1024];

    snprintf(path, sizeof(path), "%s/tests/fixtures/%s", source ? source : ".", name);
    ht_buf_init(text, HT_LIMIT_BODY);
    if (ht_read_at(AT_FDCWD, path, text, HT_LIMIT_BODY, &err) < 0)
        fail_msg("%s", err.text);
}

/* One engine: what its /info says. */
struct engine {
    struct ht_arena *arena;
    struct ht_daemon daemon;
    struct ht_docker_context context;
};

static inline void decode_engine(struct engine *engine, struct ht_str info, bool podman)
{
    const struct ht_docker_answers answers = {.info = info,
                                              .podman = podman,
                                              .endpoint = HT_S("unix:///run/docker.sock"),
                                              .source = HT_S("docker"),
                                              .api_version = HT_S("1.41")};
    struct ht_error err = {0};

    engine->arena = ht_arena_new(HT_LIMIT_ROW);
    if (ht_docker_decode_daemon(engine->arena, &answers, &engine->daemon, &engine->context, &err))
        fail_msg("%s", err.text);
}

static inline void read_engine(struct engine *engine, const char *info)
{
    struct ht_buf text;

    read_fixture(info, &text);
    decode_engine(engine, ht_buf_str(&text), ht_str_has_prefix(ht_str_from(info), "podman/"));
    ht_buf_fini(&text);
}

static inline void free_engine(struct engine *engine)
{
    ht_arena_free(engine->arena);
}

static inline struct ht_row *decode(const struct engine *engine, struct ht_str text)
{
    struct ht_error err = {0};
    struct ht_row *row = NULL;

    if (ht_docker_decode_container(text, &engine->context, &row, &err) < 0)
        fail_msg("%s", err.text);
    return row;
}

static inline struct ht_row *read_row(const struct engine *engine, const char *name)
{
    struct ht_buf text;

    read_fixture(name, &text);

    struct ht_row *row = decode(engine, ht_buf_str(&text));
    ht_buf_fini(&text);
    return row;
}

static inline struct ht_row *row_of(const struct engine *engine, const char *text)
{
    return decode(engine, ht_str_from(text));
}

static inline const struct ht_json *as_json(struct ht_arena *arena, const struct ht_row *row)
{
    struct ht_buf text = HT_BUF(HT_LIMIT_BODY);
    struct ht_json_writer writer;

    ht_json_begin(&writer, &text, HT_JSON_COMPACT, HT_JSON_LOSSLESS);
    ht_struct_write(&writer, &ht_container_table, ht_container_of(row), false);

    const struct ht_json *json = ht_json_parse(arena, "row", ht_buf_str(&text), NULL);
    assert_non_null(json);
    ht_buf_fini(&text);
    return json;
}

static inline struct ht_str value_text(struct ht_arena *arena, const struct ht_json *value)
{
    struct ht_buf text = HT_BUF(HT_LIMIT_BODY);
    struct ht_json_writer writer;

    if (!value)
        return HT_S("unknown");
    ht_json_begin(&writer, &text, HT_JSON_COMPACT, HT_JSON_LOSSLESS);
    ht_json_put(&writer, value);

    struct ht_str copy = ht_arena_str(arena, ht_buf_str(&text));
    ht_buf_fini(&text);
    return copy;
}

#endif
