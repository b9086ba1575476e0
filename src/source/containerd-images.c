/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Histories of the images in use, for the secrets that stand in them: by the image's configuration
 * in containerd's store of contents, or by the verbose status that other runtimes give. An image is
 * asked for once while a container of it is here; one that cannot be told is asked for again at the
 * next pass.
 */
#include "containerd-private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oci-image.h"
#include "protobuf.h"
#include "src/source/containerd.pb-c.h"

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

#define IMAGE_GET    "/containerd.services.images.v1.Images/Get"
#define CONTENT_READ "/containerd.services.content.v1.Content/Read"

enum {
    BLOB_MAX = 4 * 1024 * 1024,
    PIECE_MAX = BLOB_MAX + 1024,
    PLATFORMS_MAX =
        20, /* manifests of an index that are tried: most have their content elsewhere */
    KEY_BYTES = 1200
};

struct image {
    struct ht_row *found; /* a container row with nothing but what the history tells; NULL: none */
    uint64_t asked;       /* pass in which it was asked for last */
    bool is_used;
};

static void free_image(struct image *image)
{
    ht_row_unref(image->found);
    free(image);
}

static void free_visit(void *context, struct ht_str key, void *value)
{
    (void)context;
    (void)key;
    free_image(value);
}

void ht_containerd_forget_images(struct ht_containerd *ctd)
{
    if (ctd->images)
        ht_map_each(ctd->images, free_visit, NULL);
    ctd->images = ht_map_free(ctd->images);
}

/* The same name can be another image in another namespace. */
static struct ht_str key_of(struct ht_buf *buf, const struct ht_containerd_known *known,
                            struct ht_str image)
{
    ht_buf_reset(buf);
    ht_buf_add_text(buf, known->namespace);
    ht_buf_add_c(buf, '/');
    ht_buf_add_str(buf, image);
    return ht_buf_str(buf);
}

struct ht_row *ht_containerd_add_history(const struct ht_containerd *ctd,
                                         const struct ht_containerd_known *known,
                                         struct ht_row *row)
{
    struct ht_container container = *ht_container_of(row);
    ht_autobuf struct ht_buf buf = HT_BUF(KEY_BYTES);
    const struct image *image = NULL;
    struct ht_row *with;

    if (ctd->images && ht_container_has_image(&container) &&
        !ht_container_has_image_secrets(&container))
        image = ht_map_get(ctd->images, key_of(&buf, known, container.image));
    if (!image || !image->found)
        return row;
    ht_container_set_image_secrets(&container, ht_container_of(image->found)->image_secrets);
    with = ht_row_new(&ht_container_table, &container);
    ht_row_unref(row);
    return with;
}

/* ---- containerd's store of contents ---- */

struct reading {
    struct ht_buf bytes;
    bool came;
};

static int take_piece(void *context, struct ht_str message)
{
    struct reading *reading = context;
    struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    const HtContainerd__Piece *piece =
        ht_protobuf_unpack(arena, &ht_containerd__piece__descriptor, message, NULL);

    reading->came = true;
    if (piece)
        ht_buf_add_str(&reading->bytes, ht_protobuf_str(piece->data));
    ht_arena_wipe(arena);
    ht_arena_free(arena);
    return !piece ? -EPROTO : ht_buf_is_full(&reading->bytes) ? -EFBIG : 0;
}

/* Appends content to out; what is not in the store is -ENODATA. */
static int read_blob(struct ht_containerd *ctd, const char *namespace, struct ht_str digest,
                     struct ht_buf *out)
{
    ht_autobuf struct ht_buf request = HT_BUF(HT_OCI_DIGEST_MAX * 2);
    struct reading reading = {.bytes = HT_BUF(BLOB_MAX)};
    char metadata_text[120];
    const char *const metadata[] = {metadata_text, NULL};
    struct ht_grpc_stream *stream;
    int r = 1;

    snprintf(metadata_text, sizeof(metadata_text), "containerd-namespace: %s", namespace);
    ht_protobuf_add_bytes(&request, 1, digest);
    stream = ht_grpc_stream_open(ctd->http,
                                 &(struct ht_grpc_request){.path = CONTENT_READ,
                                                           .metadata = metadata,
                                                           .message = ht_buf_str(&request),
                                                           .message_max = PIECE_MAX},
                                 take_piece, &reading, NULL);
    if (!stream)
        return -EINVAL;
    do {
        reading.came = false;
        r = ht_grpc_stream_wait(stream, -1, (int)ctd->reconnect.patience_ms, NULL);
    } while (r == 1 && reading.came);
    ht_grpc_stream_close(stream);
    if (r == 0)
        ht_buf_add_str(out, ht_buf_str(&reading.bytes));
    if (reading.bytes.len)
        ht_wipe(reading.bytes.data, reading.bytes.len);
    ht_buf_fini(&reading.bytes);
    return r == 1 ? -ETIMEDOUT : r;
}

/* What the manifest, or the first one of an index that is in the store, has as configuration. */
static int find_config(struct ht_containerd *ctd, struct ht_arena *arena, const char *namespace,
                       struct ht_str *digest)
{
    ht_autobuf struct ht_buf text = HT_BUF(BLOB_MAX), inner = HT_BUF(BLOB_MAX);
    struct ht_oci_next next = {0};
    int r = read_blob(ctd, namespace, *digest, &text);

    for (size_t i = 0; r == 0 && i < PLATFORMS_MAX; i++) {
        r = ht_oci_decode_manifest(arena, ht_buf_str(&text), i, &next, NULL);
        if (r < 0 || !next.is_manifest)
            break;
        ht_buf_reset(&inner);
        r = read_blob(ctd, namespace, next.digest, &inner);
        if (r == 0)
            r = ht_oci_decode_manifest(arena, ht_buf_str(&inner), 0, &next, NULL);
        if (r != -ENODATA)
            break;
        r = 0;
    }
    *digest = next.digest;
    return r == 0 && next.is_manifest ? -ENODATA : r;
}

static int ask_store(struct ht_containerd *ctd, const struct ht_containerd_known *known,
                     struct ht_str name, struct image *image, struct ht_trouble *trouble)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    ht_autobuf struct ht_buf request = HT_BUF(HT_LIMIT_ARG), answer = HT_BUF(0),
                             config = HT_BUF(BLOB_MAX);
    const HtContainerd__OneImage *one;
    struct ht_str digest;
    int r;

    ht_protobuf_add_bytes(&request, 1, name);
    r = ht_containerd_call(ctd,
                           &(struct ht_containerd_call){.path = IMAGE_GET,
                                                        .namespace = known->namespace,
                                                        .message = ht_buf_str(&request)},
                           &answer, trouble);
    if (r < 0)
        return r;
    one =
        ht_protobuf_unpack(arena, &ht_containerd__one_image__descriptor, ht_buf_str(&answer), NULL);
    if (!one || !one->image || !one->image->target)
        return -EINVAL;
    digest = ht_protobuf_str(one->image->target->digest);
    if (!ht_oci_is_digest(digest))
        return -EINVAL;
    r = find_config(ctd, arena, known->namespace, &digest);
    if (r == 0)
        r = read_blob(ctd, known->namespace, digest, &config);
    if (r == 0)
        r = ht_oci_decode_image(ht_buf_str(&config), name, &image->found, NULL);
    if (config.len)
        ht_wipe(config.data, config.len);
    return r;
}

/* ---- other runtimes ---- */

/* The verbose status has the configuration as JSON under "info". */
static int ask_status(struct ht_containerd *ctd, struct ht_str name, struct image *image,
                      struct ht_trouble *trouble)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_DOCUMENT);
    ht_autobuf struct ht_buf spec = HT_BUF(HT_LIMIT_ARG), request = HT_BUF(2 * HT_LIMIT_ARG),
                             answer = HT_BUF(0);
    const HtContainerd__ImageStatus *status;
    char path[100];
    int r;

    ht_protobuf_add_bytes(&spec, 1, name);
    ht_protobuf_add_bytes(&request, 1, ht_buf_str(&spec));
    ht_protobuf_add_number(&request, 2, 1);
    snprintf(path, sizeof(path), "/%s.ImageService/ImageStatus", ctd->cri);
    r = ht_containerd_call(
        ctd, &(struct ht_containerd_call){.path = path, .message = ht_buf_str(&request)}, &answer,
        trouble);
    if (r < 0)
        return r;
    status = ht_protobuf_unpack(arena, &ht_containerd__image_status__descriptor,
                                ht_buf_str(&answer), NULL);
    r = -ENODATA;
    for (size_t i = 0; status && r == -ENODATA && i < status->n_info; i++) {
        if (ht_str_is(ht_protobuf_str(status->info[i]->key), "info"))
            r = ht_oci_decode_image(ht_protobuf_str(status->info[i]->value), name, &image->found,
                                    NULL);
    }
    if (answer.len)
        ht_wipe(answer.data, answer.len);
    ht_arena_wipe(arena);
    return r;
}

/* ---- all of them ---- */

struct collecting {
    struct ht_containerd *ctd;
    struct ht_vec lacking; /* struct ht_containerd_known * */
};

static void collect_visit(void *context, struct ht_str key, void *value)
{
    struct collecting *collecting = context;
    struct ht_containerd_known *known = value;
    const struct ht_container *container = known->row ? ht_container_of(known->row) : NULL;
    ht_autobuf struct ht_buf buf = HT_BUF(KEY_BYTES);
    struct ht_map *images = collecting->ctd->images;
    struct image *image;

    (void)key;
    if (!container || container->image.len == 0 || container->image.len > HT_LIMIT_ARG / 4)
        return;
    image = ht_map_get(images, key_of(&buf, known, container->image));
    if (!image) {
        image = ht_new0(struct image);
        ht_map_set(images, ht_buf_str(&buf), image);
    }
    image->is_used = true;
    if (!ht_container_has_image_secrets(container))
        ht_vec_add(&collecting->lacking, known);
}

static bool is_unused(void *context, struct ht_str key, void *value)
{
    struct image *image = value;
    bool is_used = image->is_used;

    (void)context;
    (void)key;
    image->is_used = false;
    if (!is_used)
        free_image(image);
    return !is_used;
}

void ht_containerd_read_histories(struct ht_containerd *ctd)
{
    struct collecting collecting = {.ctd = ctd};
    struct ht_trouble trouble;
    int r = 0;

    if (!ctd->histories)
        return;
    if (!ctd->images)
        ctd->images = ht_map_new();
    ht_map_each(ctd->containers, collect_visit, &collecting);
    ht_map_remove_if(ctd->images, is_unused, NULL);
    for (size_t i = 0; i < collecting.lacking.len; i++) {
        struct ht_containerd_known *known = collecting.lacking.items[i];
        ht_autobuf struct ht_buf buf = HT_BUF(KEY_BYTES);
        struct ht_str name = ht_container_of(known->row)->image;
        struct image *image = ht_map_get(ctd->images, key_of(&buf, known, name));

        /* One that takes too long has the rest wait for the next pass. */
        if (!image->found && image->asked != ctd->pass && r != -ETIMEDOUT) {
            image->asked = ctd->pass;
            ctd->feed->at(ctd->feed, "asking for the history of an image");
            r = ctd->cri ? ask_status(ctd, name, image, &trouble)
                         : ask_store(ctd, known, name, image, &trouble);
        }
        ctd->changed = ctd->changed || image->found;
        known->row = ht_containerd_add_history(ctd, known, known->row);
    }
    ht_vec_fini(&collecting.lacking);
}
