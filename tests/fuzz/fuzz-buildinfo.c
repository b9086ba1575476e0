/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Build data of Go: as a section, and inside of whatever claims to be an ELF file. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "src/source/pkg-buildinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(1024 * 1024);
    const struct ht_str section = {.data = (const char *)data, .len = size};
    struct ht_str version;

    if (ht_buildinfo_decode(section, &version)) {
        require(version.len > 0 && version.data >= section.data);
        require(version.data + version.len <= section.data + section.len);
    }

    int fd = memfd_create("elf", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    if (ht_buildinfo_read(fd, arena, &version, NULL) == 0)
        require(version.len > 0);
    close(fd);
    return 0;
}
