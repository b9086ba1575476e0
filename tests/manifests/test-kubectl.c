/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kubectl 1.32 printed of all pods of a cluster (-o yaml --show-managed-fields), four times
 * over with other names, says of each pod exactly what the API server's own answer says of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <fcntl.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/root.h"
#include "hulltop/base/unpack.h"
#include "hulltop/base/vec.h"
#include "hulltop/check/pod-security.h"
#include "hulltop/source/manifests.h"

enum { PODS = 51, TIMES = 4, TEXT_MAX = 16 * 1024 * 1024 };

static void gunzip(int fd, struct ht_buf *out)
{
    ht_autounpack struct ht_unpack *unpack = NULL;
    struct ht_error err = {.code = 0};
    char bytes[4096];
    ssize_t n;

    if (ht_unpack_new(fd, "fixture", HT_CODEC_GZIP, &unpack, &err) < 0)
        fail_msg("%s", err.text);
    while ((n = ht_unpack_read(unpack, bytes, sizeof(bytes), &err)) > 0)
        ht_buf_add_str(out, (struct ht_str){.data = bytes, .len = (size_t)n});
    if (n < 0)
        fail_msg("%s", err.text);
}

static int open_fixture(const char *name)
{
    const char *src = getenv("HT_SRCDIR");
    char path[4096];
    int fd;

    snprintf(path, sizeof(path), "%s/tests/fixtures/kubernetes/%s", src ? src : ".", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fail_msg("%s: cannot be opened", path);
    return fd;
}

static int hold(struct ht_str text)
{
    int fd = memfd_create("text", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.data, text.len), (ssize_t)text.len);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static size_t hex(struct ht_str text)
{
    static const char digits[] = "0123456789abcdef";
    size_t value = 0;

    for (size_t i = 0; i < text.len; i++) {
        const char *digit = strchr(digits, text.data[i]);

        assert_true(digit && *digit && value < TEXT_MAX);
        value = value * 16 + (size_t)(digit - digits);
    }
    return value;
}

/* The chunks of a recorded answer, in one. */
static void join_chunks(struct ht_str answer, struct ht_buf *out)
{
    ptrdiff_t head = ht_str_find(answer, HT_S("\r\n\r\n"), 0);
    size_t at = (size_t)head + 4;

    assert_true(head > 0);
    for (;;) {
        ptrdiff_t line = ht_str_find(answer, HT_S("\r\n"), at);
        size_t len;

        assert_true(line > 0);
        len = hex(ht_str_sub(answer, at, (size_t)line - at));
        assert_true((size_t)line + 2 + len <= answer.len);
        if (len == 0)
            return;
        ht_buf_add_str(out, ht_str_sub(answer, (size_t)line + 2, len));
        at = (size_t)line + 2 + len + 2;
    }
}

static void read_answer(struct ht_buf *out)
{
    ht_autobuf struct ht_buf raw = HT_BUF(TEXT_MAX), body = HT_BUF(TEXT_MAX);
    ht_autoclose int fd = open_fixture("pods_gzip.http");

    assert_int_equal(ht_read_fd(fd, "pods_gzip.http", &raw, TEXT_MAX, NULL), 0);
    join_chunks(ht_buf_str(&raw), &body);
    gunzip(hold(ht_buf_str(&body)), out);
}

/* The list with its items several times, each time with other names. */
static void read_printed(struct ht_buf *out)
{
    static const char begin[] = "apiVersion: v1\nitems:\n", end[] = "kind: List\n";
    ht_autobuf struct ht_buf once = HT_BUF(TEXT_MAX);
    struct ht_str items;
    ptrdiff_t end_at;

    gunzip(open_fixture("pods-kubectl.yaml.gz"), &once);
    items = ht_buf_str(&once);
    assert_true(ht_str_has_prefix(items, begin));
    end_at = ht_str_find(items, HT_S("\nkind: List\n"), 0) + 1;
    items = ht_str_sub(items, sizeof(begin) - 1, (size_t)end_at - (sizeof(begin) - 1));
    ht_buf_add_text(out, begin);
    for (unsigned i = 0; i < TIMES; i++) {
        struct ht_str rest = items, line;

        while (ht_str_next(&rest, '\n', &line)) {
            ht_buf_addf(out, "%.*s", HT_STR_ARG(line));
            if (ht_str_has_prefix(line, "    name: "))
                ht_buf_addf(out, "-%u", i);
            ht_buf_add_c(out, '\n');
        }
    }
    ht_buf_add_text(out, end);
    ht_buf_add_text(out, "metadata:\n  resourceVersion: \"\"\n");
    assert_false(ht_buf_is_full(out));
}

static int add_row(void *context, struct ht_row *pod, struct ht_error *err)
{
    (void)err;
    ht_vec_add(context, pod);
    return 0;
}

static void read_pods(const struct ht_buf *text, struct ht_vec *pods)
{
    struct ht_manifests_count count = {.pods = 0};
    struct ht_error err = {.code = 0};
    ht_autoclose int fd = hold(ht_buf_str(text));

    if (ht_manifests_read(
            fd, &(struct ht_manifests_reader){.name = "-", .take = add_row, .context = pods},
            &count, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(count.pods, pods->len);
    assert_int_equal(count.others, 0);
}

static void free_pods(struct ht_vec *pods)
{
    for (size_t i = 0; i < pods->len; i++)
        ht_row_unref(pods->items[i]);
    ht_vec_fini(pods);
}

/* What the standards say, item by item; returns the violations. */
static size_t assert_same(const struct ht_pod *answered, const struct ht_pod *printed, int minor)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    struct ht_pod_security wanted = {0}, got = {0};

    assert_true(ht_str_has_prefix(printed->name, answered->name.data));
    assert_true(ht_str_equal(printed->namespace, answered->namespace));
    assert_true(ht_pod_security_judge(answered, minor, arena, &wanted));
    assert_true(ht_pod_security_judge(printed, minor, arena, &got));
    if (!ht_struct_equal(&ht_pod_security_table, &wanted, &got))
        fail_msg("%.*s: the standards say something else", HT_STR_ARG(printed->name));
    return got.violations.len;
}

static void what_kubectl_prints_is_judged_as_what_the_server_says(void **state)
{
    static const int minors[] = {8, 24, 34, HT_POD_SECURITY_LATEST};
    ht_autobuf struct ht_buf answer = HT_BUF(TEXT_MAX), printed = HT_BUF(TEXT_MAX);
    struct ht_vec answered = {.len = 0}, pods = {.len = 0};
    size_t violations = 0;

    (void)state;
    read_answer(&answer);
    read_printed(&printed);
    read_pods(&answer, &answered);
    read_pods(&printed, &pods);
    assert_int_equal(answered.len, PODS);
    assert_int_equal(pods.len, PODS * TIMES);
    for (size_t i = 0; i < pods.len; i++) {
        for (size_t j = 0; j < sizeof(minors) / sizeof(minors[0]); j++)
            violations += assert_same(ht_pod_of(answered.items[i % PODS]), ht_pod_of(pods.items[i]),
                                      minors[j]);
    }
    /* No comparison of nothing with nothing. */
    assert_true(violations > 1000);
    free_pods(&answered);
    free_pods(&pods);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_kubectl_prints_is_judged_as_what_the_server_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
