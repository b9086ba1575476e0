/* SPDX-License-Identifier: GPL-2.0-or-later */
/* containerd's messages and the OCI specification. The first byte chooses. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "src/source/containerd-decode.h"
#include "src/source/cri-decode.h"
#include "src/source/oci-decode.h"

#include "hulltop/base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void require_error(int r, const struct ht_error *err)
{
    require(r == 0 || (err->code == -r && err->text[0]));
}

static void fuzz_containers(struct ht_arena *arena, struct ht_str message)
{
    const struct ht_containerd_context context = {.source = HT_S("containerd"),
                                                  .daemon = HT_S("unix:///x"),
                                                  .namespace = HT_S("default"),
                                                  .runtime = HT_S("containerd")};
    struct ht_containerd_list list;
    struct ht_error err = {0};
    int r = ht_containerd_decode_containers(arena, message, &context, &list, &err);

    require_error(r, &err);
    if (r < 0)
        return;
    for (size_t i = 0; i < list.len; i++) {
        struct ht_row *row = ht_containerd_complete(list.items[i].row, NULL, list.items[0].row);

        require(ht_containerd_is_name(list.items[i].id));
        ht_row_unref(row);
    }
    ht_containerd_list_fini(&list);
}

static void fuzz_rest(struct ht_arena *arena, struct ht_str message)
{
    struct ht_containerd_names names;
    struct ht_containerd_tasks tasks;
    struct ht_containerd_event event;
    struct ht_str version;
    struct ht_error err = {0};
    int r = ht_containerd_decode_namespaces(arena, message, &names, &err);

    require_error(r, &err);
    for (size_t i = 0; r == 0 && i < names.len; i++)
        require(ht_containerd_is_name(names.items[i]));
    r = ht_containerd_decode_tasks(arena, message, &tasks, &err);
    require_error(r, &err);
    if (r == 0)
        ht_containerd_find_task(&tasks, HT_S("x"));
    r = ht_containerd_decode_event(arena, message, &event, &err);
    require(r == -ENODATA || r == 0 || err.code == -r);
    if (r == 0)
        require(ht_containerd_is_name(event.id) && ht_containerd_is_name(event.namespace));
    require_error(ht_containerd_decode_version(arena, message, &version, &err), &err);
}

/* Both lists and a status are parted by NULs. */
static void fuzz_cri(struct ht_arena *arena, struct ht_str message)
{
    const struct ht_containerd_context context = {
        .source = HT_S("cri-o"), .daemon = HT_S("unix:///x"), .runtime = HT_S("cri-o")};
    struct ht_str parts[3] = {{0}, {0}, {0}};
    struct ht_cri_list list;
    struct ht_error err = {0};
    int r;

    for (size_t i = 0; i < 3; i++) {
        ptrdiff_t nul = i < 2 ? ht_str_find(message, HT_S("\0\0"), 0) : -1;

        parts[i] = nul < 0 ? message : ht_str_sub(message, 0, (size_t)nul);
        message = nul < 0 ? HT_S("") : ht_str_sub(message, (size_t)nul + 2, message.len);
    }
    r = ht_cri_decode_lists(arena,
                            &(struct ht_cri_answers){.pods = parts[0], .containers = parts[1]},
                            &context, &list, &err);
    require_error(r, &err);
    for (size_t i = 0; r == 0 && i < list.len; i++) {
        struct ht_row *row = NULL;

        require(ht_containerd_is_name(list.items[i].id));
        ht_cri_decode_status(arena, parts[2], &list.items[i], &row, &err);
        ht_row_unref(row);
    }
}

static void fuzz_specification(struct ht_arena *arena, struct ht_str text)
{
    struct ht_container container = {0};
    struct ht_oci_pod pod;
    struct ht_error err = {0};

    require_error(ht_oci_decode(arena, text, &container, &pod, &err), &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_str rest = {.data = (const char *)data + 1, .len = size - 1};

    if (size == 0)
        return 0;
    if (data[0] == 'c')
        fuzz_containers(arena, rest);
    else if (data[0] == 'p')
        fuzz_cri(arena, rest);
    else if (data[0] == 's')
        fuzz_specification(arena, rest);
    else
        fuzz_rest(arena, rest);
    return 0;
}
