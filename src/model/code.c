/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/model/code.h"

#include <string.h>

#include "hulltop/base/buf.h"
#include "hulltop/base/limits.h"
#include "hulltop/base/mem.h"

enum ht_code_class ht_code_class_of(enum ht_code_origin origin)
{
    switch (origin) {
    case HT_CODE_ORIGIN_IMAGE:
    case HT_CODE_ORIGIN_METADATA:
    case HT_CODE_ORIGIN_RENAMED:
    case HT_CODE_ORIGIN_HOST:
        return HT_CODE_CLASS_OWN;
    case HT_CODE_ORIGIN_ADDED:
    case HT_CODE_ORIGIN_MODIFIED:
    case HT_CODE_ORIGIN_REPLACED:
    case HT_CODE_ORIGIN_DELETED:
    case HT_CODE_ORIGIN_MEMFD:
    case HT_CODE_ORIGIN_TMPFS:
        return HT_CODE_CLASS_ADDED;
    case HT_CODE_ORIGIN_VOLUME:
    case HT_CODE_ORIGIN_BIND:
        return HT_CODE_CLASS_MOUNT;
    case HT_CODE_ORIGIN_NONE:
    case HT_CODE_ORIGIN_BLIND:
        break;
    }
    return HT_CODE_CLASS_OTHER;
}

const struct ht_code *ht_code_find(const struct ht_node *node, struct ht_str home,
                                   enum ht_code_kind kind, struct ht_str path)
{
    ht_autobuf struct ht_buf id = HT_BUF(2 * HT_LIMIT_ARG);
    const struct ht_row *row;

    ht_buf_addf(&id, "%.*s:%s:%.*s", HT_STR_ARG(home), ht_enum_name(&ht_code_kind_enum, kind),
                HT_STR_ARG(path));
    row = ht_node_find(node, HT_TABLE_CODE, ht_buf_str(&id));
    return row ? ht_code_of(row) : NULL;
}

const struct ht_code *ht_code_of_process(const struct ht_node *node,
                                         const struct ht_process *process)
{
    if (!ht_process_has_exe(process))
        return NULL;
    return ht_code_find(node,
                        ht_process_has_container_id(process) ? process->container_id : HT_S("host"),
                        HT_CODE_KIND_EXECUTABLE, ht_str_without(process->exe, " (deleted)"));
}

struct ht_str ht_code_java_main(const struct ht_text_list *argv)
{
    for (size_t i = 1; i < argv->len; i++) {
        struct ht_str word = argv->items[i];

        if (ht_str_is_among(word, "-jar -m --module"))
            return i + 1 < argv->len ? argv->items[i + 1] : (struct ht_str){0};
        if (!ht_str_has_prefix(word, "-") && !ht_str_has_prefix(word, "@"))
            return word;
        i += ht_str_is_among(word, HT_JAVA_VALUED);
    }
    return (struct ht_str){0};
}

/* "000000010000000000000017", "00000002.history": where a session has its client. */
static bool is_segment(struct ht_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!ht_is_alnum(text.data[i]) && text.data[i] != '.')
            return false;
    }
    return text.len > 0;
}

bool ht_code_is_by_postgres(struct ht_str title)
{
    static const char *const keepers[] = {
        "archiver", "archiver archiving ", "archiver last was ",   "archiver failed on ",
        "startup",  "startup recovering ", "startup waiting for ", "checkpointer"};
    ptrdiff_t colon;

    if (!ht_str_has_prefix(title, "postgres: "))
        return false;
    colon = ht_str_rfind_byte(title, ':');
    title = ht_str_trim(ht_str_sub(title, (size_t)colon + 1, title.len));
    for (size_t i = 0; i < ARRAY_LEN(keepers); i++) {
        size_t len = strlen(keepers[i]);

        if (keepers[i][len - 1] == ' ' ? ht_str_has_prefix(title, keepers[i]) &&
                                             is_segment(ht_str_sub(title, len, title.len))
                                       : ht_str_is(title, keepers[i]))
            return true;
    }
    return false;
}
