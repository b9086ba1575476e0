/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The small files below /proc/PID, and os-release. */
#include "proc-decode.h"

#include <errno.h>
#include <string.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/secret.h"

enum { NS_DEPTH_MAX = 33 /* the kernel nests pid namespaces 32 deep */ };

/* PF_EXITING and PF_KTHREAD of the kernel's task flags. */
#define ENDING        0x00000004UL
#define KERNEL_THREAD 0x00200000UL

static bool next_field(struct ht_str *rest, struct ht_str *ret_field)
{
    while (rest->len && (*rest->data == ' ' || *rest->data == '\t'))
        *rest = ht_str_sub(*rest, 1, rest->len);
    if (rest->len == 0)
        return false;

    size_t end = 0;
    while (end < rest->len && rest->data[end] != ' ' && rest->data[end] != '\t')
        end++;
    *ret_field = ht_str_sub(*rest, 0, end);
    *rest = ht_str_sub(*rest, end, rest->len);
    return true;
}

/* ---- status ---- */

static void read_uid(struct ht_str value, struct ht_process *process)
{
    struct ht_str field;
    uint64_t id;

    if (next_field(&value, &field) && ht_parse_u64(field, &id) == 0)
        ht_process_set_uid(process, id);
    if (next_field(&value, &field) && ht_parse_u64(field, &id) == 0)
        ht_process_set_euid(process, id);
}

static void read_gid(struct ht_str value, struct ht_process *process)
{
    struct ht_str field;
    uint64_t id;

    if (next_field(&value, &field) && next_field(&value, &field) && ht_parse_u64(field, &id) == 0)
        ht_process_set_egid(process, id);
}

static void read_ns_pids(struct ht_str value, struct ht_arena *arena, struct ht_process *process)
{
    uint64_t *items = ht_arena_array(arena, uint64_t, NS_DEPTH_MAX);
    struct ht_str field;
    size_t len = 0;

    while (len < NS_DEPTH_MAX && next_field(&value, &field)) {
        if (ht_parse_u64(field, &items[len]) < 0)
            return;
        len++;
    }
    if (len)
        ht_process_set_ns_pids(process, (struct ht_uint_list){.items = items, .len = len});
}

static void read_number(struct ht_str key, struct ht_str value, struct ht_process *process)
{
    static const struct {
        const char *key;
        void (*set)(struct ht_process *process, uint64_t value);
    } capabilities[] = {
        {"CapInh", ht_process_set_cap_inh}, {"CapPrm", ht_process_set_cap_prm},
        {"CapEff", ht_process_set_cap_eff}, {"CapBnd", ht_process_set_cap_bnd},
        {"CapAmb", ht_process_set_cap_amb},
    };
    uint64_t number;

    for (size_t i = 0; i < ARRAY_LEN(capabilities); i++) {
        if (ht_str_is(key, capabilities[i].key) && ht_parse_hex64(value, &number) == 0)
            capabilities[i].set(process, number);
    }
    if (ht_parse_u64(value, &number) < 0)
        return;
    if (ht_str_is(key, "Seccomp") && number <= HT_SECCOMP_MODE_FILTER)
        ht_process_set_seccomp(process, (enum ht_seccomp_mode)number);
    else if (ht_str_is(key, "NoNewPrivs"))
        ht_process_set_no_new_privs(process, number != 0);
    else if (ht_str_is(key, "TracerPid"))
        ht_process_set_tracer(process, number);
}

bool ht_proc_decode_status(struct ht_str text, struct ht_arena *arena, struct ht_process *process)
{
    struct ht_str line;
    bool alive = false;

    while (ht_str_next(&text, '\n', &line)) {
        ptrdiff_t colon = ht_str_find_byte(line, ':');

        if (colon < 0)
            continue;
        struct ht_str key = ht_str_sub(line, 0, (size_t)colon);
        struct ht_str value = ht_str_trim(ht_str_sub(line, (size_t)colon + 1, line.len));
        if (ht_str_is(key, "State"))
            alive = value.len > 0 && *value.data != 'Z' && *value.data != 'X';
        else if (ht_str_is(key, "Uid"))
            read_uid(value, process);
        else if (ht_str_is(key, "Gid"))
            read_gid(value, process);
        else if (ht_str_is(key, "NSpid"))
            read_ns_pids(value, arena, process);
        else
            read_number(key, value, process);
    }
    return alive;
}

/* ---- others ---- */

int ht_proc_decode_stat(struct ht_str text, struct ht_proc_stat *ret_stat)
{
    /* The name may hold blanks and parentheses: the last ")" ends it. */
    ptrdiff_t name_start = ht_str_find_byte(text, '(');
    ptrdiff_t name_end = ht_str_rfind_byte(text, ')');
    /* Numbers of the fields, as proc(5) counts them. */
    enum {
        STATE = 3,
        PPID = 4,
        SESSION = 6,
        TTY = 7,
        FLAGS = 9,
        USER = 14,
        SYSTEM = 15,
        START = 22
    };
    uint64_t values[START + 1] = {0};
    struct ht_proc_stat stat = {0};

    if (name_start < 0 || name_end <= name_start)
        return -EINVAL;

    struct ht_str rest = ht_str_trim(ht_str_sub(text, (size_t)name_end + 1, text.len));
    for (int number = STATE; number <= START; number++) {
        struct ht_str field;

        if (!next_field(&rest, &field))
            return -EINVAL;
        if (number == STATE)
            stat.state = *field.data;
        else if (ht_parse_u64(field, &values[number]) < 0)
            values[number] = 0; /* -1: none */
    }
    if (stat.state == '\0')
        return -EINVAL; /* a letter stands there */
    stat.comm = ht_str_sub(text, (size_t)name_start + 1, (size_t)(name_end - name_start) - 1);
    stat.ppid = values[PPID];
    stat.session = values[SESSION];
    stat.tty = (uint32_t)values[TTY];
    stat.kernel = values[FLAGS] & KERNEL_THREAD;
    stat.ending = (values[FLAGS] & ENDING) || stat.state == 'Z' || stat.state == 'X';
    stat.used = values[USER] + values[SYSTEM];
    stat.start = values[START];
    *ret_stat = stat;
    return 0;
}

void ht_proc_decode_uid_map(struct ht_str text, struct ht_arena *arena, struct ht_process *process)
{
    struct ht_str line = {0};
    struct ht_str fields[3];
    uint64_t numbers[3];

    (void)ht_str_next(&text, '\n', &line);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (!next_field(&line, &fields[i]) || ht_parse_u64(fields[i], &numbers[i]) < 0)
            return;
    }
    ht_process_set_uid_map(
        process, ht_arena_strf(arena, "%llu %llu %llu", (unsigned long long)numbers[0],
                               (unsigned long long)numbers[1], (unsigned long long)numbers[2]));
    ht_process_set_uid_map_full(process,
                                numbers[0] == 0 && numbers[1] == 0 && numbers[2] >= UINT32_MAX);
}

void ht_proc_decode_lsm(struct ht_str text, struct ht_process *process)
{
    ptrdiff_t end = ht_str_find_byte(text, '\0');

    if (end >= 0)
        text.len = (size_t)end;
    text = ht_str_trim(text);
    if (text.len)
        ht_process_set_lsm(process, text);
}

void ht_proc_decode_cmdline(struct ht_str text, struct ht_arena *arena, struct ht_process *process)
{
    size_t len = 0;
    size_t count = 0;
    struct ht_str rest;
    struct ht_str part;

    while (text.len && text.data[text.len - 1] == '\0')
        text.len--;
    for (rest = text; count < HT_LIMIT_ARGV && ht_str_next(&rest, '\0', &part);)
        count++;

    struct ht_str *items = ht_arena_array(arena, struct ht_str, count);
    for (rest = text; len < count && ht_str_next(&rest, '\0', &part);)
        items[len++] = ht_arena_str(arena, ht_str_sub(part, 0, HT_LIMIT_ARG));
    if (len)
        items = ht_secret_mask_argv(arena, items, len);
    ht_process_set_argv(process, (struct ht_text_list){.items = items, .len = len});
}

void ht_proc_decode_loginuid(struct ht_str text, struct ht_process *process)
{
    uint64_t id;

    /* All ones: nobody logged in. */
    if (ht_parse_u64(ht_str_trim(text), &id) == 0 && id < UINT32_MAX)
        ht_process_set_login_uid(process, id);
}

uint64_t ht_proc_decode_ns(struct ht_str link)
{
    ptrdiff_t open = ht_str_find_byte(link, '[');
    uint64_t inode;

    if (open < 0 || !ht_str_has_suffix(link, "]") ||
        ht_parse_u64(ht_str_sub(link, (size_t)open + 1, link.len - (size_t)open - 2), &inode) < 0)
        return 0;
    return inode;
}

struct ht_str ht_proc_decode_tty(uint32_t device, struct ht_arena *arena)
{
    /* The kernel's old form: minor in bits 0-7 and 20-31, major in 8-15. */
    unsigned major = (device >> 8) & 0xff;
    unsigned minor = (device & 0xff) | ((device >> 12) & 0xfff00);

    if (device == 0)
        return (struct ht_str){0};
    if (major >= 136 && major <= 143)
        return ht_arena_strf(arena, "pts/%u", minor + (major - 136) * 256);
    if (major == 4)
        return minor < 64 ? ht_arena_strf(arena, "tty%u", minor)
                          : ht_arena_strf(arena, "ttyS%u", minor - 64);
    if (major == 5 && minor == 1)
        return HT_S("console");
    return ht_arena_strf(arena, "%u:%u", major, minor);
}

uint64_t ht_proc_decode_packet(struct ht_str text)
{
    struct ht_str line;
    uint64_t lines = 0;

    while (ht_str_next(&text, '\n', &line))
        lines += line.len > 0;
    return lines > 0 ? lines - 1 : 0; /* the first is the heading */
}

/* The word behind one of two options. */
static struct ht_str option_value(struct ht_text_list argv, const char *option, const char *other)
{
    for (size_t i = 1; i + 1 < argv.len; i++) {
        if (ht_str_is(argv.items[i], option) || ht_str_is(argv.items[i], other))
            return argv.items[i + 1];
    }
    return (struct ht_str){0};
}

struct ht_str ht_proc_decode_monitor(struct ht_text_list argv, const char **ret_kind)
{
    if (argv.len == 0)
        return (struct ht_str){0};

    struct ht_str name = ht_str_base(argv.items[0]);
    if (ht_str_has_prefix(name, "containerd-shim")) {
        *ret_kind = "shim";
        return option_value(argv, "-id", "--id");
    }
    if (ht_str_is(name, "conmon")) {
        *ret_kind = "conmon";
        return option_value(argv, "-c", "--cid");
    }
    return (struct ht_str){0};
}

/* A value as a shell would read it: quotes and backslashes taken away. */
static struct ht_str unquote(struct ht_str value, struct ht_arena *arena)
{
    char *out = ht_arena_alloc(arena, value.len + 1, 1);
    size_t len = 0;

    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == '"' || value.data[i] == '\'')
            continue;
        if (value.data[i] == '\\' && i + 1 < value.len)
            i++;
        out[len++] = value.data[i];
    }
    return (struct ht_str){.data = out, .len = len};
}

struct ht_str ht_proc_decode_os_release(struct ht_str text, const char *key, struct ht_arena *arena)
{
    struct ht_str line;

    while (ht_str_next(&text, '\n', &line)) {
        line = ht_str_trim(line);
        ptrdiff_t equals = ht_str_find_byte(line, '=');

        if (equals > 0 && ht_str_is(ht_str_sub(line, 0, (size_t)equals), key))
            return unquote(ht_str_sub(line, (size_t)equals + 1, line.len), arena);
    }
    return (struct ht_str){0};
}
