/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an origin of code means, said once for sources, checks and screens. Layer 2 (model); pure.
 */
#ifndef HT_MODEL_CODE_H
#define HT_MODEL_CODE_H

#include "hulltop/model/node.h"
#include "hulltop/model/rows.h"

enum ht_code_class {
    HT_CODE_CLASS_OWN,   /* as the image has it, or of the node itself */
    HT_CODE_CLASS_ADDED, /* put there, or into memory, after the image was built */
    HT_CODE_CLASS_MOUNT, /* neither: on a volume or a path of the node */
    HT_CODE_CLASS_OTHER, /* without a file, or it cannot be told */
};

/* Every origin is of one class. */
enum ht_code_class ht_code_class_of(enum ht_code_origin origin);
/* The code of this kind that runs from a path; home is the id of a container, or "host". Borrowed
 * from the node; NULL: none is known there. Any thread. */
const struct ht_code *ht_code_find(const struct ht_node *node, struct ht_str home,
                                   enum ht_code_kind kind, struct ht_str path);
/* The program of a process, where it was looked at. Borrowed from the node; NULL: it was not, or it
 * is a file of the node that nothing is told of. Any thread. */
const struct ht_code *ht_code_of_process(const struct ht_node *node,
                                         const struct ht_process *process);

/* Options of Java that have their value in the word behind them, blank-separated; -jar, which ends
 * the options, is none. */
#define HT_JAVA_VALUED                                                                             \
    "-cp -classpath --class-path -p --module-path --add-modules --add-opens --add-exports "        \
    "--add-reads --upgrade-module-path --limit-modules --patch-module --enable-native-access "     \
    "--source -m --module"

/* What a command line of Java has it run: an archive, a module or a class; borrowed. Empty: nothing
 * that its words tell. Pure; any thread. */
struct ht_str ht_code_java_main(const struct ht_text_list *argv);
/* Whether the title of a process ("postgres: 15/main: archiver last was 17") is of those of
 * PostgreSQL that start the commands of its configuration (archive_command, restore_command), not
 * of a user's session. Pure; any thread. */
bool ht_code_is_by_postgres(struct ht_str title);

#endif
