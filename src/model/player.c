/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recordings, the reading half. All lines are read once when a recording is opened, so that nothing
 * fails later; kept are the text, which is the caller's, and where its lines are. */
#include "src/model/document-inner.h"

#include <errno.h>
#include <stdio.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

struct frame {
    struct ht_str line;
    size_t number; /* of the line, from 1 */
    int64_t at;
    bool full;
};

struct ht_player {
    char *name;
    struct frame *frames;
    size_t len;
    size_t cap;
    size_t cut_line;      /* number of the last line, which lacks its end; 0: none does */
    struct ht_node *node; /* as it was after frame current, NULL: none yet */
    size_t current;
};

struct ht_player *ht_player_free(struct ht_player *player)
{
    if (!player)
        return NULL;
    ht_node_unref(player->node);
    free(player->frames);
    free(player->name);
    free(player);
    return NULL;
}

static void cleanup_player(struct ht_player **player)
{
    ht_player_free(*player);
}

/* ---- one line ---- */

/* What a line changes: the rows it brings and the ids it takes away. */
struct change {
    struct ht_node *put; /* owned; the whole node if full */
    const struct ht_json *drop;
};

static int check_drops(const struct ht_json *drop, const char *name, struct ht_arena *arena,
                       struct ht_error *err)
{
    struct ht_str id;

    if (!drop)
        return 0;
    if (!ht_json_is_object(drop))
        return ht_error_set(err, EINVAL, "%s: drop: expected an object", name);
    for (size_t i = 0; i < drop->len; i++) {
        const struct ht_json *ids = &drop->members[i].value;
        const struct ht_table *table = ht_table_find(drop->members[i].key);

        if (!table)
            continue;
        if (!ht_json_is_array(ids))
            return ht_error_set(err, EINVAL, "%s: drop: %s: expected a list", name, table->plural);
        for (size_t j = 0; j < ids->len; j++) {
            if (!ht_json_lossless_string(&ids->items[j], arena, &id))
                return ht_error_set(err, EINVAL, "%s: drop: %s[%zu]: expected a text", name,
                                    table->plural, j);
        }
    }
    return 0;
}

static int read_first(const struct ht_json *root, const char *name, struct frame *frame,
                      struct change *change, struct ht_error *err)
{
    bool recording = false;
    int r = ht_document_schema(root, HT_NODE_SCHEMA, name, err);

    if (r < 0)
        return r;
    if (!ht_json_bool(ht_json_get(root, "recording"), &recording) || !recording)
        return ht_error_set(err, EINVAL, "%s: recording: expected true", name);
    r = ht_document_time(root, "taken_at", name, &frame->at, err);
    if (r < 0)
        return r;
    frame->full = true;
    return ht_node_read_tables(root, name, frame->at, &change->put, err);
}

static int read_later(const struct ht_json *root, const char *name, struct frame *frame,
                      struct change *change, struct ht_error *err)
{
    ht_autoarena struct ht_arena *scratch = ht_arena_new(HT_DOCUMENT_TREE);
    const struct ht_json *node = ht_json_get(root, "node");
    const struct ht_json *put = ht_json_get(root, "put");
    int r = ht_document_time(root, "at", name, &frame->at, err);

    if (r < 0)
        return r;
    if ((node && !ht_json_is_object(node)) || (put && !ht_json_is_object(put)))
        return ht_error_set(err, EINVAL, "%s: %s: expected an object", name, node ? "node" : "put");
    frame->full = node != NULL;
    if (!node) {
        change->drop = ht_json_get(root, "drop");
        r = check_drops(change->drop, name, scratch, err);
        if (r < 0)
            return r;
    }
    return ht_node_read_tables(node ? node : put, name, frame->at, &change->put, err);
}

/* Reads a line; frame gets its time and kind. The tree is the arena's. */
static int read_line(const struct ht_player *player, struct frame *frame, struct ht_arena *arena,
                     struct change *ret_change, struct ht_error *err)
{
    ht_autobuf struct ht_buf name = HT_BUF(HT_ERROR_TEXT_MAX);
    const struct ht_json *root;

    ht_buf_addf(&name, "%s: line %zu", player->name, frame->number);
    if (frame->line.len > HT_LIMIT_BODY)
        return ht_error_set(err, E2BIG, "%s: longer than 64 MiB", name.data);

    int r = ht_document_parse(arena, name.data, frame->line, &root, err);
    if (r < 0)
        return r;
    if (frame->number == 1)
        return read_first(root, name.data, frame, ret_change, err);
    return read_later(root, name.data, frame, ret_change, err);
}

/* ---- opening ---- */

static void add_frame(struct ht_player *player, const struct frame *frame)
{
    if (player->len == player->cap) {
        player->cap = player->cap ? player->cap * 2 : 64;
        player->frames = ht_realloc(player->frames, player->cap, sizeof(*player->frames));
    }
    player->frames[player->len++] = *frame;
}

static int add_line(struct ht_player *player, struct frame *frame, struct ht_error *err)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_DOCUMENT_TREE);
    struct change change = {0};
    int r = read_line(player, frame, arena, &change, err);

    ht_node_unref(change.put);
    if (r < 0)
        return r;
    if (player->len && frame->at < player->frames[player->len - 1].at)
        return ht_error_set(err, EINVAL, "%s: line %zu: its time is before that of the line above",
                            player->name, frame->number);
    add_frame(player, frame);
    return 0;
}

/* Whether a line ends in the middle of its object, as a recorder that died leaves it. */
static bool is_cut(struct ht_str line)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_DOCUMENT_TREE);
    struct ht_error err;

    return !ht_json_parse(arena, "", line, &err);
}

/* Not even the first line is whole: there is nothing to play. */
static int fail_cut(const struct ht_player *player, struct ht_error *err)
{
    ht_autobuf struct ht_buf text = HT_BUF(HT_ERROR_TEXT_MAX);

    ht_recording_put_cut(&text, player->cut_line);
    return ht_error_set(err, EINVAL, "%s: %s", player->name, text.data);
}

static int index_lines(struct ht_player *player, struct ht_str text, struct ht_error *err)
{
    size_t from = 0;

    for (size_t number = 1; from < text.len; number++) {
        struct ht_str rest = ht_str_sub(text, from, text.len);
        ptrdiff_t end = ht_str_find_byte(rest, '\n');
        struct frame frame = {.number = number, .line = rest};

        if (end >= 0)
            frame.line = ht_str_sub(rest, 0, (size_t)end);
        from += frame.line.len + (end >= 0 ? 1 : 0);
        if (number > 1 && ht_str_trim(frame.line).len == 0)
            continue;

        int r = add_line(player, &frame, err);
        if (r < 0 && end < 0 && is_cut(frame.line)) {
            player->cut_line = number;
            return player->len ? 0 : fail_cut(player, err);
        }
        if (r < 0)
            return r;
    }
    return 0;
}

int ht_player_new(struct ht_str text, const char *name, struct ht_player **ret_player,
                  struct ht_error *err)
{
    __attribute__((cleanup(cleanup_player))) struct ht_player *player = ht_new0(struct ht_player);

    player->name = ht_strdup(name);
    if (text.len == 0)
        return ht_error_set(err, EINVAL, "%s: an empty recording", name);
    if (text.len > HT_LIMIT_DOCUMENT)
        return ht_error_set(err, E2BIG, "%s: more than 256 MiB", name);

    int r = index_lines(player, text, err);
    if (r < 0)
        return r;
    *ret_player = ht_steal_ptr(player);
    return 0;
}

void ht_recording_put_cut(struct ht_buf *out, size_t line)
{
    ht_buf_addf(out, "the recording ends in the middle of a record (line %zu)", line);
}

size_t ht_player_cut_line(const struct ht_player *player)
{
    return player->cut_line;
}

size_t ht_player_frames(const struct ht_player *player)
{
    return player->len;
}

int64_t ht_player_time(const struct ht_player *player, size_t frame)
{
    return frame < player->len ? player->frames[frame].at : 0;
}

/* ---- playing ---- */

static size_t place_of(const struct ht_rowset *set, struct ht_str id)
{
    size_t low = 0, high = set->len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (ht_str_compare(ht_row_id(set->rows[middle]), id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct ht_rowset *set, size_t place, struct ht_str id)
{
    return place < set->len && ht_str_equal(ht_row_id(set->rows[place]), id);
}

/* Takes rows out; the gaps are closed in one pass. */
static void drop_rows(struct ht_rowset *set, const struct ht_json *ids, struct ht_arena *arena)
{
    ht_autofree bool *gone = ht_new_array(bool, set->len);
    size_t kept = 0;

    for (size_t i = 0; i < ids->len; i++) {
        struct ht_str id;

        if (!ht_json_lossless_string(&ids->items[i], arena, &id))
            continue;

        size_t place = place_of(set, id);
        if (is_at(set, place, id))
            gone[place] = true;
    }
    for (size_t i = 0; i < set->len; i++) {
        if (gone[i])
            ht_row_unref(set->rows[i]);
        else
            set->rows[kept++] = set->rows[i];
    }
    set->len = kept;
}

/* Puts rows in: those with a known id in place, new ones behind, then sorted. */
static void put_rows(struct ht_rowset *set, const struct ht_rowset *rows)
{
    size_t sorted = set->len;

    for (size_t i = 0; i < rows->len; i++) {
        const struct ht_rowset old = {.rows = set->rows, .len = sorted};
        struct ht_row *row = rows->rows[i];
        size_t place = place_of(&old, ht_row_id(row));

        if (is_at(&old, place, ht_row_id(row))) {
            ht_row_unref(set->rows[place]);
            set->rows[place] = ht_row_ref(row);
        } else {
            ht_rowset_add(set, ht_row_ref(row));
        }
    }
    ht_rowset_sort(set);
}

static void apply(struct ht_node *node, const struct change *change, struct ht_arena *arena)
{
    for (size_t i = 0; change->drop && i < change->drop->len; i++) {
        const struct ht_table *table = ht_table_find(change->drop->members[i].key);

        if (table)
            drop_rows(&node->sets[table->id], &change->drop->members[i].value, arena);
    }
    for (int id = 0; id < HT_TABLE_COUNT; id++)
        put_rows(&node->sets[id], &change->put->sets[id]);
}

/* Takes the node one frame on: it is the player's own until it is given out. */
static int step(const struct ht_player *player, size_t number, struct ht_node **node,
                struct ht_error *err)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_DOCUMENT_TREE);
    struct frame frame = player->frames[number];
    struct change change = {0};
    int r = read_line(player, &frame, arena, &change, err);

    if (r < 0)
        return r;
    if (frame.full) {
        ht_node_unref(*node);
        *node = change.put;
        return 0;
    }
    apply(*node, &change, arena);
    (*node)->taken_at = frame.at;
    ht_node_unref(change.put);
    return 0;
}

int ht_player_node(struct ht_player *player, size_t frame, struct ht_node **ret_node,
                   struct ht_error *err)
{
    ht_autonode struct ht_node *node = NULL;
    size_t from = frame;

    if (frame >= player->len)
        return ht_error_set(err, ERANGE, "%s: no frame %zu", player->name, frame);
    if (player->node && player->current == frame) {
        *ret_node = ht_node_ref(player->node);
        return 0;
    }
    /* The newest of: the node that is at hand, a full one. */
    while (!player->frames[from].full && !(player->node && player->current + 1 == from))
        from--;
    if (!player->frames[from].full)
        node = ht_node_share(player->node);
    for (size_t i = from; i <= frame; i++) {
        int r = step(player, i, &node, err);

        if (r < 0)
            return r;
    }
    ht_node_unref(player->node);
    player->node = ht_node_ref(node);
    player->current = frame;
    *ret_node = ht_steal_ptr(node);
    return 0;
}
