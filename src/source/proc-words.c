/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc-words.h"

#include <errno.h>
#include <sys/uio.h>

/* Takes a blank and the number behind it off the text. */
static uint64_t take_number(struct ht_str *text)
{
    uint64_t number = 0;
    size_t at = 1;

    for (; at < text->len && text->data[at] >= '0' && text->data[at] <= '9'; at++)
        number = number * 10 + (uint64_t)(text->data[at] - '0');
    *text = ht_str_sub(*text, at, text->len);
    return number;
}

/* Leaves the blank before the field of that number, as proc(5) counts them. */
static struct ht_str behind_fields(struct ht_str stat, int number)
{
    /* The name may hold blanks and parentheses: the last ")" ends it. */
    ptrdiff_t end = ht_str_rfind_byte(stat, ')');
    size_t at = (size_t)(end + 1);

    for (int field = 2; end >= 0 && at < stat.len; at++) {
        if (stat.data[at] == ' ' && ++field == number)
            return ht_str_sub(stat, at, stat.len);
    }
    return (struct ht_str){0};
}

void ht_proc_decode_words(struct ht_str stat, struct ht_proc_words *ret_words)
{
    enum { ARG_START = 48 };
    struct ht_str rest = behind_fields(stat, ARG_START);
    uint64_t arg_start = take_number(&rest), arg_end = take_number(&rest);
    uint64_t env_start = take_number(&rest), env_end = take_number(&rest);

    *ret_words = (struct ht_proc_words){0};
    if (arg_start >= arg_end || arg_end != env_start || env_start > env_end ||
        env_end - arg_start > HT_PROC_WORDS_MAX)
        return;
    ret_words->at = arg_start;
    ret_words->argv_len = (uint32_t)(arg_end - arg_start);
    ret_words->environ_len = (uint32_t)(env_end - env_start);
}

/* Each ends with a NUL; else the kernel looks further for the end of a title. */
static bool is_ended(const char *data, size_t len)
{
    return len == 0 || data[len - 1] == '\0';
}

int ht_proc_read_words(pid_t pid, const struct ht_proc_words *words, struct ht_buf *out)
{
    size_t wanted = (size_t)words->argv_len + words->environ_len;
    struct iovec here = {0}, there = {.iov_base = (void *)(uintptr_t)words->at, .iov_len = wanted};
    ssize_t len;

    ht_buf_reset(out);
    if (words->at == 0)
        return -ENODATA;
    here.iov_base = ht_buf_room(out, wanted, &here.iov_len);
    if (here.iov_len < wanted)
        return -EFBIG;
    len = process_vm_readv(pid, &here, 1, &there, 1, 0);
    if (len < 0)
        return -errno;
    if ((size_t)len < wanted || !is_ended(here.iov_base, words->argv_len) ||
        !is_ended(here.iov_base, wanted))
        return -EAGAIN;
    ht_buf_grow(out, wanted);
    return 0;
}
