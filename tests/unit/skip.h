/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests that need the rights of root. After <cmocka.h>. */
#ifndef HT_TESTS_SKIP_H
#define HT_TESTS_SKIP_H

#include <stdio.h>

/* Ends the test under way and says what it lacks; tests/excused excuses that where the probe of
 * tests/lab/probes fails. In the test's own function: it is known by its name. */
#define skip_without(probe, why)                                                                   \
    do {                                                                                           \
        printf("SKIP %s: %s: %s\n", __func__, probe, why);                                         \
        skip();                                                                                    \
    } while (0)
/* The same where nobody is root. */
#define skip_without_root(why) skip_without("root", why)

#endif
