/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trouble.h"

#include <errno.h>
#include <stdio.h>

int ht_trouble_explain(const struct ht_trouble_cause *causes, size_t len,
                       const struct ht_error *err, struct ht_trouble *trouble)
{
    *trouble = (struct ht_trouble){.state = HT_SOURCE_STATE_BROKEN, .help = "it is asked again"};
    for (size_t i = 0; i < len; i++) {
        if (causes[i].code == err->code) {
            trouble->state = causes[i].state;
            trouble->help = causes[i].help;
        }
    }
    snprintf(trouble->detail, sizeof(trouble->detail), "%s", err->text);
    return -(err->code ? err->code : EIO);
}

int ht_trouble_moved(const char *endpoint, struct ht_trouble *trouble)
{
    *trouble = (struct ht_trouble){.state = HT_SOURCE_STATE_WAIT, .help = ""};
    snprintf(trouble->detail, sizeof(trouble->detail), "%s: another socket takes its place",
             endpoint);
    return -ESTALE;
}
