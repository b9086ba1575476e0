/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recorded etcd databases against what their makers say is in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "hulltop/base/json.h"
#include "hulltop/base/mem.h"
#include "hulltop/model/row.h"
#include "etcd-files.h"
#include "src/source/kine.h"

/* One database and what was read of it. */
struct opened {
    char folder[FIXTURE_PATH];
    char path[FIXTURE_PATH + 16];
    struct ht_root root;
    struct ht_arena *arena;
    struct ht_etcd_store *store;
    struct ht_datastore row;
    int result;
    struct ht_error err;
};

static void look(struct opened *opened)
{
    ht_arena_reset(opened->arena);
    opened->row = (struct ht_datastore){0};
    opened->err = (struct ht_error){0};
    opened->result =
        ht_etcd_store_refresh(opened->store, HT_ETCD_REMNANTS | HT_ETCD_WAL, NULL, &opened->err);
    if (opened->result >= 0)
        ht_etcd_store_tell(opened->store, opened->arena, &opened->row);
}

static void open_fixture(struct opened *opened, const char *name)
{
    *opened = (struct opened){.root = HT_ROOT_NONE};
    make_folder(opened->folder);
    snprintf(opened->path, sizeof(opened->path), "%s/db", opened->folder);
    if (name)
        unpack(name, opened->path);
    assert_int_equal(ht_root_open(&opened->root, "/", NULL), 0);
    opened->arena = ht_arena_new(ROW_ARENA);
    opened->store = ht_etcd_store_new(&opened->root, opened->path);
    if (name)
        look(opened);
}

static void close_fixture(struct opened *opened)
{
    ht_etcd_store_free(opened->store);
    ht_arena_free(opened->arena);
    ht_root_close(&opened->root);
    remove_folder(opened->folder);
}

/* ---- truth.json ---- */

static void compare_resource(const struct ht_datastore *row, const char *resource,
                             const struct ht_json *counts)
{
    const struct ht_stored *stored = stored_of(row, resource);
    uint64_t all = 0, expected = 0;

    for (size_t i = 0; i < counts->len; i++) {
        char provider[32];
        uint64_t count = 0;

        snprintf(provider, sizeof(provider), "%.*s", HT_STR_ARG(counts->members[i].key));
        assert_true(ht_json_uint(&counts->members[i].value, &count));
        assert_int_equal(count_of(row, resource, provider), count);
        expected += count;
    }
    if (stored) {
        all = stored->plaintext + stored->malformed;
        for (size_t i = 0; i < stored->encrypted.len; i++)
            all += stored->encrypted.items[i].count;
    }
    assert_int_equal(all, expected);
}

static void compare_number(const struct ht_json *truth, const char *name, bool known,
                           uint64_t value)
{
    const struct ht_json *expected = ht_json_get(truth, name);
    uint64_t number;

    if (!expected)
        return;
    assert_true(known);
    if (ht_json_uint(expected, &number))
        assert_int_equal(value, number);
    else /* ">0" */
        assert_true(value > 0);
}

static bool is_resource(struct ht_str key)
{
    return ht_str_is(key, "secrets") || ht_str_is(key, "leases") || ht_str_is(key, "configmaps");
}

static void compare(const struct ht_datastore *row, const struct ht_json *truth)
{
    for (size_t i = 0; i < truth->len; i++) {
        char resource[HT_RESOURCE_MAX];

        snprintf(resource, sizeof(resource), "%.*s", HT_STR_ARG(truth->members[i].key));
        if (is_resource(truth->members[i].key))
            compare_resource(row, resource, &truth->members[i].value);
    }
    compare_number(truth, "old_plain_revisions", ht_datastore_has_plaintext_revisions(row),
                   row->plaintext_revisions);
    compare_number(truth, "free_plain_remnants", ht_datastore_has_plaintext_remnants(row),
                   row->plaintext_remnants);
    compare_number(truth, "live", ht_datastore_has_keys(row), row->keys);
}

static void recorded_files_give_their_truth(void **state)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(ROW_ARENA);
    char path[FIXTURE_PATH];
    struct ht_buf text;
    size_t compared = 0;

    (void)state;
    load_file(fixture_path("truth.json", path), &text);

    const struct ht_json *truth = ht_json_parse(arena, "truth.json", ht_buf_str(&text), NULL);
    assert_non_null(truth);
    for (size_t i = 0; i < truth->len; i++) {
        const struct ht_json *expected = &truth->members[i].value;
        struct opened opened;
        char name[128];

        /* Damaged ones have tests of their own. */
        if (!ht_json_get(expected, "secrets"))
            continue;
        snprintf(name, sizeof(name), "%.*s.db", HT_STR_ARG(truth->members[i].key));
        open_fixture(&opened, name);
        assert_int_equal(opened.result, 1);
        assert_true(opened.row.exact);
        compare(&opened.row, expected);
        close_fixture(&opened);
        compared++;
    }
    assert_true(compared >= 5);
    ht_buf_fini(&text);
}

static void copies_on_free_pages_are_counted(void **state)
{
    struct opened opened;

    (void)state;
    open_fixture(&opened, "04-compacted-not-defragged-34.db");
    assert_int_equal(opened.row.plaintext_remnants, 137);
    /* All live ones are encrypted: none of the copies is of what is still plaintext. */
    assert_int_equal(opened.row.remnants_stale, 137);
    close_fixture(&opened);
}

/* ---- real clusters ---- */

static void real_clusters_give_their_truth(void **state)
{
    static const struct {
        const char *name;
        uint64_t plaintext, encrypted;
        bool revisions, remnants;
    } cases[] = {
        {"kubernetes-A_plaintext.db", 31, 0, false, false},
        {"kubernetes-D_aescbc_not_compacted.db", 0, 31, true, false},
        {"kubernetes-B1_aescbc_compacted_not_defragmented.db", 0, 31, false, true},
        {"kubernetes-B_aescbc_compacted_defragmented.db", 0, 31, false, false},
        {"kubernetes-C_half_rewritten.db", 14, 17, false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct opened opened;

        open_fixture(&opened, cases[i].name);
        const struct ht_datastore *row = &opened.row;
        assert_true(row->exact);
        assert_int_equal(count_of(row, "secrets", "plain"), cases[i].plaintext);
        assert_int_equal(count_of(row, "secrets", "aescbc"), cases[i].encrypted);
        if (cases[i].revisions)
            assert_true(row->plaintext_revisions > 0);
        if (cases[i].plaintext == 0 && !cases[i].revisions)
            assert_int_equal(row->plaintext_revisions, 0);
        if (cases[i].plaintext == 0 && !cases[i].revisions)
            assert_int_equal(row->plaintext_remnants > 0, cases[i].remnants);
        assert_true(stored_of(row, "pods")->plaintext > 0);
        close_fixture(&opened);
    }
}

/* ---- damage ---- */

static void an_empty_database_is_no_encrypted_one(void **state)
{
    struct opened opened;

    (void)state;
    open_fixture(&opened, "06-empty-34.db");
    assert_true(opened.row.exact);
    assert_true(ht_datastore_has_stored(&opened.row));
    assert_int_equal(opened.row.stored.len, 0);
    close_fixture(&opened);
}

static void the_older_meta_is_used_and_said_so(void **state)
{
    struct opened opened;

    (void)state;
    open_fixture(&opened, "10-newest-meta-bad.db");
    assert_false(opened.row.exact);
    assert_int_equal(opened.row.transaction, 8);
    assert_true(ht_str_find(opened.row.detail, HT_S("transaction 8"), 0) > 0);
    assert_int_equal(count_of(&opened.row, "secrets", "plain"), 40);
    assert_int_equal(count_of(&opened.row, "secrets", "kms-v2"), 150);
    close_fixture(&opened);
}

static void a_loop_is_damage(void **state)
{
    struct opened opened;

    (void)state;
    open_fixture(&opened, "13-branch-loop.db");
    assert_false(opened.row.exact);
    assert_true(ht_str_has_prefix(opened.row.detail, "damaged"));
    close_fixture(&opened);
}

/* A file of these bytes is never exact and tells why, or cannot be read at all. */
static void expect_no_answer(struct opened *opened, const void *data, size_t len)
{
    save_file(opened->path, data, len);
    ht_etcd_store_free(opened->store);
    opened->store = ht_etcd_store_new(&opened->root, opened->path);
    look(opened);
    if (opened->result < 0)
        assert_true(opened->err.text[0]);
    else
        assert_false(opened->row.exact);
}

static void a_file_that_was_cut_is_never_exact(void **state)
{
    struct opened opened;
    struct ht_buf bytes;

    (void)state;
    open_fixture(&opened, "03-migrated-not-compacted-35.db");
    load_file(opened.path, &bytes);

    struct ht_bolt_meta meta;
    assert_true(ht_bolt_meta_parse(ht_str_sub(ht_buf_str(&bytes), 4096, 4096), &meta));
    for (size_t len = 0; len < meta.high_water * 4096; len += 4096 - 512)
        expect_no_answer(&opened, bytes.data, len);
    ht_buf_fini(&bytes);
    close_fixture(&opened);
}

static void damaged_pages_are_never_exact(void **state)
{
    struct opened opened;
    struct ht_buf bytes;
    static const struct {
        size_t at;
        char byte;
    } changes[] = {{8, 1}, {10, 2}, {16 + 3, 0x7f}, {16 + 16 * 3 + 4, 0x7f}, {0, 0x55}};

    (void)state;
    open_fixture(&opened, "01-all-plain-34.db");
    load_file(opened.path, &bytes);
    for (size_t page = 0; page < bytes.len / 4096; page++) {
        for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
            char *byte = &bytes.data[page * 4096 + changes[i].at];
            char before = *byte;

            *byte = (char)(before ^ changes[i].byte);
            save_file(opened.path, bytes.data, bytes.len);
            ht_etcd_store_free(opened.store);
            opened.store = ht_etcd_store_new(&opened.root, opened.path);
            look(&opened);
            /* On a free page it does not matter; nowhere does it hide a secret. */
            if (opened.result >= 0 && opened.row.exact)
                assert_int_equal(count_of(&opened.row, "secrets", "plain"), 200);
            *byte = before;
        }
    }
    ht_buf_fini(&bytes);
    close_fixture(&opened);
}

/* What became of a page: bytes are those of the file, its pages of 4096 bytes. */
static void zero_page(char *bytes, size_t page, size_t other)
{
    (void)other;
    memset(bytes + page * 4096, 0, 4096);
}

static void copy_page(char *bytes, size_t page, size_t other)
{
    memcpy(bytes + page * 4096, bytes + other * 4096, 4096);
}

static void pages_in_the_place_of_others_hide_nothing(void **state)
{
    static void (*const changes[])(char *, size_t, size_t) = {zero_page, copy_page};
    struct opened opened;
    struct ht_buf bytes;

    (void)state;
    open_fixture(&opened, "01-all-plain-34.db");
    load_file(opened.path, &bytes);

    size_t pages = bytes.len / 4096;
    ht_autofree char *changed = ht_realloc(NULL, bytes.len, 1);
    for (size_t i = 0; i < ARRAY_LEN(changes) * pages * pages; i++) {
        size_t page = i / pages % pages, other = i % pages;

        if (changes[i / pages / pages] == zero_page ? other != 0 : page == other)
            continue;
        memcpy(changed, bytes.data, bytes.len);
        changes[i / pages / pages](changed, page, other);
        save_file(opened.path, changed, bytes.len);
        ht_etcd_store_free(opened.store);
        opened.store = ht_etcd_store_new(&opened.root, opened.path);
        look(&opened);
        if (opened.result >= 0 && opened.row.exact &&
            count_of(&opened.row, "secrets", "plain") != 200)
            fail_msg("page %zu as %zu, way %zu: %" PRIu64 " secrets in plaintext", page, other,
                     i / pages / pages, count_of(&opened.row, "secrets", "plain"));
    }
    ht_buf_fini(&bytes);
    close_fixture(&opened);
}

static void swapped_metas_are_the_same_state(void **state)
{
    struct opened opened;
    struct ht_buf bytes;
    char meta[4096];

    (void)state;
    open_fixture(&opened, "03-migrated-not-compacted-35.db");
    load_file(opened.path, &bytes);
    memcpy(meta, bytes.data, sizeof(meta));
    memcpy(bytes.data, bytes.data + 4096, sizeof(meta));
    memcpy(bytes.data + 4096, meta, sizeof(meta));
    save_file(opened.path, bytes.data, bytes.len);
    look(&opened);
    assert_int_equal(count_of(&opened.row, "secrets", "plain"), 40);
    assert_int_equal(count_of(&opened.row, "secrets", "kms-v2"), 150);
    ht_buf_fini(&bytes);
    close_fixture(&opened);
}

/* ---- pace ---- */

static bool step_down(void *context)
{
    size_t *left = context;

    return *left > 0 && (*left)-- > 0;
}

static void the_way_down_keeps_to_the_pace(void **state)
{
    struct opened opened;
    struct ht_error err = {0};
    size_t steps = 0, left = 0;

    (void)state;
    do {
        struct ht_pace pace = {.step = step_down, .context = &left};

        open_fixture(&opened, NULL);
        unpack("03-migrated-not-compacted-35.db", opened.path);
        left = steps++;
        assert_int_equal(ht_etcd_store_refresh(opened.store, 0, &pace, &err), 1);
        ht_etcd_store_tell(opened.store, opened.arena, &opened.row);
        if (!opened.row.exact)
            assert_true(ht_str_is(opened.row.detail, "not read to its end"));
        /* Not one page is read when there is no time at all. */
        if (steps == 1)
            assert_int_equal(opened.row.keys, 0);
        /* What was not read then is read later. */
        look(&opened);
        assert_true(opened.row.exact);
        assert_int_equal(count_of(&opened.row, "secrets", "plain"), 40);
        close_fixture(&opened);
        assert_true(steps < 1000);
    } while (left == 0);
    /* Root, branch and small buckets take steps, not the leaves alone. */
    assert_true(steps > 4);
}

static void what_is_no_database_is_refused(void **state)
{
    struct opened opened;
    char bytes[8192] = {0};

    (void)state;
    open_fixture(&opened, NULL);
    look(&opened);
    assert_int_equal(opened.result, -ENOENT);
    expect_no_answer(&opened, bytes, 0);
    assert_int_equal(opened.result, -ENODATA);
    expect_no_answer(&opened, bytes, sizeof(bytes));
    assert_int_equal(opened.result, -EBADMSG);
    unlink(opened.path);
    assert_int_equal(mkfifo(opened.path, 0600), 0);
    look(&opened);
    assert_int_equal(opened.result, -EINVAL);
    unlink(opened.path);
    assert_int_equal(symlink("/etc/passwd", opened.path), 0);
    look(&opened);
    assert_int_equal(opened.result, -ELOOP);
    close_fixture(&opened);
}

/* ---- again and again ---- */

static void an_idle_database_costs_one_small_read(void **state)
{
    struct opened opened;

    (void)state;
    open_fixture(&opened, "03-migrated-not-compacted-35.db");
    for (int i = 0; i < 3; i++) {
        uint64_t before = ht_etcd_store_cost(opened.store).bytes;

        look(&opened);
        assert_int_equal(opened.result, 0);
        assert_true(ht_etcd_store_cost(opened.store).bytes - before <= 2 * 160);
        assert_int_equal(count_of(&opened.row, "secrets", "plain"), 40);
    }
    close_fixture(&opened);
}

static void a_file_that_takes_its_place_is_read_anew(void **state)
{
    struct opened opened;
    char other[FIXTURE_PATH + 32];

    (void)state;
    open_fixture(&opened, "01-all-plain-34.db");
    assert_int_equal(count_of(&opened.row, "secrets", "plain"), 200);
    snprintf(other, sizeof(other), "%s/db.tmp", opened.folder);
    unpack("02-all-aescbc-clean-35.db", other);
    assert_int_equal(rename(other, opened.path), 0);
    look(&opened);
    assert_int_equal(opened.result, 1);
    assert_int_equal(count_of(&opened.row, "secrets", "plain"), 0);
    assert_int_equal(count_of(&opened.row, "secrets", "aescbc"), 200);
    assert_int_equal(opened.row.plaintext_revisions, 0);
    /* Written over in place, with a lower and with a higher transaction. */
    unpack("03-migrated-not-compacted-35.db", opened.path);
    look(&opened);
    assert_int_equal(count_of(&opened.row, "secrets", "plain"), 40);
    unpack("06-empty-34.db", opened.path);
    look(&opened);
    assert_true(opened.row.exact);
    assert_int_equal(opened.row.keys, 0);
    unlink(opened.path);
    look(&opened);
    assert_int_equal(opened.result, -ENOENT);
    close_fixture(&opened);
}

static void a_snapshot_with_its_sum_behind_it_is_read(void **state)
{
    struct opened opened;
    struct ht_buf bytes;

    (void)state;
    open_fixture(&opened, "03-migrated-not-compacted-35.db");
    load_file(opened.path, &bytes);
    ht_buf_add(&bytes, "0123456789abcdef0123456789abcdef", 32);
    save_file(opened.path, bytes.data, bytes.len);
    look(&opened);
    assert_true(opened.row.exact);
    assert_int_equal(count_of(&opened.row, "secrets", "kms-v2"), 150);
    ht_buf_fini(&bytes);
    close_fixture(&opened);
}

/* ---- kine ---- */

static void look_at_kine(const char *path, const struct ht_root *root, struct ht_arena *arena,
                         struct ht_datastore *row)
{
    struct ht_kine *kine = ht_kine_new(root, path);
    struct ht_error err = {0};
    int r = ht_kine_refresh(kine, NULL, &err);

    *row = (struct ht_datastore){0};
    if (r < 0) {
        assert_true(err.text[0]);
    } else {
        struct ht_datastore told = {0};

        ht_kine_tell(kine, arena, &told);
        ht_struct_copy(arena, &ht_datastore_table, row, &told);
        assert_int_equal(ht_kine_refresh(kine, NULL, &err), 0);
    }
    ht_kine_free(kine);
}

static void kine_is_read_with_its_log(void **state)
{
    ht_autoroot struct ht_root root = HT_ROOT_NONE;
    ht_autoarena struct ht_arena *arena = ht_arena_new(ROW_ARENA);
    char folder[FIXTURE_PATH], path[FIXTURE_PATH + 16], wal[FIXTURE_PATH + 32];
    struct ht_datastore row;
    struct ht_buf bytes;

    (void)state;
    assert_int_equal(ht_root_open(&root, "/", NULL), 0);
    make_folder(folder);
    snprintf(path, sizeof(path), "%s/state.db", folder);
    snprintf(wal, sizeof(wal), "%s-wal", path);
    unpack("kine-state.db", path);
    unpack("kine-state.db-wal", wal);
    look_at_kine(path, &root, arena, &row);
    assert_true(row.exact);
    assert_int_equal(count_of(&row, "secrets", "plain"), 20);
    assert_int_equal(count_of(&row, "secrets", "aescbc"), 80);
    assert_int_equal(count_of(&row, "secrets", "secretbox"), 10);
    assert_int_equal(row.plaintext_remnants, 100);

    /* A frame that is not whole ends the log, and with it what came behind the last commit. */
    load_file(wal, &bytes);
    bytes.data[32 + 24 + 100] ^= 1;
    save_file(wal, bytes.data, bytes.len);
    look_at_kine(path, &root, arena, &row);
    assert_int_equal(count_of(&row, "secrets", "plain"), 30);
    ht_buf_fini(&bytes);

    /* Nothing was made beside it. */
    snprintf(wal, sizeof(wal), "%s-shm", path);
    assert_int_equal(access(wal, F_OK), -1);

    /* Cut or damaged, it is never exact with fewer secrets in plaintext. */
    load_file(path, &bytes);
    for (size_t at = 0; at < bytes.len; at += 509) {
        bytes.data[at] ^= 0x55;
        save_file(path, bytes.data, bytes.len);
        look_at_kine(path, &root, arena, &row);
        bytes.data[at] ^= 0x55;
    }
    save_file(path, bytes.data, 20000);
    look_at_kine(path, &root, arena, &row);
    assert_false(row.exact);
    ht_buf_fini(&bytes);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_files_give_their_truth),
        cmocka_unit_test(copies_on_free_pages_are_counted),
        cmocka_unit_test(real_clusters_give_their_truth),
        cmocka_unit_test(an_empty_database_is_no_encrypted_one),
        cmocka_unit_test(the_older_meta_is_used_and_said_so),
        cmocka_unit_test(a_loop_is_damage),
        cmocka_unit_test(a_file_that_was_cut_is_never_exact),
        cmocka_unit_test(damaged_pages_are_never_exact),
        cmocka_unit_test(pages_in_the_place_of_others_hide_nothing),
        cmocka_unit_test(swapped_metas_are_the_same_state),
        cmocka_unit_test(the_way_down_keeps_to_the_pace),
        cmocka_unit_test(what_is_no_database_is_refused),
        cmocka_unit_test(an_idle_database_costs_one_small_read),
        cmocka_unit_test(a_file_that_takes_its_place_is_read_anew),
        cmocka_unit_test(a_snapshot_with_its_sum_behind_it_is_read),
        cmocka_unit_test(kine_is_read_with_its_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
