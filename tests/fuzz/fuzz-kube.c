/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers of an API server (pages, lines of a watch, errors, roles) and kubeconfigs. */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/base/limits.h"
#include "src/source/kube-config.h"
#include "src/source/kube-decode.h"
#include "src/source/kube-rights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *context, struct ht_row *row)
{
    (void)context;
    if (ht_row_id(row).len == 0)
        abort();
    ht_row_unref(row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(64 * 1024 * 1024);
    struct ht_str text = {.data = (const char *)data, .len = size};
    struct ht_kube_access access = {0};
    struct ht_kube_event event;
    struct ht_kube_page page;
    struct ht_error err = {0};

    if (ht_kube_decode_page(arena, text, &(struct ht_kube_taker){.take = take}, &page, &err) < 0 &&
        !err.text[0])
        abort();
    if (ht_kube_decode_event(arena, text, &event, &err) == 0) {
        if ((event.change == HT_KUBE_PUT) != (event.row != NULL))
            abort();
        ht_row_unref(event.row);
    }

    struct ht_kube_rights *rights = ht_kube_rights_new();
    struct ht_str more;
    err = (struct ht_error){0};
    if (ht_kube_rights_decode(rights, text, arena, &more, &err) < 0 && !err.text[0])
        abort();
    ht_kube_rights_of(rights, HT_S("shop"), HT_S("web"), arena);
    ht_kube_rights_free(rights);
    ht_kube_decode_message(arena, text);
    ht_kube_decode_version(arena, text);
    if (ht_kube_config_decode(text, "fuzz", NULL, &access, &err) == 0)
        ht_kube_access_fini(&access);
    else if (access.server)
        abort();
    return 0;
}
