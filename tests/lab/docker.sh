#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every container kind in a plain daemon, against expected/docker.tsv.
set -u
# shellcheck source=tests/lab/docker-kinds.sh
. "$(dirname "$0")/docker-kinds.sh"
docker_kinds plain docker.tsv
