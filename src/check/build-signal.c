/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-signal.h"

#include <string.h>

#include "hulltop/base/mem.h"

/* Steps that no system of the table stands for. */
static const struct ht_fact_builder classic = {.name = HT_STR("docker build"),
                                               .id = HT_STR("docker-classic")};

/* ---- the classic builder of Docker ---- */

static bool is_image_id(struct ht_str image)
{
    static const char prefix[] = "sha256:";

    if (!ht_str_has_prefix(image, prefix) || image.len != strlen(prefix) + 64)
        return false;
    for (size_t i = strlen(prefix); i < image.len; i++) {
        if (!strchr("0123456789abcdef", image.data[i]))
            return false;
    }
    return true;
}

/* "angry_banach": the daemon gave it, nobody asked for one. */
static bool is_random_name(struct ht_str name)
{
    size_t underscores = 0;

    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];

        if (c == '_')
            underscores++;
        else if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
            return false;
    }
    return underscores == 1 && name.data[0] != '_' && name.data[name.len - 1] != '_';
}

/* It runs each line of a Dockerfile in a container of the image so far, which has no name yet, by
 * the shell and without an entry point. */
static bool is_classic_step(const struct ht_container *container)
{
    const struct ht_text_list *command = &container->command;

    return ht_container_has_image(container) && is_image_id(container->image) &&
           ht_container_has_name(container) && is_random_name(container->name) &&
           !(ht_container_has_entrypoint(container) && container->entrypoint.len) &&
           command->len >= 3 && ht_str_is(command->items[command->len - 2], "-c");
}

/* ---- signals of the table ---- */

static bool lists_label(const struct ht_container *container, struct ht_str wanted)
{
    ptrdiff_t equals = ht_str_find_byte(wanted, '=');
    struct ht_str key = equals < 0 ? wanted : ht_str_sub(wanted, 0, (size_t)equals);
    struct ht_str value =
        equals < 0 ? HT_S("*") : ht_str_sub(wanted, (size_t)equals + 1, wanted.len);

    for (size_t i = 0; i < container->labels.len; i++) {
        if (ht_facts_begins_like(key, container->labels.items[i].key) &&
            ht_facts_begins_like(value, container->labels.items[i].value))
            return true;
    }
    return false;
}

static bool is_program(struct ht_str word, struct ht_str wanted)
{
    return ht_str_equal(wanted.len && wanted.data[0] == '/' ? word : ht_str_base(word), wanted);
}

static bool starts(const struct ht_container *container, struct ht_str wanted)
{
    return (container->command.len && is_program(container->command.items[0], wanted)) ||
           (container->entrypoint.len && is_program(container->entrypoint.items[0], wanted));
}

static bool has_env(const struct ht_container *container, struct ht_str name)
{
    for (size_t i = 0; i < container->env.len; i++) {
        if (ht_str_equal(container->env.items[i].key, name))
            return true;
    }
    return false;
}

static bool has_image(const struct ht_container *container, struct ht_str wanted)
{
    return ht_container_has_image(container) && ht_facts_image_is(wanted, container->image);
}

/* Kinds of signals, strongest first. */
static const struct {
    const char *name;
    bool (*holds)(const struct ht_container *container, struct ht_str wanted);
    size_t offset; /* of the list in struct ht_fact_builder */
    enum ht_confidence confidence;
} kinds[] = {
    {"label", lists_label, offsetof(struct ht_fact_builder, labels), HT_CONFIDENCE_CERTAIN},
    {"image", has_image, offsetof(struct ht_fact_builder, images), HT_CONFIDENCE_CERTAIN},
    {"process", starts, offsetof(struct ht_fact_builder, processes), HT_CONFIDENCE_CERTAIN},
    {"environment", has_env, offsetof(struct ht_fact_builder, env), HT_CONFIDENCE_LIKELY},
};

static const struct ht_text_list *list_at(const struct ht_fact_builder *builder, size_t offset)
{
    return (const struct ht_text_list *)(const void *)((const char *)builder + offset);
}

static bool detect(const struct ht_container *container, struct ht_arena *arena, size_t kind,
                   const struct ht_fact_builder *builder, struct build_signal *ret)
{
    const struct ht_text_list *wanted = list_at(builder, kinds[kind].offset);

    for (size_t i = 0; i < wanted->len; i++) {
        if (!kinds[kind].holds(container, wanted->items[i]))
            continue;
        *ret = (struct build_signal){
            .builder = builder,
            .text = ht_arena_strf(arena, "%.*s: %s %.*s", HT_STR_ARG(builder->name),
                                  kinds[kind].name, HT_STR_ARG(wanted->items[i])),
            .confidence = kinds[kind].confidence};
        return true;
    }
    return false;
}

bool ht_build_signal(const struct ht_facts *facts, const struct ht_container *container,
                     struct ht_arena *arena, struct build_signal *ret)
{
    size_t len;
    const struct ht_fact_builder *builders = ht_facts_builders(facts, &len);

    for (size_t kind = 0; kind < ARRAY_LEN(kinds); kind++) {
        for (size_t i = 0; i < len; i++) {
            if (detect(container, arena, kind, &builders[i], ret))
                return true;
        }
    }
    if (!is_classic_step(container))
        return false;
    *ret = (struct build_signal){
        .builder = &classic,
        .text = HT_S("docker build: a nameless image, a name nobody gave, and a shell"),
        .confidence = HT_CONFIDENCE_LIKELY};
    return true;
}
