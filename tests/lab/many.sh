#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# many.sh COUNT COMMAND...: a lab daemon with COUNT plain containers while COMMAND runs, which finds
# the socket in DOCKER_HOST. For benches, and by hand: tests/lab/many.sh 5 bash
set -u
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"
count=$1
shift
lab_start "${LAB_VARIANT:-plain}" || { echo "SKIP many: lab-plain: $LAB_WHY"; exit 77; }
lab_many "$count"
DOCKER_HOST=unix://$LAB_SOCK LAB_DOCKERD=$LAB_DOCKERD "$@"
