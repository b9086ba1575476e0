/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deb-sources.h"

#include <errno.h>
#include <string.h>

#include "deb-sources-private.h"
#include "deb-uri.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

/* Characters that apt quotes in the part of a URI that it adds. */
#define BAD_IN_PART "+~ "

void ht_deb_sources_fini(struct ht_deb_sources *sources)
{
    for (size_t i = 0; i < sources->archives.len; i++) {
        struct ht_deb_archive *archive = sources->archives.items[i];

        ht_vec_fini(&archive->indexes);
    }
    ht_vec_fini(&sources->archives);
    ht_vec_fini(&sources->architectures);
}

struct ht_str ht_deb_replace(struct ht_arena *arena, struct ht_str text, struct ht_str from,
                             struct ht_str to)
{
    ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_DEB_TEXT);
    size_t start = 0;

    for (ptrdiff_t at; (at = ht_str_find(text, from, start)) >= 0;) {
        ht_buf_add_str(&out, ht_str_sub(text, start, (size_t)at - start));
        ht_buf_add_str(&out, to);
        start = (size_t)at + from.len;
    }
    if (start == 0)
        return text;
    ht_buf_add_str(&out, ht_str_sub(text, start, text.len));
    return ht_arena_str(arena, ht_buf_str(&out));
}

static struct ht_str option(const struct ht_deb_entry *entry, const char *name)
{
    for (size_t i = entry->options_len; i > 0; i--)
        if (ht_str_is(entry->options[i - 1].name, name))
            return entry->options[i - 1].value;
    return (struct ht_str){0};
}

/* ---- which architectures ---- */

static bool has_text(const struct ht_vec *texts, struct ht_str text)
{
    for (size_t i = 0; i < texts->len; i++)
        if (ht_str_equal(*(const struct ht_str *)texts->items[i], text))
            return true;
    return false;
}

static void add_text(struct ht_deb_sources *sources, struct ht_vec *texts, struct ht_str text)
{
    struct ht_str *copy = ht_arena_array(sources->arena, struct ht_str, 1);

    *copy = text;
    ht_vec_add(texts, copy);
}

/* Whether a comma-separated list has the word. */
static bool list_has(struct ht_str list, struct ht_str word)
{
    struct ht_str part;

    while (ht_str_next(&list, ',', &part))
        if (ht_str_equal(part, word))
            return true;
    return false;
}

/* arch=, arch+= and arch-=, the configured ones without them; "all" comes on its own unless it is
 * named. */
static void choose_architectures(struct ht_deb_sources *sources, const struct ht_deb_entry *entry,
                                 struct ht_vec *ret_names)
{
    struct ht_str only = option(entry, "arch");
    struct ht_str plus = option(entry, "arch+");
    struct ht_str minus = option(entry, "arch-");
    struct ht_str part;
    size_t kept = 0;

    if (only.len)
        while (ht_str_next(&only, ',', &part))
            add_text(sources, ret_names, part);
    else
        for (size_t i = 0; i < sources->architectures.len; i++)
            ht_vec_add(ret_names, sources->architectures.items[i]);
    while (ht_str_next(&plus, ',', &part))
        if (!has_text(ret_names, part))
            add_text(sources, ret_names, part);
    for (size_t i = 0; i < ret_names->len; i++)
        if (!list_has(minus, *(const struct ht_str *)ret_names->items[i]))
            ret_names->items[kept++] = ret_names->items[i];
    ret_names->len = kept;
    if (!list_has(minus, HT_S("all")) && !has_text(ret_names, HT_S("all")))
        add_text(sources, ret_names, HT_S("all"));
}

/* target=, target+=, target-= and Packages=: lists may be switched off one by one. */
static bool wants_packages(const struct ht_deb_sources *sources, const struct ht_deb_entry *entry)
{
    struct ht_str only = option(entry, "target");
    struct ht_str plus = option(entry, "target+");
    struct ht_str one = option(entry, "Packages");
    bool wanted = only.len ? list_has(only, HT_S("Packages")) : !sources->only_named;

    wanted = wanted || list_has(plus, HT_S("Packages"));
    if (list_has(option(entry, "target-"), HT_S("Packages")))
        wanted = false;
    return one.len ? ht_deb_bool(one, -1) != 0 : wanted;
}

/* ---- archives ---- */

static bool is_flat(struct ht_str dist)
{
    return ht_str_has_suffix(dist, "/");
}

static struct ht_str base_uri(struct ht_deb_sources *sources, struct ht_str uri, struct ht_str dist)
{
    struct ht_str part = ht_deb_uri_quote(sources->arena, dist, BAD_IN_PART);

    if (ht_str_is(dist, "/"))
        return uri;
    return ht_arena_strf(sources->arena, is_flat(dist) ? "%.*s%.*s" : "%.*sdists/%.*s/",
                         HT_STR_ARG(uri), HT_STR_ARG(part));
}

static struct ht_deb_archive *find_archive(struct ht_deb_sources *sources, struct ht_str file)
{
    for (size_t i = 0; i < sources->archives.len; i++) {
        struct ht_deb_archive *archive = sources->archives.items[i];

        if (ht_str_equal(archive->file, file))
            return archive;
    }
    return NULL;
}

/* Keys may stand apart by commas or blanks, a whole key over several lines. */
static struct ht_str normal_key(struct ht_deb_sources *sources, struct ht_str text)
{
    ht_autobuf struct ht_buf out = HT_BUF(HT_LIMIT_DEB_TEXT);
    struct ht_str word;

    text = ht_deb_replace(sources->arena, text, HT_S(","), HT_S(" "));
    while (ht_deb_next_word(&text, &word)) {
        if (out.len)
            ht_buf_add_c(&out, ',');
        /* Fingerprints are the same in letters of either kind. */
        for (size_t i = 0; i < word.len; i++)
            ht_buf_add_c(&out, word.data[0] != '/' && word.data[i] >= 'a' && word.data[i] <= 'f'
                                   ? (char)(word.data[i] - 32)
                                   : word.data[i]);
    }
    return ht_arena_str(sources->arena, ht_buf_str(&out));
}

/* A file, or a fingerprint in full, which "!" binds to that very key. */
static bool is_key(struct ht_str word)
{
    enum { FINGERPRINT = 40 };

    if (ht_str_has_prefix(word, "/"))
        return true;
    if (word.len == FINGERPRINT + 1 && word.data[FINGERPRINT] == '!')
        word.len = FINGERPRINT;
    return word.len == FINGERPRINT && strspn(word.data, "0123456789ABCDEFabcdef") >= FINGERPRINT;
}

/* apt works with no source at all where one names something else. */
static bool are_keys(struct ht_str text)
{
    struct ht_str word;

    if (ht_str_has_prefix(text, "-----BEGIN,PGP,PUBLIC,KEY,BLOCK-----"))
        return true;
    while (ht_str_next(&text, ',', &word))
        if (!is_key(word))
            return false;
    return true;
}

/* How apt compares an option of one archive that several places name. */
enum likeness {
    LIKE_STATE,  /* yes, anything else, and nothing are three */
    LIKE_YES,    /* yes, or not; asked of lines alone */
    LIKE_NUMBER, /* a number; none before the first */
    LIKE_TEXT,
};

struct alike {
    const char *name;
    enum likeness likeness;
};

static const struct alike alikes[HT_DEB_SAID] = {
    {"trusted", LIKE_STATE},          {"check-valid-until", LIKE_STATE},
    {"check-date", LIKE_STATE},       {"allow-insecure", LIKE_YES},
    {"allow-weak", LIKE_YES},         {"allow-downgrade-to-insecure", LIKE_YES},
    {"valid-until-min", LIKE_NUMBER}, {"valid-until-max", LIKE_NUMBER},
    {"date-max-future", LIKE_NUMBER}, {"inrelease-path", LIKE_TEXT},
};

/* Equal for what is alike; empty for what is not said. */
static struct ht_str meaning_of(const struct alike *alike, struct ht_str text)
{
    bool yes = ht_deb_bool(text, 0) == 1;
    size_t digits = ht_str_has_prefix(text, "-");

    switch (alike->likeness) {
    case LIKE_STATE:
        if (!text.len)
            return text;
        return yes ? HT_S("yes") : HT_S("no");
    case LIKE_YES:
        return yes ? HT_S("yes") : HT_S("");
    case LIKE_NUMBER:
        while (ht_str_has_prefix(text, "0"))
            text = ht_str_sub(text, 1, text.len);
        while (digits < text.len && text.data[digits] >= '0' && text.data[digits] <= '9')
            digits++;
        return ht_str_sub(text, 0, digits);
    case LIKE_TEXT:
        break;
    }
    return text;
}

/* apt works with no source at all where an archive is named twice, and not alike. */
static int compare_said(struct ht_deb_archive *archive, const struct ht_deb_entry *entry,
                        struct ht_error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(alikes); i++) {
        struct ht_str now = meaning_of(&alikes[i], option(entry, alikes[i].name));
        bool may_differ =
            !archive->is_said || (alikes[i].likeness == LIKE_NUMBER && !archive->said[i].len);

        if (!may_differ && !ht_str_equal(archive->said[i], now))
            return ht_error_set(err, EINVAL, "%.*s: other places say otherwise about %s=",
                                HT_STR_ARG(entry->place), alikes[i].name);
        archive->said[i] = now;
    }
    archive->is_said = true;
    return 0;
}

/* The same archive must be trusted in the same way wherever it is named. */
static int set_trust(struct ht_deb_sources *sources, struct ht_deb_archive *archive,
                     const struct ht_deb_entry *entry, struct ht_error *err)
{
    struct ht_str key = normal_key(sources, option(entry, "signed-by"));
    int r = compare_said(archive, entry, err);

    if (r < 0)
        return r;
    archive->trusted = ht_deb_bool(option(entry, "trusted"), 0) == 1;
    if (!are_keys(key))
        return ht_error_set(err, EINVAL, "%.*s: signed-by= names neither a file nor a fingerprint",
                            HT_STR_ARG(entry->place));
    if (archive->signed_by.len && !ht_str_equal(archive->signed_by, key))
        return ht_error_set(err, EINVAL, "%.*s: other places say otherwise about signed-by=",
                            HT_STR_ARG(entry->place));
    archive->signed_by = key;
    return 0;
}

static int get_archive(struct ht_deb_sources *sources, const struct ht_deb_entry *entry,
                       struct ht_deb_archive **ret_archive, struct ht_error *err)
{
    struct ht_str base = base_uri(sources, entry->uri, entry->dist);
    struct ht_str file = ht_deb_uri_file_name(sources->arena, base);
    struct ht_deb_archive *archive = find_archive(sources, file);

    if (!archive) {
        if (sources->archives.len >= HT_LIMIT_DEB_SOURCES)
            return ht_error_set(err, EFBIG, "more than %d package sources", HT_LIMIT_DEB_SOURCES);
        archive = ht_arena_array(sources->arena, struct ht_deb_archive, 1);
        archive->uri = entry->uri;
        archive->dist = entry->dist;
        archive->host = ht_deb_uri_parse(sources->arena, entry->uri).host;
        archive->file = file;
        archive->entry = entry->place;
        ht_vec_add(&sources->archives, archive);
    }
    *ret_archive = archive;
    return set_trust(sources, archive, entry, err);
}

static int add_index(struct ht_deb_sources *sources, struct ht_deb_archive *archive,
                     const struct ht_deb_index *wanted, struct ht_error *err)
{
    struct ht_deb_index *index;
    struct ht_str base;

    for (size_t i = 0; i < archive->indexes.len; i++)
        if (ht_str_equal(((const struct ht_deb_index *)archive->indexes.items[i])->key,
                         wanted->key))
            return 0;
    if (archive->indexes.len >= HT_LIMIT_DEB_SOURCES)
        return ht_error_set(err, EFBIG, "more than %d lists of one source", HT_LIMIT_DEB_SOURCES);
    index = ht_arena_array(sources->arena, struct ht_deb_index, 1);
    *index = *wanted;
    base = base_uri(sources, archive->uri, archive->dist);
    index->file = ht_deb_uri_file_name(
        sources->arena,
        ht_arena_strf(sources->arena, "%.*s%.*s", HT_STR_ARG(base), HT_STR_ARG(index->key)));
    ht_vec_add(&archive->indexes, index);
    return 0;
}

static struct ht_str key_of(struct ht_deb_sources *sources, struct ht_str component,
                            struct ht_str architecture)
{
    struct ht_arena *arena = sources->arena;
    struct ht_str key = sources->key;

    key = ht_deb_replace(arena, key, HT_S("$(NATIVE_ARCHITECTURE)"), sources->native);
    key = ht_deb_replace(arena, key, HT_S("$(ARCHITECTURE)"), architecture);
    return ht_deb_replace(arena, key, HT_S("$(COMPONENT)"), component);
}

int ht_deb_sources_add(struct ht_deb_sources *sources, const struct ht_deb_entry *entry,
                       struct ht_error *err)
{
    ht_autovec struct ht_vec names = {0};
    struct ht_deb_archive *archive = NULL;
    int r = get_archive(sources, entry, &archive, err);

    if (r < 0 || entry->is_source)
        return r;
    archive->has_binaries = true;
    if (!wants_packages(sources, entry))
        return 0;
    if (is_flat(entry->dist))
        return sources->flat_key.len
                   ? add_index(sources, archive, &(struct ht_deb_index){.key = sources->flat_key},
                               err)
                   : 0;
    if (!sources->key.len)
        return 0;
    choose_architectures(sources, entry, &names);
    for (size_t i = 0; r == 0 && i < names.len; i++) {
        struct ht_str name = *(const struct ht_str *)names.items[i];
        struct ht_deb_index index = {.component = entry->component, .architecture = name};

        index.key = key_of(sources, entry->component, name);
        r = add_index(sources, archive, &index, err);
    }
    return r;
}
