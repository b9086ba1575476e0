/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Overlay mounts: their directories from the options of a mount, and what is decided about a file
 * from what they hold. Layer 3 (source); pure; any thread.
 */
#ifndef HT_SOURCE_ORIGIN_OVERLAY_H
#define HT_SOURCE_ORIGIN_OVERLAY_H

#include "hulltop/base/arena.h"
#include "hulltop/model/rows.h"

enum { HT_OVERLAY_LAYERS_MAX = 500 /* the kernel's own limit */ };

/* Directories of an overlay, as whoever mounted it named them. */
struct ht_overlay {
    struct ht_str upper;        /* empty: it cannot be written to */
    struct ht_text_list lowers; /* topmost first */
    bool is_user;               /* its marks are attributes that users may set ("user.overlay.") */
};

/* From the super options of a mountinfo line, escapes and all; texts live in the arena. False if
 * there is no layer in it. */
bool ht_overlay_decode(struct ht_str super, struct ht_arena *arena, struct ht_overlay *ret_overlay);

/* What was found at a path in one of an overlay's directories. */
enum ht_overlay_entry {
    HT_ENTRY_UNREAD,  /* could not be looked at */
    HT_ENTRY_NOTHING, /* nothing */
    HT_ENTRY_HIDDEN,  /* nothing, and what lies below is not seen: the mark of a deletion, a
                       * folder, a link, or a folder on the way that stands for itself */
    HT_ENTRY_FILE,
};

enum ht_tristate { HT_TRISTATE_UNKNOWN, HT_TRISTATE_NO, HT_TRISTATE_YES };

/* All that the origin of a file on an overlay is decided from. */
struct ht_overlay_facts {
    bool deleted;                /* the path does not lead to it any more */
    uint64_t links;              /* names that it still has */
    enum ht_overlay_entry upper; /* at its path in the writable directory */
    enum ht_overlay_entry lower; /* at its path in the directories of the image */
    enum ht_tristate is_upper;   /* it is the very file of the writable directory, and not a copy */
    enum ht_tristate copied;     /* the writable directory's file was made from one of the image */
    enum ht_tristate same_content; /* as the image's file at that path */
    enum ht_tristate same_source;  /* as the image's file that it was made from, wherever that is */
};

/* Decides; *ret_reason is a constant text that says by what. */
enum ht_code_origin ht_overlay_decide(const struct ht_overlay_facts *facts,
                                      const char **ret_reason);

#endif
