/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Databases of a cluster that fail while they are read: whatever happens, the answer is that of one
 * state, or it is not called exact and says why.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <cmocka.h>

#include "hulltop/base/mem.h"
#include "etcd-files.h"
#include "src/source/kine.h"

enum { PAGE = 4096, PATH = FIXTURE_PATH + 32 };

/* ---- a disk that fails ---- */

/* Readings that touch one of these bytes fail; of those of this inode, or of any (0). */
static struct {
    uint64_t from, end;
    uint64_t inode;
    unsigned times;
} bad;

static bool is_bad(int fd, size_t len, off_t offset)
{
    struct stat st;

    return bad.times > 0 && (uint64_t)offset < bad.end && (uint64_t)offset + len > bad.from &&
           (bad.inode == 0 || (fstat(fd, &st) == 0 && st.st_ino == bad.inode));
}

/* In place of the C library's. */
ssize_t pread(int fd, void *bytes, size_t len, off_t offset)
{
    if (!is_bad(fd, len, offset))
        return syscall(SYS_pread64, fd, bytes, len, offset);
    bad.times--;
    errno = EIO;
    return -1;
}

/* ---- what is looked at ---- */

struct looked {
    char folder[FIXTURE_PATH];
    char path[PATH];
    struct ht_root root;
    struct ht_arena *arena;
    struct ht_etcd_store *store;
    struct ht_kine *kine;
    struct ht_datastore row;
    struct ht_pace pace;
    int result;
    struct ht_error err;
};

static void look(struct looked *looked)
{
    struct ht_pace *pace = looked->pace.step ? &looked->pace : NULL;

    ht_arena_reset(looked->arena);
    looked->row = (struct ht_datastore){0};
    looked->err = (struct ht_error){0};
    if (looked->kine)
        looked->result = ht_kine_refresh(looked->kine, pace, &looked->err);
    else
        looked->result = ht_etcd_store_refresh(looked->store, HT_ETCD_REMNANTS | HT_ETCD_WAL, pace,
                                               &looked->err);
    if (looked->result < 0) {
        assert_true(looked->err.text[0]);
        return;
    }
    if (looked->kine)
        ht_kine_tell(looked->kine, looked->arena, &looked->row);
    else
        ht_etcd_store_tell(looked->store, looked->arena, &looked->row);
    assert_true(looked->row.detail.len > 0);
}

static void begin(struct looked *looked, const char *name, const char *file)
{
    *looked = (struct looked){.root = HT_ROOT_NONE};
    make_folder(looked->folder);
    snprintf(looked->path, sizeof(looked->path), "%s/%s", looked->folder, file);
    unpack(name, looked->path);
    assert_int_equal(ht_root_open(&looked->root, "/", NULL), 0);
    looked->arena = ht_arena_new(ROW_ARENA);
}

static void begin_etcd(struct looked *looked, const char *name)
{
    begin(looked, name, "db");
    looked->store = ht_etcd_store_new(&looked->root, looked->path);
}

static void begin_kine(struct looked *looked)
{
    char log[PATH + 8];

    begin(looked, "kine-state.db", "state.db");
    snprintf(log, sizeof(log), "%s-wal", looked->path);
    unpack("kine-state.db-wal", log);
    looked->kine = ht_kine_new(&looked->root, looked->path);
}

static void end(struct looked *looked)
{
    bad.times = 0;
    ht_etcd_store_free(looked->store);
    ht_kine_free(looked->kine);
    ht_arena_free(looked->arena);
    ht_root_close(&looked->root);
    remove_folder(looked->folder);
}

static bool has(const struct looked *looked, uint64_t plain, const char *provider, uint64_t count)
{
    return count_of(&looked->row, "secrets", "plain") == plain &&
           count_of(&looked->row, "secrets", provider) == count;
}

static bool says(const struct looked *looked, const char *text)
{
    return ht_str_find(looked->row.detail, ht_str_from(text), 0) >= 0;
}

/* ---- 16: cut or replaced while it is read ---- */

/* What happens to the database at one step of its reading. */
struct blow {
    void (*strike)(struct looked *looked);
    struct looked *looked;
    size_t left; /* steps before it */
    bool struck;
};

static bool step(void *context)
{
    struct blow *blow = context;

    if (blow->left > 0) {
        blow->left--;
    } else if (!blow->struck) {
        blow->struck = true;
        blow->strike(blow->looked);
    }
    return true;
}

static void rename_another(struct looked *looked)
{
    char other[PATH + 8];

    snprintf(other, sizeof(other), "%s.other", looked->path);
    unpack("02-all-aescbc-clean-35.db", other);
    assert_int_equal(rename(other, looked->path), 0);
}

static void write_another(struct looked *looked)
{
    unpack("02-all-aescbc-clean-35.db", looked->path);
}

static void cut_half(struct looked *looked)
{
    assert_int_equal(truncate(looked->path, 8 * PAGE), 0);
}

static void cut_all(struct looked *looked)
{
    assert_int_equal(truncate(looked->path, 0), 0);
}

static void grow(struct looked *looked)
{
    assert_int_equal(truncate(looked->path, 64L * 1024 * PAGE), 0);
}

static void take_away(struct looked *looked)
{
    unlink(looked->path);
}

/* Strikes at each step there is; true: the one at `at` came to pass. */
static bool strike(void (*what)(struct looked *), size_t at)
{
    struct looked looked;
    struct blow blow = {.strike = what, .looked = &looked, .left = at};

    begin_etcd(&looked, "01-all-plain-34.db");
    looked.pace = (struct ht_pace){.step = step, .context = &blow};
    look(&looked);
    if (looked.result >= 0 && looked.row.exact && !has(&looked, 200, "aescbc", 0) &&
        !has(&looked, 0, "aescbc", 200))
        fail_msg("step %zu: %" PRIu64 " and %" PRIu64, at,
                 count_of(&looked.row, "secrets", "plain"),
                 count_of(&looked.row, "secrets", "aescbc"));

    /* The next look is at what is there then. */
    looked.pace = (struct ht_pace){0};
    look(&looked);
    if (blow.struck && what == take_away)
        assert_int_equal(looked.result, -ENOENT);
    else if (blow.struck && what == cut_all)
        assert_int_equal(looked.result, -ENODATA);
    else if (blow.struck && what == cut_half)
        assert_false(looked.result >= 0 && looked.row.exact);
    else if (blow.struck && what != grow)
        assert_true(looked.row.exact && has(&looked, 0, "aescbc", 200));
    else
        assert_true(looked.row.exact && has(&looked, 200, "aescbc", 0));
    end(&looked);
    return blow.struck;
}

static void fault_16_what_is_cut_or_replaced_meanwhile_is_never_mixed(void **state)
{
    static void (*const blows[])(struct looked *) = {rename_another, write_another, cut_half,
                                                     cut_all,        grow,          take_away};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(blows); i++) {
        size_t at = 0;

        while (strike(blows[i], at))
            at++;
        /* It came at the way down, at leaves, and between two passes. */
        assert_true(at > 3);
    }
}

/* ---- 17: both first pages ---- */

static void fault_17_two_bad_metas_are_damage(void **state)
{
    static const size_t at[] = {16, 20, 24, 32, 56, 64, 72}; /* magic to sum */
    struct looked looked;
    struct ht_buf bytes;

    (void)state;
    begin_etcd(&looked, "02-all-aescbc-clean-35.db");
    load_file(looked.path, &bytes);
    for (size_t i = 0; i < ARRAY_LEN(at); i++) {
        for (size_t j = 0; j < ARRAY_LEN(at); j++) {
            bytes.data[at[i]] ^= 0x11;
            bytes.data[PAGE + at[j]] ^= 0x11;
            save_file(looked.path, bytes.data, bytes.len);
            look(&looked);
            assert_int_equal(looked.result, -EBADMSG);
            assert_non_null(strstr(looked.err.text, "damaged"));
            assert_non_null(strstr(looked.err.text, looked.path));
            bytes.data[at[i]] ^= 0x11;
            bytes.data[PAGE + at[j]] ^= 0x11;
        }
    }
    ht_buf_fini(&bytes);
    end(&looked);
}

/* The size of a page is what a meta says, and no other one. */
static void a_wrong_page_size_is_damage(void **state)
{
    static const uint32_t sizes[] = {0, 1, 512, 1000, 2048, 8192, 65536, 1U << 31};
    struct looked looked;
    struct ht_buf bytes;

    (void)state;
    begin_etcd(&looked, "02-all-aescbc-clean-35.db");
    load_file(looked.path, &bytes);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        memcpy(bytes.data + 24, &sizes[i], sizeof(sizes[i]));
        memcpy(bytes.data + PAGE + 24, &sizes[i], sizeof(sizes[i]));
        save_file(looked.path, bytes.data, bytes.len);
        look(&looked);
        assert_false(looked.result >= 0 && looked.row.exact);
    }
    ht_buf_fini(&bytes);
    end(&looked);
}

/* ---- 18: errors of the disk ---- */

static void fault_18_a_page_that_the_disk_refuses_is_counted(void **state)
{
    struct looked looked;
    size_t failed = 0;
    struct stat st;

    (void)state;
    begin_etcd(&looked, "01-all-plain-34.db");
    assert_int_equal(stat(looked.path, &st), 0);
    for (uint64_t page = 0; page < (uint64_t)st.st_size / PAGE; page++) {
        ht_etcd_store_free(looked.store);
        looked.store = ht_etcd_store_new(&looked.root, looked.path);
        bad.from = page * PAGE;
        bad.end = bad.from + PAGE;
        bad.inode = st.st_ino;
        bad.times = UINT32_MAX;
        look(&looked);
        if (looked.result >= 0 && looked.row.exact)
            assert_int_equal(count_of(&looked.row, "secrets", "plain"), 200);
        if (looked.result >= 0 && !looked.row.exact) {
            if (page >= 2 && !says(&looked, strerror(EIO)))
                fail_msg("page %" PRIu64 ": %.*s", page, HT_STR_ARG(looked.row.detail));
            failed++;
        }

        /* It may be asked for again, though nobody wrote to it. */
        bad.times = 0;
        look(&looked);
        assert_true(looked.row.exact);
        assert_int_equal(count_of(&looked.row, "secrets", "plain"), 200);
    }
    assert_true(failed > 3);
    end(&looked);
}

static void fault_18_a_log_that_the_disk_refuses_is_not_its_end(void **state)
{
    struct looked looked;
    char log[PATH + 8];
    struct stat st;

    (void)state;
    begin_kine(&looked);
    snprintf(log, sizeof(log), "%s-wal", looked.path);
    assert_int_equal(stat(log, &st), 0);
    bad.inode = st.st_ino;
    for (uint64_t at = 0; at < (uint64_t)st.st_size; at += PAGE) {
        bad.from = at;
        bad.end = at + 1;
        bad.times = UINT32_MAX;
        ht_kine_free(looked.kine);
        looked.kine = ht_kine_new(&looked.root, looked.path);
        look(&looked);
        assert_true(looked.result < 0 || !looked.row.exact);
        if (looked.result >= 0)
            assert_true(says(&looked, strerror(EIO)));
        bad.times = 0;
        look(&looked);
        assert_true(looked.row.exact && has(&looked, 20, "aescbc", 80));
    }
    /* Nor is a page of the file itself. */
    assert_int_equal(stat(looked.path, &st), 0);
    bad.inode = st.st_ino;
    for (uint64_t at = 0; at < (uint64_t)st.st_size; at += PAGE) {
        bad.from = at;
        bad.end = at + 1;
        bad.times = UINT32_MAX;
        ht_kine_free(looked.kine);
        looked.kine = ht_kine_new(&looked.root, looked.path);
        look(&looked);
        if (looked.result >= 0 && looked.row.exact)
            assert_true(has(&looked, 20, "aescbc", 80));
    }
    end(&looked);
}

/* ---- 19, 20: locks, and a log that is missing ---- */

static bool try_to_lock(void *context)
{
    const struct looked *looked = context;
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(looked->path, O_RDWR | O_CLOEXEC);

    /* etcd's way, and SQLite's. */
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &range), 0);
    close(fd);
    return true;
}

static void fault_19_nobody_is_kept_from_opening_it(void **state)
{
    struct looked looked;

    (void)state;
    begin_etcd(&looked, "01-all-plain-34.db");
    looked.pace = (struct ht_pace){.step = try_to_lock, .context = &looked};
    look(&looked);
    assert_true(looked.row.exact && has(&looked, 200, "aescbc", 0));
    assert_true(try_to_lock(&looked));
    end(&looked);
    begin_kine(&looked);
    looked.pace = (struct ht_pace){.step = try_to_lock, .context = &looked};
    look(&looked);
    assert_true(looked.row.exact && has(&looked, 20, "aescbc", 80));
    end(&looked);
}

static void fault_20_a_locked_database_is_read(void **state)
{
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    struct looked looked;
    int fd;

    (void)state;
    begin_kine(&looked);
    fd = open(looked.path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &range), 0);
    look(&looked);
    assert_true(looked.row.exact && has(&looked, 20, "aescbc", 80));
    close(fd);
    end(&looked);
}

static void fault_20_a_log_that_is_missing_is_missed(void **state)
{
    struct looked looked;
    char log[PATH + 8], shared[PATH + 8];

    (void)state;
    begin_kine(&looked);
    snprintf(log, sizeof(log), "%s-wal", looked.path);
    snprintf(shared, sizeof(shared), "%s-shm", looked.path);
    save_file(shared, "", 0);
    look(&looked);
    assert_true(looked.row.exact);
    unlink(log);
    look(&looked);
    assert_true(looked.result < 0 || !looked.row.exact);
    assert_true(says(&looked, "write-ahead log is missing"));
    /* One that cannot be read is no missing one. */
    assert_int_equal(mkdir(log, 0700), 0);
    look(&looked);
    assert_true(looked.result < 0);
    end(&looked);
}

/* ---- 23: what is no file ---- */

static void fault_23_what_is_no_file_is_refused(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct looked looked;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    begin_etcd(&looked, "01-all-plain-34.db");
    looked.kine = ht_kine_new(&looked.root, looked.path);
    size_t len = strlen(looked.folder);
    assert_true(len + 3 <= sizeof(address.sun_path));
    memcpy(address.sun_path, looked.folder, len);
    memcpy(address.sun_path + len, "/s", 3);
    for (int i = 0; i < 4; i++) {
        unlink(looked.path);
        rmdir(looked.path);
        if (i == 0)
            assert_int_equal(mkfifo(looked.path, 0600), 0);
        if (i == 1)
            assert_int_equal(mkdir(looked.path, 0700), 0);
        if (i == 2) {
            assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
            assert_int_equal(rename(address.sun_path, looked.path), 0);
        }
        if (i == 3)
            assert_int_equal(symlink("/dev/zero", looked.path), 0);
        look(&looked);
        assert_true(looked.result < 0);
        struct ht_kine *kine = looked.kine;
        looked.kine = NULL;
        look(&looked);
        assert_true(looked.result < 0);
        looked.kine = kine;
    }
    close(fd);
    /* A device by its own name. */
    ht_etcd_store_free(looked.store);
    looked.store = ht_etcd_store_new(&looked.root, "/dev/zero");
    ht_kine_free(looked.kine);
    looked.kine = NULL;
    look(&looked);
    assert_int_equal(looked.result, -EINVAL);
    end(&looked);
}

/* ---- 26: no descriptors left ---- */

static void fault_26_without_descriptors_nothing_is_told(void **state)
{
    struct rlimit limit, before;
    struct looked looked;
    int taken[64];
    size_t len = 0;

    (void)state;
    begin_etcd(&looked, "02-all-aescbc-clean-35.db");
    look(&looked);
    assert_true(looked.row.exact);
    rename_another(&looked);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = before;
    limit.rlim_cur = ARRAY_LEN(taken);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    while (len < ARRAY_LEN(taken) && (taken[len] = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0)
        len++;
    look(&looked);
    while (len > 0)
        close(taken[--len]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(looked.result, -EMFILE);
    look(&looked);
    assert_true(looked.row.exact && has(&looked, 0, "aescbc", 200));
    end(&looked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_16_what_is_cut_or_replaced_meanwhile_is_never_mixed),
        cmocka_unit_test(fault_17_two_bad_metas_are_damage),
        cmocka_unit_test(a_wrong_page_size_is_damage),
        cmocka_unit_test(fault_18_a_page_that_the_disk_refuses_is_counted),
        cmocka_unit_test(fault_18_a_log_that_the_disk_refuses_is_not_its_end),
        cmocka_unit_test(fault_19_nobody_is_kept_from_opening_it),
        cmocka_unit_test(fault_20_a_locked_database_is_read),
        cmocka_unit_test(fault_20_a_log_that_is_missing_is_missed),
        cmocka_unit_test(fault_23_what_is_no_file_is_refused),
        cmocka_unit_test(fault_26_without_descriptors_nothing_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
