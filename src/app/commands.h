/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One function a command; each returns the program's exit status. Layer 7 (app). */
#ifndef HT_APP_COMMANDS_H
#define HT_APP_COMMANDS_H

#include "hulltop/base/arena.h"
#include "options.h"

/* hulltop check */
int ht_command_check(const struct ht_options *options, struct ht_arena *arena);
/* hulltop doctor */
int ht_command_doctor(const struct ht_options *options, struct ht_arena *arena);
/* hulltop, demo, record, replay */
int ht_command_dashboard(const struct ht_options *options, struct ht_arena *arena);
/* demo --hash-frames: draws every frame without a terminal */
int ht_command_hash_frames(const struct ht_options *options, struct ht_arena *arena);

#endif
