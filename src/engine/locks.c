/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "locks.h"

#include <errno.h>

#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/printable.h"
#include "hulltop/model/document.h"
#include "hulltop/model/lock.h"

/* A baseline under way. */
struct baseline {
    const struct ht_state *state;
    struct ht_str image_id;
    struct ht_arena *arena;
    struct ht_str *items;
    size_t len;
    bool cut;
};

static void add(struct baseline *baseline, struct ht_str text)
{
    if (ht_text_list_has(&(struct ht_text_list){.items = baseline->items, .len = baseline->len},
                         text))
        return;
    if (baseline->len == HT_LOCK_ITEMS_MAX) {
        baseline->cut = true;
        return;
    }
    baseline->items[baseline->len++] = text;
}

static bool is_of_image(const struct baseline *baseline, struct ht_str container)
{
    const struct ht_row *row =
        container.len ? ht_node_find(baseline->state->node, HT_TABLE_CONTAINER, container) : NULL;

    return row && ht_container_has_image_id(ht_container_of(row)) &&
           ht_str_equal(ht_container_of(row)->image_id, baseline->image_id);
}

static void begin(struct baseline *baseline)
{
    baseline->items = ht_arena_array(baseline->arena, struct ht_str, HT_LOCK_ITEMS_MAX);
    baseline->len = 0;
}

/* What ran and has ended counts too: it may start again. */
static void take_code(struct baseline *baseline)
{
    const struct ht_rowset *rows = ht_node_set(baseline->state->node, HT_TABLE_CODE);

    begin(baseline);
    for (size_t i = 0; i < rows->len; i++) {
        const struct ht_code *code = ht_code_of(rows->rows[i]);

        if (ht_lock_is_about(code) && ht_code_has_container(code) &&
            is_of_image(baseline, code->container))
            add(baseline, ht_lock_code(baseline->arena, code));
    }
}

static void take_packages(struct baseline *baseline)
{
    const struct ht_rowset *rows = ht_node_set(baseline->state->node, HT_TABLE_LAYER);

    begin(baseline);
    for (size_t i = 0; i < rows->len; i++) {
        const struct ht_layer *layer = ht_layer_of(rows->rows[i]);

        if (!ht_layer_has_container(layer) || !is_of_image(baseline, layer->container))
            continue;
        for (size_t j = 0; j < layer->packages.len; j++)
            add(baseline, ht_lock_package(baseline->arena, &layer->packages.items[j]));
    }
}

static void say(struct ht_buf *told, const char *what, struct ht_str image)
{
    ht_buf_add_text(told, what);
    ht_printable(told, image, 0);
}

/* The locks of before, but for that image. */
static struct ht_node *others(const struct ht_node *before, struct ht_str image_id, int64_t now_ns,
                              const struct ht_lock **ret_old)
{
    struct ht_node *node = ht_node_new(now_ns);
    const struct ht_rowset *rows = before ? ht_node_set(before, HT_TABLE_LOCK) : NULL;

    for (size_t i = 0; rows && i < rows->len; i++) {
        if (ht_str_equal(ht_row_id(rows->rows[i]), image_id))
            *ret_old = ht_lock_of(rows->rows[i]);
        else
            ht_node_add(node, ht_row_ref(rows->rows[i]));
    }
    return node;
}

static bool lock(struct baseline *baseline, struct ht_lock *row, int64_t now_ns,
                 struct ht_buf *told)
{
    ht_lock_set_locked(row, true);
    ht_lock_set_locked_at(row, now_ns);
    take_code(baseline);
    ht_lock_set_code(row, (struct ht_text_list){.items = baseline->items, .len = baseline->len});
    take_packages(baseline);
    ht_lock_set_packages(row,
                         (struct ht_text_list){.items = baseline->items, .len = baseline->len});
    if (baseline->cut || ht_arena_is_full(baseline->arena)) {
        say(told, "not locked: too much that is not the image's runs in containers of ",
            row->image);
        return false;
    }
    say(told, "locked ", row->image);
    ht_buf_addf(told, ": besides the image's own, %zu files and %zu packages are its baseline",
                row->code.len, row->packages.len);
    return true;
}

static bool unlock(struct ht_lock *row, const struct ht_lock *old,
                   const struct ht_lock_request *request, struct ht_buf *told)
{
    if (!old || !ht_lock_has_locked(old) || !old->locked) {
        say(told, "it is not locked: ", row->image);
        return false;
    }
    *row = *old;
    ht_lock_set_locked(row, false);
    ht_lock_set_unlocked_at(row, request->now_ns);
    ht_lock_set_reason(row, request->reason);
    say(told, "unlocked ", row->image);
    say(told, ": ", request->reason);
    return true;
}

struct ht_node *ht_locks_request(const struct ht_node *before, const struct ht_state *state,
                                 const struct ht_lock_request *request, struct ht_buf *told)
{
    ht_autoarena struct ht_arena *arena = ht_arena_new(HT_LIMIT_ROW);
    const struct ht_row *found = ht_node_find(state->node, HT_TABLE_CONTAINER, request->container);
    const struct ht_container *container = found ? ht_container_of(found) : NULL;
    struct baseline baseline = {.state = state, .arena = arena};
    const struct ht_lock *old = NULL;
    struct ht_lock row = {0};
    bool done;

    if (!container || !ht_container_has_image_id(container) || container->image_id.len == 0) {
        ht_buf_add_text(told, "not locked: which image it runs is not known");
        return NULL;
    }
    baseline.image_id = container->image_id;
    struct ht_node *node = others(before, container->image_id, request->now_ns, &old);
    ht_lock_set_id(&row, container->image_id);
    ht_lock_set_image(&row, container->image);
    if (request->reason.len) {
        done = unlock(&row, old, request, told);
    } else if (ht_node_set(node, HT_TABLE_LOCK)->len >= HT_LOCKS_MAX) {
        ht_buf_addf(told, "not locked: %d images are already", HT_LOCKS_MAX);
        done = false;
    } else {
        done = lock(&baseline, &row, request->now_ns, told);
    }
    if (!done)
        return ht_node_unref(node);
    ht_node_add(node, ht_row_new(&ht_lock_table, &row));
    ht_node_sort(node);
    return node;
}

struct ht_node *ht_locks_read(struct ht_str text, const char *name, struct ht_error *err)
{
    ht_autonode struct ht_node *all = NULL;
    struct ht_node *node;

    if (ht_node_read(text, name, &all, err) < 0)
        return NULL;
    node = ht_node_new(all->taken_at);
    ht_rowset_share(&node->sets[HT_TABLE_LOCK], ht_node_set(all, HT_TABLE_LOCK));
    ht_node_sort(node);
    return node;
}

void ht_locks_write(const struct ht_node *locks, struct ht_buf *out)
{
    ht_node_write(out, locks, HT_JSON_INDENTED);
    ht_buf_add_c(out, '\n');
}
