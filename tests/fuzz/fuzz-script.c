/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines: what an interpreter runs is one of its words. Words end in a NUL, the first is the
 * program. And environments: what is loaded first has no colon and no blank. */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/base/mem.h"
#include "src/source/drift-environ.h"
#include "src/source/drift-script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WORDS_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ht_autofree char *copy = ht_strndup((const char *)data, size);
    struct ht_str rest = {.data = copy, .len = size};
    struct ht_str exe = {0};
    struct ht_str words[WORDS_MAX];
    struct ht_text_list argv = {.items = words};

    (void)ht_str_next(&rest, '\0', &exe);
    while (argv.len < WORDS_MAX && ht_str_next(&rest, '\0', &words[argv.len]))
        argv.len++;

    struct ht_script script = ht_script_of(exe, &argv);
    bool found = script.kind == HT_SCRIPT_NONE || script.kind == HT_SCRIPT_STDIN;
    for (size_t i = 0; i < argv.len && !found; i++)
        found = script.text.data == words[i].data && script.text.len == words[i].len;
    if (!found)
        abort();

    struct ht_loaded_walk loaded = {.exe = exe, .argv = &argv};
    struct ht_str text = {.data = (const char *)data, .len = size};
    struct ht_str found_path;
    for (size_t steps = 0; ht_loaded_next(&loaded, &script); steps++) {
        if (script.text.len == 0 || steps > size)
            abort();
    }
    while (ht_script_next_sourced(&text, &found_path)) {
        if (found_path.len == 0)
            abort();
    }
    struct ht_environ_walk asked = {.exe = exe, .argv = &argv};
    ht_autoarena struct ht_arena *arena = ht_arena_new(0);
    text = (struct ht_str){.data = (const char *)data, .len = size};
    asked.environment = text;
    while (ht_environ_next(&asked)) {
        if (!asked.variable || asked.value.len > size)
            abort();
    }
    const struct ht_text_list options = ht_environ_split(text, exe, HT_S(""), size & 1, arena);
    for (size_t i = 0; i < options.len; i++)
        (void)ht_environ_module(options.items[i], arena);
    struct ht_preload_walk walk = {.environment = {.data = (const char *)data, .len = size}};
    struct ht_str path;

    while (ht_preload_next(&walk, &path)) {
        if (path.len == 0 || !walk.variable || ht_str_find_byte(path, ':') >= 0 ||
            ht_str_find_byte(path, ' ') >= 0)
            abort();
    }
    return 0;
}
