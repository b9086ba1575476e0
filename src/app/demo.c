/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "demo.h"

#include "hulltop/base/builtin.h"

/* Made from demo.ndjson by the build. */
const struct ht_builtin *ht_demo_builtin(void);

struct ht_str ht_demo_text(void)
{
    const struct ht_builtin *demo = ht_demo_builtin();

    return (struct ht_str){.data = demo->text, .len = demo->len};
}
