# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For scripts that run the program on the node they are on. Source it first: the script starts again
# where it sees no process but its own, so no container of a test beside it is found and judged. Who
# may not do that runs among all processes.
if [ "${HT_APART:-}" != "$0" ] && unshare --pid --fork --mount-proc true 2>/dev/null; then
    HT_APART=$0 exec unshare --pid --fork --kill-child --mount-proc "$BASH" "$0" "$@"
fi
