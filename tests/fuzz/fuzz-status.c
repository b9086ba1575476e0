/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The small files below /proc/PID, each decoder on the same bytes; lists end where the text does.
 */
#include <stdint.h>
#include <stdlib.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "src/source/proc-decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WORDS_MAX = 16 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    const struct ht_str text = {.data = (const char *)data, .len = size};
    struct ht_str words[WORDS_MAX];
    struct ht_str rest = text;
    struct ht_process process = {0};
    const char *kind = NULL;
    struct ht_proc_stat stat = {0};
    size_t len = 0;

    (void)ht_proc_decode_status(text, arena, &process);
    require(!ht_process_has_seccomp(&process) || process.seccomp <= HT_SECCOMP_MODE_FILTER);
    require(!ht_process_has_ns_pids(&process) || process.ns_pids.len > 0);
    if (ht_proc_decode_stat(text, &stat) == 0)
        require(stat.state && stat.comm.len < size);
    ht_proc_decode_uid_map(text, arena, &process);
    ht_proc_decode_lsm(text, &process);
    ht_proc_decode_loginuid(text, &process);
    ht_proc_decode_cmdline(text, arena, &process);
    require(process.argv.len <= HT_LIMIT_ARGV);
    require(!ht_process_has_login_uid(&process) || process.login_uid < UINT32_MAX);
    (void)ht_proc_decode_ns(text);
    require(ht_proc_decode_packet(text) <= size);
    require(ht_proc_decode_os_release(text, "ID", arena).len <= size);
    while (len < WORDS_MAX && ht_str_next(&rest, '\0', &words[len]))
        len++;
    struct ht_str id =
        ht_proc_decode_monitor((struct ht_text_list){.items = words, .len = len}, &kind);
    require(id.len == 0 || kind);
    return 0;
}
