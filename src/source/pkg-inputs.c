/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pkg-inputs.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "hulltop/base/clock.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

static void free_input(struct ht_pkg_input *input)
{
    free(input->path);
    free(input);
}

void ht_pkg_inputs_fini(struct ht_pkg_inputs *inputs)
{
    for (size_t i = 0; i < inputs->items.len; i++)
        free_input(inputs->items.items[i]);
    ht_vec_fini(&inputs->items);
    inputs->known = ht_map_free(inputs->known);
}

static int look(struct ht_pkg_input *input, const struct ht_root *root, const char *path)
{
    struct ht_error err = {0};
    struct stat about;
    int r = strlen(path) < PATH_MAX ? ht_root_stat(root, path, &about, &err) : -ENAMETOOLONG;

    if (r < 0)
        return r;
    input->exists = true;
    input->size = (uint64_t)about.st_size;
    input->inode = about.st_ino;
    input->changed_ns = ht_time_of(&about.st_mtim);
    input->touched_ns = ht_time_of(&about.st_ctim);
    return 0;
}

static void add(struct ht_pkg_inputs *inputs, struct ht_pkg_input *input)
{
    if (!inputs->known)
        inputs->known = ht_map_new();
    ht_vec_add(&inputs->items, input);
    ht_map_set(inputs->known, ht_str_from(input->path), input);
}

const struct ht_pkg_input *ht_pkg_inputs_find(const struct ht_pkg_inputs *inputs, const char *path)
{
    return inputs->known ? ht_map_get(inputs->known, ht_str_from(path)) : NULL;
}

int ht_pkg_inputs_look(struct ht_pkg_inputs *inputs, const struct ht_root *root, const char *path)
{
    const struct ht_pkg_input *known = ht_pkg_inputs_find(inputs, path);
    struct ht_pkg_input *input;
    int r;

    if (known)
        return known->exists ? 0 : -ENOENT;
    input = ht_new0(struct ht_pkg_input);
    input->path = ht_strdup(path);
    r = look(input, root, path);
    add(inputs, input);
    return r;
}

bool ht_pkg_inputs_hold(const struct ht_pkg_inputs *inputs, const struct ht_root *root)
{
    for (size_t i = 0; i < inputs->items.len; i++) {
        const struct ht_pkg_input *before = inputs->items.items[i];
        struct ht_pkg_input now = {0};

        (void)look(&now, root, before->path);
        if (now.exists != before->exists || now.size != before->size ||
            now.inode != before->inode || now.changed_ns != before->changed_ns ||
            now.touched_ns != before->touched_ns)
            return false;
    }
    return inputs->items.len > 0;
}

/* "1 size inode modified touched path": a path with a line end in it is never remembered as the
 * same. */
void ht_pkg_inputs_write(const struct ht_pkg_inputs *inputs, struct ht_buf *out)
{
    for (size_t i = 0; i < inputs->items.len; i++) {
        const struct ht_pkg_input *input = inputs->items.items[i];

        ht_buf_addf(out, "%d %llu %llu %lld %lld %s\n", input->exists,
                    (unsigned long long)input->size, (unsigned long long)input->inode,
                    (long long)input->changed_ns, (long long)input->touched_ns, input->path);
    }
}

static bool read_line(struct ht_pkg_input *input, struct ht_str line)
{
    struct ht_str exists, size, inode, changed, touched;

    if (!ht_str_next(&line, ' ', &exists) || !ht_str_next(&line, ' ', &size) ||
        !ht_str_next(&line, ' ', &inode) || !ht_str_next(&line, ' ', &changed) ||
        !ht_str_next(&line, ' ', &touched) || !line.len ||
        ht_parse_bool(exists, &input->exists) < 0 || ht_parse_u64(size, &input->size) < 0 ||
        ht_parse_u64(inode, &input->inode) < 0 || ht_parse_i64(changed, &input->changed_ns) < 0 ||
        ht_parse_i64(touched, &input->touched_ns) < 0)
        return false;
    input->path = ht_strndup(line.data, line.len);
    return true;
}

bool ht_pkg_inputs_read(struct ht_pkg_inputs *inputs, struct ht_str text)
{
    struct ht_str line;

    while (ht_str_next(&text, '\n', &line)) {
        struct ht_pkg_input *input = ht_new0(struct ht_pkg_input);

        if (!read_line(input, line) || inputs->items.len >= HT_LIMIT_ITEMS) {
            free_input(input);
            ht_pkg_inputs_fini(inputs);
            return false;
        }
        add(inputs, input);
    }
    return true;
}
