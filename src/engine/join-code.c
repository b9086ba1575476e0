/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What runs, and layers, get the container they are of; and what the runtime says changed in it,
 * where storage keeps that with the image's files. */
#include "join.h"

#include "hulltop/base/clock.h"
#include "hulltop/base/mem.h"

enum { HEAD = 2 /* "A " */ };

/* The kernel's clock of files goes by ticks. */
#define SURE_NS (INT64_C(1) * HT_NS_PER_S)
/* Some storage copies the image's files when a container is made: how long that may take. */
#define COPY_NS (INT64_C(60) * HT_NS_PER_S)

/* How a path changed: A, C, D; 0: it is not listed. */
static char change_of(const struct ht_diff *diff, struct ht_str path)
{
    for (size_t i = 0; i < diff->changed.len; i++) {
        struct ht_str entry = diff->changed.items[i];

        if (entry.len > HEAD && ht_str_equal(ht_str_sub(entry, HEAD, entry.len), path))
            return entry.data[0];
    }
    return '\0';
}

static void tell(struct ht_code *code, enum ht_code_origin origin, const char *reason)
{
    ht_code_set_origin(code, origin);
    ht_code_set_reason(code, ht_str_from(reason));
}

/* Whether what the list leaves out was the same when it was made: it says nothing about later, nor
 * a cut one about the rest. */
static bool covers(const struct ht_diff *diff, const struct ht_code *code)
{
    return diff->cut == 0 && ht_code_has_changed_at(code) &&
           code->changed_at < diff->asked_at - SURE_NS;
}

/* Whether a file is as it was when the container was made. The list compares mode, owner, size and
 * time of writing, never content: who writes as many bytes and sets the time back is not on it, but
 * nobody sets back when that was done. */
static bool is_as_made(const struct ht_container *container, const struct ht_code *code)
{
    int64_t made;

    if (!container || !ht_container_has_created_at(container))
        return false;
    made = container->created_at + COPY_NS;
    if (ht_container_has_started_at(container) && container->started_at >= container->created_at &&
        container->started_at < made)
        made = container->started_at;
    return code->changed_at <= made;
}

/* The running file is not the one at its path. */
static void judge_unlinked(struct ht_code *code, const struct ht_diff *diff, char change)
{
    if (change == 'D')
        tell(code, HT_CODE_ORIGIN_IMAGE, "the image's, which the runtime lists as deleted since");
    else if (change == 'A' || (change == '\0' && covers(diff, code)))
        tell(code, HT_CODE_ORIGIN_DELETED,
             "its path was deleted, and by the runtime's list the image has no such file");
    else
        ht_code_set_reason(code, HT_S("its path was deleted; what the image had there, the "
                                      "runtime's list does not tell"));
}

/* Of what its source could not tell: only files of the container's own root are on the list. */
static void judge_by_diff(struct ht_code *code, const struct ht_diff *diff,
                          const struct ht_container *container)
{
    if (!ht_code_has_shared(code) || !code->shared || !ht_code_has_path(code) ||
        !ht_diff_has_changed(diff) || !ht_diff_has_asked_at(diff))
        return;
    char change = change_of(diff, code->path);

    if (ht_code_has_unlinked(code) && code->unlinked)
        judge_unlinked(code, diff, change);
    else if (change == 'A')
        tell(code, HT_CODE_ORIGIN_ADDED, "the runtime lists it as added");
    else if (change == 'C')
        tell(code, HT_CODE_ORIGIN_MODIFIED,
             "the runtime lists it as changed, be it content, owner or mode");
    else if (!covers(diff, code))
        ht_code_set_reason(code, HT_S("the runtime's list of changes is older than the file"));
    else if (is_as_made(container, code))
        tell(code, HT_CODE_ORIGIN_IMAGE, "the runtime does not list it as changed");
    else
        ht_code_set_reason(code, HT_S("the runtime does not list it as changed, but compares no "
                                      "content, and it was changed after the container was made"));
}

static struct ht_row *join_layer(const struct ht_row *const inputs[2], struct ht_str container)
{
    struct ht_layer layer = *ht_layer_of(inputs[0]);

    if (container.len)
        ht_layer_set_container(&layer, container);
    if (inputs[1] && ht_diff_of(inputs[1])->cut == 0 && ht_layer_has_shared(&layer) &&
        layer.shared) {
        ht_field_forget(&ht_layer_table, &layer, "blind");
        ht_field_forget(&ht_layer_table, &layer, "help");
    }
    return ht_row_derive(&ht_layer_table, &layer, inputs, 2);
}

struct ht_row *ht_join_code(const struct ht_facts *facts, const struct ht_row *row,
                            struct ht_str container, const struct ht_row *diff,
                            const struct ht_container *told)
{
    const struct ht_row *const inputs[] = {row, diff};

    if (ht_row_table(row) == &ht_layer_table)
        return join_layer(inputs, container);

    struct ht_code code = *ht_code_of(row);
    const struct ht_fact_injector *injector;

    if (diff && ht_code_has_origin(&code) && code.origin == HT_CODE_ORIGIN_BLIND)
        judge_by_diff(&code, ht_diff_of(diff), told);
    injector = ht_code_has_path(&code) && ht_code_has_origin(&code)
                   ? ht_facts_injector(facts, code.path, code.origin)
                   : NULL;
    if (container.len)
        ht_code_set_container(&code, container);
    if (injector)
        ht_code_set_injector(&code, injector->name);
    return ht_row_derive(&ht_code_table, &code, inputs, ARRAY_LEN(inputs));
}
