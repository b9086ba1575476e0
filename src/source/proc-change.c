/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc-change.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/str.h"

enum { LOADAVG_MAX = 128, LOOKS = 2, DULL_MAX = 1 << 16 };

#define SURE_NS   (INT64_C(5) * HT_NS_PER_S)
#define FORGET_NS (INT64_C(600) * HT_NS_PER_S)

/* ---- the pulse ---- */

bool ht_proc_pulse_read(const char *text, uint64_t *ret_threads, uint64_t *ret_last_pid)
{
    struct ht_str rest = ht_str_trim(ht_str_from(text));
    struct ht_str words[5] = {0};
    uint64_t threads, last_pid;
    size_t len = 0;

    while (len < ARRAY_LEN(words) && ht_str_next(&rest, ' ', &words[len]))
        len++;
    ptrdiff_t slash = ht_str_find_byte(words[3], '/');
    if (len < ARRAY_LEN(words) || rest.len || slash < 0)
        return false;
    if (ht_parse_u64(ht_str_sub(words[3], (size_t)slash + 1, words[3].len), &threads) < 0 ||
        ht_parse_u64(words[4], &last_pid) < 0 || threads == 0 || last_pid == 0)
        return false;
    *ret_threads = threads;
    *ret_last_pid = last_pid;
    return true;
}

static bool read_pulse(int proc_fd, uint64_t *ret_threads, uint64_t *ret_last_pid)
{
    char text[LOADAVG_MAX];
    ht_autoclose int fd = openat(proc_fd, "loadavg", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (n <= 0)
        return false;
    text[n] = '\0';
    return ht_proc_pulse_read(text, ret_threads, ret_last_pid);
}

bool ht_proc_pulse_beats(struct ht_proc_pulse *pulse, int proc_fd, int64_t now_ns)
{
    uint64_t threads = 0, last_pid = 0;

    if (read_pulse(proc_fd, &threads, &last_pid) && threads == pulse->threads &&
        last_pid == pulse->last_pid && now_ns < pulse->sure_until_ns)
        return false;
    *pulse = (struct ht_proc_pulse){
        .threads = threads, .last_pid = last_pid, .sure_until_ns = now_ns + SURE_NS};
    return true;
}

/* ---- dull processes ---- */

struct entry {
    uint64_t pid;
    uint64_t inode;
    unsigned looks;
};

/* Both sorted by pid: those of the last walk, and of the one under way. */
struct ht_proc_dull {
    struct entry *known, *next;
    size_t known_len, known_cap, next_len, next_cap;
    int64_t forget_ns;
};

struct ht_proc_dull *ht_proc_dull_new(void)
{
    return ht_new0(struct ht_proc_dull);
}

struct ht_proc_dull *ht_proc_dull_free(struct ht_proc_dull *dull)
{
    if (!dull)
        return NULL;
    free(dull->known);
    free(dull->next);
    free(dull);
    return NULL;
}

void ht_proc_dull_begin(struct ht_proc_dull *dull, int64_t now_ns)
{
    struct entry *spare = dull->known;
    size_t cap = dull->known_cap;

    dull->known = dull->next;
    dull->known_len = dull->next_len;
    dull->known_cap = dull->next_cap;
    dull->next = spare;
    dull->next_cap = cap;
    dull->next_len = 0;
    if (now_ns >= dull->forget_ns) {
        dull->known_len = 0;
        dull->forget_ns = now_ns + FORGET_NS;
    }
}

static int compare(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;

    return (left->pid > right->pid) - (left->pid < right->pid);
}

static const struct entry *find(const struct ht_proc_dull *dull, uint64_t pid, uint64_t inode)
{
    const struct entry key = {.pid = pid};
    const struct entry *entry =
        dull->known_len ? bsearch(&key, dull->known, dull->known_len, sizeof(key), compare) : NULL;

    return entry && entry->inode == inode ? entry : NULL;
}

bool ht_proc_dull_has(const struct ht_proc_dull *dull, uint64_t pid, uint64_t inode)
{
    const struct entry *entry = find(dull, pid, inode);

    return entry && entry->looks >= LOOKS;
}

void ht_proc_dull_add(struct ht_proc_dull *dull, uint64_t pid, uint64_t inode)
{
    const struct entry *before = find(dull, pid, inode);
    size_t last = dull->next_len;

    if (last == DULL_MAX || (last && dull->next[last - 1].pid >= pid))
        return;
    if (last == dull->next_cap) {
        dull->next_cap = dull->next_cap ? dull->next_cap * 2 : 256;
        dull->next = ht_realloc(dull->next, dull->next_cap, sizeof(*dull->next));
    }
    dull->next[dull->next_len++] =
        (struct entry){.pid = pid, .inode = inode, .looks = before ? before->looks + 1 : 1};
}
