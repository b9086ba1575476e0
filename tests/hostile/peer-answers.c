/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"

static struct answer *add_answer(struct peer *peer, struct ht_str target, unsigned status)
{
    struct answer *a = ht_new0(struct answer);

    a->target = ht_strndup(target.data, target.len);
    a->status = status;
    ht_buf_init(&a->bytes, FILE_MAX);
    ht_vec_add(&peer->answers, a);
    return a;
}

bool peer_add_file(struct peer *peer, struct ht_str target, const char *file, unsigned status)
{
    ht_autobuf struct ht_buf bytes = HT_BUF(FILE_MAX);
    struct ht_error err;

    if (ht_read_at(AT_FDCWD, file, &bytes, FILE_MAX, &err) < 0) {
        fprintf(stderr, "peer: %s\n", err.text);
        return false;
    }

    struct answer *a = add_answer(peer, target, status);

    a->raw = ht_str_has_suffix(ht_str_from(file), ".http");
    ht_buf_add_str(&a->bytes, ht_buf_str(&bytes));
    return true;
}

struct ht_str peer_word(struct ht_str *line)
{
    struct ht_str w = HT_STR("");

    *line = ht_str_trim(*line);
    ht_str_next(line, ' ', &w);
    return w;
}

bool peer_add_map(struct peer *peer, const char *directory)
{
    ht_autobuf struct ht_buf name = HT_BUF(4096);
    ht_autobuf struct ht_buf map = HT_BUF(FILE_MAX);
    struct ht_str rest, line;
    bool good = true;

    ht_buf_addf(&name, "%s/map", directory);
    if (ht_read_at(AT_FDCWD, name.data, &map, FILE_MAX, NULL) < 0) {
        fprintf(stderr, "peer: %s cannot be read\n", name.data);
        return false;
    }
    rest = ht_buf_str(&map);
    while (ht_str_next(&rest, '\n', &line)) {
        struct ht_str target = peer_word(&line);
        struct ht_str file = peer_word(&line);
        struct ht_str code = peer_word(&line);
        uint64_t status = 200;

        if (!file.len || target.data[0] == '#')
            continue;
        if (code.len)
            ht_parse_u64(code, &status);
        ht_buf_reset(&name);
        ht_buf_addf(&name, "%s/%.*s", directory, HT_STR_ARG(file));
        good = peer_add_file(peer, target, name.data, (unsigned)status) && good;
    }
    return good;
}

/* Targets are kept without a version in front: /v1.41/info is /info. */
struct ht_str peer_without_version(struct ht_str target, uint64_t *ret_minor)
{
    ptrdiff_t slash = ht_str_find(target, HT_S("/"), 1);

    if (!ht_str_has_prefix(target, "/v") || slash < 0)
        return target;

    struct ht_str version = ht_str_sub(target, 2, (size_t)slash - 2);
    ptrdiff_t dot = ht_str_find_byte(version, '.');

    if (dot < 0 || ht_parse_u64(ht_str_sub(version, (size_t)dot + 1, version.len), ret_minor) < 0)
        return target;
    if (version.data[0] != '1' || dot != 1)
        *ret_minor = 999;
    return ht_str_sub(target, (size_t)slash, target.len);
}

bool peer_add_recorded(struct peer *peer, const char *file)
{
    ht_autobuf struct ht_buf bytes = HT_BUF(FILE_MAX);
    struct ht_str all;

    if (ht_read_at(AT_FDCWD, file, &bytes, FILE_MAX, NULL) < 0) {
        fprintf(stderr, "peer: %s cannot be read\n", file);
        return false;
    }
    all = ht_buf_str(&bytes);
    for (ptrdiff_t at = ht_str_find(all, HT_S("### "), 0); at >= 0;) {
        ptrdiff_t next = ht_str_find(all, HT_S("\n### "), (size_t)at + 1);
        size_t end = next < 0 ? all.len : (size_t)next;
        struct ht_str section = ht_str_sub(all, (size_t)at + 4, end - (size_t)at - 4);
        struct ht_str head = HT_STR("");
        uint64_t minor = 0;
        struct answer *a;

        ht_str_next(&section, '\n', &head);
        peer_word(&head);
        head = ht_str_trim(head);
        /* An answer to a wrong version keeps its version: it is the question. */
        if (head.len && ht_str_has_prefix(section, "HTTP/")) {
            struct ht_str bare = peer_without_version(head, &minor);

            a = add_answer(peer, minor && (minor < 24 || minor > 100) ? head : bare, 200);
            a->raw = true;
            ht_buf_add_str(&a->bytes, section);
        }
        at = next < 0 ? -1 : next + 1;
    }
    return true;
}

bool peer_add_grants(struct peer *peer, const char *file)
{
    ht_autobuf struct ht_buf bytes = HT_BUF(FILE_MAX);
    struct ht_str rest, line;

    if (ht_read_at(AT_FDCWD, file, &bytes, FILE_MAX, NULL) < 0) {
        fprintf(stderr, "peer: %s cannot be read\n", file);
        return false;
    }
    rest = ht_buf_str(&bytes);
    while (ht_str_next(&rest, '\n', &line)) {
        if (line.len)
            ht_vec_add(&peer->grants, ht_strndup(line.data, line.len));
    }
    return true;
}

/* How well a target answers a request: the length of the match, 0 for none. */
static size_t match(const char *target, struct ht_str request)
{
    struct ht_str t = ht_str_from(target);
    ptrdiff_t query = ht_str_find_byte(request, '?');

    if (ht_str_equal(t, request))
        return t.len + 1;
    if (query >= 0 && ht_str_equal(t, ht_str_sub(request, 0, (size_t)query)))
        return t.len;
    if (ht_str_has_suffix(t, "*") && t.len <= request.len &&
        ht_str_equal(ht_str_sub(t, 0, t.len - 1), ht_str_sub(request, 0, t.len - 1)))
        return t.len;
    return 0;
}

const struct answer *peer_find_answer(const struct peer *peer, struct ht_str request)
{
    const struct answer *best = NULL;
    size_t most = 0;

    /* The later one of two equal ones wins, so that "map" replaces. */
    for (size_t i = 0; i < peer->answers.len; i++) {
        const struct answer *a = peer->answers.items[i];
        size_t n = match(a->target, request);

        if (n && n >= most) {
            most = n;
            best = a;
        }
    }
    return best;
}
