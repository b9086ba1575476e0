/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/unpack.h"

enum { COPIES = 40, TEXT_MAX = 4096, PIECE = 37 };

static const char line[] = "Package: one\nVersion: 1.0-1\n\n";

/* Forty times that line, as the codec's own program writes it. */
static const unsigned char gzip_bytes[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x0b, 0x48, 0x4c, 0xce, 0x4e,
    0x4c, 0x4f, 0xb5, 0x52, 0xc8, 0xcf, 0x4b, 0xe5, 0x0a, 0x4b, 0x2d, 0x2a, 0xce, 0xcc, 0xcf,
    0xb3, 0x52, 0x30, 0xd4, 0x33, 0xd0, 0x35, 0xe4, 0xe2, 0x0a, 0x18, 0x95, 0x1c, 0x95, 0x1c,
    0x95, 0x1c, 0x95, 0xa4, 0xbd, 0x24, 0x00, 0x32, 0xda, 0x33, 0x9e, 0x88, 0x04, 0x00, 0x00,
};

static const unsigned char bzip2_bytes[] = {
    0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 0x20, 0x46, 0xd3, 0x62,
    0x00, 0x01, 0x03, 0xdb, 0x80, 0x00, 0x10, 0x40, 0x03, 0x60, 0x10, 0x41, 0x00, 0x2a,
    0xa9, 0x98, 0x00, 0x20, 0x00, 0x90, 0x29, 0x93, 0x13, 0x20, 0xc8, 0xc0, 0xa5, 0x54,
    0x1a, 0x7a, 0x83, 0xd2, 0x7a, 0x99, 0x36, 0x13, 0xa0, 0x9f, 0x04, 0xc0, 0x4c, 0x09,
    0xdc, 0x4c, 0x09, 0x81, 0x30, 0x26, 0x84, 0xc0, 0x9e, 0x42, 0x7a, 0x13, 0x42, 0x64,
    0x4d, 0x84, 0xfa, 0x26, 0xe2, 0x76, 0x13, 0x91, 0x34, 0x27, 0x01, 0x38, 0x13, 0x22,
    0x64, 0x4e, 0x44, 0xfe, 0x2e, 0xe4, 0x8a, 0x70, 0xa1, 0x20, 0x40, 0x8d, 0xa6, 0xc4,
};

static const unsigned char xz_bytes[] = {
    0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21, 0x01,
    0x16, 0x00, 0x00, 0x00, 0x74, 0x2f, 0xe5, 0xa3, 0xe0, 0x04, 0x87, 0x00, 0x2b, 0x5d, 0x00, 0x28,
    0x18, 0x48, 0x66, 0xdb, 0xda, 0x30, 0x85, 0xfe, 0x16, 0xeb, 0xdf, 0xb8, 0xb4, 0xb4, 0x55, 0x75,
    0xd1, 0x62, 0x7e, 0xbc, 0xce, 0xab, 0x94, 0x77, 0x50, 0x1f, 0x15, 0x58, 0x25, 0xa4, 0x58, 0xe5,
    0xd5, 0x81, 0x8a, 0x75, 0xb1, 0x6a, 0x7c, 0x02, 0x29, 0x00, 0x00, 0x00, 0x5b, 0xe9, 0x39, 0x7b,
    0xb5, 0x91, 0xd2, 0xc0, 0x00, 0x01, 0x47, 0x88, 0x09, 0x00, 0x00, 0x00, 0xd0, 0x5a, 0x96, 0x2d,
    0xb1, 0xc4, 0x67, 0xfb, 0x02, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a,
};

static const unsigned char lzma_bytes[] = {
    0x5d, 0x00, 0x00, 0x80, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x28, 0x18,
    0x48, 0x66, 0xdb, 0xda, 0x30, 0x85, 0xfe, 0x16, 0xeb, 0xdf, 0xb8, 0xb4, 0xb4, 0x55, 0x75, 0xd1,
    0x62, 0x7e, 0xbc, 0xce, 0xab, 0x94, 0x77, 0x50, 0x1f, 0x15, 0x58, 0x25, 0xa4, 0x58, 0xe5, 0xd5,
    0x81, 0x8a, 0x75, 0xb1, 0x6a, 0x7c, 0xc7, 0xb9, 0x39, 0xff, 0xff, 0x9e, 0x0b, 0xa0, 0x00,
};

static const unsigned char lz4_bytes[] = {
    0x04, 0x22, 0x4d, 0x18, 0x64, 0x40, 0xa7, 0x2c, 0x00, 0x00, 0x00, 0xff, 0x0e, 0x50, 0x61, 0x63,
    0x6b, 0x61, 0x67, 0x65, 0x3a, 0x20, 0x6f, 0x6e, 0x65, 0x0a, 0x56, 0x65, 0x72, 0x73, 0x69, 0x6f,
    0x6e, 0x3a, 0x20, 0x31, 0x2e, 0x30, 0x2d, 0x31, 0x0a, 0x0a, 0x1d, 0x00, 0xff, 0xff, 0xff, 0xff,
    0x57, 0x50, 0x30, 0x2d, 0x31, 0x0a, 0x0a, 0x00, 0x00, 0x00, 0x00, 0xc9, 0x17, 0x46, 0x56,
};

static const unsigned char zstd_bytes[] = {
    0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x68, 0x2d, 0x01, 0x00, 0xe8, 0x50, 0x61, 0x63, 0x6b, 0x61, 0x67,
    0x65, 0x3a, 0x20, 0x6f, 0x6e, 0x65, 0x0a, 0x56, 0x65, 0x72, 0x73, 0x69, 0x6f, 0x6e, 0x3a, 0x20,
    0x31, 0x2e, 0x30, 0x2d, 0x31, 0x0a, 0x0a, 0x01, 0x00, 0xa1, 0x01, 0x7e, 0xe5, 0x04,
};

struct sample {
    enum ht_codec codec;
    const char *file;
    const unsigned char *bytes;
    size_t len;
};

static const struct sample samples[] = {
    {HT_CODEC_GZIP, "Packages.gz", gzip_bytes, sizeof(gzip_bytes)},
    {HT_CODEC_BZIP2, "Packages.bz2", bzip2_bytes, sizeof(bzip2_bytes)},
    {HT_CODEC_XZ, "Packages.xz", xz_bytes, sizeof(xz_bytes)},
    {HT_CODEC_LZMA, "Packages.lzma", lzma_bytes, sizeof(lzma_bytes)},
    {HT_CODEC_LZ4, "Packages.lz4", lz4_bytes, sizeof(lz4_bytes)},
    {HT_CODEC_ZSTD, "Packages.zst", zstd_bytes, sizeof(zstd_bytes)},
};

static int file_of(const void *bytes, size_t len, size_t copies)
{
    const char *tmp = getenv("TMPDIR");
    char path[256];
    int fd;

    snprintf(path, sizeof(path), "%s/unpack.XXXXXX", tmp ? tmp : "/tmp");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    for (size_t i = 0; i < copies; i++)
        assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* Reads all of it in small pieces; the result of the last call. */
static ssize_t read_all(int fd, enum ht_codec codec, uint64_t max_bytes, struct ht_buf *out)
{
    ht_autounpack struct ht_unpack *unpack = NULL;
    struct ht_error err = {0};
    char piece[PIECE];
    ssize_t n;

    assert_int_equal(ht_unpack_new(fd, "list", codec, &unpack, &err), 0);
    ht_unpack_limit(unpack, max_bytes);
    while ((n = ht_unpack_read(unpack, piece, sizeof(piece), &err)) > 0)
        ht_buf_add(out, piece, (size_t)n);
    if (n < 0) {
        assert_int_equal(-err.code, n);
        assert_int_equal(ht_unpack_read(unpack, piece, sizeof(piece), &err), n);
    }
    return n;
}

static void check_text(const struct ht_buf *out, size_t copies)
{
    assert_int_equal(out->len, copies * (sizeof(line) - 1));
    for (size_t i = 0; i < copies; i++)
        assert_memory_equal(out->data + i * (sizeof(line) - 1), line, sizeof(line) - 1);
}

static void name_tells_the_codec(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++)
        assert_int_equal(ht_codec_of(ht_str_from(samples[i].file)), samples[i].codec);
    assert_int_equal(ht_codec_of(HT_S("x_binary-amd64_Packages")), HT_CODEC_NONE);
    assert_int_equal(ht_codec_of(HT_S("gz")), HT_CODEC_NONE);
    assert_true(ht_codec_is_built(HT_CODEC_NONE));
}

static void every_codec_gives_the_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        ht_autobuf struct ht_buf out = HT_BUF(TEXT_MAX);

        if (!ht_codec_is_built(samples[i].codec)) {
            print_message("SKIP %s: not built in\n", samples[i].file);
            continue;
        }
        print_message("%s\n", samples[i].file);
        assert_int_equal(read_all(file_of(samples[i].bytes, samples[i].len, 1), samples[i].codec,
                                  TEXT_MAX, &out),
                         0);
        check_text(&out, COPIES);
    }
}

static void plain_files_stay_as_they_are(void **state)
{
    ht_autobuf struct ht_buf out = HT_BUF(TEXT_MAX);

    (void)state;
    assert_int_equal(read_all(file_of(line, sizeof(line) - 1, 3), HT_CODEC_NONE, TEXT_MAX, &out),
                     0);
    check_text(&out, 3);
}

/* gzip -c a b, cat a.xz b.xz and so on; lzma has no such thing. */
static void members_follow_each_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        ht_autobuf struct ht_buf out = HT_BUF(TEXT_MAX);

        if (!ht_codec_is_built(samples[i].codec) || samples[i].codec == HT_CODEC_LZMA)
            continue;
        print_message("%s\n", samples[i].file);
        assert_int_equal(read_all(file_of(samples[i].bytes, samples[i].len, 2), samples[i].codec,
                                  TEXT_MAX, &out),
                         0);
        check_text(&out, (size_t)2 * COPIES);
    }
}

/* Reads a file as apt does; the result of the last call. */
static ssize_t read_as_apt(int fd, enum ht_codec codec, struct ht_buf *out)
{
    ht_autounpack struct ht_unpack *unpack = NULL;
    char piece[PIECE];
    ssize_t n;

    assert_int_equal(ht_unpack_new(fd, "test", codec, &unpack, NULL), 0);
    ht_unpack_as_apt(unpack);
    while ((n = ht_unpack_read(unpack, piece, sizeof(piece), NULL)) > 0)
        ht_buf_add(out, piece, (size_t)n);
    return n;
}

/* What follows the first stream counts in two of them; what is none does not in any but zstd. */
static void what_follows_counts_as_apt_has_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        const struct sample *sample = &samples[i];
        bool goes_on = sample->codec == HT_CODEC_GZIP || sample->codec == HT_CODEC_ZSTD;
        ht_autobuf struct ht_buf twice = HT_BUF(TEXT_MAX), junk = HT_BUF(TEXT_MAX);
        ht_autobuf struct ht_buf bytes = HT_BUF(TEXT_MAX);

        if (!ht_codec_is_built(sample->codec))
            continue;
        assert_int_equal(read_as_apt(file_of(sample->bytes, sample->len, 2), sample->codec, &twice),
                         0);
        check_text(&twice, (size_t)(goes_on ? 2 : 1) * COPIES);
        ht_buf_add(&bytes, sample->bytes, sample->len);
        ht_buf_add_text(&bytes, "junk");
        assert_int_equal(read_as_apt(file_of(bytes.data, bytes.len, 1), sample->codec, &junk),
                         sample->codec == HT_CODEC_ZSTD ? -EBADMSG : 0);
        check_text(&junk, COPIES);
    }
}

static void plain_text_may_be_called_gzip_for_apt(void **state)
{
    ht_autobuf struct ht_buf out = HT_BUF(TEXT_MAX);

    (void)state;
    if (!ht_codec_is_built(HT_CODEC_GZIP))
        return;
    assert_int_equal(read_as_apt(file_of("Package: x\n", 11, 1), HT_CODEC_GZIP, &out), 0);
    assert_true(ht_str_is(ht_buf_str(&out), "Package: x\n"));
}

static void every_cut_is_an_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        if (!ht_codec_is_built(samples[i].codec))
            continue;
        for (size_t len = 1; len < samples[i].len; len++) {
            ht_autobuf struct ht_buf out = HT_BUF(TEXT_MAX);

            if (read_all(file_of(samples[i].bytes, len, 1), samples[i].codec, TEXT_MAX, &out) !=
                -EBADMSG)
                fail_msg("%s cut at %zu is taken for whole", samples[i].file, len);
        }
    }
}

/* Of what was cut off at its first byte nobody can tell that it was whole; apt takes an empty .gz.
 */
static void an_empty_file_is_only_empty_as_gzip(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        ht_autobuf struct ht_buf out = HT_BUF(TEXT_MAX);

        if (!ht_codec_is_built(samples[i].codec))
            continue;
        assert_int_equal(read_all(file_of("", 0, 1), samples[i].codec, TEXT_MAX, &out),
                         samples[i].codec == HT_CODEC_GZIP ? 0 : -EBADMSG);
        assert_int_equal(out.len, 0);
    }
}

static void other_bytes_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        ht_autobuf struct ht_buf out = HT_BUF(TEXT_MAX);

        if (!ht_codec_is_built(samples[i].codec))
            continue;
        assert_int_equal(
            read_all(file_of(line, sizeof(line) - 1, 9), samples[i].codec, TEXT_MAX, &out),
            -EBADMSG);
    }
}

static void more_than_the_limit_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        ht_autobuf struct ht_buf out = HT_BUF(TEXT_MAX);

        if (!ht_codec_is_built(samples[i].codec))
            continue;
        assert_int_equal(
            read_all(file_of(samples[i].bytes, samples[i].len, 1), samples[i].codec, COPIES, &out),
            -EFBIG);
        assert_true(out.len <= COPIES);
    }
}

#ifdef HAVE_ZLIB
#include <zlib.h>

enum { BOMB = 64 * 1024 * 1024, BOMB_PACKED = 128 * 1024 };

/* Sixty-four megabytes of nothing in sixty-four kilobytes. */
static void a_bomb_is_refused_by_its_ratio(void **state)
{
    ht_autofree unsigned char *packed = ht_new_array(unsigned char, BOMB_PACKED);
    ht_autofree unsigned char *empty = ht_new_array(unsigned char, BOMB);
    ht_autounpack struct ht_unpack *unpack = NULL;
    ht_autofree char *piece = ht_new_array(char, TEXT_MAX);
    struct ht_error err = {0};
    uLongf len = BOMB_PACKED;
    uint64_t total = 0;
    ssize_t n;

    (void)state;
    assert_int_equal(compress2(packed, &len, empty, BOMB, Z_BEST_COMPRESSION), Z_OK);
    assert_int_equal(ht_unpack_new(file_of(packed, len, 1), "bomb", HT_CODEC_GZIP, &unpack, &err),
                     0);
    while ((n = ht_unpack_read(unpack, piece, TEXT_MAX, &err)) > 0)
        total += (uint64_t)n;
    assert_int_equal(n, -EFBIG);
    assert_non_null(strstr(err.text, "times its size"));
    assert_true(total < BOMB / 2);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_tells_the_codec),
        cmocka_unit_test(every_codec_gives_the_text),
        cmocka_unit_test(plain_files_stay_as_they_are),
        cmocka_unit_test(members_follow_each_other),
        cmocka_unit_test(what_follows_counts_as_apt_has_it),
        cmocka_unit_test(plain_text_may_be_called_gzip_for_apt),
        cmocka_unit_test(every_cut_is_an_error),
        cmocka_unit_test(an_empty_file_is_only_empty_as_gzip),
        cmocka_unit_test(other_bytes_are_refused),
        cmocka_unit_test(more_than_the_limit_is_refused),
#ifdef HAVE_ZLIB
        cmocka_unit_test(a_bomb_is_refused_by_its_ratio),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
