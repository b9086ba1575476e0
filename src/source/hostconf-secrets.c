/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Secrets in environments of container processes and on command lines. What is read is judged in
 * place and overwritten; a row has the name, the reason, a class of length and a keyed mark by
 * which the same secret is known elsewhere. Short values get no mark: it could be guessed back.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "apiserver.h"
#include "hostconf-private.h"
#include "proc-read.h"
#include "hulltop/base/digest.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"
#include "hulltop/base/secret.h"

enum {
    ENVIRON_BYTES = 128 * 1024,
    FOUND_MAX = 32,
    MARK_DIGITS = 8,
    MARK_LEAST = 8,
    SHORT = 12,
    MEDIUM = 32,
    ROWS_MAX = 2000,
    PIDS_MAX = 200000
};

struct search {
    struct ht_hostconf_pass *pass;
    struct ht_map *known; /* id of an exposure to its struct */
    struct ht_vec rows;   /* struct ht_exposure in the arena */
    struct ht_buf out;
    struct ht_buf name;
    struct ht_proc_reader reader;
    size_t found; /* secrets, each time that one stands somewhere */
};

/* Who has what is judged. */
struct owner {
    uint64_t pid;
    bool has_program;
    struct ht_str program;
    struct ht_str container;
};

static const char *length_class(size_t len)
{
    return len < SHORT ? "short" : len < MEDIUM ? "medium" : "long";
}

static enum ht_confidence confidence_of(enum ht_secret_sure sure)
{
    switch (sure) {
    case HT_SECRET_CERTAIN:
        return HT_CONFIDENCE_CERTAIN;
    case HT_SECRET_LIKELY:
        return HT_CONFIDENCE_LIKELY;
    case HT_SECRET_HINT:
        break;
    }
    return HT_CONFIDENCE_HINT;
}

void ht_hostconf_mark(const struct ht_hostconf_pass *pass, struct ht_str value,
                      struct ht_exposure *exposure)
{
    char text[HT_SHA256_TEXT_MAX];

    ht_exposure_set_length(exposure, ht_str_from(length_class(value.len)));
    if (value.len < MARK_LEAST)
        return;
    ht_hmac_sha256_text(pass->salt, value, text);
    ht_exposure_set_secret(
        exposure, ht_arena_str(pass->arena, (struct ht_str){.data = text, .len = MARK_DIGITS}));
    ht_wipe(text, sizeof(text));
}

/* Few have anything to be named by it. False: it is gone. */
static bool read_program(struct search *search, struct owner *owner)
{
    if (owner->has_program)
        return true;
    if (!ht_hostconf_read_proc(search->pass, owner->pid, "comm", &search->name))
        return false;
    owner->has_program = true;
    owner->program = ht_arena_str(search->pass->arena, ht_str_trim(ht_buf_str(&search->name)));
    return true;
}

static void add(struct search *search, const char *where, const struct owner *owner,
                struct ht_str text, const struct ht_secret_found *found)
{
    struct ht_arena *arena = search->pass->arena;
    struct ht_str name = ht_secret_mask_text(arena, ht_arena_str(arena, found->name));
    struct ht_str id =
        ht_arena_strf(arena, "%s %.*s %.*s %.*s", where, HT_STR_ARG(owner->container),
                      HT_STR_ARG(owner->program), HT_STR_ARG(name));
    struct ht_exposure *exposure = ht_map_get(search->known, id);

    search->found++;
    if (exposure) {
        ht_exposure_set_count(exposure, exposure->count + 1);
        return;
    }
    if (search->rows.len >= ROWS_MAX) {
        search->pass->cut++;
        return;
    }
    exposure = ht_arena_array(arena, struct ht_exposure, 1);
    ht_exposure_set_id(exposure, id);
    ht_exposure_set_where(exposure, ht_str_from(where));
    ht_exposure_set_place(exposure, owner->program);
    ht_exposure_set_name(exposure, name);
    ht_exposure_set_rule(exposure, ht_str_from(found->rule));
    ht_exposure_set_confidence(exposure, confidence_of(found->sure));
    ht_hostconf_mark(search->pass, ht_str_sub(text, found->from, found->len), exposure);
    if (owner->container.len)
        ht_exposure_set_container(exposure, owner->container);
    ht_exposure_set_pid(exposure, owner->pid);
    ht_exposure_set_count(exposure, 1);
    ht_map_set(search->known, id, exposure);
    ht_vec_add(&search->rows, exposure);
}

/* Hints are left out: of thousands of variables too many have a name that sounds so. */
static void judge(struct search *search, const char *where, struct owner *owner, struct ht_str text)
{
    struct ht_secret_found found[FOUND_MAX];
    bool is_shell = where[0] == 'a';
    size_t len = ht_secret_judge(text, is_shell, found, FOUND_MAX);

    for (size_t i = 0; i < len; i++) {
        ptrdiff_t sep = ht_str_find_byte(text, '=');

        if (found[i].sure == HT_SECRET_HINT || !read_program(search, owner))
            continue;
        /* What was known by its shape is named by the variable that it stands in. */
        if (!is_shell && sep > 0 && (size_t)sep < found[i].from)
            found[i].name = ht_str_sub(text, 0, (size_t)sep);
        add(search, where, owner, text, &found[i]);
    }
}

static void judge_environment(struct search *search, struct owner *owner)
{
    struct ht_str rest;
    struct ht_str entry;

    if (!ht_hostconf_read_proc(search->pass, owner->pid, "environ", &search->out))
        return;
    rest = ht_str_sub(ht_buf_str(&search->out), 0, ENVIRON_BYTES);
    while (ht_str_next(&rest, '\0', &entry))
        judge(search, "environment", owner, entry);
    ht_wipe(search->out.data, search->out.len);
}

/* Words as lines: a neighbour tells what "--password" is followed by. */
static void judge_arguments(struct search *search, struct owner *owner)
{
    if (!ht_hostconf_read_proc(search->pass, owner->pid, "cmdline", &search->out) ||
        search->out.len == 0)
        return;
    for (size_t i = 0; i < search->out.len; i++) {
        if (search->out.data[i] == '\0')
            search->out.data[i] = '\n';
    }
    judge(search, "argument", owner, ht_str_sub(ht_buf_str(&search->out), 0, HT_LIMIT_ARG * 16));
    ht_wipe(search->out.data, search->out.len);
}

static struct ht_str container_of(struct search *search, uint64_t pid)
{
    struct ht_cgroup_facts facts;

    /* Not by the reader: what lies below another root may lead out of it. */
    if (!ht_hostconf_read_proc(search->pass, pid, "cgroup", &search->out))
        return (struct ht_str){0};
    ht_proc_decode_cgroup(&search->reader, ht_buf_str(&search->out), &facts);
    if (!ht_proc_is_contained(&search->reader, (pid_t)pid, &facts))
        return (struct ht_str){0};
    return ht_arena_str(search->pass->arena, facts.container_id);
}

static void look_at_process(struct search *search, uint64_t pid, bool *ret_contained)
{
    struct owner owner = {.pid = pid};

    owner.container = container_of(search, pid);
    *ret_contained = owner.container.len > 0;
    if (*ret_contained) {
        judge_environment(search, &owner);
        ht_hostconf_layers_meet(search->pass->layers, pid, owner.container);
    }
    judge_arguments(search, &owner);
}

/* The arguments of most of the node's own processes hold no secret, and stay as they are. */
static int visit_pid(void *context, const char *name, unsigned type, uint64_t inode)
{
    struct search *search = context;
    struct ht_hostconf_pass *pass = search->pass;
    size_t found = search->found, denied = pass->denied;
    bool contained = false;
    uint64_t pid;

    (void)type;
    if (ht_parse_u64(ht_str_from(name), &pid) < 0 || pid == 0)
        return 0;
    bool silent = ht_proc_ignored_has(pass->silent, pid, inode);
    if (!silent)
        look_at_process(search, pid, &contained);
    if (!contained && search->found == found && pass->denied == denied)
        ht_proc_ignored_add(pass->silent, pid, inode);
    return 0;
}

void ht_hostconf_find_process_secrets(struct ht_hostconf_pass *pass, int64_t now_ns)
{
    struct search search = {
        .pass = pass, .out = HT_BUF(HT_LIMIT_PROC_FILE), .name = HT_BUF(HT_LIMIT_PROC_FILE)};
    const struct ht_dir_visitor visitor = {
        .visit = visit_pid, .context = &search, .max_entries = PIDS_MAX};
    int fd = ht_root_openat(pass->proc, "proc", O_RDONLY | O_DIRECTORY, NULL);

    if (fd < 0)
        return;
    search.known = ht_map_new();
    ht_proc_reader_take(&search.reader, fd);
    ht_hostconf_layers_begin(pass->layers, pass, now_ns);
    (void)ht_root_list(pass->proc, "proc", &visitor, NULL);
    ht_hostconf_layers_end(pass->layers);
    for (size_t i = 0; i < search.rows.len; i++)
        ht_rowset_add(pass->exposures, ht_row_new(&ht_exposure_table, search.rows.items[i]));
    ht_vec_fini(&search.rows);
    ht_map_free(search.known);
    ht_buf_fini(&search.out);
    ht_buf_fini(&search.name);
    ht_proc_reader_fini(&search.reader);
}
