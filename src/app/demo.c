/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "demo.h"

#include "hulltop/check/facts.h"

/* Made from demo.ndjson by the build. */
extern const struct ht_builtin ht_demo_builtin[];

struct ht_str ht_demo_text(void)
{
    return (struct ht_str){.data = ht_demo_builtin[0].text, .len = ht_demo_builtin[0].len};
}
