/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lies in the folders that the kubelet keeps for the pods of this node: ConfigMaps with
 * secrets in them, and tokens of service accounts that do not end. What is read is judged and
 * overwritten.
 */
#include <string.h>

#include "hostconf-private.h"
#include "hulltop/base/base64.h"
#include "hulltop/base/clock.h"
#include "hulltop/base/json.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/secret.h"

enum {
    FILES_MAX = 5000,
    BYTES_MAX = 64 * 1024 * 1024,
    TOKEN_MAX = 64 * 1024,
    FOUND_MAX = 16,
    LINES_MAX = 20000,
};

/* A token that is made anew before it ends lives for hours. */
#define LONG_NS (48 * 3600 * HT_NS_PER_S)

static const char pods[] = "/var/lib/kubelet/pods";

struct look {
    struct ht_hostconf_pass *pass;
    struct ht_map *known; /* id of an exposure to its struct */
    struct ht_vec rows;   /* struct ht_exposure in the arena */
    size_t files, bytes;
};

/* One row for what is in several pods; NULL: it is one of those already. */
static struct ht_exposure *begin(struct look *look, struct ht_str id, const char *where,
                                 struct ht_str place)
{
    struct ht_exposure *exposure = ht_map_get(look->known, id);

    if (exposure) {
        ht_exposure_set_count(exposure, exposure->count + 1);
        return NULL;
    }
    exposure = ht_arena_array(look->pass->arena, struct ht_exposure, 1);
    ht_exposure_set_id(exposure, id);
    ht_exposure_set_where(exposure, ht_str_from(where));
    ht_exposure_set_place(exposure, place);
    ht_exposure_set_count(exposure, 1);
    ht_map_set(look->known, id, exposure);
    ht_vec_add(&look->rows, exposure);
    return exposure;
}

static bool read_file(struct look *look, struct ht_str path, struct ht_str *ret_text,
                      struct stat *ret_stat)
{
    if (look->files >= FILES_MAX || look->bytes >= BYTES_MAX) {
        look->pass->cut++;
        return false;
    }
    look->files++;
    if (!ht_hostconf_read(look->pass, path, ret_text, ret_stat))
        return false;
    look->bytes += ret_text->len;
    return true;
}

/* ---- ConfigMaps ---- */

struct map {
    struct look *look;
    struct ht_str path;
    struct ht_str volume, key;
};

static void add_found(const struct map *map, struct ht_str text,
                      const struct ht_secret_found *found, struct ht_str name)
{
    struct look *look = map->look;
    struct ht_arena *arena = look->pass->arena;
    struct ht_str value = ht_str_sub(text, found->from, found->len);
    struct ht_exposure *exposure;
    struct ht_str id;

    if (found->sure == HT_SECRET_HINT)
        return;
    name = ht_secret_mask_text(arena, ht_arena_str(arena, name.len ? name : map->key));
    id = ht_arena_strf(arena, "configmap %.*s/%.*s %.*s", HT_STR_ARG(map->volume),
                       HT_STR_ARG(map->key), HT_STR_ARG(name));
    exposure = begin(look, id, "configmap", map->path);
    if (!exposure)
        return;
    ht_exposure_set_name(exposure, name);
    ht_exposure_set_rule(exposure, ht_str_from(found->rule));
    ht_exposure_set_confidence(exposure, found->sure == HT_SECRET_CERTAIN ? HT_CONFIDENCE_CERTAIN
                                                                          : HT_CONFIDENCE_LIKELY);
    ht_hostconf_mark(look->pass, value, exposure);
}

/* The key is the name of a value that is one line; else each line has names of its own. */
static void judge_map(const struct map *map, struct ht_str text)
{
    struct ht_secret_found found[FOUND_MAX];
    struct ht_str whole = ht_str_trim(text), rest = text, line;
    size_t lines = 0;

    if (ht_str_find_byte(whole, '\n') < 0 && whole.len) {
        struct ht_str pair = ht_arena_strf(map->look->pass->scratch, "%.*s=%.*s",
                                           HT_STR_ARG(map->key), HT_STR_ARG(whole));
        size_t len = ht_secret_judge(pair, false, found, FOUND_MAX);

        for (size_t i = 0; i < len; i++)
            add_found(map, pair, &found[i],
                      found[i].from > map->key.len && !found[i].name.len ? map->key
                                                                         : found[i].name);
        return;
    }
    while (ht_str_next(&rest, '\n', &line) && lines++ < LINES_MAX) {
        size_t len = ht_secret_judge(line, false, found, FOUND_MAX);

        for (size_t i = 0; i < len; i++)
            add_found(map, line, &found[i], found[i].name);
    }
}

static void look_map(struct look *look, struct ht_str folder, struct ht_str volume)
{
    struct ht_text_list names = ht_hostconf_list(look->pass, folder.data);

    for (size_t i = 0; i < names.len; i++) {
        struct map map = {.look = look, .volume = volume, .key = names.items[i]};
        struct ht_str text;

        map.path = ht_arena_strf(look->pass->arena, "%.*s/%.*s", HT_STR_ARG(folder),
                                 HT_STR_ARG(names.items[i]));
        if (read_file(look, map.path, &text, NULL))
            judge_map(&map, text);
    }
}

/* ---- tokens ---- */

/* The middle part of a token is JSON, in the alphabet for addresses and without padding. */
static const struct ht_json *claims_of(struct ht_arena *scratch, struct ht_str token)
{
    ht_autobuf struct ht_buf bytes = HT_BUF(TOKEN_MAX);
    struct ht_str part = {0};
    const struct ht_json *claims = NULL;
    char *text;
    size_t len;

    token = ht_str_trim(token);
    if (token.len > TOKEN_MAX || !ht_str_has_prefix(token, "eyJ") || ht_str_count(token, '.') != 2)
        return NULL;
    (void)ht_str_next(&token, '.', &part);
    (void)ht_str_next(&token, '.', &part);
    text = ht_arena_array(scratch, char, part.len + 4);
    for (len = 0; len < part.len; len++)
        text[len] = part.data[len] == '-' ? '+' : part.data[len] == '_' ? '/' : part.data[len];
    while (len % 4)
        text[len++] = '=';
    if (ht_base64_decode((struct ht_str){.data = text, .len = len}, &bytes) == 0)
        claims = ht_json_parse(scratch, "token", ht_buf_str(&bytes), NULL);
    if (bytes.len)
        ht_wipe(bytes.data, bytes.len);
    return ht_json_is_object(claims) ? claims : NULL;
}

/* What the token says of its end; NULL: it ends soon enough. */
static const char *judge_claims(const struct ht_json *claims, int64_t now, int64_t *ret_until)
{
    int64_t until = 0, since = 0, warns;

    if (!ht_json_int(ht_json_get(claims, "exp"), &until))
        return "token without an end";
    if (until < 0 || until > INT64_MAX / HT_NS_PER_S)
        return "token without an end";
    *ret_until = until * HT_NS_PER_S;
    if (!ht_json_int(ht_json_get(claims, "iat"), &since) &&
        !ht_json_int(ht_json_get(claims, "nbf"), &since))
        since = now / HT_NS_PER_S;
    if (since > until || until - (since < 0 ? 0 : since) <= LONG_NS / HT_NS_PER_S)
        return NULL;
    if (ht_json_int(ht_json_path(claims, "kubernetes.io", "warnafter", NULL), &warns))
        return "token good for longer than it was asked for";
    return "token that ends late";
}

static void look_token(struct look *look, struct ht_str path)
{
    struct ht_arena *arena = look->pass->arena;
    struct ht_str text, account = HT_STR("(unnamed)");
    const struct ht_json *claims;
    struct ht_exposure *exposure;
    const char *rule;
    struct stat st;
    int64_t until = 0;

    if (!read_file(look, path, &text, &st))
        return;
    claims = claims_of(look->pass->scratch, text);
    rule = claims ? judge_claims(claims, look->pass->sample->taken_at, &until) : NULL;
    if (!rule)
        return;
    if (ht_json_string(ht_json_get(claims, "sub"), &account) &&
        ht_str_has_prefix(account, "system:serviceaccount:"))
        account = ht_str_sub(account, sizeof("system:serviceaccount:") - 1, SIZE_MAX);
    account = ht_arena_str(arena, ht_str_sub(account, 0, HT_LIMIT_ARG));
    exposure = begin(look, ht_arena_strf(arena, "token %.*s %s", HT_STR_ARG(account), rule),
                     "token", path);
    if (!exposure)
        return;
    ht_exposure_set_name(exposure, account);
    ht_exposure_set_rule(exposure, ht_str_from(rule));
    ht_exposure_set_confidence(exposure, HT_CONFIDENCE_CERTAIN);
    ht_exposure_set_mode(exposure, st.st_mode & 07777);
    ht_exposure_set_uid(exposure, st.st_uid);
    ht_exposure_set_gid(exposure, st.st_gid);
    if (until)
        ht_exposure_set_expires_at(exposure, until);
}

static void look_tokens(struct look *look, struct ht_str folder, struct ht_str volume)
{
    struct ht_text_list names = ht_hostconf_list(look->pass, folder.data);

    (void)volume;
    for (size_t i = 0; i < names.len; i++) {
        /* Certificates and names lie beside them. */
        if (!ht_str_has_suffix(names.items[i], ".crt") && !ht_str_is(names.items[i], "namespace"))
            look_token(look, ht_arena_strf(look->pass->arena, "%.*s/%.*s", HT_STR_ARG(folder),
                                           HT_STR_ARG(names.items[i])));
    }
}

/* ---- pods ---- */

static void look_pod(struct look *look, struct ht_str uid)
{
    static const struct {
        const char *kind;
        void (*look)(struct look *look, struct ht_str folder, struct ht_str volume);
    } kinds[] = {
        {"kubernetes.io~configmap", look_map},
        {"kubernetes.io~projected", look_tokens},
        {"kubernetes.io~secret", look_tokens},
    };
    struct ht_arena *arena = look->pass->arena;

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct ht_str folder =
            ht_arena_strf(arena, "%s/%.*s/volumes/%s", pods, HT_STR_ARG(uid), kinds[i].kind);
        struct ht_text_list volumes = ht_hostconf_list(look->pass, folder.data);

        for (size_t j = 0; j < volumes.len; j++)
            kinds[i].look(
                look,
                ht_arena_strf(arena, "%.*s/%.*s", HT_STR_ARG(folder), HT_STR_ARG(volumes.items[j])),
                volumes.items[j]);
    }
}

void ht_hostconf_find_pod_secrets(struct ht_hostconf_pass *pass)
{
    struct look look = {.pass = pass, .known = ht_map_new()};
    struct ht_text_list uids = ht_hostconf_list(pass, pods);

    for (size_t i = 0; i < uids.len; i++)
        look_pod(&look, uids.items[i]);
    for (size_t i = 0; i < look.rows.len; i++)
        ht_rowset_add(pass->exposures, ht_row_new(&ht_exposure_table, look.rows.items[i]));
    ht_vec_fini(&look.rows);
    ht_map_free(look.known);
}
