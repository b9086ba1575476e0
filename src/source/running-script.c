/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "running-script.h"

#include <string.h>

#include "hulltop/base/mem.h"

/* "python3.11" is python. */
static bool is_named(struct ht_str name, const char *interpreter)
{
    size_t len = strlen(interpreter);

    if (!ht_str_has_prefix(name, interpreter))
        return false;
    for (; len < name.len; len++) {
        if (!strchr("0123456789.", name.data[len]) || !name.data[len])
            return false;
    }
    return true;
}

bool ht_script_is_interpreter(struct ht_str exe)
{
    static const char *const names[] = {"python", "perl", "ruby", "php", "node", "java"};
    struct ht_str name = ht_str_base(exe);

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (is_named(name, names[i]))
            return true;
    return false;
}

static bool is_absolute(struct ht_str path)
{
    return path.len > 1 && path.data[0] == '/';
}

/* "-jar /usr/share/x.jar", "-cp /a.jar:/b.jar". */
static size_t jars_of(struct ht_str words, struct ht_str *paths, size_t max)
{
    static const char *const options[] = {"-jar", "-cp", "-classpath", "--class-path"};
    struct ht_str word, part;
    bool named = false;
    size_t len = 0;

    while (ht_str_next(&words, '\0', &word)) {
        while (named && len < max && ht_str_next(&word, ':', &part))
            if (is_absolute(part) && ht_str_has_suffix(part, ".jar"))
                paths[len++] = part;
        named = false;
        for (size_t i = 0; i < ARRAY_LEN(options); i++)
            named = named || ht_str_is(word, options[i]);
    }
    return len;
}

size_t ht_script_paths(struct ht_str exe, struct ht_str cmdline, struct ht_str *paths, size_t max)
{
    struct ht_str word;

    if (!ht_str_next(&cmdline, '\0', &word) || max == 0)
        return 0;
    if (is_named(ht_str_base(exe), "java"))
        return jars_of(cmdline, paths, max);
    /* The first word that is no option; -c, -e and -m have no script. */
    while (ht_str_next(&cmdline, '\0', &word)) {
        if (ht_str_is(word, "-c") || ht_str_is(word, "-e") || ht_str_is(word, "-m"))
            return 0;
        if (ht_str_has_prefix(word, "-"))
            continue;
        if (!is_absolute(word))
            return 0;
        paths[0] = word;
        return 1;
    }
    return 0;
}
