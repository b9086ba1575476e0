#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every container kind in a daemon with userns-remap, against expected/docker-userns.tsv.
set -u
# shellcheck source=tests/lab/docker-kinds.sh
. "$(dirname "$0")/docker-kinds.sh"
docker_kinds userns docker-userns.tsv
