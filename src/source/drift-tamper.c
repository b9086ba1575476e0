/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "drift-tamper.h"

#include <errno.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/model/row.h"

enum { NUMBER_BYTES = 64, ARENA_BYTES = 1024 * 1024 };

/* Whether "(OE)" has a letter: "(+)" and "(-)" are of modules that come and go. */
static bool tells_why(struct ht_str flags)
{
    for (size_t i = 0; i < flags.len; i++) {
        if (flags.data[i] >= 'A' && flags.data[i] <= 'Z')
            return true;
    }
    return false;
}

/* "NAME size uses users state address (OE)" */
struct ht_text_list ht_tamper_modules(struct ht_str text, struct ht_arena *arena)
{
    struct ht_str *items = ht_arena_array(arena, struct ht_str, HT_TAMPER_MODULES_MAX);
    struct ht_str line, name, flags;
    size_t len = 0;

    while (len < HT_TAMPER_MODULES_MAX && ht_str_next(&text, '\n', &line)) {
        struct ht_str rest = line;
        ptrdiff_t open = ht_str_rfind_byte(line, '(');

        if (open <= 0 || line.data[open - 1] != ' ' || !ht_str_has_suffix(line, ")") ||
            ht_str_find_byte(line, '\0') >= 0)
            continue;
        flags = ht_str_sub(line, (size_t)open, line.len);
        if (!tells_why(flags) || !ht_str_next(&rest, ' ', &name) || name.len == 0)
            continue;
        items[len++] = ht_arena_strf(arena, "%.*s %.*s", HT_STR_ARG(name), HT_STR_ARG(flags));
    }
    return (struct ht_text_list){.items = items, .len = len};
}

struct ht_row *ht_tamper_read(int proc_fd)
{
    ht_autobuf struct ht_buf file = HT_BUF(HT_LIMIT_PROC_FILE);
    ht_autoarena struct ht_arena *arena = ht_arena_new(ARENA_BYTES);
    struct ht_tamper tamper = {0};
    uint64_t taint;
    int r;

    if (ht_read_at(proc_fd, "sys/kernel/tainted", &file, NUMBER_BYTES, NULL) < 0 ||
        ht_parse_u64(ht_str_trim(ht_buf_str(&file)), &taint) < 0)
        return NULL;
    ht_tamper_set_id(&tamper, HT_S("kernel"));
    ht_tamper_set_taint(&tamper, taint);
    r = ht_read_at(proc_fd, "modules", &file, HT_LIMIT_PROC_FILE, NULL);
    if (r == -ENOENT) /* a kernel that cannot load any */
        ht_buf_reset(&file);
    if (r == 0 || r == -ENOENT)
        ht_tamper_set_modules(&tamper, ht_tamper_modules(ht_buf_str(&file), arena));
    return ht_row_new(&ht_tamper_table, &tamper);
}
