/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's own files: what is patched or loaded, the processor's microcode, exposure. */
#include <string.h>

#include "pkg-kernel.h"
#include "hulltop/base/mem.h"

enum { SMALL = 64 * 1024, CPUINFO_MAX = 64 * 1024, UCODE_MAX = 4 * 1024 * 1024, PATCHES_MAX = 20 };

/* First line of a small file, in the arena; false if it cannot be read. */
static bool read_line(const struct ht_root *root, const char *path, struct ht_arena *arena,
                      struct ht_str *ret_line)
{
    ht_autobuf struct ht_buf text = HT_BUF(SMALL);
    struct ht_str rest, line = {0};

    if (ht_root_read(root, path, &text, SMALL, NULL) < 0)
        return false;
    rest = ht_buf_str(&text);
    (void)ht_str_next(&rest, '\n', &line);
    *ret_line = ht_arena_str(arena, ht_str_trim(line));
    return true;
}

static bool read_number(const struct ht_root *root, const char *path, struct ht_arena *arena,
                        int64_t *ret_number)
{
    struct ht_str line;

    return read_line(root, path, arena, &line) && ht_parse_i64(line, ret_number) == 0;
}

/* ---- live patches ---- */

struct patches {
    const struct ht_root *root;
    struct ht_arena *arena;
    struct ht_str *items;
    size_t len;
};

static int visit_patch(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct patches *patches = context;
    struct ht_str path = ht_arena_strf(patches->arena, "sys/kernel/livepatch/%s/enabled", name);
    int64_t enabled;

    (void)type;
    (void)inode;
    if (patches->len < PATCHES_MAX &&
        read_number(patches->root, path.data, patches->arena, &enabled) && enabled == 1)
        patches->items[patches->len++] = ht_arena_text(patches->arena, name);
    return 0;
}

static void read_patches(const struct ht_root *root, struct ht_arena *arena, struct ht_kernel *row)
{
    struct patches patches = {.root = root, .arena = arena};
    const struct ht_dir_visitor visitor = {.visit = visit_patch, .context = &patches};

    patches.items = ht_arena_array(arena, struct ht_str, PATCHES_MAX);
    (void)ht_root_list(root, "sys/kernel/livepatch", &visitor, NULL);
    ht_kernel_set_livepatches(row,
                              (struct ht_text_list){.items = patches.items, .len = patches.len});
}

/* ---- microcode ---- */

struct processor {
    struct ht_str vendor;
    uint64_t family, model, stepping;
    bool numbers; /* all three were there */
};

static uint32_t le32(const char *bytes)
{
    unsigned char b[4];

    memcpy(b, bytes, sizeof(b));
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* Revision in a file of Intel's with one update in it. Several are for processors that differ in
 * what no file tells: then it is not known. */
static bool intel_revision(struct ht_str file, uint32_t *ret_revision)
{
    enum { HEADER = 48, DEFAULT_SIZE = 2048 };
    uint32_t total;

    if (file.len < HEADER || le32(file.data) != 1)
        return false;
    total = le32(file.data + 32);
    if (total == 0)
        total = DEFAULT_SIZE;
    if (total != file.len)
        return false;
    *ret_revision = le32(file.data + 4);
    return true;
}

static void read_available(const struct ht_root *root, const struct processor *processor,
                           struct ht_arena *arena, struct ht_kernel *row)
{
    static const char *const places[] = {"lib/firmware/intel-ucode/",
                                         "usr/lib/firmware/intel-ucode/"};
    ht_autobuf struct ht_buf file = HT_BUF(UCODE_MAX);
    uint32_t revision;

    if (!processor->numbers || !ht_str_is(processor->vendor, "GenuineIntel"))
        return;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        struct ht_str path = ht_arena_strf(
            arena, "%s%02llx-%02llx-%02llx", places[i], (unsigned long long)processor->family,
            (unsigned long long)processor->model, (unsigned long long)processor->stepping);

        ht_buf_reset(&file);
        if (ht_root_read(root, path.data, &file, UCODE_MAX, NULL) == 0 &&
            intel_revision(ht_buf_str(&file), &revision)) {
            ht_kernel_set_microcode_available(row, revision);
            return;
        }
    }
}

static bool has_flag(struct ht_str flags, const char *wanted)
{
    struct ht_str flag;

    while (ht_str_next(&flags, ' ', &flag)) {
        if (ht_str_is(flag, wanted))
            return true;
    }
    return false;
}

static void take_cpu_line(struct ht_str name, struct ht_str value, struct processor *processor,
                          struct ht_kernel *row)
{
    static const char *const numbers[] = {"cpu family", "model", "stepping"};
    uint64_t *const places[] = {&processor->family, &processor->model, &processor->stepping};
    uint64_t revision;

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        if (ht_str_is(name, numbers[i]))
            processor->numbers = ht_parse_u64(value, places[i]) == 0;
    }
    if (ht_str_is(name, "vendor_id"))
        processor->vendor = value;
    else if (ht_str_is(name, "model name"))
        ht_kernel_set_cpu(row, value);
    else if (ht_str_is(name, "flags"))
        ht_kernel_set_virtual(row, has_flag(value, "hypervisor"));
    else if (ht_str_is(name, "microcode") && ht_str_has_prefix(value, "0x") &&
             ht_parse_hex64(ht_str_sub(value, 2, value.len), &revision) == 0)
        ht_kernel_set_microcode(row, revision);
}

/* The first processor stands for all. */
static void read_processor(const struct ht_root *root, struct ht_arena *arena,
                           struct ht_kernel *row)
{
    ht_autobuf struct ht_buf text = HT_BUF(CPUINFO_MAX);
    struct processor processor = {0};
    struct ht_str rest, line;
    int code = ht_root_read(root, "proc/cpuinfo", &text, CPUINFO_MAX, NULL);

    if (code < 0 && !text.len)
        return;
    rest = ht_arena_str(arena, ht_buf_str(&text));
    while (ht_str_next(&rest, '\n', &line) && line.len) {
        struct ht_str name;

        if (ht_str_next(&line, ':', &name))
            take_cpu_line(ht_str_trim(name), ht_str_trim(line), &processor, row);
    }
    read_available(root, &processor, arena, row);
}

/* ---- exposure ---- */

/* The chosen word of "[none] integrity confidentiality". */
static struct ht_str chosen(struct ht_str line)
{
    ptrdiff_t open = ht_str_find_byte(line, '['), close = ht_str_find_byte(line, ']');

    return open >= 0 && close > open
               ? ht_str_sub(line, (size_t)open + 1, (size_t)(close - open) - 1)
               : (struct ht_str){0};
}

static void read_userns(const struct ht_root *root, struct ht_arena *arena, struct ht_kernel *row)
{
    int64_t most, clone = 1, restricted = 0;

    if (!read_number(root, "proc/sys/user/max_user_namespaces", arena, &most))
        return;
    /* Debian's switch and Ubuntu's; elsewhere there is none. */
    (void)read_number(root, "proc/sys/kernel/unprivileged_userns_clone", arena, &clone);
    (void)read_number(root, "proc/sys/kernel/apparmor_restrict_unprivileged_userns", arena,
                      &restricted);
    ht_kernel_set_unprivileged_userns(row, most > 0 && clone != 0 && restricted == 0);
}

static void read_exposure(const struct ht_root *root, struct ht_arena *arena, struct ht_kernel *row)
{
    struct ht_str line;
    int64_t number;

    if (read_number(root, "proc/sys/kernel/unprivileged_bpf_disabled", arena, &number))
        ht_kernel_set_unprivileged_bpf(row, number);
    if (read_number(root, "proc/sys/kernel/kptr_restrict", arena, &number))
        ht_kernel_set_kptr_restrict(row, number);
    if (read_number(root, "proc/sys/kernel/kexec_load_disabled", arena, &number))
        ht_kernel_set_kexec_allowed(row, number == 0);
    if (read_line(root, "sys/kernel/security/lockdown", arena, &line) && chosen(line).len)
        ht_kernel_set_lockdown(row, chosen(line));
    if (read_line(root, "sys/module/module/parameters/sig_enforce", arena, &line))
        ht_kernel_set_modules_signed(row, ht_str_is(line, "Y"));
    read_userns(root, arena, row);
}

void ht_kernel_read(const struct ht_root *root, struct ht_arena *arena, struct ht_kernel *row)
{
    int64_t number;

    read_patches(root, arena, row);
    if (read_number(root, "sys/kernel/kexec_loaded", arena, &number))
        ht_kernel_set_kexec_loaded(row, number == 1);
    read_processor(root, arena, row);
    read_exposure(root, arena, row);
}
