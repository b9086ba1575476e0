/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list, an event, the daemon's own answers, what images are, what changed, networks, an image's
 * own documents, and an error's message. The first byte chooses. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "src/source/docker-decode.h"
#include "src/source/oci-image.h"

#include "hulltop/base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void fuzz_list(struct ht_arena *arena, struct ht_str text)
{
    const struct ht_docker_context context = {.runtime = HT_S("docker")};
    struct ht_docker_list list;
    struct ht_error err = {0};
    int r = ht_docker_decode_list(arena, text, &list, &err);

    require(r == 0 || (err.code == -r && err.text[0]));
    for (size_t i = 0; r == 0 && i < list.len; i++) {
        struct ht_row *row = ht_docker_decode_listed(&list.items[i], &context);

        require(ht_docker_is_id(ht_row_id(row)));
        ht_row_unref(row);
    }
}

static void fuzz_event(struct ht_arena *arena, struct ht_str text)
{
    struct ht_docker_event event;
    struct ht_error err = {0};
    int r = ht_docker_decode_event(arena, text, &event, &err);

    require(r == 0 || r == -ENODATA || (err.code == -r && err.text[0]));
    if (r == 0)
        require((ht_docker_is_id(event.id) || event.news == HT_DOCKER_NEWS_IMAGES ||
                 event.news == HT_DOCKER_NEWS_NETWORKS) &&
                event.at >= 0);
}

/* What follows a NUL is left out; a text with one is Podman's. */
static void fuzz_daemon(struct ht_arena *arena, struct ht_str text)
{
    ptrdiff_t nul = ht_str_find_byte(text, '\0');
    struct ht_docker_answers answers = {.info = nul < 0 ? text : ht_str_sub(text, 0, (size_t)nul),
                                        .podman = nul >= 0,
                                        .endpoint = HT_S("unix:///run/docker.sock"),
                                        .source = HT_S("docker"),
                                        .api_version = HT_S("1.41")};
    struct ht_docker_context context;
    struct ht_daemon daemon;
    struct ht_error err = {0};
    int r = ht_docker_decode_daemon(arena, &answers, &daemon, &context, &err);

    require(r == 0 || (err.code == -r && err.text[0]));
    if (r == 0)
        ht_row_unref(ht_row_new(&ht_daemon_table, &daemon));
}

static void fuzz_image(struct ht_str text)
{
    struct ht_row *row = NULL;
    struct ht_error err = {0};
    int r = ht_docker_decode_image(text, HT_S("sha256:ab"), &row, &err);

    require(r == 0 || (err.code == -r && err.text[0] && !row));
    ht_row_unref(row);
}

static void fuzz_names(struct ht_arena *arena, struct ht_str text)
{
    struct ht_docker_image_list images = {0};
    struct ht_error err = {0};
    int r = ht_docker_decode_images(arena, text, &images, &err);

    require(r == 0 || (err.code == -r && err.text[0] && !images.items));
}

static void fuzz_changes(struct ht_str text)
{
    const struct ht_docker_changes_about about = {.id = HT_S("ab"), .source = HT_S("docker")};
    struct ht_row *row = NULL;
    struct ht_error err = {0};
    int r = ht_docker_decode_changes(text, &about, &row, &err);

    require(r == 0 || (err.code == -r && err.text[0] && !row));
    for (size_t i = 0; row && i < ht_diff_of(row)->changed.len; i++)
        require(ht_diff_of(row)->changed.items[i].len > 2);
    ht_row_unref(row);
}

static void fuzz_history(struct ht_str text)
{
    struct ht_row *row = NULL;
    struct ht_error err = {0};
    int r = ht_docker_decode_history(text, HT_S("sha256:ab"), &row, &err);

    require(r == 0 || (err.code == -r && err.text[0] && !row));
    ht_row_unref(row);
}

static void fuzz_networks(struct ht_str text)
{
    struct ht_rowset rows = {0};
    struct ht_error err = {0};
    int r = ht_docker_decode_networks(text, HT_S("docker"), &rows, &err);

    require(r == 0 || (err.code == -r && err.text[0] && rows.len == 0));
    for (size_t i = 0; i < rows.len; i++)
        require(ht_str_is(ht_network_of(rows.rows[i])->driver, "overlay"));
    ht_rowset_fini(&rows);
}

/* An image by containerd's store or CRI: its configuration, or what leads to it. */
static void fuzz_oci(struct ht_arena *arena, struct ht_str text)
{
    struct ht_oci_next next = {0};
    struct ht_row *row = NULL;
    struct ht_error err = {0};
    int r = ht_oci_decode_image(text, HT_S("example.test/web:1"), &row, &err);

    require(r == 0 || (err.code == -r && err.text[0] && !row));
    ht_row_unref(row);
    if (ht_oci_decode_manifest(arena, text, 0, &next, NULL) == 0)
        require(ht_oci_is_digest(next.digest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_str text = {.data = (const char *)data + 1, .len = size - 1};

    if (size == 0)
        return 0;
    if (data[0] == 'l')
        fuzz_list(arena, text);
    else if (data[0] == 'w')
        fuzz_networks(text);
    else if (data[0] == 'o')
        fuzz_oci(arena, text);
    else if (data[0] == 'e')
        fuzz_event(arena, text);
    else if (data[0] == 'd')
        fuzz_daemon(arena, text);
    else if (data[0] == 'i')
        fuzz_image(text);
    else if (data[0] == 'n')
        fuzz_names(arena, text);
    else if (data[0] == 'c')
        fuzz_changes(text);
    else if (data[0] == 'h')
        fuzz_history(text);
    else
        ht_docker_decode_message(arena, text);
    return 0;
}
