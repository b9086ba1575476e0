/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The section begins with a magic of 32 bytes; since Go 1.18 two texts follow, each with its length
 * in front: the version of Go, and lines about the modules between two marks of 16 bytes.
 */
#include "pkg-buildinfo.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "hulltop/base/mem.h"

#define MAGIC "\xff Go buildinf:"

enum {
    HEAD = 32,
    FLAGS_AT = 15,
    FLAG_INLINE = 2,
    MARK = 16,
    SECTION_MAX = 4 * 1024 * 1024,
    SECTIONS_MAX = 4096,
    NAMES_MAX = 64 * 1024,
};

/* Takes a text with its length (7 bits a byte, lowest first) in front. */
static bool take_text(struct ht_str *rest, struct ht_str *ret_text)
{
    uint64_t len = 0;
    size_t at = 0;

    for (unsigned shift = 0; at < rest->len && shift < 35; shift += 7) {
        unsigned char byte = (unsigned char)rest->data[at++];

        len |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            if (len > rest->len - at)
                return false;
            *ret_text = ht_str_sub(*rest, at, (size_t)len);
            *rest = ht_str_sub(*rest, at + (size_t)len, rest->len);
            return true;
        }
    }
    return false;
}

static bool is_version_end(char c)
{
    return c == ' ' || c == '"' || c == '\'' || c == '\t' || c == '\n';
}

/* "-X main.version=1.1.12" in the linker's flags. */
static bool find_linked(struct ht_str flags, struct ht_str *ret_version)
{
    static const char needle[] = "ersion=";
    ptrdiff_t at = ht_str_find(flags, HT_S(needle), 0);

    for (; at >= 0; at = ht_str_find(flags, HT_S(needle), (size_t)at + 1)) {
        struct ht_str value = ht_str_sub(flags, (size_t)at + sizeof(needle) - 1, flags.len);
        size_t len = 0;

        while (len < value.len && !is_version_end(value.data[len]))
            len++;
        value.len = len;
        if (len && (value.data[0] == 'v' || (value.data[0] >= '0' && value.data[0] <= '9'))) {
            *ret_version = value;
            return true;
        }
    }
    return false;
}

static bool find_version(struct ht_str modules, struct ht_str *ret_version)
{
    struct ht_str line, word, linked = {0};

    while (ht_str_next(&modules, '\n', &line)) {
        if (ht_str_has_prefix(line, "build\t-ldflags=") && find_linked(line, &linked))
            continue;
        if (!ht_str_has_prefix(line, "mod\t"))
            continue;
        /* mod, path, version, sum */
        for (int i = 0; i < 3; i++) {
            if (!ht_str_next(&line, '\t', &word))
                word = (struct ht_str){0};
        }
        if (word.len > 1 && word.data[0] == 'v' && !ht_str_has_prefix(word, "v0.0.0-")) {
            *ret_version = word;
            return true;
        }
    }
    *ret_version = linked;
    return linked.len > 0;
}

bool ht_buildinfo_decode(struct ht_str section, struct ht_str *ret_version)
{
    struct ht_str rest, text;

    if (section.len < HEAD || memcmp(section.data, MAGIC, sizeof(MAGIC) - 1) != 0 ||
        !((unsigned char)section.data[FLAGS_AT] & FLAG_INLINE))
        return false;
    rest = ht_str_sub(section, HEAD, section.len);
    if (!take_text(&rest, &text) || !take_text(&rest, &text) || text.len < 2 * MARK)
        return false;
    return find_version(ht_str_sub(text, MARK, text.len - 2 * MARK), ret_version);
}

/* ---- ELF ---- */

static bool read_exactly(int fd, void *out, size_t size, uint64_t at)
{
    return at <= INT64_MAX && pread(fd, out, size, (off_t)at) == (ssize_t)size;
}

static bool is_wanted(const Elf64_Shdr *section, const char *names, size_t names_len)
{
    static const char wanted[] = ".go.buildinfo";

    return section->sh_name < names_len && names_len - section->sh_name >= sizeof(wanted) &&
           memcmp(names + section->sh_name, wanted, sizeof(wanted)) == 0;
}

/* Finds the section; false if there is none or the headers make no sense. */
static bool find_section(int fd, struct ht_arena *arena, Elf64_Shdr *ret)
{
    Elf64_Ehdr head;
    Elf64_Shdr names;

    if (!read_exactly(fd, &head, sizeof(head), 0) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
        head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_ident[EI_DATA] != ELFDATA2LSB ||
        head.e_shentsize != sizeof(Elf64_Shdr) || head.e_shnum > SECTIONS_MAX ||
        head.e_shstrndx >= head.e_shnum)
        return false;

    Elf64_Shdr *sections = ht_arena_array(arena, Elf64_Shdr, head.e_shnum);
    if (!read_exactly(fd, sections, head.e_shnum * sizeof(*sections), head.e_shoff))
        return false;
    names = sections[head.e_shstrndx];
    if (names.sh_size == 0 || names.sh_size > NAMES_MAX)
        return false;

    char *text = ht_arena_array(arena, char, names.sh_size);
    if (!read_exactly(fd, text, names.sh_size, names.sh_offset))
        return false;
    for (unsigned i = 0; i < head.e_shnum; i++) {
        if (is_wanted(&sections[i], text, names.sh_size)) {
            *ret = sections[i];
            return ret->sh_size >= HEAD && ret->sh_size <= SECTION_MAX;
        }
    }
    return false;
}

int ht_buildinfo_read(int fd, struct ht_arena *arena, struct ht_str *ret_version,
                      struct ht_error *err)
{
    ht_autoarena struct ht_arena *scratch = ht_arena_new(2 * SECTION_MAX);
    Elf64_Shdr section;
    struct ht_str version;
    char *bytes;

    if (!find_section(fd, scratch, &section))
        return ht_error_set(err, ENODATA, "no build data of Go in it");
    bytes = ht_arena_array(scratch, char, section.sh_size);
    if (!read_exactly(fd, bytes, section.sh_size, section.sh_offset))
        return ht_error_set(err, EIO, "its build data cannot be read");
    if (!ht_buildinfo_decode((struct ht_str){.data = bytes, .len = section.sh_size}, &version))
        return ht_error_set(err, ENODATA, "its build data tells no version");
    *ret_version = ht_arena_str(arena, version);
    return 0;
}
