/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hulltop/model/code.h"

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
