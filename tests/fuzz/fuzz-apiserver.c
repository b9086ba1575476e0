/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command line and every kind of file that declares an API server, from the same bytes. */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/base/limits.h"
#include "src/source/apiserver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void decode(enum ht_apiserver_program program, struct ht_text_list words,
                   struct ht_arena *arena)
{
    struct ht_apiserver apiserver = {0};

    ht_apiserver_decode(program, words, arena, &apiserver);
    require(ht_apiserver_has_encryption_config(&apiserver) && ht_apiserver_has_reload(&apiserver));
    /* Servers of some resources alone have an answer about TLS too. */
    require(!ht_apiserver_has_etcd_servers(&apiserver) || ht_apiserver_has_etcd_tls(&apiserver));
    require(ht_apiserver_differences(&apiserver, &apiserver, arena).len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(4 * HT_LIMIT_FILE);
    struct ht_str text = {.data = (const char *)data, .len = size};
    struct ht_apiserver_manifest manifest = {0};
    struct ht_text_list words = ht_apiserver_words(text, arena);
    const struct ht_unit_host host = {.hostname = HT_S("node")};
    struct ht_str unclear;
    size_t len;

    for (unsigned program = HT_APISERVER_NONE; program <= HT_APISERVER_KUBELITE; program++)
        decode(program, words, arena);
    if (ht_apiserver_program((struct ht_str){0}, words, NULL) != HT_APISERVER_NONE)
        require(words.len > 0);
    if (ht_apiserver_decode_pod(text, arena, &manifest)) {
        decode(manifest.program, manifest.words, arena);
        ht_apiserver_host_path(&manifest, ht_str_from("/etc/kubernetes/enc.yaml"), arena);
    }
    if (ht_apiserver_decode_unit(text, text, &host, arena, &manifest))
        decode(manifest.program, manifest.words, arena);
    (void)ht_apiserver_unit_files(text, &host, arena, &len, &unclear);
    decode(HT_APISERVER_KUBELITE, ht_apiserver_decode_args_file(text, arena), arena);
    decode(HT_APISERVER_K3S, ht_apiserver_decode_rancher(text, arena), arena);
    decode(HT_APISERVER_KUBE, ht_apiserver_decode_openshift(text, arena), arena);
    return 0;
}
