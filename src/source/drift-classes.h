/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders of a Java class or module path. Layer 3 (source), private; any thread. */
#ifndef HT_SOURCE_DRIFT_CLASSES_H
#define HT_SOURCE_DRIFT_CLASSES_H

#include <stdbool.h>

/* Whether classes or archives of them lie in the open folder or below it, and not its
 * configuration alone. Nothing outside of it and of its mount is asked; true, too, where a link or
 * a mount leads out of it under a name that a package may have, where something cannot be read, or
 * where there is more than is looked through. */
bool ht_classes_lie_in(int dirfd);

#endif
