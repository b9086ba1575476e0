/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "drift-tamper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "drift-hidden.h"

#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/model/row.h"

enum { NUMBER_BYTES = 64, ARENA_BYTES = 1024 * 1024, PROGRAMS_MAX = 100000 };

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

/* ---- functions of the kernel that are traced ---- */

/* "WHO" of "tramp: 0xffff (WHO+0x0/0x10) ->assist+0x0/0x10 [MODULE]": the module, else the function
 * that gets the calls. */
static struct ht_str receiver(struct ht_str rest)
{
    ptrdiff_t module = ht_str_rfind_byte(rest, '[');
    ptrdiff_t arrow = ht_str_find(rest, HT_S("->"), 0);
    ptrdiff_t end;

    if (module >= 0 && ht_str_has_suffix(rest, "]"))
        return ht_str_sub(rest, (size_t)module, rest.len);
    if (arrow >= 0)
        rest = ht_str_sub(rest, (size_t)arrow + 2, rest.len);
    rest = ht_str_trim(rest);
    end = ht_str_find_byte(rest, '+');
    return end > 0 ? ht_str_sub(rest, 0, (size_t)end) : rest;
}

/* "FUNCTION (1) R I D   <tab>tramp: ...": a flag I says that its calls may end up elsewhere. */
static bool is_redirected(struct ht_str line, struct ht_str *ret_name, struct ht_str *ret_who)
{
    ptrdiff_t open = ht_str_find(line, HT_S(" ("), 0);
    ptrdiff_t close = open > 0 ? ht_str_find(line, HT_S(")"), (size_t)open) : -1;
    struct ht_str rest, flags;
    ptrdiff_t tab;

    if (close < 0)
        return false;
    rest = ht_str_sub(line, (size_t)close + 1, line.len);
    tab = ht_str_find_byte(rest, '\t');
    flags = tab < 0 ? rest : ht_str_sub(rest, 0, (size_t)tab);
    if (ht_str_find_byte(flags, 'I') < 0)
        return false;
    *ret_name = ht_str_sub(line, 0, (size_t)open);
    *ret_who = tab < 0 ? HT_S("") : receiver(ht_str_trim(ht_str_sub(rest, (size_t)tab, rest.len)));
    return true;
}

void ht_tamper_traced(struct ht_str text, struct ht_arena *arena, struct ht_traced *ret_traced)
{
    struct ht_str *items = ht_arena_array(arena, struct ht_str, HT_TAMPER_LISTED_MAX);
    struct ht_traced traced = {0};
    struct ht_str line, name, who;
    size_t len = 0;

    while (ht_str_next(&text, '\n', &line)) {
        traced.count += ht_str_trim(line).len > 0;
        if (len < HT_TAMPER_LISTED_MAX && is_redirected(line, &name, &who))
            items[len++] = ht_arena_strf(arena, "%.*s to %.*s", HT_STR_ARG(name),
                                         HT_STR_ARG(who.len ? who : HT_S("who knows")));
    }
    traced.redirected = (struct ht_text_list){.items = items, .len = len};
    *ret_traced = traced;
}

void ht_tamper_take_traced(struct ht_str text, bool cut, struct ht_arena *arena,
                           struct ht_tamper *tamper)
{
    struct ht_traced traced;

    ht_tamper_traced(text, arena, &traced);
    if (!cut)
        ht_tamper_set_traced(tamper, traced.count);
    if (!cut || traced.redirected.len)
        ht_tamper_set_redirected(tamper, traced.redirected);
}

static void read_traced(struct ht_arena *arena, struct ht_tamper *tamper)
{
    static const char *const paths[] = {"/sys/kernel/tracing/enabled_functions",
                                        "/sys/kernel/debug/tracing/enabled_functions"};
    ht_autobuf struct ht_buf file = HT_BUF(HT_LIMIT_FILE);
    int r = -ENOENT;

    for (size_t i = 0; i < ARRAY_LEN(paths) && r < 0 && r != -EFBIG; i++)
        r = ht_read_at(AT_FDCWD, paths[i], &file, HT_LIMIT_FILE, NULL);
    if (r < 0 && r != -EFBIG)
        return;
    ht_tamper_take_traced(ht_buf_str(&file), r < 0, arena, tamper);
}

/* ---- eBPF ---- */

/* Only root of the node is told. */
static void count_programs(struct ht_tamper *tamper)
{
    union bpf_attr attr = {0};
    uint64_t count = 0;

    while (count < PROGRAMS_MAX) {
        if (syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, &attr, sizeof(attr)) < 0) {
            if (errno == ENOENT)
                ht_tamper_set_programs(tamper, count);
            return;
        }
        attr.start_id = attr.next_id;
        count++;
    }
}

/* ---- all of it ---- */

static void keep_first(const struct ht_row *before, struct ht_tamper *tamper)
{
    const struct ht_tamper *old = before ? ht_tamper_of(before) : NULL;

    if (ht_tamper_has_traced(tamper))
        ht_tamper_set_traced_first(
            tamper, old && ht_tamper_has_traced_first(old) ? old->traced_first : tamper->traced);
    if (ht_tamper_has_programs(tamper))
        ht_tamper_set_programs_first(tamper, old && ht_tamper_has_programs_first(old)
                                                 ? old->programs_first
                                                 : tamper->programs);
}

struct ht_row *ht_tamper_read(int proc_fd, struct ht_groups *groups, const struct ht_row *before)
{
    ht_autobuf struct ht_buf file = HT_BUF(HT_LIMIT_PROC_FILE);
    ht_autoarena struct ht_arena *arena = ht_arena_new(ARENA_BYTES);
    struct ht_tamper tamper = {0};
    struct ht_text_list hidden;
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
    if (ht_hidden_read(proc_fd, groups, arena, &hidden) == 0)
        ht_tamper_set_hidden(&tamper, hidden);
    read_traced(arena, &tamper);
    count_programs(&tamper);
    keep_first(before, &tamper);
    return ht_row_new(&ht_tamper_table, &tamper);
}
