/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The built-in recording, made from src/app/demo.ndjson. Layer 7 (app). */
#ifndef HT_APP_DEMO_H
#define HT_APP_DEMO_H

#include "hulltop/base/str.h"

/* The recording as text; constant. */
struct ht_str ht_demo_text(void);

#endif
