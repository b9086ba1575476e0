/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of an SQLite file: B-trees of rows, rows of values. */
#include <errno.h>
#include <string.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "sqlite-inner.h"

enum {
    FIRST_PAGE_HEADER = 100,
    INTERIOR = 0x05,
    LEAF = 0x0d,
    DEPTH_MAX = 24,
    ROOT_COLUMNS = 5, /* of the schema: type, name, tbl_name, rootpage, sql */
};

struct scan {
    struct ht_sqlite *sqlite;
    const struct ht_sqlite_query *query;
    struct ht_sqlite_result *result;
    int places[HT_SQLITE_COLUMNS_MAX]; /* of the columns that are asked for */
    size_t columns;
    unsigned char *seen;
    char *payload;
    size_t payload_cap;
    uint64_t pages; /* visited */
};

/* ---- numbers ---- */

/* A varint of at most nine bytes at *at; false: it ends behind end. */
static bool take_varint(const char *bytes, size_t end, size_t *at, uint64_t *ret)
{
    uint64_t value = 0;

    for (int i = 0; i < 9; i++) {
        if (*at >= end)
            return false;

        unsigned char c = (unsigned char)bytes[(*at)++];
        if (i == 8) {
            *ret = value << 8 | c;
            return true;
        }
        value = value << 7 | (c & 0x7f);
        if (c < 0x80)
            break;
    }
    *ret = value;
    return true;
}

static int64_t take_int(const char *bytes, size_t len)
{
    uint64_t value = len && (signed char)bytes[0] < 0 ? UINT64_MAX : 0;

    for (size_t i = 0; i < len; i++)
        value = value << 8 | (unsigned char)bytes[i];
    return (int64_t)value;
}

/* ---- rows ---- */

static uint64_t size_of(uint64_t type)
{
    static const unsigned char sizes[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0};

    return type < ARRAY_LEN(sizes) ? sizes[type] : (type - 12) / 2;
}

static struct ht_sqlite_value value_of(uint64_t type, struct ht_str bytes)
{
    struct ht_sqlite_value value = {.kind = HT_SQLITE_INT};

    if (type == 0 || type == 10 || type == 11)
        value.kind = HT_SQLITE_NULL;
    else if (type < 7)
        value.integer = take_int(bytes.data, bytes.len);
    else if (type == 7)
        value.kind = HT_SQLITE_REAL;
    else if (type < 10)
        value.integer = (int64_t)type - 8;
    else
        value.kind = type & 1 ? HT_SQLITE_TEXT : HT_SQLITE_BLOB;
    if (type >= 12)
        value.bytes = bytes;
    return value;
}

/* Splits a row into the columns that are asked for. False: damaged. */
static bool split(const struct scan *scan, struct ht_str row, struct ht_sqlite_value *values)
{
    size_t at = 0;
    uint64_t header, body;

    if (!take_varint(row.data, row.len, &at, &header) || header > row.len)
        return false;
    body = header;
    for (int column = 0; at < header; column++) {
        uint64_t type;

        if (!take_varint(row.data, (size_t)header, &at, &type))
            return false;

        uint64_t size = size_of(type);
        if (size > row.len - body)
            return false;
        for (size_t i = 0; i < scan->columns; i++) {
            if (scan->places[i] == column)
                values[i] = value_of(type, ht_str_sub(row, (size_t)body, (size_t)size));
        }
        body += size;
    }
    return true;
}

/* Marks a page as visited; false: there is no such page, or it was visited. */
static bool see(struct scan *scan, uint32_t page)
{
    unsigned char bit = (unsigned char)(1U << (page % 8));

    if (page == 0 || page > scan->sqlite->pages || scan->seen[page / 8] & bit)
        return false;
    scan->seen[page / 8] |= bit;
    return true;
}

/* Asked once in so many pages. */
static bool has_time(struct scan *scan)
{
    enum { PAGES = 256 };

    if (scan->query->step && scan->pages++ % PAGES == 0 && !scan->query->step(scan->query->context))
        scan->result->stopped = true;
    return !scan->result->stopped;
}

static void count_marks(struct scan *scan, const char *page)
{
    struct ht_str bytes = {.data = page, .len = scan->sqlite->page_size};

    if (scan->query->mark.len)
        scan->result->marks += ht_sqlite_count_mark(bytes, scan->query->mark);
}

/* Follows the pages that continue a row. */
static bool read_overflow(struct scan *scan, uint32_t page, size_t from, size_t len)
{
    size_t room = scan->sqlite->usable - 4;
    ht_autofree char *bytes = ht_realloc(NULL, scan->sqlite->page_size, 1);
    bool good = true;

    while (from < len && good) {
        size_t part = len - from < room ? len - from : room;

        /* Each page belongs to one row: what is led to twice goes round in a circle. */
        good = see(scan, page) && has_time(scan) && ht_sqlite_page(scan->sqlite, page, bytes);
        if (good) {
            count_marks(scan, bytes);
            memcpy(scan->payload + from, bytes + 4, part);
            page = ht_be32(bytes);
            from += part;
        }
    }
    ht_wipe(bytes, scan->sqlite->page_size);
    return good;
}

/* How many bytes of a row of that length stand in its leaf. */
static size_t local_size(uint32_t usable, uint64_t len)
{
    uint64_t most = usable - 35, least = (usable - 12) * 32 / 255 - 23;
    uint64_t size = least + (len - least) % (usable - 4);

    if (len <= most)
        return (size_t)len;
    return (size_t)(size <= most ? size : least);
}

/* The row at `at` of a leaf. False: damaged. */
static bool read_row(struct scan *scan, const char *page, size_t at, int64_t *ret_id,
                     struct ht_str *ret_row)
{
    uint64_t len, id;

    if (!take_varint(page, scan->sqlite->usable, &at, &len) ||
        !take_varint(page, scan->sqlite->usable, &at, &id) || len > HT_LIMIT_BOLT_PAGE)
        return false;

    size_t local = local_size(scan->sqlite->usable, len);
    size_t pointer = local < len ? 4 : 0;
    if (at + local + pointer > scan->sqlite->usable)
        return false;
    *ret_id = (int64_t)id;
    *ret_row = (struct ht_str){.data = page + at, .len = local};
    if (!pointer)
        return true;
    if (len > scan->payload_cap) {
        if (scan->payload)
            ht_wipe(scan->payload, scan->payload_cap);
        scan->payload = ht_realloc(scan->payload, (size_t)len, 1);
        scan->payload_cap = (size_t)len;
    }
    memcpy(scan->payload, page + at, local);
    *ret_row = (struct ht_str){.data = scan->payload, .len = (size_t)len};
    return read_overflow(scan, ht_be32(page + at + local), local, (size_t)len);
}

/* ---- B-trees ---- */

static void read_leaf(struct scan *scan, const char *page, size_t header)
{
    unsigned count = ht_be16(page + header + 3);

    for (unsigned i = 0; i < count && !scan->result->stopped; i++) {
        struct ht_sqlite_value values[HT_SQLITE_COLUMNS_MAX] = {0};
        size_t pointer = header + 8 + 2 * (size_t)i;
        struct ht_str row;
        int64_t id;

        if (pointer + 2 > scan->sqlite->usable ||
            !read_row(scan, page, ht_be16(page + pointer), &id, &row) ||
            !split(scan, row, values)) {
            scan->result->damaged++;
            continue;
        }
        scan->result->stopped = !scan->query->row(scan->query->context, id, values);
    }
}

static void read_tree(struct scan *scan, uint32_t number, unsigned depth);

static void read_interior(struct scan *scan, const char *page, size_t header, unsigned depth)
{
    unsigned count = ht_be16(page + header + 3);

    for (unsigned i = 0; i < count && !scan->result->stopped; i++) {
        size_t pointer = header + 12 + 2 * (size_t)i;
        size_t cell = pointer + 2 <= scan->sqlite->usable ? ht_be16(page + pointer) : SIZE_MAX;

        if (cell > scan->sqlite->usable - 4) {
            scan->result->damaged++;
            continue;
        }
        read_tree(scan, ht_be32(page + cell), depth + 1);
    }
    if (!scan->result->stopped)
        read_tree(scan, ht_be32(page + header + 8), depth + 1);
}

static void read_tree(struct scan *scan, uint32_t number, unsigned depth)
{
    ht_autofree char *page = ht_realloc(NULL, scan->sqlite->page_size, 1);
    size_t header = number == 1 ? FIRST_PAGE_HEADER : 0;

    if (depth > DEPTH_MAX || !see(scan, number) || !ht_sqlite_page(scan->sqlite, number, page)) {
        scan->result->damaged++;
        return;
    }
    if (!has_time(scan))
        return;
    if (page[header] == LEAF)
        count_marks(scan, page);
    if (page[header] == LEAF)
        read_leaf(scan, page, header);
    else if (page[header] == INTERIOR)
        read_interior(scan, page, header, depth);
    else
        scan->result->damaged++;
    ht_wipe(page, scan->sqlite->page_size);
}

static void run(struct scan *scan, uint32_t root)
{
    scan->seen = ht_new_array(unsigned char, scan->sqlite->pages / 8 + 1);
    read_tree(scan, root, 0);
    free(scan->seen);
    if (scan->payload)
        ht_wipe(scan->payload, scan->payload_cap);
    free(scan->payload);
}

/* ---- the schema ---- */

struct found {
    const char *table;
    uint32_t root;
    struct ht_buf sql;
};

static bool see_table(void *context, int64_t id, const struct ht_sqlite_value *values)
{
    struct found *found = context;

    (void)id;
    if (!ht_str_is(values[0].bytes, "table") || !ht_str_is_nocase(values[1].bytes, found->table))
        return true;
    if (values[3].integer > 0 && values[3].integer <= UINT32_MAX)
        found->root = (uint32_t)values[3].integer;
    ht_buf_add_str(&found->sql, values[4].bytes);
    return false;
}

/* The place of a column in "CREATE TABLE t (a INTEGER, b TEXT, ...)", or -1. */
static int column_place(struct ht_str sql, const char *name)
{
    ptrdiff_t open = ht_str_find_byte(sql, '(');
    int depth = 0, place = 0;
    size_t from = (size_t)open + 1;

    if (open < 0)
        return -1;
    for (size_t i = from; i < sql.len; i++) {
        char c = sql.data[i];

        depth += c == '(';
        depth -= c == ')';
        if ((c != ',' || depth != 0) && depth >= 0)
            continue;

        struct ht_str part = ht_str_trim(ht_str_sub(sql, from, i - from)), word;
        if (ht_str_next(&part, ' ', &word)) {
            if (word.len > 1 && strchr("\"`[", word.data[0]))
                word = ht_str_sub(word, 1, word.len - 2);
            if (ht_str_is_nocase(word, name))
                return place;
        }
        place++;
        from = i + 1;
        if (depth < 0)
            break;
    }
    return -1;
}

int ht_sqlite_scan(struct ht_sqlite *sqlite, const struct ht_sqlite_query *query,
                   struct ht_sqlite_result *ret, struct ht_error *err)
{
    struct found found = {.table = query->table, .sql = HT_BUF(HT_LIMIT_ARG * 4)};
    struct ht_sqlite_query schema = {.row = see_table, .context = &found};
    struct ht_sqlite_result looked = {0};
    struct scan scan = {.sqlite = sqlite, .query = &schema, .result = &looked};
    int r = 0;

    scan.columns = ROOT_COLUMNS;
    for (int i = 0; i < ROOT_COLUMNS; i++)
        scan.places[i] = i;
    run(&scan, 1);
    if (found.root == 0)
        r = ht_error_set(err, looked.damaged ? EBADMSG : ENOENT,
                         looked.damaged ? "its list of tables is damaged" : "no table %s in it",
                         query->table);

    scan = (struct scan){.sqlite = sqlite, .query = query, .result = ret};
    for (; r == 0 && query->columns[scan.columns]; scan.columns++) {
        const char *name = query->columns[scan.columns];

        scan.places[scan.columns] = column_place(ht_buf_str(&found.sql), name);
        if (scan.places[scan.columns] < 0)
            r = ht_error_set(err, ENOENT, "table %s has no column %s", query->table, name);
    }
    ht_buf_fini(&found.sql);
    if (r == 0)
        run(&scan, found.root);
    return r;
}
