/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the fact tables compare paths, names and image references. */
#include "hulltop/check/facts.h"

#include <string.h>

#include "facts-private.h"

bool ht_facts_is_like(struct ht_str pattern, struct ht_str text)
{
    size_t p = 0, t = 0;
    size_t star = SIZE_MAX, resume = 0;

    while (t < text.len) {
        if (p < pattern.len && pattern.data[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.len && pattern.data[p] == text.data[t]) {
            p++;
            t++;
        } else if (star != SIZE_MAX && text.data[resume] != '/') {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.data[p] == '*')
        p++;
    return p == pattern.len;
}

bool ht_facts_has_like(const struct ht_text_list *patterns, struct ht_str text)
{
    for (size_t i = 0; i < patterns->len; i++) {
        if (ht_facts_is_like(patterns->items[i], text))
            return true;
    }
    return false;
}

bool ht_facts_begins_like(struct ht_str pattern, struct ht_str text)
{
    if (pattern.len == 0 || pattern.data[pattern.len - 1] != '*')
        return ht_str_equal(pattern, text);
    return text.len >= pattern.len - 1 && ht_str_equal(ht_str_sub(text, 0, pattern.len - 1),
                                                       ht_str_sub(pattern, 0, pattern.len - 1));
}

struct ht_str ht_facts_plain_path(struct ht_str path)
{
    if (ht_str_is(path, "/var/run") || ht_str_has_prefix(path, "/var/run/"))
        path = ht_str_sub(path, strlen("/var"), path.len);
    while (path.len > 1 && path.data[path.len - 1] == '/')
        path.len--;
    return path;
}

/* The next part between slashes; false at the end. */
static bool next_part(struct ht_str *rest, struct ht_str *ret_part)
{
    while (ht_str_next(rest, '/', ret_part)) {
        if (ret_part->len)
            return true;
    }
    return false;
}

/* Most paths differ from a pattern in a byte before its first star: no parts are made of them. */
static bool differs_plainly(struct ht_str pattern, struct ht_str path)
{
    size_t len = pattern.len < path.len ? pattern.len : path.len;
    size_t i = 0;

    while (i < len && pattern.data[i] == path.data[i] && pattern.data[i] != '*')
        i++;
    return i < len && pattern.data[i] != '*' && pattern.data[i] != '/' && path.data[i] != '/';
}

enum relation ht_path_relation(struct ht_str pattern, struct ht_str path)
{
    struct ht_str a, b;

    if (differs_plainly(pattern, path))
        return RELATION_NONE;
    for (;;) {
        bool more_pattern = next_part(&pattern, &a);
        bool more_path = next_part(&path, &b);

        if (!more_pattern && !more_path)
            return RELATION_SAME;
        if (!more_pattern)
            return RELATION_BELOW;
        if (!more_path)
            return RELATION_ABOVE;
        if (!ht_facts_is_like(a, b))
            return RELATION_NONE;
    }
}

static struct ht_str cut(struct ht_str image, struct ht_str prefix)
{
    return image.len >= prefix.len && memcmp(image.data, prefix.data, prefix.len) == 0
               ? ht_str_sub(image, prefix.len, image.len)
               : image;
}

/* Cuts "docker.io/" and "library/". */
static struct ht_str cut_hub(struct ht_str image)
{
    return cut(cut(cut(image, HT_S("docker.io/")), HT_S("index.docker.io/")), HT_S("library/"));
}

/* Cuts that, the digest, and splits the tag off. */
static struct ht_str plain_image(struct ht_str image, struct ht_str *ret_tag)
{
    ptrdiff_t at = ht_str_find_byte(image, '@');

    if (at >= 0)
        image.len = (size_t)at;

    ptrdiff_t colon = ht_str_rfind_byte(image, ':');
    *ret_tag = (struct ht_str){0};
    if (colon >= 0 && ht_str_find_byte(ht_str_sub(image, (size_t)colon, image.len), '/') < 0) {
        *ret_tag = ht_str_sub(image, (size_t)colon + 1, image.len);
        image.len = (size_t)colon;
    }
    return cut_hub(image);
}

/* Most images differ from a pattern in the first byte of their names: the rest is not looked at. */
static bool begins_otherwise(struct ht_str pattern, struct ht_str image)
{
    pattern = cut_hub(pattern);
    image = cut_hub(image);
    return pattern.len && pattern.data[0] != '*' &&
           (image.len == 0 || image.data[0] != pattern.data[0]);
}

bool ht_facts_image_is(struct ht_str pattern, struct ht_str image)
{
    if (begins_otherwise(pattern, image))
        return false;

    struct ht_str wanted_tag, tag;
    struct ht_str wanted = plain_image(pattern, &wanted_tag);
    struct ht_str repository = plain_image(image, &tag);

    return repository.len && ht_facts_is_like(wanted, repository) &&
           (wanted_tag.len == 0 || ht_facts_is_like(wanted_tag, tag));
}
